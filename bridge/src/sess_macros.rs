//! The macros of a session: texts of definitions come in before it is sealed.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use datafusion::execution::SessionState;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::DataType;
use datafusion::sql::sqlparser::dialect::dialect_from_str;

use crate::abi::{in_ref, wb_err, wb_sess, wb_str};
use crate::codes::{E_BAD_VALUE, E_DUPLICATE_NAME};
use crate::error::{Error, ORIGIN_BRIDGE, Result};
use crate::macros::{Known, Macros, define};
use crate::sess::{SessInner, taken};
use crate::size::Limits;
use crate::{guard, sess_tables, size};

fn parse<T>(
    state: &SessionState,
    text: &str,
    limits: &Limits,
    f: impl FnOnce(Vec<Statement>) -> Result<T>,
) -> Result<T> {
    let options = &state.config_options().sql_parser;
    let Some(dialect) = dialect_from_str(options.dialect) else {
        let message = format!("no SQL dialect {}", options.dialect);
        return Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message));
    };
    size::parse(text, dialect.as_ref(), options.recursion_limit.get(), limits, f)
}

impl SessInner {
    /// The macros as they are.
    pub fn macros(&self) -> Arc<Macros> {
        Arc::clone(&self.macros.read().unwrap_or_else(|e| e.into_inner()))
    }

    fn has_type(&self, state: &SessionState, data_type: &DataType) -> Result<()> {
        let text = format!("SELECT CAST(NULL AS {data_type})");
        parse(state, &text, &self.limits, |statements| {
            for statement in statements {
                self.rt.block_on(state.statement_to_plan(statement))??;
            }
            Ok(())
        })
    }

    fn has_function(&self, state: &SessionState, name: &str) -> bool {
        taken(state, name)
    }

    /// Carries out the definitions of a text: all of them or none.
    pub fn add_macros(&self, text: &str) -> Result<()> {
        self.open()?;
        let state = self.snapshot();
        let known = Known {
            function: &|name| self.has_function(&state, name),
            data_type: &|data_type| self.has_type(&state, data_type),
        };
        let mut macros = Macros::clone(&self.macros());
        parse(&state, text, &self.limits, |statements| {
            let mut defined = statements.into_iter();
            size::with_room_for_macros(&self.limits, || {
                defined.try_for_each(|one| define(&mut macros, one, &known, &self.limits))
            })
        })?;
        *self.macros.write().unwrap_or_else(|e| e.into_inner()) = Arc::new(macros);
        Ok(())
    }

    /// A function that came after the macros may not have the name of one.
    pub fn check_macros(&self) -> Result<()> {
        let state = self.snapshot();
        match self.macros().keys().find(|name| taken(&state, name)) {
            None => Ok(()),
            Some(name) => {
                let message = format!("there is a function {name} already");
                Err(Error::new(E_DUPLICATE_NAME, ORIGIN_BRIDGE, message))
            }
        }
    }
}

/// name, text.
pub fn table(macros: &Macros) -> Result<RecordBatch> {
    let names = StringArray::from_iter_values(macros.keys());
    let texts = StringArray::from_iter_values(macros.values().map(|m| m.text()));
    sess_tables::batch(vec![("name", false, Arc::new(names)), ("text", false, Arc::new(texts))])
}

/// Carries out the CREATE FUNCTION and DROP FUNCTION statements of a text, in their order: all
/// or none. A call of such a function is replaced by its body before planning. Errors have the
/// place in the text. DUPLICATE_NAME, UNKNOWN_FUNCTION, MACRO, SQL_SYNTAX; NOT_SEALED after
/// sealing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_add_macros(
    sess: *mut wb_sess,
    text: wb_str,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_add_macros", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let (sess, text) = unsafe { (in_ref(sess.cast_const())?, text.to_str()?) };
        sess.inner.add_macros(text)
    })
}
