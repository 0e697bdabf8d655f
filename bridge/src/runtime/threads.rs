//! The threads that execute everything, and the token that stops it.
//!
//! Executions run on runtimes of their own, so that one that does not yield, or goes on for a
//! while after it was cancelled, keeps nobody else waiting. Everything else (log reads, objects,
//! the timers of retries, planning) is on the I/O runtime, where no rows are computed.

use std::thread;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;

use crate::edge::abi::wb_rt_options;
use crate::edge::codes::{E_BAD_VALUE, E_BUG, E_CANCELLED, E_FORKED, E_THREADS};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};

thread_local! {
    /// Whether this thread of a runtime is one that waits, and not one that runs tasks.
    static WAITS: Cell<bool> = const { Cell::new(false) };
    /// What stops the call that this thread is in.
    static CURRENT: RefCell<Option<CancelToken>> = const { RefCell::new(None) };
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

/// Runs a call that the token stops wherever it waits, and where it asks `current`; NULL: nothing
/// stops it.
///
/// # Safety
/// `cancel` must be NULL or live.
pub unsafe fn under<T>(cancel: *const wb_cancel, call: impl FnOnce() -> Result<T>) -> Result<T> {
    /// Puts back what was there.
    struct Back(Option<CancelToken>);
    impl Drop for Back {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    // SAFETY: the caller's promise.
    let token = unsafe { cancel.as_ref() }.map(|cancel| cancel.token.clone());
    let _back = Back(CURRENT.replace(token));
    call()
}

/// What stops the call that this thread is in.
pub fn current() -> Option<CancelToken> {
    CURRENT.with_borrow(Clone::clone)
}

/// A runtime of executions.
struct Room {
    runtime: Runtime,
    /// The executions that have it.
    guests: usize,
    /// Whether one went before its end, whose tasks may be at work still.
    left: bool,
}

impl Room {
    fn new(runtime: Runtime) -> Self {
        Self { runtime, guests: 0, left: false }
    }

    /// What an execution has to share it with.
    fn crowd(&mut self) -> usize {
        self.left = self.left && self.runtime.metrics().num_alive_tasks() > 0;
        self.guests + usize::from(self.left)
    }
}

/// A runtime: the threads.
#[allow(non_camel_case_types)]
pub struct wb_rt {
    pub(crate) inner: Arc<RtInner>,
}

/// A token that asks executions to stop.
#[allow(non_camel_case_types)]
pub struct wb_cancel {
    pub(crate) token: CancelToken,
}

/// A runtime; shared by everything made with it, ended with the last of them.
pub struct RtInner {
    handle: Handle,
    io_handle: Option<Handle>,
    pid: u32,
    threads: u32,
    stack_bytes: usize,
    io: Option<Runtime>,
    /// At least one, and no more than `max_rooms`; none goes before the end.
    rooms: Mutex<Vec<Room>>,
    max_rooms: usize,
}

/// A place for one execution.
pub struct Place {
    rt: Arc<RtInner>,
    room: usize,
    /// For its tasks, and to be entered where they start or end.
    pub handle: Handle,
    /// Whether it came to its end, so that no task of it is left.
    pub ended: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(room) = self.rt.rooms().get_mut(self.room) {
            room.guests -= 1;
            room.left |= !self.ended;
        }
    }
}

impl Drop for RtInner {
    fn drop(&mut self) {
        for runtime in self.runtimes() {
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
    let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigset_t is plain data, which this fills.
    unsafe { libc::sigfillset(set.as_mut_ptr()) };
    // SAFETY: the set is filled; only this thread's mask changes.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut()) };
}

/// Threads of each runtime's blocking pool that are started with it and never end. The runtime
/// queues blocking work for them when the system has no more threads to give; without them that
/// work would wait for ever.
const BLOCKING: usize = 4;

/// How long a thread that was made may take to run.
const START: Duration = Duration::from_secs(30);

fn no_threads(threads: usize, why: &std::io::Error) -> Error {
    let message = format!("cannot start {threads} threads for the engine: {why}");
    let os_error = why.raw_os_error().unwrap_or_default();
    Error { os_error, ..Error::new(E_THREADS, ORIGIN_BRIDGE, message) }
}

/// A door that all pass together.
#[derive(Default)]
struct Gate {
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Gate {
    /// Comes to it and waits until it is opened.
    fn pass(&self) {
        let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
        state.0 += 1;
        self.changed.notify_all();
        while !state.1 {
            state = self.changed.wait(state).unwrap_or_else(|e| e.into_inner());
        }
    }

    /// Waits until `n` have come; false: not in time.
    fn wait_for(&self, n: usize) -> bool {
        let state = self.state.lock().unwrap_or_else(|e| e.into_inner());
        let waited = self.changed.wait_timeout_while(state, START, |(come, _)| *come < n);
        waited.is_ok_and(|(_, timeout)| !timeout.timed_out())
    }

    fn open(&self) {
        self.state.lock().unwrap_or_else(|e| e.into_inner()).1 = true;
        self.changed.notify_all();
    }
}

/// Makes as many threads as will be needed, all at one time, and ends them: the runtime itself
/// panics, or waits for ever, for one that it cannot have.
fn try_threads(n: usize, stack_bytes: usize) -> Result<()> {
    let gate = Arc::new(Gate::default());
    let mut made = Vec::with_capacity(n);
    let mut failed = None;
    for _ in 0..n {
        let door = Arc::clone(&gate);
        let work = move || {
            block_signals();
            door.pass();
        };
        match thread::Builder::new().stack_size(stack_bytes).spawn(work) {
            Ok(thread) => made.push(thread),
            Err(e) => {
                failed = Some(no_threads(n, &e));
                break;
            }
        }
    }
    gate.open();
    for thread in made {
        // They cannot panic.
        let _ = thread.join();
    }
    failed.map_or(Ok(()), Err)
}

/// Starts the blocking pool's threads; fails if they, or a worker before them, do not come.
fn start_blocking(runtime: &Runtime) -> Result<()> {
    let gate = Arc::new(Gate::default());
    for _ in 0..BLOCKING {
        let door = Arc::clone(&gate);
        runtime.spawn_blocking(move || door.pass());
    }
    let all = gate.wait_for(BLOCKING);
    gate.open();
    if all { Ok(()) } else { Err(no_threads(BLOCKING, &std::io::Error::from_raw_os_error(libc::EAGAIN))) }
}

fn build(name: &str, threads: u32, stack_bytes: usize) -> Result<Runtime> {
    let threads = threads as usize;
    try_threads(threads + BLOCKING, stack_bytes)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .thread_stack_size(stack_bytes)
        .thread_keep_alive(Duration::from_secs(10 * 365 * 24 * 3600))
        .on_thread_start(block_signals)
        .enable_all()
        .build()
        .map_err(|e| no_threads(threads, &e))?;
    if let Err(e) = start_blocking(&runtime) {
        runtime.shutdown_background();
        return Err(e);
    }
    Ok(runtime)
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
        let mut inner = Self {
            handle,
            io_handle: None,
            pid: std::process::id(),
            threads: options.threads,
            stack_bytes: options.stack_bytes,
            io: None,
            rooms: Mutex::new(vec![Room::new(main)]),
            max_rooms: options.rooms.max(1) as usize,
        };
        if options.io_threads > 0 {
            // What was started is ended with `inner` if this fails.
            let io = build("weir-io", options.io_threads, options.stack_bytes)?;
            inner.handle = io.handle().clone();
            inner.io_handle = Some(io.handle().clone());
            inner.io = Some(io);
        }
        Ok(inner)
    }

    fn rooms(&self) -> MutexGuard<'_, Vec<Room>> {
        self.rooms.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// All of them, for their end.
    fn runtimes(&mut self) -> Vec<Runtime> {
        let rooms = self.rooms.get_mut().unwrap_or_else(|e| e.into_inner());
        self.io.take().into_iter().chain(rooms.drain(..).map(|room| room.runtime)).collect()
    }

    /// A place for an execution: alone as long as there may be more rooms, and the system has
    /// threads for them; else where the fewest are.
    pub fn place(self: &Arc<Self>) -> Place {
        let mut rooms = self.rooms();
        let crowds = rooms.iter_mut().map(Room::crowd).enumerate();
        let (mut index, crowd) = crowds.min_by_key(|(_, crowd)| *crowd).unwrap_or_default();
        if crowd > 0
            && rooms.len() < self.max_rooms
            && let Ok(runtime) = build("weir-engine", self.threads, self.stack_bytes)
        {
            index = rooms.len();
            rooms.push(Room::new(runtime));
        }
        let handle = match rooms.get_mut(index) {
            Some(room) => {
                room.guests += 1;
                room.runtime.handle().clone()
            }
            // There is always one.
            None => self.handle.clone(),
        };
        Place { rt: Arc::clone(self), room: index, handle, ended: false }
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

    /// Runs a future on the caller's thread, with the runtime's threads behind it, until it ends
    /// or the call is stopped.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output> {
        self.check()?;
        let token = current();
        // The future runs tasks on this thread, and tasks do not wait.
        let _set = Waiting::set(false);
        self.handle.block_on(until(token.as_ref(), async { Ok(future.await) }))
    }

    /// For spawning what is no execution; and `handle().enter()` for calls that spawn inside.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The threads for requests to object stores, if they were asked for.
    pub fn io_handle(&self) -> Option<&Handle> {
        self.io_handle.as_ref()
    }

    /// Ends the runtimes, waiting at most `timeout` for their tasks.
    pub(crate) fn shutdown(mut self, timeout: Duration) {
        if self.check().is_ok() {
            for runtime in self.runtimes() {
                runtime.shutdown_timeout(timeout);
            }
        }
    }
}

#[derive(Debug, Default)]
struct CancelInner {
    fired: AtomicBool,
    at: OnceLock<Instant>,
    notify: Notify,
}

/// Asks work to stop. Clones share one flag.
#[derive(Clone, Debug, Default)]
pub struct CancelToken {
    shared: Arc<CancelInner>,
    /// How much longer work with this one may take: what ends something properly.
    late: Duration,
}

impl CancelToken {
    /// A token that is not fired.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same token for work that may go on for a while after it was fired.
    pub fn later(&self, late: Duration) -> Self {
        Self { shared: Arc::clone(&self.shared), late }
    }

    /// Fires, for good.
    pub fn fire(&self) {
        let _ = self.shared.at.set(Instant::now());
        self.shared.fired.store(true, Ordering::Release);
        self.shared.notify.notify_waiters();
    }

    /// Whether it was fired.
    pub fn is_fired(&self) -> bool {
        self.shared.fired.load(Ordering::Acquire)
    }

    /// CANCELLED if fired, unless it is for work that may come after that.
    pub fn check(&self) -> Result<()> {
        if self.is_fired() && self.late.is_zero() { Err(cancelled()) } else { Ok(()) }
    }

    /// Completes when fired.
    pub async fn fired(&self) {
        loop {
            let notified = self.shared.notify.notified();
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
        let over = async {
            self.fired().await;
            if let Some(at) = self.shared.at.get()
                && !self.late.is_zero()
            {
                tokio::time::sleep_until((*at + self.late).into()).await;
            }
        };
        tokio::select! {
            biased;
            () = over => Err(cancelled()),
            result = future => result,
        }
    }
}

/// Runs a future until it ends, or the token fires if there is one.
pub async fn until<T>(
    cancel: Option<&CancelToken>,
    future: impl Future<Output = Result<T>>,
) -> Result<T> {
    match cancel {
        Some(token) => token.run(future).await,
        None => future.await,
    }
}

/// The error of work that was asked to stop.
pub fn cancelled() -> Error {
    Error::new(E_CANCELLED, ORIGIN_BRIDGE, "cancelled by the caller")
}
