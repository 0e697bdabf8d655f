/* Hashes of one text: stable_hash64, stable_hash128, prefixed_hash64, stable_id; and the
 * writer of identifiers that the other files use. */
#include <string.h>

#include "udf/kernel.h"

#define WI_ORIGIN "udf"

/* ---- BLAKE2b ---- */

void wi_hasher_init(wi_hasher *h, size_t length) {
  h->length = length;
  blake2b_init(&h->fresh, length);
}

/* Copies only what init sets up; the library zero-fills the block buffer itself. */
void wi_hasher_run(const wi_hasher *h, const char *p, size_t n, uint8_t *out) {
  blake2b_state s;
  memcpy(s.h, h->fresh.h, sizeof s.h);
  memcpy(s.t, h->fresh.t, sizeof s.t);
  memcpy(s.f, h->fresh.f, sizeof s.f);
  s.buflen = h->fresh.buflen;
  s.outlen = h->fresh.outlen;
  s.last_node = h->fresh.last_node;
  if (n > 0) {
    blake2b_update(&s, (const uint8_t *)p, n);
  }
  blake2b_final(&s, out, h->length);
}

int64_t wi_hash64(const wi_hasher *h, const char *p, size_t n) {
  uint8_t digest[8];
  uint64_t v = 0;
  wi_hasher_run(h, p, n, digest);
  for (size_t i = 0; i < sizeof digest; i++) {
    v = v << 8 | digest[i];
  }
  return (int64_t)(v & INT64_MAX);
}

/* ---- identifiers ---- */

#define HEX_CHARS     32
#define DECIMAL_CHARS 19 /* of 2^63 - 1 */

size_t wi_digits(uint64_t v, char *out) {
  char back[20];
  size_t n = 0;
  do {
    back[n++] = (char)('0' + v % 10);
    v /= 10;
  } while (v > 0);
  for (size_t i = 0; i < n; i++) {
    out[i] = back[n - 1 - i];
  }
  return n;
}

static void put_hex(const uint8_t digest[16], char *out) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < 16; i++) {
    out[2 * i] = digits[digest[i] >> 4];
    out[2 * i + 1] = digits[digest[i] & 15];
  }
}

/* -1: more than fits in 64 bits, and so far more than fits in a text array. */
static int64_t ids_room(wi_id_form form, const wi_col *prefix, int64_t rows,
                        const wi_valid *valid) {
  int64_t n = rows - valid->nulls, each = form == WI_ID_HEX ? HEX_CHARS : DECIMAL_CHARS;
  int64_t room, prefixes;
  if (prefix == NULL || n == 0) {
    return __builtin_mul_overflow(n, each, &room) ? -1 : room;
  }
  if (prefix->step != 0) {
    prefixes = wi_col_text_bytes(prefix, rows, valid->bits);
  } else if (__builtin_mul_overflow(n, (int64_t)wi_col_text(prefix, 0).n, &prefixes)) {
    return -1;
  }
  if (__builtin_mul_overflow(n, each + 1, &room) ||
      __builtin_add_overflow(room, prefixes, &room)) {
    return -1;
  }
  return room;
}

weir_status wi_ids_init(wi_ids *ids, struct ArrowArray *out, const wi_fn *fn,
                        wi_id_form form, const wi_col *prefix, int64_t rows,
                        const wi_valid *valid, weir_error *err) {
  int64_t room = ids_room(form, prefix, rows, valid);
  ids->form = form;
  ids->prefix = prefix;
  ids->at = 0;
  wi_hasher_init(&ids->hasher, form == WI_ID_HEX ? 16 : 8);
  return wi_out_text(out, fn->name, rows, room < 0 ? INT64_MAX : room, &ids->text, err);
}

