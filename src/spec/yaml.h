/* The accepted dialect of YAML as a small tree with marks: one document, no aliases,
 * anchors, tags, merge keys or duplicate keys. All memory is the arena's. */
#ifndef WI_SPEC_YAML_H
#define WI_SPEC_YAML_H

#include "base/base.h"

typedef enum wi_yaml_kind {
  WI_YAML_BAD = 0, /* stands where something refused stood; readers skip it silently */
  WI_YAML_SCALAR = 1,
  WI_YAML_LIST = 2,
  WI_YAML_MAP = 3
} wi_yaml_kind;

typedef struct wi_yaml {
  wi_yaml_kind kind;
  uint32_t line, column;  /* of the file; columns count characters */
  const char *text;       /* of a scalar; holds no NUL */
  bool plain;             /* a scalar without quotes */
  struct wi_yaml **keys;  /* of a map, in the order written; always scalars */
  struct wi_yaml **items; /* of a list, or a map's values */
  size_t n;
} wi_yaml;

typedef struct wi_yaml_input {
  const char *file; /* for errors */
  const char *text;
  size_t n;
  uint32_t line, column; /* 1-based place of the first byte */
} wi_yaml_input;

/* Reads one document. Errors go to `diags`; some leave a usable tree (a duplicate key is
 * dropped), then the status is OK. YAML: no tree. *root is NULL for an empty document. */
weir_status wi_yaml_parse(const wi_yaml_input *input, wi_arena *arena, wi_yaml **root,
                          wi_diags *diags, weir_error *err);
/* The value of a key; NULL if `map` is no map or has no such key. */
const wi_yaml *wi_yaml_get(const wi_yaml *map, const char *key);
/* The key's own node, for its place; NULL as above. */
const wi_yaml *wi_yaml_key(const wi_yaml *map, const char *key);
/* A plain null, or nothing at all. */
bool wi_yaml_is_null(const wi_yaml *node);
const char *wi_yaml_kind_name(const wi_yaml *node);
/* Place of byte `at` in a text whose first byte is at *line, *column. */
void wi_text_place(const char *text, size_t at, uint32_t *line, uint32_t *column);

#endif
