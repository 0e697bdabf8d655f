/* Every allocation fails once in turn: each call must say so or do without, leak
 * nothing and never crash. */
#include <unistd.h>

#include "base/base.h"
#include "common/oom.h"
#include "common/test.h"

/* Runs `body` with the 1st, 2nd, ... allocation failing until none fails. `body` returns
 * false if it took a failure for a success. */
static bool exhaust(bool (*body)(void), int *rounds) {
  for (*rounds = 0; *rounds < 10000; (*rounds)++) {
    oom_fail(*rounds);
    bool good = body();
    oom_stop();
    if (!good) {
      return false;
    }
    if (!oom_hit()) {
      return true;
    }
  }
  return false;
}

static bool buffers(void) {
  wi_buf b = WI_BUF_INIT;
  weir_error err = WEIR_ERROR_INIT;
  wi_json j;
  wi_json_begin(&j, &b);
  wi_json_array(&j);
  for (int i = 0; i < 200; i++) {
    wi_json_text(&j,
                 "a\n\xFF"
                 "b");
    wi_json_double(&j, 0.1);
  }
  wi_json_array_end(&j);
  bool failed = wi_buf_check(&b, &err, "test") == WEIR_E_NO_MEMORY;
  bool good = failed == oom_hit() && failed == (err.code == WEIR_E_NO_MEMORY);
  char *text = wi_buf_take(&b);
  good = good && (text == NULL) == failed;
  wi_free(text);
  return good;
}

static bool containers(void) {
  wi_map m = WI_MAP_INIT;
  wi_list l = WI_LIST_INIT;
  wi_arena a = WI_ARENA_INIT;
  size_t puts = 0, adds = 0, made = 0;
  for (size_t i = 0; i < 50; i++) {
    char key[24];
    snprintf(key, sizeof key, "%zu", i * 7 % 50);
    puts += wi_map_put(&m, key, &m) ? 1 : 0;
    adds += wi_list_add(&l, &l) ? 1 : 0;
    made += wi_arena_fmt(&a, "%0200d", 5) != NULL ? 1 : 0;
    made += wi_arena_alloc(&a, 5000) != NULL ? 1 : 0;
  }
  bool good = m.n == puts && l.n == adds && puts + adds + made == (oom_hit() ? 199 : 200);
  for (size_t i = 1; i < m.n; i++) {
    good = good && strcmp(m.entries[i - 1].key, m.entries[i].key) < 0;
  }
  wi_map_release(&m);
  wi_list_release(&l);
  wi_arena_release(&a);
  return good;
}

static bool errors(void) {
  weir_error err = WEIR_ERROR_INIT;
  wi_diags d = WI_DIAGS_INIT;
  for (int i = 0; i < 20; i++) {
    wi_err_set(&err, WEIR_E_IO, "test", "x");
    wi_err_detail(&err, "detail", 6);
    wi_diags_take(&d, &err, false);
  }
  bool good = d.errors == 20 && d.n >= (oom_hit() ? 19 : 20);
  char a[300], b[300];
  memset(a, 'a', 299);
  memset(b, 'b', 299);
  a[299] = b[299] = '\0';
  good = good && wi_edit_distance(a, b) == 299;
  wi_diags_release(&d);
  return good;
}

static char folder[] = "/tmp/weir-oom-XXXXXX";

static bool files(void) {
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = WEIR_OK;
  wi_buf path = WI_BUF_INIT, sub = WI_BUF_INIT, text = WI_BUF_INIT, whole = WI_BUF_INIT;
  wi_list names = WI_LIST_INIT;
  wi_path_join(&sub, folder, "a/b");
  wi_path_join(&path, wi_buf_text(&sub), "f");
  WI_CHECK(wi_buf_check(&path, &err, "test"));
  WI_CHECK(wi_buf_check(&sub, &err, "test"));
  WI_CHECK(wi_dir_make(sub.p, &err));
  WI_CHECK(wi_file_put_new(path.p, "one", 3, &err));
  WI_CHECK(wi_file_replace(path.p, "two", 3, &err));
  WI_CHECK(wi_file_read(path.p, 0, &text, &err));
  WI_CHECK(wi_dir_list(sub.p, &names, &err));
  WI_CHECK(wi_path_absolute(path.p, &whole, &err));
  WI_CHECK(wi_dir_remove_all(folder, &err));
done:;
  bool good = oom_hit() ? status == WEIR_E_NO_MEMORY : status == WEIR_OK;
  good = good && err.code == status && (status != WEIR_OK || strcmp(text.p, "two") == 0);
  for (size_t i = 0; i < names.n; i++) {
    wi_free(names.items[i]);
  }
  wi_list_release(&names);
  wi_buf_release(&path);
  wi_buf_release(&sub);
  wi_buf_release(&text);
  wi_buf_release(&whole);
  weir_error_release(&err);
  oom_stop();
  good = good && wi_dir_remove_all(folder, NULL) == WEIR_OK;
  return good && wi_dir_make(folder, NULL) == WEIR_OK;
}

