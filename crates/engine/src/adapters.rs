//! Between slots and the machine's registers: small functions for every signature.
//!
//! The *entry adapter* is called by Rust: it loads arguments from slots, calls a function of
//! convention `Guest`, and stores its results. What ends the run otherwise arrives at its handler,
//! which returns the status. The *slot adapter* is called by machine code in place of a function
//! that has no machine code: it stores its arguments to slots of its frame and calls
//! [`Special::CallSlots`]. The *direct adapter* stands for a host function that takes its arguments
//! in registers: it calls that as if it were a builtin.
//!
//! Entry adapters are part of a module's code, and so are slot adapters of a module whose functions
//! are compiled one by one. The others belong to the engine, and are made when machine code first
//! calls a function that wants one. They are never freed before it, so their memory has a bound: one
//! for hosts, which guests can't use up, and one for guests.
//!
//! They are written in the intermediate representation and compiled like everything else.

use crate::builtins::Special;
use crate::chunks::Chunks;
use crate::link::{self, STACK_LIMIT};
use crate::tables::Kind;
use crate::tier::module::caught;
use core::mem::offset_of;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tierra_codegen::Context;
use tierra_ir::builder::State;
use tierra_ir::{
    Access, AliasClass, Builder, CallConv, Callee, Effects, Function, InstData, MemFlags,
    Signature, Target, Type, Value,
};
use tierra_vm::{ExecContext, FuncRecord, Instance};

/// What a function takes and gives besides its context.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Shape {
    /// The types of the parameters.
    pub params: Vec<Type>,
    /// The types of the results.
    pub results: Vec<Type>,
}

/// Bytes of memory that adapters may take that belong to an engine: enough for a hundred thousand
/// types, and not much of what all engines of the process share.
const MOST: usize = 16 << 20;

const USED_UP: &str = "the memory for the ways between machine code and other code is used up, since \
     there are too many types of functions: use the tier `interp`";

/// Between whom an adapter stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// From Rust, arguments in slots, to machine code.
    In,
    /// From machine code to Rust, arguments in slots.
    Slots,
    /// From machine code to [`FuncRecord::host_direct`], arguments in registers.
    Direct,
}

/// Adapters that were made.
#[derive(Default)]
pub struct Adapters {
    known: HashMap<(Way, Shape), usize>,
    context: Option<Box<Context>>,
}

impl Adapters {
    /// The address of the adapter of a signature. If it is new it is added to code, which may take so
    /// many bytes of memory.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn get(
        &mut self,
        way: Way,
        shape: Shape,
        chunks: &mut Chunks,
        most: usize,
    ) -> Result<usize, String> {
        let key = (way, shape);
        if let Some(adapter) = self.known.get(&key) {
            return Ok(*adapter);
        }
        let renew = |context: &mut Option<Box<Context>>| *context = None;
        let adapter = caught(&mut self.context, renew, |context| {
            let (mut func, kind) = match way {
                Way::In => (entry_adapter(&key.1), Kind::Entry),
                Way::Slots => (slot_adapter(&key.1), Kind::Slots),
                Way::Direct => (direct_adapter(&key.1), Kind::Slots),
            };
            let context = context.get_or_insert_with(|| Box::new(Context::new(link::options())));
            let code = context.compile(&mut func);
            let code = code.map_err(|error| format!("cannot compile an adapter: {error}"))?;
            // There are few of them, so no memory is taken in advance.
            let least = chunks.least_for(code);
            if chunks.capacity() + least > most {
                return Err(USED_UP.into());
            }
            chunks.take(least)?;
            chunks.add(kind, code, &HashMap::new(), |_| {
                unreachable!("adapters call stubs only")
            })
        })?;
        self.known.insert(key, adapter);
        Ok(adapter)
    }
}

/// Adapters that belong to an engine.
pub struct Interner {
    inner: Mutex<(Adapters, Chunks)>,
    most: usize,
}

