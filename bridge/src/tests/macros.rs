//! What calls of macros become, as SQL.

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::dialect::GenericDialect;

use crate::edge::codes::{E_DUPLICATE_NAME, E_MACRO, E_UNKNOWN_FUNCTION};
use crate::edge::error::Result;
use crate::sql::macros::{Known, Macros, define, expand, rename};
use crate::sql::size::Limits;

fn parse(text: &str) -> Vec<Statement> {
    let dialect = GenericDialect {};
    let mut parser = DFParserBuilder::new(text).with_dialect(&dialect).build().unwrap();
    parser.parse_statements().unwrap().into()
}

fn defined(text: &str) -> Result<Macros> {
    let known = Known {
        function: &|name| ["sum", "max", "upper", "row_number"].contains(&name),
        data_type: &|_| Ok(()),
    };
    let mut macros = Macros::new();
    for statement in parse(text) {
        define(&mut macros, statement, &known, &Limits::NONE)?;
    }
    Ok(macros)
}

fn expanded(macros: &Macros, sql: &str) -> Result<String> {
    let mut statement = parse(sql).remove(0);
    expand(&mut statement, macros, &Limits::NONE)?;
    Ok(statement.to_string())
}

#[test]
fn arguments_take_the_places_of_parameters() {
    let text = "CREATE FUNCTION f(x INT, y TEXT) RETURNS TEXT RETURN upper($2) || x;
                CREATE FUNCTION g(x BIGINT) RETURN f(x + 1, 'a');
                CREATE FUNCTION h(s TEXT) RETURN s.a.b";
    let macros = defined(text).unwrap();
    for (call, want) in [
        ("f(a, b)", "CAST(upper(CAST(b AS TEXT)) || CAST(a AS INT) AS TEXT)"),
        ("f(1, 'x')", "CAST(upper('x') || 1 AS TEXT)"),
        ("f(y => 'x', x => a)", "CAST(upper('x') || CAST(a AS INT) AS TEXT)"),
        ("F(3000000000, 'x')", "CAST(upper('x') || CAST(3000000000 AS INT) AS TEXT)"),
        ("g(x)", "(CAST(upper('a') || CAST(CAST(x AS BIGINT) + 1 AS INT) AS TEXT))"),
        ("g(g(1))", "(CAST(upper('a') || CAST(CAST(CAST(upper('a') || CAST(1 + 1 AS INT) \
                     AS TEXT) AS BIGINT) + 1 AS INT) AS TEXT))"),
        ("\"F\"(a, b)", "\"F\"(a, b)"),
        ("s.f(a, b)", "s.f(a, b)"),
    ] {
        let got = expanded(&macros, &format!("SELECT {call} FROM t")).unwrap();
        assert_eq!(got, format!("SELECT {want} FROM t"), "{call}");
    }
    assert_eq!(expanded(&macros, "SELECT h(t) FROM t").unwrap(), "SELECT (CAST(t AS TEXT).a.b) FROM t");
}

#[test]
fn clauses_of_a_call_go_to_the_call_in_the_body() {
    let text = "CREATE FUNCTION s(x BIGINT) RETURN (sum(x));
                CREATE FUNCTION t(x BIGINT) RETURN sum(x) + 1;
                CREATE FUNCTION r() RETURN row_number()";
    let macros = defined(text).unwrap();
    for (call, want) in [
        ("s(DISTINCT a)", "((sum(DISTINCT CAST(a AS BIGINT))))"),
        ("s(a) FILTER (WHERE b)", "((sum(CAST(a AS BIGINT)) FILTER (WHERE b)))"),
        ("r() OVER (ORDER BY s(a))", "(row_number() OVER (ORDER BY ((sum(CAST(a AS BIGINT))))))"),
    ] {
        let got = expanded(&macros, &format!("SELECT {call} FROM t")).unwrap();
        assert_eq!(got, format!("SELECT {want} FROM t"), "{call}");
    }
    for call in ["t(DISTINCT a)", "t(a) OVER ()", "s()", "s(a, b)", "s(*)", "s(y => 1)"] {
        let error = expanded(&macros, &format!("SELECT\n {call} FROM t")).unwrap_err();
        assert_eq!((error.code, error.line, error.column), (E_MACRO, 2, 2), "{call}");
    }
}

#[test]
fn dropping_leaves_what_was_made_with_it() {
    let text = "CREATE FUNCTION a(x INT) RETURN upper(x);
                CREATE FUNCTION b(x INT) RETURN a(x);
                DROP FUNCTION a; DROP FUNCTION IF EXISTS a, nothing";
    let macros = defined(text).unwrap();
    assert_eq!(macros.keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(
        macros["b"].text(),
        "CREATE FUNCTION b(x INT) RETURN (upper(CAST(x AS INT)))"
    );
    let code = |text: &str| defined(text).unwrap_err().code;
    assert_eq!(code("DROP FUNCTION a"), E_UNKNOWN_FUNCTION);
    assert_eq!(code("DROP FUNCTION upper"), E_MACRO);
    assert_eq!(code("CREATE FUNCTION upper(x INT) RETURN x"), E_DUPLICATE_NAME);
    assert_eq!(code("CREATE FUNCTION f(x INT) RETURN EXISTS (SELECT 1)"), E_MACRO);
}

#[test]
fn other_names_become_the_engines() {
    let aliases = [("place".to_string(), "row_number".to_string())].into();
    let mut statement = parse("SELECT Place() OVER (ORDER BY place) FROM t").remove(0);
    rename(&mut statement, &aliases);
    let want = "SELECT row_number() OVER (ORDER BY place) FROM t";
    assert_eq!(statement.to_string(), want);
}
