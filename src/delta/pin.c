/* One version of one table, and what is known of it. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "delta/meta_internal.h"

#define WI_ORIGIN "delta"

void wi_pin_release(wi_pin *pin) {
  wi_free(pin->uri);
  wi_free(pin->table_id);
  wi_free(pin->reader_features);
  wi_free(pin->writer_features);
  wi_meta_unref(&pin->meta);
  *pin = (wi_pin){.version = -1};
}

/* ---- pins that several hold ---- */

typedef struct shared_pin {
  wi_pin pin; /* first: the holders point to it */
  atomic_size_t holders;
} shared_pin;

const wi_pin *wi_pin_share(wi_pin *take) {
  shared_pin *shared = wi_alloc(sizeof *shared);
  if (shared == NULL) {
    wi_pin_release(take);
    return NULL;
  }
  shared->pin = *take;
  atomic_init(&shared->holders, 1);
  *take = (wi_pin){.version = -1};
  return &shared->pin;
}

static shared_pin *holders_of(const wi_pin *pin) {
  return (shared_pin *)(uintptr_t)pin; /* only ever made by wi_pin_share */
}

const wi_pin *wi_pin_ref(const wi_pin *pin) {
  if (pin != NULL) {
    atomic_fetch_add(&holders_of(pin)->holders, 1);
  }
  return pin;
}

void wi_pin_unref(const wi_pin **pin) {
  shared_pin *shared = holders_of(*pin);
  *pin = NULL;
  if (shared != NULL && atomic_fetch_sub(&shared->holders, 1) == 1) {
    wi_pin_release(&shared->pin);
    wi_free(shared);
  }
}

static bool copy_text(const char *from, char **to) {
  *to = from != NULL ? wi_strdup(from) : NULL;
  return from == NULL || *to != NULL;
}

bool wi_pin_copy(const wi_pin *from, wi_pin *to) {
  *to = *from;
  to->uri = to->table_id = to->reader_features = to->writer_features = NULL;
  to->meta = wi_meta_ref(from->meta);
  if (copy_text(from->uri, &to->uri) && copy_text(from->table_id, &to->table_id) &&
      copy_text(from->reader_features, &to->reader_features) &&
      copy_text(from->writer_features, &to->writer_features)) {
    return true;
  }
  wi_pin_release(to);
  return false;
}

void wi_pin_identity(const wi_pin *pin, char out[WI_DIGEST_HEX]) {
  wi_digest d;
  wi_digest_begin(&d, "weir.pin");
#define WI_PIN_TEXT(field, column, identity) \
  if (identity) {                            \
    wi_digest_text(&d, pin->field);          \
  }
#define WI_PIN_DIGEST WI_PIN_TEXT
#define WI_PIN_INT(field, type, column, identity) \
  if (identity) {                                 \
    wi_digest_u64(&d, (uint64_t)(pin->field));    \
  }
#include "../../tables/pin.def"
#undef WI_PIN_TEXT
#undef WI_PIN_DIGEST
#undef WI_PIN_INT
  wi_digest_end_hex(&d, out);
}

bool wi_pin_same(const wi_pin *a, const wi_pin *b) {
  return a != NULL && b != NULL && a->version == b->version &&
         strcmp(a->commit_digest, b->commit_digest) == 0 && a->table_id != NULL &&
         b->table_id != NULL && strcmp(a->table_id, b->table_id) == 0;
}

/* ---- what the two actions say ---- */

static int by_text(const void *a, const void *b) {
  const char *const *x = a, *const *y = b;
  return strcmp(*x, *y);
}

