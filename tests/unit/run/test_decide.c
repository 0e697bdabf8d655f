/* The table of decisions: one row a case, from facts alone. Each begins with a view that was built
 * from two sources and a view and is as it was; the row says what is different. What was decided
 * is then stamped as a run would, and decided again: it must be reused (fault 12). */
#include "run/decide.h"

#include <stdlib.h>

#include "common/test.h"

typedef struct fixture {
  wi_view_facts facts;
  wi_view_plan plan;
  wi_input_fact inputs[4];
  wi_key_input before[4];
  char *scans[4];
  char names[4][32];
  bool by_plan; /* something in the facts asks for planning */
} fixture;

static const wi_pin *pin_of(int64_t version, const char *commit, const char *id) {
  wi_pin pin = {.version = version, .names_files = true};
  pin.uri = wi_strdup("file:///lake/src");
  pin.table_id = wi_strdup(id);
  snprintf(pin.commit_digest, sizeof(pin.commit_digest), "%s", commit);
  return wi_pin_share(&pin);
}

static void set_pin(wi_key_input *input, int64_t version, const char *commit,
                    const char *id) {
  wi_pin_unref(&input->pin);
  input->pin = pin_of(version, commit, id);
}

static void identify(wi_key_input *input, const char *identity) {
  snprintf(input->identity, sizeof(input->identity), "%s", identity);
}

static void set(fixture *f, wi_stamp_text which, const char *text) {
  f->facts.last.stamp.text[which] = text;
}

/* The key that a commit of these inputs would have carried. */
static void stamp_key(fixture *f) {
  static char key[WI_DIGEST_HEX];
  wi_result_key(f->facts.last.stamp.text[WI_STAMP_PLAN_DIGEST], &f->facts,
                &f->facts.last.stamp.inputs, key);
  set(f, WI_STAMP_RESULT_KEY, key);
}

static void add_input(fixture *f, wi_input_what what, const char *name) {
  size_t i = f->facts.n_inputs++;
  wi_key_input *now = &f->inputs[i].now;
  *now = (wi_key_input){.what = what, .name = name, .version = -1};
  identify(now, name);
  f->inputs[i].rows = what == WI_KEY_SOURCE;
  if (what == WI_KEY_SOURCE) {
    now->pin = pin_of(3, "three", "id");
  }
  snprintf(f->names[i], sizeof(f->names[i]), "main.%s", name);
  f->scans[i] = f->names[i];
  f->plan.n_inputs = f->facts.n_inputs;
  f->before[i] = *now;
  (void)wi_pin_ref(now->pin);
  f->facts.last.stamp.inputs.n = f->facts.n_inputs;
}

static void built(fixture *f) {
  static const wi_stamp_text same[] = {
      WI_STAMP_PLANNING_KEY, WI_STAMP_PLAN_DIGEST,    WI_STAMP_FUNCTIONS_DIGEST,
      WI_STAMP_SHAPE_DIGEST, WI_STAMP_GATE_DIGEST,    WI_STAMP_SCHEMA_DIGEST,
      WI_STAMP_VIEW_DIGEST,  WI_STAMP_SETTINGS_DIGEST};
  memset(f, 0, sizeof(*f));
  wi_view_facts *v = &f->facts;
  for (size_t i = 0; i < WI_STAMP_TEXTS; i++) {
    v->last.stamp.text[i] = "";
  }
  for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
    set(f, same[i], "as before");
  }
  v->name = "daily";
  v->settings = v->run_id = "as before";
  v->params = "{\"day\":\"2026-01-02\",\"low\":1}";
  v->chosen = true;
  for (size_t i = 0; i < 4; i++) {
    char *digests[] = {v->digests.planning, v->digests.view, v->digests.shape,
                       v->digests.gate};
    snprintf(digests[i], WI_DIGEST_HEX, "as before");
  }
  snprintf(v->digests.table, WI_DIGEST_HEX, "table");
  v->last.table = v->last.found = true;
  v->last.latest = v->last.version = 5;
  snprintf(v->last.latest_digest, WI_DIGEST_HEX, "latest");
  v->last.stamp.inputs_known = true;
  v->last.stamp.inputs.items = f->before;
  v->inputs = f->inputs;
  set(f, WI_STAMP_PARAMS, v->params);
  set(f, WI_STAMP_RUN_ID, "earlier run");
  add_input(f, WI_KEY_SOURCE, "src");
  add_input(f, WI_KEY_SOURCE, "other");
  add_input(f, WI_KEY_VIEW, "up");
  f->plan.inputs = f->scans;
  snprintf(f->plan.digest, WI_DIGEST_HEX, "as before");
  snprintf(f->plan.functions_digest, WI_DIGEST_HEX, "as before");
  snprintf(f->plan.schema_digest, WI_DIGEST_HEX, "as before");
  stamp_key(f);
}

