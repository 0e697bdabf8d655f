#!/usr/bin/env python3
"""Drives the real command: exit codes, messages, formats, terminals, signals.

usage: run_cli.py [NAME-PART]; env WEIR_BUILD is the build folder (default: build)
"""
# tests/run: timeout=300

import datetime
import decimal
import fcntl
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD") or HERE.parent.parent / "build").resolve()
WEIR = str(BUILD / "weir")
SCRATCH = pathlib.Path(tempfile.mkdtemp(prefix="weir-cli-"))


# ---- running the command ----

def environment(**more):
    """The caller's, without what would change the command."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")}
    env.pop("NO_COLOR", None)
    env.update({"LC_ALL": "C.UTF-8", "TERM": "xterm"} | more)
    return env


def weir(*args, code=0, cwd=None, stdin="", **env):
    """Runs the command, checks its exit code, gives (stdout, stderr)."""
    done = subprocess.run([WEIR, *args], cwd=cwd or SCRATCH, env=environment(**env),
                          input=stdin.encode(), capture_output=True, timeout=120)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, f"exit {done.returncode}, not {code}\n{out}\n{err}"
    return out, err


def on_terminal(*args, columns=80, cwd=None, **env):
    """Runs the command on a terminal of that width; gives (exit code, what it showed)."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([WEIR, *args], cwd=cwd or SCRATCH, env=environment(**env),
                               stdin=slave, stdout=slave, stderr=slave, close_fds=True)
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")


def same(got, want):
    assert got == want, f"got\n{got}\nwant\n{want}"


def golden(name, got):
    same(got, (HERE / "golden" / name).read_text("utf-8"))


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


# ---- fixtures ----

def types_table():
    """One row of values and one of nulls, per type that Delta has."""
    import pyarrow as pa
    utc = datetime.timezone.utc
    fields = [
        ("id", pa.int64(), [1, 2]), ("i8", pa.int8(), [-128, None]),
        ("i16", pa.int16(), [32767, None]), ("i32", pa.int32(), [-1, None]),
        ("f", pa.float32(), [0.1, None]), ("d", pa.float64(), [1e300, float("nan")]),
        ("ok", pa.bool_(), [True, None]),
        ("dec", pa.decimal128(20, 4), [decimal.Decimal("-1.5000"), None]),
        ("text", pa.string(), ['say "hi", é\n', None]), ("bin", pa.binary(), [b"\x00\xff", None]),
        ("day", pa.date32(), [datetime.date(2024, 2, 29), None]),
        ("ts", pa.timestamp("us", "UTC"),
         [datetime.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=utc), None]),
        ("ntz", pa.timestamp("us"), [datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), None]),
        ("list", pa.list_(pa.int32()), [[1, None], None]),
        ("pair", pa.struct([("a", pa.int32()), ("b", pa.string())]), [{"a": 1, "b": "x"}, None]),
        ("map", pa.map_(pa.string(), pa.int32()), [[("k", 1)], None]),
        ("imap", pa.map_(pa.int32(), pa.string()), [[(7, "v")], None]),
    ]
    return pa.table({n: pa.array(v, t) for n, t, v in fields})


def lake():
    """A folder with the Delta tables `types`, `orders` (2 versions) and `many`."""
    import pyarrow as pa
    from deltalake import write_deltalake
    folder = SCRATCH / "lake"
    if not folder.exists():
        write_deltalake(str(folder / "types"), types_table())
        for i in range(2):
            rows = pa.table({"day": ["mon", "tue"], "n": pa.array([i, 10 + i], pa.int64())})
            write_deltalake(str(folder / "orders"), rows, mode="append")
        write_deltalake(str(folder / "many"), pa.table({"i": pa.array(range(20000), pa.int64())}))
    return folder


def sql(query, *args, **more):
    tables = [f"--table={n}={lake() / n}" for n in ("types", "orders", "many")]
    return weir("sql", *tables, *args, query, **more)


def project(name, views, yml=""):
    folder = SCRATCH / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "views").mkdir(parents=True)
    (folder / "weir.yml").write_text(
        f"name: {name}\nwarehouse: ./out\nsources:\n  orders: {{table: {lake() / 'orders'}}}\n{yml}")
    for view, text in views.items():
        (folder / "views" / f"{view}.sql").write_text(text)
    return folder


