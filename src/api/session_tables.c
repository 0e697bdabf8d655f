/* What a session can tell of itself, as tables. */
#include <errno.h>
#include <string.h>

#include "api/private.h"
#include "nanoarrow/nanoarrow.h"

#define WI_ORIGIN "api"

typedef enum cell { TEXT_CELL, INT_CELL, TIME_CELL } cell;
typedef struct table_def {
  const char *const *names;
  const cell *types;
  int64_t n;
} table_def;

static int init_table(const table_def *def, struct ArrowSchema *schema,
                      struct ArrowArray *array) {
  ArrowSchemaInit(schema);
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(schema, def->n));
  for (int64_t i = 0; i < def->n; i++) {
    struct ArrowSchema *c = schema->children[i];
    if (def->types[i] == TIME_CELL) {
      NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeDateTime(
          c, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MICRO, "UTC"));
    } else {
      NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(
          c, def->types[i] == INT_CELL ? NANOARROW_TYPE_INT64 : NANOARROW_TYPE_STRING));
    }
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(c, def->names[i]));
  }
  NANOARROW_RETURN_NOT_OK(ArrowArrayInitFromSchema(array, schema, NULL));
  return ArrowArrayStartAppending(array);
}

static int put_text(struct ArrowArray *array, const char *text, size_t n) {
  if (text == NULL) {
    return ArrowArrayAppendNull(array, 1);
  }
  struct ArrowStringView view = {text, (int64_t)n};
  return ArrowArrayAppendString(array, view);
}

static int put_cstr(struct ArrowArray *array, const char *text) {
  return put_text(array, text, text != NULL ? strlen(text) : 0);
}

static int finish_table(struct ArrowSchema *schema, struct ArrowArray *array,
                        struct ArrowArrayStream *out) {
  struct ArrowError why;
  NANOARROW_RETURN_NOT_OK(ArrowArrayFinishBuildingDefault(array, &why));
  NANOARROW_RETURN_NOT_OK(ArrowBasicArrayStreamInit(out, schema, 1));
  ArrowBasicArrayStreamSetArray(out, 0, array);
  return NANOARROW_OK;
}

static int put_row(const table_def *def, const wi_cursor *rows,
                   struct ArrowArray *array) {
  for (int64_t c = 0; c < def->n; c++) {
    if (def->types[c] == INT_CELL) {
      NANOARROW_RETURN_NOT_OK(
          ArrowArrayAppendInt(array->children[c], wi_cursor_int(rows, c)));
    } else {
      wi_str text = wi_cursor_text(rows, c);
      NANOARROW_RETURN_NOT_OK(put_text(array->children[c], text.p, text.n));
    }
  }
  return ArrowArrayFinishElement(array);
}

/* The engine knows only that a function is not its own. */
static int put_function(const wi_session *s, const table_def *def, const wi_cursor *rows,
                        struct ArrowArray *array) {
  wi_str name = wi_cursor_text(rows, 0), origin = wi_cursor_text(rows, 5);
  char *key = wi_str_eq(origin, "host") ? wi_strndup(name.p, name.n) : NULL;
  bool plugin = key != NULL && wi_session_plugin_fn(s, key) != NULL;
  wi_free(key);
  for (int64_t c = 0; c < def->n - 1; c++) {
    wi_str text = wi_cursor_text(rows, c);
    NANOARROW_RETURN_NOT_OK(put_text(array->children[c], text.p, text.n));
  }
  NANOARROW_RETURN_NOT_OK(plugin ? put_cstr(array->children[5], "plugin")
                                 : put_text(array->children[5], origin.p, origin.n));
  return ArrowArrayFinishElement(array);
}

static weir_status engine_table(weir_session *s, wi_br_session_table which,
                                const table_def *def, struct ArrowArrayStream *out,
                                weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema schema = {0};
  struct ArrowArray array = {0};
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_session_table_read(s->engine, s->session->handle, which, &rows, err));
  int code = init_table(def, &schema, &array);
  while (code == NANOARROW_OK) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    code = which == WI_BR_FUNCTIONS ? put_function(s->session, def, rows, &array)
                                    : put_row(def, rows, &array);
  }
  if (code != NANOARROW_OK || finish_table(&schema, &array, out) != NANOARROW_OK) {
    status = wi_err_nomem(err, WI_ORIGIN);
  }
