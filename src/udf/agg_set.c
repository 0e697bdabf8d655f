/* collect_set and count_distinct_agg: the distinct values of each group.
 *
 * All groups share one list of entries and one hash table over (group, value), so that a row
 * costs one look-up whatever the number of groups. A group that leaves takes its entries with
 * it when the list is cleaned. In a moving frame an entry counts its rows; one without rows
 * stays until such are most of the list, since frames often get the value back. */
#include "udf/agg_set.h"

#include <string.h>

#define WI_ORIGIN "udf"

/* ---- the table ---- */

/* Rows are taken in blocks: the places of all of a block in the table are asked for before the
 * first is needed, since waiting for memory is most of the work with many groups. */
#define BLOCK 256

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

static weir_status add(wi_set *s, uint64_t g, uint64_t word, wi_str bytes,
                       weir_error *err) {
  return add_hashed(s, g, word, bytes, hash_of(s, s->base + g, word, bytes), err);
}

/* Adds words to groups, at most BLOCK of them. */
static weir_status add_words(wi_set *s, size_t n, const uint64_t *groups,
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
    WI_TRY(add_hashed(s, groups[i], words[i], (wi_str){NULL, 0}, hashes[i], err));
  }
  return WEIR_OK;
}

static weir_status take(wi_set *s, uint64_t word, wi_str bytes, weir_error *err) {
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

static void entries_release(wi_set *s) {
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
    entries_release(s);
    return WEIR_OK;
  }
  size_t slots = 32;
  while (n * 3 > slots * 2) {
    slots *= 2;
  }
  return table_build(s, slots, err);
}

/* ---- rows ---- */

/* Rows whose codes are words. */
static weir_status word_block(wi_set *s, int64_t from, int64_t n, const uint64_t *groups,
                              weir_error *err) {
  uint64_t words[BLOCK], of[BLOCK];
  const struct ArrowArrayView *view = &s->arg.view;
  size_t k = 0;
  wi_order_words(&s->order, view, from, n, words);
  for (int64_t i = 0; i < n; i++) {
    uint64_t group = groups != NULL ? groups[from + i] : 0;
    if (!wi_agg_rows_has(&s->rows, from + i)) {
      continue; /* filtered out */
    }
    if (ArrowArrayViewIsNull(view, from + i)) {
      wi_set_group *slot = wi_slots_at(&s->groups, group);
      slot->nulls++;
      continue;
    }
    words[k] = words[i];
    of[k++] = group;
  }
  return add_words(s, k, of, words, err);
}

/* by: 1 adds the rows, -1 takes them from group 0. */
static weir_status row_block(wi_set *s, int64_t from, int64_t n, const uint64_t *groups,
                             int by, weir_error *err) {
  uint64_t words[BLOCK] = {0};
  const struct ArrowArrayView *view = &s->arg.view;
  wi_str bytes = {NULL, 0};
  if (s->order.form == WI_ORDER_WORD) {
    wi_order_words(&s->order, view, from, n, words);
  }
  for (int64_t i = 0; i < n; i++) {
    uint64_t group = groups != NULL ? groups[from + i] : 0;
    if (!wi_agg_rows_has(&s->rows, from + i)) {
      continue; /* filtered out */
    }
    if (s->order.form == WI_ORDER_NULL || ArrowArrayViewIsNull(view, from + i)) {
      wi_set_group *slot = wi_slots_at(&s->groups, group);
      slot->nulls += by;
      continue;
    }
    if (s->order.form == WI_ORDER_BYTES) {
      WI_TRY(wi_order_bytes(&s->order, view, from + i, &s->scratch, &bytes, err));
      words[i] = wi_order_prefix(bytes);
    }
    WI_TRY(by > 0 ? add(s, group, words[i], bytes, err) : take(s, words[i], bytes, err));
  }
  return WEIR_OK;
}

static weir_status rows(wi_set *s, const struct ArrowArray *arg, int64_t n,
                        const uint64_t *groups, const struct ArrowArray *filter, int by,
                        weir_error *err) {
  WI_TRY(wi_agg_in_set(&s->arg, arg, n, err));
  WI_TRY(wi_agg_rows_set(&s->rows, NULL, 0, n, filter, err));
  for (int64_t from = 0; from < n; from += BLOCK) {
    int64_t some = n - from < BLOCK ? n - from : BLOCK;
    WI_TRY(by > 0 && s->order.form == WI_ORDER_WORD
               ? word_block(s, from, some, groups, err)
               : row_block(s, from, some, groups, by, err));
  }
  return WEIR_OK;
}

