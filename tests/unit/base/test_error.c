/* Error records: names from the table, first words kept, texts cut at a character. */
#include <stdlib.h>

#include "base/base.h"
#include "common/test.h"

#define WI_ORIGIN "test"
#define MARK      "\xE2\x80\xA6"

WT_TEST(names_have_dashes) {
  WT_EQ_STR(weir_error_code_name(WEIR_OK), "WEIR-OK");
  WT_EQ_STR(weir_error_code_name(WEIR_E_IO), "WEIR-IO");
  WT_EQ_STR(weir_error_code_name(WEIR_E_NOT_OURS), "WEIR-NOT-OURS");
  WT_EQ_STR(weir_error_code_name(WEIR_E_FEATURE_UNSUPPORTED), "WEIR-FEATURE-UNSUPPORTED");
  WT_EQ_STR(weir_error_code_name(99999), "WEIR-UNKNOWN");
}

typedef struct known {
  weir_status code;
  const char *symbol;
  weir_class cls;
  int exit_code;
  const char *doc;
} known;

WT_TEST(every_row_agrees_with_the_table) {
  static const known all[] = {
#define WEIR_ERROR_ROW(symbol, number, cls, exit_code, sqlstate, doc) \
  {number, #symbol, WEIR_CLASS_##cls, exit_code, doc},
#include "weir/errors.def"
#undef WEIR_ERROR_ROW
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    const known *k = &all[i];
    char name[64] = "WEIR-";
    size_t n = 5;
    for (const char *p = k->symbol; *p != '\0'; p++) {
      name[n++] = *p == '_' ? '-' : *p;
    }
    name[n] = '\0';
    WT_EQ_STR(weir_error_code_name(k->code), name);
    WT_EQ_INT(weir_error_class(k->code), k->cls);
    WT_EQ_INT(weir_error_exit_code(k->code), k->exit_code);
    WT_EQ_STR(weir_error_doc(k->code), k->doc);
    WT_CHECK(k->code > 0);
    for (size_t j = 0; j < i; j++) {
      WT_CHECK(all[j].code != k->code);
    }
  }
}

WT_TEST(classes_have_names) {
  WT_EQ_STR(weir_class_name(WEIR_CLASS_NONE), "none");
  WT_EQ_STR(weir_class_name(WEIR_CLASS_CONFLICT), "conflict");
  WT_EQ_STR(weir_class_name(WEIR_CLASS_PANIC), "panic");
  WT_EQ_STR(weir_class_name((weir_class)77), "unknown");
  WT_EQ_INT(weir_error_exit_code(WEIR_OK), 0);
  WT_EQ_INT(weir_error_exit_code(WEIR_E_CANCELLED), 130);
  WT_EQ_INT(weir_error_exit_code(99999), 1);
}

WT_TEST(first_error_is_kept) {
  weir_error err = WEIR_ERROR_INIT;
  WT_EQ_INT(WI_ERR(&err, WEIR_E_IO, "low %d", 1), WEIR_E_IO);
  WT_EQ_INT(WI_ERR(&err, WEIR_E_BUG, "high"), WEIR_E_BUG);
  WT_EQ_INT(err.code, WEIR_E_IO);
  WT_EQ_STR(err.message, "low 1");
  WT_EQ_STR(err.origin, "test");
  WT_EQ_INT(WI_ERR(NULL, WEIR_E_IO, "nobody"), WEIR_E_IO);
}

WT_TEST(context_goes_before) {
  weir_error err = WEIR_ERROR_INIT;
  wi_err_context(&err, "nothing");
  WT_EQ_STR(err.message, "");
  WI_ERR(&err, WEIR_E_IO, "broken");
  wi_err_context(&err, "file '%s'", "x");
  WT_EQ_STR(err.message, "file 'x': broken");
  wi_err_context(&err, "view 'v': ");
  WT_EQ_STR(err.message, "view 'v': file 'x': broken");
  wi_err_context(&err, "run:");
  WT_EQ_STR(err.message, "run: view 'v': file 'x': broken");
  wi_err_context(NULL, "none");
}

WT_TEST(long_context_leaves_the_message) {
  weir_error err = WEIR_ERROR_INIT;
  char prefix[3000];
  memset(prefix, 'p', sizeof prefix - 1);
  prefix[sizeof prefix - 1] = '\0';
  WI_ERR(&err, WEIR_E_IO, "broken");
  wi_err_context(&err, "%s", prefix);
  WT_CHECK(wi_ends_with(err.message, "ppp" MARK ": broken"));
}

/* Each offset of a character at the field's end, for 2, 3 and 4 byte characters. */
WT_TEST(texts_are_cut_at_a_character) {
  static const char *const characters[] = {"\xC3\xA9", "\xE2\x82\xAC",
                                           "\xF0\x9F\x98\x80"};
  for (size_t c = 0; c < 3; c++) {
    size_t w = strlen(characters[c]);
    for (size_t shift = 0; shift < 4; shift++) {
      char text[3000] = "";
      size_t n = shift;
      memset(text, 'a', shift);
      while (n < 2000) {
        memcpy(text + n, characters[c], w + 1);
        n += w;
      }
      weir_error err = WEIR_ERROR_INIT;
      WI_ERR(&err, WEIR_E_IO, "%s", text);
      wi_err_hint(&err, "%s", text);
      wi_err_where(&err, text, 1, 2);
      /* Three bytes of each are the mark. */
      WT_EQ_INT(strlen(err.message), shift + (1020 - shift) / w * w + 3);
      WT_EQ_INT(strlen(err.hint), shift + (508 - shift) / w * w + 3);
      WT_EQ_INT(strlen(err.file), shift + (252 - shift) / w * w + 3);
      WT_CHECK(memcmp(err.message, text, strlen(err.message) - 3) == 0);
      WT_CHECK(wi_ends_with(err.message, MARK) && wi_ends_with(err.hint, MARK) &&
               wi_ends_with(err.file, MARK));
      WT_CHECK(wi_utf8_valid(err.message, strlen(err.message)));
      wi_err_context(&err, "%s", text);
      WT_CHECK(wi_utf8_valid(err.message, strlen(err.message)));
    }
  }
}

WT_TEST(exact_fit_is_not_cut) {
  weir_error err = WEIR_ERROR_INIT;
  char text[1025];
  memset(text, 'x', 1024);
  text[1023] = '\0';
  memcpy(text + 1020, "\xE2\x82\xAC", 3);
  WI_ERR(&err, WEIR_E_IO, "%s", text);
  WT_EQ_STR(err.message, text);
  weir_error longer = WEIR_ERROR_INIT;
  WI_ERR(&longer, WEIR_E_IO, "%s.", text);
  WT_EQ_INT(strlen(longer.message), 1023);
  WT_CHECK(wi_ends_with(longer.message, "x" MARK));
  WT_CHECK(wi_ends_with(WI_HINT("%s", text), MARK) || strlen(WI_HINT("%s", text)) == 512);
}

/* Of two failures the first is the cause: its hint stands beside its words. */
WT_TEST(a_kept_error_keeps_its_hint) {
  weir_error err = WEIR_ERROR_INIT;
  WT_EQ_INT(WI_ERR_HINT(&err, WEIR_E_IO, "100% sure", "low %d", 1), WEIR_E_IO);
  WT_EQ_STR(err.hint, "100% sure");
  WT_EQ_INT(WI_ERR_HINT(&err, WEIR_E_BUG, WI_HINT("other %d", 2), "high"), WEIR_E_BUG);
  wi_err_hint(&err, "another");
  WT_EQ_STR(err.message, "low 1");
  WT_EQ_STR(err.hint, "100% sure");
  wi_err_hint_replace(&err, "better");
  WT_EQ_STR(err.hint, "better");
  weir_error plain = WEIR_ERROR_INIT;
  WI_ERR(&plain, WEIR_E_IO, "low");
  WT_EQ_INT(WI_ERR_HINT(&plain, WEIR_E_BUG, "of the other", "high"), WEIR_E_BUG);
  WT_EQ_STR(plain.hint, "");
  wi_err_hint(&plain, "for this one");
  WT_EQ_STR(plain.hint, "for this one");
  weir_error before = WEIR_ERROR_INIT;
  wi_err_hint(&before, "first");
  WI_ERR(&before, WEIR_E_IO, "then");
  WT_EQ_STR(before.hint, "first");
  WT_EQ_INT(WI_ERR_HINT(NULL, WEIR_E_IO, "x", "y"), WEIR_E_IO);
}

WT_TEST(broken_bytes_become_utf8) {
  weir_error err = WEIR_ERROR_INIT;
  WI_ERR(&err, WEIR_E_IO, "path %s end", "\xFF\xC3-\xE2\x82");
  WT_CHECK(wi_utf8_valid(err.message, strlen(err.message)));
  WT_EQ_STR(err.message,
            "path ?"
            "?-?"
            "? end");
  wi_err_detail(&err, "a\0b\xFF", 4);
  WT_EQ_STR(err.detail, "a?b?");
  weir_error_release(&err);
}

WT_TEST(details_move_and_release_twice) {
  weir_error a = WEIR_ERROR_INIT, b = WEIR_ERROR_INIT;
  WI_ERR(&a, WEIR_E_ENGINE, "x");
  wi_err_detail(&a, "first", 5);
  wi_err_detail(&a, "second", 6);
  WI_ERR(&b, WEIR_E_IO, "y");
  wi_err_detail(&b, "old", 3);
  wi_err_move(&b, &a);
  WT_EQ_STR(b.detail, "second");
  WT_EQ_INT(b.code, WEIR_E_ENGINE);
  WT_CHECK(a.detail == NULL && a.code == WEIR_OK);
  wi_err_move(&b, &b);
  WT_EQ_STR(b.detail, "second");
  wi_err_move(NULL, &b);
  WT_CHECK(b.detail == NULL && b.code == WEIR_OK);
  weir_error_release(&b);
  weir_error_release(&b);
  weir_error_release(NULL);
}

WT_TEST(an_argument_may_be_the_field) {
  weir_error err = WEIR_ERROR_INIT;
  WI_ERR(&err, WEIR_E_IO, "m");
  wi_err_hint(&err, "do it");
  wi_err_hint_replace(&err, "%s; then that", err.hint);
  WT_EQ_STR(err.hint, "do it; then that");
  wi_err_context(&err, "%s", err.message);
  WT_EQ_STR(err.message, "m: m");
}

/* ---- what came later, through functions ---- */

WT_TEST(every_code_has_a_state) {
  static const struct {
    weir_status code;
    const char *state;
  } all[] = {
#define WEIR_ERROR_ROW(symbol, number, cls, exit_code, sqlstate, doc) {number, sqlstate},
#include "weir/errors.def"
#undef WEIR_ERROR_ROW
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    const char *state = weir_error_sqlstate(all[i].code);
    WT_EQ_STR(state, all[i].state);
    WT_EQ_INT(strspn(state, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 5);
    WT_CHECK(strncmp(state, "00", 2) != 0); /* success is no error */
  }
  WT_EQ_STR(weir_error_sqlstate(WEIR_OK), "00000");
  WT_EQ_STR(weir_error_sqlstate(9999), "HY000");
}

WT_TEST(causes_come_one_by_one) {
  static const char chain[] = "\n\nfirst\nsecond: \xff\n\nthird";
  weir_error err = WEIR_ERROR_INIT, copy = WEIR_ERROR_INIT;
  WT_CHECK(weir_error_cause(&err, 0) == NULL);
  WT_CHECK(weir_error_cause(NULL, 0) == NULL);
  wi_err_causes(&err, chain, strlen(chain));
  WT_EQ_STR(err.detail, "\n\nfirst\nsecond: ?\n\nthird");
  WT_EQ_STR(weir_error_cause(&err, 0), "first");
  WT_EQ_STR(weir_error_cause(&err, 1), "second: ?");
  WT_EQ_STR(weir_error_cause(&err, 2), "third");
  WT_CHECK(weir_error_cause(&err, 3) == NULL);
  WT_CHECK(weir_error_cause(&err, SIZE_MAX) == NULL);
  wi_err_copy(&err, &copy);
  weir_error_release(&err);
  WT_EQ_STR(weir_error_cause(&copy, 2), "third");
  wi_err_detail(&copy, copy.detail, strlen(copy.detail)); /* a plain text has none */
  WT_EQ_STR(copy.detail, "\n\nfirst\nsecond: ?\n\nthird");
  WT_CHECK(weir_error_cause(&copy, 0) == NULL);
  wi_err_copy(&copy, &err);
  WT_CHECK(weir_error_cause(&err, 0) == NULL);
  weir_error_release(&err);
  weir_error_release(&copy);
}

WT_TEST(an_error_tells_its_place) {
  weir_error err = WEIR_ERROR_INIT;
  const char *file = "x";
  uint32_t line = 7, column = 7;
  WT_EQ_INT(weir_error_place(&err, &file, &line, &column), 0);
  WT_CHECK(file == NULL && line == 0 && column == 0);
  WT_EQ_INT(weir_error_place(NULL, &file, &line, &column), 0);
  wi_err_where(&err, NULL, 3, 4);
  WT_EQ_INT(weir_error_place(&err, &file, &line, &column), 1);
  WT_CHECK(file == NULL && line == 3 && column == 4);
  wi_err_where(&err, "a.sql", 0, 0);
  WT_EQ_INT(weir_error_place(&err, &file, NULL, NULL), 1);
  WT_EQ_STR(file, "a.sql");
}
