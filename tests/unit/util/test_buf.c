/* The buffer: growth, and failure that stays until it is cleared. */
#include "base/base.h"
#include "common/test.h"

WT_TEST(appends) {
  wi_buf b = WI_BUF_INIT;
  WT_EQ_STR(wi_buf_text(&b), "");
  wi_buf_str(&b, "ab");
  wi_buf_chr(&b, 'c');
  wi_buf_fmt(&b, "%d-%s", 12, "x");
  wi_buf_add(&b, "\0z", 2);
  WT_EQ_INT(b.n, 9);
  WT_CHECK(memcmp(b.p, "abc12-x\0z", 10) == 0);
  wi_buf_clear(&b);
  WT_EQ_STR(wi_buf_text(&b), "");
  wi_buf_release(&b);
  wi_buf_release(&b);
}

WT_TEST(grows) {
  wi_buf b = WI_BUF_INIT;
  for (int i = 0; i < 100000; i++) {
    wi_buf_chr(&b, (char)('a' + i % 26));
    WT_CHECK(b.p[b.n] == '\0' && b.cap > b.n);
  }
  WT_EQ_INT(b.n, 100000);
  for (int i = 0; i < 100000; i++) {
    WT_CHECK(b.p[i] == (char)('a' + i % 26));
  }
  wi_buf_release(&b);
}

WT_TEST(failure_is_sticky) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf b = WI_BUF_INIT;
  wi_buf_str(&b, "kept");
  WT_OK(wi_buf_check(&b, &err, "test"));
  WT_CHECK(!wi_buf_reserve(&b, SIZE_MAX));
  WT_CHECK(b.failed);
  wi_buf_str(&b, "lost");
  wi_buf_fmt(&b, "%s", "lost");
  WT_EQ_STR(wi_buf_text(&b), "kept");
  WT_EQ_INT(wi_buf_check(&b, &err, "test"), WEIR_E_NO_MEMORY);
  WT_EQ_INT(err.code, WEIR_E_NO_MEMORY);
  WT_CHECK(err.hint[0] != '\0');
  WT_CHECK(wi_buf_take(&b) == NULL);
  WT_CHECK(b.p == NULL && !b.failed);
  wi_buf_reserve(&b, (size_t)PTRDIFF_MAX);
  WT_CHECK(b.failed);
  wi_buf_clear(&b);
  wi_buf_str(&b, "again");
  WT_EQ_STR(wi_buf_text(&b), "again");
  wi_buf_release(&b);
}

WT_TEST(take_gives_the_text_away) {
  wi_buf b = WI_BUF_INIT;
  char *empty = wi_buf_take(&b);
  WT_EQ_STR(empty, "");
  wi_free(empty);
  wi_buf_str(&b, "text");
  char *text = wi_buf_take(&b);
  WT_EQ_STR(text, "text");
  WT_CHECK(b.p == NULL && b.n == 0 && b.cap == 0);
  wi_free(text);
}
