/* Logs that others clean during a run: what comes into a gap counts nowhere. */
#include "maintain/internal.h"
#include "unit/run/meanwhile.h"

/* The log below version 2 goes, and where version 1 was somebody puts a commit that changes no row
 * and that no reader sees. */
static void clean_and_stray(void *ctx) {
  others *s = ctx;
  char path[64], text[512];
  wi_log_commit_path(1, path);
  snprintf(text, sizeof text, MAINTAINED, "stray.parquet", 1ULL);
  if (!remove_first(s) ||
      wi_store_put_new(s->store, path, text, strlen(text), NULL) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "the log was not cleaned");
  }
}

/* Whenever that comes, the row of version 1 is not taken for maintenance. */
WT_TEST(a_commit_in_a_gap_is_no_maintenance) {
  weir_error err = WEIR_ERROR_INIT;
  for (int nth = 1, fired = 1; fired == 1; nth++) {
    wh_hooks h = {0};
    wt_project at;
    seen s;
    others src;
    WT_CHECK(begin(&at));
    WT_OK(run(&at, &s, &err));
    WT_CHECK(append_row(&at, cells + 1));
    WT_OK(others_open(&at, "src", &src, &err));
    WT_OK(maintain(&src, 2, &err));
    WT_OK(wi_delta_checkpoint(src.engine, src.store, 2, &err));
    wh_run(&h, WI_STORE_READ, "_delta_log", nth, WH_BEFORE, clean_and_stray, &src);
    wh_of(&h, "/src");
    wh_on_new(&h);
    weir_status status = run(&at, &s, &err);
    wh_off(&h);
    fired = h.fired;
    WT_CHECK(view_has(&at, status == WEIR_OK ? "1;2;" : "1;"));
    WT_CHECK(nth > 1 || fired == 1);
    weir_error_release(&err);
    others_close(&src);
    wt_project_remove(&at);
    WT_CHECK(nth < 30);
  }
}

/* Versions 1 and 2 by others, which change no row; under a checkpoint only the second is left. What
 * takes version 1 now comes into the gap. */
static void maintain_and_clean(void *ctx) {
  others *s = ctx;
  weir_error err = WEIR_ERROR_INIT;
  if (maintain(s, 1, &err) != WEIR_OK || maintain(s, 2, &err) != WEIR_OK ||
      wi_delta_checkpoint(s->engine, s->store, 2, &err) != WEIR_OK || !remove_first(s)) {
    wt_fail(__FILE__, __LINE__, "the log was not cleaned: %s", err.message);
  }
  weir_error_release(&err);
  wi_sleep_us(200000); /* nothing that was listed before is fresh */
}

/* A result that no reader sees is not reused. */
WT_TEST(a_result_in_a_gap_is_none) {
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {0};
  wt_project at;
  seen s;
  others view;
  WT_CHECK(begin(&at));
  WT_OK(run(&at, &s, &err));
  WT_CHECK(append_row(&at, cells + 1));
  WT_OK(others_open(&at, "lake/daily", &view, &err));
  wh_run(&h, WI_STORE_PUT_NEW, "_delta_log", 1, WH_BEFORE, maintain_and_clean, &view);
  wh_of(&h, "lake/daily");
  wh_on_new(&h);
  WT_EQ_INT(run(&at, &s, &err), WEIR_E_RUN_FAILED);
  wh_off(&h);
  WT_EQ_INT(h.fired, 1);
  weir_error_release(&err);
  WT_OK(run(&at, &s, &err));
  WT_CHECK(view_has(&at, "1;2;"));
  others_close(&view);
  wt_project_remove(&at);
}

typedef struct overtaker {
  others view;
  const wt_project *at;
  weir_status status;
} overtaker;

/* Version 1 by another run, with other parameters; then as above. */
static void build_and_clean(void *ctx) {
  overtaker *o = ctx;
  weir_error err = WEIR_ERROR_INIT;
  seen s;
  o->status = run_with(o->at, &s, "k=20", &err);
  if (o->status != WEIR_OK || maintain(&o->view, 2, &err) != WEIR_OK ||
      wi_delta_checkpoint(o->view.engine, o->view.store, 2, &err) != WEIR_OK ||
      !remove_first(&o->view)) {
    wt_fail(__FILE__, __LINE__, "the log was not cleaned: %s", err.message);
  }
  weir_error_release(&err);
  wi_sleep_us(200000);
}

/* Both results have the same version of their application: the next one of the same base. */
WT_TEST(of_two_results_the_one_in_a_gap_is_none) {
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {0};
  wt_project at;
  seen s;
  WT_CHECK(begin(&at));
  WT_OK(run(&at, &s, &err));
  overtaker o = {.at = &at};
  WT_OK(others_open(&at, "lake/daily", &o.view, &err));
  wh_run(&h, WI_STORE_PUT_NEW, "_delta_log", 1, WH_BEFORE, build_and_clean, &o);
  wh_of(&h, "lake/daily");
  wh_on_new(&h);
  WT_EQ_INT(run_with(&at, &s, "k=10", &err), WEIR_E_RUN_FAILED);
  wh_off(&h);
  WT_EQ_INT(h.fired, 1);
  weir_error_release(&err);
  WT_OK(run_with(&at, &s, "k=10", &err));
  WT_CHECK(view_has(&at, "11;"));
  others_close(&o.view);
  wt_project_remove(&at);
}

