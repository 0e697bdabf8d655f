/* collect_set and count_distinct_agg: the distinct values of each group.
 *
 * All groups share one list of entries and one hash table over (group, value), so that a row
 * costs one look-up whatever the number of groups. A group that leaves takes its entries with
 * it when the list is cleaned. In a moving frame an entry counts its rows; one without rows
 * stays until such are most of the list, since frames often get the value back. */
#include "udf/aggregate/agg_set.h"

#include <string.h>

#define WI_ORIGIN "udf"

/* ---- rows ---- */

#define BLOCK WI_SET_BLOCK

/* Rows whose codes are words. */
static weir_status word_block(wi_set *s, int64_t from, int64_t n, const uint64_t *groups,
                              weir_error *err) {
  uint64_t words[BLOCK], of[BLOCK];
  const struct ArrowArrayView *view = &s->arg.view;
  size_t k = 0;
  wi_order_words(&s->order, view, from, n, words);
  for (int64_t i = 0; i < n; i++) {
    uint64_t group = groups != NULL ? groups[from + i] : 0;
    if (!wi_agg_rows_has(&s->rows, from + i)) {
      continue; /* filtered out */
    }
    if (ArrowArrayViewIsNull(view, from + i)) {
      wi_set_group *slot = wi_slots_at(&s->groups, group);
      slot->nulls++;
      continue;
    }
    words[k] = words[i];
    of[k++] = group;
  }
  return wi_set_add_words(s, k, of, words, err);
}

/* by: 1 adds the rows, -1 takes them from group 0. */
static weir_status row_block(wi_set *s, int64_t from, int64_t n, const uint64_t *groups,
                             int by, weir_error *err) {
  uint64_t words[BLOCK] = {0};
  const struct ArrowArrayView *view = &s->arg.view;
  wi_str bytes = {NULL, 0};
  if (s->order.form == WI_ORDER_WORD) {
    wi_order_words(&s->order, view, from, n, words);
  }
  for (int64_t i = 0; i < n; i++) {
    uint64_t group = groups != NULL ? groups[from + i] : 0;
    if (!wi_agg_rows_has(&s->rows, from + i)) {
      continue; /* filtered out */
    }
    if (s->order.form == WI_ORDER_NULL || ArrowArrayViewIsNull(view, from + i)) {
      wi_set_group *slot = wi_slots_at(&s->groups, group);
      slot->nulls += by;
      continue;
    }
    if (s->order.form == WI_ORDER_BYTES) {
      WI_TRY(wi_order_bytes(&s->order, view, from + i, &s->scratch, &bytes, err));
      words[i] = wi_order_prefix(bytes);
    }
    WI_TRY(by > 0 ? wi_set_add(s, group, words[i], bytes, err)
                  : wi_set_take(s, words[i], bytes, err));
  }
  return WEIR_OK;
}

static weir_status rows(wi_set *s, const struct ArrowArray *arg, int64_t n,
                        const uint64_t *groups, const struct ArrowArray *filter, int by,
                        weir_error *err) {
  WI_TRY(wi_agg_in_set(&s->arg, arg, n, err));
  WI_TRY(wi_agg_rows_set(&s->rows, NULL, 0, n, filter, err));
  for (int64_t from = 0; from < n; from += BLOCK) {
    int64_t some = n - from < BLOCK ? n - from : BLOCK;
    WI_TRY(by > 0 && s->order.form == WI_ORDER_WORD
               ? word_block(s, from, some, groups, err)
               : row_block(s, from, some, groups, by, err));
  }
  return WEIR_OK;
}

static weir_status update(void *acc, const struct ArrowArray *const *args, int64_t n,
                          const uint64_t *groups, const struct ArrowArray *filter,
                          uint64_t n_groups, weir_error *err) {
  wi_set *s = acc;
  WI_TRY(wi_slots_grow(&s->groups, n_groups, err));
  return rows(s, args[0], n, groups, filter, 1, err);
}

static weir_status retract(void *acc, const struct ArrowArray *const *args, int64_t n,
                           weir_error *err) {
  wi_set *s = acc;
  WI_TRY(wi_slots_grow(&s->groups, 1, err));
  WI_TRY(rows(s, args[0], n, NULL, NULL, -1, err));
  return s->unused > 64 && s->unused > s->n / 2 ? wi_set_clean(s, err) : WEIR_OK;
}

