#!/usr/bin/env python3
"""Everything that weir writes, read by others: the deltalake package, and DuckDB over the files
that deltalake lists. Both must see the rows and types that `weir sql` shows and that the sources
hold; and what the log says of each file must be true of the file.

usage: run_readers.py [NAME-PART]; env WEIR_BUILD is the build folder (default: build)
"""
# tests/run: timeout=180

import datetime
import decimal
import functools
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback
import urllib.parse

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder, write_deltalake

import rows

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEIR = str(pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve() / "weir")
SCRATCH = pathlib.Path(tempfile.mkdtemp(prefix="weir-readers-"))
PROJECT = SCRATCH / "project"
LAKE = PROJECT / "lake"
SOURCES = SCRATCH / "sources"
UTC = datetime.timezone.utc
D = decimal.Decimal
INDEXED = 32  # columns that statistics are kept of, as Delta's default is
TICKS = 22  # commits of the view `ticks`; there is a checkpoint at version 20

VIEWS = {
    "all_types": ("key: [id]", "SELECT * FROM scalars"),
    "deep": ("", "SELECT * FROM nested"),
    "none": ("", "SELECT * FROM nobody"),
    "emptied": ("", "SELECT * FROM scalars WHERE id > 8"),
    "by_text": ("partition_by: [text]", "SELECT id, text, f64 FROM scalars"),
    "by_kind": ("partition_by: [day, ok, i16, dec20]",
                "SELECT id, day, ok, i16, dec20, text FROM scalars"),
    "by_time": ("partition_by: [ts, ntz]", "SELECT id, ts, ntz FROM scalars"),
    "sorted": ("key: [id]\nsort_by: [text, id]", "SELECT id, text, day FROM by_text_days"),
    "by_text_days": ("partition_by: [day]", "SELECT s.id, b.text, s.day FROM scalars s "
                                            "JOIN by_text b ON s.id = b.id"),
    "ticks": ("key: [n]", "SELECT * FROM counter"),
    "ticks_by_day": ("partition_by: [day]", "SELECT day, n, text FROM ticks"),
}
RECORDS = ["plans", "runs", "session_settings", "tasks", "warnings"]
PARTITIONED = {"by_text": ["text"], "by_kind": ["day", "ok", "i16", "dec20"],
               "by_time": ["ts", "ntz"], "by_text_days": ["day"], "ticks_by_day": ["day"]}
VIEW_KEYS = ["commit_id", "run_id", "format", "project", "view", "planning_key", "result_key",
             "plan_digest", "functions_digest", "settings_digest", "session_digest",
             "schema_digest", "params", "inputs", "determinism"]


# ---- the project ----

