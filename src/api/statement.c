/* Statements: prepared once, executed often. */
#include <pthread.h>
#include <string.h>

#include "api/sql.h"
#include "nanoarrow/nanoarrow.h"

#define WI_ORIGIN "api"

struct weir_statement {
  wi_sql sql;
  int32_t *types;            /* of the parameters, as sql.refs.params has them; 0: open */
  size_t open;               /* the first of unknown type; n_params: none is */
  struct ArrowSchema schema; /* released: a parameter of unknown type decides */
  pthread_mutex_t lock;      /* of `last` */
  wi_planned *last;
};

static const wi_ref *parameter(const weir_statement *st, size_t i) {
  return &st->sql.refs.params[i];
}

static size_t n_parameters(const weir_statement *st) {
  return st->sql.refs.n_params;
}

/* ---- what the caller says of parameters ---- */

static size_t find_parameter(const weir_statement *st, const char *name) {
  size_t i = 0;
  while (i < n_parameters(st) && strcmp(parameter(st, i)->name, name) != 0) {
    i++;
  }
  return i;
}

static const char *first_missing(const weir_statement *st, const wi_br_value *given,
                                 size_t n) {
  for (size_t i = 0; i < n_parameters(st); i++) {
    size_t k = 0;
    while (k < n && strcmp(given[k].name, parameter(st, i)->name) != 0) {
      k++;
    }
    if (k == n) {
      return parameter(st, i)->name;
    }
  }
  return NULL;
}

/* `missing` NULL: none is, or none has to be there. */
static weir_status unknown_parameter(const weir_statement *st, const char *name,
                                     const char *missing, weir_error *err) {
  char near[256] = "";
  const char **names = wi_alloc_array(n_parameters(st) + 1, sizeof(*names));
  for (size_t i = 0; names != NULL && i < n_parameters(st); i++) {
    names[i] = parameter(st, i)->name;
  }
  wi_nearest(name, names, names != NULL ? n_parameters(st) : 0, near, sizeof(near));
  wi_free(names);
  weir_status status =
      missing != NULL
          ? WI_ERR(err, WEIR_E_PARAM_UNKNOWN,
                   "the statement has no parameter '$%s', and its parameter '$%s' has no "
                   "value",
                   name, missing)
          : WI_ERR(err, WEIR_E_PARAM_UNKNOWN, "the statement has no parameter '$%s'",
                   name);
  if (near[0] != '\0') {
    wi_err_hint(err, "did you mean $%s?", near);
  }
  return status;
}

static const char *type_name(int32_t type) {
  static const char *const names[] = {"unknown", "int64", "float64",  "string",
                                      "boolean", "date",  "timestamp"};
  return type > 0 && type <= WEIR_TYPE_TIMESTAMP ? names[type] : names[0];
}

/* Puts each value where its parameter is; `set` says which have one. `all`: each has to. */
static weir_status place_values(const weir_statement *st, const wi_br_value *given,
                                size_t n, bool all, wi_br_value *out, bool *set,
                                weir_error *err) {
  for (size_t i = 0; i < n; i++) {
    size_t at = find_parameter(st, given[i].name);
    if (at == n_parameters(st)) {
      const char *missing = all ? first_missing(st, given, n) : NULL;
      return unknown_parameter(st, given[i].name, missing, err);
    }
    if (given[i].type < WEIR_TYPE_INT64 || given[i].type > WEIR_TYPE_TIMESTAMP) {
      return WI_ERR(err, WEIR_E_PARAM_TYPE, "parameter '$%s': %d is no type",
                    given[i].name, (int)given[i].type);
    }
    if (set[at]) {
      return WI_ERR(err, WEIR_E_USAGE, "parameter '$%s' is given twice", given[i].name);
    }
    out[at] = given[i];
    set[at] = true;
  }
  return WEIR_OK;
}

/* ---- preparing ---- */

