//! The shorter way writes what the table says.

use super::super::arg::{Arg, Mem};
use super::super::assembler::Assembler;
use super::super::features::Features;
use super::super::reg::{Gpr, Scale, Size};
use super::super::table::Op;
use std::vec::Vec;

const OPS: [Op; 14] = [
    Op::Add,
    Op::Or,
    Op::And,
    Op::Sub,
    Op::Xor,
    Op::Cmp,
    Op::Mov,
    Op::Adc,
    Op::Imul2,
    Op::Test,
    Op::Lea,
    Op::Movsxd,
    Op::Movzx8,
    Op::Movzx16,
];
const SIZES: [Size; 2] = [Size::D, Size::Q];
const DISPS: [i32; 8] = [0, 1, -8, 127, 128, -128, -129, i32::MAX];

/// Addresses of the kinds that compilers use.
fn addresses() -> Vec<Mem> {
    let mut all = Vec::new();
    for base in Gpr::ALL {
        for disp in DISPS {
            all.push(Mem::Base { base, disp });
            for index in [Gpr::RAX, Gpr::RBP, Gpr::R12, Gpr::R13] {
                for scale in [Scale::X1, Scale::X8] {
                    all.push(Mem::Index {
                        base,
                        index,
                        scale,
                        disp,
                    });
                }
            }
        }
    }
    all
}

/// Whether memory or a constant may be in any place.
fn has_other_forms(op: Op) -> bool {
    !matches!(
        op,
        Op::Imul2 | Op::Lea | Op::Movsxd | Op::Movzx8 | Op::Movzx16
    )
}

fn compare(direct: impl FnOnce(&mut Assembler), op: Op, size: Size, args: &[Arg]) {
    let mut asms = [(); 2].map(|()| Assembler::new(Features::baseline()));
    direct(&mut asms[0]);
    asms[1].emit(op, size, args);
    let [a, b] = asms
        .each_mut()
        .map(|asm| asm.finish().expect("it is small"))
        .map(|code| (code.bytes.clone(), code.relocs.clone()));
    assert_eq!(a, b, "{op:?} {size:?} {args:?}");
}

#[test]
fn registers_and_memory() {
    let addresses = addresses();
    for op in OPS {
        for size in SIZES {
            for r in [Gpr::RAX, Gpr::RSP, Gpr::RDI, Gpr::R8, Gpr::R15] {
                for &mem in &addresses {
                    let (reg, place) = (Arg::R(r), Arg::M(mem));
                    if op != Op::Test {
                        compare(|a| a.emit_rm(op, size, r, mem), op, size, &[reg, place]);
                    }
                    if has_other_forms(op) {
                        compare(|a| a.emit_mr(op, size, mem, r), op, size, &[place, reg]);
                    }
                }
                for other in Gpr::ALL.into_iter().filter(|_| op != Op::Lea) {
                    let args = [Arg::R(r), Arg::R(other)];
                    compare(|a| a.emit_rr(op, size, r, other), op, size, &args);
                }
            }
        }
    }
}

#[test]
fn constants() {
    let ops = OPS.into_iter();
    for op in ops.filter(|op| has_other_forms(*op)) {
        for size in SIZES {
            for r in Gpr::ALL {
                for imm in [
                    0,
                    1,
                    -1,
                    127,
                    128,
                    -128,
                    -129,
                    i64::from(i32::MAX),
                    -1 << 31,
                ] {
                    let args = [Arg::R(r), Arg::I(imm)];
                    compare(|a| a.emit_ri(op, size, r, imm), op, size, &args);
                }
            }
        }
    }
}

#[test]
fn constants_in_memory() {
    for op in [Op::Mov, Op::Add, Op::Cmp] {
        for size in SIZES {
            for mem in addresses() {
                for imm in [0, 1, -1, 128, i64::from(i32::MAX), -1 << 31] {
                    let args = [Arg::M(mem), Arg::I(imm)];
                    compare(|a| a.emit_mi(op, size, mem, imm), op, size, &args);
                }
            }
        }
    }
}

#[test]
fn calls() {
    for symbol in [0, 77, u32::MAX] {
        let args = [Arg::S(symbol)];
        compare(|a| a.emit_call(symbol), Op::Call, Size::Q, &args);
    }
}
