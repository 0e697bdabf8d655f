/* Accumulators of weir's aggregates under test: random rows for them, and their results as
 * text. Needs internals, so only suites in tests/unit can use it. */
#ifndef TESTS_COMMON_ACCUMULATE_H
#define TESTS_COMMON_ACCUMULATE_H

#include "common/calls.h"

#define MAX_ROWS   120
#define MAX_GROUPS 12

/* One random input: rows with their groups, and which of them count. */
typedef struct plan {
  wc_call call; /* literals as columns of one value */
  const wc_call *asked;
  bool ignore_nulls, distinct, has_filter;
  enum ArrowType text; /* states travel between accumulators of the same types */
  uint64_t n_groups;
  uint64_t groups[MAX_ROWS];
  int8_t counts[MAX_ROWS]; /* 1, 0, or -1 for a null of the filter: not counted */
} plan;

/* Marks the test as failed and says at which call. */
void wa_complain(const plan *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- one accumulator ---- */

typedef struct acc {
  const plan *p;
  wv_rng *r;
  wv_style style;
  wc_written types; /* no rows: schemas and literals */
  wi_agg_call call;
  struct ArrowSchema field, state;
  void *self;
  weir_status status; /* the first failure; nothing is called after it */
} acc;
/* Closed with acc_close, whatever the status. */
void acc_open(acc *a, const plan *p, wv_rng *r, bool retracts);
void acc_close(acc *a);
typedef enum way { UPDATE, RETRACT, CONVERT } way;
/* Gives rows from..from+n of the plan to the accumulator. */
void acc_rows(acc *a, way how, int64_t from, int64_t n);
/* Rows from..to in batches of random sizes. */
void acc_batches(acc *a, way how, int64_t from, int64_t to);
/* The states of the first n groups of `from` go to the groups base.. of `to`. */
void acc_move(acc *from, acc *to, uint64_t base, uint64_t n, bool keep);

/* ---- results ---- */

typedef struct lines {
  weir_status status;
  wv_out text;
  size_t at[2 * MAX_GROUPS + 4];
  uint64_t n;
} lines;
void lines_free(lines *l);
/* Adds the results of the first n groups. */
void acc_evaluate(acc *a, uint64_t n, bool keep, lines *out);
/* Line perm[g] of `got` is line g of `want`; perm NULL: the same places. */
void check_lines(const plan *p, const char *how, const lines *want, const uint64_t *perm,
                 const lines *got, uint64_t n);

/* ---- rows ---- */

void wa_shuffle(wv_rng *r, uint64_t *v, uint64_t n);
/* The same rows in another order, group g being perm[g]. */
void wa_shuffled(wv_arena *arena, wv_rng *r, const plan *p, plan *out, uint64_t *perm);
/* The rows that count, without a filter. */
void wa_filtered(wv_arena *arena, const plan *p, plan *out);
/* A call, rows of it, groups and a filter. */
void wa_random(wv_arena *arena, wv_rng *r, const wi_fn *fn, plan *out);

#endif
