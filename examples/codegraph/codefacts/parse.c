/* One file's text through tree-sitter, and one walk over the tree. The walk keeps its own
 * stack: source nests as deep as its author likes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "syntax.h"

const TSLanguage *tree_sitter_python(void); /* the grammar comes without a header */

struct cf_parser {
  TSParser *parser;
  uint8_t *kinds;
  uint8_t *fields;
};

static const char *const kind_names[] = {"",
#define CF_KIND_ROW(symbol, text) text,
                                         CF_KINDS(CF_KIND_ROW)
#undef CF_KIND_ROW
};
static const char *const field_names[] = {"",
#define CF_FIELD_ROW(symbol, text) text,
                                          CF_FIELDS(CF_FIELD_ROW)
#undef CF_FIELD_ROW
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void cf_parser_free(cf_parser **p) {
  if (*p != NULL) {
    ts_parser_delete((*p)->parser);
    free((*p)->kinds);
    free((*p)->fields);
    free(*p);
    *p = NULL;
  }
}

static uint8_t index_of(const char *name, const char *const *names, size_t n,
                        uint8_t other) {
  for (size_t i = 1; i < n; i++) {
    if (strcmp(name, names[i]) == 0) {
      return (uint8_t)i;
    }
  }
  return other;
}

cf_parser *cf_parser_new(cf_error *err) {
  const TSLanguage *language = tree_sitter_python();
  uint32_t n_symbols = ts_language_symbol_count(language);
  uint32_t n_fields = ts_language_field_count(language);
  cf_parser *p = calloc(1, sizeof(*p));
  if (p == NULL) {
    goto nomem;
  }
  p->parser = ts_parser_new();
  p->kinds = calloc(n_symbols, 1);
  p->fields = calloc((size_t)n_fields + 1, 1);
  if (p->parser == NULL || p->kinds == NULL || p->fields == NULL) {
    goto nomem;
  }
  if (!ts_parser_set_language(p->parser, language)) {
    (void)cf_fail(err, "the grammar's ABI %u is not one that this tree-sitter reads",
                  ts_language_abi_version(language));
    cf_parser_free(&p);
    return NULL;
  }
  for (uint32_t i = 0; i < n_symbols; i++) {
    if (ts_language_symbol_type(language, (TSSymbol)i) == TSSymbolTypeRegular) {
      p->kinds[i] = index_of(ts_language_symbol_name(language, (TSSymbol)i), kind_names,
                             COUNT(kind_names), CF_KIND_OTHER);
    }
  }
  for (uint32_t i = 1; i <= n_fields; i++) {
    p->fields[i] = index_of(ts_language_field_name_for_id(language, (TSFieldId)i),
                            field_names, COUNT(field_names), CF_FIELD_OTHER);
  }
  return p;
nomem:
  (void)cf_fail(err, "out of memory");
  cf_parser_free(&p);
  return NULL;
}

void cf_facts_free(cf_facts **facts) {
  if (*facts != NULL) {
    cf_arena_release(&(*facts)->arena);
    free((*facts)->content.text);
    free(*facts);
    *facts = NULL;
  }
}

/* ---- nodes ---- */

cf_kind cf_kind_of(const cf_visit *v, TSNode node) {
  TSSymbol symbol = ts_node_symbol(node);
  return ts_node_is_error(node) ? CF_KIND_OTHER : (cf_kind)v->kinds[symbol];
}

int64_t cf_start(TSNode node) {
  return (int64_t)ts_node_start_byte(node);
}

int64_t cf_end(TSNode node) {
  return (int64_t)ts_node_end_byte(node);
}

cf_text cf_node_text(const cf_visit *v, TSNode node) {
  uint32_t from = ts_node_start_byte(node);
  return (cf_text){v->f->content.text + from, ts_node_end_byte(node) - from};
}

static void *room(void *items, uint32_t n, uint32_t *cap, size_t size, bool *failed) {
  if (n < *cap) {
    return items;
  }
  uint32_t wanted = *cap == 0 ? 256 : *cap * 2;
  void *grown = realloc(items, (size_t)wanted * size);
  if (grown == NULL) {
    *failed = true;
    return NULL;
  }
  *cap = wanted;
  return grown;
}

void cf_list_children(cf_visit *v, TSNode node) {
  v->n_children = 0;
  ts_tree_cursor_reset(&v->cursor, node);
  bool more = ts_tree_cursor_goto_first_child(&v->cursor);
  while (more) {
    cf_child *items =
        room(v->children, v->n_children, &v->cap_children, sizeof(*items), &v->failed);
    if (items == NULL) {
      return;
    }
    v->children = items;
    TSFieldId field = ts_tree_cursor_current_field_id(&v->cursor);
    items[v->n_children++] =
        (cf_child){ts_tree_cursor_current_node(&v->cursor), (cf_field)v->fields[field]};
    more = ts_tree_cursor_goto_next_sibling(&v->cursor);
  }
}

bool cf_child_of(const cf_visit *v, cf_field field, TSNode *out) {
  for (uint32_t i = 0; i < v->n_children; i++) {
    if (v->children[i].field == field) {
      *out = v->children[i].node;
      return true;
    }
  }
  return false;
}

int64_t cf_trimmed_end(cf_visit *v, TSNode node) {
  TSNode at = node;
  for (;;) {
    cf_list_children(v, at);
    uint32_t i = v->n_children;
    while (i > 0 && cf_kind_of(v, v->children[i - 1].node) == CF_KIND_COMMENT) {
      i--;
    }
    /* Only blocks and what ends in one can reach over comments. */
    if (i == 0 || (i == v->n_children &&
                   ts_node_end_byte(v->children[i - 1].node) < ts_node_end_byte(at))) {
      return cf_end(at);
    }
    at = v->children[i - 1].node;
  }
}

/* ---- the walk ---- */

static void push(cf_visit *v, cf_frame frame) {
  cf_frame *stack = room(v->stack, v->n_stack, &v->cap_stack, sizeof(*stack), &v->failed);
  if (stack != NULL) {
    v->stack = stack;
    stack[v->n_stack++] = frame;
  }
}

/* How a child inherits: same scopes, given mode. */
static cf_frame inherit(const cf_frame *from, TSNode node, cf_mode mode) {
  return (cf_frame){.node = node,
                    .parent = from->node,
                    .mode = mode,
                    .scope = from->scope,
                    .bind = from->bind,
                    .container = from->container};
}

/* Kinds in which a target stays a target. */
static bool passes_mode(cf_kind kind) {
  switch ((int)kind) {
    case CF_KIND_TUPLE:
    case CF_KIND_LIST:
    case CF_KIND_PARENTHESIZED:
    case CF_KIND_LIST_SPLAT:
    case CF_KIND_EXPRESSION_LIST:
    case CF_KIND_AS_TARGET:
    case CF_KIND_PATTERN_LIST:
    case CF_KIND_TUPLE_PATTERN:
    case CF_KIND_LIST_PATTERN:
    case CF_KIND_LIST_SPLAT_PATTERN:
    case CF_KIND_DICTIONARY_SPLAT_PATTERN:
      return true;
    default:
      return false;
  }
}

/* The mode of a child where the kind of its parent decides. */
static cf_mode child_mode(cf_visit *v, const cf_frame *at, cf_kind kind, uint32_t i) {
  cf_field field = v->children[i].field;
  switch ((int)kind) {
    case CF_KIND_ASSIGNMENT:
    case CF_KIND_AUGMENTED:
    case CF_KIND_FOR:
    case CF_KIND_TYPE_ALIAS:
      return field == CF_FIELD_LEFT ? CF_MODE_STORE : CF_MODE_LOAD;
    case CF_KIND_NAMED_EXPRESSION:
      return field == CF_FIELD_NAME ? CF_MODE_STORE : CF_MODE_LOAD;
    case CF_KIND_EXCEPT:
      return field == CF_FIELD_ALIAS ? CF_MODE_EXCEPT : CF_MODE_LOAD;
    case CF_KIND_DELETE:
      return CF_MODE_DEL;
    case CF_KIND_GLOBAL:
      return CF_MODE_GLOBAL;
    case CF_KIND_NONLOCAL:
      return CF_MODE_NONLOCAL;
    case CF_KIND_CASE_CLAUSE:
      return cf_kind_of(v, v->children[i].node) == CF_KIND_CASE_PATTERN ? CF_MODE_PATTERN
                                                                        : CF_MODE_LOAD;
    case CF_KIND_CLASS_PATTERN: /* the class is loaded, what is in it is matched */
      return cf_kind_of(v, v->children[i].node) == CF_KIND_DOTTED_NAME ? CF_MODE_LOAD
                                                                       : CF_MODE_PATTERN;
    case CF_KIND_DEFAULT_PARAMETER:
    case CF_KIND_TYPED_DEFAULT_PARAMETER:
      return field == CF_FIELD_NAME ? at->mode : CF_MODE_LOAD;
    case CF_KIND_TYPED_PARAMETER:
      return field == CF_FIELD_TYPE ? CF_MODE_LOAD : at->mode;
    case CF_KIND_CONSTRAINED_TYPE: /* [T: bound] */
    case CF_KIND_GENERIC_TYPE:     /* type X[T] = ... */
      return i == 0 ? at->mode : CF_MODE_LOAD;
    default:
      break;
  }
  if (at->mode == CF_MODE_PARAMETER || at->mode == CF_MODE_PATTERN) {
    return at->mode;
  }
  bool type =
      (kind == CF_KIND_TYPE || kind == CF_KIND_SPLAT_TYPE) && at->mode == CF_MODE_STORE;
  return type || passes_mode(kind) ? at->mode : CF_MODE_LOAD;
}

static bool skips(const cf_visit *v, cf_kind kind, uint32_t i) {
  cf_field field = v->children[i].field;
  switch ((int)kind) {
    case CF_KIND_ATTRIBUTE:
      return field == CF_FIELD_ATTRIBUTE;
    case CF_KIND_KEYWORD_ARGUMENT:
      return field == CF_FIELD_NAME;
    case CF_KIND_DOTTED_NAME:
    case CF_KIND_MEMBER_TYPE:
      return i > 0;
    case CF_KIND_KEYWORD_PATTERN:
      return i == 0;
    default:
      return false;
  }
}

/* Pushes the children pushed since `from` in reverse, so that the first is visited first. */
static void reverse_from(cf_visit *v, uint32_t from) {
  for (uint32_t a = from, b = v->n_stack; a + 1 < b; a++) {
    b--;
    cf_frame swap = v->stack[a];
    v->stack[a] = v->stack[b];
    v->stack[b] = swap;
  }
}

static void push_children(cf_visit *v, const cf_frame *at, cf_kind kind) {
  cf_list_children(v, at->node);
  for (uint32_t i = 0; i < v->n_children; i++) {
    TSNode node = v->children[i].node;
    if (!ts_node_is_named(node) || skips(v, kind, i)) {
      continue;
    }
    cf_frame child = inherit(at, node, child_mode(v, at, kind, i));
    if (kind == CF_KIND_DECORATED) {
      for (uint32_t k = 0; k < v->n_children; k++) {
        child.decorators += cf_kind_of(v, v->children[k].node) == CF_KIND_DECORATOR;
      }
    }
    push(v, child);
  }
}

/* Decorators, defaults, annotations and bases belong to the scope around a definition; its
 * type parameters get one of their own between the two. */
static void push_definition(cf_visit *v, const cf_frame *at, cf_kind kind) {
  uint32_t def = cf_note_def(v, at, kind);
  if (def == CF_NONE) {
    return;
  }
  int64_t bstart = v->f->defs[def].bstart;
  cf_text name = v->f->defs[def].name;
  cf_list_children(v, at->node);
  TSNode unused;
  uint32_t outer = at->scope;
  if (cf_child_of(v, CF_FIELD_TYPE_PARAMETERS, &unused)) {
    outer = cf_scope_add(v->f, at->scope, CF_SCOPE_TYPE_PARAMETERS, bstart, name);
  }
  cf_scope_kind own = kind == CF_KIND_CLASS ? CF_SCOPE_CLASS : CF_SCOPE_FUNCTION;
  uint32_t inner = cf_scope_add(v->f, outer, own, bstart, name);
  for (uint32_t i = 0; i < v->n_children; i++) {
    cf_field field = v->children[i].field;
    if (!ts_node_is_named(v->children[i].node) || field == CF_FIELD_NAME) {
      continue;
    }
    cf_frame child = inherit(at, v->children[i].node, CF_MODE_LOAD);
    /* What was not understood lies in the span, so it belongs to the definition as well. */
    bool body = field == CF_FIELD_BODY || ts_node_is_error(child.node);
    child.scope = body ? inner : outer;
    child.bind = field == CF_FIELD_TYPE_PARAMETERS ? outer : inner;
    child.container = body ? def : at->container;
    if (field == CF_FIELD_PARAMETERS || field == CF_FIELD_TYPE_PARAMETERS) {
      child.mode = CF_MODE_PARAMETER;
    }
    push(v, child);
  }
}

static void push_lambda(cf_visit *v, const cf_frame *at) {
  uint32_t inner = cf_scope_add(v->f, at->scope, CF_SCOPE_LAMBDA, cf_start(at->node),
                                cf_text_of("<lambda>"));
  cf_list_children(v, at->node);
  for (uint32_t i = 0; i < v->n_children; i++) {
    if (!ts_node_is_named(v->children[i].node)) {
      continue;
    }
    bool body = v->children[i].field == CF_FIELD_BODY;
    cf_frame child =
        inherit(at, v->children[i].node, body ? CF_MODE_LOAD : CF_MODE_PARAMETER);
    child.scope = body ? inner : at->scope;
    child.bind = inner;
    push(v, child);
  }
}

/* A comprehension's first iterable is evaluated outside of it. */
static void push_comprehension(cf_visit *v, const cf_frame *at, const char *name) {
  uint32_t inner = cf_scope_add(v->f, at->scope, CF_SCOPE_COMPREHENSION,
                                cf_start(at->node), cf_text_of(name));
  cf_list_children(v, at->node);
  bool first = true;
  for (uint32_t i = 0; i < v->n_children; i++) {
    if (!ts_node_is_named(v->children[i].node)) {
      continue;
    }
    cf_frame child = inherit(at, v->children[i].node, CF_MODE_LOAD);
    bool clause = cf_kind_of(v, child.node) == CF_KIND_FOR_IN;
    child.scope = inner;
    child.bind = clause && first ? at->scope : inner;
    first = first && !clause;
    push(v, child);
  }
}

static void push_for_in(cf_visit *v, const cf_frame *at) {
  cf_list_children(v, at->node);
  for (uint32_t i = 0; i < v->n_children; i++) {
    if (!ts_node_is_named(v->children[i].node)) {
      continue;
    }
    bool left = v->children[i].field == CF_FIELD_LEFT;
    cf_frame child =
        inherit(at, v->children[i].node, left ? CF_MODE_STORE : CF_MODE_LOAD);
    child.scope = left ? at->scope : at->bind;
    child.bind = child.scope;
    push(v, child);
  }
}

/* `except E as name` and `with x as name` and `case pattern as name` share one node. */
static void push_as_pattern(cf_visit *v, const cf_frame *at) {
  bool matched = at->mode == CF_MODE_PATTERN;
  bool except =
      !ts_node_is_null(at->parent) && cf_kind_of(v, at->parent) == CF_KIND_EXCEPT;
  cf_list_children(v, at->node);
  bool first = true;
  for (uint32_t i = 0; i < v->n_children; i++) {
    TSNode node = v->children[i].node;
    if (!ts_node_is_named(node) || ts_node_is_extra(node)) {
      continue;
    }
    cf_mode target = matched ? CF_MODE_CAPTURE : except ? CF_MODE_EXCEPT : CF_MODE_STORE;
    cf_mode value = matched ? CF_MODE_PATTERN : CF_MODE_LOAD;
    push(v, inherit(at, node, first ? value : target));
    first = false;
  }
}

/* In a case, `a` captures and `a.b` is looked up. */
static void push_pattern_name(cf_visit *v, const cf_frame *at) {
  cf_list_children(v, at->node);
  if (v->n_children == 0) {
    return;
  }
  cf_mode mode = v->n_children == 1 ? CF_MODE_CAPTURE : CF_MODE_LOAD;
  push(v, inherit(at, v->children[0].node, mode));
}

static void visit(cf_visit *v, const cf_frame *at) {
  cf_kind kind = cf_kind_of(v, at->node);
  switch ((int)kind) {
    case CF_KIND_COMMENT:
      return;
    case CF_KIND_IDENTIFIER:
      cf_note_identifier(v, at);
      return;
    case CF_KIND_IMPORT:
    case CF_KIND_IMPORT_FROM:
    case CF_KIND_FUTURE_IMPORT:
      cf_note_import(v, at, kind);
      return;
    case CF_KIND_FUNCTION:
    case CF_KIND_CLASS:
      push_definition(v, at, kind);
      return;
    case CF_KIND_LAMBDA:
      push_lambda(v, at);
      return;
    case CF_KIND_LIST_COMPREHENSION:
      push_comprehension(v, at, "<listcomp>");
      return;
    case CF_KIND_SET_COMPREHENSION:
      push_comprehension(v, at, "<setcomp>");
      return;
    case CF_KIND_DICTIONARY_COMPREHENSION:
      push_comprehension(v, at, "<dictcomp>");
      return;
    case CF_KIND_GENERATOR:
      push_comprehension(v, at, "<genexpr>");
      return;
    case CF_KIND_FOR_IN:
      push_for_in(v, at);
      return;
    case CF_KIND_AS_PATTERN:
      push_as_pattern(v, at);
      return;
    case CF_KIND_DOTTED_NAME:
      if (at->mode == CF_MODE_PATTERN) {
        push_pattern_name(v, at);
        return;
      }
      break;
    case CF_KIND_CALL:
      cf_note_call(v, at);
      break;
    default:
      break;
  }
  push_children(v, at, kind);
}

static void walk_tree(cf_visit *v, TSNode root) {
  push(v, (cf_frame){.node = root, .parent = root, .container = CF_NONE});
  while (v->n_stack > 0 && !v->failed) {
    cf_frame at = v->stack[--v->n_stack];
    uint32_t from = v->n_stack;
    visit(v, &at);
    reverse_from(v, from);
  }
}

/* Counts what the parser could not understand and says where the first of it is. */
static void note_errors(cf_file *file, TSNode root) {
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  bool more = ts_node_has_error(root);
  while (more) {
    TSNode node = ts_tree_cursor_current_node(&cursor);
    bool bad = ts_node_is_error(node) || ts_node_is_missing(node);
    if (bad) {
      if (file->parse_errors == 0) {
        TSPoint at = ts_node_start_point(node);
        (void)snprintf(
            file->trouble, sizeof(file->trouble), "line %u, column %u: %s", at.row + 1,
            at.column + 1,
            ts_node_is_missing(node) ? "something is missing" : "not understood");
      }
      file->parse_errors++;
    }
    if (!bad && ts_node_has_error(node) && ts_tree_cursor_goto_first_child(&cursor)) {
      continue;
    }
    while (!(more = ts_tree_cursor_goto_next_sibling(&cursor)) &&
           ts_tree_cursor_goto_parent(&cursor)) {
    }
  }
  ts_tree_cursor_delete(&cursor);
  if (file->parse_errors > 0) {
    file->status = CF_SYNTAX_ERRORS;
  }
}

/* lib/pkg/mod.py is lib.pkg.mod, and lib/pkg/__init__.py is lib.pkg. */
static void name_module(cf_facts *f) {
  cf_text path = cf_text_of(f->file->path);
  cf_text stem = {path.p, path.n - 3};
  static const char init[] = "__init__";
  const uint32_t n = sizeof(init) - 1;
  bool last = stem.n >= n && memcmp(stem.p + stem.n - n, init, n) == 0;
  f->is_package = last && (stem.n == n || stem.p[stem.n - n - 1] == '/');
  if (f->is_package) {
    stem.n = stem.n == n ? 0 : stem.n - n - 1;
  }
  char *dots = cf_arena_alloc(&f->arena, (size_t)stem.n + 1);
  if (dots == NULL) {
    return;
  }
  for (uint32_t i = 0; i < stem.n; i++) {
    dots[i] = stem.p[i] == '/' ? '.' : stem.p[i];
  }
  f->module = (cf_text){dots, stem.n};
}

static bool parse(cf_parser *p, cf_facts *f, cf_file *file) {
  TSTree *tree =
      ts_parser_parse_string(p->parser, NULL, f->content.text, (uint32_t)f->content.n);
  if (tree == NULL) {
    return false;
  }
  TSNode root = ts_tree_root_node(tree);
  note_errors(file, root);
  name_module(f);
  cf_note_lines(f);
  (void)cf_scope_add(f, CF_NONE, CF_SCOPE_MODULE, CF_MODULE_START,
                     cf_text_of("<module>"));
  cf_visit v = {
      .f = f, .kinds = p->kinds, .fields = p->fields, .cursor = ts_tree_cursor_new(root)};
  walk_tree(&v, root);
  cf_bind_globals(f);
  ts_tree_cursor_delete(&v.cursor);
  ts_tree_delete(tree);
  free(v.children);
  free(v.stack);
  return !v.failed && !f->arena.failed;
}

bool cf_extract(cf_parser *p, const char *root, cf_file *file, cf_facts **out,
                cf_error *err) {
  cf_facts *f = calloc(1, sizeof(*f));
  *out = NULL;
  bool ok = f != NULL;
  if (ok) {
    f->file = file;
    file->parse_errors = 0;
    ok = cf_read(root, file, &f->content);
  }
  if (ok && file->status == CF_OK) {
    ok = parse(p, f, file);
  }
  if (!ok) {
    cf_facts_free(&f);
    return cf_fail(err, "out of memory at '%s'", file->path);
  }
  *out = f;
  return true;
}
