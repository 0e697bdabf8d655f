/* What a plan was made with: weir's rules and macros, the functions it reaches and their
 * tags; for the records. */
#include <string.h>

#include "plan/private.h"
#include "plan/tables.h"
#include "udf/udf.h"

#define WI_ORIGIN "plan"

static weir_status put(wi_map *set, const char *prefix, wi_str name, weir_error *err) {
  static char here; /* a map has values; this one is never looked at */
  weir_status status = WEIR_OK;
  wi_buf key = WI_BUF_INIT;
  wi_buf_fmt(&key, "%s" WI_STR_FMT, prefix, WI_STR_ARG(name));
  if (key.failed || !wi_map_put(set, wi_buf_text(&key), &here)) {
    status = wi_err_nomem(err, WI_ORIGIN);
  }
  wi_buf_release(&key);
  return status;
}

static weir_status put_tags(const wi_session *s, wi_map *tags, const char *name,
                            weir_error *err) {
  const wi_plugin_fn *foreign = wi_session_plugin_fn(s, name);
  const wi_fn *fn = foreign != NULL ? &foreign->fn : wi_udf_find(name);
  for (size_t i = 0; fn != NULL && i < fn->n_tags; i++) {
    WI_TRY(put(tags, "", wi_str_of(fn->tags[i]), err));
  }
  return WEIR_OK;
}

/* Operators over relations are functions too. */
static weir_status put_functions(const wi_plan *plan, wi_map *out, weir_error *err) {
  static const char *const kinds[] = {"scalar_function", "aggregate_function",
                                      "window_function", "relation_function"};
  for (size_t i = 0; i < plan->exprs.n; i++) {
    const wi_plan_expr *expr = &plan->exprs.items[i];
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
      if (wi_str_eq(expr->word, kinds[k])) {
        WI_TRY(put(out, "", expr->op, err));
      }
    }
  }
  return WEIR_OK;
}

static weir_status put_rules(const wi_plan *plan, const char *const *applied, size_t n,
                             wi_map *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf kind = WI_BUF_INIT;
  for (size_t i = 0; i < plan->used.n; i++) {
    wi_buf_clear(&kind);
    wi_buf_fmt(&kind, WI_STR_FMT ":", WI_STR_ARG(plan->used.items[i].kind));
    WI_CHECK(wi_buf_check(&kind, err, WI_ORIGIN));
    WI_CHECK(put(out, wi_buf_text(&kind), plan->used.items[i].name, err));
  }
  for (size_t i = 0; i < n; i++) {
    WI_CHECK(put(out, "replace:", wi_str_of(applied[i]), err));
  }
done:
  wi_buf_release(&kind);
  return status;
}

static weir_status join(const wi_map *set, wi_buf *out, weir_error *err) {
  for (size_t i = 0; i < set->n; i++) {
    wi_buf_fmt(out, "%s%s", i > 0 ? "," : "", set->entries[i].key);
  }
  return wi_buf_check(out, err, WI_ORIGIN);
}

weir_status wi_plan_reach(const wi_session *s, const wi_plan *plan,
                          const char *const *applied, size_t n_applied, wi_reach *out,
                          weir_error *err) {
  weir_status status = WEIR_OK;
  wi_map used = WI_MAP_INIT, called = WI_MAP_INIT, tagged = WI_MAP_INIT;
  *out = (wi_reach){WI_BUF_INIT, WI_BUF_INIT, WI_BUF_INIT};
  WI_CHECK(put_rules(plan, applied, n_applied, &used, err));
  WI_CHECK(put_functions(plan, &called, err));
  for (size_t i = 0; i < called.n; i++) {
    WI_CHECK(put_tags(s, &tagged, called.entries[i].key, err));
  }
  WI_CHECK(join(&used, &out->rules, err));
  WI_CHECK(join(&called, &out->functions, err));
  WI_CHECK(join(&tagged, &out->tags, err));
done:
  wi_map_release(&used);
  wi_map_release(&called);
  wi_map_release(&tagged);
  if (status != WEIR_OK) {
    wi_reach_release(out);
  }
  return status;
}

void wi_reach_release(wi_reach *reach) {
  wi_buf_release(&reach->rules);
  wi_buf_release(&reach->functions);
  wi_buf_release(&reach->tags);
}
