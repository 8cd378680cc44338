//! The directives of a script, one after the other.

use crate::{Report, custom, spectest, values};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Scope, ScopedJoinHandle};
use tierra::{
    Engine, Error, Extern, Func, Instance, Linker, Memory, Module, SharedMemory, Store, Val,
};
use wast::token::{Id, Span};
use wast::{
    QuoteWat, QuoteWatTest, WastDirective, WastExecute, WastInvoke, WastRet, WastThread, Wat,
};

/// What a directive found: an assertion that held, nothing to count, or why it failed.
type Outcome = Result<Held, String>;

enum Held {
    Assertion,
    Nothing,
}

/// What the name of a module stands for.
#[derive(Clone)]
enum Target {
    Instance(Instance),
    /// What a thread was given of a module of its parent: shared memories.
    Shared(Vec<(String, Extern)>),
}

/// A script, or a thread of one, while it runs.
pub(crate) struct Script<'a, 'scope, 'env> {
    name: &'a str,
    source: &'a str,
    scope: &'scope Scope<'scope, 'env>,
    store: Store<()>,
    linker: Linker<()>,
    report: Report,
    current: Option<Target>,
    targets: HashMap<String, Target>,
    definitions: HashMap<String, Module>,
    last_definition: Option<Module>,
    threads: HashMap<String, ScopedJoinHandle<'scope, Report>>,
}

