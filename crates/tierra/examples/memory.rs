//! Memory that guest and host both read and write: a string goes in, a string comes out.

use tierra::{Caller, Engine, Error, Extern, Linker, Module, Result, Store};

pub(crate) fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
             (import "host" "print" (func $print (param i32 i32)))
             (memory (export "memory") 1)
             (func (export "shout") (param $at i32) (param $len i32)
               (local $i i32)
               (loop $next
                 (if (i32.lt_u (local.get $i) (local.get $len))
                   (then
                     (i32.store8 (i32.add (local.get $at) (local.get $i))
                       (i32.and
                         (i32.load8_u (i32.add (local.get $at) (local.get $i)))
                         (i32.const 0xdf)))
                     (local.set $i (i32.add (local.get $i) (i32.const 1)))
                     (br $next))))
               (call $print (local.get $at) (local.get $len))))"#,
    )?;

    let mut linker = Linker::new(&engine);
    linker.func_wrap(
        "host",
        "print",
        |mut caller: Caller<'_, Vec<String>>, at: u32, len: u32| {
            let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
                return Err(Error::msg("the guest exports no memory"));
            };
            let (bytes, printed) = memory.data_and_store_mut(&mut caller);
            let text = bytes.get(at as usize..).and_then(|b| b.get(..len as usize));
            let text = text.ok_or_else(|| Error::msg("the guest's string is out of bounds"))?;
            printed.push(String::from_utf8_lossy(text).into_owned());
            Ok(())
        },
    )?;

    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module)?;
    let memory = instance
        .get_memory(&store, "memory")
        .expect("it is exported");
    memory.write(&mut store, 16, b"tierra")?;
    instance
        .get_typed_func::<(u32, u32), ()>(&store, "shout")?
        .call(&mut store, (16, 6))?;
    assert_eq!(store.data(), &["TIERRA"]);

    memory.grow(&mut store, 1)?;
    assert_eq!(memory.data_size(&store), 2 << 16);
    Ok(())
}
