//! Executions: a physical plan with its own limits, run once.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::ffi_stream::FFI_ArrowArrayStream;
use datafusion::common::config::ConfigNonZeroUsize;
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryPool, PeakRecordingPool, TrackConsumersPool, UnboundedMemoryPool,
};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};

use crate::abi::{check_size, in_ref, out_ref, wb_cancel, wb_err, wb_exec_options, wb_sess};
use crate::codes::{E_BAD_VALUE, E_BUG, E_STREAM_USED};
use crate::error::{Error, ORIGIN_BRIDGE, Result};
use crate::input::{Bindings, wb_bind};
use crate::merge_pool::MergePool;
use crate::plan::{PlanInner, wb_plan};
use crate::rt::{CancelToken, RtInner, until};
use crate::sess::SessInner;
use crate::spill::LazySpill;
use crate::yields::{self, Detached};
use crate::{exec_tables, guard, stream, tie_sort};

/// How many memory consumers an error of the pool names.
const TOP_CONSUMERS: NonZeroUsize = NonZeroUsize::new(5).unwrap();

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
}

/// An execution and what it runs on.
pub(crate) struct ExecInner {
    pub rt: Arc<RtInner>,
    pub cancel: Option<CancelToken>,
    pub plan: Arc<dyn ExecutionPlan>,
    task: Arc<TaskContext>,
    pool: Arc<PeakRecordingPool>,
    used: AtomicBool,
}

fn bad(what: impl Into<String>) -> Error {
    Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, what)
}

fn pool(bytes: usize, partitions: usize) -> Arc<PeakRecordingPool> {
    let inner: Arc<dyn MemoryPool> = if bytes == 0 {
        Arc::new(UnboundedMemoryPool::default())
    } else {
        let fair = Arc::new(TrackConsumersPool::new(FairSpillPool::new(bytes), TOP_CONSUMERS));
        // One partition has nobody to starve, and its sort merges what it holds in memory too.
        if partitions > 1 { Arc::new(MergePool::new(fair, bytes, partitions)) } else { fair }
    };
    Arc::new(PeakRecordingPool::new(inner))
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
        config.set_extension(bindings);
        let options = Arc::clone(state.config_options());
        state.execution_props_mut().config_options = Some(options);
        let pool = pool(spec.memory_bytes, spec.partitions);
        let environment = environment(state.runtime_env(), spec, Arc::clone(&pool) as _)?;
        let task = TaskContext::from(&state).with_runtime(environment);
        let planner = Arc::clone(state.query_planner());
        let physical = async { Ok(planner.create_physical_plan(&plan.plan, &state).await?) };
        let physical = sess.rt.block_on(until(cancel.as_ref(), physical))??;
        let physical = yields::apply(tie_sort::apply(physical)?, cancel.as_ref())?;
        Ok(Self {
            rt: Arc::clone(&sess.rt),
            cancel,
            plan: physical,
            task: Arc::new(task),
            pool,
            used: AtomicBool::new(false),
        })
    }

    /// Starts it; a second start is STREAM_USED, because a physical plan keeps state.
    pub fn start(&self) -> Result<SendableRecordBatchStream> {
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
        Ok(Box::pin(Detached::new(stream, place)))
    }

    /// The most bytes that were reserved at one time.
    pub fn peak_bytes(&self) -> u64 {
        u64::try_from(self.pool.max_reserved()).unwrap_or(u64::MAX)
    }
}

impl wb_exec {
    /// Starts it: the rows, what they run on, and what stops them.
    pub(crate) fn take_stream(
        &self,
    ) -> Result<(Arc<RtInner>, SendableRecordBatchStream, Option<CancelToken>)> {
        let rows = self.inner.start()?;
        Ok((Arc::clone(&self.inner.rt), rows, self.inner.cancel.clone()))
    }
}

unsafe fn spec_of(options: &wb_exec_options) -> Result<ExecSpec> {
    check_size::<wb_exec_options>(options.struct_size)?;
    // SAFETY: the caller's promise.
    let dir = unsafe { options.spill_dir.to_str()? };
    let size = |n: u64| {
        usize::try_from(n).map_err(|_| bad("memory_bytes is more than there are addresses"))
    };
    Ok(ExecSpec {
        partitions: options.partitions as usize,
        batch_rows: options.batch_rows as usize,
        memory_bytes: size(options.memory_bytes)?,
        spill_dir: (!dir.is_empty()).then(|| PathBuf::from(dir)),
        spill_bytes: options.spill_bytes,
        no_hash_join: options.no_hash_join,
    })
}

/// An execution of a plan that was optimised by the same session, over these bindings; bind
/// and cancel may be NULL. What is bound later is not seen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_exec_new(
    sess: *mut wb_sess,
    plan: *const wb_plan,
    bind: *const wb_bind,
    options: *const wb_exec_options,
    cancel: *const wb_cancel,
    out: *mut *mut wb_exec,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_exec_new", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let out = unsafe { out_ref(out)? };
        *out = std::ptr::null_mut();
        // SAFETY: as above.
        let (sess, plan, bind, spec, cancel) = unsafe {
            (
                in_ref(sess.cast_const())?,
                in_ref(plan)?,
                bind.as_ref(),
                spec_of(in_ref(options)?)?,
                cancel.as_ref().map(|cancel| cancel.token.clone()),
            )
        };
        let bindings = bind.map(wb_bind::bindings).unwrap_or_default();
        let make = || ExecInner::new(&sess.inner, &plan.inner, bindings, &spec, cancel);
        let inner = plan.inner.with_room(make)?;
        *out = Box::into_raw(Box::new(wb_exec { inner: Arc::new(inner) }));
        Ok(())
    })
}

/// The rows, in one stream; STREAM_USED the second time, and after wb_exec_stage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_exec_stream(
    exec: *mut wb_exec,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_exec_stream", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let exec = unsafe {
            stream::zero(out)?;
            in_ref(exec.cast_const())?
        };
        let (rt, rows, cancel) = exec.take_stream()?;
        let keep = Box::new(Arc::clone(&exec.inner));
        // SAFETY: zeroed above.
        unsafe { stream::export_stream(&rt, rows, cancel, keep, out) }
    })
}

/// A flat table about the execution (wb_exec_table); metrics grow while it runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_exec_table_read(
    exec: *const wb_exec,
    which: i32,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_exec_table_read", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let exec = unsafe {
            stream::zero(out)?;
            in_ref(exec)?
        };
        let batch = exec_tables::table(&exec.inner.plan, which)?;
        // SAFETY: zeroed above.
        unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
    })
}

/// The most bytes that the execution's pool had given out at one time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_exec_peak_bytes(exec: *const wb_exec) -> u64 {
    let mut bytes = 0;
    guard::quiet("wb_exec_peak_bytes", || {
        // SAFETY: the contract says that the execution is live.
        bytes = unsafe { exec.as_ref() }.map_or(0, |exec| exec.inner.peak_bytes());
    });
    bytes
}

/// Frees an execution; a stream of it keeps its own share.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_exec_free(exec: *mut wb_exec) {
    if exec.is_null() {
        return;
    }
    guard::quiet("wb_exec_free", || {
        // SAFETY: the handle came from Box::into_raw above, and this is its last use.
        let exec = unsafe { Box::from_raw(exec) };
        // Dropping a plan may abort tasks: those live on the runtime.
        let rt = Arc::clone(&exec.inner.rt);
        let _inside = rt.handle().enter();
        drop(exec);
    });
}
