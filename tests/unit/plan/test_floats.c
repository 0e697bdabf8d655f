/* Sums, averages and variances over floats under strict determinism: the same bits with any
 * number of partitions, any batch size, with and without spilling, over rows in any order. */
#include <unistd.h>

#include "unit/plan/kit.h"

enum { ROWS = 120000, BATCH = 4096, GROUPS = 20000 };

/* ---- rows ---- */

static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/* Prices with two decimals, and values whose exponents lie far apart, so that plain sums lose
 * most of their digits. */
static double price(uint64_t r) {
  return (double)(r % 10000000) / 100.0;
}

static double wide(uint64_t r) {
  double v = (double)(int64_t)(mix(r) >> 11) * 0x1p-53 - 0.5;
  int e = (int)(mix(r + 1) % 160) - 80;
  for (; e > 0; e--) {
    v *= 2.0;
  }
  for (; e < 0; e++) {
    v *= 0.5;
  }
  return v;
}

static void put_row(struct ArrowArray *batch, uint64_t id) {
  uint64_t r = mix(id);
  bool fine = ArrowArrayAppendInt(batch->children[0], (int64_t)id) == 0 &&
              ArrowArrayAppendInt(batch->children[1], (int64_t)(r % GROUPS)) == 0 &&
              ArrowArrayAppendInt(batch->children[2], (int64_t)(r % 5)) == 0;
  fine =
      fine && (r % 11 == 0 ? ArrowArrayAppendNull(batch->children[3], 1)
                           : ArrowArrayAppendDouble(batch->children[3], price(r))) == 0;
  fine = fine && ArrowArrayAppendDouble(batch->children[4], wide(r)) == 0 &&
         ArrowArrayAppendInt(batch->children[5], INT64_MAX - (int64_t)(r % 1000)) == 0 &&
         ArrowArrayFinishElement(batch) == 0;
  kit_must(fine, "row");
}

/* The rows in the order of their numbers, or in another one. */
static struct ArrowArrayStream rows(bool other_order) {
  struct ArrowArrayStream out;
  struct ArrowSchema schema = kit_schema("id l, k l, g l, x g, w g, big l");
  int64_t n = (ROWS + BATCH - 1) / BATCH;
  kit_must(ArrowBasicArrayStreamInit(&out, &schema, n) == 0, "stream");
  for (int64_t b = 0; b < n; b++) {
    struct ArrowArray batch;
    struct ArrowSchema again = kit_schema("id l, k l, g l, x g, w g, big l");
    kit_must(ArrowArrayInitFromSchema(&batch, &again, NULL) == 0 &&
                 ArrowArrayStartAppending(&batch) == 0,
             "batch");
    for (int64_t i = b * BATCH; i < (b + 1) * BATCH && i < ROWS; i++) {
      /* 7 has no factor in common with the number of rows: each comes once. */
      put_row(&batch, (uint64_t)(other_order ? i * 7 % ROWS : i));
    }
    kit_must(ArrowArrayFinishBuildingDefault(&batch, NULL) == 0, "batch");
    ArrowBasicArrayStreamSetArray(&out, b, &batch);
    kit_schema_free(&again);
  }
  return out;
}

/* ---- ways to run ---- */

typedef struct way {
  uint32_t partitions;
  const char *batch_rows;
  uint64_t memory; /* 0: as much as there is */
  bool other_order;
} way;

