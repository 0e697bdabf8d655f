//! Table functions of the host: what a call gives was decided before planning, so that the
//! function itself only looks up which input these arguments stand for.

use std::fmt;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::Result as DfResult;
use datafusion::logical_expr::{Expr, Volatility};
use datafusion::scalar::ScalarValue;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Ident, ObjectName, ObjectNamePart, TableFactor, VisitMut, VisitorMut};

use crate::edge::given;
use crate::edge::abi::{wb_call, wb_param_type, wb_value, wb_volatility};
use crate::edge::codes::{E_BAD_VALUE, E_SQL_PLAN};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::input::late::LateBound;
use crate::runtime::stream;

/// An argument: what a host may decide by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    Int64(i64),
    Text(String),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Int64(_) => write!(f, "int64"),
            Literal::Text(_) => write!(f, "text"),
        }
    }
}

/// The calls of one statement and the inputs they stand for; an extension of the planning
/// session's config.
#[derive(Debug, Default)]
pub struct Calls {
    inputs: HashMap<(String, Vec<Literal>), Arc<LateBound>>,
}

impl Calls {
    /// Adds a call; a second one of the same function and arguments takes its place.
    pub fn insert(&mut self, function: &str, args: Vec<Literal>, input: LateBound) {
        self.inputs.insert((function.to_string(), args), Arc::new(input));
    }
}

/// A table function of the host, which the host itself answers for every statement anew.
pub struct HostTableFn {
    name: String,
    /// What a plan that calls it depends on.
    pub identity: [u8; 32],
    /// Whether another statement may get other rows.
    pub volatility: Volatility,
}

impl HostTableFn {
    /// A function of this name.
    pub fn new(name: &str, identity: [u8; 32], volatility: Volatility) -> Self {
        Self { name: name.to_string(), identity, volatility }
    }
}

impl fmt::Debug for HostTableFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table function {}", self.name)
    }
}

fn literal(expr: &Expr) -> Option<Literal> {
    match expr {
        Expr::Literal(ScalarValue::Int64(Some(n)), _) => Some(Literal::Int64(*n)),
        Expr::Literal(
            ScalarValue::Utf8(Some(text))
            | ScalarValue::Utf8View(Some(text))
            | ScalarValue::LargeUtf8(Some(text)),
            _,
        ) => Some(Literal::Text(text.clone())),
        _ => None,
    }
}

impl TableFunctionImpl for HostTableFn {
    fn call_with_args(&self, args: TableFunctionArgs) -> DfResult<Arc<dyn TableProvider>> {
        let literals: Option<Vec<Literal>> = args.exprs().iter().map(literal).collect();
        let calls = args.session().config().get_extension::<Calls>();
        let input = match (calls, literals) {
            (Some(calls), Some(literals)) => {
                calls.inputs.get(&(self.name.clone(), literals)).map(Arc::clone)
            }
            _ => None,
        };
        match input {
            Some(input) => Ok(input),
            // Never with the arguments, which may hold what is no one's business.
            None => {
                let message = format!("{} cannot be called here, or not so", self.name);
                Err(Error::new(E_SQL_PLAN, ORIGIN_BRIDGE, message).into_df())
            }
        }
    }
}

/// Function names in FROM as the engine looks them up: it folds those of every other call.
struct Fold;

fn fold_name(name: &mut ObjectName) {
    if let [ObjectNamePart::Identifier(ident)] = name.0.as_mut_slice() {
        let folded = match ident.quote_style {
            Some(_) => ident.value.clone(),
            None => ident.value.to_ascii_lowercase(),
        };
        *ident = Ident::with_span(ident.span, folded);
    }
}

impl VisitorMut for Fold {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. }
            | TableFactor::Function { name, .. } => fold_name(name),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Folds the names of the table functions that the statement calls.
pub fn fold(statement: &mut Statement) {
    match statement {
        Statement::Statement(statement) => {
            let _ = statement.visit(&mut Fold);
        }
        Statement::Explain(explain) => fold(&mut explain.statement),
        _ => {}
    }
}

/// # Safety
/// The texts in `value` must be valid.
unsafe fn literal_of(value: &wb_value) -> Result<Literal> {
    const INT64: i32 = wb_param_type::WB_P_INT64 as i32;
    const TEXT: i32 = wb_param_type::WB_P_TEXT as i32;
    match value.r#type {
        INT64 if !value.is_null => Ok(Literal::Int64(value.i64)),
        // SAFETY: the caller's promise.
        TEXT if !value.is_null => Ok(Literal::Text(unsafe { value.text.to_str()? }.to_string())),
        _ => {
            let message = "an argument of a table function is neither an integer nor a text";
            Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message))
        }
    }
}

/// Reads the caller's calls.
///
/// # Safety
/// What `calls` point to must be valid.
pub(crate) unsafe fn calls_of(calls: &[wb_call]) -> Result<Calls> {
    let mut out = Calls::default();
    for call in calls {
        // SAFETY: the caller's promise, here and below.
        let function = unsafe { call.function.to_str()? };
        // SAFETY: as above.
        let args = unsafe { given::slice_of(call.args, call.n_args)? };
        // SAFETY: as above.
        let columns = unsafe { stream::borrow_schema(call.columns)? };
        // SAFETY: as above.
        let args = args.iter().map(|arg| unsafe { literal_of(arg) }).collect::<Result<_>>()?;
        // SAFETY: as above.
        let schema = unsafe { call.schema.to_str()? };
        // SAFETY: as above.
        let table = unsafe { call.table.to_str()? };
        // SAFETY: as above.
        let tag = unsafe { call.tag.to_str()? };
        out.insert(function, args, LateBound::new(schema, table, columns).tagged(tag));
    }
    Ok(out)
}

