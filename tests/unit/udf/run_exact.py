#!/usr/bin/env python3
"""The exact aggregates and multiset_hash through SQL: the same bits at any number of
threads, layout of files, order of rows and memory, in groups and in frames, and those of
whole-number arithmetic; hashes whatever the layout of values.

usage: run_exact.py [NAME-PART]; env WEIR_BUILD is the build folder (default: build)
"""
# tests/run: timeout=240

import fractions
import hashlib
import math
import os
import pathlib
import random
import struct
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
ROWS = 60000
GROUPS = 20000
AGGREGATES = ("sum_exact(f) AS s, avg_exact(f) AS a, var_pop_exact(f) AS v, "
              "stddev_samp_exact(f) AS d, avg_exact(i) AS ai, sum_exact(DISTINCT f) AS sd, "
              "multiset_hash(g, f, i) AS h")


def query(folder, sql, threads=2, memory="2GB"):
    done = subprocess.run(
        [WEIR, "sql", "--table", f"t={folder}", "--threads", str(threads), "--memory", memory,
         "--format", "arrow", sql], cwd="/", capture_output=True, timeout=200)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[:900]
    with pa.ipc.open_stream(done.stdout) as stream:
        return stream.read_all()


def value(rng):
    how = rng.random()
    if how < 0.1:
        return None
    if how < 0.5:
        return round(rng.uniform(-1e5, 1e5), 2)
    if how < 0.9:
        return rng.gauss(0, 1)
    return math.ldexp(rng.uniform(-1, 1), rng.randint(-900, 900))


def make_rows():
    rng = random.Random(5)
    return [{"id": n, "g": rng.randrange(GROUPS), "k": rng.randrange(7), "f": value(rng),
             "i": rng.choice([None, rng.getrandbits(63), -rng.getrandbits(63), 5])}
            for n in range(ROWS)]


