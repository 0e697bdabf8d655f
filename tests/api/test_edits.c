/* A thousand random edits of a project and its sources. After each few of them the project is
 * run, and what was decided for every view is compared with a model that knows the edits, and
 * the rows of its table with those of one query over the sources that repeats all views. So a
 * view that is reused with wrong rows is found, and one that was built for nothing as well. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

/* Fewer where each instruction is watched: the edits are the same, only the end comes earlier. */
#ifdef __SANITIZE_ADDRESS__
#define EDITS 150
#else
#define EDITS 1000
#endif
#define VIEWS   5
#define SOURCES 2
#define KEY     640

/* ---- the project: variants of one meaning side by side ---- */

/* $0 to $4 are views, @ is the parameter; the texts of a meaning plan alike. */
static const struct {
  const char *texts[2];
  bool param;
  uint32_t views, sources; /* bits of what it reads */
} meanings[VIEWS][3] = {
    {{{"SELECT k, x AS n FROM s0", "-- as before\nselect  k,\n  x AS n FROM s0"},
      false,
      0,
      1},
     {{"SELECT a.k, a.x + 1 AS n FROM s0 a",
       "SELECT /* more */ b.k, b.x  +  1 AS n\nFROM s0 b"},
      false,
      0,
      1},
     {{"SELECT k, x AS n FROM s0 WHERE k % 2 = 0", "SELECT k,x AS n FROM s0 where k%2=0"},
      false,
      0,
      1}},
    {{{"SELECT k, x * (@ + 2) AS n FROM s1", "SELECT s1.k, s1.x*(@+2) AS n FROM s1"},
      true,
      0,
      2},
     {{"SELECT k, x AS n FROM s1 WHERE x > @", "SELECT k, x AS n FROM s1\n\nWHERE x>@"},
      true,
      0,
      2},
     {{"SELECT k, x AS n FROM s1", "select k , x as n from s1 -- all"}, false, 0, 2}},
    {{{"SELECT a.k, a.n + b.x AS n FROM $0 a JOIN s1 b ON a.k = b.k",
       "SELECT l.k, l.n + r.x AS n FROM $0 l JOIN s1 r ON l.k = r.k"},
      false,
      1,
      2},
     {{"SELECT k, n FROM $0 UNION ALL SELECT k, x FROM s1",
       "SELECT k,n FROM $0\nUNION ALL\nSELECT k,x FROM s1"},
      false,
      1,
      2},
     {{"SELECT k, n - 2 AS n FROM $0", "SELECT k, n-2 AS n FROM $0 "}, false, 1, 0}},
    {{{"SELECT k % 3 AS k, sum(n) AS n FROM $2 GROUP BY k % 3",
       "select k%3 as k, SUM(n) AS n from $2 group by k%3"},
      false,
      4,
      0},
     {{"SELECT k % 3 AS k, max(n) AS n FROM $2 GROUP BY k % 3",
       "SELECT k % 3 AS k, max(n) AS n\nFROM $2\nGROUP BY k % 3"},
      false,
      4,
      0},
     {{"SELECT k, n FROM $2 WHERE n > 3", "SELECT k, n FROM $2 WHERE n>3"}, false, 4, 0}},
    {{{"SELECT a.k, a.n + b.n AS n FROM $1 a JOIN $3 b ON a.k % 3 = b.k",
       "SELECT l.k, l.n+r.n AS n FROM $1 l JOIN $3 r ON l.k%3 = r.k"},
      false,
      10,
      0},
     {{"SELECT a.k, a.n FROM $1 a JOIN s0 b ON a.k = b.k",
       "SELECT l.k, l.n FROM $1 l JOIN s0 r ON l.k = r.k"},
      false,
      2,
      1},
     {{"SELECT t.k, t.n FROM $3 AS t", "SELECT u.k, u.n FROM $3 u"}, false, 8, 0}}};

