/* Gates against counting by hand: random rows with nulls, staged and committed. */
#include "unit/table/rows.h"

enum { ROWS = 400, COLUMNS = 3 };

typedef struct random_rows {
  const char *cells[ROWS * COLUMNS]; /* a, b: numbers or null; c: text or null */
  size_t n;
} random_rows;

static const char *const numbers[] = {"0", "1", "2",  "3",  "4",  "5",  "6",  "7",
                                      "8", "9", "10", "11", "12", "13", "14", "15"};
static const char *const texts[] = {"x", "", "y z", "it's", "\"q\"", "\xc3\xa4"};

static uint32_t next(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 16;
}

static void fill(uint32_t seed, size_t n, uint32_t nulls, random_rows *out) {
  out->n = n;
  for (size_t i = 0; i < n; i++) {
    const char **row = &out->cells[i * COLUMNS];
    row[0] = next(&seed) % 100 < nulls ? NULL : numbers[next(&seed) % 16];
    row[1] = next(&seed) % 100 < nulls ? NULL : numbers[next(&seed) % 16];
    row[2] = next(&seed) % 100 < nulls ? NULL : texts[next(&seed) % 6];
  }
}

static bool same_cell(const char *a, const char *b) {
  return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Values of the first `n` columns that more than one row has; rows with a null are left out. */
static size_t doubled(const random_rows *r, size_t columns, bool *in_one) {
  size_t groups = 0;
  memset(in_one, 0, r->n * sizeof *in_one);
  for (size_t i = 0; i < r->n; i++) {
    size_t alike = 0, earlier = 0;
    for (size_t k = 0; k < r->n; k++) {
      bool same = true;
      for (size_t c = 0; c < columns; c++) {
        same = same && same_cell(r->cells[i * COLUMNS + c], r->cells[k * COLUMNS + c]);
      }
      alike += same;
      earlier += same && k < i;
    }
    in_one[i] = alike > 1;
    groups += alike > 1 && earlier == 0;
  }
  return groups;
}

static size_t with_null(const random_rows *r, size_t columns, bool *bad) {
  size_t n = 0;
  for (size_t i = 0; i < r->n; i++) {
    bad[i] = false;
    for (size_t c = 0; c < columns; c++) {
      bad[i] = bad[i] || r->cells[i * COLUMNS + c] == NULL;
    }
    n += bad[i];
  }
  return n;
}

/* `a < b` is not TRUE: false, or unknown. */
static size_t not_less(const random_rows *r, bool *bad) {
  size_t n = 0;
  for (size_t i = 0; i < r->n; i++) {
    const char *a = r->cells[i * COLUMNS], *b = r->cells[i * COLUMNS + 1];
    bad[i] = a == NULL || b == NULL || strtoll(a, NULL, 10) >= strtoll(b, NULL, 10);
    n += bad[i];
  }
  return n;
}

/* ---- staging ---- */

typedef struct staged_rows {
  wi_session *session;
  wi_store *store;
  wi_staged staged;
  struct ArrowSchema schema;
  wt_project at;
} staged_rows;

static bool stage_rows(const random_rows *r, staged_rows *out, weir_error *err) {
  wi_session_options options = {0};
  struct ArrowArrayStream stream = rows_stream("a l, b l, c u", r->cells, r->n);
  wb_plan *logical = NULL, *plan = NULL;
  wi_stage_request request = {0};
  struct ArrowSchema raw = {0};
  memset(out, 0, sizeof *out);
  options.engine = kit_engine();
  options.threads = 2;
  options.memory = (uint64_t)256 << 20;
  bool fine = wt_project_make(&out->at, NULL, 0) &&
              wi_session_new(&options, &out->session, err) == WEIR_OK &&
              wi_session_add_rows(out->session, WI_SCHEMA_MAIN, "r", WI_INPUT_MEMORY,
                                  &stream, err) == WEIR_OK &&
              wi_session_seal(out->session, err) == WEIR_OK &&
              wi_query_plan(out->session, "SELECT a, b, c FROM r", NULL, 0, &logical,
                            &plan, err) == WEIR_OK &&
              wi_br_plan_schema(kit_engine(), plan, &raw, err) == WEIR_OK &&
              wi_typemap(&raw, NULL, 0, &out->schema, err) == WEIR_OK;
  if (fine) {
    out->store = rows_store(out->session, &out->at, "t");
    request.session = out->session;
    request.plan = plan;
    request.bind = out->session->bind;
    request.store = out->store;
    request.prefix = "staged/";
    request.stats = NULL;
    request.memory = options.memory;
    request.partitions = 2;
    fine = wi_stage(&request, &out->staged, NULL, NULL, err) == WEIR_OK &&
           out->staged.rows == r->n;
  }
  if (stream.release != NULL) { /* the session could not even be made */
    stream.release(&stream);
  }
  kit_schema_free(&raw);
  wi_br_plan_free(kit_engine(), &logical);
  wi_br_plan_free(kit_engine(), &plan);
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "staging: %s", err->message);
  }
  return fine;
}

