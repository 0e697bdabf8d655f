/* Commits that lose a race: what came first is put into the log by hand between the reading of
 * the base and the commit. */
#include "common/hooks.h"
#include "unit/table/rows.h"

#define APP "weir:shop:daily"

typedef struct bench {
  wt_project at;
  wi_session *session;
  wi_store *store;
  wi_pin base;
  wi_snap *snap;
} bench;

static bool open_base(bench *b, weir_error *err) {
  wi_pin_release(&b->base);
  wi_snap_unref(&b->snap);
  return wi_base_open(b->session, b->store, &b->base, &b->snap, err) == WEIR_OK;
}

/* A session and an empty place. */
static bool bench_empty(bench *b) {
  memset(b, 0, sizeof *b);
  if (!wt_project_make(&b->at, NULL, 0)) {
    return false;
  }
  b->session = kit_session(NULL, 0);
  b->store = rows_store(b->session, &b->at, "t");
  b->base.version = -1;
  return true;
}

/* And a table of two rows in it, owned, with version 4 of the application. */
static bool bench_table(bench *b, weir_error *err) {
  static const char *const cells[] = {"1", "a", "2", "b"};
  static const char *const properties[] = {WI_OWNER_KEY, "shop.daily"};
  wi_write_request w = {0};
  wi_write_report report;
  if (!bench_empty(b)) {
    return false;
  }
  struct ArrowArrayStream stream = rows_stream("id l, name u", cells, 2);
  w.session = b->session;
  w.uri = wi_store_uri(b->store);
  w.mode = WI_WRITE_CREATE;
  w.table.properties = properties;
  w.table.n_properties = 1;
  w.owner = "shop.daily";
  w.app = (wi_app){.id = APP, .version = 4};
  bool fine = wi_write_stream(&w, &stream, &report, err) == WEIR_OK && open_base(b, err);
  if (!fine || report.rows != 2 || b->base.version != 0) {
    wt_fail(__FILE__, __LINE__, "cannot make the table: %s", err->message);
  }
  return fine;
}

static void bench_free(bench *b) {
  wi_snap_unref(&b->snap);
  wi_pin_release(&b->base);
  wi_store_unref(&b->store);
  wi_session_free(&b->session);
  wt_project_remove(&b->at);
}

static void put(bench *b, int64_t version, const char *text) {
  char path[64];
  wi_log_commit_path(version, path);
  kit_must(wi_store_put_new(b->store, path, text, strlen(text), NULL) == WEIR_OK, path);
}

/* The metaData of the base, changed: a new column, or another owner. */
static void put_metadata(bench *b, int64_t version, const char *column,
                         const char *owner) {
  wi_buf text = WI_BUF_INIT, schema = WI_BUF_INIT;
  wi_buf_str(&schema, "{\"type\":\"struct\",\"fields\":[");
  wi_buf_fmt(&schema,
             "{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},"
             "{\"name\":\"%s\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}",
             column);
  wi_buf_str(&text, "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"SET\"}}\n");
  wi_buf_fmt(&text,
             "{\"metaData\":{\"id\":\"%s\",\"format\":{\"provider\":\"parquet\","
             "\"options\":{}},\"schemaString\":",
             b->base.table_id);
  wi_buf_json_text(&text, schema.p, schema.n);
  wi_buf_fmt(&text,
             ",\"partitionColumns\":[],\"configuration\":{\"weir.owner\":\"%s\"}}}\n",
             owner);
  put(b, version, wi_buf_text(&text));
  wi_buf_release(&text);
  wi_buf_release(&schema);
}

static const char blind_append[] =
    "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"WRITE\",\"isBlindAppend\":true}}\n"
    "{\"add\":{\"path\":\"other.parquet\",\"partitionValues\":{},\"size\":10,"
    "\"modificationTime\":1,\"dataChange\":true}}\n";
static const char optimize[] =
    "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"OPTIMIZE\"}}\n"
    "{\"add\":{\"path\":\"packed.parquet\",\"partitionValues\":{},\"size\":10,"
    "\"modificationTime\":1,\"dataChange\":false}}\n";