def two_views(name):
    return project(name, {
        "daily": "/* weir\nmaterialized: table\ndescription: Orders per day.\n*/\n"
                 "SELECT day, sum(n) AS total FROM orders GROUP BY day\n",
        "best": "SELECT day FROM daily WHERE total > 5\n"})


# ---- the command line itself: needs no engine ----

def test_version():
    same(weir("--version"), ("weir 0.1.0\n", ""))
    same(weir("-V")[0], "weir 0.1.0\n")
    same(weir("version")[0], "weir 0.1.0\n")


def test_version_and_wrong_use_do_not_load_the_engine():
    for args, code in (["--version"], 0), (["help", "run"], 0), (["plna"], 2), (["run", "-x"], 2):
        done = subprocess.run([WEIR, *args], env=environment(LD_DEBUG="files"),
                              capture_output=True, text=True)
        assert done.returncode == code
        assert "libweir.so" in done.stderr and "libweir_bridge" not in done.stderr


def test_help():
    golden("help.txt", weir("help")[0])
    same(weir("--help")[0], weir("help")[0])
    same(weir("--help", "run")[0], weir("help", "run")[0])
    golden("help_run.txt", weir("help", "run")[0])
    same(weir("run", "--help")[0], weir("help", "run")[0])


def test_every_command_has_help():
    names = re.findall(r"^  (\w+)  ", weir("help")[0], re.M)
    assert len(names) == 10
    for name in names:
        assert f"usage: weir {name}" in weir(name, "--help")[0]


def test_no_command():
    out, err = weir(code=2)
    assert out == "" and "error[WEIR-USAGE]: no command is given" in err


def test_unknown_command_names_the_nearest():
    same(weir("plna", code=2),
         ("", "error[WEIR-USAGE]: 'plna' is not a command\n"
              "  help: did you mean `weir plan`? `weir help` lists the commands\n"))


def test_later_verbs_say_so():
    for verb in "build test explain lineage diff replay verify tag table maintain lab docs " \
                "doctor".split():
        out, err = weir(verb, "--any", code=2)
        assert f"error[WEIR-NOT-YET]: `weir {verb}` is not in version 0.1.0" in err
        assert "a later version brings it" in err
        assert "WEIR-NOT-YET" in weir("help", verb, code=2)[1]


def test_unknown_option_names_the_nearest():
    err = weir("plan", "--selct=a", code=2)[1]
    assert "`weir plan` has no option '--selct=a'" in err and "did you mean --select?" in err
    assert "has no option '-q'" in weir("ls", "-q", code=2)[1]


def test_options_of_other_commands_are_unknown():
    assert "has no option '--table'" in weir("run", "--table", "a=b", code=2)[1]


def test_values_of_options():
    for args, words in (
            (["plan", "--format", "csv"], "--format takes text|json, not 'csv'"),
            (["plan", "--threads", "x"], "--threads takes a number, not 'x'"),
            (["plan", "--threads=0"], "--threads takes a number from 1 to 1024, not '0'"),
            (["plan", "--memory", "lots"], "--memory takes a size"),
            (["plan", "--now", "2026-01-02"], "--now takes a timestamp with an offset"),
            (["plan", "--project"], "--project needs a value: PATH"),
            (["plan", "--project="], "--project takes a text that is not empty"),
            (["plan", "-v", "--full-refresh=1"], "--full-refresh takes no value"),
            (["plan", "extra"], "has no use for the argument 'extra'"),
            (["plan", "extra"], "did you mean --select extra?"),
            (["show"], "`weir show` needs an argument: VIEW"),
            (["sql"], "no query is given"),
            (["sql", "-f", "x", "SELECT 1"], "a query and --file are both given"),
            (["sql", "--file", "no-such-file"], "--file no-such-file cannot be opened"),
            (["sql", "--table", "a", "SELECT 1"], "the form is NAME=URI[@VERSION]"),
            (["sql", "--table", "a=b", "--profile", "p", "SELECT 1"], "--profile is about a project"),
            (["sql", "--param", "a", "SELECT 1"], "--param a: a value is missing"),
            (["sql", "--param", "a:int64=x", "SELECT 1"], "the value is no int64"),
            (["sql", "--param", "a=1", "--param", "a=2", "SELECT 1"], "given before"),
            (["-p", "x", "run"], "the command comes first")):
        out, err = weir(*args, code=2)
        assert out == "" and words in err, (args, err)


