//! A world for generated programs.

use super::{Rng, SCRATCH_BYTES};
use crate::entity::Symbol;
use crate::eval::{Addressee, Stop, World};
use crate::function::Function;
use crate::types::Signature;
use alloc::vec::Vec;

/// Where the memory is. Generated functions don't let addresses be seen, so that this may be
/// another one in each run.
pub const BASE: u64 = 0x10_0000;
const SLOTS: u64 = 0x4000_0000;
const SYMBOLS: u64 = 0x7000_0000;

/// The memory, the functions, and what is neither: a symbol without a function gives results
/// that depend on itself and on the arguments only ([`outside`]).
pub struct Scratch<'f> {
    /// The functions, by symbol.
    pub functions: &'f [Function],
    /// The memory.
    pub bytes: Vec<u8>,
    slots: Vec<u8>,
}

/// The memory that a seed gives.
pub fn memory(seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    (0..SCRATCH_BYTES).map(|_| rng.any() as u8).collect()
}

/// What a symbol without a function does with its arguments: the bits of its results, or the tag
/// of an exception. It is for others to do the same; what is `scratch` in a callable must not be
/// given to it.
///
/// # Errors
/// An exception, if `throws` and the arguments want it.
pub fn outside(
    symbol: Symbol,
    signature: &Signature,
    args: &[u128],
    throws: bool,
    results: &mut Vec<u128>,
) -> Result<(), Stop> {
    let mut seed = u64::from(symbol.0);
    for arg in args {
        seed = Rng::new(seed ^ *arg as u64 ^ (*arg >> 64) as u64).any();
    }
    let mut rng = Rng::new(seed);
    if throws && rng.one_in(3) {
        return Err(Stop::Exception {
            tag: rng.below(4) as u32,
            exception: rng.any() as u32,
        });
    }
    results.clear();
    results.extend(signature.results.iter().map(|ty| rng.bits(*ty)));
    Ok(())
}

impl<'f> Scratch<'f> {
    /// A world with this memory.
    pub fn new(functions: &'f [Function], bytes: Vec<u8>) -> Self {
        Self {
            functions,
            bytes,
            slots: Vec::new(),
        }
    }

    fn range(&mut self, address: u64, bytes: u32) -> Option<&mut [u8]> {
        let (memory, start) = if address >= SLOTS {
            (&mut self.slots, address - SLOTS)
        } else {
            (&mut self.bytes, address.checked_sub(BASE)?)
        };
        let start = usize::try_from(start).ok()?;
        memory.get_mut(start..start.checked_add(bytes as usize)?)
    }

    fn symbol(to: Addressee) -> Option<Symbol> {
        match to {
            Addressee::Symbol(symbol) => Some(symbol),
            Addressee::Address(address) => {
                let offset = address.checked_sub(SYMBOLS)?;
                (offset % 16 == 0).then_some(Symbol((offset / 16) as u32))
            }
        }
    }
}

impl<'f> World<'f> for Scratch<'f> {
    fn load(&mut self, address: u64, bytes: u32) -> Option<u128> {
        let range = self.range(address, bytes)?;
        let byte = |bits: u128, byte: &u8| bits << 8 | u128::from(*byte);
        Some(range.iter().rev().fold(0, byte))
    }

    fn store(&mut self, address: u64, bytes: u32, bits: u128) -> Option<()> {
        let range = self.range(address, bytes)?;
        range.copy_from_slice(&bits.to_le_bytes()[..bytes as usize]);
        Some(())
    }

    /// New slots are full of what nobody may depend on.
    fn push_slots(&mut self, bytes: u64) -> u64 {
        let start = self.slots.len();
        self.slots.resize(start + bytes as usize, 0xa5);
        SLOTS + start as u64
    }

    fn pop_slots(&mut self, bytes: u64) {
        self.slots.truncate(self.slots.len() - bytes as usize);
    }

    fn symbol_address(&mut self, symbol: Symbol) -> u64 {
        SYMBOLS + 16 * u64::from(symbol.0)
    }

    fn function(&mut self, to: Addressee) -> Option<&'f Function> {
        self.functions.get(Self::symbol(to)?.index())
    }

    fn call(
        &mut self,
        to: Addressee,
        signature: &Signature,
        args: &[u128],
        results: &mut Vec<u128>,
    ) -> Result<(), Stop> {
        let symbol = Self::symbol(to).expect("generated functions call symbols only");
        let throws = symbol.0 % 2 == 1;
        outside(symbol, signature, args, throws, results)
    }

    fn poll(&mut self, address: u64, _slow: Symbol) -> Result<(), Stop> {
        let limit = self.load(address, 8).ok_or(Stop::Fault(address))?;
        assert_eq!(limit, 0, "the stack is never below 0");
        Ok(())
    }
}
