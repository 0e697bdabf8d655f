#!/usr/bin/env python3
"""Functions of a project, written in SQL: which views are built again when one changes."""

import kit
from kit import expect, has


def shop(folder, text):
    kit.append(folder / "src", kit.numbers(6))
    p = kit.Project(folder, sources={"src": "./src"})
    p.view("uses", "SELECT k, scaled(k) AS a FROM src")
    p.view("reads", "SELECT sum(a) AS a FROM uses")
    p.view("aside", "SELECT max(k) AS top FROM src")
    functions(p, text)
    return p


def functions(p, text, name="numbers.sql"):
    folder = p.folder / "functions"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


BUILT = {"uses": "pass", "reads": "pass", "aside": "pass"}


def test_a_change_builds_what_calls_it(folder):
    p = shop(folder, "CREATE FUNCTION scaled(x BIGINT) RETURNS BIGINT RETURN x * 10;\n")
    expect(p.run().statuses(), BUILT)
    ks = list(range(6))
    expect(sorted(p.rows("uses")), [(k * 10, k) for k in ks])
    # Another layout of the same text, and a function that no view calls, change nothing.
    functions(p, "create function scaled(x bigint) -- same\nreturns bigint return x*10;\n"
                 "CREATE FUNCTION other(x TEXT) RETURN upper(x);\n")
    expect({a for a, _ in p.decisions().values()}, {"reuse"})
    functions(p, "CREATE FUNCTION factor() RETURN 3;\n", "a.sql")
    functions(p, "CREATE FUNCTION scaled(x BIGINT) RETURNS BIGINT RETURN x * factor();\n")
    expect({v: a for v, (a, _) in p.decisions().items()},
           {"uses": "full", "reads": "full", "aside": "reuse"})
    expect(p.run().statuses(), {"uses": "pass", "reads": "pass", "aside": "reused"})
    expect(p.rows("reads"), [(sum(ks) * 3,)])
    # One file further: the function that it was made with.
    functions(p, "CREATE FUNCTION factor() RETURN 4;\n", "a.sql")
    expect(p.run().statuses(), {"uses": "pass", "reads": "pass", "aside": "reused"})
    expect(p.rows("reads"), [(sum(ks) * 4,)])


def test_the_same_expression_is_the_same_plan(folder):
    p = shop(folder, "CREATE FUNCTION scaled(x BIGINT) RETURNS BIGINT RETURN x * 10;\n")
    p.run()
    p.view("uses", "SELECT k, CAST(CAST(k AS BIGINT) * 10 AS BIGINT) AS a FROM src")
    expect({a for a, _ in p.decisions().values()}, {"reuse"})


def test_queries_call_them_and_a_dropped_one_is_missed(folder):
    p = shop(folder, "CREATE FUNCTION scaled(x BIGINT) RETURNS BIGINT RETURN x * 10;\n")
    has(p.weir("sql", "SELECT scaled(4) AS a", "--format", "csv").out, "40")
    has(p.weir("functions").out, "scaled", "macro")
    functions(p, "DROP FUNCTION scaled;\n", "z.sql")
    has(p.weir("plan", code=2).err, "WEIR-UNKNOWN-FUNCTION", "scaled", "views/uses.sql:1:")


def test_what_a_plan_was_made_with_is_recorded(folder):
    p = shop(folder, "CREATE FUNCTION inner_one(x BIGINT) RETURN x + 1;\n"
                     "CREATE FUNCTION scaled(x BIGINT) RETURNS BIGINT RETURN inner_one(x) * 10;\n")
    p.view("sums", "SELECT g, sum(x) AS s, sum(k) AS n, count_if(k > 1) AS c, "
                   "max(stable_hash64(g)) AS h, max(named_struct('a', k) -> 'a') AS a "
                   "FROM src GROUP BY g")
    p.view("starred", "SELECT count(*) AS n, multiset_hash(*) AS h FROM src")
    p.view("met", "SELECT l.k FROM interval_align((SELECT 'a' AS path, k AS bstart, k + 1 AS bend, k "
                  "FROM src), (SELECT 'a' AS path, k AS bstart, k + 2 AS bend FROM src)) AS l")
    p.view("loose", "SELECT sum(x) AS s FROM src", "determinism: relaxed")
    p.run()
    rows = kit.lines(p.weir("sql", "--format", "json",
                            "SELECT view, rules, functions FROM weir.plans").out)
    made = {r["view"]: (r["rules"], r["functions"]) for r in rows}
    expect(made["uses"][0], "macro:inner_one,macro:scaled")
    expect(made["aside"], ("", "max"))
    expect(made["loose"], ("", "sum"))
    expect(made["sums"][0], "operator:->,replace:sum")
    expect([f for f in made["sums"][1].split(",") if f in
            ("count_if", "max", "stable_hash64", "sum", "sum_exact")],
           ["count_if", "max", "stable_hash64", "sum", "sum_exact"])
    expect((made["starred"][0], "multiset_hash" in made["starred"][1]), ("star:multiset_hash", True))
    has(made["met"][1], "interval_align")
    [tags] = [r["tags"] for r in kit.lines(
        p.weir("sql", "--format", "json",
               "SELECT tags FROM weir.plans WHERE view = 'sums'").out)]
    has(tags, "hash", "aggregate")


if __name__ == "__main__":
    kit.main(globals())
