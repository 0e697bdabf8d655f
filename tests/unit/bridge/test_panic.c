/* A panic at every point of the border: the call fails with WEIR_E_PANIC, nothing dies, and
 * the same engine goes on working. Then damage on disk, which must not get that far. */
#include <stdlib.h>
#include <unistd.h>

#include "bridge/hook.h"
#include "bridge/private.h"
#include "common/fixtures.h"
#include "common/test.h"

/* One engine with one of everything, for the calls below. */
static struct {
  wi_engine *engine;
  const wi_engine_table *t;
  wb_rt *rt;
  wb_sess *sess;
  wb_bind *bind;
  wb_plan *logical, *optimized;
  wb_store *store;
  wb_snap *snap;
  wt_project folder;
  bool ready;
} c;

static const char *const cells[] = {"1", "a", "2", "b", "3", "c"};

static bool rows(struct ArrowArrayStream *out) {
  return wf_rows(out, "n:l! letter:t", cells, 3);
}

static int returns_long(void *self, size_t n, const struct ArrowSchema *const *args,
                        const struct ArrowArray *const *literals, struct ArrowSchema *out,
                        wb_fn_err *err) {
  struct ArrowArrayStream shape;
  struct ArrowSchema whole;
  (void)self;
  (void)n;
  (void)args;
  (void)literals;
  (void)err;
  if (!wf_rows(&shape, "x:l", NULL, 0) || shape.get_schema(&shape, &whole) != 0) {
    return WEIR_E_BUG;
  }
  *out = *whole.children[0];
  whole.children[0]->release = NULL;
  whole.release(&whole);
  shape.release(&shape);
  return 0;
}

static int gives_sevens(void *self, size_t n, const wb_arg *args, int64_t n_rows,
                        struct ArrowArray *out, wb_fn_err *err) {
  struct ArrowArrayStream stream;
  struct ArrowArray whole;
  const char *const sevens[] = {"7", "7", "7", "7"};
  (void)self;
  (void)n;
  (void)args;
  (void)err;
  if (n_rows > 4 || !wf_rows(&stream, "x:l", sevens, (size_t)n_rows) ||
      stream.get_next(&stream, &whole) != 0) {
    return WEIR_E_BUG;
  }
  *out = *whole.children[0];
  whole.children[0]->release = NULL;
  whole.release(&whole);
  stream.release(&stream);
  return 0;
}

static int released;

static void count_release(void *self) {
  (void)self;
  released++;
}

static const wb_param one_param[] = {{.name = {"x", 1},
                                      .type_text = {"Int64", 5},
                                      .doc = {"a number", 8},
                                      .type_class = WB_T_INT64}};

static wb_scalar_fn function(const char *name) {
  wb_scalar_fn fn = {
      .struct_size = sizeof fn,
      .name = wi_wb_str(name),
      .volatility = WB_IMMUTABLE,
      .params = one_param,
      .n_params = 1,
      .return_text = {"Int64", 5},
      .doc = {wi_wb_str("s"), wi_wb_str("d"), wi_wb_str("f(x)"), wi_wb_str("")},
      .return_field = returns_long,
      .invoke = gives_sevens,
      .release = count_release};
  return fn;
}

static int session_on(wb_rt *rt, wb_sess **out, wb_err *e) {
  wb_sess_options o = {.struct_size = sizeof o,
                       .catalog = {"weir_catalog", 12},
                       .schema = {"main", 4},
                       .now_us = 1};
  return c.t->wb_sess_new(rt, &o, out, e);
}

static int new_session(wb_sess **out, wb_err *e) {
  return session_on(c.rt, out, e);
}

static int declare(wb_sess *sess, const char *name, wb_err *e) {
  struct ArrowArrayStream stream;
  struct ArrowSchema schema;
  if (!rows(&stream) || stream.get_schema(&stream, &schema) != 0) {
    return WEIR_E_BUG;
  }
  stream.release(&stream);
  int code = c.t->wb_input_declare(sess, wi_wb_str("main"), wi_wb_str(name), &schema, e);
  if (schema.release != NULL) {
    schema.release(&schema); /* a panic before the call took it */
  }
  return code;
}

static int plan(const char *sql, wb_plan **out, wb_err *e) {
  return c.t->wb_plan_sql(c.sess, wi_wb_str(sql), NULL, 0, NULL, 0, NULL, out, e);
}

static int bind_memory(wb_bind *bind, const char *name, wb_err *e) {
  struct ArrowArrayStream stream;
  if (!rows(&stream)) {
    return WEIR_E_BUG;
  }
  int code =
      c.t->wb_bind_stream(bind, wi_wb_str("main"), wi_wb_str(name), &stream, true, e);
  if (stream.release != NULL) {
    stream.release(&stream);
  }
  return code;
}

#define TRY_(call)                                                \
  do {                                                            \
    int code_ = (call);                                           \
    if (code_ != 0) {                                             \
      wt_fail(__FILE__, __LINE__, "%s gave %d: %s", #call, code_, \
              e.message != NULL ? e.message : "");                \
      c.t->wb_err_free(&e);                                       \
      return false;                                               \
    }                                                             \
  } while (0)

static bool make_table(void) {
  char uri[256], url[300];
  weir_error err = WEIR_ERROR_INIT;
  snprintf(uri, sizeof uri, "%s/t", c.folder.root);
  snprintf(url, sizeof url, "file://%s/t", c.folder.root);
  bool ok = wf_table(uri, "n:l! letter:t", cells, 3, NULL) &&
            wi_br_store_open(c.engine, url, NULL, 0, &c.store, &err) == WEIR_OK &&
            wi_br_snap_open(c.engine, c.store, -1, &c.snap, &err) == WEIR_OK;
  if (!ok) {
    wt_fail(__FILE__, __LINE__, "no table: %s", err.message);
  }
  weir_error_release(&err);
  return ok;
}

