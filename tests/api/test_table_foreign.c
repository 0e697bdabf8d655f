/* Tables whose partition values another writer spelled: read, pruned and replaced by value. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

/* ---- tables with two files, n = 1 and n = 2, of two partitions ---- */

typedef struct place {
  wt_project folder;
  char uri[256];
} place;

static void leave(place *at) {
  wt_project_remove(&at->folder);
}

/* A text of JSON, quoted, or null. */
static void put_value(char *out, size_t size, const char *text) {
  snprintf(out, size, text == NULL ? "null" : "\"%s\"", text);
}

/* What a table may have that its values do not show. */
typedef struct shape {
  const char *protocol, *configuration; /* members */
  const char *of_n, *of_p;              /* metadata of the columns */
  const char *key;                      /* of p in partitionValues */
} shape;

#define COMMENT "\\\"comment\\\":\\\"theirs\\\""
#define MAPPED(id, name)               \
  "\\\"delta.columnMapping.id\\\":" id \
  ",\\\"delta.columnMapping.physicalName\\\":\\\"" name "\\\""
#define FEATURE(name)                                                         \
  "\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"" name \
  "\"],\"writerFeatures\":[\"" name "\"]"

static const shape
    plain = {"\"minReaderVersion\":1,\"minWriterVersion\":2", "", "", COMMENT, "p"},
    ntz = {FEATURE("timestampNtz"), "", "", COMMENT, "p"},
    checkpoints = {"\"minReaderVersion\":1,\"minWriterVersion\":2",
                   "\"delta.checkpointInterval\":\"1\"", "", "", "p"},
    vectors = {FEATURE("deletionVectors"), "", "", "", "p"},
    mapped = {"\"minReaderVersion\":2,\"minWriterVersion\":5",
              "\"delta.columnMapping.mode\":\"name\",\"delta.columnMapping.maxColumnId\":"
              "\"2\"",
              MAPPED("1", "n"), MAPPED("2", "col-p"), "col-p"};

static const char add_line[] =
    "{\"add\":{\"path\":\"%s\",\"partitionValues\":{\"%s\":%s},\"size\":%lld,"
    "\"modificationTime\":1700000000000,\"dataChange\":true}}\n";

static bool write_log(place *at, const shape *s, const char *type,
                      const char *const values[2]) {
  char text[4096], path[512], value[128];
  int n = snprintf(
      text, sizeof text,
      "{\"protocol\":{%s}}\n{\"metaData\":{\"id\":\"tid\",\"format\":{\"provider\":"
      "\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":\\\"struct\\\","
      "\\\"fields\\\":[{\\\"name\\\":\\\"n\\\",\\\"type\\\":\\\"long\\\","
      "\\\"nullable\\\":"
      "true,\\\"metadata\\\":{%s}},{\\\"name\\\":\\\"p\\\",\\\"type\\\":\\\"%s\\\","
      "\\\"nullable\\\":true,\\\"metadata\\\":{%s}}]}\","
      "\"partitionColumns\":[\"p\"],\"configuration\":{%s},\"createdTime\":1}}\n",
      s->protocol, s->of_n, type, s->of_p, s->configuration);
  for (size_t i = 0; i < 2; i++) {
    struct stat info;
    snprintf(path, sizeof path, "%s/f%zu.parquet", at->uri, i);
    if (stat(path, &info) != 0) {
      return false;
    }
    put_value(value, sizeof value, values[i]);
    snprintf(path, sizeof path, "f%zu.parquet", i);
    n += snprintf(text + n, sizeof text - (size_t)n, add_line, path, s->key, value,
                  (long long)info.st_size);
  }
  return wt_project_write(&at->folder, "t/_delta_log/00000000000000000000.json", text,
                          (size_t)n);
}

