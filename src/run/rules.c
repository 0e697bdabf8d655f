/* A view's header as rules of the gate. */
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

static size_t key_rules(const wi_spec_view *view, wi_gate_rule *rules) {
  if (view->key.n == 0) {
    return 0;
  }
  for (size_t i = 0; i < 2; i++) {
    rules[i].name = "key";
    rules[i].columns = view->key.items;
    rules[i].n_columns = view->key.n;
    rules[i].is_key = true;
    rules[i].place = view->place;
  }
  rules[0].not_null = true;
  rules[1].unique = true;
  return 2;
}

static size_t column_rules(const wi_spec_view *view, wi_gate_rule *rules) {
  size_t n = 0;
  for (size_t i = 0; i < view->n_columns; i++) {
    if (view->columns[i].not_null) {
      rules[n].name = view->columns[i].name;
      rules[n].columns = &view->columns[i].name;
      rules[n].n_columns = 1;
      rules[n].not_null = true;
      rules[n].place = view->columns[i].place;
      n++;
    }
  }
  return n;
}

static size_t constraint_rules(const wi_spec_view *view, wi_gate_rule *rules) {
  for (size_t i = 0; i < view->n_constraints; i++) {
    const wi_spec_constraint *c = &view->constraints[i];
    rules[i].name = c->name;
    rules[i].place = c->place;
    rules[i].predicate = c->predicate;
    rules[i].unique = c->predicate == NULL;
    rules[i].columns = c->unique.items;
    rules[i].n_columns = c->unique.n;
  }
  return view->n_constraints;
}

weir_status wi_view_gate(wi_pass *pass, wi_run_view *view, weir_error *err) {
  const wi_spec_view *spec = view->refs->spec;
  if (view->made.gate != NULL) {
    return WEIR_OK;
  }
  wi_gate_rule *rules =
      wi_alloc_array(spec->n_constraints + spec->n_columns + 3, sizeof(*rules));
  if (rules == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  size_t n = key_rules(spec, rules);
  n += column_rules(spec, rules + n);
  n += constraint_rules(spec, rules + n);
  weir_status status = wi_gate_new(pass->session, spec->name, &view->made.plan->schema,
                                   rules, n, &view->made.gate, err);
  wi_free(rules);
  return status;
}
