/* Topological order by Kahn, the smallest name first among the ready ones, and the cycles
 * that are left. No recursion: a chain of ten thousand views is an ordinary project. */
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

enum { MEMBERS_SHOWN = 20 };

/* ---- a heap of indexes, smallest first; views are sorted by name ---- */

typedef struct heap {
  size_t *items;
  size_t n;
} heap;

static void swap(size_t *a, size_t *b) {
  size_t t = *a;
  *a = *b;
  *b = t;
}

static void push(heap *h, size_t value) {
  size_t at = h->n++;
  h->items[at] = value;
  while (at > 0 && h->items[(at - 1) / 2] > h->items[at]) {
    swap(&h->items[(at - 1) / 2], &h->items[at]);
    at = (at - 1) / 2;
  }
}

static size_t pop(heap *h) {
  size_t top = h->items[0], at = 0;
  h->items[0] = h->items[--h->n];
  for (;;) {
    size_t least = at, left = 2 * at + 1, right = 2 * at + 2;
    least = left < h->n && h->items[left] < h->items[least] ? left : least;
    least = right < h->n && h->items[right] < h->items[least] ? right : least;
    if (least == at) {
      return top;
    }
    swap(&h->items[at], &h->items[least]);
    at = least;
  }
}

/* ---- cycles ---- */

typedef struct search {
  const wi_spec *spec;
  const wi_spec_edges *edges;
  const size_t *waiting; /* references not yet ordered; 0: the view is ordered */
  size_t *seen;          /* number of the walk that came by; 0: none */
  size_t *path;
  wi_diags *diags;
} search;

static const char *name_of(const search *s, size_t view) {
  return s->spec->views[view].name;
}

static void report_cycle(const search *s, const size_t *members, size_t n) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf text = WI_BUF_INIT, all = WI_BUF_INIT;
  size_t first = 0;
  for (size_t i = 1; i < n; i++) {
    first = members[i] < members[first] ? i : first;
  }
  for (size_t i = 0; i <= n; i++) {
    const char *name = name_of(s, members[(first + i) % n]);
    wi_buf_fmt(&all, "%s%s", i == 0 ? "" : " -> ", name);
    if (i < MEMBERS_SHOWN || i == n) {
      wi_buf_fmt(&text, "%s%s", i == 0 ? "" : " -> ", name);
    } else if (i == MEMBERS_SHOWN) {
      wi_buf_fmt(&text, " -> ... (%zu more)", n - MEMBERS_SHOWN);
    }
  }
  const wi_spec_view *view = &s->spec->views[members[first]];
  WI_ERR_HINT(&err, WEIR_E_CYCLE,
              "break the circle; a view can only read views that do not read it",
              n == 1 ? "view reads itself: %s" : "views read each other: %s",
              wi_buf_text(&text));
  wi_err_where(&err, view->file, view->sql_line, 1);
  if (n > MEMBERS_SHOWN && !all.failed) {
    wi_err_detail(&err, all.p, all.n);
  }
  wi_diags_take(s->diags, &err, false);
  wi_buf_release(&text);
  wi_buf_release(&all);
}

/* A view that waits reads one that waits, so each walk ends where it, or an earlier one,
 * was before: in the first case in a new cycle. */
static void walk(search *s, size_t from, size_t number) {
  size_t n = 0, at = from;
  while (s->seen[at] == 0) {
    s->seen[at] = number;
    s->path[n++] = at;
    size_t next = SIZE_MAX;
    for (size_t k = s->edges->up_at[at]; k < s->edges->up_at[at + 1]; k++) {
      size_t up = s->edges->up[k];
      next = s->waiting[up] > 0 && up < next ? up : next;
    }
    at = next;
  }
  if (s->seen[at] != number) {
    return;
  }
  size_t start = n - 1;
  while (s->path[start] != at) {
    start--;
  }
  report_cycle(s, s->path + start, n - start);
}

static weir_status report_cycles(const wi_spec *spec, const wi_spec_edges *edges,
                                 const size_t *waiting, wi_diags *diags,
                                 weir_error *err) {
  weir_status status = WEIR_OK;
  search s = {.spec = spec, .edges = edges, .waiting = waiting, .diags = diags};
  s.seen = wi_alloc_array(spec->n_views + 1, sizeof *s.seen);
  s.path = wi_alloc_array(spec->n_views + 1, sizeof *s.path);
  if (s.seen == NULL || s.path == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (size_t i = 0; i < spec->n_views; i++) {
    if (waiting[i] > 0) {
      walk(&s, i, i + 1);
    }
  }
  status =
      WI_ERR(err, WEIR_E_PROJECT, "the views cannot be ordered: they read each other");
done:
  wi_free(s.seen);
  wi_free(s.path);
  return status;
}

weir_status wi_spec_order(const wi_spec *spec, const wi_spec_refs *refs, size_t *order,
                          wi_diags *diags, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_spec_edges edges = {0};
  size_t done_n = 0;
  heap ready = {wi_alloc_array(spec->n_views + 1, sizeof *ready.items), 0};
  size_t *waiting = wi_alloc_array(spec->n_views + 1, sizeof *waiting);
  for (size_t i = 0; i < spec->n_views; i++) {
    order[i] = SIZE_MAX;
  }
  if (ready.items == NULL || waiting == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(wi_spec_edges_build(spec, refs, &edges, err));
  for (size_t i = 0; i < spec->n_views; i++) {
    waiting[i] = edges.up_at[i + 1] - edges.up_at[i];
    if (waiting[i] == 0) {
      push(&ready, i);
    }
  }
  while (ready.n > 0) {
    size_t at = pop(&ready);
    order[done_n++] = at;
    for (size_t k = edges.down_at[at]; k < edges.down_at[at + 1]; k++) {
      if (--waiting[edges.down[k]] == 0) {
        push(&ready, edges.down[k]);
      }
    }
  }
  if (done_n < spec->n_views) {
    status = report_cycles(spec, &edges, waiting, diags, err);
  }
done:
  wi_spec_edges_release(&edges);
  wi_free(ready.items);
  wi_free(waiting);
  return status;
}
