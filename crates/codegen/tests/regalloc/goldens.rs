//! Small functions whose allocation is to be looked at; `BLESS=1` writes it down anew.

use crate::program::*;
use tierra_codegen::regalloc::interface::Constraint::*;
use tierra_codegen::regalloc::interface::*;
use tierra_codegen::regalloc::{Allocator, check};

fn allocate(mut program: Program, ints: u8) -> String {
    program.finish();
    let machine = machine(ints, 4);
    let mut out = Output::default();
    Allocator::default().allocate(&program, &machine, &mut out);
    let text = show(&program, &out);
    if let Err(violation) = check(&program, &machine, &out) {
        panic!("{violation}\n{text}");
    }
    text
}

/// Compares with what is written in `regalloc/goldens/`.
fn expect(name: &str, text: &str) {
    let path = format!(
        "{}/tests/regalloc/goldens/{name}.txt",
        env!("CARGO_MANIFEST_DIR")
    );
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == text,
        "{path} is not this (BLESS=1 writes it):\n{text}"
    );
}

/// Values that arrive in the first registers.
fn arrive(p: &mut Program, block: BlockIx, count: u8) -> Vec<VReg> {
    let values: Vec<VReg> = (0..count).map(|_| p.int()).collect();
    let fixed = |(i, &v): (usize, &VReg)| op(v, DefFixed(PReg::int(i as u8)));
    let operands = values.iter().enumerate().map(fixed).collect();
    p.inst(block, operands);
    values
}

fn tied(p: &mut Program, block: BlockIx, a: VReg, b: VReg) -> VReg {
    let result = p.int();
    p.inst(block, vec![op(a, Use), op(b, Use), op(result, DefTied(0))]);
    result
}

fn call(p: &mut Program, block: BlockIx, args: &[VReg]) -> VReg {
    let result = p.int();
    let fixed = |(i, &v): (usize, &VReg)| op(v, UseFixed(PReg::int(i as u8)));
    let mut operands: Vec<Operand> = args.iter().enumerate().map(fixed).collect();
    operands.push(op(result, DefFixed(PReg::int(0))));
    p.inst(block, operands).clobbers = PRegSet(u64::MAX);
    result
}

/// A loop that sums what is at `base`; `body` comes in between and may end in another block.
fn sum(ints: u8, others: u8, body: impl Fn(&mut Program, BlockIx, &[VReg]) -> BlockIx) -> String {
    let mut p = Program::default();
    let entry = p.block(1.0, 0);
    let values = arrive(&mut p, entry, 2 + others);
    let (base, end) = (values[0], values[1]);
    let zero = p.value(RegClass::Int, 8, false, true);
    p.inst(entry, vec![op(zero, Def)]);
    p.blocks[entry as usize].args = vec![base, zero];
    let header = p.block(10.0, 1);
    p.jump(entry, &[header]);
    let (i, total) = (p.int(), p.int());
    p.blocks[header as usize].params = vec![i, total];
    let loaded = p.int();
    p.inst(header, vec![op(i, Use), op(loaded, Def)]);
    let block = body(&mut p, header, &values);
    let total = tied(&mut p, block, total, loaded);
    let next = p.int();
    p.inst(block, vec![op(i, Use), op(next, DefTied(0))]);
    p.inst(block, vec![op(next, Use), op(end, Use)]);
    let again = p.block(9.0, 1);
    let out = p.block(1.0, 0);
    p.link(block, &[again, out]);
    p.blocks[again as usize].args = vec![next, total];
    p.jump(again, &[header]);
    let mut operands = vec![op(total, UseFixed(PReg::int(0)))];
    operands.extend(values[2..].iter().map(|&v| op(v, UseAny)));
    p.inst(out, operands);
    allocate(p, ints)
}

#[test]
fn a_small_loop_has_no_moves() {
    expect("small_loop", &sum(6, 0, |_, block, _| block));
}

#[test]
fn what_lives_through_a_loop_makes_room() {
    expect("live_through", &sum(5, 3, |_, block, _| block));
}

#[test]
fn a_cold_call_costs_nothing_on_the_hot_way() {
    let text = sum(6, 1, |p, block, values| {
        let (cold, hot) = (p.block(0.01, 1), p.block(10.0, 1));
        p.inst(block, vec![op(values[1], Use)]);
        p.link(block, &[hot, cold]);
        call(p, cold, &[values[1]]);
        let join = p.block(10.0, 1);
        p.jump(hot, &[join]);
        p.jump(cold, &[join]);
        join
    });
    expect("cold_call", &text);
}

#[test]
fn a_hot_call() {
    let text = sum(6, 1, |p, block, values| {
        call(p, block, &[values[1]]);
        block
    });
    expect("hot_call", &text);
}

#[test]
fn shifts_and_divisions() {
    let mut p = Program::default();
    let entry = p.block(1.0, 0);
    let v = arrive(&mut p, entry, 3);
    let shifted = p.int();
    let by_register = vec![
        op(v[0], Use),
        op(v[2], UseFixed(PReg::int(1))),
        op(shifted, DefTied(0)),
    ];
    p.inst(entry, by_register);
    let (quotient, rest) = (p.int(), p.int());
    let division = vec![
        op(shifted, UseFixed(PReg::int(0))),
        op(v[1], Use),
        op(quotient, DefFixed(PReg::int(0))),
        op(rest, DefFixed(PReg::int(2))),
    ];
    p.inst(entry, division);
    let sum = tied(&mut p, entry, quotient, v[0]);
    p.inst(entry, vec![op(sum, UseFixed(PReg::int(0)))]);
    expect("fixed", &allocate(p, 6));
}
