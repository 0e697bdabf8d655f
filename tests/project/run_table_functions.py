#!/usr/bin/env python3
"""Table functions in views of a project: pins, keys, decisions, records, refusals; the same
functions in `weir sql`, inside and outside of a project."""

import json
import shutil

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

import kit
from kit import expect, has


def sql(cwd, query, *args, **more):
    return kit.lines(kit.weir("sql", "--format", "json", query, *args, cwd=cwd, **more).out)


def refuse(cwd, query, *pieces, args=(), code=2):
    done = kit.weir("sql", query, *args, cwd=cwd, code=code)
    has(done.err, *pieces)
    return done.err


def uri_of(path):
    return "file://" + str(path.resolve())


# ---- views ----

def test_read_delta_is_a_pinned_source(folder):
    kit.append(folder / "data" / "a", kit.numbers(4))
    p = kit.Project(folder, {"v": "SELECT k, g FROM read_delta('data/a')"})
    name = f"read_delta('{uri_of(folder / 'data' / 'a')}')"
    expect(p.decisions(), {"v": ("full", "never built")})
    p.run()
    expect(len(p.rows("v")), 4)
    said = json.loads(kit.info(p.commits("v")[-1][1])["weir.inputs"])
    expect([(i["name"], i["kind"], i["version"]) for i in said], [(name, "source", 0)])
    expect(said[0]["table_id"], DeltaTable(str(folder / "data" / "a")).metadata().id)
    pins = sql(p.folder, "SELECT * FROM weir.pins")
    expect([(r["name"], r["version"], r["table_id"]) for r in pins],
           [(name, 0, said[0]["table_id"])])
    # Nothing moved: reused by the record alone.
    run = p.run()
    expect(run.statuses(), {"v": "reused"})
    kit.append(folder / "data" / "a", kit.numbers(2, 4))
    expect(p.decisions(), {"v": ("full", f"input {name} moved from version 0 to 1")})
    p.run()
    expect(len(p.rows("v")), 6)
    # A commit that moves no row does not count.
    DeltaTable(str(folder / "data" / "a")).optimize.compact()
    expect(p.decisions(), {"v": ("reuse", "maintained")})


def test_a_fixed_version_stays(folder):
    kit.append(folder / "a", kit.numbers(4))
    kit.append(folder / "a", kit.numbers(4, 4))
    p = kit.Project(folder, {"v": "SELECT count(*) AS n FROM read_delta('./a', 0)"})
    p.run()
    expect(p.rows("v"), [(4,)])
    kit.append(folder / "a", kit.numbers(4, 8))
    expect(p.run().statuses(), {"v": "reused"})
    p.view("v", "SELECT count(*) AS n FROM read_delta('./a', 1)")
    p.run()
    expect(p.rows("v"), [(8,)])


def test_the_same_table_is_one_pin(folder):
    kit.append(folder / "a", kit.numbers(3))
    p = kit.Project(folder, {
        "one": "SELECT x.k FROM read_delta('a') AS x JOIN read_delta('./b/../a') AS y "
               "ON x.k = y.k JOIN src ON src.k = x.k",
        "two": f"SELECT k FROM read_delta('{uri_of(folder / 'a')}')"}, {"src": "./a"})
    p.run()
    expect([len(p.rows(v)) for v in ("one", "two")], [3, 3])
    rows = sql(p.folder, "SELECT DISTINCT name, version FROM weir.pins ORDER BY name")
    expect([r["name"] for r in rows], [f"read_delta('{uri_of(folder / 'a')}')", "src"])
    # The rows are those of the source: another way to write it builds nothing anew.
    p.view("two", "SELECT k FROM src")
    expect(p.decisions()["two"], ("reuse", ""))


