"""Generates the projects that noop and planning measure. Run as a child, because it loads
deltalake: a child's peak starts from its parent's size."""

import pathlib
import shutil
import sys

SOURCES = 20
ROWS = 1000


def write_tables(folder):
    import pyarrow as pa
    from deltalake import write_deltalake

    for s in range(SOURCES):
        ids = list(range(ROWS))
        table = pa.table(
            {
                "id": pa.array(ids, pa.int64()),
                "grp": pa.array([(i * 7 + s) % 50 for i in ids], pa.int64()),
                "amount": pa.array([(i * 31 + s * 17) % 1000 / 4 for i in ids], pa.float64()),
                "name": pa.array([f"name {i % 97}" for i in ids], pa.string()),
            }
        )
        write_deltalake(str(folder / f"s{s:02}"), table)


def view_sql(i):
    """Five shapes, so that a project is not one query many times: filter, aggregate, join of
    two sources, window, and a view over two views before it."""
    a, b = i % SOURCES, (i * 3 + 1) % SOURCES
    shape = i % 5
    if shape == 0:
        return f"SELECT id, grp, amount * {i + 1} AS amount, upper(name) AS name FROM s{a:02} WHERE grp > {i % 40}"
    if shape == 1:
        return (
            f"SELECT grp, count(*) AS n, sum(amount) AS amount, max(name) AS name, min(id) AS id\n"
            f"FROM s{a:02} WHERE id > {i % 300} GROUP BY grp"
        )
    if shape == 2:
        return (
            f"SELECT l.id, l.grp, l.amount + r.amount AS amount, r.name\n"
            f"FROM s{a:02} AS l JOIN s{b:02} AS r ON l.id = r.id WHERE r.grp < {20 + i % 20}"
        )
    if shape == 3:
        return (
            "SELECT id, grp, sum(amount) OVER (PARTITION BY grp ORDER BY id) AS amount, name\n"
            f"FROM s{a:02} WHERE id % {2 + i % 5} = 0"
        )
    return (
        f"SELECT a.id, a.grp, a.amount, b.name FROM v{i - 1:04} AS a\n"
        f"JOIN v{i - 4:04} AS b ON a.id = b.id AND a.grp = b.grp"
    )


def write_project(folder, views, chain):
    lines = ["name: bench", "warehouse: ./lake", "sources:"]
    lines += [f"  s{s:02}: {{table: ./src/s{s:02}}}" for s in range(SOURCES)]
    folder.mkdir(parents=True)
    (folder / "weir.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "views").mkdir()
    for i in range(views):
        if not chain:
            sql = view_sql(i)
        elif i == 0:
            sql = "SELECT id, grp, amount, name FROM s00"
        else:
            sql = f"SELECT id, grp, amount + 1 AS amount, name FROM v{i - 1:04} WHERE id > {i % 7}"
        text = f"/* weir\nmaterialized: table\ndescription: generated view {i}\n*/\n{sql}\n"
        (folder / "views" / f"v{i:04}.sql").write_text(text, encoding="utf-8")
    write_tables(folder / "src")


def main():
    folder, views, shape = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    shutil.rmtree(folder, ignore_errors=True)
    write_project(folder, views, shape == "chain")


if __name__ == "__main__":
    main()
