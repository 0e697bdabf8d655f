#!/usr/bin/env python3
"""Runs the examples of README.md and docs/, and compiles the public headers.

usage: run_docs.py [NAME-PART]; env WEIR_BUILD is the build folder (default: build)

A fenced block is tested if a comment stands on the line above it:

  <!-- test -->        ```console: lines after `$ ` run in a shell that all blocks of the
                       document share, in a temporary folder; the other lines are the expected
                       output. In it `[..]` stands for any text within a line, a line `...` for
                       any lines, and `[exit 2]` as the last line for the exit code of a command.
                       ```sql: `weir sql` must accept it, in the shell's current folder.
                       ```c: compiled against the library, strictly, and run; must exit with 0.
  <!-- file: PATH -->  the block is written to that file below the document's folder.

Every block of the kinds console, sql and c carries one of them, or `<!-- no test: why -->`.
"""
# tests/run: timeout=300

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD") or ROOT / "build").resolve()
MARK = re.compile(r"^<!-- (test|no test|file): ?(.*?) ?-->$|^<!-- (test) -->$")
KINDS = ("console", "sql", "c")
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-pedantic-errors", "-Werror"]
END = "--end-of-command--"


class Block:
    def __init__(self, line, kind, mark, argument):
        self.line, self.kind, self.mark, self.argument = line, kind, mark, argument
        self.lines = []

    @property
    def text(self):
        return "".join(f"{line}\n" for line in self.lines)


def documents():
    found = sorted((ROOT / "docs").rglob("*.md"))
    readme = ROOT / "README.md"
    return ([readme] if readme.exists() else []) + found


def blocks_of(path):
    blocks, inside, before = [], None, ""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if inside is not None:
            if line.strip() == "```":
                blocks.append(inside)
                inside = None
            else:
                inside.lines.append(line)
        elif line.startswith("```"):
            mark = MARK.match(before)
            name = (mark.group(1) or mark.group(3)) if mark else None
            argument = (mark.group(2) or "") if mark else ""
            inside = Block(number, line[3:].strip(), name, argument)
        before = line
    assert inside is None, f"{path.name}: the block of line {inside.line} is not closed"
    return blocks


# ---- a shell of a document ----

class Shell:
    def __init__(self, folder):
        env = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")}
        env.update(PATH=f"{BUILD}:{env['PATH']}", LC_ALL="C.UTF-8", HOME=folder, COLUMNS="80")
        env.pop("NO_COLOR", None)
        self.process = subprocess.Popen(["bash", "--norc"], cwd=folder, env=env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)

    def run(self, command):
        """Gives (output lines, exit code)."""
        script = f"{command}\nprintf '\\n{END} %d\\n' $?\n"
        self.process.stdin.write(script.encode())
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline().decode("utf-8", "replace")
            assert line, f"the shell ended in: {command}"
            if line.startswith(END):
                break
            lines.append(line.rstrip("\n"))
        if lines and lines[-1] == "":
            lines.pop()
        return lines, int(line.split()[1])

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def line_matches(pattern, line):
    parts = [re.escape(part) for part in pattern.rstrip().split("[..]")]
    return re.fullmatch(".*".join(parts), line.rstrip()) is not None


def matches(want, got):
    """Whether the lines are as expected; `...` stands for any number of them."""
    if not want:
        return not got
    if want[0].strip() == "...":
        return any(matches(want[1:], got[i:]) for i in range(len(got) + 1))
    return bool(got) and line_matches(want[0], got[0]) and matches(want[1:], got[1:])


def commands_of(block):
    """Gives [command, expected lines] in order; a command may go on after a backslash."""
    found = []
    for line in block.lines:
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1][0] += "\n" + line
        else:
            assert found, "the block begins with output"
            found[-1][1].append(line)
    return found


def run_console(block, shell):
    for command, want in commands_of(block):
        code = 0
        if want and (said := re.fullmatch(r"\[exit (\d+)\]", want[-1])):
            code, want = int(said.group(1)), want[:-1]
        got, exit_code = shell.run(command)
        shown = "\n".join(got)
        assert exit_code == code, f"$ {command}\nexit code {exit_code}, not {code}\n{shown}"
        assert matches(want, got), \
            f"$ {command}\ngot\n{shown}\nwant\n" + "\n".join(want)


def run_sql(block, shell):
    got, code = shell.run(f"weir sql {shlex.quote(block.text)}")
    assert code == 0, "\n".join(got)


def compile_c(source, out, *more):
    return subprocess.run(
        ["cc", "-std=c11", *STRICT, f"-I{ROOT}/include", str(source), "-o", str(out), *more],
        capture_output=True, text=True, timeout=120)


