//! Atomic accesses to memory. Numbers narrower than the value are unsigned.

/// Calls a macro with the atomic loads, in the shape of [`for_each_load`](crate::for_each_load).
///
/// A row: `I32AtomicLoad8U i32_atomic_load8_u visit_i32_atomic_load8_u "i32.atomic.load8_u" u8 as u32 -> I32;`
#[macro_export]
macro_rules! for_each_atomic_load {
    ($m:ident) => {
        $m! {
            I32AtomicLoad i32_atomic_load visit_i32_atomic_load "i32.atomic.load" u32 as u32 -> I32;
            I64AtomicLoad i64_atomic_load visit_i64_atomic_load "i64.atomic.load" u64 as u64 -> I64;
            I32AtomicLoad8U i32_atomic_load8_u visit_i32_atomic_load8_u "i32.atomic.load8_u" u8 as u32 -> I32;
            I32AtomicLoad16U i32_atomic_load16_u visit_i32_atomic_load16_u "i32.atomic.load16_u" u16 as u32 -> I32;
            I64AtomicLoad8U i64_atomic_load8_u visit_i64_atomic_load8_u "i64.atomic.load8_u" u8 as u64 -> I64;
            I64AtomicLoad16U i64_atomic_load16_u visit_i64_atomic_load16_u "i64.atomic.load16_u" u16 as u64 -> I64;
            I64AtomicLoad32U i64_atomic_load32_u visit_i64_atomic_load32_u "i64.atomic.load32_u" u32 as u64 -> I64;
        }
    };
}

/// Calls a macro with the atomic stores, in the shape of [`for_each_store`](crate::for_each_store).
///
/// A row: `I32AtomicStore8 i32_atomic_store8 visit_i32_atomic_store8 "i32.atomic.store8" I32 as u8;`
#[macro_export]
macro_rules! for_each_atomic_store {
    ($m:ident) => {
        $m! {
            I32AtomicStore i32_atomic_store visit_i32_atomic_store "i32.atomic.store" I32 as u32;
            I64AtomicStore i64_atomic_store visit_i64_atomic_store "i64.atomic.store" I64 as u64;
            I32AtomicStore8 i32_atomic_store8 visit_i32_atomic_store8 "i32.atomic.store8" I32 as u8;
            I32AtomicStore16 i32_atomic_store16 visit_i32_atomic_store16 "i32.atomic.store16" I32 as u16;
            I64AtomicStore8 i64_atomic_store8 visit_i64_atomic_store8 "i64.atomic.store8" I64 as u8;
            I64AtomicStore16 i64_atomic_store16 visit_i64_atomic_store16 "i64.atomic.store16" I64 as u16;
            I64AtomicStore32 i64_atomic_store32 visit_i64_atomic_store32 "i64.atomic.store32" I64 as u32;
        }
    };
}

