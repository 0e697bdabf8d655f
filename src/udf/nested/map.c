/* Maps: one value by its key, and maps of texts in a normal form. */
#include <string.h>

#include "udf/kernel.h"
#include "udf/nested/gather.h"
#include "udf/text/text.h"
#include "udf/text/texts.h"

#define WI_ORIGIN "udf"

static bool is_text(const struct ArrowSchema *schema) {
  return schema->dictionary == NULL &&
         (strcmp(schema->format, "u") == 0 || strcmp(schema->format, "U") == 0 ||
          strcmp(schema->format, "vu") == 0);
}

static bool is_null_type(const struct ArrowSchema *schema) {
  return strcmp(schema->format, "n") == 0;
}

/* ---- map_get_default ---- */

enum { ARG_MAP, ARG_KEY, ARG_DEFAULT, N_GET };

/* Whether values of the two types are laid out in the same way. */
static bool same_layout(const struct ArrowSchema *a, const struct ArrowSchema *b) {
  if (strcmp(a->format, b->format) != 0 || a->n_children != b->n_children ||
      (a->dictionary == NULL) != (b->dictionary == NULL)) {
    return false;
  }
  for (int64_t i = 0; i < a->n_children; i++) {
    if (!same_layout(a->children[i], b->children[i])) {
      return false;
    }
  }
  return true;
}

/* The result's type: that of the map's values, or of the default when the map is NULL. */
static weir_status value_type(const wi_fn *fn, const struct ArrowSchema *map,
                              const struct ArrowSchema *fallback,
                              const struct ArrowSchema **out, weir_error *err) {
  char key_text[160], value_text[160];
  *out = fallback;
  if (is_null_type(map)) {
    return wi_gather_check(fn, fn->params[ARG_DEFAULT].name, fallback, true, err);
  }
  const struct ArrowSchema *key = map->children[0]->children[0];
  *out = map->children[0]->children[1];
  if (!is_text(key)) {
    wi_type_text(key, key_text);
    return WI_ERR(err, WEIR_E_SQL_PLAN, "%s: the keys of the map are %s, not text",
                  fn->name, key_text);
  }
  WI_TRY(wi_gather_check(fn, "values", *out, true, err));
  if (is_null_type(fallback) || same_layout(*out, fallback)) {
    return WEIR_OK;
  }
  wi_type_text(*out, value_text);
  wi_type_text(fallback, key_text);
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, "cast the default: CAST(... AS ...)",
                     "%s: the default is %s, but the map's values are %s", fn->name,
                     key_text, value_text);
}

static weir_status null_key(const wi_fn *fn, weir_error *err) {
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, WI_HINT("write %s", fn->syntax),
                     "%s: %s is to be a literal that is not null", fn->name,
                     fn->params[ARG_KEY].name);
}

static weir_status literal_key(const wi_fn *fn, const struct ArrowSchema *schema,
                               const struct ArrowArray *literal, weir_error *err) {
  wi_col col;
  WI_TRY(wi_literal_open(&col, schema, literal, err));
  bool null = literal->length < 1 || wi_col_null(&col, 0);
  ArrowArrayViewReset(&col.view);
  return null ? null_key(fn, err) : WEIR_OK;
}

weir_status wi_field_map_get(const wi_fn *fn, size_t n,
                             const struct ArrowSchema *const *args,
                             const struct ArrowArray *const *literals,
                             struct ArrowSchema *out, weir_error *err) {
  weir_status status = WEIR_OK;
  const struct ArrowSchema *type = NULL;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_args_check(fn, n, args, err));
  WI_CHECK(wi_literals_check(fn, n, args, literals, err));
  if (is_null_type(args[ARG_KEY])) {
    WI_CHECK(null_key(fn, err));
  }
  if (literals != NULL) {
    WI_CHECK(literal_key(fn, args[ARG_KEY], literals[ARG_KEY], err));
  }
  WI_CHECK(value_type(fn, args[ARG_MAP], args[ARG_DEFAULT], &type, err));
  WI_CHECK(wi_arrow_err(err, ArrowSchemaDeepCopy(type, out), "field"));
  WI_CHECK(wi_arrow_err(err, ArrowSchemaSetName(out, fn->name), "field"));
  out->flags &= ~ARROW_FLAG_NULLABLE;
  out->flags |= wi_arg_nullable(args[ARG_DEFAULT]) ? ARROW_FLAG_NULLABLE : 0;
