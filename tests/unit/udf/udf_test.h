/* Columns for the tests of src/udf, and calls of functions on them. */
#ifndef TESTS_UNIT_UDF_UDF_TEST_H
#define TESTS_UNIT_UDF_UDF_TEST_H

#include <inttypes.h>
#include <stdlib.h>

#include "common/test.h"
#include "nanoarrow/nanoarrow.h"
#include "udf/udf.h"

typedef struct tcol {
  struct ArrowSchema schema;
  struct ArrowArray array;
  bool scalar;
} tcol;

static const enum ArrowType text_layouts[] = {
    NANOARROW_TYPE_STRING, NANOARROW_TYPE_LARGE_STRING, NANOARROW_TYPE_STRING_VIEW};

static inline void t_free(tcol *c) {
  if (c->array.release != NULL) {
    c->array.release(&c->array);
  }
  if (c->schema.release != NULL) {
    c->schema.release(&c->schema);
  }
}

/* A test that cannot build its own input has nothing to say. */
static inline void t_must(int rc) {
  if (rc != 0) {
    fprintf(stderr, "test input: nanoarrow says %d\n", rc);
    abort();
  }
}

static inline tcol t_begin(enum ArrowType type) {
  tcol c;
  memset(&c, 0, sizeof c);
  t_must(ArrowSchemaInitFromType(&c.schema, type));
  t_must(ArrowSchemaSetName(&c.schema, "c"));
  t_must(ArrowArrayInitFromType(&c.array, type));
  t_must(ArrowArrayStartAppending(&c.array));
  return c;
}

static inline void t_end(tcol *c) {
  t_must(ArrowArrayFinishBuildingDefault(&c->array, NULL));
}

/* NULL entries are nulls. */
static inline tcol t_text(enum ArrowType layout, size_t n, const char *const *texts) {
  tcol c = t_begin(layout);
  for (size_t i = 0; i < n; i++) {
    t_must(texts[i] == NULL ? ArrowArrayAppendNull(&c.array, 1)
                            : ArrowArrayAppendString(&c.array, ArrowCharView(texts[i])));
  }
  t_end(&c);
  return c;
}

#define T_NULL INT64_MIN /* a null in t_ints */
static inline tcol t_ints(enum ArrowType type, size_t n, const int64_t *values) {
  tcol c = t_begin(type);
  for (size_t i = 0; i < n; i++) {
    t_must(values[i] == T_NULL ? ArrowArrayAppendNull(&c.array, 1)
                               : ArrowArrayAppendInt(&c.array, values[i]));
  }
  t_end(&c);
  return c;
}

static inline tcol t_literal(const char *text) {
  tcol c = t_text(NANOARROW_TYPE_STRING, 1, &text);
  c.scalar = true;
  return c;
}

static inline tcol t_int(int64_t value) {
  tcol c = t_ints(NANOARROW_TYPE_INT64, 1, &value);
  c.scalar = true;
  return c;
}

static inline tcol t_bool(bool value) {
  int64_t v = value ? 1 : 0;
  tcol c = t_ints(NANOARROW_TYPE_BOOL, 1, &v);
  c.scalar = true;
  return c;
}

static inline tcol t_omitted(void) {
  tcol c = t_begin(NANOARROW_TYPE_NA);
  t_must(ArrowArrayAppendNull(&c.array, 1));
  t_end(&c);
  c.scalar = true;
  return c;
}

/* A borrowed slice: not to be freed. */
static inline tcol t_slice(const tcol *c, int64_t from, int64_t n) {
  tcol s = *c;
  s.array.offset += from;
  s.array.length = n;
  s.array.null_count = s.array.n_buffers > 0 && s.array.buffers[0] == NULL ? 0 : -1;
  return s;
}