static void fixture_release(fixture *f) {
  for (size_t i = 0; i < 4; i++) {
    wi_pin_unref(&f->inputs[i].now.pin);
    wi_pin_unref(&f->before[i].pin);
  }
}

/* As wi_pass_decide goes about it. */
static weir_status decide(fixture *f, wi_decision *d, weir_error *err) {
  f->facts.plan = NULL;
  weir_status status = wi_decide(&f->facts, d, err);
  f->by_plan = status == WEIR_OK && d->needs_plan && d->action == WI_ACTION_NONE;
  if (status == WEIR_OK && d->needs_plan) {
    wi_decision_release(d);
    f->facts.plan = &f->plan;
    status = wi_decide(&f->facts, d, err);
  }
  return status;
}

/* ---- what is different ---- */

static void nothing(fixture *f) {
  (void)f;
}
static void no_table(fixture *f) {
  f->facts.last.table = f->facts.last.found = false;
  f->facts.last.latest = f->facts.last.version = -1;
}
static void not_found(fixture *f) {
  f->facts.last.found = false;
}
static void unreadable(fixture *f) {
  f->facts.last.stamp.inputs_known = false;
}
static void force(fixture *f) {
  f->facts.forced = true;
}
static void foreign_rows(fixture *f) {
  f->facts.last.rows = (wi_foreign_seen){true, 6, "spark"};
  f->facts.last.latest = 6;
}
static void foreign_columns(fixture *f) {
  f->facts.last.columns = (wi_foreign_seen){true, 6, "spark"};
}
static void reshaped(fixture *f) {
  foreign_columns(f);
  f->facts.reshaped = true;
}
static void was_volatile(fixture *f) {
  set(f, WI_STAMP_VOLATILE, "1");
  f->plan.is_volatile = true;
}
static void not_chosen(fixture *f) {
  f->facts.chosen = false;
}
static void planning_moved(fixture *f) {
  snprintf(f->facts.digests.planning, WI_DIGEST_HEX, "another");
}
static void plan_moved(fixture *f) {
  planning_moved(f);
  snprintf(f->plan.digest, WI_DIGEST_HEX, "another");
}
static void query_moved(fixture *f) {
  plan_moved(f);
  snprintf(f->facts.digests.view, WI_DIGEST_HEX, "another");
}
static void format_moved(fixture *f) {
  planning_moved(f);
  snprintf(f->facts.digests.view, WI_DIGEST_HEX, "another");
}
static void param_value(fixture *f) {
  plan_moved(f);
  f->facts.params = "{\"day\":\"2026-01-03\",\"low\":1}";
}
static void param_type(fixture *f) {
  plan_moved(f);
  f->facts.params = "{\"day\":\"2026-01-02\",\"low\":\"1\"}";
}
static void param_new(fixture *f) {
  plan_moved(f);
  f->facts.params = "{\"day\":\"2026-01-02\",\"high\":2,\"low\":1}";
}
static void param_gone(fixture *f) {
  plan_moved(f);
  f->facts.params = "{\"low\":1}";
}
static void param_folded_away(fixture *f) {
  planning_moved(f);
  f->facts.params = "{\"day\":\"2026-01-03\",\"low\":1}";
}
static void param_and_query(fixture *f) {
  query_moved(f);
  f->facts.params = "{\"day\":\"2026-01-03\",\"low\":1}";
}
static void functions_moved(fixture *f) {
  plan_moved(f);
  snprintf(f->plan.functions_digest, WI_DIGEST_HEX, "another");
}
static void functions_and_query(fixture *f) {
  functions_moved(f);
  query_moved(f);
}
static void settings_moved(fixture *f) {
  planning_moved(f);
  f->facts.settings = "another";
}
static void settings_and_plan(fixture *f) {
  settings_moved(f);
  plan_moved(f);
}
static void shape_moved(fixture *f) {
  planning_moved(f);
  snprintf(f->facts.digests.shape, WI_DIGEST_HEX, "another");
}
static void shape_alone(fixture *f) {
  snprintf(f->facts.digests.shape, WI_DIGEST_HEX, "another");
}
static void gate_moved(fixture *f) {
  snprintf(f->facts.digests.gate, WI_DIGEST_HEX, "another");
}
static void gate_and_format(fixture *f) {
  gate_moved(f);
  format_moved(f);
}
static void src_moved(fixture *f) {
  set_pin(&f->inputs[0].now, 5, "five", "id");
  identify(&f->inputs[0].now, "src at 5");
}
static void src_back(fixture *f) {
  set_pin(&f->inputs[0].now, 2, "two", "id");
  identify(&f->inputs[0].now, "src at 2");
}
static void src_replaced(fixture *f) {
  set_pin(&f->inputs[0].now, 3, "three", "another id");
  identify(&f->inputs[0].now, "another src");
}
static void src_rewritten(fixture *f) {
  set_pin(&f->inputs[0].now, 3, "other bytes", "id");
  identify(&f->inputs[0].now, "src of other bytes");
}
static void src_replaced_later(fixture *f) {
  set_pin(&f->inputs[0].now, 9, "nine", "another id");
  identify(&f->inputs[0].now, "another src at 9");
}
static void src_maintained(fixture *f) {
  src_moved(f);
  f->inputs[0].maintained = true;
}
static void other_moved(fixture *f) {
  set_pin(&f->inputs[1].now, 4, "four", "id");
  identify(&f->inputs[1].now, "other at 4");
}
static void other_maintained(fixture *f) {
  other_moved(f);
  f->inputs[1].maintained = true;
}
static void up_moved(fixture *f) {
  identify(&f->inputs[2].now, "up anew");
}
static void copy_of_other_files(fixture *f) {
  f->inputs[0].files = WI_FILES_OTHER;
  identify(&f->inputs[0].now, "src with other files");
}
static void new_source(fixture *f) {
  query_moved(f);
  add_input(f, WI_KEY_SOURCE, "third");
  f->facts.last.stamp.inputs.n--;
  snprintf(f->plan.digest, WI_DIGEST_HEX, "as before");
}
static void new_view(fixture *f) {
  query_moved(f);
  add_input(f, WI_KEY_VIEW, "third");
  f->facts.last.stamp.inputs.n--;
  snprintf(f->plan.digest, WI_DIGEST_HEX, "as before");
}
static void renamed_source(fixture *f) {
  format_moved(f);
  f->inputs[0].now.name = "wares";
  snprintf(f->names[0], sizeof(f->names[0]), "main.wares");
}
static void swapped(fixture *f) {
  format_moved(f);
  f->scans[0] = f->names[1];
  f->scans[1] = f->names[0];
}
static void swapped_views(fixture *f) {
  swapped(f);
  plan_moved(f);
}
static void call_of_functions(fixture *f) {
  f->inputs[0].now.what = f->before[0].what = WI_KEY_FUNCTIONS;
  f->inputs[0].rows = false;
  wi_pin_unref(&f->inputs[0].now.pin);
  wi_pin_unref(&f->before[0].pin);
  identify(&f->inputs[0].now, "other functions");
}
static void call_of_a_snapshot(
    fixture *f) { /* its rows tell the version: OPTIMIZE counts */
  src_moved(f);
  f->inputs[0].rows = false;
  f->inputs[0].maintained = true;
}
static void plan_becomes_volatile(fixture *f) {
  query_moved(f);
  f->plan.is_volatile = true;
}
static void volatile_of_one_plan(fixture *f) {
  format_moved(f);
  f->plan.is_volatile = true;
}
static void newer_weir(fixture *f) {
  f->facts.last.stamp.newer = true;
  set(f, WI_STAMP_FORMAT, "2");
}

