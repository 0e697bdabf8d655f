/* Shared by the files of src/spec only: the reader that collects errors and its pieces. */
#ifndef WI_SPEC_INTERNAL_H
#define WI_SPEC_INTERNAL_H

#include "spec/spec.h"
#include "spec/yaml.h"

enum {
  WI_SPEC_FILE_LIMIT = 16 * 1024 * 1024, /* bytes of weir.yml or of one view */
  WI_SPEC_THREADS_LIMIT = 1024
};

/* What one pass over a project carries. Reading goes on after an error; only a lack of
 * memory ends it, and is looked at once, at the end. */
typedef struct wi_reader {
  wi_spec *spec;
  wi_diags *diags;
  const char *file; /* the one being read, relative to the project's folder */
  const char *yml;  /* weir.yml, likewise */
  bool params_read; /* false: weir.yml is so broken that what it declares is not known */
  bool nomem;
} wi_reader;

/* A key of a map; `later` ones are refused as NOT_YET. */
typedef struct wi_key {
  const char *name;
  bool later;
} wi_key;

/* ---- reader.c: checked access to the tree; `what` names the thing in errors ---- */
void wi_reader_error(wi_reader *r, weir_status code, uint32_t line, uint32_t column,
                     const char *hint, const char *fmt, ...) WEIR_PRINTF(6, 7);
void wi_reader_error_at(wi_reader *r, weir_status code, const wi_yaml *node,
                        const char *hint, const char *fmt, ...) WEIR_PRINTF(5, 6);
/* Reports `err` at the node, and empties it. */
void wi_reader_take(wi_reader *r, const wi_yaml *node, weir_error *err);
wi_place wi_reader_place(const wi_reader *r, const wi_yaml *node);
/* NULL sets nomem. */
char *wi_reader_dup(wi_reader *r, const char *text);
void *wi_reader_array(wi_reader *r, size_t n, size_t size);
/* A map with no keys but these; false: no map (reported unless BAD). */
bool wi_reader_map(wi_reader *r, const wi_yaml *node, const char *what,
                   const wi_key *keys, size_t n);
/* A map with any keys. */
bool wi_reader_any_map(wi_reader *r, const wi_yaml *node, const char *what);
/* A text that is not null; NULL: reported. */
const char *wi_reader_text(wi_reader *r, const wi_yaml *node, const char *what);
bool wi_reader_int(wi_reader *r, const wi_yaml *node, const char *what, int64_t low,
                   int64_t high, int64_t *out);
bool wi_reader_bool(wi_reader *r, const wi_yaml *node, const char *what, bool *out);
bool wi_reader_size(wi_reader *r, const wi_yaml *node, const char *what, int64_t *out);
/* One of `words`; its index goes to *out. */
bool wi_reader_word(wi_reader *r, const wi_yaml *node, const char *what,
                    const char *const *words, size_t n, size_t *out);
/* A list of texts, none empty, none twice; what is right in it goes to *out. */
void wi_reader_names(wi_reader *r, const wi_yaml *node, const char *what, wi_names *out);
/* A name by the rule; reported at the key. */
bool wi_reader_name(wi_reader *r, const wi_yaml *key, const char *what);
/* `${env:` is for storage only: refused in every text below `root` but those. */
void wi_reader_refuse_env(wi_reader *r, const wi_yaml *root, bool is_project);
void wi_names_sort(wi_names *names);
/* Inserts by key: a handful; there is room. */
void wi_pairs_put(wi_pairs *pairs, const char *key, const char *value);

/* ---- sql.c ---- */
typedef struct wi_header_span { /* bytes of the file's text */
  size_t start, end;            /* of the comment, both marks included */
  size_t yaml_start, yaml_end;
  bool present, unclosed;
} wi_header_span;
void wi_sql_header_find(const char *text, size_t n, wi_header_span *out);
/* Refuses template text and a header that is not the first comment. Returns the line of
 * the first token that is no comment; 0: there is none. */
uint32_t wi_sql_check(wi_reader *r, const char *sql, uint32_t line, uint32_t column);

/* ---- folder.c: the SQL files of a folder ---- */
typedef struct wi_sql_files {
  wi_list files; /* paths relative to the project, owned by the arena */
  wi_buf path;   /* scratch */
} wi_sql_files;
/* Below `folder` of the project, in no order; none if there is no such folder. */
void wi_sql_files_find(wi_reader *r, const char *folder, wi_sql_files *out);
/* The absolute path of one; valid until the next call. */
const char *wi_sql_files_path(wi_reader *r, wi_sql_files *files, const char *file);
void wi_sql_files_release(wi_sql_files *files);
/* Is it UTF-8 without NUL? Reported if not. */
bool wi_sql_text_ok(wi_reader *r, const char *text, size_t n);
/* Reports an error of the file system at a file, and empties it. */
void wi_reader_file_error(wi_reader *r, const char *file, weir_error *err);

/* ---- parts of a project ---- */
void wi_source_read_all(wi_reader *r, const wi_yaml *node);
void wi_plugin_read_all(wi_reader *r, const wi_yaml *node);
void wi_param_read_all(wi_reader *r, const wi_yaml *node);
void wi_param_apply(wi_reader *r, const char *const *given, size_t n);
void wi_view_read_all(wi_reader *r);
void wi_macro_read_all(wi_reader *r);
void wi_header_read(wi_reader *r, const wi_yaml *node, wi_spec_view *view);
void wi_property_read_all(wi_reader *r, const wi_yaml *header, wi_spec_view *view);
void wi_setting_read_all(wi_reader *r, const wi_yaml *node);
void wi_profile_read_all(wi_reader *r, const wi_yaml *root,
                         const wi_spec_options *options);

/* ---- edges.c: the references as indexes, both ways ---- */
typedef struct wi_spec_edges { /* those of view i are at[i] <= k < at[i + 1] */
  size_t n;
  size_t *up_at, *up;     /* what a view reads */
  size_t *down_at, *down; /* who reads it */
} wi_spec_edges;
weir_status wi_spec_edges_build(const wi_spec *spec, const wi_spec_refs *refs,
                                wi_spec_edges *out, weir_error *err);
void wi_spec_edges_release(wi_spec_edges *edges);

#endif
