#!/usr/bin/env python3
"""interval_align through SQL: beside the same question in DuckDB, with one and eight threads,
paths longer than a batch, subqueries, CTEs, little memory; what it refuses; and views over it.

usage: run_align.py; env WEIR_BUILD is the build folder (default: build)
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import deltalake
import duckdb
import pyarrow as pa

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "project"))
import kit  # noqa: E402
WEIR = str(pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve() / "weir")

passed = failed = 0


def check(name, got, want):
    global passed, failed
    if got == want:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {name}\n  got  {str(got)[:1500]}\n  want {str(want)[:1500]}")


def weir(sql, tables, *options):
    argv = [WEIR, "sql", "--format", "json", *options]
    for name, place in tables.items():
        argv += ["--table", f"{name}={place}"]
    done = subprocess.run(argv + [sql], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def rows(sql, tables, *options):
    code, out, err = weir(sql, tables, *options)
    if code != 0:
        return err
    return [tuple(json.loads(line).values()) for line in out.splitlines()]


# ---- data: nested, equal, empty, wrong and null intervals, in few paths, one of them long ----


def intervals(rng, n, widths):
    made = []
    for i in range(n):
        start = rng.randint(-200, 30000)
        end = start + rng.choice(widths)
        if rng.random() < 0.02:
            start, end = end + 1, start
        made.append(
            {
                "id": i,
                "path": None if rng.random() < 0.02 else rng.choice(["long"] * 6 + ["b", "c", "é"]),
                "bstart": None if rng.random() < 0.02 else start,
                "bend": None if rng.random() < 0.02 else end,
                "name": rng.choice([None, "x", "y", "z"]),
                "score": rng.choice([None, 1.5, 2.5]),
            }
        )
    return made


def make_tables(folder):
    rng = random.Random(20261121)
    made = {"l": intervals(rng, 20000, [0, 1, 3, 9, 40]), "r": intervals(rng, 12000, [0, 1, 3, 30, 120])}
    # Some of the right ones are exactly where left ones are.
    for row in made["r"][::5]:
        other = rng.choice(made["l"])
        row.update(path=other["path"], bstart=other["bstart"], bend=other["bend"])
    schema = pa.schema(
        [("id", pa.int64()), ("path", pa.string()), ("bstart", pa.int64()), ("bend", pa.int64()),
         ("name", pa.string()), ("score", pa.float64())]
    )
    arrow, places = {}, {}
    for name, data in made.items():
        arrow[name] = pa.Table.from_pylist(data, schema)
        places[name] = str(folder / name)
        deltalake.write_deltalake(places[name], arrow[name])
    return arrow, places


CANDIDATES = {
    "CONTAINED_BEST": "r.bstart <= l.bstart AND r.bend >= l.bend",
    "EXACT": "r.bstart = l.bstart AND r.bend = l.bend",
    "OVERLAP_MAX": "r.bstart < l.bend AND r.bend > l.bstart",
}
SCORE = "greatest(0, least(l.bend, r.bend) - greatest(l.bstart, r.bstart))"


def oracle(mode, how, arrow):
    """The definition, in SQL of another engine: all candidates, then the first of each."""
    best = {"CONTAINED_BEST": "r.bend - r.bstart,", "EXACT": "", "OVERLAP_MAX": f"{SCORE} DESC,"}
    connection = duckdb.connect()
    connection.register("l", arrow["l"])
    connection.register("r", arrow["r"])
    found = connection.execute(
        f"""
        WITH ranked AS (
          SELECT l.id, r.id AS rid, CAST({SCORE} AS DOUBLE) AS score,
            row_number() OVER (PARTITION BY l.id ORDER BY {best[mode]}
              r.score DESC NULLS LAST, r.name NULLS LAST, r.bstart, r.bend, r.id) AS n
          FROM l JOIN r ON l.path = r.path AND {CANDIDATES[mode]}
            AND l.bstart <= l.bend AND r.bstart <= r.bend
        )
        SELECT l.id, rid, CASE WHEN rid IS NULL THEN 'NO_MATCH' ELSE '{mode}' END, ranked.score
        FROM l {"LEFT" if how == "left" else ""} JOIN ranked ON l.id = ranked.id AND n = 1
        ORDER BY l.id"""
    )
    return found.fetchall()


def beside_duckdb(arrow, places):
    for mode in CANDIDATES:
        for how in ("inner", "left"):
            want = oracle(mode, how, arrow)
            sql = (
                "SELECT id, id__r, match_kind, match_score FROM interval_align(l, r, "
                f"mode => '{mode}', how => '{how}', tie_breakers => 'score desc, name') ORDER BY id"
            )
            for threads in ("1", "8"):
                got = rows(sql, places, "--threads", threads)
                check(f"{mode} {how} with {threads} threads", got, want)
    small = rows(sql, places, "--threads", "2", "--memory", "16MB")
    check("little memory", small, want)


def wide_rows_in_little_memory(folder):
    """Texts that batches share count once: rows of 100 MB, and a limit near that."""
    n, paths = 400000, 400
    lines = pa.table({
        "path": [f"dir/file_{i * paths // n:04}.py" for i in range(n)],
        "bstart": [i % (n // paths) * 10 for i in range(n)],
        "bend": [i % (n // paths) * 10 + 5 for i in range(n)],
        "text": [f"{i:07}" + "a line of text that is long enough to be in a buffer" * 2
                 for i in range(n)],
        "note": [f"{i:07} and another text of some length for every row" for i in range(n)]})
    blocks = pa.table({
        "path": [f"dir/file_{i:04}.py" for i in range(paths)],
        "bstart": [0] * paths, "bend": [n] * paths, "label": [f"block {i}" for i in range(paths)]})
    places = {}
    for name, table in (("l", lines), ("r", blocks)):
        places[name] = str(folder / f"wide_{name}")
        deltalake.write_deltalake(places[name], table)
    sql = ("SELECT count(*) AS n, count(DISTINCT label) AS blocks, min(text) AS first, "
           "max(note) AS last FROM interval_align(l, r, mode => 'CONTAINED_BEST')")
    want = rows(sql, places, "--threads", "2")
    check("wide rows", rows(sql, places, "--threads", "2", "--memory", "160MB"), want)
    check("wide rows are all there", want[0][:2], (n, paths))


def filters_and_columns(places):
    """What goes below the operator, and what must not."""
    align = "interval_align(l, r, how => 'left', tie_breakers => 'score desc, name')"
    every = rows(f"SELECT * FROM {align} ORDER BY id", places)
    check("all columns", len(every[0]), 14)
    check("one row for each left row", [r[0] for r in every], list(range(20000)))
    for where, keep in [
        ("name = 'x'", lambda r: r[4] == "x"),
        ("name__r = 'x'", lambda r: r[10] == "x"),
        ("match_score > 3 AND score > 2", lambda r: (r[13] or 0) > 3 and (r[5] or 0) > 2),
        ("id__r IS NULL", lambda r: r[6] is None),
        ("score = score__r", lambda r: r[5] is not None and r[5] == r[11]),
    ]:
        got = rows(f"SELECT * FROM {align} AS a WHERE {where} ORDER BY id", places)
        check(f"WHERE {where}", got, [r for r in every if keep(r)])
    got = rows(f"SELECT bend__r, id FROM {align} ORDER BY id", places)
    check("columns that are not read", got, [(r[9], r[0]) for r in every])
    got = rows(f"SELECT count(*) FROM {align}", places)
    check("no columns at all", got, [(20000,)])


def relations(places):
    plain = "SELECT id, id__r FROM interval_align(l, r) AS a ORDER BY id"
    want = rows(plain, places)
    check("there is something to see", len(want) > 5000, True)
    for name, sql in {
        "subqueries": "SELECT id, id__r FROM interval_align((SELECT * FROM l), (SELECT * FROM r)) "
        "ORDER BY id",
        "CTEs": "WITH a AS (SELECT * FROM l), r AS (SELECT * FROM r) "
        "SELECT id, id__r FROM interval_align(a, r) ORDER BY id",
        "a CTE over it": "WITH m AS (SELECT * FROM interval_align(main.l, (main.r))) "
        "SELECT id, id__r FROM m ORDER BY id",
        "in a subquery": "SELECT id, id__r FROM (SELECT * FROM Interval_Align(l, r)) AS q ORDER BY id",
        "names": "SELECT id, i FROM interval_align(l, (SELECT path AS p, bstart AS s, "
        "CAST(bend AS INT) AS e, id AS i, name, score FROM r), right_path => 'p', "
        "right_start => 's', right_end => 'e', tie_breakers => 's, e, i') ORDER BY id",
    }.items():
        check(name, rows(sql, places), want if name != "names" else rows(
            "SELECT id, id__r FROM interval_align(l, r, tie_breakers => 'bstart, bend, id') "
            "ORDER BY id", places))
    twice = rows(
        "SELECT count(*), count(DISTINCT id) FROM interval_align((SELECT id, path, bstart, bend, "
        "id__r AS first FROM interval_align(l, r)), r, right_columns => 'name', "
        "match_kind_col => 'k', match_score_col => 's')", places)
    check("one over another", twice, [(len(want), len(want))])
    some = rows(
        "SELECT * FROM interval_align(l, r, left_columns => 'id', right_columns => 'name, id', "
        "right_suffix => '_right', emit_match_meta => false) ORDER BY id LIMIT 1", places)
    check("some columns", len(some[0]), 3)
    exists = rows("SELECT count(*) FROM l WHERE id IN (SELECT id FROM interval_align(l, r))", places)
    check("in an expression", exists, [(len(want),)])
    parameter = rows("SELECT count(*) FROM interval_align(l, r, mode => $m)", places,
                     "--param", "m=EXACT")
    check("a parameter", parameter,
          rows("SELECT count(*) FROM interval_align(l, r, mode => 'EXACT')", places))


REFERENCE = """SELECT {columns} FROM interval_align(
  (SELECT * FROM (VALUES ('a.py', 10, 20), ('b.py', 20, 30)) AS t(path, bstart, bend)),
  (SELECT * FROM (VALUES ('a.py', 0, 25), ('a.py', 8, 50)) AS t(path, bstart, bend)){options})
  ORDER BY path"""


def reference(places):
    """The small test of the definition: the innermost container wins."""
    sql = REFERENCE.format(columns="*", options=", how => 'left'")
    check("reference", rows(sql, places),
          [("a.py", 10, 20, "a.py", 0, 25, "CONTAINED_BEST", 10.0),
           ("b.py", 20, 30, None, None, None, "NO_MATCH", None)])
    sql = REFERENCE.format(columns="bstart__r", options=", mode => 'OVERLAP_MAX', "
                           "tie_breakers => 'bend desc'")
    check("reference, overlap", rows(sql, places), [(8,)])
    edge = ("SELECT match_score FROM interval_align((SELECT 1 AS path, -9223372036854775808 AS bstart,"
            " 9223372036854775807 AS bend), (SELECT 1 AS path, -9223372036854775808 AS bstart, "
            "9223372036854775807 AS bend))")
    check("the whole of int64", rows(edge, places), [(18446744073709551616.0,)])


def refusals(places):
    one = "(SELECT 'a' AS path, 1 AS bstart, 2 AS bend)"
    for args, words in {
        "l, r, mod => 'EXACT'": "there is no option mod; did you mean mode?",
        "l, r, mode => 'BEST'": "mode is CONTAINED_BEST, EXACT or OVERLAP_MAX, not 'BEST'",
        "l, r, how => 'outer'": "how is inner or left",
        "l, r, how => 1": "how must be a text",
        "l, r, how => NULL": "how must be a text",
        "l, r, emit_match_meta => 'yes'": "emit_match_meta must be true or false",
        "l, r, mode => concat('EX', now())": "mode must be a literal",
        "l, r, mode => 'EXACT', mode => 'EXACT'": "mode is given twice",
        "l, r, 'EXACT'": "is named (option => value)",
        "l, r, left_path => 'file'": "the left relation has no column 'file' (left_path)",
        "l, r, right_end => 'name'": "must be an integer",
        "l, r, tie_breakers => 'score down'": "is a list of columns with commas between",
        "l, r, tie_breakers => 'mark'": "the right relation has no column 'mark'",
        "l, r, right_columns => 'id, id'": "gives column 'id' twice",
        "l, r, right_path => 'id'": "one is text, the other is not",
        "l, r, match_kind_col => 'id'": "is the name of another column",
        "l, r, right_suffix => ''": "choose another right_suffix",
        "l": "argument 2 must be a relation",
        f"l, 1, mode => 'EXACT'": "argument 2 must be a relation",
        f"{one}, (SELECT 1 AS path, 2 AS bstart, 3 AS bend)": "one is text, the other is not",
        f"{one}, (SELECT 'a' AS path, 1 AS bstart)": "no column 'bend' (right_end)",
    }.items():
        code, _, err = weir(f"SELECT * FROM interval_align({args})", places)
        check(f"refuses {args}", (code != 0, words in " ".join(err.split())), (True, True))
        if words not in " ".join(err.split()):
            print(err)
    code, _, err = weir("SELECT * FROM interval_align(l, nowhere)", places)
    check("an unknown relation", (code, "nowhere" in err), (2, True))


# ---- a project: views under it are dependencies, and what does not change is not done again ----

VIEW = "SELECT id, id__r AS def_id, match_score FROM interval_align({left}, {right}, mode => '{mode}')"


def project(folder, places):
    p = kit.Project(folder / "project", sources={"l": places["l"], "r": places["r"], "same": places["l"]})
    reuse, changed = ("reuse", ""), ("full", "plan changed")
    p.view("defs", "SELECT * FROM r WHERE id % 2 = 0")

    def view(mode, left="l"):
        p.view("inner_of", VIEW.format(left=left, right="defs", mode=mode))

    view("CONTAINED_BEST")
    check("built in order", p.run().statuses(), {"defs": "pass", "inner_of": "pass"})
    check("reused", p.decisions(), {"defs": reuse, "inner_of": reuse})
    version = p.version("inner_of")
    view("OVERLAP_MAX")
    check("another mode is another plan", p.decisions(), {"defs": reuse, "inner_of": changed})
    p.run()
    check("and another version", p.version("inner_of"), version + 1)
    view("OVERLAP_MAX', how => 'left")
    check("another join is another plan", p.decisions(), {"defs": reuse, "inner_of": changed})
    view("OVERLAP_MAX", "(SELECT * FROM l)")
    check("a query that says the same", p.decisions(), {"defs": reuse, "inner_of": reuse})
    view("OVERLAP_MAX")
    p.view("defs", "SELECT * FROM r WHERE id % 2 = 1")
    check("what is below it changes", p.decisions(),
          {"defs": changed, "inner_of": ("full", "upstream defs changed")})


def main():
    with tempfile.TemporaryDirectory(prefix="weir-align-") as name:
        folder = pathlib.Path(name)
        arrow, places = make_tables(folder)
        beside_duckdb(arrow, places)
        wide_rows_in_little_memory(folder)
        filters_and_columns(places)
        relations(places)
        reference(places)
        refusals(places)
        (folder / "project").mkdir()
        project(folder, places)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
