/* Lists as sorted sets, of the items' own type. */
#include <string.h>

#include "udf/kernel.h"
#include "udf/nested/gather.h"
#include "udf/nested/item_order.h"

#define WI_ORIGIN "udf"

static weir_status copy_metadata(struct ArrowSchema *out, const struct ArrowSchema *from,
                                 weir_error *err) {
  return wi_arrow_err(err, ArrowSchemaSetMetadata(out, from->metadata), "metadata");
}

/* A list of the items of a list; of nulls for an untyped NULL. */
static weir_status list_type(struct ArrowSchema *out, const wi_fn *fn,
                             const struct ArrowSchema *arg, weir_error *err) {
  WI_TRY(wi_field_init(out, fn, NANOARROW_TYPE_LIST, wi_arg_nullable(arg), err));
  struct ArrowSchema *item = out->children[0];
  if (arg->n_children == 0) {
    return wi_arrow_err(err, ArrowSchemaSetType(item, NANOARROW_TYPE_NA), "list type");
  }
  item->release(item);
  return wi_arrow_err(err, ArrowSchemaDeepCopy(arg->children[0], item), "list type");
}

weir_status wi_field_list_unique(const wi_fn *fn, size_t n,
                                 const struct ArrowSchema *const *args,
                                 const struct ArrowArray *const *literals,
                                 struct ArrowSchema *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_item_order order;
  (void)literals;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_args_check(fn, n, args, err));
  WI_CHECK(wi_gather_check(fn, fn->params[0].name, args[0], false, err));
  WI_CHECK(list_type(out, fn, args[0], err));
  WI_CHECK(wi_item_order_init(&order, fn, out->children[0], NULL, err));
  WI_CHECK(copy_metadata(out, args[0], err));
done:
  if (status != WEIR_OK) {
    wi_field_drop(out);
  }
  return status;
}

/* One call: which items make the lists of the result. */
typedef struct list_call {
  const struct ArrowArrayView *items;
  const wi_item_order *order;
  wi_item *sorting, *spare; /* of one list */
  int64_t *rows;
  int64_t n;
} list_call;

/* The items of one list that are not null, each once. */
static void take_list(list_call *c, int64_t from, int64_t to) {
  size_t n = 0;
  for (int64_t k = from; k < to; k++) {
    if (!ArrowArrayViewIsNull(c->items, k)) {
      c->sorting[n++] = (wi_item){c->order->key(c->order, k), k};
    }
  }
  wi_item_order_sort(c->order, c->sorting, c->spare, n);
  for (size_t i = 0; i < n; i++) { /* of equal ones the first */
    if (i == 0 || wi_item_order_cmp(c->order, &c->sorting[i - 1], &c->sorting[i]) != 0) {
      c->rows[c->n++] = c->sorting[i].row;
    }
  }
}

/* Room for all items of the call, and for sorting those of one list. */
static weir_status list_room(list_call *c, const wi_col *col, int64_t rows,
                             const wi_valid *valid, weir_error *err) {
  int64_t all = 0, longest = 0, from, to;
  for (int64_t i = 0; i < rows; i++) {
    if (wi_valid_at(valid, i)) {
      wi_list_range(&col->view, i * col->step, &from, &to);
      all += to - from;
      longest = to - from > longest ? to - from : longest;
    }
  }
  c->rows = wi_alloc_array((size_t)all + 1, sizeof *c->rows);
  c->sorting = wi_alloc_array((size_t)longest + 1, 2 * sizeof *c->sorting);
  if (c->rows == NULL || c->sorting == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  c->spare = c->sorting + longest;
  return WEIR_OK;
}

static weir_status fill_lists(list_call *c, const wi_fn *fn, const wi_col *col,
                              int64_t rows, const wi_valid *valid, struct ArrowArray *out,
                              weir_error *err) {
  struct ArrowBuffer *buffer = ArrowArrayBuffer(out, 1);
  int64_t from, to;
  buffer->size_bytes = 0;
  WI_TRY(wi_arrow_err(err, ArrowBufferResize(buffer, (rows + 1) * 4, 0), "result"));
  int32_t *offsets = (int32_t *)(void *)buffer->data;
  offsets[0] = 0;
  for (int64_t i = 0; i < rows; i++) {
    if (wi_valid_at(valid, i)) {
      wi_list_range(&col->view, i * col->step, &from, &to);
      take_list(c, from, to);
    }
    if (c->n > INT32_MAX) {
      return WI_ERR(err, WEIR_E_TOO_LARGE, "%s: a batch of %lld lists has too many items",
                    fn->name, (long long)rows);
    }
    offsets[i + 1] = (int32_t)c->n;
  }
  if (c->items == NULL) {
    return WEIR_OK;
  }
  return wi_gather(out->children[0], c->items, NULL, c->rows, c->n, err);
}

weir_status wi_run_list_unique(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                               int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  struct ArrowSchema type;
  wi_valid valid;
  wi_item_order order;
  list_call call = {0};
  memset(out, 0, sizeof *out);
  memset(&type, 0, sizeof type);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, 1, err));
  const wi_col *col = cols.items;
  WI_CHECK(wi_valid_init(&valid, col, 1, rows, err));
  WI_CHECK(list_type(&type, fn, args[0].schema, err));
  call.items = col->type == NANOARROW_TYPE_NA ? NULL : col->view.children[0];
  WI_CHECK(wi_item_order_init(&order, fn, type.children[0], call.items, err));
  call.order = &order;
  WI_CHECK(list_room(&call, col, rows, &valid, err));
  WI_CHECK(wi_gather_init(out, &type, err));
  WI_CHECK(fill_lists(&call, fn, col, rows, &valid, out, err));
  wi_out_seal(out, rows, &valid);
  WI_CHECK(wi_out_finish(out, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  wi_field_drop(&type);
  wi_free(call.rows);
  wi_free(call.sorting);
  wi_valid_release(&valid);
  wi_cols_close(&cols);
  return status;
}
