/* One list of members, compiled against the headers of 0.1 and against today's. */
#ifndef TESTS_ABI_LAYOUT_H
#define TESTS_ABI_LAYOUT_H

#include <stddef.h>

typedef struct layout_row {
  const char *what;
  size_t offset, size; /* of an enum's name: its number */
} layout_row;

extern const layout_row layout_then[], layout_now[];
extern const size_t n_layout_then, n_layout_now;

#endif
