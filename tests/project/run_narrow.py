"""Little memory: views and checks end, and what they say does not depend on how much there is."""

import pyarrow as pa
from deltalake import write_deltalake

import kit
from kit import expect, has


def wide(folder):
    """40,000 rows of 2 kB: a batch of them takes more than a small execution gives to one."""
    n = 40000
    xs = [((i * 7919) % 1000003 - 500001) / 7.0 for i in range(n)]
    texts = [f"{(i * 104729) % 1000003:09d}" * 230 for i in range(n)]
    path = folder / "wide"
    write_deltalake(str(path), pa.table({"id": range(n), "x": xs, "t": texts}))
    return path


SKETCH = ("SELECT approx_percentile_cont(x, 0.37) AS p, approx_median(x) AS m, "
          "corr(x, CAST(id AS DOUBLE)) AS c, max(t) AS t FROM wide")


def test_bits_do_not_depend_on_memory_or_threads(folder):
    source = wide(folder)
    seen = []
    for i, args in enumerate((("--memory", "2GB"), ("--memory", "64MB"), ("--memory", "128MB", "--threads", "1"),
                              ("--memory", "128MB", "--threads", "2"))):
        p = kit.Project(folder / str(i), {"v": SKETCH, "w": SKETCH.replace("0.37", "0.4")}, {"wide": str(source)})
        p.run(*args)
        seen.append([repr(row[:3]) for v in ("v", "w") for row in p.rows(v)])
    for other in seen[1:]:
        expect(other, seen[0])


def test_a_violation_is_said_in_little_memory(folder):
    p = kit.Project(folder, {"v": "/* weir\nconstraints:\n  pos: \"id < 0\"\n*/\nSELECT id, t FROM wide\n"},
                    {"wide": str(wide(folder))})
    done = p.weir("run", "--memory", "64MB", "--threads", "1", code=None)
    has(done.err + done.out, "WEIR-CONSTRAINT", "'pos': 40000 rows violate it", "id=0")


def test_the_first_rows_of_wide_ones(folder):
    source = wide(folder)
    for order in ("x", "t"):
        for rows in (1, 100, 900, 2000):
            text = f"SELECT id, t FROM t ORDER BY {order}, id LIMIT {rows}"
            out = [kit.weir("sql", "--memory", m, "--table", f"t={source}", "--format", "csv", text, cwd=folder).out
                   for m in ("64MB", "1GB")]
            expect(out[0], out[1], text)
            expect(len(out[0].split()), rows + 1)


if __name__ == "__main__":
    kit.main(globals())
