//! Sets of forms that many rows share.

use super::super::features::Features;
use super::super::form::kind::*;
use super::super::form::page::*;
use super::super::form::sizes::*;
use super::super::form::{Form, Kind, Page, form};

/// The eight operations of arithmetic, which differ in three bits.
pub const fn arithmetic(number: u8) -> [Form; 6] {
    let base = number * 8;
    [
        form(b"MR", [RM, R], ONE_BYTE, base).sizes(BWDQ),
        form(b"RM", [R, M], ONE_BYTE, base + 2).sizes(BWDQ),
        form(b"-I", [AX, IZ], ONE_BYTE, base + 4).sizes(B),
        form(b"MI", [RM, I8], ONE_BYTE, 0x83).ext(number).sizes(WDQ),
        form(b"-I", [AX, IZ], ONE_BYTE, base + 5).sizes(WDQ),
        form(b"MI", [RM, IZ], ONE_BYTE, 0x80)
            .ext(number)
            .sizes(BWDQ),
    ]
}

/// Those of arithmetic on memory, locked.
pub const fn locked_arithmetic(number: u8) -> [Form; 3] {
    [
        form(b"MR", [M, R], ONE_BYTE, number * 8).sizes(BWDQ).lock(),
        form(b"MI", [M, I8], ONE_BYTE, 0x83)
            .ext(number)
            .sizes(WDQ)
            .lock(),
        form(b"MI", [M, IZ], ONE_BYTE, 0x80)
            .ext(number)
            .sizes(BWDQ)
            .lock(),
    ]
}

pub const fn unary(opcode: u8, digit: u8) -> [Form; 1] {
    [form(b"M", [RM], ONE_BYTE, opcode).ext(digit).sizes(BWDQ)]
}

/// By one, by a constant, by CL.
pub const fn shift(digit: u8) -> [Form; 3] {
    [
        form(b"M-", [RM, ONE], ONE_BYTE, 0xd0)
            .ext(digit)
            .sizes(BWDQ),
        form(b"MI", [RM, U8], ONE_BYTE, 0xc0).ext(digit).sizes(BWDQ),
        form(b"M-", [RM, CL], ONE_BYTE, 0xd2).ext(digit).sizes(BWDQ),
    ]
}

/// By a constant, by CL.
pub const fn double_shift(opcode: u8) -> [Form; 2] {
    [
        form(b"MRI", [RM, R, U8], P0F, opcode).sizes(DQ),
        form(b"MR-", [RM, R, CL], P0F, opcode + 1).sizes(DQ),
    ]
}

/// A bit by its number in a register or a constant.
pub const fn bit_test(opcode: u8, digit: u8) -> [Form; 2] {
    [
        form(b"MR", [RM, R], P0F, opcode).sizes(DQ),
        form(b"MI", [RM, U8], P0F, 0xba).ext(digit).sizes(DQ),
    ]
}

pub const fn exchange(opcode: u8) -> [Form; 1] {
    [form(b"MR", [RM, R], P0F, opcode).sizes(BWDQ)]
}

pub const fn locked(opcode: u8) -> [Form; 1] {
    [form(b"MR", [M, R], P0F, opcode).sizes(BWDQ).lock()]
}

/// A vector from a register or memory.
pub const fn rm(page: Page, opcode: u8, source: Kind) -> Form {
    form(b"RM", [X, source], page, opcode).twin()
}

/// The same, with a constant.
pub const fn rmi(page: Page, opcode: u8, source: Kind) -> Form {
    form(b"RMI", [X, source, U8], page, opcode).twin()
}

/// A vector from two, the second of which may be in memory.
pub const fn rvm(page: Page, opcode: u8, source: Kind) -> Form {
    form(b"RVM", [X, X, source], page, opcode).twin()
}

/// The same, with a constant.
pub const fn rvmi(page: Page, opcode: u8, source: Kind) -> Form {
    form(b"RVMI", [X, X, source, U8], page, opcode).twin()
}

/// A lane of a vector to a register or memory.
pub const fn mri(page: Page, opcode: u8, destination: Kind) -> Form {
    form(b"MRI", [destination, X, U8], page, opcode).twin()
}

/// A choice of lanes by a fourth register, which is XMM0 without AVX.
pub const fn variable_blend(legacy: u8, vex: u8, vex_name: &'static str) -> [Form; 2] {
    [
        form(b"RVM4", [X, X, XM128, X], P66_0F3A, vex)
            .vex()
            .needs(Features::AVX)
            .named(vex_name),
        form(b"RVM-", [X, X, XM128, XMM0], P66_0F38, legacy),
    ]
}

/// All lanes by a constant or by the low half of a vector.
pub const fn vector_shift(by_vector: u8, by_constant: u8, digit: u8) -> [Form; 2] {
    [
        form(b"VMI", [X, X, U8], P66_0F, by_constant)
            .ext(digit)
            .twin(),
        rvm(P66_0F, by_vector, XM128),
    ]
}
