"""What the functions of weir are, a second time: plain Python, one row or one group at once.

SCALAR and AGGREGATE map a function's name to calls: (SQL over the columns of `rows`, model).
A model of a scalar takes a row (a dict), one of an aggregate a list of rows; `ERROR` marks
rows where the call is refused. Nothing here is taken from weir.
"""

import datetime
import fractions
import hashlib
import math
import random
import struct
import unicodedata

import pyarrow as pa

import models_scalar

WHITE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
SCHEMA = pa.schema([
    ("id", pa.int64()), ("g", pa.int64()), ("s", pa.string()), ("u", pa.string()),
    ("word", pa.string()), ("i", pa.int64()), ("j", pa.int64()), ("big", pa.int64()),
    ("k", pa.int32()), ("b", pa.bool_()), ("c", pa.bool_()), ("f", pa.float64()),
    ("d", pa.date32()), ("raw", pa.binary()), ("unit", pa.string()), ("change", pa.string()),
    ("ls", pa.list_(pa.string())), ("li", pa.list_(pa.int64())), ("lf", pa.list_(pa.float64())),
    ("m", pa.map_(pa.string(), pa.string())), ("mi", pa.map_(pa.string(), pa.int64())),
    ("st", pa.struct([("a", pa.int64()), ("b", pa.string())])),
    ("at8", pa.int64()), ("at16", pa.int64()),
])
PIECES = ["a", "B", "z", " ", "\t", "é", "é", "ﬁ", "Straße", "İ", "각", "각", "😀", "\u2003",
          "\r\n", ".", "\x1f", "0", "__NULL__", "Ａ", "ǅ", "ẛ̣", "Σ"]


def text(rng):
    return "".join(rng.choice(PIECES) for _ in range(rng.choice([0, 1, 1, 2, 3, 5, 9, 30])))


def a_float(rng):
    known = [0.0, -0.0, 0.1, 1.0, 1e16, 1e300, -1e300, 5e-324, -2.5, 1e-9]
    return rng.choice(known) if rng.random() < 0.5 else rng.uniform(-1e6, 1e6)


