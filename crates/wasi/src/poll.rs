//! `poll_oneoff`.

use std::sync::Arc;
use std::time::Duration;

use crate::abi::{Abi, Record, Subclockflags, field};
use crate::clock::ClockId;
use crate::descriptor::{Descriptor, Object};
use crate::errno::Errno;
use crate::guest::{Call, Outcome};
use crate::process::Wasi;
use crate::rights::Rights;
use crate::sys::{self, Interest, Readiness};
use crate::wait::wait;

/// Most subscriptions of one call.
const MAX_COUNT: u32 = 4096;

const EVENT_SIZE: u64 = 32;

/// The flag of an event whose other side has closed.
const HANGUP: u16 = 1;

/// A subscription, by what it waits for.
struct Subscription {
    userdata: u64,
    tag: u8,
    wants: Wants,
}

enum Wants {
    /// A time on a clock.
    Time(ClockId, u64),
    /// A descriptor to be ready.
    Ready(Arc<Descriptor>, Interest),
    /// Nothing: it is wrong, and its event says so.
    Nothing(Errno),
}

/// What has happened to a subscription.
struct Event {
    errno: Errno,
    bytes: u64,
    flags: u16,
}

pub(crate) fn poll_oneoff(
    wasi: &Wasi,
    call: &mut Call<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    out: u32,
) -> Outcome {
    if count == 0 || count > MAX_COUNT {
        return Err(Errno::Inval.into());
    }
    call.check(events, u64::from(count) * EVENT_SIZE)?;
    call.check(out, 4)?;
    let subscriptions = read(wasi, call, subscriptions, count)?;
    let seen = watch(wasi, call, &subscriptions)?;

    let mut written = 0;
    for (subscription, event) in subscriptions.iter().zip(&seen) {
        if let Some(event) = event {
            let record = Record::new()
                .u64(0, subscription.userdata)
                .u16(8, event.errno.code())
                .u8(10, subscription.tag)
                .u64(16, event.bytes)
                .u16(24, event.flags);
            let at = events + written * EVENT_SIZE as u32;
            call.write(at, &record.bytes(EVENT_SIZE as usize))?;
            written += 1;
        }
    }
    Ok(call.write_u32(out, written)?)
}

/// Where the parts of a subscription are.
struct Layout {
    size: usize,
    clock_id: usize,
    timeout: usize,
    flags: usize,
}

impl Layout {
    fn of(abi: Abi) -> Layout {
        match abi {
            Abi::Preview1 => Layout {
                size: 48,
                clock_id: 16,
                timeout: 24,
                flags: 40,
            },
            // An identifier of the clock comes first, and nobody asks for it.
            Abi::Unstable => Layout {
                size: 56,
                clock_id: 24,
                timeout: 32,
                flags: 48,
            },
        }
    }
}

fn read(wasi: &Wasi, call: &Call<'_>, at: u32, count: u32) -> Result<Vec<Subscription>, Errno> {
    let layout = Layout::of(call.abi);
    let bytes = call.read(at, count as usize * layout.size)?;
    let mut subscriptions = Vec::with_capacity(count as usize);
    for record in bytes.chunks_exact(layout.size) {
        let tag = record[8];
        let wants = match tag {
            0 => time(wasi, record, &layout),
            1 | 2 => ready(wasi, u32::from_le_bytes(field(record, 16)), tag),
            _ => return Err(Errno::Inval),
        };
        subscriptions.push(Subscription {
            userdata: u64::from_le_bytes(field(record, 0)),
            tag,
            wants: wants.unwrap_or_else(Wants::Nothing),
        });
    }
    Ok(subscriptions)
}

fn time(wasi: &Wasi, record: &[u8], layout: &Layout) -> Result<Wants, Errno> {
    let clock = ClockId::new(u32::from_le_bytes(field(record, layout.clock_id)))?;
    let timeout = u64::from_le_bytes(field(record, layout.timeout));
    let flags = Subclockflags::new(u16::from_le_bytes(field(record, layout.flags)).into())?;
    if !matches!(clock, ClockId::Realtime | ClockId::Monotonic) {
        return Err(Errno::Notsup);
    }
    let deadline = if flags.has(Subclockflags::ABSTIME) {
        timeout
    } else {
        wasi.clocks.now(clock)?.saturating_add(timeout)
    };
    Ok(Wants::Time(clock, deadline))
}

