//! A memory pool in which merges of sorted runs starve neither each other nor what is above them.
//!
//! DataFusion's external sort merges its spilled runs with as many at a time as the pool has
//! memory for, and what a merge holds cannot be spilled. Where a sort runs in several
//! partitions, the first to merge takes the whole pool, and the next fails for want of two runs'
//! memory; or the operator that reads from them does. Here each merge leaves the other
//! partitions enough to begin, and all of them together leave as much to the rest; a merge that
//! is refused more memory goes on with fewer runs.

use std::fmt::{Display, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::{Result, resources_datafusion_err};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// How DataFusion names the consumer of a partition's merge, before the partition's number.
const MERGE: &str = "ExternalSorterMerge[";

/// What is kept for each other partition and for the rest, unless the pool is too small for that:
/// the engine reserves as much before it begins to sort (`sort_spill_reservation_bytes`).
const KEPT: usize = 10 << 20;

#[derive(Debug)]
pub struct MergePool {
    inner: Arc<dyn MemoryPool>,
    /// The limit of one merge, and of all together.
    each: usize,
    all: usize,
    /// What merges hold now.
    held: AtomicUsize,
}

fn merges(reservation: &MemoryReservation) -> bool {
    reservation.consumer().name().starts_with(MERGE)
}

impl MergePool {
    /// `bytes` is the limit of the inner pool.
    pub fn new(inner: Arc<dyn MemoryPool>, bytes: usize, partitions: usize) -> Self {
        let partitions = partitions.max(1);
        let kept = KEPT.min(bytes / 2 / (partitions + 1));
        let (each, all) = (bytes - kept * partitions, bytes - kept);
        Self { inner, each, all, held: AtomicUsize::new(0) }
    }

    fn merge(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let wanted = reservation.size().saturating_add(additional);
        let held = self.held.fetch_add(additional, Ordering::Relaxed).saturating_add(additional);
        let result = if wanted > self.each || held > self.all {
            let name = reservation.consumer().name();
            Err(resources_datafusion_err!(
                "{name} would have {wanted} bytes of {} and all merges {held} of {}",
                self.each,
                self.all
            ))
        } else {
            self.inner.try_grow(reservation, additional)
        };
        if result.is_err() {
            self.held.fetch_sub(additional, Ordering::Relaxed);
        }
        result
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
        if merges(reservation) {
            self.held.fetch_add(additional, Ordering::Relaxed);
        }
        self.inner.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if merges(reservation) {
            self.held.fetch_sub(shrink, Ordering::Relaxed);
        }
        self.inner.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if merges(reservation) {
            return self.merge(reservation, additional);
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

    fn pool(partitions: usize) -> Arc<dyn MemoryPool> {
        let bytes = 64 << 20;
        Arc::new(MergePool::new(Arc::new(FairSpillPool::new(bytes)), bytes, partitions))
    }

    #[test]
    fn a_merge_leaves_the_others_and_the_rest_enough_to_begin() {
        let pool = pool(2);
        let first = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        let second = MemoryConsumer::new("ExternalSorterMerge[1]").register(&pool);
        let above = MemoryConsumer::new("SortPreservingMergeExec[0]").register(&pool);
        assert!(first.try_grow(44 << 20).is_ok());
        assert!(first.try_grow(1).is_err());
        assert!(second.try_grow(10 << 20).is_ok());
        assert!(second.try_grow(1).is_err());
        assert!(above.try_grow(10 << 20).is_ok());
    }

    #[test]
    fn what_a_merge_gives_back_others_can_have() {
        let pool = pool(2);
        let first = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        let second = MemoryConsumer::new("ExternalSorterMerge[1]").register(&pool);
        assert!(first.try_grow(44 << 20).is_ok());
        assert!(second.try_grow(44 << 20).is_err());
        first.free();
        assert!(second.try_grow(44 << 20).is_ok());
    }

    #[test]
    fn what_does_not_merge_has_the_whole_pool() {
        let other = MemoryConsumer::new("HashJoinInput").register(&pool(2));
        assert!(other.try_grow(64 << 20).is_ok());
    }
}
