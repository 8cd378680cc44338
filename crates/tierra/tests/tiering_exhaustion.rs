//! The memory for machine code of the whole process is used up: everything still runs. A program of its
//! own, because other tests would notice.

mod full_region;

use full_region::fill;
use tierra::*;

/// A module with one function that takes and gives `count` values of either of two types.
fn text(shape: u32) -> String {
    let params: String = (0..20)
        .map(|bit| {
            if shape >> bit & 1 == 1 {
                "i64 "
            } else {
                "f64 "
            }
        })
        .collect();
    let args: String = (0..20)
        .map(|bit| {
            if shape >> bit & 1 == 1 {
                "(i64.const 1) "
            } else {
                "(f64.const 1) "
            }
        })
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

/// A module whose machine code calls, if it is told to, a large function of a type of its own, or so
/// many small ones that the room is used up that the module has.
fn late() -> String {
    let small: String = (0..3000).map(|i| format!("(func $small{i})")).collect();
    let names: String = (0..3000).map(|i| format!("$small{i} ")).collect();
    let large = "(drop (i32.div_u (i32.const 1) (local.get 0)))".repeat(20_000);
    let params = "v128 ".repeat(17);
    let args = "(v128.const i64x2 0 0)".repeat(17);
    format!(
        "(module
           (func $f (param i32 {params}) (result i32) {large} (i32.const 7))
           (func $tail (param i32) (result i32)
             (if (i32.eqz (local.get 0)) (then (return (i32.const 7))))
             (return_call $f (i32.const 1) {args}))
           {small}
           (table funcref (elem {names}))
           (func (export \"fill\") (param i32)
             (loop $l
               (if (i32.eqz (local.get 0)) (then (return)))
               (call_indirect (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
               (br $l)))
           (func (export \"run\") (param i32) (result i32)
             (block $a (block $b (block $c (block $d (br_table $a $b $c $d (local.get 0)))
               (return (call $tail (i32.const 0))))
               (return (call $tail (i32.const 1))))
               (return (call $f (i32.const 1) {args})))
             (i32.const 7)))"
    )
}

fn run(engine: &Engine, module: &Module) -> Result<i32> {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, module, &[])?;
    let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
    run.call(&mut store, ())
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
    let warm = Module::new(&engine, text(1)).unwrap();
    assert_eq!(run(&engine, &warm).unwrap(), 7);
    let cold = Module::new(&engine, text(2)).unwrap();
    let late = Module::new(&engine, late()).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &late, &[]).unwrap();
    let late = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .unwrap();
    // So far it calls small functions only.
    for way in [0, 3] {
        assert_eq!(late.call(&mut store, way).unwrap(), 7);
    }
    let fill_late = instance
        .get_typed_func::<i32, ()>(&mut store, "fill")
        .unwrap();
    fill_late.call(&mut store, 0).unwrap();
    let others = fill(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")));
    // Functions of types that there are adapters of, and that there are none of.
    for module in [&warm, &cold] {
        assert_eq!(run(&engine, module).unwrap(), 7);
    }
    for shape in 3..600 {
        let module = Module::new(&engine, text(shape)).unwrap();
        assert_eq!(run(&engine, &module).unwrap(), 7, "{shape}");
    }
    // There is not even room for the way from machine code to the interpreter.
    if let Err(error) = fill_late.call(&mut store, 3000) {
        assert!(error.to_string().contains("is used up"), "{error}");
    }
    for way in [2, 1, 2, 0] {
        match late.call(&mut store, way) {
            Ok(7) if way == 0 => {}
            Err(error) if error.to_string().contains("is used up") => {}
            other => panic!("{way}: {other:?}"),
        }
    }
    let other = Engine::new(&config).unwrap();
    if let Ok(module) = Module::new(&other, text(1)) {
        assert_eq!(run(&other, &module).unwrap(), 7);
    }
    // Where there was room once, there is room again.
    drop(others);
    for way in [2, 1, 0] {
        assert_eq!(late.call(&mut store, way).unwrap(), 7);
    }
    let after = Module::new(&engine, text(5000)).unwrap();
    let functions = engine.tier_stats().baseline.functions;
    assert_eq!(run(&engine, &after).unwrap(), 7);
    assert!(engine.tier_stats().baseline.functions > functions);
}
