#!/usr/bin/env python3
"""sort_by: rows lie in files as it says, the footers say so as far as all readers mean the same by
it, and the files have the same bytes however many threads wrote them."""

import hashlib

import pyarrow.parquet as pq

import kit
from kit import expect

# A column of each kind, in the sort keys with nulls and ties; few row groups of many pages.
SQL = """SELECT value % 3 AS g, named_struct('a', value, 'b', concat('x', value)) AS st, value AS k,
  CASE WHEN value % 13 <> 0 THEN concat('t', (value * 7919) % 1000) END AS s,
  CASE WHEN value % 11 = 0 THEN NULL WHEN value % 17 = 0 THEN 'NaN'::double ELSE value % 101 / 7.0 END AS f,
  [value, value % 5] AS l
FROM generate_series(1, 60000)"""

# sort_by, partition_by -> the columns that footers name
CASES = {
    "plain": (["s", "k"], [], ["s", "k"]),
    "apart": (["s", "k"], ["g"], ["s", "k"]),
    "floats": (["s", "f", "k"], [], ["s"]),
    "only": (["f"], ["g"], []),
    "none": ([], [], []),
}


def key(value):
    """As weir sorts: nulls first, NaN last."""
    return (0, 0) if value is None else (2, 0) if value != value else (1, value)


def views():
    out = {}
    for name, (by, apart, _) in CASES.items():
        header = "".join(f"{option}: [{', '.join(columns)}]\n"
                         for option, columns in (("sort_by", by), ("partition_by", apart)) if columns)
        out[name] = (SQL if by else SQL.replace("60000", "10"), header.strip())
    return out


def written(folder, threads):
    project = kit.Project(folder)
    for name, (sql, header) in views().items():
        project.view(name, sql, header)
    project.run("--threads", threads)
    return {name: sorted(project.table(name).file_uris()) for name in CASES}


def footer_columns(file):
    """What every row group says, by name; lists and structs would be leaves with a path."""
    said = []
    for i in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(i)
        expect([(c.descending, c.nulls_first) for c in group.sorting_columns],
               [(False, True)] * len(group.sorting_columns), "direction")
        said.append([group.column(c.column_index).path_in_schema for c in group.sorting_columns])
    return said


def test_rows_lie_as_footers_say(folder):
    files = written(folder, 2)
    for name, (by, apart, named) in CASES.items():
        expect(len(files[name]), 3 if apart else 1, f"{name}: files")
        for path in files[name]:
            file = pq.ParquetFile(path.removeprefix("file://"))
            expect(footer_columns(file), [named] * file.metadata.num_row_groups, name)
            columns = [file.read(columns=[c])[c].to_pylist() for c in by]
            rows = [tuple(key(v) for v in row) for row in zip(*columns)]
            assert rows == sorted(rows), f"{name}: rows are not sorted by {by}"


def test_the_bytes_do_not_depend_on_threads(folder):
    """Where the keys leave no ties: rows that are equal to sort_by may come in any order."""
    digests = {}
    for threads in (1, 2, 8):
        files = written(folder / str(threads), threads)
        digests[threads] = {name: sorted(hashlib.sha256(open(p.removeprefix("file://"), "rb").read()).hexdigest()
                                         for p in paths)
                            for name, paths in files.items() if "k" in CASES[name][0]}
    expect(digests[2], digests[1], "2 threads")
    expect(digests[8], digests[1], "8 threads")


if __name__ == "__main__":
    kit.main(globals())
