/* What the functions declare: fields, documentation, identity; and that the documented
 * examples give what they say. */
#include <ctype.h>

#include "udf_test.h"

/* ---- fields ---- */

typedef struct declared {
  char format[8];
  bool nullable;
  char metadata[160]; /* k=v,k=v */
} declared;

static void declare(const char *fn, size_t n, tcol *cols, declared *out) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema field;
  struct ArrowMetadataReader reader;
  struct ArrowStringView k, v;
  size_t at = 0;
  memset(out, 0, sizeof *out);
  if (t_field(fn, n, cols, &field, &err) != WEIR_OK) {
    snprintf(out->metadata, sizeof out->metadata, "%s", weir_error_code_name(err.code));
  } else {
    snprintf(out->format, sizeof out->format, "%s", field.format);
    out->nullable = (field.flags & ARROW_FLAG_NULLABLE) != 0;
    t_must(ArrowMetadataReaderInit(&reader, field.metadata));
    while (ArrowMetadataReaderRead(&reader, &k, &v) == NANOARROW_OK) {
      at += (size_t)snprintf(out->metadata + at, sizeof out->metadata - at, "%s%.*s=%.*s",
                             at > 0 ? "," : "", (int)k.size_bytes, k.data,
                             (int)v.size_bytes, v.data);
    }
    field.release(&field);
  }
  for (size_t i = 0; i < n; i++) {
    t_free(&cols[i]);
  }
  weir_error_release(&err);
}

static tcol typed(const char *format, bool nullable) {
  tcol c;
  memset(&c, 0, sizeof c);
  ArrowSchemaInit(&c.schema);
  t_must(ArrowSchemaSetFormat(&c.schema, format));
  t_must(ArrowSchemaSetName(&c.schema, "c"));
  c.schema.flags = nullable ? ARROW_FLAG_NULLABLE : 0;
  return c;
}

static tcol fixed(const char *text) { /* a literal, whose field is not nullable */
  tcol c = t_literal(text);
  c.schema.flags = 0;
  return c;
}

static void expect_field(const char *fn, size_t n, tcol *cols, const char *format,
                         bool nullable, const char *metadata) {
  declared got;
  declare(fn, n, cols, &got);
  WT_EQ_STR(got.metadata, metadata);
  WT_EQ_STR(got.format, format);
  WT_EQ_INT(got.nullable, nullable);
}
#define FIELD(fn, format, nullable, metadata, ...)                                 \
  do {                                                                             \
    tcol field_cols[] = {__VA_ARGS__};                                             \
    expect_field(fn, sizeof field_cols / sizeof field_cols[0], field_cols, format, \
                 nullable, metadata);                                              \
  } while (0)

WT_TEST(fields_of_hashes) {
  FIELD("stable_hash64", "l", true, "", typed("u", true));
  FIELD("stable_hash64", "l", false, "", typed("vu", false));
  FIELD("stable_hash128", "u", false, "", typed("U", false));
  FIELD("stable_hash128", "u", true, "", typed("n", true));
  FIELD("prefixed_hash64", "u", false, "", typed("u", false), typed("u", false));
  FIELD("prefixed_hash64", "u", true, "", typed("u", false), typed("u", true));
  FIELD("stable_hash_any", "u", false, "", typed("l", true));
  FIELD("stable_hash_any", "u", false, "", typed("l", true), t_bool(true), fixed("-"));
}

