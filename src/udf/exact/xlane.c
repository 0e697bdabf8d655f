/* Sums of many doubles by plain additions that are known to be exact. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "udf/exact/xsum.h"

_Static_assert(FLT_EVAL_METHOD == 0, "doubles are added as doubles");

#define EXPONENT 0x7FF

static int exponent_of(uint64_t bits) {
  return (int)(bits >> 52) & EXPONENT;
}

/* In a block where every |x| is at most 2^e, and LANE_ROWS are added per accumulator:
 * (x + 1.5 * 2^(52 + k)) - 1.5 * 2^(52 + k) is x rounded to a multiple q of 2^k, the rest
 * x - q is exact, and as long as k >= e - LANE_BITS the q (and the rests, in turn, by a k
 * LANE_BITS lower) add up in plain doubles without a rounding. So two lanes take values
 * down to 2^(e - 2 LANE_BITS) exactly; whether the second lane has left a rest is looked
 * at. No multiplication is here that could be fused with an addition. */
#define LANES     (WI_XLANE_SUMS / 2)
#define LANE_ROWS 256
#define LANE_BITS 43 /* 53 - log2(LANE_ROWS) - 1, and one to spare */
_Static_assert(LANES *LANE_ROWS == WI_XLANE_BLOCK, "rows per accumulator");
#define SLACK 2 /* binades that a block may exceed the one that set the lane */

typedef double lanes __attribute__((vector_size(16)));
typedef int64_t bits64 __attribute__((vector_size(16)));
#define VECTORS (LANES / 2)

typedef struct lane_sums {
  lanes high[VECTORS], low[VECTORS];
} lane_sums;

/* n is a multiple of LANES; false: a value is too large, too fine or no number. */
static bool lane_add(const double *v, size_t n, int e, lane_sums *out) {
  const double big = ldexp(1.5, 52 + e - LANE_BITS), small = ldexp(big, -LANE_BITS);
  const double most = ldexp(1.0, e);
  const lanes s1 = {big, big}, s2 = {small, small}, bound = {most, most};
  const bits64 magnitude = {INT64_MAX, INT64_MAX};
  bits64 good = {-1, -1}, rest = {0, 0};
  lane_sums sums = {0};
  for (size_t i = 0; i < n; i += LANES) {
    for (int k = 0; k < VECTORS; k++) {
      lanes x;
      memcpy(&x, v + i + 2 * k, sizeof x);
      lanes q = (x + s1) - s1, r = x - q;
      good &= (lanes)((bits64)x & magnitude) <= bound;
      rest |= (bits64)((r + s2) - s2) ^ (bits64)r;
      sums.high[k] += q;
      sums.low[k] += r;
    }
  }
  *out = sums;
  return (good[0] & good[1]) != 0 && ((rest[0] | rest[1]) & INT64_MAX) == 0;
}

/* The exponent for these values; false if they have none. */
static bool lane_find(const double *v, size_t n, int *e) {
  int most = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t bits;
    memcpy(&bits, &v[i], sizeof bits);
    most = exponent_of(bits) > most ? exponent_of(bits) : most;
  }
  /* Away from both ends of the range, where the lanes themselves would leave it. */
  *e = most - 1022 + SLACK;
  return most > 200 && most < EXPONENT - 100;
}

/* Whether additions round to nearest and keep subnormals, as the lanes need: a program
 * around this library may have set it otherwise. */
bool wi_xlanes_work(void) {
  volatile double one = 1.0, half_ulp = 0x1p-53, tiny = 0x1p-1074;
  return one + half_ulp <= one && -one - half_ulp >= -one && one - half_ulp / 4 >= one &&
         tiny + tiny > tiny;
}

bool wi_xlanes_sum(const double *v, size_t n, int *lane, double out[WI_XLANE_SUMS]) {
  lane_sums sums;
  if (*lane == WI_XACC_NO_LANE || !lane_add(v, n, *lane, &sums)) {
    if (!lane_find(v, n, lane) || !lane_add(v, n, *lane, &sums)) {
      *lane = WI_XACC_NO_LANE;
      return false;
    }
  }
  _Static_assert(sizeof sums == WI_XLANE_SUMS * sizeof *out, "all sums");
  memcpy(out, &sums, sizeof sums);
  return true;
}
