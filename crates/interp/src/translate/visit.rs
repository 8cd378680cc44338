//! One method per operator: what the decoder calls. Families come from the operator tables.

use super::call::Target;
use super::heap::Immediates;
use super::{Result, Translator, Ty};
use crate::dispatch::handler;
use crate::operand::Args;
use crate::ops::atomic::*;
use crate::ops::branch::Unreachable;
use crate::ops::memory::{LoadId, StoreId};
use crate::ops::numeric::*;
use crate::ops::reference as builtin;
use crate::ops::variable::*;
use alloc::vec::Vec;
use tierra_core::index::{FuncIdx, TypeIdx};
use tierra_module::{heap_type, ref_type};
use tierra_vm::builtins::operation::{self, *};
use wasmparser::*;

/// Defines methods of the visitor.
macro_rules! visit {
    ($($name:ident, ($($arg:ident: $ty:ty),*) => |$t:ident| $body:expr)*) => {$(
        #[inline]
        fn $name(&mut self $(, $arg: $ty)*) -> Self::Output {
            let $t = self;
            $body
        }
    )*};
}

macro_rules! visit_unary {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident) -> $r:ident;)*) => {$(
        visit! { $visit, () => |t| t.unary(UnaryId::$op, Ty::$r) }
    )*};
}

macro_rules! visit_binary {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident, $order:ident;)*) => {$(
        visit! { $visit, () => |t| t.binary(BinaryId::$op, Ty::$r) }
    )*};
}

macro_rules! visit_compare {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident,
        swap $swap:ident $swap_f:ident, negate $negate:ident $negate_f:ident;)*) => {$(
        visit! { $visit, () => |t| t.compare(CompareId::$op) }
    )*};
}

macro_rules! visit_wide {
    ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> ($lo:ident, $hi:ident);)*) => {$(
        visit! { $visit, () => |t| t.wide(handler::<crate::ops::numeric::$op>(), [$(Ty::$a),*].len()) }
    )*};
}

macro_rules! visit_load {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident as $wide:ident -> $r:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) => |t| t.load(LoadId::$op, memarg, Ty::$r) }
    )*};
}

macro_rules! visit_store {
    ($($op:ident $f:ident $visit:ident $text:literal $v:ident as $memory:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) => |t| t.store(StoreId::$op, memarg) }
    )*};
}

macro_rules! visit_atomic_load {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident as $wide:ident -> $r:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) =>
            |t| t.atomic(ATOMIC_LOAD[AtomicLoadId::$op as usize], memarg, 1, Some(Ty::$r)) }
    )*};
}

macro_rules! visit_atomic_store {
    ($($op:ident $f:ident $visit:ident $text:literal $v:ident as $memory:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) =>
            |t| t.atomic(ATOMIC_STORE[AtomicStoreId::$op as usize], memarg, 2, None) }
    )*};
}

macro_rules! visit_atomic_rmw {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident $method:ident $v:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) =>
            |t| t.atomic(ATOMIC_RMW[AtomicRmwId::$op as usize], memarg, 2, Some(Ty::$v)) }
    )*};
}

