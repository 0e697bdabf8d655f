/* The plug-ins of weir.yml: a list of shared libraries. Only their names are looked at here;
 * they are loaded with the project's session. */
#include <string.h>

#include "spec/internal.h"

static const wi_yaml *item_of(const wi_yaml *list, const char *text) {
  for (size_t i = 0; i < list->n; i++) {
    if (list->items[i]->text == text) {
      return list->items[i];
    }
  }
  return list;
}

static void read_one(wi_reader *r, const wi_yaml *node, const char *path,
                     wi_spec_plugin *plugin) {
  wi_buf file = WI_BUF_INIT;
  wi_path_join(&file, r->spec->root, path);
  *plugin = (wi_spec_plugin){.path = path, .place = wi_reader_place(r, node)};
  plugin->file = file.failed ? NULL : wi_arena_dup(&r->spec->arena, wi_buf_text(&file));
  r->nomem = r->nomem || plugin->file == NULL;
  wi_buf_release(&file);
}

void wi_plugin_read_all(wi_reader *r, const wi_yaml *node) {
  wi_names paths = {NULL, 0};
  if (node == NULL || wi_yaml_is_null(node)) {
    return;
  }
  wi_reader_names(r, node, "plugins", &paths);
  r->spec->plugins = wi_reader_array(r, paths.n, sizeof *r->spec->plugins);
  for (size_t i = 0; i < paths.n && !r->nomem; i++) {
    const wi_yaml *item = item_of(node, paths.items[i]);
    if (strstr(paths.items[i], "://") != NULL) {
      wi_reader_error_at(r, WEIR_E_BAD_VALUE, item,
                         "copy it, and write its path, as ./plugins/libfoo.so",
                         "a plug-in is a file of this machine, not '%.200s'",
                         paths.items[i]);
      continue;
    }
    read_one(r, item, paths.items[i], &r->spec->plugins[r->spec->n_plugins++]);
  }
}