def test_environment():
    err = weir("plan", code=2, WEIR_FORMAT="csv")[1]
    assert "WEIR_FORMAT takes text|json, not 'csv'" in err and "--format overrides it" in err
    assert "WEIR_WARN_ERROR is 1 or 0" in weir("run", code=2, WEIR_WARN_ERROR="maybe")[1]
    assert weir("nope", code=2, WEIR_FORMAT="json")[1].startswith('{"error":{')


def test_usage_errors_as_json():
    err = weir("plan", "--format=json", "--bad", code=2)[1]
    error = json.loads(err)["error"]
    same(list(error), ["code", "class", "message", "file", "line", "column", "hint"])
    same((error["code"], error["class"], error["line"]), ("WEIR-USAGE", "user", None))


def test_no_project():
    empty = SCRATCH / "empty"
    empty.mkdir(exist_ok=True)
    assert "error[WEIR-NO-PROJECT]" in weir("ls", code=2, cwd=empty)[1]
    assert "WEIR-NO-PROJECT" in weir("ls", "-p", str(empty), code=2)[1]


def test_colours_only_on_a_terminal():
    assert "\033" not in weir("nope", code=2)[1]
    assert "\033[31m" in on_terminal("nope")[1]
    assert "\033" not in on_terminal("nope", NO_COLOR="1")[1]
    assert "\033[31m" in weir("plan", "--color=always", "-p", "/nonexistent", code=2)[1]


def test_a_full_disk_is_an_error():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([WEIR, "help"], stdout=full, stderr=subprocess.PIPE,
                              env=environment())
    assert done.returncode == 1 and b"WEIR-IO" in done.stderr


def test_a_closed_output_is_quiet():
    done = subprocess.run(["sh", "-c", f"'{WEIR}' help >&-"], capture_output=True,
                          env=environment())
    same((done.returncode, done.stderr), (0, b""))


# ---- sql over tables ----

def test_sql_formats():
    query = "SELECT * FROM types ORDER BY id"
    golden("types.json", sql(query, "--format", "json")[0])
    golden("types.csv", sql(query, "--format", "csv")[0])
    golden("types.txt", sql(query)[0])


def test_sql_types_of_the_engine():
    """Types that no Delta table has, but queries give."""
    query = ("SELECT arrow_cast(18446744073709551615, 'UInt64') AS u64, "
             "arrow_cast(1.5, 'Float16') AS half, INTERVAL '1 month 2 days 3.5 seconds' AS iv, "
             "arrow_cast(1001, 'Timestamp(Nanosecond, None)') AS ns, "
             "arrow_cast(1500, 'Duration(Millisecond)') AS dur, "
             "arrow_cast(3723000001, 'Time64(Microsecond)') AS t, NULL AS nothing, "
             "arrow_cast('x', 'Dictionary(Int32, Utf8)') AS dict, "
             "arrow_cast('x', 'LargeUtf8') AS large, arrow_cast('y', 'Utf8View') AS view, "
             "arrow_cast(12.5, 'Decimal256(50, 2)') AS dec, [[1], []] AS nested")
    same(json_lines(sql(query, "--format", "json")[0]), [{
        "u64": 18446744073709551615, "half": 1.5, "iv": "P1M2DT3.5S",
        "ns": "1970-01-01T00:00:00.000001001", "dur": "PT1.5S", "t": "01:02:03.000001",
        "nothing": None, "dict": "x", "large": "x", "view": "y", "dec": "12.50",
        "nested": [[1], []]}])


def test_sql_arrow():
    import pyarrow as pa
    tables = f"--table=types={lake() / 'types'}"
    done = subprocess.run([WEIR, "sql", tables, "--format=arrow", "SELECT id, i8 FROM types"],
                          capture_output=True, env=environment(), cwd=SCRATCH)
    same((done.returncode, done.stderr), (0, b""))
    rows = pa.ipc.open_stream(done.stdout).read_all().sort_by("id")
    same(rows.to_pylist(), [{"id": 1, "i8": -128}, {"id": 2, "i8": None}])
    code, shown = on_terminal("sql", tables, "--format=arrow", "SELECT 1")
    assert code == 2 and "not for a terminal" in shown


