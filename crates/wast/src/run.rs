//! Files to scripts, scripts to reports.

use crate::script::Script;
use crate::{Report, SkipList, legacy};
use std::path::{Path, PathBuf};
use tierra::{Config, Engine, Features};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{Error, Wast};

/// Runs one script. `name` is what failures call it.
pub fn run_source(name: &str, source: &str, config: &Config) -> Report {
    let source = &*legacy::unfold(source);
    let mut report = Report::default();
    let engine = match Engine::new(config) {
        Ok(engine) => engine,
        Err(error) => {
            report.fail(name, 1, error.to_string());
            return report;
        }
    };
    let mut lexer = Lexer::new(source);
    // The scripts test names of every kind.
    lexer.allow_confusing_unicode(true);
    let parse_error = |error: &Error, report: &mut Report| {
        let (line, _) = error.span().linecol_in(source);
        report.fail(
            name,
            line + 1,
            format!("the script cannot be parsed: {}", error.message()),
        );
    };
    let buffer = match ParseBuffer::new_with_lexer(lexer) {
        Ok(buffer) => buffer,
        Err(error) => {
            parse_error(&error, &mut report);
            return report;
        }
    };
    match parser::parse::<Wast<'_>>(&buffer) {
        Ok(wast) => std::thread::scope(|scope| {
            let mut script = Script::new(name, source, &engine, scope);
            script.run(wast.directives);
            report.add(script.finish());
        }),
        Err(error) => parse_error(&error, &mut report),
    }
    report
}

/// Runs scripts, and those in folders, in the order of their names; calls `done` after each.
/// Failures that `skip` names are excused; entries of it that excuse nothing are failures.
///
/// # Errors
/// When a path cannot be read.
pub fn run_paths(
    paths: &[PathBuf],
    config: &Config,
    skip: &mut SkipList,
    mut done: impl FnMut(&Path, &Report),
) -> std::io::Result<Report> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    let mut all = Report::default();
    for file in files {
        let source = std::fs::read(&file)?;
        let source = String::from_utf8_lossy(&source);
        let name = file.to_string_lossy();
        let mut report = run_source(&name, &source, &config_for(&name, config));
        skip.excuse(&mut report);
        done(&file, &report);
        all.add(report);
    }
    skip.stale(&mut all);
    Ok(all)
}

/// The configuration for a script. The scripts of some proposals are older than features that
/// came into the standard since, and assert that modules with these are invalid.
pub fn config_for(path: &str, config: &Config) -> Config {
    let mut config = config.clone();
    if path.replace('\\', "/").contains("proposals/threads/") {
        config
            .feature(Features::REFERENCE_TYPES, false)
            .feature(Features::MULTI_MEMORY, false);
    }
    config
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.into());
        return Ok(());
    }
    let entries = std::fs::read_dir(path)?.map(|e| e.map(|e| e.path()));
    let mut entries = entries.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() || entry.extension().is_some_and(|e| e == "wast") {
            collect(&entry, files)?;
        }
    }
    Ok(())
}
