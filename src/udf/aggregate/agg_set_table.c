/* Entries and hash table of collect_set and count_distinct_agg: see agg_set.c.
 *
 * Rows are taken in blocks: the places of all of a block in the table are asked for before the
 * first is needed, since waiting for memory is most of the work with many groups. */
#include <string.h>

#include "udf/aggregate/agg_set.h"

#define WI_ORIGIN "udf"

#define BLOCK WI_SET_BLOCK

/* ---- the table ---- */

static inline uint64_t mix(uint64_t a, uint64_t b) {
  a = (a ^ b) * UINT64_C(0x9E3779B97F4A7C15);
  a ^= a >> 32;
  a *= UINT64_C(0xD6E8FEB86659FD93);
  return a ^ (a >> 29);
}

static uint64_t hash_bytes(wi_str s, uint64_t h) {
  for (; s.n >= 8; s.p += 8, s.n -= 8) {
    uint64_t w;
    memcpy(&w, s.p, 8);
    h = mix(h, w);
  }
  uint64_t w = 0;
  memcpy(&w, s.n > 0 ? s.p : "", s.n);
  return mix(h ^ s.n, w);
}

static inline uint64_t hash_of(const wi_set *s, uint64_t group, uint64_t word,
                               wi_str bytes) {
  uint64_t h = mix(group + 1, 0);
  return s->order.form == WI_ORDER_BYTES ? hash_bytes(bytes, h) : mix(h, word);
}

static void place(wi_set *s, uint64_t hash, size_t entry) {
  size_t mask = s->slots - 1, at = hash & mask;
  while (s->table[at] != 0) {
    at = (at + 1) & mask;
  }
  s->table[at] = (hash & ~(uint64_t)UINT32_MAX) | (entry + 1);
}

