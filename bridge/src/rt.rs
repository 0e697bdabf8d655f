//! The runtime that executes everything, and the token that stops it.

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;

use crate::abi::{check_size, in_ref, out_ref, wb_cancel, wb_err, wb_rt, wb_rt_options};
use crate::codes::{E_BAD_VALUE, E_BUG, E_CANCELLED, E_FORKED, E_IO};
use crate::error::{Error, ORIGIN_BRIDGE, Result};
use crate::guard;

thread_local! {
    /// Whether this thread of a runtime is one that waits, and not one that runs tasks.
    static WAITS: Cell<bool> = const { Cell::new(false) };
}

/// Sets `WAITS` as long as it lives.
struct Waiting(bool);

impl Waiting {
    fn set(waits: bool) -> Self {
        Self(WAITS.replace(waits))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITS.set(self.0);
    }
}

/// Runs `work` on a thread of the runtime's blocking pool in which calls that wait are allowed:
/// a stream that the caller gave us may itself be the stream of another query of ours.
pub fn waiting<T>(work: impl FnOnce() -> T) -> T {
    let _set = Waiting::set(true);
    work()
}

/// A runtime; shared by everything made with it, ended with the last of them.
pub struct RtInner {
    handle: Handle,
    io_handle: Option<Handle>,
    pid: u32,
    runtimes: Vec<Runtime>,
}

impl Drop for RtInner {
    fn drop(&mut self) {
        for runtime in self.runtimes.drain(..) {
            if std::process::id() != self.pid {
                // After fork the threads are not there to be told.
                std::mem::forget(runtime);
            } else {
                // A plain drop would wait, and would panic on a thread of the runtime itself.
                runtime.shutdown_background();
            }
        }
    }
}

/// Signals are the host's: a worker must never be the thread that takes one.
fn block_signals() {
    // SAFETY: sigset_t is plain data, filled by sigfillset before its use; both calls only
    // touch this thread.
    unsafe {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
        libc::sigfillset(set.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
    }
}

fn build(name: &str, threads: u32, stack_bytes: usize) -> Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(threads as usize)
        .thread_name(name)
        .thread_stack_size(stack_bytes)
        .on_thread_start(block_signals)
        .enable_all()
        .build()
        .map_err(|e| {
            let message = format!("cannot start the runtime's threads: {e}");
            Error::new(E_IO, ORIGIN_BRIDGE, message)
        })
}

impl RtInner {
    /// Starts the threads.
    pub fn new(options: &wb_rt_options) -> Result<Self> {
        let bad = |what: &str| Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, what));
        if options.threads == 0 {
            return bad("runtime option threads must be at least 1");
        }
        if options.stack_bytes < 64 * 1024 {
            return bad("runtime option stack_bytes must be at least 65536");
        }
        let main = build("weir-engine", options.threads, options.stack_bytes)?;
        let handle = main.handle().clone();
        let mut runtimes = vec![main];
        let mut io_handle = None;
        if options.io_threads > 0 {
            let io = build("weir-io", options.io_threads, options.stack_bytes)?;
            io_handle = Some(io.handle().clone());
            runtimes.push(io);
        }
        Ok(Self { handle, io_handle, pid: std::process::id(), runtimes })
    }

    /// FORKED when this is another process than the one that made the runtime; BUG on one of
    /// the threads that run its tasks, where waiting would deadlock.
    pub fn check(&self) -> Result<()> {
        if std::process::id() != self.pid {
            let message = "the runtime was made before fork; make one after it";
            return Err(Error::new(E_FORKED, ORIGIN_BRIDGE, message));
        }
        if Handle::try_current().is_ok() && !WAITS.get() {
            let message = "a blocking call of the bridge on an engine thread";
            return Err(Error::new(E_BUG, ORIGIN_BRIDGE, message));
        }
        Ok(())
    }

    /// Runs a future on the caller's thread, with the runtime's threads behind it.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output> {
        self.check()?;
        // The future runs tasks on this thread, and tasks do not wait.
        let _set = Waiting::set(false);
        Ok(self.handle.block_on(future))
    }

    /// For spawning; and `handle().enter()` for calls that spawn inside.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The threads for requests to object stores, if they were asked for.
    pub fn io_handle(&self) -> Option<&Handle> {
        self.io_handle.as_ref()
    }

    /// Ends the runtimes, waiting at most `timeout` for their tasks.
    fn shutdown(mut self, timeout: Duration) {
        if self.check().is_ok() {
            for runtime in self.runtimes.drain(..) {
                runtime.shutdown_timeout(timeout);
            }
        }
    }
}

