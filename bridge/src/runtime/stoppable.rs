//! Analysing and optimising, which a stop of the call ends between the nodes.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result as DfResult;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::analyzer::{Analyzer, AnalyzerRule};
use datafusion::optimizer::optimizer::{ApplyOrder, Optimizer};
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use crate::edge::error::Error;
use crate::runtime::threads;
use crate::runtime::threads::CancelToken;

/// A rule that fails once the token is fired: at each node that it is shown, or as a whole.
#[derive(Debug)]
struct WatchedRule<R: ?Sized> {
    token: CancelToken,
    inner: Arc<R>,
}

impl OptimizerRule for WatchedRule<dyn OptimizerRule + Send + Sync> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.inner.apply_order()
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> DfResult<Transformed<LogicalPlan>> {
        self.token.check().map_err(Error::into_df)?;
        self.inner.rewrite(plan, config)
    }
}

impl AnalyzerRule for WatchedRule<dyn AnalyzerRule + Send + Sync> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn analyze(&self, plan: LogicalPlan, config: &ConfigOptions) -> DfResult<LogicalPlan> {
        self.token.check().map_err(Error::into_df)?;
        self.inner.analyze(plan, config)
    }
}

/// The plan after the session's analyser; a stop of the call is heard between its rules.
pub(crate) fn analyze(state: &SessionState, plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let own = state.analyzer();
    let Some(token) = threads::current() else {
        return own.execute_and_check(plan, state.config_options(), |_, _| {});
    };
    let mut watched = Analyzer::with_rules(Vec::with_capacity(own.rules.len()));
    watched.function_rewrites.clone_from(&own.function_rewrites);
    for rule in &own.rules {
        let (token, inner) = (token.clone(), Arc::clone(rule));
        watched.rules.push(Arc::new(WatchedRule { token, inner }));
    }
    watched.execute_and_check(plan, state.config_options(), |_, _| {})
}

/// The plan after the session's analyser and optimiser; a stop of the call is heard at each node
/// that a rule looks at. An EXPLAIN, which shows the rules' work, is left to the session whole.
pub(crate) fn optimize(state: &SessionState, plan: &LogicalPlan) -> DfResult<LogicalPlan> {
    let Some(token) = threads::current() else { return state.optimize(plan) };
    token.check().map_err(Error::into_df)?;
    if matches!(plan, LogicalPlan::Explain(_)) {
        return state.optimize(plan);
    }
    let plan = analyze(state, plan.clone())?;
    let rules = state.optimizer().rules.iter().map(|rule| -> Arc<dyn OptimizerRule + Send + Sync> {
        Arc::new(WatchedRule { token: token.clone(), inner: Arc::clone(rule) })
    });
    Optimizer::with_rules(rules.collect()).optimize(plan, state, |_, _| {})
}
