/* The scan of a table's files. What the rows of the golden tables are, tests/conformance/run_golden.py
 * looks at, at every version; here that they are the same however they are read. */
#include "common/hooks.h"
#include "common/values.h"
#include "unit/delta/golden.h"
#include "unit/plan/kit.h"
#include "wb.h"

typedef struct outcome {
  weir_status status;
  wv_out rows;
  size_t files, others; /* read by the scan of files, and by anything else */
  char message[1024];
} outcome;

static void outcome_free(outcome *o) {
  wv_out_free(&o->rows);
  *o = (outcome){0};
}

static wi_session *open_table(const char *uri, int64_t version) {
  static const wi_br_pair split = {"datafusion.optimizer.repartition_file_min_size", "1"};
  wi_session *s = NULL;
  wi_session_options options = {.settings = &split, .n_settings = 1};
  options.engine = kit_engine();
  options.threads = 2;
  options.memory = (uint64_t)512 << 20;
  options.now_us = 1700000000000000;
  kit_must(wi_session_new(&options, &s, NULL) == WEIR_OK, "session");
  if (wi_session_add_delta(s, WI_SCHEMA_MAIN, "t", uri, NULL, version, NULL) != WEIR_OK) {
    wi_session_free(&s);
    return NULL;
  }
  kit_must(wi_session_seal(s, NULL) == WEIR_OK, "seal");
  return s;
}

static weir_status read_all(struct ArrowArrayStream *stream, wv_out *out,
                            weir_error *err) {
  struct ArrowSchema schema = {0};
  weir_status status = WEIR_OK;
  int code = stream->get_schema(stream, &schema);
  while (code == 0 && status == WEIR_OK) {
    struct ArrowArray batch = {0};
    code = stream->get_next(stream, &batch);
    if (code == 0 && batch.release == NULL) {
      break;
    }
    if (code == 0) {
      wv_show_all(out, &schema, &batch, NULL);
      batch.release(&batch);
    }
  }
  if (code != 0) {
    status = wi_stream_error(stream, code, err);
  }
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  stream->release(stream);
  return status;
}

/* Which provider the files that an execution reads come from. */
static weir_status read_files(wi_session *s, const wb_exec *exec, outcome *out,
                              weir_error *err) {
  wi_cursor *rows = NULL;
  bool more = true;
  weir_status status = wi_br_exec_table_read(s->engine, exec, WB_EXEC_FILES, &rows, err);
  while (status == WEIR_OK && (status = wi_cursor_next(rows, &more, err)) == WEIR_OK &&
         more) {
    bool native = wi_str_eq(wi_cursor_text(rows, 3), "delta_native") &&
                  wi_str_eq(wi_cursor_text(rows, 1), "main.t");
    out->files += native ? 1 : 0;
    out->others += native ? 0 : 1;
  }
  wi_cursor_free(&rows);
  return status;
}

static uint32_t partitions = 1;

static weir_status run_bound(wi_session *s, const char *sql, const wb_bind *bind,
                             outcome *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_view_plan *plan = NULL;
  wb_exec *exec = NULL;
  struct ArrowArrayStream stream = {0};
  wi_spec_view view = {0};
  char name[] = "v", file[] = "views/v.sql", text[1024];
  wi_br_exec_options options = {0};
  snprintf(text, sizeof text, "%s", sql);
  view.name = name;
  view.file = file;
  view.sql = text;
  view.determinism = WI_DET_STRICT;
  options.partitions = partitions;
  options.batch_rows = 8192;
  WI_CHECK(wi_view_plan_new(s, &view, NULL, NULL, 0, NULL, 0, &plan, err));
  WI_CHECK(
      wi_br_exec_new(s->engine, s->handle, plan->plan, bind, &options, NULL, &exec, err));
  WI_CHECK(read_files(s, exec, out, err));
  WI_CHECK(wi_br_exec_stream(s->engine, exec, &stream, err));
  WI_CHECK(read_all(&stream, &out->rows, err));
done:
  wi_br_exec_free(s->engine, &exec);
  wi_view_plan_free(&plan);
  return status;
}

static void run(wi_session *s, const char *sql, const wb_bind *bind, outcome *out) {
  weir_error err = WEIR_ERROR_INIT;
  *out = (outcome){0};
  out->status = run_bound(s, sql, bind, out, &err);
  snprintf(out->message, sizeof out->message, "%s", err.message);
  weir_error_release(&err);
}

