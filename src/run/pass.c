/* Opening a pass: what every view names, in which order they come, what the parameters are. */
#include "run/run.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

const char *wi_action_name(wi_action action) {
  switch (action) {
    case WI_ACTION_REUSE:
      return "reuse";
    case WI_ACTION_FULL:
      return "full";
    case WI_ACTION_ADJUST:
      return "adjust";
    case WI_ACTION_STAND:
      return "stand";
    case WI_ACTION_NONE:
    default:
      return "none";
  }
}

const char *wi_task_status_name(wi_task_status status) {
  static const char *const names[] = {"planned", "pass",  "reused",
                                      "warn",    "error", "skip"};
  return names[status];
}

const char *wi_relation_plain(const char *name) {
  const char *const prefixes[] = {WI_CATALOG "." WI_SCHEMA_MAIN ".", WI_SCHEMA_MAIN "."};
  for (size_t i = 0; i < 2; i++) {
    if (wi_starts_with(name, prefixes[i])) {
      name += strlen(prefixes[i]);
      break;
    }
  }
  return strchr(name, '.') == NULL ? name : NULL;
}

/* ---- references ---- */

/* Errors of weir.yml that leave in doubt what it declares. A key that is unknown hides nothing
 * where there are sources, and a --param declares nothing. */
static bool hides_names(const wi_spec *spec, const weir_error *e) {
  if (e->file[0] == '\0') {
    return e->code != WEIR_E_PARAM_UNKNOWN && e->code != WEIR_E_PARAM_TYPE &&
           e->code != WEIR_E_DUPLICATE_NAME && e->code != WEIR_E_USAGE;
  }
  return !wi_starts_with(e->file, "views/") &&
         !(e->code == WEIR_E_UNKNOWN_KEY && spec->n_sources > 0);
}

/* Before the views are read: what the reading of the files found stands already. */
static void look_at_errors(wi_pass *pass) {
  for (size_t i = 0; i < pass->diags->n; i++) {
    const weir_error *e = &pass->diags->items[i].error;
    if (pass->diags->items[i].warning) {
      continue;
    }
    pass->names_unknown = pass->names_unknown || hides_names(pass->spec, e);
    pass->params_unknown = pass->params_unknown || !wi_starts_with(e->file, "views/");
    for (size_t v = 0; v < pass->spec->n_views; v++) {
      wi_run_view *view = &pass->views[v];
      view->blocked = view->blocked || strcmp(view->spec->file, e->file) == 0;
    }
  }
}

static void unknown_table(wi_pass *pass, const wi_spec_view *view, const wi_ref *ref) {
  const wi_spec *spec = pass->spec;
  char near[256] = "";
  char hint[320] = "";
  if (pass->names_unknown) {
    return;
  }
  const char **names =
      wi_alloc_array(spec->n_sources + spec->n_views + 1, sizeof(*names));
  size_t n = 0;
  if (names != NULL) {
    for (size_t i = 0; i < spec->n_sources; i++) {
      names[n++] = spec->sources[i].name;
    }
    for (size_t i = 0; i < spec->n_views; i++) {
      names[n++] = spec->views[i].name;
    }
    wi_nearest(ref->name, names, n, near, sizeof(near));
  }
  snprintf(
      hint, sizeof(hint),
      near[0] != '\0' ? "did you mean %s?" : "declare it under `sources:` in weir.yml%s",
      near);
  wi_diags_add(pass->diags, false, WEIR_E_UNKNOWN_TABLE, WI_ORIGIN, view->file, ref->line,
               ref->column, hint, "'%s' is neither a source nor a view", ref->name);
  wi_free(names);
}

static void refuse_schema(wi_pass *pass, const wi_spec_view *view, const wi_ref *ref) {
  bool records = wi_starts_with(ref->name, WI_SCHEMA_RECORDS ".");
  bool path = strchr(ref->name, '"') != NULL || strchr(ref->name, '/') != NULL;
  const char *last = strrchr(ref->name, '.');
  char hint[320];
  snprintf(hint, sizeof(hint), "views and sources have no schema: FROM %.200s",
           last != NULL ? last + 1 : ref->name);
  wi_diags_add(pass->diags, false, WEIR_E_UNKNOWN_TABLE, WI_ORIGIN, view->file, ref->line,
               ref->column,
               records ? "read the records with `weir sql`"
               : path
                   ? "declare a Delta table under `sources:` in weir.yml, and name that"
                   : hint,
               records ? "a view cannot read '%s': each run would change its own input"
               : path  ? "%s is neither a source nor a view, and views read no files"
                       : "'%s' is neither a source nor a view",
               ref->name);
}

