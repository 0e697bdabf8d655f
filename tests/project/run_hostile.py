#!/usr/bin/env python3
"""Tables that somebody made to hurt, or that a disk did: logs that lead out of the table, files
that are no files, checkpoints that are none, damaged bytes. A refusal with its code, never another
file's rows, a panic or a wait without end."""
# tests/run: timeout=300

import json
import os
import pathlib
import random
import shutil
import struct
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

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


# ---- checkpoints that are none ----

def checkpointed(folder):
    """A table that can be read from its checkpoint alone."""
    t = make(folder / "t")
    pq.write_table(pa.table({"x": pa.array([4], pa.int64())}), t / "u.parquet")
    commit(t, 1, add(t, "u.parquet"))
    DeltaTable(t).create_checkpoint()
    expect(rows(t), ["1", "2", "3", "4"])
    return t, t / "_delta_log/00000000000000000001.checkpoint.parquet"


def test_a_checkpoint_that_is_none(folder):
    """Where protocol and metaData are in a later commit, as any ALTER TABLE leaves them, nothing of
    the checkpoint was missed but all its files."""
    for kind in ("data", "no add", "no protocol", "no rows", "some other"):
        shutil.rmtree(folder / "t", ignore_errors=True)
        t, checkpoint = checkpointed(folder)
        commit(t, 2, {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, meta())
        expect(rows(t), ["1", "2", "3", "4"])
        known = pq.read_table(checkpoint)
        fields = known.column_names
        if kind == "data":
            shutil.copy(t / "s.parquet", checkpoint)
        elif kind == "some other":
            pq.write_table(pa.table({"a": ["b"]}), checkpoint)
        elif kind == "no rows":
            pq.write_table(known.slice(0, 0), checkpoint)
        else:
            pq.write_table(known.drop_columns([kind[3:]] if kind[3:] in fields else []), checkpoint)
        shutil.rmtree(t / "_delta_log/_last_checkpoint", ignore_errors=True)
        for gone in ("0" * 20, "0" * 19 + "1"):
            os.remove(t / f"_delta_log/{gone}.json")
        refused(t, "LOG-CORRUPT", "no checkpoint")
        refused(t, "LOG-CORRUPT", "no checkpoint", text="SELECT count(*) FROM t")


def test_a_json_checkpoint_without_actions(folder):
    shutil.copytree(GOLDEN / "golden-v2-checkpoint-json/table", folder / "t")
    expect(len(rows(folder / "t", "SELECT * FROM t")) > 0, True)
    (checkpoint,) = (folder / "t/_delta_log").glob("*.checkpoint.*.json")
    said = [json.loads(line) for line in checkpoint.read_text().splitlines()]
    known = [line for line in said if "protocol" in line or "metaData" in line]
    commit(folder / "t", 3, *known)
    checkpoint.write_text('{"checkpointMetadata":{"version":2}}\n')
    refused(folder / "t", "LOG-CORRUPT", "no checkpoint", text="SELECT * FROM t")


def test_checkpoints_that_are_some(folder):
    for case in ("dat-with_checkpoint", "golden-v2-checkpoint-parquet", "golden-only-checkpoint-files",
                 "kernel-kernel-pagination-multi-part-checkpoints", "spark-v2_checkpoint_dv",
                 "kernelrs-v2-parquet-sidecars-struct-stats-only", "spark-multipart_struct_stats"):
        done = sql(GOLDEN / case / "table", "SELECT count(*) FROM t")
        expect(done.code, 0, f"{case}: {done.err}")


# ---- files that are no files ----

def test_pipes_and_devices_do_not_hang(folder):
    places = ["_delta_log/_last_checkpoint", "_delta_log/00000000000000000000.json",
              "_delta_log/00000000000000000001.json", "s.parquet", "_delta_log/00000000000000000000.crc",
              "_delta_log/00000000000000000000.checkpoint.parquet"]
    for kind in ("pipe", "zero"):
        for place in places:
            shutil.rmtree(folder / "t", ignore_errors=True)
            t = make(folder / "t")
            (t / place).unlink(missing_ok=True)
            os.mkfifo(t / place) if kind == "pipe" else os.symlink("/dev/zero", t / place)
            done = sql(t, timeout=20)
            # What only saves time may be passed over; what is needed may not.
            if done.code == 0:
                expect(done.out.split("\n")[1:-1], ["1", "2", "3"], f"{kind} {place}")
            else:
                assert done.code > 0 and "WEIR-" in done.err and "WEIR-PANIC" not in done.err, done.err
            if place in ("s.parquet", places[1]):
                assert done.code != 0, f"{kind} {place}: {done.out}"


def test_a_run_over_a_pipe_ends(folder):
    t = make(folder / "t")
    os.remove(t / "s.parquet")
    os.mkfifo(t / "s.parquet")
    p = kit.Project(folder, {"v": "SELECT x FROM t"}, {"t": "./t"})
    p.view("v", "SELECT x FROM t", "materialized: table")
    run = p.run(code=1, timeout=30)
    assert "no regular file" in json.dumps(run.tasks["v"]["error"]), run.tasks


# ---- damaged bytes ----

def damage(r, good, foot):
    b = bytearray(good)
    kind = r.choice(["length", "footer", "footer", "body", "zeroes", "shift"])
    if kind == "length":
        b[-8:-4] = struct.pack("<I", r.choice([0, 1, foot - 1, foot + 1, len(b) - 8, len(b), 2**31 - 1,
                                               2**32 - 1, r.randrange(2**32)]))
    elif kind == "footer":
        for _ in range(r.randint(1, 4)):
            b[len(b) - 8 - foot + r.randrange(foot)] = r.randrange(256)
    elif kind == "body":
        for _ in range(r.randint(1, 8)):
            b[r.randrange(len(b) - 8 - foot)] = r.randrange(256)
    elif kind == "zeroes":
        at = r.randrange(len(b))
        b[at:at + 100] = bytes(len(b[at:at + 100]))
    else:
        at = r.randrange(len(b) - 8)
        del b[at:at + r.randint(1, 50)]
    return bytes(b[:len(good)]).ljust(len(good), b"\0")


def parquet(r, path, n=200):
    data = pa.table({"x": pa.array(range(n), pa.int64()), "s": [f"v{i % 7}" for i in range(n)]})
    pq.write_table(data, path, row_group_size=64, compression=r.choice(["none", "snappy", "zstd"]))
    good = path.read_bytes()
    return good, struct.unpack("<I", good[-8:-4])[0]


def test_damaged_data_files(folder):
    """FILE-CORRUPT with the file's name, or rows; and the rows of the other file are right."""
    seed = int(os.environ.get("WEIR_SEED") or 20261130)
    r, named = random.Random(seed), 0
    t = make(folder / "t")
    good, foot = parquet(r, t / "d.parquet")
    commit(t, 1, add(t, "d.parquet"))
    for i in range(int(os.environ.get("WEIR_HOSTILE_ROUNDS") or 60)):
        (t / "d.parquet").write_bytes(damage(r, good, foot))
        done = sql(t, r.choice(["SELECT * FROM t", "SELECT max(x), count(x) FROM t",
                                "SELECT x FROM t WHERE x > 50"]), timeout=60)
        if done.code != 0:
            kit.has(done.err, "WEIR-FILE-CORRUPT")
            named += "d.parquet" in done.err
            assert "s.parquet" not in done.err, f"seed {seed}, {i}: {done.err}"
            assert "d.parquet" in done.err, f"seed {seed}, {i}: {done.err}"
    assert named > 10, named


def test_damaged_checkpoints(folder):
    """The log is refused or read; a table is never without its files."""
    seed = int(os.environ.get("WEIR_SEED") or 20261130)
    r = random.Random(seed)
    t, checkpoint = checkpointed(folder)
    good = checkpoint.read_bytes()
    foot = struct.unpack("<I", good[-8:-4])[0]
    for gone in ("0" * 20, "0" * 19 + "1"):
        os.remove(t / f"_delta_log/{gone}.json")
    for i in range(int(os.environ.get("WEIR_HOSTILE_ROUNDS") or 40)):
        checkpoint.write_bytes(damage(r, good, foot))
        done = sql(t, timeout=60)
        assert done.code in (0, 1), f"seed {seed}, {i}: {done.code} {done.err}"
        if done.code == 1:
            assert any(f"WEIR-{c}" in done.err for c in
                       ("LOG-CORRUPT", "FILE-CORRUPT", "FILE-MISSING", "FEATURE-UNSUPPORTED",
                        "TABLE-MISSING", "VERSION-MISSING")), f"seed {seed}, {i}: {done.err}"


def test_damaged_vectors(folder):
    seed = int(os.environ.get("WEIR_SEED") or 20261130)
    r = random.Random(seed)
    t = make(folder / "t", protocol=VECTORS)
    size = put_vector(t / "dv.bin", [0, 2])
    good = (t / "dv.bin").read_bytes()
    commit(t, 1, {"remove": {"path": "s.parquet", "deletionTimestamp": 1, "dataChange": True}},
           add(t, "s.parquet", deletionVector={"storageType": "p", "pathOrInlineDv": f"file://{t}/dv.bin"} | size))
    expect(rows(t), ["2"])
    for i in range(int(os.environ.get("WEIR_HOSTILE_ROUNDS") or 60)):
        b = bytearray(good)
        for _ in range(r.randint(1, 3)):
            b[r.randrange(len(b))] = r.randrange(256)
        (t / "dv.bin").write_bytes(bytes(b[:r.choice([len(b), len(b), r.randrange(len(b))])]))
        if (t / "dv.bin").read_bytes() == good:
            continue
        done = sql(t, timeout=60)
        if done.code == 0:
            expect(done.out.split("\n")[1:-1], ["2"], f"seed {seed}, {i}: a damaged vector was applied")
        else:
            assert done.code == 1 and any(f"WEIR-{c}" in done.err for c in ("FILE-CORRUPT", "FILE-MISSING")), \
                f"seed {seed}, {i}: {done.code} {done.err}"


# ---- any file of a table ----

# Tables of every kind of file that a log has. Those of checkpoints lose the commits before it.
DAMAGED = ("dat-multi_partitioned", "dat-with_checkpoint", "deltars-table-with-dv-small",
           "golden-v2-checkpoint-json", "kernel-kernel-pagination-multi-part-checkpoints",
           "kernelrs-v2-parquet-sidecars-struct-stats-only", "spark-v2_checkpoint_dv",
           "spark-multipart_struct_stats")
REFUSALS = ("LOG-CORRUPT", "FILE-CORRUPT", "FILE-MISSING", "FEATURE-UNSUPPORTED", "TABLE-MISSING",
            "VERSION-MISSING")


def from_checkpoint(case, t):
    shutil.rmtree(t, ignore_errors=True)
    shutil.copytree(GOLDEN / case / "table", t)
    log = t / "_delta_log"
    for path in [t, *t.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    last = max((p.name[:20] for p in log.iterdir() if ".checkpoint." in p.name), default="")
    for p in log.iterdir():
        if p.name[:20].isdigit() and (p.name[:20] < last or p.name == f"{last}.json"):
            p.unlink()


def any_damage(r, good, other):
    kind = r.choice(["bytes", "cut", "empty", "zeroes", "blocks", "other", "tail", "footer"])
    b = bytearray(good)
    if kind == "bytes":
        for _ in range(r.randint(1, 9)):
            b[r.randrange(len(b))] ^= 1 << r.randrange(8)
    elif kind in ("cut", "empty"):
        del b[r.randrange(len(b)) if kind == "cut" else 0:]
    elif kind == "zeroes":
        at = r.randrange(len(b))
        b[at:at + 64] = bytes(len(b[at:at + 64]))
    elif kind == "blocks":
        n = min(64, len(b) // 4)
        i, k = (r.randrange(len(b) - n + 1) for _ in range(2))
        b[i:i + n], b[k:k + n] = b[k:k + n], b[i:i + n]
    elif kind == "other":
        b = bytearray(other)
    elif kind == "tail":
        b += r.randbytes(r.randint(1, 20))
    elif b[-4:] == b"PAR1":
        foot = struct.unpack("<I", b[-8:-4])[0]
        return damage(r, good, foot)
    return bytes(b)


def test_any_damaged_file(folder):
    """What holds no values but says what a table has: checkpoints, their parts and sidecars, and
    vectors. The right rows, or a refusal that names the file or the table's log; files of data
    may have other values, but not another number of rows. Commits are text without a checksum:
    they are refused, or say something else."""
    seed, t = int(os.environ.get("WEIR_SEED") or 20261130), folder / "t"
    r, known = random.Random(seed), {}
    for i in range(int(os.environ.get("WEIR_HOSTILE_ROUNDS") or 70)):
        case = DAMAGED[i % len(DAMAGED)]
        from_checkpoint(case, t)
        if case not in known:
            known[case] = sorted(rows(t, "SELECT * FROM t"))
        files = sorted(p for p in t.rglob("*") if p.is_file() and not p.name.startswith("."))
        of_log = [p for p in files if ".checkpoint." in p.name or p.suffix == ".bin"]
        file = r.choice(of_log if of_log and r.random() < 0.7 else files)
        good = file.read_bytes()
        bad = any_damage(r, good, r.choice(files).read_bytes())
        if bad == good or not good:
            continue
        file.write_bytes(bad)
        what = f"seed {seed}, {i}, {case}, {file.relative_to(t)}"
        done = sql(t, "SELECT * FROM t", timeout=60)
        if done.code == 0:
            found = sorted(done.out.split("\n")[1:-1])
            if file.suffix == ".parquet" and file.parent.name != "_delta_log":
                expect(len(found), len(known[case]), what)
            elif file.suffix != ".json" and file.suffix != ".parquet":
                expect(found, known[case], what)
            continue
        assert done.code > 0 and any(f"WEIR-{c}" in done.err for c in REFUSALS), f"{what}: {done.err}"
        if "FILE-MISSING" not in done.err:
            assert file.name in done.err or str(t) in done.err, f"{what}: {done.err}"


def test_a_damaged_part_is_named(folder):
    """Its length of the footer, its end, its size: of checkpoints and of what they are made of."""
    t, refusals = folder / "t", 0
    for case in DAMAGED[3:]:
        from_checkpoint(case, t)
        parts = [p.relative_to(t) for p in t.rglob("*.parquet") if ".checkpoint." in p.name]
        last = max(p.name[:20] for p in parts)
        parts = [p for p in parts if p.name[:20] == last]
        for part in sorted(parts)[:2]:
            for kind in ("length", "long", "tail", "cut"):
                from_checkpoint(case, t)
                b = bytearray((t / part).read_bytes())
                if kind == "cut":
                    del b[len(b) // 2:]
                elif kind == "tail":
                    b += b"abc"
                else:
                    b[-8:-4] = struct.pack("<I", 2**31 - 1 if kind == "long" else len(b) - 8)
                (t / part).write_bytes(b)
                done = sql(t, "SELECT * FROM t")
                assert done.code == 1, f"{case} {part} {kind}: {done.code} {done.err}"
                assert "WEIR-LOG-CORRUPT" in done.err or "WEIR-FILE-CORRUPT" in done.err, done.err
                refusals += part.name in done.err
                assert part.name in done.err or str(t) in done.err, f"{case} {part} {kind}: {done.err}"
    assert refusals > 10, refusals


def test_a_damaged_file_with_a_vector_is_named(folder):
    shutil.copytree(GOLDEN / "deltars-table-with-dv-small/table", folder / "t")
    (file,) = (folder / "t").glob("*.parquet")
    file.chmod(0o644)
    b = bytearray(file.read_bytes())
    b[-4:] = bytes(4)
    file.write_bytes(b)
    refused(folder / "t", "FILE-CORRUPT", file.name, text="SELECT * FROM t")


if __name__ == "__main__":
    kit.main(globals())