def test_plans_and_keys_differ_by_function_and_table(folder):
    text = pa.array(["x"])
    columns = ("table_uri", "path", "stats", "partition_values_json", "tags_json")
    # A table with just the columns that the view reads of delta_add_actions, and types as there.
    twin = pa.table({c: text for c in columns})
    write_deltalake(str(folder / "twin"), twin)
    write_deltalake(str(folder / "other"), twin)
    select = "SELECT table_uri, path FROM "
    p = kit.Project(folder, {
        "rows": select + "read_delta('twin')", "rows2": select + "read_delta('other')",
        "files": select + "delta_add_actions('twin')",
        "files2": select + "delta_add_actions('other')",
        "snap": "SELECT table_uri, schema_json AS path FROM delta_snapshot('twin')"})
    p.run()
    said = {v: kit.info(p.commits(v)[-1][1]) for v in ("rows", "rows2", "files", "files2", "snap")}
    plan = {v: i["weir.plan_digest"] for v, i in said.items()}
    key = {v: i["weir.result_key"] for v, i in said.items()}
    expect(plan["rows"], plan["rows2"])
    expect(plan["files"], plan["files2"])
    expect(len(set(plan.values())), 3, str(plan))
    expect(len(set(key.values())), 5, str(key))
    # All of one function: only the table is another one.
    expect(len({i["weir.shape_digest"] for i in said.values()}), 1)


def test_snapshots_and_files_in_views(folder):
    write_deltalake(str(folder / "a"), kit.numbers(9), partition_by=["g"],
                    configuration={"delta.appendOnly": "false"})
    p = kit.Project(folder, {
        "s": "SELECT * FROM delta_snapshot('a')",
        "f": "SELECT * FROM delta_add_actions('a')"})
    p.run()
    expect(p.table("s").to_pyarrow_table().column("version").to_pylist(), [0])
    adds = [a["add"] for a in kit.commits(str(folder / "a"))[0][1] if "add" in a]
    data = p.table("f").to_pyarrow_table().to_pylist()
    expect(sorted(r["path"] for r in data), sorted(a["path"] for a in adds))
    expect(p.run().statuses(), {"f": "reused", "s": "reused"})
    # OPTIMIZE leaves the rows alone, but these views tell of files and versions.
    DeltaTable(str(folder / "a")).optimize.compact(max_concurrent_tasks=1)
    kit.append(folder / "a", kit.numbers(2, 9), partition_by=["g"])
    DeltaTable(str(folder / "a")).optimize.compact(max_concurrent_tasks=1)
    before = p.decisions()
    expect({v: a for v, (a, _) in before.items()}, {"f": "full", "s": "full"})
    p.run()
    expect(p.table("s").to_pyarrow_table().column("version").to_pylist(),
           [DeltaTable(str(folder / "a")).version()])
    live = DeltaTable(str(folder / "a")).get_add_actions(flatten=True)
    expect(len(p.rows("f")), live.num_rows)


def test_parameters_are_resolved_before_planning(folder):
    for n, name in ((2, "a"), (5, "b")):
        kit.append(folder / name, kit.numbers(n))
    kit.append(folder / "b", kit.numbers(1, 5))
    yml = ("parameters:\n  place: {type: string, default: a}\n"
           "  version: {type: int64, default: 0}\n")
    p = kit.Project(folder, {"v": "SELECT count(*) AS n FROM read_delta($place, $version)"},
                    yml=yml)
    p.run()
    expect(p.rows("v"), [(2,)])
    p.run("--param", "place=b")
    expect(p.rows("v"), [(5,)])
    p.run("--param", "place=b", "--param", "version=1")
    expect(p.rows("v"), [(6,)])
    done = p.weir("run", "--param", "version=7", code=2)
    has(done.err, "WEIR-VERSION-MISSING", "read_delta('file://")
    done = p.weir("run", "--param", "version:null", code=2)
    has(done.err, "WEIR-SQL-PLAN", "version is null", "views/v.sql:1")
    p.write_yml(yml="parameters:\n  place: {type: int64, default: 1}\n"
                    "  version: {type: int64, default: 0}\n")
    done = p.weir("run", code=2)
    has(done.err, "WEIR-SQL-PLAN", "uri is not a text", "read_delta(uri[, version])")


