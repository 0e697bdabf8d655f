/* Values as arrays, tidy or odd, in buffers of exactly the size they need. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/values.h"

typedef struct owner {
  size_t n;
  void *buffers[16]; /* the longest: views with their data buffers */
} owner;

static void must(int rc) {
  if (rc != 0) {
    fprintf(stderr, "test input: nanoarrow says %d\n", rc);
    abort();
  }
}

static void release(struct ArrowArray *a) {
  owner *o = a->private_data;
  for (size_t i = 0; i < o->n; i++) {
    free(o->buffers[i]);
  }
  for (int64_t i = 0; i < a->n_children; i++) {
    if (a->children[i]->release != NULL) {
      a->children[i]->release(a->children[i]);
    }
    free(a->children[i]);
  }
  free(a->children);
  free(a->buffers);
  free(o);
  a->release = NULL;
}

static void *exact(size_t bytes) {
  void *p = malloc(bytes); /* not one byte more, not even for none */
  if (p == NULL && bytes > 0) {
    abort();
  }
  return p;
}

/* ---- what is written, and how ---- */

typedef struct writer {
  wv_rng *rng;
  wv_style style;
  wv_arena junk; /* values that no row is to show */
} writer;

static void begin(struct ArrowArray *out, int64_t length, int64_t offset) {
  memset(out, 0, sizeof *out);
  owner *o = calloc(1, sizeof *o);
  out->buffers = calloc(16, sizeof(void *));
  if (o == NULL || out->buffers == NULL) {
    abort();
  }
  out->private_data = o;
  out->release = release;
  out->length = length;
  out->offset = offset;
}

static void add_buffer(struct ArrowArray *out, void *p) {
  owner *o = out->private_data;
  o->buffers[o->n++] = p;
  out->buffers[out->n_buffers++] = p;
}

static void write_any(writer *w, const wv_type *type, wv_val *const *values, int64_t n,
                      struct ArrowArray *out);

static void add_children(writer *w, struct ArrowArray *out, int64_t n) {
  (void)w;
  out->n_children = n;
  out->children = calloc((size_t)n, sizeof(void *));
  for (int64_t i = 0; i < n; i++) {
    out->children[i] = calloc(1, sizeof(struct ArrowArray));
    if (out->children[i] == NULL) {
      abort();
    }
  }
}

/* The values with rows around them that do not belong to the array. */
typedef struct rows {
  wv_val **values;
  int64_t n, before, all; /* all: with those before and after */
} rows;

static rows padded(writer *w, const wv_type *type, wv_val *const *values, int64_t n) {
  rows r = {NULL, n, 0, n};
  if (w->style.padded) {
    r.before = wv_below(w->rng, 20);
    r.all = r.before + n + wv_below(w->rng, 3);
  }
  r.values = wv_alloc(&w->junk, (size_t)(r.all + 1) * sizeof(wv_val *));
  for (int64_t i = 0; i < r.all; i++) {
    bool inside = i >= r.before && i < r.before + n;
    r.values[i] = inside ? values[i - r.before] : wv_random(&w->junk, w->rng, type, 3);
  }
  return r;
}

/* What stands in memory for a value: for a null of an odd array, anything. */
static const wv_val *stored(writer *w, const wv_type *type, const wv_val *v) {
  static const char no_text[] = "\xFF\xFE no text at all, of a view's length";
  if (!v->null) {
    return v;
  }
  if (!w->style.odd) {
    wv_val *empty = wv_alloc(&w->junk, sizeof(*empty));
    empty->p = "";
    return empty;
  }
  wv_val *junk = wv_random(&w->junk, w->rng, type, 0);
  if (type->type == NANOARROW_TYPE_STRING) {
    junk->p = no_text;
    junk->n = wv_one_in(w->rng, 2) ? 2 : sizeof no_text - 1;
  }
  return junk;
}

static void add_validity(writer *w, const wv_type *type, const rows *r,
                         struct ArrowArray *out) {
  int64_t nulls = 0;
  size_t bytes = (size_t)(r->all + 7) / 8;
  uint8_t *bits = exact(bytes);
  memset(bits, w->style.odd ? 0xFF : 0, bytes);
  for (int64_t i = 0; i < r->all; i++) {
    bool inside = i >= r->before && i < r->before + r->n;
    nulls += inside && r->values[i]->null ? 1 : 0;
    ArrowBitSetTo(bits, i, r->values[i]->null ? 0 : 1);
  }
  out->null_count = nulls;
  if (nulls == 0 && (!type->nullable || wv_one_in(w->rng, 2))) {
    free(bits);
    bits = NULL;
  } else if (wv_one_in(w->rng, 3)) {
    out->null_count = -1;
  }
  add_buffer(out, bits);
}

