/* Rows from an Arrow stream into a table: create, append, replace partitions. */
#include <stdlib.h>
#include <string.h>

#include "nanoarrow/nanoarrow.h"
#include "table/table.h"

#define WI_ORIGIN "table"

#define WRITE_SCHEMA "weir_write"
#define MAX_RETRIES  20

/* What one call holds until it ends. */
typedef struct write_job {
  const wi_write_request *r;
  wi_store *store;
  wi_pin base;
  wi_snap *base_snap;
  struct ArrowSchema given, target;
  bool widened;                   /* target has columns that the table lacks */
  const char *const *partitioned; /* by these columns: of the request, or the table's */
  size_t n_partitioned;
  wi_partitioning *partitioning; /* of REPLACE, with the keys of what goes */
  wi_map partitions;
  struct {
    char id[37];     /* names its folder and its late-bound input */
    char prefix[48]; /* the folder below the table, ending in '/' */
    bool first;      /* the table has no folder yet */
    wi_lease *lease; /* from before the first file is staged */
    wi_lent *rows;
  } work;
  wb_bind *bind;
  wb_plan *plan;
  wi_gate *gate;
  wi_staged staged;
} write_job;

static void job_release(write_job *j) {
  wi_engine *engine = j->r->session->engine;
  wi_stream_recall(&j->work.rows);
  wi_staged_release(&j->staged);
  wi_lease_release(&j->work.lease);
  wi_gate_free(&j->gate);
  wi_session_undeclare(j->r->session, WRITE_SCHEMA, j->work.id);
  wi_br_plan_free(engine, &j->plan);
  wi_br_bind_free(engine, &j->bind);
  wi_snap_unref(&j->base_snap);
  wi_pin_release(&j->base);
  wi_schema_drop(&j->given);
  wi_schema_drop(&j->target);
  wi_partitioning_free(&j->partitioning);
  wi_map_release(&j->partitions);
  wi_store_unref(&j->store);
}

/* ---- the table's schema and the plan that brings the rows into it ---- */

static const struct ArrowSchema *column_of(const struct ArrowSchema *schema,
                                           const char *name) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (strcmp(schema->children[i]->name, name) == 0) {
      return schema->children[i];
    }
  }
  return NULL;
}

static weir_status new_table_schema(write_job *j, weir_error *err) {
  const wi_new_table *t = &j->r->table;
  WI_TRY(wi_typemap(&j->given, t->not_null, t->n_not_null, &j->target, err));
  for (size_t i = 0; i < t->n_partition_by; i++) {
    if (column_of(&j->target, t->partition_by[i]) == NULL) {
      return WI_ERR(err, WEIR_E_UNKNOWN_COLUMN,
                    "partition column '%s' is not in the rows", t->partition_by[i]);
    }
    for (size_t k = 0; k < i; k++) {
      if (strcmp(t->partition_by[k], t->partition_by[i]) == 0) {
        return WI_ERR(err, WEIR_E_USAGE, "partition_by names '%s' twice",
                      t->partition_by[i]);
      }
    }
  }
  j->partitioned = t->partition_by;
  j->n_partitioned = t->n_partition_by;
  return WEIR_OK;
}

