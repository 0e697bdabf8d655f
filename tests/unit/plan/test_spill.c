/* Aggregates with little memory: they write their groups to disk and read them back, with the
 * same result as with all the memory there is. */
#include <unistd.h>

#include "unit/plan/kit.h"
#include "wb.h"

/* 120,000 rows in 20,000 groups. `x` has two decimals, the exponents of `w` lie far apart. */
#define ROWS                                                                      \
  "SELECT value % 20000 AS k, value AS id, value * 7919 % 1000003 / 100.0 AS x, " \
  "power(2.0, value * 31 % 160 - 80) * (value * 7919 % 1000003) AS w, "           \
  "concat('text number ', value * 7919 % 50021) AS t FROM range(120000)"
#define GROUPED(columns, text)                                                      \
  "SELECT concat_ws('|', k, " text ") AS r FROM (SELECT k, " columns " FROM (" ROWS \
  ") GROUP BY k)"

typedef struct outcome {
  uint64_t sum; /* of the rows' hashes: any order */
  int64_t rows, spills;
} outcome;

static wi_session *open_session(const char *spill) {
  wi_session *s = NULL;
  wi_session_options options = {0};
  options.engine = kit_engine();
  options.threads = 2;
  options.memory = (uint64_t)512 << 20;
  options.now_us = 1700000000000000;
  options.spill_dir = spill;
  kit_must(wi_session_new(&options, &s, NULL) == WEIR_OK, "session");
  kit_must(wi_session_seal(s, NULL) == WEIR_OK, "seal");
  kit_must(wi_dir_make(s->spill_dir, NULL) == WEIR_OK, "spill folder");
  return s;
}

static uint64_t hash_of(wi_str text) {
  uint64_t h = 14695981039346656037U;
  for (size_t i = 0; i < text.n; i++) {
    h = (h ^ (uint8_t)text.p[i]) * 1099511628211U;
  }
  return h ^ h >> 29;
}

static weir_status read_rows(wi_cursor *rows, outcome *out, weir_error *err) {
  bool more = true;
  while (more) {
    WI_TRY(wi_cursor_next(rows, &more, err));
    out->sum += more ? hash_of(wi_cursor_text(rows, 0)) : 0;
    out->rows += more ? 1 : 0;
  }
  return WEIR_OK;
}

/* What all operators together spilled. */
static weir_status read_metrics(wi_session *s, const wb_exec *exec, outcome *out,
                                weir_error *err) {
  wi_cursor *rows = NULL;
  bool more = true;
  weir_status status =
      wi_br_exec_table_read(s->engine, exec, WB_EXEC_METRICS, &rows, err);
  while (status == WEIR_OK && (status = wi_cursor_next(rows, &more, err)) == WEIR_OK &&
         more) {
    wi_str name = wi_cursor_text(rows, 1);
    out->spills += wi_str_eq(name, "spill_count") ? wi_cursor_int(rows, 3) : 0;
  }
  wi_cursor_free(&rows);
  return status;
}

static weir_status run(wi_session *s, const char *sql, uint64_t memory, outcome *out,
                       weir_error *err) {
  weir_status status;
  wi_view_plan *plan = NULL;
  wb_exec *exec = NULL;
  wi_cursor *rows = NULL;
  struct ArrowArrayStream stream = {0};
  wi_spec_view view = {0};
  char name[] = "v", file[] = "views/v.sql", text[1024];
  wi_br_exec_options options = {0};
  *out = (outcome){0};
  snprintf(text, sizeof text, "%s", sql);
  view.name = name;
  view.file = file;
  view.sql = text;
  view.determinism = WI_DET_STRICT;
  wi_exec_options(s, &(wi_exec_room){memory, 2, false}, WI_ATTEMPT_FIRST, &options);
  WI_CHECK(wi_view_plan_new(s, &view, NULL, NULL, 0, NULL, 0, &plan, err));
  WI_CHECK(wi_br_exec_new(s->engine, s->handle, plan->plan, s->bind, &options, NULL,
                          &exec, err));
  WI_CHECK(wi_br_exec_stream(s->engine, exec, &stream, err));
  WI_CHECK(wi_cursor_open(&stream, &rows, err));
  WI_CHECK(read_rows(rows, out, err));
  WI_CHECK(read_metrics(s, exec, out, err));
done:
  wi_cursor_free(&rows);
  wi_br_exec_free(s->engine, &exec);
  wi_view_plan_free(&plan);
  return status;
}

static const struct {
  const char *sql;
  uint64_t memory; /* in MB: enough to merge, and too little for all groups */
} queries[] = {
    {GROUPED("sum_exact(x) AS a, avg_exact(x) AS b, stddev_samp_exact(x) AS c",
             "a, b, c"),
     4},
    {GROUPED("sum_exact(w) AS a, avg_exact(w) AS b, stddev_samp_exact(w) AS c",
             "a, b, c"),
     4},
    {GROUPED("sum_exact(DISTINCT x) AS a, avg_exact(DISTINCT w) AS b", "a, b"), 4},
    {GROUPED("arg_max(id, w) AS a, arg_min(x, id) AS b", "a, b"), 4},
    {GROUPED("arg_min(t, x) AS a", "a"), 4},
    {GROUPED("collect_set(t) AS a", "array_to_string(a, ',')"), 8},
    {GROUPED("count_distinct_agg(t) AS a, count_if(x > 100) AS b", "a, b"), 4},
    {GROUPED("multiset_hash(id, t) AS a, multiset_hash(t) AS b, multiset_hash(x) AS c",
             "a, b, c"),
     4},
};

WT_TEST(little_memory_spills_and_changes_nothing) {
  char spill[] = "/tmp/weir-spill-XXXXXX";
  kit_must(mkdtemp(spill) != NULL, "folder");
  wi_session *s = open_session(spill);
  for (size_t q = 0; q < sizeof queries / sizeof queries[0]; q++) {
    weir_error err = WEIR_ERROR_INIT;
    outcome whole, little;
    bool fine = run(s, queries[q].sql, 0, &whole, &err) == WEIR_OK &&
                run(s, queries[q].sql, queries[q].memory << 20, &little, &err) == WEIR_OK;
    if (!fine) {
      wt_fail(__FILE__, __LINE__, "%s: %s", queries[q].sql, err.message);
    } else {
      WT_EQ_INT(whole.rows, 20000);
      WT_EQ_INT(whole.spills, 0);
      WT_EQ_INT(little.rows, 20000);
      WT_CHECK(little.sum == whole.sum);
      if (little.spills == 0) {
        wt_fail(__FILE__, __LINE__, "%s: did not spill", queries[q].sql);
      }
    }
    weir_error_release(&err);
  }
  wi_session_free(&s);
  rmdir(spill);
}
