/* What a view's commit says of itself: flat texts under `weir.`, beside the user's own. */
#include <stdlib.h>
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

static weir_status add(wi_info *info, const char *key, const char *value,
                       weir_error *err) {
  if (info->n == info->cap) {
    size_t cap = info->cap > 0 ? info->cap * 2 : 32;
    wi_br_pair *grown = wi_realloc_array(info->pairs, cap, sizeof(*grown));
    if (grown == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    info->pairs = grown;
    info->cap = cap;
  }
  info->pairs[info->n].key = wi_arena_dup(&info->arena, key);
  info->pairs[info->n].value = wi_arena_dup(&info->arena, value);
  if (info->pairs[info->n].key == NULL || info->pairs[info->n].value == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  info->n++;
  return WEIR_OK;
}

static void source_json(wi_json *j, const wi_run_source *source) {
  const wi_pin *pin = &source->pin;
  wi_json_kt(j, "kind", source->store != NULL ? "source" : "functions");
  wi_json_kt(j, "identity", source->identity);
  if (source->store == NULL) {
    return;
  }
  wi_json_kt(j, "uri", pin->uri);
  wi_json_ki(j, "version", pin->version);
  wi_json_kt(j, "commit_digest", pin->commit_digest);
  wi_json_kt(j, "table_id", pin->table_id);
  wi_json_kt(j, "schema_digest", pin->schema_digest);
  wi_json_ki(j, "min_reader", pin->min_reader);
  wi_json_ki(j, "min_writer", pin->min_writer);
  wi_json_kt(j, "reader_features", pin->reader_features);
  wi_json_kt(j, "writer_features", pin->writer_features);
}

static void input_json(wi_json *j, const wi_pass *pass, const char *name) {
  const wi_run_source *source = wi_pass_source(pass, name);
  const wi_run_view *view = wi_pass_view(pass, name);
  wi_json_object(j);
  wi_json_kt(j, "name", name);
  if (source != NULL) {
    source_json(j, source);
  } else if (view != NULL) {
    wi_json_kt(j, "kind", "view");
    wi_json_kt(j, "identity", view->identity);
    wi_json_ki(j, "version", view->version);
  }
  wi_json_object_end(j);
}

static weir_status inputs_json(const wi_pass *pass, const wi_run_view *view, wi_buf *out,
                               weir_error *err) {
  wi_json j;
  wi_json_begin(&j, out);
  wi_json_array(&j);
  for (size_t i = 0; i < view->plan->n_inputs; i++) {
    input_json(&j, pass, wi_input_plain(view->plan->inputs[i]));
  }
  wi_json_array_end(&j);
  return wi_buf_check(out, err, WI_ORIGIN);
}

static int by_key(const void *a, const void *b) {
  return strcmp(((const wi_br_pair *)a)->key, ((const wi_br_pair *)b)->key);
}

weir_status wi_info_build(const wi_pass *pass, const wi_run_view *view, wi_info *out,
                          weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf inputs = WI_BUF_INIT, params = WI_BUF_INIT;
  memset(out, 0, sizeof(*out));
  WI_CHECK(inputs_json(pass, view, &inputs, err));
  WI_CHECK(wi_params_json(view, &params, err));
  const struct {
    const char *key, *value;
  } rows[] = {
      {"weir.format", "1"},
      {"weir.run_id", pass->run_id},
      {"weir.project", pass->spec->name},
      {"weir.view", view->spec->name},
      {"weir.planning_key", view->planning_key},
      {"weir.result_key", view->result_key},
      {"weir.plan_digest", view->plan_digest},
      {"weir.functions_digest", view->plan->functions_digest},
      {"weir.settings_digest", pass->session->settings_digest},
      {"weir.session_digest", pass->session->digest},
      {"weir.shape_digest", view->shape_digest},
      {"weir.gate_digest", view->gate_digest},
      {"weir.schema_digest", view->schema_digest},
      {"weir.view_digest", view->view_digest},
      {"weir.params", wi_buf_text(&params)},
      {"weir.inputs", wi_buf_text(&inputs)},
      {"weir.volatile", view->plan->is_volatile ? "1" : "0"},
      {"weir.determinism",
       view->spec->determinism == WI_DET_STRICT ? "strict" : "relaxed"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    WI_CHECK(add(out, rows[i].key, rows[i].value, err));
  }
  for (size_t i = 0; i < view->spec->write_metadata.n; i++) {
    WI_CHECK(add(out, view->spec->write_metadata.keys[i],
                 view->spec->write_metadata.values[i], err));
  }
  qsort(out->pairs, out->n, sizeof(*out->pairs), by_key);
done:
  wi_buf_release(&inputs);
  wi_buf_release(&params);
  if (status != WEIR_OK) {
    wi_info_release(out);
  }
  return status;
}

void wi_info_release(wi_info *info) {
  wi_free(info->pairs);
  wi_arena_release(&info->arena);
  memset(info, 0, sizeof(*info));
}
