//! A few programs that are run.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::arch::x86_64::{__cpuid_count, _xgetbv};
use std::ffi::c_void;

use tierra_asm::x64::{Arg, Assembler, Cc, Code, Features, Gpr, Mem, Op, Scale, Size, Xmm};

unsafe extern "C" {
    fn mmap(
        at: *mut c_void,
        len: usize,
        prot: i32,
        flags: i32,
        file: i32,
        from: i64,
    ) -> *mut c_void;
    fn mprotect(at: *mut c_void, len: usize, prot: i32) -> i32;
}

const READ_WRITE: i32 = 3;
const READ_EXECUTE: i32 = 5;
const PRIVATE_ANONYMOUS: i32 = 0x22;

/// Code in executable memory, for ever.
fn load(code: &Code) -> *const c_void {
    assert!(code.relocs.is_empty());
    let len = code.bytes.len();
    // SAFETY: a new mapping; it is written within its length, and not after it is executable.
    unsafe {
        let at = mmap(
            std::ptr::null_mut(),
            len,
            READ_WRITE,
            PRIVATE_ANONYMOUS,
            -1,
            0,
        );
        assert!(at.addr() != usize::MAX, "no memory");
        std::ptr::copy_nonoverlapping(code.bytes.as_ptr(), at.cast(), len);
        assert_eq!(mprotect(at, len, READ_EXECUTE), 0);
        at
    }
}

/// The host's features, and none of them that SSE2 doesn't have.
fn features() -> [Features; 2] {
    let leaf = |leaf, subleaf| {
        let regs = __cpuid_count(leaf, subleaf);
        [regs.eax, regs.ebx, regs.ecx, regs.edx]
    };
    let saves = leaf(1, 0)[2] & 1 << 27 != 0;
    // SAFETY: `cpuid` says that the instruction exists.
    let xcr0 = if saves { unsafe { xgetbv() } } else { 0 };
    [Features::NONE, Features::from_cpuid(leaf, xcr0)]
}

/// # Safety
///
/// The processor must have `xgetbv`.
#[target_feature(enable = "xsave")]
unsafe fn xgetbv() -> u64 {
    // SAFETY: register 0 always exists.
    unsafe { _xgetbv(0) }
}

#[test]
fn a_jump_table_chooses() {
    let mut asm = Assembler::new(Features::NONE);
    let cases: Vec<_> = (0..4).map(|_| asm.label()).collect();
    let table = asm.jump_table(&cases);
    let (start, offset) = (Arg::R(Gpr::RDX), Arg::R(Gpr::RAX));
    let address = Mem::Label {
        label: table,
        disp: 0,
    };
    asm.emit(Op::Lea, Size::Q, &[start, Arg::M(address)]);
    let entry = Mem::Index {
        base: Gpr::RDX,
        index: Gpr::RDI,
        scale: Scale::X4,
        disp: 0,
    };
    asm.emit(Op::Movsxd, Size::Q, &[offset, Arg::M(entry)]);
    asm.emit(Op::Add, Size::Q, &[offset, start]);
    asm.emit(Op::Jmp, Size::Q, &[offset]);
    for (i, case) in cases.iter().enumerate() {
        asm.align(16);
        asm.bind(*case);
        asm.emit(
            Op::Mov,
            Size::Q,
            &[Arg::R(Gpr::RAX), Arg::I(-(i as i64) << 33)],
        );
        asm.emit(Op::Ret, Size::Q, &[]);
    }
    let code = load(asm.finish().expect("small"));
    // SAFETY: the code is a function of this type, and the argument is in the table.
    let run: extern "sysv64" fn(u64) -> i64 = unsafe { std::mem::transmute(code) };
    for i in 0..4 {
        assert_eq!(run(i), -(i as i64) << 33);
    }
}

