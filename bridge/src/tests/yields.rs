//! Pauses and looks at the token change nothing but when a plan comes out of its work.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use futures::TryStreamExt;

use crate::edge::codes::E_CANCELLED;
use crate::edge::error::Result;
use crate::exec::run::{ExecInner, ExecSpec};
use crate::tests::plan::{plan, session, spec};
use crate::runtime::threads;
use crate::runtime::threads::{CancelToken, wb_cancel};
use crate::session::sess::SessInner;

const JOINS: &[&str] = &[
    "SELECT t.a, u.b FROM t JOIN u ON t.a < u.a AND t.b <> u.b ORDER BY 1, 2",
    "SELECT t.a, u.b FROM t LEFT JOIN u ON t.a * u.a = 3 ORDER BY 1, 2",
    "SELECT t.a, u.b FROM t FULL JOIN u ON t.s = u.s AND t.a < u.a ORDER BY 1, 2",
    "SELECT t.a, u.b FROM t RIGHT JOIN u ON t.s = u.s AND t.b + u.b > 7 ORDER BY 1, 2",
    "SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.s = t.s AND u.a < t.a) ORDER BY 1",
    "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a * t.a > 30) ORDER BY 1",
    "SELECT count(*), sum(t.a + u.b) FROM t CROSS JOIN u",
    "SELECT a, x FROM (SELECT a, unnest(l) AS x FROM t) ORDER BY 1, 2",
    "SELECT a, sum(b) OVER (PARTITION BY s ORDER BY a, b) AS x FROM t ORDER BY 1, 2",
];

fn exec(
    sess: &Arc<SessInner>,
    sql: &str,
    spec: &ExecSpec,
    token: Option<&CancelToken>,
) -> Result<ExecInner> {
    let plan = plan(sess, sql)?.optimize()?;
    ExecInner::new(sess, &plan, Arc::default(), spec, token.cloned())
}

fn rows(sess: &Arc<SessInner>, exec: &ExecInner) -> Result<String> {
    let stream = exec.start()?;
    let batches: Vec<_> = sess.rt.block_on(stream.try_collect())??;
    Ok(arrow::util::pretty::pretty_format_batches(&batches)?.to_string())
}

/// The nodes of a plan, and whether a pause is right above each.
fn paused(plan: &Arc<dyn ExecutionPlan>) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut below_pause = false;
    plan.apply(|node| {
        if node.is::<CooperativeExec>() {
            below_pause = true;
        } else {
            found.push((node.name().to_string(), below_pause));
            below_pause = false;
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .unwrap();
    found
}

#[test]
fn nothing_changes_but_the_pauses() {
    let sess = session();
    let token = CancelToken::new();
    for sql in JOINS {
        for partitions in [1, 3] {
            for no_hash_join in [false, true] {
                let spec = ExecSpec { no_hash_join, ..spec(partitions) };
                let plain = exec(&sess, sql, &spec, None).unwrap();
                let watched = exec(&sess, sql, &spec, Some(&token)).unwrap();
                let text = |plan: &Arc<dyn ExecutionPlan>| {
                    displayable(plan.as_ref()).indent(true).to_string()
                };
                assert_eq!(text(&plain.plan), text(&watched.plan), "{sql}");
                let (p, w) = (plain.plan.properties(), watched.plan.properties());
                assert_eq!(plain.plan.schema(), watched.plan.schema(), "{sql}");
                assert_eq!(p.output_ordering(), w.output_ordering(), "{sql}");
                assert_eq!(
                    p.output_partitioning().partition_count(),
                    w.output_partitioning().partition_count()
                );
                assert_eq!(rows(&sess, &plain).unwrap(), rows(&sess, &watched).unwrap(), "{sql}");
                for (name, paused) in paused(&watched.plan) {
                    let long = name.contains("Join") || name == "UnnestExec";
                    assert!(paused || !long, "{sql}: no pause above {name}");
                }
            }
        }
    }
    let other: Vec<_> = JOINS.iter().flat_map(|sql| {
        [false, true].map(|no_hash_join| {
            let spec = ExecSpec { no_hash_join, ..spec(3) };
            paused(&exec(&sess, sql, &spec, None).unwrap().plan)
        })
    }).flatten().map(|(name, _)| name).collect();
    for name in ["NestedLoopJoinExec", "HashJoinExec", "SortMergeJoinExec", "CrossJoinExec"] {
        assert!(other.iter().any(|n| n == name), "no {name} among {other:?}");
    }
}

/// Asks a query until it is stopped, from another thread.
fn stopped_after(sess: &Arc<SessInner>, sql: &str, spec: &ExecSpec) -> (i32, Duration) {
    let token = CancelToken::new();
    let exec = exec(sess, sql, spec, Some(&token)).unwrap();
    let stream = exec.start().unwrap();
    let firing = token.clone();
    let fire = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        firing.fire();
        Instant::now()
    });
    let work = async { Ok(stream.try_collect::<Vec<_>>().await?) };
    let result = sess.rt.block_on(token.run(work)).unwrap();
    let fired = fire.join().unwrap();
    (result.err().map_or(0, |e| e.code), fired.elapsed())
}

