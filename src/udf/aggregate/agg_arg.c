/* arg_min, arg_max, any_value_det, as the engine calls them: see agg_best.c. */
#include <string.h>

#include "udf/aggregate/agg_best.h"

#define WI_ORIGIN "udf"

enum { VALUE = 0, KEY = 1 };

/* ---- fields ---- */

static weir_status orders(const wi_agg_call *call, wi_order *value, wi_order *key,
                          weir_error *err) {
  *value = (wi_order){0};
  *key = (wi_order){0};
  WI_TRY(wi_args_check(call->fn, call->n_args, call->args, err));
  weir_status status = wi_order_init(value, call->args[VALUE], false, err);
  size_t at = VALUE;
  if (status == WEIR_OK) {
    status = wi_order_init(key, call->args[KEY], true, err);
    at = KEY;
  }
  if (status != WEIR_OK) {
    wi_err_context(err, "%s, argument %zu (%s)", call->fn->name, at + 1,
                   call->fn->params[at].name);
    wi_order_release(value);
  }
  return status;
}

static weir_status return_field(const wi_agg_call *call, struct ArrowSchema *out,
                                weir_error *err) {
  wi_order value, key;
  memset(out, 0, sizeof *out);
  WI_TRY(orders(call, &value, &key, err));
  wi_order_release(&value);
  wi_order_release(&key);
  return wi_field_like(out, call->fn, call->args[VALUE], true, err);
}

static weir_status state_of(const wi_order *value, const wi_order *key,
                            struct ArrowSchema *out, weir_error *err) {
  const wi_agg_column columns[] = {{"value", wi_agg_code_type(value), true},
                                   {"key", wi_agg_code_type(key), true}};
  return wi_agg_columns(out, columns, 2, err);
}

static weir_status state_schema(const wi_agg_call *call, struct ArrowSchema *out,
                                weir_error *err) {
  wi_order value, key;
  memset(out, 0, sizeof *out);
  WI_TRY(orders(call, &value, &key, err));
  weir_status status = state_of(&value, &key, out, err);
  wi_order_release(&value);
  wi_order_release(&key);
  return status;
}

/* ---- life ---- */

static void close_acc(void *acc) {
  wi_best *b = acc;
  if (b == NULL) {
    return;
  }
  wi_order_release(&b->value);
  wi_order_release(&b->key);
  for (size_t i = 0; i < 2; i++) {
    wi_order_release(&b->state_orders[i]);
    wi_agg_in_release(&b->args[i]);
  }
  wi_agg_in_release(&b->state);
  wi_agg_rows_release(&b->rows);
  wi_buf_release(&b->key_scratch);
  wi_buf_release(&b->value_scratch);
  wi_slots_release(&b->slots);
  wi_slots_release(&b->zeros);
  wi_bytes_release(&b->bytes);
  wi_free(b);
}

static weir_status open_inputs(wi_best *b, weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema schema = {0};
  WI_CHECK(orders(b->call, &b->value, &b->key, err));
  WI_CHECK(wi_agg_in_init(&b->args[VALUE], b->call->args[VALUE], err));
  WI_CHECK(wi_agg_in_init(&b->args[KEY], b->call->args[KEY], err));
  WI_CHECK(state_of(&b->value, &b->key, &schema, err));
  WI_CHECK(wi_agg_in_init(&b->state, &schema, err));
  for (size_t i = 0; i < 2; i++) {
    WI_CHECK(wi_order_init(&b->state_orders[i], schema.children[i], false, err));
  }
done:
  wi_field_drop(&schema);
  return status;
}

