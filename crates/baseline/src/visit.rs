//! One method per operator: what the decoder calls. Families come from the operator tables.

use crate::atomic::Rmw;
use crate::builtin::imm;
use crate::call::Target;
use crate::compiler::{Compiler, Result};
use crate::convert::FloatToInt;
use crate::float::rounding;
use crate::simd::{LaneOperator, VectorLoad};
use crate::value::{Cond, Ty};
use tierra_asm::x64::{Cc, Op, Size};
use tierra_core::Trap;
use tierra_core::index::{FuncIdx, MemoryIdx, TypeIdx};
use tierra_module::{heap_type, ref_type};
use tierra_vm::builtins::{Builtin, VectorOperator};
use wasmparser::*;

/// Methods of the visitor for operators that are skipped where code can't be reached, and cost
/// one unit of fuel elsewhere.
macro_rules! visit {
    ($($name:ident, ($($arg:ident: $ty:ty),*) => |$t:ident| $body:expr)*) => {
        visit_when! { begin_op $($name, ($($arg: $ty),*) => |$t| $body)* }
    };
}

/// Those that can use a condition as it is.
macro_rules! visit_fusing {
    ($($name:ident, ($($arg:ident: $ty:ty),*) => |$t:ident| $body:expr)*) => {
        visit_when! { begin_fusing $($name, ($($arg: $ty),*) => |$t| $body)* }
    };
}

macro_rules! visit_when {
    ($begin:ident $($name:ident, ($($arg:ident: $ty:ty),*) => |$t:ident| $body:expr)*) => {$(
        #[inline]
        fn $name(&mut self $(, $arg: $ty)*) -> Self::Output {
            let $t = self;
            if $t.$begin() {
                #[allow(clippy::unit_arg, reason = "most operators can't fail")]
                return $crate::visit::Done::done($body);
            }
            Ok(())
        }
    )*};
}

/// Methods for operators that look after that themselves.
macro_rules! visit_structured {
    ($($name:ident, ($($arg:ident: $ty:ty),*) => |$t:ident| $body:expr)*) => {$(
        fn $name(&mut self $(, $arg: $ty)*) -> Self::Output {
            let $t = self;
            $body
        }
    )*};
}

/// What a method gives back: nothing, or maybe an error.
trait Done {
    fn done(self) -> Result;
}

impl Done for () {
    #[inline(always)]
    fn done(self) -> Result {
        Ok(())
    }
}

impl Done for Result {
    #[inline(always)]
    fn done(self) -> Result {
        self
    }
}

macro_rules! unary_enum {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident) -> $r:ident;)*) => {
        /// The scalar operators of one operand.
        #[derive(Clone, Copy)]
        enum Unary { $($op),* }
    };
}
tierra_core::for_each_unary!(unary_enum);

macro_rules! binary_enum {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident, $order:ident;)*) => {
        /// The scalar operators of two operands that are no comparisons.
        #[derive(Clone, Copy)]
        enum Binary { $($op),* }
    };
}
tierra_core::for_each_binary!(binary_enum);

macro_rules! compare_enum {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident,
        swap $swap:ident $swap_f:ident, negate $negate:ident $negate_f:ident;)*) => {
        /// The scalar comparisons.
        #[derive(Clone, Copy)]
        enum Compare { $($op),* }
    };
}
tierra_core::for_each_compare!(compare_enum);

macro_rules! visit_unary {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident) -> $r:ident;)*) => {$(
        visit_fusing! { $visit, () => |t| t.unary(Unary::$op) }
    )*};
}

macro_rules! visit_binary {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident, $order:ident;)*) => {$(
        visit! { $visit, () => |t| t.binary(Binary::$op) }
    )*};
}

macro_rules! visit_compare {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident,
        swap $swap:ident $swap_f:ident, negate $negate:ident $negate_f:ident;)*) => {$(
        visit! { $visit, () => |t| t.comparison(Compare::$op) }
    )*};
}

const D: Size = Size::D;
const Q: Size = Size::Q;

/// The conversion that an operator is.
const fn trunc(double: bool, size: Size, signed: bool, saturating: bool) -> FloatToInt {
    FloatToInt {
        double,
        size,
        signed,
        saturating,
    }
}

