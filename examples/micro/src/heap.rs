//! A global allocator for machines without one: an arena and a list of its free blocks.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::null_mut;

/// Blocks are whole units, at addresses that are multiples of one.
const UNIT: usize = 16;

/// A free block, kept in its own first bytes. The list is sorted by address.
struct Free {
    size: usize,
    next: *mut Free,
}

/// What is behind the arena's cell.
struct State {
    first: *mut Free,
    started: bool,
    used: usize,
    peak: usize,
}

/// An allocator over an arena of `N` bytes. It is for one thread, and not for interrupt handlers.
#[repr(C, align(16))]
pub struct Heap<const N: usize> {
    arena: UnsafeCell<[u8; N]>,
    state: UnsafeCell<State>,
}

// SAFETY: the machine has one thread.
unsafe impl<const N: usize> Sync for Heap<N> {}

fn units(size: usize) -> usize {
    size.max(1).next_multiple_of(UNIT)
}

impl<const N: usize> Heap<N> {
    /// An arena that is all free.
    pub const fn new() -> Self {
        assert!(N.is_multiple_of(UNIT));
        let state = State {
            first: null_mut(),
            started: false,
            used: 0,
            peak: 0,
        };
        Self {
            arena: UnsafeCell::new([0; N]),
            state: UnsafeCell::new(state),
        }
    }

    /// The most bytes that were in use at a time.
    pub fn peak(&self) -> usize {
        // SAFETY: one thread.
        unsafe { (*self.state.get()).peak }
    }
}

// SAFETY: blocks that are handed out are apart from each other and from the list.
unsafe impl<const N: usize> GlobalAlloc for Heap<N> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > UNIT || layout.size() > N {
            return null_mut();
        }
        let size = units(layout.size());
        // SAFETY: one thread; the list holds free blocks of the arena.
        unsafe {
            let state = &mut *self.state.get();
            if !state.started {
                state.started = true;
                state.first = self.arena.get().cast();
                *state.first = Free {
                    size: N,
                    next: null_mut(),
                };
            }
            let mut link = &raw mut state.first;
            while !(*link).is_null() {
                let block = *link;
                if (*block).size >= size {
                    let rest = (*block).size - size;
                    *link = if rest == 0 {
                        (*block).next
                    } else {
                        let tail = block.byte_add(size);
                        *tail = Free {
                            size: rest,
                            next: (*block).next,
                        };
                        tail
                    };
                    state.used += size;
                    state.peak = state.peak.max(state.used);
                    return block.cast();
                }
                link = &raw mut (*block).next;
            }
        }
        null_mut()
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        let (block, size) = (ptr.cast::<Free>(), units(layout.size()));
        // SAFETY: one thread; the block came from `alloc` and goes back into the list, where it
        // is joined with its neighbours.
        unsafe {
            let state = &mut *self.state.get();
            state.used -= size;
            let mut before: *mut Free = null_mut();
            let mut next = state.first;
            while !next.is_null() && next < block {
                before = next;
                next = (*next).next;
            }
            *block = Free { size, next };
            if !next.is_null() && block.byte_add(size) == next {
                *block = Free {
                    size: size + (*next).size,
                    next: (*next).next,
                };
            }
            if before.is_null() {
                state.first = block;
            } else if before.byte_add((*before).size) == block {
                (*before).size += (*block).size;
                (*before).next = (*block).next;
            } else {
                (*before).next = block;
            }
        }
    }
}
