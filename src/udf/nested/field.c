/* Fields: some of a struct's, and a value whose field says what it means. */
#include <stdio.h>
#include <string.h>

#include "udf/kernel.h"
#include "udf/nested/gather.h"

#define WI_ORIGIN "udf"

/* Rows 0 to n - 1 of a column, or n times the value of a scalar, from an offset on. */
static weir_status row_numbers(const wi_col *col, int64_t from, int64_t n, int64_t **out,
                               weir_error *err) {
  *out = wi_alloc_array((size_t)n + 1, sizeof **out);
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (int64_t i = 0; i < n; i++) {
    (*out)[i] = from + i * col->step;
  }
  return WEIR_OK;
}

/* ---- struct_pick ---- */

#define MAX_PICKED 6

static weir_status no_field(const wi_fn *fn, const struct ArrowSchema *type, wi_str name,
                            weir_error *err) {
  const char *names[64];
  char wanted[128], near[256];
  size_t n = 0;
  for (int64_t i = 0; i < type->n_children && n < 64; i++) {
    names[n++] = type->children[i]->name == NULL ? "" : type->children[i]->name;
  }
  snprintf(wanted, sizeof wanted, "%.*s", (int)(name.n > 100 ? 100 : name.n), name.p);
  wi_nearest(wanted, names, n, near, sizeof near);
  weir_status status =
      WI_ERR(err, WEIR_E_SQL_PLAN, "%s: the struct has no field '%s'", fn->name, wanted);
  if (near[0] != '\0') {
    wi_err_hint(err, "did you mean %s?", near);
  } else {
    wi_err_hint(err, "its fields are those of arrow_typeof(struct)");
  }
  return status;
}

/* The child that a literal names, and that is not among the n before it. */
static weir_status picked_child(const wi_fn *fn, const struct ArrowSchema *type,
                                const wi_col *literal, const int64_t *before, size_t n,
                                int64_t *out, weir_error *err) {
  wi_str name =
      wi_col_null(literal, 0) ? (wi_str){"", 0} : wi_trim_white(wi_col_text(literal, 0));
  if (name.n == 0) {
    return WI_ERR(err, WEIR_E_SQL_PLAN, "%s: the name of a field is null or empty",
                  fn->name);
  }
  for (*out = 0; *out < type->n_children; ++*out) {
    const char *have = type->children[*out]->name;
    if (wi_str_eq(name, have == NULL ? "" : have)) {
      break;
    }
  }
  if (*out == type->n_children) {
    return no_field(fn, type, name, err);
  }
  for (size_t i = 0; i < n; i++) {
    if (before[i] == *out) {
      return WI_ERR(err, WEIR_E_SQL_PLAN, "%s: the field '%s' is named twice", fn->name,
                    type->children[*out]->name);
    }
  }
  return WEIR_OK;
}

static weir_status picked_type(struct ArrowSchema *out, const wi_fn *fn,
                               const struct ArrowSchema *from, const int64_t *picked,
                               size_t n, weir_error *err) {
  bool nullable = wi_arg_nullable(from);
  WI_TRY(wi_field_init(out, fn, NANOARROW_TYPE_STRUCT, nullable, err));
  WI_TRY(wi_arrow_err(err, ArrowSchemaAllocateChildren(out, (int64_t)n), "struct"));
  for (size_t i = 0; i < n; i++) {
    WI_TRY(wi_arrow_err(
        err, ArrowSchemaDeepCopy(from->children[picked[i]], out->children[i]), "struct"));
    out->children[i]->flags |= nullable ? ARROW_FLAG_NULLABLE : 0;
  }
  return wi_arrow_err(err, ArrowSchemaSetMetadata(out, from->metadata), "struct");
}

weir_status wi_field_struct_pick(const wi_fn *fn, size_t n,
                                 const struct ArrowSchema *const *args,
                                 const struct ArrowArray *const *literals,
                                 struct ArrowSchema *out, weir_error *err) {
  weir_status status = WEIR_OK;
  int64_t picked[MAX_PICKED];
  size_t n_picked = 0;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_args_check(fn, n, args, err));
  WI_CHECK(wi_literals_check(fn, n, args, literals, err));
  if (literals == NULL) {
    WI_CHECK(WI_ERR(err, WEIR_E_SQL_PLAN,
                    "%s: its type depends on the names, and they are not known here",
                    fn->name));
  }
  for (size_t i = 1; i < n && n_picked < MAX_PICKED; i++) {
    if (literals[i] == NULL || strcmp(args[i]->format, "n") == 0) { /* left out */
      continue;
    }
    wi_col col;
    WI_CHECK(wi_literal_open(&col, args[i], literals[i], err));
    status = picked_child(fn, args[0], &col, picked, n_picked, &picked[n_picked], err);
    ArrowArrayViewReset(&col.view);
    WI_CHECK(status);
    n_picked++;
  }
  WI_CHECK(wi_gather_check(fn, fn->params[0].name, args[0], false, err));
  WI_CHECK(picked_type(out, fn, args[0], picked, n_picked, err));
