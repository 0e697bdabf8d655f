/* For each group the set of different values (64 bits each), with how often each is there,
 * so that values can leave again: DISTINCT of the exact aggregates. Not for other modules.
 */
#ifndef WI_UDF_XSET_H
#define WI_UDF_XSET_H

#include "udf/aggregate/slots.h"

typedef struct wi_xslot {
  uint64_t key, count; /* count 0: free */
} wi_xslot;
typedef struct wi_xset {
  wi_xslot *slots;
  size_t used, cap; /* cap is 0 or a power of two, never full */
} wi_xset;

typedef struct wi_xsets {
  wi_slots sets;
  size_t slots; /* of all sets, for the size */
} wi_xsets;
void wi_xsets_init(wi_xsets *s);
void wi_xsets_release(wi_xsets *s);
uint64_t wi_xsets_size(const wi_xsets *s);
weir_status wi_xsets_grow(wi_xsets *s, uint64_t n, weir_error *err);
void wi_xsets_drop(wi_xsets *s, uint64_t n);
weir_status wi_xsets_add(wi_xsets *s, uint64_t g, uint64_t key, weir_error *err);
weir_status wi_xsets_take(wi_xsets *s, uint64_t g, uint64_t key, weir_error *err);
/* The different values in ascending order of their bits; out has room for
 * wi_xsets_count of them. */
size_t wi_xsets_count(const wi_xsets *s, uint64_t g);
void wi_xsets_keys(const wi_xsets *s, uint64_t g, uint64_t *out);

#endif
