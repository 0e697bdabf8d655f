/* One commit: composed from what was staged and what must go, put if nobody was first. */
#include <string.h>

#include <jansson.h>

#include "table/table.h"

#define WI_ORIGIN "commit"

#define BACKOFF_US 5000

/* ---- the version a write starts from ---- */

weir_status wi_base_open_at(wi_session *s, wi_store *store, int64_t version, wi_pin *base,
                            wb_snap **snap, weir_error *err) {
  memset(base, 0, sizeof(*base));
  *snap = NULL;
  weir_status status = wi_pin_resolve(s->engine, store, version, base, err);
  if (status == WEIR_OK) {
    status = wi_pin_complete(s->engine, store, base, snap, err);
  }
  if (status != WEIR_OK) {
    wi_pin_release(base);
  }
  return status;
}

weir_status wi_base_open(wi_session *s, wi_store *store, wi_pin *base, wb_snap **snap,
                         weir_error *err) {
  weir_error first = WEIR_ERROR_INIT;
  weir_status status = wi_base_open_at(s, store, -1, base, snap, &first);
  if (status == WEIR_E_TABLE_MISSING) {
    weir_error_release(&first);
    base->version = -1;
    return WEIR_OK;
  }
  wi_err_move(err, &first);
  return status;
}

bool wi_base_property(const wi_pin *base, const char *key, wi_buf *out) {
  json_t *all =
      json_loads(base->configuration != NULL ? base->configuration : "{}", 0, NULL);
  const char *text = json_string_value(json_object_get(all, key));
  bool found = text != NULL;
  wi_buf_clear(out);
  if (found) {
    wi_buf_str(out, text);
  }
  json_decref(all);
  return found;
}

weir_status wi_base_gate(const wi_pin *base, const char *owner, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf text = WI_BUF_INIT;
  bool found = wi_base_property(base, WI_OWNER_KEY, &text);
  if (owner == NULL && found) {
    wi_err_hint(err, "write to a table of your own; the view's own run writes this one");
    status = WI_ERR(err, WEIR_E_NOT_OURS, "'%s' belongs to %s, and only it writes there",
                    base->uri, wi_buf_text(&text));
    goto done;
  }
  if (owner != NULL && (!found || strcmp(wi_buf_text(&text), owner) != 0)) {
    wi_err_hint(err, "give the view another name or the project another warehouse");
    status =
        found ? WI_ERR(err, WEIR_E_NOT_OURS, "'%s' belongs to %s, not to %s", base->uri,
                       wi_buf_text(&text), owner)
              : WI_ERR(err, WEIR_E_NOT_OURS,
                       "'%s' is a table that weir did not make for %s", base->uri, owner);
    goto done;
  }
  WI_CHECK(wi_gate_write(base, err));
done:
  wi_buf_release(&text);
  return status;
}

/* ---- which live files go ---- */

static bool same_value(const json_t *values, const char *column, const char *wanted) {
  const char *have = json_string_value(json_object_get(values, column));
  if (have == NULL || wanted == NULL) {
    return have == NULL && wanted == NULL;
  }
  return strcmp(have, wanted) == 0;
}

static bool in_partitions(const wi_commit_request *r, const json_t *values) {
  for (size_t p = 0; p < r->n_partitions; p++) {
    bool all = true;
    for (size_t c = 0; c < r->n_partition_columns && all; c++) {
      all = same_value(values, r->partition_columns[c], r->partitions[p][c]);
    }
    if (all) {
      return true;
    }
  }
  return false;
}

static weir_status keep_partitions(const wi_commit_request *r, wi_removes *removes,
                                   weir_error *err) {
  size_t n = 0;
  for (size_t i = 0; i < removes->n; i++) {
    wi_remove *file = &removes->items[i];
    json_t *values = json_loads(
        file->partition_values != NULL ? file->partition_values : "{}", 0, NULL);
    if (values == NULL) {
      return WI_ERR(err, WEIR_E_LOG_CORRUPT, "'%s' has malformed partition values",
                    file->path);
    }
    bool goes = r->n_partitions == 0 || in_partitions(r, values);
    json_decref(values);
    wi_remove moved = *file;
    if (goes) {
      *file = removes->items[n];
      removes->items[n++] = moved;
    }
  }
  for (size_t i = n; i < removes->n; i++) {
    wi_free(removes->items[i].path);
    wi_free(removes->items[i].partition_values);
    wi_free(removes->items[i].dv);
  }
  removes->n = n;
  return WEIR_OK;
}