WT_TEST(fields_of_identifiers) {
  FIELD("stable_id", "u", false, "semantic_type=NodeId", fixed("node"),
        typed("u", false));
  FIELD("stable_id", "u", true, "semantic_type=EdgeId", fixed(" Edge_ID "),
        typed("u", true));
  FIELD("stable_id", "u", true, "", typed("u", true), typed("u", false));
  FIELD("stable_id", "u", false, "", fixed("ns"), typed("u", false));
  /* parts may be null without making the result null; an unknown prefix says nothing */
  FIELD("stable_id_parts", "u", false, "semantic_type=SpanId", fixed("span"),
        typed("u", true), typed("l", true));
  FIELD("stable_id_parts", "u", false, "", fixed("other"), typed("u", true));
  FIELD("stable_id_parts", "u", true, "", typed("u", true), typed("u", false));
  FIELD("prefixed_hash_parts64", "u", false, "semantic_type=NodeId", fixed("nodeid"),
        typed("tsu:", true));
  FIELD("span_id", "u", false, "semantic_type=SpanId", fixed("span"), typed("u", true),
        typed("l", true), typed("l", true));
}

WT_TEST(fields_of_spans) {
  const char *plain = "semantic_type=Span,line_base=0,col_unit=byte,end_exclusive=true";
  FIELD("span_make", "+s", false, plain, typed("l", false), typed("l", false));
  FIELD("span_make", "+s", true, plain, typed("l", false), typed("l", true));
  FIELD("span_make", "+s", false, plain, typed("l", false), typed("l", false),
        t_omitted(), t_omitted(), t_omitted());
  int64_t one = 1;
  tcol base = t_ints(NANOARROW_TYPE_INT32, 1, &one);
  base.scalar = true;
  FIELD("span_make", "+s", true,
        "semantic_type=Span,line_base=1,col_unit=utf16,end_exclusive=false",
        typed("l", false), typed("l", false), base, t_literal("utf16"), t_bool(false));
  /* what differs from row to row is not in the field */
  FIELD("span_make", "+s", false, "semantic_type=Span,line_base=0,end_exclusive=true",
        typed("l", false), typed("l", false), t_omitted(), typed("u", false));
  tcol marked = typed("l", false);
  struct ArrowBuffer packed;
  t_must(ArrowMetadataBuilderInit(&packed, NULL));
  t_must(
      ArrowMetadataBuilderAppend(&packed, ArrowCharView("unit"), ArrowCharView("line")));
  t_must(ArrowSchemaSetMetadata(&marked.schema, (const char *)packed.data));
  ArrowBufferReset(&packed);
  FIELD("span_make", "+s", false, "unit=line", marked, typed("l", false));
}

WT_TEST(fields_of_span_tests) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema field;
  declared got;
  tcol made[2] = {typed("l", false), typed("l", false)};
  WT_OK(t_field("span_make", 2, made, &field, &err));
  WT_EQ_INT(field.n_children, 5);
  WT_EQ_STR(field.children[4]->name, "end_exclusive");
  WT_CHECK((field.children[4]->flags & ARROW_FLAG_NULLABLE) != 0);
  const struct ArrowSchema *args[2] = {&field, &field};
  static const char *const fns[] = {"span_len", "span_overlaps", "span_contains"};
  for (size_t i = 0; i < 3; i++) {
    const wi_fn *fn = wi_udf_find(fns[i]);
    struct ArrowSchema out;
    WT_OK(fn->return_field(fn, i == 0 ? 1 : 2, args, NULL, &out, &err));
    WT_EQ_STR(out.format, i == 0 ? "l" : "b");
    WT_CHECK((out.flags & ARROW_FLAG_NULLABLE) != 0);
    out.release(&out);
  }
  field.release(&field);
  t_free(&made[0]);
  t_free(&made[1]);
  tcol not_span = typed("l", false);
  declare("span_len", 1, &not_span, &got);
  WT_EQ_STR(got.metadata, "WEIR-SQL-PLAN");
}

WT_TEST(fields_refuse) {
  FIELD("stable_hash64", "", false, "WEIR-SQL-PLAN", typed("l", false));
  FIELD("stable_hash128", "", false, "WEIR-SQL-PLAN", typed("u", false),
        typed("u", false));
  FIELD("stable_id_parts", "", false, "WEIR-SQL-PLAN", fixed("node"));
  FIELD("stable_id_parts", "", false, "WEIR-SQL-PLAN", fixed("node"),
        typed("tiM", false));
  /* a column where a literal is due */
  FIELD("stable_hash_any", "", false, "WEIR-SQL-PLAN", typed("u", false),
        typed("b", false));
}

