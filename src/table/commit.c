/* What one write is to a transaction: what it reads and takes away, and on which version it stands.
 * The loop that commits is src/delta/txn.c. */
#include <string.h>

#include <jansson.h>

#include "delta/txn.h"
#include "table/table.h"

#define WI_ORIGIN "commit"

/* ---- the version a write starts from ---- */

weir_status wi_base_open(wi_session *s, wi_store *store, wi_pin *base, wi_snap **snap,
                         weir_error *err) {
  weir_error first = WEIR_ERROR_INIT;
  weir_status status = wi_pin_at(s->engine, store, -1, base, snap, &first);
  return wi_err_except(status, WEIR_E_TABLE_MISSING, &first, err);
}

/* "*" stands for any project: several may share one warehouse, and then its records. */
static bool is_owner(const char *has, const char *owner) {
  return owner[0] == '*' ? wi_ends_with(has, owner + 1) : strcmp(has, owner) == 0;
}

weir_status wi_base_gate(const wi_pin *base, const char *owner, weir_error *err) {
  const char *has = wi_meta_property(base->meta, WI_OWNER_KEY);
  if (owner == NULL && has != NULL) {
    wi_err_hint(err, "write to a table of your own; the view's own run writes this one");
    return WI_ERR(err, WEIR_E_NOT_OURS, "'%s' belongs to %s, and only it writes there",
                  base->uri, has);
  }
  if (owner != NULL && (has == NULL || !is_owner(has, owner))) {
    wi_err_hint(err, "give the view another name or the project another warehouse");
    return has != NULL ? WI_ERR(err, WEIR_E_NOT_OURS, "'%s' belongs to %s, not to %s",
                                base->uri, has, owner)
                       : WI_ERR(err, WEIR_E_NOT_OURS,
                                "'%s' is a table that weir did not make for %s",
                                base->uri, owner);
  }
  return wi_gate_write(base, err);
}

/* ---- which live files go ---- */

static weir_status keep_partitions(const wi_commit_request *r, wi_removes *removes,
                                   weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf key = WI_BUF_INIT;
  size_t n = 0;
  for (size_t i = 0; i < removes->n; i++) {
    wi_remove *file = &removes->items[i];
    wi_buf_clear(&key);
    WI_CHECK(wi_partition_key_text(r->partitioning, file->partition_values, file->path,
                                   &key, err));
    if (wi_map_has(r->partitions, wi_buf_text(&key))) {
      wi_remove moved = *file;
      *file = removes->items[n];
      removes->items[n++] = moved;
    }
  }
  wi_removes_cut(removes, n);
done:
  wi_buf_release(&key);
  return status;
}

static weir_status list_removes(const wi_commit_request *r, const wi_snap *snap,
                                wi_removes *out, weir_error *err) {
  wi_removes_release(out);
  if (snap == NULL || (r->mode != WI_WRITE_OVERWRITE && r->mode != WI_WRITE_REPLACE)) {
    return WEIR_OK;
  }
  WI_TRY(wi_snap_live(snap, out, err));
  return r->partitions != NULL ? keep_partitions(r, out, err) : WEIR_OK;
}

/* By what the table says once this commit is in it: a commit may lift the property. */
static weir_status check_append_only(const wi_commit_request *r, const wi_meta *then,
                                     const wi_removes *removes, weir_error *err) {
  if (removes->n == 0 || then == NULL || !wi_meta_is_on(then, "delta.appendOnly")) {
    return WEIR_OK;
  }
  wi_err_hint(err, "take append_only (property delta.appendOnly) off, if rows may go");
  return WI_ERR(err, WEIR_E_APPEND_ONLY,
                "'%s' is append-only, and this write would remove %zu of its files",
                wi_store_uri(r->store), removes->n);
}

/* ---- what an attempt stands on ---- */

typedef struct standing {
  const wi_commit_request *request;
  wi_pin reopened; /* after a lost race */
  wi_snap *reopened_snap;
  wi_meta *is, *to_be; /* NULL: the pin's; as it is */
  wi_removes removes;
} standing;

static void standing_release(standing *s) {
  wi_snap_unref(&s->reopened_snap);
  wi_pin_release(&s->reopened);
  wi_meta_unref(&s->is);
  wi_meta_unref(&s->to_be);
  wi_removes_release(&s->removes);
}

/* Whether what was staged can go into the table as it is now. What this write itself says of the
 * table is made to it as it is; but where it says which columns there are, a column of others that
 * came meanwhile would go without anybody having seen it. */
static weir_status check_fit(const standing *s, weir_error *err) {
  const wi_commit_request *r = s->request;
  unsigned breaks = WI_META_BREAKS;
  if (r->edit != NULL && r->edit->how == WI_META_COLUMNS_REPLACE) {
    breaks |= WI_META_COLUMNS_GREW;
  }
  if ((wi_meta_diff(r->base->meta, s->reopened.meta) & breaks) == 0) {
    return WEIR_OK;
  }
  wi_err_hint(err, "run again: the next run starts from the table as it is now");
  return WI_ERR(err, WEIR_E_CONFLICT,
                "'%s' got another schema or partitioning while this write was prepared",
                wi_store_uri(r->store));
}

/* The table was to be new, and now there is one: an append goes into it if it is what this write
 * would have made, as far as its rows can tell. */
