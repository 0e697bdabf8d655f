#!/usr/bin/env python3
# tests/run: timeout=300
"""What `weir plan` and `weir run` decide for each view, and the reason they give."""

import json
import shutil

from deltalake import DeltaTable, Field
from deltalake.schema import PrimitiveType

import kit
from kit import expect, has

BUILT = {"one": "pass", "two": "pass", "aside": "pass"}


def shop(folder, yml="", one="SELECT k, g, x FROM src", header=None):
    """src -> one -> two, and other -> aside."""
    kit.append(folder / "src", kit.numbers(10))
    kit.append(folder / "other", kit.numbers(5))
    p = kit.Project(folder, sources={"src": "./src", "other": "./other"}, yml=yml)
    p.view("one", one, header)
    p.view("two", "SELECT g, count(*) AS n FROM one GROUP BY g")
    p.view("aside", "SELECT max(k) AS top FROM other")
    return p


def built(folder, **more):
    p = shop(folder, **more)
    expect(p.run().statuses(), BUILT)
    return p


REUSE = ("reuse", "")
UPSTREAM = ("full", "upstream one changed")


def decided(p, *args, one=REUSE, two=REUSE, aside=REUSE, run=True, rows=None):
    """`plan` says so, writing nothing; `run` does so; after it all is reused."""
    want = {"one": one, "two": two, "aside": aside}
    before = kit.listing(p.folder)
    versions = {v: p.version(v) for v in want}
    expect(p.decisions(*args), want)
    expect(kit.listing(p.folder), before, "plan wrote something")
    if not run:
        return None
    done = p.run(*args)
    expect({v: (t["action"], t["reason"]) for v, t in done.tasks.items()}, want)
    worked = {v: a != "reuse" for v, (a, _) in want.items()}
    expect(done.statuses(), {v: "pass" if w else "reused" for v, w in worked.items()})
    expect({v: p.version(v) for v in want}, {v: versions[v] + worked[v] for v in want})
    if rows is not None:
        expect(p.rows("one"), rows)
    again = [a for a in args if a not in ("--full-refresh",)]
    expect({a for a, _ in p.decisions(*again).values()}, {"reuse"})
    return done


# ---- never built, and nothing to do ----

def test_never_built(folder):
    p = shop(folder)
    before = kit.listing(folder)
    full = ("full", "never built")
    plan = p.plan()
    expect({v: (e["action"], e["reason"]) for v, e in plan.items()},
           {"one": full, "two": full, "aside": full})
    expect(list(plan), sorted(plan, key=["aside", "one", "two"].index), "upstream first")
    expect(kit.listing(folder), before)
    assert not (folder / "lake").exists(), "plan made the warehouse"
    keys = {v: (e["plan"], e["result_key"]) for v, e in plan.items()}
    assert all(len(d) == 64 for pair in keys.values() for d in pair), keys
    expect(p.run().statuses(), BUILT)
    expect({v: (e["plan"], e["result_key"]) for v, e in p.plan().items()}, keys,
           "the first plan and the later ones are alike")
    for view in BUILT:
        said = kit.info(p.commits(view)[-1][1])
        expect((said["weir.plan_digest"], said["weir.result_key"]), keys[view])


def test_reused(folder):
    p = built(folder)
    decided(p)


def test_plan_text(folder):
    p = shop(folder)
    out = p.weir("plan").out
    has(out, "never built", "3 to build, 0 to reuse.", "critical path")
    p.run()
    has(p.weir("plan").out, "0 to build, 3 to reuse.")
    has(p.weir("run").out, "Done. PASS=0 REUSED=3 WARN=0 ERROR=0 SKIP=0 TOTAL=3")


def test_project_of_no_sources(folder):
    p = kit.Project(folder, {"only": "SELECT 1 AS k"})
    expect(p.run().statuses(), {"only": "pass"})
    expect(p.decisions(), {"only": REUSE})


# ---- the query ----

