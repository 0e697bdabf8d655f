#!/usr/bin/env python3
"""The same project over the same data gives the same keys and the same rows, bit by bit, in any
folder, with any number of threads, in any process."""
# tests/run: timeout=300

import fractions
import math
import shutil

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

import kit
from kit import expect

ROWS = 200000
VIEWS = {
    # Sums of floats of very different size: every order of addition has other last bits.
    "sums": "SELECT g, sum(x) AS s, avg(x) AS a, count(*) AS n FROM facts GROUP BY g",
    "total": "SELECT sum(x) AS s, stddev(x) AS d, avg(y) AS a, sum(y * x) AS p FROM facts",
    "running": "SELECT k, sum(x) OVER (PARTITION BY g ORDER BY tie) AS s FROM facts",
    "sum_of_sums": "SELECT sum(s) AS s, max(a) AS a FROM sums",
    "joined_sum": "SELECT f.tie, sum(f.x * s.a) AS v FROM facts f JOIN sums s ON f.g = s.g "
                  "GROUP BY f.tie",
    # `tie` has few values, so order by it leaves most to the tie-break.
    "numbered": "SELECT k, row_number() OVER (PARTITION BY g ORDER BY tie) AS n FROM facts",
    "ranked": "SELECT k, rank() OVER (ORDER BY tie) AS r, ntile(7) OVER (ORDER BY tie) AS t, "
              "lag(k) OVER (PARTITION BY g ORDER BY tie) AS before FROM facts",
    "top": "SELECT k, x, tie FROM facts ORDER BY tie LIMIT 100",
    "top_after": "SELECT k, tie FROM facts ORDER BY tie DESC LIMIT 50 OFFSET 1000",
    "top_in": "SELECT count(*) AS n, sum(k) AS s FROM (SELECT k FROM facts ORDER BY tie "
              "LIMIT 777) AS t",
    "lists": "SELECT g, array_agg(k ORDER BY tie) AS ks, string_agg(label, ',' ORDER BY tie) "
             "AS labels FROM facts WHERE k % 50 = 0 GROUP BY g",
    "firsts": "SELECT g, first_value(k ORDER BY tie) AS f, last_value(k ORDER BY tie) AS l "
              "FROM facts GROUP BY g",
    "distincts": "SELECT DISTINCT g, label FROM facts",
    "distinct_on": "SELECT DISTINCT ON (g) g, k FROM facts ORDER BY g, tie",
    "medians": "SELECT g, median(x) AS m FROM facts GROUP BY g",
    "unions": "SELECT k, x FROM facts WHERE tie = 1 UNION SELECT k, y AS x FROM facts "
              "WHERE tie = 2",
}


def facts(first, n):
    return duckdb.sql(
        "SELECT range AS k, 'g' || (range * 7 % 13) AS g, range * 31 % 5 AS tie, "
        "sin(range) * pow(10.0, range % 17) AS x, 1.0 / (range + 1) AS y, "
        f"'label ' || (range % 97) AS label FROM range({first}, {first + n})").to_arrow_table()


