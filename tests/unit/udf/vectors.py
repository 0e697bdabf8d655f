"""Writes tests/data/udf_vectors.txt: function, arguments, result, separated by tabs.

An independent account of the hash functions, by hashlib and unicodedata, for
test_vectors.c.
Arguments: s:<hex of UTF-8>, i:<integer>, b:<0|1>, n (null), m (a null integer). Results: the
same, f:<a float, 17 digits> and x (the call is an error).
Run from anywhere: python3 tests/unit/udf/vectors.py; the same file comes out every time.
"""

import hashlib
import pathlib
import random
import unicodedata

import models_scalar as models

WHITE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz_0123456789",
    " \t\n!\"#$%&'()*+,-./:;<=>?@[\\]^{|}~ABCXYZ",
    "äöüßéèñçøåÅÉ\u0301\u0308\u0327\u030a",
    "αβγδΩжщЯ한글각漢字ｶﾞﾊﾟガ",
    "ﬁﬂﬃ①②½²³™ℌ㎏ⅷＡｂ１\u00a0\u2003\u3000\u1e9b\u0323",
    "😀🚀𝔘𝒜\U00010348\U0001f1e9\U0001f1ea",
    "\x01\x1f\x7f",
]


def digest(data, size):
    return hashlib.blake2b(data, digest_size=size).digest()


def hash64(data):
    return int.from_bytes(digest(data, 8), "big") & (2**63 - 1)


def hex128(data):
    return digest(data, 16).hex()


def text_of(value):
    if value is None:
        return "__NULL__"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def joined(parts):
    return "\x1f".join(text_of(p) for p in parts).encode()


def hash_any(value, canonical=True, sentinel="__NULL__"):
    if value is None:
        return hex128(sentinel.encode())
    text = text_of(value)
    if canonical:
        text = unicodedata.normalize("NFKC", text.strip(WHITE))
    return hex128(text.encode())


NULL_INT = object()


def code(value):
    if value is None:
        return "n"
    if value is NULL_INT:
        return "m"
    if value is models.Refused:
        return "x"
    if isinstance(value, float):
        text = f"{value:.17g}"  # a whole number as 7.0, as the command prints it
        return f"f:{text}" if set(text) & set(".eni") else f"f:{text}.0"
    if isinstance(value, bool):
        return f"b:{int(value)}"
    if isinstance(value, int):
        return f"i:{value}"
    return "s:" + value.encode().hex()


def random_text(rng):
    kind = rng.random()
    if kind < 0.05:
        return ""
    length = rng.choice([1, 2, 5, 11, 12, 13, 20, 40] * 6 + [127, 128, 129, 256, 257])
    if kind < 0.5:
        alphabet = rng.choice(ALPHABETS)
    else:
        alphabet = "".join(ALPHABETS)
    return "".join(rng.choice(alphabet) for _ in range(length))


def random_value(rng):
    kind = rng.random()
    if kind < 0.15:
        return None
    if kind < 0.35:
        some = rng.randint(-(2**63), 2**63 - 1)
        return rng.choice([0, -1, 7, 2**63 - 1, -(2**63), some])
    if kind < 0.4:
        return rng.random() < 0.5
    return random_text(rng)


def prefixed(prefix, tail):
    return None if prefix is None else f"{prefix}:{tail}"


def rows(rng):
    for _ in range(70):
        text = random_text(rng)
        prefix = rng.choice(["ns", "", "node", "préfixe", "a:b"])
        yield "stable_hash64", [text], hash64(text.encode())
        yield "stable_hash128", [text], hex128(text.encode())
        yield "prefixed_hash64", [prefix, text], f"{prefix}:{hash64(text.encode())}"
        yield "stable_id", [prefix, text], f"{prefix}:{hex128(text.encode())}"
    for _ in range(60):
        prefix = rng.choice(["ns", "node", "", "Ω", None])
        parts = [random_value(rng) for _ in range(rng.randint(1, 6))]
        data = joined(parts)
        yield "stable_id_parts", [prefix, *parts], prefixed(prefix, hex128(data))
        yield "prefixed_hash_parts64", [prefix, *parts], prefixed(prefix, hash64(data))
    for _ in range(50):
        value = random_value(rng)
        if isinstance(value, str):
            value = rng.choice(WHITE) + value + rng.choice(WHITE) * 2
        yield "stable_hash_any", [value], hash_any(value)
        yield "stable_hash_any", [value, False], hash_any(value, False)
        yield "stable_hash_any", [value, True, " x "], hash_any(value, True, " x ")
    # One character that becomes 18; the first of these just fills the room.
    for count, tail in [(5, 7), (1, 0), (4, 0), (40, 3), (200, 0)]:
        value = "\ufdfa" * count + "x" * tail
        yield "stable_hash_any", [value], hash_any(value)
    for _ in range(25):
        args = [random_text(rng), rng.randint(-5, 10**9), rng.randint(-5, 10**9)]
        kind = random_text(rng)
        yield "span_id", ["span", *args], "span:" + hex128(joined(args))
        yield "span_id", ["span", *args, kind], "span:" + hex128(joined([*args, kind]))


