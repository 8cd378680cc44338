//! Labels, branches, constants, tables, relocations.

use std::vec::Vec;

use super::super::arg::{Arg, Mem};
use super::super::assembler::{Assembler, RelocKind};
use super::super::features::Features;
use super::super::reg::{Cc, Gpr, Size, Xmm};
use super::super::table::Op;
use iced_x86::{Decoder, DecoderOptions, Instruction};

fn assembler() -> Assembler {
    Assembler::new(Features::baseline())
}

fn decode(bytes: &[u8]) -> Vec<Instruction> {
    Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE)
        .iter()
        .collect()
}

fn nops(asm: &mut Assembler, count: u32) {
    for _ in 0..count {
        asm.emit(Op::Nop, Size::Q, &[]);
    }
}

#[test]
fn backward_branches_are_short_where_they_reach() {
    for (distance, len) in [(0, 2), (125, 2), (126, 2), (127, 5), (4000, 5)] {
        let mut asm = assembler();
        let label = asm.label();
        asm.bind(label);
        nops(&mut asm, distance);
        asm.jmp(label);
        asm.jcc(Cc::G, label);
        let code = asm.finish().expect("small");
        let all = decode(&code.bytes);
        let jmp = &all[distance as usize];
        assert_eq!((jmp.len(), jmp.near_branch64()), (len, 0));
        let jcc = &all[distance as usize + 1];
        assert_eq!(jcc.near_branch64(), 0);
        assert_eq!(jcc.mnemonic(), iced_x86::Mnemonic::Jg);
        assert_eq!(jcc.len(), if distance + len as u32 <= 126 { 2 } else { 6 });
    }
}

#[test]
fn forward_branches_find_their_label() {
    let mut asm = assembler();
    let (near, far) = (asm.label(), asm.label());
    asm.jmp(far);
    asm.jcc(Cc::B, far);
    asm.jcc_short(Cc::NE, near);
    asm.jmp_short(near);
    asm.emit(Op::Call, Size::Q, &[Arg::L(far)]);
    let address = Mem::Label {
        label: far,
        disp: 3,
    };
    asm.emit(Op::Lea, Size::Q, &[Arg::R(Gpr::RAX), Arg::M(address)]);
    asm.bind(near);
    nops(&mut asm, 1000);
    asm.bind(far);
    asm.emit(Op::Ret, Size::Q, &[]);
    let (near, far) = (asm.offset_of(near), asm.offset_of(far));
    let code = asm.finish().expect("small");
    let all = decode(&code.bytes);
    let lens: Vec<_> = all[..6].iter().map(Instruction::len).collect();
    assert_eq!(lens, [5, 6, 2, 2, 5, 7]);
    for (i, target) in [(0, far), (1, far), (2, near), (3, near), (4, far)] {
        assert_eq!(Some(all[i].near_branch64() as u32), target, "{i}");
    }
    assert_eq!(
        all[5].memory_displacement64() as u32,
        far.expect("bound") + 3
    );
}

#[test]
#[should_panic(expected = "a short branch over 128 bytes")]
fn a_short_branch_too_far_panics() {
    let mut asm = assembler();
    let label = asm.label();
    asm.jmp_short(label);
    nops(&mut asm, 128);
    asm.bind(label);
    let _ = asm.finish();
}

#[test]
#[should_panic(expected = "is used and not bound")]
fn an_unbound_label_panics() {
    let mut asm = assembler();
    let label = asm.label();
    asm.jmp(label);
    let _ = asm.finish();
}

#[test]
#[should_panic(expected = "without AVX the first source")]
fn legacy_encodings_overwrite_their_first_source() {
    let args = [Xmm::XMM0, Xmm::XMM1, Xmm::XMM2].map(Arg::X);
    assembler().emit(Op::Addss, Size::D, &args);
}

#[test]
#[should_panic(expected = "no form of Add")]
fn a_form_that_does_not_exist_panics() {
    let args = [Arg::R(Gpr::RAX), Arg::I(1 << 40)];
    assembler().emit(Op::Add, Size::Q, &args);
}

#[test]
#[should_panic(expected = "no form of Andn")]
fn a_feature_that_is_missing_panics() {
    assembler().emit(Op::Andn, Size::Q, &[Arg::R(Gpr::RAX); 3]);
}

#[test]
#[should_panic(expected = "rsp can't be an index")]
fn rsp_is_no_index() {
    let mem = Mem::Index {
        base: Gpr::RAX,
        index: Gpr::RSP,
        scale: super::super::reg::Scale::X2,
        disp: 0,
    };
    assembler().emit(Op::Mov, Size::Q, &[Arg::R(Gpr::RAX), Arg::M(mem)]);
}

