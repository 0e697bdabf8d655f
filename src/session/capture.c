/* The session's identity, read back from the engine once it is sealed: what the engine says
 * it has, not what it was asked for. */
#include <string.h>

#include "session/private.h"

#define WI_ORIGIN "session"

static bool is_speed(wi_str key) {
  static const char *const speed[] = {
#define WI_SETTING(k, v)
#define WI_SPEED_SETTING(k) k,
#include "../../tables/settings.def"
#undef WI_SETTING
#undef WI_SPEED_SETTING
  };
  for (size_t i = 0; i < sizeof(speed) / sizeof(speed[0]); i++) {
    size_t n = strlen(speed[i]);
    bool prefix = speed[i][n - 1] == '.';
    if (prefix ? key.n > n && memcmp(key.p, speed[i], n) == 0
               : wi_str_eq(key, speed[i])) {
      return true;
    }
  }
  return false;
}

/* Adds every row of a session table to a digest; `skip` may leave rows out. */
static weir_status digest_rows(wi_session *s, wi_br_session_table which, int64_t columns,
                               bool (*skip)(wi_str first), wi_digest *d,
                               weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_session_table_read(s->engine, s->handle, which, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    if (skip != NULL && skip(wi_cursor_text(rows, 0))) {
      continue;
    }
    for (int64_t c = 0; c < columns; c++) {
      if (which == WI_BR_RULES && c == 1) {
        wi_digest_u64(d, (uint64_t)wi_cursor_int(rows, c));
      } else {
        wi_str text = wi_cursor_text(rows, c);
        wi_digest_bytes(d, text.p, text.n);
      }
    }
  }
done:
  wi_cursor_free(&rows);
  return status;
}

static weir_status digest_table(wi_session *s, wi_br_session_table which, int64_t columns,
                                const char *domain, bool (*skip)(wi_str first), char *out,
                                weir_error *err) {
  wi_digest d;
  wi_digest_begin(&d, domain);
  WI_TRY(digest_rows(s, which, columns, skip, &d, err));
  wi_digest_end_hex(&d, out);
  return WEIR_OK;
}

/* The functions of the engine and of C by their identities, those in SQL by their text. */
static weir_status digest_functions(wi_session *s, weir_error *err) {
  wi_digest d;
  wi_digest_begin(&d, "weir.functions");
  WI_TRY(digest_rows(s, WI_BR_FUNCTIONS, 6, NULL, &d, err));
  WI_TRY(digest_rows(s, WI_BR_MACROS, 2, NULL, &d, err));
  wi_digest_end_hex(&d, s->functions_digest);
  return WEIR_OK;
}

