//! The buffer that instructions are appended to, its labels and branches.
//!
//! Fields that depend on labels are listed in the order of the code, and filled in when it is
//! finished: the whole is linear in the code whatever branches where.
//!
//! Backward branches know their distance; forward ones get four bytes unless the caller promises
//! (`jmp_short`, `jcc_short`) that one will do, or asks in the end for all that can be short
//! ([`Assembler::relax`]). A promise that doesn't hold panics: it is a bug of the compiler.

use alloc::vec::Vec;
use core::fmt;

use super::arg::Arg;
use super::encode::{Value, encode};
use super::features::Features;
use super::form::{Form, NOWHERE, Page, page};
use super::nop;
use super::pool::Pool;
use super::reg::{Cc, Size};
use super::relax::Cut;
use super::select::{classes, select};
use super::table::Op;

/// A place in the code, or one that will be.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Label(pub(super) u32);

/// A field that only the linker can fill in.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Reloc {
    /// Where the field is.
    pub offset: u32,
    /// How it is filled.
    pub kind: RelocKind,
    /// The symbol.
    pub symbol: u32,
    /// What is added to the symbol's address.
    pub addend: i64,
}

/// How a field is filled, with S the symbol, A the addend and P the address of the field.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum RelocKind {
    /// Four bytes: S + A - P.
    Rel32,
    /// Eight bytes: S + A.
    Abs64,
}

/// Finished code.
#[derive(Clone, Default, Debug)]
pub struct Code {
    /// Code, then constants and tables. It must be placed at a multiple of 64.
    pub bytes: Vec<u8>,
    /// The number of bytes that are instructions.
    pub code_len: u32,
    /// What a linker must fill in, by ascending offset.
    pub relocs: Vec<Reloc>,
}

/// The code is so large that branches can't reach over it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the code is larger than branches can reach")
    }
}

impl core::error::Error for TooLarge {}

/// Code is at most this long, so that every distance in it fits 32 signed bits.
const MAX_LEN: usize = i32::MAX as usize;

/// No offset.
const NONE: u32 = u32::MAX;

/// A field that holds the distance from itself to a label.
#[derive(Copy, Clone)]
pub(super) struct Reference {
    pub at: u32,
    pub label: Label,
    pub addend: i32,
    /// Whether it is one byte, not four.
    pub short: bool,
    /// If it is in a branch that has a short form: its opcode, and how long the opcode is now.
    pub branch: Option<(u8, u8)>,
}

/// Padding up to a multiple of its present length, which is more than will be needed.
#[derive(Copy, Clone)]
pub(super) struct Padding {
    pub start: u32,
    pub len: u32,
}

/// Writes machine code.
pub struct Assembler {
    features: Features,
    avx: bool,
    pub(super) code: Code,
    /// The offsets of labels.
    labels: Vec<u32>,
    /// By ascending offset.
    pub(super) references: Vec<Reference>,
    pub(super) cuts: Vec<Cut>,
    pub(super) paddings: Vec<Padding>,
    /// Whether anything was aligned where it stands, so that code can't move.
    pub(super) is_fixed: bool,
    pool: Pool,
}

impl Assembler {
    /// An assembler that writes for processors with `features`.
    pub fn new(features: Features) -> Assembler {
        Assembler {
            features,
            avx: features.contains(Features::AVX),
            code: Code::default(),
            labels: Vec::new(),
            references: Vec::new(),
            cuts: Vec::new(),
            paddings: Vec::new(),
            is_fixed: false,
            pool: Pool::default(),
        }
    }

    /// Forgets everything but the features and the memory of the buffers.
    pub fn clear(&mut self) {
        self.code.bytes.clear();
        self.code.relocs.clear();
        self.code.code_len = 0;
        self.labels.clear();
        self.references.clear();
        self.cuts.clear();
        self.paddings.clear();
        self.is_fixed = false;
        self.pool.clear();
    }

    /// The features that code is written for.
    pub fn features(&self) -> Features {
        self.features
    }

    /// Where the next instruction will be.
    pub fn offset(&self) -> u32 {
        // Longer code is an error in the end; until then only its distances are wrong.
        self.code.bytes.len() as u32
    }

