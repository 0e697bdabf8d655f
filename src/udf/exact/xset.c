#include "udf/exact/xset.h"

#include <stdlib.h>
#include <string.h>

#define WI_ORIGIN "udf"

#define FIRST_CAP 4

static wi_xset *set_at(const wi_xsets *s, uint64_t g) {
  return wi_slots_at(&s->sets, (size_t)g);
}

static void free_sets(wi_xsets *s, uint64_t n) {
  for (uint64_t g = 0; g < n; g++) {
    s->slots -= set_at(s, g)->cap;
    wi_free(set_at(s, g)->slots);
  }
}

void wi_xsets_init(wi_xsets *s) {
  *s = (wi_xsets){.slots = 0};
  wi_slots_init(&s->sets, sizeof(wi_xset));
}

void wi_xsets_release(wi_xsets *s) {
  free_sets(s, s->sets.n);
  wi_slots_release(&s->sets);
}

uint64_t wi_xsets_size(const wi_xsets *s) {
  return wi_slots_bytes(&s->sets) + s->slots * sizeof(wi_xslot);
}

weir_status wi_xsets_grow(wi_xsets *s, uint64_t n, weir_error *err) {
  return wi_slots_grow(&s->sets, n, err);
}

void wi_xsets_drop(wi_xsets *s, uint64_t n) {
  free_sets(s, n < s->sets.n ? n : s->sets.n);
  wi_slots_drop(&s->sets, n);
}

/* ---- one set: open addressing, the next free place ---- */

static size_t home_of(uint64_t key, size_t cap) {
  uint64_t h = key ^ key >> 32;
  h *= UINT64_C(0x9E3779B97F4A7C15);
  return (size_t)(h >> 32) & (cap - 1);
}

/* The slot of the key, or the free one where it would be. */
static wi_xslot *slot_of(const wi_xset *set, uint64_t key) {
  size_t i = home_of(key, set->cap);
  while (set->slots[i].count != 0 && set->slots[i].key != key) {
    i = (i + 1) & (set->cap - 1);
  }
  return &set->slots[i];
}

static weir_status set_widen(wi_xsets *s, wi_xset *set, weir_error *err) {
  wi_xset wider = {NULL, set->used, set->cap == 0 ? FIRST_CAP : 2 * set->cap};
  wider.slots = wi_alloc_array(wider.cap, sizeof *wider.slots);
  if (wider.slots == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < set->cap; i++) {
    if (set->slots[i].count != 0) {
      *slot_of(&wider, set->slots[i].key) = set->slots[i];
    }
  }
  s->slots += wider.cap - set->cap;
  wi_free(set->slots);
  *set = wider;
  return WEIR_OK;
}

weir_status wi_xsets_add(wi_xsets *s, uint64_t g, uint64_t key, weir_error *err) {
  wi_xset *set = set_at(s, g);
  if (4 * (set->used + 1) > 3 * set->cap) {
    WI_TRY(set_widen(s, set, err));
  }
  wi_xslot *slot = slot_of(set, key);
  if (slot->count == 0) {
    slot->key = key;
    set->used++;
  }
  slot->count++;
  return WEIR_OK;
}

/* Frees slot `hole` and moves those behind it that would no longer be found. */
static void slot_remove(wi_xset *set, size_t hole) {
  size_t mask = set->cap - 1;
  for (size_t i = (hole + 1) & mask; set->slots[i].count != 0; i = (i + 1) & mask) {
    size_t home = home_of(set->slots[i].key, set->cap);
    if (((i - home) & mask) >= ((i - hole) & mask)) {
      set->slots[hole] = set->slots[i];
      hole = i;
    }
  }
  set->slots[hole].count = 0;
  set->used--;
}

weir_status wi_xsets_take(wi_xsets *s, uint64_t g, uint64_t key, weir_error *err) {
  wi_xset *set = set_at(s, g);
  wi_xslot *slot = set->cap == 0 ? NULL : slot_of(set, key);
  if (slot == NULL || slot->count == 0) {
    return WI_ERR(err, WEIR_E_BUG,
                  "a value leaves a set of different values it is not in");
  }
  if (slot->count > 1) {
    slot->count--;
  } else {
    slot_remove(set, (size_t)(slot - set->slots));
  }
  return WEIR_OK;
}

size_t wi_xsets_count(const wi_xsets *s, uint64_t g) {
  return g < s->sets.n ? set_at(s, g)->used : 0;
}

static int key_cmp(const void *a, const void *b) {
  uint64_t x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return (x > y) - (x < y);
}

void wi_xsets_keys(const wi_xsets *s, uint64_t g, uint64_t *out) {
  size_t n = 0;
  const wi_xset *set = g < s->sets.n ? set_at(s, g) : NULL;
  for (size_t i = 0; set != NULL && i < set->cap; i++) {
    if (set->slots[i].count != 0) {
      out[n++] = set->slots[i].key;
    }
  }
  qsort(out, n, sizeof *out, key_cmp);
}
