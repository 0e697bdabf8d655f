/* What a plan was made with: weir's rules and macros, the functions it reaches and their
 * tags; for the records. */
#include <string.h>

#include "plan/private.h"
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

static weir_status read_functions(wi_engine *engine, const wb_plan *plan, wi_map *out,
                                  weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_plan_table_read(engine, plan, WI_BR_PLAN_EXPRS, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    wi_str kind = wi_cursor_text(rows, 6);
    if (wi_str_eq(kind, "scalar_function") || wi_str_eq(kind, "aggregate_function") ||
        wi_str_eq(kind, "window_function")) {
      WI_CHECK(put(out, "", wi_op_name(wi_cursor_text(rows, 7)), err));
    }
  }
done:
  wi_cursor_free(&rows);
  return status;
}

/* Operators over relations are nodes of their own, as "op=interval_align ...". */
static weir_status read_relations(wi_engine *engine, const wb_plan *plan, wi_map *out,
                                  weir_error *err) {
  static const char mark[] = "op=";
  const size_t n = sizeof(mark) - 1;
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_plan_table_read(engine, plan, WI_BR_PLAN_NODES, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    wi_str detail = wi_cursor_text(rows, 4);
    if (wi_str_eq(wi_cursor_text(rows, 3), "extension") && detail.n > n &&
        memcmp(detail.p, mark, n) == 0) {
      wi_str call = {detail.p + n, detail.n - n};
      WI_CHECK(put(out, "", wi_op_name(call), err));
    }
  }
done:
  wi_cursor_free(&rows);
  return status;
}

static weir_status read_rules(wi_engine *engine, const wb_plan *plan, wi_map *out,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  wi_buf kind = WI_BUF_INIT;
  bool has = false;
  WI_CHECK(wi_br_plan_table_read(engine, plan, WI_BR_PLAN_USED, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    wi_str text = wi_cursor_text(rows, 0);
    wi_buf_clear(&kind);
    wi_buf_fmt(&kind, WI_STR_FMT ":", WI_STR_ARG(text));
    WI_CHECK(wi_buf_check(&kind, err, WI_ORIGIN));
    WI_CHECK(put(out, wi_buf_text(&kind), wi_cursor_text(rows, 1), err));
  }
done:
  wi_buf_release(&kind);
  wi_cursor_free(&rows);
  return status;
}

static weir_status join(const wi_map *set, wi_buf *out, weir_error *err) {
  for (size_t i = 0; i < set->n; i++) {
    wi_buf_fmt(out, "%s%s", i > 0 ? "," : "", set->entries[i].key);
  }
  return wi_buf_check(out, err, WI_ORIGIN);
}

weir_status wi_plan_reach(const wi_session *s, const wb_plan *plan, wi_buf *rules,
                          wi_buf *functions, wi_buf *tags, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_map used = WI_MAP_INIT, called = WI_MAP_INIT, tagged = WI_MAP_INIT;
  WI_CHECK(read_rules(s->engine, plan, &used, err));
  WI_CHECK(read_functions(s->engine, plan, &called, err));
  WI_CHECK(read_relations(s->engine, plan, &called, err));
  for (size_t i = 0; i < called.n; i++) {
    WI_CHECK(put_tags(s, &tagged, called.entries[i].key, err));
  }
  WI_CHECK(join(&used, rules, err));
  WI_CHECK(join(&called, functions, err));
  WI_CHECK(join(&tagged, tags, err));
done:
  wi_map_release(&used);
  wi_map_release(&called);
  wi_map_release(&tagged);
  return status;
}
