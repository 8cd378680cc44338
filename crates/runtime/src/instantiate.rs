//! Instantiation (§4.7.2).

use crate::const_eval::Evaluator;
use crate::store::{StoreBase, StorePtr};
use crate::types::ExternType;
use crate::{Context, Error, Extern, Instance, Module, Result};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::ptr::NonNull;
use tierra_core::index::*;
use tierra_core::types as core_types;
use tierra_module::{ElemItems, SegmentMode};
use tierra_vm::{InstanceParts, builtins};

/// Checks that what is given for the imports of a module is what it asks for.
pub(crate) fn check_imports(store: &StoreBase, module: &Module, imports: &[Extern]) -> Result<()> {
    let wanted = &module.module().imports;
    if wanted.len() != imports.len() {
        let (wanted, given) = (wanted.len(), imports.len());
        return Err(Error::link(format!(
            "the module has {wanted} imports, but {given} were given"
        )));
    }
    for (import, given) in wanted.iter().zip(imports) {
        given.check_store(store)?;
        let wanted = import.ty.map(&mut |t| module.types().id(t));
        let ty = given.core_type(store);
        if !module.engine().types().extern_matches(&ty, &wanted) {
            return Err(Error::link(mismatch(
                store,
                module,
                (&import.module, &import.name),
                ty,
                wanted,
            )));
        }
    }
    Ok(())
}

fn mismatch(
    store: &StoreBase,
    module: &Module,
    (from, name): (&str, &str),
    given: core_types::ExternType,
    wanted: core_types::ExternType,
) -> alloc::string::String {
    let given = ExternType::from_core(store, given);
    let wanted = ExternType::from_core(module.types(), wanted);
    let what = format!("incompatible import type for `{from}` `{name}`");
    if given.kind() == wanted.kind() {
        format!("{what}: the module wants {wanted}, but {given} was given")
    } else {
        let (given, kind) = (given.kind(), wanted.kind());
        format!("{what}: the module wants a {kind} {wanted}, but a {given} was given")
    }
}

/// Instantiates with imports that were checked.
pub(crate) fn instantiate(
    mut ptr: StorePtr,
    module: &Module,
    imports: &[Extern],
) -> Result<Instance> {
    let raw = allocate(ptr.base_mut(), module, imports)?;
    #[cfg(feature = "compiler")]
    module.count_instance();
    let instance = Instance::from_raw(ptr.base(), raw);
    // References on their way into globals, tables and segments live in a scope.
    let mark = ptr.base().roots_mark();
    let done = initialize(ptr, module, raw);
    ptr.base_mut().roots_release(mark);
    done?;
    if let Some(start) = module.module().start {
        // SAFETY: the instance is complete; a start function has no parameters.
        let func = unsafe { (*(*raw.as_ptr()).data).func(start) };
        ptr.room(0)?;
        // SAFETY: the function belongs to the store.
        unsafe { ptr.invoke(func)? };
    }
    Ok(instance)
}

