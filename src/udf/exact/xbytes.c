/* Exact numbers as bytes: one form for each number, however its cell held it. */
#include <string.h>

#include "udf/exact/xsum.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "limbs are read as bytes");

static uint8_t sign_byte(uint8_t top) {
  return top >> 7 != 0 ? 0xFF : 0;
}

size_t wi_xnum_write(const wi_xnum *x, uint8_t *out) {
  const uint8_t *b = (const uint8_t *)x->v;
  size_t from = 0, end = 8 * (size_t)x->n;
  while (from < end && b[from] == 0) {
    from++;
  }
  while (end > from + 1 && b[end - 1] == sign_byte(b[end - 2])) {
    end--;
  }
  size_t place = end == from ? 0 : 8 * (size_t)x->at + from;
  out[0] = (uint8_t)place;
  out[1] = (uint8_t)(place >> 8);
  if (end > from) {
    memcpy(out + 2, b + from, end - from);
  }
  return 2 + end - from;
}

bool wi_xnum_read(const uint8_t *p, size_t n, int whole, uint64_t *limbs, wi_xnum *out) {
  *out = (wi_xnum){limbs, 0, 0};
  if (n < 2) {
    return false;
  }
  size_t place = (size_t)p[0] | (size_t)p[1] << 8, bytes = n - 2;
  if (place + bytes > 8 * (size_t)whole) {
    return false;
  }
  if (bytes > 0) {
    size_t used = (place % 8 + bytes + 7) / 8;
    uint8_t *to = (uint8_t *)limbs;
    memset(to, 0, place % 8);
    memcpy(to + place % 8, p + 2, bytes);
    memset(to + place % 8 + bytes, sign_byte(p[n - 1]), 8 * used - place % 8 - bytes);
    *out = (wi_xnum){limbs, (int)used, (int)(place / 8)};
  }
  return true;
}
