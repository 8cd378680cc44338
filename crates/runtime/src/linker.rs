//! Imports by name.

use crate::func::IntoFunc;
use crate::func::host::HostFunc;
use crate::instantiate;
use crate::types::{ExternType, FuncType, ImportType};
use crate::{
    AsContextMut, Caller, Engine, Error, Extern, Instance, Module, Result, SharedMemory, Trap, Val,
};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use hashbrown::HashMap;

/// What modules import, by module name and name.
///
/// Host functions that it makes belong to no store: one linker can serve any number of stores
/// of the same `T`. What is defined from a store ties the linker to that store.
pub struct Linker<T: 'static> {
    engine: Engine,
    definitions: HashMap<Box<str>, HashMap<Box<str>, Definition<T>>>,
    shadowing: bool,
}

enum Definition<T> {
    Extern(Extern),
    Func(HostFunc<T>),
    Shared(SharedMemory),
}

impl<T> Clone for Definition<T> {
    fn clone(&self) -> Self {
        match self {
            Definition::Extern(e) => Definition::Extern(*e),
            Definition::Func(f) => Definition::Func(f.clone()),
            Definition::Shared(m) => Definition::Shared(m.clone()),
        }
    }
}

impl<T> Clone for Linker<T> {
    fn clone(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            definitions: self.definitions.clone(),
            shadowing: self.shadowing,
        }
    }
}

impl<T: 'static> Definition<T> {
    /// What it is in a store; `engine` is the linker's.
    fn to_extern(&self, engine: &Engine, mut store: impl AsContextMut<Data = T>) -> Result<Extern> {
        Ok(match self {
            Definition::Extern(e) => *e,
            Definition::Func(f) => {
                let ptr = store.as_context_mut().ptr;
                // The record of the function names code of the engine that made its adapter.
                if !Engine::same(engine, &ptr.base().engine) {
                    return Err(other_engine("store"));
                }
                Extern::Func(ptr.host_func(&f.def))
            }
            Definition::Shared(m) => Extern::Memory(crate::Memory::from_shared(store, m)?),
        })
    }
}

