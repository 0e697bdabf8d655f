/* What a session can tell of itself, as tables. */
#include <string.h>

#include "api/private.h"

#define WI_ORIGIN "api"

#define TEXT(name) {name, WI_ROWS_TEXT, true}
#define INT(name)  {name, WI_ROWS_INT64, true}
#define COUNT(a)   (sizeof(a) / sizeof(a)[0])

static const wi_rows_column settings[] = {TEXT("key"), TEXT("value")};
static const wi_rows_column functions[] = {TEXT("name"),       TEXT("kind"),
                                           TEXT("volatility"), TEXT("identity"),
                                           TEXT("aliases"),    TEXT("origin")};
static const wi_rows_column rules[] = {TEXT("kind"), INT("ordinal"), TEXT("name"),
                                       TEXT("version"), TEXT("parameters")};
static const wi_rows_column macros[] = {TEXT("name"), TEXT("text")};
static const wi_rows_column plugins[] = {
    TEXT("name"),         TEXT("version"), TEXT("build_id"),     TEXT("abi"),
    TEXT("capabilities"), TEXT("path"),    TEXT("content_hash"), TEXT("functions")};
static const wi_rows_column pins[] = {TEXT("name"),
                                      TEXT("kind"),
                                      TEXT("provider_kind"),
                                      TEXT("uri"),
                                      INT("version"),
                                      {"snapshot_timestamp", WI_ROWS_TIME, true},
                                      TEXT("table_id"),
                                      TEXT("schema_digest"),
                                      INT("min_reader_version"),
                                      INT("min_writer_version"),
                                      TEXT("reader_features"),
                                      TEXT("writer_features")};

/* A table that the engine has, under names of ours. */
typedef struct engine_def {
  wi_br_session_table which;
  const wi_rows_column *columns;
  size_t n;
} engine_def;

static void put_row(const engine_def *def, const wi_cursor *from, wi_rows *r) {
  for (size_t c = 0; c < def->n; c++) {
    if (def->columns[c].type == WI_ROWS_INT64) {
      wi_rows_int(r, wi_cursor_int(from, (int64_t)c));
    } else {
      wi_rows_text(r, wi_cursor_text(from, (int64_t)c));
    }
  }
}

/* The engine knows only that a function is not its own. */
static void put_function(const wi_session *s, const wi_cursor *from, wi_rows *r) {
  wi_str name = wi_cursor_text(from, 0), origin = wi_cursor_text(from, 5);
  char *key = wi_str_eq(origin, "host") ? wi_strndup(name.p, name.n) : NULL;
  bool plugin = key != NULL && wi_session_plugin_fn(s, key) != NULL;
  wi_free(key);
  for (int64_t c = 0; c < 5; c++) {
    wi_rows_text(r, wi_cursor_text(from, c));
  }
  wi_rows_text(r, plugin ? wi_str_of("plugin") : origin);
}

static weir_status engine_table(weir_session *s, const engine_def *def,
                                struct ArrowArrayStream *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_rows *r = NULL;
  wi_cursor *from = NULL;
  bool has = false;
  WI_CHECK(
      wi_br_session_table_read(s->engine, s->session->handle, def->which, &from, err));
  WI_CHECK(wi_rows_new(def->columns, def->n, &r, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(from, &has, err));
    if (!has) {
      break;
    }
    if (def->which == WI_BR_FUNCTIONS) {
      put_function(s->session, from, r);
    } else {
      put_row(def, from, r);
    }
    wi_rows_end(r);
  }
  WI_CHECK(wi_rows_stream(r, out, err));
done:
  wi_cursor_free(&from);
  wi_rows_free(&r);
  return status;
}

static const char *input_kind(const wi_input *input) {
  return input->kind == WI_INPUT_DELTA    ? "delta"
         : input->kind == WI_INPUT_MEMORY ? "memory"
                                          : "stream";
}

