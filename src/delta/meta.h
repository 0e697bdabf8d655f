/* What a table is: its metaData and protocol, parsed once into one immutable, counted value; and
 * what a writer wants changed in it.
 *
 * metaData is never made anew over one that is there: it is the JSON that was read, with the
 * changes in it that an edit names. Foreign properties, comments and other metadata of columns
 * that stay, name, description, createdTime, format and members that weir does not know are
 * written as they were found. A protocol only rises, to the union of what both sides need. */
#ifndef WI_DELTA_META_H
#define WI_DELTA_META_H

#include <jansson.h>

#include "bridge/bridge.h"

typedef struct wi_meta wi_meta;

/* ---- reading (meta.c) ---- */
/* The two actions as JSON, each bare or wrapped in its name. LOG_CORRUPT when one is missing or
 * damaged, NO_MEMORY never looks like that. The caller owns a count. */
weir_status wi_meta_parse(const char *protocol, const char *metadata, wi_meta **out,
                          weir_error *err);
/* The same from parsed actions, which are copied. */
weir_status wi_meta_of(const json_t *protocol, const json_t *metadata, wi_meta **out,
                       weir_error *err);
wi_meta *wi_meta_ref(wi_meta *meta); /* NULL gives NULL; any thread */
void wi_meta_unref(wi_meta **meta);  /* NULL allowed; *meta becomes NULL */

/* Everything below is borrowed until the last count goes. */
const char *wi_meta_id(const wi_meta *meta);            /* "" if it has none */
const char *wi_meta_name(const wi_meta *meta);          /* NULL: none */
const char *wi_meta_description(const wi_meta *meta);   /* NULL: none */
int64_t wi_meta_created_ms(const wi_meta *meta);        /* -1: not said */
const char *wi_meta_schema(const wi_meta *meta);        /* schemaString, its very text */
const json_t *wi_meta_schema_tree(const wi_meta *meta); /* the same, parsed */
/* Its columns as inputs are declared with them (wi_delta_schema_arrow). */
weir_status wi_meta_arrow(const wi_meta *meta, struct ArrowSchema *out, weir_error *err);
/* Of the schema in canonical JSON (sorted keys, no spaces). */
const char *wi_meta_schema_digest(const wi_meta *meta);
/* Names in the table's order; returns how many. */
size_t wi_meta_partition_columns(const wi_meta *meta, const char *const **names);
/* A property's text; NULL if it is not set. Keys are compared byte by byte, as Delta does in a
 * log. */
const char *wi_meta_property(const wi_meta *meta, const char *key);
/* Whether a property says true, in any case of letters, as Delta reads its switches. */
bool wi_meta_is_on(const wi_meta *meta, const char *key);
/* All properties, sorted by key. */
size_t wi_meta_properties(const wi_meta *meta, const wi_br_pair **pairs);
int32_t wi_meta_min_reader(const wi_meta *meta);
int32_t wi_meta_min_writer(const wi_meta *meta);
/* The lists as the protocol has them, sorted; none for a protocol without lists. */
size_t wi_meta_reader_features(const wi_meta *meta, const char *const **names);
size_t wi_meta_writer_features(const wi_meta *meta, const char *const **names);
/* Whether writers must know the feature: it is listed, or implied by an older version. */
bool wi_meta_has_feature(const wi_meta *meta, const char *feature);
/* Whether a type of this name is anywhere in the schema. */
bool wi_meta_has_type(const wi_meta *meta, const char *type);
/* Members as sorted JSON, "[]" and "{}" when they are absent: what digests were made of. */
const char *wi_meta_partition_json(const wi_meta *meta);
const char *wi_meta_properties_json(const wi_meta *meta);

/* ---- comparing (meta_diff.c) ---- */
enum {
  WI_META_ID = 1, /* another table stands there now */
  WI_META_COLUMNS_GREW =
      2, /* came nullable, may be null now, or stand in another order */
  WI_META_COLUMNS_BROKE =
      4, /* went, changed type or rules, came NOT NULL or are that now */
  WI_META_FIELD_NOTES = 8, /* comments and other metadata of fields */
  WI_META_PARTITIONING = 16,
  WI_META_PROPERTIES = 32,
  WI_META_TEXTS = 64, /* name, description, createdTime, format, unknown members */
  WI_META_PROTOCOL = 128,
  WI_META_ALL = 255
};
/* What files that were staged for one table cannot be put into another with. */
#define WI_META_BREAKS (WI_META_ID | WI_META_COLUMNS_BROKE | WI_META_PARTITIONING)
/* What is different in `to`, as WI_META_ flags. 0: nothing that any reader or writer could tell.
 * One of them NULL: all flags; both: none. */
unsigned wi_meta_diff(const wi_meta *from, const wi_meta *to);
bool wi_meta_same(const wi_meta *a, const wi_meta *b);

/* ---- changing (meta_edit.c) ---- */
typedef enum wi_meta_columns {
  WI_META_COLUMNS_KEEP = 0,   /* as the table has them */
  WI_META_COLUMNS_ADD = 1,    /* those that the table lacks become its last ones */
  WI_META_COLUMNS_REPLACE = 2 /* the table has exactly `columns`, in their order */
} wi_meta_columns;

/* All borrowed for the call. NULL and zero: stays as it is. */
typedef struct wi_meta_edit {
  const char *id;                 /* of a new table; an old one keeps its own */
  int64_t created_ms;             /* of a new table */
  const char *name, *description; /* "": taken off */
  wi_meta_columns how;            /* a new table: REPLACE */
  const struct ArrowSchema *columns;
  bool repartition; /* the partition columns are these; else as before */
  const char *const *partition_columns;
  size_t n_partition_columns;
  const wi_br_pair *set; /* properties, any order, no key twice */
  size_t n_set;
  const char *const *unset;
  size_t n_unset;
  /* The writer speaks for a header that is edited by people: what an earlier edit of this kind set
   * and this one does not goes again, what others set stays. The list of what is ours is kept in
   * the property WI_META_OURS. */
  bool managed;
} wi_meta_edit;
#define WI_META_OURS "weir.header"
/* `base` NULL: a new table. The result may be `base` itself (one count more) when nothing changes.
 * NOT_YET: a property that would need a feature weir does not write. SCHEMA_CHANGED: ADD, and a
 * column is there with another type, or a new one is not nullable. UNKNOWN_COLUMN: a partition
 * column that is none. */
weir_status wi_meta_apply(wi_meta *base, const wi_meta_edit *edit, wi_meta **out,
                          weir_error *err);
/* Appends the lines of those actions that differ from `base`'s (NULL: both). */
weir_status wi_meta_write(const wi_meta *base, const wi_meta *meta, wi_buf *out,
                          weir_error *err);

#endif
