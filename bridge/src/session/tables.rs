//! What a session has, as tables: settings, functions, rules.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::Volatility;

use crate::function::{aggregate, scalar};
use crate::runtime::small_table;
use crate::edge::abi::wb_sess_table;
use crate::function::table::HostTableFn;
use crate::edge::error::Result;
use crate::sql::macros::Macros;
use crate::session::rules::Row;
use crate::session::sess::SessInner;

const SETTINGS: i32 = wb_sess_table::WB_SESS_SETTINGS as i32;
const FUNCTIONS: i32 = wb_sess_table::WB_SESS_FUNCTIONS as i32;
const RULES: i32 = wb_sess_table::WB_SESS_RULES as i32;
const MACROS: i32 = wb_sess_table::WB_SESS_MACROS as i32;

/// The table of that number, if there is one.
pub fn table(sess: &SessInner, state: &SessionState, which: i32) -> Result<Option<RecordBatch>> {
    match which {
        SETTINGS => settings(state).map(Some),
        FUNCTIONS => functions(sess, state).map(Some),
        MACROS => macros(&sess.macros()).map(Some),
        RULES => rules(sess, state).map(Some),
        _ => Ok(None),
    }
}

fn text<I: IntoIterator<Item = String>>(values: I) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn settings(state: &SessionState) -> Result<RecordBatch> {
    let mut entries = state.config_options().entries();
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    let values: StringArray = entries.iter().map(|e| e.value.clone()).collect();
    small_table::batch(vec![
        ("key", false, text(entries.into_iter().map(|e| e.key))),
        ("value", true, Arc::new(values)),
    ])
}

/// The kind of a function that is written in SQL.
const MACRO: &str = "macro";

#[derive(Default)]
struct Function {
    volatility: &'static str,
    identity: String,
    aliases: Vec<String>,
    host: bool,
}

fn volatility(volatility: Volatility) -> &'static str {
    match volatility {
        Volatility::Immutable => "immutable",
        Volatility::Stable => "stable",
        Volatility::Volatile => "volatile",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn functions(sess: &SessInner, state: &SessionState) -> Result<RecordBatch> {
    let mut rows: BTreeMap<(String, &str), Function> = BTreeMap::new();
    let (macros, rules, relations) = (sess.macros(), sess.rules(), sess.relation_list());
    let mut add = |name: &str, kind, volatility, aliases: &[String], id: Option<[u8; 32]>| {
        let mut aliases = aliases.to_vec();
        if kind == "aggregate" || !state.aggregate_functions().contains_key(name) {
            aliases.extend(rules.aliases_of(name).cloned());
        }
        aliases.sort();
        let host = id.is_some();
        let identity = id.map(|id| hex(&id)).unwrap_or_default();
        let row = Function { volatility, identity, aliases, host };
        rows.insert((name.to_string(), kind), row);
    };
    for f in state.scalar_functions().values() {
        let v = volatility(f.signature().volatility);
        add(f.name(), "scalar", v, f.aliases(), scalar::host_identity(f));
    }
    for f in state.higher_order_functions().values() {
        let v = volatility(f.signature().volatility);
        add(f.name(), "scalar", v, f.aliases(), None);
    }
    let renamed = |name: &str| rules.aliases.contains_key(name);
    for f in state.aggregate_functions().values().filter(|f| !renamed(f.name())) {
        let v = volatility(f.signature().volatility);
        add(f.name(), "aggregate", v, f.aliases(), aggregate::host_identity(f));
    }
    for f in state.window_functions().values().filter(|f| !renamed(f.name())) {
        let v = volatility(f.signature().volatility);
        add(f.name(), "window", v, f.aliases(), None);
    }
    for (name, f) in state.table_functions() {
        let any: &dyn Any = f.function().as_ref();
        match any.downcast_ref::<HostTableFn>() {
            Some(host) => add(name, "table", volatility(host.volatility), &[], Some(host.identity)),
            None => add(name, "table", "", &[], None),
        }
    }
    for name in macros.keys() {
        add(name, MACRO, "", &[], None);
    }
    for (name, identity) in &relations {
        add(name, "relation", "immutable", &[], Some(*identity));
    }
    let rows: Vec<_> = rows.into_iter().collect();
    let origin = |kind: &str, row: &Function| match (kind, row.host) {
        (MACRO, _) => "project".to_string(),
        (_, true) => "host".to_string(),
        (_, false) => "builtin".to_string(),
    };
    small_table::batch(vec![
        ("name", false, text(rows.iter().map(|((name, _), _)| name.clone()))),
        ("kind", false, text(rows.iter().map(|((_, kind), _)| (*kind).to_string()))),
        ("volatility", false, text(rows.iter().map(|(_, row)| row.volatility.to_string()))),
        ("identity", false, text(rows.iter().map(|(_, row)| row.identity.clone()))),
        ("aliases", false, text(rows.iter().map(|(_, row)| row.aliases.join(",")))),
        ("origin", false, text(rows.iter().map(|((_, kind), row)| origin(kind, row)))),
    ])
}

/// The type's name out of a Debug text, which may go on with addresses and fields.
fn type_name(debug: &str) -> String {
    debug.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn rules(sess: &SessInner, state: &SessionState) -> Result<RecordBatch> {
    let mut rows: Vec<(i32, Row)> = Vec::new();
    let mut add = |kind, names: Vec<String>| {
        for (ordinal, name) in (0_i32..).zip(names) {
            rows.push((ordinal, (kind, name, String::new(), String::new())));
        }
    };
    let analyzer = state.analyzer();
    add("analyzer", analyzer.rules.iter().map(|r| r.name().to_string()).collect());
    add("optimizer", state.optimizers().iter().map(|r| r.name().to_string()).collect());
    let physical = state.physical_optimizers();
    add("physical", physical.iter().map(|r| r.name().to_string()).collect());
    let planners = FunctionRegistry::expr_planners(state);
    add("planner", planners.iter().map(|p| type_name(&format!("{p:?}"))).collect());
    let rewrites = analyzer.function_rewrites();
    add("rewrite", rewrites.iter().map(|r| r.name().to_string()).collect());
    let mut next: BTreeMap<&str, i32> = BTreeMap::new();
    for row in sess.rules().rows() {
        let ordinal = next.entry(row.0).or_default();
        rows.push((*ordinal, row));
        *ordinal += 1;
    }
    let ordinals = Int32Array::from_iter_values(rows.iter().map(|(ordinal, _)| *ordinal));
    small_table::batch(vec![
        ("kind", false, text(rows.iter().map(|(_, row)| row.0.to_string()))),
        ("ordinal", false, Arc::new(ordinals)),
        ("name", false, text(rows.iter().map(|(_, row)| row.1.clone()))),
        ("version", false, text(rows.iter().map(|(_, row)| row.2.clone()))),
        ("parameters", false, text(rows.iter().map(|(_, row)| row.3.clone()))),
    ])
}

/// name, text.
fn macros(macros: &Macros) -> Result<RecordBatch> {
    let names = StringArray::from_iter_values(macros.keys());
    let texts = StringArray::from_iter_values(macros.values().map(|m| m.text()));
    small_table::batch(vec![("name", false, Arc::new(names)), ("text", false, Arc::new(texts))])
}
