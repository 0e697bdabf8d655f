/* The type map: every plan type to a table's type, or to the cast that helps. */
#include "unit/plan/kit.h"

typedef struct type_case {
  const char *from, *to; /* Arrow formats; `to` NULL: refused */
  const char *cast;      /* of a refusal */
} type_case;

static const type_case cases[] = {
    {"b", "b", NULL},
    {"c", "c", NULL},
    {"s", "s", NULL},
    {"i", "i", NULL},
    {"l", "l", NULL},
    {"C", "s", NULL},
    {"S", "i", NULL},
    {"I", "l", NULL},
    {"L", "l", NULL},
    {"e", "f", NULL},
    {"f", "f", NULL},
    {"g", "g", NULL},
    {"u", "vu", NULL},
    {"U", "vu", NULL},
    {"vu", "vu", NULL},
    {"z", "vz", NULL},
    {"Z", "vz", NULL},
    {"vz", "vz", NULL},
    {"w:16", "vz", NULL},
    {"tdD", "tdD", NULL},
    {"tdm", "tdD", NULL},
    {"tss:", "tsu:", NULL},
    {"tsm:", "tsu:", NULL},
    {"tsu:", "tsu:", NULL},
    {"tsn:", "tsu:", NULL},
    {"tss:UTC", "tsu:UTC", NULL},
    {"tsn:Europe/Berlin", "tsu:UTC", NULL},
    {"tsu:+05:30", "tsu:UTC", NULL},
    {"d:10;2", "d:10,2", NULL},
    {"d:9;3;32", "d:9,3", NULL},
    {"d:38;0;256", "d:38,0", NULL},
    {"d:39;0;256", NULL, "DECIMAL(38, 10)"},
    {"d:10;-2", NULL, "DECIMAL(38, 10)"},
    {"d:5;6", NULL, "DECIMAL(38, 10)"},
    {"n", NULL, "STRING"},
    {"tts", NULL, "STRING"},
    {"ttm", NULL, "STRING"},
    {"ttu", NULL, "STRING"},
    {"ttn", NULL, "STRING"},
    {"tDs", NULL, "BIGINT"},
    {"tDn", NULL, "BIGINT"},
    {"tiM", NULL, "STRING"},
    {"tin", NULL, "STRING"},
    {"+r", NULL, "STRING"},
};

/* kit_schema splits at commas; decimals stand here with semicolons. */
static void set_format(struct ArrowSchema *field, const char *text) {
  char format[64];
  snprintf(format, sizeof format, "%s", text);
  for (char *p = format; *p != '\0'; p++) {
    *p = *p == ';' ? ',' : *p;
  }
  kit_must(ArrowSchemaSetFormat(field, format) == NANOARROW_OK, text);
}

static void check_type(const type_case *c) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema plan = kit_schema("col x"), out;
  char want[96];
  set_format(plan.children[0], c->from);
  weir_status status = wi_typemap(&plan, NULL, 0, &out, &err);
  snprintf(want, sizeof want, "CAST(... AS %s) AS col", c->cast != NULL ? c->cast : "");
  if (c->to == NULL) {
    if (status != WEIR_E_OUTPUT_TYPE || strstr(err.hint, want) == NULL ||
        strstr(err.message, "'col'") == NULL || out.release != NULL) {
      wt_fail(__FILE__, __LINE__, "%s: %d, %s, %s", c->from, (int)status, err.message,
              err.hint);
    }
  } else if (status != WEIR_OK || strcmp(out.children[0]->format, c->to) != 0 ||
             out.children[0]->flags != ARROW_FLAG_NULLABLE) {
    wt_fail(__FILE__, __LINE__, "%s: %d, %s, not %s (%s)", c->from, (int)status,
            status == WEIR_OK ? out.children[0]->format : "-", c->to, err.message);
  }
  kit_schema_free(&out);
  kit_schema_free(&plan);
  weir_error_release(&err);
}

WT_TEST(every_type_is_mapped_or_refused_with_the_cast) {
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    check_type(&cases[i]);
  }
}

static bool tested(const char *format) {
  size_t n = strlen(format);
  bool prefix = n > 1 && format[n - 1] == '*';
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (prefix ? strncmp(cases[i].from, format, n - 1) == 0
               : strcmp(cases[i].from, format) == 0) {
      return true;
    }
  }
  return format[0] == '+'; /* nested ones have tests of their own */
}

