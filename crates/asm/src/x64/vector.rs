//! Operators on vectors of WebAssembly that are one instruction, or one and the same short way
//! around that there is none: which, for all compilers.

use super::Op;

/// How an operator is computed, if it is simple.
#[derive(Clone, Copy, Debug)]
pub enum Plan {
    /// `op(a, b)`
    Direct(Op),
    /// `op(b, a)`
    Swapped(Op),
    /// `op(a)`
    Unary(Op),
    /// The complement of `op(a, b)`
    Not(Op),
    /// `equal(op(a, b), a)`: an order by a minimum or maximum.
    EqualTo(Op, Op),
    /// The complement of that.
    NotEqualTo(Op, Op),
    /// A comparison of floats with a predicate, the operands exchanged if the flag is set.
    Compare(Op, i64, bool),
    /// `op(a, imm)`
    Rounded(Op, i64),
    /// `op(0, a)`
    FromZero(Op),
    /// `op` with the sign bits, or all others, of floats.
    Sign(Op, bool, bool),
    /// The result is a register, of lanes that are all equal to nothing: `equal(a, 0)`.
    AllTrue(Op),
    /// Something longer.
    Recipe,
}

/// Calls a macro with the operators that are simple, by the names of the operator table, and their
/// [`Plan`]s; `Op` and the plans have to be in scope.
///
/// A row: `I8x16Add => Direct(Op::Paddb);`
#[macro_export]
macro_rules! for_each_vector_plan {
    ($m:ident) => {
        $m! {
            I8x16Add => Direct(Op::Paddb);
            I8x16AddSatS => Direct(Op::Paddsb);
            I8x16AddSatU => Direct(Op::Paddusb);
            I8x16Sub => Direct(Op::Psubb);
            I8x16SubSatS => Direct(Op::Psubsb);
            I8x16SubSatU => Direct(Op::Psubusb);
            I8x16MinS => Direct(Op::Pminsb);
            I8x16MinU => Direct(Op::Pminub);
            I8x16MaxS => Direct(Op::Pmaxsb);
            I8x16MaxU => Direct(Op::Pmaxub);
            I8x16AvgrU => Direct(Op::Pavgb);
            I8x16NarrowI16x8S => Direct(Op::Packsswb);
            I8x16NarrowI16x8U => Direct(Op::Packuswb);
            I8x16Abs => Unary(Op::Pabsb);
            I8x16Neg => FromZero(Op::Psubb);
            I8x16Eq => Direct(Op::Pcmpeqb);
            I8x16Ne => Not(Op::Pcmpeqb);
            I8x16GtS => Direct(Op::Pcmpgtb);
            I8x16LtS => Swapped(Op::Pcmpgtb);
            I8x16LeS => EqualTo(Op::Pminsb, Op::Pcmpeqb);
            I8x16GeS => EqualTo(Op::Pmaxsb, Op::Pcmpeqb);
            I8x16LeU => EqualTo(Op::Pminub, Op::Pcmpeqb);
            I8x16GeU => EqualTo(Op::Pmaxub, Op::Pcmpeqb);
            I8x16GtU => NotEqualTo(Op::Pminub, Op::Pcmpeqb);
            I8x16LtU => NotEqualTo(Op::Pmaxub, Op::Pcmpeqb);
            I8x16AllTrue => AllTrue(Op::Pcmpeqb);
            I16x8Add => Direct(Op::Paddw);
            I16x8AddSatS => Direct(Op::Paddsw);
            I16x8AddSatU => Direct(Op::Paddusw);
            I16x8Sub => Direct(Op::Psubw);
            I16x8SubSatS => Direct(Op::Psubsw);
            I16x8SubSatU => Direct(Op::Psubusw);
            I16x8Mul => Direct(Op::Pmullw);
            I16x8MinS => Direct(Op::Pminsw);
            I16x8MinU => Direct(Op::Pminuw);
            I16x8MaxS => Direct(Op::Pmaxsw);
            I16x8MaxU => Direct(Op::Pmaxuw);
            I16x8AvgrU => Direct(Op::Pavgw);
            I16x8NarrowI32x4S => Direct(Op::Packssdw);
            I16x8NarrowI32x4U => Direct(Op::Packusdw);
            I16x8Abs => Unary(Op::Pabsw);
            I16x8Neg => FromZero(Op::Psubw);
            I16x8Eq => Direct(Op::Pcmpeqw);
            I16x8Ne => Not(Op::Pcmpeqw);
            I16x8GtS => Direct(Op::Pcmpgtw);
            I16x8LtS => Swapped(Op::Pcmpgtw);
            I16x8LeS => EqualTo(Op::Pminsw, Op::Pcmpeqw);
            I16x8GeS => EqualTo(Op::Pmaxsw, Op::Pcmpeqw);
            I16x8LeU => EqualTo(Op::Pminuw, Op::Pcmpeqw);
            I16x8GeU => EqualTo(Op::Pmaxuw, Op::Pcmpeqw);
            I16x8GtU => NotEqualTo(Op::Pminuw, Op::Pcmpeqw);
            I16x8LtU => NotEqualTo(Op::Pmaxuw, Op::Pcmpeqw);
            I16x8AllTrue => AllTrue(Op::Pcmpeqw);
            I32x4Add => Direct(Op::Paddd);
            I32x4Sub => Direct(Op::Psubd);
            I32x4Mul => Direct(Op::Pmulld);
            I32x4MinS => Direct(Op::Pminsd);
            I32x4MinU => Direct(Op::Pminud);
            I32x4MaxS => Direct(Op::Pmaxsd);
            I32x4MaxU => Direct(Op::Pmaxud);
            I32x4DotI16x8S => Direct(Op::Pmaddwd);
            I32x4Abs => Unary(Op::Pabsd);
            I32x4Neg => FromZero(Op::Psubd);
            I32x4Eq => Direct(Op::Pcmpeqd);
            I32x4Ne => Not(Op::Pcmpeqd);
            I32x4GtS => Direct(Op::Pcmpgtd);
            I32x4LtS => Swapped(Op::Pcmpgtd);
            I32x4LeS => EqualTo(Op::Pminsd, Op::Pcmpeqd);
            I32x4GeS => EqualTo(Op::Pmaxsd, Op::Pcmpeqd);
            I32x4LeU => EqualTo(Op::Pminud, Op::Pcmpeqd);
            I32x4GeU => EqualTo(Op::Pmaxud, Op::Pcmpeqd);
            I32x4GtU => NotEqualTo(Op::Pminud, Op::Pcmpeqd);
            I32x4LtU => NotEqualTo(Op::Pmaxud, Op::Pcmpeqd);
            I32x4AllTrue => AllTrue(Op::Pcmpeqd);
            I64x2Add => Direct(Op::Paddq);
            I64x2Sub => Direct(Op::Psubq);
            I64x2Neg => FromZero(Op::Psubq);
            I64x2Eq => Direct(Op::Pcmpeqq);
            I64x2Ne => Not(Op::Pcmpeqq);
            I64x2GtS => Direct(Op::Pcmpgtq);
            I64x2LtS => Swapped(Op::Pcmpgtq);
            I64x2LeS => Not(Op::Pcmpgtq);
            I64x2AllTrue => AllTrue(Op::Pcmpeqq);
            V128And => Direct(Op::Pand);
            V128Or => Direct(Op::Por);
            V128Xor => Direct(Op::Pxor);
            V128AndNot => Swapped(Op::Pandn);
            I16x8ExtendLowI8x16S => Unary(Op::Pmovsxbw);
            I16x8ExtendLowI8x16U => Unary(Op::Pmovzxbw);
            I32x4ExtendLowI16x8S => Unary(Op::Pmovsxwd);
            I32x4ExtendLowI16x8U => Unary(Op::Pmovzxwd);
            I64x2ExtendLowI32x4S => Unary(Op::Pmovsxdq);
            I64x2ExtendLowI32x4U => Unary(Op::Pmovzxdq);
            F32x4Add => Direct(Op::Addps);
            F32x4Sub => Direct(Op::Subps);
            F32x4Mul => Direct(Op::Mulps);
            F32x4Div => Direct(Op::Divps);
            // The instructions give the second operand unless the first is better.
            F32x4PMin => Swapped(Op::Minps);
            F32x4PMax => Swapped(Op::Maxps);
            F32x4Sqrt => Unary(Op::Sqrtps);
            F32x4Ceil => Rounded(Op::Roundps, 10);
            F32x4Floor => Rounded(Op::Roundps, 9);
            F32x4Trunc => Rounded(Op::Roundps, 11);
            F32x4Nearest => Rounded(Op::Roundps, 8);
            F32x4Abs => Sign(Op::Andps, false, true);
            F32x4Neg => Sign(Op::Xorps, false, false);
            F32x4Eq => Compare(Op::Cmpps, 0, false);
            F32x4Lt => Compare(Op::Cmpps, 1, false);
            F32x4Le => Compare(Op::Cmpps, 2, false);
            F32x4Ne => Compare(Op::Cmpps, 4, false);
            F32x4Gt => Compare(Op::Cmpps, 1, true);
            F32x4Ge => Compare(Op::Cmpps, 2, true);
            F64x2Add => Direct(Op::Addpd);
            F64x2Sub => Direct(Op::Subpd);
            F64x2Mul => Direct(Op::Mulpd);
            F64x2Div => Direct(Op::Divpd);
            F64x2PMin => Swapped(Op::Minpd);
            F64x2PMax => Swapped(Op::Maxpd);
            F64x2Sqrt => Unary(Op::Sqrtpd);
            F64x2Ceil => Rounded(Op::Roundpd, 10);
            F64x2Floor => Rounded(Op::Roundpd, 9);
            F64x2Trunc => Rounded(Op::Roundpd, 11);
            F64x2Nearest => Rounded(Op::Roundpd, 8);
            F64x2Abs => Sign(Op::Andpd, true, true);
            F64x2Neg => Sign(Op::Xorpd, true, false);
            F64x2Eq => Compare(Op::Cmppd, 0, false);
            F64x2Lt => Compare(Op::Cmppd, 1, false);
            F64x2Le => Compare(Op::Cmppd, 2, false);
            F64x2Ne => Compare(Op::Cmppd, 4, false);
            F64x2Gt => Compare(Op::Cmppd, 1, true);
            F64x2Ge => Compare(Op::Cmppd, 2, true);
            F32x4ConvertI32x4S => Unary(Op::Cvtdq2ps);
            F64x2ConvertLowI32x4S => Unary(Op::Cvtdq2pd);
            F32x4DemoteF64x2Zero => Unary(Op::Cvtpd2ps);
            F64x2PromoteLowF32x4 => Unary(Op::Cvtps2pd);
        }
    };
}
