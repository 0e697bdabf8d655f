//! How large a statement is: its tokens before it is parsed, its tree before it is planned, CTEs
//! as often as they are named. The host gives the limits. What follows (the parser, the engine's
//! rules, our own walks) recurses as deep as the tree is, and the room for that is made here.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::parser::{CopyToSource, DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Select, SetExpr, Spanned, TableFactor, TableWithJoins, Visit,
    Visitor,
};
use datafusion::sql::sqlparser::dialect::Dialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::edge::guard;
use crate::edge::abi::wb_sql_limits;
use crate::edge::codes::E_TOO_LARGE;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};

/// What a statement may have at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Tokens of its text.
    pub tokens: u64,
    /// Brackets within each other.
    pub nesting: u64,
    /// Levels of its tree: a chain of n terms has n.
    pub depth: u64,
    /// Expressions, after macros and CTEs.
    pub nodes: u64,
    /// Tables and other inputs, after CTEs.
    pub relations: u64,
    /// Joins in one FROM.
    pub joins: u64,
}

impl Limits {
    /// None, for statements of nobody.
    pub const NONE: Self = Self {
        tokens: u64::MAX,
        nesting: u64::MAX,
        depth: u64::MAX,
        nodes: u64::MAX,
        relations: u64::MAX,
        joins: u64::MAX,
    };
}