/* A list of names, sorted and joined by commas; an absent list gives "". */
static weir_status join(const json_t *list, char **out, weir_error *err) {
  wi_buf text = WI_BUF_INIT;
  size_t n = json_array_size(list), kept = 0;
  const char **names = wi_alloc_array(n + 1, sizeof *names);
  if (names == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    const char *name = json_string_value(json_array_get(list, i));
    if (name != NULL) {
      names[kept++] = name;
    }
  }
  qsort(names, kept, sizeof *names, by_text);
  for (size_t i = 0; i < kept; i++) {
    wi_buf_fmt(&text, "%s%s", i == 0 ? "" : ",", names[i]);
  }
  wi_free(names);
  wi_buf_str(&text, "");
  wi_free(*out);
  *out = wi_buf_take(&text);
  return *out == NULL ? wi_err_nomem(err, WI_ORIGIN) : WEIR_OK;
}

static weir_status keep(char **field, const char *text, weir_error *err) {
  wi_free(*field);
  *field = wi_strdup(text);
  return *field == NULL ? wi_err_nomem(err, WI_ORIGIN) : WEIR_OK;
}

static weir_status fill_protocol(wi_pin *pin, const json_t *protocol, weir_error *err) {
  int64_t reader = wi_delta_json_int(protocol, "minReaderVersion", -1);
  int64_t writer = wi_delta_json_int(protocol, "minWriterVersion", -1);
  if (reader < 0 || reader > INT32_MAX || writer < 0 || writer > INT32_MAX) {
    return WI_ERR(err, WEIR_E_LOG_CORRUPT, "the protocol action has no versions");
  }
  pin->min_reader = (int32_t)reader;
  pin->min_writer = (int32_t)writer;
  WI_TRY(join(wi_delta_json_get(protocol, "readerFeatures"), &pin->reader_features, err));
  return join(wi_delta_json_get(protocol, "writerFeatures"), &pin->writer_features, err);
}

/* What the table is, in a pin. */
static weir_status take_meta(wi_pin *pin, wi_meta *m, weir_error *err) {
  WI_TRY(fill_protocol(pin, m->protocol, err));
  memcpy(pin->schema_digest, m->schema_digest, sizeof pin->schema_digest);
  WI_TRY(keep(&pin->table_id, wi_meta_id(m), err));
  wi_meta_unref(&pin->meta);
  pin->meta = wi_meta_ref(m);
  pin->full = true;
  return WEIR_OK;
}

weir_status wi_pin_fill(wi_pin *pin, const char *protocol, const char *metadata,
                        weir_error *err) {
  weir_status status = WEIR_OK;
  wi_meta *m = NULL;
  WI_CHECK(wi_meta_parse(protocol, metadata, &m, err));
  WI_CHECK(take_meta(pin, m, err));
done:
  wi_meta_unref(&m);
  if (status != WEIR_OK && pin->uri != NULL) {
    wi_err_context(err, "table '%.600s'", pin->uri);
  }
  return status;
}

/* ---- snapshots ---- */

/* The protocol as the newest commit that has one says it; OK if none of those there does. */
static weir_status check_newest_protocol(wi_store *store, int64_t version,
                                         weir_error *err) {
  weir_status status = WEIR_OK;
  bool found = false;
  for (int64_t v = version; v >= 0 && !found && status == WEIR_OK; v--) {
    wi_commit commit;
    wi_pin pin = {.version = v};
    if (wi_commit_read_head(store, v, &commit, NULL) != WEIR_OK) {
      break;
    }
    found = commit.protocol != NULL;
    status = found ? keep(&pin.uri, wi_store_uri(store), err) : WEIR_OK;
    if (found && status == WEIR_OK &&
        fill_protocol(&pin, commit.protocol, NULL) == WEIR_OK) {
      status = wi_gate_protocol(&pin, err);
    }
    wi_pin_release(&pin);
    wi_commit_release(&commit);
  }
  return status;
}

/* A log of a protocol to come looks damaged to an engine of today: say what it is. */
static weir_status explain(wi_store *store, int64_t version, weir_error *first,
                           weir_error *err) {
  weir_status status = first->code;
  if (status == WEIR_E_LOG_CORRUPT || status == WEIR_E_ENGINE) {
    weir_status newer = check_newest_protocol(store, version, err);
    if (newer != WEIR_OK) {
      return newer;
    }
  }
  wi_err_move(err, first);
  return status;
}

