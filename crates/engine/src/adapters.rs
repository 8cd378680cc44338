//! Between slots and the machine's registers: small functions for every signature.
//!
//! The *entry adapter* is called by Rust: it loads arguments from slots, calls a function of
//! convention `Guest`, and stores its results. What ends the run otherwise arrives at its handler,
//! which returns the status. The *slot adapter* is called by machine code in place of a function
//! that has no machine code: it stores its arguments to slots of its frame and calls
//! [`Special::CallSlots`]. The *direct adapter* stands for a host function that takes its arguments
//! in registers: it calls that as if it were a builtin.
//!
//! Entry adapters are part of a module's code; the others, which are of functions that have none,
//! belong to the engine.
//!
//! They are written in the intermediate representation and compiled like everything else.

use crate::builtins::Special;
use crate::code::{CodeMemory, GRANULE};
use crate::link::{self, STACK_LIMIT, Stub};
use crate::tables::Kind;
use crate::tools::debugger::Registration;
use core::mem::offset_of;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
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

/// All adapters of an engine for functions without machine code.
pub struct Interner(Mutex<Inner>);

/// How an adapter hands arguments over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Out {
    /// In slots.
    Slots,
    /// In registers, to [`FuncRecord::host_direct`].
    Direct,
}

struct Inner {
    adapters: HashMap<(Out, Shape), usize>,
    /// The bytes of the last memory that are in use.
    used: usize,
    context: Context,
    /// What debuggers know, if they are told. Before the memories: they forget it first.
    registrations: Option<Vec<Registration>>,
    memories: Vec<CodeMemory>,
}

impl Interner {
    /// None yet; debuggers learn of those to come if they are to be told.
    pub fn new(debugger: bool) -> Self {
        Self(Mutex::new(Inner {
            adapters: HashMap::new(),
            used: 0,
            context: Context::new(link::options()),
            registrations: debugger.then(Vec::new),
            memories: Vec::new(),
        }))
    }

    /// The address of the adapter of a signature.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn get(&self, out: Out, shape: Shape) -> Result<usize, String> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (out, shape);
        if let Some(adapter) = inner.adapters.get(&key) {
            return Ok(*adapter);
        }
        let adapter = match out {
            Out::Slots => slot_adapter(&key.1),
            Out::Direct => direct_adapter(&key.1),
        };
        let adapter = inner.add(adapter, Kind::Slots)?;
        inner.adapters.insert(key, adapter);
        Ok(adapter)
    }
}

impl Inner {
    fn add(&mut self, mut func: Function, kind: Kind) -> Result<usize, String> {
        let code = self
            .context
            .compile(&mut func)
            .map_err(|error| format!("cannot compile an adapter: {error}"))?;
        let size = code.code.len().next_multiple_of(64);
        let room = self.memories.last().map_or(0, |m| m.object().capacity());
        if self.used + size > room {
            let stubs = link::stubs();
            let stubs_size = stubs.code.len().next_multiple_of(64);
            let mut memory = CodeMemory::new((stubs_size + size).max(GRANULE))?;
            memory.write(0, &stubs.code);
            memory.publish(link::stub_tables(), 0);
            self.memories.push(memory);
            self.used = stubs_size;
        }
        let memory = self
            .memories
            .last_mut()
            .expect("just made if there was none");
        let base = self.used;
        let mut bytes = code.code.clone();
        link::relocate(&mut bytes, base as u32, &code.relocs, |symbol| {
            Stub::of(symbol)
                .map(Stub::offset)
                .expect("adapters call stubs only")
        });
        memory.write(base, &bytes);
        let mut tables = memory
            .object()
            .tables
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        tables.append(kind, base as u32, code);
        if let Some(registrations) = &mut self.registrations {
            // The stubs, which come first, go with the first one.
            let known = tables.functions().count() - 1;
            let new = tables.functions().skip(if known == 1 { 0 } else { known });
            let functions: Vec<_> = new.collect();
            let object = memory.object();
            registrations.push(Registration::new(
                object.start(),
                &memory.code()[..self.used + size],
                &functions,
                &HashMap::new(),
            ));
        }
        drop(tables);
        self.used += size;
        Ok(memory.object().start() + base)
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
