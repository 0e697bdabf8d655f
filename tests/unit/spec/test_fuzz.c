/* Mutated projects: whatever is in the files, reading ends, errors have places, and
 * nothing is touched that should not be (run under the sanitizers). The seed is fixed. */
#include <stdlib.h>

#include "common/project.h"
#include "common/test.h"
#include "spec/spec.h"

static const char yml[] =
    "name: p\n"
    "warehouse: ./lake\n"
    "sources:\n"
    "  files: {table: ./facts/files, description: \"a b\"}\n"
    "  calls:\n"
    "    table: s3://bucket/calls\n"
    "    version: 12\n"
    "parameters:\n"
    "  min_score: {type: float64, default: 0.5}\n"
    "  day: {type: date, default: run_date}\n"
    "  at: {type: timestamp, default: \"2026-01-01T00:00:00Z\"}\n"
    "profiles:\n"
    "  dev: {threads: 2, memory: 2GB}\n"
    "  prod:\n"
    "    storage: {region: \"${env:HOME}\", k: v}\n";

static const char view[] =
    "/* weir\n"
    "key: [a]\n"
    "partition_by: [b]\n"
    "constraints: {c: \"a > 0\", u: {unique: [a, b]}}\n"
    "columns: [a: int64, b: {type: string, not_null: true}]\n"
    "properties: {team.x: y, delta.appendOnly: true}\n"
    "write_metadata: {a: b}\n"
    "materialized: table\n"
    "determinism: relaxed\n"
    "append_only: true\n"
    "max_commit_retries: 3\n"
    "tags: [x, y]\n"
    "parameters: [day]\n"
    "target_file_size: 1.5GB\n"
    "*/\n"
    "SELECT a, 'x''y' AS \"b\" /* c /* d */ */ FROM files -- e\n"
    "WHERE a > $min_score AND b = $$t$$\n";

static const char *const pieces[] = {"{",
                                     "}",
                                     "[",
                                     "]",
                                     ":",
                                     ",",
                                     "\n",
                                     "  ",
                                     "- ",
                                     "\"",
                                     "'",
                                     "#",
                                     "&a ",
                                     "*a",
                                     "!!x ",
                                     "<<:",
                                     "---\n",
                                     "...\n",
                                     "|\n",
                                     ">\n",
                                     "? ",
                                     "\t",
                                     "\r\n",
                                     "%YAML 1.1\n",
                                     "{{",
                                     "}}",
                                     "${",
                                     "${env:",
                                     "<%",
                                     "/*",
                                     "*/",
                                     "/* weir\n",
                                     "$",
                                     "$$",
                                     "null",
                                     "~",
                                     "\xEF\xBB\xBF",
                                     "\xC3",
                                     "\xE2\x82\xAC",
                                     "\x01",
                                     "999999999999999999999",
                                     "-1",
                                     "name",
                                     "1e9"};

static uint64_t seed = 7;

static size_t draw(size_t below) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (size_t)(seed >> 33) % below;
}

/* Removes, changes, copies or puts in a piece; `text` has room. Gives the new length. */
static size_t mutate(char *text, size_t n, size_t cap) {
  size_t at = draw(n + 1), len = draw(n - at + 1), kind = draw(5);
  if (kind == 0 && len < 40) {
    memmove(text + at, text + at + len, n - at - len);
    return n - len;
  }
  if (kind == 1 && at < n) {
    text[at] = (char)draw(256);
    return n;
  }
  const char *piece = pieces[draw(sizeof pieces / sizeof pieces[0])];
  size_t size = strlen(piece);
  char copy[64];
  if (kind == 2) {
    size = len < sizeof copy ? len : sizeof copy;
    memcpy(copy, text + at, size);
    piece = copy;
    at = draw(n + 1);
  }
  if (n + size > cap) {
    return n;
  }
  memmove(text + at + size, text + at, n - at);
  memcpy(text + at, piece, size);
  return n + size;
}

static bool diags_ok(const wi_diags *diags) {
  for (size_t i = 0; i < diags->n; i++) {
    const weir_error *e = &diags->items[i].error;
    if (e->code == WEIR_OK || e->message[0] == '\0' || e->file[0] == '\0' ||
        e->line == 0 || e->column == 0 || e->code == WEIR_E_BUG ||
        !wi_utf8_valid(e->message, strlen(e->message))) {
      printf("  %d %s:%u:%u %s\n", e->code, e->file, e->line, e->column, e->message);
      return false;
    }
  }
  return true;
}

static bool one_round(const wt_project *project, size_t *good) {
  char text[2][4096];
  size_t n[2] = {sizeof yml - 1, sizeof view - 1};
  memcpy(text[0], yml, n[0]);
  memcpy(text[1], view, n[1]);
  for (size_t k = 0, times = 1 + draw(6); k < times; k++) {
    size_t which = draw(2);
    n[which] = mutate(text[which], n[which], sizeof text[which]);
  }
  wi_spec *spec = NULL;
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  wi_spec_options options = {.path = project->root};
  bool ok = wt_project_write(project, "weir.yml", text[0], n[0]) &&
            wt_project_write(project, "views/v.sql", text[1], n[1]);
  weir_status status = wi_spec_load(&options, &spec, &diags, &err);
  ok = ok && (status == WEIR_OK || status == WEIR_E_PROJECT) && spec != NULL &&
       (status == WEIR_OK) == (diags.errors == 0) && diags_ok(&diags);
  if (spec != NULL) {
    char digest[WI_DIGEST_HEX];
    wi_spec_digest(spec, digest);
  }
  *good += status == WEIR_OK ? 1 : 0;
  weir_error_release(&err);
  wi_diags_release(&diags);
  wi_spec_free(&spec);
  return ok;
}

WT_TEST(mutated_projects_never_break_the_reader) {
  const wt_file files[] = {{"weir.yml", yml}, {"views/v.sql", view}};
  wt_project project;
  size_t good = 0, rounds = 4000;
  unsetenv("WEIR_PROFILE");
  WT_CHECK(wt_project_make(&project, WT_FILES(files)));
  for (size_t i = 0; i < rounds; i++) {
    WT_CHECK(one_round(&project, &good));
  }
  printf("  %zu of %zu mutants are still good projects\n", good, rounds);
  WT_CHECK(good > 50 && good < rounds / 2);
  wt_project_remove(&project);
}

WT_TEST(the_unchanged_seeds_are_good) {
  const wt_file files[] = {{"weir.yml", yml}, {"views/v.sql", view}};
  wt_project project;
  wi_spec *spec = NULL;
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(wt_project_make(&project, WT_FILES(files)));
  wi_spec_options options = {.path = project.root};
  WT_OK(wi_spec_load(&options, &spec, &diags, &err));
  wi_spec_free(&spec);
  wt_project_remove(&project);
}