impl From<&wb_sql_limits> for Limits {
    fn from(from: &wb_sql_limits) -> Self {
        let of = |n: u64| if n == 0 { u64::MAX } else { n };
        Self {
            tokens: of(from.tokens),
            nesting: of(from.nesting),
            depth: of(from.depth),
            nodes: of(from.nodes),
            relations: of(from.relations),
            joins: of(from.joins),
        }
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn refused(message: String, at: Location) -> Error {
    let place = |n: u64| u32::try_from(n).unwrap_or(0);
    Error {
        line: place(at.line),
        column: place(at.column),
        ..Error::new(E_TOO_LARGE, ORIGIN_BRIDGE, message)
    }
}

/// How deep tokens alone say that a text nests. The parser counts most of its recursion itself,
/// but not types within types, EXPLAIN of EXPLAIN, or INTERVAL before INTERVAL; and some loops of
/// it make trees as deep as they turn, in places that no visitor sees (`[]` behind a type, the
/// quantifiers of a pattern).
#[derive(Default)]
struct Nest {
    /// The CASE without END where each bracket opened.
    brackets: Vec<u64>,
    /// CASE without END.
    cases: u64,
    angles: u64,
    /// Of one word, or one group of signs, behind itself.
    run: u64,
    explains: u64,
    begun: bool,
}

fn keyword(token: &Token) -> Keyword {
    match token {
        Token::Word(word) => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

/// Whether the second continues a run of the first.
fn continues(before: &Token, now: &Token) -> bool {
    let quantifier = |t: &Token| matches!(t, Token::Mul | Token::Plus | Token::Question);
    match (before, now) {
        (Token::LBracket, Token::RBracket) | (Token::RBracket, Token::LBracket) => true,
        (Token::Word(a), Token::Word(b)) => {
            a.keyword != Keyword::NoKeyword && a.keyword == b.keyword
        }
        (a, b) => quantifier(a) && quantifier(b),
    }
}

impl Nest {
    fn step(&mut self, before: Option<&Token>, token: &Token) -> u64 {
        let types = |t: &Token| {
            matches!(keyword(t), Keyword::ARRAY | Keyword::STRUCT | Keyword::MAP | Keyword::LIST)
        };
        // A name behind a dot is no keyword.
        let named = matches!(before, Some(Token::Period));
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => self.brackets.push(self.cases),
            Token::RParen | Token::RBracket | Token::RBrace => {
                self.cases = self.brackets.pop().unwrap_or(self.cases);
            }
            Token::Lt if before.is_some_and(types) => self.angles += 1,
            Token::Gt => self.angles = self.angles.saturating_sub(1),
            Token::ShiftRight => self.angles = self.angles.saturating_sub(2),
            Token::SemiColon => *self = Self::default(),
            _ if named => {}
            _ => match keyword(token) {
                Keyword::CASE => self.cases += 1,
                Keyword::END => {
                    let around = self.brackets.last().copied().unwrap_or(0);
                    self.cases = self.cases.saturating_sub(1).max(around);
                }
                // No type goes on behind these: what was open was a comparison.
                Keyword::AND | Keyword::OR | Keyword::WHEN | Keyword::THEN | Keyword::ELSE => {
                    self.angles = 0;
                }
                Keyword::EXPLAIN if !self.begun => self.explains += 1,
                Keyword::SELECT | Keyword::WITH | Keyword::VALUES | Keyword::FROM => {
                    self.begun = true;
                    self.angles = 0;
                }
                _ => {}
            },
        }
        let goes_on = before.is_some_and(|before| continues(before, token));
        self.run = if goes_on { self.run + 1 } else { 0 };
        // Two brackets are one level of a type.
        let pairs = matches!(token, Token::LBracket | Token::RBracket);
        let run = if pairs { self.run / 2 } else { self.run };
        let around = count(self.brackets.len()) + self.cases;
        [self.angles, run, self.explains].into_iter().fold(around, u64::max)
    }
}

/// The tokens of a text, if it may be parsed.
fn tokens(sql: &str, dialect: &dyn Dialect, limits: &Limits) -> Result<Vec<TokenWithSpan>> {
    let mut tokenizer = Tokenizer::new(dialect, sql);
    let tokens = tokenizer
        .tokenize_with_location()
        .map_err(|e| datafusion::error::DataFusionError::from(ParserError::from(e)))?;
    let mut nest = Nest::default();
    let (mut before, mut read) = (None, 0_u64);
    let (mut deepest, mut at) = (0, None);
    for token in tokens.iter().filter(|t| !matches!(t.token, Token::Whitespace(_))) {
        read += 1;
        let here = nest.step(before, &token.token);
        before = Some(&token.token);
        deepest = here.max(deepest);
        if at.is_none() && (here > limits.nesting || read > limits.tokens) {
            at = Some(token.span.start);
        }
    }
    let at = at.unwrap_or(Location { line: 1, column: 1 });
    if read > limits.tokens {
        let message = format!("this SQL has {read} words and signs, more than {}", limits.tokens);
        return Err(refused(message, at));
    }
    if deepest > limits.nesting {
        let message = format!("this SQL nests {deepest} deep, more than {}", limits.nesting);
        return Err(refused(message, at));
    }
    Ok(tokens)
}

/// What of the stack one token of an unknown tree may need: trees are dropped from their root, and
/// a level of one takes two tokens at least.
const DROP_BYTES: usize = 512;

/// What of the stack one level of a tree that is planned and walked may need, in a build without
/// optimisation too.
const LEVEL_BYTES: usize = 16 << 10;

/// The levels that there is room for where the host has no limit of depth.
const MOST_ROOM: u64 = 4096;

fn levels(depth: u64) -> usize {
    usize::try_from(depth).unwrap_or(usize::MAX).saturating_mul(LEVEL_BYTES)
}

/// Runs `f` with room for trees that are so deep.
pub(crate) fn with_room<T>(depth: u64, f: impl FnOnce() -> T) -> T {
    guard::with_stack(levels(depth), f)
}

/// Runs `f`, which puts the bodies of macros into a tree: twice as deep as it may be, at most,
/// before it is measured again.
pub(crate) fn with_room_for_macros<T>(limits: &Limits, f: impl FnOnce() -> T) -> T {
    with_room(2 * limits.depth.min(MOST_ROOM), f)
}

/// How deep the tree of these tokens may be, of what is not refused.
fn depth_of(tokens: &[TokenWithSpan], limits: &Limits) -> u64 {
    count(tokens.len()).min(limits.depth).min(MOST_ROOM)
}

/// Parses statements and hands them to `f`, which may look at them, change and keep them. What is
/// refused is gone when this returns.
pub(crate) fn parse<T>(
    sql: &str,
    dialect: &dyn Dialect,
    nesting: usize,
    limits: &Limits,
    f: impl FnOnce(Vec<Statement>) -> Result<T>,
) -> Result<T> {
    let tokens = tokens(sql, dialect, limits)?;
    let room = tokens.len().saturating_mul(DROP_BYTES).max(levels(depth_of(&tokens, limits)));
    guard::with_stack(room, || {
        let builder = DFParserBuilder::new(tokens).with_dialect(dialect);
        let mut parser = builder.with_recursion_limit(nesting).build()?;
        let parsed = parser.parse_statements();
        let at = parser.parser.peek_token_ref().span.start;
        let statements = parsed.map_err(|e| too_deep(e.into(), nesting, at))?;
        let statements: Vec<Statement> = statements.into();
        for statement in &statements {
            measure(statement, limits)?;
        }
        f(statements)
    })
}

/// The parser's own limit has no place.
fn too_deep(error: Error, nesting: usize, at: Location) -> Error {
    if error.code != E_TOO_LARGE {
        return error;
    }
    refused(format!("this SQL nests more than {nesting} deep"), at)
}

pub(crate) fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

/// The CTEs that a place in a statement can name, by where a walk is: a name joins its frame when
/// the CTE's body was walked (before it, if recursive), and goes with its query.
pub(crate) struct Scopes<T> {
    frames: Vec<Vec<(String, T)>>,
    /// Bodies of CTEs ahead, by address: the name, and whether it may refer to itself.
    bodies: HashMap<*const Query, (String, bool)>,
}

impl<T> Default for Scopes<T> {
    fn default() -> Self {
        Self { frames: Vec::new(), bodies: HashMap::new() }
    }
}

impl<T: Clone> Scopes<T> {
    /// Comes to a query; whether it is the body of a CTE. Its own name means `itself` in it.
    pub fn enter(&mut self, query: &Query, itself: T) -> bool {
        let body = self.bodies.get(&std::ptr::from_ref(query)).cloned();
        if let Some((name, true)) = &body {
            self.add(name.clone(), itself);
        }
        self.frames.push(Vec::new());
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                let body = std::ptr::from_ref(cte.query.as_ref());
                self.bodies.insert(body, (folded(&cte.alias.name), with.recursive));
            }
        }
        body.is_some()
    }

    /// Leaves a query; whether it is the body of a CTE, which is `value` from here on.
    pub fn leave(&mut self, query: &Query, value: T) -> bool {
        self.frames.pop();
        let body = self.bodies.remove(&std::ptr::from_ref(query));
        let found = body.is_some();
        if let Some((name, _)) = body {
            self.add(name, value);
        }
        found
    }

    fn add(&mut self, name: String, value: T) {
        if let Some(frame) = self.frames.last_mut() {
            frame.push((name, value));
        }
    }

    /// What a name in FROM stands for, if for a CTE.
    pub fn find(&self, name: &ObjectName) -> Option<&T> {
        let [part] = name.0.as_slice() else { return None };
        let name = folded(part.as_ident()?);
        let mut all = self.frames.iter().rev().flat_map(|frame| frame.iter().rev());
        all.find(|(cte, _)| *cte == name).map(|(_, value)| value)
    }
}

/// The size of a tree. Sums of CTEs grow fast, and stay at the end of their range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub depth: u64,
    pub nodes: u64,
    pub relations: u64,
}

