//! Running a function: what machine code is compared with, and how constants are folded.
//!
//! Numbers mean what [`op`](crate::op) says. Memory, calls to the outside and addresses are
//! those of a [`World`]. The evaluator takes one instruction after the other, without a thought
//! of speed; its stack is its own, so that neither the depth of the guest's calls nor the length
//! of a run is a danger to the host.
//!
//! Values are kept as their bits in a `u128`, zero-extended.

mod memory;
mod pure;

use crate::entity::{Inst, Symbol, Value};
use crate::function::{Function, Target, ValueList};
use crate::inst::{Callee, InstData};
use crate::types::Signature;
use alloc::vec::Vec;
pub use pure::compute;
use tierra_core::Trap;

/// Why a run ends without results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// A trap, by its code.
    Trap(u8),
    /// An exception that nobody caught.
    Exception {
        /// What handlers compare.
        tag: u32,
        /// What a handler gets: the bits of a reference.
        exception: u32,
    },
    /// An access to this address that can't fault faulted.
    Fault(u64),
    /// The fuel is used up.
    OutOfFuel,
    /// More than [`MAX_DEPTH`] functions wait for another.
    TooDeep,
}

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Stop {
        Stop::Trap(trap as u8)
    }
}

/// How many functions may be active.
pub const MAX_DEPTH: usize = 10_000;

/// Whom a call reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Addressee {
    /// A symbol.
    Symbol(Symbol),
    /// What is at an address.
    Address(u64),
}

/// What is around a function that runs.
pub trait World<'f> {
    /// The bytes at an address, the first one lowest; `None` if it faults.
    fn load(&mut self, address: u64, bytes: u32) -> Option<u128>;

    /// Writes the low bytes of a value; `None` if it faults.
    fn store(&mut self, address: u64, bytes: u32, bits: u128) -> Option<()>;

    /// Memory for the slots of a function that is entered, aligned to 16. Its end is told by
    /// [`World::pop_slots`], the newest first.
    fn push_slots(&mut self, bytes: u64) -> u64;

    /// A function with so many bytes of slots is left.
    fn pop_slots(&mut self, bytes: u64);

    /// The address of a symbol.
    fn symbol_address(&mut self, symbol: Symbol) -> u64;

    /// The function that a call reaches, if the evaluator is to run it.
    fn function(&mut self, to: Addressee) -> Option<&'f Function>;

    /// A call of what is no function to run. There are as many results as the signature has.
    ///
    /// # Errors
    /// What the callee ends with.
    fn call(
        &mut self,
        to: Addressee,
        signature: &Signature,
        args: &[u128],
        results: &mut Vec<u128>,
    ) -> Result<(), Stop>;

    /// A look at whether to stop, at the `i64` at an address.
    ///
    /// # Errors
    /// If it is to.
    fn poll(&mut self, address: u64, slow: Symbol) -> Result<(), Stop>;
}

/// The bytes that the slots of a function take, each aligned to 16.
pub fn slot_bytes(func: &Function) -> u64 {
    func.slots.iter().map(|bytes| slot_size(*bytes)).sum()
}

fn slot_size(bytes: u32) -> u64 {
    u64::from(bytes).next_multiple_of(16)
}

/// Runs a function on arguments. Each instruction costs one unit of fuel.
///
/// # Errors
/// Whatever it ends with that is no return.
///
/// # Panics
/// When there are more or fewer arguments than parameters, or the verifier would refuse it.
pub fn evaluate<'f>(
    world: &mut impl World<'f>,
    func: &'f Function,
    args: &[u128],
    fuel: &mut u64,
) -> Result<Vec<u128>, Stop> {
    let mut machine = Machine {
        world,
        frames: Vec::new(),
        values: Vec::new(),
        passed: args.to_vec(),
    };
    machine.enter(func, 0)?;
    loop {
        let done = match fuel.checked_sub(1) {
            Some(left) => {
                *fuel = left;
                machine.step()
            }
            None => Err(Stop::OutOfFuel),
        };
        match done {
            Ok(false) => {}
            Ok(true) => return Ok(machine.passed),
            Err(stop) => machine.unwind(stop)?,
        }
    }
}

struct Machine<'a, 'f, W> {
    world: &'a mut W,
    frames: Vec<Frame<'f>>,
    /// The values of all frames.
    values: Vec<u128>,
    /// Arguments or results on their way.
    passed: Vec<u128>,
}

struct Frame<'f> {
    func: &'f Function,
    /// The instruction at hand. A call stays it until it returns.
    inst: Inst,
    /// Where its values start.
    values: usize,
    slots: u64,
    cell: u64,
}