def scalars():
    """Every scalar type, with its limits, what floats can be, and texts that paths escape."""
    at = datetime.datetime
    inf, nan = math.inf, math.nan
    texts = ["a b", "é/ü%25", "x=y&z", "q:r;s", "tab\tnew\nline", 'quote"\\', "😀#?[]{}^|~`",
             None, "\u0001\u007f", "É" * 31 + "ÿ" + "tail", "\U0010ffff" * 40, "2024-02-29"]
    n = len(texts)
    columns = {
        "id": pa.array(range(n), pa.int64()),
        "i8": pa.array([-128, 127, None] * 4, pa.int8()),
        "i16": pa.array([-32768, 32767, 0, None] * 3, pa.int16()),
        "i32": pa.array([-2**31, 2**31 - 1, None] * 4, pa.int32()),
        "i64": pa.array([-2**63, 2**63 - 1, None, 2**53 + 1] * 3, pa.int64()),
        "f32": pa.array([0.1, nan, None, -0.0, inf, 3.4e38] * 2, pa.float32()),
        "f64": pa.array([1e300, nan, None, -0.0, inf, -inf, 5e-324, 0.1, 0.0, 2.0, 3.0, 4.0],
                        pa.float64()),
        "calm": pa.array([0.1, -0.0, None, 1e-7] * 3, pa.float64()),
        "ok": pa.array([True, False, None] * 4, pa.bool_()),
        "dec5": pa.array([D("-999.99"), None, D("0.01")] * 4, pa.decimal128(5, 2)),
        "dec20": pa.array([D("-1.5000"), D("9999999999999999.9999"), None] * 4,
                          pa.decimal128(20, 4)),
        "dec38": pa.array([D("9" * 28 + "." + "9" * 10), None, D("-0.0000000001")] * 4,
                          pa.decimal128(38, 10)),
        "text": pa.array(texts, pa.string()),
        "bin": pa.array([b"\x00\xff", b"", None, b"text"] * 3, pa.binary()),
        "day": pa.array([datetime.date(2024, 2, 29), datetime.date(1, 1, 1), None,
                         datetime.date(9999, 12, 31), datetime.date(1969, 12, 31)] * 2
                        + [None, datetime.date(1970, 1, 1)], pa.date32()),
        "ts": pa.array([at(2024, 2, 29, 1, 2, 3, 4, tzinfo=UTC), None,
                        at(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
                        at(1970, 1, 1, tzinfo=UTC)] * 3, pa.timestamp("us", "UTC")),
        "ntz": pa.array([at(1900, 1, 1, 0, 0, 0, 1), at(9999, 12, 31, 23, 59, 59, 999999), None]
                        * 4, pa.timestamp("us")),
        "blank": pa.nulls(n, pa.string()),
    }
    return pa.table(columns)


def more_scalars():
    """The rows of the second version: the same columns, other values."""
    first = scalars()
    table = first.slice(0, 6).set_column(0, "id", pa.array(range(100, 106), pa.int64()))
    text = pa.array(["a b", "new%2Fone", None, "ﬀ", "x=y&z", "Zoë"], pa.string())
    return table.set_column(table.schema.get_field_index("text"), "text", text)


def nested():
    pair = pa.struct([("a", pa.int32()), ("b", pa.string()),
                      ("inner", pa.struct([("day", pa.date32()), ("f", pa.float64())]))])
    inner = [{"day": datetime.date(2024, 1, 2), "f": math.nan}, None, {"day": None, "f": 1.5}]
    pairs = [{"a": 1, "b": "x", "inner": inner[0]}, None, {"a": None, "b": "y" * 50,
                                                          "inner": inner[2]}]
    return pa.table({
        "id": pa.array([1, 2, 3], pa.int64()),
        "items": pa.array([[1, None], None, []], pa.list_(pa.int32())),
        "pair": pa.array(pairs, pair),
        "pairs": pa.array([pairs, [], None], pa.list_(pair)),
        "map": pa.array([[("k", 1), ("é", None)], None, []], pa.map_(pa.string(), pa.int32())),
        "maps": pa.array([[(7, [D("1.50"), None])], [], None],
                         pa.map_(pa.int32(), pa.list_(pa.decimal128(9, 2)))),
        "lists": pa.array([[["a"], None, []], None, [[None]]], pa.list_(pa.list_(pa.string()))),
    })


def tick(n):
    return pa.table({"n": pa.array([n, 1000 + n], pa.int64()),
                     "day": pa.array([datetime.date(2024, 1, 1 + n % 3)] * 2, pa.date32()),
                     "text": pa.array([f"tick {n}", None], pa.string())})


def weir(*args):
    env = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")}
    done = subprocess.run([WEIR, *args], cwd=SCRATCH, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=120)
    assert done.returncode == 0, f"weir {args} gave {done.returncode}: {done.stderr.decode()}"
    return done.stdout


def run():
    weir("run", "--project", str(PROJECT))


def build():
    """The project, run until each view has at least two versions where its source moved."""
    (PROJECT / "views").mkdir(parents=True)
    sources = {"scalars": scalars(), "nested": nested(), "nobody": scalars().slice(0, 0),
               "counter": tick(0)}
    for name, table in sources.items():
        write_deltalake(str(SOURCES / name), table)
    (PROJECT / "weir.yml").write_text(
        "name: readers\nwarehouse: ./lake\nparameters:\n"
        "  unused: {type: int64, default: 1}\nsources:\n"
        + "".join(f"  {name}: {{table: {SOURCES / name}}}\n" for name in sources))
    for name, (header, text) in VIEWS.items():
        (PROJECT / "views" / f"{name}.sql").write_text(
            f"/* weir\nmaterialized: table\n{header}\n*/\n{text}\n")
    run()
    write_deltalake(str(SOURCES / "scalars"), more_scalars(), mode="append")
    for i in range(1, TICKS):
        write_deltalake(str(SOURCES / "counter"), tick(i), mode="append")
        run()
    write_deltalake(str(SOURCES / "scalars"), scalars().slice(0, 3), mode="overwrite")
    run()


# ---- readers ----

def folder(table):
    return LAKE / "_weir" / table if table in RECORDS else LAKE / table


TABLES = [*VIEWS, *RECORDS]


@functools.cache
def delta(table, version=None):
    return DeltaTable(str(folder(table)), version=version)


def versions(table):
    return range(delta(table).version() + 1)


def by_deltalake(table, version=None):
    if table == "by_kind":
        # Its way to pyarrow writes a negative decimal of a partition as -1.-5000 and fails; its
        # own engine reads it.
        query = QueryBuilder().register("t", delta(table, version)).execute("SELECT * FROM t")
        return pa.table(query.read_all())
    return delta(table, version).to_pyarrow_table()


def by_weir(table, version):
    out = weir("sql", f"--table=t={folder(table)}@{version}", "--format", "arrow",
               "SELECT * FROM t")
    return pa.ipc.open_stream(out).read_all()


def sql_type(t):
    """DuckDB's name of an Arrow type that a partition column can have."""
    names = {pa.string(): "VARCHAR", pa.date32(): "DATE", pa.bool_(): "BOOLEAN",
             pa.int16(): "SMALLINT", pa.timestamp("us"): "TIMESTAMP",
             pa.timestamp("us", "UTC"): "TIMESTAMPTZ"}
    return f"DECIMAL({t.precision},{t.scale})" if pa.types.is_decimal(t) else names[t]


def by_duckdb(table, version):
    """DuckDB reads the files that deltalake lists; the partition values are put beside them."""
    listed = delta(table, version)
    schema = pa.schema(listed.schema().to_arrow())
    columns = listed.metadata().partition_columns
    parts = []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for add in adds_alive(table, version):
            values = {c: quoted(add["partitionValues"][c]) for c in columns}
            picked = [f"CAST({values[f.name]} AS {sql_type(f.type)}) AS \"{f.name}\""
                      if f.name in columns else f'"{f.name}"' for f in schema]
            parts.append(f"SELECT {', '.join(picked)} FROM read_parquet("
                         f"{quoted(str(file_of(table, add)))}, hive_partitioning = false)")
        uris = sorted(urllib.parse.unquote(uri) for uri in listed.file_uris())
        assert uris == sorted(str(file_of(table, a)) for a in adds_alive(table, version)), uris
        if not parts:
            return schema.empty_table()
        return connection.sql(" UNION ALL ".join(parts)).to_arrow_table()


def quoted(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def same(got, want, what):
    found = rows.difference(got, want)
    assert found is None, f"{what}: {found}"


# ---- the log, read by hand ----

@functools.cache
def commit(table, version):
    """The actions of one commit: {kind: [action]}; no number loses a digit."""
    actions = {}
    text = (folder(table) / "_delta_log" / f"{version:020}.json").read_text("utf-8")
    for line in text.splitlines():
        for kind, action in json.loads(line, parse_float=D).items():
            actions.setdefault(kind, []).append(action)
    return actions


def adds_alive(table, version):
    alive = {}
    for v in range(version + 1):
        for action in commit(table, v).get("remove", []):
            del alive[action["path"]]
        for action in commit(table, v).get("add", []):
            assert action["path"] not in alive, f"{table}@{v}: {action['path']} is there twice"
            alive[action["path"]] = action
    return list(alive.values())


def file_of(table, add):
    return folder(table) / urllib.parse.unquote(add["path"])


# ---- tests: rows ----

def test_the_tables_are_those():
    found = {p.parent.name for p in LAKE.rglob("_delta_log")}
    assert found == set(TABLES), found ^ set(TABLES)
    assert delta("ticks").version() == TICKS - 1
    assert delta("runs").version() == TICKS
    assert delta("all_types").version() == 2 and delta("deep").version() == 0


def test_all_readers_agree_on_every_table():
    for table in TABLES:
        last = delta(table).version()
        for version in sorted({0, 1, last - 1, last} & set(versions(table))):
            what = f"{table}@{version}"
            shown = by_weir(table, version)
            same(by_deltalake(table, version), shown, f"{what} by deltalake")
            same(by_duckdb(table, version), shown, f"{what} by DuckDB")


def test_the_rows_are_those_of_the_sources():
    first, second = scalars(), pa.concat_tables([scalars(), more_scalars()])
    third = scalars().slice(0, 3)
    for version, source in enumerate([first, second, third]):
        same(by_deltalake("all_types", version), source, f"all_types@{version}")
        for table in PARTITIONED.keys() & {"by_text", "by_kind", "by_time"}:
            got = by_deltalake(table, version)
            same(got, source.select(got.column_names), f"{table}@{version}")
    same(by_deltalake("deep"), nested(), "deep")
    same(by_deltalake("none"), scalars().slice(0, 0), "none")
    same(by_deltalake("emptied", 1), second.slice(9), "emptied@1")
    same(by_deltalake("emptied"), third.slice(0, 0), "emptied")
    ticks = pa.concat_tables([tick(i) for i in range(TICKS)])
    same(by_deltalake("ticks"), ticks, "ticks")
    same(by_deltalake("ticks_by_day"), ticks, "ticks_by_day")


def test_the_records_tables_show_what_readers_read():
    for table in RECORDS:
        out = weir("sql", "--project", str(PROJECT), "--format", "arrow",
                   f"SELECT * FROM weir.{table}")
        assert by_deltalake(table).num_rows > 0, table
        same(by_deltalake(table), pa.ipc.open_stream(out).read_all(), table)


def test_views_by_name_show_what_readers_read():
    for table in VIEWS:
        out = weir("sql", "--project", str(PROJECT), "--format", "arrow",
                   f'SELECT * FROM "{table}"')
        same(by_deltalake(table), pa.ipc.open_stream(out).read_all(), table)


def test_an_empty_text_in_a_partition_column_is_null_for_all():
    """Delta has no empty text there; weir and the others must agree on what it became."""
    project = SCRATCH / "blank"
    (project / "views").mkdir(parents=True)
    write_deltalake(str(SOURCES / "blank"), pa.table({"id": pa.array([1, 2, 3], pa.int64()),
                                                      "p": ["", None, "x"]}))
    (project / "weir.yml").write_text("name: blank\nwarehouse: ./lake\nsources:\n"
                                      f"  s: {{table: {SOURCES / 'blank'}}}\n")
    (project / "views" / "v.sql").write_text("/* weir\nmaterialized: table\n"
                                             "partition_by: [p]\n*/\nSELECT * FROM s\n")
    weir("run", "--project", str(project))
    want = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "p": [None, None, "x"]})
    same(DeltaTable(str(project / "lake" / "v")).to_pyarrow_table(), want, "deltalake")
    out = weir("sql", "--project", str(project), "--format", "arrow", "SELECT * FROM v")
    same(pa.ipc.open_stream(out).read_all(), want, "weir")
    out = weir("sql", "--project", str(project), "--format", "arrow",
               "SELECT * FROM weir.warnings")  # there was none, so there is no table of them
    same(pa.ipc.open_stream(out).read_all(), by_deltalake("warnings").slice(0, 0), "warnings")


