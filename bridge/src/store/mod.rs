//! Object stores: opening them, their files, and the one name each has among all tables.

pub(crate) mod export;
#[cfg(any(test, weir_test))]
pub(crate) mod hook;
pub mod hook_abi;
pub(crate) mod folder;
pub(crate) mod hints;
pub(crate) mod log_check;
pub(crate) mod objects;
pub(crate) mod open;
pub(crate) mod place;
pub(crate) mod whole;
