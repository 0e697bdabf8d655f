"""What the measurements share: children with their times and peaks, places, tables of text."""

import os
import pathlib
import resource
import select
import statistics
import subprocess
import sys
import time

REPO = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", REPO / "build")).resolve()
WEIR = BUILD / "weir"
CACHE = pathlib.Path(
    os.environ.get("WEIR_CACHE")
    or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "weir"
)
# Generated data stays here between calls; it can be deleted.
DATA = CACHE / "bench"
PYTHON = str(CACHE / "venv/bin/python")
THREADS = int(os.environ.get("WEIR_BENCH_THREADS", "2"))


class Run:
    """One child: wall, user and system seconds, peak resident MB, its output."""

    def __init__(self, wall, usage, status, out):
        self.wall = wall
        self.user = usage.ru_utime
        self.sys = usage.ru_stime
        self.peak_mb = usage.ru_maxrss / 1024
        self.status = status
        self.out = out


def run(argv, env=None, cwd=None, check=True, stdout=None):
    """Runs a child to its end. Its peak is read from wait4, so it is its own alone."""
    argv = [str(a) for a in argv]
    read, write = os.pipe()
    begin = time.perf_counter()
    child = subprocess.Popen(
        argv, stdout=write if stdout is None else stdout, env=env, cwd=cwd
    )
    os.close(write)
    out = b""
    while True:
        piece = os.read(read, 1 << 20)
        if not piece:
            break
        out += piece
    os.close(read)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if check and child.returncode != 0:
        sys.stderr.write(out.decode(errors="replace"))
        raise SystemExit(f"{' '.join(argv)}: exit code {child.returncode}")
    return Run(wall, usage, child.returncode, out.decode(errors="replace"))


def first_byte(argv):
    """Seconds from spawning a child to the first byte it writes, or to its end."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    begin = time.perf_counter()
    pid = os.posix_spawn(
        str(argv[0]),
        [str(a) for a in argv],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_CLOSE, read)],
    )
    os.close(write)
    select.select([read], [], [])
    taken = time.perf_counter() - begin
    while os.read(read, 65536):
        pass
    os.close(read)
    os.waitpid(pid, 0)
    return taken


def middle(values):
    return statistics.median(values)


def ms(seconds):
    return f"{seconds * 1000:.1f} ms"


def verdict(value, budget):
    return "within" if value <= budget else "OVER"


def machine():
    """One line on the machine that the figures belong to."""
    cpu = "unknown CPU"
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {cpu}, {pages >> 30} GB; load {load:.1f} at the start"


def own_peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def build_driver(source, binary):
    """A C program on the public API, against the library of the build folder."""
    binary.parent.mkdir(parents=True, exist_ok=True)
    argv = ["cc", "-std=c17", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE"]
    argv += [f"-I{REPO / 'include'}", source, "-o", binary]
    argv += [f"-L{BUILD}", "-lweir", f"-Wl,-rpath,{BUILD}"]
    run(argv)
