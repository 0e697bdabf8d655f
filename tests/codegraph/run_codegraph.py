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

import scip_index

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", ROOT / "build"))
CHECK = ROOT / "tests/codegraph/check.py"
FIXTURE = ROOT / "tests/codegraph/fixture"
TABLES = ["repo_files", "file_line_index", "cst_defs", "cst_refs", "cst_imports",
          "cst_callsites", "scip_occurrences"]
MORE = ROOT / "tests/codegraph/fixture_more"
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


def project(source, folder, index=None):
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "examples/codegraph/weir.yml", folder)
    shutil.copytree(ROOT / "examples/codegraph/views", folder / "views")
    extract(source, folder, index)
    return folder


def extract(source, folder, index=None):
    given = ["--scip", index] if index else []
    done = call(BUILD / "codefacts", source, "--out", folder / "facts", *given)
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


# The index of the worked fixture: lines and columns from 0.
WORKED = [
    ("a.py", "utf8", [([1, 4, 8], "py a/area().", 1), ([2, 11, 15], "py math/", 8)]),
    ("b.py", "utf16", [([0, 14, 18], "py a/area().", 2), ([1, 6, 1, 10], "py a/area().", 8)]),
]


def fixture_with_an_index():
    index = temp / "worked.scip"
    index.write_bytes(scip_index.index(WORKED))
    folder = project(FIXTURE, temp / "indexed", index)
    summary = run(folder)
    assert summary["pass"] == summary["total"], summary
    call(sys.executable, CHECK, "indexed", folder / "facts", folder / "lake")
    # The same index again is no change, another one is, and none is again another.
    extract(FIXTURE, folder, index)
    assert run(folder)["reused"] == summary["total"]
    index.write_bytes(scip_index.index(WORKED[:1]))
    extract(FIXTURE, folder, index)
    run(folder)
    origins = rows(folder, "SELECT DISTINCT path, origin FROM occurrences ORDER BY path")
    assert origins == [{"path": "a.py", "origin": "scip"}, {"path": "b.py", "origin": "cst"}], origins
    extract(FIXTURE, folder)
    run(folder)
    call(sys.executable, CHECK, "fixture", folder / "facts", folder / "lake")


def broken_indexes_are_refused():
    whole = scip_index.index(WORKED)
    folder = temp / "broken"
    for n, (bad, says) in enumerate([
            (whole[:-3], "malformed"), (b"\x07", "malformed"), (whole + whole, "twice"),
            (scip_index.index([("", "utf8", [])]), "without a proper path"),
            (scip_index.index([("a.py", "utf8", [([1, 8, 4], "x", 1)])]), "malformed"),
            (scip_index.index([("a.py", "utf8", [([1, 8], "x", 1)])]), "malformed")]):
        index = temp / f"broken{n}.scip"
        index.write_bytes(bad)
        done = subprocess.run([BUILD / "codefacts", FIXTURE, "--out", folder, "--scip", index],
                              capture_output=True, text=True)
        assert done.returncode == 1 and says in done.stderr, (n, done.stderr)