static const char *app_commit(const char *key, int version) {
  static char text[512];
  snprintf(text, sizeof text,
           "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"WRITE\",\"weir.result_key\":"
           "\"%s\"}}\n{\"txn\":{\"appId\":\"" APP "\",\"version\":%d}}\n",
           key, version);
  return text;
}

static wi_commit_request request(const bench *b, wi_write_mode mode) {
  wi_commit_request r = {0};
  r.session = b->session;
  r.store = b->store;
  r.mode = mode;
  r.base = b->base.version >= 0 ? &b->base : NULL;
  r.base_snap = b->snap;
  r.owner = r.base != NULL ? "shop.daily" : NULL;
  r.app = (wi_app){.id = APP, .version = -1, .key = "mine"};
  r.operation = "WRITE";
  r.max_retries = 3;
  return r;
}

static bool in_log(bench *b, int64_t version) {
  wi_log log = {0};
  bool has =
      wi_log_list(b->store, &log, NULL) == WEIR_OK && wi_log_has_commit(&log, version);
  wi_log_release(&log);
  return has;
}

/* ---- who comes first ---- */

WT_TEST(nobody_in_between_and_the_commit_is_the_next) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.end, WI_END_COMMITTED);
  WT_EQ_INT(out.version, 1);
  WT_EQ_INT(out.retries, 0);
  WT_EQ_INT(out.app_version, 5);
  WT_EQ_INT(out.removed_files, 1);
  WT_CHECK(out.timestamp_us > 0);
  bench_free(&b);
}

WT_TEST(an_overwrite_takes_away_what_was_appended_meanwhile) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, blind_append);
  put(&b, 2, blind_append);
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.end, WI_END_COMMITTED);
  WT_EQ_INT(out.version, 3);
  WT_CHECK(out.retries >= 1);
  WT_EQ_INT(out.removed_files, 2); /* its own and the appended one */
  bench_free(&b);
}

WT_TEST(an_append_keeps_what_came_first) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, blind_append);
  wi_commit_request r = request(&b, WI_WRITE_APPEND);
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.end, WI_END_COMMITTED);
  WT_EQ_INT(out.version, 2);
  WT_EQ_INT(out.removed_files, 0);
  bench_free(&b);
}

WT_TEST(the_same_result_of_the_application_is_the_same) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, app_commit("mine", 5));
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.end, WI_END_SAME);
  WT_EQ_INT(out.version, 1);
  WT_CHECK(!in_log(&b, 2));
  bench_free(&b);
}

WT_TEST(another_result_of_the_application_supersedes) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, app_commit("theirs", 5));
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.end, WI_END_SUPERSEDED);
  WT_CHECK(!in_log(&b, 2));
  bench_free(&b);
}

WT_TEST(an_idempotent_write_without_a_key_is_unchanged) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  wi_commit_request r = request(&b, WI_WRITE_APPEND);
  r.app.key = NULL;
  r.app.version = 4; /* in the base already */
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.end, WI_END_UNCHANGED);
  WT_EQ_INT(out.version, 0);
  WT_EQ_INT(out.app_version, 4);
  put(&b, 1, app_commit("x", 9)); /* and one that comes in between */
  r.app.version = 6;
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.end, WI_END_UNCHANGED);
  WT_CHECK(!in_log(&b, 2));
  bench_free(&b);
}

WT_TEST(an_older_version_of_the_application_does_not_stop) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, app_commit("mine", 3));
  wi_commit_request r = request(&b, WI_WRITE_APPEND);
  r.app.version = 5;
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.end, WI_END_COMMITTED);
  WT_EQ_INT(out.version, 2);
  bench_free(&b);
}

/* ---- who comes between the reading of the log and the next put ---- */

typedef struct late {
  bench *b;
  int64_t version;
  const char *text;
} late;

static void put_late(void *ctx) {
  const late *l = ctx;
  put(l->b, l->version, l->text);
}

/* Commits `text` as version 2 as soon as the lost race for version 1 has been looked at. */
static weir_status commit_with_late(bench *b, const wi_commit_request *r,
                                    const char *text, wi_commit_outcome *out,
                                    weir_error *err) {
  wh_hooks h = {0};
  late l = {b, 2, text};
  wh_run(&h, WI_STORE_LIST, "_delta_log", 1, WH_AFTER, put_late, &l);
  wh_on_store(&h, b->store);
  weir_status status = wi_table_commit(r, out, err);
  wh_off(&h);
  if (h.fired != 1) {
    wt_fail(__FILE__, __LINE__, "nobody came in between");
  }
  return status;
}

