/* What the functions of weir and of plug-ins say of themselves, as a table of texts. */
#include "api/private.h"

#define TEXT(name) {name, WI_ROWS_TEXT, true}
static const wi_rows_column columns[] = {
    TEXT("name"),        TEXT("section"),    TEXT("tags"),    TEXT("syntax"),
    TEXT("description"), TEXT("returns"),    TEXT("example"), TEXT("example_result"),
    TEXT("settings"),    TEXT("parameters"), TEXT("kind"),    TEXT("volatility")};

/* What says nothing is null. */
static void put(wi_rows *r, const char *text) {
  wi_rows_cstr(r, text == NULL || text[0] == '\0' ? NULL : text);
}

static void put_buf(wi_rows *r, wi_buf *text) {
  if (text->n == 0 && !text->failed) {
    wi_rows_null(r);
  } else {
    wi_rows_buf(r, text);
  }
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

static void put_fn(const wi_session *s, const wi_fn *fn, wi_buf *text, wi_rows *r) {
  put(r, fn->name);
  put(r, fn->section);
  tags_text(fn, text);
  put_buf(r, text);
  put(r, fn->syntax);
  put(r, fn->description);
  put(r, fn->return_text);
  put(r, fn->example);
  put(r, fn->example_result);
  settings_text(s, fn, text);
  put_buf(r, text);
  parameters_json(fn, text);
  put_buf(r, text);
  put(r, wi_fn_kind_text(fn));
  put(r, wi_fn_volatility_text(fn));
  wi_rows_end(r);
}

weir_status wi_api_function_docs(const weir_session *session,
                                 struct ArrowArrayStream *out, weir_error *err) {
  const wi_session *s = session->session;
  weir_status status = WEIR_OK;
  wi_rows *r = NULL;
  wi_buf text = WI_BUF_INIT;
  size_t n = 0;
  const wi_fn *const *own = wi_udf_list(&n);
  WI_CHECK(wi_rows_new(columns, sizeof columns / sizeof columns[0], &r, err));
  for (size_t i = 0; i < n; i++) {
    put_fn(s, own[i], &text, r);
  }
  for (size_t i = 0; i < s->plugins.n; i++) {
    const wi_plugin *p = s->plugins.items[i];
    for (size_t k = 0; k < p->n_functions; k++) {
      put_fn(s, &p->functions[k].fn, &text, r);
    }
  }
  WI_CHECK(wi_rows_stream(r, out, err));
done:
  wi_buf_release(&text);
  wi_rows_free(&r);
  return status;
}
