/* Making, filling and sealing a session. */
#include "session/session.h"

#include <string.h>

#include "session/private.h"

#define WI_ORIGIN "session"

static void input_free(wi_engine *engine, wi_input *input) {
  if (input == NULL) {
    return;
  }
  wi_br_snap_free(engine, &input->snap);
  wi_store_unref(&input->store);
  wi_pin_release(&input->pin);
  wi_free(input->schema);
  wi_free(input->name);
  wi_free(input);
}

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
  pthread_mutex_init(&s->lock, NULL);
  s->engine = wi_engine_ref(options->engine);
  s->threads = options->threads > 0 ? options->threads : wi_machine_cores();
  s->memory = options->memory > 0 ? options->memory : wi_machine_memory();
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

void wi_session_free(wi_session **session) {
  wi_session *s = *session;
  *session = NULL;
  if (s == NULL) {
    return;
  }
  for (size_t i = 0; i < s->inputs.n; i++) {
    input_free(s->engine, s->inputs.entries[i].value);
  }
  wi_map_release(&s->inputs);
  for (size_t i = 0; i < s->volatility.n; i++) {
    wi_free(s->volatility.entries[i].value);
  }
  wi_map_release(&s->volatility);
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
  wi_engine_unref(&s->engine);
  pthread_mutex_destroy(&s->lock);
  wi_free(s);
}

weir_status wi_session_store(wi_session *s, const char *uri, wi_store **out,
                             weir_error *err) {
  return wi_store_open(s->engine, uri, s->storage, s->n_storage, out, err);
}

void wi_session_input_free(wi_session *s, wi_input *input) {
  input_free(s->engine, input);
}

weir_status wi_session_input_keep(wi_session *s, wi_input **input, wi_input **out,
                                  weir_error *err) {
  wi_buf key = WI_BUF_INIT;
  weir_status status = WEIR_OK;
  wi_buf_fmt(&key, "%s.%s", (*input)->schema, (*input)->name);
  pthread_mutex_lock(&s->lock);
  *out = key.failed ? NULL : wi_map_get(&s->inputs, wi_buf_text(&key));
  if (key.failed ||
      (*out == NULL && !wi_map_put(&s->inputs, wi_buf_text(&key), *input))) {
    status = wi_err_nomem(err, WI_ORIGIN);
  } else if (*out == NULL) {
    *out = *input;
    *input = NULL;
  }
  pthread_mutex_unlock(&s->lock);
  wi_buf_release(&key);
  return status;
}

/* Takes the input; it belongs to the session from here on, or is freed. */
static weir_status keep(wi_session *s, wi_input *input, weir_error *err) {
  wi_input *kept = NULL;
  weir_status status = wi_session_input_keep(s, &input, &kept, err);
  if (status == WEIR_OK && input != NULL) {
    status = WI_ERR(err, WEIR_E_DUPLICATE_NAME, "there are two tables named '%s'",
                    input->name);
  }
  input_free(s->engine, input);
  return status;
}

