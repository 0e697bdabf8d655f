/* Rows of the record tables, and the queries of the system views. */
#include "record/record.h"

#include "unit/plan/kit.h"

static const char *const record_tables[] = {
    "runs", "tasks", "plans", "warnings", "session_settings", "plugins"};

WT_TEST(names_and_tables_go_both_ways) {
  for (int i = 0; i < WI_RECORD_TABLES_; i++) {
    wi_record_table found = WI_RECORD_TABLES_;
    WT_EQ_STR(wi_record_table_name((wi_record_table)i), record_tables[i]);
    WT_CHECK(wi_record_table_find(record_tables[i], &found));
    WT_EQ_INT(found, i);
  }
  wi_record_table none;
  WT_CHECK(!wi_record_table_find("pins", &none));
  WT_CHECK(!wi_record_table_find("", &none));
}

static int64_t column_at(const struct ArrowSchema *schema, const char *name) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (strcmp(schema->children[i]->name, name) == 0) {
      return i;
    }
  }
  kit_must(false, name);
  return -1;
}

WT_TEST(rows_come_back_as_they_went_in) {
  weir_error err = WEIR_ERROR_INIT;
  wi_record *record = NULL;
  struct ArrowArrayStream stream;
  wi_cursor *rows = NULL;
  bool has = false;
  WT_OK(wi_record_new(WI_RECORD_TASKS, &record, &err));
  WT_EQ_INT(wi_record_rows(record), 0);
  wi_record_row(record);
  wi_record_text(record, "name", "first");
  wi_record_text(record, "name", "orders"); /* the last one counts */
  wi_record_int(record, "rows", -7);
  wi_record_bool(record, "critical", true);
  wi_record_time(record, "started_at", 1700000000123456);
  wi_record_text(record, "mode", NULL);
  wi_record_time(record, "finished_at", 0);
  WT_EQ_INT(wi_record_rows(record), 1);
  wi_record_row(record);
  wi_record_bool(record, "critical", false);
  WT_EQ_INT(wi_record_rows(record), 2);
  WT_OK(wi_record_stream(record, &stream, &err));
  WT_OK(wi_cursor_open(&stream, &rows, &err));
  const struct ArrowSchema *schema = wi_cursor_schema(rows);
  int64_t name = column_at(schema, "name"), n = column_at(schema, "rows");
  int64_t critical = column_at(schema, "critical"), at = column_at(schema, "started_at");
  WT_EQ_STR(schema->children[at]->format, "tsu:UTC");
  WT_OK(wi_cursor_next(rows, &has, &err));
  WT_CHECK(has && wi_str_eq(wi_cursor_text(rows, name), "orders"));
  WT_EQ_INT(wi_cursor_int(rows, n), -7);
  WT_EQ_INT(wi_cursor_int(rows, critical), 1);
  WT_EQ_INT(wi_cursor_int(rows, at), 1700000000123456);
  WT_CHECK(wi_cursor_null(rows, column_at(schema, "mode")));
  WT_CHECK(wi_cursor_null(rows, column_at(schema, "finished_at")));
  WT_OK(wi_cursor_next(rows, &has, &err));
  WT_CHECK(has && wi_cursor_null(rows, name) && wi_cursor_null(rows, n));
  WT_CHECK(!wi_cursor_null(rows, critical));
  WT_EQ_INT(wi_cursor_int(rows, critical), 0);
  WT_OK(wi_cursor_next(rows, &has, &err));
  WT_CHECK(!has);
  wi_cursor_free(&rows);
  wi_record_free(&record);
  WT_CHECK(record == NULL);
}

WT_TEST(an_unknown_column_is_an_error_at_the_end) {
  for (int t = 0; t < WI_RECORD_TABLES_; t++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_record *record = NULL;
    struct ArrowArrayStream stream;
    WT_OK(wi_record_new((wi_record_table)t, &record, &err));
    wi_record_row(record);
    wi_record_text(record, "no_such_column", "x");
    WT_EQ_INT(wi_record_stream(record, &stream, &err), WEIR_E_BUG);
    WT_CHECK(strstr(err.message, "no_such_column") != NULL);
    WT_CHECK(stream.release == NULL);
    wi_record_free(&record);
    weir_error_release(&err);
  }
}

