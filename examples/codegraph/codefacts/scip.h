/* A SCIP index (the protobuf message scip.Index) as rows of scip_occurrences. Only what the
 * table needs is read: documents with their path and position encoding, and occurrences. */
#ifndef CODEFACTS_SCIP_H
#define CODEFACTS_SCIP_H

#include "codefacts.h"

enum { /* bits of cf_occurrence.roles, as SCIP numbers them */
       CF_SCIP_DEFINITION = 1,
       CF_SCIP_IMPORT = 2,
       CF_SCIP_WRITE = 4,
       CF_SCIP_READ = 8,
       CF_SCIP_GENERATED = 16,
       CF_SCIP_TEST = 32,
       CF_SCIP_FORWARD_DEFINITION = 64
};

typedef struct cf_occurrence { /* lines and columns from 0; the end is exclusive */
  cf_text symbol;
  int32_t roles, syntax_kind;
  int32_t start_line, start_char, end_line, end_char;
} cf_occurrence;

typedef struct cf_document {
  char *path;
  char id[CF_ID_SIZE]; /* as file_id of repo_files */
  int32_t bucket;
  const char *unit; /* utf8, utf16, utf32 or unspecified; static */
  cf_text message;  /* the document's bytes in the index */
  cf_occurrence *items;
  size_t n, cap;
} cf_document;

typedef struct cf_scip {
  char *bytes; /* the index; texts point into it. NULL: none was given */
  size_t n_bytes;
  char sha256[65];        /* empty: none was given */
  cf_document *documents; /* by bucket and path */
  size_t n, cap;
  size_t n_occurrences;
} cf_scip;

/* Reads the whole index. A message that is cut or malformed, a path that is empty or there
 * twice, and a range that runs backwards are errors that name the place. `path` NULL: an
 * index without documents. */
bool cf_scip_read(const char *path, int32_t buckets, cf_scip *out, cf_error *err);
void cf_scip_release(cf_scip *index);

extern const cf_table cf_table_scip;
/* Appends one row. */
void cf_put_occurrence(cf_row *r, const cf_scip *index, size_t document, size_t item);
/* The stream of scip_occurrences. */
bool cf_stream_scip(const cf_scip *index, struct ArrowArrayStream *out, cf_error *err);

#endif
