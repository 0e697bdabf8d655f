/* The writers of the model: those of weir by transactions, others by the protocol alone. */
#ifndef TESTS_UNIT_DELTA_MODEL_WRITERS_H
#define TESTS_UNIT_DELTA_MODEL_WRITERS_H

#include "unit/delta/model.h"

/* ---- writers of weir: transactions ---- */

typedef struct step { /* one transaction of a writer */
  writer *w;
  wi_removes removes;
  wi_remove items[MODEL_FILES];
  char paths[MODEL_FILES][16];
  wi_staged staged;
  wi_staged_file adds[2];
  char add_paths[2][16];
  bool sets_property;
  wi_meta *to_be;
  uint64_t (*takes)(const model *m, const state *s);
} step;

static void list_removes(step *s, uint64_t files) {
  s->removes = (wi_removes){s->items, 0, MODEL_FILES};
  for (int f = 0; f < MODEL_FILES; f++) {
    if ((files >> f & 1) != 0) {
      size_t at = s->removes.n++;
      snprintf(s->paths[at], 16, "f%d", f);
      s->items[at] = (wi_remove){.path = s->paths[at], .size = 1};
    }
  }
}

/* Its own property, in what the table is then. */
static weir_status set_property(step *s, wi_meta *base, weir_error *err) {
  char name[16];
  snprintf(name, sizeof name, "p%d", s->w->index);
  const wi_br_pair pair = {name, "1"};
  const wi_meta_edit edit = {.set = &pair, .n_set = 1};
  wi_meta_unref(&s->to_be);
  return wi_meta_apply(base, &edit, &s->to_be, err);
}

/* A version never changes: what is live there is no matter of timing. */
static weir_status stand_on(void *ctx, int64_t version, const wi_judged *judged,
                            wi_txn_base *out, weir_error *err) {
  step *s = ctx;
  const state *base = &s->w->m->states[version];
  (void)judged;
  list_removes(s, s->takes == NULL ? 0 : s->takes(s->w->m, base));
  out->removes = &s->removes;
  out->is = base->meta;
  out->digest = s->w->m->plant == FAULT_DIGEST ? NULL : base->digest;
  if (s->sets_property) {
    WI_TRY(set_property(s, base->meta, err));
    out->to_be = s->to_be;
  }
  return WEIR_OK;
}

static uint64_t takes_all(const model *m, const state *s) {
  (void)m;
  return s->live;
}

static uint64_t takes_part(const model *m, const state *s) {
  return files_of(m, s->live, 1);
}

static void add_file(step *s, int part, int64_t pin) {
  static char values[2][16] = {"{\"d\":\"1\"}", "{\"d\":\"2\"}"};
  int f = model_file(s->w->m, part);
  size_t at = s->staged.n++;
  s->w->m->files[f].pin = pin;
  snprintf(s->add_paths[at], 16, "f%d", f);
  s->adds[at] = (wi_staged_file){.path = s->add_paths[at],
                                 .size = 1,
                                 .rows = 1,
                                 .partition_values = values[part - 1]};
  s->staged.files = s->adds;
  s->staged.rows = s->staged.n;
}

/* The loop as it was, with a fault of it put back (or none). */
static weir_status old_loop(const wi_txn *t, fault plant, wi_commit_outcome *out,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf bytes = WI_BUF_INIT;
  int64_t on = t->read_version;
  bool ended = false;
  char id[37];
  *out = (wi_commit_outcome){.version = -1, .app_version = -1};
  wi_uuid7(id);
  for (int tried = 0; tried < 20 && !ended; tried++) {
    wi_commit_def def = *t->def;
    wi_txn_base base = {0};
    wi_put_result put = (wi_put_result)0;
    wi_judged j = WI_JUDGED_INIT;
    WI_CHECK(t->host.stand_on(t->host.ctx, on, NULL, &base, err));
    def.commit_id = id;
    def.read_version = on;
    def.app_id = t->claim.app.id;
    def.app_version = t->claim.app.version;
    def.base_meta = base.is;
    def.meta = base.to_be;
    def.removes = base.removes;
    wi_buf_clear(&bytes);
    WI_CHECK(wi_commit_compose(&def, &bytes, err));
    WI_CHECK(wi_commit_put(t->store, on + 1, id, &bytes, &put, err));
    if (wi_put_is_done(put)) {
      *out = (wi_commit_outcome){.end = WI_END_COMMITTED, .version = on + 1};
      break;
    }
    WI_CHECK(wi_judge_since(t->store, on, &t->claim, &j, err));
    ended = j.verdict > WI_VERDICT_EXISTS;
    status = j.verdict == WI_VERDICT_CONFLICT ? WEIR_E_CONFLICT : WEIR_OK;
    out->end = j.verdict == WI_VERDICT_SAME         ? WI_END_SAME
               : j.verdict == WI_VERDICT_SUPERSEDED ? WI_END_SUPERSEDED
                                                    : WI_END_UNCHANGED;
    out->version = plant == FAULT_SAME ? j.to : j.version;
    if (status != WEIR_OK) {
      break;
    }
    wi_log log = {0};
    WI_CHECK(plant == FAULT_LATEST && !ended ? wi_log_list(t->store, &log, err)
                                             : WEIR_OK);
    on = plant == FAULT_LATEST && !ended ? log.latest : j.to;
    wi_log_release(&log);
  }
done:
  wi_buf_release(&bytes);
  return status;
}