/* What a source's identity is: which rows, and after how many OPTIMIZEs. */
typedef struct content {
  int rows, upkeep;
} content;

typedef struct model_view {
  int meaning, text, shape, gate;
  /* of its last result */
  bool there, foreign;
  char key[KEY];
  content seen[SOURCES];
  int built_gate;
} model_view;

typedef struct model {
  wt_project project;
  model_view views[VIEWS];
  content sources[SOURCES];
  int folder[SOURCES]; /* which copy of the source the project reads */
  int twin[SOURCES];   /* a copy that went another way; -1: none */
  int copies, param, contents, keys;
  bool forced;
  uint32_t selected; /* bits; 0: all */
  uint64_t random;
} model;

static uint32_t below(model *m, uint32_t n) {
  m->random = m->random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(m->random >> 33) % n;
}

static void sql_of(const char *text, const char *prefix, const char *param, char *out) {
  size_t n = 0;
  for (; *text != '\0'; text++) {
    if (*text == '$') {
      n += (size_t)sprintf(out + n, "%s%c", prefix, *++text);
    } else if (*text == '@') {
      n += (size_t)sprintf(out + n, "%s", param);
    } else {
      out[n++] = *text;
    }
  }
  out[n] = '\0';
}

static bool write_text(model *m, const char *path, const char *text) {
  return wt_project_write(&m->project, path, text, strlen(text));
}

static bool write_view(model *m, int v) {
  const model_view *view = &m->views[v];
  char sql[512], path[32], text[1024];
  sql_of(meanings[v][view->meaning].texts[view->text], "v", "$p", sql);
  snprintf(path, sizeof path, "views/v%d.sql", v);
  snprintf(text, sizeof text, "/* weir\ndescription: take %d\n%s*/\n%s\n", view->gate,
           view->shape ? "sort_by: [k]\n" : "", sql);
  return write_text(m, path, text);
}

static bool write_yml(model *m) {
  char text[512];
  snprintf(text, sizeof text,
           "name: edits\nwarehouse: ./lake\n"
           "sources:\n  s0: {table: ./s0_%d}\n  s1: {table: ./s1_%d}\n"
           "parameters:\n  p: {type: int64, default: %d}\n",
           m->folder[0], m->folder[1], m->param);
  return write_text(m, "weir.yml", text);
}

/* ---- tables ---- */

static void table_of(const model *m, int source, int folder, char out[256]) {
  snprintf(out, 256, "%s/s%d_%d", m->project.root, source, folder);
}

static bool append(model *m, weir_session *session, int source, int folder) {
  char uri[256], cells[8][16];
  const char *rows[8];
  struct ArrowArrayStream stream;
  weir_write_result result = {0};
  weir_error err = WEIR_ERROR_INIT;
  for (int i = 0; i < 8; i++) {
    snprintf(cells[i], sizeof cells[i], "%u", below(m, 12));
    rows[i] = cells[i];
  }
  table_of(m, source, folder, uri);
  if (!wf_rows(&stream, "k:l x:l", rows, 1 + below(m, 4)) ||
      weir_table_append(session, uri, &stream, NULL, &result, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "append: %s", err.message);
    return false;
  }
  weir_write_result_release(&result);
  return true;
}

static int versions(const char *uri) {
  char path[300];
  int n = 0;
  snprintf(path, sizeof path, "%s/_delta_log", uri);
  DIR *folder = opendir(path);
  for (struct dirent *e = NULL; folder != NULL && (e = readdir(folder)) != NULL;) {
    n += strlen(e->d_name) == 25 && strcmp(e->d_name + 20, ".json") == 0;
  }
  if (folder != NULL) {
    closedir(folder);
  }
  return n;
}

static void commit_path(const char *uri, int version, char out[320]) {
  snprintf(out, 320, "%s/_delta_log/%020d.json", uri, version);
}

static bool put_commit(const char *uri, const char *text) {
  char path[320];
  commit_path(uri, versions(uri), path);
  FILE *f = fopen(path, "wx");
  bool fine = f != NULL && fputs(text, f) >= 0;
  return f != NULL && fclose(f) == 0 && fine;
}

