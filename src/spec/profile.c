/* Profiles, and what wins: flag > WEIR_* variable > profile > file. */
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

static const wi_key profile_keys[] = {{"threads", false},   {"memory", false},
                                      {"warehouse", false}, {"storage", false},
                                      {"spill_dir", false}, {"spill_limit", false}};

/* ---- storage ---- */

static bool has_word(const char *key, const char *word) {
  size_t n = strlen(word);
  for (const char *p = key; *p != '\0';) {
    size_t len = strcspn(p, "_-.");
    if (len == n && wi_ascii_same_n(p, word, n)) {
      return true;
    }
    p += len;
    p += *p == '\0' ? 0 : 1;
  }
  return false;
}

/* Options whose value alone opens a store; names of files and identifiers of keys do
 * not. */
static bool is_secret(const char *key) {
  static const char *const harmless[] = {"_id",  "_file", "_path",
                                         "_uri", "_url",  "_endpoint"};
  for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
    if (wi_ends_with(key, harmless[i])) {
      return false;
    }
  }
  return has_word(key, "secret") || has_word(key, "password") || has_word(key, "token") ||
         has_word(key, "sas") || has_word(key, "key");
}

/* Whatever it is for, no message shows it as long as the project is there. */
static void hide(wi_reader *r, const char *value) {
  wi_secret *secret = NULL;
  if (!wi_secret_add(value, &secret) ||
      (secret != NULL && !wi_list_add(&r->spec->secrets, secret))) {
    wi_secret_drop(secret);
    r->nomem = true;
  }
}

/* Puts variables in. `expand` false only checks the shape. False: reported. `brief`: one of them
 * is too short to be found within a word. */
static bool expand_env(wi_reader *r, const char *key, const wi_yaml *node, bool expand,
                       wi_buf *out, bool *brief) {
  for (const char *p = node->text; *p != '\0';) {
    if (p[0] != '$' || p[1] != '{') {
      wi_buf_chr(out, *p++);
      continue;
    }
    const char *end = strchr(p, '}');
    char name[129];
    size_t n = end == NULL || strncmp(p, "${env:", 6) != 0 ? 0 : (size_t)(end - p) - 6;
    if (n == 0 || n >= sizeof name) {
      wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, "the only form is ${env:NAME}",
                         "storage option '%.100s' holds a malformed ${...}", key);
      return false;
    }
    memcpy(name, p + 6, n);
    name[n] = '\0';
    const char *value = wi_env(name);
    if (expand && value == NULL) {
      wi_reader_error_at(
          r, WEIR_E_BAD_VALUE, node, "set the variable, or choose another profile",
          "the environment variable %s of storage option '%.100s' is not set", name, key);
      return false;
    }
    if (expand) {
      hide(r, value);
      wi_buf_str(out, value);
      *brief = *brief || strlen(value) < WI_SECRET_LONG;
    }
    p = end + 1;
  }
  return true;
}

static const char *storage_value(wi_reader *r, const char *key, const wi_yaml *node,
                                 bool expand) {
  wi_buf text = WI_BUF_INIT;
  const char *copy = NULL;
  bool brief = false;
  if (node->kind == WI_YAML_BAD) {
    return NULL;
  }
  if (node->kind != WI_YAML_SCALAR || wi_yaml_is_null(node)) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, NULL,
                       "storage option '%.100s' has to be a text, not %s", key,
                       wi_yaml_kind_name(node));
    return NULL;
  }
  if (is_secret(key) && strncmp(node->text, "${env:", 6) != 0) {
    wi_reader_error_at(
        r, WEIR_E_BAD_VALUE, node, "write ${env:NAME} and set the variable NAME",
        "storage option '%.100s' is a secret and may not stand here in clear", key);
    return NULL;
  }
  if (expand_env(r, key, node, expand, &text, &brief)) {
    r->nomem = r->nomem || text.failed;
    if (brief) {
      hide(r, wi_buf_text(&text)); /* "3" of "${env:N}s" is found as "3s" only */
    }
    copy = wi_reader_dup(r, wi_buf_text(&text));
  }
  wi_buf_release(&text);
  return copy;
}

void wi_pairs_put(wi_pairs *pairs, const char *key, const char *value) {
  size_t at = pairs->n++;
  for (; at > 0 && strcmp(pairs->keys[at - 1], key) > 0; at--) {
    pairs->keys[at] = pairs->keys[at - 1];
    pairs->values[at] = pairs->values[at - 1];
  }
  pairs->keys[at] = key;
  pairs->values[at] = value;
}