/* ---- the table ---- */

WT_TEST(table_is_complete_and_sorted) {
  size_t n = 0;
  const wi_fn *const *all = wi_udf_list(&n);
  WT_CHECK(n >= 13);
  for (size_t i = 0; i < n; i++) {
    const wi_fn *f = all[i];
    WT_CHECK(i == 0 || strcmp(all[i - 1]->name, f->name) < 0);
    WT_CHECK(f->return_text && f->section && f->description && f->syntax && f->example);
    WT_CHECK(f->example_result && f->n_tags > 0 && f->version > 0);
    if (f->engine != NULL) {
      WT_CHECK(f->agg == NULL && f->invoke == NULL && f->return_field == NULL);
    } else if (f->kind == WI_FN_AGGREGATE) {
      const wi_agg_ops *ops = f->agg;
      WT_CHECK(ops != NULL && ops->return_field && ops->state_schema && ops->open);
      WT_CHECK(ops->update && ops->merge && ops->evaluate && ops->state && ops->size);
      WT_CHECK(ops->close != NULL && f->invoke == NULL && f->return_field == NULL);
    } else if (f->kind == WI_FN_RELATION) {
      WT_CHECK(f->rel != NULL && f->invoke == NULL && f->return_field == NULL);
    } else if (f->kind == WI_FN_TABLE) {
      WT_CHECK(f->invoke == NULL && f->return_field == NULL && f->agg == NULL);
    } else {
      WT_CHECK(f->n_params > 0);
      WT_CHECK(f->invoke != NULL && f->return_field != NULL);
    }
    WT_CHECK(f->kind == WI_FN_TABLE || f->volatility == WI_FN_IMMUTABLE);
    WT_CHECK(strncmp(f->syntax, f->name, strlen(f->name)) == 0);
    WT_CHECK(wi_udf_find(f->name) == f);
    for (size_t a = 0; a < f->n_aliases; a++) {
      WT_CHECK(wi_udf_find(f->aliases[a]) == f); /* so no two share one */
    }
  }
  WT_CHECK(wi_udf_find("no_such") == NULL);
}

WT_TEST(identities_differ_and_follow_the_data) {
  size_t n = 0;
  const wi_fn *const *all = wi_udf_list(&n);
  static uint8_t ids[256][WI_DIGEST_SIZE];
  uint8_t other[WI_DIGEST_SIZE];
  char data[WI_UDF_DATA_VERSION];
  WT_CHECK(n <= sizeof ids / sizeof *ids);
  for (size_t i = 0; i < n; i++) {
    WT_CHECK(i < 256);
    wi_udf_identity(all[i], ids[i]);
    wi_udf_data_version(all[i], data);
    bool unicode = all[i]->data_version != NULL;
    WT_EQ_INT(strncmp(data, "unicode ", 8) == 0, unicode);
    for (size_t k = 0; k < i; k++) {
      WT_CHECK(memcmp(ids[k], ids[i], WI_DIGEST_SIZE) != 0);
    }
    wi_fn changed = *all[i];
    changed.version++;
    wi_udf_identity(&changed, other);
    WT_CHECK(memcmp(ids[i], other, WI_DIGEST_SIZE) != 0);
    changed = *all[i];
    changed.data_version = changed.data_version == NULL ? "unicode" : NULL;
    wi_udf_identity(&changed, other);
    WT_CHECK(memcmp(ids[i], other, WI_DIGEST_SIZE) != 0);
    changed = *all[i];
    changed.description = "in other words";
    wi_udf_identity(&changed, other);
    WT_CHECK(memcmp(ids[i], other, WI_DIGEST_SIZE) == 0);
  }
}

/* ---- examples: calls of literals, calls, and named arguments ---- */

