//! Aggregates that take the place of others, as the session's rules say.

use datafusion::common::DFSchema;
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::expr::{Cast, NullTreatment};
use datafusion::logical_expr::{
    AggregateUDF, Expr, ExprSchemable, LogicalPlan, WindowFunctionDefinition,
};

use crate::plan::edit::rewrite::{Call, calls};
use crate::session::rules::{Replacement, Rules, Used};

fn rule_for<'a>(
    rules: &'a Rules,
    function: &AggregateUDF,
    args: &[Expr],
    schema: &DFSchema,
) -> DfResult<Option<&'a Replacement>> {
    let [arg] = args else { return Ok(None) };
    let mut named = rules.replacements.iter().filter(|r| r.from == function.name()).peekable();
    if named.peek().is_none() {
        return Ok(None);
    }
    let data_type = arg.get_type(schema)?;
    Ok(named.find(|rule| rule.argument.holds(&data_type)))
}

/// What stands below a cast of integers to floats, which the engine writes for functions that
/// know floats only.
fn strip(args: &mut [Expr], schema: &DFSchema) -> DfResult<()> {
    for arg in args {
        let inner = match arg {
            Expr::Cast(Cast { expr, field })
                if field.data_type().is_floating() && expr.get_type(schema)?.is_integer() =>
            {
                expr.as_ref().clone()
            }
            _ => continue,
        };
        *arg = inner;
    }
    Ok(())
}

/// The nulls that a sum, a mean or a deviation ignores in any case.
fn without_nulls(treatment: &mut Option<NullTreatment>) {
    if matches!(treatment, Some(NullTreatment::IgnoreNulls)) {
        *treatment = None;
    }
}

/// The plan with every call replaced that a rule is for; notes the rules in `used`.
pub fn apply(plan: LogicalPlan, rules: &Rules, used: &mut Used) -> DfResult<LogicalPlan> {
    calls(plan, &mut |call, input| {
        let schema = input.schema();
        let rule = match call {
            Call::Aggregate(f) => {
                let Some(rule) = rule_for(rules, &f.func, &f.params.args, schema)? else {
                    return Ok(false);
                };
                f.func = rule.to.clone();
                // No order of rows decides any more.
                f.params.order_by.clear();
                without_nulls(&mut f.params.null_treatment);
                if rule.strip_cast {
                    strip(&mut f.params.args, schema)?;
                }
                rule
            }
            Call::Window(f) => {
                let WindowFunctionDefinition::AggregateUDF(func) = &f.fun else {
                    return Ok(false);
                };
                let Some(rule) = rule_for(rules, func, &f.params.args, schema)? else {
                    return Ok(false);
                };
                f.fun = WindowFunctionDefinition::AggregateUDF(rule.to.clone());
                without_nulls(&mut f.params.null_treatment);
                if rule.strip_cast {
                    strip(&mut f.params.args, schema)?;
                }
                rule
            }
        };
        used.insert(("replace".to_string(), rule.from.clone()));
        Ok(true)
    })
}
