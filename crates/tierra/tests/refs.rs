//! References: rooting, scopes, collection, exceptions.

use std::sync::Arc;
use tierra::*;

fn both(test: impl Fn(&Engine)) {
    test(&Engine::default());
    test(&Engine::new(Config::new().gc_stress(true)).unwrap());
}

fn instantiate<T: 'static>(engine: &Engine, store: &mut Store<T>, text: &str) -> Instance {
    let module = Module::new(engine, text).unwrap();
    Instance::new(store, &module, &[]).unwrap()
}

const LIST: &str = r#"(module
    (type $list (sub (struct (field (mut i32)) (field (ref null $list)) (field i8))))
    (type $array (array (mut i64)))
    (func (export "cons") (param i32 (ref null $list)) (result (ref $list))
      (struct.new $list (local.get 0) (local.get 1) (i32.const -1)))
    (func (export "array") (param i64 i32) (result (ref $array))
      (array.new $array (local.get 0) (local.get 1)))
    (func (export "i31") (param i32) (result i31ref) (ref.i31 (local.get 0)))
    (func (export "sum") (param $l (ref null $list)) (result i32)
      (local $sum i32)
      (block $done
        (loop $next
          (local.set $sum (i32.add (local.get $sum)
            (struct.get $list 0 (br_on_null $done (local.get $l)))))
          (local.set $l (struct.get $list 1 (local.get $l)))
          (br $next)))
      (local.get $sum)))"#;

fn one(func: Func, store: &mut Store<()>, params: &[Val]) -> Val {
    let mut results = [Val::I32(0)];
    func.call(store, params, &mut results).unwrap();
    results[0]
}

#[test]
fn objects_are_read_written_and_survive_collections() {
    both(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instantiate(engine, &mut store, LIST);
        let func = |name: &str, store: &Store<()>| instance.get_func(store, name).unwrap();
        let cons = func("cons", &store);
        let mut list = Val::AnyRef(None);
        for i in 1..=100 {
            list = one(cons, &mut store, &[Val::I32(i), list]);
        }
        store.gc();
        assert_eq!(
            one(func("sum", &store), &mut store, &[list]).unwrap_i32(),
            5050
        );

        let object = list
            .unwrap_any_ref()
            .unwrap()
            .as_struct(&store)
            .unwrap()
            .unwrap();
        assert_eq!(object.field(&mut store, 0).unwrap().unwrap_i32(), 100);
        assert_eq!(
            object.field(&mut store, 2).unwrap().unwrap_i32(),
            255,
            "packed"
        );
        object.set_field(&mut store, 0, Val::I32(0)).unwrap();
        assert_eq!(
            one(func("sum", &store), &mut store, &[list]).unwrap_i32(),
            4950
        );
        assert!(
            object.set_field(&mut store, 1, Val::AnyRef(None)).is_err(),
            "immutable"
        );
        assert!(
            object.set_field(&mut store, 0, Val::I64(0)).is_err(),
            "another type"
        );
        assert!(object.field(&mut store, 3).is_err(), "no such field");

        let ty = object.ty(&store).unwrap();
        let fields = ty.as_struct().unwrap();
        assert!(fields[0].mutable && !fields[1].mutable && fields[2].is_packed());
        let made = StructRef::new(&mut store, &ty, &[Val::I32(1), list, Val::I32(0)]).unwrap();
        assert!(StructRef::new(&mut store, &ty, &[Val::I32(1), Val::I32(1), Val::I32(0)]).is_err());
        let made = Val::AnyRef(Some(made.into()));
        assert_eq!(
            one(func("sum", &store), &mut store, &[made]).unwrap_i32(),
            4951
        );

        let array = one(
            func("array", &store),
            &mut store,
            &[Val::I64(9), Val::I32(3)],
        );
        let array = array
            .unwrap_any_ref()
            .unwrap()
            .as_array(&store)
            .unwrap()
            .unwrap();
        array.set(&mut store, 1, Val::I64(-1)).unwrap();
        assert_eq!(array.len(&store).unwrap(), 3);
        assert_eq!(array.get(&mut store, 1).unwrap().unwrap_i64(), -1);
        assert_eq!(
            array.get(&mut store, 3).unwrap_err().trap(),
            Some(Trap::ArrayOutOfBounds)
        );
        let ty = array.ty(&store).unwrap();
        let made = ArrayRef::new(&mut store, &ty, &[Val::I64(1), Val::I64(2)]).unwrap();
        assert_eq!(made.get(&mut store, 1).unwrap().unwrap_i64(), 2);
        // An array is no list.
        let made = Val::AnyRef(Some(made.into()));
        assert!(
            func("sum", &store)
                .call(&mut store, &[made], &mut [Val::I32(0)])
                .is_err()
        );

        let small = one(func("i31", &store), &mut store, &[Val::I32(-5)])
            .unwrap_any_ref()
            .unwrap();
        assert_eq!(small.as_i31(&store).unwrap().unwrap().get_i32(), -5);
        assert!(
            small
                .ref_eq(&store, &I31::new_i32(-5).unwrap().into())
                .unwrap()
        );
        assert_eq!(I31::new_i32(1 << 30), None);
        assert_eq!(I31::wrapping(u32::MAX).get_i32(), -1);
    });
}

