//! Unix. Faults of guest code arrive as signals on the thread that runs it.

use crate::code;
use rustix::fd::OwnedFd;
use rustix::fs::{FallocateFlags, MemfdFlags, fallocate, ftruncate, memfd_create};
use rustix::mm::{
    Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap, mmap_anonymous, mprotect, munmap,
};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::path::Path;
use std::ptr::null_mut;
use std::sync::{Arc, OnceLock};
use tierra_module::Bytes;

/// Memory without an address.
pub struct MemoryFile {
    fd: OwnedFd,
    bytes: usize,
}

fn failed(what: &'static str) -> impl Fn(rustix::io::Errno) -> String {
    move |error| format!("cannot {what} memory for machine code: {error}")
}

impl MemoryFile {
    /// All zeros; the system gives memory to what is written.
    pub fn new(bytes: usize) -> Result<Self, String> {
        let flags = MemfdFlags::CLOEXEC;
        let fd = memfd_create("tierra-code", flags).map_err(failed("make"))?;
        ftruncate(&fd, bytes as u64).map_err(failed("size"))?;
        Ok(Self { fd, bytes })
    }

    /// Maps it to be executed, for ever, with so many bytes of memory for data behind it, all
    /// zeros, which the system gives when they are written.
    pub fn map_executable(&self, data: usize) -> Result<usize, String> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping at an address of the system's choice.
        let at = unsafe { mmap_anonymous(null_mut(), self.bytes + data, access, flags) };
        let at = at.map_err(failed("reserve"))? as usize;
        // SAFETY: within the new mapping, which nobody uses yet.
        if unsafe { self.map_again(at, 0, self.bytes) } {
            return Ok(at);
        }
        // SAFETY: the mapping is ours.
        let _ = unsafe { munmap(at as *mut _, self.bytes + data) };
        Err("the system does not let memory be executed".into())
    }

    /// Maps it to be written, for ever.
    pub fn map_writable(&self) -> Result<usize, String> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::SHARED;
        // SAFETY: a new mapping at an address of the system's choice.
        let at = unsafe { mmap(null_mut(), self.bytes, access, flags, &self.fd, 0) };
        Ok(at.map_err(failed("map"))? as usize)
    }

    /// Maps a part of it to be executed, in place of what is mapped there. Returns whether the
    /// system did.
    ///
    /// # Safety
    /// Nobody uses these addresses.
    pub unsafe fn map_again(&self, address: usize, offset: usize, bytes: usize) -> bool {
        let flags = MapFlags::SHARED | MapFlags::FIXED;
        // SAFETY: the caller's.
        unsafe { map_code(&self.fd, flags, address, offset as u64, bytes) }
    }

    /// Writes bytes; returns whether the system did.
    pub fn write(&self, offset: usize, mut bytes: &[u8]) -> bool {
        let mut offset = offset as u64;
        while !bytes.is_empty() {
            match rustix::io::pwrite(&self.fd, bytes, offset) {
                Ok(0) | Err(_) => return false,
                Ok(n) => {
                    bytes = &bytes[n..];
                    offset += n as u64;
                }
            }
        }
        true
    }

    /// Gives memory back; it reads as zeros.
    pub fn release(&self, offset: usize, bytes: usize) {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        // A system that refuses keeps the memory: it is used again by the next code.
        let _ = fallocate(&self.fd, flags, offset as u64, bytes as u64);
    }
}

/// Maps a part of a file to be executed at an address.
///
/// # Safety
/// Nobody uses these addresses.
unsafe fn map_code(
    fd: &OwnedFd,
    flags: MapFlags,
    address: usize,
    offset: u64,
    bytes: usize,
) -> bool {
    let access = ProtFlags::READ | ProtFlags::EXEC;
    // SAFETY: the caller's.
    unsafe { mmap(address as *mut _, bytes, access, flags, fd, offset) }.is_ok()
}

/// A file, open to be mapped.
pub struct CodeFile(OwnedFd);

