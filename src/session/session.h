/* One configured engine: settings, functions, rules, inputs; sealed before the first plan,
 * then captured as digests. Everything that plans or executes goes through one of these.
 *
 * Threads: registering belongs to one thread; a sealed session may plan and execute from
 * several. Inputs come and go after sealing too (a run's upstream views, calls of table
 * functions), under a lock: nobody walks `inputs`, but a list of shares taken at one moment. */
#ifndef WI_SESSION_SESSION_H
#define WI_SESSION_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "delta/delta.h"
#include "plugin/plugin.h"
#include "session/log.h"
#include "session/machine.h"

#define WI_CATALOG        "weir_catalog"
#define WI_SCHEMA_MAIN    "main"
#define WI_SCHEMA_RECORDS "weir"

typedef enum wi_input_kind {
  WI_INPUT_DELTA = 1,
  WI_INPUT_MEMORY = 2,
  WI_INPUT_STREAM = 3
} wi_input_kind;

/* What a name stands for in one session, or a call in some of its statements. Immutable once the
 * session keeps it. */
typedef struct wi_input {
  size_t shares; /* guarded by the session's lock */
  bool of_call;  /* goes with its last share; the session has a share of the others */
  char *schema, *name;
  wi_input_kind kind;
  wi_pin pin;                        /* of Delta inputs */
  wi_store *store;                   /* of Delta inputs */
  wi_snap *snap;                     /* of Delta inputs; NULL until completed */
  char schema_digest[WI_DIGEST_HEX]; /* of the declared Arrow schema */
} wi_input;

typedef struct wi_session_options {
  wi_engine *engine; /* referenced */
  uint32_t threads;
  uint64_t memory; /* bytes for all that executes at once */
  const char
      *spill_dir; /* executions make folders in it, when they spill; NULL: TMPDIR */
  uint64_t spill_limit;
  int64_t now_us;
  const char *base; /* where relative places in SQL begin; NULL: the working directory */
  const wi_br_pair *storage;
  size_t n_storage;
  const wi_br_pair *settings; /* beyond tables/settings.def: for tests of the digests */
  size_t n_settings;
  const wi_fn_config *functions; /* copied; NULL: the defaults */
} wi_session_options;

typedef struct wi_session { /* counted: what is made with one has a share */
  atomic_size_t shares;
  wi_engine *engine;
  wb_sess *handle;
  wb_bind *bind; /* inputs that every query of the session may read */
  uint32_t threads;
  uint64_t memory; /* all that it may use */
  uint64_t pool;   /* of that, what executions may; the rest is kept footers */
  char *spill_dir; /* not looked at before something spills */
  uint64_t spill_limit;
  int64_t now_us;
  char *base; /* NULL: the working directory */
  wi_br_pair *storage;
  size_t n_storage;
  wi_fn_config functions; /* what weir's functions read */
  wi_log_sink log;
  wi_stop *stop;        /* of calls that were given none of their own; NULL: none */
  wi_list plugins;      /* wi_plugin, in order of adding */
  wi_map inputs;        /* "schema.name" -> wi_input, guarded by `lock` */
  pthread_mutex_t lock; /* held for the map alone: nothing is called under it */
  pthread_rwlock_t
      names; /* read while a statement is planned, written while a name goes */
  bool sealed;
  /* captured by sealing */
  char settings_digest[WI_DIGEST_HEX];
  char functions_digest[WI_DIGEST_HEX];
  char rules_digest[WI_DIGEST_HEX];
  char digest[WI_DIGEST_HEX];
  wi_map function_names; /* and aliases; a set */
} wi_session;

weir_status wi_session_new(const wi_session_options *options, wi_session **out,
                           weir_error *err);
wi_session *wi_session_ref(wi_session *session);
/* Gives back a share and sets the pointer to NULL; the last one ends the session. */
void wi_session_free(wi_session **session);
/* Opens a store with the session's storage options. */
weir_status wi_session_store(wi_session *session, const char *uri, wi_store **out,
                             weir_error *err);
/* Resolves, gates and declares; `uri` is a path or URI relative to `base` (NULL: cwd). */
weir_status wi_session_add_delta(wi_session *session, const char *schema,
                                 const char *name, const char *uri, const char *base,
                                 int64_t version, weir_error *err);