def test_tables_of_views_are_named_not_opened(folder):
    kit.append(folder / "a", kit.numbers(2))
    p = kit.Project(folder, {
        "base": "SELECT k FROM read_delta('a')",
        "loop": "SELECT k\nFROM read_delta('lake/loop')",
        "side": f"SELECT k FROM read_delta('{uri_of(folder)}/lake/./base', 0)",
        "records": "SELECT run_id FROM read_delta('lake/_weir/runs')"})
    done = p.weir("run", code=2)
    has(done.err, "WEIR-SOURCE-IS-VIEW", "read_delta reads the table of the view 'base'",
        "FROM base", "views/side.sql:1", "read_delta reads the table of its own view 'loop'",
        "views/loop.sql:2:6", "weir's own records", "views/records.sql")
    has(p.weir("plan", code=2).err, "WEIR-SOURCE-IS-VIEW")
    # A link to it is the same place.
    for v in ("loop", "side", "records"):
        p.remove_view(v)
    p.run()
    (folder / "link").symlink_to(folder / "lake" / "base")
    p.view("linked", "SELECT k FROM delta_add_actions('link'), read_delta('a')")
    has(p.weir("run", code=2).err, "WEIR-SOURCE-IS-VIEW", "'base'")
    # Reading it by hand is fine.
    expect(sql(p.folder, "SELECT count(*) AS n FROM read_delta('lake/base')"), [{"n": 2}])


def test_errors_of_views_have_places(folder):
    p = kit.Project(folder, {
        "a": "SELECT 1 AS x\nFROM range(1, 3), read_delta('gone')",
        "b": "SELECT 1 AS x FROM read_delta_cdf('a', 0)",
        "c": "SELECT 1 AS x FROM metadata_cache()",
        "d": "SELECT 1 AS x FROM read_deltas('a')",
        "e": "SELECT 1 AS x FROM read_delta('ftp://host/a')",
        "f": "SELECT 1 AS x FROM read_delta()",
        "g": "SELECT * FROM read_parquet('a.parquet')"})
    done = p.weir("run", code=2)
    has(done.err, "views/b.sql:1:20", "WEIR-NOT-YET", "change feeds", "the caches",
        "did you mean read_delta?", "weir knows no store 'ftp://'",
        "read_delta takes 1 to 2 arguments, not 0", "read_delta(uri)")
    for v in "bcdefg":
        p.remove_view(v)
    done = p.weir("plan", code=2)
    has(done.err, "WEIR-TABLE-MISSING", "views/a.sql:2:19", uri_of(folder / "gone"))


def test_functions_as_rows_in_views(folder):
    p = kit.Project(folder, {
        "r": "SELECT name, kind, volatility, aliases, parameter_names FROM udf_registry()",
        "d": "SELECT name, syntax, argument_names FROM udf_docs() WHERE description IS NOT NULL"})
    p.run()
    rows = {(r[2], r[1]): r for r in p.rows("r")}  # columns sorted by name
    assert ("stable_hash64", "scalar") in rows, sorted(rows)[:5]
    assert ("read_delta", "table") in rows
    assert len(p.rows("d")) > 10
    expect(p.run().statuses(), {"d": "reused", "r": "reused"})
    said = json.loads(kit.info(p.commits("r")[-1][1])["weir.inputs"])
    expect([(i["name"], i["kind"]) for i in said], [("udf_registry()", "functions")])
    expect(sql(p.folder, "SELECT * FROM weir.pins"), [])


def test_listing_shows_what_is_called(folder):
    kit.append(folder / "a", kit.numbers(2))
    p = kit.Project(folder, {"v": "SELECT k FROM read_delta('a')"})
    nodes = {n["name"]: n for n in kit.lines(p.weir("ls", "--format", "json").out)}
    name = f"read_delta('{uri_of(folder / 'a')}')"
    expect(nodes["v"]["inputs"], [name])
    expect(nodes[name]["uri"], uri_of(folder / "a"))


# ---- statements ----

# Without a project the command wants a table; it plays no part here.
ALONE = ("--table", "o=orders")


