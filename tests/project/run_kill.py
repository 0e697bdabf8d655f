#!/usr/bin/env python3
"""`kill -9` at 30 points of a run: readers see whole versions only, and a re-run ends as an
undisturbed run does.

Half of the runs start without any table, half from the tables of an older source. Points are
spread over the run's time, and some wait for a sign in the folder: a staged file, a commit, a
record.
"""
# tests/run: timeout=480

import glob
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

import kit
from kit import expect

ROWS = 400000
VIEWS = {
    "plain": ("key: [k]", "SELECT k, g, x, label FROM facts"),
    "parts": ("partition_by: [g]", "SELECT k, x, g FROM facts WHERE k % 2 = 0"),
    "sums": ("key: [g]", "SELECT g, sum(x) AS s, count(*) AS n FROM facts GROUP BY g"),
    "ordered": ("sort_by: [x]", "SELECT k, x, row_number() OVER (ORDER BY x, k) AS n FROM plain"),
    "joined": (None, "SELECT a.k, a.x, b.s FROM plain a JOIN sums b ON a.g = b.g"),
    "texts": (None, "SELECT k, upper(label) || g AS t FROM plain WHERE k % 3 = 0"),
    "tops": ("key: [g, n]", "SELECT g, n, k FROM (SELECT g, k, row_number() OVER "
             "(PARTITION BY g ORDER BY x DESC, k) AS n FROM joined_g) AS t WHERE n <= 100"),
    "joined_g": (None, "SELECT k, x, cast(k % 20 AS text) AS g FROM joined"),
    "counts": ('constraints: {some: "n > 0"}',
               "SELECT count(*) AS n, max(k) AS top FROM ordered"),
    "all_of_it": (None, "SELECT t.k, t.t, o.n FROM texts t JOIN ordered o ON t.k = o.k"),
}
LOG = re.compile(r"_delta_log/(\d{20}\.json|\d{20}\.checkpoint\.parquet|_last_checkpoint)")
RECORDS = ("runs", "tasks", "plans", "session_settings")


def facts(first, n):
    return pa.table(duckdb.sql(
        "SELECT range AS k, 'g' || (range * 7 % 50) AS g, (range * 7919 % 10007) / 8.0 AS x, "
        f"'label of ' || (range % 977) AS label FROM range({first}, {first + n})").to_arrow_table())


def digest(uri):
    """The rows as a multiset; None without a table."""
    if not kit.log_folder(uri).is_dir() or not DeltaTable.is_deltatable(str(uri)):
        return None
    data = DeltaTable(str(uri)).to_pyarrow_table()
    names = ", ".join(sorted(data.column_names))
    return names, duckdb.sql(f"SELECT count(*), sum(hash({names})::HUGEINT) FROM data").fetchall()


def digests(p):
    return {view: digest(p.uri(view)) for view in VIEWS}


def named_files(uri):
    """Every data file that some commit names."""
    found = set()
    for _, actions in kit.commits(uri):
        for action in actions:
            for kind in ("add", "remove"):
                if kind in action:
                    found.add(action[kind]["path"].replace("%3D", "="))
    return found


def strays(p):
    """Files below the views' folders that no commit names and the log has no use for."""
    found = set()
    for view in VIEWS:
        folder = pathlib.Path(p.uri(view))
        if folder.is_dir():
            files = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}
            found |= {f"{view}/{f}" for f in files - named_files(folder) if not LOG.fullmatch(f)}
    return found


