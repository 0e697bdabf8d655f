/* Reading an Arrow stream batch by batch. */
#include <stdio.h>
#include <string.h>

#include "render.h"

static weir_status bad_batch(const struct ArrowError *why, weir_error *err) {
  return wi_cli_error(err, WEIR_E_BUG,
                      "the engine gave rows that break its own schema: %s", why->message);
}

weir_status wi_cli_rows_open(wi_cli_rows *r, struct ArrowArrayStream *stream,
                             weir_error *err) {
  struct ArrowSchema schema = {0};
  struct ArrowError why = {{0}};
  *r = (wi_cli_rows){.stream = stream};
  ArrowArrayViewInitFromType(&r->view, NANOARROW_TYPE_UNINITIALIZED);
  weir_status status = WEIR_OK;
  int code = stream->get_schema(stream, &schema);
  if (code != 0) {
    return weir_stream_error(stream, code, err);
  }
  status = wi_cli_field_init(&r->row, &schema, err);
  if (status == WEIR_OK &&
      ArrowArrayViewInitFromSchema(&r->view, &schema, &why) != NANOARROW_OK) {
    status = bad_batch(&why, err);
  }
  schema.release(&schema);
  return status;
}

weir_status wi_cli_rows_next(wi_cli_rows *r, weir_error *err) {
  struct ArrowError why = {{0}};
  do {
    if (r->batch.release != NULL) {
      r->batch.release(&r->batch);
    }
    r->batch = (struct ArrowArray){0};
    r->n = 0;
    int code = r->stream->get_next(r->stream, &r->batch);
    if (code != 0) {
      return weir_stream_error(r->stream, code, err);
    }
  } while (r->batch.release != NULL && r->batch.length == 0);
  if (r->batch.release == NULL) {
    return WEIR_OK;
  }
  if (ArrowArrayViewSetArray(&r->view, &r->batch, &why) != NANOARROW_OK) {
    return bad_batch(&why, err);
  }
  r->n = r->batch.length;
  return WEIR_OK;
}

void wi_cli_rows_release(wi_cli_rows *r) {
  if (r->batch.release != NULL) {
    r->batch.release(&r->batch);
  }
  ArrowArrayViewReset(&r->view);
  wi_cli_field_release(&r->row);
  *r = (wi_cli_rows){0};
}

bool wi_cli_rows_is_null(const wi_cli_rows *r, size_t column, int64_t i) {
  return wi_cli_value_is_null(&r->row.children[column], r->view.children[column],
                              r->view.offset + i);
}

void wi_cli_rows_cell(wi_cli_buf *b, const wi_cli_rows *r, size_t column, int64_t i,
                      wi_cli_value_form form) {
  wi_cli_value_add(b, &r->row.children[column], r->view.children[column],
                   r->view.offset + i, form);
}

weir_status wi_cli_rows_print(wi_cli_screen *s, struct ArrowArrayStream *stream,
                              wi_cli_format format, weir_error *err) {
  wi_cli_rows rows;
  weir_status status = wi_cli_rows_open(&rows, stream, err);
  if (status == WEIR_OK) {
    status = format == WI_CLI_FORMAT_JSON  ? wi_cli_render_json(s, &rows, err)
             : format == WI_CLI_FORMAT_CSV ? wi_cli_render_csv(s, &rows, err)
                                           : wi_cli_render_table(s, &rows, err);
  }
  wi_cli_rows_release(&rows);
  return status;
}

/* ---- by name ---- */

static size_t column_of(const wi_cli_rows *r, const char *name) {
  size_t k = 0;
  while (k < r->row.n_children && strcmp(r->row.children[k].name, name) != 0) {
    k++;
  }
  return k;
}

bool wi_cli_rows_has(const wi_cli_rows *r, const char *name, int64_t i) {
  size_t k = column_of(r, name);
  return k < r->row.n_children && !wi_cli_rows_is_null(r, k, i);
}

int64_t wi_cli_rows_int(const wi_cli_rows *r, const char *name, int64_t i) {
  return wi_cli_rows_has(r, name, i)
             ? ArrowArrayViewGetIntUnsafe(r->view.children[column_of(r, name)],
                                          r->view.offset + i)
             : 0;
}

const char *wi_cli_rows_text(const wi_cli_rows *r, const char *name, int64_t i,
                             wi_cli_buf *b) {
  wi_cli_buf_clear(b);
  if (wi_cli_rows_has(r, name, i)) {
    wi_cli_rows_cell(b, r, column_of(r, name), i, WI_CLI_VALUE_PLAIN);
  }
  return wi_cli_buf_text(b);
}

bool wi_cli_rows_is(const wi_cli_rows *r, const char *name, int64_t i, const char *text) {
  wi_cli_buf b = WI_CLI_BUF_INIT;
  bool same = strcmp(wi_cli_rows_text(r, name, i, &b), text) == 0;
  wi_cli_buf_release(&b);
  return same;
}

