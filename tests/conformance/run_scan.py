#!/usr/bin/env python3
"""Random tables and predicates: the rows that `weir sql` finds are those of a full scan filtered
here, and what can be skipped is skipped.

usage: run_scan.py [CASES [SEED]]; env WEIR_BUILD is the build folder (default: build),
WEIR_SCAN_CASES how many predicates (default: 1000)
"""
# tests/run: timeout=600

import datetime as dt
import decimal
import functools
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import (BloomFilterProperties, ColumnProperties, DeltaTable, WriterProperties,
                       write_deltalake)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEIR = str(pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve() / "weir")
UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1)
NAN, INF = float("nan"), float("inf")
NEGATIVE_NAN = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000000))[0]


# ---- values ----

TEXTS = ["", "a", "ab", "abc", "b", "B", "é", "é2", "zß", "日本語", "😀", "😀a", "\U0010ffff", "%", "_x",
         "x" * 31, "x" * 32, "x" * 33, "x" * 32 + "é", "x" * 300 + "y", "日" * 40, "a'b", "a\nb"]


def text(r):
    return r.choice(TEXTS) if r.random() < 0.8 else "".join(r.choices("abcxyzé日", k=r.randint(0, 40)))


def whole(bits):
    def make(r):
        edge = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 0, 1, -1]
        return r.choice(edge) if r.random() < 0.15 else r.randint(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) \
            if r.random() < 0.2 else r.randint(-20, 100)
    return make


def real(r):
    return r.choice([NAN, NEGATIVE_NAN, INF, -INF, 0.0, -0.0, 1e300, -1.5, 2.5]) if r.random() < 0.3 \
        else round(r.uniform(-20, 20), 2)


def single(r):
    return struct.unpack("<f", struct.pack("<f", max(min(real(r), 3e38), -3e38)
                                           if real(r) == real(r) else NAN))[0]


def date(r):
    return dt.date(2020, 1, 1) + dt.timedelta(days=r.randint(-40, 400)) if r.random() < 0.95 \
        else r.choice([dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1582, 10, 10)])


def instant(r):
    if r.random() < 0.1:
        return r.choice([dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
                         dt.datetime(1969, 12, 31, 23, 59, 59, 999999)])
    return EPOCH + dt.timedelta(microseconds=r.choice([0, 1, 999, 1000, 1001, 500000]) + r.randint(-4, 4) * 1000
                                + r.randint(0, 3) * 86400000000)


def dec(r):
    return decimal.Decimal(r.randint(-99999, 99999)).scaleb(-2)


class Kind:
    def __init__(self, arrow, make, sql, nested=False):
        self.arrow, self.make, self.sql, self.nested = arrow, make, sql, nested


def quoted(v):
    return "'" + v.replace("'", "''") + "'"


def float_sql(v):
    if v != v or v in (INF, -INF):
        name = "NaN" if v != v else "inf" if v > 0 else "-inf"
        return f"CAST('{name}' AS DOUBLE)"
    return f"CAST({v!r} AS DOUBLE)" if v or str(v)[0] != "-" else "(-0.0)"


KINDS = {
    "i8": Kind(pa.int8(), whole(8), str),
    "i16": Kind(pa.int16(), whole(16), str),
    "i32": Kind(pa.int32(), whole(32), str),
    "i64": Kind(pa.int64(), whole(64), str),
    "f64": Kind(pa.float64(), real, float_sql),
    "s": Kind(pa.string(), text, quoted),
    "b": Kind(pa.bool_(), lambda r: r.random() < 0.5, lambda v: str(v).lower()),
    "d": Kind(pa.date32(), date, lambda v: f"DATE '{v.isoformat().zfill(10)}'"),
    "t": Kind(pa.timestamp("us", "UTC"), instant,
              lambda v: f"arrow_cast('{v.isoformat(sep='T', timespec='microseconds').zfill(26)}Z', "
                        "'Timestamp(Microsecond, Some(\"UTC\"))')"),
    "n": Kind(pa.timestamp("us"), instant,
              lambda v: f"arrow_cast('{v.isoformat(sep='T', timespec='microseconds').zfill(26)}', "
                        "'Timestamp(Microsecond, None)')"),
    "dec": Kind(pa.decimal128(10, 2), dec, lambda v: f"CAST('{v}' AS DECIMAL(10, 2))"),
    "bin": Kind(pa.binary(), lambda r: text(r).encode()[:20], None),
    "st": Kind(pa.struct([("x", pa.int32()), ("y", pa.string())]),
               lambda r: {"x": whole(32)(r) if r.random() < 0.9 else None, "y": text(r)}, None, True),
    "li": Kind(pa.list_(pa.int64()), lambda r: [whole(64)(r) for _ in range(r.randint(0, 3))], None, True),
}
PARTITION = ["s", "i32", "d", "b", "dec", "n"]