static void read_storage(wi_reader *r, const wi_yaml *node, bool chosen) {
  wi_pairs *out = &r->spec->profile.storage;
  wi_pairs ignored = {0};
  if (wi_yaml_is_null(node) || !wi_reader_any_map(r, node, "storage")) {
    return;
  }
  out = chosen ? out : &ignored;
  out->keys = wi_reader_array(r, node->n, sizeof *out->keys);
  out->values = wi_reader_array(r, node->n, sizeof *out->values);
  for (size_t i = 0; i < node->n && !r->nomem; i++) {
    const char *key = node->keys[i]->text;
    const char *value = storage_value(r, key, node->items[i], chosen);
    if (key[0] == '\0') {
      wi_reader_error_at(r, WEIR_E_BAD_VALUE, node->keys[i], NULL,
                         "a storage option may not have an empty name");
    } else if (value != NULL) {
      wi_pairs_put(out, key, value);
    }
  }
}

/* ---- one profile ---- */

typedef struct found { /* of the chosen profile or of one that is only checked */
  int64_t threads, memory, spill_limit;
  const wi_yaml *warehouse;
  const char *spill_dir;
} found;

static void read_profile(wi_reader *r, const wi_yaml *node, bool chosen, found *out) {
  *out = (found){0};
  if (wi_yaml_is_null(node) ||
      !wi_reader_map(r, node, "a profile", profile_keys,
                     sizeof profile_keys / sizeof profile_keys[0])) {
    return;
  }
  const wi_yaml *threads = wi_yaml_get(node, "threads");
  const wi_yaml *memory = wi_yaml_get(node, "memory");
  const wi_yaml *limit = wi_yaml_get(node, "spill_limit");
  const wi_yaml *dir = wi_yaml_get(node, "spill_dir");
  const wi_yaml *storage = wi_yaml_get(node, "storage");
  out->warehouse = wi_yaml_get(node, "warehouse");
  if (threads != NULL) {
    wi_reader_int(r, threads, "threads", 1, WI_SPEC_THREADS_LIMIT, &out->threads);
  }
  if (memory != NULL) {
    wi_reader_size(r, memory, "memory", &out->memory);
  }
  if (limit != NULL) {
    wi_reader_size(r, limit, "spill_limit", &out->spill_limit);
  }
  if (dir != NULL) {
    out->spill_dir = wi_reader_text(r, dir, "spill_dir");
  }
  if (storage != NULL) {
    read_storage(r, storage, chosen);
  }
}

/* ---- what wins ---- */

static void setting_error(wi_reader *r, weir_status code, const char *what,
                          const char *text, const char *hint) {
  weir_error err = WEIR_ERROR_INIT;
  bool shown = wi_utf8_valid(text, strlen(text));
  WI_ERR_HINT(&err, code, hint, "%s: '%.100s' is not usable", what,
              shown ? text : "(not UTF-8)");
  wi_diags_take(r->diags, &err, false);
}

static void resolve_threads(wi_reader *r, const wi_spec_options *options,
                            int64_t profile) {
  const char *env = wi_env("WEIR_THREADS");
  weir_error err = WEIR_ERROR_INIT;
  wi_value value;
  r->spec->profile.threads = (int32_t)profile;
  if (options->threads < 0 || options->threads > WI_SPEC_THREADS_LIMIT) {
    setting_error(r, WEIR_E_USAGE, "--threads", "number", "give 1 to 1024 threads");
  } else if (options->threads > 0) {
    r->spec->profile.threads = options->threads;
  } else if (env != NULL && env[0] != '\0') {
    bool ok =
        wi_value_parse(&r->spec->arena, WI_TYPE_INT64, env, &value, &err) == WEIR_OK;
    weir_error_release(&err);
    if (ok && value.i64 >= 1 && value.i64 <= WI_SPEC_THREADS_LIMIT) {
      r->spec->profile.threads = (int32_t)value.i64;
    } else {
      setting_error(r, WEIR_E_USAGE, "WEIR_THREADS", env, "give 1 to 1024 threads");
    }
  }
}

static void resolve_memory(wi_reader *r, const wi_spec_options *options,
                           int64_t profile) {
  const char *env = wi_env("WEIR_MEMORY");
  r->spec->profile.memory = profile;
  if (options->memory < 0) {
    setting_error(r, WEIR_E_USAGE, "--memory", "size", "give a size as 2GB");
  } else if (options->memory > 0) {
    r->spec->profile.memory = options->memory;
  } else if (env != NULL && env[0] != '\0' &&
             !wi_size_parse(env, &r->spec->profile.memory)) {
    setting_error(r, WEIR_E_USAGE, "WEIR_MEMORY", env, "give a size as 2GB or 512MiB");
  }
}

/* Reports at `node`, or without a place when a flag or a variable gave the text. */
static const char *warehouse_uri(wi_reader *r, const char *text, const char *from,
                                 const wi_yaml *node) {
  const char *uri = NULL;
  weir_error err = WEIR_ERROR_INIT;
  if (wi_spec_uri(&r->spec->arena, r->spec->root, text, &uri, &err) == WEIR_OK) {
    return uri;
  }
  wi_err_context(&err, "%s", from);
  if (node != NULL) {
    wi_reader_take(r, node, &err);
  } else {
    r->nomem = r->nomem || err.code == WEIR_E_NO_MEMORY;
    wi_diags_take(r->diags, &err, false);
  }
  return NULL;
}

