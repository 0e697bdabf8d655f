#!/usr/bin/env python3
"""What a run leaves behind: contents of the records, when they are written, and what must never
be in them."""

import datetime
import json
import shutil

from deltalake import DeltaTable, write_deltalake

import kit
from kit import expect, has

RECORDS = ("runs", "tasks", "plans", "warnings", "session_settings")


REACHED = {"one": {"rules": "", "functions": "", "tags": ""},
           "two": {"rules": "", "functions": "count", "tags": ""}}


def shop(folder, **more):
    kit.append(folder / "src", kit.numbers(10))
    kit.append(folder / "other", kit.numbers(4))
    kit.append(folder / "other", kit.numbers(1, 4))
    return kit.Project(folder, {
        "one": "SELECT k, g, x FROM src",
        "two": "SELECT one.g, count(*) AS n FROM one JOIN other ON one.k = other.k "
               "GROUP BY one.g"}, {"src": "./src", "other": "./other"}, **more)


def sql(p, query, *args):
    return kit.lines(p.weir("sql", "--format", "json", query, *args).out)


def record_versions(p):
    found = {}
    for name in RECORDS:
        uri = p.uri(f"_weir/{name}")
        found[name] = DeltaTable(uri).version() if DeltaTable.is_deltatable(uri) else None
    return found


def test_two_projects_share_the_records_of_a_warehouse(folder):
    kit.append(folder / "src", kit.numbers(10))
    for name in ("first", "second"):
        p = kit.Project(folder / name, {f"of_{name}": "SELECT k, g, x FROM src"},
                        {"src": "../src"}, name=name)
        expect(p.run("--warehouse", folder / "lake").warnings, [])
    expect(kit.lines(p.weir("sql", "--warehouse", folder / "lake", "--format", "json",
                            "SELECT count(*) AS n FROM weir.runs").out), [{"n": 2}])


def test_columns_of_a_later_version_are_added(folder):
    p = shop(folder)
    p.run()
    uri = p.uri("_weir/plans")
    old = DeltaTable(uri)
    rows = old.to_pyarrow_table().drop_columns(["rules", "functions", "tags"])
    interval = {"delta.checkpointInterval": "50"}
    owner = dict(interval, **{"weir.owner": old.metadata().configuration["weir.owner"]})
    shutil.rmtree(uri)
    write_deltalake(uri, rows, configuration=interval)
    log = p.folder / "lake/_weir/plans/_delta_log/00000000000000000000.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "metaData" in action:
            action["metaData"]["configuration"] = owner
    log.write_text("".join(json.dumps(action) + "\n" for action in actions))
    table_id = DeltaTable(uri).metadata().id
    p.view("one", "SELECT k, g, stable_hash64(g) AS h, x FROM src")
    run = p.run()
    expect(run.warnings, [])
    new = DeltaTable(uri)
    expect([f.name for f in new.schema().fields][-3:], ["rules", "functions", "tags"])
    expect((new.metadata().id, new.metadata().configuration), (table_id, owner))
    told = sql(p, "SELECT view, functions FROM weir.plans ORDER BY view, functions NULLS FIRST")
    expect([r for r in told if r["view"] == "one"],
           [{"view": "one", "functions": None}, {"view": "one", "functions": "stable_hash64"}])


def test_runs(folder):
    p = shop(folder)
    run = p.run("--threads", "2", "--now", "2026-01-02T03:04:05Z")
    rows = sql(p, "SELECT * FROM weir.runs")
    expect(len(rows), 1)
    row = rows[0]
    for key in ("run_id", "status", "pass", "reused", "warn", "error", "skip", "total"):
        expect(row[key], run.summary[key], key)
    expect((row["project"], row["threads"], row["status"]), ("shop", 2, "ok"))
    assert row["pinned_clock"].startswith("2026-01-02T03:04:05"), row["pinned_clock"]
    assert row["started_at"] < row["finished_at"]
    assert row["weir_version"].startswith("weir/"), row["weir_version"]
    said = kit.info(p.commits("one")[0][1])
    expect(row["session_digest"], said["weir.session_digest"])
    expect(row["settings_digest"], said["weir.settings_digest"])
    expect(len(row["spec_digest"]), 64)


