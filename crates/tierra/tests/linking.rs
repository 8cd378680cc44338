//! Imports and instantiation.

use tierra::*;

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, text).unwrap()
}

#[test]
fn errors_name_the_import_and_both_types() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.func_wrap("m", "f", |_: i32| {}).unwrap();
    linker
        .define(
            "m",
            "memory",
            Memory::new(&mut store, memory_type(1, Some(2))).unwrap(),
        )
        .unwrap();
    let cases = [
        (
            r#"(import "m" "f" (func (result i64)))"#,
            "incompatible import type for `m` `f`: the module wants (func (result i64)), but (func (param i32)) was given",
        ),
        (
            r#"(import "m" "memory" (memory 2))"#,
            "incompatible import type for `m` `memory`: the module wants (memory 2), but (memory 1 2) was given",
        ),
        (
            r#"(import "m" "memory" (func))"#,
            "incompatible import type for `m` `memory`: the module wants a func (func), but a memory was given",
        ),
        (
            r#"(import "m" "g" (global (mut f32)))"#,
            "unknown import: `m` `g`, a global (global (mut f32)), is not defined",
        ),
    ];
    for (import, message) in cases {
        let module = module(&engine, &format!("(module {import})"));
        let error = linker.instantiate(&mut store, &module).unwrap_err();
        assert!(error.is_link() && error.to_string() == message, "{error}");
        assert!(
            linker
                .instantiate_pre(&module)
                .and_then(|p| p.instantiate(&mut store))
                .is_err()
        );
    }
    let error = linker.func_wrap("m", "f", || {}).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "`m` `f` is defined twice");
    linker
        .allow_shadowing(true)
        .func_wrap("m", "f", || {})
        .unwrap();
    let module = module(&engine, r#"(module (import "m" "f" (func)))"#);
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert!(error.is_link(), "{error}");
}

#[test]
fn what_a_failed_instantiation_wrote_stays() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, memory_type(1, None)).unwrap();
    let table = TableType::new(RefType::new(true, HeapType::Func), 2, None);
    let table = Table::new(&mut store, table, Val::FuncRef(None)).unwrap();
    let module = module(
        &engine,
        r#"(module
            (import "m" "table" (table 1 funcref))
            (import "m" "memory" (memory 1))
            (func $f (export "f") (result i32) (i32.const 77))
            (elem (i32.const 1) $f)
            (data (i32.const 0) "left")
            (data (i32.const 65535) "out"))"#,
    );
    let error = Instance::new(&mut store, &module, &[table.into(), memory.into()]).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds));
    let mut bytes = [0; 4];
    memory.read(&store, 0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"left");
    let f = table.get(&mut store, 1).unwrap().unwrap_func_ref().unwrap();
    let mut result = [Val::I32(0)];
    f.call(&mut store, &[], &mut result).unwrap();
    assert_eq!(result[0].unwrap_i32(), 77);
}

#[test]
fn start_functions_run_and_trap() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0u32);
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("h", "f", |mut caller: Caller<'_, u32>| {
            *caller.data_mut() += 1
        })
        .unwrap();
    linker
        .instantiate(
            &mut store,
            &module(&engine, r#"(module (import "h" "f" (func $f)) (start $f))"#),
        )
        .unwrap();
    assert_eq!(*store.data(), 1);
    let error = linker
        .instantiate(
            &mut store,
            &module(&engine, "(module $m (func $s unreachable) (start $s))"),
        )
        .unwrap_err();
    assert_eq!(error.trap(), Some(Trap::Unreachable));
    let frame = &error.backtrace().unwrap().frames()[0];
    assert_eq!(
        (frame.module().name(), frame.func_name()),
        (Some("m"), Some("s"))
    );
}