static weir_status open_best(const wi_agg_call *call, bool largest, bool retracts,
                             void **acc, weir_error *err) {
  *acc = NULL;
  wi_best *b = wi_alloc(sizeof(*b));
  if (b == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  b->call = call;
  b->largest = largest;
  b->retracts = retracts;
  weir_status status = open_inputs(b, err);
  if (status != WEIR_OK) {
    close_acc(b);
    return status;
  }
  b->pairs = !retracts && b->value.form == WI_ORDER_WORD && b->key.form == WI_ORDER_WORD;
  wi_slots_init(&b->slots, b->pairs ? sizeof(wi_pair_code) : sizeof(wi_best_slot));
  wi_slots_init(&b->zeros, 1);
  *acc = b;
  return WEIR_OK;
}

static weir_status open_smallest(const wi_agg_call *call, bool retracts, void **acc,
                                 weir_error *err) {
  return open_best(call, false, retracts, acc, err);
}

static weir_status open_largest(const wi_agg_call *call, bool retracts, void **acc,
                                weir_error *err) {
  return open_best(call, true, retracts, acc, err);
}

/* ---- rows in ---- */

static weir_status feed(wi_best *b, const wi_best_in *value, const wi_best_in *key,
                        int64_t rows, const uint64_t *groups,
                        const struct ArrowArray *filter, uint64_t n_groups,
                        weir_error *err) {
  const struct ArrowArrayView *views[] = {value->view, key->view};
  if (!b->retracts) {
    WI_TRY(wi_slots_grow(&b->slots, n_groups, err));
  }
  if (b->value.form == WI_ORDER_NULL || b->key.form == WI_ORDER_NULL) {
    return WEIR_OK; /* every row has a null */
  }
  WI_TRY(wi_agg_rows_set(&b->rows, views, 2, rows, filter, err));
  return b->pairs ? wi_pair_feed(b, key, value, rows, groups, err)
                  : wi_best_feed(b, key, value, rows, groups, err);
}

static weir_status update(void *acc, const struct ArrowArray *const *args, int64_t rows,
                          const uint64_t *groups, const struct ArrowArray *filter,
                          uint64_t n_groups, weir_error *err) {
  wi_best *b = acc;
  wi_best_in value = {&b->value, &b->args[VALUE].view};
  wi_best_in key = {&b->key, &b->args[KEY].view};
  WI_TRY(wi_agg_in_set(&b->args[VALUE], args[VALUE], rows, err));
  WI_TRY(wi_agg_in_set(&b->args[KEY], args[KEY], rows, err));
  return feed(b, &value, &key, rows, groups, filter, n_groups, err);
}

static weir_status retract(void *acc, const struct ArrowArray *const *args, int64_t rows,
                           weir_error *err) {
  wi_best *b = acc;
  const struct ArrowArrayView *views[] = {&b->args[VALUE].view, &b->args[KEY].view};
  if (b->value.form == WI_ORDER_NULL || b->key.form == WI_ORDER_NULL) {
    return WEIR_OK;
  }
  WI_TRY(wi_agg_in_set(&b->args[VALUE], args[VALUE], rows, err));
  WI_TRY(wi_agg_in_set(&b->args[KEY], args[KEY], rows, err));
  WI_TRY(wi_agg_rows_set(&b->rows, views, 2, rows, NULL, err));
  int64_t counted =
      b->rows.chosen != NULL ? ArrowBitCountSet(b->rows.chosen, 0, rows) : rows;
  return wi_best_leave(b, (uint64_t)counted, err);
}

static weir_status merge(void *acc, const struct ArrowArray *state,
                         const uint64_t *groups, uint64_t n_groups, weir_error *err) {
  wi_best *b = acc;
  WI_TRY(wi_agg_state_set(&b->state, state, err));
  wi_best_in value = {&b->state_orders[VALUE], b->state.view.children[VALUE]};
  wi_best_in key = {&b->state_orders[KEY], b->state.view.children[KEY]};
  return feed(b, &value, &key, state->length, groups, NULL, n_groups, err);
}

/* ---- results out ---- */

/* The codes of a group; false: it has none. */
static bool codes_of(const wi_best *b, uint64_t group, wi_cell cells[2]) {
  if (b->pairs) {
    return wi_pair_read(b, group, &cells[KEY].word, &cells[VALUE].word);
  }
  if (group >= b->slots.n) {
    return false;
  }
  const wi_best_slot *slot = wi_slots_at(&b->slots, group);
  cells[VALUE] = slot->value;
  cells[KEY] = slot->key;
  return slot->mark != 0;
}

static weir_status append_one(const wi_best *b, uint64_t group, int which,
                              const wi_order *to, struct ArrowArray *out,
                              weir_error *err) {
  wi_cell cells[2] = {{0, 0}, {0, 0}};
  wi_str bytes = {NULL, 0};
  if (!codes_of(b, group, cells)) {
    return wi_arrow_err(err, ArrowArrayAppendNull(out, 1), "result");
  }
  if (to->form == WI_ORDER_BYTES) {
    bytes = wi_bytes_at(&b->bytes, cells[which].at);
  }
  return wi_order_append(to, out, cells[which].word, bytes, err);
}

static weir_status append_words(const wi_best *b, uint64_t n, int which,
                                const wi_order *to, struct ArrowArray *out,
                                weir_error *err) {
  weir_status status = WEIR_OK;
  uint64_t *words = wi_alloc_array(n + 1, sizeof(*words));
  uint8_t *valid = wi_alloc_array(n + 1, 1);
  if (words == NULL || valid == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (uint64_t i = 0; i < n; i++) {
    wi_cell cells[2] = {{0, 0}, {0, 0}};
    valid[i] = codes_of(b, i, cells);
    words[i] = cells[which].word;
  }
  status = wi_order_append_words(to, out, words, valid, (int64_t)n, err);
done:
  wi_free(words);
  wi_free(valid);
  return status;
}

/* Value or key of the first n groups, to an array that is begun. */
static weir_status append_all(const wi_best *b, uint64_t n, int which, const wi_order *to,
                              struct ArrowArray *out, weir_error *err) {
  if (to->form == WI_ORDER_WORD) {
    return append_words(b, n, which, to, out, err);
  }
  for (uint64_t i = 0; i < n; i++) {
    WI_TRY(append_one(b, i, which, to, out, err));
  }
  return WEIR_OK;
}

static void drop(wi_best *b, uint64_t n) {
  if (b->pairs) {
    wi_slots_drop(&b->slots, n);
    wi_slots_drop(&b->zeros, n);
  } else {
    wi_best_drop(b, n);
  }
}

static weir_status evaluate(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  wi_best *b = acc;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_arrow_err(err, ArrowArrayInitFromSchema(out, b->call->args[VALUE], NULL),
                        "result"));
  WI_CHECK(wi_arrow_err(err, ArrowArrayStartAppending(out), "result"));
  WI_CHECK(append_all(b, n, VALUE, &b->value, out, err));
  WI_CHECK(wi_out_finish(out, err));
  if (!keep) {
    drop(b, n);
  }
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

static weir_status state(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                         weir_error *err) {
  weir_status status = WEIR_OK;
  wi_best *b = acc;
  memset(out, 0, sizeof *out);
  WI_CHECK(
      wi_arrow_err(err, ArrowArrayInitFromType(out, NANOARROW_TYPE_STRUCT), "state"));
  WI_CHECK(wi_arrow_err(err, ArrowArrayAllocateChildren(out, 2), "state"));
  for (int i = 0; i < 2; i++) {
    struct ArrowArray *child = out->children[i];
    const wi_order *order = &b->state_orders[i];
    enum ArrowType type = wi_agg_code_type(i == KEY ? &b->key : &b->value);
    WI_CHECK(wi_arrow_err(err, ArrowArrayInitFromType(child, type), "state"));
    WI_CHECK(wi_arrow_err(err, ArrowArrayStartAppending(child), "state"));
    WI_CHECK(append_all(b, n, i, order, child, err));
  }
  wi_out_seal(out, (int64_t)n, NULL);
  WI_CHECK(wi_out_finish(out, err));
  if (!keep) {
    drop(b, n);
  }
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

/* ---- rows as states ---- */

/* The codes of the rows, null where one does not count. */
static weir_status convert_column(wi_best *b, int which, int64_t rows,
                                  struct ArrowArray *out, weir_error *err) {
  const wi_order *order = which == KEY ? &b->key : &b->value;
  void *data = NULL;
  wi_valid valid;
  wi_valid_none(&valid);
  WI_TRY(wi_out_fixed(out, NANOARROW_TYPE_UINT64, rows * (int64_t)sizeof(uint64_t), &data,
                      err));
  wi_order_words(order, &b->args[which].view, 0, rows, data);
  if (b->rows.chosen != NULL) {
    WI_TRY(wi_arrow_err(err, ArrowBitmapResize(&valid.bitmap, rows, 0), "state"));
    memcpy(valid.bitmap.buffer.data, b->rows.chosen, (size_t)(rows + 7) / 8);
    valid.nulls = rows - ArrowBitCountSet(b->rows.chosen, 0, rows);
  }
  wi_out_seal(out, rows, &valid);
  wi_valid_release(&valid);
  return WEIR_OK;
}

static weir_status convert_pairs(wi_best *b, const struct ArrowArray *const *args,
                                 int64_t rows, const struct ArrowArray *filter,
                                 struct ArrowArray *out, weir_error *err) {
  const struct ArrowArrayView *views[] = {&b->args[VALUE].view, &b->args[KEY].view};
  WI_TRY(wi_agg_in_set(&b->args[VALUE], args[VALUE], rows, err));
  WI_TRY(wi_agg_in_set(&b->args[KEY], args[KEY], rows, err));
  WI_TRY(wi_agg_rows_set(&b->rows, views, 2, rows, filter, err));
  WI_TRY(wi_arrow_err(err, ArrowArrayInitFromType(out, NANOARROW_TYPE_STRUCT), "state"));
  WI_TRY(wi_arrow_err(err, ArrowArrayAllocateChildren(out, 2), "state"));
  for (int i = 0; i < 2; i++) {
    WI_TRY(convert_column(b, i, rows, out->children[i], err));
  }
  wi_out_seal(out, rows, NULL);
  return wi_out_finish(out, err);
}

/* What is not words: by an accumulator with a group for each row. */
static weir_status convert_others(wi_best *b, const struct ArrowArray *const *args,
                                  int64_t rows, const struct ArrowArray *filter,
                                  struct ArrowArray *out, weir_error *err) {
  uint64_t *groups = wi_alloc_array((size_t)rows + 1, sizeof *groups);
  if (groups == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (int64_t i = 0; i < rows; i++) {
    groups[i] = (uint64_t)i;
  }
  weir_status status = update(b, args, rows, groups, filter, (uint64_t)rows, err);
  if (status == WEIR_OK) {
    status = state(b, (uint64_t)rows, true, out, err);
  }
  wi_free(groups);
  return status;
}

static weir_status convert(const wi_agg_call *call, const struct ArrowArray *const *args,
                           int64_t rows, const struct ArrowArray *filter,
                           struct ArrowArray *out, weir_error *err) {
  void *acc = NULL;
  memset(out, 0, sizeof *out);
  WI_TRY(open_smallest(call, false, &acc, err));
  wi_best *b = acc; /* a single row is smallest and largest */
  weir_status status = b->pairs ? convert_pairs(b, args, rows, filter, out, err)
                                : convert_others(b, args, rows, filter, out, err);
  close_acc(acc);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

static uint64_t size(const void *acc) {
  const wi_best *b = acc;
  return sizeof(*b) + wi_slots_bytes(&b->slots) + wi_slots_bytes(&b->zeros) +
         b->bytes.cap + b->rows.cap + b->key_scratch.cap + b->value_scratch.cap;
}

#define BEST(open_fn)            \
  {.flags = WI_AGG_DISTINCT,     \
   .return_field = return_field, \
   .state_schema = state_schema, \
   .open = (open_fn),            \
   .update = update,             \
   .retract = retract,           \
   .merge = merge,               \
   .evaluate = evaluate,         \
   .state = state,               \
   .convert = convert,           \
   .size = size,                 \
   .close = close_acc}
const wi_agg_ops wi_agg_smallest = BEST(open_smallest);
const wi_agg_ops wi_agg_largest = BEST(open_largest);