/* The first add of the newest commit that has one. */
static bool find_add(const char *uri, char *out, size_t size) {
  char path[320];
  for (int v = versions(uri) - 1; v >= 0; v--) {
    commit_path(uri, v, path);
    FILE *f = fopen(path, "r");
    bool found = false;
    while (f != NULL && !found && fgets(out, (int)size, f) != NULL) {
      found = strncmp(out, "{\"add\"", 6) == 0;
    }
    if (f != NULL) {
      fclose(f);
    }
    if (found) {
      return true;
    }
  }
  return false;
}

/* As OPTIMIZE: a file is named again without a change of rows; or a commit that names none. */
static bool maintain(model *m, int source) {
  char uri[256], line[4096];
  table_of(m, source, m->folder[source], uri);
  m->sources[source].upkeep = ++m->contents;
  if (below(m, 2) == 0) {
    return put_commit(uri,
                      "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"OPTIMIZE\"}}\n");
  }
  char *at = NULL;
  if (!find_add(uri, line, sizeof line) ||
      (at = strstr(line, "\"dataChange\":true")) == NULL) {
    return put_commit(uri,
                      "{\"commitInfo\":{\"timestamp\":2,\"operation\":\"OPTIMIZE\"}}\n");
  }
  char text[4200];
  *at = '\0';
  snprintf(text, sizeof text, "%s\"dataChange\":false%s", line,
           at + strlen("\"dataChange\":true"));
  return put_commit(uri, text);
}

/* Somebody else takes a file out of a view's table. */
static bool foreign(model *m, int v) {
  char uri[256], line[4096], text[4096];
  snprintf(uri, sizeof uri, "%s/lake/v%d", m->project.root, v);
  char *path = find_add(uri, line, sizeof line) ? strstr(line, "\"path\":\"") : NULL;
  if (path == NULL) {
    return true; /* it has no rows */
  }
  path += strlen("\"path\":\"");
  path[strcspn(path, "\"")] = '\0';
  snprintf(text, sizeof text,
           "{\"remove\":{\"path\":\"%s\",\"deletionTimestamp\":1,\"dataChange\":true}}\n",
           path);
  m->views[v].foreign = true;
  return put_commit(uri, text);
}

static bool copy_folder(const char *from, const char *to) {
  char command[600];
  snprintf(command, sizeof command, "cp -r '%s' '%s'", from, to);
  return system(command) == 0;
}

static bool remove_folder(const char *path) {
  char command[300];
  snprintf(command, sizeof command, "rm -rf '%s'", path);
  return system(command) == 0;
}

static bool copy_source(model *m, int source, int *folder) {
  char from[256], to[256];
  table_of(m, source, m->folder[source], from);
  *folder = ++m->copies; /* may be the very one that is read */
  table_of(m, source, *folder, to);
  return copy_folder(from, to);
}

/* Two copies that go different ways, and then get one last commit. */
static bool diverge(model *m, weir_session *session, int source) {
  char one[256], two[256];
  if (!copy_source(m, source, &m->twin[source])) {
    return false;
  }
  table_of(m, source, m->folder[source], one);
  table_of(m, source, m->twin[source], two);
  m->sources[source].rows = ++m->contents;
  return append(m, session, source, m->folder[source]) &&
         append(m, session, source, m->twin[source]) &&
         put_commit(one, "{\"txn\":{\"appId\":\"loader\",\"version\":1}}\n") &&
         put_commit(two, "{\"txn\":{\"appId\":\"loader\",\"version\":1}}\n");
}

/* ---- edits ---- */

static bool all_there(const model *m) {
  for (int v = 0; v < VIEWS; v++) {
    if (!m->views[v].there || m->views[v].foreign) {
      return false;
    }
  }
  return true;
}

