/**
 * \file weir/plugin.h
 * SQL functions in a shared library. A plug-in exports one symbol, `weir_plugin_v1`, which
 * gives a constant description of the plug-in and of its functions. It is compiled against
 * this header alone and linked with nothing of weir.
 *
 * Lifecycle: loaded by `plugins:` of weir.yml or weir_session_add_plugin, then it stays
 * loaded until the process ends. What the description points to stays valid as long.
 * Threads: callbacks come from any thread, many at once; `self` is shared by all of them.
 *
 *     static const weir_plugin_param params[] = {{.name = "x", .type = WEIR_PLUGIN_FLOAT64}};
 *     static const weir_plugin_function twice = {
 *         .struct_size = sizeof(weir_plugin_function), .kind = WEIR_PLUGIN_SCALAR,
 *         .volatility = WEIR_PLUGIN_IMMUTABLE, .name = "twice", .returns = "Float64",
 *         .param_size = sizeof(weir_plugin_param), .params = params, .n_params = 1,
 *         .return_field = field, .invoke = run};
 *
 * A function gives the same result for the same arguments, whatever the thread and however
 * rows are cut into batches. A callback does not throw, does not call weir, does not end the
 * process. It runs inside weir: what it breaks in memory nobody can catch.
 */
#ifndef WEIR_PLUGIN_H
#define WEIR_PLUGIN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir/arrow.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A plug-in is taken if its major is weir's and its minor at least the one that weir needs.
 * The minor rises when a reserved field or a bit gets a meaning, the major, and with it the
 * name of the symbol, when anything else changes. */
#define WEIR_PLUGIN_ABI_MAJOR 1
#define WEIR_PLUGIN_ABI_MINOR 0

/** What a function is. This version takes scalar functions only. */
enum weir_plugin_kind {
  WEIR_PLUGIN_SCALAR = 1,
  WEIR_PLUGIN_AGGREGATE = 2,
  WEIR_PLUGIN_TABLE = 3,
  WEIR_PLUGIN_ASYNC = 4
};

/** Bits of weir_plugin.capabilities and .needs; of `needs`, weir has to know every bit. */
#define WEIR_PLUGIN_CAN_SCALAR    UINT64_C(1)
#define WEIR_PLUGIN_CAN_AGGREGATE UINT64_C(2)
#define WEIR_PLUGIN_CAN_TABLE     UINT64_C(4)
#define WEIR_PLUGIN_CAN_ASYNC     UINT64_C(8)

/** What a parameter takes, and in which type it arrives. */
enum weir_plugin_type {
  WEIR_PLUGIN_ANY = 0,
  WEIR_PLUGIN_TEXT = 1,  /**< Utf8, LargeUtf8 or Utf8View: see weir_plugin_text */
  WEIR_PLUGIN_INT64 = 2, /**< any integer, as Int64 */
  WEIR_PLUGIN_INT32 = 3, /**< any integer, as Int32 */
  WEIR_PLUGIN_BOOL = 4,
  WEIR_PLUGIN_FLOAT64 = 5, /**< any number, as Float64 */
  WEIR_PLUGIN_STRUCT = 6,
  WEIR_PLUGIN_LIST = 7,
  WEIR_PLUGIN_MAP = 8,
  WEIR_PLUGIN_ANY_FLAT = 9 /**< any type, dictionaries decoded */
};

enum weir_plugin_volatility {
  WEIR_PLUGIN_IMMUTABLE = 1, /**< the same arguments always give the same value */
  WEIR_PLUGIN_STABLE = 2,    /**< within one query; refused under strict determinism */
  WEIR_PLUGIN_VOLATILE = 3   /**< no promise; refused under strict determinism */
};

typedef struct weir_plugin_param {
  const char *name;      /**< for calls by name: f(name => value) */
  const char *type_text; /**< for documentation; may be NULL */
  const char *doc;       /**< may be NULL */
  int32_t type;          /**< weir_plugin_type */
  uint8_t optional;      /**< 1: may be left out; only optional ones may follow */
  uint8_t variadic;      /**< 1, only on a last one that is not optional: one or more */
  uint8_t literal;       /**< 1: has to be a literal; return_field sees its value */
  uint8_t zero;
  uint64_t reserved[2]; /**< 0 */
} weir_plugin_param;

