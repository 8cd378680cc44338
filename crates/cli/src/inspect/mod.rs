//! `tierra inspect`: what a module imports, exports, uses and contains.

pub mod contents;
mod disassemble;
mod json;
mod machine;
mod text;

use crate::commands::InspectOptions;
use crate::engine::engine;
use crate::failure::Failure;
use crate::source::Source;
use contents::Contents;
use std::io::Write;
use tierra::{Config, Features, Module};

/// Prints the report.
pub fn run(options: &InspectOptions) -> Result<i32, Failure> {
    let mut config = Config::new();
    config.features(
        Features::ALL
            .iter()
            .fold(Features::default(), |all, (_, f)| all.with(*f, true)),
    );
    let engine = engine(&config)?;
    let source = Source::read(&options.file)?;
    let module = source.module(&engine)?;
    let contents = Contents::of(&module)
        .map_err(|error| Failure::host(format!("cannot read `{}` again: {error}", source.name)))?;
    if let Some(wanted) = &options.disassemble {
        let functions =
            disassemble::functions(&module, &contents, wanted.as_deref(), options.tier.into())?;
        if let Some(path) = &options.html {
            let page = disassemble::html(&source.name, &functions);
            std::fs::write(path, page).map_err(|error| {
                Failure::user(format!("cannot write `{}`: {error}", path.display()))
            })?;
            return Ok(0);
        }
        // Whoever reads only the first lines may close the pipe.
        let _ = std::io::stdout()
            .lock()
            .write_all(disassemble::text(&functions).as_bytes());
        return Ok(0);
    }
    let report = Report {
        name: &source.name,
        module: &module,
        contents,
        features: used_features(&module),
    };
    let text = if options.json {
        json::render(&report)
    } else {
        text::render(&report, options.functions)
    };
    // Whoever reads only the first lines may close the pipe.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(0)
}

/// What is known of a module.
struct Report<'m> {
    name: &'m str,
    module: &'m Module,
    contents: Contents<'m>,
    features: Vec<&'static str>,
}

/// The features without which the module would not be valid.
///
/// Each is switched off in turn: what the validator accepts is the one truth about features.
fn used_features(module: &Module) -> Vec<&'static str> {
    let all = Features::ALL
        .iter()
        .fold(Features::default(), |all, (_, f)| all.with(*f, true));
    let needs = |feature| {
        let engine = tierra::Engine::new(Config::new().features(all.with(feature, false)));
        engine.is_ok_and(|engine| Module::validate(&engine, module.bytes()).is_err())
    };
    Features::ALL
        .iter()
        .filter(|(_, feature)| needs(*feature))
        .map(|(name, _)| *name)
        .collect()
}