static weir_status merge(void *acc, const struct ArrowArray *state,
                         const uint64_t *groups, uint64_t n_groups, weir_error *err) {
  wi_set *s = acc;
  WI_TRY(wi_slots_grow(&s->groups, n_groups, err));
  WI_TRY(wi_agg_state_set(&s->state, state, err));
  const struct ArrowArrayView *lists = s->state.view.children[0];
  const struct ArrowArrayView *nulls = s->state.view.children[1];
  const struct ArrowArrayView *items = lists->children[0];
  uint64_t words[BLOCK], of[BLOCK];
  size_t k = 0;
  for (int64_t i = 0; i < state->length; i++) {
    uint64_t group = groups != NULL ? groups[i] : 0;
    int64_t from = ArrowArrayViewListChildOffset(lists, lists->offset + i);
    int64_t end = ArrowArrayViewListChildOffset(lists, lists->offset + i + 1);
    wi_set_group *slot = wi_slots_at(&s->groups, group);
    slot->nulls += ArrowArrayViewGetIntUnsafe(nulls, i);
    for (int64_t j = from; j < end; j++) {
      if (s->code.form == WI_ORDER_WORD) {
        of[k] = group;
        wi_order_words(&s->code, items, j, 1, &words[k++]);
      } else {
        wi_str bytes = {NULL, 0};
        WI_TRY(wi_order_bytes(&s->code, items, j, &s->scratch, &bytes, err));
        WI_TRY(wi_set_add(s, group, wi_order_prefix(bytes), bytes, err));
      }
      if (k == BLOCK) {
        WI_TRY(wi_set_add_words(s, k, of, words, err));
        k = 0;
      }
    }
  }
  return wi_set_add_words(s, k, of, words, err);
}

/* ---- life ---- */

static weir_status order_of(const wi_agg_call *call, wi_order *order, weir_error *err) {
  *order = (wi_order){0};
  WI_TRY(wi_args_check(call->fn, call->n_args, call->args, err));
  weir_status status = wi_order_init(order, call->args[0], true, err);
  if (status != WEIR_OK) {
    wi_err_context(err, "%s, argument 1 (%s)", call->fn->name, call->fn->params[0].name);
  }
  return status;
}

static weir_status state_of(const wi_order *order, struct ArrowSchema *out,
                            weir_error *err) {
  memset(out, 0, sizeof *out);
  ArrowSchemaInit(out);
  int rc = ArrowSchemaSetTypeStruct(out, 2);
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetType(out->children[0], NANOARROW_TYPE_LIST);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetType(out->children[0]->children[0], wi_agg_code_type(order));
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetName(out->children[0], "values");
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetType(out->children[1], NANOARROW_TYPE_INT64);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetName(out->children[1], "nulls");
  }
  if (rc != NANOARROW_OK) {
    wi_field_drop(out);
    return wi_arrow_err(err, rc, "state");
  }
  out->flags = out->children[0]->flags = out->children[1]->flags = 0;
  out->children[0]->children[0]->flags = 0;
  return WEIR_OK;
}

static weir_status state_schema(const wi_agg_call *call, struct ArrowSchema *out,
                                weir_error *err) {
  wi_order order;
  memset(out, 0, sizeof *out);
  WI_TRY(order_of(call, &order, err));
  weir_status status = state_of(&order, out, err);
  wi_order_release(&order);
  return status;
}

static weir_status list_field(const wi_agg_call *call, struct ArrowSchema *out,
                              weir_error *err) {
  wi_order order;
  memset(out, 0, sizeof *out);
  WI_TRY(order_of(call, &order, err));
  wi_order_release(&order);
  ArrowSchemaInit(out);
  int rc = ArrowSchemaSetFormat(out, "+l");
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaAllocateChildren(out, 1);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaDeepCopy(call->args[0], out->children[0]);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetName(out->children[0], "item");
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetMetadata(out->children[0], NULL);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetName(out, call->fn->name);
  }
  if (rc != NANOARROW_OK) {
    wi_field_drop(out);
    return wi_arrow_err(err, rc, "field");
  }
  out->flags = 0;
  out->children[0]->flags |= ARROW_FLAG_NULLABLE;
  return WEIR_OK;
}