impl<'scope, 'env, 'a: 'scope> Script<'a, 'scope, 'env> {
    pub(crate) fn new(
        name: &'a str,
        source: &'a str,
        engine: &Engine,
        scope: &'scope Scope<'scope, 'env>,
    ) -> Self {
        let mut store = Store::new(engine, ());
        // Where fuel is counted, it must not run out; elsewhere there is none to set.
        let _ = store.set_fuel(u64::MAX);
        let mut linker = Linker::new(engine);
        linker.allow_shadowing(true);
        let mut report = Report::default();
        if let Err(error) = spectest::define(&mut linker, &mut store) {
            report.fail(
                name,
                1,
                format!("the module spectest cannot be made: {error}"),
            );
        }
        Self {
            name,
            source,
            scope,
            store,
            linker,
            report,
            current: None,
            targets: HashMap::new(),
            definitions: HashMap::new(),
            last_definition: None,
            threads: HashMap::new(),
        }
    }

    pub(crate) fn run(&mut self, directives: Vec<WastDirective<'a>>) {
        for directive in directives {
            let span = directive.span();
            // A panic is a bug of ours; it must not hide the rest of the script.
            let outcome = catch_unwind(AssertUnwindSafe(|| self.directive(directive)));
            match outcome {
                Ok(Ok(Held::Assertion)) => self.report.counts.passed += 1,
                Ok(Ok(Held::Nothing)) => {}
                Ok(Err(message)) => self.fail(span, message),
                Err(panic) => {
                    let message = panic
                        .downcast_ref::<String>()
                        .map(String::as_str)
                        .or_else(|| panic.downcast_ref::<&str>().copied())
                        .unwrap_or("no message");
                    self.fail(span, format!("panic: {message}"));
                }
            }
        }
    }

    fn fail(&mut self, span: Span, message: String) {
        let (line, _) = span.linecol_in(self.source);
        self.report.fail(self.name, line + 1, message);
    }

    pub(crate) fn finish(mut self) -> Report {
        for (_, thread) in self.threads.drain() {
            self.report.add(join(thread));
        }
        self.report
    }

    fn directive(&mut self, directive: WastDirective<'a>) -> Outcome {
        use WastDirective as D;
        match directive {
            D::Module(mut wat) => {
                self.current = None;
                let name = wat.name();
                let module = self.module(&mut wat)?;
                let instance = self
                    .instantiate(&module)
                    .map_err(|e| format!("module: {e:?}"))?;
                self.set_current(name, instance);
                Ok(Held::Nothing)
            }
            D::ModuleDefinition(mut wat) => {
                let module = self.module(&mut wat)?;
                if let Some(name) = wat.name() {
                    self.definitions.insert(name.name().into(), module.clone());
                }
                self.last_definition = Some(module);
                Ok(Held::Nothing)
            }
            D::ModuleInstance {
                instance, module, ..
            } => {
                let module = match module {
                    Some(id) => self.definitions.get(id.name()),
                    None => self.last_definition.as_ref(),
                };
                let module = module.cloned().ok_or("no such module definition")?;
                let made = self
                    .instantiate(&module)
                    .map_err(|e| format!("module instance: {e:?}"))?;
                self.set_current(instance, made);
                Ok(Held::Nothing)
            }
            D::Register { name, module, .. } => self.register(name, module),
            D::Invoke(invoke) => match self.invoke(invoke)? {
                Ok(_) => Ok(Held::Nothing),
                Err(error) => Err(format!("invoke failed: {error:?}")),
            },
            D::AssertMalformed {
                module, message, ..
            } => self.rejected("malformed", module, message),
            D::AssertInvalid {
                module, message, ..
            } => self.rejected("invalid", module, message),
            D::AssertMalformedCustom {
                module, message, ..
            }
            | D::AssertInvalidCustom {
                module, message, ..
            } => self.rejected_custom(module, message),
            D::AssertReturn { exec, results, .. } => self.returns(exec, &results),
            D::AssertTrap { exec, message, .. } => self.traps(exec, message),
            D::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(call)?;
                expect_trap(outcome, message)
            }
            D::AssertException { exec, .. } => match self.execute(exec)? {
                Err(error) if error.exception().is_some() => Ok(Held::Assertion),
                other => Err(format!("expected an exception, got {}", show(other))),
            },
            D::AssertUnlinkable {
                module, message, ..
            } => self.unlinkable(module, message),
            D::AssertSuspension { .. } => Err("stack switching is not supported".into()),
            D::Thread(thread) => self.thread(thread),
            D::Wait { thread, .. } => {
                let thread = self.threads.remove(thread.name()).ok_or("no such thread")?;
                self.report.add(join(thread));
                Ok(Held::Nothing)
            }
        }
    }

    fn module(&self, wat: &mut QuoteWat<'_>) -> Result<Module, String> {
        let bytes = encode(wat)?;
        Module::new(self.store.engine(), bytes).map_err(|e| format!("module: {e}"))
    }

    fn instantiate(&mut self, module: &Module) -> tierra::Result<Instance> {
        self.linker.instantiate(&mut self.store, module)
    }

    fn set_current(&mut self, name: Option<Id<'_>>, instance: Instance) {
        let target = Target::Instance(instance);
        if let Some(name) = name {
            self.targets.insert(name.name().into(), target.clone());
        }
        self.current = Some(target);
    }

    fn target(&self, name: Option<Id<'_>>) -> Result<Target, String> {
        let target = match name {
            Some(id) => self.targets.get(id.name()),
            None => self.current.as_ref(),
        };
        target.cloned().ok_or_else(|| match name {
            Some(id) => format!("there is no instance ${}", id.name()),
            None => "there is no instance".into(),
        })
    }

    fn register(&mut self, name: &str, module: Option<Id<'_>>) -> Outcome {
        match self.target(module)? {
            Target::Instance(instance) => {
                self.linker
                    .instance(&mut self.store, name, instance)
                    .map_err(|e| e.to_string())?;
            }
            Target::Shared(exports) => {
                for (export, item) in exports {
                    self.linker
                        .define(name, &export, item)
                        .map_err(|e| e.to_string())?;
                }
            }
        }
        Ok(Held::Nothing)
    }

    fn export(&self, module: Option<Id<'_>>, name: &str) -> Result<Extern, String> {
        let item = match self.target(module)? {
            Target::Instance(instance) => instance.get_export(&self.store, name),
            Target::Shared(exports) => exports.iter().find(|(n, _)| n == name).map(|(_, e)| *e),
        };
        item.ok_or_else(|| format!("nothing is exported as {name:?}"))
    }

    fn func(&self, module: Option<Id<'_>>, name: &str) -> Result<Func, String> {
        let func = self.export(module, name)?.into_func();
        func.ok_or_else(|| format!("the export {name:?} is not a function"))
    }

    /// Calls an export. The outer error is about the script, the inner one the guest's.
    fn invoke(&mut self, invoke: WastInvoke<'_>) -> Result<tierra::Result<Vec<Val>>, String> {
        let func = self.func(invoke.module, invoke.name)?;
        let mut args = Vec::with_capacity(invoke.args.len());
        for arg in &invoke.args {
            args.push(values::argument(&mut self.store, arg)?);
        }
        let count = func.ty(&self.store).results().len();
        let mut results = vec![Val::I32(0); count];
        Ok(func
            .call(&mut self.store, &args, &mut results)
            .map(|()| results))
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<tierra::Result<Vec<Val>>, String> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(invoke),
            WastExecute::Wat(wat) => {
                let module = self.module(&mut QuoteWat::Wat(wat))?;
                Ok(self.instantiate(&module).map(|_| Vec::new()))
            }
            WastExecute::Get { module, global, .. } => {
                let item = self.export(module, global)?.into_global();
                let item = item.ok_or_else(|| format!("the export {global:?} is not a global"))?;
                Ok(Ok(vec![item.get(&mut self.store)]))
            }
        }
    }

    fn returns(&mut self, exec: WastExecute<'_>, expected: &[WastRet<'_>]) -> Outcome {
        let got = self
            .execute(exec)?
            .map_err(|e| format!("expected {expected:?}, got {e:?}"))?;
        let mut same = got.len() == expected.len();
        for (value, ret) in got.iter().zip(expected) {
            same = same && values::matches(&mut self.store, value, ret)?;
        }
        if same {
            return Ok(Held::Assertion);
        }
        Err(format!("expected {expected:?}, got {}", values::show(&got)))
    }

    fn traps(&mut self, exec: WastExecute<'_>, message: &str) -> Outcome {
        let outcome = self.execute(exec)?;
        expect_trap(outcome, message)
    }

    /// The module must not get past validation, whatever the words.
    fn rejected(&mut self, what: &str, mut wat: QuoteWat<'_>, message: &str) -> Outcome {
        let Ok(bytes) = encode(&mut wat) else {
            return Ok(Held::Assertion);
        };
        match Module::new(self.store.engine(), bytes) {
            Err(error) if error.is_module() => Ok(Held::Assertion),
            Err(error) => Err(format!(
                "expected a module that is {what} ({message}), got {error}"
            )),
            Ok(_) => Err(format!(
                "expected a module that is {what} ({message}), got a valid one"
            )),
        }
    }

    /// The text, or a custom section of the module, must not be accepted.
    fn rejected_custom(&mut self, mut wat: QuoteWat<'_>, message: &str) -> Outcome {
        match encode(&mut wat).and_then(|bytes| custom::check(&bytes)) {
            Err(_) => Ok(Held::Assertion),
            Ok(()) => Err(format!(
                "expected a custom section to be refused ({message})"
            )),
        }
    }

    fn unlinkable(&mut self, wat: Wat<'_>, message: &str) -> Outcome {
        let module = self.module(&mut QuoteWat::Wat(wat))?;
        match self.instantiate(&module) {
            Err(error) if error.is_link() => Ok(Held::Assertion),
            Err(error) => Err(format!("expected a link error ({message}), got {error}")),
            Ok(_) => Err(format!(
                "expected a link error ({message}), got an instance"
            )),
        }
    }

    /// Starts a thread with a store of its own, which gets the shared memories of a module.
    fn thread(&mut self, thread: WastThread<'a>) -> Outcome {
        let mut shared: Vec<(String, SharedMemory)> = Vec::new();
        if let Some(id) = thread.shared_module {
            let exports: Vec<(String, Extern)> = match self.target(Some(id))? {
                Target::Instance(instance) => instance
                    .exports(&self.store)
                    .map(|e| (e.name.to_string(), e.item))
                    .collect(),
                Target::Shared(exports) => exports,
            };
            for (name, item) in exports {
                if let Some(memory) = item.into_memory().and_then(|m| m.as_shared(&self.store)) {
                    shared.push((name, memory));
                }
            }
        }
        let (name, source, scope) = (self.name, self.source, self.scope);
        let engine = self.store.engine().clone();
        let key = thread.name.name().to_string();
        let module = thread.shared_module.map(|id| id.name().to_string());
        let directives = thread.directives;
        let handle = scope.spawn(move || {
            let mut script = Script::new(name, source, &engine, scope);
            let mut exports = Vec::new();
            for (name, memory) in &shared {
                match Memory::from_shared(&mut script.store, memory) {
                    Ok(memory) => exports.push((name.clone(), memory.into())),
                    Err(error) => script.report.fail(script.name, 1, error.to_string()),
                }
            }
            if let Some(module) = module {
                script.targets.insert(module, Target::Shared(exports));
            }
            script.run(directives);
            script.finish()
        });
        self.threads.insert(key, handle);
        Ok(Held::Nothing)
    }
}

