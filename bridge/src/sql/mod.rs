//! Statements before they are planned: names, arguments, parameters, macros, sizes.

pub(crate) mod export;
pub(crate) mod args;
pub(crate) mod gaps;
pub(crate) mod macros;
pub(crate) mod macros_args;
pub(crate) mod names;
pub(crate) mod params;
pub(crate) mod refs;
pub(crate) mod size;
