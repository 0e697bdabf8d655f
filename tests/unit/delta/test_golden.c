/* Tables that others wrote: what their logs alone tell must be what their descriptions say. */
#include "unit/delta/golden.h"

/* ---- listing ---- */

static weir_status expected_listing(const table *t) {
  if (kind_is(t, "not_a_table")) {
    return WEIR_E_TABLE_MISSING;
  }
  bool gap =
      kind_is(t, "corrupt_log_gap") || kind_is(t, "corrupt_log_incomplete_checkpoint");
  return gap ? WEIR_E_LOG_CORRUPT : WEIR_OK;
}

static void check_version(const table *t, const json_t *one) {
  wi_log log;
  int64_t found = -1;
  int64_t version = wi_delta_json_int(one, "version", -1);
  const char *kind = wi_delta_json_text(one, "error_kind");
  bool missing = kind != NULL && strcmp(kind, "no_such_version") == 0;
  const char *should = wi_delta_json_text(one, "read_should");
  bool ok = should != NULL && strcmp(should, "ok") == 0;
  weir_status status = wi_log_find(t->store, version, &log, &found, NULL);
  if ((missing && status != WEIR_E_VERSION_MISSING) || (ok && status != WEIR_OK)) {
    wt_fail(__FILE__, __LINE__, "%s: version %d gave %d", t->name, (int)version,
            (int)status);
  }
  wi_log_release(&log);
}

static void listing(const table *t) {
  weir_error err = WEIR_ERROR_INIT;
  wi_log log;
  weir_status status = wi_log_list(t->store, &log, &err);
  if (status != expected_listing(t)) {
    wt_fail(__FILE__, __LINE__, "%s: the listing gave %d: %s", t->name, (int)status,
            err.message);
  }
  int64_t latest = wi_delta_json_int(t->description, "latest_version", -1);
  if (status == WEIR_OK && latest >= 0 && log.latest != latest) {
    wt_fail(__FILE__, __LINE__, "%s: latest is %d, not %d", t->name, (int)log.latest,
            (int)latest);
  }
  const json_t *versions = json_object_get(t->description, "versions");
  for (size_t i = 0; status == WEIR_OK && i < json_array_size(versions); i++) {
    check_version(t, json_array_get(versions, i));
  }
  wi_log_release(&log);
  weir_error_release(&err);
}

WT_TEST(listings_find_the_latest_and_each_version) {
  check_all(listing);
}

/* ---- commits ---- */

/* Each commit is read; only the last of the damaged ones may fail. */
static void commits(const table *t) {
  wi_log log;
  if (wi_log_list_all(t->store, &log, NULL) != WEIR_OK) {
    return;
  }
  for (size_t i = 0; i < log.n_commits; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_commit c;
    weir_status status = wi_commit_read(t->store, log.commits[i], &c, &err);
    bool broken = kind_is(t, "corrupt_log_json") && i + 1 == log.n_commits;
    if (status != (broken ? WEIR_E_LOG_CORRUPT : WEIR_OK)) {
      wt_fail(__FILE__, __LINE__, "%s: commit %d gave %d: %s", t->name,
              (int)log.commits[i], (int)status, err.message);
    }
    wi_commit_release(&c);
    weir_error_release(&err);
  }
  wi_log_release(&log);
}

WT_TEST(commits_are_read_and_damaged_ones_refused) {
  check_all(commits);
}

/* ---- replay, where all commits are there ---- */

typedef struct replay {
  wi_map files; /* "path|dv" -> size, as a json_t of the add */
  json_t *protocol, *metadata, *txns;
} replay;

static void file_key(const json_t *action, wi_buf *out) {
  const json_t *dv = wi_delta_json_get(action, "deletionVector");
  const char *id = wi_delta_json_text(dv, "pathOrInlineDv");
  wi_buf_clear(out);
  wi_buf_fmt(out, "%s|%s|%d", wi_delta_json_text(action, "path"), id == NULL ? "" : id,
             (int)wi_delta_json_int(dv, "offset", 0));
}

static void replace(json_t **slot, const json_t *value) {
  json_decref(*slot);
  *slot = json_deep_copy(value);
}