def run_c(block, folder):
    source, program = pathlib.Path(folder, "example.c"), pathlib.Path(folder, "example")
    source.write_text(block.text, "utf-8")
    done = compile_c(source, program, f"-L{BUILD}", "-lweir", f"-Wl,-rpath,{BUILD}")
    assert done.returncode == 0, done.stderr
    done = subprocess.run([str(program)], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"


def run_document(path, blocks):
    with tempfile.TemporaryDirectory(prefix="weir-docs-") as folder:
        shell = Shell(folder)
        try:
            for block in blocks:
                try:
                    run_block(block, shell, folder)
                except AssertionError as why:
                    raise AssertionError(f"{path.name}:{block.line}: {why}") from why
        finally:
            shell.close()


def run_block(block, shell, folder):
    if block.mark == "file":
        target = pathlib.Path(folder, block.argument)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text, "utf-8")
    elif block.mark == "test":
        assert block.kind in KINDS, f"a test of a block of kind '{block.kind}'"
        if block.kind == "console":
            run_console(block, shell)
        elif block.kind == "sql":
            run_sql(block, shell)
        else:
            run_c(block, folder)


# ---- tests ----

def test_documents():
    """One test a document."""
    for path in documents():
        blocks = blocks_of(path)
        yield f"examples of {path.relative_to(ROOT)}", lambda p=path, b=blocks: run_document(p, b)
        yield f"marks of {path.relative_to(ROOT)}", lambda p=path, b=blocks: check_marks(p, b)
        yield f"links of {path.relative_to(ROOT)}", lambda p=path: check_links(p)


def check_marks(path, blocks):
    bare = [b.line for b in blocks if b.kind in KINDS and b.mark is None]
    assert not bare, f"{path.name}: blocks without a mark at lines {bare}"
    empty = [b.line for b in blocks if b.mark in ("no test", "file") and not b.argument]
    assert not empty, f"{path.name}: marks without a reason or a path at lines {empty}"


def check_links(path):
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_headers():
    for header in sorted((ROOT / "include" / "weir").glob("*.h")):
        for compiler, standard in (("cc", "c11"), ("cc", "c17"), ("c++", "c++17")):
            yield (f"{header.name} alone as {standard}",
                   lambda h=header, c=compiler, s=standard: check_header(h, c, s))


def check_header(header, compiler, standard):
    language = "c++" if compiler == "c++" else "c"
    # Twice: the guard. The last line: no translation unit may be empty.
    text = f"#include <weir/{header.name}>\n#include <weir/{header.name}>\nextern int weir_doc;\n"
    done = subprocess.run([compiler, f"-std={standard}", *STRICT, "-x", language,
                           f"-I{ROOT}/include", "-fsyntax-only", "-"],
                          input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def keys_in(name):
    """The keys that a reader of src/spec accepts or refuses by name: (key, NOT_YET)."""
    text = (ROOT / "src" / "spec" / name).read_text("utf-8")
    found = []
    for table in re.findall(r"wi_key \w+\[\] = \{(.*?)\};", text, re.S):
        found += re.findall(r'\{"(\w+)", (true|false)\}', table)
    assert found, f"no keys found in {name}"
    return [(key, later == "true") for key, later in found]


def test_keys():
    text = (ROOT / "docs" / "project.md").read_text("utf-8")
    for name in ("project.c", "source.c", "param.c", "profile.c", "header.c"):
        yield f"docs/project.md knows the keys of {name}", \
            lambda n=name: check_keys(n, text)


def check_keys(name, text):
    later = text.split("## Not yet", 1)[1]
    missing = [key for key, is_later in keys_in(name)
               if f"`{key}`" not in (later if is_later else text)]
    assert not missing, f"docs/project.md does not name {missing}"


def test_records():
    yield "docs/records.md knows every column", check_records


def check_records():
    text = (ROOT / "docs" / "records.md").read_text("utf-8")
    rows = re.findall(r"WI_RECORD_COLUMN\((\w+), (\w+), \w\)",
                      (ROOT / "tables" / "records.def").read_text("utf-8"))
    assert len(rows) > 50, rows
    for table, column in rows:
        section = text.split(f"\n`weir.{table}`:", 1)[-1].split("\n`weir.", 1)[0]
        assert f"`{column}`" in section, f"docs/records.md: no column {column} of {table}"


def test_commands():
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    usage = subprocess.run([BUILD / "weir", "--help"], capture_output=True, text=True).stdout
    names = re.findall(r"^  (\w+)  ", usage, re.M)
    assert len(names) > 5, usage
    for name in names:
        yield f"docs/commands.md knows weir {name}", lambda n=name: check_command(n, text)


def check_command(name, text):
    assert f"## weir {name}\n" in text, f"no section of weir {name}"
    said = subprocess.run([BUILD / "weir", "help", name], capture_output=True, text=True).stdout
    options = set(re.findall(r"^ +(?:-\w, )?--([a-z-]+)", said, re.M)) - {"help"}
    missing = sorted(o for o in options if f"`--{o}" not in text)
    assert not missing, f"options that are not described: {missing}"


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    passed = failed = 0
    for group in (test_documents, test_headers, test_keys, test_records, test_commands):
        for name, body in group():
            if wanted not in name:
                continue
            try:
                body()
                passed += 1
                print(f"ok {name}", flush=True)
            except Exception as why:  # noqa: BLE001: every failure is told, and the rest runs
                failed += 1
                if not isinstance(why, AssertionError):
                    traceback.print_exc(file=sys.stdout)
                print(f"FAIL {name}\n  " + str(why).replace("\n", "\n  "), flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