# ---- tests: checkpoints ----

def without_old_commits(table):
    """A copy of the table whose log starts with its checkpoint."""
    copy = SCRATCH / "copies" / table
    shutil.copytree(folder(table), copy)
    for version in range(20):
        (copy / "_delta_log" / f"{version:020}.json").unlink()
    return copy


def test_a_checkpoint_says_what_the_commits_said():
    for table in "ticks", "ticks_by_day", "runs", "tasks":
        last = json.loads((folder(table) / "_delta_log" / "_last_checkpoint").read_text())
        assert last["version"] == 20, last
        checkpoint = folder(table) / "_delta_log" / f"{20:020}.checkpoint.parquet"
        assert pq.read_metadata(checkpoint).num_rows == last["size"], last
        copy = without_old_commits(table)
        same(DeltaTable(str(copy)).to_pyarrow_table(), by_deltalake(table), f"{table}, deltalake")
        out = weir("sql", f"--table=t={copy}", "--format", "arrow", "SELECT * FROM t")
        same(pa.ipc.open_stream(out).read_all(), by_deltalake(table), f"{table}, weir")
        adds = [sorted(map(repr, pa.table(t.get_add_actions(flatten=True)).to_pylist()))
                for t in (DeltaTable(str(copy), version=20), delta(table, 20))]
        assert adds[0] == adds[1], f"{table}: {adds[0]}, not {adds[1]}"
        assert DeltaTable(str(copy)).transaction_version(f"weir/readers/{table}") == \
            delta(table).transaction_version(f"weir/readers/{table}")


