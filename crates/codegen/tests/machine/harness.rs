//! Compiles functions into memory and runs them, traps included.

use std::collections::HashMap;
use tierra_asm::x64::{Arg, Assembler, Gpr, Mem, Op, Size};
use tierra_codegen::memory::{Image, Linker};
use tierra_codegen::{CompiledFunction, Context, Features, Options};
use tierra_ir::{Function, Symbol};

/// The stubs' symbols.
pub const TRAP: Symbol = Symbol(0);
pub const ENTER: Symbol = Symbol(1);
pub const SLOW: Symbol = Symbol(2);
pub const EXIT: Symbol = Symbol(3);
/// The first symbol that is free.
pub const FIRST: u32 = 8;

/// What stubs and functions share: where the stack was on entry, and where a trap was raised.
#[repr(C)]
pub struct Shared {
    stack: u64,
    trap: u64,
}

/// The sets of features that are worth a test, as far as the processor has them.
pub fn feature_sets() -> Vec<Features> {
    let cpu = Features::from_cpuid(
        |leaf, subleaf| {
            let r = std::arch::x86_64::__cpuid_count(leaf, subleaf);
            [r.eax, r.ebx, r.ecx, r.edx]
        },
        0xe6,
    );
    let base = Features::baseline();
    let mut sets = vec![base];
    for text in ["lzcnt,bmi1,bmi2", "avx", "avx2,fma,lzcnt,bmi1,bmi2"] {
        let set = base.union(Features::parse(text).expect("they are features"));
        if cpu.contains(set) {
            sets.push(set);
        }
    }
    if !sets.contains(&cpu) {
        sets.push(cpu);
    }
    sets
}

/// Functions on their way into memory.
pub struct Builder {
    pub context: Context,
    /// Keeps everything in memory: for functions that `SPILL` in the environment names.
    spilling: Context,
    linker: Linker,
    next: u32,
    compiled: HashMap<u32, CompiledFunction>,
    shared: Box<Shared>,
    pub total: usize,
}

/// Functions in memory.
pub struct Code {
    image: Image,
    compiled: HashMap<u32, CompiledFunction>,
    shared: Box<Shared>,
}

impl Builder {
    pub fn new(options: Options) -> Builder {
        let options = Options {
            trap_stub: Some(TRAP),
            exit_stub: Some(EXIT),
            verify: true,
            ..options
        };
        let mut shared = Box::new(Shared { stack: 0, trap: 0 });
        let mut linker = Linker::default();
        let address = &raw mut *shared as i64;
        linker.add(ENTER, &enter_stub(address));
        linker.add(TRAP, &trap_stub(address));
        linker.add(EXIT, &exit_stub());
        Builder {
            context: Context::new(options),
            spilling: Context::new(Options {
                spill_everything: true,
                ..options
            }),
            linker,
            next: FIRST,
            compiled: HashMap::new(),
            shared,
            total: 0,
        }
    }

    /// A symbol for a function to come.
    pub fn symbol(&mut self) -> Symbol {
        self.next += 1;
        Symbol(self.next - 1)
    }

    pub fn import(&mut self, symbol: Symbol, address: usize) {
        self.linker.import(symbol, address);
    }

    pub fn add(&mut self, symbol: Symbol, func: &mut Function) {
        let spilled = std::env::var("SPILL").is_ok_and(|names| names.contains(&func.name));
        let context = if spilled {
            &mut self.spilling
        } else {
            &mut self.context
        };
        let compiled = match context.compile(func) {
            Ok(compiled) => compiled.clone(),
            Err(error) => panic!("{}: {error}\n{func}", func.name),
        };
        if std::env::var("DUMP").is_ok_and(|names| names.contains(&func.name)) {
            eprintln!("{func}\n{}", disassemble(&compiled));
        }
        self.linker.add(symbol, &compiled);
        self.total += compiled.code_len as usize;
        self.next = self.next.max(symbol.0 + 1);
        self.compiled.insert(symbol.0, compiled);
    }

    /// Compiles a function under a new symbol.
    pub fn compile(&mut self, func: &mut Function) -> Symbol {
        let symbol = self.symbol();
        self.add(symbol, func);
        symbol
    }

    pub fn finish(self) -> Code {
        Code {
            image: self.linker.finish().expect("there is memory"),
            compiled: self.compiled,
            shared: self.shared,
        }
    }
}

impl Code {
    /// Runs a function of our convention with a pointer and up to three more numbers; gives RAX.
    ///
    /// # Errors
    /// The code of the trap that ended it.
    pub fn run(&mut self, symbol: Symbol, args: [u64; 4]) -> Result<u64, u8> {
        type Enter = unsafe extern "C" fn(*const u8, u64, u64, u64, u64) -> u64;
        self.shared.trap = 0;
        // SAFETY: the stub has this signature, and what the function does is what the test says.
        let result = unsafe {
            let enter: Enter = std::mem::transmute(self.image.address(ENTER));
            let [a, b, c, d] = args;
            enter(self.image.address(symbol), a, b, c, d)
        };
        match self.shared.trap {
            0 => Ok(result),
            pc => Err(self.trap_at(pc)),
        }
    }