static void skip(const char **p) {
  while (isspace((unsigned char)**p)) {
    (*p)++;
  }
}

static size_t word(const char **p, char *out, size_t cap) {
  size_t n = 0;
  while (n + 1 < cap && (isalnum((unsigned char)**p) || **p == '_' || **p == '-')) {
    out[n++] = *(*p)++;
  }
  out[n] = '\0';
  skip(p);
  return n;
}

static bool call_value(const char **p, const char *name, tcol *out);

/* A literal or a call; false: not of this small language. */
static bool value_of(const char **p, tcol *out) {
  char text[128];
  skip(p);
  if (**p == '\'') {
    const char *end = strchr(++*p, '\'');
    if (end == NULL || (size_t)(end - *p) >= sizeof text) {
      return false;
    }
    snprintf(text, sizeof text, "%.*s", (int)(end - *p), *p);
    *p = end + 1;
    skip(p);
    *out = t_literal(text);
    return true;
  }
  if (word(p, text, sizeof text) == 0) {
    return false;
  }
  if (**p == '(') {
    return call_value(p, text, out);
  }
  if (strcmp(text, "NULL") == 0) {
    *out = t_literal(NULL);
  } else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
    *out = t_bool(text[0] == 't');
  } else {
    *out = t_int(strtoll(text, NULL, 10));
  }
  return true;
}

static size_t param_index(const wi_fn *fn, const char *name) {
  size_t i = 0;
  while (i < fn->n_params && strcmp(fn->params[i].name, name) != 0) {
    i++;
  }
  return i;
}

/* `p` is at the opening bracket. */
static bool call_value(const char **p, const char *name, tcol *out) {
  weir_error err = WEIR_ERROR_INIT;
  tcol cols[8];
  const wi_fn *fn = wi_udf_find(name);
  size_t n = 0;
  bool ok = fn != NULL;
  ++*p;
  while (ok && **p != ')' && n < 7) {
    char key[64];
    const char *at = *p;
    skip(&at);
    size_t place = n;
    if (word(&at, key, sizeof key) > 0 && strncmp(at, "=>", 2) == 0) {
      place = param_index(fn, key);
      *p = at + 2;
    }
    while (n < place && n < 7) {
      cols[n++] = t_omitted();
    }
    ok = value_of(p, &cols[n]);
    n += ok ? 1 : 0;
    if (**p == ',') {
      ++*p;
    }
  }
  if (ok) {
    ++*p;
    skip(p);
    memset(out, 0, sizeof *out);
    out->scalar = true;
    ok = t_field(name, n, cols, &out->schema, &err) == WEIR_OK &&
         t_call(name, n, cols, 1, &out->array, &err) == WEIR_OK;
  }
  for (size_t i = 0; i < n; i++) {
    t_free(&cols[i]);
  }
  weir_error_release(&err);
  return ok;
}

WT_TEST(examples_give_what_they_say) {
  size_t n = 0;
  const wi_fn *const *all = wi_udf_list(&n);
  for (size_t i = 0; i < n; i++) {
    const char *p = all[i]->example;
    char got[256];
    if (strncmp(p, "SELECT ", 7) == 0) {
      continue; /* a statement, for those who have an engine */
    }
    tcol result;
    if (all[i]->kind != WI_FN_SCALAR || strstr(all[i]->example, "make_array(") ||
        strstr(all[i]->example, "map([")) {
      continue; /* tests/api runs them through SQL */
    }
    memset(&result, 0, sizeof result);
    if (!value_of(&p, &result) || *p != '\0') {
      wt_fail(__FILE__, __LINE__, "%s cannot be evaluated", all[i]->example);
      t_free(&result);
      continue;
    }
    t_show(&result.schema, &result.array, 0, got, sizeof got);
    t_free(&result);
    if (strcmp(got, all[i]->example_result) != 0) {
      wt_fail(__FILE__, __LINE__, "%s gives %s, not %s", all[i]->example, got,
              all[i]->example_result);
    }
  }
}
