/* The rules that weir adds to the engine's own: operators, and exact aggregates in the place of
 * sums that depend on the order of additions. They are added behind what the engine has and
 * replace none of it. A rule whose effect changes gets another version: the list is part of
 * every session's identity. Bounds change no result, and are in no identity. */
#include "session/private.h"
#include "udf/udf.h"

/* All of their first version. */
#define RULE(of, from, to, types, how) \
  {.kind = WI_BR_RULE_##of,            \
   .name = (from),                     \
   .function = (to),                   \
   .type_class = (types),              \
   .flags = (how),                     \
   .version = 1}

static const wi_br_rule rules[] = {
    RULE(OPERATOR, "->", "get_field", WI_T_STRUCT, 0),
    RULE(OPERATOR, "->", "get_field", WI_T_MAP, 0),
    RULE(OPERATOR, "->>", "get_field", WI_T_STRUCT, WI_BR_RULE_AS_TEXT),
    RULE(OPERATOR, "->>", "get_field", WI_T_MAP, WI_BR_RULE_AS_TEXT),
    /* The engine plans these itself, with what has an item for each; other values, which it
     * would fail on only while it runs, are refused. */
    RULE(OPERATOR, "@>", "array_has_all", WI_T_LIST, 0),
    RULE(OPERATOR, "<@", "array_has_all", WI_T_LIST, WI_BR_RULE_SWAPPED),
    /* Of the functions that add floats up; src/plan applies these under strict. The engine
     * casts integers to floats where it knows a function of floats only: exact ones do not
     * need that. */
    RULE(REPLACE, "sum", "sum_exact", WI_T_FLOAT64, 0),
    RULE(REPLACE, "avg", "avg_exact", WI_T_FLOAT64, WI_BR_RULE_STRIP_CAST),
    RULE(REPLACE, "var", "var_samp_exact", WI_T_FLOAT64, WI_BR_RULE_STRIP_CAST),
    RULE(REPLACE, "var_pop", "var_pop_exact", WI_T_FLOAT64, WI_BR_RULE_STRIP_CAST),
    RULE(REPLACE, "stddev", "stddev_samp_exact", WI_T_FLOAT64, WI_BR_RULE_STRIP_CAST),
    RULE(REPLACE, "stddev_pop", "stddev_pop_exact", WI_T_FLOAT64, WI_BR_RULE_STRIP_CAST),
};

/* Functions of the engine that a number or a text in the SQL makes as large as it likes: the
 * memory that they take is in no pool, and an allocation that fails ends the process. */
typedef struct bound {
  const char *function;
  wi_br_bytes bytes;
  uint32_t item, times; /* arguments */
} bound;

static const bound bounds[] = {
    {"repeat", WI_BR_BYTES_TIMES, 0, 1},
    {"array_repeat", WI_BR_BYTES_COPIES, 0, 1},
    {"array_resize", WI_BR_BYTES_ITEMS, 0, 1},
    {"lpad", WI_BR_BYTES_LENGTH, 0, 1},
    {"rpad", WI_BR_BYTES_LENGTH, 0, 1},
    {"range", WI_BR_BYTES_SERIES, 0, 0},
    {"generate_series", WI_BR_BYTES_SERIES, 0, 0},
    {"replace", WI_BR_BYTES_REPLACE, 0, 0},
    {"array_to_string", WI_BR_BYTES_JOIN, 0, 0},
};

/* What one call may make for a batch of rows: a quarter of the session's memory, within these. An
 * array of texts or lists cannot hold more than twice the most. */
#define LEAST_BYTES ((uint64_t)16 << 20)
#define MOST_BYTES  ((uint64_t)1 << 30)

static weir_status add_bounds(wi_session *s, weir_error *err) {
  uint64_t limit = s->memory / 4;
  limit = limit < LEAST_BYTES ? LEAST_BYTES : limit > MOST_BYTES ? MOST_BYTES : limit;
  for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
    const wi_br_rule rule = {.kind = WI_BR_RULE_BOUND,
                             .name = bounds[i].function,
                             .function = "",
                             .bytes = bounds[i].bytes,
                             .item = bounds[i].item,
                             .times = bounds[i].times,
                             .limit = limit};
    WI_TRY(wi_br_session_add_rule(s->engine, s->handle, &rule, err));
  }
  return WEIR_OK;
}

const wi_br_rule *wi_session_rule_list(size_t *n) {
  *n = sizeof(rules) / sizeof(rules[0]);
  return rules;
}

weir_status wi_session_rules(wi_session *s, weir_error *err) {
  for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
    WI_TRY(wi_br_session_add_rule(s->engine, s->handle, &rules[i], err));
  }
  return add_bounds(s, err);
}

weir_status wi_session_alias(wi_session *s, const wi_fn *fn, weir_error *err) {
  wi_br_rule rule = {.kind = WI_BR_RULE_ALIAS,
                     .name = fn->name,
                     .function = fn->engine,
                     .type_class = WI_T_ANY,
                     .version = fn->version};
  WI_TRY(wi_br_session_add_rule(s->engine, s->handle, &rule, err));
  for (size_t i = 0; i < fn->n_aliases; i++) {
    rule.name = fn->aliases[i];
    WI_TRY(wi_br_session_add_rule(s->engine, s->handle, &rule, err));
  }
  return WEIR_OK;
}
