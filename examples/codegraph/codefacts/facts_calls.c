/* cst_callsites: calls, what they call as written, and what that means by the file's imports. */
#include <string.h>

#include "syntax.h"

#define MAX_CALLEE_TEXT \
  512 /* chained calls contain each other: their texts would grow squared */

static const cf_column columns[] = {
    {"file_id", CF_TEXT, true},
    {"path", CF_TEXT, true},
    {"file_sha256", CF_TEXT, true},
    {"bucket", CF_INT32, true},
    {"call_id", CF_TEXT, true},
    {"call_bstart", CF_INT64, true},
    {"call_bend", CF_INT64, true},
    {"callee_bstart", CF_INT64, true},
    {"callee_bend", CF_INT64, true},
    {"callee_shape", CF_TEXT, true},
    {"callee_text", CF_TEXT, true},
    {"arg_count", CF_INT32, true},
    {"callee_dotted", CF_TEXT, false},
    {"callee_qnames", CF_TEXTS, true},
    {"callee_fqns", CF_TEXTS, true},
    {"inferred_type", CF_TEXT, false},
    {"callee_root", CF_TEXT, false},
    {"scope_bstart", CF_INT64, true},
    {"binding_scope_bstart", CF_INT64, false},
    {"attrs", CF_MAP, true},
};

static const char *shape_of(cf_kind kind) {
  switch ((int)kind) {
    case CF_KIND_IDENTIFIER:
      return "name";
    case CF_KIND_ATTRIBUTE:
      return "attribute";
    case CF_KIND_CALL:
      return "call";
    case CF_KIND_SUBSCRIPT:
      return "subscript";
    default:
      return "other";
  }
}

static cf_text cut(cf_text text) {
  if (text.n > MAX_CALLEE_TEXT) {
    text.n = MAX_CALLEE_TEXT;
    while (text.n > 0 && ((unsigned char)text.p[text.n] & 0xC0) == 0x80) {
      text.n--;
    }
  }
  return text;
}

static int32_t count_arguments(cf_visit *v, TSNode arguments) {
  if (cf_kind_of(v, arguments) != CF_KIND_ARGUMENT_LIST) {
    return 1; /* f(x for x in y) */
  }
  int32_t n = 0;
  cf_list_children(v, arguments);
  for (uint32_t i = 0; i < v->n_children; i++) {
    TSNode child = v->children[i].node;
    n += ts_node_is_named(child) && !ts_node_is_extra(child);
  }
  return n;
}

/* a.b.c without its spaces, when it is names and dots only; sets the first name, too. */
static cf_text dotted(cf_visit *v, TSNode callee, cf_text *root) {
  cf_text out = CF_NULL;
  TSNode at = callee;
  while (cf_kind_of(v, at) == CF_KIND_ATTRIBUTE) {
    TSNode name = ts_node_child_by_field_name(at, "attribute", 9);
    TSNode object = ts_node_child_by_field_name(at, "object", 6);
    if (ts_node_is_null(name) || ts_node_is_null(object) || out.n > MAX_CALLEE_TEXT) {
      return CF_NULL;
    }
    cf_text parts[] = {cf_text_of("."), cf_node_text(v, name), out};
    out = cf_arena_join(&v->f->arena, parts, 3);
    at = object;
  }
  if (cf_kind_of(v, at) != CF_KIND_IDENTIFIER) {
    return CF_NULL;
  }
  *root = cf_node_text(v, at);
  return out.n == 0 ? *root : cf_arena_join(&v->f->arena, (cf_text[]){*root, out}, 2);
}

void cf_note_call(cf_visit *v, const cf_frame *frame) {
  cf_facts *f = v->f;
  TSNode callee;
  TSNode arguments;
  cf_list_children(v, frame->node);
  if (!cf_child_of(v, CF_FIELD_FUNCTION, &callee) ||
      !cf_child_of(v, CF_FIELD_ARGUMENTS, &arguments)) {
    return;
  }
  int64_t bstart = cf_start(frame->node);
  /* The grammar reads *f() in a tuple as (*f)(): the star is no part of the call. */
  if (cf_kind_of(v, callee) == CF_KIND_LIST_SPLAT &&
      ts_node_named_child_count(callee) == 1) {
    callee = ts_node_named_child(callee, 0);
    bstart = cf_start(callee);
  }
  cf_call *items =
      cf_arena_grow(&f->arena, f->calls, f->n_calls, &f->cap_calls, sizeof(*items));
  if (items == NULL) {
    return;
  }
  f->calls = items;
  cf_call *call = &items[f->n_calls++];
  *call = (cf_call){.shape = shape_of(cf_kind_of(v, callee)),
                    .callee_text = cut(cf_node_text(v, callee)),
                    .dotted = CF_NULL,
                    .root = CF_NULL,
                    .scope = frame->scope,
                    .bstart = bstart,
                    .bend = cf_end(frame->node),
                    .callee_bstart = cf_start(callee),
                    .callee_bend = cf_end(callee)};
  call->dotted = dotted(v, callee, &call->root);
  call->arg_count = count_arguments(v, arguments);
}

