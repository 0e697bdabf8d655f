/* Values of the environment are cut out of whatever an error says. */
#include <stdlib.h>

#include "base/base.h"
#include "common/test.h"

#define WI_ORIGIN "test"

static const char *shown(const char *text) {
  static weir_error err;
  memset(&err, 0, sizeof err);
  WI_ERR(&err, WEIR_E_STORE, "%s", text);
  return err.message;
}

WT_TEST(values_are_cut_out) {
  wi_secret *a = NULL, *b = NULL;
  WT_CHECK(wi_secret_add("hunter2-long", &a) && wi_secret_add("tok", &b));
  WT_EQ_STR(shown("key hunter2-long is wrong"), "key *** is wrong");
  WT_EQ_STR(shown("hunter2-long"), "***");
  WT_EQ_STR(shown("xhunter2-longxhunter2-long!"), "x***x***!");
  WT_EQ_STR(shown("HUNTER2-Long folded"), "*** folded");
  /* A short one only where it stands alone: it is part of other words. */
  WT_EQ_STR(shown("tok tok,tok token stok http://u:tok@h"),
            "*** ***,*** token stok http://u:***@h");
  WT_EQ_STR(shown("toktok tok"), "toktok ***");
  wi_secret_drop(a);
  WT_EQ_STR(shown("hunter2-long tok"), "hunter2-long ***");
  wi_secret_drop(b);
  WT_EQ_STR(shown("tok"), "tok");
  WT_CHECK(!wi_secret_any());
}

WT_TEST(one_value_of_two_projects_stays_until_both_are_gone) {
  wi_secret *a = NULL, *b = NULL, *none = NULL;
  WT_CHECK(wi_secret_add("shared value", &a) && wi_secret_add("shared value", &b));
  WT_CHECK(wi_secret_add("", &none) && none == NULL);
  wi_secret_drop(none);
  wi_secret_drop(a);
  WT_EQ_STR(shown("a shared value"), "a ***");
  wi_secret_drop(b);
  WT_EQ_STR(shown("a shared value"), "a shared value");
}

/* The longest of those that begin at one place. */
WT_TEST(values_within_values) {
  wi_secret *a = NULL, *b = NULL;
  WT_CHECK(wi_secret_add("secret", &a) && wi_secret_add("secret-and-more", &b));
  WT_EQ_STR(shown("[secret-and-more] [secret]"), "[***] [***]");
  wi_secret_drop(a);
  wi_secret_drop(b);
}

/* Engines spell an address in their own way, and show parts of it. */
WT_TEST(spellings_of_a_value) {
  wi_secret *url = NULL, *raw = NULL, *quoted = NULL;
  WT_CHECK(wi_secret_add("http://user:p%40ss/w@Example.org:9000/", &url) == true);
  wi_secret_drop(url);
  WT_CHECK(wi_secret_add("http://user:p%40ssw@Example.org:9000/", &url));
  WT_EQ_STR(shown("url (http://user:p%40ssw@example.org:9000/b)"), "url (***b)");
  WT_EQ_STR(shown("host example.org:9000, password p@ssw"),
            "host example.org:9000, password ***");
  WT_EQ_STR(shown("user:p%40ssw@"), "user:***@");
  WT_CHECK(wi_secret_add("a b/c+d", &raw));
  WT_EQ_STR(shown("?sig=a%20b%2Fc%2Bd&x"), "?sig=***&x");
  WT_CHECK(wi_secret_add("say \"x\\y\"", &quoted));
  WT_EQ_STR(shown("value: \"say \\\"x\\\\y\\\"\""), "value: \"***\"");
  wi_secret_drop(url);
  wi_secret_drop(raw);
  wi_secret_drop(quoted);
}

/* What a cut leaves of a value is cut as well. */
WT_TEST(values_at_the_end_of_a_long_text) {
  wi_secret *s = NULL;
  char text[6000];
  WT_CHECK(wi_secret_add("a-very-secret-value", &s));
  for (size_t at = 990; at < 2060; at++) {
    weir_error err = WEIR_ERROR_INIT;
    memset(text, '.', sizeof text);
    memcpy(text + at, "a-very-secret-value", 19);
    text[5999] = '\0';
    WI_ERR_HINT(&err, WEIR_E_STORE, WI_HINT("%s", text + 600), "%s", text);
    wi_err_detail(&err, text, strlen(text));
    WT_CHECK(strstr(err.message, "a-v") == NULL && strstr(err.detail, "a-v") == NULL);
    WT_CHECK(strstr(err.hint, "a-v") == NULL);
    WT_CHECK(wi_utf8_valid(err.message, strlen(err.message)));
    weir_error_release(&err);
  }
  wi_secret_drop(s);
}

WT_TEST(every_part_of_an_error) {
  wi_secret *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  wi_diags d = WI_DIAGS_INIT;
  WT_CHECK(wi_secret_add("a-very-secret-value", &s));
  WI_ERR(&err, WEIR_E_STORE, "no");
  wi_err_context(&err, "at a-very-secret-value");
  wi_err_hint(&err, "use a-very-secret-value");
  wi_err_detail(&err, "first\na-very-secret-value\nlast", 30);
  WT_EQ_STR(err.message, "at ***: no");
  WT_EQ_STR(err.hint, "use ***");
  WT_EQ_STR(err.detail, "first\n***\nlast");
  wi_diags_add(&d, false, WEIR_E_STORE, "test", NULL, 0, 0, "a-very-secret-value", "%s",
               "not a-very-secret-value");
  WT_EQ_STR(d.items[0].error.message, "not ***");
  WT_EQ_STR(d.items[0].error.hint, "***");
  wi_diags_release(&d);
  weir_error_release(&err);
  wi_secret_drop(s);
}
