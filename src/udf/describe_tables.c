/* Table functions. What they give is not computed here: src/session opens the tables, since
 * a call becomes a pin before it becomes a plan. */
#include "udf/describe.h"

#define TABLE_TYPES "Table"

static const wi_fn_param params_delta[] = {
    {.name = "uri",
     .type_text = "Utf8",
     .type_class = WI_T_TEXT,
     .literal = true,
     .doc =
         "The folder of a Delta table: a path, or a URI of file, s3, gs, az or abfss. A "
         "relative path begins at the folder of weir.yml, without a project at the "
         "working directory."},
    {.name = "version",
     .type_text = "Int64",
     .type_class = WI_T_INT64,
     .optional = true,
     .literal = true,
     .doc = "The version of the table; the newest one if it is left out."},
};

static const wi_fn_param params_range[] = {
    {.name = "start",
     .type_text = "Int64",
     .type_class = WI_T_INT64,
     .literal = true,
     .doc = "The first value."},
    {.name = "end",
     .type_text = "Int64",
     .type_class = WI_T_INT64,
     .literal = true,
     .doc = "Where the values end; it is none of them."},
};

static const char *const tags_delta[] = {"delta", "table"};
static const char *const tags_table[] = {"table"};
static const char *const tags_registry[] = {"registry", "table"};

#define PINNED                                                                          \
  " The table is pinned when the statement, or the run, begins; it is a row in `pins` " \
  "and a part of the key of every view that reads it. uri and version are literals or " \
  "parameters."

const wi_fn wi_fn_delta_add_actions = {
    .name = "delta_add_actions",
    .params = params_delta,
    .n_params = COUNT(params_delta),
    .return_text = TABLE_TYPES,
    .section = "Table Functions",
    .description =
        "The live files of a Delta table, by path: table_uri, version, path (as in the "
        "log), size, modification_time, data_change, stats (as in the log), "
        "partition_values_json, tags_json. data_change is false: a list of live files is "
        "a state, not a change." PINNED,
    .syntax = "delta_add_actions(uri[, version])",
    .example = "SELECT count(*) FROM delta_add_actions('orders')",
    .example_result = "1",
    .tags = tags_delta,
    .n_tags = COUNT(tags_delta),
    .volatility = WI_FN_STABLE,
    .version = 1,
    .kind = WI_FN_TABLE};

const wi_fn wi_fn_delta_snapshot = {
    .name = "delta_snapshot",
    .params = params_delta,
    .n_params = COUNT(params_delta),
    .return_text = TABLE_TYPES,
    .section = "Table Functions",
    .description =
        "One row about a version of a Delta table: table_uri, version, "
        "snapshot_timestamp, min_reader_version, min_writer_version, "
        "reader_features_json, writer_features_json, table_properties_json, "
        "partition_columns_json, schema_json." PINNED,
    .syntax = "delta_snapshot(uri[, version])",
    .example = "SELECT version FROM delta_snapshot('orders')",
    .example_result = "0",
    .tags = tags_delta,
    .n_tags = COUNT(tags_delta),
    .volatility = WI_FN_STABLE,
    .version = 1,
    .kind = WI_FN_TABLE};

const wi_fn wi_fn_range = {
    .name = "range",
    .params = params_range,
    .n_params = COUNT(params_range),
    .return_text = TABLE_TYPES,
    .section = "Table Functions",
    .description =
        "The integers from start up to but without end, as the column value (Int64). It "
        "is the engine's own, which also takes a step, an end alone (the start is 0), "
        "and timestamps or dates with an interval. generate_series has the same "
        "arguments and includes the end.",
    .syntax = "range(start, end)",
    .example = "SELECT sum(value) FROM range(1, 4)",
    .example_result = "6",
    .tags = tags_table,
    .n_tags = COUNT(tags_table),
    .volatility = WI_FN_IMMUTABLE,
    .version = 1,
    .kind = WI_FN_TABLE,
    .engine = "range"};

const wi_fn wi_fn_read_delta = {.name = "read_delta",
                                .params = params_delta,
                                .n_params = COUNT(params_delta),
                                .return_text = TABLE_TYPES,
                                .section = "Table Functions",
                                .description = "The rows of a Delta table." PINNED,
                                .syntax = "read_delta(uri[, version])",
                                .example = "SELECT count(*) FROM read_delta('orders')",
                                .example_result = "3",
                                .tags = tags_delta,
                                .n_tags = COUNT(tags_delta),
                                .volatility = WI_FN_STABLE,
                                .version = 1,
                                .kind = WI_FN_TABLE};

const wi_fn wi_fn_udf_docs = {
    .name = "udf_docs",
    .return_text = TABLE_TYPES,
    .section = "Table Functions",
    .description =
        "What is written about every function of the session: name, kind, section, "
        "description, syntax, sql_example, argument_names, argument_descriptions, "
        "alternative_syntax (under its aliases), related_udfs (of the same section). "
        "Functions of the engine have a name and a kind only; "
        "information_schema.routines has the engine's words about them.",
    .syntax = "udf_docs()",
    .example = "SELECT syntax FROM udf_docs() WHERE name = 'span_len'",
    .example_result = "span_len(span)",
    .tags = tags_registry,
    .n_tags = COUNT(tags_registry),
    .volatility = WI_FN_STABLE,
    .version = 1,
    .kind = WI_FN_TABLE};

const wi_fn wi_fn_udf_registry = {
    .name = "udf_registry",
    .return_text = TABLE_TYPES,
    .section = "Table Functions",
    .description =
        "Every function of the session: name, kind (scalar, aggregate, window, table, "
        "relation), volatility, aliases, parameter_names, simplify (a call of literals "
        "folds at planning), coerce_types (arguments are coerced to the parameters' "
        "types), short_circuits (arguments may be left unevaluated). What the engine "
        "does "
        "not tell of its own functions is null.",
    .syntax = "udf_registry()",
    .example = "SELECT volatility FROM udf_registry() WHERE name = 'stable_hash64'",
    .example_result = "immutable",
    .tags = tags_registry,
    .n_tags = COUNT(tags_registry),
    .volatility = WI_FN_STABLE,
    .version = 1,
    .kind = WI_FN_TABLE};
