//! Logical plans: made from SQL, changed by wrapping, optimised; immutable handles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use arrow::array::{RecordBatch, StringArray};
use arrow::compute::can_cast_types;
use arrow::datatypes::Schema;
use datafusion::common::Column;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, Sort};
use datafusion::logical_expr::expr::{Cast, Sort as SortExpr};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::dialect::dialect_from_str;

use crate::edge::codes::{E_BAD_VALUE, E_BUG, E_SCHEMA_CHANGED, E_UNKNOWN_COLUMN};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::function::{aggregate, table};
use crate::function::table::Calls;
use crate::plan::edit::{edits, exact, star};
use crate::plan::edit::edits::Edits;
use crate::plan::walk::canon;
use crate::plan::walk::rows::Walk;
use crate::runtime::{small_table, stoppable};
use crate::session::rules::{HostPlanner, Used};
use crate::session::sess::SessInner;
use crate::sql::{gaps, macros, names, params, refs, size};
use crate::sql::params::Params;

/// A logical plan.
#[allow(non_camel_case_types)]
pub struct wb_plan {
    pub(crate) inner: Arc<PlanInner>,
}

/// A plan and what it was planned with.
pub(crate) struct PlanInner {
    pub sess: Arc<SessInner>,
    pub plan: LogicalPlan,
    /// Whether the optimiser ran: such a plan can be executed, and not be changed any more.
    pub optimized: bool,
    /// What of the session changed it on the way.
    pub used: Used,
    /// Its tables, once they are asked for: a plan does not change.
    walk: OnceLock<Walk>,
    /// How deep the statement is that it was made from.
    pub(crate) depth: u64,
}


pub(crate) fn bad(what: impl Into<String>) -> Error {
    Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, what)
}

/// A statement with all that the host adds to it, but for its parameters; what it is planned
/// with.
struct Ready {
    state: SessionState,
    statement: Statement,
    planner: Arc<HostPlanner>,
    /// The macros that it called.
    called: BTreeSet<String>,
    /// How deep it is.
    depth: u64,
}

/// Expands the macros of a statement: which there were, and how deep it is then.
fn with_macros(sess: &SessInner, statement: &mut Statement) -> Result<(BTreeSet<String>, u64)> {
    let (macros, limits) = (sess.macros(), &sess.limits);
    let mut expand = || -> Result<_> {
        let called = macros::expand(statement, &macros, limits)?;
        Ok((called, size::measure(statement, limits)?.depth))
    };
    if macros.is_empty() { expand() } else { size::with_room_for_macros(limits, expand) }
}

impl Ready {
    fn new(sess: &Arc<SessInner>, text: &str, calls: Calls) -> Result<Self> {
        let mut state = sess.planning_state()?;
        state.config_mut().set_extension(Arc::new(calls));
        // Places in the SQL are for messages; plans do not differ with it.
        state.config_mut().options_mut().sql_parser.collect_spans = true;
        let options = state.config_options().sql_parser.clone();
        let Some(dialect) = dialect_from_str(options.dialect) else {
            return Err(bad(format!("no SQL dialect {}", options.dialect)));
        };
        let nesting = options.recursion_limit.get();
        let limits = &sess.limits;
        refs::parse_one(text, dialect.as_ref(), nesting, limits, |mut statement| {
            let (called, depth) = with_macros(sess, &mut statement)?;
            let rules = sess.rules();
            macros::rename(&mut statement, &rules.aliases);
            let planner = Arc::new(HostPlanner::new(rules));
            state.register_expr_planner(Arc::<HostPlanner>::clone(&planner))?;
            gaps::fill(&mut statement, &|name| sess.host_spec(name))?;
            names::wrap_names(&mut statement, &sess.relation_names())?;
            table::fold(&mut statement);
            Ok(Self { state, statement, planner, called, depth })
        })
    }
}

impl PlanInner {
    /// The next step of this plan, not optimised yet.
    fn changed(&self, plan: LogicalPlan) -> Self {
        Self {
            sess: Arc::clone(&self.sess),
            plan,
            optimized: false,
            used: self.used.clone(),
            walk: OnceLock::new(),
            depth: self.depth,
        }
    }

    fn changeable(&self) -> Result<()> {
        if self.optimized {
            let message = "an optimised plan cannot be changed: change it, then optimise";
            return Err(Error::new(E_BUG, ORIGIN_BRIDGE, message));
        }
        Ok(())
    }

    /// Runs `f` with the stack that walks over the plan may need.
    pub fn with_room<T>(&self, f: impl FnOnce() -> T) -> T {
        size::with_room(self.depth, f)
    }

    /// Plans and analyses one statement.
    pub fn from_sql(
        sess: &Arc<SessInner>,
        text: &str,
        params: &Params,
        calls: Calls,
    ) -> Result<Self> {
        let ready = Ready::new(sess, text, calls)?;
        size::with_room(ready.depth, || Self::from_ready(sess, ready, params))
    }

    fn from_ready(sess: &Arc<SessInner>, mut ready: Ready, params: &Params) -> Result<Self> {
        let decimals = ready.state.config_options().sql_parser.parse_float_as_decimal;
        params::replace(&mut ready.statement, params, decimals)?;
        let Ready { state, statement, planner, called, depth } = ready;
        let plan = sess.rt.block_on(state.statement_to_plan(statement))??;
        let plan = star::expand(plan)?;
        let mut used = planner.used();
        used.extend(called.into_iter().map(|name| ("macro".to_string(), name)));
        aggregate::check_calls(&plan)?;
        // EXPLAIN shows the plan before analysis as well.
        let plan = match plan {
            LogicalPlan::Explain(_) => plan,
            plan => analyze(&state, plan)?,
        };
        let (sess, walk) = (Arc::clone(sess), OnceLock::new());
        Ok(Self { sess, plan, optimized: false, used, walk, depth })
    }

