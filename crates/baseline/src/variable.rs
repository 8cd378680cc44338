//! Globals and constants.

use crate::compiler::Compiler;
use crate::emit::at;
use crate::regs::class;
use crate::value::{Operand, Ty};
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Mem, Op, Size};
use tierra_vm::offsets::INSTANCE_GLOBALS;

impl Compiler<'_> {
    /// The type of a global, whose cell's address is in the scratch register.
    fn global(&mut self, global: u32) -> Ty {
        self.load_element(SCRATCH, INSTANCE_GLOBALS, global);
        Ty::of(self.module, self.module.globals[global as usize].content)
    }

    pub fn global_get(&mut self, global: u32) {
        let ty = self.global(global);
        let d = self.alloc(class(ty));
        self.load(d, at(SCRATCH, 0), ty);
        self.push(d, ty);
    }

    /// The upper half of the slot of a narrow value is zero already.
    pub fn global_set(&mut self, global: u32) {
        let ty = Ty::of(self.module, self.module.globals[global as usize].content);
        let value = self.pop();
        if let Operand::Const(bits) = value
            && i32::try_from(bits as i64).is_ok()
        {
            self.global(global);
            return self.mi(Op::Mov, Size::Q, at(SCRATCH, 0), bits as i64);
        }
        let value = self.in_reg(value, ty);
        self.global(global);
        self.store(at(SCRATCH, 0), value, ty);
    }

    pub fn vector_constant(&mut self, bytes: [u8; 16]) {
        let d = self.alloc_vec();
        if bytes == [0; 16] {
            self.zero_xmm(d);
        } else {
            let label = self.asm.constant(&bytes);
            self.xm(Op::Movups, d, Mem::Label { label, disp: 0 });
        }
        self.push(d, Ty::V128);
    }
}