static int by_line(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Rows of several threads come in no order: a sum over the lines, sorted. */
static uint64_t any_order(const wv_out *rows) {
  size_t n = 0, at = 0;
  uint64_t h = 14695981039346656037U;
  char *copy = calloc(rows->n + 1, 1);
  char **lines = calloc(rows->n + 1, sizeof *lines);
  for (size_t i = 0; i < rows->n; i++) {
    copy[i] = rows->p[i] != '\0' ? rows->p[i] : '\1';
  }
  for (char *rest = copy, *line; (line = strsep(&rest, "\n")) != NULL;) {
    lines[n++] = line;
  }
  qsort(lines, n, sizeof *lines, by_line);
  for (; at < n; at++) {
    for (const char *p = lines[at]; *p != '\0'; p++) {
      h = (h ^ (uint8_t)*p) * 1099511628211U;
    }
  }
  free(lines);
  free(copy);
  return h;
}

static int compared;

static void compare(const char *name, const outcome *first, const outcome *now) {
  bool same = first->status == now->status;
  if (same &&
      now->status == WEIR_OK) { /* what came before a failure may be more or less */
    same = first->rows.n == now->rows.n &&
           (partitions > 1 ? any_order(&first->rows) == any_order(&now->rows)
                           : now->rows.n == 0 ||
                                 memcmp(first->rows.p, now->rows.p, now->rows.n) == 0);
  }
  if (!same) {
    wt_fail(__FILE__, __LINE__, "%s in %u parts: %d (%s), before %d (%s)", name,
            partitions, (int)now->status, now->message, (int)first->status,
            first->message);
  } else if (now->status == WEIR_OK) {
    compared++;
  }
  if (first->others + now->others > 0) {
    wt_fail(__FILE__, __LINE__, "%s: files of no table", name);
  }
}

static void read_latest(const table *t, uint32_t parts, outcome *out) {
  wi_session *s = open_table(wi_store_uri(t->store), -1);
  *out = (outcome){.status = WEIR_E_BUG}; /* does not open */
  partitions = parts;
  if (s != NULL) {
    run(s, "SELECT * FROM t", s->bind, out);
    wi_session_free(&s);
  }
}

/* One thread reads all in the log's order, of whatever snapshot; then come pieces of files, vectors
 * and all, for several threads. */
static void again(const table *t) {
  outcome first, now;
  read_latest(t, 1, &first);
  for (uint32_t parts = 1; parts <= 3; parts += 2) {
    read_latest(t, parts, &now);
    compare(t->name, &first, &now);
    outcome_free(&now);
  }
  outcome_free(&first);
}

WT_TEST(rows_come_in_one_order_and_parts_have_those_of_the_whole) {
  compared = 0;
  check_all(again);
  partitions = 1;
  WT_CHECK(compared > 200);
}

/* ---- faults ---- */

/* Golden table with vectors; the commit that adds one also removes the file without it. */
static void copy_without_remove(const char *to) {
  char command[1024];
  snprintf(
      command, sizeof command,
      "rm -rf %s && cp -r %s/deltaspark-table-with-dv-small/table %s && chmod -R u+w "
      "%s && sed -i '/\"remove\"/d' %s/_delta_log/00000000000000000001.json",
      to, golden(), to, to, to);
  kit_must(system(command) == 0, "copy");
}

WT_TEST(a_path_that_is_live_twice_is_refused) {
  char folder[128], uri[160];
  outcome now;
  snprintf(folder, sizeof folder, "%s/weir-scan-%d",
           getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp", (int)getpid());
  snprintf(uri, sizeof uri, "file://%s", folder);
  copy_without_remove(folder);
  wi_session *s = open_table(uri, -1);
  kit_must(s != NULL, "the table opens");
  run(s, "SELECT * FROM t", s->bind, &now);
  WT_EQ_INT(now.status, WEIR_E_LOG_CORRUPT);
  WT_CHECK(strstr(now.message, "twice") != NULL);
  outcome_free(&now);
  run(s, "SELECT count(*) AS n FROM t", s->bind, &now);
  WT_EQ_INT(now.status, WEIR_E_LOG_CORRUPT);
  outcome_free(&now);
  wi_session_free(&s);
  (void)wi_dir_remove_all(folder, NULL);
}

/* numRecords says 1000 over the file's two rows, and then there is no file at all. */
WT_TEST(counts_come_from_the_files) {
  char folder[128], uri[160], command[1024];
  outcome now;
  snprintf(folder, sizeof folder, "%s/weir-scan-%d",
           getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp", (int)getpid());
  snprintf(uri, sizeof uri, "file://%s", folder);
  snprintf(command, sizeof command,
           "rm -rf %s && cp -r %s/dat-basic_append/table %s && chmod -R u+w %s && sed -i "
           "'s/numRecords\\\\\":[0-9]*/numRecords\\\\\":1000/' %s/_delta_log/*.json",
           folder, golden(), folder, folder, folder);
  kit_must(system(command) == 0, "copy");
  wi_session *s = open_table(uri, -1);
  kit_must(s != NULL, "the table opens");
  run(s, "SELECT count(*) = count(number) AS same, count(*) AS n FROM t", s->bind, &now);
  WT_EQ_INT(now.status, WEIR_OK);
  WT_CHECK(now.rows.n > 0 && strstr(now.rows.p, "2000") == NULL);
  outcome_free(&now);
  run(s, "SELECT count(*) AS n FROM t", s->bind, &now);
  WT_EQ_INT(now.status, WEIR_OK);
  WT_CHECK(now.rows.n > 0 && strstr(now.rows.p, "2000") == NULL);
  outcome_free(&now);
  snprintf(command, sizeof command, "rm -f %s/*.parquet", folder);
  kit_must(system(command) == 0, "files away");
  wi_session_free(&s); /* it has seen the files */
  s = open_table(uri, -1);
  kit_must(s != NULL, "the table opens again");
  run(s, "SELECT count(*) AS n FROM t", s->bind, &now);
  WT_EQ_INT(now.status, WEIR_E_FILE_MISSING);
  outcome_free(&now);
  wi_session_free(&s);
  (void)wi_dir_remove_all(folder, NULL);
}

/* ---- the log ---- */

static void nothing(void *ctx) {
  (void)ctx;
}

/* What a statement asks of the log, of a session that has just opened the table. */
static int looks(const char *sql, const char *again) {
  char uri[1024];
  outcome now;
  wh_hooks h = {.who = WH_ENGINES};
  snprintf(uri, sizeof uri, "file://%s/spark-many_small_commits/table", golden());
  wh_run(&h, 0, "_delta_log", 0, WH_BEFORE, nothing, NULL);
  wh_on_new(&h);
  wi_session *s = open_table(uri, -1);
  kit_must(s != NULL, "the table opens");
  int before = h.rules[0].seen;
  run(s, sql, s->bind, &now);
  kit_must(now.status == WEIR_OK, now.message);
  outcome_free(&now);
  int after = h.rules[0].seen;
  if (again != NULL) {
    run(s, again, s->bind, &now);
    kit_must(now.status == WEIR_OK, now.message);
    outcome_free(&now);
    after = h.rules[0].seen - after;
  } else {
    after -= before;
  }
  wi_session_free(&s);
  wh_off(&h);
  return after;
}

WT_TEST(the_log_is_read_once_for_a_snapshot) {
  int once = looks("SELECT count(*) AS n FROM t", NULL);
  WT_CHECK(once > 0);
  WT_EQ_INT(
      looks("SELECT count(*) AS n FROM t AS a CROSS JOIN t AS b CROSS JOIN t AS c", NULL),
      once);
  WT_EQ_INT(
      looks("SELECT count(*) AS n FROM t", "SELECT a.* FROM t AS a CROSS JOIN t AS b"),
      0);
}

/* ---- a store that fails ---- */

/* Each read of a data file fails once: that is the store's, for the files are whole. */
WT_TEST(a_failed_read_is_the_stores) {
  char uri[1024];
  outcome now;
  int failed = 0;
  snprintf(uri, sizeof uri, "file://%s/dat-basic_append/table", golden());
  for (int nth = 1; nth < 100; nth++) {
    wh_hooks h = {.who = WH_ENGINES};
    wh_run(&h, 0, ".parquet", nth, WH_FAIL, NULL, NULL);
    wh_on_new(&h);
    wi_session *s = open_table(uri, -1);
    kit_must(s != NULL, "the table opens");
    run(s, "SELECT sum(number) AS n FROM t", s->bind, &now);
    int fired = h.fired;
    if (fired > 0) {
      WT_CHECK(now.status == WEIR_E_STORE || now.status == WEIR_E_IO);
      WT_CHECK(strstr(now.message, "the file part-00000-") != NULL);
      failed++;
    } else {
      WT_EQ_INT(now.status, WEIR_OK);
    }
    outcome_free(&now);
    wi_session_free(&s);
    wh_off(&h);
    if (fired == 0) {
      break;
    }
  }
  WT_CHECK(failed >= 2);
}
