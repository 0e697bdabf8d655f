/* Reading one commit. */
#include "unit/delta/crafted.h"

static weir_status parse(const char *text, wi_commit *out, weir_error *err) {
  return wi_commit_parse(7, text, strlen(text), out, err);
}

WT_TEST(actions_are_counted_and_found) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit c;
  const char *text =
      "{\"commitInfo\":{\"timestamp\":5,\"operation\":\"WRITE\",\"weir.commit_id\":"
      "\"id\"}}\n"
      "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
      "{\"metaData\":{\"id\":\"x\"}}\n"
      "{\"txn\":{\"appId\":\"a\",\"version\":3}}\n"
      "{\"txn\":{\"appId\":\"b\",\"version\":9007199254740993}}\n"
      "{\"add\":{\"path\":\"p\",\"size\":100,\"dataChange\":true}}\n"
      "{\"add\":{\"path\":\"q\",\"size\":20,\"dataChange\":false}}\n"
      "{\"remove\":{\"path\":\"r\",\"dataChange\":false}}\n"
      "{\"cdc\":{\"path\":\"s\"}}\n"
      "{\"somethingNew\":5}\n";
  WT_OK(parse(text, &c, &err));
  WT_EQ_INT(c.version, 7);
  WT_EQ_INT(json_array_size(c.actions), 10);
  WT_EQ_INT(c.adds, 2);
  WT_EQ_INT(c.add_bytes, 120);
  WT_EQ_INT(c.removes, 1);
  WT_EQ_INT(c.cdcs, 1);
  WT_CHECK(c.data_change && c.protocol != NULL && c.metadata != NULL);
  WT_EQ_INT(c.timestamp_us, 5000);
  WT_EQ_STR(wi_commit_info_text(&c, "weir.commit_id"), "id");
  WT_CHECK(wi_commit_info_text(&c, "absent") == NULL);
  WT_CHECK(wi_commit_info_text(&c, "timestamp") == NULL); /* a number */
  WT_EQ_INT(wi_commit_txn(&c, "a"), 3);
  WT_EQ_INT(wi_commit_txn(&c, "b"), 9007199254740993);
  WT_EQ_INT(wi_commit_txn(&c, "c"), -1);
  char digest[WI_DIGEST_HEX];
  wi_blake3_hex(text, strlen(text), digest);
  WT_EQ_STR(c.digest, digest);
  wi_commit_release(&c);
  wi_commit_release(&c);
}

WT_TEST(line_ends_of_all_kinds) {
  static const char *const texts[] = {
      "{\"add\":{\"path\":\"p\"}}", "{\"add\":{\"path\":\"p\"}}\n",
      "{\"add\":{\"path\":\"p\"}}\r\n", "\n\r\n  \n{\"add\":{\"path\":\"p\"}}\n\n",
      "  {\"add\":{\"path\":\"p\"}}\t \r\n\r\n"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_commit c;
    WT_OK(parse(texts[i], &c, &err));
    WT_EQ_INT(c.adds, 1);
    WT_CHECK(c.data_change && c.commit_info == NULL);
    WT_CHECK(wi_commit_info_text(&c, "x") == NULL);
    wi_commit_release(&c);
  }
}

WT_TEST(a_commit_without_actions_is_one) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit c;
  WT_OK(parse("", &c, &err));
  WT_EQ_INT(json_array_size(c.actions), 0);
  WT_CHECK(!c.data_change);
  wi_commit_release(&c);
  WT_OK(parse("{}\n{\"add\":null,\"remove\":{\"path\":\"x\",\"dataChange\":false}}", &c,
              &err));
  WT_EQ_INT(c.adds, 0);
  WT_EQ_INT(c.removes, 1);
  WT_CHECK(!c.data_change);
  wi_commit_release(&c);
}

WT_TEST(damage_is_named_with_its_line) {
  static const struct {
    const char *text;
    int line;
  } bad[] = {{"garbage", 1},
             {"{\"add\":{\"path\":\"p\"}}\nnot json\n", 2},
             {"{\"add\":{\"path\":\"p\"}}\n\n{\"remove\":{\"path\":\"q", 3},
             {"{\"add\":{\"size\":1}}", 1},
             {"{\"add\":5}", 1},
             {"{\"txn\":[]}", 1},
             {"[1]", 1},
             {"7", 1},
             {"{\"add\":{\"path\":\"p\"}} {\"add\":{\"path\":\"q\"}}", 1},
             {"{\"commitInfo\":{\"x\":\"\xFF\"}}", 1}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_commit c;
    char place[80];
    WT_EQ_INT(parse(bad[i].text, &c, &err), WEIR_E_LOG_CORRUPT);
    snprintf(place, sizeof place,
             "_delta_log/00000000000000000007.json, line %d:", bad[i].line);
    WT_CHECK(strstr(err.message, place) != NULL);
    WT_CHECK(c.actions == NULL);
    weir_error_release(&err);
  }
}

WT_TEST(numbers_beyond_64_bits_are_no_damage) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit c;
  WT_OK(parse(
      "{\"commitInfo\":{\"timestamp\":1700000000000,\"odd\":123456789012345678901234}}\n"
      "{\"add\":{\"path\":\"p\",\"size\":77,\"odd\":99999999999999999999}}\n",
      &c, &err));
  WT_EQ_INT(c.timestamp_us, 1700000000000000);
  WT_EQ_INT(c.add_bytes, 77);
  wi_commit_release(&c);
}

WT_TEST(the_time_is_the_in_commit_one_then_the_writers_then_the_files) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit c;
  wi_store *store = crafted_store("times");
  crafted_commit(store, 0, "{\"commitInfo\":{\"timestamp\":5,\"inCommitTimestamp\":9}}");
  crafted_commit(store, 1, "{\"commitInfo\":{\"timestamp\":5}}");
  crafted_commit(store, 2, "{\"txn\":{\"appId\":\"a\",\"version\":1}}");
  WT_OK(wi_commit_read(store, 0, &c, &err));
  WT_EQ_INT(c.timestamp_us, 9000);
  wi_commit_release(&c);
  WT_OK(wi_commit_read(store, 1, &c, &err));
  WT_EQ_INT(c.timestamp_us, 5000);
  wi_commit_release(&c);
  WT_OK(wi_commit_read(store, 2, &c, &err));
  WT_CHECK(c.timestamp_us > wi_now_us() - 60000000 &&
           c.timestamp_us < wi_now_us() + 1000000);
  wi_commit_release(&c);
  WT_EQ_INT(wi_commit_read(store, 3, &c, &err), WEIR_E_NOT_FOUND);
  WT_CHECK(c.actions == NULL);
  weir_error_release(&err);
  wi_store_unref(&store);
}
