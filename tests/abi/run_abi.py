#!/usr/bin/env python3
"""Checks that the programs of earlier versions use all of their version's interface.

usage: run_abi.py [NAME-PART]; env WEIR_BUILD is the build folder (default: build)
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
CALL = re.compile(r"\b(weir_\w+)\s*\(")
STRUCT = re.compile(r"typedef struct (weir_\w+) \{(.*?)^\} \1;", re.S | re.M)
# Of plugin.h: the plug-in defines it, or it is compiled into it.
PLUGIN = "plugin.h"


def without_comments(path):
    return re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.S)


def declared(folder):
    names = set()
    for path in sorted((folder / "weir").glob("*.h")):
        if path.name != PLUGIN:
            names |= set(re.findall(r"WEIR_API\b[^;]*?\b(weir_\w+)\s*\(", without_comments(path)))
    return names


def symbols(path, *options):
    out = subprocess.run(["nm", *options, str(path)], check=True, capture_output=True, text=True)
    return {line.split()[-1] for line in out.stdout.splitlines() if line.split()}


def test_every_function_of_0_1_is_called():
    wanted = declared(HERE / "v0_1/include")
    assert len(wanted) > 50, wanted
    called = symbols(BUILD / "tests/test_abi_v0_1", "-u")
    assert not wanted - called, f"not called: {sorted(wanted - called)}"


def test_every_function_of_0_1_is_exported():
    exported = symbols(BUILD / "libweir.so", "-D", "--defined-only")
    missing = declared(HERE / "v0_1/include") - exported
    assert not missing, f"gone: {sorted(missing)}"


def test_every_struct_of_0_1_is_in_the_layout():
    layout = (HERE / "layout.inc").read_text("utf-8")
    missing = []
    for path in sorted((HERE / "v0_1/include/weir").glob("*.h")):
        if path.name == PLUGIN:
            continue
        for name, body in STRUCT.findall(without_comments(path)):
            body = re.sub(r"\(\*(\w+)\)\([^;]*\)", r"\1", body)
            for line in body.split(";"):
                for member in re.findall(r"(\w+)(?:\[\d+\])?\s*(?:,|$)", line.strip()):
                    if f"MEMBER({name}, {member})" not in layout:
                        missing.append(f"{name}.{member}")
    assert not missing, f"not in layout.inc: {missing}"


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
