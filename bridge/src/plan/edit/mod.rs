//! Edits of a plan that the host asked for.

pub(crate) mod edits;
pub(crate) mod exact;
pub(crate) mod nodes;
pub(crate) mod rewrite;
pub(crate) mod star;
pub(crate) mod tie_sort;
