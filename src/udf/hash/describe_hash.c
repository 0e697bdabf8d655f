/* Descriptions of the hash functions. */
#include "udf/describe.h"

#define TEXT(n, d) {n, "Utf8", d, WI_T_TEXT, false, false, false}

static const char *const tags_hash[] = {"hash"};
static const char *const tags_id_hash[] = {"id", "hash"};

static const char *const alias_hash64[] = {"hash64"};
static const char *const alias_hash128[] = {"hash128"};
static const char *const alias_prefixed[] = {"prefixed_hash"};
static const char *const alias_parts[] = {"stable_id_multi"};
static const char *const alias_prefixed_parts[] = {"prefixed_hash_parts"};
static const char *const alias_any[] = {"stable_hash"};

static const wi_fn_param params_value[] = {TEXT("value", "the text to hash")};
static const wi_fn_param params_prefixed[] = {
    TEXT("prefix", "goes before the hash; not hashed"),
    TEXT("value", "the text to hash")};
static const wi_fn_param params_parts[] = {
    TEXT("prefix", "goes before the hash; not hashed"),
    {"part", "Any", "one or more values of any type", WI_T_ANY_FLAT, false, true, false}};
static const wi_fn_param params_any[] = {
    {"value", "Any", "the value to hash", WI_T_ANY_FLAT, false, false, false},
    {"canonical", "Boolean", "trim and normalise (NFKC) the text first; default true",
     WI_T_BOOL, true, false, true},
    {"null_sentinel", "Utf8", "the text that stands for null; default __NULL__",
     WI_T_TEXT, true, false, true}};

const wi_fn wi_fn_prefixed_hash64 = {
    .name = "prefixed_hash64",
    .aliases = alias_prefixed,
    .n_aliases = COUNT(alias_prefixed),
    .params = params_prefixed,
    .n_params = COUNT(params_prefixed),
    .return_text = "Utf8",
    .section = "Hash Functions",
    .description =
        "The prefix, a colon, and the 64-bit hash of the value in decimal. Null "
        "if either is null.",
    .syntax = "prefixed_hash64(prefix, value)",
    .example = "prefixed_hash64('ns', 'gamma')",
    .example_result = "ns:8666994792918649077",
    .tags = tags_hash,
    .n_tags = COUNT(tags_hash),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_prefixed,
    .invoke = wi_run_prefixed};

const wi_fn wi_fn_prefixed_hash_parts64 = {
    .name = "prefixed_hash_parts64",
    .aliases = alias_prefixed_parts,
    .n_aliases = COUNT(alias_prefixed_parts),
    .params = params_parts,
    .n_params = COUNT(params_parts),
    .return_text = "Utf8",
    .section = "Hash Functions",
    .description =
        "The prefix, a colon, and the 64-bit hash of the parts in decimal. Null "
        "only if the prefix is." WI_PARTS_RULE,
    .syntax = "prefixed_hash_parts64(prefix, part, ...)",
    .example = "prefixed_hash_parts64('node', 'a', NULL)",
    .example_result = "node:8982507147066422756",
    .tags = tags_id_hash,
    .n_tags = COUNT(tags_id_hash),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_parts,
    .invoke = wi_run_parts_decimal};

const wi_fn wi_fn_stable_hash128 = {
    .name = "stable_hash128",
    .aliases = alias_hash128,
    .n_aliases = COUNT(alias_hash128),
    .params = params_value,
    .n_params = COUNT(params_value),
    .return_text = "Utf8",
    .section = "Hash Functions",
    .description = "The 128-bit BLAKE2b hash of a text, as 32 hexadecimal digits.",
    .syntax = "stable_hash128(value)",
    .example = "stable_hash128('alpha')",
    .example_result = "b52f7e54cd313e691148cc2c80345831",
    .tags = tags_hash,
    .n_tags = COUNT(tags_hash),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_hash128,
    .invoke = wi_run_hash128};

const wi_fn wi_fn_stable_hash64 = {
    .name = "stable_hash64",
    .aliases = alias_hash64,
    .n_aliases = COUNT(alias_hash64),
    .params = params_value,
    .n_params = COUNT(params_value),
    .return_text = "Int64",
    .section = "Hash Functions",
    .description =
        "The 64-bit BLAKE2b hash of a text, as a number that is not negative "
        "(the top bit is cleared).",
    .syntax = "stable_hash64(value)",
    .example = "stable_hash64('alpha')",
    .example_result = "5982700193828047002",
    .tags = tags_hash,
    .n_tags = COUNT(tags_hash),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_hash64,
    .invoke = wi_run_hash64};

const wi_fn wi_fn_stable_hash_any = {
    .name = "stable_hash_any",
    .aliases = alias_any,
    .n_aliases = COUNT(alias_any),
    .params = params_any,
    .n_params = COUNT(params_any),
    .return_text = "Utf8",
    .section = "Hash Functions",
    .description =
        "The 128-bit hash of any value's text, as 32 hexadecimal digits; never "
        "null. The sentinel of a null is hashed as it is given.",
    .syntax = "stable_hash_any(value[, canonical][, null_sentinel])",
    .example = "stable_hash_any(42)",
    .example_result = "755345b7ef54b0d592c17e04737ab3d9",
    .tags = tags_hash,
    .n_tags = COUNT(tags_hash),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .data_version = "unicode",
    .return_field = wi_field_any,
    .invoke = wi_run_any};

const wi_fn wi_fn_stable_id = {
    .name = "stable_id",
    .params = params_prefixed,
    .n_params = COUNT(params_prefixed),
    .return_text = "Utf8",
    .section = "Hash Functions",
    .description =
        "The prefix, a colon, and the 128-bit hash of the value in hexadecimal. "
        "Null if either is null.",
    .syntax = "stable_id(prefix, value)",
    .example = "stable_id('ns', 'delta')",
    .example_result = "ns:7fe3792fbdd937674be221ed030739da",
    .tags = tags_hash,
    .n_tags = COUNT(tags_hash),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_stable_id,
    .invoke = wi_run_stable_id};

const wi_fn wi_fn_stable_id_parts = {
    .name = "stable_id_parts",
    .aliases = alias_parts,
    .n_aliases = COUNT(alias_parts),
    .params = params_parts,
    .n_params = COUNT(params_parts),
    .return_text = "Utf8",
    .section = "Hash Functions",
    .description =
        "The prefix, a colon, and the 128-bit hash of the parts in hexadecimal. "
        "Null only if the prefix is." WI_PARTS_RULE,
    .syntax = "stable_id_parts(prefix, part, ...)",
    .example = "stable_id_parts('node', 'a', 'b')",
    .example_result = "node:065ab5741cdfad44687cf119c1eb4ec9",
    .tags = tags_id_hash,
    .n_tags = COUNT(tags_id_hash),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_parts,
    .invoke = wi_run_parts_hex};
