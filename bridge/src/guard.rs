//! The border: every export runs inside `entry`, so that no panic crosses it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once};

use crate::abi::wb_err;
use crate::codes::{E_BUG, E_PANIC};
use crate::error::{Error, ORIGIN_BRIDGE, Result};

/// Whether a test armed a panic point; the only cost of `point` otherwise.
static ARMED: AtomicBool = AtomicBool::new(false);
static POINT: Mutex<String> = Mutex::new(String::new());

/// Arms the named point for its next passing; an empty name clears.
pub fn arm(name: &str) {
    let mut point = POINT.lock().unwrap_or_else(|e| e.into_inner());
    point.clear();
    point.push_str(name);
    ARMED.store(!name.is_empty(), Ordering::Release);
}

/// A place where a test can make the bridge panic.
#[inline]
pub fn point(name: &'static str) {
    if ARMED.load(Ordering::Relaxed) {
        fire(name);
    }
}

#[cold]
fn fire(name: &'static str) {
    {
        let mut point = POINT.lock().unwrap_or_else(|e| e.into_inner());
        if point.as_str() != name {
            return;
        }
        point.clear();
        ARMED.store(false, Ordering::Release);
    }
    panic_any(format!("test panic at {name}"));
}

/// Where the last panic happened; the payload does not know.
static PLACE: Mutex<String> = Mutex::new(String::new());

/// What a task panics with that waited for the work of another one which panicked: it knows
/// nothing of the reason, and may be the first to be heard.
const FOLLOW_UP: &str = "inner future panicked during poll";

/// What the last panic that was no such follow-up said, and where.
static CAUSE: Mutex<(String, String)> = Mutex::new((String::new(), String::new()));

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
                let text = panic_text(info.payload());
                if !text.contains(FOLLOW_UP) {
                    let mut cause = CAUSE.lock().unwrap_or_else(|e| e.into_inner());
                    *cause = (text, here.clone());
                }
                let mut place = PLACE.lock().unwrap_or_else(|e| e.into_inner());
                *place = here;
            }
        }));
    });
}

fn last_place() -> String {
    std::mem::take(&mut *PLACE.lock().unwrap_or_else(|e| e.into_inner()))
}

/// What a panic said; a follow-up is told with the panic before it, which is the one that it
/// follows unless two queries panicked at the same time.
pub fn with_cause(text: String) -> String {
    let (cause, at) = CAUSE.lock().unwrap_or_else(|e| e.into_inner()).clone();
    if cause.is_empty() || !text.contains(FOLLOW_UP) {
        return text;
    }
    format!("{cause} (at {at}; then: {text})")
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
    (with_cause(text), last_place())
}

/// Runs `f`; a panic becomes an error of code PANIC.
pub fn catch<T>(place: &str, f: impl FnOnce() -> Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => result,
        Err(payload) => {
            let (text, chain) = caught(payload);
            let message = format!("panic in {place}: {text}");
            Err(Error { chain, ..Error::new(E_PANIC, ORIGIN_BRIDGE, message) })
        }
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
