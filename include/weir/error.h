/**
 * \file weir/error.h
 * Status codes and the error record that every call of the library can fill.
 *
 * Lifecycle: a `weir_error` is owned by the caller, starts as `WEIR_ERROR_INIT`, and is
 * released with `weir_error_release` (safe on an empty one, and twice).
 * Threads: a value, no locks; do not share one between threads.
 *
 *     weir_error err = WEIR_ERROR_INIT;
 *     if (weir_project_open(NULL, &project, &err) != WEIR_OK) {
 *       fprintf(stderr, "%s: %s\n", weir_error_code_name(err.code), err.message);
 *       weir_error_release(&err);
 *     }
 */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WEIR_API               __attribute__((visibility("default")))
#define WEIR_MUST_USE          __attribute__((warn_unused_result))
#define WEIR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define WEIR_API
#define WEIR_MUST_USE
#define WEIR_PRINTF(fmt, args)
#endif

/** 0 is success; every other value is a number of `weir/errors.def`. */
typedef int32_t weir_status;

/** Error codes; the text form of `WEIR_E_NOT_OURS` is `WEIR-NOT-OURS`. */
enum weir_code {
  WEIR_OK = 0,
#define WEIR_ERROR_ROW(symbol, number, cls, exit_code, sqlstate, doc) \
  WEIR_E_##symbol = number,
#include "weir/errors.def"
#undef WEIR_ERROR_ROW
};

/** What kind of trouble a code is, and so what a caller can do about it. */
typedef enum weir_class {
  WEIR_CLASS_NONE = 0,
  WEIR_CLASS_USER = 1,        /**< wrong input: change it and call again */
  WEIR_CLASS_CONFLICT = 2,    /**< somebody else was first: read again, plan again */
  WEIR_CLASS_AMBIGUOUS = 3,   /**< it may have happened: look before trying again */
  WEIR_CLASS_FATAL = 4,       /**< the data or the table is broken */
  WEIR_CLASS_UNSUPPORTED = 5, /**< well formed, but this version cannot do it */
  WEIR_CLASS_IO = 6,          /**< a store or a disk failed; trying again may help */
  WEIR_CLASS_CANCELLED = 7,   /**< asked to stop */
  WEIR_CLASS_BUG = 8,         /**< a defect of weir */
  WEIR_CLASS_PANIC = 9        /**< a defect of an engine, caught at the border */
} weir_class;

/**
 * One error: what, where, why, and what to do next. Texts are UTF-8 and NUL-terminated;
 * a text too long for its field is cut at a character and ends in `…`.
 */
typedef struct weir_error {
  weir_status code;   /**< 0: no error */
  uint32_t line;      /**< 1-based line in `file`; 0: none */
  uint32_t column;    /**< 1-based column in `file`; 0: none */
  char origin[24];    /**< the module that made it */
  char file[256];     /**< the file it is about; empty: none */
  char message[1024]; /**< what is wrong, and why */
  char hint[512];     /**< what to do next; may be empty */
  char *detail;       /**< longer text (an engine's own words); may be NULL; owned */
} weir_error;

#define WEIR_ERROR_INIT {0}

/** Frees what `err` owns and empties it. NULL is allowed. */
WEIR_API void weir_error_release(weir_error *err);

/** The stable text of a code, as `WEIR-NOT-OURS`; never NULL, static. */
WEIR_API const char *weir_error_code_name(weir_status code);

/** The class of a code. */
WEIR_API weir_class weir_error_class(weir_status code);

/** The class's name in lower case, as `conflict`; static. */
WEIR_API const char *weir_class_name(weir_class cls);

/** The exit code of the command for a code: 0, 1, 2 or 130; 1 for an unknown one. */
WEIR_API int weir_error_exit_code(weir_status code);

/** The SQLSTATE of a code, five characters, as `42P01`; `00000` for success, static. */
WEIR_API const char *weir_error_sqlstate(weir_status code);

/**
 * The causes that an engine gave, from the outermost on: index 0, 1 and so on; NULL behind the last
 * one. Valid until the error is released.
 */
WEIR_API const char *weir_error_cause(const weir_error *err, size_t i);

/**
 * The place an error is about. 1 if it has one; of a statement without a file *file is NULL. What
 * is not known is 0. Any of the outputs may be NULL.
 */
WEIR_API int weir_error_place(const weir_error *err, const char **file, uint32_t *line,
                              uint32_t *column);

/** One line of documentation of a code; static. */
WEIR_API const char *weir_error_doc(weir_status code);

#ifdef __cplusplus
}
#endif

#endif
