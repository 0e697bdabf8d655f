//! Named arguments with gaps: DataFusion lets only trailing ones be left out, so the call is
//! rewritten in the syntax tree, by position, with NULL where nothing is given.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart, Value, visit_expressions_mut};

use crate::edge::codes::E_SQL_PLAN;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::sql::size::folded;
use crate::function::spec::Spec;

/// Fills the gaps of every call of a host function. Other calls are left as they are.
pub fn fill(statement: &mut Statement, spec_of: &dyn Fn(&str) -> Option<Arc<Spec>>) -> Result<()> {
    let statement = match statement {
        Statement::Statement(statement) => statement,
        Statement::Explain(explain) => return fill(&mut explain.statement, spec_of),
        _ => return Ok(()),
    };
    let flow = visit_expressions_mut(statement, |expr| match expr {
        Expr::Function(call) => match fill_call(call, spec_of) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        },
        _ => ControlFlow::Continue(()),
    });
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

fn fill_call(call: &mut Function, spec_of: &dyn Fn(&str) -> Option<Arc<Spec>>) -> Result<()> {
    let [ObjectNamePart::Identifier(name)] = call.name.0.as_slice() else { return Ok(()) };
    let name = folded(name);
    let FunctionArguments::List(list) = &mut call.args else { return Ok(()) };
    if !list.args.iter().any(|arg| matches!(arg, FunctionArg::Named { .. })) {
        return Ok(());
    }
    let Some(fun) = spec_of(&name) else { return Ok(()) };
    if let Some(args) = positional(&fun, &list.args)? {
        list.args = args;
    }
    Ok(())
}

/// The arguments by position; None: leave it to the engine, which has better words for what is
/// wrong (a name it does not know, one given twice, a positional one after a named one).
fn positional(fun: &Spec, args: &[FunctionArg]) -> Result<Option<Vec<FunctionArg>>> {
    if fun.params.last().is_some_and(|last| last.variadic) {
        return Ok(None);
    }
    let mut slots: Vec<Option<FunctionArgExpr>> = vec![None; fun.params.len()];
    let mut named = false;
    for (ord, arg) in args.iter().enumerate() {
        let (slot, value) = match arg {
            FunctionArg::Unnamed(value) if !named => (Some(ord), value),
            FunctionArg::Named { name, arg: value, .. } => {
                named = true;
                let name = folded(name);
                (fun.params.iter().position(|p| p.name == name), value)
            }
            _ => return Ok(None),
        };
        let Some(slot) = slot.and_then(|slot| slots.get_mut(slot)) else { return Ok(None) };
        if slot.replace(value.clone()).is_some() {
            return Ok(None);
        }
    }
    let used = slots.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let mut out = Vec::with_capacity(used);
    for (slot, param) in slots.into_iter().zip(&fun.params).take(used) {
        out.push(FunctionArg::Unnamed(match slot {
            Some(value) => value,
            None if param.optional => FunctionArgExpr::Expr(Expr::Value(Value::Null.into())),
            None => {
                let message = format!("function {}: parameter {} is missing", fun.name, param.name);
                return Err(Error::new(E_SQL_PLAN, ORIGIN_BRIDGE, message));
            }
        }));
    }
    Ok(Some(out))
}
