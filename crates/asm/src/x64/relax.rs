//! Branches made short where that reaches.
//!
//! Whether a forward branch can be two bytes instead of five or six is known when all code behind
//! it is. So code is written with long branches, and then drawn together.
//!
//! Shortening only ever brings places nearer: what reaches once, reaches for good. A first round
//! takes the branches that reach as they stand; each of the next ones those that reach now that
//! others are shorter. Two find nearly all there are, so that the number of rounds is fixed.
//!
//! That holds for padding, too: it is written as long as it can be
//! ([`Assembler::align_relaxed`]), and made as long as it must be when code is drawn together.
//!
//! Everything that knows an offset must learn the new one. The assembler's own fields, labels and
//! relocations do here; what the compiler has noted it asks for, by [`Assembler::moved`].
//!
//! The cost is linear in the code, but for a search for each label.

use super::assembler::{Assembler, Padding, Reference};
use super::nop;
use alloc::vec::Vec;

/// How often branches are looked at.
const ROUNDS: usize = 3;
/// No branch reaches farther back, counted from its field's end, or forward when all of what is
/// between becomes as short as can be.
const HOPE: u32 = 3 * 128;

/// Bytes that were left out.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// Where the branch ended, or the padding.
    end: u32,
    /// How many bytes were left out up to there.
    saved: u32,
}

/// What has another length when code is drawn together.
enum Piece<'a> {
    Branch(&'a mut Reference, u8, u8),
    Padding(Padding),
    /// Any other field, which only moves.
    Field(&'a mut Reference),
}

/// Fields and padding in the order of the code.
fn pieces<'a>(
    references: &'a mut [Reference],
    paddings: &'a [Padding],
) -> impl Iterator<Item = Piece<'a>> {
    let mut references = references.iter_mut().peekable();
    let mut paddings = paddings.iter().peekable();
    core::iter::from_fn(move || {
        let next = references.peek().map_or(u32::MAX, |field| field.at);
        if let Some(padding) = paddings.next_if(|padding| padding.start <= next) {
            return Some(Piece::Padding(*padding));
        }
        let field = references.next()?;
        Some(match field.branch {
            Some((short, opcode)) if field.short => Piece::Branch(field, short, opcode),
            _ => Piece::Field(field),
        })
    })
}

/// Translates offsets from before [`Assembler::relax`], in ascending order.
pub struct Moved<'a> {
    cuts: &'a [Cut],
    saved: u32,
}

impl Moved<'_> {
    /// Where the code is now that was at this offset.
    pub fn at(&mut self, old: u32) -> u32 {
        while let [cut, rest @ ..] = self.cuts
            && cut.end <= old
        {
            (self.saved, self.cuts) = (cut.saved, rest);
        }
        old - self.saved
    }
}

fn moved(cuts: &[Cut], old: u32) -> u32 {
    let before = cuts.partition_point(|cut| cut.end <= old);
    old - before.checked_sub(1).map_or(0, |last| cuts[last].saved)
}

impl Assembler {
    /// Makes all branches short that can be, which moves the code behind them. Offsets that were
    /// told before are no longer right: [`moved`](Self::moved) says what has become of them, and
    /// [`offset_of`](Self::offset_of) knows. Code in which something was
    /// [aligned](Self::align) for good is left as it is.
    ///
    /// It is called once, when all instructions are written.
    pub fn relax(&mut self) {
        if self.is_fixed {
            return;
        }
        let mut any = !self.paddings.is_empty();
        for round in 0..ROUNDS {
            let reach = if round == 0 { 128 } else { HOPE };
            self.list_cuts();
            if !self.shorten(reach) {
                break;
            }
            any = true;
        }
        self.cuts.clear();
        if any {
            self.draw_together();
        }
    }

    /// Where offsets from before [`relax`](Self::relax) are now.
    pub fn moved(&self) -> Moved<'_> {
        Moved {
            cuts: &self.cuts,
            saved: 0,
        }
    }

    /// Marks the branches that reach, given the cuts so far; whether there are any.
    fn shorten(&mut self, reach: u32) -> bool {
        let mut references = core::mem::take(&mut self.references);
        let mut any = false;
        for field in references.iter_mut().filter(|field| !field.short) {
            let Some((_, opcode)) = field.branch else {
                continue;
            };
            let Some(target) = self.offset_of(field.label) else {
                continue;
            };
            let (start, end) = (field.at - u32::from(opcode), field.at + 4);
            if target.abs_diff(end) > reach {
                continue;
            }
            // Forward, the branch's own cut moves both ends.
            let distance = if target >= end {
                moved(&self.cuts, target) as i32 - moved(&self.cuts, end) as i32
            } else {
                moved(&self.cuts, target) as i32 - (moved(&self.cuts, start) as i32 + 2)
            };
            field.short = i8::try_from(distance).is_ok();
            any |= field.short;
        }
        self.references = references;
        any
    }

    /// The cuts that the marked branches make; all of a padding may be needed but one byte.
    fn list_cuts(&mut self) {
        self.cuts.clear();
        let mut saved = 0;
        for piece in pieces(&mut self.references, &self.paddings) {
            let end = match piece {
                Piece::Branch(field, _, opcode) => {
                    saved += u32::from(opcode) + 2;
                    field.at + 4
                }
                Piece::Padding(padding) => {
                    saved += 1;
                    padding.start + padding.len
                }
                Piece::Field(_) => continue,
            };
            self.cuts.push(Cut { end, saved });
        }
    }

    /// Moves the code, and all that is known of it.
    fn draw_together(&mut self) {
        let bytes = &mut self.code.bytes;
        // Nothing moves up: every piece becomes shorter.
        let (mut from, mut to) = (0, 0);
        let mut padding_bytes = Vec::new();
        for piece in pieces(&mut self.references, &self.paddings) {
            let (start, end) = match &piece {
                Piece::Branch(field, _, opcode) => (field.at - u32::from(*opcode), field.at + 4),
                Piece::Padding(padding) => (padding.start, padding.start + padding.len),
                Piece::Field(field) => (field.at, field.at),
            };
            bytes.copy_within(from..start as usize, to);
            to += start as usize - from;
            from = end as usize;
            match piece {
                Piece::Branch(field, short, _) => {
                    bytes[to..to + 2].copy_from_slice(&[short, 0]);
                    field.at = to as u32 + 1;
                    field.addend = -1;
                    to += 2;
                }
                Piece::Padding(padding) => {
                    padding_bytes.clear();
                    let count = (to as u32).wrapping_neg() & (padding.len - 1);
                    nop::pad(&mut padding_bytes, count as usize);
                    bytes[to..to + padding_bytes.len()].copy_from_slice(&padding_bytes);
                    to += padding_bytes.len();
                }
                Piece::Field(field) => {
                    field.at = to as u32;
                    continue;
                }
            }
            self.cuts.push(Cut {
                end,
                saved: (from - to) as u32,
            });
        }
        let len = bytes.len();
        bytes.copy_within(from.., to);
        bytes.truncate(len - (from - to));
        let cuts = core::mem::take(&mut self.cuts);
        for offset in self.bound() {
            *offset = moved(&cuts, *offset);
        }
        self.cuts = cuts;
        self.paddings.clear();
        let mut relocs = core::mem::take(&mut self.code.relocs);
        let mut moved = self.moved();
        for reloc in &mut relocs {
            reloc.offset = moved.at(reloc.offset);
        }
        self.code.relocs = relocs;
    }
}