static bool ready(void) {
  wi_engine_options options = {2, NULL};
  weir_error err = WEIR_ERROR_INIT;
  wb_err e = {0};
  if (c.ready) {
    return true;
  }
  if (wi_engine_new(&options, &c.engine, &err) != WEIR_OK ||
      wi_engine_use(c.engine, &c.t, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no engine: %s", err.message);
    return false;
  }
  c.rt = wi_engine_runtime(c.engine);
  wb_scalar_fn fn = function("sevens");
  TRY_(new_session(&c.sess, &e));
  TRY_(c.t->wb_sess_add_scalar(c.sess, &fn, &e));
  TRY_(declare(c.sess, "t", &e));
  TRY_(c.t->wb_sess_seal(c.sess, &e));
  TRY_(c.t->wb_bind_new(&c.bind, &e));
  TRY_(bind_memory(c.bind, "t", &e));
  TRY_(plan("SELECT n, letter FROM t ORDER BY n", &c.logical, &e));
  TRY_(c.t->wb_plan_optimize(c.logical, NULL, &c.optimized, &e));
  if (!wt_project_make(&c.folder, NULL, 0) || !make_table()) {
    return false;
  }
  c.ready = true;
  return true;
}

/* ---- each export once; the same call must work when nothing is armed ---- */

static int drop(struct ArrowArrayStream *stream, int code) {
  if (stream->release != NULL) {
    stream->release(stream);
  }
  return code;
}

static int exec_new(const wb_plan *optimized, wb_exec **out, wb_err *e) {
  wb_exec_options o = {.struct_size = sizeof o, .partitions = 2, .batch_rows = 2};
  return c.t->wb_exec_new(c.sess, optimized, c.bind, &o, NULL, out, e);
}

static int call_versions(wb_err *e) {
  struct ArrowArrayStream out = {0};
  return drop(&out, c.t->wb_versions(&out, e));
}

static int call_ipc_write(wb_err *e) {
  struct ArrowArrayStream stream;
  FILE *file = tmpfile();
  if (file == NULL || !rows(&stream)) {
    return WEIR_E_BUG;
  }
  int code = c.t->wb_ipc_write(&stream, fileno(file), e);
  fclose(file);
  return drop(&stream, code);
}

static int call_rt_new(wb_err *e) {
  wb_rt_options o = {
      .struct_size = sizeof o, .abi = WB_ABI, .threads = 1, .stack_bytes = 2 << 20};
  wb_rt *rt = NULL;
  int code = c.t->wb_rt_new(&o, &rt, e);
  c.t->wb_rt_free(rt, 1000);
  return code;
}

static int call_cancel_new(wb_err *e) {
  wb_cancel *cancel = NULL;
  int code = c.t->wb_cancel_new(NULL, 0, &cancel, e);
  c.t->wb_cancel_free(cancel);
  return code;
}

static int call_sess_new(wb_err *e) {
  wb_sess *sess = NULL;
  int code = new_session(&sess, e);
  c.t->wb_sess_free(sess);
  return code;
}

static int call_sess_add_scalar(wb_err *e) {
  wb_sess *sess = NULL;
  wb_scalar_fn fn = function("more_sevens");
  int code = new_session(&sess, e);
  if (code == 0) {
    code = c.t->wb_sess_add_scalar(sess, &fn, e);
  }
  c.t->wb_sess_free(sess);
  return code;
}

/* An operator that no statement names. */
static int never_plans(void *self, const struct ArrowSchema *left,
                       const struct ArrowSchema *right, const wb_rel_option *options,
                       size_t n, wb_rel_plan *out, wb_fn_err *err) {
  (void)self, (void)left, (void)right, (void)options, (void)n, (void)out, (void)err;
  return WEIR_E_BUG;
}

static int never_opens(void *call, void **state, wb_fn_err *err) {
  (void)call, (void)state, (void)err;
  return WEIR_E_BUG;
}

static int never_runs(void *state, const wb_rel_chunk *chunk, struct ArrowArray *out,
                      wb_fn_err *err) {
  (void)state, (void)chunk, (void)out, (void)err;
  return WEIR_E_BUG;
}

static uint64_t no_scratch(void *state, uint64_t left_rows, uint64_t right_rows) {
  (void)state, (void)left_rows, (void)right_rows;
  return 0;
}

static void nothing_to_free(void *p) {
  (void)p;
}

static int call_sess_add_relation(wb_err *e) {
  wb_sess *sess = NULL;
  wb_relation_fn fn = {.struct_size = sizeof fn,
                       .name = wi_wb_str("never"),
                       .plan = never_plans,
                       .drop_call = nothing_to_free,
                       .open = never_opens,
                       .scratch = no_scratch,
                       .run = never_runs,
                       .close = nothing_to_free};
  int code = new_session(&sess, e);
  if (code == 0) {
    code = c.t->wb_sess_add_relation(sess, &fn, e);
  }
  c.t->wb_sess_free(sess);
  return code;
}

/* An aggregate that no statement names. */
static int no_type(void *self, const wb_agg_call *call, struct ArrowSchema *out,
                   wb_fn_err *err) {
  (void)self, (void)call, (void)out, (void)err;
  return WEIR_E_BUG;
}

static int no_empty(void *self, const struct ArrowSchema *result, struct ArrowArray *out,
                    wb_fn_err *err) {
  (void)self, (void)result, (void)out, (void)err;
  return WEIR_E_BUG;
}

static int no_acc(void *self, const wb_agg_call *call, bool retracts, void **acc,
                  wb_fn_err *err) {
  (void)self, (void)call, (void)retracts, (void)acc, (void)err;
  return WEIR_E_BUG;
}

static int no_update(void *self, void *acc, const struct ArrowArray *const *args,
                     int64_t n_rows, const uint64_t *groups,
                     const struct ArrowArray *filter, uint64_t n_groups, wb_fn_err *err) {
  (void)self, (void)acc, (void)args, (void)n_rows, (void)groups, (void)filter;
  (void)n_groups, (void)err;
  return WEIR_E_BUG;
}

static int no_merge(void *self, void *acc, const struct ArrowArray *state,
                    const uint64_t *groups, uint64_t n_groups, wb_fn_err *err) {
  (void)self, (void)acc, (void)state, (void)groups, (void)n_groups, (void)err;
  return WEIR_E_BUG;
}

static int no_result(void *self, void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                     wb_fn_err *err) {
  (void)self, (void)acc, (void)n, (void)keep, (void)out, (void)err;
  return WEIR_E_BUG;
}

static uint64_t no_bytes(void *self, const void *acc) {
  (void)self, (void)acc;
  return 0;
}

static void no_close(void *self, void *acc) {
  (void)self, (void)acc;
}

static int use_sess_add_aggregate(wb_sess *sess, wb_err *e) {
  wb_aggregate_fn fn = {
      .struct_size = sizeof fn,
      .name = wi_wb_str("never"),
      .volatility = WB_IMMUTABLE,
      .params = one_param,
      .n_params = 1,
      .return_text = {"Int64", 5},
      .doc = {wi_wb_str("s"), wi_wb_str("d"), wi_wb_str("never(x)"), wi_wb_str("")},
      .return_field = no_type,
      .state_schema = no_type,
      .empty = no_empty,
      .open = no_acc,
      .update = no_update,
      .merge = no_merge,
      .evaluate = no_result,
      .state = no_result,
      .size = no_bytes,
      .close = no_close};
  return c.t->wb_sess_add_aggregate(sess, &fn, e);
}

static int use_sess_add_macros(wb_sess *sess, wb_err *e) {
  wb_str text =
      wi_wb_str("CREATE FUNCTION one_more(n BIGINT) RETURNS BIGINT RETURN n + 1");
  return c.t->wb_sess_add_macros(sess, text, e);
}

static int use_sess_add_rule(wb_sess *sess, wb_err *e) {
  wb_rule rule = {.kind = WB_RULE_ALIAS,
                  .name = wi_wb_str("foremost"),
                  .function = wi_wb_str("first_value"),
                  .version = 1};
  return c.t->wb_sess_add_rule(sess, &rule, e);
}

static int use_sess_add_table_fn(wb_sess *sess, wb_err *e) {
  static const uint8_t identity[32] = {1};
  return c.t->wb_sess_add_table_fn(sess, wi_wb_str("never"), identity, WB_STABLE, e);
}

static int with_sess(int (*use)(wb_sess *sess, wb_err *e), wb_err *e) {
  wb_sess *sess = NULL;
  int code = new_session(&sess, e);
  if (code == 0) {
    code = use(sess, e);
  }
  c.t->wb_sess_free(sess);
  return code;
}

static int call_sess_add_aggregate(wb_err *e) {
  return with_sess(use_sess_add_aggregate, e);
}

static int call_sess_add_macros(wb_err *e) {
  return with_sess(use_sess_add_macros, e);
}

static int call_sess_add_rule(wb_err *e) {
  return with_sess(use_sess_add_rule, e);
}

static int call_sess_add_table_fn(wb_err *e) {
  return with_sess(use_sess_add_table_fn, e);
}

static int call_sess_seal(wb_err *e) {
  wb_sess *sess = NULL;
  int code = new_session(&sess, e);
  if (code == 0) {
    code = c.t->wb_sess_seal(sess, e);
  }
  c.t->wb_sess_free(sess);
  return code;
}

static int call_sess_table_read(wb_err *e) {
  struct ArrowArrayStream out = {0};
  return drop(&out, c.t->wb_sess_table_read(c.sess, WB_SESS_RULES, &out, e));
}

static int call_input_declare(wb_err *e) {
  static int n;
  char name[32];
  snprintf(name, sizeof name, "declared_%d", n++);
  return declare(c.sess, name, e);
}

static int call_bind_new(wb_err *e) {
  wb_bind *bind = NULL;
  int code = c.t->wb_bind_new(&bind, e);
  c.t->wb_bind_free(bind);
  return code;
}

static int with_bind(int (*use)(wb_bind *bind, wb_err *e), wb_err *e) {
  wb_bind *bind = NULL;
  int code = c.t->wb_bind_new(&bind, e);
  if (code == 0) {
    code = use(bind, e);
  }
  c.t->wb_bind_free(bind);
  return code;
}

static int use_bind_table(wb_bind *bind, wb_err *e) {
  struct ArrowArrayStream files;
  struct ArrowSchema columns = {0};
  if (!rows(&files) || files.get_schema(&files, &columns) != 0) {
    return WEIR_E_BUG;
  }
  wb_table table = {sizeof table, c.snap, NULL, &columns, &files};
  int code = c.t->wb_bind_table(bind, wi_wb_str("main"), wi_wb_str("t"), &table, e);
  if (columns.release != NULL) {
    columns.release(&columns);
  }
  if (files.release != NULL) {
    files.release(&files);
  }
  return code;
}
static int call_bind_table(wb_err *e) {
  return with_bind(use_bind_table, e);
}

static int use_bind_stream(wb_bind *bind, wb_err *e) {
  struct ArrowArrayStream stream;
  if (!rows(&stream)) {
    return WEIR_E_BUG;
  }
  return drop(&stream, c.t->wb_bind_stream(bind, wi_wb_str("main"), wi_wb_str("t"),
                                           &stream, false, e));
}
static int call_bind_stream(wb_err *e) {
  return with_bind(use_bind_stream, e);
}

static int call_bind_copy(wb_err *e) {
  wb_bind *copy = NULL;
  int code = c.t->wb_bind_copy(c.bind, c.logical, &copy, e);
  c.t->wb_bind_free(copy);
  return code;
}

static int call_sql_params(wb_err *e) {
  struct ArrowArrayStream out = {0};
  return drop(&out, c.t->wb_sql_params(c.sess, wi_wb_str("SELECT n FROM t WHERE n = $x"),
                                       NULL, 0, NULL, 0, &out, e));
}

static int call_sql_refs(wb_err *e) {
  const wb_sql_limits limits = {0};
  struct ArrowArrayStream out = {0};
  return drop(&out,
              c.t->wb_sql_refs(wi_wb_str("SELECT a FROM b"), &limits, NULL, 0, &out, e));
}

static int free_plan(wb_plan *p, int code) {
  c.t->wb_plan_free(p);
  return code;
}

static int call_plan_sql(wb_err *e) {
  wb_plan *p = NULL;
  int code = plan("SELECT 1 AS one", &p, e);
  return free_plan(p, code);
}

static int call_plan_edit(wb_err *e) {
  wb_plan *p = NULL;
  struct ArrowSchema schema = {0};
  wb_str by = {"letter", 6};
  int code = c.t->wb_plan_schema(c.logical, &schema, e);
  if (code == 0) {
    code = c.t->wb_plan_edit(c.logical, NULL, 0, &schema, &by, 1, &p, e);
    schema.release(&schema);
  }
  return free_plan(p, code);
}

static int call_plan_optimize(wb_err *e) {
  wb_plan *p = NULL;
  int code = c.t->wb_plan_optimize(c.logical, NULL, &p, e);
  return free_plan(p, code);
}

static int call_plan_schema(wb_err *e) {
  struct ArrowSchema schema = {0};
  int code = c.t->wb_plan_schema(c.logical, &schema, e);
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  return code;
}

static int call_plan_table_read(wb_err *e) {
  struct ArrowArrayStream out = {0};
  return drop(&out, c.t->wb_plan_table_read(c.optimized, WB_PLAN_NODES, &out, e));
}

static int call_plan_text(wb_err *e) {
  wb_buf out = {0};
  int code = c.t->wb_plan_text(c.optimized, WB_PLAN_INDENT, &out, e);
  c.t->wb_buf_free(&out);
  return code;
}

static int with_exec(int (*use)(wb_exec *exec, wb_err *e), wb_err *e) {
  wb_exec *exec = NULL;
  int code = exec_new(c.optimized, &exec, e);
  if (code == 0 && use != NULL) {
    code = use(exec, e);
  }
  c.t->wb_exec_free(exec);
  return code;
}

static int call_exec_new(wb_err *e) {
  return with_exec(NULL, e);
}

static int use_exec_stream(wb_exec *exec, wb_err *e) {
  struct ArrowArrayStream out = {0};
  return drop(&out, c.t->wb_exec_stream(exec, &out, e));
}
static int call_exec_stream(wb_err *e) {
  return with_exec(use_exec_stream, e);
}

static int use_exec_stage(wb_exec *exec, wb_err *e) {
  struct ArrowArrayStream out = {0};
  wb_stage_options o = {.struct_size = sizeof o,
                        .prefix = wi_wb_str("_staged/"),
                        .target_file_bytes = 1 << 20,
                        .row_group_rows = 1000,
                        .row_group_bytes = 1 << 20,
                        .bound_bytes = 64,
                        .part_bytes = 1 << 20,
                        .parts_in_flight = 1,
                        .compression = wi_wb_str("none")};
  return drop(&out, c.t->wb_exec_stage(exec, c.store, &o, &out, e));
}
static int call_exec_stage(wb_err *e) {
  return with_exec(use_exec_stage, e);
}

static int use_exec_table_read(wb_exec *exec, wb_err *e) {
  struct ArrowArrayStream out = {0};
  return drop(&out, c.t->wb_exec_table_read(exec, WB_EXEC_NODES, &out, e));
}
static int call_exec_table_read(wb_err *e) {
  return with_exec(use_exec_table_read, e);
}

static int call_store_open(wb_err *e) {
  wb_store *store = NULL;
  int code = c.t->wb_store_open(c.rt, wi_wb_str("file:///tmp"), NULL, 0, &store, e);
  c.t->wb_store_free(store);
  return code;
}

static int call_obj_get(wb_err *e) {
  struct ArrowArrayStream out = {0};
  wb_str path = wi_wb_str("_delta_log/00000000000000000000.json");
  return drop(&out, c.t->wb_obj_get(c.store, &path, 1, 1 << 20, NULL, &out, e));
}

static int call_obj_list(wb_err *e) {
  struct ArrowArrayStream out = {0};
  return drop(&out, c.t->wb_obj_list(c.store, wi_wb_str("_delta_log"), wi_wb_str(""),
                                     true, NULL, &out, e));
}

static int call_obj_put(wb_err *e) {
  return c.t->wb_obj_put(c.store, wi_wb_str("scratch"), (const uint8_t *)"x", 1, false,
                         NULL, e);
}

static int call_obj_delete(wb_err *e) {
  wb_str path = wi_wb_str("scratch");
  return c.t->wb_obj_delete(c.store, &path, 1, NULL, e);
}

static int call_snap_open(wb_err *e) {
  wb_snap *snap = NULL;
  int code = c.t->wb_snap_open(c.store, 0, NULL, &snap, e);
  c.t->wb_snap_free(snap);
  return code;
}

static int call_snap_table_read(wb_err *e) {
  struct ArrowArrayStream out = {0};
  int code = drop(&out, c.t->wb_snap_table_read(c.snap, WB_SNAP_ACTIONS, NULL, &out, e));
  return code == 0
             ? drop(&out, c.t->wb_snap_table_read(c.snap, WB_SNAP_FILES, NULL, &out, e))
             : code;
}

static int call_snap_txn(wb_err *e) {
  bool found = true;
  int64_t version = 0;
  return c.t->wb_snap_txn(c.snap, wi_wb_str("nobody"), NULL, &found, &version, e);
}

static int call_snap_checkpoint(wb_err *e) {
  return c.t->wb_snap_checkpoint(c.snap, NULL, e);
}

/* ---- calls without a status: a panic is swallowed and has done nothing, so that the thing
 * is still there; then it is freed in earnest ---- */

static int free_rt(wb_err *e) {
  wb_rt_options o = {
      .struct_size = sizeof o, .abi = WB_ABI, .threads = 1, .stack_bytes = 2 << 20};
  wb_rt *rt = NULL;
  wb_sess *sess = NULL;
  int code = c.t->wb_rt_new(&o, &rt, e);
  if (code == 0) {
    c.t->wb_rt_free(rt, 1000);
    code = session_on(rt, &sess, e);
    c.t->wb_sess_free(sess);
    c.t->wb_rt_free(rt, 1000);
  }
  return code;
}

static int fire_cancel(wb_err *e) {
  wb_cancel *cancel = NULL;
  wb_exec *exec = NULL;
  struct ArrowArrayStream out = {0};
  struct ArrowArray batch = {0};
  wb_exec_options o = {.struct_size = sizeof o, .partitions = 1, .batch_rows = 100};
  int code = c.t->wb_cancel_new(NULL, 0, &cancel, e);
  if (code == 0) {
    c.t->wb_cancel_fire(cancel); /* in vain */
    code = c.t->wb_exec_new(c.sess, c.optimized, c.bind, &o, cancel, &exec, e);
  }
  if (code == 0) {
    code = c.t->wb_exec_stream(exec, &out, e);
  }
  if (code == 0) {
    code = out.get_next(&out, &batch) == 0 && batch.length == 3 ? 0 : WEIR_E_CANCELLED;
  }
  if (batch.release != NULL) {
    batch.release(&batch);
  }
  c.t->wb_exec_free(exec);
  c.t->wb_cancel_free(cancel);
  return drop(&out, code);
}

static int free_cancel(wb_err *e) {
  wb_cancel *cancel = NULL;
  int code = c.t->wb_cancel_new(NULL, 0, &cancel, e);
  if (code == 0) {
    c.t->wb_cancel_free(cancel);
    c.t->wb_cancel_fire(cancel);
    c.t->wb_cancel_free(cancel);
  }
  return code;
}

static int free_sess(wb_err *e) {
  wb_sess *sess = NULL;
  int code = new_session(&sess, e);
  if (code == 0) {
    c.t->wb_sess_free(sess);
    code = c.t->wb_sess_seal(sess, e);
    c.t->wb_sess_free(sess);
  }
  return code;
}

static int free_one_plan(wb_err *e) {
  wb_plan *p = NULL, *q = NULL;
  int code = plan("SELECT 1 AS one", &p, e);
  if (code == 0) {
    c.t->wb_plan_free(p);
    code = c.t->wb_plan_optimize(p, NULL, &q, e);
    c.t->wb_plan_free(q);
    c.t->wb_plan_free(p);
  }
  return code;
}

static int free_exec(wb_err *e) {
  wb_exec *exec = NULL;
  int code = exec_new(c.optimized, &exec, e);
  if (code == 0) {
    c.t->wb_exec_free(exec);
    code = use_exec_stream(exec, e);
    c.t->wb_exec_free(exec);
  }
  return code;
}

static int free_bind(wb_err *e) {
  wb_bind *bind = NULL;
  int code = c.t->wb_bind_new(&bind, e);
  if (code == 0) {
    c.t->wb_bind_free(bind);
    code = bind_memory(bind, "t", e);
    c.t->wb_bind_free(bind);
  }
  return code;
}

static int free_snap(wb_err *e) {
  wb_snap *snap = NULL;
  int code = c.t->wb_snap_open(c.store, 0, NULL, &snap, e);
  if (code == 0) {
    struct ArrowArrayStream out = {0};
    c.t->wb_snap_free(snap);
    code = drop(&out, c.t->wb_snap_table_read(snap, WB_SNAP_FILES, NULL, &out, e));
    c.t->wb_snap_free(snap);
  }
  return code;
}

static int free_store(wb_err *e) {
  wb_store *store = NULL;
  int code = c.t->wb_store_open(c.rt, wi_wb_str("file:///tmp"), NULL, 0, &store, e);
  if (code == 0) {
    struct ArrowArrayStream out = {0};
    wb_str path = wi_wb_str("no-such-object");
    c.t->wb_store_free(store);
    code = drop(&out, c.t->wb_obj_get(store, &path, 1, 0, NULL, &out, e));
    c.t->wb_store_free(store);
  }
  return code;
}

/* `point` NULL: the export's name. `how` NULL: it has no point, as it can neither fail nor
 * run anything but a release of plain memory. */
typedef struct export_case {
  const char *name, *point;
  int (*call)(wb_err *e);
  bool quiet;
} export_case;

#define CALLS(name)         {"wb_" #name, NULL, call_##name, false}
#define FREES(name, how)    {"wb_" #name, NULL, how, true}
#define RELEASES(name, how) {"wb_" #name, "release", how, true}
#define PLAIN(name)         {"wb_" #name, NULL, NULL, false}
static const export_case cases[] = {
    CALLS(bind_copy),
    CALLS(bind_table),
    RELEASES(bind_free, free_bind),
    CALLS(bind_new),
    CALLS(bind_stream),
    PLAIN(buf_free),
    FREES(cancel_fire, fire_cancel),
    FREES(cancel_free, free_cancel),
    CALLS(cancel_new),
    PLAIN(err_free),
    FREES(exec_free, free_exec),
    CALLS(exec_new),
    CALLS(exec_stage),
    CALLS(exec_stream),
    CALLS(exec_table_read),
    CALLS(input_declare),
    CALLS(ipc_write),
    CALLS(obj_delete),
    CALLS(obj_get),
    CALLS(obj_list),
    CALLS(obj_put),
    CALLS(plan_edit),
    FREES(plan_free, free_one_plan),
    CALLS(plan_optimize),
    CALLS(plan_schema),
    CALLS(plan_sql),
    CALLS(plan_table_read),
    CALLS(plan_text),
    FREES(rt_free, free_rt),
    CALLS(rt_new),
    CALLS(sess_add_aggregate),
    CALLS(sess_add_macros),
    CALLS(sess_add_relation),
    CALLS(sess_add_rule),
    CALLS(sess_add_scalar),
    CALLS(sess_add_table_fn),
    FREES(sess_free, free_sess),
    CALLS(sess_new),
    CALLS(sess_seal),
    CALLS(sess_table_read),
    CALLS(snap_checkpoint),
    RELEASES(snap_free, free_snap),
    CALLS(snap_open),
    CALLS(snap_table_read),
    CALLS(snap_txn),
    CALLS(sql_params),
    CALLS(sql_refs),
    RELEASES(store_free, free_store),
    CALLS(store_open),
    CALLS(versions),
};
#define N_CASES (sizeof cases / sizeof cases[0])

static bool arm(const char *point) {
  weir_error err = WEIR_ERROR_INIT;
  bool ok = wi_engine_panic_at(c.engine, point, &err) == WEIR_OK;
  if (!ok) {
    wt_fail(__FILE__, __LINE__, "arming %s: %s", point, err.message);
  }
  weir_error_release(&err);
  return ok;
}

/* Runs a query on the engine that the panics went through; "" and a code if it fails. */
static int ask(const char *sql, char *out, size_t size, weir_error *err) {
  wb_plan *p = NULL, *q = NULL;
  wb_exec *exec = NULL;
  wb_err e = {0};
  struct ArrowArrayStream stream = {0};
  out[0] = '\0';
  int code = plan(sql, &p, &e);
  if (code == 0) {
    code = c.t->wb_plan_optimize(p, NULL, &q, &e);
  }
  if (code == 0) {
    code = exec_new(q, &exec, &e);
  }
  if (code == 0) {
    code = c.t->wb_exec_stream(exec, &stream, &e);
  }
  if (code != 0) {
    (void)wi_wb_status(c.t, code, &e, err);
  } else {
    code = wf_text(&stream, out, size, err);
  }
  c.t->wb_exec_free(exec);
  c.t->wb_plan_free(q);
  c.t->wb_plan_free(p);
  return code;
}

static bool healthy(const char *after) {
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  int code =
      ask("SELECT sum(n), max(letter), max(sevens(n)) FROM t", got, sizeof got, &err);
  bool ok = code == 0 && strcmp(got, "6|c|7;") == 0;
  if (!ok) {
    wt_fail(__FILE__, __LINE__, "after %s the engine gave %d %s %s", after, code, got,
            err.message);
  }
  weir_error_release(&err);
  return ok;
}

static void check_case(const export_case *one) {
  wb_err e = {0};
  int code = one->quiet ? 0 : one->call(&e);
  if (code != 0) {
    wt_fail(__FILE__, __LINE__, "%s, not armed: %d: %s", one->name, code, e.message);
    c.t->wb_err_free(&e);
    return;
  }
  if (!arm(one->point != NULL ? one->point : one->name)) {
    return;
  }
  code = one->call(&e);
  int expected = one->quiet ? 0 : WEIR_E_PANIC;
  bool named = one->quiet || (e.message != NULL && strstr(e.message, one->name) != NULL);
  if (code != expected || !named || e.code != expected) {
    wt_fail(__FILE__, __LINE__, "%s, armed: %d: %s", one->name, code,
            e.message != NULL ? e.message : "no message");
  }
  c.t->wb_err_free(&e);
  (void)arm("");
  (void)healthy(one->name);
}

WT_TEST(exports_turn_panics_into_errors) {
  WT_CHECK(ready());
  WT_CHECK(healthy("nothing"));
  for (size_t i = 0; i < N_CASES; i++) {
    if (cases[i].call != NULL) {
      check_case(&cases[i]);
    }
  }
}

WT_TEST(another_interface_is_refused) {
  wb_rt_options o = {.struct_size = sizeof o, .abi = WB_ABI + 1, .threads = 1};
  wb_rt *rt = NULL;
  wb_err e = {0};
  WT_CHECK(ready());
  WT_EQ_INT(c.t->wb_rt_new(&o, &rt, &e), WEIR_E_ENGINE_LOAD);
  WT_CHECK(rt == NULL && strstr(e.message, "ABI") != NULL);
  c.t->wb_err_free(&e);
}

/* exports.txt is what the library exports (a check of the build); each must be above. */
WT_TEST(no_export_is_left_out) {
  FILE *file = fopen(WT_ROOT "/bridge/exports.txt", "r");
  char line[128];
  size_t n = 0;
  WT_CHECK(file != NULL);
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    size_t i = 0;
    while (i < N_CASES && strcmp(cases[i].name, line) != 0) {
      i++;
    }
    if (i == N_CASES) {
      wt_fail(__FILE__, __LINE__, "%s is not driven to a panic", line);
    }
    n++;
  }
  fclose(file);
  WT_EQ_INT(n, N_CASES);
}

