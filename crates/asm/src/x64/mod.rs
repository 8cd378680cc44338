//! x86-64: the table of instruction forms and the assembler that reads it.
//!
//! ```
//! use tierra_asm::x64::{Arg, Assembler, Cc, Features, Gpr, Mem, Op, Size};
//!
//! // The sum of the numbers from rdi down to 1.
//! let mut asm = Assembler::new(Features::baseline());
//! let again = asm.label();
//! asm.emit(Op::Mov, Size::D, &[Arg::R(Gpr::RAX), Arg::I(0)]);
//! asm.bind(again);
//! asm.emit(Op::Add, Size::Q, &[Arg::R(Gpr::RAX), Arg::R(Gpr::RDI)]);
//! asm.emit(Op::Sub, Size::Q, &[Arg::R(Gpr::RDI), Arg::I(1)]);
//! asm.jcc(Cc::NE, again);
//! asm.emit(Op::Mov, Size::Q, &[Arg::M(Mem::Base { base: Gpr::RSI, disp: 8 }), Arg::R(Gpr::RAX)]);
//! asm.emit(Op::Ret, Size::Q, &[]);
//! let code = asm.finish().expect("a few bytes");
//! assert_eq!(code.bytes.len(), 19);
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `reg` | registers, sizes, conditions |
//! | `arg` | operands as a compiler gives them |
//! | `features` | what a processor can do |
//! | `form` | what one row of the table says |
//! | `table` | the rows, by family |
//! | `select` | which form fits the operands |
//! | `address` | ModRM, SIB and displacement |
//! | `encode` | the bytes of one instruction |
//! | `direct` | a shorter way to the most frequent instructions |
//! | `assembler` | the buffer, labels and branches |
//! | `pool` | constants and jump tables behind the code |
//! | `nop` | padding |
//! | `vector` | operators on vectors of one instruction |
//! | [`abi`] | how functions call each other |

pub mod abi;
mod address;
mod arg;
mod assembler;
mod direct;
mod encode;
mod features;
mod form;
mod nop;
mod pool;
mod reg;
mod relax;
mod select;
mod table;
#[cfg(test)]
mod tests;
mod vector;

pub use arg::{Arg, Mem};
pub use assembler::{Assembler, Code, Label, Reloc, RelocKind, TooLarge};
pub use features::{Features, UnknownFeature};
pub use reg::{Cc, Gpr, Scale, Size, Xmm};
pub use relax::Moved;
pub use table::Op;
pub use vector::Plan;
