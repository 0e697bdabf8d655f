//! What C calls of this folder.

use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::edge::guard;
use crate::edge::abi::{wb_err, wb_sql_limits, wb_str};
use crate::edge::given::{in_ref, strings};
use crate::runtime::stream;
use crate::sql::refs::{refs, refs_batch};
use crate::sql::size::Limits;

/// Relations, functions and parameters of one statement, from its AST (CTE names excluded):
/// rows (kind Utf8 statement|relation|function|table_function|parameter, name Utf8 (dotted,
/// unquoted parts in lower case; a parameter without its $), line UInt32, column UInt32, args
/// Utf8 (of a table function: a JSON array of {kind: text|int|null|param|name|other, text, and
/// name for a named one}; null otherwise)), in the order of the text, one for each use.
/// kind=statement comes first and has the class as its name, query|explain|ddl|dml|copy|set|other,
/// and as args the words that the statement begins with. An empty SQL or more than one statement:
/// SQL_SYNTAX; above a limit: TOO_LARGE, with the place. Names among the relation arguments of `operators` are relations, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sql_refs(
    sql: wb_str,
    limits: *const wb_sql_limits,
    operators: *const wb_str,
    n_operators: usize,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sql_refs", err, || {
        // SAFETY: the contract says that the pointers are valid.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let sql = unsafe { sql.to_str()? };
        // SAFETY: as above.
        let limits = unsafe { in_ref(limits)? };
        // SAFETY: as above.
        let operators = unsafe { strings(operators, n_operators)? };
        let rows = refs(sql, &operators.into_iter().collect(), &Limits::from(limits))?;
        let batch = refs_batch(&rows)?;
        // SAFETY: as above.
        unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
    })
}