impl Compiler<'_> {
    #[inline(always)]
    fn unary(&mut self, op: Unary) {
        use Unary::*;
        if !matches!(op, I32Eqz) && self.has_flags {
            self.settle_flags();
        }
        match op {
            I32Eqz => self.eqz(Ty::I32),
            I64Eqz => self.eqz(Ty::I64),
            I32Clz => self.count_zeros(true, D),
            I32Ctz => self.count_zeros(false, D),
            I32Popcnt => self.int_unary(Op::Popcnt, D, Ty::I32, Ty::I32),
            I64Clz => self.count_zeros(true, Q),
            I64Ctz => self.count_zeros(false, Q),
            I64Popcnt => self.int_unary(Op::Popcnt, Q, Ty::I64, Ty::I64),
            F32Abs => self.float_sign(Op::Andps, false, true, Ty::F32),
            F32Neg => self.float_sign(Op::Xorps, false, false, Ty::F32),
            F32Ceil => self.float_unary(Op::Roundss, false, Some(rounding::CEIL)),
            F32Floor => self.float_unary(Op::Roundss, false, Some(rounding::FLOOR)),
            F32Trunc => self.float_unary(Op::Roundss, false, Some(rounding::TRUNC)),
            F32Nearest => self.float_unary(Op::Roundss, false, Some(rounding::NEAREST)),
            F32Sqrt => self.float_unary(Op::Sqrtss, false, None),
            F64Abs => self.float_sign(Op::Andps, true, true, Ty::F64),
            F64Neg => self.float_sign(Op::Xorps, true, false, Ty::F64),
            F64Ceil => self.float_unary(Op::Roundsd, true, Some(rounding::CEIL)),
            F64Floor => self.float_unary(Op::Roundsd, true, Some(rounding::FLOOR)),
            F64Trunc => self.float_unary(Op::Roundsd, true, Some(rounding::TRUNC)),
            F64Nearest => self.float_unary(Op::Roundsd, true, Some(rounding::NEAREST)),
            F64Sqrt => self.float_unary(Op::Sqrtsd, true, None),
            I32WrapI64 => self.int_unary(Op::Mov, D, Ty::I64, Ty::I32),
            I64ExtendI32S | I64Extend32S => self.int_unary(Op::Movsxd, Q, Ty::I32, Ty::I64),
            I64ExtendI32U => self.extend_unsigned(),
            I32Extend8S => self.int_unary(Op::Movsx8, D, Ty::I32, Ty::I32),
            I32Extend16S => self.int_unary(Op::Movsx16, D, Ty::I32, Ty::I32),
            I64Extend8S => self.int_unary(Op::Movsx8, Q, Ty::I64, Ty::I64),
            I64Extend16S => self.int_unary(Op::Movsx16, Q, Ty::I64, Ty::I64),
            I32TruncF32S => self.float_to_int(trunc(false, D, true, false)),
            I32TruncF32U => self.float_to_int(trunc(false, D, false, false)),
            I32TruncF64S => self.float_to_int(trunc(true, D, true, false)),
            I32TruncF64U => self.float_to_int(trunc(true, D, false, false)),
            I64TruncF32S => self.float_to_int(trunc(false, Q, true, false)),
            I64TruncF32U => self.float_to_int(trunc(false, Q, false, false)),
            I64TruncF64S => self.float_to_int(trunc(true, Q, true, false)),
            I64TruncF64U => self.float_to_int(trunc(true, Q, false, false)),
            I32TruncSatF32S => self.float_to_int(trunc(false, D, true, true)),
            I32TruncSatF32U => self.float_to_int(trunc(false, D, false, true)),
            I32TruncSatF64S => self.float_to_int(trunc(true, D, true, true)),
            I32TruncSatF64U => self.float_to_int(trunc(true, D, false, true)),
            I64TruncSatF32S => self.float_to_int(trunc(false, Q, true, true)),
            I64TruncSatF32U => self.float_to_int(trunc(false, Q, false, true)),
            I64TruncSatF64S => self.float_to_int(trunc(true, Q, true, true)),
            I64TruncSatF64U => self.float_to_int(trunc(true, Q, false, true)),
            F32ConvertI32S => self.int_to_float(false, D, Ty::I32),
            // The upper half of the register is zero.
            F32ConvertI32U => self.int_to_float(false, Q, Ty::I32),
            F32ConvertI64S => self.int_to_float(false, Q, Ty::I64),
            F32ConvertI64U => self.unsigned_to_float(false),
            F64ConvertI32S => self.int_to_float(true, D, Ty::I32),
            F64ConvertI32U => self.int_to_float(true, Q, Ty::I32),
            F64ConvertI64S => self.int_to_float(true, Q, Ty::I64),
            F64ConvertI64U => self.unsigned_to_float(true),
            F32DemoteF64 => self.float_convert(Op::Cvtsd2ss, Ty::F64, Ty::F32),
            F64PromoteF32 => self.float_convert(Op::Cvtss2sd, Ty::F32, Ty::F64),
            I32ReinterpretF32 => self.reinterpret(Ty::F32, Ty::I32),
            I64ReinterpretF64 => self.reinterpret(Ty::F64, Ty::I64),
            F32ReinterpretI32 => self.reinterpret(Ty::I32, Ty::F32),
            F64ReinterpretI64 => self.reinterpret(Ty::I64, Ty::F64),
        }
    }

    #[inline(always)]
    fn binary(&mut self, op: Binary) {
        use Binary::*;
        match op {
            I32Add => self.arithmetic(Op::Add, D, true),
            I32Sub => self.arithmetic(Op::Sub, D, false),
            I32Mul => self.multiply(D),
            I32DivS => self.divide(D, true, false),
            I32DivU => self.divide(D, false, false),
            I32RemS => self.divide(D, true, true),
            I32RemU => self.divide(D, false, true),
            I32And => self.arithmetic(Op::And, D, true),
            I32Or => self.arithmetic(Op::Or, D, true),
            I32Xor => self.arithmetic(Op::Xor, D, true),
            I32Shl => self.shift(Op::Shl, Some(Op::Shlx), D),
            I32ShrS => self.shift(Op::Sar, Some(Op::Sarx), D),
            I32ShrU => self.shift(Op::Shr, Some(Op::Shrx), D),
            I32Rotl => self.shift(Op::Rol, None, D),
            I32Rotr => self.shift(Op::Ror, None, D),
            I64Add => self.arithmetic(Op::Add, Q, true),
            I64Sub => self.arithmetic(Op::Sub, Q, false),
            I64Mul => self.multiply(Q),
            I64DivS => self.divide(Q, true, false),
            I64DivU => self.divide(Q, false, false),
            I64RemS => self.divide(Q, true, true),
            I64RemU => self.divide(Q, false, true),
            I64And => self.arithmetic(Op::And, Q, true),
            I64Or => self.arithmetic(Op::Or, Q, true),
            I64Xor => self.arithmetic(Op::Xor, Q, true),
            I64Shl => self.shift(Op::Shl, Some(Op::Shlx), Q),
            I64ShrS => self.shift(Op::Sar, Some(Op::Sarx), Q),
            I64ShrU => self.shift(Op::Shr, Some(Op::Shrx), Q),
            I64Rotl => self.shift(Op::Rol, None, Q),
            I64Rotr => self.shift(Op::Ror, None, Q),
            F32Add => self.float_arithmetic(Op::Addss, false),
            F32Sub => self.float_arithmetic(Op::Subss, false),
            F32Mul => self.float_arithmetic(Op::Mulss, false),
            F32Div => self.float_arithmetic(Op::Divss, false),
            F32Min => self.min_max(false, false),
            F32Max => self.min_max(false, true),
            F32Copysign => self.copysign(false),
            F64Add => self.float_arithmetic(Op::Addsd, true),
            F64Sub => self.float_arithmetic(Op::Subsd, true),
            F64Mul => self.float_arithmetic(Op::Mulsd, true),
            F64Div => self.float_arithmetic(Op::Divsd, true),
            F64Min => self.min_max(true, false),
            F64Max => self.min_max(true, true),
            F64Copysign => self.copysign(true),
        }
    }

    #[inline(always)]
    fn comparison(&mut self, op: Compare) {
        use Compare::*;
        const ABOVE: Cond = Cond::Cc(Cc::A);
        const NOT_BELOW: Cond = Cond::Cc(Cc::AE);
        match op {
            I32Eq => self.compare(D, Cc::E, Cc::E),
            I32Ne => self.compare(D, Cc::NE, Cc::NE),
            I32LtS => self.compare(D, Cc::L, Cc::G),
            I32LtU => self.compare(D, Cc::B, Cc::A),
            I32GtS => self.compare(D, Cc::G, Cc::L),
            I32GtU => self.compare(D, Cc::A, Cc::B),
            I32LeS => self.compare(D, Cc::LE, Cc::GE),
            I32LeU => self.compare(D, Cc::BE, Cc::AE),
            I32GeS => self.compare(D, Cc::GE, Cc::LE),
            I32GeU => self.compare(D, Cc::AE, Cc::BE),
            I64Eq => self.compare(Q, Cc::E, Cc::E),
            I64Ne => self.compare(Q, Cc::NE, Cc::NE),
            I64LtS => self.compare(Q, Cc::L, Cc::G),
            I64LtU => self.compare(Q, Cc::B, Cc::A),
            I64GtS => self.compare(Q, Cc::G, Cc::L),
            I64GtU => self.compare(Q, Cc::A, Cc::B),
            I64LeS => self.compare(Q, Cc::LE, Cc::GE),
            I64LeU => self.compare(Q, Cc::BE, Cc::AE),
            I64GeS => self.compare(Q, Cc::GE, Cc::LE),
            I64GeU => self.compare(Q, Cc::AE, Cc::BE),
            F32Eq => self.float_compare(false, Cond::Equal, false),
            F32Ne => self.float_compare(false, Cond::NotEqual, false),
            F32Lt => self.float_compare(false, ABOVE, true),
            F32Gt => self.float_compare(false, ABOVE, false),
            F32Le => self.float_compare(false, NOT_BELOW, true),
            F32Ge => self.float_compare(false, NOT_BELOW, false),
            F64Eq => self.float_compare(true, Cond::Equal, false),
            F64Ne => self.float_compare(true, Cond::NotEqual, false),
            F64Lt => self.float_compare(true, ABOVE, true),
            F64Gt => self.float_compare(true, ABOVE, false),
            F64Le => self.float_compare(true, NOT_BELOW, true),
            F64Ge => self.float_compare(true, NOT_BELOW, false),
        }
    }
}