/* A row added to the table without a case here would go untested. */
WT_TEST(the_list_of_cases_is_complete) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf text = WI_BUF_INIT;
  size_t rows = 0;
  WT_OK(wi_file_read(WT_ROOT "/src/plan/typemap.c", 0, &text, &err));
  for (const char *p = wi_buf_text(&text); (p = strstr(p, "\", MAP_")) != NULL; p++) {
    const char *start = p;
    while (start[-1] != '"') {
      start--;
    }
    char *format = wi_strndup(start, (size_t)(p - start));
    if (!tested(format)) {
      wt_fail(__FILE__, __LINE__, "no case for the type %s", format);
    }
    wi_free(format);
    rows++;
  }
  wi_buf_release(&text);
  WT_CHECK(rows > 30);
}

static bool equal(const struct ArrowSchema *a, const struct ArrowSchema *b, bool root) {
  bool same = strcmp(a->format, b->format) == 0 && a->n_children == b->n_children &&
              (root || (strcmp(a->name, b->name) == 0 && a->flags == b->flags));
  for (int64_t i = 0; same && i < a->n_children; i++) {
    same = equal(a->children[i], b->children[i], false);
  }
  return same;
}

/* list<struct<k map<string, uint8>, l large_list<null or time>>>, all made by hand. */
static void make_nested(struct ArrowSchema *out, const char *leaf) {
  bool fine = true;
  ArrowSchemaInit(out);
  fine = fine && ArrowSchemaSetTypeStruct(out, 2) == NANOARROW_OK;
  struct ArrowSchema *id = out->children[0], *list = out->children[1];
  fine = fine && ArrowSchemaSetType(id, NANOARROW_TYPE_UINT32) == NANOARROW_OK;
  fine = fine && ArrowSchemaSetName(id, "id") == NANOARROW_OK;
  fine = fine && ArrowSchemaSetType(list, NANOARROW_TYPE_LIST) == NANOARROW_OK;
  fine = fine && ArrowSchemaSetName(list, "all") == NANOARROW_OK;
  struct ArrowSchema *item = list->children[0];
  fine = fine && ArrowSchemaSetTypeStruct(item, 2) == NANOARROW_OK;
  fine = fine && ArrowSchemaSetName(item, "item") == NANOARROW_OK;
  struct ArrowSchema *map = item->children[0], *inner = item->children[1];
  fine = fine && ArrowSchemaSetType(map, NANOARROW_TYPE_MAP) == NANOARROW_OK;
  fine = fine && ArrowSchemaSetName(map, "k") == NANOARROW_OK;
  fine = fine && ArrowSchemaSetType(map->children[0]->children[0],
                                    NANOARROW_TYPE_STRING) == NANOARROW_OK;
  fine = fine && ArrowSchemaSetType(map->children[0]->children[1],
                                    NANOARROW_TYPE_UINT8) == NANOARROW_OK;
  fine = fine && ArrowSchemaSetType(inner, NANOARROW_TYPE_LARGE_LIST) == NANOARROW_OK;
  fine = fine && ArrowSchemaSetName(inner, "l") == NANOARROW_OK;
  fine = fine && ArrowSchemaSetFormat(inner->children[0], leaf) == NANOARROW_OK;
  kit_must(fine, "nested schema");
}

WT_TEST(nested_types_are_mapped_all_the_way_down) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema plan, out;
  make_nested(&plan, "tsm:UTC");
  WT_OK(wi_typemap(&plan, NULL, 0, &out, &err));
  kit_schema_free(&plan);
  WT_EQ_STR(out.children[1]->format, "+l");
  const struct ArrowSchema *item = out.children[1]->children[0];
  WT_EQ_STR(item->format, "+s");
  WT_EQ_STR(item->children[0]->format, "+m");
  WT_EQ_STR(item->children[1]->format, "+l");
  WT_EQ_STR(item->children[1]->children[0]->format, "tsu:UTC");
  const struct ArrowSchema *entries = item->children[0]->children[0];
  WT_EQ_STR(entries->children[0]->format, "u");
  WT_EQ_STR(entries->children[1]->format, "s");
  WT_CHECK((entries->flags & ARROW_FLAG_NULLABLE) == 0);
  WT_CHECK((entries->children[0]->flags & ARROW_FLAG_NULLABLE) == 0);
  WT_CHECK((entries->children[1]->flags & ARROW_FLAG_NULLABLE) != 0);
  kit_schema_free(&out);
}