struct Meter<'a> {
    limits: &'a Limits,
    scopes: Scopes<Size>,
    /// Where the walk is.
    depth: u64,
    /// Of what was seen; the depth is that of its deepest place.
    seen: Size,
    /// What the queries and FROMs around added to the depth.
    added: Vec<u64>,
    /// What was seen before the bodies of CTEs around, and where.
    outside: Vec<(u64, Size)>,
    /// Where the text passed a limit of a sum.
    over: Option<Location>,
}

/// The joins of a FROM: a level each.
fn joins(from: &[TableWithJoins]) -> u64 {
    let own = from.iter().map(|one| count(one.joins.len())).fold(0, u64::saturating_add);
    own.saturating_add(count(from.len().saturating_sub(1)))
}

/// How deep the set operations of a query are, which no visitor sees.
fn set_depth(body: &SetExpr) -> u64 {
    let mut deepest = 0;
    let mut ahead = vec![(body, 0_u64)];
    while let Some((body, depth)) = ahead.pop() {
        deepest = deepest.max(depth);
        if let SetExpr::SetOperation { left, right, .. } = body {
            ahead.push((left, depth + 1));
            ahead.push((right, depth + 1));
        }
    }
    deepest
}

/// Where the first SELECT of a query stands. The span of a tree is the work of a walk over it.
fn start(body: &SetExpr) -> Location {
    let mut body = body;
    loop {
        body = match body {
            SetExpr::SetOperation { left, .. } => left,
            SetExpr::Query(query) => &query.body,
            SetExpr::Select(select) => return select.select_token.0.span.start,
            _ => return Location { line: 1, column: 1 },
        };
    }
}

