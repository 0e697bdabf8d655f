/* cst_defs: functions, methods and classes. */
#include <stdio.h>
#include <string.h>

#include "syntax.h"

static const cf_column columns[] = {
    {"file_id", CF_TEXT, true},
    {"path", CF_TEXT, true},
    {"file_sha256", CF_TEXT, true},
    {"bucket", CF_INT32, true},
    {"def_id", CF_TEXT, true},
    {"container_def_kind", CF_TEXT, false},
    {"container_def_bstart", CF_INT64, false},
    {"container_def_bend", CF_INT64, false},
    {"kind", CF_TEXT, true},
    {"name", CF_TEXT, true},
    {"def_bstart", CF_INT64, true},
    {"def_bend", CF_INT64, true},
    {"name_bstart", CF_INT64, true},
    {"name_bend", CF_INT64, true},
    {"qnames", CF_TEXTS, true},
    {"def_fqns", CF_TEXTS, true},
    {"docstring", CF_TEXT, false},
    {"decorator_count", CF_INT32, true},
    {"depth", CF_INT32, true},
    {"module", CF_TEXT, true},
    {"descriptor", CF_TEXT, true},
    {"attrs", CF_MAP, true},
};

/* The contents of a plain string literal, escapes as written; false: it is none. */
static bool string_text(cf_visit *v, TSNode node, cf_text *out) {
  cf_list_children(v, node);
  *out = (cf_text){"", 0};
  uint32_t contents = 0;
  for (uint32_t i = 0; i < v->n_children; i++) {
    TSNode child = v->children[i].node;
    cf_kind kind = cf_kind_of(v, child);
    cf_text text = cf_node_text(v, child);
    if (kind == CF_KIND_STRING_START) {
      for (uint32_t k = 0; k < text.n; k++) {
        if (strchr("bBfFtT", text.p[k]) != NULL) {
          return false;
        }
      }
    } else if (kind == CF_KIND_STRING_CONTENT) {
      *out = contents++ == 0 ? text
                             : cf_arena_join(&v->f->arena, (cf_text[]){*out, text}, 2);
    } else if (kind == CF_KIND_INTERPOLATION) {
      return false;
    }
  }
  return true;
}

/* The first named child (comments and line joins apart), if it has the kind. */
static bool first_child(cf_visit *v, TSNode node, cf_kind kind, TSNode *out) {
  cf_list_children(v, node);
  for (uint32_t i = 0; i < v->n_children; i++) {
    TSNode child = v->children[i].node;
    if (ts_node_is_named(child) && !ts_node_is_extra(child)) {
      *out = child;
      return cf_kind_of(v, child) == kind;
    }
  }
  return false;
}

/* "a" "b" is one docstring too; joining on keeps the children list out of the recursion. */
static cf_text joined_strings(cf_visit *v, TSNode node) {
  cf_text out = {"", 0};
  uint32_t n = ts_node_named_child_count(node);
  for (uint32_t i = 0; i < n; i++) {
    TSNode child = ts_node_named_child(node, i);
    cf_text part;
    if (ts_node_is_extra(child)) {
      continue;
    }
    if (cf_kind_of(v, child) != CF_KIND_STRING || !string_text(v, child, &part)) {
      return CF_NULL;
    }
    out = cf_arena_join(&v->f->arena, (cf_text[]){out, part}, 2);
  }
  return out;
}

static cf_text docstring_of(cf_visit *v, TSNode body) {
  TSNode statement;
  TSNode literal;
  cf_text out = CF_NULL;
  if (!first_child(v, body, CF_KIND_EXPRESSION_STATEMENT, &statement) ||
      ts_node_named_child_count(statement) != 1) {
    return CF_NULL;
  }
  if (first_child(v, statement, CF_KIND_STRING, &literal)) {
    return string_text(v, literal, &out) ? out : CF_NULL;
  }
  if (first_child(v, statement, CF_KIND_CONCATENATED_STRING, &literal)) {
    return joined_strings(v, literal);
  }
  return CF_NULL;
}

