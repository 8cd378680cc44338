//! A look ahead at the loops: which locals they use and set, and whether they call.
//!
//! What is in registers at a loop's head has to be there again at every jump back. In a loop that
//! calls, that would be loads of what the call made us forget: it begins with everything in the
//! frame. In one that doesn't, the locals it uses should be in registers, as long as there are
//! some, and those it sets need not be in the frame too.
//!
//! **Cost.** Only so many bytes of a loop are read: a larger one is taken for one that calls.

use crate::compiler::Compiler;
use crate::emit::frame;
use crate::regs::{Each, Holder, INTS, Reg, VECS, class};

/// How far a loop is read.
const REACH: usize = 768;
/// How many registers of a kind stay free at a loop's head.
const SPARE: u32 = 5;

/// What was found.
#[derive(Default)]
pub(crate) struct Scan {
    /// By local, how often it is used, and whether it is set. Cleared after use.
    uses: Vec<(u16, bool)>,
    seen: Vec<u32>,
    order: Vec<u32>,
    memory: bool,
}

/// Reads past operators. It needs no more than lengths, of code that is valid.
struct Skip<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Skip<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn number(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in 0..10 {
            let byte = self.byte()?;
            if shift < 5 {
                value |= u32::from(byte & 0x7f) << (7 * shift);
            }
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn numbers(&mut self, count: u32) -> Option<()> {
        for _ in 0..count {
            self.number()?;
        }
        Some(())
    }

    /// An alignment, which may announce the index of a memory, and an offset.
    fn memarg(&mut self) -> Option<()> {
        let flags = self.number()?;
        self.numbers(if flags & 0x40 != 0 { 2 } else { 1 })
    }
}

/// How a loop ends the look ahead.
#[derive(PartialEq)]
enum Found {
    /// It doesn't call.
    Leaf,
    /// It calls, or it wasn't read to its end.
    Calls,
}

impl Scan {
    fn note(&mut self, local: u32, weight: u16, set: bool) {
        let Some(uses) = self.uses.get_mut(local as usize) else {
            return;
        };
        if *uses == (0, false) {
            self.seen.push(local);
        }
        uses.0 = uses.0.saturating_add(weight);
        uses.1 |= set;
    }

    fn read(&mut self, bytes: &[u8]) -> Found {
        let mut skip = Skip { bytes, at: 0 };
        let mut depth = 0u32;
        let mut weight = 1;
        loop {
            match self.operator(&mut skip, &mut depth, &mut weight) {
                Some(true) if depth == 0 => return Found::Leaf,
                Some(true) => {}
                _ => return Found::Calls,
            }
        }
    }

    /// Reads an operator. `None` at the end of what can be read, `false` at a call.
    fn operator(&mut self, skip: &mut Skip<'_>, depth: &mut u32, weight: &mut u16) -> Option<bool> {
        match skip.byte()? {
            0x02 | 0x04 => {
                skip.number()?;
                *depth += 1;
            }
            0x03 => {
                skip.number()?;
                *depth += 1;
                *weight = weight.saturating_mul(4);
            }
            0x0b => *depth -= 1,
            0x0c | 0x0d => skip.numbers(1)?,
            0x0e => {
                let count = skip.number()?;
                skip.numbers(count.checked_add(1)?)?;
            }
            0x20 => {
                let local = skip.number()?;
                self.note(local, *weight, false);
            }
            0x21 | 0x22 => {
                let local = skip.number()?;
                self.note(local, *weight, true);
            }
            0x23 | 0x24 => skip.numbers(1)?,
            0x28..=0x3e => {
                self.memory = true;
                skip.memarg()?;
            }
            0x3f | 0x41 | 0x42 => skip.numbers(1)?,
            0x43 => skip.at += 4,
            0x44 => skip.at += 8,
            0x00 | 0x01 | 0x05 | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 => {}
            0xfc => match skip.number()? {
                0..=7 | 19..=22 => {}
                _ => return Some(false),
            },
            0xfd => match skip.number()? {
                0..=11 | 92 | 93 => {
                    self.memory = true;
                    skip.memarg()?;
                }
                12 | 13 => skip.at += 16,
                21..=34 => skip.at += 1,
                84..=91 => {
                    self.memory = true;
                    skip.memarg()?;
                    skip.at += 1;
                }
                _ => {}
            },
            _ => return Some(false),
        }
        Some(true)
    }

    fn clear(&mut self, locals: usize) {
        for local in self.seen.drain(..) {
            if let Some(uses) = self.uses.get_mut(local as usize) {
                *uses = (0, false);
            }
        }
        if self.uses.len() < locals {
            self.uses.resize(locals, (0, false));
        }
        self.memory = false;
    }
}

impl Compiler<'_> {
    /// Makes the state ready to be that of the head of the loop at hand.
    pub fn prepare_loop(&mut self) {
        let mut scan = core::mem::take(&mut self.s.scan);
        scan.clear(self.s.locals.len());
        let end = self.body.len().min(self.at + REACH);
        match scan.read(&self.body[self.at..end]) {
            Found::Calls => {
                self.clean_all();
                self.forget_all();
            }
            Found::Leaf => self.fill_registers(&mut scan),
        }
        self.s.scan = scan;
        self.pinned = 0;
    }

    /// Gives registers to what a loop uses most. What it doesn't use may go.
    fn fill_registers(&mut self, scan: &mut Scan) {
        for r in Each(self.regs.used) {
            if let Holder::Local(i) = self.regs.get(r)
                && scan.uses[i as usize].0 == 0
            {
                self.release(r);
            }
        }
        scan.order.clear();
        scan.order.extend_from_slice(&scan.seen);
        let uses = &scan.uses;
        scan.order
            .sort_unstable_by_key(|local| core::cmp::Reverse(uses[*local as usize].0));
        if scan.memory && self.has_base && self.base == Reg::NONE {
            self.base_reg();
        }
        for &index in &scan.order {
            let local = self.s.locals[index as usize];
            let free = class(local.ty) & !self.regs.used;
            if local.reg == Reg::NONE && free.count_ones() > SPARE {
                let r = Reg(free.trailing_zeros() as u8);
                self.load(r, frame(local.home), local.ty);
                self.hold(r, Holder::Local(index), false);
            }
        }
        for kind in [INTS, VECS] {
            for r in Each(self.regs.used & kind) {
                if let Holder::Local(i) = self.regs.get(r)
                    && scan.uses[i as usize].1
                {
                    self.regs.dirty |= r.bit();
                }
            }
        }
    }
}
