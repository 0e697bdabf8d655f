/* Writing tables: create, append, replace; what they refuse, and that a refusal leaves
 * nothing behind; races. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/fixtures.h"
#include "common/test.h"

#define COLUMNS "n:l! part:t letter:t"
static const char *const four[] = {"1", "p", "a",  "2", "q",  "b",
                                   "3", "p", NULL, "4", NULL, "d"};

typedef struct place {
  wt_project folder;
  char uri[256];
  weir_session *session;
} place;

static bool place_of(place *out) {
  if (!wt_project_make(&out->folder, NULL, 0)) {
    return false;
  }
  snprintf(out->uri, sizeof out->uri, "%s/t", out->folder.root);
  out->session = wf_session(NULL, 0);
  return out->session != NULL;
}

static void leave(place *at) {
  weir_session_free(&at->session);
  wt_project_remove(&at->folder);
}

typedef enum verb { CREATE, APPEND, REPLACE } verb;

static weir_status put(const place *at, verb how, const char *columns,
                       const char *const *cells, size_t n,
                       const weir_write_options *options,
                       const weir_partition *partitions, size_t n_partitions,
                       weir_write_result *out, weir_error *err) {
  struct ArrowArrayStream rows;
  memset(out, 0, sizeof *out);
  if (!wf_rows(&rows, columns, cells, n)) {
    return WEIR_E_BUG;
  }
  weir_status status =
      how == CREATE   ? weir_table_create(at->session, at->uri, &rows, options, out, err)
      : how == APPEND ? weir_table_append(at->session, at->uri, &rows, options, out, err)
                      : weir_table_replace(at->session, at->uri, partitions, n_partitions,
                                           &rows, options, out, err);
  if (rows.release != NULL) {
    wt_fail(__FILE__, __LINE__, "the stream was not taken");
    rows.release(&rows);
  }
  return status;
}

/* Must give this code and leave no trace in the folder. */
static void refused(const place *at, verb how, const char *columns,
                    const char *const *cells, size_t n, const weir_write_options *options,
                    const weir_partition *partitions, size_t n_partitions,
                    weir_status code) {
  weir_write_result result;
  weir_error err = WEIR_ERROR_INIT;
  char *before = wf_listing(at->folder.root);
  weir_status status =
      put(at, how, columns, cells, n, options, partitions, n_partitions, &result, &err);
  char *after = wf_listing(at->folder.root);
  if (status != code || err.message[0] == '\0') {
    wt_fail(__FILE__, __LINE__, "refused with %s, not %s: %s",
            weir_error_code_name(status), weir_error_code_name(code), err.message);
  }
  if (before == NULL || after == NULL || strcmp(before, after) != 0) {
    wt_fail(__FILE__, __LINE__, "a refusal (%s) changed the folder from\n%s  to\n%s",
            weir_error_code_name(code), before, after);
  }
  free(before);
  free(after);
  weir_write_result_release(&result);
  weir_error_release(&err);
}

static bool holds(const place *at, const char *sql, const char *rows) {
  wf_input inputs[] = {{.name = "t", .uri = at->uri, .version = -1}};
  weir_session *s = wf_session(inputs, 1);
  bool ok = s != NULL && wf_expect(s, sql, rows);
  weir_session_free(&s);
  return ok;
}

static const char *const by_part[] = {"part"};

static weir_write_options partitioned(void) {
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  o.partition_by = by_part;
  o.n_partition_by = 1;
  return o;
}

/* ---- create, append ---- */