WT_TEST(a_text_that_lacked_memory_is_not_recorded_shortened) {
  weir_error err = WEIR_ERROR_INIT;
  wi_record *record = NULL;
  struct ArrowArrayStream stream;
  wi_buf text = WI_BUF_INIT;
  WT_OK(wi_record_new(WI_RECORD_TASKS, &record, &err));
  wi_record_row(record);
  wi_buf_str(&text, "[\"orders\"");
  text.failed = true; /* as where the rest found no memory */
  wi_record_buf(record, "inputs", &text);
  WT_EQ_INT(wi_record_stream(record, &stream, &err), WEIR_E_NO_MEMORY);
  WT_CHECK(stream.release == NULL);
  wi_buf_release(&text);
  wi_record_free(&record);
  weir_error_release(&err);
}

WT_TEST(an_empty_record_is_a_stream_without_rows) {
  weir_error err = WEIR_ERROR_INIT;
  wi_record *record = NULL;
  struct ArrowArrayStream stream;
  wi_cursor *rows = NULL;
  bool has = true;
  WT_OK(wi_record_new(WI_RECORD_RUNS, &record, &err));
  WT_OK(wi_record_stream(record, &stream, &err));
  WT_OK(wi_cursor_open(&stream, &rows, &err));
  WT_OK(wi_cursor_next(rows, &has, &err));
  WT_CHECK(!has);
  wi_cursor_free(&rows);
  wi_record_free(&record);
}

/* Declares every record table with the schema its builder gives. */
static wi_session *records_session(void) {
  wi_session_options options = {0};
  wi_session *session = NULL;
  options.engine = kit_engine();
  options.threads = 1;
  kit_must(wi_session_new(&options, &session, NULL) == WEIR_OK, "session");
  for (int t = 0; t < WI_RECORD_TABLES_; t++) {
    wi_record *record = NULL;
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    bool fine = wi_record_new((wi_record_table)t, &record, NULL) == WEIR_OK &&
                wi_record_stream(record, &stream, NULL) == WEIR_OK &&
                stream.get_schema(&stream, &schema) == 0;
    kit_must(fine, "record schema");
    kit_must(wi_session_declare(session, WI_SCHEMA_RECORDS, record_tables[t], &schema,
                                NULL) == WEIR_OK,
             "declare");
    kit_schema_free(&schema);
    stream.release(&stream);
    wi_record_free(&record);
  }
  kit_must(wi_session_seal(session, NULL) == WEIR_OK, "seal");
  return session;
}

WT_TEST(every_name_is_a_table_or_a_view_that_plans) {
  wi_session *session = records_session();
  size_t n = 0, views = 0, tables = 0;
  const char *const *names = wi_record_names(&n);
  for (size_t i = 0; i < n; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_record_table table;
    wb_plan *logical = NULL, *optimized = NULL;
    const char *sql = wi_record_view_sql(names[i], &table);
    if (sql == NULL) {
      WT_CHECK(wi_record_table_find(names[i], &table));
      tables++;
      continue;
    }
    views++;
    wi_refs refs;
    char want[64];
    WT_OK(wi_query_plan(session, sql, NULL, 0, &logical, &optimized, &err));
    WT_OK(wi_refs_read(kit_engine(), sql, &refs, &err));
    snprintf(want, sizeof want, "weir.%s", wi_record_table_name(table));
    WT_EQ_INT(refs.n_relations, 1);
    WT_EQ_STR(refs.relations[0].name, want);
    wi_refs_release(&refs);
    wi_br_plan_free(kit_engine(), &logical);
    wi_br_plan_free(kit_engine(), &optimized);
  }
  WT_EQ_INT(tables, WI_RECORD_TABLES_);
  WT_EQ_INT(views, 3);
  wi_session_free(&session);
}
