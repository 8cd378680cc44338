//! The collector: roots, limits, values of the host.

use crate::World;
use std::cell::{Cell, RefCell};
use std::ptr::{null, null_mut};
use std::sync::Arc;
use tierra_core::Trap;
use tierra_core::index::*;
use tierra_vm::builtins::*;
use tierra_vm::*;

const TEXT: &str = "(module
  (type $list (struct (field (mut i64)) (field (mut (ref null $list)))))
  (type $bytes (array (mut i8)))
  (type $refs (array (mut anyref)))
  (global (mut anyref) (ref.null any))
  (global (mut i64) (i64.const 0))
  (table 3 anyref)
  (elem anyref (ref.null any) (ref.null any)))";

const LIST: TypeIdx = TypeIdx(0);
const BYTES: TypeIdx = TypeIdx(1);
const REFS: TypeIdx = TypeIdx(2);

fn limited(gc_heap_bytes: u64, gc_stress: bool) -> StoreConfig {
    StoreConfig {
        limits: StoreLimits {
            gc_heap_bytes,
            ..StoreLimits::default()
        },
        gc_stress,
        machine: None,
    }
}

/// The first number of a list node.
fn value(w: &World, node: u64) -> u64 {
    let mut out = 0;
    // SAFETY: the tests pass nodes that are not stale.
    unsafe { struct_get(w.vm, LIST, 0, false, node, &mut out).unwrap() };
    out
}

#[test]
fn every_kind_of_root_is_found_and_updated() {
    let mut w = World::stress(TEXT);
    let node = |n: u64| {
        // SAFETY: the fields are those of the type.
        unsafe { struct_new(w.vm, LIST, [n, 0].as_ptr()).unwrap() }
    };
    w.data().global(GlobalIdx(0)).set([node(1), 0]);
    w.data().global(GlobalIdx(1)).set([0x1234_5678, 0]);
    // SAFETY: the value is of the table's type.
    unsafe { table_set(w.vm, TableIdx(0), 2, node(2)).unwrap() };
    w.data().set_elem(ElemIdx(0), Box::new([0, node(3)]));
    let handle = node(4);
    let handle = w.store.roots.add(GcRef::from_slot(handle));
    // SAFETY: the fields are those of the type.
    let scoped = unsafe { struct_new(w.vm, LIST, [5, 0].as_ptr()).unwrap() };
    let scoped = w.store.roots.push(GcRef::from_slot(scoped));
    let before = w.store.gc.stats();
    for _ in 0..5 {
        w.store.collect().unwrap();
    }
    let after = w.store.gc.stats();
    assert_eq!(after.collections, before.collections + 5);
    assert_eq!(after.live_bytes, 5 * 24);
    assert_eq!(value(&w, w.data().global(GlobalIdx(0)).get()[0]), 1);
    assert_eq!(w.data().global(GlobalIdx(1)).get()[0], 0x1234_5678);
    assert_eq!(value(&w, w.data().table(TableIdx(0)).get(2).unwrap()), 2);
    assert_eq!(value(&w, w.data().elem(ElemIdx(0), 1)), 3);
    assert_eq!(value(&w, w.store.roots.get(handle).slot()), 4);
    assert_eq!(value(&w, w.store.roots.at(scoped).slot()), 5);
}

