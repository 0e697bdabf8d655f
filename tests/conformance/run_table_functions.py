#!/usr/bin/env python3
"""delta_snapshot and delta_add_actions over the golden set, beside the `deltalake` package and,
where every commit is still there, beside a replay of the log in plain Python.

usage: run_table_functions.py [CASE-PART]; env WEIR_BUILD is the build folder (default: build),
WEIR_GOLDEN the golden set (default: ../shared/golden)
"""
# tests/run: timeout=240

import collections
import concurrent.futures
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

import pyarrow as pa
from deltalake import DeltaTable

from run_golden import UNSUPPORTED

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GOLDEN = pathlib.Path(os.environ.get("WEIR_GOLDEN") or ROOT.parent / "shared" / "golden").resolve()
WEIR = str(pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve() / "weir")
SCRATCH = tempfile.mkdtemp(prefix="weir-table-functions-")  # an empty project
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def sql(query, *params):
    done = subprocess.run([WEIR, "sql", "--format", "json", query,
                           *(x for p in params for x in ("--param", p))],
                          cwd=SCRATCH, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def expect(got, want, what):
    assert got == want, f"{what}\n   got {got!r}\n  want {want!r}"


def millis(text):
    return (datetime.datetime.fromisoformat(text) - EPOCH) // datetime.timedelta(milliseconds=1)


def decoded(path):
    return urllib.parse.unquote(path)


def replay(table):
    """(path, vector) -> add of the newest version; None where the log does not begin at 0."""
    commits = sorted(p for p in (table / "_delta_log").glob("*.json") if len(p.stem) == 20)
    if [int(p.stem) for p in commits] != list(range(len(commits))):
        return None
    live = {}
    for commit in commits:
        actions = [json.loads(s) for s in commit.read_text("utf-8").splitlines() if s.strip()]
        for action in actions:
            one = action.get("remove")
            if one:
                live.pop(key(one), None)
        for action in actions:
            one = action.get("add")
            if one:
                live[key(one)] = one
    return live


def key(action):
    dv = action.get("deletionVector") or {}
    return (action["path"], dv.get("pathOrInlineDv"), dv.get("offset"))


def canonical(text):
    """JSON texts with sorted keys and without spaces are what weir must give."""
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def check_snapshot(row, table):
    expect(row["version"], table.version(), "version")
    protocol, metadata = table.protocol(), table.metadata()
    expect(row["min_reader_version"], protocol.min_reader_version, "min_reader_version")
    expect(row["min_writer_version"], protocol.min_writer_version, "min_writer_version")
    for side, names in (("reader", protocol.reader_features), ("writer", protocol.writer_features)):
        have = json.loads(row[f"{side}_features_json"])
        expect(have, sorted(have), f"{side} features are sorted")
        expect(len(have), len(names or []), f"{side} features {have} {names}")
    expect(json.loads(row["partition_columns_json"]), metadata.partition_columns, "partitions")
    expect(json.loads(row["table_properties_json"]), metadata.configuration, "properties")
    for column in ("table_properties_json", "schema_json", "partition_columns_json"):
        expect(canonical(row[column]), row[column], f"{column} is canonical")
    expect([f["name"] for f in json.loads(row["schema_json"])["fields"]],
           [f.name for f in table.schema().fields], "schema")


def check_files(rows, table, folder):
    expect([r["path"] for r in rows], sorted((r["path"] for r in rows),
                                             key=lambda p: p.encode()), "order of the paths")
    want = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    got = sorted((decoded(r["path"]), r["size"], millis(r["modification_time"])) for r in rows)
    expect(got, sorted((decoded(w["path"]), w["size_bytes"], w["modification_time"])
                       for w in want), "files")
    # A checkpoint may keep statistics in columns alone; then there is no text of them.
    told = {decoded(r["path"]): json.loads(r["stats"])["numRecords"] for r in rows
            if r["stats"] and "numRecords" in json.loads(r["stats"])}
    records = {decoded(w["path"]): w["num_records"] for w in want}
    expect(told, {p: records[p] for p in told}, "numbers of rows")
    if not list((folder / "_delta_log").glob("*.checkpoint*")):
        expect(len(told), sum(n is not None for n in records.values()), "statistics")
    for r in rows:
        assert r["data_change"] is False
        expect(canonical(r["partition_values_json"]), r["partition_values_json"], "partitions")
        assert r["tags_json"] is None or canonical(r["tags_json"]) == r["tags_json"]
    live = replay(folder)
    if live is None:
        return False
    expect(sorted(r["path"] for r in rows), sorted(a["path"] for a in live.values()), "replay")
    texts = not list((folder / "_delta_log").glob("*.checkpoint*"))
    by_path = {a["path"]: a for a in live.values()}
    for r in rows:
        add = by_path[r["path"]]
        expect(json.loads(r["partition_values_json"]), add["partitionValues"], r["path"])
        if texts or r["stats"]:
            expect(r["stats"] or None, add.get("stats") or None, f"stats of {r['path']}")
        expect(json.loads(r["tags_json"] or "{}"), add.get("tags") or {}, f"tags of {r['path']}")
    return True


def check(case):
    folder = case / "table"
    table = DeltaTable(str(folder))
    place = f"p={folder}"
    (row,) = sql("SELECT * FROM delta_snapshot($p)", place)
    expect(row["table_uri"], "file://" + urllib.parse.quote(str(folder), safe="/-._~!$&'()*+,;=:@"),
           "uri")
    check_snapshot(row, table)
    return check_files(sql("SELECT * FROM delta_add_actions($p)", place), table, folder)


def readable(case):
    """Whether the package opens it: an oracle that cannot says nothing."""
    try:
        table = DeltaTable(str(case / "table"))
        table.get_add_actions(flatten=True)
        return True
    except Exception:
        return False


def comparable(case):
    """Whether both sides read the table: it is none of the broken ones, and the package opens it."""
    return not json.loads((case / "case.json").read_text()).get("error_kind") and readable(case)


def check_refused(case, feature):
    """A table that the engine cannot read is refused, by the name of what it lacks."""
    for function in ("delta_snapshot", "delta_add_actions"):
        try:
            sql(f"SELECT * FROM {function}($p)", f"p={case / 'table'}")
        except RuntimeError as error:
            assert "WEIR-FEATURE-UNSUPPORTED" in str(error) and feature in str(error), str(error)
        else:
            raise AssertionError(f"{function} reads a table with {feature}")


def outcome(case):
    try:
        if case.name in UNSUPPORTED:
            check_refused(case, UNSUPPORTED[case.name][1])
            return case.name, True, "refused"
        return case.name, True, "with a replay" if check(case) else ""
    except Exception as error:
        return case.name, False, f"{type(error).__name__}: {error}"


def main():
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    if not GOLDEN.is_dir():
        print("no golden tables; set WEIR_GOLDEN\n0 passed, 0 failed, 1 skipped")
        return 0
    cases = sorted(p.parent for p in GOLDEN.glob("*/case.json") if part in p.parent.name)
    pathlib.Path(SCRATCH, "weir.yml").write_text("name: none\nwarehouse: ./lake\n")
    count = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        chosen = [c for c, yes in zip(cases, pool.map(comparable, cases)) if yes]
        for name, fine, what in pool.map(outcome, chosen):
            count["passed" if fine else "failed"] += 1
            count[what if fine else ""] += 1
            if not fine:
                print(f"FAIL {name}\n{what}")
    shutil.rmtree(SCRATCH, ignore_errors=True)
    print(f"{len(cases) - len(chosen)} tables are broken or closed to the package: not compared\n"
          f"{count['with a replay']} beside a replay of the log, {count['refused']} refused")
    if not part and (count["passed"] < 140 or count["with a replay"] < 80):
        print("too few tables were compared")
        count["failed"] += 1
    print(f"{count['passed']} passed, {count['failed']} failed, 0 skipped")
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
