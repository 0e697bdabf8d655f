/* Descriptions of the aggregates. */
#include "udf/agg.h"
#include "udf/describe.h"

static const char *const tags_aggregate[] = {"aggregate", "deterministic"};

static const wi_fn_param params_count_if[] = {
    {"condition", "Boolean", "what is to be true", WI_T_BOOL, false, false, false}};

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
