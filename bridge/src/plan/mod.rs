//! Plans: of SQL, as tables, and edited.

pub(crate) mod export;
pub(crate) mod edit;
pub(crate) mod planned;
pub(crate) mod walk;