    /// The types that the statement's other places give to the parameters without a value, by
    /// name: "" where they leave it open. Nothing is computed with them.
    pub(crate) fn parameters(
        sess: &Arc<SessInner>,
        text: &str,
        params: &Params,
        calls: Calls,
    ) -> Result<RecordBatch> {
        let mut ready = Ready::new(sess, text, calls)?;
        let types = size::with_room(ready.depth, || -> Result<_> {
            let decimals = ready.state.config_options().sql_parser.parse_float_as_decimal;
            params::replace_known(&mut ready.statement, params, decimals)?;
            let plan = sess.rt.block_on(ready.state.statement_to_plan(ready.statement))??;
            let mut types = BTreeMap::new();
            for (name, data_type) in plan.get_parameter_types()? {
                let text = data_type.as_ref().map(canon::type_text).unwrap_or_default();
                types.insert(name.trim_start_matches('$').to_string(), text);
            }
            Ok(types)
        })?;
        let (names, types): (Vec<_>, Vec<_>) = types.into_iter().unzip();
        small_table::batch(vec![
            ("name", false, Arc::new(StringArray::from(names))),
            ("type", false, Arc::new(StringArray::from(types))),
        ])
    }

    /// What of the session the plan was made with: kind, name.
    pub(crate) fn used_table(&self) -> Result<RecordBatch> {
        let (kinds, names): (Vec<_>, Vec<_>) = self.used.iter().cloned().unzip();
        small_table::batch(vec![
            ("kind", false, Arc::new(StringArray::from(kinds))),
            ("name", false, Arc::new(StringArray::from(names))),
        ])
    }

    /// The plan's tables.
    pub fn walk(&self) -> Result<&Walk> {
        if let Some(walk) = self.walk.get() {
            return Ok(walk);
        }
        let walk = Walk::over(&self.sess, &self.plan)?;
        Ok(self.walk.get_or_init(|| walk))
    }

    /// The plan with edits that C decided.
    pub fn edit(&self, edits: &Edits) -> Result<Self> {
        self.changeable()?;
        Ok(self.changed(edits::apply(&self.plan, &self.walk()?.places, edits)?))
    }

    /// The plan with its outputs cast to the target's types and named as there.
    pub fn cast(&self, target: &Schema) -> Result<Self> {
        self.changeable()?;
        let schema = Arc::clone(self.plan.schema());
        let (have, want) = (schema.fields().len(), target.fields().len());
        if have != want {
            let message = format!("the plan has {have} columns, the target has {want}");
            return Err(Error::new(E_SCHEMA_CHANGED, ORIGIN_BRIDGE, message));
        }
        let mut exprs = Vec::with_capacity(want);
        for ((qualifier, from), to) in schema.iter().zip(target.fields()) {
            let column = Expr::Column(Column::from((qualifier, from)));
            let (old, new) = (from.data_type(), to.data_type());
            let expr = if old == new {
                column
            } else if let Some(exact) = exact::to_micros(column.clone(), old, new) {
                exact
            } else if can_cast_types(old, new) {
                Expr::Cast(Cast::new(Box::new(column), new.clone()))
            } else {
                let message = format!(
                    "column {}: {} cannot be cast to {}",
                    to.name(),
                    canon::type_text(old),
                    canon::type_text(new)
                );
                return Err(Error::new(E_SCHEMA_CHANGED, ORIGIN_BRIDGE, message));
            };
            exprs.push(expr.alias(to.name()));
        }
        let top = Projection::try_new(exprs, Arc::new(self.plan.clone()))?;
        Ok(self.changed(LogicalPlan::Projection(top)))
    }

    /// The plan with its output sorted by these columns.
    pub fn sort(&self, columns: &[String]) -> Result<Self> {
        self.changeable()?;
        let schema = self.plan.schema();
        let mut expr = Vec::with_capacity(columns.len());
        for name in columns {
            let found = schema.columns_with_unqualified_name(name);
            match found.as_slice() {
                [column] => expr.push(SortExpr::new(Expr::Column(column.clone()), true, true)),
                [] => {
                    let have = schema.field_names().join(", ");
                    let message = format!("no output column {name} to sort by, only {have}");
                    return Err(Error::new(E_UNKNOWN_COLUMN, ORIGIN_BRIDGE, message));
                }
                _ => {
                    return Err(bad(format!("more than one output column is named {name}")));
                }
            }
        }
        if expr.is_empty() {
            return Ok(self.changed(self.plan.clone()));
        }
        let sort = Sort { expr, input: Arc::new(self.plan.clone()), fetch: None };
        Ok(self.changed(LogicalPlan::Sort(sort)))
    }

    /// The plan after the session's analyser and optimiser rules.
    pub fn optimize(&self) -> Result<Self> {
        let sess = Arc::clone(&self.sess);
        if self.optimized {
            return Ok(Self { optimized: true, ..self.changed(self.plan.clone()) });
        }
        let plan = stoppable::optimize(&sess.planning_state()?, &self.plan)?;
        aggregate::check_literals(&plan)?;
        Ok(Self { optimized: true, ..self.changed(plan) })
    }
}

fn analyze(state: &SessionState, plan: LogicalPlan) -> Result<LogicalPlan> {
    Ok(stoppable::analyze(state, plan)?)
}

pub(crate) fn give(out: &mut *mut wb_plan, plan: PlanInner) {
    *out = Box::into_raw(Box::new(wb_plan { inner: Arc::new(plan) }));
}