/* ---- the table ---- */

typedef void (*edit)(fixture *f);
static const struct {
  const char *name;
  edit edits[3];
  wi_action action;
  const char *reason;
} cases[] = {
    /* nothing moved */
    {"as it was", {nothing}, WI_ACTION_REUSE, ""},
    {"another text of the same plan", {format_moved}, WI_ACTION_REUSE, ""},
    {"another planning key alone", {planning_moved}, WI_ACTION_REUSE, ""},
    {"a parameter that the plan does not keep", {param_folded_away}, WI_ACTION_REUSE, ""},
    {"a renamed source", {renamed_source}, WI_ACTION_REUSE, ""},
    {"foreign properties", {foreign_columns}, WI_ACTION_REUSE, ""},
    {"a newer stamp that still holds", {newer_weir}, WI_ACTION_REUSE, ""},
    /* whatever the keys say */
    {"no table", {no_table}, WI_ACTION_FULL, "never built"},
    {"no table, forced", {no_table, force}, WI_ACTION_FULL, "never built"},
    {"no commit of ours", {not_found}, WI_ACTION_FULL, "record lost"},
    {"no commit of ours, foreign rows",
     {not_found, foreign_rows},
     WI_ACTION_FULL,
     "record lost"},
    {"inputs that cannot be read", {unreadable}, WI_ACTION_FULL, "record lost"},
    {"forced", {force}, WI_ACTION_FULL, "forced"},
    {"forced, foreign rows", {force, foreign_rows}, WI_ACTION_FULL, "forced"},
    {"forced, all moved", {force, src_moved, plan_moved}, WI_ACTION_FULL, "forced"},
    {"foreign rows", {foreign_rows}, WI_ACTION_FULL, "foreign commit"},
    {"foreign rows and columns",
     {foreign_rows, reshaped},
     WI_ACTION_FULL,
     "foreign commit"},
    {"foreign columns", {reshaped}, WI_ACTION_FULL, "foreign commit"},
    {"foreign columns, another contract",
     {reshaped, gate_moved},
     WI_ACTION_FULL,
     "foreign commit"},
    {"foreign rows, moved input",
     {foreign_rows, src_moved},
     WI_ACTION_FULL,
     "foreign commit"},
    {"it was volatile", {was_volatile}, WI_ACTION_FULL, "volatile"},
    {"it was volatile, foreign rows",
     {was_volatile, foreign_rows},
     WI_ACTION_FULL,
     "foreign commit"},
    {"it becomes volatile", {plan_becomes_volatile}, WI_ACTION_FULL, "plan changed"},
    {"volatile by a plan of one digest",
     {volatile_of_one_plan},
     WI_ACTION_FULL,
     "volatile"},
    /* the query */
    {"another query", {query_moved}, WI_ACTION_FULL, "plan changed"},
    {"another plan of the same text", {plan_moved}, WI_ACTION_FULL, "plan changed"},
    {"another query, moved input",
     {query_moved, src_moved},
     WI_ACTION_FULL,
     "plan changed"},
    {"inputs in another order", {swapped}, WI_ACTION_FULL, "plan changed"},
    {"another plan over them in another order",
     {swapped_views},
     WI_ACTION_FULL,
     "plan changed"},
    {"another value", {param_value}, WI_ACTION_FULL, "parameter day changed"},
    {"another type of a value", {param_type}, WI_ACTION_FULL, "parameter low changed"},
    {"a new parameter", {param_new}, WI_ACTION_FULL, "parameter high changed"},
    {"a parameter less", {param_gone}, WI_ACTION_FULL, "plan changed"},
    {"a value and the query", {param_and_query}, WI_ACTION_FULL, "plan changed"},
    {"a value and a moved input",
     {param_value, src_moved},
     WI_ACTION_FULL,
     "parameter day changed"},
    {"another function", {functions_moved}, WI_ACTION_FULL, "functions changed"},
    {"another function and the query",
     {functions_and_query},
     WI_ACTION_FULL,
     "plan changed"},
    {"a value and a function",
     {param_value, functions_moved},
     WI_ACTION_FULL,
     "parameter day changed"},
    {"another setting", {settings_moved}, WI_ACTION_FULL, "settings changed"},
    {"another setting and plan", {settings_and_plan}, WI_ACTION_FULL, "settings changed"},
    {"another setting and shape",
     {settings_moved, shape_moved},
     WI_ACTION_FULL,
     "settings changed"},
    /* the contract */
    {"another shape", {shape_moved}, WI_ACTION_FULL, "contract changed"},
    {"another shape, planned as before",
     {shape_alone},
     WI_ACTION_FULL,
     "contract changed"},
    {"another shape and plan",
     {shape_moved, plan_moved},
     WI_ACTION_FULL,
     "contract changed"},
    {"another shape and gate",
     {shape_moved, gate_moved},
     WI_ACTION_FULL,
     "contract changed"},
    {"another gate", {gate_moved}, WI_ACTION_ADJUST, "contract changed"},
    {"another gate and text", {gate_and_format}, WI_ACTION_ADJUST, "contract changed"},
    {"another gate and query", {gate_moved, query_moved}, WI_ACTION_FULL, "plan changed"},
    {"another gate and moved input",
     {gate_moved, src_moved},
     WI_ACTION_FULL,
     "input src moved from version 3 to 5"},
    {"another gate and a maintained input",
     {gate_moved, src_maintained},
     WI_ACTION_ADJUST,
     "contract changed"},
    {"another gate and two maintained inputs",
     {gate_moved, src_maintained, other_maintained},
     WI_ACTION_ADJUST,
     "contract changed"},
    {"another gate, forced", {gate_moved, force}, WI_ACTION_FULL, "forced"},
    /* inputs */
    {"a moved source",
     {src_moved},
     WI_ACTION_FULL,
     "input src moved from version 3 to 5"},
    {"a source at an older version",
     {src_back},
     WI_ACTION_FULL,
     "input src moved from version 3 to 2"},
    {"two moved sources",
     {src_moved, other_moved},
     WI_ACTION_FULL,
     "input src moved from version 3 to 5"},
    {"the second source",
     {other_moved},
     WI_ACTION_FULL,
     "input other moved from version 3 to 4"},
    {"another table id", {src_replaced}, WI_ACTION_FULL, "input src is another table"},
    {"another table id at another version",
     {src_replaced_later},
     WI_ACTION_FULL,
     "input src is another table"},
    {"other bytes at one version",
     {src_rewritten},
     WI_ACTION_FULL,
     "input src is another table"},
    {"other files under one commit",
     {copy_of_other_files},
     WI_ACTION_FULL,
     "input src is another table"},
    {"a maintained source", {src_maintained}, WI_ACTION_REUSE, "maintained"},
    {"two maintained sources",
     {src_maintained, other_maintained},
     WI_ACTION_REUSE,
     "maintained"},
    {"a maintained source and another text",
     {src_maintained, format_moved},
     WI_ACTION_REUSE,
     "maintained"},
    {"a maintained and a moved one",
     {src_maintained, other_moved},
     WI_ACTION_FULL,
     "input other moved from version 3 to 4"},
    {"a maintained one and an upstream",
     {src_maintained, up_moved},
     WI_ACTION_FULL,
     "upstream up changed"},
    {"a maintained one and another query",
     {src_maintained, query_moved},
     WI_ACTION_FULL,
     "plan changed"},
    {"a maintained one and foreign rows",
     {src_maintained, foreign_rows},
     WI_ACTION_FULL,
     "foreign commit"},
    {"a snapshot of a maintained one",
     {call_of_a_snapshot},
     WI_ACTION_FULL,
     "input src moved from version 3 to 5"},
    {"functions as an input", {call_of_functions}, WI_ACTION_FULL, "functions changed"},
    {"an upstream", {up_moved}, WI_ACTION_FULL, "upstream up changed"},
    {"a moved source and an upstream",
     {src_moved, up_moved},
     WI_ACTION_FULL,
     "input src moved from version 3 to 5"},
    {"a new source", {new_source}, WI_ACTION_FULL, "input third is new"},
    {"a new upstream", {new_view}, WI_ACTION_FULL, "upstream third changed"},
    /* not chosen: it stands, however stale */
    {"not chosen", {not_chosen}, WI_ACTION_STAND, ""},
    {"not chosen, moved",
     {not_chosen, src_moved},
     WI_ACTION_STAND,
     "input src moved from version 3 to 5"},
    {"not chosen, forced", {not_chosen, force}, WI_ACTION_STAND, ""},
    {"not chosen, another gate",
     {not_chosen, gate_moved},
     WI_ACTION_STAND,
     "contract changed"},
    {"not chosen, foreign rows",
     {not_chosen, foreign_rows},
     WI_ACTION_STAND,
     "foreign commit"},
    {"not chosen, foreign columns",
     {not_chosen, reshaped},
     WI_ACTION_STAND,
     "foreign commit"},
    {"not chosen, volatile", {not_chosen, was_volatile}, WI_ACTION_STAND, "volatile"},
    {"not chosen, record lost", {not_chosen, not_found}, WI_ACTION_STAND, "record lost"},
    {"not chosen, of a newer weir",
     {not_chosen, newer_weir, src_moved},
     WI_ACTION_STAND,
     "input src moved from version 3 to 5"},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void make(fixture *f, size_t i) {
  built(f);
  for (size_t k = 0; k < 3 && cases[i].edits[k] != NULL; k++) {
    cases[i].edits[k](f);
  }
}

WT_TEST(every_case_is_decided_and_explained) {
  WT_CHECK(CASES >= 60);
  for (size_t i = 0; i < CASES; i++) {
    weir_error err = WEIR_ERROR_INIT;
    fixture f;
    wi_decision d;
    make(&f, i);
    if (decide(&f, &d, &err) != WEIR_OK) {
      wt_fail(__FILE__, __LINE__, "%s: %s", cases[i].name, err.message);
      return;
    }
    if (d.action != cases[i].action || strcmp(d.reason, cases[i].reason) != 0) {
      wt_fail(__FILE__, __LINE__, "%s: %s '%s', not %s '%s'", cases[i].name,
              wi_action_name(d.action), d.reason, wi_action_name(cases[i].action),
              cases[i].reason);
      return;
    }
    WT_CHECK(d.action == WI_ACTION_STAND || d.result_key[0] != '\0');
    WT_CHECK(d.identity[0] != '\0');
    wi_decision_release(&d);
    fixture_release(&f);
  }
}

/* What is stamped is the list that the key was made of. */
WT_TEST(the_key_is_that_of_the_decided_list) {
  for (size_t i = 0; i < CASES; i++) {
    weir_error err = WEIR_ERROR_INIT;
    char key[WI_DIGEST_HEX];
    fixture f;
    wi_decision d;
    make(&f, i);
    WT_OK(decide(&f, &d, &err));
    wi_result_key(d.plan_digest, &f.facts, &d.inputs, key);
    WT_EQ_STR(d.result_key, key);
    wi_decision_release(&d);
    fixture_release(&f);
  }
}

/* The commit that follows from a decision, and then the next run over the same inputs. */
static void stamp_decision(fixture *f, const wi_decision *d) {
  wi_last *last = &f->facts.last;
  for (size_t i = 0; i < 4; i++) {
    wi_pin_unref(&f->before[i].pin);
  }
  for (size_t i = 0; i < d->inputs.n; i++) {
    f->before[i] = d->inputs.items[i];
    (void)wi_pin_ref(f->before[i].pin);
  }
  last->stamp.inputs.n = d->inputs.n;
  last->table = last->found = last->stamp.inputs_known = true;
  last->rows.any = last->columns.any = f->facts.reshaped = f->facts.forced = false;
  set(f, WI_STAMP_PLANNING_KEY, f->facts.digests.planning);
  set(f, WI_STAMP_PLAN_DIGEST, f->plan.digest);
  set(f, WI_STAMP_FUNCTIONS_DIGEST, f->plan.functions_digest);
  set(f, WI_STAMP_SETTINGS_DIGEST, f->facts.settings);
  set(f, WI_STAMP_SHAPE_DIGEST, f->facts.digests.shape);
  set(f, WI_STAMP_GATE_DIGEST, f->facts.digests.gate);
  set(f, WI_STAMP_VIEW_DIGEST, f->facts.digests.view);
  set(f, WI_STAMP_PARAMS, f->facts.params);
  set(f, WI_STAMP_RESULT_KEY, d->result_key);
  for (size_t i = 0; i < f->facts.n_inputs; i++) {
    f->inputs[i].maintained = false;
    f->inputs[i].files = WI_FILES_SAME; /* compared with what is recorded now */
  }
}

WT_TEST(what_was_built_is_reused_by_the_next_run) {
  for (size_t i = 0; i < CASES; i++) {
    weir_error err = WEIR_ERROR_INIT;
    fixture f;
    wi_decision d, next;
    make(&f, i);
    WT_OK(decide(&f, &d, &err));
    if ((d.action == WI_ACTION_FULL || d.action == WI_ACTION_ADJUST) &&
        !f.plan.is_volatile) {
      stamp_decision(&f, &d);
      WT_OK(decide(&f, &next, &err));
      if (next.action != WI_ACTION_REUSE || next.reason[0] != '\0' ||
          strcmp(next.result_key, d.result_key) != 0) {
        wt_fail(__FILE__, __LINE__, "%s: the next run says %s '%s'", cases[i].name,
                wi_action_name(next.action), next.reason);
        return;
      }
      WT_CHECK(!f.by_plan);
      wi_decision_release(&next);
    }
    wi_decision_release(&d);
    fixture_release(&f);
  }
}

/* ---- fault 12, step by step ---- */

WT_TEST(maintenance_of_one_input_and_rows_in_another) {
  weir_error err = WEIR_ERROR_INIT;
  fixture f, plain;
  wi_decision d, next, there;
  built(&f);
  src_maintained(&f);
  other_moved(&f);
  WT_OK(decide(&f, &d, &err));
  WT_EQ_STR(d.reason, "input other moved from version 3 to 4");
  /* Another machine, which never saw the older version, comes to the same key. */
  built(&plain);
  src_moved(&plain);
  other_moved(&plain);
  no_table(&plain);
  WT_OK(decide(&plain, &there, &err));
  WT_EQ_STR(d.result_key, there.result_key);
  stamp_decision(&f, &d);
  WT_OK(decide(&f, &next, &err));
  WT_EQ_INT(next.action, WI_ACTION_REUSE);
  wi_decision_release(&d);
  wi_decision_release(&next);
  wi_decision_release(&there);
  fixture_release(&f);
  fixture_release(&plain);
}

/* An adjust keeps the key although an input was maintained; consumers see no other view. */
WT_TEST(an_adjust_over_a_maintained_input_keeps_the_key) {
  weir_error err = WEIR_ERROR_INIT;
  fixture f;
  wi_decision d, next;
  built(&f);
  gate_moved(&f);
  src_maintained(&f);
  WT_OK(decide(&f, &d, &err));
  WT_EQ_INT(d.action, WI_ACTION_ADJUST);
  WT_EQ_STR(d.result_key, f.facts.last.stamp.text[WI_STAMP_RESULT_KEY]);
  WT_EQ_STR(d.inputs.items[0].identity, "src");
  WT_EQ_INT(d.inputs.items[0].pin->version, 5);
  stamp_decision(&f, &d);
  /* and it is maintained once more */
  set_pin(&f.inputs[0].now, 6, "six", "id");
  identify(&f.inputs[0].now, "src at 6");
  f.inputs[0].maintained = true;
  WT_OK(decide(&f, &next, &err));
  WT_EQ_INT(next.action, WI_ACTION_REUSE);
  WT_EQ_STR(next.reason, "maintained");
  wi_decision_release(&d);
  wi_decision_release(&next);
  fixture_release(&f);
}

/* ---- consumers ---- */

static weir_status identity_after(edit one, edit two, char out[WI_DIGEST_HEX]) {
  weir_error err = WEIR_ERROR_INIT;
  fixture f;
  wi_decision d;
  built(&f);
  one(&f);
  two(&f);
  weir_status status = decide(&f, &d, &err);
  snprintf(out, WI_DIGEST_HEX, "%s", d.identity);
  wi_decision_release(&d);
  fixture_release(&f);
  weir_error_release(&err);
  return status;
}

static void this_run(fixture *f) {
  f->facts.run_id = "this run";
}

WT_TEST(consumers_see_what_they_read) {
  char as_it_was[WI_DIGEST_HEX], a[WI_DIGEST_HEX], b[WI_DIGEST_HEX];
  WT_EQ_INT(identity_after(nothing, nothing, as_it_was), WEIR_OK);
  /* the same rows */
  static const edit same[][2] = {
      {format_moved, nothing}, {src_maintained, nothing}, {gate_moved, nothing},
      {force, nothing},        {foreign_rows, nothing},   {reshaped, nothing},
      {not_chosen, nothing},   {not_chosen, src_moved},   {not_chosen, query_moved},
      {no_table, nothing},     {force, src_maintained},   {foreign_rows, src_maintained}};
  for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
    WT_EQ_INT(identity_after(same[i][0], same[i][1], a), WEIR_OK);
    if (strcmp(a, as_it_was) != 0) {
      wt_fail(__FILE__, __LINE__, "case %zu gives another identity", i);
      return;
    }
  }
  /* other rows */
  static const edit other[][2] = {
      {src_moved, nothing},           {query_moved, nothing},
      {not_chosen, foreign_rows},     {not_chosen, reshaped},
      {not_chosen, was_volatile},     {was_volatile, nothing},
      {copy_of_other_files, nothing}, {not_chosen, not_found}};
  for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
    WT_EQ_INT(identity_after(other[i][0], other[i][1], a), WEIR_OK);
    WT_CHECK(strcmp(a, as_it_was) != 0);
  }
  WT_EQ_INT(identity_after(was_volatile, nothing, a), WEIR_OK);
  WT_EQ_INT(identity_after(was_volatile, this_run, b), WEIR_OK);
  WT_CHECK(strcmp(a, b) != 0); /* each build is another input */
}

