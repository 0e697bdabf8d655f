/* The list of live files as scans get it: places, values, bounds, vectors. */
#include "delta/files.h"
#include "unit/delta/crafted.h"
#include "unit/delta/rows.h"

#define ROOT "file:///lake/a%20b"

static const char *protocol = "{\"minReaderVersion\":1,\"minWriterVersion\":2}";

static wi_meta *meta_of(const char *fields, const char *partition, const char *more) {
  char metadata[4096];
  wi_meta *meta = NULL;
  wi_buf schema = WI_BUF_INIT, text = WI_BUF_INIT;
  wi_buf_fmt(&schema, "{\"type\":\"struct\",\"fields\":[%s]}", fields);
  wi_buf_json_text(&text, schema.p, schema.n);
  snprintf(metadata, sizeof metadata,
           "{\"id\":\"x\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"
           "\"schemaString\":%s,\"partitionColumns\":[%s],\"configuration\":{%s}}",
           text.p, partition, more);
  weir_error err = WEIR_ERROR_INIT;
  if (wi_meta_parse(protocol, metadata, &meta, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s", err.message);
    abort();
  }
  wi_buf_release(&schema);
  wi_buf_release(&text);
  return meta;
}

#define FIELD(name, type) \
  "{\"name\":\"" name "\",\"type\":\"" type "\",\"nullable\":true,\"metadata\":{}}"

/* One file: its path, statistics, partition values and vector. */
static weir_status read_one(const wi_meta *meta, const char *path, const char *stats,
                            const char *partition, const char *dv, wi_files **out,
                            weir_error *err) {
  const char *cells[] = {path, "100", "0", stats, partition, dv};
  wi_cursor *rows = rows_cursor("tllttt", cells, 1);
  weir_status status = wi_files_read(meta, ROOT, rows, out, err);
  wi_cursor_free(&rows);
  return status;
}

/* ---- looking ---- */

typedef struct seen {
  wi_files *files;
  struct ArrowSchema schema;
  struct ArrowArray array;
} seen;

static void see(wi_files *files, seen *s) {
  *s = (seen){.files = files};
  WT_EQ_INT(wi_files_schema(files, &s->schema), 0);
  WT_EQ_INT(wi_files_array(files, &s->array), 0);
}

static void seen_free(seen *s) {
  s->schema.release(&s->schema);
  s->array.release(&s->array);
  wi_files_unref(&s->files);
}

static int64_t child_of(const struct ArrowSchema *schema, const char *name) {
  for (int64_t i = 0; schema != NULL && i < schema->n_children; i++) {
    if (strcmp(schema->children[i]->name, name) == 0) {
      return i;
    }
  }
  return -1;
}

/* A cell as text; "none" where there is no such column, "null". */
static const char *cell(const seen *s, const char *part, const char *name, int64_t row) {
  static char text[256];
  int64_t at = child_of(&s->schema, part);
  const struct ArrowSchema *schema = at < 0 ? NULL : s->schema.children[at];
  const struct ArrowArray *array = at < 0 ? NULL : s->array.children[at];
  if (schema != NULL && name != NULL) {
    at = child_of(schema, name);
    array = at < 0 ? NULL : array->children[at];
    schema = at < 0 ? NULL : schema->children[at];
  }
  if (schema == NULL) {
    return "none";
  }
  struct ArrowArrayView view;
  struct ArrowStringView string;
  struct ArrowDecimal decimal;
  struct ArrowBuffer digits;
  int code =
      ArrowArrayViewInitFromSchema(&view, (struct ArrowSchema *)(uintptr_t)schema, NULL);
  code |= ArrowArrayViewSetArray(&view, (struct ArrowArray *)(uintptr_t)array, NULL);
  if (ArrowArrayViewIsNull(&view, row)) {
    snprintf(text, sizeof text, "null");
  } else if (view.storage_type == NANOARROW_TYPE_STRING) {
    string = ArrowArrayViewGetStringUnsafe(&view, row);
    snprintf(text, sizeof text, "%.*s", (int)string.size_bytes, string.data);
  } else if (view.storage_type == NANOARROW_TYPE_DECIMAL128) {
    ArrowDecimalInit(&decimal, 128, 38, 0);
    ArrowArrayViewGetDecimalUnsafe(&view, row, &decimal);
    ArrowBufferInit(&digits);
    code |= ArrowDecimalAppendDigitsToBuffer(&decimal, &digits);
    snprintf(text, sizeof text, "%.*s", (int)digits.size_bytes, (char *)digits.data);
    ArrowBufferReset(&digits);
  } else {
    snprintf(text, sizeof text, "%lld",
             (long long)ArrowArrayViewGetIntUnsafe(&view, row));
  }
  ArrowArrayViewReset(&view);
  return code == 0 ? text : "broken";
}

/* ---- places ---- */

static const struct {
  const char *path, *place; /* NULL: refused as outside */
} places[] = {{"a.parquet", "a.parquet"},
              {"p=x%20y/a%2520.parquet", "p=x y/a%20.parquet"},
              {"s.parquet?v=2", "s.parquet?v=2"},
              {"ts=2020-01-01 00:00:00/a.parquet", "ts=2020-01-01 00:00:00/a.parquet"},
              {"a:b.parquet", "a:b.parquet"},
              {"hdfs:b.parquet", NULL},
              {"file:///lake/a%20b/c.parquet", "c.parquet"},
              {"file:/lake/a%20b/c.parquet", "c.parquet"},
              {"/lake/a%20b/d/c.parquet", "d/c.parquet"},
              {"file:///lake/a%20bc/c.parquet", NULL},
              {"file:///lake/other/c.parquet", NULL},
              {"/etc/passwd", NULL},
              {"s3://bucket/c.parquet", NULL},
              {"../c.parquet", NULL},
              {"x/%2e%2e/../c.parquet", NULL},
              {"x/%2E%2E/c.parquet", NULL},
              {"file:///lake/a%20b/../c.parquet", NULL},
              {"x//c.parquet", NULL},
              {"x/", NULL},
              {"x/../y/c-_=.parquet", NULL},
              {"x/y/c-_=.parquet", "x/y/c-_=.parquet"},
              {"./c.parquet", NULL},
              {"", NULL}};

WT_TEST(files_are_below_the_table_or_refused) {
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_buf out = WI_BUF_INIT;
    weir_status status = wi_files_place(ROOT, wi_str_of(places[i].path), &out, &err);
    bool good =
        places[i].place == NULL
            ? status == WEIR_E_FEATURE_UNSUPPORTED
            : status == WEIR_OK && strcmp(wi_buf_text(&out), places[i].place) == 0;
    if (!good) {
      wt_fail(__FILE__, __LINE__, "'%s' gave %d '%s': %s", places[i].path, (int)status,
              wi_buf_text(&out), err.message);
    }
    wi_buf_release(&out);
    weir_error_release(&err);
  }
}

