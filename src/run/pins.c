/* Every source at one version, resolved once at the start of a pass. */
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

/* The functions udf_registry and udf_docs open nothing. */
static bool opens(const wi_run_source *source) {
  return source->call == WI_CALL_NONE || wi_call_opens(source->call);
}

static void explain(const wi_run_source *source, weir_error *err) {
  wi_err_context(err, source->call == WI_CALL_NONE ? "source '%s'" : "%s",
                 source->spec->name);
  wi_err_where(err, source->spec->place.file, source->spec->place.line,
               source->spec->place.column);
}

static weir_status resolve(wi_pass *pass, wi_run_source *source, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  if (!opens(source)) {
    source->resolved = true;
    return WEIR_OK;
  }
  source->started_us = wi_now_us();
  WI_CHECK(wi_uri_canonical(source->spec->uri, pass->spec->root, &uri, err));
  for (size_t i = 0; i < pass->n_sources; i++) {
    wi_run_source *other = &pass->sources[i];
    if (other != source && other->store != NULL && other->resolved &&
        other->same == NULL && other->spec->version == source->spec->version &&
        strcmp(other->pin.uri, wi_buf_text(&uri)) == 0) {
      source->same = other;
      source->store = wi_store_ref(other->store);
      source->resolved = true;
      goto done;
    }
  }
  WI_CHECK(wi_session_store(pass->session, wi_buf_text(&uri), &source->store, err));
  WI_CHECK(wi_pin_resolve(pass->engine, source->store, source->spec->version,
                          &source->pin, err));
  source->resolved = true;
done:
  if (status != WEIR_OK) {
    explain(source, err);
  }
  source->finished_us = wi_now_us();
  wi_buf_release(&uri);
  return status;
}

static bool is_needed(const wi_pass *pass, size_t source) {
  for (size_t v = 0; v < pass->spec->n_views; v++) {
    const wi_run_view *view = &pass->views[v];
    for (size_t k = 0; view->needed && k < view->n_sources; k++) {
      if (view->sources[k] == source) {
        return true;
      }
    }
  }
  return false;
}

static void block_readers(wi_pass *pass, size_t source) {
  for (size_t v = 0; v < pass->spec->n_views; v++) {
    wi_run_view *view = &pass->views[v];
    for (size_t k = 0; k < view->n_sources; k++) {
      view->blocked = view->blocked || view->sources[k] == source;
    }
  }
}

void wi_pass_pin_sources(wi_pass *pass) {
  for (size_t i = 0; i < pass->n_sources; i++) {
    weir_error one = WEIR_ERROR_INIT;
    if (is_needed(pass, i) && resolve(pass, &pass->sources[i], &one) != WEIR_OK) {
      wi_diags_take(pass->diags, &one, false);
      block_readers(pass, i);
    }
    weir_error_release(&one);
  }
}

static char *recorded_text(const json_t *entry, const char *key) {
  const char *text = json_string_value(json_object_get(entry, key));
  return wi_strdup(text != NULL ? text : "");
}

/* The same version of the same commit: what was recorded of it then holds now. */
static bool take_recorded(wi_run_source *source, const json_t *inputs) {
  size_t i = 0;
  json_t *entry = NULL;
  json_array_foreach((json_t *)(uintptr_t)inputs, i, entry) {
    const char *name = json_string_value(json_object_get(entry, "name"));
    const char *digest = json_string_value(json_object_get(entry, "commit_digest"));
    const char *schema = json_string_value(json_object_get(entry, "schema_digest"));
    if (name == NULL || digest == NULL || schema == NULL ||
        strcmp(name, source->spec->name) != 0 ||
        strcmp(digest, source->pin.commit_digest) != 0 ||
        json_integer_value(json_object_get(entry, "version")) != source->pin.version ||
        strlen(schema) >= sizeof(source->pin.schema_digest)) {
      continue;
    }
    strcpy(source->pin.schema_digest, schema);
    source->pin.table_id = recorded_text(entry, "table_id");
    source->pin.reader_features = recorded_text(entry, "reader_features");
    source->pin.writer_features = recorded_text(entry, "writer_features");
    source->pin.min_reader =
        (int32_t)json_integer_value(json_object_get(entry, "min_reader"));
    source->pin.min_writer =
        (int32_t)json_integer_value(json_object_get(entry, "min_writer"));
    return source->pin.table_id != NULL && source->pin.reader_features != NULL &&
           source->pin.writer_features != NULL;
  }
  return false;
}

static weir_status copy_pin(wi_run_source *source, weir_error *err) {
  const wi_pin *from = &source->same->pin;
  wi_pin *to = &source->pin;
  wi_pin_release(to);
  *to = *from;
  to->uri = wi_strdup(from->uri);
  to->table_id = wi_strdup(from->table_id);
  to->reader_features = wi_strdup(from->reader_features);
  to->writer_features = wi_strdup(from->writer_features);
  to->schema_json = from->schema_json != NULL ? wi_strdup(from->schema_json) : NULL;
  to->partition_columns =
      from->partition_columns != NULL ? wi_strdup(from->partition_columns) : NULL;
  to->configuration = from->configuration != NULL ? wi_strdup(from->configuration) : NULL;
  to->meta = wi_meta_ref(from->meta);
  return to->uri != NULL && to->table_id != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

weir_status wi_source_know(wi_pass *pass, wi_run_source *source, const json_t *recorded,
                           weir_error *err) {
  if (source->known) {
    return WEIR_OK;
  }
  if (!opens(source)) {
    /* its identity is all there is to know */
  } else if (source->same != NULL) {
    WI_TRY(wi_source_know(pass, source->same, recorded, err));
    WI_TRY(copy_pin(source, err));
  } else if (!take_recorded(source, recorded)) {
    WI_TRY(wi_source_open(pass, source, err));
  }
  wi_source_identity(pass, source);
  source->known = true;
  return WEIR_OK;
}

weir_status wi_source_open(wi_pass *pass, wi_run_source *source, weir_error *err) {
  if (!opens(source)) {
    return WEIR_OK;
  }
  if (source->same != NULL) {
    WI_TRY(wi_source_open(pass, source->same, err));
    return copy_pin(source, err);
  }
  if (source->snap != NULL) {
    return WEIR_OK;
  }
  weir_status status =
      wi_pin_complete(pass->engine, source->store, &source->pin, &source->snap, err);
  if (status != WEIR_OK) {
    explain(source, err);
  }
  return status;
}

weir_status wi_source_declare(wi_pass *pass, wi_run_source *source, weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema schema = {0};
  if (source->declared) {
    return WEIR_OK;
  }
  WI_CHECK(wi_source_open(pass, source, err));
  if (source->call != WI_CALL_NONE) {
    goto done; /* the plan itself is told of it */
  }
  WI_CHECK(wi_delta_schema_arrow(source->pin.schema_json, &schema, err));
  WI_CHECK(wi_session_declare(pass->session, WI_SCHEMA_MAIN, source->spec->name, &schema,
                              err));
  source->declared = true;
done:
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  return status;
}
