//! Stores and instances.

use crate::{World, instantiate, module};
use std::sync::Arc;
use tierra_core::index::*;
use tierra_vm::*;

#[test]
fn a_store_can_be_sent() {
    fn sent<T: Send>() {}
    sent::<OwnedStore>();
    fn shared<T: Send + Sync>() {}
    shared::<SharedMemory>();
    shared::<TypeRegistry>();
    shared::<ModuleTypes>();
}

#[test]
fn an_instance_shows_what_it_has() {
    let w = World::new(
        "(module (memory 1) (memory 2) (table 1 funcref) (table 3 externref) (global (mut i64) (i64.const 0))
           (tag) (func) (type (struct)))",
        StoreConfig::default(),
    );
    let data = w.data();
    data.global(GlobalIdx(0)).set([42, 0]);
    // SAFETY: the instance lives.
    unsafe {
        let vm = &*w.vm;
        assert_eq!(vm.memory0, *vm.memories);
        assert_eq!(
            *vm.memories.add(1),
            data.memory(MemoryIdx(1)).def().as_ptr()
        );
        assert_eq!((**vm.tables.add(1)).len, 3);
        assert_eq!((**vm.globals).0[0], 42);
        (**vm.globals).0[0] = 43;
        assert_eq!(data.global(GlobalIdx(0)).get()[0], 43);
        assert_eq!(
            (**vm.tags).type_id,
            w.types.ids[data.module.tags[0].index()]
        );
        assert_eq!((**vm.funcs).instance, w.vm);
        assert_eq!(*vm.type_ids.add(1), w.types.ids[1]);
        assert_eq!((*vm.exec).store.get(), w.store.as_ptr());
    }
}

#[test]
fn instances_without_memories_have_an_empty_one() {
    let w = World::new("(module)", StoreConfig::default());
    // SAFETY: the instance lives.
    let memory = unsafe { &*(*w.vm).memory0 };
    assert_eq!(memory.len.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[test]
fn instances_are_counted_and_modules_kept() {
    let limits = StoreLimits {
        instances: 3,
        ..StoreLimits::default()
    };
    let mut store = OwnedStore::new(
        TypeRegistry::new(),
        StoreConfig {
            limits,
            gc_stress: false,
            machine: None,
        },
    );
    let m = module("(module (func))");
    for _ in 0..3 {
        instantiate(&mut store, &m).unwrap();
    }
    assert_eq!(instantiate(&mut store, &m), Err(LimitError::Instances));
    assert!(Arc::strong_count(&m) > 3);
    drop(store);
    assert_eq!(Arc::strong_count(&m), 1);
}

#[test]
fn closures_of_the_host_are_dropped_with_the_store() {
    let mut store = OwnedStore::new(TypeRegistry::new(), StoreConfig::default());
    let witness = Arc::new(5);
    let env = store.new_host_env(witness.clone(), TypeId(0));
    // SAFETY: the environment lives as long as the store, and has this closure.
    unsafe {
        assert_eq!(**(*env).closure.cast::<Arc<i32>>(), 5);
        assert_eq!((*env).instance.exec, Arc::as_ptr(&store.exec));
    }
    let exec = store.exec.clone();
    drop(store);
    assert_eq!(Arc::strong_count(&witness), 1);
    assert!(exec.store.get().is_null());
    exec.interrupt(reason::INTERRUPT);
}

#[test]
fn handles_and_scopes_of_roots() {
    let mut roots = Roots::default();
    let a = roots.add(GcRef::i31(1));
    let b = roots.add(GcRef::i31(2));
    roots.remove(a);
    let c = roots.add(GcRef::i31(3));
    assert_eq!((a, roots.len()), (c, 2));
    assert_eq!((roots.get(b), roots.get(c)), (GcRef::i31(2), GcRef::i31(3)));
    let scope = roots.enter();
    let at = roots.push(GcRef::i31(4));
    assert_eq!(roots.at(at), GcRef::i31(4));
    roots.leave(scope);
    assert_eq!(roots.enter(), scope);
}
