#!/usr/bin/env python3
"""What a run refuses, and that a refusal leaves the table and its folder as they were."""
# tests/run: timeout=300

import datetime
import json
import pathlib

import pyarrow as pa

import kit
from kit import expect, has


def rows(**columns):
    types = {"k": pa.int64(), "g": pa.string(), "x": pa.float64()}
    return pa.table({n: pa.array(v, types.get(n)) for n, v in columns.items()})


GOOD = dict(k=[1, 2, 3], g=["a", "b", "c"], x=[0.5, 1.5, 2.5])


def shop(folder, header, sql="SELECT k, g, x FROM src", **more):
    """`one` with the header, `below` reads it, `aside` does not."""
    kit.append(folder / "src", rows(**GOOD))
    p = kit.Project(folder, sources={"src": "./src"}, **more)
    p.view("one", sql, header)
    p.view("below", "SELECT count(*) AS n FROM one")
    p.view("aside", "SELECT max(k) AS top FROM src")
    return p


def refused_at_gate(p, bad, code, *pieces, samples=None):
    """A good run, then the source holds `bad` too: `one` is refused, nothing of it moves."""
    expect(p.run().statuses(), {"one": "pass", "below": "pass", "aside": "pass"})
    kept = {v: (kit.listing(p.uri(v)), p.rows(v), p.version(v)) for v in ("one", "below")}
    kit.append(p.folder / "src", bad)
    run = p.run("-v", code=1)
    error = run.tasks["one"]["error"]
    expect(error["code"], code)
    has(error["message"], *pieces)
    expect(run.statuses(), {"one": "error", "below": "skip", "aside": "pass"})
    expect(run.tasks["below"]["reason"], "upstream one failed")
    expect({k: run.summary[k] for k in ("status", "pass", "error", "skip", "total")},
           {"status": "failed", "pass": 1, "error": 1, "skip": 1, "total": 3})
    for view, (files, was, version) in kept.items():
        expect(kit.listing(p.uri(view)), files, f"folder of {view}")
        expect(p.rows(view), was)
        expect(p.version(view), version)
    expect(p.version("aside"), 1, "the view that reads it not goes on")
    detail = json.loads(run.err.splitlines()[-1])["error"]["detail"]
    shown = [s.strip() for s in detail.splitlines() if s.strip().startswith("{")]
    assert samples is None or shown == samples, f"samples {shown}"
    assert 0 < len(shown) <= 10
    return detail


def test_key_null(folder):
    p = shop(folder, "key: [k]")
    refused_at_gate(p, rows(k=[None], g=["z"], x=[9.0]), "WEIR-KEY-VIOLATED", "'key': 1 row",
                    samples=["{k=NULL, g=z, x=9.0}"])


def test_key_duplicate(folder):
    p = shop(folder, "key: [k]")
    refused_at_gate(p, rows(k=[3, 3, 1], g=["z", "y", "x"], x=[9.0, 8.0, 7.0]),
                    "WEIR-KEY-VIOLATED", "'key': 2 values",
                    samples=["{k=1, g=a, x=0.5}", "{k=1, g=x, x=7.0}", "{k=3, g=c, x=2.5}",
                             "{k=3, g=y, x=8.0}", "{k=3, g=z, x=9.0}"])


def test_key_of_two_columns(folder):
    p = shop(folder, "key: [g, k]")
    refused_at_gate(p, rows(k=[1, 1, 9], g=["b", "a", "a"], x=[9.0, 9.0, 9.0]),
                    "WEIR-KEY-VIOLATED", "'key': 1 value",
                    samples=["{k=1, g=a, x=0.5}", "{k=1, g=a, x=9.0}"])


def test_row_predicate(folder):
    p = shop(folder, 'constraints: {small: "x < 10"}')
    refused_at_gate(p, rows(k=range(10, 40), g=["z"] * 30, x=[float(k) for k in range(10, 40)]),
                    "WEIR-CONSTRAINT", "'small': 30 rows",
                    samples=[f"{{k={k}, g=z, x={k}.0}}" for k in range(10, 20)])


