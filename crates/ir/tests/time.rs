//! Everything takes time in proportion to the function, on shapes made to hurt.

use std::time::{Duration, Instant};
use tierra_ir::builder::State;
use tierra_ir::{
    BinaryOp, Builder, Cleaner, Flow, Function, InstData, Signature, Type, Variable, parse,
    split_critical_edges, verify,
};

const N: usize = 50_000;

type Shape = fn(&mut Builder<'_>, Variable);

/// Loops, one in another, each of which may leave to the end of all.
fn nest(b: &mut Builder<'_>, x: Variable) {
    let end = b.block();
    let mut headers = Vec::new();
    for _ in 0..N {
        let (header, inside) = (b.block(), b.block());
        b.jump(header, &[]);
        b.switch_to(header);
        let value = b.get(x);
        b.branch(value, (inside, &[]), (end, &[]));
        b.seal(inside);
        b.switch_to(inside);
        headers.push(header);
    }
    let value = b.get(x);
    let args = [value; 2];
    let op = BinaryOp::I32Add;
    let value = b.value(InstData::Binary { op, args });
    b.set(x, value);
    while let Some(header) = headers.pop() {
        let value = b.get(x);
        let next = b.block();
        b.branch(value, (header, &[]), (next, &[]));
        b.seal(header);
        b.seal(next);
        b.switch_to(next);
    }
    b.jump(end, &[]);
    b.seal(end);
    b.switch_to(end);
}

/// Loops that change nothing, one after the other.
fn row(b: &mut Builder<'_>, x: Variable) {
    for _ in 0..N {
        let (header, next) = (b.block(), b.block());
        b.jump(header, &[]);
        b.switch_to(header);
        let value = b.get(x);
        b.branch(value, (header, &[]), (next, &[]));
        b.seal(header);
        b.seal(next);
        b.switch_to(next);
    }
}

/// Loops that change nothing, one in another, the variable read behind them.
fn quiet(b: &mut Builder<'_>, x: Variable) {
    let mut headers = Vec::new();
    let cond = b.get(x);
    for _ in 0..N {
        let header = b.block();
        b.jump(header, &[]);
        b.switch_to(header);
        headers.push(header);
    }
    while let Some(header) = headers.pop() {
        let next = b.block();
        b.branch(cond, (header, &[]), (next, &[]));
        b.switch_to(next);
    }
}

/// Arms of empty blocks that lead through each other.
fn empty(b: &mut Builder<'_>, x: Variable) {
    let value = b.get(x);
    let blocks: Vec<_> = (0..N).map(|_| b.block()).collect();
    b.branch(value, (blocks[0], &[]), (blocks[N / 2], &[]));
    for (index, block) in blocks.iter().enumerate() {
        b.switch_to(*block);
        if index + 1 < N {
            b.jump(blocks[index + 1], &[]);
        }
    }
}

#[test]
fn time_is_linear() {
    let mut state = State::default();
    let (mut cleaner, mut flow) = (Cleaner::new(), Flow::new());
    let shapes = [
        ("nest", nest as Shape),
        ("row", row),
        ("quiet", quiet),
        ("empty", empty),
    ];
    for (name, shape) in shapes {
        let signature = Signature {
            params: vec![Type::I32],
            results: vec![Type::I32],
            ..Signature::default()
        };
        let mut func = Function::new(name, signature);
        let timed = |what: &str, func: &mut Function, step: &mut dyn FnMut(&mut Function)| {
            let start = Instant::now();
            step(func);
            let time = start.elapsed();
            println!("{name}: {what}: {time:?}");
            assert!(
                time < Duration::from_secs(2),
                "{name}: {what} takes {time:?}"
            );
        };
        timed("build", &mut func, &mut |func| {
            let mut b = Builder::new(func, &mut state);
            let entry = b.block();
            let param = b.func.append_param(entry, Type::I32);
            let x = b.variable(Type::I32);
            b.seal(entry);
            b.switch_to(entry);
            b.set(x, param);
            shape(&mut b, x);
            let value = b.get(x);
            let args = b.func.list(&[value]);
            b.push(InstData::Return(args));
            b.finish();
        });
        timed("verify", &mut func, &mut |func| {
            verify(func).expect("it is right")
        });
        timed("dead code", &mut func, &mut |func| cleaner.dead_code(func));
        timed("flow", &mut func, &mut |func| cleaner.flow(func));
        timed("split", &mut func, &mut |func| {
            split_critical_edges(func);
        });
        timed("analysis", &mut func, &mut |func| flow.compute(func));
        timed("verify", &mut func, &mut |func| {
            verify(func).expect("it is right")
        });
        timed("text", &mut func, &mut |func| {
            parse(&func.to_string()).expect("it was printed");
        });
    }
}
