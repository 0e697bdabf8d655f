/* A table's partition columns, and the key of the partition that a file is in. */
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

typedef struct column {
  const char *name;   /* the schema's, as people know it */
  const char *member; /* of partitionValues: the physical name where names are mapped */
  wi_partition_type type;
} column;

struct wi_partitioning {
  wi_arena arena;
  column *columns;
  size_t n;
};

void wi_partitioning_free(wi_partitioning **p) {
  wi_partitioning *one = *p;
  *p = NULL;
  if (one != NULL) {
    wi_arena_release(&one->arena);
    wi_free(one);
  }
}

static const json_t *field_of(const json_t *schema, const char *name) {
  const json_t *fields = json_object_get(schema, "fields");
  for (size_t i = 0; i < json_array_size(fields); i++) {
    const json_t *field = json_array_get(fields, i);
    const char *has = wi_delta_json_text(field, "name");
    if (has != NULL && strcmp(has, name) == 0) {
      return field;
    }
  }
  return NULL;
}

static bool maps_names(const wi_meta *meta) {
  const char *mode = wi_meta_property(meta, "delta.columnMapping.mode");
  return mode != NULL && !wi_ascii_same(mode, "none");
}

static weir_status add_column(wi_partitioning *p, const wi_meta *meta, const char *name,
                              weir_error *err) {
  const json_t *field = field_of(wi_meta_schema_tree(meta), name);
  const char *type = wi_delta_json_text(field, "type");
  column *c = &p->columns[p->n];
  if (type == NULL || !wi_partition_type_of(type, &c->type)) {
    return WI_ERR(err, WEIR_E_LOG_CORRUPT, "the table is partitioned by '%.200s', %s",
                  name,
                  field == NULL ? "which is none of its columns"
                                : "whose type has no partition values");
  }
  const char *physical = wi_delta_json_text(wi_delta_json_get(field, "metadata"),
                                            "delta.columnMapping.physicalName");
  bool mapped = physical != NULL && maps_names(meta);
  c->name = wi_arena_dup(&p->arena, name);
  c->member = mapped ? wi_arena_dup(&p->arena, physical) : c->name;
  p->n++;
  return c->name != NULL && c->member != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

weir_status wi_partitioning_new(const wi_meta *meta, wi_partitioning **out,
                                weir_error *err) {
  weir_status status = WEIR_OK;
  const char *const *names = NULL;
  size_t n = wi_meta_partition_columns(meta, &names);
  wi_partitioning *p = wi_alloc(sizeof *p);
  *out = NULL;
  if (p == NULL ||
      (p->columns = wi_arena_array(&p->arena, n + 1, sizeof *p->columns)) == NULL) {
    wi_free(p);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    WI_CHECK(add_column(p, meta, names[i], err));
  }
  *out = p;
  p = NULL;
done:
  wi_partitioning_free(&p);
  return status;
}

/* The Arrow format of a column; NULL: there is none. */
static const char *format_of(const struct ArrowSchema *columns, const char *name) {
  for (int64_t i = 0; i < columns->n_children; i++) {
    if (strcmp(columns->children[i]->name, name) == 0) {
      return columns->children[i]->format;
    }
  }
  return NULL;
}

weir_status wi_partitioning_of(const struct ArrowSchema *columns,
                               const char *const *names, size_t n, wi_partitioning **out,
                               weir_error *err) {
  weir_status status = WEIR_OK;
  wi_partitioning *p = wi_alloc(sizeof *p);
  *out = NULL;
  if (p == NULL ||
      (p->columns = wi_arena_array(&p->arena, n + 1, sizeof *p->columns)) == NULL) {
    wi_free(p);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n && status == WEIR_OK; i++) {
    const char *format = format_of(columns, names[i]);
    column *c = &p->columns[p->n++];
    c->name = c->member = wi_arena_dup(&p->arena, names[i]);
    if (c->name == NULL) {
      status = wi_err_nomem(err, WI_ORIGIN);
    } else if (format == NULL || !wi_partition_type_of_format(format, &c->type)) {
      status =
          WI_ERR(err, WEIR_E_BAD_VALUE, "no table is partitioned by '%.200s'", names[i]);
    }
  }
  if (status == WEIR_OK) {
    *out = p;
    p = NULL;
  }
  wi_partitioning_free(&p);
  return status;
}

size_t wi_partitioning_size(const wi_partitioning *p) {
  return p->n;
}

const char *wi_partitioning_column(const wi_partitioning *p, size_t i) {
  return p->columns[i].name;
}

wi_partition_type wi_partitioning_type(const wi_partitioning *p, size_t i) {
  return p->columns[i].type;
}

/* ---- keys ---- */

/* Writes one value; false: the text is none of the type. `spelled` is room. */
static bool put_value(wi_json *j, const column *c, wi_str text, wi_buf *spelled) {
  if (text.n == 0) {
    wi_json_null(j);
    return true;
  }
  wi_buf_clear(spelled);
  if (!wi_partition_spell(c->type, text, spelled)) {
    return false;
  }
  if (spelled->failed) {
    j->out->failed = true;
  }
  wi_json_ntext(j, wi_buf_text(spelled), spelled->n);
  return true;
}

static weir_status bad_file_value(const column *c, wi_str text, const char *path,
                                  weir_error *err) {
  weir_status status =
      WI_ERR(err, WEIR_E_LOG_CORRUPT,
             "the file '%.300s' has the partition value '%.*s', which is no value of "
             "column '%.100s'",
             path, text.n > 100 ? 100 : (int)text.n, text.p, c->name);
  wi_err_hint(err, "write the file's partition again with the tool that wrote it");
  return status;
}

static weir_status not_text(const column *c, const char *path, weir_error *err) {
  return WI_ERR(err, WEIR_E_LOG_CORRUPT,
                "the file '%.300s' has a partition value of column '%.100s' that is no "
                "text",
                path, c->name);
}

weir_status wi_partition_text(const wi_partitioning *p, size_t i, const json_t *values,
                              const char *path, wi_str *out, weir_error *err) {
  const column *c = &p->columns[i];
  const json_t *value = wi_delta_json_get(values, c->member);
  *out = (wi_str){json_string_value(value), json_string_length(value)};
  return value == NULL || out->p != NULL ? WEIR_OK : not_text(c, path, err);
}

weir_status wi_partition_refuse(const wi_partitioning *p, size_t i, wi_str text,
                                const char *path, weir_error *err) {
  return bad_file_value(&p->columns[i], text, path, err);
}

weir_status wi_partition_key(const wi_partitioning *p, const json_t *values,
                             const char *path, wi_buf *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf spelled = WI_BUF_INIT;
  wi_json j;
  wi_json_begin(&j, out);
  wi_json_array(&j);
  for (size_t i = 0; i < p->n && status == WEIR_OK; i++) {
    wi_str text;
    status = wi_partition_text(p, i, values, path, &text, err);
    if (status == WEIR_OK && !put_value(&j, &p->columns[i], text, &spelled)) {
      status = wi_partition_refuse(p, i, text, path, err);
    }
  }
  wi_json_array_end(&j);
  wi_buf_release(&spelled);
  return status != WEIR_OK ? status : wi_buf_check(out, err, WI_ORIGIN);
}

weir_status wi_partition_key_text(const wi_partitioning *p, const char *values_json,
                                  const char *path, wi_buf *out, weir_error *err) {
  wi_delta_json_note note;
  json_t *values = NULL;
  if (values_json == NULL) {
    return wi_partition_key(p, NULL, path, out, err);
  }
  weir_status status =
      wi_delta_json_load(values_json, strlen(values_json), &values, &note);
  if (status == WEIR_E_NO_MEMORY) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  status = !json_is_object(values)
               ? WI_ERR(err, WEIR_E_LOG_CORRUPT,
                        "'%.300s' has malformed partition values", path)
               : wi_partition_key(p, values, path, out, err);
  json_decref(values);
  return status;
}

weir_status wi_partition_key_given(const wi_partitioning *p, const char *const *values,
                                   wi_buf *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf spelled = WI_BUF_INIT;
  wi_json j;
  wi_json_begin(&j, out);
  wi_json_array(&j);
  for (size_t i = 0; i < p->n && status == WEIR_OK; i++) {
    if (!put_value(&j, &p->columns[i], wi_str_of(values[i]), &spelled)) {
      status = WI_ERR(err, WEIR_E_BAD_VALUE,
                      "'%.200s' is no value of the partition column '%.200s'", values[i],
                      p->columns[i].name);
    }
  }
  wi_json_array_end(&j);
  wi_buf_release(&spelled);
  return status != WEIR_OK ? status : wi_buf_check(out, err, WI_ORIGIN);
}
