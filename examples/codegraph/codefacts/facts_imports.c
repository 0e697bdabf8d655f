/* cst_imports: one row per imported name. */
#include "syntax.h"

static const cf_column columns[] = {
    {"file_id", CF_TEXT, true},
    {"path", CF_TEXT, true},
    {"file_sha256", CF_TEXT, true},
    {"bucket", CF_INT32, true},
    {"kind", CF_TEXT, true},
    {"module", CF_TEXT, false},
    {"relative_level", CF_INT32, true},
    {"name", CF_TEXT, false},
    {"asname", CF_TEXT, false},
    {"is_star", CF_BOOL, true},
    {"stmt_bstart", CF_INT64, true},
    {"stmt_bend", CF_INT64, true},
    {"alias_bstart", CF_INT64, true},
    {"alias_bend", CF_INT64, true},
    {"scope_type", CF_TEXT, true},
    {"scope_bstart", CF_INT64, true},
    {"attrs", CF_MAP, true},
};

/* The identifiers with dots between them, however they are spaced. */
static cf_text dotted(cf_visit *v, TSNode node) {
  cf_text text = cf_node_text(v, node);
  bool plain = true;
  for (uint32_t i = 0; i < text.n; i++) {
    unsigned char c = (unsigned char)text.p[i];
    plain = plain && c > ' ' && c != '\\' && c != '#';
  }
  if (plain) {
    return text;
  }
  cf_text out = {"", 0};
  uint32_t n = ts_node_named_child_count(node);
  for (uint32_t i = 0; i < n; i++) {
    TSNode child = ts_node_named_child(node, i);
    if (cf_kind_of(v, child) == CF_KIND_IDENTIFIER) {
      cf_text parts[] = {out, cf_text_of(out.n == 0 ? "" : "."), cf_node_text(v, child)};
      out = cf_arena_join(&v->f->arena, parts, 3);
    }
  }
  return out;
}

static void note_module(cf_visit *v, TSNode node, cf_import *out) {
  if (cf_kind_of(v, node) != CF_KIND_RELATIVE_IMPORT) {
    out->module = dotted(v, node);
    return;
  }
  uint32_t n = ts_node_named_child_count(node);
  for (uint32_t i = 0; i < n; i++) {
    TSNode child = ts_node_named_child(node, i);
    cf_text text = cf_node_text(v, child);
    if (cf_kind_of(v, child) == CF_KIND_DOTTED_NAME) {
      out->module = dotted(v, child);
    } else if (cf_kind_of(v, child) == CF_KIND_IMPORT_PREFIX) {
      for (uint32_t k = 0; k < text.n; k++) {
        out->level += text.p[k] == '.';
      }
    }
  }
}

static cf_text first_part(cf_text name) {
  uint32_t n = 0;
  while (n < name.n && name.p[n] != '.') {
    n++;
  }
  return (cf_text){name.p, n};
}

static void add_import(cf_visit *v, cf_import row) {
  cf_facts *f = v->f;
  cf_import *items =
      cf_arena_grow(&f->arena, f->imports, f->n_imports, &f->cap_imports, sizeof(*items));
  if (items == NULL) {
    return;
  }
  f->imports = items;
  items[f->n_imports] = row;
  if (!row.is_star) {
    cf_text bound = row.from ? row.name : first_part(row.module);
    cf_bind(f, row.scope, row.asname.p != NULL ? row.asname : bound, CF_BIND_IMPORT,
            f->n_imports);
  }
  f->n_imports++;
}

static void note_alias(cf_visit *v, TSNode node, cf_import row) {
  TSNode name = node;
  row.alias_bstart = cf_start(node);
  row.alias_bend = cf_end(node);
  if (cf_kind_of(v, node) == CF_KIND_WILDCARD_IMPORT) {
    row.is_star = true;
    row.name = cf_text_of("*");
    add_import(v, row);
    return;
  }
  if (cf_kind_of(v, node) == CF_KIND_ALIASED_IMPORT) {
    TSNode alias = ts_node_child_by_field_name(node, "alias", 5);
    name = ts_node_child_by_field_name(node, "name", 4);
    if (ts_node_is_null(name) || ts_node_is_null(alias)) {
      return;
    }
    row.asname = cf_node_text(v, alias);
  }
  cf_text text = dotted(v, name);
  if (text.n == 0) {
    return; /* the parser made it up to go on */
  }
  if (row.from) {
    row.name = text;
  } else {
    row.module = text;
  }
  add_import(v, row);
}

void cf_note_import(cf_visit *v, const cf_frame *frame, cf_kind kind) {
  cf_import row = {.from = kind != CF_KIND_IMPORT,
                   .scope = frame->scope,
                   .stmt_bstart = cf_start(frame->node),
                   .stmt_bend = cf_end(frame->node)};
  TSNode module;
  cf_list_children(v, frame->node);
  if (kind == CF_KIND_FUTURE_IMPORT) {
    row.module = cf_text_of("__future__");
  } else if (cf_child_of(v, CF_FIELD_MODULE_NAME, &module)) {
    note_module(v, module, &row);
  }
  for (uint32_t i = 0; i < v->n_children; i++) {
    TSNode node = v->children[i].node;
    if (v->children[i].field == CF_FIELD_NAME ||
        cf_kind_of(v, node) == CF_KIND_WILDCARD_IMPORT) {
      note_alias(v, node, row);
    }
  }
}

static uint32_t count(const cf_facts *f) {
  return f->n_imports;
}

static void put(cf_row *r, const cf_facts *f, uint32_t i) {
  const cf_import *row = &f->imports[i];
  const cf_scope *scope = &f->scopes[row->scope];
  cf_put_file(r, f->file);
  cf_put_str(r, row->from ? "from" : "import");
  cf_put_text(r, row->module);
  cf_put_int(r, row->level);
  cf_put_text(r, row->name);
  cf_put_text(r, row->asname);
  cf_put_int(r, row->is_star);
  cf_put_int(r, row->stmt_bstart);
  cf_put_int(r, row->stmt_bend);
  cf_put_int(r, row->alias_bstart);
  cf_put_int(r, row->alias_bend);
  cf_put_str(r, cf_scope_kind_name(scope->kind));
  cf_put_int(r, scope->bstart);
  cf_put_map(r, NULL, NULL, 0);
}

const cf_table cf_table_imports = {"cst_imports", columns,
                                   sizeof(columns) / sizeof(columns[0]), count, put};
