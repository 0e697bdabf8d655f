/* Sessions and what can be read of them. */
#include <string.h>

#include "api/private.h"
#include "nanoarrow/nanoarrow.h"

#define WI_ORIGIN "api"

const char *weir_version(void) {
  return "0.1.0";
}

weir_status wi_api_engine(uint32_t threads, wi_engine **out, weir_error *err) {
  wi_engine_options o = {0};
  o.threads = threads > 0 ? threads : wi_machine_cores();
  return wi_engine_new(&o, out, err);
}

weir_status wi_api_session(wi_session *session, wi_engine *engine, weir_session **out,
                           weir_error *err) {
  weir_session *s = wi_alloc(sizeof(*s));
  *out = s;
  if (s == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  s->session = session;
  s->engine = wi_engine_ref(engine);
  return WEIR_OK;
}

static weir_status copy_pairs(const weir_pair *pairs, size_t n, wi_br_pair **out,
                              weir_error *err) {
  *out = wi_alloc_array(n + 1, sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    if (pairs[i].key == NULL || pairs[i].value == NULL) {
      return WI_ERR(err, WEIR_E_USAGE, "storage option %zu has no key or no value",
                    i + 1);
    }
    (*out)[i].key = pairs[i].key;
    (*out)[i].value = pairs[i].value;
  }
  return WEIR_OK;
}

static weir_status read_settings(const weir_session_options *o, wi_fn_config *out,
                                 weir_error *err) {
  weir_status status = WEIR_OK;
  const char **keys = wi_alloc_array(2 * o->n_settings + 1, sizeof(*keys));
  if (keys == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  const char **values = keys + o->n_settings;
  for (size_t i = 0; i < o->n_settings; i++) {
    keys[i] = o->settings[i].key;
    values[i] = o->settings[i].value;
    if (keys[i] == NULL || values[i] == NULL) {
      status = WI_ERR(err, WEIR_E_USAGE, "setting %zu has no key or no value", i + 1);
      goto done;
    }
  }
  status = wi_fn_config_read(keys, values, o->n_settings, out, err);
done:
  wi_free(keys);
  return status;
}

static weir_status make_session(const weir_session_options *o, const weir_log *log,
                                weir_session **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_session_options inner = {0};
  wi_session *session = NULL;
  wi_engine *engine = NULL;
  wi_br_pair *storage = NULL;
  wi_fn_config functions;
  WI_CHECK(read_settings(o, &functions, err));
  WI_CHECK(copy_pairs(o->storage, o->n_storage, &storage, err));
  WI_CHECK(wi_api_engine(o->threads, &engine, err));
  inner.engine = engine;
  inner.threads = o->threads;
  inner.memory = o->memory;
  inner.spill_dir = o->spill_dir;
  inner.now_us = o->now_us;
  inner.storage = storage;
  inner.n_storage = o->n_storage;
  inner.functions = &functions;
  WI_CHECK(wi_session_new(&inner, &session, err));
  if (o->cancel != NULL) {
    WI_CHECK(wi_stop_new(engine, o->cancel, &session->stop, err));
  }
  WI_CHECK(wi_api_session(session, engine, out, err));
  wi_log_sink_listen(&session->log, log); /* it is the session's from here on */
  session = NULL;
done:
  wi_session_free(&session);
  wi_engine_unref(&engine);
  wi_free(storage);
  return status;
}

weir_status weir_session_new(const weir_session_options *options, weir_session **out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  weir_session_options o;
  weir_log log = WEIR_LOG_INIT;
  WI_ARG(out, err);
  *out = NULL;
  WI_TRY(wi_options_take(&o, sizeof(o), options, "weir_session_options", err));
  if (o.log != NULL) {
    WI_TRY(wi_options_take(&log, sizeof(log), o.log, "weir_log", err));
  }
  status = o.n_storage > 0 && o.storage == NULL ? wi_arg_null(__func__, "storage", err)
           : o.n_settings > 0 && o.settings == NULL
               ? wi_arg_null(__func__, "settings", err)
           : o.log != NULL && log.event == NULL ? wi_arg_null(__func__, "event", err)
                                                : make_session(&o, &log, out, err);
  if (status != WEIR_OK && log.release != NULL) {
    log.release(log.ctx);
  }
  return status;
}

void weir_session_free(weir_session **session) {
  weir_session *s = session != NULL ? *session : NULL;
  if (s == NULL) {
    return;
  }
  *session = NULL;
  wi_session_free(&s->session);
  wi_engine_unref(&s->engine);
  wi_free(s);
}

weir_status weir_session_add_delta(weir_session *session, const char *name,
                                   const char *uri, int64_t version, weir_error *err) {
  WI_ARG(session, err);
  WI_ARG(name, err);
  WI_ARG(uri, err);
  wi_session *s = session->session;
  wi_stop_scope before = wi_stop_enter(s->stop);
  weir_status status =
      wi_session_add_delta(s, WI_SCHEMA_MAIN, name, uri, NULL, version, err);
  wi_stop_leave(before);
  return status;
}

static weir_status add_rows(weir_session *session, const char *name, wi_input_kind kind,
                            struct ArrowArrayStream *stream, const char *function,
                            weir_error *err) {
  weir_status status = session == NULL ? wi_arg_null(function, "session", err)
                       : name == NULL  ? wi_arg_null(function, "name", err)
                                       : wi_stream_check(stream, err);
  if (status != WEIR_OK) {
    wi_arg_stream_release(stream);
    return status;
  }
  return wi_session_add_rows(session->session, WI_SCHEMA_MAIN, name, kind, stream, err);
}

weir_status weir_session_add_memory(weir_session *session, const char *name,
                                    struct ArrowArrayStream *stream, weir_error *err) {
  return add_rows(session, name, WI_INPUT_MEMORY, stream, __func__, err);
}

weir_status weir_session_add_stream(weir_session *session, const char *name,
                                    struct ArrowArrayStream *stream, weir_error *err) {
  return add_rows(session, name, WI_INPUT_STREAM, stream, __func__, err);
}

weir_status weir_session_add_functions(weir_session *session, const char *sql,
                                       weir_error *err) {
  WI_ARG(session, err);
  WI_ARG(sql, err);
  return wi_session_add_macros(session->session, sql, err);
}

weir_status weir_session_add_plugin(weir_session *session, const char *path,
                                    weir_error *err) {
  WI_ARG(session, err);
  WI_ARG(path, err);
  return wi_session_add_plugin(session->session, path, err);
}

weir_status weir_session_remove(weir_session *session, const char *name,
                                weir_error *err) {
  WI_ARG(session, err);
  WI_ARG(name, err);
  return wi_session_remove(session->session, WI_SCHEMA_MAIN, name, err);
}

weir_status weir_session_seal(weir_session *session, weir_error *err) {
  WI_ARG(session, err);
  return wi_session_seal(session->session, err);
}

weir_status weir_session_digest(weir_session *session, weir_session_digests *out,
                                weir_error *err) {
  WI_ARG(out, err);
  memset(out, 0, sizeof(*out));
  WI_ARG(session, err);
  const wi_session *s = session->session;
  WI_TRY(wi_session_envelope(session->session, out->envelope, err));
  memcpy(out->session, s->digest, sizeof(out->session));
  memcpy(out->functions, s->functions_digest, sizeof(out->functions));
  memcpy(out->settings, s->settings_digest, sizeof(out->settings));
  memcpy(out->rules, s->rules_digest, sizeof(out->rules));
  return WEIR_OK;
}
