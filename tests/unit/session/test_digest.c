/* A session's identity: the same for equal specs wherever they are made, another for
 * everything that can change a result. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"
#include "session/session.h"

#define NOW_US 1767225600000000

typedef struct spec {
  const wi_br_pair *settings;
  size_t n_settings;
  const wi_br_function *function; /* one more; NULL: none */
  const char *table;              /* a Delta table "t"; NULL: none */
  int64_t version;
  uint32_t threads;
  int64_t now_us;
} spec;

typedef struct digests {
  char session[WI_DIGEST_HEX], settings[WI_DIGEST_HEX], functions[WI_DIGEST_HEX],
      rules[WI_DIGEST_HEX], envelope[WI_DIGEST_HEX];
} digests;

static wi_engine *engine(void) {
  static wi_engine *one;
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  wi_engine_options options = {2, NULL};
  pthread_mutex_lock(&lock);
  if (one == NULL && wi_engine_new(&options, &one, NULL) != WEIR_OK) {
    abort();
  }
  pthread_mutex_unlock(&lock);
  return one;
}

static weir_status open_session(const spec *from, wi_session **out, weir_error *err) {
  wi_session_options o = {0};
  o.engine = engine();
  o.threads = from->threads > 0 ? from->threads : 2;
  o.memory = (uint64_t)64 << 20;
  o.now_us = from->now_us != 0 ? from->now_us : NOW_US;
  o.settings = from->settings;
  o.n_settings = from->n_settings;
  weir_status status = wi_session_new(&o, out, err);
  if (status == WEIR_OK && from->function != NULL) {
    status =
        wi_br_session_add_function((*out)->engine, (*out)->handle, from->function, err);
  }
  if (status == WEIR_OK && from->table != NULL) {
    status = wi_session_add_delta(*out, WI_SCHEMA_MAIN, "t", from->table, NULL,
                                  from->version, err);
  }
  if (status == WEIR_OK) {
    status = wi_session_seal(*out, err);
  }
  if (status != WEIR_OK) {
    wi_session_free(out);
  }
  return status;
}

static weir_status capture(wi_session *s, digests *out, weir_error *err) {
  memcpy(out->session, s->digest, WI_DIGEST_HEX);
  memcpy(out->settings, s->settings_digest, WI_DIGEST_HEX);
  memcpy(out->functions, s->functions_digest, WI_DIGEST_HEX);
  memcpy(out->rules, s->rules_digest, WI_DIGEST_HEX);
  return wi_session_envelope(s, out->envelope, err);
}

static weir_status try_digests(const spec *from, digests *out, weir_error *err) {
  wi_session *s = NULL;
  memset(out, 0, sizeof *out);
  weir_status status = open_session(from, &s, err);
  if (status == WEIR_OK) {
    status = capture(s, out, err);
  }
  wi_session_free(&s);
  return status;
}

static bool digests_of(const spec *from, digests *out) {
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = try_digests(from, out, &err);
  if (status != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no session: %s", err.message);
  }
  weir_error_release(&err);
  return status == WEIR_OK;
}

static const spec plain = {0};

/* ---- equal specs ---- */

/* Also what the process below is started for. */
WT_TEST(digests_are_printed) {
  digests d;
  WT_CHECK(digests_of(&plain, &d));
  WT_EQ_INT(strlen(d.session), 64);
  WT_EQ_INT(strlen(d.envelope), 64);
  printf("digests %s %s %s %s %s\n", d.session, d.settings, d.functions, d.rules,
         d.envelope);
}

WT_TEST(equal_specs_agree_in_one_process) {
  digests a, b;
  WT_CHECK(digests_of(&plain, &a) && digests_of(&plain, &b));
  WT_CHECK(memcmp(&a, &b, sizeof a) == 0);
  WT_CHECK(strcmp(a.settings, a.functions) != 0 && strcmp(a.functions, a.rules) != 0);
}

WT_TEST(equal_specs_agree_between_processes) {
  char self[512], command[700], line[512], expected[512];
  digests d;
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  WT_CHECK(n > 0 && digests_of(&plain, &d));
  self[n] = '\0';
  snprintf(expected, sizeof expected, "digests %s %s %s %s %s\n", d.session, d.settings,
           d.functions, d.rules, d.envelope);
  snprintf(command, sizeof command,
           "cd / && LC_ALL=C TZ=Asia/Tokyo '%s' digests_are_printed", self);
  for (int i = 0; i < 2; i++) {
    bool seen = false;
    FILE *pipe = popen(command, "r");
    WT_CHECK(pipe != NULL);
    while (fgets(line, sizeof line, pipe) != NULL) {
      seen = seen || strcmp(line, expected) == 0;
    }
    WT_EQ_INT(pclose(pipe), 0);
    WT_CHECK(seen);
  }
}

