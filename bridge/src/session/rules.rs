//! Rules that the host gives a session: operators that stand for functions, other names of
//! functions, functions that take the place of others. What each does is here, which there are
//! is the host's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use arrow::compute::can_cast_types;
use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, plan_err};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::planner::{
    ExprPlanner, PlannerResult, RawAggregateExpr, RawBinaryExpr, RawWindowExpr,
};
use datafusion::logical_expr::{AggregateUDF, Expr, ExprSchemable, ScalarUDF};

use crate::session::star;
use crate::edge::abi::wb_type_class;


/// The rules and macros that a plan was made with: kind and name.
pub(crate) type Used = BTreeSet<(String, String)>;

/// The types that a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Any,
    Float,
    Struct,
    List,
    Map,
}

impl Class {
    pub fn of(number: i32) -> Option<Self> {
        const ANY: i32 = wb_type_class::WB_T_ANY as i32;
        const FLOAT: i32 = wb_type_class::WB_T_FLOAT64 as i32;
        const STRUCT: i32 = wb_type_class::WB_T_STRUCT as i32;
        const LIST: i32 = wb_type_class::WB_T_LIST as i32;
        const MAP: i32 = wb_type_class::WB_T_MAP as i32;
        match number {
            ANY => Some(Self::Any),
            FLOAT => Some(Self::Float),
            STRUCT => Some(Self::Struct),
            LIST => Some(Self::List),
            MAP => Some(Self::Map),
            _ => None,
        }
    }

    pub fn holds(self, data_type: &DataType) -> bool {
        match self {
            Self::Any => true,
            Self::Float => data_type.is_floating(),
            Self::Struct => matches!(data_type, DataType::Struct(_)),
            Self::List => matches!(
                data_type,
                DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)
            ),
            Self::Map => matches!(data_type, DataType::Map(..)),
        }
    }
}

/// An operator that stands for a function of both sides.
#[derive(Clone, Debug)]
pub struct Operator {
    pub name: String,
    pub left: Class,
    pub function: Arc<ScalarUDF>,
    pub swapped: bool,
    pub as_text: bool,
    pub version: u32,
}

/// An aggregate that takes the place of another one.
#[derive(Clone, Debug)]
pub struct Replacement {
    pub from: String,
    pub argument: Class,
    pub to: Arc<AggregateUDF>,
    pub strip_cast: bool,
    pub version: u32,
}

/// The rules of a session, each kind in the order given.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub operators: Vec<Operator>,
    pub replacements: Vec<Replacement>,
    /// Other names of functions: the name and what it stands for.
    pub aliases: BTreeMap<String, String>,
}

/// A row of the list of rules: kind, name, version, parameters.
pub type Row = (&'static str, String, String, String);

impl Rules {
    /// All but other names, which are in the list of functions.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for rule in &self.operators {
            let mut text = format!("left={:?} function={}", rule.left, rule.function.name());
            text.push_str(if rule.swapped { " swapped" } else { "" });
            text.push_str(if rule.as_text { " as_text" } else { "" });
            rows.push(("operator", rule.name.clone(), rule.version.to_string(), text));
        }
        for rule in &self.replacements {
            let mut text = format!("argument={:?} function={}", rule.argument, rule.to.name());
            text.push_str(if rule.strip_cast { " strip_cast" } else { "" });
            rows.push(("replace", rule.from.clone(), rule.version.to_string(), text));
        }
        rows
    }

    /// The other names of a function.
    pub fn aliases_of(&self, name: &str) -> impl Iterator<Item = &String> {
        self.aliases.iter().filter(move |(_, of)| *of == name).map(|(alias, _)| alias)
    }
}

/// Plans the operators of a session, and `f(*)` of its aggregates; behind the engine's own
/// planners. One for each planning, since it notes what it did.
pub struct HostPlanner {
    rules: Arc<Rules>,
    used: Mutex<Used>,
}

impl fmt::Debug for HostPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostPlanner")
    }
}

impl HostPlanner {
    pub fn new(rules: Arc<Rules>) -> Self {
        Self { rules, used: Mutex::default() }
    }

    /// What was used so far.
    pub fn used(&self) -> Used {
        self.used.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    fn note(&self, kind: &str, name: &str) {
        let mut used = self.used.lock().unwrap_or_else(|e| e.into_inner());
        used.insert((kind.to_string(), name.to_string()));
    }
}

/// The text of a value.
fn as_text(expr: Expr, schema: &DFSchema, operator: &str) -> DfResult<Expr> {
    let data_type = expr.get_type(schema)?;
    if data_type.is_nested() || !can_cast_types(&data_type, &DataType::Utf8) {
        return plan_err!("{operator} gives text, which a value of type {data_type} has not");
    }
    Ok(Expr::Cast(Cast::new(Box::new(expr), DataType::Utf8)))
}

impl ExprPlanner for HostPlanner {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> DfResult<PlannerResult<RawBinaryExpr>> {
        let name = expr.op.to_string();
        let mut rules = self.rules.operators.iter().filter(|rule| rule.name == name).peekable();
        if rules.peek().is_none() {
            return Ok(PlannerResult::Original(expr));
        }
        let data_type = expr.left.get_type(schema)?;
        let Some(rule) = rules.find(|rule| rule.left.holds(&data_type)) else {
            return plan_err!("there is no operator {name} for a value of type {data_type}");
        };
        let RawBinaryExpr { left, right, .. } = expr;
        let sides = if rule.swapped { vec![right, left] } else { vec![left, right] };
        let call = rule.function.call(sides);
        self.note("operator", &name);
        let call = if rule.as_text { as_text(call, schema, &name)? } else { call };
        Ok(PlannerResult::Planned(call))
    }

    fn plan_aggregate(
        &self,
        expr: RawAggregateExpr,
    ) -> DfResult<PlannerResult<RawAggregateExpr>> {
        star::aggregate(expr, |name| self.note("star", name))
    }

    fn plan_window(&self, expr: RawWindowExpr) -> DfResult<PlannerResult<RawWindowExpr>> {
        star::window(expr, |name| self.note("star", name))
    }
}

