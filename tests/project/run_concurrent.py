#!/usr/bin/env python3
"""Runs of one project at once: every table right, every result committed once, and a run that
is overtaken yields instead of putting older rows over newer ones.

A run is held still with SIGSTOP once it has staged a file, so that what happens meanwhile is
sure to happen meanwhile.
"""
# tests/run: timeout=300

import glob
import json
import os
import signal
import subprocess
import time

import duckdb
import pyarrow as pa

import kit
from kit import expect, has

ROWS = 100000
VIEWS = {
    "first": "SELECT k, g, x FROM facts WHERE k % 2 = 0",
    "sums": "SELECT g, sum(x) AS s, count(*) AS n FROM first GROUP BY g",
    "second": "SELECT k + 1 AS k, g FROM facts",
    "both": "SELECT a.k, a.g FROM first a JOIN second b ON a.k = b.k",
    "aside": "SELECT count(*) AS n FROM other",
}


def facts(first, n):
    return pa.table(duckdb.sql(
        f"SELECT range AS k, 'g' || (range % 7) AS g, range / 3.0 AS x "
        f"FROM range({first}, {first + n})").to_arrow_table())


def shop(folder):
    kit.append(folder / "facts", facts(0, ROWS))
    kit.append(folder / "other", kit.numbers(5))
    return kit.Project(folder, VIEWS, {"facts": "./facts", "other": "./other"})