def row(rng, n):
    def maybe(value):
        return None if rng.random() < 0.15 else value

    def some(make, most=6):
        return [maybe(make()) for _ in range(rng.randint(0, most))]

    def keys(make):
        return list({rng.choice("a b A Key é ﬁ x".split()): maybe(make())
                     for _ in range(rng.randint(0, 4))}.items())

    line = maybe(text(rng))
    head = (line or "")[:rng.randint(0, 12)]
    return {
        "id": n, "g": rng.randint(0, 8), "s": line, "u": maybe(text(rng)),
        "word": maybe(rng.choice(["a", "b", "c", "", "Zed", "é", "node"])),
        "i": maybe(rng.randint(-3, 12)), "j": maybe(rng.randint(-3, 12)),
        "big": maybe(rng.choice([0, 7, -1, 2**62, -(2**62), rng.randint(-(2**40), 2**40)])),
        "k": maybe(rng.randint(0, 4)), "b": maybe(rng.random() < 0.5),
        "c": maybe(rng.random() < 0.5), "f": maybe(a_float(rng)),
        "d": maybe(datetime.date(1970, 1, 1) + datetime.timedelta(rng.randint(-9999, 20000))),
        "raw": maybe(rng.randbytes(rng.randint(0, 5))),
        "unit": maybe(rng.choice(["byte", "BYTE", "utf8", "UTF16", "utf32", "", " utf8 ", "1", "2",
                                  "3", "9", "lines"])),
        "change": maybe(rng.choice(["insert", "delete", "update_preimage", "update_postimage",
                                    " INSERT ", "Update_Postimage", "", "merge"])),
        "ls": maybe(some(lambda: rng.choice(["a", "b", "é", "", text(rng)]))),
        "li": maybe(some(lambda: rng.randint(-3, 3))),
        "lf": maybe(some(lambda: rng.choice([0.5, -1.5, 1e300, 2.0]))),
        "m": maybe(keys(lambda: rng.choice(["v", "w", text(rng)]))),
        "mi": maybe(keys(lambda: rng.randint(-5, 5))),
        "st": maybe({"a": maybe(rng.randint(0, 5)), "b": maybe(text(rng))}),
        # Columns of the line `s` between its characters.
        "at8": maybe(len(head.encode())), "at16": maybe(len(head.encode("utf-16-le")) // 2),
    }


def rows(seed, n):
    rng = random.Random(seed)
    return [row(rng, k) for k in range(n)]


# ---- hashes ----

def hash64(data):
    whole = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")
    return whole & (2**63 - 1)


def hex128(data):
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def of(f, *names):
    """Null if one of the columns is null."""
    return lambda r: None if any(r[n] is None for n in names) else f(*(r[n] for n in names))


def part(value):
    if value is None:
        return "__NULL__"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def joined(*values):
    return "\x1f".join(part(v) for v in values).encode()


def prefixed(prefix, tail):
    return None if prefix is None else f"{prefix}:{tail}"


def hash_any(value, canonical=True, sentinel="__NULL__"):
    if value is None:
        return hex128(sentinel.encode())
    plain = part(value)
    return hex128((nfkc(plain.strip(WHITE)) if canonical else plain).encode())


def nfkc(value):
    return unicodedata.normalize("NFKC", value)


# ---- spans ----

SPAN = "CASE WHEN b THEN span_make(i, j) ELSE span_make(i, j, end_exclusive => c) END"
OTHER = "span_make(j, big % 20, k, unit, b)"


def span_of(r):
    return (r["i"], r["j"], True if r["b"] else r["c"] is not False)


def other_of(r):
    end = None if r["big"] is None else int(math.fmod(r["big"], 20))
    return (r["j"], end, r["b"] is not False)


def span_len(r):
    start, end, exclusive = span_of(r)
    return None if start is None or end is None else end - start + (not exclusive)


def two_spans(test):
    def model(r):
        a, b = span_of(r), other_of(r)
        if None in a or None in b:
            return None
        return test(a[0], a[1] + (not a[2]), b[0], b[1] + (not b[2]))
    return model


def span_make(r):
    return {"bstart": r["i"], "bend": r["j"], "line_base": r["k"],
            "col_unit": "byte" if r["unit"] is None else r["unit"],
            "end_exclusive": r["b"] is not False}


# ---- texts, positions, change types ----

def blank_to_null(value):
    return value.strip(WHITE) or None


def collapsed(value):
    pieces, word = [], ""
    for char in value:
        if char in WHITE:
            pieces.append(word)
            word = ""
        else:
            word += char
    return " ".join(p for p in [*pieces, word] if p)


def normal(value, form="NFKC", lower=True, collapse=True):
    value = unicodedata.normalize(form, value.strip(WHITE))
    value = value.lower() if lower else value
    return (collapsed(value) if collapse else value) or None


def qname(symbol, module=None, lang=None):
    lower = (lang or "").strip(WHITE).lower() != "python"
    name = None if symbol is None else normal(symbol, lower=lower)
    before = None if module is None else normal(module, lower=lower)
    return name if name is None or before is None or "." in name else f"{before}.{name}"


RANKS = {"update_postimage": 3, "insert": 2, "delete": 1, "update_preimage": 0}


def rank(change):
    return RANKS.get(change.strip(WHITE).lower(), -1)


def encoding(value):
    if value is None:
        return 3
    if isinstance(value, int):
        return value if value in (1, 2) else 3
    plain = value.strip(WHITE).upper().replace("-", "").replace("_", "")
    if plain.isdecimal():
        return int(plain) if plain in ("1", "2") else 3
    return 1 if "UTF8" in plain else 2 if "UTF16" in plain else 3


def to_byte(line, col, unit):
    """Where column `col` of the line is; it lies between characters."""
    if line is None or col is None:
        return None
    col = max(col, 0)
    if unit is not None and "BYTE" in unit.upper():
        return min(col, len(line.encode()))
    size = {1: lambda c: len(c.encode()), 2: lambda c: 1 + (ord(c) > 0xFFFF),
            3: lambda c: 1}[encoding(unit)]
    at = seen = 0
    for char in line:
        if seen >= col:
            break
        seen += size(char)
        at += len(char.encode())
    assert seen == col or at == len(line.encode()), "the model was given a bad column"
    return at


def byte_span(r):
    def side(start, col):
        missing = None in (r[start], r["s"], r[col])
        return None if missing else r[start] + to_byte(r["s"], r[col], "utf16")
    return {"bstart": side("i", "at16"), "bend": side("j", "at16")}


def align_score(r):
    return None if None in (r["big"], r["i"], r["j"], r["k"]) else float(r["j"] - r["k"])


# ---- nested values ----

def by_bytes(value):
    return value.encode() if isinstance(value, str) else value


def compact(items):
    return [x for x in items if x is not None]


def unique_sorted(items):
    return sorted(set(compact(items)), key=by_bytes)


def map_get(name, key, default):
    def model(r):
        found = dict(r[name] or []).get(key)
        return default(r) if found is None else found
    return model


def map_normal(entries, case=str.lower, sort=True):
    entries = [(case(k), None if v is None else part(v)) for k, v in entries]
    return sorted(dict(entries).items(), key=lambda e: e[0].encode()) if sort else entries


# ---- the models ----

SCALAR = {
    "stable_hash64": [("stable_hash64(s)", of(lambda s: hash64(s.encode()), "s"))],
    "stable_hash128": [("stable_hash128(s)", of(lambda s: hex128(s.encode()), "s"))],
    "prefixed_hash64": [("prefixed_hash64(word, s)",
                         of(lambda w, s: f"{w}:{hash64(s.encode())}", "word", "s"))],
    "stable_id": [("stable_id(word, s)",
                   of(lambda w, s: f"{w}:{hex128(s.encode())}", "word", "s"))],
    "stable_id_parts": [
        ("stable_id_parts(word, s, i, b, d, raw)", lambda r: prefixed(
            r["word"], hex128(joined(*(r[c] for c in ("s", "i", "b", "d", "raw")))))),
        ("stable_id_parts('node', big)", lambda r: prefixed("node", hex128(joined(r["big"])))),
    ],
    "prefixed_hash_parts64": [
        ("prefixed_hash_parts64(word, u, k, NULL)", lambda r: prefixed(
            r["word"], hash64(joined(r["u"], r["k"], None))))],
    "stable_hash_any": [
        ("stable_hash_any(s)", lambda r: hash_any(r["s"])),
        ("stable_hash_any(s, false)", lambda r: hash_any(r["s"], False)),
        ("stable_hash_any(i, null_sentinel => 'none')",
         lambda r: hash_any(r["i"], True, "none")),
        ("stable_hash_any(raw)", lambda r: hash_any(r["raw"])),
    ],
    "span_make": [("span_make(i, j, k, unit, b)", span_make)],
    "span_len": [(f"span_len({SPAN})", span_len)],
    "span_overlaps": [(f"span_overlaps({SPAN}, {OTHER})",
                       two_spans(lambda s, e, t, f: s < f and t < e))],
    "span_contains": [(f"span_contains({SPAN}, {OTHER})",
                       two_spans(lambda s, e, t, f: s <= t and f <= e))],
    "span_id": [
        ("span_id(word, s, i, j)", lambda r: prefixed(
            r["word"], hex128(joined(r["s"], r["i"], r["j"])))),
        ("span_id(word, s, i, j, u)", lambda r: prefixed(
            r["word"], hex128(joined(r["s"], r["i"], r["j"], r["u"])))),
    ],
}

SCALAR |= {
    "utf8_normalize": [
        ("utf8_normalize(s)", of(normal, "s")),
        ("utf8_normalize(s, 'NFD', false)", of(lambda s: normal(s, "NFD", False), "s")),
        ("utf8_normalize(s, 'NFC', true, false)",
         of(lambda s: normal(s, "NFC", True, False), "s")),
        ("utf8_normalize(u, form => 'NFKD')", of(lambda s: normal(s, "NFKD"), "u")),
    ],
    "utf8_null_if_blank": [("utf8_null_if_blank(s)", of(blank_to_null, "s"))],
    "qname_normalize": [
        ("qname_normalize(s)", lambda r: qname(r["s"])),
        ("qname_normalize(word, u)", lambda r: qname(r["word"], r["u"])),
        ("qname_normalize(s, u, ' Python ')", lambda r: qname(r["s"], r["u"], "python")),
    ],
    "cdf_change_rank": [("cdf_change_rank(change)", of(rank, "change"))],
    "cdf_is_upsert": [("cdf_is_upsert(change)", of(lambda c: rank(c) >= 2, "change"))],
    "cdf_is_delete": [("cdf_is_delete(change)", of(lambda c: rank(c) == 1, "change"))],
    "position_encoding_norm": [
        ("position_encoding_norm(unit)", lambda r: encoding(r["unit"])),
        ("position_encoding_norm(i)", lambda r: encoding(r["i"])),
        ("position_encoding_norm('my utf-16 text')", lambda r: 2),
    ],
    "col_to_byte": [
        ("col_to_byte(s, i, 'byte')", lambda r: to_byte(r["s"], r["i"], "byte")),
        ("col_to_byte(s, i, 'UTF-32')", lambda r: to_byte(r["s"], r["i"], "utf32")),
        ("col_to_byte(s, at8, 'utf8')", lambda r: to_byte(r["s"], r["at8"], "utf8")),
        ("col_to_byte(s, at16, '2')", lambda r: to_byte(r["s"], r["at16"], "utf16")),
        ("col_to_byte('abc', i, unit)", lambda r: to_byte("abc", r["i"], r["unit"])),
    ],
    "canonicalize_byte_span": [
        ("canonicalize_byte_span(i, s, at16, j, s, at16, 'utf16')", byte_span)],
    "interval_align_score": [("interval_align_score(big, i, k, j)",
                              lambda r: None if align_score(r) is None
                              else 0.0 - align_score(r))],
    "list_unique_sorted": [("list_unique_sorted(ls)", of(unique_sorted, "ls")),
                           ("list_unique_sorted(li)", of(unique_sorted, "li")),
                           ("list_unique_sorted(lf)", of(unique_sorted, "lf"))],
    "map_get_default": [
        ("map_get_default(m, 'a', word)", map_get("m", "a", lambda r: r["word"])),
        ("map_get_default(mi, 'Key', big)", map_get("mi", "Key", lambda r: r["big"])),
    ],
    "map_normalize": [
        ("map_normalize(m)", of(map_normal, "m")),
        ("map_normalize(mi, 'upper')", of(lambda m: map_normal(m, str.upper), "mi")),
        ("map_normalize(m, 'none', false)", of(lambda m: map_normal(m, str, False), "m")),
    ],
    "semantic_tag": [("semantic_tag('node', s)", lambda r: r["s"]),
                     ("semantic_tag('anything', li)", lambda r: r["li"])],
    "struct_pick": [("struct_pick(st, ' b ')", of(lambda v: {"b": v["b"]}, "st")),
                    ("struct_pick(st, 'b', 'a')",
                     of(lambda v: {"b": v["b"], "a": v["a"]}, "st"))],
}


# ---- aggregates ----

def rounded(value):
    """To the nearest double, beyond the range an infinity."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def exact(f, least=1):
    """Of the values that are not null, as fractions."""
    def model_of(name):
        def model(rows):
            values = [fractions.Fraction(r[name]) for r in rows if r[name] is not None]
            return f(values) if len(values) >= least else None
        return model
    return model_of


def variance(values, less):
    n = len(values)
    total = sum(values)
    return rounded((sum(v * v for v in values) - total * total / n) / (n - less))


EXACT = {
    "sum_exact": exact(lambda v: rounded(sum(v))),
    "avg_exact": exact(lambda v: rounded(sum(v) / len(v))),
    "var_pop_exact": exact(lambda v: variance(v, 0)),
    "var_samp_exact": exact(lambda v: variance(v, 1), 2),
    "stddev_pop_exact": exact(lambda v: math.sqrt(variance(v, 0))),
    "stddev_samp_exact": exact(lambda v: math.sqrt(variance(v, 1)), 2),
}


def distinct(name, nulls=True, key=by_bytes):
    def model(rows):
        values = {r[name] for r in rows}
        some = sorted((v for v in values if v is not None), key=key)
        return some + [None] if nulls and None in values else some
    return model


def at_key(value, key, largest):
    """The value at the smallest or largest key, of equal ones the smallest value."""
    def model(rows):
        some = [(r[key], r[value]) for r in rows if None not in (r[key], r[value])]
        if not some:
            return None
        best = (max if largest else min)(k for k, _ in some)
        return min((v for k, v in some if k == best), key=by_bytes)
    return model


def both(model):
    return lambda rows: len(model(rows))


# ---- rows as bytes, and the sum of their hashes ----


def code(v):
    if v is None:
        return b"\0"
    if isinstance(v, bool):
        return bytes([1, v])
    if isinstance(v, int):
        return b"\2" + struct.pack("<q", v)
    if isinstance(v, float):
        return b"\4" + struct.pack("<d", v + 0.0 if v == v else math.nan)
    if isinstance(v, str):
        return b"\6" + struct.pack("<Q", len(v.encode())) + v.encode()
    if isinstance(v, bytes):
        return b"\7" + struct.pack("<Q", len(v)) + v
    if isinstance(v, datetime.date):
        days = (v - datetime.date(1970, 1, 1)).days
        return b"\x08" + struct.pack("<qI", days * 86400, 0)
    if isinstance(v, dict):
        return b"\x0f" + struct.pack("<Q", len(v)) + b"".join(map(code, v.values()))
    if v and isinstance(v[0], tuple):  # a map
        return b"\x10" + struct.pack("<Q", len(v)) + b"".join(
            code(k) + code(x) for k, x in v)
    return b"\x0e" + struct.pack("<Q", len(v)) + b"".join(map(code, v))


def multiset(*columns):
    def model(rows):
        total = 0
        for r in rows:
            row_bytes = b"".join(code(r[c]) for c in columns)
            digest = hashlib.blake2b(row_bytes, digest_size=16).digest()
            total += int.from_bytes(digest, "big")
        return f"{total % 2**128:032x}"
    return model


FLAT = ("id", "s", "i", "big", "b", "f", "d", "raw")
AGGREGATE = {
    "count_if": [("count_if(b)", lambda rows: sum(r["b"] is True for r in rows)),
                 ("count_if(i > j)", lambda rows: sum(
                     None not in (r["i"], r["j"]) and r["i"] > r["j"] for r in rows))],
    "collect_set": [
        ("collect_set(word)", distinct("word")),
        ("collect_set(s) IGNORE NULLS", distinct("s", False)),
        ("collect_set(i)", distinct("i")),
    ],
    "count_distinct_agg": [
        ("count_distinct_agg(word)", both(distinct("word"))),
        ("count_distinct_agg(u) IGNORE NULLS", both(distinct("u", False))),
        ("count_distinct_agg(d)", both(distinct("d"))),
    ],
    **{name: [(f"{name}(s, i)", at_key("s", "i", largest)),
              (f"{name}(word, d)", at_key("word", "d", largest)),
              (f"{name}(big, s)", at_key("big", "s", largest))]
       for name, largest in (("any_value_det", False), ("arg_min", False), ("arg_max", True),
                             ("asof_select", True))},
    **{name: [(f"{name}(f)", model("f"))] +
             ([] if name == "sum_exact" else [(f"{name}(i)", model("i")),
                                              (f"{name}(big)", model("big"))])
       for name, model in EXACT.items()},
    "multiset_hash": [
        ("multiset_hash(s)", multiset("s")),
        ("multiset_hash(" + ", ".join(FLAT) + ")", multiset(*FLAT)),
        ("multiset_hash(ls, li, lf, st)", multiset("ls", "li", "lf", "st"))],
}
for _name, _calls in models_scalar.calls().items():
    SCALAR[_name] = SCALAR.get(_name, []) + _calls

# Other names of the engine's own aggregates.
OF_THE_ENGINE = {"first_value_agg", "last_value_agg", "string_agg"}
