/* What needs the engine: pins completed from snapshots, states without a commit, checkpoints. */
#include "common/hooks.h"
#include "unit/delta/golden.h"

static wi_engine *engine(void) {
  static wi_engine *one;
  wi_engine_options options = {2, NULL};
  if (one == NULL && wi_engine_new(&options, &one, NULL) != WEIR_OK) {
    abort();
  }
  return one;
}

static wi_store *open_with_engine(const char *uri) {
  wi_store *store = NULL;
  return wi_store_open(engine(), uri, NULL, 0, &store, NULL) == WEIR_OK ? store : NULL;
}

/* ---- golden tables ---- */

/* What opening the latest version must give; damage of data files shows only in a scan. */
static weir_status expected_open(const table *t) {
  if (kind_is(t, "not_a_table")) {
    return WEIR_E_TABLE_MISSING;
  }
  const char *kind = wi_delta_json_text(t->description, "error_kind");
  if (kind != NULL &&
      (wi_starts_with(kind, "corrupt_log") || kind_is(t, "corrupt_checkpoint"))) {
    return WEIR_E_LOG_CORRUPT;
  }
  return expected_gate(t);
}

static void compare_pin(const table *t, const wi_pin *pin) {
  const json_t *protocol =
      json_object_get(json_object_get(t->state, "protocol"), "protocol");
  bool same = pin->version == wi_delta_json_int(t->state, "version", -1) &&
              strcmp(pin->table_id, wi_delta_json_text(t->state, "id")) == 0 &&
              pin->min_reader == wi_delta_json_int(protocol, "minReaderVersion", -1) &&
              pin->min_writer == wi_delta_json_int(protocol, "minWriterVersion", -1) &&
              strlen(pin->commit_digest) == 64 && strlen(pin->schema_digest) == 64 &&
              pin->timestamp_us > 0;
  if (!same) {
    wt_fail(__FILE__, __LINE__, "%s: the pin differs (version %d, id %s, protocol %d/%d)",
            t->name, (int)pin->version, pin->table_id, (int)pin->min_reader,
            (int)pin->min_writer);
  }
}

static void opened(const table *t) {
  weir_error err = WEIR_ERROR_INIT;
  wi_pin pin;
  wi_snap *snap = NULL;
  wi_store *store = open_with_engine(wi_store_uri(t->store));
  weir_status status = wi_pin_resolve(engine(), store, -1, &pin, &err);
  if (status == WEIR_OK) {
    status = wi_pin_complete(engine(), store, &pin, &snap, &err);
  }
  if (status != expected_open(t)) {
    wt_fail(__FILE__, __LINE__, "%s: opening gave %d, not %d: %s", t->name, (int)status,
            (int)expected_open(t), err.message);
  } else if (status == WEIR_OK && t->state != NULL) {
    compare_pin(t, &pin);
  }
  if (snap != NULL) {
    wi_snap_unref(&snap);
  }
  wi_pin_release(&pin);
  wi_store_unref(&store);
  weir_error_release(&err);
}

WT_TEST(golden_tables_are_pinned_or_refused) {
  check_all(opened);
}

/* ---- states without a commit ---- */

/* A copy of a golden table that the test may change. */
static wi_store *copy_of(const char *golden_name, const char *name) {
  char uri[1024], from_uri[1024];
  wi_store_entries entries;
  wi_buf canonical = WI_BUF_INIT, bytes = WI_BUF_INIT;
  wi_store *made = crafted_store(name);
  snprintf(from_uri, sizeof from_uri, "%s/%s/table", golden(), golden_name);
  snprintf(uri, sizeof uri, "%s", wi_store_uri(made));
  wi_uri_canonical(from_uri, NULL, &canonical, NULL);
  wi_store *from = open_with_engine(canonical.p);
  if (wi_store_list_all(from, "", &entries, NULL) != WEIR_OK || entries.n == 0) {
    abort();
  }
  for (size_t i = 0; i < entries.n; i++) {
    if (wi_store_read(from, entries.items[i].path, &bytes, NULL) != WEIR_OK ||
        wi_store_put_new(made, entries.items[i].path, bytes.p, bytes.n, NULL) !=
            WEIR_OK) {
      abort();
    }
  }
  wi_store_entries_release(&entries);
  wi_buf_release(&canonical);
  wi_buf_release(&bytes);
  wi_store_unref(&from);
  wi_store_unref(&made);
  return open_with_engine(uri);
}

