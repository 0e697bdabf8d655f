/* What collect_set and count_distinct_agg give: sorted lists, counts, states. */
#include <stdlib.h>
#include <string.h>

#include "udf/aggregate/agg_set.h"

#define WI_ORIGIN "udf"

/* ---- order ---- */

static int compare(const wi_set *s, uint32_t a, uint32_t b) {
  const wi_set_entry *x = &s->entries[a], *y = &s->entries[b];
  if (x->value.word != y->value.word) {
    return x->value.word < y->value.word ? -1 : 1;
  }
  return wi_order_compare(wi_set_bytes(s, x), wi_set_bytes(s, y));
}

static int by_value(const void *a, const void *b, void *set) {
  return compare(set, *(const uint32_t *)a, *(const uint32_t *)b);
}

/* Most groups have few values. */
static void sort_ids(wi_set *s, uint32_t *ids, size_t n) {
  if (n > 12) {
    qsort_r(ids, n, sizeof(*ids), by_value, s);
    return;
  }
  for (size_t i = 1; i < n; i++) {
    uint32_t id = ids[i];
    size_t at = i;
    for (; at > 0 && compare(s, id, ids[at - 1]) < 0; at--) {
      ids[at] = ids[at - 1];
    }
    ids[at] = id;
  }
}

/* Puts two runs, [0, middle) and [middle, n), together; `scratch` has room for the first. */
static void merge_runs(const wi_set *s, uint32_t *v, size_t middle, size_t n,
                       uint32_t *scratch) {
  size_t i = 0, j = middle, at = 0;
  if (middle > 0) {
    memcpy(scratch, v, middle * sizeof(*v));
  }
  while (i < middle) {
    if (j < n && compare(s, v[j], scratch[i]) < 0) {
      v[at++] = v[j++];
    } else {
      v[at++] = scratch[i++];
    }
  }
}

/* The entries of the only group in order. What was in order at the last call is still: a
 * growing or moving frame costs its new values only, besides the list that it gives. */
