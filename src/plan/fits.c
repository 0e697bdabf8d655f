/* Which types of rows a table's columns take: those whose values come through unchanged, or are
 * refused one by one where they do not fit (a cast that checks its range, or reads text). */
#include <string.h>

#include "nanoarrow/nanoarrow.h"
#include "plan/plan.h"

#define WI_ORIGIN "plan"

#define MAX_DEPTH 64

typedef enum kind { OTHER, INTEGER, FLOAT, DECIMAL, BOOLEAN, DATE, STAMP } kind;

typedef struct scalar {
  kind kind;
  int bits; /* of an integer's or a float's digits */
  int scale;
} scalar;

static scalar scalar_of(const struct ArrowSchema *schema) {
  static const struct {
    enum ArrowType type;
    scalar is;
  } known[] = {{NANOARROW_TYPE_INT8, {INTEGER, 8, 0}},
               {NANOARROW_TYPE_UINT8, {INTEGER, 8, 0}},
               {NANOARROW_TYPE_INT16, {INTEGER, 16, 0}},
               {NANOARROW_TYPE_UINT16, {INTEGER, 16, 0}},
               {NANOARROW_TYPE_INT32, {INTEGER, 32, 0}},
               {NANOARROW_TYPE_UINT32, {INTEGER, 32, 0}},
               {NANOARROW_TYPE_INT64, {INTEGER, 64, 0}},
               {NANOARROW_TYPE_UINT64, {INTEGER, 64, 0}},
               {NANOARROW_TYPE_HALF_FLOAT, {FLOAT, 11, 0}},
               {NANOARROW_TYPE_FLOAT, {FLOAT, 24, 0}},
               {NANOARROW_TYPE_DOUBLE, {FLOAT, 53, 0}},
               {NANOARROW_TYPE_DECIMAL32, {DECIMAL, 0, 0}},
               {NANOARROW_TYPE_DECIMAL64, {DECIMAL, 0, 0}},
               {NANOARROW_TYPE_DECIMAL128, {DECIMAL, 0, 0}},
               {NANOARROW_TYPE_DECIMAL256, {DECIMAL, 0, 0}},
               {NANOARROW_TYPE_BOOL, {BOOLEAN, 0, 0}},
               {NANOARROW_TYPE_DATE32, {DATE, 0, 0}},
               {NANOARROW_TYPE_DATE64, {DATE, 0, 0}},
               {NANOARROW_TYPE_TIMESTAMP, {STAMP, 0, 0}}};
  struct ArrowSchemaView view;
  const struct ArrowSchema *values =
      schema->dictionary != NULL ? schema->dictionary : schema;
  scalar out = {OTHER, 0, 0};
  if (ArrowSchemaViewInit(&view, values, NULL) != NANOARROW_OK) {
    return out;
  }
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
    out = known[i].type == view.type ? known[i].is : out;
  }
  out.scale = out.kind == DECIMAL ? view.decimal_scale : 0;
  return out;
}

static bool scalar_fits(scalar from, scalar to) {
  if (from.kind == OTHER || to.kind == OTHER) {
    return true;
  }
  switch (to.kind) {
    case INTEGER:
      return from.kind == INTEGER || from.kind == BOOLEAN;
    case FLOAT:
      return (from.kind == FLOAT || from.kind == INTEGER) && from.bits <= to.bits;
    case DECIMAL:
      return from.kind == INTEGER || (from.kind == DECIMAL && from.scale <= to.scale);
    case STAMP:
      return from.kind == STAMP || from.kind == DATE;
    case BOOLEAN:
    case DATE:
    case OTHER:
    default:
      return from.kind == to.kind;
  }
}

static const struct ArrowSchema *named(const struct ArrowSchema *parent,
                                       const char *name) {
  for (int64_t i = 0; i < parent->n_children; i++) {
    if (strcmp(parent->children[i]->name, name) == 0) {
      return parent->children[i];
    }
  }
  return NULL;
}

/* The part that does not fit; NULL: all do. Fields of structs go by name, as the cast has it. */
static const struct ArrowSchema *misfit(const struct ArrowSchema *from,
                                        const struct ArrowSchema *to, int depth) {
  if (!scalar_fits(scalar_of(from), scalar_of(to))) {
    return from;
  }
  bool is_struct = strcmp(to->format, "+s") == 0;
  for (int64_t i = 0; depth < MAX_DEPTH && i < to->n_children; i++) {
    const struct ArrowSchema *part = is_struct ? named(from, to->children[i]->name)
                                     : i < from->n_children ? from->children[i]
                                                            : NULL;
    const struct ArrowSchema *bad =
        part != NULL ? misfit(part, to->children[i], depth + 1) : NULL;
    if (bad != NULL) {
      return bad;
    }
  }
  return NULL;
}

weir_status wi_schema_fits(const struct ArrowSchema *rows,
                           const struct ArrowSchema *table, weir_error *err) {
  for (int64_t i = 0; i < table->n_children; i++) {
    const struct ArrowSchema *column = table->children[i];
    const struct ArrowSchema *given = named(rows, column->name);
    const struct ArrowSchema *bad = given != NULL ? misfit(given, column, 0) : NULL;
    if (bad != NULL) {
      char from[128], to[128];
      (void)ArrowSchemaToString(given, from, sizeof(from), 1);
      (void)ArrowSchemaToString(column, to, sizeof(to), 1);
      wi_err_hint(err,
                  "cast the rows to the table's type, and decide there what becomes of "
                  "values that it cannot hold");
      return WI_ERR(
          err, WEIR_E_SCHEMA_CHANGED,
          "the rows have the column '%s' as %s, and the table as %s, which would "
          "change values",
          column->name, from, to);
    }
  }
  return WEIR_OK;
}
