"""What the functions of weir are, a second time: plain Python, one row or one group at once.

SCALAR and AGGREGATE map a function's name to calls: (SQL over the columns of `rows`, model).
A model of a scalar takes a row (a dict), one of an aggregate a list of rows; `ERROR` marks
rows where the call is refused. Nothing here is taken from weir.
"""

import hashlib
import math
import random
import unicodedata

import pyarrow as pa

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

    import datetime
    return {
        "id": n, "g": rng.randint(0, 8), "s": maybe(text(rng)), "u": maybe(text(rng)),
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

AGGREGATE = {}
# Other names of the engine's own aggregates.
OF_THE_ENGINE = {"first_value_agg", "last_value_agg", "string_agg"}
