//! Waiting, in one place: for descriptors, for time, for the end of the guest.

use std::time::{Duration, Instant};

use crate::guest::{Interrupt, Outcome, Stop};
use crate::sys::{self, Interest, Readiness, Source};

/// How often a guest without a wake descriptor is asked whether it must stop.
const SLICE: Duration = Duration::from_millis(10);

/// The longest single wait: hosts limit theirs.
const LONGEST: Duration = Duration::from_secs(3600);

/// Waits until a source is ready or the time is over, whichever comes first; the answer has
/// one element per source, none of them ready if the time is over.
pub(crate) fn wait(
    sources: &[(Source<'_>, Interest)],
    timeout: Option<Duration>,
    interrupt: &dyn Interrupt,
) -> Outcome<Vec<Readiness>> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        if interrupt.pending() {
            return Err(Stop::Interrupted.into());
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let wake = wake_source(interrupt);
        let step = if wake.is_some() { LONGEST } else { SLICE };
        let seen = sys::wait(
            sources,
            wake,
            Some(left.map_or(step, |left| left.min(step))),
        )?;
        if interrupt.pending() {
            return Err(Stop::Interrupted.into());
        }
        if seen.iter().any(|source| source.ready) || left.is_some_and(|left| left.is_zero()) {
            return Ok(seen);
        }
    }
}

/// How one source is, without waiting.
pub(crate) fn look(source: Source<'_>, interest: Interest) -> Outcome<Readiness> {
    Ok(sys::wait(&[(source, interest)], None, Some(Duration::ZERO))?[0])
}

#[cfg(unix)]
fn wake_source(interrupt: &dyn Interrupt) -> Option<Source<'_>> {
    interrupt.wake_fd()
}

#[cfg(not(unix))]
fn wake_source(_: &dyn Interrupt) -> Option<Source<'_>> {
    None
}
