/* From exact numbers to doubles: sums, quotients and variances, each rounded once. */
#include <math.h>
#include <string.h>

#include "udf/exact/xsum.h"

/* Limbs that the largest numerator of a variance takes, and some for a quotient's digits.
 */
#define ROOM (2 * WI_XSUM_LIMBS + 8)

/* d[0..n-1] * 2^exp2, without a sign; n = 0 for zero, else the top limb is not zero. */
typedef struct magnitude {
  uint64_t d[ROOM];
  int n;
  int exp2;
} magnitude;

static void mag_trim(magnitude *m) {
  while (m->n > 0 && m->d[m->n - 1] == 0) {
    m->n--;
  }
}

/* |x| * 2^scale; returns whether x is negative. */
static bool mag_of(const wi_xnum *x, int scale, magnitude *out) {
  bool negative = x->n > 0 && x->v[x->n - 1] >> 63 != 0;
  uint64_t flip = (uint64_t)0 - (negative ? 1 : 0), carry = negative ? 1 : 0;
  for (int i = 0; i < x->n; i++) {
    wi_u128 t = (wi_u128)(x->v[i] ^ flip) + carry;
    out->d[i] = (uint64_t)t;
    carry = (uint64_t)(t >> 64);
  }
  out->n = x->n;
  out->exp2 = scale + 64 * x->at;
  mag_trim(out);
  return negative;
}

static uint64_t bit_at(const magnitude *m, long at) {
  return at < 0 || at >= 64L * m->n ? 0 : m->d[at / 64] >> (at % 64) & 1;
}

static bool any_below(const magnitude *m, long end) {
  for (int i = 0; i < m->n && 64L * i < end; i++) {
    long left = end - 64L * i;
    if ((left >= 64 ? m->d[i] : m->d[i] << (64 - left)) != 0) {
      return true;
    }
  }
  return false;
}

/* The 64 bits from bit `at` on; there are no more than 64 above it. */
static uint64_t bits_from(const magnitude *m, long at) {
  long i = at / 64, s = at % 64;
  uint64_t low = i < m->n ? m->d[i] : 0, high = i + 1 < m->n ? m->d[i + 1] : 0;
  return s == 0 ? low : low >> s | high << (64 - s);
}

/* The nearest double; `more` says that the true value is a little above: less than one of
 * the last place of m, which then has 64 bits or more. */
static double mag_round(const magnitude *m, bool more) {
  if (m->n == 0) {
    return 0.0;
  }
  long top = 64L * m->n - 1 - __builtin_clzll(m->d[m->n - 1]);
  if (top + m->exp2 > 1023) {
    return (double)INFINITY;
  }
  long last = top + m->exp2 - 52; /* the last place of the result, as a power of 2 */
  last = last < -1074 ? -1074 : last;
  long drop = last - m->exp2;
  if (drop <= 0) {
    return ldexp((double)m->d[0], m->exp2); /* of 53 bits at most */
  }
  uint64_t kept = bits_from(m, drop);
  bool half = bit_at(m, drop - 1) != 0;
  bool rest = more || any_below(m, drop - 1);
  if (half && (rest || (kept & 1) != 0)) {
    kept++;
  }
  return ldexp((double)kept, (int)last); /* exact, or the overflow that is due */
}

/* m = floor(m / by); returns whether something is left. */
static bool mag_divide(magnitude *m, uint64_t by) {
  uint64_t left = 0;
  for (int i = m->n - 1; i >= 0; i--) {
    wi_u128 t = (wi_u128)left << 64 | m->d[i];
    m->d[i] = (uint64_t)(t / by);
    left = (uint64_t)(t % by);
  }
  mag_trim(m);
  return left != 0;
}

/* m / (a * b), rounded; a and b are below 2^48. Dividing by one after the other leaves the
 * same whole part, and nothing is left over only if nothing is at both steps. */
