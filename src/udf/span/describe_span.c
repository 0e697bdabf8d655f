/* Descriptions of the span functions. */
#include "udf/describe.h"

#define TEXT(n, d)     {n, "Utf8", d, WI_T_TEXT, false, false, false}
#define INT(n, d)      {n, "Int64", d, WI_T_INT64, false, false, false}
#define OPT_TEXT(n, d) {n, "Utf8", d, WI_T_TEXT, true, false, false}
#define SPAN(n, d)     {n, SPAN_TEXT, d, WI_T_STRUCT, false, false, false}
#define SPAN_TEXT                                                                   \
  "Struct(bstart Int64, bend Int64, line_base Int32, col_unit Utf8, end_exclusive " \
  "Boolean)"

static const char *const tags_span[] = {"span"};
static const char *const tags_span_id[] = {"span", "id", "hash"};
static const char *const tags_span_make[] = {"span", "position_encoding"};

static const char *const alias_span[] = {"span"};

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
        "this order. Null only if the prefix is." WI_PARTS_RULE,
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
