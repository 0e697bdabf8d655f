/* One commit: its lines as JSON, and what is asked of them most. */
#include <inttypes.h>
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

static void see_file(wi_commit *c, const wi_delta_action *a) {
  if (a->kind == WI_DELTA_CDC) {
    c->cdcs++;
    return;
  }
  if (a->kind == WI_DELTA_ADD) {
    c->adds++;
    c->add_bytes += a->as.file.size > 0 ? (uint64_t)a->as.file.size : 0;
  } else {
    c->removes++;
  }
  c->data_change = c->data_change || a->as.file.data_change;
}

static void see_action(wi_commit *c, const wi_delta_action *a) {
  if (wi_delta_is_file(a->kind)) {
    see_file(c, a);
  } else if (a->kind == WI_DELTA_COMMIT_INFO) {
    c->commit_info = a->body;
  } else if (a->kind == WI_DELTA_METADATA) {
    c->metadata = a->body;
  } else if (a->kind == WI_DELTA_PROTOCOL) {
    c->protocol = a->body;
  }
}

/* What is wrong with the line; *files: it is of files alone. */
static const char *see_line(wi_commit *c, json_t *line, bool *files) {
  const char *name;
  json_t *body;
  *files = json_object_size(line) > 0;
  json_object_foreach(line, name, body) {
    wi_delta_action action;
    const char *wrong = wi_delta_action_read(name, body, &action);
    if (wrong != NULL) {
      return wrong;
    }
    see_action(c, &action);
    *files = *files && wi_delta_is_file(action.kind);
  }
  return NULL;
}

static weir_status load_line(const wi_commit *c, wi_str line, size_t number, json_t **out,
                             bool *inexact, weir_error *err) {
  wi_delta_json_note note;
  weir_status status = wi_delta_json_load(line.p, line.n, out, &note);
  if (status == WEIR_E_NO_MEMORY) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (status != WEIR_OK) {
    return corrupt(c->version, number, note.why, err);
  }
  if (!json_is_object(*out)) {
    json_decref(*out);
    return corrupt(c->version, number, "not a JSON object", err);
  }
  *inexact = note.inexact;
  return WEIR_OK;
}

