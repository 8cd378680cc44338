//! `proc_exit`, `proc_raise`, `sched_yield`.

use crate::errno::Errno;
use crate::guest::{Call, Outcome, Stop};
use crate::process::{ExitStatus, Wasi};

/// What a signal does to a process that handles none.
enum Signal {
    Nothing,
    Ends,
    Stops,
}

/// By the specification's number.
const SIGNALS: [Signal; 31] = {
    use Signal::*;
    [
        Nothing, // none: tests that raising works
        Ends,    // hup
        Ends,    // int
        Ends,    // quit
        Ends,    // ill
        Ends,    // trap
        Ends,    // abrt
        Ends,    // bus
        Ends,    // fpe
        Ends,    // kill
        Ends,    // usr1
        Ends,    // segv
        Ends,    // usr2
        Ends,    // pipe
        Ends,    // alrm
        Ends,    // term
        Nothing, // chld
        Nothing, // cont
        Stops,   // stop
        Stops,   // tstp
        Stops,   // ttin
        Stops,   // ttou
        Nothing, // urg
        Ends,    // xcpu
        Ends,    // xfsz
        Ends,    // vtalrm
        Ends,    // prof
        Nothing, // winch
        Ends,    // poll
        Ends,    // pwr
        Ends,    // sys
    ]
};

pub(crate) fn proc_exit(wasi: &Wasi, _call: &mut Call<'_>, code: u32) -> Outcome {
    exit(wasi, code)
}

/// Has a signal's default effect on the guest, never one on the host. A fatal signal ends
/// the guest with the status by which shells report it.
pub(crate) fn proc_raise(wasi: &Wasi, _call: &mut Call<'_>, signal: u32) -> Outcome {
    match SIGNALS.get(signal as usize).ok_or(Errno::Inval)? {
        Signal::Nothing => Ok(()),
        Signal::Ends => exit(wasi, 128 + signal),
        Signal::Stops => Err(Errno::Notsup.into()),
    }
}

/// The first thread to exit decides; one that comes later is only stopped.
fn exit(wasi: &Wasi, code: u32) -> Outcome {
    if wasi.end(ExitStatus::Exited(code)) {
        Err(Stop::Exit(code).into())
    } else {
        Err(Stop::Interrupted.into())
    }
}

pub(crate) fn sched_yield(_wasi: &Wasi, _call: &mut Call<'_>) -> Outcome {
    std::thread::yield_now();
    Ok(())
}