#[test]
fn a_join_that_gives_nothing_ends_and_keeps_nobody() {
    let sess = session();
    let endless = "SELECT count(*) FROM generate_series(1, 300000) a JOIN \
                   generate_series(1, 300000) b ON a.value * b.value = -1";
    for partitions in [1, 2] {
        let spec = ExecSpec { batch_rows: 8192, ..spec(partitions) };
        let (code, took) = stopped_after(&sess, endless, &spec);
        assert_eq!(code, E_CANCELLED);
        assert!(took < Duration::from_secs(2), "{took:?}");
        // The next one has threads, and those of the one before are let go of.
        let next = exec(&sess, "SELECT s, count(*) FROM t GROUP BY s", &spec, None).unwrap();
        let began = Instant::now();
        rows(&sess, &next).unwrap();
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}

#[test]
fn a_call_is_stopped_while_it_plans() {
    let sess = session();
    let sql = JOINS[2];
    let plain = plan(&sess, sql).unwrap();
    let best = plain.optimize().unwrap().plan;
    let cancel = wb_cancel { token: CancelToken::new() };
    // SAFETY: the token lives longer than the calls.
    let under = |work: &dyn Fn() -> Result<String>| unsafe { threads::under(&raw const cancel, work) };
    let analyzed = || Ok(plan(&sess, sql)?.plan.display_indent_schema().to_string());
    let optimized = || Ok(plain.optimize()?.plan.display_indent_schema().to_string());
    assert_eq!(under(&analyzed).unwrap(), plain.plan.display_indent_schema().to_string());
    assert_eq!(under(&optimized).unwrap(), best.display_indent_schema().to_string());
    cancel.token.fire();
    assert_eq!(under(&analyzed).unwrap_err().code, E_CANCELLED);
    assert_eq!(under(&optimized).unwrap_err().code, E_CANCELLED);
    // No longer under it.
    assert_eq!(optimized().unwrap(), best.display_indent_schema().to_string());
}

#[test]
fn what_may_come_late_comes_late_and_no_later() {
    let sess = session();
    let token = CancelToken::new();
    let late = token.later(Duration::from_millis(400));
    token.fire();
    let soon = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(7)
    };
    let never = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(7)
    };
    assert_eq!(sess.rt.block_on(late.run(soon)).unwrap().unwrap(), 7);
    let began = Instant::now();
    assert_eq!(sess.rt.block_on(late.run(never)).unwrap().unwrap_err().code, E_CANCELLED);
    assert!(began.elapsed() < Duration::from_secs(10));
    // It is counted from the firing: a second one has none of it left.
    let began = Instant::now();
    let never = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(7)
    };
    assert_eq!(sess.rt.block_on(late.run(never)).unwrap().unwrap_err().code, E_CANCELLED);
    assert!(began.elapsed() < Duration::from_millis(300), "{:?}", began.elapsed());
}
