/* Inside src/delta: reading JSON as Delta's writers produce it. */
#ifndef WI_DELTA_INTERNAL_H
#define WI_DELTA_INTERNAL_H

#include "delta/delta.h"

#define WI_LOG_FOLDER    "_delta_log"
#define WI_COMMIT_ID_KEY "weir.commit_id"
#define WI_BASE_KEY      "weir.base_digest"

/* ---- JSON (json.c) ---- */
typedef struct wi_delta_json_note {
  bool inexact;  /* a whole number of more than 64 bits is a real now */
  char why[160]; /* what is wrong */
} wi_delta_json_note;
/* Any value. LOG_CORRUPT or NO_MEMORY, never one for the other; no error is set. */
weir_status wi_delta_json_load(const char *text, size_t n, json_t **out,
                               wi_delta_json_note *note);
/* The member, or NULL if it is absent or null. */
const json_t *wi_delta_json_get(const json_t *object, const char *key);
/* A text member; NULL if absent, null or no text. */
const char *wi_delta_json_text(const json_t *object, const char *key);
/* A whole number (also where written as a real); `fallback` otherwise. */
int64_t wi_delta_json_int(const json_t *object, const char *key, int64_t fallback);
/* Appends the value in one line; keys sorted if asked. */
weir_status wi_delta_json_dump(const json_t *value, bool sorted, wi_buf *out,
                               weir_error *err);
/* Writes the value as it was read: members in their order, reals as the shortest text that gives
 * them again. */
void wi_delta_json_put(wi_json *j, const json_t *value);

/* ---- names in _delta_log (log.c), listed by listing.c ---- */
typedef struct wi_versions {
  int64_t *items, *mtimes;
  size_t n, cap;
} wi_versions;
typedef struct wi_log_parts { /* a checkpoint in parts; only all of them together count */
  int64_t version, total, found, mtime;
} wi_log_parts;
typedef struct wi_log_names {
  wi_versions commits, checkpoints;
  wi_log_parts *parts;
  size_t n_parts, cap_parts;
  int64_t empty; /* version of an empty checkpoint; -1 */
} wi_log_names;
void wi_log_names_release(wi_log_names *names);
/* Entries come in the order of their paths. */
weir_status wi_log_names_see(wi_log_names *names, const wi_store_entry *entry,
                             weir_error *err);
/* A name whose size matters. */
bool wi_log_names_checkpoint(const char *name);
void wi_log_take(wi_log *log, wi_log_names *names);
bool wi_log_has_gap(const wi_log *log);
/* Can the version be read from what this listing has? */
bool wi_log_covers(const wi_log *log, int64_t version);
weir_status wi_log_gap(const wi_log_names *names, const wi_log *log, const char *uri,
                       weir_error *err);
weir_status wi_log_no_table(const wi_log_names *names, bool nothing, const char *uri,
                            weir_error *err);

/* ---- pins (pin.c) ---- */
/* Fills what a snapshot's two actions say; either may be wrapped in its name. LOG_CORRUPT. */
weir_status wi_pin_fill(wi_pin *pin, const char *protocol, const char *metadata,
                        weir_error *err);

/* ---- gate (gate.c) ---- */
/* Only versions and features of the reader; the pin need not be full. */
weir_status wi_gate_protocol(const wi_pin *pin, weir_error *err);

/* ---- types (schema.c) ---- */
/* Whether a type named `name` is anywhere in a type or a schema. */
bool wi_delta_type_within(const json_t *type, const char *name);
/* Whether both are names of plain types, and of one: spellings of decimals differ. */
bool wi_delta_same_plain(const json_t *a, const json_t *b);
/* The Arrow format of a plain type by its name; false: there is none. */
bool wi_delta_plain_format(const char *name, char out[32]);
/* Calls for each field at any depth with its dotted path; stops at the first failure. */
typedef weir_status (*wi_delta_field_fn)(void *ctx, const char *path, const json_t *field,
                                         weir_error *err);
weir_status wi_delta_schema_walk(const json_t *schema, wi_delta_field_fn fn, void *ctx,
                                 weir_error *err);
/* The parsed schemaString, checked to be a struct; LOG_CORRUPT. Caller frees with json_decref. */
weir_status wi_delta_schema_load(const char *schema_json, json_t **out, weir_error *err);
/* The same; *inexact becomes true if it holds a number that is not kept as it was written. */
weir_status wi_delta_schema_parse(const char *schema_json, json_t **out, bool *inexact,
                                  weir_error *err);
/* Deeper nesting than this is refused: readers recurse over it. */
enum { WI_SCHEMA_DEPTH = 64 };

/* ---- statistics (stats.c) ---- */
typedef struct wi_stats wi_stats; /* of one file, while its rows are read */
wi_stats *wi_stats_new(void);     /* NULL: no memory */
void wi_stats_free(wi_stats **stats);
/* One leaf column; bounds with p NULL are absent. NO_MEMORY only. */
weir_status wi_stats_add(wi_stats *stats, wi_str column, wi_str type, int64_t null_count,
                         wi_str min, wi_str max, weir_error *err);
/* Appends Delta's JSON of `rows` and what was added. */
weir_status wi_stats_write(const wi_stats *stats, uint64_t rows, wi_buf *out,
                           weir_error *err);

#endif
