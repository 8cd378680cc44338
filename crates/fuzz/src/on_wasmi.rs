//! Runs modules on wasmi: the outside opinion.

use crate::observe::{Observation, Outcome, SOME_TRAP, hash};
use crate::on_tierra::{
    ImportNumbers, MEMORY_LIMIT, ROUNDS, TABLE_LIMIT, argument_purpose, host_purpose,
    import_purpose,
};
use crate::random::Random;
use crate::values::{self, Number};
use tierra::Trap;
use wasmi::errors::ErrorKind;
use wasmi::{
    AsContextMut, Caller, Config, Engine, Error, Extern, ExternRef, ExternType, F32, F64, Func,
    Global, Instance, Memory, Module, Nullable, Ref, Store, StoreLimits, StoreLimitsBuilder, Table,
    TrapCode, V128, Val, ValType,
};

struct Host {
    seed: u64,
    calls: u64,
    log: Vec<String>,
    limits: StoreLimits,
}

/// Instantiates a module and calls all of its exports, with so much fuel if any.
///
/// # Errors
/// When wasmi does not accept the module.
pub fn run(fuel: Option<u64>, wasm: &[u8], seed: u64) -> Result<Observation, Error> {
    let mut config = Config::default();
    config
        .consume_fuel(fuel.is_some())
        .wasm_custom_page_sizes(true)
        .wasm_wide_arithmetic(true)
        .set_max_recursion_depth(100_000)
        .set_max_stack_height(8 << 20);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, wasm)?;
    let limits = StoreLimitsBuilder::new()
        .memory_size(MEMORY_LIMIT as usize)
        .table_elements(TABLE_LIMIT as usize)
        .build();
    let mut store = Store::new(
        &engine,
        Host {
            seed,
            calls: 0,
            log: Vec::new(),
            limits,
        },
    );
    store.limiter(|host| &mut host.limits);
    if let Some(fuel) = fuel {
        store.set_fuel(fuel)?;
    }
    let mut imports = Vec::new();
    let mut numbers = ImportNumbers::default();
    for import in module.imports() {
        let ty = import.ty().clone();
        let number = numbers.next(kind(&ty));
        imports.push(stub(&mut store, ty, seed, number)?);
    }
    let mut seen = Observation::default();
    match Instance::new(&mut store, &module, &imports) {
        Ok(instance) => {
            seen.step("instantiate", Outcome::Values(Vec::new()));
            if call_all(&mut store, instance, &mut seen, seed) {
                look(&mut store, instance, &mut seen);
            }
        }
        Err(e) => {
            seen.step("instantiate", outcome(&e));
        }
    }
    seen.state.append(&mut store.data_mut().log);
    Ok(seen)
}

fn kind(ty: &ExternType) -> &'static str {
    match ty {
        ExternType::Func(_) => "func",
        ExternType::Global(_) => "global",
        ExternType::Memory(_) => "memory",
        ExternType::Table(_) => "table",
    }
}

fn exports(store: &Store<Host>, instance: Instance) -> Vec<(String, Extern)> {
    let mut exports: Vec<_> = instance
        .exports(store)
        .map(|e| (e.name().to_string(), e.into_extern()))
        .collect();
    exports.sort_by(|a, b| a.0.cmp(&b.0));
    exports
}

fn call_all(
    store: &mut Store<Host>,
    instance: Instance,
    seen: &mut Observation,
    seed: u64,
) -> bool {
    let exports = exports(store, instance);
    for round in 0..ROUNDS {
        for (i, (name, item)) in exports.iter().enumerate() {
            let Extern::Func(func) = item else { continue };
            let ty = func.ty(&*store);
            let mut random = Random::new(seed, argument_purpose(round, i));
            let params: Vec<_> = ty
                .params()
                .iter()
                .map(|ty| value(&mut *store, *ty, &mut random))
                .collect();
            let mut results: Vec<Val> = ty
                .results()
                .iter()
                .map(|ty| Val::default_for_ty(*ty))
                .collect();
            let outcome = match func.call(&mut *store, &params, &mut results) {
                Ok(()) => Outcome::Values(results.iter().map(|v| text(&*store, v)).collect()),
                Err(e) => outcome(&e),
            };
            if !seen.step(format!("{round} {name:?}"), outcome) {
                return false;
            }
        }
    }
    true
}

fn look(store: &mut Store<Host>, instance: Instance, seen: &mut Observation) {
    for (name, item) in exports(store, instance) {
        let line = match item {
            Extern::Global(g) => text(&*store, &g.get(&*store)),
            Extern::Memory(m) => {
                format!("{} pages, {:#x}", m.size(&*store), hash(m.data(&*store)))
            }
            Extern::Table(t) => {
                let size = t.size(&*store);
                let mut line = format!("{size} elements");
                for i in 0..size.min(600) {
                    let value = match t.get(&*store, i).expect("within bounds") {
                        Ref::Func(f) => Val::FuncRef(f),
                        Ref::Extern(e) => Val::ExternRef(e),
                    };
                    let value = text(&*store, &value);
                    if value != "null" {
                        line += &format!(" {i}={value}");
                    }
                }
                line
            }
            Extern::Func(_) => continue,
        };
        seen.state.push(format!("{name:?}: {line}"));
    }
}