done:
  if (status != WEIR_OK) {
    wi_field_drop(out);
  }
  return status;
}

/* The row of the first value with the key that is not null; -1: there is none. */
static int64_t find_value(const struct ArrowArrayView *map, int64_t row, wi_str key) {
  const struct ArrowArrayView *entries = map->children[0];
  const struct ArrowArrayView *keys = entries->children[0];
  const struct ArrowArrayView *values = entries->children[1];
  int64_t from, to;
  wi_list_range(map, row, &from, &to);
  for (int64_t k = entries->offset + from; k < entries->offset + to; k++) {
    struct ArrowStringView have = ArrowArrayViewGetStringUnsafe(keys, k);
    if ((size_t)have.size_bytes == key.n &&
        (key.n == 0 || memcmp(have.data, key.p, key.n) == 0) &&
        !ArrowArrayViewIsNull(keys, k) && !ArrowArrayViewIsNull(values, k)) {
      return k;
    }
  }
  return -1;
}

static weir_status get_rows(const wi_cols *cols, int64_t rows, int64_t **out,
                            weir_error *err) {
  const wi_col *map = &cols->items[ARG_MAP], *fallback = &cols->items[ARG_DEFAULT];
  wi_str key = wi_col_text(&cols->items[ARG_KEY], 0);
  bool untyped = fallback->type == NANOARROW_TYPE_NA;
  *out = wi_alloc_array((size_t)rows + 1, sizeof **out);
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (int64_t i = 0; i < rows; i++) {
    int64_t k = wi_col_null(map, i) ? -1 : find_value(&map->view, i * map->step, key);
    (*out)[i] = k >= 0    ? k
                : untyped ? WI_GATHER_NULL
                          : WI_GATHER_SECOND(i * fallback->step);
  }
  return WEIR_OK;
}

weir_status wi_run_map_get(const wi_fn *fn, size_t n, const wi_fn_arg *args, int64_t rows,
                           struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  const struct ArrowSchema *type = NULL;
  int64_t *chosen = NULL;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, N_GET, err));
  WI_CHECK(wi_cols_literal(&cols, fn, n, err));
  if (wi_col_null(&cols.items[ARG_KEY], 0)) {
    WI_CHECK(null_key(fn, err));
  }
  WI_CHECK(value_type(fn, args[ARG_MAP].schema, args[ARG_DEFAULT].schema, &type, err));
  WI_CHECK(get_rows(&cols, rows, &chosen, err));
  WI_CHECK(wi_gather_init(out, type, err));
  const struct ArrowArrayView *map = &cols.items[ARG_MAP].view;
  const struct ArrowArrayView *fallback = &cols.items[ARG_DEFAULT].view;
  bool no_map = cols.items[ARG_MAP].type == NANOARROW_TYPE_NA;
  bool untyped = cols.items[ARG_DEFAULT].type == NANOARROW_TYPE_NA;
  WI_CHECK(wi_gather(out, no_map ? NULL : map->children[0]->children[1],
                     untyped && !no_map ? NULL : fallback, chosen, rows, err));
  WI_CHECK(wi_out_finish(out, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  wi_free(chosen);
  wi_cols_close(&cols);
  return status;
}

/* ---- map_normalize: field ---- */

enum { ARG_KEY_CASE = 1, ARG_SORT, N_NORMALIZE };

static weir_status case_of(const wi_fn *fn, wi_str name, wi_case *out, weir_error *err) {
  static const struct {
    const char *name;
    wi_case to;
  } cases[] = {
      {"lower", WI_CASE_LOWER}, {"upper", WI_CASE_UPPER}, {"none", WI_CASE_NONE}};
  name = wi_trim_white(name);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (strlen(cases[i].name) == name.n &&
        wi_ascii_same_n(cases[i].name, name.p, name.n)) {
      *out = cases[i].to;
      return WEIR_OK;
    }
  }
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, "the cases are lower, upper and none",
                     "%s: there is no key case '%.*s'", fn->name,
                     (int)(name.n > 40 ? 40 : name.n), name.p);
}

