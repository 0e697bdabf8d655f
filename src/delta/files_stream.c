/* The stream of files that a binding is given: the log is read when somebody asks the stream. After
 * a failure it may be asked again, and then reads again: what stopped one execution does not stop
 * the next. */
#include <errno.h>
#include <string.h>

#include "delta/files.h"

#define WI_ORIGIN "delta"

typedef struct lazy {
  wi_snap *snap;
  wi_files *files; /* of no snapshot; else NULL */
  bool given;
  wi_buf said; /* of the last failure: code, 0x1f, message */
} lazy;

static int fail(lazy *l, weir_status status, weir_error *err) {
  wi_buf_clear(&l->said);
  wi_buf_fmt(&l->said, "%d\x1f%s", (int)status, err->message);
  weir_error_release(err);
  return status == WEIR_E_CANCELLED   ? ECANCELED
         : status == WEIR_E_NO_MEMORY ? ENOMEM
                                      : EIO;
}

static int read_files(lazy *l, wi_files **out) {
  weir_error err = WEIR_ERROR_INIT;
  if (l->files != NULL) {
    *out = wi_files_ref(l->files);
    return 0;
  }
  weir_status status = wi_snap_files(l->snap, out, &err);
  return status == WEIR_OK ? 0 : fail(l, status, &err);
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  lazy *l = stream->private_data;
  wi_files *files = NULL;
  memset(out, 0, sizeof *out);
  int code = read_files(l, &files);
  code = code == 0 ? wi_files_schema(files, out) : code;
  wi_files_unref(&files);
  return code;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  lazy *l = stream->private_data;
  wi_files *files = NULL;
  memset(out, 0, sizeof *out);
  if (l->given) {
    return 0;
  }
  int code = read_files(l, &files);
  code = code == 0 ? wi_files_array(files, out) : code;
  l->given = code == 0;
  wi_files_unref(&files);
  return code;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
  const lazy *l = stream->private_data;
  return l->said.n > 0 ? l->said.p : NULL;
}

static void release(struct ArrowArrayStream *stream) {
  lazy *l = stream->private_data;
  stream->release = NULL;
  wi_snap_unref(&l->snap);
  wi_files_unref(&l->files);
  wi_buf_release(&l->said);
  wi_free(l);
}

static weir_status make(wi_snap *snap, wi_files *files, struct ArrowArrayStream *out,
                        weir_error *err) {
  lazy *l = wi_alloc(sizeof *l);
  memset(out, 0, sizeof *out);
  if (l == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  l->snap = wi_snap_ref(snap);
  l->files = wi_files_ref(files);
  *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release, l};
  return WEIR_OK;
}

weir_status wi_files_stream(wi_snap *snap, struct ArrowArrayStream *out,
                            weir_error *err) {
  return make(snap, NULL, out, err);
}

weir_status wi_files_stream_of(wi_files *files, struct ArrowArrayStream *out,
                               weir_error *err) {
  return make(NULL, files, out, err);
}