WT_TEST(two_spellings_of_one_path_are_one_file) {
  wi_meta *meta = meta_of(FIELD("a", "long"), "", "");
  const char *cells[] = {"x%20y.parquet", "1", "0", NULL, "{}", NULL,
                         "z.parquet",     "1", "0", NULL, "{}", NULL,
                         "x y.parquet",   "1", "0", NULL, "{}", NULL};
  wi_files *files = NULL;
  weir_error err = WEIR_ERROR_INIT;
  wi_cursor *rows = rows_cursor("tllttt", cells, 3);
  WT_EQ_INT(wi_files_read(meta, ROOT, rows, &files, &err), WEIR_E_LOG_CORRUPT);
  WT_CHECK(strstr(err.message, "x y.parquet") != NULL);
  wi_cursor_free(&rows);
  wi_meta_unref(&meta);
  weir_error_release(&err);
}

/* Names that differ in one place only, in no order; one of them again at the end, or not. */
WT_TEST(one_path_of_many_is_not_there_again) {
  enum { FILES = 2000, CELLS = 6 };
  static char names[FILES][40];
  static const char *cells[FILES * CELLS];
  wi_meta *meta = meta_of(FIELD("a", "long"), "", "");
  for (int again = 0; again < 2; again++) {
    for (int i = 0; i < FILES; i++) {
      int n = i == FILES - 1 && again != 0 ? 4711 % (FILES - 1) : i * 1237 % FILES;
      snprintf(names[i], sizeof names[i], "p=1/part-%05d-0a1b2c3d.parquet", n);
      const char *row[CELLS] = {names[i], "1", "0", NULL, "{}", NULL};
      memcpy(&cells[i * CELLS], row, sizeof row);
    }
    wi_files *files = NULL;
    weir_error err = WEIR_ERROR_INIT;
    wi_cursor *rows = rows_cursor("tllttt", cells, FILES);
    WT_EQ_INT(wi_files_read(meta, ROOT, rows, &files, &err),
              again != 0 ? WEIR_E_LOG_CORRUPT : WEIR_OK);
    WT_CHECK(again == 0 || strstr(err.message, names[FILES - 1]) != NULL);
    wi_cursor_free(&rows);
    wi_files_unref(&files);
    weir_error_release(&err);
  }
  wi_meta_unref(&meta);
}

