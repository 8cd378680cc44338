//! What the runner says of scripts that fail.

use tierra::Config;
use tierra_wast::run_source;

#[test]
fn failures_are_counted_and_placed() {
    let script = r#"
        (module (func (export "f") (result i32) (i32.const 1)) (func (export "t") unreachable))
        (assert_return (invoke "f") (i32.const 1))
        (assert_return (invoke "f") (i32.const 2))
        (assert_trap (invoke "t") "integer overflow")
        (assert_trap (invoke "f") "unreachable")
        (assert_invalid (module) "fine")
        (assert_unlinkable (module) "fine")
        (module (import "no" "where" (func)))
        (assert_return (invoke "f") (i32.const 1))
        (invoke "gone")
    "#;
    let report = run_source("script", script, &Config::new());
    assert_eq!(report.counts.passed, 1);
    let lines: Vec<_> = report.failures.iter().map(|f| f.line).collect();
    assert_eq!(lines, [4, 5, 6, 7, 8, 9, 10, 11]);
    assert!(
        report.failures[0].message.contains("I32(1)"),
        "{}",
        report.failures[0]
    );
    assert!(
        report.failures[5].message.contains("`no` `where`"),
        "{}",
        report.failures[5]
    );
}

#[test]
fn unreadable_scripts_are_failures() {
    let report = run_source("script", "\n(module (func", &Config::new());
    assert_eq!((report.counts.failed, report.failures[0].line), (1, 2));
}
