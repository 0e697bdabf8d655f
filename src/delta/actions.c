/* Composing a commit: each action one line of JSON. */
#include <stdio.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

static weir_status bug(weir_error *err, const char *what) {
  return WI_ERR(err, WEIR_E_BUG, "a commit with %s", what);
}

/* JSON from elsewhere, which a line is made of. */
static weir_status load_object(const char *key, const char *text, json_t **out,
                               weir_error *err) {
  wi_delta_json_note note;
  if (wi_delta_json_load(text, strlen(text), out, &note) == WEIR_E_NO_MEMORY) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return json_is_object(*out)
             ? WEIR_OK
             : WI_ERR(err, WEIR_E_BUG, "a commit with %s that is no JSON object", key);
}

static void open_action(wi_json *j, wi_buf *out, const char *name) {
  wi_json_begin(j, out);
  wi_json_object(j);
  wi_json_key(j, name);
  wi_json_object(j);
}

static void close_action(wi_json *j, wi_buf *out) {
  wi_json_object_end(j);
  wi_json_object_end(j);
  wi_buf_chr(out, '\n');
}

/* ---- commitInfo ---- */

/* Numbers are texts here, by the habit of the format's first writer. */
static void put_count(wi_json *j, const char *key, uint64_t v) {
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)v);
  wi_json_kt(j, key, text);
}

static void put_metrics(wi_json *j, const wi_commit_def *def) {
  uint64_t removed = 0;
  size_t n_removes = def->removes == NULL ? 0 : def->removes->n;
  for (size_t i = 0; i < n_removes; i++) {
    removed += def->removes->items[i].size;
  }
  wi_json_key(j, "operationMetrics");
  wi_json_object(j);
  put_count(j, "numFiles", def->adds == NULL ? 0 : def->adds->n);
  put_count(j, "numOutputRows", def->adds == NULL ? 0 : def->adds->rows);
  put_count(j, "numOutputBytes", def->adds == NULL ? 0 : def->adds->bytes);
  put_count(j, "numRemovedFiles", n_removes);
  put_count(j, "numRemovedBytes", removed);
  wi_json_object_end(j);
}

static bool is_reserved(const char *key) {
  static const char *const names[] = {"timestamp",
                                      "inCommitTimestamp",
                                      "operation",
                                      "operationParameters",
                                      "operationMetrics",
                                      "readVersion",
                                      "isolationLevel",
                                      "isBlindAppend",
                                      "engineInfo",
                                      "txnId",
                                      "userId",
                                      "userName",
                                      "job",
                                      "notebook",
                                      "clusterId",
                                      "userMetadata",
                                      "tags",
                                      WI_COMMIT_ID_KEY};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(key, names[i]) == 0) {
      return true;
    }
  }
  return false;
}

static weir_status put_info(wi_json *j, const wi_commit_def *def, weir_error *err) {
  for (size_t i = 0; i < def->n_info; i++) {
    const char *key = def->info[i].key;
    if (is_reserved(key)) {
      weir_status status =
          WI_ERR(err, WEIR_E_BAD_VALUE,
                 "'%.80s' is a key of the log's own and cannot be set", key);
      wi_err_hint(err, "choose another name for this entry of write_metadata");
      return status;
    }
    if (i > 0 && strcmp(def->info[i - 1].key, key) >= 0) {
      return bug(err, "keys that are not sorted, or one twice");
    }
    wi_json_kt(j, key, def->info[i].value);
  }
  return WEIR_OK;
}

static weir_status put_commit_info(const wi_commit_def *def, wi_buf *out,
                                   weir_error *err) {
  wi_json j;
  open_action(&j, out, "commitInfo");
  wi_json_ki(&j, "timestamp", def->timestamp_ms);
  wi_json_kt(&j, "operation", def->operation);
  wi_json_key(&j, "operationParameters");
  wi_json_object(&j);
  if (def->mode != NULL) {
    wi_json_kt(&j, "mode", def->mode);
  }
  wi_json_kt(&j, "partitionBy",
             def->partition_by_json == NULL ? "[]" : def->partition_by_json);
  wi_json_object_end(&j);
  if (def->read_version >= 0) {
    wi_json_ki(&j, "readVersion", def->read_version);
  }
  if (def->base_digest != NULL) {
    wi_json_kt(&j, WI_BASE_KEY, def->base_digest);
  }
  wi_json_kt(&j, "isolationLevel", "Serializable");
  wi_json_kb(&j, "isBlindAppend", def->blind_append);
  put_metrics(&j, def);
  wi_json_kt(&j, "engineInfo", def->engine_info);
  wi_json_kt(&j, WI_COMMIT_ID_KEY, def->commit_id);
  WI_TRY(put_info(&j, def, err));
  close_action(&j, out);
  return WEIR_OK;
}

