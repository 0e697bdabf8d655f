/* Positions in source text: what columns count, and where that is in bytes. */
#include <inttypes.h>
#include <string.h>

#include "udf/kernel.h"

#define WI_ORIGIN "udf"

/* The codes of position encodings; a column of bytes has no code. */
typedef enum unit { UNIT_BYTE = 0, UNIT_UTF8 = 1, UNIT_UTF16 = 2, UNIT_UTF32 = 3 } unit;

/* ---- names of units ---- */

/* Whether the text holds an upper-case word, in any case and with - and _ anywhere in it. */
static bool holds(wi_str s, const char *word) {
  for (size_t i = 0; i < s.n; i++) {
    const char *w = word;
    for (size_t k = i; k < s.n && *w != '\0'; k++) {
      char c = s.p[k];
      char upper = c >= 'a' && c <= 'z' ? (char)(c - 0x20) : c;
      bool skip = w != word && (c == '-' || c == '_');
      if (!skip && upper != *w) {
        break;
      }
      w += skip ? 0 : 1;
    }
    if (*w == '\0') {
      return true;
    }
  }
  return false;
}

static unit unit_of_code(int64_t code) {
  return code == UNIT_UTF8 ? UNIT_UTF8 : code == UNIT_UTF16 ? UNIT_UTF16 : UNIT_UTF32;
}

/* A decimal number that is all of the text; only whether it is 1 or 2 matters. */
static bool code_of(wi_str s, int64_t *out) {
  size_t i = s.n > 1 && (s.p[0] == '+' || s.p[0] == '-') ? 1 : 0;
  bool negative = i == 1 && s.p[0] == '-';
  int64_t v = 0;
  if (s.n == 0) {
    return false;
  }
  for (; i < s.n; i++) {
    if (s.p[i] < '0' || s.p[i] > '9') {
      return false;
    }
    v = v > 1000 ? v : v * 10 + (s.p[i] - '0');
  }
  *out = negative ? -v : v;
  return true;
}

static unit unit_of(wi_str s, bool bytes_too) {
  int64_t code = 0;
  s = wi_trim_white(s);
  if (code_of(s, &code)) {
    return unit_of_code(code);
  }
  if (bytes_too && holds(s, "BYTE")) {
    return UNIT_BYTE;
  }
  return holds(s, "UTF8") ? UNIT_UTF8 : holds(s, "UTF16") ? UNIT_UTF16 : UNIT_UTF32;
}

/* ---- position_encoding_norm ---- */

static bool is_text(enum ArrowType type) {
  return type == NANOARROW_TYPE_STRING || type == NANOARROW_TYPE_LARGE_STRING ||
         type == NANOARROW_TYPE_STRING_VIEW;
}

static bool is_integer(enum ArrowType type) {
  return type >= NANOARROW_TYPE_UINT8 && type <= NANOARROW_TYPE_INT64;
}

weir_status wi_field_encoding(const wi_fn *fn, size_t n,
                              const struct ArrowSchema *const *args,
                              const struct ArrowArray *const *literals,
                              struct ArrowSchema *out, weir_error *err) {
  struct ArrowSchemaView view;
  char text[160];
  (void)literals;
  memset(out, 0, sizeof *out);
  WI_TRY(wi_args_check(fn, n, args, err));
  if (ArrowSchemaViewInit(&view, args[0], NULL) == NANOARROW_OK &&
      (is_text(view.type) || is_integer(view.type) || view.type == NANOARROW_TYPE_NA)) {
    return wi_field_init(out, fn, NANOARROW_TYPE_INT32, false, err);
  }
  wi_type_text(args[0], text);
  return WI_ERR(err, WEIR_E_SQL_PLAN, "%s: %s is to be a text or an integer, not %s",
                fn->name, fn->params[0].name, text);
}

weir_status wi_run_encoding(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                            int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  void *data = NULL;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, 1, err));
  const wi_col *col = cols.items;
  bool text = is_text(col->type);
  if (!text && !is_integer(col->type) && col->type != NANOARROW_TYPE_NA) {
    WI_CHECK(WI_ERR(err, WEIR_E_SQL_PLAN, "%s: %s is to be a text or an integer",
                    fn->name, fn->params[0].name));
  }
  WI_CHECK(wi_out_fixed(out, NANOARROW_TYPE_INT32, rows * 4, &data, err));
  int32_t *codes = data;
  for (int64_t i = 0; i < rows; i++) {
    codes[i] = wi_col_null(col, i) ? UNIT_UTF32
               : text              ? (int32_t)unit_of(wi_col_text(col, i), false)
                                   : (int32_t)unit_of_code(wi_col_int(col, i));
  }
  wi_out_seal(out, rows, NULL);
  WI_CHECK(wi_out_finish(out, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  wi_cols_close(&cols);
  return status;
}

/* ---- columns to bytes ---- */

static size_t ascii_prefix(const char *p, size_t n) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t w;
    memcpy(&w, p + i, 8);
    if ((w & 0x8080808080808080U) != 0) {
      break;
    }
  }
  while (i < n && (unsigned char)p[i] < 0x80) {
    i++;
  }
  return i;
}