weir_status wi_snap_at(wi_engine *engine, wi_store *store, int64_t version, wi_snap **out,
                       weir_error *err) {
  weir_error first = WEIR_ERROR_INIT;
  weir_status status = wi_snap_open(engine, store, version, out, &first);
  if (status != WEIR_OK) {
    status = explain(store, version, &first, err);
  }
  weir_error_release(&first);
  return status;
}

static weir_status fill_from(const wi_snap *snap, wi_pin *pin, weir_error *err) {
  wi_meta *meta = NULL;
  WI_TRY(wi_snap_meta(snap, &meta, err));
  weir_status status = take_meta(pin, meta, err);
  wi_meta_unref(&meta);
  return status;
}

static int by_file(const void *a, const void *b) {
  const wi_remove *x = a, *y = b;
  int order = strcmp(x->path, y->path);
  return order != 0 ? order
                    : strcmp(x->dv == NULL ? "" : x->dv, y->dv == NULL ? "" : y->dv);
}

weir_status wi_snap_live(const wi_snap *snap, wi_removes *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  WI_CHECK(wi_snap_rows(snap, &rows, err));
  WI_CHECK(wi_removes_read(rows, out, err));
done:
  wi_cursor_free(&rows);
  return status;
}

weir_status wi_pin_state(const wi_snap *snap, const wi_pin *pin, char out[WI_DIGEST_HEX],
                         weir_error *err) {
  weir_status status = WEIR_OK;
  wi_removes files = {NULL, 0, 0};
  wi_digest d;
  WI_CHECK(wi_snap_live(snap, &files, err));
  if (files.n > 1) {
    qsort(files.items, files.n, sizeof *files.items, by_file);
  }
  wi_digest_begin(&d, "weir.table-state");
  wi_digest_text(&d, pin->table_id);
  wi_digest_text(&d, pin->schema_digest);
  wi_digest_u64(&d, (uint64_t)pin->min_reader);
  wi_digest_text(&d, pin->reader_features);
  wi_digest_text(&d, wi_meta_partition_json(pin->meta));
  wi_digest_u64(&d, files.n);
  for (size_t i = 0; i < files.n; i++) {
    wi_digest_text(&d, files.items[i].path);
    wi_digest_u64(&d, files.items[i].size);
    wi_digest_text(&d, files.items[i].partition_values);
    wi_digest_text(&d, files.items[i].dv);
  }
  wi_digest_end_hex(&d, out);
done:
  wi_removes_release(&files);
  return status;
}

/* ---- resolving ---- */

static int64_t file_time(const wi_log *log, int64_t version) {
  for (size_t i = log->n_checkpoints; i > 0; i--) {
    if (log->checkpoints[i - 1] == version) {
      return log->checkpoint_mtimes_us[i - 1];
    }
  }
  return 0;
}

/* *said: the commit has something to say, and its digest stands for the version. */
static weir_status resolve_commit(wi_store *store, wi_pin *pin, bool *said,
                                  weir_error *err) {
  wi_commit commit;
  bool there = false;
  *said = false;
  WI_TRY(wi_commit_find_head(store, pin->version, &commit, &there, err));
  if (!there) { /* cleaned since the log was listed */
    return WEIR_OK;
  }
  *said = commit.n_lines > 0;
  pin->names_files = commit.adds + commit.removes > 0;
  pin->timestamp_us = commit.timestamp_us;
  memcpy(pin->commit_digest, commit.digest, sizeof pin->commit_digest);
  wi_commit_release(&commit);
  return WEIR_OK;
}

static weir_status resolve_snapshot(wi_engine *engine, wi_store *store, wi_pin *pin,
                                    weir_error *err) {
  weir_status status = WEIR_OK;
  wi_snap *snap = NULL;
  WI_CHECK(wi_snap_at(engine, store, pin->version, &snap, err));
  WI_CHECK(fill_from(snap, pin, err));
  /* Where there are no bytes that say anything, it stands for the commit's digest: reuse looks at
   * version and digest alone, so all that matters is in it. */
  WI_CHECK(wi_pin_state(snap, pin, pin->commit_digest, err));
  pin->names_files = true;
done:
  wi_snap_unref(&snap);
  return status;
}

