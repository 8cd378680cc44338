//! What the instance holds.

use super::{Loaded, Translator};
use crate::layout::{self, CONSTANT};
use tierra_core::index::{MemoryIdx, TypeIdx};
use tierra_ir::{Access, Value};

impl Translator<'_> {
    /// An address that doesn't change.
    pub(super) fn constant_address(&mut self, from: Value, offset: i32) -> Value {
        self.load(Access::I64, CONSTANT, from, offset)
    }

    /// An element of an array of addresses that the instance points to.
    pub(super) fn element_of(&mut self, array: i32, index: u32) -> Value {
        let array = self.constant_address(self.context, array);
        self.indexed(Access::I64, array, index, 8)
    }

    /// An element of an array that doesn't change.
    pub(super) fn indexed(&mut self, access: Access, array: Value, index: u32, size: u32) -> Value {
        let offset = u64::from(index) * u64::from(size);
        match i32::try_from(offset) {
            Ok(offset) => self.load(access, CONSTANT, array, offset),
            Err(_) => {
                let address = self.add_const(array, offset);
                self.load(access, CONSTANT, address, 0)
            }
        }
    }

    /// What doesn't change, loaded once per block.
    pub(super) fn loaded(&mut self, what: Loaded) -> Value {
        let block = self.b.current().expect("a block is being written");
        if let Some((loaded_in, value)) = self.loaded[what as usize]
            && loaded_in == block
        {
            return value;
        }
        let value = match what {
            Loaded::Exec => self.constant_address(self.context, layout::INSTANCE_EXEC),
            Loaded::MemoryDef => self.constant_address(self.context, layout::INSTANCE_MEMORY0),
            Loaded::MemoryBase => {
                let def = self.memory_def(MemoryIdx(0));
                self.constant_address(def, layout::MEMORY_BASE)
            }
        };
        self.loaded[what as usize] = Some((block, value));
        value
    }

    pub(super) fn exec(&mut self) -> Value {
        self.loaded(Loaded::Exec)
    }

    /// The canonical id of a type.
    pub(super) fn type_id(&mut self, ty: TypeIdx) -> Value {
        let ids = self.constant_address(self.context, layout::INSTANCE_TYPE_IDS);
        self.indexed(Access::I32, ids, ty.0, 4)
    }
}
