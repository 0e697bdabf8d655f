/* A good project with everything in it, what wins over what, and digests. */
#include <stdlib.h>
#include <unistd.h>

#include "common/project.h"
#include "common/test.h"
#include "spec/spec.h"

static const wt_file good[] = {
    {"weir.yml",
     "\xEF\xBB\xBF# a project\n"
     "name: codegraph\n"
     "warehouse: ./my lake/\n"
     "sources:\n"
     "  files: {table: ./facts/files, description: All files.}\n"
     "  calls: {table: S3://bucket//calls/./x/, version: 12}\n"
     "parameters:\n"
     "  min_score: {type: float64, default: 0.5, description: The least score.}\n"
     "  day: {type: date, default: run_date}\n"
     "  at: {type: timestamp, default: \"2026-01-01T02:00:00+02:00\"}\n"
     "  lang: {type: string, default: null}\n"
     "  limit_rows: {type: int64}\n"
     "  word: {type: string, default: run_date}\n"
     "profiles:\n"
     "  dev: {threads: 2, memory: 1.5GB, spill_dir: tmp, spill_limit: 10GiB}\n"
     "  prod:\n"
     "    warehouse: s3://bucket/lake\n"
     "    storage: {region: eu, aws_secret_access_key: \"${env:WEIR_TEST_SECRET}\",\n"
     "              endpoint: \"https://${env:WEIR_TEST_HOST}:9000\"}\n"},
    {"views/b/nodes.sql",
     "\xEF\xBB\xBF/* weir\n"
     "materialized: table          # table | view\n"
     "key: [node_id]\n"
     "partition_by: [lang, kind]\n"
     "sort_by: [path]\n"
     "constraints: {span_ok: \"bend >= bstart\", one: {unique: [b, a]}, unique: [c]}\n"
     "columns:\n"
     "  - node_id: String\n"
     "  - price: {type: \"decimal(10, 2)\", not_null: true, description: D}\n"
     "  - m: \"map<string, Struct<A: int64>>\"\n"
     "properties: {team.owner: me, delta.checkpointInterval: 5}\n"
     "write_metadata: {team.job: 7}\n"
     "target_file_size: 128MiB\n"
     "max_commit_retries: 3\n"
     "determinism: relaxed\n"
     "on_schema_change: fail\n"
     "append_only: true\n"
     "tags: [nightly, core]\n"
     "parameters: [min_score]\n"
     "description: One row per node.\n"
     "*/\n"
     "\n"
     "SELECT '{{ not a template }}' AS \"${x}\", $min_score /* {% fine %} */ -- <% fine\n"
     "FROM files WHERE x = $$ ${raw} $$ AND y = $t$ {{ }} $t$\n"},
    {"views/b/.hidden.sql", "{{ broken"},
    {"views/.git/x.sql", "{{ broken"},
    {"views/README.md", "{{ not a view"},
    {"views/edges.sql", "SELECT 1 AS a"}};

static wi_spec *load(const char *root, const wi_spec_options *more) {
  wi_spec *spec = NULL;
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  wi_spec_options options = more == NULL ? (wi_spec_options){0} : *more;
  options.path = options.path == NULL ? root : options.path;
  if (wi_spec_load(&options, &spec, &diags, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "load: %s", err.message);
    wi_spec_free(&spec);
  }
  weir_error_release(&err);
  wi_diags_release(&diags);
  return spec;
}

static void clear_env(void) {
  unsetenv("WEIR_PROFILE");
  unsetenv("WEIR_WAREHOUSE");
  unsetenv("WEIR_THREADS");
  unsetenv("WEIR_MEMORY");
}

static void check_project(const wi_spec *spec, const char *root) {
  char uri[256];
  snprintf(uri, sizeof uri, "file://%s/my%%20lake", root);
  WT_EQ_STR(spec->name, "codegraph");
  WT_EQ_STR(spec->root, root);
  WT_EQ_STR(spec->warehouse, uri);
  WT_CHECK(spec->profile_name == NULL);
  WT_EQ_INT(spec->profile.threads, 0);
  WT_EQ_INT(spec->n_sources, 2);
  WT_EQ_STR(spec->sources[0].name, "calls");
  WT_EQ_STR(spec->sources[0].uri, "s3://bucket/calls/x");
  WT_EQ_INT(spec->sources[0].version, 12);
  WT_EQ_INT(spec->sources[0].place.line, 6);
  WT_EQ_INT(spec->sources[0].place.column, 3);
  snprintf(uri, sizeof uri, "file://%s/facts/files", root);
  WT_EQ_STR(spec->sources[1].uri, uri);
  WT_EQ_STR(spec->sources[1].table, "./facts/files");
  WT_EQ_INT(spec->sources[1].version, -1);
  WT_EQ_STR(wi_spec_source_find(spec, "files")->description, "All files.");
  WT_CHECK(wi_spec_source_find(spec, "file") == NULL);
}

