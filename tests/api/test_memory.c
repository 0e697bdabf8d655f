/* Sorts, joins, groups and writes end within the memory that there is, with the rows that they
 * have in more of it: what does not fit spills, and what cannot spill is planned again. */
#include <stdlib.h>

#include "common/fixtures.h"
#include "common/test.h"

#define MB ((uint64_t)1 << 20)

static weir_session *session_of(uint32_t threads, uint64_t memory) {
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  weir_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  options.threads = threads;
  options.memory = memory;
  if (weir_session_new(&options, &s, &err) != WEIR_OK ||
      weir_session_seal(s, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s", err.message);
    weir_session_free(&s);
  }
  weir_error_release(&err);
  return s;
}

/* The one text of the query's one row. */
static weir_status ask(weir_session *s, const char *sql, char out[256], uint64_t *peak,
                       weir_error *err) {
  weir_query *query = NULL;
  struct ArrowArrayStream rows = {0};
  weir_status status = weir_query_open(s, sql, NULL, 0, &query, err);
  out[0] = '\0';
  if (status == WEIR_OK) {
    status = weir_query_stream(query, &rows, err);
  }
  while (status == WEIR_OK) {
    struct ArrowArray batch = {0};
    int code = rows.get_next(&rows, &batch);
    status = code == 0 ? WEIR_OK : weir_stream_error(&rows, code, err);
    if (batch.release == NULL) {
      break;
    }
    if (batch.length > 0) {
      const int32_t *ends = batch.children[0]->buffers[1];
      const char *text = batch.children[0]->buffers[2];
      snprintf(out, 256, "%.*s", (int)(ends[1] - ends[0]), text + ends[0]);
    }
    batch.release(&batch);
  }
  if (rows.release != NULL) {
    rows.release(&rows);
  }
  *peak = weir_query_peak_memory(query);
  weir_query_free(&query);
  return status;
}

/* At every limit and number of threads the rows are those of a gigabyte. */
static void check(const char *sql, const uint64_t *limits, size_t n) {
  static const uint32_t threads[] = {1, 2, 4};
  char wanted[256], got[256];
  uint64_t peak = 0;
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = session_of(2, 1024 * MB);
  WT_CHECK(s != NULL);
  WT_OK(ask(s, sql, wanted, &peak, &err));
  WT_CHECK(wanted[0] != '\0');
  weir_session_free(&s);
  for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
    for (size_t i = 0; i < n; i++) {
      s = session_of(threads[t], limits[i] * MB);
      WT_CHECK(s != NULL);
      if (ask(s, sql, got, &peak, &err) != WEIR_OK) {
        wt_fail(__FILE__, __LINE__, "%u threads, %u MB: %s (%s)", threads[t],
                (unsigned)limits[i], err.message, err.detail != NULL ? err.detail : "");
      }
      WT_EQ_STR(got, wanted);
      /* The engine takes a batch that is there already without asking. */
      if (peak == 0 || peak > (limits[i] + 1) * MB) {
        wt_fail(__FILE__, __LINE__, "%u threads, %u MB: a peak of %llu", threads[t],
                (unsigned)limits[i], (unsigned long long)peak);
      }
      weir_session_free(&s);
    }
  }
  weir_error_release(&err);
}

#define CHECK(sql, ...)                                      \
  do {                                                       \
    const uint64_t limits_[] = {__VA_ARGS__};                \
    check(sql, limits_, sizeof limits_ / sizeof limits_[0]); \
  } while (0)

/* Less memory worked where more did not, and the other way round. */
WT_TEST(a_sort_ends_at_every_limit) {
  CHECK(
      "SELECT concat(count(*), ' ', sum(r * (value % 13))) FROM "
      "(SELECT value, row_number() OVER (ORDER BY (value * 7919) % 1000003, value) AS r "
      "FROM range(0, 500000))",
      2, 4, 8, 16, 24);
}

#define SIDE(other, text)                \
  "(SELECT value AS id, (value * " other \
  ") % 300007 AS k, "                    \
  "concat('" text " ', value) AS s FROM range(0, 300000))"
#define A SIDE("7919", "text number")
#define B SIDE("104729", "other text")

