//! Relation operators of the host.

pub(crate) mod columns;
pub(crate) mod exec;
pub(crate) mod node;
pub(crate) mod rel;
pub(crate) mod rel_sql;
pub(crate) mod rows;