/* ---- the points that are no exports ---- */

static void check_point(const char *point, const char *sql) {
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  if (!arm(point)) {
    return;
  }
  int code = ask(sql, got, sizeof got, &err);
  if (code != WEIR_E_PANIC || err.code != WEIR_E_PANIC ||
      strstr(err.message, point) == NULL) {
    wt_fail(__FILE__, __LINE__, "%s: %d %s %s", point, code, got, err.message);
  }
  weir_error_release(&err);
  (void)arm("");
  (void)healthy(point);
}

WT_TEST(streams_turn_panics_into_errors) {
  WT_CHECK(ready());
  check_point("stream.get_next", "SELECT n FROM t");
}

WT_TEST(operators_turn_panics_into_errors) {
  WT_CHECK(ready());
  check_point("operator.task", "SELECT n FROM t");
  check_point("operator.task", "SELECT letter, count(*) FROM t GROUP BY letter");
  check_point("operator.task", "SELECT a.n FROM t a JOIN t b ON a.n = b.n ORDER BY a.n");
}

WT_TEST(functions_turn_panics_into_errors) {
  WT_CHECK(ready());
  check_point("udf.call", "SELECT sevens(n) FROM t"); /* while its type is asked for */
  /* While a batch runs: the point is armed after planning. */
  wb_err e = {0};
  weir_error err = WEIR_ERROR_INIT;
  wb_plan *p = NULL, *q = NULL;
  wb_exec *exec = NULL;
  struct ArrowArrayStream stream = {0};
  char got[64];
  WT_EQ_INT(plan("SELECT sevens(n) FROM t", &p, &e), 0);
  WT_EQ_INT(c.t->wb_plan_optimize(p, NULL, &q, &e), 0);
  WT_EQ_INT(exec_new(q, &exec, &e), 0);
  WT_CHECK(arm("udf.call")); /* from here on tasks may run ahead of the reader */
  WT_EQ_INT(c.t->wb_exec_stream(exec, &stream, &e), 0);
  WT_EQ_INT(wf_text(&stream, got, sizeof got, &err), WEIR_E_PANIC);
  WT_CHECK(strstr(err.message, "udf.call") != NULL);
  weir_error_release(&err);
  c.t->wb_exec_free(exec);
  c.t->wb_plan_free(q);
  c.t->wb_plan_free(p);
  WT_CHECK(healthy("udf.call"));
}