static weir_status note_name(wi_session *s, wi_str name, weir_error *err) {
  char *key = wi_strndup(name.p, name.n);
  bool kept = key != NULL && wi_map_put(&s->function_names, key, NULL);
  wi_free(key);
  return kept ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

/* The aliases, comma-joined: known names, too. */
static weir_status note_aliases(wi_session *s, wi_str aliases, weir_error *err) {
  while (aliases.n > 0) {
    const char *comma = memchr(aliases.p, ',', aliases.n);
    size_t n = comma != NULL ? (size_t)(comma - aliases.p) : aliases.n;
    WI_TRY(note_name(s, (wi_str){aliases.p, n}, err));
    n += comma != NULL ? 1 : 0;
    aliases.p += n;
    aliases.n -= n;
  }
  return WEIR_OK;
}

static weir_status read_names(wi_session *s, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_session_table_read(s->engine, s->handle, WI_BR_FUNCTIONS, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    WI_CHECK(note_name(s, wi_cursor_text(rows, 0), err));
    WI_CHECK(note_aliases(s, wi_cursor_text(rows, 4), err));
  }
done:
  wi_cursor_free(&rows);
  return status;
}

static weir_status digest_versions(wi_session *s, wi_digest *d, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_map versions = WI_MAP_INIT;
  WI_CHECK(wi_engine_versions(s->engine, &versions, err));
  for (size_t i = 0; i < versions.n; i++) {
    wi_digest_text(d, versions.entries[i].key);
    wi_digest_text(d, versions.entries[i].value);
  }
done:
  for (size_t i = 0; i < versions.n; i++) {
    wi_free(versions.entries[i].value);
  }
  wi_map_release(&versions);
  return status;
}

#include "../../tables/epoch.def"

weir_status wi_session_capture(wi_session *s, weir_error *err) {
  wi_digest d;
  WI_TRY(digest_table(s, WI_BR_SETTINGS, 2, "weir.settings", is_speed, s->settings_digest,
                      err));
  WI_TRY(digest_functions(s, err));
  WI_TRY(digest_table(s, WI_BR_RULES, 5, "weir.rules", NULL, s->rules_digest, err));
  WI_TRY(read_names(s, err));
  wi_digest_begin(&d, "weir.session");
  wi_digest_u64(&d, WI_ENGINE_EPOCH);
  WI_TRY(digest_versions(s, &d, err));
  wi_digest_text(&d, s->functions_digest);
  wi_digest_text(&d, s->rules_digest);
  wi_digest_text(&d, s->settings_digest);
  wi_digest_end_hex(&d, s->digest);
  return WEIR_OK;
}

static void digest_pin(wi_digest *d, const wi_input *input) {
  wi_digest_text(d, input->schema);
  wi_digest_text(d, input->name);
  wi_digest_u64(d, (uint64_t)input->kind);
  wi_digest_text(d, input->schema_digest);
  if (input->kind == WI_INPUT_DELTA) {
    wi_digest_text(d, input->pin.uri);
    wi_digest_u64(d, (uint64_t)input->pin.version);
    wi_digest_text(d, input->pin.commit_digest);
    wi_digest_text(d, input->pin.table_id);
    wi_digest_text(d, input->pin.schema_digest);
  }
}

weir_status wi_session_envelope(wi_session *s, char out[WI_DIGEST_HEX], weir_error *err) {
  wi_digest d;
  out[0] = '\0';
  if (!s->sealed) {
    wi_err_hint(err, "register every table, seal the session, then capture");
    return WI_ERR(err, WEIR_E_NOT_SEALED,
                  "the envelope is captured before registration ended");
  }
  wi_digest_begin(&d, "weir.envelope");
  wi_digest_text(&d, s->digest);
  wi_digest_u64(&d, s->threads);
  wi_digest_u64(&d, s->memory);
  wi_digest_u64(&d, (uint64_t)s->now_us);
  pthread_mutex_lock(&s->lock);
  wi_digest_u64(&d, s->inputs.n);
  for (size_t i = 0; i < s->inputs.n; i++) {
    digest_pin(&d, s->inputs.entries[i].value);
  }
  pthread_mutex_unlock(&s->lock);
  wi_digest_end_hex(&d, out);
  return WEIR_OK;
}

static void digest_field(wi_digest *d, const struct ArrowSchema *schema) {
  wi_digest_text(d, schema->format);
  wi_digest_text(d, schema->name);
  wi_digest_u64(d, (uint64_t)(schema->flags & ARROW_FLAG_NULLABLE));
  wi_digest_u64(d, (uint64_t)schema->n_children);
}

void wi_schema_drop(struct ArrowSchema *schema) {
  if (schema->release != NULL) {
    schema->release(schema);
  }
}

/* Depth first with a stack of its own: schemas of tables may nest deeply. */
weir_status wi_schema_digest(const struct ArrowSchema *schema, char out[WI_DIGEST_HEX],
                             weir_error *err) {
  weir_status status = WEIR_OK;
  wi_list stack = WI_LIST_INIT;
  wi_digest d;
  wi_digest_begin(&d, "weir.schema");
  wi_digest_u64(&d, (uint64_t)schema->n_children);
  for (int64_t i = schema->n_children - 1; i >= 0 && status == WEIR_OK; i--) {
    status =
        wi_list_add(&stack, schema->children[i]) ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
  }
  while (status == WEIR_OK && stack.n > 0) {
    const struct ArrowSchema *field = stack.items[--stack.n];
    digest_field(&d, field);
    for (int64_t i = field->n_children - 1; i >= 0 && status == WEIR_OK; i--) {
      status = wi_list_add(&stack, field->children[i]) ? WEIR_OK
                                                       : wi_err_nomem(err, WI_ORIGIN);
    }
  }
  wi_digest_end_hex(&d, out);
  wi_list_release(&stack);
  return status;
}
