//! SQL macros: functions that are written in SQL. A call is replaced by the function's body in
//! the syntax tree, before planning, so that the plan holds what the body says.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, CreateFunction, CreateFunctionBody, DataType, DropFunction, Expr,
    Function, FunctionArg, FunctionArgExpr, FunctionArguments, FunctionReturnType, Ident,
    ObjectName, ObjectNamePart, OperateFunctionArg, Query, Spanned, Statement as SqlStatement,
    Value, ValueWithSpan, Visit, Visitor, visit_expressions, visit_expressions_mut,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::edge::codes::{E_DUPLICATE_NAME, E_MACRO, E_TOO_LARGE, E_UNKNOWN_FUNCTION};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::sql::macros_args::{as_type, cast};
use crate::sql::size;
use crate::sql::size::{Limits, Size, folded};

/// The macros of a session by name.
pub type Macros = BTreeMap<String, Arc<Macro>>;

/// One macro. Its body calls no other macro: those were expanded when it was made.
#[derive(Debug)]
pub struct Macro {
    name: String,
    params: Vec<Param>,
    returns: Option<DataType>,
    body: Expr,
    /// How large the body is, and how often each parameter stands in it.
    size: Size,
    named: Vec<u64>,
    /// The macros that its body was written with.
    uses: BTreeSet<String>,
}

#[derive(Debug)]
struct Param {
    name: Option<String>,
    data_type: DataType,
}

/// What a list of definitions may refer to.
pub struct Known<'a> {
    /// Whether the engine has a function of that name.
    pub function: &'a dyn Fn(&str) -> bool,
    /// Whether the engine has that type.
    pub data_type: &'a dyn Fn(&DataType) -> Result<()>,
}

fn wrong(span: Span, what: impl Into<String>) -> Error {
    at(span, E_MACRO, what)
}

fn at(span: Span, code: i32, what: impl Into<String>) -> Error {
    let mut error = Error::new(code, ORIGIN_BRIDGE, what);
    error.line = u32::try_from(span.start.line).unwrap_or(0);
    error.column = u32::try_from(span.start.column).unwrap_or(0);
    error
}

fn simple(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(ident)] => Some(folded(ident)),
        _ => None,
    }
}

/// The text of the definition with earlier macros expanded: what the function is.
impl Macro {
    pub fn text(&self) -> String {
        let params: Vec<String> = self
            .params
            .iter()
            .map(|p| match &p.name {
                Some(name) => format!("{name} {}", p.data_type),
                None => p.data_type.to_string(),
            })
            .collect();
        let returns = match &self.returns {
            Some(data_type) => format!(" RETURNS {data_type}"),
            None => String::new(),
        };
        format!(
            "CREATE FUNCTION {}({}){returns} RETURN {}",
            self.name,
            params.join(", "),
            self.body
        )
    }
}

/// Carries out a statement that makes or drops macros.
pub fn define(
    macros: &mut Macros,
    statement: Statement,
    known: &Known,
    limits: &Limits,
) -> Result<()> {
    match statement {
        Statement::Statement(statement) => match *statement {
            SqlStatement::CreateFunction(create) => {
                let made = make(macros, create, known, limits)?;
                macros.insert(made.name.clone(), Arc::new(made));
                Ok(())
            }
            SqlStatement::DropFunction(drop) => remove(macros, &drop, known),
            other => Err(not_a_definition(other.span())),
        },
        _ => Err(not_a_definition(Span::empty())),
    }
}

fn not_a_definition(span: Span) -> Error {
    wrong(span, "only CREATE FUNCTION and DROP FUNCTION may stand here")
}

fn remove(macros: &mut Macros, drop: &DropFunction, known: &Known) -> Result<()> {
    for one in &drop.func_desc {
        let span = one.name.span();
        let Some(name) = simple(&one.name) else {
            return Err(wrong(span, format!("{} is no name of a function", one.name)));
        };
        if macros.remove(&name).is_some() || drop.if_exists {
            continue;
        }
        return Err(if (known.function)(&name) {
            wrong(span, format!("{name} is a function of the engine, which nothing drops"))
        } else {
            at(span, E_UNKNOWN_FUNCTION, format!("there is no function {name} to drop"))
        });
    }
    Ok(())
}