macro_rules! visit_atomic_cmpxchg {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident $v:ident;)*) => {$(
        visit! { $visit, (memarg: MemArg) =>
            |t| t.atomic(ATOMIC_CMPXCHG[AtomicCmpxchgId::$op as usize], memarg, 3, Some(Ty::$v)) }
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

/// Immediate operands of a builtin.
fn imm(a: impl Into<u16>, b: u32, c: impl Into<u64>) -> Immediates {
    Immediates {
        a: a.into(),
        b,
        c: c.into(),
    }
}

/// Two flags in one operand.
fn flags(first: bool, second: bool) -> u16 {
    u16::from(first) | u16::from(second) << 1
}

impl<'a> VisitOperator<'a> for Translator<'_> {
    type Output = Result;

    #[cfg(feature = "simd")]
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
    visit! {
        visit_nop, () => |t| { t.begin_op(); Ok(()) }
        visit_unreachable, () => |t| {
            if t.begin_op() {
                t.mark();
                t.emit_instr::<Unreachable>(Args::default());
                t.unreachable_from_here();
            }
            Ok(())
        }
        visit_block, (ty: BlockType) => |t| t.block(ty)
        visit_loop, (ty: BlockType) => |t| t.loop_(ty)
        visit_if, (ty: BlockType) => |t| t.if_(ty)
        visit_else, () => |t| t.else_()
        visit_end, () => |t| t.end()
        visit_br, (depth: u32) => |t| t.br(depth)
        visit_br_if, (depth: u32) => |t| t.br_if(depth)
        visit_br_table, (table: BrTable<'a>) => |t| t.br_table(table)
        visit_return, () => |t| {
            if t.begin_op() {
                t.return_()?;
                t.unreachable_from_here();
            }
            Ok(())
        }
        visit_call, (f: u32) => |t| t.call(Target::Func(FuncIdx(f)), false)
        visit_return_call, (f: u32) => |t| t.call(Target::Func(FuncIdx(f)), true)
        visit_call_indirect, (ty: u32, table: u32) => |t| {
            let is_64 = t.table_is_64(table);
            t.call(Target::Indirect { ty: TypeIdx(ty), table, is_64 }, false)
        }
        visit_return_call_indirect, (ty: u32, table: u32) => |t| {
            let is_64 = t.table_is_64(table);
            t.call(Target::Indirect { ty: TypeIdx(ty), table, is_64 }, true)
        }
        visit_call_ref, (ty: u32) => |t| t.call(Target::Ref(TypeIdx(ty)), false)
        visit_return_call_ref, (ty: u32) => |t| t.call(Target::Ref(TypeIdx(ty)), true)
    }

    // Exceptions.
    visit! {
        visit_try_table, (table: TryTable) => |t| t.try_table(table)
        visit_throw, (tag: u32) => |t| t.throw(tag)
        visit_throw_ref, () => |t| t.throw_ref()
        visit_try, (ty: BlockType) => |t| t.legacy_try(ty)
        visit_catch, (tag: u32) => |t| t.legacy_catch(Some(tag))
        visit_catch_all, () => |t| t.legacy_catch(None)
        visit_rethrow, (depth: u32) => |t| t.rethrow(depth)
        visit_delegate, (depth: u32) => |t| t.delegate(depth)
    }

    // Parametric and variable operators, constants.
    visit! {
        visit_drop, () => |t| {
            if t.begin_op() {
                t.pop();
            }
            Ok(())
        }
        visit_select, () => |t| t.select()
        visit_typed_select, (_ty: ValType) => |t| t.select()
        visit_typed_select_multi, (_types: Vec<ValType>) => |t| t.select()
        visit_local_get, (local: u32) => |t| {
            if t.begin_op() { t.local_get(local) } else { Ok(()) }
        }
        visit_local_set, (local: u32) => |t| {
            if t.begin_op() {
                t.local_set(local);
            }
            Ok(())
        }
        visit_local_tee, (local: u32) => |t| {
            if t.begin_op() { t.local_tee(local) } else { Ok(()) }
        }
        visit_global_get, (global: u32) => |t| t.global_get(global)
        visit_global_set, (global: u32) => |t| t.global_set(global)
        visit_i32_const, (value: i32) => |t| t.constant(u64::from(value as u32), Ty::I32)
        visit_i64_const, (value: i64) => |t| t.constant(value as u64, Ty::I64)
        visit_f32_const, (value: Ieee32) => |t| t.constant(value.bits().into(), Ty::F32)
        visit_f64_const, (value: Ieee64) => |t| t.constant(value.bits(), Ty::F64)
    }

    // Memories.
    visit! {
        visit_memory_size, (m: u32) => |t| {
            let ty = t.memory_index_ty(m);
            t.builtin::<MemorySize>(0, imm(0u16, m, 0u32), Some(ty))
        }
        visit_memory_grow, (m: u32) => |t| {
            let (is_64, ty) = (t.memory_is_64(m), t.memory_index_ty(m));
            t.builtin::<MemoryGrow>(1, imm(is_64, m, 0u32), Some(ty))
        }
        visit_memory_fill, (m: u32) => |t| {
            let is_64 = t.memory_is_64(m);
            t.builtin::<MemoryFill>(3, imm(is_64, m, 0u32), None)
        }
        visit_memory_copy, (to: u32, from: u32) => |t| {
            let flags = flags(t.memory_is_64(to), t.memory_is_64(from));
            t.builtin::<MemoryCopy>(3, imm(flags, to, from), None)
        }
        visit_memory_init, (data: u32, m: u32) => |t| {
            let is_64 = t.memory_is_64(m);
            t.builtin::<MemoryInit>(3, imm(is_64, m, data), None)
        }
        visit_data_drop, (data: u32) => |t| t.builtin::<DataDrop>(0, imm(0u16, data, 0u32), None)
        visit_atomic_fence, (_ordering: Ordering) => |t| {
            if t.begin_op() {
                t.emit_instr::<Fence>(Args::default());
            }
            Ok(())
        }
        visit_memory_atomic_notify, (m: MemArg) =>
            |t| t.atomic(handler::<Notify>(), m, 2, Some(Ty::I32))
        visit_memory_atomic_wait32, (m: MemArg) =>
            |t| t.atomic(handler::<Wait32>(), m, 3, Some(Ty::I32))
        visit_memory_atomic_wait64, (m: MemArg) =>
            |t| t.atomic(handler::<Wait64>(), m, 3, Some(Ty::I32))
    }

    // Tables.
    visit! {
        visit_table_get, (table: u32) => |t| {
            let (is_64, ty) = (t.table_is_64(table), t.table_ty(table));
            t.builtin::<TableGet>(1, imm(is_64, table, 0u32), Some(ty))
        }
        visit_table_set, (table: u32) => |t| {
            let is_64 = t.table_is_64(table);
            t.builtin::<TableSet>(2, imm(is_64, table, 0u32), None)
        }
        visit_table_size, (table: u32) => |t| {
            let ty = t.table_index_ty(table);
            t.builtin::<TableSize>(0, imm(0u16, table, 0u32), Some(ty))
        }
        visit_table_grow, (table: u32) => |t| {
            let (is_64, ty) = (t.table_is_64(table), t.table_index_ty(table));
            t.builtin::<TableGrow>(2, imm(is_64, table, 0u32), Some(ty))
        }
        visit_table_fill, (table: u32) => |t| {
            let is_64 = t.table_is_64(table);
            t.builtin::<TableFill>(3, imm(is_64, table, 0u32), None)
        }
        visit_table_copy, (to: u32, from: u32) => |t| {
            let flags = flags(t.table_is_64(to), t.table_is_64(from));
            t.builtin::<TableCopy>(3, imm(flags, to, from), None)
        }
        visit_table_init, (elem: u32, table: u32) => |t| {
            let is_64 = t.table_is_64(table);
            t.builtin::<operation::TableInit>(3, imm(is_64, table, elem), None)
        }
        visit_elem_drop, (elem: u32) => |t| t.builtin::<ElemDrop>(0, imm(0u16, elem, 0u32), None)
    }

    // References.
    visit! {
        visit_ref_null, (heap: HeapType) => |t| t.ref_null(heap_type(heap)?)
        visit_ref_is_null, () => |t| t.ref_is_null()
        visit_ref_func, (f: u32) => |t| t.builtin::<RefFunc>(0, imm(0u16, f, 0u32), Some(Ty::FuncRef))
        visit_ref_eq, () => |t| t.compare(CompareId::I64Eq)
        visit_ref_as_non_null, () => |t| t.ref_as_non_null()
        visit_br_on_null, (depth: u32) => |t| t.br_on_null(depth)
        visit_br_on_non_null, (depth: u32) => |t| t.br_on_non_null(depth)
        visit_ref_test_non_null, (heap: HeapType) =>
            |t| t.ref_test(tierra_core::types::RefType::non_null(heap_type(heap)?))
        visit_ref_test_nullable, (heap: HeapType) =>
            |t| t.ref_test(tierra_core::types::RefType::nullable(heap_type(heap)?))
        visit_ref_cast_non_null, (heap: HeapType) =>
            |t| t.ref_cast(tierra_core::types::RefType::non_null(heap_type(heap)?))
        visit_ref_cast_nullable, (heap: HeapType) =>
            |t| t.ref_cast(tierra_core::types::RefType::nullable(heap_type(heap)?))
        visit_br_on_cast, (depth: u32, _from: RefType, to: RefType) =>
            |t| t.br_on_cast(depth, ref_type(to)?, true)
        visit_br_on_cast_fail, (depth: u32, _from: RefType, to: RefType) =>
            |t| t.br_on_cast(depth, ref_type(to)?, false)
        visit_any_convert_extern, () => |t| { t.convert_reference(); Ok(()) }
        visit_extern_convert_any, () => |t| { t.convert_reference(); Ok(()) }
        visit_ref_i31, () => |t| t.i31::<builtin::RefI31>(Ty::HeapRef)
        visit_i31_get_s, () => |t| t.i31::<builtin::I31GetS>(Ty::I32)
        visit_i31_get_u, () => |t| t.i31::<builtin::I31GetU>(Ty::I32)
    }

    // Structures and arrays.
    visit! {
        visit_struct_new, (ty: u32) => |t| t.struct_new(TypeIdx(ty))
        visit_struct_new_default, (ty: u32) =>
            |t| t.builtin::<StructNewDefault>(0, imm(0u16, ty, 0u32), Some(Ty::HeapRef))
        visit_struct_get, (ty: u32, field: u32) => |t| t.struct_get(TypeIdx(ty), field, false)
        visit_struct_get_s, (ty: u32, field: u32) => |t| t.struct_get(TypeIdx(ty), field, true)
        visit_struct_get_u, (ty: u32, field: u32) => |t| t.struct_get(TypeIdx(ty), field, false)
        visit_struct_set, (ty: u32, field: u32) => |t| t.struct_set(TypeIdx(ty), field)
        visit_array_new, (ty: u32) => |t| {
            let slots = t.element_slots(TypeIdx(ty));
            t.builtin::<ArrayNew>(2, imm(slots, ty, 0u32), Some(Ty::HeapRef))
        }
        visit_array_new_default, (ty: u32) =>
            |t| t.builtin::<ArrayNewDefault>(1, imm(0u16, ty, 0u32), Some(Ty::HeapRef))
        visit_array_new_fixed, (ty: u32, len: u32) => |t| {
            let operands = if t.reachable { len as usize } else { 0 };
            t.builtin::<ArrayNewFixed>(operands, imm(0u16, ty, len), Some(Ty::HeapRef))
        }
        visit_array_new_data, (ty: u32, data: u32) =>
            |t| t.builtin::<ArrayNewData>(2, imm(0u16, ty, data), Some(Ty::HeapRef))
        visit_array_new_elem, (ty: u32, elem: u32) =>
            |t| t.builtin::<ArrayNewElem>(2, imm(0u16, ty, elem), Some(Ty::HeapRef))
        visit_array_get, (ty: u32) => |t| t.array_get(TypeIdx(ty), false)
        visit_array_get_s, (ty: u32) => |t| t.array_get(TypeIdx(ty), true)
        visit_array_get_u, (ty: u32) => |t| t.array_get(TypeIdx(ty), false)
        visit_array_set, (ty: u32) => |t| t.array_set(TypeIdx(ty))
        visit_array_len, () => |t| t.array_len()
        visit_array_fill, (ty: u32) => |t| {
            let slots = t.element_slots(TypeIdx(ty));
            t.builtin::<ArrayFill>(4, imm(slots, ty, 0u32), None)
        }
        visit_array_copy, (to: u32, from: u32) => |t| t.builtin::<ArrayCopy>(5, imm(0u16, to, from), None)
        visit_array_init_data, (ty: u32, data: u32) =>
            |t| t.builtin::<ArrayInitData>(4, imm(0u16, ty, data), None)
        visit_array_init_elem, (ty: u32, elem: u32) =>
            |t| t.builtin::<ArrayInitElem>(4, imm(0u16, ty, elem), None)
    }
}

impl Translator<'_> {
    fn global_ty(&self, global: u32) -> Ty {
        super::ty(self.module, self.module.globals[global as usize].content)
    }

    fn global_get(&mut self, global: u32) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let ty = self.global_ty(global);
        let args = Args {
            b: global,
            ..Args::default()
        };
        match ty.class() {
            Some(class) => {
                // An `i32` or `i64` global is a whole slot, zero-extended.
                self.emit_result(CLASS[class].global_get, args, ty)?;
            }
            None => {
                self.emit_slot_result(handler::<GlobalGetVector>(), args, ty)?;
            }
        }
        Ok(())
    }

    fn global_set(&mut self, global: u32) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let Some(class) = self.global_ty(global).class() else {
            let a = self.pop_slot();
            self.emit_instr::<GlobalSetVector>(Args {
                dst: 0,
                a,
                b: global,
            });
            return Ok(());
        };
        match self.pop_slot_or_acc() {
            super::stack::Operand::Slot(a) => {
                self.emit(
                    CLASS[class].global_set[0],
                    Args {
                        dst: 0,
                        a,
                        b: global,
                    },
                );
            }
            _ => {
                self.emit(
                    CLASS[class].global_set[1],
                    Args {
                        dst: 0,
                        a: 0,
                        b: global,
                    },
                );
            }
        }
        Ok(())
    }
}

