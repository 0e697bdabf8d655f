//! Executions: a physical plan with its own limits, run once.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::common::config::ConfigNonZeroUsize;
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryPool, MemoryReservation, PeakRecordingPool, TrackConsumersPool, UnboundedMemoryPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use tokio::runtime::Handle;

use crate::edge::abi::wb_exec_options;
use crate::edge::codes::{E_BAD_VALUE, E_BUG, E_STREAM_USED};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::edge::given::check_size;
use crate::exec::pauses;
use crate::exec::cut::{self, Widths};
use crate::input::late::Bindings;
use crate::plan::edit::tie_sort;
use crate::plan::planned::PlanInner;
use crate::runtime::detached::Detached;
use crate::runtime::merge_pool::{MergePool, Shares};
use crate::runtime::spill::LazySpill;
use crate::runtime::threads::{CancelToken, RtInner, until};
use crate::session::sess::SessInner;

/// How many memory consumers an error of the pool names.
const TOP_CONSUMERS: NonZeroUsize = NonZeroUsize::new(5).unwrap();

/// The name of rows in memory in such an error.
const INPUTS: &str = "BoundRows";

/// An execution.
#[allow(non_camel_case_types)]
pub struct wb_exec {
    pub(crate) inner: Arc<ExecInner>,
}

/// What an execution is made from.
pub(crate) struct ExecSpec {
    pub partitions: usize,
    pub batch_rows: usize,
    pub memory_bytes: usize,
    pub spill_dir: Option<PathBuf>,
    pub spill_bytes: u64,
    pub no_hash_join: bool,
    pub shares: Shares,
    /// 0: the session's
    pub sort_in_place_bytes: usize,
    /// 0: the session's
    pub sort_reserve_bytes: usize,
    pub widths: Widths,
}

/// An execution and what it runs on.
pub(crate) struct ExecInner {
    pub rt: Arc<RtInner>,
    pub cancel: Option<CancelToken>,
    pub plan: Arc<dyn ExecutionPlan>,
    task: Arc<TaskContext>,
    pool: Arc<PeakRecordingPool>,
    /// Of rows that were bound in memory.
    _inputs: MemoryReservation,
    used: AtomicBool,
}

fn bad(what: impl Into<String>) -> Error {
    Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, what)
}

/// `held` of the memory are rows of inputs, which stay.
pub(crate) fn pool(spec: &ExecSpec, held: usize) -> Arc<dyn MemoryPool> {
    let bytes = spec.memory_bytes;
    if bytes == 0 {
        return Arc::new(UnboundedMemoryPool::default());
    }
    let fair = Arc::new(TrackConsumersPool::new(FairSpillPool::new(bytes), TOP_CONSUMERS));
    Arc::new(MergePool::new(fair, bytes.saturating_sub(held), spec.partitions, spec.shares))
}

fn environment(
    base: &RuntimeEnv,
    spec: &ExecSpec,
    pool: Arc<dyn MemoryPool>,
) -> Result<Arc<RuntimeEnv>> {
    let disks = DiskManagerBuilder::default().with_mode(match &spec.spill_dir {
        Some(dir) => {
            DiskManagerMode::Custom(Arc::new(LazySpill::new(dir.clone(), spec.spill_bytes)))
        }
        None => DiskManagerMode::Disabled,
    });
    let environment = RuntimeEnvBuilder::from_runtime_env(base)
        .with_memory_pool(pool)
        .with_disk_manager_builder(disks)
        .with_object_store_registry(Arc::clone(&base.object_store_registry))
        .build_arc()?;
    Ok(environment)
}

impl ExecInner {
    /// Makes the physical plan; nothing runs yet.
    pub fn new(
        sess: &Arc<SessInner>,
        plan: &PlanInner,
        bindings: Arc<Bindings>,
        spec: &ExecSpec,
        cancel: Option<CancelToken>,
    ) -> Result<Self> {
        Self::with_pool(sess, plan, bindings, spec, cancel, |held| pool(spec, held))
    }