static weir_status table_build(wi_set *s, size_t slots, weir_error *err) {
  uint64_t *table = wi_alloc_array(slots, sizeof(*table));
  if (table == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  wi_free(s->table);
  s->table = table;
  s->slots = slots;
  for (size_t from = 0; from < s->n; from += BLOCK) {
    uint64_t hashes[BLOCK];
    size_t n = s->n - from < BLOCK ? s->n - from : BLOCK;
    for (size_t i = 0; i < n; i++) {
      const wi_set_entry *e = &s->entries[from + i];
      hashes[i] = hash_of(s, e->group, e->value.word, wi_set_bytes(s, e));
      __builtin_prefetch(&s->table[hashes[i] & (slots - 1)], 1);
    }
    for (size_t i = 0; i < n; i++) {
      place(s, hashes[i], from + i);
    }
  }
  return WEIR_OK;
}

/* Room for one more: the table is at most two thirds full. */
static weir_status room(wi_set *s, weir_error *err) {
  if (s->n >= UINT32_MAX - 1) {
    return WI_ERR(err, WEIR_E_TOO_LARGE, "%s: more than %u distinct values in one place",
                  s->call->fn->name, UINT32_MAX - 1);
  }
  if (s->n == s->cap) {
    size_t cap = s->cap + s->cap / 2 + 16;
    wi_set_entry *entries = wi_realloc_array(s->entries, cap, sizeof(*entries));
    if (entries == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    s->entries = entries;
    s->cap = cap;
  }
  if ((s->n + 1) * 3 > s->slots * 2) {
    return table_build(s, s->slots < 32 ? 32 : s->slots * 2, err);
  }
  return WEIR_OK;
}

/* The entry, or NULL. */
static wi_set_entry *find(const wi_set *s, uint64_t hash, uint64_t group, uint64_t word,
                          wi_str bytes) {
  size_t mask = s->slots - 1;
  for (size_t at = hash & mask; s->slots > 0 && s->table[at] != 0; at = (at + 1) & mask) {
    uint64_t there = s->table[at];
    if (((there ^ hash) >> 32) != 0) {
      continue;
    }
    wi_set_entry *e = &s->entries[(uint32_t)there - 1];
    if (e->group == group && e->value.word == word &&
        (s->order.form != WI_ORDER_BYTES ||
         wi_order_compare(bytes, wi_set_bytes(s, e)) == 0)) {
      return e;
    }
  }
  return NULL;
}

/* The entry of a word, or NULL. */
static inline wi_set_entry *find_word(const wi_set *s, uint64_t hash, uint64_t group,
                                      uint64_t word) {
  size_t mask = s->slots - 1;
  if (s->slots == 0) {
    return NULL;
  }
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    uint64_t there = s->table[at];
    if (there == 0) {
      return NULL;
    }
    wi_set_entry *e = &s->entries[(uint32_t)there - 1];
    if (((there ^ hash) >> 32) == 0 && e->group == group && e->value.word == word) {
      return e;
    }
  }
}

static weir_status add_hashed(wi_set *s, uint64_t g, uint64_t word, wi_str bytes,
                              uint64_t hash, weir_error *err) {
  uint64_t group = s->base + g;
  wi_set_entry *e = find(s, hash, group, word, bytes);
  if (e == NULL) {
    WI_TRY(room(s, err));
    e = &s->entries[s->n];
    *e = (wi_set_entry){.value = {.word = word}, .group = group};
    if (s->order.form == WI_ORDER_BYTES) {
      WI_TRY(wi_bytes_add(&s->bytes, bytes, &e->value.at, err));
    }
    place(s, hash, s->n);
    s->n++;
    s->unused++;
  }
  if (e->count == 0) {
    wi_set_group *slot = wi_slots_at(&s->groups, g);
    slot->distinct++;
    s->unused--;
  }
  e->count++;
  return WEIR_OK;
}

weir_status wi_set_add(wi_set *s, uint64_t g, uint64_t word, wi_str bytes,
                       weir_error *err) {
  return add_hashed(s, g, word, bytes, hash_of(s, s->base + g, word, bytes), err);
}

weir_status wi_set_add_words(wi_set *s, size_t n, const uint64_t *groups,
                             const uint64_t *words, weir_error *err) {
  uint64_t hashes[BLOCK];
  for (size_t i = 0; i < n; i++) {
    hashes[i] = mix(mix(s->base + groups[i] + 1, 0), words[i]);
    if (s->slots > 0) {
      __builtin_prefetch(&s->table[hashes[i] & (s->slots - 1)], 1);
    }
    __builtin_prefetch(wi_slots_at(&s->groups, groups[i]), 1);
  }
  for (size_t i = 0; i < n; i++) {
    wi_set_entry *e = find_word(s, hashes[i], s->base + groups[i], words[i]);
    if (e != NULL && e->count > 0) {
      e->count++;
    } else {
      WI_TRY(add_hashed(s, groups[i], words[i], (wi_str){NULL, 0}, hashes[i], err));
    }
  }
  return WEIR_OK;
}

weir_status wi_set_take(wi_set *s, uint64_t word, wi_str bytes, weir_error *err) {
  wi_set_entry *e = find(s, hash_of(s, s->base, word, bytes), s->base, word, bytes);
  if (e == NULL || e->count == 0) {
    return WI_ERR(err, WEIR_E_BUG, "%s: a row leaves that never came", s->call->fn->name);
  }
  if (--e->count == 0) {
    wi_set_group *slot = wi_slots_at(&s->groups, 0);
    slot->distinct--;
    s->unused++;
  }
  return WEIR_OK;
}

void wi_set_release(wi_set *s) {
  wi_free(s->entries);
  wi_free(s->table);
  wi_free(s->sorted);
  wi_bytes_release(&s->bytes);
  s->entries = NULL;
  s->table = NULL;
  s->sorted = NULL;
  s->n = s->cap = s->slots = s->unused = s->n_sorted = s->sorted_cap = 0;
}

weir_status wi_set_clean(wi_set *s, weir_error *err) {
  wi_bytes fresh = {0};
  size_t n = 0;
  for (size_t i = 0; i < s->n; i++) {
    wi_set_entry *e = &s->entries[i];
    if (e->count == 0 || e->group < s->base) {
      continue;
    }
    if (s->order.form == WI_ORDER_BYTES) {
      weir_status status = wi_bytes_add(&fresh, wi_set_bytes(s, e), &e->value.at, err);
      if (status != WEIR_OK) {
        wi_bytes_release(&fresh);
        return status;
      }
    }
    s->entries[n++] = *e;
  }
  wi_bytes_release(&s->bytes);
  s->bytes = fresh;
  s->n = n;
  s->unused = 0;
  s->n_sorted = 0;
  if (n == 0) {
    wi_set_release(s);
    return WEIR_OK;
  }
  size_t slots = 32;
  while (n * 3 > slots * 2) {
    slots *= 2;
  }
  return table_build(s, slots, err);
}
