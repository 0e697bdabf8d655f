/* Functions that a statement calls and the session does not have: all of them at once. */
#include <string.h>

#include "plan/private.h"

#define WI_ORIGIN "plan"

/* SQL has these without a function of the engine behind them. */
static bool is_syntax(const char *name) {
  return strcmp(name, "unnest") == 0 || strcmp(name, "unnest_outer") == 0 ||
         strcmp(name, "make_map") == 0;
}

static bool known(const wi_session *s, const char *name) {
  size_t n = strlen(name);
  char plain[256];
  if (n >= 2 && n < sizeof(plain) && name[0] == '"' && name[n - 1] == '"') {
    memcpy(plain, name + 1, n - 2);
    plain[n - 2] = '\0';
    name = plain;
  }
  return is_syntax(name) || wi_map_has(&s->function_names, name);
}

typedef struct missing {
  wi_buf names, hint;
  size_t n;
  const wi_ref *first; /* in the text */
} missing;

static void add_missing(const wi_session *s, const char *const *names, const wi_ref *ref,
                        bool last, missing *m) {
  char near[256] = "";
  wi_buf_fmt(&m->names, "%s'%s'", m->n == 0 ? "" : last ? " and " : ", ", ref->name);
  wi_nearest(ref->name, names, s->function_names.n, near, sizeof(near));
  if (near[0] != '\0') {
    wi_buf_fmt(&m->hint, "%s%s", m->hint.n == 0 ? "did you mean " : ", ", near);
    if (m->n > 0 || !last) {
      wi_buf_fmt(&m->hint, " for %s", ref->name);
    }
  }
  bool before = m->first == NULL || ref->line < m->first->line ||
                (ref->line == m->first->line && ref->column < m->first->column);
  m->first = before ? ref : m->first;
  m->n++;
}

static weir_status tell(const wi_session *s, const wi_refs *refs, size_t n,
                        weir_error *err) {
  weir_status status = WEIR_OK;
  missing m = {WI_BUF_INIT, WI_BUF_INIT, 0, NULL};
  const char **names = wi_alloc_array(s->function_names.n + 1, sizeof(*names));
  if (names == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < s->function_names.n; i++) {
    names[i] = s->function_names.entries[i].key;
  }
  for (size_t i = 0; i < refs->n_functions; i++) {
    if (!known(s, refs->functions[i].name)) {
      add_missing(s, names, &refs->functions[i], m.n + 1 == n, &m);
    }
  }
  WI_CHECK(wi_buf_check(&m.names, err, WI_ORIGIN));
  status = WI_ERR_HINT(err, WEIR_E_UNKNOWN_FUNCTION,
                       WI_HINT("%s%s`weir functions --all` lists all",
                               wi_buf_text(&m.hint), m.hint.n > 0 ? "? " : ""),
                       "there %s %s", n == 1 ? "is no function" : "are no functions",
                       wi_buf_text(&m.names));
  wi_err_where(err, NULL, m.first->line, m.first->column);
done:
  wi_buf_release(&m.names);
  wi_buf_release(&m.hint);
  wi_free(names);
  return status;
}

weir_status wi_functions_check(wi_session *s, const wi_refs *refs, weir_error *err) {
  size_t n = 0;
  for (size_t i = 0; i < refs->n_functions; i++) {
    n += known(s, refs->functions[i].name) ? 0 : 1;
  }
  return n > 0 ? tell(s, refs, n, err) : WEIR_OK;
}
