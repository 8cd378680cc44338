//! The vocabulary of the Tierra WebAssembly engine.
//!
//! Everything that two parts of the engine must agree on is told once, here: the types
//! ([`types`]), the typed indices ([`index`]), the traps ([`Trap`]), the features
//! ([`Features`]), the table of operators ([`op`]), one pure function per numeric and vector
//! operator ([`sem`]), and the state in which functions change tiers ([`frame`]). The crate knows nothing of modules, memories or instances.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod features;
pub mod frame;
pub mod index;
pub mod op;
pub mod sem;
pub mod trap;
pub mod types;
pub mod v128;

pub use features::Features;
pub use frame::{FrameState, SlotType};
pub use trap::Trap;
pub use v128::V128;
