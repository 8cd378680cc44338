//! What one thread compiles functions with: from a body to its machine code.

use crate::compiler::Settings;
use crate::inline::{self, Callees};
use crate::link::{self, Stub};
use crate::one_pass::OnePass;
use tierra_codegen::opt::{Event, Observer};
use tierra_codegen::{CompiledFunction, Context};
use tierra_compile::Symbols;
use tierra_core::FrameState;
use tierra_core::index::FuncIdx;
use tierra_ir::Function;

/// Makes the intermediate representation of functions.
#[derive(Default)]
pub struct Translator {
    ir: Function,
    state: tierra_compile::State,
}

impl Translator {
    /// A function as the front end makes it; `None` if it exceeds a limit.
    ///
    /// # Errors
    /// When the compiler finds a bug of ours.
    pub fn translate(
        &mut self,
        callees: &Callees<'_>,
        func: FuncIdx,
    ) -> Result<Option<&mut Function>, String> {
        let options = options(callees);
        match tierra_compile::translate(
            callees.module,
            func,
            &options,
            &mut self.ir,
            &mut self.state,
        ) {
            Ok(()) => Ok(Some(&mut self.ir)),
            Err(tierra_compile::Error::TooLarge) => Ok(None),
            Err(error) => Err(format!("function {func}: {error}")),
        }
    }

    /// A function from the head of a loop on, and the state that it reads there; `None` if it
    /// exceeds a limit.
    ///
    /// # Errors
    /// When there is no such loop.
    fn translate_loop(
        &mut self,
        callees: &Callees<'_>,
        func: FuncIdx,
        at: u32,
    ) -> Result<Option<(&mut Function, FrameState)>, String> {
        let options = options(callees);
        let Self { ir, state } = self;
        match tierra_compile::translate_osr(callees.module, func, at, &options, ir, state) {
            Ok(state) => Ok(Some((ir, state))),
            Err(tierra_compile::Error::TooLarge) => Ok(None),
            Err(error) => Err(format!("function {func}: {error}")),
        }
    }
}

/// What the front end is told.
fn options<'a>(callees: &Callees<'a>) -> tierra_compile::Options<'a> {
    let settings = callees.settings;
    tierra_compile::Options {
        symbols: Symbols {
            stack_slow: Stub::Stack.symbol(),
            poll: Stub::Poll.symbol(),
        },
        fuel: settings.fuel,
        tables: &callees.known.tables,
        interruption: settings.interruption,
        feedback: callees.feedback,
        memory: settings.memory_plan(),
    }
}

/// The machine code of a function; `None` if it exceeds a limit.
fn generate(
    context: &mut Context,
    func: FuncIdx,
    ir: &mut Function,
) -> Result<Option<CompiledFunction>, String> {
    match context.compile(ir) {
        Ok(code) => Ok(Some(code.clone())),
        // What the code generator has no code for stays in the tier that it is in.
        Err(tierra_codegen::Error::TooLarge | tierra_codegen::Error::Unsupported(_)) => Ok(None),
        Err(error) => Err(format!("function {func}: {error}")),
    }
}

/// Compiles functions.
pub struct Worker {
    translator: Translator,
    inlining: inline::State,
    context: Context,
    one_pass: Option<OnePass>,
}

impl Worker {
    /// One that compiles with these settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            translator: Translator::default(),
            inlining: inline::State::default(),
            context: Context::new(tierra_codegen::Options {
                features: settings.cpu_features(),
                opt_level: settings.opt_level,
                ..link::options()
            }),
            one_pass: settings.one_pass.then(|| OnePass::new(settings)),
        }
    }

    /// Lets somebody watch the stages.
    pub fn observe(&mut self, observer: Observer) {
        self.context.optimizer().observer = Some(observer);
    }

    /// The function's code; `None` if it exceeds a limit.
    ///
    /// # Errors
    /// When the compiler finds a bug of ours.
    pub fn compile(
        &mut self,
        callees: &Callees<'_>,
        func: FuncIdx,
    ) -> Result<Option<CompiledFunction>, String> {
        let Callees {
            module, settings, ..
        } = *callees;
        if !settings.compiles(func) {
            return Ok(None);
        }
        if let Some(one_pass) = &mut self.one_pass {
            return one_pass.compile(module, func);
        }
        let stages = self.context.optimizer();
        stages.tell(Event::Start("translate"));
        let Some(ir) = self.translator.translate(callees, func)? else {
            return Ok(None);
        };
        stages.tell(Event::End("translate", ir));
        stages.tell(Event::Start("inline"));
        self.inlining.run(callees, ir);
        stages.tell(Event::End("inline", ir));
        generate(&mut self.context, func, ir)
    }

    /// A function's code from the head of a loop on, by the offset of its operator in the module,
    /// and what it reads of the state there; `None` if it exceeds a limit.
    ///
    /// # Errors
    /// When the compiler finds a bug of ours.
    pub fn compile_loop(
        &mut self,
        callees: &Callees<'_>,
        func: FuncIdx,
        at: u32,
    ) -> Result<Option<(CompiledFunction, FrameState)>, String> {
        let translated = self.translator.translate_loop(callees, func, at)?;
        let Some((ir, state)) = translated else {
            return Ok(None);
        };
        self.inlining.run(callees, ir);
        let code = generate(&mut self.context, func, ir)?;
        Ok(code.map(|code| (code, state)))
    }
}
