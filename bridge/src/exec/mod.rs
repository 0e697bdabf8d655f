//! Executions: rows for the host, and staged files.

pub(crate) mod cut;
pub(crate) mod export;
pub(crate) mod ipc;
pub(crate) mod pauses;
pub(crate) mod run;
pub(crate) mod stage;
pub(crate) mod stage_encode;
pub(crate) mod stage_sink;
pub(crate) mod stage_stats;
pub(crate) mod tables;
