/* Writing tables from streams. */
#include <stdlib.h>
#include <string.h>

#include "api/private.h"

#define WI_ORIGIN "api"

void weir_write_result_release(weir_write_result *result) {
  if (result == NULL) {
    return;
  }
  wi_free(result->uri);
  wi_free(result->snapshot_key);
  wi_free(result->app_id);
  memset(result, 0, sizeof(*result));
}

static const char *mode_name(const wi_write_report *report) {
  if (report->commit.end == WI_END_UNCHANGED) {
    return "unchanged";
  }
  switch (report->mode) {
    case WI_WRITE_CREATE:
      return "create";
    case WI_WRITE_APPEND:
      return "append";
    case WI_WRITE_REPLACE:
      return "replace";
    case WI_WRITE_OVERWRITE:
    case WI_WRITE_ADJUST:
    default:
      return "overwrite";
  }
}

static weir_status fill(const wi_write_report *report, const char *uri,
                        const weir_write_options *o, weir_write_result *out,
                        weir_error *err) {
  wi_buf key = WI_BUF_INIT;
  out->version = report->commit.version;
  out->timestamp_us = report->commit.timestamp_us;
  snprintf(out->mode, sizeof(out->mode), "%s", mode_name(report));
  out->app_version = o->app_id != NULL ? report->commit.app_version : -1;
  out->retries = report->commit.retries;
  out->rows = report->rows;
  out->files = report->files;
  out->bytes = report->bytes;
  out->removed_files = report->commit.removed_files;
  out->uri = wi_strdup(uri);
  wi_buf_fmt(&key, "%s@%lld", uri, (long long)out->version);
  out->snapshot_key = wi_buf_take(&key);
  wi_buf_release(&key);
  out->app_id = o->app_id != NULL ? wi_strdup(o->app_id) : NULL;
  bool whole = out->uri != NULL && out->snapshot_key != NULL &&
               (o->app_id == NULL || out->app_id != NULL);
  return whole ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

/* The log is UTF-8: other bytes would come back as another text. */
static weir_status utf8(const char *what, const char *text, weir_error *err) {
  if (text != NULL && !wi_utf8_valid(text, strlen(text))) {
    return WI_ERR(err, WEIR_E_USAGE, "%s is no UTF-8", what);
  }
  return WEIR_OK;
}

/* An id that is not read back as it was given would let a batch in twice or keep another out. */
static weir_status check_texts(const weir_write_options *o, weir_error *err) {
  WI_TRY(utf8("app_id", o->app_id, err));
  WI_TRY(utf8("the description", o->description, err));
  if (o->app_id != NULL && o->app_id[0] == '\0') {
    wi_err_hint(err, "leave app_id NULL for a write without an application transaction");
    return WI_ERR(err, WEIR_E_USAGE, "app_id is empty");
  }
  return WEIR_OK;
}

static int by_key(const void *a, const void *b) {
  return strcmp(((const wi_br_pair *)a)->key, ((const wi_br_pair *)b)->key);
}

static weir_status metadata(const weir_write_options *o, wi_br_pair **out,
                            weir_error *err) {
  *out = wi_alloc_array(o->n_metadata + 1, sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < o->n_metadata; i++) {
    const char *key = o->metadata[i].key;
    if (key == NULL || o->metadata[i].value == NULL) {
      return WI_ERR(err, WEIR_E_USAGE, "the commit metadata %zu has no key or no value",
                    i + 1);
    }
    if (strchr(key, '.') == NULL || wi_starts_with(key, "weir.") ||
        wi_starts_with(key, "delta.")) {
      return WI_ERR(err, WEIR_E_USAGE,
                    "the commit metadata key '%s' needs a prefix of yours, as team.%s",
                    key, key);
    }
    WI_TRY(utf8("a key of the commit metadata", key, err));
    WI_TRY(utf8("a value of the commit metadata", o->metadata[i].value, err));
    (*out)[i].key = key;
    (*out)[i].value = o->metadata[i].value;
  }
  qsort(*out, o->n_metadata, sizeof(**out), by_key);
  for (size_t i = 1; i < o->n_metadata; i++) {
    if (strcmp((*out)[i - 1].key, (*out)[i].key) == 0) {
      return WI_ERR(err, WEIR_E_USAGE, "the commit metadata has the key '%s' twice",
                    (*out)[i].key);
    }
  }
  return WEIR_OK;
}

typedef struct write_call {
  const char *function;
  wi_write_mode mode;
  weir_session *session;
  const char *uri;
  const weir_partition *partitions;
  size_t n_partitions;
} write_call;

static weir_status check_call(const write_call *call,
                              const struct ArrowArrayStream *stream,
                              const weir_write_options *o, weir_error *err) {
  const char *lacks = call->session == NULL                                ? "session"
                      : call->uri == NULL                                  ? "uri"
                      : call->n_partitions > 0 && call->partitions == NULL ? "partitions"
                      : o->n_metadata > 0 && o->metadata == NULL           ? "metadata"
                                                                           : NULL;
  if (lacks != NULL) {
    return wi_arg_null(call->function, lacks, err);
  }
  const char *f = call->function;
  WI_TRY(wi_arg_texts(f, "partition_by", o->partition_by, o->n_partition_by, err));
  WI_TRY(wi_arg_texts(f, "not_null", o->not_null, o->n_not_null, err));
  if (o->app_id != NULL && o->app_version < 0) {
    wi_err_hint(err, "count the batches from 0");
    return WI_ERR(err, WEIR_E_USAGE, "%s: an app_version of %lld", call->function,
                  (long long)o->app_version);
  }
  for (size_t i = 0; i < call->n_partitions; i++) {
    if (call->partitions[i].values == NULL) {
      return WI_ERR(err, WEIR_E_USAGE, "%s: partition %zu has no values", call->function,
                    i + 1);
    }
  }
  WI_TRY(check_texts(o, err));
  WI_TRY(wi_stream_check(stream, err));
  if (!call->session->session->sealed) {
    wi_err_hint(err, "call weir_session_seal first");
    return WI_ERR(err, WEIR_E_NOT_SEALED, "writing before the session is sealed");
  }
  return WEIR_OK;
}

/* Tells the session's listener how it ended. */
static void tell(const write_call *call, const char *uri, weir_status status,
                 const weir_write_result *result) {
  wi_log_sink *log = &call->session->session->log;
  wi_log_event event;
  if (status != WEIR_OK) {
    wi_tell_lease(log, uri, status);
    wi_log_begin(&event, log, WEIR_LOG_WARNING, "table", "write_failed");
    wi_log_place(&event, "uri", uri);
    wi_log_text(&event, "code", weir_error_code_name(status));
    wi_log_send(&event, "a write failed: %s", weir_error_code_name(status));
    return;
  }
  bool unchanged = strcmp(result->mode, "unchanged") == 0;
  wi_log_begin(&event, log, WEIR_LOG_INFO, "table",
               unchanged ? "write_unchanged" : "commit_put");
  wi_log_place(&event, "uri", uri);
  wi_log_int(&event, "version", result->version);
  wi_log_text(&event, "mode", result->mode);
  wi_log_int(&event, "rows", (int64_t)result->rows);
  wi_log_int(&event, "files", (int64_t)result->files);
  wi_log_int(&event, "bytes", (int64_t)result->bytes);
  wi_log_int(&event, "retries", result->retries);
  wi_log_send(&event, "%s: version %lld", result->mode, (long long)result->version);
}

static weir_status run_write(const write_call *call, const weir_write_options *o,
                             const char *uri, struct ArrowArrayStream *stream,
                             weir_write_result *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_write_request r = {0};
  wi_write_report report = {0};
  wi_br_pair *info = NULL;
  const char *const **partitions = NULL;
  WI_CHECK(metadata(o, &info, err));
  partitions = wi_alloc_array(call->n_partitions + 1, sizeof(*partitions));
  if (partitions == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (size_t i = 0; i < call->n_partitions; i++) {
    partitions[i] = call->partitions[i].values;
  }
  r.session = call->session->session;
  r.uri = uri;
  r.mode = call->mode;
  r.table.partition_by = o->partition_by;
  r.table.n_partition_by = o->n_partition_by;
  r.table.not_null = o->not_null;
  r.table.n_not_null = o->n_not_null;
  r.table.description = o->description;
  r.target_file_bytes = o->target_file_size;
  r.partitions = (const char *const *const *)partitions;
  r.n_partitions = call->n_partitions;
  r.app = (wi_app){.id = o->app_id, .version = o->app_version};
  r.info = info;
  r.n_info = o->n_metadata;
  WI_CHECK(wi_api_stop(r.session->engine, o->cancel, r.session->stop, &r.stop, err));
  wi_stop_scope before = wi_stop_enter(r.stop);
  status = wi_write_stream(&r, stream, &report, err);
  wi_stop_leave(before);
  wi_tell_commit(&r.session->log, uri, &report.commit);
  WI_CHECK(status);
  WI_CHECK(fill(&report, uri, o, out, err));
done:
  wi_stop_free(&r.stop);
  wi_free(info);
  wi_free(partitions);
  return status;
}

static weir_status write_table(const write_call *call, struct ArrowArrayStream *stream,
                               const weir_write_options *options, weir_write_result *out,
                               weir_error *err) {
  weir_write_options o;
  weir_status status = WEIR_OK;
  wi_buf canonical = WI_BUF_INIT;
  if (out == NULL) {
    status = wi_arg_null(call->function, "out", err);
    goto done;
  }
  memset(out, 0, sizeof(*out));
  WI_CHECK(wi_options_take(&o, sizeof(o), options, "weir_write_options", err));
  WI_CHECK(check_call(call, stream, &o, err));
  WI_CHECK(wi_uri_canonical(call->uri, NULL, &canonical, err));
  status = run_write(call, &o, wi_buf_text(&canonical), stream, out, err);
  tell(call, wi_buf_text(&canonical), status, out);
done:
  wi_arg_stream_release(stream);
  wi_buf_release(&canonical);
  return status;
}

weir_status weir_table_create(weir_session *session, const char *uri,
                              struct ArrowArrayStream *stream,
                              const weir_write_options *options, weir_write_result *out,
                              weir_error *err) {
  const write_call call = {__func__, WI_WRITE_CREATE, session, uri, NULL, 0};
  return write_table(&call, stream, options, out, err);
}

weir_status weir_table_append(weir_session *session, const char *uri,
                              struct ArrowArrayStream *stream,
                              const weir_write_options *options, weir_write_result *out,
                              weir_error *err) {
  const write_call call = {__func__, WI_WRITE_APPEND, session, uri, NULL, 0};
  return write_table(&call, stream, options, out, err);
}

weir_status weir_table_replace(weir_session *session, const char *uri,
                               const weir_partition *partitions, size_t n_partitions,
                               struct ArrowArrayStream *stream,
                               const weir_write_options *options, weir_write_result *out,
                               weir_error *err) {
  const write_call call = {__func__, WI_WRITE_REPLACE, session,
                           uri,      partitions,       n_partitions};
  return write_table(&call, stream, options, out, err);
}

weir_status weir_table_version(weir_session *session, const char *uri, int64_t *out,
                               weir_error *err) {
  weir_status status = WEIR_OK;
  weir_error first = WEIR_ERROR_INIT;
  wi_buf canonical = WI_BUF_INIT;
  wi_store *store = NULL;
  wi_log log = {0};
  wi_stop_scope before = wi_stop_here();
  WI_ARG(out, err);
  *out = -1;
  WI_ARG(session, err);
  WI_ARG(uri, err);
  wi_stop_enter(session->session->stop);
  WI_CHECK(wi_uri_canonical(uri, NULL, &canonical, &first));
  WI_CHECK(wi_session_store(session->session, wi_buf_text(&canonical), &store, &first));
  WI_CHECK(wi_log_list(store, &log, &first));
  *out = log.latest;
done:
  wi_stop_leave(before);
  wi_log_release(&log);
  wi_store_unref(&store);
  wi_buf_release(&canonical);
  return wi_err_except(status, WEIR_E_TABLE_MISSING, &first, err);
}
