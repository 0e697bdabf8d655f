#!/usr/bin/env python3
"""Broken projects and calls, and the errors each gives: every case is a folder of bad/.

usage: run_bad.py [--update] [NAME-PART]; env WEIR_BUILD is the build folder

A case is copied, and the command run in the copy. Its `cmd` holds the arguments (default:
`plan`), with NAME=VALUE before them for the environment; the file `weir.yml` is the project, if
it is about one. The tables stand in ../lake of the copy. `expected.txt` is what the command
says: exit code, standard error, and standard output where there is any, with the places of this
machine taken out. --update writes it; read what changed as a user would.
"""
# tests/run: timeout=300

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent
REPO = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD") or REPO / "build").resolve()
WEIR = str(BUILD / "weir")
BAD = HERE / "bad"
AT_LEAST = 80

# The exit code of each error code.
CODES = {name: int(exit_code) for name, exit_code in re.findall(
    r"^WEIR_ERROR_ROW\((\w+), \d+, \w+, (\d+),",
    (REPO / "include/weir/errors.def").read_text(), re.M)}


# ---- tables ----

ORDERS = {"type": "struct", "fields": [
    {"name": "day", "type": "string", "nullable": True, "metadata": {}},
    {"name": "n", "type": "long", "nullable": True, "metadata": {}}]}


def write_log(table, version, *actions):
    log = table / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    (log / f"{version:020}.json").write_text("".join(
        (a if isinstance(a, str) else json.dumps(a)) + "\n" for a in actions))


def protocol(reader=1, writer=2, **features):
    return {"protocol": {"minReaderVersion": reader, "minWriterVersion": writer} | features}


def metadata(schema=ORDERS):
    return {"metaData": {"id": "00000000-0000-4000-8000-000000000001",
                         "format": {"provider": "parquet", "options": {}},
                         "schemaString": json.dumps(schema), "partitionColumns": [],
                         "configuration": {}, "createdTime": 1700000000000}}


def data_file(table, name, rows):
    table.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(rows, schema=pa.schema([("day", pa.string()), ("n", pa.int64())])),
                   table / name)
    return {"add": {"path": name, "partitionValues": {}, "size": (table / name).stat().st_size,
                    "modificationTime": 1700000000000, "dataChange": True}}


def make_lake(lake):
    """One good table of two versions, and one for each way to be broken."""
    orders = lake / "orders"
    write_log(orders, 0, protocol(), metadata(),
              data_file(orders, "a.parquet", {"day": ["mon", "tue"], "n": [0, 10]}))
    write_log(orders, 1, data_file(orders, "b.parquet", {"day": ["mon", None], "n": [1, 11]}))
    shutil.copytree(orders, lake / "gap")
    (lake / "gap/_delta_log/00000000000000000001.json").rename(
        lake / "gap/_delta_log/00000000000000000002.json")
    shutil.copytree(orders, lake / "cleaned")
    (lake / "cleaned/_delta_log/00000000000000000000.json").unlink()
    write_log(lake / "not_json", 0, protocol(), '{"metaData": {"id": ')
    write_log(lake / "no_protocol", 0, metadata())
    write_log(lake / "no_metadata", 0, protocol())
    write_log(lake / "feature", 0, protocol(
        3, 7, readerFeatures=["timeTravelToTheFuture"],
        writerFeatures=["timeTravelToTheFuture"]), metadata())
    write_log(lake / "future", 0, protocol(9, 9), metadata())
    lost = data_file(lake / "lost", "a.parquet", {"day": ["mon"], "n": [1]})
    write_log(lake / "lost", 0, protocol(), metadata(), lost)
    (lake / "lost/a.parquet").unlink()
    garbage = data_file(lake / "garbage", "a.parquet", {"day": ["mon"], "n": [1]})
    write_log(lake / "garbage", 0, protocol(), metadata(), garbage)
    (lake / "garbage/a.parquet").write_bytes(b"x" * garbage["add"]["size"])
    (lake / "plain").mkdir()
    shutil.copy(orders / "a.parquet", lake / "plain/a.parquet")