/// Calls a macro with the atomic read-modify-write operators: the Rust type of the number in memory,
/// the method of the atomic types of Rust that does it, and the type of the value.
///
/// A row: `I32AtomicRmw8AddU i32_atomic_rmw8_add_u visit_i32_atomic_rmw8_add_u "i32.atomic.rmw8.add_u" u8 fetch_add I32;`
#[macro_export]
macro_rules! for_each_atomic_rmw {
    ($m:ident) => {
        $m! {
            I32AtomicRmwAdd i32_atomic_rmw_add visit_i32_atomic_rmw_add "i32.atomic.rmw.add" u32 fetch_add I32;
            I64AtomicRmwAdd i64_atomic_rmw_add visit_i64_atomic_rmw_add "i64.atomic.rmw.add" u64 fetch_add I64;
            I32AtomicRmw8AddU i32_atomic_rmw8_add_u visit_i32_atomic_rmw8_add_u "i32.atomic.rmw8.add_u" u8 fetch_add I32;
            I32AtomicRmw16AddU i32_atomic_rmw16_add_u visit_i32_atomic_rmw16_add_u "i32.atomic.rmw16.add_u" u16 fetch_add I32;
            I64AtomicRmw8AddU i64_atomic_rmw8_add_u visit_i64_atomic_rmw8_add_u "i64.atomic.rmw8.add_u" u8 fetch_add I64;
            I64AtomicRmw16AddU i64_atomic_rmw16_add_u visit_i64_atomic_rmw16_add_u "i64.atomic.rmw16.add_u" u16 fetch_add I64;
            I64AtomicRmw32AddU i64_atomic_rmw32_add_u visit_i64_atomic_rmw32_add_u "i64.atomic.rmw32.add_u" u32 fetch_add I64;
            I32AtomicRmwSub i32_atomic_rmw_sub visit_i32_atomic_rmw_sub "i32.atomic.rmw.sub" u32 fetch_sub I32;
            I64AtomicRmwSub i64_atomic_rmw_sub visit_i64_atomic_rmw_sub "i64.atomic.rmw.sub" u64 fetch_sub I64;
            I32AtomicRmw8SubU i32_atomic_rmw8_sub_u visit_i32_atomic_rmw8_sub_u "i32.atomic.rmw8.sub_u" u8 fetch_sub I32;
            I32AtomicRmw16SubU i32_atomic_rmw16_sub_u visit_i32_atomic_rmw16_sub_u "i32.atomic.rmw16.sub_u" u16 fetch_sub I32;
            I64AtomicRmw8SubU i64_atomic_rmw8_sub_u visit_i64_atomic_rmw8_sub_u "i64.atomic.rmw8.sub_u" u8 fetch_sub I64;
            I64AtomicRmw16SubU i64_atomic_rmw16_sub_u visit_i64_atomic_rmw16_sub_u "i64.atomic.rmw16.sub_u" u16 fetch_sub I64;
            I64AtomicRmw32SubU i64_atomic_rmw32_sub_u visit_i64_atomic_rmw32_sub_u "i64.atomic.rmw32.sub_u" u32 fetch_sub I64;
            I32AtomicRmwAnd i32_atomic_rmw_and visit_i32_atomic_rmw_and "i32.atomic.rmw.and" u32 fetch_and I32;
            I64AtomicRmwAnd i64_atomic_rmw_and visit_i64_atomic_rmw_and "i64.atomic.rmw.and" u64 fetch_and I64;
            I32AtomicRmw8AndU i32_atomic_rmw8_and_u visit_i32_atomic_rmw8_and_u "i32.atomic.rmw8.and_u" u8 fetch_and I32;
            I32AtomicRmw16AndU i32_atomic_rmw16_and_u visit_i32_atomic_rmw16_and_u "i32.atomic.rmw16.and_u" u16 fetch_and I32;
            I64AtomicRmw8AndU i64_atomic_rmw8_and_u visit_i64_atomic_rmw8_and_u "i64.atomic.rmw8.and_u" u8 fetch_and I64;
            I64AtomicRmw16AndU i64_atomic_rmw16_and_u visit_i64_atomic_rmw16_and_u "i64.atomic.rmw16.and_u" u16 fetch_and I64;
            I64AtomicRmw32AndU i64_atomic_rmw32_and_u visit_i64_atomic_rmw32_and_u "i64.atomic.rmw32.and_u" u32 fetch_and I64;
            I32AtomicRmwOr i32_atomic_rmw_or visit_i32_atomic_rmw_or "i32.atomic.rmw.or" u32 fetch_or I32;
            I64AtomicRmwOr i64_atomic_rmw_or visit_i64_atomic_rmw_or "i64.atomic.rmw.or" u64 fetch_or I64;
            I32AtomicRmw8OrU i32_atomic_rmw8_or_u visit_i32_atomic_rmw8_or_u "i32.atomic.rmw8.or_u" u8 fetch_or I32;
            I32AtomicRmw16OrU i32_atomic_rmw16_or_u visit_i32_atomic_rmw16_or_u "i32.atomic.rmw16.or_u" u16 fetch_or I32;
            I64AtomicRmw8OrU i64_atomic_rmw8_or_u visit_i64_atomic_rmw8_or_u "i64.atomic.rmw8.or_u" u8 fetch_or I64;
            I64AtomicRmw16OrU i64_atomic_rmw16_or_u visit_i64_atomic_rmw16_or_u "i64.atomic.rmw16.or_u" u16 fetch_or I64;
            I64AtomicRmw32OrU i64_atomic_rmw32_or_u visit_i64_atomic_rmw32_or_u "i64.atomic.rmw32.or_u" u32 fetch_or I64;
            I32AtomicRmwXor i32_atomic_rmw_xor visit_i32_atomic_rmw_xor "i32.atomic.rmw.xor" u32 fetch_xor I32;
            I64AtomicRmwXor i64_atomic_rmw_xor visit_i64_atomic_rmw_xor "i64.atomic.rmw.xor" u64 fetch_xor I64;
            I32AtomicRmw8XorU i32_atomic_rmw8_xor_u visit_i32_atomic_rmw8_xor_u "i32.atomic.rmw8.xor_u" u8 fetch_xor I32;
            I32AtomicRmw16XorU i32_atomic_rmw16_xor_u visit_i32_atomic_rmw16_xor_u "i32.atomic.rmw16.xor_u" u16 fetch_xor I32;
            I64AtomicRmw8XorU i64_atomic_rmw8_xor_u visit_i64_atomic_rmw8_xor_u "i64.atomic.rmw8.xor_u" u8 fetch_xor I64;
            I64AtomicRmw16XorU i64_atomic_rmw16_xor_u visit_i64_atomic_rmw16_xor_u "i64.atomic.rmw16.xor_u" u16 fetch_xor I64;
            I64AtomicRmw32XorU i64_atomic_rmw32_xor_u visit_i64_atomic_rmw32_xor_u "i64.atomic.rmw32.xor_u" u32 fetch_xor I64;
            I32AtomicRmwXchg i32_atomic_rmw_xchg visit_i32_atomic_rmw_xchg "i32.atomic.rmw.xchg" u32 swap I32;
            I64AtomicRmwXchg i64_atomic_rmw_xchg visit_i64_atomic_rmw_xchg "i64.atomic.rmw.xchg" u64 swap I64;
            I32AtomicRmw8XchgU i32_atomic_rmw8_xchg_u visit_i32_atomic_rmw8_xchg_u "i32.atomic.rmw8.xchg_u" u8 swap I32;
            I32AtomicRmw16XchgU i32_atomic_rmw16_xchg_u visit_i32_atomic_rmw16_xchg_u "i32.atomic.rmw16.xchg_u" u16 swap I32;
            I64AtomicRmw8XchgU i64_atomic_rmw8_xchg_u visit_i64_atomic_rmw8_xchg_u "i64.atomic.rmw8.xchg_u" u8 swap I64;
            I64AtomicRmw16XchgU i64_atomic_rmw16_xchg_u visit_i64_atomic_rmw16_xchg_u "i64.atomic.rmw16.xchg_u" u16 swap I64;
            I64AtomicRmw32XchgU i64_atomic_rmw32_xchg_u visit_i64_atomic_rmw32_xchg_u "i64.atomic.rmw32.xchg_u" u32 swap I64;
        }
    };
}