/* Decimals stay open: a float beside one would compare inexactly without a word. */
static int32_t type_of(wi_str text) {
  static const struct {
    const char *name;
    weir_type type;
  } types[] = {{"int8", WEIR_TYPE_INT64},       {"int16", WEIR_TYPE_INT64},
               {"int32", WEIR_TYPE_INT64},      {"int64", WEIR_TYPE_INT64},
               {"uint8", WEIR_TYPE_INT64},      {"uint16", WEIR_TYPE_INT64},
               {"uint32", WEIR_TYPE_INT64},     {"uint64", WEIR_TYPE_INT64},
               {"float32", WEIR_TYPE_FLOAT64},  {"float64", WEIR_TYPE_FLOAT64},
               {"utf8", WEIR_TYPE_STRING},      {"large_utf8", WEIR_TYPE_STRING},
               {"utf8_view", WEIR_TYPE_STRING}, {"bool", WEIR_TYPE_BOOLEAN},
               {"date32", WEIR_TYPE_DATE}};
  static const char stamp[] = "timestamp(";
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
    if (wi_str_eq(text, types[i].name)) {
      return types[i].type;
    }
  }
  bool is_stamp = text.n > sizeof(stamp) && memcmp(text.p, stamp, sizeof(stamp) - 1) == 0;
  return is_stamp ? WEIR_TYPE_TIMESTAMP : 0;
}

/* The types that the SQL gives to parameters the caller said nothing about. Where it does not
 * plan without their values they stay open: planning with values tells what is wrong. */
static weir_status infer_types(weir_statement *st, const wi_br_value *given, size_t n,
                               weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  const wi_br_statement statement = {.sql = st->sql.text, .values = given, .n_values = n};
  bool has = false;
  if (st->open == n_parameters(st) ||
      wi_br_sql_params(st->sql.engine, st->sql.session->handle, &statement, &rows,
                       NULL) != WEIR_OK) {
    return WEIR_OK;
  }
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    wi_str name = wi_cursor_text(rows, 0);
    for (size_t i = 0; i < n_parameters(st); i++) {
      if (st->types[i] == 0 && wi_str_eq(name, parameter(st, i)->name)) {
        st->types[i] = type_of(wi_cursor_text(rows, 1));
      }
    }
  }
done:
  wi_cursor_free(&rows);
  return status;
}

static void find_open(weir_statement *st) {
  st->open = 0;
  while (st->open < n_parameters(st) && st->types[st->open] != 0) {
    st->open++;
  }
}

/* Plans with the values that were given and typed nulls for the others. Parameters of no known
 * type are planned as texts, to find what is wrong with the rest; their plan is not kept. */
static weir_status plan_first(weir_statement *st, wi_br_value *values, const bool *set,
                              const wi_stop *stop, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_planned *planned = NULL;
  weir_error first = WEIR_ERROR_INIT;
  size_t n = n_parameters(st);
  int64_t began = wi_monotonic_ns();
  for (size_t i = 0; i < n; i++) {
    if (!set[i]) {
      values[i] = (wi_br_value){
          .name = parameter(st, i)->name, .type = st->types[i], .is_null = true};
    }
    values[i].type = values[i].type != 0 ? values[i].type : WEIR_TYPE_STRING;
  }
  status = wi_planned_open(&st->sql, values, n, NULL, stop, &planned, &first);
  if (st->open < n && (status == WEIR_E_SQL_PLAN || status == WEIR_E_UNKNOWN_FUNCTION ||
                       status == WEIR_E_PARAM_TYPE || status == WEIR_E_EXECUTION)) {
    /* It may be the type that is wrong; each execution says so. */
    weir_error_release(&first);
    return WEIR_OK;
  }
  if (status != WEIR_OK && n > 0 && first.hint[0] == '\0') {
    wi_err_hint(&first, "where a null does not plan give values in weir_prepare_options");
  }
  WI_CHECK(status);
  wi_planned_tell(planned, "statement_prepared", began);
  if (st->open == n) {
    WI_CHECK(wi_br_plan_schema(st->sql.engine, wi_planned_plan(planned, true),
                               &st->schema, &first));
    st->last = planned;
    planned = NULL;
  }
done:
  wi_planned_unref(&planned);
  wi_err_move(err, &first);
  return status;
}

