//! What is counted, and where.

use datafusion::sql::sqlparser::dialect::GenericDialect;

use crate::edge::codes::E_TOO_LARGE;
use crate::edge::error::{Error, Result};
use crate::sql::size::{Limits, Size, measure, parse};

const LIMITS: Limits =
    Limits { tokens: 500, nesting: 20, depth: 40, nodes: 100, relations: 10, joins: 5 };

fn size(sql: &str, limits: &Limits) -> Result<Size> {
    parse(sql, &GenericDialect {}, 50, limits, |all| measure(&all[0], limits))
}

fn of(sql: &str) -> Size {
    size(sql, &Limits::NONE).unwrap()
}

fn refused(sql: &str) -> Error {
    let error = size(sql, &LIMITS).unwrap_err();
    assert_eq!(error.code, E_TOO_LARGE, "{sql}: {error:?}");
    assert!(error.line > 0 && error.column > 0, "{sql}: {error:?}");
    error
}

#[test]
fn ctes_count_where_they_are_named() {
    let relations = |sql| of(sql).relations;
    assert_eq!(relations("SELECT 1"), 1);
    assert_eq!(relations("SELECT * FROM a, b"), 2);
    assert_eq!(relations("WITH a AS (SELECT * FROM x, y) SELECT 1 FROM z"), 1);
    assert_eq!(relations("WITH a AS (SELECT * FROM x, y) SELECT 1 FROM a, a AS b"), 4);
    assert_eq!(relations("WITH a AS (SELECT * FROM x, y) SELECT 1 FROM a, s.a"), 3);
    // A name in a scope within hides the one around, and is gone after it.
    let hidden = "WITH a AS (SELECT * FROM x, y, z) \
                  SELECT 1 FROM (WITH a AS (SELECT 1) SELECT * FROM a) AS b, a";
    assert_eq!(relations(hidden), 4);
    let recursive = "WITH RECURSIVE a AS (SELECT * FROM x UNION ALL SELECT * FROM a, y) \
                     SELECT 1 FROM a, a AS b";
    assert_eq!(relations(recursive), 6);
    // As many as there are numbers, and no more.
    let mut sql = "WITH c0 AS (SELECT 1)".to_string();
    for i in 1..80 {
        sql += &format!(", c{i} AS (SELECT 1 FROM c{0}, c{0} AS b)", i - 1);
    }
    assert_eq!(relations(&(sql + " SELECT * FROM c79")), u64::MAX);
}

#[test]
fn depth_is_that_of_the_longest_way_down() {
    let depth = |sql: String| of(&sql).depth;
    let base = depth("SELECT 1".to_string());
    let chain = |n: usize, by: &str| vec!["1"; n].join(by);
    assert_eq!(depth(format!("SELECT {}", chain(10, " + "))), base + 9);
    assert_eq!(depth(format!("SELECT {}", chain(10, ", "))), base);
    assert_eq!(depth(vec!["SELECT 1"; 10].join(" UNION ")), base + 9);
    assert_eq!(depth("SELECT 1 FROM (SELECT 1) AS t".to_string()), base + 3);
    let two = format!("SELECT f({}) + {}", chain(5, "+"), chain(7, "+"));
    assert!(depth(two.clone()) >= base + 7 + 5 && depth(two) <= base + 13);
    let unused = format!("WITH a AS (SELECT {}) SELECT 1", chain(20, "+"));
    assert_eq!(depth(unused), base + 19);
    let named = format!("WITH a AS (SELECT {}) SELECT * FROM a", chain(20, "+"));
    assert!(depth(named) > base + 19);
}

#[test]
fn limits_are_told_with_their_places() {
    let chain = |n: usize, by: &str| vec!["1"; n].join(by);
    let error = refused(&format!("SELECT 1,\n   {}", chain(60, "+")));
    assert_eq!((error.line, error.column), (2, 4), "{}", error.message);
    assert!(error.message.contains("more than 40"), "{}", error.message);
    let error = refused(&format!("SELECT {}1{}", "(".repeat(30), ")".repeat(30)));
    assert_eq!((error.line, error.column), (1, 28));
    assert!(error.message.contains("30") && error.message.contains("20"));
    let error = refused(&format!("SELECT\n{}", chain(101, ",")));
    assert_eq!((error.line, error.column), (2, 201));
    assert!(error.message.contains("101"), "{}", error.message);
    let error = refused(&format!("SELECT 1 FROM {}", ["t"; 7].join(", ")));
    assert!(error.message.contains("6 joins, more than 5"), "{}", error.message);
    let error = refused("WITH a AS (SELECT * FROM x, y, z) SELECT 1 FROM a, a, a,\n a");
    assert_eq!((error.line, error.column), (2, 2));
    assert!(error.message.contains("12 inputs, more than 10"), "{}", error.message);
    let error = refused(&format!("SELECT {}", chain(300, ",")));
    assert!(error.message.contains("600 words and signs"), "{}", error.message);
    // What is as large as it may be is not refused.
    assert!(size(&format!("SELECT {}", chain(38, "+")), &LIMITS).is_ok());
    assert!(size(&format!("SELECT {}", chain(100, ",")), &LIMITS).is_ok());
    let joined = format!("SELECT 1 FROM {}", ["t"; 6].join(", "));
    assert!(size(&joined, &LIMITS).is_ok());
}

#[test]
fn operators_are_no_nesting() {
    let limits = Limits { nesting: 20, ..Limits::NONE };
    let less: Vec<String> = (0..60).map(|i| format!("a < {i}")).collect();
    let sql = format!("SELECT {} FROM t", less.join(", "));
    assert!(size(&sql, &limits).is_ok(), "{:?}", size(&sql, &limits));
    let sql = "SELECT count(*), * FROM t WHERE NOT NOT a AND b IS NOT NULL AND c[1][2][3] > 1";
    assert!(size(sql, &limits).is_ok());
    let sql = format!("SELECT {}", vec!["CASE WHEN a THEN 1 END"; 30].join(", "));
    assert!(size(&sql, &limits).is_ok());
}
