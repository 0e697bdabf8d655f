/* What the functions of weir and of plug-ins say of themselves, as a table of texts. */
#include <errno.h>
#include <string.h>

#include "api/private.h"
#include "nanoarrow/nanoarrow.h"

#define WI_ORIGIN "api"

static const char *const columns[] = {
    "name",    "section",        "tags",     "syntax",     "description", "returns",
    "example", "example_result", "settings", "parameters", "kind",        "volatility"};
enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static int put(struct ArrowArray *column, const char *text) {
  struct ArrowStringView view = {text, text != NULL ? (int64_t)strlen(text) : 0};
  return text == NULL || text[0] == '\0' ? ArrowArrayAppendNull(column, 1)
                                         : ArrowArrayAppendString(column, view);
}

/* Empties the text for the next one. */
static int put_buf(struct ArrowArray *column, wi_buf *text) {
  int code = text->failed ? ENOMEM : put(column, wi_buf_text(text));
  wi_buf_clear(text);
  return code;
}

static void tags_text(const wi_fn *fn, wi_buf *out) {
  for (size_t i = 0; i < fn->n_tags; i++) {
    wi_buf_fmt(out, "%s%s", i > 0 ? "," : "", fn->tags[i]);
  }
}

/* "weir.functions.x=value": those that the function reads, as the session has them. */
static void settings_text(const wi_session *s, const wi_fn *fn, wi_buf *out) {
  wi_fn_setting all[WI_FN_N_SETTINGS];
  wi_fn_config_list(&s->functions, all);
  for (size_t i = 0; i < WI_FN_N_SETTINGS; i++) {
    if ((fn->settings & all[i].bit) != 0) {
      wi_buf_fmt(out, "%s%s=%s", out->n > 0 ? "," : "", all[i].key, all[i].value);
    }
  }
}

static void parameters_json(const wi_fn *fn, wi_buf *out) {
  wi_json j;
  wi_json_begin(&j, out);
  wi_json_array(&j);
  for (size_t i = 0; i < fn->n_params; i++) {
    const wi_fn_param *p = &fn->params[i];
    wi_json_object(&j);
    wi_json_kt(&j, "name", p->name);
    wi_json_kt(&j, "type", p->type_text);
    wi_json_kb(&j, "optional", p->optional);
    wi_json_kb(&j, "variadic", p->variadic);
    wi_json_kb(&j, "literal", p->literal);
    wi_json_kt(&j, "doc", p->doc);
    wi_json_object_end(&j);
  }
  wi_json_array_end(&j);
}

static int put_fn(const wi_session *s, const wi_fn *fn, wi_buf *text,
                  struct ArrowArray *array) {
  struct ArrowArray **c = array->children;
  NANOARROW_RETURN_NOT_OK(put(c[0], fn->name));
  NANOARROW_RETURN_NOT_OK(put(c[1], fn->section));
  tags_text(fn, text);
  NANOARROW_RETURN_NOT_OK(put_buf(c[2], text));
  NANOARROW_RETURN_NOT_OK(put(c[3], fn->syntax));
  NANOARROW_RETURN_NOT_OK(put(c[4], fn->description));
  NANOARROW_RETURN_NOT_OK(put(c[5], fn->return_text));
  NANOARROW_RETURN_NOT_OK(put(c[6], fn->example));
  NANOARROW_RETURN_NOT_OK(put(c[7], fn->example_result));
  settings_text(s, fn, text);
  NANOARROW_RETURN_NOT_OK(put_buf(c[8], text));
  parameters_json(fn, text);
  NANOARROW_RETURN_NOT_OK(put_buf(c[9], text));
  NANOARROW_RETURN_NOT_OK(put(c[10], wi_fn_kind_text(fn)));
  NANOARROW_RETURN_NOT_OK(put(c[11], wi_fn_volatility_text(fn)));
  return ArrowArrayFinishElement(array);
}

static int put_all(const wi_session *s, struct ArrowArray *array) {
  size_t n = 0;
  const wi_fn *const *own = wi_udf_list(&n);
  wi_buf text = WI_BUF_INIT;
  int code = NANOARROW_OK;
  for (size_t i = 0; i < n && code == NANOARROW_OK; i++) {
    code = put_fn(s, own[i], &text, array);
  }
  for (size_t i = 0; i < s->plugins.n && code == NANOARROW_OK; i++) {
    const wi_plugin *p = s->plugins.items[i];
    for (size_t k = 0; k < p->n_functions && code == NANOARROW_OK; k++) {
      code = put_fn(s, &p->functions[k].fn, &text, array);
    }
  }
  wi_buf_release(&text);
  return code;
}

static int make(const wi_session *s, struct ArrowSchema *schema, struct ArrowArray *array,
                struct ArrowArrayStream *out) {
  ArrowSchemaInit(schema);
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(schema, N_COLUMNS));
  for (int64_t i = 0; i < N_COLUMNS; i++) {
    NANOARROW_RETURN_NOT_OK(
        ArrowSchemaSetType(schema->children[i], NANOARROW_TYPE_STRING));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(schema->children[i], columns[i]));
  }
  NANOARROW_RETURN_NOT_OK(ArrowArrayInitFromSchema(array, schema, NULL));
  NANOARROW_RETURN_NOT_OK(ArrowArrayStartAppending(array));
  NANOARROW_RETURN_NOT_OK(put_all(s, array));
  NANOARROW_RETURN_NOT_OK(ArrowArrayFinishBuildingDefault(array, NULL));
  NANOARROW_RETURN_NOT_OK(ArrowBasicArrayStreamInit(out, schema, 1));
  ArrowBasicArrayStreamSetArray(out, 0, array);
  return NANOARROW_OK;
}

weir_status wi_api_function_docs(const weir_session *session,
                                 struct ArrowArrayStream *out, weir_error *err) {
  struct ArrowSchema schema = {0};
  struct ArrowArray array = {0};
  weir_status status = WEIR_OK;
  if (make(session->session, &schema, &array, out) != NANOARROW_OK) {
    status = wi_err_nomem(err, WI_ORIGIN);
  }
  if (array.release != NULL) {
    array.release(&array);
  }
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  return status;
}