#[derive(Default)]
struct CancelInner {
    fired: AtomicBool,
    notify: Notify,
}

/// Asks work to stop. Clones share one flag.
#[derive(Clone, Default)]
pub struct CancelToken(Arc<CancelInner>);

impl CancelToken {
    /// A token that is not fired.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fires, for good.
    pub fn fire(&self) {
        self.0.fired.store(true, Ordering::Release);
        self.0.notify.notify_waiters();
    }

    /// Whether it was fired.
    pub fn is_fired(&self) -> bool {
        self.0.fired.load(Ordering::Acquire)
    }

    /// CANCELLED if fired.
    pub fn check(&self) -> Result<()> {
        if self.is_fired() { Err(cancelled()) } else { Ok(()) }
    }

    /// Completes when fired.
    pub async fn fired(&self) {
        loop {
            let notified = self.0.notify.notified();
            tokio::pin!(notified);
            // Registers before the flag is read, so that no firing falls in between.
            notified.as_mut().enable();
            if self.is_fired() {
                return;
            }
            notified.await;
        }
    }

    /// Runs a future until it ends or the token fires (then the future is dropped).
    pub async fn run<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        self.check()?;
        tokio::select! {
            biased;
            () = self.fired() => Err(cancelled()),
            result = future => result,
        }
    }
}

/// The error of work that was asked to stop.
pub fn cancelled() -> Error {
    Error::new(E_CANCELLED, ORIGIN_BRIDGE, "cancelled by the caller")
}

/// Starts a runtime. `threads` run the engine, `io_threads` the object stores (0: the engine's
/// own do both).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_rt_new(
    options: *const wb_rt_options,
    out: *mut *mut wb_rt,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_rt_new", err, || {
        // SAFETY: the contract says that both pointers are valid.
        let (options, out) = unsafe { (in_ref(options)?, out_ref(out)?) };
        *out = std::ptr::null_mut();
        check_size::<wb_rt_options>(options.struct_size)?;
        guard::keep_quiet();
        let inner = Arc::new(RtInner::new(options)?);
        *out = Box::into_raw(Box::new(wb_rt { inner }));
        Ok(())
    })
}

/// Waits at most timeout_ms for tasks, then leaves them. What was made with the runtime keeps
/// it alive; then there is no waiting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_rt_free(rt: *mut wb_rt, timeout_ms: u64) {
    if rt.is_null() {
        return;
    }
    guard::quiet("wb_rt_free", || {
        // SAFETY: the handle came from Box::into_raw above, and this is its last use.
        let rt = unsafe { Box::from_raw(rt) };
        if let Some(inner) = Arc::into_inner(rt.inner) {
            inner.shutdown(Duration::from_millis(timeout_ms));
        }
    });
}

/// A token that asks executions to stop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_cancel_new(out: *mut *mut wb_cancel, err: *mut wb_err) -> i32 {
    guard::entry("wb_cancel_new", err, || {
        // SAFETY: the contract says that the pointer is valid.
        let out = unsafe { out_ref(out)? };
        *out = Box::into_raw(Box::new(wb_cancel { token: CancelToken::new() }));
        Ok(())
    })
}

/// Fires the token: idempotent, from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_cancel_fire(cancel: *mut wb_cancel) {
    // SAFETY: the contract says that the token is live.
    if let Some(cancel) = unsafe { cancel.as_ref() } {
        guard::quiet("wb_cancel_fire", || cancel.token.fire());
    }
}

/// Frees a token; executions that were given it keep their own share.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_cancel_free(cancel: *mut wb_cancel) {
    if !cancel.is_null() {
        // SAFETY: the handle came from Box::into_raw above, and this is its last use.
        guard::quiet("wb_cancel_free", || drop(unsafe { Box::from_raw(cancel) }));
    }
}
