//! Calls whose types were checked before: a few stores into the guest's stack, and a jump.

use super::{Func, WasmValues};
use crate::store::StoreBase;
use crate::types::{DefinedType, FuncType};
use crate::{AsContextMut, Error, Result};
use alloc::format;
use core::marker::PhantomData;

/// A function with parameters `P` and results `R`.
pub struct TypedFunc<P, R> {
    func: Func,
    types: PhantomData<fn(P) -> R>,
}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for TypedFunc<P, R> {}

impl<P: WasmValues, R: WasmValues> TypedFunc<P, R> {
    pub(super) fn new(store: &StoreBase, func: Func) -> Result<Self> {
        let types = store.core().type_table();
        let ty = types
            .info(func.type_id())
            .as_func()
            .expect("functions have function types");
        let params = P::TYPES.len() == ty.params.len()
            && P::TYPES
                .iter()
                .zip(&ty.params)
                .all(|(own, wanted)| types.val_subtype(*own, *wanted));
        let results = R::TYPES.len() == ty.results.len()
            && ty
                .results
                .iter()
                .zip(R::TYPES)
                .all(|(given, own)| types.val_subtype(*given, *own));
        if params && results {
            return Ok(Self {
                func,
                types: PhantomData,
            });
        }
        let actual = DefinedType::new(store, func.type_id())
            .as_func()
            .expect("as above");
        let wanted = FuncType::of::<P, R>();
        Err(Error::msg(format!(
            "type mismatch: the function has type {actual}, not {wanted}"
        )))
    }

    /// The function without its Rust types.
    pub fn func(&self) -> Func {
        self.func
    }

    /// Calls the function.
    ///
    /// # Errors
    /// When the function traps, throws, exits or fails; when a reference among the parameters
    /// belongs to another store.
    ///
    /// # Panics
    /// When the function belongs to another store; when a host function that it calls panics.
    #[inline]
    pub fn call(&self, mut store: impl AsContextMut, params: P) -> Result<R> {
        let mut ptr = store.as_context_mut().ptr;
        let func = self.func.raw(ptr.base());
        params.check(ptr.base())?;
        let slots = ptr.room(
            const {
                if P::SLOTS > R::SLOTS {
                    P::SLOTS
                } else {
                    R::SLOTS
                }
            },
        )?;
        // SAFETY: there is room, and the types were checked when `self` was made.
        unsafe {
            params.write(ptr.base_mut(), slots);
            ptr.invoke(func.as_ptr())?;
            Ok(R::read(ptr.base_mut(), slots))
        }
    }
}

impl<P, R> core::fmt::Debug for TypedFunc<P, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TypedFunc")
    }
}
