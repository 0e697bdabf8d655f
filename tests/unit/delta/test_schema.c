/* Delta's schemas to Arrow and back. */
#include "nanoarrow/nanoarrow.h"
#include "unit/delta/crafted.h"

#define FIELD(name, type) \
  "{\"name\":\"" name "\",\"type\":" type ",\"nullable\":true,\"metadata\":{}}"
#define STRUCT(fields) "{\"type\":\"struct\",\"fields\":[" fields "]}"

WT_TEST(all_types_go_there_and_back) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema arrow;
  wi_buf back = WI_BUF_INIT;
  const char *schema = STRUCT(
      FIELD("s", "\"string\"") "," FIELD("l", "\"long\"") "," FIELD("i", "\"integer\"") ","
      FIELD("h", "\"short\"") "," FIELD("b", "\"byte\"") "," FIELD("f", "\"float\"") ","
      FIELD("d", "\"double\"") "," FIELD("t", "\"boolean\"") "," FIELD("x", "\"binary\"") ","
      FIELD("e", "\"date\"") "," FIELD("ts", "\"timestamp\"") ","
      FIELD("tn", "\"timestamp_ntz\"") "," FIELD("c", "\"decimal(10,2)\"") ","
      FIELD("c2", "\"decimal(38,38)\"") ","
      "{\"name\":\"nn\",\"type\":\"long\",\"nullable\":false,\"metadata\":{}},"
      FIELD("st", STRUCT(FIELD("a", "\"string\"") "," FIELD("z", STRUCT("")))) ","
      FIELD("ar", "{\"type\":\"array\",\"elementType\":\"string\",\"containsNull\":false}") ","
      FIELD("m", "{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":" STRUCT(
                     FIELD("v", "\"date\"")) ",\"valueContainsNull\":true}") ","
      FIELD("", "\"long\"") "," FIELD("a.b \\u00e4\\\"", "\"long\""));
  WT_OK(wi_delta_schema_arrow(schema, &arrow, &err));
  static const char *const formats[] = {
      "vu",      "l",    "i",      "s",       "c", "f",  "g",  "b",  "vz", "tdD",
      "tsu:UTC", "tsu:", "d:10,2", "d:38,38", "l", "+s", "+l", "+m", "l",  "l"};
  WT_EQ_INT(arrow.n_children, 20);
  for (int i = 0; i < 20; i++) {
    WT_EQ_STR(arrow.children[i]->format, formats[i]);
  }
  WT_EQ_STR(arrow.format, "+s");
  WT_EQ_INT(arrow.children[14]->flags & ARROW_FLAG_NULLABLE, 0);
  WT_CHECK((arrow.children[13]->flags & ARROW_FLAG_NULLABLE) != 0);
  WT_EQ_STR(arrow.children[16]->children[0]->name, "element");
  WT_EQ_INT(arrow.children[16]->children[0]->flags, 0);
  const struct ArrowSchema *entries = arrow.children[17]->children[0];
  WT_EQ_STR(entries->name, "key_value");
  WT_EQ_INT(entries->flags & ARROW_FLAG_NULLABLE, 0);
  WT_EQ_STR(entries->children[0]->name, "key");
  WT_EQ_INT(entries->children[0]->flags & ARROW_FLAG_NULLABLE, 0);
  struct ArrowSchemaView view;
  for (int i = 0; i < 20; i++) {
    WT_CHECK(ArrowSchemaViewInit(&view, arrow.children[i], NULL) == NANOARROW_OK);
  }
  WT_OK(wi_delta_schema_json(&arrow, &back, &err));
  json_t *a = json_loads(schema, 0, NULL), *b = json_loads(back.p, 0, NULL);
  WT_CHECK(a != NULL && json_equal(a, b));
  json_decref(a);
  json_decref(b);
  arrow.release(&arrow);
  wi_buf_release(&back);
}