#[test]
fn types_of_modules_are_seen() {
    let engine = Engine::default();
    let module = module(
        &engine,
        r#"(module $named
            (import "a" "b" (func (param i32) (result f64)))
            (memory (export "mem") 1 2)
            (table (export "tab") 3 externref)
            (type $t (sub (struct)))
            (global (export "g") (mut (ref null $t)) (ref.null $t)))"#,
    );
    assert_eq!(module.name(), Some("named"));
    let import = module.imports().next().unwrap();
    assert_eq!((import.module, import.name), ("a", "b"));
    assert_eq!(
        import.ty,
        ExternType::Func(FuncType::new([ValType::I32], [ValType::F64]))
    );
    let exports: Vec<_> = module
        .exports()
        .map(|e| format!("{} {}", e.name, e.ty))
        .collect();
    assert_eq!(
        exports[..2],
        ["mem (memory 1 2)", "tab (table 3 externref)"]
    );
    assert!(module.get_export("mem").unwrap().memory().is_some());
    let Some(ExternType::Global(ty)) = module.get_export("g") else {
        panic!()
    };
    let ValType::Ref(RefType {
        heap: HeapType::Concrete(t),
        nullable: true,
    }) = ty.content
    else {
        panic!()
    };
    assert_eq!(t.as_struct().map(|f| f.len()), Some(0));
}

#[test]
fn invalid_modules_are_refused_with_place_and_feature() {
    let engine = Engine::default();
    let error = Module::new(&engine, "(module (func (result i32)))").unwrap_err();
    assert!(
        error.is_module() && error.to_string().contains("at offset"),
        "{error}"
    );
    assert!(Module::new(&engine, "(module").is_err());
    assert!(Module::validate(&engine, "(module)").is_ok());
    let mut config = Config::new();
    config.feature(Features::SIMD, false);
    let engine = Engine::new(&config).unwrap();
    let error = Module::new(&engine, "(module (func (drop (v128.const i64x2 0 0))))").unwrap_err();
    assert!(error.to_string().contains("`simd`"), "{error}");
}

#[test]
fn tiers_that_do_not_exist_are_refused_by_name() {
    for (name, tier) in Tier::ALL {
        assert_eq!(Tier::by_name(name).unwrap(), *tier);
        let made = Engine::new(Config::new().tier(*tier));
        assert!(made.is_ok(), "{name}: {made:?}");
    }
    assert!(
        Tier::by_name("fast")
            .unwrap_err()
            .to_string()
            .contains("optimizing")
    );
}

#[test]
#[should_panic(expected = "a memory was used with a store that it does not belong to")]
fn handles_of_other_stores_are_refused() {
    let engine = Engine::default();
    let mut a = Store::new(&engine, ());
    let b = Store::new(&engine, ());
    let memory = Memory::new(&mut a, memory_type(1, None)).unwrap();
    memory.size(&b);
}

#[test]
fn arguments_of_other_stores_are_errors() {
    let engine = Engine::default();
    let mut a = Store::new(&engine, ());
    let mut b = Store::new(&engine, ());
    let own = Func::wrap(&mut a, |_: Option<Func>| {});
    let foreign = Func::wrap(&mut b, || {});
    assert!(own.call(&mut a, &[foreign.into()], &mut []).is_err());
    assert!(
        own.typed::<Option<Func>, ()>(&a)
            .unwrap()
            .call(&mut a, Some(foreign))
            .is_err()
    );
    let module = module(&engine, r#"(module (import "" "" (func)))"#);
    assert!(Instance::new(&mut a, &module, &[foreign.into()]).is_err());
}

#[test]
fn typed_functions_are_checked() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let f = Func::wrap(&mut store, |a: i32, b: f32| f64::from(a) + f64::from(b));
    assert_eq!(f.ty(&store), FuncType::of::<(i32, f32), f64>());
    let error = f
        .typed::<i32, ()>(&store)
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("(func (param i32 f32) (result f64)), not (func (param i32))"),
        "{error}"
    );
    assert_eq!(
        f.typed::<(i32, f32), f64>(&store)
            .unwrap()
            .call(&mut store, (1, 0.5))
            .unwrap(),
        1.5
    );
}

