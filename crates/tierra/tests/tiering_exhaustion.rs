//! The memory for machine code of the whole process is used up: everything still runs. A program of its
//! own, because other tests would notice.

use tierra::*;

/// A module with one function that takes and gives `count` values of either of two types.
fn text(shape: u32) -> String {
    let params: String = (0..20)
        .map(|bit| if shape >> bit & 1 == 1 { "i64 " } else { "f64 " })
        .collect();
    let args: String = (0..20)
        .map(|bit| if shape >> bit & 1 == 1 { "(i64.const 1) " } else { "(f64.const 1) " })
        .collect();
    format!(
        "(module
           (func $f (param {params}) (result i32) (i32.const 7))
           (func (export \"run\") (result i32) (local i32)
             (local.set 0 (i32.const 3))
             (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
             (call $f {args})))"
    )
}

fn run(engine: &Engine, module: &Module) -> i32 {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, module, &[]).unwrap();
    let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    run.call(&mut store, ()).unwrap()
}

#[test]
fn without_room_in_the_process_everything_still_runs() {
    let mut config = Config::new();
    let stress = Stress {
        eager: true,
        synchronous: true,
        ..Stress::default()
    };
    config.tier(Tier::Auto).tiering(Tiering {
        stress,
        ..Tiering::default()
    });
    let engine = Engine::new(&config).unwrap();
    let before = Module::new(&engine, text(1)).unwrap();
    let mut small = Vec::new();
    let mut last = 0;
    // Each takes 64 KiB of 1 GiB for its code.
    for _ in 0..17_000 {
        let module = Module::new(&engine, text(0)).unwrap();
        assert_eq!(run(&engine, &module), 7);
        small.push(module);
        let taken = engine.tier_stats().code_memory;
        if taken == last {
            break;
        }
        last = taken;
    }
    assert!(small.len() > 16_000, "{}", small.len());
    // Functions of types that there are no adapters of.
    for shape in 1..600 {
        let module = Module::new(&engine, text(shape)).unwrap();
        assert_eq!(run(&engine, &module), 7, "{shape}");
    }
    assert_eq!(run(&engine, &before), 7);
    // Where there was room once, there is room again.
    drop(small);
    let after = Module::new(&engine, text(5000)).unwrap();
    let functions = engine.tier_stats().baseline.functions;
    assert_eq!(run(&engine, &after), 7);
    assert!(engine.tier_stats().baseline.functions > functions);
}
