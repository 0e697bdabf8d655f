//! A C ABI over DataFusion and delta-rs: mechanism only.
#![deny(
    unsafe_op_in_unsafe_fn,
    improper_ctypes_definitions,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::missing_safety_doc)]

pub mod abi;
pub mod abi_agg;
mod adapt;
mod bind_stream;
mod bounds;
mod calls;
mod canon;
mod codes;
mod cut_exec;
mod delta_text;
mod detached;
mod edit;
mod edit_nodes;
mod error;
mod error_map;
mod exact;
mod exec;
mod exec_tables;
mod expr_text;
mod file_error;
mod gaps;
mod guard;
mod host_settings;
mod input;
mod input_exec;
mod input_filter;
mod ipc;
mod layout;
mod log_check;
mod log_view;
mod macros;
mod macros_args;
mod merge_pool;
mod not_in;
mod other_name;
mod params;
mod plan;
mod plan_exprs;
mod plan_nodes;
mod plan_rows;
mod plan_tables;
mod rel;
pub mod rel_abi;
mod rel_columns;
mod rel_exec;
mod rel_node;
mod rel_sql;
mod rel_stream;
mod replace;
mod rewrite;
mod rt;
mod rules;
mod series;
mod sess;
mod sess_macros;
mod sess_rules;
mod sess_tables;
mod size;
mod small_table;
mod snap;
mod snap_error;
mod snap_files;
mod spill;
mod sql;
mod sql_args;
mod sql_names;
mod stage;
mod stage_sink;
mod stage_stats;
mod star;
mod star_edit;
mod stoppable;
mod store;
pub mod store_hook;
mod store_local;
mod store_open;
mod store_place;
mod stream;
mod table_adapt;
pub mod table_bound;
mod table_files;
mod table_prune;
mod table_reader;
mod table_source;
mod table_vector;
mod tie_sort;
mod udaf;
mod udaf_acc;
mod udaf_call;
mod udf;
mod udf_call;
mod udf_spec;
mod versions;
mod whole_file;
mod yields;

#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod memory_tests;
#[cfg(test)]
mod macros_tests;
#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod size_tests;
#[cfg(test)]
mod test_kit;
#[cfg(test)]
mod test_stage;
#[cfg(test)]
mod yields_tests;