/* The stream is taken in any case. */
weir_status wi_session_add_rows(wi_session *session, const char *schema, const char *name,
                                wi_input_kind kind, struct ArrowArrayStream *take,
                                weir_error *err);
/* Declares a name with a schema (moved from) and no binding: for views and staged files. */
weir_status wi_session_declare(wi_session *session, const char *schema, const char *name,
                               struct ArrowSchema *take, weir_error *err);
/* Takes back what was declared; plans that were made keep it. None of that name is fine. */
void wi_session_undeclare(wi_session *session, const char *schema, const char *name);
/* Unregisters: UNKNOWN_TABLE if there is none. Statements planned before keep what they read. */
weir_status wi_session_remove(wi_session *session, const char *schema, const char *name,
                              weir_error *err);
/* Functions written in SQL: CREATE FUNCTION and DROP FUNCTION statements, carried out in their
 * order, all or none. Errors have the place in the text. */
weir_status wi_session_add_macros(wi_session *session, const char *sql, weir_error *err);
/* Loads a plug-in and adds its functions; `path` is absolute, or relative to the working
 * folder. After a failure the session may have some of them: it is to be freed. */
weir_status wi_session_add_plugin(wi_session *session, const char *path, weir_error *err);
/* All that are put behind the engine's own; those of WI_BR_RULE_REPLACE are src/plan's to apply. */
const wi_br_rule *wi_session_rule_list(size_t *n);
/* The function of a plug-in of the session, by name or alias; NULL: there is none. */
const wi_plugin_fn *wi_session_plugin_fn(const wi_session *session, const char *name);
weir_status wi_session_seal(wi_session *session, weir_error *err);
/* Envelope digest: session digest, profile and inputs with their pins. */
weir_status wi_session_envelope(wi_session *session, char out[WI_DIGEST_HEX],
                                weir_error *err);
/* A share of an input, for wi_input_unref; NULL: there is none. */
wi_input *wi_session_input(wi_session *session, const char *schema, const char *name);
bool wi_session_has(wi_session *session, const char *schema, const char *name);
/* Shares of all inputs as they are at one moment, by "schema.name". */
typedef struct wi_inputs {
  wi_input **items;
  size_t n;
} wi_inputs;
weir_status wi_session_inputs(wi_session *session, wi_inputs *out, weir_error *err);
void wi_inputs_release(wi_session *session, wi_inputs *inputs);
void wi_input_unref(wi_session *session, wi_input **input);

/* ---- how executions use memory (memory.c, tables/memory.def) ---- */
typedef enum wi_attempt {
  WI_ATTEMPT_FIRST = 0,
  WI_ATTEMPT_LESS = 1 /* planned again, because the first ran out of memory */
} wi_attempt;
typedef struct wi_exec_room {
  uint64_t memory; /* of this execution; 0: no limit */
  uint32_t partitions;
  bool in_memory; /* one partition, no spilling: the order of additions shows */
} wi_exec_room;
void wi_exec_options(const wi_session *session, const wi_exec_room *room,
                     wi_attempt attempt, wi_br_exec_options *out);
/* What the writer of files holds: sizes and limits, the other fields stay as they are. */
void wi_stage_options(uint64_t memory, bool local, wi_br_stage_options *out);
/* Whether to run once more, with the next attempt; never after rows were given away. */
bool wi_exec_again(weir_status status, const wi_exec_room *room, wi_attempt *attempt);
/* What is told after a second attempt that ended so, in `first`: a caller's stream is read once,
 * and what did not fit twice did not fit at first. */
weir_status wi_exec_said(weir_status status, weir_error *first, weir_error *again);

/* ---- a stream for one call (lent.c) ---- */
typedef struct wi_lent wi_lent;
/* Moves the stream. */
weir_status wi_stream_lend(struct ArrowArrayStream *take, wi_lent **out, weir_error *err);
/* A stand-in for whoever takes it; that may be called at any time. */
struct ArrowArrayStream *wi_stream_lent(wi_lent *lent);
/* Waits for a call of the stream that is under way, and releases it if nobody has yet: it is never
 * called again. NULL is fine. */
void wi_stream_recall(wi_lent **lent);

/* Releases a schema, if it is one. */
void wi_schema_drop(struct ArrowSchema *schema);
/* A digest over an Arrow schema: names, types, nullability, in order. */
weir_status wi_schema_digest(const struct ArrowSchema *schema, char out[WI_DIGEST_HEX],
                             weir_error *err);

#endif