def test_sql_version():
    place = lake() / "orders"
    count = "SELECT count(*) AS n FROM o"
    same(weir("sql", "--table", f"o={place}@0", "--format=json", count)[0], '{"n":2}\n')
    same(weir("sql", "--table", f"o={place}", "--format=json", count)[0], '{"n":4}\n')
    assert "WEIR-VERSION-MISSING" in weir("sql", "--table", f"o={place}@99", count, code=2)[1]
    assert "WEIR-TABLE-MISSING" in weir("sql", "--table", "o=./nowhere", count, code=2)[1]


def test_sql_an_at_sign_in_a_path():
    place = SCRATCH / "a@b"
    if not place.exists():
        shutil.copytree(lake() / "orders", place)
    for uri in (str(place), f"{place}@1"):
        out = weir("sql", "--table", f"o={uri}", "--format=csv", "SELECT count(*) AS n FROM o")[0]
        same(out, "n\n4\n")


def test_sql_from_a_file_and_stdin():
    path = SCRATCH / "query.sql"
    path.write_text("SELECT 1 AS one\n")
    table = f"--table=o={lake() / 'orders'}"
    same(weir("sql", table, "--file", str(path), "--format=csv")[0], "one\n1\n")
    same(weir("sql", table, "-f", "-", "--format=csv", stdin="SELECT 2 AS two")[0], "two\n2\n")
    same(weir("sql", table, "--format=csv", "-- a comment\nSELECT 3 AS three")[0], "three\n3\n")
    path.write_text("SELECT 1\nFROM (\n")
    err = weir("sql", table, "--file", str(path), code=2)[1]
    assert "error[WEIR-SQL-SYNTAX]" in err and f"--> {path}:2:" in err


def test_sql_parameters():
    query = "SELECT $i + 1 AS i, $s AS s, $b AS b, $d AS d, $n IS NULL AS n"
    args = ["--param=i=41", "--param=s=a b", "--param=b=true", "--param=d:date=2024-02-29",
            "--param=n:null"]
    same(json_lines(sql(query, *args, "--format=json")[0]),
         [{"i": 42, "s": "a b", "b": True, "d": "2024-02-29", "n": True}])


def test_sql_errors():
    out, err = sql("SELECT * FROM ordrs", code=2)
    assert out == "" and "error[WEIR-UNKNOWN-TABLE]" in err and "orders" in err
    assert "WEIR-UNKNOWN-COLUMN" in sql("SELECT dy FROM orders", code=2)[1]
    assert "WEIR-READ-ONLY" in sql("DROP TABLE orders", code=2)[1]
    error = json.loads(sql("SELEC 1", "--format=json", code=2)[1])["error"]
    same((error["code"], error["line"]), ("WEIR-SQL-SYNTAX", 1))


def test_sql_equal_names():
    query = "SELECT a.n, b.n FROM orders a JOIN orders b ON a.day = b.day"
    error = json.loads(sql(query, "--format=json", code=2)[1])["error"]
    same(error["code"], "WEIR-OUTPUT-NAME")
    assert "AS" in error["hint"]


def test_sql_no_rows():
    query = "SELECT day, n FROM orders WHERE n > 1000"
    same(sql(query, "--format=json")[0], "")
    same(sql(query, "--format=csv")[0], "day,n\n")
    same(sql(query)[0], "┌─────┬───┐\n│ day │ n │\n├─────┼───┤\n└─────┴───┘\n0 rows\n")


def test_sql_table_without_utf8():
    out = weir("sql", f"--table=o={lake() / 'orders'}", "SELECT 1 AS one", LC_ALL="C")[0]
    same(out, "+-----+\n| one |\n+-----+\n|   1 |\n+-----+\n1 row\n")


def test_sql_table_fits_the_terminal():
    query = "SELECT 1 AS id, repeat('日本 ', 40) AS a, repeat('x', 200) AS b, NULL AS nothing"
    code, shown = on_terminal("sql", f"--table=o={lake() / 'orders'}", query, columns=50)
    assert code == 0 and "…" in shown and "\033[2mNULL\033[0m" in shown
    plain = re.sub(r"\033\[\d*m", "", shown)
    same({width(line) for line in plain.splitlines()[:-1]}, {50})
    whole = sql(query)[0]
    assert "…" not in whole and "x" * 200 in whole


