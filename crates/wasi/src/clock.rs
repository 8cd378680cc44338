//! Clocks: `clock_res_get`, `clock_time_get`, and the time that `poll_oneoff` waits by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::errno::Errno;
use crate::guest::{Call, Outcome};
use crate::process::Wasi;
use crate::sys;

/// A clock's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ClockId {
    Realtime = 0,
    Monotonic = 1,
    ProcessCpu = 2,
    ThreadCpu = 3,
}

impl ClockId {
    pub fn new(id: u32) -> Result<ClockId, Errno> {
        [
            ClockId::Realtime,
            ClockId::Monotonic,
            ClockId::ProcessCpu,
            ClockId::ThreadCpu,
        ]
        .get(id as usize)
        .copied()
        .ok_or(Errno::Inval)
    }
}

/// The clocks of a process.
pub(crate) enum Clocks {
    /// The host's. Monotonic time and processor time count from the process's start, so
    /// nothing of the host's past shows.
    System { start: Instant, cpu: u64 },
    /// One clock for all numbers, which moves by a step whenever it is read, and to a
    /// deadline whenever one is waited for.
    Fixed { now: AtomicU64, step: u64 },
}

impl Clocks {
    pub fn system() -> Clocks {
        Clocks::System {
            start: Instant::now(),
            cpu: sys::cpu_time(false).unwrap_or(0),
        }
    }

    pub fn fixed(start: u64, step: u64) -> Clocks {
        Clocks::Fixed {
            now: start.into(),
            step,
        }
    }

    /// Nanoseconds on a clock.
    pub fn now(&self, clock: ClockId) -> Result<u64, Errno> {
        match (self, clock) {
            (Clocks::Fixed { now, step }, _) => {
                let tick = |now: u64| Some(now.saturating_add(*step));
                Ok(now
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, tick)
                    .unwrap_or_else(|now| now))
            }
            (_, ClockId::Realtime) => {
                let time = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                u64::try_from(time.as_nanos()).map_err(|_| Errno::Overflow)
            }
            (Clocks::System { start, .. }, ClockId::Monotonic) => {
                u64::try_from(start.elapsed().as_nanos()).map_err(|_| Errno::Overflow)
            }
            (Clocks::System { cpu, .. }, ClockId::ProcessCpu) => {
                Ok(sys::cpu_time(false)?.saturating_sub(*cpu))
            }
            (_, ClockId::ThreadCpu) => sys::cpu_time(true),
        }
    }

    fn resolution(&self, clock: ClockId) -> u64 {
        match self {
            Clocks::System { .. } => sys::clock_resolution(clock as u32),
            Clocks::Fixed { step, .. } => (*step).max(1),
        }
    }

    /// Whether waiting takes no time because the clock is moved instead.
    pub fn is_fixed(&self) -> bool {
        matches!(self, Clocks::Fixed { .. })
    }

    /// Moves a fixed clock forward.
    pub fn advance(&self, by: Duration) {
        if let Clocks::Fixed { now, .. } = self {
            let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
            let later = |now: u64| Some(now.saturating_add(by));
            let _ = now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
        }
    }
}

pub(crate) fn clock_res_get(wasi: &Wasi, call: &mut Call<'_>, id: u32, out: u32) -> Outcome {
    let resolution = wasi.clocks.resolution(ClockId::new(id)?);
    Ok(call.write_u64(out, resolution)?)
}

pub(crate) fn clock_time_get(
    wasi: &Wasi,
    call: &mut Call<'_>,
    id: u32,
    _precision: u64,
    out: u32,
) -> Outcome {
    let now = wasi.clocks.now(ClockId::new(id)?)?;
    Ok(call.write_u64(out, now)?)
}