weir_status wi_session_input_new(const char *schema, const char *name, wi_input_kind kind,
                                 wi_input **out, weir_error *err) {
  *out = wi_alloc(sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  (*out)->kind = kind;
  (*out)->schema = wi_strdup(schema);
  (*out)->name = wi_strdup(name);
  return (*out)->schema != NULL && (*out)->name != NULL ? WEIR_OK
                                                        : wi_err_nomem(err, WI_ORIGIN);
}

static weir_status check_open(wi_session *s, const char *schema, const char *name,
                              weir_error *err) {
  if (s->sealed) {
    wi_err_hint(err, "register every table before weir_session_seal");
    return WI_ERR(err, WEIR_E_NOT_SEALED,
                  "'%s' is registered after the session was sealed", name);
  }
  if (!wi_name_valid(name)) {
    wi_err_hint(err,
                "use lower-case letters, digits and _, beginning with a letter or _");
    return WI_ERR(err, WEIR_E_BAD_NAME, "'%s' is no valid table name", name);
  }
  if (wi_session_input(s, schema, name) != NULL) {
    wi_err_hint(err, "give one of them another name");
    return WI_ERR(err, WEIR_E_DUPLICATE_NAME, "there are two tables of this name");
  }
  return WEIR_OK;
}

static weir_status declare(wi_session *s, wi_input *input, struct ArrowSchema *take,
                           weir_error *err) {
  WI_TRY(wi_schema_digest(take, input->schema_digest, err));
  return wi_br_declare(s->engine, s->handle, input->schema, input->name, take, err);
}

weir_status wi_session_add_delta(wi_session *s, const char *schema, const char *name,
                                 const char *uri, const char *base, int64_t version,
                                 weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf canonical = WI_BUF_INIT;
  struct ArrowSchema arrow = {0};
  wi_input *input = NULL;
  WI_CHECK(check_open(s, schema, name, err));
  WI_CHECK(wi_session_input_new(schema, name, WI_INPUT_DELTA, &input, err));
  WI_CHECK(wi_uri_canonical(uri, base, &canonical, err));
  WI_CHECK(wi_session_store(s, wi_buf_text(&canonical), &input->store, err));
  WI_CHECK(wi_pin_resolve(s->engine, input->store, version, &input->pin, err));
  WI_CHECK(wi_pin_complete(s->engine, input->store, &input->pin, &input->snap, err));
  WI_CHECK(wi_meta_arrow(input->pin.meta, &arrow, err));
  WI_CHECK(declare(s, input, &arrow, err));
  WI_CHECK(wi_br_bind_delta(s->engine, s->bind, schema, name, input->snap, NULL, 0, err));
  wi_input *given = input;
  input = NULL;
  status = keep(s, given, err);
done:
  if (status != WEIR_OK) {
    wi_err_context(err, "table '%s'", name);
  }
  input_free(s->engine, input);
  if (arrow.release != NULL) {
    arrow.release(&arrow);
  }
  wi_buf_release(&canonical);
  return status;
}

weir_status wi_session_add_rows(wi_session *s, const char *schema, const char *name,
                                wi_input_kind kind, struct ArrowArrayStream *take,
                                weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema arrow = {0};
  wi_input *input = NULL;
  WI_CHECK(check_open(s, schema, name, err));
  WI_CHECK(wi_session_input_new(schema, name, kind, &input, err));
  int code = take->get_schema(take, &arrow);
  if (code != 0) {
    status = wi_stream_error(take, code, err);
    goto done;
  }
  WI_CHECK(declare(s, input, &arrow, err));
  if (kind == WI_INPUT_MEMORY) {
    WI_CHECK(wi_br_bind_memory(s->engine, s->bind, schema, name, take, err));
  } else {
    WI_CHECK(wi_br_bind_stream(s->engine, s->bind, schema, name, take, err));
  }
  wi_input *given = input;
  input = NULL;
  status = keep(s, given, err);
done:
  input_free(s->engine, input);
  if (arrow.release != NULL) {
    arrow.release(&arrow);
  }
  if (take->release != NULL) {
    take->release(take);
  }
  return status;
}

weir_status wi_session_declare(wi_session *s, const char *schema, const char *name,
                               struct ArrowSchema *take, weir_error *err) {
  return wi_br_declare(s->engine, s->handle, schema, name, take, err);
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
  return WEIR_OK;
}

wi_input *wi_session_input(wi_session *s, const char *schema, const char *name) {
  wi_buf key = WI_BUF_INIT;
  wi_input *found = NULL;
  wi_buf_fmt(&key, "%s.%s", schema, name);
  pthread_mutex_lock(&s->lock);
  found = wi_map_get(&s->inputs, wi_buf_text(&key));
  pthread_mutex_unlock(&s->lock);
  wi_buf_release(&key);
  return found;
}
