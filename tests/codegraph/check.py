#!/usr/bin/env python3
"""Checks what codefacts and the views of examples/codegraph made, with Python's own tools.

  check.py facts FACTS SRC   definitions, names, imports and calls against the module ast
  check.py lake FACTS LAKE   the innermost definitions by search, ids, and the graph's ends
  check.py fixture FACTS LAKE   the worked fixture (tests/codegraph/fixture): its ids and edges
  check.py indexed FACTS LAKE   the same with the worked SCIP index

Tables are read with the deltalake package. Exit code 1: something differs.
"""

import ast
import bisect
import collections
import hashlib
import os
import pathlib
import re
import sys

from deltalake import DeltaTable

# Shares of rows that the grammar may read differently from Python (see codefacts/README.md).
ALLOWED = {"names": 0.0001, "calls": 0.0005, "defs": 0.0, "imports": 0.0}
CODING = re.compile(rb"coding[:=]\s*(latin|iso)")
NEWLINE = re.compile(rb"\r\n|\r|\n")


def rows(folder, table, columns):
    """The table's rows as tuples."""
    data = DeltaTable(str(pathlib.Path(folder) / table)).to_pyarrow_table(columns=columns)
    return list(zip(*(data[name].to_pylist() for name in columns)))


def by_path(folder, table, columns):
    out = collections.defaultdict(set)
    for path, *rest in rows(folder, table, ["path", *columns]):
        out[path].add(tuple(rest))
    return out


