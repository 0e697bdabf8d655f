/* What one write is to a transaction: what it reads and takes away, and on which version it stands.
 * The loop that commits is src/delta/txn.c. */
#include <string.h>

#include <jansson.h>

#include "delta/txn.h"
#include "table/table.h"

#define WI_ORIGIN "commit"

#define CHECKPOINT_EVERY 20

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
    bool goes = r->partitions.n == 0 || wi_partitions_have(&r->partitions, values);
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
  wi_removes_release(out);
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

/* ---- what an attempt stands on ---- */

typedef struct standing {
  const wi_commit_request *request;
  wi_pin reopened; /* after a lost race */
  wb_snap *reopened_snap;
  wi_removes removes;
  wi_buf partition_by; /* JSON array */
} standing;

static void standing_release(standing *s) {
  wi_br_snap_free(s->request->session->engine, &s->reopened_snap);
  wi_pin_release(&s->reopened);
  wi_removes_release(&s->removes);
  wi_buf_release(&s->partition_by);
}

static weir_status partition_json(standing *s, weir_error *err) {
  wi_json j;
  wi_json_begin(&j, &s->partition_by);
  wi_json_array(&j);
  for (size_t i = 0; i < s->request->partitions.n_columns; i++) {
    wi_json_text(&j, s->request->partitions.columns[i]);
  }
  wi_json_array_end(&j);
  return wi_buf_check(&s->partition_by, err, WI_ORIGIN);
}

/* Can what was staged go into the table as it is now? `*joins`: it is the table that this write
 * would have created. */
static bool still_fits(const standing *s, const wi_judged *judged, bool *joins) {
  const wi_commit_request *r = s->request;
  const wi_pin *now = &s->reopened;
  *joins = false;
  if (r->base == NULL) {
    bool same = r->table != NULL &&
                strcmp(now->schema_json, r->table->schema_json) == 0 &&
                strcmp(now->partition_columns, wi_buf_text(&s->partition_by)) == 0;
    *joins = r->mode == WI_WRITE_APPEND && same;
    return *joins || r->table == NULL;
  }
  bool as_before = strcmp(now->schema_digest, r->base->schema_digest) == 0 &&
                   strcmp(now->partition_columns, r->base->partition_columns) == 0;
  /* What this write says of the table was made from what it saw: others' changes would go. */
  bool takes_back = r->table != NULL && judged->met == WI_MET_METADATA;
  return as_before && !takes_back;
}

static weir_status reopen(standing *s, int64_t version, const wi_judged *judged,
                          bool *joins, weir_error *err) {
  const wi_commit_request *r = s->request;
  wi_br_snap_free(r->session->engine, &s->reopened_snap);
  wi_pin_release(&s->reopened);
  WI_TRY(wi_base_open_at(r->session, r->store, version, &s->reopened, &s->reopened_snap,
                         err));
  WI_TRY(wi_base_gate(&s->reopened, r->owner, err));
  if (!still_fits(s, judged, joins)) {
    wi_err_hint(err, "run again: the next run starts from the table as it is now");
    return WI_ERR(err, WEIR_E_CONFLICT,
                  "'%s' got another schema, partitioning or properties while this write "
                  "was prepared",
                  wi_store_uri(r->store));
  }
  return WEIR_OK;
}

static weir_status stand_on(void *ctx, int64_t version, const wi_judged *judged,
                            wi_txn_base *out, weir_error *err) {
  standing *s = ctx;
  const wi_commit_request *r = s->request;
  const wb_snap *snap = r->base_snap;
  const wi_pin *base = r->base;
  bool joins = false;
  if (judged != NULL) {
    WI_TRY(reopen(s, version, judged, &joins, err));
    base = &s->reopened;
    snap = s->reopened_snap;
  }
  WI_TRY(list_removes(r, snap, &s->removes, err));
  WI_TRY(check_append_only(r, base, &s->removes, err));
  out->table = joins ? NULL : r->table;
  out->with_protocol = r->with_protocol && !joins;
  out->removes = &s->removes;
  return WEIR_OK;
}

