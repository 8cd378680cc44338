//! What the validation of a body needs to know of its module, in the form in which it is quick
//! to find.

use super::Stop;
use super::steps::Step;
use super::tables::{Tables, tables};
use super::ty::{self, Ty};
use crate::module::{ElemItems, Module};
use crate::{ConstExpr, ConstOp, ExportItem};
use alloc::{sync::Arc, vec, vec::Vec};
use tierra_core::Features;
use tierra_core::index::{FuncIdx, TypeIdx};
use tierra_core::types::{CompositeType, FieldType, HeapType, StorageType, ValType};

/// A sequence of types: none, one, or a part of [`Context::pool`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Types {
    len: u32,
    /// The only type, or where the part begins.
    first: Ty,
}

impl Types {
    pub const NONE: Types = Types {
        len: 0,
        first: Ty::BOTTOM,
    };

    pub const fn one(ty: Ty) -> Types {
        Types { len: 1, first: ty }
    }

    fn new(types: &[ValType<TypeIdx>], pool: &mut Vec<Ty>) -> Types {
        match types {
            [] => Types::NONE,
            [ty] => Types::one((*ty).into()),
            types => {
                let first = Ty::from_bits(pool.len() as u32);
                pool.extend(types.iter().map(|ty| Ty::from(*ty)));
                Types {
                    len: types.len() as u32,
                    first,
                }
            }
        }
    }

    #[inline(always)]
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// The type, if it is one.
    #[inline(always)]
    pub fn single(self) -> Option<Ty> {
        (self.len == 1).then_some(self.first)
    }

    #[inline]
    pub fn slice<'s>(&'s self, pool: &'s [Ty]) -> &'s [Ty] {
        match self.len {
            0 => &[],
            1 => core::slice::from_ref(&self.first),
            len => &pool[self.first.bits() as usize..][..len as usize],
        }
    }
}

/// Parameters and results of a function type, or of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signature {
    pub params: Types,
    pub results: Types,
}

/// A module while its bodies are validated.
pub(super) struct Context<'m> {
    pub module: &'m Module,
    pub tables: Arc<Tables>,
    /// The type of addresses of the first memory.
    address: Option<Ty>,
    /// The signatures of function types, by type.
    signatures: Vec<Option<Signature>>,
    /// The types of sequences that are longer than one.
    pub pool: Vec<Ty>,
    /// The types of globals, and whether they can be set.
    pub globals: Vec<(Ty, bool)>,
    /// One bit for each function: whether `ref.func` may name it.
    declared: Vec<u64>,
    /// How many data segments there are, if a section said so before the code.
    pub data_count: Option<u32>,
}

impl<'m> Context<'m> {
    pub fn new(module: &'m Module) -> Self {
        let mut pool = Vec::new();
        let mut signature = |ty: &CompositeType<TypeIdx>| match ty {
            CompositeType::Func(ty) => Some(Signature {
                params: Types::new(&ty.params, &mut pool),
                results: Types::new(&ty.results, &mut pool),
            }),
            _ => None,
        };
        let signatures = module.types.iter().map(|ty| signature(&ty.composite));
        let signatures = signatures.collect();
        let globals = module.globals.iter();
        Self {
            module,
            tables: tables(module.features),
            address: module.memories.first().map(address),
            signatures,
            pool,
            globals: globals.map(|g| (g.content.into(), g.mutable)).collect(),
            declared: declared(module),
            data_count: module.data_count,
        }
    }

    /// What is done for the codes that are steps.
    pub fn steps(&self) -> &[Step; 256] {
        self.tables.steps(self.address)
    }

    pub fn has(&self, feature: Features) -> bool {
        self.module.features.contains(feature)
    }

    /// The signature of a function type.
    #[inline]
    pub fn signature(&self, ty: u32) -> Result<Signature, Stop> {
        let signature = self.signatures.get(ty as usize).copied();
        signature.flatten().ok_or(Stop::Invalid)
    }

    /// The signature of a function.
    #[inline]
    pub fn func(&self, func: u32) -> Result<Signature, Stop> {
        let ty = self.module.funcs.get(func as usize).ok_or(Stop::Invalid)?;
        self.signature(ty.0)
    }

    /// The types that an exception with this tag carries.
    pub fn tag(&self, tag: u32) -> Result<Types, Stop> {
        let ty = self.module.tags.get(tag as usize).ok_or(Stop::Invalid)?;
        Ok(self.signature(ty.0)?.params)
    }

    pub fn is_declared(&self, func: u32) -> bool {
        let word = self.declared.get(func as usize / 64);
        word.is_some_and(|word| word >> (func % 64) & 1 != 0)
    }

    /// The types of an index into a table, and of its elements.
    pub fn table(&self, table: u32) -> Result<(Ty, Ty), Stop> {
        let table = self.module.tables.get(table as usize);
        let ty = table.ok_or(Stop::Invalid)?.ty;
        Ok((ty.index_type().into(), ty.element.into()))
    }