/* ---- bounds ---- */

static const struct {
  const char *type, *json_min, *json_max, *min, *max;
} bounds[] = {{"long", "-3", "9223372036854775807", "-3", "9223372036854775807"},
              {"long", "-9223372036854775808", "9223372036854775808",
               "-9223372036854775808", "null"},
              {"integer", "2147483648", "2147483647", "null", "2147483647"},
              {"integer", "1.5", "1e3", "none", "none"},
              {"byte", "-129", "127", "null", "127"},
              {"integer", "\"1\"", "true", "none", "none"},
              {"double", "1.5", "2.5", "none", "none"}, /* NaN is not in statistics */
              {"float", "-0.0", "0.0", "none", "none"},
              {"boolean", "false", "true", "none", "none"},
              {"string", "\"a\"", "\"b\\u00e9\\n\"", "a", "b\xc3\xa9\n"},
              {"string", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\xf0\x9f\x98\x80", "null"},
              {"string", "1", "null", "none", "none"},
              {"date", "\"1969-12-31\"", "\"2024-02-29\"", "-1", "19782"},
              {"date", "\"2024-02-30\"", "\"12024-01-01\"", "none", "none"},
              /* to the millisecond: one wider on each side */
              {"timestamp", "\"1970-01-01T00:00:00.001Z\"",
               "\"1970-01-01T00:00:00.001Z\"", "0", "2000"},
              {"timestamp", "\"1970-01-01T01:00:00.000+01:00\"",
               "\"1969-12-31T17:00:00.000-07:00\"", "-60001000", "60001000"},
              {"timestamp_ntz", "\"1970-01-01T00:00:00.000\"", "\"1970-01-01 00:00:01\"",
               "-1000", "1001000"},
              {"timestamp_ntz", "\"1970-01-01T00:00:00+01:00\"", "5", "none", "none"},
              {"decimal(38,3)", "-12345678901234567890123456789012345.678",
               "12345678901234567890123456789012345.678", "none", "none"},
              /* more digits than a double has: rounded, and nobody knows to which side */
              {"decimal(16,2)", "1", "2", "none", "none"},
              {"decimal(15,3)", "-123456789012.345", "123456789012.345",
               "-123456789012345", "123456789012345"},
              {"decimal(5,2)", "1.005", "1e2", "null", "10000"},
              {"decimal(5,2)", "1", "1000", "100", "null"},
              {"binary", "\"a\"", "\"b\"", "none", "none"}};

WT_TEST(bounds_are_safe_or_none) {
  for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
    char field[256], stats[512];
    weir_error err = WEIR_ERROR_INIT;
    wi_files *files = NULL;
    seen s;
    snprintf(field, sizeof field,
             "{\"name\":\"a\",\"type\":\"%s\",\"nullable\":true,\"metadata\":{}}",
             bounds[i].type);
    snprintf(stats, sizeof stats,
             "{\"numRecords\":7,\"minValues\":{\"a\":%s},\"maxValues\":{\"a\": %s},"
             "\"nullCount\":{\"a\":2},\"tightBounds\":false}",
             bounds[i].json_min, bounds[i].json_max);
    wi_meta *meta = meta_of(field, "", "");
    WT_OK(read_one(meta, "f", stats, "{}", NULL, &files, &err));
    see(files, &s);
    bool min_same = strcmp(cell(&s, "min", "a", 0), bounds[i].min) == 0 ||
                    (strcmp(bounds[i].min, "null") == 0 &&
                     strcmp(cell(&s, "min", "a", 0), "none") == 0);
    bool max_same = strcmp(cell(&s, "max", "a", 0), bounds[i].max) == 0 ||
                    (strcmp(bounds[i].max, "null") == 0 &&
                     strcmp(cell(&s, "max", "a", 0), "none") == 0);
    if (!min_same || !max_same) {
      wt_fail(__FILE__, __LINE__, "%s %s: min %s", bounds[i].type, bounds[i].json_min,
              cell(&s, "min", "a", 0));
      wt_fail(__FILE__, __LINE__, "%s %s: max %s", bounds[i].type, bounds[i].json_max,
              cell(&s, "max", "a", 0));
    }
    WT_EQ_STR(cell(&s, "rows", NULL, 0), "7");
    WT_EQ_STR(cell(&s, "nulls", "a", 0), "2");
    seen_free(&s);
    wi_meta_unref(&meta);
    weir_error_release(&err);
  }
}

