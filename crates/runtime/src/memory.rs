//! Memories.

use crate::externs::handle;
use crate::store::StoreId;
use crate::{AsContext, AsContextMut, Context, Engine, Error, Result};
use alloc::format;
use alloc::sync::Arc;
use core::fmt;
use core::ptr::NonNull;
use tierra_core::Trap;
use tierra_core::types::{Limits, MemoryType};

/// A memory of a store.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Memory {
    store: StoreId,
    ptr: NonNull<tierra_vm::Memory>,
}

handle!(Memory tierra_vm::Memory, "memory");

/// The type of a memory with 32-bit addresses and pages of 64 KiB.
pub fn memory_type(min: u32, max: Option<u32>) -> MemoryType {
    let limits = Limits {
        min: min.into(),
        max: max.map(Into::into),
        is_64: false,
    };
    MemoryType {
        limits,
        shared: false,
        page_size_log2: 16,
    }
}

impl Memory {
    /// A memory of its type's minimal size, all zeros.
    ///
    /// # Errors
    /// When a limit of the store or the system forbids it.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Self> {
        let mut store = store.as_context_mut();
        let ptr = store
            .ptr
            .core_mut()
            .new_memory(ty)
            .context("cannot create a memory")?;
        Ok(Self::from_ptr(store.ptr.base(), ptr))
    }

    /// A shared memory as a memory of this store.
    ///
    /// # Errors
    /// When a limit of the store forbids it.
    pub fn from_shared(mut store: impl AsContextMut, shared: &SharedMemory) -> Result<Self> {
        let mut store = store.as_context_mut();
        let shared = shared.0.clone();
        let ptr = store
            .ptr
            .core_mut()
            .import_shared(shared)
            .context("cannot import a memory")?;
        Ok(Self::from_ptr(store.ptr.base(), ptr))
    }

    /// The type.
    ///
    /// # Panics
    /// When the memory belongs to another store; so do all methods.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        self.raw(store.as_context().ptr.base()).ty()
    }

    /// The size in pages.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.raw(store.as_context().ptr.base()).pages()
    }

    /// The size in bytes.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.raw(store.as_context().ptr.base()).len()
    }

    /// Grows by `delta` pages; returns the size before.
    ///
    /// # Errors
    /// When the memory's maximum, a limit of the store or the system forbids it.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let mut store = store.as_context_mut();
        self.raw(store.ptr.base());
        // SAFETY: the memory belongs to the store.
        let grown = unsafe { store.ptr.core_mut().grow_memory(self.as_ptr(), delta) };
        grown.ok_or_else(|| Error::msg(format!("a memory cannot grow by {delta} pages")))
    }

    /// Copies bytes from the memory.
    ///
    /// # Errors
    /// With [`Trap::MemoryOutOfBounds`] when they are not all within it.
    pub fn read(&self, store: impl AsContext, address: u64, out: &mut [u8]) -> Result<()> {
        let read = self.raw(store.as_context().ptr.base()).read(address, out);
        read.map_err(|_| Error::from(Trap::MemoryOutOfBounds))
    }

    /// Copies bytes into the memory.
    ///
    /// # Errors
    /// With [`Trap::MemoryOutOfBounds`] when they do not all fit.
    pub fn write(&self, mut store: impl AsContextMut, address: u64, bytes: &[u8]) -> Result<()> {
        let written = self
            .raw(store.as_context_mut().ptr.base())
            .write(address, bytes);
        written.map_err(|_| Error::from(Trap::MemoryOutOfBounds))
    }

    /// The bytes.
    ///
    /// # Panics
    /// When the memory is shared: other threads may write it. Use [`Memory::read`].
    pub fn data<'a, T: 'static>(&self, store: impl Into<crate::StoreContext<'a, T>>) -> &'a [u8] {
        let store = store.into();
        // SAFETY: the store is borrowed for `'a`, so neither guest code nor the host writes.
        unsafe {
            core::slice::from_raw_parts(
                self.data_ptr(store.ptr.base()),
                self.raw(store.ptr.base()).len(),
            )
        }
    }

    /// The bytes, to be written.
    ///
    /// # Panics
    /// When the memory is shared: other threads may write it. Use [`Memory::write`].
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<crate::StoreContextMut<'a, T>>,
    ) -> &'a mut [u8] {
        let store = store.into();
        let len = self.raw(store.ptr.base()).len();
        // SAFETY: the store is borrowed exclusively for `'a`, so nobody else has the memory.
        unsafe { core::slice::from_raw_parts_mut(self.data_ptr(store.ptr.base()), len) }
    }

    /// The bytes, to be written, and the host's data.
    ///
    /// # Panics
    /// When the memory is shared: other threads may write it. Use [`Memory::write`].
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<crate::StoreContextMut<'a, T>>,
    ) -> (&'a mut [u8], &'a mut T) {
        let store = store.into();
        let len = self.raw(store.ptr.base()).len();
        // SAFETY: as in `data_mut`; the host's data lies elsewhere.
        unsafe {
            let bytes = core::slice::from_raw_parts_mut(self.data_ptr(store.ptr.base()), len);
            (bytes, &mut (*store.ptr.inner::<T>()).data)
        }
    }

    fn data_ptr(&self, store: &crate::store::StoreBase) -> *mut u8 {
        let memory = self.raw(store);
        assert!(
            memory.as_shared().is_none(),
            "the bytes of a shared memory cannot be borrowed"
        );
        // SAFETY: the memory is alive.
        unsafe { memory.data_ptr() }
    }

    /// The shared memory that this is, if it is one: other stores can import it.
    pub fn as_shared(&self, store: impl AsContext) -> Option<SharedMemory> {
        self.raw(store.as_context().ptr.base())
            .as_shared()
            .map(|m| SharedMemory(m.clone()))
    }
}

