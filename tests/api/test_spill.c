/* The folder where queries spill is the user's: nothing in it is touched, it is never made, and
 * a query that does not spill asks nothing of it. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

#define SORT "SELECT * FROM t ORDER BY ratio, word, id"

static weir_session *session_of(const char *spill, uint64_t memory) {
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  weir_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  wf_seed seed = {11, 400000, 8192, 0};
  struct ArrowArrayStream rows;
  options.threads = 1;
  options.memory = memory;
  options.spill_dir = spill;
  if (!wf_seeded(&rows, &seed) || weir_session_new(&options, &s, &err) != WEIR_OK ||
      weir_session_add_stream(s, "t", &rows, &err) != WEIR_OK ||
      weir_session_seal(s, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s", err.message);
    weir_session_free(&s);
  }
  weir_error_release(&err);
  return s;
}

/* Runs it to its end; the rows are not looked at. */
static weir_status run(weir_session *s, const char *sql, weir_error *err) {
  weir_query *query = NULL;
  struct ArrowArrayStream rows = {0};
  weir_status status = weir_query_open(s, sql, NULL, 0, &query, err);
  if (status == WEIR_OK) {
    status = weir_query_stream(query, &rows, err);
  }
  while (status == WEIR_OK) {
    struct ArrowArray batch = {0};
    int code = rows.get_next(&rows, &batch);
    status = code == 0 ? WEIR_OK : weir_stream_error(&rows, code, err);
    if (batch.release == NULL) {
      break;
    }
    batch.release(&batch);
  }
  if (rows.release != NULL) {
    rows.release(&rows);
  }
  weir_query_free(&query);
  return status;
}

/* Two containers with one /tmp have the same process numbers: what another one made by that name
 * is not ours. */
WT_TEST(folders_of_other_processes_stay) {
  wt_project folder;
  char path[256], spill[192];
  weir_error err = WEIR_ERROR_INIT;
  static const wt_file files[] = {{"spill/mine.txt", "x"}};
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  snprintf(spill, sizeof spill, "%s/spill", folder.root);
  for (int i = 0; i < 20; i++) {
    snprintf(path, sizeof path, "spill/weir-%ld-%d/theirs.txt", (long)getpid(), i);
    WT_CHECK(wt_project_write(&folder, path, "x", 1));
  }
  char *before = wf_listing(spill);
  weir_session *s = session_of(spill, (uint64_t)12 << 20);
  WT_CHECK(s != NULL);
  WT_OK(run(s, SORT, &err));
  weir_session_free(&s);
  char *after = wf_listing(spill);
  WT_EQ_STR(after, before);
  free(before);
  free(after);
  wt_project_remove(&folder);
}

WT_TEST(a_folder_that_is_not_there_is_not_made) {
  wt_project folder;
  char spill[192];
  struct stat st;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(wt_project_make(&folder, NULL, 0));
  snprintf(spill, sizeof spill, "%s/none/deeper", folder.root);
  weir_session *s = session_of(spill, (uint64_t)12 << 20);
  WT_CHECK(s != NULL);
  WT_OK(run(s, "SELECT 1 AS a", &err));
  WT_EQ_INT(run(s, SORT, &err), WEIR_E_SPILL);
  WT_CHECK(strstr(err.message, spill) != NULL &&
           strstr(err.message, "No such file or directory") != NULL);
  WT_CHECK(strstr(err.hint, "TMPDIR") != NULL);
  weir_error_release(&err);
  weir_session_free(&s);
  snprintf(spill, sizeof spill, "%s/none", folder.root);
  WT_CHECK(stat(spill, &st) != 0);
  wt_project_remove(&folder);
}

/* One that cannot be written, for root neither. */
WT_TEST(a_folder_that_cannot_be_written) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = session_of("/proc", (uint64_t)12 << 20);
  WT_CHECK(s != NULL);
  WT_OK(run(s, "SELECT 1 AS a", &err));
  WT_EQ_INT(run(s, SORT, &err), WEIR_E_SPILL);
  WT_CHECK(strstr(err.message, "/proc") != NULL);
  weir_error_release(&err);
  weir_session_free(&s);
}

WT_TEST(tmpdir_is_where_nothing_else_is_said) {
  wt_project folder;
  weir_error err = WEIR_ERROR_INIT;
  const char *old = getenv("TMPDIR");
  char *kept = old != NULL ? strdup(old) : NULL, none[192];
  WT_CHECK(wt_project_make(&folder, NULL, 0));
  snprintf(none, sizeof none, "%s/none", folder.root);
  WT_CHECK(setenv("TMPDIR", none, 1) == 0);
  weir_session *s = session_of(NULL, (uint64_t)12 << 20);
  WT_CHECK(s != NULL);
  WT_OK(run(s, "SELECT 1 AS a", &err));
  weir_status status = run(s, SORT, &err);
  WT_EQ_INT(status, WEIR_E_SPILL);
  WT_CHECK(strstr(err.message, none) != NULL);
  weir_error_release(&err);
  weir_session_free(&s);
  WT_CHECK(kept == NULL ? unsetenv("TMPDIR") == 0 : setenv("TMPDIR", kept, 1) == 0);
  free(kept);
  wt_project_remove(&folder);
}