def test_plan_changed(folder):
    p = built(folder)
    p.view("one", "SELECT k, g, x FROM src WHERE k > 1")
    decided(p, one=("full", "plan changed"), two=UPSTREAM)
    p.view("one", "SELECT k, g, x FROM src WHERE k > 2")
    decided(p, one=("full", "plan changed"), two=UPSTREAM)
    p.view("two", "SELECT g, count(*) + 1 AS n FROM one GROUP BY g")
    decided(p, two=("full", "plan changed"))


def test_formatting_and_comments(folder):
    p = built(folder)
    p.view("one", "-- as before\nselect  k,\n  g, /* x stays */ x\nFROM src\n", None)
    p.view("two", "SELECT one.g AS g, COUNT(*) AS n FROM one GROUP BY one.g")
    p.view("aside", "SELECT max(k) AS top FROM other;")
    decided(p)


def test_comment_with_formatting_is_reused_without_a_commit(folder):
    p = built(folder)
    p.view("one", "SELECT /* a */ k, g, x FROM src")
    before = {v: p.version(v) for v in BUILT}
    expect(p.run().statuses(), {v: "reused" for v in BUILT})
    expect({v: p.version(v) for v in BUILT}, before)


def test_names_are_in_no_key(folder):
    """Another name for a source, an alias or a table expression changes no key."""
    p = built(folder, one="WITH t AS (SELECT a.k AS k, a.g AS g, a.x AS y FROM src AS a) "
                          "SELECT k, g, y AS x FROM t")
    keys = {v: e["result_key"] for v, e in p.plan().items()}
    p.write_yml({"wares": "./src", "other": "./other"})
    p.view("one", "WITH w AS (SELECT s.k AS k, s.g AS g, s.x AS z FROM wares AS s) "
                  "SELECT k, g, z AS x FROM w")
    decided(p)
    expect({v: e["result_key"] for v, e in p.plan().items()}, keys)


def test_renamed_view(folder):
    """A new table of the new name; what reads it is reused, for its rows are the same."""
    p = built(folder)
    (folder / "views" / "one.sql").rename(folder / "views" / "uno.sql")
    p.view("two", "SELECT g, count(*) AS n FROM uno GROUP BY g")
    expect(p.decisions(), {"uno": ("full", "never built"), "two": REUSE, "aside": REUSE})
    expect(p.run().statuses(), {"uno": "pass", "two": "reused", "aside": "reused"})
    expect(p.rows("uno"), p.rows("one"), "the old table stays until it is cleaned")
    expect(kit.info(p.commits("uno")[0][1])["weir.result_key"],
           kit.info(p.commits("one")[0][1])["weir.result_key"])


# ---- digests recorded by another weir ----

def test_functions_changed(folder):
    p = built(folder, one="SELECT k, upper(g) AS g, x FROM src")
    kit.edit_last_commit(p.uri("one"), functions_digest="0" * 64, plan_digest="1" * 64,
                         planning_key="2" * 64, result_key="3" * 64)
    # The result is the same again, so what reads it stands.
    decided(p, one=("full", "functions changed"))


def test_settings_changed(folder):
    p = built(folder)
    kit.edit_last_commit(p.uri("one"), settings_digest="0" * 64, planning_key="2" * 64,
                         result_key="3" * 64)
    decided(p, one=("full", "settings changed"))


def test_planning_key_alone(folder):
    """A planning key that differs asks for planning, and the plan says that nothing moved."""
    p = built(folder)
    kit.edit_last_commit(p.uri("one"), planning_key="2" * 64)
    decided(p)


# ---- the contract ----

def test_contract_rebuilds(folder):
    p = built(folder, header="description: first")
    for header in ("key: [k]", "key: [k]\npartition_by: [g]",
                   "key: [k]\npartition_by: [g]\nsort_by: [x]",
                   "key: [k]\npartition_by: [g]\nsort_by: [x]\n"
                   "columns: {k: {type: int64, not_null: true}, g: string, x: float64}"):
        p.view("one", "SELECT k, g, x FROM src", header)
        decided(p, one=("full", "contract changed"), two=UPSTREAM)
    expect(p.table("one").metadata().partition_columns, ["g"])


