//! The board: reset, faults, and the debugger's console through semihosting.

use crate::heap::Heap;
use alloc::format;
use core::arch::{asm, global_asm};

#[global_allocator]
pub static HEAP: Heap<{ 256 << 10 }> = Heap::new();

// The vector table: initial stack pointer, reset, one handler for every fault. Reset copies the
// data and clears what starts as zero.
global_asm!(
    ".section .vectors, \"a\"",
    ".word _stack_top",
    ".word reset",
    ".rept 14",
    ".word fault",
    ".endr",
    ".section .text.reset, \"ax\"",
    ".global reset",
    ".type reset, %function",
    ".thumb_func",
    "reset:",
    "ldr r0, =_data",
    "ldr r1, =_data_end",
    "ldr r2, =_data_load",
    "1: cmp r0, r1",
    "bhs 2f",
    "ldr r3, [r2], #4",
    "str r3, [r0], #4",
    "b 1b",
    "2: ldr r0, =_bss",
    "ldr r1, =_bss_end",
    "movs r3, #0",
    "3: cmp r0, r1",
    "bhs 4f",
    "str r3, [r0], #4",
    "b 3b",
    "4: bl start",
    ".type fault, %function",
    ".thumb_func",
    "fault: mrs r0, ipsr",
    "bl on_fault",
);

/// A request to the debugger. QEMU answers with the host's means.
fn semihosting(request: u32, block: &[u32]) -> u32 {
    let answer;
    // SAFETY: the break point that stands for requests; the block is as the request wants it.
    unsafe {
        asm!("bkpt #0xab", inlateout("r0") request => answer, in("r1") block.as_ptr(), options(nostack))
    };
    answer
}

/// Prints on the debugger's console: `SYS_OPEN` of `:tt` for writing, then `SYS_WRITE`.
fn print(text: &str) {
    let console = semihosting(0x01, &[c":tt".as_ptr() as u32, 4, 3]);
    semihosting(0x05, &[console, text.as_ptr() as u32, text.len() as u32]);
    semihosting(0x02, &[console]);
}

/// Ends the machine with this code: `SYS_EXIT_EXTENDED`, an application's exit.
fn exit(code: i32) -> ! {
    semihosting(0x20, &[0x20026, code as u32]);
    loop {}
}

#[unsafe(no_mangle)]
extern "C" fn start() -> ! {
    let code = crate::run(print);
    print(&format!("heap: {} bytes at most\n", HEAP.peak()));
    exit(code)
}

#[unsafe(no_mangle)]
extern "C" fn on_fault(exception: u32) -> ! {
    print(&format!("fault: exception {exception}\n"));
    exit(254)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    print(&format!("{info}\n"));
    exit(255)
}
