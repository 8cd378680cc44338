//! The time of register allocation per instruction, by shape and size of the function.

#[path = "../tests/regalloc/generate.rs"]
mod generate;
#[allow(dead_code, reason = "tests print functions, too")]
#[path = "../tests/regalloc/program.rs"]
mod program;

use generate::{Shape, generate};
use program::*;
use std::time::{Duration, Instant};
use tierra_codegen::regalloc::Allocator;
use tierra_codegen::regalloc::interface::*;

/// Instructions that use what was made a little earlier.
fn some_work(program: &mut Program, block: BlockIx, recent: &mut Vec<VReg>, count: usize) {
    let mut random = Random::new(u64::from(block) + 5);
    for _ in 0..count {
        let near = recent.len().min(10);
        let mut pick = || recent[recent.len() - 1 - random.below(near)];
        let (a, b) = (pick(), pick());
        let result = program.int();
        let operands = vec![
            op(a, Constraint::Use),
            op(b, Constraint::UseAny),
            op(result, Constraint::DefTied(0)),
        ];
        program.inst(block, operands);
        recent.push(result);
    }
}

fn start(program: &mut Program) -> (BlockIx, Vec<VReg>) {
    let block = program.block(1.0, 0);
    let values: Vec<VReg> = (0..4).map(|_| program.int()).collect();
    let def = |(i, &v): (usize, &VReg)| op(v, Constraint::DefFixed(PReg::int(i as u8)));
    let operands = values.iter().enumerate().map(def).collect();
    program.inst(block, operands);
    (block, values)
}

fn straight(size: usize) -> Program {
    let mut program = Program::default();
    let (block, mut recent) = start(&mut program);
    some_work(&mut program, block, &mut recent, size);
    program.jump(block, &[]);
    program
}

fn diamonds(size: usize) -> Program {
    let mut program = Program::default();
    let (mut block, mut recent) = start(&mut program);
    for _ in 0..size / 20 {
        some_work(&mut program, block, &mut recent, 4);
        let arms = [program.block(0.5, 0), program.block(0.5, 0)];
        let condition = *recent.last().unwrap();
        program.inst(block, vec![op(condition, Constraint::Use)]);
        program.link(block, &arms);
        let join = program.block(1.0, 0);
        let before = recent.len();
        for arm in arms {
            some_work(&mut program, arm, &mut recent, 5);
            program.blocks[arm as usize].args = vec![*recent.last().unwrap()];
            recent.truncate(before);
            program.jump(arm, &[join]);
        }
        let param = program.int();
        program.blocks[join as usize].params = vec![param];
        recent.push(param);
        block = join;
    }
    program.jump(block, &[]);
    program
}

/// Loops, each in the one before, up to a depth; then the next ones.
fn loops(size: usize, depth: usize) -> Program {
    let mut program = Program::default();
    let (mut block, mut recent) = start(&mut program);
    for _ in 0..(size / (depth * 12)).max(1) {
        let mut headers = vec![];
        let mut frequency = 1.0;
        for level in 0..depth as u32 {
            some_work(&mut program, block, &mut recent, 4);
            frequency *= if level < 8 { 4.0 } else { 1.0 };
            let header = program.block(frequency, level + 1);
            let passed = *recent.last().unwrap();
            program.blocks[block as usize].args = vec![passed];
            program.jump(block, &[header]);
            let param = program.int();
            program.blocks[header as usize].params = vec![param];
            recent.push(param);
            headers.push((header, frequency));
            block = header;
        }
        for (level, (header, frequency)) in headers.into_iter().enumerate().rev() {
            some_work(&mut program, block, &mut recent, 4);
            let again = program.block(frequency, level as u32 + 1);
            let passed = *recent.last().unwrap();
            program.blocks[again as usize].args = vec![passed];
            program.jump(again, &[header]);
            let out = program.block(frequency / 4.0, level as u32);
            program.inst(block, vec![op(passed, Constraint::Use)]);
            program.link(block, &[again, out]);
            block = out;
        }
    }
    program.jump(block, &[]);
    program
}

/// All values are live at once.
fn wide(size: usize) -> Program {
    let mut program = Program::default();
    let (block, _) = start(&mut program);
    let values: Vec<VReg> = (0..size / 2).map(|_| program.int()).collect();
    for &value in &values {
        program.inst(block, vec![op(value, Constraint::Def)]);
    }
    for &value in &values {
        program.inst(block, vec![op(value, Constraint::Use)]);
    }
    program.jump(block, &[]);
    program
}