static weir_status update(void *acc, const struct ArrowArray *const *args, int64_t n,
                          const uint64_t *groups, const struct ArrowArray *filter,
                          uint64_t n_groups, weir_error *err) {
  wi_set *s = acc;
  WI_TRY(wi_slots_grow(&s->groups, n_groups, err));
  return rows(s, args[0], n, groups, filter, 1, err);
}

static weir_status retract(void *acc, const struct ArrowArray *const *args, int64_t n,
                           weir_error *err) {
  wi_set *s = acc;
  WI_TRY(wi_slots_grow(&s->groups, 1, err));
  WI_TRY(rows(s, args[0], n, NULL, NULL, -1, err));
  return s->unused > 64 && s->unused > s->n / 2 ? wi_set_clean(s, err) : WEIR_OK;
}

static weir_status merge(void *acc, const struct ArrowArray *state,
                         const uint64_t *groups, uint64_t n_groups, weir_error *err) {
  wi_set *s = acc;
  WI_TRY(wi_slots_grow(&s->groups, n_groups, err));
  WI_TRY(wi_agg_state_set(&s->state, state, err));
  const struct ArrowArrayView *lists = s->state.view.children[0];
  const struct ArrowArrayView *nulls = s->state.view.children[1];
  const struct ArrowArrayView *items = lists->children[0];
  uint64_t words[BLOCK], of[BLOCK];
  size_t k = 0;
  for (int64_t i = 0; i < state->length; i++) {
    uint64_t group = groups != NULL ? groups[i] : 0;
    int64_t from = ArrowArrayViewListChildOffset(lists, lists->offset + i);
    int64_t end = ArrowArrayViewListChildOffset(lists, lists->offset + i + 1);
    wi_set_group *slot = wi_slots_at(&s->groups, group);
    slot->nulls += ArrowArrayViewGetIntUnsafe(nulls, i);
    for (int64_t j = from; j < end; j++) {
      if (s->code.form == WI_ORDER_WORD) {
        of[k] = group;
        wi_order_words(&s->code, items, j, 1, &words[k++]);
      } else {
        wi_str bytes = {NULL, 0};
        WI_TRY(wi_order_bytes(&s->code, items, j, &s->scratch, &bytes, err));
        WI_TRY(add(s, group, wi_order_prefix(bytes), bytes, err));
      }
      if (k == BLOCK) {
        WI_TRY(add_words(s, k, of, words, err));
        k = 0;
      }
    }
  }
  return add_words(s, k, of, words, err);
}

/* ---- life ---- */

static weir_status order_of(const wi_agg_call *call, wi_order *order, weir_error *err) {
  *order = (wi_order){0};
  WI_TRY(wi_args_check(call->fn, call->n_args, call->args, err));
  weir_status status = wi_order_init(order, call->args[0], true, err);
  if (status != WEIR_OK) {
    wi_err_context(err, "%s, argument 1 (%s)", call->fn->name, call->fn->params[0].name);
  }
  return status;
}

static weir_status state_of(const wi_order *order, struct ArrowSchema *out,
                            weir_error *err) {
  memset(out, 0, sizeof *out);
  ArrowSchemaInit(out);
  int rc = ArrowSchemaSetTypeStruct(out, 2);
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetType(out->children[0], NANOARROW_TYPE_LIST);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetType(out->children[0]->children[0], wi_agg_code_type(order));
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetName(out->children[0], "values");
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetType(out->children[1], NANOARROW_TYPE_INT64);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetName(out->children[1], "nulls");
  }
  if (rc != NANOARROW_OK) {
    wi_field_drop(out);
    return wi_arrow_err(err, rc, "state");
  }
  out->flags = out->children[0]->flags = out->children[1]->flags = 0;
  out->children[0]->children[0]->flags = 0;
  return WEIR_OK;
}

static weir_status state_schema(const wi_agg_call *call, struct ArrowSchema *out,
                                weir_error *err) {
  wi_order order;
  memset(out, 0, sizeof *out);
  WI_TRY(order_of(call, &order, err));
  weir_status status = state_of(&order, out, err);
  wi_order_release(&order);
  return status;
}

static weir_status list_field(const wi_agg_call *call, struct ArrowSchema *out,
                              weir_error *err) {
  wi_order order;
  memset(out, 0, sizeof *out);
  WI_TRY(order_of(call, &order, err));
  wi_order_release(&order);
  ArrowSchemaInit(out);
  int rc = ArrowSchemaSetFormat(out, "+l");
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaAllocateChildren(out, 1);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaDeepCopy(call->args[0], out->children[0]);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetName(out->children[0], "item");
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetMetadata(out->children[0], NULL);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetName(out, call->fn->name);
  }
  if (rc != NANOARROW_OK) {
    wi_field_drop(out);
    return wi_arrow_err(err, rc, "field");
  }
  out->flags = 0;
  out->children[0]->flags |= ARROW_FLAG_NULLABLE;
  return WEIR_OK;
}

