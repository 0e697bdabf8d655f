/* Selectors: which views a command is about. */
#include <stdlib.h>
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

typedef struct atom { /* one selector between commas */
  const char *text;   /* as written, for errors */
  const char *base;   /* without the signs around it; NUL-terminated in place */
  size_t up, down;    /* how many steps; SIZE_MAX: all */
  bool at_sign;       /* the views below, and all that those need */
} atom;

typedef struct selection {
  const wi_spec *spec;
  wi_spec_edges edges;
  bool *term, *hit; /* scratch: one per view */
  bool *extra;
  size_t *queue, *distance;
} selection;

/* ---- errors ---- */

static weir_status refuse(weir_error *err, const char *text, const char *why,
                          const char *hint) {
  weir_status status = WI_ERR(err, WEIR_E_SELECTOR, "selector '%.200s': %s", text, why);
  if (hint[0] != '\0') {
    wi_err_hint(err, "%s", hint);
  }
  return status;
}

static weir_status no_such(const char *text, const char *base, const char *why,
                           const char *const *known, size_t n, weir_error *err) {
  char near[256];
  wi_nearest(base, known, n, near, sizeof near);
  weir_status status = refuse(err, text, why, "");
  if (near[0] != '\0') {
    wi_err_hint(err, "did you mean %s?", near);
  } else {
    wi_err_hint(err, "`weir ls -v` lists the views with their tags and files");
  }
  return status;
}

static weir_status unknown_view(const selection *s, const atom *a, weir_error *err) {
  const wi_spec *spec = s->spec;
  if (wi_spec_source_find(spec, a->base) != NULL) {
    return refuse(err, a->text, "that is a source; selectors choose views",
                  "name the views that read it, or use a glob");
  }
  const char **names = wi_alloc_array(spec->n_views + 1, sizeof *names);
  if (names == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < spec->n_views; i++) {
    names[i] = spec->views[i].name;
  }
  bool glob = strpbrk(a->base, "*?") != NULL;
  weir_status status =
      no_such(a->text, a->base, glob ? "it matches no view" : "no such view", names,
              glob ? 0 : spec->n_views, err);
  wi_free(names);
  return status;
}

static weir_status unknown_tag(const selection *s, const atom *a, weir_error *err) {
  const wi_spec *spec = s->spec;
  size_t total = 0, n = 0;
  for (size_t i = 0; i < spec->n_views; i++) {
    total += spec->views[i].tags.n;
  }
  const char **tags = wi_alloc_array(total + 1, sizeof *tags);
  if (tags == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < spec->n_views; i++) {
    for (size_t k = 0; k < spec->views[i].tags.n; k++) {
      tags[n++] = spec->views[i].tags.items[k];
    }
  }
  wi_names unique = {tags, n};
  wi_names_sort(&unique);
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (kept == 0 || strcmp(tags[kept - 1], tags[i]) != 0) {
      tags[kept++] = tags[i];
    }
  }
  weir_status status =
      no_such(a->text, a->base + 4, "no view has this tag", tags, kept, err);
  wi_free(tags);
  return status;
}

/* ---- parsing ---- */

/* Digits of "2+": how many steps; SIZE_MAX where there are none. */
static size_t steps(const char *digits, size_t n) {
  size_t value = 0;
  for (size_t i = 0; i < n; i++) {
    value = value > 1000000 ? value : value * 10 + (size_t)(digits[i] - '0');
  }
  return n == 0 ? SIZE_MAX : value;
}

/* Cuts the signs off `text`, which is changed; a->text stays whole. */
static weir_status parse_atom(const char *whole, char *text, atom *a, weir_error *err) {
  *a = (atom){.text = whole, .base = text};
  if (text[0] == '@') {
    a->at_sign = true;
    a->base = text + 1;
  } else {
    size_t n = strspn(text, "0123456789");
    if (text[n] == '+') {
      a->up = steps(text, n);
      a->base = text + n + 1;
    }
  }
  char *plus = text + (a->base - text);
  plus = strrchr(plus, '+');
  if (plus != NULL && strspn(plus + 1, "0123456789") == strlen(plus + 1)) {
    a->down = steps(plus + 1, strlen(plus + 1));
    *plus = '\0';
  }
  if (a->base[0] == '\0' || strpbrk(a->base, "+@") != NULL) {
    return refuse(
        err, whole, "it is malformed",
        "the forms are name, +name, name+, 2+name, name+2, @name, tag:x, path:x");
  }
  if (a->at_sign && a->down != 0) {
    return refuse(err, whole, "@ and + do not go together",
                  "@name chooses what is below name, and all that those views need");
  }
  return WEIR_OK;
}