static int64_t base_of(writer *w) {
  wi_log log = {0};
  int64_t version = wi_log_list(w->m->store, &log, NULL) == WEIR_OK ? log.latest : -1;
  wi_log_release(&log);
  return version;
}

static void commit(step *s, wi_claim claim, int64_t base, int64_t batch) {
  writer *w = s->w;
  model *m = w->m;
  char index[8], key[24];
  weir_error err = WEIR_ERROR_INIT;
  snprintf(index, sizeof index, "%d", w->index);
  snprintf(key, sizeof key, "%lld", (long long)w->pin);
  const wi_br_pair info[] = {{"model.writer", index}, {"weir.result_key", key}};
  const wi_commit_def def = {.operation = "WRITE",
                             .engine_info = "weir/test",
                             .info = info,
                             .n_info = claim.app.key != NULL ? 2 : 1,
                             .adds = &s->staged,
                             .data_change = s->staged.n > 0};
  claim.app.key = claim.app.key != NULL ? key : NULL;
  const wi_txn_limits limits = {.lost = 20, .fresh_us = m->fresh_us};
  const wi_txn txn = {m->store, base, claim, &def, {stand_on, s}, limits, NULL};
  struct told *told = &w->ends[w->n_ends++];
  *told = (struct told){.base = base, .batch = batch, .pin = w->pin, .put = true};
  bool old = m->plant == FAULT_LATEST || m->plant == FAULT_SAME || m->plant == FAULT_LOOP;
  told->status = old ? old_loop(&txn, m->plant, &told->out, &err)
                     : wi_txn_commit(&txn, &told->out, &err);
  weir_error_release(&err);
  wi_meta_unref(&s->to_be);
}

static void append(writer *w, int app, const char *id) {
  for (int64_t batch = 1; batch <= 2; batch++) {
    step s = {.w = w};
    int64_t base = base_of(w);
    if (w->m->states[base].app[app] >= batch) {
      continue; /* in the table already */
    }
    add_file(&s, (int)batch, -1);
    wi_claim claim = {.app = {.id = id, .version = batch}};
    commit(&s, claim, base, batch);
  }
}

static void replace(writer *w) {
  step s = {.w = w, .takes = takes_part};
  static const char *const one[] = {"1"};
  wi_partitioning *by = NULL;
  wi_map keys = WI_MAP_INIT;
  wi_buf key = WI_BUF_INIT;
  int64_t base = base_of(w);
  if (wi_partitioning_new(w->m->states[base].meta, &by, NULL) != WEIR_OK ||
      wi_partition_key_given(by, one, &key, NULL) != WEIR_OK ||
      !wi_map_put(&keys, wi_buf_text(&key), NULL)) {
    abort();
  }
  wi_claim claim = {.takes = {WI_SCOPE_PARTITIONS, &keys, by}, .app = {.version = -1}};
  add_file(&s, 1, -1);
  commit(&s, claim, base, -1);
  wi_map_release(&keys);
  wi_buf_release(&key);
  wi_partitioning_free(&by);
}

static int64_t pin_source(writer *w) {
  give_way(w->m);
  return w->m->source;
}

static void view(writer *w) {
  step s = {.w = w, .takes = takes_all};
  bool early = w->m->plant == FAULT_PIN;
  w->pin = early ? pin_source(w) : 0;
  int64_t base = base_of(w);
  w->pin = early ? w->pin : pin_source(w);
  const state *at = &w->m->states[base];
  if (at->key == w->pin && fits_key(w->m, at, w->pin)) {
    return; /* nothing moved: reused */
  }
  add_file(&s, 1, w->pin);
  add_file(&s, 2, w->pin);
  wi_claim claim = {.takes = {.kind = WI_SCOPE_ALL}};
  claim.app = (wi_app){.id = "view", .version = at->app[2] + 1, .key = "pin"};
  commit(&s, claim, base, -1);
}

static void adjust(writer *w) {
  step s = {.w = w};
  int64_t base = base_of(w);
  const state *at = &w->m->states[base];
  if (at->key < 0 || !fits_key(w->m, at, at->key)) {
    return; /* others' rows: it is built again, not vouched for */
  }
  w->pin = at->key;
  wi_claim claim = {.reads = {.kind = WI_SCOPE_ALL}};
  claim.app = (wi_app){.id = "view", .version = at->app[2] + 1, .key = "pin"};
  commit(&s, claim, base, -1);
}

static void property(writer *w) {
  step s = {.w = w, .sets_property = true};
  wi_claim claim = {.app = {.version = -1}};
  commit(&s, claim, base_of(w), -1);
}

/* ---- others ---- */

