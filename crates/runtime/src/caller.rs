//! What a host function sees of whoever calls it.

use crate::refs::ExnRef;
use crate::store::StorePtr;
use crate::{
    AsContext, AsContextMut, Engine, Error, Extern, Instance, InterruptHandle, StoreContextMut,
};
use core::marker::PhantomData;
use core::ptr::NonNull;

/// The store that a host function runs in, and the instance that called it.
pub struct Caller<'a, T: 'static> {
    store: StorePtr,
    life: PhantomData<&'a mut T>,
}

impl<'a, T: 'static> Caller<'a, T> {
    /// # Safety
    /// The store is one of `T`, runs on this thread, and is used by nobody else for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn new(store: StorePtr) -> Self {
        Self {
            store,
            life: PhantomData,
        }
    }

    #[inline(always)]
    pub(crate) fn store_ptr(&self) -> StorePtr {
        self.store
    }

    /// The instance that called; `None` if the host itself did.
    pub fn instance(&self) -> Option<Instance> {
        // The stack below is the same as long as the host function runs. Most do not ask.
        let instance = NonNull::new(tierra_vm::caller_instance(self.store.exec()))?;
        // What the host calls without a guest in between stands in an environment of its own.
        self.store.base().module_of(instance.as_ptr())?;
        Some(Instance::from_raw(self.store.base(), instance))
    }

    /// An export of the instance that called: its memory, most often.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        self.instance()?.get_export(self.as_context_mut(), name)
    }

    /// The host's data.
    pub fn data(&self) -> &T {
        self.as_context().data()
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: the store is one of `T`, borrowed through `self`.
        unsafe { &mut (*self.store.inner::<T>()).data }
    }

    /// The guest functions that are active, the one that called first.
    pub fn backtrace(&self) -> crate::Backtrace {
        crate::Backtrace::capture(self.store_ptr())
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.store.base().engine
    }

    /// Makes an error of an exception: a host function that returns it throws the exception in
    /// the guest that called it.
    pub fn throw(&mut self, exn: ExnRef) -> Error {
        match exn.to_owned_rooted(self.as_context_mut()) {
            Ok(exn) => Error::from_exception(exn),
            Err(error) => error,
        }
    }

    /// A handle with which any thread can stop the guest that runs here.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle(self.store.base().exec.clone())
    }

    /// What is left of the fuel.
    ///
    /// # Errors
    /// When the engine was not configured to consume fuel.
    pub fn get_fuel(&self) -> crate::Result<u64> {
        self.store.base().fuel()
    }

    /// Sets what is left of the fuel.
    ///
    /// # Errors
    /// When the engine was not configured to consume fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> crate::Result<()> {
        self.store.base_mut().set_fuel(fuel)
    }

    /// Collects garbage.
    pub fn gc(&mut self) {
        self.store.base_mut().gc();
    }

    /// The store, as everything that takes one takes it.
    pub fn store(&mut self) -> StoreContextMut<'_, T> {
        self.as_context_mut()
    }
}