def test_statements_without_a_project(folder):
    kit.append(folder / "orders", kit.numbers(3))
    kit.append(folder / "orders", kit.numbers(2, 3))
    count = "SELECT count(*) AS n FROM "
    expect(sql(folder, count + "read_delta('orders')", *ALONE), [{"n": 5}])
    expect(sql(folder, count + "READ_DELTA('./orders', 0)", *ALONE), [{"n": 3}])
    expect(sql(folder, count + "\"read_delta\"('orders', (0)) AS t WHERE t.k > 0", *ALONE), [{"n": 2}])
    expect(sql(folder, count + "read_delta($t, $v)", "--param", "t=orders", "--param",
               "v:int64=0", *ALONE), [{"n": 3}])
    expect(sql(folder, "WITH o AS (SELECT * FROM read_delta('orders')) SELECT max(k) AS m FROM o "
                       "WHERE k IN (SELECT k FROM read_delta('orders', 0))", *ALONE), [{"m": 2}])
    expect(sql(folder, "SELECT version, min_reader_version FROM delta_snapshot('orders')", *ALONE),
           [{"version": 1, "min_reader_version": 1}])
    expect(sql(folder, count + "delta_add_actions('orders', 0)", *ALONE), [{"n": 1}])
    has(kit.weir("sql", "EXPLAIN SELECT k FROM read_delta('orders')", *ALONE,
                 cwd=folder).out, "read_delta")
    expect(sql(folder, "SELECT * FROM range(1, 4)", *ALONE), [{"value": 1}, {"value": 2}, {"value": 3}])
    expect(sql(folder, count + "range(4, 4)", *ALONE), [{"n": 0}])
    expect(sql(folder, "SELECT arrow_typeof(value) AS t FROM range(0, 1)", *ALONE), [{"t": "Int64"}])


def test_relative_places_begin_at_the_project(folder):
    kit.append(folder / "orders", kit.numbers(3))
    p = kit.Project(folder, {"v": "SELECT k FROM read_delta('orders')"})
    (folder / "deep" / "down").mkdir(parents=True)
    expect(sql(folder / "deep" / "down", "SELECT count(*) AS n FROM read_delta('orders')"),
           [{"n": 3}])
    done = kit.weir("run", cwd=folder / "deep" / "down")
    expect(len(p.rows("v")), 3, done.err)


def test_refusals_of_statements(folder):
    kit.append(folder / "orders", kit.numbers(3))
    of = "SELECT * FROM "

    def check(query, *pieces):
        return refuse(folder, query, *pieces, args=ALONE)

    check(of + "read_delta('orders', '0')", "WEIR-SQL-PLAN", "version is not an integer",
           "read_delta(uri[, version])")
    check(of + "read_delta(1)", "WEIR-SQL-PLAN", "uri is not a text")
    check(of + "read_delta('orders', 0, 1)", "takes 1 to 2 arguments, not 3")
    check(of + "read_delta(NULL)", "uri is null")
    check(of + "read_delta('or' || 'ders')", "literals or parameters")
    check(of + "read_delta(uri => 'orders')", "have no names")
    check(of + "read_delta('orders', -1)", "zero or more")
    check(of + "read_delta('orders', 99999999999999999999)", "out of range")
    check(of + "read_delta('orders', 9)", "WEIR-VERSION-MISSING")
    check(of + "read_delta('nowhere')", "WEIR-TABLE-MISSING")
    check(of + "read_delta('orders/../nowhere')", "WEIR-TABLE-MISSING")
    check(of + "read_delta('')", "WEIR-BAD-VALUE", "an empty path")
    check(of + "read_delta($t)", "$t")
    check(of + "udf_registry(1)", "takes 0 arguments, not 1")
    check(of + "main.read_delta('orders')", "WEIR-UNKNOWN-FUNCTION")
    check(of + "read_delta.x('orders')", "WEIR-UNKNOWN-FUNCTION")
    check(of + "orders, LATERAL read_delta(orders.g)", "WEIR-")
    check(of + "read_delta_cdf('orders')", "WEIR-NOT-YET")
    check(of + "\"$call\".\"read_delta('x')\"", "WEIR-")
    check("SELECT read_delta('orders')", "WEIR-")
    check(of + "'orders/x.parquet'", "WEIR-")
    # What does not only read opens nothing, so that not even its absence shows.
    err = check("CREATE TABLE t AS SELECT * FROM read_delta('nowhere')", "WEIR-READ-ONLY")
    assert "TABLE-MISSING" not in err, err
    check("COPY (SELECT * FROM read_delta('orders')) TO 'out.parquet'", "WEIR-READ-ONLY")
    assert not (folder / "out.parquet").exists()


