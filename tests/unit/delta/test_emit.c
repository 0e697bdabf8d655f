/* Two composed tables with all kinds of commits. With WEIR_EMIT_DIR their data files are there
 * already and another reader looks at the result (tests/delta/run_compose.py); without it the
 * files are stand-ins, and only the log is looked at. */
#include "unit/delta/meta.h"

#define COLUMN(name, type) \
  "{\"name\":\"" name "\",\"type\":\"" type "\",\"nullable\":true,\"metadata\":{}}"
#define SCHEMA \
  "{\"type\":\"struct\",\"fields\":[" COLUMN("k", "long") "," COLUMN("s", "string")

static const char schema_plain[] = SCHEMA "]}";
static const char schema_part[] =
    SCHEMA "," COLUMN("ts", "timestamp_ntz") "," COLUMN("d", "string") "]}";

static wi_store *open_emit(const char *name) {
  const char *dir = getenv("WEIR_EMIT_DIR");
  char uri[1024];
  wi_store *store = NULL;
  if (dir == NULL) {
    return crafted_store(name);
  }
  snprintf(uri, sizeof uri, "file://%s/%s", dir, name);
  return wi_store_open(NULL, uri, NULL, 0, &store, NULL) == WEIR_OK ? store : NULL;
}

/* The size of a data file, made if it is absent. */
static uint64_t size_of(wi_store *store, const char *path) {
  wi_buf bytes = WI_BUF_INIT;
  if (wi_store_read(store, path, &bytes, NULL) != WEIR_OK) {
    crafted_put(store, path, "stand-in");
    bytes.n = 8;
  }
  uint64_t n = bytes.n;
  wi_buf_release(&bytes);
  return n;
}

typedef struct data_file {
  const char *path, *values;
  uint64_t rows;
  const char *min_k, *max_k, *min_s, *max_s;
} data_file;

static bool add_file(wi_store *store, wi_staged *staged, const data_file *f) {
  wi_buf text = WI_BUF_INIT;
  wi_stats *stats = wi_stats_new();
  wi_staged_file *files = wi_realloc_array(staged->files, staged->n + 1, sizeof *files);
  bool ok = files != NULL && stats != NULL &&
            wi_stats_add(stats, wi_str_of("k"), wi_str_of("Int64"), 0,
                         wi_str_of(f->min_k), wi_str_of(f->max_k), NULL) == WEIR_OK &&
            wi_stats_add(stats, wi_str_of("s"), wi_str_of("Utf8View"), 0,
                         wi_str_of(f->min_s), wi_str_of(f->max_s), NULL) == WEIR_OK &&
            wi_stats_write(stats, f->rows, &text, NULL) == WEIR_OK;
  wi_stats_free(&stats);
  staged->files = files;
  files[staged->n++] =
      (wi_staged_file){wi_strdup(f->path), size_of(store, f->path), f->rows,
                       wi_strdup(f->values), wi_buf_take(&text)};
  staged->rows += f->rows;
  staged->bytes += files[staged->n - 1].size;
  return ok;
}

/* The adds of a commit as removes, raw as the log has them. */
static bool live_of(wi_store *store, int64_t version, wi_removes *out) {
  wi_commit c;
  if (wi_commit_read(store, version, &c, NULL) != WEIR_OK) {
    return false;
  }
  for (size_t i = 0; i < json_array_size(c.actions); i++) {
    const json_t *add = wi_delta_json_get(json_array_get(c.actions, i), "add");
    wi_buf values = WI_BUF_INIT;
    if (add == NULL) {
      continue;
    }
    out->items = wi_realloc_array(out->items, out->n + 1, sizeof *out->items);
    wi_delta_json_dump(json_object_get(add, "partitionValues"), false, &values, NULL);
    out->items[out->n++] = (wi_remove){wi_strdup(wi_delta_json_text(add, "path")),
                                       (uint64_t)wi_delta_json_int(add, "size", 0),
                                       wi_buf_take(&values), NULL};
  }
  wi_commit_release(&c);
  return true;
}