/// The first term of a chain, where it begins in the text, and how many terms deep that is.
fn chain(expr: &Expr) -> (Location, u64) {
    let (mut first, mut depth) = (expr, 0);
    loop {
        first = match first {
            Expr::BinaryOp { left, .. } => left,
            Expr::Cast { expr, .. }
            | Expr::IsNull(expr)
            | Expr::IsNotNull(expr)
            | Expr::IsTrue(expr)
            | Expr::IsFalse(expr)
            | Expr::IsNotTrue(expr)
            | Expr::IsNotFalse(expr)
            | Expr::IsUnknown(expr)
            | Expr::IsNotUnknown(expr)
            | Expr::AtTimeZone { timestamp: expr, .. }
            | Expr::Like { expr, .. }
            | Expr::ILike { expr, .. }
            | Expr::Between { expr, .. }
            | Expr::InList { expr, .. } => expr,
            other => return (other.span().start, depth),
        };
        depth += 1;
    }
}

impl Meter<'_> {
    fn new(limits: &Limits) -> Meter<'_> {
        Meter {
            limits,
            scopes: Scopes::default(),
            depth: 0,
            seen: Size::default(),
            added: Vec::new(),
            outside: Vec::new(),
            over: None,
        }
    }

    /// Goes down by so many levels.
    fn down(&mut self, levels: u64) {
        self.depth = self.depth.saturating_add(levels);
        self.seen.depth = self.seen.depth.max(self.depth);
    }

    fn too_deep(&self, what: &str, depth: u64, at: Location) -> ControlFlow<Error> {
        let limit = self.limits.depth;
        let message = format!("{what} is {depth} levels deep here, more than {limit}");
        ControlFlow::Break(refused(message, at))
    }

    fn add(&mut self, size: Size, at: impl FnOnce() -> Location) {
        let of = &mut self.seen;
        of.nodes = of.nodes.saturating_add(size.nodes);
        of.relations = of.relations.saturating_add(size.relations);
        let over = of.nodes > self.limits.nodes || of.relations > self.limits.relations;
        if over && self.over.is_none() {
            self.over = Some(at());
        }
    }

    /// What was found, if all of it may be planned.
    fn result(&self) -> Result<Size> {
        let (seen, limits) = (self.seen, self.limits);
        let at = self.over.unwrap_or(Location { line: 1, column: 1 });
        let ctes = "with every CTE counted as often as it is named";
        if seen.relations > limits.relations {
            let (n, most) = (seen.relations, limits.relations);
            let message = format!("the statement reads {n} inputs, more than {most}, {ctes}");
            return Err(refused(message, at));
        }
        if seen.nodes > limits.nodes {
            let (n, most) = (seen.nodes, limits.nodes);
            let message = format!("the statement has {n} expressions, more than {most}, {ctes}");
            return Err(refused(message, at));
        }
        Ok(seen)
    }
}

