/* What callers give: options of another release, arguments that are NULL. */
#include <string.h>

#include "api/private.h"

#define WI_ORIGIN "api"

/* No options are as large; a size beyond it was never set, and what is there is not ours to
 * read. */
#define SIZE_LIMIT 4096

weir_status wi_options_take(void *out, size_t out_size, const void *in, const char *type,
                            weir_error *err) {
  uint32_t size = (uint32_t)out_size;
  memset(out, 0, out_size);
  if (in != NULL) {
    memcpy(&size, in, sizeof(size));
  }
  if (size < sizeof(size) || size > SIZE_LIMIT || size % _Alignof(uint64_t) != 0) {
    memcpy(out, &(uint32_t){(uint32_t)out_size}, sizeof(size));
    wi_err_hint(err, "begin with the header's ..._INIT");
    return WI_ERR(err, WEIR_E_USAGE, "%s: a struct_size of %u is none of any release",
                  type, size);
  }
  if (in != NULL) {
    memcpy(out, in, size < out_size ? size : out_size);
  }
  memcpy(out, &(uint32_t){(uint32_t)out_size}, sizeof(size));
  const uint8_t *bytes = in;
  for (size_t i = out_size; i < size; i++) {
    if (bytes[i] != 0) {
      wi_err_hint(err, "leave it zero, or use a newer library");
      return WI_ERR(err, WEIR_E_USAGE,
                    "%s: something is set at byte %zu, which this library does not know",
                    type, i);
    }
  }
  return WEIR_OK;
}

weir_status wi_arg_null(const char *function, const char *name, weir_error *err) {
  return WI_ERR(err, WEIR_E_USAGE, "%s: the argument '%s' is NULL", function, name);
}

weir_status wi_arg_texts(const char *function, const char *name, const char *const *list,
                         size_t n, weir_error *err) {
  if (n > 0 && list == NULL) {
    return wi_arg_null(function, name, err);
  }
  for (size_t i = 0; i < n; i++) {
    if (list[i] == NULL) {
      return WI_ERR(err, WEIR_E_USAGE, "%s: text %zu of '%s' is NULL", function, i + 1,
                    name);
    }
  }
  return WEIR_OK;
}

void wi_arg_stream_release(struct ArrowArrayStream *stream) {
  if (stream != NULL && stream->release != NULL) {
    stream->release(stream);
  }
}
