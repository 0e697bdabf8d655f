/* Finds weir.yml and reads the project in one pass: every error, in order of place. */
#include <stdlib.h>
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

static const wi_key project_keys[] = {
    {"name", false},     {"warehouse", false}, {"sources", false}, {"parameters", false},
    {"profiles", false}, {"settings", false},  {"plugins", false}, {"functions", true},
    {"policies", true},  {"as_of", true},      {"foreign", true},  {"tests", true}};

/* ---- where the project is ---- */

typedef struct found_file {
  wi_buf root; /* absolute folder */
  wi_buf name; /* of the file in it */
} found_file;

static weir_status no_project(weir_error *err, const char *where) {
  return WI_ERR_HINT(err, WEIR_E_NO_PROJECT,
                     "`weir init` makes a project; --project names one elsewhere",
                     "no weir.yml in %.300s%s", where,
                     wi_ends_with(where, ".yml") ? "" : " or in a folder above it");
}

/* From the folder in out->root upwards. */
static weir_status search_up(found_file *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf path = WI_BUF_INIT, start = WI_BUF_INIT;
  wi_buf_str(&start, wi_buf_text(&out->root));
  wi_buf_str(&out->name, "weir.yml");
  for (;;) {
    wi_path_join(&path, wi_buf_text(&out->root), "weir.yml");
    WI_CHECK(wi_buf_check(&path, err, WI_ORIGIN));
    if (wi_file_exists(path.p)) {
      break;
    }
    char *slash = strrchr(out->root.p, '/');
    if (slash == NULL || out->root.n == 1) {
      status = no_project(err, wi_buf_text(&start));
      break;
    }
    out->root.n = slash == out->root.p ? 1 : (size_t)(slash - out->root.p);
    out->root.p[out->root.n] = '\0';
  }
done:
  wi_buf_release(&start);
  wi_buf_release(&path);
  return status;
}

/* A folder that is named has to hold weir.yml itself; a file may have any name. */
static weir_status named(found_file *out, const char *path, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf folder = WI_BUF_INIT;
  wi_file_info info;
  if (wi_file_stat(path, &info, NULL) != WEIR_OK) {
    status = WI_ERR_HINT(err, WEIR_E_NO_PROJECT, "name weir.yml or its folder",
                         "there is no project at %.300s", path);
    return status;
  }
  const char *slash = strrchr(path, '/');
  if (info.is_dir) {
    wi_buf_str(&folder, path);
    wi_buf_str(&out->name, "weir.yml");
  } else {
    wi_buf_add(&folder, slash == NULL ? "." : path,
               slash == NULL || slash == path ? 1 : (size_t)(slash - path));
    wi_buf_str(&out->name, slash == NULL ? path : slash + 1);
  }
  WI_CHECK(wi_buf_check(&folder, err, WI_ORIGIN));
  WI_CHECK(wi_path_absolute(folder.p, &out->root, err));
  wi_path_join(&folder, wi_buf_text(&out->root), wi_buf_text(&out->name));
  WI_CHECK(wi_buf_check(&folder, err, WI_ORIGIN));
  if (!wi_file_exists(folder.p)) {
    status = WI_ERR_HINT(err, WEIR_E_NO_PROJECT, "`weir init` makes a project",
                         "there is no weir.yml in %.300s", path);
  }
done:
  wi_buf_release(&folder);
  return status;
}

static weir_status locate(const wi_spec_options *options, found_file *out,
                          weir_error *err) {
  weir_status status = WEIR_OK;
  const char *cwd = options->cwd == NULL ? "." : options->cwd;
  wi_buf path = WI_BUF_INIT;
  if (options->path != NULL) {
    if (options->cwd == NULL) {
      wi_buf_str(&path, options->path);
    } else {
      wi_path_join(&path, cwd, options->path);
    }
    WI_CHECK(wi_buf_check(&path, err, WI_ORIGIN));
    WI_CHECK(named(out, path.p, err));
  } else {
    WI_CHECK(wi_path_absolute(cwd, &out->root, err));
    WI_CHECK(search_up(out, err));
  }
  status = wi_buf_check(&out->name, err, WI_ORIGIN);
done:
  wi_buf_release(&path);
  return status;
}

/* ---- reading ---- */

