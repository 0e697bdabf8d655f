/* BLAKE2b, and of many short texts at once: four or eight of them, one in each lane of the
 * processor's wide registers, take as long as one does alone. */
#include <string.h>

#include "udf/kernel.h"

void wi_hasher_init(wi_hasher *h, size_t length) {
  h->length = length;
  blake2b_init(&h->fresh, length);
}

/* Copies only what init sets up; the library zero-fills the block buffer itself. */
void wi_hasher_run(const wi_hasher *h, const char *p, size_t n, uint8_t *out) {
  blake2b_state s;
  memcpy(s.h, h->fresh.h, sizeof s.h);
  memcpy(s.t, h->fresh.t, sizeof s.t);
  memcpy(s.f, h->fresh.f, sizeof s.f);
  s.buflen = h->fresh.buflen;
  s.outlen = h->fresh.outlen;
  s.last_node = h->fresh.last_node;
  if (n > 0) {
    blake2b_update(&s, (const uint8_t *)p, n);
  }
  blake2b_final(&s, out, h->length);
}

#if defined(__x86_64__) && defined(__GNUC__)

#define PARAMETERS ((uint64_t)0x01010000) /* no key, no tree; beside the length */

static const uint64_t start[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

typedef uint64_t four __attribute__((vector_size(32)));
typedef uint8_t four_bytes __attribute__((vector_size(32)));
typedef uint64_t eight __attribute__((vector_size(64)));

/* Whole bytes move in one instruction. */
#define LANE(by, of)                                                       \
  ((by) + 0) % 8 + (of), ((by) + 1) % 8 + (of), ((by) + 2) % 8 + (of),     \
      ((by) + 3) % 8 + (of), ((by) + 4) % 8 + (of), ((by) + 5) % 8 + (of), \
      ((by) + 6) % 8 + (of), ((by) + 7) % 8 + (of)
#define BYTES(x, by)                                                            \
  ((four)__builtin_shufflevector((four_bytes)(x), (four_bytes)(x), LANE(by, 0), \
                                 LANE(by, 8), LANE(by, 16), LANE(by, 24)))
#define TURN_32(x) BYTES(x, 4)
#define TURN_24(x) BYTES(x, 3)
#define TURN_16(x) BYTES(x, 2)
#define TURN_63(x) ((x) >> 63 | ((x) + (x)))

#define VECTOR        four
#define LANES         4
#define TARGET        "avx2"
#define RUN           run_four
#define TURN(x, bits) TURN_##bits(x)
#include "udf/hash_lanes.h"

#define VECTOR        eight
#define LANES         8
#define TARGET        "avx512f"
#define RUN           run_eight
#define TURN(x, bits) ((x) >> (bits) | (x) << (64 - (bits)))
#include "udf/hash_lanes.h"

size_t wi_hash_lanes(void) {
  return __builtin_cpu_supports("avx512f") ? 8 : __builtin_cpu_supports("avx2") ? 4 : 1;
}

static void run_lanes(wi_hashes *h) {
  if (h->lanes == 8) {
    run_eight(h);
  } else {
    run_four(h);
  }
}

#else

size_t wi_hash_lanes(void) {
  return 1;
}

static void run_lanes(wi_hashes *h) {
  (void)h; /* with one lane nothing waits */
}

#endif

void wi_hashes_init(wi_hashes *h, size_t length, size_t lanes) {
  wi_hasher_init(&h->one, length);
  h->lanes = lanes;
  h->used = 0;
}

void wi_hashes_put(wi_hashes *h, const char *p, size_t n, uint8_t *out) {
  if (h->lanes == 1 || n > WI_HASH_BLOCK) {
    wi_hasher_run(&h->one, p, n, out);
    return;
  }
  memset(h->blocks[h->used], 0, WI_HASH_BLOCK);
  if (n > 0) {
    memcpy(h->blocks[h->used], p, n);
  }
  h->lengths[h->used] = n;
  h->out[h->used++] = out;
  if (h->used == h->lanes) {
    wi_hashes_end(h);
  }
}

void wi_hashes_end(wi_hashes *h) {
  if (h->used == 1) {
    wi_hasher_run(&h->one, (const char *)h->blocks[0], h->lengths[0], h->out[0]);
  } else if (h->used > 1) {
    run_lanes(h);
  }
  h->used = 0;
}
