//! What is around translated functions: an instance, its execution context, a memory, and the
//! builtins of exceptions.

use crate::reference::{MEMORY, WINDOW};
use crate::value::{Exception, Value, slot_type};
use tierra_core::index::TagIdx;
use tierra_ir::eval::{Addressee, Stop, World};
use tierra_ir::{Function, Signature, Symbol};
use tierra_module::Module;
use tierra_vm::builtins::Builtin;
use tierra_vm::offsets;

/// The instance.
pub const INSTANCE: u64 = 0x1_0000;
const EXEC: u64 = 0x1_1000;
const MEMORY_DEF: u64 = 0x1_2000;
const BUILTINS: u64 = 0x1_3000;
const BUFFER: u64 = 0x1_4000;
const STATE_BYTES: u64 = 0x1000;
const LINEAR: u64 = 0x10_0000;
const SLOTS: u64 = 0x1000_0000;
/// Builtins are not at addresses of memory.
const CODE: u64 = 0xc0de_0000;

/// A world in which functions run.
pub struct Machine<'f> {
    module: &'f Module,
    functions: &'f [Function],
    /// Instance, context and buffer.
    state: Vec<u8>,
    pub memory: Vec<u8>,
    slots: Vec<u8>,
    pub exceptions: Vec<Exception>,
}

impl<'f> Machine<'f> {
    pub fn new(module: &'f Module, functions: &'f [Function], fuel: u64) -> Self {
        let mut this = Self {
            module,
            functions,
            state: vec![0; (BUFFER + STATE_BYTES - INSTANCE) as usize],
            memory: vec![0; WINDOW],
            slots: Vec::new(),
            exceptions: Vec::new(),
        };
        let mut put = |at: u64, offset: i32, value: u64| {
            this.store(at.wrapping_add_signed(offset.into()), 8, value.into())
                .expect("it is memory");
        };
        put(INSTANCE, offsets::INSTANCE_EXEC, EXEC);
        put(INSTANCE, offsets::INSTANCE_MEMORY0, MEMORY_DEF);
        put(MEMORY_DEF, offsets::MEMORY_BASE, LINEAR);
        put(MEMORY_DEF, offsets::MEMORY_LEN, MEMORY);
        put(EXEC, offsets::EXEC_BUILTINS, BUILTINS);
        put(EXEC, offsets::EXEC_OSR_BUFFER, BUFFER);
        put(EXEC, offsets::EXEC_FUEL, fuel);
        for builtin in [Builtin::ExnNew, Builtin::ExnFields, Builtin::Throw] {
            let number = builtin as u64;
            put(BUILTINS, 8 * number as i32, CODE + number);
        }
        this
    }

    /// What is left of the fuel.
    pub fn fuel(&mut self) -> u64 {
        let place = EXEC.wrapping_add_signed(offsets::EXEC_FUEL.into());
        self.load(place, 8).expect("it is memory") as u64
    }

    /// Writes what a function takes over.
    pub fn hand_over(&mut self, values: &[Value]) {
        self.put_values(BUFFER, values);
    }

    fn put_values(&mut self, mut at: u64, values: &[Value]) {
        for value in values {
            let bytes = 8 * value.ty.slots() as u32;
            self.store(at, bytes, value.bits).expect("it is memory");
            at += u64::from(bytes);
        }
    }

    fn bytes(&mut self, address: u64, bytes: u32) -> Option<&mut [u8]> {
        let (bytes_of, start) = match address {
            SLOTS.. => (&mut self.slots, SLOTS),
            LINEAR.. => (&mut self.memory, LINEAR),
            _ => (&mut self.state, INSTANCE),
        };
        let start = usize::try_from(address.checked_sub(start)?).ok()?;
        bytes_of.get_mut(start..start.checked_add(bytes as usize)?)
    }

    fn payload_types(&self, tag: u32) -> Vec<tierra_core::SlotType> {
        let ty = self.module.tags[TagIdx(tag).index()];
        let params = &self.module.func_type_at(ty).params;
        params
            .iter()
            .map(|ty| slot_type(self.module, *ty))
            .collect()
    }

    fn exception(&mut self, at: u64) -> u32 {
        self.load(at, 8).expect("it is memory") as u32
    }

    fn new_exception(&mut self, tag: u32, at: u64) {
        let mut place = at;
        let mut payload = Vec::new();
        for ty in self.payload_types(tag) {
            let bytes = 8 * ty.slots() as u32;
            let bits = self.load(place, bytes).expect("it is memory");
            payload.push(Value { ty, bits });
            place += u64::from(bytes);
        }
        self.exceptions.push(Exception { tag, payload });
        let reference = 2 * self.exceptions.len() as u32;
        self.put_values(at, &[Value::reference(reference)]);
    }
}

impl<'f> World<'f> for Machine<'f> {
    fn load(&mut self, address: u64, bytes: u32) -> Option<u128> {
        let range = self.bytes(address, bytes)?;
        let byte = |bits: u128, byte: &u8| bits << 8 | u128::from(*byte);
        Some(range.iter().rev().fold(0, byte))
    }

    fn store(&mut self, address: u64, bytes: u32, bits: u128) -> Option<()> {
        let range = self.bytes(address, bytes)?;
        range.copy_from_slice(&bits.to_le_bytes()[..bytes as usize]);
        Some(())
    }

    fn push_slots(&mut self, bytes: u64) -> u64 {
        let start = self.slots.len();
        self.slots.resize(start + bytes as usize, 0xa5);
        SLOTS + start as u64
    }

    fn pop_slots(&mut self, bytes: u64) {
        self.slots.truncate(self.slots.len() - bytes as usize);
    }

    fn symbol_address(&mut self, symbol: Symbol) -> u64 {
        unreachable!("nobody asks for the address of {symbol}")
    }

    fn function(&mut self, to: Addressee) -> Option<&'f Function> {
        match to {
            Addressee::Symbol(symbol) => self.functions.get(symbol.0 as usize),
            Addressee::Address(_) => None,
        }
    }

    fn call(
        &mut self,
        to: Addressee,
        _: &Signature,
        args: &[u128],
        _: &mut Vec<u128>,
    ) -> Result<(), Stop> {
        let Addressee::Address(code) = to else {
            unreachable!("all functions are there")
        };
        // Whoever is called may hand over a state of its own.
        let junk = [Value::reference(0xbad_bad1); 64];
        self.hand_over(&junk);
        let (at, number) = (args[1] as u64, code - CODE);
        if number == Builtin::ExnNew as u64 {
            self.new_exception(args[3] as u32, at);
        } else if number == Builtin::ExnFields as u64 {
            let exception = self.exception(at);
            let payload = self.exceptions[(exception / 2 - 1) as usize]
                .payload
                .clone();
            self.put_values(at, &payload);
        } else {
            let exception = self.exception(at);
            let tag = self.exceptions[(exception / 2 - 1) as usize].tag;
            return Err(Stop::Exception { tag, exception });
        }
        Ok(())
    }

    fn poll(&mut self, _: u64, _: Symbol) -> Result<(), Stop> {
        let junk = [Value::reference(0xbad_bad1); 64];
        self.hand_over(&junk);
        Ok(())
    }
}