#[test]
fn handles_end_with_their_scope() {
    both(|engine| {
        let mut store = Store::new(engine, ());
        let (inner, kept) = {
            let mut scope = RootScope::new(&mut store);
            let inner = ExternRef::new(&mut scope, "inner").unwrap();
            let kept = inner.to_owned_rooted(&mut scope).unwrap();
            assert!(inner.data(&scope).unwrap().is_some());
            (inner, kept)
        };
        let error = inner.data(&store).unwrap_err();
        assert!(error.to_string().contains("RootScope"), "{error}");
        // Another reference at the same place is not taken for it.
        let other = ExternRef::new(&mut store, "other").unwrap();
        assert!(inner.data(&store).is_err());
        store.gc();
        let again = kept.to_rooted(&mut store).unwrap();
        let text = |r: ExternRef, store: &Store<()>| {
            *r.data(store)
                .unwrap()
                .unwrap()
                .downcast_ref::<&str>()
                .unwrap()
        };
        assert_eq!(
            (text(again, &store), text(other, &store)),
            ("inner", "other")
        );
        let mut elsewhere = Store::new(engine, ());
        assert!(other.data(&elsewhere).is_err());
        assert!(kept.to_rooted(&mut elsewhere).is_err());
    });
}

#[test]
fn host_values_are_dropped_when_nothing_refers_to_them() {
    both(|engine| {
        let mut store = Store::new(engine, ());
        let instance = instantiate(
            engine,
            &mut store,
            r#"(module (global (export "g") (mut externref) (ref.null extern))
                (table (export "t") 2 externref))"#,
        );
        let global = instance.get_global(&store, "g").unwrap();
        let table = instance.get_table(&store, "t").unwrap();
        let value = Arc::new(());
        {
            let mut scope = RootScope::new(&mut store);
            for i in 0..2 {
                let r = ExternRef::new(&mut scope, value.clone()).unwrap();
                match i {
                    0 => global.set(&mut scope, Val::ExternRef(Some(r))).unwrap(),
                    _ => table.set(&mut scope, 1, Val::ExternRef(Some(r))).unwrap(),
                }
            }
            for _ in 0..1000 {
                ExternRef::new(&mut scope, value.clone()).unwrap();
            }
        }
        let owned = {
            let mut scope = RootScope::new(&mut store);
            ExternRef::new(&mut scope, value.clone())
                .unwrap()
                .to_owned_rooted(&mut scope)
                .unwrap()
        };
        store.gc();
        assert_eq!(
            Arc::strong_count(&value),
            4,
            "the global's, the table's, the owned one"
        );
        std::thread::spawn(move || drop(owned)).join().unwrap();
        store.gc();
        assert_eq!(Arc::strong_count(&value), 3);
        global.set(&mut store, Val::ExternRef(None)).unwrap();
        table.set(&mut store, 1, Val::ExternRef(None)).unwrap();
        store.gc();
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn exceptions_cross_the_border_both_ways() {
    both(|engine| {
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        let ty = FuncType::new([ValType::I32, ValType::EXTERNREF], []);
        let tag = Tag::new(&mut store, &ty).unwrap();
        linker.define("h", "tag", tag).unwrap();
        linker
            .func_wrap(
                "h",
                "throw",
                move |mut caller: Caller<'_, ()>, n: i32| -> Result<()> {
                    let value = ExternRef::new(&mut caller, n)?;
                    let exn = ExnRef::new(&mut caller, tag, &[Val::I32(n), value.into()])?;
                    Err(caller.throw(exn))
                },
            )
            .unwrap();
        linker
            .func_wrap(
                "h",
                "call",
                |mut caller: Caller<'_, ()>, f: Func| -> Result<()> {
                    f.call(&mut caller, &[], &mut [])
                },
            )
            .unwrap();
        let module = Module::new(
            engine,
            r#"(module
                (import "h" "tag" (tag $tag (param i32 externref)))
                (import "h" "throw" (func $throw (param i32)))
                (import "h" "call" (func $call (param (ref func))))
                (elem declare func $guest_throws)
                (func $guest_throws (throw $tag (i32.const 5) (ref.null extern)))
                (func (export "catch") (param i32) (result i32)
                  (block $h (result i32 externref)
                    (try_table (catch $tag $h) (call $throw (local.get 0)))
                    (i32.const 0) (ref.null extern))
                  drop)
                (func (export "catch_through_host") (result i32)
                  (block $h (result i32 externref)
                    (try_table (catch $tag $h) (call $call (ref.func $guest_throws)))
                    (i32.const 0) (ref.null extern))
                  drop)
                (func (export "uncaught") (param i32) (call $throw (local.get 0))))"#,
        )
        .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let catch = instance
            .get_typed_func::<i32, i32>(&store, "catch")
            .unwrap();
        assert_eq!(catch.call(&mut store, 42).unwrap(), 42);
        let through = instance
            .get_typed_func::<(), i32>(&store, "catch_through_host")
            .unwrap();
        assert_eq!(through.call(&mut store, ()).unwrap(), 5);

        let uncaught = instance
            .get_typed_func::<i32, ()>(&store, "uncaught")
            .unwrap();
        let error = uncaught.call(&mut store, 9).unwrap_err();
        assert_eq!(error.to_string(), "uncaught wasm exception");
        store.gc();
        let exn = error.exception().unwrap().to_rooted(&mut store).unwrap();
        assert_eq!(exn.tag(&store).unwrap(), tag);
        let payload = exn.payload(&mut store).unwrap();
        assert_eq!(payload[0].unwrap_i32(), 9);
        let value = payload[1].unwrap_extern_ref().unwrap();
        assert_eq!(
            value.data(&store).unwrap().unwrap().downcast_ref::<i32>(),
            Some(&9)
        );
        assert!(ExnRef::new(&mut store, tag, &[Val::I32(1)]).is_err());
    });
}