WT_TEST(create_and_append_tell_what_they_did) {
  place at;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  weir_pair pairs[] = {{"team.job", "7"}};
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  char uri[300], key[320];
  int64_t version = 0;
  WT_CHECK(place_of(&at));
  o.metadata = pairs;
  o.n_metadata = 1;
  o.description = "letters";
  snprintf(uri, sizeof uri, "file://%s", at.uri);
  WT_OK(weir_table_version(at.session, at.uri, &version, &err));
  WT_EQ_INT(version, -1);
  WT_OK(put(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, &r, &err));
  WT_EQ_INT(r.version, 0);
  WT_EQ_STR(r.mode, "create");
  WT_EQ_STR(r.uri, uri);
  snprintf(key, sizeof key, "%s@0", uri);
  WT_EQ_STR(r.snapshot_key, key);
  WT_CHECK(r.app_id == NULL && r.timestamp_us > 0);
  WT_EQ_INT(r.rows, 4);
  WT_EQ_INT(r.files, 1);
  WT_EQ_INT(r.removed_files, 0);
  WT_EQ_INT(r.retries, 0);
  WT_CHECK(r.bytes > 100);
  weir_write_result_release(&r);
  weir_write_result_release(&r); /* twice is fine */
  static const char *const more[] = {"x", "5", "q", NULL, "6", "q"};
  WT_OK(put(&at, APPEND, "letter:t n:l! part:t", more, 2, NULL, NULL, 0, &r, &err));
  WT_EQ_INT(r.version, 1);
  WT_EQ_STR(r.mode, "append");
  WT_EQ_INT(r.rows, 2);
  WT_EQ_INT(r.removed_files, 0);
  weir_write_result_release(&r);
  WT_OK(weir_table_version(at.session, at.uri, &version, &err));
  WT_EQ_INT(version, 1);
  WT_CHECK(holds(&at, "SELECT n, part, letter FROM t ORDER BY n",
                 "1|p|a;2|q|b;3|p|NULL;4|NULL|d;5|q|x;6|q|NULL;"));
  leave(&at);
}

WT_TEST(partitioned_tables) {
  place at;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  weir_write_options o = partitioned();
  WT_CHECK(place_of(&at));
  WT_OK(put(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, &r, &err));
  WT_EQ_INT(r.files, 3);
  weir_write_result_release(&r);
  char *listing = wf_listing(at.uri);
  WT_CHECK(listing != NULL);
  free(listing);
  WT_CHECK(holds(&at, "SELECT part, count(*), sum(n) FROM t GROUP BY part ORDER BY part",
                 "p|2|4;q|1|2;NULL|1|4;"));
  leave(&at);
}

WT_TEST(creating_over_a_table_is_refused) {
  place at;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(place_of(&at));
  WT_OK(put(&at, CREATE, COLUMNS, four, 4, NULL, NULL, 0, &r, &err));
  weir_write_result_release(&r);
  refused(&at, CREATE, COLUMNS, four, 4, NULL, NULL, 0, WEIR_E_TABLE_EXISTS);
  leave(&at);
}

WT_TEST(appending_to_nothing_is_refused) {
  place at;
  WT_CHECK(place_of(&at));
  refused(&at, APPEND, COLUMNS, four, 4, NULL, NULL, 0, WEIR_E_TABLE_MISSING);
  leave(&at);
}

WT_TEST(rows_that_do_not_fit_are_refused) {
  static const char *const one[] = {"x", "p", "a", "b"}, *const must[] = {"n"};
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  place at;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(place_of(&at));
  o.not_null = must;
  o.n_not_null = 1;
  WT_OK(put(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, &r, &err));
  weir_write_result_release(&r);
  refused(&at, APPEND, "n:l! part:t letter:t more:t", one, 1, NULL, NULL, 0,
          WEIR_E_SCHEMA_CHANGED);
  refused(&at, APPEND, "part:t letter:t", one, 1, NULL, NULL, 0, WEIR_E_SCHEMA_CHANGED);
  /* Types that cast are cast row by row, checked. */
  refused(&at, APPEND, "n:t! part:t letter:t", one, 1, NULL, NULL, 0, WEIR_E_EXECUTION);
  WT_CHECK(holds(&at, "SELECT count(*) FROM t", "4;"));
  /* A column that may be null may be left out. */
  static const char *const narrow[] = {"5", "p"};
  WT_OK(put(&at, APPEND, "n:l part:t", narrow, 1, NULL, NULL, 0, &r, &err));
  weir_write_result_release(&r);
  WT_CHECK(holds(&at, "SELECT part, letter FROM t WHERE n = 5", "p|NULL;"));
  leave(&at);
}

