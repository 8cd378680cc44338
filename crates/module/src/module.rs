//! What a validated module holds.

use crate::lazy::{self, LazyBodies};
use crate::{ConstExpr, Executor, ModuleError, Sequential, Unvalidated, names};
use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::ops::Range;
use tierra_core::Features;
use tierra_core::index::*;
use tierra_core::types::*;

/// Where a module's bytes live: a vector, a mapped file, flash memory.
pub type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A validated module. It is immutable and belongs to no engine.
pub struct Module {
    pub(crate) bytes: Bytes,
    pub(crate) features: Features,
    /// Recursion groups, as ranges of `types`.
    pub rec_groups: Vec<Range<usize>>,
    /// Defined types.
    pub types: Vec<SubType<TypeIdx>>,
    /// Imports in order.
    pub imports: Vec<Import>,
    /// The type of every function, imports first.
    pub funcs: Vec<TypeIdx>,
    /// How many functions are imported.
    pub imported_funcs: usize,
    /// Every table, imports first (those without an initial value).
    pub tables: Vec<Table>,
    /// How many tables are imported.
    pub imported_tables: usize,
    /// Every memory, imports first.
    pub memories: Vec<MemoryType>,
    /// How many memories are imported.
    pub imported_memories: usize,
    /// The type of every global, imports first.
    pub globals: Vec<GlobalType<TypeIdx>>,
    /// The initial values of the globals that are not imported.
    pub global_inits: Vec<ConstExpr>,
    /// The type of every tag, imports first.
    pub tags: Vec<TypeIdx>,
    /// How many tags are imported.
    pub imported_tags: usize,
    /// Exports in order.
    pub exports: Vec<Export>,
    /// The start function.
    pub start: Option<FuncIdx>,
    /// Element segments.
    pub elems: Vec<ElemSegment>,
    /// Data segments.
    pub datas: Vec<DataSegment>,
    /// How many there are, as a section before the code says: without it, no code names one.
    pub(crate) data_count: Option<u32>,
    /// The bodies of the functions that are not imported: byte ranges of locals and code.
    pub(crate) bodies: Vec<Range<usize>>,
    /// Custom sections: name and byte range.
    pub(crate) customs: Vec<(String, Range<usize>)>,
    /// Every section: id, and byte range of the contents.
    pub sections: Vec<(u8, Range<usize>)>,
    /// If bodies are validated when they are first read, what is known of them.
    pub(crate) lazy: Option<LazyBodies>,
}

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    /// The name of the module that it comes from.
    pub module: Box<str>,
    /// Its name there.
    pub name: Box<str>,
    /// What it must be.
    pub ty: ExternType<TypeIdx>,
}

/// An export.
#[derive(Clone, Debug)]
pub struct Export {
    /// The name that it is found by.
    pub name: Box<str>,
    /// What is exported.
    pub item: ExportItem,
}

/// What an export gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum ExportItem {
    Func(FuncIdx),
    Table(TableIdx),
    Memory(MemoryIdx),
    Global(GlobalIdx),
    Tag(TagIdx),
}

/// A table and its initial value.
#[derive(Clone, Debug)]
pub struct Table {
    /// The type.
    pub ty: TableType<TypeIdx>,
    /// The value of every element at the start; null if absent.
    pub init: Option<ConstExpr>,
}

/// A global: type and initial value.
#[derive(Clone, Debug)]
pub struct Global {
    /// The type.
    pub ty: GlobalType<TypeIdx>,
    /// The initial value.
    pub init: ConstExpr,
}

/// How a segment is used; `I` is the index of the memory or table.
#[derive(Clone, Debug)]
pub enum SegmentMode<I> {
    /// Copied at instantiation.
    Active(I, ConstExpr),
    /// Copied by instructions.
    Passive,
    /// Only declares functions that `ref.func` may name.
    Declared,
}

/// An element segment.
#[derive(Clone, Debug)]
pub struct ElemSegment {
    /// How it is used.
    pub mode: SegmentMode<TableIdx>,
    /// The type of its elements.
    pub ty: RefType<TypeIdx>,
    /// Its elements.
    pub items: ElemItems,
}