WT_TEST(two_tables_with_one_last_commit_have_two_keys_in_both_directions) {
  weir_error err = WEIR_ERROR_INIT;
  fixture f;
  wi_decision d, back;
  built(&f);
  char first[WI_DIGEST_HEX];
  snprintf(first, sizeof(first), "%s", f.facts.last.stamp.text[WI_STAMP_RESULT_KEY]);
  copy_of_other_files(&f);
  WT_OK(decide(&f, &d, &err));
  WT_CHECK(strcmp(d.result_key, first) != 0);
  stamp_decision(&f, &d);
  f.inputs[0].files = WI_FILES_OTHER;
  identify(&f.inputs[0].now, "src with the first files");
  WT_OK(decide(&f, &back, &err));
  WT_EQ_INT(back.action, WI_ACTION_FULL);
  WT_CHECK(strcmp(back.result_key, d.result_key) != 0);
  wi_decision_release(&d);
  wi_decision_release(&back);
  fixture_release(&f);
}

/* ---- refused ---- */

WT_TEST(what_cannot_be_decided_is_an_error) {
  static const struct {
    edit edits[2];
    weir_status code;
  } refused[] = {{{not_chosen, no_table}, WEIR_E_UPSTREAM_UNBUILT},
                 {{newer_weir, src_moved}, WEIR_E_NOT_OURS},
                 {{newer_weir, gate_moved}, WEIR_E_NOT_OURS},
                 {{newer_weir, force}, WEIR_E_NOT_OURS}};
  for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
    weir_error err = WEIR_ERROR_INIT;
    fixture f;
    wi_decision d;
    built(&f);
    refused[i].edits[0](&f);
    refused[i].edits[1](&f);
    WT_EQ_INT(decide(&f, &d, &err), refused[i].code);
    WT_CHECK(d.inputs.items == NULL);
    weir_error_release(&err);
    fixture_release(&f);
  }
}

