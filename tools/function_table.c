/* Prints the function table as JSON lines, for tools/gen-docs and tests/docs: what a session
 * tells of a function can then be held beside the table itself. */
#include <stdio.h>
#include <string.h>

#include "nanoarrow/nanoarrow.h"
#include "udf/udf.h"

static void text(const char *s) {
  putchar('"');
  for (; s != NULL && *s != '\0'; s++) {
    if (*s == '"' || *s == '\\') {
      putchar('\\');
    }
    if ((unsigned char)*s < 0x20) {
      printf("\\u%04x", (unsigned)(unsigned char)*s);
    } else {
      putchar(*s);
    }
  }
  putchar('"');
}

static void member(const char *key, const char *value) {
  printf(", \"%s\": ", key);
  text(value);
}

static void texts(const char *key, const char *const *list, size_t n) {
  printf(", \"%s\": [", key);
  for (size_t i = 0; i < n; i++) {
    printf(i == 0 ? "" : ", ");
    text(list[i]);
  }
  printf("]");
}

static void flag(const char *key, bool value) {
  printf(", \"%s\": %s", key, value ? "true" : "false");
}

/* ---- when a result can be null, as the function itself says ---- */

static int typical(struct ArrowSchema *s, int type_class, bool nullable) {
  static const enum ArrowType flat[] = {
      [WI_T_ANY] = NANOARROW_TYPE_STRING,    [WI_T_TEXT] = NANOARROW_TYPE_STRING,
      [WI_T_INT64] = NANOARROW_TYPE_INT64,   [WI_T_INT32] = NANOARROW_TYPE_INT32,
      [WI_T_BOOL] = NANOARROW_TYPE_BOOL,     [WI_T_FLOAT64] = NANOARROW_TYPE_DOUBLE,
      [WI_T_LIST] = NANOARROW_TYPE_LIST,     [WI_T_MAP] = NANOARROW_TYPE_MAP,
      [WI_T_STRUCT] = NANOARROW_TYPE_STRUCT, [WI_T_ANY_FLAT] = NANOARROW_TYPE_STRING,
      [WI_T_ITEM] = NANOARROW_TYPE_STRING};
  static const char *const names[] = {"bstart", "bend", "end_exclusive"};
  enum ArrowType type = flat[type_class];
  int rc = 0;
  ArrowSchemaInit(s);
  if (type_class == WI_T_STRUCT) { /* a span */
    rc = ArrowSchemaSetTypeStruct(s, 3);
    for (int i = 0; i < 3 && rc == 0; i++) {
      rc = ArrowSchemaSetType(s->children[i],
                              i < 2 ? NANOARROW_TYPE_INT64 : NANOARROW_TYPE_BOOL);
      rc = rc != 0 ? rc : ArrowSchemaSetName(s->children[i], names[i]);
    }
  } else {
    rc = ArrowSchemaSetType(s, type);
  }
  if (rc == 0 && type_class == WI_T_LIST) {
    rc = ArrowSchemaSetType(s->children[0], NANOARROW_TYPE_STRING);
  }
  for (int i = 0; rc == 0 && type_class == WI_T_MAP && i < 2; i++) {
    rc = ArrowSchemaSetType(s->children[0]->children[i], NANOARROW_TYPE_STRING);
  }
  s->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
  return rc;
}

/* 1: the result can be null, 0: it cannot, -1: the function wants other types. `at` is the
 * argument that can be null (none if there is none of this number). */
