/* Texts in a normal form: whole texts, texts without blanks around, names of symbols. */
#include <string.h>

#include "udf/kernel.h"
#include "udf/text/texts.h"

#define WI_ORIGIN "udf"

/* How texts are rewritten in one call. */
typedef struct rewrite {
  wi_form form;
  wi_case to;
  bool collapse;
  wi_normal points;
} rewrite;

/* Appends the text's form to `t`; nothing for a blank one. */
static weir_status rewrite_put(rewrite *r, wi_texts *t, wi_str in, weir_error *err) {
  size_t count = 0;
  in = wi_trim_white(in);
  if (in.n == 0) {
    return WEIR_OK;
  }
  char *to = wi_texts_room(t, in.n);
  if (to == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  unsigned found = wi_case_scan(in.p, in.n, r->to, r->collapse, to);
  if ((found & WI_SCAN_WIDE) == 0) {
    bool squeeze = (found & WI_SCAN_BLANKS) != 0;
    t->at += squeeze ? wi_case_squeeze(in.p, in.n, r->to, to) : in.n;
    return WEIR_OK;
  }
  WI_TRY(wi_normal_points(&r->points, r->form, in, &count, err));
  to = wi_texts_room(t, count * WI_CASE_ROOM);
  if (to == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  t->at += wi_case_write(r->points.points, count, r->to, r->collapse, to);
  return WEIR_OK;
}

/* ---- the loop that all share ---- */

typedef weir_status put_row(void *ctx, wi_texts *t, int64_t row, weir_error *err);

/* A text for each valid row; nothing written makes it null. */
static weir_status each_row(put_row *put, void *ctx, wi_texts *t, int64_t from, int64_t n,
                            int64_t rows, wi_valid *valid, weir_error *err) {
  for (int64_t i = from; i < from + n; i++) {
    size_t before = t->at;
    if (wi_valid_at(valid, i)) {
      WI_TRY(put(ctx, t, i, err));
      if (t->at == before) {
        WI_TRY(wi_valid_unset(valid, i, rows, err));
      }
    }
    wi_texts_end(t, i);
  }
  return WEIR_OK;
}

/* Block by block: as plain ones, if they are; row by row else. plain NULL: always so. */
static weir_status all_rows(const wi_plain *plain, put_row *put, void *ctx, wi_texts *t,
                            int64_t rows, wi_valid *valid, weir_error *err) {
  for (int64_t from = 0; from < rows; from += WI_PLAIN_ROWS) {
    int64_t n = rows - from < WI_PLAIN_ROWS ? rows - from : WI_PLAIN_ROWS;
    bool done = false;
    if (plain != NULL) {
      WI_TRY(wi_plain_block(plain, from, n, rows, valid, t, &done, err));
    }
    if (!done) {
      WI_TRY(each_row(put, ctx, t, from, n, rows, valid, err));
    }
  }
  return WEIR_OK;
}

static weir_status nullable_text(const wi_fn *fn, size_t n,
                                 const struct ArrowSchema *const *args,
                                 struct ArrowSchema *out, weir_error *err) {
  memset(out, 0, sizeof *out);
  WI_TRY(wi_args_check(fn, n, args, err));
  return wi_field_init(out, fn, NANOARROW_TYPE_STRING, true, err);
}

/* ---- utf8_normalize ---- */

enum { ARG_VALUE, ARG_FORM, ARG_CASEFOLD, ARG_COLLAPSE, N_NORMALIZE };

static weir_status form_of(const wi_fn *fn, wi_str name, wi_form *out, weir_error *err) {
  static const struct {
    const char *name;
    wi_form form;
  } forms[] = {{"NFKC", WI_FORM_NFKC},
               {"NFC", WI_FORM_NFC},
               {"NFD", WI_FORM_NFD},
               {"NFKD", WI_FORM_NFKD}};
  name = wi_trim_white(name);
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    if (strlen(forms[i].name) == name.n &&
        wi_ascii_same_n(forms[i].name, name.p, name.n)) {
      *out = forms[i].form;
      return WEIR_OK;
    }
  }
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, "the forms are NFC, NFD, NFKC and NFKD",
                     "%s: there is no normal form '%.*s'", fn->name,
                     (int)(name.n > 40 ? 40 : name.n), name.p);
}

