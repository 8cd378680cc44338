//! Writing the text form.

use crate::entity::{Inst, Value};
use crate::function::{Function, Inlined, Target, ValueList};
use crate::inst::{Callee, Effects, InstData, MemFlags};
use crate::types::{Signature, Type};
use core::fmt::{self, Display, Formatter};

impl Display for Signature {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", self.conv.name())?;
        commas(f, &self.params)?;
        f.write_str(") -> (")?;
        commas(f, &self.results)?;
        f.write_str(")")
    }
}

impl Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = self.name.escape_default();
        write!(f, "function \"{name}\" {}", self.signature)?;
        if let Some(index) = self.context_param {
            write!(f, " context {index}")?;
        }
        if let Some(limit) = self.stack_limit {
            let [first, second] = limit.offsets;
            write!(f, " stack_limit {first} {second} {}", limit.slow)?;
        }
        f.write_str(" {\n")?;
        for (index, bytes) in self.slots.iter().enumerate() {
            writeln!(f, "    slot{index} = slot {bytes}")?;
        }
        for (index, signature) in self.signatures.iter().enumerate() {
            writeln!(f, "    sig{index} = {signature}")?;
        }
        for (index, inlined) in self.inlined().iter().enumerate() {
            write!(f, "    place{index} = {}", inlined.location)?;
            match inlined.caller {
                Some(caller) => writeln!(f, " in {}", At(caller))?,
                None => f.write_str("\n")?,
            }
        }
        for &block in self.layout() {
            write!(f, "{block}")?;
            let params = self.params(block);
            if !params.is_empty() {
                f.write_str("(")?;
                commas(f, params.iter().map(|p| Typed(*p, self.ty(*p))))?;
                f.write_str(")")?;
            }
            f.write_str(if self.is_cold(block) {
                " cold:\n"
            } else {
                ":\n"
            })?;
            for inst in self.insts(block) {
                writeln!(f, "    {}", self.inst_text(inst))?;
            }
        }
        f.write_str("}\n")
    }
}

impl Function {
    /// The text form of one instruction.
    pub fn inst_text(&self, inst: Inst) -> InstText<'_> {
        InstText { func: self, inst }
    }
}

/// An instruction that can be printed.
pub struct InstText<'a> {
    func: &'a Function,
    inst: Inst,
}

struct Typed(Value, Type);

impl Display for Typed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0, self.1)
    }
}

/// A location.
struct At(u32);

impl Display for At {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match Inlined::index(self.0) {
            Some(index) => write!(f, "place{index}"),
            None => self.0.fmt(f),
        }
    }
}

/// An address and an offset.
struct Place(Value, i32);

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.1 {
            0 => self.0.fmt(f),
            offset => write!(f, "{}{offset:+}", self.0),
        }
    }
}

impl Display for MemFlags {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.class.0 != 0 {
            write!(f, " class {}", self.class.0)?;
        }
        if self.trap != 0 {
            write!(f, " trap {}", self.trap)?;
        }
        f.write_str(if self.readonly { " readonly" } else { "" })?;
        f.write_str(if self.anytime { " anytime" } else { "" })
    }
}

fn commas<T: Display>(f: &mut Formatter<'_>, items: impl IntoIterator<Item = T>) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}

impl Display for InstText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let results = self.func.results(self.inst);
        if results.len() > 0 {
            commas(f, results)?;
            f.write_str(" = ")?;
        }
        self.data(f)?;
        match self.func.location(self.inst) {
            0 => Ok(()),
            location => write!(f, " @{}", At(location)),
        }
    }
}

