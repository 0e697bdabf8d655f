"""What runs in children of bench/tpch: loading the tables, the peers, comparing results.

    peers.py load PARQUET DELTA       the generated Parquet files as Delta tables
    peers.py PEER DELTA THREADS ROUNDS QUERY.sql...
    peers.py compare DELTA THREADS WEIR QUERY.sql...

PEER is duckdb, datafusion (its own Parquet reader over the same files) or deltalake
(DataFusion over the deltalake package's table provider). A timed round plans the query and
collects all rows."""

import pathlib
import subprocess
import sys
import time

TABLES = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]


def files(delta, name):
    from deltalake import DeltaTable

    return sorted(DeltaTable(str(delta / name)).file_uris())


def load(parquet, delta):
    import pyarrow as pa
    import pyarrow.parquet as pq
    from deltalake import write_deltalake

    for name in TABLES:
        source = pq.ParquetFile(parquet / f"{name}.parquet")
        rows = pa.RecordBatchReader.from_batches(
            source.schema_arrow, source.iter_batches(batch_size=65536)
        )
        write_deltalake(str(delta / name), rows, mode="overwrite")


def duckdb_runner(delta, threads):
    import duckdb

    con = duckdb.connect()
    con.execute(f"SET threads = {threads}")
    for name in TABLES:
        con.execute(
            f"CREATE VIEW {name} AS SELECT * FROM read_parquet({files(delta, name)!r})"
        )
    return lambda sql: con.sql(sql).to_arrow_table()


def datafusion_runner(delta, threads, provider):
    import datafusion
    from deltalake import DeltaTable

    config = datafusion.SessionConfig().with_target_partitions(threads)
    ctx = datafusion.SessionContext(config)
    for name in TABLES:
        if provider:
            ctx.register_table(name, DeltaTable(str(delta / name)))
        else:
            ctx.register_parquet(name, str(delta / name))
    return lambda sql: ctx.sql(sql).to_arrow_table()


def runner(peer, delta, threads):
    if peer == "duckdb":
        return duckdb_runner(delta, threads)
    return datafusion_runner(delta, threads, peer == "deltalake")


def timed(peer, delta, threads, rounds, queries):
    run = runner(peer, delta, threads)
    for path in queries:
        sql = pathlib.Path(path).read_text(encoding="utf-8")
        for r in range(rounds):
            begin, cpu = time.perf_counter(), time.process_time()
            rows = run(sql).num_rows
            wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
            print(f"{path}\t{r}\t{wall:.6f}\t{cpu:.6f}\t{rows}\t0", flush=True)


def weir_rows(weir, delta, threads, path):
    import pyarrow as pa

    argv = [weir, "sql", "--format", "arrow", "--threads", str(threads), "-f", path]
    for name in TABLES:
        argv += ["--table", f"{name}={delta / name}"]
    data = subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout
    return pa.ipc.open_stream(data).read_all()


def digest(table):
    """Rows, and per column a sum of numbers or of the lengths of texts."""
    import pyarrow as pa

    out = [table.num_rows]
    for column in table.columns:
        values = column.to_pylist()
        if any(isinstance(v, str) for v in values):
            out.append(sorted(v or "" for v in values))
        elif pa.types.is_date(column.type):
            out.append(sorted(str(v) for v in values))
        else:
            out.append(sum(float(v) for v in values if v is not None))
    return out


def agree(a, b):
    for x, y in zip(a, b, strict=True):
        if isinstance(x, float) and isinstance(y, float):
            # Averages of decimals have other scales in DuckDB than in DataFusion.
            if abs(x - y) > 1e-3 + 1e-6 * max(abs(x), abs(y)):
                return False
        elif x != y:
            return False
    return True


def compare(delta, threads, weir, queries):
    peers = {p: runner(p, delta, threads) for p in ("duckdb", "datafusion")}
    bad = 0
    for path in queries:
        sql = pathlib.Path(path).read_text(encoding="utf-8")
        ours = digest(weir_rows(weir, delta, threads, path))
        for peer, run in peers.items():
            if not agree(ours, digest(run(sql))):
                bad += 1
                print(f"{pathlib.Path(path).name}: weir and {peer} differ")
    print(f"{len(queries)} queries compared with {len(peers)} peers, {bad} differences")
    return bad


def main():
    what, args = sys.argv[1], sys.argv[2:]
    if what == "load":
        load(pathlib.Path(args[0]), pathlib.Path(args[1]))
        return 0
    delta, threads = pathlib.Path(args[0]), int(args[1])
    if what == "compare":
        return 1 if compare(delta, threads, args[2], args[3:]) else 0
    timed(what, delta, threads, int(args[2]), args[3:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