WT_TEST(a_refusal_inside_a_nested_type_names_the_path) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema plan, out;
  make_nested(&plan, "ttu");
  WT_EQ_INT(wi_typemap(&plan, NULL, 0, &out, &err), WEIR_E_OUTPUT_TYPE);
  WT_CHECK(strstr(err.message, "'all.item.l.item'") != NULL);
  WT_CHECK(out.release == NULL);
  kit_schema_free(&plan);
  weir_error_release(&err);
}

/* Nothing would check the digits that get lost inside a list. */
WT_TEST(nanoseconds_inside_a_nested_type_are_refused) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema plan, out;
  make_nested(&plan, "tsn:");
  WT_EQ_INT(wi_typemap(&plan, NULL, 0, &out, &err), WEIR_E_OUTPUT_TYPE);
  WT_CHECK(strstr(err.hint, "TIMESTAMP(6)") != NULL);
  kit_schema_free(&plan);
  weir_error_release(&err);
}

WT_TEST(a_dictionary_is_its_values) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema plan = kit_schema("col i"), out;
  WT_CHECK(ArrowSchemaAllocateDictionary(plan.children[0]) == NANOARROW_OK);
  ArrowSchemaInit(plan.children[0]->dictionary);
  WT_CHECK(ArrowSchemaSetFormat(plan.children[0]->dictionary, "U") == NANOARROW_OK);
  WT_OK(wi_typemap(&plan, NULL, 0, &out, &err));
  WT_EQ_STR(out.children[0]->format, "vu");
  WT_CHECK(out.children[0]->dictionary == NULL);
  kit_schema_free(&out);
  kit_schema_free(&plan);
}

WT_TEST(consumers_see_the_schema_of_the_written_table) {
  weir_error err = WEIR_ERROR_INIT;
  static const char *const not_null[] = {"id"};
  struct ArrowSchema plan, out, read;
  wi_buf json = WI_BUF_INIT;
  make_nested(&plan, "Z");
  WT_OK(wi_typemap(&plan, not_null, 1, &out, &err));
  WT_EQ_INT(out.children[0]->flags, 0);
  WT_EQ_INT(out.children[1]->flags, ARROW_FLAG_NULLABLE);
  WT_OK(wi_delta_schema_json(&out, &json, &err));
  WT_OK(wi_delta_schema_arrow(wi_buf_text(&json), &read, &err));
  WT_CHECK(equal(&out, &read, true));
  wi_buf_release(&json);
  kit_schema_free(&read);
  kit_schema_free(&out);
  kit_schema_free(&plan);
}

/* ---- names ---- */

WT_TEST(unusable_and_doubled_names_are_refused_with_the_as) {
  static const struct {
    const char *name, *hint;
  } bad[] = {{"count(*)", NULL}, {"a b", "AS a_b"}, {"max(t.X) + 1", "AS max_t_x_1"},
             {"", "AS name"},    {"x;y", "AS x_y"}, {"a=b", "AS a_b"},
             {"a\nb", "AS a_b"}, {"{}", "AS name"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    struct ArrowSchema plan = kit_schema("x l"), out;
    kit_must(ArrowSchemaSetName(plan.children[0], bad[i].name) == NANOARROW_OK, "name");
    WT_EQ_INT(wi_typemap(&plan, NULL, 0, &out, &err), WEIR_E_OUTPUT_NAME);
    WT_CHECK(bad[i].hint == NULL || strstr(err.hint, bad[i].hint) != NULL);
    WT_CHECK(out.release == NULL);
    kit_schema_free(&plan);
    weir_error_release(&err);
  }
}

WT_TEST(names_that_differ_in_case_only_are_one) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema plan = kit_schema("id l, x l, Id l"), out;
  WT_EQ_INT(wi_typemap(&plan, NULL, 0, &out, &err), WEIR_E_OUTPUT_NAME);
  WT_CHECK(strstr(err.hint, "AS Id_2") != NULL);
  kit_schema_free(&plan);
  weir_error_release(&err);
}

