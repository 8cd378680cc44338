//! Whom calls through tables and references have called, as code that counts has noted it.

use super::TieredModule;
use crate::code::NearData;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use tierra_compile::Feedback;
use tierra_core::index::FuncIdx;
use tierra_vm::FuncRecord;

/// Bytes of cells that are taken at once.
const BLOCK: usize = 64 << 10;

/// The cells of a module's calls.
#[derive(Default)]
pub struct Sites {
    blocks: Vec<NearData>,
    /// Bytes of the last block that are in use.
    used: usize,
    /// By the place of the call in the module, where its cell is.
    cells: HashMap<u32, usize>,
}

impl Sites {
    /// Cells for the calls of a function; where they are.
    ///
    /// # Errors
    /// When there is no memory for them.
    pub fn add(&mut self, calls: &[u32]) -> Result<usize, String> {
        if calls.is_empty() {
            return Ok(0);
        }
        // Copies of a function that begin at different places share them.
        if let Some(start) = self.cells.get(&calls[0]) {
            return Ok(*start);
        }
        let bytes = calls.len() * size_of::<u64>();
        if self.blocks.is_empty() || self.used + bytes > BLOCK {
            // A function with more has a block of its own.
            self.blocks.push(NearData::new(bytes.max(BLOCK))?);
            self.used = 0;
        }
        let block = self.blocks.last().expect("just taken if there was none");
        let start = block.start().as_ptr() as usize + self.used;
        self.used += bytes;
        for (i, call) in calls.iter().enumerate() {
            let cell = start + i * size_of::<u64>();
            // SAFETY: within the block, and nobody else knows of it yet.
            unsafe { (cell as *mut u64).write(0) };
            self.cells.insert(*call, cell);
        }
        Ok(start)
    }

    /// What the cell of a call holds.
    fn cell(&self, at: u32) -> Option<u64> {
        let cell = *self.cells.get(&at)? as *const AtomicU64;
        // SAFETY: cells live as long as this. Code changes them with single accesses.
        Some(unsafe { &*cell }.load(Ordering::Relaxed))
    }

    /// The function that a call has called so far, if it is one of those whose records are at an
    /// address, by its place among them.
    pub fn callee(&self, at: u32, records: usize, count: usize) -> Option<usize> {
        let record = usize::try_from(self.cell(at)?).ok()?;
        let offset = record.checked_sub(records)?;
        let index = offset / size_of::<FuncRecord>();
        (offset % size_of::<FuncRecord>() == 0 && index < count).then_some(index)
    }
}

impl Feedback for TieredModule {
    fn callee(&self, at: u32) -> Option<FuncIdx> {
        self.seen_callee(at)
    }
}

impl fmt::Debug for TieredModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TieredModule").finish_non_exhaustive()
    }
}