static void check_params(const wi_spec *spec) {
  WT_EQ_INT(spec->n_params, 6);
  const wi_spec_param *p = wi_spec_param_find(spec, "at");
  WT_EQ_INT(p->value.i64, INT64_C(1767225600000000));
  p = wi_spec_param_find(spec, "day");
  WT_EQ_INT(p->default_kind, WI_DEFAULT_RUN_DATE);
  WT_CHECK(!p->has_value);
  p = wi_spec_param_find(spec, "lang");
  WT_CHECK(p->has_value && p->value.is_null && p->value.type == WI_TYPE_STRING);
  p = wi_spec_param_find(spec, "limit_rows");
  WT_CHECK(!p->has_value && p->default_kind == WI_DEFAULT_NONE);
  p = wi_spec_param_find(spec, "word");
  WT_EQ_STR(p->value.text, "run_date");
  p = wi_spec_param_find(spec, "min_score");
  WT_CHECK(p->value.f64 == 0.5 && !p->given);
}

static void check_lists(const wi_spec_view *v) {
  WT_EQ_INT(v->key.n, 1);
  WT_EQ_STR(v->partition_by.items[0], "lang");
  WT_EQ_STR(v->partition_by.items[1], "kind");
  WT_EQ_STR(v->tags.items[0], "core");
  WT_EQ_STR(v->parameters.items[0], "min_score");
  WT_EQ_INT(v->n_constraints, 3);
  WT_EQ_STR(v->constraints[0].name, "one");
  WT_EQ_STR(v->constraints[0].unique.items[0], "b");
  WT_CHECK(v->constraints[0].predicate == NULL);
  WT_EQ_STR(v->constraints[1].predicate, "bend >= bstart");
  WT_EQ_INT(v->constraints[1].place.line, 6);
  WT_EQ_INT(v->constraints[1].place.column, 15);
  WT_EQ_STR(v->constraints[2].name, "unique");
  WT_EQ_INT(v->n_columns, 3);
  WT_EQ_STR(v->columns[0].type, "string");
  WT_EQ_STR(v->columns[1].type, "decimal(10,2)");
  WT_CHECK(v->columns[1].not_null);
  WT_EQ_STR(v->columns[2].type, "map<string,Struct<A:int64>>");
  WT_EQ_STR(v->properties.keys[0], "delta.checkpointInterval");
  WT_EQ_STR(v->properties.values[1], "me");
  WT_EQ_STR(v->write_metadata.values[0], "7");
}

static void check_views(const wi_spec *spec) {
  WT_EQ_INT(spec->n_views, 2);
  const wi_spec_view *plain = &spec->views[0], *v = &spec->views[1];
  WT_EQ_STR(plain->name, "edges");
  WT_EQ_INT(plain->materialized, WI_MAT_TABLE);
  WT_EQ_INT(plain->determinism, WI_DET_STRICT);
  WT_EQ_INT(plain->max_commit_retries, -1);
  WT_EQ_INT(plain->sql_line, 1);
  WT_EQ_STR(v->name, "nodes");
  WT_EQ_STR(v->file, "views/b/nodes.sql");
  WT_EQ_INT(v->determinism, WI_DET_RELAXED);
  WT_EQ_INT(v->on_schema_change, WI_SCHEMA_FAIL);
  WT_EQ_INT(v->target_file_size, INT64_C(128) << 20);
  WT_EQ_INT(v->max_commit_retries, 3);
  WT_CHECK(v->append_only);
  WT_EQ_INT(v->sql_line, 23);
  WT_EQ_STR(v->description, "One row per node.");
  const char *select = strstr(v->sql, "SELECT");
  WT_CHECK(select != NULL && strstr(v->sql, "key:") == NULL);
  size_t lines = 1;
  for (const char *p = v->sql; p < select; p++) {
    lines += *p == '\n' ? 1 : 0;
  }
  WT_EQ_INT(lines, 23);
  check_lists(v);
}

