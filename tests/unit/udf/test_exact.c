/* The exact aggregates against tests/data/exact_vectors.txt (whole-number arithmetic in
 * Python): the same bits in any order, in any batches, merged in any tree, after values
 * left again, and among other groups. */
#include <math.h>

#include "agg_test.h"
#include "base/base.h"

#ifndef WT_ROOT
#define WT_ROOT "."
#endif

#define MAX_VALUES 64
#define MAX_CASES  1200

typedef struct vector {
  const wi_fn *fn;
  char expected[20];
  enum ArrowType type;
  size_t n;
  uint64_t v[MAX_VALUES];
} vector;

static vector vectors[MAX_CASES];
static size_t n_vectors;
static uint64_t rng;

static void parse(char *line, vector *v) {
  char *save = NULL, *word = strtok_r(line, "\t\n", &save);
  v->fn = wi_udf_find(word);
  t_must(v->fn == NULL);
  snprintf(v->expected, sizeof v->expected, "%s", strtok_r(NULL, "\t\n", &save));
  word = strtok_r(NULL, "\t\n", &save);
  v->type = word[0] == 'd'   ? NANOARROW_TYPE_DOUBLE
            : word[0] == 'i' ? NANOARROW_TYPE_INT64
                             : NANOARROW_TYPE_UINT64;
  for (v->n = 0; (word = strtok_r(NULL, "\t\n", &save)) != NULL; v->n++) {
    t_must(v->n >= MAX_VALUES);
    v->v[v->n] = strtoull(word, NULL, 16);
  }
}

static void load(void) {
  char line[4096];
  rng = 0x9E3779B97F4A7C15U;
  if (n_vectors > 0) {
    return;
  }
  FILE *f = fopen(WT_ROOT "/tests/data/exact_vectors.txt", "r");
  t_must(f == NULL);
  while (fgets(line, sizeof line, f) != NULL) {
    t_must(n_vectors == MAX_CASES);
    parse(line, &vectors[n_vectors++]);
  }
  fclose(f);
}

#define EACH_VECTOR(v)       \
  load();                    \
  WT_CHECK(n_vectors > 900); \
  for (const vector *v = vectors; v < vectors + n_vectors && !wt_failed(); v++)

/* Feeds some values to one accumulator or to group 0 of many. */
typedef void feeder(tagg *a, const vector *v);

static void check_all(feeder *feed) {
  EACH_VECTOR(v) {
    char got[32];
    tagg a;
    ta_open(&a, v->fn, v->type, false);
    feed(&a, v);
    ta_result(&a, 0, got);
    if (strcmp(got, v->expected) != 0) {
      wt_fail(__FILE__, __LINE__, "vector %zu, %s: %s, not %s (%s)",
              (size_t)(v - vectors) + 1, v->fn->name, got, v->expected, a.err.message);
    }
    ta_close(&a);
  }
}

static void feed_whole(tagg *a, const vector *v) {
  WT_EQ_INT(ta_add(a, v->type, v->n, v->v, false), WEIR_OK);
}

WT_TEST(vectors_in_one_batch) {
  check_all(feed_whole);
}

/* Any order, batches of any size, nulls and slices between. */
static void feed_shuffled(tagg *a, const vector *v) {
  uint64_t order[MAX_VALUES], part[MAX_VALUES * 2];
  bool valid[MAX_VALUES * 2];
  memcpy(order, v->v, sizeof order);
  ta_shuffle(&rng, order, v->n);
  for (size_t i = 0; i < v->n;) {
    size_t n = 0;
    for (size_t k = 1 + ta_below(&rng, v->n - i); k > 0; k--) {
      for (; ta_below(&rng, 3) == 0 && n < MAX_VALUES; n++) {
        valid[n] = false;
        part[n] = 0x3FF8000000000000;
      }
      valid[n] = true;
      part[n++] = order[i++];
    }
    tcol c = ta_column(v->type, n, part, valid, (int64_t)ta_below(&rng, 11));
    WT_EQ_INT(ta_update(a, &c, NULL, 1), WEIR_OK);
    t_free(&c);
  }
}