def test_secrets_are_not_shown(folder):
    secret = "hunter2"
    kit.Project(folder, {"one": "SELECT 1 AS x"})
    for place in (f"s3://me:{secret}@bucket/t", f"s3://bucket/t?sig={secret}",
                  f"abfss://c:{secret}@host/t", f"file:///a?{secret}"):
        err = refuse(folder, f"SELECT * FROM read_delta('{place}')", "WEIR-BAD-VALUE")
        assert secret not in err, err
        err = refuse(folder, "SELECT * FROM read_delta($p)", "WEIR-BAD-VALUE",
                     args=("--param", f"p={place}"))
        assert secret not in err, err
        p = kit.Project(folder / "p", {"v": "SELECT 1 AS x FROM read_delta($p)"},
                        yml="parameters:\n  p: {type: string}\n")
        err = p.weir("run", "--param", f"p={place}", code=2).err
        has(err, "WEIR-BAD-VALUE", "views/v.sql")
        assert secret not in err, err
        shutil.rmtree(folder / "p")


def test_storage_options_are_those_of_the_profile(folder):
    env = {"WEIR_PROFILE": "dev", "STORE_SECRET": "hunter2"}
    p = kit.Project(folder, {"v": "SELECT 1 AS x FROM read_delta('s3://bucket/t')"},
                    yml="profiles:\n  dev:\n    storage:\n      aws_secret_access_key: "
                        "${env:STORE_SECRET}\n      aws_conditional_put: disabled\n")
    for done in (p.weir("run", code=None, env=env),
                 p.weir("sql", "SELECT 1 FROM read_delta('s3://bucket/t')", code=None, env=env)):
        has(done.err, "WEIR-STORE-UNSAFE")
        assert "hunter2" not in done.err + done.out, done.err


def test_the_registry_tells_of_every_function(folder):
    kit.Project(folder, {"one": "SELECT 1 AS x"})
    listed = {(f["name"], f["kind"]): f
              for f in kit.lines(kit.weir("functions", "--all", "--format", "json",
                                          cwd=folder).out)}
    rows = {(r["name"], r["kind"]): r for r in sql(folder, "SELECT * FROM udf_registry()")}
    docs = {(r["name"], r["kind"]): r for r in sql(folder, "SELECT * FROM udf_docs()")}
    expect(set(rows), set(docs))
    assert set(listed) <= set(rows), set(listed) - set(rows)
    for key, f in listed.items():
        expect(sorted(rows[key]["aliases"]), sorted(f["aliases"]), str(key))
        expect(rows[key]["volatility"] or "", f["volatility"] or
               ("" if f["origin"] == "host" else rows[key]["volatility"] or ""), str(key))
    own = rows[("stable_id", "scalar")]
    expect((own["parameter_names"], own["simplify"], own["coerce_types"], own["short_circuits"]),
           (["prefix", "value"], True, True, False))
    expect(rows[("abs", "scalar")]["parameter_names"], None)
    one = docs[("stable_id", "scalar")]
    expect(one["sql_example"], "SELECT stable_id('ns', 'delta')")
    expect(one["argument_names"], ["prefix", "value"])
    assert "stable_id_parts" in one["related_udfs"], one["related_udfs"]
    expect(docs[("stable_hash64", "scalar")]["alternative_syntax"], ["hash64(value)"])
    parameters = sql(folder, "SELECT specific_name, parameter_name, ordinal_position FROM "
                             "information_schema.parameters WHERE specific_name = 'stable_id' "
                             "AND parameter_mode = 'IN' ORDER BY ordinal_position")
    expect([r["parameter_name"] for r in parameters], own["parameter_names"])


if __name__ == "__main__":
    kit.main(globals())