impl InstText<'_> {
    /// What an operand stands for. One that does not exist, in a function that the verifier
    /// refuses, prints as itself.
    fn value(&self, value: Value) -> Value {
        if value.index() < self.func.num_values() {
            self.func.resolve(value)
        } else {
            value
        }
    }

    fn values(&self, list: ValueList) -> impl Iterator<Item = Value> + '_ {
        self.func.values(list).iter().map(|v| self.value(*v))
    }

    fn args(&self, f: &mut Formatter<'_>, args: &[Value]) -> fmt::Result {
        f.write_str(" ")?;
        commas(f, args.iter().map(|v| self.value(*v)))
    }

    fn data(&self, f: &mut Formatter<'_>) -> fmt::Result {
        use InstData::*;
        match *self.func.data(self.inst) {
            Const { ty, bits } => match ty {
                Type::I32 => write!(f, "i32.const {}", bits as i32),
                Type::I64 => write!(f, "i64.const {}", bits as i64),
                ty => write!(f, "{ty}.const {bits:#x}"),
            },
            V128Const(constant) => {
                let bits = u128::from_le_bytes(self.func.constant_bytes(constant));
                write!(f, "v128.const {bits:#034x}")
            }
            Unary { op, arg } => write!(f, "{} {}", op.name(), self.value(arg)),
            Binary { op, args } => self.operator(f, op.name(), &args),
            Compare { op, args } => self.operator(f, op.name(), &args),
            Wide { op, args } => self.operator(f, op.name(), self.func.values(args)),
            Vector { op, args } => self.operator(f, op.name(), self.func.values(args)),
            Lane { op, lane, args } => {
                write!(f, "{} {lane}, ", op.name())?;
                commas(f, self.values(args))
            }
            Shuffle { args, mask } => {
                self.operator(f, "i8x16.shuffle", &args)?;
                for lane in self.func.constant_bytes(mask) {
                    write!(f, " {lane}")?;
                }
                Ok(())
            }
            Select { cond, args } => {
                write!(f, "select {}", self.func.ty(self.func.result(self.inst)))?;
                self.args(f, &[cond, args[0], args[1]])
            }
            RefToBits(arg) => self.operator(f, "ref_to_bits", &[arg]),
            BitsToRef(arg) => self.operator(f, "bits_to_ref", &[arg]),
            Fence => f.write_str("fence"),
            SlotAddress(slot) => write!(f, "slot_address {slot}"),
            SymbolAddress(symbol) => write!(f, "symbol_address {symbol}"),
            CalleeCell => f.write_str("callee_cell"),
            Poll {
                address,
                offset,
                slow,
            } => write!(f, "poll {}, {slow}", Place(self.value(address), offset)),
            TrapIf { cond, trap } => write!(f, "trap_if {}, {trap}", self.value(cond)),
            TrapUnless { cond, trap } => write!(f, "trap_unless {}, {trap}", self.value(cond)),
            Trap(trap) => write!(f, "trap {trap}"),
            Return(args) if args.is_empty() => f.write_str("return"),
            Return(args) => self.operator(f, "return", self.func.values(args)),
            Load { .. }
            | Store { .. }
            | AtomicLoad { .. }
            | AtomicStore { .. }
            | AtomicRmw { .. }
            | AtomicCmpxchg { .. } => self.memory(f),
            Call { .. }
            | TailCall { .. }
            | TryCall { .. }
            | Jump(_)
            | Branch { .. }
            | Switch { .. } => self.flow(f),
        }
    }

    fn operator(&self, f: &mut Formatter<'_>, name: &str, args: &[Value]) -> fmt::Result {
        f.write_str(name)?;
        self.args(f, args)
    }

    fn memory(&self, f: &mut Formatter<'_>) -> fmt::Result {
        use InstData::*;
        match *self.func.data(self.inst) {
            Load {
                access,
                flags,
                address,
                offset,
            } => {
                let place = Place(self.value(address), offset);
                write!(f, "load {} {place}{flags}", access.name())
            }
            Store {
                access,
                flags,
                address,
                value,
                offset,
            } => {
                let (place, value) = (Place(self.value(address), offset), self.value(value));
                write!(f, "store {} {place}, {value}{flags}", access.name())
            }
            AtomicLoad {
                access,
                flags,
                address,
            } => {
                let address = self.value(address);
                write!(f, "atomic_load {} {address}{flags}", access.name())
            }
            AtomicStore {
                access,
                flags,
                address,
                value,
            } => {
                write!(f, "atomic_store {}", access.name())?;
                self.args(f, &[address, value])?;
                flags.fmt(f)
            }
            AtomicRmw {
                op,
                access,
                flags,
                address,
                value,
            } => {
                write!(f, "atomic_rmw {} {}", op.name(), access.name())?;
                self.args(f, &[address, value])?;
                flags.fmt(f)
            }
            AtomicCmpxchg {
                access,
                flags,
                address,
                args,
            } => {
                write!(f, "atomic_cmpxchg {}", access.name())?;
                self.args(f, &[address, args[0], args[1]])?;
                flags.fmt(f)
            }
            _ => unreachable!("it is no access"),
        }
    }

    fn flow(&self, f: &mut Formatter<'_>) -> fmt::Result {
        use InstData::*;
        let data = *self.func.data(self.inst);
        match data {
            Jump(_) => f.write_str("jump ")?,
            Branch { cond, .. } => write!(f, "branch {}, ", self.value(cond))?,
            Switch { index, .. } => write!(f, "switch {}, ", self.value(index))?,
            Call {
                sig, callee, args, ..
            } => {
                write!(f, "call {sig} ")?;
                self.call(f, callee, args)?;
            }
            TailCall { sig, callee, args } => {
                write!(f, "tail_call {sig} ")?;
                self.call(f, callee, args)?;
            }
            TryCall {
                sig, callee, args, ..
            } => {
                write!(f, "try_call {sig} ")?;
                self.call(f, callee, args)?;
                f.write_str(", ")?;
            }
            _ => unreachable!("it is neither call nor jump"),
        }
        if let Call { effects, .. } = data {
            let name = effects.name();
            let space = if effects == Effects::All { "" } else { " " };
            write!(f, "{space}{name}")?;
        }
        let handlers = self.func.handlers(self.inst);
        for (index, target) in self.func.targets(data.targets()).iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            if let (TryCall { .. }, Some(handler)) = (data, index.checked_sub(1)) {
                match handlers.get(handler) {
                    Some(Some(tag)) => write!(f, "tag {tag} ")?,
                    _ => f.write_str("any ")?,
                }
            }
            self.target(f, target)?;
        }
        Ok(())
    }

    fn call(&self, f: &mut Formatter<'_>, callee: Callee, args: ValueList) -> fmt::Result {
        match callee {
            Callee::Symbol(symbol) => symbol.fmt(f)?,
            Callee::Address(address) => self.value(address).fmt(f)?,
            Callee::Cell(cell, offset) => write!(f, "[{}]", Place(self.value(cell), offset))?,
        }
        f.write_str("(")?;
        commas(f, self.values(args))?;
        f.write_str(")")
    }

    fn target(&self, f: &mut Formatter<'_>, target: &Target) -> fmt::Result {
        target.block.fmt(f)?;
        if target.args.is_empty() {
            return Ok(());
        }
        f.write_str("(")?;
        commas(f, self.values(target.args))?;
        f.write_str(")")
    }
}