/* ---- matching ---- */

/* `*` is any text, `?` one character. Goes back to the last star only: linear in
 * practice, never exponential. */
static bool glob(const char *pattern, const char *text) {
  const char *star = NULL, *mark = text;
  while (*text != '\0') {
    if (*pattern == '*') {
      star = pattern++;
      mark = text;
    } else if (*pattern == *text || *pattern == '?') {
      pattern++;
      text++;
    } else if (star != NULL) {
      pattern = star + 1;
      text = ++mark;
    } else {
      return false;
    }
  }
  while (*pattern == '*') {
    pattern++;
  }
  return *pattern == '\0';
}

/* A file, a folder with all below it, or a glob over the whole path. */
static bool path_matches(const char *pattern, const char *file) {
  size_t n;
  if (wi_starts_with(pattern, "./")) {
    pattern += 2;
  }
  n = strlen(pattern);
  while (n > 0 && pattern[n - 1] == '/') {
    n--;
  }
  bool folder = strncmp(file, pattern, n) == 0 && (file[n] == '/' || file[n] == '\0');
  return (n > 0 && folder) || glob(pattern, file);
}

static bool has_tag(const wi_spec_view *view, const char *pattern) {
  for (size_t i = 0; i < view->tags.n; i++) {
    if (glob(pattern, view->tags.items[i])) {
      return true;
    }
  }
  return false;
}

static weir_status match(const selection *s, const atom *a, bool *hit, weir_error *err) {
  bool tag = wi_starts_with(a->base, "tag:"), path = wi_starts_with(a->base, "path:");
  bool some = false;
  if (wi_starts_with(a->base, "state:")) {
    return WI_ERR_HINT(err, WEIR_E_NOT_YET,
                       "`weir plan` shows which views would run, and why",
                       "selector '%.200s': this version of weir does not have "
                       "state: yet",
                       a->text);
  }
  if (strchr(a->base, ':') != NULL && !tag && !path) {
    return refuse(err, a->text, "weir knows no such method",
                  "the methods are tag: and path:");
  }
  for (size_t i = 0; i < s->spec->n_views; i++) {
    const wi_spec_view *view = &s->spec->views[i];
    hit[i] = tag    ? has_tag(view, a->base + 4)
             : path ? path_matches(a->base + 5, view->file)
                    : glob(a->base, view->name);
    some = some || hit[i];
  }
  if (some) {
    return WEIR_OK;
  }
  if (tag) {
    return unknown_tag(s, a, err);
  }
  return path ? refuse(err, a->text, "no view's file is there",
                       "write the path below the project's folder, as path:views/marts")
              : unknown_view(s, a, err);
}

/* ---- walking: breadth first, so that the first visit is by the fewest steps ---- */

static void spread(selection *s, const size_t *at, const size_t *to, size_t limit,
                   const bool *from, bool *into) {
  size_t head = 0, tail = 0, n = s->spec->n_views;
  for (size_t i = 0; i < n; i++) {
    s->distance[i] = SIZE_MAX;
    if (from[i]) {
      s->distance[i] = 0;
      s->queue[tail++] = i;
    }
  }
  while (head < tail) {
    size_t view = s->queue[head++];
    into[view] = true;
    for (size_t k = at[view]; k < at[view + 1] && s->distance[view] < limit; k++) {
      if (s->distance[to[k]] == SIZE_MAX) {
        s->distance[to[k]] = s->distance[view] + 1;
        s->queue[tail++] = to[k];
      }
    }
  }
}

static weir_status eval_atom(selection *s, const atom *a, weir_error *err) {
  size_t n = s->spec->n_views;
  memset(s->hit, 0, n * sizeof *s->hit);
  WI_TRY(match(s, a, s->hit, err));
  memcpy(s->extra, s->hit, n * sizeof *s->extra);
  if (a->at_sign) {
    spread(s, s->edges.down_at, s->edges.down, SIZE_MAX, s->hit, s->extra);
    memcpy(s->hit, s->extra, n * sizeof *s->hit);
    spread(s, s->edges.up_at, s->edges.up, SIZE_MAX, s->hit, s->extra);
  }
  if (a->up > 0) {
    spread(s, s->edges.up_at, s->edges.up, a->up, s->hit, s->extra);
  }
  if (a->down > 0) {
    spread(s, s->edges.down_at, s->edges.down, a->down, s->hit, s->extra);
  }
  memcpy(s->hit, s->extra, n * sizeof *s->hit);
  return WEIR_OK;
}

