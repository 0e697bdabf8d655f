/* OVERLAP_MAX: a right interval meets a left one, [s, e), if it starts before e and ends after
 * s. One that does contains it, lies inside it, or sticks out at one end:
 *
 *   contains    start <= s, end >= e    shares e - s
 *   left        start <= s, end <= e    shares end - s: the last end is best
 *   inside      start >= s, end <= e    shares all of it: the longest is best
 *   right       start >= s, end >= e    shares e - start: the first start is best
 *
 * (where two apply they say the same). Each is a question about starts on one side of s,
 * which a sweep answers, and ends on one side of e, which a tree answers; the sweep forwards
 * answers the first two, the one backwards the others. Nothing is shared only with an empty
 * one strictly inside, or if the left one is itself empty. */
#include "udf/align/align.h"

/* Numbers in their order as unsigned ones. */
static uint64_t ordered(int64_t v) {
  return (uint64_t)v ^ (UINT64_C(1) << 63);
}

static int64_t unordered(uint64_t v) {
  return (int64_t)(v ^ (UINT64_C(1) << 63));
}

/* A candidate that is in the tree's terms: what it shares, with its row. */
static void keep_if(bool good, uint64_t shared, uint32_t row, wi_align_best *best) {
  wi_align_best candidate = {shared, row};
  if (good && wi_align_better(candidate, *best)) {
    *best = candidate;
  }
}

/* Those that start at s or before: they contain the left one, or stick out left. An empty
 * left one is met only by what starts before it and ends after it. */
static void sweep_forwards(wi_align *a) {
  size_t n = a->n_ends, next = 0;
  wi_align_best *containing = a->trees, *ending = a->trees + n + 1;
  wi_align_clear(containing, n);
  wi_align_clear(ending, n);
  for (size_t i = 0; i < a->n_left; i++) {
    const wi_align_item *l = &a->left[i];
    bool empty = l->start == l->end;
    if (i % WI_ALIGN_LOOK == 0 && wi_align_stopped(a)) {
      return;
    }
    for (; next < a->n_right; next++) {
      const wi_align_item *r = &a->right[next];
      if (r->start > l->start || (empty && r->start == l->start)) {
        break;
      }
      size_t below = wi_align_ends_below(a, r->end, false);
      wi_align_put(containing, n, n - below, (wi_align_best){0, r->row});
      wi_align_put(ending, n, below + 1, (wi_align_best){ordered(r->end), r->row});
    }
    size_t early = wi_align_ends_below(a, l->end, empty);
    wi_align_best best = wi_align_get(containing, n - early);
    keep_if(best.row != WI_ALIGN_NONE, wi_align_length(l), best.row, &a->found[i]);
    if (!empty) {
      best = wi_align_get(ending, wi_align_ends_below(a, l->end, true));
      int64_t end = unordered(best.key);
      keep_if(best.row != WI_ALIGN_NONE && end > l->start,
              (uint64_t)end - (uint64_t)l->start, best.row, &a->found[i]);
    }
  }
}

/* Those that start at s or after: they lie inside, or stick out right. */
static void sweep_backwards(wi_align *a) {
  size_t n = a->n_ends, next = a->n_right;
  wi_align_best *inside = a->trees, *starting = a->trees + n + 1;
  wi_align_clear(inside, n);
  wi_align_clear(starting, n);
  for (size_t i = a->n_left; i-- > 0;) {
    const wi_align_item *l = &a->left[i];
    if (i % WI_ALIGN_LOOK == 0 && wi_align_stopped(a)) {
      return;
    }
    for (; next > 0 && a->right[next - 1].start >= l->start; next--) {
      const wi_align_item *r = &a->right[next - 1];
      if (r->start == r->end) {
        continue; /* shares nothing */
      }
      size_t below = wi_align_ends_below(a, r->end, false);
      wi_align_put(inside, n, below + 1, (wi_align_best){wi_align_length(r), r->row});
      wi_align_put(starting, n, n - below, (wi_align_best){~ordered(r->start), r->row});
    }
    if (l->start == l->end) {
      continue;
    }
    wi_align_best best = wi_align_get(inside, wi_align_ends_below(a, l->end, true));
    keep_if(best.row != WI_ALIGN_NONE, best.key, best.row, &a->found[i]);
    best = wi_align_get(starting, n - wi_align_ends_below(a, l->end, false));
    int64_t start = unordered(~best.key);
    keep_if(best.row != WI_ALIGN_NONE && start < l->end,
            (uint64_t)l->end - (uint64_t)start, best.row, &a->found[i]);
  }
}

/* The empty right ones, in order: their points, and a tree of their lowest rows. */
static size_t read_empties(wi_align *a) {
  size_t n = 0;
  for (size_t j = 0; j < a->n_right; j++) {
    if (a->right[j].start == a->right[j].end) {
      a->points[n++] = a->right[j].start;
    }
  }
  size_t k = n;
  for (size_t j = 0; j < a->n_right; j++) {
    if (a->right[j].start == a->right[j].end) {
      a->lowest[k++] = a->right[j].row;
    }
  }
  for (size_t node = n; node-- > 1;) {
    uint32_t x = a->lowest[2 * node], y = a->lowest[2 * node + 1];
    a->lowest[node] = x < y ? x : y;
  }
  return n;
}

static size_t points_below(const int64_t *points, size_t n, int64_t point,
                           bool or_equal) {
  size_t low = 0, high = n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (points[middle] < point || (or_equal && points[middle] == point)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static uint32_t lowest_between(const uint32_t *tree, size_t n, size_t low, size_t high) {
  uint32_t row = WI_ALIGN_NONE;
  for (low += n, high += n; low < high; low /= 2, high /= 2) {
    if (low % 2 == 1) {
      row = tree[low] < row ? tree[low] : row;
      low++;
    }
    if (high % 2 == 1) {
      high--;
      row = tree[high] < row ? tree[high] : row;
    }
  }
  return row;
}

/* A left one that shares nothing with anybody may still have empty ones inside. */
static void take_empties(wi_align *a) {
  size_t n = read_empties(a);
  for (size_t i = 0; i < a->n_left && n > 0; i++) {
    const wi_align_item *l = &a->left[i];
    if (a->found[i].row == WI_ALIGN_NONE && l->start < l->end) {
      size_t low = points_below(a->points, n, l->start, true);
      size_t high = points_below(a->points, n, l->end, false);
      a->found[i].row = lowest_between(a->lowest, n, low, high);
    }
  }
}

void wi_align_overlap(wi_align *a, uint32_t *matches) {
  for (size_t i = 0; i < a->n_left; i++) {
    a->found[i] = (wi_align_best){0, WI_ALIGN_NONE};
  }
  sweep_forwards(a);
  sweep_backwards(a);
  take_empties(a);
  for (size_t i = 0; i < a->n_left; i++) {
    matches[a->left[i].row] = a->found[i].row;
  }
}
