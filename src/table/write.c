/* Rows from an Arrow stream into a table: create, append, replace partitions. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "nanoarrow/nanoarrow.h"
#include "table/table.h"

#define WI_ORIGIN "table"

#define WRITE_SCHEMA "weir_write"
#define MAX_RETRIES  20

/* What one call holds until it ends. */
typedef struct write_job {
  const wi_write_request *r;
  wi_session *s;
  wi_store *store;
  wi_pin base;
  wb_snap *base_snap;
  struct ArrowSchema given, target;
  bool widened; /* target has columns that the table lacks */
  const char **partition_columns;
  size_t n_partition_columns;
  json_t *partition_json; /* owns the names of an existing table's columns */
  char name[48];          /* of the late-bound input */
  char run_id[37];
  char prefix[48];
  wb_bind *bind;
  wb_plan *plan;
  wi_gate *gate;
  wi_staged staged;
  wi_stats_columns stats;
  wi_lease *lease; /* from before the first file is staged */
} write_job;

static void job_release(write_job *j) {
  wi_engine *engine = j->s->engine;
  wi_staged_release(&j->staged);
  wi_stats_columns_release(&j->stats);
  wi_lease_release(&j->lease);
  wi_gate_free(&j->gate);
  wi_session_undeclare(j->s, WRITE_SCHEMA, j->name);
  wi_br_plan_free(engine, &j->plan);
  wi_br_bind_free(engine, &j->bind);
  wi_br_snap_free(engine, &j->base_snap);
  wi_pin_release(&j->base);
  if (j->given.release != NULL) {
    j->given.release(&j->given);
  }
  if (j->target.release != NULL) {
    j->target.release(&j->target);
  }
  wi_free(j->partition_columns);
  json_decref(j->partition_json);
  wi_store_unref(&j->store);
}

/* ---- the table's schema and the plan that brings the rows into it ---- */

static weir_status new_table_schema(write_job *j, weir_error *err) {
  const wi_write_request *r = j->r;
  WI_TRY(wi_typemap(&j->given, r->not_null, r->n_not_null, &j->target, err));
  j->partition_columns = wi_alloc_array(r->n_partition_by + 1, sizeof(char *));
  if (j->partition_columns == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < r->n_partition_by; i++) {
    bool found = false;
    for (int64_t c = 0; c < j->target.n_children && !found; c++) {
      found = strcmp(j->target.children[c]->name, r->partition_by[i]) == 0;
    }
    if (!found) {
      return WI_ERR(err, WEIR_E_UNKNOWN_COLUMN,
                    "partition column '%s' is not in the rows", r->partition_by[i]);
    }
    j->partition_columns[i] = r->partition_by[i];
  }
  j->n_partition_columns = r->n_partition_by;
  return WEIR_OK;
}

static weir_status check_options(const write_job *j, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf protocol = WI_BUF_INIT, metadata = WI_BUF_INIT;
  json_t *parsed = NULL;
  WI_CHECK(wi_br_snap_actions(j->s->engine, j->base_snap, &protocol, &metadata, err));
  parsed = json_loads(wi_buf_text(&metadata), 0, NULL);
  if (parsed == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(wi_write_check_options(
      j->r,
      &(wi_table_facts){&j->target, j->partition_columns, j->n_partition_columns,
                        json_string_value(json_object_get(parsed, "description"))},
      err));
done:
  json_decref(parsed);
  wi_buf_release(&protocol);
  wi_buf_release(&metadata);
  return status;
}

static weir_status old_table_schema(write_job *j, weir_error *err) {
  WI_TRY(wi_base_gate(&j->base, j->r->owner, err));
  WI_TRY(wi_delta_schema_arrow(j->base.schema_json, &j->target, err));
  j->partition_json = json_loads(j->base.partition_columns, 0, NULL);
  size_t n = json_array_size(j->partition_json);
  j->partition_columns = wi_alloc_array(n + 1, sizeof(char *));
  if (j->partition_columns == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    j->partition_columns[i] = json_string_value(json_array_get(j->partition_json, i));
  }
  j->n_partition_columns = n;
  return check_options(j, err);
}

static const struct ArrowSchema *column_of(const struct ArrowSchema *schema,
                                           const char *name) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (strcmp(schema->children[i]->name, name) == 0) {
      return schema->children[i];
    }
  }
  return NULL;
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
  if (wide.release != NULL) {
    ArrowSchemaRelease(&wide);
  }
  if (mapped.release != NULL) {
    ArrowSchemaRelease(&mapped);
  }
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
  wi_sql_ident(out, j->name);
  return wi_buf_check(out, err, WI_ORIGIN);
}

static void replace_plan(write_job *j, wb_plan **made) {
  wi_br_plan_free(j->s->engine, &j->plan);
  j->plan = *made;
  *made = NULL;
}