macro_rules! visit_wide {
    ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> ($lo:ident, $hi:ident);)*) => {$(
        visit! { $visit, () => |t| wide!(t $op) }
    )*};
}

macro_rules! wide {
    ($t:ident I64Add128) => {
        $t.wide_add(Op::Add, Op::Adc)
    };
    ($t:ident I64Sub128) => {
        $t.wide_add(Op::Sub, Op::Sbb)
    };
    ($t:ident I64MulWideS) => {
        $t.wide_multiply(Op::Imul1)
    };
    ($t:ident I64MulWideU) => {
        $t.wide_multiply(Op::Mul1)
    };
}

/// What a load is: the number in memory, the value.
macro_rules! load {
    ($t:ident $memarg:ident u32 I32) => {
        $t.load_op(Op::Mov, D, 4, Ty::I32, $memarg)
    };
    ($t:ident $memarg:ident u64 I64) => {
        $t.load_op(Op::Mov, Q, 8, Ty::I64, $memarg)
    };
    ($t:ident $memarg:ident u32 F32) => {
        $t.load_op(Op::Movss, Q, 4, Ty::F32, $memarg)
    };
    ($t:ident $memarg:ident u64 F64) => {
        $t.load_op(Op::Movsd, Q, 8, Ty::F64, $memarg)
    };
    ($t:ident $memarg:ident i8 I32) => {
        $t.load_op(Op::Movsx8, D, 1, Ty::I32, $memarg)
    };
    ($t:ident $memarg:ident u8 I32) => {
        $t.load_op(Op::Movzx8, D, 1, Ty::I32, $memarg)
    };
    ($t:ident $memarg:ident i16 I32) => {
        $t.load_op(Op::Movsx16, D, 2, Ty::I32, $memarg)
    };
    ($t:ident $memarg:ident u16 I32) => {
        $t.load_op(Op::Movzx16, D, 2, Ty::I32, $memarg)
    };
    ($t:ident $memarg:ident i8 I64) => {
        $t.load_op(Op::Movsx8, Q, 1, Ty::I64, $memarg)
    };
    ($t:ident $memarg:ident u8 I64) => {
        $t.load_op(Op::Movzx8, D, 1, Ty::I64, $memarg)
    };
    ($t:ident $memarg:ident i16 I64) => {
        $t.load_op(Op::Movsx16, Q, 2, Ty::I64, $memarg)
    };
    ($t:ident $memarg:ident u16 I64) => {
        $t.load_op(Op::Movzx16, D, 2, Ty::I64, $memarg)
    };
    ($t:ident $memarg:ident i32 I64) => {
        $t.load_op(Op::Movsxd, Q, 4, Ty::I64, $memarg)
    };
    ($t:ident $memarg:ident u32 I64) => {
        $t.load_op(Op::Mov, D, 4, Ty::I64, $memarg)
    };
}

