//! Edits of plans: the right node, the old names, the meaning of what was not edited.

use std::sync::Arc;

use arrow::util::pretty::pretty_format_batches;

use crate::edge::abi::{wb_edit, wb_edit_kind, wb_str};
use crate::plan::edit::edits::Edits;
use crate::edge::codes::E_UNKNOWN_FUNCTION;
use crate::plan::planned::PlanInner;
use crate::plan::walk::rows::ExprRow;
use crate::tests::plan::{execute, plan, session, spec};
use crate::session::sess::SessInner;

const NO_NAME: wb_str = wb_str { p: std::ptr::null(), n: 0 };

fn row(kind: wb_edit_kind, node: u32, ord: u32, column: u32) -> wb_edit {
    wb_edit { kind: kind as i32, node, ord, column, function: NO_NAME }
}

fn edited(sess: &Arc<SessInner>, before: &PlanInner, rows: &[wb_edit]) -> PlanInner {
    // SAFETY: the texts are static.
    let edits = unsafe { Edits::read(sess, rows) }.unwrap();
    before.edit(&edits).unwrap_or_else(|e| panic!("{}", e.message))
}

fn nodes(plan: &PlanInner, kind: &str) -> Vec<u32> {
    let walk = plan.walk().unwrap();
    (0..).zip(&walk.nodes).filter(|(_, node)| node.kind == kind).map(|(id, _)| id).collect()
}

fn text(sess: &Arc<SessInner>, plan: &PlanInner) -> String {
    pretty_format_batches(&execute(sess, plan, &spec(1)).unwrap()).unwrap().to_string()
}

#[test]
fn functions_of_one_node_get_keys_of_their_own() {
    let sess = session();
    let sql = "SELECT s, row_number() OVER (ORDER BY a) r, rank() OVER (ORDER BY a) k, \
               last_value(s) OVER (ORDER BY a) l FROM t ORDER BY s";
    let before = plan(&sess, sql).unwrap();
    let [window] = nodes(&before, "window")[..] else { panic!("{sql}") };
    let s = 3;
    let after = edited(&sess, &before, &[
        row(wb_edit_kind::WB_EDIT_ADD_KEY, window, 0, s),
        row(wb_edit_kind::WB_EDIT_PEERS, window, 2, 0),
        row(wb_edit_kind::WB_EDIT_ADD_KEY, window, 2, s),
    ]);
    assert_eq!(before.plan.schema(), after.plan.schema());
    assert_eq!(nodes(&after, "window").len(), 3);
    let by_hand = "SELECT s, row_number() OVER (ORDER BY a, s) r, rank() OVER (ORDER BY a) k, \
                   last_value(s) OVER (PARTITION BY a ORDER BY s ROWS BETWEEN UNBOUNDED PRECEDING \
                   AND UNBOUNDED FOLLOWING) l FROM t ORDER BY s";
    assert_eq!(text(&sess, &after), text(&sess, &plan(&sess, by_hand).unwrap()));
}

#[test]
fn calls_that_become_the_same_keep_their_places() {
    let sess = session();
    for (sql, kind, rows) in [
        (
            "SELECT s, row_number() OVER (ORDER BY a) x, row_number() OVER (ORDER BY a, s) y \
             FROM t ORDER BY s",
            "window",
            2,
        ),
        (
            "SELECT a, array_agg(s ORDER BY b) x, array_agg(s ORDER BY b, s) y FROM t GROUP BY a \
             ORDER BY a",
            "aggregate",
            1,
        ),
    ] {
        let before = plan(&sess, sql).unwrap();
        let found = nodes(&before, kind);
        assert_eq!(found.len(), rows, "{sql}");
        let walk = before.walk().unwrap();
        let first = |node: &&u32| walk.exprs.iter().any(|e| e.node == **node && e.head.call.order_keys == 1);
        let node = *found.iter().find(first).unwrap();
        let after =
            edited(&sess, &before, &[row(wb_edit_kind::WB_EDIT_ADD_KEY, node, 0, 3)]);
        assert_eq!(before.plan.schema(), after.plan.schema(), "{sql}");
        for line in text(&sess, &after).lines().skip(3) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            assert!(cells.len() < 4 || cells[2] == cells[3], "{line}");
        }
    }
}

/// Subqueries are numbered in the order of the tables, wherever an expression has them.
#[test]
fn subqueries_are_edited_by_their_numbers() {
    let sess = session();
    let sql = "SELECT count(*) n FROM t WHERE (SELECT max(s) FROM (SELECT s FROM u ORDER BY b LIMIT 2)) \
               IN (SELECT s FROM u ORDER BY a LIMIT 3) AND EXISTS (SELECT 1 FROM u WHERE u.a = t.a)";
    let before = plan(&sess, sql).unwrap();
    let sorts = nodes(&before, "sort");
    assert_eq!(sorts.len(), 2);
    let key_of = |plan: &PlanInner, node: u32| {
        let walk = plan.walk().unwrap();
        let names = walk.colrefs.iter().filter(|c| c.node == node).map(|c| c.name.clone());
        names.collect::<Vec<_>>()
    };
    for (which, sort) in sorts.iter().enumerate() {
        let after = edited(&sess, &before, &[row(wb_edit_kind::WB_EDIT_ADD_KEY, *sort, 0, 0)]);
        for (other, node) in sorts.iter().enumerate() {
            let (old, new) = (key_of(&before, *node), key_of(&after, *node));
            assert_eq!(new.len(), old.len() + usize::from(other == which), "{sort} {node}");
        }
    }
}