def test_tasks_and_commits(folder):
    p = shop(folder)
    run = p.run()
    tasks = {t["name"]: t for t in sql(p, "SELECT * FROM weir.tasks")}
    expect(set(tasks), {"src", "other", "one", "two"})
    commits = {c["view"]: c for c in sql(p, "SELECT * FROM weir.commits")}
    expect(set(commits), {"one", "two"})
    for view in ("one", "two"):
        task, event = tasks[view], run.tasks[view]
        version, actions = p.commits(view)[-1]
        said = kit.info(actions)
        txn = next(a["txn"] for a in actions if "txn" in a)
        adds = [a["add"] for a in actions if "add" in a]
        for key in ("status", "action", "reason", "rows", "files", "bytes", "version"):
            expect(task[key], event[key], f"{view} {key}")
        expect(task["kind"], "view")
        expect(task["run_id"], run.run_id)
        expect(task["rows"], sum(json.loads(a["stats"])["numRecords"] for a in adds))
        expect((task["files"], task["bytes"]), (len(adds), sum(a["size"] for a in adds)))
        expect(task["files"], 1)
        for key in ("result_key", "plan_digest", "planning_key", "schema_digest"):
            expect(task[key], said[f"weir.{key}"], f"{view} {key}")
        expect(task["task_key"], task["result_key"])
        expect((task["app_id"], task["app_version"]), (txn["appId"], txn["version"]))
        expect((task["retries"], task["mode"], version), (0, "create", 0))
        assert task["uri"].startswith("file:///") and task["uri"].endswith(f"/lake/{view}")
        assert task["started_at"] <= task["snapshot_timestamp"], task
        commit = commits[view]
        for key in ("run_id", "uri", "version", "mode", "rows", "files", "bytes", "result_key",
                    "plan_digest", "app_id", "app_version", "retries", "pins"):
            expect(commit[key], task[key], f"{view} {key}")
        expect(commit["committed_at"], task["snapshot_timestamp"])
    expect(json.loads(tasks["one"]["inputs"]), ["src"])
    expect(sorted(json.loads(tasks["two"]["inputs"])), ["one", "other"])
    pins = {x["name"]: x for x in json.loads(tasks["two"]["pins"])}
    expect(pins["other"]["version"], 1)
    expect((pins["one"]["version"], pins["one"]["result_key"]), (0, tasks["one"]["result_key"]))
    # one -> two is the longest path, whatever the times are.
    expect({v: (tasks[v]["critical"], tasks[v]["slack_us"]) for v in ("one", "two")},
           {"one": (True, 0), "two": (True, 0)})
    # A later commit is another version in another mode.
    kit.append(folder / "src", kit.numbers(1, 10))
    run = p.run()
    rows = sql(p, f"SELECT * FROM weir.commits WHERE run_id = '{run.run_id}' ORDER BY view")
    expect([(r["view"], r["version"], r["mode"]) for r in rows],
           [("one", 1, "overwrite"), ("two", 1, "overwrite")])
    expect([r["app_version"] for r in rows], [1, 1])


def test_pins(folder):
    p = shop(folder)
    run = p.run()
    rows = {r["name"]: r for r in sql(p, "SELECT * FROM weir.pins")}
    expect(set(rows), {"src", "other"})
    for name, row in rows.items():
        table = DeltaTable(str(folder / name))
        protocol = table.protocol()
        expect((row["run_id"], row["kind"], row["provider_kind"]),
               (run.run_id, "delta", "delta_native"))
        expect(row["version"], table.version())
        expect(row["table_id"], str(table.metadata().id))
        expect((row["min_reader_version"], row["min_writer_version"]),
               (protocol.min_reader_version, protocol.min_writer_version))
        expect(row["uri"], f"file://{folder / name}")
        at = DeltaTable(str(folder / name)).history(1)[0]["timestamp"]
        seen = datetime.datetime.fromisoformat(row["snapshot_timestamp"].replace("Z", "+00:00"))
        expect(int(seen.timestamp() * 1000 + 0.5), at)
        expect((len(row["schema_digest"]), len(row["commit_digest"])), (64, 64))
    expect({r["provider_kind"] for r in
            sql(p, "SELECT provider_kind FROM weir.tasks WHERE kind = 'scan'")}, {"delta_native"})


def test_plans_and_settings(folder):
    p = shop(folder)
    p.run()
    plans = {r["view"]: r for r in sql(p, "SELECT * FROM weir.plans")}
    expect(set(plans), {"one", "two"})
    for view, row in plans.items():
        said = kit.info(p.commits(view)[0][1])
        expect(row["plan_digest"], said["weir.plan_digest"])
        expect(row["functions_digest"], said["weir.functions_digest"])
        has(row["sql"], "SELECT")
        has(row["optimized"], "TableScan")
        expect({k: row[k] for k in ("rules", "functions", "tags")}, REACHED[view], view)
        expect([f["name"] for f in json.loads(row["schema"])["fields"]],
               p.table(view).to_pyarrow_table().column_names)
    settings = {r["key"]: r for r in sql(p, "SELECT * FROM weir.settings")}
    expect(settings["datafusion.execution.batch_size"]["value"], "8192")
    expect({r["settings_digest"] for r in settings.values()},
           {kit.info(p.commits("one")[0][1])["weir.settings_digest"]})
    # Once per digest: other rows are no other plan and no other settings.
    before = record_versions(p)
    kit.append(folder / "src", kit.numbers(1, 10))
    p.run()
    after = record_versions(p)
    expect({n: after[n] - before[n] for n in ("runs", "tasks", "plans", "session_settings")},
           {"runs": 1, "tasks": 1, "plans": 0, "session_settings": 0})
    p.view("one", "SELECT k, g, x FROM src WHERE k > 2")
    p.run()
    rows = sql(p, "SELECT view FROM weir.plans ORDER BY view")
    expect([r["view"] for r in rows], ["one", "one", "two"])


