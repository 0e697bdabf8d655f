#!/usr/bin/env python3
"""Compiles and runs the example of each public header: the indented lines of its first comment.

What an example takes for granted (an error record, a sealed session over a table of orders, a
stream of rows) is around it. Each call of it that gives a status has to succeed.

usage: run_headers.py [NAME-PART]; env WEIR_BUILD is the build folder (default: build)
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve()
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-variable"]
WITHOUT = {"arrow.h", "weir.h"}  # the specification's own, and the list of all

AROUND = r"""
#include <stdio.h>
#include <stdlib.h>
#include <weir/plugin.h>
#include <weir/weir.h>
#define OK(call) \
  do { \
    if ((call) != WEIR_OK) { \
      fprintf(stderr, "%s: %s: %s\n", #call, weir_error_code_name(err.code), err.message); \
      exit(1); \
    } \
  } while (0)
@BEFORE@
static void rows(weir_session *session, struct ArrowArrayStream *stream) {
  weir_error err = WEIR_ERROR_INIT;
  weir_query *query = NULL;
  OK(weir_query_open(session, "SELECT 1 AS id, 'x' AS part", NULL, 0, &query, &err));
  OK(weir_query_stream(query, stream, &err));
  weir_query_free(&query);
}
static weir_session *sealed(const char *table) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session *session = NULL;
  OK(weir_session_new(NULL, &session, &err));
  if (table != NULL) {
    OK(weir_session_add_table(session, table, &err));
  }
  OK(weir_session_seal(session, &err));
  return session;
}
static void make(weir_session *session, const char *uri) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream stream = {0};
  weir_write_result result = {0};
  rows(session, &stream);
  OK(weir_table_create(session, uri, &stream, NULL, &result, &err));
  weir_write_result_release(&result);
}
int main(void) {
  static const char *const columns[] = {"part"};
  static const char sql[] = "SELECT id FROM orders WHERE id < $least AND $day IS NOT NULL";
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream stream = {0};
  weir_write_result result = {0};
  weir_project *project = NULL;
  @FIRST@
  weir_session *maker = sealed(NULL);
  (void)columns, (void)sql, (void)err, (void)stream, (void)result, (void)project;
  make(maker, "./lake/orders");
  @SETUP@
  weir_session *session = sealed("orders=./lake/orders");
  rows(session, &stream);
  {
@EXAMPLE@
  }
  weir_error_release(&err);
  return 0;
}
"""

# What stands before main, and what is done before the example.
BEFORE = {"plugin.h": """
static int field(void *self, size_t n, const struct ArrowSchema *const *args,
                 const struct ArrowArray *const *literals, struct ArrowSchema *out,
                 weir_plugin_error *err) {
  (void)self, (void)n, (void)args, (void)literals, (void)err;
  return weir_plugin_field(out, "g", 1);
}
static int run(void *self, size_t n, const weir_plugin_arg *args, int64_t count,
               struct ArrowArray *out, weir_plugin_error *err) {
  void *values = NULL;
  (void)self, (void)n, (void)args;
  return weir_plugin_array(out, count, 64, &values) ? weir_plugin_fail(err, "no memory") : 0;
}
"""}
FIRST = {"project.h": 'OK(weir_project_init(".", "shop", &err));'}
SETUP = {"cancel.h": 'make(maker, "./lake/t");'}
EXPECTED = {"error.h": "WEIR-NO-PROJECT"}


def example_of(path):
    comment = re.match(r"/\*\*.*?\*/", path.read_text("utf-8"), re.S).group(0)
    return [line[3:] for line in comment.splitlines() if line.startswith(" *     ")]


def program(path):
    lines = [re.sub(r"^(\s*)(weir_\w+\(.*, &err\));$", r"\1OK(\2);", line)
             for line in example_of(path)]
    assert lines, f"{path.name} has no example"
    if path.name == "plugin.h":
        lines.append("(void)twice;")
    return (AROUND.replace("@BEFORE@", BEFORE.get(path.name, ""))
            .replace("@FIRST@", FIRST.get(path.name, ""))
            .replace("@SETUP@", SETUP.get(path.name, "")).replace("@EXAMPLE@", "\n".join(lines)))


def run_header(path):
    with tempfile.TemporaryDirectory(prefix="weir-header-") as folder:
        source = pathlib.Path(folder, "example.c")
        source.write_text(program(path), "utf-8")
        out = subprocess.run(
            ["cc", *STRICT, f"-I{ROOT / 'include'}", str(source), f"-L{BUILD}", "-lweir",
             f"-Wl,-rpath,{BUILD}", "-o", str(source.with_suffix(""))],
            capture_output=True, text=True)
        assert out.returncode == 0, out.stderr
        work = pathlib.Path(folder, "work")
        work.mkdir()
        done = subprocess.run([str(source.with_suffix(""))], cwd=work, capture_output=True,
                              text=True, timeout=100)
        assert done.returncode == 0, done.stderr
        assert EXPECTED.get(path.name, "") in done.stderr, done.stderr


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    headers = [p for p in sorted((ROOT / "include/weir").glob("*.h"))
               if p.name not in WITHOUT and wanted in p.name]
    failed = 0
    for path in headers:
        try:
            run_header(path)
            print(f"ok {path.name}")
        except Exception:
            failed += 1
            print(f"FAIL {path.name}")
            traceback.print_exc(file=sys.stdout)
    print(f"{len(headers) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
