//! A memory pool in which sorts leave each other, and what is above them, room to end.
//!
//! DataFusion's external sort gathers batches until the pool refuses, sorts what it has and merges
//! it; a merge of what is in memory cannot go on with less, and may need more than the batches
//! took: the rows that it compares are copies. So sorts together gather a share of the pool at
//! most, and spill beyond it. What was spilled is merged with as many runs at a time as the pool
//! has memory for, and what such a merge holds cannot be spilled. Where several sorts merge, the
//! first would take the whole pool, and the next fail for want of two runs' memory; or the operator
//! that reads from them. Here each merge leaves the others enough to begin, and all of them
//! together leave as much to the rest; a merge that is refused more memory goes on with fewer
//! runs.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};
use std::sync::{Arc, Mutex, MutexGuard};

use datafusion::common::{Result, resources_datafusion_err};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};

/// How DataFusion names the consumers of a partition's sort, before the partition's number: of
/// what it gathers, and of its merges.
pub(crate) const GATHER: &str = "ExternalSorter[";
pub(crate) const MERGE: &str = "ExternalSorterMerge[";

/// Parts of the pool, in percent.
#[derive(Debug, Clone, Copy)]
pub struct Shares {
    /// What all sorts together may gather before they spill.
    pub gather: usize,
    /// What is kept: a half for merges, in equal parts, and a half for the rest.
    pub merge: usize,
}

/// Which sorts there are, and what merges hold now, by consumer, and together.
#[derive(Debug, Default)]
struct Held {
    sorts: usize,
    merges: usize,
    each: BTreeMap<usize, usize>,
    all: usize,
}

#[derive(Debug)]
pub struct MergePool {
    inner: Arc<dyn MemoryPool>,
    bytes: usize,
    /// At least as many sorts are expected: the first must not take what the next will need.
    partitions: usize,
    shares: Shares,
    held: Mutex<Held>,
}

fn merges(consumer: &MemoryConsumer) -> bool {
    consumer.name().starts_with(MERGE)
}

fn gathers(consumer: &MemoryConsumer) -> bool {
    consumer.name().starts_with(GATHER)
}

impl MergePool {
    /// `bytes` is the limit of the inner pool, less what nobody gives back.
    pub fn new(
        inner: Arc<dyn MemoryPool>,
        bytes: usize,
        partitions: usize,
        shares: Shares,
    ) -> Self {
        Self { inner, bytes, partitions: partitions.max(1), shares, held: Mutex::default() }
    }

