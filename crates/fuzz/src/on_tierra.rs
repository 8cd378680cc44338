//! Runs modules on Tierra.

use crate::generate::{self, Dialect};
use crate::observe::{Observation, Outcome, hash};
use crate::random::Random;
use crate::values::{self, Number};
use std::time::Duration;
use tierra::{
    AnyRef, AsContextMut, Caller, Config, Engine, Error, ExnRef, Extern, ExternRef, ExternType,
    Features, FuncType, Global, HeapType, I31, Instance, Memory, Module, RootScope, SharedMemory,
    Store, StoreLimits, Stress, Table, Tag, Tier, Tiering, Trap, V128, Val, ValType,
};

/// How to run modules.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What modules may use.
    pub features: Features,
    /// How much fuel there is; none if it isn't counted.
    pub fuel: Option<u64>,
    /// Whether garbage is collected at every allocation.
    pub gc_stress: bool,
    /// Whether host functions collect garbage and call exports now and then.
    pub host_reenters: bool,
    /// How functions are executed.
    pub tier: Tier,
    /// The functions that stay in the interpreter nevertheless, by a seed.
    pub mixed_tiers: Option<u64>,
    /// How functions rise from tier to tier, if they do.
    pub stress: Stress,
    /// Whether functions begin in the interpreter, if they rise.
    pub interpreted: Option<u32>,
    /// Whether bodies are validated when something first reads them.
    pub lazy_validation: bool,
}

impl Settings {
    /// The interpreter, without anything that slows it down.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            features: generate::features(dialect),
            fuel: None,
            gc_stress: false,
            host_reenters: true,
            tier: Tier::Interp,
            mixed_tiers: None,
            stress: Stress::default(),
            interpreted: None,
            lazy_validation: false,
        }
    }
}

/// Bytes that a memory may grow to, on every engine.
pub const MEMORY_LIMIT: u64 = 4 << 20;
/// Elements that a table may grow to, on every engine.
pub const TABLE_LIMIT: u64 = 10_000;
/// How often every export is called.
pub const ROUNDS: u64 = 2;
/// What each case may take at most. A case that needs it is reported as slow.
const TIME: Duration = Duration::from_secs(20);

/// What host functions share.
struct Host {
    seed: u64,
    calls: u64,
    log: Vec<String>,
    /// The exports that host functions may call, in order.
    exports: Vec<String>,
    depth: usize,
}

/// A module as it was before it was run.
///
/// # Errors
/// When Tierra does not accept it.
pub fn compile(settings: &Settings, wasm: &[u8]) -> tierra::Result<Module> {
    let mut config = Config::new();
    config
        .features(settings.features)
        .consume_fuel(settings.fuel.is_some())
        .gc_stress(settings.gc_stress)
        .gc_heap_max(32 << 20)
        .max_stack(4 << 20)
        .tier(settings.tier)
        .lazy_validation(settings.lazy_validation)
        .tiering(Tiering {
            stress: settings.stress,
            interpreted: settings.interpreted,
            ..Tiering::default()
        })
        .mixed_tiers(settings.mixed_tiers);
    Module::new(&Engine::new(&config)?, wasm)
}

/// Instantiates a module and calls all of its exports.
///
/// # Errors
/// When Tierra does not accept the module, or there is nothing that can be given for an import.
pub fn run(settings: &Settings, wasm: &[u8], seed: u64) -> tierra::Result<Observation> {
    let module = compile(settings, wasm)?;
    let host = Host {
        seed,
        calls: 0,
        log: Vec::new(),
        exports: Vec::new(),
        depth: 0,
    };
    let mut store = Store::new(module.engine(), host);
    store.set_limits(StoreLimits {
        memory_bytes: MEMORY_LIMIT,
        table_elements: TABLE_LIMIT,
        gc_heap_bytes: 32 << 20,
        ..StoreLimits::default()
    });
    if let Some(fuel) = settings.fuel {
        store.set_fuel(fuel)?;
    }
    store.set_deadline(TIME);
    let mut imports = Vec::new();
    let mut numbers = ImportNumbers::default();
    for import in module.imports() {
        let number = numbers.next(import.ty.kind());
        imports.push(stub(&mut store, import.ty, seed, number)?);
    }
    let mut seen = Observation::default();
    let instance = match Instance::new(&mut store, &module, &imports) {
        Ok(instance) => {
            seen.step("instantiate", Outcome::Values(Vec::new()));
            Some(instance)
        }
        Err(e) => {
            seen.step("instantiate", outcome(&e));
            None
        }
    };
    if let Some(instance) = instance {
        if settings.host_reenters {
            let exports = exports(&mut store, instance).into_iter();
            let funcs = exports.filter(|(_, item)| matches!(item, Extern::Func(_)));
            store.data_mut().exports = funcs.map(|(name, _)| name).collect();
        }
        let go_on = call_all(&mut store, instance, &mut seen, seed);
        if go_on {
            look(&mut store, instance, &mut seen);
        }
    }
    seen.state.append(&mut store.data_mut().log);
    if let Some(fuel) = settings.fuel {
        seen.fuel = Some(fuel - store.get_fuel()?);
    }
    Ok(seen)
}

