/* Order and selectors against slow and simple counterparts on random graphs. */
#include <stdlib.h>

#include "common/test.h"
#include "spec/spec.h"

enum { MAX = 12000 };

typedef struct graph { /* a spec without files */
  wi_spec spec;
  wi_spec_refs *refs;
  size_t n;
} graph;

static uint64_t seed = 42;

static uint32_t draw(uint32_t below) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % below);
}

static void graph_make(graph *g, size_t n) {
  *g = (graph){.n = n};
  g->spec.arena = (wi_arena)WI_ARENA_INIT;
  g->spec.n_views = n;
  g->spec.views = wi_arena_array(&g->spec.arena, n + 1, sizeof *g->spec.views);
  g->refs = wi_arena_array(&g->spec.arena, n + 1, sizeof *g->refs);
  for (size_t i = 0; i < n; i++) {
    wi_spec_view *v = &g->spec.views[i];
    v->name = wi_arena_fmt(&g->spec.arena, "v%05zu", i);
    v->file = wi_arena_fmt(&g->spec.arena, "views/d%zu/v%05zu.sql", i % 3, i);
    v->sql_line = 7;
    v->tags.items = wi_arena_array(&g->spec.arena, 1, sizeof *v->tags.items);
    v->tags.items[0] = wi_arena_fmt(&g->spec.arena, "t%zu", i % 4);
    v->tags.n = 1;
    g->refs[i].views.items =
        wi_arena_array(&g->spec.arena, n < 64 ? n : 8, sizeof(char *));
  }
}

static void graph_edge(graph *g, size_t reader, size_t read) {
  wi_names *names = &g->refs[reader].views;
  for (size_t i = 0; i < names->n; i++) {
    if (strcmp(names->items[i], g->spec.views[read].name) == 0) {
      return;
    }
  }
  names->items[names->n++] = g->spec.views[read].name;
}

static void graph_free(graph *g) {
  wi_arena_release(&g->spec.arena);
}

/* Edges only from a shuffled rank to a lower one: no cycle, and names say nothing. */
static void random_dag(graph *g, size_t n, uint32_t percent) {
  size_t rank[64];
  graph_make(g, n);
  for (size_t i = 0; i < n; i++) {
    rank[i] = i;
  }
  for (size_t i = n; i > 1; i--) {
    size_t k = draw((uint32_t)i), t = rank[i - 1];
    rank[i - 1] = rank[k];
    rank[k] = t;
  }
  for (size_t a = 0; a < n; a++) {
    for (size_t b = 0; b < n; b++) {
      if (rank[b] < rank[a] && draw(100) < percent) {
        graph_edge(g, a, b);
      }
    }
  }
}

static bool reads(const graph *g, size_t a, size_t b) {
  for (size_t i = 0; i < g->refs[a].views.n; i++) {
    if (strcmp(g->refs[a].views.items[i], g->spec.views[b].name) == 0) {
      return true;
    }
  }
  return false;
}

/* The definition itself: at each place the first view of which all inputs are placed. */
static bool order_is_right(const graph *g, const size_t *order) {
  bool placed[64] = {false};
  for (size_t at = 0; at < g->n; at++) {
    size_t best = SIZE_MAX;
    for (size_t v = 0; v < g->n && best == SIZE_MAX; v++) {
      bool ready = !placed[v];
      for (size_t u = 0; u < g->n; u++) {
        ready = ready && (!reads(g, v, u) || placed[u]);
      }
      best = ready ? v : best;
    }
    if (order[at] != best) {
      return false;
    }
    placed[best] = true;
  }
  return true;
}

WT_TEST(order_by_definition_on_random_graphs) {
  for (int round = 0; round < 300; round++) {
    graph g;
    size_t order[64];
    wi_diags diags = WI_DIAGS_INIT;
    weir_error err = WEIR_ERROR_INIT;
    random_dag(&g, 1 + draw(40), draw(40));
    WT_OK(wi_spec_order(&g.spec, g.refs, order, &diags, &err));
    WT_CHECK(order_is_right(&g, order));
    graph_free(&g);
  }
}

WT_TEST(order_of_nothing) {
  graph g;
  size_t order[1];
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  graph_make(&g, 0);
  WT_OK(wi_spec_order(&g.spec, g.refs, order, &diags, &err));
  graph_free(&g);
}

