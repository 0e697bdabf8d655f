/* Values, sizes, URIs and names from text. */
#include <stdlib.h>
#include <unistd.h>

#include "common/project.h"
#include "common/test.h"
#include "spec/spec.h"
#include "spec/yaml.h"

typedef struct one_value {
  wi_type type;
  const char *text;
  bool ok;
  int64_t i64;
} one_value;

WT_TEST(values) {
  static const one_value cases[] = {
      {WI_TYPE_INT64, "0", true, 0},
      {WI_TYPE_INT64, "-9223372036854775808", true, INT64_MIN},
      {WI_TYPE_INT64, "9223372036854775807", true, INT64_MAX},
      {WI_TYPE_INT64, "9223372036854775808", false, 0},
      {WI_TYPE_INT64, "", false, 0},
      {WI_TYPE_INT64, "-", false, 0},
      {WI_TYPE_INT64, "1.0", false, 0},
      {WI_TYPE_INT64, "0x10", false, 0},
      {WI_TYPE_INT64, " 1", false, 0},
      {WI_TYPE_INT64, "1_000", false, 0},
      {WI_TYPE_FLOAT64, "1e-3", true, 0},
      {WI_TYPE_FLOAT64, ".5", true, 0},
      {WI_TYPE_FLOAT64, "1e999", false, 0},
      {WI_TYPE_FLOAT64, "nan", false, 0},
      {WI_TYPE_FLOAT64, "0x1p3", false, 0},
      {WI_TYPE_FLOAT64, "1e", false, 0},
      {WI_TYPE_FLOAT64, "1,5", false, 0},
      {WI_TYPE_BOOLEAN, "true", true, 0},
      {WI_TYPE_BOOLEAN, "True", false, 0},
      {WI_TYPE_BOOLEAN, "1", false, 0},
      {WI_TYPE_DATE, "1970-01-02", true, 1},
      {WI_TYPE_DATE, "2024-02-29", true, 19782},
      {WI_TYPE_DATE, "2023-02-29", false, 0},
      {WI_TYPE_DATE, "2023-2-9", false, 0},
      {WI_TYPE_TIMESTAMP, "1970-01-01T00:00:00.000001Z", true, 1},
      {WI_TYPE_TIMESTAMP, "1970-01-01T01:00:00+01:00", true, 0},
      {WI_TYPE_TIMESTAMP, "1970-01-01T00:00:00", false, 0},
      {WI_TYPE_STRING, "", true, 0},
      {WI_TYPE_STRING, "\xFF", false, 0}};
  wi_arena arena = WI_ARENA_INIT;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    wi_value v;
    weir_error err = WEIR_ERROR_INIT;
    weir_status status = wi_value_parse(&arena, cases[i].type, cases[i].text, &v, &err);
    if ((status == WEIR_OK) != cases[i].ok) {
      printf("  '%s' as %s: %d\n", cases[i].text, wi_type_name(cases[i].type), status);
    }
    WT_EQ_INT(status, cases[i].ok ? WEIR_OK : WEIR_E_PARAM_TYPE);
    WT_EQ_INT(v.i64, cases[i].i64);
    WT_EQ_INT(v.is_null, !cases[i].ok);
    WT_CHECK(cases[i].ok || err.hint[0] != '\0');
    weir_error_release(&err);
  }
  wi_arena_release(&arena);
}