WT_TEST(vectors_in_any_order) {
  for (int round = 0; round < 5; round++) {
    check_all(feed_shuffled);
  }
}

/* Other values come and leave again, in between and in any order. */
static void feed_and_retract(tagg *a, const vector *v) {
  uint64_t extra[MAX_VALUES];
  size_t n = 1 + ta_below(&rng, MAX_VALUES - 1);
  for (size_t i = 0; i < n; i++) {
    uint64_t how = ta_below(&rng, 8);
    extra[i] = how == 0   ? ta_rng(&rng)
               : how == 1 ? UINT64_C(0x7FF) << 52
               : how == 2 ? UINT64_C(0xFFF) << 52
               : how == 3
                   ? UINT64_C(0x7FF8) << 48
                   : (ta_rng(&rng) & ~(UINT64_C(0x3FF) << 53)) | UINT64_C(0x3F0) << 52;
  }
  size_t split = ta_below(&rng, v->n + 1);
  WT_EQ_INT(ta_add(a, v->type, n, extra, false), WEIR_OK);
  WT_EQ_INT(ta_add(a, v->type, split, v->v, false), WEIR_OK);
  ta_shuffle(&rng, extra, n);
  WT_EQ_INT(ta_add(a, v->type, n / 2, extra, true), WEIR_OK);
  WT_EQ_INT(ta_add(a, v->type, v->n - split, v->v + split, false), WEIR_OK);
  WT_EQ_INT(ta_add(a, v->type, n - n / 2, extra + n / 2, true), WEIR_OK);
}

WT_TEST(vectors_after_others_left) {
  for (int round = 0; round < 3; round++) {
    check_all(feed_and_retract);
  }
}

/* Parts in accumulators of their own, merged two and two in any order. */
static void feed_merged(tagg *a, const vector *v) {
  tagg parts[6];
  size_t n = 1 + ta_below(&rng, 6), at = 0;
  for (size_t i = 0; i < n; i++) {
    size_t take = i + 1 == n ? v->n - at : ta_below(&rng, v->n - at + 1);
    ta_open(&parts[i], v->fn, v->type, false);
    if (take > 0 || ta_below(&rng, 2) == 0) {
      WT_EQ_INT(ta_add(&parts[i], v->type, take, v->v + at, false), WEIR_OK);
    }
    at += take;
  }
  for (; n > 1; n--) {
    size_t k = ta_below(&rng, n - 1);
    WT_EQ_INT(ta_merge(&parts[k], &parts[n - 1], 1, false, NULL, 1), WEIR_OK);
    ta_close(&parts[n - 1]);
  }
  WT_EQ_INT(ta_merge(a, &parts[0], 1, true, NULL, 1), WEIR_OK);
  ta_close(&parts[0]);
}

WT_TEST(vectors_merged_in_any_tree) {
  for (int round = 0; round < 3; round++) {
    check_all(feed_merged);
  }
}

/* Whatever way the values came, the bytes of the state are the same. */
WT_TEST(states_are_canonical) {
  feeder *const ways[] = {feed_shuffled, feed_and_retract, feed_merged};
  wi_buf first = WI_BUF_INIT, other = WI_BUF_INIT;
  EACH_VECTOR(v) {
    for (int k = -1; k < 3; k++) {
      tagg a;
      ta_open(&a, v->fn, v->type, false);
      (k < 0 ? feed_whole : ways[k])(&a, v);
      ta_state(&a, k < 0 ? &first : &other);
      ta_close(&a);
      WT_CHECK(k < 0 || strcmp(wi_buf_text(&first), wi_buf_text(&other)) == 0);
    }
  }
  wi_buf_release(&first);
  wi_buf_release(&other);
}

/* All vectors of one function and type as the groups of one accumulator, row by row in any
 * order, then through states into other groups. */
