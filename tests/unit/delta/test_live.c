/* The live files of a log: each below its table, each once. */
#include "common/test.h"
#include "delta/delta.h"
#include "rows.h"

WT_TEST(paths_below_the_table) {
  static const char *const inside[] = {
      "a.parquet", "p=1/a.parquet",      "a%3Fb%23.parquet", "..a/b..",
      "p=..%20/x", "ts=10:20/a.parquet", "a%2Fb.parquet",    "p=%2E/x",
      "%41",       "c_1.2-x/y.snap",     "p=a:b/x.parquet"};
  static const char *const outside[] = {
      "",          "/a",        "../a", "p/../../a", "%2e%2e/a",     "p/..%2F..%2Fa",
      "a?v=2",     "a#x",       "a/..", "//host/a",  "file:///t/a",  "s3://b/a",
      "FILE:/t/a", "a+b-c.1:x", "..",   "%2Fa/../b", "p=1/%2E%2E/a", "http:a"};
  for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
    if (!wi_delta_path_inside(inside[i])) {
      wt_fail(__FILE__, __LINE__, "'%s' is said to be outside", inside[i]);
    }
  }
  for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
    if (wi_delta_path_inside(outside[i])) {
      wt_fail(__FILE__, __LINE__, "'%s' is said to be inside", outside[i]);
    }
  }
}

static weir_status read(const char *second, const char *dv, weir_error *err) {
  const char *const cells[] = {"a.parquet", "10", "0", NULL, "{}", NULL, NULL, NULL,
                               second,      "10", "0", NULL, "{}", dv,   NULL, NULL};
  wi_cursor *rows = rows_cursor(
      "tllttt"
      "lt",
      cells, 2);
  wi_removes live = {NULL, 0, 0};
  weir_status status = wi_removes_read(rows, &live, err);
  wi_removes_release(&live);
  wi_cursor_free(&rows);
  return status;
}

WT_TEST(a_file_is_there_once) {
  weir_error err = WEIR_ERROR_INIT;
  WT_OK(read("b.parquet", NULL, &err));
  WT_EQ_INT(read("a.parquet", NULL, &err), WEIR_E_LOG_CORRUPT);
  weir_error_release(&err);
  WT_EQ_INT(read("a.parquet", "{\"storageType\":\"i\"}", &err), WEIR_E_LOG_CORRUPT);
  weir_error_release(&err);
  WT_EQ_INT(read("../a.parquet", NULL, &err), WEIR_E_FEATURE_UNSUPPORTED);
  weir_error_release(&err);
}
