/* Arguments that are NULL, and lists with a NULL in them: told by name, never followed. Streams
 * are released in any case. */
#include <stdlib.h>

#include "common/fixtures.h"
#include "common/project.h"
#include "common/test.h"
#include "nanoarrow/nanoarrow.h"

static bool named(weir_status status, weir_error *err, const char *name, int line) {
  bool fine = status == WEIR_E_USAGE && err->code == WEIR_E_USAGE &&
              strstr(err->message, name) != NULL;
  if (!fine) {
    wt_fail(__FILE__, line, "%d, not told of '%s': %s", (int)status, name, err->message);
  }
  weir_error_release(err);
  return fine;
}
#define NAMED(call, name) WT_CHECK(named((call), &err, (name), __LINE__))

WT_TEST(sessions) {
  weir_session *s = wf_session_open(NULL, 0);
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream rows;
  weir_session_digests digests;
  weir_session_options o = WEIR_SESSION_OPTIONS_INIT;
  weir_session *none = NULL;
  WT_CHECK(s != NULL);
  NAMED(weir_session_new(NULL, NULL, &err), "'out'");
  o.n_storage = 1;
  NAMED(weir_session_new(&o, &none, &err), "'storage'");
  weir_pair half = {"key", NULL};
  o.storage = &half;
  NAMED(weir_session_new(&o, &none, &err), "storage option 1");
  o = (weir_session_options)WEIR_SESSION_OPTIONS_INIT;
  o.n_settings = 1;
  NAMED(weir_session_new(&o, &none, &err), "'settings'");
  o.settings = &half;
  NAMED(weir_session_new(&o, &none, &err), "setting 1");
  NAMED(weir_session_add_delta(NULL, "a", "b", -1, &err), "'session'");
  NAMED(weir_session_add_delta(s, NULL, "b", -1, &err), "'name'");
  NAMED(weir_session_add_delta(s, "a", NULL, -1, &err), "'uri'");
  NAMED(weir_session_add_functions(NULL, "x", &err), "'session'");
  NAMED(weir_session_add_functions(s, NULL, &err), "'sql'");
  NAMED(weir_session_add_plugin(s, NULL, &err), "'path'");
  NAMED(weir_session_add_plugin(NULL, "x", &err), "'session'");
  NAMED(weir_session_remove(NULL, "x", &err), "'session'");
  NAMED(weir_session_remove(s, NULL, &err), "'name'");
  NAMED(weir_session_seal(NULL, &err), "'session'");
  NAMED(weir_session_digest(NULL, &digests, &err), "'session'");
  NAMED(weir_session_digest(s, NULL, &err), "'out'");
  NAMED(weir_session_read(NULL, WEIR_SESSION_PINS, &rows, &err), "'session'");
  WT_CHECK(rows.release == NULL);
  NAMED(weir_session_read(s, WEIR_SESSION_PINS, NULL, &err), "'out'");
  WT_EQ_INT(weir_session_seal(NULL, NULL), WEIR_E_USAGE); /* an error is not needed */
  weir_session_free(NULL);
  weir_session_free(&s);
  weir_session_free(&s);
}

