//! Items that stay where they are until the whole arena goes.

use alloc::vec::Vec;
use core::ptr::NonNull;

/// Chunks that double in size: an item costs a bump, and never moves.
pub(crate) struct Arena<T> {
    /// Chunks are filled to their capacity and never grow; only the last one has room. They are
    /// kept as raw parts, since guest code holds pointers to the items.
    chunks: Vec<Chunk<T>>,
    len: usize,
}

struct Chunk<T> {
    base: NonNull<T>,
    len: usize,
    capacity: usize,
}

impl<T> Arena<T> {
    const FIRST: usize = 4;
    const LARGEST: usize = 4096;

    pub(crate) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            len: 0,
        }
    }

    /// The number of items.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Keeps an item.
    pub(crate) fn alloc(&mut self, item: T) -> NonNull<T> {
        if self.chunks.last().is_none_or(|c| c.len == c.capacity) {
            self.add_chunk(1);
        }
        let chunk = self.chunks.last_mut().expect("a chunk was just made");
        // SAFETY: the chunk has room for one more item.
        let place = unsafe { chunk.base.add(chunk.len) };
        // SAFETY: `place` is within the chunk and holds nothing.
        unsafe { place.write(item) };
        chunk.len += 1;
        self.len += 1;
        place
    }

    /// Makes room for many items to come.
    pub(crate) fn reserve(&mut self, additional: usize) {
        if additional > Self::FIRST
            && self
                .chunks
                .last()
                .is_none_or(|c| c.capacity - c.len < additional)
        {
            self.add_chunk(additional);
        }
    }

    fn add_chunk(&mut self, at_least: usize) {
        let doubled = self
            .chunks
            .last()
            .map_or(Self::FIRST, |c| (c.capacity * 2).min(Self::LARGEST));
        let mut items = core::mem::ManuallyDrop::new(Vec::with_capacity(doubled.max(at_least)));
        let base = NonNull::new(items.as_mut_ptr()).expect("a vector's pointer is not null");
        self.chunks.push(Chunk {
            base,
            len: 0,
            capacity: items.capacity(),
        });
    }

    /// Every item.
    #[cfg(test)]
    fn iter(&self) -> impl Iterator<Item = NonNull<T>> + '_ {
        self.chunks.iter().flat_map(|c| {
            // SAFETY: `i` is below the chunk's length.
            (0..c.len).map(move |i| unsafe { c.base.add(i) })
        })
    }
}

impl<T> Drop for Arena<T> {
    fn drop(&mut self) {
        for chunk in &self.chunks {
            // SAFETY: these are the parts of a vector that was taken apart in `add_chunk`, with
            // the number of items written since.
            drop(unsafe { Vec::from_raw_parts(chunk.base.as_ptr(), chunk.len, chunk.capacity) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::sync::Arc;

    #[test]
    fn items_stay_and_are_dropped_once() {
        let counter = Arc::new(());
        let mut arena = Arena::new();
        let items: Vec<_> = (0..10_000)
            .map(|i| arena.alloc((i, counter.clone())))
            .collect();
        arena.reserve(100_000);
        for (i, item) in items.iter().enumerate() {
            // SAFETY: the arena lives.
            assert_eq!(unsafe { item.as_ref() }.0, i);
        }
        assert!(arena.iter().eq(items.iter().copied()));
        assert_eq!((arena.len(), Arc::strong_count(&counter)), (10_000, 10_001));
        drop(arena);
        assert_eq!(Arc::strong_count(&counter), 1);
    }
}
