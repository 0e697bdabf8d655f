#!/usr/bin/env python3
"""The function table beside everything that tells of functions: information_schema, the
command, udf_registry() and udf_docs(), docs/functions.md and docs/function-quality.md; and
every documented example beside its documented result.

usage: run_functions.py [NAME-PART]; env WEIR_BUILD is the build folder (default: build)
"""
# tests/run: timeout=240

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback

import deltalake
import pyarrow as pa

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve()


class Weir:
    def __init__(self, folder):
        self.table = str(pathlib.Path(folder, "t"))
        deltalake.write_deltalake(self.table, pa.table({"x": [1]}))
        # The table of the examples: one file of three rows.
        deltalake.write_deltalake(f"{self.table}/orders", pa.table({"id": [1, 2, 3]}))

    def command(self, *args):
        done = subprocess.run([BUILD / "weir", *args], cwd=self.table, capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, done.stdout[:500] + done.stderr[:800]
        return done.stdout

    def rows(self, sql):
        out = self.command("sql", "--table", f"t={self.table}", "--format", "json", sql)
        return [json.loads(line) for line in out.splitlines()]

    def shown(self, sql):
        """The only value of a statement as the command prints it in a table."""
        out = self.command("sql", "--table", f"t={self.table}", "--format", "text", sql)
        lines = [line for line in out.splitlines() if line.startswith("│")]
        assert len(lines) == 2 and lines[0].strip("│ ") == "x", out
        return lines[1].strip("│ ")


def table():
    out = subprocess.run([BUILD / "function_table"], capture_output=True, text=True, check=True)
    return {f["name"]: f for f in map(json.loads, out.stdout.splitlines())}


def by_name(rows, key):
    found = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found


# ---- information_schema ----

KINDS = {"scalar": "SCALAR", "aggregate": "AGGREGATE", "window": "WINDOW", "table": "TABLE"}
IN_ROUTINES = ("scalar", "aggregate", "window")


def listed_types(f):
    """Whether information_schema has its types: the engine has no example of a list, a map or a
    struct. Any other type is shown as text."""
    return not f["engine"] and not any(p["class"] in (6, 7, 8, 10) for p in f["parameters"])


def needs_literal(f):
    """The engine asks for the type of a call without its values."""
    return any(p["literal"] and not p["optional"] for p in f["parameters"])


def check_routine(f, routines):
    """A name of the function has one routine at least, and all say what the table does."""
    for name in [f["name"]] + f["aliases"]:
        rows = routines.get(name)
        if rows is None and name != f["name"]:
            continue  # whether aliases have rows of their own is the engine's matter
        assert rows, f"information_schema.routines has no {name}"
        for row in rows:
            assert row["function_type"] == KINDS[f["kind"]], row
            assert row["is_deterministic"] == (f["volatility"] == "immutable"), row
            if f["engine"]:
                continue
            assert row["description"] == f["description"], row
            assert row["syntax_example"] == f["syntax"], row
        # Exact sums refuse the text that stands for any type.
        exact = name.endswith("_exact")
        if listed_types(f) and not needs_literal(f) and not exact:
            assert any(row["data_type"] for row in rows), rows


def check_parameters(f, parameters):
    rows = parameters.get(f["name"], [])
    named = {}
    for row in rows:
        if row["parameter_mode"] == "IN":
            named.setdefault(row["ordinal_position"], set()).add(row["parameter_name"])
    wanted = {p["position"]: {p["name"]} for p in f["parameters"]}
    if listed_types(f):
        assert set(named) == set(wanted), f"parameters are {named}, in the table {wanted}"
    for position, names in named.items():
        assert f["engine"] or names <= wanted.get(position, {f["parameters"][-1]["name"], None}), \
            f"parameter {position} is {names}, in the table {wanted}"


# ---- the command ----

def of_kind(rows, f, where):
    """The one row of the function; a scalar of the engine may have the name of a table function."""
    found = [r for r in rows.get(f["name"], []) if r["kind"] == f["kind"]]
    assert len(found) == 1, f"{where} has {len(found)} rows of the {f['kind']} {f['name']}"
    return found[0]


def check_command(f, listed, weir):
    row = of_kind(listed, f, "weir functions")
    # A name of weir for a function of the engine has that one's name beside it.
    renamed = [f["engine"]] if f["engine"] and f["engine"] != f["name"] else []
    wanted = (f["volatility"], sorted(f["aliases"] + renamed))
    assert (row["volatility"], sorted(row["aliases"])) == wanted, f"{row} is not {wanted}"
    told = [json.loads(line) for line in
            weir.command("functions", f["name"], "--format", "json").splitlines()]
    told = of_kind(by_name(told, "name"), f, f"weir functions {f['name']}")
    assert told["description"] == f["description"] and told["syntax"] == f["syntax"], told


# ---- udf_registry() and udf_docs() ----

def check_registry(f, rows):
    row = of_kind(rows, f, "udf_registry()")
    assert row["volatility"] == f["volatility"], row
    renamed = [f["engine"]] if f["engine"] and f["engine"] != f["name"] else []
    assert sorted(row["aliases"]) == sorted(f["aliases"] + renamed), row
    assert row["parameter_names"] == [p["name"] for p in f["parameters"]], row
    assert row["short_circuits"] == f["short_circuits"], row


def check_udf_docs(f, rows):
    row = of_kind(rows, f, "udf_docs()")
    for key, want in (("section", f["section"]), ("syntax", f["syntax"]),
                      ("description", f["description"]), ("sql_example", statement(f)),
                      ("argument_names", [p["name"] for p in f["parameters"]]),
                      ("argument_descriptions", [p["doc"] for p in f["parameters"]])):
        assert row[key] == want, f"{key} of udf_docs() is {row[key]!r}, not {want!r}"


# ---- documents ----

def check_page(f, text):
    section = text.split(f"\n## {f['name']}\n", 1)
    assert len(section) == 2, "docs/functions.md has no section"
    section = section[1].split("\n## ", 1)[0]
    for part in (f"`{f['syntax']}`", f["description"], f"`{f['example']}`"):
        assert part in section, f"docs/functions.md does not say {part}"
    assert not f["example_result"] or f"`{f['example_result']}`" in section


def check_quality(f, text):
    rows = [line for line in text.splitlines() if line.startswith(f"| `{f['name']}` |")]
    assert len(rows) == 1, "docs/function-quality.md has no row"
    cells = [c.strip() for c in rows[0].strip("|").split("|")]
    assert cells[1:3] == [f["kind"], f["volatility"]], cells


def statement(f):
    whole = f["example"].upper().startswith(("SELECT", "WITH"))
    return f["example"] if whole else f"SELECT {f['example']}"


def plain(value):
    """Nested values as the documentation writes them: without quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {plain(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(plain, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def check_example(f, weir):
    """An expression, or a whole statement; tables that it names are not there to be read."""
    if not f["example_result"]:
        assert f["kind"] in ("table", "relation"), "an example without a result"
        return
    got = weir.shown(f"SELECT * FROM ({statement(f)}) AS t(x)")
    if got[:1] in "{[":
        got = plain(json.loads(got))
    assert got == f["example_result"], f"{f['example']} gives {got!r}, not {f['example_result']!r}"


def tests(weir):
    functions = table()
    routines = by_name(weir.rows("SELECT DISTINCT routine_name, function_type, data_type, "
                                 "is_deterministic, description, syntax_example "
                                 "FROM information_schema.routines"), "routine_name")
    parameters = by_name(weir.rows("SELECT DISTINCT specific_name, ordinal_position, "
                                   "parameter_name, parameter_mode "
                                   "FROM information_schema.parameters"), "specific_name")
    listed = by_name(map(json.loads, weir.command(
        "functions", "--format", "json").splitlines()), "name")
    page = (ROOT / "docs" / "functions.md").read_text("utf-8")
    quality = (ROOT / "docs" / "function-quality.md").read_text("utf-8")
    has = set(functions)
    for name, f in functions.items():
        if f["kind"] in IN_ROUTINES:
            yield f"routine {name}", lambda f=f: check_routine(f, routines)
            yield f"parameters {name}", lambda f=f: check_parameters(f, parameters)
        yield f"command {name}", lambda f=f: check_command(f, listed, weir)
        yield f"page {name}", lambda f=f: check_page(f, page)
        yield f"quality {name}", lambda f=f: check_quality(f, quality)
        yield f"example {name}", lambda f=f: check_example(f, weir)
    if "udf_registry" in has:
        registry = by_name(weir.rows("SELECT * FROM udf_registry()"), "name")
        docs = by_name(weir.rows("SELECT * FROM udf_docs()"), "name")
        for name, f in functions.items():
            yield f"udf_registry {name}", lambda f=f: check_registry(f, registry)
            yield f"udf_docs {name}", lambda f=f: check_udf_docs(f, docs)

    def nothing_else():
        stray = sorted(set(listed) - has)
        assert not stray, f"weir functions lists what the table has not: {stray}"
    yield "the command lists nothing else", nothing_else


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="weir-functions-") as folder:
        for name, body in tests(Weir(folder)):
            if wanted not in name:
                continue
            try:
                body()
                passed += 1
            except Exception as why:  # noqa: BLE001: every failure is told, and the rest runs
                failed += 1
                if not isinstance(why, AssertionError):
                    traceback.print_exc(file=sys.stdout)
                print(f"FAIL {name}\n  " + str(why)[:900].replace("\n", "\n  "), flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
