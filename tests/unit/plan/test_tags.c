/* What fields are said to mean (semantic_tag and its like) through plans: on the output of the
 * optimized plan of a query, and of a view after its types became those of a table. */
#include "unit/plan/kit.h"

static wi_session *session(void) {
  static const kit_table tables[] = {
      {"main", "t", "id l, k i, name vu, other u, at tsn:"}, {"main", "u", "id l, y g"}};
  static wi_session *one;
  one = one != NULL ? one : kit_session(tables, sizeof tables / sizeof tables[0]);
  return one;
}

/* The metadata of the root's output of that name, as "key=value" lines; "?" without one. */
static void tag_of(const wb_plan *plan, const char *name, wi_buf *out) {
  weir_error err = WEIR_ERROR_INIT;
  wi_cursor *rows = NULL;
  bool has = false, found = false;
  kit_must(wi_br_plan_table_read(kit_engine(), plan, WI_BR_PLAN_OUTPUTS, &rows, &err) ==
               WEIR_OK,
           "outputs");
  wi_buf_clear(out);
  while (wi_cursor_next(rows, &has, &err) == WEIR_OK && has) {
    if (wi_cursor_int(rows, 0) == 0 && wi_str_eq(wi_cursor_text(rows, 3), name)) {
      wi_str text = wi_cursor_text(rows, 6);
      wi_buf_add(out, text.p, text.n);
      found = true;
    }
  }
  if (!found) {
    wi_buf_str(out, "?");
  }
  wi_cursor_free(&rows);
}

/* `want` is in the metadata of the output `x`; NULL: it has none. */
static void check_tag(const char *what, const char *sql, const wb_plan *plan,
                      const char *want) {
  wi_buf got = WI_BUF_INIT;
  tag_of(plan, "x", &got);
  if (want == NULL ? got.n > 0 : strstr(wi_buf_text(&got), want) == NULL) {
    wt_fail(__FILE__, __LINE__, "%s of %s: metadata '%s', not '%s'", what, sql,
            wi_buf_text(&got), want == NULL ? "" : want);
  }
  wi_buf_release(&got);
}

static void check_query(const char *sql, const char *want) {
  weir_error err = WEIR_ERROR_INIT;
  wb_plan *logical = NULL, *optimized = NULL;
  if (wi_query_plan(session(), sql, NULL, 0, &logical, &optimized, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s: %s", sql, err.message);
  } else {
    check_tag("the query", sql, optimized, want);
  }
  wi_br_plan_free(kit_engine(), &logical);
  wi_br_plan_free(kit_engine(), &optimized);
  weir_error_release(&err);
}

static void check_view(const char *sql, const char *want) {
  weir_error err = WEIR_ERROR_INIT;
  char name[] = "v", file[] = "views/v.sql", text[1024];
  wi_spec_view view = {0};
  wi_view_plan *plan = NULL;
  snprintf(text, sizeof text, "%s", sql);
  view.name = name;
  view.file = file;
  view.sql = text;
  view.determinism = WI_DET_STRICT;
  if (wi_view_plan_new(session(), &view, NULL, NULL, 0, NULL, 0, &plan, &err) !=
      WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s: %s", sql, err.message);
  } else {
    check_tag("the view", sql, plan->plan, want);
  }
  wi_view_plan_free(&plan);
  weir_error_release(&err);
}

#define TAGGED      "semantic_tag('Node', name) AS x"
#define FROM_TAGGED "(SELECT id, k, semantic_tag('Node', name) AS x FROM t)"
static const char node[] = "semantic_type=NodeId";

static const struct {
  const char *sql, *want;
} kept[] = {
    {"SELECT " TAGGED " FROM t", node},
    {"SELECT stable_id('Node', name) AS x FROM t", node},
    {"SELECT span_make(id, id + 1) AS x FROM t", "col_unit=byte"},
    /* projections, filters, order, limits, names */
    {"SELECT x FROM (SELECT x, id + 1 AS j FROM " FROM_TAGGED ") WHERE j > 2", node},
    {"SELECT y AS x FROM (SELECT x AS y FROM " FROM_TAGGED ")", node},
    {"SELECT x FROM " FROM_TAGGED " WHERE x > 'a'", node},
    {"SELECT x FROM " FROM_TAGGED " ORDER BY x LIMIT 3", node},
    {"SELECT DISTINCT x FROM " FROM_TAGGED, node},
    {"WITH c AS " FROM_TAGGED " SELECT a.x FROM c AS a JOIN c AS b ON a.id = b.id", node},
    /* joins */
    {"SELECT x FROM " FROM_TAGGED " AS a JOIN u ON a.id = u.id", node},
    {"SELECT x FROM u LEFT JOIN " FROM_TAGGED " AS a ON a.id = u.id", node},
    {"SELECT x FROM u FULL JOIN " FROM_TAGGED " AS a ON a.id = u.id", node},
    {"SELECT x FROM " FROM_TAGGED " WHERE id IN (SELECT id FROM u)", node},
    /* keys of groups, windows, unions of the same tag */
    {"SELECT x, count(*) AS n FROM " FROM_TAGGED " GROUP BY x", node},
    {"SELECT x, row_number() OVER (PARTITION BY k ORDER BY id) AS n FROM " FROM_TAGGED,
     node},
    {"SELECT x FROM " FROM_TAGGED " UNION ALL SELECT x FROM " FROM_TAGGED, node},
    {"SELECT x FROM " FROM_TAGGED " UNION SELECT x FROM " FROM_TAGGED, node},
    {"SELECT x FROM " FROM_TAGGED " UNION ALL SELECT name FROM t", node},
    {"SELECT name AS x FROM t UNION ALL SELECT x FROM " FROM_TAGGED, node},
    /* of two tags the engine takes the last one: docs/function-guide.md says so */
    {"SELECT x FROM " FROM_TAGGED
     " UNION ALL SELECT semantic_tag('Edge', name) AS x FROM t",
     "semantic_type=EdgeId"},
    {"SELECT x FROM " FROM_TAGGED " INTERSECT SELECT name FROM t", node},
    /* types that a table writes otherwise */
    {"SELECT semantic_tag('Node', other) AS x FROM t", node},
    {"SELECT semantic_tag('When', at) AS x FROM t", "semantic_type=When"},
    /* what gives one of the values as it is */
    {"SELECT first_value(x ORDER BY id) AS x FROM " FROM_TAGGED, node},
    {"SELECT CAST(x AS BYTEA) AS x FROM " FROM_TAGGED, node},
};

/* An expression that makes a new value says nothing of it. */
static const char *const lost[] = {
    "SELECT upper(x) AS x FROM " FROM_TAGGED,
    "SELECT x || 'a' AS x FROM " FROM_TAGGED,
    "SELECT max(x) AS x FROM " FROM_TAGGED,
    "SELECT coalesce(x, 'a') AS x FROM " FROM_TAGGED,
    "SELECT CASE WHEN k > 1 THEN x END AS x FROM " FROM_TAGGED,
    "SELECT arg_max(x, id) AS x FROM " FROM_TAGGED,
    "SELECT name AS x FROM t",
};

WT_TEST(tags_stay_where_the_value_does) {
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
    check_query(kept[i].sql, kept[i].want);
    check_view(kept[i].sql, kept[i].want);
  }
}

WT_TEST(new_values_have_none) {
  for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
    check_query(lost[i], NULL);
    check_view(lost[i], NULL);
  }
}
