/* Sources and views as written: as structs, as 0.1 gave them, and as a table. Neither opens a
 * table: selecting needs the references alone. */
#include <string.h>

#include "api/private.h"
#include "api/sheet.h"

#define WI_ORIGIN "api"

/* Who lists views needs no values of parameters. */
static void drop_missing_values(wi_diags *d) {
  size_t n = 0;
  for (size_t i = 0; i < d->n; i++) {
    if (!d->items[i].warning && d->items[i].error.code == WEIR_E_PARAM_MISSING) {
      weir_error_release(&d->items[i].error);
      d->errors--;
    } else {
      d->items[n++] = d->items[i];
    }
  }
  d->n = n;
}

weir_status wi_api_parse(weir_project *p, weir_error *err) {
  WI_TRY(wi_api_usable(p, err));
  if (p->parsed != NULL) {
    return WEIR_OK;
  }
  wi_api_forget(p);
  WI_TRY(
      wi_project_open(p->spec, p->engine, wi_api_now(p, 0), &p->diags, &p->parsed, err));
  drop_missing_values(&p->diags);
  if (p->diags.errors > 0) {
    wi_project_free(&p->parsed);
    return wi_project_broken(&p->diags, err);
  }
  return WEIR_OK;
}

/* ---- as structs ---- */

static const char *const *input_names(weir_project *p, const wi_view_refs *view,
                                      size_t *n) {
  const char **names =
      wi_arena_array(&p->node_arena, view->n_views + view->n_sources + 1, sizeof(*names));
  *n = 0;
  if (names == NULL) {
    return NULL;
  }
  for (size_t i = 0; i < view->n_sources; i++) {
    names[(*n)++] = p->parsed->sources[view->sources[i]].spec->name;
  }
  for (size_t i = 0; i < view->n_views; i++) {
    names[(*n)++] = p->spec->views[view->views[i]].name;
  }
  for (size_t i = 1; i < *n; i++) { /* two sorted runs: insertion is enough */
    for (size_t k = i; k > 0 && strcmp(names[k - 1], names[k]) > 0; k--) {
      const char *swap = names[k];
      names[k] = names[k - 1];
      names[k - 1] = swap;
    }
  }
  return names;
}

