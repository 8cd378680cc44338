//! Shared memories and waiting.

use crate::World;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tierra_core::Trap;
use tierra_core::index::MemoryIdx;
use tierra_core::types::{Limits, MemoryType};
use tierra_vm::builtins::*;
use tierra_vm::*;

fn shared(min: u64, max: u64) -> Arc<SharedMemory> {
    let limits = Limits {
        min,
        max: Some(max),
        is_64: false,
    };
    let ty = MemoryType {
        limits,
        shared: true,
        page_size_log2: 16,
    };
    SharedMemory::new(ty, false).unwrap()
}

#[test]
fn a_wait_compares_and_times_out() {
    let memory = shared(1, 1);
    let exec = ExecContext::new();
    memory.write(8, &7u32.to_le_bytes()).unwrap();
    assert_eq!(memory.wait32(&exec, 8, 6, -1), Ok(1));
    assert_eq!(memory.wait64(&exec, 8, 8, -1), Ok(1));
    let start = Instant::now();
    assert_eq!(memory.wait32(&exec, 8, 7, 30_000_000), Ok(2));
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert_eq!(memory.wait64(&exec, 8, 7, 0), Ok(2));
    assert_eq!(memory.wait32(&exec, 10, 7, 0), Err(Trap::UnalignedAtomic));
    assert_eq!(memory.wait64(&exec, 4, 7, 0), Err(Trap::UnalignedAtomic));
    assert_eq!(
        memory.wait32(&exec, 65536, 7, 0),
        Err(Trap::MemoryOutOfBounds)
    );
    assert_eq!(memory.notify(65536, 7), Err(Trap::MemoryOutOfBounds));
    assert_eq!(memory.notify(8, 7), Ok(0));
}

#[test]
fn a_notification_wakes_so_many() {
    let memory = shared(1, 1);
    let woken = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..5)
        .map(|_| {
            let (memory, woken) = (memory.clone(), woken.clone());
            thread::spawn(move || {
                assert_eq!(memory.wait32(&ExecContext::new(), 0, 0, -1), Ok(0));
                woken.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    let mut sent = 0;
    while sent < 2 {
        sent += memory.notify(0, 2 - sent).unwrap();
    }
    while woken.load(Ordering::SeqCst) < 2 {
        thread::yield_now();
    }
    assert_eq!(memory.notify(4, 10), Ok(0));
    while sent < 5 {
        sent += memory.notify(0, u32::MAX).unwrap();
    }
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!((sent, woken.load(Ordering::SeqCst)), (5, 5));
}

#[test]
fn a_reason_to_stop_ends_a_wait() {
    for (why, trap) in [
        (reason::INTERRUPT, Trap::Interrupted),
        (reason::PROCESS_ENDED, Trap::ProcessEnded),
    ] {
        let memory = shared(1, 1);
        let exec = Arc::new(ExecContext::new());
        let waiter = {
            let (memory, exec) = (memory.clone(), exec.clone());
            thread::spawn(move || memory.wait64(&exec, 0, 0, -1))
        };
        thread::sleep(Duration::from_millis(15));
        exec.interrupt(why);
        assert_eq!(waiter.join().unwrap(), Err(trap));
        assert_eq!(exec.reasons.load(Ordering::SeqCst), why);
        assert_eq!(memory.notify(0, 1), Ok(0));
    }
}

#[test]
fn a_chain_of_handoffs_loses_none() {
    let memory = shared(1, 1);
    let turns = 500u32;
    let play = |memory: &SharedMemory, own: u32| {
        let exec = ExecContext::new();
        // SAFETY: within the memory, which only atomics touch.
        let cell = unsafe { std::sync::atomic::AtomicU32::from_ptr(memory.data_ptr().cast()) };
        loop {
            let now = cell.load(Ordering::SeqCst);
            if now >= turns {
                break memory.notify(0, u32::MAX).unwrap();
            }
            if now % 2 == own {
                cell.store(now + 1, Ordering::SeqCst);
                memory.notify(0, 1).unwrap();
            } else {
                memory.wait32(&exec, 0, now, -1).unwrap();
            }
        }
    };
    thread::scope(|s| {
        s.spawn(|| play(&memory, 0));
        s.spawn(|| play(&memory, 1));
    });
}

#[test]
fn several_stores_see_one_memory() {
    let text = "(module (memory 1 10 shared) (memory 1))";
    let w = World::new(text, StoreConfig::default());
    let memory = w.data().memory(MemoryIdx(0)).as_shared().unwrap().clone();
    let mut other = OwnedStore::new(TypeRegistry::new(), StoreConfig::default());
    let imported = other.import_shared(memory.clone()).unwrap();
    // SAFETY: instance and memories live.
    unsafe {
        assert_eq!((*imported).def(), w.data().memory(MemoryIdx(0)).def());
        assert_eq!(memory_grow(w.vm, MemoryIdx(0), 2), 1);
        assert_eq!((*imported).pages(), 3);
        assert_eq!(other.grow_memory(imported, 7), Some(3));
        assert_eq!(memory_size(w.vm, MemoryIdx(0)), 10);
        assert_eq!(memory_grow(w.vm, MemoryIdx(0), 1), u64::MAX);
        (*imported).write(9 * 65536, b"end").unwrap();
        assert_eq!(atomic_notify(w.vm, MemoryIdx(0), 0, 1), Ok(0));
        assert_eq!(atomic_wait32(w.vm, MemoryIdx(0), 0, 1, 0), Ok(1));
        assert_eq!(atomic_wait64(w.vm, MemoryIdx(0), 0, 0, 0), Ok(2));
        // A memory that is not shared.
        assert_eq!(atomic_notify(w.vm, MemoryIdx(1), 0, 1), Ok(0));
        assert_eq!(
            atomic_notify(w.vm, MemoryIdx(1), 2, 1),
            Err(Trap::UnalignedAtomic)
        );
        assert_eq!(
            atomic_wait32(w.vm, MemoryIdx(1), 0, 1, 0),
            Err(Trap::ExpectedSharedMemory)
        );
        assert_eq!(
            atomic_wait64(w.vm, MemoryIdx(1), 65536, 1, 0),
            Err(Trap::MemoryOutOfBounds)
        );
    }
    let mut end = [0; 3];
    memory.read(9 * 65536, &mut end).unwrap();
    assert_eq!(&end, b"end");
}

#[test]
fn growth_races_add_up() {
    let memory = shared(0, 1000);
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| (0..100).for_each(|_| assert!(memory.grow(2).is_some())));
        }
    });
    assert_eq!(memory.pages(), 800);
}
