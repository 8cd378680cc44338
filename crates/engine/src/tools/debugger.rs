//! Telling GDB and LLDB of machine code, by the interface that both know.
//!
//! A debugger puts a breakpoint on a function of an agreed name, which does nothing; whoever makes
//! code calls it after linking an object file in memory into a list whose head has an agreed name,
//! too. Both symbols are weak, so that a process with another engine in it has one list.

use super::object::object;
use crate::tables::Function;
use std::collections::HashMap;
use std::ptr::null_mut;
use std::sync::{Mutex, PoisonError};

/// An object file of which the debugger knows.
#[repr(C)]
struct Entry {
    next: *mut Entry,
    previous: *mut Entry,
    file: *const u8,
    size: u64,
}

#[repr(C)]
struct Descriptor {
    version: u32,
    action: u32,
    relevant: *mut Entry,
    first: *mut Entry,
}

/// What is to be done with the relevant entry.
#[repr(u32)]
enum Action {
    Register = 1,
    Unregister = 2,
}

#[cfg(not(target_vendor = "apple"))]
core::arch::global_asm!(
    ".pushsection .text.__jit_debug_register_code,\"ax\",@progbits",
    ".weak __jit_debug_register_code",
    ".type __jit_debug_register_code,@function",
    "__jit_debug_register_code:",
    "ret",
    ".size __jit_debug_register_code, 1",
    ".popsection",
    ".pushsection .data.__jit_debug_descriptor,\"aw\",@progbits",
    ".weak __jit_debug_descriptor",
    ".type __jit_debug_descriptor,@object",
    ".balign 8",
    "__jit_debug_descriptor:",
    ".long 1",
    ".long 0",
    ".quad 0",
    ".quad 0",
    ".size __jit_debug_descriptor, 24",
    ".popsection",
);

#[cfg(not(target_vendor = "apple"))]
unsafe extern "C" {
    #[link_name = "__jit_debug_descriptor"]
    static mut DESCRIPTOR: Descriptor;
    #[link_name = "__jit_debug_register_code"]
    fn tell();
}

#[cfg(target_vendor = "apple")]
static mut DESCRIPTOR: Descriptor = Descriptor {
    version: 1,
    action: 0,
    relevant: null_mut(),
    first: null_mut(),
};

/// Debuggers there are not told.
#[cfg(target_vendor = "apple")]
fn tell() {}

/// Held while the list is changed.
static LIST: Mutex<()> = Mutex::new(());

/// Code that a debugger knows until this is dropped.
pub struct Registration {
    entry: *mut Entry,
    _file: Box<[u8]>,
}

// SAFETY: the entry is owned, and reached only under the lock of the list.
unsafe impl Send for Registration {}
// SAFETY: as above.
unsafe impl Sync for Registration {}

impl Registration {
    /// Tells debuggers of functions in code that is at an address.
    pub fn new(
        start: usize,
        code: &[u8],
        functions: &[Function],
        names: &HashMap<u32, String>,
    ) -> Self {
        let file = object(start, code, functions, names);
        let entry = Box::into_raw(Box::new(Entry {
            next: null_mut(),
            previous: null_mut(),
            file: file.as_ptr(),
            size: file.len() as u64,
        }));
        let _list = LIST.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the list is ours; its entries are alive.
        unsafe {
            let first = DESCRIPTOR.first;
            (*entry).next = first;
            if !first.is_null() {
                (*first).previous = entry;
            }
            DESCRIPTOR.first = entry;
            act(Action::Register, entry);
        }
        Self { entry, _file: file }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let _list = LIST.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: as in `new`; the entry was made from a box.
        unsafe {
            let Entry { next, previous, .. } = *self.entry;
            match previous.as_mut() {
                Some(previous) => previous.next = next,
                None => DESCRIPTOR.first = next,
            }
            if let Some(next) = next.as_mut() {
                next.previous = previous;
            }
            act(Action::Unregister, self.entry);
            drop(Box::from_raw(self.entry));
        }
    }
}

/// # Safety
/// The list is locked and has, or had, the entry.
unsafe fn act(action: Action, entry: *mut Entry) {
    // SAFETY: the caller's.
    unsafe {
        DESCRIPTOR.relevant = entry;
        DESCRIPTOR.action = action as u32;
        tell();
    }
}
