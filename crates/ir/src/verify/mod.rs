//! Whether a function is what the documentation of [`inst`](crate::inst) promises.
//!
//! [`verify`] is for tests, fuzzing and debug builds, between any two passes. It takes time
//! linear in the function and looks at it in three steps: its *shape* (blocks, terminators,
//! targets, handlers, what is declared), the *types* of each instruction's operands, results and
//! arguments, and whether definitions *dominate* uses. In blocks that can't be reached, anything
//! that is defined somewhere may be used, in its own block after its definition; what is defined
//! there can't be used where the function can get to.

mod types;

use crate::entity::{Block, Inst, Value};
use crate::flow::Flow;
use crate::function::{Function, Inlined, ValueDef};
use crate::inst::{Callee, InstData};
use crate::types::{CallConv, Type};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// What is wrong with a function, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// The function's name.
    pub function: String,
    /// Where in the function: a block, an instruction.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.function, self.place, self.message)
    }
}

impl core::error::Error for VerifyError {}

/// A message, to which the place is added.
type Check = Result<(), String>;

/// Checks a function.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(func: &Function) -> Result<(), VerifyError> {
    let mut verifier = Verifier {
        func,
        flow: Flow::new(),
        in_layout: Vec::new(),
        targeted: Vec::new(),
        position: Vec::new(),
    };
    verifier.run()
}

fn check(condition: bool, message: impl FnOnce() -> String) -> Check {
    if condition { Ok(()) } else { Err(message()) }
}

/// How the edges into a block were met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Targeted {
    No,
    Normally,
    AsHandler,
}

struct Verifier<'a> {
    func: &'a Function,
    flow: Flow,
    /// By block.
    in_layout: Vec<bool>,
    targeted: Vec<Targeted>,
    /// By instruction, its place in its block; `None` if it is in none.
    position: Vec<Option<u32>>,
}