def write(folder, rows, files):
    schema = pa.schema([("id", pa.int64()), ("g", pa.int64()), ("k", pa.int64()),
                        ("f", pa.float64()), ("i", pa.int64())])
    step = -(-len(rows) // files)
    for at in range(0, len(rows), step):
        deltalake.write_deltalake(folder, pa.Table.from_pylist(rows[at:at + step], schema=schema),
                                  mode="append")


class Tables:
    """The same rows in one file, and in many in another order."""

    def __init__(self, folder):
        self.rows = make_rows()
        self.one, self.many = f"{folder}/one", f"{folder}/many"
        write(self.one, self.rows, 1)
        shuffled = list(self.rows)
        random.Random(6).shuffle(shuffled)
        write(self.many, shuffled, 11)

    def ways(self):
        for folder in (self.one, self.many):
            for threads in (1, 2, 8):
                yield folder, threads, "2GB"


def bits(x):
    return None if x is None else struct.pack("<d", x)


def test_no_groups(t):
    first = None
    for way in t.ways():
        got = query(way[0], f"SELECT {AGGREGATES} FROM t", *way[1:]).to_pylist()
        first = first or got
        assert [*map(repr, got)] == [*map(repr, first)], (way, got, first)
    values = [fractions.Fraction(r["f"]) for r in t.rows if r["f"] is not None]
    total = sum(values)
    assert bits(first[0]["s"]) == bits(total.numerator / total.denominator), first
    assert bits(first[0]["s"]) == bits(math.fsum(values))


def test_groups(t):
    sql = f"SELECT k, {AGGREGATES} FROM t GROUP BY k ORDER BY k"
    first = query(t.one, sql, 1)
    for way in t.ways():
        assert query(way[0], sql, *way[1:]).equals(first), way
    for row in first.to_pylist():
        group = [r for r in t.rows if r["k"] == row["k"]]
        for column, name in (("s", "sum_exact"), ("a", "avg_exact"), ("v", "var_pop_exact"),
                             ("d", "stddev_samp_exact")):
            want = models.EXACT[name]("f")(group)
            assert bits(row[column]) == bits(want), (row, column, want)
        assert bits(row["ai"]) == bits(models.EXACT["avg_exact"]("i")(group)), row
        assert row["h"] == models.multiset("g", "f", "i")(group), row


def test_many_groups_and_little_memory(t):
    sql = f"SELECT g, {AGGREGATES} FROM t GROUP BY g ORDER BY g"
    first = query(t.one, sql, 1)
    assert first.num_rows == len({r["g"] for r in t.rows})
    for folder in (t.one, t.many):
        for threads, memory in ((1, "16MB"), (2, "32MB"), (8, "2GB")):
            got = query(folder, sql, threads, memory)
            assert got.equals(first), (folder, threads, memory)


def test_frames(t):
    frames = ["ROWS BETWEEN 5 PRECEDING AND 2 FOLLOWING", "ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING",
              "ROWS UNBOUNDED PRECEDING", "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING"]
    calls = [("sum_exact", "f"), ("avg_exact", "i"), ("var_samp_exact", "f")]
    rows = [r for r in t.rows if r["id"] < 900]
    edges = [(5, 2), (3, -1), (10**6, 0), (0, 10**6)]
    columns = ", ".join(
        f"{name}({arg}) OVER (PARTITION BY k ORDER BY id {frame}) AS c{n}_{m}"
        for n, frame in enumerate(frames) for m, (name, arg) in enumerate(calls))
    hashes = f"multiset_hash(f, i) OVER (PARTITION BY k ORDER BY id {frames[0]}) AS h"
    sql = f"SELECT id, {columns}, {hashes} FROM t WHERE id < 900 ORDER BY id"
    first = query(t.one, sql, 1)
    for way in t.ways():
        assert query(way[0], sql, *way[1:]).equals(first), way
    by_id = {r["id"]: r for r in first.to_pylist()}
    for k in range(7):
        part = [r for r in rows if r["k"] == k]
        for at, row in enumerate(part):
            for n, (before, after) in enumerate(edges):
                frame = part[max(at - before, 0):max(at + after + 1, 0)]
                for m, (name, arg) in enumerate(calls):
                    got, want = by_id[row["id"]][f"c{n}_{m}"], models.EXACT[name](arg)(frame)
                    assert bits(got) == bits(want), (row, frames[n], name, got, want)
                if n == 0:
                    assert by_id[row["id"]]["h"] == models.multiset("f", "i")(frame), row


SAME = [  # expressions whose values are the same
    ("k", "arrow_cast(k, 'Int8')", "arrow_cast(k, 'UInt64')", "arrow_cast(k, 'Int32')"),
    ("CAST(k AS VARCHAR)", "arrow_cast(CAST(k AS VARCHAR), 'LargeUtf8')",
     "arrow_cast(CAST(k AS VARCHAR), 'Utf8View')",
     "arrow_cast(CAST(k AS VARCHAR), 'Dictionary(Int32, Utf8)')"),
    ("CAST(k AS DOUBLE)", "CAST(k AS REAL)", "CAST(k AS DOUBLE) * 1.0 - 0.0"),
    ("arrow_cast(k, 'Decimal128(9, 2)')", "arrow_cast(k, 'Decimal128(30, 2)')",
     "arrow_cast(k, 'Decimal256(50, 2)')"),
    ("arrow_cast(k, 'Timestamp(Second, None)')",
     "arrow_cast(arrow_cast(k, 'Timestamp(Second, None)'), 'Timestamp(Nanosecond, None)')"),
    ("make_array(k, NULL)", "arrow_cast(make_array(k, NULL), 'LargeList(Int64)')"),
    ("CAST(0.0 AS DOUBLE)", "-CAST(0.0 AS DOUBLE)"),
    ("CAST('NaN' AS DOUBLE)", "-CAST('NaN' AS DOUBLE)"),
    ("CAST(NULL AS BIGINT)", "CAST(NULL AS VARCHAR)", "NULL"),
]
OTHER = ["k", "CAST(k AS VARCHAR)", "CAST(k AS DOUBLE)", "arrow_cast(k, 'Decimal128(9, 2)')",
         "arrow_cast(k, 'Decimal128(9, 3)')", "make_array(k)", "named_struct('a', k)",
         "CAST(CAST(k AS VARCHAR) AS BYTEA)", "NULL", "k = 1", "CAST('2020-01-01' AS DATE)",
         "arrow_cast(k, 'Timestamp(Second, None)')", "arrow_cast(k, 'Timestamp(Second, Some(\"UTC\"))')"]


def hash_of(t, expression):
    """Alone in its query: the engine's names of columns leave casts out."""
    return query(t.one, f"SELECT multiset_hash({expression}) AS h FROM t").to_pylist()[0]["h"]


def test_hash_of_layouts(t):
    for group in SAME:
        got = {hash_of(t, e) for e in group}
        assert len(got) == 1, (group, got)
    got = [hash_of(t, e) for e in OTHER]
    assert len(set(got)) == len(OTHER), got


def test_hash_of_bytes(t):
    """Types that the models have not, by the bytes of src/udf/README.md."""
    cases = [
        ("arrow_cast(-150, 'Decimal128(9, 2)')", b"\5\2\2" + struct.pack("<h", -15000)),
        ("arrow_cast(0, 'Decimal128(9, 2)')", b"\5\2\1\0"),
        ("arrow_cast(18446744073709551615, 'UInt64')", b"\3" + b"\xff" * 8),
        ("TIMESTAMP '1969-12-31T23:59:59.5'", b"\x0a" + struct.pack("<qI", -1, 500000000)),
        ("TIME '00:00:01.5'", b"\x09" + struct.pack("<qI", 1, 500000000)),
        ("arrow_cast(7, 'Duration(Second)')", b"\x0c" + struct.pack("<qI", 7, 0)),
        ("INTERVAL '2 months 3 days'", b"\x0d" + struct.pack("<qqq", 2, 3, 0)),
        ("MAP {'a': 1}", b"\x10" + struct.pack("<Q", 1) + b"\6" + struct.pack("<Q", 1) + b"a"
         + b"\2" + struct.pack("<q", 1)),
        ("1, NULL, true", b"\2" + struct.pack("<q", 1) + b"\0" + b"\1\1"),
    ]
    for sql, data in cases:
        got = query(t.one, f"SELECT multiset_hash({sql}) AS h FROM t WHERE id = 0")
        want = hashlib.blake2b(data, digest_size=16).hexdigest()
        assert got.to_pylist() == [{"h": want}], (sql, got.to_pylist(), want)


def test_hash_is_additive(t):
    sql = "SELECT multiset_hash(id, f) AS h FROM t WHERE {}"
    a, b, both, none = (int(query(t.many, sql.format(w)).to_pylist()[0]["h"], 16)
                        for w in ("k < 3", "k >= 3", "true", "false"))
    assert (a + b) % 2**128 == both and none == 0


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        tables = Tables(folder)
        for name, test in sorted(globals().items()):
            if not name.startswith("test_") or wanted not in name:
                continue
            try:
                test(tables)
                print("ok", name[5:])
                passed += 1
            except Exception:  # a test that cannot run has failed
                traceback.print_exc()
                print("FAIL", name[5:])
                failed += 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
