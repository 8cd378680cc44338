//! The example of the README.

use tierra_ir::{parse, verify};

#[test]
fn example() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("```text\n").expect("an example");
    let (text, _) = rest.split_once("```").expect("its end");
    let functions = parse(text).unwrap_or_else(|e| panic!("{e}"));
    verify(&functions[0]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(functions[0].to_string(), text);
}
