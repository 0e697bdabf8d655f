/* The quality gate of scalar functions: every function of the table, on random calls. What
 * is asked of each is listed in docs/function-quality.md. */
#include <stdarg.h>
#include <stdlib.h>

#include "common/calls.h"
#include "common/test.h"

#define CALLS    60 /* accepted ones, a function */
#define ATTEMPTS 600
#define MAX_ROWS 90

/* One way to call: what came out, as text. */
typedef struct result {
  weir_status status;
  wv_out text;
  size_t offsets[MAX_ROWS + 2];
  int64_t rows;
} result;

static void result_free(result *r) {
  wv_out_free(&r->text);
}

/* Where a check failed, with the call. */
__attribute__((format(printf, 2, 3))) static void complain(const wc_call *call,
                                                           const char *fmt, ...) {
  char what[1400], text[600];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(what, sizeof what, fmt, ap);
  va_end(ap);
  wc_text(call, text, sizeof text);
  wt_fail(__FILE__, __LINE__, "%s: %s", text, what);
}

/* A failure says what is wrong and leaves nothing behind. */
static void check_refusal(const wc_call *call, weir_status status, const weir_error *err,
                          bool has_output) {
  if (err->message[0] == '\0' || has_output || status == WEIR_E_BUG ||
      status == WEIR_E_NO_MEMORY) {
    complain(call, "a refusal with status %d, message '%s'%s", (int)status, err->message,
             has_output ? " and an output" : "");
  }
}

/* Calls with these arrays. The field is checked for the types alone, too. */
static void run(const wc_call *call, wc_written *in, int64_t rows, bool any_bytes,
                bool with_literals, result *out) {
  const wi_fn *fn = call->fn;
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema field;
  struct ArrowArray array;
  memset(&field, 0x5A, sizeof field); /* outputs are emptied before anything can fail */
  memset(&array, 0x5A, sizeof array);
  *out = (result){.status = WEIR_OK};
  const struct ArrowArray *literals[WC_ARGS];
  for (size_t i = 0; i < in->n; i++) {
    literals[i] = with_literals || call->args[i].literal ? in->literals[i] : NULL;
  }
  out->status = fn->return_field(fn, in->n, in->schema_list, literals, &field, &err);
  if (out->status != WEIR_OK) {
    check_refusal(call, out->status, &err, field.release != NULL);
    weir_error_release(&err);
    return;
  }
  out->status = fn->invoke(fn, in->n, in->args, rows, &array, &err);
  if (out->status != WEIR_OK) {
    check_refusal(call, out->status, &err, array.release != NULL);
  } else if (array.length != rows) {
    complain(call, "%lld rows in, %lld out", (long long)rows, (long long)array.length);
  } else {
    const char *why = wv_check(&field, &array, any_bytes);
    if (why != NULL) {
      complain(call, "%s", why);
    } else if (!any_bytes) {
      wv_show_all(&out->text, &field, &array, out->offsets);
      out->rows = rows;
    }
  }
  if (!wc_untouched(in)) {
    complain(call, "an input was changed or released");
  }
  if (array.release != NULL && out->status == WEIR_OK) {
    array.release(&array);
  }
  field.release(&field);
  weir_error_release(&err);
}

static void write_and_run(wv_rng *r, const wc_call *call, int64_t from, int64_t n,
                          const wv_style *style, bool with_literals, result *out) {
  wc_written in;
  wc_write(r, call, from, n, style, &in);
  run(call, &in, n, style->broken, with_literals, out);
  wc_written_free(&in);
}

/* Rows of `part` are rows from.. of `whole`. */
static void check_rows(const wc_call *call, const char *how, const result *whole,
                       int64_t from, const result *part) {
  if (wt_failed()) {
    return;
  }
  if (part->status != WEIR_OK) {
    complain(call, "%s: refused with status %d, though all rows at once are not", how,
             (int)part->status);
    return;
  }
  for (int64_t i = 0; i < part->rows; i++) {
    const char *x = whole->text.p + whole->offsets[from + i];
    const char *y = part->text.p + part->offsets[i];
    int n = (int)(whole->offsets[from + i + 1] - whole->offsets[from + i]);
    int m = (int)(part->offsets[i + 1] - part->offsets[i]);
    if (n != m || memcmp(x, y, (size_t)n) != 0) {
      complain(call, "%s: row %lld is %.*s, not %.*s", how, (long long)(from + i),
               m < 300 ? m - 1 : 300, y, n < 300 ? n - 1 : 300, x);
      return;
    }
  }
}

/* The same rows in other memory, and cut into two batches. */
static void check_layouts(wv_rng *r, const wc_call *call, const result *whole) {
  for (int k = 0; k < 4 && !wt_failed(); k++) {
    wv_style style = wv_random_style(r, k % 2 == 1);
    int64_t from = 0, n = call->rows;
    if (k >= 2) {
      from = wv_below(r, (uint32_t)call->rows + 1);
      n = wv_below(r, (uint32_t)(call->rows - from) + 1);
    }
    result part;
    write_and_run(r, call, from, n, &style, wv_one_in(r, 2), &part);
    check_rows(call, k % 2 == 1 ? "odd memory" : "another layout", whole, from, &part);
    result_free(&part);
  }
}

