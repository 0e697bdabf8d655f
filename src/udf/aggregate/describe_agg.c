/* Descriptions of the aggregates. */
#include "udf/aggregate/agg.h"
#include "udf/describe.h"

static const char *const tags_aggregate[] = {"aggregate", "deterministic"};

static const char *const tags_asof[] = {"aggregate", "deterministic", "asof"};

static const char *const tags_list[] = {"aggregate", "deterministic", "list"};

static const char *const alias_unique[] = {"list_unique"};

static const wi_fn_param params_count_if[] = {
    {"condition", "Boolean", "what is to be true", WI_T_BOOL, false, false, false}};

static const wi_fn_param params_by_key[] = {
    {"value", "Any", "what is given back", WI_T_ANY_FLAT, false, false, false},
    {"order_key", "Any", "what rows are compared by", WI_T_ANY_FLAT, false, false,
     false}};

#define BY_KEY_RULE                                                                    \
  " Rows where the value or the key is null are skipped; of equal keys the smallest "  \
  "value counts; null without rows. Floats: NaN is the largest, and as a key -0.0 is " \
  "0.0."

const wi_fn wi_fn_any_value_det = {
    .name = "any_value_det",
    .params = params_by_key,
    .n_params = COUNT(params_by_key),
    .return_text = "Any",
    .section = "Aggregate Functions",
    .description = "One value, always the same: that at the smallest key." BY_KEY_RULE,
    .syntax = "any_value_det(value, order_key)",
    .example = "SELECT any_value_det(v, k) FROM (VALUES ('b', 2), ('a', 3)) t(v, k)",
    .example_result = "b",
    .tags = tags_aggregate,
    .n_tags = COUNT(tags_aggregate),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .kind = WI_FN_AGGREGATE,
    .agg = &wi_agg_smallest,
};

const wi_fn wi_fn_arg_max = {
    .name = "arg_max",
    .params = params_by_key,
    .n_params = COUNT(params_by_key),
    .return_text = "Any",
    .section = "Aggregate Functions",
    .description = "The value at the largest key." BY_KEY_RULE,
    .syntax = "arg_max(value, order_key)",
    .example = "SELECT arg_max(v, k) FROM (VALUES ('a', 1), ('b', 3), ('c', 2)) t(v, k)",
    .example_result = "b",
    .tags = tags_aggregate,
    .n_tags = COUNT(tags_aggregate),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .kind = WI_FN_AGGREGATE,
    .agg = &wi_agg_largest,
};

const wi_fn wi_fn_arg_min = {
    .name = "arg_min",
    .params = params_by_key,
    .n_params = COUNT(params_by_key),
    .return_text = "Any",
    .section = "Aggregate Functions",
    .description = "The value at the smallest key." BY_KEY_RULE,
    .syntax = "arg_min(value, order_key)",
    .example = "SELECT arg_min(v, k) FROM (VALUES ('a', 1), ('b', 3), ('c', 2)) t(v, k)",
    .example_result = "a",
    .tags = tags_aggregate,
    .n_tags = COUNT(tags_aggregate),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .kind = WI_FN_AGGREGATE,
    .agg = &wi_agg_smallest,
};

const wi_fn wi_fn_asof_select = {
    .name = "asof_select",
    .params = params_by_key,
    .n_params = COUNT(params_by_key),
    .return_text = "Any",
    .section = "Aggregate Functions",
    .description =
        "The value at the latest key: arg_max under a name of its own." BY_KEY_RULE,
    .syntax = "asof_select(value, order_key)",
    .example =
        "SELECT asof_select(v, k) FROM (VALUES ('a', 1), ('b', 3), ('c', 2)) t(v, k)",
    .example_result = "b",
    .tags = tags_asof,
    .n_tags = COUNT(tags_asof),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .kind = WI_FN_AGGREGATE,
    .agg = &wi_agg_largest,
};

static const wi_fn_param params_value[] = {
    {"value", "Any", "the values", WI_T_ANY_FLAT, false, false, false}};

const wi_fn wi_fn_collect_set = {
    .name = "collect_set",
    .aliases = alias_unique,
    .n_aliases = COUNT(alias_unique),
    .params = params_value,
    .n_params = COUNT(params_value),
    .return_text = "List(Any)",
    .section = "Aggregate Functions",
    .description =
        "The distinct values as a sorted list: texts by bytes, NaN after all numbers, "
        "-0.0 as 0.0. If there were nulls, one null at the end; with IGNORE NULLS none. "
        "Without rows the empty list.",
    .syntax = "collect_set(value)",
    .example = "SELECT collect_set(x) FROM (VALUES (3), (1), (3)) t(x)",
    .example_result = "[1, 3]",
    .tags = tags_list,
    .n_tags = COUNT(tags_list),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .kind = WI_FN_AGGREGATE,
    .agg = &wi_agg_collect_set,
};

const wi_fn wi_fn_count_distinct_agg = {
    .name = "count_distinct_agg",
    .params = params_value,
    .n_params = COUNT(params_value),
    .return_text = "Int64",
    .section = "Aggregate Functions",
    .description =
        "How many distinct values there are. Null counts as one value; with IGNORE NULLS "
        "not. 0 without rows.",
    .syntax = "count_distinct_agg(value)",
    .example = "SELECT count_distinct_agg(x) FROM (VALUES ('a'), (NULL), ('a')) t(x)",
    .example_result = "2",
    .tags = tags_aggregate,
    .n_tags = COUNT(tags_aggregate),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .kind = WI_FN_AGGREGATE,
    .agg = &wi_agg_count_distinct,
};

const wi_fn wi_fn_count_if = {
    .name = "count_if",
    .params = params_count_if,
    .n_params = COUNT(params_count_if),
    .return_text = "Int64",
    .section = "Aggregate Functions",
    .description = "How many rows are true. Null counts as false; 0 over no rows.",
    .syntax = "count_if(condition)",
    .example = "SELECT count_if(x > 1) FROM (VALUES (1), (2), (3), (NULL)) t(x)",
    .example_result = "2",
    .tags = tags_aggregate,
    .n_tags = COUNT(tags_aggregate),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .kind = WI_FN_AGGREGATE,
    .agg = &wi_agg_count_if,
};
