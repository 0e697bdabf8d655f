/* The quality gate of aggregates: every one of the table, on random columns, groups, filters
 * and types. One accumulator that is given all rows at once says what is right; every other
 * way must say the same. */
#include <stdlib.h>

#include "common/accumulate.h"
#include "common/test.h"

#define CALLS    40
#define ATTEMPTS 400

/* ---- checks ---- */

static void check_batches(wv_arena *arena, wv_rng *r, const plan *p, const lines *want) {
  plan *other = wv_alloc(arena, sizeof *other);
  uint64_t perm[MAX_GROUPS];
  acc a;
  lines got = {0};
  wa_shuffled(arena, r, p, other, perm);
  /* One that retracts has one group. */
  acc_open(&a, other, r, p->n_groups == 1 && p->call.fn->agg->retract != NULL);
  acc_batches(&a, UPDATE, 0, other->call.rows);
  acc_evaluate(&a, p->n_groups, wv_one_in(r, 2), &got);
  check_lines(p, "in batches and another order", want, perm, &got, p->n_groups);
  acc_close(&a);
  lines_free(&got);
}

static void check_convert(wv_arena *arena, wv_rng *r, const plan *p, const lines *want) {
  plan *other = wv_alloc(arena, sizeof *other);
  uint64_t perm[MAX_GROUPS];
  acc a;
  lines got = {0};
  if (p->call.fn->agg->convert == NULL) {
    return;
  }
  wa_shuffled(arena, r, p, other, perm);
  acc_open(&a, other, r, false);
  int64_t cut = wv_below(r, (uint32_t)other->call.rows + 1);
  acc_batches(&a, CONVERT, 0, cut);
  acc_batches(&a, UPDATE, cut, other->call.rows);
  acc_evaluate(&a, p->n_groups, false, &got);
  check_lines(p, "rows converted to states", want, perm, &got, p->n_groups);
  acc_close(&a);
  lines_free(&got);
}

#define PARTS 4
/* Partial accumulators, whose states are merged in any order, through several steps. */
static void check_merge(wv_arena *arena, wv_rng *r, const plan *p, const lines *want) {
  plan *other = wv_alloc(arena, sizeof *other);
  uint64_t perm[MAX_GROUPS], order[PARTS];
  acc *parts = wv_alloc(arena, PARTS * sizeof *parts);
  lines got = {0};
  wa_shuffled(arena, r, p, other, perm);
  int64_t from = 0;
  for (int k = 0; k < PARTS; k++) {
    acc_open(&parts[k], other, r, false);
    int64_t left = other->call.rows - from;
    int64_t n = k == PARTS - 1 ? left : wv_below(r, (uint32_t)left + 1);
    acc_batches(&parts[k], UPDATE, from, from + n);
    from += n;
  }
  wa_shuffle(r, order, PARTS);
  acc *last = &parts[order[PARTS - 1]];
  for (int k = 0; k < PARTS - 1 && !wt_failed(); k++) {
    acc *part = &parts[order[k]];
    if (wv_one_in(r, 2)) { /* the first groups leave first */
      uint64_t n = wv_below(r, (uint32_t)p->n_groups + 1);
      acc_move(part, last, 0, n, false);
      acc_move(part, last, n, p->n_groups - n, false);
    } else {
      acc_move(part, last, 0, p->n_groups, wv_one_in(r, 2));
    }
  }
  acc_evaluate(last, p->n_groups, false, &got);
  check_lines(p, "merged from partial states", want, perm, &got, p->n_groups);
  for (int k = 0; k < PARTS; k++) {
    acc_close(&parts[k]);
  }
  lines_free(&got);
}

/* Looking changes nothing; the first groups leave and the others move down; groups that
 * nobody has seen are empty ones. */
