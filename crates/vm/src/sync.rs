//! A lock: the operating system's under `std`, else one that spins. And atomic accesses of 64
//! bits for processors that have none.

#[cfg(feature = "std")]
mod imp {
    /// A mutual exclusion lock. A panic while it is held does not poison it.
    #[derive(Default, Debug)]
    pub struct Lock<T>(std::sync::Mutex<T>);

    impl<T> Lock<T> {
        /// A free lock.
        pub const fn new(value: T) -> Self {
            Self(std::sync::Mutex::new(value))
        }

        /// Waits for the lock.
        pub fn lock(&self) -> impl core::ops::DerefMut<Target = T> + '_ {
            self.0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        }
    }
}

#[cfg(not(feature = "std"))]
mod imp {
    use core::cell::UnsafeCell;
    use core::ops::{Deref, DerefMut};
    use core::sync::atomic::{AtomicBool, Ordering};

    /// A mutual exclusion lock that spins.
    #[derive(Default, Debug)]
    pub struct Lock<T> {
        held: AtomicBool,
        value: UnsafeCell<T>,
    }

    // SAFETY: the value is reached by one thread at a time, so `Send` is enough.
    unsafe impl<T: Send> Sync for Lock<T> {}

    impl<T> Lock<T> {
        /// A free lock.
        pub const fn new(value: T) -> Self {
            Self {
                held: AtomicBool::new(false),
                value: UnsafeCell::new(value),
            }
        }

        /// Waits for the lock.
        pub fn lock(&self) -> impl DerefMut<Target = T> + '_ {
            while self.held.swap(true, Ordering::Acquire) {
                core::hint::spin_loop();
            }
            Guard(self)
        }
    }

    struct Guard<'a, T>(&'a Lock<T>);

    impl<T> Deref for Guard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            // SAFETY: the guard exists while the lock is held by its owner.
            unsafe { &*self.0.value.get() }
        }
    }

    impl<T> DerefMut for Guard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            // SAFETY: the guard exists while the lock is held by its owner.
            unsafe { &mut *self.0.value.get() }
        }
    }

    impl<T> Drop for Guard<'_, T> {
        fn drop(&mut self) {
            self.0.held.store(false, Ordering::Release);
        }
    }
}

pub use imp::Lock;

#[cfg(target_has_atomic = "64")]
pub use core::sync::atomic::AtomicU64;

#[cfg(any(test, not(target_has_atomic = "64")))]
mod atomic {
    use super::Lock;
    use core::cell::UnsafeCell;
    use core::sync::atomic::Ordering;

    /// Stands for the atomic of the same name where the processor has none: one thread at a time
    /// gets at any of them. Such an access is atomic towards others of 64 bits only, and code
    /// that interrupts one must not make another: good for microcontrollers with one thread.
    #[repr(C, align(8))]
    #[derive(Debug)]
    pub struct AtomicU64(UnsafeCell<u64>);

    static TURN: Lock<()> = Lock::new(());

    // SAFETY: the value is reached by one thread at a time.
    unsafe impl Sync for AtomicU64 {}

    impl AtomicU64 {
        /// The atomic at an address.
        ///
        /// # Safety
        /// As with the atomics of `core`.
        pub unsafe fn from_ptr<'a>(ptr: *mut u64) -> &'a Self {
            // SAFETY: the caller's; both have the same layout.
            unsafe { &*ptr.cast::<Self>() }
        }

        /// Replaces the value by a function of it and returns what it was.
        fn update(&self, new: impl FnOnce(u64) -> u64) -> u64 {
            let _turn = TURN.lock();
            // SAFETY: it is our turn.
            unsafe {
                let old = *self.0.get();
                *self.0.get() = new(old);
                old
            }
        }

        /// The value.
        pub fn load(&self, _: Ordering) -> u64 {
            self.update(|old| old)
        }

        /// Sets the value.
        pub fn store(&self, value: u64, _: Ordering) {
            self.update(|_| value);
        }

