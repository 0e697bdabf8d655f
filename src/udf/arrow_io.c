#include "udf/arrow_io.h"

#include <errno.h>
#include <string.h>

#define WI_ORIGIN "udf"

weir_status wi_arrow_err(weir_error *err, int code, const char *what) {
  if (code == NANOARROW_OK) {
    return WEIR_OK;
  }
  if (code == ENOMEM) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return WI_ERR(err, WEIR_E_BUG, "Arrow data that does not hold together: %s", what);
}

void wi_type_text(const struct ArrowSchema *schema, char out[160]) {
  memset(out, 0, 160);
  ArrowSchemaToString(schema, out, 160, 1);
}

/* ---- arguments ---- */

static bool class_takes(int type_class, enum ArrowType type) {
  if (type == NANOARROW_TYPE_NA) {
    return true;
  }
  switch (type_class) {
    case WI_T_TEXT:
      return type == NANOARROW_TYPE_STRING || type == NANOARROW_TYPE_LARGE_STRING ||
             type == NANOARROW_TYPE_STRING_VIEW;
    case WI_T_INT64:
      return type == NANOARROW_TYPE_INT64;
    case WI_T_INT32:
      return type == NANOARROW_TYPE_INT32;
    case WI_T_BOOL:
      return type == NANOARROW_TYPE_BOOL;
    case WI_T_FLOAT64:
      return type == NANOARROW_TYPE_DOUBLE;
    case WI_T_STRUCT:
      return type == NANOARROW_TYPE_STRUCT;
    case WI_T_LIST:
      return type == NANOARROW_TYPE_LIST || type == NANOARROW_TYPE_LARGE_LIST ||
             type == NANOARROW_TYPE_FIXED_SIZE_LIST || type == NANOARROW_TYPE_LIST_VIEW ||
             type == NANOARROW_TYPE_LARGE_LIST_VIEW;
    case WI_T_MAP:
      return type == NANOARROW_TYPE_MAP;
    default:
      return true;
  }
}

static weir_status arg_count_check(const wi_fn *fn, size_t n, weir_error *err) {
  size_t least = 0;
  bool open_end = fn->n_params > 0 && fn->params[fn->n_params - 1].variadic;
  for (size_t i = 0; i < fn->n_params; i++) {
    least += fn->params[i].optional ? 0 : 1;
  }
  if (n >= least && (open_end || n <= fn->n_params)) {
    return WEIR_OK;
  }
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, WI_HINT("write %s", fn->syntax),
                     "%s takes %s%zu arguments, but was given %zu", fn->name,
                     open_end || least < fn->n_params ? "at least " : "", least, n);
}

static weir_status arg_type_check(const wi_fn *fn, size_t i,
                                  const struct ArrowSchema *arg, weir_error *err) {
  const wi_fn_param *p = &fn->params[i < fn->n_params ? i : fn->n_params - 1];
  struct ArrowSchemaView type;
  char text[160];
  if (ArrowSchemaViewInit(&type, arg, NULL) != NANOARROW_OK) {
    return WI_ERR(err, WEIR_E_SQL_PLAN, "%s: the type of %s cannot be read", fn->name,
                  p->name);
  }
  if (class_takes(p->type_class, type.type)) {
    return WEIR_OK;
  }
  wi_type_text(arg, text);
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, "cast it: CAST(... AS ...)",
                     "%s: %s is to be %s, not %s", fn->name, p->name, p->type_text, text);
}

weir_status wi_args_check(const wi_fn *fn, size_t n,
                          const struct ArrowSchema *const *args, weir_error *err) {
  WI_TRY(arg_count_check(fn, n, err));
  for (size_t i = 0; i < n; i++) {
    WI_TRY(arg_type_check(fn, i, args[i], err));
  }
  return WEIR_OK;
}

static void col_null_init(wi_col *col) {
  ArrowArrayViewInitFromType(&col->view, NANOARROW_TYPE_NA);
  col->view.length = 1;
  col->type = NANOARROW_TYPE_NA;
  col->step = 0;
}

/* On failure the column is reset. */
static weir_status col_open(wi_col *col, const struct ArrowSchema *schema,
                            const struct ArrowArray *array, weir_error *err) {
  struct ArrowError why = {""};
  struct ArrowSchemaView type;
  int rc = ArrowSchemaViewInit(&type, schema, &why);
  ArrowArrayViewInitFromType(&col->view, NANOARROW_TYPE_UNINITIALIZED);
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayViewInitFromSchema(&col->view, schema, &why);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayViewSetArray(&col->view, array, &why);
  }
  if (rc != NANOARROW_OK) {
    ArrowArrayViewReset(&col->view);
    return wi_arrow_err(err, rc, why.message);
  }
  col->type = type.type;
  return WEIR_OK;
}

