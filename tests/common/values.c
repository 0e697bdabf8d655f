/* Types and values: where randomness is. */
#include "common/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t wv_next(wv_rng *r) { /* xorshift* */
  r->state ^= r->state >> 12;
  r->state ^= r->state << 25;
  r->state ^= r->state >> 27;
  return r->state * 0x2545F4914F6CDD1DU;
}

uint32_t wv_below(wv_rng *r, uint32_t n) {
  return (uint32_t)((wv_next(r) >> 33) % n);
}

/* ---- memory ---- */

struct wv_piece {
  struct wv_piece *before;
  max_align_t data[];
};

void *wv_alloc(wv_arena *a, size_t bytes) {
  struct wv_piece *p = calloc(1, sizeof(*p) + bytes);
  if (p == NULL) {
    abort();
  }
  p->before = a->last;
  a->last = p;
  return p->data;
}

void wv_arena_free(wv_arena *a) {
  while (a->last != NULL) {
    struct wv_piece *p = a->last;
    a->last = p->before;
    free(p);
  }
}

/* ---- types ---- */

wv_type *wv_of(wv_arena *a, enum ArrowType type) {
  wv_type *t = wv_alloc(a, sizeof(*t));
  t->type = type;
  t->nullable = true;
  t->name = "c";
  return t;
}

wv_type *wv_list_of(wv_arena *a, wv_type *item) {
  wv_type *t = wv_of(a, NANOARROW_TYPE_LIST);
  t->n_children = 1;
  t->children[0] = item;
  item->name = "item";
  return t;
}

wv_type *wv_map_of(wv_arena *a, wv_type *key, wv_type *value) {
  wv_type *t = wv_of(a, NANOARROW_TYPE_MAP);
  t->n_children = 2;
  t->children[0] = key;
  t->children[1] = value;
  key->nullable = false;
  key->name = "keys";
  value->name = "values";
  return t;
}

wv_type *wv_struct_of(wv_arena *a, int n, const char *const *names,
                      wv_type *const *types) {
  wv_type *t = wv_of(a, NANOARROW_TYPE_STRUCT);
  t->n_children = n;
  for (int i = 0; i < n; i++) {
    t->children[i] = types[i];
    t->children[i]->name = names[i];
  }
  return t;
}

wv_type *wv_span(wv_arena *a) {
  static const char *const names[] = {"bstart", "bend", "line_base", "col_unit",
                                      "end_exclusive"};
  wv_type *types[] = {wv_of(a, NANOARROW_TYPE_INT64), wv_of(a, NANOARROW_TYPE_INT64),
                      wv_of(a, NANOARROW_TYPE_INT32), wv_of(a, NANOARROW_TYPE_STRING),
                      wv_of(a, NANOARROW_TYPE_BOOL)};
  return wv_struct_of(a, 5, names, types);
}

wv_type *wv_random_flat(wv_arena *a, wv_rng *r) {
  static const enum ArrowType flat[] = {
      NANOARROW_TYPE_STRING,   NANOARROW_TYPE_STRING, NANOARROW_TYPE_STRING,
      NANOARROW_TYPE_INT64,    NANOARROW_TYPE_INT64,  NANOARROW_TYPE_INT32,
      NANOARROW_TYPE_INT16,    NANOARROW_TYPE_INT8,   NANOARROW_TYPE_UINT64,
      NANOARROW_TYPE_UINT32,   NANOARROW_TYPE_UINT8,  NANOARROW_TYPE_BOOL,
      NANOARROW_TYPE_DOUBLE,   NANOARROW_TYPE_DOUBLE, NANOARROW_TYPE_FLOAT,
      NANOARROW_TYPE_DATE32,   NANOARROW_TYPE_BINARY, NANOARROW_TYPE_DECIMAL128,
      NANOARROW_TYPE_TIMESTAMP};
  wv_type *t = wv_of(a, flat[wv_below(r, sizeof flat / sizeof flat[0])]);
  t->nullable = !wv_one_in(r, 4);
  return t;
}

wv_type *wv_random_struct(wv_arena *a, wv_rng *r, int depth) {
  static const char *const names[] = {"a", "b", "Name", "x y", "\xC3\xA9"};
  wv_type *types[5];
  int n = 1 + (int)wv_below(r, 5);
  for (int i = 0; i < n; i++) {
    types[i] = wv_random_type(a, r, depth - 1);
  }
  return wv_struct_of(a, n, names, types);
}