static void *digest_thread(void *arg) {
  weir_error err = WEIR_ERROR_INIT;
  (void)try_digests(&plain, arg, &err);
  weir_error_release(&err);
  return NULL;
}

WT_TEST(equal_specs_agree_between_threads) {
  enum { N = 8 };
  pthread_t threads[N];
  digests all[N], one;
  WT_CHECK(digests_of(&plain, &one));
  for (size_t i = 0; i < N; i++) {
    WT_EQ_INT(pthread_create(&threads[i], NULL, digest_thread, &all[i]), 0);
  }
  for (size_t i = 0; i < N; i++) {
    pthread_join(threads[i], NULL);
  }
  for (size_t i = 0; i < N; i++) {
    WT_CHECK(memcmp(&all[i], &one, sizeof one) == 0);
  }
}

/* ---- settings ---- */

static bool is_speed(const char *key) {
  static const char *const speed[] = {
      "datafusion.execution.target_partitions",
      "datafusion.execution.planning_concurrency",
      "datafusion.execution.sort_spill_reservation_bytes",
      "datafusion.execution.sort_in_place_threshold_bytes",
      "datafusion.execution.meta_fetch_concurrency",
      "datafusion.explain.",
      "datafusion.format.",
      "datafusion.runtime."};
  for (size_t i = 0; i < sizeof speed / sizeof speed[0]; i++) {
    if (strncmp(key, speed[i], strlen(speed[i])) == 0) {
      return true;
    }
  }
  return false;
}

/* Given apart from the settings, which cannot change them: what is read back stays. */
static bool is_given(const char *key) {
  static const char prefix[] = "datafusion.catalog.";
  return strncmp(key, prefix, strlen(prefix)) == 0 &&
         (strstr(key, ".default_catalog") != NULL ||
          strstr(key, ".default_schema") != NULL ||
          strstr(key, ".create_default_catalog_and_schema") != NULL);
}

/* Values to try instead of one, of which the engine takes the first that it knows. */
static size_t others(const char *value, const char *out[16], char number[32]) {
  size_t n = 0;
  if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
    out[n++] = strcmp(value, "true") == 0 ? "false" : "true";
    return n;
  }
  if (value[0] >= '0' && value[0] <= '9' &&
      strspn(value, "0123456789.") == strlen(value)) {
    if (strchr(value, '.') == NULL) {
      snprintf(number, 32, "%lld", strtoll(value, NULL, 10) + 1);
    } else {
      snprintf(number, 32, "%g", strtod(value, NULL) / 2);
    }
    out[n++] = number;
  }
  static const char *const words[] = {"2",       "true", "postgresql", "zstd(4)",
                                      "+01:00",  "2.0",  "lz4_frame",  "LAST_WIN",
                                      "summary", "tree", "rows",       "other"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    out[n++] = words[i];
  }
  return n;
}

typedef struct tally {
  int changed, speed, refused;
} tally;

static void check_setting(const char *key, const char *value, const digests *base,
                          tally *counts) {
  const char *tries[16];
  char number[32];
  size_t n = others(value, tries, number);
  for (size_t i = 0; i < n; i++) {
    wi_br_pair pair = {key, tries[i]};
    spec changed = {.settings = &pair, .n_settings = 1};
    digests d;
    weir_error err = WEIR_ERROR_INIT;
    weir_status status =
        strcmp(value, tries[i]) == 0 ? WEIR_E_BAD_VALUE : try_digests(&changed, &d, &err);
    weir_error_release(&err);
    if (status != WEIR_OK) {
      continue;
    }
    bool same = strcmp(d.settings, base->settings) == 0;
    if (same != (is_speed(key) || is_given(key)) ||
        same != (strcmp(d.session, base->session) == 0) ||
        strcmp(d.rules, base->rules) != 0) {
      wt_fail(__FILE__, __LINE__, "%s = %s instead of %s: the settings digest is %s", key,
              tries[i], value, same ? "the same" : "another");
    }
    counts->changed += same ? 0 : 1;
    counts->speed += same ? 1 : 0;
    return;
  }
  printf("  (the engine takes no other value for %s = %s)\n", key, value);
  counts->refused++;
}