static double mag_quotient(magnitude *m, uint64_t a, uint64_t b) {
  if (m->n == 0) {
    return 0.0;
  }
  int zeros = m->n < 4 ? 4 - m->n : 0; /* four limbs give 64 bits or more, and more */
  memmove(m->d + zeros, m->d, (size_t)m->n * sizeof *m->d);
  memset(m->d, 0, (size_t)zeros * sizeof *m->d);
  m->n += zeros;
  m->exp2 -= 64 * zeros;
  bool more = mag_divide(m, a);
  more = (b != 1 && mag_divide(m, b)) || more;
  return mag_round(m, more);
}

/* NaN, an infinity, or 0 if all values are numbers. */
static double special_sum(const wi_xspecial *s) {
  if (s->nan > 0 || (s->plus > 0 && s->minus > 0)) {
    return (double)NAN;
  }
  return s->plus > 0 ? (double)INFINITY : s->minus > 0 ? -(double)INFINITY : 0.0;
}

static bool has_special(const wi_xspecial *s) {
  return s->nan + s->plus + s->minus > 0;
}

double wi_xround_sum(const wi_xview *v) {
  magnitude m;
  if (has_special(&v->special)) {
    return special_sum(&v->special);
  }
  bool negative = mag_of(&v->sum, WI_XSUM_SCALE, &m);
  double r = mag_round(&m, false);
  return negative ? -r : r;
}

double wi_xround_avg(const wi_xview *v) {
  magnitude m;
  if (has_special(&v->special)) {
    return special_sum(&v->special);
  }
  bool negative = mag_of(&v->sum, WI_XSUM_SCALE, &m);
  double r = mag_quotient(&m, v->count, 1);
  return negative ? -r : r;
}

/* ---- variance ---- */

static void mag_times(magnitude *m, uint64_t by) {
  uint64_t carry = 0;
  for (int i = 0; i < m->n; i++) {
    wi_u128 t = (wi_u128)m->d[i] * by + carry;
    m->d[i] = (uint64_t)t;
    carry = (uint64_t)(t >> 64);
  }
  m->d[m->n++] = carry;
  mag_trim(m);
}

static void mag_square(const magnitude *m, magnitude *out) {
  memset(out->d, 0, (size_t)(2 * m->n) * sizeof *out->d);
  for (int i = 0; i < m->n; i++) {
    uint64_t carry = 0;
    for (int k = 0; k < m->n; k++) {
      wi_u128 t = (wi_u128)m->d[i] * m->d[k] + out->d[i + k] + carry;
      out->d[i + k] = (uint64_t)t;
      carry = (uint64_t)(t >> 64);
    }
    out->d[i + m->n] = carry;
  }
  out->n = 2 * m->n;
  out->exp2 = 2 * m->exp2;
  mag_trim(out);
}

/* Zero limbs below, until the number begins at exp2, which is a multiple of 64 lower. */
static void mag_lower(magnitude *m, int exp2) {
  int zeros = m->n == 0 ? 0 : (m->exp2 - exp2) / 64;
  memmove(m->d + zeros, m->d, (size_t)m->n * sizeof *m->d);
  memset(m->d, 0, (size_t)zeros * sizeof *m->d);
  m->n += zeros;
  m->exp2 = exp2;
}

/* a -= b, which is not more than a. */
static void mag_minus(magnitude *a, magnitude *b) {
  int exp2 = b->n == 0 || a->exp2 < b->exp2 ? a->exp2 : b->exp2;
  uint64_t borrow = 0;
  mag_lower(a, exp2);
  mag_lower(b, exp2);
  for (int i = 0; i < a->n; i++) {
    wi_u128 t = (wi_u128)a->d[i] - (i < b->n ? b->d[i] : 0) - borrow;
    a->d[i] = (uint64_t)t;
    borrow = (uint64_t)(t >> 64) & 1;
  }
  mag_trim(a);
}

double wi_xround_var(const wi_xview *v, uint64_t less) {
  magnitude sum, sum2, squares;
  if (has_special(&v->special)) {
    return (double)NAN;
  }
  mag_of(&v->sum, WI_XSUM_SCALE, &sum);
  mag_square(&sum, &sum2);
  mag_of(&v->squares, WI_XSQR_SCALE, &squares);
  mag_times(&squares, v->count);
  mag_minus(&squares, &sum2);
  return mag_quotient(&squares, v->count, v->count - less);
}
