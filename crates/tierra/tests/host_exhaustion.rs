//! The memory for machine code of the whole process is used up, and hosts define functions: nothing
//! panics, and what can't be called ends with an error. A program of its own, because other tests would
//! notice.

mod full_region;

use full_region::fill;
use tierra::*;

/// So many types that the code for all of them needs memory that is not there.
const TYPES: u32 = 2000;

/// The type of a number: 12 parameters, each of either of two types.
fn types(number: u32) -> [ValType; 12] {
    std::array::from_fn(|bit| match number >> bit & 1 {
        1 => ValType::I64,
        _ => ValType::F64,
    })
}

/// A module with an import of every type, and a function for each that calls it if it is told to.
fn text() -> String {
    let (mut imports, mut functions) = (String::new(), String::new());
    for number in 0..TYPES {
        let types = types(number).map(|ty| ty.to_string());
        let args = types.each_ref().map(|ty| format!("({ty}.const 1)"));
        let (types, args) = (types.join(" "), args.join(" "));
        imports += &format!("(import \"host\" \"{number}\" (func $i{number} (param {types})))");
        functions += &format!(
            "(func (export \"{number}\") (param i32) (result i32)
               (if (local.get 0) (then (call $i{number} {args}))) (i32.const 7))"
        );
    }
    format!("(module {imports} {functions})")
}

/// Hosts define functions in all ways.
fn instance(engine: &Engine, module: &Module) -> (Store<u32>, Instance) {
    let mut store = Store::new(engine, 0);
    let mut linker = Linker::new(engine);
    for number in 0..TYPES {
        let ty = FuncType::new(types(number), []);
        let host = |mut caller: Caller<'_, u32>, _: &[Val], _: &mut [Val]| {
            *caller.data_mut() += 1;
            Ok(())
        };
        let name = number.to_string();
        if number % 2 == 0 {
            linker.func_new("host", &name, ty, host).unwrap();
        } else {
            let func = Func::new(&mut store, ty, host);
            linker.define("host", &name, func).unwrap();
        }
    }
    let instance = linker.instantiate(&mut store, module).unwrap();
    (store, instance)
}

/// How many of the functions can be called.
fn count((store, instance): &mut (Store<u32>, Instance), calls: bool) -> u32 {
    let before = *store.data();
    let mut done = 0;
    for number in 0..TYPES {
        let func = instance.get_typed_func::<i32, i32>(&mut *store, &number.to_string());
        match func.unwrap().call(&mut *store, calls.into()) {
            Ok(result) => {
                assert_eq!(result, 7);
                done += 1;
            }
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("is used up: drop modules"), "{error}");
            }
        }
    }
    let called = *store.data() - before;
    assert_eq!(called, if calls { done } else { 0 });
    done
}

fn engines() -> [Engine; 3] {
    [Tier::Baseline, Tier::Optimizing, Tier::Auto].map(|tier| {
        let mut config = Config::new();
        let stress = Stress {
            eager: true,
            synchronous: true,
            ..Stress::default()
        };
        config.tier(tier).tiering(Tiering {
            stress,
            ..Tiering::default()
        });
        Engine::new(&config).unwrap()
    })
}

#[test]
fn without_room_in_the_process_hosts_define_functions() {
    let engines = engines();
    let modules = engines
        .each_ref()
        .map(|engine| Module::new(engine, text()).unwrap());
    // Functions that are compiled one by one are compiled now. The other engines have met no host
    // function yet.
    let mut early = instance(&engines[2], &modules[2]);
    assert_eq!(count(&mut early, false), TYPES);
    let others = fill(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")));
    let mut late = [0, 1, 2].map(|i| instance(&engines[i], &modules[i]));
    for at in late.iter_mut().chain([&mut early]) {
        let called = count(at, true);
        assert!((1..TYPES).contains(&called), "{called}");
        assert_eq!(count(at, true), called);
    }
    // Calls from Rust need nothing.
    let store = &mut late[0].0;
    let add = Func::wrap(&mut *store, |a: i32, b: i64, c: f32| {
        a + b as i32 + c as i32
    });
    let add = add.typed::<(i32, i64, f32), i32>(&*store).unwrap();
    assert_eq!(add.call(&mut *store, (1, 2, 3.0)).unwrap(), 6);
    // An engine without machine code is one that there can be.
    assert!(Engine::new(Config::new().tier(Tier::Auto)).is_ok());
    drop(others);
    for at in late.iter_mut().chain([&mut early]) {
        assert_eq!(count(at, true), TYPES);
    }
}