def test_a_run_of_reuse_writes_one_row(folder):
    p = shop(folder)
    p.run()
    before, files = record_versions(p), kit.listing(p.folder / "lake")
    run = p.run()
    expect(set(run.statuses().values()), {"reused"})
    after = record_versions(p)
    expect(after.pop("runs"), before.pop("runs") + 1)
    expect(after, before)
    now = kit.listing(p.folder / "lake")
    new = sorted(path for path in now if files.get(path) != now[path])
    expect(len([path for path in new if now[path] != "dir"]), 2, f"a file and a commit: {new}")
    assert all(path.startswith("_weir/runs/") for path in new), new
    rows = sql(p, f"SELECT * FROM weir.runs WHERE run_id = '{run.run_id}'")
    expect([(r["pass"], r["reused"], r["total"]) for r in rows], [(0, 2, 2)])


def test_reading_writes_nothing(folder):
    p = shop(folder)
    p.run()
    before = kit.listing(p.folder)
    for name in ("runs", "tasks", "plans", "pins", "commits", "settings"):
        assert sql(p, f"SELECT * FROM weir.{name}"), name
    for args in (("ls",), ("show", "one"), ("history", "one"), ("plan",)):
        p.weir(*args)
    expect(kit.listing(p.folder), before)


def test_failures_and_warnings(folder):
    p = shop(folder)
    p.run()
    kit.append(p.uri("one"), kit.numbers(1, 100))
    p.view("one", "SELECT k, g, x FROM src", 'constraints: {small: "k < 5"}')
    run = p.run(code=1)
    tasks = {t["name"]: t for t in
             sql(p, f"SELECT * FROM weir.tasks WHERE run_id = '{run.run_id}' AND kind = 'view'")}
    expect({v: t["status"] for v, t in tasks.items()}, {"one": "error", "two": "skip"})
    expect(tasks["one"]["error_code"], "WEIR-CONSTRAINT")
    has(tasks["one"]["error_message"], "'small': 5 rows")
    expect(tasks["one"]["rows"], None)
    expect(tasks["two"]["reason"], "upstream one failed")
    rows = sql(p, f"SELECT * FROM weir.warnings WHERE run_id = '{run.run_id}'")
    expect([(r["code"], r["message"]) for r in rows],
           [(w["code"], w["message"]) for w in run.warnings])
    expect(len(rows), 1)
    expect(sql(p, f"SELECT status FROM weir.runs WHERE run_id = '{run.run_id}'"),
           [{"status": "failed"}])
    expect(len(sql(p, "SELECT * FROM weir.commits")), 2, "those of the first run")


def test_any_reader(folder):
    p = shop(folder)
    p.run()
    p.run()
    rows = p.table("_weir/runs").to_pyarrow_table().to_pylist()
    expect(sorted((r["pass"], r["reused"]) for r in rows), [(0, 2), (2, 0)])
    tables = {n for n in RECORDS if record_versions(p)[n] is not None}
    expect(tables, {"runs", "tasks", "plans", "session_settings"}, "no warnings, no table")
    for name in tables:
        assert DeltaTable(p.uri(f"_weir/{name}")).metadata().configuration["weir.owner"] \
            == f"shop/weir.{name}"


def test_records_do_not_count_as_inputs(folder):
    p = shop(folder)
    p.run()
    p.view("three", "SELECT count(*) AS n FROM weir.runs")
    has(p.weir("run", code=2).err, "WEIR-UNKNOWN-TABLE", "weir.runs")


# ---- records that cannot be written ----

def test_unwritable(folder):
    p = shop(folder)
    (folder / "lake").mkdir()
    (folder / "lake" / "_weir").write_text("in the way")
    run = p.run()
    expect(set(run.statuses().values()), {"pass"})
    expect(run.summary["status"], "ok")
    assert run.warnings, "nothing was said"
    for w in run.warnings:
        assert w["code"].startswith("WEIR-"), w
        has(w["message"], "record")
    expect((folder / "lake" / "_weir").read_text(), "in the way")
    expect(len(p.rows("one")), 10)
    run = p.run()
    expect(set(run.statuses().values()), {"reused"}, "keys are in the views' own commits")