WT_TEST(releases_survive_panics) {
  WT_CHECK(ready());
  wb_err e = {0};
  struct ArrowArrayStream stream = {0};
  WT_EQ_INT(c.t->wb_versions(&stream, &e), 0);
  WT_CHECK(arm("release"));
  stream.release(&stream);
  WT_CHECK(stream.release == NULL);
  WT_CHECK(healthy("the release of a stream"));
  /* A running one, that gave a batch already. */
  wb_exec *exec = NULL;
  struct ArrowArray batch = {0};
  WT_EQ_INT(exec_new(c.optimized, &exec, &e), 0);
  WT_EQ_INT(c.t->wb_exec_stream(exec, &stream, &e), 0);
  WT_EQ_INT(stream.get_next(&stream, &batch), 0);
  batch.release(&batch);
  WT_CHECK(arm("release"));
  stream.release(&stream);
  WT_CHECK(stream.release == NULL);
  c.t->wb_exec_free(exec);
  WT_CHECK(arm(""));
  WT_CHECK(healthy("the release of a running stream"));
  /* A function's object: the panic comes instead of the host's callback. */
  wb_sess *sess = NULL;
  wb_scalar_fn fn = function("short_lived");
  WT_EQ_INT(new_session(&sess, &e), 0);
  WT_EQ_INT(c.t->wb_sess_add_scalar(sess, &fn, &e), 0);
  int before = released;
  WT_CHECK(arm("release"));
  c.t->wb_sess_free(sess);
  WT_EQ_INT(released, before);
  WT_CHECK(arm(""));
  WT_CHECK(healthy("the release of a function"));
  WT_EQ_INT(new_session(&sess, &e), 0);
  WT_EQ_INT(c.t->wb_sess_add_scalar(sess, &fn, &e), 0);
  c.t->wb_sess_free(sess);
  WT_EQ_INT(released, before + 1);
}

