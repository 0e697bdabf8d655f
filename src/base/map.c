/* A sorted array: what is written from a map comes out in one order on every machine. */
#include <string.h>

#include "base/base.h"

void wi_map_release(wi_map *m) {
  for (size_t i = 0; i < m->n; i++) {
    wi_free(m->entries[i].key);
  }
  wi_free(m->entries);
  *m = (wi_map)WI_MAP_INIT;
}

/* Where the key is, or would be put. strcmp compares as unsigned bytes. */
static size_t find(const wi_map *m, const char *key, bool *found) {
  size_t low = 0, high = m->n;
  *found = false;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    int order = strcmp(m->entries[mid].key, key);
    if (order == 0) {
      *found = true;
      return mid;
    }
    if (order < 0) {
      low = mid + 1;
    } else {
      high = mid;
    }
  }
  return low;
}

void *wi_map_get(const wi_map *m, const char *key) {
  bool found = false;
  size_t at = find(m, key, &found);
  return found ? m->entries[at].value : NULL;
}

bool wi_map_has(const wi_map *m, const char *key) {
  bool found = false;
  find(m, key, &found);
  return found;
}

bool wi_map_put(wi_map *m, const char *key, void *value) {
  bool found = false;
  size_t at = find(m, key, &found);
  if (found) {
    m->entries[at].value = value;
    return true;
  }
  if (m->n == m->cap && !wi_vec_grow(&m->entries, &m->cap, sizeof *m->entries)) {
    return false;
  }
  char *copy = wi_strdup(key);
  if (copy == NULL) {
    return false;
  }
  memmove(m->entries + at + 1, m->entries + at, (m->n - at) * sizeof *m->entries);
  m->entries[at] = (wi_map_entry){copy, value};
  m->n++;
  return true;
}

void wi_map_remove(wi_map *m, const char *key) {
  bool found = false;
  size_t at = find(m, key, &found);
  if (!found) {
    return;
  }
  wi_free(m->entries[at].key);
  m->n--;
  memmove(m->entries + at, m->entries + at + 1, (m->n - at) * sizeof *m->entries);
}