static void remove_commit(wi_store *store, int64_t version) {
  char path[64];
  const char *paths[] = {path};
  wi_log_commit_path(version, path);
  if (wi_store_remove(store, paths, 1, NULL) != WEIR_OK) {
    abort();
  }
}

WT_TEST(a_version_whose_commit_is_gone_is_pinned_by_its_state) {
  weir_error err = WEIR_ERROR_INIT;
  wi_pin before, gone, again;
  wi_store *store = copy_of("golden-only-checkpoint-files", "gone");
  WT_OK(wi_pin_resolve(engine(), store, -1, &before, &err));
  WT_CHECK(!before.full);
  remove_commit(store, before.version);
  WT_OK(wi_pin_resolve(engine(), store, -1, &gone, &err));
  WT_EQ_INT(gone.version, before.version);
  WT_CHECK(gone.full && gone.timestamp_us > 0);
  WT_CHECK(strcmp(gone.commit_digest, before.commit_digest) != 0);
  WT_OK(wi_pin_resolve(engine(), store, -1, &again, &err));
  WT_EQ_STR(again.commit_digest, gone.commit_digest);
  WT_OK(wi_pin_complete(engine(), store, &again, NULL, &err));
  wi_pin_release(&before);
  wi_pin_release(&gone);
  wi_pin_release(&again);
  wi_store_unref(&store);
}

WT_TEST(an_empty_commit_does_not_make_all_tables_alike) {
  weir_error err = WEIR_ERROR_INIT;
  wi_pin pin;
  char nothing[WI_DIGEST_HEX];
  wi_store *store = copy_of("edited-empty_commit", "empty");
  WT_OK(wi_pin_resolve(engine(), store, -1, &pin, &err));
  wi_blake3_hex("", 0, nothing);
  WT_EQ_INT(pin.version, 8);
  WT_CHECK(pin.full && strcmp(pin.commit_digest, nothing) != 0);
  wi_pin_release(&pin);
  wi_store_unref(&store);
}

WT_TEST(a_checkpoint_stands_in_for_the_commits) {
  weir_error err = WEIR_ERROR_INIT;
  wi_pin pin, after;
  wi_log log;
  wi_store *store = copy_of("dat-basic_append", "checkpoint");
  WT_OK(wi_pin_resolve(engine(), store, -1, &pin, &err));
  WT_OK(wi_pin_complete(engine(), store, &pin, NULL, &err));
  WT_OK(wi_delta_checkpoint(engine(), store, pin.version, &err));
  WT_OK(wi_log_list(store, &log, &err));
  WT_EQ_INT(log.n_checkpoints, 1);
  WT_EQ_INT(log.checkpoints[0], pin.version);
  wi_log_release(&log);
  for (int64_t v = 0; v <= pin.version; v++) {
    remove_commit(store, v);
  }
  WT_OK(wi_pin_resolve(engine(), store, -1, &after, &err));
  WT_EQ_INT(after.version, pin.version);
  WT_EQ_STR(after.table_id, pin.table_id);
  WT_EQ_STR(after.schema_digest, pin.schema_digest);
  wi_pin_release(&after);
  WT_EQ_INT(wi_pin_resolve(engine(), store, 0, &after, NULL), WEIR_E_VERSION_MISSING);
  wi_pin_release(&pin);
  wi_pin_release(&after);
  wi_store_unref(&store);
}

typedef struct move {
  const char *from, *to;
} move;

static void move_file(void *ctx) {
  const move *m = ctx;
  if (access(m->from, F_OK) == 0 && rename(m->from, m->to) != 0) {
    abort();
  }
}

/* Between its listing and its reading a checkpoint may go: others clean what a later one replaced.
 * Then the log is listed again, before anybody calls it broken. */