WT_TEST(good_project_is_read_whole) {
  wt_project project;
  clear_env();
  WT_CHECK(wt_project_make(&project, WT_FILES(good)));
  wi_spec *spec = load(project.root, NULL);
  if (spec != NULL) {
    check_project(spec, project.root);
    check_params(spec);
    check_views(spec);
  }
  wi_spec_free(&spec);
  WT_CHECK(spec == NULL);
  wi_spec_free(&spec);
  wt_project_remove(&project);
}

WT_TEST(project_is_found_upwards_and_by_file) {
  wt_project project;
  char path[256];
  clear_env();
  WT_CHECK(wt_project_make(&project, WT_FILES(good)));
  snprintf(path, sizeof path, "%s/views/b", project.root);
  wi_spec_options up = {.cwd = path, .path = NULL};
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  wi_spec *spec = NULL;
  WT_OK(wi_spec_load(&up, &spec, &diags, &err));
  WT_EQ_STR(spec->root, project.root);
  wi_spec_free(&spec);
  wi_spec_options file = {.cwd = path, .path = "../../weir.yml"};
  WT_OK(wi_spec_load(&file, &spec, &diags, &err));
  WT_EQ_STR(spec->root, project.root);
  wi_spec_free(&spec);
  WT_EQ_INT(diags.n, 0);
  wi_diags_release(&diags);
  wt_project_remove(&project);
}

WT_TEST(flag_beats_variable_beats_profile_beats_file) {
  wt_project project;
  char uri[256];
  clear_env();
  setenv("WEIR_TEST_SECRET", "hush", 1);
  setenv("WEIR_TEST_HOST", "h", 1);
  WT_CHECK(wt_project_make(&project, WT_FILES(good)));

  wi_spec_options dev = {.profile = "dev"};
  wi_spec *spec = load(project.root, &dev);
  WT_CHECK(spec != NULL);
  WT_EQ_STR(spec->profile_name, "dev");
  WT_EQ_INT(spec->profile.threads, 2);
  WT_EQ_INT(spec->profile.memory, 1500000000);
  WT_EQ_INT(spec->profile.spill_limit, INT64_C(10) << 30);
  snprintf(uri, sizeof uri, "%s/tmp", project.root);
  WT_EQ_STR(spec->profile.spill_dir, uri);
  wi_spec_free(&spec);

  setenv("WEIR_PROFILE", "prod", 1);
  spec = load(project.root, NULL);
  WT_CHECK(spec != NULL);
  WT_EQ_STR(spec->warehouse, "s3://bucket/lake");
  WT_EQ_INT(spec->profile.storage.n, 3);
  WT_EQ_STR(spec->profile.storage.keys[0], "aws_secret_access_key");
  WT_EQ_STR(spec->profile.storage.values[0], "hush");
  WT_EQ_STR(spec->profile.storage.values[1], "https://h:9000");
  wi_spec_free(&spec);

  setenv("WEIR_WAREHOUSE", "else", 1);
  setenv("WEIR_THREADS", "3", 1);
  setenv("WEIR_MEMORY", "64MiB", 1);
  spec = load(project.root, &dev);
  WT_CHECK(spec != NULL);
  snprintf(uri, sizeof uri, "file://%s/else", project.root);
  WT_EQ_STR(spec->profile_name, "dev");
  WT_EQ_STR(spec->warehouse, uri);
  WT_EQ_INT(spec->profile.threads, 3);
  WT_EQ_INT(spec->profile.memory, INT64_C(64) << 20);
  wi_spec_free(&spec);

  wi_spec_options flags = {.warehouse = "gs://b/w/", .threads = 5, .memory = 1000};
  spec = load(project.root, &flags);
  WT_CHECK(spec != NULL);
  WT_EQ_STR(spec->warehouse, "gs://b/w");
  WT_EQ_INT(spec->profile.threads, 5);
  WT_EQ_INT(spec->profile.memory, 1000);
  wi_spec_free(&spec);
  clear_env();
  wt_project_remove(&project);
}