static void read_project(wi_reader *r, const wi_yaml *root,
                         const wi_spec_options *options) {
  const size_t n = sizeof project_keys / sizeof project_keys[0];
  if (root == NULL || wi_yaml_is_null(root)) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, root,
                       "write name: and warehouse:", "weir.yml is empty");
    return;
  }
  if (!wi_reader_map(r, root, "weir.yml", project_keys, n)) {
    return;
  }
  wi_reader_refuse_env(r, root, true);
  const wi_yaml *name = wi_yaml_get(root, "name");
  if (name == NULL) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, NULL, "write name: my_project",
                       "weir.yml has no name");
  } else if (wi_reader_text(r, name, "name") != NULL &&
             wi_reader_name(r, name, "project")) {
    r->spec->name = name->text;
  }
  wi_profile_read_all(r, root, options);
  wi_param_read_all(r, wi_yaml_get(root, "parameters"));
  r->params_read = true;
  wi_param_apply(r, options->params, options->n_params);
  wi_source_read_all(r, wi_yaml_get(root, "sources"));
  wi_setting_read_all(r, wi_yaml_get(root, "settings"));
  wi_plugin_read_all(r, wi_yaml_get(root, "plugins"));
}

static weir_status read_yml(wi_reader *r, const wi_spec_options *options,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf path = WI_BUF_INIT, text = WI_BUF_INIT;
  wi_yaml *root = NULL;
  weir_error own = WEIR_ERROR_INIT;
  wi_path_join(&path, r->spec->root, r->yml);
  WI_CHECK(wi_buf_check(&path, err, WI_ORIGIN));
  if (wi_file_read(path.p, WI_SPEC_FILE_LIMIT, &text, &own) != WEIR_OK) {
    wi_err_where(&own, r->yml, 1, 1);
    wi_diags_take(r->diags, &own, false);
    goto done;
  }
  size_t bom = text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  wi_yaml_input input = {r->yml, wi_buf_text(&text) + bom, text.n - bom, 1, 1};
  status = wi_yaml_parse(&input, &r->spec->arena, &root, r->diags, &own);
  if (status == WEIR_E_NO_MEMORY) {
    wi_err_move(err, &own);
    goto done;
  }
  if (status == WEIR_OK) {
    read_project(r, root, options);
  }
  status = WEIR_OK; /* the errors are in diags; the views are read all the same */
done:
  weir_error_release(&own);
  wi_buf_release(&path);
  wi_buf_release(&text);
  return status;
}

/* Sources against views: their names, and a source that is a view's own table. */
static void check_sources(wi_reader *r) {
  const wi_spec *spec = r->spec;
  size_t prefix = strlen(spec->warehouse);
  r->file = r->yml;
  for (size_t i = 0; i < spec->n_sources; i++) {
    const wi_spec_source *source = &spec->sources[i];
    const wi_spec_view *view = wi_spec_view_find(spec, source->name);
    if (view != NULL) {
      wi_reader_error(r, WEIR_E_DUPLICATE_NAME, source->place.line, source->place.column,
                      "rename one of them",
                      "source '%s' and the view of %.200s have one name", source->name,
                      view->file);
    }
    if (prefix == 0 || strncmp(source->uri, spec->warehouse, prefix) != 0 ||
        source->uri[prefix] != '/') {
      continue;
    }
    view = wi_spec_view_find(spec, source->uri + prefix + 1);
    if (view != NULL && view->materialized == WI_MAT_TABLE) {
      wi_reader_error(r, WEIR_E_SOURCE_IS_VIEW, source->place.line, source->place.column,
                      "name the view in SQL instead, and take the source out",
                      "source '%s' is the table of the view '%s'", source->name,
                      view->name);
    }
  }
}

static weir_status summary(const wi_diags *diags, size_t errors, weir_error *err) {
  const weir_error *first = NULL;
  if (diags->no_memory) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < diags->n && first == NULL; i++) {
    first = diags->items[i].warning ? NULL : &diags->items[i].error;
  }
  return WI_ERR(err, WEIR_E_PROJECT,
                "the project has %zu error%s; the first: %.200s:%u:%u: %.500s", errors,
                errors == 1 ? "" : "s", first == NULL ? "" : first->file,
                first == NULL ? 0 : first->line, first == NULL ? 0 : first->column,
                first == NULL ? "" : first->message);
}

