//! Memories that are not shared.

use crate::World;
use std::sync::{Arc, Mutex};
use tierra_core::Trap;
use tierra_core::index::*;
use tierra_vm::builtins::*;
use tierra_vm::*;

const M: MemoryIdx = MemoryIdx(0);
const PAGE: u64 = 65536;

fn limited(limits: StoreLimits) -> StoreConfig {
    StoreConfig {
        limits,
        ..StoreConfig::default()
    }
}

#[test]
fn growth_keeps_contents_and_zeroes_the_rest() {
    for memory in ["1 5", "i64 1 5", "i64 1", "1"] {
        let w = World::new(
            &format!("(module (memory {memory}))"),
            StoreConfig::default(),
        );
        // SAFETY: the instance lives, and has this memory.
        unsafe {
            assert_eq!(memory_size(w.vm, M), 1);
            w.data().memory(M).write(PAGE - 3, b"abc").unwrap();
            assert_eq!(memory_grow(w.vm, M, 2), 1);
            assert_eq!(memory_grow(w.vm, M, 1), 3);
            assert_eq!(
                (*(*w.vm).memory0)
                    .len
                    .load(std::sync::atomic::Ordering::Relaxed) as u64,
                4 * PAGE
            );
            let mut bytes = [1; 6];
            w.data().memory(M).read(PAGE - 3, &mut bytes).unwrap();
            assert_eq!(&bytes, b"abc\0\0\0");
            w.data().memory(M).write(4 * PAGE - 1, b"z").unwrap();
            assert_eq!(
                w.data().memory(M).write(4 * PAGE - 1, b"zz"),
                Err(OutOfBounds)
            );
            assert_eq!(
                w.data().memory(M).read(u64::MAX, &mut bytes),
                Err(OutOfBounds)
            );
            assert_eq!(w.data().memory(M).current_type().limits.min, 4);
            if memory.ends_with('5') {
                assert_eq!(memory_grow(w.vm, M, 2), u64::MAX);
                assert_eq!(memory_grow(w.vm, M, 1), 4);
                assert_eq!(memory_grow(w.vm, M, 0), 5);
            }
            assert_eq!(memory_grow(w.vm, M, u64::MAX), u64::MAX);
            assert_eq!(memory_grow(w.vm, M, 1 << 47), u64::MAX);
        }
    }
}

#[test]
fn a_memory_that_moves_keeps_its_contents() {
    let w = World::new("(module (memory i64 1))", StoreConfig::default());
    let memory = w.data().memory(M);
    for page in 0..100 {
        memory.write(page * PAGE, &page.to_le_bytes()).unwrap();
        // SAFETY: the instance lives, and has this memory.
        assert_eq!(unsafe { memory_grow(w.vm, M, 1) }, page + 1);
    }
    for page in 0..100u64 {
        let mut bytes = [0; 8];
        memory.read(page * PAGE, &mut bytes).unwrap();
        assert_eq!(u64::from_le_bytes(bytes), page);
    }
}

#[test]
fn pages_can_be_single_bytes() {
    let w = World::new(
        "(module (memory 10 20 (pagesize 1)))",
        StoreConfig::default(),
    );
    let memory = w.data().memory(M);
    assert_eq!((memory.len(), memory.pages()), (10, 10));
    assert!(memory.write(9, b"x").is_ok() && memory.write(10, b"x").is_err());
    // SAFETY: the instance lives, and has this memory.
    unsafe {
        assert_eq!(memory_grow(w.vm, M, 11), u64::MAX);
        assert_eq!(memory_grow(w.vm, M, 10), 10);
    }
    assert!(memory.write(19, b"x").is_ok() && memory.write(20, b"x").is_err());
}

#[test]
fn four_gigabytes_are_not_too_many() {
    let w = World::new("(module (memory 0))", StoreConfig::default());
    // SAFETY: the instance lives, and has this memory.
    unsafe {
        assert_eq!(memory_grow(w.vm, M, 65537), u64::MAX);
        if cfg!(all(unix, feature = "std", target_pointer_width = "64"))
            && memory_grow(w.vm, M, 65536) == 0
        {
            w.data().memory(M).write((1 << 32) - 1, b"x").unwrap();
            assert!(w.data().memory(M).write(1 << 32, b"x").is_err());
            assert_eq!(memory_grow(w.vm, M, 1), u64::MAX);
        }
    }
}

