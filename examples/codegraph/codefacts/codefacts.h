/* codefacts: what its files share. One file of Python becomes one cf_facts: its text, and
 * rows whose texts point into that text or into the arena of the same cf_facts. Workers make
 * them (parse.c), writers turn them into Arrow batches (batch.c), pipeline.c stands between. */
#ifndef CODEFACTS_CODEFACTS_H
#define CODEFACTS_CODEFACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/arrow.h"

/* Part of every row of repo_files: raise it when the same source gives other facts. */
#define CF_FACTS_VERSION 1

#define CF_ID_SIZE 48 /* prefix, colon, 32 hex digits, NUL */

typedef struct cf_error {
  char message[1024];
} cf_error;
#define CF_ERROR_INIT {{0}}
/* Keeps an earlier message; always false, so that `return cf_fail(...)` works. */
bool cf_fail(cf_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- memory and text (text.c) ---- */

typedef struct cf_text { /* borrowed; p == NULL is null */
  const char *p;
  uint32_t n;
} cf_text;
#define CF_NULL ((cf_text){NULL, 0})
cf_text cf_text_of(const char *text);
bool cf_text_eq(cf_text a, cf_text b);

/* Offset of the first byte that is not UTF-8 (no surrogates, no overlong forms); n: none. */
size_t cf_utf8_error(const char *text, size_t n);

typedef struct cf_arena { /* one file's built texts and row arrays */
  struct cf_block *head;
  bool failed; /* sticky: out of memory */
} cf_arena;
void cf_arena_release(cf_arena *a);
void *cf_arena_alloc(cf_arena *a,
                     size_t size); /* zeroed; NULL: no memory, a->failed is set */
/* Makes room for one more item in an array of the arena; NULL: no memory. */
void *cf_arena_grow(cf_arena *a, void *items, uint32_t n, uint32_t *cap, size_t size);
cf_text cf_arena_join(cf_arena *a, const cf_text *parts, size_t n);

/* prefix:32 hex digits of BLAKE2b-128 over the parts with 0x1F between them, which is
 * stable_id_parts() of weir's SQL. */
void cf_stable_id(const char *prefix, const cf_text *parts, size_t n,
                  char out[CF_ID_SIZE]);
void cf_sha256_hex(const void *bytes, size_t n, char out[65]);

/* ---- the files (walk.c) ---- */

/* The identifier of a file and the bucket it belongs to. */
void cf_file_id(const char *path, int32_t buckets, char out[CF_ID_SIZE], int32_t *bucket);

typedef enum cf_status {
  CF_OK = 0,
  CF_SYNTAX_ERRORS = 1, /* parsed; facts are of what could be understood */
  CF_NOT_DECODED = 2,   /* read, but not as text: no facts */
  CF_UNREADABLE = 3     /* could not be read: no hash and no facts */
} cf_status;
const char *cf_status_name(cf_status status);

typedef struct cf_file { /* one *.py below the source folder */
  char *path;            /* relative, with '/' */
  char file_id[CF_ID_SIZE];
  char sha256[65]; /* of the bytes; empty: unreadable */
  int32_t bucket;
  int64_t size;
  int64_t mtime_ns;
  const char *encoding; /* "utf-8", "utf-8-sig" or "latin-1"; static; NULL: not decoded */
  cf_status status;
  int32_t parse_errors;
  char trouble[160]; /* why it was not parsed, or where the first error is */
  bool selected;     /* its bucket is written in this run */
} cf_file;

typedef struct cf_tree {
  char *root; /* absolute */
  cf_file *files;
  size_t n, cap;
  size_t skipped; /* folders and names passed over; told of on stderr */
} cf_tree;
/* All *.py below `root`, by bucket and path. Hidden folders, __pycache__ and symbolic links
 * are passed over; `exclude` are shell patterns over the relative path or the bare name. */
bool cf_walk(const char *root, const char *const *exclude, size_t n_exclude,
             int32_t buckets, cf_tree *out, cf_error *err);
void cf_tree_release(cf_tree *t);

typedef struct cf_content { /* a file's text as UTF-8; `text` is the caller's to free */
  char *text;
  size_t n;
} cf_content;
/* Reads, hashes and decodes one file and notes all of it in `file`. Trouble with the file is
 * noted there and is no failure; false only without memory. */
bool cf_read(const char *root, cf_file *file, cf_content *out);
/* Only the hash. */
bool cf_hash(const char *root, cf_file *file);

/* ---- rows ---- */

typedef enum cf_scope_kind {
  CF_SCOPE_MODULE = 0,
  CF_SCOPE_FUNCTION = 1,
  CF_SCOPE_CLASS = 2,
  CF_SCOPE_LAMBDA = 3,
  CF_SCOPE_COMPREHENSION = 4,
  CF_SCOPE_TYPE_PARAMETERS = 5
} cf_scope_kind;

#define CF_NONE UINT32_MAX
#define CF_MODULE_START \
  (-1) /* where the module's scope starts: no byte has that offset */

typedef struct cf_scope {
  uint32_t parent; /* CF_NONE: the module */
  cf_scope_kind kind;
  int64_t bstart;
  cf_text name;
} cf_scope;

typedef struct cf_line {
  int64_t bstart, bend; /* without its newline */
  const char *newline;  /* "lf", "crlf", "cr" or "none" */
} cf_line;

typedef struct cf_def {
  uint32_t container; /* CF_NONE: the module */
  const char *kind;   /* "function", "class" or "method" */
  cf_text name, qname, descriptor, docstring;
  int64_t bstart, bend, name_bstart, name_bend;
  uint32_t depth;
  int32_t decorators;
  bool is_async;
} cf_def;

typedef struct cf_ref {
  const char *kind; /* "name", "except_alias" or "match_capture" */
  const char *ctx;  /* "Load", "Store" or "Del" */
  const char *parent_kind;
  cf_text text;
  uint32_t scope;
  int64_t bstart, bend;
} cf_ref;

typedef struct cf_import {
  bool from;
  bool is_star;
  int32_t level;
  cf_text module, name, asname;
  uint32_t scope;
  int64_t stmt_bstart, stmt_bend, alias_bstart, alias_bend;
} cf_import;

typedef struct cf_call {
  const char *shape;
  cf_text callee_text, dotted, root;
  uint32_t scope;
  int32_t arg_count;
  int64_t bstart, bend, callee_bstart, callee_bend;
} cf_call;

enum { /* how a name is bound in a scope: bits */
       CF_BIND_DEF = 1,
       CF_BIND_IMPORT = 2,
       CF_BIND_PARAMETER = 4,
       CF_BIND_ASSIGNMENT = 8,
       CF_BIND_ANY = 15,
       CF_DECL_GLOBAL = 16,
       CF_DECL_NONLOCAL = 32
};

typedef struct cf_binding {
  uint32_t scope;
  uint32_t flags;    /* 0: an empty place of the table */
  uint32_t imported; /* the last import that binds it, or CF_NONE */
  cf_text name;
} cf_binding;

typedef struct cf_bindings { /* open addressing; cap is a power of two */
  cf_binding *items;
  uint32_t n, cap;
} cf_bindings;

typedef struct cf_resolved { /* what a name means in a scope, by Python's rules */
  const char *role;          /* "local", "free", "global" or "unbound" */
  int64_t scope_bstart;      /* of the scope that binds it; only if bound */
  const cf_binding *binding; /* NULL: unbound (a builtin, a star import, or dynamic) */
} cf_resolved;

typedef struct cf_facts {
  const cf_file *file;
  cf_content content;
  cf_arena arena;
  cf_text module; /* dotted; empty for __init__.py at the root */
  bool is_package;
  cf_scope *scopes;
  cf_line *lines;
  cf_def *defs;
  cf_ref *refs;
  cf_import *imports;
  cf_call *calls;
  uint32_t n_scopes, n_lines, n_defs, n_refs, n_imports, n_calls;
  uint32_t cap_scopes, cap_lines, cap_defs, cap_refs, cap_imports, cap_calls;
  cf_bindings bindings;
} cf_facts;
void cf_facts_free(cf_facts **facts);

/* ---- scopes (scope.c) ---- */

/* The index of the new scope; 0 (the module) without memory. */
uint32_t cf_scope_add(cf_facts *f, uint32_t parent, cf_scope_kind kind, int64_t bstart,
                      cf_text name);
const char *cf_scope_kind_name(cf_scope_kind kind);
/* Notes that `name` is bound (or declared) in `scope`. */
void cf_bind(cf_facts *f, uint32_t scope, cf_text name, uint32_t flags,
             uint32_t imported);
/* After the whole file was walked: names declared global are bindings of the module. */
void cf_bind_globals(cf_facts *f);
cf_resolved cf_resolve(const cf_facts *f, uint32_t scope, cf_text name);
/* "def,import" and so on; static. */
const char *cf_binding_text(uint32_t flags);

/* ---- the parser (parse.c) ---- */

typedef struct cf_parser cf_parser; /* one per thread */
cf_parser *cf_parser_new(cf_error *err);
void cf_parser_free(cf_parser **p);
/* Reads and parses one file. *out is never NULL on success, also without facts. */
bool cf_extract(cf_parser *p, const char *root, cf_file *file, cf_facts **out,
                cf_error *err);

/* ---- tables (batch.c and facts_*.c) ---- */

typedef enum cf_type {
  CF_TEXT = 1,
  CF_INT64 = 2,
  CF_INT32 = 3,
  CF_BOOL = 4,
  CF_TEXTS = 5, /* list of text */
  CF_MAP = 6    /* text to text */
} cf_type;

typedef struct cf_column {
  const char *name;
  cf_type type;
  bool not_null;
} cf_column;

typedef struct cf_row cf_row; /* the row being appended to a batch: columns in order */
void cf_put_text(cf_row *r, cf_text v);
void cf_put_str(cf_row *r, const char *v); /* NULL: null */
void cf_put_int(cf_row *r, int64_t v);     /* also int32 and boolean */
void cf_put_null(cf_row *r);
void cf_put_texts(cf_row *r, const cf_text *items, size_t n);
/* n keys and values; an entry with a null value is left out. */
void cf_put_map(cf_row *r, const char *const *keys, const cf_text *values, size_t n);
/* file_id, path, file_sha256 and bucket: every table of facts starts with them. */
void cf_put_file(cf_row *r, const cf_file *file);
/* stable_id_parts(prefix, path, bstart, bend) */
void cf_put_span_id(cf_row *r, const char *prefix, const cf_file *file, int64_t bstart,
                    int64_t bend);

typedef struct cf_table {
  const char *name;
  const cf_column *columns;
  size_t n_columns;
  uint32_t (*count)(const cf_facts *f);
  void (*put)(cf_row *r, const cf_facts *f, uint32_t i); /* row i of one file */
} cf_table;
extern const cf_table cf_table_lines;
extern const cf_table cf_table_defs;
extern const cf_table cf_table_refs;
extern const cf_table cf_table_imports;
extern const cf_table cf_table_calls;
extern const cf_table cf_table_files;

#define CF_N_FACT_TABLES 5 /* all but cf_table_files */
extern const cf_table *const cf_fact_tables[CF_N_FACT_TABLES];

/* ---- from files to streams (pipeline.c, batch.c) ---- */

typedef struct cf_pipeline cf_pipeline;
/* Starts `threads` workers over the selected files of `tree`. Each of the five streams must be
 * read by a thread of its own: a stream waits for the slowest of the others. Memory is
 * bounded by a fixed number of files in flight. */
bool cf_pipeline_new(cf_tree *tree, uint32_t threads, cf_pipeline **out, cf_error *err);
void cf_pipeline_free(cf_pipeline **p); /* stops and joins the workers */
/* The next file's facts for one table, in order; NULL with true: the end. */
bool cf_pipeline_next(cf_pipeline *p, size_t table, const cf_facts **out, cf_error *err);
/* The table is done with the facts it got last. */
void cf_pipeline_done(cf_pipeline *p, size_t table);
/* All streams end with an error from now on; the first message counts. */
void cf_pipeline_stop(cf_pipeline *p, const char *message);
/* Why it stopped; empty if it did not. Only when no stream is being read. */
const char *cf_pipeline_reason(const cf_pipeline *p);

/* The stream of one table. Released early, it stops the pipeline. */
bool cf_stream_facts(cf_pipeline *p, size_t table, struct ArrowArrayStream *out,
                     cf_error *err);
/* The stream of repo_files over the selected files. */
bool cf_stream_files(const cf_tree *tree, struct ArrowArrayStream *out, cf_error *err);

#endif
