"""What the project suites share: build a project in a folder, run the command, look at tables.

Sources are written by the `deltalake` package and tables are read back with it, so that nothing
here believes what weir says of itself. A suite is a file of functions `test_*`; each takes a
fresh folder.
"""

import collections
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import traceback

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve()
WEIR = str(BUILD / "weir")

Done = collections.namedtuple("Done", "code out err")


# ---- the command ----

def environment(more=None):
    """The caller's, without what would change the command."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("WEIR_", "AWS_"))}
    env.pop("NO_COLOR", None)
    env.update({"LC_ALL": "C.UTF-8"}, **(more or {}))
    return env


def weir(*args, cwd, code=0, env=None, timeout=100):
    """Runs the command and checks its exit code (None: any)."""
    done = subprocess.run([WEIR, *map(str, args)], cwd=cwd, env=environment(env),
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert code is None or done.returncode == code, \
        f"weir {' '.join(map(str, args))}: exit {done.returncode}, not {code}\n{out}\n{err}"
    return Done(done.returncode, out, err)


def lines(text):
    return [json.loads(line) for line in text.splitlines() if line]


class Run:
    """What `weir run --format json` said."""

    def __init__(self, done):
        self.code, self.err = done.code, done.err
        self.events = lines(done.out)
        self.tasks = {e["view"]: e for e in self.events if e["event"] == "task_finished"}
        self.warnings = [e for e in self.events if e["event"] == "warning"]
        last = self.events[-1] if self.events else {}
        self.summary = last if last.get("event") == "run_finished" else {}
        self.run_id = self.summary.get("run_id")

    def statuses(self):
        return {v: t["status"] for v, t in self.tasks.items()}


# ---- a project ----

class Project:
    def __init__(self, folder, views=None, sources=None, name="shop", yml=""):
        self.folder = pathlib.Path(folder)
        self.name, self.sources, self.yml = name, dict(sources or {}), yml
        (self.folder / "views").mkdir(parents=True, exist_ok=True)
        self.write_yml()
        for view, text in (views or {}).items():
            self.view(view, text)

    def write_yml(self, sources=None, yml=None):
        self.sources = self.sources if sources is None else dict(sources)
        self.yml = self.yml if yml is None else yml
        text = f"name: {self.name}\nwarehouse: ./lake\n"
        if self.sources:
            text += "sources:\n"
            for name, options in self.sources.items():
                text += f"  {name}: {{{options if ':' in options else 'table: ' + options}}}\n"
        (self.folder / "weir.yml").write_text(text + self.yml)

    def view(self, name, sql, header=None):
        text = f"/* weir\n{header}\n*/\n" if header else ""
        (self.folder / "views" / f"{name}.sql").write_text(text + sql + "\n")

    def remove_view(self, name):
        (self.folder / "views" / f"{name}.sql").unlink()

    def weir(self, *args, **more):
        return weir(*args, cwd=self.folder, **more)

    def plan(self, *args, code=0, **more):
        """view -> its object"""
        done = self.weir("plan", "--format", "json", *args, code=code, **more)
        return {p["view"]: p for p in lines(done.out)}

    def decisions(self, *args, **more):
        return {v: (p["action"], p["reason"]) for v, p in self.plan(*args, **more).items()}

    def run(self, *args, code=0, **more):
        return Run(self.weir("run", "--format", "json", *args, code=code, **more))

    def uri(self, view):
        return str(self.folder / "lake" / view)

    def table(self, view, version=None):
        return DeltaTable(self.uri(view), version=version)

    def rows(self, view, version=None):
        return rows_of(self.table(view, version))

    def version(self, view):
        return self.table(view).version()

    def commits(self, view):
        return commits(self.uri(view))


def append(path, table, **more):
    write_deltalake(str(path), table, mode="append", **more)


def overwrite(path, table, **more):
    write_deltalake(str(path), table, mode="overwrite", **more)


def numbers(n, start=0):
    """A small table: k counts, g is one of three, x is a float."""
    ks = range(start, start + n)
    return pa.table({"k": pa.array(ks, pa.int64()), "g": pa.array([f"g{k % 3}" for k in ks]),
                     "x": pa.array([k * 0.1 for k in ks], pa.float64())})


# ---- looking ----

def exact(value):
    """Comparable and hashable, floats by their bits."""
    if isinstance(value, float):
        return ("f", struct.pack("<d", value))
    if isinstance(value, list):
        return tuple(exact(v) for v in value)
    if isinstance(value, dict):
        return tuple((k, exact(v)) for k, v in value.items())
    return (type(value).__name__, value)


def multiset(rows):
    return collections.Counter(tuple(exact(v) for v in row) for row in rows)


def rows_of(table):
    """Rows as tuples, in a fixed order."""
    data = table.to_pyarrow_table()
    names = sorted(data.column_names)
    rows = list(zip(*(data[n].to_pylist() for n in names))) if names else []
    return sorted(rows, key=lambda row: [sortable(v) for v in row])


def sortable(value):
    if isinstance(value, (bool, int, float)):
        return (1, value)
    return (0, "") if value is None else (2, str(value))


def log_folder(uri):
    return pathlib.Path(uri) / "_delta_log"


def commits(uri):
    """[(version, actions)] of the JSON commits, oldest first."""
    found = sorted(p for p in log_folder(uri).glob("*.json") if len(p.stem) == 20)
    return [(int(p.stem), [json.loads(s) for s in p.read_text().splitlines()]) for p in found]


def info(actions):
    return next((a["commitInfo"] for a in actions if "commitInfo" in a), {})


def edit_last_commit(uri, **texts):
    """Rewrites texts of the newest commit's commitInfo, as another writer of the log might."""
    path = sorted(p for p in log_folder(uri).glob("*.json") if len(p.stem) == 20)[-1]
    out = []
    for text in path.read_text().splitlines():
        action = json.loads(text)
        if "commitInfo" in action:
            for key, value in texts.items():
                assert f"weir.{key}" in action["commitInfo"], f"no weir.{key} in the commit"
                action["commitInfo"][f"weir.{key}"] = value
        out.append(json.dumps(action, separators=(",", ":")))
    path.write_text("\n".join(out) + "\n")


def listing(folder):
    """Every file and folder below, with size and time of change."""
    folder = pathlib.Path(folder)
    found = {}
    for path in sorted(folder.rglob("*")):
        stat = path.stat()
        name = str(path.relative_to(folder))
        found[name] = "dir" if path.is_dir() else (stat.st_size, stat.st_mtime_ns)
    return found


def data_files(uri):
    """Paths of Parquet files in the folder, relative to the table."""
    uri = pathlib.Path(uri)
    return {str(p.relative_to(uri)) for p in uri.rglob("*.parquet")
            if "_delta_log" not in p.parts}


def expect(got, want, what=""):
    assert got == want, f"{what}\n   got {got!r}\n  want {want!r}"


def has(text, *pieces):
    for piece in pieces:
        assert piece in text, f"{piece!r} is not in\n{text}"


# ---- running a suite ----

def main(names):
    """Runs the test_* functions of a module's globals; an argument picks by part of a name."""
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="weir-project-"))
    passed = failed = 0
    for name, test in list(names.items()):
        if not name.startswith("test_") or part not in name:
            continue
        folder = scratch / name
        folder.mkdir()
        started = time.monotonic()
        try:
            test(folder)
            passed += 1
            print(f"ok {name} ({time.monotonic() - started:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(scratch, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)