/// Everything else that SQL lets a definition say would be ignored: it is refused.
fn refuse_extras(create: &CreateFunction, name: &str, span: Span) -> Result<()> {
    let extra = if create.or_replace || create.or_alter {
        Some("OR REPLACE: drop the earlier one first")
    } else if create.temporary {
        Some("TEMPORARY")
    } else if create.if_not_exists {
        Some("IF NOT EXISTS")
    } else if create.language.is_some() {
        Some("LANGUAGE")
    } else if create.behavior.is_some() || create.determinism_specifier.is_some() {
        Some("IMMUTABLE, STABLE or VOLATILE: it is what its body is")
    } else if create.called_on_null.is_some() {
        Some("a treatment of nulls")
    } else if create.parallel.is_some() || create.security.is_some() {
        Some("PARALLEL or SECURITY")
    } else if !create.set_params.is_empty() || create.options.is_some() || create.using.is_some() {
        Some("options")
    } else {
        None
    };
    match extra {
        Some(extra) => Err(wrong(span, format!("function {name} takes no {extra}"))),
        None => Ok(()),
    }
}

fn param(arg: &OperateFunctionArg, function: &str, span: Span) -> Result<Param> {
    if arg.mode.is_some() || arg.default_expr.is_some() {
        let message = format!("function {function}: a parameter is a name and a type, no more");
        return Err(wrong(span, message));
    }
    // The parser gives the name as it stands in the text, with its quotes.
    let name = arg.name.as_ref().map(|ident| {
        match ident.value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => ident.value.to_ascii_lowercase(),
        }
    });
    Ok(Param { name, data_type: arg.data_type.clone() })
}

fn params_of(create: &CreateFunction, name: &str, span: Span) -> Result<Vec<Param>> {
    let mut params: Vec<Param> = Vec::new();
    for arg in create.args.iter().flatten() {
        let param = param(arg, name, span)?;
        if param.name.is_some() && params.iter().any(|p| p.name == param.name) {
            let twice = param.name.unwrap_or_default();
            return Err(wrong(span, format!("function {name}: two parameters are named {twice}")));
        }
        params.push(param);
    }
    Ok(params)
}

fn make(
    macros: &Macros,
    create: CreateFunction,
    known: &Known,
    limits: &Limits,
) -> Result<Macro> {
    let span = create.name.span();
    let Some(name) = simple(&create.name) else {
        return Err(wrong(span, format!("{} is no name of a function", create.name)));
    };
    if (known.function)(&name) || macros.contains_key(&name) {
        return Err(at(span, E_DUPLICATE_NAME, format!("there is a function {name} already")));
    }
    refuse_extras(&create, &name, span)?;
    let params = params_of(&create, &name, span)?;
    let returns = match create.return_type {
        None => None,
        Some(FunctionReturnType::DataType(data_type)) => Some(data_type),
        Some(FunctionReturnType::SetOf(_)) => {
            return Err(wrong(span, format!("function {name} returns one value, not SETOF")));
        }
    };
    for data_type in params.iter().map(|p| &p.data_type).chain(&returns) {
        (known.data_type)(data_type).map_err(|e| {
            let message = format!("function {name}: type {data_type}: {}", e.message);
            wrong(span, message)
        })?;
    }
    let Some(CreateFunctionBody::Return(mut body)) = create.function_body else {
        return Err(wrong(span, format!("function {name} has no RETURN expression")));
    };
    check_body(&name, &params, &body, macros, known)?;
    let uses = expand_in(&mut body, macros, limits)?;
    let size = size::measure_part(&body, limits)?;
    let mut named = vec![0; params.len()];
    let _: ControlFlow<()> = visit_expressions(&body, |expr| {
        if let Some(count) = stands_for(&params, expr).and_then(|i| named.get_mut(i)) {
            *count += 1;
        }
        ControlFlow::Continue(())
    });
    Ok(Macro { name, params, returns, body, size, named, uses })
}