static weir_status fill_nodes(weir_project *p, weir_error *err) {
  wi_buf uri = WI_BUF_INIT;
  weir_status status = WEIR_OK;
  const wi_spec *spec = p->spec;
  for (size_t i = 0; i < p->parsed->n_sources; i++) {
    const wi_spec_source *source = p->parsed->sources[i].spec;
    weir_node *node = &p->nodes[p->n_nodes++];
    node->name = source->name;
    node->kind = weir_node_kind_name(WEIR_NODE_SOURCE);
    node->materialized = "";
    node->file = i < spec->n_sources ? "weir.yml" : source->place.file;
    node->uri = source->uri;
    node->description = source->description;
  }
  for (size_t i = 0; i < spec->n_views; i++) {
    weir_node *node = &p->nodes[p->n_nodes++];
    WI_CHECK(wi_view_uri(spec, spec->views[i].name, &uri, err));
    node->name = spec->views[i].name;
    node->kind = weir_node_kind_name(WEIR_NODE_VIEW);
    node->materialized =
        weir_materialized_name((weir_materialized)spec->views[i].materialized);
    node->file = spec->views[i].file;
    node->uri = wi_arena_dup(&p->node_arena, wi_buf_text(&uri));
    node->description = spec->views[i].description;
    node->inputs = input_names(p, &p->parsed->views[i], &node->n_inputs);
    if (node->uri == NULL || node->inputs == NULL) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
done:
  wi_buf_release(&uri);
  return status;
}

static weir_status make_nodes(weir_project *p, weir_error *err) {
  WI_TRY(wi_api_parse(p, err));
  if (p->nodes != NULL) {
    return WEIR_OK;
  }
  p->nodes =
      wi_alloc_array(p->parsed->n_sources + p->spec->n_views + 1, sizeof(*p->nodes));
  return p->nodes != NULL ? fill_nodes(p, err) : wi_err_nomem(err, WI_ORIGIN);
}

weir_status weir_project_nodes(weir_project *p, const weir_node **out, size_t *n,
                               weir_error *err) {
  WI_ARG(out, err);
  WI_ARG(n, err);
  *out = NULL;
  *n = 0;
  WI_ARG(p, err);
  WI_TRY(make_nodes(p, err));
  *out = p->nodes;
  *n = p->n_nodes;
  return WEIR_OK;
}

/* ---- as a table ---- */

static const wi_col constraint_cols[] = {{"name", WI_COL_TEXT, NULL, 0},
                                         {"predicate", WI_COL_TEXT, NULL, 0},
                                         {"unique", WI_COL_TEXTS, NULL, 0}};
static const wi_col column_cols[] = {{"name", WI_COL_TEXT, NULL, 0},
                                     {"type", WI_COL_TEXT, NULL, 0},
                                     {"not_null", WI_COL_BOOL, NULL, 0},
                                     {"description", WI_COL_TEXT, NULL, 0}};
static const wi_col property_cols[] = {{"key", WI_COL_TEXT, NULL, 0},
                                       {"value", WI_COL_TEXT, NULL, 0}};
static const wi_col node_cols[] = {{"name", WI_COL_TEXT, NULL, 0},
                                   {"kind", WI_COL_TEXT, NULL, 0},
                                   {"materialized", WI_COL_TEXT, NULL, 0},
                                   {"file", WI_COL_TEXT, NULL, 0},
                                   {"uri", WI_COL_TEXT, NULL, 0},
                                   {"description", WI_COL_TEXT, NULL, 0},
                                   {"inputs", WI_COL_TEXTS, NULL, 0},
                                   {"version", WI_COL_INT, NULL, 0},
                                   {"determinism", WI_COL_TEXT, NULL, 0},
                                   {"on_schema_change", WI_COL_TEXT, NULL, 0},
                                   {"key", WI_COL_TEXTS, NULL, 0},
                                   {"partition_by", WI_COL_TEXTS, NULL, 0},
                                   {"sort_by", WI_COL_TEXTS, NULL, 0},
                                   {"tags", WI_COL_TEXTS, NULL, 0},
                                   {"parameters", WI_COL_TEXTS, NULL, 0},
                                   {"constraints", WI_COL_ITEMS, constraint_cols, 3},
                                   {"columns", WI_COL_ITEMS, column_cols, 4},
                                   {"properties", WI_COL_ITEMS, property_cols, 2},
                                   {"append_only", WI_COL_BOOL, NULL, 0},
                                   {"target_file_size", WI_COL_INT, NULL, 0}};

static void put_constraints(wi_sheet *r, const wi_spec_view *view) {
  struct ArrowArray *list = wi_sheet_items(r, "constraints");
  for (size_t i = 0; list != NULL && i < view->n_constraints; i++) {
    const wi_spec_constraint *c = &view->constraints[i];
    struct ArrowArray *item = list->children[0];
    wi_sheet_put_text(r, item->children[0], c->name);
    wi_sheet_put_text(r, item->children[1], c->predicate);
    wi_sheet_put_texts(r, item->children[2], c->unique.items, c->unique.n);
    wi_sheet_finish(r, item);
  }
  wi_sheet_finish(r, list);
}

static void put_columns(wi_sheet *r, const wi_spec_view *view) {
  struct ArrowArray *list = wi_sheet_items(r, "columns");
  for (size_t i = 0; list != NULL && i < view->n_columns; i++) {
    const wi_spec_column *c = &view->columns[i];
    struct ArrowArray *item = list->children[0];
    wi_sheet_put_text(r, item->children[0], c->name);
    wi_sheet_put_text(r, item->children[1], c->type);
    wi_sheet_put_bool(r, item->children[2], c->not_null);
    wi_sheet_put_text(r, item->children[3], c->description);
    wi_sheet_finish(r, item);
  }
  wi_sheet_finish(r, list);
}

static void put_properties(wi_sheet *r, const wi_spec_view *view) {
  struct ArrowArray *list = wi_sheet_items(r, "properties");
  for (size_t i = 0; list != NULL && i < view->properties.n; i++) {
    struct ArrowArray *item = list->children[0];
    wi_sheet_put_text(r, item->children[0], view->properties.keys[i]);
    wi_sheet_put_text(r, item->children[1], view->properties.values[i]);
    wi_sheet_finish(r, item);
  }
  wi_sheet_finish(r, list);
}

/* Of sources the header's columns are empty lists and nulls. */
static void put_header(wi_sheet *r, const wi_spec_view *view) {
  static const wi_spec_view none = {0};
  bool is = view != NULL;
  const wi_spec_view *v = is ? view : &none;
  wi_sheet_text(r, "determinism",
                !is                               ? NULL
                : v->determinism == WI_DET_STRICT ? "strict"
                                                  : "relaxed");
  wi_sheet_text(r, "on_schema_change",
                !is                                        ? NULL
                : v->on_schema_change == WI_SCHEMA_REPLACE ? "replace"
                                                           : "fail");
  wi_sheet_texts(r, "key", v->key.items, v->key.n);
  wi_sheet_texts(r, "partition_by", v->partition_by.items, v->partition_by.n);
  wi_sheet_texts(r, "sort_by", v->sort_by.items, v->sort_by.n);
  wi_sheet_texts(r, "tags", v->tags.items, v->tags.n);
  wi_sheet_texts(r, "parameters", v->parameters.items, v->parameters.n);
  put_constraints(r, v);
  put_columns(r, v);
  put_properties(r, v);
  struct ArrowArray *append_only = wi_sheet_items(r, "append_only");
  if (is) {
    wi_sheet_put_bool(r, append_only, v->append_only);
  } else {
    wi_sheet_put_text(r, append_only, NULL);
  }
  wi_sheet_int_if(r, "target_file_size", v->target_file_size > 0, v->target_file_size);
}

static void put_node(wi_sheet *r, const weir_node *node, const wi_spec_source *source,
                     const wi_spec_view *view) {
  wi_sheet_text(r, "name", node->name);
  wi_sheet_text(r, "kind", node->kind);
  wi_sheet_text(r, "materialized", view != NULL ? node->materialized : NULL);
  wi_sheet_text(r, "file",
                node->file != NULL && node->file[0] != '\0' ? node->file : NULL);
  wi_sheet_text(r, "uri", node->uri);
  wi_sheet_text(r, "description", node->description);
  wi_sheet_texts(r, "inputs", node->inputs, node->n_inputs);
  wi_sheet_int_if(r, "version", source != NULL && source->version >= 0,
                  source != NULL ? source->version : 0);
  put_header(r, view);
  wi_sheet_end_row(r);
}

/* By index of the views; NULL: no selection, sources too. */
static weir_status select_views(weir_project *p, const weir_select *select, bool **out,
                                weir_error *err) {
  *out = NULL;
  if (select == NULL || select->n_select + select->n_exclude == 0) {
    return WEIR_OK;
  }
  *out = wi_alloc_array(p->spec->n_views + 1, sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return wi_spec_select(p->spec, p->parsed->refs, select->select, select->n_select,
                        select->exclude, select->n_exclude, *out, err);
}

static weir_status unknown_node(const weir_project *p, const char *name,
                                weir_error *err) {
  char near[256] = "";
  const char **names = wi_alloc_array(p->n_nodes + 1, sizeof(*names));
  for (size_t i = 0; names != NULL && i < p->n_nodes; i++) {
    names[i] = p->nodes[i].name;
  }
  if (names != NULL) {
    wi_nearest(name, names, p->n_nodes, near, sizeof(near));
  }
  wi_free(names);
  wi_err_hint(
      err,
      near[0] != '\0' ? "did you mean %s? `weir ls` lists all" : "`weir ls` lists all%s",
      near);
  return WI_ERR(err, WEIR_E_UNKNOWN_TABLE, "the project has no view or source '%.200s'",
                name);
}

weir_status wi_api_read_nodes(weir_project *p, const wi_read *o,
                              struct ArrowArrayStream *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_sheet r;
  bool *chosen = NULL, found = false;
  wi_sheet_begin(&r, node_cols, sizeof(node_cols) / sizeof(node_cols[0]));
  WI_CHECK(make_nodes(p, err));
  WI_CHECK(select_views(p, &o->select, &chosen, err));
  for (size_t i = 0; i < p->n_nodes; i++) {
    bool is_view = i >= p->parsed->n_sources;
    size_t at = is_view ? i - p->parsed->n_sources : i;
    if (o->options.view != NULL && strcmp(o->options.view, p->nodes[i].name) != 0) {
      continue;
    }
    found = true;
    if (chosen == NULL || (is_view && chosen[at])) {
      put_node(&r, &p->nodes[i], is_view ? NULL : p->parsed->sources[at].spec,
               is_view ? &p->spec->views[at] : NULL);
    }
  }
  if (o->options.view != NULL && !found) {
    status = unknown_node(p, o->options.view, err);
    goto done;
  }
  status = wi_sheet_take(&r, out, err);
done:
  wi_sheet_release(&r);
  wi_free(chosen);
  return status;
}