#[test]
fn references_inside_calls_are_rooted() {
    both(|engine| {
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        linker
            .func_wrap(
                "h",
                "gc",
                |mut caller: Caller<'_, ()>, r: Option<ExternRef>, a: AnyRef| {
                    for i in 0..10u32 {
                        ExternRef::new(&mut caller, i).unwrap();
                    }
                    caller.gc();
                    (a, r)
                },
            )
            .unwrap();
        let module = Module::new(
            engine,
            r#"(module
                (type $box (struct (field i32)))
                (import "h" "gc" (func $gc (param externref (ref any)) (result (ref any) externref)))
                (func (export "f") (param externref i32) (result i32 externref)
                  (local $r externref)
                  (call $gc (local.get 0) (struct.new $box (local.get 1)))
                  (local.set $r)
                  (struct.get $box 0 (ref.cast (ref $box)))
                  (local.get $r)))"#,
        )
        .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let f = instance
            .get_typed_func::<(Option<ExternRef>, i32), (i32, Option<ExternRef>)>(&store, "f")
            .unwrap();
        let value = ExternRef::new(&mut store, "value").unwrap();
        let (n, back) = f.call(&mut store, (Some(value), 3)).unwrap();
        assert_eq!(n, 3);
        assert!(back.unwrap().ref_eq(&store, &value).unwrap());
    });
}