/* Whether it made the table that is there: each creation has an id of its own. */
static weir_status made_it(wi_engine *engine, wi_store *store, int64_t latest,
                           const wi_commit *commit, bool *made, weir_error *err) {
  wi_pin pin = {.version = -1};
  const char *id = wi_delta_json_text(commit->metadata, "id");
  weir_status status = wi_pin_at(engine, store, latest, &pin, NULL, err);
  *made = status == WEIR_OK && id != NULL && strcmp(id, pin.table_id) == 0;
  wi_pin_release(&pin);
  return status;
}

weir_status wi_log_counts(wi_engine *engine, wi_store *store, const wi_log *log,
                          const wi_commit *commit, bool *counts, weir_error *err) {
  wi_commit_mark before;
  const char *base = wi_commit_info_text(commit, WI_BASE_KEY);
  *counts = commit->version >= wi_log_base(log, log->latest);
  if (*counts) {
    return WEIR_OK;
  }
  if (commit->version == 0) {
    return made_it(engine, store, log->latest, commit, counts, err);
  }
  WI_TRY(wi_commit_find_mark(store, commit->version - 1, &before, err));
  *counts = before.there && base != NULL && strcmp(before.digest, base) == 0;
  return WEIR_OK;
}

weir_status wi_pin_resolve(wi_engine *engine, wi_store *store, int64_t version,
                           wi_pin *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_log log = {.latest = -1};
  bool said = false;
  *out = (wi_pin){.version = -1};
  WI_CHECK(wi_log_find(store, version, &log, &out->version, err));
  WI_CHECK(keep(&out->uri, wi_store_uri(store), err));
  out->timestamp_us = file_time(&log, out->version);
  if (wi_log_has_commit(&log, out->version)) {
    WI_CHECK(resolve_commit(store, out, &said, err));
  }
  if (!said) {
    WI_CHECK(resolve_snapshot(engine, store, out, err));
  }
done:
  wi_log_release(&log);
  if (status != WEIR_OK) {
    wi_pin_release(out);
  }
  return status;
}

weir_status wi_pin_digest(wi_engine *engine, wi_store *store, int64_t version,
                          char out[WI_DIGEST_HEX], weir_error *err) {
  wi_pin pin = {.version = -1};
  WI_TRY(wi_pin_resolve(engine, store, version, &pin, err));
  memcpy(out, pin.commit_digest, WI_DIGEST_HEX);
  wi_pin_release(&pin);
  return WEIR_OK;
}

weir_status wi_pin_complete(wi_engine *engine, wi_store *store, wi_pin *pin,
                            wi_snap **snap, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_snap *opened = NULL;
  if (snap != NULL) {
    *snap = NULL;
  }
  if (!pin->full || snap != NULL) {
    WI_CHECK(wi_snap_at(engine, store, pin->version, &opened, err));
  }
  if (!pin->full) {
    WI_CHECK(fill_from(opened, pin, err));
  }
  WI_CHECK(wi_gate_read(pin, err));
  if (opened != NULL) {
    WI_CHECK(wi_commit_check(store, pin->version, pin->commit_digest, err));
  }
  if (snap != NULL) {
    *snap = opened;
    opened = NULL;
  }
done:
  wi_snap_unref(&opened);
  return status;
}

weir_status wi_pin_at(wi_engine *engine, wi_store *store, int64_t version, wi_pin *out,
                      wi_snap **snap, weir_error *err) {
  if (snap != NULL) {
    *snap = NULL;
  }
  WI_TRY(wi_pin_resolve(engine, store, version, out, err));
  weir_status status = wi_pin_complete(engine, store, out, snap, err);
  if (status != WEIR_OK) {
    wi_pin_release(out);
  }
  return status;
}
