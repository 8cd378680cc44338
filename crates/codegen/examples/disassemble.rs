//! Prints the machine code of functions in text form.
//!
//! `cargo run --release --example disassemble -- FILE [FEATURES]`

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
use tierra_codegen::{Context, Features, Options};
use tierra_ir::Symbol;

fn main() {
    let mut args = std::env::args().skip(1);
    let file = args.next().expect("a file");
    let text = std::fs::read_to_string(file).expect("it can be read");
    let mut features = Features::baseline();
    if let Some(more) = args.next() {
        features = features.union(Features::parse(&more).expect("they are features"));
    }
    let mut context = Context::new(Options {
        features,
        trap_stub: Some(Symbol(1000)),
        exit_stub: Some(Symbol(1001)),
        ..Options::default()
    });
    for mut func in tierra_ir::text::parse(&text).expect("it is IR") {
        let compiled = context.compile(&mut func).expect("there is code for it");
        println!("{}:", func.name);
        let code = &compiled.code[..compiled.code_len as usize];
        let mut formatter = IntelFormatter::new();
        formatter.options_mut().set_branch_leading_zeros(false);
        for instruction in Decoder::with_ip(64, code, 0, DecoderOptions::NONE) {
            let mut line = String::new();
            formatter.format(&instruction, &mut line);
            println!("{:5x}  {line}", instruction.ip());
        }
    }
}
