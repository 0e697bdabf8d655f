//! The border to C: types, codes, errors, panics, shapes of foreign arrays.

pub(crate) mod export;
pub mod abi;
pub mod abi_agg;
pub mod abi_rel;
pub(crate) mod codes;
pub(crate) mod error;
pub(crate) mod error_map;
pub(crate) mod given;
pub(crate) mod guard;
pub(crate) mod layout;
pub(crate) mod point;
