//! The host module that scripts import from.

use tierra::{
    Global, GlobalType, HeapType, Limits, Linker, Memory, MemoryType, RefType, Result,
    SharedMemory, Store, Table, TableType, Val, ValType, memory_type,
};

/// Defines the module `spectest`.
pub(crate) fn define(linker: &mut Linker<()>, store: &mut Store<()>) -> Result<()> {
    linker.func_wrap("spectest", "print", || {})?;
    linker.func_wrap("spectest", "print_i32", |_: i32| {})?;
    linker.func_wrap("spectest", "print_i64", |_: i64| {})?;
    linker.func_wrap("spectest", "print_f32", |_: f32| {})?;
    linker.func_wrap("spectest", "print_f64", |_: f64| {})?;
    linker.func_wrap("spectest", "print_i32_f32", |_: i32, _: f32| {})?;
    linker.func_wrap("spectest", "print_f64_f64", |_: f64, _: f64| {})?;

    let globals = [
        ("global_i32", ValType::I32, Val::I32(666)),
        ("global_i64", ValType::I64, Val::I64(666)),
        ("global_f32", ValType::F32, Val::from(666.6_f32)),
        ("global_f64", ValType::F64, Val::from(666.6_f64)),
    ];
    for (name, ty, value) in globals {
        let global = Global::new(&mut *store, GlobalType::new(ty, false), value)?;
        linker.define("spectest", name, global)?;
    }

    let funcref = RefType::new(true, HeapType::Func);
    let table = TableType::new(funcref.clone(), 10, Some(20));
    linker.define(
        "spectest",
        "table",
        Table::new(&mut *store, table, Val::FuncRef(None))?,
    )?;
    let table = TableType::new64(funcref, 10, Some(20));
    linker.define(
        "spectest",
        "table64",
        Table::new(&mut *store, table, Val::FuncRef(None))?,
    )?;

    linker.define(
        "spectest",
        "memory",
        Memory::new(&mut *store, memory_type(1, Some(2)))?,
    )?;
    let limits = Limits {
        min: 1,
        max: Some(2),
        is_64: false,
    };
    let shared = MemoryType {
        limits,
        shared: true,
        page_size_log2: 16,
    };
    let shared = SharedMemory::new(store.engine(), shared)?;
    linker.define_shared("spectest", "shared_memory", &shared)?;
    Ok(())
}
