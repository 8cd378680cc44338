//! Backtraces with source lines.
#![cfg(feature = "dwarf")]

use tierra::{Engine, Instance, Module, Store};
use wast::core::{EncodeOptions, GenerateDwarf};
use wast::parser::{self, ParseBuffer};

const SOURCE: &str = r#"(module
  (func $inner (param i32) (result i32)
    local.get 0
    i32.const 0
    i32.div_s)
  (func (export "outer") (param i32) (result i32)
    local.get 0
    call $inner))"#;

#[test]
fn frames_know_their_lines() {
    let mut buffer = ParseBuffer::new(SOURCE).unwrap();
    buffer.track_instr_spans(true);
    let mut wat = parser::parse::<wast::Wat<'_>>(&buffer).unwrap();
    let mut options = EncodeOptions::new();
    options.dwarf("source.wat".as_ref(), SOURCE, GenerateDwarf::Lines);
    let wast::Wat::Module(module) = &mut wat else {
        panic!()
    };
    let bytes = options.encode_module(module).unwrap();

    let engine = Engine::default();
    let module = Module::new(&engine, bytes).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let outer = instance
        .get_typed_func::<i32, i32>(&store, "outer")
        .unwrap();
    let error = outer.call(&mut store, 1).unwrap_err();
    let lines: Vec<_> = error
        .backtrace()
        .unwrap()
        .frames()
        .iter()
        .map(|f| f.source_locations().first().and_then(|l| l.line))
        .collect();
    assert_eq!(lines, [Some(5), Some(8)]);
    assert!(format!("{error:?}").contains("source.wat:5"), "{error:?}");
}