def test_row_predicate_null_fails(folder):
    p = shop(folder, 'constraints: {small: "x < 10"}')
    refused_at_gate(p, rows(k=[7], g=["z"], x=[None]), "WEIR-CONSTRAINT", "'small': 1 row",
                    samples=["{k=7, g=z, x=NULL}"])


def test_unique(folder):
    p = shop(folder, "constraints: {one_g: {unique: [g]}}")
    # Nulls are not alike.
    refused_at_gate(p, rows(k=[7, 8, 9], g=["a", None, None], x=[1.0, 1.0, 1.0]),
                    "WEIR-CONSTRAINT", "'one_g': 1 value",
                    samples=["{k=1, g=a, x=0.5}", "{k=7, g=a, x=1.0}"])


def test_not_null_column(folder):
    p = shop(folder, "columns: {k: int64, g: {type: string, not_null: true}, x: float64}")
    refused_at_gate(p, rows(k=[7], g=[None], x=[1.0]), "WEIR-CONSTRAINT", "'g': 1 row",
                    samples=["{k=7, g=NULL, x=1.0}"])
    schema = {f.name: f.nullable for f in p.table("one").schema().fields}
    expect(schema, {"k": True, "g": False, "x": True})


def test_all_rules_are_counted(folder):
    p = shop(folder, 'key: [k]\nconstraints: {small: "x < 10", unique: [g]}')
    detail = refused_at_gate(p, rows(k=[1, None], g=["a", "b"], x=[11.0, None]),
                             "WEIR-KEY-VIOLATED", "'key': 1 row", "'key': 1 value",
                             "'small': 2 rows", "'unique': 2 values")
    has(detail, "key:", "small:", "unique:")


def test_partitioned_view_is_gated_too(folder):
    p = shop(folder, 'key: [k]\npartition_by: [g]\nconstraints: {no_z: "g <> \'z\'"}')
    refused_at_gate(p, rows(k=[3, 7], g=["a", "z"], x=[1.0, 2.0]), "WEIR-KEY-VIOLATED",
                    "'key': 1 value", "'no_z': 1 row")


def test_first_build_refused_leaves_no_table(folder):
    p = shop(folder, 'constraints: {none: "k > 100"}')
    run = p.run(code=1)
    expect(run.statuses(), {"one": "error", "below": "skip", "aside": "pass"})
    assert not kit.listing(p.uri("one")), kit.listing(p.uri("one"))
    assert not pathlib.Path(p.uri("below")).exists()


def test_new_constraint_checks_the_stored_rows(folder):
    p = shop(folder, "key: [k]")
    p.run()
    before = kit.listing(p.uri("one"))
    p.view("one", "SELECT k, g, x FROM src", 'key: [k]\nconstraints: {small: "x < 2"}')
    expect(p.decisions()["one"], ("adjust", "contract changed"))
    run = p.run(code=1)
    expect(run.tasks["one"]["error"]["code"], "WEIR-CONSTRAINT")
    has(run.tasks["one"]["error"]["message"], "'small': 1 row")
    expect(kit.listing(p.uri("one")), before)
    expect(p.decisions()["one"], ("adjust", "contract changed"), "it is not forgotten")


# ---- the contract of columns ----

def broken(p, code, *pieces, exit=2):
    """A planning error: the run does nothing at all."""
    before = kit.listing(p.folder)
    done = p.weir("run", code=exit)
    has(done.out + done.err, code, *pieces)
    expect(kit.listing(p.folder), before)
    done = p.weir("plan", code=exit)
    has(done.out + done.err, code)


def test_columns_mismatch(folder):
    p = shop(folder, "columns: {k: int64, g: string, x: float64}")
    p.run()
    for columns, piece in (("{k: int64, g: string}", "x"),
                           ("{k: int64, g: string, x: float64, y: string}", "y"),
                           ("{k: int32, g: string, x: float64}", "k"),
                           ("{g: string, k: int64, x: float64}", "g"),
                           ("{k: int64, h: string, x: float64}", "h")):
        p.view("one", "SELECT k, g, x FROM src", f"columns: {columns}")
        broken(p, "WEIR-SCHEMA-DECLARED", f"'{piece}'", "views/one.sql")


