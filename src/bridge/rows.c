/* Small tables of C's own for the engine, row by row. */
#include <string.h>

#include "bridge/private.h"
#include "nanoarrow/nanoarrow.h"

#define WI_ORIGIN "bridge"

struct wi_rows {
  const wi_rows_column *columns;
  size_t n;
  struct ArrowSchema schema;
  struct ArrowArray array;
  size_t at; /* the column that comes next */
  int code;  /* the first failure */
};

static int set_type(struct ArrowSchema *schema, wi_rows_type type) {
  switch (type) {
    case WI_ROWS_INT64:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT64);
    case WI_ROWS_INT32:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT32);
    case WI_ROWS_BOOL:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_BOOL);
    case WI_ROWS_TIME:
      return ArrowSchemaSetTypeDateTime(schema, NANOARROW_TYPE_TIMESTAMP,
                                        NANOARROW_TIME_UNIT_MICRO, "UTC");
    case WI_ROWS_TEXTS:
      NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(schema, NANOARROW_TYPE_LIST));
      return ArrowSchemaSetType(schema->children[0], NANOARROW_TYPE_STRING);
    case WI_ROWS_TEXT:
    default:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_STRING);
  }
}

static int make_schema(const wi_rows_column *columns, size_t n, struct ArrowSchema *out) {
  ArrowSchemaInit(out);
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(out, (int64_t)n));
  for (size_t i = 0; i < n; i++) {
    struct ArrowSchema *c = out->children[i];
    NANOARROW_RETURN_NOT_OK(set_type(c, columns[i].type));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(c, columns[i].name));
    if (!columns[i].nullable) {
      c->flags &= ~(int64_t)ARROW_FLAG_NULLABLE;
    }
  }
  return NANOARROW_OK;
}

weir_status wi_rows_schema(const wi_rows_column *columns, size_t n,
                           struct ArrowSchema *out, weir_error *err) {
  if (make_schema(columns, n, out) == NANOARROW_OK) {
    return WEIR_OK;
  }
  if (out->release != NULL) {
    out->release(out);
  }
  return wi_err_nomem(err, WI_ORIGIN);
}

weir_status wi_rows_new(const wi_rows_column *columns, size_t n, wi_rows **out,
                        weir_error *err) {
  wi_rows *r = wi_alloc(sizeof(*r));
  *out = r;
  if (r == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  r->columns = columns;
  r->n = n;
  if (make_schema(columns, n, &r->schema) != NANOARROW_OK ||
      ArrowArrayInitFromSchema(&r->array, &r->schema, NULL) != NANOARROW_OK ||
      ArrowArrayStartAppending(&r->array) != NANOARROW_OK) {
    wi_rows_free(out);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return WEIR_OK;
}

/* The array of the next column; NULL after a failure, or where no column is left. */
static struct ArrowArray *next(wi_rows *r) {
  if (r->code == NANOARROW_OK && r->at >= r->n) {
    r->code = EINVAL;
  }
  return r->code == NANOARROW_OK ? r->array.children[r->at++] : NULL;
}

void wi_rows_text(wi_rows *r, wi_str text) {
  struct ArrowArray *a = next(r);
  if (a != NULL) {
    struct ArrowStringView view = {text.p, (int64_t)text.n};
    r->code =
        text.p == NULL ? ArrowArrayAppendNull(a, 1) : ArrowArrayAppendString(a, view);
  }
}

void wi_rows_cstr(wi_rows *r, const char *text) {
  wi_rows_text(r, (wi_str){text, text != NULL ? strlen(text) : 0});
}

void wi_rows_buf(wi_rows *r, wi_buf *text) {
  if (text->failed && r->code == NANOARROW_OK) {
    r->code = ENOMEM;
  }
  wi_rows_text(r, (wi_str){wi_buf_text(text), text->n});
  wi_buf_clear(text);
}

void wi_rows_int(wi_rows *r, int64_t value) {
  struct ArrowArray *a = next(r);
  if (a != NULL) {
    r->code = ArrowArrayAppendInt(a, value);
  }
}

void wi_rows_null(wi_rows *r) {
  struct ArrowArray *a = next(r);
  if (a != NULL) {
    r->code = ArrowArrayAppendNull(a, 1);
  }
}

void wi_rows_texts(wi_rows *r, const wi_str *texts, size_t n) {
  struct ArrowArray *a = next(r);
  for (size_t i = 0; i < n && a != NULL && r->code == NANOARROW_OK; i++) {
    struct ArrowStringView view = {texts[i].p, (int64_t)texts[i].n};
    r->code = ArrowArrayAppendString(a->children[0], view);
  }
  if (a != NULL && r->code == NANOARROW_OK) {
    r->code = ArrowArrayFinishElement(a);
  }
}

void wi_rows_end(wi_rows *r) {
  if (r->code == NANOARROW_OK && r->at != r->n) {
    r->code = EINVAL;
  }
  if (r->code == NANOARROW_OK) {
    r->code = ArrowArrayFinishElement(&r->array);
  }
  r->at = 0;
}

weir_status wi_rows_stream(wi_rows *r, struct ArrowArrayStream *out, weir_error *err) {
  struct ArrowError why;
  memset(out, 0, sizeof(*out));
  if (r->code == NANOARROW_OK) {
    r->code = ArrowArrayFinishBuildingDefault(&r->array, &why);
  }
  if (r->code == NANOARROW_OK) {
    r->code = ArrowBasicArrayStreamInit(out, &r->schema, 1);
  }
  if (r->code == EINVAL) {
    return WI_ERR(err, WEIR_E_BUG, "a row does not have its %zu columns", r->n);
  }
  if (r->code != NANOARROW_OK) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  ArrowBasicArrayStreamSetArray(out, 0, &r->array);
  return WEIR_OK;
}

void wi_rows_free(wi_rows **rows) {
  wi_rows *r = *rows;
  *rows = NULL;
  if (r == NULL) {
    return;
  }
  if (r->array.release != NULL) {
    r->array.release(&r->array);
  }
  if (r->schema.release != NULL) {
    r->schema.release(&r->schema);
  }
  wi_free(r);
}