def key(v):
    """Values in the engine's order: floats by their bits, as IEEE's total order, but for the zeros,
    which are equal; texts by bytes."""
    if isinstance(v, float):
        v = v or 0.0
        bits = struct.unpack("<q", struct.pack("<d", v))[0]
        return bits ^ (0x7FFFFFFFFFFFFFFF if bits < 0 else 0)
    if isinstance(v, str):
        return v.encode()
    return v


# ---- predicates: SQL, and a function of a row that gives True, False or None ----

def not_(p):
    return None if p is None else not p


def and_(a, b):
    return False if a is False or b is False else None if a is None or b is None else True


def or_(a, b):
    return True if a is True or b is True else None if a is None or b is None else False


OPS = {"=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b,
       "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}


def compare(op, a, b):
    return None if a is None or b is None else OPS[op](key(a), key(b))


def like(value, pattern):
    if value is None:
        return None
    regex = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch(regex, value, re.S) is not None


def literal(r, table, name):
    """One of the column's own values, mostly."""
    values = [row[name] for row in table.rows if row[name] is not None]
    value = r.choice(values) if values and r.random() < 0.6 else KINDS[table.kinds.get(name, "i64")].make(r)
    return NAN if value != value else value  # in SQL there is one of them


def atom(r, table):
    name = r.choice([n for n in table.kinds if KINDS[table.kinds[n]].sql] + ["id"])
    kind = KINDS.get(table.kinds.get(name, "i64"))
    pick = lambda: literal(r, table, name)
    shape = r.random()
    if shape < 0.12:
        yes = r.random() < 0.5
        any_name = r.choice(list(table.kinds))
        return (f"{any_name} IS {'' if yes else 'NOT '}NULL", lambda row: (row[any_name] is None) == yes)
    if "st" in table.kinds and shape < 0.2:
        value, op = whole(32)(r), r.choice(list(OPS))
        return (f"st['x'] {op} {value}",
                lambda row: compare(op, None if row["st"] is None else row["st"]["x"], value))
    if shape < 0.34:
        low, high = pick(), pick()
        no = r.random() < 0.4
        inside = lambda row: and_(compare(">=", row[name], low), compare("<=", row[name], high))
        return (f"{name} {'NOT ' if no else ''}BETWEEN {kind.sql(low)} AND {kind.sql(high)}",
                lambda row: not_(inside(row)) if no else inside(row))
    if shape < 0.5 and name not in table.listed:
        # The engine makes one list of two, and forgets nulls: of a column, one in a predicate, and
        # no NULL among the values. Nor a zero: long lists tell 0.0 from -0.0, comparisons do not.
        table.listed.add(name)
        values = [pick() for _ in range(r.choice([1, 2, 3, 5, 25]))]
        values = [2.5 if isinstance(v, float) and v == 0 else v for v in values]
        no = r.random() < 0.4
        def within(row):
            found = functools.reduce(or_, [compare("=", row[name], v) for v in values])
            return not_(found) if no else found
        listed = ", ".join(kind.sql(v) for v in values)
        return f"{name} {'NOT ' if no else ''}IN ({listed})", within
    if kind.arrow == pa.string() and shape < 0.65:
        value = pick()
        pattern = r.choice([value[:2] + "%", "%" + value[-2:], value, value[:1] + "_%", "%"])
        if "\\" in pattern:
            pattern = "%"
        no = r.random() < 0.4
        return (f"{name} {'NOT ' if no else ''}LIKE {quoted(pattern)}",
                lambda row: not_(like(row[name], pattern)) if no else like(row[name], pattern))
    if pa.types.is_integer(kind.arrow) and shape < 0.6:
        value, op = r.randint(-30, 110), r.choice(list(OPS))
        if r.random() < 0.5:
            return f"CAST({name} AS BIGINT) {op} {value}", lambda row: compare(op, row[name], value)
        number = value + 0.5
        return (f"CAST({name} AS DOUBLE) {op} CAST({number} AS DOUBLE)",
                lambda row: compare(op, None if row[name] is None else float(row[name]), number))
    if pa.types.is_boolean(kind.arrow) and shape < 0.7:
        return name, lambda row: row[name]
    value, op = pick(), r.choice(list(OPS))
    if r.random() < 0.3:
        flipped = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op)
        return f"{kind.sql(value)} {flipped} {name}", lambda row: compare(op, row[name], value)
    return f"{name} {op} {kind.sql(value)}", lambda row: compare(op, row[name], value)


