//! A memory pool in which no merge of sorted runs can starve the others.
//!
//! DataFusion's external sort merges its spilled runs with as many at a time as the pool has
//! memory for, and what a merge holds cannot be spilled. Where a sort runs in several
//! partitions, the first to merge takes the whole pool, and the next fails for want of two runs'
//! memory. Here each merge leaves the other partitions enough to begin; a merge that is refused
//! more memory goes on with fewer runs.

use std::fmt::{Display, Formatter};
use std::sync::Arc;

use datafusion::common::{Result, resources_datafusion_err};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// How DataFusion names the consumer of a partition's merge, before the partition's number.
const MERGE: &str = "ExternalSorterMerge[";

/// What is kept for each other partition, unless the pool is too small for that: the engine
/// reserves as much before it begins to sort (`sort_spill_reservation_bytes`).
const KEPT: usize = 10 << 20;

#[derive(Debug)]
pub struct MergePool {
    inner: Arc<dyn MemoryPool>,
    most: usize,
}

impl MergePool {
    /// `bytes` is the limit of the inner pool.
    pub fn new(inner: Arc<dyn MemoryPool>, bytes: usize, partitions: usize) -> Self {
        let kept = KEPT.min(bytes / (2 * partitions.max(1)));
        Self { inner, most: bytes - kept * (partitions.max(1) - 1) }
    }
}

impl Display for MergePool {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        Display::fmt(&self.inner, f)
    }
}

impl MemoryPool for MergePool {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.inner.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.inner.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.inner.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.inner.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let consumer = reservation.consumer();
        let wanted = reservation.size().saturating_add(additional);
        if wanted > self.most && consumer.name().starts_with(MERGE) {
            return Err(resources_datafusion_err!(
                "{} wants {wanted} bytes, a merge may have {}",
                consumer.name(),
                self.most
            ));
        }
        self.inner.try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.inner.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.inner.memory_limit()
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::FairSpillPool;

    use super::*;

    #[test]
    fn a_merge_leaves_the_others_enough_to_begin() {
        let bytes = 64 << 20;
        let inner = Arc::new(FairSpillPool::new(bytes));
        let pool: Arc<dyn MemoryPool> = Arc::new(MergePool::new(inner, bytes, 2));
        let first = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        let second = MemoryConsumer::new("ExternalSorterMerge[1]").register(&pool);
        assert!(first.try_grow(54 << 20).is_ok());
        assert!(first.try_grow(1).is_err());
        assert!(second.try_grow(10 << 20).is_ok());
        assert!(second.try_grow(1).is_err());
    }

    #[test]
    fn others_and_a_single_partition_have_the_whole_pool() {
        let bytes = 64 << 20;
        let inner = Arc::new(FairSpillPool::new(bytes));
        let pool: Arc<dyn MemoryPool> = Arc::new(MergePool::new(inner, bytes, 2));
        let other = MemoryConsumer::new("HashJoinInput").register(&pool);
        assert!(other.try_grow(bytes).is_ok());
        let inner = Arc::new(FairSpillPool::new(bytes));
        let pool: Arc<dyn MemoryPool> = Arc::new(MergePool::new(inner, bytes, 1));
        let merge = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        assert!(merge.try_grow(bytes).is_ok());
    }
}