/// The parameter that an expression of a body is, or is a field of.
fn stands_for(params: &[Param], expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Identifier(ident) => by_name(params, ident),
        Expr::CompoundIdentifier(parts) => by_name(params, parts.first()?),
        Expr::Value(ValueWithSpan { value: Value::Placeholder(text), .. }) => {
            by_number(params, text)
        }
        _ => None,
    }
}

/// A body stands for itself: nothing in it but parameters, literals and calls.
struct Body<'a> {
    name: &'a str,
    params: &'a [Param],
    macros: &'a Macros,
    known: &'a Known<'a>,
}

impl Body<'_> {
    fn fail(&self, span: Span, what: &str) -> ControlFlow<Error> {
        ControlFlow::Break(wrong(span, format!("function {}: {what}", self.name)))
    }

    fn check(&self, expr: &Expr) -> ControlFlow<Error> {
        match expr {
            Expr::Identifier(ident) if by_name(self.params, ident).is_none() => {
                self.fail(ident.span, &format!("the body names {ident}, which is no parameter"))
            }
            Expr::CompoundIdentifier(parts)
                if parts.first().is_none_or(|p| by_name(self.params, p).is_none()) =>
            {
                self.fail(expr.span(), &format!("the body names {expr}, which is no parameter"))
            }
            Expr::Function(call) => self.check_call(call),
            Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => {
                self.fail(expr.span(), "a body has no *")
            }
            Expr::Lambda(_) => self.fail(expr.span(), "a body has no lambda"),
            _ => ControlFlow::Continue(()),
        }
    }

    fn check_call(&self, call: &Function) -> ControlFlow<Error> {
        let span = call.name.span();
        let Some(called) = simple(&call.name) else { return ControlFlow::Continue(()) };
        if called == self.name {
            return self.fail(span, "the body calls the function itself");
        }
        if !self.macros.contains_key(&called) && !(self.known.function)(&called) {
            let message = format!(
                "function {}: there is no function {called}, or none yet: a body may call what \
                 stands before it",
                self.name
            );
            return ControlFlow::Break(at(span, E_UNKNOWN_FUNCTION, message));
        }
        ControlFlow::Continue(())
    }
}

