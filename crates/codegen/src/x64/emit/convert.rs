//! Conversions between floats and integers, and the order of floats: instructions do the common
//! case, and cold code the rest.

use super::super::abi::{SCRATCH, SCRATCH_XMM};
use super::super::inst::{FloatToInt, Inst};
use super::Emit;
use super::cold::Cold;
use tierra_asm::x64::{Arg, Cc, Gpr, Label, Mem, Op, Size, Xmm};
use tierra_core::Trap;

const SCRATCH_ARG: Arg = Arg::R(SCRATCH);

impl Emit<'_> {
    fn float_constant(&mut self, double: bool, value: f64) -> Arg {
        let label = if double {
            self.asm.constant(&value.to_bits().to_le_bytes())
        } else {
            self.asm.constant(&(value as f32).to_bits().to_le_bytes())
        };
        Arg::M(Mem::Label { label, disp: 0 })
    }

    /// Different numbers are ordered by the instruction; equal ones may be zeros of different
    /// sign, of which the bits are united or intersected.
    pub(super) fn min_max(&mut self, double: bool, inst: &Inst) {
        let (d, b) = (self.xmm(inst, 0), Arg::X(self.xmm(inst, 1)));
        let (compare, order, zeros) = match (double, inst.aux) {
            (false, 0) => (Op::Ucomiss, Op::Minss, Op::Orps),
            (false, _) => (Op::Ucomiss, Op::Maxss, Op::Andps),
            (true, 0) => (Op::Ucomisd, Op::Minsd, Op::Orps),
            (true, _) => (Op::Ucomisd, Op::Maxsd, Op::Andps),
        };
        let to = Arg::X(d);
        let (different, back, label) = (self.asm.label(), self.asm.label(), self.asm.label());
        self.asm.emit(compare, Size::Q, &[to, b]);
        self.asm.jcc_short(Cc::NE, different);
        self.asm.jcc(Cc::P, label);
        self.asm.emit(zeros, Size::Q, &[to, to, b]);
        self.asm.jmp_short(back);
        self.asm.bind(different);
        self.asm.emit(order, Size::Q, &[to, to, b]);
        self.asm.bind(back);
        self.state.cold.push(Cold::Nan {
            label,
            double,
            d,
            b,
            back,
        });
    }

    pub(super) fn float_to_int(&mut self, kind: FloatToInt, inst: &Inst) {
        let (d, a) = (self.gpr(inst, 0), self.xmm(inst, 1));
        let (label, back) = (self.asm.label(), self.asm.label());
        let op = if kind.double {
            Op::Cvttsd2si
        } else {
            Op::Cvttss2si
        };
        let to = Arg::R(d);
        match (inst.size, kind.signed) {
            (size, true) => {
                // What doesn't fit becomes the minimum: the only number less than itself minus 1.
                self.asm.emit(op, size, &[to, Arg::X(a)]);
                self.asm.emit(Op::Cmp, size, &[to, Arg::I(1)]);
                self.asm.jcc(Cc::O, label);
            }
            (Size::Q, false) => {
                self.asm.emit(op, Size::Q, &[to, Arg::X(a)]);
                self.asm.emit(Op::Test, Size::Q, &[to, to]);
                self.asm.jcc(Cc::S, label);
            }
            (_, false) => {
                self.asm.emit(op, Size::Q, &[to, Arg::X(a)]);
                self.asm.emit(Op::Mov, Size::Q, &[SCRATCH_ARG, to]);
                self.asm.emit(Op::Shr, Size::Q, &[SCRATCH_ARG, Arg::I(32)]);
                self.asm.jcc(Cc::NE, label);
            }
        }
        self.asm.bind(back);
        let (size, location) = (inst.size, inst.location);
        self.state.cold.push(Cold::FloatToInt {
            label,
            kind,
            size,
            d,
            a,
            back,
            location,
        });
    }

    /// The rest of a conversion, up to where it goes back.
    pub(super) fn float_to_int_cold(
        &mut self,
        kind: FloatToInt,
        size: Size,
        d: Gpr,
        a: Xmm,
        location: u32,
    ) {
        let compare = if kind.double {
            Op::Ucomisd
        } else {
            Op::Ucomiss
        };
        let done = self.asm.label();
        if kind.saturating {
            self.saturate(kind, size, d, a, done);
        } else {
            let invalid = self.trap_label(Trap::InvalidConversionToInteger as u8, location);
            let overflow = self.trap_label(Trap::IntegerOverflow as u8, location);
            self.asm.emit(compare, Size::Q, &[Arg::X(a), Arg::X(a)]);
            self.asm.jcc(Cc::P, invalid);
            match (kind.signed, size) {
                (true, _) => {
                    // Only what is rounded to the minimum is left: above the bound, below 0.
                    let (bound, wrong) = match (size, kind.double) {
                        (Size::Q, _) => (-9223372036854775808.0, Cc::B),
                        (_, false) => (-2147483648.0, Cc::B),
                        (_, true) => (-2147483649.0, Cc::BE),
                    };
                    let bound = self.float_constant(kind.double, bound);
                    self.asm.emit(compare, Size::Q, &[Arg::X(a), bound]);
                    self.asm.jcc(wrong, overflow);
                    let zero = self.float_constant(kind.double, 0.0);
                    self.asm.emit(compare, Size::Q, &[Arg::X(a), zero]);
                    self.asm.jcc(Cc::AE, overflow);
                }
                (false, Size::Q) => self.upper_half(kind, d, a, overflow),
                (false, _) => self.asm.jmp(overflow),
            }
        }
        self.asm.bind(done);
    }

    fn saturate(&mut self, kind: FloatToInt, size: Size, d: Gpr, a: Xmm, done: Label) {
        let compare = if kind.double {
            Op::Ucomisd
        } else {
            Op::Ucomiss
        };
        let to = Arg::R(d);
        let zero = self.float_constant(kind.double, 0.0);
        if kind.signed {
            // A NaN is 0, what is positive the maximum, what is negative the minimum already.
            let ordered = self.asm.label();
            self.asm.emit(compare, Size::Q, &[Arg::X(a), zero]);
            self.asm.jcc(Cc::NP, ordered);
            self.asm.emit(Op::Xor, Size::D, &[to, to]);
            self.asm.jmp(done);
            self.asm.bind(ordered);
            self.asm.jcc(Cc::B, done);
            let max = if size == Size::Q {
                i64::MAX
            } else {
                i64::from(i32::MAX)
            };
            self.asm.emit(Op::Mov, size, &[to, Arg::I(max)]);
            return;
        }
        // What is not greater than 0, a NaN included, is 0.
        self.asm.emit(compare, Size::Q, &[Arg::X(a), zero]);
        self.asm.emit(Op::Mov, Size::D, &[to, Arg::I(0)]);
        self.asm.jcc(Cc::BE, done);
        if size == Size::Q {
            let large = self.asm.label();
            self.upper_half(kind, d, a, large);
            self.asm.jmp(done);
            self.asm.bind(large);
            self.asm.emit(Op::Mov, Size::Q, &[to, Arg::I(-1)]);
        } else {
            self.asm.emit(Op::Mov, Size::D, &[to, Arg::I(0xffff_ffff)]);
        }
    }

    /// A number of at least 2^63 as an unsigned integer; what is none goes to `wrong`.
    fn upper_half(&mut self, kind: FloatToInt, d: Gpr, a: Xmm, wrong: Label) {
        let (subtract, convert) = if kind.double {
            (Op::Subsd, Op::Cvttsd2si)
        } else {
            (Op::Subss, Op::Cvttss2si)
        };
        let (to, scratch) = (Arg::R(d), Arg::X(SCRATCH_XMM));
        let half = self.float_constant(kind.double, 9223372036854775808.0);
        self.asm.emit(Op::Movaps, Size::Q, &[scratch, Arg::X(a)]);
        self.asm.emit(subtract, Size::Q, &[scratch, scratch, half]);
        self.asm.emit(convert, Size::Q, &[to, scratch]);
        self.asm.emit(Op::Test, Size::Q, &[to, to]);
        self.asm.jcc(Cc::S, wrong);
        self.asm.emit(Op::Btc, Size::Q, &[to, Arg::I(63)]);
    }

    pub(super) fn unsigned_to_float(&mut self, double: bool, inst: &Inst) {
        let (d, a) = (self.xmm(inst, 0), self.gpr(inst, 1));
        let (label, back) = (self.asm.label(), self.asm.label());
        let op = if double { Op::Cvtsi2sd } else { Op::Cvtsi2ss };
        self.asm.emit(Op::Test, Size::Q, &[Arg::R(a), Arg::R(a)]);
        self.asm.jcc(Cc::S, label);
        self.asm
            .emit(op, Size::Q, &[Arg::X(d), Arg::X(d), Arg::R(a)]);
        self.asm.bind(back);
        self.state.cold.push(Cold::LargeUnsigned {
            label,
            double,
            d,
            a,
            back,
        });
    }

    /// Half of the number is converted and doubled. The lowest bit, which is lost, is kept in
    /// the one above, where it decides the rounding as it should.
    pub(super) fn large_unsigned(&mut self, double: bool, d: Xmm, a: Gpr) {
        let (convert, add) = if double {
            (Op::Cvtsi2sd, Op::Addsd)
        } else {
            (Op::Cvtsi2ss, Op::Addss)
        };
        let even = self.asm.label();
        let d = Arg::X(d);
        self.asm.emit(Op::Mov, Size::Q, &[SCRATCH_ARG, Arg::R(a)]);
        self.asm.emit(Op::Shr, Size::Q, &[SCRATCH_ARG, Arg::I(1)]);
        self.asm.jcc_short(Cc::AE, even);
        self.asm.emit(Op::Or, Size::Q, &[SCRATCH_ARG, Arg::I(1)]);
        self.asm.bind(even);
        self.asm.emit(convert, Size::Q, &[d, d, SCRATCH_ARG]);
        self.asm.emit(add, Size::Q, &[d, d, d]);
    }
}