/// Calls a macro with the atomic compare-and-exchange operators: the Rust type of the number in
/// memory and the type of the value. The expected value is compared in full, so one that doesn't
/// fit the number in memory equals none.
///
/// A row: `I32AtomicRmw8CmpxchgU i32_atomic_rmw8_cmpxchg_u visit_i32_atomic_rmw8_cmpxchg_u "i32.atomic.rmw8.cmpxchg_u" u8 I32;`
#[macro_export]
macro_rules! for_each_atomic_cmpxchg {
    ($m:ident) => {
        $m! {
            I32AtomicRmwCmpxchg i32_atomic_rmw_cmpxchg visit_i32_atomic_rmw_cmpxchg "i32.atomic.rmw.cmpxchg" u32 I32;
            I64AtomicRmwCmpxchg i64_atomic_rmw_cmpxchg visit_i64_atomic_rmw_cmpxchg "i64.atomic.rmw.cmpxchg" u64 I64;
            I32AtomicRmw8CmpxchgU i32_atomic_rmw8_cmpxchg_u visit_i32_atomic_rmw8_cmpxchg_u "i32.atomic.rmw8.cmpxchg_u" u8 I32;
            I32AtomicRmw16CmpxchgU i32_atomic_rmw16_cmpxchg_u visit_i32_atomic_rmw16_cmpxchg_u "i32.atomic.rmw16.cmpxchg_u" u16 I32;
            I64AtomicRmw8CmpxchgU i64_atomic_rmw8_cmpxchg_u visit_i64_atomic_rmw8_cmpxchg_u "i64.atomic.rmw8.cmpxchg_u" u8 I64;
            I64AtomicRmw16CmpxchgU i64_atomic_rmw16_cmpxchg_u visit_i64_atomic_rmw16_cmpxchg_u "i64.atomic.rmw16.cmpxchg_u" u16 I64;
            I64AtomicRmw32CmpxchgU i64_atomic_rmw32_cmpxchg_u visit_i64_atomic_rmw32_cmpxchg_u "i64.atomic.rmw32.cmpxchg_u" u32 I64;
        }
    };
}
