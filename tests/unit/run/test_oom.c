/* Stamps and decisions while every allocation fails once in turn: each says so, and leaks nothing. */
#include "common/oom.h"
#include "common/test.h"
#include "run/decide.h"

/* false: a failure was taken for a success. */
static bool told(weir_status status) {
  return status == WEIR_OK ? !oom_hit() : status == WEIR_E_NO_MEMORY;
}

static bool exhaust(bool (*body)(void), int *rounds) {
  for (*rounds = 0; *rounds < 1000; (*rounds)++) {
    oom_fail(*rounds);
    bool good = body();
    oom_stop();
    if (!good || !oom_hit()) {
      return good;
    }
  }
  return false;
}

static const wi_pin *make_pin(void) {
  long kept = atomic_exchange(&oom_left, -1);
  wi_pin pin = {.version = 3, .names_files = true};
  pin.uri = wi_strdup("file:///lake/src");
  pin.table_id = wi_strdup("id");
  pin.reader_features = wi_strdup("");
  pin.writer_features = wi_strdup("");
  const wi_pin *shared = wi_pin_share(&pin);
  atomic_store(&oom_left, kept);
  return shared;
}

/* ---- stamps ---- */

static bool write_stamp(void) {
  static const wi_pairs none = {0};
  wi_key_input input = {.what = WI_KEY_SOURCE, .name = "src", .pin = make_pin()};
  wi_stamp s = {.inputs = {&input, 1}};
  wi_info info;
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = wi_stamp_write(&s, &none, &info, &err);
  wi_info_release(&info);
  weir_error_release(&err);
  wi_pin_unref(&input.pin);
  return told(status);
}

static wi_commit commit;

static bool read_stamp(void) {
  wi_stamp s;
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = wi_stamp_read(&commit, &s, &err);
  bool whole = status != WEIR_OK || (s.inputs_known && s.inputs.n == 1);
  wi_stamp_release(&s);
  weir_error_release(&err);
  return whole && told(status);
}

WT_TEST(stamps) {
  static const char text[] =
      "{\"commitInfo\":{\"weir.inputs\":\"[{\\\"name\\\":\\\"src\\\",\\\"kind\\\":"
      "\\\"source\\\",\\\"identity\\\":\\\"i\\\",\\\"uri\\\":\\\"u\\\",\\\"table_id\\\":"
      "\\\"t\\\",\\\"version\\\":1,\\\"commit_digest\\\":\\\"c\\\",\\\"schema_digest\\\":"
      "\\\"s\\\",\\\"min_reader\\\":1,\\\"min_writer\\\":2,\\\"reader_features\\\":"
      "\\\"\\\","
      "\\\"writer_features\\\":\\\"\\\"}]\"}}\n";
  weir_error err = WEIR_ERROR_INIT;
  int rounds = 0;
  WT_OK(wi_commit_parse(0, text, sizeof(text) - 1, &commit, &err));
  WT_CHECK(exhaust(read_stamp, &rounds) && rounds > 4);
  wi_commit_release(&commit);
  WT_CHECK(exhaust(write_stamp, &rounds) && rounds > 4);
}

/* ---- decisions ---- */

static bool decide(void) {
  static wi_view_plan plan;
  static char scan[] = "main.src", *scans[] = {scan};
  wi_input_fact inputs[1] = {{.rows = true}};
  wi_view_facts f = {.name = "v",
                     .settings = "s",
                     .run_id = "r",
                     .params = "{}",
                     .chosen = true,
                     .inputs = inputs,
                     .n_inputs = 1,
                     .plan = &plan};
  wi_decision d;
  weir_error err = WEIR_ERROR_INIT;
  plan.inputs = scans;
  plan.n_inputs = 1;
  inputs[0].now = (wi_key_input){.what = WI_KEY_SOURCE, .name = "src", .pin = make_pin()};
  weir_status status = wi_decide(&f, &d, &err);
  bool full = status != WEIR_OK || d.action == WI_ACTION_FULL;
  wi_decision_release(&d);
  weir_error_release(&err);
  wi_pin_unref(&inputs[0].now.pin);
  return full && told(status);
}

WT_TEST(decisions) {
  int rounds = 0;
  WT_CHECK(exhaust(decide, &rounds) && rounds >= 2);
}