static weir_status count_field(const wi_agg_call *call, struct ArrowSchema *out,
                               weir_error *err) {
  wi_order order;
  memset(out, 0, sizeof *out);
  WI_TRY(order_of(call, &order, err));
  wi_order_release(&order);
  return wi_field_init(out, call->fn, NANOARROW_TYPE_INT64, false, err);
}

static void close_acc(void *acc) {
  wi_set *s = acc;
  if (s == NULL) {
    return;
  }
  wi_order_release(&s->order);
  wi_order_release(&s->code);
  wi_agg_in_release(&s->arg);
  wi_agg_in_release(&s->state);
  wi_agg_rows_release(&s->rows);
  wi_buf_release(&s->scratch);
  wi_slots_release(&s->groups);
  wi_set_release(s);
  wi_free(s);
}

static weir_status open_acc(const wi_agg_call *call, bool retracts, void **acc,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema schema = {0};
  (void)retracts;
  *acc = NULL;
  wi_set *s = wi_alloc(sizeof(*s));
  if (s == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  s->call = call;
  s->ignore_nulls = call->ignore_nulls;
  wi_slots_init(&s->groups, sizeof(wi_set_group));
  WI_CHECK(order_of(call, &s->order, err));
  WI_CHECK(wi_agg_in_init(&s->arg, call->args[0], err));
  WI_CHECK(state_of(&s->order, &schema, err));
  WI_CHECK(wi_agg_in_init(&s->state, &schema, err));
  WI_CHECK(wi_order_init(&s->code, schema.children[0]->children[0], false, err));
  *acc = s;
  s = NULL;
done:
  wi_field_drop(&schema);
  close_acc(s);
  return status;
}

static uint64_t size(const void *acc) {
  const wi_set *s = acc;
  return sizeof(*s) + wi_slots_bytes(&s->groups) + s->cap * sizeof(*s->entries) +
         s->slots * sizeof(*s->table) + s->sorted_cap * sizeof(*s->sorted) +
         s->bytes.cap + s->rows.cap + s->scratch.cap;
}

/* ---- results ---- */

static weir_status finish(wi_set *s, uint64_t n, bool keep, weir_status status,
                          struct ArrowArray *out, weir_error *err) {
  if (status == WEIR_OK && !keep) {
    wi_slots_drop(&s->groups, n);
    s->base += n;
    status = wi_set_clean(s, err);
  }
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

static weir_status lists(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                         weir_error *err) {
  memset(out, 0, sizeof *out);
  return finish(acc, n, keep, wi_set_lists(acc, n, keep, out, err), out, err);
}

static weir_status counts(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                          weir_error *err) {
  memset(out, 0, sizeof *out);
  return finish(acc, n, keep, wi_set_counts(acc, n, out, err), out, err);
}

static weir_status state(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                         weir_error *err) {
  memset(out, 0, sizeof *out);
  return finish(acc, n, keep, wi_set_state(acc, n, out, err), out, err);
}

/* ---- rows as states ---- */

/* A list of one word for each row that has a value. */
static weir_status convert_words(const wi_set *s, int64_t n, struct ArrowArray *list,
                                 int64_t *nulls, weir_error *err) {
  const struct ArrowArrayView *view = &s->arg.view;
  void *data = NULL;
  int32_t at = 0;
  WI_TRY(wi_arrow_err(err, ArrowArrayInitFromType(list, NANOARROW_TYPE_LIST), "state"));
  WI_TRY(wi_arrow_err(err, ArrowArrayAllocateChildren(list, 1), "state"));
  WI_TRY(wi_out_fixed(list->children[0], NANOARROW_TYPE_UINT64,
                      n * (int64_t)sizeof(uint64_t), &data, err));
  struct ArrowBuffer *ends = ArrowArrayBuffer(list, 1);
  WI_TRY(wi_arrow_err(err, ArrowBufferResize(ends, (n + 1) * (int64_t)sizeof at, 0),
                      "state"));
  int32_t *offsets = (int32_t *)(void *)ends->data;
  uint64_t *words = data;
  wi_order_words(&s->order, view, 0, n, words);
  offsets[0] = 0;
  for (int64_t i = 0; i < n; i++) {
    if (wi_agg_rows_has(&s->rows, i)) {
      bool null = ArrowArrayViewIsNull(view, i) != 0;
      nulls[i] = null;
      words[at] = words[i];
      at += null ? 0 : 1;
    }
    offsets[i + 1] = at;
  }
  ArrowArrayBuffer(list->children[0], 1)->size_bytes = at * (int64_t)sizeof *words;
  wi_out_seal(list->children[0], at, NULL);
  wi_out_seal(list, n, NULL);
  return WEIR_OK;
}

static weir_status convert_rows(wi_set *s, const struct ArrowArray *arg, int64_t n,
                                const struct ArrowArray *filter, struct ArrowArray *out,
                                weir_error *err) {
  void *nulls = NULL;
  WI_TRY(wi_agg_in_set(&s->arg, arg, n, err));
  WI_TRY(wi_agg_rows_set(&s->rows, NULL, 0, n, filter, err));
  WI_TRY(wi_arrow_err(err, ArrowArrayInitFromType(out, NANOARROW_TYPE_STRUCT), "state"));
  WI_TRY(wi_arrow_err(err, ArrowArrayAllocateChildren(out, 2), "state"));
  WI_TRY(wi_out_fixed(out->children[1], NANOARROW_TYPE_INT64,
                      n * (int64_t)sizeof(int64_t), &nulls, err));
  wi_out_seal(out->children[1], n, NULL);
  WI_TRY(convert_words(s, n, out->children[0], nulls, err));
  wi_out_seal(out, n, NULL);
  return wi_out_finish(out, err);
}

/* What is not words: by an accumulator with a group for each row. */
static weir_status convert_others(wi_set *s, const struct ArrowArray *const *args,
                                  int64_t n, const struct ArrowArray *filter,
                                  struct ArrowArray *out, weir_error *err) {
  uint64_t *groups = wi_alloc_array((size_t)n + 1, sizeof *groups);
  if (groups == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (int64_t i = 0; i < n; i++) {
    groups[i] = (uint64_t)i;
  }
  weir_status status = update(s, args, n, groups, filter, (uint64_t)n, err);
  if (status == WEIR_OK) {
    status = state(s, (uint64_t)n, true, out, err);
  }
  wi_free(groups);
  return status;
}

static weir_status convert(const wi_agg_call *call, const struct ArrowArray *const *args,
                           int64_t n, const struct ArrowArray *filter,
                           struct ArrowArray *out, weir_error *err) {
  void *acc = NULL;
  memset(out, 0, sizeof *out);
  WI_TRY(open_acc(call, false, &acc, err));
  wi_set *s = acc;
  weir_status status = s->order.form == WI_ORDER_WORD && n < INT32_MAX
                           ? convert_rows(s, args[0], n, filter, out, err)
                           : convert_others(s, args, n, filter, out, err);
  close_acc(acc);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

static weir_status empty_list(const wi_fn *fn, const struct ArrowSchema *result,
                              struct ArrowArray *out, weir_error *err) {
  (void)fn;
  memset(out, 0, sizeof *out);
  int rc = ArrowArrayInitFromSchema(out, result, NULL);
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayStartAppending(out);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayFinishElement(out);
  }
  weir_status status = wi_arrow_err(err, rc, "result");
  if (status == WEIR_OK) {
    status = wi_out_finish(out, err);
  }
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

static weir_status empty_count(const wi_fn *fn, const struct ArrowSchema *result,
                               struct ArrowArray *out, weir_error *err) {
  (void)fn;
  (void)result;
  void *data = NULL;
  memset(out, 0, sizeof *out);
  weir_status status =
      wi_out_fixed(out, NANOARROW_TYPE_INT64, sizeof(int64_t), &data, err);
  if (status == WEIR_OK) {
    wi_out_seal(out, 1, NULL);
    status = wi_out_finish(out, err);
  }
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

#define SET(field_fn, empty_fn, evaluate_fn)         \
  {.flags = WI_AGG_DISTINCT | WI_AGG_NULL_TREATMENT, \
   .return_field = (field_fn),                       \
   .state_schema = state_schema,                     \
   .empty = (empty_fn),                              \
   .open = open_acc,                                 \
   .update = update,                                 \
   .retract = retract,                               \
   .merge = merge,                                   \
   .evaluate = (evaluate_fn),                        \
   .state = state,                                   \
   .convert = convert,                               \
   .size = size,                                     \
   .close = close_acc}
const wi_agg_ops wi_agg_collect_set = SET(list_field, empty_list, lists);
const wi_agg_ops wi_agg_count_distinct = SET(count_field, empty_count, counts);
