/* Checked access to the tree of a file: each helper reports what is wrong, and where. */
#include <stdlib.h>
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

static void report(wi_reader *r, weir_status code, uint32_t line, uint32_t column,
                   const char *hint, const char *fmt, va_list args) {
  weir_error err = WEIR_ERROR_INIT;
  wi_err_vset(&err, code, WI_ORIGIN, fmt, args);
  wi_err_where(&err, r->file, line, column);
  if (hint != NULL) {
    wi_err_hint(&err, "%s", hint);
  }
  wi_diags_take(r->diags, &err, false);
}

void wi_reader_error(wi_reader *r, weir_status code, uint32_t line, uint32_t column,
                     const char *hint, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  report(r, code, line, column, hint, fmt, args);
  va_end(args);
}

void wi_reader_error_at(wi_reader *r, weir_status code, const wi_yaml *node,
                        const char *hint, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  report(r, code, node == NULL ? 1 : node->line, node == NULL ? 1 : node->column, hint,
         fmt, args);
  va_end(args);
}

void wi_reader_take(wi_reader *r, const wi_yaml *node, weir_error *err) {
  if (err->code == WEIR_E_NO_MEMORY) {
    r->nomem = true;
    weir_error_release(err);
    return;
  }
  wi_err_where(err, r->file, node->line, node->column);
  wi_diags_take(r->diags, err, false);
}

wi_place wi_reader_place(const wi_reader *r, const wi_yaml *node) {
  return (wi_place){r->file, node->line, node->column};
}

char *wi_reader_dup(wi_reader *r, const char *text) {
  char *copy = wi_arena_dup(&r->spec->arena, text);
  r->nomem = r->nomem || copy == NULL;
  return copy;
}

void *wi_reader_array(wi_reader *r, size_t n, size_t size) {
  void *array = wi_arena_array(&r->spec->arena, n == 0 ? 1 : n, size);
  r->nomem = r->nomem || array == NULL;
  return array;
}

bool wi_reader_any_map(wi_reader *r, const wi_yaml *node, const char *what) {
  if (node->kind == WI_YAML_BAD) {
    return false;
  }
  if (node->kind != WI_YAML_MAP) {
    wi_reader_error_at(
        r, WEIR_E_BAD_VALUE, node, "write {key: value} or indented lines of key: value",
        "%s has to be a map of keys, not %s", what, wi_yaml_kind_name(node));
    return false;
  }
  return true;
}

static void unknown_key(wi_reader *r, const wi_yaml *key, const char *what,
                        const wi_key *keys, size_t n) {
  const char *names[32] = {NULL};
  char near[256];
  wi_buf hint = WI_BUF_INIT;
  n = n > 32 ? 32 : n;
  for (size_t i = 0; i < n; i++) {
    names[i] = keys[i].name;
  }
  wi_nearest(key->text, names, n, near, sizeof near);
  if (near[0] != '\0') {
    wi_buf_fmt(&hint, "did you mean %s?", near);
  } else {
    wi_buf_str(&hint, "the keys are ");
    for (size_t i = 0, shown = 0; i < n; i++) {
      if (!keys[i].later) {
        wi_buf_fmt(&hint, "%s%s", shown++ == 0 ? "" : ", ", keys[i].name);
      }
    }
  }
  wi_reader_error_at(r, WEIR_E_UNKNOWN_KEY, key, wi_buf_text(&hint),
                     "%s has no key '%.100s'", what, key->text);
  wi_buf_release(&hint);
}

bool wi_reader_map(wi_reader *r, const wi_yaml *node, const char *what,
                   const wi_key *keys, size_t n) {
  if (!wi_reader_any_map(r, node, what)) {
    return false;
  }
  for (size_t i = 0; i < node->n; i++) {
    const wi_yaml *key = node->keys[i];
    size_t k = 0;
    while (k < n && strcmp(keys[k].name, key->text) != 0) {
      k++;
    }
    if (k == n) {
      unknown_key(r, key, what, keys, n);
    } else if (keys[k].later) {
      wi_reader_error_at(r, WEIR_E_NOT_YET, key, "take it out; a later version brings it",
                         "this version of weir does not have the key '%s' of %s yet",
                         key->text, what);
    }
  }
  return true;
}

const char *wi_reader_text(wi_reader *r, const wi_yaml *node, const char *what) {
  if (node->kind == WI_YAML_BAD) {
    return NULL;
  }
  if (node->kind != WI_YAML_SCALAR || wi_yaml_is_null(node)) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, NULL, "%s has to be a text, not %s",
                       what, wi_yaml_kind_name(node));
    return NULL;
  }
  if (node->text[0] == '\0') {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, NULL, "%s may not be empty", what);
    return NULL;
  }
  return node->text;
}

bool wi_reader_int(wi_reader *r, const wi_yaml *node, const char *what, int64_t low,
                   int64_t high, int64_t *out) {
  weir_error err = WEIR_ERROR_INIT;
  wi_value value;
  const char *text = wi_reader_text(r, node, what);
  if (text == NULL) {
    return false;
  }
  weir_status status = wi_value_parse(&r->spec->arena, WI_TYPE_INT64, text, &value, &err);
  weir_error_release(&err);
  if (status == WEIR_E_NO_MEMORY) {
    r->nomem = true;
    return false;
  }
  if (status != WEIR_OK || !node->plain || value.i64 < low || value.i64 > high) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, NULL,
                       "%s has to be an integer from %lld to %lld, not '%.100s'%s", what,
                       (long long)low, (long long)high, text,
                       node->plain ? "" : " in quotes");
    return false;
  }
  *out = value.i64;
  return true;
}