#[test]
fn edits_of_what_is_not_there_are_refused() {
    let sess = session();
    let sql = "SELECT s, row_number() OVER (ORDER BY a) r FROM t";
    let before = plan(&sess, sql).unwrap();
    let [window] = nodes(&before, "window")[..] else { panic!("{sql}") };
    for wrong in [
        row(wb_edit_kind::WB_EDIT_ADD_KEY, 99, 0, 0),
        row(wb_edit_kind::WB_EDIT_ADD_KEY, window, 1, 0),
        row(wb_edit_kind::WB_EDIT_ADD_KEY, window, 0, 99),
        row(wb_edit_kind::WB_EDIT_PEERS, 0, 0, 0),
    ] {
        // SAFETY: as above.
        let edits = unsafe { Edits::read(&sess, &[wrong]) }.unwrap();
        assert!(before.edit(&edits).is_err());
    }
    let unknown = wb_edit { kind: 77, ..row(wb_edit_kind::WB_EDIT_PEERS, window, 0, 0) };
    // SAFETY: as above.
    assert!(unsafe { Edits::read(&sess, &[unknown]) }.is_err());
}

fn named(kind: wb_edit_kind, node: u32, ord: u32, function: &'static str) -> wb_edit {
    let function = wb_str { p: function.as_ptr().cast(), n: function.len() };
    wb_edit { function, ..row(kind, node, ord, 0) }
}

/// What was edited to be another function is it, under the old name; calls that become one are one.
#[test]
fn functions_are_replaced_in_their_places() {
    let sess = session();
    for (sql, kind, by_hand) in [
        (
            "SELECT a, avg(b) x, max(b ORDER BY s) y, max(b) z FROM t GROUP BY a ORDER BY a",
            "aggregate",
            "SELECT a, min(b) x, min(b) y, max(b) z FROM t GROUP BY a ORDER BY a",
        ),
        (
            "SELECT s, avg(b) OVER (PARTITION BY a) x, max(b) OVER (PARTITION BY a) y, \
             max(b) OVER (PARTITION BY a ORDER BY s) z FROM t ORDER BY s",
            "window",
            "SELECT s, min(b) OVER (PARTITION BY a) x, min(b) OVER (PARTITION BY a) y, \
             max(b) OVER (PARTITION BY a ORDER BY s) z FROM t ORDER BY s",
        ),
    ] {
        let before = plan(&sess, sql).unwrap();
        let walk = before.walk().unwrap();
        let of = |name: &str, keys: u32| {
            let call = |e: &&ExprRow| e.head.op == name && e.head.call.args == 1 && (kind == "aggregate" || e.head.call.order_keys == keys);
            let found = walk.exprs.iter().find(call).unwrap();
            (found.node, found.spot.role_ord)
        };
        let (avg, max) = (of("avg", 0), of("max", 0));
        let mut rows = vec![
            row(wb_edit_kind::WB_EDIT_STRIP_CAST, avg.0, avg.1, 0),
            named(wb_edit_kind::WB_EDIT_SET_FUNCTION, avg.0, avg.1, "min"),
            named(wb_edit_kind::WB_EDIT_SET_FUNCTION, max.0, max.1, "min"),
        ];
        if kind == "aggregate" {
            rows.push(row(wb_edit_kind::WB_EDIT_DROP_ORDER, max.0, max.1, 0));
        }
        let after = edited(&sess, &before, &rows);
        let names = |plan: &PlanInner| plan.plan.schema().field_names();
        assert_eq!(names(&before), names(&after), "{sql}");
        let calls = |plan: &PlanInner| {
            let walk = plan.walk().unwrap();
            walk.exprs.iter().filter(|e| e.head.op == "min").count()
        };
        assert_eq!(calls(&after), 1, "{sql}");
        assert_eq!(text(&sess, &after), text(&sess, &plan(&sess, by_hand).unwrap()));
    }
}

#[test]
fn functions_that_cannot_be_set_are_refused() {
    let sess = session();
    let before = plan(&sess, "SELECT a, sum(b) x FROM t GROUP BY a").unwrap();
    let [node] = nodes(&before, "aggregate")[..] else { panic!() };
    // SAFETY: the texts are static.
    let unknown = unsafe { Edits::read(&sess, &[named(wb_edit_kind::WB_EDIT_SET_FUNCTION, node, 0, "none")]) };
    assert_eq!(unknown.err().unwrap().code, E_UNKNOWN_FUNCTION);
    for wrong in [
        row(wb_edit_kind::WB_EDIT_STRIP_CAST, node, 0, 0),
        row(wb_edit_kind::WB_EDIT_STRIP_CAST, node, 0, 9),
        row(wb_edit_kind::WB_EDIT_DROP_ORDER, node, 1, 0),
        named(wb_edit_kind::WB_EDIT_SET_FUNCTION, node, 1, "min"),
    ] {
        // SAFETY: as above.
        let edits = unsafe { Edits::read(&sess, &[wrong]) }.unwrap();
        assert!(before.edit(&edits).is_err());
    }
}