        /// Sets the value and returns the one before.
        pub fn swap(&self, value: u64, _: Ordering) -> u64 {
            self.update(|_| value)
        }

        /// Adds, wrapping, and returns the value before.
        pub fn fetch_add(&self, value: u64, _: Ordering) -> u64 {
            self.update(|old| old.wrapping_add(value))
        }

        /// Subtracts, wrapping, and returns the value before.
        pub fn fetch_sub(&self, value: u64, _: Ordering) -> u64 {
            self.update(|old| old.wrapping_sub(value))
        }

        /// Ands, and returns the value before.
        pub fn fetch_and(&self, value: u64, _: Ordering) -> u64 {
            self.update(|old| old & value)
        }

        /// Ors, and returns the value before.
        pub fn fetch_or(&self, value: u64, _: Ordering) -> u64 {
            self.update(|old| old | value)
        }

        /// Exclusive-ors, and returns the value before.
        pub fn fetch_xor(&self, value: u64, _: Ordering) -> u64 {
            self.update(|old| old ^ value)
        }

        /// Sets the value if it is the expected one.
        ///
        /// # Errors
        /// With the value, if it is another one.
        pub fn compare_exchange(
            &self,
            expected: u64,
            new: u64,
            _: Ordering,
            _: Ordering,
        ) -> Result<u64, u64> {
            let old = self.update(|old| if old == expected { new } else { old });
            if old == expected { Ok(old) } else { Err(old) }
        }
    }
}

#[cfg(not(target_has_atomic = "64"))]
pub use atomic::AtomicU64;

#[cfg(test)]
mod tests {
    use super::atomic::AtomicU64;
    use core::sync::atomic::Ordering::SeqCst;

    #[test]
    fn stand_in_agrees_with_the_real_one() {
        type Op = (
            &'static str,
            fn(&AtomicU64, u64) -> u64,
            fn(&core::sync::atomic::AtomicU64, u64) -> u64,
        );
        let ops: [Op; 6] = [
            ("swap", |c, v| c.swap(v, SeqCst), |c, v| c.swap(v, SeqCst)),
            (
                "add",
                |c, v| c.fetch_add(v, SeqCst),
                |c, v| c.fetch_add(v, SeqCst),
            ),
            (
                "sub",
                |c, v| c.fetch_sub(v, SeqCst),
                |c, v| c.fetch_sub(v, SeqCst),
            ),
            (
                "and",
                |c, v| c.fetch_and(v, SeqCst),
                |c, v| c.fetch_and(v, SeqCst),
            ),
            (
                "or",
                |c, v| c.fetch_or(v, SeqCst),
                |c, v| c.fetch_or(v, SeqCst),
            ),
            (
                "xor",
                |c, v| c.fetch_xor(v, SeqCst),
                |c, v| c.fetch_xor(v, SeqCst),
            ),
        ];
        let numbers = [
            0,
            1,
            u64::from(u32::MAX),
            1 << 32,
            0x0123_4567_89ab_cdef,
            u64::MAX,
        ];
        for (name, ours, theirs) in ops {
            for before in numbers {
                for operand in numbers {
                    let (mut a, b) = (before, core::sync::atomic::AtomicU64::new(before));
                    // SAFETY: a number of ours, aligned by its type on hosts that run tests.
                    let a = unsafe { AtomicU64::from_ptr(&raw mut a) };
                    assert_eq!(ours(a, operand), theirs(&b, operand), "{name}");
                    assert_eq!(a.load(SeqCst), b.load(SeqCst), "{name}");
                }
            }
        }
    }

    #[test]
    fn stand_in_compares_before_it_exchanges() {
        let mut number = 5;
        // SAFETY: as above.
        let cell = unsafe { AtomicU64::from_ptr(&raw mut number) };
        assert_eq!(cell.compare_exchange(4, 6, SeqCst, SeqCst), Err(5));
        assert_eq!(cell.compare_exchange(5, 6, SeqCst, SeqCst), Ok(5));
        cell.store(7, SeqCst);
        assert_eq!(cell.load(SeqCst), 7);
    }
}
