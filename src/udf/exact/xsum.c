#include "udf/exact/xsum.h"

#include <string.h>

#define WI_ORIGIN "udf"

/* ---- cells ---- */

/* Words of a cell: SUM limbs, SQR limbs if squares are kept, and one that holds the count
 * (48 bits) and the two bases. 32 and 64 bytes: no cell is in two cache lines. */
#define SUM       3
#define SQR       4
#define BASE_BITS 48
#define BASE_WIDE 0xFF /* as the base of the sum: word 0 is a pointer to a wide */
#define AHEAD     12   /* rows between a prefetch and its use */

typedef struct wide {
  wi_xspecial special;
  uint64_t sum[WI_XSUM_LIMBS];
  uint64_t squares[]; /* WI_XSQR_LIMBS if they are kept */
} wide;

static inline size_t cell_words(bool squares) {
  return squares ? SUM + SQR + 1 : SUM + 1;
}

static inline uint64_t *cell_meta(uint64_t *cell, bool squares) {
  return cell + cell_words(squares) - 1;
}

static inline int meta_base(uint64_t meta) {
  return (int)(meta >> BASE_BITS & 0xFF);
}

static inline int meta_base_squares(uint64_t meta) {
  return (int)(meta >> (BASE_BITS + 8));
}

static inline uint64_t meta_of(uint64_t count, int base, int base_squares) {
  return count | (uint64_t)base << BASE_BITS | (uint64_t)base_squares << (BASE_BITS + 8);
}

static inline uint64_t *cell_at(const wi_xacc *acc, uint64_t g) {
  return wi_slots_at(&acc->cells, (size_t)g);
}

static wide *cell_wide(const uint64_t *cell) {
  wide *w;
  memcpy(&w, cell, sizeof w);
  return w;
}

static bool cell_is_wide(const uint64_t *cell, bool squares) {
  return meta_base(cell[cell_words(squares) - 1]) == BASE_WIDE;
}

static size_t wide_bytes(bool squares) {
  return sizeof(wide) + (squares ? WI_XSQR_LIMBS * sizeof(uint64_t) : 0);
}

/* ---- the accumulator ---- */

void wi_xacc_init(wi_xacc *acc, bool squares) {
  *acc = (wi_xacc){.squares = squares, .lane = WI_XACC_NO_LANE};
  wi_slots_init(&acc->cells, cell_words(squares) * sizeof(uint64_t));
}

static void free_wides(wi_xacc *acc, uint64_t n) {
  for (uint64_t g = 0; g < n && acc->wides > 0; g++) {
    uint64_t *cell = cell_at(acc, g);
    if (cell_is_wide(cell, acc->squares)) {
      wi_free(cell_wide(cell));
      acc->wides--;
    }
  }
}

void wi_xacc_release(wi_xacc *acc) {
  free_wides(acc, acc->cells.n);
  wi_slots_release(&acc->cells);
  wi_xacc_init(acc, acc->squares);
}

uint64_t wi_xacc_size(const wi_xacc *acc) {
  return wi_slots_bytes(&acc->cells) + acc->wides * wide_bytes(acc->squares);
}

weir_status wi_xacc_grow(wi_xacc *acc, uint64_t n, weir_error *err) {
  return wi_slots_grow(&acc->cells, n, err);
}

void wi_xacc_drop(wi_xacc *acc, uint64_t n) {
  free_wides(acc, n < acc->cells.n ? n : acc->cells.n);
  wi_slots_drop(&acc->cells, n);
}

/* ---- numbers in two's complement ---- */

static inline uint64_t sign_of(uint64_t top) {
  return (uint64_t)((int64_t)top >> 63);
}

/* Without zero limbs below and limbs above that only repeat the sign; n = 0 for zero. */
static wi_xnum num_trim(wi_xnum x) {
  while (x.n > 0 && x.v[0] == 0) {
    x.v++;
    x.n--;
    x.at++;
  }
  while (x.n > 1 && x.v[x.n - 1] == sign_of(x.v[x.n - 2])) {
    x.n--;
  }
  return x;
}

