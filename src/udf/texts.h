/* A text result whose size is not known beforehand. */
#ifndef WI_UDF_TEXTS_H
#define WI_UDF_TEXTS_H

#include "udf/arrow_io.h"

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

#endif
