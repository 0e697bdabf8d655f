/* Writes that bring metaData and lose a race to others who changed it: theirs is not taken back. */
#include "unit/table/rows.h"

#define ID   "{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}"
#define NAME "{\"name\":\"name\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}"
#define NOTED                                                               \
  "{\"name\":\"name\",\"type\":\"string\",\"nullable\":true,\"metadata\":{" \
  "\"comment\":\"theirs\"}}"
#define COLUMN(name, type) \
  "{\"name\":\"" name "\",\"type\":\"" type "\",\"nullable\":true,\"metadata\":{}}"

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

static bool bench_new(bench *b, weir_error *err) {
  static const char *const cells[] = {"1", "a", "2", "b"};
  wi_write_request w = {0};
  wi_write_report report;
  memset(b, 0, sizeof *b);
  if (!wt_project_make(&b->at, NULL, 0)) {
    return false;
  }
  b->session = kit_session(NULL, 0);
  b->store = rows_store(b->session, &b->at, "t");
  struct ArrowArrayStream stream = rows_stream("id l, name u", cells, 2);
  w.session = b->session;
  w.uri = wi_store_uri(b->store);
  w.mode = WI_WRITE_CREATE;
  w.app.version = -1;
  return wi_write_stream(&w, &stream, &report, err) == WEIR_OK && open_base(b, err);
}

static void bench_free(bench *b) {
  wi_snap_unref(&b->snap);
  wi_pin_release(&b->base);
  wi_store_unref(&b->store);
  wi_session_free(&b->session);
  wt_project_remove(&b->at);
}

/* Another writer's metaData, and its protocol if there is one. */
static void put_theirs(bench *b, const char *fields, const char *more,
                       const char *protocol) {
  char path[64];
  wi_buf text = WI_BUF_INIT, schema = WI_BUF_INIT;
  wi_buf_fmt(&schema, "{\"type\":\"struct\",\"fields\":[%s]}", fields);
  wi_buf_fmt(&text, "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"ALTER\"}}\n%s%s",
             protocol == NULL ? "" : protocol, protocol == NULL ? "" : "\n");
  wi_buf_fmt(&text, "{\"metaData\":{\"id\":\"%s\",\"schemaString\":", b->base.table_id);
  wi_buf_json_text(&text, schema.p, schema.n);
  wi_buf_fmt(&text, ",\"format\":{\"provider\":\"parquet\",\"options\":{}}%s}}\n", more);
  wi_log_commit_path(1, path);
  kit_must(wi_store_put_new(b->store, path, text.p, text.n, NULL) == WEIR_OK, path);
  wi_buf_release(&text);
  wi_buf_release(&schema);
}

static const char plain[] = ",\"partitionColumns\":[],\"configuration\":{\"team\":\"t\"}";

static weir_status write_edit(bench *b, wi_write_mode mode, const wi_meta_edit *edit,
                              wi_commit_outcome *out, weir_error *err) {
  const wi_commit_request r = {.session = b->session,
                               .store = b->store,
                               .mode = mode,
                               .base = &b->base,
                               .base_snap = b->snap,
                               .edit = edit,
                               .app = {.version = -1},
                               .operation = "WRITE",
                               .max_retries = 3};
  return wi_table_commit(&r, out, err);
}

static const wi_br_pair mine[] = {{"our.tag", "o"}};

/* Two writers that widen at once: the second one's metaData dropped the first one's column. */
WT_TEST(two_that_widen_at_once_both_have_their_column) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_new(&b, &err));
  put_theirs(&b, ID "," NOTED "," COLUMN("theirs", "date"), plain, NULL);
  struct ArrowSchema columns = kit_schema("id l, name u, ours l");
  wi_meta_edit edit = {.how = WI_META_COLUMNS_ADD, .columns = &columns};
  WT_OK(write_edit(&b, WI_WRITE_APPEND, &edit, &out, &err));
  WT_EQ_INT(out.version, 2);
  WT_CHECK(open_base(&b, &err));
  WT_EQ_STR(wi_meta_schema(b.base.meta),
            "{\"type\":\"struct\",\"fields\":[" ID "," NOTED
            "," COLUMN("theirs", "date") "," COLUMN("ours", "long") "]}");
  WT_EQ_STR(wi_meta_property(b.base.meta, "team"), "t");
  columns.release(&columns);
  bench_free(&b);
}

