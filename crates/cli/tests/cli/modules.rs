//! Files, features, tiers: what is accepted as a module.

use crate::harness::{guest, tierra, tierra_text, tierra_with};

#[test]
fn a_text_from_a_file_or_the_standard_input() {
    let file = guest("strings.wat");
    tierra(&[&file, "a", "--dir", "-x"]).prints("strings.wat\na\n--dir\n-x\n");
    tierra(&["run", &file]).prints("strings.wat\n");
    let text = std::fs::read(&file).unwrap();
    tierra_with(&["run", "-", "a"], &text, &[]).prints("-\na\n");
}

#[test]
fn a_binary_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.wasm");
    std::fs::write(&file, b"\0asm\x01\0\0\0").unwrap();
    tierra(&[file.to_str().unwrap()]).prints("");
    tierra(&["validate", file.to_str().unwrap()]).prints(&format!("{}: valid\n", file.display()));
}

#[test]
fn what_is_no_module() {
    tierra(&["run", "/no/such/file.wasm"]).is_mistake(&["cannot read `/no/such/file.wasm`"]);
    tierra(&["valdiate", "x.wasm"]).is_mistake(&["`valdiate` is neither a file nor a command"]);
    tierra_text(&[], "(module (func").is_mistake(&["`<stdin>` is not a module", "expected"]);
    tierra_with(&["run", "-"], b"\0asm\x01\0\0\0\x63", &[])
        .is_mistake(&["is not a module", "offset 0x"]);
    tierra_with(&["run", "-"], b"\0asm\x0d\0\x01\0", &[])
        .is_mistake(&["is a component", "wasm32-wasip1"]);
}

#[test]
fn a_feature_that_is_off_is_named_with_the_place() {
    let text = "(module (func (result i32) (i32.extend8_s (i32.const 1))))";
    tierra_text(&[], text).prints("");
    tierra_text(&["--wasm", "-sign-extension"], text).is_mistake(&[
        "offset 0x",
        "`sign-extension`",
        "hint:",
        "--wasm sign-extension",
    ]);
    tierra_text(&["--wasm", "-all,sign-extension"], text).prints("");
    tierra_text(&["--wasm", "flying"], text)
        .is_mistake(&["no WebAssembly feature `flying`", "simd"]);
}

#[test]
fn tiers_are_chosen_by_name() {
    let text = "(module)";
    for tier in ["interp", "baseline", "optimizing", "auto"] {
        tierra_text(&["--tier", tier], text).prints("");
    }
    tierra_text(&["--tier", "warp"], text).is_mistake(&["unknown tier `warp`", "interp"]);
}

#[test]
fn validation_goes_through_all_files() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.wat");
    std::fs::write(&wrong, "(module (func (result i32)))").unwrap();
    let (wrong, right) = (wrong.to_str().unwrap(), guest("echo.wat"));
    let run = tierra(&["validate", wrong, &right]);
    run.fails(2, &["error:", "wrong.wat", "type mismatch", "offset 0x"]);
    assert_eq!(run.stdout, format!("{right}: valid\n"));
}
