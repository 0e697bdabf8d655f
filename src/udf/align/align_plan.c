/* One call of interval_align: which columns go where, the order of rows, the result's fields. */
#include <string.h>

#include "nanoarrow/nanoarrow.h"
#include "udf/align/align_call.h"
#include "udf/arrow_io.h"

#define WI_ORIGIN "udf"
#define SELF      "interval_align"

typedef struct plan_side {
  const struct ArrowSchema *schema;
  uint32_t *outputs;
  size_t n_outputs;
  uint32_t *path, *bounds; /* bounds: start and end */
  wi_rel_order *order;
  size_t n_order;
} plan_side;

typedef struct planner {
  wi_arena *arena;
  wi_align_options o;
  plan_side sides[WI_ALIGN_SIDES];
} planner;

static const char *const side_names[] = {"left", "right"};

static const char *option_name(planner *p, int side, const char *what) {
  const char *name = wi_arena_fmt(p->arena, "%s_%s", side_names[side], what);
  return name != NULL ? name : what;
}

static weir_status check_bound(const struct ArrowSchema *column, const char *what,
                               weir_error *err) {
  struct ArrowSchemaView view;
  WI_TRY(wi_arrow_err(err, ArrowSchemaViewInit(&view, column, NULL), "a field"));
  switch ((int)view.type) {
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_INT64:
    case NANOARROW_TYPE_UINT8:
    case NANOARROW_TYPE_UINT16:
    case NANOARROW_TYPE_UINT32:
      return WEIR_OK;
    default:
      break;
  }
  char type[160];
  wi_type_text(column, type);
  return WI_ERR(err, WEIR_E_SQL_PLAN,
                SELF
                ": %s, column '%s', must be an integer that fits in 64 bits with a "
                "sign, not %s",
                what, column->name, type);
}

