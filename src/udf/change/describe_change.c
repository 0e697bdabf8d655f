/* Descriptions of the functions of change feeds. */
#include "udf/describe.h"

static const char *const tags_change[] = {"incremental", "cdf", "delta"};

static const wi_fn_param params_change[] = {
    {"change_type", "Utf8", "a row's _change_type", WI_T_TEXT, false, false, false}};

const wi_fn wi_fn_cdf_change_rank = {
    .name = "cdf_change_rank",
    .params = params_change,
    .n_params = COUNT(params_change),
    .return_text = "Int32",
    .section = "Change Feed Functions",
    .description =
        "Which of several changes of one row to believe, the highest "
        "first: update_postimage 3, insert 2, delete 1, "
        "update_preimage 0, anything else -1. Case and blanks around "
        "do not matter.",
    .syntax = "cdf_change_rank(change_type)",
    .example = "cdf_change_rank('insert')",
    .example_result = "2",
    .tags = tags_change,
    .n_tags = COUNT(tags_change),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_change_rank,
    .invoke = wi_run_change_rank};

const wi_fn wi_fn_cdf_is_delete = {
    .name = "cdf_is_delete",
    .params = params_change,
    .n_params = COUNT(params_change),
    .return_text = "Boolean",
    .section = "Change Feed Functions",
    .description =
        "Whether a change takes the row away; false for what is no "
        "change.",
    .syntax = "cdf_is_delete(change_type)",
    .example = "cdf_is_delete('delete')",
    .example_result = "true",
    .tags = tags_change,
    .n_tags = COUNT(tags_change),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_change_test,
    .invoke = wi_run_change_delete};

const wi_fn wi_fn_cdf_is_upsert = {
    .name = "cdf_is_upsert",
    .params = params_change,
    .n_params = COUNT(params_change),
    .return_text = "Boolean",
    .section = "Change Feed Functions",
    .description =
        "Whether a change brings the row in its new state: insert and "
        "update_postimage; false for what is no change.",
    .syntax = "cdf_is_upsert(change_type)",
    .example = "cdf_is_upsert('update_preimage')",
    .example_result = "false",
    .tags = tags_change,
    .n_tags = COUNT(tags_change),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_change_test,
    .invoke = wi_run_change_upsert};