    /// With a pool in place of the one that the options tell, made for what the inputs hold.
    pub fn with_pool(
        sess: &Arc<SessInner>,
        plan: &PlanInner,
        bindings: Arc<Bindings>,
        spec: &ExecSpec,
        cancel: Option<CancelToken>,
        pool: impl FnOnce(usize) -> Arc<dyn MemoryPool>,
    ) -> Result<Self> {
        if !plan.optimized {
            let message = "the plan was not optimised: wb_plan_optimize comes before execution";
            return Err(Error::new(E_BUG, ORIGIN_BRIDGE, message));
        }
        if !Arc::ptr_eq(sess, &plan.sess) {
            let message = "the plan belongs to another session";
            return Err(Error::new(E_BUG, ORIGIN_BRIDGE, message));
        }
        if spec.partitions == 0 || spec.batch_rows == 0 {
            return Err(bad("partitions and batch_rows must be at least 1"));
        }
        let mut state = sess.planning_state()?;
        let config = state.config_mut();
        let options = config.options_mut();
        options.execution.target_partitions = spec.partitions;
        options.execution.batch_size = ConfigNonZeroUsize::try_new(spec.batch_rows)?;
        if spec.no_hash_join {
            options.optimizer.prefer_hash_join = false;
        }
        if spec.sort_reserve_bytes > 0 {
            options.execution.sort_spill_reservation_bytes = spec.sort_reserve_bytes;
        }
        if spec.sort_in_place_bytes > 0 {
            options.execution.sort_in_place_threshold_bytes = spec.sort_in_place_bytes;
        }
        let read = bindings.of_plan(&plan.plan)?;
        let held = read.held_bytes();
        let pool = Arc::new(PeakRecordingPool::new(pool(held)));
        let inputs = MemoryConsumer::new(INPUTS).register(&(Arc::clone(&pool) as _));
        inputs.try_grow(held)?;
        let widths = match read.once() {
            true => Widths { wide_bytes: 0, ..spec.widths },
            false => spec.widths,
        };
        config.set_extension(bindings);
        let options = Arc::clone(state.config_options());
        state.execution_props_mut().config_options = Some(options);
        let environment = environment(state.runtime_env(), spec, Arc::clone(&pool) as _)?;
        let task = TaskContext::from(&state).with_runtime(environment);
        let planner = Arc::clone(state.query_planner());
        let physical = async { Ok(planner.create_physical_plan(&plan.plan, &state).await?) };
        let physical = sess.rt.block_on(until(cancel.as_ref(), physical))??;
        let physical = pauses::apply(tie_sort::apply(physical)?, cancel.as_ref())?;
        Ok(Self {
            rt: Arc::clone(&sess.rt),
            cancel,
            plan: cut::fit(physical, widths)?,
            task: Arc::new(task),
            pool,
            _inputs: inputs,
            used: AtomicBool::new(false),
        })
    }

    /// Starts it; a second start is STREAM_USED, because a physical plan keeps state.
    pub fn start(&self) -> Result<SendableRecordBatchStream> {
        Ok(self.start_on()?.0)
    }

    /// The same, and the threads that make the rows.
    pub fn start_on(&self) -> Result<(SendableRecordBatchStream, Handle)> {
        if self.used.swap(true, Ordering::AcqRel) {
            let message = "the execution was started already; make a new one to run it again";
            return Err(Error::new(E_STREAM_USED, ORIGIN_BRIDGE, message));
        }
        self.rt.check()?;
        if let Some(token) = &self.cancel {
            token.check()?;
        }
        let place = self.rt.place();
        let stream = {
            // Operators spawn as they start.
            let _inside = place.handle.enter();
            execute_stream(Arc::clone(&self.plan), Arc::clone(&self.task))?
        };
        let threads = place.handle.clone();
        Ok((Box::pin(Detached::new(stream, place)), threads))
    }

    /// For what reads the rows.
    pub fn pool(&self) -> Arc<dyn MemoryPool> {
        Arc::<PeakRecordingPool>::clone(&self.pool)
    }

    /// The most bytes that were reserved at one time.
    pub fn peak_bytes(&self) -> i64 {
        i64::try_from(self.pool.max_reserved()).unwrap_or(i64::MAX)
    }
}

pub(crate) unsafe fn spec_of(options: &wb_exec_options) -> Result<ExecSpec> {
    check_size::<wb_exec_options>(options.struct_size)?;
    // SAFETY: the caller's promise.
    let dir = unsafe { options.spill_dir.to_str()? };
    let size = |n: u64| {
        usize::try_from(n).map_err(|_| bad("a number of bytes is more than there are addresses"))
    };
    Ok(ExecSpec {
        partitions: options.partitions as usize,
        batch_rows: options.batch_rows as usize,
        memory_bytes: size(options.memory_bytes)?,
        spill_dir: (!dir.is_empty()).then(|| PathBuf::from(dir)),
        spill_bytes: options.spill_bytes,
        no_hash_join: options.no_hash_join,
        shares: Shares {
            gather: options.gather_percent as usize,
            merge: options.merge_percent as usize,
        },
        sort_in_place_bytes: size(options.sort_in_place_bytes)?,
        sort_reserve_bytes: size(options.sort_reserve_bytes)?,
        widths: Widths {
            cut_bytes: size(options.cut_bytes)?,
            wide_bytes: size(options.wide_bytes)?,
            top_rows: options.top_rows as usize,
        },
    })
}
