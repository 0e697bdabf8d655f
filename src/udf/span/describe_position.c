/* Descriptions of the functions of positions in source text. */
#include "udf/describe.h"

#define INT(n, d)  {n, "Int64", d, WI_T_INT64, false, false, false}
#define TEXT(n, d) {n, "Utf8", d, WI_T_TEXT, false, false, false}
#define UNIT_DOC                                                                       \
  "what columns count: byte, utf8, utf16 or utf32, in any spelling that holds one of " \
  "them, or a code of position_encoding_norm"

static const char *const tags_position[] = {"span", "position_encoding"};
static const char *const tags_encoding[] = {"position_encoding"};
static const char *const tags_align[] = {"interval", "alignment", "score"};

static const wi_fn_param params_encoding[] = {{"encoding", "Utf8 or integer",
                                               "the name or the code of an encoding",
                                               WI_T_ANY_FLAT, false, false, false}};
static const wi_fn_param params_col[] = {TEXT("line_text", "the line"),
                                         INT("col", "the column, from 0"),
                                         TEXT("col_unit", UNIT_DOC)};
static const wi_fn_param params_byte_span[] = {
    INT("start_line_start_byte", "where the first line begins in the file"),
    TEXT("start_line_text", "the first line"),
    INT("start_col", "the first column, from 0"),
    INT("end_line_start_byte", "where the last line begins in the file"),
    TEXT("end_line_text", "the last line"),
    INT("end_col", "the end's column, from 0"),
    TEXT("col_unit", UNIT_DOC)};
static const wi_fn_param params_align[] = {
    INT("left_start", "the left interval"), INT("left_end", "its end"),
    INT("right_start", "the right interval"), INT("right_end", "its end")};

const wi_fn wi_fn_canonicalize_byte_span = {
    .name = "canonicalize_byte_span",
    .params = params_byte_span,
    .n_params = COUNT(params_byte_span),
    .return_text = "Struct(bstart Int64, bend Int64)",
    .section = "Position Functions",
    .description =
        "The byte offsets in a file of a range of lines and columns: "
        "where each line begins, and col_to_byte in it. An offset is "
        "null if the unit or anything of its side is null.",
    .syntax =
        "canonicalize_byte_span(start_line_start_byte, "
        "start_line_text, start_col, end_line_start_byte, "
        "end_line_text, end_col, col_unit)",
    .example =
        "canonicalize_byte_span(10, 'abcdef', 3, 20, 'ghijkl', 2, "
        "'BYTE')",
    .example_result = "{bstart: 13, bend: 22}",
    .tags = tags_position,
    .n_tags = COUNT(tags_position),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_byte_span,
    .invoke = wi_run_byte_span};

const wi_fn wi_fn_col_to_byte = {
    .name = "col_to_byte",
    .params = params_col,
    .n_params = COUNT(params_col),
    .return_text = "Int64",
    .section = "Position Functions",
    .description =
        "The byte offset of a column in its line, at most the line's "
        "length. A negative column is 0; a unit that is null or "
        "unknown is utf32. Null if line or column is; an error if the "
        "column lies inside a character.",
    .syntax = "col_to_byte(line_text, col, col_unit)",
    .example = "col_to_byte('häuser', 2, 'utf16')",
    .example_result = "3",
    .tags = tags_position,
    .n_tags = COUNT(tags_position),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_col_to_byte,
    .invoke = wi_run_col_to_byte};

const wi_fn wi_fn_interval_align_score = {
    .name = "interval_align_score",
    .params = params_align,
    .n_params = COUNT(params_align),
    .return_text = "Float64",
    .section = "Position Functions",
    .description =
        "How well a right interval fits: the shorter the better, so "
        "minus its length. Null if an argument is null.",
    .syntax =
        "interval_align_score(left_start, left_end, right_start, "
        "right_end)",
    .example = "interval_align_score(0, 5, 10, 20)",
    .example_result = "-10.0",
    .tags = tags_align,
    .n_tags = COUNT(tags_align),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_align_score,
    .invoke = wi_run_align_score};

const wi_fn wi_fn_position_encoding_norm = {
    .name = "position_encoding_norm",
    .params = params_encoding,
    .n_params = COUNT(params_encoding),
    .return_text = "Int32",
    .section = "Position Functions",
    .description =
        "The code of a position encoding: 1 for UTF-8, 2 for UTF-16, "
        "3 for UTF-32 and for everything else. Codes stay; names may "
        "have case, hyphens and more around them. Never null.",
    .syntax = "position_encoding_norm(encoding)",
    .example = "position_encoding_norm('utf-16')",
    .example_result = "2",
    .tags = tags_encoding,
    .n_tags = COUNT(tags_encoding),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_encoding,
    .invoke = wi_run_encoding};
