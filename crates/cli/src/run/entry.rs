//! Where a run begins: the program's start, or a function that the user names.

use super::values;
use crate::failure::Failure;
use crate::options::RunOptions;
use tierra::{ExternType, Instance, Module, Result, Store, Val};
use wasmparser::{Parser, Payload};

/// What is called once the module is instantiated.
pub enum Entry {
    /// `_start` of a program.
    Start,
    /// `_initialize` of a library without a program, and nothing more.
    Initialize,
    /// Nothing: all happens while the module is instantiated.
    Nothing,
    /// A function with parameters, after `_initialize` if there is one.
    Call {
        /// Its name.
        name: String,
        /// Its parameters.
        params: Vec<Val>,
        /// How many results it has.
        results: usize,
        /// Whether `_initialize` comes first.
        initialize: bool,
    },
}

impl Entry {
    /// Chooses by options and exports.
    pub fn choose(module: &Module, options: &RunOptions) -> std::result::Result<Entry, Failure> {
        let exports = |name| matches!(module.get_export(name), Some(ExternType::Func(_)));
        if let Some(name) = &options.invoke {
            return call(module, name, options.args());
        }
        if exports("_start") {
            return Ok(Entry::Start);
        }
        if exports("_initialize") {
            return Ok(Entry::Initialize);
        }
        if has_start(module) || functions(module).is_empty() {
            return Ok(Entry::Nothing);
        }
        Err(Failure::user(format!(
            "`{}` is no program: it exports no `_start`",
            options.file()
        ))
        .hint(format!(
            "choose a function with `--invoke NAME`; there are {}",
            functions(module)
        )))
    }

    /// Calls it in an instance; returns the results.
    pub fn call(
        &self,
        store: &mut Store<super::host::State>,
        instance: Instance,
    ) -> Result<Vec<Val>> {
        match self {
            Entry::Nothing => Ok(Vec::new()),
            Entry::Start => plain(store, instance, "_start"),
            Entry::Initialize => plain(store, instance, "_initialize"),
            Entry::Call {
                name,
                params,
                results,
                initialize,
            } => {
                if *initialize {
                    plain(store, instance, "_initialize")?;
                }
                let func = instance
                    .get_func(&*store, name)
                    .expect("`choose` found the export");
                let mut values = vec![Val::I32(0); *results];
                tracing::info!(name, "calling");
                func.call(store, params, &mut values)?;
                Ok(values)
            }
        }
    }
}

/// Calls a function without parameters and results.
pub fn plain(
    store: &mut Store<super::host::State>,
    instance: Instance,
    name: &str,
) -> Result<Vec<Val>> {
    tracing::info!(name, "calling");
    instance
        .get_typed_func::<(), ()>(&*store, name)?
        .call(store, ())?;
    Ok(Vec::new())
}

fn call(module: &Module, name: &str, args: &[String]) -> std::result::Result<Entry, Failure> {
    let ty = match module.get_export(name) {
        Some(ExternType::Func(ty)) => ty,
        Some(other) => {
            return Err(Failure::user(format!(
                "the export `{name}` is a {}, not a function",
                other.kind()
            ))
            .hint(format!("`--invoke` takes {}", functions(module))));
        }
        None => {
            return Err(
                Failure::user(format!("no function is exported as `{name}`"))
                    .hint(format!("`--invoke` takes {}", functions(module))),
            );
        }
    };
    if ty.params().len() != args.len() {
        let (wanted, given) = (ty.params().len(), args.len());
        return Err(Failure::user(format!(
            "`{name}` takes {wanted} parameters, {given} were given"
        ))
        .hint(format!(
            "its type is {ty}; parameters follow FILE, separated by spaces"
        )));
    }
    let params = ty
        .params()
        .iter()
        .zip(args)
        .enumerate()
        .map(|(i, (ty, arg))| {
            values::parse(ty, arg)
                .map_err(|why| Failure::user(format!("parameter {} of `{name}`: {why}", i + 1)))
        });
    Ok(Entry::Call {
        name: name.into(),
        params: params.collect::<std::result::Result<_, _>>()?,
        results: ty.results().len(),
        initialize: name != "_initialize" && module.get_export("_initialize").is_some(),
    })
}

/// The names of the exported functions, for hints.
fn functions(module: &Module) -> String {
    const SHOWN: usize = 20;
    let names: Vec<_> = module
        .exports()
        .filter(|export| export.ty.func().is_some() && export.ty.kind() == "func")
        .map(|export| format!("`{}`", export.name))
        .collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names[..names.len().min(SHOWN)].join(", ") + &more
}

/// Whether the module has a start function, which runs when it is instantiated.
fn has_start(module: &Module) -> bool {
    let payloads = Parser::new(0).parse_all(module.bytes());
    payloads
        .map_while(std::result::Result::ok)
        .any(|p| matches!(p, Payload::StartSection { .. }))
}
