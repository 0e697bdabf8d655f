#include "udf/text/texts.h"

#include <string.h>

#define WI_ORIGIN "udf"

weir_status wi_texts_init(wi_texts *t, struct ArrowArray *out, const wi_fn *fn,
                          int64_t rows, int64_t bytes, weir_error *err) {
  wi_text_out text;
  int64_t guess = bytes > INT32_MAX ? INT32_MAX : bytes;
  *t = (wi_texts){.out = out, .fn = fn->name};
  WI_TRY(wi_out_text(out, fn->name, rows, guess, &text, err));
  t->data = ArrowArrayBuffer(out, 2);
  t->offsets = text.offsets;
  return WEIR_OK;
}

char *wi_texts_grow(wi_texts *t, size_t n) {
  t->data->size_bytes = (int64_t)t->at;
  if (ArrowBufferReserve(t->data, (int64_t)n + 1) != NANOARROW_OK) {
    return NULL;
  }
  return (char *)t->data->data + t->at;
}

weir_status wi_texts_seal(wi_texts *t, int64_t rows, wi_valid *valid, weir_error *err) {
  if (t->at > INT32_MAX) {
    return WI_ERR_HINT(
        err, WEIR_E_TOO_LARGE, "use smaller batches or shorter texts",
        "%s: a batch of %lld rows makes %llu bytes of text, and a text array holds "
        "%d",
        t->fn, (long long)rows, (unsigned long long)t->at, INT32_MAX);
  }
  t->data->size_bytes = (int64_t)t->at;
  wi_out_seal(t->out, rows, valid);
  return WEIR_OK;
}