/* Two tries of one batch: the other one commits after this one looked at the log. */
WT_TEST(a_batch_that_lands_after_the_look_is_found) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, blind_append);
  wi_commit_request r = request(&b, WI_WRITE_APPEND);
  r.app.key = NULL;
  r.app.version = 7;
  WT_OK(commit_with_late(&b, &r, app_commit("x", 7), &out, &err));
  WT_EQ_INT(out.end, WI_END_UNCHANGED);
  WT_EQ_INT(out.version, 2);
  WT_CHECK(!in_log(&b, 3));
  bench_free(&b);
}

WT_TEST(a_newer_result_that_lands_after_the_look_stays) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, blind_append);
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  WT_OK(commit_with_late(&b, &r, app_commit("theirs", 5), &out, &err));
  WT_EQ_INT(out.end, WI_END_SUPERSEDED);
  WT_CHECK(!in_log(&b, 3));
  bench_free(&b);
}

WT_TEST(an_adjustment_stops_at_rows_that_land_after_the_look) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, optimize);
  wi_commit_request r = request(&b, WI_WRITE_ADJUST);
  WT_EQ_INT(commit_with_late(&b, &r, blind_append, &out, &err), WEIR_E_CONFLICT);
  WT_CHECK(!in_log(&b, 3));
  weir_error_release(&err);
  bench_free(&b);
}

/* Others' rows lie on top of the result: it is the version of the result that is told. */
WT_TEST(the_same_result_is_told_with_its_own_version) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, app_commit("mine", 5));
  put(&b, 2, blind_append);
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.end, WI_END_SAME);
  WT_EQ_INT(out.version, 1);
  WT_EQ_INT(out.timestamp_us, 1000);
  WT_EQ_INT(out.app_version, 5);
  bench_free(&b);
}

/* Others' rows that an overwrite takes away are told, with who wrote them; what was there when it
 * began, and moves without a change, are not. */
WT_TEST(an_overwrite_names_the_foreign_rows_that_go) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, optimize);
  put(&b, 2,
      "{\"commitInfo\":{\"engineInfo\":\"spark 4\"}}\n{\"add\":{\"path\":\"s\","
      "\"partitionValues\":{},\"size\":1,\"modificationTime\":1,\"dataChange\":true}}\n");
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.end, WI_END_COMMITTED);
  WT_EQ_INT(out.gone.n, 1);
  WT_EQ_INT(out.gone.items[0].version, 2);
  WT_EQ_STR(out.gone.items[0].writer, "spark 4");
  bench_free(&b);
}

/* What was not committed is not told as written. */
WT_TEST(a_batch_that_was_there_tells_no_rows) {
  static const char *const cells[] = {"3", "c"};
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {0};
  bench b;
  wi_write_request w = {0};
  wi_write_report report;
  WT_CHECK(bench_table(&b, &err));
  struct ArrowArrayStream stream = rows_stream("id l, name u", cells, 1);
  late l = {&b, 1, app_commit("x", 7)};
  w.session = b.session;
  w.uri = wi_store_uri(b.store);
  w.mode = WI_WRITE_APPEND;
  w.owner = "shop.daily";
  w.app = (wi_app){.id = APP, .version = 7};
  wh_run(&h, WI_STORE_PUT_NEW, "_delta_log", 1, WH_BEFORE, put_late, &l);
  wh_on_new(&h);
  WT_OK(wi_write_stream(&w, &stream, &report, &err));
  wh_off(&h);
  WT_EQ_INT(h.fired, 1);
  WT_EQ_INT(report.commit.end, WI_END_UNCHANGED);
  WT_EQ_INT(report.commit.version, 1);
  WT_EQ_INT(report.rows, 0);
  WT_EQ_INT(report.files, 0);
  WT_EQ_INT(report.bytes, 0);
  WT_EQ_INT(data_files(b.store), 1); /* of the table; what was staged went */
  bench_free(&b);
}

