/* Stamps: what is written is what is read, and what a weir to come writes is known to be that. */
#include "run/stamp.h"

#include <stdlib.h>

#include "common/test.h"

static const wi_pin *pin_of(int64_t version, const char *id) {
  wi_pin pin = {.version = version, .min_reader = 1, .min_writer = 7};
  pin.uri = wi_strdup("file:///lake/src");
  pin.table_id = wi_strdup(id);
  pin.reader_features = wi_strdup("");
  pin.writer_features = wi_strdup("appendOnly,invariants");
  memset(pin.commit_digest, 'c', WI_DIGEST_HEX - 1);
  memset(pin.schema_digest, 's', WI_DIGEST_HEX - 1);
  return wi_pin_share(&pin);
}

static void fill_inputs(wi_key_inputs *in) {
  if (wi_key_inputs_alloc(in, 3, NULL) != WEIR_OK) {
    abort();
  }
  in->items[0] = (wi_key_input){.what = WI_KEY_SOURCE, .name = "src", .version = -1};
  in->items[0].pin = pin_of(INT64_C(1) << 40, "id \"quoted\" ü");
  snprintf(in->items[0].identity, WI_DIGEST_HEX, "one");
  snprintf(in->items[0].state, WI_DIGEST_HEX, "files");
  in->items[1] = (wi_key_input){.what = WI_KEY_FUNCTIONS, .name = "udf_docs()"};
  snprintf(in->items[1].identity, WI_DIGEST_HEX, "two");
  in->items[2] = (wi_key_input){.what = WI_KEY_VIEW, .name = "up", .version = 41};
  snprintf(in->items[2].identity, WI_DIGEST_HEX, "three");
}

/* The pairs as a commit has them, with texts of the caller's instead of some. */
static weir_status commit_of(const wi_info *info, const char *key, const char *instead,
                             wi_commit *out, weir_error *err) {
  wi_buf bytes = WI_BUF_INIT;
  wi_json j;
  wi_json_begin(&j, &bytes);
  wi_json_object(&j);
  wi_json_key(&j, "commitInfo");
  wi_json_object(&j);
  for (size_t i = 0; i < info->n; i++) {
    bool other = key != NULL && strcmp(info->pairs[i].key, key) == 0;
    wi_json_kt(&j, info->pairs[i].key, other ? instead : info->pairs[i].value);
  }
  wi_json_object_end(&j);
  wi_json_object_end(&j);
  weir_status status = wi_commit_parse(0, bytes.p, bytes.n, out, err);
  wi_buf_release(&bytes);
  return status;
}

static weir_status write_one(wi_info *info, weir_error *err) {
  static const char *keys[] = {"team"}, *values[] = {"blue"};
  const wi_pairs own = {keys, values, 1};
  static char texts[WI_STAMP_TEXTS][16];
  wi_stamp s = {0};
  for (size_t i = 0; i < WI_STAMP_TEXTS; i++) {
    snprintf(texts[i], sizeof(texts[i]), "text %zu", i);
    s.text[i] = texts[i];
  }
  s.text[WI_STAMP_PROJECT] = "shop";
  s.text[WI_STAMP_VIEW] = "daily";
  fill_inputs(&s.inputs);
  weir_status status = wi_stamp_write(&s, &own, info, err);
  wi_stamp_release(&s);
  return status;
}

WT_TEST(what_is_written_is_read) {
  weir_error err = WEIR_ERROR_INIT;
  wi_info info;
  wi_commit commit;
  wi_stamp s;
  char text[16];
  WT_OK(write_one(&info, &err));
  WT_EQ_INT(info.n, WI_STAMP_TEXTS + 1);
  for (size_t i = 1; i < info.n; i++) {
    WT_CHECK(strcmp(info.pairs[i - 1].key, info.pairs[i].key) < 0);
  }
  WT_OK(commit_of(&info, NULL, NULL, &commit, &err));
  WT_CHECK(wi_stamp_is_of(&commit, "shop", "daily"));
  WT_CHECK(!wi_stamp_is_of(&commit, "shop", "weekly"));
  WT_CHECK(!wi_stamp_is_of(&commit, "mart", "daily"));
  WT_OK(wi_stamp_read(&commit, &s, &err));
  WT_CHECK(!s.newer && s.inputs_known);
  WT_EQ_STR(s.text[WI_STAMP_FORMAT], "1");
  for (size_t i = 0; i < WI_STAMP_TEXTS; i++) {
    bool made = i == WI_STAMP_FORMAT || i == WI_STAMP_INPUTS || i == WI_STAMP_PROJECT ||
                i == WI_STAMP_VIEW;
    snprintf(text, sizeof(text), "text %zu", i);
    WT_CHECK(made || strcmp(s.text[i], text) == 0);
  }
  wi_stamp_release(&s);
  wi_commit_release(&commit);
  wi_info_release(&info);
}

