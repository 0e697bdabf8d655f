/* Reading an Arrow stream batch by batch. */
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
