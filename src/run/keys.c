/* The keys of a view: what planning depends on, and what the result depends on. */
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

wi_run_source *wi_pass_source(const wi_pass *pass, const char *name) {
  const wi_spec_source *found = wi_spec_source_find(pass->spec, name);
  if (found != NULL) {
    return &pass->sources[found - pass->spec->sources];
  }
  for (size_t i = pass->spec->n_sources; i < pass->n_sources; i++) {
    if (strcmp(pass->sources[i].spec->name, name) == 0) {
      return &pass->sources[i];
    }
  }
  return NULL;
}

wi_run_view *wi_pass_view(const wi_pass *pass, const char *name) {
  const wi_spec_view *found = wi_spec_view_find(pass->spec, name);
  return found == NULL ? NULL : &pass->views[found - pass->spec->views];
}

/* A pin without its URI: a copy of the same table elsewhere is the same input. */
static void table_identity(const wi_pin *pin, char out[WI_DIGEST_HEX]) {
  wi_digest d;
  wi_digest_begin(&d, "weir.pin");
  wi_digest_text(&d, pin->table_id);
  wi_digest_u64(&d, (uint64_t)pin->version);
  wi_digest_text(&d, pin->commit_digest);
  wi_digest_text(&d, pin->schema_digest);
  wi_digest_u64(&d, (uint64_t)pin->min_reader);
  wi_digest_u64(&d, (uint64_t)pin->min_writer);
  wi_digest_text(&d, pin->reader_features);
  wi_digest_text(&d, pin->writer_features);
  wi_digest_end_hex(&d, out);
}

void wi_source_identity(const wi_pass *pass, wi_run_source *source) {
  char table[WI_DIGEST_HEX] = "";
  if (source->store != NULL) {
    table_identity(&source->pin, table);
  }
  if (source->call == WI_CALL_NONE) {
    memcpy(source->identity, table, sizeof(source->identity));
  } else {
    wi_call_identity(pass->session, source->call, source->fn, &source->pin, table,
                     source->identity);
  }
}

static void digest_names(wi_digest *d, const wi_names *names) {
  wi_digest_u64(d, names->n);
  for (size_t i = 0; i < names->n; i++) {
    wi_digest_text(d, names->items[i]);
  }
}

/* What of the header shapes the table's rows and files. */
void wi_shape_digest(const wi_spec_view *view, char out[WI_DIGEST_HEX]) {
  wi_digest d;
  wi_digest_begin(&d, "weir.shape");
  wi_digest_u64(&d, (uint64_t)view->determinism);
  digest_names(&d, &view->key);
  digest_names(&d, &view->partition_by);
  digest_names(&d, &view->sort_by);
  wi_digest_u64(&d, view->n_columns);
  for (size_t i = 0; i < view->n_columns; i++) {
    wi_digest_text(&d, view->columns[i].name);
    wi_digest_text(&d, view->columns[i].type);
    wi_digest_u64(&d, view->columns[i].not_null);
  }
  wi_digest_end_hex(&d, out);
}

/* What of the header can change without other rows: checks, and the table's metadata. */
void wi_gate_digest(const wi_spec_view *view, char out[WI_DIGEST_HEX]) {
  wi_digest d;
  wi_digest_begin(&d, "weir.gate");
  wi_digest_u64(&d, view->n_constraints);
  for (size_t i = 0; i < view->n_constraints; i++) {
    wi_digest_text(&d, view->constraints[i].name);
    wi_digest_text(&d, view->constraints[i].predicate);
    digest_names(&d, &view->constraints[i].unique);
  }
  wi_digest_u64(&d, view->properties.n);
  for (size_t i = 0; i < view->properties.n; i++) {
    wi_digest_text(&d, view->properties.keys[i]);
    wi_digest_text(&d, view->properties.values[i]);
  }
  wi_digest_text(&d, view->description);
  wi_digest_u64(&d, view->append_only);
  wi_digest_end_hex(&d, out);
}

static void digest_value(wi_digest *d, const wi_br_value *v) {
  uint64_t bits = 0;
  memcpy(&bits, &v->f64, sizeof(bits));
  wi_digest_text(d, v->name);
  wi_digest_u64(d, (uint64_t)v->type);
  wi_digest_u64(d, v->is_null);
  wi_digest_u64(d, (uint64_t)v->i64);
  wi_digest_u64(d, bits);
  wi_digest_text(d, v->text);
}

void wi_planning_key(const wi_pass *pass, wi_run_view *view) {
  wi_digest d, own;
  wi_digest_begin(&own, "weir.view");
  wi_spec_view_digest(view->spec, &own);
  wi_digest_end_hex(&own, view->view_digest);
  wi_digest_begin(&d, "weir.planning");
  wi_digest_text(&d, view->view_digest);
  wi_digest_text(&d, pass->session->digest);
  wi_digest_u64(&d, view->n_values);
  for (size_t i = 0; i < view->n_values; i++) {
    digest_value(&d, &view->values[i]);
  }
  wi_digest_u64(&d, view->n_sources);
  for (size_t i = 0; i < view->n_sources; i++) {
    wi_digest_text(&d, pass->sources[view->sources[i]].spec->name);
    wi_digest_text(&d, pass->sources[view->sources[i]].pin.schema_digest);
  }
  wi_digest_u64(&d, view->n_views);
  for (size_t i = 0; i < view->n_views; i++) {
    wi_digest_text(&d, pass->views[view->views[i]].spec->name);
    wi_digest_text(&d, pass->views[view->views[i]].schema_digest);
  }
  wi_digest_end_hex(&d, view->planning_key);
}

void wi_result_key(const wi_pass *pass, const wi_run_view *view, const char *plan_digest,
                   const char *const *identities, size_t n, char out[WI_DIGEST_HEX]) {
  wi_digest d;
  wi_digest_begin(&d, "weir.result");
  wi_digest_text(&d, plan_digest);
  wi_digest_text(&d, pass->session->settings_digest);
  wi_digest_text(&d, view->shape_digest);
  wi_digest_u64(&d, n);
  for (size_t i = 0; i < n; i++) {
    wi_digest_text(&d, identities[i]);
  }
  wi_digest_end_hex(&d, out);
}

static void value_json(wi_json *j, const wi_br_value *v) {
  char text[32];
  if (v->is_null) {
    wi_json_null(j);
    return;
  }
  switch ((wi_type)v->type) {
    case WI_TYPE_FLOAT64:
      wi_json_double(j, v->f64);
      return;
    case WI_TYPE_STRING:
      wi_json_text(j, v->text);
      return;
    case WI_TYPE_BOOLEAN:
      wi_json_bool(j, v->i64 != 0);
      return;
    case WI_TYPE_DATE:
      wi_date_text((int32_t)v->i64, text);
      wi_json_text(j, text);
      return;
    case WI_TYPE_TIMESTAMP:
      wi_time_text(v->i64, text);
      wi_json_text(j, text);
      return;
    case WI_TYPE_INT64:
    default:
      wi_json_int(j, v->i64);
      return;
  }
}

weir_status wi_params_json(const wi_run_view *view, wi_buf *out, weir_error *err) {
  wi_json j;
  wi_json_begin(&j, out);
  wi_json_object(&j);
  for (size_t i = 0; i < view->n_values; i++) {
    wi_json_key(&j, view->values[i].name);
    value_json(&j, &view->values[i]);
  }
  wi_json_object_end(&j);
  return wi_buf_check(out, err, WI_ORIGIN);
}
