//! The text form: one text with everything in it, and what is refused.

use tierra_ir::{parse, verify};

#[test]
fn round_trip() {
    let text = include_str!("data/text.ir");
    let functions = parse(text).unwrap_or_else(|e| panic!("{e}"));
    let [func] = functions.as_slice() else {
        panic!("there is one function");
    };
    verify(func).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(func.to_string(), text);
}

#[test]
fn parse_errors() {
    let body =
        |line: &str| format!("function \"f\" guest (i32) -> () {{\nblock0(v0: i32):\n{line}\n}}\n");
    for (line, expected) in [
        ("v1 = i32.dad v0", "3:6: there is no instruction `i32.dad`"),
        ("v1 = i32.add v0, v2\nreturn", "3:18: v2 is not defined"),
        ("v0 = i32.const 1", "3:1: v0 is defined twice"),
        ("v1, v2 = i32.const 1", "3:1: the instruction has 1 results"),
        ("jump block1", "3:6: block1 is not defined"),
        ("call sig0 sym1()", "3:6: sig0 is not declared"),
        ("v1 = load i31 v0", "3:11: an access expected"),
        ("trap 256", "3:6: the number is out of range"),
        (
            "v5000000 = i32.const 1",
            "3:1: numbers above 4194304 are refused",
        ),
        ("return \"", "3:8: a string without end"),
        ("v1 = i32.add v0 v0", "3:17: `,` expected"),
    ] {
        let error = parse(&body(line)).expect_err(line);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn any_bytes_are_refused_in_order() {
    let text = include_str!("data/text.ir");
    for end in 0..text.len() {
        assert!(end == 0 || parse(&text[..end]).is_err() || end + 1 >= text.len());
        let spoiled = format!("{}~{}", &text[..end], &text[end + 1..]);
        let _ = parse(&spoiled);
        let _ = parse(&format!("{}{}", &text[..end], &text[end + 1..])).map(|functions| {
            for func in &functions {
                let _ = verify(func);
                assert_eq!(
                    parse(&func.to_string()).expect("it was printed")[0].to_string(),
                    func.to_string()
                );
            }
        });
    }
}
