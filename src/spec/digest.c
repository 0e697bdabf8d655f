/* Digests of what is written in a project. Fields in a fixed order, lists with their
 * length; no path of this machine, nothing of profiles, nothing that --param gave. */
#include <string.h>

#include "spec/internal.h"

static void add_names(wi_digest *d, const wi_names *names) {
  wi_digest_u64(d, names->n);
  for (size_t i = 0; i < names->n; i++) {
    wi_digest_text(d, names->items[i]);
  }
}

static void add_pairs(wi_digest *d, const wi_pairs *pairs) {
  wi_digest_u64(d, pairs->n);
  for (size_t i = 0; i < pairs->n; i++) {
    wi_digest_text(d, pairs->keys[i]);
    wi_digest_text(d, pairs->values[i]);
  }
}

/* The blanks around the SQL are what is left of the header. */
static void add_sql(wi_digest *d, const char *sql) {
  wi_str text = wi_str_trim(wi_str_of(sql));
  wi_digest_bytes(d, text.p, text.n);
}

void wi_spec_view_digest(const wi_spec_view *view, wi_digest *into) {
  add_sql(into, view->sql);
  wi_digest_u64(into, (uint64_t)view->determinism);
  wi_digest_u64(into, view->n_columns);
  for (size_t i = 0; i < view->n_columns; i++) {
    wi_digest_text(into, view->columns[i].name);
    wi_digest_text(into, view->columns[i].type);
    wi_digest_u64(into, view->columns[i].not_null);
  }
  add_names(into, &view->key);
  add_names(into, &view->partition_by);
  add_names(into, &view->sort_by);
}

void wi_spec_shape_digest(const wi_spec_view *view, char out[WI_DIGEST_HEX]) {
  wi_digest d;
  wi_digest_begin(&d, "weir.shape");
  wi_digest_u64(&d, (uint64_t)view->determinism);
  add_names(&d, &view->key);
  add_names(&d, &view->partition_by);
  add_names(&d, &view->sort_by);
  wi_digest_u64(&d, view->n_columns);
  for (size_t i = 0; i < view->n_columns; i++) {
    wi_digest_text(&d, view->columns[i].name);
    wi_digest_text(&d, view->columns[i].type);
    wi_digest_u64(&d, view->columns[i].not_null);
  }
  wi_digest_end_hex(&d, out);
}

void wi_spec_gate_digest(const wi_spec_view *view, char out[WI_DIGEST_HEX]) {
  wi_digest d;
  wi_digest_begin(&d, "weir.gate");
  wi_digest_u64(&d, view->n_constraints);
  for (size_t i = 0; i < view->n_constraints; i++) {
    wi_digest_text(&d, view->constraints[i].name);
    wi_digest_text(&d, view->constraints[i].predicate);
    add_names(&d, &view->constraints[i].unique);
  }
  add_pairs(&d, &view->properties);
  wi_digest_text(&d, view->description);
  wi_digest_u64(&d, view->append_only);
  wi_digest_end_hex(&d, out);
}

static void add_view(wi_digest *d, const wi_spec_view *view) {
  wi_digest_text(d, view->name);
  wi_spec_view_digest(view, d);
  wi_digest_text(d, view->description);
  wi_digest_u64(d, (uint64_t)view->materialized);
  wi_digest_u64(d, (uint64_t)view->on_schema_change);
  add_names(d, &view->tags);
  add_names(d, &view->parameters);
  wi_digest_u64(d, view->n_constraints);
  for (size_t i = 0; i < view->n_constraints; i++) {
    wi_digest_text(d, view->constraints[i].name);
    wi_digest_text(d, view->constraints[i].predicate);
    add_names(d, &view->constraints[i].unique);
  }
  for (size_t i = 0; i < view->n_columns; i++) {
    wi_digest_text(d, view->columns[i].description);
  }
  add_pairs(d, &view->properties);
  add_pairs(d, &view->write_metadata);
  wi_digest_u64(d, (uint64_t)view->target_file_size);
  wi_digest_u64(d, (uint64_t)(int64_t)view->max_commit_retries);
  wi_digest_u64(d, view->append_only);
}

/* An absolute path is of the machine: only that there is one counts. */
static void add_source(wi_digest *d, const wi_spec_source *source) {
  bool local = source->table[0] == '/' || strncmp(source->table, "file:", 5) == 0;
  wi_digest_text(d, source->name);
  wi_digest_text(d, local ? NULL : source->table);
  wi_digest_u64(d, (uint64_t)source->version);
  wi_digest_text(d, source->description);
}

/* The content counts where functions are used: it is part of their identity. */
static void add_plugin(wi_digest *d, const wi_spec_plugin *plugin) {
  wi_digest_text(d, plugin->path[0] == '/' ? NULL : plugin->path);
}

static void add_param(wi_digest *d, const wi_spec_param *param) {
  bool text = param->default_kind == WI_DEFAULT_VALUE && !param->default_value.is_null;
  wi_digest_text(d, param->name);
  wi_digest_u64(d, (uint64_t)param->type);
  wi_digest_u64(d, (uint64_t)param->default_kind);
  wi_digest_text(d, text ? param->default_value.text : NULL);
  wi_digest_text(d, param->description);
}

void wi_spec_digest(const wi_spec *spec, char out[WI_DIGEST_HEX]) {
  wi_digest d;
  wi_digest_begin(&d, "weir.spec.2");
  wi_digest_text(&d, spec->name);
  wi_digest_u64(&d, spec->n_sources);
  for (size_t i = 0; i < spec->n_sources; i++) {
    add_source(&d, &spec->sources[i]);
  }
  wi_digest_u64(&d, spec->n_plugins);
  for (size_t i = 0; i < spec->n_plugins; i++) {
    add_plugin(&d, &spec->plugins[i]);
  }
  wi_digest_u64(&d, spec->n_params);
  for (size_t i = 0; i < spec->n_params; i++) {
    add_param(&d, &spec->params[i]);
  }
  wi_digest_u64(&d, spec->n_views);
  for (size_t i = 0; i < spec->n_views; i++) {
    add_view(&d, &spec->views[i]);
  }
  wi_digest_u64(&d, spec->n_macros);
  for (size_t i = 0; i < spec->n_macros; i++) {
    add_sql(&d, spec->macros[i].text);
  }
  wi_digest_end_hex(&d, out);
}
