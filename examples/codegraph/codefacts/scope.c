/* Python's scopes: which scope binds the name that a reference uses. */
#include <string.h>

#include "codefacts.h"

uint32_t cf_scope_add(cf_facts *f, uint32_t parent, cf_scope_kind kind, int64_t bstart,
                      cf_text name) {
  cf_scope *items =
      cf_arena_grow(&f->arena, f->scopes, f->n_scopes, &f->cap_scopes, sizeof(*items));
  if (items == NULL) {
    return 0;
  }
  f->scopes = items;
  items[f->n_scopes] =
      (cf_scope){.parent = parent, .kind = kind, .bstart = bstart, .name = name};
  return f->n_scopes++;
}

const char *cf_scope_kind_name(cf_scope_kind kind) {
  static const char *const names[] = {"module", "function",      "class",
                                      "lambda", "comprehension", "type_parameters"};
  return names[kind];
}

static uint32_t hash(uint32_t scope, cf_text name) {
  uint32_t h = 2166136261u ^ (scope * 2654435761u);
  for (uint32_t i = 0; i < name.n; i++) {
    h = (h ^ (unsigned char)name.p[i]) * 16777619u;
  }
  return h ^ (h >> 15);
}

/* The place of the name, or the empty place where it belongs. */
static cf_binding *place(const cf_bindings *b, uint32_t scope, cf_text name) {
  uint32_t i = hash(scope, name) & (b->cap - 1);
  while (b->items[i].flags != 0 &&
         (b->items[i].scope != scope || !cf_text_eq(b->items[i].name, name))) {
    i = (i + 1) & (b->cap - 1);
  }
  return &b->items[i];
}

static bool rehash(cf_facts *f) {
  cf_bindings grown = {.n = f->bindings.n,
                       .cap = f->bindings.cap == 0 ? 64 : f->bindings.cap * 2};
  grown.items = cf_arena_alloc(&f->arena, (size_t)grown.cap * sizeof(*grown.items));
  if (grown.items == NULL) {
    return false;
  }
  for (uint32_t i = 0; i < f->bindings.cap; i++) {
    const cf_binding *b = &f->bindings.items[i];
    if (b->flags != 0) {
      *place(&grown, b->scope, b->name) = *b;
    }
  }
  f->bindings = grown;
  return true;
}

void cf_bind(cf_facts *f, uint32_t scope, cf_text name, uint32_t flags,
             uint32_t imported) {
  if (f->bindings.n * 2 >= f->bindings.cap && !rehash(f)) {
    return;
  }
  cf_binding *b = place(&f->bindings, scope, name);
  if (b->flags == 0) {
    *b = (cf_binding){.scope = scope, .name = name, .imported = CF_NONE};
    f->bindings.n++;
  }
  b->flags |= flags;
  if (imported != CF_NONE) {
    b->imported = imported;
  }
}

void cf_bind_globals(cf_facts *f) {
  cf_bindings before = f->bindings; /* binding may move the table */
  for (uint32_t i = 0; i < before.cap; i++) {
    cf_binding b = before.items[i];
    if ((b.flags & CF_DECL_GLOBAL) != 0 && b.scope != 0 && (b.flags & CF_BIND_ANY) != 0) {
      cf_bind(f, 0, b.name, b.flags & CF_BIND_ANY, b.imported);
    }
  }
}

static const cf_binding *find(const cf_facts *f, uint32_t scope, cf_text name) {
  if (f->bindings.cap == 0) {
    return NULL;
  }
  const cf_binding *b = place(&f->bindings, scope, name);
  return b->flags == 0 ? NULL : b;
}

static cf_resolved in_module(const cf_facts *f, cf_text name) {
  const cf_binding *b = find(f, 0, name);
  if (b == NULL || (b->flags & CF_BIND_ANY) == 0) {
    return (cf_resolved){"unbound", 0, NULL};
  }
  return (cf_resolved){"global", CF_MODULE_START, b};
}

cf_resolved cf_resolve(const cf_facts *f, uint32_t scope, cf_text name) {
  for (uint32_t at = scope; at != 0; at = f->scopes[at].parent) {
    /* A class's names are seen by its own statements only, not by functions in it. */
    if (at != scope && f->scopes[at].kind == CF_SCOPE_CLASS) {
      continue;
    }
    const cf_binding *b = find(f, at, name);
    if (b == NULL) {
      continue;
    }
    if ((b->flags & CF_DECL_GLOBAL) != 0) {
      return in_module(f, name);
    }
    if ((b->flags & CF_DECL_NONLOCAL) == 0 && (b->flags & CF_BIND_ANY) != 0) {
      return (cf_resolved){at == scope ? "local" : "free", f->scopes[at].bstart, b};
    }
  }
  return in_module(f, name);
}

const char *cf_binding_text(uint32_t flags) {
  static const char *const texts[16] = {"",
                                        "def",
                                        "import",
                                        "def,import",
                                        "parameter",
                                        "def,parameter",
                                        "import,parameter",
                                        "def,import,parameter",
                                        "assignment",
                                        "def,assignment",
                                        "import,assignment",
                                        "def,import,assignment",
                                        "parameter,assignment",
                                        "def,parameter,assignment",
                                        "import,parameter,assignment",
                                        "def,import,parameter,assignment"};
  return texts[flags & CF_BIND_ANY];
}
