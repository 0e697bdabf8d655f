/* Which table type holds a plan's type, and which output names a table can have. */
#include <stdlib.h>
#include <string.h>

#include "nanoarrow/nanoarrow.h"
#include "plan/private.h"

#define WI_ORIGIN "plan"

#define MAX_DEPTH 64

typedef enum map_kind {
  MAP_SAME,  /* the format stays */
  MAP_TO,    /* another format */
  MAP_STAMP, /* a timestamp: microseconds, UTC if zoned */
  MAP_LIST,
  MAP_STRUCT,
  MAP_MAP,
  MAP_NONE /* no table type: the cast to write */
} map_kind;

typedef struct map_row {
  const char *format; /* exact, or a prefix if it ends in '*' */
  map_kind kind;
  const char *to; /* the new format, or the SQL cast's type */
} map_row;

/* The one list of plan types. Unsigned types widen; 64-bit unsigned is cast with a check. */
static const map_row map_rows[] = {
    {"b", MAP_SAME, NULL},       {"c", MAP_SAME, NULL},       {"s", MAP_SAME, NULL},
    {"i", MAP_SAME, NULL},       {"l", MAP_SAME, NULL},       {"C", MAP_TO, "s"},
    {"S", MAP_TO, "i"},          {"I", MAP_TO, "l"},          {"L", MAP_TO, "l"},
    {"e", MAP_TO, "f"},          {"f", MAP_SAME, NULL},       {"g", MAP_SAME, NULL},
    {"u", MAP_TO, "vu"},         {"U", MAP_TO, "vu"},         {"vu", MAP_SAME, NULL},
    {"z", MAP_TO, "vz"},         {"Z", MAP_TO, "vz"},         {"vz", MAP_SAME, NULL},
    {"w:*", MAP_TO, "vz"},       {"tdD", MAP_SAME, NULL},     {"tdm", MAP_TO, "tdD"},
    {"ts*", MAP_STAMP, NULL},    {"+l", MAP_LIST, NULL},      {"+L", MAP_LIST, NULL},
    {"+w:*", MAP_LIST, NULL},    {"+vl", MAP_LIST, NULL},     {"+vL", MAP_LIST, NULL},
    {"+s", MAP_STRUCT, NULL},    {"+m", MAP_MAP, NULL},       {"n", MAP_NONE, "STRING"},
    {"tt*", MAP_NONE, "STRING"}, {"tD*", MAP_NONE, "BIGINT"}, {"ti*", MAP_NONE, "STRING"},
};

static const map_row *find_row(const char *format) {
  for (size_t i = 0; i < sizeof(map_rows) / sizeof(map_rows[0]); i++) {
    const char *f = map_rows[i].format;
    size_t n = strlen(f);
    bool prefix = n > 1 && f[n - 1] == '*';
    if (prefix ? strncmp(format, f, n - 1) == 0 : strcmp(format, f) == 0) {
      return &map_rows[i];
    }
  }
  return NULL;
}

static weir_status no_type(const char *path, const char *format, const char *cast,
                           weir_error *err) {
  static const char *const names[][2] = {{"n", "null"},
                                         {"tt", "time"},
                                         {"tD", "duration"},
                                         {"ti", "interval"},
                                         {"ts", "nanoseconds"}};
  const char *name = format;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    name = wi_starts_with(format, names[i][0]) ? names[i][1] : name;
  }
  return WI_ERR_HINT(
      err, WEIR_E_OUTPUT_TYPE, WI_HINT("write CAST(... AS %s) AS %s", cast, path),
      "output column '%s' has a type that a table cannot hold (%s)", path, name);
}

static weir_status map_field(const struct ArrowSchema *in, const char *path, int depth,
                             struct ArrowSchema *out, weir_error *err);

