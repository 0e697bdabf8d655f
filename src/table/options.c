/* What a write says of a table that is there already: it has to be so, or the write is refused. */
#include <string.h>

#include "nanoarrow/nanoarrow.h"
#include "table/table.h"

#define WI_ORIGIN "table"

static void name_list(wi_buf *out, const char *const *names, size_t n) {
  wi_buf_chr(out, '(');
  for (size_t i = 0; i < n; i++) {
    wi_buf_fmt(out, "%s%s", i > 0 ? ", " : "", names[i]);
  }
  wi_buf_chr(out, ')');
}

static weir_status check_partition_by(const wi_write_request *r,
                                      const wi_table_facts *table, weir_error *err) {
  bool same = r->n_partition_by == table->n_partition_columns;
  for (size_t i = 0; i < r->n_partition_by && same; i++) {
    same = strcmp(r->partition_by[i], table->partition_columns[i]) == 0;
  }
  if (same || r->n_partition_by == 0) {
    return WEIR_OK;
  }
  wi_buf have = WI_BUF_INIT, asked = WI_BUF_INIT;
  name_list(&have, table->partition_columns, table->n_partition_columns);
  name_list(&asked, r->partition_by, r->n_partition_by);
  wi_err_hint(err, "leave partition_by out, or give the table's own columns");
  weir_status status = WI_ERR(
      err, WEIR_E_USAGE, "partition_by is %s, and the table '%s' is partitioned by %s",
      wi_buf_text(&asked), r->uri,
      table->n_partition_columns > 0 ? wi_buf_text(&have) : "nothing");
  wi_buf_release(&have);
  wi_buf_release(&asked);
  return status;
}

static weir_status check_not_null(const wi_write_request *r, const wi_table_facts *table,
                                  weir_error *err) {
  for (size_t i = 0; i < r->n_not_null; i++) {
    const struct ArrowSchema *column = NULL;
    for (int64_t c = 0; c < table->schema->n_children && column == NULL; c++) {
      column = strcmp(table->schema->children[c]->name, r->not_null[i]) == 0
                   ? table->schema->children[c]
                   : NULL;
    }
    if (column == NULL || (column->flags & ARROW_FLAG_NULLABLE) != 0) {
      wi_err_hint(err, "leave not_null out: what a column may hold is the table's");
      return WI_ERR(
          err, WEIR_E_USAGE, "not_null names '%s', and the table '%s' has %s",
          r->not_null[i], r->uri,
          column == NULL ? "no such column" : "it as a column that may be null");
    }
  }
  return WEIR_OK;
}

weir_status wi_write_check_options(const wi_write_request *r, const wi_table_facts *table,
                                   weir_error *err) {
  WI_TRY(check_partition_by(r, table, err));
  WI_TRY(check_not_null(r, table, err));
  if (r->description != NULL &&
      (table->description == NULL || strcmp(r->description, table->description) != 0)) {
    wi_err_hint(err, "leave the description out: it is given when a table is created");
    return WI_ERR(err, WEIR_E_USAGE,
                  "the description is '%.200s', and the table '%s' has %s%.200s%s",
                  r->description, r->uri, table->description == NULL ? "none" : "'",
                  table->description == NULL ? "" : table->description,
                  table->description == NULL ? "" : "'");
  }
  return WEIR_OK;
}