static weir_status prepare(weir_statement *st, const weir_prepare_options *o,
                           const wi_stop *stop, weir_error *err) {
  weir_status status = WEIR_OK;
  size_t n = n_parameters(st);
  wi_br_value *given = NULL;
  wi_br_value *values = wi_alloc_array(n + 1, sizeof(*values));
  bool *set = wi_alloc_array(n + 1, sizeof(*set));
  st->types = wi_alloc_array(n + 1, sizeof(*st->types));
  if (values == NULL || set == NULL || st->types == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(wi_api_values(o->parameters, o->n_parameters, &given, err));
  WI_CHECK(place_values(st, given, o->n_parameters, false, values, set, err));
  for (size_t i = 0; i < n; i++) {
    st->types[i] = set[i] ? values[i].type : 0;
  }
  find_open(st);
  WI_CHECK(infer_types(st, given, o->n_parameters, err));
  find_open(st);
  status = plan_first(st, values, set, stop, err);
done:
  wi_free(given);
  wi_free(values);
  wi_free(set);
  return status;
}

weir_status weir_statement_prepare(weir_session *session, const char *sql,
                                   const weir_prepare_options *options,
                                   weir_statement **out, weir_error *err) {
  weir_status status = WEIR_OK;
  weir_prepare_options o;
  weir_statement *st = NULL;
  wi_stop *stop = NULL;
  wi_stop_scope before = wi_stop_here();
  WI_ARG(out, err);
  *out = NULL;
  WI_ARG(session, err);
  WI_ARG(sql, err);
  WI_TRY(wi_options_take(&o, sizeof(o), options, "weir_prepare_options", err));
  WI_ARG_LIST(o.parameters, o.n_parameters, err);
  st = wi_alloc(sizeof(*st));
  if (st == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  pthread_mutex_init(&st->lock, NULL);
  WI_CHECK(wi_api_stop(session->engine, o.cancel, session->session->stop, &stop, err));
  wi_stop_enter(stop);
  WI_CHECK(wi_stop_check(stop, err));
  WI_CHECK(wi_sql_open(session, sql, &st->sql, err));
  WI_CHECK(prepare(st, &o, stop, err));
  *out = st;
  st = NULL;
done:
  wi_stop_leave(before);
  wi_stop_free(&stop);
  weir_statement_free(&st);
  return status;
}

/* ---- what it tells ---- */

static int parameter_type(struct ArrowSchema *field, int32_t type) {
  switch (type) {
    case WEIR_TYPE_INT64:
      return ArrowSchemaSetType(field, NANOARROW_TYPE_INT64);
    case WEIR_TYPE_FLOAT64:
      return ArrowSchemaSetType(field, NANOARROW_TYPE_DOUBLE);
    case WEIR_TYPE_STRING:
      return ArrowSchemaSetType(field, NANOARROW_TYPE_STRING);
    case WEIR_TYPE_BOOLEAN:
      return ArrowSchemaSetType(field, NANOARROW_TYPE_BOOL);
    case WEIR_TYPE_DATE:
      return ArrowSchemaSetType(field, NANOARROW_TYPE_DATE32);
    case WEIR_TYPE_TIMESTAMP:
      return ArrowSchemaSetTypeDateTime(field, NANOARROW_TYPE_TIMESTAMP,
                                        NANOARROW_TIME_UNIT_MICRO, "UTC");
    default:
      return ArrowSchemaSetType(field, NANOARROW_TYPE_NA);
  }
}

static int parameters_schema(const weir_statement *st, struct ArrowSchema *out) {
  ArrowSchemaInit(out);
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(out, (int64_t)n_parameters(st)));
  for (size_t i = 0; i < n_parameters(st); i++) {
    NANOARROW_RETURN_NOT_OK(parameter_type(out->children[i], st->types[i]));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(out->children[i], parameter(st, i)->name));
  }
  return NANOARROW_OK;
}