/* w (n limbs, from limb 0 of the whole) += x. The sum is known to fit. */
static void whole_add(uint64_t *w, int n, wi_xnum x) {
  uint64_t carry = 0, sign = x.n > 0 ? sign_of(x.v[x.n - 1]) : 0;
  int end = x.at + x.n;
  for (int i = x.at; i < n; i++) {
    if (i >= end && sign + carry == 0) {
      break; /* nothing changes above */
    }
    wi_u128 t = (wi_u128)w[i] + (i < end ? x.v[i - x.at] : sign) + carry;
    w[i] = (uint64_t)t;
    carry = (uint64_t)(t >> 64);
  }
}

/* Lets a window of `width` limbs begin at limb `base`: false if its number would lose. */
static bool window_move(uint64_t *w, int width, int from, int base) {
  uint64_t moved[SQR];
  wi_xnum x = num_trim((wi_xnum){w, width, from});
  if (x.n > 0 && (x.at < base || x.at + x.n > base + width)) {
    return false;
  }
  for (int i = 0; i < width; i++) {
    int k = i - (x.at - base);
    moved[i] = x.n == 0 || k < 0 ? 0 : k < x.n ? x.v[k] : sign_of(x.v[x.n - 1]);
  }
  memcpy(w, moved, (size_t)width * sizeof *w);
  return true;
}

/* w += x, moving the window if that is needed; false, and nothing changed but the place of
 * the window: it does not fit. */
static bool window_add(uint64_t *w, int width, int *base, wi_xnum x) {
  wi_xnum old = num_trim((wi_xnum){w, width, *base});
  x = num_trim(x);
  if (x.n == 0) {
    return true;
  }
  int low = old.n == 0 || x.at < old.at ? x.at : old.at;
  int end = old.n == 0 || x.at + x.n > old.at + old.n ? x.at + x.n : old.at + old.n;
  if (low < *base || end > *base + width) {
    if (end - low > width || !window_move(w, width, *base, low)) {
      return false;
    }
    *base = low;
  }
  uint64_t sum[SQR], carry = 0, sign = sign_of(x.v[x.n - 1]);
  for (int i = 0; i < width; i++) {
    int k = i - (x.at - *base);
    wi_u128 t = (wi_u128)w[i] + (k < 0 ? 0 : k < x.n ? x.v[k] : sign) + carry;
    sum[i] = (uint64_t)t;
    carry = (uint64_t)(t >> 64);
  }
  if (sign_of(w[width - 1]) == sign && sign_of(sum[width - 1]) != sign) {
    return false;
  }
  memcpy(w, sum, (size_t)width * sizeof *w);
  return true;
}

/* ---- wide cells ---- */

