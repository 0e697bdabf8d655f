//! Statements before planning: parsing, their class, and what they refer to.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::sql::parser::{CopyToSource, Statement};
use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArguments, ObjectName, Query, SetExpr, Spanned, Statement as SqlStatement, TableFactor, TrimWhereField, Value, ValueWithSpan, Visit, Visitor};
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::edge::codes::E_SQL_SYNTAX;
use crate::edge::error::{Error, ORIGIN_DATAFUSION, Result};
use crate::sql::{args, names, size};
use crate::sql::size::{Limits, Scopes, folded};

/// How deep SQL may nest; the engine's own default, for statements without a session.
const NESTING: usize = 50;

/// Parses exactly one statement, which is not too large, and hands it to `f`.
pub(crate) fn parse_one<T>(
    sql: &str,
    dialect: &dyn Dialect,
    nesting: usize,
    limits: &Limits,
    f: impl FnOnce(Statement) -> Result<T>,
) -> Result<T> {
    size::parse(sql, dialect, nesting, limits, |mut statements| {
        let message = match (statements.pop(), statements.len()) {
            (Some(statement), 0) => return f(statement),
            (None, _) => "there is no statement in this SQL".to_string(),
            (Some(_), more) => format!("one statement is expected, this SQL has {}", more + 1),
        };
        Err(Error::new(E_SQL_SYNTAX, ORIGIN_DATAFUSION, message))
    })
}

/// What a statement does, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Query,
    Explain,
    Ddl,
    Dml,
    Copy,
    Set,
    Other,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Class::Query => "query",
            Class::Explain => "explain",
            Class::Ddl => "ddl",
            Class::Dml => "dml",
            Class::Copy => "copy",
            Class::Set => "set",
            Class::Other => "other",
        }
    }
}

fn body_class(body: &SetExpr) -> Class {
    match body {
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            Class::Dml
        }
        SetExpr::Select(select) if select.into.is_some() => Class::Ddl,
        SetExpr::Query(query) => body_class(&query.body),
        SetExpr::SetOperation { left, right, .. } => match body_class(left) {
            Class::Query => body_class(right),
            other => other,
        },
        _ => Class::Query,
    }
}

/// Looks for what writes, at any depth: in CTEs and subqueries too.
struct Writes;

impl Visitor for Writes {
    type Break = Class;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Class> {
        match body_class(&query.body) {
            Class::Query => ControlFlow::Continue(()),
            other => ControlFlow::Break(other),
        }
    }
}

fn query_class(query: &Query) -> Class {
    match query.visit(&mut Writes) {
        ControlFlow::Break(class) => class,
        ControlFlow::Continue(()) => Class::Query,
    }
}

/// The class, and the words the statement begins with.
fn classify(statement: &Statement) -> (Class, String) {
    match statement {
        Statement::Explain(explain) => {
            let (inner, words) = classify(&explain.statement);
            match inner {
                Class::Query | Class::Explain | Class::Other => {
                    (Class::Explain, "EXPLAIN".to_string())
                }
                other => (other, format!("EXPLAIN {words}")),
            }
        }
        Statement::CopyTo(_) => (Class::Copy, "COPY".to_string()),
        Statement::CreateExternalTable(_) => (Class::Ddl, "CREATE EXTERNAL TABLE".to_string()),
        Statement::Reset(_) => (Class::Set, "RESET".to_string()),
        Statement::Statement(statement) => sql_class(statement),
    }
}

