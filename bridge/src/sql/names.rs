//! Names in statements: of calls, and of relations among the arguments of operators.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, ObjectName, Query, SetExpr,
    Statement as SqlStatement, TableFactor, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use crate::edge::codes::E_BUG;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::sql::size::folded;

/// How many of the arguments are relations.
const RELATIONS: usize = 2;

/// The name of a call, if it is one word.
pub(crate) fn one_word(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [part] => part.as_ident().map(folded),
        _ => None,
    }
}

/// Turns the names among the relation arguments of these operators into subqueries
/// (`SELECT * FROM name`), so that whoever looks for relations in a statement finds them: the
/// engine does so before it plans, and takes other arguments for expressions.
pub(crate) fn wrap_names(statement: &mut Statement, operators: &BTreeSet<String>) -> Result<()> {
    if operators.is_empty() {
        return Ok(());
    }
    match statement {
        Statement::Statement(statement) => {
            let flow = statement.visit(&mut Wrap { operators });
            match flow {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(error) => Err(*error),
            }
        }
        Statement::Explain(explain) => wrap_names(&mut explain.statement, operators),
        _ => Ok(()),
    }
}

struct Wrap<'a> {
    operators: &'a BTreeSet<String>,
}

impl VisitorMut for Wrap<'_> {
    type Break = Box<Error>;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Box<Error>> {
        if let TableFactor::Table { name, args: Some(args), .. } = factor
            && one_word(name).is_some_and(|name| self.operators.contains(&name))
        {
            for arg in args.args.iter_mut().take(RELATIONS) {
                if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg
                    && let Err(error) = wrap(expr)
                {
                    return ControlFlow::Break(Box::new(error));
                }
            }
        }
        ControlFlow::Continue(())
    }
}

fn wrap(expr: &mut SqlExpr) -> Result<()> {
    let parts = match &*expr {
        SqlExpr::Identifier(ident) => vec![ident.clone()],
        SqlExpr::CompoundIdentifier(idents) => idents.clone(),
        SqlExpr::Nested(inner) => {
            *expr = inner.as_ref().clone();
            return wrap(expr);
        }
        _ => return Ok(()),
    };
    *expr = SqlExpr::Subquery(Box::new(all_of(ObjectName::from(parts))?));
    Ok(())
}

/// `SELECT * FROM name`.
fn all_of(relation: ObjectName) -> Result<Query> {
    let bug = || Error::new(E_BUG, ORIGIN_BRIDGE, "SELECT * FROM x has another form than it had");
    let mut statements = Parser::parse_sql(&GenericDialect {}, "SELECT * FROM x")
        .map_err(|e| Error::new(E_BUG, ORIGIN_BRIDGE, e.to_string()))?;
    let Some(SqlStatement::Query(mut query)) = statements.pop() else { return Err(bug()) };
    let SetExpr::Select(select) = query.body.as_mut() else { return Err(bug()) };
    match select.from.first_mut().map(|from| &mut from.relation) {
        Some(TableFactor::Table { name, .. }) => *name = relation,
        _ => return Err(bug()),
    }
    Ok(*query)
}
