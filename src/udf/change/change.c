/* What the rows of a change feed are, by tables/change_types.def. */
#include <string.h>

#include "udf/kernel.h"

#define WI_ORIGIN "udf"

enum { NONE, UPSERT, DELETE };

static const struct {
  const char *name;
  size_t n;
  int32_t rank;
  int kind;
} changes[] = {
#define WI_CHANGE_TYPE(name, rank, kind) {name, sizeof(name) - 1, rank, kind},
#include "../../../tables/change_types.def"
#undef WI_CHANGE_TYPE
};
#define N_CHANGES    (sizeof changes / sizeof changes[0])
#define RANK_UNKNOWN (-1)

static size_t change_of(wi_str s) {
  s = wi_trim_white(s);
  for (size_t i = 0; i < N_CHANGES; i++) {
    if (s.n == changes[i].n && wi_ascii_same_n(s.p, changes[i].name, s.n)) {
      return i;
    }
  }
  return N_CHANGES;
}

static weir_status change_field(const wi_fn *fn, size_t n,
                                const struct ArrowSchema *const *args,
                                enum ArrowType type, struct ArrowSchema *out,
                                weir_error *err) {
  memset(out, 0, sizeof *out);
  WI_TRY(wi_args_check(fn, n, args, err));
  return wi_field_init(out, fn, type, true, err);
}

weir_status wi_field_change_rank(const wi_fn *fn, size_t n,
                                 const struct ArrowSchema *const *args,
                                 const struct ArrowArray *const *literals,
                                 struct ArrowSchema *out, weir_error *err) {
  (void)literals;
  return change_field(fn, n, args, NANOARROW_TYPE_INT32, out, err);
}

weir_status wi_field_change_test(const wi_fn *fn, size_t n,
                                 const struct ArrowSchema *const *args,
                                 const struct ArrowArray *const *literals,
                                 struct ArrowSchema *out, weir_error *err) {
  (void)literals;
  return change_field(fn, n, args, NANOARROW_TYPE_BOOL, out, err);
}

/* kind NONE: the rank. */
static weir_status run(const wi_fn *fn, size_t n, const wi_fn_arg *args, int kind,
                       int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  wi_valid valid;
  void *data = NULL;
  memset(out, 0, sizeof *out);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, 1, err));
  WI_CHECK(wi_valid_init(&valid, cols.items, 1, rows, err));
  WI_CHECK(wi_out_fixed(out, kind == NONE ? NANOARROW_TYPE_INT32 : NANOARROW_TYPE_BOOL,
                        kind == NONE ? rows * 4 : (rows + 7) / 8, &data, err));
  for (int64_t i = 0; i < rows; i++) {
    if (!wi_valid_at(&valid, i)) {
      continue;
    }
    size_t k = change_of(wi_col_text(cols.items, i));
    if (kind == NONE) {
      ((int32_t *)data)[i] = k < N_CHANGES ? changes[k].rank : RANK_UNKNOWN;
    } else {
      ArrowBitSetTo(data, i, k < N_CHANGES && changes[k].kind == kind);
    }
  }
  wi_out_seal(out, rows, &valid);
  WI_CHECK(wi_out_finish(out, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  wi_valid_release(&valid);
  wi_cols_close(&cols);
  return status;
}

weir_status wi_run_change_rank(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                               int64_t rows, struct ArrowArray *out, weir_error *err) {
  return run(fn, n, args, NONE, rows, out, err);
}

weir_status wi_run_change_upsert(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                                 int64_t rows, struct ArrowArray *out, weir_error *err) {
  return run(fn, n, args, UPSERT, rows, out, err);
}

weir_status wi_run_change_delete(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                                 int64_t rows, struct ArrowArray *out, weir_error *err) {
  return run(fn, n, args, DELETE, rows, out, err);
}