/* ---- flat values ---- */

static size_t width_of(enum ArrowType type) {
  switch ((int)type) {
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_UINT8:
      return 1;
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_UINT16:
      return 2;
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_UINT32:
    case NANOARROW_TYPE_FLOAT:
    case NANOARROW_TYPE_DATE32:
      return 4;
    case NANOARROW_TYPE_DECIMAL128:
      return 16;
    default:
      return 8;
  }
}

static void put_fixed(uint8_t *at, enum ArrowType type, size_t width, const wv_val *v) {
  int64_t halves[2] = {v->i,
                       v->i < 0 ? -1 : 0}; /* little-endian, as Arrow data is here */
  if (type == NANOARROW_TYPE_DOUBLE) {
    memcpy(at, &v->f, 8);
  } else if (type == NANOARROW_TYPE_FLOAT) {
    float f = (float)v->f;
    memcpy(at, &f, 4);
  } else {
    memcpy(at, halves, width);
  }
}

static void write_fixed(writer *w, const wv_type *type, const rows *r,
                        struct ArrowArray *out) {
  size_t width = width_of(type->type);
  uint8_t *data = exact((size_t)r->all * width);
  for (int64_t i = 0; i < r->all; i++) {
    put_fixed(data + (size_t)i * width, type->type, width, stored(w, type, r->values[i]));
  }
  add_buffer(out, data);
}

static void write_bools(writer *w, const wv_type *type, const rows *r,
                        struct ArrowArray *out) {
  size_t bytes = (size_t)(r->all + 7) / 8;
  uint8_t *bits = exact(bytes);
  memset(bits, w->style.odd ? 0xFF : 0, bytes);
  for (int64_t i = 0; i < r->all; i++) {
    ArrowBitSetTo(bits, i, stored(w, type, r->values[i])->i != 0);
  }
  add_buffer(out, bits);
}

/* Cuts a text in the middle of a character, or spoils a byte of it. */
static void spoil(writer *w, char *p, size_t *n) {
  static const char cut[] = {'\xC3', '\xE2', '\xF0', '\xF4', '\xED', '\x80', '\xFF'};
  if (*n == 0 || wv_one_in(w->rng, 3)) {
    return;
  }
  p[wv_one_in(w->rng, 2) ? *n - 1 : wv_below(w->rng, (uint32_t)*n)] =
      cut[wv_below(w->rng, sizeof cut)];
}

static void put_offset(void *offsets, bool large, int64_t i, size_t at) {
  if (large) {
    ((int64_t *)offsets)[i] = (int64_t)at;
  } else {
    ((int32_t *)offsets)[i] = (int32_t)at;
  }
}

static void write_texts(writer *w, const wv_type *type, const rows *r,
                        struct ArrowArray *out) {
  bool large =
      type->type == NANOARROW_TYPE_STRING && w->style.text == NANOARROW_TYPE_LARGE_STRING;
  bool spoilt = type->type == NANOARROW_TYPE_STRING && w->style.broken;
  const wv_val **all = wv_alloc(&w->junk, (size_t)(r->all + 1) * sizeof(*all));
  size_t at = w->style.odd ? wv_below(w->rng, 50) : 0, bytes = at;
  for (int64_t i = 0; i < r->all; i++) {
    all[i] = stored(w, type, r->values[i]);
    bytes += all[i]->n;
  }
  void *offsets = exact((size_t)(r->all + 1) * (large ? 8 : 4));
  char *data = exact(bytes);
  memset(data, 0xFF, bytes);
  put_offset(offsets, large, 0, at);
  for (int64_t i = 0; i < r->all; i++) {
    size_t n = all[i]->n;
    memcpy(data + at, all[i]->p, n);
    if (spoilt) {
      spoil(w, data + at, &n);
    }
    at += n;
    put_offset(offsets, large, i + 1, at);
  }
  if (bytes == 0 && w->style.odd) {
    free(data);
    data = NULL;
  }
  add_buffer(out, offsets);
  add_buffer(out, data);
}

