/* Text of the command: numbers, times, JSON, and what a screen needs, on top of src/util. Memory
 * that cannot be had ends the command: it is a process of its own, and a run that ends between
 * two calls leaves every table whole. */
#ifndef WEIR_CLI_TEXT_H
#define WEIR_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/util.h"
#include "weir/error.h"

void *wi_cli_alloc(size_t count, size_t size); /* zeroed */
void *wi_cli_realloc(void *ptr, size_t count, size_t size);

typedef wi_buf wi_cli_buf;
#define WI_CLI_BUF_INIT    WI_BUF_INIT
#define wi_cli_buf_release wi_buf_release
#define wi_cli_buf_clear   wi_buf_clear
#define wi_cli_buf_text    wi_buf_text
void wi_cli_buf_add(wi_cli_buf *b, const void *bytes, size_t n);
void wi_cli_buf_str(wi_cli_buf *b, const char *text);
void wi_cli_buf_chr(wi_cli_buf *b, char c);
void wi_cli_buf_pad(wi_cli_buf *b, char c, size_t n);
void wi_cli_buf_int(wi_cli_buf *b, int64_t v);
void wi_cli_buf_uint(wi_cli_buf *b, uint64_t v);
void wi_cli_buf_fmt(wi_cli_buf *b, const char *fmt, ...) WEIR_PRINTF(2, 3);

/* ---- numbers and times ---- */
/* Shortest decimal that reads back as `v`, with a point or an exponent ("1.0", "1e300",
 * "NaN"); `single`: reads back as a float. */
void wi_cli_double_text(wi_cli_buf *b, double v, bool single);
void wi_cli_date_text(wi_cli_buf *b, int64_t days);
/* `value` counts 10^-digits of a second (0, 3, 6 or 9) since 1970. Six digits of a second
 * are shown, nine where six would lose something. */
void wi_cli_timestamp_text(wi_cli_buf *b, int64_t value, int digits, bool zoned);
void wi_cli_time_text(wi_cli_buf *b, int64_t value, int digits); /* since midnight */
void wi_cli_grouped(wi_cli_buf *b, uint64_t v);                  /* 1,234,567 */
void wi_cli_bytes_text(wi_cli_buf *b, uint64_t bytes);           /* 1.2 MB */

/* ---- JSON ---- */
void wi_cli_json_ntext(wi_cli_buf *b, const char *p, size_t n); /* quoted and escaped */
void wi_cli_json_text(wi_cli_buf *b, const char *text);         /* NULL gives null */
/* `"key":`, after a comma unless an object or array was just opened. */
void wi_cli_json_key(wi_cli_buf *b, const char *key);
void wi_cli_json_kt(wi_cli_buf *b, const char *key, const char *text);
void wi_cli_json_ki(wi_cli_buf *b, const char *key, int64_t v);
void wi_cli_json_ku(wi_cli_buf *b, const char *key, uint64_t v);
void wi_cli_json_kb(wi_cli_buf *b, const char *key, bool v);

/* ---- for screens ---- */
/* Copies text with control characters made visible (\n as the two characters), so that
 * data cannot drive a terminal; `lines` keeps line feeds. */
void wi_cli_visible(wi_cli_buf *b, const char *p, size_t n, bool lines);
/* Columns that a text takes on a screen. */
size_t wi_cli_width(const char *p, size_t n);
/* The longest start of a text that takes at most `width` columns, in bytes. */
size_t wi_cli_fit(const char *p, size_t n, size_t width, size_t *taken);

#endif
