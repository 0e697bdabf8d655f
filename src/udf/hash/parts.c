/* Identifiers of several values: the texts of the parts, joined by U+001F, hashed. */
#include <string.h>

#include "udf/kernel.h"
#include "udf/text/text.h"

#define WI_ORIGIN "udf"

/* The parts of one call: columns with their shapes, and where a row's text is built. */
typedef struct parts {
  const wi_col *cols;
  wi_shape *shapes;
  size_t n;
  wi_text text;
} parts;

static void parts_row(parts *p, int64_t row) {
  wi_text *t = &p->text;
  wi_buf_clear(&t->out);
  for (size_t k = 0; k < p->n; k++) {
    const wi_col *col = &p->cols[k];
    int64_t at = row * col->step;
    if (k > 0) {
      wi_buf_chr(&t->out, WI_PART_SEPARATOR);
    }
    if (wi_value_null(&p->shapes[k], &col->view, at)) {
      wi_buf_str(&t->out, WI_NULL_SENTINEL);
    } else {
      wi_text_value(t, &p->shapes[k], &col->view, at);
    }
  }
}

static weir_status parts_loop(parts *p, wi_ids *ids, int64_t rows, const wi_valid *valid,
                              weir_error *err) {
  for (int64_t i = 0; i < rows; i++) {
    if (!wi_valid_at(valid, i)) {
      wi_ids_skip(ids, i);
      continue;
    }
    parts_row(p, i);
    WI_TRY(wi_text_check(&p->text, err));
    wi_ids_put(ids, i, wi_buf_text(&p->text.out), p->text.out.n);
  }
  return WEIR_OK;
}

weir_status wi_parts_run(const wi_fn *fn, const wi_fn_arg *args, const wi_cols *cols,
                         size_t n, wi_id_form form, int64_t rows, struct ArrowArray *out,
                         weir_error *err) {
  weir_status status = WEIR_OK;
  wi_arena arena = WI_ARENA_INIT;
  wi_valid valid;
  wi_ids ids;
  parts p = {.cols = cols->items + 1, .n = n - 1};
  wi_text_init(&p.text);
  wi_valid_none(&valid);
  WI_CHECK(wi_valid_init(&valid, cols->items, 1, rows, err));
  p.shapes = wi_arena_array(&arena, p.n, sizeof *p.shapes);
  if (p.shapes == NULL) {
    WI_CHECK(wi_err_nomem(err, WI_ORIGIN));
  }
  for (size_t k = 0; k < p.n; k++) {
    WI_CHECK(wi_shape_init(&p.shapes[k], args[k + 1].schema, &arena, err));
  }
  WI_CHECK(wi_ids_init(&ids, out, fn, form, &cols->items[0], rows, &valid, err));
  WI_CHECK(parts_loop(&p, &ids, rows, &valid, err));
  WI_CHECK(wi_ids_finish(&ids, out, rows, &valid, err));
done:
  if (status != WEIR_OK) {
    wi_err_context(err, "%s", fn->name);
  }
  wi_text_release(&p.text);
  wi_valid_release(&valid);
  wi_arena_release(&arena);
  return status;
}

static weir_status run_parts(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                             wi_id_form form, int64_t rows, struct ArrowArray *out,
                             weir_error *err) {
  wi_cols cols;
  memset(out, 0, sizeof *out);
  WI_TRY(wi_cols_open(&cols, fn, n, args, rows, 2, err));
  weir_status status = wi_parts_run(fn, args, &cols, n, form, rows, out, err);
  wi_cols_close(&cols);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

weir_status wi_run_parts_hex(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                             int64_t rows, struct ArrowArray *out, weir_error *err) {
  return run_parts(fn, n, args, WI_ID_HEX, rows, out, err);
}

weir_status wi_run_parts_decimal(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                                 int64_t rows, struct ArrowArray *out, weir_error *err) {
  return run_parts(fn, n, args, WI_ID_DECIMAL, rows, out, err);
}

weir_status wi_field_parts(const wi_fn *fn, size_t n,
                           const struct ArrowSchema *const *args,
                           const struct ArrowArray *const *literals,
                           struct ArrowSchema *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_arena arena = WI_ARENA_INIT;
  wi_shape shape;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_args_check(fn, n, args, err));
  for (size_t i = 1; i < n; i++) {
    WI_CHECK(wi_shape_init(&shape, args[i], &arena, err));
  }
  WI_CHECK(wi_id_field(out, fn, wi_arg_nullable(args[0]), args, literals, err));
done:
  if (status != WEIR_OK) {
    wi_err_context(err, "%s", fn->name);
  }
  wi_arena_release(&arena);
  return status;
}