impl CodeFile {
    /// Maps a part of it to be executed, in place of what is mapped there. Returns whether the
    /// system did.
    ///
    /// # Safety
    /// Nobody uses these addresses, and nobody changes the file while somebody does.
    pub unsafe fn map_executable(&self, address: usize, offset: u64, bytes: usize) -> bool {
        let flags = MapFlags::PRIVATE | MapFlags::FIXED;
        // SAFETY: the caller's.
        unsafe { map_code(&self.0, flags, address, offset, bytes) }
    }
}

/// A mapped file.
struct MappedFile {
    base: usize,
    bytes: usize,
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: mapped until this is dropped, and nobody changes the file.
        unsafe { core::slice::from_raw_parts(self.base as *const u8, self.bytes) }
    }
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours.
        let _ = unsafe { munmap(self.base as *mut _, self.bytes) };
    }
}

/// The bytes of a file, which nobody may change or shorten while they are in use, and the file.
///
/// # Errors
/// When it can't be read.
pub fn map_file(path: &Path) -> std::io::Result<(Bytes, CodeFile)> {
    let file = std::fs::File::open(path)?;
    let bytes = file.metadata()?.len();
    let bytes = usize::try_from(bytes).map_err(std::io::Error::other)?;
    if bytes == 0 {
        return Ok((Arc::new([]), CodeFile(file.into())));
    }
    // SAFETY: a new mapping at an address of the system's choice.
    let base = unsafe {
        mmap(
            null_mut(),
            bytes,
            ProtFlags::READ,
            MapFlags::PRIVATE | MapFlags::POPULATE,
            &file,
            0,
        )?
    };
    let mapped = MappedFile {
        base: base as usize,
        bytes,
    };
    Ok((Arc::new(mapped), CodeFile(file.into())))
}

/// Maps the first page of a file to be executed, for ever: a profiler that notes down such
/// mappings knows of the file by that.
///
/// # Errors
/// When the system does not.
pub fn map_marker(file: &std::fs::File) -> std::io::Result<()> {
    let access = ProtFlags::READ | ProtFlags::EXEC;
    let page = rustix::param::page_size();
    // SAFETY: a new mapping at an address of the system's choice.
    unsafe { mmap(null_mut(), page, access, MapFlags::PRIVATE, file, 0)? };
    Ok(())
}

/// The time since some moment.
pub fn monotonic_nanoseconds() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the system writes the time.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// What the system calls this thread; the process if it has no name for it.
pub fn thread_id() -> u32 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: it only asks.
    return unsafe { libc::gettid() }.cast_unsigned();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    std::process::id()
}

/// Makes pages of data read as zeros again, and gives their memory back.
///
/// # Safety
/// They are pages of private memory of ours that nobody uses.
pub unsafe fn forget(address: usize, bytes: usize) {
    // SAFETY: the caller's. A system that refuses keeps what was written: whoever gets the pages
    // next writes them before reading.
    let _ = unsafe { madvise(address as *mut _, bytes, Advice::LinuxDontNeed) };
}

/// A stack for machine code and the host functions that it calls.
pub struct NativeStack {
    base: usize,
    bytes: usize,
}

/// What lies below a stack and faults.
const GUARD: usize = 64 << 10;

impl NativeStack {
    /// A stack of this size, rounded up to pages.
    pub fn new(bytes: usize) -> Result<Self, String> {
        let bytes = bytes.next_multiple_of(GUARD) + GUARD;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the system's choice.
        let base = unsafe { mmap_anonymous(null_mut(), bytes, access, flags) };
        let base = base.map_err(|error| format!("cannot make a stack: {error}"))?;
        let stack = Self {
            base: base as usize,
            bytes,
        };
        // SAFETY: the lowest pages of the mapping, which nobody uses.
        unsafe { mprotect(base, GUARD, MprotectFlags::empty()) }
            .map_err(|error| format!("cannot guard a stack: {error}"))?;
        Ok(stack)
    }

