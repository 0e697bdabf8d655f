/* Descriptions of the hash and span functions. */
#include "udf/describe.h"

#define TEXT(n, d)     {n, "Utf8", d, WI_T_TEXT, false, false, false}
#define INT(n, d)      {n, "Int64", d, WI_T_INT64, false, false, false}
#define SPAN(n, d)     {n, SPAN_TEXT, d, WI_T_STRUCT, false, false, false}
#define OPT_TEXT(n, d) {n, "Utf8", d, WI_T_TEXT, true, false, false}
#define SPAN_TEXT                                                                   \
  "Struct(bstart Int64, bend Int64, line_base Int32, col_unit Utf8, end_exclusive " \
  "Boolean)"

#define PARTS_RULE                                                                       \
  " The texts of the parts are joined by U+001F, a null part being the text __NULL__; "  \
  "so a part that is this text, or that holds U+001F, can collide with another list of " \
  "parts."

static const char *const tags_hash[] = {"hash"};
static const char *const tags_id_hash[] = {"id", "hash"};
static const char *const tags_span[] = {"span"};
static const char *const tags_span_id[] = {"span", "id", "hash"};
static const char *const tags_span_make[] = {"span", "position_encoding"};

static const char *const alias_hash64[] = {"hash64"};
static const char *const alias_hash128[] = {"hash128"};
static const char *const alias_prefixed[] = {"prefixed_hash"};
static const char *const alias_parts[] = {"stable_id_multi"};
static const char *const alias_prefixed_parts[] = {"prefixed_hash_parts"};
static const char *const alias_any[] = {"stable_hash"};
static const char *const alias_span[] = {"span"};

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
static const wi_fn_param params_span_make[] = {
    INT("bstart", "the first offset"),
    INT("bend", "the last offset, or the one after it"),
    {"line_base", "Int32", "the number of the first line; default: the setting, 0",
     WI_T_INT32, true, false, false},
    OPT_TEXT("col_unit", "what offsets count; default: the setting, byte"),
    {"end_exclusive", "Boolean",
     "whether bend is the offset after the span; default: the setting, true", WI_T_BOOL,
     true, false, false}};
static const wi_fn_param params_span[] = {SPAN("span", "a span")};
static const wi_fn_param params_two_spans[] = {SPAN("a", "a span"), SPAN("b", "a span")};
static const wi_fn_param params_span_id[] = {
    TEXT("prefix", "goes before the hash; not hashed"), TEXT("path", "the file"),
    INT("bstart", "the first offset"), INT("bend", "the end"),
    OPT_TEXT("kind", "what the span is; left out of the hash when not given")};

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
        "only if the prefix is." PARTS_RULE,
    .syntax = "prefixed_hash_parts64(prefix, part, ...)",
    .example = "prefixed_hash_parts64('node', 'a', NULL)",
    .example_result = "node:8982507147066422756",
    .tags = tags_id_hash,
    .n_tags = COUNT(tags_id_hash),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_parts,
    .invoke = wi_run_parts_decimal};

const wi_fn wi_fn_span_contains = {
    .name = "span_contains",
    .params = params_two_spans,
    .n_params = COUNT(params_two_spans),
    .return_text = "Boolean",
    .section = "Span Functions",
    .description =
        "Whether span b lies within span a. Null if any offset is null. Paths "
        "are not compared.",
    .syntax = "span_contains(a, b)",
    .example = "span_contains(span_make(0, 10), span_make(2, 10))",
    .example_result = "true",
    .tags = tags_span,
    .n_tags = COUNT(tags_span),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_span_test,
    .invoke = wi_run_span_contains};

const wi_fn wi_fn_span_id = {
    .name = "span_id",
    .params = params_span_id,
    .n_params = COUNT(params_span_id),
    .return_text = "Utf8",
    .section = "Span Functions",
    .description =
        "stable_id_parts of the path, the offsets and, if given, the kind, in "
        "this order. Null only if the prefix is." PARTS_RULE,
    .syntax = "span_id(prefix, path, bstart, bend[, kind])",
    .example = "span_id('span', 'a.py', 10, 20, 'NAME')",
    .example_result = "span:751e3138fd1669fe0d30cccf1609076a",
    .tags = tags_span_id,
    .n_tags = COUNT(tags_span_id),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_span_id,
    .invoke = wi_run_span_id};

const wi_fn wi_fn_span_len = {
    .name = "span_len",
    .params = params_span,
    .n_params = COUNT(params_span),
    .return_text = "Int64",
    .section = "Span Functions",
    .description =
        "The length of a span: bend - bstart, and one more if the end is "
        "inclusive. Negative if the offsets are the wrong way round; null if "
        "one is null.",
    .syntax = "span_len(span)",
    .example = "span_len(span_make(10, 25))",
    .example_result = "15",
    .tags = tags_span,
    .n_tags = COUNT(tags_span),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_span_len,
    .invoke = wi_run_span_len};

const wi_fn wi_fn_span_make = {
    .name = "span_make",
    .aliases = alias_span,
    .n_aliases = COUNT(alias_span),
    .params = params_span_make,
    .n_params = COUNT(params_span_make),
    .return_text = SPAN_TEXT,
    .section = "Span Functions",
    .description =
        "A span of two offsets. A null offset or line_base stays null; a null "
        "col_unit or end_exclusive is the default. The order of the offsets is "
        "not checked.",
    .syntax = "span_make(bstart, bend[, line_base][, col_unit][, end_exclusive])",
    .example = "span_make(10, 25, col_unit => 'utf8')",
    .example_result =
        "{bstart: 10, bend: 25, line_base: 0, col_unit: utf8, end_exclusive: "
        "true}",
    .tags = tags_span_make,
    .n_tags = COUNT(tags_span_make),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .settings =
        WI_FN_SET_SPAN_LINE_BASE | WI_FN_SET_SPAN_COL_UNIT | WI_FN_SET_SPAN_END_EXCLUSIVE,
    .return_field = wi_field_span_make,
    .invoke = wi_run_span_make};

const wi_fn wi_fn_span_overlaps = {
    .name = "span_overlaps",
    .params = params_two_spans,
    .n_params = COUNT(params_two_spans),
    .return_text = "Boolean",
    .section = "Span Functions",
    .description =
        "Whether two spans share an offset. Null if any offset is null. Paths "
        "are not compared.",
    .syntax = "span_overlaps(a, b)",
    .example = "span_overlaps(span_make(0, 10), span_make(10, 20))",
    .example_result = "false",
    .tags = tags_span,
    .n_tags = COUNT(tags_span),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_span_test,
    .invoke = wi_run_span_overlaps};

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
        "Null only if the prefix is." PARTS_RULE,
    .syntax = "stable_id_parts(prefix, part, ...)",
    .example = "stable_id_parts('node', 'a', 'b')",
    .example_result = "node:065ab5741cdfad44687cf119c1eb4ec9",
    .tags = tags_id_hash,
    .n_tags = COUNT(tags_id_hash),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_parts,
    .invoke = wi_run_parts_hex};
