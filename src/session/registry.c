/* The functions of a session as rows: what the engine lists, with what src/udf says of
 * weir's own. */
#include <stdlib.h>
#include <string.h>

#include "session/calls.h"

#define WI_ORIGIN "session"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const wi_rows_column registry_columns[] = {
    {"name", WI_ROWS_TEXT, false},
    {"kind", WI_ROWS_TEXT, false},
    {"volatility", WI_ROWS_TEXT, true},
    {"aliases", WI_ROWS_TEXTS, false},
    {"parameter_names", WI_ROWS_TEXTS, true},
    {"simplify", WI_ROWS_BOOL, true},
    {"coerce_types", WI_ROWS_BOOL, true},
    {"short_circuits", WI_ROWS_BOOL, true},
};

static const wi_rows_column docs_columns[] = {
    {"name", WI_ROWS_TEXT, false},
    {"kind", WI_ROWS_TEXT, false},
    {"section", WI_ROWS_TEXT, true},
    {"description", WI_ROWS_TEXT, true},
    {"syntax", WI_ROWS_TEXT, true},
    {"sql_example", WI_ROWS_TEXT, true},
    {"argument_names", WI_ROWS_TEXTS, true},
    {"argument_descriptions", WI_ROWS_TEXTS, true},
    {"alternative_syntax", WI_ROWS_TEXTS, true},
    {"related_udfs", WI_ROWS_TEXTS, true},
};

weir_status wi_registry_columns(struct ArrowSchema *out, weir_error *err) {
  return wi_rows_schema(registry_columns, COUNT(registry_columns), out, err);
}

weir_status wi_docs_columns(struct ArrowSchema *out, weir_error *err) {
  return wi_rows_schema(docs_columns, COUNT(docs_columns), out, err);
}

/* ---- the functions ---- */

typedef struct entry {
  const char *name, *kind, *volatility; /* volatility "": the engine does not tell */
  const char *aliases;                  /* comma-joined */
  const wi_fn *fn;                      /* NULL: only the engine knows it */
} entry;

typedef struct entries {
  wi_arena arena;
  entry *items;
  size_t n, cap;
} entries;

static void entries_release(entries *all) {
  wi_free(all->items);
  wi_arena_release(&all->arena);
}

static weir_status add_entry(entries *all, const entry *one, weir_error *err) {
  entry *place = wi_vec_add(all);
  if (place == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *place = *one;
  return one->name != NULL && one->kind != NULL && one->volatility != NULL &&
                 one->aliases != NULL
             ? WEIR_OK
             : wi_err_nomem(err, WI_ORIGIN);
}

static const char *keep(entries *all, wi_str text) {
  return wi_arena_ndup(&all->arena, text.p, text.n);
}

/* A name may be a scalar of the engine and a table function at once. */
static const wi_fn *described(const char *name, const char *kind) {
  const wi_fn *fn = name != NULL ? wi_udf_find(name) : NULL;
  return fn != NULL && kind != NULL && strcmp(fn->name, name) == 0 &&
                 strcmp(wi_fn_kind_text(fn), kind) == 0
             ? fn
             : NULL;
}

static weir_status add_listed(wi_session *s, entries *all, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_session_table_read(s->engine, s->handle, WI_BR_FUNCTIONS, &rows, err));
  for (;;) {
    entry one = {0};
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    one.name = keep(all, wi_cursor_text(rows, 0));
    one.kind = keep(all, wi_cursor_text(rows, 1));
    one.volatility = keep(all, wi_cursor_text(rows, 2));
    one.aliases = keep(all, wi_cursor_text(rows, 4));
    one.fn = described(one.name, one.kind);
    if (one.fn != NULL) {
      one.volatility = wi_fn_volatility_text(one.fn);
    }
    WI_CHECK(add_entry(all, &one, err));
  }
done:
  wi_cursor_free(&rows);
  return status;
}

/* Those that the engine has no function for, as relation operators. */
static weir_status add_others(entries *all, weir_error *err) {
  size_t n = 0, listed = all->n;
  const wi_fn *const *own = wi_udf_list(&n);
  for (size_t i = 0; i < n; i++) {
    bool there = false;
    for (size_t k = 0; k < listed && !there; k++) {
      there = all->items[k].fn == own[i];
    }
    if (!there) {
      const entry one = {own[i]->name, wi_fn_kind_text(own[i]),
                         wi_fn_volatility_text(own[i]), "", own[i]};
      WI_TRY(add_entry(all, &one, err));
    }
  }
  return WEIR_OK;
}

static int by_name(const void *a, const void *b) {
  const entry *x = a, *y = b;
  int c = strcmp(x->name, y->name);
  return c != 0 ? c : strcmp(x->kind, y->kind);
}

static weir_status read_entries(wi_session *s, entries *all, weir_error *err) {
  WI_TRY(add_listed(s, all, err));
  WI_TRY(add_others(all, err));
  qsort(all->items, all->n, sizeof(*all->items), by_name);
  return WEIR_OK;
}

/* ---- rows ---- */

/* Texts of one cell. */
typedef struct texts {
  wi_str *items;
  size_t n, cap;
  bool failed;
} texts;

static void add_text(texts *t, const char *p, size_t n) {
  wi_str *place = wi_vec_add(t);
  t->failed = t->failed || place == NULL;
  if (place != NULL) {
    *place = (wi_str){p, n};
  }
}