fn exports(store: &mut Store<Host>, instance: Instance) -> Vec<(String, Extern)> {
    let mut exports: Vec<_> = instance
        .exports(&*store)
        .map(|e| (e.name.to_string(), e.item))
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
            let mut scope = RootScope::new(&mut *store);
            let ty = func.ty(&scope);
            let purpose = argument_purpose(round, i);
            let mut random = Random::new(seed, purpose);
            let mut params = Vec::new();
            for ty in ty.params() {
                params.extend(value(&mut scope, ty, &mut random));
            }
            if params.len() != ty.params().len() {
                continue;
            }
            let mut results: Vec<Val> = ty.results().iter().map(Val::default_of).collect();
            let outcome = match func.call(&mut scope, &params, &mut results) {
                Ok(()) => {
                    let texts = results.iter().map(|v| text(&mut scope, *v, 3)).collect();
                    Outcome::Values(texts)
                }
                Err(e) => outcome(&e),
            };
            if !seen.step(format!("{round} {name:?}"), outcome) {
                return false;
            }
        }
    }
    true
}

/// What the random numbers of a call are for.
pub fn argument_purpose(round: u64, export: usize) -> u64 {
    1_000_000 + round * 10_000 + export as u64
}

/// What the random numbers of a host function's call are for.
pub fn host_purpose(call: u64) -> u64 {
    2_000_000 + call
}

/// What the random numbers of an import are for.
pub fn import_purpose(number: u64) -> u64 {
    3_000_000 + number
}

