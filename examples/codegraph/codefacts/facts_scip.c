/* scip_occurrences: where a SCIP index sees which symbol. */
#include "scip.h"

static const cf_column columns[] = {
    {"document_id", CF_TEXT, true},
    {"path", CF_TEXT, true},
    {"bucket", CF_INT32, true},
    {"index_sha256", CF_TEXT, true},
    {"symbol", CF_TEXT, true},
    {"symbol_roles", CF_INT32, true},
    {"syntax_kind", CF_INT32, true},
    {"start_line", CF_INT64, true},
    {"start_char", CF_INT64, true},
    {"end_line", CF_INT64, true},
    {"end_char", CF_INT64, true},
    {"line_base", CF_INT32, true},
    {"col_unit", CF_TEXT, true},
    {"end_exclusive", CF_BOOL, true},
    {"is_definition", CF_BOOL, true},
    {"is_import", CF_BOOL, true},
    {"is_write", CF_BOOL, true},
    {"is_read", CF_BOOL, true},
    {"is_generated", CF_BOOL, true},
    {"is_test", CF_BOOL, true},
    {"is_forward_definition", CF_BOOL, true},
};

/* Rows come from an index, not from files: no count and no put. */
const cf_table cf_table_scip = {"scip_occurrences", columns,
                                sizeof(columns) / sizeof(columns[0]), NULL, NULL};

void cf_put_occurrence(cf_row *r, const cf_scip *index, size_t document, size_t item) {
  static const int32_t flags[] = {CF_SCIP_DEFINITION,
                                  CF_SCIP_IMPORT,
                                  CF_SCIP_WRITE,
                                  CF_SCIP_READ,
                                  CF_SCIP_GENERATED,
                                  CF_SCIP_TEST,
                                  CF_SCIP_FORWARD_DEFINITION};
  const cf_document *d = &index->documents[document];
  const cf_occurrence *o = &d->items[item];
  cf_put_str(r, d->id);
  cf_put_str(r, d->path);
  cf_put_int(r, d->bucket);
  cf_put_str(r, index->sha256);
  cf_put_text(r, o->symbol);
  cf_put_int(r, o->roles);
  cf_put_int(r, o->syntax_kind);
  cf_put_int(r, o->start_line);
  cf_put_int(r, o->start_char);
  cf_put_int(r, o->end_line);
  cf_put_int(r, o->end_char);
  cf_put_int(r, 0); /* SCIP counts lines from 0 */
  cf_put_str(r, d->unit);
  cf_put_int(r, 1);
  for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
    cf_put_int(r, (o->roles & flags[i]) != 0);
  }
}
