//! The border: every export runs inside `entry`, so that no panic crosses it.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, Once};

use futures::FutureExt;

use crate::edge::abi::wb_err;
use crate::edge::codes::{E_BUG, E_PANIC};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
pub use crate::edge::point::point;

thread_local! {
    /// Where this thread's last panic happened; the payload does not know.
    static PLACE: Cell<String> = const { Cell::new(String::new()) };
}

/// What a task panics with that waited for the work of another one which panicked: it knows
/// nothing of the reason, and may be the first to be heard.
const FOLLOW_UP: &str = "inner future panicked during poll";

/// Where the last panic that was no such follow-up happened, on any thread. What it said is not
/// kept: that may be of another session's data.
static CAUSE: Mutex<String> = Mutex::new(String::new());

/// Replaces the hook that writes to stderr, which is the host's. The hook belongs to this
/// library alone: it has its own copy of the standard library.
pub fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            if let Some(at) = info.location() {
                // Of a crate's path only what is the same on every machine.
                let file = at.file().rsplit("/registry/src/").next().unwrap_or_default();
                let here = format!("{file}:{}", at.line());
                if !panic_text(info.payload()).contains(FOLLOW_UP) {
                    let mut cause = CAUSE.lock().unwrap_or_else(|e| e.into_inner());
                    cause.clone_from(&here);
                }
                PLACE.set(here);
            }
        }));
    });
}

/// What a panic said; a follow-up is told with the place of the panic before it, which is the one
/// that it follows unless two queries panicked at the same time.
pub fn with_cause(text: String) -> String {
    let at = CAUSE.lock().unwrap_or_else(|e| e.into_inner()).clone();
    if at.is_empty() || !text.contains(FOLLOW_UP) {
        return text;
    }
    format!("{text} (after a panic at {at})")
}

/// What a caught panic said.
pub fn panic_text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_string()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without text".to_string()
    }
}

/// What a panic said, and where.
pub fn caught(payload: Box<dyn Any + Send>) -> (String, String) {
    let text = panic_text(payload.as_ref());
    if !payload.is::<String>() && !payload.is::<&'static str>() {
        // Dropping something unknown can panic as well.
        std::mem::forget(payload);
    }
    (with_cause(text), PLACE.take())
}

/// A panic as an error.
pub fn panicked(place: &str, payload: Box<dyn Any + Send>) -> Error {
    let (text, chain) = caught(payload);
    let message = format!("panic in {place}: {text}");
    Error { chain, ..Error::new(E_PANIC, ORIGIN_BRIDGE, message) }
}

/// The same of work that waits.
pub async fn caught_async<T, E>(work: impl Future<Output = std::result::Result<T, E>>) -> Result<T>
where
    Error: From<E>,
{
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done.map_err(Error::from),
        Err(payload) => Err(panicked("the reader of the log", payload)),
    }
}

/// What of its thread's stack every call may need. The caller's threads may have little: a call
/// from one that has less runs on a stack of its own.
const STACK_BYTES: usize = 4 << 20;

/// Runs `f` with so many bytes of stack more than every call has.
pub fn with_stack<T>(bytes: usize, f: impl FnOnce() -> T) -> T {
    let need = STACK_BYTES.saturating_add(bytes);
    stacker::maybe_grow(need, need, f)
}

/// Runs `f`; a panic becomes an error of code PANIC.
pub fn catch<T>(place: &str, f: impl FnOnce() -> Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(|| with_stack(0, f))) {
        Ok(result) => result,
        Err(payload) => Err(panicked(place, payload)),
    }
}

/// Runs something that must not fail, such as a destructor; a panic is swallowed, because the
/// caller has no way to hear of it.
pub fn quiet(name: &'static str, f: impl FnOnce()) {
    let result = catch(name, || {
        point(name);
        f();
        Ok(())
    });
    drop(result);
}

/// The body of an export: zeroes `*err`, runs `f`, reports what went wrong.
pub fn entry(name: &'static str, err: *mut wb_err, f: impl FnOnce() -> Result<()>) -> i32 {
    if err.is_null() {
        return E_BUG;
    }
    // SAFETY: the contract says that err is valid for writes; it need not be initialised.
    unsafe { err.write(wb_err::empty()) };
    let result = catch(name, || {
        point(name);
        f()
    });
    match result {
        Ok(()) => 0,
        Err(error) => {
            let code = error.code;
            // SAFETY: as above.
            unsafe { err.write(wb_err::from_error(error)) };
            code
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::*;

    #[test]
    fn panics_tell_no_other_thread_what_they_said() {
        keep_quiet();
        std::thread::spawn(|| panic_any("a value of another session".to_string()))
            .join()
            .unwrap_err();
        let told = with_cause(FOLLOW_UP.to_string());
        assert!(told.contains("after a panic at") && !told.contains("session"), "{told}");
        let mine = catch("here", || -> Result<()> { panic_any("mine".to_string()) }).unwrap_err();
        assert!(mine.message.contains("mine") && mine.chain.contains("guard.rs:"), "{mine:?}");
    }

    #[test]
    fn calls_have_room_on_small_threads() {
        fn down(n: u64) -> u64 {
            let room = std::hint::black_box([n; 128]);
            if n == 0 { 0 } else { down(n - 1) + std::hint::black_box(room)[0] - n + 1 }
        }
        let small = std::thread::Builder::new().stack_size(128 << 10);
        let work = || catch("here", || Ok(down(500))).unwrap();
        assert_eq!(small.spawn(work).unwrap().join().unwrap(), 500);
    }
}
