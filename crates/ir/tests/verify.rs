//! What the verifier refuses: bodies of a function, with the answer.

use tierra_ir::{parse, verify};

fn answer(body: &str) -> String {
    let text = format!(
        "function \"f\" guest (i64, i32) -> (i32) {{
            slot0 = slot 8
            sig0 = guest (i32) -> (i32)
            sig1 = guest () -> ()
            sig2 = c () -> (i32)
            block0(v0: i64, v1: i32):\n{body}\n}}"
    );
    let functions = parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
    match verify(&functions[0]) {
        Ok(()) => "fine".into(),
        Err(error) => {
            let place = error
                .place
                .split_once(": ")
                .map_or(error.place.as_str(), |(_, text)| text);
            format!("{place}: {}", error.message)
        }
    }
}

#[test]
fn bodies() {
    for (body, expected) in [
        ("return v1", "fine"),
        (
            "return v0",
            "`return v0`: operands: v0 is of type i64, i32 expected",
        ),
        ("return", "`return`: operands: 0 values, 1 expected"),
        ("", "block0: it has no end"),
        ("fence", "block0: `fence` is no terminator"),
        ("return v1 return v1", "block0: `return v1` is not the last"),
        (
            "v2 = i64.add v0, v1 return v1",
            "`v2 = i64.add v0, v1`: operands: v1 is of type i32, i64 expected",
        ),
        ("jump block0(v0, v1)", "block0: the entry has predecessors"),
        (
            "jump block1(v1) block1: return v1",
            "`jump block1(v1)`: arguments of block1: 1 values, 0 expected",
        ),
        (
            "v3 = i32.add v2, v1 v2 = i32.const 1 return v3",
            "`v3 = i32.add v2, v1`: v2 is not defined on all ways here",
        ),
        (
            "branch v1, block1, block2 block1: v2 = i32.const 1 jump block2 block2: return v2",
            "`return v2`: v2 is not defined on all ways here",
        ),
        (
            "return v1 block1: v2 = i32.const 1 return v2 block2: return v2",
            "fine",
        ),
        (
            "return v2 block1: v2 = i32.const 1 return v2",
            "`return v2`: v2 is not defined on all ways here",
        ),
        (
            "return v1 block1: v3 = i32.eqz v2 v2 = i32.const 1 return v2",
            "`v3 = i32.eqz v2`: v2 is not defined on all ways here",
        ),
        (
            "v2 = i8x16.extract_lane_u 16, v3 v3 = v128.const 0 return v2",
            "`v2 = i8x16.extract_lane_u 16, v3`: there is no lane 16",
        ),
        (
            "store i32.s8 v0, v1 return v1",
            "`store i32.s8 v0, v1`: i32.s8 is for loads",
        ),
        (
            "store i32 v0, v1 readonly return v1",
            "`store i32 v0, v1 readonly`: memory that doesn't change is written",
        ),
        (
            "v2 = atomic_load f32 v0 return v1",
            "`v2 = atomic_load f32 v0`: f32 is no unsigned integer",
        ),
        (
            "v2 = load i32 v0 trap 200 return v2",
            "`v2 = load i32 v0 trap 200`: 200 is no trap",
        ),
        ("trap 0", "`trap 0`: 0 is no trap"),
        (
            "v2 = slot_address slot1 return v1",
            "`v2 = slot_address slot1`: slot1 does not exist",
        ),
        (
            "v2 = ref.const 1 return v1",
            "`v2 = ref.const 0x1`: a constant reference is not null",
        ),
        ("v2 = i32.const 1 v3 = callee_cell return v2", "fine"),
        (
            "v2 = i32.eqz v1 v3 = callee_cell return v2",
            "`v3 = callee_cell`: it is not at the start of the entry",
        ),
        ("tail_call sig0 sym1(v1)", "fine"),
        (
            "tail_call sig1 sym1()",
            "`tail_call sig1 sym1()`: its results are not the function's",
        ),
        (
            "tail_call sig2 sym1()",
            "`tail_call sig2 sym1()`: a tail call from guest to c",
        ),
        (
            "v2 = call sig0 sym1(v0) return v2",
            "`v2 = call sig0 sym1(v0)`: arguments: v0 is of type i64, i32 expected",
        ),
        (
            "v2 = try_call sig0 sym1(v1), block1, any block2 block1: return v2 block2(v3: ref): return v1",
            "fine",
        ),
        (
            "v2 = try_call sig0 sym1(v1), block1(v2), any block2 block1(v4: i32): return v4 block2(v3: ref): return v1",
            "fine",
        ),
        (
            "v2 = try_call sig0 sym1(v2), block1, any block2 block1: return v2 block2(v3: ref): return v1",
            "`v2 = try_call sig0 sym1(v2), block1, any block2`: v2 is used by what defines it",
        ),
        (
            "v2 = try_call sig0 sym1(v1), block1, any block2 block1: return v1 block2(v3: ref): return v2",
            "`return v2`: v2 is not defined on all ways here",
        ),
        (
            "v2 = try_call sig0 sym1(v1), block1, any block2 block1: return v2 block2(v3: ref): jump block1",
            "`return v2`: v2 is not defined on all ways here",
        ),
        (
            "v2 = try_call sig0 sym1(v1), block1, any block2 block1: return v2 block2: return v1",
            "`v2 = try_call sig0 sym1(v1), block1, any block2`: the handler block2 does not take an exception and nothing else",
        ),
        (
            "v2 = ref.const 0 v3 = try_call sig0 sym1(v1), block1(v2), any block1 block1(v4: ref): return v1",
            "`v3 = try_call sig0 sym1(v1), block1(v2), any block1`: the handler block1 is a target more than once",
        ),
    ] {
        assert_eq!(answer(body), expected, "{body}");
    }
}

#[test]
fn heads() {
    for (head, expected) in [
        (
            "builtin () -> () {",
            "a function can't have the convention of builtins",
        ),
        ("c () -> (i32, i32) {", "2 results in the convention c"),
        (
            "guest (i32) -> () context 0 {",
            "the context, parameter 0, is no i64",
        ),
        (
            "guest () -> () stack_limit 0 0 sym1 {",
            "there is a stack limit but no context",
        ),
        (
            "guest () -> () { sig0 = builtin (i32, i64, i32, i32, i32, i32, i32) -> ()",
            "sig0: more parameters than a builtin has registers",
        ),
        (
            "guest (i64) -> () {",
            "the entry's parameters are not the signature's",
        ),
    ] {
        let text = format!("function \"f\" {head} block0: return }}");
        let functions = parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let error = verify(&functions[0]).expect_err(head);
        assert_eq!(error.to_string(), format!("f: the head: {expected}"));
    }
    let functions = parse("function \"f\" guest () -> () { }").expect("a function");
    let error = verify(&functions[0]).expect_err("it has no blocks");
    assert_eq!(error.message, "it has no entry");
}