fn outcome(error: &Error) -> Outcome {
    let trap = |trap: Trap| Outcome::Trap(trap.message());
    match error.kind() {
        ErrorKind::TrapCode(code) => match code {
            TrapCode::UnreachableCodeReached => trap(Trap::Unreachable),
            TrapCode::MemoryOutOfBounds => trap(Trap::MemoryOutOfBounds),
            TrapCode::TableOutOfBounds => trap(Trap::TableOutOfBounds),
            TrapCode::IndirectCallToNull => trap(Trap::UninitializedElement),
            TrapCode::IntegerDivisionByZero => trap(Trap::IntegerDivideByZero),
            TrapCode::IntegerOverflow => trap(Trap::IntegerOverflow),
            TrapCode::BadConversionToInteger => trap(Trap::InvalidConversionToInteger),
            TrapCode::BadSignature => trap(Trap::IndirectCallTypeMismatch),
            TrapCode::StackOverflow => Outcome::Resource("stack"),
            TrapCode::OutOfFuel => Outcome::Resource("fuel"),
            TrapCode::GrowthOperationLimited | TrapCode::OutOfSystemMemory => {
                Outcome::Resource("memory")
            }
        },
        ErrorKind::ResumableOutOfFuel(_) | ErrorKind::Fuel(_) => Outcome::Resource("fuel"),
        ErrorKind::Memory(_) => trap(Trap::MemoryOutOfBounds),
        ErrorKind::Table(_) => trap(Trap::TableOutOfBounds),
        ErrorKind::Instantiation(_) => Outcome::Trap(SOME_TRAP),
        _ => Outcome::Failed(error.to_string()),
    }
}

fn number(ty: ValType) -> Option<Number> {
    Some(match ty {
        ValType::I32 => Number::I32,
        ValType::I64 => Number::I64,
        ValType::F32 => Number::F32,
        ValType::F64 => Number::F64,
        ValType::V128 => Number::V128,
        _ => return None,
    })
}

/// The same value that Tierra is given.
fn value(store: impl AsContextMut<Data = Host>, ty: ValType, random: &mut Random) -> Val {
    if let Some(number) = number(ty) {
        let bits = values::number(random, number);
        return match number {
            Number::I32 => Val::I32(bits as i32),
            Number::I64 => Val::I64(bits as i64),
            Number::F32 => Val::F32(F32::from_bits(bits as u32)),
            Number::F64 => Val::F64(F64::from_bits(bits as u64)),
            Number::V128 => Val::V128(V128::from(bits)),
        };
    }
    let draw = random.next();
    if ty == ValType::ExternRef && !draw.is_multiple_of(4) {
        return Val::ExternRef(Nullable::Val(ExternRef::new(store, draw as u32)));
    }
    Val::default_for_ty(ty)
}

fn text(store: impl wasmi::AsContext<Data = Host>, value: &Val) -> String {
    let number = |ty, bits| values::text(ty, bits);
    match value {
        Val::I32(v) => number(Number::I32, u128::from(*v as u32)),
        Val::I64(v) => number(Number::I64, u128::from(*v as u64)),
        Val::F32(v) => number(Number::F32, v.to_bits().into()),
        Val::F64(v) => number(Number::F64, v.to_bits().into()),
        Val::V128(v) => number(Number::V128, v.as_u128()),
        Val::FuncRef(f) => if f.is_null() { "null" } else { "func" }.into(),
        Val::ExternRef(Nullable::Null) => "null".into(),
        Val::ExternRef(Nullable::Val(r)) => {
            match r.data(store.as_context()).downcast_ref::<u32>() {
                Some(n) => format!("extern:{n}"),
                None => "extern:?".into(),
            }
        }
    }
}

fn stub(store: &mut Store<Host>, ty: ExternType, seed: u64, index: u64) -> Result<Extern, Error> {
    let mut random = Random::new(seed, import_purpose(index));
    Ok(match ty {
        ExternType::Func(ty) => {
            let results = ty.results().to_vec();
            let call = move |caller: Caller<'_, Host>, params: &[Val], out: &mut [Val]| {
                answer(caller, params, out, &results, index);
                Ok(())
            };
            Func::new(store, ty, call).into()
        }
        ExternType::Global(ty) => {
            let value = value(&mut *store, ty.content(), &mut random);
            Global::new(store, value, ty.mutability()).into()
        }
        ExternType::Memory(ty) => Memory::new(store, ty)?.into(),
        ExternType::Table(ty) => Table::new(store, ty, Ref::null(ty.element()))?.into(),
    })
}

fn answer(
    mut caller: Caller<'_, Host>,
    params: &[Val],
    out: &mut [Val],
    results: &[ValType],
    index: u64,
) {
    let texts: Vec<_> = params.iter().map(|v| text(&caller, v)).collect();
    let host = caller.data_mut();
    host.calls += 1;
    let call = host.calls;
    if call <= 100 {
        host.log
            .push(format!("import {index}({})", texts.join(" ")));
    }
    let mut random = Random::new(host.seed, host_purpose(call));
    for (out, ty) in out.iter_mut().zip(results) {
        *out = value(&mut caller, *ty, &mut random);
    }
}
