/* The kernel of interval_align against the definition, row by row. */
#include <stdlib.h>

#include "udf/align/align_call.h"
#include "udf_test.h"

#define MOST 64

typedef struct span {
  int64_t start, end;
  bool null;
} span;

static uint64_t state;
static uint64_t next(uint64_t n) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state % n;
}

/* The reference: candidates by the words of the definition, then the order of preference:
 * CONTAINED_BEST the shorter one, OVERLAP_MAX what is shared, then the lower row. */
static bool meets(wi_align_mode mode, span l, span r) {
  if (l.null || r.null || l.start > l.end || r.start > r.end) {
    return false;
  }
  switch (mode) {
    case WI_ALIGN_CONTAINED_BEST:
      return r.start <= l.start && r.end >= l.end;
    case WI_ALIGN_EXACT:
      return r.start == l.start && r.end == l.end;
    case WI_ALIGN_OVERLAP_MAX:
      return r.start < l.end && r.end > l.start;
  }
  return false;
}

/* As a set of numbers, so that nothing can overflow. */
static uint64_t distance(int64_t start, int64_t end) {
  return end > start ? (uint64_t)end - (uint64_t)start : 0;
}

static uint64_t shared(span l, span r) {
  return distance(l.start > r.start ? l.start : r.start, l.end < r.end ? l.end : r.end);
}

static uint32_t reference(wi_align_mode mode, span l, const span *right, size_t n) {
  uint32_t best = WI_ALIGN_NONE;
  for (size_t j = 0; j < n; j++) {
    if (!meets(mode, l, right[j])) {
      continue;
    }
    if (best == WI_ALIGN_NONE) {
      best = (uint32_t)j;
      continue;
    }
    span b = right[best], r = right[j];
    bool better = mode == WI_ALIGN_CONTAINED_BEST
                      ? distance(r.start, r.end) < distance(b.start, b.end)
                      : mode == WI_ALIGN_OVERLAP_MAX && shared(l, r) > shared(l, b);
    best = better ? (uint32_t)j : best;
  }
  return best;
}

typedef struct columns {
  int64_t start[MOST + 8], end[MOST + 8];
  uint8_t valid[(MOST + 8) / 8 + 1];
} columns;

/* The rows stand at an offset, after others that are not theirs. */
static wi_align_rows rows_of(columns *c, const span *spans, size_t n, int64_t offset,
                             int64_t from) {
  memset(c, 0, sizeof *c);
  for (size_t i = 0; i < n; i++) {
    size_t at = (size_t)(offset + from) + i;
    c->start[at] = spans[i].start;
    c->end[at] = spans[i].end;
    if (!spans[i].null) {
      c->valid[at / 8] |= (uint8_t)(1U << (at % 8));
    }
  }
  return (wi_align_rows){.start = {c->start, c->valid, offset},
                         .end = {c->end, NULL, offset},
                         .from = from,
                         .n = (int64_t)n};
}

static void check(wi_align *a, wi_align_mode mode, const span *left, size_t n,
                  const span *right, size_t m) {
  weir_error err = WEIR_ERROR_INIT;
  columns l, r;
  uint32_t got[MOST];
  wi_align_rows lr = rows_of(&l, left, n, (int64_t)next(4), (int64_t)next(4));
  wi_align_rows rr = rows_of(&r, right, m, (int64_t)next(4), (int64_t)next(4));
  WT_OK(wi_align_group(a, mode, &lr, &rr, got, &err));
  for (size_t i = 0; i < n && !wt_failed(); i++) {
    uint32_t want = reference(mode, left[i], right, m);
    if (got[i] != want) {
      wt_fail(__FILE__, __LINE__,
              "mode %d: [%" PRId64 ", %" PRId64 ") meets row %u, not %u, of %zu",
              (int)mode, left[i].start, left[i].end, got[i], want, m);
    }
  }
  weir_error_release(&err);
}

static span random_span(int kind) {
  static const int64_t extremes[] = {INT64_MIN, INT64_MIN + 1, -1,       0,
                                     1,         INT64_MAX - 1, INT64_MAX};
  span s = {0, 0, next(16) == 0};
  if (kind == 0) { /* few points: equal, empty, nested and touching ones all the time */
    s.start = (int64_t)next(7) - 3;
    s.end = (int64_t)next(7) - 3;
  } else if (kind == 1) {
    s.start = extremes[next(7)];
    s.end = extremes[next(7)];
  } else if (kind == 2) { /* as syntax nests */
    int64_t width = (int64_t)1 << next(8);
    s.start = (int64_t)next(256) / width * width;
    s.end = s.start + width;
  } else {
    s.start = (int64_t)next(1000000) - 500000;
    s.end = s.start + (int64_t)next(100000);
  }
  if (s.start > s.end && next(8) != 0) { /* some stay the wrong way round */
    int64_t swap = s.start;
    s.start = s.end;
    s.end = swap;
  }
  return s;
}

