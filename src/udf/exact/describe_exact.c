/* Descriptions of the exact aggregates. */
#include "udf/describe.h"
#include "udf/exact/exact.h"

#define ORDER_RULE                                                                      \
  " The result does not depend on the order of rows, on partitions or on batches. Any " \
  "NaN, or infinities of both signs, give NaN."
#define VAR_RULE                                                                     \
  " Computed without error from the exact sums of the values and of their squares, " \
  "then "                                                                            \
  "rounded once; NaN if any value is NaN or infinite."
#define STDDEV_RULE                                                                   \
  " The square root of the exactly rounded variance: rounded twice, the same in any " \
  "order of rows; NaN if any value is NaN or infinite."

static const char *const tags_exact[] = {"aggregate", "window", "exact"};
static const char *const alias_var[] = {"var_exact"};
static const char *const alias_stddev[] = {"stddev_exact"};

static const wi_fn_param params_float[] = {{"expression", "Float64",
                                            "floats; 16 and 32 bits are widened",
                                            WI_T_ANY_FLAT, false, false, false}};
static const wi_fn_param params_number[] = {{"expression", "Float64 or integer",
                                             "floats or integers of any width",
                                             WI_T_ANY_FLAT, false, false, false}};

#define EXACT(ident, parameters, text, ex, result)                                 \
  .name = ident, .params = parameters, .n_params = COUNT(parameters),              \
  .return_text = "Float64", .section = "Aggregate Functions", .description = text, \
  .syntax = ident "(expression)", .example = ex, .example_result = result,         \
  .tags = tags_exact, .n_tags = COUNT(tags_exact), .volatility = WI_FN_IMMUTABLE,  \
  .version = 1, .kind = WI_FN_AGGREGATE, .agg = &wi_exact_ops

const wi_fn wi_fn_avg_exact = {EXACT(
    "avg_exact", params_number,
    "The mean of the values that are not null: their exact sum by their number, "
    "rounded once to the nearest double. Null if there are none." ORDER_RULE,
    "SELECT avg_exact(x) FROM (VALUES (9007199254740993), (1), (-9007199254740993)) "
    "AS t(x)",
    "0.3333333333333333")};

const wi_fn wi_fn_stddev_pop_exact = {
    EXACT("stddev_pop_exact", params_number,
          "The population standard deviation of the values that are not null; null if "
          "there are none." STDDEV_RULE,
          "SELECT stddev_pop_exact(x) FROM (VALUES (1.0), (3.0), (5.0), (7.0)) AS t(x)",
          "2.23606797749979")};

const wi_fn wi_fn_stddev_samp_exact = {
    EXACT("stddev_samp_exact", params_number,
          "The sample standard deviation of the values that are not null; null if there "
          "are less than two." STDDEV_RULE,
          "SELECT stddev_samp_exact(x) FROM (VALUES (1.0), (3.0), (5.0)) AS t(x)", "2.0"),
    .aliases = alias_stddev, .n_aliases = COUNT(alias_stddev)};

const wi_fn wi_fn_sum_exact = {
    EXACT("sum_exact", params_float,
          "The sum of the values that are not null, as if added without error and "
          "rounded once to the nearest double (ties to even); an infinity only if the "
          "exact sum is beyond the range. Null if there are none. A sum of zeros is 0.0, "
          "whatever their signs." ORDER_RULE,
          "SELECT sum_exact(x) FROM (VALUES (1e100), (1.0), (-1e100)) AS t(x)", "1.0")};

const wi_fn wi_fn_var_pop_exact = {EXACT(
    "var_pop_exact", params_number,
    "The population variance of the values that are not null; null if there are "
    "none." VAR_RULE,
    "SELECT var_pop_exact(x) FROM (VALUES (1.0), (3.0), (5.0), (7.0)) AS t(x)", "5.0")};

const wi_fn wi_fn_var_samp_exact = {
    EXACT("var_samp_exact", params_number,
          "The sample variance of the values that are not null; null if there are less "
          "than two." VAR_RULE,
          "SELECT var_samp_exact(x) FROM (VALUES (1.0), (3.0), (5.0)) AS t(x)", "4.0"),
    .aliases = alias_var, .n_aliases = COUNT(alias_var)};
