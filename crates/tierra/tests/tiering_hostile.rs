//! Functions that rise from tier to tier, as an attacker would write them: states that are too large,
//! frames of all tiers in unlikely orders, memory for code that runs out, modules that go away. What
//! comes out is what the interpreter says.

use tierra::*;

/// An engine whose functions rise.
fn rising(stress: Stress, change: impl FnOnce(&mut Config, &mut Tiering)) -> Engine {
    let mut config = Config::new();
    let mut tiering = Tiering {
        stress,
        ..Tiering::default()
    };
    change(&mut config, &mut tiering);
    config.tier(Tier::Auto).tiering(tiering);
    Engine::new(&config).unwrap()
}

fn eager() -> Stress {
    Stress {
        eager: true,
        synchronous: true,
        ..Stress::default()
    }
}

/// Ways to rise: at once, at random, and as hosts have it.
fn ways() -> Vec<Stress> {
    let random = |seed| Stress {
        random: Some(seed),
        ..eager()
    };
    let mut ways = vec![Stress::default(), eager()];
    ways.extend((1..6).map(random));
    ways
}

/// A trap, and where.
fn failure(error: &Error) -> String {
    let backtrace = error.backtrace().expect("it comes from the guest");
    let frames = backtrace.frames().iter();
    let frames: Vec<_> = frames.map(|f| (f.func_index(), f.offset())).collect();
    let omitted = backtrace.omitted();
    format!("{error}: {:?} {frames:?} {omitted}", error.trap())
}

/// What a call came to, for comparison.
fn outcome(engine: &Engine, text: &str, args: &[Val], rounds: usize) -> Vec<String> {
    let module = Module::new(engine, text).unwrap();
    let mut store = Store::new(engine, ());
    store.set_fuel(100_000_000).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let count = run.ty(&store).results().len();
    let mut told = Vec::new();
    for _ in 0..rounds {
        let mut results = vec![Val::I32(0); count];
        told.push(match run.call(&mut store, args, &mut results) {
            Ok(()) => format!("{results:?}"),
            Err(error) => failure(&error),
        });
        told.push(store.get_fuel().unwrap().to_string());
    }
    told
}

/// In every way, a function `run` does what it does in the interpreter, fuel and backtraces included.
#[track_caller]
fn same_everywhere(text: &str, args: &[Val]) -> Vec<String> {
    same_with(text, args, |_| ())
}

#[track_caller]
fn same_with(text: &str, args: &[Val], change: impl Fn(&mut Config)) -> Vec<String> {
    let mut config = Config::new();
    config.tier(Tier::Interp).consume_fuel(true);
    change(&mut config);
    let expected = outcome(&Engine::new(&config).unwrap(), text, args, 3);
    for stress in ways() {
        let engine = rising(stress, |config, _| {
            config.consume_fuel(true);
            change(config);
        });
        assert_eq!(outcome(&engine, text, args, 3), expected, "{stress:?}");
    }
    expected
}

/// A function whose parameters on the stack and locals are together more than a frame may hold.
#[test]
fn a_state_larger_than_any_frame() {
    let params = "v128 ".repeat(1000);
    let zeros = "(v128.const i64x2 5 6) ".repeat(1000);
    for (locals, vectors) in [(12_200, 0), (0, 6_000), (3000, 4500), (3700, 6100)] {
        let text = format!(
            "(module
               (func $f (param {params}) (result i64) (local i32) (local {}) (local {})
                 (local.set 1000 (i32.const 50))
                 (loop $l
                   (br_if $l (local.tee 1000 (i32.sub (local.get 1000) (i32.const 1)))))
                 (i64x2.extract_lane 1 (local.get 999)))
               (func (export \"run\") (result i64) (call $f {zeros})))",
            "i64 ".repeat(locals),
            "v128 ".repeat(vectors),
        );
        same_everywhere(&text, &[]);
    }
}

/// More parameters than registers, more results than registers, and the loop is left inside.
#[test]
fn arguments_on_the_stack_and_results_in_an_area() {
    for (params, results) in [
        (3, 9),
        (20, 1),
        (21, 12),
        (40, 40),
        (7, 5),
        (8, 5),
        (100, 0),
    ] {
        let types = ["i32", "i64", "f32", "f64", "v128"];
        let ty = |i: usize| types[i % types.len()];
        let list = |count: usize| {
            (0..count)
                .map(|i| format!("{} ", ty(i)))
                .collect::<String>()
        };
        let value = |i: usize, at: usize| match ty(i) {
            "v128" => format!("(v128.const i32x4 {i} {at} 3 4)"),
            ty => format!("({ty}.const {})", i * 100 + at),
        };
        let args = |at| (0..params).map(|i| value(i, at)).collect::<String>();
        let out: String = (0..results)
            .map(|i| match i < params {
                true => format!("(local.get {i})"),
                false => value(i, 77),
            })
            .collect();
        let text = format!(
            "(module
               (func $f (param {p}) (result {r}) (local $n i32)
                 (local.set $n (i32.const 100))
                 (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                 {out})
               (func $g (param {p}) (result {r}) (local $n i32)
                 (local.set $n (i32.const 100))
                 (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                 (return_call $f {}))
               (func (export \"run\") (result {r} {r}) (local $n i32)
                 (local.set $n (i32.const 20))
                 (loop $l
                   (call $f {}) {}
                   (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                 (call $f {}) (call $g {})))",
            args(5),
            args(1),
            "drop ".repeat(results),
            args(2),
            args(3),
            p = list(params),
            r = list(results),
        );
        same_everywhere(&text, &[]);
    }
}
