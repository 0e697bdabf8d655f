/* A table in memory, writers as coroutines that give way before each operation of the store, and
 * what has to be true of the log that comes of it. No disk, no engine, no waiting: a schedule is a
 * list of choices, and the same choices give the same log. */
#ifndef TESTS_UNIT_DELTA_MODEL_H
#define TESTS_UNIT_DELTA_MODEL_H

#include <stdlib.h>
#include <ucontext.h>

#include "common/hooks.h"
#include "common/test.h"
#include "delta/internal.h"
#include "delta/txn.h"

enum { MODEL_WRITERS = 5, MODEL_VERSIONS = 40, MODEL_FILES = 60, MODEL_STEPS = 400 };

typedef enum kind {
  APPEND,       /* two batches of one application, as its retry sends them too */
  APPEND_OTHER, /* the same of another application */
  REPLACE,      /* of the partition d=1 */
  VIEW,         /* a run: base, pin of the source, overwrite under a key */
  ADJUST,       /* vouches for the view's rows as it saw them */
  PROPERTY,     /* sets a property, keeping those of others */
  FOREIGN_ADD,
  FOREIGN_DELETE,
  OPTIMIZE,
  FOREIGN_META,
  CHECKPOINT,
  SOURCE, /* the view's source moves on */
  CLEAN,  /* commits twice, writes a checkpoint and cleans the log up to it */
  SWEEP,  /* writes a checkpoint and cleans the log up to it, twice */
  N_KINDS
} kind;
static const char *const kind_names[] = {
    "append",     "append_other", "replace",        "view",     "adjust",
    "property",   "foreign_add",  "foreign_delete", "optimize", "foreign_meta",
    "checkpoint", "source",       "clean",          "sweep"};

/* Faults that were in weir, to be put back: the model must see them. */
typedef enum fault {
  FAULT_NONE = 0,
  FAULT_LATEST = 1, /* judged up to one version, then stood on the newest */
  FAULT_SAME = 2,   /* SAME tells the newest version */
  FAULT_PIN = 3,    /* a run pins its sources before it reads its base */
  FAULT_LOOP = 4,   /* the loop of the first two, without a fault: nothing is seen */
  FAULT_BLIND = 5,  /* puts without a look whether the log was cleaned past its base */
  FAULT_DIGEST = 6  /* takes any commit of that version for its base */
} fault;

/* What a version is, as its commits say. */
typedef struct state {
  uint64_t live;       /* files */
  uint64_t serial;     /* rows, as the writers' intents in the log's order give them */
  int64_t app[3];      /* versions of loader, other and view; -1 */
  int64_t key;         /* the pin that the newest result of the view was made from; -1 */
  uint64_t properties; /* bits */
  wi_meta *meta;
  /* Of the version's commit: */
  char digest[WI_DIGEST_HEX];
  int writer;
  bool foreign_data, moves_data, is_result;
} state;

typedef struct file {
  uint64_t rows;
  int part;
  int64_t pin; /* of a view's result: what it was made from; -1 */
} file;

struct model;
typedef struct writer {
  struct model *m;
  int index;
  kind what;
  ucontext_t context;
  char *stack;
  bool done;
  uint64_t own; /* files it may add, as rows */
  int64_t pin;
  /* what it was told */
  int n_ends;
  struct told {
    weir_status status;
    wi_commit_outcome out;
    int64_t base, batch, pin;
    bool put; /* by a transaction */
  } ends[2];
} writer;

typedef struct model {
  wi_store *store;
  wi_store_hook hook;
  fault plant;
  writer writers[MODEL_WRITERS];
  int n;
  ucontext_t scheduler;
  writer *running;
  char *commits[MODEL_VERSIONS];
  state states[MODEL_VERSIONS];
  int64_t latest, checkpoint;
  int64_t cleaned;              /* commits below are gone, */
  char *strays[MODEL_VERSIONS]; /* but for those that somebody put there again */
  int64_t
      fresh_us; /* of transactions: they look at the log only where somebody cleans it */
  file files[MODEL_FILES];
  int n_files;
  int64_t source;
  json_t *protocol;
  int steps;
  char wrong[200]; /* "" while all is well */
} model;

static inline void model_wrong(model *m, const char *what, int64_t a, int64_t b) {
  if (m->wrong[0] == '\0') {
    snprintf(m->wrong, sizeof m->wrong, "%s (%lld, %lld)", what, (long long)a,
             (long long)b);
  }
}

#define MODEL_SCHEMA                                                      \
  "{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"d\\\"," \
  "\\\"type\\\":\\\"integer\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}"
#define MODEL_METADATA                                           \
  "{\"metaData\":{\"id\":\"t\",\"schemaString\":\"" MODEL_SCHEMA \
  "\","                                                          \
  "\"partitionColumns\":[\"d\"],\"configuration\":{"

/* ---- files and rows: a file that adds data holds one row, whose number is the file's ---- */

