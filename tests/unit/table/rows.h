/* Rows in memory as Arrow streams, and sessions at temporary folders. */
#ifndef TESTS_UNIT_TABLE_ROWS_H
#define TESTS_UNIT_TABLE_ROWS_H

#include "common/project.h"
#include "table/table.h"
#include "unit/plan/kit.h"

/* Columns as "name format, ..." with formats l and u; `cells` row by row, NULL is null. */
static inline struct ArrowArrayStream rows_stream(const char *columns,
                                                  const char *const *cells,
                                                  size_t n_rows) {
  struct ArrowSchema schema = kit_schema(columns);
  struct ArrowArray array;
  struct ArrowArrayStream stream;
  int64_t n = schema.n_children;
  bool fine = ArrowArrayInitFromSchema(&array, &schema, NULL) == NANOARROW_OK &&
              ArrowArrayStartAppending(&array) == NANOARROW_OK;
  for (size_t r = 0; fine && r < n_rows; r++) {
    for (int64_t c = 0; fine && c < n; c++) {
      const char *cell = cells[r * (size_t)n + (size_t)c];
      struct ArrowArray *child = array.children[c];
      if (cell == NULL) {
        fine = ArrowArrayAppendNull(child, 1) == NANOARROW_OK;
      } else if (schema.children[c]->format[0] == 'u') {
        fine = ArrowArrayAppendString(child, ArrowCharView(cell)) == NANOARROW_OK;
      } else {
        fine = ArrowArrayAppendInt(child, strtoll(cell, NULL, 10)) == NANOARROW_OK;
      }
    }
    fine = fine && ArrowArrayFinishElement(&array) == NANOARROW_OK;
  }
  fine = fine && ArrowArrayFinishBuildingDefault(&array, NULL) == NANOARROW_OK &&
         ArrowBasicArrayStreamInit(&stream, &schema, 1) == NANOARROW_OK;
  kit_must(fine, columns);
  ArrowBasicArrayStreamSetArray(&stream, 0, &array);
  return stream;
}

/* Like the stream, but fails where its rows should come. */
static inline int rows_fail(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  (void)stream;
  (void)out;
  return 5; /* EIO */
}

static inline wi_store *rows_store(wi_session *session, const wt_project *at,
                                   const char *name) {
  wi_store *store = NULL;
  wi_buf uri = WI_BUF_INIT;
  bool fine = wi_uri_canonical(name, at->root, &uri, NULL) == WEIR_OK &&
              wi_session_store(session, wi_buf_text(&uri), &store, NULL) == WEIR_OK;
  kit_must(fine, "store");
  wi_buf_release(&uri);
  return store;
}

/* How many files are below the table, without its log. */
static inline size_t data_files(wi_store *store) {
  wi_store_entries entries = {0};
  size_t n = 0;
  kit_must(wi_store_list_all(store, "", &entries, NULL) == WEIR_OK, "list");
  for (size_t i = 0; i < entries.n; i++) {
    n += !wi_starts_with(entries.items[i].path, "_delta_log/");
  }
  wi_store_entries_release(&entries);
  return n;
}

#endif
