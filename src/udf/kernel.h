/* What the kernels of this folder share. Not for other modules; they use udf.h. */
#ifndef WI_UDF_KERNEL_H
#define WI_UDF_KERNEL_H

#include <blake2.h>

#include "udf/arrow_io.h"

/* ---- BLAKE2b with the length parameter, 8 or 16 bytes (hash.c) ---- */
typedef struct wi_hasher {
  blake2b_state fresh; /* as after init: set up once, copied for each value */
  size_t length;
} wi_hasher;
void wi_hasher_init(wi_hasher *h, size_t length);
void wi_hasher_run(const wi_hasher *h, const char *p, size_t n, uint8_t *out);
/* The 8-byte digest as a number in [0, 2^63). */
int64_t wi_hash64(const wi_hasher *h, const char *p, size_t n);

/* ---- texts that carry a hash: "hex", "prefix:hex" or "prefix:decimal" (hash.c) ---- */
typedef enum wi_id_form { WI_ID_HEX, WI_ID_DECIMAL } wi_id_form;
typedef struct wi_ids {
  wi_hasher hasher;
  wi_id_form form;
  const wi_col *prefix; /* NULL: none */
  wi_text_out text;
  int64_t at;
} wi_ids;
/* Makes the result with room for every valid row; `fn` names the function in errors. */
weir_status wi_ids_init(wi_ids *ids, struct ArrowArray *out, const wi_fn *fn,
                        wi_id_form form, const wi_col *prefix, int64_t rows,
                        const wi_valid *valid, weir_error *err);
/* Rows in order, each either put or skipped (null). */
void wi_ids_put(wi_ids *ids, int64_t row, const char *p, size_t n);
void wi_ids_skip(wi_ids *ids, int64_t row);
weir_status wi_ids_finish(wi_ids *ids, struct ArrowArray *out, int64_t rows,
                          wi_valid *valid, weir_error *err);

/* The field of an identifier: Utf8, with `semantic_type` when the prefix (argument 0) is
 * a literal that names one. */
weir_status wi_id_field(struct ArrowSchema *out, const wi_fn *fn, bool nullable,
                        const struct ArrowSchema *const *args,
                        const struct ArrowArray *const *literals, weir_error *err);

/* NodeId, EdgeId or SpanId for a prefix that names one; NULL: none. */
const char *wi_semantic_type(wi_str prefix);

/* Digits of v at `out` (20 bytes are enough); returns their number. */
size_t wi_digits(uint64_t v, char *out);

/* ---- joined parts (parts.c) ---- */
#define WI_PART_SEPARATOR '\x1F'
#define WI_NULL_SENTINEL  "__NULL__"
/* prefix (column 0) and the hash of the joined texts of columns 1 to n - 1. */
weir_status wi_parts_run(const wi_fn *fn, const wi_fn_arg *args, const wi_cols *cols,
                         size_t n, wi_id_form form, int64_t rows, struct ArrowArray *out,
                         weir_error *err);

/* ---- Unicode (normal.c, casing.c) ---- */
typedef enum wi_form { WI_FORM_NFKC, WI_FORM_NFC, WI_FORM_NFD, WI_FORM_NFKD } wi_form;
typedef enum wi_case { WI_CASE_NONE, WI_CASE_LOWER, WI_CASE_UPPER } wi_case;
typedef struct wi_normal {
  int32_t *points;
  size_t cap;
} wi_normal;
#define WI_NORMAL_INIT {NULL, 0}
void wi_normal_release(wi_normal *n);
/* NFKC of `in`; *out is `in` itself or lives in `n` until the next call. */
weir_status wi_normal_nfkc(wi_normal *n, wi_str in, wi_str *out, weir_error *err);
/* The characters of the normal form, or of the text as it is, in n->points. */
weir_status wi_normal_points(wi_normal *n, wi_form form, wi_str in, size_t *count,
                             weir_error *err);
weir_status wi_points_read(wi_normal *n, wi_str in, size_t *count, weir_error *err);
/* Writes characters in a case, by Unicode's full mappings; `collapse` makes one blank of each
 * run of White_Space and none at the ends. `out` has room for WI_CASE_ROOM bytes for each
 * character; returns the bytes written. */
#define WI_CASE_ROOM 12
size_t wi_case_write(const int32_t *points, size_t count, wi_case to, bool collapse,
                     char *out);
/* The same for ASCII; `out` has room for n bytes. With `collapse` in is trimmed. */
size_t wi_case_ascii(const char *p, size_t n, wi_case to, bool collapse, char *out);
/* n bytes go to out (which may be p), ASCII letters in a case; says what is among them. */
typedef enum wi_scan {
  WI_SCAN_WIDE = 1, /* bytes that are no ASCII */
  WI_SCAN_BLANKS =
      2, /* blanks that follow one, or that are not U+0020; only with collapse */
  WI_SCAN_HIDDEN = 4 /* any that are not visible ASCII, single blanks too */
} wi_scan;
unsigned wi_case_scan(const char *p, size_t n, wi_case to, bool collapse, char *out);
/* What wi_case_ascii does where there are such blanks. */
size_t wi_case_squeeze(const char *p, size_t n, wi_case to, char *out);
bool wi_is_ascii(wi_str s);
bool wi_is_white(int32_t c);
/* Without White_Space characters at both ends. */
wi_str wi_trim_white(wi_str s);

/* A field of a fixed type that is null where an argument is (hash.c). */
weir_status wi_field_plain(const wi_fn *fn, size_t n,
                           const struct ArrowSchema *const *args, enum ArrowType type,
                           struct ArrowSchema *out, weir_error *err);

/* ---- the functions, for the registry ---- */
typedef weir_status wi_return_field(const wi_fn *fn, size_t n,
                                    const struct ArrowSchema *const *args,
                                    const struct ArrowArray *const *literals,
                                    struct ArrowSchema *out, weir_error *err);
typedef weir_status wi_invoke(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                              int64_t rows, struct ArrowArray *out, weir_error *err);
wi_return_field wi_field_hash64, wi_field_hash128, wi_field_prefixed, wi_field_stable_id;
wi_return_field wi_field_parts, wi_field_any, wi_field_span_make, wi_field_span_len;
wi_return_field wi_field_span_test, wi_field_span_id;
wi_invoke wi_run_hash64, wi_run_hash128, wi_run_prefixed, wi_run_stable_id;
wi_invoke wi_run_parts_hex, wi_run_parts_decimal, wi_run_any;
wi_invoke wi_run_span_make, wi_run_span_len, wi_run_span_overlaps, wi_run_span_contains;
wi_invoke wi_run_span_id;
wi_return_field wi_field_utf8_normalize, wi_field_null_if_blank, wi_field_qname;
wi_invoke wi_run_utf8_normalize, wi_run_null_if_blank, wi_run_qname;
wi_return_field wi_field_change_rank, wi_field_change_test;
wi_invoke wi_run_change_rank, wi_run_change_upsert, wi_run_change_delete;
wi_return_field wi_field_encoding, wi_field_col_to_byte, wi_field_byte_span;
wi_return_field wi_field_align_score;
wi_invoke wi_run_encoding, wi_run_col_to_byte, wi_run_byte_span, wi_run_align_score;
wi_return_field wi_field_map_get, wi_field_map_normalize, wi_field_list_unique;
wi_return_field wi_field_struct_pick, wi_field_semantic_tag;
wi_invoke wi_run_map_get, wi_run_map_normalize, wi_run_list_unique;
wi_invoke wi_run_struct_pick, wi_run_semantic_tag;

#endif