done:
  wi_cursor_free(&rows);
  if (array.release != NULL) {
    array.release(&array);
  }
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  return status;
}

static const char *input_kind(const wi_input *input) {
  return input->kind == WI_INPUT_DELTA    ? "delta"
         : input->kind == WI_INPUT_MEMORY ? "memory"
                                          : "stream";
}

static int put_pin(const wi_input *input, struct ArrowArray *array) {
  const wi_pin *pin = &input->pin;
  struct ArrowArray **c = array->children;
  bool delta = input->kind == WI_INPUT_DELTA;
  NANOARROW_RETURN_NOT_OK(put_cstr(c[0], input->name));
  NANOARROW_RETURN_NOT_OK(put_cstr(c[1], input_kind(input)));
  NANOARROW_RETURN_NOT_OK(put_cstr(c[2], delta ? "delta_native" : input_kind(input)));
  NANOARROW_RETURN_NOT_OK(put_cstr(c[3], pin->uri));
  if (!delta) {
    for (int i = 4; i < 12; i++) {
      NANOARROW_RETURN_NOT_OK(i == 7 ? put_cstr(c[i], input->schema_digest)
                                     : ArrowArrayAppendNull(c[i], 1));
    }
    return ArrowArrayFinishElement(array);
  }
  NANOARROW_RETURN_NOT_OK(ArrowArrayAppendInt(c[4], pin->version));
  NANOARROW_RETURN_NOT_OK(ArrowArrayAppendInt(c[5], pin->timestamp_us));
  NANOARROW_RETURN_NOT_OK(put_cstr(c[6], pin->table_id));
  NANOARROW_RETURN_NOT_OK(put_cstr(c[7], pin->schema_digest));
  NANOARROW_RETURN_NOT_OK(ArrowArrayAppendInt(c[8], pin->min_reader));
  NANOARROW_RETURN_NOT_OK(ArrowArrayAppendInt(c[9], pin->min_writer));
  NANOARROW_RETURN_NOT_OK(put_cstr(c[10], pin->reader_features));
  NANOARROW_RETURN_NOT_OK(put_cstr(c[11], pin->writer_features));
  return ArrowArrayFinishElement(array);
}

static weir_status pins_table(weir_session *s, const table_def *def,
                              struct ArrowArrayStream *out, weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema schema = {0};
  struct ArrowArray array = {0};
  wi_inputs inputs = {0};
  int code = NANOARROW_OK;
  WI_CHECK(wi_session_inputs(s->session, &inputs, err));
  code = init_table(def, &schema, &array);
  for (size_t i = 0; code == NANOARROW_OK && i < inputs.n; i++) {
    code = put_pin(inputs.items[i], &array);
  }
  if (code != NANOARROW_OK || finish_table(&schema, &array, out) != NANOARROW_OK) {
    status = wi_err_nomem(err, WI_ORIGIN);
  }
done:
  wi_inputs_release(s->session, &inputs);
  if (array.release != NULL) {
    array.release(&array);
  }
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  return status;
}

static int put_buf(struct ArrowArray *array, wi_buf *text) {
  int code = text->failed ? ENOMEM : put_text(array, wi_buf_text(text), text->n);
  wi_buf_clear(text);
  return code;
}

static int put_plugin(const wi_plugin *p, wi_buf *text, struct ArrowArray *array) {
  struct ArrowArray **c = array->children;
  NANOARROW_RETURN_NOT_OK(put_cstr(c[0], p->from->name));
  NANOARROW_RETURN_NOT_OK(put_cstr(c[1], p->from->version));
  NANOARROW_RETURN_NOT_OK(put_cstr(c[2], p->from->build_id));
  wi_buf_fmt(text, "%u.%u", p->from->abi_major, p->from->abi_minor);
  NANOARROW_RETURN_NOT_OK(put_buf(c[3], text));
  wi_plugin_capabilities(p->from->capabilities, text);
  NANOARROW_RETURN_NOT_OK(put_buf(c[4], text));
  NANOARROW_RETURN_NOT_OK(put_cstr(c[5], p->path));
  NANOARROW_RETURN_NOT_OK(put_cstr(c[6], p->hash));
  for (size_t i = 0; i < p->n_functions; i++) {
    wi_buf_fmt(text, "%s%s", i > 0 ? "," : "", p->functions[i].fn.name);
  }
  NANOARROW_RETURN_NOT_OK(put_buf(c[7], text));
  return ArrowArrayFinishElement(array);
}