def predicate(r, table, depth=2):
    if depth == 0 or r.random() < 0.35:
        sql, test = atom(r, table)
    else:
        (a_sql, a), (b_sql, b) = predicate(r, table, depth - 1), predicate(r, table, depth - 1)
        join = r.choice(["AND", "OR"])
        sql, test = f"({a_sql}) {join} ({b_sql})", \
            lambda row: (and_ if join == "AND" else or_)(a(row), b(row))
    if r.random() < 0.15:
        inner = test
        return f"NOT ({sql})", lambda row: not_(inner(row))
    return sql, test


# ---- tables ----

class Table:
    """Written in several commits; some columns come later, some files say little of themselves."""

    def __init__(self, r, folder):
        self.path = str(folder)
        names = [n for n in KINDS if r.random() < 0.6] or ["i64"]
        self.kinds = {n: n for n in names}
        self.partition = r.choice([None, None] + PARTITION)
        if self.partition:
            self.kinds["p"] = self.partition
        self.rows, self.next = [], 0
        late = [n for n in names if r.random() < 0.2 and len(names) > 1]
        config = {}
        if r.random() < 0.2:
            config["delta.dataSkippingNumIndexedCols"] = r.choice(["0", "2"])
        there = set()
        for commit in range(r.randint(1, 4)):
            columns = [n for n in self.kinds if commit > 0 or n not in late]
            self.write(r, columns, commit, config)
            there |= set(columns)
        self.kinds = {n: kind for n, kind in self.kinds.items() if n in there}
        if self.rows and r.random() < 0.3:
            self.remove(r)

    def write(self, r, columns, commit, config):
        rows = []
        lump = r.random() < 0.5
        for _ in range(r.choice([1, 5, 40, 200])):
            row = {"id": self.next}
            for name in self.kinds:
                kind = KINDS[self.kinds[name]]
                value = kind.make(r) if name in columns and r.random() < (0.6 if r.random() < 0.1 else 0.95) \
                    else None
                if name == "p":
                    value = r.choice([None, kind.make(r)]) if not rows or r.random() < 0.1 else rows[-1]["p"]
                    # No empty text in Delta; no long names of folders; and the writer cannot spell
                    # negative decimals.
                    value = None if value == "" else value[:20] if isinstance(value, str) else value
                    value = abs(value) if isinstance(value, decimal.Decimal) else value
                row[name] = value
            rows.append(row)
            self.next += 1
        if lump and "i64" in columns:
            rows.sort(key=lambda row: (row["i64"] is None, row["i64"] or 0))
        fields = [("id", pa.int64())] + [(n, KINDS[self.kinds[n]].arrow) for n in columns]
        data = pa.table({n: pa.array([stored(row[n], t) for row in rows], t) for n, t in fields})
        bloom = ColumnProperties(bloom_filter_properties=BloomFilterProperties(True, ndv=200)) \
            if r.random() < 0.3 else None
        level = ColumnProperties(statistics_enabled=r.choice(["NONE", "CHUNK"])) if r.random() < 0.2 else bloom
        properties = WriterProperties(max_row_group_size=r.choice([None, 7, 50]),
                                      data_page_row_count_limit=r.choice([None, 5]),
                                      write_batch_size=r.choice([None, 5]), default_column_properties=level)
        write_deltalake(self.path, data, mode="append", schema_mode="merge",
                        partition_by=["p"] if self.partition and commit == 0 else None,
                        configuration=config if commit == 0 else None, writer_properties=properties)
        self.rows += rows

    def remove(self, r):
        gone = r.randint(0, self.next)
        DeltaTable(self.path).delete(f"id >= {gone} AND id < {gone + 10}")
        self.rows = [row for row in self.rows if not gone <= row["id"] < gone + 10]


def stored(value, t):
    if value is not None and pa.types.is_timestamp(t) and t.tz:
        return value.replace(tzinfo=UTC)
    return value


# ---- weir ----

