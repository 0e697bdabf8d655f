#!/usr/bin/env python3
"""Compiles and runs the examples of the public headers: the indented block of each file comment.

usage: run_headers.py [NAME-PART]; env WEIR_BUILD is the build folder (default: build)

An example is a fragment. What it uses without declaring it comes from here (`GIVEN`): a session
over `./lake/orders`, rows, columns. It runs in a folder that is a project with that table, and
must leave `err` as it was. A header whose comment has no example must be in `WITHOUT`.
"""
# tests/run: timeout=300

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve()
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-pedantic-errors", "-Werror",
          # Short: an error is kept, and looked at behind the fragment.
          "-Wno-unused-result", "-Wno-unused-variable", "-Wno-unused-but-set-variable"]

WITHOUT = {"weir.h": "only includes the others", "arrow.h": "declarations of another project"}

# In the order in which they are made: name, type and value, how it is filled, how it ends.
GIVEN = [
    ("err", "weir_error err = WEIR_ERROR_INIT", "", "weir_error_release(&err)"),
    ("session", "weir_session *session = NULL", "given_session(&session)",
     "weir_session_free(&session)"),
    ("stream", "struct ArrowArrayStream stream = {0}", "given_rows(&stream)",
     "if (stream.release != NULL) stream.release(&stream)"),
    ("rows", "struct ArrowArrayStream rows = {0}", "",
     "if (rows.release != NULL) rows.release(&rows)"),
    ("columns", 'const char *const columns[] = {"part"}', "", ""),
    ("result", "weir_write_result result = {0}", "", "weir_write_result_release(&result)"),
    ("query", "weir_query *query = NULL", "", "weir_query_free(&query)"),
    ("statement", "weir_statement *statement = NULL", "", "weir_statement_free(&statement)"),
    ("cancel", "weir_cancel *cancel = NULL", "", "weir_cancel_free(&cancel)"),
    ("report", "weir_report *report = NULL", "", "weir_report_free(&report)"),
    ("project", "weir_project *project = NULL", "", "weir_project_free(&project)"),
]

HEAD = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/weir.h>

static int printed;
static void print_event(void *ctx, const weir_log_event *event) {
  (void)ctx;
  printed += event->name[0] != '\0';
}

static void must(weir_status status, const weir_error *err) {
  if (status != WEIR_OK) {
    fprintf(stderr, "%d: %s\n", (int)status, err->message);
    exit(1);
  }
}

/* Two columns and one row: id, part. */
static void given_rows(struct ArrowArrayStream *out) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = NULL;
  weir_query *q = NULL;
  must(weir_session_new(NULL, &s, &err), &err);
  must(weir_session_seal(s, &err), &err);
  must(weir_query_open(s, "SELECT 3 AS id, 'a' AS part", NULL, 0, &q, &err), &err);
  must(weir_query_stream(q, out, &err), &err);
  weir_query_free(&q);
  weir_session_free(&s);
}

static void given_session(weir_session **out) {
  weir_error err = WEIR_ERROR_INIT;
  must(weir_session_new(NULL, out, &err), &err);
  must(weir_session_add_delta(*out, "orders", "./lake/orders", -1, &err), &err);
  must(weir_session_seal(*out, &err), &err);
}
"""

SETUP = HEAD + r"""
int main(void) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = NULL;
  struct ArrowArrayStream rows;
  weir_write_result result;
  must(weir_project_init(".", "shop", &err), &err);
  given_rows(&rows);
  must(weir_session_new(NULL, &s, &err), &err);
  must(weir_session_seal(s, &err), &err);
  must(weir_table_create(s, "./lake/orders", &rows, NULL, &result, &err), &err);
  weir_write_result_release(&result);
  weir_session_free(&s);
  (void)print_event;
  (void)given_session;
  return 0;
}
"""


def example_of(header):
    """The lines of the file comment that are indented by five or more behind the star."""
    comment = header.read_text("utf-8").split("*/", 1)[0]
    lines = [line[len(" *     "):] for line in comment.splitlines()
             if line.startswith(" *     ")]
    return "\n".join(lines)


def declares(fragment, name):
    return re.search(rf"^\s*(?:const |struct )?\w+ (?:\*(?:const )?)*{name}(?: =|;|\[)", fragment,
                     re.M) is not None


def program(fragment):
    before, after = [], []
    for name, declaration, fill, end in GIVEN:
        used = re.search(rf"\b{name}\b", fragment) is not None
        own = declares(fragment, name)
        if not used and name != "err":
            continue
        if not own:
            before.append(f"  {declaration};")
            if fill:
                before.append(f"  {fill};")
        if end:
            after.insert(0, f"  {end};")
    # Before anything is released: the first error is kept.
    check = "  must(err.code, &err);"
    body = "\n".join(f"  {line}" for line in fragment.splitlines())
    unused = "  (void)print_event;\n  (void)given_rows;\n  (void)given_session;"
    return "\n".join([HEAD, "int main(void) {", unused, *before, body, check, *after,
                      "  return 0;", "}", ""])


def plugin_program(fragment):
    """The example of plugin.h names two callbacks: they are declared as their members' types."""
    return "\n".join([
        "#include <weir/plugin.h>",
        "extern __typeof__(*((weir_plugin_function *)0)->return_field) field;",
        "extern __typeof__(*((weir_plugin_function *)0)->invoke) run;",
        fragment,
        "const weir_plugin_function *example(void) { return &twice; }", ""])