/* Map(entries: Struct(keys Utf8 not null, values Utf8)). */
static weir_status text_map_type(struct ArrowSchema *out, const wi_fn *fn, bool nullable,
                                 weir_error *err) {
  WI_TRY(wi_field_init(out, fn, NANOARROW_TYPE_MAP, nullable, err));
  struct ArrowSchema *entries = out->children[0];
  static const char *const names[] = {"keys", "values"};
  entries->flags = 0;
  for (int i = 0; i < 2; i++) {
    struct ArrowSchema *field = entries->children[i];
    WI_TRY(wi_arrow_err(err, ArrowSchemaSetType(field, NANOARROW_TYPE_STRING), "map"));
    WI_TRY(wi_arrow_err(err, ArrowSchemaSetName(field, names[i]), "map"));
    field->flags = i == 0 ? 0 : ARROW_FLAG_NULLABLE;
  }
  return WEIR_OK;
}

static weir_status case_literal(const wi_fn *fn, const struct ArrowSchema *schema,
                                const struct ArrowArray *literal, weir_error *err) {
  wi_col col;
  wi_case to;
  if (literal == NULL || is_null_type(schema)) {
    return WEIR_OK;
  }
  WI_TRY(wi_literal_open(&col, schema, literal, err));
  weir_status status =
      wi_col_null(&col, 0) ? WEIR_OK : case_of(fn, wi_col_text(&col, 0), &to, err);
  ArrowArrayViewReset(&col.view);
  return status;
}

weir_status wi_field_map_normalize(const wi_fn *fn, size_t n,
                                   const struct ArrowSchema *const *args,
                                   const struct ArrowArray *const *literals,
                                   struct ArrowSchema *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_arena arena = WI_ARENA_INIT;
  wi_shape shape;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_args_check(fn, n, args, err));
  WI_CHECK(wi_literals_check(fn, n, args, literals, err));
  if (n > ARG_KEY_CASE && literals != NULL) {
    WI_CHECK(case_literal(fn, args[ARG_KEY_CASE], literals[ARG_KEY_CASE], err));
  }
  status = wi_shape_init(&shape, args[0], &arena, err);
  if (status != WEIR_OK) {
    wi_err_context(err, "%s", fn->name);
    goto done;
  }
  WI_CHECK(text_map_type(out, fn, wi_arg_nullable(args[0]), err));
  WI_CHECK(wi_arrow_err(err, ArrowSchemaSetMetadata(out, args[0]->metadata), "metadata"));
done:
  wi_arena_release(&arena);
  if (status != WEIR_OK) {
    wi_field_drop(out);
  }
  return status;
}

/* ---- map_normalize: kernel ---- */

typedef struct entry {
  size_t at, n; /* of the key's text */
  const char *key;
  int64_t row; /* in the struct of entries' slice */
} entry;

typedef struct normalize_call {
  const wi_col *col;
  const wi_shape *key, *value;
  wi_case to;
  bool sort;
  entry *entries; /* of one map */
  wi_buf keys;    /* their texts */
  wi_text text;
  wi_normal points;
  wi_texts out_keys, out_values;
  wi_valid valid_values;
  int64_t done, room; /* entries written, and how many there can be */
} normalize_call;

/* The text of a value; valid until the next. */
static weir_status text_at(normalize_call *c, const wi_shape *shape,
                           const struct ArrowArrayView *view, int64_t row, wi_str *out,
                           weir_error *err) {
  if (view->dictionary == NULL && (shape->type == NANOARROW_TYPE_STRING ||
                                   shape->type == NANOARROW_TYPE_LARGE_STRING ||
                                   shape->type == NANOARROW_TYPE_STRING_VIEW)) {
    struct ArrowStringView s = ArrowArrayViewGetStringUnsafe(view, row);
    *out = (wi_str){s.data, (size_t)s.size_bytes};
    return WEIR_OK;
  }
  wi_buf_clear(&c->text.out);
  wi_text_value(&c->text, shape, view, row);
  *out = (wi_str){wi_buf_text(&c->text.out), c->text.out.n};
  return wi_text_check(&c->text, err);
}

/* Appends the key in its case to c->keys. */
static weir_status put_key(normalize_call *c, wi_str key, weir_error *err) {
  size_t count = 0;
  bool ascii = wi_is_ascii(key);
  if (!ascii && c->to != WI_CASE_NONE) {
    WI_TRY(wi_points_read(&c->points, key, &count, err));
  }
  size_t room = ascii || c->to == WI_CASE_NONE ? key.n : count * WI_CASE_ROOM;
  if (!wi_buf_reserve(&c->keys, room)) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  char *to = c->keys.p + c->keys.n;
  if (key.n == 0) {
    return WEIR_OK;
  }
  if (c->to == WI_CASE_NONE) {
    memcpy(to, key.p, key.n);
    c->keys.n += key.n;
  } else if (ascii) {
    c->keys.n += wi_case_ascii(key.p, key.n, c->to, false, to);
  } else {
    c->keys.n += wi_case_write(c->points.points, count, c->to, false, to);
  }
  return WEIR_OK;
}

