#!/usr/bin/env python3
"""Projects with plug-ins: the example as its README shows it, what a changed library rebuilds,
and how errors name the place in weir.yml.

usage: run_plugin.py; env WEIR_BUILD is the build folder (default: build)
"""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve()
LIBRARIES = BUILD / "tests" / "plugins"


def run_docs():
    """The module that runs the examples of documents."""
    spec = importlib.util.spec_from_file_location("run_docs", ROOT / "tests/docs/run_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def weir(folder, *args, code=0):
    env = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")}
    done = subprocess.run([BUILD / "weir", *args], cwd=folder, env=env, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == code, f"weir {args}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout if code == 0 else done.stderr


def install(library, target):
    """As a compiler does: a new file under the name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(LIBRARIES / f"{library}.so", f"{target}.new")
    os.rename(f"{target}.new", target)


def project(folder, library="odd_good", plugins="[./lib/odd.so]", views=None):
    folder = pathlib.Path(folder)
    install(library, folder / "lib" / "odd.so")
    (folder / "weir.yml").write_text(f"name: p\nwarehouse: ./lake\nplugins: {plugins}\n")
    (folder / "views").mkdir(exist_ok=True)
    views = views or {
        "base": "SELECT value AS n FROM range(4)",
        "uses": "SELECT n, odd_plus(n) AS m FROM base",
        "uses_not": "SELECT n, n * 2 AS m FROM base",
        "aliased": "SELECT odd_one(x => n) AS m FROM base WHERE n > 1",
        "below": "SELECT sum(m) AS s FROM uses",
        "below_not": "SELECT sum(m) AS s FROM uses_not"}
    for name, sql in views.items():
        (folder / "views" / f"{name}.sql").write_text(sql + "\n")
    return folder


def decisions(folder):
    """view -> action of `weir plan`."""
    found = [json.loads(line) for line in weir(folder, "plan", "--format", "json").splitlines()]
    return {row["view"]: row["action"] for row in found if "view" in row}


def test_example(folder):
    """The README's commands, in a copy beside a link to the headers."""
    docs = run_docs()
    shutil.copytree(ROOT / "examples/plugin", folder / "examples/plugin",
                    ignore=shutil.ignore_patterns("lake", "plugins"))
    (folder / "include").symlink_to(ROOT / "include")
    readme = ROOT / "examples/plugin/README.md"
    shell = docs.Shell(str(folder / "examples/plugin"))
    blocks = [b for b in docs.blocks_of(readme) if b.mark == "test"]
    assert len(blocks) >= 2
    try:
        for block in blocks:
            docs.run_console(block, shell)
    finally:
        shell.close()


def luhn(text):
    """Luhn's method by its definition; None for what is no number of two digits."""
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) < 2 or not all("0" <= c <= "9" for c in digits):
        return None
    total = 0
    for place, c in enumerate(reversed(digits)):
        value = int(c) << (place & 1)
        total += sum(map(int, str(value)))
    return total % 10 == 0


def test_example_is_right(folder):
    """Against the method in Python, over numbers in columns and in literals."""
    import random
    numbers = random.Random(7)
    texts = ["", "0", "00", "1-1", "é0", "12345678901234567890"]
    texts += ["".join(numbers.choice("0123456789 -x"[:numbers.choice([10, 12, 13])])
                      for _ in range(numbers.randrange(1, 20))) for _ in range(500)]
    (folder / "plugins").mkdir()
    found = sorted((BUILD / "plugins").glob("*luhn*"))
    assert len(found) == 1, found
    (folder / "weir.yml").write_text(f"name: p\nwarehouse: ./lake\nplugins: [{found[0]}]\n")
    (folder / "views").mkdir()
    values = ", ".join(f"({i}, '{t}')" for i, t in enumerate(texts))
    (folder / "views" / "v.sql").write_text(
        f"SELECT column1 AS i, luhn_valid(column2) AS a, "
        f"luhn_valid(arrow_cast(column2, 'Utf8View')) AS b, "
        f"luhn_valid(arrow_cast(column2, 'LargeUtf8')) AS c FROM (VALUES {values})\n")
    weir(folder, "run")
    rows = [json.loads(line) for line in
            weir(folder, "sql", "SELECT * FROM v ORDER BY i", "--format", "json").splitlines()]
    assert len(rows) == len(texts)
    for row, text in zip(rows, texts):
        assert row["a"] == row["b"] == row["c"] == luhn(text), (text, row)
    assert {row["a"] for row in rows} == {True, False, None}


def test_changed_library_rebuilds_its_users_only(folder):
    project(folder)
    weir(folder, "run")
    assert set(decisions(folder).values()) == {"reuse"}
    assert weir(folder, "sql", "SELECT s FROM below", "--format", "csv") == "s\n10\n"
    install("odd_good_changed", folder / "lib/odd.so")
    got = decisions(folder)
    assert got["uses"] == got["aliased"] == "full", got
    assert got["base"] == got["uses_not"] == got["below_not"] == "reuse", got
    told = weir(folder, "plan")
    assert "function" in told, told
    weir(folder, "run")
    assert weir(folder, "sql", "SELECT s FROM below", "--format", "csv") == "s\n14\n"
    assert set(decisions(folder).values()) == {"reuse"}


def test_where_a_library_lies_does_not_count(folder):
    project(folder)
    weir(folder, "run")
    elsewhere = folder / "elsewhere.so"
    os.rename(folder / "lib/odd.so", elsewhere)
    text = (folder / "weir.yml").read_text().replace("./lib/odd.so", str(elsewhere))
    (folder / "weir.yml").write_text(text)
    assert set(decisions(folder).values()) == {"reuse"}


def test_functions_of_a_plugin_are_shown(folder):
    project(folder)
    listed = [json.loads(line) for line in
              weir(folder, "functions", "--format", "json").splitlines()]
    assert [f["kind"] for f in listed if f["name"] == "odd_plus"] == ["scalar"]
    assert {f["origin"] for f in listed if f["name"].startswith("odd_")} == {"plugin"}
    one = json.loads(weir(folder, "functions", "odd_one", "--format", "json"))
    assert (one["name"], one["origin"], one["tags"]) == ("odd_plus", "plugin", ["odd", "test"])
    assert one["arguments"][0]["doc"] == "a number", one


def test_the_manifest_is_in_the_records(folder):
    project(folder)
    weir(folder, "run")
    weir(folder, "run")
    rows = [json.loads(line) for line in weir(
        folder, "sql", "--format", "json", "SELECT p.* FROM weir.plugins AS p JOIN weir.runs AS r "
        "ON r.run_id = p.run_id").splitlines()]
    assert len(rows) == 1, "the second run wrote nothing"
    [row] = rows
    library = (folder / "lib/odd.so").resolve()
    assert (row["name"], row["path"]) == ("odd", str(library)), row
    assert row["functions"].startswith("odd_plus,odd_"), row
    assert row["version"] and row["build_id"] and row["abi"] and row["capabilities"], row
    assert len(row["content_hash"]) == 64, row
    [tags] = [json.loads(line)["tags"] for line in weir(
        folder, "sql", "--format", "json",
        "SELECT tags FROM weir.plans WHERE view = 'uses'").splitlines()]
    assert tags == "odd,test", tags
    install("odd_good_changed", folder / "lib/odd.so")
    weir(folder, "run")
    hashes = weir(folder, "sql", "--format", "csv", "SELECT count(DISTINCT content_hash), "
                  "count(*) FROM weir.plugins")
    assert hashes.splitlines()[1] == "2,2", hashes


def test_no_plugin_no_function(folder):
    project(folder, plugins="[]")
    told = weir(folder, "plan", code=2)
    assert "WEIR-UNKNOWN-FUNCTION" in told and "odd_plus" in told, told


def test_errors_have_the_place(folder):
    """All wrong plug-ins in one list, each at its line of weir.yml."""
    project(folder)
    install("odd_major", folder / "lib/major.so")
    install("none", folder / "lib/none.so")
    install("odd_of_weir", folder / "lib/of_weir.so")
    (folder / "weir.yml").write_text(
        "name: p\nwarehouse: ./lake\nplugins:\n- ./lib/major.so\n- lib/missing.so\n"
        "- ./lib/none.so\n- ./lib/odd.so\n- ./lib/of_weir.so\n")
    for command in (["plan"], ["run"]):
        told = weir(folder, *command, code=2)
        for line, words in ((4, "ABI 2.0, and this weir is of 1.0"), (5, "no such file"),
                            (6, "weir_plugin_v1"), (8, "weir's own stable_id")):
            assert f"weir.yml:{line}:3" in told and words in told, told
        assert "weir.yml:7" not in told and "4 errors" in told, told
    told = weir(folder, "sql", "SELECT 1", code=2)
    assert "weir.yml:4:3" in told and "WEIR-PLUGIN" in told, told


def test_failing_function_fails_its_view_only(folder):
    project(folder, views={
        "good": "SELECT odd_plus(value) AS m FROM range(3)",
        "bad": "SELECT odd_fails(value) AS m FROM range(3)",
        "worse": "SELECT odd_text_utf8(value) AS m FROM range(3)"})
    told = weir(folder, "run", code=1)
    assert "row 7 is on fire" in told and "WEIR-PLUGIN" in told, told
    assert weir(folder, "sql", "SELECT sum(m) AS s FROM good", "--format", "csv") == "s\n6\n"


def main():
    passed = failed = 0
    for name, test in sorted(globals().items()):
        if not name.startswith("test_"):
            continue
        with tempfile.TemporaryDirectory(prefix="weir-plugin-") as folder:
            try:
                test(pathlib.Path(folder))
                passed += 1
            except Exception:
                failed += 1
                print(f"FAIL {name}")
                traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
