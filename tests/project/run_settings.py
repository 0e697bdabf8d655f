#!/usr/bin/env python3
"""Settings of functions: a changed one rebuilds the views that reach a function that reads it."""

import kit
from kit import expect, has

REUSE = ("reuse", "")


def spans(folder, yml=""):
    kit.append(folder / "src", kit.numbers(4))
    p = kit.Project(folder, sources={"src": "./src"}, yml=yml)
    p.view("spans", "SELECT k, span_make(k, k + 1)['line_base'] AS b FROM src")
    p.view("hashes", "SELECT k, stable_hash64(g) AS h FROM src")
    p.view("below", "SELECT count(*) AS n, max(b) AS top FROM spans")
    return p


def base(n):
    return f"settings: {{weir.functions.span_default_line_base: {n}}}\n"


def test_only_views_that_read_it_are_rebuilt(folder):
    p = spans(folder)
    expect(p.run().statuses(), {"spans": "pass", "hashes": "pass", "below": "pass"})
    expect({b for b, _ in p.rows("spans")}, {0})
    p.write_yml(yml=base(0))  # the default, written out
    expect(p.decisions(), {"spans": REUSE, "hashes": REUSE, "below": REUSE})
    p.write_yml(yml=base(1))
    want = {"spans": ("full", "functions changed"), "hashes": REUSE,
            "below": ("full", "upstream spans changed")}
    expect(p.decisions(), want)
    run = p.run()
    expect({v: (t["action"], t["reason"]) for v, t in run.tasks.items()}, want)
    expect({b for b, _ in p.rows("spans")}, {1})
    expect(p.rows("below"), [(4, 1)])
    expect({a for a, _ in p.decisions().values()}, {"reuse"})
    p.write_yml(yml="settings: {weir.functions.map_normalize_sort_keys: false}\n")
    expect(p.decisions()["hashes"], REUSE)


def test_a_normal_form_rebuilds_what_normalises(folder):
    p = spans(folder)
    p.view("texts", "SELECT k, utf8_normalize(g || 'ﬁ') AS t FROM src")
    p.run()
    p.write_yml(yml="settings: {weir.functions.utf8_normalize_form: NFC}\n")
    want = {"spans": REUSE, "hashes": REUSE, "below": REUSE, "texts": ("full", "functions changed")}
    expect(p.decisions(), want)
    run = p.run()
    expect({v: t["status"] for v, t in run.tasks.items()},
           {v: "reused" if w == REUSE else "pass" for v, w in want.items()})
    expect([t for _, t in p.rows("texts")][:1], ["g0ﬁ"])


def test_another_setting_rebuilds_nothing(folder):
    p = spans(folder)
    p.run()
    p.write_yml(yml="settings: {weir.functions.utf8_normalize_form: NFC}\n")
    expect(p.decisions(), {"spans": REUSE, "hashes": REUSE, "below": REUSE})


def test_the_session_shows_them(folder):
    p = spans(folder, yml=base(7))
    said = p.weir("sql", "SELECT name, value FROM information_schema.df_settings "
                  "WHERE name LIKE 'weir.functions.%' ORDER BY name", "--format", "csv").out
    has(said, "weir.functions.span_default_line_base,7",
        "weir.functions.utf8_normalize_form,NFKC")
    expect(len(said.strip().splitlines()), 9)


def test_what_is_wrong_is_said_at_its_place(folder):
    p = spans(folder, yml=base("many"))
    has(p.weir("plan", code=2).err, "WEIR-BAD-VALUE", "span_default_line_base", "many")
    p.write_yml(yml="settings:\n  weir.functions.utf8_normalise_form: NFC\n")
    has(p.weir("plan", code=2).err, "WEIR-UNKNOWN-KEY", "weir.yml:6:3",
        "did you mean weir.functions.utf8_normalize_form")
    p.write_yml(yml="settings: {datafusion.execution.batch_size: 10}\n")
    has(p.weir("plan", code=2).err, "WEIR-UNKNOWN-KEY", "the engine's settings are fixed")


if __name__ == "__main__":
    kit.main(globals())
