/* Memory and arenas: zeroed, aligned, overflow refused. */
#include "base/base.h"
#include "common/test.h"

WT_TEST(zeroed_and_checked) {
  volatile size_t big = SIZE_MAX;
  unsigned char *p = wi_alloc_array(100, 3);
  WT_CHECK(p != NULL);
  for (int i = 0; i < 300; i++) {
    WT_EQ_INT(p[i], 0);
  }
  p = wi_realloc_array(p, 1000, 3);
  WT_CHECK(p != NULL && p[299] == 0);
  WT_CHECK(wi_realloc_array(p, big / 2, 3) == NULL);
  wi_free(p);
  WT_CHECK(wi_alloc_array(big / 2, 3) == NULL);
  WT_CHECK(wi_alloc(big) == NULL);
  WT_CHECK(wi_strndup("", big) == NULL);
  void *none = wi_alloc(0);
  WT_CHECK(none != NULL);
  wi_free(none);
  wi_free(NULL);
}

WT_TEST(copies) {
  char *a = wi_strdup("abc"), *b = wi_strndup("abc", 2), *c = wi_strndup(NULL, 0);
  WT_EQ_STR(a, "abc");
  WT_EQ_STR(b, "ab");
  WT_EQ_STR(c, "");
  wi_free(a);
  wi_free(b);
  wi_free(c);
}

WT_TEST(arena_objects_do_not_overlap) {
  enum { N = 3000 };
  static unsigned char *at[N];
  static size_t size[N];
  wi_arena a = WI_ARENA_INIT;
  for (size_t i = 0; i < N; i++) {
    size[i] = i % 500 == 499 ? 100000 : i * 7 % 200;
    at[i] = wi_arena_alloc(&a, size[i]);
    WT_CHECK(at[i] != NULL && (uintptr_t)at[i] % 16 == 0);
    for (size_t j = 0; j < size[i]; j++) {
      WT_EQ_INT(at[i][j], 0);
    }
    if (size[i] > 0) {
      memset(at[i], (int)(i % 251) + 1, size[i]);
    }
  }
  for (size_t i = 0; i < N; i++) {
    for (size_t j = 0; j < size[i]; j++) {
      WT_EQ_INT(at[i][j], i % 251 + 1);
    }
  }
  wi_arena_release(&a);
  WT_CHECK(a.head == NULL);
  wi_arena_release(&a);
}

WT_TEST(arena_texts_and_limits) {
  volatile size_t big = SIZE_MAX;
  wi_arena a = WI_ARENA_INIT;
  WT_EQ_STR(wi_arena_dup(&a, "abc"), "abc");
  WT_EQ_STR(wi_arena_ndup(&a, "abc", 1), "a");
  WT_EQ_STR(wi_arena_fmt(&a, "%s-%05d", "x", 42), "x-00042");
  WT_CHECK(wi_arena_alloc(&a, big) == NULL);
  WT_CHECK(wi_arena_array(&a, big / 2, 3) == NULL);
  WT_CHECK(wi_arena_ndup(&a, "", big) == NULL);
  WT_EQ_STR(wi_arena_dup(&a, "still"), "still");
  wi_arena_release(&a);
}