WT_TEST(other_spellings_of_decimals) {
  static const char *const names[][2] = {{"decimal(10, 2)", "d:10,2"},
                                         {"decimal( 5 , 5 )", "d:5,5"},
                                         {"decimal(7)", "d:7,0"},
                                         {"decimal", "d:10,0"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    struct ArrowSchema arrow;
    char schema[256];
    snprintf(schema, sizeof schema,
             STRUCT("{\"name\":\"d\",\"type\":\"%s\",\"nullable\":true,\"metadata\":{}}"),
             names[i][0]);
    WT_OK(wi_delta_schema_arrow(schema, &arrow, &err));
    WT_EQ_STR(arrow.children[0]->format, names[i][1]);
    arrow.release(&arrow);
  }
}

WT_TEST(types_nobody_reads_are_refused_by_column) {
  static const char *const types[] = {
      "\"variant\"",       "\"void\"",          "\"interval\"",
      "\"geometry\"",      "\"decimal(39,0)\"", "\"decimal(5,6)\"",
      "\"decimal(x)\"",    "\"decimal(5,2)x\"", "\"\"",
      "{\"type\":\"udt\"}"};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    struct ArrowSchema arrow;
    char schema[512];
    snprintf(schema, sizeof schema,
             STRUCT("{\"name\":\"outer\",\"type\":{\"type\":\"array\","
                    "\"elementType\":" STRUCT(
                        "{\"name\":\"inner\",\"type\":%s,\"nullable\":true,\"metadata\":{"
                        "}}") ",\"containsNull\":true},\"nullable\":true,\"metadata\":{}"
                              "}"),
             types[i]);
    WT_EQ_INT(wi_delta_schema_arrow(schema, &arrow, &err), WEIR_E_FEATURE_UNSUPPORTED);
    WT_CHECK(strstr(err.message, "'outer.element.inner'") != NULL);
    WT_CHECK(arrow.release == NULL);
    weir_error_release(&err);
  }
}

WT_TEST(damaged_schemas_are_corrupt) {
  static const char *const bad[] = {
      "",
      "{",
      "[]",
      "\"long\"",
      "{\"type\":\"struct\"}",
      "{\"type\":\"array\"}",
      STRUCT("{\"type\":\"long\"}"),
      STRUCT("{\"name\":\"a\"}"),
      STRUCT(FIELD("a", "\"long\"") "," FIELD("a", "\"long\"")),
      STRUCT(FIELD("a", "\"long\"") "," FIELD("A", "\"string\"")),
      STRUCT(FIELD("s", STRUCT(FIELD("x", "\"long\"") "," FIELD("X", "\"long\"")))),
      STRUCT(FIELD("s", "{\"type\":\"struct\"}")),
      STRUCT(FIELD("s", "{\"type\":\"array\"}"))};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    struct ArrowSchema arrow;
    WT_EQ_INT(wi_delta_schema_arrow(bad[i], &arrow, &err), WEIR_E_LOG_CORRUPT);
    WT_CHECK(arrow.release == NULL && err.hint[0] != '\0');
    weir_error_release(&err);
  }
}

WT_TEST(nesting_has_a_limit) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema arrow;
  wi_buf schema = WI_BUF_INIT;
  wi_buf_str(&schema, "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":");
  for (int i = 0; i < 500; i++) {
    wi_buf_str(&schema, "{\"type\":\"array\",\"elementType\":");
  }
  wi_buf_str(&schema, "\"long\"");
  for (int i = 0; i < 500; i++) {
    wi_buf_chr(&schema, '}');
  }
  wi_buf_str(&schema, "}]}");
  WT_EQ_INT(wi_delta_schema_arrow(schema.p, &arrow, &err), WEIR_E_TOO_LARGE);
  weir_error_release(&err);
  wi_buf_release(&schema);
}

WT_TEST(arrow_types_without_a_delta_form_are_a_bug) {
  static const char *const formats[] = {"n",   "C",          "I",       "L",      "e",
                                        "tdm", "tss:",       "tsn:UTC", "tts",    "tDs",
                                        "tiM", "d:10,2,256", "w:4",     "d:10,-2"};
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    struct ArrowSchema arrow;
    wi_buf out = WI_BUF_INIT;
    ArrowSchemaInit(&arrow);
    WT_CHECK(ArrowSchemaSetTypeStruct(&arrow, 1) == NANOARROW_OK);
    WT_CHECK(ArrowSchemaSetFormat(arrow.children[0], formats[i]) == NANOARROW_OK);
    WT_CHECK(ArrowSchemaSetName(arrow.children[0], "odd") == NANOARROW_OK);
    WT_EQ_INT(wi_delta_schema_json(&arrow, &out, &err), WEIR_E_BUG);
    WT_CHECK(strstr(err.message, "'odd'") != NULL);
    WT_EQ_INT(out.n, 0);
    weir_error_release(&err);
    wi_buf_release(&out);
    arrow.release(&arrow);
  }
}

static bool within(const char *schema, const char *name) {
  json_t *tree = NULL;
  bool found = wi_delta_schema_load(schema, &tree, NULL) == WEIR_OK &&
               wi_delta_type_within(tree, name);
  json_decref(tree);
  return found;
}

WT_TEST(a_type_is_found_at_any_depth) {
  const char *deep = STRUCT(
      FIELD("a",
            "{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":{\"type\":\"array\","
            "\"elementType\":" STRUCT(FIELD("x", "\"timestamp_ntz\"")) "}}"));
  WT_CHECK(within(deep, "timestamp_ntz"));
  WT_CHECK(!within(deep, "timestamp"));
  WT_CHECK(!within(STRUCT(FIELD("timestamp_ntz", "\"long\"")), "timestamp_ntz"));
}