def test_contract_adjusts(folder):
    p = built(folder)
    for header in ("description: Rows.", 'description: Rows.\nconstraints: {ok: "k >= 0"}',
                   'constraints: {ok: "k >= 0"}\nproperties: {team.name: blue}', None):
        was = p.table("one").file_uris()
        p.view("one", "SELECT k, g, x FROM src", header)
        decided(p, one=("adjust", "contract changed"))
        expect(p.table("one").file_uris(), was, "no row is written again")
        actions = p.commits("one")[-1][1]
        assert not [a for a in actions if "add" in a or "remove" in a], actions
        meta = p.table("one").metadata()
        expect(meta.description or None, "Rows." if header and "Rows" in header else None)
        expect(meta.configuration.get("team.name"), "blue" if header and "blue" in header else None)
        expect(meta.configuration["weir.owner"], "shop/one")


def test_contract_and_rows_at_once(folder):
    """New rows and a new description come in one commit."""
    p = built(folder)
    kit.append(folder / "src", kit.numbers(2, 10))
    p.view("one", "SELECT k, g, x FROM src", "description: Rows.")
    decided(p, one=("full", "input src moved from version 0 to 1"), two=UPSTREAM)
    expect(p.table("one").metadata().description, "Rows.")


# ---- parameters ----

def test_parameter_changed(folder):
    yml = "parameters:\n  low: {type: int64, default: 2}\n  high: {type: int64, default: 7}\n"
    p = shop(folder, yml=yml, one="SELECT k, g, x FROM src WHERE k >= $low")
    p.view("aside", "SELECT max(k) AS top FROM other WHERE k < $high")
    expect(p.run().statuses(), BUILT)
    decided(p, "--param", "low=2")
    decided(p, "--param", "low=5", one=("full", "parameter low changed"), two=UPSTREAM)
    expect(sorted(r[1] for r in p.rows("one")), [5, 6, 7, 8, 9])
    decided(p, "--param", "low=5", "--param", "high=1",
            aside=("full", "parameter high changed"))
    decided(p, "--param", "low:null", "--param", "high=1",
            one=("full", "parameter low changed"), two=UPSTREAM)


def test_run_date_is_a_parameter(folder):
    p = shop(folder, yml="parameters:\n  day: {type: date, default: run_date}\n",
             one="SELECT k, g, x, $day AS day FROM src")
    expect(p.run("--now", "2026-01-02T03:04:05Z").statuses(), BUILT)
    expect(p.decisions("--now", "2026-01-02T23:00:00Z")["one"], REUSE)
    expect(p.decisions("--now", "2026-01-03T00:00:00Z")["one"],
           ("full", "parameter day changed"))


# ---- inputs ----

def test_input_moved(folder):
    p = built(folder)
    kit.append(folder / "src", kit.numbers(1, 10))
    kit.append(folder / "src", kit.numbers(1, 11))
    decided(p, one=("full", "input src moved from version 0 to 2"), two=UPSTREAM)
    for _ in range(2):
        kit.append(folder / "src", kit.numbers(1, 12))
    # A commit of the view's own lies between: the versions are the source's.
    decided(p, one=("full", "input src moved from version 2 to 4"), two=UPSTREAM)


def test_pinned_version(folder):
    p = built(folder)
    kit.append(folder / "src", kit.numbers(1, 10))
    p.write_yml({"src": "table: ./src, version: 0", "other": "./other"})
    decided(p)
    p.write_yml({"src": "table: ./src, version: 1", "other": "./other"})
    decided(p, one=("full", "input src moved from version 0 to 1"), two=UPSTREAM)
    p.write_yml({"src": "table: ./src, version: 0", "other": "./other"})
    decided(p, one=("full", "input src moved from version 1 to 0"), two=UPSTREAM)


def test_another_table(folder):
    p = built(folder)
    kit.append(folder / "src2", kit.numbers(10))
    p.write_yml({"src": "./src2", "other": "./other"})
    decided(p, one=("full", "input src is another table"), two=UPSTREAM)
    # The same place, but somebody made the table anew.
    shutil.rmtree(folder / "src2")
    kit.append(folder / "src2", kit.numbers(10))
    decided(p, one=("full", "input src is another table"), two=UPSTREAM)


