//! The types of operands and results, and whatever an instruction refers to.

use super::{Check, Verifier, check};
use crate::entity::{Constant, Inst, SigRef, Value};
use crate::inst::{Access, Callee, InstData, MemFlags};
use crate::types::{CallConv, Signature, Type};
use alloc::format;
use alloc::string::{String, ToString};
use tierra_core::Trap;

/// What a convention can do.
pub(super) fn signature(signature: &Signature) -> Check {
    let (name, results) = (signature.conv.name(), signature.results.len());
    let params = &signature.params;
    let ints = params.iter().filter(|ty| ty.is_int()).count();
    match signature.conv {
        CallConv::Guest => Ok(()),
        CallConv::C | CallConv::Builtin if results > 1 => {
            Err(format!("{results} results in the convention {name}"))
        }
        CallConv::Builtin if ints > 6 || params.len() - ints > 8 => {
            Err("more parameters than a builtin has registers".to_string())
        }
        CallConv::C | CallConv::Builtin => Ok(()),
    }
}

fn trap(code: u8) -> Check {
    check(Trap::from_code(code).is_some(), || {
        format!("{code} is no trap")
    })
}

impl Verifier<'_> {
    /// Whether values are as many as there are types, and have them.
    pub(super) fn typed(
        &self,
        values: &[Value],
        types: impl ExactSizeIterator<Item = Type>,
        what: impl Fn() -> String,
    ) -> Check {
        let (count, expected) = (values.len(), types.len());
        check(count == expected, || {
            format!("{}: {count} values, {expected} expected", what())
        })?;
        for (&value, ty) in values.iter().zip(types) {
            self.exists(value)?;
            let found = self.func.ty(self.func.resolve(value));
            check(found == ty && self.func.ty(value) == ty, || {
                format!("{}: {value} is of type {found}, {ty} expected", what())
            })?;
        }
        Ok(())
    }

    fn exists(&self, value: Value) -> Check {
        check(value.index() < self.func.num_values(), || {
            format!("{value} does not exist")
        })
    }

    fn operands(&self, values: &[Value], types: &[Type]) -> Check {
        self.typed(values, types.iter().copied(), || "operands".to_string())
    }

    /// The types of operands, except for arguments of targets.
    pub(super) fn types(&self, inst: Inst) -> Check {
        use InstData::*;
        use Type::*;
        let func = self.func;
        match *func.data(inst) {
            Const { ty, bits } => {
                let width = 8 * ty.bytes();
                check(ty != V128 && (width == 64 || bits >> width == 0), || {
                    format!("the bits don't fit {ty}")
                })?;
                check(ty != Ref || bits == 0, || {
                    "a constant reference is not null".to_string()
                })
            }
            V128Const(constant) => self.constant(constant),
            Unary { op, arg } => self.operands(&[arg], op.args()),
            Binary { op, args } => self.operands(&args, op.args()),
            Compare { op, args } => self.operands(&args, op.args()),
            Wide { op, args } => self.operands(func.values(args), op.args()),
            Vector { op, args } => self.operands(func.values(args), op.args()),
            Lane { op, lane, args } => {
                check(lane < op.lanes(), || format!("there is no lane {lane}"))?;
                self.operands(func.values(args), op.args())
            }
            Shuffle { args, mask } => {
                self.constant(mask)?;
                let lanes = func.constant_bytes(mask);
                check(lanes.iter().all(|lane| *lane < 32), || {
                    "a lane of the mask is above 31".to_string()
                })?;
                self.operands(&args, &[V128, V128])
            }
            Select { cond, args } => {
                self.exists(args[0])?;
                let ty = func.ty(args[0]);
                self.operands(&[cond, args[0], args[1]], &[I32, ty, ty])
            }
            RefToBits(arg) => self.operands(&[arg], &[Ref]),
            BitsToRef(arg) => self.operands(&[arg], &[I32]),
            Fence | SymbolAddress(_) | CalleeCell => Ok(()),
            SlotAddress(slot) => check(slot.index() < func.slots.len(), || {
                format!("{slot} does not exist")
            }),
            Poll { address, .. } => self.operands(&[address], &[I64]),
            TrapIf { cond, trap: code } | TrapUnless { cond, trap: code } => {
                trap(code)?;
                self.operands(&[cond], &[I32])
            }
            Trap(code) => trap(code),
            Load { .. }
            | Store { .. }
            | AtomicLoad { .. }
            | AtomicStore { .. }
            | AtomicRmw { .. }
            | AtomicCmpxchg { .. } => self.memory(inst),
            Jump(targets) => self.count(targets.len(), targets.len() == 1),
            Branch { cond, targets } => {
                self.count(targets.len(), targets.len() == 2)?;
                self.operands(&[cond], &[I32])
            }
            Switch { index, targets } => {
                self.count(targets.len(), !targets.is_empty())?;
                self.operands(&[index], &[I32])
            }
            Return(args) => self.operands(func.values(args), &func.signature.results),
            Call {
                sig, callee, args, ..
            } => self.call(sig, callee, func.values(args)).map(drop),
            TryCall {
                sig,
                callee,
                args,
                targets,
            } => {
                self.count(targets.len(), !targets.is_empty())?;
                self.call(sig, callee, func.values(args)).map(drop)
            }
            TailCall { sig, callee, args } => {
                let signature = self.call(sig, callee, func.values(args))?;
                check(signature.results == func.signature.results, || {
                    "its results are not the function's".to_string()
                })?;
                let convs = [signature.conv, func.signature.conv];
                check(convs == [CallConv::Guest; 2], || {
                    format!(
                        "a tail call from {} to {}",
                        convs[1].name(),
                        convs[0].name()
                    )
                })
            }
        }
    }

    fn count(&self, targets: usize, right: bool) -> Check {
        check(right, || format!("it has {targets} targets"))
    }

    fn constant(&self, constant: Constant) -> Check {
        check(constant.index() < self.func.num_constants(), || {
            format!("{constant} does not exist")
        })
    }

    fn call(&self, sig: SigRef, callee: Callee, args: &[Value]) -> Result<&Signature, String> {
        let signature = self.func.signatures.get(sig.index());
        let signature = signature.ok_or_else(|| format!("{sig} does not exist"))?;
        if let Callee::Address(address) | Callee::Cell(address, _) = callee {
            self.operands(&[address], &[Type::I64])?;
        }
        self.typed(args, signature.params.iter().copied(), || {
            "arguments".to_string()
        })?;
        Ok(signature)
    }

    fn memory(&self, inst: Inst) -> Check {
        use InstData::*;
        use Type::I64;
        match *self.func.data(inst) {
            Load { flags, address, .. } => {
                fault(flags)?;
                self.operands(&[address], &[I64])
            }
            Store {
                access,
                flags,
                address,
                value,
                ..
            } => {
                written(flags)?;
                check(!access.is_signed(), || {
                    format!("{} is for loads", access.name())
                })?;
                self.operands(&[address, value], &[I64, access.ty()])
            }
            AtomicLoad {
                access,
                flags,
                address,
            } => {
                fault(flags)?;
                atomic(access)?;
                self.operands(&[address], &[I64])
            }
            AtomicStore {
                access,
                flags,
                address,
                value,
            }
            | AtomicRmw {
                access,
                flags,
                address,
                value,
                ..
            } => {
                written(flags)?;
                atomic(access)?;
                self.operands(&[address, value], &[I64, access.ty()])
            }
            AtomicCmpxchg {
                access,
                flags,
                address,
                args,
            } => {
                written(flags)?;
                atomic(access)?;
                let ty = access.ty();
                self.operands(&[address, args[0], args[1]], &[I64, ty, ty])
            }
            _ => unreachable!("it is no access"),
        }
    }

    /// Whether an instruction has the results that it should have.
    pub(super) fn results(&self, inst: Inst) -> Check {
        let func = self.func;
        let data = func.data(inst);
        let (one, wide);
        let types: &[Type] = match *data {
            InstData::Call { sig, .. } | InstData::TryCall { sig, .. } => {
                &func.signatures[sig.index()].results
            }
            InstData::Wide { .. } => {
                wide = [Type::I64; 2];
                &wide
            }
            _ => {
                one = func.result_type(data);
                one.as_slice()
            }
        };
        let found = func.results(inst).map(|value| func.ty(value));
        check(found.eq(types.iter().copied()), || {
            "its results have other types than it makes".to_string()
        })
    }
}

fn fault(flags: MemFlags) -> Check {
    if flags.trap == 0 {
        Ok(())
    } else {
        trap(flags.trap)
    }
}

fn written(flags: MemFlags) -> Check {
    check(!flags.readonly, || {
        "memory that doesn't change is written".to_string()
    })?;
    fault(flags)
}

fn atomic(access: Access) -> Check {
    check(access.is_atomic(), || {
        format!("{} is no unsigned integer", access.name())
    })
}
