/* Messages of the engine in weir's words: what they list is whole. */
#include "common/fixtures.h"
#include "common/test.h"

enum { COLUMNS = 60 };

/* 60 names of 40 bytes: the engine's message is longer than a message of ours. */
WT_TEST(columns_are_named_whole) {
  static char sql[COLUMNS * 64], names[COLUMNS][48];
  static const char *const cells[] = {"1"};
  weir_error err = WEIR_ERROR_INIT;
  weir_query *query = NULL;
  struct ArrowArrayStream rows;
  size_t n = (size_t)snprintf(sql, sizeof sql, "SELECT %s FROM (SELECT ",
                              "a_column_with_a_rather_long_name_no_059x");
  for (size_t i = 0; i < COLUMNS; i++) {
    snprintf(names[i], sizeof names[i], "a_column_with_a_rather_long_name_no_%03zu", i);
    n += (size_t)snprintf(sql + n, sizeof sql - n, "%s1 AS %s", i == 0 ? "" : ", ",
                          names[i]);
  }
  snprintf(sql + n, sizeof sql - n, ") AS q");
  WT_CHECK(wf_rows(&rows, "a:l", cells, 1));
  wf_input inputs[] = {{.name = "t", .rows = &rows}};
  weir_session *s = wf_session(inputs, 1);
  WT_CHECK(s != NULL);
  WT_EQ_INT(weir_query_open(s, sql, NULL, 0, &query, &err), WEIR_E_UNKNOWN_COLUMN);
  WT_CHECK(strstr(err.hint, "did you mean a_column_with_a_rather_long_name_no_059") !=
           NULL);
  const char *list = strstr(err.hint, "the columns are ");
  WT_CHECK(list != NULL);
  list += strlen("the columns are ");
  size_t seen = 0;
  while (*list == 'a') {
    size_t length = strcspn(list, ",");
    bool whole = false;
    for (size_t i = 0; i < COLUMNS; i++) {
      whole =
          whole || (strlen(names[i]) == length && memcmp(names[i], list, length) == 0);
    }
    WT_CHECK(whole);
    seen++;
    list += length + (list[length] == ',' ? 2 : 0);
  }
  WT_EQ_STR(list, "\xE2\x80\xA6"); /* and says that there are more */
  WT_CHECK(seen > 5 && seen < COLUMNS);
  weir_error_release(&err);
  weir_session_free(&s);
}

WT_TEST(what_writes_in_a_cte_is_no_query) {
  static const char *const cells[] = {"1"};
  struct ArrowArrayStream rows;
  WT_CHECK(wf_rows(&rows, "a:l", cells, 1));
  wf_input inputs[] = {{.name = "t", .rows = &rows}};
  weir_session *s = wf_session(inputs, 1);
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect_error(s, "WITH w AS (DELETE FROM t RETURNING a) SELECT * FROM w",
                           WEIR_E_READ_ONLY));
  WT_CHECK(wf_expect_error(
      s, "WITH w AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM w",
      WEIR_E_READ_ONLY));
  WT_CHECK(wf_expect_error(
      s, "SELECT * FROM (WITH w AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM w) q",
      WEIR_E_READ_ONLY));
  WT_CHECK(wf_expect(s, "WITH w AS (SELECT a FROM t) SELECT * FROM w", "1;"));
  weir_session_free(&s);
}