static void check_leaving(wv_rng *r, const plan *p, const lines *want,
                          const lines *empty) {
  acc a, sink;
  lines first = {0}, got = {0};
  acc_open(&a, p, r, false);
  acc_open(&sink, p, r, false);
  acc_batches(&a, UPDATE, 0, p->call.rows);
  acc_evaluate(&a, p->n_groups, true, &first);
  check_lines(p, "evaluated with keep", want, NULL, &first, p->n_groups);
  acc_move(&a, &sink, 0, p->n_groups, true);
  uint64_t n = wv_below(r, (uint32_t)p->n_groups + 1);
  acc_evaluate(&a, n, false, &got);
  acc_evaluate(&a, p->n_groups - n + 2, false, &got);
  check_lines(p, "evaluated in two steps after keep", want, NULL, &got, p->n_groups);
  if (got.status == WEIR_OK && !wt_failed()) {
    lines rest = {.text.p = got.text.p, .n = 2};
    for (int k = 0; k < 3; k++) {
      rest.at[k] = got.at[p->n_groups + (uint64_t)k];
    }
    check_lines(p, "groups that were not seen", empty, NULL, &rest, 2);
  }
  lines again = {0}; /* all groups are gone: as new */
  acc_batches(&a, UPDATE, 0, p->call.rows);
  acc_evaluate(&a, p->n_groups, false, &again);
  check_lines(p, "used again after all groups left", want, NULL, &again, p->n_groups);
  acc_close(&a);
  acc_close(&sink);
  lines_free(&first);
  lines_free(&got);
  lines_free(&again);
}

/* A moving frame says what a fresh accumulator of its rows says. */
static void check_frames(wv_arena *arena, wv_rng *r, const plan *whole) {
  plan *p = wv_alloc(arena, sizeof *p);
  wa_filtered(arena, whole, p);
  p->n_groups = 1;
  memset(p->groups, 0, sizeof p->groups);
  if (p->call.fn->agg->retract == NULL) {
    return;
  }
  acc moving;
  acc_open(&moving, p, r, true);
  int64_t from = 0, to = 0;
  for (int k = 0; k < 12 && moving.status == WEIR_OK && !wt_failed(); k++) {
    int64_t more = wv_below(r, (uint32_t)(p->call.rows - to) / 3 + 2);
    more = to + more > p->call.rows ? p->call.rows - to : more;
    acc_batches(&moving, UPDATE, to, to + more);
    to += more;
    int64_t less = wv_one_in(r, 5) ? to - from : wv_below(r, (uint32_t)(to - from) + 1);
    acc_batches(&moving, RETRACT, from, from + less);
    from += less;
    acc fresh;
    lines want = {0}, got = {0};
    acc_open(&fresh, p, r, wv_one_in(r, 2));
    acc_batches(&fresh, UPDATE, from, to);
    acc_evaluate(&fresh, 1, false, &want);
    acc_evaluate(&moving, 1, true, &got);
    check_lines(p, "a moving frame", &want, NULL, &got, 1);
    acc_close(&fresh);
    lines_free(&want);
    lines_free(&got);
  }
  acc_close(&moving);
}

/* Bytes held: few at first, not less for more, few again when all groups left. */
static void check_size(wv_rng *r, const plan *p) {
  acc a;
  lines got = {0};
  acc_open(&a, p, r, false);
  if (a.status == WEIR_OK) {
    const wi_agg_ops *ops = p->call.fn->agg;
    uint64_t fresh = ops->size(a.self);
    acc_batches(&a, UPDATE, 0, p->call.rows);
    uint64_t full = ops->size(a.self);
    acc_evaluate(&a, p->n_groups, false, &got);
    uint64_t gone = ops->size(a.self);
    if (a.status == WEIR_OK && (fresh > 1 << 20 || full > 1 << 24 || full < fresh)) {
      wa_complain(p, "holds %llu bytes at first and %llu with %lld rows",
                  (unsigned long long)fresh, (unsigned long long)full,
                  (long long)p->call.rows);
    } else if (a.status == WEIR_OK && gone > full) {
      wa_complain(p, "holds %llu bytes with all groups, %llu without any",
                  (unsigned long long)full, (unsigned long long)gone);
    }
  }
  acc_close(&a);
  lines_free(&got);
}