static int by_index(const void *a, const void *b) {
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return x < y ? -1 : x > y;
}

static weir_status sort_relations(wi_pass *pass, wi_run_view *view, weir_error *err) {
  const wi_spec *spec = pass->spec;
  view->views = wi_alloc_array(view->refs.n_relations + 1, sizeof(size_t));
  view->sources = wi_alloc_array(view->refs.n_relations + 1, sizeof(size_t));
  if (view->views == NULL || view->sources == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < view->refs.n_relations; i++) {
    const wi_ref *ref = &view->refs.relations[i];
    const char *plain = wi_relation_plain(ref->name);
    const wi_spec_source *source =
        plain != NULL ? wi_spec_source_find(spec, plain) : NULL;
    const wi_spec_view *other = plain != NULL ? wi_spec_view_find(spec, plain) : NULL;
    if (plain == NULL) {
      refuse_schema(pass, view->spec, ref);
    } else if (source != NULL) {
      view->sources[view->n_sources++] = (size_t)(source - spec->sources);
    } else if (other != NULL) {
      view->views[view->n_views++] = (size_t)(other - spec->views);
    } else {
      unknown_table(pass, view->spec, ref);
    }
  }
  qsort(view->views, view->n_views, sizeof(size_t), by_index);
  qsort(view->sources, view->n_sources, sizeof(size_t), by_index);
  return WEIR_OK;
}

static void check_table_functions(wi_pass *pass, const wi_run_view *view) {
  for (size_t i = 0; i < view->refs.n_table_functions; i++) {
    const wi_ref *ref = &view->refs.table_functions[i];
    weir_error one = WEIR_ERROR_INIT;
    if (wi_table_function_check(ref->name, &one) != WEIR_OK) {
      wi_err_where(&one, view->spec->file, ref->line, ref->column);
      wi_diags_take(pass->diags, &one, false);
    }
    weir_error_release(&one);
  }
}

static const char *kind_in_words(const char *statement) {
  static const char *const kinds[][2] = {
      {"ddl", "a statement that creates, changes or drops things"},
      {"dml", "a statement that changes rows"},
      {"copy", "COPY"},
      {"set", "SET"},
      {"explain", "EXPLAIN"}};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (strcmp(statement, kinds[i][0]) == 0) {
      return kinds[i][1];
    }
  }
  return "another statement";
}

static bool check_statement(wi_pass *pass, const wi_run_view *view) {
  const char *statement = view->refs.statement;
  if (strcmp(statement, "query") == 0) {
    return true;
  }
  wi_diags_add(pass->diags, false, WEIR_E_READ_ONLY, WI_ORIGIN, view->spec->file,
               view->spec->sql_line, 0,
               strcmp(statement, "ddl") == 0 || strcmp(statement, "dml") == 0
                   ? "write the SELECT alone; weir makes the table and fills it"
                   : "write the SELECT alone",
               "a view is one SELECT, this is %s", kind_in_words(statement));
  return false;
}

/* ---- parameters ---- */

weir_status wi_param_bind(const wi_spec_param *param, int64_t now_us, wi_br_value *out,
                          weir_error *err) {
  memset(out, 0, sizeof(*out));
  out->name = param->name;
  out->type = (int32_t)param->type;
  if (param->has_value) {
    out->is_null = param->value.is_null;
    out->i64 = param->type == WI_TYPE_BOOLEAN ? param->value.boolean : param->value.i64;
    out->f64 = param->value.f64;
    out->text = param->value.text;
    return WEIR_OK;
  }
  if (param->default_kind == WI_DEFAULT_RUN_TIME) {
    out->i64 = now_us;
    return WEIR_OK;
  }
  if (param->default_kind == WI_DEFAULT_RUN_DATE) {
    out->i64 = now_us / 86400000000 - (now_us % 86400000000 < 0 ? 1 : 0);
    return WEIR_OK;
  }
  wi_err_hint(err, "--param %s=... or a `default:` in weir.yml", param->name);
  return WI_ERR(err, WEIR_E_PARAM_MISSING, "the parameter '%s' has no value",
                param->name);
}

static bool header_allows(const wi_spec_view *view, const char *name) {
  for (size_t i = 0; i < view->parameters.n; i++) {
    if (strcmp(view->parameters.items[i], name) == 0) {
      return true;
    }
  }
  return view->parameters.n == 0;
}

