/* Making, filling and sealing a session. */
#include "session/session.h"

#include <string.h>

#include "session/private.h"

#define WI_ORIGIN "session"

/* What a session may keep of the footers of files: this share of its memory, but no more. */
enum { FOOTER_SHARE = 16, FOOTER_MOST = 50 << 20 };

static weir_status copy_storage(wi_session *s, const wi_br_pair *pairs, size_t n,
                                weir_error *err) {
  s->storage = wi_alloc_array(n + 1, sizeof(*s->storage));
  if (s->storage == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    s->storage[i].key = wi_strdup(pairs[i].key);
    s->storage[i].value = wi_strdup(pairs[i].value);
    s->n_storage = i + 1;
    if (s->storage[i].key == NULL || s->storage[i].value == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  return WEIR_OK;
}

/* The fixed settings first, then the caller's, which may replace them. */
static weir_status make_handle(wi_session *s, const wi_session_options *options,
                               weir_error *err) {
  static const wi_br_pair fixed[] = {
#define WI_SETTING(k, v) {k, v},
#define WI_SPEED_SETTING(k)
#include "../../tables/settings.def"
#undef WI_SETTING
#undef WI_SPEED_SETTING
  };
  const size_t n_fixed = sizeof(fixed) / sizeof(fixed[0]);
  wi_br_session_options o = {0};
  wi_fn_setting values[WI_FN_N_SETTINGS];
  wi_br_pair own[WI_FN_N_SETTINGS];
  wi_fn_config_list(&s->functions, values);
  wi_br_pair *all = wi_alloc_array(n_fixed + options->n_settings, sizeof(*all));
  if (all == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  memcpy(all, fixed, sizeof(fixed));
  for (size_t i = 0; i < options->n_settings; i++) {
    all[n_fixed + i] = options->settings[i];
  }
  o.settings = all;
  o.n_settings = n_fixed + options->n_settings;
  o.catalog = WI_CATALOG;
  o.schema = WI_SCHEMA_MAIN;
  o.now_us = s->now_us;
  for (size_t i = 0; i < WI_FN_N_SETTINGS; i++) {
    own[i] = (wi_br_pair){values[i].key, values[i].value};
  }
  o.host_settings = own;
  o.n_host_settings = WI_FN_N_SETTINGS;
  o.footers = s->memory - s->pool;
  weir_status status = wi_br_session_new(s->engine, &o, &s->handle, err);
  wi_free(all);
  return status;
}

/* The folder is the user's and is never made: what spills makes one of its own in it, under a
 * name that nobody has, and removes it. */
static weir_status spill_folder(wi_session *s, const char *below, weir_error *err) {
  const char *tmp = wi_env("TMPDIR");
  if (below == NULL) {
    below = tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp";
  }
  s->spill_dir = wi_strdup(below);
  return s->spill_dir != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

weir_status wi_session_new(const wi_session_options *options, wi_session **out,
                           weir_error *err) {
  weir_status status = WEIR_OK;
  *out = NULL;
  wi_session *s = wi_alloc(sizeof(*s));
  if (s == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&s->shares, 1);
  pthread_mutex_init(&s->lock, NULL);
  pthread_rwlock_init(&s->names, NULL);
  wi_log_sink_init(&s->log);
  s->engine = wi_engine_ref(options->engine);
  s->threads = options->threads > 0 ? options->threads : wi_machine_cores();
  s->memory = options->memory > 0 ? options->memory : wi_machine_memory();
  uint64_t footers = s->memory / FOOTER_SHARE;
  s->pool = s->memory - (footers < FOOTER_MOST ? footers : FOOTER_MOST);
  s->spill_limit = options->spill_limit;
  s->functions = options->functions != NULL ? *options->functions : wi_fn_config_default;
  s->now_us = options->now_us != 0 ? options->now_us : wi_now_us();
  s->base = options->base != NULL ? wi_strdup(options->base) : NULL;
  if (options->base != NULL && s->base == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(spill_folder(s, options->spill_dir, err));
  WI_CHECK(copy_storage(s, options->storage, options->n_storage, err));
  WI_CHECK(make_handle(s, options, err));
  WI_CHECK(wi_br_bind_new(s->engine, &s->bind, err));
  WI_CHECK(wi_session_functions(s, err));
  *out = s;
  s = NULL;
done:
  wi_session_free(&s);
  return status;
}

wi_session *wi_session_ref(wi_session *s) {
  atomic_fetch_add(&s->shares, 1);
  return s;
}

void wi_session_free(wi_session **session) {
  wi_session *s = *session;
  *session = NULL;
  if (s == NULL || atomic_fetch_sub(&s->shares, 1) > 1) {
    return;
  }
  for (size_t i = 0; i < s->inputs.n; i++) {
    wi_input_free(s->inputs.entries[i].value);
  }
  wi_map_release(&s->inputs);
  wi_map_release(&s->function_names);
  wi_br_bind_free(s->engine, &s->bind);
  wi_br_session_free(s->engine, &s->handle);
  wi_session_plugins_release(s);
  for (size_t i = 0; i < s->n_storage; i++) {
    wi_free((void *)(uintptr_t)s->storage[i].key);
    wi_free((void *)(uintptr_t)s->storage[i].value);
  }
  wi_free(s->storage);
  wi_free(s->spill_dir);
  wi_free(s->base);
  wi_stop_free(&s->stop);
  wi_engine_unref(&s->engine);
  wi_log_sink_release(&s->log);
  pthread_rwlock_destroy(&s->names);
  pthread_mutex_destroy(&s->lock);
  wi_free(s);
}

weir_status wi_session_store(wi_session *s, const char *uri, wi_store **out,
                             weir_error *err) {
  return wi_store_open(s->engine, uri, s->storage, s->n_storage, out, err);
}

weir_status wi_session_add_macros(wi_session *s, const char *sql, weir_error *err) {
  if (s->sealed) {
    wi_err_hint(err, "add functions before weir_session_seal");
    return WI_ERR(err, WEIR_E_NOT_SEALED,
                  "a function is added after the session was sealed");
  }
  weir_status status = wi_br_session_add_macros(s->engine, s->handle, sql, err);
  if (status == WEIR_E_DUPLICATE_NAME) {
    wi_session_macro_taken(s, err);
  }
  return status;
}

weir_status wi_session_seal(wi_session *s, weir_error *err) {
  if (s->sealed) {
    return WI_ERR(err, WEIR_E_NOT_SEALED, "the session is sealed already");
  }
  WI_TRY(wi_br_session_seal(s->engine, s->handle, err));
  WI_TRY(wi_session_capture(s, err));
  s->sealed = true;
  wi_log_event event;
  wi_log_begin(&event, &s->log, WEIR_LOG_INFO, "session", "session_sealed");
  wi_log_text(&event, "digest", s->digest);
  wi_log_send(&event, "the session is sealed");
  return WEIR_OK;
}