static bool entry_before(const entry *a, const entry *b) {
  int order = wi_str_cmp((wi_str){a->key, a->n}, (wi_str){b->key, b->n});
  return order != 0 ? order < 0 : a->row < b->row;
}

/* Sifting down: no memory of its own, and no bad case. */
static void sift(entry *items, size_t root, size_t n) {
  for (size_t child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && entry_before(&items[child], &items[child + 1])) {
      child++;
    }
    if (!entry_before(&items[root], &items[child])) {
      return;
    }
    entry swap = items[root];
    items[root] = items[child];
    items[child] = swap;
  }
}

static void sort_entries(entry *items, size_t n) {
  for (size_t i = n / 2; i-- > 0;) {
    sift(items, i, n);
  }
  for (size_t i = n; i-- > 1;) {
    entry swap = items[0];
    items[0] = items[i];
    items[i] = swap;
    sift(items, 0, i);
  }
}

static weir_status read_entries(normalize_call *c, int64_t row, size_t *n,
                                weir_error *err) {
  const struct ArrowArrayView *entries = c->col->view.children[0];
  const struct ArrowArrayView *keys = entries->children[0];
  int64_t from, to;
  wi_list_range(&c->col->view, row * c->col->step, &from, &to);
  wi_buf_clear(&c->keys);
  *n = 0;
  for (int64_t k = entries->offset + from; k < entries->offset + to; k++) {
    wi_str key;
    size_t at = c->keys.n;
    if (wi_value_null(c->key, keys, k)) {
      continue;
    }
    WI_TRY(text_at(c, c->key, keys, k, &key, err));
    WI_TRY(put_key(c, key, err));
    c->entries[(*n)++] = (entry){at, c->keys.n - at, NULL, k};
  }
  for (size_t i = 0; i < *n; i++) {
    c->entries[i].key = wi_buf_text(&c->keys) + c->entries[i].at;
  }
  if (c->sort) {
    sort_entries(c->entries, *n);
  }
  return WEIR_OK;
}

