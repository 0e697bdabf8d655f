/* What others commit to a view's table while a run builds it: said with its code, its version and
 * its writer. */
#include "unit/run/meanwhile.h"

static const char foreign[] =
    "{\"commitInfo\":{\"timestamp\":1,\"engineInfo\":\"spark 4\"}}\n{\"add\":{\"path\":"
    "\"other.parquet\",\"partitionValues\":{},\"size\":10,\"modificationTime\":1,"
    "\"dataChange\":true}}\n";

static void put_foreign(void *ctx) {
  wi_store *store = NULL;
  if (wi_store_open(NULL, ctx, NULL, 0, &store, NULL) != WEIR_OK ||
      wi_store_put_new(store, "_delta_log/00000000000000000001.json", foreign,
                       strlen(foreign), NULL) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "the foreign commit did not come in");
  }
  wi_store_unref(&store);
}

WT_TEST(foreign_rows_of_the_run_go_with_a_warning) {
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {0};
  wt_project at;
  seen s;
  char uri[256], table[256];
  weir_write_result r;
  struct ArrowArrayStream rows;
  WT_CHECK(wt_project_make(&at, WT_FILES(files)));
  snprintf(uri, sizeof uri, "%s/src", at.root);
  snprintf(table, sizeof table, "file://%s/lake/daily", at.root);
  WT_CHECK(wf_table(uri, "n:l!", cells, 1, NULL));
  WT_OK(run(&at, &s, &err));
  WT_EQ_INT(s.warnings, 0);
  weir_session *session = wf_session(NULL, 0);
  WT_CHECK(session != NULL && wf_rows(&rows, "n:l!", cells + 1, 1));
  WT_OK(weir_table_append(session, uri, &rows, NULL, &r, &err));
  weir_write_result_release(&r);
  weir_session_free(&session);
  wh_run(&h, WI_STORE_PUT_NEW, "_delta_log", 1, WH_BEFORE, put_foreign, table);
  wh_of(&h, "lake/daily");
  wh_on_new(&h);
  WT_OK(run(&at, &s, &err));
  wh_off(&h);
  WT_EQ_INT(h.fired, 1);
  WT_EQ_INT(s.warnings, 1);
  WT_EQ_INT(s.code, WEIR_E_FOREIGN_COMMIT);
  WT_CHECK(strstr(s.message, "version 1 by spark 4") != NULL &&
           strstr(s.message, "daily") != NULL);
  WT_OK(run(&at, &s, &err)); /* and that was all */
  WT_EQ_INT(s.warnings, 0);
  wt_project_remove(&at);
}

/* ---- a run that is overtaken by a whole other one ---- */

typedef struct overtaker {
  const wt_project *at;
  weir_status status;
} overtaker;

static void overtake(void *ctx) {
  overtaker *o = ctx;
  weir_error err = WEIR_ERROR_INIT;
  seen s;
  o->status = append_row(o->at, cells + 1) ? run(o->at, &s, &err) : WEIR_E_BUG;
  weir_error_release(&err);
}

/* Wherever the other run comes in, it pinned the newer version of the source, and its result is
 * what the table holds in the end. */
WT_TEST(an_older_result_never_lies_on_a_newer_one) {
  weir_error err = WEIR_ERROR_INIT;
  for (int nth = 1; nth <= 4; nth++) {
    wh_hooks h = {0};
    wt_project at;
    seen s;
    WT_CHECK(begin(&at));
    overtaker o = {&at, WEIR_OK};
    wh_run(&h, WI_STORE_LIST, "_delta_log", nth, WH_AFTER, overtake, &o);
    wh_on_new(&h);
    WT_OK(run(&at, &s, &err));
    wh_off(&h);
    WT_EQ_INT(h.fired, 1);
    WT_EQ_INT(o.status, WEIR_OK);
    WT_CHECK(view_has(&at, "1;2;"));
    wt_project_remove(&at);
  }
}
