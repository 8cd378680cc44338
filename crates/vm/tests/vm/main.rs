//! The world of guest code, driven as a tier and an embedder drive it.

mod gc;
mod graph;
mod memory;
mod objects;
#[cfg(feature = "std")]
mod shared;
mod store;
mod table;
mod types;

use std::ptr::null;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32};
use tierra_core::index::*;
use tierra_module::{Module, Sequential};
use tierra_vm::*;

/// A store with one instance.
pub(crate) struct World {
    pub(crate) store: OwnedStore,
    pub(crate) types: Arc<ModuleTypes>,
    pub(crate) vm: *mut Instance,
}

pub(crate) fn module(text: &str) -> Arc<Module> {
    let bytes = tierra_module::text_to_bytes(text.as_bytes())
        .expect("the text is a module")
        .into_owned();
    let all = tierra_core::Features::ALL.iter();
    let features = all.fold(tierra_core::Features::WASM1, |features, (_, f)| {
        features.with(*f, true)
    });
    let module = Module::new(Arc::new(bytes), features, &Sequential);
    Arc::new(module.expect("the module is valid"))
}

pub(crate) fn record() -> FuncRecord {
    FuncRecord {
        interp_code: AtomicPtr::default(),
        machine_entry: AtomicPtr::default(),
        machine_adapter: AtomicPtr::default(),
        budget: AtomicI32::new(0),
        calls: AtomicU32::new(0),
        index: FuncIdx(0),
        param_slots: 0,
        result_slots: 0,
        host: None,
        host_direct: None,
        owner: null(),
    }
}

/// Creates what the module defines; it must import nothing.
pub(crate) fn instantiate(
    store: &mut OwnedStore,
    module: &Arc<Module>,
) -> Result<*mut Instance, LimitError> {
    let types = store.types.register(module);
    store.add_types(&types);
    let mut canonical = |ty| types.id(ty);
    let memories = module
        .memories
        .iter()
        .map(|ty| store.new_memory(*ty))
        .collect::<Result<_, _>>()?;
    let tables = module
        .tables
        .iter()
        .map(|t| store.new_table(t.ty.map(&mut canonical)))
        .collect::<Result<_, _>>()?;
    let globals = module
        .globals
        .iter()
        .map(|ty| store.new_global(ty.map(&mut canonical), [0; 2]))
        .collect();
    let tags = module
        .tags
        .iter()
        .map(|ty| store.new_tag(types.id(*ty)))
        .collect();
    let records: Vec<FuncRecord> = module.funcs.iter().map(|_| record()).collect();
    let parts = InstanceParts {
        module: module.clone(),
        types: types.clone(),
        imported_funcs: Vec::new(),
        record: &mut |func| &records[func.index()],
        memories,
        tables,
        globals,
        tags,
        host: Box::new(()),
    };
    // SAFETY: all parts were just made in this store. The records are never used.
    unsafe { store.new_instance(parts) }
}

impl World {
    pub(crate) fn new(text: &str, config: StoreConfig) -> Self {
        let module = module(text);
        let mut store = OwnedStore::new(TypeRegistry::new(), config);
        let types = store.types.register(&module);
        let vm = instantiate(&mut store, &module).expect("within limits");
        Self { store, types, vm }
    }

    pub(crate) fn stress(text: &str) -> Self {
        Self::new(
            text,
            StoreConfig {
                gc_stress: true,
                ..StoreConfig::default()
            },
        )
    }

    pub(crate) fn data(&self) -> &InstanceData {
        // SAFETY: the instance lives as long as the store.
        unsafe { &*(*self.vm).data }
    }
}

/// A generator of numbers that look random: SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}