static size_t units_of(size_t bytes, unit what) {
  return what == UNIT_UTF8 ? bytes : what == UNIT_UTF16 && bytes == 4 ? 2 : 1;
}

/* false: the column lies inside a character. */
static bool byte_of(wi_str line, int64_t col, unit what, int64_t *out) {
  uint64_t want = col < 0 ? 0 : (uint64_t)col;
  size_t near = want < line.n ? (size_t)want : line.n;
  *out = (int64_t)near;
  if (what == UNIT_BYTE) {
    return true;
  }
  size_t at = ascii_prefix(line.p, near);
  uint64_t seen = at;
  while (seen < want && at < line.n) {
    size_t bytes = wi_utf8_char(line.p + at, line.n - at);
    bytes = bytes == 0 ? 1 : bytes;
    seen += units_of(bytes, what);
    at += bytes;
  }
  *out = (int64_t)at;
  return seen <= want;
}

static weir_status inside(const wi_fn *fn, wi_str line, int64_t col, unit what,
                          weir_error *err) {
  static const char *const names[] = {"byte", "UTF-8", "UTF-16", "UTF-32"};
  size_t n = line.n > 60 ? 60 : line.n;
  while (n > 0 && n < line.n && ((unsigned char)line.p[n] & 0xC0) == 0x80) {
    n--;
  }
  return WI_ERR_HINT(err, WEIR_E_EXECUTION,
                     "check what the columns count: byte, utf8, utf16 or utf32",
                     "%s: column %" PRId64
                     " in %s units lies inside a character of the line "
                     "'%.*s'",
                     fn->name, col, names[what], (int)n, line.p);
}

weir_status wi_field_col_to_byte(const wi_fn *fn, size_t n,
                                 const struct ArrowSchema *const *args,
                                 const struct ArrowArray *const *literals,
                                 struct ArrowSchema *out, weir_error *err) {
  (void)literals;
  memset(out, 0, sizeof *out);
  WI_TRY(wi_args_check(fn, n, args, err));
  bool nullable = wi_arg_nullable(args[0]) || wi_arg_nullable(args[1]);
  return wi_field_init(out, fn, NANOARROW_TYPE_INT64, nullable, err);
}

