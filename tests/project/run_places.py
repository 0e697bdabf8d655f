#!/usr/bin/env python3
"""Tables whose files have equal names and sizes, read beside each other: what the engine keeps of
one file is never taken for another's. Files are padded to one size by their own metadata."""
# tests/run: timeout=240

import json
import os
import random
import shutil

import pyarrow as pa
import pyarrow.parquet as pq

import kit
from kit import expect

NAMES = {pa.int64(): "long", pa.string(): "string", pa.float64(): "double", pa.bool_(): "boolean"}


def padded(path, table, size):
    """A Parquet file of exactly this size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    n = [0, 30]
    for _ in range(200):
        with pq.ParquetWriter(path, table.schema, compression="none", store_schema=False) as w:
            w.write_table(table)
            w.add_key_value_metadata({f"pad{i}": "x" * k for i, k in enumerate(n)})
        off = size - path.stat().st_size
        if off == 0:
            return
        # A length that needs one more byte for itself: the other one takes what is left.
        n[0 if abs(off) > 3 else 1] += off
    raise AssertionError(f"no {size} bytes: {n}")


def commit(table, version, *actions):
    log = table / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    (log / f"{version:020d}.json").write_text("".join(json.dumps(a) + "\n" for a in actions))


def add(table, name, stats=None):
    action = {"path": name, "partitionValues": {}, "size": (table / name).stat().st_size,
              "modificationTime": 1700000000000, "dataChange": True}
    return {"add": action | ({"stats": json.dumps(stats)} if stats else {})}


def write(table, data, size, files=1, stats=True, ident=None):
    """A table by hand: part-0.parquet and so on, with everything equal but what is in them."""
    fields = [{"name": f.name, "type": NAMES[f.type], "nullable": True, "metadata": {}}
              for f in data.schema]
    actions = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
               {"metaData": {"id": ident or f"id-{table.name}", "partitionColumns": [],
                             "format": {"provider": "parquet", "options": {}},
                             "schemaString": json.dumps({"type": "struct", "fields": fields}),
                             "configuration": {}, "createdTime": 1700000000000}}]
    for i in range(files):
        part = data.slice(i * len(data) // files, (i + 1) * len(data) // files - i * len(data) // files)
        padded(table / f"part-{i}.parquet", part, size)
        actions.append(add(table, f"part-{i}.parquet", {"numRecords": len(part)} if stats else None))
    commit(table, 0, *actions)


def pair(folder):
    """Of one name and size: other columns, other numbers of rows, other values."""
    write(folder / "t", pa.table({"x": pa.array([1, 2, 3], pa.int64())}), 900)
    write(folder / "u", pa.table({"y": pa.array([7], pa.int64()), "w": ["q"]}), 900)
    expect((folder / "t/part-0.parquet").stat().st_size, 900)
    expect((folder / "u/part-0.parquet").stat().st_size, 900)


def sql(folder, text, *more, tables=("t", "u")):
    named = [a for t in tables for a in ("--table", f"{t}={folder / t}")]
    return kit.weir("sql", *named, "--format", "csv", *more, text, cwd=folder).out.split("\n")[1:-1]


def test_two_views_of_one_run(folder):
    p = kit.Project(folder, {"a": "SELECT 1 AS x", "b": "SELECT 1 AS y",
                             "c": "SELECT a.x, b.y, a.x IS NULL AS n FROM a CROSS JOIN b",
                             "d": "SELECT b.y, a.x, b.y IS NULL AS n FROM b CROSS JOIN a"})
    for view in "abcd":
        p.view(view, (folder / f"views/{view}.sql").read_text(), "materialized: table")
    p.run("--threads", "1")
    expect(p.rows("c"), [(False, 1, 1)])
    expect(p.rows("d"), [(False, 1, 1)])


def test_two_tables_in_a_statement(folder):
    pair(folder)
    for threads in ("1", "2", "4"):
        more = ("--threads", threads)
        expect(sql(folder, "SELECT x, y, w FROM t CROSS JOIN u ORDER BY x", *more),
               ["1,7,q", "2,7,q", "3,7,q"])
        expect(sql(folder, "SELECT y, w, x FROM u CROSS JOIN t ORDER BY x", *more),
               ["7,q,1", "7,q,2", "7,q,3"])
        expect(sql(folder, "SELECT 't' AS n, count(x) AS c, sum(x) AS s FROM t UNION ALL "
                           "SELECT 'u', count(y), sum(y) FROM u ORDER BY 1", *more), ["t,3,6", "u,1,7"])
        expect(sql(folder, "SELECT (SELECT count(*) FROM u WHERE y = 7) AS a, "
                           "(SELECT count(*) FROM t WHERE x > 1) AS b", *more), ["1,2"])


def test_two_tables_in_a_run(folder):
    pair(folder)
    views = {"one": "SELECT x, y FROM t CROSS JOIN u", "two": "SELECT y, x FROM u CROSS JOIN t",
             "three": "SELECT x FROM t", "four": "SELECT y, w FROM u", "five": "SELECT x + 1 AS x FROM t"}
    p = kit.Project(folder, views, {"t": "./t", "u": "./u"})
    for view, text in views.items():
        p.view(view, text, "materialized: table")
    p.run()
    expect(p.rows("one"), [(1, 7), (2, 7), (3, 7)])
    expect(p.rows("two"), [(1, 7), (2, 7), (3, 7)])
    expect(p.rows("three"), [(1,), (2,), (3,)])
    expect(p.rows("four"), [("q", 7)])
    expect(p.rows("five"), [(2,), (3,), (4,)])


def test_a_copy_that_went_another_way(folder):
    """The same table twice, and one got a file of its own under the name and size of the other's."""
    write(folder / "t", pa.table({"x": pa.array([1, 2, 3], pa.int64())}), 900)
    shutil.copytree(folder / "t", folder / "u")
    padded(folder / "t/part-1.parquet", pa.table({"x": pa.array([10], pa.int64())}), 900)
    padded(folder / "u/part-1.parquet", pa.table({"x": pa.array([20, 30], pa.int64())}), 900)
    for table in ("t", "u"):
        commit(folder / table, 1, add(folder / table, "part-1.parquet"))
    expect(sql(folder, "SELECT 't' AS n, sum(x), count(*) FROM t UNION ALL "
                       "SELECT 'u', sum(x), count(*) FROM u ORDER BY n"), ["t,16,4", "u,56,5"])
    expect(sql(folder, "SELECT t.x, u.x FROM t FULL JOIN u ON t.x = u.x WHERE t.x IS NULL OR "
                       "u.x IS NULL ORDER BY 1, 2"), ["10,", ",20", ",30"])