    /// Fills in four bytes that were written before: a constant that was not known then.
    pub fn overwrite(&mut self, offset: u32, value: u32) {
        let at = offset as usize;
        self.code.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Appends an instruction, the destination first. At any `size` that the operation has; if it
    /// has none, the size says nothing.
    ///
    /// # Panics
    ///
    /// If there is no such form, or not with these features: a bug of the compiler.
    pub fn emit(&mut self, op: Op, size: Size, args: &[Arg]) {
        self.write(op, None, size, args);
    }

    /// Appends an instruction that has a condition: `Setcc`, `Cmov`, `Jcc`.
    ///
    /// # Panics
    ///
    /// As [`emit`](Self::emit).
    pub fn emit_cc(&mut self, op: Op, condition: Cc, size: Size, args: &[Arg]) {
        self.write(op, Some(condition), size, args);
    }

    fn write(&mut self, op: Op, condition: Option<Cc>, size: Size, args: &[Arg]) {
        let lanes = classes(size, args);
        let form = match select(op.forms(), lanes, size, self.features) {
            Some(form) if form.conditional == condition.is_some() => form,
            _ => no_form(op, condition, size, args, self.features),
        };
        let condition = condition.map_or(0, |cc| cc as u8);
        if form.slots.target == NOWHERE {
            let start = self.offset();
            let code = &mut self.code.bytes;
            if let Some(field) = encode(code, form, condition, size, args, self.avx) {
                self.fill_in(start.wrapping_add(field.at), field.value);
            }
        } else {
            self.write_branch(form, condition, args);
        }
    }

    /// Appends the low `len` bytes of a word.
    #[inline]
    pub(super) fn append(&mut self, word: u64, len: u8) {
        let start = self.code.bytes.len();
        self.code.bytes.extend_from_slice(&word.to_le_bytes());
        self.code.bytes.truncate(start + usize::from(len));
    }

    fn fill_in(&mut self, offset: u32, value: Value) {
        match value {
            Value::Label { label, addend } => self.refer(label, offset, addend),
            Value::Symbol { symbol, addend } => {
                self.relocate(offset, RelocKind::Rel32, symbol, addend);
            }
            Value::Address { symbol } => self.relocate(offset, RelocKind::Abs64, symbol, 0),
        }
    }

    pub(super) fn relocate(&mut self, offset: u32, kind: RelocKind, symbol: u32, addend: i64) {
        self.code.relocs.push(Reloc {
            offset,
            kind,
            symbol,
            addend,
        });
    }

    fn write_branch(&mut self, form: &Form, condition: u8, args: &[Arg]) {
        let (page, opcode) = (form.page, form.opcode + condition);
        match args[usize::from(form.slots.target)] {
            Arg::L(label) if form.short == 0 => self.branch_far(None, page, opcode, label),
            Arg::L(label) => self.branch(form.short + condition, page, opcode, label),
            Arg::S(symbol) => {
                self.branch_opcode(page, opcode);
                self.relocate(self.offset(), RelocKind::Rel32, symbol, -4);
                self.code.bytes.extend_from_slice(&[0; 4]);
            }
            arg => unreachable!("the form takes a target, and {arg:?} was selected for it"),
        }
    }
}

#[cold]
#[inline(never)]
fn no_form(op: Op, condition: Option<Cc>, size: Size, args: &[Arg], features: Features) -> ! {
    panic!(
        "no form of {op:?} (condition {condition:?}) at size {size:?} takes {args:?} with {:?}",
        features.names().collect::<Vec<_>>()
    )
}

/// Labels and branches.
impl Assembler {
    /// A new label, bound nowhere yet.
    pub fn label(&mut self) -> Label {
        let label = Label(self.labels.len() as u32);
        self.labels.push(NONE);
        label
    }

    /// The label is here.
    ///
    /// # Panics
    ///
    /// If it was bound before.
    pub fn bind(&mut self, label: Label) {
        self.bind_at(label, self.offset());
    }

    fn bind_at(&mut self, label: Label, offset: u32) {
        let bound = &mut self.labels[label.0 as usize];
        assert!(*bound == NONE, "{label:?} is bound twice");
        *bound = offset;
    }

    /// Where the label is bound. Those of constants and tables are when the code is finished.
    pub fn offset_of(&self, label: Label) -> Option<u32> {
        let offset = self.labels[label.0 as usize];
        (offset != NONE).then_some(offset)
    }

    /// Branches, in two bytes if the label is bound and near.
    pub fn jmp(&mut self, label: Label) {
        self.branch(0xeb, page::ONE_BYTE, 0xe9, label);
    }

    /// Branches on a condition, in two bytes if the label is bound and near.
    pub fn jcc(&mut self, condition: Cc, label: Label) {
        let condition = condition as u8;
        self.branch(0x70 + condition, page::P0F, 0x80 + condition, label);
    }

    /// Branches in two bytes.
    ///
    /// # Panics
    ///
    /// When the code is finished, if it is too far away.
    pub fn jmp_short(&mut self, label: Label) {
        self.branch_short(0xeb, label);
    }

    /// Branches on a condition in two bytes.
    ///
    /// # Panics
    ///
    /// When the code is finished, if it is too far away.
    pub fn jcc_short(&mut self, condition: Cc, label: Label) {
        self.branch_short(0x70 + condition as u8, label);
    }

    fn branch(&mut self, short: u8, page: Page, far: u8, label: Label) {
        // A short branch is two bytes, and reaches 128 back from its end.
        match self.offset_of(label) {
            Some(target) if self.offset() - target <= 126 => self.branch_short(short, label),
            _ => self.branch_far(Some(short), page, far, label),
        }
    }

    fn branch_short(&mut self, opcode: u8, label: Label) {
        self.code.bytes.extend_from_slice(&[opcode, 0]);
        self.references.push(Reference {
            at: self.offset().wrapping_sub(1),
            label,
            addend: -1,
            short: true,
            branch: None,
        });
    }

