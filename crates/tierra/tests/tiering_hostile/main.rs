//! Functions that rise from tier to tier, as an attacker would write them: states that are too large,
//! frames of all tiers in unlikely orders, memory for code that runs out, modules that go away. What
//! comes out is what the interpreter says.

mod calls;
mod limits;
mod values;

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
        for interpreted in [None, Some(0), Some(64)] {
            let engine = rising(stress, |config, tiering| {
                config.consume_fuel(true);
                tiering.interpreted = interpreted;
                change(config);
            });
            let seen = outcome(&engine, text, args, 3);
            assert_eq!(seen, expected, "{stress:?}, {interpreted:?}");
        }
    }
    expected
}
