/* Random arguments by the classes of a function's parameters. */
#include "common/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Literals that a parameter asks for by its value. Names may stand for any parameter of this
 * name (fn NULL). A wrong value is drawn at times, too. */
typedef struct hint {
  const char *fn, *param;
  const char *texts[10];
} hint;
static const hint hints[] = {
    {NULL, "form", {"NFC", "NFD", "NFKC", "NFKD", "nfc", "NFX"}},
    {NULL, "key_case", {"lower", "upper", "none", "Lower", "both"}},
    {NULL, "col_unit", {"byte", "utf8", "utf16", "utf32", "BYTE", "1", "2", "3"}},
    {NULL, "lang", {"python", "rust", ""}},
    {NULL, "key", {"a", "b", "alpha", "node", "missing"}},
    {"semantic_tag", NULL, {"node", "edge_id", "Span", "anything", ""}},
    {"struct_pick", NULL, {"a", " b ", "Name", "x y", "bstart", "bend", "missing"}},
};
#define N_HINTS (sizeof hints / sizeof hints[0])

static const hint *hint_for(const wi_fn *fn, const wi_fn_param *p) {
  for (size_t i = 0; i < N_HINTS; i++) {
    if ((hints[i].fn == NULL || strcmp(hints[i].fn, fn->name) == 0) &&
        (hints[i].param == NULL || strcmp(hints[i].param, p->name) == 0)) {
      return &hints[i];
    }
  }
  return NULL;
}

static bool is_text_param(const wi_fn_param *p) {
  return p->type_class == WI_T_TEXT ||
         (p->literal && strstr(p->type_text, "Utf8") != NULL);
}

static wv_type *item_type(wv_arena *a, const wc_call *call) {
  const wv_type *first = call->args[0].type;
  if (call->n > 0 && first->n_children > 0) {
    wv_type *t = wv_alloc(a, sizeof(*t));
    *t = *first->children[first->type == NANOARROW_TYPE_MAP ? 1 : 0];
    t->nullable = true;
    t->name = "c";
    return t;
  }
  return wv_of(a, NANOARROW_TYPE_STRING);
}

static wv_type *type_for(wv_arena *a, wv_rng *r, const wc_call *call,
                         const wi_fn_param *p) {
  switch (is_text_param(p) ? WI_T_TEXT : p->type_class) {
    case WI_T_TEXT:
      return wv_of(a, NANOARROW_TYPE_STRING);
    case WI_T_INT64:
      return wv_of(a, NANOARROW_TYPE_INT64);
    case WI_T_INT32:
      return wv_of(a, NANOARROW_TYPE_INT32);
    case WI_T_BOOL:
      return wv_of(a, NANOARROW_TYPE_BOOL);
    case WI_T_FLOAT64:
      return wv_of(a, NANOARROW_TYPE_DOUBLE);
    case WI_T_STRUCT:
      return strstr(p->type_text, "bstart") != NULL || wv_one_in(r, 4)
                 ? wv_span(a)
                 : wv_random_struct(a, r, 2);
    case WI_T_LIST:
      return wv_list_of(a,
                        wv_one_in(r, 4) ? wv_random_type(a, r, 2) : wv_random_flat(a, r));
    case WI_T_MAP:
      return wv_map_of(a, wv_of(a, NANOARROW_TYPE_STRING),
                       wv_one_in(r, 4) ? wv_random_type(a, r, 2) : wv_random_flat(a, r));
    case WI_T_ITEM:
      return item_type(a, call);
    default:
      return wv_random_type(a, r, wv_one_in(r, 3) ? 2 : 0);
  }
}

static void untyped_null(wv_arena *a, wc_arg *arg) {
  arg->type = wv_of(a, NANOARROW_TYPE_NA);
  arg->values = wv_alloc(a, sizeof(wv_val *));
  arg->values[0] = wv_null(a);
  arg->scalar = true;
}

static wv_val *literal_value(wv_arena *a, wv_rng *r, const wi_fn *fn,
                             const wi_fn_param *p, const wv_type *type) {
  const hint *h = hint_for(fn, p);
  if (h == NULL || type->type != NANOARROW_TYPE_STRING) {
    return wv_random(a, r, type, 20);
  }
  size_t n = 0;
  while (n < sizeof h->texts / sizeof h->texts[0] && h->texts[n] != NULL) {
    n++;
  }
  return wv_text(a, h->texts[wv_below(r, (uint32_t)n)]);
}