#[test]
fn constants_are_shared_aligned_and_behind_the_code() {
    let mut asm = assembler();
    let four = asm.constant(&[1, 2, 3, 4]);
    let sixteen = asm.constant(&[7; 16]);
    assert_eq!(asm.constant(&[1, 2, 3, 4]), four);
    let eight = asm.constant(&[1, 2, 3, 4, 0, 0, 0, 0]);
    assert_ne!(eight, four);
    let wide = asm.constant(&[9; 32]);
    let mem = |label| Arg::M(Mem::Label { label, disp: 0 });
    asm.emit(Op::Movss, Size::D, &[Arg::X(Xmm::XMM1), mem(four)]);
    asm.emit(Op::Movaps, Size::D, &[Arg::X(Xmm::XMM9), mem(sixteen)]);
    let with_constant = [
        Arg::X(Xmm::XMM9),
        Arg::X(Xmm::XMM9),
        mem(sixteen),
        Arg::I(3),
    ];
    asm.emit(Op::Shufps, Size::D, &with_constant);
    let code = asm.finish().expect("small").clone();
    let offset = |label| asm.offset_of(label).expect("placed");
    for (label, bytes) in [
        (four, &[1, 2, 3, 4][..]),
        (eight, &[1, 2, 3, 4, 0, 0, 0, 0]),
        (sixteen, &[7; 16]),
        (wide, &[9; 32]),
    ] {
        let at = offset(label) as usize;
        assert!(at >= code.code_len as usize && at.is_multiple_of(bytes.len()));
        assert_eq!(&code.bytes[at..at + bytes.len()], bytes);
    }
    let all = decode(&code.bytes[..code.code_len as usize]);
    let places: Vec<_> = all.iter().map(Instruction::memory_displacement64).collect();
    assert_eq!(
        places,
        [four, sixteen, sixteen].map(|l| u64::from(offset(l)))
    );
    assert_eq!(code.bytes.len() as u32, offset(four) + 4);
}

#[test]
fn jump_tables_hold_distances_from_their_start() {
    let mut asm = assembler();
    let targets: Vec<_> = (0..3).map(|_| asm.label()).collect();
    let order = [2, 0, 1, 0];
    let table = asm.jump_table(&order.map(|i: usize| targets[i]));
    let second = asm.jump_table(&targets);
    asm.constant(&[5; 8]);
    let address = Mem::Label {
        label: table,
        disp: 0,
    };
    asm.emit(Op::Lea, Size::Q, &[Arg::R(Gpr::RAX), Arg::M(address)]);
    for target in &targets {
        nops(&mut asm, 5);
        asm.bind(*target);
    }
    let code = asm.finish().expect("small").clone();
    let offset = |label| asm.offset_of(label).expect("placed");
    let start = offset(table);
    assert_eq!(start % 4, 0);
    assert_eq!(offset(second), start + 16);
    for (i, target) in order.iter().enumerate() {
        let at = start as usize + 4 * i;
        let entry = i32::from_le_bytes(code.bytes[at..at + 4].try_into().expect("four bytes"));
        assert_eq!(start.wrapping_add_signed(entry), offset(targets[*target]));
    }
}

#[test]
fn relocations_are_listed() {
    let mut asm = assembler();
    asm.emit(Op::Call, Size::Q, &[Arg::S(3)]);
    asm.emit(Op::Movabs, Size::Q, &[Arg::R(Gpr::R10), Arg::S(4)]);
    let mem = Mem::Symbol {
        symbol: 5,
        addend: 16,
    };
    asm.emit(Op::Cmp, Size::D, &[Arg::M(mem), Arg::I(1)]);
    asm.emit_cc(Op::Jcc, Cc::E, Size::Q, &[Arg::S(6)]);
    let code = asm.finish().expect("small");
    let found: Vec<_> = code
        .relocs
        .iter()
        .map(|r| (r.offset, r.kind, r.symbol, r.addend))
        .collect();
    let (rel, abs) = (RelocKind::Rel32, RelocKind::Abs64);
    // After the call are 5 bytes, after the move 15; the comparison has an immediate byte.
    assert_eq!(
        found,
        [
            (1, rel, 3, -4),
            (7, abs, 4, 0),
            (17, rel, 5, 11),
            (24, rel, 6, -4)
        ]
    );
}

#[test]
fn alignment_is_one_chain_of_nops() {
    for before in 0..64 {
        let mut asm = assembler();
        nops(&mut asm, before);
        asm.align(64);
        assert_eq!(asm.offset() % 64, 0);
        let code = asm.finish().expect("small");
        let all = decode(&code.bytes);
        assert!(all.iter().all(|i| i.mnemonic() == iced_x86::Mnemonic::Nop));
        let padding = code.bytes.len() - before as usize;
        assert_eq!(all.len() - before as usize, padding.div_ceil(9));
    }
}

#[test]
fn a_cleared_assembler_is_new() {
    let write = |asm: &mut Assembler| {
        let label = asm.label();
        asm.jmp(label);
        let constant = asm.constant(&[1; 8]);
        let mem = Mem::Label {
            label: constant,
            disp: 0,
        };
        asm.emit(Op::Movsd, Size::D, &[Arg::X(Xmm::XMM1), Arg::M(mem)]);
        asm.bind(label);
        asm.jump_table(&[label]);
        asm.finish().expect("small").clone()
    };
    let mut asm = assembler();
    let first = write(&mut asm);
    asm.clear();
    let second = write(&mut asm);
    assert_eq!(first.bytes, second.bytes);
    assert_eq!(first.code_len, second.code_len);
}

