//! Plans, their tables and their execution, from SQL to rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::array::{AsArray, MapBuilder, StringBuilder};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use futures::TryStreamExt;

use crate::exec::tables;
use crate::edge::abi::{wb_node_flag, wb_rt_options};
use crate::function::table::Calls;
use crate::edge::codes::*;
use crate::edge::error::Result;
use crate::exec::cut::Widths;
use crate::runtime::merge_pool::Shares;
use crate::exec::run::{ExecInner, ExecSpec};
use crate::sql::params::{Param, Params};
use crate::plan::planned::PlanInner;
use crate::plan::walk::rows::Walk;
use crate::plan::walk::tables::table;
use crate::runtime::threads::{CancelToken, RtInner};
use crate::session::sess::{Caches, SessInner, SessSpec};

/// a has ties, b breaks them, s differs in ties of both; rows come in the given order.
pub(crate) fn rows(order: impl Iterator<Item = usize>) -> RecordBatch {
    let picked: Vec<usize> = order.collect();
    let a = Int64Array::from_iter_values(picked.iter().map(|i| (i % 3) as i64));
    let b = Int64Array::from_iter_values(picked.iter().map(|i| (i % 7) as i64));
    let f = Float64Array::from_iter_values(picked.iter().map(|i| *i as f64 / 3.0));
    let s = StringArray::from_iter_values(picked.iter().map(|i| format!("s{i:04}")));
    let l = ListArray::from_iter_primitive::<Int32Type, _, _>(
        picked.iter().map(|i| Some(vec![Some((i % 5) as i32), None])),
    );
    let mut m = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for i in &picked {
        m.keys().append_value("k");
        m.values().append_value(format!("{}", i % 2));
        m.append(true).unwrap();
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("a", Arc::new(a)),
        ("b", Arc::new(b)),
        ("f", Arc::new(f)),
        ("s", Arc::new(s)),
        ("l", Arc::new(l)),
        ("m", Arc::new(m.finish())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
        .unwrap()
}

pub(crate) fn runtime() -> Arc<RtInner> {
    let options = wb_rt_options {
        struct_size: size_of::<wb_rt_options>(),
        abi: crate::edge::abi::WB_ABI,
        threads: 2,
        io_threads: 0,
        stack_bytes: 8 << 20,
        rooms: 4,
    };
    Arc::new(RtInner::new(&options).unwrap())
}

pub(crate) fn session_of(batches: Vec<Vec<RecordBatch>>) -> Arc<SessInner> {
    session_with(batches, "generic")
}

fn session_with(batches: Vec<Vec<RecordBatch>>, dialect: &str) -> Arc<SessInner> {
    let spec = SessSpec {
        // This dialect has lambdas.
        settings: vec![("catalog.information_schema", "true"), ("sql_parser.dialect", dialect)]
            .into_iter()
            .map(|(k, v)| (format!("datafusion.{k}"), v.to_string()))
            .collect(),
        catalog: "weir".into(),
        schema: "main".into(),
        now_us: 1_700_000_000_000_000,
        flags: 0,
        host_settings: Vec::new(),
        caches: Caches::default(),
    };
    let sess = SessInner::new(runtime(), &spec).unwrap();
    let schema = batches[0][0].schema();
    for name in ["t", "u"] {
        let provider = MemTable::try_new(Arc::clone(&schema), batches.clone()).unwrap();
        sess.declare("main", name, Arc::new(provider)).unwrap();
    }
    sess.seal().unwrap();
    Arc::new(sess)
}

pub(crate) fn session() -> Arc<SessInner> {
    session_of(vec![vec![rows(0..200)]])
}

fn params(values: &[(&str, Param)]) -> Params {
    values.iter().map(|(k, v)| (k.to_string(), v.clone())).collect()
}

pub(crate) fn plan(sess: &Arc<SessInner>, sql: &str) -> Result<PlanInner> {
    PlanInner::from_sql(sess, sql, &Params::new(), Calls::default())
}

pub(crate) fn spec(partitions: usize) -> ExecSpec {
    ExecSpec {
        partitions,
        batch_rows: 16,
        memory_bytes: 64 << 20,
        spill_dir: None,
        spill_bytes: 0,
        no_hash_join: false,
        shares: Shares { gather: 25, merge: 50 },
        sort_in_place_bytes: 0,
        sort_reserve_bytes: 0,
        widths: Widths::default(),
    }
}

pub(crate) fn execute(
    sess: &Arc<SessInner>,
    plan: &PlanInner,
    spec: &ExecSpec,
) -> Result<Vec<RecordBatch>> {
    let plan = plan.optimize()?;
    let exec = ExecInner::new(sess, &plan, Arc::default(), spec, None)?;
    let stream = exec.start()?;
    Ok(sess.rt.block_on(stream.try_collect::<Vec<_>>())??)
}

fn run(sess: &Arc<SessInner>, sql: &str, values: &[(&str, Param)]) -> Result<String> {
    let plan = PlanInner::from_sql(sess, sql, &params(values), Calls::default())?;
    let batches = execute(sess, &plan, &spec(1))?;
    Ok(pretty_format_batches(&batches)?.to_string())
}

/// One column of one row, as text.
fn one(sess: &Arc<SessInner>, sql: &str, values: &[(&str, Param)]) -> String {
    let text = run(sess, sql, values).unwrap();
    let line = text.lines().nth(3).unwrap_or("").trim_matches(['|', ' ']);
    line.to_string()
}

/// Everything of the tables that may go into a digest.
fn canonical(sess: &Arc<SessInner>, plan: &PlanInner) -> String {
    let mut out = String::new();
    for (which, skip) in [
        (1, vec![]),
        (2, vec!["qualifier", "name"]),
        (3, vec!["line", "column"]),
        (4, vec!["qualifier", "name"]),
        (5, vec![]),
        (7, vec![]),
    ] {
        let mut batch = table(plan.walk().unwrap(), which).unwrap();
        for name in skip {
            let index = batch.schema().index_of(name).unwrap();
            batch.remove_column(index);
        }
        out.push_str(&pretty_format_batches(&[batch]).unwrap().to_string());
        out.push('\n');
    }
    out
}

fn canonical_of(sess: &Arc<SessInner>, sql: &str, optimized: bool) -> String {
    let plan = plan(sess, sql).unwrap_or_else(|e| panic!("{sql}: {}", e.message));
    let plan = if optimized { plan.optimize().unwrap() } else { plan };
    canonical(sess, &plan)
}

#[test]
fn differences_show() {
    let sess = session_with(vec![vec![rows(0..20)]], "duckdb");
    let pairs = [
        ("SELECT a FROM t WHERE b > 1", "SELECT a FROM t WHERE b > 2"),
        ("SELECT a FROM t WHERE b > 1", "SELECT a FROM t WHERE b >= 1"),
        ("SELECT a FROM t WHERE b = 1 AND f > 1", "SELECT a FROM t WHERE b = 1 OR f > 1"),
        ("SELECT t.b FROM t JOIN u ON t.a = u.b", "SELECT t.b FROM u JOIN t ON t.a = u.b"),
        ("SELECT t.b FROM t JOIN u ON t.a = u.b", "SELECT t.b FROM t LEFT JOIN u ON t.a = u.b"),
        ("SELECT t.b FROM t JOIN u ON t.a = u.a", "SELECT t.b FROM t JOIN u ON t.a = u.b"),
        (
            "SELECT first_value(a) OVER (ORDER BY b) FROM t",
            "SELECT first_value(a) IGNORE NULLS OVER (ORDER BY b) FROM t",
        ),
        (
            "SELECT sum(a) OVER (ORDER BY b ROWS 1 PRECEDING) FROM t",
            "SELECT sum(a) OVER (ORDER BY b ROWS 2 PRECEDING) FROM t",
        ),
        (
            "SELECT sum(a) OVER (ORDER BY b ROWS 1 PRECEDING) FROM t",
            "SELECT sum(a) OVER (ORDER BY b RANGE 1 PRECEDING) FROM t",
        ),
        (
            "SELECT a FROM t WHERE a IN (SELECT b FROM u)",
            "SELECT a FROM t WHERE a NOT IN (SELECT b FROM u)",
        ),
        ("SELECT a FROM t ORDER BY b LIMIT 3", "SELECT a FROM t ORDER BY b LIMIT 4"),
        ("SELECT a FROM t ORDER BY b LIMIT 3", "SELECT a FROM t ORDER BY b DESC LIMIT 3"),
        ("SELECT a FROM t ORDER BY b LIMIT 3", "SELECT a FROM t ORDER BY b NULLS FIRST LIMIT 3"),
        ("SELECT count(a) FROM t", "SELECT count(DISTINCT a) FROM t"),
        ("SELECT count(a) FROM t", "SELECT count(a) FILTER (WHERE b > 0) FROM t"),
        ("SELECT array_agg(a ORDER BY b) FROM t", "SELECT array_agg(a ORDER BY f) FROM t"),
        ("SELECT CAST(s AS INT) FROM t", "SELECT TRY_CAST(s AS INT) FROM t"),
        ("SELECT CAST(s AS INT) FROM t", "SELECT CAST(s AS BIGINT) FROM t"),
        ("SELECT s LIKE 'a' FROM t", "SELECT s NOT LIKE 'a' FROM t"),
        ("SELECT s LIKE 'a' FROM t", "SELECT s ILIKE 'a' FROM t"),
        ("SELECT a IN (1, 2) FROM t", "SELECT a NOT IN (1, 2) FROM t"),
        ("SELECT a BETWEEN 1 AND 2 FROM t", "SELECT a NOT BETWEEN 1 AND 2 FROM t"),
        ("SELECT a FROM t UNION ALL SELECT a FROM u", "SELECT a FROM t UNION SELECT a FROM u"),
        ("SELECT a FROM t GROUP BY ROLLUP(a, b)", "SELECT a FROM t GROUP BY CUBE(a, b)"),
        ("SELECT a FROM t", "SELECT a FROM u"),
        ("SELECT a FROM t", "SELECT b FROM t"),
        ("SELECT * FROM generate_series(1, 5)", "SELECT * FROM generate_series(1, 6)"),
        ("SELECT * FROM generate_series(1, 5)", "SELECT * FROM range(1, 5)"),
        ("SELECT * FROM range(1, 5)", "SELECT * FROM range(1, 5, 2)"),
        ("SELECT * FROM range(1, 5)", "SELECT * FROM range(0, 5)"),
        ("SELECT * FROM range(1, 5)", "SELECT * FROM range(1, NULL)"),
        (
            "SELECT * FROM range(DATE '2020-01-01', DATE '2020-02-01', INTERVAL '1 day')",
            "SELECT * FROM range(DATE '2020-01-01', DATE '2020-02-01', INTERVAL '2 days')",
        ),
        (
            "SELECT a FROM t WHERE a = (SELECT max(b) FROM u WHERE u.a = t.a)",
            "SELECT a FROM t WHERE a = (SELECT max(b) FROM u WHERE u.a = t.b)",
        ),
        (
            "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
            "SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
        ),
        (
            "SELECT DISTINCT ON (a) a, s FROM t ORDER BY a, b",
            "SELECT DISTINCT ON (a) a, s FROM t ORDER BY a, f",
        ),
        ("SELECT unnest(l) FROM t", "SELECT l FROM t"),
        ("SELECT unnest(l) FROM t", "SELECT unnest_outer(l) FROM t"),
        ("SELECT unnest(l), a FROM t", "SELECT unnest(l), b FROM t"),
        ("SELECT s LIKE '_a!_' ESCAPE '!' FROM t", "SELECT s LIKE '_a!_' ESCAPE '?' FROM t"),
        ("SELECT CASE a WHEN b THEN 1 END FROM t", "SELECT CASE WHEN a = b THEN 1 END FROM t"),
        (
            "SELECT a FROM t GROUP BY GROUPING SETS ((a), (a, b))",
            "SELECT a FROM t GROUP BY GROUPING SETS ((a, a), (b))",
        ),
        (
            "SELECT a FROM t WHERE a > ANY (SELECT b FROM u)",
            "SELECT a FROM t WHERE a > ALL (SELECT b FROM u)",
        ),
        (
            "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
            "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) FROM t",
        ),
        (
            "SELECT t.b FROM t JOIN u ON t.a = u.b",
            "SELECT t.b FROM t JOIN u ON t.a IS NOT DISTINCT FROM u.b",
        ),
        (
            "SELECT array_transform([a], x -> x + 1) FROM t",
            "SELECT array_transform([a], x -> x + 2) FROM t",
        ),
        (
            "WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r",
            "WITH RECURSIVE r AS (SELECT 1 n UNION SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r",
        ),
        (
            "SELECT t.a, x.b FROM t, LATERAL (SELECT u.b FROM u WHERE u.a = t.a) x",
            "SELECT t.a, x.b FROM t, LATERAL (SELECT u.b FROM u WHERE u.a = t.b) x",
        ),
        ("SELECT named_struct('x', a) FROM t", "SELECT named_struct('y', a) FROM t"),
        ("SELECT 1.0", "SELECT 1"),
        ("SELECT DATE '2020-01-01'", "SELECT DATE '2020-01-02'"),
    ];
    for (left, right) in pairs {
        for optimized in [false, true] {
            let (l, r) =
                (canonical_of(&sess, left, optimized), canonical_of(&sess, right, optimized));
            assert_ne!(l, r, "{left} and {right} look the same");
            let lost = u32::MAX.to_string();
            assert!(!l.contains(&lost), "{left}\n{l}");
            assert!(!r.contains(&lost), "{right}\n{r}");
        }
    }
}

#[test]
fn arguments_of_series_are_values() {
    let sess = session_with(vec![vec![rows(0..20)]], "duckdb");
    let of = |sql: &str| {
        let plan = plan(&sess, sql).unwrap();
        let walk = Walk::over(&sess, &plan.plan).unwrap();
        let args: Vec<String> = walk
            .exprs
            .iter()
            .filter(|e| e.spot.role == "table_argument")
            .map(|e| e.head.literal.clone())
            .collect();
        let with_end = wb_node_flag::WB_NODE_WITH_END as u32;
        let scan = walk.nodes.iter().find(|n| n.kind == "scan").unwrap();
        (args.join(" "), scan.what.flags & with_end != 0)
    };
    let (args, with_end) = of("SELECT * FROM range(1, 5)");
    assert_eq!((args.as_str(), with_end), ("int64:1 int64:5 int64:1", false));
    let (args, with_end) = of("SELECT * FROM generate_series(1, 5, 2)");
    assert_eq!((args.as_str(), with_end), ("int64:1 int64:5 int64:2", true));
    let (args, with_end) = of("SELECT * FROM range(NULL, 5)");
    assert_eq!((args.as_str(), with_end), ("", false));
    let sql = "SELECT * FROM range(DATE '1970-01-02', DATE '1970-01-03', INTERVAL '1 month')";
    let (args, _) = of(sql);
    assert_eq!(
        args,
        "timestamp(ns):86400000000000 timestamp(ns):172800000000000 interval(mdn):1,0,0"
    );
}

#[test]
fn names_do_not_show() {
    let sess = session_with(vec![vec![rows(0..20)]], "duckdb");
    let pairs = [
        ("SELECT x.a AS p FROM t x WHERE x.b > 1", "SELECT y.a AS q FROM t AS y WHERE y.b > 1"),
        (
            "WITH c AS (SELECT a FROM t) SELECT a FROM c",
            "WITH d AS (SELECT a FROM t) SELECT a FROM d",
        ),
        (
            "WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r",
            "WITH RECURSIVE q AS (SELECT 1 m UNION ALL SELECT m + 1 FROM q WHERE m < 5) SELECT * FROM q",
        ),
        (
            "SELECT sum(x.b * 2) + sum(x.b * 2) / 3 k, x.a FROM t x GROUP BY x.a HAVING count(*) > 1",
            "SELECT sum(y.b * 2) + sum(y.b * 2) / 3 j, y.a FROM t y GROUP BY y.a HAVING count(*) > 1",
        ),
        (
            "SELECT x.a FROM t x WHERE x.b = (SELECT max(z.b) FROM u z WHERE z.a = x.a)",
            "SELECT y.a FROM t y WHERE y.b = (SELECT max(w.b) FROM u w WHERE w.a = y.a)",
        ),
        (
            "SELECT array_transform([a], x -> x + 1) FROM t",
            "SELECT array_transform([a], y -> y + 1) FROM t",
        ),
        (
            "SELECT x.l1 FROM (SELECT unnest(l) l1 FROM t) x",
            "SELECT y.l2 FROM (SELECT unnest(l) l2 FROM t) y",
        ),
        (
            "SELECT row_number() OVER (PARTITION BY x.a ORDER BY x.b) n FROM t x",
            "SELECT row_number() OVER (PARTITION BY y.a ORDER BY y.b) k FROM t y",
        ),
    ];
    for (left, right) in pairs {
        for optimized in [false, true] {
            let (l, r) =
                (canonical_of(&sess, left, optimized), canonical_of(&sess, right, optimized));
            assert_eq!(l, r, "{left} and {right} differ, optimized: {optimized}");
        }
    }
    // Twice the same, also with names that the optimiser makes.
    let sql =
        "SELECT (a + b) * (a + b) + abs(a + b) FROM t WHERE a IN (SELECT b FROM u WHERE u.s = t.s)";
    let (one, two) = (
        plan(&sess, sql).unwrap().optimize().unwrap(),
        plan(&sess, sql).unwrap().optimize().unwrap(),
    );
    assert_eq!(one.plan.display_indent().to_string(), two.plan.display_indent().to_string());
    assert!(!canonical(&sess, &one).contains("__"), "{}", canonical(&sess, &one));
}

#[test]
fn trees_fit_together() {
    let sess = session();
    let sql = "SELECT a, (SELECT max(f) FROM u WHERE u.a = t.a) FROM t WHERE b IN (SELECT b FROM u) ORDER BY a LIMIT 2";
    for optimized in [false, true] {
        let plan = plan(&sess, sql).unwrap();
        let plan = if optimized { plan.optimize().unwrap() } else { plan };
        let walk = Walk::over(&sess, &plan.plan).unwrap();
        for (id, node) in walk.nodes.iter().enumerate() {
            assert!(node.parent < id as i32);
            assert!(node.subquery_of < walk.exprs.len() as i32);
        }
        for (id, expr) in walk.exprs.iter().enumerate() {
            assert!(expr.spot.parent < id as i32);
            assert!((expr.node as usize) < walk.nodes.len());
        }
        assert_eq!(walk.nodes[0].parent, -1);
        for col in &walk.colrefs {
            assert_ne!(col.field, u32::MAX, "{}.{}", col.qualifier, col.name);
            assert_eq!(walk.exprs[col.expr as usize].node, col.node);
        }
        assert_eq!(walk.colrefs.iter().any(|c| c.outer), !optimized);
    }
    // Each key of a join sees its side, whatever the names are.
    let both = plan(&sess, "SELECT 1 FROM t x JOIN t y ON x.a = y.b").unwrap().optimize().unwrap();
    let walk = Walk::over(&sess, &both.plan).unwrap();
    let sides: Vec<(&str, u32)> = walk
        .colrefs
        .iter()
        .map(|c| (walk.exprs[c.expr as usize].spot.role, c.input))
        .filter(|(role, _)| role.starts_with("join"))
        .collect();
    assert_eq!(sides, [("join_left", 0), ("join_right", 1)]);
    // Long chains are flat.
    let chain: Vec<String> = (0..3000).map(|i| format!("a <> {i}")).collect();
    let sql = format!("SELECT a FROM t WHERE {}", chain.join(" AND "));
    let long = std::thread::Builder::new().stack_size(64 << 20);
    long.spawn(move || {
        let plan = plan(&sess, &sql).unwrap();
        let walk = Walk::over(&sess, &plan.plan).unwrap();
        let top = walk.exprs.iter().position(|e| e.head.op == "AND").unwrap() as i32;
        assert_eq!(walk.exprs.iter().filter(|e| e.spot.parent == top).count(), 3000);
    })
    .unwrap()
    .join()
    .unwrap();
}

#[test]
fn parameters() {
    let sess = session();
    let int = |n| Param::Int64(Some(n));
    let text = |s: &str| Param::Text(Some(s.to_string()));
    let get = |sql: &str, p: Param| one(&sess, sql, &[("p", p)]);
    let of_type = |p: Param| get("SELECT arrow_typeof($p)", p);
    assert_eq!(of_type(int(1)), "Int64");
    assert_eq!(of_type(Param::Float64(Some(1.0))), "Float64");
    assert_eq!(of_type(text("x")), "Utf8");
    assert_eq!(of_type(Param::Bool(Some(true))), "Boolean");
    assert_eq!(of_type(Param::Date(Some(3))), "Date32");
    let utc = of_type(Param::Timestamp(Some(5)));
    assert!(utc.contains("UTC") && (utc.contains("µs") || utc.contains("Micro")), "{utc}");
    for null in [
        Param::Int64(None),
        Param::Float64(None),
        Param::Text(None),
        Param::Bool(None),
        Param::Date(None),
        Param::Timestamp(None),
    ] {
        assert_eq!(get("SELECT $p IS NULL", null.clone()), "true");
        let set = match &null {
            Param::Int64(_) => int(1),
            Param::Float64(_) => Param::Float64(Some(1.5)),
            Param::Text(_) => text(""),
            Param::Bool(_) => Param::Bool(Some(false)),
            Param::Date(_) => Param::Date(Some(0)),
            Param::Timestamp(_) => Param::Timestamp(Some(0)),
        };
        assert_eq!(of_type(null), of_type(set));
    }
    assert_eq!(get("SELECT $p", int(i64::MIN)), "-9223372036854775808");
    assert_eq!(get("SELECT $p", int(i64::MAX)), "9223372036854775807");
    assert_eq!(get("SELECT 10 - $p", int(-5)), "15");
    assert_eq!(get("SELECT -$p", int(-5)), "5");
    assert_eq!(get("SELECT $p = '-0'::DOUBLE", Param::Float64(Some(-0.0))), "true");
    assert_eq!(get("SELECT isnan($p)", Param::Float64(Some(f64::NAN))), "true");
    assert_eq!(get("SELECT $p", Param::Float64(Some(f64::NEG_INFINITY))), "-inf");
    assert_eq!(get("SELECT $p", Param::Float64(Some(f64::MAX))), "1.7976931348623157e308");
    assert_eq!(get("SELECT $p", text("it's $x -- \"q\"")), "it's $x -- \"q\"");
    assert_eq!(get("SELECT $p", Param::Date(Some(-1))), "1969-12-31");
    assert_eq!(get("SELECT $p", Param::Timestamp(Some(1_500_000))), "1970-01-01T00:00:01.500Z");
    // Where only literals will do.
    assert_eq!(get("SELECT count(*) FROM generate_series(1, $p)", int(7)), "7");
    assert_eq!(get("SELECT count(*) FROM generate_series($p, 3)", int(-3)), "7");
    assert_eq!(
        get(
            "SELECT count(*) FROM generate_series($p, DATE '1970-01-05', INTERVAL '1' DAY)",
            Param::Date(Some(0))
        ),
        "5"
    );
    assert_eq!(get("SELECT count(*) FROM (SELECT a FROM t LIMIT $p)", int(7)), "7");
    assert_eq!(get("SELECT arrow_typeof(arrow_cast(1, $p))", text("UInt8")), "UInt8");
    assert_eq!(get("SELECT DATE '1970-01-01' + INTERVAL $p", text("2 days")), "1970-01-03");
    assert_eq!(get("SELECT DATE '1970-01-01' + INTERVAL $p DAY", int(-2)), "1969-12-30");
    assert_eq!(get("SELECT array_element([1, 2, 3], $p)", int(2)), "2");
    assert_eq!(get("SELECT ([1, 2, 3])[$p]", int(3)), "3");
    // Not the ordinal of a column.
    assert_eq!(get("SELECT a FROM t WHERE s < 's0003' ORDER BY $p, b DESC LIMIT 1", int(1)), "2");
    assert_eq!(get("SELECT count(*) FROM t GROUP BY $p", int(1)), "200");
    // EXPLAIN takes them too.
    assert!(run(&sess, "EXPLAIN SELECT $p", &[("p", int(4))]).unwrap().contains("Int64(4)"));
    for sql in ["SELECT 1,\n $q", "SELECT ?", "SELECT $1"] {
        let error = run(&sess, sql, &[("p", int(1))]).unwrap_err();
        assert_eq!(error.code, E_PARAM_UNKNOWN, "{sql}: {}", error.message);
        assert_ne!(error.line, 0);
    }
}

#[test]
fn refusals() {
    let sess = session();
    let code = |sql: &str| match plan(&sess, sql) {
        Ok(_) => 0,
        Err(error) => error.code,
    };
    assert_eq!(code("SELECT 1; SELECT 2"), E_SQL_SYNTAX);
    assert_eq!(code(""), E_SQL_SYNTAX);
    assert_eq!(code("SELECT 1 +"), E_SQL_SYNTAX);
    assert_eq!(code("SELECT 1 FROM nope"), E_SQL_PLAN);
    assert_eq!(code("SELECT 1 FROM '/etc/passwd'"), E_SQL_PLAN);
    assert_eq!(code("SELECT nope(1)"), E_SQL_PLAN);
    let error = plan(&sess, "SELECT a,\n  aa FROM t").err().unwrap();
    assert_eq!((error.code, error.line, error.column), (E_UNKNOWN_COLUMN, 2, 3));
    assert!(error.message.contains("t.a"), "{}", error.message);
}

#[test]
fn cast_and_sort() {
    let sess = session();
    let base = plan(&sess, "SELECT s, a + 1 AS n, max(f) AS f FROM t GROUP BY s, a").unwrap();
    let target = Schema::new(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("n", DataType::Int8, true),
        Field::new("f", DataType::Float64, true),
    ]);
    let plan1 = base.cast(&target).unwrap().sort(&["n".into(), "key".into()]).unwrap();
    let batches = execute(&sess, &plan1, &spec(4)).unwrap();
    let first = &batches[0];
    assert_eq!(first.schema().field(0).name(), "key");
    assert_eq!(first.schema().field(1).data_type(), &DataType::Int8);
    assert_eq!(first.column(0).as_string::<i32>().value(0), "s0000");
    let narrow = Schema::new(vec![Field::new("x", DataType::Int8, true)]);
    let big = plan(&sess, "SELECT b * 100 FROM t").unwrap().cast(&narrow).unwrap();
    let error = execute(&sess, &big, &spec(1)).unwrap_err();
    assert_eq!(error.code, E_EXECUTION, "{}", error.message);
    assert_eq!(base.cast(&narrow).err().unwrap().code, E_SCHEMA_CHANGED);
    assert_eq!(base.sort(&["zz".into()]).err().unwrap().code, E_UNKNOWN_COLUMN);
    let done = base.optimize().unwrap();
    assert_eq!(done.sort(&["n".into()]).err().unwrap().code, E_BUG);
    // Two outputs of one name can be cast, by position.
    let twice = plan(&sess, "SELECT x.a, y.a FROM t x JOIN t y ON x.s = y.s").unwrap();
    let names = Schema::new(vec![
        Field::new("p", DataType::Int64, true),
        Field::new("q", DataType::Utf8, true),
    ]);
    assert_eq!(twice.sort(&["a".into()]).err().unwrap().code, E_BAD_VALUE);
    let cast = twice.cast(&names).unwrap();
    assert_eq!(cast.plan.schema().field(1).data_type(), &DataType::Utf8);
}

#[test]
fn executions() {
    let sess = session_of((0..4).map(|q| vec![rows(q * 50..q * 50 + 50)]).collect());
    let sql = "SELECT t.a, count(*) FROM t JOIN u ON t.s = u.s GROUP BY t.a";
    let analyzed = plan(&sess, sql).unwrap();
    let make =
        |p: &PlanInner, spec: &ExecSpec| ExecInner::new(&sess, p, Arc::default(), spec, None);
    assert_eq!(make(&analyzed, &spec(1)).err().unwrap().code, E_BUG);
    let plan1 = analyzed.optimize().unwrap();
    assert_eq!(make(&plan1, &spec(0)).err().unwrap().code, E_BAD_VALUE);
    let names = |exec: &ExecInner| {
        let nodes = tables::table(exec, 1).unwrap();
        nodes
            .column(2)
            .as_string::<i32>()
            .iter()
            .map(|n| n.unwrap().to_string())
            .collect::<Vec<_>>()
    };
    let exec = make(&plan1, &spec(4)).unwrap();
    assert!(names(&exec).iter().any(|n| n == "HashJoinExec"), "{:?}", names(&exec));
    let stream = exec.start().unwrap();
    assert_eq!(exec.start().err().unwrap().code, E_STREAM_USED);
    let batches: Vec<RecordBatch> = sess.rt.block_on(stream.try_collect()).unwrap().unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
    let totals = tables::table(&exec, 4).unwrap();
    assert_eq!(totals.column(0).as_string::<i32>().value(0), "peak_bytes");
    assert!(totals.column(1).as_primitive::<Int64Type>().value(0) > 0);
    let metrics = tables::table(&exec, 3).unwrap();
    let found = metrics.column(1).as_string::<i32>().iter().position(|n| n == Some("output_rows"));
    assert!(metrics.column(3).as_primitive::<Int64Type>().value(found.unwrap()) >= 0);
    assert_eq!(tables::table(&exec, 2).unwrap().num_rows(), 0);
    let sorted = make(&plan1, &ExecSpec { no_hash_join: true, ..spec(4) }).unwrap();
    assert!(!names(&sorted).iter().any(|n| n == "HashJoinExec"), "{:?}", names(&sorted));
    // Too little memory names who took it.
    let many = "SELECT value FROM generate_series(1, 300000) ORDER BY value % 1000, value";
    let tight = ExecSpec { memory_bytes: 100_000, batch_rows: 8192, ..spec(1) };
    let error = execute(&sess, &plan(&sess, many).unwrap(), &tight).unwrap_err();
    assert_eq!(error.code, E_MEMORY, "{}", error.message);
    assert!(error.message.contains("can spill"), "{}", error.message);
    // Cancelled before, and planned by another session.
    let token = CancelToken::new();
    token.fire();
    let cancelled = ExecInner::new(&sess, &plan1, Arc::default(), &spec(1), Some(token));
    assert_eq!(cancelled.err().unwrap().code, E_CANCELLED);
    let other = session();
    let foreign = ExecInner::new(&other, &plan1, Arc::default(), &spec(1), None);
    assert_eq!(foreign.err().unwrap().code, E_BUG);
}

#[test]
fn the_clock_is_pinned() {
    let sess = session();
    let now = one(&sess, "SELECT now()", &[]);
    assert!(now.starts_with("2023-11-14T22:13:20"), "{now}");
}