/* ---- the transaction ---- */

/* The version of the application to write; UNCHANGED when the base has it already. */
static weir_status first_version(const wi_commit_request *r, int64_t *version,
                                 wi_commit_outcome *out, weir_error *err) {
  int64_t have = -1;
  if (r->app.id != NULL && r->base_snap != NULL) {
    WI_TRY(wi_br_snap_txn(r->session->engine, r->base_snap, r->app.id, &have, err));
  }
  *version = r->app.version >= 0 ? r->app.version : have + 1;
  if (r->app.id != NULL && r->app.version >= 0 && have >= r->app.version) {
    *out = (wi_commit_outcome){.end = WI_END_UNCHANGED,
                               .version = r->base->version,
                               .timestamp_us = r->base->timestamp_us,
                               .app_version = have};
  }
  return WEIR_OK;
}

static const char *info_text(const wi_commit_request *r, const char *key) {
  for (size_t i = 0; i < r->n_info; i++) {
    if (strcmp(r->info[i].key, key) == 0) {
      return r->info[i].value;
    }
  }
  return NULL;
}

static wi_than than(void *ctx, const json_t *their_info) {
  const wi_commit_request *r = ctx;
  return wi_inputs_than(json_string_value(json_object_get(their_info, WI_INPUTS_KEY)),
                        info_text(r, WI_INPUTS_KEY));
}

static wi_claim claim_of(const wi_commit_request *r, int64_t app_version) {
  wi_claim c = {.create = r->mode == WI_WRITE_CREATE, .app = r->app};
  c.app.version = app_version;
  c.app.than = than;
  c.app.ctx = (void *)(uintptr_t)r;
  if (r->mode == WI_WRITE_ADJUST) {
    c.reads.kind = WI_SCOPE_ALL; /* all rows were checked as they were */
  } else if (r->mode == WI_WRITE_OVERWRITE ||
             (r->mode == WI_WRITE_REPLACE && r->partitions.n == 0)) {
    c.takes.kind = WI_SCOPE_ALL;
  } else if (r->mode == WI_WRITE_REPLACE) {
    c.takes = (wi_scope){WI_SCOPE_PARTITIONS, NULL, &r->partitions};
  }
  return c;
}

weir_status wi_table_commit(const wi_commit_request *r, wi_commit_outcome *out,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  standing s = {.request = r};
  int64_t app_version = -1;
  *out = (wi_commit_outcome){.version = -1, .app_version = -1};
  WI_CHECK(first_version(r, &app_version, out, err));
  if (out->end == WI_END_UNCHANGED) {
    goto done;
  }
  WI_CHECK(partition_json(&s, err));
  const wi_commit_def def = {.operation = r->operation,
                             .mode = r->mode == WI_WRITE_APPEND ? "Append" : "Overwrite",
                             .engine_info = WI_WRITER,
                             .partition_by_json = wi_buf_text(&s.partition_by),
                             .info = r->info,
                             .n_info = r->n_info,
                             .adds = r->staged,
                             .data_change = r->mode != WI_WRITE_ADJUST};
  wi_txn txn = {.store = r->store,
                .read_version = r->base != NULL ? r->base->version : -1,
                .claim = claim_of(r, app_version),
                .def = &def,
                .host = {stand_on, &s},
                .limits = WI_TXN_LIMITS_INIT};
  txn.limits.lost = r->max_retries;
  WI_CHECK(wi_txn_commit(&txn, out, err));
done:
  standing_release(&s);
  return status;
}

bool wi_commit_checkpoint(wi_session *s, wi_store *store, int64_t version,
                          weir_error *err) {
  if (version == 0 || version % CHECKPOINT_EVERY != 0) {
    return true;
  }
  return wi_delta_checkpoint(s->engine, store, version, err) == WEIR_OK;
}