fn ready(wasi: &Wasi, fd: u32, tag: u8) -> Result<Wants, Errno> {
    let (interest, right) = match tag {
        1 => (Interest::Read, Rights::FD_READ),
        _ => (Interest::Write, Rights::FD_WRITE),
    };
    let descriptor = wasi.table.with(fd, Rights::POLL_FD_READWRITE | right)?;
    Ok(Wants::Ready(descriptor, interest))
}

/// Waits until something has happened, and tells what.
fn watch(wasi: &Wasi, call: &Call<'_>, all: &[Subscription]) -> Outcome<Vec<Option<Event>>> {
    let mut sources = Vec::new();
    let mut at_once = false;
    for subscription in all {
        match &subscription.wants {
            Wants::Ready(descriptor, interest) => match descriptor.source() {
                Some(source) => sources.push((source, *interest)),
                None => at_once = true,
            },
            Wants::Nothing(_) => at_once = true,
            Wants::Time(..) => {}
        }
    }
    loop {
        let left = if at_once {
            Some(Duration::ZERO)
        } else {
            next_deadline(wasi, all)?
        };
        // A clock of our own moves only once nothing else happens before.
        let fixed = wasi.clocks.is_fixed() && left.is_some();
        let timeout = if fixed { Some(Duration::ZERO) } else { left };
        let seen = wait(&sources, timeout, call.guest.interrupt())?;
        if fixed && !at_once && !seen.iter().any(|source| source.ready) {
            wasi.clocks.advance(left.unwrap_or_default());
        }
        let mut seen = seen.into_iter();
        let events = all
            .iter()
            .map(|subscription| event(wasi, subscription, &mut seen))
            .collect::<Result<Vec<_>, Errno>>()?;
        // A clock may have been set back meanwhile.
        if events.iter().any(Option::is_some) {
            return Ok(events);
        }
    }
}

/// How long until the first deadline.
fn next_deadline(wasi: &Wasi, all: &[Subscription]) -> Result<Option<Duration>, Errno> {
    let mut first: Option<u64> = None;
    for subscription in all {
        if let Wants::Time(clock, deadline) = subscription.wants {
            let left = deadline.saturating_sub(wasi.clocks.now(clock)?);
            first = Some(first.map_or(left, |first| first.min(left)));
        }
    }
    Ok(first.map(Duration::from_nanos))
}

/// What has happened to one subscription; `seen` yields the sources in their order.
fn event(
    wasi: &Wasi,
    subscription: &Subscription,
    seen: &mut impl Iterator<Item = Readiness>,
) -> Result<Option<Event>, Errno> {
    let (descriptor, interest) = match &subscription.wants {
        Wants::Nothing(errno) => {
            return Ok(Some(Event {
                errno: *errno,
                bytes: 0,
                flags: 0,
            }));
        }
        Wants::Time(clock, deadline) => {
            let over = wasi.clocks.now(*clock)? >= *deadline;
            return Ok(over.then_some(Event {
                errno: Errno::Success,
                bytes: 0,
                flags: 0,
            }));
        }
        Wants::Ready(descriptor, interest) => (descriptor, *interest),
    };
    let state = match descriptor.source() {
        Some(_) => seen.next().unwrap_or_default(),
        None => Readiness {
            ready: true,
            ..Readiness::default()
        },
    };
    if !state.ready {
        return Ok(None);
    }
    let (bytes, ended) = match interest {
        Interest::Read => readable(descriptor)?,
        Interest::Write => (0, false),
    };
    // What is broken is ready as well: the call that follows says how.
    let flags = if state.hangup || state.error || ended {
        HANGUP
    } else {
        0
    };
    Ok(Some(Event {
        errno: Errno::Success,
        bytes,
        flags,
    }))
}

/// How many bytes can be read without waiting, and whether the end is known to be behind.
fn readable(descriptor: &Descriptor) -> Result<(u64, bool), Errno> {
    use std::io::Seek;
    match &descriptor.object {
        Object::File(file) if !file.can_block() => {
            let position = (&file.file).stream_position()?;
            Ok((file.file.metadata()?.len().saturating_sub(position), false))
        }
        Object::Input(input) => Ok(input.remaining()),
        _ => Ok((descriptor.source().map_or(0, sys::readable_bytes), false)),
    }
}
