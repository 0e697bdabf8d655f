//! The macros of a session: texts of definitions come in before it is sealed.

use std::sync::Arc;

use datafusion::execution::SessionState;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::DataType;
use datafusion::sql::sqlparser::dialect::dialect_from_str;

use crate::edge::codes::E_BAD_VALUE;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::session::sess::{SessInner, taken};
use crate::sql::size;
use crate::sql::macros::{Known, Macros, define};
use crate::sql::size::Limits;

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

}
