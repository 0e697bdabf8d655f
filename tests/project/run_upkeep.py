#!/usr/bin/env python3
"""What runs stage and leave: prefixes, checkpoints, statistics, orphans, refused builds."""
# tests/run: timeout=300

import json
import os
import pathlib

import kit
from deltalake import DeltaTable
from kit import Project, expect, has, numbers, overwrite


def names(uri):
    return sorted(p.name for p in kit.log_folder(uri).iterdir())


def checkpoints(uri):
    return [int(n[:20]) for n in names(uri) if n.endswith(".checkpoint.parquet")]


def stats(uri):
    """The statistics of the live files, as the log has them."""
    found = {}
    for version in sorted(n for n in names(uri) if n.endswith(".json")):
        for line in (kit.log_folder(uri) / version).read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                found[action["add"]["path"]] = json.loads(action["add"]["stats"])
            elif "remove" in action:
                found.pop(action["remove"]["path"], None)
    return list(found.values())


def test_views_of_one_run_are_told_apart(folder):
    """Two files of one name and size: each is read with its own footer."""
    p = Project(folder, {"a": "SELECT 1 AS x", "b": "SELECT 1 AS y",
                         "c": "SELECT x, y FROM a CROSS JOIN b"})
    p.run()
    expect(p.rows("c"), [(1, 1)])
    expect(p.weir("sql", "--format", "csv",
                  "SELECT a.x, b.y FROM a CROSS JOIN b").out, "x,y\n1,1\n")
    folders = [next(q for q in pathlib.Path(p.uri(v)).iterdir() if q.name != "_delta_log").name
               for v in "abc"]
    expect(len(set(folders)), 3)
    expect({f[:36] for f in folders}, {folders[0][:36]}, "of one run")


def test_intervals_of_checkpoints(folder):
    source = folder / "numbers"
    overwrite(source, numbers(1))
    p = Project(folder, sources={"s": "./numbers"})
    p.view("each", "SELECT * FROM s", "properties: {delta.checkpointInterval: 3}")
    p.view("usual", "SELECT * FROM s")
    for i in range(22):
        overwrite(source, numbers(i + 2))
        p.run()
    expect(checkpoints(p.uri("each")), list(range(3, 22, 3)))
    expect(checkpoints(p.uri("usual")), [20])
    expect(checkpoints(p.uri("_weir/runs")), [20], "records are tables like others")
    expect(len(p.rows("each")), 23)


def test_columns_with_statistics(folder):
    p = Project(folder)
    p.view("v", "SELECT 1 AS a, 2 AS b, named_struct('x', 3, 'y', 4) AS s",
           "properties: {delta.dataSkippingStatsColumns: 'B, s.x'}")
    p.run()
    expect(stats(p.uri("v")), [{"numRecords": 1, "minValues": {"b": 2, "s": {"x": 3}},
                                "maxValues": {"b": 2, "s": {"x": 3}},
                                "nullCount": {"b": 0, "s": {"x": 0}}}])
    for wrong, code in (("c", "WEIR-UNKNOWN-COLUMN"), ("s.z", "WEIR-UNKNOWN-COLUMN"),
                        ("a b", "WEIR-BAD-VALUE")):
        p.view("v", "SELECT 1 AS a, named_struct('x', 3) AS s",
               f"properties: {{delta.dataSkippingStatsColumns: '{wrong}'}}")
        has(p.weir("plan", code=2).err, code)


def test_a_refused_first_build_leaves_nothing(folder):
    p = Project(folder)
    p.view("v", "SELECT 1 AS n", "constraints: {many: 'n > 1'}")
    p.run(code=1)
    expect(os.path.exists(p.uri("v")), False)
    p.view("v", "SELECT 2 AS n", "constraints: {many: 'n > 1'}")
    p.run()
    before = kit.listing(p.folder / "lake" / "v")
    p.view("v", "SELECT 0 AS n", "constraints: {many: 'n > 1'}")
    p.run(code=1)
    expect(kit.listing(p.folder / "lake" / "v"), before)


