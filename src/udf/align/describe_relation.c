/* Description of the operators over relations. */
#include "udf/align/align.h"
#include "udf/describe.h"

#define RELATION(n, d) {n, "Relation", d, WI_T_ANY, false, false, false}
#define OPTION(n, d)   {n, "Utf8", d, WI_T_TEXT, true, false, true}

static const char *const tags_align[] = {"interval", "alignment", "score"};

static const wi_fn_param params_align[] = {
    RELATION("left",
             "a table, view or CTE by name, or a query in parentheses: its rows are "
             "those that look for a match"),
    RELATION("right", "the same: its rows are those that are found"),
    OPTION(
        "mode",
        "CONTAINED_BEST (default): the shortest interval that contains the left one; "
        "EXACT: the same start and end; OVERLAP_MAX: the one that shares most with it"),
    OPTION("how", "inner (default), or left: left rows without a match stay"),
    OPTION("left_path", "only rows with equal paths meet; default path"),
    OPTION("left_start", "the first offset; default bstart"),
    OPTION("left_end", "the offset after the last; default bend"),
    OPTION("left_columns", "the columns that are kept, with commas between; default all"),
    OPTION("right_path", "as left_path"),
    OPTION("right_start", "as left_start"),
    OPTION("right_end", "as left_end"),
    OPTION("right_columns", "as left_columns"),
    OPTION("right_suffix", "what a right column's name gets if it is taken; default __r"),
    OPTION("tie_breakers",
           "columns of the right relation that decide between equally good matches, each "
           "with asc or desc after it, nulls last: 'score desc, name'"),
    {"emit_match_meta", "Boolean", "whether kind and score are given; default true",
     WI_T_BOOL, true, false, true},
    OPTION("match_kind_col", "the name of the kind; default match_kind"),
    OPTION("match_score_col", "the name of the score; default match_score")};

const wi_fn wi_fn_interval_align = {
    .name = "interval_align",
    .params = params_align,
    .n_params = COUNT(params_align),
    .return_text = "Relation",
    .section = "Interval Functions",
    .description =
        "Stands in FROM: for each left row the one best right row of the same path, with "
        "the columns of both, the kind of the match (the mode, or NO_MATCH) and its "
        "score, "
        "the length that both share. Intervals are [start, end) over integers; a row "
        "with "
        "a null path, a null bound or start > end matches nothing. Equally good matches "
        "are decided by tie_breakers, then the lower start, the lower end, and all other "
        "right columns that are kept.",
    .syntax = "interval_align(left, right, option => literal, ...)",
    .example =
        "SELECT name FROM interval_align("
        "(SELECT 'a.py' AS path, 10 AS bstart, 20 AS bend), "
        "(SELECT 'a.py' AS path, 0 AS bstart, 25 AS bend, 'f' AS name "
        "UNION ALL SELECT 'a.py', 8, 50, 'g'))",
    .example_result = "f",
    .tags = tags_align,
    .n_tags = COUNT(tags_align),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .kind = WI_FN_RELATION,
    .rel = &wi_align_ops};