#[test]
fn frames_are_asked_for_their_slots() {
    thread_local! {
        static SLOTS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    }
    struct Test;
    impl Walk for Test {
        unsafe fn visit_roots(&self, frames: Frames<'_>, visit: &mut dyn FnMut(*mut u64)) {
            assert!(!frames.exec.store.get().is_null());
            SLOTS.with_borrow_mut(|slots| slots.iter_mut().for_each(|slot| visit(slot)));
        }
        unsafe fn visit_frames(&self, _: Frames<'_>, _: &mut dyn FnMut(RawFrame) -> bool) {}
        unsafe fn instance(&self, _: Frames<'_>) -> *mut Instance {
            null_mut()
        }
    }
    let w = World::stress(TEXT);
    let exec = w.store.exec.clone();
    let mut activation = Activation {
        previous: null_mut(),
        tier: &Test,
        entry_sp: null_mut(),
        exit_ip: Cell::new(null()),
        exit_sp: Cell::new(null_mut()),
        exit_instance: Cell::new(null_mut()),
        outer_exit: exec.machine_exit.get(),
    };
    exec.activation.set(&raw mut activation);
    let mut last = 0;
    for n in 0..100 {
        // SAFETY: the fields are those of the type; the reference was read after the last
        // allocation.
        last = unsafe { struct_new(w.vm, LIST, [n, last].as_ptr()).unwrap() };
        SLOTS.with_borrow_mut(|slots| slots.push(last));
    }
    SLOTS.with_borrow(|slots| {
        assert!(
            slots
                .iter()
                .enumerate()
                .all(|(n, slot)| value(&w, *slot) == n as u64)
        );
    });
}

#[test]
fn a_long_list_needs_no_stack() {
    let w = World::new(TEXT, StoreConfig::default());
    let root = w.data().global(GlobalIdx(0));
    for n in 0..200_000u64 {
        // SAFETY: the fields are those of the type.
        root.set([
            unsafe { struct_new(w.vm, LIST, [n, root.get()[0]].as_ptr()).unwrap() },
            0,
        ]);
    }
    assert!(w.store.gc.stats().collections >= 3);
    let mut node = root.get()[0];
    for n in (0..200_000).rev() {
        assert_eq!(value(&w, node), n);
        // SAFETY: the node is not stale.
        unsafe { struct_get(w.vm, LIST, 1, false, node, &mut node).unwrap() };
    }
    assert_eq!(node, 0);
}

#[test]
fn garbage_is_reused_without_end() {
    let w = World::new(TEXT, limited(1 << 20, false));
    // SAFETY: the types are arrays of the module.
    unsafe {
        for _ in 0..1000 {
            array_new(w.vm, BYTES, &1, 100_000).unwrap();
        }
    }
    let stats = w.store.gc.stats();
    assert!(
        stats.collections >= 90 && stats.collections <= 1000,
        "{stats:?}"
    );
}

#[test]
fn collections_are_proportionate() {
    let w = World::new(TEXT, StoreConfig::default());
    let root = w.data().global(GlobalIdx(0));
    // SAFETY: the types are those of the module.
    unsafe {
        root.set([array_new(w.vm, BYTES, &1, 8 << 20).unwrap(), 0]);
        let before = w.store.gc.stats().collections;
        for n in 0..1_000_000u64 {
            struct_new(w.vm, LIST, [n, 0].as_ptr()).unwrap();
        }
        // 24 MB of garbage beside 8 MB of live objects.
        assert!(w.store.gc.stats().collections - before <= 4);
        assert_eq!(array_len(w.vm, root.get()[0]), Ok(8 << 20));
    }
}

#[test]
fn a_full_heap_traps_and_goes_on() {
    for stress in [false, true] {
        let w = World::new(TEXT, limited(64 << 10, stress));
        let root = w.data().global(GlobalIdx(0));
        // SAFETY: the fields are those of the type.
        let push = |n: u64| unsafe {
            struct_new(w.vm, LIST, [n, root.get()[0]].as_ptr()).map(|node| root.set([node, 0]))
        };
        let mut n = 0;
        let end = loop {
            match push(n) {
                Ok(()) => n += 1,
                Err(trap) => break trap,
            }
        };
        assert_eq!(end, Trap::OutOfMemory);
        assert!(n > 61 * 1024 / 24 && n <= 64 * 1024 / 24, "{n}");
        assert_eq!(value(&w, root.get()[0]), n - 1);
        root.set([0, 0]);
        push(0).unwrap();
        assert_eq!(value(&w, root.get()[0]), 0);
    }
}

#[test]
fn what_can_never_fit_is_refused_at_once() {
    let w = World::new(TEXT, limited(64 << 10, false));
    // SAFETY: the types are arrays of the module.
    unsafe {
        assert_eq!(
            array_new_default(w.vm, BYTES, 1 << 16),
            Err(Trap::AllocationTooLarge)
        );
        assert_eq!(
            array_new_default(w.vm, REFS, u32::MAX),
            Err(Trap::AllocationTooLarge)
        );
        assert_eq!(
            array_new(w.vm, BYTES, &0, u32::MAX),
            Err(Trap::AllocationTooLarge)
        );
        assert!(array_new_default(w.vm, BYTES, 60_000).is_ok());
        assert_eq!(w.store.gc.stats().collections, 1);
    }
    let w = World::new(TEXT, limited(0, false));
    // SAFETY: as above.
    unsafe {
        assert_eq!(
            struct_new_default(w.vm, LIST),
            Err(Trap::AllocationTooLarge)
        )
    };
}

#[test]
fn values_of_the_host_are_dropped_when_nothing_refers_to_them() {
    let mut w = World::new(TEXT, StoreConfig::default());
    let witness = Arc::new(5u32);
    let kept = w.store.new_extern(witness.clone()).unwrap();
    let kept = w.store.roots.add(kept);
    for _ in 0..100 {
        w.store.new_extern(witness.clone()).unwrap();
    }
    assert_eq!(Arc::strong_count(&witness), 102);
    w.store.collect().unwrap();
    assert_eq!(Arc::strong_count(&witness), 2);
    // SAFETY: the reference comes from a root.
    let value = unsafe { w.store.extern_value(w.store.roots.get(kept)) }.unwrap();
    assert_eq!(value.downcast_ref::<u32>(), Some(&5));
    // Inside of an object.
    let boxed = w.store.new_extern(witness.clone()).unwrap().slot();
    // SAFETY: the reference is passed to the allocation.
    let array = unsafe { array_new(w.vm, REFS, &boxed, 2).unwrap() };
    w.data().global(GlobalIdx(0)).set([array, 0]);
    w.store.roots.remove(kept);
    w.store.collect().unwrap();
    assert_eq!(Arc::strong_count(&witness), 2);
    assert_eq!(w.store.gc.stats().host_values, 1);
    w.data().global(GlobalIdx(0)).set([0, 0]);
    w.store.collect().unwrap();
    assert_eq!(Arc::strong_count(&witness), 1);
    w.store.new_extern(witness.clone()).unwrap();
    drop(w);
    assert_eq!(Arc::strong_count(&witness), 1);
}

#[test]
fn an_i31_keeps_31_bits() {
    for n in [0, 1, 0x3fff_ffff, 0x4000_0000, 0x7fff_ffff] {
        assert_eq!(GcRef::i31(n).as_i31(), Some(n));
    }
    assert_eq!(GcRef::i31(u32::MAX).as_i31(), Some(0x7fff_ffff));
    assert_eq!(GcRef::NULL.as_i31(), None);
}