wv_type *wv_random_type(wv_arena *a, wv_rng *r, int depth) {
  if (depth <= 0 || wv_below(r, 5) < 3) {
    return wv_random_flat(a, r);
  }
  wv_type *t;
  switch (wv_below(r, 3)) {
    case 0:
      t = wv_list_of(a, wv_random_type(a, r, depth - 1));
      break;
    case 1:
      t = wv_map_of(a, wv_of(a, NANOARROW_TYPE_STRING), wv_random_type(a, r, depth - 1));
      break;
    default:
      t = wv_random_struct(a, r, depth);
  }
  t->nullable = !wv_one_in(r, 4);
  return t;
}

/* ---- values ---- */

wv_val *wv_null(wv_arena *a) {
  wv_val *v = wv_alloc(a, sizeof(*v));
  v->null = true;
  return v;
}

static wv_val *bytes_val(wv_arena *a, const char *p, size_t n) {
  wv_val *v = wv_alloc(a, sizeof(*v));
  char *copy = wv_alloc(a, n + 1);
  memcpy(copy, p, n);
  v->p = copy;
  v->n = n;
  return v;
}

wv_val *wv_text(wv_arena *a, const char *text) {
  return bytes_val(a, text, strlen(text));
}

static wv_val *random_text(wv_arena *a, wv_rng *r) {
  static const char *const known[] = {"",
                                      " ",
                                      "a",
                                      "b",
                                      "B",
                                      "alpha",
                                      "__NULL__",
                                      "insert",
                                      "utf8",
                                      "UTF-16",
                                      "\t",
                                      "byte",
                                      "node",
                                      "1",
                                      "true",
                                      "update_postimage",
                                      "mod.",
                                      "x.y",
                                      "3",
                                      "\xE2\x80\x83",
                                      "delete",
                                      "Stra\xC3\x9F"
                                      "e",
                                      "span"};
  static const char *const pieces[] = {"a",
                                       "Z",
                                       " ",
                                       "\xC3\xA9",          /* e acute */
                                       "\xEF\xAC\x81",      /* the ligature fi */
                                       "e\xCC\x81\xCC\xA7", /* e, acute, cedilla */
                                       "\xF0\x9F\x98\x80",  /* astral */
                                       "\xC4\xB0",          /* I with a dot */
                                       "\xEA\xB0\x81",      /* Hangul */
                                       "\xE2\x80\x89",      /* thin space */
                                       "\r\n",
                                       ".",
                                       "\x1F",
                                       "0123456789"};
  if (wv_one_in(r, 2)) {
    return wv_text(a, known[wv_below(r, sizeof known / sizeof known[0])]);
  }
  char text[4096];
  uint32_t n = wv_one_in(r, 40) ? 200 + wv_below(r, 200) : wv_below(r, 9);
  size_t at = 0;
  for (uint32_t i = 0; i < n; i++) {
    const char *piece = pieces[wv_below(r, sizeof pieces / sizeof pieces[0])];
    memcpy(text + at, piece, strlen(piece));
    at += strlen(piece);
  }
  return bytes_val(a, text, at);
}

static int64_t random_int(wv_rng *r, int bits, bool is_signed) {
  uint64_t v = wv_next(r);
  switch (wv_below(r, 4)) {
    case 0: /* the ends */
      v = wv_one_in(r, 2) ? 1ULL << (bits - 1) : (1ULL << (bits - 1)) - 1;
      break;
    case 1:
      break;
    default:
      v = is_signed && wv_one_in(r, 6) ? (uint64_t)-(int64_t)wv_below(r, 20)
                                       : wv_below(r, 20);
  }
  int shift = 64 - bits;
  return is_signed ? (int64_t)(v << shift) >> shift : (int64_t)((v << shift) >> shift);
}

static double random_float(wv_rng *r) {
  static const double known[] = {0.0,  -0.0,   1.0,   -1.5, 0.1,      1e300, -1e300,
                                 1e16, 5e-324, 1e-16, 3.0,  2.5e-308, 1e17};
  uint32_t k = wv_below(r, 24);
  if (k < 13) {
    return known[k];
  }
  return k == 13   ? (double)NAN
         : k == 14 ? (double)INFINITY
         : k == 15 ? -(double)INFINITY
                   : (double)(int64_t)(wv_next(r) >> 20) * 0x1p-30;
}

