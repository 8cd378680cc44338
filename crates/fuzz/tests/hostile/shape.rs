//! Costs as shapes: what four times the input costs, compared with what the input costs.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};
use tierra::{Config, Engine};

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting the bytes that each thread asks for.
pub struct Counted;

fn count(bytes: usize) {
    let _ = ALLOCATED.try_with(|a| a.set(a.get() + bytes));
}

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size.saturating_sub(layout.size()));
        // SAFETY: the caller's.
        unsafe { System.realloc(ptr, layout, size) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(ptr, layout) }
    }
}

/// What something cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub bytes: usize,
    pub time: Duration,
}

/// Measures what `run` costs on this thread.
pub fn cost(run: impl FnOnce()) -> Cost {
    let (before, start) = (ALLOCATED.get(), Instant::now());
    run();
    Cost {
        bytes: ALLOCATED.get() - before,
        time: start.elapsed(),
    }
}

/// Checks that `run` on `make(4 * n)` costs about four times what it costs on `make(n)`.
pub fn linear<I>(n: usize, make: impl Fn(usize) -> I, run: impl Fn(&I)) {
    let (small, large) = (make(n), make(4 * n));
    let mut last = None;
    for _ in 0..4 {
        let (a, b) = (cost(|| run(&small)), cost(|| run(&large)));
        assert!(
            b.bytes <= a.bytes * 6 + (256 << 10),
            "memory: {a:?} for {n}, {b:?} for 4 times"
        );
        // Quadratic would be 16.
        if b.time <= a.time * 10 + Duration::from_millis(40) {
            return;
        }
        last = Some((a, b));
    }
    panic!("time: {last:?} for {n} and 4 times");
}

/// An engine that does everything on the thread that calls it.
pub fn engine() -> Engine {
    engine_with(|_| {})
}

/// Such an engine with more configuration.
pub fn engine_with(configure: impl FnOnce(&mut Config)) -> Engine {
    let mut config = Config::new();
    config.parallel_validation(false);
    configure(&mut config);
    Engine::new(&config).expect("the configuration is valid")
}
