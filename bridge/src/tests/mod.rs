//! Tests that need more than one folder.

pub(crate) mod edit;
pub(crate) mod kit;
pub(crate) mod macros;
pub(crate) mod memory;
pub(crate) mod plan;
pub(crate) mod size;
pub(crate) mod stage;
pub(crate) mod yields;