def spawn(p):
    return subprocess.Popen([kit.WEIR, "run", "--threads", "2"], cwd=p.folder,
                            env=kit.environment(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def restore(p, start):
    shutil.rmtree(p.folder / "lake", ignore_errors=True)
    if start is not None:
        shutil.copytree(start, p.folder / "lake")


def appears(p, pattern, known):
    """glob finds names that begin with a dot where the pattern does."""
    return any(path not in known for path in glob.iglob(f"{p.folder}/lake/{pattern}"))


def kill_when(p, point, start):
    """Starts a run and kills it at the point; False: it had ended before."""
    restore(p, start)
    known = {path for path in glob.iglob(f"{p.folder}/lake/**", recursive=True)}
    process = spawn(p)
    if isinstance(point, float):
        try:
            process.wait(timeout=point)
        except subprocess.TimeoutExpired:
            pass
    else:
        deadline = time.monotonic() + 30
        while not appears(p, point, known) and process.poll() is None:
            assert time.monotonic() < deadline, f"{point} never came"
    alive = process.poll() is None
    if alive:
        os.kill(process.pid, signal.SIGKILL)
        alive = process.wait() == -signal.SIGKILL
    return alive


def check_after_kill(p, before, after, versions):
    """What a reader sees: of each view the old or the new version, whole."""
    done = set()
    for view in VIEWS:
        got = digest(p.uri(view))
        assert got in (before[view], after[view]), f"{view} is neither old nor new"
        if got is not None:
            version = DeltaTable(p.uri(view)).version()
            assert version - versions[view] in (0, 1), f"{view} is at {version}"
            if version == versions[view] + 1:
                done.add(view)
                expect(got, after[view], view)
    for record in RECORDS:
        folder = p.uri(f"_weir/{record}")
        if DeltaTable.is_deltatable(folder):
            DeltaTable(folder).to_pyarrow_table()
    return done


def check_clean(p, left, done):
    """clean removes what the dead run staged, and only that."""
    before = kit.listing(p.folder / "lake")
    asked = p.weir("clean", "--older-than", "0s", "--format", "json")
    expect(kit.listing(p.folder / "lake"), before, "without --yes nothing goes")
    p.weir("clean", "--older-than", "0s", "--yes")
    after = kit.listing(p.folder / "lake")
    gone = {path for path in before if path not in after and before[path] != "dir"}
    expect(gone, left, f"clean; the views done were {sorted(done)}\n{asked.out}")
    expect({k: v for k, v in after.items() if v != "dir"},
           {k: v for k, v in before.items() if v != "dir" and k not in gone})
    expect(strays(p), set())


def check_rerun(p, want, versions, done):
    run = p.run()
    expect({v for v, s in run.statuses().items() if s == "reused"}, done,
           "what was committed is not built again")
    expect(digests(p), want)
    for view in VIEWS:
        all_commits = kit.commits(p.uri(view))
        expect([v for v, _ in all_commits], list(range(versions[view] + 2)), view)
        keys = [kit.info(actions)["weir.result_key"] for _, actions in all_commits]
        expect(len(keys), len(set(keys)), f"a result of {view} is committed twice")
    expect(set(p.run().statuses().values()), {"reused"})


class Kills:
    """The project, how an undisturbed run ends, and how long it takes."""

    def __init__(self, folder):
        self.source = folder / "facts"
        kit.append(self.source, facts(0, ROWS))
        self.p = kit.Project(folder, sources={"facts": "table: ./facts, version: 0"})
        for view, (header, sql) in VIEWS.items():
            self.p.view(view, sql, header)
        self.p.run("--threads", "2")
        self.old = digests(self.p)
        self.start = folder / "start"
        shutil.copytree(folder / "lake", self.start)
        kit.append(self.source, facts(ROWS, 1000))
        self.p.write_yml({"facts": "./facts"})
        times = []
        for _ in range(2):
            restore(self.p, self.start)
            began = time.monotonic()
            expect(set(self.p.run("--threads", "2").statuses().values()), {"pass"})
            times.append(time.monotonic() - began)
        self.new = digests(self.p)
        assert all(self.old[v] != self.new[v] for v in VIEWS)
        expect(strays(self.p), set(), "an undisturbed run leaves nothing")
        self.seconds = min(times)
        self.phases = {"staging": 0, "between commits": 0, "records": 0}
        self.left = 0

    def kill(self, point, fresh):
        p = self.p
        start = None if fresh else self.start
        tries = 0
        while not kill_when(p, point, start):
            # On a busy machine the one who watches may look away for longer than a run takes.
            tries += 1
            assert tries < 20, f"the run ended {tries} times before {point} was seen"
            if isinstance(point, float):
                point *= 0.7
            elif "/.weir-" in point and tries > 1:
                point = self.seconds * 0.5  # a commit's temporary name lives for moments only
        before = {v: None for v in VIEWS} if fresh else self.old
        versions = {v: -1 if fresh else 0 for v in VIEWS}
        done = check_after_kill(p, before, self.new, versions)
        left = strays(p)
        self.left += len(left)
        phase = ("records" if len(done) == len(VIEWS) else
                 "between commits" if done else "staging")
        self.phases[phase] += 1
        check_clean(p, left, done)
        check_rerun(p, self.new, versions, done)


SIGNS = ["plain/*-*/*.parquet", "all_of_it/*-*/*.parquet", "sums/_delta_log/*.json",
         "plain/_delta_log/*", "joined/_delta_log/.weir-*", "all_of_it/_delta_log/*.json",
         "_weir/tasks/*-*", "_weir/runs/*-*", "_weir/tasks/_delta_log/*.json",
         "parts/*-*/*"]


def test_thirty_kills(folder):
    kills = Kills(folder)
    print(f"   an undisturbed run takes {kills.seconds:.2f} s")
    points = [kills.seconds * (0.04 + 0.92 * i / 19) for i in range(20)] + SIGNS
    random.Random(7).shuffle(points)
    for i, point in enumerate(points):
        try:
            kills.kill(point, fresh=i % 2 == 0)
        except AssertionError as e:
            raise AssertionError(f"kill {i} at {point}, {'fresh' if i % 2 == 0 else 'old'}\n{e}")
    print(f"   killed during {kills.phases}, {kills.left} staged files were left in all")
    expect(sum(kills.phases.values()), 30)
    assert min(kills.phases.values()) >= 2, kills.phases
    assert kills.left > 0, "no kill left a staged file: the points are wrong"


if __name__ == "__main__":
    kit.main(globals())