WT_TEST(a_plan_that_scans_what_nobody_named_is_a_bug) {
  weir_error err = WEIR_ERROR_INIT;
  fixture f;
  wi_decision d;
  built(&f);
  planning_moved(&f);
  snprintf(f.names[2], sizeof(f.names[2]), "main.nobody");
  WT_EQ_INT(decide(&f, &d, &err), WEIR_E_BUG);
  weir_error_release(&err);
  fixture_release(&f);
}

/* Planning is asked for only where the keys do not tell. */
WT_TEST(what_stands_is_not_planned) {
  static const edit unplanned[] = {nothing, src_maintained, foreign_columns},
                    planned[] = {planning_moved, force, no_table, foreign_rows};
  for (size_t i = 0; i < sizeof(unplanned) / sizeof(unplanned[0]); i++) {
    weir_error err = WEIR_ERROR_INIT;
    fixture f;
    wi_decision d;
    built(&f);
    unplanned[i](&f);
    WT_OK(wi_decide(&f.facts, &d, &err));
    WT_CHECK(!d.needs_plan && d.action == WI_ACTION_REUSE);
    wi_decision_release(&d);
    fixture_release(&f);
  }
  for (size_t i = 0; i < sizeof(planned) / sizeof(planned[0]); i++) {
    weir_error err = WEIR_ERROR_INIT;
    fixture f;
    wi_decision d;
    built(&f);
    planned[i](&f);
    WT_OK(wi_decide(&f.facts, &d, &err));
    WT_CHECK(d.needs_plan && d.action == WI_ACTION_NONE);
    wi_decision_release(&d);
    fixture_release(&f);
  }
}