static weir_status list_removes(const wi_commit_request *r, const wb_snap *snap,
                                wi_removes *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *files = NULL;
  bool removes = r->mode == WI_WRITE_OVERWRITE || r->mode == WI_WRITE_REPLACE;
  if (snap == NULL || !removes) {
    return WEIR_OK;
  }
  WI_CHECK(wi_br_snap_files(r->session->engine, snap, &files, err));
  WI_CHECK(wi_removes_read(files, out, err));
  if (r->mode == WI_WRITE_REPLACE) {
    WI_CHECK(keep_partitions(r, out, err));
  }
done:
  wi_cursor_free(&files);
  return status;
}

/* What the table says once this commit is in it: a commit may lift the property. */
static bool is_append_only(const wi_commit_request *r, const wi_pin *base) {
  wi_buf text = WI_BUF_INIT;
  bool on = false;
  for (size_t i = 0; r->table != NULL && i < r->table->n_configuration; i++) {
    const wi_br_pair *one = &r->table->configuration[i];
    on = on ||
         (strcmp(one->key, "delta.appendOnly") == 0 && strcmp(one->value, "true") == 0);
  }
  if (r->table == NULL && base != NULL) {
    on = wi_base_property(base, "delta.appendOnly", &text) &&
         strcmp(wi_buf_text(&text), "true") == 0;
  }
  wi_buf_release(&text);
  return on;
}

static weir_status check_append_only(const wi_commit_request *r, const wi_pin *base,
                                     const wi_removes *removes, weir_error *err) {
  if (removes->n == 0 || !is_append_only(r, base)) {
    return WEIR_OK;
  }
  wi_err_hint(err,
              "take append_only (the property delta.appendOnly) off, if rows may go");
  return WI_ERR(err, WEIR_E_APPEND_ONLY,
                "'%s' is append-only, and this write would remove %zu of its files",
                wi_store_uri(r->store), removes->n);
}

/* ---- one attempt ---- */

typedef struct attempt {
  const wi_commit_request *request;
  bool joined;     /* appends to a table that somebody else created just now */
  wi_pin reopened; /* after a lost race */
  wb_snap *reopened_snap;
  const wi_pin *base;
  const wb_snap *snap;
  char commit_id[37];
  int64_t app_version;
} attempt;

static const char *mode_name(wi_write_mode mode) {
  return mode == WI_WRITE_APPEND ? "Append" : "Overwrite";
}

static weir_status partition_json(const wi_commit_request *r, wi_buf *out,
                                  weir_error *err) {
  wi_json j;
  wi_json_begin(&j, out);
  wi_json_array(&j);
  for (size_t i = 0; i < r->n_partition_columns; i++) {
    wi_json_text(&j, r->partition_columns[i]);
  }
  wi_json_array_end(&j);
  return wi_buf_check(out, err, WI_ORIGIN);
}

