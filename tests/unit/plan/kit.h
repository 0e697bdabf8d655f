/* Sessions and schemas for tests of what plans, stages and commits. */
#ifndef TESTS_UNIT_PLAN_KIT_H
#define TESTS_UNIT_PLAN_KIT_H

#include <stdlib.h>

#include "common/test.h"
#include "nanoarrow/nanoarrow.h"
#include "plan/plan.h"

static inline void kit_must(bool fine, const char *what) {
  if (!fine) {
    fprintf(stderr, "cannot prepare the test: %s\n", what);
    abort();
  }
}

static inline wi_engine *kit_engine(void) {
  static wi_engine *one;
  wi_engine_options options = {2, NULL};
  kit_must(one != NULL || wi_engine_new(&options, &one, NULL) == WEIR_OK, "engine");
  return one;
}

/* A struct of nullable columns from "name format, name format"; formats without a comma or
 * blank. */
static inline struct ArrowSchema kit_schema(const char *text) {
  struct ArrowSchema schema;
  char copy[512], *rest = copy;
  int64_t n = 1;
  for (const char *p = text; *p != '\0'; p++) {
    n += *p == ',';
  }
  kit_must(strlen(text) < sizeof copy, text);
  memcpy(copy, text, strlen(text) + 1);
  ArrowSchemaInit(&schema);
  bool fine = ArrowSchemaSetTypeStruct(&schema, n) == NANOARROW_OK;
  for (int64_t i = 0; fine && i < n; i++) {
    char name[64], format[64];
    char *column = strsep(&rest, ",");
    fine = sscanf(column, " %63s %63s", name, format) == 2 &&
           ArrowSchemaSetName(schema.children[i], name) == NANOARROW_OK &&
           ArrowSchemaSetFormat(schema.children[i], format) == NANOARROW_OK;
  }
  kit_must(fine, text);
  return schema;
}

static inline void kit_schema_free(struct ArrowSchema *schema) {
  if (schema->release != NULL) {
    schema->release(schema);
  }
}

typedef struct kit_table {
  const char *schema, *name, *columns;
} kit_table;

/* A sealed session that knows these tables, without rows. */
static inline wi_session *kit_session(const kit_table *tables, size_t n) {
  wi_session *session = NULL;
  wi_session_options options = {0};
  options.engine = kit_engine();
  options.threads = 2;
  options.memory = (uint64_t)512 << 20;
  options.now_us = 1700000000000000;
  kit_must(wi_session_new(&options, &session, NULL) == WEIR_OK, "session");
  for (size_t i = 0; i < n; i++) {
    struct ArrowSchema schema = kit_schema(tables[i].columns);
    kit_must(wi_session_declare(session, tables[i].schema, tables[i].name, &schema,
                                NULL) == WEIR_OK,
             tables[i].name);
    kit_schema_free(&schema);
  }
  kit_must(wi_session_seal(session, NULL) == WEIR_OK, "seal");
  return session;
}

#endif