static void check_groups(const wi_fn *fn, enum ArrowType type) {
  static uint64_t rows[MAX_CASES * MAX_VALUES], groups[MAX_CASES * MAX_VALUES];
  static const vector *of[MAX_CASES];
  static uint64_t to[MAX_CASES];
  size_t n = 0, n_groups = 0;
  for (const vector *v = vectors; v < vectors + n_vectors; v++) {
    if (v->fn == fn && v->type == type) {
      for (size_t i = 0; i < v->n; i++, n++) {
        rows[n] = v->v[i];
        groups[n] = n_groups;
      }
      of[n_groups++] = v;
    }
  }
  uint64_t same = rng;
  ta_shuffle(&rng, rows, n);
  ta_shuffle(&same, groups, n);
  tagg a, b;
  ta_open(&a, fn, type, false);
  ta_open(&b, fn, type, false);
  for (size_t i = 0, k; i < n; i += k) {
    k = n - i < 100 ? n - i : 1 + ta_below(&rng, 100);
    tcol c = ta_column(type, k, rows + i, NULL, 3);
    WT_EQ_INT(ta_update(&a, &c, groups + i, n_groups), WEIR_OK);
    t_free(&c);
  }
  for (size_t g = 0; g < n_groups; g++) {
    to[g] = n_groups - 1 - g;
  }
  /* the first third leaves, then the rest: their numbers move down */
  size_t third = n_groups / 3;
  WT_EQ_INT(ta_merge(&b, &a, third, false, to, n_groups), WEIR_OK);
  for (size_t g = third; g < n_groups; g++) {
    char got[32];
    ta_result(&a, g - third, got);
    WT_EQ_STR(got, of[g]->expected);
  }
  WT_EQ_INT(ta_merge(&b, &a, n_groups - third, false, to + third, n_groups), WEIR_OK);
  for (size_t g = 0; g < n_groups; g++) {
    char got[32];
    ta_result(&b, to[g], got);
    WT_EQ_STR(got, of[g]->expected);
  }
  ta_close(&a);
  ta_close(&b);
}

WT_TEST(groups_do_not_mix) {
  load();
  for (size_t i = 0; i < n_vectors; i += 7) {
    check_groups(vectors[i].fn, vectors[i].type);
  }
}

/* ---- many values: the lanes of one group beside the cells of groups ---- */

#define MANY 6001

static double random_value(int kind) {
  double unit = (double)(ta_rng(&rng) >> 11) * 0x1p-53 - 0.5;
  uint64_t bits = ta_rng(&rng);
  switch (kind) {
    case 0: /* prices */
      return floor(unit * 1e7) / 100.0;
    case 1:
      return unit;
    case 2: /* more binades than two lanes have */
      return ldexp(unit, (int)ta_below(&rng, 200) - 100);
    case 3: /* growing, so that each block needs another lane */
      return ldexp(unit, (int)ta_below(&rng, 4) - 900 + (int)(bits % 7) * 250);
    case 4:
      return ta_below(&rng, 900) == 0 ? (double)INFINITY : unit;
    case 5:
      return ta_below(&rng, 50) == 0 ? 0x1p-1074 : ta_below(&rng, 2) == 0 ? -0.0 : unit;
    case 6: /* at the two ends of the range */
      return ldexp(unit, ta_below(&rng, 2) == 0 ? 1024 : -1021);
    default:
      memcpy(&unit, &bits, sizeof unit);
      return unit;
  }
}

/* Of one function: all at once to one group, and row by row to group 0 of several. */
static void check_many(const wi_fn *fn, int kind, size_t n) {
  static uint64_t v[MANY], zeros[MANY];
  wi_buf one = WI_BUF_INIT, many = WI_BUF_INIT;
  tagg a, b;
  for (size_t i = 0; i < n; i++) {
    double d = random_value(kind);
    memcpy(&v[i], &d, sizeof d);
  }
  ta_open(&a, fn, NANOARROW_TYPE_DOUBLE, false);
  ta_open(&b, fn, NANOARROW_TYPE_DOUBLE, false);
  tcol c = ta_column(NANOARROW_TYPE_DOUBLE, n, v, NULL, 0);
  WT_EQ_INT(ta_update(&a, &c, NULL, 1), WEIR_OK);
  WT_EQ_INT(ta_update(&b, &c, zeros, 3), WEIR_OK);
  ta_state(&a, &one);
  ta_state(&b, &many);
  WT_EQ_STR(wi_buf_text(&one), wi_buf_text(&many));
  /* half of them leaves again, in another order */
  ta_shuffle(&rng, v, n / 2);
  WT_EQ_INT(ta_add(&a, NANOARROW_TYPE_DOUBLE, n / 2, v, true), WEIR_OK);
  tcol rest = ta_column(NANOARROW_TYPE_DOUBLE, n - n / 2, v + n / 2, NULL, 0);
  ta_close(&b);
  ta_open(&b, fn, NANOARROW_TYPE_DOUBLE, false);
  WT_EQ_INT(ta_update(&b, &rest, zeros, 1), WEIR_OK);
  ta_state(&a, &one);
  ta_state(&b, &many);
  WT_EQ_STR(wi_buf_text(&one), wi_buf_text(&many));
  t_free(&c);
  t_free(&rest);
  ta_close(&a);
  ta_close(&b);
  wi_buf_release(&one);
  wi_buf_release(&many);
}

