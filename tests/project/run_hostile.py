#!/usr/bin/env python3
"""Tables that somebody made to hurt, or that a disk did: logs that lead out of the table, files
that are no files, checkpoints that are none, damaged bytes. A refusal with its code, never another
file's rows, a panic or a wait without end."""
# tests/run: timeout=300

import json
import os
import pathlib
import shutil
import struct
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

import kit
from kit import expect

GOLDEN = pathlib.Path(os.environ.get("WEIR_GOLDEN") or kit.ROOT.parent / "shared" / "golden")
VECTORS = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"],
           "writerFeatures": ["deletionVectors"]}


def vector(rows):
    """A deletion vector as it is in a file: its bytes, without the file's version byte."""
    bitmap = struct.pack("<Q I I I H H I", 1, 0, 12346, 1, 0, len(rows) - 1, 16)
    bitmap += b"".join(struct.pack("<H", r) for r in rows)
    data = struct.pack("<I", 1681511377) + bitmap
    return struct.pack(">I", len(data)) + data + struct.pack(">I", zlib.crc32(data))


def put_vector(path, rows):
    data = vector(rows)
    path.write_bytes(b"\x01" + data)
    return {"offset": 1, "sizeInBytes": len(data) - 8, "cardinality": len(rows)}


def commit(table, version, *actions):
    (table / "_delta_log").mkdir(parents=True, exist_ok=True)
    (table / f"_delta_log/{version:020d}.json").write_text("".join(json.dumps(a) + "\n" for a in actions))


def meta(ident="tid", column="x"):
    schema = {"type": "struct", "fields": [{"name": column, "type": "long", "nullable": True, "metadata": {}}]}
    return {"metaData": {"id": ident, "format": {"provider": "parquet", "options": {}},
                         "schemaString": json.dumps(schema), "partitionColumns": [], "configuration": {},
                         "createdTime": 1700000000000}}


def add(table, name, path=None, **more):
    return {"add": {"path": path or name, "partitionValues": {}, "size": (table / name).stat().st_size,
                    "modificationTime": 1700000000000, "dataChange": True} | more}


def make(table, values=(1, 2, 3), path=None, protocol=None, **more):
    table.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"x": pa.array(values, pa.int64())}), table / "s.parquet")
    protocol = protocol or {"minReaderVersion": 1, "minWriterVersion": 2}
    commit(table, 0, {"protocol": protocol}, meta(), add(table, "s.parquet", path, **more))
    return table


def sql(table, text="SELECT x FROM t ORDER BY x", timeout=20):
    return kit.weir("sql", "--table", f"t={table}", "--format", "csv", text, cwd=table.parent, code=None,
                    timeout=timeout)


def rows(table, *more):
    done = sql(table, *more)
    assert done.code == 0, done.err
    return done.out.split("\n")[1:-1]


def refused(table, code, *pieces, text="SELECT x FROM t ORDER BY x", said=""):
    """`said` is in the log, and may be in the message."""
    done = sql(table, text)
    assert done.code not in (0, None) and done.code > 0, f"{done.code}\n{done.out}\n{done.err}"
    kit.has(done.err, f"WEIR-{code}", *pieces)
    for never in ("WEIR-PANIC", "place@", "Signature", "pass@"):
        assert never not in done.err.replace(said.split("?")[0], ""), done.err


# ---- paths that lead out of the table ----

def test_a_vector_outside_is_not_opened(folder):
    other = make(folder / "other")
    size = put_vector(other / "dv.bin", [0])
    (folder / "text").write_text("root:x:0")
    outside = ["file:///etc/passwd", f"file://{folder}/text", f"file://{other}/dv.bin",
               f"file://{folder}/t/../other/dv.bin", f"file://{folder}/t2/dv.bin", "s3://bucket/dv.bin",
               "https://me:pass@127.0.0.1:9/dv.bin?X-Amz-Signature=1", "weir://place-77/place@77/dv.bin",
               "weir://store-1/dv.bin"]
    shutil.copytree(other, folder / "t2")
    for protocol in (None, VECTORS):
        for path in outside:
            shutil.rmtree(folder / "t", ignore_errors=True)
            t = make(folder / "t", protocol=protocol,
                     deletionVector={"storageType": "p", "pathOrInlineDv": path} | size)
            refused(t, "FEATURE-UNSUPPORTED", "outside the table", said=path)


def test_a_vector_of_another_table_in_the_session(folder):
    """Places have numbers, and those are easy to guess."""
    other = make(folder / "other")
    size = put_vector(other / "dv.bin", [0])
    for i in range(1, 5):
        shutil.rmtree(folder / "t", ignore_errors=True)
        t = make(folder / "t", protocol=VECTORS, deletionVector={
            "storageType": "p", "pathOrInlineDv": f"weir://place-{i}/place@{i}/dv.bin"} | size)
        done = kit.weir("sql", "--table", f"o={other}", "--table", f"t={t}", "--format", "csv",
                        "SELECT o.x, t.x FROM o JOIN t ON o.x = t.x", cwd=folder, code=None)
        assert done.code not in (0, None), done.out


def test_a_vector_inside_is_read(folder):
    t = make(folder / "t", protocol=VECTORS)
    size = put_vector(t / "dv.bin", [0, 2])
    commit(t, 1, add(t, "s.parquet", deletionVector={
        "storageType": "p", "pathOrInlineDv": f"file://{t}/dv.bin"} | size),
        {"remove": {"path": "s.parquet", "deletionTimestamp": 1, "dataChange": True}})
    expect(rows(t), ["2"])


def test_a_path_leads_nowhere_but_into_the_table(folder):
    make(folder / "other", (7,))
    for path in ("../s.parquet", "/s.parquet", "../t/s.parquet", "../other/s.parquet", "/other/s.parquet",
                 f"file://{folder}/other/s.parquet", "//place-77/place@77/s.parquet", "s3://b/s.parquet"):
        shutil.rmtree(folder / "t", ignore_errors=True)
        refused(make(folder / "t", path=path), "FEATURE-UNSUPPORTED", "outside the table", said=path)
    expect(rows(make(folder / "t", path="%73.parquet")), ["1", "2", "3"])


def test_a_sidecar_outside_is_not_opened(folder):
    for path in ("file:///etc/passwd", "../../../etc/passwd", "/etc/passwd"):
        shutil.rmtree(folder / "t", ignore_errors=True)
        shutil.copytree(GOLDEN / "golden-v2-checkpoint-json/table", folder / "t")
        (checkpoint,) = (folder / "t/_delta_log").glob("*.checkpoint.*.json")
        lines = [json.loads(line) for line in checkpoint.read_text().splitlines()]
        for line in lines:
            if "sidecar" in line:
                line["sidecar"]["path"] = path
        checkpoint.write_text("".join(json.dumps(line) + "\n" for line in lines))
        done = sql(folder / "t", "SELECT * FROM t")
        assert done.code not in (0, None), done.out
        kit.has(done.err, "outside the table")


if __name__ == "__main__":
    kit.main(globals())
