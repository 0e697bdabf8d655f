/* One commit: its lines as JSON, and what is asked of them most. */
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

/* ---- lines ---- */

static weir_status corrupt(int64_t version, size_t line, const char *why,
                           weir_error *err) {
  char path[64];
  wi_log_commit_path(version, path);
  weir_status status =
      WI_ERR(err, WEIR_E_LOG_CORRUPT, "%s, line %zu: %s", path, line, why);
  wi_err_hint(err,
              "restore this file from a copy of the table; weir never repairs a log");
  return status;
}

static bool changes_data(const json_t *action) {
  const json_t *flag = wi_delta_json_get(action, "dataChange");
  return flag == NULL || !json_is_false(flag);
}

static const char *see_file(wi_commit *c, const char *kind, const json_t *action) {
  if (wi_delta_json_text(action, "path") == NULL) {
    return "a file action without a path";
  }
  if (strcmp(kind, "cdc") == 0) {
    c->cdcs++;
    return NULL;
  }
  if (strcmp(kind, "add") == 0) {
    int64_t size = wi_delta_json_int(action, "size", 0);
    c->adds++;
    c->add_bytes += size > 0 ? (uint64_t)size : 0;
  } else {
    c->removes++;
  }
  c->data_change = c->data_change || changes_data(action);
  return NULL;
}

/* What is wrong with the action; NULL: nothing, or nothing that weir knows. */
static const char *see_action(wi_commit *c, const char *kind, const json_t *action) {
  static const char *const known[] = {"add",      "remove",   "cdc", "commitInfo",
                                      "protocol", "metaData", "txn", "domainMetadata"};
  bool is_known = false;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    is_known = is_known || strcmp(kind, known[i]) == 0;
  }
  if (!is_known || json_is_null(action)) {
    return NULL;
  }
  if (!json_is_object(action)) {
    return "an action that is no object";
  }
  if (strcmp(kind, "add") == 0 || strcmp(kind, "remove") == 0 ||
      strcmp(kind, "cdc") == 0) {
    return see_file(c, kind, action);
  }
  if (strcmp(kind, "commitInfo") == 0) {
    c->commit_info = action;
  } else if (strcmp(kind, "metaData") == 0) {
    c->metadata = action;
  } else if (strcmp(kind, "protocol") == 0) {
    c->protocol = action;
  }
  return NULL;
}

static weir_status read_line(wi_commit *c, wi_str line, size_t number, weir_error *err) {
  wi_delta_json_note note;
  json_t *object = NULL;
  weir_status status = wi_delta_json_load(line.p, line.n, &object, &note);
  if (status == WEIR_E_NO_MEMORY) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (status != WEIR_OK) {
    return corrupt(c->version, number, note.why, err);
  }
  if (!json_is_object(object)) {
    json_decref(object);
    return corrupt(c->version, number, "not a JSON object", err);
  }
  if (json_array_append_new(c->actions, object) != 0) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  const char *kind;
  json_t *action;
  json_object_foreach(object, kind, action) {
    const char *wrong = see_action(c, kind, action);
    if (wrong != NULL) {
      return corrupt(c->version, number, wrong, err);
    }
  }
  return WEIR_OK;
}

/* In-commit timestamps are the protocol's; the other is what the writer's clock said. */
static int64_t said_time_us(const json_t *info) {
  int64_t ms = wi_delta_json_int(info, "inCommitTimestamp", INT64_MIN);
  if (ms == INT64_MIN) {
    ms = wi_delta_json_int(info, "timestamp", INT64_MIN);
  }
  bool fits = ms > INT64_MIN / 1000 && ms < INT64_MAX / 1000;
  return fits ? ms * 1000 : INT64_MIN;
}

static weir_status parse(int64_t version, const char *bytes, size_t n,
                         int64_t file_time_us, wi_commit *out, weir_error *err) {
  weir_status status = WEIR_OK;
  *out = (wi_commit){.version = version};
  wi_blake3_hex(bytes, n, out->digest);
  out->actions = json_array();
  if (out->actions == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  size_t number = 0;
  for (size_t at = 0; at < n;) {
    const char *end = memchr(bytes + at, '\n', n - at);
    size_t length = end == NULL ? n - at : (size_t)(end - (bytes + at));
    wi_str line = wi_str_trim((wi_str){bytes + at, length});
    number++;
    if (line.n > 0) {
      WI_CHECK(read_line(out, line, number, err));
    }
    at += length + 1;
  }
  int64_t said = said_time_us(out->commit_info);
  out->timestamp_us = said == INT64_MIN ? file_time_us : said;
done:
  if (status != WEIR_OK) {
    wi_commit_release(out);
  }
  return status;
}

weir_status wi_commit_parse(int64_t version, const char *bytes, size_t n, wi_commit *out,
                            weir_error *err) {
  return parse(version, bytes, n, 0, out, err);
}

weir_status wi_commit_read(wi_store *store, int64_t version, wi_commit *out,
                           weir_error *err) {
  weir_status status = WEIR_OK;
  char path[64];
  wi_buf bytes = WI_BUF_INIT;
  int64_t mtime_us = 0;
  *out = (wi_commit){.version = version};
  wi_log_commit_path(version, path);
  WI_CHECK(wi_store_read_timed(store, path, &bytes, &mtime_us, err));
  status = parse(version, wi_buf_text(&bytes), bytes.n, mtime_us, out, err);
  if (status == WEIR_E_LOG_CORRUPT) {
    wi_err_context(err, "table '%s'", wi_store_uri(store));
  }
done:
  wi_buf_release(&bytes);
  return status;
}

void wi_commit_release(wi_commit *commit) {
  json_decref(commit->actions);
  *commit = (wi_commit){.version = -1};
}

const char *wi_commit_info_text(const wi_commit *commit, const char *key) {
  return wi_delta_json_text(commit->commit_info, key);
}

int64_t wi_commit_txn(const wi_commit *commit, const char *app_id) {
  int64_t version = -1;
  for (size_t i = 0; i < json_array_size(commit->actions); i++) {
    const json_t *txn = wi_delta_json_get(json_array_get(commit->actions, i), "txn");
    const char *id = wi_delta_json_text(txn, "appId");
    if (id != NULL && strcmp(id, app_id) == 0) {
      version = wi_delta_json_int(txn, "version", -1);
    }
  }
  return version;
}
