/* Arrow streams row by row, for the small tables in which the engines describe things. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/private.h"
#include "nanoarrow/nanoarrow.h"

#define WI_ORIGIN "bridge"

struct wi_cursor {
  struct ArrowArrayStream stream;
  struct ArrowSchema schema;
  struct ArrowArray batch;
  struct ArrowArrayView view;
  int64_t row;
};

/* The engine's streams put "<code>\x1f<message>" into their last error. */
weir_status wi_stream_error(struct ArrowArrayStream *stream, int code, weir_error *err) {
  const char *text = NULL;
  if (stream->get_last_error != NULL) {
    text = stream->get_last_error(stream);
  }
  if (text == NULL) {
    return WI_ERR(err, WEIR_E_EXECUTION, "a stream failed with error %d (%s)", code,
                  strerror(code));
  }
  char *end = NULL;
  long number = strtol(text, &end, 10);
  if (end != text && *end == '\x1f' && number > 0 && number < 10000) {
    bool first = err != NULL && err->code == WEIR_OK;
    weir_status status = WI_ERR(err, (weir_status)number, "%s", end + 1);
    if (first) {
      wi_wb_words(err, end + 1);
    }
    return status;
  }
  return WI_ERR(err, WEIR_E_EXECUTION, "%s", text);
}

weir_status wi_cursor_open(struct ArrowArrayStream *take, wi_cursor **out,
                           weir_error *err) {
  weir_status status = WEIR_OK;
  *out = NULL;
  wi_cursor *c = wi_alloc(sizeof(*c));
  if (c == NULL) {
    take->release(take);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  c->stream = *take;
  memset(take, 0, sizeof(*take));
  int code = c->stream.get_schema(&c->stream, &c->schema);
  if (code != 0) {
    status = wi_stream_error(&c->stream, code, err);
    goto done;
  }
  if (ArrowArrayViewInitFromSchema(&c->view, &c->schema, NULL) != NANOARROW_OK) {
    status = WI_ERR(err, WEIR_E_BUG, "the engine gave a table of an unreadable type");
    goto done;
  }
  c->row = -1;
  *out = c;
  c = NULL;
done:
  wi_cursor_free(&c);
  return status;
}

static weir_status next_batch(wi_cursor *c, bool *has, weir_error *err) {
  if (c->batch.release != NULL) {
    c->batch.release(&c->batch);
  }
  memset(&c->batch, 0, sizeof(c->batch));
  *has = false;
  int code = c->stream.get_next(&c->stream, &c->batch);
  if (code != 0) {
    return wi_stream_error(&c->stream, code, err);
  }
  if (c->batch.release == NULL) {
    return WEIR_OK;
  }
  struct ArrowError why;
  if (ArrowArrayViewSetArray(&c->view, &c->batch, &why) != NANOARROW_OK) {
    return WI_ERR(err, WEIR_E_BUG, "the engine gave a malformed batch: %s", why.message);
  }
  *has = true;
  return WEIR_OK;
}

weir_status wi_cursor_next(wi_cursor *c, bool *has_row, weir_error *err) {
  *has_row = false;
  c->row++;
  while (c->batch.release == NULL || c->row >= c->batch.length) {
    bool has = false;
    WI_TRY(next_batch(c, &has, err));
    if (!has) {
      return WEIR_OK;
    }
    c->row = 0;
  }
  *has_row = true;
  return WEIR_OK;
}

bool wi_cursor_null(const wi_cursor *c, int64_t column) {
  return ArrowArrayViewIsNull(c->view.children[column], c->row);
}

wi_str wi_cursor_text(const wi_cursor *c, int64_t column) {
  struct ArrowBufferView v = {{NULL}, 0};
  if (!wi_cursor_null(c, column)) {
    v = ArrowArrayViewGetBytesUnsafe(c->view.children[column], c->row);
  }
  wi_str s = {v.data.as_char != NULL ? v.data.as_char : "", (size_t)v.size_bytes};
  return s;
}

int64_t wi_cursor_int(const wi_cursor *c, int64_t column) {
  return wi_cursor_null(c, column)
             ? 0
             : ArrowArrayViewGetIntUnsafe(c->view.children[column], c->row);
}

const struct ArrowSchema *wi_cursor_schema(const wi_cursor *c) {
  return &c->schema;
}

void wi_cursor_free(wi_cursor **cursor) {
  wi_cursor *c = *cursor;
  *cursor = NULL;
  if (c == NULL) {
    return;
  }
  ArrowArrayViewReset(&c->view);
  if (c->batch.release != NULL) {
    c->batch.release(&c->batch);
  }
  if (c->schema.release != NULL) {
    c->schema.release(&c->schema);
  }
  if (c->stream.release != NULL) {
    c->stream.release(&c->stream);
  }
  wi_free(c);
}