static bool edit_source(model *m, weir_session *session, uint32_t which) {
  int s = (int)below(m, SOURCES);
  switch (which) {
    case 0:
    case 1:
      m->sources[s].rows = ++m->contents;
      m->twin[s] = -1;
      return append(m, session, s, m->folder[s]);
    case 2:
    case 3:
      m->twin[s] = -1;
      return maintain(m, s);
    case 4:
      m->twin[s] = -1;
      return copy_source(m, s, &m->folder[s]) && write_yml(m);
    case 5:
    default:
      if (m->twin[s] < 0) {
        return diverge(m, session, s);
      }
      m->folder[s] = m->twin[s];
      m->twin[s] = -1;
      m->sources[s].rows = ++m->contents;
      return write_yml(m);
  }
}

static bool edit_view(model *m, uint32_t which) {
  int v = (int)below(m, VIEWS);
  model_view *view = &m->views[v];
  char uri[256];
  switch (which) {
    case 6:
    case 7:
      view->meaning = (int)below(m, 3);
      view->text = (int)below(m, 2);
      return write_view(m, v);
    case 8:
    case 9:
      view->text = 1 - view->text;
      return write_view(m, v);
    case 10:
      view->shape = 1 - view->shape;
      return write_view(m, v);
    case 11:
      view->gate = (int)below(m, 3);
      return write_view(m, v);
    case 12:
      return !view->there || foreign(m, v);
    case 13:
    default:
      view->there = view->foreign = false;
      snprintf(uri, sizeof uri, "%s/lake/v%d", m->project.root, v);
      return remove_folder(uri);
  }
}

static bool edit(model *m, weir_session *session) {
  uint32_t which = below(m, 17);
  if (which < 6) {
    return edit_source(m, session, which);
  }
  if (which < 14) {
    return edit_view(m, which);
  }
  if (which == 14) {
    m->param = (int)below(m, 4);
    return write_yml(m);
  }
  if (which == 15) {
    m->forced = true;
  } else if (all_there(m)) {
    m->selected = 1 + below(m, (1u << VIEWS) - 1);
  }
  return true;
}

/* ---- what must be decided ---- */

