/* Tables that the library gives: rows into columns, and what is refused. */
#include "api/sheet.h"

#include "common/fixtures.h"
#include "common/test.h"

static const wi_col item_cols[] = {{"name", WI_COL_TEXT, NULL, 0},
                                   {"on", WI_COL_BOOL, NULL, 0}};
static const wi_col cols[] = {
    {"text", WI_COL_TEXT, NULL, 0},   {"count", WI_COL_INT, NULL, 0},
    {"yes", WI_COL_BOOL, NULL, 0},    {"at", WI_COL_TIME, NULL, 0},
    {"words", WI_COL_TEXTS, NULL, 0}, {"items", WI_COL_ITEMS, item_cols, 2}};

static void put_row(wi_sheet *s, const char *text, int64_t n) {
  static const char *const words[] = {"a", "b", "c"};
  wi_sheet_text(s, "text", text);
  wi_sheet_int_if(s, "count", n > 0, n);
  wi_sheet_bool(s, "yes", n % 2 == 1);
  wi_sheet_time(s, "at", n * 1000000);
  wi_sheet_texts(s, "words", words, (size_t)n);
  struct ArrowArray *list = wi_sheet_items(s, "items");
  for (int64_t i = 0; list != NULL && i < n; i++) {
    wi_sheet_put_text(s, list->children[0]->children[0], words[i]);
    wi_sheet_put_bool(s, list->children[0]->children[1], i == 0);
    wi_sheet_finish(s, list->children[0]);
  }
  wi_sheet_finish(s, list);
  wi_sheet_end_row(s);
}

static int64_t list_length(const struct ArrowArray *list, int64_t i) {
  const int32_t *offsets = list->buffers[1];
  return offsets[i + 1] - offsets[i];
}

WT_TEST(rows_become_columns) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream stream = {0};
  struct ArrowArray batch = {0};
  wi_sheet s;
  wi_sheet_begin(&s, cols, sizeof cols / sizeof *cols);
  for (int64_t n = 0; n < 3; n++) {
    put_row(&s, n == 1 ? NULL : "x", n);
  }
  WT_OK(wi_sheet_take(&s, &stream, &err));
  WT_EQ_INT(stream.get_next(&stream, &batch), 0);
  WT_EQ_INT(batch.length, 3);
  WT_EQ_INT(batch.n_children, 6);
  WT_EQ_INT(batch.children[0]->null_count, 1);
  WT_EQ_INT(batch.children[1]->null_count, 1);
  WT_EQ_INT(((const int64_t *)batch.children[1]->buffers[1])[2], 2);
  WT_EQ_INT(batch.children[3]->null_count, 1);
  for (int64_t n = 0; n < 3; n++) {
    WT_EQ_INT(list_length(batch.children[4], n), n);
    WT_EQ_INT(list_length(batch.children[5], n), n);
  }
  WT_EQ_INT(batch.children[5]->children[0]->length, 3);
  batch.release(&batch);
  stream.release(&stream);
}

WT_TEST(no_rows_are_a_table_too) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream stream = {0};
  struct ArrowSchema schema = {0};
  wi_sheet s;
  wi_sheet_begin(&s, cols, sizeof cols / sizeof *cols);
  WT_OK(wi_sheet_take(&s, &stream, &err));
  WT_EQ_INT(stream.get_schema(&stream, &schema), 0);
  WT_EQ_INT(schema.n_children, 6);
  WT_EQ_STR(schema.children[5]->children[0]->children[1]->name, "on");
  schema.release(&schema);
  stream.release(&stream);
}

/* Columns out of order, too few, too many: told, not written into a neighbour. */
WT_TEST(rows_that_do_not_fit_are_refused) {
  for (int way = 0; way < 3; way++) {
    weir_error err = WEIR_ERROR_INIT;
    struct ArrowArrayStream stream = {0};
    wi_sheet s;
    wi_sheet_begin(&s, cols, 2);
    wi_sheet_text(&s, way == 0 ? "count" : "text", "x");
    if (way != 1) {
      wi_sheet_int(&s, "count", 1);
    }
    if (way == 2) {
      wi_sheet_int(&s, "more", 1);
    }
    wi_sheet_end_row(&s);
    WT_EQ_INT(wi_sheet_take(&s, &stream, &err), WEIR_E_BUG);
    WT_CHECK(stream.release == NULL);
    weir_error_release(&err);
  }
}

WT_TEST(an_error_is_nine_columns) {
  static const wi_col error_cols[] = {WI_SHEET_ERROR_COLS};
  weir_error err = WEIR_ERROR_INIT, one = WEIR_ERROR_INIT;
  struct ArrowArrayStream stream = {0};
  struct ArrowArray batch = {0};
  wi_sheet s;
  one.code = WEIR_E_CONSTRAINT;
  snprintf(one.message, sizeof one.message, "why");
  wi_sheet_begin(&s, error_cols, sizeof error_cols / sizeof *error_cols);
  wi_sheet_error(&s, &one);
  wi_sheet_end_row(&s);
  wi_sheet_error(&s, NULL);
  wi_sheet_end_row(&s);
  WT_OK(wi_sheet_take(&s, &stream, &err));
  WT_EQ_INT(stream.get_next(&stream, &batch), 0);
  WT_EQ_INT(batch.n_children, 9);
  WT_EQ_INT(batch.children[0]->null_count, 1); /* code */
  WT_EQ_INT(batch.children[4]->null_count, 2); /* file */
  WT_EQ_INT(((const int64_t *)batch.children[1]->buffers[1])[0], WEIR_E_CONSTRAINT);
  batch.release(&batch);
  stream.release(&stream);
}
