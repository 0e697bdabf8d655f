/* Texts hashed at once have the digests that the library gives each alone. */
#include <string.h>

#include "common/test.h"
#include "udf/kernel.h"

enum { TEXTS = 40, LONGEST = 300, SPARE = 0xA5 };

typedef struct texts {
  char bytes[TEXTS][LONGEST];
  size_t lengths[TEXTS];
} texts;

static uint64_t next(uint64_t *seed) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return *seed >> 33;
}

/* Short ones, around a block, and longer ones; all bytes. */
static void fill(texts *t, uint64_t *seed) {
  static const size_t most[] = {24, 24, 130, LONGEST};
  for (size_t i = 0; i < TEXTS; i++) {
    size_t limit = most[next(seed) % 4];
    t->lengths[i] = limit == 130 ? 126 + next(seed) % 5 : next(seed) % (limit + 1);
    for (size_t k = 0; k < LONGEST; k++) {
      t->bytes[i][k] = (char)next(seed);
    }
  }
}

static int differing(const texts *t, size_t n, size_t length, size_t lanes) {
  uint8_t out[TEXTS][17], expected[16];
  wi_hashes hashes;
  int wrong = 0;
  memset(out, SPARE, sizeof out);
  wi_hashes_init(&hashes, length, lanes);
  for (size_t i = 0; i < n; i++) {
    wi_hashes_put(&hashes, t->bytes[i], t->lengths[i], out[i]);
  }
  wi_hashes_end(&hashes);
  for (size_t i = 0; i < TEXTS; i++) {
    memset(expected, SPARE, sizeof expected);
    if (i < n) {
      blake2b(expected, t->bytes[i], NULL, length, t->lengths[i], 0);
    }
    wrong += memcmp(out[i], expected, 16) != 0 || out[i][16] != SPARE;
  }
  return wrong;
}

WT_TEST(many_at_once_are_what_each_is_alone) {
  static const size_t lengths[] = {8, 16}, lanes[] = {1, 4, 8};
  static texts t;
  uint64_t seed = 20261201;
  for (int round = 0; round < 200; round++) {
    fill(&t, &seed);
    size_t n = round < TEXTS ? (size_t)round : TEXTS;
    for (size_t l = 0; l < 2; l++) {
      for (size_t k = 0; k < 3 && lanes[k] <= wi_hash_lanes(); k++) {
        WT_EQ_INT(differing(&t, n, lengths[l], lanes[k]), 0);
      }
    }
  }
}

WT_TEST(an_empty_text_and_none) {
  static const texts t = {.lengths = {0}};
  WT_EQ_INT(differing(&t, 0, 16, wi_hash_lanes()), 0);
  WT_EQ_INT(differing(&t, 1, 16, wi_hash_lanes()), 0);
  WT_EQ_INT(differing(&t, 3, 16, wi_hash_lanes()), 0);
}
