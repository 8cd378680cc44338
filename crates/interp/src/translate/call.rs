//! Calls. Arguments go to their canonical slots, which are the callee's parameters.

use super::stack::Kind;
use super::{Result, Translator, ty};
use crate::operand::Args;
use crate::ops::call::*;
use tierra_core::index::{FuncIdx, TypeIdx};

/// What is called.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Func(FuncIdx),
    Indirect {
        ty: TypeIdx,
        table: u32,
        is_64: bool,
    },
    Ref(TypeIdx),
}

impl Translator<'_> {
    fn signature(&self, target: Target) -> TypeIdx {
        match target {
            Target::Func(f) => self.module.funcs[f.index()],
            Target::Indirect { ty, .. } | Target::Ref(ty) => ty,
        }
    }

    pub(super) fn call(&mut self, target: Target, tail: bool) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let signature = self.module.func_type_at(self.signature(target));
        // The reference or index on top first.
        let callee = match target {
            Target::Func(_) => 0,
            _ => self.pop_slot(),
        };
        let count = signature.params.len();
        self.flush_top(count);
        let base = match count {
            0 => self.height as u16,
            _ => self.stack[self.stack.len() - count].slot,
        };
        for _ in 0..count {
            self.pop();
        }
        self.clobber();
        self.flush_refs();
        self.mark();
        let params = signature.params.iter().map(|t| t.slots()).sum::<usize>() as u16;
        self.emit_call(target, tail, callee);
        if tail {
            self.emit_word(self.param_slots.into());
        }
        self.emit_site(base, params);
        if tail {
            self.unreachable_from_here();
            return Ok(());
        }
        let results = signature.results.iter().map(|t| ty(self.module, *t));
        for result in results.clone() {
            self.push(Kind::Slot, result)?;
        }
        if let (1, Some(class)) = (
            signature.results.len(),
            results.clone().next().and_then(|t| t.class()),
        ) {
            self.cache(class, base);
        }
        // A callee without parameters finds its frame's header where the caller's next entries
        // would be: the frame must reach there.
        self.max_height = self.max_height.max(self.height);
        Ok(())
    }

    fn emit_call(&mut self, target: Target, tail: bool, callee: u16) {
        match target {
            Target::Func(f) if f.index() < self.module.imported_funcs => {
                let word = f.0.into();
                if tail {
                    self.emit_pair::<ReturnCallImport>(word);
                } else {
                    self.emit_pair::<CallImport>(word);
                }
            }
            Target::Func(f) => {
                let word = self.owner.record(f) as u64;
                if tail {
                    self.emit_pair::<ReturnCall>(word);
                } else {
                    self.emit_pair::<Call>(word);
                }
            }
            Target::Indirect { ty, table, is_64 } => {
                let args = Args {
                    dst: callee,
                    a: is_64.into(),
                    b: table,
                };
                if tail {
                    self.emit_instr::<ReturnCallIndirect<false>>(args);
                } else {
                    self.emit_instr::<CallIndirect<false>>(args);
                }
                self.emit_word(ty.0.into());
            }
            Target::Ref(_) => {
                let args = Args {
                    dst: callee,
                    ..Args::default()
                };
                if tail {
                    self.emit_instr::<ReturnCallRef>(args);
                } else {
                    self.emit_instr::<CallRef>(args);
                }
            }
        }
    }

    /// An instruction whose second word is no `Args`.
    fn emit_pair<I: crate::dispatch::Instr>(&mut self, word: u64) {
        self.emit_instr::<I>(Args::of(word));
    }
}