weir_status wi_run_col_to_byte(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                               int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  wi_valid valid;
  void *data = NULL;
  memset(out, 0, sizeof *out);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, 3, err));
  const wi_col *line = &cols.items[0], *col = &cols.items[1], *units = &cols.items[2];
  WI_CHECK(wi_valid_init(&valid, cols.items, 2, rows, err));
  WI_CHECK(wi_out_fixed(out, NANOARROW_TYPE_INT64, rows * 8, &data, err));
  unit what = UNIT_UTF32;
  for (int64_t i = 0; i < rows; i++) {
    if (!wi_valid_at(&valid, i)) {
      continue;
    }
    if (i == 0 || units->step != 0 || !wi_valid_at(&valid, 0)) {
      what = wi_col_null(units, i) ? UNIT_UTF32 : unit_of(wi_col_text(units, i), true);
    }
    wi_str text = wi_col_text(line, i);
    if (!byte_of(text, wi_col_int(col, i), what, &((int64_t *)data)[i])) {
      WI_CHECK(inside(fn, text, wi_col_int(col, i), what, err));
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

/* ---- canonicalize_byte_span ---- */

enum { LINE_BYTE, LINE_TEXT, LINE_COL, N_SIDE, ARG_UNIT = 2 * N_SIDE, N_SPAN };

weir_status wi_field_byte_span(const wi_fn *fn, size_t n,
                               const struct ArrowSchema *const *args,
                               const struct ArrowArray *const *literals,
                               struct ArrowSchema *out, weir_error *err) {
  static const char *const names[] = {"bstart", "bend"};
  weir_status status = WEIR_OK;
  (void)literals;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_args_check(fn, n, args, err));
  WI_CHECK(wi_field_init(out, fn, NANOARROW_TYPE_STRUCT, false, err));
  WI_CHECK(wi_arrow_err(err, ArrowSchemaAllocateChildren(out, 2), "byte span"));
  for (int i = 0; i < 2; i++) {
    WI_CHECK(wi_arrow_err(err,
                          ArrowSchemaInitFromType(out->children[i], NANOARROW_TYPE_INT64),
                          "byte span"));
    WI_CHECK(
        wi_arrow_err(err, ArrowSchemaSetName(out->children[i], names[i]), "byte span"));
  }
done:
  if (status != WEIR_OK) {
    wi_field_drop(out);
  }
  return status;
}

static weir_status side_row(const wi_fn *fn, const wi_col *side, const wi_col *units,
                            int64_t i, int64_t *out, weir_error *err) {
  unit what = unit_of(wi_col_text(units, i), true);
  wi_str line = wi_col_text(&side[LINE_TEXT], i);
  int64_t col = wi_col_int(&side[LINE_COL], i), byte = 0;
  if (!byte_of(line, col, what, &byte)) {
    return inside(fn, line, col, what, err);
  }
  if (__builtin_add_overflow(wi_col_int(&side[LINE_BYTE], i), byte, out)) {
    return WI_ERR(err, WEIR_E_EXECUTION, "%s: a line that starts at byte %" PRId64,
                  fn->name, wi_col_int(&side[LINE_BYTE], i));
  }
  return WEIR_OK;
}

static weir_status side_fill(const wi_fn *fn, const wi_col *side, const wi_col *units,
                             int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_valid valid, unit_valid;
  void *data = NULL;
  wi_valid_none(&valid);
  wi_valid_none(&unit_valid);
  WI_CHECK(wi_valid_init(&valid, side, N_SIDE, rows, err));
  WI_CHECK(wi_valid_init(&unit_valid, units, 1, rows, err));
  WI_CHECK(wi_valid_and(&valid, &unit_valid, rows, err));
  WI_CHECK(wi_out_fixed(out, NANOARROW_TYPE_INT64, rows * 8, &data, err));
  for (int64_t i = 0; i < rows; i++) {
    if (wi_valid_at(&valid, i)) {
      WI_CHECK(side_row(fn, side, units, i, &((int64_t *)data)[i], err));
    }
  }
  wi_out_seal(out, rows, &valid);
done:
  wi_valid_release(&valid);
  wi_valid_release(&unit_valid);
  return status;
}

weir_status wi_run_byte_span(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                             int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, N_SPAN, err));
  WI_CHECK(
      wi_arrow_err(err, ArrowArrayInitFromType(out, NANOARROW_TYPE_STRUCT), "result"));
  WI_CHECK(wi_arrow_err(err, ArrowArrayAllocateChildren(out, 2), "result"));
  for (size_t side = 0; side < 2; side++) {
    WI_CHECK(side_fill(fn, &cols.items[side * N_SIDE], &cols.items[ARG_UNIT], rows,
                       out->children[side], err));
  }
  wi_out_seal(out, rows, NULL);
  WI_CHECK(wi_out_finish(out, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  wi_cols_close(&cols);
  return status;
}

/* ---- interval_align_score ---- */

weir_status wi_field_align_score(const wi_fn *fn, size_t n,
                                 const struct ArrowSchema *const *args,
                                 const struct ArrowArray *const *literals,
                                 struct ArrowSchema *out, weir_error *err) {
  (void)literals;
  return wi_field_plain(fn, n, args, NANOARROW_TYPE_DOUBLE, out, err);
}

weir_status wi_run_align_score(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                               int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  wi_valid valid;
  void *data = NULL;
  memset(out, 0, sizeof *out);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, 4, err));
  WI_CHECK(wi_valid_init(&valid, cols.items, 4, rows, err));
  WI_CHECK(wi_out_fixed(out, NANOARROW_TYPE_DOUBLE, rows * 8, &data, err));
  const wi_col *rs = &cols.items[2], *re = &cols.items[3];
  for (int64_t i = 0; i < rows; i++) {
    if (wi_valid_at(&valid, i)) {
      /* The exact difference, then one rounding; an empty interval gives 0, not -0. */
      int64_t a = wi_col_int(rs, i), b = wi_col_int(re, i), d;
      ((double *)data)[i] =
          __builtin_sub_overflow(a, b, &d) ? (double)a - (double)b : (double)d;
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
