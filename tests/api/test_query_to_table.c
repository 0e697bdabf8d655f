/* A stream in, SQL, and its result written as a table: one weir stream read inside another. */
#include <stdio.h>
#include <string.h>

#include "common/fixtures.h"
#include "common/test.h"

static const char *const reading = "SELECT count(*), sum(value) FROM t";

/* Writes what `sql` gives over the seeded stream `s`, and expects these rows in the table. */
static void write_query(const char *sql, const wf_seed *seed, const char *rows,
                        weir_status wanted) {
  wt_project folder;
  char uri[256], got[128];
  weir_error err = WEIR_ERROR_INIT;
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  weir_session *session = NULL;
  weir_query *query = NULL;
  weir_write_result result = {0};
  struct ArrowArrayStream in, out;
  WT_CHECK(wt_project_make(&folder, NULL, 0) && wf_seeded(&in, seed));
  snprintf(uri, sizeof uri, "%s/t", folder.root);
  options.threads = 2;
  WT_OK(weir_session_new(&options, &session, &err));
  WT_OK(weir_session_add_stream(session, "s", &in, &err));
  WT_OK(weir_session_seal(session, &err));
  WT_OK(weir_query_open(session, sql, NULL, 0, &query, &err));
  WT_OK(weir_query_stream(query, &out, &err));
  WT_EQ_INT(weir_table_create(session, uri, &out, NULL, &result, &err), wanted);
  weir_error_release(&err);
  if (wanted == WEIR_OK) {
    wf_input inputs[] = {{.name = "t", .uri = uri, .version = -1}};
    weir_session *reader = wf_session(inputs, 1);
    WT_OK(wf_query(reader, reading, got, sizeof got, &err));
    WT_EQ_STR(got, rows);
    weir_session_free(&reader);
  }
  weir_write_result_release(&result);
  weir_query_free(&query);
  weir_session_free(&session);
  wt_project_remove(&folder);
}

WT_TEST(a_query_of_a_stream_can_be_written) {
  wf_seed seed = {7, 20000, 0, 0};
  char rows[64];
  snprintf(rows, sizeof rows, "20000|%lld;", (long long)wf_seeded_sum(&seed));
  write_query("SELECT * FROM s ORDER BY value, id", &seed, rows, WEIR_OK);
}

WT_TEST(a_failure_inside_is_the_failure_of_the_write) {
  wf_seed seed = {7, 20000, 0, 0};
  write_query("SELECT id, value, 1 / (id - 15000) AS x FROM s", &seed, "",
              WEIR_E_EXECUTION);
}