static const way ways[] = {
    {1, "8192", 0, false},       {2, "8192", 0, false},        {8, "8192", 0, false},
    {1, "1024", 0, true},        {2, "1024", 0, true},         {8, "1024", 0, false},
    {2, "8192", 24 << 20, true}, {2, "1024", 32 << 20, false},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static wi_session *open_session(const way *w, const char *spill) {
  wi_session *session = NULL;
  wi_br_pair settings[] = {{"datafusion.execution.batch_size", w->batch_rows}};
  wi_session_options options = {0};
  struct ArrowArrayStream stream = rows(w->other_order);
  options.engine = kit_engine();
  options.threads = 2;
  options.memory = (uint64_t)512 << 20;
  options.now_us = 1700000000000000;
  options.spill_dir = spill;
  options.settings = settings;
  options.n_settings = 1;
  weir_error err = WEIR_ERROR_INIT;
  kit_must(wi_session_new(&options, &session, &err) == WEIR_OK, err.message);
  kit_must(wi_session_add_rows(session, "main", "t", WI_INPUT_MEMORY, &stream, NULL) ==
               WEIR_OK,
           "rows");
  kit_must(wi_session_seal(session, NULL) == WEIR_OK, "seal");
  return session;
}

/* A digest of the result's bits, which are in the order of the view's `id`. */
static void read_all(struct ArrowArrayStream *stream, char out[WI_DIGEST_HEX]) {
  struct ArrowSchema schema;
  struct ArrowArray batch;
  struct ArrowArrayView view;
  wi_digest d;
  int64_t n = 0;
  wi_digest_begin(&d, "rows");
  kit_must(stream->get_schema(stream, &schema) == 0 &&
               ArrowArrayViewInitFromSchema(&view, &schema, NULL) == 0,
           "schema");
  for (;;) {
    int code = stream->get_next(stream, &batch);
    kit_must(code == 0, code == 0 ? "" : stream->get_last_error(stream));
    if (batch.release == NULL) {
      break;
    }
    kit_must(ArrowArrayViewSetArray(&view, &batch, NULL) == 0, "view");
    for (int64_t i = 0; i < batch.length; i++, n++) {
      for (int64_t c = 0; c < view.n_children; c++) {
        bool null = ArrowArrayViewIsNull(view.children[c], i) != 0;
        double v = null ? 0 : ArrowArrayViewGetDoubleUnsafe(view.children[c], i);
        uint64_t bits;
        memcpy(&bits, &v, sizeof bits);
        wi_digest_u64(&d, null);
        wi_digest_u64(&d, bits);
      }
    }
    batch.release(&batch);
  }
  kit_must(n > 0, "no rows");
  wi_digest_end_hex(&d, out);
  ArrowArrayViewReset(&view);
  kit_schema_free(&schema);
}

static bool run(wi_session *s, const way *w, const char *sql, char out[WI_DIGEST_HEX],
                uint64_t *peak) {
  weir_error err = WEIR_ERROR_INIT;
  wi_view_plan *plan = NULL;
  wb_exec *exec = NULL;
  struct ArrowArrayStream stream = {0};
  wi_spec_view view = {0};
  char name[] = "v", file[] = "views/v.sql", text[1024];
  const char *sort[] = {"id"};
  snprintf(text, sizeof text, "%s", sql);
  view.name = name;
  view.file = file;
  view.sql = text;
  view.determinism = WI_DET_STRICT;
  view.sort_by.items = sort;
  view.sort_by.n = 1;
  wi_br_exec_options options;
  wi_exec_options(s, &(wi_exec_room){w->memory, w->partitions, false}, WI_ATTEMPT_FIRST,
                  &options);
  options.batch_rows = (uint32_t)strtoul(w->batch_rows, NULL, 10);
  bool fine =
      wi_view_plan_new(s, &view, NULL, NULL, 0, NULL, 0, &plan, &err) == WEIR_OK &&
      wi_br_exec_new(s->engine, s->handle, plan->plan, s->bind, &options, NULL, &exec,
                     &err) == WEIR_OK &&
      wi_br_exec_stream(s->engine, exec, &stream, &err) == WEIR_OK;
  if (fine && plan->order_sensitive) {
    wt_fail(__FILE__, __LINE__, "%s: still wants one partition", sql);
  }
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "%s: %s (%s)", sql, err.message,
            err.detail != NULL ? err.detail : "");
  } else {
    read_all(&stream, out);
    *peak = wi_br_exec_peak_bytes(s->engine, exec);
    stream.release(&stream);
  }
  wi_br_exec_free(s->engine, &exec);
  wi_view_plan_free(&plan);
  weir_error_release(&err);
  return fine;
}

static const char *const queries[] = {
    /* few groups */
    "SELECT g AS id, sum(x) AS a, sum(w) AS b, avg(x) AS c, avg(w) AS d, count(*) AS n "
    "FROM "
    "t GROUP BY g",
    "SELECT 1 AS id, sum(x * (1 - x / 1e5)) AS a, sum(w) AS b, avg(big) AS c FROM t",
    "SELECT g AS id, stddev(x) AS a, stddev_pop(w) AS b, var_samp(x) AS c, var_pop(w) AS "
    "d "
    "FROM t GROUP BY g",
    /* many groups: these spill */
    "SELECT k AS id, sum(x) AS a, sum(w) AS b, avg(w) AS c, avg(big) AS d, stddev(w) AS "
    "e "
    "FROM t GROUP BY k",
    "SELECT id, sum(w) AS a, avg(x) AS b FROM t GROUP BY id",
    /* filters, distinct, arithmetic over sums */
    "SELECT g AS id, sum(x) FILTER (WHERE k % 3 = 0) AS a, sum(DISTINCT x) AS b, "
    "avg(DISTINCT w) AS c, sum(w) / count(w) AS d FROM t GROUP BY g",
    /* windows: whole partitions, growing and moving frames */
    "SELECT id, sum(w) OVER (PARTITION BY g) AS a, sum(w) OVER (PARTITION BY k ORDER BY "
    "id) "
    "AS b, avg(w) OVER (PARTITION BY g ORDER BY id ROWS BETWEEN 3 PRECEDING AND CURRENT "
    "ROW) AS c FROM t WHERE id < 30000",
    /* sums of sums, and a join in between */
    "SELECT t.g AS id, sum(s.a) AS a, avg(s.a - t.w) AS b FROM t JOIN (SELECT k, sum(w) "
    "AS "
    "a FROM t GROUP BY k) AS s ON t.k = s.k GROUP BY t.g",
};

WT_TEST(bits_do_not_depend_on_how_it_is_run) {
  enum { N = sizeof queries / sizeof queries[0] };
  char first[N][WI_DIGEST_HEX], got[WI_DIGEST_HEX];
  char spill[] = "/tmp/weir-floats-XXXXXX";
  uint64_t peak = 0, widest = 0;
  kit_must(mkdtemp(spill) != NULL, "folder");
  for (size_t i = 0; i < WAYS; i++) {
    wi_session *s = open_session(&ways[i], spill);
    kit_must(wi_dir_make(s->spill_dir, NULL) == WEIR_OK, "spill folder");
    for (size_t q = 0; q < N; q++) {
      if (!run(s, &ways[i], queries[q], got, &peak)) {
        continue;
      }
      if (i == 0) {
        memcpy(first[q], got, sizeof got);
        widest = peak > widest ? peak : widest;
      } else if (strcmp(first[q], got) != 0) {
        wt_fail(__FILE__, __LINE__,
                "%s: other bits with %u partitions, batches of %s, "
                "memory %llu",
                queries[q], ways[i].partitions, ways[i].batch_rows,
                (unsigned long long)ways[i].memory);
      }
    }
    wi_session_free(&s);
  }
  /* Otherwise the small limits would not have been small. */
  WT_CHECK(widest > 32 << 20);
  rmdir(spill);
}