def columns(line, at, unit):
    """A column in bytes as one in another unit."""
    text = line.encode()[:at].decode()
    return {"utf8": at, "utf16": len(text.encode("utf-16-le")) // 2, "utf32": len(text)}[unit]


def own_index(folder, unit):
    """The example's own answers as a SCIP index, with columns counted in `unit`."""
    lines = {(r["path"], r["line_no"]): r["line_text"]
             for r in rows(folder, "SELECT path, line_no, line_text FROM file_line_index")}
    documents = {}
    for r in rows(folder, "SELECT * FROM own_occurrences WHERE score >= 500"):
        place = [r["start_line"], columns(lines[r["path"], r["start_line"]], r["start_char"], unit),
                 r["end_line"], columns(lines[r["path"], r["end_line"]], r["end_char"], unit)]
        documents.setdefault(r["path"], []).append((place, r["symbol"], r["symbol_roles"]))
    for path in {path for path, _ in lines} - set(documents):
        documents[path] = [([0, 0, 0], "local 0", 8)]
    # An index says nothing without a unit, and then columns are code points.
    name = "unspecified" if unit == "utf32" else unit
    return scip_index.index([(p, name, sorted(o)) for p, o in sorted(documents.items())])


EDGES = ("SELECT edge_id, edge_kind, path, bstart, bend, src_node_id, dst_node_id FROM cpg_edges "
         "ORDER BY edge_id")


def positions_lead_back(source, folder, units):
    """What the example found itself, given to it as the index of another tool, is the same graph."""
    want = rows(folder, EDGES)
    assert {r["origin"] for r in rows(folder, "SELECT DISTINCT origin FROM occurrences")} == {"cst"}
    for unit in units:
        index = temp / f"own-{unit}.scip"
        index.write_bytes(own_index(folder, unit))
        again = project(source, temp / f"{folder.name}-{unit}", index)
        assert run(again)["error"] == 0
        assert {r["origin"] for r in rows(again, "SELECT DISTINCT origin FROM occurrences")} == {"scip"}
        got = rows(again, EDGES)
        assert got == want, (unit, len(got), len(want), [r for r in got if r not in want][:3],
                             [r for r in want if r not in got][:3])
    return want


def more_fixtures():
    folder = project(MORE, temp / "more")
    summary = run(folder)
    assert summary["pass"] == summary["total"], summary
    call(sys.executable, CHECK, "lake", folder / "facts", folder / "lake")
    edges = positions_lead_back(MORE, folder, ("utf8", "utf16", "utf32"))
    names = {r["node_id"]: r["symbol"] for r in rows(folder, "SELECT node_id, symbol FROM graph_symbols")}
    got = {(e["edge_kind"], e["path"], e["bstart"], e["bend"], names[e["dst_node_id"]])
           for e in edges if e["edge_kind"] == "PY_CALLS_SYMBOL"}
    texts = {name: (MORE / name).read_bytes() for name in ("uni.py", "crlf.py", "nested.py", "dup.py")}

    def at(name, text, symbol, which=0):
        data, want = texts[name], text.encode()
        start = -1
        for _ in range(which + 1):
            start = data.index(want, start + 1)
        return ("PY_CALLS_SYMBOL", name, start, start + len(want), symbol)

    assert got == {
        at("uni.py", "größe(3)", "py uni/größe()."),
        at("uni.py", 'größe(len("𝄞"))', "py uni/größe()."),
        at("crlf.py", "uni.größe(n)", "py uni/größe()."),
        at("crlf.py", "twice(1)", "py crlf/twice()."),
        at("nested.py", "helper(b)", "py nested/helper()."),
        at("nested.py", "inner(a)", "py nested/outer().inner()."),
        at("dup.py", "f(1)", "py dup/f()."),
        ("PY_CALLS_SYMBOL", "same_a.py", 24, 29, "py same_a/one()."),
        ("PY_CALLS_SYMBOL", "same_b.py", 24, 29, "py same_b/one()."),
    }, got
    inner = rows(folder, "SELECT d.name FROM enclosing_def e JOIN defs_norm d ON e.def_id = d.def_id "
                         "JOIN calls_norm c ON c.call_id = e.entity_id WHERE c.callee_text = 'helper'")
    assert inner == [{"name": "inner"}], inner
    twice = rows(folder, "SELECT text, candidate_count AS n FROM ambiguity WHERE entity_kind = 'symbol'")
    assert twice == [{"text": "f", "n": 2}], twice
    empty = rows(folder, "SELECT count(*) AS n FROM cpg_nodes WHERE path = 'empty.py'")
    assert empty == [{"n": 1}], empty


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


def positions_of_packages_lead_back():
    assert len(positions_lead_back(code, library, ("utf16",))) > 1000


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
    for table in TABLES[1:-1]:
        sql = f"SELECT * EXCLUDE (attrs) FROM {table}" if table not in (
            "file_line_index",) else f"SELECT * FROM {table}"
        left = sorted(json.dumps(r, sort_keys=True) for r in rows(library, sql))
        right = sorted(json.dumps(r, sort_keys=True) for r in rows(other, sql))
        assert left == right, f"{table} differs"


for each in (fixture_ids_and_edges, second_run_reuses_everything, fixture_with_an_index,
             broken_indexes_are_refused, more_fixtures, facts_agree_with_ast,
             graph_of_packages_is_whole, positions_of_packages_lead_back, a_changed_file_replaces_its_bucket_only,
             an_incremental_extraction_equals_a_fresh_one):
    test(each)
shutil.rmtree(temp, ignore_errors=True)
print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
sys.exit(0 if all(results) else 1)