class Facts(ast.NodeVisitor):
    """The same facts from ast. Places inside f-strings are wrong before Python 3.12: left out."""

    def __init__(self, text, tree):
        self.starts = [0] + [m.end() for m in NEWLINE.finditer(text)]
        self.skip = [self.span(n) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr)]
        self.found = {"names": set(), "calls": set(), "defs": set(), "imports": set()}
        self.container = None
        self.visit(tree)

    def span(self, node):
        return (
            self.starts[node.lineno - 1] + node.col_offset,
            self.starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def skipped(self, at):
        return any(a <= at < b for a, b in self.skip)

    def visit_Name(self, node):
        span = self.span(node)
        if not self.skipped(span[0]):
            self.found["names"].add((*span, type(node.ctx).__name__))

    def visit_Call(self, node):
        span = self.span(node)
        if not self.skipped(span[0]):
            self.found["calls"].add((*span, len(node.args) + len(node.keywords)))
        self.generic_visit(node)

    def visit_Import(self, node, module=None, level=0):
        for name in node.names:
            pair = (name.name, None) if module is None and level == 0 else (module, name.name)
            self.found["imports"].add(
                (*self.span(name), pair[0], level, pair[1], name.asname, *self.span(node))
            )

    def visit_ImportFrom(self, node):
        self.visit_Import(node, node.module, node.level)

    def visit_def(self, node):
        outer = self.container
        kind = "class" if isinstance(node, ast.ClassDef) else "function"
        if kind == "function" and isinstance(outer, ast.ClassDef):
            kind = "method"
        self.found["defs"].add(
            (
                *self.span(node),
                kind,
                node.name,
                len(node.decorator_list),
                self.span(outer)[0] if outer else None,
            )
        )
        for field, value in ast.iter_fields(node):
            self.container = node if field == "body" else outer
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.visit(child)
        self.container = outer

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_def


def check_facts(facts, source):
    got = {
        "names": by_path(facts, "cst_refs", ["bstart", "bend", "expr_ctx", "ref_kind"]),
        "calls": by_path(facts, "cst_callsites", ["call_bstart", "call_bend", "arg_count"]),
        "defs": by_path(
            facts,
            "cst_defs",
            ["def_bstart", "def_bend", "kind", "name", "decorator_count", "container_def_bstart"],
        ),
        "imports": by_path(
            facts,
            "cst_imports",
            [
                "alias_bstart",
                "alias_bend",
                "module",
                "relative_level",
                "name",
                "asname",
                "stmt_bstart",
                "stmt_bend",
            ],
        ),
    }
    total = collections.Counter()
    wrong = collections.defaultdict(list)
    sys.setrecursionlimit(20000)
    for path, digest, status in rows(facts, "repo_files", ["path", "file_sha256", "parse_status"]):
        text = (pathlib.Path(source) / path).read_bytes()
        assert hashlib.sha256(text).hexdigest() == digest, path
        if status != "ok" or text.startswith(b"\xef\xbb\xbf"):
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        if CODING.search(text[:200]):
            text = text.decode("latin-1").encode()
        wanted = Facts(text, tree)
        for what, found in wanted.found.items():
            have = got[what][path]
            if what == "names":
                have = {r[:3] for r in have if r[3] == "name"}
            if what in ("names", "calls"):
                have = {r for r in have if not wanted.skipped(r[0])}
            total[what] += len(found)
            wrong[what] += [(path, r) for r in found ^ have]
    bad = 0
    for what, allowed in ALLOWED.items():
        print(f"{what}: {total[what]} checked, {len(wrong[what])} differ")
        if len(wrong[what]) > allowed * total[what]:
            bad += 1
            for path, row in wrong[what][:10]:
                print(f"  {path}: {row}")
    return bad


def innermost(starts, defs, bstart, bend):
    for i in range(bisect.bisect_right(starts, bstart) - 1, -1, -1):
        if bend <= defs[i][1]:
            return defs[i]
    return (None, None)


def check_lake(facts, lake):
    defs = {p: sorted(d) for p, d in by_path(facts, "cst_defs", ["def_bstart", "def_bend"]).items()}
    starts = {p: [d[0] for d in items] for p, items in defs.items()}
    columns = ["path", "bstart", "bend", "def_bstart", "def_bend"]
    checked = bad = 0
    for path, bstart, bend, *got in rows(lake, "enclosing_def", columns):
        checked += 1
        want = innermost(starts.get(path, []), defs.get(path, []), bstart, bend)
        bad += tuple(got) != want
    print(f"enclosing_def: {checked} checked, {bad} differ")

    for fact, view, name in (
        ("cst_refs", "refs_norm", "ref_id"),
        ("cst_defs", "defs_norm", "def_id"),
        ("cst_callsites", "calls_norm", "call_id"),
    ):
        same = set(rows(facts, fact, [name])) == set(rows(lake, view, [name]))
        print(f"{name}: codefacts and the view {'agree' if same else 'DIFFER'}")
        bad += not same

    nodes = [r[0] for r in rows(lake, "cpg_nodes", ["node_id"])]
    edges = rows(lake, "cpg_edges", ["edge_id", "src_node_id", "dst_node_id"])
    known = set(nodes)
    loose = sum(e[1] not in known or e[2] not in known for e in edges)
    doubled = len(nodes) - len(known) + len(edges) - len({e[0] for e in edges})
    listed = sum(len(r[0]) for r in rows(lake, "cpg_edges_by_src", ["edges"]))
    print(f"{len(nodes)} nodes, {len(edges)} edges, {loose} loose, {doubled} ids doubled")
    return bad + loose + doubled + (listed != len(edges))


FIXTURE_IDS = {
    "defs_norm": {"cst_def:6455625d3a8c301905e612984672e4bf"},
    "imports_norm": {
        "cst_import:6cd8b74d26f76db9959349290ab268c2",
        "cst_import:bd580de32109cf84a9a8c2137cd10c23",
    },
    "calls_norm": {
        "cst_call:ff65f5775b20af23a04126fcd20552b1",
        "cst_call:f8d558f859c7f0afb45d30a9da5744aa",
    },
    "refs_norm": {
        "cst_ref:10f062095ec5159cc8cd302052390398",
        "cst_ref:30c4114e82860535987aa9246ad53138",
        "cst_ref:2543d78a8f4b20c158eef4e673a03cbe",
        "cst_ref:f139f7e54ef033b333ffb16519538b38",
    },
}
AREA = "node:036dad3126c44362fb7059934cd9bf0b"
FIXTURE_EDGES = {
    ("PY_DEFINES_SYMBOL", "a.py", 16, 20, AREA),
    ("PY_IMPORTS_SYMBOL", "b.py", 14, 18, AREA),
    ("PY_READS_SYMBOL", "b.py", 25, 29, AREA),
    ("PY_CALLS_SYMBOL", "b.py", 25, 32, AREA),
}


MATH = ("PY_READS_SYMBOL", "a.py", 36, 40, "node:" + hashlib.blake2b(
    b"py math/\x1fSCIP_SYMBOL", digest_size=16).hexdigest())


def check_fixture(facts, lake, more=frozenset()):
    bad = 0
    for view, want in FIXTURE_IDS.items():
        name = {"defs": "def_id", "refs": "ref_id", "imports": "import_id", "calls": "call_id"}
        got = {r[0] for r in rows(lake, view, [name[view.split("_")[0]]])}
        bad += got != want
        print(f"{view}: {'as written' if got == want else got}")
    columns = ["edge_kind", "path", "bstart", "bend", "dst_node_id"]
    edges = {r for r in rows(lake, "cpg_edges", columns) if r[0] != "SCOPE_PARENT"}
    print(f"edges: {'as written' if edges == FIXTURE_EDGES | more else edges}")
    nodes = {r[0] for r in rows(lake, "cpg_nodes", ["node_id"])}
    bad += not {AREA, "node:9d7ee662b755bc727199f9e2edd9dee3"} <= nodes
    calls = dict(rows(lake, "call_resolution", ["callee_text", "resolution"]))
    bad += calls != {"print": "unresolved", "area": "resolved"}
    print(f"calls: {calls}")
    return bad + (edges != FIXTURE_EDGES | more)


def check_indexed(facts, lake):
    bad = check_fixture(facts, lake, {MATH})
    spans = set(rows(lake, "occurrences", ["path", "bstart", "bend", "symbol", "origin"]))
    want = {("a.py", 16, 20, "py a/area().", "scip"), ("a.py", 36, 40, "py math/", "scip"),
            ("b.py", 14, 18, "py a/area().", "scip"), ("b.py", 25, 29, "py a/area().", "scip")}
    print(f"occurrences: {'as written' if spans == want else spans}")
    return bad + (spans != want)


CHECKS = {"facts": check_facts, "lake": check_lake, "fixture": check_fixture,
          "indexed": check_indexed}

if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in CHECKS:
        sys.exit(__doc__)
    failed = CHECKS[sys.argv[1]](*sys.argv[2:])
    sys.stdout.flush()
    os._exit(1 if failed else 0)  # the reader's threads sometimes abort a normal exit