def test_no_checkpoint_before_its_time():
    for table in TABLES:
        names = sorted(p.name for p in (folder(table) / "_delta_log").glob("*checkpoint*"))
        want = [f"{20:020}.checkpoint.parquet", "_last_checkpoint"]
        assert names == (want if delta(table).version() >= 20 else []), (table, names)


# ---- tests: what the log says of files ----

def all_adds():
    for table in TABLES:
        for version in versions(table):
            for add in commit(table, version).get("add", []):
                yield table, version, add


def test_sizes_paths_and_partition_values_are_true():
    seen = 0
    for table, version, add in all_adds():
        file, columns = file_of(table, add), delta(table).metadata().partition_columns
        assert columns == PARTITIONED.get(table, []), (table, columns)
        assert add["size"] == file.stat().st_size, (table, add)
        assert sorted(add["partitionValues"]) == sorted(columns), (table, add)
        assert add["dataChange"] is True and add["modificationTime"] > 0, (table, add)
        assert not set(pq.read_schema(file).names) & set(columns), (table, add)
        for value in add["partitionValues"].values():
            assert value is None or isinstance(value, str) and value, (table, add)
        seen += 1
    assert seen > 100, seen


def test_removes_name_what_was_there():
    removed = 0
    for table in TABLES:
        for version in versions(table):
            before = {a["path"]: a for a in adds_alive(table, version - 1)}
            for action in commit(table, version).get("remove", []):
                add = before[action["path"]]
                assert action["partitionValues"] == add["partitionValues"], (table, action)
                assert action["size"] == add["size"] and action["dataChange"] is True
                assert action["deletionTimestamp"] > 0, (table, action)
                removed += 1
    assert removed > 50, removed