void wi_ids_put(wi_ids *ids, int64_t row, const char *p, size_t n) {
  char *at = ids->text.data + ids->at;
  if (ids->prefix != NULL) {
    wi_str prefix = wi_col_text(ids->prefix, row);
    if (prefix.n > 0) {
      memcpy(at, prefix.p, prefix.n);
    }
    at += prefix.n;
    *at++ = ':';
  }
  if (ids->form == WI_ID_HEX) {
    uint8_t digest[16];
    wi_hasher_run(&ids->hasher, p, n, digest);
    put_hex(digest, at);
    at += HEX_CHARS;
  } else {
    at += wi_digits((uint64_t)wi_hash64(&ids->hasher, p, n), at);
  }
  ids->at = at - ids->text.data;
  ids->text.offsets[row + 1] = (int32_t)ids->at;
}

void wi_ids_skip(wi_ids *ids, int64_t row) {
  ids->text.offsets[row + 1] = (int32_t)ids->at;
}

weir_status wi_ids_finish(wi_ids *ids, struct ArrowArray *out, int64_t rows,
                          wi_valid *valid, weir_error *err) {
  ArrowArrayBuffer(out, 2)->size_bytes = ids->at;
  wi_out_seal(out, rows, valid);
  return wi_out_finish(out, err);
}

/* ---- fields ---- */

static const struct {
  const char *prefix, *type;
} semantic_types[] = {
    {"node", "NodeId"}, {"node_id", "NodeId"}, {"nodeid", "NodeId"},
    {"edge", "EdgeId"}, {"edge_id", "EdgeId"}, {"edgeid", "EdgeId"},
    {"span", "SpanId"}, {"span_id", "SpanId"}, {"spanid", "SpanId"},
};

const char *wi_semantic_type(wi_str prefix) {
  prefix = wi_trim_white(prefix);
  for (size_t i = 0; i < sizeof semantic_types / sizeof semantic_types[0]; i++) {
    const char *name = semantic_types[i].prefix;
    if (strlen(name) == prefix.n && wi_ascii_same_n(name, prefix.p, prefix.n)) {
      return semantic_types[i].type;
    }
  }
  return NULL;
}

static weir_status literal_semantic(const struct ArrowSchema *schema,
                                    const struct ArrowArray *literal, const char **type,
                                    weir_error *err) {
  wi_col col;
  WI_TRY(wi_literal_open(&col, schema, literal, err));
  if (literal->length > 0 && !wi_col_null(&col, 0)) {
    *type = wi_semantic_type(wi_col_text(&col, 0));
  }
  ArrowArrayViewReset(&col.view);
  return WEIR_OK;
}

weir_status wi_id_field(struct ArrowSchema *out, const wi_fn *fn, bool nullable,
                        const struct ArrowSchema *const *args,
                        const struct ArrowArray *const *literals, weir_error *err) {
  wi_pair pair = {"semantic_type", NULL};
  memset(out, 0, sizeof *out);
  if (literals != NULL && literals[0] != NULL) {
    WI_TRY(literal_semantic(args[0], literals[0], &pair.value, err));
  }
  WI_TRY(wi_field_init(out, fn, NANOARROW_TYPE_STRING, nullable, err));
  weir_status status = wi_field_metadata(out, &pair, 1, err);
  if (status != WEIR_OK) {
    wi_field_drop(out);
  }
  return status;
}

static bool any_nullable(size_t n, const struct ArrowSchema *const *args) {
  for (size_t i = 0; i < n; i++) {
    if (wi_arg_nullable(args[i])) {
      return true;
    }
  }
  return false;
}

weir_status wi_field_plain(const wi_fn *fn, size_t n,
                           const struct ArrowSchema *const *args, enum ArrowType type,
                           struct ArrowSchema *out, weir_error *err) {
  memset(out, 0, sizeof *out);
  WI_TRY(wi_args_check(fn, n, args, err));
  return wi_field_init(out, fn, type, any_nullable(n, args), err);
}

weir_status wi_field_hash64(const wi_fn *fn, size_t n,
                            const struct ArrowSchema *const *args,
                            const struct ArrowArray *const *literals,
                            struct ArrowSchema *out, weir_error *err) {
  (void)literals;
  return wi_field_plain(fn, n, args, NANOARROW_TYPE_INT64, out, err);
}

