/* Options of a store: what would make commits unsafe is refused, and what the environment says
 * is taken where nothing was given. Values may be secrets and are never shown. */
#include <stdlib.h>
#include <string.h>

#include "storage/internal.h"

#define WI_ORIGIN "storage"

static const char *const s3_env[] = {"AWS_ACCESS_KEY_ID",
                                     "AWS_SECRET_ACCESS_KEY",
                                     "AWS_SESSION_TOKEN",
                                     "AWS_REGION",
                                     "AWS_DEFAULT_REGION",
                                     "AWS_ENDPOINT_URL",
                                     "AWS_ENDPOINT",
                                     "AWS_ALLOW_HTTP",
                                     "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
                                     "AWS_SKIP_SIGNATURE",
                                     "AWS_CONDITIONAL_PUT",
                                     "AWS_S3_ALLOW_UNSAFE_RENAME",
                                     "AWS_S3_LOCKING_PROVIDER"};
static const char *const gs_env[] = {
    "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH", "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_APPLICATION_CREDENTIALS"};
static const char *const az_env[] = {
    "AZURE_STORAGE_ACCOUNT_NAME",  "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_CLIENT_ID",
    "AZURE_STORAGE_CLIENT_SECRET", "AZURE_STORAGE_TENANT_ID",   "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_TOKEN",         "AZURE_STORAGE_USE_EMULATOR"};

static void option_wipe(wi_store_option *o) {
  if (o->value != NULL) {
    explicit_bzero(o->value, strlen(o->value));
  }
  wi_free(o->value);
  wi_free(o->key);
  *o = (wi_store_option){NULL, NULL};
}

void wi_store_options_release(wi_store_options *options) {
  for (size_t i = 0; i < options->n; i++) {
    option_wipe(&options->items[i]);
  }
  wi_free(options->items);
  *options = (wi_store_options){NULL, 0, 0};
}

static weir_status unsafe(weir_error *err, const char *key, const char *why,
                          const char *next) {
  weir_status status =
      WI_ERR(err, WEIR_E_STORE_UNSAFE, "the store option '%.80s' %s", key, why);
  wi_err_hint(err, "%s", next);
  return status;
}

static bool is_off(const char *value) {
  return value[0] == '\0' || wi_ascii_same(value, "false") || strcmp(value, "0") == 0 ||
         wi_ascii_same(value, "no") || wi_ascii_same(value, "off");
}

static bool is_lock_option(const char *key) {
  return strstr(key, "locking_provider") != NULL || strstr(key, "lock_table") != NULL ||
         strstr(key, "dynamo") != NULL;
}

static weir_status check_safe(const char *key, const char *value, weir_error *err) {
  if (strstr(key, "conditional_put") != NULL && !wi_ascii_same(value, "etag")) {
    return unsafe(
        err, key, "changes how the store puts a file only if it is absent",
        "leave it out: weir commits with the store's own conditional put (etag)");
  }
  if (strstr(key, "allow_unsafe_rename") != NULL && !is_off(value)) {
    return unsafe(
        err, key, "lets two commits of one version both succeed",
        "take it out; weir does not rename, it puts a commit only if it is absent");
  }
  if (is_lock_option(key) && value[0] != '\0') {
    return unsafe(err, key,
                  "names a lock, which weir does not use and other writers would",
                  "take it out, and let no writer that relies on such a lock write here");
  }
  return WEIR_OK;
}

static wi_store_option *find(wi_store_options *options, const char *key) {
  for (size_t i = 0; i < options->n; i++) {
    if (strcmp(options->items[i].key, key) == 0) {
      return &options->items[i];
    }
  }
  return NULL;
}