WT_TEST(a_checkpoint_that_goes_is_looked_for_again) {
  weir_error err = WEIR_ERROR_INIT;
  wi_pin pin;
  wh_hooks h = {.who = WH_BOTH};
  char from[512], to[512], uri[512];
  wi_store *store = copy_of("dat-basic_append", "going");
  WT_OK(wi_pin_resolve(engine(), store, -1, &pin, &err));
  WT_OK(wi_delta_checkpoint(engine(), store, pin.version, &err));
  for (int64_t v = 0; v <= pin.version; v++) {
    remove_commit(store, v);
  }
  snprintf(from, sizeof from, "%s/_delta_log/%020lld.checkpoint.parquet",
           wi_store_local(store), (long long)pin.version);
  snprintf(to, sizeof to, "%s/away", wi_store_local(store));
  move away = {from, to}, back = {to, from};
  snprintf(uri, sizeof uri, "%s", wi_store_uri(store));
  wi_pin_release(&pin);
  wi_store_unref(&store);
  wh_on_new(&h);
  store = open_with_engine(uri);
  for (int nth = 1; nth <= 2; nth++) { /* the engine itself tries twice */
    wh_run(&h, WH_ENGINE(GET), ".checkpoint.parquet", nth, WH_BEFORE, move_file, &away);
  }
  wh_run(&h, WH_ENGINE(LIST), NULL, 0, WH_BEFORE, move_file, &back);
  WT_OK(wi_pin_resolve(engine(), store, -1, &pin, &err));
  WT_OK(wi_pin_complete(engine(), store, &pin, NULL, &err));
  wh_off(&h);
  WT_CHECK(h.rules[1].seen > 2); /* asked for again */
  wi_pin_release(&pin);
  wi_store_unref(&store);
}

WT_TEST(live_files_are_those_of_the_state) {
  weir_error err = WEIR_ERROR_INIT;
  wi_snap *snap = NULL;
  wi_cursor *rows = NULL;
  wi_removes live;
  wi_store *store = copy_of("spark-special_partitions", "live");
  json_t *state = load("spark-special_partitions", "expected_state.json");
  const json_t *files = json_object_get(state, "files");
  WT_OK(wi_snap_open(engine(), store, -1, &snap, &err));
  WT_OK(wi_snap_rows(snap, &rows, &err));
  WT_OK(wi_removes_read(rows, &live, &err));
  WT_EQ_INT(live.n, json_array_size(files));
  size_t found = 0;
  for (size_t i = 0; i < json_array_size(files); i++) {
    const char *path = wi_delta_json_text(json_array_get(files, i), "path");
    for (size_t k = 0; k < live.n; k++) {
      found += strcmp(live.items[k].path, path) == 0 ? 1 : 0; /* raw, as in the log */
    }
  }
  WT_EQ_INT(found, live.n);
  json_decref(state);
  wi_removes_release(&live);
  wi_cursor_free(&rows);
  wi_snap_unref(&snap);
  wi_store_unref(&store);
}

WT_TEST(the_engine_and_c_see_the_same_bytes) {
  weir_error err = WEIR_ERROR_INIT;
  wb_store *handle = NULL;
  wi_cursor *rows = NULL;
  wi_store_entries entries;
  wi_store *store = copy_of("dat-basic_append", "bytes");
  WT_OK(wi_store_list(store, "_delta_log", &entries, &err));
  WT_OK(wi_store_handle(store, &handle, &err));
  WT_OK(wi_br_obj_list(engine(), handle, "_delta_log", "", false, &rows, &err));
  size_t n = 0;
  for (bool has = true; has; n += has ? 1 : 0) {
    WT_OK(wi_cursor_next(rows, &has, &err));
    if (has) {
      WT_CHECK(n < entries.n);
      WT_CHECK(wi_str_eq(wi_cursor_text(rows, 0), entries.items[n].path));
      WT_EQ_INT(wi_cursor_int(rows, 1), entries.items[n].size);
      WT_EQ_INT(wi_cursor_int(rows, 2) / 1000, entries.items[n].mtime_us / 1000);
    }
  }
  WT_EQ_INT(n, entries.n);
  wi_cursor_free(&rows);
  wi_store_entries_release(&entries);
  wi_store_unref(&store);
}
