/* Why a view must be built, in words: the first difference that explains it. */
#include <string.h>

#include "run/decide.h"

static bool differs(const wi_view_facts *f, wi_stamp_text which, const char *now) {
  return strcmp(wi_last_text(f, which), now) != 0;
}

/* The first parameter whose value is not the recorded one. */
static bool param_moved(const wi_view_facts *f, char out[256]) {
  json_t *before = NULL, *after = NULL;
  wi_str old_text = wi_str_of(wi_last_text(f, WI_STAMP_PARAMS)),
         new_text = wi_str_of(f->params);
  const char *name = NULL;
  json_t *now = NULL;
  bool moved = false;
  /* Without memory nothing is said of parameters, which is only words. */
  if (wi_json_read(old_text.p, old_text.n, &before, NULL) != WEIR_E_NO_MEMORY) {
    (void)wi_json_read(new_text.p, new_text.n, &after, NULL);
  }
  json_object_foreach(after, name, now) {
    const json_t *old = json_object_get(before, name);
    if (!moved && (old == NULL || !json_equal(old, now))) {
      snprintf(out, 256, "parameter %s changed", name);
      moved = true;
    }
  }
  json_decref(before);
  json_decref(after);
  return moved;
}

static void table_moved(const wi_key_input *before, const wi_key_input *now,
                        char out[256]) {
  bool other = before->pin == NULL || before->pin->table_id == NULL ||
               strcmp(before->pin->table_id, now->pin->table_id) != 0 ||
               before->pin->version == now->pin->version;
  if (other) {
    snprintf(out, 256, "input %s is another table", now->name);
  } else {
    snprintf(out, 256, "input %s moved from version %lld to %lld", now->name,
             (long long)before->pin->version, (long long)now->pin->version);
  }
}

static bool input_moved(const wi_view_facts *f, const wi_key_input *now, char out[256]) {
  const wi_key_input *before = wi_key_inputs_find(&f->last.stamp.inputs, now->name);
  if (before != NULL && strcmp(before->identity, now->identity) == 0) {
    return false;
  }
  if (now->what == WI_KEY_VIEW) {
    snprintf(out, 256, "upstream %s changed", now->name);
  } else if (now->what == WI_KEY_FUNCTIONS) {
    snprintf(out, 256, "functions changed");
  } else if (before == NULL) {
    snprintf(out, 256, "input %s is new", now->name);
  } else {
    table_moved(before, now, out);
  }
  return true;
}

void wi_decide_reason(const wi_view_facts *f, const wi_key_inputs *inputs,
                      char out[256]) {
  bool planned = f->plan != NULL;
  bool same_plan = !planned || !differs(f, WI_STAMP_PLAN_DIGEST, f->plan->digest);
  const char *why = NULL;
  if (!same_plan && !differs(f, WI_STAMP_VIEW_DIGEST, f->digests.view)) {
    if (param_moved(f, out)) {
      return;
    }
    if (differs(f, WI_STAMP_FUNCTIONS_DIGEST, f->plan->functions_digest)) {
      why = "functions changed";
    }
  }
  if (why != NULL) {
    /* said */
  } else if (differs(f, WI_STAMP_SETTINGS_DIGEST, f->settings)) {
    why = "settings changed";
  } else if (differs(f, WI_STAMP_SHAPE_DIGEST, f->digests.shape)) {
    why = "contract changed";
  } else if (!same_plan) {
    why = "plan changed";
  }
  for (size_t i = 0; why == NULL && i < inputs->n; i++) {
    if (input_moved(f, &inputs->items[i], out)) {
      return;
    }
  }
  if (why == NULL) {
    why = planned && f->plan->is_volatile ? "volatile" : "plan changed";
  }
  snprintf(out, 256, "%s", why);
}
