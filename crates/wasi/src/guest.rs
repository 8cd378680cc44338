//! The guest that calls: its memory, its interruption, and how a call can end.

use std::io;

use crate::abi::Abi;
use crate::errno::Errno;
use crate::sys;

/// The guest that calls, as the engine's caller gives it.
///
/// Memory is only ever copied, because other threads of the guest may share it.
pub trait Guest {
    /// Copies from guest memory; [`Errno::Fault`] outside of its bounds.
    fn read(&self, address: u32, into: &mut [u8]) -> Result<(), Errno>;

    /// Copies into guest memory; [`Errno::Fault`] outside of its bounds.
    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), Errno>;

    /// Bytes of memory.
    fn size(&self) -> u64;

    /// What can stop this guest while it waits.
    fn interrupt(&self) -> &dyn Interrupt;
}

/// Stops a guest thread: a blocking call returns [`Stop::Interrupted`] soon after.
pub trait Interrupt: Send + Sync {
    /// Whether the guest must stop.
    fn pending(&self) -> bool;

    /// Makes the guest stop, from any thread.
    fn raise(&self);

    /// A descriptor that is readable once the guest must stop. Without one, waiting calls
    /// look at [`Interrupt::pending`] a hundred times a second.
    #[cfg(unix)]
    fn wake_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        None
    }
}

/// A guest that must not continue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It called `proc_exit`, or raised a signal that ends it.
    Exit(u32),
    /// It was interrupted, or the process that it belongs to has ended.
    Interrupted,
}

/// How a call ends other than well.
#[derive(Debug)]
pub(crate) enum Failure {
    Errno(Errno),
    Stop(Stop),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Failure {
        Failure::Errno(errno)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Failure {
        Failure::Stop(stop)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Errno(error.into())
    }
}

#[cfg(unix)]
impl From<rustix::io::Errno> for Failure {
    fn from(errno: rustix::io::Errno) -> Failure {
        io::Error::from(errno).into()
    }
}

/// The result of a call inside this crate.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// One call: the guest, and the module it imported the function from.
pub struct Call<'a> {
    /// The calling guest.
    pub guest: &'a mut dyn Guest,
    /// The module that the function was imported from.
    pub abi: Abi,
}

impl<'a> Call<'a> {
    /// A call by `guest` of a function imported from `abi`.
    pub fn new(guest: &'a mut dyn Guest, abi: Abi) -> Call<'a> {
        Call { guest, abi }
    }

    /// Fails if the range isn't memory, before a call has effects that can't be undone.
    pub(crate) fn check(&self, address: u32, length: u64) -> Result<(), Errno> {
        match u64::from(address).checked_add(length) {
            Some(end) if end <= self.guest.size() => Ok(()),
            _ => Err(Errno::Fault),
        }
    }

    pub(crate) fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), Errno> {
        self.check(address, bytes.len() as u64)?;
        self.guest.write(address, bytes)
    }

    pub(crate) fn write_u32(&mut self, address: u32, value: u32) -> Result<(), Errno> {
        self.write(address, &value.to_le_bytes())
    }

    pub(crate) fn write_u64(&mut self, address: u32, value: u64) -> Result<(), Errno> {
        self.write(address, &value.to_le_bytes())
    }

    /// Copies a range out; callers bound `length`.
    pub(crate) fn read(&self, address: u32, length: usize) -> Result<Vec<u8>, Errno> {
        self.check(address, length as u64)?;
        let mut bytes = vec![0; length];
        self.guest.read(address, &mut bytes)?;
        Ok(bytes)
    }

    /// Fails if the guest must stop; long loops ask between their steps.
    pub(crate) fn go_on(&self) -> Result<(), Stop> {
        if self.guest.interrupt().pending() {
            Err(Stop::Interrupted)
        } else {
            Ok(())
        }
    }
}

/// An interrupt made of a flag and a descriptor, for embedders that have none of their own.
pub struct FlagInterrupt {
    raised: std::sync::atomic::AtomicBool,
    wake: sys::Wake,
}

impl FlagInterrupt {
    /// One that isn't raised.
    pub fn new() -> io::Result<FlagInterrupt> {
        Ok(FlagInterrupt {
            raised: false.into(),
            wake: sys::Wake::new()?,
        })
    }
}

impl Interrupt for FlagInterrupt {
    fn pending(&self) -> bool {
        self.raised.load(std::sync::atomic::Ordering::Acquire)
    }

    fn raise(&self) {
        self.raised
            .store(true, std::sync::atomic::Ordering::Release);
        self.wake.wake();
    }

    #[cfg(unix)]
    fn wake_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        Some(self.wake.fd())
    }
}
