/* Descriptions of the functions of texts and symbols. */
#include "udf/describe.h"

static const char *const tags_string[] = {"string_norm", "string"};
static const char *const tags_symbol[] = {"string_norm", "symbol", "string"};

static const char *const alias_normalize[] = {"normalize_utf8"};
static const char *const alias_blank[] = {"null_if_blank"};
static const char *const alias_qname[] = {"qualname_normalize"};

static const wi_fn_param params_normalize[] = {
    {"value", "Utf8", "a text", WI_T_TEXT, false, false, false},
    {"form", "Utf8", "NFC, NFD, NFKC or NFKD; default: the setting, NFKC", WI_T_TEXT,
     true, false, true},
    {"casefold", "Boolean", "whether to lower the case; default: the setting, true",
     WI_T_BOOL, true, false, true},
    {"collapse_ws", "Boolean",
     "whether a run of blanks becomes one; default: the setting, true", WI_T_BOOL, true,
     false, true}};
static const wi_fn_param params_blank[] = {
    {"value", "Utf8", "a text", WI_T_TEXT, false, false, false}};
static const wi_fn_param params_qname[] = {
    {"symbol", "Utf8", "a name, perhaps qualified by dots", WI_T_TEXT, false, false,
     false},
    {"module", "Utf8", "goes before a name without dots", WI_T_TEXT, true, false, false},
    {"lang", "Utf8", "python keeps the case of names", WI_T_TEXT, true, false, false}};

const wi_fn wi_fn_qname_normalize = {
    .name = "qname_normalize",
    .aliases = alias_qname,
    .n_aliases = COUNT(alias_qname),
    .params = params_qname,
    .n_params = COUNT(params_qname),
    .return_text = "Utf8",
    .section = "String Functions",
    .description =
        "A symbol's name, qualified by its module unless it has a dot "
        "or the module is null or blank. Both are trimmed, NFKC, with "
        "runs of blanks as one, and in lower case unless the language "
        "is python. Null if the symbol is null or blank.",
    .syntax = "qname_normalize(symbol[, module][, lang])",
    .example = "qname_normalize(' Foo ', 'pkg.mod', 'python')",
    .example_result = "pkg.mod.Foo",
    .tags = tags_symbol,
    .n_tags = COUNT(tags_symbol),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .data_version = "unicode",
    .return_field = wi_field_qname,
    .invoke = wi_run_qname};

const wi_fn wi_fn_utf8_normalize = {
    .name = "utf8_normalize",
    .aliases = alias_normalize,
    .n_aliases = COUNT(alias_normalize),
    .params = params_normalize,
    .n_params = COUNT(params_normalize),
    .return_text = "Utf8",
    .section = "String Functions",
    .description =
        "A text without White_Space around it, in a normal form, in "
        "lower case (Unicode's full mapping: a last sigma of a word "
        "is ς, ß stays) and with one blank for each run of "
        "White_Space. Null if nothing is left.",
    .syntax = "utf8_normalize(value[, form][, casefold][, collapse_ws])",
    .example = "utf8_normalize('  Foo   BAR ')",
    .example_result = "foo bar",
    .tags = tags_string,
    .n_tags = COUNT(tags_string),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .data_version = "unicode",
    .settings = WI_FN_SET_UTF8_FORM | WI_FN_SET_UTF8_CASEFOLD | WI_FN_SET_UTF8_COLLAPSE,
    .return_field = wi_field_utf8_normalize,
    .invoke = wi_run_utf8_normalize};

const wi_fn wi_fn_utf8_null_if_blank = {
    .name = "utf8_null_if_blank",
    .aliases = alias_blank,
    .n_aliases = COUNT(alias_blank),
    .params = params_blank,
    .n_params = COUNT(params_blank),
    .return_text = "Utf8",
    .section = "String Functions",
    .description =
        "A text without White_Space around it; null if nothing is "
        "left.",
    .syntax = "utf8_null_if_blank(value)",
    .example = "utf8_null_if_blank('  a b ')",
    .example_result = "a b",
    .tags = tags_string,
    .n_tags = COUNT(tags_string),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_null_if_blank,
    .invoke = wi_run_null_if_blank};
