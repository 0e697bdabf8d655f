"""Models of the functions of texts, positions, changes and nested values: plain Python.

Used by models.py (through SQL) and by vectors.py (kernel by kernel).
"""

import math
import re
import unicodedata

WHITE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
RUNS = re.compile(f"[{WHITE}]+")
RANKS = {"update_postimage": 3, "insert": 2, "delete": 1, "update_preimage": 0}


class Refused(Exception):
    """The call is an error."""


# ---- texts ----

def normalize(value, form="NFKC", casefold=True, collapse=True):
    if value is None:
        return None
    value = value.strip(WHITE)
    value = unicodedata.normalize(form, value)
    if casefold:
        value = value.lower()
    if collapse:
        value = RUNS.sub(" ", value).strip(" ")
    return value or None


def null_if_blank(value):
    return None if value is None else value.strip(WHITE) or None


def qname(symbol, module=None, lang=None):
    fold = lang is None or lang.strip(WHITE).lower() != "python"
    symbol = normalize(symbol, casefold=fold)
    module = normalize(module, casefold=fold)
    if symbol is None or "." in symbol or module is None:
        return symbol
    return f"{module}.{symbol}"


# ---- positions ----

def code_of(text):
    return int(text) if re.fullmatch("[+-]?[0-9]+", text) else None


def unit(name, with_bytes):
    name = name.strip(WHITE)
    if code_of(name) is not None:
        return {1: "utf8", 2: "utf16"}.get(code_of(name), "utf32")
    plain = re.sub("[-_]", "", name.upper())
    if with_bytes and "BYTE" in plain:
        return "byte"
    return "utf8" if "UTF8" in plain else "utf16" if "UTF16" in plain else "utf32"


def encoding(value):
    if value is None:
        return 3
    if isinstance(value, int):
        return value if value in (1, 2) else 3
    return {"utf8": 1, "utf16": 2, "utf32": 3}[unit(value, False)]


def col_to_byte(line, col, name):
    if line is None or col is None:
        return None
    what = "utf32" if name is None else unit(name, True)
    col = max(col, 0)
    data = line.encode()
    if what == "byte":
        return min(col, len(data))
    size = {"utf8": lambda c: len(c.encode()), "utf16": lambda c: 1 + (ord(c) > 0xFFFF),
            "utf32": lambda c: 1}[what]
    seen = at = 0
    for c in line:
        if seen >= col:
            break
        seen += size(c)
        at += len(c.encode())
    if seen > col:
        raise Refused
    return at


def byte_span(start_byte, start_text, start_col, end_byte, end_text, end_col, name):
    def side(byte, text, col):
        if None in (byte, text, col, name):
            return None
        return byte + col_to_byte(text, col, name)
    return {"bstart": side(start_byte, start_text, start_col),
            "bend": side(end_byte, end_text, end_col)}


def align_score(ls, le, rs, re_):
    return None if None in (ls, le, rs, re_) else float(rs - re_)


# ---- changes ----

def rank(change):
    return None if change is None else RANKS.get(change.strip(WHITE).lower(), -1)


def is_upsert(change):
    return None if change is None else rank(change) >= 2


def is_delete(change):
    return None if change is None else rank(change) == 1


# ---- nested ----