static void apply(replay *r, const wi_commit *c) {
  wi_buf key = WI_BUF_INIT;
  for (size_t i = 0; i < json_array_size(c->actions); i++) {
    const json_t *line = json_array_get(c->actions, i);
    const json_t *add = wi_delta_json_get(line, "add");
    const json_t *remove = wi_delta_json_get(line, "remove");
    const json_t *txn = wi_delta_json_get(line, "txn");
    if (add != NULL) {
      file_key(add, &key);
      json_decref(wi_map_get(&r->files, key.p));
      wi_map_put(&r->files, key.p, json_deep_copy(add));
    }
    if (remove != NULL) {
      file_key(remove, &key);
      json_decref(wi_map_get(&r->files, key.p));
      wi_map_remove(&r->files, key.p);
    }
    if (txn != NULL) {
      json_object_set_new(r->txns, wi_delta_json_text(txn, "appId"),
                          json_integer(wi_delta_json_int(txn, "version", -1)));
    }
  }
  if (c->protocol != NULL) {
    replace(&r->protocol, c->protocol);
  }
  if (c->metadata != NULL) {
    replace(&r->metadata, c->metadata);
  }
  wi_buf_release(&key);
}

static void replay_release(replay *r) {
  for (size_t i = 0; i < r->files.n; i++) {
    json_decref(r->files.entries[i].value);
  }
  wi_map_release(&r->files);
  json_decref(r->protocol);
  json_decref(r->metadata);
  json_decref(r->txns);
}

/* false: not all commits are there, or one is damaged. */
static bool replay_all(const table *t, replay *r) {
  wi_log log;
  bool whole = true;
  *r = (replay){.txns = json_object()};
  if (wi_log_list(t->store, &log, NULL) != WEIR_OK) {
    return false;
  }
  for (int64_t v = 0; v <= log.latest && whole; v++) {
    wi_commit c;
    whole = wi_commit_read(t->store, v, &c, NULL) == WEIR_OK;
    if (whole) {
      apply(r, &c);
      wi_commit_release(&c);
    }
  }
  wi_log_release(&log);
  return whole;
}

static int replayed;

static void compare_files(const table *t, const replay *r) {
  const json_t *files = json_object_get(t->state, "files");
  size_t n = json_array_size(files), found = 0;
  for (size_t i = 0; i < n; i++) {
    const json_t *want = json_array_get(files, i);
    const char *path = wi_delta_json_text(want, "path");
    for (size_t k = 0; k < r->files.n; k++) {
      const json_t *have = r->files.entries[k].value;
      if (strcmp(wi_delta_json_text(have, "path"), path) == 0 &&
          wi_delta_json_int(have, "size", -1) == wi_delta_json_int(want, "size", -2) &&
          json_equal(json_object_get(have, "partitionValues"),
                     json_object_get(want, "partitionValues"))) {
        found++;
        break;
      }
    }
  }
  if (found != n || r->files.n != n) {
    wt_fail(__FILE__, __LINE__, "%s: %zu files, of %zu expected ones found %zu", t->name,
            r->files.n, n, found);
  }
}

static void compare_txns(const table *t, const replay *r) {
  const json_t *txns = json_object_get(t->state, "txns");
  bool same = json_array_size(txns) == json_object_size(r->txns);
  for (size_t i = 0; i < json_array_size(txns); i++) {
    const json_t *one = json_array_get(txns, i);
    int64_t have = wi_delta_json_int(r->txns, wi_delta_json_text(one, "appId"), -1);
    same = same && have == wi_delta_json_int(one, "version", -2);
  }
  if (!same) {
    wt_fail(__FILE__, __LINE__, "%s: the transactions differ", t->name);
  }
}

static void state(const table *t) {
  replay r;
  if (t->state != NULL && replay_all(t, &r)) {
    const json_t *protocol =
        json_object_get(json_object_get(t->state, "protocol"), "protocol");
    replayed++;
    if (wi_delta_json_int(protocol, "minReaderVersion", -1) !=
            wi_delta_json_int(r.protocol, "minReaderVersion", -2) ||
        wi_delta_json_int(protocol, "minWriterVersion", -1) !=
            wi_delta_json_int(r.protocol, "minWriterVersion", -2)) {
      wt_fail(__FILE__, __LINE__, "%s: the protocol differs", t->name);
    }
    if (strcmp(wi_delta_json_text(t->state, "id"),
               wi_delta_json_text(r.metadata, "id")) != 0) {
      wt_fail(__FILE__, __LINE__, "%s: the table id differs", t->name);
    }
    /* Absolute paths may differ in spelling, and old transactions may lapse: a reader's matter. */
    if (!has_text(t, "absolute-paths")) {
      compare_files(t, &r);
    }
    if (json_object_get(json_object_get(r.metadata, "configuration"),
                        "delta.setTransactionRetentionDuration") == NULL) {
      compare_txns(t, &r);
    }
  }
  if (t->state != NULL) {
    replay_release(&r);
  }
}

WT_TEST(replaying_the_commits_gives_the_expected_state) {
  replayed = 0;
  check_all(state);
  WT_CHECK(replayed > 100);
}

/* ---- gate ---- */

static int gated;

