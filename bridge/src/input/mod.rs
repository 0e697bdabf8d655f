//! Inputs of plans: bound by name when they are executed, whatever they are.

pub(crate) mod export;
pub(crate) mod adapt;
pub(crate) mod file_error;
pub(crate) mod filter;
pub(crate) mod late;
pub(crate) mod node;
pub(crate) mod rows;
pub(crate) mod table;
pub(crate) mod table_adapt;
pub(crate) mod table_files;
pub(crate) mod table_prune;
pub(crate) mod table_reader;
pub(crate) mod table_source;
pub(crate) mod table_vector;
