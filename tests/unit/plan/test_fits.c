/* Which types of rows go into which columns: formats of Arrow beside what is known to be safe. */
#include "common/test.h"
#include "nanoarrow/nanoarrow.h"
#include "plan/plan.h"

typedef struct pair {
  const char *rows, *table;
  bool fits;
} pair;

static const pair pairs[] = {{"l", "l", true},
                             {"i", "l", true},
                             {"l", "i", true},
                             {"L", "l", true},
                             {"b", "l", true},
                             {"g", "l", false},
                             {"f", "c", false},
                             {"d:10,2", "l", false},
                             {"tdD", "i", false},
                             {"l", "b", false},
                             {"b", "b", true},
                             {"g", "f", false},
                             {"f", "g", true},
                             {"e", "f", true},
                             {"l", "g", false},
                             {"i", "g", true},
                             {"i", "f", false},
                             {"s", "f", true},
                             {"d:10,2", "g", false},
                             {"d:10,3", "d:10,2", false},
                             {"d:10,2", "d:12,3", true},
                             {"d:38,2", "d:10,2", true},
                             {"l", "d:10,2", true},
                             {"g", "d:10,2", false},
                             {"tsu:UTC", "tdD", false},
                             {"tdD", "tsu:UTC", true},
                             {"tsn:UTC", "tsu:UTC", true},
                             {"l", "tsu:UTC", false},
                             {"l", "tdD", false},
                             {"tdm", "tdD", true},
                             {"u", "l", true},
                             {"u", "tdD", true},
                             {"u", "vu", true},
                             {"n", "l", true}};

static void make(struct ArrowSchema *out, const char *format, int depth) {
  ArrowSchemaInit(out);
  if (depth == 0) {
    WT_EQ_INT(ArrowSchemaSetFormat(out, format), NANOARROW_OK);
    WT_EQ_INT(ArrowSchemaSetName(out, "x"), NANOARROW_OK);
    return;
  }
  WT_EQ_INT(ArrowSchemaSetFormat(out, depth == 2 ? "+l" : "+s"), NANOARROW_OK);
  WT_EQ_INT(ArrowSchemaSetName(out, "x"), NANOARROW_OK);
  WT_EQ_INT(ArrowSchemaAllocateChildren(out, 1), NANOARROW_OK);
  make(out->children[0], format, depth - 1);
}

/* As a column, as a field of one, and as a field of structs in a list. */
WT_TEST(types_fit_where_no_value_changes) {
  for (int depth = 1; depth <= 3; depth++) {
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
      struct ArrowSchema rows = {0}, table = {0};
      weir_error err = WEIR_ERROR_INIT;
      make(&rows, pairs[i].rows, depth);
      make(&table, pairs[i].table, depth);
      weir_status status = wi_schema_fits(&rows, &table, &err);
      if (status != (pairs[i].fits ? WEIR_OK : WEIR_E_SCHEMA_CHANGED)) {
        wt_fail(__FILE__, __LINE__, "%s into %s at depth %d: %s", pairs[i].rows,
                pairs[i].table, depth, weir_error_code_name(status));
      }
      WT_CHECK(pairs[i].fits ||
               (strstr(err.message, "'x'") != NULL && err.hint[0] != '\0'));
      weir_error_release(&err);
      ArrowSchemaRelease(&rows);
      ArrowSchemaRelease(&table);
    }
  }
}

/* Columns that only one side has are somebody else's matter, and so is their order. */
WT_TEST(columns_go_by_name) {
  struct ArrowSchema rows = {0}, table = {0};
  weir_error err = WEIR_ERROR_INIT;
  static const char *const names[] = {"a", "b"};
  ArrowSchemaInit(&rows);
  ArrowSchemaInit(&table);
  WT_EQ_INT(ArrowSchemaSetTypeStruct(&rows, 2), NANOARROW_OK);
  WT_EQ_INT(ArrowSchemaSetTypeStruct(&table, 2), NANOARROW_OK);
  for (int i = 0; i < 2; i++) {
    WT_EQ_INT(ArrowSchemaSetFormat(rows.children[i], i == 0 ? "g" : "l"), NANOARROW_OK);
    WT_EQ_INT(ArrowSchemaSetFormat(table.children[i], i == 0 ? "l" : "g"), NANOARROW_OK);
    WT_EQ_INT(ArrowSchemaSetName(rows.children[i], names[i]), NANOARROW_OK);
    WT_EQ_INT(ArrowSchemaSetName(table.children[i], names[1 - i]), NANOARROW_OK);
  }
  WT_OK(wi_schema_fits(&rows, &table, &err));
  WT_EQ_INT(ArrowSchemaSetName(rows.children[1], "c"), NANOARROW_OK);
  WT_OK(wi_schema_fits(&rows, &table, &err));
  ArrowSchemaRelease(&rows);
  ArrowSchemaRelease(&table);
}
