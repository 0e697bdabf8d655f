/* Loading shared libraries: the handshake, what a plug-in says of itself, identities. */
#include <stdio.h>
#include <stdlib.h>

#include "common/project.h"
#include "common/test.h"
#include "plugin/internal.h"

#define LIBRARY(name) WT_BUILD "/tests/plugins/" name ".so"

typedef struct refusal {
  const char *library;
  weir_status code;
  const char *has, *wants; /* both have to be named */
} refusal;

static const refusal refusals[] = {
    {LIBRARY("odd_size"), WEIR_E_PLUGIN, "ABI 1.0 with a description of",
     "of 1.0 with one of"},
    {LIBRARY("odd_size_tiny"), WEIR_E_PLUGIN, "has 4 bytes", "ABI 1.0 has"},
    {LIBRARY("odd_major"), WEIR_E_PLUGIN, "ABI 2.0", "this weir is of 1.0"},
    {LIBRARY("odd_needs"), WEIR_E_PLUGIN, "needs the capabilities table, 0x10000000000",
     "this weir has scalar"},
    {LIBRARY("odd_refuses"), WEIR_E_PLUGIN, "refuses this weir", "ABI 1.0"},
    {LIBRARY("odd_no_functions"), WEIR_E_PLUGIN, "has no function", ""},
    {LIBRARY("odd_null_list"), WEIR_E_PLUGIN, "list of functions is NULL", "have 1"},
    {LIBRARY("odd_function_size"), WEIR_E_PLUGIN, "function 1 of it", "this weir has"},
    {LIBRARY("odd_param_size"), WEIR_E_PLUGIN, "function odder_plus: its parameters have",
     "those of this weir"},
    {LIBRARY("odd_null_invoke"), WEIR_E_PLUGIN,
     "function odder_plus: its callback invoke", "NULL"},
    {LIBRARY("odd_null_field"), WEIR_E_PLUGIN, "its callback return_field is NULL", ""},
    {LIBRARY("odd_null_name"), WEIR_E_PLUGIN, "has no name of a function", ""},
    {LIBRARY("odd_bad_name_"), WEIR_E_BAD_NAME, "'Odd-Plus'", "name of a function"},
    {LIBRARY("odd_bad_utf8"), WEIR_E_PLUGIN, "description is no valid UTF-8", ""},
    {LIBRARY("odd_bad_type"), WEIR_E_PLUGIN, "parameter x has the type 99", "0 to 9"},
    {LIBRARY("odd_bad_volatility"), WEIR_E_PLUGIN, "volatility is 0", "1 to 3"},
    {LIBRARY("odd_reserved"), WEIR_E_PLUGIN, "what is reserved", ""},
    {LIBRARY("odd_aggregate"), WEIR_E_NOT_YET, "kind aggregate", "scalar functions only"},
    {LIBRARY("odd_kind"), WEIR_E_PLUGIN, "kind 77", ""},
    {LIBRARY("odd_twice"), WEIR_E_DUPLICATE_NAME, "odder_plus is there twice", ""},
    {LIBRARY("none"), WEIR_E_PLUGIN, "no symbol weir_plugin_v1", ""},
    {LIBRARY("there_is_none"), WEIR_E_PLUGIN, "no such file", ""},
    {WT_BUILD "/tests/plugins", WEIR_E_PLUGIN, "a folder", ""},
    {WT_ROOT "/include/weir/plugin.h", WEIR_E_PLUGIN, "cannot be loaded", "ELF"},
};
#define N_REFUSALS (sizeof(refusals) / sizeof(refusals[0]))

static void check_refusal(const refusal *r) {
  wi_plugin *p = NULL;
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = wi_plugin_open(r->library, &wi_plugin_abi_own, &p, &err);
  if (status != r->code || p != NULL || strstr(err.message, r->has) == NULL ||
      strstr(err.message, r->wants) == NULL ||
      strstr(err.message, strrchr(r->library, '/') + 1) == NULL) {
    wt_fail(__FILE__, __LINE__, "%s gave %s: %s", r->library,
            weir_error_code_name(status), err.message);
  }
  wi_plugin_unref(&p);
  weir_error_release(&err);
}

WT_TEST(what_does_not_fit_is_refused_with_both_sides) {
  for (size_t i = 0; i < N_REFUSALS; i++) {
    check_refusal(&refusals[i]);
  }
}

WT_TEST(an_older_minor_is_refused_and_a_newer_one_taken) {
  weir_error err = WEIR_ERROR_INIT;
  wi_plugin *p = NULL;
  wi_plugin_abi later = {.major = 1, .minor = 7, .minor_needed = 4, .capabilities = 3};
  WT_EQ_INT(wi_plugin_open(LIBRARY("odd_good"), &later, &p, &err), WEIR_E_PLUGIN);
  WT_CHECK(strstr(err.message, "ABI 1.0, and this weir needs at least 1.4") != NULL);
  weir_error_release(&err);
  WT_OK(wi_plugin_open(LIBRARY("odd_minor"), &later, &p, &err));
  wi_plugin_unref(&p);
  WT_OK(wi_plugin_open(LIBRARY("odd_minor"), &wi_plugin_abi_own, &p, &err));
  wi_plugin_unref(&p);
}