impl Visitor for Meter<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        let levels = set_depth(&query.body).saturating_add(1);
        // A CTE is as large as it is in a place of its own.
        let itself = Size { depth: 1, nodes: 0, relations: 1 };
        if self.scopes.enter(query, itself) {
            self.outside.push((self.depth, self.seen));
            (self.depth, self.seen) = (0, Size::default());
        }
        self.down(levels);
        self.added.push(levels);
        if self.depth > self.limits.depth {
            return self.too_deep("a query", self.depth, start(&query.body));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        self.depth = self.depth.saturating_sub(self.added.pop().unwrap_or_default());
        let size = self.seen;
        if self.scopes.leave(query, size) {
            let (depth, seen) = self.outside.pop().unwrap_or_default();
            (self.depth, self.seen) = (depth, seen);
            // One that nobody names is planned all the same.
            self.seen.depth = self.seen.depth.max(size.depth);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Error> {
        let joins = joins(&select.from);
        if joins > self.limits.joins {
            let message = format!("one FROM has {joins} joins, more than {}", self.limits.joins);
            return ControlFlow::Break(refused(message, select.select_token.0.span.start));
        }
        let levels = joins.saturating_add(1);
        self.down(levels);
        self.added.push(levels);
        if self.depth > self.limits.depth {
            return self.too_deep("a query", self.depth, select.select_token.0.span.start);
        }
        if select.from.is_empty() {
            self.add(Size { relations: 1, ..Size::default() }, || select.select_token.0.span.start);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<Error> {
        self.depth = self.depth.saturating_sub(self.added.pop().unwrap_or_default());
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Error> {
        let levels = match factor {
            TableFactor::NestedJoin { table_with_joins, .. } => {
                count(table_with_joins.joins.len()).saturating_add(1)
            }
            _ => 1,
        };
        self.down(levels);
        self.added.push(levels);
        if self.depth > self.limits.depth {
            return self.too_deep("a query", self.depth, factor.span().start);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, _: &TableFactor) -> ControlFlow<Error> {
        self.depth = self.depth.saturating_sub(self.added.pop().unwrap_or_default());
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Error> {
        let one = Size { depth: 0, nodes: 0, relations: 1 };
        let size = self.scopes.find(relation).copied().unwrap_or(one);
        let depth = self.depth.saturating_add(size.depth);
        self.seen.depth = self.seen.depth.max(depth);
        if depth > self.limits.depth {
            return self.too_deep("a query", depth, relation.span().start);
        }
        self.add(size, || relation.span().start);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        // A chain of fields is flat in the text's tree and none in the plan's.
        let levels = match expr {
            Expr::CompoundFieldAccess { access_chain, .. } => count(access_chain.len()),
            Expr::CompoundIdentifier(parts) => count(parts.len()),
            _ => 1,
        };
        self.down(levels);
        self.added.push(levels);
        if self.depth > self.limits.depth {
            let (at, more) = chain(expr);
            return self.too_deep("an expression", self.depth.saturating_add(more), at);
        }
        self.add(Size { nodes: 1, ..Size::default() }, || expr.span().start);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<Error> {
        self.depth = self.depth.saturating_sub(self.added.pop().unwrap_or_default());
        ControlFlow::Continue(())
    }
}

fn walk(statement: &Statement, meter: &mut Meter<'_>) -> ControlFlow<Error> {
    match statement {
        Statement::Statement(statement) => statement.visit(meter),
        Statement::Explain(explain) => walk(&explain.statement, meter),
        Statement::CopyTo(copy) => match &copy.source {
            CopyToSource::Relation(_) => ControlFlow::Continue(()),
            CopyToSource::Query(query) => query.visit(meter),
        },
        Statement::CreateExternalTable(_) | Statement::Reset(_) => ControlFlow::Continue(()),
    }
}

/// The size of a statement; TOO_LARGE above a limit. It goes no deeper than the limit.
pub(crate) fn measure(statement: &Statement, limits: &Limits) -> Result<Size> {
    let mut meter = Meter::new(limits);
    match walk(statement, &mut meter) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => meter.result(),
    }
}

/// The size of a part of a statement.
pub(crate) fn measure_part<V: Visit>(part: &V, limits: &Limits) -> Result<Size> {
    let mut meter = Meter::new(limits);
    match part.visit(&mut meter) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => meter.result(),
    }
}
