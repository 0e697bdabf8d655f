/* Plug-ins of a session: their functions beside weir's own and the engine's. */
#include <string.h>

#include "session/private.h"

#define WI_ORIGIN "session"

static weir_status taken(const wi_plugin *p, const char *name, const char *by,
                         weir_error *err) {
  weir_status status = WI_ERR(err, WEIR_E_DUPLICATE_NAME,
                              "plug-in %s (%s) brings a function %s, and there is one of "
                              "that name already: %s",
                              p->from->name, p->path, name, by);
  wi_err_hint(err, "rename it in the plug-in, or leave one of them out");
  return status;
}

static const wi_plugin_fn *find(const wi_plugin *p, const char *name) {
  for (size_t i = 0; i < p->n_functions; i++) {
    const wi_fn *fn = &p->functions[i].fn;
    bool is = strcmp(fn->name, name) == 0;
    for (size_t k = 0; k < fn->n_aliases && !is; k++) {
      is = strcmp(fn->aliases[k], name) == 0;
    }
    if (is) {
      return &p->functions[i];
    }
  }
  return NULL;
}

const wi_plugin_fn *wi_session_plugin_fn(const wi_session *s, const char *name) {
  for (size_t i = 0; i < s->plugins.n; i++) {
    const wi_plugin_fn *found = find(s->plugins.items[i], name);
    if (found != NULL) {
      return found;
    }
  }
  return NULL;
}

static weir_status check_name(const wi_session *s, const wi_plugin *p, const char *name,
                              weir_error *err) {
  char by[512];
  const wi_plugin_fn *other = wi_session_plugin_fn(s, name);
  if (other != NULL) {
    snprintf(by, sizeof(by), "%s of plug-in %s (%.300s)", other->fn.name,
             other->plugin->from->name, other->plugin->path);
    return taken(p, name, by, err);
  }
  const wi_fn *own = wi_udf_find(name);
  if (own != NULL) {
    snprintf(by, sizeof(by), "weir's own %s", own->name);
    return taken(p, name, by, err);
  }
  return WEIR_OK;
}

static weir_status check_names(const wi_session *s, const wi_plugin *p, weir_error *err) {
  for (size_t i = 0; i < s->plugins.n; i++) {
    const wi_plugin *other = s->plugins.items[i];
    if (strcmp(other->from->name, p->from->name) == 0) {
      return WI_ERR(err, WEIR_E_DUPLICATE_NAME,
                    "there are two plug-ins named %s: %s and %s", p->from->name,
                    other->path, p->path);
    }
  }
  for (size_t i = 0; i < p->n_functions; i++) {
    const wi_fn *fn = &p->functions[i].fn;
    WI_TRY(check_name(s, p, fn->name, err));
    for (size_t k = 0; k < fn->n_aliases; k++) {
      WI_TRY(check_name(s, p, fn->aliases[k], err));
    }
  }
  return WEIR_OK;
}

/* A macro of a name would be called instead, or fail to seal without saying whose it is. */
static weir_status check_macros(const wi_session *s, const wi_plugin *p,
                                weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_session_table_read(s->engine, s->handle, WI_BR_MACROS, &rows, err));
  for (;;) {
    char name[256], by[512];
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    wi_str macro = wi_cursor_text(rows, 0), text = wi_cursor_text(rows, 1);
    snprintf(name, sizeof(name), "%.*s", (int)macro.n, macro.p);
    if (macro.n < sizeof(name) && find(p, name) != NULL) {
      snprintf(by, sizeof(by), "the macro %s: %.*s", name, (int)text.n, text.p);
      status = taken(p, name, by, err);
      break;
    }
  }
done:
  wi_cursor_free(&rows);
  return status;
}

/* The engine knows only that there is a function: which one is said here. */
static void name_owner(const wi_plugin *p, const char *name, weir_error *err) {
  char said[300];
  snprintf(said, sizeof(said), "there is a function %.200s already", name);
  if (strstr(err->message, said) != NULL) {
    wi_err_context(err, "macro %s, and a function of plug-in %s (%s)", name,
                   p->from->name, p->path);
    wi_err_hint_replace(err, "rename the macro, or leave one of them out");
  }
}

void wi_session_macro_taken(const wi_session *s, weir_error *err) {
  for (size_t i = 0; i < s->plugins.n; i++) {
    const wi_plugin *p = s->plugins.items[i];
    for (size_t k = 0; k < p->n_functions; k++) {
      const wi_fn *fn = &p->functions[k].fn;
      name_owner(p, fn->name, err);
      for (size_t a = 0; a < fn->n_aliases; a++) {
        name_owner(p, fn->aliases[a], err);
      }
    }
  }
}

static weir_status add_functions(wi_session *s, const wi_plugin *p, weir_error *err) {
  for (size_t i = 0; i < p->n_functions; i++) {
    const wi_plugin_fn *f = &p->functions[i];
    weir_error own = WEIR_ERROR_INIT;
    weir_status status = wi_session_add_foreign(s, f, &own);
    if (status == WEIR_E_DUPLICATE_NAME) {
      char by[600];
      snprintf(by, sizeof(by), "a function of the engine (%.500s)", own.message);
      status = taken(p, f->fn.name, by, err);
    } else if (status != WEIR_OK) {
      wi_err_context(&own, "plug-in %s (%s)", p->from->name, p->path);
      wi_err_move(err, &own);
    }
    weir_error_release(&own);
    WI_TRY(status);
  }
  return WEIR_OK;
}

weir_status wi_session_add_plugin(wi_session *s, const char *path, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_plugin *p = NULL;
  if (s->sealed) {
    wi_err_hint(err, "add plug-ins before weir_session_seal");
    return WI_ERR(err, WEIR_E_NOT_SEALED,
                  "plug-in %.300s is added after the session was sealed", path);
  }
  WI_CHECK(wi_plugin_open(path, &wi_plugin_abi_own, &p, err));
  WI_CHECK(check_names(s, p, err));
  WI_CHECK(check_macros(s, p, err));
  WI_CHECK(add_functions(s, p, err));
  if (!wi_list_add(&s->plugins, p)) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  p = NULL;
done:
  wi_plugin_unref(&p);
  return status;
}

void wi_session_plugins_release(wi_session *s) {
  for (size_t i = 0; i < s->plugins.n; i++) {
    wi_plugin *p = s->plugins.items[i];
    wi_plugin_unref(&p);
  }
  wi_list_release(&s->plugins);
}
