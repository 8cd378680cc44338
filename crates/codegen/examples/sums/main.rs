//! A compiler for a small language, to show how the code generator is used by itself.
//!
//! ```text
//! fn sum(n) { s = 0; i = 1; while i < n + 1 { s = s + i; i = i + 1; } return s; }
//! fn fib(n) { if n < 2 { return n; } return fib(n - 1) + fib(n - 2); }
//! ```
//!
//! Values are 64-bit integers, functions have the C convention. See `docs/codegen.md`.
//!
//! - `cargo run --release -p tierra-codegen --example sums` compiles `demo.sums` into memory and
//!   calls `start(10)`; `-- FILE NUMBER` another program.
//! - `… --example sums -- FILE --object OUT.o` writes an object file, for the system's C compiler.

mod object_file;
mod parse;
mod translate;

use parse::Program;
use std::error::Error;
use tierra_codegen::memory::Linker;
use tierra_codegen::{CompiledFunction, Context, Options};
use tierra_ir::Symbol;

const DEMO: &str = include_str!("demo.sums");

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [] => run(DEMO, 10),
        [file, "--object", out] => {
            let program = parse::program(&std::fs::read_to_string(file)?)?;
            std::fs::write(out, object_file::write(&program, &compile(&program)?)?)?;
            Ok(())
        }
        [file, number] => run(&std::fs::read_to_string(file)?, number.parse()?),
        _ => Err("usage: sums [FILE NUMBER | FILE --object OUT.o]".into()),
    }
}

/// Every function of a program, in its order. The symbol of a function is its place there.
fn compile(program: &Program) -> Result<Vec<CompiledFunction>, Box<dyn Error>> {
    let mut context = Context::new(Options::default());
    let mut compiled = Vec::new();
    for function in &program.functions {
        let mut ir = translate::function(program, function)?;
        if std::env::var_os("SHOW_IR").is_some() {
            eprintln!("{ir}");
        }
        compiled.push(context.compile(&mut ir)?.clone());
    }
    Ok(compiled)
}

fn run(source: &str, argument: i64) -> Result<(), Box<dyn Error>> {
    let program = parse::program(source)?;
    let start = program.find("start").ok_or("the program has no `start`")?;
    if program.functions[start].params.len() != 1 {
        return Err("`start` takes one number".into());
    }
    let mut linker = Linker::default();
    for (index, function) in compile(&program)?.iter().enumerate() {
        linker.add(Symbol::from_index(index), function);
    }
    let image = linker.finish()?;
    let address = image.address(Symbol::from_index(start));
    // SAFETY: the function was compiled with this signature in the C convention, and the image
    // lives until after the call.
    let function: extern "C" fn(i64) -> i64 = unsafe { std::mem::transmute(address) };
    println!("start({argument}) = {}", function(argument));
    Ok(())
}