bool wi_reader_bool(wi_reader *r, const wi_yaml *node, const char *what, bool *out) {
  if (node->kind == WI_YAML_BAD) {
    return false;
  }
  bool scalar = node->kind == WI_YAML_SCALAR && node->plain;
  if (scalar && strcmp(node->text, "true") == 0) {
    *out = true;
    return true;
  }
  if (scalar && strcmp(node->text, "false") == 0) {
    *out = false;
    return true;
  }
  wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, NULL, "%s has to be true or false", what);
  return false;
}

bool wi_reader_size(wi_reader *r, const wi_yaml *node, const char *what, int64_t *out) {
  const char *text = wi_reader_text(r, node, what);
  if (text == NULL) {
    return false;
  }
  if (!wi_size_parse(text, out)) {
    wi_reader_error_at(
        r, WEIR_E_BAD_VALUE, node,
        "write bytes, or a number with KB, MB, GB, TB, KiB, MiB, GiB or TiB",
        "%s has to be a size as 2GB or 512MiB, not '%.100s'", what, text);
    return false;
  }
  return true;
}

bool wi_reader_word(wi_reader *r, const wi_yaml *node, const char *what,
                    const char *const *words, size_t n, size_t *out) {
  const char *text = wi_reader_text(r, node, what);
  if (text == NULL) {
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    if (strcmp(text, words[i]) == 0) {
      *out = i;
      return true;
    }
  }
  wi_buf list = WI_BUF_INIT;
  for (size_t i = 0; i < n; i++) {
    wi_buf_fmt(&list, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", words[i]);
  }
  wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, NULL, "%s has to be %s, not '%.100s'",
                     what, wi_buf_text(&list), text);
  wi_buf_release(&list);
  return false;
}

void wi_reader_names(wi_reader *r, const wi_yaml *node, const char *what, wi_names *out) {
  wi_map seen = WI_MAP_INIT;
  *out = (wi_names){NULL, 0};
  if (node->kind == WI_YAML_BAD) {
    return;
  }
  if (node->kind != WI_YAML_LIST) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, "write it in brackets, as [a, b]",
                       "%s has to be a list of names, not %s", what,
                       wi_yaml_kind_name(node));
    return;
  }
  out->items = wi_reader_array(r, node->n, sizeof *out->items);
  for (size_t i = 0; i < node->n && !r->nomem; i++) {
    const char *text = wi_reader_text(r, node->items[i], what);
    if (text == NULL) {
      continue;
    }
    if (wi_map_has(&seen, text)) {
      wi_reader_error_at(r, WEIR_E_DUPLICATE_NAME, node->items[i], "take one of them out",
                         "%s names '%.100s' twice", what, text);
      continue;
    }
    r->nomem = !wi_map_put(&seen, text, r);
    out->items[out->n++] = text;
  }
  wi_map_release(&seen);
}

weir_status wi_spec_name_check(const char *what, const char *name, weir_error *err) {
  static const char *const reserved[] = {"weir", "main", "information_schema"};
  weir_status status;
  if (!wi_name_valid(name)) {
    status = WI_ERR_HINT(
        err, WEIR_E_BAD_NAME,
        "use lower-case letters, digits and _, not a digit first, at most 128",
        "'%.140s' cannot be the name of a %s", name, what);
    return status;
  }
  for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
    if (strcmp(name, reserved[i]) == 0) {
      status = WI_ERR_HINT(err, WEIR_E_BAD_NAME, "choose another name",
                           "no %s may be called '%s': weir uses that name", what, name);
      return status;
    }
  }
  return WEIR_OK;
}

bool wi_reader_name(wi_reader *r, const wi_yaml *key, const char *what) {
  weir_error err = WEIR_ERROR_INIT;
  if (wi_spec_name_check(what, key->text, &err) == WEIR_OK) {
    return true;
  }
  wi_reader_take(r, key, &err);
  return false;
}

typedef struct step { /* of a walk without recursion: the tree is at most 32 deep */
  const wi_yaml *node;
  size_t next;
} step;

static bool is_storage(const step *path, size_t depth, bool is_project) {
  /* root -> profiles -> one profile -> storage */
  return is_project && depth == 3 && path[0].node->kind == WI_YAML_MAP &&
         strcmp(path[0].node->keys[path[0].next - 1]->text, "profiles") == 0 &&
         path[1].node->kind == WI_YAML_MAP && path[2].node->kind == WI_YAML_MAP &&
         strcmp(path[2].node->keys[path[2].next - 1]->text, "storage") == 0;
}

void wi_reader_refuse_env(wi_reader *r, const wi_yaml *root, bool is_project) {
  step path[40];
  size_t depth = 1;
  path[0] = (step){root, 0};
  while (depth > 0) {
    step *top = &path[depth - 1];
    if (top->next == top->node->n) {
      depth--;
      continue;
    }
    const wi_yaml *child = top->node->items[top->next++];
    if (child->kind == WI_YAML_SCALAR && strstr(child->text, "${env:") != NULL) {
      wi_reader_error_at(r, WEIR_E_BAD_VALUE, child,
                         "elsewhere use a parameter, a profile, or a WEIR_ variable",
                         "${env:...} is only accepted below a profile's storage");
    }
    bool inner = child->kind == WI_YAML_MAP || child->kind == WI_YAML_LIST;
    if (inner && depth < 40 && !is_storage(path, depth, is_project)) {
      path[depth++] = (step){child, 0};
    }
  }
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void wi_names_sort(wi_names *names) {
  if (names->n > 1) {
    qsort(names->items, names->n, sizeof *names->items, by_text);
  }
}