WT_TEST(lanes_and_cells_agree) {
  rng = 0xD1B54A32D192ED03U;
  for (int round = 0; round < 40 && !wt_failed(); round++) {
    for (int kind = 0; kind < 8; kind++) {
      size_t n = round == 0 ? MANY : 1 + ta_below(&rng, MANY);
      check_many(wi_udf_find("sum_exact"), kind, n);
    }
    check_many(wi_udf_find("var_pop_exact"), round % 8, 1 + ta_below(&rng, 500));
  }
}

/* ---- DISTINCT ---- */

static void check_distinct(const char *fn, enum ArrowType type, size_t n,
                           const uint64_t *v, const char *expected) {
  char got[32];
  tagg a, b;
  ta_open(&a, wi_udf_find(fn), type, true);
  ta_open(&b, wi_udf_find(fn), type, true);
  WT_EQ_INT(ta_add(&a, type, n, v, false), WEIR_OK);
  WT_EQ_INT(ta_add(&a, type, n / 2, v, false), WEIR_OK);
  WT_EQ_INT(ta_merge(&b, &a, 1, true, NULL, 1), WEIR_OK);
  WT_EQ_INT(ta_merge(&b, &a, 1, true, NULL, 1), WEIR_OK);
  WT_EQ_INT(ta_add(&a, type, n / 2, v, true), WEIR_OK);
  ta_result(&a, 0, got);
  WT_EQ_STR(got, expected);
  ta_result(&b, 0, got);
  WT_EQ_STR(got, expected);
  WT_EQ_INT(ta_add(&a, type, n, v, true), WEIR_OK);
  ta_result(&a, 0, got);
  WT_EQ_STR(got, "null");
  ta_close(&a);
  ta_close(&b);
}

WT_TEST(distinct_values_count_once) {
  const uint64_t zero = 0, minus_zero = UINT64_C(1) << 63, one = UINT64_C(0x3FF) << 52;
  const uint64_t two = UINT64_C(1) << 62, nan = UINT64_C(0x7FF8) << 48;
  const uint64_t zeros[] = {zero, minus_zero, one, one, two, two};
  const uint64_t nans[] = {nan, nan | 1, minus_zero | nan, one};
  const uint64_t ints[] = {3, 3, UINT64_MAX, 3, UINT64_MAX, 4};
  check_distinct("avg_exact", NANOARROW_TYPE_DOUBLE, 6, zeros, "3ff0000000000000");
  check_distinct("sum_exact", NANOARROW_TYPE_DOUBLE, 6, zeros, "4008000000000000");
  check_distinct("sum_exact", NANOARROW_TYPE_DOUBLE, 4, nans, "7ff8000000000000");
  check_distinct("avg_exact", NANOARROW_TYPE_INT64, 6, ints, "4000000000000000");
}