#[test]
fn const_expressions_allocate_and_keep_what_they_allocated() {
    let engine = Engine::new(Config::new().gc_stress(true)).unwrap();
    let mut store = Store::new(&engine, ());
    let module = module(
        &engine,
        r#"(module
            (type $leaf (struct (field i32)))
            (type $node (struct (field (ref $leaf)) (field (ref $leaf)) (field v128)))
            (type $nodes (array (ref $node)))
            (global $n (ref $node) (struct.new $node
              (struct.new $leaf (i32.const 1)) (struct.new $leaf (i32.add (i32.const 1) (i32.const 1)))
              (v128.const i64x2 3 4)))
            (global $a (ref $nodes) (array.new_fixed $nodes 2 (global.get $n)
              (struct.new $node (struct.new $leaf (i32.const 5)) (struct.new $leaf (i32.const 6))
                (v128.const i64x2 7 8))))
            (table $t 3 (ref $leaf) (struct.new $leaf (i32.const 9)))
            (elem $e (ref $leaf) (item (struct.new $leaf (i32.const 10)))
              (item (struct.new $leaf (i32.const 11))))
            (func (export "sum") (result i32)
              (table.init $t $e (i32.const 1) (i32.const 0) (i32.const 2))
              (i32.add
                (i32.add
                  (struct.get $leaf 0 (struct.get $node 1 (global.get $n)))
                  (struct.get $leaf 0
                    (struct.get $node 0 (array.get $nodes (global.get $a) (i32.const 1)))))
                (i32.add
                  (struct.get $leaf 0 (table.get $t (i32.const 0)))
                  (struct.get $leaf 0 (table.get $t (i32.const 2)))))))"#,
    );
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let sum = instance.get_typed_func::<(), i32>(&store, "sum").unwrap();
    assert_eq!(sum.call(&mut store, ()).unwrap(), 2 + 5 + 9 + 11);
}

#[test]
fn linkers_serve_many_stores() {
    let engine = Engine::default();
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap("h", "next", |mut c: Caller<'_, u32>| -> u32 {
            *c.data_mut() += 1;
            *c.data()
        })
        .unwrap();
    linker.alias("h", "next", "other", "name").unwrap();
    linker.alias_module("other", "third").unwrap();
    let module = module(
        &engine,
        r#"(module (import "third" "name" (func $f (result i32))) (export "f" (func $f)))"#,
    );
    let pre = linker.instantiate_pre(&module).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (pre, engine) = (pre.clone(), &engine);
            scope.spawn(move || {
                let mut store = Store::new(engine, 10);
                for i in 1..=3 {
                    let f = pre.instantiate(&mut store).unwrap();
                    let f = f.get_typed_func::<(), u32>(&store, "f").unwrap();
                    assert_eq!(f.call(&mut store, ()).unwrap(), 10 + i);
                }
            });
        }
    });
}

#[test]
fn large_modules_are_validated_in_parallel_with_the_same_result() {
    let func = "(func (param i32) (result i32) (i32.add (local.get 0) (i32.const 123456789)))\n";
    let wrong = "(func (result i32) (i64.const 1))\n";
    let engines = [true, false]
        .map(|parallel| Engine::new(Config::new().parallel_validation(parallel)).unwrap());
    let good = format!("(module {})", func.repeat(60_000));
    let bad = format!(
        "(module {} {wrong} {} {wrong})",
        func.repeat(50_000),
        func.repeat(10_000)
    );
    for engine in &engines {
        let module = Module::new(engine, &good).unwrap();
        assert!(module.bytes().len() > 600 << 10, "{}", module.bytes().len());
    }
    let errors = engines.map(|engine| Module::new(&engine, &bad).unwrap_err().to_string());
    assert_eq!(errors[0], errors[1]);
}

/// The record of a host function leads to code of one engine, which may be gone before the linker is.
#[test]
fn a_linker_serves_the_stores_of_its_engine_only() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("m", "f", |x: i32| x + 1).unwrap();
    let text = r#"(module (import "m" "f" (func $f (param i32) (result i32)))
        (func (export "run") (param i32) (result i32) (call $f (local.get 0))))"#;
    for _ in 0..3 {
        let other = Engine::default();
        let mut store = Store::new(&other, ());
        let theirs = module(&other, text);
        let of_store = "a linker was used with a store of another engine";
        let error = linker.instantiate(&mut store, &theirs).unwrap_err();
        assert_eq!(error.to_string(), of_store);
        let error = linker.get(&mut store, "m", "f").unwrap().unwrap_err();
        assert_eq!(error.to_string(), of_store);
        let Err(error) = linker.instantiate_pre(&theirs) else {
            panic!("it should know the engine");
        };
        assert!(error.to_string().contains("module of another engine"));
    }
    let mut store = Store::new(&engine, ());
    let ours = module(&engine, text);
    let instance = linker.instantiate(&mut store, &ours).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run");
    assert_eq!(run.unwrap().call(&mut store, 6).unwrap(), 7);
}