static void staged_free(staged_rows *s) {
  wi_staged_release(&s->staged);
  wi_store_unref(&s->store);
  kit_schema_free(&s->schema);
  wi_session_free(&s->session);
  wt_project_remove(&s->at);
}

static weir_status run_rules(staged_rows *s, const char *label, const wi_gate_rule *rules,
                             size_t n, weir_error *err) {
  wi_gate *gate = NULL;
  weir_status status = wi_gate_new(s->session, label, &s->schema, rules, n, &gate, err);
  if (status == WEIR_OK) {
    status =
        wi_gate_run(gate, s->store, &s->staged, NULL, 0, s->session->memory, NULL, err);
  }
  wi_gate_free(&gate);
  return status;
}

/* ---- reading what a failure says ---- */

/* The number after "'name': ". */
static long long count_in(const weir_error *err, const char *name) {
  char key[64];
  snprintf(key, sizeof key, "'%s': ", name);
  const char *at = strstr(err->message, key);
  return at != NULL ? strtoll(at + strlen(key), NULL, 10) : 0;
}

static void row_text(const char *const *row, char *out, size_t cap) {
  snprintf(out, cap, "    {a=%s, b=%s, c=%s}", row[0] != NULL ? row[0] : "NULL",
           row[1] != NULL ? row[1] : "NULL", row[2] != NULL ? row[2] : "NULL");
}

static bool is_bad_row(const random_rows *r, const bool *bad, const char *line,
                       size_t n) {
  char text[128];
  for (size_t i = 0; i < r->n; i++) {
    row_text(&r->cells[i * COLUMNS], text, sizeof text);
    if (bad[i] && strlen(text) == n && memcmp(text, line, n) == 0) {
      return true;
    }
  }
  return false;
}

/* The lines below "  name:": at most ten, all of them offending rows, as many as there are. */
static void check_sample(const weir_error *err, const char *name, const random_rows *r,
                         const bool *bad) {
  char key[64];
  size_t lines = 0, all = 0;
  for (size_t i = 0; i < r->n; i++) {
    all += bad[i];
  }
  snprintf(key, sizeof key, "  %s:\n", name);
  const char *at = err->detail != NULL ? strstr(err->detail, key) : NULL;
  WT_CHECK(at != NULL);
  for (at += strlen(key); strncmp(at, "    {", 5) == 0; at = strchr(at, '\n') + 1) {
    size_t n = (size_t)(strchr(at, '\n') - at);
    if (!is_bad_row(r, bad, at, n)) {
      wt_fail(__FILE__, __LINE__, "%s shows a row that does not violate it: %.*s", name,
              (int)n, at);
      return;
    }
    lines++;
  }
  WT_EQ_INT(lines, all < 10 ? all : 10);
}

static const char *const names_abc[] = {"a", "b", "c"};

