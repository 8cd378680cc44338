//! Compiled functions in executable memory of this process, for tests and examples.
//!
//! No page is ever writable and executable at once: everything is written and linked, then the
//! whole mapping is sealed.

use std::io;
use std::vec::Vec;
use tierra_asm::code::CompiledFunction;
use tierra_asm::x64::RelocKind;
use tierra_ir::Symbol;

/// Functions that are laid out, but not executable yet.
#[derive(Default)]
pub struct Linker {
    bytes: Vec<u8>,
    relocs: Vec<(u32, RelocKind, u32, i64)>,
    /// By symbol: an offset, or an address elsewhere.
    symbols: Vec<Option<Place>>,
}

#[derive(Clone, Copy)]
enum Place {
    Offset(u32),
    Address(usize),
}

/// Executable memory.
pub struct Image {
    start: *mut u8,
    len: usize,
    symbols: Vec<Option<Place>>,
}

impl Linker {
    /// Adds a function under a symbol. Returns its offset.
    pub fn add(&mut self, symbol: Symbol, func: &CompiledFunction) -> u32 {
        while !self.bytes.len().is_multiple_of(64) {
            self.bytes.push(0xcc);
        }
        let offset = self.bytes.len() as u32;
        self.bytes.extend_from_slice(&func.code);
        for reloc in &func.relocs {
            self.relocs.push((
                offset + reloc.offset,
                reloc.kind,
                reloc.symbol,
                reloc.addend,
            ));
        }
        self.define(symbol, Place::Offset(offset));
        offset
    }

    /// Says that a symbol is at an address of this process. Code reaches it by a jump.
    pub fn import(&mut self, symbol: Symbol, address: usize) {
        while !self.bytes.len().is_multiple_of(16) {
            self.bytes.push(0xcc);
        }
        let offset = self.bytes.len() as u32;
        // jmp [rip + 2]; padding; the address
        self.bytes
            .extend_from_slice(&[0xff, 0x25, 2, 0, 0, 0, 0xcc, 0xcc]);
        self.bytes.extend_from_slice(&address.to_le_bytes());
        self.define(symbol, Place::Offset(offset));
    }

    /// Says that a symbol is data at an address.
    pub fn import_absolute(&mut self, symbol: Symbol, address: usize) {
        self.define(symbol, Place::Address(address));
    }

    fn define(&mut self, symbol: Symbol, place: Place) {
        if self.symbols.len() <= symbol.index() {
            self.symbols.resize(symbol.index() + 1, None);
        }
        self.symbols[symbol.index()] = Some(place);
    }

    /// Links everything and makes it executable.
    ///
    /// # Errors
    /// When the system gives no memory.
    ///
    /// # Panics
    /// When a symbol is missing or out of reach.
    pub fn finish(mut self) -> io::Result<Image> {
        use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};
        let len = self.bytes.len().max(1).next_multiple_of(4096);
        // SAFETY: a new private mapping touches no memory of anybody.
        let start = unsafe {
            mmap_anonymous(
                core::ptr::null_mut(),
                len,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )?
        }
        .cast::<u8>();
        let image = Image {
            start,
            len,
            symbols: self.symbols,
        };
        for (offset, kind, symbol, addend) in self.relocs {
            let target = image.place(Symbol(symbol)) as i64 + addend;
            let at = offset as usize;
            match kind {
                RelocKind::Rel32 => {
                    let from = start as i64 + i64::from(offset);
                    let distance = i32::try_from(target - from).expect("symbols are near");
                    self.bytes[at..at + 4].copy_from_slice(&distance.to_le_bytes());
                }
                RelocKind::Abs64 => {
                    self.bytes[at..at + 8].copy_from_slice(&target.to_le_bytes());
                }
            }
        }
        // SAFETY: the mapping is new, writable and large enough, and nobody executes it yet.
        unsafe {
            core::ptr::copy_nonoverlapping(self.bytes.as_ptr(), start, self.bytes.len());
            mprotect(start.cast(), len, MprotectFlags::READ | MprotectFlags::EXEC)?;
        }
        Ok(image)
    }
}

impl Image {
    fn place(&self, symbol: Symbol) -> usize {
        match self.symbols.get(symbol.index()).copied().flatten() {
            Some(Place::Offset(offset)) => self.start as usize + offset as usize,
            Some(Place::Address(address)) => address,
            None => panic!("{symbol} is not defined"),
        }
    }

    /// The address of a function.
    ///
    /// # Panics
    /// When the symbol is not defined.
    pub fn address(&self, symbol: Symbol) -> *const u8 {
        self.place(symbol) as *const u8
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours. Whoever calls into it keeps the image.
        let unmapped = unsafe { rustix::mm::munmap(self.start.cast(), self.len) };
        debug_assert!(unmapped.is_ok());
    }
}
