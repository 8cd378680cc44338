//! Validation of bodies in one pass.
//!
//! Sections are read and validated by `wasmparser`, and so is what a body may be: it is asked when
//! this validator says that a body is not valid, for its error, and when this one does not know.
//! What comes out is therefore what `wasmparser` says, or a module with a body that it should not
//! have: that is what this validator must never do.
//!
//! # How it is fast
//!
//! - The operands are numbers of four bytes in one array; comparing two says most of the time all.
//! - An operator of a code is a row in a table of the module, already with its types, and missing
//!   if its feature is off ([`codes`]).
//! - Three quarters of all operators are taken by one loop without a branch for each ([`steps`]).
//! - Nothing is allocated for a body.
//!
//! # What it does not know
//!
//! It says [`Stop::Unsure`] of what is rare and would take code: two defined types that neither
//! are the same nor lead to one another by declared supertypes (they can be equal), operators on
//! references of unknown type in unreachable code, more operands than [`stack::OPERANDS`], more
//! locals than a body of its size should have, and modules without floats.

mod codes;
mod context;
mod control;
mod exception;
mod gc;
mod memory;
mod numeric;
mod reader;
mod reference;
mod run;
mod shapes;
mod stack;
mod steps;
mod tables;
mod ty;
#[cfg(feature = "simd")]
mod vector;

use crate::module::Module;
use alloc::{boxed::Box, vec::Vec};
use context::Context;
use stack::{Body, Frame, FrameKind, OPERANDS, SPARE};
use tierra_core::Features;
use tierra_core::index::FuncIdx;
use ty::Ty;

/// The largest number of locals of a function, parameters included.
const MAX_LOCALS: u64 = 50_000;

/// The largest size of a body.
const MAX_BODY: usize = 7_654_321;

/// Why validation ends before the end of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// The body is not valid.
    Invalid,
    /// It may be or not.
    Unsure,
}

/// Validates bodies of a module; `None` of what it does not know how to.
pub(crate) struct FastValidator<'m>(Option<Context<'m>>);

/// What is needed for one body after the other.
pub(crate) struct Space {
    operands: Box<[Ty; OPERANDS]>,
    locals: Vec<Ty>,
    frames: Vec<Frame>,
    inits: Vec<u32>,
}

impl Default for Space {
    fn default() -> Self {
        Self {
            operands: Box::new([Ty::BOTTOM; OPERANDS]),
            locals: Vec::new(),
            frames: Vec::new(),
            inits: Vec::new(),
        }
    }
}

impl<'m> FastValidator<'m> {
    /// A validator of the bodies of a module, all of whose sections are known.
    pub fn new(module: &'m Module) -> Self {
        // Without floats, many operators don't exist that else do: not worth a column.
        let floats = module.features.contains(Features::FLOATS);
        Self(floats.then(|| Context::new(module)))
    }

    /// Validates the body of a function.
    pub fn validate(&self, func: FuncIdx, code: &[u8], space: &mut Space) -> Result<(), Stop> {
        let cx = self.0.as_ref().ok_or(Stop::Unsure)?;
        if code.len() > MAX_BODY {
            return Err(Stop::Unsure);
        }
        let ty = cx.func(func.0)?;
        space.locals.clear();
        space.locals.extend_from_slice(ty.params.slice(&cx.pool));
        space.frames.clear();
        space.inits.clear();
        let mut body = Body {
            cx,
            code,
            at: 0,
            operands: &mut space.operands,
            top: SPARE,
            height: SPARE,
            locals: &mut [],
            frames: &mut space.frames,
            inits: &mut space.inits,
        };
        body.read_locals(&mut space.locals)?;
        let declared = space.locals.len();
        space.locals.resize(declared.max(steps::NEAR), Ty::NOTHING);
        body.locals = &mut space.locals;
        body.push_frame(FrameKind::Block, context::Types::NONE, ty.results);
        body.run()
    }
}

impl Body<'_> {
    /// Adds the declared locals to the parameters.
    fn read_locals(&mut self, locals: &mut Vec<Ty>) -> Result<(), Stop> {
        // A few bytes can declare many locals, for many bodies: that would take long.
        let enough = 256 + 4 * self.code.len() as u64;
        let mut total = locals.len() as u64;
        for _ in 0..self.u32()? {
            let count = self.u32()?;
            let ty = self.val_type()?;
            total += u64::from(count);
            if count != 0 && total > MAX_LOCALS {
                return Err(Stop::Invalid);
            }
            if total > enough {
                return Err(Stop::Unsure);
            }
            let start = if ty.is_defaultable() { ty } else { ty.unset() };
            locals.resize(total as usize, start);
        }
        Ok(())
    }
}