/* Every warehouse that is written down is checked, also the ones that do not win. */
static void resolve_warehouse(wi_reader *r, const wi_yaml *root,
                              const wi_spec_options *options, const wi_yaml *profile) {
  const char *env = wi_env("WEIR_WAREHOUSE");
  const wi_yaml *own = wi_yaml_get(root, "warehouse");
  const char *text, *uri = NULL, *better;
  if (own == NULL) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, NULL, "write warehouse: ./lake",
                       "weir.yml has no warehouse");
  } else if ((text = wi_reader_text(r, own, "warehouse")) != NULL) {
    uri = warehouse_uri(r, text, "warehouse", own);
  }
  if (profile != NULL && (text = wi_reader_text(r, profile, "warehouse")) != NULL) {
    better = warehouse_uri(r, text, "warehouse", profile);
    uri = better == NULL ? uri : better;
  }
  bool flag = options->warehouse != NULL && options->warehouse[0] != '\0';
  if (flag || (env != NULL && env[0] != '\0')) {
    better = warehouse_uri(r, flag ? options->warehouse : env,
                           flag ? "--warehouse" : "WEIR_WAREHOUSE", NULL);
    uri = better == NULL ? uri : better;
  }
  r->spec->warehouse = uri == NULL ? "" : uri;
}

static void unknown_profile(wi_reader *r, const wi_yaml *profiles, const char *name,
                            const char *from) {
  weir_error err = WEIR_ERROR_INIT;
  char near[256] = "";
  size_t n = profiles == NULL || profiles->kind != WI_YAML_MAP ? 0 : profiles->n;
  const char **names = wi_alloc_array(n + 1, sizeof *names);
  for (size_t i = 0; i < n && names != NULL; i++) {
    names[i] = profiles->keys[i]->text;
  }
  if (names != NULL) {
    wi_nearest(name, names, n, near, sizeof near);
  }
  WI_ERR(&err, WEIR_E_BAD_VALUE, "%s: there is no profile '%.100s'", from, name);
  if (near[0] != '\0') {
    wi_err_hint(&err, "did you mean %s?", near);
  } else if (n > 0 && names != NULL) {
    wi_err_hint(&err, "there is %s%s%s%s", names[0], n > 1 ? ", " : "",
                n > 1 ? names[1] : "", n > 2 ? ", ..." : "");
  } else {
    wi_err_hint(&err, "declare it under profiles: in weir.yml");
  }
  wi_err_where(&err, r->file, profiles == NULL ? 1 : profiles->line,
               profiles == NULL ? 1 : profiles->column);
  wi_diags_take(r->diags, &err, false);
  wi_free(names);
}

static void set_spill_dir(wi_reader *r, const char *dir) {
  wi_buf path = WI_BUF_INIT;
  if (dir == NULL) {
    return;
  }
  wi_path_join(&path, r->spec->root, dir);
  r->nomem = r->nomem || path.failed;
  r->spec->profile.spill_dir = wi_reader_dup(r, wi_buf_text(&path));
  wi_buf_release(&path);
}

void wi_profile_read_all(wi_reader *r, const wi_yaml *root,
                         const wi_spec_options *options) {
  const wi_yaml *profiles = wi_yaml_get(root, "profiles");
  bool flag = options->profile != NULL && options->profile[0] != '\0';
  const char *name = flag ? options->profile : wi_env("WEIR_PROFILE");
  found one, chosen = {0};
  bool is_map = profiles != NULL && !wi_yaml_is_null(profiles) &&
                wi_reader_any_map(r, profiles, "profiles");
  name = name != NULL && name[0] == '\0' ? NULL : name;
  for (size_t i = 0; is_map && i < profiles->n && !r->nomem; i++) {
    bool it = name != NULL && strcmp(profiles->keys[i]->text, name) == 0;
    wi_reader_name(r, profiles->keys[i], "profile");
    read_profile(r, profiles->items[i], it, &one);
    if (it) {
      chosen = one;
      r->spec->profile_name = profiles->keys[i]->text;
    } else if (one.warehouse != NULL) {
      const char *text = wi_reader_text(r, one.warehouse, "warehouse");
      (void)(text == NULL ? NULL : warehouse_uri(r, text, "warehouse", one.warehouse));
    }
  }
  if (name != NULL && r->spec->profile_name == NULL) {
    unknown_profile(r, profiles, name, flag ? "--profile" : "WEIR_PROFILE");
  }
  resolve_threads(r, options, chosen.threads);
  resolve_memory(r, options, chosen.memory);
  resolve_warehouse(r, root, options, chosen.warehouse);
  set_spill_dir(r, chosen.spill_dir);
  r->spec->profile.spill_limit = chosen.spill_limit;
}