def test_schema_change_fail_and_replace(folder):
    p = shop(folder, "on_schema_change: fail")
    p.run()
    before = kit.listing(p.uri("one"))
    p.view("one", "SELECT k, g FROM src", "on_schema_change: fail")
    run = p.run(code=1)
    expect(run.tasks["one"]["error"]["code"], "WEIR-SCHEMA-CHANGED")
    has(run.tasks["one"]["error"]["hint"], "on_schema_change: replace")
    expect(kit.listing(p.uri("one")), before)
    # Other rows of the same columns are no schema change.
    p.view("one", "SELECT k, g, x + 1 AS x FROM src", "on_schema_change: fail")
    expect(p.run().statuses()["one"], "pass")
    # replace is the default: one commit with the new metaData, all removes, all adds.
    p.view("one", "SELECT k, upper(g) AS letter FROM src")
    expect(p.run().statuses()["one"], "pass")
    version, actions = p.commits("one")[-1]
    kinds = sorted(next(iter(a)) for a in actions)
    expect((version, kinds), (2, ["add", "commitInfo", "metaData", "remove", "txn"]))
    expect(p.rows("one"), [(1, "A"), (2, "B"), (3, "C")])
    expect(p.table("one", 1).to_pyarrow_table().column_names, ["k", "g", "x"])


# ---- tables that are not ours ----

def test_not_ours(folder):
    p = shop(folder, "key: [k]")
    kit.append(p.uri("one"), rows(**GOOD))
    before = kit.listing(p.uri("one"))
    run = p.run(code=1)
    expect(run.tasks["one"]["error"]["code"], "WEIR-NOT-OURS")
    expect(run.statuses(), {"one": "error", "below": "skip", "aside": "pass"})
    expect(kit.listing(p.uri("one")), before)
    run = p.run("--full-refresh", code=1)
    expect(run.tasks["one"]["error"]["code"], "WEIR-NOT-OURS", "force does not take it over")
    expect(kit.listing(p.uri("one")), before)


def test_another_projects_table(folder):
    p = shop(folder / "a", "key: [k]")
    p.run()
    other = kit.Project(folder / "b", {"one": "SELECT 1 AS k"}, name="other")
    before = kit.listing(p.uri("one"))
    run = other.run("--warehouse", p.folder / "lake", "--select", "one", code=1)
    expect(run.tasks["one"]["error"]["code"], "WEIR-NOT-OURS")
    has(run.tasks["one"]["error"]["message"], "shop/one", "other/one")
    expect(kit.listing(p.uri("one")), before)


def test_another_views_table(folder):
    """A folder moved to another view's name stays the first view's."""
    p = shop(folder, "key: [k]")
    p.run()
    pathlib.Path(p.uri("aside")).rename(p.uri("moved"))
    p.view("moved", "SELECT 1 AS top")
    p.remove_view("aside")
    before = kit.listing(p.uri("moved"))
    run = p.run(code=1)
    expect(run.tasks["moved"]["error"]["code"], "WEIR-NOT-OURS")
    expect(kit.listing(p.uri("moved")), before)


def put(uri, *actions):
    """A commit by another writer, composed by hand."""
    version = kit.commits(uri)[-1][0] + 1
    path = kit.log_folder(uri) / f"{version:020d}.json"
    said = {"commitInfo": {"timestamp": 1700000000000, "operation": "OTHER",
                           "engineInfo": "Other/1.0"}}
    path.write_text("".join(json.dumps(a) + "\n" for a in (said, *actions)))


def refused_feature(p, *pieces):
    before = kit.listing(p.uri("one"))
    kit.append(p.folder / "src", rows(k=[9], g=["z"], x=[1.0]))
    run = p.run(code=1)
    expect(run.tasks["one"]["error"]["code"], "WEIR-FOREIGN-FEATURE")
    has(run.tasks["one"]["error"]["message"], *pieces)
    expect(run.statuses(), {"one": "error", "below": "skip", "aside": "pass"})
    expect(kit.listing(p.uri("one")), before)


def test_foreign_writer_feature(folder):
    p = shop(folder, "key: [k]")
    p.run()
    put(p.uri("one"), {"protocol": {"minReaderVersion": 1, "minWriterVersion": 7,
                                    "writerFeatures": ["appendOnly", "rowTracking"]}})
    expect(p.decisions()["one"], ("reuse", ""), "no row changed")
    refused_feature(p, "rowTracking")


