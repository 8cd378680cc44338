//! Branches made short where that reaches.
//!
//! Whether a forward branch can be two bytes instead of five or six is known when all code behind
//! it is. So code is written with long branches, and then drawn together.
//!
//! Shortening only ever brings places nearer: what reaches once, reaches for good. A first round
//! takes the branches that reach as they stand; each of the next ones those that reach now that
//! others are shorter. Two find nearly all there are, so that the number of rounds is fixed.
//!
//! Everything that knows an offset must learn the new one. The assembler's own fields, labels and
//! relocations do here; what the compiler has noted it asks for, by [`Assembler::moved`].
//!
//! The cost is linear in the code, but for a search for each label.

use super::assembler::Assembler;

/// How often branches are looked at.
const ROUNDS: usize = 3;
/// No branch reaches farther back, counted from its field's end, or forward when all of what is
/// between becomes as short as can be.
const HOPE: u32 = 3 * 128;

/// Bytes that were left out.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// Where the branch ended.
    end: u32,
    /// How many bytes were left out up to there.
    saved: u32,
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
    /// [`offset_of`](Self::offset_of) knows. Code that was aligned is left as it is.
    ///
    /// It is called once, when all instructions are written.
    pub fn relax(&mut self) {
        if self.is_aligned {
            return;
        }
        for round in 0..ROUNDS {
            let reach = if round == 0 { 128 } else { HOPE };
            if !self.shorten(reach) {
                break;
            }
            self.list_cuts();
        }
        if !self.cuts.is_empty() {
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

    /// The cuts that the marked branches make.
    fn list_cuts(&mut self) {
        self.cuts.clear();
        let mut saved = 0;
        for field in self.references.iter().filter(|field| field.short) {
            if let Some((_, opcode)) = field.branch {
                saved += u32::from(opcode) + 2;
                self.cuts.push(Cut {
                    end: field.at + 4,
                    saved,
                });
            }
        }
    }

    /// Moves the code, and all that is known of it.
    fn draw_together(&mut self) {
        let bytes = &mut self.code.bytes;
        let (mut from, mut to) = (0, 0);
        for field in &mut self.references {
            let at = field.at as usize;
            match field.branch {
                Some((short, opcode)) if field.short => {
                    let start = at - usize::from(opcode);
                    bytes.copy_within(from..start, to);
                    to += start - from;
                    from = at + 4;
                    bytes[to..to + 2].copy_from_slice(&[short, 0]);
                    field.at = to as u32 + 1;
                    field.addend = -1;
                    to += 2;
                }
                _ => field.at = (at - (from - to)) as u32,
            }
        }
        let len = bytes.len();
        bytes.copy_within(from.., to);
        bytes.truncate(len - (from - to));
        let cuts = core::mem::take(&mut self.cuts);
        for offset in self.bound() {
            *offset = moved(&cuts, *offset);
        }
        self.cuts = cuts;
        let mut relocs = core::mem::take(&mut self.code.relocs);
        let mut moved = self.moved();
        for reloc in &mut relocs {
            reloc.offset = moved.at(reloc.offset);
        }
        self.code.relocs = relocs;
    }
}
