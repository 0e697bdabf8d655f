#!/usr/bin/env python3
"""What the machine refuses: disks, folders, threads. Each is told by its name, and a run that is
made again ends as if nothing had been."""
# tests/run: timeout=300

import os
import pathlib
import resource
import signal
import struct
import subprocess

import kit
from kit import expect, has

NOBODY = 65534


def project(folder, rows=200_000):
    kit.append(folder / "src", kit.numbers(rows))
    return kit.Project(folder, {"v": "SELECT k, k * 7919 % 1000003 AS h, g, x FROM src"},
                       sources={"src": "./src"})


def run(p, *args, before=None, env=None, timeout=60):
    """The command with something done to the process before it starts."""
    done = subprocess.run([kit.WEIR, "run", "--format", "json", *args], cwd=p.folder,
                          env=kit.environment(env), stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=timeout, preexec_fn=before)
    return kit.Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def error_of(done, view="v"):
    return next(e for e in kit.lines(done.out)
                if e["event"] == "task_finished" and e["view"] == view)["error"]


def passes(p, rows):
    """A run without the fault, and the table it leaves."""
    expect(p.run().statuses(), {"v": "pass"})
    expect(p.table("v").to_pyarrow_table().num_rows, rows)


# ---- disks ----

def limit_files(n):
    def before():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n, n))
    return before


def check_disk(error, why):
    expect(error["code"], "WEIR-IO")
    has(error["message"], "cannot write '", "/lake/v/", "/00000.parquet': " + why)
    assert "panic" not in str(error).lower(), error


def test_a_file_that_grows_too_large(folder):
    p = project(folder)
    done = run(p, before=limit_files(100 << 10))
    expect(done.code, 1)
    error = error_of(done)
    check_disk(error, "File too large")
    has(error["hint"], "ulimit -f")
    assert "WEIR-PANIC" not in done.out + done.err, done
    passes(p, 200_000)


def test_a_large_file_that_grows_too_large(folder):
    """Above ten megabytes a file is written in parts, while rows still come."""
    p = kit.Project(folder, {"v": "SELECT value AS k, sha256(arrow_cast(value, 'Utf8')) AS h "
                                  "FROM range(0, 600000)"})
    done = run(p, before=limit_files(11 << 20))
    expect(done.code, 1)
    check_disk(error_of(done), "File too large")
    left = {f for f in (folder / "lake" / "v").rglob("*") if f.is_file()}
    expect(left, set())
    passes(p, 600_000)


def test_a_full_disk(folder):
    p = project(folder)
    lake = folder / "lake"
    lake.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(lake)],
                      capture_output=True).returncode != 0:
        print("   cannot mount here", flush=True)
        return
    try:
        done = run(p)
        expect(done.code, 1)
        error = error_of(done)
        check_disk(error, "No space left on device")
        has(error["hint"], "free space")
        subprocess.run(["mount", "-o", "remount,size=64m", str(lake)], check=True)
        passes(p, 200_000)
    finally:
        subprocess.run(["umount", str(lake)], check=False)


def test_a_folder_of_somebody_else(folder):
    p = project(folder, 1000)
    passes(p, 1000)
    kit.append(folder / "src", kit.numbers(10, 1000))
    for path in [folder.parent.parent, folder.parent, folder, *folder.rglob("*")]:
        if path.is_dir() and path != pathlib.Path("/"):
            path.chmod(path.stat().st_mode | 0o055)

    def nobody():
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    before = kit.listing(folder / "lake" / "v")
    done = run(p, before=nobody, env={"HOME": "/"})
    if done.code == 126 or "cannot load" in done.out + done.err:
        print("   the build cannot be read by others", flush=True)
        return
    expect(done.code, 1)
    error = error_of(done)
    expect(error["code"], "WEIR-IO")
    has(error["message"], "/lake/v", "Permission denied")
    has(error["hint"], "permissions")
    expect(kit.listing(folder / "lake" / "v"), before)
    passes(p, 1010)


# ---- folders for spilling ----

def test_no_folder_for_spilling_is_needed(folder):
    p = project(folder, 1000)
    none = folder / "none" / "tmp"
    for place in (none, "/proc/self/fdinfo", "/dev/null"):
        done = run(p, "--select", "v", env={"TMPDIR": str(place)})
        expect(done.code, 0, done)
        kit.append(folder / "src", kit.numbers(10))
    assert not none.parent.exists()