fn sql_class(statement: &SqlStatement) -> (Class, String) {
    if let SqlStatement::Query(query) = statement {
        let class = query_class(query);
        let words = match class {
            Class::Query => "SELECT",
            Class::Ddl => "SELECT INTO",
            _ => "WITH .. INSERT, UPDATE or DELETE",
        };
        return (class, words.to_string());
    }
    if let SqlStatement::Explain { statement, .. } = statement {
        let (inner, words) = sql_class(statement);
        return match inner {
            Class::Query | Class::Other => (Class::Explain, "EXPLAIN".to_string()),
            other => (other, format!("EXPLAIN {words}")),
        };
    }
    let text = statement.to_string();
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c == '(')
        .filter(|word| !word.is_empty())
        .take_while(|word| word.bytes().all(|b| b.is_ascii_uppercase()))
        .take(2)
        .collect();
    let class = match words.first().copied().unwrap_or("") {
        "CREATE" | "DROP" | "ALTER" | "TRUNCATE" | "COMMENT" | "RENAME" | "ATTACH" | "DETACH" => {
            Class::Ddl
        }
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "REPLACE" => Class::Dml,
        "COPY" | "UNLOAD" | "EXPORT" => Class::Copy,
        "SET" | "RESET" => Class::Set,
        _ => Class::Other,
    };
    (class, words.join(" "))
}

/// A name as the engine looks it up: unquoted parts fold to lower case. Parts that a dot could
/// make ambiguous stay in quotes.
pub(crate) fn dotted(name: &ObjectName) -> String {
    let parts: Vec<String> = name
        .0
        .iter()
        .map(|part| match part.as_ident() {
            Some(ident) => quoted(&folded(ident)),
            None => part.to_string(),
        })
        .collect();
    parts.join(".")
}

fn quoted(part: &str) -> String {
    if part.contains(['.', '"']) {
        format!("\"{}\"", part.replace('"', "\"\""))
    } else {
        part.to_string()
    }
}

/// One reference, with its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ref {
    pub kind: &'static str,
    pub name: String,
    pub line: u32,
    pub column: u32,
    /// Of table functions; see `sql_args`. Of the statement: the words that it begins with.
    pub args: Option<String>,
}

/// Collects references.
#[derive(Default)]
struct Refs {
    rows: Vec<Ref>,
    scopes: Scopes<()>,
    /// Names of table factors that are calls, by address.
    calls: HashSet<*const ObjectName>,
}

impl Refs {
    fn push(&mut self, kind: &'static str, name: String, at: Location) {
        let place = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let (line, column) = (place(at.line), place(at.column));
        self.rows.push(Ref { kind, name, line, column, args: None });
    }

    fn push_call(&mut self, name: &ObjectName, args: &[FunctionArg]) {
        self.push("table_function", dotted(name), name.span().start);
        if let Some(row) = self.rows.last_mut() {
            row.args = Some(args::json(args));
        }
    }

    fn statement(&mut self, statement: &Statement) {
        let _ = match statement {
            Statement::Statement(statement) => statement.visit(self),
            Statement::Explain(explain) => {
                self.statement(&explain.statement);
                ControlFlow::Continue(())
            }
            Statement::CopyTo(copy) => match &copy.source {
                CopyToSource::Relation(name) => self.pre_visit_relation(name),
                CopyToSource::Query(query) => query.visit(self),
            },
            Statement::CreateExternalTable(table) => self.pre_visit_relation(&table.name),
            Statement::Reset(_) => ControlFlow::Continue(()),
        };
    }
}

impl Visitor for Refs {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.enter(query, ());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.leave(query, ());
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let called = self.calls.remove(&std::ptr::from_ref(relation));
        if !called && self.scopes.find(relation).is_none() {
            self.push("relation", dotted(relation), relation.span().start);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(args), .. } => {
                self.calls.insert(std::ptr::from_ref(name));
                self.push_call(name, &args.args);
            }
            TableFactor::Function { name, args, .. } => self.push_call(name, args),
            TableFactor::UNNEST { .. } => {
                self.push("table_function", "unnest".to_string(), factor.span().start);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        // Functions that SQL has a syntax of its own for go by the engine's names.
        let name = match expr {
            // A name alone may be a column that is called like a function.
            Expr::Function(function) if matches!(function.args, FunctionArguments::None) => {
                return ControlFlow::Continue(());
            }
            Expr::Function(function) => {
                self.push("function", dotted(&function.name), function.name.span().start);
                return ControlFlow::Continue(());
            }
            Expr::Extract { .. } => "date_part",
            Expr::Ceil { .. } => "ceil",
            Expr::Floor { .. } => "floor",
            Expr::Position { .. } => "strpos",
            Expr::Substring { .. } => "substr",
            Expr::Overlay { .. } => "overlay",
            Expr::Trim { trim_where: Some(TrimWhereField::Leading), .. } => "ltrim",
            Expr::Trim { trim_where: Some(TrimWhereField::Trailing), .. } => "rtrim",
            Expr::Trim { .. } => "btrim",
            _ => return ControlFlow::Continue(()),
        };
        self.push("function", name.to_string(), expr.span().start);
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
        if let Value::Placeholder(name) = &value.value {
            let name = name.strip_prefix('$').unwrap_or(name).to_string();
            self.push("parameter", name, value.span.start);
        }
        ControlFlow::Continue(())
    }
}

