/* Descriptions of the functions of lists, maps, structs and fields. */
#include "udf/describe.h"

#define NAME(n, optional) \
  {n, "Utf8", "a field of the struct", WI_T_TEXT, optional, false, true}

static const char *const tags_map[] = {"nested", "map"};
static const char *const tags_list[] = {"nested", "list"};
static const char *const tags_struct[] = {"nested", "struct"};
static const char *const tags_tag[] = {"nested", "metadata"};

static const char *const alias_unique[] = {"array_unique_sorted"};
static const char *const alias_pick[] = {"struct_select"};

static const wi_fn_param params_list[] = {
    {"list", "List", "a list", WI_T_LIST, false, false, false}};
static const wi_fn_param params_get[] = {
    {"map", "Map(Utf8, T)", "a map", WI_T_MAP, false, false, false},
    {"key", "Utf8", "the key to look for", WI_T_TEXT, false, false, true},
    {"default", "T", "the result where the map is null, or has no value for the key",
     WI_T_ITEM, false, false, false}};
static const wi_fn_param params_normalize[] = {
    {"map", "Map", "a map", WI_T_MAP, false, false, false},
    {"key_case", "Utf8", "lower, upper or none; default: the setting, lower", WI_T_TEXT,
     true, false, true},
    {"sort_keys", "Boolean", "whether to sort by key; default: the setting, true",
     WI_T_BOOL, true, false, true}};
static const wi_fn_param params_pick[] = {
    {"struct", "Struct", "a struct", WI_T_STRUCT, false, false, false},
    NAME("name1", false),
    NAME("name2", true),
    NAME("name3", true),
    NAME("name4", true),
    NAME("name5", true),
    NAME("name6", true)};
static const wi_fn_param params_tag[] = {
    {"type", "Utf8", "what values mean; node, edge and span are NodeId, EdgeId, SpanId",
     WI_T_TEXT, false, false, true},
    {"value", "Any", "any value", WI_T_ANY, false, false, false}};

const wi_fn wi_fn_list_unique_sorted = {
    .name = "list_unique_sorted",
    .aliases = alias_unique,
    .n_aliases = COUNT(alias_unique),
    .params = params_list,
    .n_params = COUNT(params_list),
    .return_text = "List(T)",
    .section = "Nested Functions",
    .description =
        "The values of a list, each once, without nulls, in order: "
        "numbers and times by value, texts and binaries by bytes. Of "
        "floats, -0 is 0, and NaN is one value and the last; of equal "
        "ones the first stays.",
    .syntax = "list_unique_sorted(list)",
    .example = "list_unique_sorted(make_array(10, 9, 10))",
    .example_result = "[9, 10]",
    .tags = tags_list,
    .n_tags = COUNT(tags_list),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_list_unique,
    .invoke = wi_run_list_unique};

const wi_fn wi_fn_map_get_default = {
    .name = "map_get_default",
    .params = params_get,
    .n_params = COUNT(params_get),
    .return_text = "T",
    .section = "Nested Functions",
    .description =
        "The first value of a key that is not null, or the default, "
        "which is cast to the type of the map's values. The key is "
        "compared as it is.",
    .syntax = "map_get_default(map, key, default)",
    .example =
        "map_get_default(map(['stage'], ['parse']), 'error', "
        "'unknown')",
    .example_result = "unknown",
    .tags = tags_map,
    .n_tags = COUNT(tags_map),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .short_circuits = true,
    .return_field = wi_field_map_get,
    .invoke = wi_run_map_get};

const wi_fn wi_fn_map_normalize = {
    .name = "map_normalize",
    .params = params_normalize,
    .n_params = COUNT(params_normalize),
    .return_text = "Map(Utf8, Utf8)",
    .section = "Nested Functions",
    .description =
        "A map of texts: keys in a case, values as text. Sorted by "
        "the bytes of the keys, of equal keys the last stays; not "
        "sorted, all entries stay in their order. Null for a null.",
    .syntax = "map_normalize(map[, key_case][, sort_keys])",
    .example = "map_normalize(map(['B', 'a'], [1, 2]))",
    .example_result = "{a: 2, b: 1}",
    .tags = tags_map,
    .n_tags = COUNT(tags_map),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .data_version = "unicode",
    .settings = WI_FN_SET_MAP_KEY_CASE | WI_FN_SET_MAP_SORT_KEYS,
    .return_field = wi_field_map_normalize,
    .invoke = wi_run_map_normalize};

const wi_fn wi_fn_semantic_tag = {
    .name = "semantic_tag",
    .params = params_tag,
    .n_params = COUNT(params_tag),
    .return_text = "T",
    .section = "Nested Functions",
    .description =
        "The value as it is, in a field whose metadata says what it "
        "means: semantic_type.",
    .syntax = "semantic_tag(type, value)",
    .example = "semantic_tag('node', 'n1')",
    .example_result = "n1",
    .tags = tags_tag,
    .n_tags = COUNT(tags_tag),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_semantic_tag,
    .invoke = wi_run_semantic_tag};

const wi_fn wi_fn_struct_pick = {
    .name = "struct_pick",
    .aliases = alias_pick,
    .n_aliases = COUNT(alias_pick),
    .params = params_pick,
    .n_params = COUNT(params_pick),
    .return_text = "Struct",
    .section = "Nested Functions",
    .description =
        "A struct of one to six fields of a struct, in the order in "
        "which they are named.",
    .syntax = "struct_pick(struct, name1[, name2] ... [, name6])",
    .example = "struct_pick(span_make(1, 2), 'bend', 'bstart')",
    .example_result = "{bend: 2, bstart: 1}",
    .tags = tags_struct,
    .n_tags = COUNT(tags_struct),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .return_field = wi_field_struct_pick,
    .invoke = wi_run_struct_pick};
