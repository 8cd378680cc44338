//! Runs the scripts of the WebAssembly specification (`*.wast`) through the public API.
//!
//! A script is a list of directives: modules to instantiate, calls, and assertions about both.
//! Each assertion is counted once, as upstream counts them; a directive that is none (a module,
//! an `invoke`) shows up only when it fails. What a script is known to fail is named in a
//! [`SkipList`], every entry of which has to be needed.

mod custom;
mod legacy;
mod report;
mod run;
mod script;
mod skip;
mod spectest;
mod values;

pub use report::{Counts, Failure, Report};
pub use run::{config_for, run_paths, run_source};
pub use skip::SkipList;