static weir_status check_join(const standing *s, weir_error *err) {
  const wi_commit_request *r = s->request;
  const unsigned breaks = WI_META_COLUMNS_BROKE | WI_META_PARTITIONING;
  wi_meta *mine = NULL;
  bool joins = false;
  if (r->edit != NULL) {
    WI_TRY(wi_meta_apply(NULL, r->edit, &mine, err));
    joins = r->mode == WI_WRITE_APPEND &&
            (wi_meta_diff(mine, s->reopened.meta) & breaks) == 0;
    wi_meta_unref(&mine);
  }
  if (joins) {
    return WEIR_OK;
  }
  wi_err_hint(err, "run again: the next run starts from the table as it is now");
  return WI_ERR(err, WEIR_E_CONFLICT, "somebody created '%s' meanwhile, as another table",
                wi_store_uri(r->store));
}

static weir_status reopen(standing *s, int64_t version, weir_error *err) {
  const wi_commit_request *r = s->request;
  wi_snap_unref(&s->reopened_snap);
  wi_pin_release(&s->reopened);
  WI_TRY(wi_pin_at(r->session->engine, r->store, version, &s->reopened, &s->reopened_snap,
                   err));
  WI_TRY(wi_base_gate(&s->reopened, r->owner, err));
  return r->base != NULL ? check_fit(s, err) : check_join(s, err);
}

/* A change is made to what was written, with all that a snapshot does not tell. */
static weir_status make_edit(standing *s, const wi_pin *base, weir_error *err) {
  const wi_commit_request *r = s->request;
  wi_meta *told = base != NULL ? base->meta : NULL;
  WI_TRY(wi_meta_apply(told, r->edit, &s->to_be, err));
  if (told == NULL || s->to_be == told) {
    return WEIR_OK;
  }
  wi_meta_unref(&s->to_be);
  WI_TRY(wi_meta_written(r->store, base->version, told, &s->is, err));
  return wi_meta_apply(s->is, r->edit, &s->to_be, err);
}

static weir_status stand_on(void *ctx, int64_t version, const wi_judged *judged,
                            wi_txn_base *out, weir_error *err) {
  standing *s = ctx;
  const wi_commit_request *r = s->request;
  const wi_snap *snap = r->base_snap;
  const wi_pin *base = r->base;
  /* Before the first put, or after one that was lost for certain: nothing of ours is there. */
  WI_TRY(wi_stop_check(r->stop, err));
  if (judged != NULL) {
    WI_TRY(reopen(s, version, err));
    base = &s->reopened;
    snap = s->reopened_snap;
  }
  wi_meta_unref(&s->is);
  wi_meta_unref(&s->to_be);
  if (r->edit != NULL && (base == NULL || r->base != NULL)) {
    WI_TRY(make_edit(s, base, err));
  }
  out->is = s->is != NULL || base == NULL ? s->is : base->meta;
  out->to_be = s->to_be;
  out->digest = base != NULL ? base->commit_digest : NULL;
  WI_TRY(list_removes(r, snap, &s->removes, err));
  WI_TRY(check_append_only(r, s->to_be != NULL ? s->to_be : out->is, &s->removes, err));
  out->removes = &s->removes;
  return WEIR_OK;
}

/* ---- the transaction ---- */

/* The version of the application to write; UNCHANGED when the base has it already. */
static weir_status first_version(const wi_commit_request *r, int64_t *version,
                                 wi_commit_outcome *out, weir_error *err) {
  int64_t have = -1;
  if (r->app.id != NULL && r->base_snap != NULL) {
    WI_TRY(wi_snap_txn(r->base_snap, r->app.id, &have, err));
  }
  if (r->app.version < 0 && have == INT64_MAX) { /* ours count from 0: it is not ours */
    return WI_ERR(err, WEIR_E_NOT_OURS,
                  "'%s' has the last version there is of the application '%s'",
                  wi_store_uri(r->store), r->app.id);
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

static wi_claim claim_of(const wi_commit_request *r, int64_t app_version) {
  wi_claim c = {.create = r->mode == WI_WRITE_CREATE, .app = r->app};
  c.app.version = app_version;
  if (r->mode == WI_WRITE_ADJUST) {
    c.reads.kind = WI_SCOPE_ALL; /* all rows were checked as they were */
  } else if (r->partitions != NULL) {
    c.takes = (wi_scope){WI_SCOPE_PARTITIONS, r->partitions, r->partitioning};
  } else if (r->mode == WI_WRITE_OVERWRITE || r->mode == WI_WRITE_REPLACE) {
    c.takes.kind = WI_SCOPE_ALL;
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
  const wi_commit_def def = {.operation = r->operation,
                             .mode = r->mode == WI_WRITE_APPEND ? "Append" : "Overwrite",
                             .engine_info = WI_WRITER,
                             .info = r->info,
                             .n_info = r->n_info,
                             .adds = r->staged,
                             .data_change = r->mode != WI_WRITE_ADJUST};
  wi_txn txn = {.store = r->store,
                .read_version = r->base != NULL ? r->base->version : -1,
                .claim = claim_of(r, app_version),
                .def = &def,
                .host = {stand_on, &s},
                .limits = WI_TXN_LIMITS_INIT,
                .stop = r->stop};
  txn.limits.lost = r->max_retries;
  WI_CHECK(wi_txn_commit(&txn, out, err));
done:
  standing_release(&s);
  return status;
}
