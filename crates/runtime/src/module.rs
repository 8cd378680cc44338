//! Modules: validated, with their types made canonical, ready to be instantiated.

use crate::types::{ExportType, ExternType, ImportType};
use crate::{Engine, Error, Result};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::hash::BuildHasher;
use hashbrown::{DefaultHashBuilder, HashTable};
use tierra_core::index::FuncIdx;
use tierra_interp::{CodeConfig, LazyTier, ModuleCode};
use tierra_module::{Executor, Export, ExportItem, Sequential};
use tierra_vm::ModuleTypes;

/// A module. Cheap to clone; all threads may use it.
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    engine: Engine,
    module: Arc<tierra_module::Module>,
    types: Arc<ModuleTypes>,
    code: Arc<ModuleCode>,
    /// Its machine code, which records point to.
    #[cfg_attr(not(feature = "compiler"), allow(dead_code, reason = "there is none"))]
    machine: Machine,
    exports: ExportNames,
    name: Option<Box<str>>,
}

/// The machine code of a module, if it has any.
#[cfg(feature = "compiler")]
pub(crate) enum Machine {
    /// None: the interpreter runs the module.
    None,
    /// That of all functions.
    Whole(tierra_engine::CompiledModule),
    /// Functions are compiled one by one.
    Tiered(Arc<tierra_engine::TieredModule>),
}
#[cfg(not(feature = "compiler"))]
pub(crate) type Machine = ();

/// From the names of exports to their places in the module.
struct ExportNames {
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl ExportNames {
    fn new(exports: &[Export]) -> Self {
        let hasher = DefaultHashBuilder::default();
        let hash = |place: &u32| hasher.hash_one(&exports[*place as usize].name);
        let mut places = HashTable::with_capacity(exports.len());
        for place in 0..exports.len() as u32 {
            places.insert_unique(hash(&place), place, hash);
        }
        Self { places, hasher }
    }

    fn find(&self, exports: &[Export], name: &str) -> Option<ExportItem> {
        let hash = self.hasher.hash_one(name);
        let same = |place: &u32| &*exports[*place as usize].name == name;
        let place = self.places.find(hash, same)?;
        Some(exports[*place as usize].item)
    }
}

/// Below this size threads cost more than they gain.
#[cfg(feature = "std")]
const PARALLEL_FROM: usize = 512 << 10;

impl Module {
    /// A module from its bytes, which are validated. With feature `text`, also from its text.
    ///
    /// # Errors
    /// When the bytes are not a module that the engine's configuration accepts.
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Self> {
        let bytes = binary(bytes.as_ref())?;
        Self::from_shared(engine, Arc::new(bytes.into_owned()))
    }

    /// A module from bytes in the binary format that are kept as they are: a mapped file, a
    /// static array.
    ///
    /// # Errors
    /// As for [`Module::new`].
    pub fn from_shared(engine: &Engine, bytes: tierra_module::Bytes) -> Result<Self> {
        let config = engine.config();
        let module = match config.lazy_validation {
            true => tierra_module::Module::with_lazy_bodies(bytes, config.features)?,
            false => validate(engine, bytes)?,
        };
        let module = Arc::new(module);
        #[cfg(feature = "compiler")]
        if let Some(compiler) = engine.tiering_compiler() {
            return Self::tiered(engine, compiler, module);
        }
        let made = Self::assemble(engine, module, None, |module, code| {
            compile(engine, module, code)
        })?;
        #[cfg(feature = "compiler")]
        if engine.config().through_artifacts {
            // SAFETY: made here, by this engine.
            return unsafe { Self::deserialize(engine, made.serialize()?) };
        }
        Ok(made)
    }