def weir(*args, cwd=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")}
    done = subprocess.run([WEIR, *args], capture_output=True, cwd=cwd or tempfile.gettempdir(), env=env,
                          stdin=subprocess.DEVNULL, timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"{done.stderr.decode()[:2000]}: weir {args}")
    return done.stdout


def check(table, path, tests, threads):
    """All predicates in one statement."""
    query = " UNION ALL ".join(f"SELECT {i} AS q, id FROM t WHERE {sql}" for i, (sql, _) in enumerate(tests))
    out = weir("sql", f"--table=t={path}", "--threads", threads, "--format", "arrow", query)
    found = [set() for _ in tests]
    got = pa.ipc.open_stream(out).read_all()
    for q, n in zip(got["q"].to_pylist(), got["id"].to_pylist()):
        if n in found[q]:
            raise AssertionError(f"{path}: row {n} twice")
        found[q].add(n)
    if "st" in table.kinds:  # each field alone
        out = weir("sql", f"--table=t={path}", "--threads", threads, "--format", "arrow",
                   "SELECT id, st['y'] AS y, st['x'] AS x FROM t")
        got = {row["id"]: row for row in pa.ipc.open_stream(out).read_all().to_pylist()}
        for row in table.rows:
            st = row["st"] or {"x": None, "y": None}
            if got[row["id"]] != {"id": row["id"], **st}:
                raise AssertionError(f"{path}: fields of {row['id']} are {got[row['id']]}, not {st}")
    for (sql, test), ids in zip(tests, found):
        wanted = {row["id"] for row in table.rows if test(row) is True}
        if wanted != ids:
            lost, more = sorted(wanted - ids)[:5], sorted(ids - wanted)[:5]
            rows = [row for row in table.rows if row["id"] in (lost + more)[:2]]
            raise AssertionError(f"{path}: WHERE {sql}: lacks {lost}, has {more}: {rows}")


def rewritten(table, folder):
    """The same rows in a table that weir wrote."""
    folder.mkdir()
    (folder / "views").mkdir()
    (folder / "weir.yml").write_text(f"name: scan\nwarehouse: ./lake\nsources:\n  t: {{table: {table.path}}}\n")
    (folder / "views" / "v.sql").write_text("/* weir\nmaterialized: table\n*/\nSELECT * FROM t\n")
    weir("run", cwd=folder)
    return str(folder / "lake" / "v")


# ---- what is skipped ----

def metrics(path, query):
    """The numbers of the scan, as the execution tells them."""
    out = weir("sql", f"--table=t={path}", "--threads", "1", "--format", "json", "EXPLAIN ANALYZE " + query)
    plan = json.loads(out.decode().split("\n")[0])["plan"]
    scan = next(line for line in plan.split("\n") if "DataSourceExec" in line)
    found = {}
    for name, total, _, kept in re.findall(r"(\w+)=(\d+) total (→|->) (\d+) matched", scan):
        found[name] = int(total) - int(kept)
    for name, number, unit in re.findall(r"(\w+)=([\d.]+) ?([KM]?)[,\]]", scan):
        found.setdefault(name, int(float(number) * {"": 1, "K": 1000, "M": 1000000}[unit]))
    return found


def more_than(n, what, found):
    if found.get(what, 0) < n:
        raise AssertionError(f"{what} is {found.get(what)}, not {n} at least: {found}")


def skipping(folder):
    path = str(folder / "skips")
    bloom = {"w": ColumnProperties(bloom_filter_properties=BloomFilterProperties(True, ndv=1000))}
    for i in range(4):
        base = i * 1000
        ids = list(range(base, base + 1000))
        # Words jump about, so that no bound says anything of them; each has a row.
        words = [f"w{(n * 7919) % 1000:05d}-{i}" for n in ids]
        times = [EPOCH.replace(tzinfo=UTC) + dt.timedelta(microseconds=n) for n in ids]
        data = pa.table({"id": ids, "w": words, "p": [f"p{i}"] * 1000, "f": [float(n) for n in ids],
                         "t": pa.array(times, pa.timestamp("us", "UTC"))})
        write_deltalake(path, data, mode="append", partition_by=["p"],
                        writer_properties=WriterProperties(max_row_group_size=250, data_page_row_count_limit=50,
                                                           write_batch_size=50, column_properties=bloom))
    found = metrics(path, "SELECT * FROM t WHERE id BETWEEN 1300 AND 1310")
    more_than(3, "files_skipped", found)
    more_than(3, "row_groups_pruned_statistics", found)
    more_than(150, "page_index_rows_pruned", found)
    more_than(3, "files_skipped", metrics(path, "SELECT * FROM t WHERE p = 'p2'"))
    more_than(2, "files_skipped", metrics(path, "SELECT * FROM t WHERE p IN ('p2', 'p3')"))
    found = metrics(path, "SELECT * FROM t WHERE w = 'w00123-1x'")
    more_than(1, "row_groups_pruned_bloom_filter", found)
    # The range of times is under a millisecond wide in each file.
    more_than(1, "files_skipped", metrics(path, "SELECT * FROM t WHERE t > TIMESTAMP '1970-01-01T00:00:00.0035Z'"))
    # NaN is above all numbers and in no statistics.
    if metrics(path, "SELECT * FROM t WHERE f > CAST(1e9 AS DOUBLE)")["files_skipped"] != 0:
        raise AssertionError("files are skipped by bounds of floats")
    if weir("sql", f"--table=t={path}", "--format", "csv", "SELECT count(*), count(id) FROM t") \
            .decode().split("\n")[1] != "4000,4000":
        raise AssertionError("wrong counts")
    wide = str(folder / "wide")
    write_deltalake(wide, pa.table({"s": [{"x": n, "y": f"{n * 7919} " * 50} for n in range(1000)]}))
    leaf, whole = (metrics(wide, f"SELECT {c} AS c FROM t")["bytes_scanned"] for c in ("s['x']", "s"))
    if leaf * 3 > whole:
        raise AssertionError(f"a field costs {leaf} bytes of {whole}")
    plan = metrics(path, "SELECT count(*) FROM t")
    more_than(4, "files_opened", plan)


def estimates(folder):
    """What the log says reaches the optimiser as a guess: the small table is the side that is built.
    And as no more: nothing is computed from it, here where the log lies."""
    big, small = str(folder / "big"), str(folder / "small")
    write_deltalake(big, pa.table({"id": range(50000)}))
    write_deltalake(small, pa.table({"id": range(50)}))
    for query in ("SELECT count(*) FROM b JOIN s ON b.id = s.id", "SELECT count(*) FROM s JOIN b ON b.id = s.id"):
        out = weir("sql", f"--table=b={big}", f"--table=s={small}", "--threads", "1", "--format", "json",
                   "EXPLAIN " + query)
        plan = next(json.loads(line)["plan"] for line in out.decode().split("\n") if "HashJoinExec" in line)
        scans = re.findall(r"DataSourceExec: main\.(\w)", plan)
        if scans != ["s", "b"]:
            raise AssertionError(f"sides {scans}: {plan}")
    (log,) = (folder / "small" / "_delta_log").glob("*.json")
    lie = log.read_text().replace('numRecords\\":50', 'numRecords\\":70').replace('\\"id\\":49}', '\\"id\\":99}')
    if lie.count('\\":70') != 1 or lie.count('\\":99') != 1:
        raise AssertionError(f"the log is another: {lie}")
    log.write_text(lie)
    out = weir("sql", f"--table=t={small}", "--format", "csv", "SELECT count(*), min(id), max(id), count(id) FROM t")
    if out.decode().split("\n")[1] != "50,0,49,50":
        raise AssertionError(f"computed from the log: {out}")


def rounded(folder):
    """Bounds of decimals are doubles in the log, above or below the values."""
    for name, kind, values in (("a", (20, 2), ("12345678901234567.89", "12345678901234567.99")),
                               ("b", (38, 20), ("0.99999999999999999999", "0.99999999999999999998"))):
        path = str(folder / f"rounded-{name}")
        data = [decimal.Decimal(v) for v in values]
        write_deltalake(path, pa.table({"d": pa.array(data, pa.decimal128(*kind)), "k": [1, 2]}))
        for value, test in ((values[0], "="), (values[1], "="), (values[0], "<="), (values[0], ">=")):
            compared = {"=": decimal.Decimal.__eq__, "<=": decimal.Decimal.__le__, ">=": decimal.Decimal.__ge__}[test]
            right = sum(1 for d in data if compared(d, decimal.Decimal(value)))
            sql = f"SELECT count(*) FROM t WHERE d {test} CAST('{value}' AS DECIMAL({kind[0]}, {kind[1]}))"
            found = weir("sql", f"--table=t={path}", "--format", "csv", sql).decode().split("\n")[1]
            if found != str(right):
                raise AssertionError(f"{found} rows, not {right}: {sql}")


def old_bounds(folder):
    """Bounds of texts as writers gave them before 2018, in fields of their own: smaller is what has
    the smaller signed bytes. Read as the others, they say that no row is there."""
    path = folder / "old"
    write_deltalake(str(path), pa.table({"s": ["z", "\u00e9", "b"], "k": [1, 2, 3]}))
    (file,) = path.glob("*.parquet")
    pq.write_table(pa.table({"s": ["z", "\u00e9", "b"], "k": [1, 2, 3]}), file, store_schema=False,
                   compression="none", use_dictionary=False)
    whole = file.read_bytes()
    size = int.from_bytes(whole[-8:-4], "little")
    footer, data = whole[-8 - size:-8], whole[:-8 - size]
    # null_count 0, max_value, min_value, both exact, end -> max, min, null_count, end.
    new = bytes.fromhex("36002802c3a9180162") + b"\x11\x11\x00"
    if footer.count(new) != 1:
        raise AssertionError("the writer has another footer")
    footer = footer.replace(new, bytes.fromhex("18017a1802c3a9160000"))
    file.write_bytes(data + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    (log,) = (path / "_delta_log").glob("*.json")
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "add" in action:
            action["add"].pop("stats", None)
            action["add"]["size"] = file.stat().st_size
    log.write_text("".join(json.dumps(action) + "\n" for action in actions))
    for test, right in (("s = 'z'", "1"), ("s = 'b'", "3"), ("s = '\u00e9'", "2"), ("s < 'c'", "3"), ("k = 3", "3")):
        found = weir("sql", f"--table=t={path}", "--format", "csv", f"SELECT k FROM t WHERE {test}").decode().split()[1:]
        if found != [right]:
            raise AssertionError(f"{test}: {found}, not {right}")


def instants(folder):
    """Times as 96 bits, as older writers have them, of all years there are."""
    path = folder / "int96"
    (path / "_delta_log").mkdir(parents=True)
    wanted = [dt.datetime(1, 1, 1), dt.datetime(1582, 10, 15, 1, 2, 3, 4), dt.datetime(2262, 4, 12),
              dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)]
    data = pa.table({"t": pa.array(wanted, pa.timestamp("us"))})
    pq.write_table(data, path / "a.parquet", use_deprecated_int96_timestamps=True, store_schema=False)
    schema = {"type": "struct", "fields": [{"name": "t", "type": "timestamp", "nullable": True, "metadata": {}}]}
    actions = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
               {"metaData": {"id": "i", "format": {"provider": "parquet", "options": {}},
                             "schemaString": json.dumps(schema), "partitionColumns": [], "configuration": {}}},
               {"add": {"path": "a.parquet", "partitionValues": {}, "size": (path / "a.parquet").stat().st_size,
                        "modificationTime": 0, "dataChange": True}}]
    (path / "_delta_log" / f"{0:020d}.json").write_text("".join(json.dumps(a) + "\n" for a in actions))
    out = weir("sql", f"--table=t={path}", "--format", "arrow", "SELECT t FROM t")
    found = pa.ipc.open_stream(out).read_all()["t"].cast(pa.int64()).to_pylist()
    if found != [(v - EPOCH) // dt.timedelta(microseconds=1) for v in wanted]:
        raise AssertionError(f"96 bits: {found}")


def main():
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("WEIR_SCAN_CASES", 1000))
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    root = pathlib.Path(tempfile.mkdtemp(prefix="weir-scan-"))
    done, tables, n = 0, 0, seed * 1000000
    try:
        skipping(root)
        estimates(root)
        rounded(root)
        old_bounds(root)
        instants(root)
        while done < cases:
            n += 1
            r = random.Random(n)
            table = Table(r, root / f"t{n}")
            tests = []
            for _ in range(40):
                table.listed = set()
                tests.append(predicate(r, table))
            check(table, table.path, tests, r.choice(["1", "2"]))
            done += len(tests)
            tables += 1
            if r.random() < 0.15:
                check(table, rewritten(table, root / f"w{n}"), tests, "2")
                done += len(tests)
                tables += 1
            shutil.rmtree(root / f"t{n}")
            shutil.rmtree(root / f"w{n}", ignore_errors=True)
    except AssertionError as failure:
        print(f"FAIL seed {n}: {failure}")
        print(f"{done} predicates over {tables} tables, then a failure; {root} stays")
        print(f"{tables} passed, 1 failed, 0 skipped")
        return 1
    shutil.rmtree(root)
    print(f"{done} predicates over {tables} tables")
    print(f"{tables + 3} passed, 0 failed, 0 skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