def micros(text):
    """A time of the statistics in microseconds since 1970."""
    zone = text.endswith("Z")
    parsed = datetime.datetime.fromisoformat(text.rstrip("Z"))
    epoch = datetime.datetime(1970, 1, 1)
    return (parsed - epoch) // datetime.timedelta(microseconds=1), zone


def leaves(column, path):
    """The scalar columns below a column: (path, type, values with a null where a parent is)."""
    if pa.types.is_struct(column.type):
        for chunk in [column.combine_chunks()]:
            for field, child in zip(column.type, chunk.flatten()):
                yield from leaves(pa.chunked_array([child]), path + (field.name,))
    else:
        yield path, column.type, rows.column_values(column)


def stated(stats, part, path):
    at = stats[part]
    for name in path:
        if not isinstance(at, dict) or name not in at:
            return None
        at = at[name]
    return at


def check_bounds(where, t, values, low, high):
    """The bounds hold for all values, and are there and as tight as the rules let them be."""
    held = [v for v in values if v is not None]
    if pa.types.is_nested(t) or pa.types.is_boolean(t) or pa.types.is_binary(t) or not held:
        assert low is None and high is None, where
        return 0
    if pa.types.is_floating(t):
        if "NaN" in held:  # greater than all numbers for every engine: no upper bound holds
            assert high is None, where
            held = [v for v in held if v != "NaN"]
        for stat, actual in ((low, min(held, default=None)), (high, max(held, default=None))):
            if stat is not None:
                assert float(stat) == actual, (where, stat, actual)
        if all(map(math.isfinite, held)) and len(held) == len([v for v in values if v is not None]):
            assert low is not None and high is not None, where
        if low is not None and held and min(held) == 0:
            assert math.copysign(1, float(low)) < 0, (where, low)
        return 1
    least, most = min(held), max(held)
    assert low is not None, where
    if pa.types.is_timestamp(t):
        (low, zone), (high, other) = micros(low), (most, None) if high is None else micros(high)
        assert zone == (t.tz is not None) and other in (zone, None), where
        assert low <= least < low + 1000, (where, low, least)
        if other is None:  # rounded up it would be in year 10000
            assert most > micros("9999-12-31T23:59:59.999")[0], (where, most)
        assert most <= high < most + 1000, (where, high, most)
    elif pa.types.is_date(t):
        day = datetime.date(1970, 1, 1).toordinal()
        bounds = [datetime.date.fromisoformat(b).toordinal() - day for b in (low, high)]
        assert bounds == [least, most], (where, bounds, least, most)
    elif pa.types.is_string(t):
        assert low == least[:32], (where, low, least)
        if high is None:
            assert most[:32] == "\U0010ffff" * 32, (where, most)
        else:
            assert high >= most and len(high) <= 32, (where, high, most)
            assert high == most or len(most) > 32 and high[:-1] == most[:len(high) - 1], where
    else:
        assert (D(low), D(high)) == (D(least), D(most)), (where, low, high, least, most)
    return 1