    /// A module of an engine, with machine code if `machine` gives it some.
    pub(crate) fn assemble(
        engine: &Engine,
        module: Arc<tierra_module::Module>,
        lazy: Option<Arc<dyn LazyTier>>,
        machine: impl FnOnce(&tierra_module::Module, &ModuleCode) -> Result<Machine>,
    ) -> Result<Self> {
        let types = engine.types().register(&module);
        let code = ModuleCode::new(
            module.clone(),
            CodeConfig {
                fuel: engine.config().consume_fuel,
            },
            lazy,
        );
        let machine = machine(&module, &code)?;
        let exports = ExportNames::new(&module.exports);
        let name = module.name().map(Into::into);
        let module = Self(Arc::new(Inner {
            engine: engine.clone(),
            module,
            types,
            code,
            machine,
            exports,
            name,
        }));
        #[cfg(feature = "compiler")]
        module.tell_profilers();
        Ok(module)
    }

    /// A module whose functions are compiled one by one; if there is no memory for what that takes, one
    /// that the interpreter runs.
    #[cfg(feature = "compiler")]
    fn tiered(
        engine: &Engine,
        compiler: &Arc<tierra_engine::Compiler>,
        module: Arc<tierra_module::Module>,
    ) -> Result<Self> {
        let tiered = tierra_engine::TieredModule::new(compiler, module.clone());
        let Some(tiered) = tiered.map_err(Error::msg)? else {
            return Self::assemble(engine, module, None, |_, _| Ok(Machine::None));
        };
        Self::assemble(engine, module, Some(tiered.clone()), |_, _| {
            tiered.begin();
            Ok(Machine::Tiered(tiered))
        })
    }

    /// Writes what was optimized to the [cache](crate::Config::cache), if there is one and something
    /// is new. It is done when the module is dropped, too; a program that ends without dropping it
    /// says so here.
    #[cfg(feature = "compiler")]
    pub fn save_to_cache(&self) {
        if let Machine::Tiered(tiered) = &self.0.machine {
            tiered.save();
        }
    }

    /// Statistics of tiers tell how many instances share a module's code.
    #[cfg(feature = "compiler")]
    pub(crate) fn count_instance(&self) {
        if let Machine::Tiered(tiered) = &self.0.machine {
            tiered.count_instance();
        }
    }

    /// Tells `perf` what was compiled so far of a module with [`Tier::Auto`](crate::Tier::Auto), as
    /// [`Config::perf_map`](crate::Config::perf_map) does for tiers that compile modules as a whole.
    ///
    /// # Errors
    /// When the map can't be written.
    #[cfg(feature = "compiler")]
    pub fn write_perf_map(&self) -> Result<()> {
        if let Machine::Tiered(tiered) = &self.0.machine {
            tiered.write_perf_map()?;
        }
        Ok(())
    }

    /// Tells profilers of the machine code. If that fails a profile lacks it, and nothing else is
    /// lost.
    #[cfg(feature = "compiler")]
    fn tell_profilers(&self) {
        let (config, module) = (self.engine().config(), self.module());
        let Some(machine) = self.machine() else {
            return;
        };
        if config.perf_map {
            let _ = machine.write_perf_map(module);
        }
        if config.jitdump {
            let lines = crate::dwarf::Lines::new(self);
            let line_of = |offset| lines.as_ref()?.at(offset);
            let line_of: &dyn Fn(u32) -> _ = &line_of;
            let _ = machine.write_jitdump(module, lines.is_some().then_some(line_of));
        }
    }