/// What a store is: the value, the number in memory.
macro_rules! store {
    ($t:ident $memarg:ident F32 u32) => {
        $t.store_op(Op::Movss, Q, 4, Ty::F32, $memarg)
    };
    ($t:ident $memarg:ident F64 u64) => {
        $t.store_op(Op::Movsd, Q, 8, Ty::F64, $memarg)
    };
    ($t:ident $memarg:ident $v:ident $memory:ident) => {
        $t.store_op(
            Op::Mov,
            size!($memory),
            size!($memory).bytes().into(),
            Ty::$v,
            $memarg,
        )
    };
}

macro_rules! size {
    (u8) => {
        Size::B
    };
    (u16) => {
        Size::W
    };
    (u32) => {
        Size::D
    };
    (u64) => {
        Size::Q
    };
}

macro_rules! rmw {
    (fetch_add) => {
        Rmw::Add
    };
    (fetch_sub) => {
        Rmw::Sub
    };
    (fetch_and) => {
        Rmw::And
    };
    (fetch_or) => {
        Rmw::Or
    };
    (fetch_xor) => {
        Rmw::Xor
    };
    (swap) => {
        Rmw::Exchange
    };
}

macro_rules! visit_load {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident as $wide:ident -> $r:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) => |t| load!(t memarg $memory $r) }
    )*};
}