WT_TEST(order_of_a_long_chain_and_a_wide_star) {
  enum { N = 10000 };
  static size_t order[MAX];
  graph g;
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  graph_make(&g, N);
  for (size_t i = 0; i + 1 < N; i++) { /* the first name reads the second, and so on */
    graph_edge(&g, i, i + 1);
  }
  int64_t start = wi_monotonic_ns();
  WT_OK(wi_spec_order(&g.spec, g.refs, order, &diags, &err));
  bool chosen[N];
  const char *select = "+v00000";
  WT_OK(wi_spec_select(&g.spec, g.refs, &select, 1, NULL, 0, chosen, &err));
  int64_t ms = (wi_monotonic_ns() - start) / 1000000;
  for (size_t i = 0; i < N; i++) {
    WT_EQ_INT(order[i], N - 1 - i);
    WT_CHECK(chosen[i]);
  }
  WT_CHECK(ms < 2000);
  graph_edge(&g, N - 1, 0); /* and now one circle of all */
  WT_EQ_INT(wi_spec_order(&g.spec, g.refs, order, &diags, &err), WEIR_E_PROJECT);
  WT_EQ_INT(diags.n, 1);
  WT_CHECK(strstr(diags.items[0].error.message, "(9980 more)") != NULL);
  WT_CHECK(strstr(diags.items[0].error.detail, "v09999 -> v00000") != NULL);
  WT_EQ_INT(order[0], SIZE_MAX);
  weir_error_release(&err);
  wi_diags_release(&diags);
  graph_free(&g);
}

WT_TEST(cycles_are_named_in_order) {
  graph g;
  size_t order[9];
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  graph_make(&g, 9);
  graph_edge(&g, 0, 1); /* 0 -> 1 -> 2 -> 0 */
  graph_edge(&g, 1, 2);
  graph_edge(&g, 2, 0);
  graph_edge(&g, 3, 0); /* below the cycle, in none */
  graph_edge(&g, 4, 4); /* itself */
  graph_edge(&g, 6, 5); /* fine */
  graph_edge(&g, 8, 7); /* 7 -> 8 -> 7, and 7 needs the first cycle */
  graph_edge(&g, 7, 8);
  graph_edge(&g, 7, 0);
  WT_EQ_INT(wi_spec_order(&g.spec, g.refs, order, &diags, &err), WEIR_E_PROJECT);
  WT_EQ_INT(diags.errors, 2);
  WT_EQ_STR(diags.items[0].error.message,
            "views read each other: v00000 -> v00001 -> v00002 -> v00000");
  WT_EQ_INT(diags.items[0].error.code, WEIR_E_CYCLE);
  WT_EQ_STR(diags.items[0].error.file, "views/d0/v00000.sql");
  WT_EQ_INT(diags.items[0].error.line, 7);
  WT_EQ_STR(diags.items[1].error.message, "view reads itself: v00004 -> v00004");
  WT_EQ_INT(order[0], 5);
  WT_EQ_INT(order[1], 6);
  WT_EQ_INT(order[2], SIZE_MAX);
  weir_error_release(&err);
  wi_diags_release(&diags);
  graph_free(&g);
}

WT_TEST(random_cycles_are_cycles) {
  for (int round = 0; round < 300; round++) {
    graph g;
    size_t order[64], n = 2 + draw(20);
    wi_diags diags = WI_DIAGS_INIT;
    weir_error err = WEIR_ERROR_INIT;
    graph_make(&g, n);
    for (size_t k = 0; k < 2 * n; k++) {
      graph_edge(&g, draw((uint32_t)n), draw((uint32_t)n));
    }
    weir_status status = wi_spec_order(&g.spec, g.refs, order, &diags, &err);
    WT_CHECK((status == WEIR_OK) == (diags.n == 0));
    for (size_t i = 0; i < diags.n; i++) { /* each arrow shown is a reference */
      const char *p = strstr(diags.items[i].error.message, ": ") + 2;
      for (const char *q; (q = strstr(p, " -> ")) != NULL; p = q + 4) {
        WT_CHECK(reads(&g, strtoul(p + 1, NULL, 10), strtoul(q + 5, NULL, 10)));
      }
    }
    weir_error_release(&err);
    wi_diags_release(&diags);
    graph_free(&g);
  }
}