static weir_status count_field(const wi_agg_call *call, struct ArrowSchema *out,
                               weir_error *err) {
  wi_order order;
  memset(out, 0, sizeof *out);
  WI_TRY(order_of(call, &order, err));
  wi_order_release(&order);
  return wi_field_init(out, call->fn, NANOARROW_TYPE_INT64, false, err);
}

static void close_acc(void *acc) {
  wi_set *s = acc;
  if (s == NULL) {
    return;
  }
  wi_order_release(&s->order);
  wi_order_release(&s->code);
  wi_agg_in_release(&s->arg);
  wi_agg_in_release(&s->state);
  wi_agg_rows_release(&s->rows);
  wi_buf_release(&s->scratch);
  wi_slots_release(&s->groups);
  entries_release(s);
  wi_free(s);
}

static weir_status open_acc(const wi_agg_call *call, bool retracts, void **acc,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema schema = {0};
  (void)retracts;
  *acc = NULL;
  wi_set *s = wi_alloc(sizeof(*s));
  if (s == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  s->call = call;
  s->ignore_nulls = call->ignore_nulls;
  wi_slots_init(&s->groups, sizeof(wi_set_group));
  WI_CHECK(order_of(call, &s->order, err));
  WI_CHECK(wi_agg_in_init(&s->arg, call->args[0], err));
  WI_CHECK(state_of(&s->order, &schema, err));
  WI_CHECK(wi_agg_in_init(&s->state, &schema, err));
  WI_CHECK(wi_order_init(&s->code, schema.children[0]->children[0], false, err));
  *acc = s;
  s = NULL;
done:
  wi_field_drop(&schema);
  close_acc(s);
  return status;
}

static uint64_t size(const void *acc) {
  const wi_set *s = acc;
  return sizeof(*s) + wi_slots_bytes(&s->groups) + s->cap * sizeof(*s->entries) +
         s->slots * sizeof(*s->table) + s->sorted_cap * sizeof(*s->sorted) +
         s->bytes.cap + s->rows.cap + s->scratch.cap;
}

/* ---- results ---- */

static weir_status finish(wi_set *s, uint64_t n, bool keep, weir_status status,
                          struct ArrowArray *out, weir_error *err) {
  if (status == WEIR_OK && !keep) {
    wi_slots_drop(&s->groups, n);
    s->base += n;
    status = wi_set_clean(s, err);
  }
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

static weir_status lists(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                         weir_error *err) {
  memset(out, 0, sizeof *out);
  return finish(acc, n, keep, wi_set_lists(acc, n, keep, out, err), out, err);
}

static weir_status counts(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                          weir_error *err) {
  memset(out, 0, sizeof *out);
  return finish(acc, n, keep, wi_set_counts(acc, n, out, err), out, err);
}

static weir_status state(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                         weir_error *err) {
  memset(out, 0, sizeof *out);
  return finish(acc, n, keep, wi_set_state(acc, n, out, err), out, err);
}

static weir_status empty_list(const wi_fn *fn, const struct ArrowSchema *result,
                              struct ArrowArray *out, weir_error *err) {
  (void)fn;
  memset(out, 0, sizeof *out);
  int rc = ArrowArrayInitFromSchema(out, result, NULL);
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayStartAppending(out);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayFinishElement(out);
  }
  weir_status status = wi_arrow_err(err, rc, "result");
  if (status == WEIR_OK) {
    status = wi_out_finish(out, err);
  }
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

static weir_status empty_count(const wi_fn *fn, const struct ArrowSchema *result,
                               struct ArrowArray *out, weir_error *err) {
  (void)fn;
  (void)result;
  void *data = NULL;
  memset(out, 0, sizeof *out);
  weir_status status =
      wi_out_fixed(out, NANOARROW_TYPE_INT64, sizeof(int64_t), &data, err);
  if (status == WEIR_OK) {
    wi_out_seal(out, 1, NULL);
    status = wi_out_finish(out, err);
  }
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

#define SET(field_fn, empty_fn, evaluate_fn)         \
  {.flags = WI_AGG_DISTINCT | WI_AGG_NULL_TREATMENT, \
   .return_field = (field_fn),                       \
   .state_schema = state_schema,                     \
   .empty = (empty_fn),                              \
   .open = open_acc,                                 \
   .update = update,                                 \
   .retract = retract,                               \
   .merge = merge,                                   \
   .evaluate = (evaluate_fn),                        \
   .state = state,                                   \
   .size = size,                                     \
   .close = close_acc}
const wi_agg_ops wi_agg_collect_set = SET(list_field, empty_list, lists);
const wi_agg_ops wi_agg_count_distinct = SET(count_field, empty_count, counts);