WT_TEST(bad_variables_are_errors) {
  wt_project project;
  wi_spec *spec = NULL;
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  clear_env();
  WT_CHECK(wt_project_make(&project, WT_FILES(good)));
  setenv("WEIR_THREADS", "many", 1);
  setenv("WEIR_MEMORY", "0", 1);
  setenv("WEIR_PROFILE", "prd", 1);
  setenv("WEIR_WAREHOUSE", "s3://", 1);
  wi_spec_options options = {.path = project.root};
  WT_EQ_INT(wi_spec_load(&options, &spec, &diags, &err), WEIR_E_PROJECT);
  clear_env();
  WT_EQ_INT(diags.errors, 4);
  WT_EQ_INT(diags.items[0].error.line, 15); /* the profile: the only one with a place */
  WT_CHECK(strstr(diags.items[1].error.message, "WEIR_THREADS") != NULL);
  WT_CHECK(strstr(diags.items[2].error.message, "WEIR_MEMORY") != NULL);
  WT_CHECK(strstr(diags.items[3].error.message, "WEIR_WAREHOUSE") != NULL);
  weir_error_release(&err);
  wi_diags_release(&diags);
  wi_spec_free(&spec);
  wt_project_remove(&project);
}

WT_TEST(params_of_the_command_line) {
  static const char *const given[] = {"min_score=1e-3", "lang=", "at:null",
                                      "limit_rows=-7", "word=a=b:null"};
  wt_project project;
  clear_env();
  WT_CHECK(wt_project_make(&project, WT_FILES(good)));
  wi_spec_options options = {.params = given, .n_params = 5};
  wi_spec *spec = load(project.root, &options), *without = load(project.root, NULL);
  WT_CHECK(spec != NULL && without != NULL);
  const wi_spec_param *p = wi_spec_param_find(spec, "min_score");
  WT_CHECK(p->value.f64 == 1e-3 && p->given && p->default_value.f64 == 0.5);
  p = wi_spec_param_find(spec, "lang");
  WT_CHECK(!p->value.is_null && p->given);
  WT_EQ_STR(p->value.text, "");
  p = wi_spec_param_find(spec, "at");
  WT_CHECK(p->value.is_null && p->value.type == WI_TYPE_TIMESTAMP && p->has_value);
  WT_EQ_INT(wi_spec_param_find(spec, "limit_rows")->value.i64, -7);
  WT_EQ_STR(wi_spec_param_find(spec, "word")->value.text, "a=b:null");
  char a[WI_DIGEST_HEX], b[WI_DIGEST_HEX];
  wi_spec_digest(spec, a);
  wi_spec_digest(without, b);
  WT_EQ_STR(a, b); /* what --param gives is no part of the project */
  wi_spec_free(&spec);
  wi_spec_free(&without);
  wt_project_remove(&project);
}

/* ---- digests ---- */

static void spec_digest(const wt_file *files, size_t n, char out[WI_DIGEST_HEX],
                        char view[WI_DIGEST_HEX]) {
  wt_project project;
  out[0] = view[0] = '\0';
  clear_env();
  if (!wt_project_make(&project, files, n)) {
    return;
  }
  wi_spec *spec = load(project.root, NULL);
  if (spec != NULL) {
    wi_digest d;
    wi_digest_begin(&d, "test");
    wi_spec_view_digest(&spec->views[spec->n_views - 1], &d);
    wi_digest_end_hex(&d, view);
    wi_spec_digest(spec, out);
  }
  wi_spec_free(&spec);
  wt_project_remove(&project);
}

WT_TEST(digests_know_content_and_no_place) {
  char one[WI_DIGEST_HEX], two[WI_DIGEST_HEX], v1[WI_DIGEST_HEX], v2[WI_DIGEST_HEX];
  spec_digest(WT_FILES(good), one, v1);
  spec_digest(WT_FILES(good), two, v2); /* another folder */
  WT_EQ_STR(one, two);
  WT_EQ_STR(v1, v2);
  WT_EQ_INT(strlen(one), 64);
}