def test_statistics_hold_for_every_file():
    bounds, columns = 0, 0
    for table, version, add in all_adds():
        stats = json.loads(add["stats"], parse_float=D)
        data = pq.read_table(file_of(table, add), partitioning=None)
        assert set(stats) == {"numRecords", "minValues", "maxValues", "nullCount"}, stats
        assert stats["numRecords"] == data.num_rows, (table, add)
        for part in "minValues", "maxValues", "nullCount":
            assert set(stats[part]) <= set(data.column_names), (table, part, stats)
        leaf = 0
        for name in delta(table).metadata().partition_columns:
            assert stated(stats, "nullCount", (name,)) is None, (table, name)
        for name in data.column_names:
            for path, t, values in leaves(data.column(name), (name,)):
                leaf += 1
                if leaf > INDEXED:
                    said = [stated(stats, p, path) for p in ("minValues", "maxValues", "nullCount")]
                    assert said == [None] * 3, (table, path, said)
                    continue
                where = f"{table}@{version} {add['path']} {'.'.join(path)}"
                nulls = stated(stats, "nullCount", path)
                if pa.types.is_nested(t):
                    assert nulls in (None, values.count(None)), (where, nulls)
                else:
                    assert nulls == values.count(None), (where, nulls, values.count(None))
                bounds += check_bounds(where, t, values, stated(stats, "minValues", path),
                                       stated(stats, "maxValues", path))
                columns += 1
    assert bounds > 500 and columns > 800, (bounds, columns)


