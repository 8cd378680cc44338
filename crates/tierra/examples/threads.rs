//! Guest threads: one store per thread, one memory for all.

use tierra::{Engine, Limits, Linker, MemoryType, Module, Result, SharedMemory, Store};

pub(crate) fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
             (import "env" "memory" (memory 1 1 shared))
             (func (export "work") (param $times i32)
               (loop $next
                 (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
                 (br_if $next
                   (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))"#,
    )?;
    let limits = Limits {
        min: 1,
        max: Some(1),
        is_64: false,
    };
    let ty = MemoryType {
        limits,
        shared: true,
        page_size_log2: 16,
    };
    let memory = SharedMemory::new(&engine, ty)?;
    let mut linker = Linker::new(&engine);
    linker.define_shared("env", "memory", &memory)?;

    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    let mut store = Store::new(&engine, ());
                    let instance = linker.instantiate(&mut store, &module)?;
                    instance
                        .get_typed_func::<i32, ()>(&store, "work")?
                        .call(&mut store, 1000)
                })
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|t| t.join().expect("a thread ends"))
    })?;

    let mut bytes = [0; 4];
    memory.read(0, &mut bytes)?;
    assert_eq!(u32::from_le_bytes(bytes), 4000);
    Ok(())
}