WT_TEST(one_column_of_two_types_stops) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_new(&b, &err));
  put_theirs(&b, ID "," NAME "," COLUMN("ours", "date"), plain, NULL);
  struct ArrowSchema columns = kit_schema("id l, name u, ours l");
  wi_meta_edit edit = {.how = WI_META_COLUMNS_ADD, .columns = &columns};
  WT_EQ_INT(write_edit(&b, WI_WRITE_APPEND, &edit, &out, &err), WEIR_E_SCHEMA_CHANGED);
  weir_error_release(&err);
  columns.release(&columns);
  bench_free(&b);
}

/* An ALTER TABLE that lands while a view is built: its comment and property stay. */
WT_TEST(an_alteration_meanwhile_is_not_taken_back) {
  static const wi_write_mode modes[] = {WI_WRITE_OVERWRITE, WI_WRITE_ADJUST};
  for (size_t i = 0; i < 2; i++) {
    weir_error err = WEIR_ERROR_INIT;
    bench b;
    wi_commit_outcome out;
    WT_CHECK(bench_new(&b, &err));
    put_theirs(&b, ID "," NOTED, plain, NULL);
    struct ArrowSchema columns = kit_schema("id l, name u");
    wi_meta_edit edit = {.how = WI_META_COLUMNS_REPLACE,
                         .columns = &columns,
                         .set = mine,
                         .n_set = 1,
                         .managed = true};
    WT_OK(write_edit(&b, modes[i], &edit, &out, &err));
    WT_CHECK(open_base(&b, &err));
    WT_EQ_INT(b.base.version, 2);
    WT_EQ_STR(wi_meta_schema(b.base.meta),
              "{\"type\":\"struct\",\"fields\":[" ID "," NOTED "]}");
    WT_EQ_STR(wi_meta_property(b.base.meta, "team"), "t");
    WT_EQ_STR(wi_meta_property(b.base.meta, "our.tag"), "o");
    columns.release(&columns);
    bench_free(&b);
  }
}

/* Files with the old keys would go into a table that is partitioned otherwise. */
WT_TEST(another_partitioning_stops) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_new(&b, &err));
  put_theirs(&b, ID "," NAME, ",\"partitionColumns\":[\"name\"],\"configuration\":{}",
             NULL);
  WT_EQ_INT(write_edit(&b, WI_WRITE_APPEND, NULL, &out, &err), WEIR_E_CONFLICT);
  weir_error_release(&err);
  bench_free(&b);
}

WT_TEST(a_protocol_that_rose_meanwhile_stays) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_commit_outcome out;
  WT_CHECK(bench_new(&b, &err));
  put_theirs(&b, ID "," NAME, plain,
             "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,"
             "\"writerFeatures\":[\"appendOnly\",\"changeDataFeed\"]}}");
  struct ArrowSchema columns = kit_schema("id l, name u");
  wi_meta_edit edit = {
      .how = WI_META_COLUMNS_REPLACE, .columns = &columns, .set = mine, .n_set = 1};
  WT_OK(write_edit(&b, WI_WRITE_OVERWRITE, &edit, &out, &err));
  WT_CHECK(open_base(&b, &err));
  WT_EQ_INT(wi_meta_min_writer(b.base.meta), 7);
  WT_CHECK(wi_meta_has_feature(b.base.meta, "changeDataFeed"));
  columns.release(&columns);
  bench_free(&b);
}