/* The items of a list in its child: from, to. */
static void items_of(const struct ArrowArrayView *list, int64_t at, int64_t *from,
                     int64_t *to) {
  *from = ArrowArrayViewListChildOffset(list, list->offset + at);
  *to = ArrowArrayViewListChildOffset(list, list->offset + at + 1);
}

static void join(wi_cli_buf *b, const wi_cli_field *f, const struct ArrowArrayView *list,
                 int64_t at) {
  int64_t from = 0, to = 0;
  items_of(list, at, &from, &to);
  for (int64_t item = from; item < to; item++) {
    wi_cli_buf_str(b, item > from ? ", " : "");
    wi_cli_value_add(b, &f->children[0], list->children[0], item, WI_CLI_VALUE_PLAIN);
  }
}

const char *wi_cli_rows_joined(const wi_cli_rows *r, const char *name, int64_t i,
                               wi_cli_buf *b) {
  size_t k = column_of(r, name);
  wi_cli_buf_clear(b);
  if (wi_cli_rows_has(r, name, i)) {
    join(b, &r->row.children[k], r->view.children[k], r->view.offset + i);
  }
  return wi_cli_buf_text(b);
}

int64_t wi_cli_rows_count(const wi_cli_rows *r, const char *name, int64_t i) {
  int64_t from = 0, to = 0;
  if (wi_cli_rows_has(r, name, i)) {
    items_of(r->view.children[column_of(r, name)], r->view.offset + i, &from, &to);
  }
  return to - from;
}

const char *wi_cli_rows_item(const wi_cli_rows *r, const char *name, int64_t i,
                             int64_t item, const char *member, wi_cli_buf *b) {
  size_t k = column_of(r, name), m = 0;
  const wi_cli_field *of = &r->row.children[k].children[0];
  const struct ArrowArrayView *list = r->view.children[k], *view = list->children[0];
  int64_t from = 0, to = 0;
  wi_cli_buf_clear(b);
  items_of(list, r->view.offset + i, &from, &to);
  while (m < of->n_children && strcmp(of->children[m].name, member) != 0) {
    m++;
  }
  int64_t at = view->offset + from + item;
  if (m < of->n_children && !ArrowArrayViewIsNull(view->children[m], at)) {
    if (of->children[m].type == NANOARROW_TYPE_LIST) {
      join(b, &of->children[m], view->children[m], at);
    } else {
      wi_cli_value_add(b, &of->children[m], view->children[m], at, WI_CLI_VALUE_PLAIN);
    }
  }
  return wi_cli_buf_text(b);
}

void wi_cli_rows_members(wi_cli_buf *b, const wi_cli_rows *r, int64_t i) {
  for (size_t k = 0; k < r->row.n_children; k++) {
    wi_cli_buf_str(b, k > 0 ? "," : "");
    wi_cli_buf_add(b, r->row.children[k].key.p, r->row.children[k].key.n);
    wi_cli_rows_cell(b, r, k, i, WI_CLI_VALUE_JSON);
  }
}

bool wi_cli_rows_error(const wi_cli_rows *r, int64_t i, weir_error *err,
                       wi_cli_buf *detail) {
  wi_cli_buf b = WI_CLI_BUF_INIT;
  *err = (weir_error)WEIR_ERROR_INIT;
  err->code = (weir_status)wi_cli_rows_int(r, "number", i);
  err->line = (uint32_t)wi_cli_rows_int(r, "line", i);
  err->column = (uint32_t)wi_cli_rows_int(r, "column", i);
  snprintf(err->message, sizeof err->message, "%s",
           wi_cli_rows_text(r, "message", i, &b));
  snprintf(err->file, sizeof err->file, "%s", wi_cli_rows_text(r, "file", i, &b));
  snprintf(err->hint, sizeof err->hint, "%s", wi_cli_rows_text(r, "hint", i, &b));
  wi_cli_rows_text(r, "detail", i, detail);
  err->detail = wi_cli_rows_has(r, "detail", i) ? detail->p : NULL;
  wi_cli_buf_release(&b);
  return err->code != WEIR_OK;
}

weir_status wi_cli_rows_each(struct ArrowArrayStream *take, wi_cli_row_fn row, void *ctx,
                             weir_error *err) {
  wi_cli_rows rows;
  weir_status status = wi_cli_rows_open(&rows, take, err);
  while (status == WEIR_OK) {
    status = wi_cli_rows_next(&rows, err);
    if (status != WEIR_OK || rows.n == 0) {
      break;
    }
    for (int64_t i = 0; i < rows.n; i++) {
      row(ctx, &rows, i);
    }
  }
  wi_cli_rows_release(&rows);
  take->release(take);
  return status;
}