static void put_pin(const wi_input *input, wi_rows *r) {
  const wi_pin *pin = &input->pin;
  bool delta = input->kind == WI_INPUT_DELTA;
  wi_rows_cstr(r, input->name);
  wi_rows_cstr(r, input_kind(input));
  wi_rows_cstr(r, delta ? "delta_native" : input_kind(input));
  wi_rows_cstr(r, pin->uri);
  if (!delta) {
    for (int i = 4; i < 12; i++) {
      wi_rows_cstr(r, i == 7 ? input->schema_digest : NULL);
    }
    return;
  }
  wi_rows_int(r, pin->version);
  wi_rows_int(r, pin->timestamp_us);
  wi_rows_cstr(r, pin->table_id);
  wi_rows_cstr(r, pin->schema_digest);
  wi_rows_int(r, pin->min_reader);
  wi_rows_int(r, pin->min_writer);
  wi_rows_cstr(r, pin->reader_features);
  wi_rows_cstr(r, pin->writer_features);
}

static weir_status pins_table(weir_session *s, struct ArrowArrayStream *out,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  wi_rows *r = NULL;
  wi_inputs inputs = {0};
  WI_CHECK(wi_session_inputs(s->session, &inputs, err));
  WI_CHECK(wi_rows_new(pins, COUNT(pins), &r, err));
  for (size_t i = 0; i < inputs.n; i++) {
    put_pin(inputs.items[i], r);
    wi_rows_end(r);
  }
  WI_CHECK(wi_rows_stream(r, out, err));
done:
  wi_inputs_release(s->session, &inputs);
  wi_rows_free(&r);
  return status;
}

static void put_plugin(const wi_plugin *p, wi_buf *text, wi_rows *r) {
  wi_rows_cstr(r, p->from->name);
  wi_rows_cstr(r, p->from->version);
  wi_rows_cstr(r, p->from->build_id);
  wi_buf_fmt(text, "%u.%u", p->from->abi_major, p->from->abi_minor);
  wi_rows_buf(r, text);
  wi_plugin_capabilities(p->from->capabilities, text);
  wi_rows_buf(r, text);
  wi_rows_cstr(r, p->path);
  wi_rows_cstr(r, p->hash);
  for (size_t i = 0; i < p->n_functions; i++) {
    wi_buf_fmt(text, "%s%s", i > 0 ? "," : "", p->functions[i].fn.name);
  }
  wi_rows_buf(r, text);
}

static weir_status plugins_table(weir_session *s, struct ArrowArrayStream *out,
                                 weir_error *err) {
  weir_status status = WEIR_OK;
  wi_rows *r = NULL;
  wi_buf text = WI_BUF_INIT;
  WI_CHECK(wi_rows_new(plugins, COUNT(plugins), &r, err));
  for (size_t i = 0; i < s->session->plugins.n; i++) {
    put_plugin(s->session->plugins.items[i], &text, r);
    wi_rows_end(r);
  }
  WI_CHECK(wi_rows_stream(r, out, err));
done:
  wi_buf_release(&text);
  wi_rows_free(&r);
  return status;
}

weir_status weir_session_read(weir_session *session, weir_session_table table,
                              struct ArrowArrayStream *out, weir_error *err) {
  static const engine_def of_engine[] = {
      [WEIR_SESSION_SETTINGS] = {WI_BR_SETTINGS, settings, COUNT(settings)},
      [WEIR_SESSION_FUNCTIONS] = {WI_BR_FUNCTIONS, functions, COUNT(functions)},
      [WEIR_SESSION_RULES] = {WI_BR_RULES, rules, COUNT(rules)},
      [WEIR_SESSION_MACROS] = {WI_BR_MACROS, macros, COUNT(macros)}};
  WI_ARG(out, err);
  memset(out, 0, sizeof(*out));
  WI_ARG(session, err);
  switch (table) {
    case WEIR_SESSION_SETTINGS:
    case WEIR_SESSION_FUNCTIONS:
    case WEIR_SESSION_RULES:
    case WEIR_SESSION_MACROS:
      return engine_table(session, &of_engine[table], out, err);
    case WEIR_SESSION_FUNCTION_DOCS:
      return wi_api_function_docs(session, out, err);
    case WEIR_SESSION_PLUGINS:
      return plugins_table(session, out, err);
    case WEIR_SESSION_PINS:
      return pins_table(session, out, err);
    default:
      return WI_ERR(err, WEIR_E_USAGE, "there is no session table %d", (int)table);
  }
}