static bool make_as(place *at, const shape *s, const char *type,
                    const char *const values[2]) {
  static const char *const numbers[] = {"1", "2"};
  char from[512], to[512], other[256];
  if (!wt_project_make(&at->folder, NULL, 0)) {
    return false;
  }
  snprintf(at->uri, sizeof at->uri, "%s/t", at->folder.root);
  if (mkdir(at->uri, 0777) != 0) {
    return false;
  }
  for (size_t i = 0; i < 2; i++) { /* the files are those of plain tables */
    snprintf(other, sizeof other, "%s/from%zu", at->folder.root, i);
    snprintf(to, sizeof to, "%s/f%zu.parquet", at->uri, i);
    if (!wf_table(other, "n:l", &numbers[i], 1, NULL) ||
        !wf_data_file(other, 0, from, sizeof from) || rename(from, to) != 0) {
      return false;
    }
  }
  return write_log(at, s, type, values);
}

static bool make(place *at, const char *type, const char *const values[2]) {
  return make_as(at, strcmp(type, "timestamp_ntz") == 0 ? &ntz : &plain, type, values);
}

static bool holds(const place *at, const char *sql, const char *rows) {
  wf_input inputs[] = {{.name = "t", .uri = at->uri, .version = -1}};
  weir_session *s = wf_session(inputs, 1);
  bool ok = s != NULL && wf_expect(s, sql, rows);
  weir_session_free(&s);
  return ok;
}

/* Replaces one partition by rows, which have a column p unless `columns` lacks it. */
static weir_status replace(const place *at, const char *given, const char *columns,
                           const char *const *cells, size_t n, weir_write_result *out,
                           weir_error *err) {
  struct ArrowArrayStream rows;
  const char *const values[] = {given};
  const weir_partition one[] = {{values}};
  weir_session *s = wf_session(NULL, 0);
  memset(out, 0, sizeof *out);
  if (s == NULL || !wf_rows(&rows, columns, cells, n)) {
    weir_session_free(&s);
    return WEIR_E_BUG;
  }
  weir_status status = weir_table_replace(s, at->uri, one, 1, &rows, NULL, out, err);
  weir_session_free(&s);
  return status;
}

/* ---- every type ---- */

typedef struct spelling {
  const char *type, *values[2]; /* as the other writer has them */
  const char *where;            /* the first one, in SQL */
  const char *given[5];         /* the first one, as callers spell it */
} spelling;

static const spelling spellings[] = {
    /* Spark */
    {"timestamp",
     {"2024-01-01 00:00:00", "2024-01-02 00:00:00"},
     "p = timestamp '2024-01-01 00:00:00'",
     {"2024-01-01 00:00:00.000000", "2024-01-01 00:00:00", "2024-01-01T00:00:00Z",
      "2024-01-01T01:00:00+01:00"}},
    {"timestamp",
     {"2024-01-01T00:00:00.000Z", "2024-01-02T00:00:00.000Z"},
     "p = timestamp '2024-01-01 00:00:00'",
     {"2024-01-01 00:00:00.000000", "2024-01-01T00:00:00.000Z"}},
    {"timestamp_ntz",
     {"2024-01-01 00:00:00", "2024-01-01 00:00:00.5"},
     "p = arrow_cast('2024-01-01 00:00:00', 'Timestamp(Microsecond, None)')",
     {"2024-01-01 00:00:00.000000", "2024-01-01T00:00:00.0"}},
    {"double", {"1.0", "1.0E10"}, "p = 1.0", {"1", "1.0", "1e0"}},
    {"float",
     {"1.0E10", "1.0"},
     "p = arrow_cast(1e10, 'Float32')",
     {"10000000000", "1.0E10", "1e10"}},
    {"decimal(10,2)", {"1.50", "2.50"}, "p = 1.5", {"1.50", "1.5", "01.500"}},
    {"date", {"2024-01-02", "2024-01-03"}, "p = date '2024-01-02'", {"2024-01-02"}},
    {"boolean", {"true", "false"}, "p", {"true", "TRUE"}},
    {"byte", {"-7", "7"}, "p = -7", {"-7", "-07"}},
    {"short", {"7", "8"}, "p = 7", {"7", "+7"}},
    {"integer", {"7", "8"}, "p = 7", {"7", "007"}},
    {"long",
     {"9223372036854775807", "1"},
     "p = 9223372036854775807",
     {"9223372036854775807"}},
    {"string", {"a b", "A b"}, "p = 'a b'", {"a b"}},
    {"binary", {"ab", "cd"}, "p = arrow_cast('ab', 'Binary')", {"ab"}},
    /* deltalake */
    {"timestamp",
     {"2024-01-01 00:00:00.000000", "2024-01-01 00:00:00.000001"},
     "p = timestamp '2024-01-01 00:00:00'",
     {"2024-01-01 00:00:00"}},
    {"double", {"1", "2"}, "p = 1.0", {"1.0"}},
    {"float", {"10000000000", "0.1"}, "p = arrow_cast(1e10, 'Float32')", {"1.0E10"}},
    {"float", {"0.1", "0.2"}, "p = arrow_cast(0.1, 'Float32')", {"0.1", "1.0E-1"}},
    /* null */
    {"long", {NULL, "1"}, "p IS NULL", {NULL, ""}},
    {"timestamp", {"", "2024-01-01 00:00:00"}, "p IS NULL", {NULL, ""}},
    {"string", {NULL, "x"}, "p IS NULL", {NULL, ""}},
    {"string", {"", "x"}, "p IS NULL", {NULL, ""}},
    {"binary", {"", "x"}, "p IS NULL", {NULL, ""}}};