/* The state of one value, cut to n bytes, with byte `at` replaced. */
static void merge_broken(const char *fn, int64_t n, size_t at, uint8_t byte,
                         weir_status expected) {
  tagg a;
  struct ArrowArray state;
  const uint64_t one = UINT64_C(0x3FF) << 52;
  ta_open(&a, wi_udf_find(fn), NANOARROW_TYPE_DOUBLE, false);
  WT_EQ_INT(ta_add(&a, NANOARROW_TYPE_DOUBLE, 1, &one, false), WEIR_OK);
  WT_EQ_INT(a.fn->agg->state(a.acc, 1, true, &state, &a.err), WEIR_OK);
  uint8_t *bytes = (uint8_t *)(uintptr_t)state.children[0]->buffers[2];
  int64_t *offsets = (int64_t *)(uintptr_t)state.children[0]->buffers[1];
  WT_CHECK(n <= offsets[1] && (int64_t)at < offsets[1]);
  offsets[1] = n;
  bytes[at] = byte;
  WT_EQ_INT(a.fn->agg->merge(a.acc, &state, NULL, 1, &a.err), expected);
  state.release(&state);
  ta_close(&a);
}

WT_TEST(states_that_do_not_hold_together_are_refused) {
  /* count * 2, place (two bytes), digits; the first digit is 1 */
  merge_broken("sum_exact", 4, 3, 1, WEIR_OK);
  merge_broken("sum_exact", 4, 2, 0xFF, WEIR_E_BUG); /* far beyond */
  merge_broken("sum_exact", 2, 0, 2, WEIR_E_BUG);
  merge_broken("sum_exact", 1, 0, 0x82, WEIR_E_BUG);
  merge_broken("sum_exact", 4, 0, 3, WEIR_E_BUG); /* without its specials */
  /* count * 2, length of the sum, sum, squares */
  merge_broken("var_pop_exact", 8, 1, 3, WEIR_OK);
  merge_broken("var_pop_exact", 8, 1, 100, WEIR_E_BUG);
  merge_broken("var_pop_exact", 5, 0, 2, WEIR_E_BUG);
}

/* Engines that are short of memory take all states and count on having it back, and on small
 * states: what a plain sum keeps is 8 bytes. */
WT_TEST(states_are_small_and_what_gave_them_is_empty) {
  enum { GROUPS = 50000 };
  const char *const fns[] = {"sum_exact", "stddev_samp_exact"};
  const uint64_t most[] = {24, 48};
  uint64_t *v = calloc(GROUPS, sizeof *v), *g = calloc(GROUPS, sizeof *g);
  for (uint64_t i = 0; i < GROUPS; i++) {
    double d = (double)i / 100.0;
    memcpy(&v[i], &d, sizeof d);
    g[i] = i;
  }
  for (int distinct = 0; distinct < 2; distinct++) {
    for (size_t k = 0; k < 2; k++) {
      tagg a;
      struct ArrowArray state;
      ta_open(&a, wi_udf_find(fns[k]), NANOARROW_TYPE_DOUBLE, distinct != 0);
      uint64_t before = a.fn->agg->size(a.acc);
      tcol c = ta_column(NANOARROW_TYPE_DOUBLE, GROUPS, v, NULL, 3);
      WT_EQ_INT(ta_update(&a, &c, g, GROUPS), WEIR_OK);
      t_free(&c);
      WT_CHECK(a.fn->agg->size(a.acc) > GROUPS * 24);
      WT_EQ_INT(a.fn->agg->state(a.acc, GROUPS, false, &state, &a.err), WEIR_OK);
      const int64_t *offsets = state.children[0]->buffers[1];
      WT_CHECK((uint64_t)offsets[GROUPS] / GROUPS + sizeof *offsets <= most[k]);
      state.release(&state);
      WT_EQ_INT(a.fn->agg->size(a.acc), before);
      ta_close(&a);
    }
  }
  free(v);
  free(g);
}

/* More leave than came: an error, and no number that is wrong. */
WT_TEST(nothing_leaves_that_is_not_there) {
  const uint64_t v[] = {UINT64_C(0x3FF) << 52, UINT64_C(0x7FF) << 52};
  for (int distinct = 0; distinct < 2; distinct++) {
    tagg a;
    ta_open(&a, wi_udf_find("sum_exact"), NANOARROW_TYPE_DOUBLE, distinct != 0);
    WT_EQ_INT(ta_add(&a, NANOARROW_TYPE_DOUBLE, 1, v, false), WEIR_OK);
    WT_EQ_INT(ta_add(&a, NANOARROW_TYPE_DOUBLE, 1, v + 1, true), WEIR_E_BUG);
    ta_close(&a);
  }
}
