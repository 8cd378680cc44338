//! Addresses: what an access can say by itself.

use super::super::inst::Area;
use super::Lower;
use crate::regalloc::interface::VReg;
use tierra_asm::x64::{Label, Scale};
use tierra_ir::{BinaryOp, InstData, MemFlags, Value};

/// `start + index * scale + disp`
#[derive(Clone, Copy)]
pub(super) struct Address {
    pub start: Start,
    pub index: Option<(VReg, Scale)>,
    pub disp: i32,
    /// The trap that a fault means, or 0.
    pub trap: u8,
    /// Where the access is in the source, if it can fault.
    pub location: u32,
    /// Whether registers are read after results are written.
    pub late: bool,
}

/// What an address starts from.
#[derive(Clone, Copy)]
pub(super) enum Start {
    None,
    Reg(VReg),
    Frame(Area),
    Label(Label),
    Symbol(u32),
}

impl Address {
    pub const NONE: Address = Address {
        start: Start::None,
        index: None,
        disp: 0,
        trap: 0,
        location: 0,
        late: false,
    };

    /// A place in the frame.
    pub fn frame(area: Area, disp: u32) -> Address {
        Address {
            start: Start::Frame(area),
            disp: disp as i32,
            ..Address::NONE
        }
    }

    /// In memory at a register.
    pub fn reg(base: VReg, disp: i32) -> Address {
        Address {
            start: Start::Reg(base),
            disp,
            ..Address::NONE
        }
    }

    pub fn late(mut self) -> Address {
        self.late = true;
        self
    }
}

/// A sum of values that is an address.
#[derive(Clone, Copy, Default)]
struct Sum {
    base: Option<Value>,
    index: Option<(Value, u8)>,
    frame: Option<u32>,
    disp: i32,
}

impl Lower<'_> {
    /// The address `value + offset`, for an access.
    pub(super) fn address(&mut self, value: Value, offset: i32, flags: MemFlags) -> Address {
        let sum = self.sum(value, offset);
        let mut address = self.address_of(sum);
        address.trap = flags.trap;
        address.location = self.location;
        address
    }

    /// The address that an instruction computes.
    pub(super) fn address_of_inst(&mut self, data: &InstData) -> Address {
        match *data {
            InstData::SlotAddress(slot) => Address::frame(Area::Slot(slot.0), 0),
            InstData::SymbolAddress(symbol) => Address {
                start: Start::Symbol(symbol.0),
                ..Address::NONE
            },
            _ => unreachable!("only these are addresses by themselves"),
        }
    }

    fn address_of(&mut self, sum: Sum) -> Address {
        let start = match (sum.frame, sum.base) {
            (Some(slot), _) => Start::Frame(Area::Slot(slot)),
            (None, Some(base)) => Start::Reg(self.reg(base)),
            (None, None) => Start::None,
        };
        let index = sum.index.map(|(value, shift)| {
            let scale = [Scale::X1, Scale::X2, Scale::X4, Scale::X8][usize::from(shift)];
            (self.reg(value), scale)
        });
        Address {
            start,
            index,
            disp: sum.disp,
            ..Address::NONE
        }
    }

    fn sum(&mut self, value: Value, offset: i32) -> Sum {
        let mut sum = Sum {
            disp: offset,
            ..Sum::default()
        };
        let mut value = self.func.resolve(value);
        // Constants that are added, outermost first.
        while let Some((a, imm)) = self.plus_const(value) {
            let Some(disp) = sum.disp.checked_add(imm) else {
                break;
            };
            sum.disp = disp;
            value = a;
        }
        if let Some((
            _,
            InstData::Binary {
                op: BinaryOp::I64Add,
                args,
            },
        )) = self.near(value)
        {
            let before = sum;
            if self.add_value(&mut sum, args[0], 0) && self.add_value(&mut sum, args[1], 0) {
                return sum;
            }
            sum = before;
        }
        self.add_value(&mut sum, value, 0);
        sum
    }

    /// What a value is, if it is another one plus a constant.
    fn plus_const(&self, value: Value) -> Option<(Value, i32)> {
        match self.near(value)? {
            (
                _,
                InstData::Binary {
                    op: BinaryOp::I64Add,
                    args,
                },
            ) => {
                for (a, b) in [(args[0], args[1]), (args[1], args[0])] {
                    if let Some(imm) = self.imm(b) {
                        return Some((self.func.resolve(a), imm as i32));
                    }
                }
                None
            }
            (
                _,
                InstData::Binary {
                    op: BinaryOp::I64Sub,
                    args,
                },
            ) => {
                let imm = self.imm(args[1])?;
                Some((self.func.resolve(args[0]), i32::try_from(-imm).ok()?))
            }
            _ => None,
        }
    }

    /// Adds a value to a sum, if there is room for it.
    fn add_value(&mut self, sum: &mut Sum, value: Value, depth: u32) -> bool {
        let mut value = self.func.resolve(value);
        if let Some(imm) = self.imm(value)
            && let Some(disp) = sum.disp.checked_add(imm as i32)
            && sum.base.is_some() | sum.frame.is_some()
        {
            sum.disp = disp;
            return true;
        }
        if depth == 0
            && let Some((a, imm)) = self.plus_const(value)
            && let Some(disp) = sum.disp.checked_add(imm)
        {
            sum.disp = disp;
            value = a;
        }
        if let Some(inst) = self.func.def_inst(value)
            && let InstData::SlotAddress(slot) = *self.func.data(inst)
            && sum.base.is_none()
            && sum.frame.is_none()
        {
            sum.frame = Some(slot.0);
            return true;
        }
        if sum.index.is_none()
            && let Some((
                _,
                InstData::Binary {
                    op: BinaryOp::I64Shl,
                    args,
                },
            )) = self.near(value)
            && let Some(shift @ 0..=3) = self.int_const(args[1]).map(|shift| shift & 63)
        {
            sum.index = Some((args[0], shift as u8));
            return true;
        }
        if sum.base.is_none() && sum.frame.is_none() {
            sum.base = Some(value);
            return true;
        }
        if sum.index.is_none() {
            sum.index = Some((value, 0));
            return true;
        }
        false
    }
}