done:
  if (status != WEIR_OK) {
    wi_field_drop(out);
  }
  return status;
}

weir_status wi_run_struct_pick(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                               int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  struct ArrowSchema type;
  wi_valid valid;
  int64_t picked[MAX_PICKED], *numbers = NULL;
  size_t n_picked = 0;
  memset(out, 0, sizeof *out);
  memset(&type, 0, sizeof type);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, 1, err));
  WI_CHECK(wi_cols_literal(&cols, fn, n, err));
  const wi_col *col = cols.items;
  for (size_t i = 1; i < n && n_picked < MAX_PICKED; i++) {
    if (!wi_col_omitted(&cols.items[i])) {
      WI_CHECK(picked_child(fn, args[0].schema, &cols.items[i], picked, n_picked,
                            &picked[n_picked], err));
      n_picked++;
    }
  }
  WI_CHECK(wi_valid_init(&valid, col, 1, rows, err));
  WI_CHECK(picked_type(&type, fn, args[0].schema, picked, n_picked, err));
  WI_CHECK(wi_gather_init(out, &type, err));
  WI_CHECK(row_numbers(col, col->view.offset, rows, &numbers, err));
  for (size_t i = 0; i < n_picked; i++) {
    WI_CHECK(wi_gather(out->children[i], col->view.children[picked[i]], NULL, numbers,
                       rows, err));
  }
  wi_out_seal(out, rows, &valid);
  WI_CHECK(wi_out_finish(out, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  wi_free(numbers);
  wi_field_drop(&type);
  wi_valid_release(&valid);
  wi_cols_close(&cols);
  return status;
}

/* ---- semantic_tag ---- */

enum { ARG_TYPE, ARG_VALUE };

static weir_status bad_tag(const wi_fn *fn, weir_error *err) {
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, WI_HINT("write %s", fn->syntax),
                     "%s: %s is to be a literal that is not empty", fn->name,
                     fn->params[ARG_TYPE].name);
}

static weir_status set_tag(struct ArrowSchema *out, const char *metadata, wi_str tag,
                           weir_error *err) {
  struct ArrowBuffer packed;
  struct ArrowStringView value = {tag.p, (int64_t)tag.n};
  int rc = ArrowMetadataBuilderInit(&packed, metadata);
  if (rc == NANOARROW_OK) {
    rc = ArrowMetadataBuilderSet(&packed, ArrowCharView("semantic_type"), value);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetMetadata(out, (const char *)packed.data);
  }
  ArrowBufferReset(&packed);
  return wi_arrow_err(err, rc, "metadata");
}

weir_status wi_field_semantic_tag(const wi_fn *fn, size_t n,
                                  const struct ArrowSchema *const *args,
                                  const struct ArrowArray *const *literals,
                                  struct ArrowSchema *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_col col;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_args_check(fn, n, args, err));
  if (literals != NULL && literals[ARG_TYPE] == NULL) {
    WI_CHECK(bad_tag(fn, err));
  }
  WI_CHECK(wi_gather_check(fn, fn->params[ARG_VALUE].name, args[ARG_VALUE], false, err));
  WI_CHECK(wi_arrow_err(err, ArrowSchemaDeepCopy(args[ARG_VALUE], out), "field"));
  WI_CHECK(wi_arrow_err(err, ArrowSchemaSetName(out, fn->name), "field"));
  if (literals != NULL) {
    WI_CHECK(wi_literal_open(&col, args[ARG_TYPE], literals[ARG_TYPE], err));
    wi_str tag =
        wi_col_null(&col, 0) ? (wi_str){"", 0} : wi_trim_white(wi_col_text(&col, 0));
    const char *known = wi_semantic_type(tag);
    status = tag.n == 0 ? bad_tag(fn, err)
                        : set_tag(out, args[ARG_VALUE]->metadata,
                                  known != NULL ? wi_str_of(known) : tag, err);
    ArrowArrayViewReset(&col.view);
  }
done:
  if (status != WEIR_OK) {
    wi_field_drop(out);
  }
  return status;
}

weir_status wi_run_semantic_tag(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                                int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  int64_t *numbers = NULL;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, 2, err));
  WI_CHECK(wi_cols_literal(&cols, fn, n, err));
  const wi_col *value = &cols.items[ARG_VALUE];
  WI_CHECK(row_numbers(value, 0, rows, &numbers, err));
  WI_CHECK(wi_gather_init(out, args[ARG_VALUE].schema, err));
  WI_CHECK(wi_gather(out, &value->view, NULL, numbers, rows, err));
  WI_CHECK(wi_out_finish(out, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  wi_free(numbers);
  wi_cols_close(&cols);
  return status;
}
