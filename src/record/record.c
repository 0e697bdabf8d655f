/* Rows of the record tables as Arrow. */
#include "record/record.h"

#include <string.h>

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
  wi_rows_column columns[MAX_COLUMNS];
  size_t n_columns;
  wi_rows *made;
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

static wi_rows_type rows_type(char type) {
  switch (type) {
    case 'I':
      return WI_ROWS_INT64;
    case 'B':
      return WI_ROWS_BOOL;
    case 'S':
      return WI_ROWS_TIME;
    default:
      return WI_ROWS_TEXT;
  }
}

weir_status wi_record_new(wi_record_table table, wi_record **out, weir_error *err) {
  *out = NULL;
  wi_record *r = wi_alloc(sizeof(*r));
  if (r == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < N_ALL; i++) {
    const record_column *c = &all_columns[i];
    if (c->table != table) {
      continue;
    }
    if (r->n_columns == MAX_COLUMNS) {
      wi_record_free(&r);
      return WI_ERR(err, WEIR_E_BUG, "a record table has more than %d columns",
                    MAX_COLUMNS);
    }
    r->columns[r->n_columns++] = (wi_rows_column){c->name, rows_type(c->type), true};
  }
  weir_status status = wi_rows_new(r->columns, r->n_columns, &r->made, err);
  if (status != WEIR_OK) {
    wi_record_free(&r);
  }
  *out = r;
  return status;
}

static void put_value(wi_rows *made, wi_rows_type type, const record_value *v) {
  if (!v->set) {
    wi_rows_null(made);
  } else if (type == WI_ROWS_TEXT) {
    wi_rows_cstr(made, v->text);
  } else {
    wi_rows_int(made, v->number);
  }
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
  for (size_t i = 0; i < r->n_columns; i++) {
    put_value(r->made, r->columns[i].type, &r->row[i]);
  }
  wi_rows_end(r->made);
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
  memset(out, 0, sizeof(*out));
  close_row(r);
  if (r->unknown != NULL) {
    return WI_ERR(err, WEIR_E_BUG, "a record has no column '%s'", r->unknown);
  }
  return r->failed ? wi_err_nomem(err, WI_ORIGIN) : wi_rows_stream(r->made, out, err);
}

void wi_record_free(wi_record **record) {
  wi_record *r = *record;
  *record = NULL;
  if (r == NULL) {
    return;
  }
  clear_row(r);
  wi_rows_free(&r->made);
  wi_free(r);
}
