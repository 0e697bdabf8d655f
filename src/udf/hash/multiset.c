/* multiset_hash: for each group the sum modulo 2^128 of the rows' hashes. */
#include <string.h>

#include "udf/aggregate/agg.h"
#include "udf/exact/xsum.h"
#include "udf/hash/rowcode.h"
#include "udf/kernel.h"

#define WI_ORIGIN "udf"

#define DIGEST 16

typedef struct multiset {
  const wi_fn *fn;
  size_t n_args;
  struct ArrowSchema *schemas;
  wi_code *codes;
  wi_arena arena;
  wi_buf row;
  wi_hasher hasher;
  wi_slots sums; /* wi_u128 */
} multiset;

/* ---- groups ---- */

static wi_u128 *sum_slot(const multiset *m, uint64_t g) {
  return wi_slots_at(&m->sums, (size_t)g);
}

static wi_u128 sum_at(const multiset *m, uint64_t g) {
  return g < m->sums.n ? *sum_slot(m, g) : 0;
}

/* ---- opening ---- */

static weir_status multiset_field(const wi_agg_call *call, struct ArrowSchema *out,
                                  weir_error *err) {
  wi_arena arena = WI_ARENA_INIT;
  weir_status status = WEIR_OK;
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < call->n_args && status == WEIR_OK; i++) {
    wi_code code;
    status = wi_code_init(&code, call->args[i], &arena, err);
    if (status != WEIR_OK) {
      wi_err_context(err, "%s, argument %zu", call->fn->name, i + 1);
    }
  }
  wi_arena_release(&arena);
  return status != WEIR_OK
             ? status
             : wi_field_init(out, call->fn, NANOARROW_TYPE_STRING, false, err);
}

static void multiset_close(void *acc) {
  multiset *m = acc;
  if (m == NULL) {
    return;
  }
  for (size_t i = 0; m->schemas != NULL && i < m->n_args; i++) {
    wi_field_drop(&m->schemas[i]);
  }
  wi_free(m->schemas);
  wi_arena_release(&m->arena);
  wi_buf_release(&m->row);
  wi_slots_release(&m->sums);
  wi_free(m);
}