weir_status wi_field_hash128(const wi_fn *fn, size_t n,
                             const struct ArrowSchema *const *args,
                             const struct ArrowArray *const *literals,
                             struct ArrowSchema *out, weir_error *err) {
  (void)literals;
  return wi_field_plain(fn, n, args, NANOARROW_TYPE_STRING, out, err);
}

weir_status wi_field_prefixed(const wi_fn *fn, size_t n,
                              const struct ArrowSchema *const *args,
                              const struct ArrowArray *const *literals,
                              struct ArrowSchema *out, weir_error *err) {
  (void)literals;
  return wi_field_plain(fn, n, args, NANOARROW_TYPE_STRING, out, err);
}

weir_status wi_field_stable_id(const wi_fn *fn, size_t n,
                               const struct ArrowSchema *const *args,
                               const struct ArrowArray *const *literals,
                               struct ArrowSchema *out, weir_error *err) {
  memset(out, 0, sizeof *out);
  WI_TRY(wi_args_check(fn, n, args, err));
  return wi_id_field(out, fn, any_nullable(n, args), args, literals, err);
}

/* ---- kernels ---- */

weir_status wi_run_hash64(const wi_fn *fn, size_t n, const wi_fn_arg *args, int64_t rows,
                          struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  wi_valid valid;
  wi_hasher hasher;
  void *data = NULL;
  memset(out, 0, sizeof *out);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, 1, err));
  WI_CHECK(wi_valid_init(&valid, cols.items, 1, rows, err));
  WI_CHECK(wi_out_fixed(out, NANOARROW_TYPE_INT64, rows * 8, &data, err));
  wi_hasher_init(&hasher, 8);
  int64_t *values = data;
  for (int64_t i = 0; i < rows; i++) {
    if (wi_valid_at(&valid, i)) {
      wi_str value = wi_col_text(&cols.items[0], i);
      values[i] = wi_hash64(&hasher, value.p, value.n);
    }
  }
  wi_out_seal(out, rows, &valid);
  WI_CHECK(wi_out_finish(out, err));
done:
  wi_valid_release(&valid);
  wi_cols_close(&cols);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

/* The hash of the last argument; with_prefix: the first goes before it. */
static weir_status run_text_ids(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                                bool with_prefix, wi_id_form form, int64_t rows,
                                struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  wi_valid valid;
  wi_ids ids;
  size_t used = with_prefix ? 2 : 1;
  memset(out, 0, sizeof *out);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, used, err));
  WI_CHECK(wi_valid_init(&valid, cols.items, used, rows, err));
  const wi_col *value = &cols.items[used - 1];
  WI_CHECK(wi_ids_init(&ids, out, fn, form, with_prefix ? &cols.items[0] : NULL, rows,
                       &valid, err));
  for (int64_t i = 0; i < rows; i++) {
    if (wi_valid_at(&valid, i)) {
      wi_str text = wi_col_text(value, i);
      wi_ids_put(&ids, i, text.p, text.n);
    } else {
      wi_ids_skip(&ids, i);
    }
  }
  WI_CHECK(wi_ids_finish(&ids, out, rows, &valid, err));
done:
  wi_valid_release(&valid);
  wi_cols_close(&cols);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

weir_status wi_run_hash128(const wi_fn *fn, size_t n, const wi_fn_arg *args, int64_t rows,
                           struct ArrowArray *out, weir_error *err) {
  return run_text_ids(fn, n, args, false, WI_ID_HEX, rows, out, err);
}

weir_status wi_run_prefixed(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                            int64_t rows, struct ArrowArray *out, weir_error *err) {
  return run_text_ids(fn, n, args, true, WI_ID_DECIMAL, rows, out, err);
}

weir_status wi_run_stable_id(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                             int64_t rows, struct ArrowArray *out, weir_error *err) {
  return run_text_ids(fn, n, args, true, WI_ID_HEX, rows, out, err);
}
