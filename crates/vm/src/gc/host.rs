//! Values of the host behind references.

use super::GcRef;
use super::heap::{EXTERN_WORD, type_of_word};
use crate::StoreCore;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use tierra_core::Trap;

type Value = Arc<dyn Any + Send + Sync>;

/// The values that boxes in the heap stand for.
#[derive(Default)]
pub(crate) struct HostValues {
    values: Vec<Option<Value>>,
    marks: Vec<bool>,
    free: Vec<u32>,
}

impl HostValues {
    pub(super) fn len(&self) -> usize {
        self.values.len() - self.free.len()
    }

    fn add(&mut self, value: Value) -> u32 {
        if let Some(index) = self.free.pop() {
            self.values[index as usize] = Some(value);
            return index;
        }
        self.values.push(Some(value));
        self.marks.push(false);
        (self.values.len() - 1) as u32
    }

    /// The box of the value was found alive.
    pub(super) fn mark(&mut self, index: u32) {
        self.marks[index as usize] = true;
    }

    /// Takes out all values whose box was not found since the last time. Dropping them runs
    /// foreign code, so it is left to the caller.
    pub(super) fn sweep(&mut self) -> Vec<Value> {
        let mut dead = Vec::new();
        for (index, mark) in self.marks.iter_mut().enumerate() {
            if !core::mem::take(mark)
                && let Some(value) = self.values[index].take()
            {
                dead.push(value);
                self.free.push(index as u32);
            }
        }
        dead
    }
}

impl StoreCore {
    /// A reference to a value of the host. Each call makes a reference that is different from
    /// all others.
    ///
    /// # Errors
    /// When the heap is full.
    pub fn new_extern(&mut self, value: Value) -> Result<GcRef, Trap> {
        let object = self.allocate(8, &mut [], [])?;
        let index = self.gc.hosts.add(value);
        Ok(self.init_header(object, EXTERN_WORD, index))
    }

    /// The value of the host that a reference stands for, if it does.
    ///
    /// # Safety
    /// The reference is one of this store that is not stale.
    pub unsafe fn extern_value(&self, reference: GcRef) -> Option<&Value> {
        reference.offset()?;
        // SAFETY: the caller's.
        let (word, index) = unsafe { self.header(reference) };
        if type_of_word(word).is_some() || word != EXTERN_WORD {
            return None;
        }
        self.gc.hosts.values[index as usize].as_ref()
    }
}