WT_TEST(queries_and_statements) {
  weir_session *s = wf_session(NULL, 0);
  weir_query *q = NULL;
  weir_statement *st = NULL;
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema schema;
  struct ArrowArrayStream rows;
  char *text = NULL, digest[65];
  weir_parameter no_name = {NULL, WEIR_TYPE_INT64, 0, 1, 0, NULL},
                 no_text = {"s", WEIR_TYPE_STRING, 0, 0, 0, NULL};
  weir_prepare_options prepare = WEIR_PREPARE_OPTIONS_INIT;
  weir_execute_options execute = WEIR_EXECUTE_OPTIONS_INIT;
  WT_CHECK(s != NULL);
  NAMED(weir_query_open(NULL, "SELECT 1", NULL, 0, &q, &err), "'session'");
  NAMED(weir_query_open(s, NULL, NULL, 0, &q, &err), "'sql'");
  NAMED(weir_query_open(s, "SELECT 1", NULL, 1, &q, &err), "'parameters'");
  NAMED(weir_query_open(s, "SELECT 1", NULL, 0, NULL, &err), "'out'");
  NAMED(weir_query_open(s, "SELECT 1", &no_name, 1, &q, &err), "parameter 1");
  NAMED(weir_query_open(s, "SELECT $s", &no_text, 1, &q, &err), "$s");
  NAMED(weir_query_stream(NULL, &rows, &err), "'query'");
  WT_CHECK(rows.release == NULL);
  NAMED(weir_query_plan_text(NULL, WEIR_PLAN_LOGICAL, &text, &err), "'query'");
  NAMED(weir_query_plan_digest(NULL, digest, &err), "'query'");
  NAMED(weir_stream_error(NULL, 5, &err), "'stream'");
  NAMED(weir_stream_write_ipc(s, NULL, 1, &err), "'stream'");
  NAMED(weir_statement_prepare(NULL, "SELECT 1", NULL, &st, &err), "'session'");
  NAMED(weir_statement_prepare(s, NULL, NULL, &st, &err), "'sql'");
  NAMED(weir_statement_prepare(s, "SELECT 1", NULL, NULL, &err), "'out'");
  prepare.n_parameters = 1;
  NAMED(weir_statement_prepare(s, "SELECT $x", &prepare, &st, &err), "parameters'");
  NAMED(weir_statement_schema(NULL, &schema, &err), "'statement'");
  NAMED(weir_statement_parameters(NULL, &schema, &err), "'statement'");
  NAMED(weir_statement_query(NULL, NULL, &q, &err), "'statement'");
  WT_OK(weir_statement_prepare(s, "SELECT 1 AS one", NULL, &st, &err));
  NAMED(weir_statement_schema(st, NULL, &err), "'out'");
  NAMED(weir_statement_parameters(st, NULL, &err), "'out'");
  NAMED(weir_statement_query(st, NULL, NULL, &err), "'out'");
  execute.n_parameters = 1;
  NAMED(weir_statement_query(st, &execute, &q, &err), "parameters'");
  weir_statement_free(&st);
  weir_statement_free(&st);
  weir_statement_free(NULL);
  WT_OK(weir_query_open(s, "SELECT 1", NULL, 0, &q, &err));
  NAMED(weir_query_stream(q, NULL, &err), "'out'");
  NAMED(weir_query_plan_text(q, WEIR_PLAN_LOGICAL, NULL, &err), "'out'");
  NAMED(weir_query_plan_digest(q, NULL, &err), "'out'");
  weir_query_cancel(NULL);
  WT_EQ_INT(weir_query_peak_memory(NULL), 0);
  weir_query_free(&q);
  weir_query_free(NULL);
  weir_text_free(NULL);
  weir_session_free(&s);
}

WT_TEST(projects) {
  const char *const texts[] = {"a=1", NULL};
  weir_project_options o = WEIR_PROJECT_OPTIONS_INIT;
  weir_project_read_options read = WEIR_PROJECT_READ_OPTIONS_INIT;
  weir_select select = WEIR_SELECT_INIT;
  weir_project *p = NULL;
  weir_parameter *parameters = NULL;
  struct ArrowArrayStream rows = {0};
  weir_error err = WEIR_ERROR_INIT;
  static const wt_file files[] = {{"weir.yml", "name: p\nwarehouse: ./lake\n"}};
  wt_project folder;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  o.path = folder.root;
  o.n_params = 2;
  NAMED(weir_project_open(&o, &p, &err), "'params'");
  o.params = texts;
  NAMED(weir_project_open(&o, &p, &err), "text 2 of 'params'");
  WT_CHECK(p == NULL);
  o.n_params = 0;
  WT_OK(weir_project_open(&o, &p, &err));
  read.select = &select;
  select.n_select = 2;
  NAMED(weir_project_read(p, WEIR_PROJECT_NODES, &read, &rows, &err), "'select'");
  select.select = texts;
  NAMED(weir_project_read(p, WEIR_PROJECT_NODES, &read, &rows, &err),
        "weir_select: text 2 of 'select'");
  read.select = NULL;
  read.reserved = 1;
  NAMED(weir_project_read(p, WEIR_PROJECT_NODES, &read, &rows, &err), "'reserved'");
  NAMED(weir_parameters_parse(texts, 2, &parameters, &err), "text 2 of 'texts'");
  weir_project_free(&p);
  wt_project_remove(&folder);
}

/* ---- streams ---- */

static int released;

static void count_release(struct ArrowArrayStream *stream) {
  released++;
  memset(stream, 0, sizeof *stream);
}

static int no_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  (void)stream;
  (void)out;
  return 5;
}

static int no_rows(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  (void)stream;
  memset(out, 0, sizeof *out);
  return 0;
}

static const char *no_text(struct ArrowArrayStream *stream) {
  (void)stream;
  return NULL;
}