WT_TEST(sizes) {
  static const struct {
    const char *text;
    int64_t bytes; /* 0: refused */
  } cases[] = {{"1", 1},
               {"2GB", 2000000000},
               {"512MiB", INT64_C(512) << 20},
               {"1.5GB", 1500000000},
               {"0.5kib", 512},
               {"10 mb", 10000000},
               {"7b", 7},
               {"1.25", 0},
               {"0", 0},
               {"-1", 0},
               {"", 0},
               {"GB", 0},
               {"1e9", 0},
               {"2GiBs", 0},
               {".5GB", 0},
               {"1.GB", 0},
               {"9223372036854775807", INT64_MAX},
               {"9223372036854775808", 0},
               {"9999999999TB", 0},
               {"0.0000001GB", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int64_t bytes = 0;
    bool ok = wi_size_parse(cases[i].text, &bytes);
    if (ok != (cases[i].bytes != 0)) {
      printf("  '%s'\n", cases[i].text);
    }
    WT_EQ_INT(ok, cases[i].bytes != 0);
    WT_EQ_INT(ok ? bytes : 0, cases[i].bytes);
  }
}

WT_TEST(uris) {
  static const struct {
    const char *text;
    const char *uri; /* NULL: refused; @ stands for the folder */
  } cases[] = {
      {"t", "file://@/t"},
      {"./a//b/../c/", "file://@/a/c"},
      {"a b%#?\xC3\xA4", "file://@/a%20b%25%23%3F%C3%A4"},
      {"link/x", "file://@/real/x"},
      {"/", "file:///"},
      {"/nowhere/x", "file:///nowhere/x"},
      {"FILE:///nowhere/a%20b/", "file:///nowhere/a%20b"},
      {"file://localhost/nowhere/x", "file:///nowhere/x"},
      {"file://host/x", NULL},
      {"file:///a%zz", NULL},
      {"file:///a%00", NULL},
      {"a\nb", NULL},
      {"a\x7F", NULL},
      {"by\xFFte", NULL},
      {"S3://Bucket//a/./b/", "s3://Bucket/a/b"},
      {"s3://b", "s3://b"},
      {"s3://b/", "s3://b"},
      {"s3://b/a b/%41\xC3\xA4", "s3://b/a%20b/%41%C3%A4"},
      {"s3://b/100%", "s3://b/100%25"},
      {"gs://b/x", "gs://b/x"},
      {"az://c/x", "az://c/x"},
      {"abfss://c@acc.dfs.core.windows.net/x", "abfss://c@acc.dfs.core.windows.net/x"},
      {"abfss://c:pw@acc/x", NULL},
      {"s3://k:hush@b/x", NULL},
      {"s3:///x", NULL},
      {"s3://b/../x", NULL},
      {"s3://b/x?versionId=1", NULL},
      {"s3a://b/x", NULL},
      {"https://h/x", NULL},
      {"", NULL}};
  const wt_file files[] = {{"real/keep", ""}};
  wt_project project;
  wi_arena arena = WI_ARENA_INIT;
  char from[256], to[256];
  WT_CHECK(wt_project_make(&project, WT_FILES(files)));
  snprintf(from, sizeof from, "%s/real", project.root);
  snprintf(to, sizeof to, "%s/link", project.root);
  WT_EQ_INT(symlink(from, to), 0);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *uri = NULL;
    weir_error err = WEIR_ERROR_INIT;
    char want[512] = "";
    bool local = cases[i].uri != NULL && strncmp(cases[i].uri, "file://@/", 9) == 0;
    snprintf(want, sizeof want, "%s%s%s", local ? "file://" : "",
             local ? project.root : "",
             cases[i].uri == NULL ? "" : cases[i].uri + (local ? 8 : 0));
    weir_status status = wi_spec_uri(&arena, project.root, cases[i].text, &uri, &err);
    WT_EQ_INT(status, cases[i].uri == NULL ? WEIR_E_BAD_VALUE : WEIR_OK);
    WT_EQ_STR(uri == NULL ? "" : uri, want);
    WT_CHECK(strstr(err.message, "hush") == NULL);
    weir_error_release(&err);
    if (uri != NULL) { /* canonical means that it stays */
      const char *again = NULL;
      WT_OK(wi_spec_uri(&arena, "/", uri, &again, &err));
      WT_EQ_STR(again, uri);
    }
  }
  wi_arena_release(&arena);
  wt_project_remove(&project);
}

WT_TEST(names) {
  weir_error err = WEIR_ERROR_INIT;
  WT_OK(wi_spec_name_check("view", "a_1", &err));
  static const char *const bad[] = {
      "", "A", "1a", "a-b", "weir", "main", "information_schema"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    WT_EQ_INT(wi_spec_name_check("view", bad[i], &err), WEIR_E_BAD_NAME);
    weir_error_release(&err);
  }
}

WT_TEST(yaml_marks_count_characters) {
  const char *text = "\xC3\xA4: {b: [1, \"\xE2\x82\xAC\", c]}\nnull: ~\n";
  wi_yaml_input input = {"f", text, strlen(text), 10, 5};
  wi_arena arena = WI_ARENA_INIT;
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  wi_yaml *root;
  WT_OK(wi_yaml_parse(&input, &arena, &root, &diags, &err));
  const wi_yaml *list = wi_yaml_get(wi_yaml_get(root, "\xC3\xA4"), "b");
  WT_EQ_INT(list->n, 3);
  WT_EQ_INT(list->items[2]->line, 10);
  WT_EQ_INT(list->items[2]->column, 5 + 16);
  WT_CHECK(list->items[0]->plain && !list->items[1]->plain);
  WT_CHECK(wi_yaml_is_null(wi_yaml_get(root, "null")));
  WT_EQ_INT(wi_yaml_key(root, "null")->line, 11);
  WT_EQ_INT(wi_yaml_key(root, "null")->column, 1);
  WT_CHECK(wi_yaml_get(root, "x") == NULL && wi_yaml_get(list, "x") == NULL);
  WT_EQ_INT(diags.n, 0);
  wi_arena_release(&arena);
}

WT_TEST(yaml_depth_is_bounded) {
  char text[4000];
  memset(text, '[', sizeof text);
  wi_yaml_input input = {"f", text, sizeof text, 1, 1};
  wi_arena arena = WI_ARENA_INIT;
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  wi_yaml *root;
  WT_EQ_INT(wi_yaml_parse(&input, &arena, &root, &diags, &err), WEIR_E_YAML);
  WT_EQ_INT(diags.n, 1);
  WT_EQ_INT(diags.items[0].error.column, 33);
  weir_error_release(&err);
  wi_diags_release(&diags);
  wi_arena_release(&arena);
}
