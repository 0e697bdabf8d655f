/* What callers give as streams: nothing of it is believed. Needs no engine. */
#include <errno.h>

#include "bridge/bridge.h"
#include "common/fixtures.h"
#include "common/test.h"
#include "nanoarrow/nanoarrow.h"

/* A stream that has a schema and no rows. */
static struct ArrowSchema given;

static int give_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  (void)stream;
  return given.release == NULL ? EIO : ArrowSchemaDeepCopy(&given, out);
}

/* The one that was made, with its wrong places: a deep copy would set them right. */
static int give_as_it_is(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  (void)stream;
  *out = given;
  given.release = NULL;
  return 0;
}

static int give_nothing(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  (void)stream;
  memset(out, 0, sizeof *out);
  return 0;
}

static const char *no_text(struct ArrowArrayStream *stream) {
  (void)stream;
  return NULL;
}

static void forget(struct ArrowArrayStream *stream) {
  stream->release = NULL;
}

static struct ArrowArrayStream stream_of(int (*schema)(struct ArrowArrayStream *,
                                                       struct ArrowSchema *)) {
  return (struct ArrowArrayStream){.get_schema = schema,
                                   .get_next = give_nothing,
                                   .get_last_error = no_text,
                                   .release = forget};
}

/* {a: list<int64>, b: struct<c: int64>} */
static bool make(void) {
  ArrowSchemaInit(&given);
  struct ArrowSchema *g = &given;
  return ArrowSchemaSetTypeStruct(g, 2) == NANOARROW_OK &&
         ArrowSchemaSetType(g->children[0], NANOARROW_TYPE_LIST) == NANOARROW_OK &&
         ArrowSchemaSetType(g->children[0]->children[0], NANOARROW_TYPE_INT64) ==
             NANOARROW_OK &&
         ArrowSchemaSetName(g->children[0], "a") == NANOARROW_OK &&
         ArrowSchemaSetTypeStruct(g->children[1], 1) == NANOARROW_OK &&
         ArrowSchemaSetType(g->children[1]->children[0], NANOARROW_TYPE_INT64) ==
             NANOARROW_OK &&
         ArrowSchemaSetName(g->children[1], "b") == NANOARROW_OK &&
         ArrowSchemaSetName(g->children[1]->children[0], "c") == NANOARROW_OK;
}

static bool refused(struct ArrowArrayStream *stream, const char *what) {
  struct ArrowSchema out;
  weir_error err = WEIR_ERROR_INIT;
  bool fine = wi_stream_schema(stream, &out, &err) == WEIR_E_USAGE &&
              out.release == NULL && strstr(err.message, what) != NULL;
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "not refused for '%s': %s", what, err.message);
  }
  weir_error_release(&err);
  return fine;
}

WT_TEST(streams_that_are_none_are_refused) {
  struct ArrowArrayStream s = stream_of(give_schema);
  WT_CHECK(refused(NULL, "NULL"));
  s.get_schema = NULL;
  WT_CHECK(refused(&s, "get_schema"));
  s = stream_of(give_schema);
  s.get_next = NULL;
  WT_CHECK(refused(&s, "get_next"));
  s = stream_of(give_schema);
  s.get_last_error = NULL;
  WT_CHECK(refused(&s, "get_last_error"));
  s = stream_of(give_schema);
  s.release = NULL;
  WT_CHECK(refused(&s, "released"));
}

WT_TEST(names_that_are_null_are_empty) {
  struct ArrowArrayStream s = stream_of(give_as_it_is);
  struct ArrowSchema out;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(make());
  struct ArrowSchema *fields[] = {given.children[0], given.children[0]->children[0],
                                  given.children[1]->children[0]};
  for (size_t i = 0; i < 3; i++) {
    ArrowFree((void *)(uintptr_t)fields[i]->name);
    fields[i]->name = NULL;
  }
  WT_OK(wi_stream_schema(&s, &out, &err));
  WT_EQ_STR(out.name, "");
  WT_EQ_STR(out.children[0]->name, "");
  WT_EQ_STR(out.children[0]->children[0]->name, "");
  WT_EQ_STR(out.children[1]->name, "b");
  WT_EQ_STR(out.children[1]->children[0]->name, "");
  ArrowSchemaRelease(&out);
}

WT_TEST(schemas_that_are_none_are_refused) {
  struct ArrowArrayStream s = stream_of(give_as_it_is);
  WT_CHECK(make());
  ArrowFree((void *)(uintptr_t)given.children[1]->children[0]->format);
  given.children[1]->children[0]->format = NULL;
  WT_CHECK(refused(&s, "format"));
  WT_CHECK(make());
  ArrowSchemaRelease(given.children[1]->children[0]);
  WT_CHECK(refused(&s, "released"));
  WT_CHECK(make());
  struct ArrowSchema *child = given.children[1];
  given.children[1] = NULL;
  WT_CHECK(refused(&s, "child"));
  ArrowSchemaRelease(child);
  ArrowFree(child);
  WT_CHECK(make());
  WT_EQ_INT(ArrowSchemaSetName(given.children[0], "\xff\xfe"), NANOARROW_OK);
  WT_CHECK(refused(&s, "UTF-8"));
  ArrowSchemaInit(&given);
  WT_EQ_INT(ArrowSchemaSetType(&given, NANOARROW_TYPE_INT64), NANOARROW_OK);
  WT_CHECK(refused(&s, "not columns"));
}

WT_TEST(a_schema_as_deep_as_can_be) {
  struct ArrowArrayStream s = stream_of(give_schema);
  struct ArrowSchema out;
  for (int depth = 40; depth <= 100; depth += 60) {
    weir_error err = WEIR_ERROR_INIT;
    ArrowSchemaInit(&given);
    WT_EQ_INT(ArrowSchemaSetTypeStruct(&given, 1), NANOARROW_OK);
    struct ArrowSchema *at = given.children[0];
    for (int i = 0; i < depth; i++) {
      WT_EQ_INT(ArrowSchemaSetTypeStruct(at, 1), NANOARROW_OK);
      at = at->children[0];
    }
    WT_EQ_INT(ArrowSchemaSetType(at, NANOARROW_TYPE_INT64), NANOARROW_OK);
    weir_status status = wi_stream_schema(&s, &out, &err);
    WT_EQ_INT(status, depth == 40 ? WEIR_OK : WEIR_E_TOO_LARGE);
    weir_error_release(&err);
    if (out.release != NULL) {
      ArrowSchemaRelease(&out);
    }
    ArrowSchemaRelease(&given);
  }
}

WT_TEST(a_stream_that_fails_says_so) {
  struct ArrowArrayStream s = stream_of(give_schema);
  struct ArrowSchema out;
  weir_error err = WEIR_ERROR_INIT;
  given.release = NULL;
  WT_EQ_INT(wi_stream_schema(&s, &out, &err), WEIR_E_EXECUTION);
  weir_error_release(&err);
}