/* NULL is a spelling too where it is the first. */
static bool is_given(const spelling *s, size_t k) {
  return k < 5 && (s->given[k] != NULL || (k == 0 && s->given[1] != NULL));
}

WT_TEST(partitions_are_read_and_pruned_by_value) {
  for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
    const spelling *s = &spellings[i];
    place at;
    char sql[256];
    WT_CHECK(make(&at, s->type, s->values));
    snprintf(sql, sizeof sql, "SELECT n FROM t WHERE %s", s->where);
    bool found = holds(&at, sql, "1;");
    snprintf(sql, sizeof sql, "SELECT n FROM t WHERE (%s) IS NOT TRUE", s->where);
    found = holds(&at, sql, "2;") && found;
    leave(&at);
    if (!found) {
      wt_fail(__FILE__, __LINE__, "%s %s", s->type, s->values[0]);
    }
  }
}

/* Fault 5: files whose values were spelled otherwise stayed, and the partition was doubled. */
WT_TEST(partitions_are_replaced_by_value) {
  for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
    const spelling *s = &spellings[i];
    for (size_t k = 0; is_given(s, k); k++) {
      weir_write_result r;
      weir_error err = WEIR_ERROR_INIT;
      place at;
      WT_CHECK(make(&at, s->type, s->values));
      weir_status status = replace(&at, s->given[k], "n:l", NULL, 0, &r, &err);
      bool left = status == WEIR_OK && r.removed_files == 1 &&
                  holds(&at, "SELECT n FROM t", "2;");
      if (!left) {
        wt_fail(__FILE__, __LINE__, "%s: '%s' by '%s' (%d files): %s", s->type,
                s->values[0] == NULL ? "null" : s->values[0],
                s->given[k] == NULL ? "null" : s->given[k], (int)r.removed_files,
                err.message);
      }
      weir_write_result_release(&r);
      weir_error_release(&err);
      leave(&at);
    }
  }
}

