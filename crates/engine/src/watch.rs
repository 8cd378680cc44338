//! Watching the compiler: what its passes make of a function, and how long they take.

use crate::compiler::Settings;
use crate::inline::{Callees, Known};
use crate::worker::Worker;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tierra_codegen::opt::Event;
use tierra_core::index::FuncIdx;
use tierra_module::Module;

/// What is seen while functions are compiled, of each stage by its name, in their order.
struct Seen<T>(Arc<Mutex<Vec<(&'static str, T)>>>);

impl<T> Seen<T> {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn with(&self, f: impl FnOnce(&mut Vec<(&'static str, T)>)) {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take(&self) -> Vec<(&'static str, T)> {
        let mut taken = Vec::new();
        self.with(|seen| taken = std::mem::take(seen));
        taken
    }
}

impl<T> Clone for Seen<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The intermediate representation of a function after each stage that has changed it.
///
/// # Errors
/// When the compiler finds a bug of ours.
pub fn dump(
    module: &Module,
    func: FuncIdx,
    settings: &Settings,
) -> Result<Vec<(&'static str, String)>, String> {
    let known = &Known::new(module, settings, false);
    let callees = Callees::new(module, settings, known);
    let mut worker = Worker::new(settings);
    let seen = Seen::<String>::new();
    let log = seen.clone();
    worker.observe(Box::new(move |event| {
        if let Event::End(name, function) = event {
            let text = function.to_string();
            log.with(|log| match log.last() {
                Some((_, last)) if *last == text => {}
                _ => log.push((name, text)),
            });
        }
    }));
    worker.compile(&callees, func)?;
    Ok(seen.take())
}

/// How long each stage takes, for all functions of a module, on this thread.
///
/// # Errors
/// When the compiler finds a bug of ours.
pub fn times(
    module: &Module,
    settings: &Settings,
) -> Result<Vec<(&'static str, Duration)>, String> {
    let known = &Known::new(module, settings, false);
    let callees = Callees::new(module, settings, known);
    let mut worker = Worker::new(settings);
    let seen = Seen::<Duration>::new();
    let log = seen.clone();
    let mut start = Instant::now();
    worker.observe(Box::new(move |event| match event {
        Event::Start(_) => start = Instant::now(),
        Event::End(name, _) => {
            let time = start.elapsed();
            log.with(|log| match log.iter_mut().find(|(n, _)| *n == name) {
                Some((_, sum)) => *sum += time,
                None => log.push((name, time)),
            });
        }
    }));
    for func in module.defined_funcs() {
        worker.compile(&callees, func)?;
    }
    Ok(seen.take())
}