static void unknown_param(wi_pass *pass, const wi_spec_view *view, const wi_ref *ref) {
  const wi_spec *spec = pass->spec;
  char near[256] = "", hint[320];
  bool number = ref->name[0] >= '0' && ref->name[0] <= '9';
  const char **names = wi_alloc_array(spec->n_params + 1, sizeof(*names));
  for (size_t i = 0; names != NULL && i < spec->n_params; i++) {
    names[i] = spec->params[i].name;
  }
  if (names != NULL) {
    wi_nearest(ref->name, names, spec->n_params, near, sizeof(near));
  }
  snprintf(hint, sizeof(hint),
           number ? "parameters have names: write $name, and declare name under "
                    "`parameters:` in weir.yml"
           : near[0] != '\0' ? "did you mean $%s?"
                             : "declare it under `parameters:` in weir.yml%s",
           near);
  wi_diags_add(pass->diags, false, WEIR_E_PARAM_UNKNOWN, WI_ORIGIN, view->file, ref->line,
               ref->column, hint, "the parameter '$%s' is not declared", ref->name);
  wi_free(names);
}

static weir_status bind_params(wi_pass *pass, wi_run_view *view, bool *used,
                               weir_error *err) {
  view->values = wi_alloc_array(view->refs.n_params + 1, sizeof(*view->values));
  if (view->values == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < view->refs.n_params; i++) {
    const wi_ref *ref = &view->refs.params[i];
    const wi_spec_param *param = wi_spec_param_find(pass->spec, ref->name);
    weir_error one = WEIR_ERROR_INIT;
    bool known = param != NULL && header_allows(view->spec, ref->name);
    if (pass->params_unknown &&
        (!known || (!param->has_value && param->default_kind == WI_DEFAULT_NONE))) {
      view->blocked = true; /* most likely it only follows from what was said already */
      continue;
    }
    if (!known) {
      unknown_param(pass, view->spec, ref);
      continue;
    }
    used[param - pass->spec->params] = true;
    if (wi_param_bind(param, pass->now_us, &view->values[view->n_values], &one) ==
        WEIR_OK) {
      view->n_values++;
    } else {
      wi_err_where(&one, view->spec->file, ref->line, ref->column);
      wi_diags_take(pass->diags, &one, false);
    }
    weir_error_release(&one);
  }
  return WEIR_OK;
}

static void warn_unused(wi_pass *pass, const bool *used) {
  for (size_t i = 0; pass->diags->errors == 0 && i < pass->spec->n_params; i++) {
    const wi_spec_param *p = &pass->spec->params[i];
    if (!used[i]) {
      wi_diags_add(pass->diags, true, WEIR_E_PARAM_UNKNOWN, WI_ORIGIN, p->place.file,
                   p->place.line, p->place.column, "",
                   "the parameter '%s' is used by no view of the project", p->name);
    }
  }
}

/* ---- order ---- */