/* ---- txn and files ---- */

static void put_txn(const wi_commit_def *def, wi_buf *out) {
  wi_json j;
  open_action(&j, out, "txn");
  wi_json_kt(&j, "appId", def->app_id);
  wi_json_ki(&j, "version", def->app_version);
  wi_json_ki(&j, "lastUpdated", def->timestamp_ms);
  close_action(&j, out);
}

/* The path is written as it was read: other writers' escapes differ, and readers match texts. */
static weir_status put_remove(const wi_commit_def *def, const wi_remove *file,
                              wi_buf *out, weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *values = NULL, *dv = NULL;
  bool extended = file->partition_values != NULL;
  if (extended) {
    WI_CHECK(load_object("partitionValues", file->partition_values, &values, err));
  }
  if (file->dv != NULL) {
    WI_CHECK(load_object("deletionVector", file->dv, &dv, err));
  }
  wi_delta_file_write(WI_DELTA_REMOVE,
                      &(wi_delta_file){.path = file->path,
                                       .time_ms = def->timestamp_ms,
                                       .data_change = def->data_change,
                                       .extended = extended,
                                       .partition_values = values,
                                       .dv = dv,
                                       .base_row_id = -1,
                                       .default_row_commit_version = -1,
                                       .size = extended ? (int64_t)file->size : -1},
                      out);
done:
  json_decref(values);
  json_decref(dv);
  return status;
}

static weir_status put_add(const wi_commit_def *def, const wi_staged_file *file,
                           wi_buf *out, weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *values = NULL;
  wi_buf path = WI_BUF_INIT;
  wi_uri_encode_path(file->path, &path);
  WI_CHECK(wi_buf_check(&path, err, WI_ORIGIN));
  WI_CHECK(load_object("partitionValues",
                       file->partition_values == NULL ? "{}" : file->partition_values,
                       &values, err));
  wi_delta_file_write(WI_DELTA_ADD,
                      &(wi_delta_file){.path = path.p,
                                       .partition_values = values,
                                       .size = (int64_t)file->size,
                                       .time_ms = def->timestamp_ms,
                                       .data_change = def->data_change,
                                       .stats = file->stats,
                                       .base_row_id = -1,
                                       .default_row_commit_version = -1},
                      out);
done:
  json_decref(values);
  wi_buf_release(&path);
  return status;
}

static weir_status put_files(const wi_commit_def *def, wi_buf *out, weir_error *err) {
  size_t n_removes = def->removes == NULL ? 0 : def->removes->n;
  size_t n_adds = def->adds == NULL ? 0 : def->adds->n;
  for (size_t i = 0; i < n_removes; i++) {
    WI_TRY(put_remove(def, &def->removes->items[i], out, err));
  }
  for (size_t i = 0; i < n_adds; i++) {
    WI_TRY(put_add(def, &def->adds->files[i], out, err));
  }
  return WEIR_OK;
}

static weir_status check_def(const wi_commit_def *def, weir_error *err) {
  if (def->operation == NULL || def->engine_info == NULL) {
    return bug(err, "no operation or no engine");
  }
  if (def->commit_id == NULL || def->commit_id[0] == '\0') {
    return bug(err, "no id");
  }
  return WEIR_OK;
}

weir_status wi_commit_compose(const wi_commit_def *def, wi_buf *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf_clear(out);
  WI_CHECK(check_def(def, err));
  WI_CHECK(put_commit_info(def, out, err));
  if (def->meta != NULL) {
    WI_CHECK(wi_meta_write(def->base_meta, def->meta, out, err));
  }
  if (def->app_id != NULL) {
    put_txn(def, out);
  }
  WI_CHECK(put_files(def, out, err));
  WI_CHECK(wi_buf_check(out, err, WI_ORIGIN));
done:
  if (status != WEIR_OK) {
    wi_buf_clear(out);
  }
  return status;
}
