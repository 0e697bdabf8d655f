/* Names of references turned into indexes, in both directions, two flat arrays each. */
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

void wi_spec_edges_release(wi_spec_edges *edges) {
  wi_free(edges->up_at);
  wi_free(edges->up);
  wi_free(edges->down_at);
  wi_free(edges->down);
  *edges = (wi_spec_edges){0};
}

static weir_status fill_up(const wi_spec *spec, const wi_spec_refs *refs,
                           wi_spec_edges *e, weir_error *err) {
  size_t k = 0;
  for (size_t i = 0; i < spec->n_views; i++) {
    e->up_at[i] = k;
    for (size_t j = 0; j < refs[i].views.n; j++) {
      const wi_spec_view *view = wi_spec_view_find(spec, refs[i].views.items[j]);
      if (view == NULL) {
        return WI_ERR(err, WEIR_E_BUG, "view '%s' refers to '%s', which is no view",
                      spec->views[i].name, refs[i].views.items[j]);
      }
      e->up[k++] = (size_t)(view - spec->views);
    }
  }
  e->up_at[spec->n_views] = k;
  return WEIR_OK;
}

/* Counts, sums up, then places: down_at ends as the start of each view's part. */
static void fill_down(wi_spec_edges *e) {
  size_t total = e->up_at[e->n];
  for (size_t k = 0; k < total; k++) {
    e->down_at[e->up[k]]++;
  }
  for (size_t i = 1; i <= e->n; i++) {
    e->down_at[i] += e->down_at[i - 1];
  }
  for (size_t i = e->n; i > 0; i--) {
    for (size_t k = e->up_at[i - 1]; k < e->up_at[i]; k++) {
      e->down[--e->down_at[e->up[k]]] = i - 1;
    }
  }
}

weir_status wi_spec_edges_build(const wi_spec *spec, const wi_spec_refs *refs,
                                wi_spec_edges *out, weir_error *err) {
  size_t total = 0;
  *out = (wi_spec_edges){.n = spec->n_views};
  for (size_t i = 0; i < spec->n_views; i++) {
    total += refs[i].views.n;
  }
  out->up_at = wi_alloc_array(spec->n_views + 1, sizeof *out->up_at);
  out->down_at = wi_alloc_array(spec->n_views + 1, sizeof *out->down_at);
  out->up = wi_alloc_array(total + 1, sizeof *out->up);
  out->down = wi_alloc_array(total + 1, sizeof *out->down);
  weir_status status = WEIR_OK;
  if (out->up_at == NULL || out->down_at == NULL || out->up == NULL ||
      out->down == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
  } else {
    status = fill_up(spec, refs, out, err);
  }
  if (status != WEIR_OK) {
    wi_spec_edges_release(out);
    return status;
  }
  fill_down(out);
  return WEIR_OK;
}
