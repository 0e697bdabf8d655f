/* Spans: struct values of two offsets and how to read them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "udf/kernel.h"

#define WI_ORIGIN "udf"

enum { BSTART, BEND, LINE_BASE, COL_UNIT, END_EXCLUSIVE, N_FIELDS };

static const struct {
  const char *name;
  enum ArrowType type;
} span_fields[N_FIELDS] = {
    {"bstart", NANOARROW_TYPE_INT64},       {"bend", NANOARROW_TYPE_INT64},
    {"line_base", NANOARROW_TYPE_INT32},    {"col_unit", NANOARROW_TYPE_STRING},
    {"end_exclusive", NANOARROW_TYPE_BOOL},
};

/* ---- span_make: field ---- */

typedef struct span_texts { /* what the metadata says */
  const char *line_base, *col_unit, *end_exclusive;
  char number[16];
} span_texts;

/* A literal as metadata text; *text stays as it is (the default) when it is null and has
 * a default, and becomes NULL when nothing is known. */
static weir_status literal_text(size_t field, const struct ArrowSchema *schema,
                                const struct ArrowArray *literal, wi_arena *arena,
                                span_texts *texts, weir_error *err) {
  wi_col col;
  WI_TRY(wi_literal_open(&col, schema, literal, err));
  bool null = literal->length < 1 || wi_col_null(&col, 0);
  if (field == LINE_BASE) {
    texts->line_base = null ? NULL : texts->number;
    snprintf(texts->number, sizeof texts->number, "%" PRId64,
             null ? 0 : wi_col_int(&col, 0));
  } else if (field == COL_UNIT && !null) {
    wi_str unit = wi_col_text(&col, 0);
    texts->col_unit = wi_arena_ndup(arena, unit.p, unit.n);
  } else if (field == END_EXCLUSIVE && !null) {
    texts->end_exclusive = wi_col_int(&col, 0) != 0 ? "true" : "false";
  }
  ArrowArrayViewReset(&col.view);
  return WEIR_OK;
}

static weir_status span_metadata(struct ArrowSchema *out, const wi_fn *fn, size_t n,
                                 const struct ArrowSchema *const *args,
                                 const struct ArrowArray *const *literals,
                                 wi_arena *arena, weir_error *err) {
  const wi_fn_config *config = wi_fn_config_of(fn);
  char base[16];
  span_texts texts = {base, config->span_default_col_unit,
                      config->span_default_end_exclusive ? "true" : "false", ""};
  snprintf(base, sizeof base, "%" PRId32, config->span_default_line_base);
  for (size_t i = LINE_BASE; i < n; i++) {
    if (strcmp(args[i]->format, "n") == 0) {
      continue;
    }
    if (literals != NULL && literals[i] != NULL) {
      WI_TRY(literal_text(i, args[i], literals[i], arena, &texts, err));
    } else if (i == LINE_BASE) { /* it differs from row to row */
      texts.line_base = NULL;
    } else if (i == COL_UNIT) {
      texts.col_unit = NULL;
    } else {
      texts.end_exclusive = NULL;
    }
  }
  const wi_pair pairs[] = {{"semantic_type", "Span"},
                           {"line_base", texts.line_base},
                           {"col_unit", texts.col_unit},
                           {"end_exclusive", texts.end_exclusive}};
  return wi_field_metadata(out, pairs, 4, err);
}

static weir_status span_type(struct ArrowSchema *out, const wi_fn *fn, weir_error *err) {
  WI_TRY(wi_field_init(out, fn, NANOARROW_TYPE_STRUCT, false, err));
  int rc = ArrowSchemaAllocateChildren(out, N_FIELDS);
  for (int64_t i = 0; i < N_FIELDS && rc == NANOARROW_OK; i++) {
    rc = ArrowSchemaInitFromType(out->children[i], span_fields[i].type);
    if (rc == NANOARROW_OK) {
      rc = ArrowSchemaSetName(out->children[i], span_fields[i].name);
    }
  }
  return wi_arrow_err(err, rc, "span type");
}