static struct ArrowArrayStream counted(void) {
  return (struct ArrowArrayStream){no_schema, no_rows, no_text, count_release, NULL};
}

WT_TEST(streams_are_taken_by_calls_that_refuse) {
  weir_session *s = wf_session_open(NULL, 0);
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream stream;
  weir_write_result result;
  int want = 0;
  WT_CHECK(s != NULL);
  released = 0;
#define TAKEN(call, name)             \
  do {                                \
    stream = counted();               \
    NAMED(call, name);                \
    WT_EQ_INT(released, ++want);      \
    WT_CHECK(stream.release == NULL); \
  } while (0)
  TAKEN(weir_session_add_memory(NULL, "t", &stream, &err), "'session'");
  TAKEN(weir_session_add_memory(s, NULL, &stream, &err), "'name'");
  TAKEN(weir_session_add_stream(s, NULL, &stream, &err), "'name'");
  TAKEN(weir_table_create(NULL, "/tmp/x", &stream, NULL, &result, &err), "'session'");
  TAKEN(weir_table_append(s, NULL, &stream, NULL, &result, &err), "'uri'");
  TAKEN(weir_table_append(s, "/tmp/x", &stream, NULL, NULL, &err), "'out'");
  TAKEN(weir_table_replace(s, "/tmp/x", NULL, 2, &stream, NULL, &result, &err),
        "'partitions'");
  TAKEN(weir_stream_write_ipc(NULL, &stream, 1, &err), "'session'");
#undef TAKEN
  NAMED(weir_session_add_memory(s, "t", NULL, &err), "'stream'");
  NAMED(weir_table_create(s, "/tmp/x", NULL, NULL, &result, &err), "'stream'");
  stream = counted();
  stream.release = NULL; /* released before */
  NAMED(weir_session_add_stream(s, "t", &stream, &err), "released");
  NAMED(weir_table_create(s, "/tmp/x", &stream, NULL, &result, &err), "released");
  static const char *const lacks[] = {"get_schema", "get_next", "get_last_error"};
  for (size_t i = 0; i < 3; i++) {
    for (int kind = 0; kind < 3; kind++) {
      stream = counted();
      stream.get_schema = i == 0 ? NULL : stream.get_schema;
      stream.get_next = i == 1 ? NULL : stream.get_next;
      stream.get_last_error = i == 2 ? NULL : stream.get_last_error;
      want = released + 1;
      NAMED(kind == 0   ? weir_session_add_memory(s, "t", &stream, &err)
            : kind == 1 ? weir_stream_write_ipc(s, &stream, 1, &err)
                        : weir_table_append(s, "/tmp/x", &stream, NULL, &result, &err),
            lacks[i]);
      WT_EQ_INT(released, want);
    }
  }
  weir_session_free(&s);
}

WT_TEST(tables) {
  weir_session *s = wf_session(NULL, 0);
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream stream;
  weir_write_result result;
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  const char *const names[] = {"n", NULL};
  const weir_partition partition = {NULL};
  weir_pair half = {"team.key", NULL};
  int64_t version = 0;
  WT_CHECK(s != NULL);
  NAMED(weir_table_version(NULL, "/tmp/x", &version, &err), "'session'");
  NAMED(weir_table_version(s, NULL, &version, &err), "'uri'");
  NAMED(weir_table_version(s, "/tmp/x", NULL, &err), "'out'");
  weir_write_result_release(NULL);
  stream = counted();
  o.partition_by = names;
  o.n_partition_by = 2;
  NAMED(weir_table_create(s, "/tmp/x", &stream, &o, &result, &err), "'partition_by'");
  o = (weir_write_options)WEIR_WRITE_OPTIONS_INIT;
  o.n_not_null = 1;
  stream = counted();
  NAMED(weir_table_create(s, "/tmp/x", &stream, &o, &result, &err), "'not_null'");
  o = (weir_write_options)WEIR_WRITE_OPTIONS_INIT;
  o.n_metadata = 1;
  stream = counted();
  NAMED(weir_table_create(s, "/tmp/x", &stream, &o, &result, &err), "'metadata'");
  o.metadata = &half;
  stream = counted();
  NAMED(weir_table_create(s, "/tmp/x", &stream, &o, &result, &err), "metadata 1");
  stream = counted();
  NAMED(weir_table_replace(s, "/tmp/x", &partition, 1, &stream, NULL, &result, &err),
        "partition 1");
  weir_session_free(&s);
}

/* ---- names that Arrow lets be NULL ---- */