impl<'f, W: World<'f>> Machine<'_, 'f, W> {
    fn frame(&self) -> &Frame<'f> {
        self.frames.last().expect("a function runs")
    }

    fn func(&self) -> &'f Function {
        self.frame().func
    }

    fn get(&self, value: Value) -> u128 {
        let frame = self.frame();
        self.values[frame.values + frame.func.resolve(value).index()]
    }

    fn set(&mut self, value: Value, bits: u128) {
        let place = self.frame().values + value.index();
        self.values[place] = bits;
    }

    /// Passes values.
    fn pass(&mut self, list: ValueList) {
        let func = self.func();
        let mut passed = core::mem::take(&mut self.passed);
        passed.clear();
        passed.extend(func.values(list).iter().map(|value| self.get(*value)));
        self.passed = passed;
    }

    /// Starts a function on what was passed.
    fn enter(&mut self, func: &'f Function, cell: u64) -> Result<(), Stop> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(Stop::TooDeep);
        }
        let entry = func.entry();
        let values = self.values.len();
        self.values.resize(values + func.num_values(), 0);
        let slots = match slot_bytes(func) {
            0 => 0,
            bytes => self.world.push_slots(bytes),
        };
        self.frames.push(Frame {
            func,
            inst: func.first_inst(entry).expect("a block has a terminator"),
            values,
            slots,
            cell,
        });
        self.take_params(func.params(entry));
        Ok(())
    }

    fn take_params(&mut self, params: &[Value]) {
        assert_eq!(params.len(), self.passed.len(), "as many as are passed");
        for (index, param) in params.iter().enumerate() {
            self.set(*param, self.passed[index]);
        }
    }

    fn leave(&mut self) {
        let frame = self.frames.pop().expect("a function runs");
        self.values.truncate(frame.values);
        match slot_bytes(frame.func) {
            0 => {}
            bytes => self.world.pop_slots(bytes),
        }
    }

    fn go(&mut self, target: Target) {
        self.pass(target.args);
        let func = self.func();
        self.take_params(func.params(target.block));
        self.frames.last_mut().expect("a function runs").inst = func
            .first_inst(target.block)
            .expect("a block has a terminator");
    }

    fn go_on(&mut self) {
        let frame = self.frames.last_mut().expect("a function runs");
        let next = frame.func.next_inst(frame.inst);
        frame.inst = next.expect("it is no terminator");
    }

    /// Gives what was passed to the call that waits for it. Whether nobody waits.
    fn deliver(&mut self) -> bool {
        let Some(frame) = self.frames.last() else {
            return true;
        };
        let (func, inst) = (frame.func, frame.inst);
        let results = func.results(inst);
        assert_eq!(results.len(), self.passed.len(), "as many as are returned");
        for (index, result) in results.enumerate() {
            self.set(result, self.passed[index]);
        }
        match *func.data(inst) {
            InstData::TryCall { targets, .. } => self.go(func.targets(targets)[0]),
            _ => self.go_on(),
        }
        false
    }

    /// Ends functions until one handles an exception, or all.
    fn unwind(&mut self, stop: Stop) -> Result<(), Stop> {
        while let Some(frame) = self.frames.last() {
            let (func, inst) = (frame.func, frame.inst);
            if let (Stop::Exception { tag, exception }, InstData::TryCall { targets, .. }) =
                (stop, *func.data(inst))
            {
                let mut tags = func.handlers(inst).iter();
                if let Some(index) = tags.position(|t| t.is_none_or(|t| t == tag)) {
                    let handler = func.targets(targets)[index + 1];
                    self.go_to_handler(handler, exception);
                    return Ok(());
                }
            }
            self.leave();
        }
        Err(stop)
    }

    fn go_to_handler(&mut self, handler: Target, exception: u32) {
        let func = self.func();
        self.set(func.params(handler.block)[0], exception.into());
        self.frames.last_mut().expect("a function runs").inst = func
            .first_inst(handler.block)
            .expect("a block has a terminator");
    }

    /// Takes a step. Whether the last function has returned.
    fn step(&mut self) -> Result<bool, Stop> {
        use InstData::*;
        let (func, inst) = (self.func(), self.frame().inst);
        let data = *func.data(inst);
        if let Some(results) = compute(func, &data, |value| self.get(value)) {
            let results = results?;
            for (result, bits) in func.results(inst).zip(results) {
                self.set(result, bits);
            }
            self.go_on();
            return Ok(false);
        }
        match data {
            Jump(targets) => self.go(func.targets(targets)[0]),
            Branch { cond, targets } => {
                let index = usize::from(self.get(cond) == 0);
                self.go(func.targets(targets)[index]);
            }
            Switch { index, targets } => {
                let last = targets.len() - 1;
                let index = last.min(self.get(index) as usize);
                self.go(func.targets(targets)[index]);
            }
            Return(args) => {
                self.pass(args);
                self.leave();
                return Ok(self.deliver());
            }
            Trap(trap) => return Err(Stop::Trap(trap)),
            TrapIf { cond, trap } if self.get(cond) != 0 => return Err(Stop::Trap(trap)),
            TrapUnless { cond, trap } if self.get(cond) == 0 => return Err(Stop::Trap(trap)),
            Call {
                sig, callee, args, ..
            }
            | TryCall {
                sig, callee, args, ..
            }
            | TailCall { sig, callee, args } => {
                let tail = matches!(data, TailCall { .. });
                return self.call(&func.signatures[sig.index()], callee, args, tail);
            }
            Poll {
                address,
                offset,
                slow,
            } => {
                let address = self.place(address, offset);
                self.world.poll(address, slow)?;
                self.go_on();
            }
            _ => {
                if let Some(result) = self.access(data)? {
                    self.set(func.result(inst), result);
                }
                self.go_on();
            }
        }
        Ok(false)
    }

    fn call(
        &mut self,
        signature: &Signature,
        callee: Callee,
        args: ValueList,
        tail: bool,
    ) -> Result<bool, Stop> {
        let mut cell = 0;
        let to = match callee {
            Callee::Symbol(symbol) => Addressee::Symbol(symbol),
            Callee::Address(address) => Addressee::Address(self.get(address) as u64),
            Callee::Cell(address, offset) => {
                cell = self.get(address) as u64;
                let place = self.place(address, offset);
                let address = self.world.load(place, 8).ok_or(Stop::Fault(place))?;
                Addressee::Address(address as u64)
            }
        };
        self.pass(args);
        if tail {
            self.leave();
        }
        if let Some(func) = self.world.function(to) {
            self.enter(func, cell)?;
            return Ok(false);
        }
        let args = core::mem::take(&mut self.passed);
        self.world.call(to, signature, &args, &mut self.passed)?;
        Ok(self.deliver())
    }
}
