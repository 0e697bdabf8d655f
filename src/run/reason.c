/* Why a view must be rebuilt, in words: the first difference that explains it. */
#include <string.h>

#include "run/private.h"

static void say(wi_run_view *view, const char *text) {
  view->action = WI_ACTION_FULL;
  snprintf(view->reason, sizeof(view->reason), "%s", text);
}

/* The first parameter whose value is not the recorded one. */
static bool param_moved(wi_run_view *view) {
  wi_buf now = WI_BUF_INIT;
  bool moved = false;
  json_t *before = json_loads(view->last.params, 0, NULL);
  json_t *after = NULL;
  if (wi_params_json(view, &now, NULL) == WEIR_OK) {
    after = json_loads(wi_buf_text(&now), 0, NULL);
  }
  for (size_t i = 0; i < view->n_values && !moved; i++) {
    const char *name = view->values[i].name;
    const json_t *old = json_object_get(before, name);
    if (old == NULL || !json_equal(old, json_object_get(after, name))) {
      view->action = WI_ACTION_FULL;
      snprintf(view->reason, sizeof(view->reason), "parameter %s changed", name);
      moved = true;
    }
  }
  json_decref(before);
  json_decref(after);
  wi_buf_release(&now);
  return moved;
}

static const json_t *recorded_input(const wi_run_view *view, const char *name) {
  size_t i = 0;
  json_t *entry = NULL;
  json_array_foreach(view->last.inputs, i, entry) {
    const char *have = json_string_value(json_object_get(entry, "name"));
    if (have != NULL && strcmp(have, name) == 0) {
      return entry;
    }
  }
  return NULL;
}

static bool input_moved(const wi_pass *pass, wi_run_view *view, const char *name,
                        const char *identity) {
  const json_t *entry = recorded_input(view, name);
  const char *before = json_string_value(json_object_get(entry, "identity"));
  if (before != NULL && strcmp(before, identity) == 0) {
    return false;
  }
  const wi_run_source *source = wi_pass_source(pass, name);
  view->action = WI_ACTION_FULL;
  if (source == NULL) {
    snprintf(view->reason, sizeof(view->reason), "upstream %s changed", name);
  } else if (source->store == NULL) {
    snprintf(view->reason, sizeof(view->reason), "functions changed");
  } else if (entry == NULL) {
    snprintf(view->reason, sizeof(view->reason), "input %s is new", name);
  } else {
    const char *id = json_string_value(json_object_get(entry, "table_id"));
    long long from = json_integer_value(json_object_get(entry, "version"));
    bool other = id == NULL || strcmp(id, source->pin.table_id) != 0 ||
                 from == source->pin.version;
    if (other) {
      snprintf(view->reason, sizeof(view->reason), "input %s is another table", name);
    } else {
      snprintf(view->reason, sizeof(view->reason),
               "input %s moved from version %lld to %lld", name, from,
               (long long)source->pin.version);
    }
  }
  return true;
}

void wi_view_reason(const wi_pass *pass, wi_run_view *view, const char *const *names,
                    const char *const *identities, size_t n) {
  const wi_last *last = &view->last;
  bool planned = view->plan != NULL;
  bool same_plan = !planned || strcmp(view->plan->digest, last->plan_digest) == 0;
  if (!same_plan && strcmp(view->view_digest, last->view_digest) == 0) {
    if (param_moved(view)) {
      return;
    }
    if (strcmp(view->plan->functions_digest, last->functions_digest) != 0) {
      say(view, "functions changed");
      return;
    }
  }
  if (strcmp(pass->session->settings_digest, last->settings_digest) != 0) {
    say(view, "settings changed");
    return;
  }
  if (strcmp(view->shape_digest, last->shape_digest) != 0) {
    say(view, "contract changed");
    return;
  }
  if (!same_plan) {
    say(view, "plan changed");
    return;
  }
  for (size_t i = 0; i < n; i++) {
    if (input_moved(pass, view, names[i], identities[i])) {
      return;
    }
  }
  say(view, planned && view->plan->is_volatile ? "volatile" : "plan changed");
}