WT_TEST(types_that_do_not_cast_are_refused) {
  static const char *const dates[] = {"1", "20000"}, *const booleans[] = {"2", "true"};
  place at;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(place_of(&at));
  WT_OK(put(&at, CREATE, "n:l day:D", dates, 1, NULL, NULL, 0, &r, &err));
  weir_write_result_release(&r);
  refused(&at, APPEND, "n:l day:b", booleans, 1, NULL, NULL, 0, WEIR_E_SCHEMA_CHANGED);
  leave(&at);
}

WT_TEST(nulls_where_none_may_be_are_refused) {
  static const char *const null_first[] = {NULL, "p", "a"};
  static const char *const columns[] = {"n"};
  place at;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  WT_CHECK(place_of(&at));
  o.not_null = columns;
  o.n_not_null = 1;
  refused(&at, CREATE, "n:l part:t letter:t", null_first, 1, &o, NULL, 0,
          WEIR_E_CONSTRAINT);
  WT_OK(put(&at, CREATE, "n:l part:t letter:t", four, 4, &o, NULL, 0, &r, &err));
  weir_write_result_release(&r);
  refused(&at, APPEND, "n:l part:t letter:t", null_first, 1, NULL, NULL, 0,
          WEIR_E_CONSTRAINT);
  WT_CHECK(holds(&at, "SELECT count(*), count(n) FROM t", "4|4;"));
  leave(&at);
}

WT_TEST(bad_options_are_refused) {
  static const char *const absent[] = {"absent"};
  place at;
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  weir_pair no_dot[] = {{"job", "7"}}, ours[] = {{"weir.owner", "7"}};
  weir_pair twice[] = {{"a.b", "7"}, {"a.b", "8"}}, no_utf8[] = {{"a.b", "\xff"}};
  WT_CHECK(place_of(&at));
  o.struct_size = 1;
  refused(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, WEIR_E_USAGE);
  o = (weir_write_options)WEIR_WRITE_OPTIONS_INIT;
  o.n_metadata = 1;
  o.metadata = no_dot;
  refused(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, WEIR_E_USAGE);
  o.metadata = ours;
  refused(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, WEIR_E_USAGE);
  o.metadata = twice;
  o.n_metadata = 2;
  refused(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, WEIR_E_USAGE);
  o.metadata = no_utf8;
  o.n_metadata = 1;
  refused(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, WEIR_E_USAGE);
  o = (weir_write_options)WEIR_WRITE_OPTIONS_INIT;
  o.description = "\xff";
  refused(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, WEIR_E_USAGE);
  o = (weir_write_options)WEIR_WRITE_OPTIONS_INIT;
  o.partition_by = absent;
  o.n_partition_by = 1;
  refused(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, WEIR_E_UNKNOWN_COLUMN);
  weir_session_free(&at.session);
  at.session = wf_session_open(NULL, 0);
  WT_CHECK(at.session != NULL);
  refused(&at, CREATE, COLUMNS, four, 4, NULL, NULL, 0, WEIR_E_NOT_SEALED);
  leave(&at);
}

static int failing_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  (void)stream;
  memset(out, 0, sizeof *out);
  return 5; /* EIO */
}

static const char *failing_text(struct ArrowArrayStream *stream) {
  (void)stream;
  return "the source went away";
}

WT_TEST(a_failing_stream_leaves_nothing) {
  place at;
  struct ArrowArrayStream rows;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(place_of(&at) && wf_rows(&rows, COLUMNS, four, 4));
  char *before = wf_listing(at.folder.root);
  rows.get_next = failing_next;
  rows.get_last_error = failing_text;
  WT_CHECK(weir_table_create(at.session, at.uri, &rows, NULL, &r, &err) != WEIR_OK);
  WT_CHECK(strstr(err.message, "went away") != NULL);
  weir_error_release(&err);
  weir_write_result_release(&r);
  char *after = wf_listing(at.folder.root);
  WT_EQ_STR(after, before);
  free(before);
  free(after);
  leave(&at);
}

