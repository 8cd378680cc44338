//! Functions as operators, as intermediate representation and as machine code.

use super::contents::{Contents, Function};
use super::machine;
use crate::failure::Failure;
use std::fmt::Write;
use tierra::{Config, Engine, ExplainedFunction, Module, Tier};
use wasmparser::{BinaryReader, FunctionBody};

/// A function on its way from operators to machine code.
pub struct Shown<'m> {
    /// Its index.
    pub index: u32,
    /// Its name, if it has one.
    pub name: Option<&'m str>,
    /// Its intermediate representation.
    pub ir: String,
    /// Operators, each with the machine code that came of it.
    pub steps: Vec<Step>,
}

/// An operator, or what is of none, and its instructions.
#[derive(Default)]
pub struct Step {
    /// The offset in the module.
    pub offset: usize,
    /// How deep it is nested.
    pub depth: usize,
    /// The operator; empty for what is of none.
    pub operator: String,
    /// The instructions: offset in the code and text.
    pub instructions: Vec<(usize, String)>,
}

/// The functions that the user asks for: one by index or name, or all.
pub fn functions<'m>(
    module: &'m Module,
    contents: &Contents<'m>,
    wanted: Option<&str>,
    tier: Tier,
) -> Result<Vec<Shown<'m>>, Failure> {
    let found = contents.find(module, wanted)?;
    let mut config = Config::new();
    let features = tierra::Features::ALL.iter();
    let features = features.fold(tierra::Features::default(), |all, (_, f)| {
        all.with(*f, true)
    });
    config.features(features).tier(tier);
    // One look compiles one function, not the module.
    let compiled = Engine::new(&config).map_err(Failure::user)?;
    let explain = |function: &&Function<'m>| {
        let it = module.explain_with(&compiled, function.index);
        let it = it.map_err(Failure::host)?;
        let name = function.name.or_else(|| module.func_name(function.index));
        let body = &module.bytes()[function.range.clone()];
        let steps = steps(body, function.range.start, &it)
            .map_err(|error| Failure::host(format!("cannot read the function: {error}")))?;
        Ok(Shown {
            index: function.index,
            name,
            ir: it.ir,
            steps,
        })
    };
    found.iter().map(explain).collect()
}

/// The operators of a body, and the instructions after the operator that they are of.
fn steps(body: &[u8], offset: usize, it: &ExplainedFunction) -> wasmparser::Result<Vec<Step>> {
    let mut steps = vec![Step {
        offset,
        ..Step::default()
    }];
    let body = FunctionBody::new(BinaryReader::new(body, offset as u64));
    let mut depth = 1_usize;
    for item in body.get_operators_reader()?.into_iter_with_offsets() {
        use wasmparser::Operator as O;
        let (operator, offset) = item?;
        let text = spell(&operator);
        let closes = matches!(operator, O::End | O::Else);
        let opens = matches!(
            operator,
            O::Block { .. }
                | O::Loop { .. }
                | O::If { .. }
                | O::Else
                | O::Try { .. }
                | O::TryTable { .. }
        );
        depth -= usize::from(closes && depth > 0);
        steps.push(Step {
            offset: offset as usize,
            depth,
            operator: text,
            instructions: Vec::new(),
        });
        depth += usize::from(opens);
    }
    for (at, text) in machine::instructions(it) {
        let row = it
            .locations
            .partition_point(|(from, _)| *from as usize <= at);
        let place = row
            .checked_sub(1)
            .map_or(0, |row| it.locations[row].1 as usize);
        let step = steps.partition_point(|step| step.offset <= place);
        steps[step.saturating_sub(1)].instructions.push((at, text));
    }
    Ok(steps)
}

/// An operator in about the text format: the parser's own name and operands.
fn spell(operator: &wasmparser::Operator<'_>) -> String {
    macro_rules! name {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator {
                $(wasmparser::Operator::$op $({ $($arg: _),* })? => stringify!($visit),)*
                _ => "visit_unknown",
            }
        };
    }
    let name = wasmparser::for_each_operator!(name);
    let name = name.trim_start_matches("visit_");
    let dotted = [
        "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2",
        "local", "global", "memory", "table", "ref", "struct", "array", "i31", "data", "elem",
    ];
    let mut text = match name.split_once('_') {
        Some((head, tail)) if dotted.contains(&head) => format!("{head}.{tail}"),
        _ => name.into(),
    };
    let debug = format!("{operator:?}");
    if let Some((_, operands)) = debug.split_once('{') {
        let _ = write!(text, " {}", operands.trim_end_matches('}').trim());
    }
    text
}

/// For a terminal.
pub fn text(functions: &[Shown<'_>]) -> String {
    let mut out = String::new();
    for function in functions {
        let _ = writeln!(out, "{}\n\n{}", title(function), function.ir.trim_end());
        out.push('\n');
        for step in &function.steps {
            if !step.operator.is_empty() {
                let indent = 2 * step.depth;
                let _ = writeln!(out, "{:6x}  {:indent$}{}", step.offset, "", step.operator);
            }
            for (at, text) in &step.instructions {
                let _ = writeln!(out, "{:40}{at:5x}  {text}", "");
            }
        }
        out.push('\n');
    }
    out
}

fn title(function: &Shown<'_>) -> String {
    match function.name {
        Some(name) => format!("func {} ${name}", function.index),
        None => format!("func {}", function.index),
    }
}

/// A page that needs nothing but itself.
pub fn html(module: &str, functions: &[Shown<'_>]) -> String {
    let mut out = format!(
        "<!doctype html>\n<meta charset=utf-8><title>{0}</title>\n<style>{STYLE}</style>\n<h1>{0}</h1>\n",
        escape(module)
    );
    for function in functions {
        let open = if functions.len() == 1 { " open" } else { "" };
        let _ = writeln!(
            out,
            "<details{open}><summary>{}</summary><div class=sides><table>",
            escape(&title(function))
        );
        for step in &function.steps {
            let code: Vec<_> = step
                .instructions
                .iter()
                .map(|(at, text)| format!("{at:5x}  {}", escape(text)))
                .collect();
            let _ = writeln!(
                out,
                "<tr><td>{:x}<td style='padding-left:{}ch'>{}<td>{}",
                step.offset,
                2 * step.depth,
                escape(&step.operator),
                code.join("\n")
            );
        }
        let _ = writeln!(
            out,
            "</table><pre>{}</pre></div></details>",
            escape(&function.ir)
        );
    }
    out
}

const STYLE: &str = "\
body{font:14px system-ui;margin:2em;color-scheme:light dark}\
summary{font:bold 15px monospace;padding:.4em 0;cursor:pointer}\
.sides{display:flex;gap:2em;align-items:flex-start;overflow-x:auto}\
table{border-collapse:collapse}\
td,pre{font:13px/1.4 monospace;white-space:pre;vertical-align:top;margin:0}\
td{padding:1px .7em;border-top:1px solid #8883}\
td:first-child{color:#888}td:last-child{color:#36c}\
tr:hover{background:#8882}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
