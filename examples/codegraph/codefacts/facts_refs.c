/* cst_refs: names in use, with the scope that binds them. */
#include <string.h>

#include "syntax.h"

static const cf_column columns[] = {
    {"file_id", CF_TEXT, true},
    {"path", CF_TEXT, true},
    {"file_sha256", CF_TEXT, true},
    {"bucket", CF_INT32, true},
    {"ref_id", CF_TEXT, true},
    {"ref_kind", CF_TEXT, true},
    {"ref_text", CF_TEXT, true},
    {"expr_ctx", CF_TEXT, true},
    {"scope_type", CF_TEXT, true},
    {"scope_name", CF_TEXT, true},
    {"scope_role", CF_TEXT, true},
    {"parent_kind", CF_TEXT, true},
    {"inferred_type", CF_TEXT, false},
    {"bstart", CF_INT64, true},
    {"bend", CF_INT64, true},
    {"scope_bstart", CF_INT64, true},
    {"binding_scope_bstart", CF_INT64, false},
    {"attrs", CF_MAP, true},
};

/* `:=` in a comprehension binds in the scope around all comprehensions. */
static uint32_t walrus_scope(const cf_facts *f, uint32_t scope) {
  while (f->scopes[scope].kind == CF_SCOPE_COMPREHENSION) {
    scope = f->scopes[scope].parent;
  }
  return scope;
}

static void add_ref(cf_visit *v, const cf_frame *frame, const char *kind,
                    const char *ctx) {
  cf_facts *f = v->f;
  cf_ref *items =
      cf_arena_grow(&f->arena, f->refs, f->n_refs, &f->cap_refs, sizeof(*items));
  if (items == NULL) {
    return;
  }
  f->refs = items;
  items[f->n_refs++] = (cf_ref){.kind = kind,
                                .ctx = ctx,
                                .parent_kind = ts_node_type(frame->parent),
                                .text = cf_node_text(v, frame->node),
                                .scope = frame->scope,
                                .bstart = cf_start(frame->node),
                                .bend = cf_end(frame->node)};
}

void cf_note_identifier(cf_visit *v, const cf_frame *frame) {
  cf_text name = cf_node_text(v, frame->node);
  uint32_t scope = frame->scope;
  if (ts_node_is_missing(frame->node) || name.n == 0) {
    return;
  }
  switch (frame->mode) {
    case CF_MODE_LOAD:
      add_ref(v, frame, "name", "Load");
      break;
    case CF_MODE_STORE:
      if (cf_kind_of(v, frame->parent) == CF_KIND_NAMED_EXPRESSION) {
        scope = walrus_scope(v->f, scope);
      }
      cf_bind(v->f, scope, name, CF_BIND_ASSIGNMENT, CF_NONE);
      add_ref(v, frame, "name", "Store");
      break;
    case CF_MODE_DEL:
      cf_bind(v->f, scope, name, CF_BIND_ASSIGNMENT, CF_NONE);
      add_ref(v, frame, "name", "Del");
      break;
    case CF_MODE_EXCEPT:
      cf_bind(v->f, scope, name, CF_BIND_ASSIGNMENT, CF_NONE);
      add_ref(v, frame, "except_alias", "Store");
      break;
    case CF_MODE_PATTERN:
    case CF_MODE_CAPTURE:
      cf_bind(v->f, scope, name, CF_BIND_ASSIGNMENT, CF_NONE);
      add_ref(v, frame, "match_capture", "Store");
      break;
    case CF_MODE_PARAMETER:
      cf_bind(v->f, frame->bind, name, CF_BIND_PARAMETER, CF_NONE);
      break;
    case CF_MODE_GLOBAL:
      cf_bind(v->f, scope, name, CF_DECL_GLOBAL, CF_NONE);
      break;
    case CF_MODE_NONLOCAL:
      cf_bind(v->f, scope, name, CF_DECL_NONLOCAL, CF_NONE);
      break;
  }
}

static uint32_t count(const cf_facts *f) {
  return f->n_refs;
}

static void put(cf_row *r, const cf_facts *f, uint32_t i) {
  const cf_ref *ref = &f->refs[i];
  const cf_scope *scope = &f->scopes[ref->scope];
  cf_resolved bound = cf_resolve(f, ref->scope, ref->text);
  cf_put_file(r, f->file);
  cf_put_span_id(r, "cst_ref", f->file, ref->bstart, ref->bend);
  cf_put_str(r, ref->kind);
  cf_put_text(r, ref->text);
  cf_put_str(r, ref->ctx);
  cf_put_str(r, cf_scope_kind_name(scope->kind));
  cf_put_text(r, scope->name);
  cf_put_str(r, bound.role);
  cf_put_str(r, ref->parent_kind);
  cf_put_null(r);
  cf_put_int(r, ref->bstart);
  cf_put_int(r, ref->bend);
  cf_put_int(r, scope->bstart);
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

const cf_table cf_table_refs = {"cst_refs", columns, sizeof(columns) / sizeof(columns[0]),
                                count, put};
