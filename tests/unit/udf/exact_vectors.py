"""Writes tests/data/exact_vectors.txt: function, result, type and values, by tabs.

An independent account of the exact aggregates, by whole numbers and fractions, for
test_exact.c. Values are 64 bits in hexadecimal: of a double (d), an Int64 (i) or a UInt64
(u). The result is the bits of a double, or null.
Run from anywhere: python3 tests/unit/udf/exact_vectors.py; the same file comes out every
time.
"""

import fractions
import math
import pathlib
import random
import struct

MAX = struct.unpack("<d", struct.pack("<Q", 0x7FEFFFFFFFFFFFFF))[0]
TINY = 5e-324
NAN = 0x7FF8000000000000


def bits(value):
    if math.isnan(value):
        return NAN
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def nearest(exact):
    """The double nearest to a fraction, ties to even: as Python divides integers."""
    try:
        value = abs(exact.numerator) / exact.denominator
    except OverflowError:
        value = math.inf
    return -value if exact < 0 else value


def special(values):
    if any(math.isnan(v) for v in values) or {math.inf, -math.inf} <= set(values):
        return math.nan
    return math.inf if math.inf in values else -math.inf


def answer(function, values, kind):
    n = len(values)
    if n <= ("samp" in function):
        return None
    if kind == "d" and not all(math.isfinite(v) for v in values):
        return special(values) if function in ("sum_exact", "avg_exact") else math.nan
    exact = [fractions.Fraction(v) for v in values]
    total = sum(exact)
    if function == "sum_exact":
        return nearest(total)
    if function == "avg_exact":
        return nearest(total / n)
    squares = sum(v * v for v in exact)
    variance = nearest((n * squares - total * total) / (n * (n - ("samp" in function))))
    return math.sqrt(variance) if function.startswith("stddev") else variance


def random_bits(rng):
    return struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0]


def finite(rng):
    while True:
        value = random_bits(rng)
        if math.isfinite(value):
            return value


def near(rng, low, high):
    return math.ldexp(rng.uniform(-1, 1), rng.randint(low, high))


def makers(rng):
    return [
        lambda n: [near(rng, -10, 20) for _ in range(n)],
        lambda n: [round(rng.uniform(0, 1e6), 2) for _ in range(n)],
        lambda n: [float(rng.randint(-(10**9), 10**9)) for _ in range(n)],
        lambda n: [finite(rng) for _ in range(n)],
        lambda n: [near(rng, -1070, -1010) for _ in range(n)],
        lambda n: [near(rng, 1000, 1023) for _ in range(n)],
        lambda n: [near(rng, -60, 60) for _ in range(n)],
        lambda n: [near(rng, -537, -480) for _ in range(n)],
        lambda n: [rng.choice([0.0, -0.0, TINY, -TINY, 1.0, -1.0]) for _ in range(n)],
        lambda n: [1e15 + rng.randint(0, 3) * 0.125 for _ in range(n)],
        lambda n: cancelling(rng, n),
        lambda n: halfway(rng, n),
        lambda n: [MAX * rng.choice([1, -1, 0.5, 1]) for _ in range(n)],
    ]


def cancelling(rng, n):
    """Sums whose large values leave again, so that only the small ones remain."""
    half = [finite(rng) for _ in range(n // 2)]
    rest = [near(rng, -300, -200) for _ in range(n - 2 * len(half))]
    return half + [-v for v in half] + rest


def halfway(rng, n):
    """At the middle between two doubles, or just beside it."""
    e = rng.choice([-1022, -1000, -300, 0, 50, 900, 970])
    base = math.ldexp(1 + rng.getrandbits(52) * 2.0**-52, e)
    half = math.ldexp(1.0, max(e - 53, -1074))
    beside = rng.choice([0.0, math.ldexp(1.0, max(e - 200, -1074)), TINY, -TINY])
    return [base, half, beside] + [0.0] * (n - 3 if n > 3 else 0)


FIXED = [
    [],
    [0.0],
    [-0.0],
    [-0.0, -0.0],
    [1.5],
    [math.inf],
    [-math.inf],
    [math.nan],
    [math.inf, -math.inf],
    [math.inf, 1.0, math.inf],
    [-math.inf, MAX],
    [math.nan, math.inf],
    [1e100, 1.0, -1e100],
    [MAX, MAX],
    [MAX, MAX, -MAX],
    [MAX, math.ldexp(1.0, 970)],
    [MAX, math.ldexp(1.0, 969)],
    [MAX, math.ldexp(1.0, 970), -TINY],
    [-MAX, -math.ldexp(1.0, 970)],
    [TINY, TINY, TINY],
    [TINY, 0.0],
    [-TINY, 0.0, 0.0],
    [TINY, -TINY],
    [MAX, -MAX, TINY],
    [0.1] * 10,
    [1.0, 3.0, 5.0, 7.0],
    [2.2250738585072014e-308, -TINY],
]
FUNCTIONS = [
    "avg_exact",
    "stddev_pop_exact",
    "stddev_samp_exact",
    "sum_exact",
    "var_pop_exact",
    "var_samp_exact",
]


def cases():
    rng = random.Random(20)
    for values in FIXED:
        yield from (("d", f, values) for f in FUNCTIONS)
    makes = makers(rng)
    for i in range(640):
        n = rng.choice([1, 2, 3, 4, 5, 7, 10, 20, 50])
        yield "d", FUNCTIONS[i % 6], makes[i // 6 % len(makes)](n)
    for i in range(160):
        n = rng.choice([1, 2, 3, 5, 10, 30])
        f = [g for g in FUNCTIONS if g != "sum_exact"][i % 5]
        wide = rng.choice([8, 40, 63])
        if i // 5 % 2 == 0:
            yield "i", f, [rng.randint(-(2**wide), 2**wide - 1) for _ in range(n)]
        else:
            yield "u", f, [rng.randint(0, 2 ** (wide + 1) - 1) for _ in range(n)]


def main():
    lines = []
    for kind, function, values in cases():
        result = answer(function, values, kind)
        text = "null" if result is None else f"{bits(result):016x}"
        raw = [bits(v) if kind == "d" else v % 2**64 for v in values]
        lines.append("\t".join([function, text, kind] + [f"{v:x}" for v in raw]))
    path = pathlib.Path(__file__).parents[2] / "data" / "exact_vectors.txt"
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