weir_status wi_field_span_make(const wi_fn *fn, size_t n,
                               const struct ArrowSchema *const *args,
                               const struct ArrowArray *const *literals,
                               struct ArrowSchema *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_arena arena = WI_ARENA_INIT;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_args_check(fn, n, args, err));
  WI_CHECK(span_type(out, fn, err));
  for (size_t i = 0; i < n; i++) {
    bool omitted = i >= LINE_BASE && strcmp(args[i]->format, "n") == 0;
    if (!omitted && wi_arg_nullable(args[i])) {
      out->flags |= ARROW_FLAG_NULLABLE;
    }
  }
  if (ArrowMetadataSizeOf(args[0]->metadata) > (int64_t)sizeof(int32_t)) {
    WI_CHECK(
        wi_arrow_err(err, ArrowSchemaSetMetadata(out, args[0]->metadata), "metadata"));
  } else {
    WI_CHECK(span_metadata(out, fn, n, args, literals, &arena, err));
  }
done:
  wi_arena_release(&arena);
  if (status != WEIR_OK) {
    wi_field_drop(out);
  }
  return status;
}

/* ---- span_make: kernel ---- */

/* A column of numbers with its nulls; an omitted line_base is the default. */
static weir_status child_numbers(struct ArrowArray *out, const wi_fn *fn,
                                 const wi_col *col, size_t field, int64_t rows,
                                 weir_error *err) {
  wi_valid valid;
  void *data = NULL;
  wi_valid_none(&valid);
  bool wide = field != LINE_BASE, omitted = field == LINE_BASE && wi_col_omitted(col);
  if (!omitted) {
    WI_TRY(wi_valid_init(&valid, col, 1, rows, err));
  }
  weir_status status =
      wi_out_fixed(out, span_fields[field].type, rows * (wide ? 8 : 4), &data, err);
  int64_t *longs = wide ? data : NULL;
  int32_t *ints = wide ? NULL : data;
  for (int64_t i = 0; i < rows && status == WEIR_OK; i++) {
    if (!wi_valid_at(&valid, i)) {
      continue;
    }
    if (wide) {
      longs[i] = wi_col_int(col, i);
    } else {
      ints[i] = omitted ? wi_fn_config_of(fn)->span_default_line_base
                        : (int32_t)wi_col_int(col, i);
    }
  }
  if (status == WEIR_OK) {
    wi_out_seal(out, rows, &valid);
  }
  wi_valid_release(&valid);
  return status;
}

static wi_str unit_at(const wi_fn *fn, const wi_col *col, int64_t row) {
  return wi_col_null(col, row) ? wi_str_of(wi_fn_config_of(fn)->span_default_col_unit)
                               : wi_col_text(col, row);
}

static weir_status child_units(struct ArrowArray *out, const wi_fn *fn, const wi_col *col,
                               int64_t rows, weir_error *err) {
  wi_text_out text;
  int64_t bytes = 0;
  for (int64_t i = 0; i < rows; i++) {
    if (__builtin_add_overflow(bytes, (int64_t)unit_at(fn, col, i).n, &bytes)) {
      bytes = INT64_MAX;
      break;
    }
  }
  WI_TRY(wi_out_text(out, fn->name, rows, bytes, &text, err));
  size_t at = 0;
  for (int64_t i = 0; i < rows; i++) {
    wi_str unit = unit_at(fn, col, i);
    if (unit.n > 0) {
      memcpy(text.data + at, unit.p, unit.n);
    }
    at += unit.n;
    text.offsets[i + 1] = (int32_t)at;
  }
  wi_out_seal(out, rows, NULL);
  return WEIR_OK;
}