static void remove_line(wi_buf *out, int f, bool data) {
  wi_buf_fmt(out, "{\"remove\":{\"path\":\"f%d\",\"dataChange\":%s}}\n", f,
             data ? "true" : "false");
}

static void add_line(const model *m, wi_buf *out, int f, bool data) {
  wi_buf_fmt(out,
             "{\"add\":{\"path\":\"f%d\",\"partitionValues\":{\"d\":\"%d\"},\"size\":1,"
             "\"dataChange\":%s}}\n",
             f, m->files[f].part, data ? "true" : "false");
}

/* What the writer does on this base; false: there is nothing to do. */
static bool foreign_lines(writer *w, const state *s, int own, wi_buf *out) {
  model *m = w->m;
  bool twice = false;
  if (w->what == FOREIGN_ADD) {
    add_line(m, out, own, true);
  } else if (w->what == FOREIGN_DELETE) {
    uint64_t first = files_of(m, s->live, 1);
    for (int f = 0; f < m->n_files && first != 0; f++) {
      if ((first >> f & 1) != 0) {
        remove_line(out, f, true);
        return true;
      }
    }
    return false;
  } else if (w->what == OPTIMIZE) {
    uint64_t files = files_of(m, s->live, 1);
    m->files[own].rows = rows_of(m, s->live, 1, &twice);
    for (int f = 0; f < m->n_files; f++) {
      if ((files >> f & 1) != 0) {
        remove_line(out, f, false);
      }
    }
    add_line(m, out, own, false);
    return files != 0 && (files & (files - 1)) != 0;
  } else {
    wi_buf_str(out, MODEL_METADATA);
    const char *comma = "";
    for (int i = 0; i < MODEL_WRITERS; i++) {
      if (((s->properties | (uint64_t)1 << w->index) >> i & 1) != 0) {
        wi_buf_fmt(out, "%s\"p%d\":\"1\"", comma, i);
        comma = ",";
      }
    }
    wi_buf_str(out, "}}}\n");
  }
  return true;
}

/* Always made from the newest version, and put right after it or not at all. */
static void foreign(writer *w) {
  wi_buf text = WI_BUF_INIT;
  int own = model_file(w->m, 1);
  for (bool done = false; !done;) {
    char path[64];
    int64_t base = base_of(w);
    wi_buf_clear(&text);
    wi_buf_fmt(&text,
               "{\"commitInfo\":{\"engineInfo\":\"other\",\"model.writer\":\"%d\"}}\n",
               w->index);
    if (!foreign_lines(w, &w->m->states[base], own, &text)) {
      break;
    }
    wi_log_commit_path(base + 1, path);
    done =
        wi_store_put_new(w->m->store, path, wi_buf_text(&text), text.n, NULL) == WEIR_OK;
  }
  wi_buf_release(&text);
}

static void checkpoint(writer *w) {
  char path[96];
  wi_log_commit_path(base_of(w), path);
  snprintf(path + strlen(path) - 4, 32, "checkpoint.parquet");
  (void)wi_store_put_new(w->m->store, path, "x", 1, NULL);
}

/* Each of the two commits right after the newest, as others do; the checkpoint and its cleaning are
 * one step. */
static void clean(writer *w) {
  wi_buf text = WI_BUF_INIT;
  for (int n = 0; n < 2; n++) {
    char path[64];
    int own = model_file(w->m, 1);
    wi_buf_clear(&text);
    wi_buf_fmt(&text,
               "{\"commitInfo\":{\"engineInfo\":\"other\",\"model.writer\":\"%d\"}}\n",
               w->index);
    add_line(w->m, &text, own, true);
    give_way(w->m);
    wi_log_commit_path(w->m->latest + 1, path);
    const char *const paths[] = {path};
    const wi_store_call put = {
        .paths = paths, .bytes = wi_buf_text(&text), .size = text.n};
    (void)model_put(w->m, &put);
  }
  wi_buf_release(&text);
  give_way(w->m);
  w->m->checkpoint = w->m->cleaned = w->m->latest;
}

static void sweep(writer *w) {
  for (int n = 0; n < 2; n++) {
    give_way(w->m);
    w->m->checkpoint = w->m->cleaned = w->m->latest;
  }
}

static void body(writer *w) {
  switch (w->what) {
    case APPEND:
      append(w, 0, "loader");
      break;
    case APPEND_OTHER:
      append(w, 1, "other");
      break;
    case REPLACE:
      replace(w);
      break;
    case VIEW:
      view(w);
      break;
    case ADJUST:
      adjust(w);
      break;
    case PROPERTY:
      property(w);
      break;
    case CHECKPOINT:
      checkpoint(w);
      break;
    case SOURCE:
      give_way(w->m);
      w->m->source++;
      break;
    case CLEAN:
      clean(w);
      break;
    case SWEEP:
      sweep(w);
      break;
    case FOREIGN_ADD:
    case FOREIGN_DELETE:
    case OPTIMIZE:
    case FOREIGN_META:
    case N_KINDS:
    default:
      foreign(w);
      break;
  }
}

#endif
