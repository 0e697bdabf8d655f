/* The tables that sources name: each at one version, pinned once, opened once. */
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

void wi_source_explain(const wi_project_source *source, weir_error *err) {
  const wi_spec_source *spec = source->spec;
  wi_err_context(err, source->call == WI_CALL_NONE ? "source '%s'" : "%s", spec->name);
  wi_err_where(err, spec->place.file, spec->place.line, spec->place.column);
}

/* ---- which ---- */

static bool is_needed(const wi_pass *pass, size_t source) {
  for (size_t v = 0; v < pass->project->spec->n_views; v++) {
    const wi_run_view *view = &pass->views[v];
    for (size_t k = 0; view->needed && k < view->refs->n_sources; k++) {
      if (view->refs->sources[k] == source) {
        return true;
      }
    }
  }
  return false;
}

static weir_status find_table(wi_pass *pass, wi_run_source *source, weir_error *err) {
  const wi_spec_source *spec = source->of->spec;
  wi_buf uri = WI_BUF_INIT;
  weir_status status = WEIR_OK;
  WI_CHECK(wi_uri_canonical(spec->uri, pass->project->spec->root, &uri, err));
  for (size_t i = 0; i < pass->n_tables; i++) {
    wi_run_table *table = &pass->tables[i];
    if (table->wanted == spec->version && strcmp(table->uri, wi_buf_text(&uri)) == 0) {
      source->table = table;
      goto done;
    }
  }
  wi_run_table *table = &pass->tables[pass->n_tables];
  WI_CHECK(wi_session_store(pass->session, wi_buf_text(&uri), &table->store, err));
  table->uri = wi_buf_take(&uri);
  if (table->uri == NULL) {
    wi_store_unref(&table->store);
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  table->wanted = spec->version;
  pthread_mutex_init(&table->lock, NULL);
  pass->n_tables++;
  source->table = table;
done:
  wi_buf_release(&uri);
  return status;
}

static void block_readers(wi_pass *pass, size_t source) {
  for (size_t v = 0; v < pass->project->spec->n_views; v++) {
    wi_run_view *view = &pass->views[v];
    for (size_t k = 0; k < view->refs->n_sources; k++) {
      view->blocked = view->blocked || view->refs->sources[k] == source;
    }
  }
}

weir_status wi_pass_find_tables(wi_pass *pass, weir_error *err) {
  pass->tables = wi_alloc_array(pass->project->n_sources + 1, sizeof(*pass->tables));
  if (pass->tables == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < pass->project->n_sources; i++) {
    wi_run_source *source = &pass->sources[i];
    weir_error one = WEIR_ERROR_INIT;
    if (is_needed(pass, i) && wi_project_source_opens(source->of) &&
        find_table(pass, source, &one) != WEIR_OK) {
      wi_source_explain(source->of, &one);
      wi_diags_take(pass->project->diags, &one, false);
      block_readers(pass, i);
    }
    weir_error_release(&one);
  }
  return WEIR_OK;
}

/* ---- what is known of one ---- */

void wi_table_resolve(wi_pass *pass, wi_run_table *table) {
  wi_pin pin = {.version = -1};
  table->started_us = wi_now_us();
  int64_t began = wi_monotonic_ns();
  if (wi_pin_resolve(pass->project->engine, table->store, table->wanted, &pin,
                     &table->failed) == WEIR_OK) {
    table->pin = wi_pin_share(&pin);
    if (table->pin == NULL) {
      (void)wi_err_nomem(&table->failed, WI_ORIGIN);
    }
  }
  table->finished_us = table->started_us + (wi_monotonic_ns() - began) / 1000;
}

/* The same version of the same commit at the same place: what was recorded of it then holds now.
 * Not where the commit names no file: many tables may have one of the same bytes. */
static const wi_pin *recorded_pin(const wi_run_table *table,
                                  const wi_key_inputs *recorded) {
  const wi_pin *now = table->pin;
  wi_pin pin;
  for (size_t i = 0; now->names_files && i < recorded->n; i++) {
    const wi_pin *was = recorded->items[i].pin;
    if (was == NULL || was->version != now->version ||
        strcmp(was->commit_digest, now->commit_digest) != 0 ||
        strcmp(was->uri, now->uri) != 0 || !wi_pin_copy(was, &pin)) {
      continue;
    }
    pin.timestamp_us = now->timestamp_us;
    pin.names_files = now->names_files;
    return wi_pin_share(&pin);
  }
  return NULL;
}

void wi_table_know(wi_pass *pass, wi_run_table *table) {
  const wi_pin *known = NULL;
  if (table->pin == NULL || table->pin->table_id != NULL) {
    return;
  }
  for (size_t v = 0; known == NULL && v < pass->project->spec->n_views; v++) {
    known = recorded_pin(table, &pass->views[v].facts.last.stamp.inputs);
  }
  if (known == NULL &&
      wi_table_open(pass, table, NULL, &known, &table->failed) == WEIR_OK) {
    known = wi_pin_ref(known);
  }
  wi_pin_unref(&table->pin);
  table->pin = known;
}

/* ---- opened ---- */

static weir_status open_locked(wi_pass *pass, wi_run_table *table, weir_error *err) {
  wi_pin pin;
  if (table->snap != NULL) {
    return WEIR_OK;
  }
  if (!wi_pin_copy(table->pin, &pin)) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  weir_status status =
      wi_pin_complete(pass->project->engine, table->store, &pin, &table->snap, err);
  if (status != WEIR_OK) {
    wi_pin_release(&pin);
    return status;
  }
  table->full = wi_pin_share(&pin);
  if (table->full == NULL) {
    wi_snap_unref(&table->snap);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return WEIR_OK;
}

weir_status wi_table_open(wi_pass *pass, wi_run_table *table, const wi_snap **snap,
                          const wi_pin **full, weir_error *err) {
  pthread_mutex_lock(&table->lock);
  weir_status status = open_locked(pass, table, err);
  if (snap != NULL) {
    *snap = table->snap;
  }
  if (full != NULL) {
    *full = table->full;
  }
  pthread_mutex_unlock(&table->lock);
  return status;
}

weir_status wi_table_state(wi_pass *pass, wi_run_table *table, char out[WI_DIGEST_HEX],
                           weir_error *err) {
  pthread_mutex_lock(&table->lock);
  weir_status status = open_locked(pass, table, err);
  if (status == WEIR_OK && table->state[0] == '\0') {
    status = wi_pin_state(table->snap, table->full, table->state, err);
  }
  memcpy(out, table->state, WI_DIGEST_HEX);
  pthread_mutex_unlock(&table->lock);
  return status;
}