static weir_status child_flags(struct ArrowArray *out, const wi_fn *fn, const wi_col *col,
                               int64_t rows, weir_error *err) {
  void *data = NULL;
  bool absent = wi_fn_config_of(fn)->span_default_end_exclusive;
  WI_TRY(wi_out_fixed(out, NANOARROW_TYPE_BOOL, (rows + 7) / 8, &data, err));
  for (int64_t i = 0; i < rows; i++) {
    ArrowBitSetTo(data, i, wi_col_null(col, i) ? absent : wi_col_int(col, i) != 0);
  }
  wi_out_seal(out, rows, NULL);
  return WEIR_OK;
}

weir_status wi_run_span_make(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                             int64_t rows, struct ArrowArray *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, N_FIELDS, err));
  WI_CHECK(
      wi_arrow_err(err, ArrowArrayInitFromType(out, NANOARROW_TYPE_STRUCT), "result"));
  WI_CHECK(wi_arrow_err(err, ArrowArrayAllocateChildren(out, N_FIELDS), "result"));
  for (size_t i = BSTART; i <= LINE_BASE; i++) {
    WI_CHECK(child_numbers(out->children[i], fn, &cols.items[i], i, rows, err));
  }
  WI_CHECK(child_units(out->children[COL_UNIT], fn, &cols.items[COL_UNIT], rows, err));
  WI_CHECK(child_flags(out->children[END_EXCLUSIVE], fn, &cols.items[END_EXCLUSIVE], rows,
                       err));
  wi_out_seal(out, rows, NULL);
  WI_CHECK(wi_out_finish(out, err));
done:
  wi_cols_close(&cols);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

/* ---- reading spans ---- */

typedef struct span_in {
  const wi_col *col;
  const struct ArrowArrayView *bstart, *bend;
  const struct ArrowArrayView *exclusive; /* NULL: every span is exclusive */
} span_in;

static bool is_offset_type(enum ArrowType type) {
  int t = (int)type;
  return t == NANOARROW_TYPE_NA || t == NANOARROW_TYPE_INT64 ||
         t == NANOARROW_TYPE_INT32 || t == NANOARROW_TYPE_INT16 ||
         t == NANOARROW_TYPE_INT8 || t == NANOARROW_TYPE_UINT32 ||
         t == NANOARROW_TYPE_UINT16 || t == NANOARROW_TYPE_UINT8;
}

/* The index of the last field of this name, -1 if there is none. */
static int64_t field_index(const struct ArrowSchema *schema, const char *name) {
  int64_t at = -1;
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (schema->children[i]->name != NULL &&
        strcmp(schema->children[i]->name, name) == 0) {
      at = i;
    }
  }
  return at;
}

static weir_status span_field_check(const wi_fn *fn, size_t arg,
                                    const struct ArrowSchema *schema, size_t field,
                                    weir_error *err) {
  struct ArrowSchemaView view;
  const char *name = span_fields[field].name;
  int64_t at = field_index(schema, name);
  weir_status status = WEIR_OK;
  if (at < 0) {
    if (field == END_EXCLUSIVE) {
      return WEIR_OK;
    }
    status = WI_ERR(err, WEIR_E_SQL_PLAN, "%s: %s has no field %s, so it is not a span",
                    fn->name, fn->params[arg].name, name);
  } else if (ArrowSchemaViewInit(&view, schema->children[at], NULL) != NANOARROW_OK ||
             (field == END_EXCLUSIVE
                  ? view.type != NANOARROW_TYPE_BOOL && view.type != NANOARROW_TYPE_NA
                  : !is_offset_type(view.type))) {
    char text[160];
    wi_type_text(schema->children[at], text);
    status =
        WI_ERR(err, WEIR_E_SQL_PLAN, "%s: the field %s of %s is %s, where a span has %s",
               fn->name, name, fn->params[arg].name, text,
               field == END_EXCLUSIVE ? "a boolean" : "an integer");
  }
  wi_err_hint(err, "make spans with span_make(bstart, bend)");
  return status;
}