macro_rules! visit_store {
    ($($op:ident $f:ident $visit:ident $text:literal $v:ident as $memory:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) => |t| store!(t memarg $v $memory) }
    )*};
}

macro_rules! visit_atomic_load {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident as $wide:ident -> $r:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) => |t| t.atomic_load(size!($memory), Ty::$r, memarg) }
    )*};
}

macro_rules! visit_atomic_store {
    ($($op:ident $f:ident $visit:ident $text:literal $v:ident as $memory:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) => |t| t.atomic_store(size!($memory), Ty::$v, memarg) }
    )*};
}

macro_rules! visit_atomic_rmw {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident $method:ident $v:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) =>
            |t| t.atomic_rmw(rmw!($method), size!($memory), Ty::$v, memarg) }
    )*};
}

macro_rules! visit_atomic_cmpxchg {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident $v:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) => |t| t.atomic_cmpxchg(size!($memory), Ty::$v, memarg) }
    )*};
}

/// The operators of proposals that the engine doesn't implement: validation refuses them.
macro_rules! refuse {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(refuse_one! { $proposal $visit ($($($arg: $argty),*)?) })*
    };
}

macro_rules! refuse_one {
    (stack_switching $($rest:tt)*) => { refuse_one! { @ $($rest)* } };
    (shared_everything_threads $($rest:tt)*) => { refuse_one! { @ $($rest)* } };
    (custom_descriptors $($rest:tt)*) => { refuse_one! { @ $($rest)* } };
    (memory_control $($rest:tt)*) => { refuse_one! { @ $($rest)* } };
    (acquire_release_atomics $($rest:tt)*) => { refuse_one! { @ $($rest)* } };
    (@ $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[cold]
        fn $visit(&mut self $(, _: $ty)*) -> Self::Output {
            unreachable!("validation refuses operators of proposals that are not implemented")
        }
    };
    ($($rest:tt)*) => {};
}

/// Two flags in one operand.
fn flags(first: bool, second: bool) -> u32 {
    u32::from(first) | u32::from(second) << 1
}

fn non_null(heap: HeapType) -> Result<tierra_core::types::RefType<TypeIdx>> {
    Ok(tierra_core::types::RefType::non_null(heap_type(heap)?))
}

fn nullable(heap: HeapType) -> Result<tierra_core::types::RefType<TypeIdx>> {
    Ok(tierra_core::types::RefType::nullable(heap_type(heap)?))
}