weir_status wi_field_utf8_normalize(const wi_fn *fn, size_t n,
                                    const struct ArrowSchema *const *args,
                                    const struct ArrowArray *const *literals,
                                    struct ArrowSchema *out, weir_error *err) {
  memset(out, 0, sizeof *out);
  WI_TRY(wi_args_check(fn, n, args, err));
  WI_TRY(wi_literals_check(fn, n, args, literals, err));
  if (n > ARG_FORM && literals != NULL && literals[ARG_FORM] != NULL &&
      strcmp(args[ARG_FORM]->format, "n") != 0) {
    wi_col col;
    wi_form form;
    WI_TRY(wi_literal_open(&col, args[ARG_FORM], literals[ARG_FORM], err));
    weir_status status =
        wi_col_null(&col, 0) ? WEIR_OK : form_of(fn, wi_col_text(&col, 0), &form, err);
    ArrowArrayViewReset(&col.view);
    WI_TRY(status);
  }
  return nullable_text(fn, n, args, out, err);
}

static weir_status normalize_options(const wi_fn *fn, const wi_cols *cols, rewrite *r,
                                     weir_error *err) {
  const wi_fn_config *config = wi_fn_config_of(fn);
  const wi_col *form = &cols->items[ARG_FORM];
  const wi_col *fold = &cols->items[ARG_CASEFOLD];
  const wi_col *collapse = &cols->items[ARG_COLLAPSE];
  wi_str name = wi_col_null(form, 0) ? wi_str_of(config->utf8_normalize_form)
                                     : wi_col_text(form, 0);
  bool lower =
      wi_col_null(fold, 0) ? config->utf8_normalize_casefold : wi_col_int(fold, 0) != 0;
  r->to = lower ? WI_CASE_LOWER : WI_CASE_NONE;
  r->collapse = wi_col_null(collapse, 0) ? config->utf8_normalize_collapse_ws
                                         : wi_col_int(collapse, 0) != 0;
  return form_of(fn, name, &r->form, err);
}

typedef struct normalize_call {
  rewrite how;
  const wi_col *value;
} normalize_call;

static weir_status put_normal(void *ctx, wi_texts *t, int64_t row, weir_error *err) {
  normalize_call *c = ctx;
  return rewrite_put(&c->how, t, wi_col_text(c->value, row), err);
}

