/* Projects: opened and freed, and what each call on one begins and ends with. */
#include <string.h>

#include "api/private.h"

#define WI_ORIGIN "api"

static weir_status project_alloc(weir_project **out, weir_error *err) {
  weir_project *p = wi_alloc(sizeof(*p));
  *out = p;
  if (p == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  pthread_mutex_init(&p->lock, NULL);
  wi_log_sink_init(&p->log);
  return WEIR_OK;
}

/* The files have errors; those of names and of planning are found too, for one list of all. */
static weir_status look_further(weir_project *p, weir_cancel *cancel, weir_error *err) {
  static const wi_pass_select all = {0};
  wi_engine *engine = NULL;
  wi_pass *pass = NULL;
  weir_error ignored = WEIR_ERROR_INIT;
  wi_stop *stop = NULL;
  wi_stop_scope scope = wi_stop_here();
  size_t before = p->diags.errors;
  if (wi_api_engine(0, &engine, &ignored) == WEIR_OK &&
      wi_stop_new(engine, cancel, &stop, &ignored) == WEIR_OK &&
      wi_pass_open(p->spec, engine, wi_api_now(p, 0), &p->diags, &pass, &ignored) ==
          WEIR_OK) {
    wi_stop_enter(stop);
    pass->stop = stop;
    (void)wi_pass_decide(pass, &all, &ignored);
  }
  wi_stop_leave(scope);
  wi_pass_free(&pass);
  wi_stop_free(&stop);
  wi_engine_unref(&engine);
  weir_error_release(&ignored);
  if (p->diags.errors > before) {
    weir_error_release(err);
    return wi_project_broken(&p->diags, err);
  }
  return WEIR_E_PROJECT;
}

/* The listener is the project's from here on; or it is let go. */
static weir_status open_empty(const weir_project_options *o, weir_project **out,
                              weir_error *err) {
  weir_log log = WEIR_LOG_INIT;
  if (o->log != NULL) {
    WI_TRY(wi_options_take(&log, sizeof(log), o->log, "weir_log", err));
  }
  weir_status status =
      wi_arg_texts("weir_project_open", "params", o->params, o->n_params, err);
  if (status == WEIR_OK && o->log != NULL && log.event == NULL) {
    status = wi_arg_null("weir_project_open", "event", err);
  }
  if (status == WEIR_OK) {
    status = project_alloc(out, err);
  }
  if (status == WEIR_OK) {
    wi_log_sink_listen(&(*out)->log, &log);
  } else if (log.release != NULL) {
    log.release(log.ctx);
  }
  return status;
}

weir_status weir_project_open(const weir_project_options *options, weir_project **out,
                              weir_error *err) {
  weir_project_options taken;
  const weir_project_options *o = &taken;
  wi_spec_options spec = {0};
  WI_ARG(out, err);
  *out = NULL;
  WI_TRY(wi_options_take(&taken, sizeof(taken), options, "weir_project_options", err));
  WI_TRY(open_empty(o, out, err));
  weir_project *p = *out;
  spec.path = o->path;
  spec.profile = o->profile;
  spec.warehouse = o->warehouse;
  spec.threads = o->threads < INT32_MAX ? (int32_t)o->threads : INT32_MAX;
  spec.memory = o->memory < INT64_MAX ? (int64_t)o->memory : INT64_MAX;
  spec.params = o->params;
  spec.n_params = o->n_params;
  p->now_us = o->now_us;
  weir_status status = wi_spec_load(&spec, &p->spec, &p->diags, err);
  if (status != WEIR_OK) {
    return status == WEIR_E_PROJECT && p->spec != NULL ? look_further(p, o->cancel, err)
                                                       : status;
  }
  int32_t threads = p->spec->profile.threads;
  WI_TRY(wi_api_engine(threads > 0 ? (uint32_t)threads : 0, &p->engine, err));
  return o->cancel != NULL ? wi_stop_new(p->engine, o->cancel, &p->standing, err)
                           : WEIR_OK;
}

void weir_project_free(weir_project **project) {
  if (project == NULL || *project == NULL) {
    return;
  }
  weir_project *p = *project;
  *project = NULL;
  wi_project_free(&p->parsed);
  wi_spec_free(&p->spec);
  wi_diags_release(&p->diags);
  wi_stop_free(&p->standing);
  wi_engine_unref(&p->engine);
  wi_free(p->shown);
  wi_free(p->nodes);
  wi_arena_release(&p->node_arena);
  wi_log_sink_release(&p->log);
  pthread_mutex_destroy(&p->lock);
  wi_free(p);
}

const weir_diagnostic *weir_project_diagnostics(const weir_project *project, size_t *n) {
  /* The list it gives is a cache, not state: rebuilding it changes nothing that is seen. */
  weir_project *p = (weir_project *)(uintptr_t)project;
  if (n != NULL) {
    *n = 0;
  }
  if (p == NULL || n == NULL) { /* a list of unknown length is of no use */
    return NULL;
  }
  wi_free(p->shown);
  p->shown = wi_alloc_array(p->diags.n + 1, sizeof(*p->shown));
  if (p->shown == NULL) {
    return NULL;
  }
  for (size_t i = 0; i < p->diags.n; i++) {
    p->shown[i].is_warning = p->diags.items[i].warning;
    p->shown[i].error = p->diags.items[i].error;
  }
  *n = p->diags.n;
  return p->shown;
}

static const wi_spec *spec_of(const weir_project *project) {
  static const wi_spec none = {0};
  return project != NULL && project->spec != NULL ? project->spec : &none;
}

static const char *text_of(const char *text) {
  return text != NULL ? text : "";
}

const char *weir_project_name(const weir_project *project) {
  return text_of(spec_of(project)->name);
}

const char *weir_project_root(const weir_project *project) {
  return text_of(spec_of(project)->root);
}

const char *weir_project_warehouse(const weir_project *project) {
  return text_of(spec_of(project)->warehouse);
}

/* ---- passes ---- */

/* Errors of an earlier call are gone; warnings of opening stay. */
void wi_api_forget(weir_project *p) {
  size_t n = 0;
  for (size_t i = 0; i < p->diags.n; i++) {
    wi_diag *d = &p->diags.items[i];
    if (d->warning && d->error.code != WEIR_E_PARAM_UNKNOWN) {
      p->diags.items[n++] = *d;
    } else {
      weir_error_release(&d->error);
    }
  }
  p->diags.n = n;
  p->diags.errors = 0;
  p->diags.no_memory = false;
  p->diags.warnings = n;
}

weir_status wi_api_usable(const weir_project *p, weir_error *err) {
  if (p->spec == NULL || p->engine == NULL) {
    return WI_ERR(err, WEIR_E_PROJECT, "the project could not be opened");
  }
  return WEIR_OK;
}

int64_t wi_api_now(const weir_project *p, int64_t asked) {
  return asked != 0 ? asked : p->now_us != 0 ? p->now_us : wi_now_us();
}

weir_status wi_api_stop(wi_engine *engine, weir_cancel *given, const wi_stop *standing,
                        wi_stop **out, weir_error *err) {
  return wi_stop_new(engine, given != NULL ? given : wi_stop_cancel(standing), out, err);
}

weir_status wi_api_begin(weir_project *p, weir_cancel *cancel, int64_t now_us,
                         wi_pass **pass, weir_error *err) {
  wi_stop *stop = NULL;
  *pass = NULL;
  WI_TRY(wi_api_usable(p, err));
  wi_api_forget(p);
  WI_TRY(wi_api_stop(p->engine, cancel, p->standing, &stop, err));
  pthread_mutex_lock(&p->lock);
  p->stop = stop;
  pthread_mutex_unlock(&p->lock);
  p->before = wi_stop_enter(stop);
  WI_TRY(wi_stop_check(stop, err));
  WI_TRY(wi_pass_open(p->spec, p->engine, wi_api_now(p, now_us), &p->diags, pass, err));
  (*pass)->stop = stop;
  return WEIR_OK;
}

void wi_api_end(weir_project *p, wi_pass **pass) {
  pthread_mutex_lock(&p->lock);
  wi_stop *stop = p->stop;
  p->stop = NULL;
  pthread_mutex_unlock(&p->lock);
  if (stop != NULL) {
    wi_stop_leave(p->before);
  }
  wi_pass_free(pass);
  wi_stop_free(&stop);
}

void weir_project_cancel(weir_project *p) {
  if (p == NULL) {
    return;
  }
  pthread_mutex_lock(&p->lock);
  if (p->stop != NULL) {
    wi_stop_fire(p->stop);
  }
  pthread_mutex_unlock(&p->lock);
}