/* What the engine takes for the result over no rows is what an empty group gives. */
static void check_empty(wv_rng *r, const plan *p, const lines *empty) {
  const wi_agg_ops *ops = p->call.fn->agg;
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArray array = {0};
  lines got = {0};
  acc a;
  acc_open(&a, p, r, false);
  if (ops->empty == NULL) {
    WT_CHECK((a.field.flags & ARROW_FLAG_NULLABLE) != 0);
    WT_CHECK(empty->status != WEIR_OK || memcmp(empty->text.p, "NULL\n", 5) == 0);
  } else if (ops->empty(p->call.fn, &a.field, &array, &err) != WEIR_OK) {
    wa_complain(p, "empty fails: %s", err.message);
  } else {
    const char *why = wv_check(&a.field, &array, false);
    if (why != NULL || array.length != 1) {
      wa_complain(p, "empty: %s", why != NULL ? why : "not one row");
    } else {
      wv_show_all(&got.text, &a.field, &array, got.at);
      got.n = 1;
      check_lines(p, "empty", empty, NULL, &got, 1);
    }
    array.release(&array);
  }
  acc_close(&a);
  lines_free(&got);
}

static bool check_call(wv_rng *r, const wi_fn *fn) {
  wv_arena arena = {NULL};
  plan *p = wv_alloc(&arena, sizeof *p), *kept = wv_alloc(&arena, sizeof *kept);
  acc a, none;
  lines want = {0}, empty = {0};
  wa_random(&arena, r, fn, p);
  wa_filtered(&arena, p, kept);
  acc_open(&a, kept, r, false);
  acc_open(&none, kept, r, false);
  acc_rows(&a, UPDATE, 0, kept->call.rows);
  acc_evaluate(&a, p->n_groups, false, &want);
  acc_evaluate(&none, 2, false, &empty);
  bool accepted = a.status == WEIR_OK;
  if (accepted) {
    check_empty(r, p, &empty);
  }
  for (int k = 0; k < 3 && accepted && !wt_failed(); k++) {
    check_batches(&arena, r, p, &want);
    check_merge(&arena, r, p, &want);
    check_convert(&arena, r, p, &want);
    check_leaving(r, p, &want, &empty);
    check_frames(&arena, r, p);
    check_size(r, p);
  }
  acc_close(&a);
  acc_close(&none);
  lines_free(&want);
  lines_free(&empty);
  wv_arena_free(&arena);
  return accepted;
}

static uint64_t seed_of(const char *name) {
  uint64_t h = 0xCBF29CE484222325U;
  for (; *name != '\0'; name++) {
    h = (h ^ (uint8_t)*name) * 0x100000001B3U;
  }
  const char *more =
      getenv("WEIR_QUALITY_SEED"); /* other calls than those of every day */
  return h ^ (more != NULL ? strtoull(more, NULL, 10) * 0x9E3779B97F4A7C15U : 0);
}

WT_TEST(every_aggregate) {
  size_t n = 0;
  const wi_fn *const *list = wi_udf_list(&n);
  const char *only = getenv("WEIR_QUALITY_ONLY");
  for (size_t i = 0; i < n && !wt_failed(); i++) {
    const wi_fn *fn = list[i];
    if (fn->agg == NULL || (only != NULL && strcmp(only, fn->name) != 0)) {
      continue;
    }
    wv_rng r = {seed_of(fn->name)};
    int accepted = 0;
    for (int k = 0; k < ATTEMPTS && accepted < CALLS && !wt_failed(); k++) {
      accepted += check_call(&r, fn) ? 1 : 0;
    }
    if (!wt_failed() && accepted < CALLS / 4) {
      wt_fail(__FILE__, __LINE__,
              "%s accepted %d of %d calls: give tests/common/calls.c a hint of what it "
              "takes",
              fn->name, accepted, ATTEMPTS);
    }
  }
}

/* An aggregate without ops is another's, and says which. */
WT_TEST(aggregates_have_ops) {
  size_t n = 0;
  const wi_fn *const *list = wi_udf_list(&n);
  for (size_t i = 0; i < n; i++) {
    if (list[i]->kind == WI_FN_AGGREGATE && list[i]->agg == NULL &&
        list[i]->engine == NULL) {
      wt_fail(__FILE__, __LINE__, "%s has neither ops nor an engine's name",
              list[i]->name);
    }
  }
}