/// The elements of a segment.
#[derive(Clone, Debug)]
pub enum ElemItems {
    /// Functions by index.
    Funcs(Box<[FuncIdx]>),
    /// Constant expressions.
    Exprs(Box<[ConstExpr]>),
}

impl ElemItems {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            ElemItems::Funcs(items) => items.len(),
            ElemItems::Exprs(items) => items.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A data segment.
#[derive(Clone, Debug)]
pub struct DataSegment {
    /// How it is used.
    pub mode: SegmentMode<MemoryIdx>,
    /// Its bytes, as a range of the module's.
    pub range: Range<usize>,
}

/// The body of a function: declarations of locals, then code.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// The bytes, without the size in front.
    pub bytes: &'a [u8],
    /// Where they begin in the module.
    pub offset: usize,
}

impl Module {
    /// Reads and validates a module in the binary format (§5).
    ///
    /// `executor` runs the validation of bodies, in parallel if it can. Time and memory are
    /// linear in the bytes.
    ///
    /// # Errors
    /// When the bytes are malformed, not valid, or need a feature that is switched off.
    pub fn new(
        bytes: Bytes,
        features: Features,
        executor: &dyn Executor,
    ) -> Result<Self, ModuleError> {
        crate::parse::module(bytes, features, executor)
    }

    /// Reads a module whose bodies are known to be valid: those of a module that
    /// [`Module::new`] accepted with these features, kept where nobody changes them.
    ///
    /// What runs modules relies on it: if they are not, it panics or worse.
    ///
    /// # Errors
    /// When a section is malformed.
    pub fn of_valid(bytes: Bytes, features: Features) -> Result<Self, ModuleError> {
        crate::parse::valid_module(bytes, features)
    }

    /// Reads a module as [`Module::new`] does, but validates a body when it is first read: what nobody
    /// reads may be invalid. **Not as the specification says**: a function with an invalid body traps
    /// when it is called, as by `unreachable`; [`Module::invalid_body`] tells which it was.
    ///
    /// # Errors
    /// When a section is malformed or not valid, or needs a feature that is switched off, or a body is
    /// too short for any.
    pub fn with_lazy_bodies(bytes: Bytes, features: Features) -> Result<Self, ModuleError> {
        let module = Unvalidated::read(bytes.clone(), features).map(Unvalidated::into_lazy_module);
        match module {
            // The body of a function that traps would not fit into the place of a shorter one.
            Ok(module)
                if module
                    .bodies
                    .iter()
                    .all(|body| body.len() >= lazy::SHORTEST) =>
            {
                Ok(module)
            }
            // It tells what is wrong.
            _ => Self::new(bytes, features, &Sequential),
        }
    }

    /// The module's bytes.
    pub fn bytes(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    /// The features that the module was validated with.
    pub fn features(&self) -> Features {
        self.features
    }

    /// The type of a function.
    pub fn func_type(&self, func: FuncIdx) -> &FuncType<TypeIdx> {
        self.func_type_at(self.funcs[func.index()])
    }

    /// The function type with this index.
    ///
    /// # Panics
    /// When the type is not a function type: validation has excluded it.
    pub fn func_type_at(&self, ty: TypeIdx) -> &FuncType<TypeIdx> {
        match &self.types[ty.index()].composite {
            CompositeType::Func(f) => f,
            _ => panic!("type {ty} is not a function type"),
        }
    }

    /// The functions that are not imported.
    pub fn defined_funcs(&self) -> impl ExactSizeIterator<Item = FuncIdx> {
        (self.imported_funcs..self.funcs.len()).map(FuncIdx::from_index)
    }

    /// The body of a function; `None` for an import.
    pub fn body(&self, func: FuncIdx) -> Option<Body<'_>> {
        let (place, body) = self.raw_body(func)?;
        match &self.lazy {
            Some(lazy) if !lazy.is_valid(self, place, body) => Some(Body {
                bytes: &lazy::TRAP,
                ..body
            }),
            _ => Some(body),
        }
    }