static weir_status make_plan(write_job *j, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf sql = WI_BUF_INIT;
  wb_plan *made = NULL;
  WI_CHECK(select_sql(j, &sql, err));
  WI_CHECK(wi_br_plan_sql(j->s->engine, j->s->handle,
                          &(wi_br_statement){.sql = wi_buf_text(&sql)}, &j->plan, err));
  WI_CHECK(wi_br_plan_cast(j->s->engine, j->plan, &j->target, &made, err));
  replace_plan(j, &made);
  if (j->n_partition_columns > 0) {
    WI_CHECK(wi_br_plan_sort(j->s->engine, j->plan, j->partition_columns,
                             j->n_partition_columns, &made, err));
    replace_plan(j, &made);
  }
  WI_CHECK(wi_br_plan_optimize(j->s->engine, j->plan, &made, err));
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
  WI_CHECK(wi_session_declare(j->s, WRITE_SCHEMA, j->name, &copy, err));
  WI_CHECK(wi_br_bind_new(j->s->engine, &j->bind, err));
  WI_CHECK(wi_br_bind_stream(j->s->engine, j->bind, WRITE_SCHEMA, j->name, take, err));
done:
  if (copy.release != NULL) {
    copy.release(&copy);
  }
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
  WI_CHECK(wi_gate_new(j->s, j->name, &j->target, rules, n, &j->gate, err));
done:
  wi_free(rules);
  wi_free(names);
  return status;
}

static bool belongs(const write_job *j, const json_t *values) {
  for (size_t p = 0; p < j->r->n_partitions; p++) {
    bool all = true;
    for (size_t c = 0; c < j->n_partition_columns && all; c++) {
      const char *have =
          json_string_value(json_object_get(values, j->partition_columns[c]));
      const char *want = j->r->partitions[p][c];
      all = have == NULL || want == NULL ? have == want : strcmp(have, want) == 0;
    }
    if (all) {
      return true;
    }
  }
  return false;
}

static weir_status check_partitions(const write_job *j, weir_error *err) {
  if (j->r->mode != WI_WRITE_REPLACE || j->r->n_partitions == 0) {
    return WEIR_OK;
  }
  for (size_t i = 0; i < j->staged.n; i++) {
    json_t *values = json_loads(j->staged.files[i].partition_values, 0, NULL);
    bool fine = belongs(j, values);
    json_decref(values);
    if (!fine) {
      return WI_ERR(
          err, WEIR_E_CONSTRAINT,
          "%llu rows belong to the partition %s, which is not among those to replace",
          (unsigned long long)j->staged.files[i].rows,
          j->staged.files[i].partition_values);
    }
  }
  return WEIR_OK;
}

/* All rows would go where the caller meant some, or none. */
static weir_status check_replaced(const write_job *j, weir_error *err) {
  if (j->r->mode != WI_WRITE_REPLACE ||
      (j->n_partition_columns > 0) == (j->r->n_partitions > 0)) {
    return WEIR_OK;
  }
  return j->n_partition_columns > 0
             ? WI_ERR(err, WEIR_E_USAGE, "the table is partitioned: name what to replace")
             : WI_ERR(err, WEIR_E_USAGE, "the table has no partitions to replace");
}

/* ---- the call ---- */

/* Those given are of a new table. */
static wi_table_props props(const write_job *j) {
  size_t n = j->base.version < 0 ? j->r->n_properties : 0;
  return (wi_table_props){j->r->properties, n > 0 ? j->r->properties + 1 : NULL, n, 2,
                          &j->base};
}

/* The commit stands whatever becomes of it. */
static void checkpoint(const write_job *j, wi_write_report *out) {
  wi_table_props p = props(j);
  weir_error failed = WEIR_ERROR_INIT;
  if (!wi_table_checkpoint(&p, j->s, j->store, out->commit.version, &failed)) {
    out->checkpoint = failed.code;
    snprintf(out->checkpoint_failed, sizeof(out->checkpoint_failed), "%.255s",
             failed.message);
  }
  weir_error_release(&failed);
}

static weir_status stage_rows(write_job *j, weir_error *err) {
  wi_stage_request stage = {0};
  wi_table_props p = props(j);
  WI_TRY(wi_table_stats(&p, &j->stats, err));
  stage.session = j->s;
  stage.plan = j->plan;
  stage.bind = j->bind;
  stage.store = j->store;
  stage.prefix = j->prefix;
  stage.partition_columns = j->partition_columns;
  stage.n_partition_columns = j->n_partition_columns;
  stage.target_file_bytes = j->r->target_file_bytes;
  stage.stats = &j->stats;
  stage.memory = j->s->memory;
  stage.partitions = 1; /* the stream has one end */
  WI_TRY(wi_stop_token(j->r->stop, &stage.cancel, err));
  WI_TRY(wi_stage(&stage, &j->staged, NULL, NULL, err));
  WI_TRY(check_partitions(j, err));
  return wi_gate_run(j->gate, j->store, &j->staged, j->partition_columns,
                     j->n_partition_columns, j->s->memory, stage.cancel, err);
}

static int by_pair_key(const void *a, const void *b) {
  return strcmp(((const wi_br_pair *)a)->key, ((const wi_br_pair *)b)->key);
}

/* What a new table is told, or what a widened one has; the texts of the latter belong to
 * *kept. */
