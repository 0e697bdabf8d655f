/* A program on the library and the command are one pipeline: for the same project they give
 * the same plans and keys, byte by byte, before and after a run. */
#include <stdlib.h>

#include "common/fixtures.h"
#include "common/test.h"

#ifndef WT_BUILD
#define WT_BUILD "build"
#endif

static const wt_file files[] = {
    {"weir.yml",
     "name: pipeline\n"
     "warehouse: ./lake\n"
     "sources:\n"
     "  facts: {table: ./facts}\n"
     "parameters:\n"
     "  least: {type: int64, default: 0}\n"},
    {"views/cleaned.sql",
     "/* weir\n"
     "materialized: table\n"
     "key: [id]\n"
     "*/\n"
     "SELECT id, part, value, stable_id('row', word) AS word_id FROM facts\n"
     "WHERE value > $least\n"},
    {"views/totals.sql",
     "/* weir\n"
     "materialized: table\n"
     "*/\n"
     "SELECT part, sum(value) AS total, count(*) AS n FROM cleaned GROUP BY part\n"},
    {"views/ranked.sql",
     "/* weir\n"
     "materialized: table\n"
     "*/\n"
     "SELECT part, total, row_number() OVER (ORDER BY total DESC, part) AS place\n"
     "FROM totals\n"},
};
#define N_VIEWS 3

/* The value of a text key in one line of JSON; these values hold nothing to unescape. */
static bool json_text(const char *line, const char *key, char *out, size_t size) {
  char start[64];
  snprintf(start, sizeof start, "\"%s\":", key);
  const char *at = strstr(line, start);
  if (at == NULL) {
    return false;
  }
  at += strlen(start);
  at += strspn(at, " ");
  const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
  if (end == NULL || (size_t)(end - at) > size) {
    return false;
  }
  snprintf(out, size, "%.*s", (int)(end - at - 1), at + 1);
  return true;
}

static bool same_text(const char *line, const char *key, const char *expected) {
  char got[512];
  if (!json_text(line, key, got, sizeof got) || strcmp(got, expected) != 0) {
    wt_fail(__FILE__, __LINE__, "%s is not \"%s\" in %s", key, expected, line);
    return false;
  }
  return true;
}

/* The command's plan, line by line beside the library's. */
static bool compare(const char *root, const char *arguments,
                    const weir_view_result *views, size_t n) {
  char command[1024], line[4096];
  snprintf(command, sizeof command,
           "cd / && '%s/weir' plan --project '%s' %s --format json", WT_BUILD, root,
           arguments);
  FILE *pipe = popen(command, "r");
  size_t at = 0;
  bool same = pipe != NULL;
  while (same && fgets(line, sizeof line, pipe) != NULL) {
    same = at < n && same_text(line, "view", views[at].view) &&
           same_text(line, "action", views[at].action) &&
           same_text(line, "reason", views[at].reason) &&
           same_text(line, "plan", views[at].plan) &&
           same_text(line, "result_key", views[at].result_key);
    at++;
  }
  if (pipe == NULL || pclose(pipe) != 0 || at != n) {
    wt_fail(__FILE__, __LINE__, "the command planned %zu of %zu views", at, n);
    same = false;
  }
  return same;
}

static weir_project *project_at(const char *root, const char *const *params, size_t n) {
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *project = NULL;
  weir_error err = WEIR_ERROR_INIT;
  options.path = root;
  options.threads = 2;
  options.params = params;
  options.n_params = n;
  if (weir_project_open(&options, &project, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no project: %s", err.message);
    weir_project_free(&project);
  }
  weir_error_release(&err);
  return project;
}

/* Plans by the library and compares; the keys of the last view go to `key`. */
static bool plan_both(const char *root, const char *arguments, const char *const *params,
                      size_t n_params, const char *action, char key[128]) {
  weir_project *project = project_at(root, params, n_params);
  weir_report *report = NULL;
  weir_error err = WEIR_ERROR_INIT;
  size_t n = 0;
  if (project == NULL || weir_project_plan(project, NULL, &report, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no plan: %s", err.message);
    weir_error_release(&err);
    weir_project_free(&project);
    return false;
  }
  const weir_view_result *views = weir_report_views(report, &n);
  bool ok = n == N_VIEWS;
  for (size_t i = 0; i < n && ok; i++) {
    ok = strlen(views[i].plan) == 64 && strlen(views[i].result_key) == 64 &&
         strcmp(views[i].action, action) == 0;
  }
  if (!ok) {
    wt_fail(__FILE__, __LINE__, "%zu views, the first: %s %s %s %s", n, views[0].view,
            views[0].action, views[0].plan, views[0].result_key);
  }
  ok = ok && compare(root, arguments, views, n);
  snprintf(key, 128, "%s", ok ? views[n - 1].result_key : "");
  weir_report_free(&report);
  weir_project_free(&project);
  return ok;
}

static bool run(const char *root) {
  weir_project *project = project_at(root, NULL, 0);
  weir_report *report = NULL;
  weir_error err = WEIR_ERROR_INIT;
  bool ok = project != NULL &&
            weir_project_run(project, NULL, NULL, &report, &err) == WEIR_OK &&
            weir_report_summary(report).pass == N_VIEWS;
  if (!ok) {
    wt_fail(__FILE__, __LINE__, "no run: %s", err.message);
  }
  weir_error_release(&err);
  weir_report_free(&report);
  weir_project_free(&project);
  return ok;
}

WT_TEST(the_library_and_the_command_agree) {
  static const char *const more[] = {"least=100"};
  wt_project folder;
  wf_seed seed = {42, 500, 0, 0};
  char uri[256], first[128], second[128], third[128];
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  snprintf(uri, sizeof uri, "%s/facts", folder.root);
  WT_CHECK(wf_seeded_table(uri, &seed, 2));
  WT_CHECK(plan_both(folder.root, "", NULL, 0, "full", first));
  WT_CHECK(plan_both(folder.root, "--param least=100", more, 1, "full", second));
  WT_CHECK(strcmp(first, second) != 0);
  WT_CHECK(run(folder.root));
  WT_CHECK(plan_both(folder.root, "--threads 1", NULL, 0, "reuse", third));
  WT_EQ_STR(third, first); /* the same keys then and later */
  WT_CHECK(plan_both(folder.root, "--param least=100", more, 1, "full", third));
  WT_EQ_STR(third, second);
  wt_project_remove(&folder);
}
