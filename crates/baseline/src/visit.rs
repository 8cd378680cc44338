//! One method per operator: what the decoder calls. Families come from the operator tables.

use crate::atomic::Rmw;
use crate::builtin::imm;
use crate::call::Target;
use crate::compiler::{Compiler, Result};
use crate::lane::LaneOperator;
use crate::scalar::{Binary, Compare, Unary};
use crate::simd::VectorLoad;
use crate::value::Ty;
use tierra_asm::x64::{Op, Size};
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

const D: Size = Size::D;
const Q: Size = Size::Q;

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
