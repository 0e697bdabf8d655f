/* One write of each kind, for tests that disturb it: the table before, the write, the rows after. */
#ifndef TESTS_UNIT_TABLE_WRITES_H
#define TESTS_UNIT_TABLE_WRITES_H

#include "common/fixtures.h"
#include "unit/table/rows.h"

#define APP "loader"

/* CHECKPOINT is an append after which the table gets one. */
typedef enum write {
  CREATE,
  APPEND,
  REPLACE,
  REPLACE_ALL,
  ADJUST,
  CHECKPOINT,
  N_WRITES
} write;
static const char *const names[] = {"create",      "append", "replace",
                                    "replace all", "adjust", "checkpoint"};
static const char *const old_rows[] = {NULL,       "1|a;2|b;", "1|a;2|b;",
                                       "1|a;2|b;", "1|a;2|b;", "1|a;2|b;"};
static const char *const new_rows[] = {"1|a;2|b;", "1|a;2|b;3|c;", "2|b;9|a;",
                                       "7|z;",     "1|a;2|b;",     "1|a;2|b;3|c;"};

static const char *const cells[][4] = {{"1", "a", "2", "b"}, {"3", "c"}, {"9", "a"},
                                       {"7", "z"},           {NULL},     {"3", "c"}};
static const size_t n_cells[] = {2, 1, 1, 1, 0, 1};
static const char *const each_commit[] = {"delta.checkpointInterval", "1"};
static const char *const by_name[] = {"name"};
static const char *const part_a[] = {"a"};
static const char *const *const only_a[] = {part_a};

typedef struct place {
  wt_project at;
  wi_session *session;
  wi_store *store;
} place;

static inline weir_status adjust(place *p, weir_error *err) {
  wi_pin base;
  wi_snap *snap = NULL;
  wi_commit_outcome out;
  const wi_br_pair pair = {"team.color", "blue"};
  const wi_meta_edit edit = {.set = &pair, .n_set = 1};
  weir_status status = wi_base_open(p->session, p->store, &base, &snap, err);
  const wi_commit_request r = {.session = p->session,
                               .store = p->store,
                               .mode = WI_WRITE_ADJUST,
                               .base = &base,
                               .base_snap = snap,
                               .edit = &edit,
                               .app = {.id = APP, .version = -1, .key = "k"},
                               .operation = "SET TBLPROPERTIES",
                               .max_retries = 5};
  status = status == WEIR_OK ? wi_table_commit(&r, &out, err) : status;
  wi_snap_unref(&snap);
  wi_pin_release(&base);
  return status;
}

static inline weir_status write_as(place *p, write what, wi_write_report *report,
                                   weir_error *err) {
  static const wi_write_mode modes[] = {WI_WRITE_CREATE,  WI_WRITE_APPEND,
                                        WI_WRITE_REPLACE, WI_WRITE_REPLACE,
                                        WI_WRITE_ADJUST,  WI_WRITE_APPEND};
  memset(report, 0, sizeof *report);
  if (what == ADJUST) {
    return adjust(p, err);
  }
  struct ArrowArrayStream stream =
      rows_stream("id l, name u", cells[what], n_cells[what]);
  wi_write_request w = {.session = p->session,
                        .uri = wi_store_uri(p->store),
                        .mode = modes[what],
                        .app = {.id = APP, .version = what == CREATE ? 1 : 2}};
  if (what == CREATE) {
    w.table.partition_by = by_name;
    w.table.n_partition_by = 1;
  }
  if (what == REPLACE) {
    w.partitions = only_a;
    w.n_partitions = 1;
  }
  return wi_write_stream(&w, &stream, report, err);
}

static inline bool make(place *p, write what) {
  weir_error err = WEIR_ERROR_INIT;
  wi_write_report report;
  memset(p, 0, sizeof *p);
  if (!wt_project_make(&p->at, NULL, 0)) {
    return false;
  }
  p->session = kit_session(NULL, 0);
  p->store = rows_store(p->session, &p->at, "t");
  if (what == CREATE) {
    return true;
  }
  struct ArrowArrayStream stream = rows_stream("id l, name u", cells[0], 2);
  wi_write_request w = {.session = p->session,
                        .uri = wi_store_uri(p->store),
                        .mode = WI_WRITE_CREATE,
                        .app = {.id = APP, .version = 1}};
  if (what != REPLACE_ALL) {
    w.table.partition_by = by_name;
    w.table.n_partition_by = 1;
  }
  if (what == CHECKPOINT) {
    w.table.properties = each_commit;
    w.table.n_properties = 1;
  }
  bool fine = wi_write_stream(&w, &stream, &report, &err) == WEIR_OK;
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "no table: %s", err.message);
  }
  weir_error_release(&err);
  return fine;
}

static inline void leave(place *p) {
  wi_store_unref(&p->store);
  wi_session_free(&p->session);
  wt_project_remove(&p->at);
}

/* The rows, "" where there is no table; false: what is there cannot be read. */
static inline bool read_rows(const place *p, char *out, size_t size) {
  weir_error err = WEIR_ERROR_INIT;
  wi_log log = {0};
  out[0] = '\0';
  weir_status status = wi_log_list(p->store, &log, &err);
  wi_log_release(&log);
  weir_error_release(&err);
  if (status == WEIR_E_TABLE_MISSING) {
    return true;
  }
  wf_input inputs[] = {{.name = "t", .uri = wi_store_uri(p->store), .version = -1}};
  weir_session *s = wf_session(inputs, 1);
  bool fine = s != NULL && wf_query(s, "SELECT id, name FROM t ORDER BY id", out, size,
                                    &err) == WEIR_OK;
  weir_error_release(&err);
  weir_session_free(&s);
  return fine;
}

static inline bool has_property(const place *p) {
  wi_pin base;
  wi_snap *snap = NULL;
  bool has = wi_base_open(p->session, p->store, &base, &snap, NULL) == WEIR_OK &&
             wi_meta_property(base.meta, "team.color") != NULL;
  wi_snap_unref(&snap);
  wi_pin_release(&base);
  return has;
}

#endif