WT_TEST(each_changed_setting_changes_them) {
  weir_error err = WEIR_ERROR_INIT;
  wi_session *s = NULL;
  wi_cursor *settings = NULL;
  digests base;
  bool has = false;
  tally counts = {0, 0, 0};
  WT_CHECK(digests_of(&plain, &base));
  WT_OK(open_session(&plain, &s, &err));
  WT_OK(wi_br_session_table_read(s->engine, s->handle, WI_BR_SETTINGS, &settings, &err));
  for (;;) {
    WT_OK(wi_cursor_next(settings, &has, &err));
    if (!has) {
      break;
    }
    wi_str key = wi_cursor_text(settings, 0), value = wi_cursor_text(settings, 1);
    char key_text[128], value_text[128];
    snprintf(key_text, sizeof key_text, "%.*s", (int)key.n, key.p);
    snprintf(value_text, sizeof value_text, "%.*s", (int)value.n,
             value.p != NULL ? value.p : "");
    if (strncmp(key_text, "weir.", 5) != 0) { /* not the engine's to set */
      check_setting(key_text, value_text, &base, &counts);
    }
  }
  wi_cursor_free(&settings);
  wi_session_free(&s);
  printf("  %d settings change the digest, %d do not, %d cannot be changed\n",
         counts.changed, counts.speed, counts.refused);
  WT_CHECK(counts.changed > 60);
  WT_CHECK(counts.speed > 5);
  WT_CHECK(counts.refused <= 2);
}

WT_TEST(speed_settings_leave_them_alone) {
  static const wi_br_pair pairs[] = {{"datafusion.execution.target_partitions", "16"},
                                     {"datafusion.execution.planning_concurrency", "7"}};
  spec fast = {.settings = pairs, .n_settings = 2};
  digests a, b;
  WT_CHECK(digests_of(&plain, &a) && digests_of(&fast, &b));
  WT_EQ_STR(a.settings, b.settings);
  WT_EQ_STR(a.session, b.session);
  WT_EQ_STR(a.envelope, b.envelope);
}

WT_TEST(the_profile_is_in_the_envelope_only) {
  spec more = {.threads = 3}, later = {.now_us = NOW_US + 1};
  digests a, b, t;
  WT_CHECK(digests_of(&plain, &a) && digests_of(&more, &b) && digests_of(&later, &t));
  WT_EQ_STR(a.session, b.session);
  WT_CHECK(strcmp(a.envelope, b.envelope) != 0);
  WT_EQ_STR(a.session, t.session);
  WT_CHECK(strcmp(a.envelope, t.envelope) != 0);
}

/* ---- functions ---- */

static weir_status never_field(const void *self, size_t n,
                               const struct ArrowSchema *const *args,
                               const struct ArrowArray *const *literals,
                               struct ArrowSchema *out, weir_error *err) {
  (void)self;
  (void)n;
  (void)args;
  (void)literals;
  (void)out;
  return wi_err_set(err, WEIR_E_BUG, "test", "not to be called");
}

static weir_status never(const void *self, size_t n, const wi_br_arg *args,
                         int64_t n_rows, struct ArrowArray *out, weir_error *err) {
  (void)self;
  (void)n;
  (void)args;
  (void)n_rows;
  (void)out;
  return wi_err_set(err, WEIR_E_BUG, "test", "not to be called");
}

static wi_br_function extra(const char *name) {
  static const wi_br_param params[] = {
      {"x", "Int64", "a number", 2, false, false, false}};
  wi_br_function f = {0};
  f.name = name;
  f.volatility = 1;
  f.params = params;
  f.n_params = 1;
  f.return_text = "Int64";
  f.section = f.description = f.syntax = f.example = "";
  f.return_field = never_field;
  f.invoke = never;
  return f;
}

WT_TEST(functions_change_them) {
  static const char *const alias[] = {"test_alias"};
  wi_br_function f[5];
  digests d[6];
  for (size_t i = 0; i < 5; i++) {
    f[i] = extra("test_extra");
  }
  f[1].identity[31] = 1; /* another body under the same name */
  f[2].volatility = 2;
  f[3].aliases = alias;
  f[3].n_aliases = 1;
  f[4].name = "test_other";
  WT_CHECK(digests_of(&plain, &d[5]));
  for (size_t i = 0; i < 5; i++) {
    spec with = {.function = &f[i]};
    WT_CHECK(digests_of(&with, &d[i]));
  }
  for (size_t i = 0; i < 6; i++) {
    WT_EQ_STR(d[i].settings, d[5].settings);
    WT_EQ_STR(d[i].rules, d[5].rules);
    for (size_t k = 0; k < i; k++) {
      WT_CHECK(strcmp(d[i].functions, d[k].functions) != 0);
      WT_CHECK(strcmp(d[i].session, d[k].session) != 0);
    }
  }
  digests again;
  spec with = {.function = &f[1]};
  WT_CHECK(digests_of(&with, &again));
  WT_EQ_STR(again.session, d[1].session);
}

/* ---- pins ---- */