/// Numbers imports by kind: engines list them in different orders.
#[derive(Default)]
pub struct ImportNumbers(std::collections::HashMap<&'static str, u64>);

impl ImportNumbers {
    /// The number of the next import of a kind, in the specification's words.
    pub fn next(&mut self, kind: &'static str) -> u64 {
        let next = self.0.entry(kind).or_default();
        *next += 1;
        *next + kind.len() as u64 * 1000
    }
}

fn look(store: &mut Store<Host>, instance: Instance, seen: &mut Observation) {
    for (name, item) in exports(store, instance) {
        let mut scope = RootScope::new(&mut *store);
        let line = match item {
            Extern::Global(g) => {
                let value = g.get(&mut scope);
                text(&mut scope, value, 3)
            }
            Extern::Memory(m) => {
                let mut bytes = vec![0; m.data_size(&scope)];
                m.read(&scope, 0, &mut bytes).expect("within bounds");
                format!("{} pages, {:#x}", m.size(&scope), hash(&bytes))
            }
            Extern::Table(t) => {
                let size = t.size(&scope);
                let mut line = format!("{size} elements");
                for i in 0..size.min(600) {
                    let mut scope = RootScope::new(&mut scope);
                    let value = t.get(&mut scope, i).expect("within bounds");
                    let value = text(&mut scope, value, 1);
                    if value != "null" {
                        line += &format!(" {i}={value}");
                    }
                }
                line
            }
            Extern::Func(_) | Extern::Tag(_) => continue,
        };
        seen.state.push(format!("{name:?}: {line}"));
    }
}

/// How a call ended that ended with an error.
fn outcome(error: &Error) -> Outcome {
    if error.exception().is_some() {
        return Outcome::Exception;
    }
    match error.trap() {
        Some(
            trap @ (Trap::StackOverflow
            | Trap::OutOfFuel
            | Trap::Interrupted
            | Trap::AllocationTooLarge
            | Trap::OutOfMemory),
        ) => Outcome::Resource(trap.message()),
        // Other engines don't tell these two apart.
        Some(Trap::UndefinedElement) => Outcome::Trap(Trap::TableOutOfBounds.message()),
        Some(trap) => Outcome::Trap(trap.message()),
        None => Outcome::Failed(error.root_message()),
    }
}

fn number(ty: &ValType) -> Option<Number> {
    Some(match ty {
        ValType::I32 => Number::I32,
        ValType::I64 => Number::I64,
        ValType::F32 => Number::F32,
        ValType::F64 => Number::F64,
        ValType::V128 => Number::V128,
        ValType::Ref(_) => return None,
    })
}

/// A value of a type, if there is one that can be made out of nothing.
fn value(
    store: &mut impl AsContextMut<Data = Host>,
    ty: &ValType,
    random: &mut Random,
) -> Option<Val> {
    if let Some(number) = number(ty) {
        let bits = values::number(random, number);
        return Some(match number {
            Number::I32 => Val::I32(bits as i32),
            Number::I64 => Val::I64(bits as i64),
            Number::F32 => Val::F32(bits as u32),
            Number::F64 => Val::F64(bits as u64),
            Number::V128 => Val::V128(V128::from_bits(bits)),
        });
    }
    let ValType::Ref(r) = ty else {
        unreachable!("all others are numbers")
    };
    let draw = random.next();
    if r.nullable && draw.is_multiple_of(4) {
        return Some(Val::null(&r.heap));
    }
    match r.heap {
        HeapType::Extern => Some(Val::ExternRef(Some(
            ExternRef::new(store, draw as u32).ok()?,
        ))),
        HeapType::I31 | HeapType::Eq | HeapType::Any => Some(Val::AnyRef(Some(AnyRef::from_i31(
            I31::wrapping(draw as u32),
        )))),
        _ if r.nullable => Some(Val::null(&r.heap)),
        _ => None,
    }
}

/// The text of a value; of objects also what is in them, some levels down.
fn text(store: &mut impl AsContextMut<Data = Host>, value: Val, depth: usize) -> String {
    let number = |ty, bits| values::text(ty, bits);
    match value {
        Val::I32(v) => number(Number::I32, u128::from(v as u32)),
        Val::I64(v) => number(Number::I64, u128::from(v as u64)),
        Val::F32(v) => number(Number::F32, v.into()),
        Val::F64(v) => number(Number::F64, v.into()),
        Val::V128(v) => number(Number::V128, v.to_bits()),
        Val::FuncRef(f) => if f.is_some() { "func" } else { "null" }.into(),
        Val::AnyRef(None) | Val::ExternRef(None) | Val::ExnRef(None) => "null".into(),
        Val::ExternRef(Some(r)) => external(store, r, depth),
        Val::AnyRef(Some(r)) => object(store, r, depth).unwrap_or_else(|e| format!("error: {e}")),
        Val::ExnRef(Some(r)) => exception(store, r, depth),
    }
}

fn external(store: &mut impl AsContextMut<Data = Host>, r: ExternRef, depth: usize) -> String {
    match r.data(store.as_context()) {
        Ok(Some(data)) => match data.downcast_ref::<u32>() {
            Some(n) => format!("extern:{n}"),
            None => "extern:?".into(),
        },
        Ok(None) => object(store, r.to_any(), depth).unwrap_or_else(|e| format!("error: {e}")),
        Err(e) => format!("error: {e}"),
    }
}

fn exception(store: &mut impl AsContextMut<Data = Host>, r: ExnRef, depth: usize) -> String {
    match r.payload(&mut *store) {
        Ok(_) if depth == 0 => "exn".into(),
        Ok(values) => {
            let texts: Vec<_> = values.iter().map(|v| text(store, *v, depth - 1)).collect();
            format!("exn({})", texts.join(" "))
        }
        Err(e) => format!("error: {e}"),
    }
}

fn object(
    store: &mut impl AsContextMut<Data = Host>,
    r: AnyRef,
    depth: usize,
) -> tierra::Result<String> {
    if let Some(i31) = r.as_i31(store.as_context())? {
        return Ok(format!("i31:{:#x}", i31.get_u32()));
    }
    if let Some(s) = r.as_struct(store.as_context())? {
        let count = s
            .ty(store.as_context())?
            .as_struct()
            .map_or(0, |fields| fields.len());
        let mut texts = Vec::new();
        for i in 0..if depth == 0 { 0 } else { count } {
            let field = s.field(&mut *store, i)?;
            texts.push(text(store, field, depth - 1));
        }
        return Ok(format!("struct{count}({})", texts.join(" ")));
    }
    if let Some(a) = r.as_array(store.as_context())? {
        let len = a.len(store.as_context())?;
        let mut texts = Vec::new();
        for i in 0..if depth == 0 { 0 } else { len.min(6) } {
            let element = a.get(&mut *store, i)?;
            texts.push(text(store, element, depth - 1));
        }
        return Ok(format!("array{len}({})", texts.join(" ")));
    }
    if r.is_extern(store.as_context())? {
        return Ok("internalized".into());
    }
    Ok("?".into())
}

/// Something to import.
fn stub(store: &mut Store<Host>, ty: ExternType, seed: u64, index: u64) -> tierra::Result<Extern> {
    let mut random = Random::new(seed, import_purpose(index));
    let nothing = || Error::msg("nothing can be given for an import");
    Ok(match ty {
        ExternType::Func(ty) => {
            let results: Vec<ValType> = ty.results().to_vec();
            let call = move |caller: Caller<'_, Host>, params: &[Val], out: &mut [Val]| {
                answer(caller, params, out, &results, index)
            };
            tierra::Func::new(store, ty, call).into()
        }
        ExternType::Global(ty) => {
            let value = value(store, &ty.content, &mut random).ok_or_else(nothing)?;
            Global::new(store, ty, value)?.into()
        }
        ExternType::Memory(ty) if ty.shared => {
            let shared = SharedMemory::new(store.engine(), ty)?;
            Memory::from_shared(store, &shared)?.into()
        }
        ExternType::Memory(ty) => Memory::new(store, ty)?.into(),
        ExternType::Table(ty) if ty.element.nullable => {
            let null = Val::null(&ty.element.heap);
            Table::new(store, ty, null)?.into()
        }
        ExternType::Table(_) => return Err(nothing()),
        ExternType::Tag(ty) => Tag::new(store, &FuncType::clone(&ty))?.into(),
    })
}