#define VIEW_BUFFERS 8
static void write_views(writer *w, const wv_type *type, const rows *r,
                        struct ArrowArray *out) {
  uint8_t *views = exact((size_t)r->all * 16);
  uint32_t n_data = w->style.odd ? 1 + wv_below(w->rng, VIEW_BUFFERS) : 1;
  char *data[VIEW_BUFFERS];
  int64_t *sizes = exact(n_data * sizeof(int64_t));
  const wv_val **all = wv_alloc(&w->junk, (size_t)(r->all + 1) * sizeof(*all));
  uint32_t *home = wv_alloc(&w->junk, (size_t)(r->all + 1) * sizeof(*home));
  size_t at[VIEW_BUFFERS] = {0}, need[VIEW_BUFFERS] = {0};
  for (int64_t i = 0; i < r->all; i++) {
    all[i] = stored(w, type, r->values[i]);
    home[i] = wv_below(w->rng, n_data);
    need[home[i]] += all[i]->n > 12 ? all[i]->n : 0;
  }
  for (uint32_t k = 0; k < n_data; k++) {
    data[k] = exact(need[k]);
    sizes[k] = (int64_t)need[k];
  }
  for (int64_t i = 0; i < r->all; i++) {
    uint8_t *view = views + i * 16;
    size_t n = all[i]->n;
    char *text = wv_alloc(&w->junk, n + 4);
    memcpy(text, all[i]->p, n);
    if (w->style.broken) {
      spoil(w, text, &n);
    }
    int32_t length = (int32_t)n, where = (int32_t)home[i], from = (int32_t)at[home[i]];
    memset(view, 0, 16);
    memcpy(view, &length, 4);
    memcpy(view + 4, text, n <= 12 ? n : 4);
    if (n > 12) {
      memcpy(view + 8, &where, 4);
      memcpy(view + 12, &from, 4);
      memcpy(data[home[i]] + from, text, n);
      at[home[i]] += n;
    }
  }
  add_buffer(out, views);
  for (uint32_t k = 0; k < n_data; k++) {
    add_buffer(out, data[k]);
  }
  add_buffer(out, sizes);
}

/* ---- nested values ---- */

/* Lists and maps: offsets, and one child (a map's entries are a struct of two). */
static void write_lists(writer *w, const wv_type *type, const rows *r,
                        struct ArrowArray *out) {
  bool map = type->type == NANOARROW_TYPE_MAP;
  const wv_val **all = wv_alloc(&w->junk, (size_t)(r->all + 1) * sizeof(*all));
  size_t first = w->style.odd ? wv_below(w->rng, 4) : 0, n = first;
  for (int64_t i = 0; i < r->all; i++) {
    all[i] = stored(w, type, r->values[i]);
    n += all[i]->n;
  }
  int32_t *offsets = exact((size_t)(r->all + 1) * sizeof(*offsets));
  wv_val **items[2];
  for (int k = 0; k < 2; k++) {
    items[k] = wv_alloc(&w->junk, (n + 1) * sizeof(wv_val *));
    for (size_t i = 0; i < first; i++) {
      items[k][i] = wv_random(&w->junk, w->rng, type->children[map ? k : 0], 0);
    }
  }
  size_t at = first;
  offsets[0] = (int32_t)at;
  for (int64_t i = 0; i < r->all; i++) {
    for (size_t j = 0; j < all[i]->n; j++) {
      items[0][at + j] = all[i]->items[j];
      items[1][at + j] = map ? all[i]->items[all[i]->n + j] : NULL;
    }
    at += all[i]->n;
    offsets[i + 1] = (int32_t)at;
  }
  add_buffer(out, offsets);
  add_children(w, out, 1);
  if (!map) {
    write_any(w, type->children[0], items[0], (int64_t)n, out->children[0]);
    return;
  }
  begin(out->children[0], (int64_t)n, 0);
  add_buffer(out->children[0], NULL);
  add_children(w, out->children[0], 2);
  for (int k = 0; k < 2; k++) {
    write_any(w, type->children[k], items[k], (int64_t)n, out->children[0]->children[k]);
  }
}