/* ---- damage on disk ---- */

typedef struct lake {
  wt_project folder;
  char uri[256];
} lake;

static bool lake_of(lake *out, int64_t n_rows, int64_t files) {
  wf_seed seed = {9, n_rows, 0, 0};
  if (!wt_project_make(&out->folder, NULL, 0)) {
    return false;
  }
  snprintf(out->uri, sizeof out->uri, "%s/t", out->folder.root);
  return wf_seeded_table(out->uri, &seed, files);
}

static void check_damage(const char *uri, weir_status code) {
  static const char *const memory_cells[] = {"5"};
  struct ArrowArrayStream memory;
  if (!wf_rows(&memory, "x:l", memory_cells, 1)) {
    return;
  }
  wf_input inputs[] = {{.name = "t", .uri = uri, .version = -1},
                       {.name = "m", .rows = &memory}};
  weir_session *s = wf_session(inputs, 2);
  if (s == NULL) {
    return;
  }
  (void)wf_expect_error(
      s, "SELECT sum(id), sum(value), max(word), max(part), sum(ratio) FROM t", code);
  (void)wf_expect_error(s, "SELECT t.id FROM t JOIN m ON t.id = m.x", code);
  (void)wf_expect(s, "SELECT x FROM m", "5;");
  weir_session_free(&s);
}