/// Everything the statement names, in the order of the text; first the statement's class.
pub(crate) fn refs(
    sql: &str,
    operators: &BTreeSet<String>,
    limits: &Limits,
) -> Result<Vec<Ref>> {
    parse_one(sql, &GenericDialect {}, NESTING, limits, |mut statement| {
        let (class, words) = classify(&statement);
        names::wrap_names(&mut statement, operators)?;
        let mut refs = Refs::default();
        refs.push("statement", class.name().to_string(), Location { line: 1, column: 1 });
        if let Some(row) = refs.rows.last_mut() {
            row.args = Some(words);
        }
        refs.statement(&statement);
        Ok(refs.rows)
    })
}

pub(crate) fn refs_batch(rows: &[Ref]) -> Result<RecordBatch> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("kind", DataType::Utf8, false),
        Field::new("name", DataType::Utf8, false),
        Field::new("line", DataType::UInt32, false),
        Field::new("column", DataType::UInt32, false),
        Field::new("args", DataType::Utf8, true),
    ]));
    let kinds = StringArray::from_iter_values(rows.iter().map(|r| r.kind));
    let names = StringArray::from_iter_values(rows.iter().map(|r| r.name.as_str()));
    let lines = UInt32Array::from_iter_values(rows.iter().map(|r| r.line));
    let columns = UInt32Array::from_iter_values(rows.iter().map(|r| r.column));
    let args: StringArray = rows.iter().map(|r| r.args.as_deref()).collect();
    let arrays: [Arc<dyn arrow::array::Array>; 5] =
        [Arc::new(kinds), Arc::new(names), Arc::new(lines), Arc::new(columns), Arc::new(args)];
    Ok(RecordBatch::try_new(schema, arrays.to_vec())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sql: &str, kind: &str) -> Vec<String> {
        let rows = refs(sql, &BTreeSet::new(), &Limits::NONE).unwrap();
        rows.into_iter().filter(|r| r.kind == kind).map(|r| r.name).collect()
    }

    #[test]
    fn ctes_have_scopes() {
        let of = |sql| names(sql, "relation");
        assert_eq!(of("WITH t AS (SELECT * FROM t) SELECT * FROM t"), ["t"]);
        assert_eq!(of("WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b, c"), ["c"]);
        assert_eq!(of("SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) x, a"), ["a"]);
        assert_eq!(of("WITH b AS (SELECT * FROM a), a AS (SELECT 1) SELECT * FROM a, b"), ["a"]);
        assert_eq!(
            of("WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r"),
            Vec::<String>::new()
        );
        assert_eq!(of("WITH a AS (SELECT 1) SELECT * FROM s.a"), ["s.a"]);
        assert_eq!(of("WITH A AS (SELECT 1) SELECT (SELECT 1 FROM a), \"A\".x FROM \"A\""), ["A"]);
        assert_eq!(of("SELECT 1 WHERE x IN (SELECT y FROM q.W) AND EXISTS (FROM z)"), ["q.w", "z"]);
    }

    #[test]
    fn other_kinds() {
        let sql = "SELECT Sum(x), extract(year FROM d), trim(s)\nFROM generate_series(1, $n) WHERE y = $Y";
        assert_eq!(names(sql, "function"), ["sum", "date_part", "btrim"]);
        assert_eq!(names(sql, "table_function"), ["generate_series"]);
        assert_eq!(names(sql, "parameter"), ["n", "Y"]);
        assert_eq!(names(sql, "relation"), Vec::<String>::new());
        assert_eq!(names("SELECT * FROM unnest([1])", "table_function"), ["unnest"]);
        let args =
            |sql| refs(sql, &BTreeSet::new(), &Limits::NONE).unwrap().into_iter().skip(1).find_map(|r| r.args).unwrap();
        assert_eq!(
            args("SELECT * FROM Read_Delta('a', ((-5)), $p, t.X, uri => 1 + 1)"),
            concat!(
                r#"[{"kind":"text","text":"a"},{"kind":"int","text":"-5"},"#,
                r#"{"kind":"param","text":"p"},{"kind":"name","text":"t.x"},"#,
                r#"{"kind":"other","name":"uri","text":""}]"#
            )
        );
        assert_eq!(args("SELECT * FROM t, LATERAL f()"), "[]");
        let rows = refs(sql, &BTreeSet::new(), &Limits::NONE).unwrap();
        let n = rows.iter().find(|r| r.name == "n").unwrap();
        assert_eq!((n.line, n.column), (2, 25));
        assert_eq!(names("SELECT 1; ", "statement"), ["query"]);
    }

    #[test]
    fn relations_of_operators() {
        let operators = BTreeSet::from(["align".to_string()]);
        let of = |sql: &str, kind: &str| {
            let rows = refs(sql, &operators, &Limits::NONE).unwrap();
            rows.into_iter()
                .filter(|r| r.kind == kind)
                .map(|r| (r.name, r.line, r.column))
                .collect::<Vec<_>>()
        };
        let found = |name: &str, column| (name.to_string(), 1, column);
        let sql = "SELECT * FROM Align(A, (SELECT x FROM s.b), o => 'c') AS t";
        assert_eq!(of(sql, "relation"), [found("a", 21), found("s.b", 39)]);
        assert_eq!(of(sql, "table_function"), [found("align", 15)]);
        let cte = "WITH a AS (SELECT 1) SELECT (SELECT 1 FROM align(a, s.\"Q\"))";
        assert_eq!(of(cte, "relation"), [found("s.Q", 53)]);
        assert!(of("SELECT * FROM other(a, b)", "relation").is_empty());
    }

    #[test]
    fn classes() {
        let of = |sql: &str| names(sql, "statement").remove(0);
        assert_eq!(of("WITH a AS (SELECT 1) SELECT * FROM a"), "query");
        assert_eq!(of("EXPLAIN ANALYZE SELECT 1"), "explain");
        assert_eq!(of("CREATE TABLE t AS SELECT 1"), "ddl");
        assert_eq!(of("EXPLAIN CREATE TABLE t AS SELECT 1"), "ddl");
        assert_eq!(of("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION 'x'"), "ddl");
        assert_eq!(of("SELECT 1 AS a INTO t"), "ddl");
        assert_eq!(of("DROP TABLE t"), "ddl");
        assert_eq!(of("INSERT INTO t VALUES (1)"), "dml");
        assert_eq!(of("DELETE FROM t"), "dml");
        assert_eq!(of("COPY t TO 'x.parquet'"), "copy");
        assert_eq!(of("SET a = 1"), "set");
        assert_eq!(of("BEGIN"), "other");
        assert_eq!(of("SHOW TABLES"), "other");
    }

    #[test]
    fn one_statement() {
        for sql in ["", " ; ", "-- nothing", "SELECT 1; SELECT 2"] {
            assert_eq!(refs(sql, &BTreeSet::new(), &Limits::NONE).unwrap_err().code, E_SQL_SYNTAX, "{sql}");
        }
        let error = refs("SELECT\n 1 FROM t WHERE )", &BTreeSet::new(), &Limits::NONE).unwrap_err();
        assert_eq!((error.code, error.line), (E_SQL_SYNTAX, 2));
    }
}