/* ---- application transactions ---- */

WT_TEST(application_versions_make_writes_idempotent) {
  place at;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  WT_CHECK(place_of(&at));
  o.app_id = "loader";
  o.app_version = 5;
  WT_OK(put(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, &r, &err));
  WT_EQ_STR(r.mode, "create");
  WT_EQ_STR(r.app_id, "loader");
  WT_EQ_INT(r.app_version, 5);
  weir_write_result_release(&r);
  for (int64_t v = 4; v <= 5; v++) { /* below and at what is there */
    char *before = wf_listing(at.folder.root);
    o.app_version = v;
    WT_OK(put(&at, APPEND, COLUMNS, four, 4, &o, NULL, 0, &r, &err));
    WT_EQ_STR(r.mode, "unchanged");
    WT_EQ_INT(r.version, 0);
    WT_EQ_INT(r.rows, 0);
    weir_write_result_release(&r);
    char *after = wf_listing(at.folder.root);
    WT_EQ_STR(after, before);
    free(before);
    free(after);
  }
  o.app_version = 6;
  WT_OK(put(&at, APPEND, COLUMNS, four, 4, &o, NULL, 0, &r, &err));
  WT_EQ_STR(r.mode, "append");
  WT_EQ_INT(r.version, 1);
  weir_write_result_release(&r);
  o.app_id = "another";
  o.app_version = 1;
  WT_OK(put(&at, APPEND, COLUMNS, four, 4, &o, NULL, 0, &r, &err));
  WT_EQ_INT(r.version, 2);
  weir_write_result_release(&r);
  WT_CHECK(holds(&at, "SELECT count(*) FROM t", "12;"));
  leave(&at);
}

/* ---- replacing ---- */

/* A table that is partitioned by a column twice can be read by nobody. */
WT_TEST(names_that_are_given_twice) {
  static const char *const twice[] = {"part", "part"};
  weir_pair pairs[] = {{"team.job", "7"}, {"team.owner", "me"}, {"team.job", "8"}};
  weir_write_options options = WEIR_WRITE_OPTIONS_INIT;
  place at;
  WT_CHECK(place_of(&at));
  options.partition_by = twice;
  options.n_partition_by = 2;
  refused(&at, CREATE, COLUMNS, four, 4, &options, NULL, 0, WEIR_E_USAGE);
  options.n_partition_by = 0;
  options.metadata = pairs;
  options.n_metadata = 3;
  refused(&at, CREATE, COLUMNS, four, 4, &options, NULL, 0, WEIR_E_USAGE);
  leave(&at);
}

/* What a table holds of an application is never below zero: all later batches would be said to be
 * there already. */
WT_TEST(a_version_below_zero_is_refused) {
  weir_error err = WEIR_ERROR_INIT;
  weir_write_result r;
  weir_write_options options = WEIR_WRITE_OPTIONS_INIT;
  place at;
  WT_CHECK(place_of(&at));
  options.app_id = "loader";
  options.app_version = -1;
  WT_EQ_INT(put(&at, CREATE, COLUMNS, four, 4, &options, NULL, 0, &r, &err),
            WEIR_E_USAGE);
  WT_CHECK(strstr(err.message, "app_version") != NULL);
  weir_error_release(&err);
  options.app_id = NULL; /* of no application it means nothing */
  WT_OK(put(&at, CREATE, COLUMNS, four, 4, &options, NULL, 0, &r, &err));
  weir_write_result_release(&r);
  leave(&at);
}

