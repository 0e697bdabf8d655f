#include "udf/aggregate/slots.h"

#include <string.h>

#define WI_ORIGIN "udf"

void wi_slots_init(wi_slots *s, size_t width) {
  *s = (wi_slots){.width = width};
}

void wi_slots_release(wi_slots *s) {
  wi_free(s->bytes);
  *s = (wi_slots){.width = s->width};
}

static void close_gap(wi_slots *s) {
  if (s->first > 0) {
    memmove(s->bytes, s->bytes + s->first * s->width, s->n * s->width);
    s->first = 0;
  }
}

weir_status wi_slots_grow(wi_slots *s, uint64_t n, weir_error *err) {
  if (n <= s->n) {
    return WEIR_OK;
  }
  if (n > SIZE_MAX / 4) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (n > s->cap - s->first) {
    close_gap(s);
  }
  if (n > s->cap) {
    size_t cap = s->cap < 16 ? 16 : s->cap + s->cap / 2;
    cap = n > cap ? (size_t)n : cap;
    char *bytes = wi_realloc_array(s->bytes, cap, s->width);
    if (bytes == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    s->bytes = bytes;
    s->cap = cap;
  }
  memset(wi_slots_at(s, s->n), 0, (n - s->n) * s->width);
  s->n = (size_t)n;
  return WEIR_OK;
}

static void shrink(wi_slots *s) {
  size_t cap = s->n < 16 ? 16 : s->n;
  char *bytes = s->cap / 4 > cap ? wi_realloc_array(s->bytes, cap, s->width) : NULL;
  if (bytes != NULL) {
    s->bytes = bytes;
    s->cap = cap;
  }
}

/* Moves the slots only when the gone ones are most of the memory, so that giving away a few
 * at a time is linear in all. */
void wi_slots_drop(wi_slots *s, uint64_t n) {
  size_t gone = n < s->n ? (size_t)n : s->n;
  s->first += gone;
  s->n -= gone;
  if (s->n == 0) {
    wi_slots_release(s);
  } else if (s->first > s->n) {
    close_gap(s);
    shrink(s);
  }
}
