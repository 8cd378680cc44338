//! Where code finds things, and which of them can't overlap.

use tierra_ir::{AliasClass, MemFlags};
use tierra_module::Module;
pub(crate) use tierra_vm::offsets::*;

/// Classes of memory.
pub(crate) mod class {
    use tierra_ir::AliasClass;

    /// The instance, and what it points to and never changes.
    pub(crate) const INSTANCE: AliasClass = AliasClass(1);
    /// Base and size of memories.
    pub(crate) const MEMORY_DEF: AliasClass = AliasClass(2);
    /// Base and length of tables.
    pub(crate) const TABLE_DEF: AliasClass = AliasClass(3);
    /// The elements of tables.
    pub(crate) const TABLE: AliasClass = AliasClass(4);
    /// What is left of the fuel.
    pub(crate) const FUEL: AliasClass = AliasClass(5);
    /// Where the heap is.
    pub(crate) const HEAP_BASE: AliasClass = AliasClass(6);
    /// The operands of builtins.
    pub(crate) const SLOT: AliasClass = AliasClass(7);
    /// Function references.
    pub(crate) const FUNC: AliasClass = AliasClass(8);
    /// Headers of objects: types and lengths.
    pub(crate) const HEADER: AliasClass = AliasClass(9);
    /// Elements of arrays, by the logarithm of their size; references have a class of their own.
    pub(crate) const ELEMENTS: [AliasClass; 6] = [
        AliasClass(10),
        AliasClass(11),
        AliasClass(12),
        AliasClass(13),
        AliasClass(14),
        AliasClass(15),
    ];
    /// The state that is taken over from code of another tier.
    pub(crate) const FRAME_STATE: AliasClass = AliasClass(16);
    /// The class for the first of many; from then on one each, and one for all above.
    pub(super) const FIELDS: u16 = 0x100;
    pub(super) const MEMORIES: u16 = 0x200;
    pub(super) const GLOBALS: u16 = 0x300;
    pub(super) const MANY: u32 = 0xff;
}

/// What is known of an access to a class.
pub(crate) const fn plain(class: AliasClass) -> MemFlags {
    MemFlags::new(class)
}

/// The same for what an instance has for as long as it lives.
pub(crate) const fn of_instance(class: AliasClass) -> MemFlags {
    plain(class).anytime()
}

/// A load of what never changes.
pub(crate) const CONSTANT: MemFlags = MemFlags::new(class::INSTANCE).readonly();

fn one_of_many(first: u16, index: u32) -> AliasClass {
    AliasClass(first + index.min(class::MANY) as u16)
}

/// The class of a structure's field. Two that an object has both have different indices.
pub(crate) fn field_class(field: u32) -> AliasClass {
    one_of_many(class::FIELDS, field)
}

/// The class of a memory's bytes. Two imports may be the same memory.
pub(crate) fn memory_class(module: &Module, memory: u32) -> AliasClass {
    let imported = module.imported_memories as u32;
    one_of_many(class::MEMORIES, (memory + 1).saturating_sub(imported))
}

/// The class of a global. Two imports may be the same global.
pub(crate) fn global_class(module: &Module, global: u32) -> AliasClass {
    let imported = (module.globals.len() - module.global_inits.len()) as u32;
    one_of_many(class::GLOBALS, (global + 1).saturating_sub(imported))
}