def check_tables(p, n):
    """The rows as they come of n facts, and logs without gaps or doubles."""
    expect(p.table("first").to_pyarrow_table().num_rows, (n + 1) // 2)
    sums = {r[0]: r[1] for r in p.rows("sums")}
    expect(sums, {f"g{i}": len([k for k in range(i, n, 7) if k % 2 == 0]) for i in range(7)})
    expect(p.table("second").to_pyarrow_table()["k"].to_pylist().__len__(), n)
    expect(p.table("both").to_pyarrow_table().num_rows, (n - 1) // 2)
    expect(p.rows("aside"), [(5,)])
    for view in VIEWS:
        found = p.commits(view)
        expect([v for v, _ in found], list(range(len(found))), view)
        keys = [kit.info(actions)["weir.result_key"] for _, actions in found]
        expect(len(set(keys)), len(keys), f"a result of {view} is committed twice")


def spawn(p, *args):
    return subprocess.Popen([kit.WEIR, "run", "--format", "json", *args], cwd=p.folder,
                            env=kit.environment(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, code=0):
    out, err = process.communicate(timeout=100)
    expect(process.returncode, code, f"{out.decode()}\n{err.decode()}")
    return kit.Run(kit.Done(process.returncode, out.decode(), err.decode()))


class Held:
    """A run that stands still with a staged and uncommitted file of `view`."""

    def __init__(self, p, view, *args):
        before = set(glob.glob(p.uri(view) + "/*-*"))
        version = len(p.commits(view))
        self.process = spawn(p, "--threads", "1", *args)
        deadline = time.monotonic() + 30
        while not set(glob.glob(p.uri(view) + "/*-*")) - before:
            assert self.process.poll() is None and time.monotonic() < deadline, "never staged"
        os.kill(self.process.pid, signal.SIGSTOP)
        while not self.stopped():
            time.sleep(0.001)
        self.in_time = len(p.commits(view)) == version

    def stopped(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] == "T"

    def go_on(self, code=0):
        os.kill(self.process.pid, signal.SIGCONT)
        return finish(self.process, code)


def hold(p, view, *args):
    """Holds a run before it commits `view`; one that was too fast is let go, and its source
    moved, so that there is something to do again."""
    for _ in range(10):
        held = Held(p, view, *args)
        if held.in_time:
            return held
        held.go_on()
        kit.append(p.folder / "facts", facts(10 ** 6, 1))
    raise AssertionError("no run could be held in time")


# ---- at once ----

def at_once(p, n_runs, n_facts):
    runs = [finish(process) for process in [spawn(p) for _ in range(n_runs)]]
    for run in runs:
        assert run.summary["status"] == "ok", run.summary
        expect(run.summary["error"], 0)
        assert set(run.statuses().values()) <= {"pass", "reused", "warn", "skip"}, run.statuses()
    for view in VIEWS:
        passed = sum(run.statuses()[view] == "pass" for run in runs)
        assert passed <= 1, f"{view} was built {passed} times"
    check_tables(p, n_facts)
    expect(set(p.run().statuses().values()), {"reused"})
    check_tables(p, n_facts)
    return runs


def test_two_and_four_first_runs(folder):
    for n in (2, 4):
        at_once(shop(folder / str(n)), n, ROWS)


def test_two_and_four_later_runs(folder):
    p = shop(folder)
    p.run()
    rows = ROWS
    for n in (2, 4, 4):
        kit.append(folder / "facts", facts(rows, 1000))
        rows += 1000
        at_once(p, n, rows)
    expect({v: p.version(v) for v in VIEWS},
           {"first": 3, "sums": 3, "second": 3, "both": 3, "aside": 0})


def test_records_of_runs_at_once(folder):
    """Every run leaves its row."""
    p = shop(folder)
    runs = at_once(p, 4, ROWS)
    rows = p.table("_weir/runs").to_pyarrow_table()["run_id"].to_pylist()
    assert {r.run_id for r in runs} <= set(rows), "a run has no record"
    expect(len(rows), 5)


# ---- overtaken ----

def overtaken(folder, built):
    p = shop(folder)
    rows = ROWS
    if built:
        p.run()
        kit.append(folder / "facts", facts(rows, 500))
        rows += 500
    held = hold(p, "first")
    kit.append(folder / "facts", facts(rows, 1000))
    newer = p.run()
    expect({s for v, s in newer.statuses().items() if v != "aside"}, {"pass"})
    tables = {v: (p.version(v), p.rows(v)) for v in VIEWS}
    older = held.go_on()
    expect(older.statuses()["first"], "warn")
    assert set(older.statuses().values()) <= {"warn", "skip", "reused", "pass"}
    for view in ("first", "second", "both", "sums"):
        assert older.statuses()[view] in ("warn", "skip"), (view, older.statuses())
    expect(older.tasks["sums"]["reason"], "upstream first was superseded")
    expect(older.summary["status"], "ok")
    expect(older.summary["warn"] > 0, True)
    expect({w["code"] for w in older.warnings}, {"WEIR-SUPERSEDED"})
    has(older.warnings[0]["message"], "first", "superseded")
    expect({v: (p.version(v), p.rows(v)) for v in VIEWS}, tables, "older rows over newer ones")
    for view in VIEWS:
        named = {a[k]["path"] for _, actions in p.commits(view) for a in actions
                 for k in ("add", "remove") if k in a}
        expect(kit.data_files(p.uri(view)) - named, set(), "the run that yields cleans up")
    expect(set(p.run().statuses().values()), {"reused"})


def test_overtaken_first_run(folder):
    overtaken(folder, built=False)


def test_overtaken_later_run(folder):
    overtaken(folder, built=True)


def test_being_overtaken_can_count_as_an_error(folder):
    p = shop(folder)
    p.run()
    kit.append(folder / "facts", facts(ROWS, 500))
    held = hold(p, "first", "--warn-error")
    kit.append(folder / "facts", facts(ROWS + 500, 1000))
    p.run()
    older = held.go_on(code=1)
    expect(older.statuses()["first"], "warn")
    has(older.err, "WEIR-WARN-ERROR")


def test_overtaken_by_an_older_result(folder):
    """A run over older pins was faster: its result is not called newer, and the next run goes
    on."""
    p = shop(folder)
    p.run()
    kit.append(folder / "facts", facts(ROWS, 500))
    kit.append(folder / "facts", facts(ROWS + 500, 500))
    held = hold(p, "first")
    version = len(kit.commits(folder / "facts")) - 2
    p.write_yml({"facts": f"table: ./facts, version: {version}", "other": "./other"})
    expect(p.run().statuses()["first"], "pass")
    run = held.go_on()
    expect(run.statuses()["first"], "warn")
    has(run.warnings[0]["message"], "first: superseded by a result of older inputs")
    p.write_yml({"facts": "./facts", "other": "./other"})
    expect(p.run().statuses()["first"], "pass")
    assert p.table("second").to_pyarrow_table().num_rows >= ROWS + 1000
    expect(set(p.run().statuses().values()), {"reused"})


def test_two_names_of_one_table(folder):
    """Sources of one place share their pin while views start and commit at once."""
    kit.append(folder / "facts", facts(0, 200))
    views = {f"v{i:02}": f"SELECT a.k, b.g FROM facts a JOIN again b ON a.k = b.k WHERE a.k <> {i}"
             for i in range(24)}
    p = kit.Project(folder, views, {"facts": "./facts", "again": "./facts"})
    for _ in range(6):
        run = p.run("--full-refresh", "--threads", "4")
        expect(set(run.statuses().values()), {"pass"})
    want = {("facts", "file://" + str(folder / "facts"), 0),
            ("again", "file://" + str(folder / "facts"), 0)}
    for view in views:
        for _, actions in p.commits(view):
            inputs = json.loads(kit.info(actions)["weir.inputs"])
            expect({(i["name"], i["uri"], i["version"]) for i in inputs}, want, view)
            assert all(len(i["table_id"]) == 36 and i["writer_features"] is not None
                       for i in inputs), inputs


def test_the_same_result_meanwhile(folder):
    p = shop(folder)
    held = hold(p, "first")
    other = p.run()
    expect(set(other.statuses().values()) <= {"pass", "reused"}, True)
    versions = {v: p.version(v) for v in VIEWS}
    run = held.go_on()
    expect(run.tasks["first"]["status"], "reused")
    has(run.tasks["first"]["reason"], "another run")
    expect(set(run.statuses().values()) <= {"reused", "pass"}, True)
    expect(run.summary["warn"], 0)
    expect({v: p.version(v) for v in VIEWS}, versions)
    check_tables(p, ROWS)


def test_killed_while_another_runs(folder):
    """What a dead run staged is in nobody's way."""
    p = shop(folder)
    held = hold(p, "first")
    os.kill(held.process.pid, signal.SIGKILL)
    held.process.communicate()
    at_once(p, 2, ROWS)


def test_clean_takes_nothing_from_a_living_run(folder):
    p = shop(folder)
    held = hold(p, "first")
    unborn = kit.log_folder(p.uri("aside")) / ".weir-01a1fd64-93bf-7985-a8c3-42d1d3a95872.tmp"
    unborn.write_text("what a killed commit leaves")
    before = kit.listing(p.folder / "lake")
    for args in ((), ("--older-than", "0s"), ("--yes",)):  # a look says what would be done
        has(p.weir("clean", *args, code=1).err, "WEIR-LOCKED")
    expect(kit.listing(p.folder / "lake"), before)
    assert "pass" in set(held.go_on().statuses().values()) <= {"pass", "reused"}
    has(p.weir("clean").out, "Nothing to remove")  # too young
    has(p.weir("clean", "--older-than", "0s").out, "staged", unborn.name)
    done = p.weir("clean", "--older-than", "0s", "--yes")
    has(done.out, "Removed 1", unborn.name)
    assert not unborn.exists()
    has(p.weir("clean", "--yes").out, "Nothing to remove")


def test_foreign_rows_meanwhile(folder):
    """Somebody appends to a view's table while it is built: the build replaces these, too."""
    p = shop(folder)
    p.run()
    kit.append(folder / "facts", facts(ROWS, 500))
    held = hold(p, "first")
    kit.append(p.uri("first"), facts(5 * 10 ** 6, 3))
    version = p.version("first")
    run = held.go_on()
    expect(run.statuses()["first"], "pass")
    expect(p.version("first"), version + 1)
    want = {k for k in range(0, ROWS + 500, 2)}
    got = set(p.table("first").to_pyarrow_table()["k"].to_pylist())
    assert got - want <= {10 ** 6} and want <= got, "rows of the append stayed, or rows are lost"
    expect(p.decisions()["first"], ("reuse", ""))


def test_taken_over_meanwhile(folder):
    """Somebody makes a table of that name while the first build is prepared."""
    p = shop(folder)
    held = hold(p, "first")
    kit.append(p.uri("first"), facts(0, 3))
    before = [v for v, _ in p.commits("first")]
    run = held.go_on(code=1)
    expect(run.tasks["first"]["error"]["code"], "WEIR-NOT-OURS")
    expect([v for v, _ in p.commits("first")], before)
    expect(p.table("first").to_pyarrow_table().num_rows, 3)


if __name__ == "__main__":
    kit.main(globals())