weir_status wi_literal_open(wi_col *col, const struct ArrowSchema *schema,
                            const struct ArrowArray *array, weir_error *err) {
  col->step = 0;
  return col_open(col, schema, array, err);
}

static weir_status arg_open(wi_cols *cols, const wi_fn *fn, const wi_fn_arg *arg,
                            int64_t rows, weir_error *err) {
  size_t i = cols->n;
  wi_col *col = &cols->items[i];
  WI_TRY(arg_type_check(fn, i, arg->schema, err));
  if (arg->is_scalar ? arg->array->length < 1 : arg->array->length != rows) {
    return WI_ERR(err, WEIR_E_BUG, "%s: argument %zu has %lld rows where %lld are due",
                  fn->name, i + 1, (long long)arg->array->length,
                  arg->is_scalar ? 1LL : (long long)rows);
  }
  weir_status status = col_open(col, arg->schema, arg->array, err);
  if (status != WEIR_OK) {
    wi_err_context(err, "%s, argument %zu", fn->name, i + 1);
    return status;
  }
  col->step = arg->is_scalar ? 0 : 1;
  cols->n++;
  return WEIR_OK;
}

weir_status wi_cols_open(wi_cols *cols, const wi_fn *fn, size_t n, const wi_fn_arg *args,
                         int64_t rows, size_t at_least, weir_error *err) {
  *cols = (wi_cols)WI_COLS_INIT;
  WI_TRY(arg_count_check(fn, n, err));
  size_t all = n > at_least ? n : at_least;
  cols->items = wi_alloc_array(all > 0 ? all : 1, sizeof(wi_col));
  if (cols->items == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    weir_status status = arg_open(cols, fn, &args[i], rows, err);
    if (status != WEIR_OK) {
      wi_cols_close(cols);
      return status;
    }
  }
  for (; cols->n < all; cols->n++) {
    col_null_init(&cols->items[cols->n]);
  }
  return WEIR_OK;
}

void wi_cols_close(wi_cols *cols) {
  for (size_t i = 0; i < cols->n; i++) {
    ArrowArrayViewReset(&cols->items[i].view);
  }
  wi_free(cols->items);
  *cols = (wi_cols)WI_COLS_INIT;
}

static weir_status not_literal(const wi_fn *fn, size_t i, weir_error *err) {
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, WI_HINT("write %s", fn->syntax),
                     "%s: %s is to be a literal", fn->name, fn->params[i].name);
}

weir_status wi_literals_check(const wi_fn *fn, size_t n,
                              const struct ArrowSchema *const *args,
                              const struct ArrowArray *const *literals, weir_error *err) {
  for (size_t i = 0; i < n && i < fn->n_params && literals != NULL; i++) {
    if (fn->params[i].literal && literals[i] == NULL &&
        strcmp(args[i]->format, "n") != 0) {
      return not_literal(fn, i, err);
    }
  }
  return WEIR_OK;
}

weir_status wi_cols_literal(const wi_cols *cols, const wi_fn *fn, size_t n,
                            weir_error *err) {
  for (size_t i = 0; i < n && i < fn->n_params; i++) {
    if (fn->params[i].literal && cols->items[i].step != 0) {
      return not_literal(fn, i, err);
    }
  }
  return WEIR_OK;
}

/* All rows of the layouts that most texts have. */
static bool text_bytes_of_all(const wi_col *c, int64_t rows, int64_t *sum) {
  const struct ArrowBufferView *b = c->view.buffer_views;
  if (c->step == 0 || rows == 0) {
    return false;
  }
  if (c->type == NANOARROW_TYPE_STRING) {
    const int32_t *offsets = b[1].data.as_int32 + c->view.offset;
    *sum = (int64_t)offsets[rows] - offsets[0];
    return true;
  }
  if (c->type == NANOARROW_TYPE_STRING_VIEW) {
    const union ArrowBinaryView *views = b[1].data.as_binary_view + c->view.offset;
    for (int64_t i = 0; i < rows; i++) {
      *sum += views[i].inlined.size;
    }
    return true;
  }
  return false;
}