WT_TEST(a_good_one_is_described) {
  weir_error err = WEIR_ERROR_INIT;
  wi_plugin *p = NULL;
  WT_OK(wi_plugin_open(LIBRARY("odd_good"), &wi_plugin_abi_own, &p, &err));
  WT_EQ_INT(strlen(p->hash), 64);
  WT_CHECK(p->n_functions > 10);
  const wi_fn *fn = &p->functions[0].fn;
  WT_EQ_STR(fn->name, "odd_plus");
  WT_EQ_STR(fn->syntax, "odd_plus(x)");
  WT_EQ_STR(fn->section, "Functions of odd");
  WT_EQ_STR(fn->params[0].doc, "a number");
  WT_EQ_INT(fn->n_tags, 2);
  wi_plugin_unref(&p);
}

/* The hash of the file, by other means. */
static bool hash_of(const char *path, char out[WI_DIGEST_HEX]) {
  wi_buf bytes = WI_BUF_INIT;
  bool read = wi_file_read(path, 0, &bytes, NULL) == WEIR_OK;
  if (read) {
    wi_blake3_hex(bytes.p, bytes.n, out);
  }
  wi_buf_release(&bytes);
  return read;
}

WT_TEST(identities_are_of_content_name_and_signature) {
  weir_error err = WEIR_ERROR_INIT;
  wi_plugin *a = NULL, *again = NULL, *b = NULL;
  char hash[WI_DIGEST_HEX];
  WT_OK(wi_plugin_open(LIBRARY("odd_good"), &wi_plugin_abi_own, &a, &err));
  WT_OK(wi_plugin_open(LIBRARY("odd_good"), &wi_plugin_abi_own, &again, &err));
  WT_OK(wi_plugin_open(LIBRARY("odd_good_changed"), &wi_plugin_abi_own, &b, &err));
  WT_CHECK(hash_of(LIBRARY("odd_good"), hash));
  WT_EQ_STR(a->hash, hash);
  WT_CHECK(strcmp(a->hash, b->hash) != 0);
  for (size_t i = 0; i < a->n_functions; i++) {
    const uint8_t *id = a->functions[i].identity;
    WT_CHECK(memcmp(id, again->functions[i].identity, WI_DIGEST_SIZE) == 0);
    WT_CHECK(memcmp(id, b->functions[i].identity, WI_DIGEST_SIZE) != 0);
    for (size_t k = 0; k < i; k++) {
      WT_CHECK(memcmp(id, a->functions[k].identity, WI_DIGEST_SIZE) != 0);
    }
  }
  wi_plugin_unref(&a);
  wi_plugin_unref(&again);
  wi_plugin_unref(&b);
}

static bool copy(const wt_project *to, const char *name, const char *from) {
  wi_buf bytes = WI_BUF_INIT, path = WI_BUF_INIT, fresh = WI_BUF_INIT;
  wi_path_join(&path, to->root, name);
  wi_buf_fmt(&fresh, "%s.new", wi_buf_text(&path));
  bool done =
      wi_file_read(from, 0, &bytes, NULL) == WEIR_OK &&
      wt_project_write(to, strrchr(wi_buf_text(&fresh), '/') + 1, bytes.p, bytes.n) &&
      rename(wi_buf_text(&fresh), wi_buf_text(&path)) == 0;
  wi_buf_release(&bytes);
  wi_buf_release(&path);
  wi_buf_release(&fresh);
  return done;
}

/* dlopen would give the library that is loaded already, under the hash of the new file. */
WT_TEST(a_library_replaced_under_a_process_is_refused) {
  weir_error err = WEIR_ERROR_INIT;
  wi_plugin *p = NULL;
  wt_project place;
  wi_buf path = WI_BUF_INIT;
  WT_CHECK(wt_project_make(&place, NULL, 0));
  WT_CHECK(copy(&place, "lib.so", LIBRARY("odd_good")));
  wi_path_join(&path, place.root, "lib.so");
  WT_OK(wi_plugin_open(wi_buf_text(&path), &wi_plugin_abi_own, &p, &err));
  wi_plugin_unref(&p);
  WT_CHECK(copy(&place, "lib.so", LIBRARY("odd_good_changed")));
  WT_EQ_INT(wi_plugin_open(wi_buf_text(&path), &wi_plugin_abi_own, &p, &err),
            WEIR_E_PLUGIN);
  WT_CHECK(strstr(err.message, "loaded it before, with another content") != NULL);
  weir_error_release(&err);
  WT_CHECK(copy(&place, "lib.so", LIBRARY("odd_good")));
  WT_OK(wi_plugin_open(wi_buf_text(&path), &wi_plugin_abi_own, &p, &err));
  wi_plugin_unref(&p);
  wi_buf_release(&path);
  wt_project_remove(&place);
}