static weir_status compose(const attempt *a, int64_t now_us, wi_buf *out,
                           uint64_t *removed, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_commit_request *r = a->request;
  wi_removes removes = {0};
  wi_buf partition_by = WI_BUF_INIT;
  wi_commit_def def = {0};
  WI_CHECK(list_removes(r, a->snap, &removes, err));
  WI_CHECK(check_append_only(r, a->base, &removes, err));
  WI_CHECK(partition_json(r, &partition_by, err));
  def.operation = r->operation;
  def.mode = mode_name(r->mode);
  def.engine_info = WI_WRITER;
  def.partition_by_json = wi_buf_text(&partition_by);
  def.commit_id = a->commit_id;
  def.timestamp_ms = now_us / 1000;
  def.read_version = a->base != NULL ? a->base->version : -1;
  def.blind_append = r->mode == WI_WRITE_APPEND;
  def.info = r->info;
  def.n_info = r->n_info;
  def.app_id = r->app_id;
  def.app_version = a->app_version;
  def.table = a->joined ? NULL : r->table;
  def.with_protocol = r->with_protocol && !a->joined;
  def.adds = r->staged;
  def.removes = &removes;
  def.data_change = r->mode != WI_WRITE_ADJUST;
  WI_CHECK(wi_commit_compose(&def, out, err));
  *removed = removes.n;
done:
  wi_removes_release(&removes);
  wi_buf_release(&partition_by);
  return status;
}

static weir_status base_app_version(const attempt *a, int64_t *version, weir_error *err) {
  *version = -1;
  if (a->snap == NULL || a->request->app_id == NULL) {
    return WEIR_OK;
  }
  return wi_br_snap_txn(a->request->session->engine, a->snap, a->request->app_id, version,
                        err);
}

/* ---- after a lost race ---- */

/* Whether our application committed meanwhile, and if so what. */
static weir_status judge(const attempt *a, const wi_meanwhile *m, bool *ended,
                         wi_commit_outcome *out, weir_error *err) {
  const wi_commit_request *r = a->request;
  *ended = false;
  if (m->app_version >= 0 && m->app_version >= a->app_version) {
    json_t *info =
        json_loads(m->app_commit_info != NULL ? m->app_commit_info : "{}", 0, NULL);
    const char *key = json_string_value(json_object_get(info, "weir.result_key"));
    bool same = r->result_key != NULL && key != NULL && strcmp(key, r->result_key) == 0;
    out->end = same                    ? WI_END_SAME
               : r->result_key != NULL ? WI_END_SUPERSEDED
                                       : WI_END_UNCHANGED;
    /* Of that commit, not of what came after it: rows of others are not this result. */
    out->version = m->app_commit;
    out->timestamp_us = m->app_commit_us;
    out->app_version = m->app_version;
    json_decref(info);
    *ended = true;
    return WEIR_OK;
  }
  if (r->mode == WI_WRITE_ADJUST && m->data_change) {
    /* Its rows were checked as they were; put now, it would vouch for those that came. */
    wi_err_hint(err, "run again: the next run starts from the table as it is now");
    return WI_ERR(err, WEIR_E_CONFLICT, "'%s' got other rows while it was checked",
                  wi_store_uri(r->store));
  }
  if (r->mode == WI_WRITE_CREATE) {
    return WI_ERR(err, WEIR_E_TABLE_EXISTS, "somebody created '%s' meanwhile",
                  wi_store_uri(r->store));
  }
  return WEIR_OK;
}

/* Is the table that came first the one that this write would have created? */
static weir_status join_created(attempt *a, weir_error *err) {
  const wi_commit_request *r = a->request;
  wi_buf partition_by = WI_BUF_INIT;
  weir_status status = partition_json(r, &partition_by, err);
  a->joined = status == WEIR_OK && r->mode == WI_WRITE_APPEND &&
              strcmp(a->base->schema_json, r->table->schema_json) == 0 &&
              strcmp(a->base->partition_columns, wi_buf_text(&partition_by)) == 0;
  wi_buf_release(&partition_by);
  return status;
}

/* The next attempt stands on the very version that was judged: what came after that is found at
 * the next put, and judged then. */