WT_TEST(a_table_of_somebody_is_not_written_without_its_owner) {
  static const char *const cells[] = {"3", "c"};
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_write_request w = {0};
  wi_write_report report;
  WT_CHECK(bench_table(&b, &err));
  struct ArrowArrayStream stream = rows_stream("id l, name u", cells, 1);
  w.session = b.session;
  w.uri = wi_store_uri(b.store);
  w.mode = WI_WRITE_APPEND;
  WT_EQ_INT(wi_write_stream(&w, &stream, &report, &err), WEIR_E_NOT_OURS);
  WT_CHECK(strstr(err.message, "shop.daily") != NULL);
  weir_error_release(&err);
  bench_free(&b);
}

/* ---- the table is another one now ---- */

WT_TEST(another_schema_is_a_conflict) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put_metadata(&b, 1, "renamed", "shop.daily");
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  r.owner = "shop.daily";
  WT_EQ_INT(wi_table_commit(&r, &out, &err), WEIR_E_CONFLICT);
  WT_CHECK(err.hint[0] != '\0' && !in_log(&b, 2));
  weir_error_release(&err);
  bench_free(&b);
}

WT_TEST(the_same_schema_written_again_is_none) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put_metadata(&b, 1, "name", "shop.daily");
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  r.owner = "shop.daily";
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.version, 2);
  bench_free(&b);
}

WT_TEST(another_owner_stops_the_write) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put_metadata(&b, 1, "name", "mart.daily");
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  r.owner = "shop.daily";
  WT_EQ_INT(wi_table_commit(&r, &out, &err), WEIR_E_NOT_OURS);
  WT_CHECK(strstr(err.message, "mart.daily") != NULL && !in_log(&b, 2));
  weir_error_release(&err);
  bench_free(&b);
}

WT_TEST(a_protocol_that_weir_cannot_write_stops_the_write) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1,
      "{\"commitInfo\":{\"timestamp\":1}}\n{\"protocol\":{\"minReaderVersion\":1,"
      "\"minWriterVersion\":7,\"writerFeatures\":[\"rowTracking\",\"domainMetadata\"]}}"
      "\n");
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  WT_EQ_INT(wi_table_commit(&r, &out, &err), WEIR_E_FOREIGN_FEATURE);
  WT_CHECK(!in_log(&b, 2));
  weir_error_release(&err);
  bench_free(&b);
}

/* An adjustment says that the rows stay and were checked; rows that came in between were not. */
WT_TEST(an_adjustment_stops_at_rows_of_others) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, blind_append);
  wi_commit_request r = request(&b, WI_WRITE_ADJUST);
  WT_EQ_INT(wi_table_commit(&r, &out, &err), WEIR_E_CONFLICT);
  WT_CHECK(!in_log(&b, 2));
  weir_error_release(&err);
  bench_free(&b);
}

WT_TEST(an_adjustment_follows_maintenance) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, optimize);
  wi_commit_request r = request(&b, WI_WRITE_ADJUST);
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.version, 2);
  WT_EQ_INT(out.removed_files, 0);
  bench_free(&b);
}

WT_TEST(retries_end) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_table(&b, &err));
  put(&b, 1, blind_append);
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  r.max_retries = 0;
  WT_EQ_INT(wi_table_commit(&r, &out, &err), WEIR_E_CONFLICT);
  WT_CHECK(!in_log(&b, 2));
  weir_error_release(&err);
  bench_free(&b);
}

/* ---- the first commit ---- */

static const char schema_json[] =
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":"
    "true,"
    "\"metadata\":{}}]}";
static wi_meta_edit fresh(struct ArrowSchema *schema) {
  *schema = kit_schema("id l");
  return (wi_meta_edit){.id = "0190a5e0-0000-7000-8000-000000000000",
                        .created_ms = 1,
                        .how = WI_META_COLUMNS_REPLACE,
                        .columns = schema};
}