#[test]
fn vectors_agree_in_both_encodings() {
    for features in features() {
        let mut asm = Assembler::new(features);
        let x = |n| Arg::X(Xmm(n));
        let four = [1.5_f32, -2.0, 3.25, 4.0].map(f32::to_le_bytes).concat();
        let constant = asm.constant(&four);
        let scale = asm.constant(&3.0_f32.to_le_bytes());
        let [constant, scale] =
            [constant, scale].map(|label| Arg::M(Mem::Label { label, disp: 0 }));
        // The sum of the lanes, times the argument.
        asm.emit(Op::Movaps, Size::D, &[x(9), constant]);
        asm.emit(Op::Pshufd, Size::D, &[x(2), x(9), Arg::I(0x4e)]);
        asm.emit(Op::Addps, Size::D, &[x(2), x(2), x(9)]);
        asm.emit(Op::Pshufd, Size::D, &[x(3), x(2), Arg::I(0xb1)]);
        asm.emit(Op::Addss, Size::D, &[x(3), x(3), x(2)]);
        asm.emit(Op::Xorps, Size::D, &[x(0), x(0), x(0)]);
        asm.emit(Op::Cvtsi2ss, Size::D, &[x(0), x(0), Arg::R(Gpr::RDI)]);
        asm.emit(Op::Mulss, Size::D, &[x(0), x(0), x(3)]);
        asm.emit(Op::Mulss, Size::D, &[x(0), x(0), scale]);
        asm.emit(Op::Ret, Size::Q, &[]);
        let code = load(asm.finish().expect("small"));
        // SAFETY: the code is a function of this type.
        let run: extern "sysv64" fn(i32) -> f32 = unsafe { std::mem::transmute(code) };
        assert_eq!(run(7), 6.75 * 7.0 * 3.0);
        assert_eq!(run(-1), -6.75 * 3.0);
    }
}

#[test]
fn loops_conditions_and_memory_work() {
    let mut asm = Assembler::new(Features::NONE);
    let [rax, rcx, rdi, rsi] = [Gpr::RAX, Gpr::RCX, Gpr::RDI, Gpr::RSI].map(Arg::R);
    let (again, done) = (asm.label(), asm.label());
    // The largest of rsi numbers at rdi.
    asm.emit(Op::Mov, Size::Q, &[rax, Arg::I(i64::MIN)]);
    asm.emit(Op::Xor, Size::D, &[rcx, rcx]);
    asm.emit(Op::Test, Size::Q, &[rsi, rsi]);
    asm.jcc_short(Cc::E, done);
    asm.bind(again);
    let number = Mem::Index {
        base: Gpr::RDI,
        index: Gpr::RCX,
        scale: Scale::X8,
        disp: 0,
    };
    asm.emit(Op::Cmp, Size::Q, &[rax, Arg::M(number)]);
    asm.emit_cc(Op::Cmov, Cc::L, Size::Q, &[rax, Arg::M(number)]);
    asm.emit(Op::Inc, Size::Q, &[rcx]);
    asm.emit(Op::Cmp, Size::Q, &[rcx, rsi]);
    asm.jcc(Cc::B, again);
    asm.bind(done);
    // Byte registers that need a REX: the result is zero-extended.
    asm.emit(Op::Mov, Size::Q, &[rdi, rax]);
    asm.emit(Op::Cmp, Size::Q, &[rdi, Arg::I(100)]);
    asm.emit_cc(Op::Setcc, Cc::G, Size::B, &[rsi]);
    asm.emit(Op::Movzx8, Size::D, &[rcx, rsi]);
    asm.emit(Op::Add, Size::Q, &[rax, rcx]);
    asm.emit(Op::Ret, Size::Q, &[]);
    let code = load(asm.finish().expect("small"));
    // SAFETY: the code is a function of this type.
    let run: extern "sysv64" fn(*const i64, usize) -> i64 = unsafe { std::mem::transmute(code) };
    for numbers in [&[][..], &[5], &[-7, -3, -9], &[1, 1000, 3, 4]] {
        let largest = numbers.iter().copied().max().unwrap_or(i64::MIN);
        let expected = largest + i64::from(largest > 100);
        assert_eq!(run(numbers.as_ptr(), numbers.len()), expected);
    }
}