static weir_status commit(wi_store *store, int64_t version, const wi_meta *table,
                          const wi_staged *adds, const wi_removes *removes,
                          weir_error *err) {
  char id[32];
  wi_buf bytes = WI_BUF_INIT;
  wi_put_result result = (wi_put_result)0;
  wi_br_pair info[] = {{"weir.run_id", "run"}, {"weir.view", "v"}};
  snprintf(id, sizeof id, "commit-%d", (int)version);
  wi_commit_def def = {.operation = version == 0 ? "CREATE TABLE AS SELECT" : "WRITE",
                       .mode = removes != NULL ? "Overwrite" : "Append",
                       .engine_info = "weir/test",
                       .partition_by_json = "[]",
                       .commit_id = id,
                       .timestamp_ms = 1700000000000 + version,
                       .read_version = version - 1,
                       .blind_append = removes == NULL && version > 0,
                       .info = info,
                       .n_info = 2,
                       .app_id = "weir/test/v",
                       .app_version = version + 1,
                       .meta = table,
                       .adds = adds,
                       .removes = removes,
                       .data_change = true};
  weir_status status = wi_commit_compose(&def, &bytes, err);
  if (status == WEIR_OK) {
    status = wi_commit_put(store, version, id, &bytes, &result, err);
  }
  if (status == WEIR_OK && result != WI_PUT_DONE) {
    status = wi_err_set(err, WEIR_E_BUG, "test", "the version was taken");
  }
  wi_buf_release(&bytes);
  return status;
}

WT_TEST(a_plain_table_is_made_appended_to_and_replaced) {
  weir_error err = WEIR_ERROR_INIT;
  wi_staged first = {0}, second = {0}, third = {0};
  wi_removes live = {0};
  wi_store *store = open_emit("plain");
  WT_CHECK(store != NULL);
  static const data_file files[] = {
      {"p q%20/00000#.parquet", "{}", 10, "0", "9", "s0", "s9"},
      {"run/00001.parquet", "{}", 5, "10", "14", "s10",
       "s14 is a text that is longer than thirty-two characters"},
      {"run2/\xC3\xA4:00000.parquet", "{}", 3, "100", "102", "s100", "s102"}};
  static const wi_br_pair properties[] = {{"weir.owner", "test/v"}};
  wi_meta *table = meta_with(NULL,
                             (wi_meta_edit){.id = "11111111-2222-7333-8444-555555555555",
                                            .name = "plain",
                                            .description = "a description",
                                            .set = properties,
                                            .n_set = 1,
                                            .created_ms = 1700000000000},
                             schema_plain, NULL);
  WT_CHECK(add_file(store, &first, &files[0]));
  WT_CHECK(add_file(store, &second, &files[1]));
  WT_CHECK(add_file(store, &third, &files[2]));
  WT_OK(commit(store, 0, table, &first, NULL, &err));
  WT_OK(commit(store, 1, NULL, &second, NULL, &err));
  WT_CHECK(live_of(store, 0, &live) && live_of(store, 1, &live));
  WT_EQ_INT(live.n, 2);
  WT_OK(commit(store, 2, NULL, &third, &live, &err));
  WT_OK(commit(store, 3, NULL, NULL, NULL, &err)); /* a transaction and nothing else */
  wi_log log;
  WT_OK(wi_log_list(store, &log, &err));
  WT_EQ_INT(log.latest, 3);
  wi_log_release(&log);
  wi_staged_release(&first);
  wi_staged_release(&second);
  wi_staged_release(&third);
  wi_removes_release(&live);
  wi_meta_unref(&table);
  wi_store_unref(&store);
}

WT_TEST(a_partitioned_table_with_all_kinds_of_values) {
  weir_error err = WEIR_ERROR_INIT;
  wi_staged staged = {0};
  wi_store *store = open_emit("part");
  WT_CHECK(store != NULL);
  static const data_file files[] = {
      {"r/00000.parquet", "{\"d\":\"a b/c%20\\u00e4\"}", 2, "1", "2", "x", "y"},
      {"r/00001.parquet", "{\"d\":null}", 1, "3", "3", "z", "z"}};
  static const char *const by[] = {"d"};
  wi_meta *table = meta_with(NULL,
                             (wi_meta_edit){.id = "11111111-2222-7333-8444-666666666666",
                                            .repartition = true,
                                            .partition_columns = by,
                                            .n_partition_columns = 1,
                                            .created_ms = 1700000000000},
                             schema_part, NULL);
  WT_CHECK(add_file(store, &staged, &files[0]) && add_file(store, &staged, &files[1]));
  WT_OK(commit(store, 0, table, &staged, NULL, &err));
  wi_meta_unref(&table);
  wi_staged_release(&staged);
  wi_store_unref(&store);
}