static void write_struct(writer *w, const wv_type *type, const rows *r,
                         struct ArrowArray *out) {
  wv_val **column = wv_alloc(&w->junk, (size_t)(r->all + 1) * sizeof(*column));
  add_children(w, out, type->n_children);
  for (int c = 0; c < type->n_children; c++) {
    for (int64_t i = 0; i < r->all; i++) {
      const wv_val *v = stored(w, type, r->values[i]);
      bool bare = v->items == NULL; /* a null of a tidy array */
      column[i] = !bare ? v->items[c]
                  : type->children[c]->nullable
                      ? wv_null(&w->junk)
                      : wv_random(&w->junk, w->rng, type->children[c], 0);
    }
    write_any(w, type->children[c], column, r->all, out->children[c]);
  }
}

static void write_any(writer *w, const wv_type *type, wv_val *const *values, int64_t n,
                      struct ArrowArray *out) {
  rows r = padded(w, type, values, n);
  begin(out, n, r.before);
  if (type->type == NANOARROW_TYPE_NA) {
    out->null_count = n;
    return;
  }
  add_validity(w, type, &r, out);
  switch ((int)type->type) {
    case NANOARROW_TYPE_BOOL:
      write_bools(w, type, &r, out);
      break;
    case NANOARROW_TYPE_STRING:
      if (w->style.text == NANOARROW_TYPE_STRING_VIEW) {
        write_views(w, type, &r, out);
        break;
      }
      write_texts(w, type, &r, out);
      break;
    case NANOARROW_TYPE_BINARY:
      write_texts(w, type, &r, out);
      break;
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_MAP:
      write_lists(w, type, &r, out);
      break;
    case NANOARROW_TYPE_STRUCT:
      write_struct(w, type, &r, out);
      break;
    default:
      write_fixed(w, type, &r, out);
  }
}

void wv_write(wv_rng *r, const wv_type *type, wv_val *const *values, int64_t n,
              const wv_style *style, struct ArrowArray *out) {
  writer w = {.rng = r, .style = *style};
  write_any(&w, type, values, n, out);
  wv_arena_free(&w.junk);
}

wv_style wv_random_style(wv_rng *r, bool odd) {
  static const enum ArrowType layouts[] = {
      NANOARROW_TYPE_STRING, NANOARROW_TYPE_LARGE_STRING, NANOARROW_TYPE_STRING_VIEW};
  return (wv_style){.text = layouts[wv_below(r, 3)],
                    .padded = wv_below(r, 3) > 0,
                    .odd = odd,
                    .broken = false};
}

/* ---- schemas ---- */

static void set_type(struct ArrowSchema *s, const wv_type *type, enum ArrowType text) {
  switch ((int)type->type) {
    case NANOARROW_TYPE_STRING:
      must(ArrowSchemaSetType(s, text));
      break;
    case NANOARROW_TYPE_TIMESTAMP:
      must(ArrowSchemaSetTypeDateTime(s, NANOARROW_TYPE_TIMESTAMP,
                                      NANOARROW_TIME_UNIT_MICRO, NULL));
      break;
    case NANOARROW_TYPE_DECIMAL128:
      must(ArrowSchemaSetTypeDecimal(s, NANOARROW_TYPE_DECIMAL128, 20, 3));
      break;
    case NANOARROW_TYPE_STRUCT:
      must(ArrowSchemaSetTypeStruct(s, type->n_children));
      break;
    default:
      must(ArrowSchemaSetType(s, type->type));
  }
}

static void fill_schema(struct ArrowSchema *s, const wv_type *type, enum ArrowType text) {
  set_type(s, type, text);
  must(ArrowSchemaSetName(s, type->name));
  s->flags = type->nullable ? ARROW_FLAG_NULLABLE : 0;
  struct ArrowSchema *parent = s;
  if (type->type == NANOARROW_TYPE_MAP) {
    parent = s->children[0];
    parent->flags = 0;
  }
  for (int i = 0; i < type->n_children; i++) {
    struct ArrowSchema *child = parent->children[i];
    if (child->release != NULL) {
      child->release(child);
    }
    ArrowSchemaInit(child);
    fill_schema(child, type->children[i], text);
  }
}

void wv_schema(const wv_type *type, enum ArrowType text, struct ArrowSchema *out) {
  ArrowSchemaInit(out);
  fill_schema(out, type, text);
}