static void gate_pin(const table *t, const replay *r) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf protocol = WI_BUF_INIT, metadata = WI_BUF_INIT;
  wi_pin pin = {.uri = wi_strdup(t->name)};
  if (r->protocol != NULL) {
    wi_delta_json_dump(r->protocol, false, &protocol, NULL);
  }
  if (r->metadata != NULL) {
    wi_delta_json_dump(r->metadata, false, &metadata, NULL);
  }
  weir_status status =
      wi_pin_fill(&pin, wi_buf_text(&protocol), wi_buf_text(&metadata), &err);
  if (status == WEIR_OK) {
    status = wi_gate_read(&pin, &err);
  }
  gated++;
  if (status != expected_gate(t)) {
    wt_fail(__FILE__, __LINE__, "%s: the gate gave %d, not %d: %s", t->name, (int)status,
            (int)expected_gate(t), err.message);
  }
  wi_pin_release(&pin);
  wi_buf_release(&protocol);
  wi_buf_release(&metadata);
  weir_error_release(&err);
}

static void gate(const table *t) {
  replay r;
  if (replay_all(t, &r) && json_object_get(t->description, "features") != NULL) {
    gate_pin(t, &r);
  }
  replay_release(&r);
}

WT_TEST(the_gate_passes_what_can_be_read_and_names_the_rest) {
  gated = 0;
  check_all(gate);
  WT_CHECK(gated > 100);
}

/* ---- partitions ---- */

typedef struct partition_count {
  size_t tables, files;
} partition_count;

static partition_count partitioned;

/* Each file's values are values of their columns, and null only where the text is none. */
static bool keyed(const table *t, const wi_partitioning *p, const json_t *file) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf key = WI_BUF_INIT;
  const json_t *values = json_object_get(file, "partitionValues");
  weir_status status =
      wi_partition_key(p, values, wi_delta_json_text(file, "path"), &key, &err);
  json_t *parsed = json_loadb(wi_buf_text(&key), key.n, JSON_ALLOW_NUL, NULL);
  bool good = status == WEIR_OK && json_array_size(parsed) == wi_partitioning_size(p);
  size_t nulls = 0, texts = 0;
  const char *name;
  json_t *value;
  for (size_t i = 0; i < json_array_size(parsed); i++) {
    nulls += json_is_null(json_array_get(parsed, i)) ? 1 : 0;
  }
  json_object_foreach((json_t *)(uintptr_t)values, name, value) {
    texts += json_string_length(value) > 0 ? 1 : 0;
  }
  if (!good || texts + nulls != json_array_size(parsed)) {
    wt_fail(__FILE__, __LINE__, "%s: %s has the key %s: %s", t->name,
            wi_delta_json_text(file, "path"), wi_buf_text(&key), err.message);
  }
  partitioned.files++;
  json_decref(parsed);
  wi_buf_release(&key);
  weir_error_release(&err);
  return good;
}

static void key_files(const table *t, const wi_partitioning *p, const wi_commit *c) {
  for (size_t i = 0; i < json_array_size(c->actions); i++) {
    const json_t *add = wi_delta_json_get(json_array_get(c->actions, i), "add");
    if (add != NULL && !keyed(t, p, add)) {
      return;
    }
  }
}

/* Commits of the table as its newest metaData in JSON says. */
static void partitions(const table *t) {
  wi_log log;
  if (kind_is(t, "bad_column_mapping")) { /* nobody can tell which value is whose */
    return;
  }
  wi_meta *meta = NULL;
  wi_partitioning *p = NULL;
  json_t *protocol = json_pack("{s:i,s:i}", "minReaderVersion", 1, "minWriterVersion", 2);
  if (wi_log_list(t->store, &log, NULL) != WEIR_OK) {
    json_decref(protocol);
    return;
  }
  for (size_t i = 0; i < log.n_commits; i++) {
    wi_commit c;
    if (wi_commit_read(t->store, log.commits[i], &c, NULL) != WEIR_OK) {
      continue;
    }
    if (c.metadata != NULL) {
      wi_meta_unref(&meta);
      wi_partitioning_free(&p);
      (void)wi_meta_of(protocol, c.metadata, &meta, NULL);
      if (meta != NULL && wi_partitioning_new(meta, &p, NULL) == WEIR_OK &&
          wi_partitioning_size(p) > 0) {
        partitioned.tables++;
      }
    }
    if (p != NULL && wi_partitioning_size(p) > 0) {
      key_files(t, p, &c);
    }
    wi_commit_release(&c);
  }
  wi_partitioning_free(&p);
  wi_meta_unref(&meta);
  json_decref(protocol);
  wi_log_release(&log);
}

WT_TEST(partition_values_of_all_writers_are_values) {
  check_all(partitions);
  WT_CHECK(partitioned.tables > 20);
  WT_CHECK(partitioned.files > 100);
}
