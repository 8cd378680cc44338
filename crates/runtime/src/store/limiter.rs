//! Limits that the host decides about as it goes.

use super::StorePtr;
use core::marker::PhantomData;
use tierra_vm::Limiter;

/// Decides whether the guest may have more.
pub trait ResourceLimiter {
    /// May a memory grow (or start) from `current` to `desired` bytes? `max` is its type's.
    fn memory_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool;

    /// May a table grow (or start) from `current` to `desired` elements? `max` is its type's.
    fn table_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool;
}

/// A limiter that is a part of the host's data.
pub(super) struct DataLimiter<T, F> {
    pub(super) ptr: StorePtr,
    pub(super) choose: F,
    pub(super) data: PhantomData<fn(T)>,
}

// SAFETY: the pointer is to the store that owns the limiter; the closure is `Send`.
unsafe impl<T, F: Send> Send for DataLimiter<T, F> {}

impl<T: 'static, F> DataLimiter<T, F>
where
    F: Send,
    F: FnMut(&mut T) -> &mut dyn ResourceLimiter,
{
    fn limiter(&mut self) -> &mut dyn ResourceLimiter {
        // SAFETY: the limiter is asked while guest code or the API holds the store, and no host
        // function has a borrow of the data then.
        (self.choose)(unsafe { &mut (*self.ptr.inner::<T>()).data })
    }
}

impl<T: 'static, F> Limiter for DataLimiter<T, F>
where
    F: Send,
    F: FnMut(&mut T) -> &mut dyn ResourceLimiter,
{
    fn memory_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool {
        self.limiter().memory_growing(current, desired, max)
    }

    fn table_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool {
        self.limiter().table_growing(current, desired, max)
    }
}
