/* Growable bytes with sticky failure. */
#include <stdio.h>
#include <string.h>

#include "util/util.h"

void wi_buf_release(wi_buf *b) {
  wi_free(b->p);
  *b = (wi_buf)WI_BUF_INIT;
}

void wi_buf_clear(wi_buf *b) {
  b->n = 0;
  b->failed = false;
  if (b->p != NULL) {
    b->p[0] = '\0';
  }
}

bool wi_buf_reserve(wi_buf *b, size_t extra) {
  if (b->failed) {
    return false;
  }
  if (b->cap > b->n && extra < b->cap - b->n) {
    return true;
  }
  if (extra > (size_t)PTRDIFF_MAX - b->n - 1) {
    b->failed = true;
    return false;
  }
  size_t need = b->n + extra + 1;
  size_t cap = b->cap<32 ? 64 : b->cap>(size_t) PTRDIFF_MAX / 2 ? need : b->cap * 2;
  if (cap < need) {
    cap = need;
  }
  char *p = wi_realloc_array(b->p, cap, 1);
  if (p == NULL) {
    b->failed = true;
    return false;
  }
  p[b->n] = '\0';
  b->p = p;
  b->cap = cap;
  return true;
}

void wi_buf_add(wi_buf *b, const void *bytes, size_t n) {
  if (!wi_buf_reserve(b, n)) {
    return;
  }
  if (n > 0) {
    memcpy(b->p + b->n, bytes, n);
  }
  b->n += n;
  b->p[b->n] = '\0';
}

void wi_buf_str(wi_buf *b, const char *text) {
  wi_buf_add(b, text, strlen(text));
}

void wi_buf_chr(wi_buf *b, char c) {
  wi_buf_add(b, &c, 1);
}

void wi_buf_vfmt(wi_buf *b, const char *fmt, va_list args) {
  va_list again;
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, fmt, args);
  if (n < 0) {
    b->failed = true;
  } else if (wi_buf_reserve(b, (size_t)n)) {
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
    b->n += (size_t)n;
  }
  va_end(again);
}

void wi_buf_fmt(wi_buf *b, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  wi_buf_vfmt(b, fmt, args);
  va_end(args);
}

const char *wi_buf_text(const wi_buf *b) {
  return b->p == NULL ? "" : b->p;
}

char *wi_buf_take(wi_buf *b) {
  char *text = NULL;
  if (wi_buf_reserve(b, 0)) {
    text = b->p;
    b->p = NULL;
  }
  wi_buf_release(b);
  return text;
}
