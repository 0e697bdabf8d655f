/* What stands on nothing but the C library: memory, text, buffers, numbers, the calendar, JSON out.
 * The library and the command both link it, so that a size, a date or a near name is the same
 * thing on a command line and in a project. Nothing here knows of errors: failing is a bool. */
#ifndef WI_UTIL_UTIL_H
#define WI_UTIL_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define WI_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define WI_PRINTF(fmt, args)
#endif

/* ---- memory (alloc.c): NULL means out of memory, sizes are overflow-checked ---- */
void *wi_alloc(size_t size);                     /* zeroed */
void *wi_alloc_array(size_t count, size_t size); /* zeroed */
void *wi_realloc_array(void *ptr, size_t count, size_t size);
void wi_free(void *ptr);
char *wi_strdup(const char *text);
char *wi_strndup(const char *text, size_t n);
/* A list that grows: any struct with these three members is one. */
#define wi_vec(T)  \
  struct {         \
    T *items;      \
    size_t n, cap; \
  }
/* The place of one more item, zeroed; NULL: no memory, and the list is as it was. */
#define wi_vec_add(v)                                                           \
  ((v)->n < (v)->cap || wi_vec_grow(&(v)->items, &(v)->cap, sizeof *(v)->items) \
       ? &(v)->items[(v)->n++]                                                  \
       : NULL)
/* `items` is the address of the pointer; what is new is zeroed. */
bool wi_vec_grow(void *items, size_t *cap, size_t size);

/* ---- ASCII (str.c): the same in every locale, and for every byte ---- */
char wi_ascii_lower(char c);
bool wi_ascii_digit(char c);
bool wi_ascii_alnum(char c);
/* Whether they are equal but for the case of ASCII letters. */
bool wi_ascii_same(const char *a, const char *b);
bool wi_ascii_same_n(const char *a, const char *b, size_t n); /* the first n of both */

/* ---- strings (str.c) ---- */
typedef struct wi_str { /* a borrowed piece of text, not NUL-terminated */
  const char *p;
  size_t n;
} wi_str;
#define WI_STR_FMT    "%.*s"
#define WI_STR_ARG(s) (int)(s).n, (s).p
wi_str wi_str_of(const char *text); /* NULL gives the empty one */
bool wi_str_eq(wi_str a, const char *text);
int wi_str_cmp(wi_str a, wi_str b); /* by bytes */
bool wi_starts_with(const char *text, const char *prefix);
bool wi_ends_with(const char *text, const char *suffix);
wi_str wi_str_trim(wi_str s); /* ASCII space, tab, CR, LF */
bool wi_utf8_valid(const char *p, size_t n);
/* Bytes (1 to 4) of the valid character that starts at p; 0: none does. */
size_t wi_utf8_char(const char *p, size_t n);
/* Copies a text (from `out` too) with a NUL; one that does not fit into `cap` (4 or more) bytes
 * is cut between two characters and ends in an ellipsis. Gives the length. */
size_t wi_text_fit(char *out, size_t cap, const char *text, size_t n);
/* Matches [a-z_][a-z0-9_]{0,127}. */
bool wi_name_valid(const char *name);
/* Levenshtein distance without regard to the case of ASCII letters. */
size_t wi_edit_distance(const char *a, const char *b);
/* Fills `out` with "a, b or c": the (at most three) names nearest to `name`, or "" if none
 * is near. Always NUL-terminated. */
void wi_nearest(const char *name, const char *const *names, size_t n, char *out,
                size_t cap);
/* The first of them; NULL: none is near. */
const char *wi_nearest_one(const char *name, const char *const *names, size_t n);

/* ---- buffer (buf.c): growable bytes, always NUL-terminated, sticky failure ---- */
typedef struct wi_buf {
  char *p;
  size_t n, cap;
  bool failed; /* out of memory: later appends do nothing; check once */
} wi_buf;
#define WI_BUF_INIT {NULL, 0, 0, false}
void wi_buf_release(wi_buf *b);
void wi_buf_clear(wi_buf *b); /* keeps the memory, forgets a failure */
/* Makes room for `extra` bytes and a NUL after b->n; false: failed, now or before. */
bool wi_buf_reserve(wi_buf *b, size_t extra);
void wi_buf_add(wi_buf *b, const void *bytes, size_t n);
void wi_buf_str(wi_buf *b, const char *text);
void wi_buf_chr(wi_buf *b, char c);
void wi_buf_fmt(wi_buf *b, const char *fmt, ...) WI_PRINTF(2, 3);
void wi_buf_vfmt(wi_buf *b, const char *fmt, va_list args) WI_PRINTF(2, 0);
const char *wi_buf_text(const wi_buf *b); /* never NULL */
char *wi_buf_take(wi_buf *b); /* caller frees with wi_free; NULL when failed */

/* ---- JSON out (json.c) ---- */
typedef struct wi_json {
  wi_buf *out;
  uint32_t depth; /* open objects and arrays; no limit */
} wi_json;
void wi_json_begin(wi_json *j, wi_buf *out);
void wi_json_object(wi_json *j);
void wi_json_object_end(wi_json *j);
void wi_json_array(wi_json *j);
void wi_json_array_end(wi_json *j);
void wi_json_key(wi_json *j, const char *key);
void wi_json_text(wi_json *j, const char *text); /* NULL gives null */
void wi_json_ntext(wi_json *j, const char *text, size_t n);
void wi_json_int(wi_json *j, int64_t v);
void wi_json_uint(wi_json *j, uint64_t v);
void wi_json_double(wi_json *j, double v); /* shortest round trip; NaN/Inf as text */
void wi_json_bool(wi_json *j, bool v);
void wi_json_null(wi_json *j);
void wi_json_raw(wi_json *j, const char *json); /* an already encoded value */
/* Shorthands: key and value. */
void wi_json_kt(wi_json *j, const char *key, const char *text);
void wi_json_ki(wi_json *j, const char *key, int64_t v);
void wi_json_kb(wi_json *j, const char *key, bool v);
void wi_buf_json_text(wi_buf *b, const char *text, size_t n); /* quoted and escaped */

/* ---- pieces of SQL (sql.c): a quoted identifier, a quoted string ---- */
void wi_sql_ident(wi_buf *out, const char *name);
void wi_sql_string(wi_buf *out, const char *text);

/* ---- numbers (number.c) ---- */
/* Shortest decimal that reads back as `v` ("1", "0.1", "1e300"); out holds 32 bytes. */
void wi_double_text(double v, char out[32]);
void wi_float_text(float v, char out[32]);
/* A finite number: digits, at most one point, an exponent. */
bool wi_double_parse(const char *text, double *out);
/* Decimal digits and nothing else. */
bool wi_count_parse(const char *text, uint64_t *out);
/* 512MB, 2GB, 1.5GiB: a positive number of bytes, computed exactly. */
bool wi_size_parse(const char *text, int64_t *bytes);

/* ---- calendar (calendar.c): proleptic Gregorian, UTC ---- */
/* RFC 3339 in UTC with 6 digits, as 2026-01-02T03:04:05.000006Z. */
void wi_time_text(int64_t us, char out[32]);
/* Parses an RFC 3339 timestamp with offset; false: not one. */
bool wi_time_parse(const char *text, int64_t *us);
/* Parses YYYY-MM-DD to days since 1970-01-01; false: no such date. */
bool wi_date_parse(const char *text, int32_t *days);
void wi_date_text(int64_t days, char out[32]);
/* Milliseconds as microseconds; the nearest where they do not fit. */
int64_t wi_ms_us(int64_t ms);

#endif
