/* The best match of each interval of a group, in O((n + m) log(n + m)). Both lists are sorted
 * by start once; a sweep over the starts puts the right intervals that have begun into a tree
 * over their ends, and asks the tree for those that end late enough. */
#include "udf/align/align.h"

#include <stdlib.h>
#include <string.h>

#define WI_ORIGIN "udf"

void wi_align_release(wi_align *a) {
  wi_free(a->left);
  wi_free(a->right);
  wi_free(a->ends);
  wi_free(a->trees);
  wi_free(a->lowest);
  wi_free(a->points);
  wi_free(a->found);
  memset(a, 0, sizeof(*a));
}

uint64_t wi_align_bytes(uint64_t left_rows, uint64_t right_rows) {
  /* Sorting may take as much again as what it sorts. */
  uint64_t items = (left_rows + right_rows) * 2 * sizeof(wi_align_item);
  uint64_t place = 2 * sizeof(int64_t) + 2 * sizeof(wi_align_best) + 2 * sizeof(uint32_t);
  return items + left_rows * sizeof(wi_align_best) + (right_rows + 1) * place;
}

static weir_status grow_items(wi_align_item **items, size_t *cap, size_t n,
                              weir_error *err) {
  if (n <= *cap) {
    return WEIR_OK;
  }
  size_t more = n > *cap * 2 ? n : *cap * 2;
  wi_align_item *grown = wi_realloc_array(*items, more, sizeof(*grown));
  if (grown == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *items = grown;
  *cap = more;
  return WEIR_OK;
}

static weir_status grow_trees(wi_align *a, weir_error *err) {
  size_t n = a->cap_right + 1;
  if (n <= a->cap_trees) {
    return WEIR_OK;
  }
  wi_free(a->ends);
  wi_free(a->trees);
  wi_free(a->lowest);
  wi_free(a->points);
  a->cap_trees = 0;
  a->ends = wi_alloc_array(n, sizeof(*a->ends));
  a->trees = wi_alloc_array(n, 2 * sizeof(*a->trees));
  a->lowest = wi_alloc_array(n, 2 * sizeof(*a->lowest));
  a->points = wi_alloc_array(n, sizeof(*a->points));
  if (a->ends == NULL || a->trees == NULL || a->lowest == NULL || a->points == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  a->cap_trees = n;
  return WEIR_OK;
}

static weir_status grow_found(wi_align *a, weir_error *err) {
  if (a->cap_left <= a->cap_found) {
    return WEIR_OK;
  }
  wi_free(a->found);
  a->cap_found = 0;
  a->found = wi_alloc_array(a->cap_left, sizeof(*a->found));
  if (a->found == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  a->cap_found = a->cap_left;
  return WEIR_OK;
}

static bool column_valid(const wi_align_column *c, int64_t row) {
  int64_t i = c->offset + row;
  return c->valid == NULL || ((c->valid[i / 8] >> (i % 8)) & 1) != 0;
}

static int by_place(const void *p, const void *q) {
  const wi_align_item *a = p, *b = q;
  if (a->start != b->start) {
    return a->start < b->start ? -1 : 1;
  }
  if (a->end != b->end) {
    return a->end < b->end ? -1 : 1;
  }
  return a->row < b->row ? -1 : a->row > b->row;
}

/* The rows that are intervals, sorted; they often are sorted already. */
static size_t read_items(const wi_align_rows *rows, wi_align_item *out) {
  size_t n = 0;
  bool sorted = true;
  for (int64_t i = 0; i < rows->n; i++) {
    int64_t row = rows->from + i;
    if (!column_valid(&rows->start, row) || !column_valid(&rows->end, row)) {
      continue;
    }
    wi_align_item item = {rows->start.values[rows->start.offset + row],
                          rows->end.values[rows->end.offset + row], (uint32_t)i};
    if (item.start > item.end) {
      continue;
    }
    sorted = sorted && (n == 0 || by_place(&out[n - 1], &item) <= 0);
    out[n++] = item;
  }
  if (!sorted) {
    qsort(out, n, sizeof(*out), by_place);
  }
  return n;
}

static int by_value(const void *p, const void *q) {
  const int64_t *a = p, *b = q;
  return *a < *b ? -1 : *a > *b;
}

static void read_ends(wi_align *a) {
  size_t n = 0;
  for (size_t i = 0; i < a->n_right; i++) {
    a->ends[i] = a->right[i].end;
  }
  qsort(a->ends, a->n_right, sizeof(*a->ends), by_value);
  for (size_t i = 0; i < a->n_right; i++) {
    if (n == 0 || a->ends[n - 1] != a->ends[i]) {
      a->ends[n++] = a->ends[i];
    }
  }
  a->n_ends = n;
}

void wi_align_clear(wi_align_best *tree, size_t n) {
  for (size_t i = 0; i <= n; i++) {
    tree[i] = (wi_align_best){0, WI_ALIGN_NONE};
  }
}

size_t wi_align_ends_below(const wi_align *a, int64_t end, bool or_equal) {
  size_t low = 0, high = a->n_ends;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (a->ends[middle] < end || (or_equal && a->ends[middle] == end)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Of those that have begun and end late enough, the shortest. The tree's places go from the
 * last end to the first, so that its prefixes are "ends at or after". */
static void contained(wi_align *a, uint32_t *matches) {
  size_t n = a->n_ends, next = 0;
  wi_align_clear(a->trees, n);
  for (size_t i = 0; i < a->n_left; i++) {
    const wi_align_item *l = &a->left[i];
    for (; next < a->n_right && a->right[next].start <= l->start; next++) {
      const wi_align_item *r = &a->right[next];
      wi_align_best best = {~wi_align_length(r), r->row};
      wi_align_put(a->trees, n, n - wi_align_ends_below(a, r->end, false), best);
    }
    size_t early = wi_align_ends_below(a, l->end, false);
    matches[l->row] = wi_align_get(a->trees, n - early).row;
  }
}

/* Both lists have the same order; of equal right ones the first is the lowest row. */
static void exact(wi_align *a, uint32_t *matches) {
  size_t j = 0;
  for (size_t i = 0; i < a->n_left; i++) {
    const wi_align_item *l = &a->left[i];
    while (j < a->n_right &&
           (a->right[j].start < l->start ||
            (a->right[j].start == l->start && a->right[j].end < l->end))) {
      j++;
    }
    if (j < a->n_right && a->right[j].start == l->start && a->right[j].end == l->end) {
      matches[l->row] = a->right[j].row;
    }
  }
}

weir_status wi_align_group(wi_align *a, wi_align_mode mode, const wi_align_rows *left,
                           const wi_align_rows *right, uint32_t *matches,
                           weir_error *err) {
  if (left->n >= WI_ALIGN_NONE || right->n >= WI_ALIGN_NONE) {
    return WI_ERR(err, WEIR_E_TOO_LARGE,
                  "interval_align: a path has more than 4,294,967,294 rows");
  }
  for (int64_t i = 0; i < left->n; i++) {
    matches[i] = WI_ALIGN_NONE;
  }
  if (left->n == 0 || right->n == 0) {
    return WEIR_OK;
  }
  WI_TRY(grow_items(&a->left, &a->cap_left, (size_t)left->n, err));
  WI_TRY(grow_items(&a->right, &a->cap_right, (size_t)right->n, err));
  WI_TRY(grow_trees(a, err));
  a->n_left = read_items(left, a->left);
  a->n_right = read_items(right, a->right);
  if (mode == WI_ALIGN_EXACT) {
    exact(a, matches);
    return WEIR_OK;
  }
  read_ends(a);
  if (mode == WI_ALIGN_CONTAINED_BEST) {
    contained(a, matches);
  } else {
    WI_TRY(grow_found(a, err));
    wi_align_overlap(a, matches);
  }
  return WEIR_OK;
}
