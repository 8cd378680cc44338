//! Modules whose functions have about a given size: what a compiler meets, in miniature.
//!
//! A function is a sequence of statements, nested a few levels deep: arithmetic on locals, loads
//! and stores, branches, loops that count, calls. The number of locals grows with the size, as it
//! does in what compilers write. The same size makes the same bytes.

use wasm_encoder::{
    BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, Instruction as I, MemArg, MemArgTarget, MemorySection, MemoryType, Module,
    TypeSection, ValType,
};

/// How deep statements are nested.
const DEPTH: u32 = 5;
/// So many locals of each type live all the time; as many others for a while.
const LONG_LIVED: u32 = 8;
/// After so many bytes one of the others is forgotten for a new one.
const WINDOW: usize = 128;

/// A module with functions of `size` bytes each, as many as make `total` bytes.
pub fn module(size: usize, total: usize) -> Vec<u8> {
    let count = u32::try_from((total / size).max(1)).expect("totals are below 4 GB");
    let mut types = TypeSection::new();
    types
        .ty()
        .function([ValType::I32, ValType::F64], [ValType::I32]);
    let mut imports = ImportSection::new();
    imports.import("host", "call", EntityType::Function(0));
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for index in 0..count {
        functions.function(0);
        code.function(&Writer::new(size, count, index).function());
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export("run", ExportKind::Func, 1);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&memories)
        .section(&exports)
        .section(&code);
    module.finish()
}

/// Writes one function.
struct Writer {
    body: Function,
    size: usize,
    /// Locals of each type; local 0 is an i32, local 1 an f64, as the parameters are.
    locals: u32,
    /// Functions that may be called, with the imported one.
    callees: u32,
    random: u64,
    /// How far the short-lived locals have moved on.
    window: u32,
}

impl Writer {
    fn new(size: usize, functions: u32, index: u32) -> Self {
        let locals = u32::try_from(size / WINDOW).map_or(256, |n| n.min(256));
        let locals = locals + 2 * LONG_LIVED;
        Writer {
            body: Function::new([
                (locals, ValType::I32),
                (locals, ValType::F64),
                (DEPTH, ValType::I32),
            ]),
            size,
            locals,
            callees: functions + 1,
            window: 0,
            random: 0x9e37_79b9_7f4a_7c15 ^ u64::from(index) << 20,
        }
    }

    fn function(mut self) -> Function {
        for local in 0..2 * LONG_LIVED {
            self.read(2 + local, 2 + self.locals + local);
        }
        while self.body.byte_len() < self.size {
            self.slide();
            self.statement(DEPTH);
        }
        self.emit(&I::LocalGet(0));
        for local in 0..LONG_LIVED {
            self.emit(&I::LocalGet(2 + local));
            self.emit(&I::I32Add);
        }
        self.emit(&I::End);
        self.body
    }

    fn emit(&mut self, instruction: &I<'_>) {
        self.body.instruction(instruction);
    }

    fn one_of(&mut self, operators: &[I<'_>]) {
        let count = u32::try_from(operators.len()).expect("there are few operators");
        let chosen = self.pick(count);
        self.emit(&operators[chosen as usize]);
    }

    /// A number below `n`: xorshift.
    fn pick(&mut self, n: u32) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        // The remainder of a large number is below `n`.
        (self.random >> 16) as u32 % n
    }

    /// A local of type i32: one of those that live now.
    fn int(&mut self) -> u32 {
        2 + self.near()
    }

    fn float(&mut self) -> u32 {
        2 + self.locals + self.near()
    }

    fn get_int(&mut self) {
        let local = self.int();
        self.emit(&I::LocalGet(local));
    }

    fn set_int(&mut self) {
        let local = self.int();
        self.emit(&I::LocalSet(local));
    }

    fn get_float(&mut self) {
        let local = self.float();
        self.emit(&I::LocalGet(local));
    }

    fn set_float(&mut self) {
        let local = self.float();
        self.emit(&I::LocalSet(local));
    }

    fn near(&mut self) -> u32 {
        if self.pick(4) == 0 {
            return self.pick(LONG_LIVED);
        }
        LONG_LIVED + (self.window + self.pick(LONG_LIVED)) % (self.locals - LONG_LIVED)
    }

    /// Moves to the next locals, which come from memory: nothing is known of them.
    fn slide(&mut self) {
        let window = u32::try_from(self.body.byte_len() / WINDOW).expect("bodies are small");
        while self.window < window {
            self.window += 1;
            let new = (self.window + LONG_LIVED - 1) % (self.locals - LONG_LIVED);
            let new = LONG_LIVED + new;
            self.read(2 + new, 2 + self.locals + new);
        }
    }