def make_source(folder):
    """Eight files, so that a scan has something to share out."""
    for i in range(8):
        kit.append(folder, facts(i * ROWS // 8, ROWS // 8))


def project(folder, source, views=None):
    folder.mkdir(parents=True)
    shutil.copytree(source, folder / "facts")
    return kit.Project(folder, views or VIEWS, {"facts": "./facts"})


def bits(table):
    """The rows as a sorted list of texts that tell floats apart by their bits."""
    data = table.to_pyarrow_table()
    columns = {}
    for name in sorted(data.column_names):
        column = data[name].combine_chunks()
        if pa.types.is_float64(column.type):
            column = column.view(pa.int64())
        columns[name] = column
    flat = pa.table(columns)
    names = ", ".join(flat.column_names)
    return duckdb.sql(f"SELECT {names} FROM flat ORDER BY ALL").fetchall()


def keys(p):
    """view -> the digests in its newest commit"""
    found = {}
    for view in VIEWS:
        said = kit.info(p.commits(view)[-1][1])
        found[view] = {k: said[f"weir.{k}"] for k in
                       ("plan_digest", "result_key", "planning_key", "functions_digest",
                        "settings_digest", "session_digest", "shape_digest", "schema_digest")}
    return found


def digests(plan):
    return {v: (e["plan"], e["result_key"]) for v, e in plan.items()}


def test_threads_and_folders(folder):
    make_source(folder / "source")
    ways = {"one": ("--threads", 1), "two": ("--threads", 2), "four": ("--threads", 4),
            "small": ("--threads", 2, "--memory", "96MB")}
    first = None
    for name, args in ways.items():
        p = project(folder / name / "some" / name, folder / "source")
        plan = digests(p.plan(*args))
        expect(set(p.run(*args).statuses().values()), {"pass"}, name)
        got = plan, keys(p), {v: bits(p.table(v)) for v in VIEWS}
        if first is None:
            first = got
            assert all(len(rows) > 0 for rows in got[2].values())
            expect(len({k["result_key"] for k in got[1].values()}), len(VIEWS))
        expect(got[0], first[0], f"plans with {args}")
        expect(got[1], first[1], f"keys with {args}")
        for view in VIEWS:
            assert got[2][view] == first[2][view], f"rows of {view} with {args} differ"
        expect(set(p.run().statuses().values()), {"reused"}, "with the threads of the machine")


def test_independent_values(folder):
    """The rows are right, too: an engine that is not ours agrees where it can."""
    make_source(folder / "source")
    p = project(folder / "p", folder / "source",
                {v: VIEWS[v] for v in ("numbered", "top", "lists", "medians", "distincts")})
    p.run()
    facts = DeltaTable(str(folder / "source")).to_pyarrow_table()
    expect(sorted(r[0] for r in p.rows("distincts")),
           sorted(r[0] for r in duckdb.sql("SELECT DISTINCT g, label FROM facts").fetchall()))
    expect({(r[0], r[1]) for r in p.rows("medians")},
           set(duckdb.sql("SELECT g, median(x) FROM facts GROUP BY g").fetchall()))
    for g, ks, labels in p.rows("lists"):
        want = duckdb.sql(f"SELECT k, tie FROM facts WHERE g = '{g}' AND k % 50 = 0").fetchall()
        expect(sorted(ks), sorted(k for k, _ in want))
        tie = dict(want)
        expect([tie[k] for k in ks], sorted(tie.values()), "in the order that was asked for")
    expect({r[1] for r in p.rows("top")}, {0})
    expect(len(p.rows("top")), 100)


EXACT = {
    "g_sums": "SELECT g, sum(x) AS s, avg(x) AS a, sum(DISTINCT x) AS d, avg(k) AS m, "
              "sum(x) FILTER (WHERE tie = 1) AS f FROM facts GROUP BY g",
    "moving": "SELECT k, sum(x) OVER (ORDER BY k ROWS 3 PRECEDING) AS s FROM facts "
              "WHERE k < 2000",
    "spread": "SELECT var_pop(y) AS v, stddev(y) AS d FROM facts",
}


def test_sums_are_rounded_once(folder):
    """Against sums without error, in Python's fractions."""
    kit.append(folder / "source", facts(0, 20000))
    p = project(folder / "p", folder / "source", EXACT)
    p.run()
    rows = DeltaTable(str(folder / "source")).to_pyarrow_table().to_pylist()
    groups = {}
    for row in rows:
        groups.setdefault(row["g"], []).append(row)

    def mean(values):
        return float(sum(map(fractions.Fraction, values)) / len(values))

    want = {(g, math.fsum(r["x"] for r in of), mean([r["x"] for r in of]),
             math.fsum({r["x"] for r in of}), mean([r["k"] for r in of]),
             math.fsum(r["x"] for r in of if r["tie"] == 1)) for g, of in groups.items()}
    got = p.table("g_sums").to_pyarrow_table().select(["g", "s", "a", "d", "m", "f"])
    expect({tuple(r.values()) for r in got.to_pylist()}, want)
    xs = [r["x"] for r in sorted(rows, key=lambda r: r["k"])]
    got = {r["k"]: r["s"] for r in p.table("moving").to_pyarrow_table().to_pylist()}
    expect(got, {k: math.fsum(xs[max(0, k - 3):k + 1]) for k in range(2000)})
    ys = [fractions.Fraction(r["y"]) for r in rows]
    of = sum(ys) / len(ys)
    squares = sum((y - of) ** 2 for y in ys)
    [spread] = p.table("spread").to_pyarrow_table().to_pylist()
    expect(spread["v"], float(squares / len(ys)))
    assert abs(spread["d"] - math.sqrt(squares / (len(ys) - 1))) <= 1e-15


def test_process_and_time(folder):
    make_source(folder / "source")
    p = project(folder / "p", folder / "source")
    first = digests(p.plan("--now", "2020-01-01T00:00:00Z"))
    p.run("--now", "2020-01-01T00:00:00Z")
    was = keys(p)
    (folder / "tmp").mkdir()
    for args, env in ((("--now", "2031-07-01T12:00:00Z"), {}),
                      ((), {"TZ": "Asia/Tokyo", "LC_ALL": "C", "HOME": str(folder)}),
                      (("--memory", "1GB"), {"TMPDIR": str(folder / "tmp"), "USER": "x"})):
        expect(digests(p.plan(*args, env=env)), first)
        expect(set(p.run(*args, env=env).statuses().values()), {"reused"})
    again = p.run("--full-refresh", "--now", "2031-07-01T12:00:00Z", env={"TZ": "Asia/Tokyo"})
    expect(set(again.statuses().values()), {"pass"})
    expect(keys(p), was)
    for view in VIEWS:
        assert bits(p.table(view)) == bits(p.table(view, 0)), f"{view} was built otherwise"


def test_where_it_is_run_from(folder):
    make_source(folder / "source")
    views = {"sums": VIEWS["sums"], "top": VIEWS["top"]}
    p = project(folder / "p", folder / "source", views)
    first = digests(p.plan())
    for cwd, args in ((folder, ("--project", p.folder)),
                      (p.folder / "views", ()),
                      (folder, ("--project", p.folder / "weir.yml", "--warehouse",
                                folder / "elsewhere"))):
        done = kit.weir("plan", "--format", "json", *args, cwd=cwd)
        expect(digests({e["view"]: e for e in kit.lines(done.out)}), first)


def test_diverged_copies(folder):
    """Two copies of a table went on apart: at one version they hold other rows."""
    make_source(folder / "source")
    views = {"total": "SELECT sum(k) AS s FROM facts", "above": "SELECT s + 1 AS t FROM total"}
    a = project(folder / "a", folder / "source", views)
    b = project(folder / "b", folder / "source", views)
    expect(digests(a.plan()), digests(b.plan()))
    kit.append(a.folder / "facts", facts(ROWS, 10))
    kit.append(b.folder / "facts", facts(ROWS, 11))
    for name in "ab":
        table = DeltaTable(str(folder / name / "facts"))
        expect(table.version(), 8)
    expect(DeltaTable(str(folder / "a" / "facts")).metadata().id,
           DeltaTable(str(folder / "b" / "facts")).metadata().id)
    in_a, in_b = digests(a.plan()), digests(b.plan())
    expect({v: p for v, (p, _) in in_a.items()}, {v: p for v, (p, _) in in_b.items()})
    assert all(in_a[v][1] != in_b[v][1] for v in views), "one key for different rows"
    # A table built in one folder is not the other's.
    a.run()
    shutil.copytree(a.folder / "lake", b.folder / "lake")
    expect(b.decisions()["total"], ("full", "input facts is another table"))
    b.run()
    assert a.rows("total") != b.rows("total")


if __name__ == "__main__":
    kit.main(globals())
