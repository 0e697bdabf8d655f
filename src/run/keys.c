/* Digests of a view: what planning depends on, what shapes the rows, what leaves them alone. */
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

static void digest_names(wi_digest *d, const wi_names *names) {
  wi_digest_u64(d, names->n);
  for (size_t i = 0; i < names->n; i++) {
    wi_digest_text(d, names->items[i]);
  }
}

/* What of the header shapes the table's rows and files. */
static void shape_digest(const wi_spec_view *view, char out[WI_DIGEST_HEX]) {
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
static void gate_digest(const wi_spec_view *view, char out[WI_DIGEST_HEX]) {
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

static void planning_key(const wi_pass *pass, const wi_run_view *view,
                         char out[WI_DIGEST_HEX]) {
  const wi_view_refs *refs = view->refs;
  wi_digest d;
  wi_digest_begin(&d, "weir.planning");
  wi_digest_text(&d, view->facts.digests.view);
  wi_digest_text(&d, pass->session->digest);
  wi_digest_u64(&d, refs->n_values);
  for (size_t i = 0; i < refs->n_values; i++) {
    digest_value(&d, &refs->values[i]);
  }
  wi_digest_u64(&d, refs->n_sources);
  for (size_t i = 0; i < refs->n_sources; i++) {
    const wi_run_source *source = &pass->sources[refs->sources[i]];
    wi_digest_text(&d, source->of->spec->name);
    wi_digest_text(&d, source->table != NULL ? source->table->pin->schema_digest : "");
  }
  wi_digest_u64(&d, refs->n_views);
  for (size_t i = 0; i < refs->n_views; i++) {
    const wi_run_view *up = &pass->views[refs->views[i]];
    wi_digest_text(&d, up->refs->spec->name);
    wi_digest_text(&d, up->decision.schema_digest);
  }
  wi_digest_end_hex(&d, out);
}

void wi_view_digest_all(const wi_pass *pass, wi_run_view *view) {
  const wi_spec_view *spec = view->refs->spec;
  wi_view_digests *out = &view->facts.digests;
  wi_digest own;
  wi_digest_begin(&own, "weir.view");
  wi_spec_view_digest(spec, &own);
  wi_digest_end_hex(&own, out->view);
  shape_digest(spec, out->shape);
  gate_digest(spec, out->gate);
  planning_key(pass, view, out->planning);
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
      wi_date_text(v->i64, text);
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

weir_status wi_params_json(const wi_view_refs *view, wi_buf *out, weir_error *err) {
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
