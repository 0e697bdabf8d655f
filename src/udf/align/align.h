/* interval_align: for each interval of one list the best one of another (align.c,
 * align_overlap.c), and the operator around it (align_plan.c, align_run.c).
 *
 * An interval is [start, end) over int64 with start <= end; a row without one (a null, or
 * start > end) meets nothing. Right rows come in the order that decides between equals. */
#ifndef WI_UDF_ALIGN_H
#define WI_UDF_ALIGN_H

#include "bridge/relation.h"
#include "udf/udf.h"

typedef enum wi_align_mode {
  WI_ALIGN_CONTAINED_BEST, /* the shortest that contains it */
  WI_ALIGN_EXACT,          /* the same start and end */
  WI_ALIGN_OVERLAP_MAX     /* shares most with it */
} wi_align_mode;

#define WI_ALIGN_NONE UINT32_MAX

typedef struct wi_align_item {
  int64_t start, end;
  uint32_t row;
} wi_align_item;

/* A row and how good it is: more is better, then the lower row. */
typedef struct wi_align_best {
  uint64_t key;
  uint32_t row; /* WI_ALIGN_NONE: none */
} wi_align_best;

/* Scratch memory of one thread, grown as needed and kept from group to group. */
typedef struct wi_align {
  wi_align_item *left, *right; /* the valid ones, by start, end, row */
  size_t n_left, n_right, cap_left, cap_right;
  int64_t *ends; /* the distinct ends of the right ones, ascending */
  size_t n_ends;
  wi_align_best *trees; /* two of n_ends + 1 places */
  int64_t *points;      /* where the empty right ones are, ascending */
  uint32_t *lowest;     /* a tree of their rows */
  size_t cap_trees;
  wi_align_best *found; /* by left item, what it shares with its match */
  size_t cap_found;
  bool (*stopped)(const void *stop); /* NULL: nothing stops it */
  const void *stop;
} wi_align;
/* Whether nobody waits for the matches any more: what they are then does not matter. */
static inline bool wi_align_stopped(const wi_align *a) {
  return a->stopped != NULL && a->stopped(a->stop);
}
/* How many rows go by from one look to the next; a power of two. */
#define WI_ALIGN_LOOK 65536
void wi_align_release(wi_align *a);
/* Bytes of scratch for groups of at most so many rows. */
uint64_t wi_align_bytes(uint64_t left_rows, uint64_t right_rows);

/* One column of start or end: the validity bits may be NULL; row i is at offset + i. */
typedef struct wi_align_column {
  const int64_t *values;
  const uint8_t *valid;
  int64_t offset;
} wi_align_column;
typedef struct wi_align_rows {
  wi_align_column start, end;
  int64_t from, n; /* the group's rows */
} wi_align_rows;

/* matches[i]: the right row, counted in the group, for left row i of the group. */
weir_status wi_align_group(wi_align *a, wi_align_mode mode, const wi_align_rows *left,
                           const wi_align_rows *right, uint32_t *matches,
                           weir_error *err);
/* What two intervals share. */
static inline uint64_t wi_align_shared(int64_t ls, int64_t le, int64_t rs, int64_t re) {
  int64_t start = ls > rs ? ls : rs, end = le < re ? le : re;
  return end > start ? (uint64_t)end - (uint64_t)start : 0;
}
static inline uint64_t wi_align_length(const wi_align_item *item) {
  return (uint64_t)item->end - (uint64_t)item->start;
}

/* ---- inside: trees of the best over prefixes of places 1 to n ---- */
static inline bool wi_align_better(wi_align_best a, wi_align_best b) {
  if (a.row == WI_ALIGN_NONE || b.row == WI_ALIGN_NONE) {
    return a.row != WI_ALIGN_NONE;
  }
  return a.key != b.key ? a.key > b.key : a.row < b.row;
}
static inline void wi_align_put(wi_align_best *tree, size_t n, size_t place,
                                wi_align_best best) {
  for (; place <= n; place += place & (~place + 1)) {
    if (wi_align_better(best, tree[place])) {
      tree[place] = best;
    }
  }
}
static inline wi_align_best wi_align_get(const wi_align_best *tree, size_t place) {
  wi_align_best best = {0, WI_ALIGN_NONE};
  for (; place > 0; place &= place - 1) {
    if (wi_align_better(tree[place], best)) {
      best = tree[place];
    }
  }
  return best;
}
void wi_align_clear(wi_align_best *tree, size_t n);
/* How many ends are below `end`, or (with `or_equal`) not above it. */
size_t wi_align_ends_below(const wi_align *a, int64_t end, bool or_equal);
void wi_align_overlap(wi_align *a, uint32_t *matches);

extern const wi_rel_ops wi_align_ops;

#endif