impl Verifier<'_> {
    fn run(&mut self) -> Result<(), VerifyError> {
        let func = self.func;
        self.header().map_err(|e| self.error("the head", e))?;
        for &block in func.layout() {
            self.block(block).map_err(|e| self.error(block, e))?;
        }
        for &block in func.layout() {
            for inst in func.insts(block) {
                self.inst(block, inst)
                    .map_err(|e| self.error_at(block, inst, e))?;
            }
        }
        let entry = func.entry();
        check(self.targeted[entry.index()] == Targeted::No, || {
            "the entry has predecessors".to_string()
        })
        .map_err(|e| self.error(entry, e))?;
        self.flow.compute(func);
        for &block in func.layout() {
            for inst in func.insts(block) {
                self.uses(block, inst)
                    .map_err(|e| self.error_at(block, inst, e))?;
            }
        }
        Ok(())
    }

    fn error(&self, place: impl fmt::Display, message: String) -> VerifyError {
        VerifyError {
            function: self.func.name.clone(),
            place: place.to_string(),
            message,
        }
    }

    fn error_at(&self, block: Block, inst: Inst, message: String) -> VerifyError {
        let text = self.func.inst_text(inst);
        self.error(format_args!("{block}: `{text}`"), message)
    }

    /// What the function says of itself, and its order of blocks.
    fn header(&mut self) -> Check {
        let func = self.func;
        self.in_layout.resize(func.num_blocks(), false);
        self.targeted.resize(func.num_blocks(), Targeted::No);
        self.position.resize(func.num_insts(), None);
        check(!func.layout().is_empty(), || "it has no entry".to_string())?;
        for &block in func.layout() {
            let known = self.in_layout.get_mut(block.index());
            let place = known.ok_or_else(|| format!("{block} does not exist"))?;
            let twice = core::mem::replace(place, true);
            check(!twice, || format!("{block} is in the layout twice"))?;
        }
        for (index, inlined) in func.inlined().iter().enumerate() {
            let place = Inlined::index(inlined.location).is_none();
            let caller = inlined.caller.and_then(Inlined::index);
            let before = caller.is_none_or(|caller| caller < index);
            check(place && before, || format!("place{index} is none"))?;
        }
        let conv = func.signature.conv;
        check(conv != CallConv::Builtin, || {
            "a function can't have the convention of builtins".to_string()
        })?;
        types::signature(&func.signature)?;
        for (index, signature) in func.signatures.iter().enumerate() {
            types::signature(signature).map_err(|e| format!("sig{index}: {e}"))?;
        }
        if let Some(index) = func.context_param {
            let ty = func.signature.params.get(index as usize);
            check(ty == Some(&Type::I64), || {
                format!("the context, parameter {index}, is no i64")
            })?;
        }
        check(
            func.stack_limit.is_none() || func.context_param.is_some(),
            || "there is a stack limit but no context".to_string(),
        )?;
        let params = func.params(func.entry());
        let same = params.len() == func.signature.params.len();
        let mut types = params.iter().zip(&func.signature.params);
        check(same && types.all(|(p, ty)| func.ty(*p) == *ty), || {
            "the entry's parameters are not the signature's".to_string()
        })
    }

    /// The parameters of a block, the order of its instructions, its end.
    fn block(&mut self, block: Block) -> Check {
        let func = self.func;
        for (index, &param) in func.params(block).iter().enumerate() {
            let def = ValueDef::Param(block, index as u32);
            check(func.def(param) == def, || {
                format!("the definition of {param} doesn't know of it")
            })?;
        }
        let mut before = None;
        for (number, inst) in func.insts(block).enumerate() {
            let place = self.position[inst.index()].replace(number as u32);
            let linked = place.is_none()
                && func.block_of(inst) == Some(block)
                && func.prev_inst(inst) == before;
            check(linked, || format!("{inst} is linked wrongly"))?;
            before = Some(inst);
            let last = func.next_inst(inst).is_none();
            check(func.data(inst).is_terminator() == last, || {
                let text = func.inst_text(inst);
                let what = if last {
                    "is no terminator"
                } else {
                    "is not the last"
                };
                format!("`{text}` {what}")
            })?;
        }
        check(before.is_some() && func.last_inst(block) == before, || {
            "it has no end".to_string()
        })
    }

    /// What an instruction is in itself.
    fn inst(&mut self, block: Block, inst: Inst) -> Check {
        self.types(inst)?;
        self.results(inst)?;
        let func = self.func;
        let place = Inlined::index(func.location(inst));
        check(place.is_none_or(|i| i < func.inlined().len()), || {
            "it is at no place".to_string()
        })?;
        let data = *func.data(inst);
        match data {
            InstData::CalleeCell => {
                let mut before =
                    core::iter::successors(func.prev_inst(inst), |i| func.prev_inst(*i));
                let is_const = |i| {
                    matches!(
                        func.data(i),
                        InstData::Const { .. } | InstData::V128Const(_)
                    )
                };
                check(block == func.entry() && before.all(is_const), || {
                    "it is not at the start of the entry".to_string()
                })?;
            }
            InstData::TryCall { targets, .. } => {
                let tags = func.handlers(inst).len();
                check(targets.len() == tags + 1, || {
                    format!("{tags} handlers have a tag")
                })?;
            }
            _ => check(func.handlers(inst).is_empty(), || {
                "it has handlers".to_string()
            })?,
        }
        self.targets(data)
    }

    fn targets(&mut self, data: InstData) -> Check {
        let func = self.func;
        for (index, target) in func.targets(data.targets()).iter().enumerate() {
            let block = target.block;
            let exists = self.in_layout.get(block.index()) == Some(&true);
            check(exists, || format!("{block} is not in the layout"))?;
            let handler = index > 0 && matches!(data, InstData::TryCall { .. });
            let params = func.params(block);
            if handler {
                let one = params.len() == 1 && func.ty(params[0]) == Type::Ref;
                check(one && target.args.is_empty(), || {
                    format!("the handler {block} does not take an exception and nothing else")
                })?;
            } else {
                let args = func.values(target.args);
                let types = || params.iter().map(|param| func.ty(*param));
                self.typed(args, types(), || format!("arguments of {block}"))?;
            }
            let how = &mut self.targeted[block.index()];
            check(
                *how == Targeted::No || !handler && *how == Targeted::Normally,
                || format!("the handler {block} is a target more than once"),
            )?;
            *how = if handler {
                Targeted::AsHandler
            } else {
                Targeted::Normally
            };
        }
        Ok(())
    }

    // Dominance.

    fn uses(&self, block: Block, inst: Inst) -> Check {
        let mut result = Ok(());
        self.func.for_each_operand(inst, |value| {
            if result.is_ok() {
                result = self.available(value, block, inst);
            }
        });
        result?;
        // The results of a call with handlers exist on the way to the first target only.
        if let InstData::TryCall { callee, args, .. } = *self.func.data(inst) {
            let address = match callee {
                Callee::Address(address) | Callee::Cell(address, _) => Some(address),
                Callee::Symbol(_) => None,
            };
            let args = self.func.values(args).iter().copied();
            for value in args.chain(address) {
                check(self.func.def_inst(value) != Some(inst), || {
                    format!("{value} is used by what defines it")
                })?;
            }
        }
        Ok(())
    }

    fn available(&self, value: Value, block: Block, inst: Inst) -> Check {
        let value = self.func.resolve(value);
        let available = match self.func.def(value) {
            ValueDef::Param(def, index) => {
                self.in_layout.get(def.index()) == Some(&true)
                    && self.func.params(def).get(index as usize) == Some(&value)
                    && (def == block || self.dominates(def, block))
            }
            ValueDef::Result(def, _) => match (self.position[def.index()], self.func.block_of(def))
            {
                (Some(place), Some(from)) => match *self.func.data(def) {
                    InstData::TryCall { targets, .. } => {
                        let next = self.func.targets(targets)[0].block;
                        def == inst
                            || self.flow.predecessors(next).len() <= 1
                                && self.dominates(next, block)
                    }
                    _ if from == block => self.position[inst.index()] > Some(place),
                    _ => self.dominates(from, block),
                },
                _ => false,
            },
            ValueDef::Alias(_) => false,
        };
        check(available, || {
            format!("{value} is not defined on all ways here")
        })
    }

    fn dominates(&self, def: Block, block: Block) -> bool {
        !self.flow.is_reachable(block) || self.flow.dominates(def, block)
    }
}
