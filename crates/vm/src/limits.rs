//! What a store may use.

use crate::MachineTier;
use alloc::sync::Arc;
use core::fmt;

/// How a store is set up.
#[derive(Clone, Default)]
pub struct StoreConfig {
    /// What it may use.
    pub limits: StoreLimits,
    /// Collect at every allocation, and spoil the memory that objects moved out of.
    pub gc_stress: bool,
    /// The tier that makes machine code for the store's modules, if there is one.
    pub machine: Option<Arc<dyn MachineTier>>,
}

/// Fixed bounds of a store.
#[derive(Clone, Debug)]
pub struct StoreLimits {
    /// Bytes of one memory.
    pub memory_bytes: u64,
    /// Bytes of all memories together, shared ones excepted.
    pub total_memory_bytes: u64,
    /// Elements of one table.
    pub table_elements: u64,
    /// The number of instances.
    pub instances: usize,
    /// The number of memories.
    pub memories: usize,
    /// The number of tables.
    pub tables: usize,
    /// Bytes of the garbage-collected heap, at most 4 GiB. A collection needs up to as much again
    /// while it runs.
    pub gc_heap_bytes: u64,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            memory_bytes: u64::MAX,
            total_memory_bytes: u64::MAX,
            table_elements: 10_000_000,
            instances: 10_000,
            memories: 10_000,
            tables: 10_000,
            gc_heap_bytes: 1 << 30,
        }
    }
}

/// Asked before a memory or a table grows, the fixed limits having agreed.
pub trait Limiter: Send {
    /// May a memory grow (or start) from `current` to `desired` bytes? `max` is its type's.
    fn memory_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool;

    /// May a table grow (or start) from `current` to `desired` elements? `max` is its type's.
    fn table_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool;
}

/// Why something could not be created.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LimitError {
    /// Too many instances.
    Instances,
    /// Too many memories.
    Memories,
    /// Too many tables.
    Tables,
    /// The memory would start too large.
    MemorySize,
    /// The table would start too large.
    TableSize,
    /// The system has no more memory or address space.
    OutOfMemory,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LimitError::Instances => "too many instances in the store",
            LimitError::Memories => "too many memories in the store",
            LimitError::Tables => "too many tables in the store",
            LimitError::MemorySize => "memory minimum size exceeds the limits of the store",
            LimitError::TableSize => "table minimum size exceeds the limits of the store",
            LimitError::OutOfMemory => "out of memory",
        })
    }
}

impl core::error::Error for LimitError {}
