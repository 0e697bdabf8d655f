/* The public face of src/maintain. */
#include <string.h>

#include "api/private.h"
#include "maintain/maintain.h"

#define WI_ORIGIN "api"

/* The places that the project reads: its sources, and what its views open by a function. */
static weir_status read_places(weir_project *p, wi_list *places, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_diags diags = WI_DIAGS_INIT;
  wi_project *project = NULL;
  wi_buf uri = WI_BUF_INIT;
  WI_CHECK(wi_project_open(p->spec, p->engine, wi_api_now(p, 0), &diags, &project, err));
  if (diags.errors > 0) { /* a view that does not parse may read any table */
    wi_err_hint(err, "no orphan is sure before they are mended; `weir plan` tells them");
    status = wi_project_broken(&diags, err);
    goto done;
  }
  for (size_t i = 0; i < project->n_sources; i++) {
    if (!wi_project_source_opens(&project->sources[i])) {
      continue;
    }
    WI_CHECK(wi_uri_canonical(project->sources[i].spec->uri, p->spec->root, &uri, err));
    char *copy = wi_strdup(wi_buf_text(&uri));
    if (copy == NULL || !wi_list_add(places, copy)) {
      wi_free(copy);
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
done:
  wi_buf_release(&uri);
  wi_project_free(&project);
  wi_diags_release(&diags);
  return status;
}

static weir_status hand_over(const wi_litter *litter, weir_clean_item **out, size_t *n,
                             weir_error *err) {
  *out = wi_alloc_array(litter->n + 1, sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (*n = 0; *n < litter->n; ++*n) {
    const wi_litter_item *from = &litter->items[*n];
    weir_clean_item *to = &(*out)[*n];
    to->what = wi_strdup(wi_litter_kind_name(from->kind));
    to->uri = wi_strdup(from->uri);
    to->files = from->files;
    to->bytes = from->bytes;
    if (to->what == NULL || to->uri == NULL) {
      weir_clean_free(*out, *n + 1);
      *out = NULL;
      *n = 0;
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  return WEIR_OK;
}

weir_status wi_api_clean(weir_project *project, const wi_clean_request *how,
                         weir_cancel *cancel, weir_clean_item **out, size_t *n,
                         weir_error *err) {
  weir_status status = WEIR_OK;
  wi_clean_request r = *how;
  wi_list places = WI_LIST_INIT;
  wi_litter litter = {NULL, 0, 0};
  wi_stop *stop = NULL;
  *out = NULL;
  *n = 0;
  WI_TRY(wi_api_usable(project, err));
  WI_TRY(wi_api_stop(project->engine, cancel, project->standing, &stop, err));
  wi_stop_scope before = wi_stop_enter(stop);
  WI_CHECK(wi_stop_check(stop, err));
  WI_CHECK(wi_project_session(project->spec, project->engine, wi_api_now(project, 0),
                              &r.session, err));
  WI_CHECK(wi_session_seal(r.session, err));
  if (r.orphans) {
    WI_CHECK(read_places(project, &places, err));
  }
  r.spec = project->spec;
  r.places = (const char *const *)places.items;
  r.n_places = places.n;
  r.older_than_us = r.older_than_us == 0 ? WI_CLEAN_OLDER_US : r.older_than_us;
  WI_CHECK(wi_clean(&r, &litter, err));
  WI_CHECK(hand_over(&litter, out, n, err));
done:
  wi_stop_leave(before);
  wi_stop_free(&stop);
  wi_litter_release(&litter);
  for (size_t i = 0; i < places.n; i++) {
    wi_free(places.items[i]);
  }
  wi_list_release(&places);
  wi_session_free(&r.session);
  return status;
}

weir_status weir_project_clean(weir_project *project, int orphans, int apply,
                               weir_clean_item **out, size_t *n, weir_error *err) {
  wi_clean_request how = {0};
  WI_ARG(out, err);
  WI_ARG(n, err);
  *out = NULL;
  *n = 0;
  WI_ARG(project, err);
  how.orphans = orphans != 0;
  how.apply = apply != 0;
  return wi_api_clean(project, &how, NULL, out, n, err);
}

void weir_clean_free(weir_clean_item *items, size_t n) {
  for (size_t i = 0; items != NULL && i < n; i++) {
    wi_free(items[i].what);
    wi_free(items[i].uri);
  }
  wi_free(items);
}