/* The partitions to replace, as values of the columns' types. */
static weir_status wanted_partitions(write_job *j, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf key = WI_BUF_INIT;
  if (j->r->mode != WI_WRITE_REPLACE || j->r->n_partitions == 0) {
    return WEIR_OK;
  }
  WI_CHECK(wi_partitioning_new(j->base.meta, &j->partitioning, err));
  for (size_t i = 0; i < j->r->n_partitions; i++) {
    wi_buf_clear(&key);
    WI_CHECK(wi_partition_key_given(j->partitioning, j->r->partitions[i], &key, err));
    if (!wi_map_put(&j->partitions, wi_buf_text(&key), NULL)) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
done:
  wi_buf_release(&key);
  return status;
}

/* All rows would go where the caller meant some, or none. */
static weir_status check_replaced(const write_job *j, weir_error *err) {
  if (j->r->mode != WI_WRITE_REPLACE ||
      (j->n_partitioned > 0) == (j->r->n_partitions > 0)) {
    return WEIR_OK;
  }
  return j->n_partitioned > 0
             ? WI_ERR(err, WEIR_E_USAGE, "the table is partitioned: name what to replace")
             : WI_ERR(err, WEIR_E_USAGE, "the table has no partitions to replace");
}

static weir_status old_table_schema(write_job *j, weir_error *err) {
  WI_TRY(wi_base_gate(&j->base, j->r->owner, err));
  WI_TRY(wi_meta_arrow(j->base.meta, &j->target, err));
  j->n_partitioned = wi_meta_partition_columns(j->base.meta, &j->partitioned);
  WI_TRY(wi_write_check_options(j->r, j->base.meta, &j->target, err));
  WI_TRY(check_replaced(j, err));
  return wanted_partitions(j, err);
}

static weir_status check_extra(const write_job *j, weir_error *err) {
  for (int64_t i = 0; i < j->given.n_children; i++) {
    if (column_of(&j->target, j->given.children[i]->name) == NULL) {
      wi_err_hint(err, "columns are matched by name");
      return WI_ERR(err, WEIR_E_SCHEMA_CHANGED, "the table has no column '%s'",
                    j->given.children[i]->name);
    }
  }
  return WEIR_OK;
}

/* The table's columns, then those that it lacks. */
static weir_status widen(write_job *j, weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema mapped = {0}, wide = {0};
  int64_t n = j->target.n_children, extra = 0;
  WI_CHECK(wi_typemap(&j->given, NULL, 0, &mapped, err));
  for (int64_t i = 0; i < mapped.n_children; i++) {
    extra += column_of(&j->target, mapped.children[i]->name) == NULL;
  }
  if (extra == 0) {
    goto done;
  }
  ArrowSchemaInit(&wide);
  if (ArrowSchemaSetTypeStruct(&wide, n + extra) != NANOARROW_OK) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (int64_t i = 0, at = n; i < mapped.n_children; i++) {
    if (column_of(&j->target, mapped.children[i]->name) == NULL) {
      ArrowSchemaRelease(wide.children[at]);
      ArrowSchemaMove(mapped.children[i], wide.children[at++]);
    }
  }
  for (int64_t i = 0; i < n; i++) {
    ArrowSchemaRelease(wide.children[i]);
    ArrowSchemaMove(j->target.children[i], wide.children[i]);
  }
  ArrowSchemaRelease(&j->target);
  ArrowSchemaMove(&wide, &j->target);
  j->widened = true;
done:
  wi_schema_drop(&wide);
  wi_schema_drop(&mapped);
  return status;
}

static weir_status select_sql(const write_job *j, wi_buf *out, weir_error *err) {
  wi_buf_str(out, "SELECT ");
  for (int64_t i = 0; i < j->target.n_children; i++) {
    const struct ArrowSchema *want = j->target.children[i];
    wi_buf_str(out, i > 0 ? ", " : "");
    if (column_of(&j->given, want->name) == NULL) {
      if ((want->flags & ARROW_FLAG_NULLABLE) == 0) {
        return WI_ERR(err, WEIR_E_SCHEMA_CHANGED, "the rows lack the column '%s'",
                      want->name);
      }
      wi_buf_str(out, "NULL AS ");
    }
    wi_sql_ident(out, want->name);
  }
  wi_buf_str(out, " FROM " WRITE_SCHEMA ".");
  wi_sql_ident(out, j->work.id);
  return wi_buf_check(out, err, WI_ORIGIN);
}

static void replace_plan(write_job *j, wb_plan **made) {
  wi_br_plan_free(j->r->session->engine, &j->plan);
  j->plan = *made;
  *made = NULL;
}

static weir_status make_plan(write_job *j, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf sql = WI_BUF_INIT;
  wb_plan *made = NULL;
  WI_CHECK(wi_schema_fits(&j->given, &j->target, err));
  WI_CHECK(select_sql(j, &sql, err));
  WI_CHECK(wi_br_plan_sql(j->r->session->engine, j->r->session->handle,
                          &(wi_br_statement){.sql = wi_buf_text(&sql)}, &j->plan, err));
  const wi_br_edits edits = {
      .target = &j->target, .sort = j->partitioned, .n_sort = j->n_partitioned};
  WI_CHECK(wi_br_plan_edit(j->r->session->engine, j->plan, &edits, &made, err));
  replace_plan(j, &made);
  WI_CHECK(wi_br_plan_optimize(j->r->session->engine, j->plan, &made, err));
  replace_plan(j, &made);
done:
  wi_buf_release(&sql);
  return status;
}

static weir_status bind_rows(write_job *j, struct ArrowArrayStream *take,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema copy = {0};
  if (ArrowSchemaDeepCopy(&j->given, &copy) != NANOARROW_OK) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (int64_t i = 0; i < copy.n_children; i++) {
    copy.children[i]->flags |=
        ARROW_FLAG_NULLABLE; /* checked by the gate, not believed */
  }
  WI_CHECK(wi_session_declare(j->r->session, WRITE_SCHEMA, j->work.id, &copy, err));
  WI_CHECK(wi_br_bind_new(j->r->session->engine, &j->bind, err));
  WI_CHECK(wi_stream_lend(take, &j->work.rows, err));
  WI_CHECK(wi_br_bind_stream(j->r->session->engine, j->bind, WRITE_SCHEMA, j->work.id,
                             wi_stream_lent(j->work.rows), err));
done:
  wi_schema_drop(&copy);
  return status;
}

/* ---- gates ---- */

/* NOT NULL columns of the table, and for REPLACE the partitions that rows may belong to. */
static weir_status make_gate(write_job *j, weir_error *err) {
  weir_status status = WEIR_OK;
  size_t n = 0;
  size_t columns = (size_t)j->target.n_children;
  wi_gate_rule *rules = wi_alloc_array(columns + 1, sizeof(*rules));
  const char **names = wi_alloc_array(columns + 1, sizeof(*names));
  if (rules == NULL || names == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (size_t i = 0; i < columns; i++) {
    const struct ArrowSchema *c = j->target.children[i];
    names[i] = c->name;
    if ((c->flags & ARROW_FLAG_NULLABLE) == 0) {
      rules[n].name = c->name;
      rules[n].columns = &names[i];
      rules[n].n_columns = 1;
      rules[n].not_null = true;
      n++;
    }
  }
  WI_CHECK(wi_gate_new(j->r->session, j->work.id, &j->target, rules, n, &j->gate, err));
done:
  wi_free(rules);
  wi_free(names);
  return status;
}

static weir_status check_partitions(const write_job *j, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf key = WI_BUF_INIT;
  for (size_t i = 0; j->partitioning != NULL && i < j->staged.n; i++) {
    const wi_staged_file *file = &j->staged.files[i];
    wi_buf_clear(&key);
    WI_CHECK(wi_partition_key_text(j->partitioning, file->partition_values, file->path,
                                   &key, err));
    if (!wi_map_has(&j->partitions, wi_buf_text(&key))) {
      status = WI_ERR(err, WEIR_E_CONSTRAINT,
                      "the partition %s, where %llu of the rows belong, is not among "
                      "those to replace",
                      file->partition_values, (unsigned long long)file->rows);
      goto done;
    }
  }
done:
  wi_buf_release(&key);
  return status;
}

/* ---- the call ---- */

/* Those given are of a new table. */
static wi_table_props props(const write_job *j) {
  const wi_new_table *t = &j->r->table;
  size_t n = j->base.version < 0 ? t->n_properties : 0;
  return (wi_table_props){t->properties, n > 0 ? t->properties + 1 : NULL, n, 2,
                          &j->base};
}

/* The commit stands whatever becomes of it. */
static void checkpoint(const write_job *j, wi_write_report *out) {
  wi_table_props p = props(j);
  weir_error failed = WEIR_ERROR_INIT;
  if (!wi_table_checkpoint(&p, j->r->session, j->store, out->commit.version, &failed)) {
    out->checkpoint = failed.code;
    snprintf(out->checkpoint_failed, sizeof(out->checkpoint_failed), "%.255s",
             failed.message);
  }
  weir_error_release(&failed);
}

static weir_status stage_rows(write_job *j, weir_error *err) {
  wi_stage_request stage = {0};
  wi_table_props p = props(j);
  wi_stats_columns stats;
  WI_TRY(wi_stop_token(j->r->stop, &stage.cancel, err));
  WI_TRY(wi_table_stats(&p, &stats, err));
  stage.session = j->r->session;
  stage.plan = j->plan;
  stage.bind = j->bind;
  stage.store = j->store;
  stage.prefix = j->work.prefix;
  stage.partition_columns = j->partitioned;
  stage.n_partition_columns = j->n_partitioned;
  stage.target_file_bytes = j->r->target_file_bytes;
  stage.stats = &stats;
  stage.memory = j->r->session->pool;
  stage.partitions = 1; /* the stream has one end */
  weir_status status = wi_stage(&stage, &j->staged, NULL, NULL, err);
  wi_stats_columns_release(&stats);
  WI_TRY(status);
  WI_TRY(check_partitions(j, err));
  return wi_gate_run(j->gate, j->store, &j->staged, j->partitioned, j->n_partitioned,
                     j->r->session->pool, stage.cancel, err);
}

/* What is changed in the table: all of a new one, or columns that it lacks. */
static weir_status edit_of(const write_job *j, const char *id, wi_br_pair **pairs,
                           wi_meta_edit *out, weir_error *err) {
  const wi_new_table *t = &j->r->table;
  *out = (wi_meta_edit){.how = WI_META_COLUMNS_ADD, .columns = &j->target};
  if (j->base.version >= 0) {
    return WEIR_OK;
  }
  *pairs = wi_alloc_array(t->n_properties + 1, sizeof(**pairs));
  if (*pairs == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < t->n_properties; i++) {
    (*pairs)[i] = (wi_br_pair){t->properties[2 * i], t->properties[2 * i + 1]};
  }
  out->id = id;
  out->created_ms = wi_now_us() / 1000;
  out->description = t->description;
  out->how = WI_META_COLUMNS_REPLACE;
  out->repartition = true;
  out->partition_columns = j->partitioned;
  out->n_partition_columns = j->n_partitioned;
  out->set = *pairs;
  out->n_set = t->n_properties;
  return WEIR_OK;
}

static weir_status commit_rows(write_job *j, wi_write_report *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_br_pair *pairs = NULL;
  wi_meta_edit edit;
  bool fresh = j->base.version < 0;
  char id[37];
  wi_uuid7(id);
  WI_CHECK(edit_of(j, id, &pairs, &edit, err));
  wi_commit_request c = {
      .session = j->r->session,
      .store = j->store,
      .mode = j->r->mode, /* also where the table was created meanwhile */
      .base = fresh ? NULL : &j->base,
      .base_snap = j->base_snap,
      .edit = fresh || j->widened ? &edit : NULL,
      .staged = &j->staged,
      .partitioning = j->partitioning,
      .partitions = j->partitioning != NULL ? &j->partitions : NULL,
      .owner = j->r->owner,
      .app = j->r->app,
      .operation = "WRITE",
      .info = j->r->info,
      .n_info = j->r->n_info,
      .max_retries = MAX_RETRIES,
      .stop = j->r->stop};
  c.app.version = j->r->app.id != NULL ? j->r->app.version : -1;
  WI_CHECK(wi_table_commit(&c, &out->commit, err));
  out->mode = fresh && out->commit.version > 0 ? j->r->mode : out->mode;
done:
  wi_free(pairs);
  return status;
}

static weir_status open_job(write_job *j, weir_error *err) {
  const wi_write_request *r = j->r;
  wi_uuid7(j->work.id);
  snprintf(j->work.prefix, sizeof(j->work.prefix), "%s/", j->work.id);
  WI_TRY(wi_stop_check(r->stop, err));
  WI_TRY(wi_session_store(j->r->session, r->uri, &j->store, err));
  WI_TRY(wi_base_open(j->r->session, j->store, &j->base, &j->base_snap, err));
  if (r->mode != WI_WRITE_CREATE && j->base.version < 0 && !r->create) {
    return WI_ERR(err, WEIR_E_TABLE_MISSING, "there is no Delta table at '%s'", r->uri);
  }
  return WEIR_OK;
}

/* The application's version is in the table already: nothing is to be done. */
static weir_status already_there(write_job *j, bool *there, wi_write_report *out,
                                 weir_error *err) {
  int64_t version = -1;
  *there = false;
  if (j->r->app.id == NULL || j->base_snap == NULL) {
    return WEIR_OK;
  }
  WI_TRY(wi_snap_txn(j->base_snap, j->r->app.id, &version, err));
  *there = version >= 0 && version >= j->r->app.version;
  if (*there) {
    out->commit.end = WI_END_UNCHANGED;
    out->commit.version = j->base.version;
    out->commit.timestamp_us = j->base.timestamp_us;
    out->commit.app_version = version;
  }
  return WEIR_OK;
}

static weir_status write_rows(write_job *j, struct ArrowArrayStream *take,
                              wi_write_report *out, weir_error *err) {
  if (j->r->mode == WI_WRITE_CREATE && j->base.version >= 0) {
    wi_err_hint(err, "append to it, or replace its partitions");
    return WI_ERR(err, WEIR_E_TABLE_EXISTS, "there is a table at '%s'", j->r->uri);
  }
  WI_TRY(wi_stream_schema(take, &j->given, err));
  WI_TRY(j->base.version < 0 ? new_table_schema(j, err) : old_table_schema(j, err));
  if (j->base.version >= 0 && j->r->widen) {
    WI_TRY(widen(j, err));
  }
  WI_TRY(check_extra(j, err));
  WI_TRY(bind_rows(j, take, err));
  WI_TRY(make_plan(j, err));
  WI_TRY(make_gate(j, err));
  j->work.first = wi_stage_is_first(j->store);
  WI_TRY(wi_lease_take(j->store, j->work.id, j->r->stop, &j->work.lease, err));
  WI_TRY(stage_rows(j, err));
  WI_TRY(wi_lease_check(j->work.lease, err));
  WI_TRY(wi_stop_check(j->r->stop, err)); /* from here on it is the commit that decides */
  return commit_rows(j, out, err);
}

weir_status wi_write_stream(const wi_write_request *r, struct ArrowArrayStream *take,
                            wi_write_report *out, weir_error *err) {
  weir_status status = WEIR_OK;
  write_job j = {0};
  weir_error first = WEIR_ERROR_INIT;
  bool there = false;
  memset(out, 0, sizeof(*out));
  j.r = r;
  WI_CHECK(open_job(&j, &first));
  out->mode = j.base.version < 0 ? WI_WRITE_CREATE : r->mode;
  WI_CHECK(already_there(&j, &there, out, &first));
  if (!there) {
    WI_CHECK(write_rows(&j, take, out, &first));
  }
  if (out->commit.end == WI_END_COMMITTED) {
    out->rows = j.staged.rows;
    out->files = j.staged.n;
    out->bytes = j.staged.bytes;
    checkpoint(&j, out);
  }
done:
  wi_stream_recall(&j.work.rows); /* what was stopped writes no more */
  if (j.work.lease != NULL &&
      (status != WEIR_OK || out->commit.end != WI_END_COMMITTED) &&
      status != WEIR_E_AMBIGUOUS) {
    wi_stage_remove(j.store, j.work.prefix, j.work.first);
  }
  if (take->release != NULL) {
    take->release(take);
  }
  wi_err_move(err, &first);
  job_release(&j);
  return status;
}
