/* Accumulators of aggregates for tests: columns of 64-bit values in, one result out. */
#ifndef TESTS_UNIT_UDF_AGG_TEST_H
#define TESTS_UNIT_UDF_AGG_TEST_H

#include "udf_test.h"

/* An accumulator and what it was opened with. */
typedef struct tagg {
  const wi_fn *fn;
  struct ArrowSchema arg;
  const struct ArrowSchema *args[1];
  wi_agg_call call;
  void *acc;
  weir_error err;
} tagg;

static inline void ta_open(tagg *a, const wi_fn *fn, enum ArrowType type, bool distinct) {
  memset(a, 0, sizeof *a);
  a->err = (weir_error)WEIR_ERROR_INIT;
  a->fn = fn;
  t_must(ArrowSchemaInitFromType(&a->arg, type));
  a->args[0] = &a->arg;
  a->call = (wi_agg_call){fn, 1, a->args, NULL, false, distinct};
  t_must((int)fn->agg->open(&a->call, true, &a->acc, &a->err));
}

static inline void ta_close(tagg *a) {
  a->fn->agg->close(a->acc);
  a->arg.release(&a->arg);
  weir_error_release(&a->err);
}

/* A column of raw 64-bit values after `skip` others that are not part of it; a null where
 * valid[i] is false (valid NULL: none). */
static inline tcol ta_column(enum ArrowType type, size_t n, const uint64_t *bits,
                             const bool *valid, int64_t skip) {
  tcol c = t_begin(type);
  for (int64_t i = 0; i < skip; i++) {
    t_must(i % 2 == 0 && valid != NULL ? ArrowArrayAppendNull(&c.array, 1)
                                       : ArrowArrayAppendInt(&c.array, 77 + i));
  }
  for (size_t i = 0; i < n; i++) {
    double d;
    memcpy(&d, &bits[i], sizeof d);
    if (valid != NULL && !valid[i]) {
      t_must(ArrowArrayAppendNull(&c.array, 1));
    } else if (type == NANOARROW_TYPE_DOUBLE || type == NANOARROW_TYPE_FLOAT) {
      t_must(ArrowArrayAppendDouble(&c.array, d));
    } else if (type == NANOARROW_TYPE_UINT64) {
      t_must(ArrowArrayAppendUInt(&c.array, bits[i]));
    } else {
      t_must(ArrowArrayAppendInt(&c.array, (int64_t)bits[i]));
    }
  }
  t_end(&c);
  c.array.offset = skip;
  c.array.length = (int64_t)n;
  c.array.null_count = c.array.buffers[0] == NULL ? 0 : -1;
  return c;
}

static inline weir_status ta_update(tagg *a, const tcol *c, const uint64_t *groups,
                                    uint64_t n_groups) {
  const struct ArrowArray *args[1] = {&c->array};
  return a->fn->agg->update(a->acc, args, c->array.length, groups, NULL, n_groups,
                            &a->err);
}

static inline weir_status ta_retract(tagg *a, const tcol *c) {
  const struct ArrowArray *args[1] = {&c->array};
  return a->fn->agg->retract(a->acc, args, c->array.length, &a->err);
}

/* All values of one type to group 0 (or out of it), as they are. */
static inline weir_status ta_add(tagg *a, enum ArrowType type, size_t n,
                                 const uint64_t *bits, bool take) {
  tcol c = ta_column(type, n, bits, NULL, 0);
  weir_status status = take ? ta_retract(a, &c) : ta_update(a, &c, NULL, 1);
  t_free(&c);
  return status;
}

/* The result of group g: its bits as 16 hexadecimal digits, or "null". */
static inline void ta_result(tagg *a, uint64_t g, char out[32]) {
  struct ArrowArray r;
  snprintf(out, 32, "error");
  if (a->fn->agg->evaluate(a->acc, g + 1, true, &r, &a->err) != WEIR_OK) {
    return;
  }
  const uint8_t *valid = r.buffers[0];
  if (r.length != (int64_t)g + 1) {
    snprintf(out, 32, "%" PRId64 " rows", r.length);
  } else if (valid != NULL && !ArrowBitGet(valid, (int64_t)g)) {
    snprintf(out, 32, "null");
  } else {
    uint64_t bits;
    memcpy(&bits, (const uint8_t *)r.buffers[1] + 8 * g, sizeof bits);
    snprintf(out, 32, "%016" PRIx64, bits);
  }
  r.release(&r);
}

/* Merges the states of the first n groups of `from`; from_state: they are gone there. */
static inline weir_status ta_merge(tagg *to, tagg *from, uint64_t n, bool keep,
                                   const uint64_t *groups, uint64_t n_groups) {
  struct ArrowArray state;
  weir_status status = from->fn->agg->state(from->acc, n, keep, &state, &to->err);
  if (status == WEIR_OK) {
    status = to->fn->agg->merge(to->acc, &state, groups, n_groups, &to->err);
    state.release(&state);
  }
  return status;
}

/* The bytes of the state of group 0, for comparison: every child's value in hex. */
static inline void ta_state(tagg *a, wi_buf *out) {
  struct ArrowSchema schema;
  struct ArrowArray state;
  struct ArrowArrayView view;
  wi_buf_clear(out);
  t_must((int)a->fn->agg->state_schema(&a->call, &schema, &a->err));
  t_must((int)a->fn->agg->state(a->acc, 1, true, &state, &a->err));
  t_must(ArrowArrayViewInitFromSchema(&view, &schema, NULL));
  t_must(ArrowArrayViewSetArray(&view, &state, NULL));
  for (int64_t k = 0; k < view.n_children; k++) {
    if (view.children[k]->storage_type == NANOARROW_TYPE_UINT64) {
      wi_buf_fmt(out, "%" PRIu64 " ", ArrowArrayViewGetUIntUnsafe(view.children[k], 0));
    } else {
      struct ArrowBufferView b = ArrowArrayViewGetBytesUnsafe(view.children[k], 0);
      for (int64_t i = 0; i < b.size_bytes; i++) {
        wi_buf_fmt(out, "%02x", b.data.as_uint8[i]);
      }
      wi_buf_chr(out, ' ');
    }
  }
  ArrowArrayViewReset(&view);
  state.release(&state);
  schema.release(&schema);
}

/* xorshift: the same on every machine */
static inline uint64_t ta_rng(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}
static inline size_t ta_below(uint64_t *state, size_t n) {
  return (size_t)(ta_rng(state) >> 33) % n;
}
static inline void ta_shuffle(uint64_t *state, uint64_t *v, size_t n) {
  for (size_t i = n; i > 1; i--) {
    size_t k = ta_below(state, i);
    uint64_t t = v[i - 1];
    v[i - 1] = v[k];
    v[k] = t;
  }
}

#endif