static weir_status put_text(wi_texts *t, wi_str s, int64_t row, weir_error *err) {
  char *to = wi_texts_room(t, s.n);
  if (to == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (s.n > 0) {
    memcpy(to, s.p, s.n);
  }
  t->at += s.n;
  wi_texts_end(t, row);
  return WEIR_OK;
}

static weir_status put_entry(normalize_call *c, const entry *e, weir_error *err) {
  const struct ArrowArrayView *values = c->col->view.children[0]->children[1];
  wi_str text = {"", 0};
  WI_TRY(put_text(&c->out_keys, (wi_str){e->key, e->n}, c->done, err));
  if (wi_value_null(c->value, values, e->row)) {
    WI_TRY(wi_valid_unset(&c->valid_values, c->done, c->room, err));
  } else {
    WI_TRY(text_at(c, c->value, values, e->row, &text, err));
  }
  WI_TRY(put_text(&c->out_values, text, c->done, err));
  c->done++;
  return WEIR_OK;
}

static weir_status put_map(normalize_call *c, int64_t row, weir_error *err) {
  size_t n = 0;
  WI_TRY(read_entries(c, row, &n, err));
  for (size_t i = 0; i < n; i++) {
    const entry *e = &c->entries[i], *next = e + 1;
    bool again = c->sort && i + 1 < n && next->n == e->n &&
                 (e->n == 0 || memcmp(next->key, e->key, e->n) == 0);
    if (!again) { /* of equal keys the last one */
      WI_TRY(put_entry(c, e, err));
    }
  }
  return WEIR_OK;
}

/* How many entries there can be, at most, in all and in one map. */
static weir_status entry_room(normalize_call *c, int64_t rows, const wi_valid *valid,
                              weir_error *err) {
  int64_t longest = 0, from, to;
  for (int64_t i = 0; i < rows; i++) {
    if (wi_valid_at(valid, i)) {
      wi_list_range(&c->col->view, i * c->col->step, &from, &to);
      c->room += to - from;
      longest = to - from > longest ? to - from : longest;
    }
  }
  c->entries = wi_alloc_array((size_t)longest + 1, sizeof *c->entries);
  return c->entries == NULL ? wi_err_nomem(err, WI_ORIGIN) : WEIR_OK;
}

static weir_status fill_maps(normalize_call *c, const wi_fn *fn, int64_t rows,
                             const wi_valid *valid, struct ArrowArray *out,
                             weir_error *err) {
  struct ArrowArray *entries = out->children[0];
  struct ArrowBuffer *buffer = ArrowArrayBuffer(out, 1);
  for (int i = 0; i < 2; i++) { /* they were made with the map; made again with room */
    entries->children[i]->release(entries->children[i]);
  }
  WI_TRY(entry_room(c, rows, valid, err));
  WI_TRY(
      wi_texts_init(&c->out_keys, entries->children[0], fn, c->room, c->room * 8, err));
  WI_TRY(
      wi_texts_init(&c->out_values, entries->children[1], fn, c->room, c->room * 8, err));
  WI_TRY(wi_arrow_err(err, ArrowBufferResize(buffer, (rows + 1) * 4, 0), "result"));
  int32_t *offsets = (int32_t *)(void *)buffer->data;
  offsets[0] = 0;
  for (int64_t i = 0; i < rows; i++) {
    if (wi_valid_at(valid, i)) {
      WI_TRY(put_map(c, i, err));
    }
    offsets[i + 1] = (int32_t)c->done; /* fewer than wi_texts_init takes */
  }
  WI_TRY(wi_texts_seal(&c->out_keys, c->done, NULL, err));
  /* Rows that were given room and not used have no bits. */
  c->valid_values.bitmap.size_bits = c->done;
  WI_TRY(wi_texts_seal(&c->out_values, c->done, &c->valid_values, err));
  for (int i = 0; i < 2; i++) {
    ArrowArrayBuffer(entries->children[i], 1)->size_bytes = (c->done + 1) * 4;
  }
  wi_out_seal(entries, c->done, NULL);
  return WEIR_OK;
}

static weir_status normalize_options(normalize_call *c, const wi_fn *fn,
                                     const wi_cols *cols, weir_error *err) {
  const wi_fn_config *config = wi_fn_config_of(fn);
  const wi_col *name = &cols->items[ARG_KEY_CASE], *sort = &cols->items[ARG_SORT];
  c->col = &cols->items[0];
  c->sort =
      wi_col_null(sort, 0) ? config->map_normalize_sort_keys : wi_col_int(sort, 0) != 0;
  return case_of(fn,
                 wi_col_null(name, 0) ? wi_str_of(config->map_normalize_key_case)
                                      : wi_col_text(name, 0),
                 &c->to, err);
}

static void call_release(normalize_call *c) {
  wi_free(c->entries);
  wi_buf_release(&c->keys);
  wi_text_release(&c->text);
  wi_normal_release(&c->points);
  wi_valid_release(&c->valid_values);
}

weir_status wi_run_map_normalize(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                                 int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  wi_arena arena = WI_ARENA_INIT;
  struct ArrowSchema type;
  wi_valid valid;
  wi_shape shape;
  normalize_call call = {.keys = WI_BUF_INIT, .points = WI_NORMAL_INIT};
  memset(out, 0, sizeof *out);
  memset(&type, 0, sizeof type);
  wi_valid_none(&valid);
  wi_valid_none(&call.valid_values);
  wi_text_init(&call.text);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, N_NORMALIZE, err));
  WI_CHECK(wi_cols_literal(&cols, fn, n, err));
  WI_CHECK(normalize_options(&call, fn, &cols, err));
  WI_CHECK(wi_shape_init(&shape, args[0].schema, &arena, err));
  if (shape.n > 0) {
    call.key = &shape.children[0].children[0];
    call.value = &shape.children[0].children[1];
  }
  WI_CHECK(wi_valid_init(&valid, call.col, 1, rows, err));
  WI_CHECK(text_map_type(&type, fn, true, err));
  WI_CHECK(wi_gather_init(out, &type, err));
  WI_CHECK(fill_maps(&call, fn, rows, &valid, out, err));
  wi_out_seal(out, rows, &valid);
  WI_CHECK(wi_out_finish(out, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  call_release(&call);
  wi_field_drop(&type);
  wi_valid_release(&valid);
  wi_arena_release(&arena);
  wi_cols_close(&cols);
  return status;
}
