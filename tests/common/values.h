/* Random columns for tests of kernels: values first, as plain trees, and arrays from them in
 * any layout. So the same values can be given as Utf8 or Utf8View, whole or as a slice, with
 * tidy or with odd memory, and results can be compared as text.
 *
 * Every buffer of a written array has exactly the size that its length needs, so that
 * AddressSanitizer sees a read outside. */
#ifndef TESTS_COMMON_VALUES_H
#define TESTS_COMMON_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nanoarrow/nanoarrow.h"

/* ---- randomness: the same on every machine ---- */
typedef struct wv_rng {
  uint64_t state;
} wv_rng;
uint64_t wv_next(wv_rng *r);
uint32_t wv_below(wv_rng *r, uint32_t n);
static inline bool wv_one_in(wv_rng *r, uint32_t n) {
  return wv_below(r, n) == 0;
}

/* ---- memory of one round of a test ---- */
typedef struct wv_arena {
  struct wv_piece *last;
} wv_arena;
void *wv_alloc(wv_arena *a, size_t bytes); /* zeroed; aborts without memory */
void wv_arena_free(wv_arena *a);

/* ---- types ---- */
#define WV_CHILDREN 6
typedef struct wv_type {
  enum ArrowType type; /* NANOARROW_TYPE_STRING stands for all three layouts */
  bool nullable;
  const char *name;
  int n_children; /* a list has one, a map two: key and value */
  struct wv_type *children[WV_CHILDREN];
} wv_type;
wv_type *wv_of(wv_arena *a, enum ArrowType type);
wv_type *wv_list_of(wv_arena *a, wv_type *item);
wv_type *wv_map_of(wv_arena *a, wv_type *key, wv_type *value);
/* Names are kept, not copied. */
wv_type *wv_struct_of(wv_arena *a, int n, const char *const *names,
                      wv_type *const *types);
wv_type *wv_span(wv_arena *a);
/* flat: neither list, struct nor map. depth: how far nesting may go. */
wv_type *wv_random_flat(wv_arena *a, wv_rng *r);
wv_type *wv_random_type(wv_arena *a, wv_rng *r, int depth);
wv_type *wv_random_struct(wv_arena *a, wv_rng *r, int depth);

/* ---- values ---- */
typedef struct wv_val wv_val;
struct wv_val {
  bool null;
  int64_t i; /* integers, booleans, dates; the low half of a decimal */
  double f;
  const char *p; /* texts and binaries */
  size_t n;      /* bytes, or items */
  wv_val **items;
};
/* Texts that are also asked for as keys: a few that repeat, others that do not. */
wv_val *wv_random(wv_arena *a, wv_rng *r, const wv_type *type, uint32_t one_null_in);
wv_val *wv_text(wv_arena *a, const char *text);
wv_val *wv_null(wv_arena *a);

/* ---- arrays ---- */
typedef struct wv_style {
  enum ArrowType text; /* the layout of texts */
  bool padded;         /* rows before the first and after the last: offsets */
  bool
      odd; /* garbage under nulls and in unused bits, texts that are no UTF-8 under nulls,
              first offsets that are not 0, empty buffers as NULL, many view buffers */
  bool broken; /* texts of valid rows are cut and spoilt: no UTF-8 */
} wv_style;
wv_style wv_random_style(wv_rng *r, bool odd);
void wv_schema(const wv_type *type, enum ArrowType text, struct ArrowSchema *out);
/* Rows from..from+n of the values. */
void wv_write(wv_rng *r, const wv_type *type, wv_val *const *values, int64_t n,
              const wv_style *style, struct ArrowArray *out);
/* Of everything that an array says and holds. */
uint64_t wv_fingerprint(const struct ArrowSchema *schema, const struct ArrowArray *array);

/* ---- results ---- */
typedef struct wv_out {
  char *p;
  size_t n, cap;
} wv_out;
void wv_out_free(wv_out *o);
/* A row as text, exact: floats by their bits, whatever layout texts have. */
void wv_show(wv_out *o, const struct ArrowSchema *schema,
             const struct ArrowArrayView *view, int64_t row);
/* All rows, one a line; offsets[i] is where row i begins (n + 1 places), or NULL. */
void wv_show_all(wv_out *o, const struct ArrowSchema *schema,
                 const struct ArrowArray *array, size_t *offsets);
/* Full validation, texts that are UTF-8 (unless `any_bytes`), the stated number of nulls,
 * and no null where the schema says that there is none. NULL if all is well, else what is
 * wrong (kept until the next call). */
const char *wv_check(const struct ArrowSchema *schema, const struct ArrowArray *array,
                     bool any_bytes);

#endif
