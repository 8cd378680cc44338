//! Reading one instruction.

use super::{Line, MAX_ID, Operator, Parser, Result, number_of};
use crate::entity::{Block, SigRef, Slot, Value};
use crate::function::{Target, Targets, ValueList};
use crate::inst::{Access, AliasClass, Callee, Effects, InstData, MemFlags, RmwOp};
use crate::text::lex::{Kind, Token};
use crate::types::Type;
use alloc::format;
use alloc::vec::Vec;

impl Parser<'_, '_> {
    /// Reads what stands after the results.
    pub(super) fn instruction(&mut self, line: &mut Line) -> Result<()> {
        let (token, word) = self.lexer.word()?;
        line.data = match self.operators.get(word) {
            Some(operator) => self.operator(*operator)?,
            None => match word.split_once('.') {
                Some((ty, "const")) => self.constant(token, ty)?,
                _ => self.other(token, word, line)?,
            },
        };
        match line.data {
            InstData::Call { sig, .. } | InstData::TryCall { sig, .. } => {
                line.types
                    .clone_from(&self.func.signatures[sig.index()].results);
            }
            InstData::Wide { .. } => line.types.extend([Type::I64; 2]),
            InstData::Select { .. } => {}
            data => line.types.extend(self.func.result_type(&data)),
        }
        Ok(())
    }

    fn operator(&mut self, operator: Operator) -> Result<InstData> {
        Ok(match operator {
            Operator::Unary(op) => InstData::Unary {
                op,
                arg: self.value()?,
            },
            Operator::Binary(op) => InstData::Binary {
                op,
                args: self.values()?,
            },
            Operator::Compare(op) => InstData::Compare {
                op,
                args: self.values()?,
            },
            Operator::Wide(op) => InstData::Wide {
                op,
                args: self.value_list()?,
            },
            Operator::Vector(op) => InstData::Vector {
                op,
                args: self.value_list()?,
            },
            Operator::Lane(op) => {
                let lane = self.lexer.small()?;
                self.lexer.expect(',')?;
                let args = self.value_list()?;
                InstData::Lane { op, lane, args }
            }
        })
    }

    fn constant(&mut self, token: Token<'_>, ty: &str) -> Result<InstData> {
        let ty = Type::from_name(ty).ok_or_else(|| token.error("a type expected"))?;
        let number = self.lexer.number()?;
        if ty == Type::V128 {
            return Ok(InstData::V128Const(
                self.func.constant(number.to_le_bytes()),
            ));
        }
        let bits = number as u64 & (u64::MAX >> (64 - 8 * ty.bytes()));
        Ok(InstData::Const { ty, bits })
    }

    fn other(&mut self, token: Token<'_>, word: &str, line: &mut Line) -> Result<InstData> {
        Ok(match word {
            "i8x16.shuffle" => {
                let args = self.values()?;
                let mut lanes = [0; 16];
                for lane in &mut lanes {
                    *lane = self.lexer.small()?;
                }
                let mask = self.func.constant(lanes);
                InstData::Shuffle { args, mask }
            }
            "select" => {
                line.types.push(self.ty()?);
                let [cond, a, b] = self.values()?;
                InstData::Select { cond, args: [a, b] }
            }
            "ref_to_bits" => InstData::RefToBits(self.value()?),
            "bits_to_ref" => InstData::BitsToRef(self.value()?),
            "fence" => InstData::Fence,
            "slot_address" => InstData::SlotAddress(Slot(self.id("slot", MAX_ID)?)),
            "symbol_address" => InstData::SymbolAddress(self.symbol()?),
            "callee_cell" => InstData::CalleeCell,
            "poll" => {
                let (address, offset) = self.place()?;
                self.lexer.expect(',')?;
                InstData::Poll {
                    address,
                    offset,
                    slow: self.symbol()?,
                }
            }
            "trap_if" | "trap_unless" => {
                let cond = self.value()?;
                self.lexer.expect(',')?;
                let trap = self.lexer.small()?;
                match word {
                    "trap_if" => InstData::TrapIf { cond, trap },
                    _ => InstData::TrapUnless { cond, trap },
                }
            }
            "trap" => InstData::Trap(self.lexer.small()?),
            "return" => {
                let value =
                    matches!(self.lexer.peek().kind, Kind::Word(w) if number_of(w, "v").is_some());
                // No line can follow, so that what looks like a value is one.
                InstData::Return(if value {
                    self.value_list()?
                } else {
                    ValueList::EMPTY
                })
            }
            "jump" => InstData::Jump(self.targets(1)?),
            "branch" => {
                let cond = self.value()?;
                self.lexer.expect(',')?;
                let targets = self.targets(2)?;
                InstData::Branch { cond, targets }
            }
            "switch" => {
                let index = self.value()?;
                self.lexer.expect(',')?;
                let targets = self.targets(u32::MAX)?;
                InstData::Switch { index, targets }
            }
            "call" | "tail_call" | "try_call" => self.call(word, line)?,
            _ => self.memory(token, word)?,
        })
    }

