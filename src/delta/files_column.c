/* Columns of values for scans, from the texts that logs have. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "delta/files.h"

/* ---- one value ---- */

/* Spelled by us: digits, maybe a sign. */
static int64_t whole(const char *text) {
  return strtoll(text, NULL, 10);
}

static double real(const char *text) {
  double value = 0;
  if (strcmp(text, "NaN") == 0) {
    return (double)NAN;
  }
  if (strcmp(text, "Infinity") == 0 || strcmp(text, "-Infinity") == 0) {
    return text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
  }
  (void)wi_double_parse(text, &value);
  return value;
}

/* Spelled with as many digits behind the point as the scale has: without it, it is the number. */
static bool decimal(wi_partition_type type, const char *text, struct ArrowDecimal *out) {
  char digits[64];
  size_t n = 0;
  for (const char *p = text; *p != '\0' && n < sizeof digits; p++) {
    if (*p != '.') {
      digits[n++] = *p;
    }
  }
  ArrowDecimalInit(out, 128, type.precision, type.scale);
  return n < sizeof digits &&
         ArrowDecimalSetDigits(out, (struct ArrowStringView){digits, (int64_t)n}) ==
             NANOARROW_OK;
}

/* "2024-01-02 03:04:05.000006", in UTC. */
static bool instant(const char *text, int64_t *us) {
  char whole_text[40];
  size_t n = strlen(text);
  if (n < 11 || n + 2 > sizeof whole_text) {
    return false;
  }
  memcpy(whole_text, text, n);
  whole_text[10] = 'T';
  whole_text[n] = 'Z';
  whole_text[n + 1] = '\0';
  return wi_time_parse(whole_text, us);
}

/* Most numbers are short, and spelled as we would. */
static bool short_number(wi_partition_kind kind, wi_str text, int64_t *out) {
  size_t i = text.n > 0 && text.p[0] == '-' ? 1 : 0;
  size_t most = kind == WI_PARTITION_BYTE    ? 2
                : kind == WI_PARTITION_SHORT ? 4
                : kind == WI_PARTITION_LONG  ? 18
                                             : 9;
  int64_t value = 0;
  if (text.n == i || text.n - i > most) {
    return false;
  }
  for (size_t k = i; k < text.n; k++) {
    if (!wi_ascii_digit(text.p[k])) {
      return false;
    }
    value = value * 10 + (text.p[k] - '0');
  }
  *out = i > 0 ? -value : value;
  return true;
}

static bool is_whole(wi_partition_kind kind) {
  return kind == WI_PARTITION_BYTE || kind == WI_PARTITION_SHORT ||
         kind == WI_PARTITION_INTEGER || kind == WI_PARTITION_LONG;
}

bool wi_value_read(wi_partition_type type, wi_str text, wi_buf *room, wi_value *out) {
  int32_t days = 0;
  if (type.kind == WI_PARTITION_STRING || type.kind == WI_PARTITION_BINARY) {
    out->s = text;
    return true;
  }
  if (is_whole(type.kind) && short_number(type.kind, text, &out->i)) {
    return true;
  }
  wi_buf_clear(room);
  if (text.n == 0 || !wi_partition_spell(type, text, room) || room->failed) {
    return false;
  }
  const char *spelled = wi_buf_text(room);
  switch (type.kind) {
    case WI_PARTITION_BOOLEAN:
      out->i = spelled[0] == 't';
      return true;
    case WI_PARTITION_FLOAT:
    case WI_PARTITION_DOUBLE:
      out->f = real(spelled);
      return true;
    case WI_PARTITION_DECIMAL:
      return decimal(type, spelled, &out->dec);
    case WI_PARTITION_DATE:
      out->i = wi_date_parse(spelled, &days) ? days : 0;
      return true;
    case WI_PARTITION_TIMESTAMP:
    case WI_PARTITION_TIMESTAMP_NTZ:
      return instant(spelled, &out->i);
    case WI_PARTITION_BYTE:
    case WI_PARTITION_SHORT:
    case WI_PARTITION_INTEGER:
    case WI_PARTITION_LONG:
      out->i = whole(spelled);
      return true;
    case WI_PARTITION_STRING:
    case WI_PARTITION_BINARY:
    default:
      return false;
  }
}

/* ---- columns ---- */

static enum ArrowType storage_of(wi_partition_type type) {
  switch (type.kind) {
    case WI_PARTITION_BINARY:
      return NANOARROW_TYPE_BINARY;
    case WI_PARTITION_BOOLEAN:
      return NANOARROW_TYPE_BOOL;
    case WI_PARTITION_BYTE:
      return NANOARROW_TYPE_INT8;
    case WI_PARTITION_SHORT:
      return NANOARROW_TYPE_INT16;
    case WI_PARTITION_INTEGER:
    case WI_PARTITION_DATE:
      return NANOARROW_TYPE_INT32;
    case WI_PARTITION_LONG:
    case WI_PARTITION_TIMESTAMP:
    case WI_PARTITION_TIMESTAMP_NTZ:
      return NANOARROW_TYPE_INT64;
    case WI_PARTITION_FLOAT:
      return NANOARROW_TYPE_FLOAT;
    case WI_PARTITION_DOUBLE:
      return NANOARROW_TYPE_DOUBLE;
    case WI_PARTITION_DECIMAL:
      return NANOARROW_TYPE_DECIMAL128;
    case WI_PARTITION_STRING:
    default:
      return NANOARROW_TYPE_STRING;
  }
}

