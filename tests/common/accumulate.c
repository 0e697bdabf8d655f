#include "common/accumulate.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/test.h"

void wa_complain(const plan *p, const char *fmt, ...) {
  char what[1400], text[600];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(what, sizeof what, fmt, ap);
  va_end(ap);
  wc_text(p->asked, text, sizeof text);
  wt_fail(__FILE__, __LINE__, "%s%s%s: %s", text, p->ignore_nulls ? " ignore nulls" : "",
          p->distinct ? " distinct" : "", what);
}

/* ---- one accumulator ---- */

static void note(acc *a, weir_status status, weir_error *err, const char *what) {
  if (status != WEIR_OK) {
    a->status = status;
    if (err->message[0] == '\0' || status == WEIR_E_BUG || status == WEIR_E_NO_MEMORY) {
      wa_complain(a->p, "%s fails with status %d, message '%s'", what, (int)status,
                  err->message);
    }
  }
  weir_error_release(err);
}

void acc_open(acc *a, const plan *p, wv_rng *r, bool retracts) {
  weir_error err = WEIR_ERROR_INIT;
  const wi_agg_ops *ops = p->call.fn->agg;
  *a = (acc){.p = p, .r = r, .style = wv_random_style(r, wv_one_in(r, 2))};
  a->style.text = p->text;
  wc_write(r, p->asked, 0, 0, &a->style, &a->types);
  a->call = (wi_agg_call){.fn = p->call.fn,
                          .n_args = a->types.n,
                          .args = a->types.schema_list,
                          .literals = a->types.literals,
                          .ignore_nulls = p->ignore_nulls,
                          .distinct = p->distinct};
  wi_agg_call types = a->call; /* all that is known then */
  types.literals = NULL;
  types.ignore_nulls = false;
  note(a, ops->return_field(&types, &a->field, &err), &err, "return_field");
  if (a->status == WEIR_OK) {
    note(a, ops->state_schema(&types, &a->state, &err), &err, "state_schema");
  }
  if (a->status == WEIR_OK) {
    note(a, ops->open(&a->call, retracts, &a->self, &err), &err, "open");
  }
}

void acc_close(acc *a) {
  if (a->self != NULL) {
    a->p->call.fn->agg->close(a->self);
  }
  if (a->field.release != NULL) {
    a->field.release(&a->field);
  }
  if (a->state.release != NULL) {
    a->state.release(&a->state);
  }
  wc_written_free(&a->types);
}

/* Whether rows from..from+n count, as a column; not written where all do, at times. */
static bool write_filter(acc *a, int64_t from, int64_t n, struct ArrowArray *out) {
  const plan *p = a->p;
  if (!p->has_filter) {
    return false;
  }
  wv_arena arena = {NULL};
  wv_val **values = wv_alloc(&arena, (size_t)(n + 1) * sizeof(*values));
  for (int64_t i = 0; i < n; i++) {
    values[i] = wv_null(&arena);
    values[i]->null = p->counts[from + i] < 0;
    values[i]->i = p->counts[from + i] > 0;
  }
  wv_style style = wv_random_style(a->r, wv_one_in(a->r, 2));
  wv_write(a->r, wv_of(&arena, NANOARROW_TYPE_BOOL), values, n, &style, out);
  wv_arena_free(&arena);
  return true;
}

/* Groups in memory of exactly their size. NULL, where all are 0, at times. */
static uint64_t *exact_groups(acc *a, const uint64_t *groups, int64_t n) {
  bool all_zero = true;
  for (int64_t i = 0; i < n; i++) {
    all_zero = all_zero && groups[i] == 0;
  }
  if (all_zero && wv_one_in(a->r, 2)) {
    return NULL;
  }
  uint64_t *copy = malloc((size_t)n * sizeof(*copy));
  if (copy == NULL && n > 0) {
    abort();
  }
  if (n > 0) {
    memcpy(copy, groups, (size_t)n * sizeof(*copy));
  }
  return copy;
}

static void merge_states(acc *a, const struct ArrowArray *states, const uint64_t *groups,
                         uint64_t n_groups) {
  weir_error err = WEIR_ERROR_INIT;
  const char *why = wv_check(&a->state, states, false);
  if (why != NULL) {
    wa_complain(a->p, "states: %s", why);
    a->status = WEIR_E_BUG;
    return;
  }
  /* In two parts, the second with an offset. */
  int64_t cut = wv_below(a->r, (uint32_t)states->length + 1);
  for (int k = 0; k < 2 && a->status == WEIR_OK; k++) {
    struct ArrowArray part = *states;
    part.offset += k == 0 ? 0 : cut;
    part.length = k == 0 ? cut : states->length - cut;
    part.null_count = part.buffers[0] == NULL ? 0 : -1;
    uint64_t *own = exact_groups(a, groups + (k == 0 ? 0 : cut), part.length);
    note(a, a->p->call.fn->agg->merge(a->self, &part, own, n_groups, &err), &err,
         "merge");
    free(own);
  }
}

