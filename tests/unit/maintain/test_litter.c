/* Names of runs, what the log names, and each verdict. */
#include <fcntl.h>
#include <sys/stat.h>

#include "unit/maintain/kit.h"

WT_TEST(folders_of_runs_are_known_by_their_names) {
  static const struct {
    const char *name;
    bool ours;
  } rows[] = {{"0190a2b4-1234-7abc-8def-0123456789ab", true},
              {"0190a2b4-1234-7abc-8def-0123456789ab-0123abcd", true},
              {"0190a2b4-1234-4abc-8def-0123456789ab", false}, /* another kind of id */
              {"0190A2B4-1234-7abc-8def-0123456789ab", false},
              {"0190a2b4-1234-7abc-8def-0123456789ab-0123abc", false},
              {"0190a2b4-1234-7abc-8def-0123456789ab_0123abcd", false},
              {"0190a2b4-1234-7abc-8def-0123456789ab-0123abcg", false},
              {"0190a2b4-1234-7abc-8def-0123456789abc", false},
              {"day=2026-01-01", false},
              {"", false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    wi_folder f;
    WT_EQ_INT(wi_folder_parse(wi_str_of(rows[i].name), &f), rows[i].ours);
    if (rows[i].ours) {
      WT_EQ_STR(f.name, rows[i].name);
      WT_CHECK(strncmp(f.run_id, rows[i].name, 36) == 0 && strlen(f.run_id) == 36);
      WT_EQ_INT(f.started_us, 0x0190a2b41234LL * 1000);
    }
  }
  char id[37];
  wi_folder f;
  wi_uuid7(id);
  WT_CHECK(wi_folder_parse(wi_str_of(id), &f));
  WT_CHECK(wi_now_us() - f.started_us < 60 * 1000000LL);
}

WT_TEST(each_verdict_has_its_reason) {
  const int64_t now = 1000 * HOUR;
  wi_map live = WI_MAP_INIT;
  WT_CHECK(wi_map_put(&live, "alive", &live));
  static const struct {
    const char *run;
    int64_t started, newest; /* hours before now */
    bool named, whole;
    wi_litter_verdict verdict;
  } rows[] = {{"dead", 25, 25, false, true, WI_IS_LITTER},
              {"dead", 24, 24, false, true, WI_IS_LITTER},
              {"dead", 23, 25, false, true, WI_KEEP_YOUNG},
              {"dead", 25, 23, false, true, WI_KEEP_YOUNG},
              {"dead", -5, 25, false, true, WI_KEEP_YOUNG}, /* a clock that is ahead */
              {"dead", 25, -5, false, true, WI_KEEP_YOUNG},
              {"alive", 99, 99, false, true, WI_KEEP_LIVES},
              {"alive", 99, 99, false, false, WI_KEEP_LIVES},
              {"dead", 25, 25, true, true, WI_KEEP_NAMED},
              {"dead", 25, 25, true, false, WI_KEEP_NAMED},
              {"dead", 25, 25, false, false, WI_KEEP_UNSURE}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    wi_folder f = {.started_us = now - rows[i].started * HOUR,
                   .newest_us = now - rows[i].newest * HOUR,
                   .named = rows[i].named};
    wi_litter_facts facts = {now, 24 * HOUR, &live, rows[i].whole};
    snprintf(f.run_id, sizeof f.run_id, "%s", rows[i].run);
    WT_EQ_INT(wi_folder_judge(&f, &facts), rows[i].verdict);
  }
  wi_map_release(&live);
}

WT_TEST(the_log_is_read_once_and_only_as_far_as_needed) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store_entries all;
  wi_folders folders;
  wh_hooks h = {0};
  bool whole = false;
  char ids[6][37];
  wi_store *store = crafted_store("marked");
  for (int i = 0; i < 6; i++) {
    old_run_id(48 * HOUR, ids[i]);
    stage(store, ids[i], 48 * HOUR);
  }
  for (int i = 0; i < 5; i++) {
    commit_of(store, i, ids[i]);
  }
  WT_OK(wi_store_list_all(store, "", &all, &err));
  WT_OK(wi_folders_read(&all, &folders, &err));
  WT_EQ_INT(folders.n, 6);
  WT_EQ_INT(folders.items[0].files, 1);
  WT_EQ_INT(folders.items[0].bytes, 4);
  wh_on_store(&h, store);
  WT_OK(wi_folders_mark(NULL, store, &folders, &whole, &err));
  WT_CHECK(whole);
  WT_EQ_INT(h.count[WI_STORE_READ], 5); /* five commits, whatever the number of folders */
  WT_EQ_INT(h.count[WI_STORE_LIST], 1);
  size_t named = 0;
  for (size_t i = 0; i < folders.n; i++) {
    named += folders.items[i].named;
    WT_EQ_INT(folders.items[i].named, strcmp(folders.items[i].name, ids[5]) != 0);
  }
  WT_EQ_INT(named, 5);
  /* All found in the newest commits: the older ones are not read. */
  wh_reset(&h);
  wi_folders two = {folders.items, 2, 2};
  memcpy(two.items[0].name, ids[3], 37);
  memcpy(two.items[1].name, ids[4], 37);
  two.items[0].named = two.items[1].named = false;
  WT_OK(wi_folders_mark(NULL, store, &two, &whole, &err));
  WT_EQ_INT(h.count[WI_STORE_READ], 2);
  wh_off(&h);
  wi_folders_release(&folders);
  wi_store_entries_release(&all);
  wi_store_unref(&store);
}

