/* Actions read and written. */
#include "delta/action.h"

#include <string.h>

#include "delta/internal.h"

static const char *const names[] = {"",         "add",      "remove",
                                    "cdc",      "txn",      "domainMetadata",
                                    "protocol", "metaData", "commitInfo"};

bool wi_delta_is_file(wi_delta_kind kind) {
  return kind == WI_DELTA_ADD || kind == WI_DELTA_REMOVE || kind == WI_DELTA_CDC;
}

/* ---- reading ---- */

static wi_delta_kind kind_of(const char *name) {
  for (size_t i = 1; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(name, names[i]) == 0) {
      return (wi_delta_kind)i;
    }
  }
  return WI_DELTA_OTHER;
}

static const json_t *object(const json_t *body, const char *key) {
  const json_t *value = json_object_get(body, key);
  return json_is_object(value) ? value : NULL;
}

static const char *time_key(wi_delta_kind kind) {
  return kind == WI_DELTA_REMOVE ? "deletionTimestamp" : "modificationTime";
}

static const char *read_file(wi_delta_action *a) {
  const json_t *b = a->body;
  const json_t *changes = wi_delta_json_get(b, "dataChange");
  a->as.file = (wi_delta_file){
      .path = wi_delta_json_text(b, "path"),
      .partition_values = object(b, "partitionValues"),
      .dv = object(b, "deletionVector"),
      .tags = object(b, "tags"),
      .stats = wi_delta_json_text(b, "stats"),
      .clustering_provider = wi_delta_json_text(b, "clusteringProvider"),
      .size = wi_delta_json_int(b, "size", -1),
      .time_ms = wi_delta_json_int(b, time_key(a->kind), INT64_MIN),
      .base_row_id = wi_delta_json_int(b, "baseRowId", -1),
      .default_row_commit_version = wi_delta_json_int(b, "defaultRowCommitVersion", -1),
      .data_change = changes == NULL || !json_is_false(changes),
      .extended = json_is_true(json_object_get(b, "extendedFileMetadata")),
      .body = b};
  return a->as.file.path == NULL ? "a file action without a path" : NULL;
}

const char *wi_delta_action_read(const char *name, const json_t *body,
                                 wi_delta_action *out) {
  *out = (wi_delta_action){.kind = kind_of(name), .name = name, .body = body};
  if (out->kind == WI_DELTA_OTHER || json_is_null(body)) {
    out->kind = WI_DELTA_OTHER;
    return NULL;
  }
  if (!json_is_object(body)) {
    return "an action that is no object";
  }
  if (wi_delta_is_file(out->kind)) {
    return read_file(out);
  }
  if (out->kind == WI_DELTA_TXN) {
    out->as.txn.app_id = wi_delta_json_text(body, "appId");
    out->as.txn.version = wi_delta_json_int(body, "version", -1);
    out->as.txn.last_updated_ms = wi_delta_json_int(body, "lastUpdated", -1);
  } else if (out->kind == WI_DELTA_DOMAIN) {
    out->as.domain.name = wi_delta_json_text(body, "domain");
    out->as.domain.configuration = wi_delta_json_text(body, "configuration");
    out->as.domain.removed = json_is_true(json_object_get(body, "removed"));
  }
  return NULL;
}

/* ---- writing ---- */

static void open_line(wi_json *j, const char *name, wi_buf *out) {
  wi_json_begin(j, out);
  wi_json_object(j);
  wi_json_key(j, name);
}

static void close_line(wi_json *j, wi_buf *out) {
  wi_json_object_end(j);
  wi_buf_chr(out, '\n');
}

static void put_object(wi_json *j, const char *key, const json_t *value) {
  if (value != NULL) {
    wi_json_key(j, key);
    wi_delta_json_put(j, value);
  }
}

static void put_text(wi_json *j, const char *key, const char *text) {
  if (text != NULL) {
    wi_json_kt(j, key, text);
  }
}

static void put_number(wi_json *j, const char *key, int64_t v) {
  if (v >= 0) {
    wi_json_ki(j, key, v);
  }
}

static bool has_member(wi_delta_kind kind, const char *key) {
  static const char *const members[] = {"path",           "partitionValues",
                                        "size",           "dataChange",
                                        "stats",          "tags",
                                        "deletionVector", "clusteringProvider",
                                        "baseRowId",      "defaultRowCommitVersion"};
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
    if (strcmp(key, members[i]) == 0) {
      return true;
    }
  }
  return strcmp(key, time_key(kind)) == 0 || strcmp(key, "extendedFileMetadata") == 0;
}

/* What the values do not stand for: members we do not know, and known ones of another type. */
static void put_rest(wi_json *j, wi_delta_kind kind, const json_t *body) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)body, key, value) {
    if (!has_member(kind, key)) {
      wi_json_key(j, key);
      wi_delta_json_put(j, value);
    }
  }
}

void wi_delta_file_write(wi_delta_kind kind, const wi_delta_file *file, wi_buf *out) {
  wi_json j;
  open_line(&j, names[kind], out);
  wi_json_object(&j);
  wi_json_kt(&j, "path", file->path);
  if (kind == WI_DELTA_REMOVE) {
    if (file->time_ms != INT64_MIN) {
      wi_json_ki(&j, "deletionTimestamp", file->time_ms);
    }
    wi_json_kb(&j, "dataChange", file->data_change);
    if (file->extended) {
      wi_json_kb(&j, "extendedFileMetadata", true);
    }
  }
  put_object(&j, "partitionValues", file->partition_values);
  put_number(&j, "size", file->size);
  if (kind != WI_DELTA_REMOVE) {
    if (file->time_ms != INT64_MIN) {
      wi_json_ki(&j, "modificationTime", file->time_ms);
    }
    wi_json_kb(&j, "dataChange", file->data_change);
  }
  put_text(&j, "stats", file->stats);
  put_object(&j, "tags", file->tags);
  put_object(&j, "deletionVector", file->dv);
  put_number(&j, "baseRowId", file->base_row_id);
  put_number(&j, "defaultRowCommitVersion", file->default_row_commit_version);
  put_text(&j, "clusteringProvider", file->clustering_provider);
  put_rest(&j, kind, file->body);
  wi_json_object_end(&j);
  close_line(&j, out);
}

void wi_delta_action_write(const wi_delta_action *action, wi_buf *out) {
  wi_json j;
  if (wi_delta_is_file(action->kind)) {
    wi_delta_file_write(action->kind, &action->as.file, out);
    return;
  }
  open_line(&j, action->name, out);
  wi_delta_json_put(&j, action->body);
  close_line(&j, out);
}