    /// The addresses that may be used.
    pub fn range(&self) -> Range<usize> {
        self.base + GUARD..self.base + self.bytes
    }
}

impl Drop for NativeStack {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing runs on it.
        let _ = unsafe { munmap(self.base as *mut _, self.bytes) };
    }
}

/// Signals by which faults are told.
const SIGNALS: [i32; 2] = [libc::SIGSEGV, libc::SIGBUS];

static PREVIOUS: OnceLock<[libc::sigaction; 2]> = OnceLock::new();

/// Makes faults at places that trap go on at their code's trap stub. All others go where they
/// went before. Once per process.
pub fn catch_faults() -> Result<(), String> {
    static DONE: OnceLock<Result<(), String>> = OnceLock::new();
    DONE.get_or_init(|| {
        // SAFETY: zero is a valid value of the structure.
        let mut ours: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        ours.sa_sigaction = on_fault as *const () as usize;
        // Not `SA_NODEFER`: a fault in the handler ends the process.
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        let mut previous = [ours; 2];
        for (signal, previous) in SIGNALS.iter().zip(&mut previous) {
            // SAFETY: queries the action.
            if unsafe { libc::sigaction(*signal, std::ptr::null(), previous) } != 0 {
                return Err(String::from("cannot ask for signal handlers"));
            }
        }
        let _ = PREVIOUS.set(previous);
        for signal in SIGNALS {
            // SAFETY: the handler is async-signal-safe and passes on what is not ours.
            if unsafe { libc::sigaction(signal, &ours, null_mut()) } != 0 {
                return Err(String::from("cannot install signal handlers"));
            }
        }
        Ok(())
    })
    .clone()
}

unsafe extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the system's arguments of a handler with `SA_SIGINFO`.
    unsafe {
        if !redirect(&mut *context.cast::<libc::ucontext_t>()) {
            pass_on(signal, info, context);
        }
    }
}

/// Makes guest code that faulted call its trap stub. Returns whether it was such code.
#[cfg(all(
    target_arch = "x86_64",
    any(target_os = "linux", target_os = "android")
))]
unsafe fn redirect(context: &mut libc::ucontext_t) -> bool {
    let registers = &mut context.uc_mcontext.gregs;
    let pc = registers[libc::REG_RIP as usize] as usize;
    let Some(object) = code::find(pc) else {
        return false;
    };
    if object.trap_stub == 0 || !object.faults_at(pc) {
        return false;
    }
    let sp = registers[libc::REG_RSP as usize] as usize - 8;
    // As if the instruction were a call; one byte further, so that what looks for the place
    // before a return address finds the instruction.
    // SAFETY: guest code has room on its stack for a call.
    unsafe { *(sp as *mut usize) = pc + 1 };
    registers[libc::REG_RSP as usize] = sp as i64;
    registers[libc::REG_RIP as usize] = object.trap_stub as i64;
    true
}

#[cfg(not(all(
    target_arch = "x86_64",
    any(target_os = "linux", target_os = "android")
)))]
unsafe fn redirect(_context: &mut libc::ucontext_t) -> bool {
    let _ = code::find;
    false
}

/// Does what would have happened without us.
unsafe fn pass_on(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let index = SIGNALS.iter().position(|s| *s == signal);
    let previous = PREVIOUS.get().zip(index).map(|(p, i)| &p[i]);
    // SAFETY: the previous action is called as the system would have done.
    unsafe {
        match previous {
            Some(p) if p.sa_sigaction == libc::SIG_IGN => {}
            Some(p) if p.sa_sigaction != libc::SIG_DFL => {
                if p.sa_flags & libc::SA_SIGINFO != 0 {
                    let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) =
                        core::mem::transmute(p.sa_sigaction);
                    handler(signal, info, context);
                } else {
                    let handler: extern "C" fn(i32) = core::mem::transmute(p.sa_sigaction);
                    handler(signal);
                }
            }
            _ => {
                // The fault happens again, and ends the process.
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
}