def test_moved_table_is_the_same(folder):
    """The URI is in no key: a table that was copied elsewhere is the same table."""
    p = built(folder)
    shutil.copytree(folder / "src", folder / "elsewhere")
    p.write_yml({"src": "./elsewhere", "other": "./other"})
    decided(p)


TXN = {"txn": {"appId": "loader", "version": 7}}


def diverged(folder):
    """Two copies of one table that went different ways, and then got one last commit."""
    kit.append(folder / "a", kit.numbers(3))
    shutil.copytree(folder / "a", folder / "b")
    kit.append(folder / "a", kit.numbers(10, 100))
    kit.append(folder / "b", kit.numbers(20, 200))
    commit(folder / "a", TXN)
    commit(folder / "b", TXN)


def test_two_copies_with_one_last_commit(folder):
    diverged(folder)
    p = kit.Project(folder, {"one": "SELECT k FROM src", "two": "SELECT count(*) AS n FROM one"},
                    {"src": "./a"})
    p.run()
    another = {"one": ("full", "input src is another table"), "two": UPSTREAM}
    for place, n in (("./b", 23), ("./a", 13), ("./b", 23)):
        p.write_yml({"src": place})
        expect(p.decisions(), another, place)
        expect(p.run().statuses(), {"one": "pass", "two": "pass"})
        expect(p.rows("two"), [(n,)])
        expect(set(p.decisions().values()), {REUSE})
    # A copy of the same files is the same table, wherever it is.
    shutil.copytree(folder / "b", folder / "c")
    p.write_yml({"src": "./c"})
    expect(set(p.decisions().values()), {REUSE})


def test_another_copy_put_in_its_place(folder):
    diverged(folder)
    p = kit.Project(folder, {"one": "SELECT k FROM src", "two": "SELECT count(*) AS n FROM one"},
                    {"src": "./a"})
    p.run()
    expect(set(p.decisions().values()), {REUSE})
    shutil.rmtree(folder / "a")
    shutil.copytree(folder / "b", folder / "a")
    expect(p.decisions(), {"one": ("full", "input src is another table"), "two": UPSTREAM})
    p.run()
    expect(p.rows("two"), [(23,)])
    expect(set(p.decisions().values()), {REUSE})


def test_new_input(folder):
    p = built(folder)
    p.view("two", "SELECT o.g, count(*) AS n FROM one o JOIN other t ON o.k = t.k GROUP BY o.g")
    decided(p, two=("full", "plan changed"))


def test_upstream_changed_but_rows_are_the_same(folder):
    """Keys tell what was asked for, not what came out."""
    p = built(folder)
    p.view("one", "SELECT k, g, x FROM src WHERE k > -1")
    decided(p, one=("full", "plan changed"), two=UPSTREAM)


def test_maintained_source(folder):
    p = shop(folder)
    for k in range(10, 14):
        kit.append(folder / "src", kit.numbers(1, k))
    expect(p.run().statuses(), BUILT)
    DeltaTable(str(folder / "src")).optimize.compact()
    expect(DeltaTable(str(folder / "src")).version(), 5)
    decided(p, one=("reuse", "maintained"))
    # Rows that come after it count.
    kit.append(folder / "src", kit.numbers(1, 14))
    decided(p, one=("full", "input src moved from version 4 to 6"), two=UPSTREAM)


def test_maintained_after_it_went_another_way(folder):
    """A copy from before, other rows at the recorded version, and an OPTIMIZE on top of those:
    it moved by maintenance alone, but not from what was recorded."""
    p = kit.Project(folder, {"one": "SELECT k FROM src"}, {"src": "./src"})
    kit.append(folder / "src", kit.numbers(3))
    shutil.copytree(folder / "src", folder / "saved")
    kit.append(folder / "src", kit.numbers(10, 100))
    p.run()
    shutil.rmtree(folder / "src")
    shutil.copytree(folder / "saved", folder / "src")
    kit.append(folder / "src", kit.numbers(20, 200))
    DeltaTable(str(folder / "src")).optimize.compact()
    expect(p.decisions(), {"one": ("full", "input src moved from version 1 to 2")})
    p.run()
    expect(len(p.rows("one")), 23)
    expect(p.decisions(), {"one": REUSE})


