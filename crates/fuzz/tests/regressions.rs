//! What fuzzing has found, made small: scripts in `regressions`.

use std::path::Path;

#[test]
fn regressions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder exists")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "wast"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let source = std::fs::read_to_string(&path).expect("readable");
        let name = path.file_name().expect("a name").to_string_lossy();
        for (stress, fuel) in [(false, false), (true, false), (false, true)] {
            let mut config = tierra::Config::new();
            config.gc_stress(stress).consume_fuel(fuel);
            let report = tierra_wast::run_source(&name, &source, &config);
            assert!(report.failures.is_empty(), "{name}: {:?}", report.failures);
            assert!(report.counts.passed > 0, "{name} asserts nothing");
        }
    }
}