static weir_status add(wi_store_options *options, const char *key, const char *value,
                       weir_error *err) {
  wi_store_option one = {wi_strdup(key), wi_strdup(value)};
  wi_store_option *place =
      one.key == NULL || one.value == NULL ? NULL : wi_vec_add(options);
  if (place == NULL) {
    option_wipe(&one);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *place = one;
  return WEIR_OK;
}

/* Lower case; false: not the shape of a key. */
static bool lower_key(const char *key, char out[96]) {
  size_t n = strlen(key);
  if (n == 0 || n >= 96) {
    return false;
  }
  for (size_t i = 0; i <= n; i++) {
    out[i] = wi_ascii_lower(key[i]);
    if (i < n && !wi_ascii_alnum(key[i]) && key[i] != '_') {
      return false;
    }
  }
  return true;
}

static weir_status add_given(wi_store_options *out, const wi_br_pair *pair,
                             weir_error *err) {
  char key[96];
  if (!lower_key(pair->key, key)) {
    weir_status status =
        WI_ERR(err, WEIR_E_BAD_VALUE, "'%.80s' is no name of a store option", pair->key);
    wi_err_hint(err, "names are letters, digits and '_', as aws_region");
    return status;
  }
  if (find(out, key) != NULL) {
    return WI_ERR(err, WEIR_E_BAD_VALUE, "the store option '%s' is given twice", key);
  }
  WI_TRY(check_safe(key, pair->value, err));
  return add(out, key, pair->value, err);
}

/* Whether the thing that a variable of the environment says was given under another name. */
static bool given_otherwise(wi_store_options *out, const char *key) {
  static const char *const same[][3] = {
      {"aws_region", "aws_default_region", "region"},
      {"aws_endpoint_url", "aws_endpoint", "endpoint"},
      {"aws_allow_http", "allow_http", "allow_http"},
      {"aws_access_key_id", "access_key_id", "access_key_id"},
      {"aws_secret_access_key", "secret_access_key", "secret_access_key"},
      {"aws_session_token", "session_token", "aws_token"}};
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
    bool is = false, has = false;
    for (size_t k = 0; k < 3; k++) {
      is = is || strcmp(key, same[i][k]) == 0;
      has = has || find(out, same[i][k]) != NULL;
    }
    if (is && has) {
      return true;
    }
  }
  return find(out, key) != NULL;
}

/* Keys and their secret come from one place: half given, half from outside would be a pair that
 * nobody meant. */
static bool is_credential(const char *key) {
  return strstr(key, "access_key") != NULL || strstr(key, "session_token") != NULL;
}

static weir_status add_env(wi_store_options *out, const char *const *names, size_t n,
                           weir_error *err) {
  bool own_keys =
      find(out, "aws_access_key_id") != NULL || find(out, "access_key_id") != NULL;
  for (size_t i = 0; i < n; i++) {
    const char *value = wi_env(names[i]);
    char key[96];
    if (value == NULL || value[0] == '\0' || !lower_key(names[i], key) ||
        given_otherwise(out, key) || (own_keys && is_credential(key))) {
      continue;
    }
    weir_status status = check_safe(key, value, err);
    if (status != WEIR_OK) {
      wi_err_context(err, "environment variable %s", names[i]);
      return status;
    }
    /* The engines know no such key; it only had to be checked. */
    if (strstr(key, "aws_s3_") == NULL) {
      WI_TRY(add(out, key, value, err));
    }
  }
  return WEIR_OK;
}

static int by_key(const void *a, const void *b) {
  const wi_store_option *x = a, *y = b;
  return strcmp(x->key, y->key);
}

#define WI_COUNT(array) (sizeof(array) / sizeof((array)[0]))

weir_status wi_store_options_read(const char *uri, const wi_br_pair *given,
                                  size_t n_given, wi_store_options *out,
                                  weir_error *err) {
  weir_status status = WEIR_OK;
  *out = (wi_store_options){NULL, 0, 0};
  for (size_t i = 0; i < n_given; i++) {
    WI_CHECK(add_given(out, &given[i], err));
  }
  if (wi_starts_with(uri, "s3://")) {
    WI_CHECK(add_env(out, s3_env, WI_COUNT(s3_env), err));
  } else if (wi_starts_with(uri, "gs://")) {
    WI_CHECK(add_env(out, gs_env, WI_COUNT(gs_env), err));
  } else if (wi_starts_with(uri, "az://") || wi_starts_with(uri, "abfss://")) {
    WI_CHECK(add_env(out, az_env, WI_COUNT(az_env), err));
  }
  if (out->n > 1) {
    qsort(out->items, out->n, sizeof *out->items, by_key);
  }
done:
  if (status != WEIR_OK) {
    wi_store_options_release(out);
  }
  return status;
}