/* Gives rows from..from+n of the plan to the accumulator. */
void acc_rows(acc *a, way how, int64_t from, int64_t n) {
  const plan *p = a->p;
  const wi_agg_ops *ops = p->call.fn->agg;
  weir_error err = WEIR_ERROR_INIT;
  if (a->status != WEIR_OK) {
    return;
  }
  struct ArrowArray filter = {0}, states = {0};
  wc_written in;
  wc_write(a->r, &p->call, from, n, &a->style, &in);
  bool filtered = how != RETRACT && write_filter(a, from, n, &filter);
  const struct ArrowArray *const *args = in.n > 0 ? in.array_list : NULL;
  if (how == UPDATE) {
    uint64_t *groups = exact_groups(a, p->groups + from, n);
    note(a,
         ops->update(a->self, args, n, groups, filtered ? &filter : NULL, p->n_groups,
                     &err),
         &err, "update");
    free(groups);
  } else if (how == RETRACT) {
    note(a, ops->retract(a->self, args, n, &err), &err, "retract");
  } else {
    note(a, ops->convert(&a->call, args, n, filtered ? &filter : NULL, &states, &err),
         &err, "convert");
    if (a->status == WEIR_OK && states.length != n) {
      wa_complain(p, "%lld rows convert to %lld states", (long long)n,
                  (long long)states.length);
    } else if (a->status == WEIR_OK) {
      merge_states(a, &states, p->groups + from, p->n_groups);
    }
  }
  if (!wc_untouched(&in)) {
    wa_complain(p, "an input was changed or released");
  }
  if (states.release != NULL) {
    states.release(&states);
  }
  if (filter.release != NULL) {
    filter.release(&filter);
  }
  wc_written_free(&in);
}

/* ---- results ---- */

void lines_free(lines *l) {
  wv_out_free(&l->text);
}

/* Adds the results of the first n groups. */
void acc_evaluate(acc *a, uint64_t n, bool keep, lines *out) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArray array = {0};
  if (a->status == WEIR_OK) {
    note(a, a->p->call.fn->agg->evaluate(a->self, n, keep, &array, &err), &err,
         "evaluate");
  }
  out->status = a->status;
  if (a->status != WEIR_OK) {
    return;
  }
  const char *why = wv_check(&a->field, &array, false);
  if (array.length != (int64_t)n) {
    wa_complain(a->p, "%lld results for %llu groups", (long long)array.length,
                (unsigned long long)n);
  } else if (why != NULL) {
    wa_complain(a->p, "results: %s", why);
  } else {
    wv_show_all(&out->text, &a->field, &array, out->at + out->n);
    out->n += n;
  }
  array.release(&array);
}

/* Line perm[g] of `got` is line g of `want`; perm NULL: the same places. */
void check_lines(const plan *p, const char *how, const lines *want, const uint64_t *perm,
                 const lines *got, uint64_t n) {
  if (wt_failed()) {
    return;
  }
  if (got->status != want->status || got->n < n) {
    wa_complain(p, "%s: status %d with %llu results, not %d with %llu", how,
                (int)got->status, (unsigned long long)got->n, (int)want->status,
                (unsigned long long)n);
    return;
  }
  for (uint64_t g = 0; g < n && got->status == WEIR_OK; g++) {
    uint64_t h = perm != NULL ? perm[g] : g;
    const char *x = want->text.p + want->at[g], *y = got->text.p + got->at[h];
    size_t k = want->at[g + 1] - want->at[g], m = got->at[h + 1] - got->at[h];
    if (k != m || memcmp(x, y, k) != 0) {
      wa_complain(p, "%s: group %llu is %.*s, not %.*s", how, (unsigned long long)g,
                  m < 400 ? (int)m - 1 : 400, y, k < 400 ? (int)k - 1 : 400, x);
      return;
    }
  }
}

/* ---- the same rows in another order ---- */

void wa_shuffle(wv_rng *r, uint64_t *v, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    v[i] = i;
  }
  for (uint64_t i = n; i > 1; i--) {
    uint64_t j = wv_below(r, (uint32_t)i), t = v[i - 1];
    v[i - 1] = v[j];
    v[j] = t;
  }
}

void wa_shuffled(wv_arena *arena, wv_rng *r, const plan *p, plan *out, uint64_t *perm) {
  uint64_t order[MAX_ROWS];
  *out = *p;
  out->text = wv_random_style(r, false).text;
  wa_shuffle(r, perm, p->n_groups);
  wa_shuffle(r, order, (uint64_t)p->call.rows);
  for (size_t i = 0; i < p->call.n; i++) {
    out->call.args[i].values =
        wv_alloc(arena, (size_t)(p->call.rows + 1) * sizeof(wv_val *));
  }
  for (int64_t k = 0; k < p->call.rows; k++) {
    for (size_t i = 0; i < p->call.n; i++) {
      out->call.args[i].values[k] = p->call.args[i].values[order[k]];
    }
    out->groups[k] = perm[p->groups[order[k]]];
    out->counts[k] = p->counts[order[k]];
  }
}