pub(crate) fn volatility_of(number: i32) -> Result<Volatility> {
    match number {
        v if v == wb_volatility::WB_IMMUTABLE as i32 => Ok(Volatility::Immutable),
        v if v == wb_volatility::WB_STABLE as i32 => Ok(Volatility::Stable),
        v if v == wb_volatility::WB_VOLATILE as i32 => Ok(Volatility::Volatile),
        other => Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, format!("no volatility {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::edge::abi::wb_plan_table;
    use crate::edge::codes::{E_DUPLICATE_NAME, E_NOT_SEALED};
    use crate::sql::params::Params;
    use crate::plan::planned::PlanInner;
    use crate::plan::walk::tables::table;
    use crate::tests::plan::runtime;
    use crate::session::sess::{Caches, SessInner, SessSpec};

    fn open_session() -> SessInner {
        let spec = SessSpec {
            settings: Vec::new(),
            catalog: "weir".into(),
            schema: "main".into(),
            now_us: 0,
            flags: 0,
            host_settings: Vec::new(),
            caches: Caches::default(),
        };
        SessInner::new(runtime(), &spec).unwrap()
    }

    fn function() -> Arc<HostTableFn> {
        Arc::new(HostTableFn::new("f", [7; 32], Volatility::Stable))
    }

    fn calls(tag: &str) -> Calls {
        let mut calls = Calls::default();
        let field = |name: &str, data_type| Field::new(name, data_type, true);
        let a = Arc::new(Schema::new(vec![field("a", DataType::Int64)]));
        let b = Arc::new(Schema::new(vec![field("b", DataType::Utf8View)]));
        let args = vec![Literal::Text("x".into()), Literal::Int64(-2)];
        calls.insert("f", args, LateBound::new("s", "one", a).tagged(tag));
        calls.insert("f", Vec::new(), LateBound::new("s", "two", b));
        calls
    }

    fn plan(sess: &Arc<SessInner>, sql: &str, tag: &str) -> Result<String> {
        let plan = PlanInner::from_sql(sess, sql, &Params::new(), calls(tag))?;
        let batch = table(plan.walk()?, wb_plan_table::WB_PLAN_SCANS as i32)?;
        let mut out = Vec::new();
        for row in 0..batch.num_rows() {
            for column in batch.columns().iter().skip(1).take(4) {
                out.push(arrow::util::display::array_value_to_string(column.as_ref(), row)?);
            }
            out.retain(|text| !text.is_empty());
        }
        Ok(out.join(" "))
    }

    #[test]
    fn calls_become_their_inputs() {
        let sess = open_session();
        sess.add_table_fn("f", function()).unwrap();
        sess.seal().unwrap();
        let sess = Arc::new(sess);
        let of = |sql| plan(&sess, sql, "").unwrap();
        assert_eq!(of("SELECT a FROM f('x', -2)"), "s one late_bound");
        assert_eq!(of("SELECT t.b FROM F() AS t"), "s two late_bound");
        assert_eq!(of("SELECT t.b FROM \"f\"() AS t"), "s two late_bound");
        assert_eq!(of("SELECT x.a FROM f('x', (-2)) x"), "s one late_bound");
        assert_eq!(
            of("SELECT 1 FROM f('x', -2), (SELECT * FROM f()) AS q"),
            "s one late_bound s two late_bound"
        );
        assert_eq!(plan(&sess, "SELECT a FROM f('x', -2)", "t/1").unwrap(), "s one late_bound t/1");
        for sql in ["SELECT * FROM f('y', -2)", "SELECT * FROM f('x')", "SELECT * FROM f(1.5)"] {
            let error = plan(&sess, sql, "").unwrap_err();
            assert_eq!(error.code, E_SQL_PLAN, "{sql}: {error:?}");
            assert!(!error.message.contains('y'), "{}", error.message);
        }
    }

    #[test]
    fn functions_are_added_once_and_before_sealing() {
        let sess = open_session();
        sess.add_table_fn("f", function()).unwrap();
        let again = sess.add_table_fn("f", function()).unwrap_err();
        assert_eq!(again.code, E_DUPLICATE_NAME);
        let taken = HostTableFn::new("range", [0; 32], Volatility::Immutable);
        let taken = sess.add_table_fn("range", Arc::new(taken)).unwrap_err();
        assert_eq!(taken.code, E_DUPLICATE_NAME);
        let listed = crate::session::tables::table(&sess, &sess.snapshot(), 2).unwrap().unwrap();
        let text = arrow::util::pretty::pretty_format_batches(&[listed]).unwrap().to_string();
        let row = text.lines().find(|line| line.starts_with("| f ")).unwrap();
        for part in ["table", "stable", &"07".repeat(32), "host"] {
            assert!(row.contains(part), "{row}");
        }
        sess.seal().unwrap();
        let late = HostTableFn::new("g", [0; 32], Volatility::Immutable);
        assert_eq!(sess.add_table_fn("g", Arc::new(late)).unwrap_err().code, E_NOT_SEALED);
    }
}