def test_lost(folder):
    p = shop(folder)
    p.run()
    shutil.rmtree(folder / "lake" / "_weir")
    expect({e["action"] for e in p.plan().values()}, {"reuse"})
    run = p.run()
    expect(set(run.statuses().values()), {"reused"})
    expect(len(sql(p, "SELECT * FROM weir.runs")), 1)


def test_one_broken_record_leaves_the_others(folder):
    p = shop(folder)
    (folder / "lake" / "_weir").mkdir(parents=True)
    (folder / "lake" / "_weir" / "tasks").write_text("in the way")
    run = p.run()
    expect(set(run.statuses().values()), {"pass"})
    expect(len(run.warnings), 1)
    expect(len(sql(p, "SELECT * FROM weir.runs")), 1)


# ---- secrets ----

SECRETS = {"FAKE_KEY": "AKIAFAKEFAKEFAKE0001", "FAKE_SECRET": "s3cr3t/of+nobody=0123456789",
           "FAKE_TOKEN": "tok-9f8e7d6c5b4a"}
STORAGE = ('{aws_access_key_id: "${env:FAKE_KEY}", aws_secret_access_key: "${env:FAKE_SECRET}", '
           'aws_session_token: "${env:FAKE_TOKEN}", aws_region: eu-west-1}')


def no_secret(text, where):
    for value in SECRETS.values():
        assert value not in text, f"{where} tells a secret:\n{text}"


def test_secrets_are_nowhere(folder):
    p = shop(folder, yml=f"profiles:\n  prod: {{threads: 2, storage: {STORAGE}}}\n")
    args, env = ("--profile", "prod"), dict(SECRETS)
    for command in (("plan",), ("run",), ("run", "--full-refresh"), ("ls",), ("show", "one"),
                    ("history", "one"), ("clean",),
                    ("sql", "SELECT * FROM information_schema.df_settings")):
        for form in ("text", "json"):
            done = p.weir(*command, "--format", form, "-v", *args, env=env)
            no_secret(done.out + done.err, str(command))
    # Errors of every sort, with all that the engine says.
    p.view("bad", "SELECT k FROM src WHERE k / (k - 3) > 0")
    done = p.weir("run", "-v", "--format", "json", *args, env=env, code=None)
    no_secret(done.out + done.err, "a failed run")
    p.view("worse", "SELECT nope FROM src")
    done = p.weir("run", "-v", *args, env=env, code=2)
    no_secret(done.out + done.err, "a broken project")
    files = 0
    for path in (folder / "lake").rglob("*"):
        if path.is_file():
            files += 1
            no_secret(path.read_bytes().decode("latin-1"), str(path))
    assert files > 10
    for name in RECORDS:
        uri = p.uri(f"_weir/{name}")
        if DeltaTable.is_deltatable(uri):
            no_secret(str(DeltaTable(uri).to_pyarrow_table().to_pylist()), name)
    runs = DeltaTable(p.uri("_weir/runs")).to_pyarrow_table()
    expect(set(runs["profile"].to_pylist()), {"prod"}, "the profile was in use")


def test_secrets_are_not_in_keys(folder):
    p = shop(folder, yml=f"profiles:\n  prod: {{storage: {STORAGE}}}\n")
    env = dict(SECRETS)
    first = p.plan("--profile", "prod", env=env)
    expect(p.plan("--profile", "prod", env={**env, "FAKE_SECRET": "another"}), first)
    expect(p.plan(), first)


def test_secret_in_the_file_is_refused(folder):
    secret = SECRETS["FAKE_SECRET"]
    p = shop(folder, yml="profiles:\n  prod: {storage: {aws_secret_access_key: \"%s\"}}\n"
             % secret)
    done = p.weir("plan", "--profile", "prod", "-v", code=2)
    has(done.err, "weir.yml", "env:")
    no_secret(done.out + done.err, "the refusal")


def test_missing_secret_names_the_variable(folder):
    p = shop(folder, yml=f"profiles:\n  prod: {{storage: {STORAGE}}}\n")
    done = p.weir("plan", "--profile", "prod", code=2,
                  env={k: v for k, v in SECRETS.items() if k != "FAKE_TOKEN"})
    has(done.err, "FAKE_TOKEN", "weir.yml")
    no_secret(done.out + done.err, "the error")


def test_unsafe_option_is_refused_without_its_value(folder):
    p = shop(folder, yml='profiles:\n  prod: {storage: {aws_s3_locking_provider: '
                         '"${env:FAKE_TOKEN}"}}\n')
    done = p.weir("plan", "--profile", "prod", "-v", env=dict(SECRETS), code=None)
    assert done.code in (1, 2), done
    has(done.err, "WEIR-STORE-UNSAFE", "aws_s3_locking_provider")
    no_secret(done.out + done.err, "the refusal")


if __name__ == "__main__":
    kit.main(globals())
