#!/usr/bin/env python3
"""Reads every table of the golden set through `weir sql`: its rows, or the right refusal.

usage: run_golden.py [CASE-PART]; env WEIR_BUILD is the build folder (default: build),
WEIR_GOLDEN the golden set (default: ../shared/golden)
"""
# tests/run: timeout=240

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

import rows

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GOLDEN = pathlib.Path(os.environ.get("WEIR_GOLDEN") or ROOT.parent / "shared" / "golden").resolve()
WEIR = str(pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve() / "weir")

# What a refusal is called, by the `error_kind` of case.json; all other kinds are a broken log.
CODES = {
    "not_a_table": "TABLE-MISSING",
    "no_such_version": "VERSION-MISSING",
    "unsupported_reader_feature": "FEATURE-UNSUPPORTED",
    "unsupported_reader_version": "FEATURE-UNSUPPORTED",
    "missing_data_file": "FILE-MISSING",
    "missing_deletion_vector": "FILE-MISSING",
    "corrupt_data_file": "FILE-CORRUPT",
    "corrupt_deletion_vector": "FILE-CORRUPT",
    "corrupt_checkpoint": "LOG-CORRUPT",
    "corrupt_log_gap": "LOG-CORRUPT",
    "corrupt_log_incomplete_checkpoint": "LOG-CORRUPT",
    "corrupt_log_json": "LOG-CORRUPT",
    "corrupt_log_no_metadata": "LOG-CORRUPT",
    "corrupt_log_no_metadata_or_protocol": "LOG-CORRUPT",
    "corrupt_log_no_protocol": "LOG-CORRUPT",
    "bad_schema": "LOG-CORRUPT",
    "bad_column_mapping": "LOG-CORRUPT",
}
# Where a listing of the log shows the damage, nothing can be said of any version.
BROKEN_LISTING = {"corrupt_log_gap", "corrupt_log_incomplete_checkpoint"}
EXIT = collections.defaultdict(lambda: 1, {"TABLE-MISSING": 2, "VERSION-MISSING": 2})

# Readable tables whose feature the engine lacks: the first version that has it, and the name
# that each refusal must say.
UNSUPPORTED = {
    # The kernel reads variants, but Arrow's variant type has no SQL in the engine.
    "duckdb-variant-basic": (0, "variantType"),
    "spark-variant_table": (0, "variantType"),
    # The kernel does not know shredded variants.
    "deltaspark-variant-stats-nested-no-checkpoint": (0, "variantShredding-preview"),
    "deltaspark-variant-stats-state-reconstruction": (0, "variantShredding-preview"),
}

# Readable tables that are refused wrongly, with the code it gives and why: the kernel compares
# the paths of add and remove as text. Here one file is added as /path and removed as file:///path;
# without canonical paths the add seems alive, and its file is outside the table, where nothing is
# read. No rows are made up.
DEVIATIONS = {
    "golden-canonicalized-paths-normal-b": "FEATURE-UNSUPPORTED",
    "golden-canonicalized-paths-special-a": "FEATURE-UNSUPPORTED",
}

END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"  # of the Arrow IPC format


class Failure(Exception):
    pass


class Result:
    """What `weir sql` said."""

    def __init__(self, done):
        self.exit = done.returncode
        self.out = done.stdout
        self.err = done.stderr.decode("utf-8")
        said = re.match(r"error\[WEIR-([A-Z-]+)\]: ", self.err)
        self.code = said.group(1) if said else None

    def table(self):
        """The rows, where all went well."""
        if self.exit != 0:
            raise Failure(f"refused: {self.err.strip()}")
        if self.err:
            raise Failure(f"said: {self.err.strip()}")
        if not self.out.endswith(END_OF_STREAM):
            raise Failure("the stream does not end")
        return pa.ipc.open_stream(self.out).read_all()


