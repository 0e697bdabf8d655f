/* The session of a project: its profile, settings, macros and plug-ins. */
#include "project/project.h"

#define WI_ORIGIN "project"

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

weir_status wi_project_session(const wi_spec *spec, wi_engine *engine, int64_t now_us,
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

weir_status wi_project_functions(const wi_spec *spec, wi_session *session,
                                 weir_error *err) {
  for (size_t i = 0; i < spec->n_plugins; i++) {
    WI_TRY(add_plugin(&spec->plugins[i], session, err));
  }
  return WEIR_OK;
}

/* Views are not planned then: each use of a function that is not there would be an error of
 * its own. */
weir_status wi_project_functions_all(const wi_spec *spec, wi_session *session,
                                     wi_diags *diags, weir_error *err) {
  size_t before = diags->errors;
  for (size_t i = 0; i < spec->n_plugins; i++) {
    weir_error one = WEIR_ERROR_INIT;
    if (add_plugin(&spec->plugins[i], session, &one) != WEIR_OK) {
      wi_diags_take(diags, &one, false);
    }
    weir_error_release(&one);
  }
  return diags->errors > before ? wi_project_broken(diags, err) : WEIR_OK;
}