def test_maintained_copies_with_one_commit(folder):
    """The same where the recorded commit names no file, so that its bytes tell nothing."""
    diverged(folder)
    p = kit.Project(folder, {"one": "SELECT k FROM src"}, {"src": "./a"})
    p.run()
    shutil.copytree(folder / "a", folder / "same")
    for place in ("a", "b", "same"):
        DeltaTable(str(folder / place)).optimize.compact()
    for place in ("./a", "./same"):
        p.write_yml({"src": place})
        expect(p.decisions(), {"one": ("reuse", "maintained")}, place)
    p.write_yml({"src": "./b"})
    expect({a for a, _ in p.decisions().values()}, {"full"})
    p.run()
    expect(len(p.rows("one")), 23)


def test_append_only_said_twice(folder):
    p = kit.Project(folder, sources={"src": "./src"})
    kit.append(folder / "src", kit.numbers(3))
    p.view("one", "SELECT k FROM src",
           "append_only: true\nproperties: {delta.appendOnly: true}")
    expect(p.run().statuses(), {"one": "pass"})
    expect(p.table("one").metadata().configuration["delta.appendOnly"], "true")


def test_two_sources_one_table(folder):
    """One table under two names is resolved once."""
    p = kit.Project(folder, sources={"src": "./src", "again": "./x/../src/"})
    kit.append(folder / "src", kit.numbers(10))
    p.view("both", "SELECT a.k, b.x FROM src a JOIN again b ON a.k = b.k")
    p.view("left_only", "SELECT k FROM src")
    p.view("right_only", "SELECT k FROM again")
    p.run()
    inputs = json.loads(kit.info(p.commits("both")[0][1])["weir.inputs"])
    expect(sorted(i["name"] for i in inputs), ["again", "src"])
    expect(len({(i["uri"], i["version"], i["identity"], i["commit_digest"]) for i in inputs}), 1)
    expect(kit.info(p.commits("left_only")[0][1])["weir.result_key"],
           kit.info(p.commits("right_only")[0][1])["weir.result_key"])
    kit.append(folder / "src", kit.numbers(1, 10))
    p.run()
    expect(len(p.rows("both")), 11)


def test_maintained_source_and_rows_in_another(folder):
    """The key is made of the inputs that are stamped: the run after the next one has nothing to
    do, and a machine that never saw the older version comes to the same key."""
    p = shop(folder, one="SELECT s.k, s.g, s.x FROM src s JOIN other o ON s.k = o.k")
    for k in range(10, 13):
        kit.append(folder / "src", kit.numbers(1, k))
    expect(p.run().statuses(), BUILT)
    DeltaTable(str(folder / "src")).optimize.compact()
    kit.append(folder / "other", kit.numbers(2, 5))
    moved = ("full", "input other moved from version 0 to 1")
    decided(p, one=moved, two=UPSTREAM, aside=moved)
    expect(len(p.rows("one")), 7)
    key = kit.info(p.commits("one")[-1][1])["weir.result_key"]
    shutil.rmtree(folder / "lake")
    p.run()
    expect(kit.info(p.commits("one")[-1][1])["weir.result_key"], key)


def test_contract_while_a_source_was_maintained(folder):
    """The rows and the key stay, also in the runs after it and after one more OPTIMIZE."""
    p = shop(folder)
    for k in range(10, 13):
        kit.append(folder / "src", kit.numbers(1, k))
    p.run()
    key = kit.info(p.commits("one")[-1][1])["weir.result_key"]
    DeltaTable(str(folder / "src")).optimize.compact()
    p.view("one", "SELECT k, g, x FROM src", "description: Rows.")
    decided(p, one=("adjust", "contract changed"))
    expect(kit.info(p.commits("one")[-1][1])["weir.result_key"], key)
    DeltaTable(str(folder / "src")).optimize.z_order(["k"])
    decided(p, one=("reuse", "maintained"))
    kit.append(folder / "src", kit.numbers(1, 20))
    decided(p, one=("full", "input src moved from version 4 to 6"), two=UPSTREAM)


