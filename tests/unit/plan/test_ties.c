/* Ties under strict: each function that heeds the order of rows × frame × ties, run with 1, 2 and 8
 * partitions, small and large batches, over rows in several orders: what brute force says, or
 * refused. */
#include <unistd.h>

#include "unit/plan/kit.h"

enum { ROWS = 160 };

/* ---- rows: k and p have few values; s and v leave rows that only id tells apart ---- */
typedef struct row {
  int64_t id, p, k, v;
  bool no_v;
  char s[8];
} row;

static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

static row row_of(uint64_t id) {
  uint64_t r = mix(id);
  row out = {(int64_t)id,           (int64_t)(r % 3), (int64_t)(r / 3 % 9),
             (int64_t)(r / 32 % 7), r / 512 % 5 == 0, ""};
  snprintf(out.s, sizeof out.s, "s%d", (int)(r / 4096 % 6));
  return out;
}

#define COLUMNS "id l, p l, k l, v l, s u"

static void put_row(struct ArrowArray *batch, uint64_t id) {
  row r = row_of(id);
  bool fine = ArrowArrayAppendInt(batch->children[0], r.id) == 0 &&
              ArrowArrayAppendInt(batch->children[1], r.p) == 0 &&
              ArrowArrayAppendInt(batch->children[2], r.k) == 0 &&
              (r.no_v ? ArrowArrayAppendNull(batch->children[3], 1)
                      : ArrowArrayAppendInt(batch->children[3], r.v)) == 0 &&
              ArrowArrayAppendString(batch->children[4], ArrowCharView(r.s)) == 0 &&
              ArrowArrayFinishElement(batch) == 0;
  kit_must(fine, "row");
}

typedef struct way {
  uint32_t partitions;
  const char *batch_rows;
  uint64_t step; /* of the order of rows: no factor in common with their number */
} way;

static const way ways[] = {{1, "8192", 1}, {2, "16", 77}, {8, "33", 1}, {1, "7", 159}};
enum { WAYS = sizeof ways / sizeof ways[0] };

static struct ArrowArrayStream rows(const way *w) {
  struct ArrowArrayStream out;
  struct ArrowSchema schema = kit_schema(COLUMNS);
  enum { BATCH = 20, N = ROWS / BATCH };
  kit_must(ArrowBasicArrayStreamInit(&out, &schema, N) == 0, "stream");
  for (uint64_t b = 0; b < N; b++) {
    struct ArrowArray batch;
    struct ArrowSchema again = kit_schema(COLUMNS);
    kit_must(ArrowArrayInitFromSchema(&batch, &again, NULL) == 0 &&
                 ArrowArrayStartAppending(&batch) == 0,
             "batch");
    for (uint64_t i = b * BATCH; i < (b + 1) * BATCH; i++) {
      put_row(&batch, i * w->step % ROWS);
    }
    kit_must(ArrowArrayFinishBuildingDefault(&batch, NULL) == 0, "batch");
    ArrowBasicArrayStreamSetArray(&out, (int64_t)b, &batch);
    kit_schema_free(&again);
  }
  return out;
}

static wi_session *session_of(size_t which) {
  static wi_session *all[WAYS];
  if (all[which] != NULL) {
    return all[which];
  }
  const way *w = &ways[which];
  wi_br_pair settings[] = {{"datafusion.execution.batch_size", w->batch_rows}};
  wi_session_options options = {0};
  struct ArrowArrayStream stream = rows(w), again = rows(w);
  options.engine = kit_engine();
  options.threads = 2;
  options.memory = (uint64_t)512 << 20;
  options.now_us = 1700000000000000;
  options.settings = settings;
  options.n_settings = 1;
  weir_error err = WEIR_ERROR_INIT;
  kit_must(wi_session_new(&options, &all[which], &err) == WEIR_OK, err.message);
  kit_must(wi_session_add_rows(all[which], "main", "t", WI_INPUT_MEMORY, &stream, NULL) ==
                   WEIR_OK &&
               wi_session_add_rows(all[which], "main", "u", WI_INPUT_MEMORY, &again,
                                   NULL) == WEIR_OK,
           "rows");
  kit_must(wi_session_seal(all[which], NULL) == WEIR_OK, "seal");
  return all[which];
}

/* ---- results: one text a row, in any order ---- */
typedef wi_vec(char *) result;

