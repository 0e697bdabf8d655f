//! A memory pool in which merges of sorted runs starve neither each other nor what is above them.
//!
//! DataFusion's external sort merges its spilled runs with as many at a time as the pool has
//! memory for, and what a merge holds cannot be spilled. Where a sort runs in several
//! partitions, the first to merge takes the whole pool, and the next fails for want of two runs'
//! memory; or the operator that reads from them does. Here each merge leaves the other
//! partitions enough to begin, and all of them together leave as much to the rest; a merge that
//! is refused more memory goes on with fewer runs.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};
use std::sync::{Arc, Mutex, MutexGuard};

use datafusion::common::{Result, resources_datafusion_err};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// How DataFusion names the consumer of a partition's merge, before the partition's number.
const MERGE: &str = "ExternalSorterMerge[";

/// What merges hold now, by consumer, and together.
#[derive(Debug, Default)]
struct Held {
    each: BTreeMap<usize, usize>,
    all: usize,
}

#[derive(Debug)]
pub struct MergePool {
    inner: Arc<dyn MemoryPool>,
    /// The limit of one merge, and of all together.
    each: usize,
    all: usize,
    /// What every consumer may have whatever the others hold: a merge reads its runs with one
    /// consumer and builds its batches with another, which must not be starved by the first.
    kept: usize,
    held: Mutex<Held>,
}

fn merges(reservation: &MemoryReservation) -> bool {
    reservation.consumer().name().starts_with(MERGE)
}

impl MergePool {
    /// `bytes` is the limit of the inner pool. Half of it is shared out, in equal parts, to the
    /// partitions and to the rest; the other half is for who comes first.
    pub fn new(inner: Arc<dyn MemoryPool>, bytes: usize, partitions: usize) -> Self {
        let partitions = partitions.max(1);
        let kept = bytes / 2 / (partitions + 1);
        let (each, all) = (bytes - kept * partitions, bytes - kept);
        Self { inner, each, all, kept, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// A merge may have several reservations, so that its consumer's sum is what counts.
    fn merge(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let consumer = reservation.consumer();
        let mut held = self.held();
        let all = held.all.saturating_add(additional);
        let each = held.each.get(&consumer.id()).copied().unwrap_or(0).saturating_add(additional);
        if each > self.kept && (each > self.each || all > self.all) {
            let (name, most_each, most_all) = (consumer.name(), self.each, self.all);
            return Err(resources_datafusion_err!(
                "{name} would have {each} bytes of {most_each}, and all merges {all} of {most_all}"
            ));
        }
        self.inner.try_grow(reservation, additional)?;
        held.all = all;
        held.each.insert(consumer.id(), each);
        Ok(())
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
        self.held().each.remove(&consumer.id());
        self.inner.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        if merges(reservation) {
            let mut held = self.held();
            held.all += additional;
            *held.each.entry(reservation.consumer().id()).or_default() += additional;
        }
        self.inner.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if merges(reservation) {
            let mut held = self.held();
            held.all = held.all.saturating_sub(shrink);
            let each = held.each.entry(reservation.consumer().id()).or_default();
            *each = each.saturating_sub(shrink);
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
        let bytes = 60 << 20;
        Arc::new(MergePool::new(Arc::new(FairSpillPool::new(bytes)), bytes, partitions))
    }

    #[test]
    fn a_merge_leaves_the_others_and_the_rest_enough_to_begin() {
        let pool = pool(2);
        let first = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        let more = first.new_empty();
        let second = MemoryConsumer::new("ExternalSorterMerge[1]").register(&pool);
        let above = MemoryConsumer::new("SortPreservingMergeExec[0]").register(&pool);
        assert!(first.try_grow(30 << 20).is_ok());
        assert!(more.try_grow(10 << 20).is_ok());
        assert!(more.try_grow(1).is_err());
        assert!(second.try_grow(10 << 20).is_ok());
        assert!(second.try_grow(1).is_err());
        assert!(above.try_grow(10 << 20).is_ok());
    }

    #[test]
    fn what_a_merge_gives_back_others_can_have() {
        let pool = pool(2);
        let first = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        let second = MemoryConsumer::new("ExternalSorterMerge[1]").register(&pool);
        assert!(first.try_grow(40 << 20).is_ok());
        assert!(second.try_grow(40 << 20).is_err());
        first.free();
        assert!(second.try_grow(40 << 20).is_ok());
    }

    #[test]
    fn what_builds_the_batches_of_a_merge_is_not_starved_by_its_runs() {
        let pool = pool(2);
        let runs = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        let batches = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        assert!(runs.try_grow(40 << 20).is_ok());
        assert!(runs.try_grow(1).is_err());
        assert!(batches.try_grow(10 << 20).is_ok());
    }

    #[test]
    fn what_does_not_merge_has_the_whole_pool() {
        let other = MemoryConsumer::new("HashJoinInput").register(&pool(2));
        assert!(other.try_grow(60 << 20).is_ok());
    }
}
