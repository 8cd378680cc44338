//! References that the host keeps.

use crate::GcRef;
use alloc::vec::Vec;

/// A reference that the host keeps until it lets go of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RootId(u32);

/// The references that the host keeps: single handles, and a stack for scopes such as one call.
#[derive(Default)]
pub struct Roots {
    handles: Vec<u64>,
    free: Vec<RootId>,
    scope: Vec<u64>,
}

impl Roots {
    /// Keeps a reference until [`Roots::remove`].
    pub fn add(&mut self, value: GcRef) -> RootId {
        match self.free.pop() {
            Some(id) => {
                self.handles[id.0 as usize] = value.slot();
                id
            }
            None => {
                self.handles.push(value.slot());
                RootId(u32::try_from(self.handles.len() - 1).expect("fewer than 2^32 handles"))
            }
        }
    }

    /// What the handle refers to now.
    ///
    /// # Panics
    /// When the handle never existed in this store.
    pub fn get(&self, id: RootId) -> GcRef {
        GcRef::from_slot(self.handles[id.0 as usize])
    }

    /// Lets go of a reference. The id will be used again.
    pub fn remove(&mut self, id: RootId) {
        self.handles[id.0 as usize] = 0;
        self.free.push(id);
    }

    /// The number of handles in use.
    pub fn len(&self) -> usize {
        self.handles.len() - self.free.len()
    }

    /// Whether no handle is in use.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Opens a scope: what is pushed from here on is kept until the scope is left.
    pub fn enter(&self) -> usize {
        self.scope.len()
    }

    /// Keeps a reference until the scope is left; its position is returned.
    pub fn push(&mut self, value: GcRef) -> usize {
        self.scope.push(value.slot());
        self.scope.len() - 1
    }

    /// What the reference at a position refers to now.
    ///
    /// # Panics
    /// When the scope of the position was left.
    pub fn at(&self, position: usize) -> GcRef {
        GcRef::from_slot(self.scope[position])
    }

    /// Leaves a scope.
    pub fn leave(&mut self, entered: usize) {
        self.scope.truncate(entered);
    }

    /// Every slot.
    pub(crate) fn visit(&mut self, visit: &mut dyn FnMut(*mut u64)) {
        for slot in self.handles.iter_mut().chain(&mut self.scope) {
            visit(slot);
        }
    }
}
