//! What guest code of every tier calls for what it does not do inline.
//!
//! The first argument is always the instance that the code runs in; references and values are
//! slots. Names and order of operands are the instructions'. None of these functions calls guest
//! code; those that allocate may collect, but keep their own operands ([`crate::gc`]).
//!
//! # Safety
//! For all of them: `vm` is an instance, not a host environment's, whose store is running on
//! this thread and to which nobody else holds a reference; the indices are valid for its module,
//! the values are of the types that the module's validation promises, and references are not
//! stale.

mod atomic;
mod exn;
mod func;
mod gc;
mod memory;
mod numeric;
mod rows;
mod table;

pub use atomic::*;
pub use exn::*;
pub use func::*;
pub use gc::*;
pub use memory::*;
pub use numeric::*;
pub use rows::*;
pub use table::*;

use crate::layout::Instance;
use crate::{InstanceData, StoreCore};
use tierra_core::index::{TypeId, TypeIdx};

/// The store of an instance.
///
/// # Safety
/// See the module; no other reference to the store exists while this one does.
#[inline(always)]
unsafe fn store<'a>(vm: *mut Instance) -> &'a mut StoreCore {
    // SAFETY: the caller's.
    unsafe { &mut *(*(*vm).exec).store.get() }
}

/// What the host keeps for an instance.
///
/// # Safety
/// See the module.
#[inline(always)]
unsafe fn data<'a>(vm: *mut Instance) -> &'a InstanceData {
    // SAFETY: the caller's.
    unsafe { &*(*vm).data }
}

/// The canonical id of a type of an instance's module.
///
/// # Safety
/// See the module.
#[inline(always)]
unsafe fn type_id(vm: *mut Instance, ty: TypeIdx) -> TypeId {
    // SAFETY: the caller's.
    unsafe { *(*vm).type_ids.add(ty.index()) }
}
