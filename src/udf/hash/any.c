/* stable_hash_any: the hash of any one value. */
#include <string.h>

#include "udf/kernel.h"
#include "udf/text/text.h"

#define WI_ORIGIN "udf"

enum { ARG_VALUE, ARG_CANONICAL, ARG_SENTINEL, N_ARGS };

static weir_status not_literal(const wi_fn *fn, size_t i, weir_error *err) {
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, WI_HINT("write %s", fn->syntax),
                     "%s: %s is to be a literal", fn->name, fn->params[i].name);
}

weir_status wi_field_any(const wi_fn *fn, size_t n, const struct ArrowSchema *const *args,
                         const struct ArrowArray *const *literals,
                         struct ArrowSchema *out, weir_error *err) {
  wi_arena arena = WI_ARENA_INIT;
  wi_shape shape;
  memset(out, 0, sizeof *out);
  WI_TRY(wi_args_check(fn, n, args, err));
  weir_status status = wi_shape_init(&shape, args[0], &arena, err);
  wi_arena_release(&arena);
  if (status != WEIR_OK) {
    wi_err_context(err, "%s", fn->name);
    return status;
  }
  for (size_t i = 1; i < n; i++) {
    if (literals != NULL && literals[i] == NULL && strcmp(args[i]->format, "n") != 0) {
      return not_literal(fn, i, err);
    }
  }
  return wi_field_init(out, fn, NANOARROW_TYPE_STRING, false, err);
}

typedef struct any_call {
  const wi_col *value;
  wi_shape shape;
  bool canonical, is_text;
  wi_str sentinel;
  wi_text text;
  wi_normal normal;
} any_call;

/* The bytes to hash. The sentinel is taken as it is given. */
static weir_status any_bytes(any_call *c, int64_t row, wi_str *out, weir_error *err) {
  int64_t at = row * c->value->step;
  if (wi_value_null(&c->shape, &c->value->view, at)) {
    *out = c->sentinel;
    return WEIR_OK;
  }
  if (c->is_text) {
    *out = wi_col_text(c->value, row);
  } else {
    wi_buf_clear(&c->text.out);
    wi_text_value(&c->text, &c->shape, &c->value->view, at);
    WI_TRY(wi_text_check(&c->text, err));
    *out = (wi_str){wi_buf_text(&c->text.out), c->text.out.n};
  }
  return c->canonical ? wi_normal_nfkc(&c->normal, wi_trim_white(*out), out, err)
                      : WEIR_OK;
}

static weir_status any_open(any_call *c, const wi_fn *fn, const wi_cols *cols,
                            const struct ArrowSchema *schema, wi_arena *arena,
                            weir_error *err) {
  const wi_col *canonical = &cols->items[ARG_CANONICAL];
  const wi_col *sentinel = &cols->items[ARG_SENTINEL];
  if (canonical->step != 0 || sentinel->step != 0) {
    return not_literal(fn, canonical->step != 0 ? ARG_CANONICAL : ARG_SENTINEL, err);
  }
  c->value = &cols->items[ARG_VALUE];
  c->is_text = c->value->type == NANOARROW_TYPE_STRING ||
               c->value->type == NANOARROW_TYPE_LARGE_STRING ||
               c->value->type == NANOARROW_TYPE_STRING_VIEW;
  c->canonical = wi_col_null(canonical, 0) || wi_col_int(canonical, 0) != 0;
  c->sentinel =
      wi_col_null(sentinel, 0) ? wi_str_of(WI_NULL_SENTINEL) : wi_col_text(sentinel, 0);
  return wi_shape_init(&c->shape, schema, arena, err);
}

weir_status wi_run_any(const wi_fn *fn, size_t n, const wi_fn_arg *args, int64_t rows,
                       struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_arena arena = WI_ARENA_INIT;
  wi_cols cols = WI_COLS_INIT;
  wi_valid valid; /* never null */
  wi_ids ids;
  any_call call = {.normal = WI_NORMAL_INIT};
  memset(out, 0, sizeof *out);
  wi_text_init(&call.text);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, N_ARGS, err));
  WI_CHECK(any_open(&call, fn, &cols, args[0].schema, &arena, err));
  WI_CHECK(wi_ids_init(&ids, out, fn, WI_ID_HEX, NULL, rows, &valid, err));
  for (int64_t i = 0; i < rows; i++) {
    wi_str bytes;
    WI_CHECK(any_bytes(&call, i, &bytes, err));
    wi_ids_put(&ids, i, bytes.p, bytes.n);
  }
  WI_CHECK(wi_ids_finish(&ids, out, rows, &valid, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  wi_normal_release(&call.normal);
  wi_text_release(&call.text);
  wi_cols_close(&cols);
  wi_arena_release(&arena);
  return status;
}
