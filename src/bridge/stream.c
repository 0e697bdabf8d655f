/* Streams that callers give: looked at before anything is believed of them. */
#include <string.h>

#include "bridge/private.h"
#include "nanoarrow/nanoarrow.h"

#define WI_ORIGIN "bridge"

/* As deep as any table's columns; the conversions below and in the engine call themselves. */
#define MAX_DEPTH 64

weir_status wi_stream_check(const struct ArrowArrayStream *stream, weir_error *err) {
  if (stream == NULL) {
    return WI_ERR(err, WEIR_E_USAGE, "the argument 'stream' is NULL");
  }
  if (stream->release == NULL) {
    return WI_ERR(err, WEIR_E_USAGE,
                  "the argument 'stream' was released already, or never filled");
  }
  const char *lacks = stream->get_schema == NULL       ? "get_schema"
                      : stream->get_next == NULL       ? "get_next"
                      : stream->get_last_error == NULL ? "get_last_error"
                                                       : NULL;
  return lacks == NULL
             ? WEIR_OK
             : WI_ERR(err, WEIR_E_USAGE, "the argument 'stream' has no %s", lacks);
}

typedef struct level {
  const struct ArrowSchema *field;
  int64_t next;      /* child to look at */
  const char *above; /* the column it is in */
} level;

static weir_status bad_field(const level *l, const char *what, weir_error *err) {
  return WI_ERR(err, WEIR_E_USAGE, "the stream's schema: %s%s%s%s",
                l->above != NULL ? "in column '" : "", l->above != NULL ? l->above : "",
                l->above != NULL ? "': " : "", what);
}

static weir_status check_field(const level *l, weir_error *err) {
  const struct ArrowSchema *f = l->field;
  if (f == NULL) {
    return bad_field(l, "a child is NULL", err);
  }
  if (f->release == NULL) {
    return bad_field(l, "it was released already", err);
  }
  if (f->format == NULL) {
    return bad_field(l, "a field has no format", err);
  }
  if (f->n_children < 0 || (f->n_children > 0 && f->children == NULL)) {
    return bad_field(l, "a field has no children where it counts some", err);
  }
  if (f->name != NULL && !wi_utf8_valid(f->name, strlen(f->name))) {
    return bad_field(l, "a name is not UTF-8", err);
  }
  return WEIR_OK;
}

/* Depth first; a dictionary is what comes after the last child. */
static weir_status check_schema(const struct ArrowSchema *schema, weir_error *err) {
  level stack[MAX_DEPTH + 1] = {{schema, 0, NULL}};
  size_t depth = 1;
  WI_TRY(check_field(&stack[0], err));
  if (strcmp(schema->format, "+s") != 0) {
    return WI_ERR(err, WEIR_E_USAGE, "the stream's schema is '%s', not columns",
                  schema->format);
  }
  while (depth > 0) {
    level *top = &stack[depth - 1];
    int64_t at = top->next++;
    int64_t n = top->field->n_children;
    if (at > n || (at == n && top->field->dictionary == NULL)) {
      depth--;
      continue;
    }
    if (depth > MAX_DEPTH) {
      return WI_ERR(err, WEIR_E_TOO_LARGE, "the stream's schema nests deeper than %d",
                    MAX_DEPTH);
    }
    level *below = &stack[depth++];
    below->field = at < n ? top->field->children[at] : top->field->dictionary;
    below->next = 0;
    below->above = top->above;
    WI_TRY(check_field(below, err));
    if (depth == 2) {
      below->above = below->field->name;
    }
  }
  return WEIR_OK;
}

/* NULL and "" are one name in Arrow; nobody behind this has to know. */
static int fill_names(struct ArrowSchema *schema) {
  struct ArrowSchema *stack[MAX_DEPTH + 1] = {schema};
  int64_t next[MAX_DEPTH + 1] = {0};
  size_t depth = 1;
  while (depth > 0) {
    struct ArrowSchema *top = stack[depth - 1];
    if (next[depth - 1] == 0 && top->name == NULL) {
      NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(top, ""));
    }
    int64_t at = next[depth - 1]++;
    bool dictionary = at == top->n_children && top->dictionary != NULL;
    if (at >= top->n_children && !dictionary) {
      depth--;
      continue;
    }
    stack[depth] = dictionary ? top->dictionary : top->children[at];
    next[depth++] = 0;
  }
  return NANOARROW_OK;
}

weir_status wi_stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema given = {0};
  memset(out, 0, sizeof(*out));
  WI_TRY(wi_stream_check(stream, err));
  int code = stream->get_schema(stream, &given);
  if (code != 0) {
    return wi_stream_error(stream, code, err);
  }
  WI_CHECK(check_schema(&given, err));
  if (ArrowSchemaDeepCopy(&given, out) != NANOARROW_OK ||
      fill_names(out) != NANOARROW_OK) {
    status = wi_err_nomem(err, WI_ORIGIN);
  }
done:
  if (given.release != NULL) {
    given.release(&given);
  }
  if (status != WEIR_OK && out->release != NULL) {
    out->release(out);
  }
  return status;
}
