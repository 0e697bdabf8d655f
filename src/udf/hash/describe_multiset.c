/* The description of multiset_hash. */
#include "udf/describe.h"
#include "udf/hash/rowcode.h"

static const char *const tags_multiset[] = {"aggregate", "window", "hash",
                                            "verification"};

static const wi_fn_param params_multiset[] = {
    {"value", "Any", "one or more columns, or *", WI_T_ANY, false, true, false}};

const wi_fn wi_fn_multiset_hash = {
    .name = "multiset_hash",
    .params = params_multiset,
    .n_params = COUNT(params_multiset),
    .return_text = "Utf8",
    .section = "Aggregate Functions",
    .description =
        "A 128-bit hash of the rows as a multiset: the sum modulo 2^128 of the rows' "
        "BLAKE2b-128, as 32 hexadecimal digits. It depends on how often each row is "
        "there, and not on their order; the hash of two sets together is the sum of "
        "their hashes, so rows can be added and taken away. Rows that SQL groups "
        "together "
        "have the same hash, whatever the width of integers and the layout of texts. "
        "Over "
        "no rows all digits are 0. It finds errors, not forgeries.",
    .syntax = "multiset_hash(value, ...)",
    .example = "SELECT multiset_hash(x, y) FROM (VALUES (1, 'a'), (2, NULL)) AS t(x, y)",
    .example_result = "26c0402bc42eccacd712de5fe5450277",
    .tags = tags_multiset,
    .n_tags = COUNT(tags_multiset),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .kind = WI_FN_AGGREGATE,
    .agg = &wi_multiset_ops};
