//! What the optimizing passes cost by the size of functions: nanoseconds for each instruction, in
//! all and pass by pass. `cargo run --release -p tierra-codegen --example opt-scaling`

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tierra_codegen::opt::{self, Event, Level, PASSES, State};
use tierra_ir::generate::{Config, Rng, program, signature};
use tierra_ir::{Builder, Function, InstData, Signature, Type, builder};

fn generated(size: u32) -> Function {
    let config = Config {
        size,
        ..Config::default()
    };
    let mut rng = Rng::new(7);
    let signature = signature(&mut rng, &config);
    program(1, signature, &config).functions.remove(0)
}

/// `count` loops, one after the other or each in the one before.
fn loops(count: usize, nested: bool) -> Function {
    let mut func = Function::new(
        "loops",
        Signature {
            params: vec![Type::I32],
            results: vec![Type::I32],
            ..Signature::default()
        },
    );
    let mut state = builder::State::default();
    let mut b = Builder::new(&mut func, &mut state);
    let entry = b.block();
    let n = b.func.append_param(entry, Type::I32);
    b.seal(entry);
    b.switch_to(entry);
    let sum = b.variable(Type::I32);
    let mut exits = Vec::new();
    let bits = 0;
    let zero = b.value(InstData::Const {
        ty: Type::I32,
        bits,
    });
    b.set(sum, zero);
    for _ in 0..count {
        let [header, body, exit] = [b.block(), b.block(), b.block()];
        b.jump(header, &[]);
        b.switch_to(header);
        let old = b.get(sum);
        let op = tierra_ir::CompareOp::I32LtU;
        let cond = b.value(InstData::Compare { op, args: [old, n] });
        b.branch(cond, (body, &[]), (exit, &[]));
        b.switch_to(body);
        let op = tierra_ir::BinaryOp::I32Add;
        let new = b.value(InstData::Binary { op, args: [old, n] });
        b.set(sum, new);
        exits.push((header, exit));
        if !nested {
            b.jump(header, &[]);
            b.switch_to(exit);
            exits.pop();
        }
    }
    while let Some((header, exit)) = exits.pop() {
        b.jump(header, &[]);
        b.switch_to(exit);
    }
    let result = b.get(sum);
    let results = b.func.list(&[result]);
    b.push(InstData::Return(results));
    b.finish();
    func
}

fn measure(name: &str, func: &Function) {
    let times: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let mut best = vec![Duration::MAX; PASSES.len()];
    let mut state = State::new();
    let log = Arc::clone(&times);
    let mut start = Instant::now();
    state.observer = Some(Box::new(move |event| match event {
        Event::Start(_) => start = Instant::now(),
        Event::End(..) => log.lock().expect("one thread").push(start.elapsed()),
    }));
    let mut after = 0;
    for _ in 0..5 {
        let mut func = func.clone();
        opt::run(&mut func, &mut state, Level::Full);
        for (best, time) in best
            .iter_mut()
            .zip(times.lock().expect("one thread").drain(..))
        {
            *best = time.min(*best);
        }
        after = insts(&func);
    }
    let before = insts(func);
    let per = |time: Duration| time.as_nanos() as f64 / before as f64;
    let total: Duration = best.iter().sum();
    print!(
        "{name:>16} {before:>8} insts -> {after:>8}  {:6.1} ns",
        per(total)
    );
    for (pass, time) in PASSES.iter().zip(best) {
        print!("  {} {:.1}", pass.name, per(time));
    }
    println!();
}

fn insts(func: &Function) -> usize {
    func.layout().iter().map(|b| func.insts(*b).count()).sum()
}

fn main() {
    for size in [20, 200, 2_000, 20_000, 100_000] {
        measure("generated", &generated(size));
    }
    for count in [10, 1_000, 100_000] {
        measure("loops in a row", &loops(count, false));
    }
    for count in [10, 1_000, 30_000] {
        measure("nested loops", &loops(count, true));
    }
}
