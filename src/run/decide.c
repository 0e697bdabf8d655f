/* Reuse, adjust or full: from keys, with planning only where the planning key moved. */
#include "run/decide.h"

#include <string.h>

#include "project/project.h"

#define WI_ORIGIN "run"

const char *wi_action_name(wi_action action) {
  static const char *const names[] = {"none", "reuse", "full", "adjust", "stand"};
  return names[action];
}

void wi_result_key(const char *plan_digest, const wi_view_facts *facts,
                   const wi_key_inputs *inputs, char out[WI_DIGEST_HEX]) {
  wi_digest d;
  wi_digest_begin(&d, "weir.result");
  wi_digest_text(&d, plan_digest);
  wi_digest_text(&d, facts->settings);
  wi_digest_text(&d, facts->digests.shape);
  wi_digest_u64(&d, inputs->n);
  for (size_t i = 0; i < inputs->n; i++) {
    wi_digest_text(&d, inputs->items[i].identity);
  }
  wi_digest_end_hex(&d, out);
}

/* ---- inputs ---- */

/* How much of what moved an input is forgiven. */
typedef enum mercy { MERCY_NONE, MERCY_MAINTENANCE } mercy;

const char *wi_last_text(const wi_view_facts *f, wi_stamp_text which) {
  const char *t = f->last.stamp.text[which];
  return t != NULL ? t : "";
}

/* What the key holds of it. Where the pin and the files are the recorded ones, so is the identity: it
 * may be that of an older version that only maintenance moved. */
static bool settle_input(const wi_input_fact *fact, const wi_key_input *recorded,
                         mercy how, wi_key_input *out) {
  *out = fact->now;
  (void)wi_pin_ref(out->pin);
  if (!fact->rows || recorded == NULL) {
    return false;
  }
  if (wi_pin_same(recorded->pin, fact->now.pin)) {
    if (fact->files == WI_FILES_SAME) {
      memcpy(out->identity, recorded->identity, sizeof(out->identity));
    }
    return false;
  }
  bool forgiven = how == MERCY_MAINTENANCE && fact->maintained;
  if (forgiven) {
    memcpy(out->identity, recorded->identity, sizeof(out->identity));
  }
  return forgiven;
}

static const wi_input_fact *find_fact(const wi_view_facts *f, const char *name) {
  for (size_t i = 0; i < f->n_inputs; i++) {
    if (strcmp(f->inputs[i].now.name, name) == 0) {
      return &f->inputs[i];
    }
  }
  return NULL;
}

/* The inputs by ordinal: those of the plan, else those that the last result was made of. */
static weir_status list_inputs(const wi_view_facts *f, mercy how, wi_key_inputs *out,
                               bool *forgiven, weir_error *err) {
  const wi_key_inputs *before = &f->last.stamp.inputs;
  size_t n = f->plan != NULL ? f->plan->n_inputs : before->n;
  *forgiven = false;
  WI_TRY(wi_key_inputs_alloc(out, n, err));
  for (size_t i = 0; i < n; i++) {
    const char *name =
        f->plan != NULL ? wi_input_plain(f->plan->inputs[i]) : before->items[i].name;
    const wi_input_fact *fact = name != NULL ? find_fact(f, name) : NULL;
    if (fact == NULL) {
      out->n = i;
      return WI_ERR(err, WEIR_E_BUG, "the plan scans '%s', which the SQL does not name",
                    f->plan != NULL ? f->plan->inputs[i] : before->items[i].name);
    }
    *forgiven =
        settle_input(fact, wi_key_inputs_find(before, name), how, &out->items[i]) ||
        *forgiven;
  }
  return WEIR_OK;
}

/* ---- the decision ---- */

static void decide(wi_decision *d, wi_action action, const char *reason) {
  d->action = action;
  snprintf(d->reason, sizeof(d->reason), "%s", reason);
}

/* Why it must be full whatever the keys say; NULL if nothing forces it. */
static const char *forced_reason(const wi_view_facts *f) {
  const wi_last *last = &f->last;
  if (!last->table) {
    return "never built";
  }
  if (!last->found || !last->stamp.inputs_known) {
    return "record lost";
  }
  if (f->forced && f->chosen) {
    return "forced";
  }
  if (last->rows.any || f->reshaped) {
    return "foreign commit";
  }
  return strcmp(wi_last_text(f, WI_STAMP_VOLATILE), "1") == 0 ? "volatile" : NULL;
}

/* The rows stand; does what the header promises of them stand too? */
static void decide_kept(const wi_view_facts *f, bool forgiven, wi_decision *d) {
  if (strcmp(f->digests.gate, wi_last_text(f, WI_STAMP_GATE_DIGEST)) != 0) {
    decide(d, WI_ACTION_ADJUST, "contract changed");
    d->needs_plan = true;
  } else {
    decide(d, WI_ACTION_REUSE, forgiven ? "maintained" : "");
  }
}

/* The last key is made again of the inputs as they are. If it comes out, the rows stand, or are
 * made again under the same key; else the new key is made of what the inputs are now, with nothing
 * forgiven, so that every machine comes to the same one. */