    /// The address of a function.
    pub fn address(&self, symbol: Symbol) -> u64 {
        self.image.address(symbol) as u64
    }

    pub fn compiled(&self, symbol: Symbol) -> &CompiledFunction {
        &self.compiled[&symbol.0]
    }

    fn trap_at(&self, pc: u64) -> u8 {
        for (symbol, compiled) in &self.compiled {
            let offset = pc.wrapping_sub(self.address(Symbol(*symbol)));
            if (1..=u64::from(compiled.code_len)).contains(&offset) {
                let row = compiled
                    .traps
                    .binary_search_by_key(&(offset as u32), |row| row.0);
                return compiled.traps[row.expect("a trap has a row")].1;
            }
        }
        panic!("a trap at {pc:x}, which is no function");
    }
}

const SAVED: [Gpr; 6] = [Gpr::RBX, Gpr::RBP, Gpr::R12, Gpr::R13, Gpr::R14, Gpr::R15];

fn at(base: Gpr, disp: i32) -> Arg {
    Arg::M(Mem::Base { base, disp })
}

fn code(asm: &mut Assembler) -> CompiledFunction {
    let code = asm.finish().expect("a stub is small");
    CompiledFunction {
        code: code.bytes.clone(),
        code_len: code.code_len,
        ..CompiledFunction::default()
    }
}

/// Saves what C wants saved, remembers the stack and calls the first argument with the others.
fn enter_stub(shared: i64) -> CompiledFunction {
    use Arg::R;
    let mut asm = Assembler::new(Features::baseline());
    for r in SAVED {
        asm.emit(Op::Push, Size::Q, &[R(r)]);
    }
    // Seven words are on the stack: it is 8 off.
    asm.emit(Op::Push, Size::Q, &[R(Gpr::RAX)]);
    asm.emit(Op::Movabs, Size::Q, &[R(Gpr::R11), Arg::I(shared)]);
    asm.emit(Op::Mov, Size::Q, &[at(Gpr::R11, 0), R(Gpr::RSP)]);
    asm.emit(Op::Mov, Size::Q, &[R(Gpr::R11), R(Gpr::RDI)]);
    for (to, from) in [
        (Gpr::RDI, Gpr::RSI),
        (Gpr::RSI, Gpr::RDX),
        (Gpr::RDX, Gpr::RCX),
        (Gpr::RCX, Gpr::R8),
    ] {
        asm.emit(Op::Mov, Size::Q, &[R(to), R(from)]);
    }
    asm.emit(Op::Call, Size::Q, &[R(Gpr::R11)]);
    leave(&mut asm);
    code(&mut asm)
}

fn leave(asm: &mut Assembler) {
    asm.emit(Op::Pop, Size::Q, &[Arg::R(Gpr::R11)]);
    for r in SAVED.iter().rev() {
        asm.emit(Op::Pop, Size::Q, &[Arg::R(*r)]);
    }
    asm.emit(Op::Ret, Size::Q, &[]);
}

/// Notes where the trap was and leaves the entry's activation.
fn trap_stub(shared: i64) -> CompiledFunction {
    use Arg::R;
    let mut asm = Assembler::new(Features::baseline());
    asm.emit(Op::Pop, Size::Q, &[R(Gpr::RAX)]);
    asm.emit(Op::Movabs, Size::Q, &[R(Gpr::R11), Arg::I(shared)]);
    asm.emit(Op::Mov, Size::Q, &[at(Gpr::R11, 8), R(Gpr::RAX)]);
    asm.emit(Op::Mov, Size::Q, &[R(Gpr::RSP), at(Gpr::R11, 0)]);
    leave(&mut asm);
    code(&mut asm)
}

/// Calls the address in R11, with the stack as C wants it.
fn exit_stub() -> CompiledFunction {
    let mut asm = Assembler::new(Features::baseline());
    asm.emit(Op::Push, Size::Q, &[Arg::R(Gpr::RBP)]);
    asm.emit(Op::Mov, Size::Q, &[Arg::R(Gpr::RBP), Arg::R(Gpr::RSP)]);
    asm.emit(Op::Call, Size::Q, &[Arg::R(Gpr::R11)]);
    asm.emit(Op::Pop, Size::Q, &[Arg::R(Gpr::RBP)]);
    asm.emit(Op::Ret, Size::Q, &[]);
    code(&mut asm)
}

/// The instructions of a function, for people.
pub fn disassemble(compiled: &CompiledFunction) -> String {
    use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
    let code = &compiled.code[..compiled.code_len as usize];
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_branch_leading_zeros(false);
    let mut text = String::new();
    for instruction in Decoder::with_ip(64, code, 0, DecoderOptions::NONE) {
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        text.push_str(&format!("{:5x}  {line}\n", instruction.ip()));
    }
    text
}