static bool append(const char *uri) {
  static const char *const cells[] = {"2"};
  weir_session *s = wf_session(NULL, 0);
  struct ArrowArrayStream rows;
  weir_write_result result;
  weir_error err = WEIR_ERROR_INIT;
  bool ok = s != NULL && wf_rows(&rows, "n:l", cells, 1) &&
            weir_table_append(s, uri, &rows, NULL, &result, &err) == WEIR_OK;
  if (ok) {
    weir_write_result_release(&result);
  }
  weir_error_release(&err);
  weir_session_free(&s);
  return ok;
}

WT_TEST(pins_change_the_envelope_only) {
  static const char *const cells[] = {"1"};
  wt_project folder;
  char uri[256], copy[256];
  digests none, v0, again, v1, elsewhere, remade;
  WT_CHECK(wt_project_make(&folder, NULL, 0));
  snprintf(uri, sizeof uri, "%s/t", folder.root);
  snprintf(copy, sizeof copy, "%s/u", folder.root);
  WT_CHECK(wf_table(uri, "n:l", cells, 1, NULL) && wf_table(copy, "n:l", cells, 1, NULL));
  spec at0 = {.table = uri}, other = {.table = copy};
  WT_CHECK(digests_of(&plain, &none) && digests_of(&at0, &v0));
  WT_CHECK(append(uri));
  spec at1 = {.table = uri, .version = 1};
  WT_CHECK(digests_of(&at0, &again) && digests_of(&at1, &v1));
  WT_CHECK(digests_of(&other, &elsewhere));
  WT_CHECK(memcmp(&v0, &again, sizeof v0) == 0);
  WT_EQ_STR(v0.session, v1.session);
  WT_CHECK(strcmp(v0.envelope, none.envelope) != 0);
  WT_CHECK(strcmp(v0.envelope, v1.envelope) != 0);
  WT_CHECK(strcmp(v0.envelope, elsewhere.envelope) != 0);
  /* Dropped and made anew: the same place, version and rows, another table. */
  WT_CHECK(wf_remove(uri) && wf_table(uri, "n:l", cells, 1, NULL));
  WT_CHECK(digests_of(&at0, &remade));
  WT_CHECK(strcmp(v0.envelope, remade.envelope) != 0);
  WT_EQ_STR(v0.session, remade.session);
  wt_project_remove(&folder);
}

WT_TEST(a_pin_that_changes_before_capture_shows) {
  static const char *const cells[] = {"1"};
  wt_project folder;
  char uri[256];
  wi_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  digests before, version, commit, table;
  WT_CHECK(wt_project_make(&folder, NULL, 0));
  snprintf(uri, sizeof uri, "%s/t", folder.root);
  WT_CHECK(wf_table(uri, "n:l", cells, 1, NULL));
  spec at0 = {.table = uri};
  WT_OK(open_session(&at0, &s, &err));
  WT_OK(capture(s, &before, &err));
  wi_input *input = wi_session_input(s, WI_SCHEMA_MAIN, "t");
  WT_CHECK(input != NULL);
  input->pin.version++;
  WT_OK(capture(s, &version, &err));
  input->pin.version--;
  input->pin.commit_digest[0] = input->pin.commit_digest[0] == 'a' ? 'b' : 'a';
  WT_OK(capture(s, &commit, &err));
  input->pin.table_id[0] = input->pin.table_id[0] == 'a' ? 'b' : 'a';
  WT_OK(capture(s, &table, &err));
  WT_CHECK(strcmp(before.envelope, version.envelope) != 0);
  WT_CHECK(strcmp(before.envelope, commit.envelope) != 0);
  WT_CHECK(strcmp(commit.envelope, table.envelope) != 0);
  WT_EQ_STR(before.session, table.session);
  wi_input_unref(s, &input);
  wi_session_free(&s);
  wt_project_remove(&folder);
}

/* ---- when ---- */

WT_TEST(capture_before_registration_ended_is_refused) {
  wi_session_options o = {0};
  wi_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  char envelope[WI_DIGEST_HEX] = "x";
  o.engine = engine();
  WT_OK(wi_session_new(&o, &s, &err));
  WT_EQ_INT(wi_session_envelope(s, envelope, &err), WEIR_E_NOT_SEALED);
  WT_EQ_STR(envelope, "");
  weir_error_release(&err);
  wi_session_free(&s);
  weir_session *public = wf_session_open(NULL, 0);
  weir_session_digests d;
  WT_CHECK(public != NULL);
  WT_EQ_INT(weir_session_digest(public, &d, &err), WEIR_E_NOT_SEALED);
  WT_EQ_STR(d.session, "");
  weir_error_release(&err);
  WT_OK(weir_session_seal(public, &err));
  WT_OK(weir_session_digest(public, &d, &err));
  WT_EQ_INT(strlen(d.session), 64);
  WT_EQ_INT(strlen(d.rules), 64);
  weir_session_free(&public);
}