impl<'a> VisitOperator<'a> for Compiler<'_> {
    type Output = Result;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Result>> {
        Some(self)
    }

    tierra_core::for_each_unary!(visit_unary);
    tierra_core::for_each_binary!(visit_binary);
    tierra_core::for_each_compare!(visit_compare);
    tierra_core::for_each_wide!(visit_wide);
    tierra_core::for_each_load!(visit_load);
    tierra_core::for_each_store!(visit_store);
    tierra_core::for_each_atomic_load!(visit_atomic_load);
    tierra_core::for_each_atomic_store!(visit_atomic_store);
    tierra_core::for_each_atomic_rmw!(visit_atomic_rmw);
    tierra_core::for_each_atomic_cmpxchg!(visit_atomic_cmpxchg);
    for_each_visit_operator!(refuse);

    // Control.
    visit_structured! {
        visit_block, (ty: BlockType) => |t| t.block(ty)
        visit_loop, (ty: BlockType) => |t| t.loop_(ty)
        visit_if, (ty: BlockType) => |t| t.if_(ty)
        visit_else, () => |t| t.else_()
        visit_end, () => |t| t.end()
        visit_try_table, (table: TryTable) => |t| t.try_table(table)
        visit_try, (ty: BlockType) => |t| t.legacy_try(ty)
        visit_catch, (tag: u32) => |t| t.legacy_catch(Some(tag))
        visit_catch_all, () => |t| t.legacy_catch(None)
        visit_delegate, (_depth: u32) => |t| t.delegate()
    }
    visit! {
        visit_nop, () => |_t| ()
        visit_unreachable, () => |t| t.trap_here(Trap::Unreachable)
        visit_br, (depth: u32) => |t| t.br(depth)
                visit_br_table, (table: BrTable<'a>) => |t| t.br_table(table)
        visit_return, () => |t| {
            let depth = t.s.control.len() as u32 - 1;
            t.br(depth)
        }
        visit_call, (f: u32) => |t| t.call(Target::Func(FuncIdx(f)), false)
        visit_return_call, (f: u32) => |t| t.call(Target::Func(FuncIdx(f)), true)
        visit_call_indirect, (ty: u32, table: u32) =>
            |t| t.call(Target::Indirect { ty: TypeIdx(ty), table }, false)
        visit_return_call_indirect, (ty: u32, table: u32) =>
            |t| t.call(Target::Indirect { ty: TypeIdx(ty), table }, true)
        visit_call_ref, (ty: u32) => |t| t.call(Target::Ref(TypeIdx(ty)), false)
        visit_return_call_ref, (ty: u32) => |t| t.call(Target::Ref(TypeIdx(ty)), true)
        visit_throw, (tag: u32) => |t| t.throw(tag)
        visit_throw_ref, () => |t| t.throw_ref()
        visit_rethrow, (depth: u32) => |t| t.rethrow(depth)
    }

    visit_fusing! {
        visit_br_if, (depth: u32) => |t| t.br_if(depth)
        visit_select, () => |t| t.select()
        visit_typed_select, (_ty: ValType) => |t| t.select()
        visit_typed_select_multi, (_types: Vec<ValType>) => |t| t.select()
    }

    // Variable operators, constants.
    visit! {
        visit_drop, () => |t| t.drop_operands(1)
        visit_local_get, (local: u32) => |t| t.local_get(local)
        visit_local_set, (local: u32) => |t| t.local_set(local)
        visit_local_tee, (local: u32) => |t| t.local_tee(local)
        visit_global_get, (global: u32) => |t| t.global_get(global)
        visit_global_set, (global: u32) => |t| t.global_set(global)
        visit_i32_const, (value: i32) => |t| t.push_const(u64::from(value as u32), Ty::I32)
        visit_i64_const, (value: i64) => |t| t.push_const(value as u64, Ty::I64)
        visit_f32_const, (value: Ieee32) => |t| t.push_const(value.bits().into(), Ty::F32)
        visit_f64_const, (value: Ieee64) => |t| t.push_const(value.bits(), Ty::F64)
    }

    // Memories.
    visit! {
        visit_memory_size, (m: u32) => |t| t.memory_size(m)
        visit_memory_grow, (m: u32) => |t| t.memory_grow(m)
        visit_memory_fill, (m: u32) => |t| {
            let is_64 = t.memory_is_64(MemoryIdx(m));
            t.builtin(Builtin::MemoryFill, 3, imm(is_64, m, 0u32), None)
        }
        visit_memory_copy, (to: u32, from: u32) => |t| {
            let flags = flags(t.memory_is_64(MemoryIdx(to)), t.memory_is_64(MemoryIdx(from)));
            t.builtin(Builtin::MemoryCopy, 3, imm(flags, to, from), None)
        }
        visit_memory_init, (data: u32, m: u32) => |t| {
            let is_64 = t.memory_is_64(MemoryIdx(m));
            t.builtin(Builtin::MemoryInit, 3, imm(is_64, m, data), None)
        }
        visit_data_drop, (data: u32) =>
            |t| t.builtin(Builtin::DataDrop, 0, imm(0u32, data, 0u32), None)
        visit_atomic_fence, (_ordering: Ordering) => |t| t.fence()
        visit_memory_atomic_notify, (m: MemArg) =>
            |t| t.atomic_builtin(Builtin::AtomicNotify, m, D, 2)
        visit_memory_atomic_wait32, (m: MemArg) =>
            |t| t.atomic_builtin(Builtin::AtomicWait32, m, D, 3)
        visit_memory_atomic_wait64, (m: MemArg) =>
            |t| t.atomic_builtin(Builtin::AtomicWait64, m, Q, 3)
    }

    // Tables.
    visit! {
        visit_table_get, (table: u32) => |t| t.table_get(table)
        visit_table_set, (table: u32) => |t| t.table_set(table)
        visit_table_size, (table: u32) => |t| t.table_size(table)
        visit_table_grow, (table: u32) => |t| t.table_grow(table)
        visit_table_fill, (table: u32) => |t| {
            let is_64 = t.table_is_64(table);
            t.builtin(Builtin::TableFill, 3, imm(is_64, table, 0u32), None)
        }
        visit_table_copy, (to: u32, from: u32) => |t| {
            let flags = flags(t.table_is_64(to), t.table_is_64(from));
            t.builtin(Builtin::TableCopy, 3, imm(flags, to, from), None)
        }
        visit_table_init, (elem: u32, table: u32) => |t| {
            let is_64 = t.table_is_64(table);
            t.builtin(Builtin::TableInit, 3, imm(is_64, table, elem), None)
        }
        visit_elem_drop, (elem: u32) =>
            |t| t.builtin(Builtin::ElemDrop, 0, imm(0u32, elem, 0u32), None)
    }

    // References.
    visit! {
        visit_ref_null, (heap: HeapType) => |t| t.ref_null(heap_type(heap)?)
        visit_ref_is_null, () => |t| t.ref_is_null()
        visit_ref_func, (f: u32) => |t| t.ref_func(f)
        visit_ref_eq, () => |t| t.ref_eq()
        visit_ref_as_non_null, () => |t| t.ref_as_non_null()
        visit_br_on_null, (depth: u32) => |t| t.br_on_null(depth)
        visit_br_on_non_null, (depth: u32) => |t| t.br_on_non_null(depth)
        visit_ref_test_non_null, (heap: HeapType) => |t| t.ref_test(non_null(heap)?)
        visit_ref_test_nullable, (heap: HeapType) => |t| t.ref_test(nullable(heap)?)
        visit_ref_cast_non_null, (heap: HeapType) => |t| t.ref_cast(non_null(heap)?)
        visit_ref_cast_nullable, (heap: HeapType) => |t| t.ref_cast(nullable(heap)?)
        visit_br_on_cast, (depth: u32, _from: RefType, to: RefType) =>
            |t| t.br_on_cast(depth, ref_type(to)?, true)
        visit_br_on_cast_fail, (depth: u32, _from: RefType, to: RefType) =>
            |t| t.br_on_cast(depth, ref_type(to)?, false)
        // Only the type changes.
        visit_any_convert_extern, () => |_t| ()
        visit_extern_convert_any, () => |_t| ()
        visit_ref_i31, () => |t| t.ref_i31()
        visit_i31_get_s, () => |t| t.i31_get(Op::Sar)
        visit_i31_get_u, () => |t| t.i31_get(Op::Shr)
    }

    // Structures and arrays.
    visit! {
        visit_struct_new, (ty: u32) => |t| t.struct_new(TypeIdx(ty))
        visit_struct_new_default, (ty: u32) =>
            |t| t.allocate(Builtin::StructNewDefault, 0, imm(0u32, ty, 0u32))
        visit_struct_get, (ty: u32, field: u32) => |t| t.struct_get(TypeIdx(ty), field, false)
        visit_struct_get_s, (ty: u32, field: u32) => |t| t.struct_get(TypeIdx(ty), field, true)
        visit_struct_get_u, (ty: u32, field: u32) => |t| t.struct_get(TypeIdx(ty), field, false)
        visit_struct_set, (ty: u32, field: u32) => |t| t.struct_set(TypeIdx(ty), field)
        visit_array_new, (ty: u32) => |t| {
            let slots = t.element_slots(TypeIdx(ty));
            t.allocate(Builtin::ArrayNew, 2, imm(slots, ty, 0u32))
        }
        visit_array_new_default, (ty: u32) =>
            |t| t.allocate(Builtin::ArrayNewDefault, 1, imm(0u32, ty, 0u32))
        visit_array_new_fixed, (ty: u32, len: u32) =>
            |t| t.allocate(Builtin::ArrayNewFixed, len as usize, imm(0u32, ty, len))
        visit_array_new_data, (ty: u32, data: u32) =>
            |t| t.allocate(Builtin::ArrayNewData, 2, imm(0u32, ty, data))
        visit_array_new_elem, (ty: u32, elem: u32) =>
            |t| t.allocate(Builtin::ArrayNewElem, 2, imm(0u32, ty, elem))
        visit_array_get, (ty: u32) => |t| t.array_get(TypeIdx(ty), false)
        visit_array_get_s, (ty: u32) => |t| t.array_get(TypeIdx(ty), true)
        visit_array_get_u, (ty: u32) => |t| t.array_get(TypeIdx(ty), false)
        visit_array_set, (ty: u32) => |t| t.array_set(TypeIdx(ty))
        visit_array_len, () => |t| t.array_len()
        visit_array_fill, (ty: u32) => |t| {
            let slots = t.element_slots(TypeIdx(ty));
            t.builtin(Builtin::ArrayFill, 4, imm(slots, ty, 0u32), None)
        }
        visit_array_copy, (to: u32, from: u32) =>
            |t| t.builtin(Builtin::ArrayCopy, 5, imm(0u32, to, from), None)
        visit_array_init_data, (ty: u32, data: u32) =>
            |t| t.builtin(Builtin::ArrayInitData, 4, imm(0u32, ty, data), None)
        visit_array_init_elem, (ty: u32, elem: u32) =>
            |t| t.builtin(Builtin::ArrayInitElem, 4, imm(0u32, ty, elem), None)
    }
}