int64_t wi_col_text_bytes(const wi_col *c, int64_t rows, const uint8_t *valid) {
  int64_t sum = 0;
  if (valid == NULL && text_bytes_of_all(c, rows, &sum)) {
    return sum;
  }
  for (int64_t i = 0; i < rows; i++) {
    if (valid == NULL || ArrowBitGet(valid, i) != 0) {
      sum += ArrowArrayViewGetStringUnsafe(&c->view, i * c->step).size_bytes;
    }
  }
  return sum;
}

/* ---- validity ---- */

/* Eight bits of `bits` from bit `from`; those from `end` on are not read. */
static uint8_t bits_byte(const uint8_t *bits, int64_t from, int64_t end) {
  int64_t byte = from / 8;
  int shift = (int)(from % 8);
  unsigned v = (unsigned)bits[byte] >> shift;
  if (shift > 0 && (byte + 1) * 8 < end) {
    v |= (unsigned)bits[byte + 1] << (8 - shift);
  }
  return (uint8_t)v;
}

static void valid_and(uint8_t *to, const wi_col *col, int64_t rows) {
  const uint8_t *bits = col->view.buffer_views[0].data.as_uint8;
  int64_t offset = col->view.offset;
  for (int64_t i = 0; i < rows; i += 8) {
    to[i / 8] = (uint8_t)(to[i / 8] & bits_byte(bits, offset + i, offset + rows));
  }
}

static bool col_may_be_null(const wi_col *col) {
  return col->type == NANOARROW_TYPE_NA ||
         (col->view.buffer_views[0].data.data != NULL && col->view.null_count != 0);
}

void wi_valid_none(wi_valid *v) {
  ArrowBitmapInit(&v->bitmap);
  v->bits = NULL;
  v->nulls = 0;
}

void wi_valid_release(wi_valid *v) {
  ArrowBitmapReset(&v->bitmap);
  v->bits = NULL;
}

weir_status wi_valid_init(wi_valid *v, const wi_col *cols, size_t n, int64_t rows,
                          weir_error *err) {
  uint8_t *to = NULL;
  size_t bytes = (size_t)(rows + 7) / 8;
  wi_valid_none(v);
  for (size_t i = 0; i < n && rows > 0; i++) {
    if (!col_may_be_null(&cols[i])) {
      continue;
    }
    if (to == NULL) {
      WI_TRY(wi_arrow_err(err, ArrowBitmapResize(&v->bitmap, rows, 0), "validity"));
      to = v->bitmap.buffer.data;
      memset(to, 0xFF, bytes);
    }
    if (cols[i].type == NANOARROW_TYPE_NA ||
        (cols[i].step == 0 && wi_col_null(&cols[i], 0))) {
      memset(to, 0, bytes);
    } else if (cols[i].step != 0) {
      valid_and(to, &cols[i], rows);
    }
  }
  if (to != NULL) {
    v->nulls = rows - ArrowBitCountSet(to, 0, rows);
    v->bits = to;
  }
  if (v->nulls == 0) {
    wi_valid_release(v);
  }
  return WEIR_OK;
}

/* Bits of its own, all set, for one that has none. */
static weir_status valid_bits(wi_valid *v, int64_t rows, weir_error *err) {
  if (v->bits == NULL) {
    WI_TRY(wi_arrow_err(err, ArrowBitmapResize(&v->bitmap, rows, 0), "validity"));
    memset(v->bitmap.buffer.data, 0xFF, (size_t)(rows + 7) / 8);
    v->bits = v->bitmap.buffer.data;
  }
  return WEIR_OK;
}

weir_status wi_valid_and(wi_valid *v, const wi_valid *with, int64_t rows,
                         weir_error *err) {
  if (with->bits == NULL) {
    return WEIR_OK;
  }
  WI_TRY(valid_bits(v, rows, err));
  uint8_t *to = v->bitmap.buffer.data;
  for (int64_t i = 0; i < (rows + 7) / 8; i++) {
    to[i] &= with->bits[i];
  }
  v->nulls = rows - ArrowBitCountSet(to, 0, rows);
  return WEIR_OK;
}

weir_status wi_valid_unset(wi_valid *v, int64_t row, int64_t rows, weir_error *err) {
  WI_TRY(valid_bits(v, rows, err));
  ArrowBitClear(v->bitmap.buffer.data, row);
  v->nulls++;
  return WEIR_OK;
}

/* ---- results ---- */