/* A text with every kind of value, long enough for each buffer to grow. */
#define JSON_TEXT                                                                       \
  "{\"commitInfo\":{\"a\":123456789012345678,\"b\":\"a long text that needs more than " \
  "one "                                                                                \
  "growth of its buffer \\u00e9 \\n and more of it, and more of it, and more of it\","  \
  "\"c\":[1.2345678901234567,true,null,\"x\"]},\"many\":{\"k1\":1,\"k2\":2,\"k3\":3,"   \
  "\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9,\"k10\":[[],{}]}}"

static json_t *json_whole;

static bool json(void) {
  weir_error err = WEIR_ERROR_INIT;
  json_t *got = NULL;
  oom_json();
  weir_status status = wi_json_read(JSON_TEXT, strlen(JSON_TEXT), &got, &err);
  json_set_alloc_funcs(malloc, free);
  bool good = status == (oom_hit() ? WEIR_E_NO_MEMORY : WEIR_OK) && err.code == status &&
              (oom_hit() ? got == NULL : json_equal(got, json_whole) == 1);
  json_decref(got);
  return good;
}

static bool vectors(void) {
  wi_vec(int) v = {NULL, 0, 0};
  size_t made = 0;
  for (int i = 0; i < 100; i++) {
    int *one = wi_vec_add(&v);
    bool zero = one != NULL && *one == 0;
    made += zero ? 1 : 0;
    if (zero) {
      *one = i + 1;
    }
  }
  bool good = v.n == made && made >= (oom_hit() ? 99 : 100);
  for (size_t i = 1; i < v.n; i++) {
    good = good && v.items[i - 1] < v.items[i];
  }
  wi_free(v.items);
  return good;
}

static bool secrets(void) {
  wi_secret *one = NULL;
  char text[] = "http://u:p%40ssword@host and p@ssword";
  bool made = wi_secret_add("http://u:p%40ssword@host", &one);
  bool good = made == !oom_hit() && (one != NULL) == made;
  wi_secret_cut(text, strlen(text), false);
  good = good && (!made || strcmp(text, "*** and ***") == 0);
  wi_secret_drop(one);
  return good && !wi_secret_any();
}

/* jansson's own reader stops the process at one of these. */
WT_TEST(reading_json_fails_cleanly) {
  int rounds = 0;
  json_whole = json_loads(JSON_TEXT, 0, NULL);
  WT_CHECK(json_whole != NULL);
  WT_CHECK(exhaust(json, &rounds));
  WT_CHECK(rounds > 40);
  json_decref(json_whole);
}

WT_TEST(vectors_and_secrets_fail_cleanly) {
  int rounds = 0;
  WT_CHECK(exhaust(vectors, &rounds));
  WT_CHECK(rounds > 3);
  WT_CHECK(exhaust(secrets, &rounds));
  WT_CHECK(rounds > 5);
}

WT_TEST(buffers_fail_cleanly) {
  int rounds = 0;
  WT_CHECK(exhaust(buffers, &rounds));
  WT_CHECK(rounds > 3);
}

WT_TEST(containers_fail_cleanly) {
  int rounds = 0;
  WT_CHECK(exhaust(containers, &rounds));
  WT_CHECK(rounds > 60);
}

WT_TEST(errors_fail_cleanly) {
  int rounds = 0;
  WT_CHECK(exhaust(errors, &rounds));
  WT_CHECK(rounds > 20);
}

WT_TEST(files_fail_cleanly) {
  int rounds = 0;
  WT_CHECK(mkdtemp(folder) != NULL);
  WT_CHECK(exhaust(files, &rounds));
  WT_CHECK(rounds > 10);
  WT_CHECK(wi_dir_remove_all(folder, NULL) == WEIR_OK);
}