def test_foreign_constraint_and_change_feed(folder):
    for name, key, value, protocol in (("a", "delta.constraints.c", "k > 0", 3),
                                       ("b", "delta.enableChangeDataFeed", "true", 4)):
        p = shop(folder / name, "key: [k]")
        p.run()
        meta = next(a["metaData"] for a in p.commits("one")[0][1] if "metaData" in a)
        meta["configuration"][key] = value
        put(p.uri("one"), {"protocol": {"minReaderVersion": 1, "minWriterVersion": protocol}},
            {"metaData": meta})
        refused_feature(p, key.split(".")[-1])


def test_append_only(folder):
    p = shop(folder, "append_only: true")
    p.run()
    expect(p.table("one").metadata().configuration.get("delta.appendOnly"), "true")
    kept = kit.listing(p.uri("one"))
    expect(p.run().statuses()["one"], "reused")
    kit.append(p.folder / "src", rows(k=[9], g=["z"], x=[1.0]))
    run = p.run(code=1)
    expect(run.tasks["one"]["error"]["code"], "WEIR-APPEND-ONLY")
    expect(kit.listing(p.uri("one")), kept)
    # The header lifts it.
    p.view("one", "SELECT k, g, x FROM src")
    expect(p.run().statuses()["one"], "pass")
    expect(len(p.rows("one")), 4)
    expect(p.table("one").metadata().configuration.get("delta.appendOnly"), None)


# ---- strict ----

def strict(folder, sql, code, *pieces):
    """Refused as strict, with the place; taken as relaxed."""
    p = shop(folder, None, sql)
    broken(p, code, "views/one.sql", *pieces)
    p.view("one", sql, "determinism: relaxed")
    p.view("below", "SELECT count(*) AS n FROM one")
    expect(p.run().statuses()["one"], "pass")


def test_volatile_functions(folder):
    for name in ("random()", "uuid()", "now()", "current_date", "current_timestamp"):
        clock = ["run_date"] if name.startswith(("now", "current")) else []
        strict(folder / name.strip("()"), f"SELECT k, cast({name} AS text) AS v FROM src",
               "WEIR-VOLATILE", "relaxed", *clock)


def test_volatile_in_filter(folder):
    strict(folder, "SELECT k FROM src WHERE random() < 0.5", "WEIR-VOLATILE")


def test_limit_without_order(folder):
    strict(folder / "a", "SELECT k FROM src LIMIT 2", "WEIR-ORDER-NEEDED", "LIMIT")
    strict(folder / "b", "SELECT k FROM (SELECT k FROM src LIMIT 2) AS t ORDER BY k",
           "WEIR-ORDER-NEEDED", "LIMIT")
    strict(folder / "c", "SELECT s.k FROM src s WHERE s.k IN (SELECT k FROM src LIMIT 2)",
           "WEIR-ORDER-NEEDED", "LIMIT")
    p = shop(folder / "d", None, "SELECT k FROM src ORDER BY g LIMIT 2")
    expect(p.run().statuses()["one"], "pass")


def test_array_agg_without_order(folder):
    strict(folder / "a", "SELECT array_agg(k) AS ks FROM src", "WEIR-ORDER-NEEDED", "array_agg")
    strict(folder / "b", "SELECT string_agg(g, ',') AS gs FROM src", "WEIR-ORDER-NEEDED",
           "string_agg")
    strict(folder / "c", "SELECT first_value(g) AS g FROM src", "WEIR-ORDER-NEEDED",
           "first_value")


def test_row_number_without_order(folder):
    strict(folder / "a", "SELECT k, row_number() OVER () AS n FROM src", "WEIR-ORDER-NEEDED",
           "row_number")
    strict(folder / "b", "SELECT k, lag(k) OVER (PARTITION BY g) AS n FROM src",
           "WEIR-ORDER-NEEDED", "lag")


def test_correlated_not_in(folder):
    """Refused under relaxed too: the engine gets it wrong."""
    sql = "SELECT k FROM src s WHERE k NOT IN (SELECT t.k FROM src t WHERE t.g <> s.g)"
    for name, header in (("a", None), ("b", "determinism: relaxed")):
        broken(shop(folder / name, header, sql), "WEIR-NOT-IN-CORRELATED", "NOT EXISTS")
    p = shop(folder / "c", None, "SELECT k FROM src WHERE k NOT IN (SELECT 2 AS k)")
    p.run()
    expect(p.rows("one"), [(1,), (3,)])