static weir_status multiset_open(const wi_agg_call *call, bool retracts, void **acc,
                                 weir_error *err) {
  (void)retracts; /* sums can always be taken away */
  weir_status status;
  *acc = NULL;
  multiset *m = wi_alloc(sizeof *m);
  if (m == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  m->fn = call->fn;
  wi_slots_init(&m->sums, sizeof(wi_u128));
  m->n_args = call->n_args;
  m->row = (wi_buf)WI_BUF_INIT;
  wi_hasher_init(&m->hasher, DIGEST);
  size_t n = m->n_args > 0 ? m->n_args : 1;
  m->schemas = wi_alloc_array(n, sizeof *m->schemas);
  m->codes = wi_arena_array(&m->arena, n, sizeof *m->codes);
  if (m->schemas == NULL || m->codes == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (size_t i = 0; i < m->n_args; i++) {
    WI_CHECK(wi_code_init(&m->codes[i], call->args[i], &m->arena, err));
    WI_CHECK(
        wi_arrow_err(err, ArrowSchemaDeepCopy(call->args[i], &m->schemas[i]), "type"));
  }
  *acc = m;
  m = NULL;
  status = WEIR_OK;
done:
  multiset_close(m);
  return status;
}

static uint64_t multiset_size(const void *acc) {
  const multiset *m = acc;
  return sizeof *m + wi_slots_bytes(&m->sums) + m->row.cap;
}

/* ---- rows ---- */

/* The digest read as a number, most significant byte first, so that the hash of one row is
 * its digest. */
static wi_u128 row_hash(multiset *m, const wi_cols *cols, int64_t row) {
  uint8_t digest[DIGEST];
  wi_u128 h = 0;
  wi_buf_clear(&m->row);
  for (size_t i = 0; i < cols->n; i++) {
    wi_code_put(&m->row, &m->codes[i], &cols->items[i].view, row);
  }
  wi_hasher_run(&m->hasher, wi_buf_text(&m->row), m->row.n, digest);
  for (size_t i = 0; i < DIGEST; i++) {
    h = h << 8 | digest[i];
  }
  return h;
}

static weir_status cols_open(const multiset *m, const struct ArrowArray *const *args,
                             int64_t rows, wi_cols *cols, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_fn_arg *list = wi_alloc_array(m->n_args > 0 ? m->n_args : 1, sizeof *list);
  *cols = (wi_cols)WI_COLS_INIT;
  if (list == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < m->n_args; i++) {
    list[i] = (wi_fn_arg){args[i], &m->schemas[i], false};
  }
  if (m->n_args > 0) {
    status = wi_cols_open(cols, m->fn, m->n_args, list, rows, 0, err);
  }
  wi_free(list);
  return status;
}

static weir_status rows_hash(multiset *m, const struct ArrowArray *const *args,
                             int64_t rows, const uint64_t *groups,
                             const struct ArrowArray *filter, bool take,
                             weir_error *err) {
  weir_status status;
  wi_cols cols = WI_COLS_INIT;
  struct ArrowArrayView mask;
  ArrowArrayViewInitFromType(&mask, NANOARROW_TYPE_BOOL);
  WI_CHECK(cols_open(m, args, rows, &cols, err));
  if (filter != NULL) {
    WI_CHECK(wi_arrow_err(err, ArrowArrayViewSetArray(&mask, filter, NULL), "filter"));
  }
  for (int64_t i = 0; i < rows; i++) {
    if (filter != NULL && (ArrowArrayViewIsNull(&mask, i) != 0 ||
                           ArrowArrayViewGetIntUnsafe(&mask, i) == 0)) {
      continue;
    }
    wi_u128 h = row_hash(m, &cols, i);
    wi_u128 *sum = sum_slot(m, groups == NULL ? 0 : groups[i]);
    *sum += take ? (wi_u128)0 - h : h;
  }
  status = wi_buf_check(&m->row, err, WI_ORIGIN);
done:
  ArrowArrayViewReset(&mask);
  wi_cols_close(&cols);
  return status;
}

static weir_status multiset_update(void *acc, const struct ArrowArray *const *args,
                                   int64_t rows, const uint64_t *groups,
                                   const struct ArrowArray *filter, uint64_t n_groups,
                                   weir_error *err) {
  multiset *m = acc;
  WI_TRY(wi_slots_grow(&m->sums, n_groups > 0 ? n_groups : 1, err));
  return rows_hash(acc, args, rows, groups, filter, false, err);
}

static weir_status multiset_retract(void *acc, const struct ArrowArray *const *args,
                                    int64_t rows, weir_error *err) {
  multiset *m = acc;
  WI_TRY(wi_slots_grow(&m->sums, 1, err));
  return rows_hash(acc, args, rows, NULL, NULL, true, err);
}

/* ---- results ---- */

static void put_hex(wi_u128 v, char *out) {
  for (int i = 0; i < 32; i++) {
    out[i] = "0123456789abcdef"[(unsigned)(v >> (124 - 4 * i)) & 15];
  }
}

static weir_status multiset_evaluate(void *acc, uint64_t n, bool keep,
                                     struct ArrowArray *out, weir_error *err) {
  multiset *m = acc;
  weir_status status;
  wi_text_out text;
  memset(out, 0, sizeof *out);
  bool fits = n < INT32_MAX / 32;
  WI_CHECK(wi_out_text(out, m->fn->name, fits ? (int64_t)n : INT64_MAX,
                       fits ? (int64_t)n * 32 : INT64_MAX, &text, err));
  for (uint64_t g = 0; g < n; g++) {
    put_hex(sum_at(m, g), text.data + 32 * g);
    text.offsets[g + 1] = (int32_t)(32 * (g + 1));
  }
  wi_out_seal(out, (int64_t)n, NULL);
  WI_CHECK(wi_out_finish(out, err));
  if (!keep) {
    wi_slots_drop(&m->sums, n);
  }
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

/* Over no rows: zero. */
static weir_status multiset_empty(const wi_fn *fn, const struct ArrowSchema *result,
                                  struct ArrowArray *out, weir_error *err) {
  multiset none = {.fn = fn};
  (void)result;
  return multiset_evaluate(&none, 1, true, out, err);
}

/* ---- states: two halves of the sum ---- */

static weir_status multiset_state_schema(const wi_agg_call *call, struct ArrowSchema *out,
                                         weir_error *err) {
  static const char *const names[] = {"high", "low"};
  weir_status status;
  memset(out, 0, sizeof *out);
  WI_TRY(wi_field_init(out, call->fn, NANOARROW_TYPE_STRUCT, false, err));
  WI_CHECK(wi_arrow_err(err, ArrowSchemaAllocateChildren(out, 2), "state"));
  for (int i = 0; i < 2; i++) {
    WI_CHECK(wi_arrow_err(
        err, ArrowSchemaInitFromType(out->children[i], NANOARROW_TYPE_UINT64), "state"));
    WI_CHECK(wi_arrow_err(err, ArrowSchemaSetName(out->children[i], names[i]), "state"));
    out->children[i]->flags = 0;
  }
done:
  if (status != WEIR_OK) {
    wi_field_drop(out);
  }
  return status;
}

static weir_status multiset_state(void *acc, uint64_t n, bool keep,
                                  struct ArrowArray *out, weir_error *err) {
  multiset *m = acc;
  wi_agg_call call = {.fn = m->fn};
  struct ArrowSchema schema;
  weir_status status;
  memset(out, 0, sizeof *out);
  WI_TRY(multiset_state_schema(&call, &schema, err));
  WI_CHECK(wi_arrow_err(err, ArrowArrayInitFromSchema(out, &schema, NULL), "state"));
  WI_CHECK(wi_arrow_err(err, ArrowArrayStartAppending(out), "state"));
  for (uint64_t g = 0; g < n; g++) {
    wi_u128 sum = sum_at(m, g);
    WI_CHECK(wi_arrow_err(
        err, ArrowArrayAppendUInt(out->children[0], (uint64_t)(sum >> 64)), "state"));
    WI_CHECK(wi_arrow_err(err, ArrowArrayAppendUInt(out->children[1], (uint64_t)sum),
                          "state"));
    WI_CHECK(wi_arrow_err(err, ArrowArrayFinishElement(out), "state"));
  }
  WI_CHECK(wi_out_finish(out, err));
  if (!keep) {
    wi_slots_drop(&m->sums, n);
  }
done:
  wi_field_drop(&schema);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

static weir_status multiset_merge(void *acc, const struct ArrowArray *state,
                                  const uint64_t *groups, uint64_t n_groups,
                                  weir_error *err) {
  multiset *m = acc;
  wi_agg_call call = {.fn = m->fn};
  struct ArrowSchema schema;
  wi_agg_in in = {0};
  weir_status status;
  WI_TRY(wi_slots_grow(&m->sums, n_groups > 0 ? n_groups : 1, err));
  WI_TRY(multiset_state_schema(&call, &schema, err));
  WI_CHECK(wi_agg_in_init(&in, &schema, err));
  struct ArrowArray plain = *state; /* borrowed; a state is never null */
  plain.null_count = 0;
  WI_CHECK(wi_agg_state_set(&in, &plain, err));
  for (int64_t i = 0; i < state->length; i++) {
    wi_u128 sum = (wi_u128)ArrowArrayViewGetUIntUnsafe(in.view.children[0], i) << 64;
    *sum_slot(m, groups == NULL ? 0 : groups[i]) +=
        sum | ArrowArrayViewGetUIntUnsafe(in.view.children[1], i);
  }
done:
  wi_agg_in_release(&in);
  wi_field_drop(&schema);
  return status;
}

const wi_agg_ops wi_multiset_ops = {.flags = WI_AGG_STAR,
                                    .return_field = multiset_field,
                                    .state_schema = multiset_state_schema,
                                    .empty = multiset_empty,
                                    .open = multiset_open,
                                    .update = multiset_update,
                                    .retract = multiset_retract,
                                    .merge = multiset_merge,
                                    .evaluate = multiset_evaluate,
                                    .state = multiset_state,
                                    .size = multiset_size,
                                    .close = multiset_close};