#[test]
fn many_references_take_linear_time() {
    let mut asm = assembler();
    let labels: Vec<_> = (0..100_000).map(|_| asm.label()).collect();
    for label in &labels {
        asm.jmp(*label);
        asm.jmp(labels[0]);
    }
    let values: Vec<_> = (0..50_000_u32)
        .map(|i| asm.constant(&i.to_le_bytes()))
        .collect();
    for label in labels.iter().rev() {
        asm.bind(*label);
    }
    let code = asm.finish().expect("a megabyte");
    assert_eq!(code.bytes.len(), 1_000_000 + 4 * values.len());
}

#[test]
fn relaxed_branches_are_short_where_they_reach() {
    // Of three branches over each other, the inner ones must be short for the outer one to reach.
    for (distance, lens) in [
        (0, [2, 2, 2]),
        (123, [2, 2, 2]),
        (125, [6, 2, 2]),
        (127, [6, 5, 2]),
        (128, [6, 5, 6]),
    ] {
        let mut asm = assembler();
        let (top, end) = (asm.label(), asm.label());
        asm.bind(top);
        asm.jcc(Cc::B, end);
        asm.jmp(end);
        asm.jcc(Cc::E, end);
        let noted = asm.offset();
        nops(&mut asm, distance);
        asm.bind(end);
        asm.emit(Op::Ret, Size::Q, &[]);
        asm.relax();
        let end = asm.offset_of(end).expect("bound");
        let noted = asm.moved().at(noted);
        let code = asm.finish().expect("small");
        let all = decode(&code.bytes);
        assert_eq!(
            all[..3].iter().map(Instruction::len).collect::<Vec<_>>(),
            lens
        );
        for branch in &all[..3] {
            assert_eq!(branch.near_branch64(), u64::from(end));
        }
        assert_eq!(noted as usize, lens.iter().sum::<usize>());
        assert_eq!(
            all.last().map(Instruction::mnemonic),
            Some(iced_x86::Mnemonic::Ret)
        );
    }
}

#[test]
fn relaxed_code_means_the_same() {
    // Random jumps between random places, relocations and addresses among them.
    let mut random = 7_u64;
    let mut pick = |n: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % n
    };
    let is_aligned =
        |round: usize, index: usize| round % 2 == 1 && index.is_multiple_of(1 + round / 8);
    for round in 0..100 {
        let mut asm = assembler();
        let labels: Vec<_> = (0..60).map(|_| asm.label()).collect();
        let mut branches = Vec::new();
        let mut calls = Vec::new();
        for (index, label) in labels.iter().enumerate() {
            if is_aligned(round, index) {
                asm.align_relaxed(32);
            }
            asm.bind(*label);
            asm.emit(Op::Mov, Size::D, &[Arg::R(Gpr::RAX), Arg::I(index as i64)]);
            nops(&mut asm, pick(40) as u32);
            let near = (index as u64 + pick(12)).saturating_sub(6).min(59);
            let target = labels[near as usize];
            branches.push((asm.offset(), near as usize));
            match pick(4) {
                0 => asm.jmp(target),
                1 => asm.emit(Op::Call, Size::Q, &[Arg::L(target)]),
                2 => {
                    let label = Mem::Label {
                        label: target,
                        disp: 0,
                    };
                    asm.emit(Op::Lea, Size::Q, &[Arg::R(Gpr::RAX), Arg::M(label)]);
                }
                _ => asm.jcc(Cc::G, target),
            }
            asm.emit(Op::Call, Size::Q, &[Arg::S(index as u32)]);
            calls.push(asm.offset());
        }
        let before = asm.offset();
        asm.relax();
        assert!(asm.offset() < before, "nothing was shortened");
        let offsets: Vec<_> = labels
            .iter()
            .map(|l| asm.offset_of(*l).expect("bound"))
            .collect();
        let mut moved = asm.moved();
        let branches: Vec<_> = branches
            .iter()
            .map(|(at, to)| (moved.at(*at), *to))
            .collect();
        let mut moved = asm.moved();
        let calls: Vec<_> = calls.iter().map(|at| moved.at(*at)).collect();
        let code = asm.finish().expect("small");
        let all = decode(&code.bytes[..code.code_len as usize]);
        let at = |offset: u32| {
            let found = all.binary_search_by_key(&u64::from(offset), Instruction::ip);
            &all[found.expect("an instruction begins there")]
        };
        for (index, offset) in offsets.iter().enumerate() {
            let mov = at(*offset);
            assert!(!is_aligned(round, index) || offset % 32 == 0);
            assert_eq!(mov.immediate32(), index as u32);
        }
        for (offset, to) in branches {
            let inst = at(offset);
            let target = match inst.mnemonic() {
                iced_x86::Mnemonic::Lea => inst.memory_displacement64(),
                _ => inst.near_branch64(),
            };
            assert_eq!(target, u64::from(offsets[to]));
        }
        for (reloc, end) in code.relocs.iter().zip(calls) {
            assert_eq!(reloc.offset + 4, end);
        }
    }
}
