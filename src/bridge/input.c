/* Declared inputs and what they are bound to for one execution. */
#include "bridge/private.h"

#define WI_ORIGIN "bridge"

weir_status wi_br_declare(wi_engine *engine, wb_sess *sess, const char *schema,
                          const char *table, struct ArrowSchema *take, weir_error *err) {
  WI_ENGINE_RETURN(
      engine, err,
      t->wb_input_declare(sess, wi_wb_str(schema), wi_wb_str(table), take, &from));
}

weir_status wi_br_undeclare(wi_engine *engine, wb_sess *sess, const char *schema,
                            const char *table, weir_error *err) {
  WI_ENGINE_RETURN(engine, err,
                   t->wb_input_remove(sess, wi_wb_str(schema), wi_wb_str(table), &from));
}

weir_status wi_br_bind_new(wi_engine *engine, wb_bind **out, weir_error *err) {
  *out = NULL;
  WI_ENGINE_RETURN(engine, err, t->wb_bind_new(out, &from));
}

weir_status wi_br_bind_delta(wi_engine *engine, wb_bind *bind, const char *schema,
                             const char *table, const wb_snap *snap,
                             const char *const *files, size_t n_files, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  wb_str *paths = NULL;
  static const wb_str none = {"", 0};
  WI_CHECK(wi_engine_use(engine, &t, err));
  if (files != NULL) {
    WI_CHECK(wi_wb_strs(files, n_files, &paths, err));
  }
  const wb_str *given = files == NULL ? NULL : paths != NULL ? paths : &none;
  int code = t->wb_bind_delta(bind, wi_wb_str(schema), wi_wb_str(table), snap, given,
                              n_files, &from);
  status = wi_wb_status(t, code, &from, err);
done:
  wi_free(paths);
  return status;
}

weir_status wi_br_bind_table(wi_engine *engine, wb_bind *bind, const char *schema,
                             const char *name, const wi_br_table *table,
                             weir_error *err) {
  wb_table given = {.struct_size = sizeof given,
                    .snap = table->snap,
                    .store = table->store,
                    .columns = table->columns,
                    .files = table->files};
  WI_ENGINE_RETURN(
      engine, err,
      t->wb_bind_table(bind, wi_wb_str(schema), wi_wb_str(name), &given, &from));
}

/* One file's partition values, in two arrays behind each other. */
static weir_status file_to_wb(const wi_br_file *file, size_t n_columns, wb_str *values,
                              bool *nulls, wb_file *out) {
  for (size_t c = 0; c < n_columns; c++) {
    nulls[c] = file->partition_values[c] == NULL;
    values[c] = wi_wb_str(file->partition_values[c]);
  }
  out->path = wi_wb_str(file->path);
  out->size = file->size;
  out->partition_values = values;
  out->partition_nulls = nulls;
  return WEIR_OK;
}

weir_status wi_br_bind_files(wi_engine *engine, wb_bind *bind, const char *schema,
                             const char *table, const wb_store *store,
                             const char *const *partition_columns,
                             size_t n_partition_columns, const wi_br_file *files,
                             size_t n_files, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  wb_str *columns = NULL;
  size_t cells = n_files * n_partition_columns;
  wb_file *rows = wi_alloc_array(n_files + 1, sizeof(*rows));
  wb_str *values = wi_alloc_array(cells + 1, sizeof(*values));
  bool *nulls = wi_alloc_array(cells + 1, sizeof(*nulls));
  if (rows == NULL || values == NULL || nulls == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(wi_engine_use(engine, &t, err));
  WI_CHECK(wi_wb_strs(partition_columns, n_partition_columns, &columns, err));
  for (size_t i = 0; i < n_files; i++) {
    size_t at = i * n_partition_columns;
    WI_CHECK(
        file_to_wb(&files[i], n_partition_columns, values + at, nulls + at, &rows[i]));
  }
  int code = t->wb_bind_files(bind, wi_wb_str(schema), wi_wb_str(table), store, columns,
                              n_partition_columns, rows, n_files, &from);
  status = wi_wb_status(t, code, &from, err);
done:
  wi_free(columns);
  wi_free(rows);
  wi_free(values);
  wi_free(nulls);
  return status;
}

weir_status wi_br_bind_stream(wi_engine *engine, wb_bind *bind, const char *schema,
                              const char *table, struct ArrowArrayStream *take,
                              weir_error *err) {
  WI_ENGINE_RETURN(
      engine, err,
      t->wb_bind_stream(bind, wi_wb_str(schema), wi_wb_str(table), take, &from));
}

weir_status wi_br_bind_memory(wi_engine *engine, wb_bind *bind, const char *schema,
                              const char *table, struct ArrowArrayStream *take,
                              weir_error *err) {
  WI_ENGINE_RETURN(
      engine, err,
      t->wb_bind_memory(bind, wi_wb_str(schema), wi_wb_str(table), take, &from));
}

weir_status wi_br_bind_remove(wi_engine *engine, wb_bind *bind, const char *schema,
                              const char *table, weir_error *err) {
  WI_ENGINE_RETURN(engine, err,
                   t->wb_bind_remove(bind, wi_wb_str(schema), wi_wb_str(table), &from));
}

weir_status wi_br_bind_copy(wi_engine *engine, const wb_bind *from_bind,
                            const wb_plan *plan, wb_bind **out, weir_error *err) {
  *out = NULL;
  WI_ENGINE_RETURN(engine, err, t->wb_bind_copy(from_bind, plan, out, &from));
}

void wi_br_bind_free(wi_engine *engine, wb_bind **bind) {
  WI_ENGINE_FREE(engine, bind, wb_bind_free);
}