fn join(thread: ScopedJoinHandle<'_, Report>) -> Report {
    thread.join().unwrap_or_else(|_| {
        let mut report = Report::default();
        report.fail("thread", 1, "a thread of the script panicked");
        report
    })
}

/// The binary form of a module.
fn encode(wat: &mut QuoteWat<'_>) -> Result<Vec<u8>, String> {
    match wat.to_test().map_err(|e| e.to_string())? {
        QuoteWatTest::Binary(bytes) => Ok(bytes),
        QuoteWatTest::Text(text) => {
            let text = std::str::from_utf8(&text).map_err(|_| "malformed UTF-8 encoding")?;
            let mut lexer = wast::lexer::Lexer::new(text);
            lexer.allow_confusing_unicode(true);
            let buffer =
                wast::parser::ParseBuffer::new_with_lexer(lexer).map_err(|e| e.to_string())?;
            let mut wat = wast::parser::parse::<Wat<'_>>(&buffer).map_err(|e| e.to_string())?;
            wat.encode().map_err(|e| e.to_string())
        }
    }
}

/// Scripts name traps by the first words of a message, some say more than the specification.
fn expect_trap(outcome: tierra::Result<Vec<Val>>, message: &str) -> Outcome {
    if let Err(error) = &outcome
        && let Some(trap) = error.trap()
        && (trap.message().starts_with(message) || message.starts_with(trap.message()))
    {
        return Ok(Held::Assertion);
    }
    Err(format!(
        "expected the trap {message:?}, got {}",
        show(outcome)
    ))
}

fn show(outcome: tierra::Result<Vec<Val>>) -> String {
    match outcome {
        Ok(values) => values::show(&values),
        Err(error) => show_error(&error),
    }
}

fn show_error(error: &Error) -> String {
    format!("{error:?}")
}
