//! Runs the program.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A module in `tests/guests`.
pub fn guest(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    folder
        .join(name)
        .to_str()
        .expect("a path in Unicode")
        .to_owned()
}

/// Runs the program without standard input.
pub fn tierra(args: &[&str]) -> Run {
    tierra_with(args, b"", &[])
}

/// Runs the program with standard input and environment variables.
pub fn tierra_with(args: &[&str], stdin: &[u8], env: &[(&str, &str)]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tierra"))
        .args(args)
        // The user's own cache is not for tests.
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that doesn't read may have ended before.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin);
    let output = child.wait_with_output().expect("the program ends");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a module given as text.
pub fn tierra_text(options: &[&str], text: &str) -> Run {
    tierra_with(&[&["run"], options, &["-"]].concat(), text.as_bytes(), &[])
}

impl Run {
    /// Asserts that the program ended well, and printed this.
    #[track_caller]
    pub fn prints(&self, stdout: &str) {
        assert_eq!(
            (self.code, &*self.stdout),
            (Some(0), stdout),
            "{}",
            self.stderr
        );
    }

    /// Asserts that it ended with a code, and said all of this on the standard error.
    #[track_caller]
    pub fn fails(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for words in said {
            assert!(
                self.stderr.contains(words),
                "{words:?} is not in:\n{}",
                self.stderr
            );
        }
    }

    /// Asserts that it took the run for a mistake of the user.
    #[track_caller]
    pub fn is_mistake(&self, said: &[&str]) {
        assert_eq!(self.stdout, "");
        self.fails(2, said);
    }
}