def test_sql_many_rows():
    out = sql("SELECT i FROM many ORDER BY i", "--format=csv")[0]
    same(out.split("\n"), ["i", *map(str, range(20000)), ""])
    lines = sql("SELECT i FROM many ORDER BY i")[0].splitlines()
    same((len(lines), lines[-1]), (20005, "20,000 rows"))


def test_sql_a_reader_that_goes_away():
    for form in "text", "json", "csv", "arrow":
        query = "SELECT a.i FROM many a CROSS JOIN (SELECT i FROM many LIMIT 500) b"
        process = subprocess.Popen(
            [WEIR, "sql", f"--table=many={lake() / 'many'}", f"--format={form}", query],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), cwd=SCRATCH)
        process.stdout.read(10)
        process.stdout.close()
        err = process.stderr.read()
        same((form, process.wait(timeout=60), err), (form, 0, b""))


def long_query():
    query = ("SELECT count(*) AS n FROM many a CROSS JOIN many b CROSS JOIN many c "
             "WHERE a.i * b.i + c.i = -1")
    process = subprocess.Popen([WEIR, "sql", f"--table=many={lake() / 'many'}", query],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=environment(), cwd=SCRATCH)
    time.sleep(2)
    assert process.poll() is None, "the query ended before it was interrupted"
    return process


def test_sql_interrupted():
    for number in signal.SIGINT, signal.SIGTERM:
        process = long_query()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        same((process.returncode, out), (130, b""))
        assert b"error[WEIR-CANCELLED]" in err


# ---- projects ----

def test_init_plan_run():
    folder = SCRATCH / "Fresh-1"
    assert "fresh_1" in weir("init", str(folder))[0]
    weir("plan", cwd=folder)
    assert weir("run", cwd=folder)[0].splitlines()[-1].startswith("Done. PASS=")
    assert weir("init", str(folder), code=2)[1].startswith("error[WEIR-")


def test_plan():
    folder = two_views("planned")
    rows = json_lines(weir("plan", "--format=json", cwd=folder)[0])
    same([(r["view"], r["action"], r["reason"]) for r in rows],
         [("daily", "full", "never built"), ("best", "full", "never built")])
    for row in rows:
        assert {"view", "action", "reason", "plan", "result_key", "critical"} <= set(row)
        assert re.fullmatch("[0-9a-f]{64}", row["plan"])
    text = weir("plan", cwd=folder)[0].splitlines()
    assert re.match(r"\*  full +daily +never built", text[0]), text
    same(text[-1], "2 to build, 0 to reuse. * is the critical path.")
    assert not (folder / "out" / "daily").exists()
    only = json_lines(weir("plan", "--select", "daily", "--format=json", cwd=folder)[0])
    same([r["view"] for r in only], ["daily"])
    assert "WEIR-SELECTOR" in weir("plan", "-s", "dayly", code=2, cwd=folder)[1]


def test_run():
    folder = two_views("ran")
    out, err = weir("run", cwd=folder)
    same(err, "")
    same(out.splitlines()[-1], "Done. PASS=2 REUSED=0 WARN=0 ERROR=0 SKIP=0 TOTAL=2")
    assert re.search(r"^1 of 2  PASS    daily  full \(never built\), 2 rows, version \d+", out)
    again = weir("run", cwd=folder)[0]
    same(again.splitlines()[-1], "Done. PASS=0 REUSED=2 WARN=0 ERROR=0 SKIP=0 TOTAL=2")
    forced = weir("run", "-f", "--select", "best", cwd=folder)[0]
    same(forced.splitlines()[-1], "Done. PASS=1 REUSED=0 WARN=0 ERROR=0 SKIP=0 TOTAL=1")


def test_run_events():
    folder = two_views("events")
    events = json_lines(weir("run", "--format=json", cwd=folder)[0])
    finished = [e for e in events if e["event"] == "task_finished"]
    same([(e["view"], e["status"], e["action"], e["rows"]) for e in finished],
         [("daily", "pass", "full", 2), ("best", "pass", "full", 1)])
    for event in finished:
        assert {"files", "bytes", "version", "seconds", "reason"} <= set(event)
    last = events[-1]
    same({k: last[k] for k in ("status", "pass", "reused", "warn", "error", "skip", "total")},
         {"status": "ok", "pass": 2, "reused": 0, "warn": 0, "error": 0, "skip": 0, "total": 2})
    assert re.fullmatch("[0-9a-f-]{36}", last["run_id"])