static uint32_t count(const cf_facts *f) {
  return f->n_calls;
}

typedef struct joined { /* a name put together; too long a one is left out */
  char text[1024];
  size_t n;
  bool overflow;
} joined;

static void join(joined *j, cf_text part) {
  if (part.n == 0) {
    return;
  }
  bool dot = j->n > 0 && part.p[0] != '.';
  if (j->n + part.n + dot >= sizeof(j->text)) {
    j->overflow = true;
    return;
  }
  if (dot) {
    j->text[j->n++] = '.';
  }
  memcpy(j->text + j->n, part.p, part.n);
  j->n += part.n;
}

/* The package that `level` dots mean; false: above the top. */
static bool package_of(const cf_facts *f, int32_t level, cf_text *out) {
  *out = f->module;
  for (int32_t up = f->is_package ? 1 : 0; up < level; up++) {
    if (out->n == 0) {
      return false;
    }
    while (out->n > 0 && out->p[out->n - 1] != '.') {
      out->n--;
    }
    out->n -= out->n > 0;
  }
  return true;
}

/* What a callee means when its first name is bound by one import and nothing else. */
static bool imported_name(const cf_facts *f, const cf_call *call,
                          const cf_binding *binding, joined *out) {
  if (binding == NULL || (binding->flags & CF_BIND_ANY) != CF_BIND_IMPORT) {
    return false;
  }
  const cf_import *import = &f->imports[binding->imported];
  cf_text rest = {call->dotted.p + call->root.n, call->dotted.n - call->root.n};
  cf_text package = {"", 0};
  if (!import->from && import->asname.p == NULL) {
    join(out, call->dotted);
    return !out->overflow;
  }
  if (import->level > 0 && !package_of(f, import->level, &package)) {
    return false;
  }
  join(out, package);
  join(out, import->module);
  if (import->from) {
    join(out, import->name);
  }
  join(out, rest);
  return !out->overflow;
}

static void put(cf_row *r, const cf_facts *f, uint32_t i) {
  const cf_call *call = &f->calls[i];
  bool named = call->dotted.p != NULL;
  cf_resolved bound = {"unbound", 0, NULL};
  if (named) {
    bound = cf_resolve(f, call->scope, call->root);
  }
  cf_put_file(r, f->file);
  cf_put_span_id(r, "cst_call", f->file, call->bstart, call->bend);
  cf_put_int(r, call->bstart);
  cf_put_int(r, call->bend);
  cf_put_int(r, call->callee_bstart);
  cf_put_int(r, call->callee_bend);
  cf_put_str(r, call->shape);
  cf_put_text(r, call->callee_text);
  cf_put_int(r, call->arg_count);
  cf_put_text(r, call->dotted);
  cf_put_texts(r, &call->dotted, named ? 1 : 0);
  joined fqn = {.n = 0};
  bool known = named && imported_name(f, call, bound.binding, &fqn);
  cf_text full = {fqn.text, (uint32_t)fqn.n};
  cf_put_texts(r, &full, known ? 1 : 0);
  cf_put_null(r);
  cf_put_text(r, call->root);
  cf_put_int(r, f->scopes[call->scope].bstart);
  if (bound.binding == NULL) {
    cf_put_null(r);
  } else {
    cf_put_int(r, bound.scope_bstart);
  }
  static const char *const keys[] = {"bindings"};
  cf_text values[] = {bound.binding == NULL
                          ? CF_NULL
                          : cf_text_of(cf_binding_text(bound.binding->flags))};
  cf_put_map(r, keys, values, 1);
}

const cf_table cf_table_calls = {"cst_callsites", columns,
                                 sizeof(columns) / sizeof(columns[0]), count, put};