/// A call of a host function: keeps what it was given, and returns something.
fn answer(
    mut caller: Caller<'_, Host>,
    params: &[Val],
    out: &mut [Val],
    results: &[ValType],
    index: u64,
) -> tierra::Result<()> {
    let texts: Vec<_> = params.iter().map(|v| text(&mut caller, *v, 2)).collect();
    let host = caller.data_mut();
    host.calls += 1;
    let call = host.calls;
    if call <= 100 {
        host.log
            .push(format!("import {index}({})", texts.join(" ")));
    }
    let mut random = Random::new(host.seed, host_purpose(call));
    if !host.exports.is_empty() && call <= 100 {
        reenter(&mut caller, &mut Random::new(random.clone().next(), 1))?;
    }
    for (out, ty) in out.iter_mut().zip(results) {
        *out = value(&mut caller, ty, &mut random)
            .ok_or_else(|| Error::msg("no result can be made"))?;
    }
    Ok(())
}

/// Now and then collects garbage, or calls an export; half of the errors are passed on.
fn reenter(caller: &mut Caller<'_, Host>, random: &mut Random) -> tierra::Result<()> {
    if random.one_in(4) {
        caller.gc();
    }
    if !random.one_in(3) || caller.data().depth >= 3 {
        return Ok(());
    }
    let names = &caller.data().exports;
    let name = names[random.below(names.len())].clone();
    let Some(Extern::Func(func)) = caller.get_export(&name) else {
        return Ok(());
    };
    let ty = func.ty(&*caller);
    let mut params = Vec::new();
    for ty in ty.params() {
        params.extend(value(caller, ty, random));
    }
    if params.len() != ty.params().len() {
        return Ok(());
    }
    let mut results: Vec<Val> = ty.results().iter().map(Val::default_of).collect();
    caller.data_mut().depth += 1;
    let ended = func.call(&mut *caller, &params, &mut results);
    caller.data_mut().depth -= 1;
    let line = match &ended {
        Ok(()) => {
            let texts: Vec<_> = results.iter().map(|v| text(caller, *v, 2)).collect();
            format!("{name:?} from the host: {}", texts.join(" "))
        }
        Err(e) => format!("{name:?} from the host: {:?}", outcome(e)),
    };
    caller.data_mut().log.push(line);
    match ended {
        // What ends by resources ends at different places with different settings.
        Err(e) if matches!(outcome(&e), Outcome::Resource(_)) || random.one_in(2) => Err(e),
        _ => Ok(()),
    }
}