static void random_arg(wv_arena *a, wv_rng *r, wc_call *call, const wi_fn_param *p,
                       bool all_columns) {
  wc_arg *arg = &call->args[call->n];
  bool literal = p->literal;
  if (!literal && !all_columns && wv_one_in(r, 25)) {
    untyped_null(a, arg);
    return;
  }
  arg->type = type_for(a, r, call, p);
  arg->type->nullable = !wv_one_in(r, 3);
  arg->literal = literal;
  arg->scalar = literal || (!all_columns && wv_one_in(r, 4));
  int64_t n = arg->scalar ? 1 : call->rows;
  uint32_t one_null_in = 2 + wv_below(r, 12);
  arg->values = wv_alloc(a, (size_t)(n + 1) * sizeof(wv_val *));
  bool hinted = hint_for(call->fn, p) != NULL && wv_one_in(r, 2);
  for (int64_t i = 0; i < n; i++) {
    arg->values[i] = literal || hinted ? literal_value(a, r, call->fn, p, arg->type)
                                       : wv_random(a, r, arg->type, one_null_in);
  }
}

void wc_random(wv_arena *a, wv_rng *r, const wi_fn *fn, int64_t rows, bool all_columns,
               wc_call *out) {
  *out = (wc_call){.fn = fn, .rows = rows};
  size_t least = 0, n;
  bool variadic = fn->n_params > 0 && fn->params[fn->n_params - 1].variadic;
  for (size_t i = 0; i < fn->n_params; i++) {
    least += fn->params[i].optional ? 0 : 1;
  }
  n = least +
      (fn->n_params > least ? wv_below(r, (uint32_t)(fn->n_params - least + 1)) : 0);
  n += variadic ? wv_below(r, 4) : 0;
  for (size_t i = 0; i < n && i < WC_ARGS; i++) {
    const wi_fn_param *p = &fn->params[i < fn->n_params ? i : fn->n_params - 1];
    if (p->optional && i + 1 < n && wv_one_in(r, 3)) {
      untyped_null(a, &out->args[i]); /* left out before a named one */
    } else {
      random_arg(a, r, out, p, all_columns);
    }
    out->n = i + 1;
  }
}

/* ---- as arrays ---- */

static uint64_t fingerprint(const wc_written *w) {
  uint64_t h = 0;
  for (size_t i = 0; i < w->n; i++) {
    h = h * 31 + wv_fingerprint(&w->schemas[i], &w->arrays[i]);
  }
  return h;
}

void wc_write(wv_rng *r, const wc_call *call, int64_t from, int64_t n,
              const wv_style *style, wc_written *out) {
  memset(out, 0, sizeof *out);
  out->n = call->n;
  for (size_t i = 0; i < call->n; i++) {
    const wc_arg *arg = &call->args[i];
    wv_style s = *style;
    if (arg->literal) {
      s = (wv_style){.text = NANOARROW_TYPE_STRING};
    }
    wv_schema(arg->type, s.text, &out->schemas[i]);
    wv_write(r, arg->type, arg->scalar ? arg->values : arg->values + from,
             arg->scalar ? 1 : n, &s, &out->arrays[i]);
    out->schema_list[i] = &out->schemas[i];
    out->array_list[i] = &out->arrays[i];
    out->literals[i] = arg->scalar ? &out->arrays[i] : NULL;
    out->args[i] = (wi_fn_arg){&out->arrays[i], &out->schemas[i], arg->scalar};
  }
  out->fingerprint = fingerprint(out);
}

bool wc_untouched(const wc_written *w) {
  for (size_t i = 0; i < w->n; i++) {
    if (w->arrays[i].release == NULL || w->schemas[i].release == NULL) {
      return false;
    }
  }
  return fingerprint(w) == w->fingerprint;
}

void wc_written_free(wc_written *w) {
  for (size_t i = 0; i < w->n; i++) {
    if (w->arrays[i].release != NULL) {
      w->arrays[i].release(&w->arrays[i]);
    }
    if (w->schemas[i].release != NULL) {
      w->schemas[i].release(&w->schemas[i]);
    }
  }
  w->n = 0;
}

void wc_text(const wc_call *call, char *out, size_t size) {
  size_t at = (size_t)snprintf(out, size, "%s(", call->fn->name);
  for (size_t i = 0; i < call->n && at < size; i++) {
    const wc_arg *arg = &call->args[i];
    struct ArrowSchema s;
    char type[200] = "";
    wv_schema(arg->type, NANOARROW_TYPE_STRING, &s);
    ArrowSchemaToString(&s, type, sizeof type, 1);
    s.release(&s);
    at += (size_t)snprintf(out + at, size - at, "%s%s%s", i == 0 ? "" : ", ", type,
                           arg->scalar ? " scalar" : "");
    if (arg->scalar && arg->values[0]->p != NULL && at < size) {
      at += (size_t)snprintf(out + at, size - at, " '%.20s'", arg->values[0]->p);
    }
  }
  if (at < size) {
    snprintf(out + at, size - at, ")");
  }
}