    fn memory(&mut self, token: Token<'_>, word: &str) -> Result<InstData> {
        Ok(match word {
            "load" => {
                let access = self.access()?;
                let (address, offset) = self.place()?;
                let flags = self.flags(token.line)?;
                InstData::Load {
                    access,
                    flags,
                    address,
                    offset,
                }
            }
            "store" => {
                let access = self.access()?;
                let (address, offset) = self.place()?;
                self.lexer.expect(',')?;
                let value = self.value()?;
                let flags = self.flags(token.line)?;
                InstData::Store {
                    access,
                    flags,
                    address,
                    value,
                    offset,
                }
            }
            "atomic_load" => {
                let (access, address) = (self.access()?, self.value()?);
                let flags = self.flags(token.line)?;
                InstData::AtomicLoad {
                    access,
                    flags,
                    address,
                }
            }
            "atomic_store" => {
                let (access, [address, value]) = (self.access()?, self.values()?);
                let flags = self.flags(token.line)?;
                InstData::AtomicStore {
                    access,
                    flags,
                    address,
                    value,
                }
            }
            "atomic_rmw" => {
                let (operation, name) = self.lexer.word()?;
                let op = RmwOp::from_name(name)
                    .ok_or_else(|| operation.error("an operation of atomic_rmw expected"))?;
                let (access, [address, value]) = (self.access()?, self.values()?);
                let flags = self.flags(token.line)?;
                InstData::AtomicRmw {
                    op,
                    access,
                    flags,
                    address,
                    value,
                }
            }
            "atomic_cmpxchg" => {
                let (access, [address, old, new]) = (self.access()?, self.values()?);
                let flags = self.flags(token.line)?;
                InstData::AtomicCmpxchg {
                    access,
                    flags,
                    address,
                    args: [old, new],
                }
            }
            _ => return Err(token.error(format!("there is no instruction `{word}`"))),
        })
    }

    fn call(&mut self, word: &str, line: &mut Line) -> Result<InstData> {
        let token = self.lexer.peek();
        let sig = SigRef(self.id("sig", MAX_ID)?);
        if sig.index() >= self.func.signatures.len() {
            return Err(token.error(format!("{sig} is not declared")));
        }
        let token = self.lexer.peek();
        let callee = match token.kind {
            Kind::Word(word) if number_of(word, "v").is_some() => Callee::Address(self.value()?),
            Kind::Mark('[') => {
                self.lexer.expect('[')?;
                let (cell, offset) = self.place()?;
                self.lexer.expect(']')?;
                Callee::Cell(cell, offset)
            }
            _ => Callee::Symbol(self.symbol()?),
        };
        let args = self.list(Self::value)?;
        let args = self.func.list(&args);
        Ok(match word {
            "tail_call" => InstData::TailCall { sig, callee, args },
            "try_call" => {
                self.lexer.expect(',')?;
                let mut targets = Vec::from([self.target()?]);
                while self.lexer.has(',')? {
                    line.tags.push(if self.lexer.has_word("any")? {
                        None
                    } else {
                        self.lexer.expect_word("tag")?;
                        Some(self.lexer.small()?)
                    });
                    targets.push(self.target()?);
                }
                let targets = self.func.target_list(&targets);
                InstData::TryCall {
                    sig,
                    callee,
                    args,
                    targets,
                }
            }
            _ => {
                let mut effects = Effects::All;
                for named in [Effects::Reads, Effects::None] {
                    if self.lexer.has_word(named.name())? {
                        effects = named;
                    }
                }
                InstData::Call {
                    sig,
                    effects,
                    callee,
                    args,
                }
            }
        })
    }

    // Parts of lines.

    fn value(&mut self) -> Result<Value> {
        let token = self.lexer.peek();
        let value = Value(self.id("v", MAX_ID)?);
        self.used.push((value, token));
        Ok(value)
    }

    fn values<const N: usize>(&mut self) -> Result<[Value; N]> {
        let mut values = [Value(0); N];
        for (index, value) in values.iter_mut().enumerate() {
            if index > 0 {
                self.lexer.expect(',')?;
            }
            *value = self.value()?;
        }
        Ok(values)
    }

    fn value_list(&mut self) -> Result<ValueList> {
        let mut values = Vec::from([self.value()?]);
        while self.lexer.has(',')? {
            values.push(self.value()?);
        }
        Ok(self.func.list(&values))
    }

    /// An address with its offset.
    fn place(&mut self) -> Result<(Value, i32)> {
        let address = self.value()?;
        let offset = match self.lexer.peek().kind {
            Kind::Mark('+' | '-') => self.lexer.small()?,
            _ => 0,
        };
        Ok((address, offset))
    }

    fn access(&mut self) -> Result<Access> {
        let (token, word) = self.lexer.word()?;
        Access::from_name(word).ok_or_else(|| token.error("an access expected"))
    }

    /// What is known of the access that began on this line. A `trap` on the next is a terminator.
    fn flags(&mut self, line: u32) -> Result<MemFlags> {
        let mut flags = MemFlags::default();
        if self.lexer.has_word("class")? {
            flags.class = AliasClass(self.lexer.small()?);
        }
        if self.lexer.peek().line == line && self.lexer.has_word("trap")? {
            flags.trap = self.lexer.small()?;
        }
        flags.readonly = self.lexer.has_word("readonly")?;
        flags.anytime = self.lexer.has_word("anytime")?;
        Ok(flags)
    }

    fn target(&mut self) -> Result<Target> {
        let token = self.lexer.peek();
        let block = Block(self.id("block", MAX_ID)?);
        self.make_block(block);
        self.targets.push((block, token));
        let args = match self.lexer.peek().kind {
            Kind::Mark('(') => self.list(Self::value)?,
            _ => Vec::new(),
        };
        let args = self.func.list(&args);
        Ok(Target { block, args })
    }

    fn targets(&mut self, most: u32) -> Result<Targets> {
        let mut targets = Vec::from([self.target()?]);
        while (targets.len() as u32) < most && self.lexer.has(',')? {
            targets.push(self.target()?);
        }
        Ok(self.func.target_list(&targets))
    }
}