static void put_first(bench *b, const char *key) {
  wi_buf text = WI_BUF_INIT;
  wi_buf_fmt(
      &text,
      "{\"commitInfo\":{\"timestamp\":1,\"weir.result_key\":\"%s\"}}\n"
      "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
      "{\"metaData\":{\"id\":\"t\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"
      "\"schemaString\":",
      key != NULL ? key : "");
  wi_buf_json_text(&text, schema_json, strlen(schema_json));
  wi_buf_str(&text, ",\"partitionColumns\":[],\"configuration\":{}}}\n");
  if (key != NULL) {
    wi_buf_str(&text, "{\"txn\":{\"appId\":\"" APP "\",\"version\":0}}\n");
  }
  put(b, 0, wi_buf_text(&text));
  wi_buf_release(&text);
}

WT_TEST(a_new_table_begins_at_version_zero) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_empty(&b));
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  struct ArrowSchema schema;
  const wi_meta_edit edit = fresh(&schema);
  r.edit = &edit;
  WT_OK(wi_table_commit(&r, &out, &err));
  WT_EQ_INT(out.end, WI_END_COMMITTED);
  WT_EQ_INT(out.version, 0);
  WT_EQ_INT(out.app_version, 0);
  WT_CHECK(open_base(&b, &err));
  WT_EQ_STR(b.base.table_id, "0190a5e0-0000-7000-8000-000000000000");
  schema.release(&schema);
  bench_free(&b);
}

WT_TEST(two_first_runs_of_one_result_are_the_same) {
  weir_error err = WEIR_ERROR_INIT;
  static const char *const keys[] = {"mine", "theirs"};
  static const int ends[] = {WI_END_SAME, WI_END_SUPERSEDED};
  for (size_t i = 0; i < 2; i++) {
    bench b;
    wi_commit_outcome out;
    WT_CHECK(bench_empty(&b));
    put_first(&b, keys[i]);
    wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
    struct ArrowSchema schema;
    const wi_meta_edit edit = fresh(&schema);
    r.edit = &edit;
    WT_OK(wi_table_commit(&r, &out, &err));
    WT_EQ_INT(out.end, ends[i]);
    WT_EQ_INT(out.version, 0);
    schema.release(&schema);
    bench_free(&b);
  }
}

WT_TEST(a_table_of_somebody_else_in_its_place_is_not_taken) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_empty(&b));
  put_first(&b, NULL);
  wi_commit_request r = request(&b, WI_WRITE_OVERWRITE);
  struct ArrowSchema schema;
  const wi_meta_edit edit = fresh(&schema);
  r.edit = &edit;
  r.owner = "shop.daily";
  WT_EQ_INT(wi_table_commit(&r, &out, &err), WEIR_E_NOT_OURS);
  weir_error_release(&err);
  r.owner = NULL;
  WT_EQ_INT(wi_table_commit(&r, &out, &err), WEIR_E_CONFLICT);
  weir_error_release(&err);
  r.mode = WI_WRITE_CREATE;
  WT_EQ_INT(wi_table_commit(&r, &out, &err), WEIR_E_TABLE_EXISTS);
  weir_error_release(&err);
  WT_CHECK(!in_log(&b, 1));
  schema.release(&schema);
  bench_free(&b);
}

/* Made anew while the write was prepared, with as many versions as the one that was read. */
WT_TEST(a_table_made_anew_takes_no_rows_of_the_old_one) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  char path[64];
  const char *paths[] = {path};
  wi_buf first = WI_BUF_INIT;
  WT_CHECK(bench_table(&b, &err));
  wi_log_commit_path(0, path);
  WT_OK(wi_store_read(b.store, path, &first, &err));
  WT_OK(wi_store_remove(b.store, paths, 1, &err));
  wi_buf_str(&first, blind_append);
  put(&b, 0, wi_buf_text(&first));
  wi_commit_request r = request(&b, WI_WRITE_APPEND);
  WT_EQ_INT(wi_table_commit(&r, &out, &err), WEIR_E_CONFLICT);
  WT_CHECK(strstr(err.message, "put another one there") != NULL);
  WT_CHECK(!in_log(&b, 1));
  weir_error_release(&err);
  wi_buf_release(&first);
  bench_free(&b);
}

/* ---- nothing staged is left behind ---- */