/* Zero is a version like another, and what an options struct holds that nobody filled. */
WT_TEST(version_zero_of_an_application_is_written_once) {
  weir_error err = WEIR_ERROR_INIT;
  weir_write_result r;
  weir_write_options options = WEIR_WRITE_OPTIONS_INIT;
  place at;
  WT_CHECK(place_of(&at));
  WT_OK(put(&at, CREATE, COLUMNS, four, 4, NULL, NULL, 0, &r, &err));
  weir_write_result_release(&r);
  options.app_id = "loader";
  options.app_version = 0;
  WT_OK(put(&at, APPEND, COLUMNS, four, 2, &options, NULL, 0, &r, &err));
  WT_EQ_STR(r.mode, "append");
  WT_EQ_INT(r.version, 1);
  WT_EQ_INT(r.rows, 2);
  WT_EQ_INT(r.app_version, 0);
  weir_write_result_release(&r);
  WT_OK(put(&at, APPEND, COLUMNS, four, 2, &options, NULL, 0, &r, &err));
  WT_EQ_STR(r.mode, "unchanged");
  WT_EQ_INT(r.rows, 0);
  WT_EQ_INT(r.files, 0);
  weir_write_result_release(&r);
  leave(&at);
}

/* Each would be another in the log than what the next call looks for. */
WT_TEST(an_application_that_the_log_cannot_hold_is_refused) {
  static const struct {
    const char *id;
    int64_t version;
  } bad[] = {{"loader", -1}, {"loader", INT64_MIN}, {"", 1}, {"lo\xff", 1}};
  weir_write_options options = WEIR_WRITE_OPTIONS_INIT;
  place at;
  WT_CHECK(place_of(&at));
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    options.app_id = bad[i].id;
    options.app_version = bad[i].version;
    refused(&at, CREATE, COLUMNS, four, 4, &options, NULL, 0, WEIR_E_USAGE);
  }
  leave(&at);
}

WT_TEST(whole_partitions_are_replaced) {
  static const char *const fresh[] = {"7", "p", "x", "8", "p", "y"};
  static const char *const outside[] = {"7", "p", "x", "8", "q", "y"};
  static const char *const nulls[] = {"9", NULL, "z"};
  const char *const p[] = {"p"}, *const q[] = {"q"}, *const none[] = {NULL};
  weir_partition only_p[] = {{p}}, p_and_q[] = {{p}, {q}}, only_null[] = {{none}};
  place at;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  weir_write_options o = partitioned();
  WT_CHECK(place_of(&at));
  WT_OK(put(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, &r, &err));
  weir_write_result_release(&r);
  refused(&at, REPLACE, COLUMNS, outside, 2, NULL, only_p, 1, WEIR_E_CONSTRAINT);
  WT_OK(put(&at, REPLACE, COLUMNS, fresh, 2, NULL, only_p, 1, &r, &err));
  WT_EQ_STR(r.mode, "replace");
  WT_EQ_INT(r.version, 1);
  WT_EQ_INT(r.rows, 2);
  WT_EQ_INT(r.removed_files, 1);
  weir_write_result_release(&r);
  WT_CHECK(holds(&at, "SELECT n, part FROM t ORDER BY n", "2|q;4|NULL;7|p;8|p;"));
  WT_OK(put(&at, REPLACE, COLUMNS, nulls, 1, NULL, only_null, 1, &r, &err));
  weir_write_result_release(&r);
  WT_CHECK(holds(&at, "SELECT n, part FROM t ORDER BY n", "2|q;7|p;8|p;9|NULL;"));
  refused(&at, REPLACE, COLUMNS, fresh, 2, NULL, NULL, 0, WEIR_E_USAGE);
  /* A partition of which no row comes is emptied. */
  WT_OK(put(&at, REPLACE, COLUMNS, fresh, 1, NULL, p_and_q, 2, &r, &err));
  WT_EQ_INT(r.removed_files, 2);
  weir_write_result_release(&r);
  WT_CHECK(holds(&at, "SELECT n, part FROM t ORDER BY n", "7|p;9|NULL;"));
  leave(&at);
}

