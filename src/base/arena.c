/* A chain of zeroed blocks; the first has the free room. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"

enum { ALIGN = 16, FIRST_BLOCK = 2048, LARGEST_BLOCK = 64 * 1024 };

typedef struct wi_arena_block {
  struct wi_arena_block *next;
  size_t used, cap;
  _Alignas(ALIGN) unsigned char data[];
} wi_arena_block;

void wi_arena_release(wi_arena *a) {
  while (a->head != NULL) {
    wi_arena_block *next = a->head->next;
    wi_free(a->head);
    a->head = next;
  }
}

static wi_arena_block *new_block(size_t cap) {
  if (cap > (size_t)PTRDIFF_MAX - sizeof(wi_arena_block)) {
    return NULL;
  }
  wi_arena_block *block = wi_alloc(sizeof *block + cap);
  if (block != NULL) {
    block->cap = cap;
  }
  return block;
}

/* An object too large for a shared block gets its own, behind the head, so that the
 * head's free room is not given up. */
static wi_arena_block *block_for(wi_arena *a, size_t size) {
  wi_arena_block *head = a->head;
  if (head != NULL && size <= head->cap - head->used) {
    return head;
  }
  size_t cap = head == NULL ? FIRST_BLOCK : head->cap * 2;
  if (cap > LARGEST_BLOCK || cap < FIRST_BLOCK) {
    cap = LARGEST_BLOCK;
  }
  bool own = size > cap / 2;
  wi_arena_block *block = new_block(own ? size : cap);
  if (block == NULL) {
    return NULL;
  }
  if (own && head != NULL) {
    block->next = head->next;
    head->next = block;
  } else {
    block->next = head;
    a->head = block;
  }
  return block;
}

void *wi_arena_alloc(wi_arena *a, size_t size) {
  if (size > (size_t)PTRDIFF_MAX - ALIGN) {
    return NULL;
  }
  size = size == 0 ? ALIGN : (size + ALIGN - 1) / ALIGN * ALIGN;
  wi_arena_block *block = block_for(a, size);
  if (block == NULL) {
    return NULL;
  }
  void *p = block->data + block->used;
  block->used += size;
  return p;
}

void *wi_arena_array(wi_arena *a, size_t count, size_t size) {
  if (size != 0 && count > (size_t)PTRDIFF_MAX / size) {
    return NULL;
  }
  return wi_arena_alloc(a, count * size);
}

char *wi_arena_dup(wi_arena *a, const char *text) {
  return wi_arena_ndup(a, text, strlen(text));
}

char *wi_arena_ndup(wi_arena *a, const char *text, size_t n) {
  char *copy = n == SIZE_MAX ? NULL : wi_arena_alloc(a, n + 1);
  if (copy != NULL && n > 0) {
    memcpy(copy, text, n);
  }
  return copy;
}

char *wi_arena_fmt(wi_arena *a, const char *fmt, ...) {
  char *text = NULL;
  va_list args, again;
  va_start(args, fmt);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, fmt, args);
  if (n >= 0) {
    text = wi_arena_alloc(a, (size_t)n + 1);
  }
  if (text != NULL) {
    vsnprintf(text, (size_t)n + 1, fmt, again);
  }
  va_end(again);
  va_end(args);
  return text;
}