    fn share(&self, percent: usize) -> usize {
        self.bytes / 100 * percent.min(100)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// A sort that holds nothing may have one batch, however large: without it it cannot go on.
    fn gather(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let size = reservation.size();
        let each = self.share(self.shares.gather) / self.held().sorts.max(self.partitions);
        if size > 0 && size.saturating_add(additional) > each {
            let name = reservation.consumer().name();
            return Err(resources_datafusion_err!(
                "Failed to allocate additional {} for {name}: sorts gather {} each, and it has {}",
                human_readable_size(additional),
                human_readable_size(each),
                human_readable_size(size)
            ));
        }
        self.inner.try_grow(reservation, additional)
    }

    /// A merge may have several reservations, so that its consumer's sum is what counts. What
    /// every consumer may have is its own whatever the others hold: a merge reads its runs with
    /// one consumer and builds its batches with another, which must not be starved by the first.
    fn merge(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let consumer = reservation.consumer();
        let mut held = self.held();
        let sharers = held.merges.max(self.partitions);
        let rest = self.share(self.shares.merge) / 2;
        let kept = rest / sharers;
        let most_all = self.bytes - rest;
        let most_each = most_all - kept * (sharers - 1);
        let all = held.all.saturating_add(additional);
        let each = held.each.get(&consumer.id()).copied().unwrap_or(0).saturating_add(additional);
        if each > kept && (each > most_each || all > most_all) {
            let name = consumer.name();
            return Err(resources_datafusion_err!(
                "Failed to allocate additional {} for {name}: it would have {} of {}, all merges {} of {}",
                human_readable_size(additional),
                human_readable_size(each),
                human_readable_size(most_each),
                human_readable_size(all),
                human_readable_size(most_all)
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
        let mut held = self.held();
        held.sorts += usize::from(gathers(consumer));
        held.merges += usize::from(merges(consumer));
        drop(held);
        self.inner.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut held = self.held();
        held.sorts -= usize::from(gathers(consumer));
        held.merges -= usize::from(merges(consumer));
        held.each.remove(&consumer.id());
        drop(held);
        self.inner.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        if merges(reservation.consumer()) {
            let mut held = self.held();
            held.all += additional;
            *held.each.entry(reservation.consumer().id()).or_default() += additional;
        }
        self.inner.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if merges(reservation.consumer()) {
            let mut held = self.held();
            held.all = held.all.saturating_sub(shrink);
            let each = held.each.entry(reservation.consumer().id()).or_default();
            *each = each.saturating_sub(shrink);
        }
        self.inner.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if merges(reservation.consumer()) {
            return self.merge(reservation, additional);
        }
        if gathers(reservation.consumer()) {
            return self.gather(reservation, additional);
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
        let bytes = 6000 << 20;
        let shares = Shares { gather: 25, merge: 50 };
        let inner = Arc::new(FairSpillPool::new(bytes));
        Arc::new(MergePool::new(inner, bytes, partitions, shares))
    }

    #[test]
    fn a_merge_leaves_the_others_and_the_rest_enough_to_begin() {
        let pool = pool(2);
        let first = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        let more = first.new_empty();
        let second = MemoryConsumer::new("ExternalSorterMerge[1]").register(&pool);
        let above = MemoryConsumer::new("SortPreservingMergeExec[0]").register(&pool);
        assert!(first.try_grow(3000 << 20).is_ok());
        assert!(more.try_grow(750 << 20).is_ok());
        assert!(more.try_grow(1).is_err());
        assert!(second.try_grow(750 << 20).is_ok());
        assert!(second.try_grow(1).is_err());
        assert!(above.try_grow(1500 << 20).is_ok());
    }

    #[test]
    fn what_a_merge_gives_back_others_can_have() {
        let pool = pool(2);
        let first = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        let second = MemoryConsumer::new("ExternalSorterMerge[1]").register(&pool);
        assert!(first.try_grow(3750 << 20).is_ok());
        assert!(second.try_grow(3750 << 20).is_err());
        first.free();
        assert!(second.try_grow(3750 << 20).is_ok());
    }

    #[test]
    fn what_builds_the_batches_of_a_merge_is_not_starved_by_its_runs() {
        let pool = pool(2);
        let runs = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        let batches = MemoryConsumer::new("ExternalSorterMerge[0]").register(&pool);
        assert!(runs.try_grow(3750 << 20).is_ok());
        assert!(runs.try_grow(1).is_err());
        assert!(batches.try_grow(750 << 20).is_ok());
    }

    #[test]
    fn what_does_not_merge_has_the_whole_pool() {
        let other = MemoryConsumer::new("HashJoinInput").register(&pool(2));
        assert!(other.try_grow(6000 << 20).is_ok());
    }

    #[test]
    fn sorts_gather_a_share_and_one_batch_at_least() {
        let pool = pool(2);
        let sort = |n| {
            MemoryConsumer::new(format!("ExternalSorter[{n}]")).with_can_spill(true).register(&pool)
        };
        let (first, second) = (sort(0), sort(1));
        assert!(first.try_grow(750 << 20).is_ok());
        assert!(first.try_grow(1).is_err());
        assert!(second.try_grow(2000 << 20).is_ok());
        assert!(second.try_grow(1).is_err());
        let third = sort(2);
        first.free();
        assert!(first.try_grow(500 << 20).is_ok());
        assert!(first.try_grow(1).is_err());
        drop(third);
        assert!(first.try_grow(250 << 20).is_ok());
    }
}
