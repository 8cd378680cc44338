//! Functions that rise from tier to tier while they run.
//!
//! **Problem.** A program should start at once and end fast, but good code takes a hundred times as
//! long to make as code that is good enough, and most functions don't run long enough to be worth it.
//! **Idea.** A function is compiled in one pass when it is first called ([`module`]), into code that
//! counts what it does. When it has run for about as long as good code takes to make
//! ([`policy`], [`rise`]), a thread makes that ([`queue`]) and lets the function's record know: whoever calls
//! the function next runs it. A loop that runs on in the old code asks for code that begins at its
//! head, and moves there ([`transfer`]). All instances of a module, on all threads, share records,
//! code and counts.
//!
//! Functions may also begin in the interpreter, which counts, too, and leaves loops for code of one pass
//! that begins at their heads ([`interpreted`]).
//!
//! # Invariants
//! - Code is written before a record or a loop is told of it, and is never changed.
//! - The guest waits for code of one pass only, and never for the thread that optimizes.
//! - What can't be had (memory for code, a function within the limits of a compiler) leaves a function
//!   in the tier that it is in.
//!
//! **Cost.** A subtraction and a branch for each entry and round of a loop in the code of one pass, an
//! instruction in the interpreter's; none in optimized code.

pub mod builtins;
pub mod event;
mod feedback;
mod interpreted;
pub mod module;
pub mod persist;
pub mod policy;
pub mod queue;
mod rise;
pub mod transfer;

pub use event::{Event, Sink, TierStats};
pub use module::TieredModule;
pub use policy::{Stress, Tiering};