def broken_checkpoint(folder, damage):
    """A view whose checkpoint was damaged reads and builds as before."""
    source = folder / "numbers"
    p = Project(folder, sources={"s": "./numbers"})
    p.view("v", "SELECT * FROM s")
    p.view("w", "SELECT count(*) AS n FROM v")
    for i in range(4):
        overwrite(source, numbers(i + 1))
        p.run()
        if i == 2:
            p.table("v").create_checkpoint()
    expect(checkpoints(p.uri("v")), [2])
    damage(kit.log_folder(p.uri("v")) / f"{2:020}.checkpoint.parquet")
    overwrite(source, numbers(5))
    run = p.run()
    expect(run.statuses(), {"v": "pass", "w": "pass"})
    expect(p.weir("sql", "--format", "csv", "SELECT count(*) AS n FROM v").out, "n\n5\n")
    return run


def test_an_empty_checkpoint_counts_for_nothing(folder):
    run = broken_checkpoint(folder, lambda path: path.write_bytes(b""))
    expect([w["code"] for w in run.warnings], ["WEIR-CHECKPOINT"])
    has(run.warnings[0]["message"], "version 2", "empty")


def test_an_empty_commit_is_told(folder):
    """Readers take it as a commit of nothing; it may be a write that was torn."""
    source = folder / "src"
    overwrite(source, numbers(5))
    p = Project(folder, {"v": "SELECT * FROM src"}, {"src": "./src"})
    expect(p.run().warnings, [])
    (kit.log_folder(source) / f"{1:020}.json").write_bytes(b"")
    run = p.run()
    expect([w["code"] for w in run.warnings], ["WEIR-LOG-CORRUPT"])
    has(run.warnings[0]["message"], "version 1", "src", "empty")
    expect(p.weir("sql", "--format", "csv", "SELECT count(*) AS n FROM v").out, "n\n5\n")


def test_a_torn_checkpoint_counts_for_nothing(folder):
    broken_checkpoint(folder, lambda path: path.write_bytes(path.read_bytes()[:-9]))


def test_a_zeroed_checkpoint_counts_for_nothing(folder):
    broken_checkpoint(folder, lambda path: path.write_bytes(bytes(path.stat().st_size)))


def test_orphans_that_are_read_stay(folder):
    """A view that was frozen into a source has its owner still, and is no orphan."""
    p = Project(folder, {"old": "SELECT 1 AS n", "gone": "SELECT 2 AS n",
                         "called": "SELECT 3 AS n", "v": "SELECT 4 AS n"})
    p.run()
    for view in ("old", "gone", "called"):
        p.remove_view(view)
    p.write_yml(sources={"frozen": "./lake/old"})
    p.view("v", "SELECT n FROM frozen UNION ALL SELECT n FROM read_delta('./lake/called')")
    expect(p.run().statuses(), {"v": "pass"})
    done = p.weir("clean", "--orphans", "--yes")
    has(done.out, "Removed 1", "lake/gone")
    expect(sorted(p.rows("v")), [(1,), (3,)])
    expect(p.run("--full-refresh").statuses(), {"v": "pass"})
    p.view("v", "SELECT n FROM")  # who knows what it reads
    has(p.weir("clean", "--orphans", "--yes", code=2).err, "WEIR-PROJECT")
    assert DeltaTable.is_deltatable(p.uri("called"))


def test_folders_of_either_form_are_litter(folder):
    p = Project(folder, {"v": "SELECT 1 AS n"})
    p.run()
    before = kit.listing(p.folder / "lake" / "v")
    for name in ("01900000-0000-7000-8000-000000000000",
                 "01900000-0000-7000-8000-000000000001-0123abcd"):
        left = pathlib.Path(p.uri("v")) / name
        left.mkdir()
        (left / "00000.parquet").write_bytes(b"PAR1")
        os.utime(left / "00000.parquet", (1, 1))
    has(p.weir("clean", "--yes").out, "Removed 2")
    expect(kit.listing(p.folder / "lake" / "v"), before)
    has(p.weir("clean", "--older-than", "soon", code=2).err, "a duration, as 90m")


if __name__ == "__main__":
    kit.main(globals())
