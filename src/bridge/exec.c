/* Executions: as a stream, or written as staged files. */
#include <string.h>

#include "bridge/private.h"

#define WI_ORIGIN "bridge"

weir_status wi_br_exec_new(wi_engine *engine, wb_sess *sess, const wb_plan *plan,
                           const wb_bind *bind, const wi_br_exec_options *options,
                           const wb_cancel *cancel, wb_exec **out, weir_error *err) {
  wb_exec_options o = {0};
  *out = NULL;
  if (cancel == NULL) {
    WI_TRY(wi_stop_now(&cancel, err));
  }
  o.struct_size = sizeof(o);
  o.partitions = options->partitions;
  o.batch_rows = options->batch_rows;
  o.memory_bytes = options->memory_bytes;
  o.spill_dir = wi_wb_str(options->spill_dir);
  o.spill_bytes = options->spill_bytes;
  o.no_hash_join = options->no_hash_join;
  o.gather_percent = options->gather_percent;
  o.merge_percent = options->merge_percent;
  o.sort_in_place_bytes = options->sort_in_place_bytes;
  o.sort_reserve_bytes = options->sort_reserve_bytes;
  o.cut_bytes = options->cut_bytes;
  o.wide_bytes = options->wide_bytes;
  o.top_rows = options->top_rows;
  WI_ENGINE_RETURN(engine, err, t->wb_exec_new(sess, plan, bind, &o, cancel, out, &from));
}

/* The engine's stream with errors that show no secret: a host may ask the stream itself. */
typedef struct quiet_stream {
  struct ArrowArrayStream inner;
  char *error; /* as last asked for */
} quiet_stream;

static int quiet_schema(struct ArrowArrayStream *self, struct ArrowSchema *out) {
  quiet_stream *q = self->private_data;
  return q->inner.get_schema(&q->inner, out);
}

static int quiet_next(struct ArrowArrayStream *self, struct ArrowArray *out) {
  quiet_stream *q = self->private_data;
  return q->inner.get_next(&q->inner, out);
}

static const char *quiet_error(struct ArrowArrayStream *self) {
  quiet_stream *q = self->private_data;
  const char *text = q->inner.get_last_error(&q->inner);
  wi_free(q->error);
  q->error = text != NULL ? wi_strdup(text) : NULL;
  if (q->error != NULL) {
    wi_secret_cut(q->error, strlen(q->error), false);
  }
  return q->error;
}

static void quiet_release(struct ArrowArrayStream *self) {
  quiet_stream *q = self->private_data;
  q->inner.release(&q->inner);
  wi_free(q->error);
  wi_free(q);
  self->release = NULL;
}

static weir_status quieten(struct ArrowArrayStream *stream, weir_error *err) {
  quiet_stream *q = wi_alloc(sizeof(*q));
  if (q == NULL) {
    stream->release(stream);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  q->inner = *stream;
  *stream =
      (struct ArrowArrayStream){quiet_schema, quiet_next, quiet_error, quiet_release, q};
  return WEIR_OK;
}

static weir_status open_stream(wi_engine *engine, wb_exec *exec,
                               struct ArrowArrayStream *out, weir_error *err) {
  WI_ENGINE_RETURN(engine, err, t->wb_exec_stream(exec, out, &from));
}

weir_status wi_br_exec_stream(wi_engine *engine, wb_exec *exec,
                              struct ArrowArrayStream *out, weir_error *err) {
  WI_TRY(open_stream(engine, exec, out, err));
  return wi_secret_any() ? quieten(out, err) : WEIR_OK;
}

weir_status wi_br_exec_stage(wi_engine *engine, wb_exec *exec, const wb_store *store,
                             const wi_br_stage_options *options, wi_cursor **out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  struct ArrowArrayStream stream = {0};
  wb_str *columns = NULL, *sorted = NULL;
  wb_stage_options o = {0};
  *out = NULL;
  wb_kv *metadata = wi_alloc_array(options->n_file_metadata + 1, sizeof(*metadata));
  if (metadata == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  WI_CHECK(wi_engine_use(engine, &t, err));
  WI_CHECK(wi_wb_strs(options->partition_columns, options->n_partition_columns, &columns,
                      err));
  WI_CHECK(wi_wb_strs(options->sort_columns, options->n_sort_columns, &sorted, err));
  for (size_t i = 0; i < options->n_file_metadata; i++) {
    metadata[i].key = wi_wb_str(options->file_metadata[i].key);
    metadata[i].value = wi_wb_str(options->file_metadata[i].value);
  }
  o.struct_size = sizeof(o);
  o.prefix = wi_wb_str(options->prefix);
  o.partition_columns = columns;
  o.n_partition_columns = options->n_partition_columns;
  o.sort_columns = sorted;
  o.n_sort_columns = options->n_sort_columns;
  o.target_file_bytes = options->target_file_bytes;
  o.row_group_rows = options->row_group_rows;
  o.row_group_bytes = options->row_group_bytes;
  o.bound_bytes = options->bound_bytes;
  o.part_bytes = options->part_bytes;
  o.parts_in_flight = options->parts_in_flight;
  o.compression = wi_wb_str(options->compression);
  o.compression_level = options->compression_level;
  o.file_metadata = metadata;
  o.n_file_metadata = options->n_file_metadata;
  o.abort_ms = WI_STOP_LATE_MS;
  int code = t->wb_exec_stage(exec, store, &o, &stream, &from);
  status = wi_wb_cursor(t, code, &from, &stream, out, err);
done:
  wi_free(columns);
  wi_free(sorted);
  wi_free(metadata);
  return status;
}

weir_status wi_br_exec_table_read(wi_engine *engine, const wb_exec *exec, int32_t which,
                                  wi_cursor **out, weir_error *err) {
  WI_ENGINE_RETURN_ROWS(engine, out, err,
                        t->wb_exec_table_read(exec, which, &stream, &from));
}

uint64_t wi_br_exec_peak_bytes(wi_engine *engine, const wb_exec *exec) {
  wi_cursor *rows = NULL;
  bool has = false;
  uint64_t bytes = 0;
  if (exec != NULL && wi_engine_loaded(engine) != NULL &&
      wi_br_exec_table_read(engine, exec, WB_EXEC_TOTALS, &rows, NULL) == WEIR_OK) {
    while (wi_cursor_next(rows, &has, NULL) == WEIR_OK && has) {
      if (wi_str_eq(wi_cursor_text(rows, 0), "peak_bytes")) {
        bytes = (uint64_t)wi_cursor_int(rows, 1);
      }
    }
  }
  wi_cursor_free(&rows);
  return bytes;
}

void wi_br_exec_free(wi_engine *engine, wb_exec **exec) {
  WI_ENGINE_FREE(engine, exec, wb_exec_free);
}