# ---- one case ----

def arguments(case):
    """The case's words: (environment, arguments)."""
    cmd = BAD / case / "cmd"
    words = shlex.split(cmd.read_text()) if cmd.exists() else ["plan"]
    env = {}
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        name, _, env[name] = words.pop(0).partition("=")
    return env, words


def call(folder, env, words):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")}
    return subprocess.run([WEIR, *words], cwd=folder, input="", capture_output=True, text=True,
                          timeout=60, env=clean | {"LC_ALL": "C.UTF-8"} | env)


def told(done, scratch):
    """What the command said, without what differs between machines and runs."""
    text = f"exit {done.returncode}\n{done.stderr}"
    if done.stdout:
        text += f"--- standard output\n{done.stdout}"
    text = text.replace(str(scratch), "/T")
    text = re.sub(r"\b\d+\.\d\ds\b", "0.00s", text)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)


def check_json(folder, env, words, done):
    """--format json tells of the same errors, one object per line."""
    if "WEIR_FORMAT" in env or any(w.startswith("--format") for w in words):
        return
    codes = re.findall(r"^(?:error|warning)\[(WEIR-[A-Z-]+)\]", done.stderr, re.M)
    again = call(folder, env | {"WEIR_FORMAT": "json"}, words)
    lines = [json.loads(line) for line in again.stderr.splitlines()]
    got = [(one.get("error") or one["warning"])["code"] for one in lines]
    assert (again.returncode, got) == (done.returncode, codes), \
        f"as JSON: exit {again.returncode}, {got}\nas text: exit {done.returncode}, {codes}"
    for line in again.stdout.splitlines():
        json.loads(line)


def check(case, scratch, update):
    """Runs one case; gives the codes of its errors, or raises what is wrong."""
    folder = scratch / case
    shutil.copytree(BAD / case, folder, ignore=shutil.ignore_patterns("cmd", "expected.txt"))
    env, words = arguments(case)
    done = call(folder, env, words)
    got = told(done, scratch)
    errors = re.findall(r"^error\[WEIR-([A-Z-]+)\]: ", done.stderr, re.M)
    assert errors and done.returncode != 0, f"there is no error in\n{got}"
    codes = {code.replace("-", "_") for code in errors}
    assert codes <= CODES.keys(), f"not in errors.def: {codes - CODES.keys()}"
    # What is broken before anything ran is wrong use, whatever the code says of a run.
    assert done.returncode in {CODES[c] for c in codes} | {2}, f"exit {done.returncode}"
    assert not (folder / "out").exists() or "run" in words, "planning wrote a table"
    path = BAD / case / "expected.txt"
    if update:
        path.write_text(got)
    assert path.exists(), f"there is no expected.txt; this is what the command says\n{got}"
    want = path.read_text()
    assert got == want, f"got\n{got}\nwant\n{want}"
    check_json(folder, env, words, done)
    return codes


def main():
    update = "--update" in sys.argv[1:]
    part = "".join(a for a in sys.argv[1:] if a != "--update")
    every = sorted(p.name for p in BAD.iterdir() if p.is_dir())
    cases = [c for c in every if part in c]
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="weir-bad-")).resolve()
    passed = failed = 0
    codes = set()
    try:
        make_lake(scratch / "lake")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            runs = {c: pool.submit(check, c, scratch, update) for c in cases}
            for case, run in runs.items():
                try:
                    codes |= run.result()
                    passed += 1
                except Exception as why:
                    failed += 1
                    print(f"FAIL {case}\n{why}\n")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"codes: {' '.join(sorted(codes))}")
    if len(every) < AT_LEAST:
        failed += 1
        print(f"FAIL: {len(every)} cases, and {AT_LEAST} were there")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