# ---- outputs and parameters ----

def test_output_names(folder):
    for i, (sql, piece) in enumerate((("SELECT count(*) FROM src", "AS"),
                                      ("SELECT k + 1 FROM src", "AS"),
                                      ("SELECT k, k AS \"K\" FROM src", "K"),
                                      ('SELECT k AS "a b" FROM src', "a b"),
                                      ("SELECT a.k, b.k FROM src a JOIN src b ON a.k = b.k",
                                       "k"))):
        p = shop(folder / str(i), None, sql)
        done = p.weir("run", code=2)
        assert "WEIR-OUTPUT-NAME" in done.err or "WEIR-SQL-PLAN" in done.err and i == 4, done.err
        has(done.err, piece, "views/one.sql")


def test_output_types(folder):
    for i, (sql, piece) in enumerate((
            ("SELECT NULL AS v FROM src", "CAST"),
            ("SELECT interval '1 day' AS v FROM src", "CAST"),
            ("SELECT cast('10:00:00' AS time) AS v FROM src", "CAST"))):
        p = shop(folder / str(i), None, sql)
        broken(p, "WEIR-OUTPUT-TYPE", "'v'")
        has(p.weir("run", code=2).err.upper(), piece)


def test_types_are_widened(folder):
    p = shop(folder, None, "SELECT k, row_number() OVER (ORDER BY k) AS n, "
             "arrow_cast(k, 'UInt8') AS u8, arrow_cast(k, 'UInt32') AS u32, "
             "date_trunc('day', to_timestamp('2024-05-06T07:08:09Z')) AS at FROM src")
    p.run()
    types = {f.name: f.type.type for f in p.table("one").schema().fields}
    expect({n: types[n] for n in ("n", "u8", "u32")}, {"n": "long", "u8": "short", "u32": "long"})
    assert types["at"].startswith("timestamp"), types
    expect([str(r[0])[:19] for r in p.rows("one")], ["2024-05-06 00:00:00"] * 3)


def test_value_out_of_range(folder):
    p = shop(folder, None, "SELECT arrow_cast(k, 'UInt64') + 18446744073709551600 AS big FROM src")
    run = p.run(code=1)
    has(run.tasks["one"]["error"]["message"], "18446744073709551601")
    expect(run.tasks["one"]["error"]["code"], "WEIR-EXECUTION")
    assert not kit.listing(p.uri("one"))


def test_parameters(folder):
    yml = ("parameters:\n  low: {type: int64, default: 2}\n  name: {type: string, default: null}\n"
           "  day: {type: date, default: run_date}\n")
    p = shop(folder, None, "SELECT k, $name AS name, $day AS day FROM src WHERE k >= $low",
             yml=yml)
    p.run("--now", "2026-01-02T03:04:05Z")
    day = datetime.date(2026, 1, 2)
    # The columns come in the order of their names.
    expect(p.rows("one"), [(day, 2, None), (day, 3, None)])
    types = {f.name: f.type.type for f in p.table("one").schema().fields}
    expect(types, {"k": "long", "name": "string", "day": "date"})
    p.run("--param", "name=", "--param", "low:null", "--param", "day=2020-02-29")
    expect(p.rows("one"), [], "a null compares to nothing")
    p.run("--param", "name=x", "--param", "low=3", "--param", "day=2020-02-29")
    expect(p.rows("one"), [(datetime.date(2020, 2, 29), 3, "x")])
    for args, code in ((("--param", "nope=1"), "WEIR-PARAM-UNKNOWN"),
                       (("--param", "low=x"), "WEIR-PARAM-TYPE"),
                       (("--param", "low=1", "--param", "low=2"), "WEIR-"),
                       (("--param", "day=2020-02-30"), "WEIR-PARAM-TYPE")):
        before = kit.listing(folder)
        has(p.weir("run", *args, code=2).err, code)
        expect(kit.listing(folder), before)


if __name__ == "__main__":
    kit.main(globals())
