//! What is known of machine code, by offsets from its start.
//!
//! Tables are rows of words and the same in memory and in an artifact, so that loading one does
//! not touch them: its bytes are used where they are. All of them but those that others refer to
//! are sorted by their first word.

use std::ops::{Deref, Range};
use tierra_asm::code::CompiledFunction;
use tierra_core::index::FuncIdx;
use tierra_ir::Inlined;
use tierra_module::Bytes;
use tierra_vm::FrameTier;

/// What is at an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A function of a module.
    Function(FuncIdx),
    /// The code by which Rust enters guest code.
    Entry,
    /// The code by which guest code calls what has no machine code.
    Slots,
    /// Stubs that have no frame of their own.
    Stub,
}

impl Kind {
    const OTHERS: [(Kind, u32); 3] = [
        (Kind::Entry, u32::MAX),
        (Kind::Slots, u32::MAX - 1),
        (Kind::Stub, u32::MAX - 2),
    ];

    fn to_word(self) -> u32 {
        match self {
            Kind::Function(func) => func.0,
            other => {
                let row = Self::OTHERS.iter().find(|(kind, _)| *kind == other);
                row.expect("all others have rows").1
            }
        }
    }

    fn of_word(word: u32) -> Self {
        let other = Self::OTHERS.iter().find(|(_, other)| *other == word);
        other.map_or(Kind::Function(FuncIdx(word)), |(kind, _)| *kind)
    }
}

/// A function in machine code. Offsets count from the start of the object.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Where it begins.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// The bytes between the frame pointer and the stack pointer.
    pub frame_size: u32,
    /// What it is.
    pub kind: Kind,
    /// Whether it is a function of a module that was compiled in one pass.
    pub one_pass: bool,
}

/// In a word of a kind that is a function: it was compiled in one pass. No index is so large.
const ONE_PASS: u32 = 1 << 31;

impl Function {
    /// From a row.
    pub fn of([start, end, frame_size, word]: [u32; 4]) -> Self {
        let (kind, one_pass) = match Kind::of_word(word) {
            Kind::Function(_) => (Kind::of_word(word & !ONE_PASS), word & ONE_PASS != 0),
            other => (other, false),
        };
        Self {
            start,
            end,
            frame_size,
            kind,
            one_pass,
        }
    }

    fn row(self) -> [u32; 4] {
        let one_pass = if self.one_pass { ONE_PASS } else { 0 };
        let word = self.kind.to_word() | one_pass;
        [self.start, self.end, self.frame_size, word]
    }

    /// What a backtrace calls the frames of its code.
    pub fn tier(self) -> FrameTier {
        if self.one_pass {
            FrameTier::Baseline
        } else {
            FrameTier::Optimizing
        }
    }
}

/// A call that the collector or an exception may come through: ranges of the tables.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Slots with references.
    pub map: (u32, u32),
    /// Handlers, inner ones first.
    pub handlers: (u32, u32),
}

/// Rows of so many words: made in this process, or in place in an artifact.
#[derive(Clone)]
pub enum Rows<const N: usize> {
    /// Made here.
    Own(Vec<[u32; N]>),
    /// The bytes at a range of an artifact, which are aligned.
    InPlace(Bytes, Range<usize>),
}

impl<const N: usize> Default for Rows<N> {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl<const N: usize> Rows<N> {
    /// The rows in a part of bytes, in place if they are aligned. A remainder is none.
    pub fn of(bytes: &Bytes, range: Range<usize>) -> Self {
        let part = &(**bytes).as_ref()[range.clone()];
        if part.as_ptr().cast::<[u32; N]>().is_aligned() && cfg!(target_endian = "little") {
            return Self::InPlace(bytes.clone(), range);
        }
        let (words, _) = part.as_chunks();
        let (rows, _) = words.as_chunks::<N>();
        let row = |row: &[[u8; 4]; N]| row.map(u32::from_le_bytes);
        Self::Own(rows.iter().map(row).collect())
    }

    /// Appends a row.
    pub fn push(&mut self, row: [u32; N]) {
        if let Self::InPlace(..) = self {
            *self = Self::Own(self.to_vec());
        }
        match self {
            Self::Own(rows) => rows.push(row),
            Self::InPlace(..) => unreachable!("replaced above"),
        }
    }

    /// The row of which the first word is this one, if rows are sorted by it.
    fn find(&self, key: u32) -> Option<&[u32; N]> {
        let rows = &**self;
        let index = rows.binary_search_by_key(&key, |row| row[0]).ok()?;
        Some(&rows[index])
    }

    /// The last row of which the first word is not above this one.
    fn below(&self, key: u32) -> Option<&[u32; N]> {
        let rows = &**self;
        let index = rows.partition_point(|row| row[0] <= key);
        Some(&rows[index.checked_sub(1)?])
    }

    /// The rows at a range that another table tells; none if there are not so many.
    fn range(&self, (start, end): (u32, u32)) -> &[[u32; N]] {
        self.get(start as usize..end as usize).unwrap_or_default()
    }
}

impl<const N: usize> Deref for Rows<N> {
    type Target = [[u32; N]];

