//! The report for programs.

use super::Report;
use serde_json::json;

/// Everything, as one object. Offsets and sizes are in bytes.
pub fn render(report: &Report<'_>) -> String {
    let Report {
        name,
        module,
        contents,
        features,
    } = report;
    let imports: Vec<_> = module
        .imports()
        .map(|import| {
            json!({
                "module": import.module,
                "name": import.name,
                "kind": import.ty.kind(),
                "type": import.ty.to_string(),
            })
        })
        .collect();
    let exports: Vec<_> = module
        .exports()
        .map(|export| {
            json!({ "name": export.name, "kind": export.ty.kind(), "type": export.ty.to_string() })
        })
        .collect();
    let sections: Vec<_> = contents
        .sections
        .iter()
        .map(|section| {
            json!({
                "name": section.name,
                "custom": section.custom,
                "offset": section.range.start,
                "size": section.range.len(),
                "entries": section.entries,
            })
        })
        .collect();
    let functions: Vec<_> = contents
        .functions
        .iter()
        .map(|function| {
            json!({
                "index": function.index,
                "name": function.name,
                "offset": function.range.start,
                "size": function.range.len(),
            })
        })
        .collect();
    let report = json!({
        "file": name,
        "name": module.name(),
        "size": module.bytes().len(),
        "code_size": module.code_size(),
        "features": features,
        "imports": imports,
        "exports": exports,
        "sections": sections,
        "functions": functions,
    });
    format!("{report:#}\n")
}
