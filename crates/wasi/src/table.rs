//! The table of file descriptors.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::descriptor::Descriptor;
use crate::errno::Errno;
use crate::rights::Rights;

/// Descriptors by number. Calls take what they need out as an [`Arc`], so closing a
/// descriptor that another thread waits on is safe, and takes effect when that call returns.
pub(crate) struct Table {
    slots: Mutex<Slots>,
    limit: usize,
}

#[derive(Default)]
struct Slots {
    slots: Vec<Option<Arc<Descriptor>>>,
    /// No slot below is free.
    first_free: usize,
}

impl Table {
    pub fn new(limit: usize) -> Table {
        Table {
            slots: Mutex::default(),
            limit,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, fd: u32) -> Result<Arc<Descriptor>, Errno> {
        self.lock()
            .slots
            .get(fd as usize)
            .and_then(Clone::clone)
            .ok_or(Errno::Badf)
    }

    /// A descriptor that has these rights.
    pub fn with(&self, fd: u32, rights: Rights) -> Result<Arc<Descriptor>, Errno> {
        let descriptor = self.get(fd)?;
        descriptor.require(rights)?;
        Ok(descriptor)
    }

    /// Whether one more fits; for calls that would have effects before they insert.
    pub fn has_room(&self) -> Result<(), Errno> {
        if self.lock().free() < self.limit {
            Ok(())
        } else {
            Err(Errno::Mfile)
        }
    }

    /// Puts a descriptor at the lowest free number.
    pub fn insert(&self, descriptor: Descriptor) -> Result<u32, Errno> {
        let mut slots = self.lock();
        let at = slots.free();
        if at >= self.limit {
            return Err(Errno::Mfile);
        }
        if at == slots.slots.len() {
            slots.slots.push(None);
        }
        slots.slots[at] = Some(Arc::new(descriptor));
        slots.first_free = at + 1;
        Ok(at as u32)
    }

    pub fn remove(&self, fd: u32) -> Result<(), Errno> {
        let closed = self.lock().take(fd)?;
        // Closing can take the host a while; the lock is free by now.
        drop(closed);
        Ok(())
    }

    /// Moves a descriptor over another open one, which is closed.
    pub fn renumber(&self, from: u32, to: u32) -> Result<(), Errno> {
        let mut slots = self.lock();
        for fd in [from, to] {
            slots
                .slots
                .get(fd as usize)
                .and_then(Option::as_ref)
                .ok_or(Errno::Badf)?;
        }
        if from == to {
            return Ok(());
        }
        let moved = slots.take(from)?;
        let closed = slots.slots[to as usize].replace(moved);
        drop(slots);
        drop(closed);
        Ok(())
    }
}

impl Slots {
    fn free(&mut self) -> usize {
        while self.slots.get(self.first_free).is_some_and(Option::is_some) {
            self.first_free += 1;
        }
        self.first_free
    }

    fn take(&mut self, fd: u32) -> Result<Arc<Descriptor>, Errno> {
        let taken = self
            .slots
            .get_mut(fd as usize)
            .and_then(Option::take)
            .ok_or(Errno::Badf)?;
        self.first_free = self.first_free.min(fd as usize);
        Ok(taken)
    }
}
