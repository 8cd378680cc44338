//! The instructions, by family. Each family offers its handlers to the translator as tables or
//! functions; what an operator *does* is in [`tierra_core::sem`] and [`tierra_vm::builtins`].

pub(crate) mod atomic;
pub(crate) mod branch;
pub(crate) mod call;
#[cfg(tierra_compact)]
mod compact;
pub(crate) mod count;
pub(crate) mod exception;
pub(crate) mod memory;
pub(crate) mod numeric;
pub(crate) mod reference;
#[cfg(feature = "simd")]
pub(crate) mod simd;
pub(crate) mod variable;

/// The Rust type of a WebAssembly type in the operator tables.
macro_rules! rust_type {
    (I32) => {
        u32
    };
    (I64) => {
        u64
    };
    (F32) => {
        f32
    };
    (F64) => {
        f64
    };
    (V128) => {
        tierra_core::V128
    };
}
pub(crate) use rust_type;

/// Unwraps a `Result<T, Trap>` in a handler, or stops with the trap.
macro_rules! trap {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(trap) => return $crate::dispatch::Flow::Stop($crate::dispatch::Stop::trap(trap)),
        }
    };
}
pub(crate) use trap;