#define T_MAX_ARGS 16
static inline weir_status t_call(const char *name, size_t n, const tcol *cols,
                                 int64_t rows, struct ArrowArray *out, weir_error *err) {
  wi_fn_arg args[T_MAX_ARGS];
  const wi_fn *fn = wi_udf_find(name);
  memset(out, 0, sizeof *out);
  if (fn == NULL || n > T_MAX_ARGS) {
    fprintf(stderr, "test input: %s\n", name);
    abort();
  }
  for (size_t i = 0; i < n; i++) {
    args[i] = (wi_fn_arg){&cols[i].array, &cols[i].schema, cols[i].scalar};
  }
  return fn->invoke(fn, n, args, rows, out, err);
}

static inline weir_status t_field(const char *name, size_t n, const tcol *cols,
                                  struct ArrowSchema *out, weir_error *err) {
  const struct ArrowSchema *args[T_MAX_ARGS];
  const struct ArrowArray *literals[T_MAX_ARGS];
  const wi_fn *fn = wi_udf_find(name);
  for (size_t i = 0; i < n; i++) {
    args[i] = &cols[i].schema;
    literals[i] =
        cols[i].scalar && strcmp(cols[i].schema.format, "n") != 0 ? &cols[i].array : NULL;
  }
  return fn->return_field(fn, n, args, literals, out, err);
}

/* A result row as text: "NULL", digits, true, or the text itself; a struct in braces. */
static inline void t_show(const struct ArrowSchema *schema,
                          const struct ArrowArray *array, int64_t row, char *out,
                          size_t cap) {
  struct ArrowArrayView view;
  t_must(ArrowArrayViewInitFromSchema(&view, schema, NULL));
  t_must(ArrowArrayViewSetArray(&view, array, NULL));
  out[0] = '\0';
  if (ArrowArrayViewIsNull(&view, row)) {
    snprintf(out, cap, "NULL");
  } else if (view.storage_type == NANOARROW_TYPE_STRUCT) {
    size_t at = 0;
    for (int64_t i = 0; i < schema->n_children; i++) {
      char child[128];
      t_show(schema->children[i], array->children[i], array->offset + row, child,
             sizeof child);
      at += (size_t)snprintf(out + at, cap - at, "%s%s: %s", i == 0 ? "{" : ", ",
                             schema->children[i]->name, child);
    }
    snprintf(out + at, cap - at, "}");
  } else if (view.storage_type == NANOARROW_TYPE_BOOL) {
    snprintf(out, cap, "%s", ArrowArrayViewGetIntUnsafe(&view, row) ? "true" : "false");
  } else if (view.storage_type == NANOARROW_TYPE_DOUBLE) {
    double d = ArrowArrayViewGetDoubleUnsafe(&view, row);
    size_t n = (size_t)snprintf(out, cap, "%.17g", d); /* -10.0, as the command prints */
    if (n + 2 < cap && strpbrk(out, ".eni") == NULL) {
      snprintf(out + n, cap - n, ".0");
    }
  } else if (strcmp(schema->format, "u") == 0) {
    struct ArrowStringView v = ArrowArrayViewGetStringUnsafe(&view, row);
    snprintf(out, cap, "%.*s", (int)v.size_bytes, v.data);
  } else {
    snprintf(out, cap, "%" PRId64, ArrowArrayViewGetIntUnsafe(&view, row));
  }
  ArrowArrayViewReset(&view);
}

/* Calls and shows one row, with the field that the function declares. A failure is shown
 * as "error <code>: <message>". */
static inline void t_eval(const char *name, size_t n, const tcol *cols, int64_t rows,
                          int64_t row, char *out, size_t cap) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema field;
  struct ArrowArray array;
  memset(&array, 0, sizeof array);
  weir_status status = t_field(name, n, cols, &field, &err);
  if (status == WEIR_OK) {
    status = t_call(name, n, cols, rows, &array, &err);
  }
  if (status != WEIR_OK) {
    snprintf(out, cap, "error %s: %.200s", weir_error_code_name(status), err.message);
  } else if (array.length != rows) {
    snprintf(out, cap, "%" PRId64 " rows", array.length);
  } else {
    t_show(&field, &array, row, out, cap);
  }
  if (field.release != NULL) {
    field.release(&field);
  }
  if (array.release != NULL) {
    array.release(&array);
  }
  weir_error_release(&err);
}

#endif
