/* Other names of the engine's own functions: nothing is computed here, and plans know the
 * engine's names only. */
#include "udf/describe.h"

static const char *const tags_aggregate[] = {"aggregate", "window"};
static const char *const tags_window[] = {"window"};
static const char *const tags_dedupe[] = {"window", "dedupe"};

static const wi_fn_param params_value[] = {
    {"value", "any", "any value", WI_T_ANY, false, false, false}};
static const wi_fn_param params_shifted[] = {
    {"value", "any", "any value", WI_T_ANY, false, false, false},
    {"distance", "Int64", "rows between, 1 if it is left out", WI_T_INT64, true, false,
     true},
    {"default", "any", "what is given where there is no such row", WI_T_ANY, true, false,
     false}};

#define ENGINE(ident, real, text, call, ex, result)                                  \
  .name = ident, .engine = real, .section = "Window Functions", .description = text, \
  .syntax = call, .example = ex, .example_result = result,                           \
  .volatility = WI_FN_IMMUTABLE, .version = 1

const wi_fn wi_fn_first_value_agg = {
    ENGINE("first_value_agg", "first_value",
           "Another name of the engine's first_value: the value of the first row. Under "
           "strict determinism it needs ORDER BY.",
           "first_value_agg(value ORDER BY key)",
           "SELECT first_value_agg(x ORDER BY x DESC) FROM (VALUES (1), (3)) AS t(x)",
           "3"),
    .kind = WI_FN_AGGREGATE,
    .params = params_value,
    .n_params = COUNT(params_value),
    .return_text = "as value",
    .tags = tags_aggregate,
    .n_tags = COUNT(tags_aggregate)};

const wi_fn wi_fn_last_value_agg = {
    ENGINE("last_value_agg", "last_value",
           "Another name of the engine's last_value: the value of the last row. Under "
           "strict determinism it needs ORDER BY.",
           "last_value_agg(value ORDER BY key)",
           "SELECT last_value_agg(x ORDER BY x DESC) FROM (VALUES (1), (3)) AS t(x)",
           "1"),
    .kind = WI_FN_AGGREGATE,
    .params = params_value,
    .n_params = COUNT(params_value),
    .return_text = "as value",
    .tags = tags_aggregate,
    .n_tags = COUNT(tags_aggregate)};

const wi_fn wi_fn_row_number_window = {
    ENGINE(
        "row_number_window", "row_number",
        "Another name of the engine's row_number: the number of the row in its window, "
        "from 1.",
        "row_number_window() OVER (ORDER BY key)",
        "SELECT max(n) FROM (SELECT row_number_window() OVER (ORDER BY x) AS n FROM "
        "(VALUES (1), (3)) AS t(x)) AS u",
        "2"),
    .kind = WI_FN_WINDOW, .return_text = "UInt64", .tags = tags_window,
    .n_tags = COUNT(tags_window)};

const wi_fn wi_fn_dedupe_best_by_score = {
    ENGINE(
        "dedupe_best_by_score", "row_number",
        "Another name of the engine's row_number, for keeping the best row of each key: "
        "the rows where it is 1 over PARTITION BY the key, ORDER BY the score and what "
        "breaks ties.",
        "dedupe_best_by_score() OVER (PARTITION BY key ORDER BY score DESC)",
        "SELECT max(s) FROM (SELECT s, dedupe_best_by_score() OVER (PARTITION BY k "
        "ORDER BY s) AS n FROM (VALUES (1, 5), (1, 4), (2, 3)) AS t(k, s)) AS u WHERE "
        "n = 1",
        "4"),
    .kind = WI_FN_WINDOW, .return_text = "UInt64", .tags = tags_dedupe,
    .n_tags = COUNT(tags_dedupe)};

const wi_fn wi_fn_lag_window = {
    ENGINE("lag_window", "lag",
           "Another name of the engine's lag: the value of an earlier row of the window.",
           "lag_window(value [, distance] [, default]) OVER (ORDER BY key)",
           "SELECT max(n) FROM (SELECT lag_window(x) OVER (ORDER BY x) AS n FROM (VALUES "
           "(1), (3)) AS t(x)) AS u",
           "1"),
    .kind = WI_FN_WINDOW,
    .params = params_shifted,
    .n_params = COUNT(params_shifted),
    .return_text = "as value",
    .tags = tags_window,
    .n_tags = COUNT(tags_window)};

const wi_fn wi_fn_lead_window = {
    ENGINE(
        "lead_window", "lead",
        "Another name of the engine's lead: the value of a later row of the window.",
        "lead_window(value [, distance] [, default]) OVER (ORDER BY key)",
        "SELECT max(n) FROM (SELECT lead_window(x) OVER (ORDER BY x) AS n FROM (VALUES "
        "(1), (3)) AS t(x)) AS u",
        "3"),
    .kind = WI_FN_WINDOW,
    .params = params_shifted,
    .n_params = COUNT(params_shifted),
    .return_text = "as value",
    .tags = tags_window,
    .n_tags = COUNT(tags_window)};