static weir_status configuration(const write_job *j, json_t **kept, wi_br_pair **out,
                                 size_t *n, weir_error *err) {
  const char *key = NULL;
  json_t *value = NULL;
  *kept = j->widened ? json_loads(j->base.configuration, 0, NULL) : NULL;
  size_t room = j->widened ? json_object_size(*kept) : j->r->n_properties;
  *n = 0;
  *out = wi_alloc_array(room + 1, sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  json_object_foreach(*kept, key, value) {
    (*out)[(*n)++] = (wi_br_pair){key, json_string_value(value)};
  }
  for (size_t i = 0; !j->widened && i < j->r->n_properties; i++) {
    (*out)[(*n)++] = (wi_br_pair){j->r->properties[2 * i], j->r->properties[2 * i + 1]};
  }
  qsort(*out, *n, sizeof(**out), by_pair_key);
  return WEIR_OK;
}

static weir_status commit_rows(write_job *j, wi_write_report *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf schema = WI_BUF_INIT;
  wi_br_pair *properties = NULL;
  json_t *kept = NULL;
  wi_table_def table = {0};
  wi_commit_request c = {0};
  char id[37];
  bool fresh = j->base.version < 0;
  wi_uuid7(id);
  WI_CHECK(wi_delta_schema_json(&j->target, &schema, err));
  WI_CHECK(configuration(j, &kept, &properties, &table.n_configuration, err));
  table.id = fresh ? id : j->base.table_id;
  table.description = j->r->description;
  table.schema_json = wi_buf_text(&schema);
  table.partition_columns = j->partition_columns;
  table.n_partition_columns = j->n_partition_columns;
  table.configuration = properties;
  table.created_ms = wi_now_us() / 1000;
  c.session = j->s;
  c.store = j->store;
  c.mode = j->r->mode; /* an append that lost the race to create still appends */
  c.base = fresh ? NULL : &j->base;
  c.base_snap = j->base_snap;
  c.table = fresh || j->widened ? &table : NULL;
  c.with_protocol = fresh;
  c.staged = &j->staged;
  c.partitions = j->r->partitions;
  c.n_partitions = j->r->n_partitions;
  c.partition_columns = j->partition_columns;
  c.n_partition_columns = j->n_partition_columns;
  c.owner = j->r->owner;
  c.app_id = j->r->app_id;
  c.app_version = j->r->app_id != NULL ? j->r->app_version : -1;
  c.operation = "WRITE";
  c.info = j->r->info;
  c.n_info = j->r->n_info;
  c.max_retries = MAX_RETRIES;
  WI_CHECK(wi_table_commit(&c, &out->commit, err));
  out->mode = fresh && out->commit.version > 0 ? j->r->mode : out->mode;
done:
  json_decref(kept);
  wi_free(properties);
  wi_buf_release(&schema);
  return status;
}

static weir_status open_job(write_job *j, weir_error *err) {
  const wi_write_request *r = j->r;
  wi_uuid7(j->run_id);
  snprintf(j->name, sizeof(j->name), "w_%s", j->run_id);
  snprintf(j->prefix, sizeof(j->prefix), "%s/", j->run_id);
  for (char *p = j->name; *p != '\0'; p++) {
    *p = *p == '-' ? '_' : *p;
  }
  WI_TRY(wi_stop_check(r->stop, err));
  WI_TRY(wi_session_store(j->s, r->uri, &j->store, err));
  WI_TRY(wi_base_open(j->s, j->store, &j->base, &j->base_snap, err));
  if (r->mode == WI_WRITE_CREATE && j->base.version >= 0) {
    wi_err_hint(err, "append to it, or replace its partitions");
    return WI_ERR(err, WEIR_E_TABLE_EXISTS, "there is a table at '%s'", r->uri);
  }
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
  if (j->r->app_id == NULL || j->base_snap == NULL) {
    return WEIR_OK;
  }
  WI_TRY(wi_br_snap_txn(j->s->engine, j->base_snap, j->r->app_id, &version, err));
  *there = version >= 0 && version >= j->r->app_version;
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
  WI_TRY(wi_stream_schema(take, &j->given, err));
  WI_TRY(j->base.version < 0 ? new_table_schema(j, err) : old_table_schema(j, err));
  if (j->base.version >= 0 && j->r->widen) {
    WI_TRY(widen(j, err));
  }
  WI_TRY(check_extra(j, err));
  WI_TRY(check_replaced(j, err));
  WI_TRY(bind_rows(j, take, err));
  WI_TRY(make_plan(j, err));
  WI_TRY(make_gate(j, err));
  WI_TRY(wi_lease_take(j->store, j->run_id, &j->lease, err));
  WI_TRY(stage_rows(j, err));
  WI_TRY(wi_lease_check(j->lease, err));
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
  j.s = r->session;
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
  if (j.lease != NULL && (status != WEIR_OK || out->commit.end != WI_END_COMMITTED) &&
      status != WEIR_E_AMBIGUOUS) {
    wi_stage_remove(j.store, j.prefix);
  }
  if (take->release != NULL) {
    take->release(take);
  }
  wi_err_move(err, &first);
  job_release(&j);
  return status;
}