# ---- what others did to a view's table ----

def test_foreign_commit(folder):
    p = built(folder)
    kit.append(p.uri("one"), kit.numbers(1, 100))
    decided(p, one=("full", "foreign commit"))
    expect(len(p.rows("one")), 10, "what was foreign is gone")


def test_foreign_delete_and_restore(folder):
    p = built(folder)
    p.table("one").delete("k = 3")
    decided(p, one=("full", "foreign commit"))
    p.table("one").restore(0)
    decided(p, one=("full", "foreign commit"))
    expect(len(p.rows("one")), 10)


def test_foreign_commit_warns(folder):
    p = built(folder)
    kit.append(p.uri("one"), kit.numbers(1, 100))
    run = p.run()
    expect([w["code"] for w in run.warnings], ["WEIR-FOREIGN-COMMIT"])
    has(run.warnings[0]["message"], "one: version 1, written by delta-rs", "built again")
    kit.append(p.uri("one"), kit.numbers(1, 100))
    expect(p.weir("run").err.count("built again"), 1, "once, for people too")


def test_foreign_compaction(folder):
    p = shop(folder, header="partition_by: [g]\ntarget_file_size: 1000000")
    p.run()
    for k in range(2):
        kit.append(folder / "src", kit.numbers(1, 10 + k))
        p.run()
    # A table of several files, which the other writer then compacts.
    before = p.rows("one")
    version = p.version("one")
    p.table("one").optimize.z_order(["k"])
    expect(p.version("one"), version + 1)
    decided(p)
    expect(p.rows("one"), before)
    kit.append(folder / "src", kit.numbers(1, 20))
    decided(p, one=("full", "input src moved from version 2 to 3"), two=UPSTREAM)
    expect(len(p.rows("one")), 13)


def test_foreign_metadata(folder):
    p = built(folder)
    p.table("one").alter.set_table_properties({"team.name": "blue"}, raise_if_not_exists=False)
    expect(p.version("one"), 1)
    decided(p)
    expect(p.table("one").metadata().configuration.get("team.name"), "blue")


def test_record_lost(folder):
    """Somebody cleaned the log up to a checkpoint: what the rows are is not known any more."""
    p = built(folder)
    kit.append(p.uri("one"), kit.numbers(1, 100))
    p.table("one").create_checkpoint()
    for path in kit.log_folder(p.uri("one")).glob("0*.json"):
        path.unlink()
    expect(p.version("one"), 1)
    decided(p, one=("full", "record lost"))
    expect(len(p.rows("one")), 10)


def test_record_kept_by_a_checkpoint(folder):
    """The own commit is the newest: with its JSON there, older ones may be gone."""
    p = built(folder)
    for k in range(3):
        kit.append(folder / "src", kit.numbers(1, 10 + k))
        p.run()
    p.table("one").create_checkpoint()
    for path in sorted(kit.log_folder(p.uri("one")).glob("0*.json"))[:-1]:
        path.unlink()
    decided(p)


def commit(uri, *actions):
    """Puts a commit of these bytes, as another writer of the log might."""
    log = kit.log_folder(uri)
    version = max(int(path.stem) for path in log.glob("0*.json")) + 1
    text = "".join(json.dumps(a, separators=(",", ":")) + "\n" for a in actions)
    (log / f"{version:020}.json").write_text(text)


def test_foreign_columns(folder):
    """Somebody alters a view's table: its readers would see columns that the view does not have."""
    p = built(folder)
    p.table("one").alter.add_columns([Field("extra", PrimitiveType("integer"))])
    expect(p.version("one"), 1)
    run = decided(p, one=("full", "foreign commit"))
    expect([w["code"] for w in run.warnings], ["WEIR-FOREIGN-COMMIT"])
    has(run.warnings[0]["message"], "one: version 1, written by delta-rs", "changed columns")
    expect(set(p.table("one").to_pyarrow_table().column_names), {"k", "g", "x"})
    expect(len(p.rows("one")), 10)


