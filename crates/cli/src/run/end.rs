//! How a run ended other than by an exit.

use super::imports::Unmet;
use crate::failure::Failure;
use crate::options::RunOptions;
use tierra::{Error, Trap};
use tierra_wasi::ExitStatus;

/// Tells traps, mistakes of the user and failures of the host apart.
pub fn failure(error: &Error, options: &RunOptions) -> Failure {
    if let Some(unmet) = error.downcast_ref::<Unmet>() {
        let failure = Failure::user(unmet);
        return unmet.hints().into_iter().fold(failure, Failure::hint);
    }
    if error.is_link() {
        return Failure::user(error);
    }
    if let Some(status) = error.downcast_ref::<ExitStatus>() {
        // The first thread did not end the process.
        return match status {
            ExitStatus::Trapped(message) => Failure::trap(format!("in another thread: {message}")),
            other => Failure::host(other),
        };
    }
    // The message, and where in the guest it came from.
    let message = format!("{error:?}");
    if error.trap().is_none() && error.exception().is_none() {
        return Failure::host(message);
    }
    let failure = Failure::trap(message);
    match error.trap() {
        Some(Trap::OutOfFuel) => failure.hint("grant more with `--fuel N`"),
        Some(Trap::Interrupted) => match options.limits.timeout {
            Some(timeout) => failure.hint(format!("`--timeout` let it run for {timeout:?}")),
            None => failure,
        },
        Some(Trap::StackOverflow) => {
            failure.hint("if this isn't endless recursion, allow more with `--max-stack SIZE`")
        }
        Some(Trap::AllocationTooLarge | Trap::OutOfMemory)
            if options.limits.max_memory.is_some() =>
        {
            failure.hint("allow more with `--max-memory SIZE`")
        }
        _ => failure,
    }
}
