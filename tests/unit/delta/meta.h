/* Tables' actions made by hand, and columns of a writer. */
#ifndef TESTS_UNIT_DELTA_META_H
#define TESTS_UNIT_DELTA_META_H

#include "unit/delta/crafted.h"

#define FIELD_OF(name, type, nullable, metadata)                    \
  "{\"name\":\"" name "\",\"type\":" type ",\"nullable\":" nullable \
  ",\"metadata\":" metadata "}"
#define FIELD(name, type) FIELD_OF(name, "\"" type "\"", "true", "{}")
#define STRUCT(fields)    "{\"type\":\"struct\",\"fields\":[" fields "]}"
#define PROTOCOL(r, w)    "{\"minReaderVersion\":" #r ",\"minWriterVersion\":" #w "}"

/* A table from its schema; `more` are further members of metaData, each with a comma before it. */
static inline wi_meta *meta_of(const char *protocol, const char *schema,
                               const char *more) {
  wi_buf m = WI_BUF_INIT;
  wi_meta *out = NULL;
  wi_buf_str(&m, "{\"metaData\":{\"id\":\"tid\",\"schemaString\":");
  wi_buf_json_text(&m, schema, strlen(schema));
  wi_buf_fmt(&m, "%s}}", more);
  if (wi_meta_parse(protocol, m.p, &out, NULL) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "not taken: %s", m.p);
  }
  wi_buf_release(&m);
  return out;
}

/* A writer's columns, given as a Delta schema. */
static inline struct ArrowSchema columns_of(const char *schema) {
  struct ArrowSchema out = {0};
  if (wi_delta_schema_arrow(schema, &out, NULL) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no columns: %s", schema);
  }
  return out;
}

/* The edit of one set of columns over a table; NULL and the error's code in *status. */
static inline wi_meta *meta_with(wi_meta *base, wi_meta_edit edit, const char *schema,
                                 weir_status *status) {
  wi_meta *out = NULL;
  struct ArrowSchema columns = {0};
  if (schema != NULL) {
    columns = columns_of(schema);
    edit.columns = &columns;
    edit.how = edit.how == WI_META_COLUMNS_KEEP ? WI_META_COLUMNS_REPLACE : edit.how;
  }
  weir_status got = wi_meta_apply(base, &edit, &out, NULL);
  if (status != NULL) {
    *status = got;
  } else if (got != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "apply gave %d", (int)got);
  }
  if (columns.release != NULL) {
    columns.release(&columns);
  }
  return out;
}

/* What is written of `meta` over `base`, as a commit. */
static inline wi_commit meta_lines(const wi_meta *base, const wi_meta *meta) {
  wi_buf text = WI_BUF_INIT;
  wi_commit commit = {0};
  if (wi_meta_write(base, meta, &text, NULL) != WEIR_OK ||
      wi_commit_parse(0, wi_buf_text(&text), text.n, &commit, NULL) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "not written");
  }
  wi_buf_release(&text);
  return commit;
}

#endif