    /// Checks that bytes are a module that the engine accepts.
    ///
    /// # Errors
    /// When they are not; the error says why and where.
    pub fn validate(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<()> {
        validated(engine, bytes.as_ref()).map(drop)
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The module's own name, from its name section.
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The imports in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        self.0.module.imports.iter().map(|i| ImportType {
            module: &i.module,
            name: &i.name,
            ty: ExternType::from_core(&self.0.types, self.canonical(i.ty)),
        })
    }

    /// The exports in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        self.0.module.exports.iter().map(|e| ExportType {
            name: &e.name,
            ty: self.item_type(e.item),
        })
    }

    /// The type of an export.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        Some(self.item_type(self.export_item(name)?))
    }

    /// The custom sections: name and contents.
    pub fn custom_sections(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.module.custom_sections()
    }

    /// The module's bytes.
    pub fn bytes(&self) -> &[u8] {
        self.0.module.bytes()
    }

    /// The name of a function in the name section, else the first name that it is exported by.
    pub fn func_name(&self, func: u32) -> Option<&str> {
        let func = FuncIdx(func);
        let module = &self.0.module;
        module.func_name(func).or_else(|| {
            let mut exports = module.exports.iter();
            let export = exports.find(|export| export.item == ExportItem::Func(func))?;
            Some(&*export.name)
        })
    }

    /// Bytes of all function bodies together.
    pub fn code_size(&self) -> usize {
        self.0.module.code_size()
    }

    fn item_type(&self, item: ExportItem) -> ExternType {
        ExternType::from_core(&self.0.types, self.canonical(self.0.module.item_type(item)))
    }

    fn canonical(
        &self,
        ty: tierra_core::types::ExternType<tierra_core::index::TypeIdx>,
    ) -> tierra_core::types::ExternType {
        ty.map(&mut |t| self.0.types.ids[t.index()])
    }

    pub(crate) fn export_item(&self, name: &str) -> Option<ExportItem> {
        self.0.exports.find(&self.0.module.exports, name)
    }

    pub(crate) fn module(&self) -> &Arc<tierra_module::Module> {
        &self.0.module
    }

    #[cfg(feature = "compiler")]
    pub(crate) fn machine(&self) -> Option<&tierra_engine::CompiledModule> {
        match &self.0.machine {
            Machine::Whole(machine) => Some(machine),
            Machine::None | Machine::Tiered(_) => None,
        }
    }

    pub(crate) fn types(&self) -> &Arc<ModuleTypes> {
        &self.0.types
    }

    pub(crate) fn code(&self) -> &Arc<ModuleCode> {
        &self.0.code
    }
}

/// The module in bytes or text that an engine is given.
pub(crate) fn validated(engine: &Engine, bytes: &[u8]) -> Result<tierra_module::Module> {
    validate(engine, Arc::new(binary(bytes)?.into_owned()))
}

fn validate(engine: &Engine, bytes: tierra_module::Bytes) -> Result<tierra_module::Module> {
    let config = engine.config();
    let size = (*bytes).as_ref().len();
    with_executor(config.parallel, size, |executor| {
        tierra_module::Module::new(bytes, config.features, executor)
    })
}

/// What an engine's tier makes of a module beforehand.
#[cfg(feature = "compiler")]
fn compile(engine: &Engine, module: &tierra_module::Module, code: &ModuleCode) -> Result<Machine> {
    let Some(compiler) = engine.compiler() else {
        return Ok(Machine::None);
    };
    let machine = compiler.compile(module, code);
    machine.map(Machine::Whole).map_err(Error::msg)
}

#[cfg(not(feature = "compiler"))]
#[expect(clippy::unnecessary_wraps, reason = "its twin can fail")]
fn compile(_: &Engine, _: &tierra_module::Module, _: &ModuleCode) -> Result<Machine> {
    Ok(())
}

#[cfg(feature = "text")]
fn binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    Ok(tierra_module::text_to_bytes(bytes)?)
}

#[cfg(not(feature = "text"))]
#[expect(clippy::unnecessary_wraps, reason = "its twin can fail")]
fn binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    Ok(Cow::Borrowed(bytes))
}

/// Runs tasks on as many threads as the machine has.
#[cfg(feature = "std")]
struct Threads(usize);

#[cfg(feature = "std")]
impl Executor for Threads {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        use core::sync::atomic::{AtomicUsize, Ordering};
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= tasks {
                    break;
                }
                task(i);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.0.min(tasks) {
                // A system that gives no thread leaves more to this one.
                let _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
    }
}

fn with_executor<R>(
    parallel: bool,
    size: usize,
    run: impl FnOnce(&dyn Executor) -> core::result::Result<R, tierra_module::ModuleError>,
) -> Result<R> {
    #[cfg(feature = "std")]
    if parallel && size >= PARALLEL_FROM {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        return run(&Threads(threads)).map_err(Error::from);
    }
    let _ = (parallel, size);
    run(&Sequential).map_err(Error::from)
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
