//! Where machine code finds things: offsets, in bytes, of what [`layout`](crate::layout) and the
//! heap tell in Rust. Every compiler reads them here.

use crate::gc::layout;
use crate::{
    ExecContext, FuncRecord, FuncRef, GlobalCell, Instance, MemoryDef, TableDef, TableFunc,
};
use core::mem::offset_of;

macro_rules! offsets {
    ($($name:ident = $ty:ident.$field:ident;)*) => {$(
        #[doc = concat!("[`", stringify!($ty), "::", stringify!($field), "`]")]
        pub const $name: i32 = offset_of!($ty, $field) as i32;
    )*};
}

offsets! {
    INSTANCE_EXEC = Instance.exec;
    INSTANCE_MEMORY0 = Instance.memory0;
    INSTANCE_MEMORIES = Instance.memories;
    INSTANCE_GLOBALS = Instance.globals;
    INSTANCE_TABLES = Instance.tables;
    INSTANCE_FUNCS = Instance.funcs;
    INSTANCE_TYPE_IDS = Instance.type_ids;
    EXEC_STACK_LIMIT = ExecContext.stack_limit;
    EXEC_FUEL = ExecContext.fuel;
    EXEC_OSR_BUFFER = ExecContext.osr_buffer;
    EXEC_HEAP_BASE = ExecContext.heap_base;
    EXEC_BUILTINS = ExecContext.builtins;
    MEMORY_BASE = MemoryDef.base;
    MEMORY_LEN = MemoryDef.len;
    TABLE_BASE = TableDef.base;
    TABLE_LEN = TableDef.len;
    ENTRY_RECORD = TableFunc.record;
    ENTRY_INSTANCE = TableFunc.instance;
    ENTRY_TYPE = TableFunc.type_id;
    ENTRY_FUNCREF = TableFunc.funcref;
    FUNCREF_RECORD = FuncRef.record;
    FUNCREF_INSTANCE = FuncRef.instance;
    FUNCREF_TYPE = FuncRef.type_id;
    RECORD_ENTRY = FuncRecord.machine_entry;
    RECORD_BUDGET = FuncRecord.budget;
    RECORD_CALLS = FuncRecord.calls;
    RECORD_HOST = FuncRecord.host;
}

/// An object's type.
pub const OBJECT_TYPE: i32 = 0;
/// An array's length.
pub const ARRAY_LENGTH: i32 = layout::ARRAY_LENGTH_OFFSET as i32;
/// An array's first element.
pub const ARRAY_DATA: i32 = layout::ARRAY_DATA_OFFSET as i32;

/// The logarithm of the size of a table's entry for a function.
pub const ENTRY_SHIFT: u32 = {
    assert!(size_of::<TableFunc>() == 32);
    5
};

/// A global is read and written where its cell is.
const _: () = assert!(offset_of!(GlobalCell, 0) == 0);