    /// Reads a local of each type from memory.
    fn read(&mut self, int: u32, float: u32) {
        let place = self.place();
        self.emit(&I::I32Load(place));
        self.emit(&I::LocalSet(int));
        let place = self.place();
        self.emit(&I::F64Load(place));
        self.emit(&I::LocalSet(float));
    }

    fn statement(&mut self, depth: u32) {
        match self.pick(if depth == 0 { 14 } else { 20 }) {
            0..=4 => self.arithmetic(),
            5..=6 => self.floats(),
            7..=8 => self.load(),
            9..=11 => self.store(),
            12 => self.select(),
            13 => self.call(),
            14..=16 => self.branch(depth - 1),
            17 => self.leave(depth - 1),
            _ => self.counted(depth - 1),
        }
    }

    fn statements(&mut self, depth: u32) {
        for _ in 0..=self.pick(4) {
            self.statement(depth);
        }
    }

    /// Pushes an expression of a few operators.
    fn expression(&mut self) {
        self.get_int();
        for _ in 0..=self.pick(3) {
            match self.pick(3) {
                0 => {
                    let number = self.pick(1 << 12);
                    self.emit(&I::I32Const(number.cast_signed()));
                }
                _ => self.get_int(),
            }
            self.one_of(&[
                I::I32Add,
                I::I32Sub,
                I::I32Mul,
                I::I32And,
                I::I32Xor,
                I::I32Shl,
                I::I32ShrU,
                I::I32Add,
            ]);
        }
    }

    fn condition(&mut self) {
        self.expression();
        self.get_int();
        self.one_of(&[I::I32LtS, I::I32LtU, I::I32Eq, I::I32GeS]);
    }

    fn arithmetic(&mut self) {
        self.expression();
        self.set_int();
    }

    fn floats(&mut self) {
        self.get_float();
        self.get_float();
        self.one_of(&[I::F64Add, I::F64Mul, I::F64Sub, I::F64Min]);
        self.set_float();
    }

    fn place(&mut self) -> MemArg {
        self.get_int();
        MemArg {
            offset: u64::from(self.pick(64)) * 8,
            align: 0,
            target: MemArgTarget::default(),
            ordering: None,
        }
    }

    fn load(&mut self) {
        let place = self.place();
        match self.pick(3) {
            0 => {
                self.emit(&I::F64Load(place));
                self.set_float();
            }
            1 => {
                self.emit(&I::I32Load8U(place));
                self.set_int();
            }
            _ => {
                self.emit(&I::I32Load(place));
                self.set_int();
            }
        }
    }

    fn store(&mut self) {
        let place = self.place();
        self.get_int();
        self.emit(&I::I32Store(place));
    }

    fn select(&mut self) {
        self.get_int();
        self.get_int();
        self.condition();
        self.emit(&I::Select);
        self.set_int();
    }

    fn call(&mut self) {
        self.get_int();
        self.get_float();
        let callee = self.pick(self.callees);
        self.emit(&I::Call(callee));
        self.set_int();
    }

    /// `if`, or `if` and `else`.
    fn branch(&mut self, depth: u32) {
        self.condition();
        self.emit(&I::If(BlockType::Empty));
        self.statements(depth);
        if self.pick(2) == 0 {
            self.emit(&I::Else);
            self.statements(depth);
        }
        self.emit(&I::End);
    }

    /// A block that is left early.
    fn leave(&mut self, depth: u32) {
        self.emit(&I::Block(BlockType::Empty));
        self.statements(depth);
        self.condition();
        self.emit(&I::BrIf(0));
        self.statements(depth);
        self.emit(&I::End);
    }

    /// A loop that counts a local down.
    fn counted(&mut self, depth: u32) {
        // One for each level, which nothing else changes: loops that can't end have no rest.
        let counter = 2 + 2 * self.locals + depth;
        self.get_int();
        self.emit(&I::LocalSet(counter));
        self.emit(&I::Loop(BlockType::Empty));
        self.statements(depth);
        self.emit(&I::LocalGet(counter));
        self.emit(&I::I32Const(1));
        self.emit(&I::I32Sub);
        self.emit(&I::LocalTee(counter));
        self.emit(&I::BrIf(0));
        self.emit(&I::End);
    }
}