static weir_status set(int code, weir_error *err) {
  return code == NANOARROW_OK ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

static weir_status map_decimal(const struct ArrowSchema *in, const char *path,
                               struct ArrowSchema *out, weir_error *err) {
  int precision = 0, scale = 0, bits = 128;
  (void)sscanf(in->format, "d:%d,%d,%d", &precision, &scale, &bits);
  if (precision > 38 || scale < 0 || scale > precision) {
    return no_type(path, in->format, "DECIMAL(38, 10)", err);
  }
  return set(ArrowSchemaSetTypeDecimal(out, NANOARROW_TYPE_DECIMAL128, precision, scale),
             err);
}

static weir_status map_children(const struct ArrowSchema *in, const char *path, int depth,
                                struct ArrowSchema *out, weir_error *err) {
  for (int64_t i = 0; i < in->n_children; i++) {
    wi_buf name = WI_BUF_INIT;
    if (strcmp(out->format, "+s") == 0 && in->children[i]->name[0] == '\0') {
      return WI_ERR(err, WEIR_E_OUTPUT_NAME,
                    "field %lld of the column '%s' has no name, which no table can have",
                    (long long)i + 1, path);
    }
    wi_buf_fmt(&name, "%s.%s", path, in->children[i]->name);
    weir_status status =
        map_field(in->children[i], wi_buf_text(&name), depth + 1, out->children[i], err);
    wi_buf_release(&name);
    WI_TRY(status);
  }
  return WEIR_OK;
}

static weir_status map_nested(const struct ArrowSchema *in, map_kind kind,
                              const char *path, int depth, struct ArrowSchema *out,
                              weir_error *err) {
  const char *format = kind == MAP_LIST ? "+l" : kind == MAP_STRUCT ? "+s" : "+m";
  if (depth > MAX_DEPTH) {
    return WI_ERR(err, WEIR_E_TOO_LARGE, "output column '%s' nests deeper than %d", path,
                  MAX_DEPTH);
  }
  WI_TRY(set(ArrowSchemaSetFormat(out, format), err));
  WI_TRY(set(ArrowSchemaAllocateChildren(out, in->n_children), err));
  for (int64_t i = 0; i < in->n_children; i++) {
    ArrowSchemaInit(out->children[i]);
  }
  WI_TRY(map_children(in, path, depth, out, err));
  if (kind == MAP_MAP) { /* entries and keys are never null */
    out->children[0]->flags &= ~ARROW_FLAG_NULLABLE;
    out->children[0]->children[0]->flags &= ~ARROW_FLAG_NULLABLE;
  }
  return WEIR_OK;
}

static weir_status map_field(const struct ArrowSchema *in, const char *path, int depth,
                             struct ArrowSchema *out, weir_error *err) {
  const struct ArrowSchema *type = in->dictionary != NULL ? in->dictionary : in;
  WI_TRY(set(ArrowSchemaSetName(out, in->name), err));
  out->flags = ARROW_FLAG_NULLABLE;
  if (strncmp(type->format, "d:", 2) == 0) {
    return map_decimal(type, path, out, err);
  }
  const map_row *row = find_row(type->format);
  if (row == NULL) {
    return no_type(path, type->format, "STRING", err);
  }
  switch (row->kind) {
    case MAP_SAME:
      return set(ArrowSchemaSetFormat(out, type->format), err);
    case MAP_TO:
      return set(ArrowSchemaSetFormat(out, row->to), err);
    case MAP_STAMP:
      if (depth > 0 && type->format[2] == 'n') {
        /* Inside lists and structs nothing would notice digits that get lost. */
        return no_type(path, type->format, "TIMESTAMP(6)", err);
      }
      return set(ArrowSchemaSetFormat(out, type->format[4] != '\0' ? "tsu:UTC" : "tsu:"),
                 err);
    case MAP_LIST:
    case MAP_STRUCT:
    case MAP_MAP:
      return map_nested(type, row->kind, path, depth, out, err);
    case MAP_NONE:
    default:
      return no_type(path, type->format, row->to, err);
  }
}

/* ---- names ---- */

static bool name_usable(const char *name) {
  return name[0] != '\0' && strpbrk(name, " ,;{}()\n\t=") == NULL;
}

static void suggest(const char *name, char *out, size_t cap) {
  size_t n = 0;
  for (const char *p = name; *p != '\0' && n + 1 < cap && n < 40; p++) {
    if (wi_ascii_alnum(*p)) {
      out[n++] = wi_ascii_lower(*p);
    } else if (n > 0 && out[n - 1] != '_') {
      out[n++] = '_';
    }
  }
  while (n > 0 && out[n - 1] == '_') {
    n--;
  }
  out[n] = '\0';
}

/* Readers fold case, so names that differ only in it are one name twice. */
static weir_status see_name(wi_map *seen, const char *name, bool *twice,
                            weir_error *err) {
  char *folded = wi_strdup(name);
  if (folded == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (char *p = folded; *p != '\0'; p++) {
    *p = wi_ascii_lower(*p);
  }
  *twice = wi_map_has(seen, folded);
  bool put = *twice || wi_map_put(seen, folded, folded);
  wi_free(folded);
  return put ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

/* The fields of structs, at any depth below an output column. */
static weir_status check_fields(const struct ArrowSchema *in, const char *column,
                                weir_error *err) {
  weir_status status = WEIR_OK;
  wi_map seen = WI_MAP_INIT;
  bool is_struct = strcmp(in->format, "+s") == 0;
  for (int64_t i = 0; i < in->n_children; i++) {
    const struct ArrowSchema *child = in->children[i];
    bool twice = false;
    if (is_struct && child->name != NULL) {
      WI_CHECK(see_name(&seen, child->name, &twice, err));
    }
    if (twice) {
      status = WI_ERR_HINT(err, WEIR_E_OUTPUT_NAME, "give one of the fields another name",
                           "a struct in output column '%s' has two fields '%s', or that "
                           "differ only in case",
                           column, child->name);
      goto done;
    }
    WI_CHECK(check_fields(child, column, err));
  }
  if (in->dictionary != NULL) {
    status = check_fields(in->dictionary, column, err);
  }
done:
  wi_map_release(&seen);
  return status;
}

static weir_status check_names(const struct ArrowSchema *plan, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_map seen = WI_MAP_INIT;
  for (int64_t i = 0; i < plan->n_children; i++) {
    const char *name = plan->children[i]->name;
    char nice[64];
    bool twice = false;
    if (!name_usable(name)) {
      suggest(name, nice, sizeof(nice));
      status = WI_ERR_HINT(
          err, WEIR_E_OUTPUT_NAME,
          WI_HINT("give it a name: ... AS %s", nice[0] != '\0' ? nice : "name"),
          "output column %lld is called '%s', which no table can have", (long long)i + 1,
          name);
      goto done;
    }
    WI_CHECK(see_name(&seen, name, &twice, err));
    if (twice) {
      status =
          WI_ERR_HINT(err, WEIR_E_OUTPUT_NAME,
                      WI_HINT("name one of them differently: ... AS %s_2", name),
                      "two output columns are called '%s', or differ only in case", name);
      goto done;
    }
    WI_CHECK(check_fields(plan->children[i], name, err));
  }
done:
  wi_map_release(&seen);
  return status;
}

static bool listed(const char *name, const char *const *names, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (strcmp(names[i], name) == 0) {
      return true;
    }
  }
  return false;
}

weir_status wi_no_such_column(const char *what, const char *name,
                              const struct ArrowSchema *schema, weir_error *err) {
  char near[256] = "";
  wi_buf hint = WI_BUF_INIT;
  const char **names = wi_alloc_array((size_t)schema->n_children + 1, sizeof(*names));
  if (names == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (int64_t i = 0; i < schema->n_children; i++) {
    names[i] = schema->children[i]->name;
  }
  wi_nearest(name, names, (size_t)schema->n_children, near, sizeof(near));
  if (near[0] != '\0') {
    wi_buf_fmt(&hint, "did you mean %s? ", near);
  }
  for (int64_t i = 0; i < schema->n_children; i++) {
    wi_buf_fmt(&hint, "%s%s", i == 0 ? "the columns are " : ", ", names[i]);
  }
  wi_err_hint(err, "%s", wi_buf_text(&hint));
  wi_buf_release(&hint);
  wi_free(names);
  return WI_ERR(err, WEIR_E_UNKNOWN_COLUMN,
                "%s names the column '%s', which the view does not have", what, name);
}

static weir_status check_listed(const struct ArrowSchema *plan,
                                const char *const *not_null, size_t n, weir_error *err) {
  for (size_t k = 0; k < n; k++) {
    bool found = false;
    for (int64_t i = 0; i < plan->n_children && !found; i++) {
      found = strcmp(plan->children[i]->name, not_null[k]) == 0;
    }
    if (!found) {
      return wi_no_such_column("the header", not_null[k], plan, err);
    }
  }
  return WEIR_OK;
}

weir_status wi_typemap(const struct ArrowSchema *plan, const char *const *not_null,
                       size_t n_not_null, struct ArrowSchema *out, weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema mapped;
  wi_buf json = WI_BUF_INIT;
  memset(out, 0, sizeof(*out));
  ArrowSchemaInit(&mapped);
  if (plan->n_children == 0) {
    status = WI_ERR(err, WEIR_E_OUTPUT_NAME, "the query has no output columns");
    goto done;
  }
  WI_CHECK(check_names(plan, err));
  WI_CHECK(check_listed(plan, not_null, n_not_null, err));
  WI_CHECK(set(ArrowSchemaSetTypeStruct(&mapped, plan->n_children), err));
  for (int64_t i = 0; i < plan->n_children; i++) {
    const struct ArrowSchema *column = plan->children[i];
    WI_CHECK(map_field(column, column->name, 0, mapped.children[i], err));
    if (listed(column->name, not_null, n_not_null)) {
      mapped.children[i]->flags &= ~ARROW_FLAG_NULLABLE;
    }
  }
  /* Through the table's own form and back: a consumer sees the same schema whether the table
   * exists or is only planned. */
  WI_CHECK(wi_delta_schema_json(&mapped, &json, err));
  WI_CHECK(wi_delta_schema_arrow(wi_buf_text(&json), out, err));
done:
  wi_buf_release(&json);
  if (mapped.release != NULL) {
    mapped.release(&mapped);
  }
  return status;
}

/* ---- type names and declared columns ---- */

static const char *flat_type(const char *format) {
  static const struct {
    const char *format, *name;
  } rows[] = {{"b", "boolean"},         {"c", "int8"},    {"s", "int16"},
              {"i", "int32"},           {"l", "int64"},   {"f", "float32"},
              {"g", "float64"},         {"vu", "string"}, {"u", "string"},
              {"U", "string"},          {"vz", "binary"}, {"z", "binary"},
              {"Z", "binary"},          {"tdD", "date"},  {"tsu:UTC", "timestamp"},
              {"tsu:", "timestamp_ntz"}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    if (strcmp(rows[i].format, format) == 0) {
      return rows[i].name;
    }
  }
  return NULL;
}

static void type_text(const struct ArrowSchema *field, int depth, wi_buf *out) {
  const char *flat = flat_type(field->format);
  if (flat != NULL || depth > MAX_DEPTH) {
    wi_buf_str(out, flat != NULL ? flat : "...");
  } else if (strncmp(field->format, "d:", 2) == 0) {
    wi_buf_fmt(out, "decimal(%s)", field->format + 2);
  } else if (strcmp(field->format, "+l") == 0) {
    wi_buf_str(out, "array<");
    type_text(field->children[0], depth + 1, out);
    wi_buf_chr(out, '>');
  } else if (strcmp(field->format, "+m") == 0) {
    wi_buf_str(out, "map<");
    type_text(field->children[0]->children[0], depth + 1, out);
    wi_buf_chr(out, ',');
    type_text(field->children[0]->children[1], depth + 1, out);
    wi_buf_chr(out, '>');
  } else if (strcmp(field->format, "+s") == 0) {
    wi_buf_str(out, "struct<");
    for (int64_t i = 0; i < field->n_children; i++) {
      wi_buf_fmt(out, "%s%s:", i > 0 ? "," : "", field->children[i]->name);
      type_text(field->children[i], depth + 1, out);
    }
    wi_buf_chr(out, '>');
  } else {
    wi_buf_str(out, field->format);
  }
}

static void without_spaces(const char *text, wi_buf *out) {
  for (const char *p = text; *p != '\0'; p++) {
    if (*p != ' ' && *p != '\t') {
      wi_buf_chr(out, *p);
    }
  }
}

static void compare_column(const wi_spec_column *declared,
                           const struct ArrowSchema *column, size_t position,
                           wi_buf *differences) {
  wi_buf want = WI_BUF_INIT, have = WI_BUF_INIT;
  if (declared == NULL) {
    wi_buf_fmt(differences, "; column %zu '%s' is not declared", position, column->name);
  } else if (column == NULL) {
    wi_buf_fmt(differences, "; the declared column %zu '%s' is missing", position,
               declared->name);
  } else if (strcmp(declared->name, column->name) != 0) {
    wi_buf_fmt(differences, "; column %zu is '%s', declared is '%s'", position,
               column->name, declared->name);
  } else if (declared->type != NULL) {
    without_spaces(declared->type, &want);
    type_text(column, 0, &have);
    if (strcmp(wi_buf_text(&want), wi_buf_text(&have)) != 0) {
      wi_buf_fmt(differences, "; '%s' is %s, declared is %s", column->name,
                 wi_buf_text(&have), declared->type);
    }
  }
  wi_buf_release(&want);
  wi_buf_release(&have);
}

weir_status wi_columns_check(const wi_spec_view *view, const struct ArrowSchema *mapped,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf differences = WI_BUF_INIT;
  if (view->n_columns == 0) {
    return WEIR_OK;
  }
  size_t n = (size_t)mapped->n_children > view->n_columns ? (size_t)mapped->n_children
                                                          : view->n_columns;
  for (size_t i = 0; i < n; i++) {
    compare_column(i < view->n_columns ? &view->columns[i] : NULL,
                   i < (size_t)mapped->n_children ? mapped->children[i] : NULL, i + 1,
                   &differences);
  }
  if (differences.n > 0) {
    status = WI_ERR_HINT(err, WEIR_E_SCHEMA_DECLARED,
                         "change `columns:` in the header, or the query",
                         "the query's columns differ from the declared ones: %s",
                         wi_buf_text(&differences) + 2);
    wi_err_where(err, view->columns[0].place.file, view->columns[0].place.line,
                 view->columns[0].place.column);
  }
  wi_buf_release(&differences);
  return status;
}