static const char *const malformed[] = {
    "",
    "{",
    "{}x",
    "[1]",
    "null",
    "{\"minValues\":{\"a\":1}",
    "{\"minValues\":{\"a\"}}",
    "{\"numRecords\":7,\"minValues\":{\"a\":1,\"a\":2}}",
    "{\"minValues\":{\"a\":1},\"minValues\":{\"a\":2}}",
    "{\"minValues\":null}",
    "{\"minValues\":[{\"a\":1}]}",
    "{\"minValues\":{\"b\":{\"a\":1}}}",
    "{\"x\":{\"minValues\":{\"a\":1}}}",
    "{\"minValues\":{\"a\":{\"a\":1}}}",
    "{\"minValues\":{\"A\":1}}",
    "{\"minValues\":{\"a\":1}} {}"};

WT_TEST(what_is_malformed_or_doubled_is_no_bound) {
  wi_meta *meta = meta_of(FIELD("a", "long") "," FIELD("b", "long"), "", "");
  for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_files *files = NULL;
    seen s;
    WT_OK(read_one(meta, "f", malformed[i], "{}", NULL, &files, &err));
    see(files, &s);
    const char *text = cell(&s, "min", "a", 0);
    if (strcmp(text, "none") != 0 && strcmp(text, "null") != 0) {
      wt_fail(__FILE__, __LINE__, "%s gave %s", malformed[i], text);
    }
    seen_free(&s);
  }
  wi_meta_unref(&meta);
}

WT_TEST(keys_may_be_escaped_and_in_any_order) {
  wi_meta *meta =
      meta_of(FIELD("a", "long") "," FIELD("\xc3\xa9\\\"", "long") "," FIELD("c", "long"),
              "", "");
  weir_error err = WEIR_ERROR_INIT;
  wi_files *files = NULL;
  seen s;
  WT_OK(read_one(meta, "f",
                 " { \"nullCount\" : {} , \"minValues\" : { \"c\" : 3 , \"z\":[1,{}] , "
                 "\"\\u00e9\\\"\" : 2 , \"a\" : 1 } , \"numRecords\" : 0 } ",
                 "{}", NULL, &files, &err));
  see(files, &s);
  WT_EQ_STR(cell(&s, "min", "a", 0), "1");
  WT_EQ_STR(cell(&s, "min", "\xc3\xa9\"", 0), "2");
  WT_EQ_STR(cell(&s, "min", "c", 0), "3");
  WT_EQ_STR(cell(&s, "max", NULL, 0), "none");
  WT_EQ_STR(cell(&s, "rows", NULL, 0), "0");
  seen_free(&s);
  wi_meta_unref(&meta);
}

/* ---- partitions ---- */

WT_TEST(partition_values_are_values) {
  wi_meta *meta = meta_of(FIELD("p", "decimal(5,2)") "," FIELD("q", "string") "," FIELD(
                              "r", "timestamp") "," FIELD("s", "date"),
                          "\"p\",\"q\",\"r\",\"s\"", "");
  weir_error err = WEIR_ERROR_INIT;
  wi_files *files = NULL;
  seen s;
  WT_OK(read_one(meta, "f", NULL,
                 "{\"p\":\"1.5\",\"q\":\"\",\"r\":\"1970-01-01 00:00:00.000001\"}", NULL,
                 &files, &err));
  see(files, &s);
  WT_EQ_STR(cell(&s, "partition", "p", 0), "150");
  WT_EQ_STR(cell(&s, "partition", "q", 0), "null"); /* as the protocol says */
  WT_EQ_STR(cell(&s, "partition", "r", 0), "1");
  WT_EQ_STR(cell(&s, "partition", "s", 0), "null");
  seen_free(&s);
  WT_EQ_INT(read_one(meta, "f", NULL, "{\"s\":\"yesterday\"}", NULL, &files, &err),
            WEIR_E_LOG_CORRUPT);
  WT_CHECK(strstr(err.message, "yesterday") != NULL);
  wi_meta_unref(&meta);
  weir_error_release(&err);
}

/* ---- vectors ---- */