WT_TEST(an_unknown_reference_is_a_bug) {
  graph g;
  size_t order[2];
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  graph_make(&g, 2);
  g.refs[0].views.items[0] = "other";
  g.refs[0].views.n = 1;
  WT_EQ_INT(wi_spec_order(&g.spec, g.refs, order, &diags, &err), WEIR_E_BUG);
  weir_error_release(&err);
  graph_free(&g);
}

/* ---- selectors ---- */

/* Steps from each view to each that it reads, by Floyd-Warshall; SIZE_MAX / 4: none. */
static size_t dist[32][32];

static void distances(const graph *g) {
  for (size_t i = 0; i < g->n; i++) {
    for (size_t k = 0; k < g->n; k++) {
      dist[i][k] = i == k ? 0 : reads(g, i, k) ? 1 : SIZE_MAX / 4;
    }
  }
  for (size_t m = 0; m < g->n; m++) {
    for (size_t i = 0; i < g->n; i++) {
      for (size_t k = 0; k < g->n; k++) {
        size_t by = dist[i][m] + dist[m][k];
        dist[i][k] = by < dist[i][k] ? by : dist[i][k];
      }
    }
  }
}

typedef struct want { /* one random atom, as text and as a rule */
  char text[96];
  bool set[32];
} want;

static void base_set(const graph *g, want *w, char *base, size_t cap) {
  uint32_t kind = draw(10);
  size_t view = draw((uint32_t)g->n), k = draw(4);
  for (size_t i = 0; i < g->n; i++) {
    w->set[i] = kind < 6 ? i == view : kind < 8 ? i % 4 == k : i % 3 == k % 3;
  }
  if (kind < 6) {
    snprintf(base, cap, "v%05zu", view);
  } else if (kind < 8) {
    snprintf(base, cap, "tag:t%zu", k);
  } else {
    snprintf(base, cap, kind == 8 ? "path:views/d%zu" : "path:*/d%zu/*.sql", k % 3);
  }
}

static void random_atom(const graph *g, want *w) {
  char base[40], up[16] = "", down[16] = "";
  bool from[32];
  size_t up_n = 0, down_n = 0, far = SIZE_MAX / 4 - 1;
  base_set(g, w, base, sizeof base);
  memcpy(from, w->set, sizeof from);
  bool at = draw(6) == 0;
  if (!at && draw(2) == 0) {
    up_n = draw(2) == 0 ? far : draw(4);
    snprintf(up, sizeof up, up_n == far ? "+" : "%zu+", up_n);
  }
  if (!at && draw(2) == 0) {
    down_n = draw(2) == 0 ? far : draw(4);
    snprintf(down, sizeof down, down_n == far ? "+" : "+%zu", down_n);
  }
  snprintf(w->text, sizeof w->text, "%s%s%s%s", at ? "@" : "", up, base, down);
  for (size_t v = 0; v < g->n; v++) {
    bool hit = false;
    for (size_t b = 0; b < g->n; b++) {
      hit = hit || (from[b] && (dist[b][v] <= up_n || dist[v][b] <= down_n));
      for (size_t d = 0; at && from[b] && d < g->n; d++) {
        hit = hit || (dist[d][b] <= far && dist[d][v] <= far);
      }
    }
    w->set[v] = hit;
  }
}

/* "a,b c": terms joined by blanks, atoms by commas. */
static void random_list(const graph *g, char *text, size_t cap, bool *set) {
  size_t used = 0;
  memset(set, 0, 32 * sizeof *set);
  for (uint32_t t = 0, terms = 1 + draw(3); t < terms; t++) {
    bool all[32];
    memset(all, true, sizeof all);
    for (uint32_t a = 0, atoms = 1 + draw(2); a < atoms; a++) {
      want w;
      random_atom(g, &w);
      used += (size_t)snprintf(text + used, cap - used, "%s%s",
                               a > 0   ? ","
                               : t > 0 ? " "
                                       : "",
                               w.text);
      for (size_t v = 0; v < g->n; v++) {
        all[v] = all[v] && w.set[v];
      }
    }
    for (size_t v = 0; v < g->n; v++) {
      set[v] = set[v] || all[v];
    }
  }
}