WT_TEST(a_missing_file_has_its_error) {
  lake l;
  char path[512];
  WT_CHECK(lake_of(&l, 4000, 3) && wf_data_file(l.uri, 1, path, sizeof path));
  WT_EQ_INT(unlink(path), 0);
  check_damage(l.uri, WEIR_E_FILE_MISSING);
  wt_project_remove(&l.folder);
}

static bool damage(const char *path, long at, size_t n, bool cut) {
  FILE *file = fopen(path, "r+b");
  bool ok = file != NULL && fseek(file, 0, SEEK_END) == 0;
  long size = ok ? ftell(file) : 0;
  long from = at >= 0 ? at : size + at;
  if (ok && cut) {
    ok = ftruncate(fileno(file), from) == 0;
  } else if (ok) {
    ok = fseek(file, from, SEEK_SET) == 0;
    for (size_t i = 0; i < n && ok; i++) {
      ok = fputc(0xA5, file) != EOF;
    }
  }
  if (file != NULL && fclose(file) != 0) {
    ok = false;
  }
  if (!ok) {
    wt_fail(__FILE__, __LINE__, "cannot damage %s", path);
  }
  return ok;
}

WT_TEST(corrupt_files_have_their_error) {
  static const struct {
    long at; /* negative: from the end */
    size_t n;
    bool cut;
  } how[] = {
      {0, 0, true},       /* empty */
      {3, 0, true},       /* shorter than a footer's length */
      {-1, 0, true},      /* without its last byte */
      {-200, 0, true},    /* without its footer */
      {-4, 4, false},     /* another magic */
      {-150, 100, false}, /* a garbled footer */
      {4, 3000, false},   /* garbled pages */
      {-8, 4, false},     /* a footer longer than the file */
  };
  for (size_t i = 0; i < sizeof how / sizeof how[0]; i++) {
    lake l;
    char path[512];
    WT_CHECK(lake_of(&l, 4000, 2) && wf_data_file(l.uri, 1, path, sizeof path));
    WT_CHECK(damage(path, how[i].at, how[i].n, how[i].cut));
    check_damage(l.uri, WEIR_E_FILE_CORRUPT);
    wt_project_remove(&l.folder);
  }
}