weir_status wi_run_utf8_normalize(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                                  int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  wi_valid valid;
  wi_texts t;
  normalize_call call = {.how = {.points = WI_NORMAL_INIT}};
  memset(out, 0, sizeof *out);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, N_NORMALIZE, err));
  WI_CHECK(wi_cols_literal(&cols, fn, n, err));
  WI_CHECK(normalize_options(fn, &cols, &call.how, err));
  call.value = &cols.items[ARG_VALUE];
  WI_CHECK(wi_valid_init(&valid, call.value, 1, rows, err));
  WI_CHECK(wi_texts_init(&t, out, fn, rows,
                         wi_col_text_bytes(call.value, rows, valid.bits), err));
  wi_plain plain = {call.value, NULL, call.how.to, call.how.collapse, false};
  WI_CHECK(all_rows(&plain, put_normal, &call, &t, rows, &valid, err));
  WI_CHECK(wi_texts_seal(&t, rows, &valid, err));
  WI_CHECK(wi_out_finish(out, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  wi_normal_release(&call.how.points);
  wi_valid_release(&valid);
  wi_cols_close(&cols);
  return status;
}

/* ---- utf8_null_if_blank ---- */

weir_status wi_field_null_if_blank(const wi_fn *fn, size_t n,
                                   const struct ArrowSchema *const *args,
                                   const struct ArrowArray *const *literals,
                                   struct ArrowSchema *out, weir_error *err) {
  (void)literals;
  return nullable_text(fn, n, args, out, err);
}

weir_status wi_run_null_if_blank(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                                 int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  wi_valid valid;
  wi_texts t;
  memset(out, 0, sizeof *out);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, 1, err));
  WI_CHECK(wi_valid_init(&valid, cols.items, 1, rows, err));
  WI_CHECK(wi_texts_init(&t, out, fn, rows,
                         wi_col_text_bytes(cols.items, rows, valid.bits), err));
  wi_plain plain = {cols.items, NULL, WI_CASE_NONE, false, true};
  WI_CHECK(all_rows(&plain, NULL, NULL, &t, rows, &valid, err)); /* any text is plain */
  WI_CHECK(wi_texts_seal(&t, rows, &valid, err));
  WI_CHECK(wi_out_finish(out, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  wi_valid_release(&valid);
  wi_cols_close(&cols);
  return status;
}

/* ---- qname_normalize ---- */

enum { ARG_SYMBOL, ARG_MODULE, ARG_LANG, N_QNAME };

typedef struct qname_call {
  rewrite how;
  const wi_col *symbol, *module, *lang;
} qname_call;

weir_status wi_field_qname(const wi_fn *fn, size_t n,
                           const struct ArrowSchema *const *args,
                           const struct ArrowArray *const *literals,
                           struct ArrowSchema *out, weir_error *err) {
  (void)literals;
  return nullable_text(fn, n, args, out, err);
}

/* Whether names of the language differ by case. */
static bool keeps_case(wi_str lang) {
  lang = wi_trim_white(lang);
  return lang.n == 6 && wi_ascii_same_n(lang.p, "python", 6);
}

static wi_case case_of(const wi_col *lang, int64_t row) {
  bool python = !wi_col_null(lang, row) && keeps_case(wi_col_text(lang, row));
  return python ? WI_CASE_NONE : WI_CASE_LOWER;
}

/* The module goes first: written, then taken back if the symbol turns out to be qualified. */
static weir_status put_qname(void *ctx, wi_texts *t, int64_t row, weir_error *err) {
  qname_call *c = ctx;
  size_t start = t->at;
  c->how.to = case_of(c->lang, row);
  if (!wi_col_null(c->module, row)) {
    WI_TRY(rewrite_put(&c->how, t, wi_col_text(c->module, row), err));
  }
  size_t name = t->at;
  if (name > start) {
    char *dot = wi_texts_room(t, 1);
    if (dot == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    *dot = '.';
    name = ++t->at;
  }
  WI_TRY(rewrite_put(&c->how, t, wi_col_text(c->symbol, row), err));
  char *text = (char *)t->data->data;
  size_t n = t->at - name;
  if (n == 0) {
    t->at = start;
  } else if (name > start && memchr(text + name, '.', n) != NULL) {
    memmove(text + start, text + name, n);
    t->at = start + n;
  }
  return WEIR_OK;
}

weir_status wi_run_qname(const wi_fn *fn, size_t n, const wi_fn_arg *args, int64_t rows,
                         struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  wi_valid valid;
  wi_texts t;
  qname_call call = {.how = {WI_FORM_NFKC, WI_CASE_LOWER, true, WI_NORMAL_INIT}};
  memset(out, 0, sizeof *out);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, N_QNAME, err));
  call.symbol = &cols.items[ARG_SYMBOL];
  call.module = &cols.items[ARG_MODULE];
  call.lang = &cols.items[ARG_LANG];
  WI_CHECK(wi_valid_init(&valid, call.symbol, 1, rows, err));
  WI_CHECK(wi_texts_init(&t, out, fn, rows,
                         wi_col_text_bytes(call.symbol, rows, valid.bits), err));
  bool alone = call.module->step == 0 && wi_col_null(call.module, 0);
  wi_plain plain = {.texts = call.symbol,
                    .modules = alone ? NULL : call.module,
                    .to = call.lang->step == 0 ? case_of(call.lang, 0) : WI_CASE_NONE,
                    .collapse = true};
  WI_CHECK(all_rows(call.lang->step == 0 ? &plain : NULL, put_qname, &call, &t, rows,
                    &valid, err));
  WI_CHECK(wi_texts_seal(&t, rows, &valid, err));
  WI_CHECK(wi_out_finish(out, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  wi_normal_release(&call.how.points);
  wi_valid_release(&valid);
  wi_cols_close(&cols);
  return status;
}
