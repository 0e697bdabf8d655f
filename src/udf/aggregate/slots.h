/* Storage by group: a growable array whose front can be given away. Not for other modules. */
#ifndef WI_UDF_SLOTS_H
#define WI_UDF_SLOTS_H

#include "base/base.h"

typedef struct wi_slots {
  char *bytes;
  size_t width; /* bytes of one slot */
  size_t first; /* slots in front that are gone */
  size_t n;     /* slots in use */
  size_t cap;   /* slots with memory, the gone ones included */
} wi_slots;
void wi_slots_init(wi_slots *s, size_t width);
void wi_slots_release(wi_slots *s);
/* At least n slots; new ones are zero. */
weir_status wi_slots_grow(wi_slots *s, uint64_t n, weir_error *err);
/* The first n are gone, the others move down. Memory that is not needed any more is given
 * back: an engine that is short of it asks for its groups and counts on that. */
void wi_slots_drop(wi_slots *s, uint64_t n);
static inline void *wi_slots_at(const wi_slots *s, size_t i) {
  return s->bytes + (s->first + i) * s->width;
}
static inline uint64_t wi_slots_bytes(const wi_slots *s) {
  return (uint64_t)s->cap * s->width;
}

#endif
