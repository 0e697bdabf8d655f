/* The rules that weir adds to the engine's own: operators, and exact aggregates in the place of
 * sums that depend on the order of additions. They are added behind what the engine has and
 * replace none of it. A rule whose effect changes gets another version: the list is part of
 * every session's identity. */
#include "session/private.h"
#include "udf/udf.h"

static const wi_br_rule rules[] = {
    {WI_BR_RULE_OPERATOR, "->", "get_field", WI_T_STRUCT, 0, 1},
    {WI_BR_RULE_OPERATOR, "->", "get_field", WI_T_MAP, 0, 1},
    {WI_BR_RULE_OPERATOR, "->>", "get_field", WI_T_STRUCT, WI_BR_RULE_AS_TEXT, 1},
    {WI_BR_RULE_OPERATOR, "->>", "get_field", WI_T_MAP, WI_BR_RULE_AS_TEXT, 1},
    /* The engine plans these itself, with what has an item for each; other values, which it
     * would fail on only while it runs, are refused. */
    {WI_BR_RULE_OPERATOR, "@>", "array_has_all", WI_T_LIST, 0, 1},
    {WI_BR_RULE_OPERATOR, "<@", "array_has_all", WI_T_LIST, WI_BR_RULE_SWAPPED, 1},
    /* Of the functions that add floats up; src/plan applies these under strict. The engine
     * casts integers to floats where it knows a function of floats only: exact ones do not
     * need that. */
    {WI_BR_RULE_REPLACE, "sum", "sum_exact", WI_T_FLOAT64, 0, 1},
    {WI_BR_RULE_REPLACE, "avg", "avg_exact", WI_T_FLOAT64, WI_BR_RULE_STRIP_CAST, 1},
    {WI_BR_RULE_REPLACE, "var", "var_samp_exact", WI_T_FLOAT64, WI_BR_RULE_STRIP_CAST, 1},
    {WI_BR_RULE_REPLACE, "var_pop", "var_pop_exact", WI_T_FLOAT64, WI_BR_RULE_STRIP_CAST,
     1},
    {WI_BR_RULE_REPLACE, "stddev", "stddev_samp_exact", WI_T_FLOAT64,
     WI_BR_RULE_STRIP_CAST, 1},
    {WI_BR_RULE_REPLACE, "stddev_pop", "stddev_pop_exact", WI_T_FLOAT64,
     WI_BR_RULE_STRIP_CAST, 1},
};

weir_status wi_session_rules(wi_session *s, weir_error *err) {
  for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
    WI_TRY(wi_br_session_add_rule(s->engine, s->handle, &rules[i], err));
  }
  return WEIR_OK;
}

weir_status wi_session_alias(wi_session *s, const wi_fn *fn, weir_error *err) {
  wi_br_rule rule = {WI_BR_RULE_ALIAS, fn->name, fn->engine, WI_T_ANY, 0, fn->version};
  WI_TRY(wi_br_session_add_rule(s->engine, s->handle, &rule, err));
  for (size_t i = 0; i < fn->n_aliases; i++) {
    rule.name = fn->aliases[i];
    WI_TRY(wi_br_session_add_rule(s->engine, s->handle, &rule, err));
  }
  return WEIR_OK;
}