static weir_status reopen(attempt *a, int64_t judged, weir_error *err) {
  const wi_commit_request *r = a->request;
  char before[WI_DIGEST_HEX] = "";
  if (a->base != NULL) {
    memcpy(before, a->base->schema_digest, sizeof(before));
  }
  bool had_base = a->base != NULL;
  wi_br_snap_free(r->session->engine, &a->reopened_snap);
  wi_pin_release(&a->reopened);
  WI_TRY(wi_base_open_at(r->session, r->store, judged, &a->reopened, &a->reopened_snap,
                         err));
  a->base = &a->reopened;
  a->snap = a->reopened_snap;
  WI_TRY(wi_base_gate(a->base, r->owner, err));
  bool as_it_is = r->table == NULL || a->joined; /* the schema is the table's own */
  bool moved = had_base && as_it_is && strcmp(before, a->base->schema_digest) != 0;
  if (!had_base && r->table != NULL) {
    WI_TRY(join_created(a, err));
  }
  if (moved || (!had_base && r->table != NULL && !a->joined)) {
    wi_err_hint(err, "run again: the next run starts from the table as it is now");
    return WI_ERR(err, WEIR_E_CONFLICT,
                  "'%s' got another schema while this write was prepared",
                  wi_store_uri(r->store));
  }
  return WEIR_OK;
}

/* Spreads writers that lost to each other. */
static void back_off(uint32_t attempt_number, const char *commit_id) {
  uint64_t salt = 0;
  for (const char *p = commit_id; *p != '\0'; p++) {
    salt = salt * 31 + (unsigned char)*p;
  }
  wi_sleep_us(
      (uint32_t)(BACKOFF_US * (uint64_t)(attempt_number + 1) + salt % BACKOFF_US));
}

static weir_status lost(attempt *a, int64_t base_version, bool *ended,
                        wi_commit_outcome *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_meanwhile m = {0};
  WI_CHECK(
      wi_meanwhile_read(a->request->store, base_version, a->request->app_id, &m, err));
  WI_CHECK(judge(a, &m, ended, out, err));
  if (!*ended) {
    WI_CHECK(reopen(a, m.latest, err));
  }
done:
  wi_meanwhile_release(&m);
  return status;
}

static weir_status first_version(attempt *a, bool *ended, wi_commit_outcome *out,
                                 weir_error *err) {
  const wi_commit_request *r = a->request;
  int64_t have = -1;
  *ended = false;
  WI_TRY(base_app_version(a, &have, err));
  a->app_version = r->app_version >= 0 ? r->app_version : have + 1;
  if (r->app_id != NULL && r->app_version >= 0 && have >= r->app_version) {
    out->end = WI_END_UNCHANGED;
    out->version = a->base->version;
    out->app_version = have;
    *ended = true;
  }
  return WEIR_OK;
}

weir_status wi_table_commit(const wi_commit_request *r, wi_commit_outcome *out,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  attempt a = {0};
  wi_buf bytes = WI_BUF_INIT;
  bool ended = false;
  memset(out, 0, sizeof(*out));
  a.request = r;
  a.base = r->base;
  a.snap = r->base_snap;
  wi_uuid7(a.commit_id);
  WI_CHECK(first_version(&a, &ended, out, err));
  for (uint32_t tried = 0; !ended; tried++) {
    wi_put_result put = WI_PUT_LOST;
    int64_t base_version = a.base != NULL ? a.base->version : -1;
    int64_t now = wi_now_us();
    wi_buf_clear(&bytes);
    WI_CHECK(compose(&a, now, &bytes, &out->removed_files, err));
    WI_CHECK(wi_commit_put(r->store, base_version + 1, a.commit_id, &bytes, &put, err));
    if (put == WI_PUT_DONE) {
      out->end = WI_END_COMMITTED;
      out->version = base_version + 1;
      out->timestamp_us = now / 1000 * 1000;
      out->app_version = a.app_version;
      out->retries = tried;
      break;
    }
    if (tried >= r->max_retries) {
      wi_err_hint(err, "run again");
      status =
          WI_ERR(err, WEIR_E_CONFLICT, "'%s': %u commits in a row were lost to others",
                 wi_store_uri(r->store), tried + 1);
      goto done;
    }
    back_off(tried, a.commit_id);
    WI_CHECK(lost(&a, base_version, &ended, out, err));
  }
done:
  if (out->end != WI_END_COMMITTED) {
    out->removed_files = 0;
  }
  wi_br_snap_free(r->session->engine, &a.reopened_snap);
  wi_pin_release(&a.reopened);
  wi_buf_release(&bytes);
  return status;
}
