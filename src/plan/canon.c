/* The canonical digest of a plan: its tables, without any name but those of the root's
 * outputs. Scans enter by the order in which their tables first appear, columns by index, so
 * renaming a source, a view or an alias changes nothing; everything that can change a result
 * does. WI_PLAN_FORM is the number of this form. */
#include <string.h>

#include "plan/private.h"
#include "plan/tables.h"

#define WI_ORIGIN "plan"

#include "../../tables/epoch.def"

static void add(wi_digest *d, wi_str text) {
  wi_digest_bytes(d, text.p, text.n);
}

static void add_int(wi_digest *d, int64_t value) {
  wi_digest_u64(d, (uint64_t)value);
}

static void digest_nodes(const wi_plan *t, wi_digest *d) {
  add_int(d, (int64_t)t->nodes.n);
  for (size_t i = 0; i < t->nodes.n; i++) {
    const wi_plan_node *n = &t->nodes.items[i];
    add_int(d, n->parent);
    add_int(d, n->child);
    add_int(d, n->subquery_of);
    add(d, n->word);
    add(d, n->variant);
    add_int(d, n->flags);
    add_int(d, n->count);
    add(d, n->detail);
  }
}

/* Only the root's outputs have names that anybody sees. */
static void digest_outputs(const wi_plan *t, wi_digest *d) {
  add_int(d, (int64_t)t->outputs.n);
  for (size_t i = 0; i < t->outputs.n; i++) {
    const wi_plan_output *o = &t->outputs.items[i];
    add_int(d, (int64_t)o->node);
    add_int(d, o->ord);
    if (o->node == 0) {
      add(d, o->name);
    }
    add(d, o->type);
    add_int(d, o->nullable);
    add(d, o->metadata);
  }
}

static void digest_call(const wi_plan_call *c, wi_digest *d) {
  add_int(d, c->args);
  add_int(d, c->partition_keys);
  add_int(d, c->order_keys);
  add_int(d, (int64_t)c->frame);
  add_int(d, (int64_t)c->from);
  add_int(d, (int64_t)c->to);
  add(d, c->from_by);
  add(d, c->to_by);
}

/* The kind says which of the parts there are: those of calls, and the place of a column. */
static void digest_exprs(const wi_plan *t, wi_digest *d) {
  add_int(d, (int64_t)t->exprs.n);
  for (size_t i = 0; i < t->exprs.n; i++) {
    const wi_plan_expr *e = &t->exprs.items[i];
    add_int(d, (int64_t)e->node);
    add(d, e->role_word);
    add_int(d, e->ord);
    add_int(d, e->parent);
    add_int(d, e->child);
    add(d, e->word);
    add(d, e->op);
    add(d, e->identity);
    add(d, e->origin);
    add(d, e->literal);
    add(d, e->type);
    add_int(d, e->flags);
    add_int(d, e->number);
    add_int(d, e->depth);
    add(d, e->detail);
    if (e->call != NULL) {
      digest_call(e->call, d);
    }
    add_int(d, e->outer ? e->outer_input : e->input);
    add_int(d, (int64_t)e->column);
  }
}

static void digest_unnests(const wi_plan *t, wi_digest *d) {
  add_int(d, (int64_t)t->unnests.n);
  for (size_t i = 0; i < t->unnests.n; i++) {
    const wi_plan_unnest *u = &t->unnests.items[i];
    add_int(d, (int64_t)u->node);
    add(d, u->word);
    add_int(d, u->input);
    add_int(d, u->output);
    add_int(d, u->depth);
  }
}

static weir_status input_ordinal(wi_plan_facts *facts, const char *key, size_t *ordinal,
                                 weir_error *err) {
  for (size_t i = 0; i < facts->n_inputs; i++) {
    if (strcmp(facts->inputs[i], key) == 0) {
      *ordinal = i;
      return WEIR_OK;
    }
  }
  char **grown = wi_realloc_array(facts->inputs, facts->n_inputs + 1, sizeof(*grown));
  if (grown == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  facts->inputs = grown;
  grown[facts->n_inputs] = wi_strdup(key);
  if (grown[facts->n_inputs] == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *ordinal = facts->n_inputs++;
  return WEIR_OK;
}

static weir_status digest_scans(const wi_plan *t, wi_plan_facts *facts, wi_digest *d,
                                weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf key = WI_BUF_INIT;
  add_int(d, (int64_t)t->scans.n);
  for (size_t i = 0; i < t->scans.n; i++) {
    const wi_plan_scan *s = &t->scans.items[i];
    size_t ordinal = 0;
    /* An input as declared, or what a table function stands for. */
    if (wi_str_eq(s->provider, "late_bound")) {
      wi_buf_clear(&key);
      wi_buf_fmt(&key, WI_STR_FMT "." WI_STR_FMT, WI_STR_ARG(s->schema),
                 WI_STR_ARG(s->table));
      WI_CHECK(wi_buf_check(&key, err, WI_ORIGIN));
      WI_CHECK(input_ordinal(facts, wi_buf_text(&key), &ordinal, err));
    }
    add_int(d, (int64_t)s->node);
    add(d, s->provider);
    add(d, s->tag);
    add_int(d, (int64_t)ordinal);
    add(d, s->projection);
    add_int(d, s->fetch);
    add_int(d, s->filters);
  }
done:
  wi_buf_release(&key);
  return status;
}

/* The functions that the plan calls, by name, origin and identity; each once. */
static weir_status digest_functions(const wi_plan *t, char out[WI_DIGEST_HEX],
                                    weir_error *err) {
  weir_status status = WEIR_OK;
  wi_map seen = WI_MAP_INIT;
  wi_buf key = WI_BUF_INIT;
  wi_digest d;
  static char present;
  for (size_t i = 0; i < t->exprs.n; i++) {
    const wi_plan_expr *e = &t->exprs.items[i];
    if (e->origin.n == 0) {
      continue;
    }
    wi_buf_clear(&key);
    wi_buf_fmt(&key, WI_STR_FMT "|" WI_STR_FMT "|" WI_STR_FMT, WI_STR_ARG(e->op),
               WI_STR_ARG(e->origin), WI_STR_ARG(e->identity));
    if (key.failed || !wi_map_put(&seen, wi_buf_text(&key), &present)) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
  wi_digest_begin(&d, "weir.plan.functions");
  for (size_t i = 0; i < seen.n; i++) {
    wi_digest_text(&d, seen.entries[i].key);
  }
  wi_digest_end_hex(&d, out);
done:
  wi_buf_release(&key);
  wi_map_release(&seen);
  return status;
}

weir_status wi_plan_digest(const wi_plan *plan, wi_plan_facts *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_digest d;
  memset(out, 0, sizeof(*out));
  wi_digest_begin(&d, "weir.plan");
  wi_digest_u64(&d, WI_PLAN_FORM);
  digest_nodes(plan, &d);
  digest_outputs(plan, &d);
  digest_exprs(plan, &d);
  digest_unnests(plan, &d);
  WI_CHECK(digest_scans(plan, out, &d, err));
  wi_digest_end_hex(&d, out->digest);
  WI_CHECK(digest_functions(plan, out->functions_digest, err));
done:
  if (status != WEIR_OK) {
    wi_plan_facts_release(out);
  }
  return status;
}

void wi_plan_facts_release(wi_plan_facts *facts) {
  for (size_t i = 0; i < facts->n_inputs; i++) {
    wi_free(facts->inputs[i]);
  }
  wi_free(facts->inputs);
  memset(facts, 0, sizeof(*facts));
}