/* The rows that come are of the partition that was named, however it was spelled. */
WT_TEST(rows_come_into_the_partition_that_was_named) {
  static const struct {
    const char *type, *values[2], *columns, *cell, *given[3];
  } cases[] = {
      {"timestamp",
       {"2024-01-01 00:00:00", "2024-01-02 00:00:00"},
       "n:l p:z",
       "1704067200000000",
       {"2024-01-01 00:00:00", "2024-01-01T00:00:00.000Z", "2024-01-01 00:00:00.000000"}},
      {"double", {"1.0", "2.0"}, "n:l p:d", "1", {"1.0", "1", "1e0"}},
      {"date",
       {"2024-01-02", "2024-01-03"},
       "n:l p:D",
       "19724",
       {"2024-01-02", "2024-1-2", "2024-01-2"}},
      {"string", {"", "x"}, "n:l p:t", NULL, {NULL, "", NULL}}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (size_t k = 0; k < 3; k++) {
      const char *cells[] = {"3", cases[i].cell};
      weir_write_result r;
      weir_error err = WEIR_ERROR_INIT;
      place at;
      WT_CHECK(make(&at, cases[i].type, cases[i].values));
      weir_status status =
          replace(&at, cases[i].given[k], cases[i].columns, cells, 1, &r, &err);
      if (status != WEIR_OK || !holds(&at, "SELECT n FROM t ORDER BY n", "2;3;")) {
        wt_fail(__FILE__, __LINE__, "%s by '%s': %s", cases[i].type,
                cases[i].given[k] == NULL ? "null" : cases[i].given[k], err.message);
      }
      weir_write_result_release(&r);
      weir_error_release(&err);
      leave(&at);
    }
  }
}

WT_TEST(what_is_no_value_is_refused) {
  static const char *const good[] = {"2024-01-01 00:00:00", "2024-01-02 00:00:00"};
  static const char *const bad[] = {"2024-01-01 00:00:00", "some day"};
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  place at;
  WT_CHECK(make(&at, "timestamp", good));
  WT_EQ_INT(replace(&at, "some day", "n:l", NULL, 0, &r, &err), WEIR_E_BAD_VALUE);
  WT_CHECK(strstr(err.message, "'some day'") != NULL);
  WT_CHECK(strstr(err.message, "'p'") != NULL);
  weir_error_release(&err);
  WT_CHECK(holds(&at, "SELECT n FROM t ORDER BY n", "1;2;"));
  leave(&at);
  WT_CHECK(make(&at, "timestamp", bad));
  WT_EQ_INT(replace(&at, good[0], "n:l", NULL, 0, &r, &err), WEIR_E_LOG_CORRUPT);
  WT_CHECK(strstr(err.message, "some day") != NULL); /* the engine's own words */
  weir_error_release(&err);
  leave(&at);
}

/* ---- "" is null for text too ---- */

typedef struct question {
  const char *sql, *rows;
} question;

/* Of a table with n = 1 where p is "", and n = 2 where it is x. */
static const question empties[] = {
    {"SELECT n, p FROM t ORDER BY n", "1|NULL;2|x;"},
    {"SELECT n FROM t WHERE p IS NULL", "1;"},
    {"SELECT n FROM t WHERE p IS NOT NULL", "2;"},
    {"SELECT n FROM t WHERE p = ''", ""},
    {"SELECT n FROM t WHERE p <> ''", "2;"},
    {"SELECT n FROM t WHERE p < 'z'", "2;"},
    {"SELECT n FROM t WHERE p IN ('', 'x')", "2;"},
    {"SELECT n FROM t WHERE p IS NULL OR p = 'x' ORDER BY n", "1;2;"},
    {"SELECT n FROM t WHERE p IS NULL AND n > 0", "1;"},
    {"SELECT p, count(*) FROM t GROUP BY p ORDER BY p", "x|1;NULL|1;"},
    {"SELECT count(*), count(p), min(p), max(p) FROM t", "2|1|x|x;"},
    {"SELECT count(*) FROM t WHERE p IS NULL", "1;"},
    {"SELECT count(*) FROM t", "2;"},
    {"SELECT 1 FROM t", "1;1;"},
    {"SELECT DISTINCT p FROM t ORDER BY p", "x;NULL;"},
    {"SELECT n FROM t ORDER BY p NULLS FIRST LIMIT 1", "1;"},
    {"SELECT n FROM t WHERE p IS NULL LIMIT 1", "1;"}};

static bool answers(const place *at, const question *questions, size_t n) {
  bool fine = true;
  for (size_t i = 0; i < n; i++) {
    fine = holds(at, questions[i].sql, questions[i].rows) && fine;
  }
  return fine;
}