impl Visitor for Body<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        self.fail(query.span(), "a body has no subquery: its tables would be read unseen")
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        self.check(expr)
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<Error> {
        match &value.value {
            Value::Placeholder(text) if by_number(self.params, text).is_none() => {
                let many = self.params.len();
                self.fail(value.span, &format!("{text} is none of its {many} parameters"))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

fn check_body(
    name: &str,
    params: &[Param],
    body: &Expr,
    macros: &Macros,
    known: &Known,
) -> Result<()> {
    match body.visit(&mut Body { name, params, macros, known }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

fn by_name(params: &[Param], ident: &Ident) -> Option<usize> {
    let name = folded(ident);
    params.iter().position(|p| p.name.as_deref() == Some(name.as_str()))
}

fn by_number(params: &[Param], placeholder: &str) -> Option<usize> {
    let number: usize = placeholder.strip_prefix('$')?.parse().ok()?;
    number.checked_sub(1).filter(|index| *index < params.len())
}

/// Calls by other names become calls by the names that the engine has.
pub fn rename(statement: &mut Statement, aliases: &BTreeMap<String, String>) {
    let statement = match statement {
        Statement::Statement(statement) => statement,
        Statement::Explain(explain) => return rename(&mut explain.statement, aliases),
        _ => return,
    };
    if aliases.is_empty() {
        return;
    }
    let _: ControlFlow<()> = visit_expressions_mut(statement.as_mut(), |expr| {
        if let Expr::Function(call) = expr
            && let Some(real) = simple(&call.name).and_then(|name| aliases.get(&name))
            && let [ObjectNamePart::Identifier(ident)] = call.name.0.as_mut_slice()
        {
            *ident = Ident { value: real.clone(), quote_style: None, span: ident.span };
        }
        ControlFlow::Continue(())
    });
}

/// Replaces every call of a macro in a statement; gives the macros that were used.
pub fn expand(
    statement: &mut Statement,
    macros: &Macros,
    limits: &Limits,
) -> Result<BTreeSet<String>> {
    if macros.is_empty() {
        return Ok(BTreeSet::new());
    }
    match statement {
        Statement::Statement(statement) => expand_in(statement.as_mut(), macros, limits),
        Statement::Explain(explain) => expand(&mut explain.statement, macros, limits),
        _ => Ok(BTreeSet::new()),
    }
}

fn expand_in<V>(node: &mut V, macros: &Macros, limits: &Limits) -> Result<BTreeSet<String>>
where
    V: datafusion::sql::sqlparser::ast::VisitMut,
{
    let mut used = BTreeSet::new();
    let mut nodes = 0_u64;
    // From the inside outwards: the arguments of a call are expanded when the call is met.
    let flow = visit_expressions_mut(node, |expr| {
        let Expr::Function(call) = expr else { return ControlFlow::Continue(()) };
        let found = simple(&call.name).and_then(|name| macros.get(&name));
        let Some(found) = found else { return ControlFlow::Continue(()) };
        match found.apply(call, limits, &mut nodes) {
            Ok(result) => {
                used.insert(found.name.clone());
                used.extend(found.uses.iter().cloned());
                *expr = result;
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    });
    match flow {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(used),
    }
}

impl Macro {
    /// What a call stands for.
    fn apply(&self, call: &Function, limits: &Limits, nodes: &mut u64) -> Result<Expr> {
        let span = call.name.span();
        let args = self.arguments(call, span)?;
        self.check_size(&args, span, limits, nodes)?;
        let mut body = self.body.clone();
        let _: ControlFlow<()> = visit_expressions_mut(&mut body, |expr| {
            self.substitute(expr, &args, span);
            ControlFlow::Continue(())
        });
        self.carry_over(call, &mut body, span)?;
        Ok(match &self.returns {
            Some(data_type) => cast(body, data_type),
            None => Expr::Nested(Box::new(body)),
        })
    }

    /// What the call becomes is counted before it is made: bodies that name a parameter twice
    /// double it, call within call.
    fn check_size(
        &self,
        args: &[Expr],
        span: Span,
        limits: &Limits,
        nodes: &mut u64,
    ) -> Result<()> {
        let mut depth = 0;
        *nodes = nodes.saturating_add(self.size.nodes);
        for (arg, times) in args.iter().zip(&self.named) {
            let size = size::measure_part(arg, limits)?;
            depth = size.depth.max(depth);
            *nodes = nodes.saturating_add(size.nodes.saturating_mul(*times));
        }
        let depth = depth.saturating_add(self.size.depth);
        let (what, n, most) = match () {
            () if *nodes > limits.nodes => ("expressions", *nodes, limits.nodes),
            () if depth > limits.depth => ("levels", depth, limits.depth),
            () => return Ok(()),
        };
        let name = &self.name;
        let message =
            format!("the calls of functions written in SQL, up to {name} here, become {n} {what}, more than {most}");
        Err(at(span, E_TOO_LARGE, message))
    }

    fn substitute(&self, expr: &mut Expr, args: &[Expr], span: Span) {
        let replaced = match expr {
            Expr::Identifier(ident) => by_name(&self.params, ident).and_then(|i| args.get(i)),
            Expr::Value(value) => {
                value.span = span;
                match &value.value {
                    Value::Placeholder(text) => {
                        by_number(&self.params, text).and_then(|i| args.get(i))
                    }
                    _ => None,
                }
            }
            Expr::CompoundIdentifier(parts) => {
                // A field of a parameter.
                let mut parts = parts.drain(..);
                let root = parts.next().and_then(|p| by_name(&self.params, &p));
                if let Some(root) = root.and_then(|i| args.get(i)) {
                    let access_chain =
                        parts.map(|p| AccessExpr::Dot(Expr::Identifier(p))).collect();
                    let root = Box::new(root.clone());
                    *expr = Expr::CompoundFieldAccess { root, access_chain };
                }
                return;
            }
            Expr::Function(call) => {
                for part in &mut call.name.0 {
                    if let ObjectNamePart::Identifier(ident) = part {
                        ident.span = span;
                    }
                }
                None
            }
            _ => None,
        };
        if let Some(arg) = replaced {
            *expr = arg.clone();
        }
    }

    /// OVER, FILTER, DISTINCT and their like belong to the call that is the whole body.
    fn carry_over(&self, call: &Function, body: &mut Expr, span: Span) -> Result<()> {
        let FunctionArguments::List(given) = &call.args else { return Ok(()) };
        let nothing = call.over.is_none()
            && call.filter.is_none()
            && call.null_treatment.is_none()
            && call.within_group.is_empty()
            && given.duplicate_treatment.is_none()
            && given.clauses.is_empty();
        if nothing {
            return Ok(());
        }
        let mut inner = body;
        while let Expr::Nested(deeper) = inner {
            inner = deeper.as_mut();
        }
        let whole = match inner {
            Expr::Function(target) => match &mut target.args {
                FunctionArguments::List(list)
                    if target.over.is_none()
                        && target.filter.is_none()
                        && target.null_treatment.is_none()
                        && target.within_group.is_empty()
                        && list.duplicate_treatment.is_none()
                        && list.clauses.is_empty() =>
                {
                    list.duplicate_treatment = given.duplicate_treatment;
                    list.clauses.clone_from(&given.clauses);
                    target.over.clone_from(&call.over);
                    target.filter.clone_from(&call.filter);
                    target.null_treatment = call.null_treatment;
                    target.within_group.clone_from(&call.within_group);
                    true
                }
                _ => false,
            },
            _ => false,
        };
        if whole {
            return Ok(());
        }
        let message = format!(
            "function {}: OVER, FILTER, DISTINCT and ORDER BY in a call need a body that is one \
             call without them",
            self.name
        );
        Err(wrong(span, message))
    }

    fn arguments(&self, call: &Function, span: Span) -> Result<Vec<Expr>> {
        let list: &[FunctionArg] = match &call.args {
            FunctionArguments::List(list) => &list.args,
            FunctionArguments::None => &[],
            FunctionArguments::Subquery(_) => {
                let message = format!("function {}: put the subquery in parentheses", self.name);
                return Err(wrong(span, message));
            }
        };
        let mut slots: Vec<Option<&Expr>> = vec![None; self.params.len()];
        for (position, arg) in list.iter().enumerate() {
            let (slot, value) = match arg {
                FunctionArg::Unnamed(value) => (Some(position), value),
                FunctionArg::Named { name, arg: value, .. } => {
                    let Some(slot) = by_name(&self.params, name) else {
                        let message = format!("function {} has no parameter {name}", self.name);
                        return Err(wrong(span, message));
                    };
                    (Some(slot), value)
                }
                FunctionArg::ExprNamed { arg: value, .. } => (None, value),
            };
            let FunctionArgExpr::Expr(value) = value else {
                return Err(wrong(span, format!("function {} does not take *", self.name)));
            };
            match slot.and_then(|slot| slots.get_mut(slot)) {
                Some(slot) if slot.is_none() => *slot = Some(value),
                Some(_) => {
                    let message = format!("function {}: an argument is given twice", self.name);
                    return Err(wrong(span, message));
                }
                None => return Err(self.wrong_number(list.len(), span)),
            }
        }
        let mut args = Vec::with_capacity(slots.len());
        for (slot, param) in slots.into_iter().zip(&self.params) {
            let Some(value) = slot else { return Err(self.wrong_number(list.len(), span)) };
            args.push(as_type(value, &param.data_type));
        }
        Ok(args)
    }

    fn wrong_number(&self, given: usize, span: Span) -> Error {
        let many = self.params.len();
        let s = if many == 1 { "" } else { "s" };
        let message = format!("function {} takes {many} argument{s}, not {given}", self.name);
        wrong(span, message)
    }
}