/* One text without blanks: all its parts between commas have to hold. */
static weir_status eval_term(selection *s, const char *term, size_t n, bool *out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  char *whole = wi_strndup(term, n), *part = wi_strndup(term, n);
  if (whole == NULL || part == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  memset(s->term, true, s->spec->n_views * sizeof *s->term);
  for (char *p = part, *next; p != NULL; p = next) {
    atom a;
    char *comma = strchr(p, ',');
    next = comma == NULL ? NULL : comma + 1;
    if (comma != NULL) {
      *comma = '\0';
    }
    WI_CHECK(parse_atom(whole, p, &a, err));
    WI_CHECK(eval_atom(s, &a, err));
    for (size_t i = 0; i < s->spec->n_views; i++) {
      s->term[i] = s->term[i] && s->hit[i];
    }
  }
  for (size_t i = 0; i < s->spec->n_views; i++) {
    out[i] = out[i] || s->term[i];
  }
done:
  wi_free(whole);
  wi_free(part);
  return status;
}

static weir_status eval_list(selection *s, const char *const *list, size_t n, bool *out,
                             weir_error *err) {
  for (size_t i = 0; i < n; i++) {
    size_t terms = 0;
    for (const char *p = list[i]; *p != '\0';) {
      p += strspn(p, " \t\r\n");
      size_t len = strcspn(p, " \t\r\n");
      if (len > 0) {
        WI_TRY(eval_term(s, p, len, out, err));
        terms++;
      }
      p += len;
    }
    if (terms == 0) {
      return refuse(err, list[i], "it is empty", "name a view, or leave it out for all");
    }
  }
  return WEIR_OK;
}

static weir_status prepare(selection *s, const wi_spec *spec, const wi_spec_refs *refs,
                           weir_error *err) {
  size_t n = spec->n_views + 1;
  *s = (selection){.spec = spec};
  s->term = wi_alloc_array(n, sizeof *s->term);
  s->hit = wi_alloc_array(n, sizeof *s->hit);
  s->extra = wi_alloc_array(n, sizeof *s->extra);
  s->queue = wi_alloc_array(n, sizeof *s->queue);
  s->distance = wi_alloc_array(n, sizeof *s->distance);
  if (s->term == NULL || s->hit == NULL || s->extra == NULL || s->queue == NULL ||
      s->distance == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return wi_spec_edges_build(spec, refs, &s->edges, err);
}

static void release(selection *s) {
  wi_spec_edges_release(&s->edges);
  wi_free(s->term);
  wi_free(s->hit);
  wi_free(s->extra);
  wi_free(s->queue);
  wi_free(s->distance);
}

weir_status wi_spec_select(const wi_spec *spec, const wi_spec_refs *refs,
                           const char *const *select, size_t n_select,
                           const char *const *exclude, size_t n_exclude, bool *chosen,
                           weir_error *err) {
  weir_status status = WEIR_OK;
  selection s = {0};
  size_t n = 0;
  bool *out = wi_alloc_array(spec->n_views + 1, sizeof *out);
  memset(chosen, n_select == 0, spec->n_views * sizeof *chosen);
  if (out == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(prepare(&s, spec, refs, err));
  WI_CHECK(eval_list(&s, select, n_select, chosen, err));
  WI_CHECK(eval_list(&s, exclude, n_exclude, out, err));
  for (size_t i = 0; i < spec->n_views; i++) {
    chosen[i] = chosen[i] && !out[i];
    n += chosen[i] ? 1 : 0;
  }
  if (n == 0 && (n_select > 0 || n_exclude > 0)) {
    status = WI_ERR_HINT(err, WEIR_E_SELECTOR,
                         "`weir ls` with the same selectors shows what they choose",
                         "nothing is selected: %s",
                         n_exclude > 0 ? "what --select chooses is excluded again"
                                       : "no view is in all parts between the commas");
  }
done:
  if (status != WEIR_OK) {
    memset(chosen, 0, spec->n_views * sizeof *chosen);
  }
  release(&s);
  wi_free(out);
  return status;
}