    /// What may be the body of a function, and its place among the bodies.
    fn raw_body(&self, func: FuncIdx) -> Option<(usize, Body<'_>)> {
        let place = func.index().checked_sub(self.imported_funcs)?;
        let range = self.bodies.get(place)?.clone();
        let offset = range.start;
        let bytes = &self.bytes()[range];
        Some((place, Body { bytes, offset }))
    }

    /// The bytes of the body of a function; 0 for an import.
    pub fn body_len(&self, func: FuncIdx) -> usize {
        let place = func.index().checked_sub(self.imported_funcs);
        let range = place.and_then(|place| self.bodies.get(place));
        range.map_or(0, |range| range.len())
    }

    /// Why the body of a function is not valid, if something has read it and it is not: only with
    /// [lazy bodies](Module::with_lazy_bodies).
    pub fn invalid_body(&self, func: FuncIdx) -> Option<ModuleError> {
        let lazy = self.lazy.as_ref()?;
        let (place, body) = self.raw_body(func)?;
        let is_invalid = lazy.is_known_invalid(place);
        is_invalid.then(|| lazy.validate(self, place, body).err())?
    }

    /// Validates those bodies that were not, if any.
    ///
    /// # Errors
    /// That of the first body that is not valid.
    pub fn validate_all(&self) -> Result<(), ModuleError> {
        let Some(lazy) = &self.lazy else {
            return Ok(());
        };
        for func in self.defined_funcs() {
            if let Some((place, body)) = self.raw_body(func)
                && !lazy.is_valid(self, place, body)
            {
                lazy.validate(self, place, body)?;
            }
        }
        Ok(())
    }

    /// The function whose body is around an offset in the module's bytes.
    pub fn func_at(&self, offset: usize) -> Option<FuncIdx> {
        let index = self.bodies.partition_point(|body| body.end <= offset);
        let body = self.bodies.get(index)?;
        let func = FuncIdx((self.imported_funcs + index) as u32);
        body.contains(&offset).then_some(func)
    }

    /// The bytes of a data segment.
    pub fn data(&self, data: DataIdx) -> &[u8] {
        &self.bytes()[self.datas[data.index()].range.clone()]
    }

    /// The export of this name.
    pub fn export(&self, name: &str) -> Option<ExportItem> {
        self.exports
            .iter()
            .find(|e| &*e.name == name)
            .map(|e| e.item)
    }

    /// The type of an exported item.
    pub fn item_type(&self, item: ExportItem) -> ExternType<TypeIdx> {
        match item {
            ExportItem::Func(i) => ExternType::Func(self.funcs[i.index()]),
            ExportItem::Table(i) => ExternType::Table(self.tables[i.index()].ty),
            ExportItem::Memory(i) => ExternType::Memory(self.memories[i.index()]),
            ExportItem::Global(i) => ExternType::Global(self.globals[i.index()]),
            ExportItem::Tag(i) => ExternType::Tag(self.tags[i.index()]),
        }
    }

    /// Custom sections: name and contents.
    pub fn custom_sections(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.customs
            .iter()
            .map(|(name, range)| (name.as_str(), &self.bytes()[range.clone()]))
    }

    /// Bytes of all bodies together: the measure of throughput figures.
    pub fn code_size(&self) -> usize {
        self.bodies.iter().map(|b| b.len()).sum()
    }

    /// The name of a function in the name section.
    ///
    /// The section is scanned at every call: names are wanted in backtraces, seldom and few.
    pub fn func_name(&self, func: FuncIdx) -> Option<&str> {
        names::func_name(self, func)
    }

    /// All names of functions in the name section, in its order.
    pub fn func_names(&self) -> impl Iterator<Item = (FuncIdx, &str)> {
        names::func_names(self)
    }

    /// The module's own name in the name section.
    pub fn name(&self) -> Option<&str> {
        names::module_name(self)
    }

    /// The byte offset at which the code section's contents begin: DWARF counts from there.
    pub fn code_section_start(&self) -> Option<usize> {
        self.sections
            .iter()
            .find(|(id, _)| *id == 10)
            .map(|(_, range)| range.start)
    }
}
