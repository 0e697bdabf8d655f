/* Rows of the record tables as Arrow. */
#include "record/record.h"

#include <string.h>

#include "nanoarrow/nanoarrow.h"

#define WI_ORIGIN "record"

typedef struct record_column {
  wi_record_table table;
  const char *name;
  char type;
} record_column;

enum {
  runs = WI_RECORD_RUNS,
  tasks = WI_RECORD_TASKS,
  plans = WI_RECORD_PLANS,
  warnings = WI_RECORD_WARNINGS,
  session_settings = WI_RECORD_SETTINGS,
  plugins = WI_RECORD_PLUGINS
};
static const record_column all_columns[] = {
#define WI_RECORD_COLUMN(table, column, type) \
  {(wi_record_table)(table), #column, #type[0]},
#include "../../tables/records.def"
#undef WI_RECORD_COLUMN
};
#define N_ALL (sizeof(all_columns) / sizeof(all_columns[0]))

static const char *const table_names[WI_RECORD_TABLES_] = {
    "runs", "tasks", "plans", "warnings", "session_settings", "plugins"};

#define MAX_COLUMNS 64

typedef struct record_value {
  bool set;
  char *text;
  int64_t number;
} record_value;

struct wi_record {
  const record_column *columns; /* of this table: they stand together in the list */
  size_t n_columns;
  struct ArrowSchema schema;
  struct ArrowArray array;
  record_value row[MAX_COLUMNS];
  bool open;
  size_t rows;
  const char *unknown; /* a column that the table does not have */
  bool failed;
};

const char *wi_record_table_name(wi_record_table table) {
  return table_names[table];
}

bool wi_record_table_find(const char *name, wi_record_table *out) {
  for (size_t i = 0; i < WI_RECORD_TABLES_; i++) {
    if (strcmp(table_names[i], name) == 0) {
      *out = (wi_record_table)i;
      return true;
    }
  }
  return false;
}

static int set_type(struct ArrowSchema *schema, char type) {
  switch (type) {
    case 'I':
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT64);
    case 'B':
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_BOOL);
    case 'S':
      return ArrowSchemaSetTypeDateTime(schema, NANOARROW_TYPE_TIMESTAMP,
                                        NANOARROW_TIME_UNIT_MICRO, "UTC");
    default:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_STRING);
  }
}

static int make_schema(wi_record *r) {
  ArrowSchemaInit(&r->schema);
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(&r->schema, (int64_t)r->n_columns));
  for (size_t i = 0; i < r->n_columns; i++) {
    NANOARROW_RETURN_NOT_OK(set_type(r->schema.children[i], r->columns[i].type));
    NANOARROW_RETURN_NOT_OK(
        ArrowSchemaSetName(r->schema.children[i], r->columns[i].name));
  }
  NANOARROW_RETURN_NOT_OK(ArrowArrayInitFromSchema(&r->array, &r->schema, NULL));
  return ArrowArrayStartAppending(&r->array);
}

weir_status wi_record_new(wi_record_table table, wi_record **out, weir_error *err) {
  *out = NULL;
  wi_record *r = wi_alloc(sizeof(*r));
  if (r == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < N_ALL; i++) {
    if (all_columns[i].table == table) {
      r->columns = r->columns == NULL ? &all_columns[i] : r->columns;
      r->n_columns++;
    }
  }
  if (r->n_columns > MAX_COLUMNS || make_schema(r) != NANOARROW_OK) {
    wi_record_free(&r);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *out = r;
  return WEIR_OK;
}

static int append_value(struct ArrowArray *child, char type, const record_value *v) {
  if (!v->set) {
    return ArrowArrayAppendNull(child, 1);
  }
  if (type == 'T') {
    struct ArrowStringView text = {v->text, (int64_t)strlen(v->text)};
    return ArrowArrayAppendString(child, text);
  }
  return ArrowArrayAppendInt(child, v->number);
}

static void clear_row(wi_record *r) {
  for (size_t i = 0; i < r->n_columns; i++) {
    wi_free(r->row[i].text);
  }
  memset(r->row, 0, sizeof(r->row));
}

static void close_row(wi_record *r) {
  if (!r->open) {
    return;
  }
  for (size_t i = 0; i < r->n_columns && !r->failed; i++) {
    r->failed = append_value(r->array.children[i], r->columns[i].type, &r->row[i]) !=
                NANOARROW_OK;
  }
  if (!r->failed) {
    r->failed = ArrowArrayFinishElement(&r->array) != NANOARROW_OK;
  }
  clear_row(r);
  r->open = false;
  r->rows++;
}

void wi_record_row(wi_record *r) {
  close_row(r);
  r->open = true;
}

static record_value *value_at(wi_record *r, const char *column) {
  for (size_t i = 0; i < r->n_columns; i++) {
    if (strcmp(r->columns[i].name, column) == 0) {
      return &r->row[i];
    }
  }
  r->unknown = column;
  return NULL;
}

void wi_record_text(wi_record *r, const char *column, const char *text) {
  record_value *v = value_at(r, column);
  if (v == NULL || text == NULL) {
    return;
  }
  wi_free(v->text);
  v->text = wi_strdup(text);
  v->set = v->text != NULL;
  r->failed = r->failed || !v->set;
}

void wi_record_buf(wi_record *r, const char *column, const wi_buf *text) {
  r->failed = r->failed || text->failed;
  wi_record_text(r, column, wi_buf_text(text));
}

void wi_record_int(wi_record *r, const char *column, int64_t value) {
  record_value *v = value_at(r, column);
  if (v != NULL) {
    v->number = value;
    v->set = true;
  }
}

void wi_record_bool(wi_record *r, const char *column, bool value) {
  wi_record_int(r, column, value ? 1 : 0);
}

void wi_record_time(wi_record *r, const char *column, int64_t us) {
  if (us != 0) {
    wi_record_int(r, column, us);
  }
}

size_t wi_record_rows(const wi_record *r) {
  return r->rows + (r->open ? 1 : 0);
}

weir_status wi_record_stream(wi_record *r, struct ArrowArrayStream *out,
                             weir_error *err) {
  struct ArrowError why;
  memset(out, 0, sizeof(*out));
  close_row(r);
  if (r->unknown != NULL) {
    return WI_ERR(err, WEIR_E_BUG, "a record has no column '%s'", r->unknown);
  }
  if (r->failed || ArrowArrayFinishBuildingDefault(&r->array, &why) != NANOARROW_OK ||
      ArrowBasicArrayStreamInit(out, &r->schema, 1) != NANOARROW_OK) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  ArrowBasicArrayStreamSetArray(out, 0, &r->array);
  return WEIR_OK;
}

void wi_record_free(wi_record **record) {
  wi_record *r = *record;
  *record = NULL;
  if (r == NULL) {
    return;
  }
  clear_row(r);
  if (r->array.release != NULL) {
    r->array.release(&r->array);
  }
  if (r->schema.release != NULL) {
    r->schema.release(&r->schema);
  }
  wi_free(r);
}