    fn deref(&self) -> &[[u32; N]] {
        match self {
            Self::Own(rows) => rows,
            Self::InPlace(bytes, range) => {
                let part = &(**bytes).as_ref()[range.clone()];
                let rows = part.len() / (4 * N);
                // SAFETY: whoever made this checked the alignment; all bits are words.
                unsafe { core::slice::from_raw_parts(part.as_ptr().cast(), rows) }
            }
        }
    }
}

/// What stands for "no tag".
const NO_TAG: u32 = u32::MAX;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident $words:literal;)*) => {
        /// What is known of code.
        #[derive(Clone, Default)]
        pub struct Tables {
            $($(#[$doc])* pub $name: Rows<$words>,)*
        }
    };
}

tables! {
    /// The functions: start, end, size of the frame, kind.
    functions 4;
    /// Places that trap, with the codes.
    traps 2;
    /// Offsets in the module, each from a place on; or indices of `inlined`, with the highest bit.
    locations 2;
    /// Offsets in the module of what was inlined, each with the location of the call, which comes
    /// before; `u32::MAX` if that call was in place of its function.
    inlined 2;
    /// Calls: the return address, then ranges of `stack_map` and of `handlers`.
    calls 5;
    /// Slots with references, by offset from the frame pointer.
    stack_map 1;
    /// Handlers: the tag, and where to go on.
    handlers 2;
}

impl Tables {
    /// The functions, in order.
    pub fn functions(&self) -> impl DoubleEndedIterator<Item = Function> {
        self.functions.iter().map(|row| Function::of(*row))
    }

    /// The function around an offset.
    pub fn function(&self, offset: u32) -> Option<Function> {
        let function = Function::of(*self.functions.below(offset)?);
        (offset < function.end).then_some(function)
    }

    /// The trap of a place.
    pub fn trap(&self, offset: u32) -> Option<u8> {
        self.traps.find(offset).map(|row| row[1] as u8)
    }

    /// The location of a place: its offset in the module, or an index of `inlined`.
    pub fn location(&self, offset: u32) -> u32 {
        self.locations.below(offset).map_or(0, |row| row[1])
    }

    /// The rows of [`Tables::locations`] for a function.
    pub fn locations_in(&self, function: &Function) -> &[[u32; 2]] {
        let rows = &*self.locations;
        let before = |pc: u32| rows.partition_point(|row| row[0] < pc);
        &rows[before(function.start)..before(function.end)]
    }

    /// The offsets in the module of a location: that of the function inlined there, of the call
    /// of it, and so on outwards.
    pub fn places(&self, location: u32) -> impl Iterator<Item = u32> {
        let mut next = Some(location);
        core::iter::from_fn(move || {
            let location = next.take()?;
            let Some(index) = Inlined::index(location) else {
                return Some(location);
            };
            let [place, caller] = *self.inlined.get(index)?;
            // Artifacts are not trusted to lead outwards.
            next = (caller < location).then_some(caller);
            Some(place)
        })
    }

    /// The call with this return address.
    pub fn call(&self, return_pc: u32) -> Option<Call> {
        let [_, a, b, c, d] = *self.calls.find(return_pc)?;
        Some(Call {
            map: (a, b),
            handlers: (c, d),
        })
    }

    /// The slots with references of a call.
    pub fn map_of(&self, call: Call) -> impl Iterator<Item = i32> {
        let rows = self.stack_map.range(call.map);
        rows.iter().map(|[slot]| slot.cast_signed())
    }

    /// The handlers of a call: their tags, and where they go on.
    pub fn handlers_of(&self, call: Call) -> impl Iterator<Item = (Option<u32>, u32)> {
        let rows = self.handlers.range(call.handlers);
        rows.iter()
            .map(|[tag, landing]| ((*tag != NO_TAG).then_some(*tag), *landing))
    }

    /// Appends a function.
    pub fn add(&mut self, function: Function) {
        self.functions.push(function.row());
    }

    /// Appends a function's tables, which begin at `base`.
    pub fn append(&mut self, kind: Kind, base: u32, code: &CompiledFunction) {
        self.add(Function {
            start: base,
            end: base + code.code_len,
            frame_size: code.frame_size,
            kind,
            one_pass: code.one_pass && matches!(kind, Kind::Function(_)),
        });
        let at = |offset: u32| base + offset;
        for (pc, code) in &code.traps {
            self.traps.push([at(*pc), u32::from(*code)]);
        }
        let inlined = self.inlined.len() as u32;
        let rebased = |location: u32| match Inlined::index(location) {
            Some(_) if location != u32::MAX => location + inlined,
            _ => location,
        };
        for (pc, location) in &code.locations {
            self.locations.push([at(*pc), rebased(*location)]);
        }
        for (place, caller) in &code.inlined {
            self.inlined.push([*place, rebased(*caller)]);
        }
        let (maps, handlers) = (self.stack_map.len() as u32, self.handlers.len() as u32);
        for call in &code.calls {
            let ((a, b), (c, d)) = (call.map, call.handlers);
            let (map, handlers) = ([a + maps, b + maps], [c + handlers, d + handlers]);
            let pc = at(call.return_pc);
            self.calls
                .push([pc, map[0], map[1], handlers[0], handlers[1]]);
        }
        for slot in &code.stack_map {
            self.stack_map.push([slot.cast_unsigned()]);
        }
        for handler in &code.handlers {
            let tag = handler.tag.unwrap_or(NO_TAG);
            self.handlers.push([tag, at(handler.landing_pc)]);
        }
    }
}