WT_TEST(unpartitioned_tables_are_replaced_whole) {
  const char *const p[] = {"p"};
  const weir_partition one[] = {{p}};
  place at;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(place_of(&at));
  WT_OK(put(&at, CREATE, COLUMNS, four, 4, NULL, NULL, 0, &r, &err));
  weir_write_result_release(&r);
  refused(&at, REPLACE, COLUMNS, four, 1, NULL, one, 1, WEIR_E_USAGE);
  WT_OK(put(&at, REPLACE, COLUMNS, four + 3, 1, NULL, NULL, 0, &r, &err));
  WT_EQ_INT(r.removed_files, 1);
  weir_write_result_release(&r);
  WT_CHECK(holds(&at, "SELECT n FROM t", "2;"));
  leave(&at);
}

/* ---- what belongs to somebody ---- */

static const wt_file a_view[] = {
    {"weir.yml", "name: shop\nwarehouse: ./lake\n"},
    {"views/daily.sql", "/* weir\nkey: [n]\n*/\nSELECT CAST(1 AS BIGINT) AS n\n"},
};

WT_TEST(tables_of_views_and_records_are_written_by_their_runs_only) {
  static const char *const tables[] = {"lake/daily", "lake/_weir/runs"};
  static const char *const cells[] = {"2"};
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  weir_project *project = NULL;
  weir_report *report = NULL;
  place at;
  WT_CHECK(wt_project_make(&at.folder, WT_FILES(a_view)));
  options.path = at.folder.root;
  WT_OK(weir_project_open(&options, &project, &err));
  WT_OK(weir_project_run(project, NULL, NULL, &report, &err));
  weir_report_free(&report);
  weir_project_free(&project);
  at.session = wf_session(NULL, 0);
  for (size_t i = 0; i < 2; i++) {
    snprintf(at.uri, sizeof at.uri, "%s/%s", at.folder.root, tables[i]);
    refused(&at, APPEND, "n:l", cells, 1, NULL, NULL, 0, WEIR_E_NOT_OURS);
    refused(&at, REPLACE, "n:l", cells, 1, NULL, NULL, 0, WEIR_E_NOT_OURS);
  }
  leave(&at);
}

/* Options of a new table must not be taken for a change of the one that is there. */
WT_TEST(options_that_differ_from_the_table_are_refused) {
  static const char *const other[] = {"letter"}, *const two[] = {"part", "letter"};
  static const char *const n[] = {"n"}, *const letter[] = {"letter"};
  const char *const p[] = {"p"};
  const weir_partition one[] = {{p}};
  weir_error err = WEIR_ERROR_INIT;
  weir_write_result r;
  place at;
  weir_write_options o = partitioned();
  o.not_null = n;
  o.n_not_null = 1;
  o.description = "letters";
  WT_CHECK(place_of(&at));
  WT_OK(put(&at, CREATE, COLUMNS, four, 4, &o, NULL, 0, &r, &err));
  weir_write_result_release(&r);
  weir_write_options wrong[5];
  for (size_t i = 0; i < 5; i++) {
    wrong[i] = o;
  }
  wrong[0].partition_by = other;
  wrong[1].partition_by = two;
  wrong[1].n_partition_by = 2;
  wrong[2].not_null = letter;
  wrong[3].description = "words";
  wrong[4].not_null = by_part;
  for (size_t i = 0; i < 5; i++) {
    refused(&at, APPEND, COLUMNS, four, 1, &wrong[i], NULL, 0, WEIR_E_USAGE);
    refused(&at, REPLACE, COLUMNS, four, 1, &wrong[i], one, 1, WEIR_E_USAGE);
  }
  /* Both sides are named. */
  WT_EQ_INT(put(&at, APPEND, COLUMNS, four, 1, &wrong[1], NULL, 0, &r, &err),
            WEIR_E_USAGE);
  WT_CHECK(strstr(err.message, "(part, letter)") != NULL &&
           strstr(err.message, "by (part)") != NULL && err.hint[0] != '\0');
  weir_error_release(&err);
  WT_OK(put(&at, APPEND, COLUMNS, four, 1, &o, NULL, 0, &r, &err));
  WT_EQ_INT(r.version, 1);
  weir_write_result_release(&r);
  leave(&at);
}