static weir_status write_rows(bench *b, struct ArrowArrayStream *stream,
                              wi_write_mode mode, bool create, weir_error *err) {
  static const char *const not_null[] = {"id"};
  wi_write_request w = {0};
  wi_write_report report;
  w.session = b->session;
  w.uri = wi_store_uri(b->store);
  w.mode = mode;
  w.create = create;
  w.owner = b->base.version >= 0 ? "shop.daily" : NULL;
  w.table.not_null = not_null;
  w.table.n_not_null = b->base.version < 0;
  w.app.version = -1;
  return wi_write_stream(&w, stream, &report, err);
}

WT_TEST(a_refused_write_leaves_no_file) {
  static const char *const cells[] = {"1", "a", NULL, "b"};
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  WT_CHECK(bench_empty(&b));
  struct ArrowArrayStream stream = rows_stream("id l, name u", cells, 2);
  WT_EQ_INT(write_rows(&b, &stream, WI_WRITE_CREATE, true, &err), WEIR_E_CONSTRAINT);
  WT_CHECK(strstr(err.message, "'id': 1") != NULL);
  weir_error_release(&err);
  WT_CHECK(stream.release == NULL);
  WT_EQ_INT(data_files(b.store), 0);
  WT_CHECK(!in_log(&b, 0));
  bench_free(&b);
}

WT_TEST(a_stream_that_fails_leaves_no_file) {
  static const char *const cells[] = {"1", "a"};
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  WT_CHECK(bench_empty(&b));
  struct ArrowArrayStream stream = rows_stream("id l, name u", cells, 1);
  stream.get_next = rows_fail;
  WT_CHECK(write_rows(&b, &stream, WI_WRITE_CREATE, true, &err) != WEIR_OK);
  weir_error_release(&err);
  WT_CHECK(stream.release == NULL);
  WT_EQ_INT(data_files(b.store), 0);
  WT_CHECK(!in_log(&b, 0));
  bench_free(&b);
}

WT_TEST(a_write_that_does_not_fit_leaves_the_table_as_it_was) {
  static const char *const cells[] = {"1", "a", "x"};
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  WT_CHECK(bench_table(&b, &err));
  size_t before = data_files(b.store);
  struct ArrowArrayStream stream = rows_stream("id l, name u, more u", cells, 1);
  WT_EQ_INT(write_rows(&b, &stream, WI_WRITE_APPEND, false, &err), WEIR_E_SCHEMA_CHANGED);
  weir_error_release(&err);
  WT_EQ_INT(data_files(b.store), before);
  stream = rows_stream("id l, name u", cells, 1);
  WT_EQ_INT(write_rows(&b, &stream, WI_WRITE_CREATE, false, &err), WEIR_E_TABLE_EXISTS);
  weir_error_release(&err);
  WT_EQ_INT(data_files(b.store), before);
  WT_CHECK(!in_log(&b, 1));
  stream = rows_stream("id l, name u", cells, 1);
  WT_OK(write_rows(&b, &stream, WI_WRITE_APPEND, false, &err));
  WT_EQ_INT(data_files(b.store), before + 1);
  bench_free(&b);
}

/* A plan that fails after some rows: the error of its expression, and no file. */
WT_TEST(a_failing_plan_leaves_no_file) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wb_plan *logical = NULL, *plan = NULL;
  wi_stage_request r = {0};
  wi_staged staged = {0};
  WT_CHECK(bench_empty(&b));
  WT_OK(wi_query_plan(b.session,
                      "SELECT 10 / (value - 99999) AS x FROM generate_series(1, 100000)",
                      NULL, 0, &logical, &plan, &err));
  r.session = b.session;
  r.plan = plan;
  r.bind = b.session->bind;
  r.store = b.store;
  r.prefix = "part/";

  r.memory = (uint64_t)256 << 20;
  r.partitions = 1;
  WT_EQ_INT(wi_stage(&r, &staged, NULL, NULL, &err), WEIR_E_EXECUTION);
  WT_CHECK(staged.n == 0 && staged.files == NULL);
  WT_EQ_INT(data_files(b.store), 0);
  weir_error_release(&err);
  wi_br_plan_free(kit_engine(), &logical);
  wi_br_plan_free(kit_engine(), &plan);
  bench_free(&b);
}
