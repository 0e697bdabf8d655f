/* Relation operators: what stands in FROM over two relations. The engine sorts both inputs,
 * brings the groups of equal rows together and gathers rows; an operator says which rows
 * meet. In plain C, for those who know nothing of the engine.
 *
 * Threads: plan may be called from any thread, a call is immutable, a state belongs to one
 * thread at a time. */
#ifndef WI_BRIDGE_RELATION_H
#define WI_BRIDGE_RELATION_H

#include "base/base.h"
#include "weir/arrow.h"

/* An argument `name => literal`. */
typedef enum wi_rel_type {
  WI_REL_OTHER = 0,
  WI_REL_INT64 = 1,
  WI_REL_FLOAT64 = 2,
  WI_REL_TEXT = 3,
  WI_REL_BOOL = 4
} wi_rel_type;
typedef struct wi_rel_option {
  wi_str name;
  int type; /* wi_rel_type */
  bool is_null;
  wi_str text; /* digits, "true", "false" or the text itself */
} wi_rel_option;

typedef struct wi_rel_order {
  uint32_t column;
  bool descending, nulls_first;
} wi_rel_order;

typedef enum wi_rel_flags {
  WI_REL_NARROW = 1, /* outputs that nobody reads need not be computed */
  WI_REL_FILTER = 2, /* predicates over outputs of this input alone may come before */
  WI_REL_TOTAL = 4,  /* all other columns that can be sorted end the order */
  WI_REL_ALONE = 8   /* rows without a group in the other input matter (left only) */
} wi_rel_flags;

/* Columns are indexes into the schema of the input. */
typedef struct wi_rel_input {
  const uint32_t *outputs; /* go to the result, in its order */
  size_t n_outputs;
  const uint32_t *groups; /* rows that are equal in them come together; null never is */
  size_t n_groups;
  const uint32_t *values; /* integers that run reads, as int64 */
  size_t n_values;
  const wi_rel_order *order; /* of rows within a group */
  size_t n_order;
  uint32_t flags; /* wi_rel_flags */
} wi_rel_input;

/* Lives, but for the schema, until drop_call. */
typedef struct wi_rel_plan {
  wi_rel_input left, right;
  struct ArrowSchema schema; /* left outputs, right outputs, what run computes; moved */
  const char *canonical;     /* what can change a result and is in no index above */
  void *call;
} wi_rel_plan;

/* Whole groups: rows offsets[g] to offsets[g + 1] of the values. Borrowed. */
typedef struct wi_rel_chunk {
  size_t n_groups;
  const int64_t *left_offsets, *right_offsets;
  const struct ArrowArray *const *left, *const *right;
  /* Whether nobody waits for the result any more: run may end with CANCELLED. */
  bool (*stopped)(const void *stop);
  const void *stop;
} wi_rel_chunk;

typedef struct wi_rel_ops {
  weir_status (*plan)(const void *self, const struct ArrowSchema *left,
                      const struct ArrowSchema *right, const wi_rel_option *options,
                      size_t n_options, wi_rel_plan *out, weir_error *err);
  void (*drop_call)(void *call);
  weir_status (*open)(const void *call, void **state, weir_error *err);
  /* Bytes that run needs for a chunk, its result included. */
  uint64_t (*scratch)(const void *state, uint64_t left_rows, uint64_t right_rows);
  /* A struct of the left row and the right row (int64; null: none), by their places in the
   * chunk, and of the computed columns. */
  weir_status (*run)(void *state, const wi_rel_chunk *chunk, struct ArrowArray *out,
                     weir_error *err);
  void (*close)(void *state);
} wi_rel_ops;

#endif