#[test]
fn bulk_instructions_check_bounds_before_they_write() {
    let w = World::new(
        "(module (memory 1 1) (memory 1 1) (data \"hello\"))",
        StoreConfig::default(),
    );
    let (a, b, data) = (M, MemoryIdx(1), DataIdx(0));
    let oob = Err(Trap::MemoryOutOfBounds);
    let read = |memory, at| {
        let mut bytes = [0; 5];
        w.data().memory(memory).read(at, &mut bytes).unwrap();
        bytes
    };
    // SAFETY: the instance lives, and has these memories and this segment.
    unsafe {
        memory_init(w.vm, a, data, 100, 1, 4).unwrap();
        assert_eq!(&read(a, 100), b"ello\0");
        assert_eq!(memory_init(w.vm, a, data, 0, 2, 4), oob);
        assert_eq!(memory_init(w.vm, a, data, PAGE - 1, 0, 2), oob);
        assert_eq!(memory_init(w.vm, a, data, PAGE, 5, 0), Ok(()));
        assert_eq!(memory_init(w.vm, a, data, PAGE + 1, 0, 0), oob);
        data_drop(w.vm, data);
        assert_eq!(memory_init(w.vm, a, data, 0, 0, 0), Ok(()));
        assert_eq!(memory_init(w.vm, a, data, 0, 0, 1), oob);

        memory_copy(w.vm, b, a, 7, 100, 4).unwrap();
        assert_eq!(&read(b, 7), b"ello\0");
        memory_copy(w.vm, b, b, 8, 7, 4).unwrap();
        assert_eq!(&read(b, 7), b"eello");
        assert_eq!(memory_copy(w.vm, a, b, PAGE - 3, 7, 4), oob);
        assert_eq!(memory_copy(w.vm, a, b, 0, u64::MAX, 4), oob);

        memory_fill(w.vm, a, 100, 0x141, 2).unwrap();
        assert_eq!(&read(a, 100), b"AAlo\0");
        assert_eq!(memory_fill(w.vm, a, PAGE - 1, 0, 2), oob);
        assert_eq!(memory_fill(w.vm, a, PAGE, 0, 0), Ok(()));
        assert_eq!(memory_fill(w.vm, a, 1, 0, u64::MAX), oob);
    }
}

#[test]
fn limits_of_the_store_hold() {
    let limits = StoreLimits {
        memory_bytes: 3 * PAGE,
        total_memory_bytes: 4 * PAGE,
        ..StoreLimits::default()
    };
    let mut w = World::new("(module (memory 1) (memory 1))", limited(limits));
    // SAFETY: the instance lives, and has these memories.
    unsafe {
        assert_eq!(memory_grow(w.vm, M, 3), u64::MAX);
        assert_eq!(memory_grow(w.vm, M, 2), 1);
        assert_eq!(memory_grow(w.vm, MemoryIdx(1), 1), u64::MAX);
        assert_eq!(memory_grow(w.vm, MemoryIdx(1), 0), 1);
    }
    let ty = w.data().memory(M).ty();
    assert_eq!(w.store.new_memory(ty).err(), Some(LimitError::MemorySize));
    w.store.limits.total_memory_bytes = 5 * PAGE;
    assert!(w.store.new_memory(ty).is_ok());
    assert_eq!(w.store.memory_bytes(), 5 * PAGE);
    w.store.limits.memories = 3;
    assert_eq!(w.store.new_memory(ty).err(), Some(LimitError::Memories));
}

#[test]
fn the_limiter_is_asked() {
    type Seen = Arc<Mutex<Vec<(u64, u64, Option<u64>)>>>;
    struct Odd(Seen);
    impl Limiter for Odd {
        fn memory_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool {
            self.0
                .lock()
                .unwrap()
                .push((current / PAGE, desired / PAGE, max.map(|m| m / PAGE)));
            (desired / PAGE) % 2 == 1
        }
        fn table_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool {
            self.0.lock().unwrap().push((current, desired, max));
            desired % 2 == 1
        }
    }
    let seen = Seen::default();
    let mut w = World::new(
        "(module (memory 1 9) (table 1 funcref))",
        StoreConfig::default(),
    );
    w.store.limiter = Some(Box::new(Odd(seen.clone())));
    // SAFETY: the instance lives, and has this memory and table.
    unsafe {
        assert_eq!(memory_grow(w.vm, M, 1), u64::MAX);
        assert_eq!(memory_grow(w.vm, M, 2), 1);
        assert_eq!(memory_grow(w.vm, M, 8), u64::MAX);
        assert_eq!(table_grow(w.vm, TableIdx(0), 1, 0), u64::MAX);
        assert_eq!(table_grow(w.vm, TableIdx(0), 2, 0), 1);
    }
    assert_eq!(
        *seen.lock().unwrap(),
        [(1, 2, Some(9)), (1, 3, Some(9)), (1, 2, None), (1, 3, None)]
    );
}
