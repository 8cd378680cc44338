//! Every loop of every function can be entered from another tier.

use std::time::{Duration, Instant};
use tierra_codegen::Context;
use tierra_compile::{Error, Options, State, translate_osr};
use tierra_core::index::FuncIdx;
use tierra_ir::Function;
use tierra_module::{Body, Module};

/// Bodies up to this size are entered at each of their bytes.
const EVERYWHERE: usize = 1 << 10;

/// Bytes that the loops of a function may take together; of larger functions, some are tried.
const MOST: usize = 1 << 20;

/// Translates functions from their loops on.
pub struct Loops {
    state: State,
    func: Function,
    context: Context,
    reached: usize,
    dead: usize,
    too_large: usize,
    no_code: usize,
    /// The bytes of the bodies that the loops are in, and of the machine code.
    bytes: usize,
    code: usize,
    pub time: Duration,
}

impl Default for Loops {
    fn default() -> Self {
        Self {
            state: State::default(),
            func: Function::default(),
            context: Context::new(tierra_codegen::Options {
                verify: true,
                ..tierra_codegen::Options::default()
            }),
            reached: 0,
            dead: 0,
            too_large: 0,
            no_code: 0,
            bytes: 0,
            code: 0,
            time: Duration::ZERO,
        }
    }
}

/// Where the loops of a body are in the module.
pub fn loops(body: &Body<'_>) -> Vec<u32> {
    let reader = wasmparser::BinaryReader::new(body.bytes, body.offset as u64);
    let operators = wasmparser::FunctionBody::new(reader).get_operators_reader();
    let operators = operators.expect("it is valid").into_iter_with_offsets();
    let all = operators.map(|operator| operator.expect("it is valid"));
    all.filter(|(operator, _)| matches!(operator, wasmparser::Operator::Loop { .. }))
        .map(|(_, at)| at as u32)
        .collect()
}

/// Whether the ordinary translation comes to a loop: it jumps there.
fn is_reached(ordinary: &Function, at: u32) -> bool {
    let mut insts = ordinary
        .layout()
        .iter()
        .flat_map(|block| ordinary.insts(*block));
    insts.any(|inst| ordinary.location(inst) == at)
}

impl Loops {
    /// Translates a function from each of its loops on, and compares with the ordinary translation.
    pub fn function(
        &mut self,
        name: &str,
        module: &Module,
        func: FuncIdx,
        options: &Options<'_>,
        ordinary: &Function,
    ) {
        let body = module.body(func).expect("it is defined");
        let loops = loops(&body);
        let step = 1 + loops.len() * body.bytes.len() / MOST;
        for at in loops.iter().step_by(step) {
            let start = Instant::now();
            let result = translate_osr(module, func, *at, options, &mut self.func, &mut self.state);
            self.time += start.elapsed();
            self.bytes += body.bytes.len();
            let is_reached = is_reached(ordinary, *at);
            let done = match result {
                Ok(_) if is_reached => self.compile(),
                Err(Error::NoLoop) if !is_reached => {
                    self.dead += 1;
                    Ok(())
                }
                Err(Error::TooLarge) => {
                    self.too_large += 1;
                    Ok(())
                }
                result => Err(format!("{result:?}, reached: {is_reached}")),
            };
            if let Err(error) = done {
                panic!("{name}, function {func} at {at:#x}: {error}");
            }
        }
        self.elsewhere(module, func, options, &body, &loops);
    }

    /// Verifies the function before and after the passes, and its registers.
    fn compile(&mut self) -> Result<(), String> {
        self.reached += 1;
        match self.context.compile(&mut self.func) {
            Ok(code) => self.code += code.code.len(),
            Err(tierra_codegen::Error::TooLarge) => self.no_code += 1,
            // Not all machines have all operators; but a loop is entered at its head only.
            Err(tierra_codegen::Error::Unsupported(what)) if !what.contains("loop") => {
                self.no_code += 1;
            }
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    /// Where no loop is there is none.
    fn elsewhere(
        &mut self,
        module: &Module,
        func: FuncIdx,
        options: &Options<'_>,
        body: &Body<'_>,
        loops: &[u32],
    ) {
        let end = body.offset + body.bytes.len().min(EVERYWHERE);
        let around = body.offset.saturating_sub(2)..end + 2;
        let places = around.map(|at| at as u32).chain([0, u32::MAX]);
        for at in places.filter(|at| loops.binary_search(at).is_err()) {
            let result = translate_osr(module, func, at, options, &mut self.func, &mut self.state);
            assert!(
                matches!(result, Err(Error::NoLoop)),
                "function {func} at {at:#x}: {result:?}"
            );
        }
    }

    /// Prints what was done.
    pub fn report(&self, what: &str) {
        let rate = self.time.as_secs_f64() * 1e6 / self.bytes.max(1) as f64;
        println!(
            "{what}: {} loops, {} dead, {} too large, {} without code, {} bytes of code, \
             {rate:.3} µs/byte of the body",
            self.reached, self.dead, self.too_large, self.no_code, self.code
        );
    }
}
