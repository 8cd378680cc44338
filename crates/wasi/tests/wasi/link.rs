//! Guests that Tierra runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tierra::{Engine, Instance, Linker, Module, Result, Store, Trap};
use tierra_wasi::{ExitStatus, OutputPipe, Stdout, Wasi, WasiHandle, add_to_linker};

/// Sleeps for an hour.
const SLEEPER: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff"
        (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (i64.const 3600000000000))
        (drop (call $poll (i32.const 0) (i32.const 256) (i32.const 1) (i32.const 512)))))"#;

fn guest(text: &str, wasi: Arc<Wasi>) -> Result<(Store<WasiHandle>, Instance)> {
    let engine = Engine::default();
    let module = Module::new(&engine, text)?;
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |wasi: &mut WasiHandle| wasi)?;
    let mut store = Store::new(&engine, WasiHandle::new(wasi));
    let instance = linker.instantiate(&mut store, &module)?;
    Ok((store, instance))
}

fn start((store, instance): &mut (Store<WasiHandle>, Instance)) -> Result<()> {
    let start = instance.get_typed_func::<(), ()>(&*store, "_start")?;
    start.call(store, ())
}

fn process() -> Arc<Wasi> {
    Wasi::builder().build().unwrap()
}

#[test]
fn a_deadline_ends_a_call_that_waits() {
    let mut guest = guest(SLEEPER, process()).unwrap();
    let begin = Instant::now();
    guest.0.set_deadline(Duration::from_millis(30));
    let error = start(&mut guest).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::Interrupted));
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(error.backtrace().unwrap().frames().len(), 1);
}

#[test]
fn a_handle_ends_a_call_that_waits() {
    let mut guest = guest(SLEEPER, process()).unwrap();
    let handle = guest.0.interrupt_handle();
    let other = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        handle.interrupt();
    });
    let error = start(&mut guest).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::Interrupted));
    other.join().unwrap();
}

#[test]
fn the_end_of_the_process_ends_its_guests() {
    let wasi = process();
    let mut guest = guest(SLEEPER, wasi.clone()).unwrap();
    let other = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        wasi.end(ExitStatus::Killed);
    });
    let error = start(&mut guest).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::ProcessEnded));
    other.join().unwrap();
}

#[test]
fn an_exit_travels_through_the_guest() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start") (call $exit (i32.const 7)) unreachable))"#;
    let wasi = process();
    let error = start(&mut guest(text, wasi.clone()).unwrap()).unwrap_err();
    assert_eq!(error.exit_code(), Some(7));
    assert_eq!(wasi.status(), Some(&ExitStatus::Exited(7)));
}

#[test]
fn two_instances_have_two_memories() {
    let text = |words: &str| {
        format!(
            r#"(module
            (import "wasi_snapshot_preview1" "fd_write"
                (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\08\00\00\00\03\00\00\00{words}")
            (func (export "_start")
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#
        )
    };
    let output = OutputPipe::new();
    let wasi = Wasi::builder()
        .stdout(Stdout::Pipe(output.clone()))
        .build()
        .unwrap();
    let mut first = guest(&text("one"), wasi).unwrap();
    let module = Module::new(first.0.engine(), text("two")).unwrap();
    let mut linker = Linker::new(first.0.engine());
    add_to_linker(&mut linker, |wasi: &mut WasiHandle| wasi).unwrap();
    let second = linker.instantiate(&mut first.0, &module).unwrap();
    for instance in [first.1, second, first.1] {
        first.1 = instance;
        start(&mut first).unwrap();
    }
    assert_eq!(output.take(), b"onetwoone");
}

#[test]
fn memory_must_be_exported() {
    let text = r#"(module (import "wasi_unstable" "sched_yield" (func $yield (result i32)))
        (func (export "_start") (drop (call $yield))))"#;
    let error = start(&mut guest(text, process()).unwrap()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("must export its memory as `memory`"),
        "{error}"
    );
}

#[test]
fn memory_that_grew_is_seen() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (if (i32.ne (call $random (i32.const 65532) (i32.const 8)) (i32.const 21))
                (then unreachable))
            (drop (memory.grow (i32.const 1)))
            (if (call $random (i32.const 65532) (i32.const 8)) (then unreachable))))"#;
    start(&mut guest(text, process()).unwrap()).unwrap();
}
