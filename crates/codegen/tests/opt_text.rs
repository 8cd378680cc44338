//! Functions and what the passes make of them: `tests/data/opt/*.ir`. Each file is a function,
//! a line `; =>`, and what comes out. `BLESS=1 cargo test -p tierra-codegen --test opt_text`
//! writes what comes out.

use std::path::Path;
use tierra_codegen::opt::{self, Level, State};

#[test]
fn goldens() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/opt");
    let mut files: Vec<_> = std::fs::read_dir(&dir)
        .expect("the directory is there")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.sort();
    let mut state = State::new();
    let mut wrong = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let (input, expected) = text.split_once("; =>\n").unwrap_or((&text, ""));
        let mut functions =
            tierra_ir::parse(input).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut output = String::new();
        for func in &mut functions {
            tierra_ir::verify(func).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            opt::run(func, &mut state, Level::Full);
            // Numbers in the order of the text.
            let again = tierra_ir::parse(&func.to_string()).expect("it was printed");
            output += &again[0].to_string();
        }
        if output != expected {
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, format!("{input}; =>\n{output}")).expect("it can be written");
            } else {
                wrong.push(format!("{}:\n{output}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\nBLESS=1 writes it", wrong.join("\n"));
}
