//! Access to a store, for whoever has it: `Store`, `Caller`, or a borrow of either.

use crate::store::{StoreInner, StorePtr};
use crate::{Caller, Engine, Store};
use core::marker::PhantomData;

/// A shared borrow of a store.
pub struct StoreContext<'a, T: 'static> {
    pub(crate) ptr: StorePtr,
    life: PhantomData<&'a StoreInner<T>>,
}

/// An exclusive borrow of a store.
pub struct StoreContextMut<'a, T: 'static> {
    pub(crate) ptr: StorePtr,
    life: PhantomData<&'a mut StoreInner<T>>,
}

impl<T> Clone for StoreContext<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoreContext<'_, T> {}

/// What gives shared access to a store.
pub trait AsContext {
    /// The host data of the store.
    type Data: 'static;

    /// Borrows the store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// What gives exclusive access to a store.
pub trait AsContextMut: AsContext {
    /// Borrows the store.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

impl<'a, T: 'static> StoreContext<'a, T> {
    /// # Safety
    /// `ptr` is a store of `T` that is borrowed for `'a`.
    pub(crate) unsafe fn new(ptr: StorePtr) -> Self {
        Self {
            ptr,
            life: PhantomData,
        }
    }

    /// The host's data.
    pub fn data(&self) -> &'a T {
        // SAFETY: the store is one of `T` and borrowed for `'a`.
        unsafe { &(*self.ptr.inner::<T>()).data }
    }

    /// The engine.
    pub fn engine(&self) -> &'a Engine {
        // SAFETY: the store is borrowed for `'a`.
        unsafe { &(*self.ptr.as_ptr()).engine }
    }

    /// What is left of the fuel.
    ///
    /// # Errors
    /// When the engine was not configured to consume fuel.
    pub fn get_fuel(&self) -> crate::Result<u64> {
        self.ptr.base().fuel()
    }
}

impl<'a, T: 'static> StoreContextMut<'a, T> {
    /// # Safety
    /// `ptr` is a store of `T` that is borrowed exclusively for `'a`.
    pub(crate) unsafe fn new(ptr: StorePtr) -> Self {
        Self {
            ptr,
            life: PhantomData,
        }
    }

    /// The host's data.
    pub fn data(&self) -> &T {
        // SAFETY: the store is one of `T` and borrowed by `self`.
        unsafe { &(*self.ptr.inner::<T>()).data }
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: as above, exclusively.
        unsafe { &mut (*self.ptr.inner::<T>()).data }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.ptr.base().engine
    }

    /// What is left of the fuel.
    ///
    /// # Errors
    /// When the engine was not configured to consume fuel.
    pub fn get_fuel(&self) -> crate::Result<u64> {
        self.ptr.base().fuel()
    }

    /// Sets what is left of the fuel.
    ///
    /// # Errors
    /// When the engine was not configured to consume fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> crate::Result<()> {
        self.ptr.base_mut().set_fuel(fuel)
    }

    /// Collects garbage.
    pub fn gc(&mut self) {
        self.ptr.base_mut().gc();
    }
}

impl<T: 'static> AsContext for Store<T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        // SAFETY: the store lives and is borrowed as long as the result.
        unsafe { StoreContext::new(self.ptr()) }
    }
}

impl<T: 'static> AsContextMut for Store<T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        // SAFETY: the store lives and is borrowed exclusively as long as the result.
        unsafe { StoreContextMut::new(self.ptr()) }
    }
}

impl<T: 'static> AsContext for StoreContext<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        *self
    }
}

impl<T: 'static> AsContext for StoreContextMut<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        // SAFETY: reborrowed from `self`.
        unsafe { StoreContext::new(self.ptr) }
    }
}

impl<T: 'static> AsContextMut for StoreContextMut<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        // SAFETY: reborrowed from `self`.
        unsafe { StoreContextMut::new(self.ptr) }
    }
}

impl<T: 'static> AsContext for Caller<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        // SAFETY: reborrowed from `self`.
        unsafe { StoreContext::new(self.store_ptr()) }
    }
}

impl<T: 'static> AsContextMut for Caller<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        // SAFETY: reborrowed from `self`.
        unsafe { StoreContextMut::new(self.store_ptr()) }
    }
}

impl<C: AsContext + ?Sized> AsContext for &C {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        (**self).as_context()
    }
}

impl<C: AsContext + ?Sized> AsContext for &mut C {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        (**self).as_context()
    }
}

impl<C: AsContextMut + ?Sized> AsContextMut for &mut C {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        (**self).as_context_mut()
    }
}

impl<'a, T: 'static, C: AsContext<Data = T>> From<&'a C> for StoreContext<'a, T> {
    fn from(store: &'a C) -> Self {
        store.as_context()
    }
}

impl<'a, T: 'static, C: AsContext<Data = T>> From<&'a mut C> for StoreContext<'a, T> {
    fn from(store: &'a mut C) -> Self {
        (*store).as_context()
    }
}

impl<'a, T: 'static, C: AsContextMut<Data = T>> From<&'a mut C> for StoreContextMut<'a, T> {
    fn from(store: &'a mut C) -> Self {
        store.as_context_mut()
    }
}