static weir_status read_line(wi_commit *c, wi_str line, size_t number, bool keep_files,
                             weir_error *err) {
  json_t *object = NULL;
  bool files = false, inexact = false;
  const json_t *metadata = c->metadata, *protocol = c->protocol;
  WI_TRY(load_line(c, line, number, &object, &inexact, err));
  const char *wrong = see_line(c, object, &files);
  c->n_lines++;
  if (files && !keep_files) {
    json_decref(object);
  } else if (json_array_append_new(c->actions, object) != 0) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  c->inexact |= inexact && (c->metadata != metadata || c->protocol != protocol);
  return wrong == NULL ? WEIR_OK : corrupt(c->version, number, wrong, err);
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

static weir_status parse(wi_str bytes, bool keep_files, wi_commit *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_blake3_hex(bytes.p, bytes.n, out->digest);
  out->actions = json_array();
  if (out->actions == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  size_t number = 0;
  for (size_t at = 0; at < bytes.n;) {
    const char *end = memchr(bytes.p + at, '\n', bytes.n - at);
    size_t length = end == NULL ? bytes.n - at : (size_t)(end - (bytes.p + at));
    wi_str line = wi_str_trim((wi_str){bytes.p + at, length});
    number++;
    if (line.n > 0) {
      WI_CHECK(read_line(out, line, number, keep_files, err));
    }
    at += length + 1;
  }
  int64_t said = said_time_us(out->commit_info);
  out->timestamp_us = said == INT64_MIN ? out->timestamp_us : said;
done:
  if (status != WEIR_OK) {
    wi_commit_release(out);
  }
  return status;
}

weir_status wi_commit_parse(int64_t version, const char *bytes, size_t n, wi_commit *out,
                            weir_error *err) {
  *out = (wi_commit){.version = version};
  return parse((wi_str){bytes, n}, true, out, err);
}

weir_status wi_commit_parse_head(int64_t version, const char *bytes, size_t n,
                                 wi_commit *out, weir_error *err) {
  *out = (wi_commit){.version = version};
  return parse((wi_str){bytes, n}, false, out, err);
}

static weir_status read_commit(wi_store *store, int64_t version, bool keep_files,
                               wi_commit *out, weir_error *err) {
  weir_status status = WEIR_OK;
  char path[64];
  wi_buf bytes = WI_BUF_INIT;
  *out = (wi_commit){.version = version};
  wi_log_commit_path(version, path);
  WI_CHECK(wi_store_read_timed(store, path, &bytes, &out->timestamp_us, err));
  status = parse((wi_str){wi_buf_text(&bytes), bytes.n}, keep_files, out, err);
  if (status == WEIR_E_LOG_CORRUPT) {
    wi_err_context(err, "table '%s'", wi_store_uri(store));
  }
  if (status == WEIR_OK && out->n_lines == 0) { /* every reader takes it as a commit */
    wi_log_note_empty(store, version);
  }
done:
  wi_buf_release(&bytes);
  return status;
}

weir_status wi_commit_read(wi_store *store, int64_t version, wi_commit *out,
                           weir_error *err) {
  return read_commit(store, version, true, out, err);
}

weir_status wi_commit_read_head(wi_store *store, int64_t version, wi_commit *out,
                                weir_error *err) {
  return read_commit(store, version, false, out, err);
}

weir_status wi_commit_find_head(wi_store *store, int64_t version, wi_commit *out,
                                bool *there, weir_error *err) {
  weir_error failed = WEIR_ERROR_INIT;
  weir_status status = wi_commit_read_head(store, version, out, &failed);
  *there = status == WEIR_OK;
  return wi_err_except(status, WEIR_E_NOT_FOUND, &failed, err);
}

weir_status wi_commit_find_mark(wi_store *store, int64_t version, wi_commit_mark *out,
                                weir_error *err) {
  char path[64];
  wi_buf bytes = WI_BUF_INIT;
  weir_error failed = WEIR_ERROR_INIT;
  *out = (wi_commit_mark){0};
  wi_log_commit_path(version, path);
  weir_status status = wi_store_read(store, path, &bytes, &failed);
  if (status == WEIR_OK) {
    out->there = true;
    out->says = wi_str_trim((wi_str){wi_buf_text(&bytes), bytes.n}).n > 0;
    wi_blake3_hex(wi_buf_text(&bytes), bytes.n, out->digest);
  }
  wi_buf_release(&bytes);
  return wi_err_except(status, WEIR_E_NOT_FOUND, &failed, err);
}

bool wi_commit_mark_other(const wi_commit_mark *mark, const char *digest) {
  return mark->there && mark->says && strcmp(mark->digest, digest) != 0;
}

weir_status wi_commit_check(wi_store *store, int64_t version, const char *digest,
                            weir_error *err) {
  wi_commit_mark mark;
  if (version < 0 || digest[0] == '\0') {
    return WEIR_OK;
  }
  WI_TRY(wi_commit_find_mark(store, version, &mark, err));
  if (!wi_commit_mark_other(&mark, digest)) {
    return WEIR_OK;
  }
  wi_err_hint(err, "run again: the next run starts from the table as it is now");
  return WI_ERR(err, WEIR_E_CONFLICT,
                "version %" PRId64
                " of '%s' is not the one that was read any more: somebody removed the "
                "table, or put another one there",
                version, wi_store_uri(store));
}

void wi_commit_release(wi_commit *commit) {
  json_decref(commit->actions);
  *commit = (wi_commit){.version = -1};
}

const char *wi_commit_info_text(const wi_commit *commit, const char *key) {
  return wi_delta_json_text(commit->commit_info, key);
}

void wi_commit_writer(const wi_commit *commit, char *out, size_t size) {
  const char *name = wi_commit_info_text(commit, "engineInfo");
  const char *text = name != NULL ? name : "an unnamed writer";
  (void)wi_text_fit(out, size, text, strlen(text));
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