def test_run_with_a_failing_view():
    folder = project("failing", {
        "bad": "/* weir\nconstraints: {small: \"n < 5\"}\n*/\nSELECT day, n FROM orders\n",
        "after": "SELECT day FROM bad\n", "apart": "SELECT n FROM orders\n"})
    out, err = weir("run", code=1, cwd=folder)
    same(out.splitlines()[-1], "Done. PASS=1 REUSED=0 WARN=0 ERROR=1 SKIP=1 TOTAL=3")
    assert "error[WEIR-CONSTRAINT]: view 'bad':" in err and "small" in err
    events = json_lines(weir("run", "--format=json", code=1, cwd=folder)[0])
    errors = {e["view"]: e["error"]["code"] for e in events
              if e["event"] == "task_finished" and e["status"] == "error"}
    same(errors, {"bad": "WEIR-CONSTRAINT"})


def test_run_when_nobody_reads():
    folder = two_views("unread")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([WEIR, "run"], stdout=write, stderr=subprocess.PIPE, cwd=folder,
                          env=environment())
    os.close(write)
    same((done.returncode, done.stderr), (0, b""))
    out = weir("run", cwd=folder)[0]
    same(out.splitlines()[-1], "Done. PASS=0 REUSED=2 WARN=0 ERROR=0 SKIP=0 TOTAL=2")


def test_sql_table_cuts_no_number():
    query = "SELECT 123456789012 AS n, repeat('x', 60) AS t, 9876543210.25 AS a_longer_name_than_it"
    shown = on_terminal("sql", f"--table=o={lake() / 'orders'}", query, columns=50)[1]
    shown = re.sub(r"\033\[\d*m", "", shown)
    assert "123456789012" in shown and "9876543210.25" in shown, shown
    assert all(width(line) <= 50 for line in shown.splitlines()), shown


def test_run_on_a_terminal():
    folder = two_views("shown")
    code, shown = on_terminal("run", cwd=folder)
    assert code == 0 and "\033[K" in shown and "of 2 done" in shown
    same(shown.splitlines()[-1].split("\033[K")[-1],
         "Done. PASS=2 REUSED=0 WARN=0 ERROR=0 SKIP=0 TOTAL=2")


def test_run_interrupted():
    folder = project("long", {
        "quick": "SELECT day FROM orders\n",
        "slow": "SELECT count(*) AS n FROM many a CROSS JOIN many b CROSS JOIN many c "
                "WHERE a.i * b.i + c.i = -1\n"}, f"  many: {{table: {lake() / 'many'}}}\n")
    process = subprocess.Popen([WEIR, "run", "--format=json"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=environment(), cwd=folder)
    time.sleep(3)
    assert process.poll() is None, "the run ended before it was interrupted"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    same(process.returncode, 130)
    assert b"WEIR-CANCELLED" in err
    last = json_lines(out.decode())[-1]
    same((last["event"], last["status"]), ("run_finished", "interrupted"))
    assert not (folder / "out" / "slow" / "_delta_log").exists()


def test_a_second_interrupt_ends_at_once():
    process = long_query()
    process.send_signal(signal.SIGINT)
    time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=10)
    same(process.returncode, 130)


def test_unused_parameter_warns():
    folder = two_views("warned")
    yml = folder / "weir.yml"
    yml.write_text(yml.read_text() + "parameters:\n  q: {type: int64, default: 1}\n")
    err = weir("plan", "--param", "q=2", cwd=folder)[1]
    assert err.count("warning[WEIR-") == 1 and "q" in err
    assert weir("run", "--param", "q=2", "--warn-error", code=1, cwd=folder)[1] != ""


def test_broken_project_lists_all_errors():
    folder = project("broken", {"a": "SELECT * FROM ordrs\n", "b": "SELECT 1 AS x\nFROM\n"})
    err = weir("plan", code=2, cwd=folder)[1]
    assert "error[WEIR-UNKNOWN-TABLE]" in err and "--> views/a.sql:1:15" in err
    assert "error[WEIR-SQL-SYNTAX]" in err and "--> views/b.sql:2:" in err
    same(err.splitlines()[-1], "2 errors, 0 warnings")
    codes = {e["error"]["code"] for e in
             json_lines(weir("plan", "--format=json", code=2, cwd=folder)[1])}
    same(codes, {"WEIR-UNKNOWN-TABLE", "WEIR-SQL-SYNTAX"})