def test_foreign_columns_in_an_unselected_upstream(folder):
    """It stands, and is another input."""
    p = built(folder)
    p.table("one").alter.add_columns([Field("extra", PrimitiveType("integer"))])
    p.view("two", "SELECT g, count(extra) AS n FROM one GROUP BY g")
    run = p.run("--select", "two")
    expect(run.statuses(), {"two": "pass"})
    has(run.warnings[0]["message"], "stale upstream one (foreign commit)")
    expect({r[1] for r in p.rows("two")}, {0})


def test_foreign_partitioning(folder):
    """The same columns, cut otherwise."""
    p = built(folder)
    log = kit.log_folder(p.uri("one"))
    actions = [json.loads(s) for s in (log / f"{0:020}.json").read_text().splitlines()]
    meta = next(a["metaData"] for a in actions if "metaData" in a)
    commit(p.uri("one"), {"commitInfo": {"timestamp": 1}},
           {"metaData": dict(meta, partitionColumns=["g"])})
    decided(p, one=("full", "foreign commit"))
    expect(p.table("one").metadata().partition_columns, [])


def test_foreign_comment_is_reused(folder):
    """Words beside the columns are no other columns."""
    p = built(folder)
    actions = p.commits("one")[0][1]
    meta = next(a["metaData"] for a in actions if "metaData" in a)
    schema = json.loads(meta["schemaString"])
    schema["fields"][0]["metadata"]["comment"] = "the key"
    commit(p.uri("one"), {"commitInfo": {"timestamp": 1}},
           {"metaData": dict(meta, schemaString=json.dumps(schema))})
    decided(p)


def test_stamp_of_a_weir_to_come(folder):
    """It is read, and what it describes is not written over."""
    p = built(folder)
    kit.edit_last_commit(p.uri("one"), format="2")
    decided(p, run=False)
    kit.append(folder / "src", kit.numbers(1, 10))
    done = p.weir("run", code=None)
    assert done.code != 0
    has(done.err, "WEIR-NOT-OURS", "one", "a weir to come")
    expect(p.version("one"), 0)
    kit.edit_last_commit(p.uri("one"), format="1.7")
    decided(p, one=("full", "input src moved from version 0 to 1"), two=UPSTREAM)


def test_table_removed(folder):
    p = built(folder)
    shutil.rmtree(p.uri("one"))
    expect(p.decisions(), {"one": ("full", "never built"), "two": REUSE, "aside": REUSE})
    expect(p.run().statuses(), {"one": "pass", "two": "reused", "aside": "reused"})


# ---- asked for ----

def test_forced(folder):
    p = built(folder)
    forced = ("full", "forced")
    decided(p, "--full-refresh", one=forced, two=forced, aside=forced)
    expect(p.decisions("--full-refresh", "--select", "two"), {"two": forced})


def test_volatile(folder):
    p = shop(folder, one="SELECT k, g, x, random() AS r FROM src",
             header="determinism: relaxed")
    expect(p.run().statuses(), BUILT)
    was = p.rows("one")
    expect(p.decisions()["one"], ("full", "volatile"))
    expect(p.decisions()["aside"], REUSE)
    run = p.run()
    expect(run.statuses()["one"], "pass")
    assert p.rows("one") != was
    expect(kit.info(p.commits("one")[-1][1])["weir.determinism"], "relaxed")


def test_volatile_reaches_what_reads_it(folder):
    """Each build of a volatile view is another result, so its readers are built again."""
    p = shop(folder, one="SELECT k, g, random() AS x FROM src", header="determinism: relaxed")
    p.view("two", "SELECT max(x) AS top FROM one")
    p.run()
    p.run()
    top = max(r[2] for r in p.rows("one"))
    expect(p.rows("two"), [(top,)])


# ---- selection ----

def chain(folder):
    """src -> a -> b -> c, and a -> d"""
    kit.append(folder / "src", kit.numbers(10))
    return kit.Project(folder, {"a": "SELECT k, x FROM src", "b": "SELECT k, x FROM a",
                                "c": "SELECT count(*) AS n FROM b",
                                "d": "SELECT max(k) AS top FROM a"}, {"src": "./src"})


