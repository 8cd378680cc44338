//! The types of an engine: canonical ids, and subtyping on them.
//!
//! **Problem.** Types of different modules are equal when their recursion groups are (§3.3.1,
//! iso-recursive), and guest code compares types at run time. **Idea.** Groups are hash-consed:
//! within the key of a group, a reference to the group itself is relative, one to another group
//! is that group's canonical id. So equal groups have equal keys, and a group is looked up in
//! time linear in its size. A subtype test is one comparison, thanks to the display of all
//! supertypes (at most 64, as validation guarantees).
//!
//! **Lifetime.** A group is counted by the [`ModuleTypes`] and the groups that name it; ids that
//! nothing holds are used again. A store copies what it needs to know of a type into its own
//! [`TypeTable`], so that lookups take no lock.

mod registry;
mod table;

pub use registry::{ModuleTypes, TypeRegistry};
pub use table::TypeTable;

use crate::gc::layout::ObjectLayout;
use alloc::boxed::Box;
use tierra_core::index::TypeId;
use tierra_core::types::{CompositeType, FuncType, RefKind, SubType};

/// What is known of a canonical type.
#[derive(Debug)]
pub struct TypeInfo {
    /// The id.
    pub id: TypeId,
    /// The type.
    pub sub: SubType<TypeId>,
    /// All supertypes from the root to the type itself.
    pub display: Box<[TypeId]>,
    /// How objects of the type are laid out, if it is a structure or an array.
    pub layout: Option<ObjectLayout>,
    /// The positions of the parameters that are references into the heap, in slots, if it is a
    /// function type.
    pub heap_params: Box<[u32]>,
}

impl TypeInfo {
    /// The function type, if it is one.
    pub fn as_func(&self) -> Option<&FuncType> {
        match &self.sub.composite {
            CompositeType::Func(f) => Some(f),
            _ => None,
        }
    }

    /// How references to it are represented.
    pub fn ref_kind(&self) -> RefKind {
        match self.sub.composite {
            CompositeType::Func(_) => RefKind::Func,
            _ => RefKind::Heap,
        }
    }
}
