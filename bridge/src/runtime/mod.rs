//! Threads, stops, memory and disk of executions; streams and small tables that cross the border.

pub(crate) mod export;
pub(crate) mod detached;
pub(crate) mod merge_pool;
pub(crate) mod small_table;
pub(crate) mod spill;
pub(crate) mod stoppable;
pub(crate) mod stream;
pub(crate) mod threads;
pub(crate) mod versions;