WT_TEST(selectors_by_definition_on_random_graphs) {
  size_t some = 0;
  for (int round = 0; round < 3000; round++) {
    graph g;
    char select[600], exclude[600];
    bool in[32], out[32], chosen[32];
    const char *select_list[] = {select}, *exclude_list[] = {exclude};
    weir_error err = WEIR_ERROR_INIT;
    random_dag(&g, 4 + draw(20), 5 + draw(20));
    distances(&g);
    random_list(&g, select, sizeof select, in);
    random_list(&g, exclude, sizeof exclude, out);
    bool with = draw(2) == 0;
    size_t n = 0;
    for (size_t v = 0; v < g.n; v++) {
      in[v] = in[v] && !(with && out[v]);
      n += in[v] ? 1 : 0;
    }
    weir_status status = wi_spec_select(&g.spec, g.refs, select_list, 1, exclude_list,
                                        with ? 1 : 0, chosen, &err);
    WT_EQ_INT(status, n == 0 ? WEIR_E_SELECTOR : WEIR_OK);
    for (size_t v = 0; v < g.n; v++) {
      if (chosen[v] != in[v]) {
        printf("  %s without %s: %s\n", select, with ? exclude : "-",
               g.spec.views[v].name);
      }
      WT_CHECK(chosen[v] == in[v]);
    }
    some += n > 0 ? 1 : 0;
    weir_error_release(&err);
    graph_free(&g);
  }
  WT_CHECK(some > 1000);
}

typedef struct refused {
  const char *text;
  weir_status code;
  const char *says;
} refused;

WT_TEST(bad_selectors_give_their_errors) {
  static const refused cases[] = {
      {"v0000", WEIR_E_SELECTOR, "did you mean v00000"},
      {"+v00009", WEIR_E_SELECTOR, "no such view"},
      {"v9*", WEIR_E_SELECTOR, "matches no view"},
      {"tag:t9", WEIR_E_SELECTOR, "did you mean t0, t1 or t2?"},
      {"path:models", WEIR_E_SELECTOR, "no view's file"},
      {"source_a", WEIR_E_SELECTOR, "that is a source"},
      {"state:modified", WEIR_E_NOT_YET, "state:"},
      {"source:a", WEIR_E_SELECTOR, "no such method"},
      {"", WEIR_E_SELECTOR, "empty"},
      {"  ", WEIR_E_SELECTOR, "empty"},
      {"+", WEIR_E_SELECTOR, "malformed"},
      {"v00000,", WEIR_E_SELECTOR, "malformed"},
      {"v00000++", WEIR_E_SELECTOR, "malformed"},
      {"+@v00000", WEIR_E_SELECTOR, "malformed"},
      {"@v00000+", WEIR_E_SELECTOR, "do not go together"},
      {"v00000,v00001", WEIR_E_SELECTOR, "nothing is selected"}};
  graph g;
  bool chosen[4];
  graph_make(&g, 4);
  wi_spec_source source = {.name = "source_a"};
  g.spec.sources = &source;
  g.spec.n_sources = 1;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    const char *list[] = {cases[i].text};
    WT_EQ_INT(wi_spec_select(&g.spec, g.refs, list, 1, NULL, 0, chosen, &err),
              cases[i].code);
    if (strstr(err.message, cases[i].says) == NULL &&
        strstr(err.hint, cases[i].says) == NULL) {
      printf("  '%s': %s | %s\n", cases[i].text, err.message, err.hint);
    }
    WT_CHECK(strstr(err.message, cases[i].says) != NULL ||
             strstr(err.hint, cases[i].says) != NULL);
    WT_CHECK(!chosen[0] && !chosen[1] && !chosen[2] && !chosen[3]);
    weir_error_release(&err);
  }
  weir_error err = WEIR_ERROR_INIT;
  const char *all[] = {"*"};
  WT_OK(wi_spec_select(&g.spec, g.refs, NULL, 0, NULL, 0, chosen, &err));
  WT_CHECK(chosen[0] && chosen[3]);
  WT_EQ_INT(wi_spec_select(&g.spec, g.refs, NULL, 0, all, 1, chosen, &err),
            WEIR_E_SELECTOR);
  weir_error_release(&err);
  graph_free(&g);
}