/* ---- races ---- */

#define N_WRITERS 4
#define N_WRITES  5

typedef struct writer {
  const char *uri;
  int64_t id;
  int created, exists, failed;
  int64_t versions[N_WRITES];
} writer;

static void *append_some(void *arg) {
  writer *w = arg;
  weir_session *s = wf_session(NULL, 0);
  for (int64_t i = 0; i < N_WRITES && s != NULL; i++) {
    wf_seed seed = {1, 10, 0, (w->id * N_WRITES + i) * 10};
    struct ArrowArrayStream rows;
    weir_write_result r;
    weir_error err = WEIR_ERROR_INIT;
    if (!wf_seeded(&rows, &seed) ||
        weir_table_append(s, w->uri, &rows, NULL, &r, &err) != WEIR_OK) {
      printf("  append: %s\n", err.message);
      w->failed++;
    } else {
      w->versions[i] = r.version;
    }
    weir_write_result_release(&r);
    weir_error_release(&err);
  }
  w->failed += s == NULL;
  weir_session_free(&s);
  return NULL;
}

static bool run_writers(writer *writers, void *(*body)(void *)) {
  pthread_t threads[N_WRITERS];
  size_t n = 0;
  while (n < N_WRITERS && pthread_create(&threads[n], NULL, body, &writers[n]) == 0) {
    n++;
  }
  for (size_t i = 0; i < n; i++) {
    pthread_join(threads[i], NULL);
  }
  return n == N_WRITERS;
}

WT_TEST(racing_appends_all_arrive) {
  place at;
  wf_seed seed = {1, 0, 0, 0};
  writer writers[N_WRITERS];
  bool seen[N_WRITERS * N_WRITES + 1] = {false};
  int64_t last = 0;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(place_of(&at) && wf_seeded_table(at.uri, &seed, 1));
  for (size_t i = 0; i < N_WRITERS; i++) {
    writers[i] = (writer){.uri = at.uri, .id = (int64_t)i};
  }
  WT_CHECK(run_writers(writers, append_some));
  for (size_t i = 0; i < N_WRITERS; i++) {
    WT_EQ_INT(writers[i].failed, 0);
    for (size_t k = 0; k < N_WRITES; k++) {
      int64_t v = writers[i].versions[k];
      WT_CHECK(v >= 1 && v <= N_WRITERS * N_WRITES && !seen[v]);
      WT_CHECK(k == 0 || v > writers[i].versions[k - 1]);
      seen[v] = true;
    }
  }
  WT_OK(weir_table_version(at.session, at.uri, &last, &err));
  WT_EQ_INT(last, N_WRITERS * N_WRITES);
  WT_CHECK(holds(&at, "SELECT count(*), count(DISTINCT id), min(id), max(id) FROM t",
                 "200|200|0|199;"));
  leave(&at);
}

static void *create_one(void *arg) {
  writer *w = arg;
  weir_session *s = wf_session(NULL, 0);
  wf_seed seed = {1, 10, 0, w->id * 10};
  struct ArrowArrayStream rows;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  if (s == NULL || !wf_seeded(&rows, &seed)) {
    w->failed++;
    return NULL;
  }
  weir_status status = weir_table_create(s, w->uri, &rows, NULL, &r, &err);
  w->created = status == WEIR_OK;
  w->exists = status == WEIR_E_TABLE_EXISTS;
  w->failed = !w->created && !w->exists;
  weir_write_result_release(&r);
  weir_error_release(&err);
  weir_session_free(&s);
  return NULL;
}