/// Creates the instance and all that it defines, without values yet.
fn allocate(
    base: &mut StoreBase,
    module: &Module,
    imports: &[Extern],
) -> Result<NonNull<tierra_vm::Instance>> {
    let (wasm, types) = (module.module(), module.types());
    base.keep_types(types);
    let canonical = |t: TypeIdx| types.id(t);
    let mut imported_funcs = Vec::with_capacity(wasm.funcs.len());
    let mut memories = Vec::with_capacity(wasm.memories.len());
    let mut tables = Vec::with_capacity(wasm.tables.len());
    let mut globals = Vec::with_capacity(wasm.globals.len());
    let mut tags = Vec::with_capacity(wasm.tags.len());
    for import in imports {
        match import {
            Extern::Func(f) => imported_funcs.push(f.raw(base).as_ptr().cast_const()),
            Extern::Memory(m) => memories.push(m.as_ptr()),
            Extern::Table(t) => tables.push(t.as_ptr()),
            Extern::Global(g) => globals.push(g.as_ptr()),
            Extern::Tag(t) => tags.push(t.as_ptr()),
        }
    }
    let core = base.core_mut();
    for table in &wasm.tables[tables.len()..] {
        tables.push(
            core.new_table(table.ty.map(&mut { canonical }))
                .context("cannot create a table")?,
        );
    }
    for ty in &wasm.memories[memories.len()..] {
        memories.push(core.new_memory(*ty).context("cannot create a memory")?);
    }
    for ty in &wasm.globals[globals.len()..] {
        globals.push(core.new_global(ty.map(&mut { canonical }), [0, 0]));
    }
    for ty in &wasm.tags[tags.len()..] {
        tags.push(core.new_tag(types.id(*ty)));
    }
    let code = module.code();
    let parts = InstanceParts {
        module: wasm.clone(),
        types: types.clone(),
        imported_funcs,
        record: &mut |func| code.record(func),
        memories,
        tables,
        globals,
        tags,
        // The tier looks for its code here.
        host: Box::new(code.clone()),
    };
    // SAFETY: all parts were just made in this store, or are imports that were checked; the
    // records live in `code`.
    let raw = unsafe { core.new_instance(parts) }.context("cannot create an instance")?;
    let raw = NonNull::new(raw).expect("an arena gives no null");
    base.add_module(raw, module);
    Ok(raw)
}

/// Evaluates initial values, then copies active segments.
fn initialize(mut ptr: StorePtr, module: &Module, raw: NonNull<tierra_vm::Instance>) -> Result<()> {
    let wasm = module.module();
    let vm = raw.as_ptr();
    // SAFETY: the instance was just made, and lives as long as the store.
    let data = unsafe { &*(*vm).data };
    let mut eval = Evaluator::new(ptr, vm, module);
    let first_global = wasm.globals.len() - wasm.global_inits.len();
    for (i, init) in wasm.global_inits.iter().enumerate() {
        let value = eval.value(init)?;
        data.global(GlobalIdx::from_index(first_global + i))
            .set(value);
    }
    for (i, table) in wasm.tables.iter().enumerate() {
        if let Some(init) = &table.init {
            let [value, _] = eval.value(init)?;
            let table = data.table(TableIdx::from_index(i));
            // SAFETY: validation has checked the type of the value.
            unsafe { table.fill(0, value, table.len()) };
        }
    }
    for (i, elem) in wasm.elems.iter().enumerate() {
        // What is only declared is dropped below.
        if let (ElemItems::Exprs(items), false) =
            (&elem.items, matches!(elem.mode, SegmentMode::Declared))
        {
            data.set_elem(ElemIdx::from_index(i), eval.list(items)?);
        }
    }
    for (i, elem) in wasm.elems.iter().enumerate() {
        let i = ElemIdx::from_index(i);
        match &elem.mode {
            SegmentMode::Active(table, offset) => {
                let [offset, _] = eval.value(offset)?;
                let len = elem.items.len() as u32;
                // SAFETY: the instance is alive, and its store is used by this thread.
                let copied = unsafe { builtins::table_init(vm, *table, i, offset, 0, len) };
                copied.map_err(|trap| ended(&mut ptr, trap))?;
                data.drop_elem(i);
            }
            SegmentMode::Declared => data.drop_elem(i),
            SegmentMode::Passive => {}
        }
    }
    for (i, segment) in wasm.datas.iter().enumerate() {
        if let SegmentMode::Active(memory, offset) = &segment.mode {
            let i = DataIdx::from_index(i);
            let [offset, _] = eval.value(offset)?;
            let len = segment.range.len() as u32;
            // SAFETY: as above.
            let copied = unsafe { builtins::memory_init(vm, *memory, i, offset, 0, len) };
            copied.map_err(|trap| ended(&mut ptr, trap))?;
            data.drop_data(i);
        }
    }
    Ok(())
}

fn ended(ptr: &mut StorePtr, trap: tierra_core::Trap) -> Error {
    ptr.core_mut().pending = tierra_vm::Pending::None;
    Error::from_trap(trap, None)
}