/** What a callback says when it fails: the text, ended by NUL. */
typedef struct weir_plugin_error {
  uint32_t struct_size;
  uint32_t reserved;
  char message[1016];
} weir_plugin_error;

/** One argument of a call, borrowed. A scalar has one row, which stands for every row. An
 * optional one that was left out is a scalar of the null type (format "n"), or is missing at
 * the end. Arrays may have an offset. */
typedef struct weir_plugin_arg {
  const struct ArrowArray *array;
  const struct ArrowSchema *schema;
  uint32_t is_scalar;
  uint32_t reserved;
} weir_plugin_arg;

typedef struct weir_plugin_function {
  uint32_t struct_size; /**< sizeof(weir_plugin_function) */
  int32_t kind;         /**< weir_plugin_kind */
  int32_t volatility;   /**< weir_plugin_volatility */
  uint32_t param_size;  /**< sizeof(weir_plugin_param) */
  uint64_t flags;       /**< 0 */
  const char *name;     /**< lower case */
  const char *const *aliases;
  size_t n_aliases;
  const weir_plugin_param *params;
  size_t n_params;
  const char *returns; /**< the type of the result, for documentation */
  /* Documentation; each text may be NULL. */
  const char *section, *description, *syntax;
  const char *example, *example_result; /**< an expression, and its value as text */
  const char *const *tags;
  size_t n_tags;
  void *self; /**< given to the callbacks */
  /** The field of a call's result. literals[i] is NULL unless argument i is a literal, then
   * an array of one row. Fills *out (weir releases it) and returns 0, or fills *err and
   * returns anything else: then the query cannot be planned. */
  int (*return_field)(void *self, size_t n, const struct ArrowSchema *const *args,
                      const struct ArrowArray *const *literals, struct ArrowSchema *out,
                      weir_plugin_error *err);
  /** The values of one batch: *out gets `rows` values of the type that return_field said
   * (weir releases it). Every result is checked against this type and the Arrow format. */
  int (*invoke)(void *self, size_t n, const weir_plugin_arg *args, int64_t rows,
                struct ArrowArray *out, weir_plugin_error *err);
  const void *reserved[6]; /**< NULL; for the callbacks of other kinds */
} weir_plugin_function;

typedef struct weir_plugin {
  uint32_t struct_size; /**< sizeof(weir_plugin) */
  uint16_t abi_major;   /**< WEIR_PLUGIN_ABI_MAJOR */
  uint16_t abi_minor;   /**< WEIR_PLUGIN_ABI_MINOR */
  const char *name;     /**< of the plug-in: lower-case letters, digits and _ */
  const char *version;  /**< of the plug-in, as its author counts */
  const char *build_id; /**< whatever tells two builds apart; may be NULL */
  uint64_t capabilities;
  uint64_t needs;
  const weir_plugin_function *const *functions;
  size_t n_functions;
  const void *reserved[8]; /**< NULL */
} weir_plugin;

/** Who asks. */
typedef struct weir_plugin_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  uint64_t capabilities;
  const char *version; /**< of weir */
  const void *reserved[4];
} weir_plugin_host;

#if defined(__GNUC__)
#define WEIR_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define WEIR_PLUGIN_EXPORT
#endif
#define WEIR_PLUGIN_SYMBOL "weir_plugin_v1"

/** The one symbol of a plug-in. NULL refuses this host. */
WEIR_PLUGIN_EXPORT const weir_plugin *weir_plugin_v1(const weir_plugin_host *host);

/* ---- helpers, compiled into the plug-in; it may do without them ---- */

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
/** `return weir_plugin_fail(err, "...")` fails a callback. */
static inline int weir_plugin_fail(weir_plugin_error *err, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  vsnprintf(err->message, sizeof err->message, fmt, args);
  va_end(args);
  return 1;
}

static inline void weir_plugin_release_field(struct ArrowSchema *field) {
  field->release = NULL;
}

/** A field of a type without children; `format` is a literal, as "l" for Int64. */
static inline int weir_plugin_field(struct ArrowSchema *out, const char *format,
                                    int nullable) {
  memset(out, 0, sizeof *out);
  out->format = format;
  out->name = "";
  out->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
  out->release = weir_plugin_release_field;
  return 0;
}

