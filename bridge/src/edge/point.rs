//! Places where a test can make the bridge panic: in a build for tests only (`--cfg weir_test`,
//! tools/build-bridge). In every other they are nothing.

#[cfg(weir_test)]
pub use armed::{arm, point};

/// A place where a test can make the bridge panic.
#[cfg(not(weir_test))]
#[inline(always)]
pub fn point(_name: &'static str) {}

#[cfg(weir_test)]
mod armed {
    use std::panic::panic_any;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Whether a point is armed; the only cost of `point` otherwise.
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
    #[expect(clippy::panic, reason = "a test asked for it")]
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
}
