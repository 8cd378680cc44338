//! Code that grows: functions and adapters that are added one by one.
//!
//! Memory is taken in chunks, or adopted, each of which begins with the stubs. Within a chunk, code is
//! never moved or changed.

use crate::code::{CodeMemory, GRANULE, PIECE_ALIGN};
use crate::detours::SELF;
use crate::link::{self, Stub};
use crate::tables::{Function, Kind, Tables};
use crate::tools::debugger::Registration;
use std::collections::HashMap;
use tierra_asm::code::CompiledFunction;

/// The largest chunk that is taken in advance.
const MAX_CHUNK: usize = 1 << 20;

/// Chunks of code, the last of which grows.
pub struct Chunks {
    /// What debuggers know, if they are told. Before the memories: they forget it first.
    registrations: Option<Vec<Registration>>,
    memories: Vec<CodeMemory>,
    /// The bytes of the last one that are in use.
    used: usize,
    /// Bytes of all of them.
    capacity: usize,
}

impl Chunks {
    /// None yet; debuggers learn of those to come if they are to be told.
    pub fn new(debugger: bool) -> Self {
        Self {
            registrations: debugger.then(Vec::new),
            memories: Vec::new(),
            used: 0,
            capacity: 0,
        }
    }

    /// Bytes of memory that were taken.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many bytes would have to be taken to add code of a size.
    pub fn wanted(&self, size: usize) -> usize {
        let room = self.memories.last().map_or(0, |m| m.object().capacity());
        if self.used + size <= room {
            return 0;
        }
        // As much again as there is, so that there are few.
        let grown = self.capacity.clamp(GRANULE, MAX_CHUNK);
        (stubs_size() + size).max(grown).next_multiple_of(GRANULE)
    }

    /// The same for compiled code.
    pub fn wanted_for(&self, code: &CompiledFunction) -> usize {
        self.wanted(code.code.len() + alignment(code))
    }

    /// How many bytes have to be taken at least to add compiled code.
    pub fn least_for(&self, code: &CompiledFunction) -> usize {
        match self.wanted_for(code) {
            0 => 0,
            _ => (stubs_size() + code.code.len() + alignment(code)).next_multiple_of(GRANULE),
        }
    }

    /// Takes memory for what is added next.
    ///
    /// # Errors
    /// When there is none.
    pub fn take(&mut self, bytes: usize) -> Result<(), String> {
        if bytes > 0 {
            self.grow(bytes)?;
        }
        Ok(())
    }

    /// Adds code; `resolve` says at which address a symbol is that is no stub. Returns the address
    /// of the code.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn add(
        &mut self,
        kind: Kind,
        code: &CompiledFunction,
        names: &HashMap<u32, String>,
        resolve: impl Fn(u32) -> usize,
    ) -> Result<usize, String> {
        let align = alignment(code);
        let wanted = self.wanted_for(code);
        if wanted > 0 {
            self.grow(wanted)?;
        }
        let memory = self
            .memories
            .last_mut()
            .expect("just taken if there was none");
        let base = self.used.next_multiple_of(align);
        let start = memory.object().start();
        let mut bytes = code.code.clone();
        link::relocate(
            &mut bytes,
            start + base,
            &code.relocs,
            |symbol| match Stub::of(symbol) {
                Some(stub) => start + stub.offset() as usize,
                None if symbol == SELF => start + base,
                None => resolve(symbol),
            },
        );
        memory.write(base, &bytes);
        let mut tables = Tables::default();
        tables.append(kind, base as u32, code);
        self.used = base + bytes.len();
        if let Some(registrations) = &mut self.registrations {
            // The stubs, which come first, go with the first one.
            let stubs = (memory.tables().count() == 1).then(link::stub_tables);
            let stubs = stubs.iter().flat_map(Tables::functions);
            let functions: Vec<_> = stubs.chain(tables.functions()).collect();
            let code = &memory.code()[..self.used];
            registrations.push(Registration::new(start, code, &functions, names));
        }
        memory.add(base as u32, tables);
        Ok(start + base)
    }

    fn grow(&mut self, bytes: usize) -> Result<(), String> {
        let stubs = link::stubs();
        let mut memory = CodeMemory::new(bytes)?;
        memory.write(0, &stubs.code);
        memory.publish_growing(memory.object().start() + stubs.trap as usize);
        memory.add(0, link::stub_tables());
        self.capacity += memory.object().capacity();
        self.used = stubs_size();
        self.memories.push(memory);
        Ok(())
    }

    /// Keeps memory whose code was written before, and to which nothing is added.
    pub fn adopt(&mut self, memory: CodeMemory) {
        let bytes = memory.object().capacity();
        self.capacity += bytes;
        if self.memories.is_empty() {
            self.used = bytes;
        }
        self.memories.insert(0, memory);
    }

    /// Calls `f` with every function, and the address that its offsets count from.
    pub fn each_function(&self, mut f: impl FnMut(usize, Function)) {
        for memory in &self.memories {
            let start = memory.object().start();
            let functions = memory.tables().flat_map(Tables::functions);
            functions.for_each(|function| f(start, function));
        }
    }

    /// The address of the first chunk, which begins with the stubs.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn first(&mut self) -> Result<usize, String> {
        if self.memories.is_empty() {
            self.grow(GRANULE)?;
        }
        Ok(self.memories[0].object().start())
    }
}

fn alignment(code: &CompiledFunction) -> usize {
    PIECE_ALIGN.max(code.align as usize)
}

fn stubs_size() -> usize {
    link::stubs().code.len().next_multiple_of(PIECE_ALIGN)
}