    /// A branch that could be short, if the label turns out to be near.
    fn branch_far(&mut self, short: Option<u8>, page: Page, opcode: u8, label: Label) {
        let start = self.offset();
        self.branch_opcode(page, opcode);
        let at = self.offset();
        self.code.bytes.extend_from_slice(&[0; 4]);
        self.references.push(Reference {
            at,
            label,
            addend: -4,
            short: false,
            branch: short.map(|short| (short, at.wrapping_sub(start) as u8)),
        });
    }

    fn branch_opcode(&mut self, page: Page, opcode: u8) {
        if page == page::P0F {
            self.code.bytes.push(0x0f);
        }
        self.code.bytes.push(opcode);
    }

    /// The field at `at` is to hold the distance from it to `label + addend`.
    fn refer(&mut self, label: Label, at: u32, addend: i32) {
        self.references.push(Reference {
            at,
            label,
            addend,
            short: false,
            branch: None,
        });
    }

    /// Where the bound labels are.
    pub(super) fn bound(&mut self) -> impl Iterator<Item = &mut u32> {
        self.labels.iter_mut().filter(|offset| **offset != NONE)
    }

    fn fill_references(&mut self) {
        for field in &self.references {
            let target = self.labels[field.label.0 as usize];
            assert!(target != NONE, "{:?} is used and not bound", field.label);
            let distance = (target as i32)
                .wrapping_sub(field.at as i32)
                .wrapping_add(field.addend);
            let at = field.at as usize;
            if field.short {
                let distance = i8::try_from(distance)
                    .unwrap_or_else(|_| panic!("a short branch over {distance} bytes"));
                self.code.bytes[at] = distance as u8;
            } else {
                self.code.bytes[at..at + 4].copy_from_slice(&distance.to_le_bytes());
            }
        }
    }
}

/// What stands between and behind the code.
impl Assembler {
    /// Pads with no-operations up to a multiple of `to`, a power of two up to 64.
    pub fn align(&mut self, to: u32) {
        assert!(to.is_power_of_two() && to <= 64, "an alignment of {to}");
        self.is_fixed = true;
        let count = self.offset().wrapping_neg() & (to - 1);
        nop::pad(&mut self.code.bytes, count as usize);
    }

    /// The same in code that [`relax`](Self::relax) will draw together. Until then the padding is
    /// longer than any that may be needed: whatever moves comes nearer, and what is noted before
    /// the padding differs from what is noted behind it.
    pub fn align_relaxed(&mut self, to: u32) {
        assert!(to.is_power_of_two() && to <= 64, "an alignment of {to}");
        let start = self.offset();
        self.paddings.push(Padding { start, len: to });
        nop::pad(&mut self.code.bytes, to as usize);
    }

    /// A constant of 4, 8, 16 or 32 bytes, which will be placed behind the code at a multiple of
    /// its size. Equal constants are one.
    pub fn constant(&mut self, bytes: &[u8]) -> Label {
        match self.pool.find(bytes) {
            Some(label) => label,
            None => {
                let label = self.label();
                self.pool.insert(bytes, label);
                label
            }
        }
    }

    /// A table of the distances (i32) from its start to each target in the code, which will be
    /// placed behind the code.
    pub fn jump_table(&mut self, targets: &[Label]) -> Label {
        let label = self.label();
        self.pool.insert_table(label, targets);
        label
    }

    /// Appends constants and tables and gives the code. Nothing may be added to it but by
    /// [`clear`](Self::clear)ing first.
    ///
    /// # Panics
    ///
    /// If a label that is used was not bound, or one is too far away for a short branch.
    pub fn finish(&mut self) -> Result<&Code, TooLarge> {
        debug_assert!(self.paddings.is_empty(), "the code was not relaxed");
        self.code.code_len = self.offset();
        let pool = core::mem::take(&mut self.pool);
        let too_large = self.code.bytes.len().saturating_add(pool.max_len()) > MAX_LEN;
        if !too_large {
            self.place_pool(&pool);
        }
        self.pool = pool;
        if too_large {
            return Err(TooLarge);
        }
        self.fill_references();
        Ok(&self.code)
    }

    fn place_pool(&mut self, pool: &Pool) {
        for (bytes, label) in pool.constants() {
            self.fill(bytes.len());
            self.bind_at(label, self.offset());
            self.code.bytes.extend_from_slice(bytes);
        }
        for (label, targets) in pool.tables() {
            self.fill(4);
            let start = self.offset();
            self.bind_at(label, start);
            for &target in targets {
                let offset = self.offset_of(target).expect("targets of tables are bound");
                let distance = offset.wrapping_sub(start);
                self.code.bytes.extend_from_slice(&distance.to_le_bytes());
            }
        }
    }

    /// Pads data up to a multiple of `to` with a byte that traps if it is run.
    fn fill(&mut self, to: usize) {
        let len = self.code.bytes.len().next_multiple_of(to);
        self.code.bytes.resize(len, 0xcc);
    }
}
