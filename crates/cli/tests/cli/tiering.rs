//! `--tier auto`, what is said of it, and the code that one run leaves to the next.

use crate::harness::{Run, tierra, tierra_text};
use std::path::{Path, PathBuf};

/// Sums up so many numbers, in a function for each step.
const SUM: &str = r#"(module
    (func $add (param i64 i32) (result i64)
      (i64.add (local.get 0) (i64.rem_u (i64.extend_i32_u (local.get 1)) (i64.const 1000))))
    (func $sum (export "sum") (param i32) (result i64) (local i64)
      (loop $l
        (local.set 1 (call $add (local.get 1) (local.get 0)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1)))"#;

struct Folder {
    outside: tempfile::TempDir,
    wat: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let outside = tempfile::tempdir().expect("a folder");
        let wat = outside.path().join("sum.wat");
        std::fs::write(&wat, SUM).expect("written");
        Self { outside, wat }
    }

    fn cache(&self) -> PathBuf {
        self.outside.path().join("cache")
    }

    fn run(&self, options: &[&str]) -> Run {
        let cache = self.cache();
        let cache = ["run", "--cache", text(&cache), "--stats"];
        let file = ["--invoke", "sum", text(&self.wat), "3000000"];
        let run = tierra(&[&cache[..], options, &file].concat());
        run.prints("1498500000\n");
        run
    }

    fn entries(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.cache()).expect("the folder is there");
        files.map(|file| file.expect("a file").path()).collect()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("Unicode")
}

/// How many functions a row of the statistics has.
fn functions(run: &Run, row: &str) -> u32 {
    let line = run.stderr.lines().find(|line| line.starts_with(row));
    let line = line.unwrap_or_else(|| panic!("no row {row} in\n{}", run.stderr));
    let count = line[row.len()..].split_whitespace().next();
    count.and_then(|n| n.parse().ok()).expect("a number")
}

const SYNC: &[&str] = &["--tier-stress", "sync"];

#[test]
fn a_second_run_starts_in_optimized_code() {
    let folder = Folder::new();
    let first = folder.run(SYNC);
    assert_eq!(functions(&first, "from the cache"), 0);
    assert!(functions(&first, "optimizing  ") > 0, "{}", first.stderr);
    let second = folder.run(SYNC);
    assert!(
        functions(&second, "from the cache") > 0,
        "{}",
        second.stderr
    );
    assert_eq!(functions(&second, "optimizing  "), 0, "{}", second.stderr);
    assert_eq!(functions(&second, "baseline"), 0, "{}", second.stderr);
}

#[test]
fn nothing_is_kept_if_the_user_says_so() {
    let folder = Folder::new();
    let file = ["--invoke", "sum", text(&folder.wat), "3000000"];
    for _ in 0..2 {
        let run = tierra(&[&["run", "--cache", "off", "--stats"], SYNC, &file].concat());
        assert_eq!(functions(&run, "from the cache"), 0);
    }
}

/// Whatever becomes of the files, programs run as without them.
#[test]
fn damaged_entries_are_made_again() {
    let folder = Folder::new();
    folder.run(SYNC);
    let [entry] = &folder.entries()[..] else {
        panic!("there is one entry: {:?}", folder.entries());
    };
    let whole = std::fs::read(entry).expect("read");
    let step = whole.len() / 23;
    for place in (0..whole.len()).step_by(step.max(1)) {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (place % 8);
        for bytes in [&damaged[..], &whole[..place]] {
            std::fs::write(entry, bytes).expect("written");
            folder.run(&["--tier-stress", "sync", "--log", "tiering"]);
        }
    }
    std::fs::write(entry, b"").expect("written");
    let run = folder.run(&["--tier-stress", "sync", "--log", "tiering"]);
    assert!(
        run.stderr.contains("cached code is not used"),
        "{}",
        run.stderr
    );
    // That run has made it again.
    assert!(functions(&folder.run(SYNC), "from the cache") > 0);
}