/// A memory that stores of several threads share.
#[derive(Clone)]
pub struct SharedMemory(Arc<tierra_vm::SharedMemory>);

impl SharedMemory {
    /// A shared memory of its type's minimal size, all zeros.
    ///
    /// # Errors
    /// When the type is not shared, or the system has not enough memory.
    pub fn new(engine: &Engine, ty: MemoryType) -> Result<Self> {
        if !ty.shared || ty.limits.max.is_none() {
            return Err(Error::msg(
                "the type of a shared memory must be shared and have a maximum",
            ));
        }
        let memory = tierra_vm::SharedMemory::new(ty, engine.guards_memories());
        Ok(Self(memory.ok_or_else(|| {
            Error::msg("out of memory for a shared memory")
        })?))
    }

    /// The type.
    pub fn ty(&self) -> MemoryType {
        self.0.ty()
    }

    /// The size in pages.
    pub fn size(&self) -> u64 {
        self.0.pages()
    }

    /// The size in bytes.
    pub fn data_size(&self) -> usize {
        self.0.len()
    }

    /// Grows by `delta` pages; returns the size before.
    ///
    /// # Errors
    /// When the maximum or the system forbids it.
    pub fn grow(&self, delta: u64) -> Result<u64> {
        let grown = self.0.grow(delta);
        grown.ok_or_else(|| Error::msg(format!("a shared memory cannot grow by {delta} pages")))
    }

    /// Copies bytes from the memory. Each byte is read some time during the call.
    ///
    /// # Errors
    /// With [`Trap::MemoryOutOfBounds`] when they are not all within it.
    pub fn read(&self, address: u64, out: &mut [u8]) -> Result<()> {
        self.0
            .read(address, out)
            .map_err(|_| Error::from(Trap::MemoryOutOfBounds))
    }

    /// Copies bytes into the memory. Each byte is written some time during the call.
    ///
    /// # Errors
    /// With [`Trap::MemoryOutOfBounds`] when they do not all fit.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<()> {
        self.0
            .write(address, bytes)
            .map_err(|_| Error::from(Trap::MemoryOutOfBounds))
    }

    /// Wakes threads that wait at an address; returns how many.
    ///
    /// # Errors
    /// When the address is not aligned or out of bounds.
    pub fn atomic_notify(&self, address: u64, count: u32) -> Result<u32> {
        Ok(self.0.notify(address, count)?)
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedMemory({:?})", self.ty())
    }
}