static weir_status span_check(const wi_fn *fn, size_t arg,
                              const struct ArrowSchema *schema, weir_error *err) {
  if (strcmp(schema->format, "n") == 0) {
    return WEIR_OK;
  }
  WI_TRY(span_field_check(fn, arg, schema, BSTART, err));
  WI_TRY(span_field_check(fn, arg, schema, BEND, err));
  return span_field_check(fn, arg, schema, END_EXCLUSIVE, err);
}

static weir_status span_open(span_in *in, const wi_fn *fn, size_t arg, const wi_col *col,
                             const struct ArrowSchema *schema, weir_error *err) {
  *in = (span_in){.col = col};
  WI_TRY(span_check(fn, arg, schema, err));
  if (col->type != NANOARROW_TYPE_NA) {
    int64_t exclusive = field_index(schema, "end_exclusive");
    in->bstart = col->view.children[field_index(schema, "bstart")];
    in->bend = col->view.children[field_index(schema, "bend")];
    in->exclusive = exclusive < 0 ? NULL : col->view.children[exclusive];
  }
  return WEIR_OK;
}

typedef struct span {
  int64_t start, end; /* as stored */
  bool inclusive;
} span;

/* false: the span, or an offset of it, is null. */
static bool span_at(const span_in *in, int64_t row, span *out) {
  if (wi_col_null(in->col, row)) {
    return false;
  }
  int64_t at = in->col->view.offset + row * in->col->step;
  if (ArrowArrayViewIsNull(in->bstart, at) || ArrowArrayViewIsNull(in->bend, at)) {
    return false;
  }
  out->start = ArrowArrayViewGetIntUnsafe(in->bstart, at);
  out->end = ArrowArrayViewGetIntUnsafe(in->bend, at);
  out->inclusive = in->exclusive != NULL && !ArrowArrayViewIsNull(in->exclusive, at) &&
                   ArrowArrayViewGetIntUnsafe(in->exclusive, at) == 0;
  return true;
}

static int64_t span_end(const span *s) {
  return s->inclusive && s->end < INT64_MAX ? s->end + 1 : s->end;
}

/* ---- span_len, span_overlaps, span_contains ---- */

weir_status wi_field_span_len(const wi_fn *fn, size_t n,
                              const struct ArrowSchema *const *args,
                              const struct ArrowArray *const *literals,
                              struct ArrowSchema *out, weir_error *err) {
  (void)literals;
  memset(out, 0, sizeof *out);
  WI_TRY(wi_args_check(fn, n, args, err));
  WI_TRY(span_check(fn, 0, args[0], err));
  return wi_field_init(out, fn, NANOARROW_TYPE_INT64, true, err);
}

weir_status wi_field_span_test(const wi_fn *fn, size_t n,
                               const struct ArrowSchema *const *args,
                               const struct ArrowArray *const *literals,
                               struct ArrowSchema *out, weir_error *err) {
  (void)literals;
  memset(out, 0, sizeof *out);
  WI_TRY(wi_args_check(fn, n, args, err));
  for (size_t i = 0; i < 2; i++) {
    WI_TRY(span_check(fn, i, args[i], err));
  }
  return wi_field_init(out, fn, NANOARROW_TYPE_BOOL, true, err);
}

typedef bool span_test(const span *a, const span *b);

static bool overlaps(const span *a, const span *b) {
  return a->start < span_end(b) && b->start < span_end(a);
}

static bool contains(const span *a, const span *b) {
  return a->start <= b->start && span_end(b) <= span_end(a);
}