/* A stream of no rows over {n: int64, s: struct<a: int64>, l: list<int64>}, of which one name is
 * NULL: 0 the first column's, 1 the field's of the struct, 2 the list's item, 3 the top's. */
static bool nameless(int which, struct ArrowArrayStream *out) {
  struct ArrowSchema schema;
  ArrowSchemaInit(&schema);
  if (ArrowSchemaSetTypeStruct(&schema, 3) != NANOARROW_OK ||
      ArrowSchemaSetType(schema.children[0], NANOARROW_TYPE_INT64) != NANOARROW_OK ||
      ArrowSchemaSetName(schema.children[0], which == 0 ? NULL : "n") != NANOARROW_OK ||
      ArrowSchemaSetTypeStruct(schema.children[1], 1) != NANOARROW_OK ||
      ArrowSchemaSetName(schema.children[1], "s") != NANOARROW_OK ||
      ArrowSchemaSetType(schema.children[1]->children[0], NANOARROW_TYPE_INT64) !=
          NANOARROW_OK ||
      ArrowSchemaSetName(schema.children[1]->children[0], which == 1 ? NULL : "a") !=
          NANOARROW_OK ||
      ArrowSchemaSetType(schema.children[2], NANOARROW_TYPE_LIST) != NANOARROW_OK ||
      ArrowSchemaSetName(schema.children[2], "l") != NANOARROW_OK ||
      ArrowSchemaSetType(schema.children[2]->children[0], NANOARROW_TYPE_INT64) !=
          NANOARROW_OK ||
      ArrowSchemaSetName(schema.children[2]->children[0], which == 2 ? NULL : "item") !=
          NANOARROW_OK ||
      ArrowSchemaSetName(&schema, which == 3 ? NULL : "") != NANOARROW_OK) {
    return false;
  }
  return ArrowBasicArrayStreamInit(out, &schema, 0) == NANOARROW_OK;
}

WT_TEST(columns_without_names_are_refused_where_names_are_needed) {
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  for (int which = 0; which < 4; which++) {
    static const weir_status want[] = {WEIR_E_OUTPUT_NAME, WEIR_E_OUTPUT_NAME, WEIR_OK,
                                       WEIR_OK};
    weir_error err = WEIR_ERROR_INIT;
    struct ArrowArrayStream rows;
    weir_write_result result;
    char folder[64], uri[96];
    snprintf(folder, sizeof folder, "/tmp/weir-names-XXXXXX");
    WT_CHECK(mkdtemp(folder) != NULL);
    snprintf(uri, sizeof uri, "%s/t", folder);
    WT_CHECK(nameless(which, &rows));
    weir_status status = weir_table_create(s, uri, &rows, NULL, &result, &err);
    if (status != want[which]) {
      wt_fail(__FILE__, __LINE__, "create %d gave %d: %s", which, (int)status,
              err.message);
    }
    weir_error_release(&err);
    weir_write_result_release(&result);
    WT_CHECK(rows.release == NULL && wf_remove(folder));
  }
  weir_session_free(&s);
}

WT_TEST(a_column_without_a_name_fits_no_table) {
  static const char *const cells[] = {"1"};
  weir_session *s = wf_session(NULL, 0);
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream rows;
  weir_write_result result;
  char folder[64], uri[96];
  snprintf(folder, sizeof folder, "/tmp/weir-names-XXXXXX");
  WT_CHECK(s != NULL && mkdtemp(folder) != NULL);
  snprintf(uri, sizeof uri, "%s/t", folder);
  WT_CHECK(wf_table(uri, "n:l", cells, 1, NULL));
  WT_CHECK(nameless(0, &rows));
  WT_EQ_INT(weir_table_append(s, uri, &rows, NULL, &result, &err), WEIR_E_SCHEMA_CHANGED);
  weir_error_release(&err);
  weir_session_free(&s);
  WT_CHECK(wf_remove(folder));
}

WT_TEST(tables_in_memory_may_have_nameless_columns) {
  for (int which = 0; which < 4; which++) {
    weir_session *s = wf_session_open(NULL, 0);
    weir_error err = WEIR_ERROR_INIT;
    struct ArrowArrayStream rows;
    WT_CHECK(s != NULL && nameless(which, &rows));
    WT_OK(weir_session_add_memory(s, "t", &rows, &err));
    WT_OK(weir_session_seal(s, &err));
    WT_CHECK(wf_expect(s, "SELECT count(*), count(l) FROM t", "0|0;"));
    weir_session_free(&s);
  }
}