impl Interner {
    /// None yet; debuggers learn of those to come if they are to be told.
    pub fn new(debugger: bool) -> Self {
        Self {
            inner: Mutex::new((Adapters::default(), Chunks::new(debugger))),
            most: MOST,
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Adapters, Chunks)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of the adapter of a signature.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn get(&self, way: Way, shape: Shape) -> Result<usize, String> {
        let (adapters, chunks) = &mut *self.lock();
        adapters.get(way, shape, chunks, self.most)
    }

    /// The address of the stubs, for which memory is taken.
    ///
    /// # Errors
    /// When there is none.
    pub fn stubs(&self) -> Result<usize, String> {
        self.lock().1.first()
    }

    /// Bytes of memory that they take.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.lock().1.capacity()
    }
}

/// Slots: memory of nobody else.
const SLOTS: MemFlags = MemFlags::new(AliasClass::ANY);
const FIXED: MemFlags = MemFlags::new(AliasClass::ANY).readonly();

/// What stands in a slot for a type: narrow values are zero-extended.
fn store(b: &mut Builder<'_>, slots: Value, at: &mut i32, value: Value, ty: Type) {
    let wide = match ty {
        Type::I32 | Type::F32 | Type::Ref => {
            let zero = b.value(InstData::Const {
                ty: Type::I64,
                bits: 0,
            });
            Some(zero)
        }
        _ => None,
    };
    let mut put = |access, value| {
        b.push(InstData::Store {
            access,
            flags: SLOTS,
            address: slots,
            value,
            offset: *at,
        });
    };
    if let Some(zero) = wide {
        put(Access::I64, zero);
    }
    put(Access::of(ty), value);
    *at += slot_bytes(ty);
}

fn load(b: &mut Builder<'_>, slots: Value, at: &mut i32, ty: Type) -> Value {
    let offset = *at;
    *at += slot_bytes(ty);
    b.value(InstData::Load {
        access: Access::of(ty),
        flags: SLOTS,
        address: slots,
        offset,
    })
}

fn slot_bytes(ty: Type) -> i32 {
    if ty == Type::V128 { 16 } else { 8 }
}

fn pointer(b: &mut Builder<'_>, address: Value, offset: usize) -> Value {
    b.value(InstData::Load {
        access: Access::I64,
        flags: FIXED,
        address,
        offset: i32::try_from(offset).expect("structures are small"),
    })
}

fn guest(shape: &Shape) -> Signature {
    let context = [Type::I64];
    Signature {
        params: context.iter().chain(&shape.params).copied().collect(),
        results: shape.results.clone(),
        conv: CallConv::Guest,
    }
}

/// `(context, instance, slots, code) -> status`
pub fn entry_adapter(shape: &Shape) -> Function {
    let mut func = Function::new(
        "entry adapter",
        Signature {
            params: vec![Type::I64; 4],
            results: vec![Type::I32],
            conv: CallConv::C,
        },
    );
    let mut state = State::default();
    let mut b = Builder::new(&mut func, &mut state);
    let (entry, done, ended) = (b.block(), b.block(), b.block());
    let [_, instance, slots, code] = [(); 4].map(|()| b.func.append_param(entry, Type::I64));
    b.switch_to(entry);
    b.seal(entry);
    let mut args = vec![instance];
    let mut at = 0;
    for ty in &shape.params {
        args.push(load(&mut b, slots, &mut at, *ty));
    }
    let status = b.func.append_param(ended, Type::Ref);
    let sig = b.func.new_signature(guest(shape));
    let args = b.func.list(&args);
    let empty = b.func.list(&[]);
    let targets = b
        .func
        .target_list(&[done, ended].map(|block| Target { block, args: empty }));
    let call = b.push(InstData::TryCall {
        sig,
        callee: Callee::Address(code),
        args,
        targets,
    });
    b.func.set_handlers(call, vec![None]);
    let results: Vec<Value> = b.func.results(call).collect();

    b.switch_to(done);
    b.seal(done);
    let mut at = 0;
    for (value, ty) in results.into_iter().zip(&shape.results) {
        store(&mut b, slots, &mut at, value, *ty);
    }
    let zero = b.value(InstData::Const {
        ty: Type::I32,
        bits: 0,
    });
    let list = b.func.list(&[zero]);
    b.push(InstData::Return(list));

    b.switch_to(ended);
    b.seal(ended);
    let bits = b.value(InstData::RefToBits(status));
    let list = b.func.list(&[bits]);
    b.push(InstData::Return(list));
    b.finish();
    func
}

