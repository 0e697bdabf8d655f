#!/usr/bin/env python3
"""The example project end to end, on the worked fixture and on packages of Python's own
standard library: facts against the `ast` module, ids and edges as published, nothing run
again without a change, and only the buckets of changed files written after one."""
# tests/run: timeout=300

import json
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", ROOT / "build"))
CHECK = ROOT / "tests/codegraph/check.py"
FIXTURE = ROOT / "tests/codegraph/fixture"
TABLES = ["repo_files", "file_line_index", "cst_defs", "cst_refs", "cst_imports",
          "cst_callsites"]
results = []


def test(function):
    try:
        function()
        print(f"ok {function.__name__}")
        results.append(True)
    except Exception as error:  # each failure is told, the rest still runs
        print(f"FAIL {function.__name__}: {error}")
        results.append(False)


def call(*args, cwd=None):
    done = subprocess.run([str(a) for a in args], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{args[0]} gave {done.returncode}: {done.stderr[-2000:]}"
    return done


def project(source, folder):
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "examples/codegraph/weir.yml", folder)
    shutil.copytree(ROOT / "examples/codegraph/views", folder / "views")
    extract(source, folder)
    return folder


def extract(source, folder):
    done = call(BUILD / "codefacts", source, "--out", folder / "facts")
    return done.stdout + done.stderr


def run(folder):
    lines = call(BUILD / "weir", "run", "--format", "json", cwd=folder).stdout.splitlines()
    return json.loads(lines[-1])


def rows(folder, sql):
    out = call(BUILD / "weir", "sql", "--format", "json", sql, cwd=folder).stdout
    return [json.loads(line) for line in out.splitlines()]


def versions(folder):
    return {t: len(list((folder / "facts" / t / "_delta_log").glob("*.json"))) for t in TABLES}


temp = pathlib.Path(tempfile.mkdtemp(prefix="weir-codegraph-"))
fixture = temp / "fixture"
library = temp / "library"
code = temp / "code"


def fixture_ids_and_edges():
    project(FIXTURE, fixture)
    summary = run(fixture)
    assert summary["pass"] == summary["total"] >= 10, summary
    call(sys.executable, CHECK, "fixture", fixture / "facts", fixture / "lake")
    call(sys.executable, CHECK, "lake", fixture / "facts", fixture / "lake")


def second_run_reuses_everything():
    before = versions(fixture)
    assert "nothing changed" in extract(FIXTURE, fixture)
    assert versions(fixture) == before
    summary = run(fixture)
    assert summary["reused"] == summary["total"], summary


def facts_agree_with_ast():
    stdlib = pathlib.Path(sysconfig.get_path("stdlib"))
    for package in ("json", "email", "asyncio", "importlib"):
        shutil.copytree(stdlib / package, code / package,
                        ignore=shutil.ignore_patterns("__pycache__"))
    project(code, library)
    call(sys.executable, CHECK, "facts", library / "facts", code)


def graph_of_packages_is_whole():
    summary = run(library)
    assert summary["pass"] == summary["total"], summary
    call(sys.executable, CHECK, "lake", library / "facts", library / "lake")
    assert rows(library, "SELECT count(*) AS n FROM orphan_check") == [{"n": 0}]
    keys = rows(library, "SELECT count(*) AS n, count(DISTINCT edge_id) AS d FROM cpg_edges")
    assert keys[0]["n"] == keys[0]["d"] > 1000, keys


def a_changed_file_replaces_its_bucket_only():
    before = {r["path"]: r["bucket"] for r in rows(library, "SELECT path, bucket FROM repo_files")}
    changed = code / "json" / "tool.py"
    changed.write_text(changed.read_text() + "\ndef added_by_the_test():\n    return main()\n")
    told = extract(code, library)
    assert "written in 1 of" in told, told
    log = sorted((library / "facts/cst_defs/_delta_log").glob("*.json"))[-1]
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    buckets = {a[k]["partitionValues"]["bucket"] for a in actions for k in ("add", "remove")
               if k in a}
    assert buckets == {str(before["json/tool.py"])}, buckets
    summary = run(library)
    assert summary["error"] == 0 and summary["pass"] > 0, summary
    found = rows(library, "SELECT count(*) AS n FROM cst_defs WHERE name = 'added_by_the_test'")
    assert found == [{"n": 1}], found


def an_incremental_extraction_equals_a_fresh_one():
    other = project(code, temp / "fresh")
    for table in TABLES[1:]:
        sql = f"SELECT * EXCLUDE (attrs) FROM {table}" if table not in (
            "file_line_index",) else f"SELECT * FROM {table}"
        left = sorted(json.dumps(r, sort_keys=True) for r in rows(library, sql))
        right = sorted(json.dumps(r, sort_keys=True) for r in rows(other, sql))
        assert left == right, f"{table} differs"


for each in (fixture_ids_and_edges, second_run_reuses_everything, facts_agree_with_ast,
             graph_of_packages_is_whole, a_changed_file_replaces_its_bucket_only,
             an_incremental_extraction_equals_a_fresh_one):
    test(each)
shutil.rmtree(temp, ignore_errors=True)
print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
sys.exit(0 if all(results) else 1)
