#!/usr/bin/env python3
"""What a profile takes from the environment is in no message, no output and no record."""

from deltalake import DeltaTable

import kit
from kit import expect

# A store at a port where nobody listens: every request fails, and the engine says with what.
SECRETS = {
    "PW": "p4ssw0rd-of-the-proxy", "ENDPOINT": "http://adm:endp0int%40pw@127.0.0.1:1",
    "KEY": "AKIASECRETKEYNAME", "SECRET": "s3cr3t/with+signs==", "TOKEN": "t0ken-t0ken-t0ken",
    "NUM": "31337", "REGION": "mars-north-77", "ODD": "it's a \"quoted\" sec ret"}
WORDS = [*SECRETS.values(), "endp0int@pw", "endp0int%40pw", "endp0int"]

OPTIONS = [
    ("aws_endpoint_url", "http://u:${env:PW}@127.0.0.1:1"),
    ("aws_endpoint_url", "${env:ENDPOINT}"),
    ("aws_endpoint_url", "no url ${env:PW}"),
    ("aws_access_key_id", "${env:KEY}"),
    ("aws_secret_access_key", "${env:SECRET}"),
    ("aws_session_token", "${env:TOKEN}"),
    ("aws_region", "${env:REGION}"),
    ("aws_allow_http", "${env:PW}"),
    ("max_retries", "${env:PW}"),
    ("max_retries", "${env:NUM}x"),
    ("retry_timeout", "${env:ODD}"),
    ("timeout", "${env:NUM}"),
    ("timeout", "${env:PW}s"),
    ("proxy_url", "http://x:${env:PW}@127.0.0.1:1"),
    ("proxy_url", "${env:ODD}"),
    ("google_service_account_path", "/nowhere/${env:PW}"),
    ("user_agent", "${env:ODD}"),
    ("conditional_put", "${env:PW}"),
    ("no_such_option", "${env:PW}"),
]


def project(folder, key, value, source="table: 's3://bucket/src'", warehouse=None):
    storage = {"aws_endpoint_url": "http://127.0.0.1:1", "aws_allow_http": "true",
               "aws_region": "x", "max_retries": "0", "retry_timeout": "1s"}
    storage.setdefault("aws_access_key_id", "${env:KEY}")
    storage.setdefault("aws_secret_access_key", "${env:SECRET}")
    storage[key] = value
    text = "".join(f"      {k}: '{v}'\n" for k, v in storage.items())
    yml = "profiles:\n  far:\n"
    yml += f"    warehouse: {warehouse}\n" if warehouse else ""
    yml += "    storage:\n" + text
    kit.append(folder / "near", kit.numbers(3))
    return kit.Project(folder, {"v": "SELECT * FROM src", "w": "SELECT * FROM near"},
                       sources={"src": source, "near": "./near"}, yml=yml)


def records(folder):
    """All texts of all tables of the warehouse."""
    out = []
    for log in (folder / "lake").rglob("_delta_log"):
        out += [p.read_text() for p in log.glob("*.json")]
        out.append(str(DeltaTable(str(log.parent)).to_pyarrow_table().to_pylist()))
    return "\n".join(out)


def check(what, *texts):
    for text in texts:
        for word in WORDS:
            assert word.lower() not in text.lower(), f"{what}: {word!r} is in\n{text}"


def all_of(p, *args):
    done = p.weir(*args, "--profile", "far", code=None, env=SECRETS)
    return done.code, done.out + done.err


def test_options_one_by_one(folder):
    failed = 0
    for n, (key, value) in enumerate(OPTIONS):
        inside = folder / str(n)
        inside.mkdir()
        p = project(inside, key, value)
        for args in (("run",), ("run", "--format", "json"), ("plan", "--format", "json"),
                     ("ls", "--format", "json"), ("show", "v"),
                     ("sql", "SELECT * FROM read_delta('s3://bucket/other')"),
                     ("sql", "--format", "json", "SELECT * FROM src")):
            code, text = all_of(p, *args)
            failed += 1 if code else 0
            check((key, value, args), text)
        check((key, value, "records"), records(inside))
    assert failed > len(OPTIONS), failed


def test_a_warehouse_far_away(folder):
    p = project(folder, "aws_endpoint_url", "${env:ENDPOINT}", warehouse="s3://bucket/lake")
    for args in (("run", "--format", "json"), ("clean", "--yes"), ("history", "v")):
        code, text = all_of(p, *args)
        assert code in (1, 2), text
        check(args, text)


def test_what_is_left_of_a_message_helps(folder):
    """The value goes, the words around it stay."""
    p = project(folder, "max_retries", "${env:PW}")
    code, text = all_of(p, "run")
    expect(code, 2, text)
    kit.has(text, "max_retries", "***", "is no number")


if __name__ == "__main__":
    kit.main(globals())
