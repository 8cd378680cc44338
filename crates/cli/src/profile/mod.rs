//! `tierra profile`: runs a program, and shows where it spent its time.
//!
//! A thread with a clock asks all stores of the run at every tick where they stand; the guests
//! answer at the next loop's head or function's entry. What they answer is a tree of calls
//! ([`tree`]), which is drawn ([`flame`]) or written as text ([`text`]).

mod clock;
mod flame;
mod text;
mod tree;

pub use clock::{Attachment, Profiler};

use crate::failure::Failure;
use crate::options::{ProfileFormat, ProfileOptions};
use crate::run;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tree::Tree;

/// Runs the program to its end, then writes its profile; returns its exit code.
pub fn run(options: &ProfileOptions) -> Result<i32, Failure> {
    let format = options.format.unwrap_or_else(|| {
        let extension = options.output.as_ref().and_then(|path| path.extension());
        match extension.and_then(|e| e.to_str()) {
            Some("html" | "htm") => ProfileFormat::Html,
            Some("folded") => ProfileFormat::Folded,
            _ => ProfileFormat::Svg,
        }
    });
    let path = options.output.clone();
    let path = path.unwrap_or_else(|| PathBuf::from(format!("profile.{}", format.extension())));
    // Before the run, which may take long.
    let file = File::create(&path)
        .map_err(|error| Failure::user(format!("cannot write `{}`: {error}", path.display())))?;
    let profiler = Profiler::start(options.rate)
        .map_err(|error| Failure::host(format!("cannot start a thread: {error}")))?;
    let start = Instant::now();
    let ended = run::profiled(&options.run, &profiler);
    let time = start.elapsed();
    let tree = profiler.stop();
    let name = options.run.file();
    let title = format!(
        "{name}: {} samples in {:.2} s, {} per second",
        tree.samples(),
        time.as_secs_f64(),
        options.rate
    );
    let written = match format {
        ProfileFormat::Folded => text::folded(&tree),
        ProfileFormat::Svg => flame::svg(&tree, &title),
        ProfileFormat::Html => flame::html(&tree, &title),
    };
    write(&path, file, &written)?;
    report(&tree, &title, &path);
    ended
}

fn write(path: &Path, mut file: File, contents: &str) -> Result<(), Failure> {
    file.write_all(contents.as_bytes())
        .map_err(|error| Failure::host(format!("cannot write `{}`: {error}", path.display())))
}

/// Says where the profile is, and what took most. The standard output is the program's.
fn report(tree: &Tree, title: &str, path: &Path) {
    let table = text::table(tree);
    // Nobody is left to be told that the standard error is closed.
    let _ = write!(
        std::io::stderr().lock(),
        "{title}\nthe profile is in {}\n{table}",
        path.display()
    );
}