WT_TEST(names_are_found_however_they_are_written) {
  weir_error err = WEIR_ERROR_INIT;
  static const char *const kinds[] = {"remove", "cdc", "add"};
  for (size_t i = 0; i <= sizeof kinds / sizeof kinds[0]; i++) {
    char name[16], text[512], id[37], escaped[128] = "";
    bool whole = false;
    wi_folder f;
    snprintf(name, sizeof name, "spelt%zu", i);
    wi_store *store = crafted_store(name);
    old_run_id(48 * HOUR, id);
    WT_CHECK(wi_folder_parse(wi_str_of(id), &f));
    wi_folders folders = {&f, 1, 1};
    if (i < 3) {
      snprintf(text, sizeof text, "{\"%s\":{\"path\":\"%s/deep/a.parquet\"}}", kinds[i],
               id);
    } else {
      for (const char *p = id; *p != '\0'; p++) {
        snprintf(escaped + strlen(escaped), 4, *p == '-' ? "%%2D" : "%c", *p);
      }
      snprintf(text, sizeof text, "{\"add\":{\"path\":\"%s/a.parquet\"}}", escaped);
    }
    crafted_commit(store, 0, text);
    WT_OK(wi_folders_mark(NULL, store, &folders, &whole, &err));
    WT_CHECK(f.named && whole);
    wi_store_unref(&store);
  }
}

WT_TEST(a_log_that_was_cleaned_is_not_whole) {
  weir_error err = WEIR_ERROR_INIT;
  bool whole = true;
  char id[37];
  wi_folder f;
  wi_store *store = crafted_store("cleaned");
  old_run_id(48 * HOUR, id);
  WT_CHECK(wi_folder_parse(wi_str_of(id), &f));
  wi_folders folders = {&f, 1, 1};
  crafted_log(store, "00000000000000000005.checkpoint.parquet", "x");
  crafted_commit(store, 5, "{}\n");
  crafted_commit(store, 6, "{}\n");
  WT_OK(wi_folders_mark(NULL, store, &folders, &whole, &err));
  WT_CHECK(!whole && !f.named);
  wi_store_unref(&store);
  /* No table at all names nothing. */
  store = crafted_store("no_table");
  WT_OK(wi_folders_mark(NULL, store, &folders, &whole, &err));
  WT_CHECK(whole && !f.named);
  wi_store_unref(&store);
}

WT_TEST(places_touch_when_one_lies_in_the_other) {
  WT_CHECK(wi_places_touch("s3://b/lake/v", "s3://b/lake/v"));
  WT_CHECK(wi_places_touch("s3://b/lake", "s3://b/lake/v"));
  WT_CHECK(wi_places_touch("s3://b/lake/v/part", "s3://b/lake/v"));
  WT_CHECK(!wi_places_touch("s3://b/lake/v2", "s3://b/lake/v"));
  WT_CHECK(!wi_places_touch("s3://b/lake/v", "s3://b/lake/v2"));
  WT_CHECK(!wi_places_touch("s3://c/lake/v", "s3://b/lake/v"));
}
