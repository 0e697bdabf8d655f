/* Partition values as values: what a log, a caller and the engine spell differently is compared as
 * what it means.
 *
 * Spellings that are taken, whoever wrote them: whole numbers with or without sign and leading
 * zeros; floats with or without ".0" and exponent, NaN, Infinity and inf in any case; decimals with
 * fewer or more zeros than the scale, or an exponent; dates; timestamps with a blank or T, with a
 * fraction of any length (what is beyond microseconds is dropped, as when the files are read), a
 * date alone, with Z or an offset, in UTC where none is said; true and false in any case. A
 * timestamp_ntz takes Z but no offset.
 *
 * "" is null, as the protocol says, for text columns too, and so is an absent or null member. NaN
 * is one value, and 0.0 and -0.0 are one, as Spark compares them. Text and binary are bytes. */
#ifndef WI_DELTA_PARTITION_H
#define WI_DELTA_PARTITION_H

#include "delta/meta.h"

typedef enum wi_partition_kind {
  WI_PARTITION_STRING = 1,
  WI_PARTITION_BINARY,
  WI_PARTITION_BOOLEAN,
  WI_PARTITION_BYTE,
  WI_PARTITION_SHORT,
  WI_PARTITION_INTEGER,
  WI_PARTITION_LONG,
  WI_PARTITION_FLOAT,
  WI_PARTITION_DOUBLE,
  WI_PARTITION_DECIMAL,
  WI_PARTITION_DATE,
  WI_PARTITION_TIMESTAMP,
  WI_PARTITION_TIMESTAMP_NTZ
} wi_partition_kind;

typedef struct wi_partition_type {
  wi_partition_kind kind;
  uint8_t precision, scale; /* of a decimal */
} wi_partition_type;
/* From a Delta type's name; false: no table is partitioned by it. */
bool wi_partition_type_of(const char *name, wi_partition_type *out);
/* From an Arrow format. */
bool wi_partition_type_of_format(const char *format, wi_partition_type *out);

/* Appends the one spelling that weir gives a value: two texts mean one value of the type if and
 * only if this is equal. `text` is not empty. false: the text is no value of the type. */
bool wi_partition_spell(wi_partition_type type, wi_str text, wi_buf *out);
/* The order of two values (negative, zero, positive), given as spelled by wi_partition_spell. NaN
 * is above all numbers; text and binary by bytes. */
int wi_partition_order(wi_partition_type type, wi_str a, wi_str b);

/* ---- a table's partition columns with their types; immutable ---- */
typedef struct wi_partitioning wi_partitioning;
/* LOG_CORRUPT: a column that the schema does not have or of a type that cannot partition. */
weir_status wi_partitioning_new(const wi_meta *meta, wi_partitioning **out,
                                weir_error *err);
/* Of a table that is to be, by its declared columns. BAD_VALUE. */
weir_status wi_partitioning_of(const struct ArrowSchema *columns,
                               const char *const *names, size_t n, wi_partitioning **out,
                               weir_error *err);
void wi_partitioning_free(wi_partitioning **p);
size_t wi_partitioning_size(const wi_partitioning *p);
const char *wi_partitioning_column(const wi_partitioning *p, size_t i);
wi_partition_type wi_partitioning_type(const wi_partitioning *p, size_t i);

/* A file's value of the i-th column, as its log has it; empty: null. LOG_CORRUPT: it is no text. */
weir_status wi_partition_text(const wi_partitioning *p, size_t i, const json_t *values,
                              const char *path, wi_str *out, weir_error *err);
/* LOG_CORRUPT: the text is no value of the column. */
weir_status wi_partition_refuse(const wi_partitioning *p, size_t i, wi_str text,
                                const char *path, weir_error *err);

/* A key is a text: that of two files is equal if and only if they are of one partition. It is a
 * JSON array of the values as weir spells them, in the order of the columns, and good to be shown.
 *
 * Of a file in a log: `values` is its partitionValues (NULL: none); `path` names it in LOG_CORRUPT. */
weir_status wi_partition_key(const wi_partitioning *p, const json_t *values,
                             const char *path, wi_buf *out, weir_error *err);
/* The same from the member's text. */
weir_status wi_partition_key_text(const wi_partitioning *p, const char *values_json,
                                  const char *path, wi_buf *out, weir_error *err);
/* Of what a caller wrote, one text for each column (NULL: null). BAD_VALUE naming the column. */
weir_status wi_partition_key_given(const wi_partitioning *p, const char *const *values,
                                   wi_buf *out, weir_error *err);

#endif
