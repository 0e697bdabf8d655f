//! Rules that the host gives a session: operators that stand for functions, other names of
//! functions, functions that take the place of others. What each does is here, which there are
//! is the host's.

use std::collections::BTreeMap;
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

use crate::abi::{in_ref, wb_err, wb_rule, wb_rule_flags, wb_rule_kind, wb_sess, wb_type_class};
use crate::bounds::{Bound, bounded};
use crate::codes::{E_BAD_VALUE, E_DUPLICATE_NAME, E_UNKNOWN_FUNCTION};
use crate::error::{Error, ORIGIN_BRIDGE, Result};
use crate::plan::Used;
use crate::sess::{SessInner, taken};
use crate::{guard, star};

const SWAPPED: u32 = wb_rule_flags::WB_RULE_SWAPPED as u32;
const AS_TEXT: u32 = wb_rule_flags::WB_RULE_AS_TEXT as u32;
const STRIP_CAST: u32 = wb_rule_flags::WB_RULE_STRIP_CAST as u32;

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
    fn of(number: i32) -> Option<Self> {
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
    name: String,
    left: Class,
    function: Arc<ScalarUDF>,
    swapped: bool,
    as_text: bool,
    version: u32,
}

/// An aggregate that takes the place of another one.
#[derive(Clone, Debug)]
pub struct Replacement {
    pub from: String,
    pub argument: Class,
    pub to: Arc<AggregateUDF>,
    pub strip_cast: bool,
    version: u32,
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

fn unknown(name: &str) -> Error {
    Error::new(E_UNKNOWN_FUNCTION, ORIGIN_BRIDGE, format!("there is no function {name}"))
}

impl SessInner {
    /// The rules as they are.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(|e| e.into_inner()))
    }

    fn add_rule(&self, rule: &wb_rule) -> Result<()> {
        const OPERATOR: i32 = wb_rule_kind::WB_RULE_OPERATOR as i32;
        const REPLACE: i32 = wb_rule_kind::WB_RULE_REPLACE as i32;
        const ALIAS: i32 = wb_rule_kind::WB_RULE_ALIAS as i32;
        const BOUND: i32 = wb_rule_kind::WB_RULE_BOUND as i32;
        self.open()?;
        // SAFETY: the caller of wb_sess_add_rule gave valid texts.
        let (name, function) =
            unsafe { (rule.name.to_str()?.to_string(), rule.function.to_str()?) };
        let bad = |what: &str| {
            Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, format!("the rule for {name}: {what}"))
        };
        let class = Class::of(rule.type_class).ok_or_else(|| bad("an unknown class of types"))?;
        if rule.flags & !(SWAPPED | AS_TEXT | STRIP_CAST) != 0 {
            return Err(bad("an unknown flag"));
        }
        let has = |flag: u32| rule.flags & flag != 0;
        let state = self.snapshot();
        let mut rules = Rules::clone(&self.rules());
        match rule.kind {
            OPERATOR => rules.operators.push(Operator {
                left: class,
                function: state
                    .scalar_functions()
                    .get(function)
                    .cloned()
                    .ok_or_else(|| unknown(function))?,
                swapped: has(SWAPPED),
                as_text: has(AS_TEXT),
                version: rule.version,
                name,
            }),
            REPLACE => rules.replacements.push(Replacement {
                from: name,
                argument: class,
                to: state
                    .aggregate_functions()
                    .get(function)
                    .cloned()
                    .ok_or_else(|| unknown(function))?,
                strip_cast: has(STRIP_CAST),
                version: rule.version,
            }),
            ALIAS if taken(&state, &name) => {
                let message = format!("there is a function {name} already");
                return Err(Error::new(E_DUPLICATE_NAME, ORIGIN_BRIDGE, message));
            }
            ALIAS => {
                if !self.register_name(&name, function)? {
                    return Err(unknown(function));
                }
                rules.aliases.insert(name, function.to_string());
            }
            BOUND => {
                let bound = Bound::new(rule.bytes, rule.item, rule.times, rule.limit);
                let bound = bound.ok_or_else(|| bad("an unknown count of bytes"))?;
                let there = state.scalar_functions().get(&name).cloned();
                self.replace_scalar(bounded(there.ok_or_else(|| unknown(&name))?.as_ref(), bound))?;
            }
            _ => return Err(bad("an unknown kind")),
        }
        *self.rules.write().unwrap_or_else(|e| e.into_inner()) = Arc::new(rules);
        Ok(())
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

/// Adds a rule behind those that are there. UNKNOWN_FUNCTION: the session does not have the
/// function that it leads to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_add_rule(
    sess: *mut wb_sess,
    rule: *const wb_rule,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_add_rule", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let (sess, rule) = unsafe { (in_ref(sess.cast_const())?, in_ref(rule)?) };
        sess.inner.add_rule(rule)
    })
}