/* Those that others' checkpoints came after are: the one that made the table, and a later one. */
WT_TEST(a_result_before_a_checkpoint_stands) {
  weir_error err = WEIR_ERROR_INIT;
  for (int64_t built = 0; built <= 1; built++) {
    wt_project at;
    seen s;
    others view;
    wi_log log = {.latest = -1};
    WT_CHECK(begin(&at));
    WT_OK(run(&at, &s, &err));
    if (built == 1) {
      WT_CHECK(append_row(&at, cells + 1));
      WT_OK(run(&at, &s, &err));
    }
    WT_OK(others_open(&at, "lake/daily", &view, &err));
    WT_OK(maintain(&view, built + 1, &err));
    WT_OK(wi_delta_checkpoint(view.engine, view.store, built + 1, &err));
    WT_OK(run(&at, &s, &err));
    WT_OK(wi_log_list_all(view.store, &log, &err));
    WT_EQ_INT(log.latest, built + 1); /* nothing was built */
    WT_EQ_INT(log.n_checkpoints, 1);
    wi_log_release(&log);
    others_close(&view);
    wt_project_remove(&at);
  }
}

/* Where the newest version has a checkpoint alone, nobody can tell what it did to the rows. */
WT_TEST(a_result_below_a_missing_commit_is_none) {
  weir_error err = WEIR_ERROR_INIT;
  wt_project at;
  seen s;
  others view;
  char path[64];
  const char *const paths[] = {path};
  WT_CHECK(begin(&at));
  WT_OK(run(&at, &s, &err));
  WT_OK(others_open(&at, "lake/daily", &view, &err));
  wi_log_commit_path(1, path);
  const char gone[] =
      "{\"commitInfo\":{\"timestamp\":1}}\n{\"remove\":{\"path\":\"x\","
      "\"dataChange\":true}}\n";
  WT_OK(wi_store_put_new(view.store, path, gone, strlen(gone), &err));
  WT_OK(wi_delta_checkpoint(view.engine, view.store, 1, &err));
  WT_OK(wi_store_remove(view.store, paths, 1, &err));
  WT_OK(run(&at, &s, &err));
  wi_log log = {.latest = -1};
  WT_OK(wi_log_list_all(view.store, &log, &err));
  WT_EQ_INT(log.latest, 2); /* built again */
  wi_log_release(&log);
  others_close(&view);
  wt_project_remove(&at);
}

/* A log with a stray where the cleaned commit was looks whole: what the table holds is no litter. */
WT_TEST(files_that_a_cleaned_commit_named_are_kept) {
  weir_error err = WEIR_ERROR_INIT;
  wt_project at;
  seen s;
  others view;
  char path[64], text[512];
  const char *const paths[] = {path};
  wi_store_entries all;
  wi_folders folders;
  bool whole = false;
  WT_CHECK(begin(&at));
  WT_OK(run(&at, &s, &err));
  WT_OK(others_open(&at, "lake/daily", &view, &err));
  wi_log_commit_path(1, path);
  WT_OK(wi_store_put_new(view.store, path, "{\"commitInfo\":{}}\n", 18, &err));
  WT_OK(wi_delta_checkpoint(view.engine, view.store, 1, &err));
  wi_log_commit_path(0, path);
  WT_OK(wi_store_remove(view.store, paths, 1, &err));
  snprintf(text, sizeof text, MAINTAINED, "stray.parquet", 1ULL);
  WT_OK(wi_store_put_new(view.store, path, text, strlen(text), &err));
  WT_OK(wi_store_list_all(view.store, "", &all, &err));
  WT_OK(wi_folders_read(&all, &folders, &err));
  WT_EQ_INT(folders.n, 1);
  WT_OK(wi_folders_mark(view.engine, view.store, &folders, &whole, &err));
  WT_CHECK(whole && folders.items[0].named);
  wi_folders_release(&folders);
  wi_store_entries_release(&all);
  others_close(&view);
  wt_project_remove(&at);
}

/* A table that cannot be opened keeps what is in its folder, and stops no cleaning of others. */
WT_TEST(files_of_a_table_that_cannot_be_opened_are_kept) {
  weir_error err = WEIR_ERROR_INIT;
  wt_project at;
  seen s;
  others view;
  wi_store_entries all;
  wi_folders folders;
  bool whole = true;
  WT_CHECK(begin(&at));
  WT_OK(run(&at, &s, &err));
  WT_OK(others_open(&at, "lake/daily", &view, &err));
  WT_OK(wi_store_list_all(view.store, "", &all, &err));
  WT_OK(wi_folders_read(&all, &folders, &err));
  WT_EQ_INT(folders.n, 1);
  char path[64];
  const char *const paths[] = {path};
  wi_log_commit_path(0, path);
  WT_OK(wi_store_remove(view.store, paths, 1, &err));
  WT_OK(wi_store_put_new(view.store, path, "{\"commitInfo\":{}}\n", 18, &err));
  WT_OK(wi_store_put_new(view.store, "_delta_log/00000000000000000000.checkpoint.parquet",
                         "x", 1, &err));
  WT_OK(wi_folders_mark(view.engine, view.store, &folders, &whole, &err));
  WT_CHECK(!whole && !folders.items[0].named);
  wi_folders_release(&folders);
  wi_store_entries_release(&all);
  others_close(&view);
  wt_project_remove(&at);
}
