//! A C ABI over DataFusion and delta-rs: mechanism only.
#![deny(
    unsafe_op_in_unsafe_fn,
    missing_docs,
    improper_ctypes_definitions,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::missing_safety_doc)]

pub mod edge;
mod runtime;
pub mod store;
mod snapshot;
mod input;
mod function;
mod sql;
mod relation;
mod session;
mod plan;
mod exec;

#[cfg(test)]
mod tests;