def shortest(value):
    """A value's text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def map_get(entries, key, default):
    for k, v in entries or []:
        if k == key and v is not None:
            return v
    return default


def map_normalize(entries, case="lower", sort=True):
    if entries is None:
        return None
    change = {"lower": str.lower, "upper": str.upper, "none": str}[case]
    pairs = [(change(k), None if v is None else shortest(v)) for k, v in entries]
    if not sort:
        return pairs
    return sorted(dict(pairs).items(), key=lambda p: p[0].encode())


def order(value):
    """-0 is 0, NaN is one and last."""
    if isinstance(value, float):
        return (1, 0.0) if math.isnan(value) else (0, value + 0.0)
    return (0, value.encode() if isinstance(value, str) else value)


def unique_sorted(items):
    if items is None:
        return None
    first = {}
    for item in items:
        if item is not None:
            first.setdefault(order(item), item)
    return [first[k] for k in sorted(first)]


def calls():
    """name -> [(SQL over the columns of models.rows, model of a row)]"""
    def of(f, *names):
        return lambda r: f(*(r[n] for n in names))
    return {
        "utf8_normalize": [
            ("utf8_normalize(s)", of(normalize, "s")),
            ("utf8_normalize(u, 'NFD', false)", lambda r: normalize(r["u"], "NFD", False)),
            ("utf8_normalize(s, collapse_ws => false, form => 'nfc')",
             lambda r: normalize(r["s"], "NFC", True, False)),
            ("utf8_normalize(s || ' ' || u, 'NFKD')", lambda r: None if None in (r["s"], r["u"])
             else normalize(r["s"] + " " + r["u"], "NFKD"))],
        "utf8_null_if_blank": [("utf8_null_if_blank(s)", of(null_if_blank, "s"))],
        "qname_normalize": [
            ("qname_normalize(s)", of(qname, "s")),
            ("qname_normalize(word, u)", of(qname, "word", "u")),
            ("qname_normalize(s, word, 'python')", lambda r: qname(r["s"], r["word"], "python")),
            ("qname_normalize(s, u, unit)", of(qname, "s", "u", "unit"))],
        "position_encoding_norm": [
            ("position_encoding_norm(unit)", of(encoding, "unit")),
            ("position_encoding_norm(k)", of(encoding, "k")),
            ("position_encoding_norm(s)", of(encoding, "s"))],
        "col_to_byte": [
            ("col_to_byte(s, j, 'utf32')", lambda r: col_to_byte(r["s"], r["j"], "utf32")),
            ("col_to_byte(s, i, 'byte')", lambda r: col_to_byte(r["s"], r["i"], "byte")),
            ("col_to_byte(word, i, 'UTF-16')", lambda r: col_to_byte(r["word"], r["i"], "utf16"))],
        "canonicalize_byte_span": [
            ("canonicalize_byte_span(big, s, i, j, u, k, CASE WHEN b THEN '3' END)",
             lambda r: byte_span(r["big"], r["s"], r["i"], r["j"], r["u"], r["k"],
                                 "3" if r["b"] else None))],
        "interval_align_score": [("interval_align_score(i, j, k, big)",
                                  of(align_score, "i", "j", "k", "big"))],
        "cdf_change_rank": [("cdf_change_rank(change)", of(rank, "change"))],
        "cdf_is_upsert": [("cdf_is_upsert(change)", of(is_upsert, "change"))],
        "cdf_is_delete": [("cdf_is_delete(change)", of(is_delete, "change"))],
        "map_get_default": [
            ("map_get_default(m, 'a', word)", lambda r: map_get(r["m"], "a", r["word"])),
            ("map_get_default(mi, 'é', k)", lambda r: map_get(r["mi"], "é", r["k"])),
            ("map_get_default(mi, 'A', 7)", lambda r: map_get(r["mi"], "A", 7))],
        "map_normalize": [
            ("map_normalize(m)", of(map_normalize, "m")),
            ("map_normalize(mi, 'upper')", lambda r: map_normalize(r["mi"], "upper")),
            ("map_normalize(m, 'none', false)", lambda r: map_normalize(r["m"], "none", False)),
            ("map_normalize(mi, sort_keys => false)",
             lambda r: map_normalize(r["mi"], "lower", False))],
        "list_unique_sorted": [
            ("list_unique_sorted(ls)", of(unique_sorted, "ls")),
            ("list_unique_sorted(li)", of(unique_sorted, "li")),
            ("list_unique_sorted(lf)", of(unique_sorted, "lf")),
            ("list_unique_sorted([f, 0.0, f, -0.0])",
             lambda r: unique_sorted([r["f"], 0.0, r["f"], -0.0])),
            ("list_unique_sorted([raw])", lambda r: unique_sorted([r["raw"]])),
            ("list_unique_sorted([big, i, j])",
             lambda r: unique_sorted([r["big"], r["i"], r["j"]]))],
        "struct_pick": [
            ("struct_pick(st, 'b')", lambda r: None if r["st"] is None else {"b": r["st"]["b"]}),
            ("struct_pick(st, ' b ', 'a')", lambda r: None if r["st"] is None
             else {"b": r["st"]["b"], "a": r["st"]["a"]})],
        "semantic_tag": [("semantic_tag('node', s)", lambda r: r["s"]),
                         ("semantic_tag('x', st)", lambda r: r["st"])],
    }
