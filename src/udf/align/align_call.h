/* Inside interval_align: one call, from its options to its runs. */
#ifndef WI_UDF_ALIGN_CALL_H
#define WI_UDF_ALIGN_CALL_H

#include "udf/align/align.h"

enum { WI_ALIGN_LEFT, WI_ALIGN_RIGHT, WI_ALIGN_SIDES };

/* A list of columns as written: "a, b" or "score desc, name". */
typedef struct wi_align_key {
  uint32_t column;
  bool descending;
} wi_align_key;

typedef struct wi_align_options {
  wi_align_mode mode;
  bool left_join, meta;
  /* By side; NULL columns: all. */
  const char *path[WI_ALIGN_SIDES], *start[WI_ALIGN_SIDES], *end[WI_ALIGN_SIDES];
  const char *columns[WI_ALIGN_SIDES];
  const char *tie_breakers, *kind_column, *score_column, *suffix;
} wi_align_options;

typedef struct wi_align_call {
  wi_arena arena; /* all of the plan's lists and texts */
  wi_align_mode mode;
  bool left_join, meta;
} wi_align_call;

const char *wi_align_mode_name(wi_align_mode mode);
/* Texts live in the arena (align_options.c). */
weir_status wi_align_read_options(wi_arena *arena, const wi_rel_option *given, size_t n,
                                  wi_align_options *out, weir_error *err);
/* The columns that a list names; `directions`: each may end with ASC or DESC. `what` is the
 * option, for messages. */
weir_status wi_align_read_list(wi_arena *arena, const char *what, const char *text,
                               const struct ArrowSchema *schema, bool directions,
                               wi_align_key **out, size_t *n, weir_error *err);
/* The one column of that name; what: "left_path". */
weir_status wi_align_find(const struct ArrowSchema *schema, const char *what,
                          const char *name, uint32_t *out, weir_error *err);

weir_status wi_align_plan(const void *self, const struct ArrowSchema *left,
                          const struct ArrowSchema *right, const wi_rel_option *options,
                          size_t n_options, wi_rel_plan *out, weir_error *err);
void wi_align_drop(void *call);
weir_status wi_align_open(const void *call, void **state, weir_error *err);
uint64_t wi_align_scratch(const void *state, uint64_t left_rows, uint64_t right_rows);
weir_status wi_align_run(void *state, const wi_rel_chunk *chunk, struct ArrowArray *out,
                         weir_error *err);
void wi_align_close(void *state);

#endif