macro_rules! visit_vector {
    ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident;)*) => {$(
        visit! { $visit, () =>
            |t| t.vector(VectorOperator::$op, [$(Ty::$a),*].len(), Ty::$r) }
    )*};
}

macro_rules! visit_lane {
    ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident, lanes $lanes:literal;)*) => {$(
        visit! { $visit, (lane: u8) =>
            |t| t.lane(LaneOperator::$op, lane, Ty::$r) }
    )*};
}

macro_rules! visit_vector_load {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal;)*) => {$(
        visit! { $visit, (memarg: MemArg) => |t| t.vector_load(VectorLoad::$op, memarg) }
    )*};
}

macro_rules! visit_vector_store {
    ($($op:ident $f:ident $visit:ident $text:literal u128, bytes $bytes:literal;)*) => {$(
        visit! { $visit, (memarg: MemArg) => |t| t.store_op(Op::Movups, Q, 16, Ty::V128, memarg) }
    )*};
}

macro_rules! visit_lane_load {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal, lanes $lanes:literal;)*) => {$(
        visit! { $visit, (memarg: MemArg, lane: u8) => |t| t.lane_load($bytes, memarg, lane) }
    )*};
}

macro_rules! visit_lane_store {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal, lanes $lanes:literal;)*) => {$(
        visit! { $visit, (memarg: MemArg, lane: u8) => |t| t.lane_store($bytes, memarg, lane) }
    )*};
}

impl VisitSimdOperator<'_> for Compiler<'_> {
    tierra_core::for_each_vector!(visit_vector);
    tierra_core::for_each_lane!(visit_lane);
    tierra_core::for_each_vector_load!(visit_vector_load);
    tierra_core::for_each_vector_store!(visit_vector_store);
    tierra_core::for_each_vector_lane_load!(visit_lane_load);
    tierra_core::for_each_vector_lane_store!(visit_lane_store);

    visit! {
        visit_v128_const, (value: V128) => |t| t.vector_constant(*value.bytes())
        visit_i8x16_shuffle, (lanes: [u8; 16]) => |t| t.shuffle(lanes)
    }
}