/* Sets the result of one row; the row is not null. */
static weir_status span_row(const wi_fn *fn, const span *s, span_test *test, void *data,
                            int64_t row, weir_error *err) {
  if (test != NULL) {
    ArrowBitSetTo(data, row, test(&s[0], &s[1]));
    return WEIR_OK;
  }
  int64_t *lengths = data;
  int64_t length;
  bool over = __builtin_sub_overflow(s->end, s->start, &length);
  /* An inclusive span's one more may bring a difference back into range. */
  if (s->inclusive) {
    over = s->end < INT64_MAX
               ? __builtin_sub_overflow(s->end + 1, s->start, &length)
               : s->start <= 0 || __builtin_sub_overflow(s->end, s->start - 1, &length);
  }
  if (over) {
    return WI_ERR(err, WEIR_E_EXECUTION,
                  "%s: the length of the span [%" PRId64 ", %" PRId64
                  "] does not fit 64 bits",
                  fn->name, s->start, s->end);
  }
  lengths[row] = length;
  return WEIR_OK;
}

/* test NULL: lengths of the first span; else a test of both. */
static weir_status run_spans(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                             span_test *test, int64_t rows, struct ArrowArray *out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cols cols = WI_COLS_INIT;
  wi_valid valid;
  span_in in[2];
  void *data = NULL;
  size_t used = test == NULL ? 1 : 2;
  memset(out, 0, sizeof *out);
  wi_valid_none(&valid);
  WI_CHECK(wi_cols_open(&cols, fn, n, args, rows, used, err));
  for (size_t k = 0; k < used; k++) {
    WI_CHECK(span_open(&in[k], fn, k, &cols.items[k], args[k].schema, err));
  }
  WI_CHECK(wi_out_fixed(out, test == NULL ? NANOARROW_TYPE_INT64 : NANOARROW_TYPE_BOOL,
                        test == NULL ? rows * 8 : (rows + 7) / 8, &data, err));
  WI_CHECK(wi_arrow_err(err, ArrowBitmapResize(&valid.bitmap, rows, 0), "validity"));
  for (int64_t i = 0; i < rows; i++) {
    span s[2] = {{0, 0, false}, {0, 0, false}};
    bool known = span_at(&in[0], i, &s[0]) && (test == NULL || span_at(&in[1], i, &s[1]));
    ArrowBitSetTo(valid.bitmap.buffer.data, i, known);
    valid.nulls += known ? 0 : 1;
    if (known) {
      WI_CHECK(span_row(fn, s, test, data, i, err));
    }
  }
  wi_out_seal(out, rows, &valid);
  WI_CHECK(wi_out_finish(out, err));
done:
  wi_valid_release(&valid);
  wi_cols_close(&cols);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

weir_status wi_run_span_len(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                            int64_t rows, struct ArrowArray *out, weir_error *err) {
  return run_spans(fn, n, args, NULL, rows, out, err);
}

weir_status wi_run_span_overlaps(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                                 int64_t rows, struct ArrowArray *out, weir_error *err) {
  return run_spans(fn, n, args, overlaps, rows, out, err);
}

weir_status wi_run_span_contains(const wi_fn *fn, size_t n, const wi_fn_arg *args,
                                 int64_t rows, struct ArrowArray *out, weir_error *err) {
  return run_spans(fn, n, args, contains, rows, out, err);
}

/* ---- span_id ---- */

enum { ID_KIND = 4 };

weir_status wi_field_span_id(const wi_fn *fn, size_t n,
                             const struct ArrowSchema *const *args,
                             const struct ArrowArray *const *literals,
                             struct ArrowSchema *out, weir_error *err) {
  memset(out, 0, sizeof *out);
  WI_TRY(wi_args_check(fn, n, args, err));
  return wi_id_field(out, fn, wi_arg_nullable(args[0]), args, literals, err);
}

weir_status wi_run_span_id(const wi_fn *fn, size_t n, const wi_fn_arg *args, int64_t rows,
                           struct ArrowArray *out, weir_error *err) {
  wi_cols cols;
  memset(out, 0, sizeof *out);
  WI_TRY(wi_cols_open(&cols, fn, n, args, rows, 1, err));
  size_t used = n > ID_KIND && wi_col_omitted(&cols.items[ID_KIND]) ? ID_KIND : n;
  weir_status status = wi_parts_run(fn, args, &cols, used, WI_ID_HEX, rows, out, err);
  wi_cols_close(&cols);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}