/* A column of one value and the value as a scalar. */
static void check_scalars(wv_arena *a, wv_rng *r, const wc_call *call) {
  for (size_t i = 0; i < call->n && call->rows > 0 && !wt_failed(); i++) {
    wc_call one = *call;
    wv_val *value =
        call->args[i]
            .values[call->args[i].scalar ? 0 : wv_below(r, (uint32_t)call->rows)];
    if (call->args[i].literal || call->args[i].type->type == NANOARROW_TYPE_NA) {
      continue;
    }
    result column, scalar;
    wv_style style = wv_random_style(r, wv_one_in(r, 2));
    one.args[i].scalar = false;
    one.args[i].values = wv_alloc(a, (size_t)call->rows * sizeof(wv_val *));
    for (int64_t k = 0; k < call->rows; k++) {
      one.args[i].values[k] = value;
    }
    write_and_run(r, &one, 0, call->rows, &style, false, &column);
    one.args[i].scalar = true;
    write_and_run(r, &one, 0, call->rows, &style, false, &scalar);
    if (column.status == WEIR_OK) {
      check_rows(&one, "a scalar argument", &column, 0, &scalar);
    } else if (scalar.status != column.status && !wt_failed()) {
      complain(&one, "a scalar gives status %d, the same as a column %d",
               (int)scalar.status, (int)column.status);
    }
    result_free(&column);
    result_free(&scalar);
  }
}

/* All arguments scalar: one row, and many equal ones. */
static void check_all_scalar(wv_rng *r, const wc_call *call) {
  wc_call one = *call;
  for (size_t i = 0; i < call->n; i++) {
    one.args[i].scalar = true;
  }
  if (call->rows == 0) {
    return;
  }
  result first, many;
  wv_style style = wv_random_style(r, true);
  write_and_run(r, &one, 0, 1, &style, true, &first);
  one.rows = 5;
  write_and_run(r, &one, 0, 5, &style, true, &many);
  if (first.status == WEIR_OK && many.status == WEIR_OK && !wt_failed()) {
    for (int64_t i = 0; i < 5 && !wt_failed(); i++) {
      result row = {.rows = 1, .text.p = many.text.p};
      row.offsets[0] = many.offsets[i];
      row.offsets[1] = many.offsets[i + 1];
      check_rows(&one, "all scalar", &first, 0, &row);
    }
  } else if (first.status != many.status && !wt_failed()) {
    complain(&one, "all scalar: status %d for one row, %d for five", (int)first.status,
             (int)many.status);
  }
  result_free(&first);
  result_free(&many);
}

/* Texts that are no UTF-8: any answer will do, as long as nothing else is read. */
static void check_broken(wv_rng *r, const wc_call *call) {
  wv_style style = wv_random_style(r, wv_one_in(r, 2));
  result any;
  style.broken = true;
  write_and_run(r, call, 0, call->rows, &style, true, &any);
  result_free(&any);
}

/* One random call; whether it was accepted and gave rows. */
static bool check_call(wv_rng *r, const wi_fn *fn) {
  wv_arena arena = {NULL};
  wc_call call;
  result whole;
  static const wv_style plain = {.text = NANOARROW_TYPE_STRING};
  wc_random(&arena, r, fn, wv_one_in(r, 12) ? 0 : 1 + wv_below(r, MAX_ROWS), false,
            &call);
  write_and_run(r, &call, 0, call.rows, &plain, wv_one_in(r, 2), &whole);
  bool accepted = whole.status == WEIR_OK;
  if (accepted && !wt_failed()) {
    check_layouts(r, &call, &whole);
    check_scalars(&arena, r, &call);
    check_all_scalar(r, &call);
  }
  if (!wt_failed()) {
    check_broken(r, &call);
  }
  result_free(&whole);
  wv_arena_free(&arena);
  return accepted;
}

static uint64_t seed_of(const char *name) {
  uint64_t h = 0xCBF29CE484222325U;
  for (; *name != '\0'; name++) {
    h = (h ^ (uint8_t)*name) * 0x100000001B3U;
  }
  const char *more =
      getenv("WEIR_QUALITY_SEED"); /* other calls than those of every day */
  return h ^ (more != NULL ? strtoull(more, NULL, 10) * 0x9E3779B97F4A7C15U : 0);
}

WT_TEST(every_scalar_function) {
  size_t n = 0, seen = 0;
  const wi_fn *const *list = wi_udf_list(&n);
  const char *only = getenv("WEIR_QUALITY_ONLY");
  for (size_t i = 0; i < n && !wt_failed(); i++) {
    const wi_fn *fn = list[i];
    if (fn->kind != WI_FN_SCALAR || fn->engine != NULL ||
        (only != NULL && strcmp(only, fn->name) != 0)) {
      continue;
    }
    wv_rng r = {seed_of(fn->name)};
    int accepted = 0;
    for (int k = 0; k < ATTEMPTS && accepted < CALLS && !wt_failed(); k++) {
      accepted += check_call(&r, fn) ? 1 : 0;
    }
    if (!wt_failed() && accepted < CALLS / 4) {
      wt_fail(__FILE__, __LINE__,
              "%s accepted %d of %d calls: give tests/common/calls.c a hint of what it "
              "takes",
              fn->name, accepted, ATTEMPTS);
    }
    seen++;
  }
  WT_CHECK(wt_failed() || only != NULL || seen >= 12);
}