static weir_status cell_widen(wi_xacc *acc, uint64_t *cell, weir_error *err) {
  uint64_t *meta = cell_meta(cell, acc->squares);
  wide *w = wi_alloc(wide_bytes(acc->squares));
  if (w == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  whole_add(w->sum, WI_XSUM_LIMBS, (wi_xnum){cell, SUM, meta_base(*meta)});
  if (acc->squares) {
    whole_add(w->squares, WI_XSQR_LIMBS,
              (wi_xnum){cell + SUM, SQR, meta_base_squares(*meta)});
  }
  memcpy(cell, &w, sizeof w);
  *meta = meta_of(*meta & WI_XSUM_MAX_COUNT, BASE_WIDE, 0);
  acc->wides++;
  return WEIR_OK;
}

static weir_status cell_add(wi_xacc *acc, uint64_t *cell, wi_xnum sum, wi_xnum squares,
                            weir_error *err) {
  uint64_t *meta = cell_meta(cell, acc->squares);
  if (!cell_is_wide(cell, acc->squares)) {
    int base = meta_base(*meta), base_squares = meta_base_squares(*meta);
    uint64_t kept[SUM];
    int kept_base = base;
    memcpy(kept, cell, sizeof kept);
    bool fits = window_add(cell, SUM, &base, sum);
    if (fits && acc->squares && !window_add(cell + SUM, SQR, &base_squares, squares)) {
      memcpy(cell, kept, sizeof kept);
      base = kept_base;
      fits = false;
    }
    *meta = meta_of(*meta & WI_XSUM_MAX_COUNT, base, base_squares);
    if (fits) {
      return WEIR_OK;
    }
    WI_TRY(cell_widen(acc, cell, err));
  }
  wide *w = cell_wide(cell);
  whole_add(w->sum, WI_XSUM_LIMBS, sum);
  if (acc->squares) {
    whole_add(w->squares, WI_XSQR_LIMBS, squares);
  }
  return WEIR_OK;
}

static weir_status cell_count(uint64_t *meta, uint64_t n, bool take, weir_error *err) {
  uint64_t count = *meta & WI_XSUM_MAX_COUNT;
  if (take && n > count) {
    return WI_ERR(err, WEIR_E_BUG,
                  "%llu values leave an exact sum that holds %llu: more than came",
                  (unsigned long long)n, (unsigned long long)count);
  }
  if (!take && n > WI_XSUM_MAX_COUNT - count) {
    return WI_ERR(err, WEIR_E_TOO_LARGE, "an exact sum of more than %llu values",
                  (unsigned long long)WI_XSUM_MAX_COUNT);
  }
  *meta = take ? *meta - n : *meta + n;
  return WEIR_OK;
}

static weir_status cell_special(wi_xacc *acc, uint64_t *cell, const wi_xspecial *s,
                                bool take, weir_error *err) {
  if (!cell_is_wide(cell, acc->squares)) {
    WI_TRY(cell_widen(acc, cell, err));
  }
  wi_xspecial *to = &cell_wide(cell)->special;
  if (take && (s->nan > to->nan || s->plus > to->plus || s->minus > to->minus)) {
    return WI_ERR(err, WEIR_E_BUG, "a NaN or infinity leaves an exact sum it is not in");
  }
  to->nan = take ? to->nan - s->nan : to->nan + s->nan;
  to->plus = take ? to->plus - s->plus : to->plus + s->plus;
  to->minus = take ? to->minus - s->minus : to->minus + s->minus;
  return WEIR_OK;
}

/* ---- one value ---- */

/* (negative ? -1 : 1) * m * 2^place: of the sum, whose place is `place`; its square is at
 * twice the place. */
typedef struct value {
  uint64_t m;
  int place;
  bool negative;
} value;

#define EXPONENT 0x7FF
#define FRACTION ((UINT64_C(1) << 52) - 1)

static inline int exponent_of(uint64_t bits) {
  return (int)(bits >> 52) & EXPONENT;
}

static inline value value_of_double(uint64_t bits) {
  int e = exponent_of(bits);
  uint64_t normal = e != 0 ? 1 : 0;
  return (value){(bits & FRACTION) | normal << 52, e - (int)normal, bits >> 63 != 0};
}

static inline value value_of_int(uint64_t v, bool is_signed) {
  bool negative = is_signed && v >> 63 != 0;
  return (value){negative ? 0 - v : v, -WI_XSUM_SCALE, negative};
}

/* The 128 bits of m, moved up by s < 64 bits, as three limbs. */
static inline void shifted(wi_u128 m, int s, uint64_t out[3]) {
  uint64_t low = (uint64_t)m, high = (uint64_t)(m >> 64);
  out[0] = low << s;
  out[1] = high << s | low >> 1 >> (63 - s);
  out[2] = high >> 1 >> (63 - s);
}

/* Written out, limb by limb: these few lines are most of the time of a grouped sum. To take
 * x away is to add it between two complements: ~(~w + x) = w - x. */
static inline wi_u128 pair(uint64_t low, uint64_t high) {
  return (wi_u128)high << 64 | low;
}

/* Adds m * 2^rel to a window, where rel < 128; false and nothing done: an overflow. */
static inline bool sum_put(uint64_t *w, uint64_t m, unsigned rel, bool negative) {
  uint64_t low = m << (rel & 63), high = m >> 1 >> (63 - (rel & 63));
  bool up = rel > 63;
  uint64_t flip = (uint64_t)0 - (negative ? 1 : 0);
  wi_u128 x = pair(up ? 0 : low, up ? low : high);
  wi_u128 t = pair(w[0] ^ flip, w[1] ^ flip) + x;
  uint64_t old = w[2] ^ flip, top = old + (up ? high : 0) + (t < x ? 1 : 0);
  if ((~old & top) >> 63 != 0) {
    return false;
  }
  w[0] = (uint64_t)t ^ flip;
  w[1] = (uint64_t)(t >> 64) ^ flip;
  w[2] = top ^ flip;
  return true;
}

/* Likewise the square of m. */
static inline bool square_put(uint64_t *w, uint64_t m, unsigned rel, bool negative) {
  wi_u128 mm = (wi_u128)m * m;
  uint64_t below = (uint64_t)mm, above = (uint64_t)(mm >> 64);
  unsigned s = rel & 63;
  bool up = rel > 63;
  uint64_t a = below << s, b = above << s | below >> 1 >> (63 - s);
  uint64_t c = above >> 1 >> (63 - s);
  uint64_t flip = (uint64_t)0 - (negative ? 1 : 0);
  wi_u128 x = pair(up ? 0 : a, up ? a : b), y = pair(up ? b : c, up ? c : 0);
  wi_u128 t = pair(w[0] ^ flip, w[1] ^ flip) + x;
  wi_u128 old = pair(w[2] ^ flip, w[3] ^ flip), top = old + y + (t < x ? 1 : 0);
  if ((~old & top) >> 127 != 0) {
    return false;
  }
  w[0] = (uint64_t)t ^ flip;
  w[1] = (uint64_t)(t >> 64) ^ flip;
  w[2] = (uint64_t)top ^ flip;
  w[3] = (uint64_t)(top >> 64) ^ flip;
  return true;
}

/* Adds to a cell where the value is within its windows: nearly always. False: it is not,
 * and nothing is done. */
static inline bool cell_put(uint64_t *cell, bool squares, value v, bool take) {
  uint64_t meta = *cell_meta(cell, squares);
  unsigned rel = (unsigned)(v.place - 64 * meta_base(meta));
  if (!squares) {
    return rel <= 127 && sum_put(cell, v.m, rel, v.negative != take);
  }
  unsigned rel2 = (unsigned)(2 * v.place - 64 * meta_base_squares(meta));
  if (rel > 127 || rel2 > 127 || !square_put(cell + SUM, v.m, rel2, take)) {
    return false;
  }
  if (!sum_put(cell, v.m, rel, v.negative != take)) {
    square_put(cell + SUM, v.m, rel2, !take); /* back to what fitted before */
    return false;
  }
  return true;
}

/* m * 2^place as a number of its own, in out[4]. */
static wi_xnum num_of(wi_u128 m, int place, bool negative, uint64_t out[4]) {
  uint64_t carry = negative ? 1 : 0;
  out[3] = 0;
  shifted(m, place & 63, out);
  for (int i = 0; i < 4 && negative; i++) {
    out[i] = ~out[i] + carry;
    carry = carry != 0 && out[i] == 0 ? 1 : 0;
  }
  return (wi_xnum){out, 4, place >> 6};
}

static bool cell_is_zero(const uint64_t *cell, bool squares) {
  uint64_t any = 0;
  for (size_t i = 0; i + 1 < cell_words(squares); i++) {
    any |= cell[i];
  }
  return any == 0;
}

/* An empty cell puts its windows around the first value: half of the room on each side. */
static void cell_center(uint64_t *cell, bool squares, value v) {
  uint64_t *meta = cell_meta(cell, squares);
  int base = v.place > 32 ? (v.place - 32) >> 6 : 0;
  int base_squares = 2 * v.place > 32 ? (2 * v.place - 32) >> 6 : 0;
  *meta = meta_of(*meta & WI_XSUM_MAX_COUNT, base, squares ? base_squares : 0);
}

static weir_status cell_value(wi_xacc *acc, uint64_t *cell, value v, bool take,
                              weir_error *err) {
  uint64_t x[4], xx[4];
  if (!cell_is_wide(cell, acc->squares) && cell_is_zero(cell, acc->squares)) {
    cell_center(cell, acc->squares, v);
    if (cell_put(cell, acc->squares, v, take)) {
      return WEIR_OK;
    }
  }
  return cell_add(acc, cell, num_of(v.m, v.place, v.negative != take, x),
                  num_of((wi_u128)v.m * v.m, 2 * v.place, take, xx), err);
}

static weir_status cell_no_number(wi_xacc *acc, uint64_t *cell, uint64_t bits, bool take,
                                  weir_error *err) {
  bool nan = (bits & FRACTION) != 0, minus = bits >> 63 != 0;
  wi_xspecial one = {nan ? 1 : 0, !nan && !minus ? 1 : 0, !nan && minus ? 1 : 0};
  return cell_special(acc, cell, &one, take, err);
}

/* One row that the loops below leave to it: value and count. */
static __attribute__((noinline)) weir_status cell_row(wi_xacc *acc, uint64_t *cell,
                                                      value v, uint64_t no_number,
                                                      bool take, weir_error *err) {
  WI_TRY(cell_count(cell_meta(cell, acc->squares), 1, take, err));
  if (no_number != 0) {
    return cell_no_number(acc, cell, no_number, take, err);
  }
  return v.m == 0 ? WEIR_OK : cell_value(acc, cell, v, take, err);
}

/* ---- many values ---- */

/* A count that may go up and down by one without a look: the two ends are left out. */
static inline bool count_is_plain(uint64_t meta) {
  return ((meta + 1) & WI_XSUM_MAX_COUNT) > 1;
}

static inline __attribute__((always_inline)) weir_status
doubles_rows(wi_xacc *acc, bool squares, const double *v, const uint64_t *groups,
             size_t n, bool take, weir_error *err) {
  const size_t words = squares ? SUM + SQR + 1 : SUM + 1;
  uint64_t *cells = cell_at(acc, 0); /* stays: only new groups move the cells */
  const uint64_t step = take ? (uint64_t)0 - 1 : 1;
  for (size_t i = 0; i < n; i++) {
    uint64_t bits;
    memcpy(&bits, &v[i], sizeof bits);
    if (groups != NULL) {
      __builtin_prefetch(cells + groups[i + AHEAD < n ? i + AHEAD : i] * words, 1);
    }
    uint64_t *cell = groups == NULL ? cells : cells + groups[i] * words;
    uint64_t meta = cell[words - 1];
    int e = exponent_of(bits);
    bool normal = (unsigned)e - 1 < EXPONENT - 1;
    value x = {(bits & FRACTION) | (FRACTION + 1), e - 1, bits >> 63 != 0};
    if (normal && count_is_plain(meta) && cell_put(cell, squares, x, take)) {
      cell[words - 1] = meta + step;
      continue;
    }
    WI_TRY(
        cell_row(acc, cell, value_of_double(bits), e == EXPONENT ? bits : 0, take, err));
  }
  return WEIR_OK;
}

static weir_status doubles_sums(wi_xacc *acc, const double *v, const uint64_t *groups,
                                size_t n, bool take, weir_error *err) {
  return doubles_rows(acc, false, v, groups, n, take, err);
}

static weir_status doubles_squares(wi_xacc *acc, const double *v, const uint64_t *groups,
                                   size_t n, bool take, weir_error *err) {
  return doubles_rows(acc, true, v, groups, n, take, err);
}

weir_status wi_xacc_ints(wi_xacc *acc, const uint64_t *v, bool is_signed,
                         const uint64_t *groups, size_t n, bool take, weir_error *err) {
  for (size_t i = 0; i < n; i++) {
    if (groups != NULL && i + AHEAD < n) {
      __builtin_prefetch(cell_at(acc, groups[i + AHEAD]), 1);
    }
    uint64_t *cell = cell_at(acc, groups == NULL ? 0 : groups[i]);
    uint64_t *meta = cell_meta(cell, acc->squares);
    value x = value_of_int(v[i], is_signed);
    if (count_is_plain(*meta) && cell_put(cell, acc->squares, x, take)) {
      *meta = take ? *meta - 1 : *meta + 1;
    } else {
      WI_TRY(cell_row(acc, cell, x, 0, take, err));
    }
  }
  return WEIR_OK;
}

/* ---- many values of one group ---- */

static weir_status lane_block(wi_xacc *acc, const double *v, size_t n, bool take,
                              bool *done, weir_error *err) {
  double sums[WI_XLANE_SUMS];
  uint64_t x[4], *cell = cell_at(acc, 0);
  *done = wi_xlanes_sum(v, n, &acc->lane, sums);
  if (!*done) {
    return WEIR_OK;
  }
  WI_TRY(cell_count(cell_meta(cell, acc->squares), n, take, err));
  for (int k = 0; k < WI_XLANE_SUMS; k++) {
    uint64_t bits;
    memcpy(&bits, &sums[k], sizeof bits);
    value one = value_of_double(bits);
    WI_TRY(cell_add(acc, cell, num_of(one.m, one.place, one.negative != take, x),
                    (wi_xnum){x, 0, 0}, err));
  }
  return WEIR_OK;
}

static weir_status doubles_one(wi_xacc *acc, const double *v, size_t n, bool take,
                               weir_error *err) {
  bool lanes_fit = wi_xlanes_work();
  for (size_t i = 0; i < n; i += WI_XLANE_BLOCK) {
    size_t m = n - i < WI_XLANE_BLOCK ? n - i : WI_XLANE_BLOCK;
    size_t even = m - m % (WI_XLANE_SUMS / 2);
    bool done = false;
    if (lanes_fit && even > 0) {
      WI_TRY(lane_block(acc, v + i, even, take, &done, err));
    }
    even = done ? even : 0;
    WI_TRY(doubles_sums(acc, v + i + even, NULL, m - even, take, err));
  }
  return WEIR_OK;
}

weir_status wi_xacc_doubles(wi_xacc *acc, const double *v, const uint64_t *groups,
                            size_t n, bool take, weir_error *err) {
  if (acc->squares) {
    return doubles_squares(acc, v, groups, n, take, err);
  }
  return groups == NULL ? doubles_one(acc, v, n, take, err)
                        : doubles_sums(acc, v, groups, n, take, err);
}

/* ---- whole groups ---- */

void wi_xacc_view(const wi_xacc *acc, uint64_t g, wi_xview *out) {
  *out = (wi_xview){0};
  if (g >= acc->cells.n) {
    return;
  }
  const uint64_t *cell = cell_at(acc, g);
  uint64_t meta = cell[cell_words(acc->squares) - 1];
  out->count = meta & WI_XSUM_MAX_COUNT;
  if (cell_is_wide(cell, acc->squares)) {
    const wide *w = cell_wide(cell);
    out->special = w->special;
    out->sum = (wi_xnum){w->sum, WI_XSUM_LIMBS, 0};
    out->squares = (wi_xnum){w->squares, acc->squares ? WI_XSQR_LIMBS : 0, 0};
  } else {
    out->sum = (wi_xnum){cell, SUM, meta_base(meta)};
    out->squares = (wi_xnum){cell + SUM, acc->squares ? SQR : 0, meta_base_squares(meta)};
  }
  out->sum = num_trim(out->sum);
  out->squares = num_trim(out->squares);
}

weir_status wi_xacc_merge(wi_xacc *acc, uint64_t g, const wi_xview *v, weir_error *err) {
  uint64_t *cell = cell_at(acc, g);
  const wi_xspecial *s = &v->special;
  WI_TRY(cell_count(cell_meta(cell, acc->squares), v->count, false, err));
  WI_TRY(cell_add(acc, cell, v->sum, v->squares, err));
  return s->nan + s->plus + s->minus == 0 ? WEIR_OK
                                          : cell_special(acc, cell, s, false, err);
}