WT_TEST(each_change_changes_the_digest) {
  static const char *const texts[] = {
      "SELECT 1", "SELECT 2", "/* weir\nkey: [a]\n*/ SELECT 1",
      "/* weir\nsort_by: [a]\n*/ SELECT 1", "/* weir\npartition_by: [a]\n*/ SELECT 1",
      "/* weir\npartition_by: [a, b]\n*/ SELECT 1",
      "/* weir\npartition_by: [b, a]\n*/ SELECT 1",
      "/* weir\ndeterminism: relaxed\n*/ SELECT 1",
      "/* weir\ncolumns: {a: int64}\n*/ SELECT 1",
      "/* weir\ncolumns: {a: {type: int64, not_null: true}}\n*/ SELECT 1",
      /* from here on the view's own digest stays */
      "/* weir\ndescription: d\n*/ SELECT 1", "/* weir\ntags: [a]\n*/ SELECT 1",
      "/* weir\nconstraints: {a: 'b'}\n*/ SELECT 1",
      "/* weir\nconstraints: {a: {unique: [b]}}\n*/ SELECT 1",
      "/* weir\nproperties: {a.b: c}\n*/ SELECT 1",
      "/* weir\nwrite_metadata: {a.b: c}\n*/ SELECT 1",
      "/* weir\ntarget_file_size: 1MB\n*/ SELECT 1",
      "/* weir\nmax_commit_retries: 0\n*/ SELECT 1",
      "/* weir\nappend_only: true\n*/ SELECT 1",
      "/* weir\nmaterialized: view\n*/ SELECT 1",
      "/* weir\non_schema_change: fail\n*/ SELECT 1"};
  enum { N = sizeof texts / sizeof texts[0], OWN = 10 };
  static char whole[N][WI_DIGEST_HEX], own[N][WI_DIGEST_HEX];
  for (size_t i = 0; i < N; i++) {
    wt_file files[] = {{"weir.yml", "name: p\nwarehouse: l\n"},
                       {"views/v.sql", texts[i]}};
    spec_digest(WT_FILES(files), whole[i], own[i]);
    for (size_t k = 0; k < i; k++) {
      WT_CHECK(strcmp(whole[k], whole[i]) != 0);
      WT_CHECK((strcmp(own[k], own[i]) != 0) == (i < OWN || (k < OWN && k > 0)));
    }
  }
}

/* ---- size ---- */

WT_TEST(a_thousand_views_are_read_fast) {
  wt_project project;
  char name[64], text[256];
  clear_env();
  WT_CHECK(wt_project_make(&project, WT_FILES(good)));
  for (int i = 0; i < 1000; i++) {
    snprintf(name, sizeof name, "views/many/d%d/v_%d.sql", i % 10, i);
    int n = snprintf(text, sizeof text,
                     "/* weir\nkey: [a]\ntags: [t%d]\n*/\nSELECT %d AS a\n", i % 7, i);
    WT_CHECK(wt_project_write(&project, name, text, (size_t)n));
  }
  int64_t start = wi_monotonic_ns();
  wi_spec *spec = load(project.root, NULL);
  int64_t ms = (wi_monotonic_ns() - start) / 1000000;
  WT_CHECK(spec != NULL);
  WT_EQ_INT(spec->n_views, 1002);
  printf("  1,000 views in %lld ms\n", (long long)ms);
  WT_CHECK(ms < 3000);
  wi_spec_free(&spec);
  wt_project_remove(&project);
}

/* No error shows what a profile took from the environment, as long as the project is there. */
WT_TEST(values_of_the_environment_are_not_shown) {
  static const wt_file files[] = {
      {"weir.yml",
       "name: p\nwarehouse: ./lake\nprofiles:\n  a:\n    storage:\n"
       "      aws_endpoint_url: http://u:${env:WEIR_TEST_SECRET}@h\n"
       "  b:\n    storage:\n      aws_region: ${env:WEIR_TEST_HOST}\n"},
      {"views/v.sql", "SELECT 1 AS a"}};
  wt_project project;
  weir_error err = WEIR_ERROR_INIT;
  clear_env();
  setenv("WEIR_TEST_SECRET", "hush-hush-hush", 1);
  setenv("WEIR_TEST_HOST", "of-the-other-profile", 1);
  WT_CHECK(wt_project_make(&project, WT_FILES(files)));
  wi_spec_options options = {.profile = "a"};
  wi_spec *spec = load(project.root, &options);
  wi_spec *again = load(project.root, &options);
  WT_CHECK(spec != NULL && again != NULL);
  wi_spec_free(&spec);
  wi_err_set(&err, WEIR_E_STORE, "test",
             "no http://u:hush-hush-hush@h of-the-other-profile");
  WT_EQ_STR(err.message, "no http://u:***@h of-the-other-profile");
  weir_error_release(&err);
  wi_spec_free(&again);
  WT_CHECK(!wi_secret_any());
  clear_env();
  wt_project_remove(&project);
}