static inline int model_file(model *m, int part) {
  if (m->n_files >= MODEL_FILES) {
    abort();
  }
  m->files[m->n_files] = (file){(uint64_t)1 << m->n_files, part, -1};
  return m->n_files++;
}

static inline uint64_t rows_of(const model *m, uint64_t live, int part, bool *twice) {
  uint64_t rows = 0;
  for (int f = 0; f < m->n_files; f++) {
    if ((live >> f & 1) != 0 && (part == 0 || m->files[f].part == part)) {
      *twice = *twice || (rows & m->files[f].rows) != 0;
      rows |= m->files[f].rows;
    }
  }
  return rows;
}

static inline uint64_t files_of(const model *m, uint64_t live, int part) {
  uint64_t found = 0;
  for (int f = 0; f < m->n_files; f++) {
    found |= m->files[f].part == part ? live & (uint64_t)1 << f : 0;
  }
  return found;
}

static inline uint64_t rows_in(const model *m, uint64_t rows, int part) {
  return files_of(m, rows, part); /* a row's number is that of the file that brought it */
}

/* ---- what a commit makes of the table ---- */

static inline uint64_t intended(const model *m, const writer *w, uint64_t rows,
                                uint64_t added, uint64_t removed) {
  bool ignored = false;
  switch (w == NULL ? FOREIGN_ADD : w->what) {
    case REPLACE:
      return (rows & ~rows_in(m, rows, 1)) | added;
    case VIEW:
      return added;
    case FOREIGN_DELETE:
      return rows & ~rows_of(m, removed, 0, &ignored);
    case APPEND:
    case APPEND_OTHER:
    case FOREIGN_ADD:
      return rows | added;
    case ADJUST:
    case PROPERTY:
    case OPTIMIZE:
    case FOREIGN_META:
    case CHECKPOINT:
    case SOURCE:
      return rows;
    case CLEAN:
    case SWEEP:
    case N_KINDS:
    default:
      return rows | added;
  }
}

static inline void apply_txn(const json_t *txn, state *s) {
  static const char *const ids[] = {"loader", "other", "view"};
  const char *id = wi_delta_json_text(txn, "appId");
  for (int i = 0; id != NULL && i < 3; i++) {
    if (strcmp(id, ids[i]) == 0) {
      s->app[i] = wi_delta_json_int(txn, "version", -1);
    }
  }
}

static inline void apply_commit(model *m, int64_t version, const char *text, state *s) {
  wi_commit c;
  uint64_t added = 0, removed = 0, gone = 0;
  const char *key = NULL;
  if (wi_commit_parse(version, text, strlen(text), &c, NULL) != WEIR_OK) {
    abort();
  }
  const char *by = wi_commit_info_text(&c, "model.writer");
  const writer *w = by != NULL ? &m->writers[atoi(by)] : NULL;
  s->writer = by != NULL ? atoi(by) : -1;
  memcpy(s->digest, c.digest, sizeof s->digest);
  for (size_t i = 0; i < json_array_size(c.actions); i++) {
    const json_t *action = json_array_get(c.actions, i);
    const char *add = wi_delta_json_text(wi_delta_json_get(action, "add"), "path");
    const char *remove = wi_delta_json_text(wi_delta_json_get(action, "remove"), "path");
    apply_txn(wi_delta_json_get(action, "txn"), s);
    added |= add != NULL ? (uint64_t)1 << atoi(add + 1) : 0;
    removed |= remove != NULL ? (uint64_t)1 << atoi(remove + 1) : 0;
  }
  gone = removed & ~s->live;
  if (gone != 0) {
    model_wrong(m, "a file is removed that is not there", version, (int64_t)gone);
  }
  s->live = (s->live & ~removed) | added;
  s->serial = intended(m, w, s->serial, c.data_change ? added : 0, removed);
  key = wi_commit_info_text(&c, "weir.result_key");
  s->is_result = key != NULL;
  s->key = key != NULL ? strtoll(key, NULL, 10) : s->key;
  s->moves_data = c.data_change;
  s->foreign_data = c.data_change && key == NULL;
  const json_t *set = wi_delta_json_get(c.metadata, "configuration");
  m->protocol = c.protocol != NULL ? json_deep_copy(c.protocol) : m->protocol;
  if (c.metadata != NULL) {
    wi_meta_unref(&s->meta);
    if (wi_meta_of(m->protocol, c.metadata, &s->meta, NULL) != WEIR_OK) {
      abort();
    }
    uint64_t had = s->properties;
    s->properties = 0;
    for (int i = 0; i < MODEL_WRITERS; i++) {
      char name[16];
      snprintf(name, sizeof name, "p%d", i);
      s->properties |= json_object_get(set, name) != NULL ? (uint64_t)1 << i : 0;
    }
    if ((had & ~s->properties) != 0) {
      model_wrong(m, "a property of somebody else went", version, s->writer);
    }
  }
  wi_commit_release(&c);
}

/* ---- the store ---- */

static inline void give_way(model *m) {
  writer *w = m->running;
  if (w != NULL) {
    swapcontext(&w->context, &m->scheduler);
  }
}