def test_sources_that_fail_are_all_told():
    folder = project("failing", {"a": "SELECT x.n FROM x JOIN y ON x.n = y.n\n"})
    yml = folder / "weir.yml"
    yml.write_text(yml.read_text() + "sources:\n  x: {table: ./x}\n  y: {table: ./y}\n"
                   if "sources:" not in yml.read_text() else
                   yml.read_text().replace("sources:\n", "sources:\n  x: {table: ./x}\n"
                                           "  y: {table: ./y}\n"))
    for name in ("x", "y"):  # a link to itself: not a place that anybody can read
        (folder / name).mkdir()
        (folder / name / "_delta_log").symlink_to("_delta_log")
    err = weir("plan", code=1, cwd=folder)[1]
    same(err.count("error[WEIR-IO]"), 2)
    assert "source 'x'" in err and "source 'y'" in err
    same(err.splitlines()[-1], "2 errors, 0 warnings")


def test_ls():
    folder = two_views("listed")
    same(weir("ls", cwd=folder)[0],
         "NAME    KIND    MATERIALIZED  INPUTS\n"
         "orders  source\n"
         "best    view    table         daily\n"
         "daily   view    table         orders\n")
    rows = json_lines(weir("ls", "--format=json", cwd=folder)[0])
    same([(r["name"], r["kind"], r["inputs"], r["file"]) for r in rows],
         [("orders", "source", [], "weir.yml"), ("best", "view", ["daily"], "views/best.sql"),
          ("daily", "view", ["orders"], "views/daily.sql")])
    same([r["name"] for r in
          json_lines(weir("ls", "-s", "daily", "--format=json", cwd=folder)[0])], ["daily"])
    same(weir("ls", "-p", str(folder / "weir.yml"))[0], weir("ls", cwd=folder / "views")[0])


def test_ls_opens_nothing():
    folder = project("unopened", {
        "a": "/* weir\nmaterialized: table\ntags: [nightly]\n*/\nSELECT * FROM gone WHERE 1 < $n\n",
        "b": "SELECT * FROM a\n", "c": "SELECT 1 AS x\n"},
        f"  gone: {{table: {SCRATCH / 'nowhere'}}}\nparameters:\n  n: {{type: int64}}\n")
    same([r["name"] for r in json_lines(weir("ls", "-s", "a+", "--format=json", cwd=folder)[0])],
         ["a", "b"])
    same(weir("ls", "-s", "tag:nightly", "-v", cwd=folder)[0],
         "NAME  KIND  MATERIALIZED  FILE         TAGS     INPUTS\n"
         "a     view  table         views/a.sql  nightly  gone\n")
    assert "WEIR-SELECTOR" in weir("ls", "-s", "nope", code=2, cwd=folder)[1]
    # One view's syntax error does not hide the history of another.
    (folder / "views" / "broken.sql").write_text("SELECT FROM WHERE\n")
    assert "WEIR-TABLE-MISSING" in weir("history", "c", code=2, cwd=folder)[1]


def test_show_tells_the_header():
    folder = project("headed", {"v": """/* weir
materialized: table
key: [day]
tags: [one, two]
constraints: {positive: "n > 0", pair: {unique: [day, n]}}
columns:
  day: {type: string, not_null: true, description: which day}
*/
SELECT DISTINCT day, 1 AS n FROM orders
"""})
    out = weir("show", "v", cwd=folder)[0]
    for words in ("  key           day\n", "  tags          one, two\n",
                  "  constraints   pair: unique (day, n)\n", "                positive: n > 0\n",
                  "  columns       day string not null: which day\n", "never built"):
        assert words in out, out
    shown = json_lines(weir("show", "v", "--format=json", cwd=folder)[0])[0]
    same((shown["key"], shown["tags"], shown["last_commit"]), (["day"], ["one", "two"], None))
    same([c["name"] for c in shown["constraints"]], ["pair", "positive"])


