#!/usr/bin/env python3
"""Functions of texts over whole batches, where plain stretches, blanks, nulls and texts that are not
ASCII alternate, beside unicodedata and plain Python: kernels take plain texts by the block.

usage: run_blocks.py; env WEIR_BUILD is the build folder (default: build)
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unicodedata

import deltalake
import pyarrow as pa
import pyarrow.ipc

ROOT = pathlib.Path(__file__).resolve().parents[3]
WEIR = pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve() / "weir"
ROWS = 20000
WHITE = "[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"


def text(i):
    if i % 17 == 3:
        return None
    if i % 1300 < 40:
        return f"  Ab  cD\t{i} "
    for every, at, value in ((2900, 5, f"Ünï ﬁ {i}\u2003"), (501, 1, "   "), (777, 2, ""),
                             (999, 7, "\u00a0"), (613, 9, f"two words {i}"), (1117, 4, f"a.b{i}")):
        if i % every == at:
            return value
    return f"p.{i}" if 9000 < i < 12000 else f"Name_{i}" + "Z" * (i % 23)


def module(i):
    return None if i % 5 == 0 else " " if i % 7 == 0 else "Mod  É" if i % 11 == 0 else f" Pkg.M{i % 9}"


def trim(s):
    return re.sub(f"^{WHITE}|{WHITE}$", "", s)


def normal(s, lower=True, collapse=True):
    s = unicodedata.normalize("NFKC", trim(s))
    s = s.lower() if lower else s
    return trim(re.sub(WHITE, " ", s)) if collapse else s


def name(s, before, lower):
    s, before = normal(s, lower), normal(before or "", lower)
    return s if not s or not before or "." in s else f"{before}.{s}"


# the call on y (a text) and n (a module), and what a row is
CALLS = {
    "utf8_normalize(y)": lambda k, y, n: normal(y),
    "utf8_normalize(y, casefold => false)": lambda k, y, n: normal(y, lower=False),
    "utf8_normalize(y, collapse_ws => false)": lambda k, y, n: normal(y, collapse=False),
    "utf8_null_if_blank(y)": lambda k, y, n: trim(y),
    "qname_normalize(y)": lambda k, y, n: name(y, None, True),
    "qname_normalize(y, n)": lambda k, y, n: name(y, n, True),
    "qname_normalize(y, n, 'python')": lambda k, y, n: name(y, n, False),
    "qname_normalize(y, ' Top.Mod ')": lambda k, y, n: name(y, " Top.Mod ", True),
    "qname_normalize(y, n, CASE WHEN k % 2 = 0 THEN 'Python' ELSE 'c' END)":
        lambda k, y, n: name(y, n, k % 2 == 1),
}


def column(folder, call, layout):
    sql = (f"SELECT k, {call} AS x FROM (SELECT k, arrow_cast(y, '{layout}') AS y,"
           f" arrow_cast(n, '{layout}') AS n FROM t) AS q ORDER BY k")
    done = subprocess.run([WEIR, "sql", "--table", f"t={folder}", "--format", "arrow", sql],
                          cwd="/", capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[:800]
    with pa.ipc.open_stream(done.stdout) as stream:
        return stream.read_all().column("x").to_pylist()


def main():
    passed = failed = 0
    texts, modules = [text(i) for i in range(ROWS)], [module(i) for i in range(ROWS)]
    with tempfile.TemporaryDirectory(prefix="weir-blocks-") as folder:
        deltalake.write_deltalake(folder, pa.table({"k": range(ROWS), "y": texts, "n": modules}))
        for call, model in CALLS.items():
            want = [None if y is None else model(k, y, n) or None
                    for k, (y, n) in enumerate(zip(texts, modules))]
            for layout in ("Utf8", "LargeUtf8", "Utf8View"):
                got = column(folder, call, layout)
                wrong = [k for k in range(ROWS) if got[k] != want[k]] if len(got) == ROWS else [0]
                if wrong:
                    failed += 1
                    k = wrong[0]
                    print(f"FAIL {call} over {layout}: {len(wrong)} rows; of {texts[k]!r}, {modules[k]!r}: "
                          f"{got[k]!r}, not {want[k]!r}")
                else:
                    passed += 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed


if __name__ == "__main__":
    raise SystemExit(1 if main() else 0)