# ---- tests: what commits carry ----

def test_the_protocol_is_the_least_that_the_schema_needs():
    for table in TABLES:
        protocol = commit(table, 0)["protocol"]
        if "timestamp_ntz" in commit(table, 0)["metaData"][0]["schemaString"]:
            # With version 7 a writer names all it obeys, also what version 2 stood for.
            want = [{"minReaderVersion": 3, "minWriterVersion": 7,
                     "readerFeatures": ["timestampNtz"],
                     "writerFeatures": ["appendOnly", "invariants", "timestampNtz"]}]
        else:
            want = [{"minReaderVersion": 1, "minWriterVersion": 2}]
        assert protocol == want, (table, protocol)
        later = [v for v in versions(table) if v > 0 and
                 {"protocol", "metaData"} & commit(table, v).keys()]
        assert later == [], (table, later)
    assert delta("all_types").protocol().min_reader_version == 3
    assert delta("by_text").protocol().min_reader_version == 1


def test_commits_of_views_carry_their_keys():
    ids, runs = set(), {r["run_id"] for r in by_deltalake("runs").to_pylist()}
    for table in VIEWS:
        last = -1
        for version in versions(table):
            actions = commit(table, version)
            (info,), (txn,) = actions["commitInfo"], actions["txn"]
            for key in VIEW_KEYS:
                assert isinstance(info.get(f"weir.{key}"), str) and info[f"weir.{key}"], key
            assert info["weir.project"] == "readers" and info["weir.view"] == table
            assert info["weir.run_id"] in runs, info
            assert txn["appId"] == f"weir/readers/{table}" and txn["version"] > last, txn
            last = txn["version"]
            ids.add(info["weir.commit_id"])
            for pin in json.loads(info["weir.inputs"]):
                assert pin["name"] in VIEWS or (SOURCES / pin["name"]).is_dir(), pin
            metrics = info["operationMetrics"]
            adds = actions.get("add", [])
            assert int(metrics["numFiles"]) == len(adds), info
            assert int(metrics["numOutputBytes"]) == sum(a["size"] for a in adds), info
            assert int(metrics["numOutputRows"]) == sum(
                json.loads(a["stats"])["numRecords"] for a in adds), info
            assert int(metrics["numRemovedFiles"]) == len(actions.get("remove", [])), info
        assert delta(table).transaction_version(f"weir/readers/{table}") == last
        assert delta(table).metadata().configuration == {"weir.owner": f"readers/{table}"}
    assert len(ids) == sum(len(versions(t)) for t in VIEWS), "two commits have one id"


def test_commits_of_records_carry_their_run():
    runs = {r["run_id"] for r in by_deltalake("runs").to_pylist()}
    for table in RECORDS:
        for version in versions(table):
            (info,) = commit(table, version)["commitInfo"]
            assert info["weir.run_id"] in runs and info["weir.commit_id"], info
            assert info["weir.record_format"] == "1", info


def test_others_read_the_history():
    for table in VIEWS:
        told = delta(table).history()
        assert [h["version"] for h in told] == list(reversed(versions(table))), table
        lines = weir("history", "--project", str(PROJECT), "--format", "json", "--limit",
                     "1000", table)
        mine = [json.loads(line) for line in lines.decode().splitlines()]
        assert [h["version"] for h in mine] == [h["version"] for h in told], table
        assert all(h["engineInfo"].startswith("weir/") for h in told), table


def main():
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    tests = {n: t for n, t in globals().items() if n.startswith("test_") and part in n}
    failed = 0
    try:
        build()
        for name, test in tests.items():
            try:
                test()
            except Exception:  # one broken test does not hide the others
                failed += 1
                print(f"FAIL {name}\n{traceback.format_exc()}")
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)
    print(f"{len(tests) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