static inline bool model_has(const model *m, int64_t v) {
  return v >= 0 && v <= m->latest && (v >= m->cleaned || m->strays[v] != NULL);
}

static inline weir_status model_list(model *m, const wi_store_call *call,
                                     weir_error *err) {
  weir_status status = WEIR_OK;
  char path[96];
  for (int64_t v = 0; v <= m->latest && status == WEIR_OK; v++) {
    wi_store_entries *e = call->entries;
    if (!model_has(m, v)) {
      continue;
    }
    wi_log_commit_path(v, path);
    if (e->n == e->cap) {
      e->cap = e->cap == 0 ? 64 : e->cap * 2;
      e->items = wi_realloc_array(e->items, e->cap, sizeof *e->items);
    }
    e->items[e->n++] = (wi_store_entry){wi_strdup(path), 1, 1};
    if (v == m->checkpoint) {
      snprintf(path + strlen(path) - 4, 32, "checkpoint.parquet");
      e->items[e->n++] = (wi_store_entry){wi_strdup(path), 1, 1};
    }
  }
  (void)err;
  return status;
}

static inline int64_t version_of(const char *path) {
  const char *name = strrchr(path, '/');
  return name == NULL || name[1] < '0' || name[1] > '9' ? -1
                                                        : strtoll(name + 1, NULL, 10);
}

static inline weir_status model_put(model *m, const wi_store_call *call) {
  int64_t v = version_of(call->paths[0]);
  if (strstr(call->paths[0], "checkpoint") != NULL) {
    m->checkpoint = v > m->checkpoint ? v : m->checkpoint;
    return WEIR_OK;
  }
  if (v <= m->latest) {
    bool taken = model_has(m, v) || m->running == NULL || m->running->what >= FOREIGN_ADD;
    if (!taken) { /* others know their bases */
      m->strays[v] = wi_strndup(call->bytes, call->size);
    }
    return taken ? WEIR_E_EXISTS : WEIR_OK;
  }
  if (v != m->latest + 1 || v >= MODEL_VERSIONS) {
    abort();
  }
  m->commits[v] = wi_strndup(call->bytes, call->size);
  m->states[v] = v == 0 ? (state){.app = {-1, -1, -1}, .key = -1} : m->states[v - 1];
  m->states[v].meta = wi_meta_ref(m->states[v].meta);
  m->latest = v;
  apply_commit(m, v, m->commits[v], &m->states[v]);
  return WEIR_OK;
}

static inline weir_status model_around(void *ctx, const wi_store_call *call,
                                       weir_error *err) {
#define WI_ORIGIN "model"
  model *m = ctx;
  int64_t v = version_of(call->paths[0]);
  /* A commit that nobody takes away is the same whenever it is read. */
  if (call->op != WI_STORE_READ || m->fresh_us == 0 || !model_has(m, v)) {
    give_way(m);
  }
  switch (call->op) {
    case WI_STORE_LIST:
      return model_list(m, call, err);
    case WI_STORE_READ:
      if (!model_has(m, v)) {
        return WI_ERR(err, WEIR_E_NOT_FOUND, "no version");
      }
      wi_buf_str(call->out, m->strays[v] != NULL ? m->strays[v] : m->commits[v]);
      return WEIR_OK;
    case WI_STORE_PUT_NEW: {
      weir_status status = model_put(m, call);
      return status == WEIR_OK ? status : WI_ERR(err, status, "it is there");
    }
    case WI_STORE_REMOVE:
    case WI_STORE_REMOVE_ALL:
    case WI_STORE_SYNC:
    default:
      return WEIR_OK;
  }
#undef WI_ORIGIN
}

/* ---- what has to be true of each version ---- */

/* Every row is one that a run made from this pin, and there is one. */
static inline bool fits_key(const model *m, const state *s, int64_t pin) {
  bool twice = false;
  uint64_t rows = rows_of(m, s->live, 0, &twice);
  for (int r = 0; r < m->n_files; r++) {
    if ((rows >> r & 1) != 0 && m->files[r].pin != pin) {
      return false;
    }
  }
  return rows != 0;
}

static inline void check_version(model *m, int64_t v) {
  const state *s = &m->states[v];
  bool twice = false;
  uint64_t rows = rows_of(m, s->live, 0, &twice);
  if (twice) {
    model_wrong(m, "rows are there twice", v, s->writer);
  }
  if (rows != s->serial) {
    model_wrong(m, "the rows are not those of the commits in their order", v, s->writer);
  }
  if (v == 0) {
    return;
  }
  const state *before = &m->states[v - 1];
  for (int i = 0; i < 3; i++) {
    if (s->app[i] < before->app[i]) {
      model_wrong(m, "an application's version went back", v, i);
    }
  }
  if (s->is_result && !fits_key(m, s, s->key)) {
    model_wrong(m, "a key lies over rows that are not its own", v, s->key);
  }
  if (s->is_result && before->key >= 0 && s->key < before->key) {
    model_wrong(m, "a newer result lies under an older one", v, s->key);
  }
}

#endif
