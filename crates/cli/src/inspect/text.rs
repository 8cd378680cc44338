//! The report for people.

use super::Report;
use std::fmt::Write;

/// The report, with the largest functions.
pub fn render(report: &Report<'_>, functions: usize) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, report, functions);
    out
}

fn write(out: &mut String, report: &Report<'_>, shown: usize) -> std::fmt::Result {
    let Report {
        name,
        module,
        contents,
        features,
    } = report;
    write!(out, "{name}: module")?;
    if let Some(name) = module.name() {
        write!(out, " `{name}`")?;
    }
    writeln!(out, ", {} bytes", module.bytes().len())?;
    let features = if features.is_empty() {
        "none".into()
    } else {
        features.join(", ")
    };
    writeln!(out, "features beyond the first version: {features}")?;

    writeln!(out, "\nimports: {}", module.imports().len())?;
    let width = module
        .imports()
        .map(|i| i.module.len() + i.name.len() + 1)
        .max()
        .unwrap_or(0);
    for import in module.imports() {
        let name = format!("{} {}", import.module, import.name);
        writeln!(out, "  {:6} {name:width$} {}", import.ty.kind(), import.ty)?;
    }
    writeln!(out, "\nexports: {}", module.exports().len())?;
    let width = module.exports().map(|e| e.name.len()).max().unwrap_or(0);
    for export in module.exports() {
        writeln!(
            out,
            "  {:6} {:width$} {}",
            export.ty.kind(),
            export.name,
            export.ty
        )?;
    }

    writeln!(out, "\nsections: {}", contents.sections.len())?;
    let width = contents
        .sections
        .iter()
        .map(|s| s.name.len() + 2)
        .max()
        .unwrap_or(0);
    for section in &contents.sections {
        let name = if section.custom {
            format!("\"{}\"", section.name)
        } else {
            section.name.clone()
        };
        write!(
            out,
            "  {name:width$} {:9} bytes at {:#x}",
            section.range.len(),
            section.range.start
        )?;
        match section.entries {
            Some(entries) => writeln!(out, ", {entries} entries")?,
            None => writeln!(out)?,
        }
    }

    let mut functions: Vec<_> = contents.functions.iter().collect();
    functions.sort_by_key(|function| std::cmp::Reverse(function.range.len()));
    writeln!(
        out,
        "\nfunctions: {}, {} bytes",
        functions.len(),
        module.code_size()
    )?;
    for function in functions.iter().take(shown) {
        let (size, name) = (function.range.len(), function.name.unwrap_or_default());
        writeln!(
            out,
            "{size:9} bytes at {:#x} func {} {name}",
            function.range.start, function.index
        )?;
    }
    if let Some(more @ 1..) = functions.len().checked_sub(shown) {
        writeln!(
            out,
            "          … and {more} smaller ones; `--functions N` lists more"
        )?;
    }
    Ok(())
}