WT_TEST(an_empty_text_is_null) {
  static const char *const values[] = {"", "x"};
  const shape *const shapes[] = {&plain, &vectors, &mapped};
  for (size_t i = 0; i < 3; i++) {
    place at;
    WT_CHECK(make_as(&at, shapes[i], "string", values));
    if (!answers(&at, empties, sizeof empties / sizeof empties[0])) {
      wt_fail(__FILE__, __LINE__, "shape %zu", i);
    }
    leave(&at);
  }
}

/* The engine copies the log's text into a checkpoint. */
WT_TEST(an_empty_text_is_null_in_a_checkpoint) {
  static const char *const values[] = {"", "x"}, *const more[] = {"3", "y", "4", NULL};
  static const question questions[] = {
      {"SELECT n, p FROM t ORDER BY n", "1|NULL;2|x;3|y;4|NULL;"},
      {"SELECT n FROM t WHERE p IS NULL ORDER BY n", "1;4;"},
      {"SELECT n FROM t WHERE p = ''", ""}};
  struct ArrowArrayStream rows;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  char path[512];
  place at;
  WT_CHECK(make_as(&at, &checkpoints, "string", values));
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL && wf_rows(&rows, "n:l p:t", more, 2));
  WT_OK(weir_table_append(s, at.uri, &rows, NULL, &r, &err));
  weir_write_result_release(&r);
  weir_session_free(&s);
  for (int version = 0; version < 2; version++) { /* only the checkpoint is left */
    snprintf(path, sizeof path, "%s/_delta_log/%020d.json", at.uri, version);
    WT_CHECK(unlink(path) == 0);
  }
  WT_CHECK(answers(&at, questions, 3));
  WT_OK(replace(&at, NULL, "n:l", NULL, 0, &r, &err));
  WT_EQ_INT(r.removed_files, 2);
  weir_write_result_release(&r);
  WT_CHECK(holds(&at, "SELECT n FROM t ORDER BY n", "2;3;"));
  leave(&at);
}

/* Spelled with fewer digits than the scale has the reader does not take a decimal. It is no broken
 * log: the message says what the reader lacks. */
WT_TEST(a_decimal_that_the_reader_does_not_take) {
  static const char *const values[] = {"1.5", "2.50"}, *const none[] = {"x.5", "2.50"};
  wf_input inputs[] = {{.name = "t", .version = -1}};
  char rows[64];
  weir_error err = WEIR_ERROR_INIT;
  place at;
  WT_CHECK(make(&at, "decimal(10,2)", values));
  inputs[0].uri = at.uri;
  weir_session *s = wf_session(inputs, 1);
  WT_EQ_INT(wf_query(s, "SELECT n FROM t", rows, sizeof rows, &err),
            WEIR_E_FEATURE_UNSUPPORTED);
  WT_CHECK(strstr(err.message, "'1.5' in p, a decimal(10,2)") != NULL);
  WT_CHECK(strstr(err.message, "'1.50'") != NULL);
  weir_error_release(&err);
  weir_session_free(&s);
  leave(&at);
  WT_CHECK(make(&at, "decimal(10,2)", none));
  inputs[0].uri = at.uri;
  s = wf_session(inputs, 1);
  WT_EQ_INT(wf_query(s, "SELECT n FROM t", rows, sizeof rows, &err), WEIR_E_LOG_CORRUPT);
  weir_error_release(&err);
  weir_session_free(&s);
  leave(&at);
}

/* ---- a log that others clean while a write is at work ---- */

/* Others: enough appends for a checkpoint; then the commits before it are gone. */
static void append_and_clean(const char *uri) {
  static const char *const cells[] = {"2"};
  weir_session *s = wf_session(NULL, 0);
  for (int i = 0; i < 20; i++) {
    struct ArrowArrayStream rows;
    weir_write_result r;
    weir_error err = WEIR_ERROR_INIT;
    WT_CHECK(wf_rows(&rows, "n:l", cells, 1));
    WT_OK(weir_table_append(s, uri, &rows, NULL, &r, &err));
    weir_write_result_release(&r);
  }
  for (int v = 0; v < 20; v++) {
    char path[512];
    snprintf(path, sizeof path, "%s/_delta_log/%020d.json", uri, v);
    WT_EQ_INT(unlink(path), 0);
  }
  weir_session_free(&s);
}