static int nullable_with(const wi_fn *fn, size_t at) {
  struct ArrowSchema schemas[16], out = {0};
  const struct ArrowSchema *list[16];
  size_t n = fn->n_params < 16 ? fn->n_params : 16;
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = WEIR_OK;
  int result = -1;
  for (size_t i = 0; i < n; i++) {
    list[i] = &schemas[i];
    if (typical(&schemas[i], fn->params[i].type_class, i == at) != 0) {
      return -1; /* no memory: the process ends soon */
    }
  }
  if (fn->agg != NULL) {
    wi_agg_call call = {.fn = fn, .n_args = n, .args = list};
    status = fn->agg->return_field(&call, &out, &err);
  } else {
    status = fn->return_field(fn, n, list, NULL, &out, &err);
  }
  if (status == WEIR_OK) {
    result = (out.flags & ARROW_FLAG_NULLABLE) != 0;
    out.release(&out);
  }
  weir_error_release(&err);
  for (size_t i = 0; i < n; i++) {
    schemas[i].release(&schemas[i]);
  }
  return result;
}

static void nullability(const wi_fn *fn) {
  int never = nullable_with(fn, SIZE_MAX);
  const char *names[16];
  size_t n = 0;
  if ((fn->agg == NULL && fn->return_field == NULL) || never != 0) {
    member("nullable", never == 1 ? "always" : "by its types");
    return;
  }
  for (size_t i = 0; i < fn->n_params && i < 16; i++) {
    if (nullable_with(fn, i) == 1) {
      names[n++] = fn->params[i].name;
    }
  }
  member("nullable", n == 0 ? "never" : "with");
  texts("nullable_with", names, n);
}

/* ---- one function ---- */

static void params(const wi_fn *fn) {
  printf(", \"parameters\": [");
  for (size_t i = 0; i < fn->n_params; i++) {
    const wi_fn_param *p = &fn->params[i];
    printf("%s{\"position\": %zu", i == 0 ? "" : ", ", i + 1);
    member("name", p->name);
    member("type", p->type_text);
    member("doc", p->doc);
    printf(", \"class\": %d", p->type_class);
    flag("optional", p->optional);
    flag("variadic", p->variadic);
    flag("literal", p->literal);
    printf("}");
  }
  printf("]");
}

static void one(const wi_fn *fn) {
  static const char *const kinds[] = {"scalar", "aggregate", "window", "table",
                                      "relation"};
  static const char *const volatilities[] = {"", "immutable", "stable", "volatile"};
  char data[WI_UDF_DATA_VERSION];
  uint8_t identity[WI_DIGEST_SIZE];
  wi_udf_data_version(fn, data);
  wi_udf_identity(fn, identity);
  printf("{\"name\": ");
  text(fn->name);
  member("kind", kinds[fn->kind]);
  member("volatility", volatilities[fn->volatility]);
  texts("aliases", fn->aliases, fn->n_aliases);
  texts("tags", fn->tags, fn->n_tags);
  member("section", fn->section);
  member("description", fn->description);
  member("syntax", fn->syntax);
  member("example", fn->example);
  member("example_result", fn->example_result);
  member("returns", fn->return_text);
  member("data_version", data);
  member("engine", fn->engine);
  printf(", \"version\": %u, \"settings\": %u", fn->version, fn->settings);
  flag("short_circuits", fn->short_circuits);
  flag("kernel", fn->invoke != NULL || fn->agg != NULL);
  flag("retracts", fn->agg != NULL && fn->agg->retract != NULL);
  flag("null_treatment",
       fn->agg != NULL && (fn->agg->flags & WI_AGG_NULL_TREATMENT) != 0);
  flag("star", fn->agg != NULL && (fn->agg->flags & WI_AGG_STAR) != 0);
  params(fn);
  if (fn->invoke != NULL || fn->agg != NULL) {
    nullability(fn);
  }
  printf(", \"identity\": \"");
  for (size_t i = 0; i < WI_DIGEST_SIZE; i++) {
    printf("%02x", identity[i]);
  }
  printf("\"}\n");
}

int main(void) {
  size_t n = 0;
  const wi_fn *const *list = wi_udf_list(&n);
  for (size_t i = 0; i < n; i++) {
    one(list[i]);
  }
  return ferror(stdout) != 0 || fflush(stdout) != 0;
}