static weir_status sort_one(wi_set *s, weir_error *err) {
  size_t fresh = s->n - s->n_sorted;
  if (fresh == 0) {
    return WEIR_OK;
  }
  if (s->sorted_cap < 2 * s->n) {
    uint32_t *sorted = wi_realloc_array(s->sorted, 3 * s->n + 16, sizeof(*sorted));
    if (sorted == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    s->sorted = sorted;
    s->sorted_cap = 3 * s->n + 16;
  }
  for (size_t i = s->n_sorted; i < s->n; i++) {
    s->sorted[i] = (uint32_t)i;
  }
  qsort_r(s->sorted + s->n_sorted, fresh, sizeof(*s->sorted), by_value, s);
  merge_runs(s, s->sorted, s->n_sorted, s->n, s->sorted + s->n);
  s->n_sorted = s->n;
  return WEIR_OK;
}

/* Entries of the first n groups by group: those of group g are ids[starts[g]..starts[g+1]).
 * Both are to be freed. */
static weir_status by_group(const wi_set *s, uint64_t n, uint32_t **ids, size_t **starts,
                            weir_error *err) {
  *ids = wi_alloc_array(s->n + 1, sizeof(**ids));
  *starts = wi_alloc_array(n + 2, sizeof(**starts));
  if (*ids == NULL || *starts == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  size_t *at = *starts + 1; /* filled one to the right, so that it ends as the starts */
  for (size_t i = 0; i < s->n; i++) {
    uint64_t group = s->entries[i].group - s->base;
    at[group < n ? group : n] += s->entries[i].count > 0;
  }
  size_t sum = 0;
  for (uint64_t g = 0; g <= n; g++) {
    size_t count = at[g];
    at[g] = sum;
    sum += count;
  }
  for (size_t i = 0; i < s->n; i++) {
    uint64_t group = s->entries[i].group - s->base;
    if (s->entries[i].count > 0 && group < n) {
      (*ids)[at[group]++] = (uint32_t)i;
    }
  }
  return WEIR_OK;
}

/* ---- arrays ---- */

static bool has_null(const wi_set *s, uint64_t group) {
  if (s->ignore_nulls || group >= s->groups.n) {
    return false;
  }
  const wi_set_group *slot = wi_slots_at(&s->groups, group);
  return slot->nulls > 0;
}

static weir_status append(const wi_set *s, const wi_order *order, uint32_t id,
                          struct ArrowArray *items, weir_error *err) {
  const wi_set_entry *e = &s->entries[id];
  return wi_order_append(order, items, e->value.word, wi_set_bytes(s, e), err);
}

static weir_status end_list(struct ArrowArray *list, weir_error *err) {
  int rc = ArrowArrayFinishElement(list);
  if (rc == EOVERFLOW) {
    return WI_ERR(err, WEIR_E_TOO_LARGE, "more than %d values in one array of lists",
                  INT32_MAX);
  }
  return wi_arrow_err(err, rc, "result");
}

static weir_status append_group(const wi_set *s, const uint32_t *ids, size_t n, bool null,
                                struct ArrowArray *out, weir_error *err) {
  for (size_t i = 0; i < n; i++) {
    if (s->entries[ids[i]].count > 0) {
      WI_TRY(append(s, &s->order, ids[i], out->children[0], err));
    }
  }
  if (null) {
    WI_TRY(wi_arrow_err(err, ArrowArrayAppendNull(out->children[0], 1), "result"));
  }
  return end_list(out, err);
}

/* A list array of the argument's type. */
static weir_status lists_begin(const wi_set *s, struct ArrowArray *out, weir_error *err) {
  int rc = ArrowArrayInitFromType(out, NANOARROW_TYPE_LIST);
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayAllocateChildren(out, 1);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayInitFromSchema(out->children[0], s->call->args[0], NULL);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayStartAppending(out);
  }
  return wi_arrow_err(err, rc, "result");
}

weir_status wi_set_lists(wi_set *s, uint64_t n, bool keep, struct ArrowArray *out,
                         weir_error *err) {
  weir_status status = WEIR_OK;
  uint32_t *ids = NULL;
  size_t *starts = NULL;
  WI_CHECK(lists_begin(s, out, err));
  if (keep && n == 1 && s->groups.n <= 1) {
    WI_CHECK(sort_one(s, err));
    WI_CHECK(append_group(s, s->sorted, s->n, has_null(s, 0), out, err));
    status = wi_out_finish(out, err);
    goto done;
  }
  WI_CHECK(by_group(s, n, &ids, &starts, err));
  for (uint64_t g = 0; g < n; g++) {
    uint32_t *of = ids + starts[g];
    size_t count = starts[g + 1] - starts[g];
    sort_ids(s, of, count);
    WI_CHECK(append_group(s, of, count, has_null(s, g), out, err));
  }
  status = wi_out_finish(out, err);
done:
  wi_free(ids);
  wi_free(starts);
  return status;
}

weir_status wi_set_counts(wi_set *s, uint64_t n, struct ArrowArray *out,
                          weir_error *err) {
  void *data = NULL;
  WI_TRY(wi_out_fixed(out, NANOARROW_TYPE_INT64, (int64_t)(n * sizeof(int64_t)), &data,
                      err));
  int64_t *counts = data;
  for (uint64_t g = 0; g < n && g < s->groups.n; g++) {
    const wi_set_group *slot = wi_slots_at(&s->groups, g);
    counts[g] = slot->distinct + (has_null(s, g) ? 1 : 0);
  }
  wi_out_seal(out, (int64_t)n, NULL);
  return wi_out_finish(out, err);
}

static weir_status state_begin(const wi_set *s, struct ArrowArray *out, weir_error *err) {
  int rc = ArrowArrayInitFromType(out, NANOARROW_TYPE_STRUCT);
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayAllocateChildren(out, 2);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayInitFromType(out->children[0], NANOARROW_TYPE_LIST);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayAllocateChildren(out->children[0], 1);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayInitFromType(out->children[0]->children[0],
                                wi_agg_code_type(&s->order));
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayInitFromType(out->children[1], NANOARROW_TYPE_INT64);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayStartAppending(out);
  }
  return wi_arrow_err(err, rc, "state");
}

weir_status wi_set_state(wi_set *s, uint64_t n, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  uint32_t *ids = NULL;
  size_t *starts = NULL;
  WI_CHECK(state_begin(s, out, err));
  WI_CHECK(by_group(s, n, &ids, &starts, err));
  for (uint64_t g = 0; g < n; g++) {
    int64_t nulls = 0;
    for (size_t i = starts[g]; i < starts[g + 1]; i++) {
      WI_CHECK(append(s, &s->code, ids[i], out->children[0]->children[0], err));
    }
    if (g < s->groups.n) {
      const wi_set_group *slot = wi_slots_at(&s->groups, g);
      nulls = slot->nulls;
    }
    WI_CHECK(end_list(out->children[0], err));
    WI_CHECK(wi_arrow_err(err, ArrowArrayAppendInt(out->children[1], nulls), "state"));
  }
  out->length = (int64_t)n;
  status = wi_out_finish(out, err);
done:
  wi_free(ids);
  wi_free(starts);
  return status;
}