/** Where row `row` of the result finds its value in the argument's buffers. */
static inline int64_t weir_plugin_at(const weir_plugin_arg *arg, int64_t row) {
  return arg->array->offset + (arg->is_scalar ? 0 : row);
}

static inline int weir_plugin_is_null(const weir_plugin_arg *arg, int64_t row) {
  int64_t at = weir_plugin_at(arg, row);
  if (arg->schema->format[0] == 'n') {
    return 1;
  }
  const uint8_t *valid = (const uint8_t *)arg->array->buffers[0];
  return valid != NULL && (valid[at / 8] >> (at % 8) & 1) == 0;
}

static inline int64_t weir_plugin_int64(const weir_plugin_arg *arg, int64_t row) {
  return ((const int64_t *)arg->array->buffers[1])[weir_plugin_at(arg, row)];
}

static inline double weir_plugin_float64(const weir_plugin_arg *arg, int64_t row) {
  return ((const double *)arg->array->buffers[1])[weir_plugin_at(arg, row)];
}

/** The bytes of a text that is not null, in whichever of the three layouts; not ended by
 * NUL. */
static inline const char *weir_plugin_text(const weir_plugin_arg *arg, int64_t row,
                                           size_t *n) {
  const void *const *buffers = (const void *const *)arg->array->buffers;
  const char *format = arg->schema->format, *bytes;
  int64_t at = weir_plugin_at(arg, row), from, to;
  if (format[0] == 'v') {
    const char *view = (const char *)buffers[1] + 16 * at;
    int32_t length, place[2];
    memcpy(&length, view, sizeof length);
    memcpy(place, view + 8, sizeof place);
    *n = (size_t)length;
    return length <= 12 ? view + 4 : (const char *)buffers[2 + place[0]] + place[1];
  }
  if (format[0] == 'U') {
    from = ((const int64_t *)buffers[1])[at];
    to = ((const int64_t *)buffers[1])[at + 1];
  } else {
    from = ((const int32_t *)buffers[1])[at];
    to = ((const int32_t *)buffers[1])[at + 1];
  }
  bytes = (const char *)buffers[2];
  *n = (size_t)(to - from);
  return bytes == NULL ? "" : bytes + from;
}

static inline void weir_plugin_release_array(struct ArrowArray *array) {
  free(array->private_data);
  array->release = NULL;
}

/** A result of `rows` values of `bits` bits each (1, 8, 16, 32 or 64): all zero and null.
 * weir_plugin_set_valid makes one of them valid; its value is put into *values. */
static inline int weir_plugin_array(struct ArrowArray *out, int64_t rows, int bits,
                                    void **values) {
  size_t count = (size_t)rows, bitmap = (count + 511) / 512 * 64;
  size_t size = bits == 1 ? bitmap : count * (size_t)(bits / 8);
  char *block = (char *)calloc(1, 64 + bitmap + size);
  const void **buffers = (const void **)(void *)block;
  memset(out, 0, sizeof *out);
  if (block == NULL) {
    return 1;
  }
  buffers[0] = block + 64;
  buffers[1] = *values = block + 64 + bitmap;
  out->length = rows;
  out->null_count = rows;
  out->n_buffers = 2;
  out->buffers = buffers;
  out->private_data = block;
  out->release = weir_plugin_release_array;
  return 0;
}

static inline void weir_plugin_set_valid(struct ArrowArray *out, int64_t row) {
  uint8_t *valid = (uint8_t *)out->private_data + 64;
  uint8_t bit = (uint8_t)(1u << (row % 8));
  out->null_count -= (valid[row / 8] & bit) == 0;
  valid[row / 8] = (uint8_t)(valid[row / 8] | bit);
}

/** A value of a result of one bit each. */
static inline void weir_plugin_set_bool(struct ArrowArray *out, void *values, int64_t row,
                                        int value) {
  uint8_t *bytes = (uint8_t *)values, bit = (uint8_t)(1u << (row % 8));
  weir_plugin_set_valid(out, row);
  bytes[row / 8] = (uint8_t)(value ? bytes[row / 8] | bit : bytes[row / 8] & ~bit);
}

#ifdef __cplusplus
}
#endif

#endif