def test_show_and_history():
    folder = two_views("described")
    assert "never built" in weir("show", "daily", cwd=folder)[0]
    weir("run", cwd=folder)
    out = weir("show", "daily", cwd=folder)[0]
    for words in "daily (view, table)", "Orders per day.", "views/daily.sql", "orders", "2 rows":
        assert words in out, out
    lines = json_lines(weir("show", "daily", "--format=json", "--limit", "1", cwd=folder)[0])
    same((len(lines), lines[0]["name"], lines[0]["last_commit"]["rows"]), (2, "daily", 2))
    assert "did you mean daily?" in weir("show", "dayly", code=2, cwd=folder)[1]
    commits = json_lines(weir("history", "daily", "--format=json", cwd=folder)[0])
    same(commits[0]["result_key"], lines[0]["result_key"])
    assert weir("history", "daily", cwd=folder)[0].startswith("VERSION  TIME")


def test_sql_in_a_project():
    folder = two_views("queried")
    weir("run", cwd=folder)
    same(weir("sql", "--format=csv", "SELECT day, total FROM daily ORDER BY day", cwd=folder)[0],
         "day,total\nmon,1\ntue,21\n")
    same(weir("sql", "--format=csv", "SELECT count(*) AS n FROM weir.runs", cwd=folder)[0],
         "n\n1\n")


def test_clean():
    folder = two_views("cleaned")
    weir("run", cwd=folder)
    assert "Nothing to remove." in weir("clean", cwd=folder)[0]
    (folder / "views" / "best.sql").unlink()
    assert "--yes removes" in weir("clean", "--orphans", cwd=folder)[0]
    assert (folder / "out" / "best").exists()
    rows = json_lines(weir("clean", "--orphans", "--yes", "--format=json", cwd=folder)[0])
    same([(r["what"], r["removed"]) for r in rows], [("orphan", True)])
    assert not (folder / "out" / "best").exists() and (folder / "out" / "daily").exists()


def test_functions():
    out = weir("functions")[0]
    assert out.startswith("NAME ") and "span_id" in out and "\nabs " not in out
    assert "\nabs " in weir("functions", "--all")[0]
    detail = json.loads(weir("functions", "span_id", "--format=json")[0])
    same((detail["name"], detail["kind"], detail["origin"]), ("span_id", "scalar", "host"))
    assert detail["description"] and detail["parameters"]
    same((detail["tags"], detail["settings"]), (["span", "id", "hash"], []))
    same([a["name"] for a in detail["arguments"]],
         ["prefix", "path", "bstart", "bend", "kind"])
    same([a["optional"] for a in detail["arguments"]], [False] * 4 + [True])
    assert detail["example"].startswith("span_id(")
    same(detail["example_result"], "span:751e3138fd1669fe0d30cccf1609076a")
    text = weir("functions", "span_id")[0]
    assert "  tags         span,id,hash\n" in text and detail["example_result"] in text
    assert f"  kind         Utf8, optional: {detail['arguments'][4]['doc']}\n" in text
    assert "WEIR-UNKNOWN-FUNCTION" in weir("functions", "no_such_one", code=2)[1]


def test_functions_of_every_kind():
    heads, *rows = [line.split() for line in weir("functions")[0].splitlines()]
    same(heads, ["NAME", "KIND", "VOLATILITY", "TAGS", "ALIASES"])
    listed = {row[0]: row[1:] for row in rows}
    same(listed["count_if"], ["aggregate", "immutable", "aggregate,deterministic"])
    same(listed["dedupe_best_by_score"], ["window", "immutable", "window,dedupe", "row_number"])
    for name, lines in {
            "collect_set": ["  value        Any: the values"],
            "first_value_agg": ["  aliases      first_value", "  value        any: any value"],
            "read_delta": ["  version      Int64, optional, literal: The version",
                           "  returns      Table"],
            "interval_align": ["  how          Utf8, optional, literal: inner (default), or left"],
            "abs": ["  kind         scalar", "  returns "]}.items():
        text = weir("functions", name)[0]
        for line in lines:
            assert line in text, f"{name}: no {line!r} in {text}"
    for line in weir("functions", "--all", "--format=json")[0].splitlines():
        row = json.loads(line)
        assert row["tags"] or row["origin"] == "builtin", row


# ---- the runner ----

def main():
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    tests = {n: f for n, f in globals().items() if n.startswith("test_") and part in n}
    passed = failed = 0
    try:
        for name, test in tests.items():
            try:
                test()
                passed += 1
                print(f"ok {name}")
            except Exception:
                failed += 1
                print(f"FAIL {name}\n{traceback.format_exc()}")
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