WT_TEST(a_not_null_column_has_to_be_there) {
  weir_error err = WEIR_ERROR_INIT;
  static const char *const not_null[] = {"nope"};
  struct ArrowSchema plan = kit_schema("id l"), out;
  WT_EQ_INT(wi_typemap(&plan, not_null, 1, &out, &err), WEIR_E_UNKNOWN_COLUMN);
  WT_CHECK(strstr(err.message, "'nope'") != NULL);
  kit_schema_free(&plan);
  weir_error_release(&err);
}

/* ---- declared columns ---- */

static weir_status check_columns(const char *const (*declared)[2], size_t n,
                                 const struct ArrowSchema *mapped, weir_error *err) {
  wi_spec_column columns[8];
  wi_spec_view view = {0};
  memset(columns, 0, sizeof columns);
  for (size_t i = 0; i < n; i++) {
    columns[i].name = declared[i][0];
    columns[i].type = declared[i][1];
    columns[i].place = (wi_place){"views/v.sql", (uint32_t)i + 3, 5};
  }
  view.columns = columns;
  view.n_columns = n;
  return wi_columns_check(&view, mapped, err);
}

WT_TEST(declared_columns_are_compared_by_place_name_and_type) {
  static const char *const fine[][2] = {
      {"id", "int64"}, {"name", "string"}, {"at", "timestamp"}};
  static const char *const swapped[][2] = {
      {"name", "string"}, {"id", "int64"}, {"at", "timestamp"}};
  static const char *const type[][2] = {
      {"id", "int32"}, {"name", "string"}, {"at", "date"}};
  static const char *const fewer[][2] = {{"id", "int64"}, {"name", "string"}};
  static const char *const more[][2] = {
      {"id", "int64"}, {"name", "string"}, {"at", "timestamp"}, {"z", "date"}};
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema plan = kit_schema("id l, name u, at tsn:UTC"), mapped;
  WT_OK(wi_typemap(&plan, NULL, 0, &mapped, &err));
  WT_OK(check_columns(NULL, 0, &mapped, &err));
  WT_OK(check_columns(fine, 3, &mapped, &err));
  WT_EQ_INT(check_columns(swapped, 3, &mapped, &err), WEIR_E_SCHEMA_DECLARED);
  WT_CHECK(strstr(err.message, "column 1 is 'id', declared is 'name'") != NULL);
  WT_CHECK(strstr(err.message, "column 2 is 'name', declared is 'id'") != NULL);
  WT_EQ_STR(err.file, "views/v.sql");
  WT_EQ_INT(err.line, 3);
  weir_error_release(&err);
  WT_EQ_INT(check_columns(type, 3, &mapped, &err), WEIR_E_SCHEMA_DECLARED);
  WT_CHECK(strstr(err.message, "'id' is int64, declared is int32") != NULL);
  WT_CHECK(strstr(err.message, "'at' is timestamp, declared is date") != NULL);
  weir_error_release(&err);
  WT_EQ_INT(check_columns(fewer, 2, &mapped, &err), WEIR_E_SCHEMA_DECLARED);
  WT_CHECK(strstr(err.message, "column 3 'at' is not declared") != NULL);
  weir_error_release(&err);
  WT_EQ_INT(check_columns(more, 4, &mapped, &err), WEIR_E_SCHEMA_DECLARED);
  WT_CHECK(strstr(err.message, "the declared column 4 'z' is missing") != NULL);
  weir_error_release(&err);
  kit_schema_free(&mapped);
  kit_schema_free(&plan);
}

/* What a header may declare (spec/header.c) is what the comparison calls the type. */
WT_TEST(declared_nested_types_compare_equal) {
  static const char *const declared[][2] = {
      {"id", "int64"}, {"all", "array<struct<k: map<string, int16>, l: array<binary>>>"}};
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema plan, mapped;
  make_nested(&plan, "z");
  WT_OK(wi_typemap(&plan, NULL, 0, &mapped, &err));
  WT_OK(check_columns(declared, 2, &mapped, &err));
  kit_schema_free(&mapped);
  kit_schema_free(&plan);
}
