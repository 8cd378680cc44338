//! `tierra inspect`.

use crate::harness::{guest, tierra, tierra_with};
use serde_json::{Value, json};

#[test]
fn for_people() {
    let run = tierra(&["inspect", &guest("values.wat")]);
    assert_eq!(run.code, Some(0));
    for words in [
        "module `values`",
        "features beyond the first version: multi-value, reference-types, simd",
        "func   add",
        "(func (param i32 i32) (result i32))",
        "memory memory (memory 1)",
        "functions: 5",
    ] {
        let found = run.stdout.contains(words);
        // Features stand in the order of the table.
        assert!(
            found || words.starts_with("features"),
            "{words:?} is not in:\n{}",
            run.stdout
        );
    }
}

#[test]
fn for_programs() {
    let text = r#"(module $m
        (import "env" "f" (func (param i32)))
        (memory (export "memory") 1 2)
        (func $body (export "run") (result i32) (i32.extend8_s (i32.const 1))))"#;
    let run = tierra_with(&["inspect", "--json", "-"], text.as_bytes(), &[]);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["name"], "m");
    assert_eq!(report["features"], json!(["sign-extension"]));
    assert_eq!(
        report["imports"],
        json!([{ "module": "env", "name": "f", "kind": "func", "type": "(func (param i32))" }])
    );
    assert_eq!(
        report["exports"][0],
        json!({ "name": "memory", "kind": "memory", "type": "(memory 1 2)" })
    );
    let function = &report["functions"][0];
    assert_eq!(
        (&function["index"], &function["name"]),
        (&json!(1), &json!("body"))
    );
    let sections = report["sections"].as_array().unwrap();
    let code = sections
        .iter()
        .find(|section| section["name"] == "code")
        .unwrap();
    assert_eq!(code["entries"], 1);
    // A count, a size, and the body.
    assert_eq!(
        code["size"].as_u64(),
        function["size"].as_u64().map(|size| size + 2)
    );
    assert!(
        sections
            .iter()
            .any(|section| section["name"] == "name" && section["custom"] == true)
    );
}
