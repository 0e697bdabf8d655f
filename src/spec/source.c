/* The sources of weir.yml. */
#include <stdlib.h>
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

static const wi_key source_keys[] = {
    {"table", false},     {"version", false},    {"description", false},
    {"timestamp", false}, /* refused below, where version can be looked at */
    {"files", true},      {"format", true},      {"options", true},
    {"require", true},    {"change_feed", true}, {"append_only", true}};

static void read_version(wi_reader *r, const wi_yaml *node, wi_spec_source *source) {
  const wi_yaml *version = wi_yaml_get(node, "version");
  const wi_yaml *timestamp = wi_yaml_key(node, "timestamp");
  if (timestamp != NULL && version != NULL) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, timestamp, "keep one of them",
                       "source '%s' has both version and timestamp", source->name);
  } else if (timestamp != NULL) {
    wi_reader_error_at(
        r, WEIR_E_NOT_YET, timestamp, "name the version instead",
        "this version of weir does not have the key 'timestamp' of a source "
        "yet");
  }
  if (version != NULL) {
    wi_reader_int(r, version, "version", 0, INT64_MAX, &source->version);
  }
}

static void read_table(wi_reader *r, const wi_yaml *node, const wi_yaml *key,
                       wi_spec_source *source) {
  const wi_yaml *table = wi_yaml_get(node, "table");
  if (table == NULL) {
    if (wi_yaml_get(node, "files") == NULL) {
      wi_reader_error_at(r, WEIR_E_BAD_VALUE, key, "write {table: ./path/of/delta/table}",
                         "source '%s' has no table", source->name);
    }
    return;
  }
  weir_error err = WEIR_ERROR_INIT;
  source->table = wi_reader_text(r, table, "table");
  if (source->table != NULL && wi_spec_uri(&r->spec->arena, r->spec->root, source->table,
                                           &source->uri, &err) != WEIR_OK) {
    wi_err_context(&err, "source '%s'", source->name);
    wi_reader_take(r, table, &err);
  }
}

static void read_one(wi_reader *r, const wi_yaml *key, const wi_yaml *node,
                     wi_spec_source *source) {
  *source = (wi_spec_source){.name = key->text, .table = "", .uri = "", .version = -1};
  source->place = wi_reader_place(r, key);
  if (wi_yaml_is_null(node) || node->kind == WI_YAML_SCALAR) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, "write {table: ./path/of/delta/table}",
                       "a source has to be a map of keys, not %s",
                       wi_yaml_kind_name(node));
    return;
  }
  if (!wi_reader_map(r, node, "a source", source_keys,
                     sizeof source_keys / sizeof source_keys[0])) {
    return;
  }
  read_version(r, node, source);
  read_table(r, node, key, source);
  const wi_yaml *description = wi_yaml_get(node, "description");
  if (description != NULL) {
    source->description = wi_reader_text(r, description, "description");
  }
  source->table = source->table == NULL ? "" : source->table;
  source->uri = source->uri == NULL ? "" : source->uri;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const wi_spec_source *)a)->name, ((const wi_spec_source *)b)->name);
}

void wi_source_read_all(wi_reader *r, const wi_yaml *node) {
  if (node == NULL || wi_yaml_is_null(node) || !wi_reader_any_map(r, node, "sources")) {
    return;
  }
  wi_spec *spec = r->spec;
  spec->sources = wi_reader_array(r, node->n, sizeof *spec->sources);
  for (size_t i = 0; i < node->n && !r->nomem; i++) {
    wi_spec_source source;
    bool named = wi_reader_name(r, node->keys[i], "source");
    read_one(r, node->keys[i], node->items[i], &source);
    if (named) {
      spec->sources[spec->n_sources++] = source;
    }
  }
  if (spec->n_sources > 1) {
    qsort(spec->sources, spec->n_sources, sizeof *spec->sources, by_name);
  }
}