static weir_status decide_by_key(const wi_view_facts *f, const char *forced,
                                 wi_decision *d, weir_error *err) {
  wi_key_inputs now = {0};
  bool forgiven = false, ignored = false;
  bool is_volatile = f->plan != NULL && f->plan->is_volatile;
  WI_TRY(list_inputs(f, MERCY_MAINTENANCE, &d->inputs, &forgiven, err));
  wi_result_key(d->plan_digest, f, &d->inputs, d->result_key);
  bool same = strcmp(d->result_key, wi_last_text(f, WI_STAMP_RESULT_KEY)) == 0;
  if (forced == NULL && !is_volatile && same) {
    decide_kept(f, forgiven, d);
    return WEIR_OK;
  }
  d->action = WI_ACTION_FULL;
  d->needs_plan = true;
  if (forced != NULL) {
    decide(d, WI_ACTION_FULL, forced);
  } else {
    wi_decide_reason(f, &d->inputs, d->reason);
  }
  if (same) {
    return WEIR_OK;
  }
  weir_status status = list_inputs(f, MERCY_NONE, &now, &ignored, err);
  wi_key_inputs_release(&d->inputs);
  d->inputs = now;
  wi_result_key(d->plan_digest, f, &d->inputs, d->result_key);
  return status;
}

/* ---- what consumers see ---- */

/* Every build of a volatile view is another input. */
static void volatile_identity(const char *result_key, const char *run_id,
                              char out[WI_DIGEST_HEX]) {
  wi_digest d;
  wi_digest_begin(&d, "weir.volatile");
  wi_digest_text(&d, result_key);
  wi_digest_text(&d, run_id);
  wi_digest_end_hex(&d, out);
}

/* Foreign rows on top of a result are another input. */
static void stand_identity(const wi_view_facts *f, char out[WI_DIGEST_HEX]) {
  const wi_last *last = &f->last;
  wi_digest d;
  if (last->rows.any || !last->found || f->reshaped) {
    wi_digest_begin(&d, "weir.foreign");
    wi_digest_u64(&d, (uint64_t)last->latest);
    wi_digest_text(&d, last->latest_digest);
    wi_digest_end_hex(&d, out);
  } else if (strcmp(wi_last_text(f, WI_STAMP_VOLATILE), "1") == 0) {
    volatile_identity(wi_last_text(f, WI_STAMP_RESULT_KEY),
                      wi_last_text(f, WI_STAMP_RUN_ID), out);
  } else {
    snprintf(out, WI_DIGEST_HEX, "%s", wi_last_text(f, WI_STAMP_RESULT_KEY));
  }
}

/* Not chosen: read as it stands. */
static weir_status stand(const wi_view_facts *f, wi_decision *d, weir_error *err) {
  if (!f->last.table) {
    wi_err_hint(err,
                "select it too: --select %s, or +NAME for a view with all that it reads",
                f->name);
    return WI_ERR(err, WEIR_E_UPSTREAM_UNBUILT,
                  "the view '%s' is not selected and was never built", f->name);
  }
  d->stale = d->action == WI_ACTION_FULL;
  d->action = WI_ACTION_STAND;
  d->needs_plan = false;
  memcpy(d->schema_digest, f->digests.table, sizeof(d->schema_digest));
  stand_identity(f, d->identity);
  return WEIR_OK;
}

static weir_status refuse_newer(const wi_view_facts *f, weir_error *err) {
  wi_err_hint(err, "run the weir that wrote it, or give this project another warehouse");
  return WI_ERR(err, WEIR_E_NOT_OURS,
                "version %lld of the table of '%s' was written by a weir to come "
                "(weir.format %s), and is not written over",
                (long long)f->last.version, f->name, wi_last_text(f, WI_STAMP_FORMAT));
}

weir_status wi_decide(const wi_view_facts *f, wi_decision *d, weir_error *err) {
  weir_status status = WEIR_OK;
  memset(d, 0, sizeof(*d));
  const char *forced = forced_reason(f);
  bool planned = f->plan != NULL;
  if (!planned &&
      (forced != NULL ||
       strcmp(f->digests.planning, wi_last_text(f, WI_STAMP_PLANNING_KEY)) != 0)) {
    d->needs_plan = true;
    return WEIR_OK;
  }
  snprintf(d->plan_digest, sizeof(d->plan_digest), "%s",
           planned ? f->plan->digest : wi_last_text(f, WI_STAMP_PLAN_DIGEST));
  snprintf(d->schema_digest, sizeof(d->schema_digest), "%s",
           planned ? f->plan->schema_digest : wi_last_text(f, WI_STAMP_SCHEMA_DIGEST));
  WI_CHECK(decide_by_key(f, forced, d, err));
  if (!f->chosen) {
    WI_CHECK(stand(f, d, err));
    goto done;
  }
  if (d->action != WI_ACTION_REUSE && f->last.found && f->last.stamp.newer) {
    status = refuse_newer(f, err);
    goto done;
  }
  if (planned && f->plan->is_volatile) {
    volatile_identity(d->result_key, f->run_id, d->identity);
  } else {
    memcpy(d->identity, d->result_key, sizeof(d->identity));
  }
done:
  if (status != WEIR_OK) {
    wi_decision_release(d);
  }
  return status;
}

void wi_decision_release(wi_decision *d) {
  wi_key_inputs_release(&d->inputs);
  memset(d, 0, sizeof(*d));
}