#[cfg(feature = "simd")]
mod simd {
    use super::*;
    use crate::ops::simd::*;

    macro_rules! visit_vector {
        ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident;)*) => {$(
            visit! { $visit, () => |t| {
                let handler = VECTOR[VectorId::$op as usize];
                t.vector(handler, [$(Ty::$a),*].len(), None, Ty::$r)
            } }
        )*};
    }

    macro_rules! visit_lane {
        ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident, lanes $lanes:literal;)*) => {$(
            visit! { $visit, (lane: u8) => |t| {
                let handler = LANE[LaneId::$op as usize];
                t.vector(handler, [$(Ty::$a),*].len(), Some(lane), Ty::$r)
            } }
        )*};
    }

    macro_rules! visit_vector_load {
        ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal;)*) => {$(
            visit! { $visit, (memarg: MemArg) =>
                |t| t.vector_load(&VECTOR_LOAD[VectorLoadId::$op as usize], memarg) }
        )*};
    }

    macro_rules! visit_vector_store {
        ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal;)*) => {$(
            visit! { $visit, (memarg: MemArg) =>
                |t| t.vector_store(&VECTOR_STORE[VectorStoreId::$op as usize], memarg) }
        )*};
    }

    macro_rules! visit_lane_load {
        ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal, lanes $lanes:literal;)*) => {$(
            visit! { $visit, (memarg: MemArg, lane: u8) =>
                |t| t.lane_memory(LANE_LOAD[LaneLoadId::$op as usize], memarg, lane, true) }
        )*};
    }

    macro_rules! visit_lane_store {
        ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal, lanes $lanes:literal;)*) => {$(
            visit! { $visit, (memarg: MemArg, lane: u8) =>
                |t| t.lane_memory(LANE_STORE[LaneStoreId::$op as usize], memarg, lane, false) }
        )*};
    }

    impl VisitSimdOperator<'_> for Translator<'_> {
        tierra_core::for_each_vector!(visit_vector);
        tierra_core::for_each_lane!(visit_lane);
        tierra_core::for_each_vector_load!(visit_vector_load);
        tierra_core::for_each_vector_store!(visit_vector_store);
        tierra_core::for_each_vector_lane_load!(visit_lane_load);
        tierra_core::for_each_vector_lane_store!(visit_lane_store);

        visit! {
            visit_v128_const, (value: V128) => |t| {
                if t.begin_op() {
                    let bits = value.i128() as u128;
                    t.emit_slot_result(handler::<Const128>(), Args::default(), Ty::V128)?;
                    t.emit_word(bits as u64);
                    t.emit_word((bits >> 64) as u64);
                }
                Ok(())
            }
            visit_i8x16_shuffle, (lanes: [u8; 16]) => |t| {
                if t.reachable {
                    t.vector(handler::<Shuffle>(), 2, None, Ty::V128)?;
                    let bits = u128::from_le_bytes(lanes);
                    t.emit_word(bits as u64);
                    t.emit_word((bits >> 64) as u64);
                }
                Ok(())
            }
        }
    }
}