    /// The type of addresses of a memory.
    pub fn memory(&self, memory: u32) -> Result<Ty, Stop> {
        let memory = self.module.memories.get(memory as usize);
        memory.map(address).ok_or(Stop::Invalid)
    }

    /// The type of the elements of a segment.
    pub fn elem(&self, elem: u32) -> Result<Ty, Stop> {
        let elem = self.module.elems.get(elem as usize);
        Ok(elem.ok_or(Stop::Invalid)?.ty.into())
    }

    fn composite(&self, ty: u32) -> Result<&'m CompositeType<TypeIdx>, Stop> {
        let ty = self.module.types.get(ty as usize).ok_or(Stop::Invalid)?;
        Ok(&ty.composite)
    }

    pub fn fields(&self, ty: u32) -> Result<&'m [FieldType<TypeIdx>], Stop> {
        match self.composite(ty)? {
            CompositeType::Struct(fields) => Ok(fields),
            _ => Err(Stop::Invalid),
        }
    }

    pub fn array(&self, ty: u32) -> Result<FieldType<TypeIdx>, Stop> {
        match self.composite(ty)? {
            CompositeType::Array(element) => Ok(*element),
            _ => Err(Stop::Invalid),
        }
    }

    /// Whether a value of one type is a value of another.
    ///
    /// Of two defined types it is known only if the supertypes that one declares lead to the
    /// other: any two can be equal all the same.
    pub fn matches(&self, sub: Ty, sup: Ty) -> Result<(), Stop> {
        if sub == sup {
            return Ok(());
        }
        if !sub.is_ref() || !sup.is_ref() || (sub.is_nullable() && !sup.is_nullable()) {
            return Err(Stop::Invalid);
        }
        let matches = match (sub.heap(), sup.heap()) {
            (HeapType::Concrete(sub), HeapType::Concrete(sup)) => {
                return self.declares(sub, sup).then_some(()).ok_or(Stop::Unsure);
            }
            (HeapType::Concrete(sub), sup) => ty::abstract_matches(self.kind(sub)?, sup),
            (sub, HeapType::Concrete(sup)) => match sub {
                HeapType::None => self.kind(sup)? != HeapType::Func,
                HeapType::NoFunc => self.kind(sup)? == HeapType::Func,
                _ => false,
            },
            (sub, sup) => ty::abstract_matches(sub, sup),
        };
        matches.then_some(()).ok_or(Stop::Invalid)
    }

    /// The abstract type directly above a defined type.
    fn kind(&self, ty: TypeIdx) -> Result<HeapType<TypeIdx>, Stop> {
        Ok(match self.composite(ty.0)? {
            CompositeType::Func(_) => HeapType::Func,
            CompositeType::Struct(_) => HeapType::Struct,
            CompositeType::Array(_) => HeapType::Array,
        })
    }

    /// Whether the declared supertypes of a type lead to another one, or they are the same.
    fn declares(&self, sub: TypeIdx, sup: TypeIdx) -> bool {
        let above = |ty: &TypeIdx| self.module.types.get(ty.index())?.supertype;
        core::iter::successors(Some(sub), above).any(|ty| ty == sup)
    }

    /// The type at the top of the hierarchy of a heap type.
    pub fn top(&self, heap: HeapType<TypeIdx>) -> Result<HeapType<TypeIdx>, Stop> {
        let heap = match heap {
            HeapType::Concrete(ty) => self.kind(ty)?,
            heap => heap,
        };
        ty::top(heap).ok_or(Stop::Invalid)
    }
}

/// The type of addresses of a memory.
fn address(memory: &tierra_core::types::MemoryType) -> Ty {
    memory.index_type::<TypeIdx>().into()
}

/// Whether a field holds less than a value.
pub(super) fn is_packed(field: &FieldType<TypeIdx>) -> bool {
    !matches!(field.storage, StorageType::Val(_))
}

/// The functions that occur outside of bodies and the start section.
fn declared(module: &Module) -> Vec<u64> {
    let mut declared = vec![0_u64; module.funcs.len().div_ceil(64)];
    let mut declare = |func: FuncIdx| {
        if let Some(word) = declared.get_mut(func.index() / 64) {
            *word |= 1 << (func.index() % 64);
        }
    };
    for export in &module.exports {
        if let ExportItem::Func(func) = export.item {
            declare(func);
        }
    }
    let inits = module.tables.iter().filter_map(|table| table.init.as_ref());
    for expr in inits.chain(&module.global_inits) {
        funcs_of(expr).for_each(&mut declare);
    }
    for elem in &module.elems {
        match &elem.items {
            ElemItems::Funcs(funcs) => funcs.iter().copied().for_each(&mut declare),
            ElemItems::Exprs(exprs) => {
                exprs.iter().flat_map(funcs_of).for_each(&mut declare);
            }
        }
    }
    declared
}

/// The functions that an expression refers to.
fn funcs_of(expr: &ConstExpr) -> impl Iterator<Item = FuncIdx> {
    expr.0.iter().filter_map(|op| match op {
        ConstOp::RefFunc(func) => Some(*func),
        _ => None,
    })
}
