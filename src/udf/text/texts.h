/* A text result whose size is not known beforehand. */
#ifndef WI_UDF_TEXTS_H
#define WI_UDF_TEXTS_H

#include "udf/kernel.h"

typedef struct wi_texts {
  struct ArrowArray *out;
  struct ArrowBuffer *data;
  int32_t *offsets;
  size_t at; /* bytes written */
  const char *fn;
} wi_texts;

/* Room for `rows` texts and, as a guess, `bytes` bytes. */
weir_status wi_texts_init(wi_texts *t, struct ArrowArray *out, const wi_fn *fn,
                          int64_t rows, int64_t bytes, weir_error *err);
/* More room, when wi_texts_room finds too little. NULL: no memory. */
char *wi_texts_grow(wi_texts *t, size_t n);
/* Sets length and validity and what was used of the data. TOO_LARGE for more than an array
 * of texts holds. */
weir_status wi_texts_seal(wi_texts *t, int64_t rows, wi_valid *valid, weir_error *err);

/* Where the next n bytes go; then t->at is moved. NULL: no memory. */
static inline char *wi_texts_room(wi_texts *t, size_t n) {
  if (t->at + n > (size_t)t->data->capacity_bytes) {
    return wi_texts_grow(t, n);
  }
  return (char *)t->data->data + t->at;
}
/* Ends text `row`; rows come in order. */
static inline void wi_texts_end(wi_texts *t, int64_t row) {
  t->offsets[row + 1] = (int32_t)(uint32_t)t->at;
}

/* ---- blocks of plain texts (plain.c) ---- */
typedef struct wi_plain {
  const wi_col *texts;
  const wi_col *modules; /* NULL: none; what goes before a text without a dot */
  wi_case to;
  bool collapse;
  bool any_text; /* nothing is asked of the bytes; to is WI_CASE_NONE */
} wi_plain;
#define WI_PLAIN_ROWS 1024 /* of a block, at most */
/* Rows from..from+n, trimmed, null where nothing is left. *done false: some are no ASCII, or
 * have blanks to collapse, and nothing is written; what is blank may be null already. */
weir_status wi_plain_block(const wi_plain *how, int64_t from, int64_t n, int64_t rows,
                           wi_valid *valid, wi_texts *t, bool *done, weir_error *err);

#endif