static void check_seed(uint32_t seed, size_t n, uint32_t nulls) {
  weir_error err = WEIR_ERROR_INIT;
  random_rows r;
  staged_rows s;
  bool bad[5][ROWS];
  fill(seed, n, nulls, &r);
  size_t expected[5] = {with_null(&r, 2, bad[0]), doubled(&r, 1, bad[1]),
                        doubled(&r, 2, bad[2]), doubled(&r, 3, bad[3]),
                        not_less(&r, bad[4])};
  const wi_gate_rule rules[] = {
      {.name = "nulls", .columns = names_abc, .n_columns = 2, .not_null = true},
      {.name = "one", .columns = names_abc, .n_columns = 1, .unique = true},
      {.name = "two", .columns = names_abc, .n_columns = 2, .unique = true},
      {.name = "three", .columns = names_abc, .n_columns = 3, .unique = true},
      {.name = "less", .predicate = "a < b"},
  };
  size_t violated = 0;
  if (!stage_rows(&r, &s, &err)) {
    staged_free(&s);
    return;
  }
  weir_status status = run_rules(&s, "gate", rules, 5, &err);
  for (size_t i = 0; i < 5; i++) {
    if (count_in(&err, rules[i].name) != (long long)expected[i]) {
      wt_fail(__FILE__, __LINE__, "seed %u: %s counts %lld, not %zu", (unsigned)seed,
              rules[i].name, count_in(&err, rules[i].name), expected[i]);
    } else if (expected[i] > 0) {
      check_sample(&err, rules[i].name, &r, bad[i]);
      violated++;
    }
  }
  if (status != (violated > 0 ? WEIR_E_CONSTRAINT : WEIR_OK)) {
    wt_fail(__FILE__, __LINE__, "seed %u: status %d", (unsigned)seed, (int)status);
  }
  weir_error_release(&err);
  staged_free(&s);
}

WT_TEST(counts_and_samples_are_those_of_brute_force) {
  for (uint32_t seed = 1; seed <= 6; seed++) {
    check_seed(seed * 7919, seed * 60, seed * 3);
  }
}

WT_TEST(few_rows_are_shown_all) {
  check_seed(5, 4, 0);
  check_seed(6, 9, 40);
  check_seed(7, 1, 100);
}

WT_TEST(no_rows_violate_nothing) {
  check_seed(8, 0, 0);
}

WT_TEST(a_broken_key_is_told_before_constraints) {
  weir_error err = WEIR_ERROR_INIT;
  random_rows r;
  staged_rows s;
  fill(3, 100, 10, &r);
  const wi_gate_rule rules[] = {
      {.name = "less", .predicate = "a < b"},
      {.name = "key",
       .columns = names_abc,
       .n_columns = 2,
       .unique = true,
       .is_key = true},
      {.name = "more", .predicate = "a > b"},
  };
  if (stage_rows(&r, &s, &err)) {
    if (run_rules(&s, "g1", rules, 3, &err) != WEIR_E_KEY_VIOLATED) {
      wt_fail(__FILE__, __LINE__, "not KEY_VIOLATED: %s", err.message);
    }
    if (count_in(&err, "less") == 0 || count_in(&err, "key") == 0 ||
        count_in(&err, "more") == 0 || err.hint[0] == '\0') {
      wt_fail(__FILE__, __LINE__, "not all three are told: %s", err.message);
    }
  }
  weir_error_release(&err);
  staged_free(&s);
}

WT_TEST(a_predicate_that_does_not_plan_has_the_place_of_the_rule) {
  weir_error err = WEIR_ERROR_INIT;
  random_rows r;
  staged_rows s;
  fill(3, 5, 0, &r);
  const wi_gate_rule bad = {
      .name = "odd", .predicate = "nope > 1", .place = {"views/v.sql", 7, 3}};
  if (stage_rows(&r, &s, &err)) {
    weir_status status = run_rules(&s, "g2", &bad, 1, &err);
    if (status != WEIR_E_UNKNOWN_COLUMN || err.line != 7 || err.column != 3 ||
        strcmp(err.file, "views/v.sql") != 0 || strstr(err.message, "'odd'") == NULL) {
      wt_fail(__FILE__, __LINE__, "%d %s:%u %s", (int)status, err.file,
              (unsigned)err.line, err.message);
    }
  }
  weir_error_release(&err);
  staged_free(&s);
}

/* A predicate cannot close its brackets and become another query. */
WT_TEST(a_predicate_stays_an_expression) {
  weir_error err = WEIR_ERROR_INIT;
  random_rows r;
  staged_rows s;
  fill(3, 5, 0, &r);
  const wi_gate_rule bad = {.name = "odd", .predicate = "a = 1)) OR true -- "};
  if (stage_rows(&r, &s, &err) && run_rules(&s, "g3", &bad, 1, &err) == WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "it was accepted");
  }
  weir_error_release(&err);
  staged_free(&s);
}