static void name_def(cf_facts *f, cf_def *def) {
  static const cf_text none = {"", 0};
  const cf_def *outer = def->container == CF_NONE ? NULL : &f->defs[def->container];
  bool in_class = outer != NULL && strcmp(outer->kind, "class") == 0;
  if (in_class && strcmp(def->kind, "function") == 0) {
    def->kind = "method";
  }
  def->depth = outer == NULL ? 0 : outer->depth + 1;
  cf_text dot = cf_text_of(outer == NULL ? "" : in_class ? "." : ".<locals>.");
  cf_text suffix = cf_text_of(strcmp(def->kind, "class") == 0 ? "#" : "().");
  def->qname = cf_arena_join(
      &f->arena, (cf_text[]){outer == NULL ? none : outer->qname, dot, def->name}, 3);
  def->descriptor = cf_arena_join(
      &f->arena, (cf_text[]){outer == NULL ? none : outer->descriptor, def->name, suffix},
      3);
}

uint32_t cf_note_def(cf_visit *v, const cf_frame *frame, cf_kind kind) {
  cf_facts *f = v->f;
  TSNode name;
  TSNode body;
  cf_list_children(v, frame->node);
  if (!cf_child_of(v, CF_FIELD_NAME, &name)) {
    return CF_NONE;
  }
  cf_def def = {.container = frame->container,
                .kind = kind == CF_KIND_CLASS ? "class" : "function",
                .name = cf_node_text(v, name),
                .docstring = CF_NULL,
                .bstart = cf_start(frame->node),
                .name_bstart = cf_start(name),
                .name_bend = cf_end(name),
                .decorators = frame->decorators};
  def.is_async = strcmp(ts_node_type(v->children[0].node), "async") == 0;
  if (cf_child_of(v, CF_FIELD_BODY, &body)) {
    def.docstring = docstring_of(v, body);
  }
  def.bend = cf_trimmed_end(v, frame->node);
  name_def(f, &def);
  cf_bind(f, frame->scope, def.name, CF_BIND_DEF, CF_NONE);
  cf_def *items =
      cf_arena_grow(&f->arena, f->defs, f->n_defs, &f->cap_defs, sizeof(*items));
  if (items == NULL) {
    return CF_NONE;
  }
  f->defs = items;
  items[f->n_defs] = def;
  return f->n_defs++;
}

static uint32_t count(const cf_facts *f) {
  return f->n_defs;
}

static void put(cf_row *r, const cf_facts *f, uint32_t i) {
  const cf_def *def = &f->defs[i];
  const cf_def *outer = def->container == CF_NONE ? NULL : &f->defs[def->container];
  cf_put_file(r, f->file);
  cf_put_span_id(r, "cst_def", f->file, def->bstart, def->bend);
  if (outer == NULL) {
    cf_put_null(r);
    cf_put_null(r);
    cf_put_null(r);
  } else {
    cf_put_str(r, outer->kind);
    cf_put_int(r, outer->bstart);
    cf_put_int(r, outer->bend);
  }
  cf_put_str(r, def->kind);
  cf_put_text(r, def->name);
  cf_put_int(r, def->bstart);
  cf_put_int(r, def->bend);
  cf_put_int(r, def->name_bstart);
  cf_put_int(r, def->name_bend);
  cf_put_texts(r, &def->qname, 1);
  char fqn[1024];
  int n = snprintf(fqn, sizeof(fqn), "%.*s%s%.*s", (int)f->module.n, f->module.p,
                   f->module.n > 0 ? "." : "", (int)def->qname.n, def->qname.p);
  cf_text full = {fqn, (uint32_t)n};
  cf_put_texts(r, &full, n > 0 && (size_t)n < sizeof(fqn) ? 1 : 0);
  cf_put_text(r, def->docstring);
  cf_put_int(r, def->decorators);
  cf_put_int(r, def->depth);
  cf_put_text(r, f->module);
  cf_put_text(r, def->descriptor);
  static const char *const keys[] = {"async"};
  cf_text values[] = {def->is_async ? cf_text_of("true") : CF_NULL};
  cf_put_map(r, keys, values, 1);
}

const cf_table cf_table_defs = {"cst_defs", columns, sizeof(columns) / sizeof(columns[0]),
                                count, put};
