/* Arrow streams of text and integer columns, as the engine gives them, for readers of cursors. */
#ifndef TESTS_UNIT_DELTA_ROWS_H
#define TESTS_UNIT_DELTA_ROWS_H

#include <stdlib.h>

#include "base/base.h"
#include "bridge/bridge.h"
#include "nanoarrow/nanoarrow.h"

/* `kinds`: one letter a column, 't' text or 'l' integer; `cells` row by row, NULL is null. */
static inline wi_cursor *rows_cursor(const char *kinds, const char *const *cells,
                                     size_t n_rows) {
  struct ArrowSchema schema;
  struct ArrowArray array;
  struct ArrowArrayStream stream;
  wi_cursor *cursor = NULL;
  int64_t columns = (int64_t)strlen(kinds);
  int bad = 0;
  ArrowSchemaInit(&schema);
  bad |= ArrowSchemaSetTypeStruct(&schema, columns);
  for (int64_t c = 0; c < columns; c++) {
    bad |= ArrowSchemaSetType(schema.children[c], kinds[c] == 't' ? NANOARROW_TYPE_STRING
                                                                  : NANOARROW_TYPE_INT64);
    bad |= ArrowSchemaSetName(schema.children[c], "c");
  }
  bad |= ArrowArrayInitFromSchema(&array, &schema, NULL);
  bad |= ArrowArrayStartAppending(&array);
  for (size_t r = 0; r < n_rows; r++) {
    for (int64_t c = 0; c < columns; c++) {
      const char *cell = cells[r * (size_t)columns + (size_t)c];
      struct ArrowArray *child = array.children[c];
      if (cell == NULL) {
        bad |= ArrowArrayAppendNull(child, 1);
      } else if (kinds[c] == 't') {
        bad |= ArrowArrayAppendString(child, ArrowCharView(cell));
      } else {
        bad |= ArrowArrayAppendInt(child, strtoll(cell, NULL, 10));
      }
    }
    bad |= ArrowArrayFinishElement(&array);
  }
  bad |= ArrowArrayFinishBuildingDefault(&array, NULL);
  bad |= ArrowBasicArrayStreamInit(&stream, &schema, 1);
  if (bad != 0) {
    abort();
  }
  ArrowBasicArrayStreamSetArray(&stream, 0, &array);
  if (wi_cursor_open(&stream, &cursor, NULL) != WEIR_OK) {
    abort();
  }
  return cursor;
}

#endif