/* Enough files that most are not open yet when the folder goes. */
WT_TEST(a_table_dropped_under_a_scan_has_its_error) {
  lake l;
  static const char *const memory_cells[] = {"5"};
  struct ArrowArrayStream memory, stream;
  struct ArrowArray batch = {0};
  weir_query *query = NULL;
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  WT_CHECK(lake_of(&l, 200000, 12) && wf_rows(&memory, "x:l", memory_cells, 1));
  wf_input inputs[] = {{.name = "t", .uri = l.uri, .version = -1},
                       {.name = "m", .rows = &memory}};
  weir_session *s = wf_session(inputs, 2);
  WT_CHECK(s != NULL);
  WT_OK(weir_query_open(s, "SELECT id, word FROM t", NULL, 0, &query, &err));
  WT_OK(weir_query_stream(query, &stream, &err));
  WT_EQ_INT(stream.get_next(&stream, &batch), 0);
  WT_CHECK(batch.release != NULL);
  batch.release(&batch);
  WT_CHECK(wf_remove(l.uri));
  WT_EQ_INT(wf_text(&stream, got, sizeof got, &err), WEIR_E_FILE_MISSING);
  WT_EQ_INT(err.code, WEIR_E_FILE_MISSING);
  weir_error_release(&err);
  weir_query_free(&query);
  WT_CHECK(wf_expect_error(s, "SELECT count(word) FROM t", WEIR_E_FILE_MISSING));
  WT_CHECK(wf_expect(s, "SELECT x FROM m", "5;"));
  weir_session_free(&s);
  wt_project_remove(&l.folder);
}

/* The last by name: frees what the others shared, so that leaks show. */
WT_TEST(zz_everything_is_freed) {
  WT_CHECK(ready());
  c.t->wb_plan_free(c.logical);
  c.t->wb_plan_free(c.optimized);
  c.t->wb_bind_free(c.bind);
  c.t->wb_sess_free(c.sess);
  c.t->wb_snap_free(c.snap);
  c.t->wb_store_free(c.store);
  wi_engine_unref(&c.engine);
  wt_project_remove(&c.folder);
  c.ready = false;
}
