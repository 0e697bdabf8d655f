/* Rows of a stream by the names of their columns, whole and cut out of a larger batch. */
#include <stdlib.h>

#include "api/sheet.h"
#include "common/fixtures.h"
#include "common/test.h"
#include "render.h"

static const wi_col item_cols[] = {{"name", WI_COL_TEXT, NULL, 0},
                                   {"on", WI_COL_BOOL, NULL, 0},
                                   {"of", WI_COL_TEXTS, NULL, 0}};
static const wi_col cols[] = {{"text", WI_COL_TEXT, NULL, 0},
                              {"count", WI_COL_INT, NULL, 0},
                              {"words", WI_COL_TEXTS, NULL, 0},
                              {"items", WI_COL_ITEMS, item_cols, 3}};

static bool make(struct ArrowArrayStream *out, int64_t from, int64_t to) {
  static const char *const words[] = {"a", "b", "c", "d"};
  weir_error err = WEIR_ERROR_INIT;
  wi_sheet s;
  wi_sheet_begin(&s, cols, sizeof cols / sizeof *cols);
  for (int64_t n = from; n < to; n++) {
    wi_sheet_text(&s, "text", n == 2 ? NULL : words[n]);
    wi_sheet_int_if(&s, "count", n != 2, n);
    wi_sheet_texts(&s, "words", words, (size_t)n);
    struct ArrowArray *list = wi_sheet_items(&s, "items");
    for (int64_t i = 0; i < n; i++) {
      struct ArrowArray *item = list->children[0];
      wi_sheet_put_text(&s, item->children[0], words[i]);
      wi_sheet_put_bool(&s, item->children[1], i == 1);
      wi_sheet_put_texts(&s, item->children[2], words, (size_t)i);
      wi_sheet_finish(&s, item);
    }
    wi_sheet_finish(&s, list);
    wi_sheet_end_row(&s);
  }
  return wi_sheet_take(&s, out, &err) == WEIR_OK;
}

/* The rows from 1 on of a batch of four, by the offset of the whole. */
static bool make_cut(struct ArrowArrayStream *out) {
  struct ArrowArrayStream whole = {0};
  struct ArrowSchema schema = {0};
  struct ArrowArray batch = {0};
  if (!make(&whole, 0, 4) || whole.get_schema(&whole, &schema) != 0 ||
      whole.get_next(&whole, &batch) != 0) {
    return false;
  }
  whole.release(&whole);
  batch.offset = 1;
  batch.length = 3;
  batch.null_count = 0;
  if (ArrowBasicArrayStreamInit(out, &schema, 1) != NANOARROW_OK) {
    return false;
  }
  ArrowBasicArrayStreamSetArray(out, 0, &batch);
  return true;
}

static void add_row(void *ctx, const wi_cli_rows *r, int64_t i) {
  wi_cli_buf *out = ctx, b = WI_CLI_BUF_INIT;
  wi_cli_buf_fmt(out, "%s %lld", wi_cli_rows_text(r, "text", i, &b),
                 (long long)wi_cli_rows_int(r, "count", i));
  wi_cli_buf_fmt(out, " [%s]", wi_cli_rows_joined(r, "words", i, &b));
  for (int64_t item = 0; item < wi_cli_rows_count(r, "items", i); item++) {
    wi_cli_buf_fmt(out, " %s", wi_cli_rows_item(r, "items", i, item, "name", &b));
    wi_cli_buf_fmt(out, "=%s", wi_cli_rows_item(r, "items", i, item, "on", &b));
    wi_cli_buf_fmt(out, "(%s)", wi_cli_rows_item(r, "items", i, item, "of", &b));
    wi_cli_buf_str(out, wi_cli_rows_item(r, "items", i, item, "no such", &b));
  }
  wi_cli_buf_fmt(out, "%s%s;", wi_cli_rows_text(r, "missing", i, &b),
                 wi_cli_rows_is(r, "text", i, "b") ? " is b" : "");
  wi_cli_buf_release(&b);
}

WT_TEST(cells_are_found_by_name) {
  static const char expected[] =
      "b 1 [a] a=false() is b;"
      " 0 [a, b] a=false() b=true(a);"
      "d 3 [a, b, c] a=false() b=true(a) c=false(a, b);";
  for (int cut = 0; cut < 2; cut++) {
    weir_error err = WEIR_ERROR_INIT;
    struct ArrowArrayStream rows = {0};
    wi_cli_buf out = WI_CLI_BUF_INIT;
    WT_CHECK(cut ? make_cut(&rows) : make(&rows, 1, 4));
    WT_OK(wi_cli_rows_each(&rows, add_row, &out, &err));
    WT_CHECK(rows.release == NULL);
    WT_EQ_STR(wi_cli_buf_text(&out), expected);
    wi_cli_buf_release(&out);
  }
}

static void read_error(void *ctx, const wi_cli_rows *r, int64_t i) {
  wi_cli_buf *out = ctx, detail = WI_CLI_BUF_INIT;
  weir_error e;
  bool is = wi_cli_rows_error(r, i, &e, &detail);
  wi_cli_buf_fmt(out, "%d %d %s|%s:%u:%u|%s|%s;", is, (int)e.code, e.message, e.file,
                 e.line, e.column, e.hint, e.detail == NULL ? "-" : e.detail);
  wi_cli_buf_release(&detail);
}

WT_TEST(errors_come_back_from_columns) {
  static const wi_col error_cols[] = {WI_SHEET_ERROR_COLS};
  weir_error err = WEIR_ERROR_INIT, one = WEIR_ERROR_INIT;
  struct ArrowArrayStream rows = {0};
  wi_cli_buf out = WI_CLI_BUF_INIT;
  wi_sheet s;
  char detail[] = "rows";
  one.code = WEIR_E_CONSTRAINT;
  one.line = 3;
  snprintf(one.message, sizeof one.message, "why");
  snprintf(one.file, sizeof one.file, "f.sql");
  wi_sheet_begin(&s, error_cols, sizeof error_cols / sizeof *error_cols);
  wi_sheet_error(&s, &one);
  wi_sheet_end_row(&s);
  one.detail = detail;
  snprintf(one.hint, sizeof one.hint, "do");
  wi_sheet_error(&s, &one);
  wi_sheet_end_row(&s);
  wi_sheet_error(&s, NULL);
  wi_sheet_end_row(&s);
  WT_OK(wi_sheet_take(&s, &rows, &err));
  WT_OK(wi_cli_rows_each(&rows, read_error, &out, &err));
  WT_EQ_STR(wi_cli_buf_text(&out),
            "1 60 why|f.sql:3:0||-;1 60 why|f.sql:3:0|do|rows;0 0 |:0:0||-;");
  wi_cli_buf_release(&out);
}
