//! `tierra wast`.

use crate::harness::tierra;

const SCRIPT: &str = r#"(module (func (export "f") (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 1))))
(assert_return (invoke "f" (i32.const 1)) (i32.const 2))
(assert_return (invoke "f" (i32.const 2)) (i32.const 4))
"#;

#[test]
fn counts_and_failures() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("add.wast");
    std::fs::write(&file, SCRIPT).unwrap();
    let list = folder.path().join("skip.txt");
    std::fs::write(&list, "add.wast:4 known\n").unwrap();
    let (file, folder, list) = (
        file.to_str().unwrap(),
        folder.path().to_str().unwrap(),
        list.to_str().unwrap(),
    );

    let run = tierra(&["wast", folder]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(
        run.stdout.lines().last(),
        Some("1 passed, 1 failed, 0 skipped")
    );
    assert!(run.stdout.contains(&format!("{file}:4: ")), "{run:?}");

    let skipped = tierra(&["wast", "--tier", "interp", "--skip", list, file]);
    skipped.prints("1 passed, 0 failed, 1 skipped\n");
    tierra(&["wast", "--tier", "warp", file]).is_mistake(&["`warp`"]);
    tierra(&["wast", "/no/such.wast"]).is_mistake(&["cannot read"]);
}

#[test]
fn every_configuration_runs_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("add.wast");
    std::fs::write(&file, SCRIPT.lines().take(3).collect::<Vec<_>>().join("\n")).unwrap();
    for option in ["--gc-stress", "--count-fuel"] {
        tierra(&["wast", option, file.to_str().unwrap()]).prints("1 passed, 0 failed, 0 skipped\n");
    }
}
