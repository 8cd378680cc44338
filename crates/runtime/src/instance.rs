//! Instances, by handle.

use crate::instantiate;
use crate::store::{StoreBase, StoreId};
use crate::{
    AsContext, AsContextMut, Error, Extern, Func, Global, Memory, Module, Result, Table, Tag,
    TypedFunc, WasmValues,
};
use alloc::format;
use core::ptr::NonNull;
use tierra_module::ExportItem;

/// An instance of a module in a store.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instance {
    store: StoreId,
    ptr: NonNull<tierra_vm::Instance>,
}

crate::externs::handle!(Instance tierra_vm::Instance, "instance");

/// An export of an instance.
#[derive(Clone, Debug)]
pub struct Export<'m> {
    /// The name that it is found by.
    pub name: &'m str,
    /// What it is.
    pub item: Extern,
}

impl Instance {
    /// Instantiates a module (§4.7.2): checks that `imports` are what it asks for, in order;
    /// creates what it defines; evaluates its initial values; copies its segments; and calls its
    /// start function.
    ///
    /// # Errors
    /// When imports do not match, a limit forbids something, or a segment or the start function
    /// traps. What was written to memories and tables of other instances until then stays.
    ///
    /// # Panics
    /// When the module belongs to another engine.
    pub fn new(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance> {
        let store = store.as_context_mut();
        let ptr = store.ptr;
        assert!(
            crate::Engine::same(&ptr.base().engine, module.engine()),
            "a module was used with a store of another engine"
        );
        instantiate::check_imports(ptr.base(), module, imports)?;
        instantiate::instantiate(ptr, module, imports)
    }

    /// The module.
    ///
    /// # Panics
    /// When the instance belongs to another store; so do all methods.
    pub fn module<'a, T: 'static>(
        &self,
        store: impl Into<crate::StoreContext<'a, T>>,
    ) -> &'a Module {
        let store = store.into();
        // SAFETY: the store is borrowed for `'a`.
        let base = unsafe { &*store.ptr.as_ptr() };
        self.module_in(base)
    }

    fn module_in(self, base: &StoreBase) -> &Module {
        self.raw(base);
        base.module_of(self.as_ptr())
            .expect("an instance in a handle has a module")
    }

    /// The export of this name.
    pub fn get_export(&self, store: impl AsContext, name: &str) -> Option<Extern> {
        let store = store.as_context();
        let base = store.ptr.base();
        let item = self.module_in(base).export_item(name)?;
        Some(self.item(base, item))
    }

    fn item(self, base: &StoreBase, item: ExportItem) -> Extern {
        // SAFETY: an instance in a handle has data, which lives as long as its store.
        let data = unsafe { &*self.raw(base).data };
        match item {
            ExportItem::Func(i) => Extern::Func(self.func_at(base, data.func(i))),
            ExportItem::Table(i) => Extern::Table(Table::from_ptr(base, data.table(i))),
            ExportItem::Memory(i) => Extern::Memory(Memory::from_ptr(base, data.memory(i))),
            ExportItem::Global(i) => Extern::Global(Global::from_ptr(base, data.global(i))),
            ExportItem::Tag(i) => Extern::Tag(Tag::from_ptr(base, data.tags[i.index()])),
        }
    }

    fn func_at(self, base: &StoreBase, func: *const tierra_vm::FuncRef) -> Func {
        Func::from_raw(
            base,
            NonNull::new(func.cast_mut()).expect("functions are not null"),
        )
    }

    /// All exports, in the module's order.
    pub fn exports<'a, T: 'static>(
        &self,
        store: impl Into<crate::StoreContext<'a, T>>,
    ) -> impl ExactSizeIterator<Item = Export<'a>> + 'a {
        let store = store.into();
        // SAFETY: the store is borrowed for `'a`.
        let base = unsafe { &*store.ptr.as_ptr() };
        let this = *self;
        let exports = &this.module_in(base).module().exports;
        exports.iter().map(move |e| Export {
            name: &e.name,
            item: this.item(base, e.item),
        })
    }

    /// The exported function of this name.
    pub fn get_func(&self, store: impl AsContext, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The exported function of this name, with parameters and results of Rust types.
    ///
    /// # Errors
    /// When there is none, or its type is another one.
    pub fn get_typed_func<P: WasmValues, R: WasmValues>(
        &self,
        store: impl AsContext,
        name: &str,
    ) -> Result<TypedFunc<P, R>> {
        let func = self.get_func(&store, name);
        let func =
            func.ok_or_else(|| Error::msg(format!("no function is exported as `{name}`")))?;
        func.typed(&store)
            .map_err(|e| e.context(format!("the export `{name}` cannot be used")))
    }

    /// The exported memory of this name.
    pub fn get_memory(&self, store: impl AsContext, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The exported table of this name.
    pub fn get_table(&self, store: impl AsContext, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The exported global of this name.
    pub fn get_global(&self, store: impl AsContext, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The exported tag of this name.
    pub fn get_tag(&self, store: impl AsContext, name: &str) -> Option<Tag> {
        self.get_export(store, name)?.into_tag()
    }
}