/// A jump table in a loop, with many values that live through it.
fn table(size: usize) -> Program {
    let mut program = Program::default();
    let (entry, mut recent) = start(&mut program);
    for _ in 0..size / 10 {
        let value = program.int();
        program.inst(entry, vec![op(value, Constraint::Def)]);
        recent.push(value);
    }
    let header = program.block(10.0, 1);
    program.jump(entry, &[header]);
    let targets: Vec<BlockIx> = (0..size / 8).map(|_| program.block(0.1, 1)).collect();
    let out = program.block(1.0, 0);
    let bottom = program.block(10.0, 1);
    let condition = recent[0];
    program.inst(header, vec![op(condition, Constraint::Use)]);
    program.link(header, &targets);
    for (i, &target) in targets.iter().enumerate() {
        let value = recent[i % recent.len()];
        program.inst(target, vec![op(value, Constraint::Use)]);
        program.inst(target, vec![op(recent[1], Constraint::Use)]);
        some_work(&mut program, target, &mut recent, 4);
        recent.truncate(4 + size / 10);
        program.jump(target, &[bottom]);
    }
    let again = program.block(9.0, 1);
    program.jump(again, &[header]);
    program.inst(bottom, vec![op(condition, Constraint::Use)]);
    program.link(bottom, &[again, out]);
    let uses = recent.iter().map(|&value| op(value, Constraint::UseAny));
    let uses = uses.collect();
    program.inst(out, uses);
    program
}

fn calls(size: usize) -> Program {
    let mut program = Program::default();
    let (block, mut recent) = start(&mut program);
    for _ in 0..size / 6 {
        some_work(&mut program, block, &mut recent, 5);
        let result = program.int();
        let mut operands = vec![];
        for i in 0..3 {
            let value = recent[recent.len() - 1 - i];
            operands.push(op(value, Constraint::UseFixed(PReg::int(i as u8))));
        }
        operands.push(op(result, Constraint::DefFixed(PReg::int(0))));
        let inst = program.inst(block, operands);
        inst.clobbers = PRegSet(u64::MAX);
        inst.is_safepoint = true;
        recent.push(result);
    }
    program.jump(block, &[]);
    program
}

fn mixed(size: usize) -> Program {
    let shape = Shape {
        ints: 14,
        vecs: 15,
        size: size * 2 / 3,
        width: 12,
        far: 300,
        calls: true,
        shuffled: false,
    };
    generate(size as u64, shape)
}

type Make = fn(usize) -> Program;

fn main() {
    let makes: &[(&str, Make)] = &[
        ("straight", straight),
        ("diamonds", diamonds),
        ("loops, 4 deep", |size| loops(size, 4)),
        ("loops, all nested", |size| loops(size, size / 12)),
        ("all live at once", wide),
        ("jump table", table),
        ("calls", calls),
        ("mixed", mixed),
    ];
    let only = std::env::args().nth(1);
    let size = std::env::args()
        .nth(2)
        .map(|text| text.parse().expect("a size"));
    let sizes = size.map_or(vec![100, 1000, 10_000, 100_000], |size| vec![size]);
    println!("µs per instruction (and edits per instruction) by number of instructions");
    for &(name, make) in makes {
        if only
            .as_ref()
            .is_some_and(|only| !name.contains(only.as_str()))
        {
            continue;
        }
        print!("{name:20}");
        for &size in &sizes {
            let mut program = make(size);
            program.finish();
            let mut allocator = Allocator::default();
            let machine = machine(14, 15);
            let mut out = Output::default();
            let mut best = Duration::MAX;
            let begin = Instant::now();
            while begin.elapsed() < Duration::from_millis(300) {
                let start = Instant::now();
                allocator.allocate(&program, &machine, &mut out);
                best = best.min(start.elapsed());
            }
            let insts = f64::from(program.num_insts());
            let each = best.as_secs_f64() * 1e6 / insts;
            print!("  {each:.3} ({:.2})", out.edits.len() as f64 / insts);
            if sizes.len() == 1 {
                let blocks = f64::from(program.num_blocks());
                let refs = out.safepoint_slots.len() as f64 / insts;
                print!(
                    " {:.1} instructions per block, {refs:.1} references",
                    insts / blocks
                );
            }
        }
        println!();
    }
}