def test_selectors(folder):
    p = chain(folder)
    for select, exclude, want in ((["a"], [], "a"), (["+b"], [], "ab"), (["+c"], [], "abc"),
                                  (["a+"], [], "abcd"), (["+b", "+d"], [], "abd"),
                                  (["a+"], ["d"], "abc"), (["a+"], ["b+"], "ad"),
                                  ([], ["b+", "d"], "a")):
        args = [x for s in select for x in ("--select", s)]
        args += [x for s in exclude for x in ("--exclude", s)]
        expect("".join(sorted(p.plan(*args))), want, str(args))
    done = p.weir("plan", "--select", "nope", code=2)
    has(done.err, "WEIR-SELECTOR", "nope")
    done = p.weir("plan", "--select", "a", "--exclude", "a", code=2)
    has(done.err, "WEIR-SELECTOR")


def test_unbuilt_upstream(folder):
    p = chain(folder)
    before = kit.listing(folder)
    done = p.weir("run", "--select", "b", code=2)
    has(done.err, "WEIR-UPSTREAM-UNBUILT", "'a'", "--select")
    expect(kit.listing(folder), before)
    expect(p.run("--select", "+b").statuses(), {"a": "pass", "b": "pass"})
    expect(p.run("--select", "b").statuses(), {"b": "reused"})
    expect(p.run("--select", "b+").statuses(), {"b": "reused", "c": "pass"})


def test_stale_upstream(folder):
    p = chain(folder)
    p.run()
    kit.append(folder / "src", kit.numbers(1, 10))
    run = p.run("--select", "b")
    expect(run.statuses(), {"b": "reused"}, "its input stands")
    expect([(w["code"], w["message"]) for w in run.warnings],
           [("WEIR-UPSTREAM-UNBUILT", "stale upstream a (input src moved from version 0 to 1)")])
    has(p.weir("plan", "--select", "b").err, "stale upstream a")
    p.view("b", "SELECT k, x + 1 AS x FROM a")
    run = p.run("--select", "b")
    expect(run.statuses(), {"b": "pass"})
    expect(len(p.rows("b")), 10, "the rows are those of a's table as it stands")
    expect((p.version("a"), p.version("c")), (0, 0))
    expect(p.run().statuses(), {"a": "pass", "b": "pass", "c": "pass", "d": "pass"})
    expect(len(p.rows("b")), 11)


def test_foreign_rows_in_an_unselected_upstream(folder):
    """They are another input, so what reads them is built; and again once they are gone."""
    p = chain(folder)
    p.run()
    kit.append(p.uri("a"), kit.numbers(1, 50).select(["k", "x"]))
    run = p.run("--select", "b")
    expect(run.statuses(), {"b": "pass"})
    expect(len(p.rows("b")), 11)
    # c and d were made from the rows that are there again.
    expect(p.run().statuses(), {"a": "pass", "b": "pass", "c": "reused", "d": "reused"})
    expect((len(p.rows("b")), p.rows("c"), p.rows("d")), (10, [(10,)], [(9,)]))


def test_exclude(folder):
    p = chain(folder)
    p.run()
    kit.append(folder / "src", kit.numbers(1, 10))
    run = p.run("--exclude", "c", "--exclude", "d")
    expect(run.statuses(), {"a": "pass", "b": "pass"})
    expect(p.decisions(), {"a": REUSE, "b": REUSE, "c": ("full", "upstream b changed"),
                           "d": ("full", "upstream a changed")})


def test_plan_of_a_broken_project_writes_nothing(folder):
    p = chain(folder)
    p.view("b", "SELECT nope FROM a")
    before = kit.listing(folder)
    for command in ("plan", "run"):
        has(p.weir(command, code=2).err, "WEIR-UNKNOWN-COLUMN", "nope", "views/b.sql")
    expect(kit.listing(folder), before)


if __name__ == "__main__":
    kit.main(globals())