#[test]
fn several_processes_share_a_cache() {
    let folder = Folder::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..3).for_each(|_| _ = folder.run(SYNC)));
        }
    });
    assert!(functions(&folder.run(SYNC), "from the cache") > 0);
}

/// Code that counts fuel is not that of a run that doesn't.
#[test]
fn each_configuration_has_code_of_its_own() {
    let folder = Folder::new();
    folder.run(SYNC);
    let run = folder.run(&["--tier-stress", "sync", "--fuel", "1000000000"]);
    assert_eq!(functions(&run, "from the cache"), 0);
    assert_eq!(folder.entries().len(), 2);
}

#[test]
fn what_happens_is_said() {
    let run = tierra_text(
        &[
            "--cache=off",
            "--log",
            "tiering",
            "--invoke",
            "sum",
            "--tier-stress",
            "eager,sync",
        ],
        SUM,
    );
    // The parameter is missing: nothing runs.
    assert_ne!(run.code, Some(0));
    let folder = Folder::new();
    let run = folder.run(&["--log", "tiering", "--tier-stress", "eager,sync"]);
    for words in [
        "baseline: function 1",
        "optimizing: function",
        "on-stack replacement",
    ] {
        assert!(
            run.stderr.contains(words),
            "{words} is not in\n{}",
            run.stderr
        );
    }
}

#[test]
fn mistakes_are_explained() {
    for (list, words) in [
        ("eagre", "eager, sync, random=SEED"),
        ("random", "random=3"),
        ("fail=-1", "needs a number"),
    ] {
        tierra(&["run", "--tier-stress", list, "x.wasm"]).is_mistake(&[words]);
    }
    tierra(&["run", "--only-functions", "3", "x.wasm"]).is_mistake(&["3..7"]);
    tierra(&["run", "--log", "tierring", "x.wasm"]).is_mistake(&["tiering"]);
}

#[test]
fn what_is_not_called_may_be_invalid_if_one_says_so() {
    let text = r#"(module
        (func (export "right") (result i32) (i32.const 7))
        (func $wrong (export "wrong") (result i32) (i64.const 1)))"#;
    let options = ["--validate", "lazy", "--invoke"];
    tierra_text(&[&options[..], &["right"]].concat(), text).prints("7\n");
    let said = ["the function's body is not valid: type mismatch", "wrong"];
    tierra_text(&[&options[..], &["wrong"]].concat(), text).fails(134, &said);
    tierra_text(&["--invoke", "right"], text).is_mistake(&["type mismatch"]);
    tierra_text(&["--validate", "never"], text).is_mistake(&["eager", "lazy"]);
}

/// Each thread has an instance of its own; code is made once for all of them.
#[test]
fn instances_on_ten_threads_share_one_warm_up() {
    let primes = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/guests/primes-threads.wasm"
    );
    let run = tierra(&["run", "--cache", "off", "--stats", primes, "3000000", "10"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = run.stderr.lines().find(|line| line.contains(" instances"));
    let told = told.expect("the statistics tell of instances");
    assert!(told.starts_with("1 modules with"), "{told}");
    // The first one reads the command line.
    assert!(told.contains(" 11 instances"), "{told}");
    let defined = told.split_whitespace().nth(3).expect("a number");
    let defined: u32 = defined.parse().expect("a number");
    assert!(functions(&run, "baseline") <= defined, "{}", run.stderr);
    assert!(functions(&run, "optimizing") <= defined, "{}", run.stderr);
}

/// One call of one function, which moves twice while it runs.
#[test]
fn a_loop_goes_from_the_interpreter_to_optimized_code() {
    let folder = Folder::new();
    let options = ["--interpreter-threshold", "64", "--tier-stress", "sync"];
    let run = folder.run(&options);
    let told = "1 loops moved from the interpreter, 1 to better code while they ran";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(run.stderr.contains(" 2 interpreted;"), "{}", run.stderr);
}