static weir_status plugins_table(weir_session *s, const table_def *def,
                                 struct ArrowArrayStream *out, weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema schema = {0};
  struct ArrowArray array = {0};
  wi_buf text = WI_BUF_INIT;
  int code = init_table(def, &schema, &array);
  for (size_t i = 0; code == NANOARROW_OK && i < s->session->plugins.n; i++) {
    code = put_plugin(s->session->plugins.items[i], &text, &array);
  }
  if (code != NANOARROW_OK || finish_table(&schema, &array, out) != NANOARROW_OK) {
    status = wi_err_nomem(err, WI_ORIGIN);
  }
  wi_buf_release(&text);
  if (array.release != NULL) {
    array.release(&array);
  }
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  return status;
}

weir_status weir_session_read(weir_session *session, weir_session_table table,
                              struct ArrowArrayStream *out, weir_error *err) {
  static const char *const settings[] = {"key", "value"};
  static const char *const functions[] = {"name",     "kind",    "volatility",
                                          "identity", "aliases", "origin"};
  static const char *const rules[] = {"kind", "ordinal", "name", "version", "parameters"};
  static const char *const macros[] = {"name", "text"};
  static const char *const plugins[] = {"name",         "version",      "build_id",
                                        "abi",          "capabilities", "path",
                                        "content_hash", "functions"};
  static const char *const pins[] = {"name",
                                     "kind",
                                     "provider_kind",
                                     "uri",
                                     "version",
                                     "snapshot_timestamp",
                                     "table_id",
                                     "schema_digest",
                                     "min_reader_version",
                                     "min_writer_version",
                                     "reader_features",
                                     "writer_features"};
  static const cell texts[] = {TEXT_CELL, TEXT_CELL, TEXT_CELL, TEXT_CELL,
                               TEXT_CELL, TEXT_CELL, TEXT_CELL, TEXT_CELL};
  static const cell rule_types[] = {TEXT_CELL, INT_CELL, TEXT_CELL, TEXT_CELL, TEXT_CELL};
  static const cell pin_types[] = {TEXT_CELL, TEXT_CELL, TEXT_CELL, TEXT_CELL,
                                   INT_CELL,  TIME_CELL, TEXT_CELL, TEXT_CELL,
                                   INT_CELL,  INT_CELL,  TEXT_CELL, TEXT_CELL};
  WI_ARG(out, err);
  memset(out, 0, sizeof(*out));
  WI_ARG(session, err);
  switch (table) {
    case WEIR_SESSION_SETTINGS:
      return engine_table(session, WI_BR_SETTINGS, &(table_def){settings, texts, 2}, out,
                          err);
    case WEIR_SESSION_FUNCTIONS:
      return engine_table(session, WI_BR_FUNCTIONS, &(table_def){functions, texts, 6},
                          out, err);
    case WEIR_SESSION_RULES:
      return engine_table(session, WI_BR_RULES, &(table_def){rules, rule_types, 5}, out,
                          err);
    case WEIR_SESSION_MACROS:
      return engine_table(session, WI_BR_MACROS, &(table_def){macros, texts, 2}, out,
                          err);
    case WEIR_SESSION_FUNCTION_DOCS:
      return wi_api_function_docs(session, out, err);
    case WEIR_SESSION_PLUGINS:
      return plugins_table(session, &(table_def){plugins, texts, 8}, out, err);
    case WEIR_SESSION_PINS:
      return pins_table(session, &(table_def){pins, pin_types, 12}, out, err);
    default:
      return WI_ERR(err, WEIR_E_USAGE, "there is no session table %d", (int)table);
  }
}