def test_a_folder_for_spilling_that_is_not_there(folder):
    p = kit.Project(folder, {"v": "SELECT count(r) AS n FROM (SELECT row_number() OVER (ORDER BY "
                                  "(value * 7919) % 1000003, value) AS r FROM range(0, 3000000))"})
    none = folder / "none"
    done = run(p, "--memory", "32MB", "--threads", "4", env={"TMPDIR": str(none)})
    expect(done.code, 1)
    error = error_of(done)
    expect(error["code"], "WEIR-SPILL")
    has(error["message"], f"cannot spill to '{none}': No such file or directory")
    has(error["hint"], "TMPDIR", "spill_dir", "--memory")
    assert not none.exists()
    none.mkdir()
    done = run(p, "--memory", "32MB", "--threads", "4", env={"TMPDIR": str(none)})
    expect(done.code, 0, done)
    expect(p.rows("v"), [(3_000_000,)])
    expect(list(none.iterdir()), [])


def test_the_limit_of_spilling(folder):
    p = kit.Project(folder, {"v": "SELECT count(r) AS n FROM (SELECT row_number() OVER (ORDER BY "
                                  "(value * 7919) % 1000003, value) AS r FROM range(0, 3000000))"},
                    yml="profiles: {small: {memory: 32MB, threads: 4, spill_limit: 1MB, "
                        f"spill_dir: '{folder}'}}}}\n")
    done = run(p, "--profile", "small")
    expect(done.code, 1)
    error = error_of(done)
    expect(error["code"], "WEIR-SPILL")
    has(error["message"], f"cannot spill to '{folder}'", "limit")
    expect([f for f in folder.iterdir() if f.name.startswith(("datafusion", "weir-"))], [])


# ---- threads ----

def test_threads_that_cannot_be_had_do_not_hang(folder):
    """An address space that ends somewhere between the first thread and the last."""
    p = project(folder, 1000)
    passes(p, 1000)
    seen = set()
    for kilobytes in range(200_000, 1_000_000, 25_000):
        def before(n=kilobytes << 10):
            resource.setrlimit(resource.RLIMIT_AS, (n, n))
        done = run(p, before=before, timeout=60)  # a hang is a failure
        if "WEIR-THREADS" in done.out + done.err:
            seen.add("threads")
            has(done.out + done.err, "threads for the engine", "ulimit -u")
        seen.add("passed" if done.code == 0 else "failed")
    assert {"passed", "failed"} <= seen, seen
    passes_again = p.run()
    expect(passes_again.statuses(), {"v": "reused"})


# ---- files ----

def test_a_footer_that_is_longer_than_its_file(folder):
    p = project(folder, 1000)
    file = folder / "src" / next(iter(kit.data_files(folder / "src")))
    data = bytearray(file.read_bytes())
    for length in (len(data), len(data) * 2, 0x7fffffff, len(data) - 8 + 1):
        struct.pack_into("<I", data, len(data) - 8, length)
        file.write_bytes(data)
        done = run(p)
        expect(done.code, 1)
        expect(error_of(done)["code"], "WEIR-FILE-CORRUPT", length)


def test_damaged_files_are_never_a_panic(folder):
    """Bytes of the metadata changed one at a time: numbers that lead out of the file, and such."""
    p = project(folder, 2000)
    file = folder / "src" / next(iter(kit.data_files(folder / "src")))
    good = file.read_bytes()
    footer = struct.unpack("<I", good[-8:-4])[0]
    start = len(good) - 8 - footer
    codes = {}
    for at in range(start, start + min(footer, 600), 7):
        bad = bytearray(good)
        bad[at] ^= 0x41
        file.write_bytes(bad)
        done = run(p, "--full-refresh")
        assert "WEIR-PANIC" not in done.out + done.err, (at, done)
        code = error_of(done)["code"] if done.code else "ok"
        codes[code] = codes.get(code, 0) + 1
        file.write_bytes(good)
    assert codes.get("WEIR-FILE-CORRUPT", 0) > 5, codes


# ---- names ----

def test_fields_that_differ_only_in_case(folder):
    p = kit.Project(folder, {"v": "SELECT 1 AS k, named_struct('a', 1, 'A', 2) AS s",
                             "w": "SELECT [named_struct('b', named_struct('x', 1, 'X', 2))] AS s"})
    done = p.weir("plan", code=2)
    has(done.out + done.err, "WEIR-OUTPUT-NAME", "a struct in output column 's' has two fields 'A'",
        "two fields 'X'", "give one of the fields another name")
    assert "WEIR-LOG-CORRUPT" not in done.out + done.err


def test_folders_that_no_store_takes(folder):
    for name in ("new\nline", "tab\there", b"by\xfftes".decode("utf-8", "surrogateescape")):
        inside = folder / name
        inside.mkdir()
        p = kit.Project(inside, {"v": "SELECT 1 AS a"})
        done = p.weir("plan", code=2)
        has(done.out + done.err, "WEIR-BAD-VALUE", "control character", "rename the folder")


if __name__ == "__main__":
    kit.main(globals())
