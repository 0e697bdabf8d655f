//! Ties: the same rows in another order, or in more parts, must give the same result.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;

use crate::plan::PlanInner;
use crate::plan_tests::{execute, plan, rows, session, session_of, spec};
use crate::sess::SessInner;
use crate::tie_break;

/// The same rows in other orders, in one part or in four.
fn shuffles() -> Vec<Arc<SessInner>> {
    let n = 200;
    let turned = rows((0..n).map(|i| (i * 77 + 13) % n));
    let quarters: Vec<Vec<RecordBatch>> = (0..4).map(|q| vec![turned.slice(q * 50, 50)]).collect();
    vec![
        session(),
        session_of(vec![vec![turned]]),
        session_of(quarters),
        session_of(vec![vec![rows((0..n).rev())]]),
    ]
}

const TIES: &[&str] = &[
    "SELECT a, s FROM t ORDER BY a LIMIT 5",
    "SELECT a, s, l FROM t ORDER BY a LIMIT 5 OFFSET 3",
    "SELECT s FROM t ORDER BY a LIMIT 5",
    "SELECT a, s FROM t ORDER BY a",
    "SELECT x.s FROM (SELECT s, a FROM t ORDER BY a DESC LIMIT 7) x WHERE x.s > 's0020' ORDER BY s",
    "SELECT count(*) FROM t WHERE s IN (SELECT s FROM u ORDER BY a LIMIT 3) AND s > 's0002'",
    "SELECT s, row_number() OVER (ORDER BY a) r, rank() OVER (ORDER BY a) k, \
     dense_rank() OVER (ORDER BY a) d FROM t ORDER BY s",
    "SELECT s, row_number() OVER (PARTITION BY a ORDER BY b) r FROM t ORDER BY s",
    "SELECT * FROM (SELECT s, b, row_number() OVER (PARTITION BY a ORDER BY b) r FROM t) WHERE r = 1 ORDER BY s",
    "SELECT s, lag(s) OVER (PARTITION BY a ORDER BY b) l, lead(s, 2) OVER (ORDER BY a) d, \
     ntile(4) OVER (ORDER BY a) n, first_value(s) OVER (ORDER BY a) f FROM t ORDER BY s",
    "SELECT s, last_value(s) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) v, \
     sum(f) OVER (ORDER BY a ROWS 2 PRECEDING) w FROM t ORDER BY s",
    "SELECT s, row_number() OVER (ORDER BY a RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) r FROM t ORDER BY s",
    "SELECT a, array_agg(s ORDER BY b) x, string_agg(s, ',' ORDER BY b) y, first_value(s ORDER BY b) p, \
     last_value(s ORDER BY b) q, nth_value(s, 2 ORDER BY b) n FROM t GROUP BY a ORDER BY a",
    "SELECT a, string_agg(s, ',' ORDER BY b) x, string_agg(s, ';' ORDER BY b DESC) y, \
     nth_value(s, 3 ORDER BY b, f) z FROM t GROUP BY a HAVING count(*) > 1 ORDER BY a",
    "SELECT first_value(s ORDER BY a) + 1 IS NULL FROM (SELECT a, b AS s FROM t)",
    "SELECT DISTINCT ON (a) a, s FROM t ORDER BY a, b",
    "SELECT a, (SELECT first_value(s ORDER BY b) FROM u WHERE u.a = t.a) FROM t ORDER BY s LIMIT 3",
    "SELECT array_agg(s) OVER (PARTITION BY b ORDER BY a ROWS UNBOUNDED PRECEDING) x FROM t ORDER BY s LIMIT 9",
];

#[test]
fn ties_are_broken() {
    let sessions = shuffles();
    let mut decided_by_order = 0;
    for sql in TIES {
        let mut plain: Vec<String> = Vec::new();
        let mut first: Option<String> = None;
        for (which, sess) in sessions.iter().enumerate() {
            let before = plan(sess, sql).unwrap_or_else(|e| panic!("{sql}: {}", e.message));
            let after = before.tie_break().unwrap_or_else(|e| panic!("{sql}: {}", e.message));
            assert_eq!(before.plan.schema(), after.plan.schema(), "{sql}");
            let batches = execute(sess, &before, &spec(1)).unwrap();
            plain.push(pretty_format_batches(&batches).unwrap().to_string());
            for partitions in [1, 4] {
                let batches = execute(sess, &after, &spec(partitions)).unwrap_or_else(|e| {
                    panic!("{sql}: {}\n{}", e.message, after.plan.display_indent())
                });
                let text = pretty_format_batches(&batches).unwrap().to_string();
                match &first {
                    None => first = Some(text),
                    Some(first) => assert_eq!(first, &text, "{sql} on {which} at {partitions}"),
                }
            }
        }
        decided_by_order += usize::from(plain.iter().any(|text| *text != plain[0]));
    }
    // Without the breaking of ties the order of the input shows nearly everywhere.
    assert!(decided_by_order > TIES.len() * 3 / 4, "{decided_by_order} of {}", TIES.len());
    let explain = plan(&sessions[0], "EXPLAIN SELECT a FROM t ORDER BY a LIMIT 1").unwrap();
    assert!(execute(&sessions[0], &explain.tie_break().unwrap(), &spec(1)).is_ok());
}

#[test]
fn tie_break_keeps_results_that_have_no_ties() {
    let sess = session();
    for sql in TIES {
        // s is a key: with it at the end of each ORDER BY there is nothing to break.
        let total =
            sql.replace("ORDER BY a)", "ORDER BY a, s)").replace("ORDER BY b)", "ORDER BY b, s)");
        let total = total.replace(" DESC)", ")");
        let plain = plan(&sess, &total).unwrap();
        let broken = plain.tie_break().unwrap();
        let show = |p: &PlanInner| {
            let batches = execute(&sess, p, &spec(1)).unwrap();
            pretty_format_batches(&batches).unwrap().to_string()
        };
        if total != *sql
            && !total.contains("LIMIT")
            && !total.contains("ROWS BETWEEN")
            && !total.contains("b, f")
        {
            assert_eq!(show(&plain), show(&broken), "{total}");
        }
        let again = tie_break::apply(broken.plan.clone()).unwrap();
        assert_eq!(again.schema(), broken.plan.schema());
    }
    // Peers keep their meaning.
    let sql = "SELECT s, rank() OVER (ORDER BY a) r, sum(b) OVER (ORDER BY a) c, \
               last_value(a) OVER (ORDER BY a) v, cume_dist() OVER (ORDER BY a) d FROM t ORDER BY s";
    let before = plan(&sess, sql).unwrap();
    let after = before.tie_break().unwrap();
    let text = |p: &PlanInner| {
        pretty_format_batches(&execute(&sess, p, &spec(1)).unwrap()).unwrap().to_string()
    };
    assert_eq!(text(&before), text(&after));
    // Maps are no keys.
    let sql = "SELECT a, m FROM t ORDER BY a LIMIT 3";
    let after = plan(&sess, sql).unwrap().tie_break().unwrap();
    assert_eq!(execute(&sess, &after, &spec(2)).unwrap()[0].num_rows(), 3);
}