static const char *cleaned_uri;
static int (*usual_next)(struct ArrowArrayStream *, struct ArrowArray *);
static int next_after_cleaning(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  if (cleaned_uri != NULL) {
    append_and_clean(cleaned_uri);
    cleaned_uri = NULL;
  }
  return usual_next(stream, out);
}

/* The version after the base is free again, in a part of the log that nobody reads: rows put there
 * were told as committed, and were nowhere. */
WT_TEST(a_commit_is_not_put_where_a_log_was_cleaned) {
  static const char *const cells[] = {"1"};
  place at;
  struct ArrowArrayStream rows;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  char sql[512], log[512];
  WT_CHECK(wt_project_make(&at.folder, NULL, 0));
  snprintf(at.uri, sizeof at.uri, "%s/t", at.folder.root);
  snprintf(log, sizeof log, "%s/_delta_log", at.uri);
  snprintf(sql, sizeof sql,
           "SELECT n, count(*) FROM read_delta('%s') GROUP BY n ORDER BY n", at.uri);
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(wf_table(at.uri, "n:l", cells, 1, NULL) && wf_rows(&rows, "n:l", cells, 1));
  cleaned_uri = at.uri;
  usual_next = rows.get_next;
  rows.get_next = next_after_cleaning;
  WT_EQ_INT(weir_table_append(s, at.uri, &rows, NULL, &r, &err), WEIR_E_CONFLICT);
  weir_error_release(&err);
  char *listing = wf_listing(log);
  WT_CHECK(strstr(listing, "00000000000000000001.json") == NULL);
  free(listing);
  WT_CHECK(wf_expect(s, sql, "1|1;2|20;"));
  /* The same once more, from the table as it is. */
  WT_CHECK(wf_rows(&rows, "n:l", cells, 1));
  WT_OK(weir_table_append(s, at.uri, &rows, NULL, &r, &err));
  WT_EQ_INT(r.version, 21);
  WT_CHECK(wf_expect(s, sql, "1|2;2|20;"));
  weir_write_result_release(&r);
  weir_session_free(&s);
  leave(&at);
}

/* A folder of a commit's name is no commit; and nobody can say that the write may have happened. */
WT_TEST(a_folder_named_like_a_commit_is_refused) {
  static const char *const cells[] = {"1"};
  place at;
  struct ArrowArrayStream rows;
  weir_write_result r;
  weir_error err = WEIR_ERROR_INIT;
  char path[512];
  WT_CHECK(wt_project_make(&at.folder, NULL, 0));
  snprintf(at.uri, sizeof at.uri, "%s/t", at.folder.root);
  snprintf(path, sizeof path, "%s/_delta_log/00000000000000000001.json", at.uri);
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(wf_table(at.uri, "n:l", cells, 1, NULL) && wf_rows(&rows, "n:l", cells, 1));
  WT_CHECK(mkdir(path, 0777) == 0);
  char *before = wf_listing(at.uri);
  WT_EQ_INT(weir_table_append(s, at.uri, &rows, NULL, &r, &err), WEIR_E_BAD_VALUE);
  WT_CHECK(strstr(err.message, path) != NULL);
  WT_CHECK(strstr(err.message, "is a folder") != NULL);
  weir_error_release(&err);
  char *after = wf_listing(at.uri);
  WT_EQ_STR(after, before);
  free(before);
  free(after);
  WT_CHECK(rmdir(path) == 0 && wf_rows(&rows, "n:l", cells, 1));
  WT_OK(weir_table_append(s, at.uri, &rows, NULL, &r, &err));
  weir_write_result_release(&r);
  weir_session_free(&s);
  leave(&at);
}