WT_TEST(joins_that_do_not_fit_are_sorted) {
  CHECK("SELECT concat(count(*), ' ', multiset_hash(a.s, b.s)) FROM " A " a JOIN " B
        " b ON a.k = b.k",
        8, 32);
  CHECK("SELECT concat(count(*), ' ', multiset_hash(a.s, b.s)) FROM " A " a FULL JOIN " B
        " b ON a.k = b.k + 100000",
        8);
  CHECK("SELECT concat(count(*), ' ', multiset_hash(a.s)) FROM " A
        " a WHERE NOT EXISTS "
        "(SELECT 1 FROM " B " b WHERE b.k = a.id * 2)",
        8);
}

WT_TEST(groups_limits_and_unions_end_at_every_limit) {
  CHECK(
      "SELECT concat(count(*), ' ', multiset_hash(s, n, m)) FROM "
      "(SELECT s, count(*) AS n, max(k) AS m FROM " A " GROUP BY s)",
      8, 16);
  CHECK(
      "SELECT concat(count(*), ' ', multiset_hash(s)) FROM "
      "(SELECT s FROM " A " UNION SELECT s FROM " B ")",
      16);
  CHECK("SELECT concat(id, ' ', s) FROM " A " ORDER BY s, k LIMIT 1 OFFSET 250000", 8);
}

/* A function may make so much for a batch of rows: it makes it for smaller ones. */
WT_TEST(what_rows_make_together_is_made_in_smaller_batches) {
  CHECK(
      "SELECT concat(sum(length(repeat('ab', 2000 + value % 10))), '') "
      "FROM range(0, 20000)",
      16, 64);
}

/* ---- in a run ---- */

static const wt_file files[] = {
    {"weir.yml", "name: small\nwarehouse: ./lake\n"},
    {"views/joined.sql",
     "/* weir\nmaterialized: table\n*/\nSELECT a.id, a.s, b.s AS t FROM " A " a JOIN " B
     " b ON a.k = b.k\n"},
    {"views/wide.sql",
     "/* weir\nmaterialized: table\n*/\nSELECT value AS id, repeat(md5(CAST(value AS "
     "VARCHAR)), 80) AS s FROM range(0, 20000)\n"},
};

/* What came of a view in a report. */
static const weir_view_result *result_of(const weir_report *report, const char *view) {
  size_t n = 0;
  const weir_view_result *views = weir_report_views(report, &n);
  for (size_t i = 0; i < n; i++) {
    if (strcmp(views[i].view, view) == 0) {
      return &views[i];
    }
  }
  return NULL;
}

static void run_in(uint64_t memory, char joined[256], char wide[256]) {
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *project = NULL;
  weir_report *report = NULL;
  weir_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  wt_project folder;
  uint64_t peak = 0;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  options.path = folder.root;
  options.threads = 2;
  options.memory = memory;
  WT_OK(weir_project_open(&options, &project, &err));
  if (weir_project_run(project, NULL, NULL, &report, &err) != WEIR_OK) {
    size_t n = 0;
    const weir_view_result *views = weir_report_views(report, &n);
    for (size_t i = 0; i < n; i++) {
      const weir_error *e = views[i].error;
      wt_fail(__FILE__, __LINE__, "%s: %s (%s)", views[i].view,
              e != NULL ? e->message : "fine", e != NULL && e->detail ? e->detail : "");
    }
  }
  const weir_view_result *j = result_of(report, "joined"), *w = result_of(report, "wide");
  WT_CHECK(j != NULL && w != NULL);
  WT_EQ_STR(j->status, "pass");
  WT_EQ_STR(w->status, "pass");
  weir_report_free(&report);
  WT_OK(weir_project_session(project, NULL, &s, &err));
  WT_OK(ask(s, "SELECT concat(count(*), ' ', multiset_hash(id, s, t)) FROM joined",
            joined, &peak, &err));
  WT_OK(ask(s, "SELECT concat(count(*), ' ', multiset_hash(id, s)) FROM wide", wide,
            &peak, &err));
  weir_session_free(&s);
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(a_run_ends_within_its_memory_with_the_same_rows) {
  char joined[2][256], wide[2][256];
  run_in(1024 * MB, joined[0], wide[0]);
  run_in(24 * MB, joined[1], wide[1]);
  WT_EQ_STR(joined[1], joined[0]);
  WT_EQ_STR(wide[1], wide[0]);
}