WT_TEST(random_intervals_match_the_definition) {
  wi_align a = {0};
  state = 0x9E3779B97F4A7C15;
  for (int round = 0; round < 60000 && !wt_failed(); round++) {
    span left[MOST], right[MOST];
    int kind = round % 4;
    size_t n = next(round % 64 == 0 ? MOST : 12), m = next(round % 64 == 0 ? MOST : 12);
    for (size_t i = 0; i < n; i++) {
      left[i] = random_span(kind);
    }
    for (size_t j = 0; j < m; j++) {
      right[j] = next(4) == 0 && n > 0 ? left[next(n)] : random_span(kind);
    }
    for (int mode = 0; mode < 3; mode++) {
      check(&a, (wi_align_mode)mode, left, n, right, m);
    }
  }
  wi_align_release(&a);
}

/* All pairs of a small world, one at a time: no luck involved. */
WT_TEST(every_pair_of_a_small_world) {
  wi_align a = {0};
  state = 1;
  for (int64_t ls = 0; ls < 5; ls++) {
    for (int64_t le = ls; le < 5; le++) {
      for (int64_t rs = 0; rs < 5; rs++) {
        for (int64_t re = rs; re < 5; re++) {
          span l = {ls, le, false}, r = {rs, re, false};
          for (int mode = 0; mode < 3; mode++) {
            check(&a, (wi_align_mode)mode, &l, 1, &r, 1);
          }
        }
      }
    }
  }
  wi_align_release(&a);
}

WT_TEST(what_is_shared_at_the_edges) {
  WT_CHECK(wi_align_shared(INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX) == UINT64_MAX);
  WT_CHECK(wi_align_shared(INT64_MIN, -1, 0, INT64_MAX) == 0);
  WT_CHECK(wi_align_shared(0, 10, 10, 20) == 0);
  WT_CHECK(wi_align_shared(5, 5, 0, 10) == 0);
  WT_CHECK(wi_align_shared(0, 10, 5, 20) == 5);
}

WT_TEST(no_rows) {
  wi_align a = {0};
  span one = {1, 2, false};
  check(&a, WI_ALIGN_OVERLAP_MAX, &one, 1, NULL, 0);
  check(&a, WI_ALIGN_OVERLAP_MAX, NULL, 0, &one, 1);
  wi_align_release(&a);
}

/* ---- stopped ---- */

static bool stops_at(const void *stop) {
  int *left = (int *)(uintptr_t)stop;
  return --*left <= 0;
}

static struct ArrowArray column(const int64_t *values, int64_t n, const void **buffers) {
  buffers[0] = NULL;
  buffers[1] = values;
  return (struct ArrowArray){.length = n, .n_buffers = 2, .buffers = buffers};
}

/* Nobody waits for the result any more: between two groups, and within a long one. */
WT_TEST(a_run_that_is_stopped_ends_between_its_rows) {
  enum { ROWS = 4 * WI_ALIGN_LOOK };
  const wi_align_call call = {.mode = WI_ALIGN_OVERLAP_MAX, .left_join = true};
  const int64_t whole[] = {0, ROWS};
  int64_t *values = malloc(ROWS * sizeof(*values)), *ends = malloc(ROWS * sizeof(*ends));
  int64_t *each = malloc((ROWS + 1) * sizeof(*each));
  const void *start_buffers[2], *end_buffers[2];
  void *run = NULL;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(values != NULL && ends != NULL && each != NULL);
  for (int64_t i = 0; i < ROWS; i++) {
    values[i] = each[i] = i;
    ends[i] = i + 5;
  }
  each[ROWS] = ROWS;
  const struct ArrowArray start = column(values, ROWS, start_buffers),
                          end = column(ends, ROWS, end_buffers);
  const struct ArrowArray *const both[] = {&start, &end};
  WT_OK(wi_align_open(&call, &run, &err));
  for (int groups = 0; groups < 2; groups++) {
    const int64_t *offsets = groups ? each : whole;
    for (int left = 0; left < 6; left++) { /* 0: it runs to its end */
      int looks = left > 0 ? left : INT32_MAX;
      struct ArrowArray out;
      const wi_rel_chunk chunk = {.n_groups = groups ? ROWS : 1,
                                  .left_offsets = offsets,
                                  .right_offsets = offsets,
                                  .left = both,
                                  .right = both,
                                  .stopped = stops_at,
                                  .stop = &looks};
      weir_status status = wi_align_run(run, &chunk, &out, &err);
      WT_EQ_INT(status, left > 0 ? WEIR_E_CANCELLED : WEIR_OK);
      WT_CHECK(left == 0 ? INT32_MAX - looks > 6 : looks > -4);
      if (status == WEIR_OK) {
        WT_EQ_INT(out.length, ROWS);
        out.release(&out);
      }
      weir_error_release(&err);
    }
  }
  wi_align_close(run);
  free(values);
  free(ends);
  free(each);
}
