/* The only file that asks the C library for memory, so that a fault test can stand in. */
#include <stdlib.h>
#include <string.h>

#include "util/util.h"

/* Objects above PTRDIFF_MAX break pointer subtraction; no caller means such a size. */
static bool product(size_t count, size_t size, size_t *out) {
  if (size != 0 && count > (size_t)PTRDIFF_MAX / size) {
    return false;
  }
  *out = count * size == 0 ? 1 : count * size;
  return true;
}

void *wi_alloc(size_t size) {
  return wi_alloc_array(1, size);
}

void *wi_alloc_array(size_t count, size_t size) {
  size_t total = 0;
  return product(count, size, &total) ? calloc(1, total) : NULL;
}

void *wi_realloc_array(void *ptr, size_t count, size_t size) {
  size_t total = 0;
  return product(count, size, &total) ? realloc(ptr, total) : NULL;
}

void wi_free(void *ptr) {
  free(ptr);
}

char *wi_strdup(const char *text) {
  return wi_strndup(text, strlen(text));
}

char *wi_strndup(const char *text, size_t n) {
  char *copy = n == SIZE_MAX ? NULL : wi_alloc(n + 1);
  if (copy != NULL && n > 0) {
    memcpy(copy, text, n);
  }
  return copy;
}

bool wi_vec_grow(void *items, size_t *cap, size_t size) {
  unsigned char *p;
  size_t more = *cap < 8 ? 8 : *cap <= SIZE_MAX / 2 ? *cap * 2 : SIZE_MAX;
  memcpy(&p, items, sizeof p); /* a pointer of another type */
  p = wi_realloc_array(p, more, size);
  if (p == NULL) {
    return false;
  }
  memset(p + *cap * size, 0, (more - *cap) * size);
  memcpy(items, &p, sizeof p);
  *cap = more;
  return true;
}