def compile_and_run(source, folder, link=True, standard="c11"):
    """The program runs in `folder`, and is itself elsewhere."""
    with tempfile.TemporaryDirectory(prefix="weir-example-") as made:
        compile_there(source, pathlib.Path(made), folder, link, standard)


def compile_there(source, made, folder, link, standard):
    path, binary = made / "example.c", made / "example"
    path.write_text(source, "utf-8")
    how = [f"-L{BUILD}", "-lweir", f"-Wl,-rpath,{BUILD}", "-o", str(binary)] if link else \
        ["-fsyntax-only"]
    done = subprocess.run(["cc", f"-std={standard}", *STRICT, f"-I{ROOT}/include", str(path), *how],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{done.stderr}\n{source[len(HEAD):]}"
    if link:
        ran = subprocess.run([str(binary)], cwd=folder, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, f"exit {ran.returncode}: {ran.stdout}{ran.stderr}"


def check(header):
    fragment = example_of(header)
    if header.name in WITHOUT:
        assert not fragment, f"{header.name} has an example after all"
        return
    assert fragment, f"{header.name} has no example in its file comment"
    with tempfile.TemporaryDirectory(prefix="weir-headers-") as name:
        folder = pathlib.Path(name)
        if header.name == "plugin.h":
            compile_and_run(plugin_program(fragment), folder, link=False, standard="gnu11")
            return
        compile_and_run(SETUP, folder)
        compile_and_run(program(fragment), folder)


def check_reader():
    """What would not be compiled would not fail either."""
    wrong = 'weir_session *session = NULL;\nweir_session_new(NULL, &session);'
    with tempfile.TemporaryDirectory(prefix="weir-headers-") as name:
        try:
            compile_and_run(program(wrong), pathlib.Path(name))
        except AssertionError as said:
            assert "too few arguments" in str(said), said
            return
    raise AssertionError("a call with an argument too few was compiled")


def check_failures_show():
    """A call of a fragment that fails ends the program with its error."""
    wrong = 'weir_session_add_delta(session, "late", "./lake/orders", -1, &err);'
    with tempfile.TemporaryDirectory(prefix="weir-headers-") as name:
        folder = pathlib.Path(name)
        compile_and_run(SETUP, folder)
        try:
            compile_and_run(program(wrong), folder)
        except AssertionError as said:
            assert "after the session was sealed" in str(said), said
            return
    raise AssertionError("a fragment that fails ran")


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    tests = [(f"example of {h.name}", lambda h=h: check(h))
             for h in sorted((ROOT / "include" / "weir").glob("*.h"))]
    tests += [("a wrong fragment does not compile", check_reader),
              ("a failing fragment fails", check_failures_show)]
    passed = failed = 0
    for name, body in tests:
        if wanted not in name:
            continue
        try:
            body()
            passed += 1
            print(f"ok {name}")
        except Exception:
            failed += 1
            print(f"FAILED {name}\n{traceback.format_exc()}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