static int set_type(wi_partition_type type, struct ArrowSchema *schema) {
  switch (type.kind) {
    case WI_PARTITION_DATE:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_DATE32);
    case WI_PARTITION_TIMESTAMP:
      return ArrowSchemaSetTypeDateTime(schema, NANOARROW_TYPE_TIMESTAMP,
                                        NANOARROW_TIME_UNIT_MICRO, "UTC");
    case WI_PARTITION_TIMESTAMP_NTZ:
      return ArrowSchemaSetTypeDateTime(schema, NANOARROW_TYPE_TIMESTAMP,
                                        NANOARROW_TIME_UNIT_MICRO, NULL);
    case WI_PARTITION_DECIMAL:
      return ArrowSchemaSetTypeDecimal(schema, NANOARROW_TYPE_DECIMAL128, type.precision,
                                       type.scale);
    case WI_PARTITION_STRING:
    case WI_PARTITION_BINARY:
    case WI_PARTITION_BOOLEAN:
    case WI_PARTITION_BYTE:
    case WI_PARTITION_SHORT:
    case WI_PARTITION_INTEGER:
    case WI_PARTITION_LONG:
    case WI_PARTITION_FLOAT:
    case WI_PARTITION_DOUBLE:
    default:
      return ArrowSchemaSetType(schema, storage_of(type));
  }
}

void wi_typed_init(wi_typed *column, wi_partition_type type) {
  *column = (wi_typed){.type = type};
}

void wi_typed_release(wi_typed *column) {
  if (column->array.release != NULL) {
    column->array.release(&column->array);
  }
}

static void keep(wi_typed *column, int code) {
  column->code = column->code != NANOARROW_OK ? column->code : code;
}

static int begin(wi_typed *column) {
  NANOARROW_RETURN_NOT_OK(
      ArrowArrayInitFromType(&column->array, storage_of(column->type)));
  NANOARROW_RETURN_NOT_OK(ArrowArrayStartAppending(&column->array));
  return column->n > 0 ? ArrowArrayAppendNull(&column->array, column->n) : NANOARROW_OK;
}

void wi_typed_null(wi_typed *column) {
  if (wi_typed_any(column) && column->code == NANOARROW_OK) {
    keep(column, ArrowArrayAppendNull(&column->array, 1));
  }
  column->n++;
}

static int append(wi_typed *column, const wi_value *value) {
  struct ArrowArray *array = &column->array;
  switch (column->type.kind) {
    case WI_PARTITION_STRING:
      return ArrowArrayAppendString(
          array, (struct ArrowStringView){value->s.p, (int64_t)value->s.n});
    case WI_PARTITION_BINARY: {
      struct ArrowBufferView bytes = {{value->s.p}, (int64_t)value->s.n};
      return ArrowArrayAppendBytes(array, bytes);
    }
    case WI_PARTITION_FLOAT:
    case WI_PARTITION_DOUBLE:
      return ArrowArrayAppendDouble(array, value->f);
    case WI_PARTITION_DECIMAL:
      return ArrowArrayAppendDecimal(array, &value->dec);
    case WI_PARTITION_BOOLEAN:
    case WI_PARTITION_BYTE:
    case WI_PARTITION_SHORT:
    case WI_PARTITION_INTEGER:
    case WI_PARTITION_LONG:
    case WI_PARTITION_DATE:
    case WI_PARTITION_TIMESTAMP:
    case WI_PARTITION_TIMESTAMP_NTZ:
    default:
      return ArrowArrayAppendInt(array, value->i);
  }
}

void wi_typed_value(wi_typed *column, const wi_value *value) {
  if (!wi_typed_any(column) && column->code == NANOARROW_OK) {
    keep(column, begin(column));
  }
  if (column->code == NANOARROW_OK) {
    keep(column, append(column, value));
  }
  column->n++;
}

void wi_typed_int(wi_typed *column, int64_t i) {
  wi_value value = {.i = i};
  wi_typed_value(column, &value);
}

void wi_typed_text(wi_typed *column, wi_str text) {
  wi_value value = {.s = text};
  wi_typed_value(column, &value);
}

int wi_typed_take(wi_typed *column, const char *name, struct ArrowSchema *schema,
                  struct ArrowArray *array) {
  NANOARROW_RETURN_NOT_OK(column->code);
  if (!wi_typed_any(column)) {
    NANOARROW_RETURN_NOT_OK(begin(column));
  }
  ArrowSchemaInit(schema);
  NANOARROW_RETURN_NOT_OK(set_type(column->type, schema));
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(schema, name));
  NANOARROW_RETURN_NOT_OK(ArrowArrayFinishBuildingDefault(&column->array, NULL));
  ArrowArrayMove(&column->array, array);
  return NANOARROW_OK;
}

/* ---- structs of them ---- */

int wi_struct_init(const char *name, int64_t n, struct ArrowSchema *schema,
                   struct ArrowArray *array) {
  ArrowSchemaInit(schema);
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(schema, n));
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(schema, name));
  schema->flags = 0;
  NANOARROW_RETURN_NOT_OK(ArrowArrayInitFromType(array, NANOARROW_TYPE_STRUCT));
  return ArrowArrayAllocateChildren(array, n);
}

int wi_struct_end(struct ArrowArray *array, int64_t rows) {
  array->length = rows;
  array->null_count = 0;
  return ArrowArrayFinishBuilding(array, NANOARROW_VALIDATION_LEVEL_MINIMAL, NULL);
}