static weir_status find_bounds(planner *p, int side, weir_error *err) {
  plan_side *s = &p->sides[side];
  const char *names[] = {p->o.start[side], p->o.end[side]};
  static const char *const what[] = {"start", "end"};
  s->path = wi_arena_array(p->arena, 1, sizeof(*s->path));
  s->bounds = wi_arena_array(p->arena, 2, sizeof(*s->bounds));
  if (s->path == NULL || s->bounds == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  WI_TRY(wi_align_find(s->schema, option_name(p, side, "path"), p->o.path[side], s->path,
                       err));
  for (int i = 0; i < 2; i++) {
    const char *option = option_name(p, side, what[i]);
    WI_TRY(wi_align_find(s->schema, option, names[i], &s->bounds[i], err));
    WI_TRY(check_bound(s->schema->children[s->bounds[i]], option, err));
  }
  return WEIR_OK;
}

static weir_status find_outputs(planner *p, int side, weir_error *err) {
  plan_side *s = &p->sides[side];
  wi_align_key *keys = NULL;
  size_t n = (size_t)s->schema->n_children;
  if (p->o.columns[side] != NULL) {
    WI_TRY(wi_align_read_list(p->arena, option_name(p, side, "columns"),
                              p->o.columns[side], s->schema, false, &keys, &n, err));
  }
  s->outputs = wi_arena_array(p->arena, n, sizeof(*s->outputs));
  if (s->outputs == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    s->outputs[i] = keys != NULL ? keys[i].column : (uint32_t)i;
    const char *name = s->schema->children[s->outputs[i]]->name;
    for (size_t j = 0; j < i; j++) {
      if (strcmp(s->schema->children[s->outputs[j]]->name, name) == 0) {
        return WI_ERR(err, WEIR_E_SQL_PLAN,
                      SELF
                      ": the %s relation gives column '%s' twice; give columns names "
                      "of their own",
                      side_names[side], name);
      }
    }
  }
  s->n_outputs = n;
  return WEIR_OK;
}

/* Tie-breakers, start, end; the engine adds the other columns. */
static weir_status find_order(planner *p, weir_error *err) {
  plan_side *s = &p->sides[WI_ALIGN_RIGHT];
  wi_align_key *keys = NULL;
  size_t n = 0;
  if (p->o.tie_breakers != NULL) {
    WI_TRY(wi_align_read_list(p->arena, "right: tie_breakers", p->o.tie_breakers,
                              s->schema, true, &keys, &n, err));
  }
  s->order = wi_arena_array(p->arena, n + 2, sizeof(*s->order));
  if (s->order == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    s->order[s->n_order++] = (wi_rel_order){keys[i].column, keys[i].descending, false};
  }
  s->order[s->n_order++] = (wi_rel_order){s->bounds[0], false, false};
  s->order[s->n_order++] = (wi_rel_order){s->bounds[1], false, false};
  return WEIR_OK;
}

static bool is_text(const struct ArrowSchema *column) {
  struct ArrowSchemaView view;
  const struct ArrowSchema *plain =
      column->dictionary != NULL ? column->dictionary : column;
  if (ArrowSchemaViewInit(&view, plain, NULL) != NANOARROW_OK) {
    return false;
  }
  return view.type == NANOARROW_TYPE_STRING || view.type == NANOARROW_TYPE_LARGE_STRING ||
         view.type == NANOARROW_TYPE_STRING_VIEW;
}

/* The engine would compare a text with a number by reading one as the other. */
static weir_status check_paths(planner *p, weir_error *err) {
  const plan_side *l = &p->sides[WI_ALIGN_LEFT], *r = &p->sides[WI_ALIGN_RIGHT];
  const struct ArrowSchema *a = l->schema->children[*l->path],
                           *b = r->schema->children[*r->path];
  if (is_text(a) != is_text(b)) {
    return WI_ERR(err, WEIR_E_SQL_PLAN,
                  SELF
                  ": left_path '%s' and right_path '%s' cannot be compared: one is "
                  "text, the other is not",
                  a->name, b->name);
  }
  return WEIR_OK;
}

/* ---- the result's fields ---- */

typedef struct fields {
  struct ArrowSchema *out;
  int64_t n;
} fields;

static bool has_field(const fields *f, const char *name) {
  for (int64_t i = 0; i < f->n; i++) {
    if (strcmp(f->out->children[i]->name, name) == 0) {
      return true;
    }
  }
  return false;
}

static weir_status add_copy(fields *f, const struct ArrowSchema *column, const char *name,
                            bool nullable, weir_error *err) {
  struct ArrowSchema *field = f->out->children[f->n];
  /* The parent made it ready; a copy begins with nothing. */
  if (field->release != NULL) {
    ArrowSchemaRelease(field);
  }
  WI_TRY(wi_arrow_err(err, ArrowSchemaDeepCopy(column, field), "a field"));
  WI_TRY(wi_arrow_err(err, ArrowSchemaSetName(field, name), "a field's name"));
  field->flags |= nullable ? ARROW_FLAG_NULLABLE : 0;
  f->n++;
  return WEIR_OK;
}

static weir_status add_right(planner *p, fields *f, const struct ArrowSchema *column,
                             weir_error *err) {
  const char *name = column->name;
  if (has_field(f, name)) {
    name = wi_arena_fmt(p->arena, "%s%s", column->name, p->o.suffix);
    if (name == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    if (has_field(f, name)) {
      return WI_ERR(err, WEIR_E_SQL_PLAN,
                    SELF
                    ": the right column '%s' would be '%s', and there is one already; "
                    "choose another right_suffix",
                    column->name, name);
    }
  }
  return add_copy(f, column, name, p->o.left_join, err);
}

static weir_status add_computed(fields *f, const char *option, const char *name,
                                enum ArrowType type, bool nullable, weir_error *err) {
  if (name[0] == '\0' || has_field(f, name)) {
    return WI_ERR(err, WEIR_E_SQL_PLAN,
                  SELF ": %s '%s' %s; choose another, or emit_match_meta => false",
                  option, name,
                  name[0] == '\0' ? "is empty" : "is the name of another column");
  }
  struct ArrowSchema *field = f->out->children[f->n];
  WI_TRY(wi_arrow_err(err, ArrowSchemaSetType(field, type), "a field"));
  WI_TRY(wi_arrow_err(err, ArrowSchemaSetName(field, name), "a field's name"));
  field->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
  f->n++;
  return WEIR_OK;
}

static weir_status make_fields(planner *p, struct ArrowSchema *out, weir_error *err) {
  const plan_side *l = &p->sides[WI_ALIGN_LEFT], *r = &p->sides[WI_ALIGN_RIGHT];
  size_t n = l->n_outputs + r->n_outputs + (p->o.meta ? 2 : 0);
  fields f = {out, 0};
  ArrowSchemaInit(out);
  WI_TRY(wi_arrow_err(err, ArrowSchemaSetTypeStruct(out, (int64_t)n), "fields"));
  for (size_t i = 0; i < l->n_outputs; i++) {
    const struct ArrowSchema *column = l->schema->children[l->outputs[i]];
    WI_TRY(add_copy(&f, column, column->name, false, err));
  }
  for (size_t i = 0; i < r->n_outputs; i++) {
    WI_TRY(add_right(p, &f, r->schema->children[r->outputs[i]], err));
  }
  if (p->o.meta) {
    WI_TRY(add_computed(&f, "match_kind_col", p->o.kind_column, NANOARROW_TYPE_STRING,
                        false, err));
    WI_TRY(add_computed(&f, "match_score_col", p->o.score_column, NANOARROW_TYPE_DOUBLE,
                        p->o.left_join, err));
  }
  return WEIR_OK;
}

static void give_input(const plan_side *s, uint32_t flags, wi_rel_input *out) {
  out->outputs = s->outputs;
  out->n_outputs = s->n_outputs;
  out->groups = s->path;
  out->n_groups = 1;
  out->values = s->bounds;
  out->n_values = 2;
  out->order = s->order;
  out->n_order = s->n_order;
  out->flags = flags;
}

weir_status wi_align_plan(const void *self, const struct ArrowSchema *left,
                          const struct ArrowSchema *right, const wi_rel_option *options,
                          size_t n_options, wi_rel_plan *out, weir_error *err) {
  weir_status status = WEIR_OK;
  planner p = {.sides = {{.schema = left}, {.schema = right}}};
  wi_align_call *call = wi_alloc(sizeof(*call));
  (void)self;
  memset(out, 0, sizeof(*out));
  if (call == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  p.arena = &call->arena;
  WI_CHECK(wi_align_read_options(p.arena, options, n_options, &p.o, err));
  for (int side = 0; side < WI_ALIGN_SIDES; side++) {
    WI_CHECK(find_bounds(&p, side, err));
    WI_CHECK(find_outputs(&p, side, err));
  }
  WI_CHECK(check_paths(&p, err));
  WI_CHECK(find_order(&p, err));
  WI_CHECK(make_fields(&p, &out->schema, err));
  call->mode = p.o.mode;
  call->left_join = p.o.left_join;
  call->meta = p.o.meta;
  out->canonical =
      wi_arena_fmt(p.arena, "mode=%s how=%s meta=%d", wi_align_mode_name(p.o.mode),
                   p.o.left_join ? "left" : "inner", p.o.meta);
  if (out->canonical == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  uint32_t alone = p.o.left_join ? WI_REL_ALONE : 0;
  give_input(&p.sides[WI_ALIGN_LEFT], WI_REL_NARROW | WI_REL_FILTER | alone, &out->left);
  give_input(&p.sides[WI_ALIGN_RIGHT], WI_REL_TOTAL, &out->right);
  out->call = call;
  call = NULL;
done:
  if (call != NULL) {
    wi_align_drop(call);
    wi_field_drop(&out->schema);
    memset(out, 0, sizeof(*out));
  }
  return status;
}

void wi_align_drop(void *p) {
  wi_align_call *call = p;
  wi_arena_release(&call->arena);
  wi_free(call);
}
