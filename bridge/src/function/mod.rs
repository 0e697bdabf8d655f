//! Functions of the host, and of the engine behind bounds.

pub(crate) mod accumulator;
pub(crate) mod aggregate;
pub(crate) mod aggregate_call;
pub(crate) mod bounds;
pub(crate) mod call;
pub(crate) mod scalar;
pub(crate) mod series;
pub(crate) mod spec;
pub(crate) mod table;