static weir_status load(const wi_spec_options *options, wi_spec *spec, wi_diags *diags,
                        weir_error *err) {
  weir_status status = WEIR_OK;
  found_file where = {WI_BUF_INIT, WI_BUF_INIT};
  WI_CHECK(locate(options, &where, err));
  spec->root = wi_arena_dup(&spec->arena, wi_buf_text(&where.root));
  const char *yml = wi_arena_dup(&spec->arena, wi_buf_text(&where.name));
  if (spec->root == NULL || yml == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  wi_reader r = {.spec = spec, .diags = diags, .file = yml, .yml = yml};
  WI_CHECK(read_yml(&r, options, err));
  if (!r.nomem) {
    wi_macro_read_all(&r);
    wi_view_read_all(&r);
    check_sources(&r);
  }
  status = r.nomem ? wi_err_nomem(err, WI_ORIGIN) : WEIR_OK;
done:
  wi_buf_release(&where.root);
  wi_buf_release(&where.name);
  return status;
}

/* The same error for the caller and for the list. */
static void note_missing(wi_diags *diags, const weir_error *err) {
  wi_diags_add(diags, false, WEIR_E_NO_PROJECT, WI_ORIGIN, NULL, 0, 0, err->hint, "%s",
               err->message);
}

weir_status wi_spec_load(const wi_spec_options *options, wi_spec **out, wi_diags *diags,
                         weir_error *err) {
  weir_error own = WEIR_ERROR_INIT;
  size_t before = diags->errors;
  *out = NULL;
  wi_spec *spec = wi_alloc(sizeof *spec);
  if (spec == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  spec->arena = (wi_arena)WI_ARENA_INIT;
  spec->name = spec->root = spec->warehouse = "";
  weir_status status = load(options, spec, diags, &own);
  if (status == WEIR_E_NO_PROJECT) {
    note_missing(diags, &own);
  }
  if (status != WEIR_OK) {
    if (err != NULL) {
      wi_err_move(err, &own);
    }
    weir_error_release(&own);
    wi_spec_free(&spec);
    return status;
  }
  wi_spec_sort_diags(diags);
  *out = spec;
  return diags->errors > before ? summary(diags, diags->errors - before, err) : WEIR_OK;
}

void wi_spec_free(wi_spec **spec) {
  if (*spec != NULL) {
    wi_arena arena = (*spec)->arena;
    for (size_t i = 0; i < (*spec)->secrets.n; i++) {
      wi_secret_drop((*spec)->secrets.items[i]);
    }
    wi_list_release(&(*spec)->secrets);
    wi_arena_release(&arena);
    wi_free(*spec);
  }
  *spec = NULL;
}

/* ---- finding ---- */

#define FIND(list, count, wanted, result)                \
  do {                                                   \
    size_t low = 0, high = (count);                      \
    while (low < high) {                                 \
      size_t middle = low + (high - low) / 2;            \
      int order = strcmp((list)[middle].name, (wanted)); \
      if (order == 0) {                                  \
        (result) = &(list)[middle];                      \
        break;                                           \
      }                                                  \
      low = order < 0 ? middle + 1 : low;                \
      high = order < 0 ? high : middle;                  \
    }                                                    \
  } while (0)

const wi_spec_view *wi_spec_view_find(const wi_spec *spec, const char *name) {
  const wi_spec_view *found = NULL;
  FIND(spec->views, spec->n_views, name, found);
  return found;
}

const wi_spec_source *wi_spec_source_find(const wi_spec *spec, const char *name) {
  const wi_spec_source *found = NULL;
  FIND(spec->sources, spec->n_sources, name, found);
  return found;
}

const wi_spec_param *wi_spec_param_find(const wi_spec *spec, const char *name) {
  const wi_spec_param *found = NULL;
  FIND(spec->params, spec->n_params, name, found);
  return found;
}

/* ---- order of errors ---- */

typedef struct ranked {
  const weir_error *error;
  size_t at;
} ranked;

static int by_place(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  bool x_none = x->error->file[0] == '\0', y_none = y->error->file[0] == '\0';
  if (x_none != y_none) {
    return x_none ? 1 : -1;
  }
  int order = strcmp(x->error->file, y->error->file);
  if (order != 0) {
    return order;
  }
  if (x->error->line != y->error->line) {
    return x->error->line < y->error->line ? -1 : 1;
  }
  if (x->error->column != y->error->column) {
    return x->error->column < y->error->column ? -1 : 1;
  }
  return (x->at > y->at) - (x->at < y->at);
}

void wi_spec_sort_diags(wi_diags *diags) {
  ranked *rank = wi_alloc_array(diags->n + 1, sizeof *rank);
  wi_diag *sorted = wi_alloc_array(diags->n + 1, sizeof *sorted);
  if (rank != NULL && sorted != NULL && diags->n > 1) {
    for (size_t i = 0; i < diags->n; i++) {
      rank[i] = (ranked){&diags->items[i].error, i};
    }
    qsort(rank, diags->n, sizeof *rank, by_place);
    for (size_t i = 0; i < diags->n; i++) {
      sorted[i] = diags->items[rank[i].at];
    }
    memcpy(diags->items, sorted, diags->n * sizeof *sorted);
  }
  wi_free(rank);
  wi_free(sorted);
}