static weir_status name_list(wi_names *out, size_t n, weir_error *err) {
  out->items = wi_alloc_array(n + 1, sizeof(char *));
  out->n = n;
  return out->items != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

static weir_status order_views(wi_pass *pass, weir_error *err) {
  const wi_spec *spec = pass->spec;
  for (size_t v = 0; v < spec->n_views; v++) {
    const wi_run_view *view = &pass->views[v];
    WI_TRY(name_list(&pass->refs[v].views, view->n_views, err));
    WI_TRY(name_list(&pass->refs[v].sources, view->n_sources, err));
    for (size_t i = 0; i < view->n_views; i++) {
      pass->refs[v].views.items[i] = spec->views[view->views[i]].name;
    }
    for (size_t i = 0; i < view->n_sources; i++) {
      pass->refs[v].sources.items[i] = pass->sources[view->sources[i]].spec->name;
    }
  }
  return wi_spec_order(spec, pass->refs, pass->order, pass->diags, err);
}

static weir_status read_view(wi_pass *pass, wi_run_view *view, bool *used,
                             weir_error *err) {
  weir_error one = WEIR_ERROR_INIT;
  if (view->spec->materialized == WI_MAT_VIEW) {
    wi_diags_add(pass->diags, false, WEIR_E_NOT_YET, WI_ORIGIN, view->spec->file,
                 view->spec->place.line, view->spec->place.column,
                 "use materialized: table",
                 "`materialized: view` comes with a later version");
  }
  weir_status status = wi_refs_read(pass->engine, view->spec->sql, &view->refs, &one);
  if (status != WEIR_OK && weir_error_class(status) != WEIR_CLASS_USER) {
    wi_err_move(err, &one); /* the engine, not the project */
    return status;
  }
  if (status != WEIR_OK) {
    wi_err_where(&one, view->spec->file, one.line > 0 ? one.line : view->spec->sql_line,
                 one.column);
    wi_diags_take(pass->diags, &one, false);
    weir_error_release(&one);
    return WEIR_OK;
  }
  if (!check_statement(pass, view)) {
    return WEIR_OK; /* what it names is no input */
  }
  size_t before = pass->diags->errors;
  check_table_functions(pass, view);
  WI_TRY(sort_relations(pass, view, err));
  WI_TRY(bind_params(pass, view, used, err));
  bool sound = pass->diags->errors == before && !view->blocked;
  return sound ? wi_pass_add_calls(pass, view, err) : WEIR_OK;
}

static weir_status alloc_pass(const wi_spec *spec, wi_pass **out, weir_error *err) {
  wi_pass *p = wi_alloc(sizeof(*p));
  *out = p;
  if (p == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  pthread_mutex_init(&p->lock, NULL);
  p->spec = spec;
  p->sources = wi_alloc_array(spec->n_sources + 1, sizeof(*p->sources));
  p->views = wi_alloc_array(spec->n_views + 1, sizeof(*p->views));
  p->refs = wi_alloc_array(spec->n_views + 1, sizeof(*p->refs));
  p->order = wi_alloc_array(spec->n_views + 1, sizeof(*p->order));
  if (p->sources == NULL || p->views == NULL || p->refs == NULL || p->order == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  p->n_sources = spec->n_sources;
  for (size_t i = 0; i < spec->n_sources; i++) {
    p->sources[i].spec = &spec->sources[i];
  }
  for (size_t i = 0; i < spec->n_views; i++) {
    p->views[i].spec = &spec->views[i];
    p->views[i].version = -1;
    p->views[i].slack_us = -1;
  }
  return WEIR_OK;
}

weir_status wi_pass_open(const wi_spec *spec, wi_engine *engine, int64_t now_us,
                         wi_diags *diags, wi_pass **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_pass *p = NULL;
  bool *used = wi_alloc_array(spec->n_params + 1, sizeof(*used));
  *out = NULL;
  if (used == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  WI_CHECK(alloc_pass(spec, &p, err));
  p->engine = wi_engine_ref(engine);
  p->now_us = now_us;
  p->diags = diags;
  wi_uuid7(p->run_id);
  wi_spec_digest(spec, p->spec_digest);
  look_at_errors(p);
  for (size_t i = 0; i < spec->n_views; i++) {
    size_t before = diags->errors;
    if (!p->views[i].blocked) {
      WI_CHECK(read_view(p, &p->views[i], used, err));
      p->views[i].blocked = p->views[i].blocked || diags->errors > before;
    }
  }
  warn_unused(p, used);
  weir_error ordering = WEIR_ERROR_INIT;
  weir_status ordered = order_views(p, &ordering);
  if (ordered != WEIR_OK && ordered != WEIR_E_PROJECT) {
    status = ordered;
    wi_err_move(err, &ordering);
    goto done;
  }
  weir_error_release(&ordering);
  if (ordered != WEIR_OK || p->names_unknown) {
    wi_spec_sort_diags(diags);
    status = WI_ERR(err, WEIR_E_PROJECT, "the project has %zu error%s", diags->errors,
                    diags->errors == 1 ? "" : "s");
    goto done;
  }
  *out = p;
  p = NULL;
done:
  wi_free(used);
  wi_pass_free(&p);
  return status;
}

static void view_release(wi_engine *engine, wi_run_view *v) {
  wi_refs_release(&v->refs);
  wi_free(v->views);
  wi_free(v->sources);
  wi_free(v->call_sources);
  wi_calls_release(&v->calls);
  wi_free(v->values);
  wi_last_release(&v->last);
  wi_gate_free(&v->gate);
  wi_view_plan_free(&v->plan);
  wi_br_snap_free(engine, &v->snap);
  if (v->schema.release != NULL) {
    v->schema.release(&v->schema);
  }
  wi_store_unref(&v->store);
  weir_error_release(&v->error);
}

void wi_pass_free(wi_pass **pass) {
  wi_pass *p = *pass;
  *pass = NULL;
  if (p == NULL) {
    return;
  }
  for (size_t i = 0; p->views != NULL && i < p->spec->n_views; i++) {
    view_release(p->engine, &p->views[i]);
    if (p->refs != NULL) {
      wi_free(p->refs[i].views.items);
      wi_free(p->refs[i].sources.items);
    }
  }
  for (size_t i = 0; p->sources != NULL && i < p->n_sources; i++) {
    wi_br_snap_free(p->engine, &p->sources[i].snap);
    wi_pin_release(&p->sources[i].pin);
    wi_store_unref(&p->sources[i].store);
  }
  wi_free(p->views);
  wi_free(p->sources);
  wi_arena_release(&p->arena);
  wi_free(p->refs);
  wi_free(p->order);
  wi_diags_release(&p->warnings);
  wi_session_free(&p->session);
  wi_cancel_free(p->engine, &p->cancel);
  wi_engine_unref(&p->engine);
  pthread_mutex_destroy(&p->lock);
  wi_free(p);
}

/* ---- the session of a project ---- */

static weir_status add_macros(const wi_spec *spec, wi_session *session, weir_error *err) {
  for (size_t i = 0; i < spec->n_macros; i++) {
    weir_status status = wi_session_add_macros(session, spec->macros[i].text, err);
    if (status != WEIR_OK) {
      wi_err_where(err, spec->macros[i].file, err->line > 0 ? err->line : 1, err->column);
      return status;
    }
  }
  return WEIR_OK;
}

weir_status wi_pass_session(const wi_spec *spec, wi_engine *engine, int64_t now_us,
                            wi_session **out, weir_error *err) {
  const wi_spec_profile *profile = &spec->profile;
  wi_session_options o = {0};
  wi_fn_config functions;
  *out = NULL;
  WI_TRY(wi_fn_config_read(spec->settings.keys, spec->settings.values, spec->settings.n,
                           &functions, err));
  weir_status status = WEIR_OK;
  wi_br_pair *storage = wi_alloc_array(profile->storage.n + 1, sizeof(*storage));
  if (storage == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < profile->storage.n; i++) {
    storage[i].key = profile->storage.keys[i];
    storage[i].value = profile->storage.values[i];
  }
  o.engine = engine;
  o.threads = profile->threads > 0 ? (uint32_t)profile->threads : 0;
  o.memory = profile->memory > 0 ? (uint64_t)profile->memory : 0;
  o.spill_dir = profile->spill_dir;
  o.spill_limit = profile->spill_limit > 0 ? (uint64_t)profile->spill_limit : 0;
  o.now_us = now_us;
  o.base = spec->root;
  o.storage = storage;
  o.n_storage = profile->storage.n;
  o.functions = &functions;
  status = wi_session_new(&o, out, err);
  wi_free(storage);
  if (status == WEIR_OK) {
    status = add_macros(spec, *out, err);
  }
  if (status != WEIR_OK) {
    wi_session_free(out);
  }
  return status;
}

static weir_status add_plugin(const wi_spec_plugin *plugin, wi_session *session,
                              weir_error *err) {
  weir_status status = wi_session_add_plugin(session, plugin->file, err);
  if (status != WEIR_OK) {
    wi_err_where(err, plugin->place.file, plugin->place.line, plugin->place.column);
  }
  return status;
}

weir_status wi_pass_functions(const wi_spec *spec, wi_session *session, weir_error *err) {
  for (size_t i = 0; i < spec->n_plugins; i++) {
    WI_TRY(add_plugin(&spec->plugins[i], session, err));
  }
  return WEIR_OK;
}

/* All that is wrong with any of them. Views are not planned then: each use of a function that
 * is not there would be an error of its own. */
static weir_status add_functions(wi_pass *pass, weir_error *err) {
  size_t before = pass->diags->errors;
  for (size_t i = 0; i < pass->spec->n_plugins; i++) {
    weir_error one = WEIR_ERROR_INIT;
    if (add_plugin(&pass->spec->plugins[i], pass->session, &one) != WEIR_OK) {
      wi_diags_take(pass->diags, &one, false);
    }
    weir_error_release(&one);
  }
  if (pass->diags->errors > before) {
    wi_spec_sort_diags(pass->diags);
    return WI_ERR(err, WEIR_E_PROJECT, "the project has %zu error%s", pass->diags->errors,
                  pass->diags->errors == 1 ? "" : "s");
  }
  return WEIR_OK;
}

/* ---- deciding ---- */

static void mark_needed(wi_pass *pass) {
  /* Against the order, so that one pass reaches every ancestor. */
  for (size_t i = pass->spec->n_views; i-- > 0;) {
    wi_run_view *view = &pass->views[pass->order[i]];
    view->needed = view->needed || view->chosen;
    for (size_t k = 0; view->needed && k < view->n_views; k++) {
      pass->views[view->views[k]].needed = true;
    }
  }
}

static weir_status choose(wi_pass *pass, const wi_pass_select *select, weir_error *err) {
  size_t n = pass->spec->n_views;
  bool *chosen = wi_alloc_array(n + 1, sizeof(*chosen));
  if (chosen == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  weir_status status =
      wi_spec_select(pass->spec, pass->refs, select->select, select->n_select,
                     select->exclude, select->n_exclude, chosen, err);
  for (size_t i = 0; status == WEIR_OK && i < n; i++) {
    pass->views[i].chosen = chosen[i];
  }
  wi_free(chosen);
  if (status == WEIR_OK) {
    mark_needed(pass);
  }
  return status;
}

static bool above_blocked(const wi_pass *pass, const wi_run_view *view) {
  for (size_t i = 0; i < view->n_views; i++) {
    if (pass->views[view->views[i]].blocked) {
      return true;
    }
  }
  return false;
}

static weir_status decide_all(wi_pass *pass, weir_error *err) {
  for (size_t i = 0; i < pass->spec->n_views; i++) {
    wi_run_view *view = &pass->views[pass->order[i]];
    weir_error one = WEIR_ERROR_INIT;
    if (!view->needed) {
      continue;
    }
    if (view->blocked || above_blocked(pass, view)) {
      view->blocked = true; /* its own errors would only follow from those above */
      continue;
    }
    if (wi_view_decide(pass, view, &one) != WEIR_OK) {
      view->blocked = true;
      if (one.file[0] == '\0') {
        wi_err_where(&one, view->spec->file, view->spec->sql_line, 0);
      }
      wi_diags_take(pass->diags, &one, false);
    }
    weir_error_release(&one);
  }
  if (pass->diags->errors > 0) {
    wi_spec_sort_diags(pass->diags);
    return WI_ERR(err, WEIR_E_PROJECT, "the project has %zu error%s", pass->diags->errors,
                  pass->diags->errors == 1 ? "" : "s");
  }
  return WEIR_OK;
}

/* What was passed over in the logs that were listed. */
static void tell_logs(wi_pass *pass) {
  wi_buf text = WI_BUF_INIT;
  for (size_t i = 0; i < pass->n_sources + pass->spec->n_views; i++) {
    wi_store *store = i < pass->n_sources ? pass->sources[i].store
                                          : pass->views[i - pass->n_sources].store;
    wi_buf_clear(&text);
    if (store != NULL && wi_log_tell(store, &text)) {
      wi_pass_warn(pass, WEIR_E_CHECKPOINT, "log", "%s; it counts for nothing",
                   wi_buf_text(&text));
    }
  }
  wi_buf_release(&text);
}

weir_status wi_pass_decide(wi_pass *pass, const wi_pass_select *select, weir_error *err) {
  pass->started_us = wi_now_us();
  pass->full_refresh = select->full_refresh;
  WI_TRY(wi_cancel_new(pass->engine, &pass->cancel, err));
  WI_TRY(choose(pass, select, err));
  WI_TRY(wi_pass_session(pass->spec, pass->engine, pass->now_us, &pass->session, err));
  WI_TRY(add_functions(pass, err));
  WI_TRY(wi_session_seal(pass->session, err));
  wi_pass_pin_sources(pass);
  WI_TRY(decide_all(pass, err));
  tell_logs(pass);
  return wi_pass_times(pass, err);
}

void wi_pass_cancel(wi_pass *pass) {
  atomic_store(&pass->cancelled, true);
  wi_cancel_fire(pass->engine, pass->cancel);
}

void wi_pass_warn(wi_pass *pass, weir_status code, const char *stage, const char *fmt,
                  ...) {
  char text[1024];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof(text), fmt, args);
  va_end(args);
  pthread_mutex_lock(&pass->lock);
  wi_diags_add(&pass->warnings, true, code, stage, NULL, 0, 0, "", "%s", text);
  if (pass->watcher.event != NULL && pass->warnings.n > 0) {
    pass->watcher.event(pass->watcher.ctx, WI_EVENT_WARNING, NULL,
                        &pass->warnings.items[pass->warnings.n - 1].error);
  }
  pthread_mutex_unlock(&pass->lock);
}
