//! One walk over a plan, and the tables of it.

pub(crate) mod canon;
pub(crate) mod expr_text;
pub(crate) mod exprs;
pub(crate) mod nodes;
pub(crate) mod rows;
pub(crate) mod tables;