static void add_aliases(texts *t, const entry *e) {
  t->n = 0;
  if (e->fn != NULL) {
    for (size_t i = 0; i < e->fn->n_aliases; i++) {
      add_text(t, e->fn->aliases[i], strlen(e->fn->aliases[i]));
    }
    /* Another name for one of the engine's functions has that one's name as its other. */
    if (e->fn->engine != NULL && strcmp(e->fn->engine, e->fn->name) != 0) {
      add_text(t, e->fn->engine, strlen(e->fn->engine));
    }
    return;
  }
  for (const char *p = e->aliases; *p != '\0';) {
    size_t n = strcspn(p, ",");
    add_text(t, p, n);
    p += n + (p[n] == ',' ? 1 : 0);
  }
}

static void add_params(texts *t, const wi_fn *fn, bool docs) {
  t->n = 0;
  for (size_t i = 0; i < fn->n_params; i++) {
    const char *text = docs ? fn->params[i].doc : fn->params[i].name;
    add_text(t, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
  }
}

static void put_texts(wi_rows *r, const texts *t) {
  wi_rows_texts(r, t->items, t->n);
}

static bool coerces(const wi_fn *fn) {
  for (size_t i = 0; i < fn->n_params; i++) {
    if (fn->params[i].type_class != WI_T_ANY) {
      return true;
    }
  }
  return false;
}

static void put_registry_row(wi_rows *r, const entry *e, texts *t) {
  const wi_fn *fn = e->fn;
  wi_rows_cstr(r, e->name);
  wi_rows_cstr(r, e->kind);
  wi_rows_cstr(r, e->volatility[0] != '\0' ? e->volatility : NULL);
  add_aliases(t, e);
  put_texts(r, t);
  if (fn == NULL) {
    for (int i = 0; i < 4; i++) {
      wi_rows_null(r);
    }
    wi_rows_end(r);
    return;
  }
  add_params(t, fn, false);
  put_texts(r, t);
  wi_rows_int(r, fn->kind == WI_FN_SCALAR && fn->volatility == WI_FN_IMMUTABLE);
  wi_rows_int(r, coerces(fn));
  wi_rows_int(r, fn->short_circuits);
  wi_rows_end(r);
}

/* "alias(arguments)" for each alias: the syntax begins with the name. */
static weir_status alternatives(entries *all, const wi_fn *fn, texts *t,
                                weir_error *err) {
  const char *rest = fn->syntax + strcspn(fn->syntax, "(");
  t->n = 0;
  for (size_t i = 0; i < fn->n_aliases; i++) {
    wi_buf one = WI_BUF_INIT;
    wi_buf_fmt(&one, "%s%s", fn->aliases[i], rest);
    const char *kept = keep(all, (wi_str){wi_buf_text(&one), one.n});
    size_t n = one.n;
    bool failed = one.failed || kept == NULL;
    wi_buf_release(&one);
    if (failed) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    add_text(t, kept, n);
  }
  return WEIR_OK;
}

static void related(const entries *all, const wi_fn *fn, texts *t) {
  t->n = 0;
  for (size_t i = 0; i < all->n; i++) {
    const wi_fn *other = all->items[i].fn;
    if (other != NULL && other != fn && strcmp(other->section, fn->section) == 0) {
      add_text(t, other->name, strlen(other->name));
    }
  }
}

static void put_example(wi_rows *r, const wi_fn *fn) {
  wi_buf sql = WI_BUF_INIT;
  bool whole = wi_starts_with(fn->example, "SELECT");
  wi_buf_fmt(&sql, "%s%s", whole ? "" : "SELECT ", fn->example);
  wi_rows_text(r, (wi_str){wi_buf_text(&sql), sql.n});
  wi_buf_release(&sql);
}

static weir_status put_docs_row(wi_rows *r, entries *all, const entry *e, texts *t,
                                weir_error *err) {
  const wi_fn *fn = e->fn;
  wi_rows_cstr(r, e->name);
  wi_rows_cstr(r, e->kind);
  if (fn == NULL) {
    for (int i = 0; i < 8; i++) {
      wi_rows_null(r);
    }
    wi_rows_end(r);
    return WEIR_OK;
  }
  wi_rows_cstr(r, fn->section);
  wi_rows_cstr(r, fn->description);
  wi_rows_cstr(r, fn->syntax);
  put_example(r, fn);
  add_params(t, fn, false);
  put_texts(r, t);
  add_params(t, fn, true);
  put_texts(r, t);
  WI_TRY(alternatives(all, fn, t, err));
  put_texts(r, t);
  related(all, fn, t);
  put_texts(r, t);
  wi_rows_end(r);
  return WEIR_OK;
}

static weir_status make_rows(wi_session *s, bool docs, struct ArrowArrayStream *out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  entries all = {0};
  texts t = {0};
  wi_rows *r = NULL;
  memset(out, 0, sizeof(*out));
  WI_CHECK(read_entries(s, &all, err));
  WI_CHECK(docs ? wi_rows_new(docs_columns, COUNT(docs_columns), &r, err)
                : wi_rows_new(registry_columns, COUNT(registry_columns), &r, err));
  for (size_t i = 0; i < all.n; i++) {
    if (docs) {
      WI_CHECK(put_docs_row(r, &all, &all.items[i], &t, err));
    } else {
      put_registry_row(r, &all.items[i], &t);
    }
  }
  WI_CHECK(t.failed ? wi_err_nomem(err, WI_ORIGIN) : wi_rows_stream(r, out, err));
done:
  wi_rows_free(&r);
  wi_free(t.items);
  entries_release(&all);
  return status;
}

weir_status wi_registry_rows(wi_session *s, struct ArrowArrayStream *out,
                             weir_error *err) {
  return make_rows(s, false, out, err);
}

weir_status wi_docs_rows(wi_session *s, struct ArrowArrayStream *out, weir_error *err) {
  return make_rows(s, true, out, err);
}