/* As docs/determinism.md says it. `seen`: of sources, what counts. Upstreams have their keys. */
static void key_of(const model *m, int v, const content *seen, char out[KEY]) {
  const model_view *view = &m->views[v];
  char digest[KEY];
  size_t n = (size_t)snprintf(digest, sizeof digest, "%d.%d shape %d", v, view->meaning,
                              view->shape);
  if (meanings[v][view->meaning].param) {
    n += (size_t)snprintf(digest + n, sizeof digest - n, " p=%d", m->param);
  }
  for (int s = 0; s < SOURCES; s++) {
    if (meanings[v][view->meaning].sources & (1u << s)) {
      n += (size_t)snprintf(digest + n, sizeof digest - n, " s%d:%d.%d", s, seen[s].rows,
                            seen[s].upkeep);
    }
  }
  for (int u = 0; u < VIEWS; u++) {
    if (meanings[v][view->meaning].views & (1u << u)) {
      n += (size_t)snprintf(digest + n, sizeof digest - n, " [%.120s]", m->views[u].key);
    }
  }
  /* Short, and as good: FNV over the whole, twice. */
  uint64_t a = 14695981039346656037u, b = 88172645463325252u;
  for (const char *p = digest; *p != '\0'; p++) {
    a = (a ^ (unsigned char)*p) * 1099511628211u;
    b = (b + (unsigned char)*p) * 6364136223846793005u + 1;
  }
  snprintf(out, KEY, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
}

/* The action that is due, with the model moved on as the run moves the table. */
static const char *due(model *m, int v) {
  model_view *view = &m->views[v];
  char again[KEY], now[KEY];
  content seen[SOURCES];
  for (int s = 0; s < SOURCES; s++) {
    bool same = view->there && view->seen[s].rows == m->sources[s].rows;
    seen[s] = same ? view->seen[s] : m->sources[s]; /* what was only maintained */
  }
  key_of(m, v, seen, again);
  key_of(m, v, m->sources, now);
  bool same = view->there && strcmp(again, view->key) == 0;
  if (same && !view->foreign && !m->forced) {
    bool adjust = view->built_gate != view->gate;
    view->built_gate = view->gate;
    return adjust ? "adjust" : "reuse";
  }
  if (!same) {
    memcpy(view->key, now, sizeof now);
    memcpy(view->seen, m->sources, sizeof view->seen);
  }
  view->there = true;
  view->foreign = false;
  view->built_gate = view->gate;
  return "full";
}

/* ---- rows ---- */

/* One line for each view: is its table what the views come to over the sources? */
static bool compare_rows(model *m, weir_project *project, uint32_t views, int step) {
  static char sql[16384], got[4096], one[1024];
  char param[16];
  weir_session *session = NULL;
  weir_error err = WEIR_ERROR_INIT;
  size_t n = 0;
  snprintf(param, sizeof param, "%d", m->param);
  n += (size_t)sprintf(sql + n, "WITH ");
  for (int v = 0; v < VIEWS; v++) {
    sql_of(meanings[v][m->views[v].meaning].texts[0], "e", param, one);
    n += (size_t)sprintf(sql + n, "%se%d AS (%s)", v > 0 ? ", " : "", v, one);
  }
  for (int v = 0; v < VIEWS; v++) {
    if (views & (1u << v)) {
      n += (size_t)sprintf(sql + n,
                           " %s SELECT %d AS v, (a.c = b.c) AND (a.s IS NOT DISTINCT "
                           "FROM b.s) AND (a.t IS "
                           "NOT DISTINCT FROM b.t) AS fine FROM (SELECT count(*) AS c, "
                           "sum(k * 31 + n) AS s, "
                           "sum(k * n + n * n) AS t FROM v%d) a CROSS JOIN (SELECT "
                           "count(*) AS c, sum(k * 31 "
                           "+ n) AS s, sum(k * n + n * n) AS t FROM e%d) b",
                           strstr(sql, "fine") != NULL ? "UNION ALL" : "", v, v, v);
    }
  }
  weir_status status = weir_project_session(project, sql, &session, &err);
  if (status == WEIR_OK) {
    status = wf_query(session, sql, got, sizeof got, &err);
  }
  weir_session_free(&session);
  if (status != WEIR_OK || strstr(got, "false") != NULL || strstr(got, "NULL") != NULL) {
    wt_fail(__FILE__, __LINE__, "step %d: rows: %s %s", step, got, err.message);
    weir_error_release(&err);
    return false;
  }
  return true;
}

/* ---- a step ---- */

static bool check_report(model *m, const weir_report *report, uint32_t *worked,
                         int step) {
  size_t n = 0;
  const weir_view_result *views = weir_report_views(report, &n);
  uint32_t chosen = m->selected != 0 ? m->selected : (1u << VIEWS) - 1;
  const char *want[VIEWS] = {"", "", "", "", ""};
  for (int v = 0; v < VIEWS; v++) {
    if (chosen & (1u << v)) {
      want[v] = due(m, v);
      *worked |= strcmp(want[v], "reuse") != 0 ? 1u << v : 0;
    }
  }
  for (size_t i = 0; i < n; i++) {
    int v = views[i].view[1] - '0';
    chosen &= ~(1u << v);
    if (strcmp(views[i].action, want[v]) != 0) {
      wt_fail(__FILE__, __LINE__,
              "step %d: %s (meaning %d, text %d, p %d) is %s '%s', not %s", step,
              views[i].view, m->views[v].meaning, m->views[v].text, m->param,
              views[i].action, views[i].reason, want[v]);
      return false;
    }
  }
  if (chosen != 0) {
    wt_fail(__FILE__, __LINE__, "step %d: not all views are told of", step);
  }
  return chosen == 0;
}

static bool run_step(model *m, int step) {
  char names[VIEWS][4];
  const char *select[VIEWS];
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_select chosen = WEIR_SELECT_INIT;
  weir_project *project = NULL;
  weir_report *report = NULL;
  weir_error err = WEIR_ERROR_INIT;
  uint32_t worked = 0;
  if (!all_there(m)) { /* what is not selected would have to be there */
    m->selected = 0;
  }
  chosen.full_refresh = m->forced;
  chosen.select = select;
  for (int v = 0; v < VIEWS; v++) {
    if (m->selected & (1u << v)) {
      snprintf(names[v], sizeof names[v], "v%d", v);
      select[chosen.n_select++] = names[v];
    }
  }
  options.path = m->project.root;
  options.threads = 2;
  bool fine = weir_project_open(&options, &project, &err) == WEIR_OK &&
              weir_project_run(project, &chosen, NULL, &report, &err) == WEIR_OK;
  if (!fine) {
    size_t n = 0;
    const weir_view_result *views = report != NULL ? weir_report_views(report, &n) : NULL;
    wt_fail(__FILE__, __LINE__, "step %d: %s", step, err.message);
    for (size_t i = 0; i < n; i++) {
      if (views[i].error != NULL) {
        wt_fail(__FILE__, __LINE__, "%s: %s (%s)", views[i].view, views[i].error->message,
                views[i].reason);
      }
    }
  }
  fine = fine && check_report(m, report, &worked, step);
  bool whole = m->selected == 0; /* else some stand, and are stale */
  if (fine && whole && (worked != 0 || step % 8 == 0)) {
    fine = compare_rows(m, project, step % 8 == 0 ? (1u << VIEWS) - 1 : worked, step);
  }
  weir_report_free(&report);
  weir_project_free(&project);
  weir_error_release(&err);
  m->forced = false;
  m->selected = 0;
  return fine;
}

/* In memory where that can be: a thousand runs wait for a disk most of their time. */
static bool make_folder(model *m) {
  static const wt_file none[] = {{"views/.keep", ""}};
  snprintf(m->project.root, sizeof m->project.root, "/dev/shm/weir-edits-XXXXXX");
  if (mkdtemp(m->project.root) == NULL) {
    return wt_project_make(&m->project, WT_FILES(none));
  }
  return wt_project_write(&m->project, none[0].path, "", 0);
}

WT_TEST(a_thousand_edits_are_decided_as_rows_and_keys_say) {
  static model m;
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  weir_session *session = NULL;
  weir_error err = WEIR_ERROR_INIT;
  int done = 0, steps = 0, works = 0;
  m.random = 20260102;
  m.param = 2;
  WT_CHECK(make_folder(&m));
  options.threads = 2;
  WT_OK(weir_session_new(&options, &session, &err));
  WT_OK(weir_session_seal(session, &err));
  bool fine = write_yml(&m);
  for (int s = 0; s < SOURCES; s++) {
    char uri[256];
    struct ArrowArrayStream stream;
    weir_write_result result = {0};
    static const char *const rows[] = {"1", "2", "2", "5"};
    m.twin[s] = -1;
    table_of(&m, s, 0, uri);
    WT_CHECK(wf_rows(&stream, "k:l x:l", rows, 2));
    WT_OK(weir_table_create(session, uri, &stream, NULL, &result, &err));
    weir_write_result_release(&result);
  }
  for (int v = 0; v < VIEWS; v++) {
    fine = fine && write_view(&m, v);
  }
  for (; fine && done < EDITS; steps++) {
    int more = steps == 0 ? 0 : 4 + (int)below(&m, 6);
    for (int i = 0; i < more && fine; i++, done++) {
      fine = edit(&m, session);
    }
    fine = fine && run_step(&m, steps);
    works++;
  }
  weir_session_free(&session);
  wt_project_remove(&m.project);
  WT_CHECK(fine && done >= EDITS && works > EDITS / 10);
}