def sql(tables, query, form):
    """Runs one query over {name: (path, version or None)}."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")}
    args = [f"--table={name}={path}" + ("" if version is None else f"@{version}")
            for name, (path, version) in tables.items()]
    done = subprocess.run([WEIR, "sql", *args, "--format", form, query], capture_output=True,
                          cwd=SCRATCH, env=env, stdin=subprocess.DEVNULL, timeout=60)
    return Result(done)


SCRATCH = tempfile.gettempdir()  # there is no project here


class Case:
    def __init__(self, name):
        self.name = name
        self.folder = GOLDEN / name
        self.table = self.folder / "table"
        self.facts = json.loads((self.folder / "case.json").read_text("utf-8"))

    def reads(self):
        """The latest version and every version listed: (version or None, what should be)."""
        yield None, self.facts
        for entry in self.facts["versions"]:
            yield entry["version"], entry

    def log_range(self):
        """The oldest and the newest version that the names in the log tell of."""
        names = [p.name for p in (self.table / "_delta_log").iterdir()]
        found = [int(n[:20]) for n in names if re.match(r"\d{20}\.(json|checkpoint\.)", n)]
        return min(found), max(found)

    def expected(self, entry):
        return pq.read_table(self.folder / entry["expected"])


def check_read(case, version, should):
    """One read of a table. Returns "read", "refused", "unsupported" or "deviation"."""
    result = sql({"t": (case.table, version)}, "SELECT * FROM t", "arrow")
    if case.name in DEVIATIONS and should.get("error_kind") != "no_such_version":
        same_code(result, DEVIATIONS[case.name])
        return "deviation"
    if should["read_should"] == "error":
        if result.exit == 0 and should.get("also_acceptable") == "ok":
            compare(case, should, result)
            return "read"
        check_refused(case, version, should, result)
        return "refused"
    since, feature = UNSUPPORTED.get(case.name, (None, None))
    if feature and (version is None or version >= since):
        same_code(result, "FEATURE-UNSUPPORTED")
        named(result, feature)
        return "unsupported"
    compare(case, should, result)
    return "read"


def compare(case, should, result):
    if "expected" not in should:
        # Only for versions below the damage of a broken log, and these are empty.
        if result.table().num_rows != 0:
            raise Failure(f"{result.table().num_rows} rows, and there is nothing to compare with")
        return
    found = rows.difference(result.table(), case.expected(should))
    if found:
        raise Failure(found)


def check_refused(case, version, should, result):
    kind = should["error_kind"]
    code = CODES.get(kind)
    if kind == "see spark_error":  # a table without columns
        code = "LOG-CORRUPT"
    if version is not None and kind not in BROKEN_LISTING:
        oldest, newest = case.log_range()
        if not oldest <= version <= newest:
            code = "VERSION-MISSING"
    if kind == "missing_data_file" and case.name in DEVIATIONS:
        code = DEVIATIONS[case.name]  # it has an absolute path
    if should.get("also_acceptable") == "ok" and result.code == "FILE-MISSING":
        code = "FILE-MISSING"  # the version could be read, were its files not gone
    same_code(result, code)
    check_output_cut(code, result)
    if code == "FILE-MISSING":
        check_missing_file(case, result)
    elif code == "VERSION-MISSING":
        named(result, f"version {version}")
    elif kind == "unsupported_reader_version":
        named(result, next(f"reader version {f.split()[1].split('/')[0]}"
                           for f in case.facts["features"] if f.startswith("protocol ")))
    elif kind == "unsupported_reader_feature":
        features = [f.split(":")[1] for f in case.facts["features"] if f.startswith("reader:")]
        if not any(f in result.err for f in features):
            raise Failure(f"names none of {features}: {result.err.strip()}")


def check_output_cut(code, result):
    """What is refused at once gives nothing; a scan that fails never ends its stream."""
    if result.out and not code.startswith("FILE-"):
        raise Failure(f"{len(result.out)} bytes came out before the refusal")
    if result.out.endswith(END_OF_STREAM):
        raise Failure("the stream ends as if it were whole")


def same_code(result, code):
    if result.code != code or result.exit != EXIT[code]:
        raise Failure(f"WEIR-{result.code} with exit code {result.exit}, not WEIR-{code} with "
                      f"{EXIT[code]}: {result.err.strip()}")


def named(result, text):
    if text not in result.err:
        raise Failure(f"does not name '{text}': {result.err.strip()}")


def check_missing_file(case, result):
    """The error names a file, and this one is really not there."""
    said = re.search(r"(?:the file |File not found: )(.+?)(?: is not there)?$", result.err, re.M)
    if not said:
        raise Failure(f"names no file: {result.err.strip()}")
    if (case.table / said.group(1)).exists():
        raise Failure(f"the file is there: {result.err.strip()}")


def check_queries(case):
    """The counts of all predicates of a case in one statement; each is a scan of its own."""
    queries = case.facts["queries"]
    parts = [f"SELECT {i} AS q, count(*) AS n FROM t WHERE {q['where']}"
             for i, q in enumerate(queries)]
    result = sql({"t": (case.table, None)}, " UNION ALL ".join(parts), "arrow")
    got = {row["q"]: row["n"] for row in result.table().to_pylist()}
    wrong = [f"{q['where']}: {got.get(i)}, not {q['count']}" for i, q in enumerate(queries)
             if got.get(i) != q["count"]]
    if wrong:
        raise Failure("; ".join(wrong))
    return "queries"


def check_star_table(case, name):
    table = case.facts["tables"][name]
    result = sql({"t": (case.folder / table["path"], None)}, "SELECT * FROM t", "arrow")
    compare(case, table, result)
    return "read"


def check_star_view(case, entry):
    """The rows that a full recomputation in Spark gives."""
    tables = {name: (case.folder / case.facts["tables"][name]["path"], version)
              for name, version in entry["at"].items()}
    result = sql(tables, case.facts["views"][entry["view"]], "arrow")
    found = rows.difference(result.table(), case.expected(entry), of_views=True)
    if found:
        raise Failure(found)
    return "view"


def checks(case):
    """All checks of a case as (label, function, arguments)."""
    if "tables" in case.facts:
        for name in case.facts["tables"]:
            yield f"{case.name} {name}", check_star_table, (case, name)
        for i, entry in enumerate(case.facts["view_results"]):
            yield f"{case.name} {entry['view']} {i}", check_star_view, (case, entry)
        return
    for version, should in case.reads():
        label = case.name + ("" if version is None else f"@{version}")
        yield label, check_read, (case, version, should)
    if case.facts.get("queries") and case.name not in UNSUPPORTED | DEVIATIONS:
        yield f"{case.name} queries", check_queries, (case,)


def check_index():
    """Every folder with a case.json is in the index, and every listed exception is a case."""
    index = {e["name"] for e in json.loads((GOLDEN / "index.json").read_text("utf-8"))}
    folders = {p.parent.name for p in GOLDEN.glob("*/case.json")}
    if index != folders or not (UNSUPPORTED | DEVIATIONS).keys() <= index:
        raise Failure(f"{sorted(index ^ folders)} or an exception is no case")
    return "index"


def run(job):
    label, function, args = job
    try:
        return label, function(*args), None
    except Failure as failure:
        return label, None, str(failure)


def main():
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    names = [e["name"] for e in json.loads((GOLDEN / "index.json").read_text("utf-8"))]
    cases = [Case(name) for name in names if part in name]
    jobs = [("index", check_index, ())] + [job for case in cases for job in checks(case)]
    outcomes, failed = collections.Counter(), 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for label, outcome, why in pool.map(run, jobs):
            if why:
                failed += 1
                print(f"FAIL {label}: {why}")
            outcomes[outcome] += 1
    print(f"{len(cases)} cases: {outcomes['read']} reads with the rows expected, "
          f"{outcomes['refused']} refused as they should be, {outcomes['unsupported']} refused "
          f"for a feature, {outcomes['deviation']} known deviations, {outcomes['queries']} sets "
          f"of predicates, {outcomes['view']} views")
    print(f"{len(jobs) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
