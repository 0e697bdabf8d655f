#!/usr/bin/env python3
"""Every documented function through SQL beside its model in models.py, on random tables.

usage: run_models.py [NAME-PART]; env WEIR_BUILD is the build folder (default: build)

A function that `weir functions` lists and that has no model fails.
"""
# tests/run: timeout=240

import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback

import deltalake
import pyarrow as pa
import pyarrow.ipc

import models

ROOT = pathlib.Path(__file__).resolve().parents[3]
WEIR = pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve() / "weir"
ROWS = 500
SEEDS = (1, 2)


def weir(*args):
    done = subprocess.run([WEIR, *args], cwd="/", capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[:800]
    return done.stdout


def functions():
    """name -> kind, of weir's own."""
    lines = weir("functions", "--format", "json").decode().splitlines()
    return {f["name"]: f["kind"] for f in map(json.loads, lines)}


def write_table(folder, rows):
    """Several files, so that there is more than one batch."""
    table = pa.Table.from_pylist(rows, schema=models.SCHEMA)
    for at in range(0, len(rows), 170):
        deltalake.write_deltalake(folder, table.slice(at, 170), mode="append")


def query(folder, sql):
    data = weir("sql", "--table", f"t={folder}", "--format", "arrow", sql)
    with pa.ipc.open_stream(data) as stream:
        return stream.read_all().to_pylist()


def same(got, want):
    """Exactly: floats by their bits, but any NaN is a NaN; maps and structs by their items."""
    if isinstance(want, float) and isinstance(got, float):
        if math.isnan(want) or math.isnan(got):
            return math.isnan(want) and math.isnan(got)
        return got == want and math.copysign(1, got) == math.copysign(1, want)
    if isinstance(want, (list, tuple)) and isinstance(got, (list, tuple)):
        return len(got) == len(want) and all(map(same, got, want))
    if isinstance(want, dict) and isinstance(got, dict):
        return list(got) == list(want) and all(same(got[k], want[k]) for k in want)
    return type(got) is type(want) and got == want


def check_scalar(calls, tables):
    for seed, rows, folder in tables:
        columns = ", ".join(f"{sql} AS c{n}" for n, (sql, _) in enumerate(calls))
        got = query(folder, f"SELECT id, {columns} FROM t ORDER BY id")
        assert len(got) == len(rows), f"{len(got)} rows of {len(rows)}"
        for n, (sql, model) in enumerate(calls):
            for row, result in zip(rows, got):
                want = model(row)
                assert same(result[f"c{n}"], want), \
                    f"{sql} with seed {seed} of {row} is {result[f'c{n}']!r}, not {want!r}"


def check_aggregate(calls, tables):
    """Over groups, over all rows, over none, and with a filter."""
    for seed, rows, folder in tables:
        columns = ", ".join(f"{sql} AS c{n}" for n, (sql, _) in enumerate(calls))
        compare(calls, f"seed {seed}", query(folder, f"SELECT {columns} FROM t"), [rows])
        none = query(folder, f"SELECT {columns} FROM t WHERE id < 0")
        compare(calls, "no rows", none, [[]])
        groups = sorted({r["g"] for r in rows})
        got = query(folder, f"SELECT g, {columns} FROM t GROUP BY g ORDER BY g")
        assert [r["g"] for r in got] == groups
        compare(calls, f"groups of seed {seed}", got,
                [[r for r in rows if r["g"] == g] for g in groups])
        some = ", ".join(f"{sql} FILTER (WHERE k > 1) AS c{n}" if filterable(sql) else
                         f"{sql} AS c{n}" for n, (sql, _) in enumerate(calls))
        got = query(folder, f"SELECT g, {some} FROM t GROUP BY g ORDER BY g")
        for n, (sql, model) in enumerate(calls):
            if filterable(sql):
                compare([(sql, model)], f"filtered, seed {seed}",
                        [{"c0": r[f"c{n}"]} for r in got],
                        [[r for r in rows if r["g"] == g and r["k"] is not None and r["k"] > 1]
                         for g in groups])


def filterable(sql):
    """FILTER stands after the call; some calls end in words of their own."""
    return sql.endswith(")")


def compare(calls, where, got, groups):
    assert len(got) == len(groups), f"{where}: {len(got)} results of {len(groups)}"
    for n, (sql, model) in enumerate(calls):
        for result, rows in zip(got, groups):
            want = model(rows)
            assert same(result[f"c{n}"], want), \
                f"{sql} over {where} ({len(rows)} rows) is {result[f'c{n}']!r}, not {want!r}"


def tests(tables):
    listed = functions()
    for name, kind in sorted(listed.items()):
        if kind == "scalar":
            yield name, lambda n=name: check_known(n, models.SCALAR, check_scalar, tables)
        elif kind == "aggregate" and name not in models.OF_THE_ENGINE:
            yield name, lambda n=name: check_known(n, models.AGGREGATE, check_aggregate, tables)


def check_known(name, known, check, tables):
    assert known.get(name), f"{name} has no model in tests/unit/udf/models.py"
    check(known[name], tables)


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="weir-models-") as scratch:
        tables = []
        for seed in SEEDS:
            tables.append((seed, models.rows(seed, ROWS), f"{scratch}/t{seed}"))
            write_table(tables[-1][2], tables[-1][1])
        for name, body in tests(tables):
            if wanted not in name:
                continue
            try:
                body()
                passed += 1
                print(f"ok {name}", flush=True)
            except Exception as why:  # noqa: BLE001: every failure is told, and the rest runs
                failed += 1
                if not isinstance(why, AssertionError):
                    traceback.print_exc(file=sys.stdout)
                print(f"FAIL {name}\n  " + str(why)[:1500].replace("\n", "\n  "), flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
