/* What the names of a session stand for: declared, bound, looked up, taken out again. */
#include <string.h>

#include "session/private.h"

#define WI_ORIGIN "session"

void wi_input_free(wi_input *input) {
  if (input == NULL) {
    return;
  }
  wi_snap_unref(&input->snap);
  wi_store_unref(&input->store);
  wi_pin_release(&input->pin);
  wi_free(input->schema);
  wi_free(input->name);
  wi_free(input);
}

weir_status wi_session_input_new(const char *schema, const char *name, wi_input_kind kind,
                                 wi_input **out, weir_error *err) {
  *out = wi_alloc(sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  (*out)->shares = 1;
  (*out)->kind = kind;
  (*out)->schema = wi_strdup(schema);
  (*out)->name = wi_strdup(name);
  return (*out)->schema != NULL && (*out)->name != NULL ? WEIR_OK
                                                        : wi_err_nomem(err, WI_ORIGIN);
}

/* ---- the session's list ---- */

/* "schema.name". A NULL text (out of memory) is no key. */
static char *key_of(const char *schema, const char *name) {
  wi_buf key = WI_BUF_INIT;
  wi_buf_fmt(&key, "%s.%s", schema, name);
  char *text = wi_buf_take(&key);
  wi_buf_release(&key);
  return text;
}

weir_status wi_session_input_keep(wi_session *s, wi_input **input, wi_input **out,
                                  weir_error *err) {
  weir_status status = WEIR_OK;
  char *key = key_of((*input)->schema, (*input)->name);
  *out = NULL;
  if (key == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  pthread_mutex_lock(&s->lock);
  *out = wi_map_get(&s->inputs, key);
  if (*out == NULL && wi_map_put(&s->inputs, key, *input)) {
    *out = *input;
    *input = NULL;
    /* One that is no call's: the caller's share becomes the session's. */
    (*out)->shares -= (*out)->of_call ? 1 : 0;
  }
  if (*out != NULL) {
    (*out)->shares++;
  } else {
    status = wi_err_nomem(err, WI_ORIGIN);
  }
  pthread_mutex_unlock(&s->lock);
  wi_free(key);
  return status;
}

void wi_input_unref(wi_session *s, wi_input **input) {
  wi_input *one = *input;
  *input = NULL;
  if (one == NULL) {
    return;
  }
  char *key = one->of_call ? key_of(one->schema, one->name) : NULL;
  pthread_mutex_lock(&s->lock);
  bool last = --one->shares == 0;
  if (last && key != NULL) {
    wi_map_remove(&s->inputs, key);
  } else if (last && one->of_call) { /* no memory for its key: it stays, without shares */
    last = false;
  }
  pthread_mutex_unlock(&s->lock);
  wi_free(key);
  if (last) {
    wi_input_free(one);
  }
}

wi_input *wi_session_input(wi_session *s, const char *schema, const char *name) {
  char *key = key_of(schema, name);
  wi_input *found = NULL;
  pthread_mutex_lock(&s->lock);
  found = key != NULL ? wi_map_get(&s->inputs, key) : NULL;
  if (found != NULL) {
    found->shares++;
  }
  pthread_mutex_unlock(&s->lock);
  wi_free(key);
  return found;
}

bool wi_session_has(wi_session *s, const char *schema, const char *name) {
  wi_input *found = wi_session_input(s, schema, name);
  bool has = found != NULL;
  wi_input_unref(s, &found);
  return has;
}

weir_status wi_session_inputs(wi_session *s, wi_inputs *out, weir_error *err) {
  memset(out, 0, sizeof(*out));
  pthread_mutex_lock(&s->lock);
  out->items = wi_alloc_array(s->inputs.n + 1, sizeof(wi_input *));
  for (size_t i = 0; out->items != NULL && i < s->inputs.n; i++) {
    out->items[i] = s->inputs.entries[i].value;
    out->items[i]->shares++;
    out->n = i + 1;
  }
  pthread_mutex_unlock(&s->lock);
  return out->items != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

void wi_inputs_release(wi_session *s, wi_inputs *inputs) {
  for (size_t i = 0; i < inputs->n; i++) {
    wi_input_unref(s, &inputs->items[i]);
  }
  wi_free(inputs->items);
  memset(inputs, 0, sizeof(*inputs));
}

/* ---- registering ---- */

/* Takes the input; it belongs to the session from here on, or is freed. */
static weir_status keep(wi_session *s, wi_input *input, weir_error *err) {
  wi_input *kept = NULL;
  weir_status status = wi_session_input_keep(s, &input, &kept, err);
  if (status == WEIR_OK && input != NULL) {
    status = WI_ERR(err, WEIR_E_DUPLICATE_NAME, "there are two tables named '%s'",
                    input->name);
  }
  wi_input_unref(s, &kept);
  wi_input_free(input);
  return status;
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
  if (wi_session_has(s, schema, name)) {
    wi_err_hint(err, "give one of them another name");
    return WI_ERR(err, WEIR_E_DUPLICATE_NAME, "there are two tables of this name");
  }
  return WEIR_OK;
}

/* Both ways out of the engine's lists, for what was not kept in the end as well. */
static void take_out(wi_session *s, const char *schema, const char *name) {
  wi_session_undeclare(s, schema, name);
  (void)wi_br_bind_remove(s->engine, s->bind, schema, name, NULL);
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
  bool declared = false;
  WI_CHECK(check_open(s, schema, name, err));
  WI_CHECK(wi_session_input_new(schema, name, WI_INPUT_DELTA, &input, err));
  WI_CHECK(wi_uri_canonical(uri, base, &canonical, err));
  WI_CHECK(wi_session_store(s, wi_buf_text(&canonical), &input->store, err));
  WI_CHECK(wi_pin_resolve(s->engine, input->store, version, &input->pin, err));
  WI_CHECK(wi_pin_complete(s->engine, input->store, &input->pin, &input->snap, err));
  WI_CHECK(wi_meta_arrow(input->pin.meta, &arrow, err));
  WI_CHECK(declare(s, input, &arrow, err));
  declared = true;
  WI_CHECK(wi_snap_bind(input->snap, s->bind, schema, name, err));
  wi_input *given = input;
  input = NULL;
  status = keep(s, given, err);
done:
  if (status != WEIR_OK) {
    wi_err_context(err, "table '%s'", name);
  }
  if (status != WEIR_OK && declared) {
    take_out(s, schema, name);
  }
  wi_input_free(input);
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
  bool declared = false;
  WI_CHECK(check_open(s, schema, name, err));
  WI_CHECK(wi_session_input_new(schema, name, kind, &input, err));
  WI_CHECK(wi_stream_schema(take, &arrow, err));
  WI_CHECK(declare(s, input, &arrow, err));
  declared = true;
  if (kind == WI_INPUT_MEMORY) {
    WI_CHECK(wi_br_bind_memory(s->engine, s->bind, schema, name, take, err));
  } else {
    WI_CHECK(wi_br_bind_stream(s->engine, s->bind, schema, name, take, err));
  }
  wi_input *given = input;
  input = NULL;
  status = keep(s, given, err);
done:
  if (status != WEIR_OK && declared) {
    take_out(s, schema, name);
  }
  wi_input_free(input);
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

void wi_session_undeclare(wi_session *s, const char *schema, const char *name) {
  (void)wi_br_undeclare(s->engine, s->handle, schema, name, NULL);
}

/* The neighbours of a name that is none. */
static void hint_near(wi_session *s, const char *schema, const char *name,
                      weir_error *err) {
  char near[256] = "";
  wi_inputs all = {0};
  if (wi_session_inputs(s, &all, NULL) == WEIR_OK) {
    const char **names = wi_alloc_array(all.n + 1, sizeof(*names));
    size_t n = 0;
    for (size_t i = 0; names != NULL && i < all.n; i++) {
      if (strcmp(all.items[i]->schema, schema) == 0) {
        names[n++] = all.items[i]->name;
      }
    }
    wi_nearest(name, names, n, near, sizeof(near));
    wi_free(names);
  }
  if (near[0] != '\0') {
    wi_err_hint(err, "did you mean %s?", near);
  }
  wi_inputs_release(s, &all);
}

weir_status wi_session_remove(wi_session *s, const char *schema, const char *name,
                              weir_error *err) {
  char *key = key_of(schema, name);
  wi_input *input = NULL;
  if (key == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  /* No statement is being planned: one that found the name has what it is bound to as well. */
  pthread_rwlock_wrlock(&s->names);
  pthread_mutex_lock(&s->lock);
  input = wi_map_get(&s->inputs, key);
  if (input != NULL) {
    wi_map_remove(&s->inputs, key);
  }
  pthread_mutex_unlock(&s->lock);
  if (input != NULL) {
    take_out(s, schema, name);
  }
  pthread_rwlock_unlock(&s->names);
  wi_free(key);
  if (input == NULL) {
    weir_status status =
        WI_ERR(err, WEIR_E_UNKNOWN_TABLE, "there is no table '%s'", name);
    hint_near(s, schema, name, err);
    return status;
  }
  wi_input_unref(s, &input);
  return WEIR_OK;
}