WT_TEST(inputs_are_read_whole) {
  weir_error err = WEIR_ERROR_INIT;
  wi_info info;
  wi_commit commit;
  wi_stamp s;
  WT_OK(write_one(&info, &err));
  WT_OK(commit_of(&info, NULL, NULL, &commit, &err));
  WT_OK(wi_stamp_read(&commit, &s, &err));
  WT_EQ_INT(s.inputs.n, 3);
  const wi_key_input *src = wi_key_inputs_find(&s.inputs, "src");
  WT_CHECK(src != NULL && src->what == WI_KEY_SOURCE && src->pin != NULL);
  WT_EQ_STR(src->identity, "one");
  WT_EQ_STR(src->state, "files");
  WT_EQ_INT(src->pin->version, INT64_C(1) << 40);
  WT_EQ_STR(src->pin->table_id, "id \"quoted\" ü");
  WT_EQ_STR(src->pin->uri, "file:///lake/src");
  WT_EQ_STR(src->pin->writer_features, "appendOnly,invariants");
  WT_EQ_INT(src->pin->min_writer, 7);
  WT_EQ_INT(strlen(src->pin->commit_digest), WI_DIGEST_HEX - 1);
  const wi_key_input *up = wi_key_inputs_find(&s.inputs, "up");
  WT_CHECK(up != NULL && up->what == WI_KEY_VIEW && up->pin == NULL);
  WT_EQ_INT(up->version, 41);
  WT_EQ_INT(s.inputs.items[1].what, WI_KEY_FUNCTIONS);
  WT_CHECK(wi_key_inputs_find(&s.inputs, "nope") == NULL);
  wi_stamp_release(&s);
  wi_commit_release(&commit);
  wi_info_release(&info);
}

WT_TEST(a_newer_major_is_known_to_be_newer) {
  static const struct {
    const char *format;
    bool newer;
  } cases[] = {{"1", false}, {"", false}, {"1.9", false}, {"2", true},  {"2.0", true},
               {"10", true}, {"x", true}, {"1x", true},   {"one", true}};
  weir_error err = WEIR_ERROR_INIT;
  wi_info info;
  WT_OK(write_one(&info, &err));
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    wi_commit commit;
    wi_stamp s;
    WT_OK(commit_of(&info, "weir.format", cases[i].format, &commit, &err));
    WT_OK(wi_stamp_read(&commit, &s, &err));
    WT_EQ_INT(s.newer, cases[i].newer);
    WT_EQ_STR(s.text[WI_STAMP_RESULT_KEY][0] != '\0' ? "read" : "lost", "read");
    wi_stamp_release(&s);
    wi_commit_release(&commit);
  }
  wi_info_release(&info);
}

/* A list with one entry that cannot be read is no list: a key made of the rest is another key. */
WT_TEST(a_list_that_cannot_be_read_whole_is_unknown) {
  static const char *const lists[] = {
      "[oops",
      "{}",
      "[1]",
      "[{\"name\":\"a\",\"kind\":\"view\"}]",
      "[{\"name\":\"a\",\"kind\":\"later\",\"identity\":\"x\"}]",
      "[{\"kind\":\"view\",\"identity\":\"x\"}]",
      "[{\"name\":\"a\",\"kind\":\"source\",\"identity\":\"x\",\"version\":1}]",
      "[{\"name\":\"a\",\"kind\":\"view\",\"identity\":\"x\"},{}]"};
  weir_error err = WEIR_ERROR_INIT;
  wi_info info;
  WT_OK(write_one(&info, &err));
  for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
    wi_commit commit;
    wi_stamp s;
    WT_OK(commit_of(&info, "weir.inputs", lists[i], &commit, &err));
    WT_OK(wi_stamp_read(&commit, &s, &err));
    WT_CHECK(!s.inputs_known && s.inputs.n == 0);
    wi_stamp_release(&s);
    wi_commit_release(&commit);
  }
  wi_info_release(&info);
}

/* ---- which of two results is newer ---- */

static wi_input_age age_of(const int64_t (*versions)[2], size_t n, const char *other_id) {
  static const char *const names[] = {"a", "b", "c"};
  wi_key_inputs these = {0}, than = {0};
  (void)wi_key_inputs_alloc(&these, n, NULL);
  (void)wi_key_inputs_alloc(&than, n, NULL);
  for (size_t i = 0; i < n; i++) {
    these.items[i] = (wi_key_input){.what = WI_KEY_SOURCE, .name = names[i]};
    than.items[i] = these.items[i];
    these.items[i].pin = pin_of(versions[i][0], "id");
    than.items[i].pin = pin_of(versions[i][1], other_id);
  }
  wi_input_age age = wi_key_inputs_age(&these, &than);
  wi_key_inputs_release(&these);
  wi_key_inputs_release(&than);
  return age;
}

WT_TEST(older_and_newer_are_told_by_versions) {
  static const int64_t newer[][2] = {{4, 4}, {7, 6}}, older[][2] = {{4, 4}, {5, 6}},
                       both[][2] = {{4, 3}, {5, 6}}, same[][2] = {{4, 4}, {6, 6}};
  WT_EQ_INT(age_of(newer, 2, "id"), WI_AGE_NEWER);
  WT_EQ_INT(age_of(older, 2, "id"), WI_AGE_OLDER);
  WT_EQ_INT(age_of(both, 2, "id"), WI_AGE_UNKNOWN);
  WT_EQ_INT(age_of(same, 2, "id"), WI_AGE_SAME);
  WT_EQ_INT(age_of(newer, 2, "another"), WI_AGE_UNKNOWN);
  WT_EQ_INT(age_of(newer, 0, "id"), WI_AGE_SAME);
}

WT_TEST(a_shared_pin_outlives_all_but_its_last_holder) {
  const wi_pin *a = pin_of(3, "id");
  const wi_pin *b = wi_pin_ref(a);
  WT_CHECK(a == b);
  wi_pin_unref(&a);
  WT_CHECK(a == NULL);
  WT_EQ_STR(b->table_id, "id");
  wi_pin copy;
  WT_CHECK(wi_pin_copy(b, &copy) && wi_pin_same(b, &copy) && copy.uri != b->uri);
  wi_pin_unref(&b);
  WT_EQ_STR(copy.table_id, "id");
  wi_pin_release(&copy);
  wi_pin_unref(&b); /* nothing to let go */
}