impl<T: 'static> Linker<T> {
    /// A linker without definitions.
    pub fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            definitions: HashMap::new(),
            shadowing: false,
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a definition may replace an earlier one of the same name.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Self {
        self.shadowing = allow;
        self
    }

    fn insert(&mut self, module: &str, name: &str, definition: Definition<T>) -> Result<&mut Self> {
        let names = self.definitions.entry(module.into()).or_default();
        if !self.shadowing && names.contains_key(name) {
            return Err(Error::msg(format!("`{module}` `{name}` is defined twice")));
        }
        names.insert(name.into(), definition);
        Ok(self)
    }

    /// Defines something of a store.
    ///
    /// # Errors
    /// When the name is taken; so do all methods that define.
    pub fn define(
        &mut self,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Self> {
        self.insert(module, name, Definition::Extern(item.into()))
    }

    /// Defines a shared memory, for any number of stores.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn define_shared(
        &mut self,
        module: &str,
        name: &str,
        memory: &SharedMemory,
    ) -> Result<&mut Self> {
        self.insert(module, name, Definition::Shared(memory.clone()))
    }

    /// Defines a host function from a closure of Rust types: see [`IntoFunc`].
    ///
    /// ```
    /// # use tierra_runtime::*;
    /// let mut linker = Linker::<u32>::new(&Engine::default());
    /// linker.func_wrap("host", "add", |a: i32, b: i32| a.wrapping_add(b))?;
    /// linker.func_wrap("host", "count", |mut caller: Caller<'_, u32>| *caller.data_mut() += 1)?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// When the name is taken.
    pub fn func_wrap<P, R>(
        &mut self,
        module: &str,
        name: &str,
        closure: impl IntoFunc<T, P, R>,
    ) -> Result<&mut Self> {
        self.insert(module, name, Definition::Func(HostFunc::wrap(closure)))
    }

    /// Defines a host function whose type is known only at run time.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        closure: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Self> {
        self.insert(
            module,
            name,
            Definition::Func(HostFunc::dynamic(ty, closure)),
        )
    }

    /// Defines everything that an instance exports, under a module name.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn instance(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
        instance: Instance,
    ) -> Result<&mut Self> {
        let store = store.as_context_mut();
        let exports: Vec<_> = instance
            .exports(&store)
            .map(|e| (String::from(e.name), e.item))
            .collect();
        for (name, item) in exports {
            self.define(module, &name, item)?;
        }
        Ok(self)
    }

    /// Instantiates a module and defines what it exports, under a module name.
    ///
    /// # Errors
    /// When instantiation fails or a name is taken.
    pub fn module(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        name: &str,
        module: &Module,
    ) -> Result<&mut Self> {
        let instance = self.instantiate(store.as_context_mut(), module)?;
        self.instance(store, name, instance)
    }

    /// Defines what is known as `module` `name` under another name, too.
    ///
    /// # Errors
    /// When there is nothing of that name, or the new name is taken.
    pub fn alias(
        &mut self,
        module: &str,
        name: &str,
        as_module: &str,
        as_name: &str,
    ) -> Result<&mut Self> {
        let definition = self.definition(module, name).cloned();
        let definition =
            definition.ok_or_else(|| Error::msg(format!("`{module}` `{name}` is not defined")))?;
        self.insert(as_module, as_name, definition)
    }

    /// Defines everything that is known under a module name under another one, too.
    ///
    /// # Errors
    /// When there is nothing of that name, or a new name is taken.
    pub fn alias_module(&mut self, module: &str, as_module: &str) -> Result<()> {
        let names = self.definitions.get(module).cloned();
        let names = names.ok_or_else(|| Error::msg(format!("nothing is defined in `{module}`")))?;
        for (name, definition) in names {
            self.insert(as_module, &name, definition)?;
        }
        Ok(())
    }

    fn definition(&self, module: &str, name: &str) -> Option<&Definition<T>> {
        self.definitions.get(module)?.get(name)
    }

    /// What is defined under a name.
    ///
    /// # Errors
    /// When a limit of the store forbids that a shared memory is imported there, or the store is of
    /// another engine.
    pub fn get(
        &self,
        store: impl AsContextMut<Data = T>,
        module: &str,
        name: &str,
    ) -> Option<Result<Extern>> {
        Some(
            self.definition(module, name)?
                .to_extern(&self.engine, store),
        )
    }

    /// Defines a function for every imported function of a module that is not defined: it traps
    /// with [`Trap::UnknownImport`] when it is called, and the error says which it was.
    ///
    /// # Errors
    /// When an import that is not a function is not defined.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        for import in module.imports() {
            if self.definition(import.module, import.name).is_some() {
                continue;
            }
            let ExternType::Func(ty) = import.ty else {
                return Err(unknown(&import));
            };
            let name = format!("`{}` `{}`", import.module, import.name);
            self.func_new(import.module, import.name, ty, move |_, _, _| {
                Err(Error::from(Trap::UnknownImport)
                    .context(format!("the import {name} is not defined")))
            })?;
        }
        Ok(())
    }

    /// Instantiates a module with imports from here.
    ///
    /// # Errors
    /// When an import is not defined or does not match, when the store is of another engine than the
    /// linker, and as for [`Instance::new`].
    pub fn instantiate(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance> {
        let mut store = store.as_context_mut();
        let mut imports = Vec::with_capacity(module.imports().len());
        for import in module.imports() {
            let definition = self.definition(import.module, import.name);
            imports.push(
                definition
                    .ok_or_else(|| unknown(&import))?
                    .to_extern(&self.engine, &mut store)?,
            );
        }
        Instance::new(store, module, &imports)
    }

    /// Looks up the imports of a module, to instantiate it many times.
    ///
    /// # Errors
    /// When an import is not defined, or the module is of another engine.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>> {
        if !Engine::same(&self.engine, module.engine()) {
            return Err(other_engine("module"));
        }
        let imports = module.imports().map(|import| {
            self.definition(import.module, import.name)
                .cloned()
                .ok_or_else(|| unknown(&import))
        });
        let imports = imports.collect::<Result<Vec<_>>>()?;
        Ok(InstancePre(Arc::new(PreInner {
            module: module.clone(),
            imports,
        })))
    }
}

fn other_engine(what: &str) -> Error {
    Error::link(format!("a linker was used with a {what} of another engine"))
}

fn unknown(import: &ImportType<'_>) -> Error {
    let (module, name, ty) = (import.module, import.name, &import.ty);
    let kind = ty.kind();
    Error::link(format!(
        "unknown import: `{module}` `{name}`, a {kind} {ty}, is not defined"
    ))
}

/// A module with its imports looked up. Cheap to clone; all threads may use it if it holds
/// nothing of one store.
pub struct InstancePre<T: 'static>(Arc<PreInner<T>>);

struct PreInner<T> {
    module: Module,
    imports: Vec<Definition<T>>,
}

impl<T> Clone for InstancePre<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: 'static> InstancePre<T> {
    /// The module.
    pub fn module(&self) -> &Module {
        &self.0.module
    }

    /// Instantiates the module.
    ///
    /// # Errors
    /// When an import does not match, and as for [`Instance::new`].
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let mut store = store.as_context_mut();
        let ptr = store.ptr;
        let engine = self.0.module.engine();
        assert!(
            Engine::same(&ptr.base().engine, engine),
            "a module was used with a store of another engine"
        );
        let imports = self.0.imports.iter();
        let imports = imports.map(|d| d.to_extern(engine, &mut store));
        let imports = imports.collect::<Result<Vec<_>>>()?;
        instantiate::check_imports(ptr.base(), &self.0.module, &imports)?;
        instantiate::instantiate(ptr, &self.0.module, &imports)
    }
}