LETTERS = ["a", "B", "Σ", "σ", "ς", "İ", "ı", "ß", "Ǆ", "ﬃ", "'", ".", ":", "\u0301", "ª", "Ⅳ", "ⓐ",
           "😀", "𝔘", " ", "\u2003", "\t", "\r\n", "\u200b", "각", "Å", "ſ", "ẞ", "ʰ", "5", "-"]


def answer(model, *args):
    try:
        return model(*(None if a is NULL_INT else a for a in args))
    except models.Refused:
        return models.Refused


def texts_of(rng):
    """From letters whose case is special, and from the alphabets above."""
    if rng.random() < 0.5:
        return "".join(rng.choice(LETTERS) for _ in range(rng.choice([0, 1, 2, 3, 5, 8, 13, 30])))
    return random_text(rng)


def more_rows(rng):
    for _ in range(250):
        text = rng.choice(["", " ", "\t \u3000"]) + texts_of(rng) + rng.choice(["", "  ", "\x85"])
        yield "utf8_normalize", [text], models.normalize(text)
        form = rng.choice(["NFC", "NFD", "NFKC", "NFKD"])
        fold, collapse = rng.random() < 0.5, rng.random() < 0.5
        yield ("utf8_normalize", [text, form, fold, collapse],
               models.normalize(text, form, fold, collapse))
        yield "utf8_null_if_blank", [text], models.null_if_blank(text)
    for _ in range(150):
        args = [rng.choice([None, " ", texts_of(rng), texts_of(rng)]) for _ in range(2)]
        args.append(rng.choice([None, "python", " Python ", "rust", ""]))
        args = args[:rng.randint(1, 3)]
        yield "qname_normalize", args, models.qname(*args)
    units = ["byte", "BYTES", "utf8", "UTF-8", "Utf_16", "utf16", "UTF16CodeUnitOffset", "utf32", "",
             "1", "2", "3", " 2 ", "-1", "99999999999999999999", None, "lines", "u-t-f-8", "UTF 8"]
    for name in units:
        yield "position_encoding_norm", [name], models.encoding(name)
    for number in [0, 1, 2, 3, 4, -1, 2**62]:
        yield "position_encoding_norm", [number], models.encoding(number)
    for _ in range(400):
        line = rng.choice([texts_of(rng), "häuser 😀 x\r\n", "plain ascii line", None])
        col = rng.choice([NULL_INT, -3, 0, 1, 2, 5, 8, 9, 10, 16, 17, 10**12])
        name = rng.choice(units)
        yield "col_to_byte", [line, col, name], answer(models.col_to_byte, line, col, name)
    for _ in range(50):
        args = [rng.choice([NULL_INT, 0, 1, -7, 2**62, -(2**62), 2**53 + 1]) for _ in range(4)]
        yield "interval_align_score", args, answer(models.align_score, *args)
    for change in [*models.RANKS, " Insert\n", "DELETE", "", "merge", "inser", "insert2", None]:
        yield "cdf_change_rank", [change], models.rank(change)
        yield "cdf_is_upsert", [change], models.is_upsert(change)
        yield "cdf_is_delete", [change], models.is_delete(change)


def main():
    rng = random.Random(20260102)
    path = pathlib.Path(__file__).resolve().parents[2] / "data" / "udf_vectors.txt"
    lines = ["\t".join([fn, *map(code, args), code(r)]) for fn, args, r in rows(rng)]
    more = more_rows(random.Random(20260103))
    lines += ["\t".join([fn, *map(code, args), code(r)]) for fn, args, r in more]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
