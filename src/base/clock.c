/* The only reader of time and randomness. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

#define US_PER_SECOND INT64_C(1000000)

int64_t wi_now_us(void) {
  struct timespec t = {0};
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * US_PER_SECOND + t.tv_nsec / 1000;
}

void wi_sleep_us(uint32_t us) {
  struct timespec pause = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
  (void)nanosleep(&pause, NULL);
}

int64_t wi_monotonic_ns(void) {
  struct timespec t = {0};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Without any random source (a sandbox that forbids it): distinct by process, time and
 * count, which is what an identifier needs; it is never a secret. */
static void weak_random(uint8_t *out, size_t n) {
  static atomic_uint_fast64_t count;
  uint8_t bytes[WI_DIGEST_SIZE];
  wi_digest d;
  wi_digest_begin(&d, "weir random");
  wi_digest_u64(&d, (uint64_t)getpid());
  wi_digest_u64(&d, (uint64_t)wi_monotonic_ns());
  wi_digest_u64(&d, (uint64_t)wi_now_us());
  wi_digest_u64(&d, atomic_fetch_add(&count, 1));
  wi_digest_end(&d, bytes);
  memcpy(out, bytes, n < sizeof bytes ? n : sizeof bytes);
}

static void random_bytes(uint8_t *out, size_t n) {
  size_t got = 0;
  while (got < n) {
    ssize_t r = getrandom(out + got, n - got, 0);
    if (r > 0) {
      got += (size_t)r;
    } else if (r == 0 || errno != EINTR) {
      break;
    }
  }
  if (got < n) {
    weak_random(out + got, n - got);
  }
}

/* RFC 9562: milliseconds, then 12 bits of the millisecond's fraction, so that
 * identifiers of one process sort in the order made, to a quarter of a microsecond; the
 * rest is random. */
void wi_uuid7(char out[37]) {
  uint8_t u[16];
  char hex[33];
  uint64_t us = (uint64_t)wi_now_us();
  uint64_t ms = us / 1000, fraction = us % 1000 * 4096 / 1000;
  random_bytes(u + 8, 8);
  for (size_t i = 0; i < 6; i++) {
    u[i] = (uint8_t)(ms >> (40 - 8 * i));
  }
  u[6] = (uint8_t)(0x70 | (fraction >> 8));
  u[7] = (uint8_t)fraction;
  u[8] = (uint8_t)(0x80 | (u[8] & 0x3F));
  wi_hex(u, sizeof u, hex);
  size_t at = 0;
  for (size_t i = 0; i < 32; i++) {
    if (i == 8 || i == 12 || i == 16 || i == 20) {
      out[at++] = '-';
    }
    out[at++] = hex[i];
  }
  out[at] = '\0';
}