/// `(environment, parameters…) -> results`
fn slot_adapter(shape: &Shape) -> Function {
    let mut func = Function::new("slot adapter", guest(shape));
    func.context_param = Some(0);
    func.stack_limit = Some(STACK_LIMIT);
    let bytes = |types: &[Type]| types.iter().map(|t| slot_bytes(*t) as u32).sum::<u32>();
    let room = bytes(&shape.params).max(bytes(&shape.results)).max(8);
    let slot = func.new_slot(room);
    let mut state = State::default();
    let mut b = Builder::new(&mut func, &mut state);
    let entry = b.block();
    let environment = b.func.append_param(entry, Type::I64);
    let params: Vec<Value> = shape
        .params
        .iter()
        .map(|ty| b.func.append_param(entry, *ty))
        .collect();
    b.switch_to(entry);
    b.seal(entry);
    let record = b.value(InstData::CalleeCell);
    let slots = b.value(InstData::SlotAddress(slot));
    let mut at = 0;
    for (value, ty) in params.into_iter().zip(&shape.params) {
        store(&mut b, slots, &mut at, value, *ty);
    }
    let exec = pointer(&mut b, environment, offset_of!(Instance, exec));
    let table = pointer(&mut b, exec, offset_of!(ExecContext, builtins));
    let builtin = pointer(&mut b, table, Special::CallSlots.index() * 8);
    let sig = b.func.new_signature(Signature {
        params: vec![Type::I64; 3],
        results: Vec::new(),
        conv: CallConv::Builtin,
    });
    let args = b.func.list(&[environment, slots, record]);
    b.push(InstData::Call {
        sig,
        effects: Effects::All,
        callee: Callee::Address(builtin),
        args,
    });
    let mut at = 0;
    let results: Vec<Value> = shape
        .results
        .iter()
        .map(|ty| load(&mut b, slots, &mut at, *ty))
        .collect();
    let results = b.func.list(&results);
    b.push(InstData::Return(results));
    b.finish();
    func
}

/// `(environment, parameters…) -> results`
fn direct_adapter(shape: &Shape) -> Function {
    let sig = guest(shape);
    let mut func = Function::new("direct adapter", sig.clone());
    func.context_param = Some(0);
    func.stack_limit = Some(STACK_LIMIT);
    let mut state = State::default();
    let mut b = Builder::new(&mut func, &mut state);
    let entry = b.block();
    let args: Vec<Value> = sig
        .params
        .iter()
        .map(|ty| b.func.append_param(entry, *ty))
        .collect();
    b.switch_to(entry);
    b.seal(entry);
    let record = b.value(InstData::CalleeCell);
    let host = pointer(&mut b, record, offset_of!(FuncRecord, host_direct));
    let sig = b.func.new_signature(Signature {
        conv: CallConv::Builtin,
        ..sig
    });
    let args = b.func.list(&args);
    let call = b.push(InstData::Call {
        sig,
        effects: Effects::All,
        callee: Callee::Address(host),
        args,
    });
    let results: Vec<Value> = b.func.results(call).collect();
    let results = b.func.list(&results);
    b.push(InstData::Return(results));
    b.finish();
    func
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many types as a hostile series of modules could name.
    #[test]
    fn the_memory_of_an_engines_adapters_has_a_bound() {
        let mut adapters = Interner::new(false);
        adapters.most = 256 << 10;
        let shape = |bits: u32| Shape {
            params: (0..12)
                .map(|bit| [Type::I64, Type::F64][(bits >> bit & 1) as usize])
                .collect(),
            results: Vec::new(),
        };
        let get = |bits| adapters.get(Way::Slots, shape(bits));
        let made = (0..1 << 12).take_while(|bits| get(*bits).is_ok()).count();
        assert!((100..1 << 12).contains(&made), "{made}");
        let error = get(made as u32).unwrap_err();
        assert!(error.contains("is used up"), "{error}");
        // What there is stays.
        assert_eq!(get(0), get(0));
        assert!(get(0).is_ok());
        assert!(adapters.bytes() <= adapters.most);
        assert_eq!(adapters.lock().0.known.len(), made);
    }
}