static const struct {
  const char *dv;
  weir_status status;
  const char *path; /* NULL: inline */
} vectors[] = {
    {"{\"storageType\":\"u\",\"pathOrInlineDv\":\"vBn[lx{q8@P<9BNH/isA\",\"offset\":1,"
     "\"sizeInBytes\":36,\"cardinality\":2}",
     WEIR_OK, "deletion_vector_61d16c75-6994-46b7-a15b-8b538852e50e.bin"},
    {"{\"storageType\":\"u\",\"pathOrInlineDv\":\"ab^-aqEH.-t@S}K{vb[*k^\","
     "\"sizeInBytes\":36,\"cardinality\":2}",
     WEIR_OK, "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"},
    {"{\"storageType\":\"u\",\"pathOrInlineDv\":\"..^-aqEH.-t@S}K{vb[*k^\","
     "\"sizeInBytes\":36,\"cardinality\":2}",
     WEIR_E_FEATURE_UNSUPPORTED, NULL},
    {"{\"storageType\":\"u\",\"pathOrInlineDv\":\"file:///x^-aqEH.-t@S}K{vb[*k^\","
     "\"sizeInBytes\":36,\"cardinality\":2}",
     WEIR_E_FEATURE_UNSUPPORTED, NULL},
    {"{\"storageType\":\"u\",\"pathOrInlineDv\":\"short\",\"sizeInBytes\":36,"
     "\"cardinality\":2}",
     WEIR_E_LOG_CORRUPT, NULL},
    {"{\"storageType\":\"p\",\"pathOrInlineDv\":\"file:///etc/passwd\","
     "\"sizeInBytes\":36,\"cardinality\":2}",
     WEIR_E_FEATURE_UNSUPPORTED, NULL},
    {"{\"storageType\":\"p\",\"pathOrInlineDv\":\"file:///lake/a%20b/d.bin\","
     "\"offset\":1,\"sizeInBytes\":36,\"cardinality\":2}",
     WEIR_OK, "d.bin"},
    {"{\"storageType\":\"p\",\"pathOrInlineDv\":\"d.bin\",\"sizeInBytes\":36,"
     "\"cardinality\":2}",
     WEIR_E_LOG_CORRUPT, NULL},
    {"{\"storageType\":\"i\",\"pathOrInlineDv\":\"wi5b=000010000siXQKl0rr91000f55c8\","
     "\"sizeInBytes\":40,\"cardinality\":2}",
     WEIR_OK, NULL},
    {"{\"storageType\":\"i\",\"pathOrInlineDv\":\"x\",\"offset\":1,\"sizeInBytes\":40,"
     "\"cardinality\":2}",
     WEIR_E_LOG_CORRUPT, NULL},
    {"{\"storageType\":\"z\",\"pathOrInlineDv\":\"x\",\"sizeInBytes\":40,"
     "\"cardinality\":2}",
     WEIR_E_LOG_CORRUPT, NULL},
    {"{\"storageType\":\"u\",\"pathOrInlineDv\":\"vBn[lx{q8@P<9BNH/isA\","
     "\"cardinality\":2}",
     WEIR_E_LOG_CORRUPT, NULL}};

WT_TEST(vectors_are_below_the_table_or_refused) {
  wi_meta *meta = meta_of(FIELD("a", "long"), "", "");
  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_files *files = NULL;
    seen s;
    weir_status status = read_one(meta, "f", NULL, "{}", vectors[i].dv, &files, &err);
    if (status != vectors[i].status) {
      wt_fail(__FILE__, __LINE__, "%s gave %d: %s", vectors[i].dv, (int)status,
              err.message);
    }
    if (status == WEIR_OK) {
      see(files, &s);
      const char *path = vectors[i].path == NULL ? "null" : vectors[i].path;
      WT_EQ_STR(cell(&s, "dv_path", NULL, 0), path);
      WT_EQ_STR(cell(&s, "dv_rows", NULL, 0), "2");
      seen_free(&s);
    }
    weir_error_release(&err);
  }
  wi_meta_unref(&meta);
}

WT_TEST(files_with_vectors_come_first) {
  const char *plain = protocol;
  protocol =
      "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["
      "\"deletionVectors\"],\"writerFeatures\":[\"deletionVectors\"]}";
  wi_meta *meta = meta_of(FIELD("a", "long"), "", "");
  protocol = plain;
  const char *dv = vectors[0].dv;
  const char *cells[] = {"a", "1", "0", NULL, "{}", NULL, "b", "1", "0", NULL, "{}", dv,
                         "c", "1", "0", NULL, "{}", NULL, "d", "1", "0", NULL, "{}", dv};
  weir_error err = WEIR_ERROR_INIT;
  wi_files *files = NULL;
  seen s;
  wi_cursor *rows = rows_cursor("tllttt", cells, 4);
  WT_OK(wi_files_read(meta, ROOT, rows, &files, &err));
  see(files, &s);
  WT_EQ_STR(cell(&s, "path", NULL, 0), "b");
  WT_EQ_STR(cell(&s, "path", NULL, 1), "d");
  WT_EQ_STR(cell(&s, "path", NULL, 2), "a");
  WT_EQ_STR(cell(&s, "path", NULL, 3), "c");
  WT_EQ_STR(cell(&s, "dv_rows", NULL, 3), "null");
  seen_free(&s);
  wi_cursor_free(&rows);
  wi_meta_unref(&meta);
}
