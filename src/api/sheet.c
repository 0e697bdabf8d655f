/* Tables that the library gives, as Arrow streams. */
#include "api/sheet.h"

#include <errno.h>
#include <string.h>

#define WI_ORIGIN "api"

static int set_type(struct ArrowSchema *schema, const wi_col *col);

static int set_fields(struct ArrowSchema *schema, const wi_col *cols, int64_t n) {
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(schema, n));
  for (int64_t i = 0; i < n; i++) {
    NANOARROW_RETURN_NOT_OK(set_type(schema->children[i], &cols[i]));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(schema->children[i], cols[i].name));
  }
  return NANOARROW_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): lists of structs, one level deep */
static int set_type(struct ArrowSchema *schema, const wi_col *col) {
  switch (col->type) {
    case WI_COL_TEXT:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_STRING);
    case WI_COL_INT:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT64);
    case WI_COL_BOOL:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_BOOL);
    case WI_COL_TIME:
      return ArrowSchemaSetTypeDateTime(schema, NANOARROW_TYPE_TIMESTAMP,
                                        NANOARROW_TIME_UNIT_MICRO, "UTC");
    case WI_COL_TEXTS:
      NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(schema, NANOARROW_TYPE_LIST));
      return ArrowSchemaSetType(schema->children[0], NANOARROW_TYPE_STRING);
    case WI_COL_ITEMS:
      NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(schema, NANOARROW_TYPE_LIST));
      return set_fields(schema->children[0], col->items, col->n_items);
  }
  return EINVAL;
}

void wi_sheet_begin(wi_sheet *r, const wi_col *cols, size_t n) {
  memset(r, 0, sizeof(*r));
  r->cols = cols;
  r->n = (int64_t)n;
  ArrowSchemaInit(&r->schema);
  r->code = set_fields(&r->schema, cols, r->n);
  if (r->code == NANOARROW_OK) {
    r->code = ArrowArrayInitFromSchema(&r->array, &r->schema, NULL);
  }
  if (r->code == NANOARROW_OK) {
    r->code = ArrowArrayStartAppending(&r->array);
  }
}

static void note(wi_sheet *r, int code) {
  r->code = r->code == NANOARROW_OK ? code : r->code;
}

/* The column that comes next; NULL after a failure. */
static struct ArrowArray *next(wi_sheet *r, const char *name) {
  if (r->code == NANOARROW_OK &&
      (r->at == r->n || strcmp(r->cols[r->at].name, name) != 0)) {
    note(r, EINVAL);
  }
  return r->code == NANOARROW_OK ? r->array.children[r->at++] : NULL;
}

void wi_sheet_put_text(wi_sheet *r, struct ArrowArray *column, const char *text) {
  if (r->code == NANOARROW_OK) {
    note(r, text == NULL ? ArrowArrayAppendNull(column, 1)
                         : ArrowArrayAppendString(column, ArrowCharView(text)));
  }
}

void wi_sheet_put_bool(wi_sheet *r, struct ArrowArray *column, bool v) {
  if (r->code == NANOARROW_OK) {
    note(r, ArrowArrayAppendInt(column, v));
  }
}

void wi_sheet_finish(wi_sheet *r, struct ArrowArray *element) {
  if (r->code == NANOARROW_OK) {
    note(r, ArrowArrayFinishElement(element));
  }
}

void wi_sheet_put_texts(wi_sheet *r, struct ArrowArray *column, const char *const *texts,
                        size_t n) {
  for (size_t i = 0; i < n && r->code == NANOARROW_OK; i++) {
    wi_sheet_put_text(r, column->children[0], texts[i]);
  }
  wi_sheet_finish(r, column);
}

void wi_sheet_text(wi_sheet *r, const char *name, const char *text) {
  wi_sheet_put_text(r, next(r, name), text);
}

void wi_sheet_int_if(wi_sheet *r, const char *name, bool known, int64_t v) {
  struct ArrowArray *column = next(r, name);
  if (column != NULL) {
    note(r, known ? ArrowArrayAppendInt(column, v) : ArrowArrayAppendNull(column, 1));
  }
}

void wi_sheet_int(wi_sheet *r, const char *name, int64_t v) {
  wi_sheet_int_if(r, name, true, v);
}

void wi_sheet_time(wi_sheet *r, const char *name, int64_t us) {
  wi_sheet_int_if(r, name, us != 0, us);
}

void wi_sheet_bool(wi_sheet *r, const char *name, bool v) {
  wi_sheet_put_bool(r, next(r, name), v);
}

void wi_sheet_texts(wi_sheet *r, const char *name, const char *const *texts, size_t n) {
  struct ArrowArray *column = next(r, name);
  if (column != NULL) {
    wi_sheet_put_texts(r, column, texts, n);
  }
}

struct ArrowArray *wi_sheet_items(wi_sheet *r, const char *name) {
  return next(r, name);
}

void wi_sheet_error(wi_sheet *r, const weir_error *err) {
  bool is = err != NULL && err->code != WEIR_OK;
  wi_sheet_text(r, "code", is ? weir_error_code_name(err->code) : NULL);
  wi_sheet_int_if(r, "number", is, is ? err->code : 0);
  wi_sheet_text(r, "class", is ? weir_class_name(weir_error_class(err->code)) : NULL);
  wi_sheet_text(r, "message", is ? err->message : NULL);
  wi_sheet_text(r, "file", is && err->file[0] != '\0' ? err->file : NULL);
  wi_sheet_int_if(r, "line", is && err->line > 0, is ? err->line : 0);
  wi_sheet_int_if(r, "column", is && err->column > 0, is ? err->column : 0);
  wi_sheet_text(r, "hint", is && err->hint[0] != '\0' ? err->hint : NULL);
  wi_sheet_text(r, "detail", is ? err->detail : NULL);
}

void wi_sheet_end_row(wi_sheet *r) {
  if (r->code == NANOARROW_OK && r->at != r->n) {
    note(r, EINVAL);
  }
  wi_sheet_finish(r, &r->array);
  r->at = 0;
}

weir_status wi_sheet_take(wi_sheet *r, struct ArrowArrayStream *out, weir_error *err) {
  if (r->code == NANOARROW_OK) {
    r->code = ArrowArrayFinishBuildingDefault(&r->array, NULL);
  }
  if (r->code == NANOARROW_OK) {
    r->code = ArrowBasicArrayStreamInit(out, &r->schema, 1);
  }
  weir_status status = WEIR_OK;
  if (r->code == NANOARROW_OK) {
    ArrowBasicArrayStreamSetArray(out, 0, &r->array);
  } else if (r->code == ENOMEM) {
    status = wi_err_nomem(err, WI_ORIGIN);
  } else {
    status =
        WI_ERR(err, WEIR_E_BUG, "a table's columns and its rows differ (%d)", r->code);
  }
  wi_sheet_release(r);
  return status;
}

void wi_sheet_release(wi_sheet *r) {
  if (r->array.release != NULL) {
    ArrowArrayRelease(&r->array);
  }
  if (r->schema.release != NULL) {
    ArrowSchemaRelease(&r->schema);
  }
}