WT_TEST(of_racing_creates_one_wins) {
  for (int round = 0; round < 5; round++) {
    place at;
    writer writers[N_WRITERS];
    int created = 0, exists = 0;
    size_t winner = 0;
    char expected[64];
    WT_CHECK(place_of(&at));
    for (size_t i = 0; i < N_WRITERS; i++) {
      writers[i] = (writer){.uri = at.uri, .id = (int64_t)i};
    }
    WT_CHECK(run_writers(writers, create_one));
    for (size_t i = 0; i < N_WRITERS; i++) {
      created += writers[i].created;
      exists += writers[i].exists;
      winner = writers[i].created ? i : winner;
    }
    WT_EQ_INT(created, 1);
    WT_EQ_INT(exists, N_WRITERS - 1);
    snprintf(expected, sizeof expected, "10|%d;", (int)winner * 10);
    WT_CHECK(holds(&at, "SELECT count(*), min(id) FROM t", expected));
    /* The losers left no file behind. */
    char *listing = wf_listing(at.uri), *at_file = listing;
    int files = 0;
    while (at_file != NULL && (at_file = strstr(at_file, ".parquet ")) != NULL) {
      files++;
      at_file++;
    }
    free(listing);
    WT_EQ_INT(files, 1);
    leave(&at);
  }
}

/* ---- upkeep ---- */

static bool in_log(const place *at, const char *name) {
  char path[400];
  struct stat st;
  snprintf(path, sizeof path, "%s/_delta_log/%s", at->uri, name);
  return stat(path, &st) == 0 && st.st_size > 0;
}

WT_TEST(tables_of_the_api_get_checkpoints) {
  place at;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(place_of(&at));
  for (int i = 0; i <= 21; i++) {
    WT_OK(put(&at, i == 0 ? CREATE : APPEND, COLUMNS, four, 4, NULL, NULL, 0, &r, &err));
    WT_EQ_INT(r.version, i);
    weir_write_result_release(&r);
  }
  WT_CHECK(in_log(&at, "00000000000000000020.checkpoint.parquet"));
  WT_CHECK(in_log(&at, "_last_checkpoint"));
  WT_CHECK(!in_log(&at, "00000000000000000010.checkpoint.parquet"));
  WT_CHECK(holds(&at, "SELECT count(*) FROM t", "88;"));
  leave(&at);
}

WT_TEST(a_folder_that_was_there_stays_after_a_refusal) {
  place at;
  static const char *const nulls[] = {"1", "p", NULL};
  static const char *const must[] = {"letter"};
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  o.not_null = must;
  o.n_not_null = 1;
  WT_CHECK(place_of(&at));
  refused(&at, CREATE, COLUMNS, nulls, 1, &o, NULL, 0, WEIR_E_CONSTRAINT);
  WT_EQ_INT(mkdir(at.uri, 0777), 0);
  refused(&at, CREATE, COLUMNS, nulls, 1, &o, NULL, 0, WEIR_E_CONSTRAINT);
  leave(&at);
}

/* 1.5 was stored as 1, without a word. */
WT_TEST(values_that_a_column_cannot_hold_are_refused) {
  static const char *const whole[] = {"1"}, *const half[] = {"1.5"};
  wt_project folder;
  struct ArrowArrayStream rows;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  char uri[512], text[64];
  WT_CHECK(wt_project_make(&folder, NULL, 0));
  snprintf(uri, sizeof uri, "%s/t", folder.root);
  WT_CHECK(wf_table(uri, "n:l", whole, 1, NULL) && wf_rows(&rows, "n:d", half, 1));
  weir_session *s = wf_session(NULL, 0);
  WT_EQ_INT(weir_table_append(s, uri, &rows, NULL, &r, &err), WEIR_E_SCHEMA_CHANGED);
  WT_CHECK(strstr(err.message, "'n'") != NULL && rows.release == NULL);
  weir_error_release(&err);
  WT_CHECK(wf_rows(&rows, "n:i", whole, 1));
  WT_OK(weir_table_append(s, uri, &rows, NULL, &r, &err));
  weir_write_result_release(&r);
  weir_session_free(&s);
  wf_input inputs[] = {{.name = "t", .uri = uri, .version = -1}};
  s = wf_session(inputs, 1);
  WT_OK(wf_query(s, "SELECT n FROM t", text, sizeof text, &err));
  WT_EQ_STR(text, "1;1;");
  weir_session_free(&s);
  wt_project_remove(&folder);
}
