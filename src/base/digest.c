/* Digests of records. Each field is its length as 8 bytes, least significant first, and
 * then its bytes, so that no two lists of fields are hashed as the same text. */
#include <string.h>

#include "base/base.h"
#include "blake3.h"

_Static_assert(sizeof(blake3_hasher) <= sizeof(((wi_digest *)NULL)->state),
               "wi_digest.state must hold a blake3_hasher");
_Static_assert(_Alignof(blake3_hasher) <= 16, "wi_digest.state is aligned to 16");
_Static_assert(BLAKE3_OUT_LEN == WI_DIGEST_SIZE, "the digest is BLAKE3-256");

static blake3_hasher *hasher(wi_digest *d) {
  return (blake3_hasher *)(void *)d->state;
}

static void put_u64(wi_digest *d, uint64_t v) {
  uint8_t bytes[8];
  for (size_t i = 0; i < sizeof bytes; i++) {
    bytes[i] = (uint8_t)(v >> (8 * i));
  }
  blake3_hasher_update(hasher(d), bytes, sizeof bytes);
}

void wi_digest_begin(wi_digest *d, const char *domain) {
  blake3_hasher_init(hasher(d));
  wi_digest_text(d, domain);
}

void wi_digest_bytes(wi_digest *d, const void *p, size_t n) {
  put_u64(d, n);
  if (n > 0) {
    blake3_hasher_update(hasher(d), p, n);
  }
}

/* No field is UINT64_MAX long, so that length alone stands for NULL. */
void wi_digest_text(wi_digest *d, const char *text) {
  if (text == NULL) {
    put_u64(d, UINT64_MAX);
  } else {
    wi_digest_bytes(d, text, strlen(text));
  }
}

void wi_digest_u64(wi_digest *d, uint64_t v) {
  put_u64(d, sizeof v);
  put_u64(d, v);
}

void wi_digest_end(wi_digest *d, uint8_t out[WI_DIGEST_SIZE]) {
  blake3_hasher_finalize(hasher(d), out, WI_DIGEST_SIZE);
}

void wi_digest_end_hex(wi_digest *d, char out[WI_DIGEST_HEX]) {
  uint8_t bytes[WI_DIGEST_SIZE];
  wi_digest_end(d, bytes);
  wi_hex(bytes, sizeof bytes, out);
}

void wi_hex(const uint8_t *p, size_t n, char *out) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    out[2 * i] = digits[p[i] >> 4];
    out[2 * i + 1] = digits[p[i] & 15];
  }
  out[2 * n] = '\0';
}

void wi_blake3_hex(const void *p, size_t n, char out[WI_DIGEST_HEX]) {
  blake3_hasher h;
  uint8_t bytes[WI_DIGEST_SIZE];
  blake3_hasher_init(&h);
  if (n > 0) {
    blake3_hasher_update(&h, p, n);
  }
  blake3_hasher_finalize(&h, bytes, sizeof bytes);
  wi_hex(bytes, sizeof bytes, out);
}
