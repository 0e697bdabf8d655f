/* Exact sums. A value is an integer times 2^-1074 (of squares: times 2^-2148), so that
 * adding, merging and taking away lose nothing and know no order; rounding happens once, in
 * the result.
 *
 * A cell is the sum of one group: some 64-bit limbs in two's complement that lie as a
 * window at a place of the whole number (limb `base`), and a count. A value that does not
 * fit, an infinity or a NaN makes the cell wide: it then points to the whole number. How a
 * cell holds its number depends on the order of rows; the number, what is computed from it
 * and its bytes do not. Not for other modules. */
#ifndef WI_UDF_XSUM_H
#define WI_UDF_XSUM_H

#include "udf/aggregate/slots.h"

__extension__ typedef unsigned __int128 wi_u128;

/* Limbs of the whole numbers: the largest double times 2^48 rows, and a sign. */
#define WI_XSUM_LIMBS 34
#define WI_XSQR_LIMBS 67
#define WI_XSUM_SCALE (-1074)
#define WI_XSQR_SCALE (-2148)
/* More rows than this in one group are an error. */
#define WI_XSUM_MAX_COUNT ((UINT64_C(1) << 48) - 1)

/* Values that are no numbers are counted, so that they can leave again. */
typedef struct wi_xspecial {
  uint64_t nan, plus, minus;
} wi_xspecial;

#define WI_XACC_NO_LANE INT32_MIN
typedef struct wi_xacc {
  wi_slots cells;
  size_t wides;
  int lane; /* the size of the last block's values, as a power of 2: a guess for the next */
  bool squares;
} wi_xacc;

void wi_xacc_init(wi_xacc *acc, bool squares);
void wi_xacc_release(wi_xacc *acc);
uint64_t wi_xacc_size(const wi_xacc *acc);
/* At least n groups; new ones are empty. */
weir_status wi_xacc_grow(wi_xacc *acc, uint64_t n, weir_error *err);
/* Forgets the first n groups; the others move down. */
void wi_xacc_drop(wi_xacc *acc, uint64_t n);
/* Adds values, or takes them away; groups NULL: all to group 0. */
weir_status wi_xacc_doubles(wi_xacc *acc, const double *v, const uint64_t *groups,
                            size_t n, bool take, weir_error *err);
/* Integers: of Int64 as their bits, if is_signed. */
weir_status wi_xacc_ints(wi_xacc *acc, const uint64_t *v, bool is_signed,
                         const uint64_t *groups, size_t n, bool take, weir_error *err);

/* A number in two's complement: the limbs v[0..n-1] at limb `at` of the whole. */
typedef struct wi_xnum {
  const uint64_t *v;
  int n, at;
} wi_xnum;
/* What group g holds, borrowed until the accumulator changes. */
typedef struct wi_xview {
  uint64_t count; /* of all values, the special ones too */
  wi_xspecial special;
  wi_xnum sum, squares;
} wi_xview;
void wi_xacc_view(const wi_xacc *acc, uint64_t g, wi_xview *out);
/* Adds all of it to group g. */
weir_status wi_xacc_merge(wi_xacc *acc, uint64_t g, const wi_xview *v, weir_error *err);

/* ---- sums by plain additions of doubles (xlane.c) ---- */
#define WI_XLANE_SUMS  16
#define WI_XLANE_BLOCK 2048 /* values at once, at most */
/* Whether additions round to nearest and keep subnormals here. */
bool wi_xlanes_work(void);
/* The exact sum of n values (a multiple of WI_XLANE_SUMS / 2) is that of `out`. False: not
 * known to be. `lane` is kept from block to block. */
bool wi_xlanes_sum(const double *v, size_t n, int *lane, double out[WI_XLANE_SUMS]);

/* ---- results, rounded to nearest, ties to even (xround.c) ---- */
double wi_xround_sum(const wi_xview *v);
double wi_xround_avg(const wi_xview *v); /* of one row or more */
/* (n * squares - sum^2) / (n * (n - less)), rounded once; of more than `less` rows. */
double wi_xround_var(const wi_xview *v, uint64_t less);

/* ---- bytes (xbytes.c): the same for the same number ---- */
/* At most this many are appended by one call. */
#define WI_XNUM_BYTES (2 + 8 * WI_XSQR_LIMBS)
/* Writes to `out`, returns the number of bytes: place of the lowest byte that is not zero
 * (two bytes), then the bytes from there in two's complement, as few as hold the sign. */
size_t wi_xnum_write(const wi_xnum *x, uint8_t *out);
/* Reads into `limbs` (as many as of the whole number, `whole`); false: no such bytes. */
bool wi_xnum_read(const uint8_t *p, size_t n, int whole, uint64_t *limbs, wi_xnum *out);

#endif
