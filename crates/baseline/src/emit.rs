//! Short ways to write instructions.

use crate::compiler::Compiler;
use crate::regs::Reg;
use crate::value::{Cond, Ty};
use tierra_asm::x64::abi::{SCRATCH, SCRATCH_XMM};
use tierra_asm::x64::{Arg, Cc, Gpr, Label, Mem, Op, Size, Xmm};

/// A place in the frame, from the frame pointer.
pub(crate) const fn frame(disp: i32) -> Mem {
    at(Gpr::RBP, disp)
}

/// A place at the end of the frame: arguments and results of calls.
pub(crate) const fn outgoing(offset: u32) -> Mem {
    at(Gpr::RSP, offset as i32)
}

pub(crate) const fn at(base: Gpr, disp: i32) -> Mem {
    Mem::Base { base, disp }
}

/// The size of operations on an integer type.
pub(crate) const fn size_of(ty: Ty) -> Size {
    match ty {
        Ty::I32 | Ty::Ref => Size::D,
        _ => Size::Q,
    }
}

impl Compiler<'_> {
    #[inline]
    pub fn rr(&mut self, op: Op, size: Size, d: Gpr, s: Gpr) {
        self.asm.emit_rr(op, size, d, s);
    }

    #[inline]
    pub fn ri(&mut self, op: Op, size: Size, d: Gpr, imm: i64) {
        self.asm.emit_ri(op, size, d, imm);
    }

    #[inline]
    pub fn rm(&mut self, op: Op, size: Size, d: Gpr, mem: Mem) {
        self.asm.emit_rm(op, size, d, mem);
    }

    #[inline]
    pub fn mr(&mut self, op: Op, size: Size, mem: Mem, s: Gpr) {
        self.asm.emit_mr(op, size, mem, s);
    }

    #[inline]
    pub fn mi(&mut self, op: Op, size: Size, mem: Mem, imm: i64) {
        self.asm.emit_mi(op, size, mem, imm);
    }

    /// An operation on a general register alone.
    #[inline]
    pub fn r(&mut self, op: Op, size: Size, d: Gpr) {
        self.asm.emit(op, size, &[Arg::R(d)]);
    }

    /// A vector from one.
    #[inline]
    pub fn xx(&mut self, op: Op, d: Xmm, s: Xmm) {
        self.asm.emit(op, Size::Q, &[Arg::X(d), Arg::X(s)]);
    }

    #[inline]
    pub fn xm(&mut self, op: Op, d: Xmm, mem: Mem) {
        self.asm.emit(op, Size::Q, &[Arg::X(d), Arg::M(mem)]);
    }

    #[inline]
    pub fn mx(&mut self, op: Op, mem: Mem, s: Xmm) {
        self.asm.emit(op, Size::Q, &[Arg::M(mem), Arg::X(s)]);
    }

    /// `d = op(a, b)`. Without AVX, `d` is `a` or not `b`.
    pub fn xxx(&mut self, op: Op, d: Xmm, a: Xmm, b: Arg) {
        let a = self.destructive(d, a, b);
        self.asm.emit(op, Size::Q, &[Arg::X(d), Arg::X(a), b]);
    }

    /// `d = op(a, b, imm)`, likewise.
    pub fn xxxi(&mut self, op: Op, d: Xmm, a: Xmm, b: Arg, imm: i64) {
        let a = self.destructive(d, a, b);
        self.asm
            .emit(op, Size::Q, &[Arg::X(d), Arg::X(a), b, Arg::I(imm)]);
    }

    /// Puts the first source where instructions without AVX want it.
    fn destructive(&mut self, d: Xmm, a: Xmm, b: Arg) -> Xmm {
        if self.avx || d == a {
            return a;
        }
        debug_assert!(b != Arg::X(d), "the second source would be overwritten");
        self.xx(Op::Movaps, d, a);
        d
    }

    pub fn zero_xmm(&mut self, d: Xmm) {
        self.asm
            .emit(Op::Xorps, Size::Q, &[Arg::X(d), Arg::X(d), Arg::X(d)]);
    }

    pub fn call_symbol(&mut self, symbol: u32) {
        self.asm.emit_call(symbol);
    }

    /// An integer constant. The flags stay as they are.
    #[inline]
    pub fn load_int(&mut self, d: Gpr, bits: u64) {
        match i32::try_from(bits as i64) {
            Ok(_) if bits > u64::from(u32::MAX) => {
                self.ri(Op::Mov, Size::Q, d, bits as i64);
            }
            _ if bits <= u64::from(u32::MAX) => self.ri(Op::Mov, Size::D, d, bits as i64),
            _ => self.ri(Op::Mov, Size::Q, d, bits as i64),
        }
    }

    /// A constant of any type but vectors. The flags stay as they are.
    pub fn load_const(&mut self, d: Reg, bits: u64, ty: Ty) {
        if !d.is_vec() {
            return self.load_int(d.gpr(), bits);
        }
        if bits == 0 {
            return self.zero_xmm(d.xmm());
        }
        self.load_int(SCRATCH, bits);
        let op = if ty == Ty::F32 { Op::Movd } else { Op::Movq };
        self.asm
            .emit(op, Size::Q, &[Arg::X(d.xmm()), Arg::R(SCRATCH)]);
    }

    #[inline]
    pub fn move_reg(&mut self, d: Reg, s: Reg) {
        if d.is_vec() {
            self.xx(Op::Movaps, d.xmm(), s.xmm());
        } else {
            self.rr(Op::Mov, Size::Q, d.gpr(), s.gpr());
        }
    }

    #[inline]
    pub fn load(&mut self, d: Reg, mem: Mem, ty: Ty) {
        match ty {
            Ty::I32 | Ty::Ref => self.rm(Op::Mov, Size::D, d.gpr(), mem),
            Ty::I64 => self.rm(Op::Mov, Size::Q, d.gpr(), mem),
            Ty::F32 => self.xm(Op::Movss, d.xmm(), mem),
            Ty::F64 => self.xm(Op::Movsd, d.xmm(), mem),
            Ty::V128 => self.xm(Op::Movups, d.xmm(), mem),
        }
    }

    /// Writes a value to a place of ours: all eight bytes of general registers.
    #[inline]
    pub fn store(&mut self, mem: Mem, s: Reg, ty: Ty) {
        match ty {
            Ty::I32 | Ty::Ref | Ty::I64 => self.mr(Op::Mov, Size::Q, mem, s.gpr()),
            Ty::F32 => self.mx(Op::Movss, mem, s.xmm()),
            Ty::F64 => self.mx(Op::Movsd, mem, s.xmm()),
            Ty::V128 => self.mx(Op::Movups, mem, s.xmm()),
        }
    }

    /// Writes a value to its place in the frame.
    #[inline]
    pub fn store_home(&mut self, home: i32, s: Reg, ty: Ty) {
        self.lowest = self.lowest.min(home);
        self.store(frame(home), s, ty);
    }

    /// A constant to memory of ours; the scratch registers are used for large ones.
    pub fn store_const(&mut self, mem: Mem, bits: u64) {
        if i32::try_from(bits as i64).is_ok() {
            self.mi(Op::Mov, Size::Q, mem, bits as i64);
        } else {
            // The address may be made of the general scratch register.
            self.load_const(Reg::vec(SCRATCH_XMM), bits, Ty::F64);
            self.mx(Op::Movsd, mem, SCRATCH_XMM);
        }
    }

    /// From one place of ours to another.
    pub fn copy_mem(&mut self, to: Mem, from: Mem, ty: Ty) {
        let op = if ty == Ty::V128 {
            Op::Movups
        } else {
            Op::Movsd
        };
        self.xm(op, SCRATCH_XMM, from);
        self.mx(op, to, SCRATCH_XMM);
    }

    /// To a label on a condition.
    pub fn jump_if(&mut self, cond: Cond, label: Label) {
        match cond {
            Cond::Cc(cc) => self.asm.jcc(cc, label),
            Cond::NotEqual => {
                self.asm.jcc(Cc::NE, label);
                self.asm.jcc(Cc::P, label);
            }
            Cond::Equal => {
                let not = self.asm.label();
                self.asm.jcc_short(Cc::P, not);
                self.asm.jcc(Cc::E, label);
                self.asm.bind(not);
            }
        }
    }

    /// Whether a condition holds, as a number.
    pub fn set_cond(&mut self, d: Gpr, cond: Cond) {
        let to = Arg::R(d);
        let scratch = Arg::R(SCRATCH);
        let mut both = |parity, zero, op| {
            self.asm.emit_cc(Op::Setcc, parity, Size::B, &[to]);
            self.asm.emit_cc(Op::Setcc, zero, Size::B, &[scratch]);
            self.asm.emit(op, Size::D, &[to, scratch]);
        };
        match cond {
            Cond::Cc(cc) => self.asm.emit_cc(Op::Setcc, cc, Size::B, &[to]),
            Cond::Equal => both(Cc::NP, Cc::E, Op::And),
            Cond::NotEqual => both(Cc::P, Cc::NE, Op::Or),
        }
        self.asm.emit(Op::Movzx8, Size::D, &[to, to]);
    }

    /// From here on, code comes from the operator at hand.
    #[inline]
    pub fn locate(&mut self) {
        self.locate_at(self.position);
    }

    pub fn locate_at(&mut self, position: u32) {
        if self.last_location != position {
            self.last_location = position;
            self.out.locations.push((self.asm.offset(), position));
        }
    }
}
