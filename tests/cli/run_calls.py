#!/usr/bin/env python3
"""What the command can do, the library can: each command is told by the calls that do it, and the
command uses nothing of the library but calls of the public headers.

usage: run_calls.py [NAME-PART]; env WEIR_BUILD is the build folder (default: build)
"""

import os
import pathlib
import re
import subprocess
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve()

# Opening what a command is about, and telling what is wrong with it.
PROJECT = ["weir_project_open", "weir_project_free", "weir_project_read"]
QUERY = ["weir_query_open", "weir_query_stream", "weir_query_free", "weir_stream_error",
         "weir_session_free"]
KINDS = {"weir_action_name", "weir_event_kind_name", "weir_materialized_name",
         "weir_node_kind_name", "weir_task_status_name"}
ERRORS = {"weir_class_name", "weir_error_class", "weir_error_code_name", "weir_error_exit_code",
          "weir_error_release"}
LINE = {"weir_duration_parse", "weir_size_parse", "weir_timestamp_parse"}

# By command: the calls that do it; with what weir_project_read gives where that is the work.
COMMANDS = {
    "init": ["weir_project_init", "weir_project_open", "weir_project_name", "weir_project_free"],
    "plan": PROJECT + ["weir_project_plan_with", "weir_report_read", "weir_report_free"],
    "run": PROJECT + ["weir_project_run_with", "weir_report_read", "weir_report_free",
                      "weir_cancel_new", "weir_cancel_fire"],
    "ls": PROJECT + ["WEIR_PROJECT_NODES"],
    "show": PROJECT + QUERY + ["WEIR_PROJECT_NODES", "WEIR_PROJECT_HISTORY",
                               "weir_project_session"],
    "sql": PROJECT + QUERY + ["weir_project_session", "weir_session_new",
                              "weir_session_add_table", "weir_session_seal",
                              "weir_parameters_parse", "weir_parameters_free",
                              "weir_stream_write_ipc", "weir_query_cancel"],
    "history": PROJECT + ["WEIR_PROJECT_HISTORY"],
    "functions": PROJECT + QUERY + ["weir_project_session", "weir_session_new",
                                    "weir_session_seal", "weir_session_read"],
    "clean": PROJECT + ["WEIR_PROJECT_LITTER", "weir_project_remove_litter"],
    "help": ["weir_version"],
}


def public():
    """The names that public headers declare, without those of plug-ins."""
    text = "".join(p.read_text("utf-8") for p in sorted((ROOT / "include/weir").glob("*.h"))
                   if p.name != "plugin.h")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    functions = set(re.findall(r"WEIR_API\b[^;]*?\b(weir_\w+)\s*\(", text))
    constants = set(re.findall(r"\b(WEIR_[A-Z_]+) =", text))
    return functions, constants


def undefined():
    out = subprocess.run(["nm", "-u", str(BUILD / "weir")], check=True, capture_output=True,
                         text=True).stdout
    return {line.split()[-1].split("@")[0] for line in out.splitlines() if line.split()}


def test_the_command_calls_public_functions_only():
    ours = {n for n in undefined() if re.match(r"(weir|wi|wb)_", n)}
    assert len(ours) > 20, ours
    assert not ours - public()[0], f"not in a header: {sorted(ours - public()[0])}"


def test_each_call_belongs_to_a_command():
    called = {n for n in undefined() if n.startswith("weir_")}
    told = {n for calls in COMMANDS.values() for n in calls} | KINDS | ERRORS | LINE
    assert not called - told, f"of no command: {sorted(called - told)}"
    functions = {n for n in told if n.startswith("weir_")}
    assert not functions - called, f"not called: {sorted(functions - called)}"


def test_each_command_is_told():
    out = subprocess.run([str(BUILD / "weir"), "help"], check=True, capture_output=True,
                         text=True).stdout
    names = set(re.findall(r"^  (\w+)  ", out, re.M))
    assert names == set(COMMANDS), names ^ set(COMMANDS)


def test_what_is_told_is_public():
    functions, constants = public()
    for command, calls in COMMANDS.items():
        missing = [c for c in calls if c not in functions and c not in constants]
        assert not missing, f"{command}: {missing}"


def test_a_command_reads_what_is_told_of_it():
    for command, calls in COMMANDS.items():
        text = (ROOT / f"src/cli/cmd_{command}.c").read_text("utf-8")
        missing = [c for c in calls if c.isupper() and c not in text]
        assert not missing, f"cmd_{command}.c does not read {missing}"


def test_the_command_includes_public_headers_only():
    for path in sorted((ROOT / "src/cli").glob("*.[ch]")):
        for name in re.findall(r'^#include "([^"]+)"', path.read_text("utf-8"), re.M):
            assert (path.parent / name).exists() or re.match(r"(weir|nanoarrow|util)/\w+\.h$", name), \
                f"{path.name} includes {name}"


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    tests = [(n, f) for n, f in sorted(globals().items()) if n.startswith("test_") and wanted in n]
    failed = 0
    for name, test in tests:
        try:
            test()
            print(f"ok {name}")
        except Exception:
            failed += 1
            print(f"FAIL {name}")
            traceback.print_exc(file=sys.stdout)
    print(f"{len(tests) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