static void add_line(result *r, const char *text, size_t n) {
  char **place = wi_vec_add(r);
  kit_must(place != NULL && (*place = wi_strndup(text, n)) != NULL, "memory");
}

static void result_free(result *r) {
  for (size_t i = 0; i < r->n; i++) {
    wi_free(r->items[i]);
  }
  wi_free(r->items);
  *r = (result){0};
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static weir_status run(size_t which, const char *sql, bool strict, result *out,
                       weir_error *err) {
  weir_status status = WEIR_OK;
  wi_session *s = session_of(which);
  wi_view_plan *plan = NULL;
  wb_exec *exec = NULL;
  wi_cursor *found = NULL;
  struct ArrowArrayStream stream = {0};
  wi_spec_view view = {0};
  char name[] = "v", file[] = "views/v.sql", text[2048];
  wi_br_exec_options options = {0};
  bool more = true;
  snprintf(text, sizeof text, "%s", sql);
  view.name = name;
  view.file = file;
  view.sql = text;
  view.determinism = strict ? WI_DET_STRICT : WI_DET_RELAXED;
  options.partitions = ways[which].partitions;
  options.batch_rows = (uint32_t)strtoul(ways[which].batch_rows, NULL, 10);
  WI_CHECK(wi_view_plan_new(s, &view, NULL, NULL, 0, NULL, 0, &plan, err));
  WI_CHECK(wi_br_exec_new(s->engine, s->handle, plan->plan, s->bind, &options, NULL,
                          &exec, err));
  WI_CHECK(wi_br_exec_stream(s->engine, exec, &stream, err));
  WI_CHECK(wi_cursor_open(&stream, &found, err));
  while (more) {
    WI_CHECK(wi_cursor_next(found, &more, err));
    if (more) {
      wi_str line = wi_cursor_text(found, 0);
      add_line(out, line.p, line.n);
    }
  }
  if (out->n > 0) {
    qsort(out->items, out->n, sizeof out->items[0], by_text);
  }
done:
  wi_cursor_free(&found);
  wi_br_exec_free(s->engine, &exec);
  wi_view_plan_free(&plan);
  return status;
}

static bool same(const result *a, const result *b) {
  bool all = a->n == b->n;
  for (size_t i = 0; all && i < a->n; i++) {
    all = strcmp(a->items[i], b->items[i]) == 0;
  }
  return all;
}

/* Whether all ways give the same rows; `first` gets them. */
static bool agree(const char *sql, bool strict, result *first) {
  bool all = true;
  for (size_t i = 0; all && i < WAYS; i++) {
    weir_error err = WEIR_ERROR_INIT;
    result got = {0};
    if (run(i, sql, strict, i == 0 ? first : &got, &err) != WEIR_OK) {
      wt_fail(__FILE__, __LINE__, "%s: %s", sql, err.message);
      all = false;
    } else if (i > 0) {
      all = same(first, &got);
    }
    result_free(&got);
    weir_error_release(&err);
  }
  return all;
}

/* ---- brute force ---- */
typedef enum fn {
  FIRST,
  FIRST_NOT_NULL,
  LAST,
  LAST_NOT_NULL,
  SECOND,
  LIST,
  TEXTS,
  NUMBER,
  BEFORE,
  RANK,
  COUNT,
  SUM,
  FUNCTIONS
} fn;
static const char *const fn_sql[FUNCTIONS] = {"first_value(v)",
                                              "first_value(v) IGNORE NULLS",
                                              "last_value(v)",
                                              "last_value(v) IGNORE NULLS",
                                              "nth_value(v, 2)",
                                              "array_agg(v)",
                                              "string_agg(s, ',')",
                                              "row_number()",
                                              "lag(v)",
                                              "rank()",
                                              "count(*)",
                                              "sum(v)"};
typedef enum units { BY_ROWS, BY_RANGE, BY_GROUPS, UNITS } units;
static const char *const units_sql[] = {"ROWS", "RANGE", "GROUPS"};
typedef struct bound {
  int64_t at; /* 0: the current row */
  const char *sql;
} bound;
enum { FAR = 1000000 };
static const bound from_bounds[] = {{-FAR, "UNBOUNDED PRECEDING"},
                                    {-2, "2 PRECEDING"},
                                    {0, "CURRENT ROW"},
                                    {1, "1 FOLLOWING"}};
static const bound to_bounds[] = {{-1, "1 PRECEDING"},
                                  {0, "CURRENT ROW"},
                                  {2, "2 FOLLOWING"},
                                  {FAR, "UNBOUNDED FOLLOWING"}};

static int by_place(const void *a, const void *b) {
  const row *x = a, *y = b;
  int64_t d = x->p != y->p ? x->p - y->p : x->k != y->k ? x->k - y->k : x->id - y->id;
  return d < 0 ? -1 : d > 0;
}

/* The rows by partition, key and number; and which group of equal keys each is in. */
static const row *sorted_rows(int64_t group[ROWS]) {
  static row all[ROWS];
  for (uint64_t i = 0; i < ROWS; i++) {
    all[i] = row_of(i);
  }
  qsort(all, ROWS, sizeof all[0], by_place);
  for (size_t i = 0; i < ROWS; i++) {
    bool new_group = i == 0 || all[i].p != all[i - 1].p || all[i].k != all[i - 1].k;
    group[i] = i == 0 ? 0 : group[i - 1] + new_group;
  }
  return all;
}

static bool in_frame(const row *all, const int64_t *group, size_t at, size_t other,
                     units u, int64_t from, int64_t to) {
  if (all[at].p != all[other].p) {
    return false;
  }
  int64_t d = u == BY_ROWS    ? (int64_t)other - (int64_t)at
              : u == BY_RANGE ? all[other].k - all[at].k
                              : group[other] - group[at];
  return d >= from && d <= to;
}

static void put_v(wi_buf *out, const row *r) {
  if (r == NULL || r->no_v) {
    wi_buf_str(out, "~");
  } else {
    wi_buf_fmt(out, "%lld", (long long)r->v);
  }
}

/* What the function says of a frame of n rows. */
static void say_frame(fn f, const row *const *frame, size_t n, wi_buf *out) {
  const row *pick = NULL;
  int64_t sum = 0;
  bool any = false;
  for (size_t i = 0; i < n; i++) {
    const row *r = frame[i];
    bool first = pick == NULL;
    pick = (f == FIRST && i == 0) || f == LAST || (f == SECOND && i == 1) ||
                   (f == FIRST_NOT_NULL && first && !r->no_v) ||
                   (f == LAST_NOT_NULL && !r->no_v)
               ? r
               : pick;
    if (f == LIST || f == TEXTS) {
      wi_buf_str(out, i > 0 ? "," : "");
      f == LIST ? put_v(out, r) : (void)wi_buf_str(out, r->s);
    }
    sum += r->no_v ? 0 : r->v;
    any = any || !r->no_v;
  }
  if (f == COUNT) {
    wi_buf_fmt(out, "%zu", n);
  } else if (f == SUM && any) {
    wi_buf_fmt(out, "%lld", (long long)sum);
  } else if ((f == LIST || f == TEXTS) && n > 0) {
    return;
  } else {
    put_v(out, f == SUM ? NULL : pick);
  }
}

static void expect(fn f, units u, int64_t from, int64_t to, result *out) {
  int64_t group[ROWS];
  const row *all = sorted_rows(group);
  for (size_t at = 0, start = 0, peers = 0; at < ROWS; at++) {
    const row *frame[ROWS];
    size_t n = 0;
    start = at > 0 && all[at].p != all[at - 1].p ? at : start;
    peers = at > 0 && group[at] != group[at - 1] ? at : peers;
    wi_buf line = WI_BUF_INIT;
    wi_buf_fmt(&line, "%lld|", (long long)all[at].id);
    for (size_t i = 0; i < ROWS; i++) {
      if (in_frame(all, group, at, i, u, from, to)) {
        frame[n++] = &all[i];
      }
    }
    if (f == NUMBER || f == RANK) {
      wi_buf_fmt(&line, "%zu", (f == NUMBER ? at : peers) - start + 1);
    } else if (f == BEFORE) {
      put_v(&line, at > start ? &all[at - 1] : NULL);
    } else {
      say_frame(f, frame, n, &line);
    }
    add_line(out, wi_buf_text(&line), strlen(wi_buf_text(&line)));
    wi_buf_release(&line);
  }
  if (out->n > 0) {
    qsort(out->items, out->n, sizeof out->items[0], by_text);
  }
}

/* ---- the matrix ---- */

/* Which frames have one meaning whatever the order of peers: the first row of one that begins
 * with a partition or with the row's own peers, the last row of one that ends so, all of the
 * peers. */
static bool has_meaning(fn f, units u, int64_t from, int64_t to) {
  bool sets = f == NUMBER || f == BEFORE || f == RANK || f == COUNT || f == SUM;
  bool whole = from == -FAR && to == FAR, peers = from == 0 && to == 0;
  bool open = (from == -FAR || from == 0) && (to == 0 || to == FAR);
  return sets || u == BY_ROWS || whole || peers || ((f == FIRST || f == LAST) && open);
}

/* The engine cannot take a text out of a longer one again. */
static bool engine_can(fn f, units u, int64_t from, int64_t to) {
  bool peers = u != BY_ROWS && from == 0 && to == 0;
  return f != TEXTS || from == -FAR || peers;
}

static void check_one(fn f, units u, const bound *from, const bound *to, int *answered,
                      int *refused) {
  char sql[1024], value[256], over[256];
  result want = {0}, got = {0};
  weir_error err = WEIR_ERROR_INIT;
  snprintf(over, sizeof over, "%s OVER (PARTITION BY p ORDER BY k %s BETWEEN %s AND %s)",
           fn_sql[f], units_sql[u], from->sql, to->sql);
  snprintf(value, sizeof value, f == LIST ? "array_to_string(f, ',', '~')" : "f");
  snprintf(sql, sizeof sql,
           "SELECT concat(id, '|', coalesce(CAST(%s AS VARCHAR), '~')) AS r FROM (SELECT "
           "id, %s AS f FROM t)",
           value, over);
  if (!has_meaning(f, u, from->at, to->at)) {
    char ask[64];
    snprintf(ask, sizeof ask, "ROWS BETWEEN %s",
             from->at == -2  ? "n PRECEDING"
             : from->at == 1 ? "n FOLLOWING"
                             : from->sql);
    weir_status status = run(0, sql, true, &got, &err);
    if (status != WEIR_E_ORDER_NEEDED || strstr(err.hint, ask) == NULL) {
      wt_fail(__FILE__, __LINE__, "%s: %d, %s, hint %s", sql, (int)status, err.message,
              err.hint);
    }
    ++*refused;
  } else if (engine_can(f, u, from->at, to->at)) {
    ++*answered;
    expect(f, u, from->at, to->at, &want);
    if (!agree(sql, true, &got)) {
      wt_fail(__FILE__, __LINE__, "%s: depends on how it is run", sql);
    } else if (!same(&want, &got)) {
      size_t i = 0;
      while (i < want.n && i < got.n && strcmp(want.items[i], got.items[i]) == 0) {
        i++;
      }
      wt_fail(__FILE__, __LINE__, "%s: '%s' should be '%s'", sql,
              i < got.n ? got.items[i] : "", i < want.n ? want.items[i] : "");
    }
  }
  result_free(&want);
  result_free(&got);
  weir_error_release(&err);
}

WT_TEST(each_function_over_each_frame_is_right_or_refused) {
  int answered = 0, refused = 0;
  for (int f = 0; f < FUNCTIONS; f++) {
    for (int u = 0; u < UNITS; u++) {
      for (size_t from = 0; from < 4; from++) {
        for (size_t to = 0; to < 4; to++) {
          if (from_bounds[from].at <= to_bounds[to].at) {
            check_one((fn)f, (units)u, &from_bounds[from], &to_bounds[to], &answered,
                      &refused);
          }
        }
      }
    }
  }
  WT_EQ_INT(answered, 313);
  WT_EQ_INT(refused, 146);
}

/* ---- what is read above, and what is not ---- */
#define SHOWN(columns, from) \
  "SELECT concat_ws('|', " columns ") AS r FROM (" from ") AS q"
#define N(x) "coalesce(CAST(" x " AS VARCHAR), '~')"
static const char *const queries[] = {
    /* few columns, none that tells all rows apart */
    SHOWN("n", "SELECT row_number() OVER (ORDER BY k) AS n FROM t"),
    SHOWN("p, n", "SELECT p, row_number() OVER (ORDER BY k) AS n FROM t"),
    SHOWN("s, " N("v") ", n",
          "SELECT s, v, ntile(7) OVER (PARTITION BY p ORDER BY k DESC) AS n FROM t"),
    SHOWN("s, " N("l") ", " N("f"),
          "SELECT s, lag(v, 2) OVER (ORDER BY k) AS l, last_value(s) OVER (ORDER BY k) "
          "AS f FROM t"),
    SHOWN(N("l") ", " N("f"),
          "SELECT lead(s) OVER w AS l, first_value(v) OVER w AS f FROM t WINDOW w AS "
          "(PARTITION BY p "
          "ORDER BY k)"),
    /* a filter, a sort, a limit, a group, a join, a union, a window above */
    SHOWN("n",
          "SELECT n FROM (SELECT s, row_number() OVER (ORDER BY k) AS n FROM t) AS x "
          "WHERE s < 's3'"),
    SHOWN("s, n",
          "SELECT s, count(*) AS n FROM (SELECT s, row_number() OVER (PARTITION BY p "
          "ORDER BY k) AS "
          "n FROM t) AS x WHERE n = 1 GROUP BY s"),
    SHOWN("p, " N("v"), "SELECT p, v FROM t ORDER BY k LIMIT 7"),
    SHOWN("p, " N("v"), "SELECT p, v FROM t ORDER BY k, p LIMIT 17 OFFSET 5"),
    SHOWN("n",
          "SELECT count(*) AS n FROM (SELECT s FROM t ORDER BY k LIMIT 9) AS x WHERE s > "
          "'s2'"),
    SHOWN("s, n",
          "SELECT x.s, y.n FROM t AS x JOIN (SELECT v, row_number() OVER (PARTITION BY p "
          "ORDER BY k) AS n "
          "FROM u) AS y ON x.v = y.v WHERE x.id < 9"),
    SHOWN("n",
          "SELECT p AS n FROM t UNION ALL SELECT n FROM (SELECT s, row_number() OVER "
          "(ORDER BY k) AS n "
          "FROM u) AS x WHERE s = 's1'"),
    SHOWN("a, b",
          "SELECT row_number() OVER (ORDER BY n % 5) AS a, s AS b FROM (SELECT s, v, "
          "row_number() OVER "
          "(ORDER BY k) AS n FROM t) AS x"),
    SHOWN("n",
          "SELECT DISTINCT n FROM (SELECT s, rank() OVER (ORDER BY k) + row_number() "
          "OVER (ORDER BY p) AS n "
          "FROM t) AS x"),
    SHOWN("s, " N("v"), "SELECT DISTINCT ON (p) s, v FROM t ORDER BY p, k"),
    /* subqueries that look out */
    SHOWN("m, " N("n"),
          "SELECT m, (SELECT max(s) FROM u WHERE u.id = x.id) AS n FROM (SELECT id, "
          "row_number() OVER (ORDER BY k) AS m FROM t) AS x WHERE m < 40"),
    SHOWN("n",
          "SELECT count(*) AS n FROM t WHERE s IN (SELECT s FROM u ORDER BY k LIMIT 3) "
          "AND EXISTS (SELECT 1 "
          "FROM (SELECT id, row_number() OVER (ORDER BY k) AS m FROM u) AS y WHERE y.m < "
          "30 AND y.id = t.id)"),
    /* aggregates: one row's values stay together, and nothing but arguments counts */
    SHOWN("p, " N("a") ", " N("b") ", c",
          "SELECT p, first_value(v ORDER BY k) AS a, last_value(v ORDER BY k) AS b, "
          "string_agg(s, ',' ORDER BY k "
          "DESC) AS c FROM t GROUP BY p"),
    SHOWN("p, a, " N("b"),
          "SELECT p, array_to_string(array_agg(s ORDER BY k), ',') AS a, nth_value(v, 3 "
          "ORDER BY "
          "k) AS b FROM t GROUP BY p"),
    SHOWN("a, b",
          "SELECT array_to_string(array_agg(id ORDER BY k), ',') AS a, "
          "array_to_string(array_agg(id ORDER "
          "BY k, s), ',') AS b FROM t"),
    SHOWN("p, a",
          "SELECT p, string_agg(s, ',' ORDER BY v) FILTER (WHERE k > 3) AS a FROM t "
          "GROUP BY ROLLUP (p)"),
    SHOWN("a",
          "SELECT array_to_string(array_agg(m['a'] ORDER BY k), ',') AS a FROM (SELECT "
          "k, map(['a'], [s]) AS "
          "m FROM t) AS x"),
    /* 0.0 and -0.0 are one group, and two values */
    SHOWN("a",
          "SELECT array_to_string(array_agg(x ORDER BY k), ',') AS a FROM (SELECT k, "
          "CASE WHEN id % 2 = 0 THEN CAST(0 AS DOUBLE) ELSE -CAST(0 AS DOUBLE) END AS x "
          "FROM t) AS y GROUP BY x"),
    SHOWN("a",
          "SELECT first_value(CAST(x AS VARCHAR) ORDER BY k) AS a FROM (SELECT k, "
          "CASE WHEN id % 2 = 0 THEN CAST(0 AS DOUBLE) ELSE -CAST(0 AS DOUBLE) END AS x "
          "FROM t) AS y GROUP BY x"),
    /* DISTINCT says nothing to what takes one row */
    SHOWN("p, " N("a"),
          "SELECT p, last_value(DISTINCT s ORDER BY k) AS a FROM t GROUP BY p"),
    /* nested columns and maps that are read */
    SHOWN("n, " N("a"),
          "SELECT n, array_to_string(l, ',', '~') AS a FROM (SELECT l, row_number() OVER "
          "(ORDER "
          "BY k) AS n FROM (SELECT make_array(v, p) AS l, k FROM t) AS y) AS x"),
    SHOWN("n, " N("a"),
          "SELECT n, c['x'] AS a FROM (SELECT c, row_number() OVER (ORDER BY k) AS n "
          "FROM (SELECT "
          "named_struct('x', s, 'y', v) AS c, k FROM t) AS y) AS x"),
    SHOWN("n, " N("a"),
          "SELECT n, concat(array_to_string(map_values(m), ',', '~'), "
          "array_to_string(map_keys(m), ',')) AS a FROM (SELECT m, "
          "row_number() OVER "
          "(ORDER BY k) AS n FROM (SELECT map([s], [v]) AS m, k FROM t) AS y) AS x"),
    SHOWN("n, " N("a"),
          "SELECT n, array_to_string(map_keys(m), ',', '~') AS a FROM (SELECT map([s], "
          "[p]) AS m, k "
          "FROM t ORDER BY k LIMIT 11) AS x, (SELECT 1 AS n) AS y"),
    /* keys of groups: no ties */
    SHOWN("k, n, " N("l"),
          "SELECT k, row_number() OVER (ORDER BY k) AS n, array_to_string(array_agg(c) "
          "OVER (ORDER "
          "BY k), ',') AS l FROM (SELECT k, count(*) AS c FROM t GROUP BY k) AS x"),
    SHOWN("n",
          "SELECT row_number() OVER (ORDER BY c) AS n, k FROM (SELECT k, p, count(*) AS "
          "c FROM t GROUP BY k, p) "
          "AS x"),
};

WT_TEST(columns_that_are_read_make_one_order) {
  enum { Q = sizeof queries / sizeof queries[0] };
  size_t by_chance = 0;
  for (size_t q = 0; q < Q; q++) {
    result strict = {0}, relaxed = {0};
    if (!agree(queries[q], true, &strict)) {
      wt_fail(__FILE__, __LINE__, "%s: depends on how it is run", queries[q]);
    }
    by_chance += !agree(queries[q], false, &relaxed);
    result_free(&strict);
    result_free(&relaxed);
  }
  /* Otherwise there would be nothing to break. */
  if (by_chance < Q / 2) {
    wt_fail(__FILE__, __LINE__, "only %zu of %d depend on the order of rows", by_chance,
            (int)Q);
  }
}

/* Queries that give nothing, whatever ties there are. */
WT_TEST(copies_of_a_query_put_rows_into_one_order) {
  static const char *const none[] = {
      /* each copy is read in another way: numbers must be the same rows' */
      "WITH w AS (SELECT id, v, s, row_number() OVER (ORDER BY k) AS n FROM t) "
      "SELECT 'wrong' AS r FROM (SELECT n, v FROM w) AS a JOIN (SELECT n, id FROM w) AS "
      "b "
      "ON a.n = b.n JOIN t ON t.id = b.id WHERE t.v IS DISTINCT FROM a.v",
      "WITH w AS (SELECT id, s FROM t ORDER BY k LIMIT 11) SELECT 'wrong' AS r FROM "
      "(SELECT "
      "s FROM w) AS a WHERE s NOT IN (SELECT t.s FROM w JOIN t ON t.id = w.id)",
      "WITH w AS (SELECT id, s FROM t ORDER BY k LIMIT 11), x AS (SELECT s FROM w), y AS "
      "(SELECT id FROM w) SELECT 'wrong' AS r FROM (SELECT string_agg(s, ',' ORDER BY s) "
      "AS "
      "l FROM x) AS a, (SELECT string_agg(t.s, ',' ORDER BY t.s) AS l FROM y JOIN t ON "
      "t.id "
      "= y.id) AS b WHERE a.l <> b.l",
      /* two that take one row of a group take the same one */
      "SELECT 'wrong' AS r FROM (SELECT p, first_value(id ORDER BY k) AS i, "
      "first_value(v "
      "ORDER BY k) AS v FROM t GROUP BY p) AS a JOIN t ON t.id = a.i WHERE t.v IS "
      "DISTINCT "
      "FROM a.v",
      "SELECT 'wrong' AS r FROM (SELECT last_value(id) OVER w AS i, last_value(v) OVER w "
      "AS v "
      "FROM t WINDOW w AS (ORDER BY k)) AS a JOIN t ON t.id = a.i WHERE t.v IS DISTINCT "
      "FROM "
      "a.v",
      /* the last of those that a row counts is the next one's previous */
      "SELECT 'wrong' AS r FROM (SELECT id, last_value(id) OVER (ORDER BY k ROWS "
      "UNBOUNDED "
      "PRECEDING) AS i, lag(id) OVER (ORDER BY k) AS b, row_number() OVER (ORDER BY k) "
      "AS n "
      "FROM t) AS a WHERE i <> id OR (b IS NULL AND n > 1)"};
  for (size_t q = 0; q < sizeof none / sizeof none[0]; q++) {
    result got = {0};
    if (!agree(none[q], true, &got) || got.n > 0) {
      wt_fail(__FILE__, __LINE__, "%s: %zu rows", none[q], got.n);
    }
    result_free(&got);
  }
}

WT_TEST(what_cannot_be_put_into_an_order_is_refused) {
  static const struct {
    const char *sql, *word;
  } cases[] = {
      {"SELECT any_value(s) AS r FROM t", "any_value"},
      {"SELECT any_value(s ORDER BY id) AS r FROM t GROUP BY p", "any_value"},
      {"SELECT any_value(s) OVER (PARTITION BY p ORDER BY id) AS r FROM t", "any_value"},
      {"SELECT array_to_string(array_agg(DISTINCT v) OVER (PARTITION BY p ORDER BY k "
       "ROWS "
       "UNBOUNDED PRECEDING), ',') AS r FROM t",
       "DISTINCT"},
      {"SELECT concat(n, m['a']['b']) AS r FROM (SELECT m, row_number() OVER (ORDER BY "
       "k) AS n "
       "FROM (SELECT map(['a'], [map(['b'], [s])]) AS m, k FROM t) AS y) AS x",
       "'m'"},
      {"SELECT id AS r FROM t WHERE s IN (SELECT s FROM u ORDER BY id LIMIT 3) LIMIT 5",
       "LIMIT"},
      {"SELECT nth_value(s, 2) OVER (ORDER BY k) AS r FROM t", "RANGE"},
      {"SELECT last_value(s) IGNORE NULLS OVER (ORDER BY k GROUPS CURRENT ROW) AS r FROM "
       "t",
       ""},
      {"SELECT first_value(v) IGNORE NULLS OVER (ORDER BY k) AS r FROM t", "RANGE"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    result got = {0};
    weir_error err = WEIR_ERROR_INIT;
    weir_status status = run(0, cases[i].sql, true, &got, &err);
    bool fine = cases[i].word[0] == '\0'
                    ? status == WEIR_OK
                    : status == WEIR_E_ORDER_NEEDED && err.hint[0] != '\0' &&
                          strstr(err.message, cases[i].word) != NULL;
    if (!fine) {
      wt_fail(__FILE__, __LINE__, "%s: %d, %s, hint %s", cases[i].sql, (int)status,
              err.message, err.hint);
    }
    result_free(&got);
    weir_error_release(&err);
  }
}
