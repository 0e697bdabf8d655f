/* The inside of a wi_meta, for meta.c, meta_diff.c and the two files that edit it. */
#ifndef WI_DELTA_META_INTERNAL_H
#define WI_DELTA_META_INTERNAL_H

#include <stdatomic.h>

#include "delta/internal.h"

typedef struct wi_meta_names { /* texts of the JSON */
  const char **items;
  size_t n;
} wi_meta_names;

struct wi_meta {
  atomic_size_t holders;
  json_t *protocol, *metadata; /* the bare actions */
  json_t *schema;              /* schemaString, parsed */
  bool inexact; /* it holds a number that would not be written as it was read */
  const char *schema_text;
  char schema_digest[WI_DIGEST_HEX];
  wi_meta_names partitions, readers, writers; /* the features are sorted */
  wi_br_pair *properties;
  size_t n_properties;
  const char *partition_json, *properties_json;
  int32_t min_reader, min_writer;
  wi_arena arena;
};

/* From these versions on a protocol lists its features. */
enum { WI_FEATURE_READER = 3, WI_FEATURE_WRITER = 7 };

/* Takes both actions in any case. */
weir_status wi_meta_make(json_t *protocol, json_t *metadata, bool inexact, wi_meta **out,
                         weir_error *err);

/* ---- protocol (meta_protocol.c) ---- */
/* The older writer version that implies the feature; 0: none does. */
int32_t wi_meta_implied_since(const char *feature);
/* What a table with this schema and these properties needs, over what `base` has (NULL: a new
 * table). The caller owns the result. */
weir_status wi_meta_raise(const wi_meta *base, const json_t *schema,
                          const json_t *properties, json_t **out, weir_error *err);

/* ---- comparing (meta_diff.c) ---- */
/* Whether what an engine told of a version, which are the members that it knows, is what these
 * actions say. */
bool wi_meta_agrees(const wi_meta *told, const wi_meta *written);

/* ---- columns (meta_columns.c) ---- */
/* The old schema with the new one's columns in it; what stays keeps its metadata and members. */
weir_status wi_meta_columns_merge(const json_t *old, const json_t *new,
                                  wi_meta_columns how, json_t **out, weir_error *err);

#endif