weir_status weir_statement_parameters(weir_statement *statement, struct ArrowSchema *out,
                                      weir_error *err) {
  WI_ARG(out, err);
  memset(out, 0, sizeof(*out));
  WI_ARG(statement, err);
  if (parameters_schema(statement, out) != NANOARROW_OK) {
    ArrowSchemaRelease(out);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return WEIR_OK;
}

weir_status weir_statement_schema(weir_statement *statement, struct ArrowSchema *out,
                                  weir_error *err) {
  WI_ARG(out, err);
  memset(out, 0, sizeof(*out));
  WI_ARG(statement, err);
  if (statement->schema.release == NULL) {
    wi_err_hint(err, "give its type in weir_prepare_options, or write CAST(... AS type)");
    return WI_ERR(err, WEIR_E_PARAM_TYPE, "the type of the parameter '$%s' is not known",
                  parameter(statement, statement->open)->name);
  }
  return ArrowSchemaDeepCopy(&statement->schema, out) == NANOARROW_OK
             ? WEIR_OK
             : wi_err_nomem(err, WI_ORIGIN);
}

/* ---- executing ---- */

/* A value of the right type for each parameter. */
static weir_status check_values(const weir_statement *st, const wi_br_value *values,
                                const bool *set, weir_error *err) {
  for (size_t i = 0; i < n_parameters(st); i++) {
    const char *name = parameter(st, i)->name;
    if (!set[i]) {
      return WI_ERR(err, WEIR_E_PARAM_MISSING, "the parameter '$%s' has no value", name);
    }
    if (st->types[i] != 0 && values[i].type != st->types[i]) {
      return WI_ERR(err, WEIR_E_PARAM_TYPE,
                    "the parameter '$%s' is of type %s, its value is of type %s", name,
                    type_name(st->types[i]), type_name(values[i].type));
    }
  }
  return WEIR_OK;
}

/* The plan of the execution before, if it is one for these values; else a new one, which the
 * next may use. */
static weir_status plan_values(weir_statement *st, const wi_br_value *values,
                               const wi_stop *stop, wi_planned **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_planned *last = NULL, *before = NULL;
  pthread_mutex_lock(&st->lock);
  last = st->last != NULL ? wi_planned_ref(st->last) : NULL;
  pthread_mutex_unlock(&st->lock);
  WI_CHECK(wi_planned_open(&st->sql, values, n_parameters(st), last, stop, out, err));
  if (*out != last) {
    pthread_mutex_lock(&st->lock);
    before = st->last;
    st->last = wi_planned_ref(*out);
    pthread_mutex_unlock(&st->lock);
  }
done:
  wi_planned_unref(&before);
  wi_planned_unref(&last);
  return status;
}

weir_status weir_statement_query(weir_statement *statement,
                                 const weir_execute_options *options, weir_query **out,
                                 weir_error *err) {
  weir_status status = WEIR_OK;
  weir_execute_options o;
  wi_stop *stop = NULL;
  wi_planned *planned = NULL;
  wi_br_value *given = NULL, *values = NULL;
  bool *set = NULL;
  wi_stop_scope before = wi_stop_here();
  int64_t began = wi_monotonic_ns();
  WI_ARG(out, err);
  *out = NULL;
  WI_ARG(statement, err);
  WI_TRY(wi_options_take(&o, sizeof(o), options, "weir_execute_options", err));
  WI_ARG_LIST(o.parameters, o.n_parameters, err);
  values = wi_alloc_array(n_parameters(statement) + 1, sizeof(*values));
  set = wi_alloc_array(n_parameters(statement) + 1, sizeof(*set));
  if (values == NULL || set == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(wi_api_values(o.parameters, o.n_parameters, &given, err));
  WI_CHECK(place_values(statement, given, o.n_parameters, true, values, set, err));
  WI_CHECK(check_values(statement, values, set, err));
  WI_CHECK(wi_api_stop(statement->sql.engine, o.cancel, statement->sql.session->stop,
                       &stop, err));
  wi_stop_enter(stop);
  WI_CHECK(plan_values(statement, values, stop, &planned, err));
  wi_planned_tell(planned, "query_planned", began);
  WI_CHECK(wi_query_new(&planned, &stop, out, err));
done:
  wi_stop_leave(before);
  wi_planned_unref(&planned);
  wi_stop_free(&stop);
  wi_free(given);
  wi_free(values);
  wi_free(set);
  return status;
}

void weir_statement_free(weir_statement **statement) {
  weir_statement *st = statement != NULL ? *statement : NULL;
  if (st == NULL) {
    return;
  }
  *statement = NULL;
  wi_planned_unref(&st->last);
  if (st->schema.release != NULL) {
    st->schema.release(&st->schema);
  }
  wi_free(st->types);
  wi_sql_release(&st->sql);
  pthread_mutex_destroy(&st->lock);
  wi_free(st);
}