void wi_out_drop(struct ArrowArray *out) {
  if (out->release != NULL) {
    out->release(out);
  }
  memset(out, 0, sizeof *out);
}

weir_status wi_out_fixed(struct ArrowArray *out, enum ArrowType type, int64_t bytes,
                         void **data, weir_error *err) {
  *data = NULL;
  WI_TRY(wi_arrow_err(err, ArrowArrayInitFromType(out, type), "result"));
  struct ArrowBuffer *buffer = ArrowArrayBuffer(out, 1);
  WI_TRY(wi_arrow_err(err, ArrowBufferReserve(buffer, bytes + 1), "result"));
  buffer->size_bytes = bytes;
  memset(buffer->data, 0, (size_t)bytes);
  *data = buffer->data;
  return WEIR_OK;
}

weir_status wi_out_text(struct ArrowArray *out, const char *fn, int64_t rows,
                        int64_t bytes, wi_text_out *text, weir_error *err) {
  *text = (wi_text_out){NULL, NULL};
  if (bytes > INT32_MAX || rows >= INT32_MAX) {
    return WI_ERR_HINT(
        err, WEIR_E_TOO_LARGE, "use smaller batches or shorter texts",
        "%s: a batch of %lld rows makes up to %lld bytes of text, and a text array "
        "holds %d",
        fn, (long long)rows, (long long)bytes, INT32_MAX);
  }
  WI_TRY(wi_arrow_err(err, ArrowArrayInitFromType(out, NANOARROW_TYPE_STRING), "result"));
  struct ArrowBuffer *offsets = ArrowArrayBuffer(out, 1);
  struct ArrowBuffer *data = ArrowArrayBuffer(out, 2);
  WI_TRY(wi_arrow_err(err, ArrowBufferResize(offsets, (rows + 1) * 4, 0), "result"));
  WI_TRY(wi_arrow_err(err, ArrowBufferReserve(data, bytes + 1), "result"));
  data->size_bytes = bytes;
  text->offsets = (int32_t *)(void *)offsets->data;
  text->offsets[0] = 0;
  text->data = (char *)data->data;
  return WEIR_OK;
}

void wi_out_seal(struct ArrowArray *out, int64_t rows, wi_valid *valid) {
  out->length = rows;
  out->null_count = 0;
  if (valid != NULL && valid->nulls > 0) {
    ArrowArraySetValidityBitmap(out, &valid->bitmap); /* makes the count unknown */
    out->null_count = valid->nulls;
    valid->bits = NULL;
  }
}

weir_status wi_out_finish(struct ArrowArray *out, weir_error *err) {
  struct ArrowError why = {""};
  return wi_arrow_err(err, ArrowArrayFinishBuildingDefault(out, &why), why.message);
}

/* ---- fields ---- */

void wi_field_drop(struct ArrowSchema *out) {
  if (out->release != NULL) {
    out->release(out);
  }
  memset(out, 0, sizeof *out);
}

bool wi_arg_nullable(const struct ArrowSchema *arg) {
  return (arg->flags & ARROW_FLAG_NULLABLE) != 0 || strcmp(arg->format, "n") == 0;
}

weir_status wi_field_init(struct ArrowSchema *out, const wi_fn *fn, enum ArrowType type,
                          bool nullable, weir_error *err) {
  memset(out, 0, sizeof *out);
  WI_TRY(wi_arrow_err(err, ArrowSchemaInitFromType(out, type), "field"));
  int rc = ArrowSchemaSetName(out, fn->name);
  if (rc != NANOARROW_OK) {
    wi_field_drop(out);
    return wi_arrow_err(err, rc, "field");
  }
  out->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
  return WEIR_OK;
}

weir_status wi_field_metadata(struct ArrowSchema *out, const wi_pair *pairs, size_t n,
                              weir_error *err) {
  struct ArrowBuffer packed;
  int rc = ArrowMetadataBuilderInit(&packed, NULL);
  for (size_t i = 0; i < n && rc == NANOARROW_OK; i++) {
    if (pairs[i].value != NULL) {
      rc = ArrowMetadataBuilderAppend(&packed, ArrowCharView(pairs[i].key),
                                      ArrowCharView(pairs[i].value));
    }
  }
  if (rc == NANOARROW_OK && packed.size_bytes > 0) {
    rc = ArrowSchemaSetMetadata(out, (const char *)packed.data);
  }
  ArrowBufferReset(&packed);
  return wi_arrow_err(err, rc, "metadata");
}