def test_messages_have_the_users_paths(folder):
    pair(folder)
    (folder / "u/part-0.parquet").write_bytes(b"x" * 900)
    done = kit.weir("sql", "--table", f"u={folder / 'u'}", "SELECT * FROM u", cwd=folder, code=None)
    kit.has(done.err, "WEIR-FILE-CORRUPT", "part-0.parquet")
    os.remove(folder / "u/part-0.parquet")
    gone = kit.weir("sql", "--table", f"u={folder / 'u'}", "SELECT * FROM u", cwd=folder, code=None)
    kit.has(gone.err, "WEIR-FILE-MISSING", "part-0.parquet")
    (folder / "t/_delta_log/00000000000000000000.json").write_text("{}x\n")
    log = kit.weir("sql", "--table", f"t={folder / 't'}", "SELECT * FROM t", cwd=folder, code=None)
    kit.has(log.err, "WEIR-LOG-CORRUPT")
    for said in (done, gone, log):
        assert "place@" not in said.err and "weir://" not in said.err, said.err


def some_table(r):
    n, columns = r.randint(1, 40), {}
    for name in r.sample(["a", "b", "c", "d", "e"], r.randint(1, 4)):
        kind = r.choice(list(NAMES))
        made = {pa.int64(): lambda: r.randint(-9, 9), pa.float64(): lambda: r.randint(-9, 9) / 4,
                pa.string(): lambda: r.choice(["", "x", "yy", "ä"]), pa.bool_(): lambda: r.random() < 0.5}
        columns[name] = pa.array([None if r.random() < 0.1 else made[kind]() for _ in range(n)], kind)
    return pa.table(columns)


def text(value):
    return "NULL" if value is None else repr(float(value)) if isinstance(value, (int, float)) \
        and not isinstance(value, bool) else str(value)


def test_many_tables_of_one_size(folder):
    """Random statements over tables of one size, beside the rows that went into them."""
    seed = int(os.environ.get("WEIR_SEED") or 20261130)
    r = random.Random(seed)
    for round_ in range(int(os.environ.get("WEIR_PLACES_ROUNDS") or 4)):
        tables = {}
        for i in range(16):
            name = f"t{i}"
            tables[name] = some_table(r)
            write(folder / f"r{round_}" / name, tables[name], 4096, r.randint(1, 3) if len(tables[name]) > 3
                  else 1, stats=r.random() < 0.5)
        for _ in range(6):
            names = [r.choice(list(tables)) for _ in range(r.randint(2, 12))]
            parts, want = [], []
            for i, name in enumerate(names):
                column = r.choice(tables[name].column_names)
                values = tables[name][column].to_pylist()
                kind = tables[name][column].type
                shown = f"CAST({column} AS double)" if kind in (pa.int64(), pa.float64()) else column
                filtered = r.random() < 0.5
                parts.append(f"SELECT {i} AS i, coalesce(CAST({shown} AS varchar), 'NULL') AS v FROM {name}"
                             + (f" WHERE {column} IS NOT NULL" if filtered else ""))
                want += [(str(i), text(v).lower() if kind == pa.bool_() else text(v))
                         for v in values if not (filtered and v is None)]
            got = sql(folder / f"r{round_}", " UNION ALL ".join(parts), "--threads",
                      r.choice("1248"), tables=tuple(sorted(set(names))))
            rows = [tuple(line.replace('"', "").split(",", 1)) for line in got]
            norm = lambda rows: sorted((i, v.lower() if v == "NULL" else v) for i, v in rows)
            expect(norm(rows), norm(want), f"seed {seed}, {names}")


if __name__ == "__main__":
    kit.main(globals())
