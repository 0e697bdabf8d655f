#!/usr/bin/env python3
"""An independent reader looks at tables whose logs weir composed.

The data files are made here, the logs by the test program test_delta_emit, and the `deltalake`
package reads the result: rows of each version, metadata, protocol, statistics, transactions.
"""

import datetime
import os
import pathlib
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", ROOT / "build"))
LONG = "s14 is a text that is longer than thirty-two characters"
NOON = datetime.datetime(2024, 1, 2, 12, 0, 0, 123456)
PARTITION = "a b/c%20\u00e4"

counts = {"passed": 0, "failed": 0}


def check(name, got, want):
    if got == want:
        counts["passed"] += 1
        print(f"ok {name}")
    else:
        counts["failed"] += 1
        print(f"FAIL {name}: got {got!r}, want {want!r}")


def write(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def texts(values):
    return pa.array([LONG if k == 14 else f"s{k}" for k in values])


def make_files(root):
    for path, keys in (("p q%20/00000#.parquet", range(10)),
                       ("run/00001.parquet", range(10, 15)),
                       ("run2/\u00e4:00000.parquet", range(100, 103))):
        write(root / "plain" / path, k=pa.array(keys, pa.int64()), s=texts(keys))
    for path, keys, s in (("r/00000.parquet", [1, 2], ["x", "y"]), ("r/00001.parquet", [3], ["z"])):
        write(root / "part" / path, k=pa.array(keys, pa.int64()), s=pa.array(s),
              ts=pa.array([NOON] * len(keys), pa.timestamp("us")))


def keys(table):
    return sorted(pa.table(table.to_pyarrow_table())["k"].to_pylist())


def flat_actions(table):
    rows = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    return sorted(rows, key=lambda row: row["path"])


def check_plain(uri):
    for version, want in ((0, list(range(10))), (1, list(range(15))), (2, [100, 101, 102]),
                          (3, [100, 101, 102])):
        check(f"rows of plain@{version}", keys(DeltaTable(uri, version=version)), want)
    table = DeltaTable(uri)
    check("latest version", table.version(), 3)
    metadata = table.metadata()
    check("name and description", (metadata.name, metadata.description),
          ("plain", "a description"))
    check("id", str(metadata.id), "11111111-2222-7333-8444-555555555555")
    check("properties", metadata.configuration, {"weir.owner": "test/v"})
    protocol = table.protocol()
    check("protocol", (protocol.min_reader_version, protocol.min_writer_version), (1, 2))
    check("transaction", table.transaction_version("weir/test/v"), 4)
    history = table.history()
    check("history", [h["operation"] for h in history],
          ["WRITE", "WRITE", "WRITE", "CREATE TABLE AS SELECT"])
    check("commit ids", [h["weir.commit_id"] for h in history],
          ["commit-3", "commit-2", "commit-1", "commit-0"])
    actions = flat_actions(DeltaTable(uri, version=1))
    check("records", [a["num_records"] for a in actions], [10, 5])
    check("least keys", [a["min.k"] for a in actions], [0, 10])
    check("greatest keys", [a["max.k"] for a in actions], [9, 14])
    check("nulls", [a["null_count.k"] for a in actions], [0, 0])
    check("a long text's bound is above it", actions[1]["max.s"] > LONG, True)
    # Skipping by statistics must not lose the row.
    filtered = DeltaTable(uri, version=1).to_pyarrow_table(filters=[("s", "=", LONG)])
    check("a row is found through statistics", pa.table(filtered)["k"].to_pylist(), [14])


def check_part(uri):
    table = DeltaTable(uri)
    protocol = table.protocol()
    check("protocol with features",
          (protocol.min_reader_version, protocol.min_writer_version,
           sorted(protocol.reader_features), sorted(protocol.writer_features)),
          (3, 7, ["timestampNtz"], ["appendOnly", "invariants", "timestampNtz"]))
    rows = sorted(pa.table(table.to_pyarrow_table()).to_pylist(), key=lambda row: row["k"])
    check("rows with partitions", rows, [
        {"k": 1, "s": "x", "ts": NOON, "d": PARTITION},
        {"k": 2, "s": "y", "ts": NOON, "d": PARTITION},
        {"k": 3, "s": "z", "ts": NOON, "d": None}])
    check("partition columns", table.metadata().partition_columns, ["d"])
    # It can be written to by others, too.
    table.delete("k = 1")
    check("a foreign delete", sorted(keys(DeltaTable(uri))), [2, 3])


def main():
    with tempfile.TemporaryDirectory(prefix="weir-compose-") as scratch:
        root = pathlib.Path(scratch).resolve()
        make_files(root)
        emit = subprocess.run([BUILD / "tests" / "test_delta_emit"], capture_output=True,
                              text=True, env=dict(os.environ, WEIR_EMIT_DIR=str(root)))
        check("the logs are made", (emit.returncode, emit.stderr), (0, ""))
        if emit.returncode == 0:
            check_plain(str(root / "plain"))
            check_part(str(root / "part"))
        else:
            print(emit.stdout)
    print(f"{counts['passed']} passed, {counts['failed']} failed, 0 skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