static wv_val *random_items(wv_arena *a, wv_rng *r, const wv_type *type, wv_val *v,
                            uint32_t one_null_in) {
  bool is_struct = type->type == NANOARROW_TYPE_STRUCT;
  bool is_map = type->type == NANOARROW_TYPE_MAP;
  size_t n = is_struct          ? (size_t)type->n_children
             : wv_one_in(r, 30) ? wv_below(r, 60)
                                : wv_below(r, 5);
  v->n = n;
  v->items = wv_alloc(a, (n * (is_map ? 2 : 1) + 1) * sizeof(wv_val *));
  for (size_t i = 0; i < n; i++) {
    if (is_map) { /* keys, then values */
      v->items[i] = wv_random(a, r, type->children[0], 0);
      v->items[n + i] = wv_random(a, r, type->children[1], one_null_in);
    } else {
      v->items[i] = wv_random(a, r, type->children[is_struct ? (int)i : 0], one_null_in);
    }
  }
  return v;
}

/* Maps of the engine have different keys. */
static void drop_equal_keys(wv_val *v) {
  size_t kept = 0, n = v->n;
  for (size_t i = 0; i < n; i++) {
    bool seen = false;
    for (size_t j = 0; j < kept && !seen; j++) {
      const wv_val *x = v->items[i], *y = v->items[j];
      seen = x->n == y->n && x->i == y->i && memcmp(x->p, y->p, x->n) == 0;
    }
    if (!seen) {
      v->items[kept] = v->items[i];
      v->items[n + kept] = v->items[n + i];
      kept++;
    }
  }
  memmove(v->items + kept, v->items + n, kept * sizeof(wv_val *));
  v->n = kept;
}

static int bits_of(enum ArrowType type) {
  switch ((int)type) {
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_UINT8:
      return 8;
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_UINT16:
      return 16;
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_UINT32:
      return 32;
    default:
      return 64;
  }
}

wv_val *wv_random(wv_arena *a, wv_rng *r, const wv_type *type, uint32_t one_null_in) {
  if (type->type == NANOARROW_TYPE_NA ||
      (type->nullable && one_null_in > 0 && wv_one_in(r, one_null_in))) {
    return wv_null(a);
  }
  wv_val *v = wv_alloc(a, sizeof(*v));
  v->p = "";
  switch ((int)type->type) {
    case NANOARROW_TYPE_STRING:
      return random_text(a, r);
    case NANOARROW_TYPE_BINARY: {
      uint8_t raw[16];
      for (size_t i = 0; i < sizeof raw; i++) {
        raw[i] = (uint8_t)wv_next(r);
      }
      return bytes_val(a, (const char *)raw, wv_below(r, sizeof raw));
    }
    case NANOARROW_TYPE_BOOL:
      v->i = wv_below(r, 2);
      return v;
    case NANOARROW_TYPE_DOUBLE:
      v->f = random_float(r);
      return v;
    case NANOARROW_TYPE_FLOAT:
      v->f = (double)(float)random_float(r);
      return v;
    case NANOARROW_TYPE_DATE32: /* what a calendar has */
      v->i = (int64_t)wv_below(r, 100000) - 30000;
      return v;
    case NANOARROW_TYPE_TIMESTAMP:
      v->i = (int64_t)(wv_next(r) >> 12) - ((int64_t)1 << 50);
      return v;
    case NANOARROW_TYPE_DECIMAL128:
      v->i = random_int(r, 48, true);
      return v;
    case NANOARROW_TYPE_UINT8:
    case NANOARROW_TYPE_UINT16:
    case NANOARROW_TYPE_UINT32:
    case NANOARROW_TYPE_UINT64:
      v->i = random_int(r, bits_of(type->type), false);
      return v;
    case NANOARROW_TYPE_MAP:
      random_items(a, r, type, v, one_null_in);
      drop_equal_keys(v);
      return v;
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_STRUCT:
      return random_items(a, r, type, v, one_null_in);
    default:
      v->i = random_int(r, bits_of(type->type), true);
      return v;
  }
}