/* The rows that count, without a filter. */
void wa_filtered(wv_arena *arena, const plan *p, plan *out) {
  *out = *p;
  out->has_filter = false;
  out->call.rows = 0;
  for (size_t i = 0; i < p->call.n; i++) {
    out->call.args[i].values =
        wv_alloc(arena, (size_t)(p->call.rows + 1) * sizeof(wv_val *));
  }
  for (int64_t k = 0; k < p->call.rows; k++) {
    if (p->has_filter && p->counts[k] != 1) {
      continue;
    }
    for (size_t i = 0; i < p->call.n; i++) {
      out->call.args[i].values[out->call.rows] = p->call.args[i].values[k];
    }
    out->groups[out->call.rows] = p->groups[k];
    out->counts[out->call.rows++] = 1;
  }
}

/* Gives all rows in batches of random sizes. */
void acc_batches(acc *a, way how, int64_t from, int64_t to) {
  while (from < to && a->status == WEIR_OK && !wt_failed()) {
    int64_t n = 1 + wv_below(a->r, (uint32_t)(to - from));
    acc_rows(a, how, from, n);
    from += n;
  }
}

/* The states of the first n groups of `from` go to the groups base.. of `to`. */
void acc_move(acc *from, acc *to, uint64_t base, uint64_t n, bool keep) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArray states = {0};
  uint64_t groups[MAX_GROUPS + 1];
  if (from->status == WEIR_OK) {
    note(from, from->p->call.fn->agg->state(from->self, n, keep, &states, &err), &err,
         "state");
  }
  if (from->status != WEIR_OK) {
    to->status = to->status != WEIR_OK ? to->status : from->status;
    return;
  }
  for (uint64_t g = 0; g < n; g++) {
    groups[g] = base + g;
  }
  if (states.length != (int64_t)n) {
    wa_complain(from->p, "%lld states for %llu groups", (long long)states.length,
                (unsigned long long)n);
  } else if (to->status == WEIR_OK) {
    merge_states(to, &states, groups, to->p->n_groups);
  }
  states.release(&states);
}

/* ---- random plans ---- */

static void random_plan(wv_arena *arena, wv_rng *r, const wc_call *asked, plan *p) {
  uint32_t flags = asked->fn->agg->flags;
  memset(p, 0, sizeof *p);
  p->call = *asked;
  p->asked = asked;
  p->text = wv_random_style(r, false).text;
  p->ignore_nulls = (flags & WI_AGG_NULL_TREATMENT) != 0 && wv_one_in(r, 2);
  p->distinct = (flags & WI_AGG_DISTINCT) != 0 && wv_one_in(r, 3);
  p->has_filter = wv_one_in(r, 3);
  p->n_groups = wv_one_in(r, 3) ? 1 : 1 + wv_below(r, MAX_GROUPS);
  for (int64_t i = 0; i < asked->rows; i++) {
    p->groups[i] = wv_below(r, (uint32_t)p->n_groups);
    p->counts[i] = p->has_filter && wv_one_in(r, 3) ? -(int8_t)wv_below(r, 2) : 1;
  }
  for (size_t i = 0; i < asked->n; i++) {
    wc_arg *arg = &p->call.args[i];
    if (!arg->scalar) {
      continue;
    }
    arg->scalar = false;
    arg->values = wv_alloc(arena, (size_t)(asked->rows + 1) * sizeof(wv_val *));
    for (int64_t k = 0; k < asked->rows; k++) {
      arg->values[k] = asked->args[i].values[0];
    }
  }
}

/* f(*): some columns of any types; few values, so that groups have equal ones. */
static void random_asked(wv_arena *arena, wv_rng *r, const wi_fn *fn, wc_call *asked) {
  int64_t rows = wv_one_in(r, 12) ? 0 : 1 + wv_below(r, MAX_ROWS);
  wc_random(arena, r, fn, rows, true, asked);
  for (size_t i = 0; i < asked->n && rows > 0 && wv_one_in(r, 2); i++) {
    wc_arg *arg = &asked->args[i];
    for (int64_t k = 0; k < rows && !arg->scalar; k++) {
      arg->values[k] = arg->values[wv_below(r, rows < 6 ? (uint32_t)rows : 6)];
    }
  }
}

void wa_random(wv_arena *arena, wv_rng *r, const wi_fn *fn, plan *out) {
  wc_call *asked = wv_alloc(arena, sizeof *asked);
  random_asked(arena, r, fn, asked);
  random_plan(arena, r, asked, out);
}
