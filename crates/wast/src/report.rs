//! What came of a script.

use std::fmt;
use std::ops::AddAssign;

/// How many assertions went which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Assertions that held.
    pub passed: usize,
    /// Assertions that did not hold, and other directives that failed.
    pub failed: usize,
    /// Those of them that a skip list excuses.
    pub skipped: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// A directive that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What was expected and what happened.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// What came of one script, or of several.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The counts.
    pub counts: Counts,
    /// Everything that failed and was not excused.
    pub failures: Vec<Failure>,
}

impl Report {
    pub(crate) fn fail(&mut self, file: &str, line: usize, message: impl Into<String>) {
        self.counts.failed += 1;
        self.failures.push(Failure {
            file: file.into(),
            line,
            message: message.into(),
        });
    }

    /// Adds what came of another script.
    pub fn add(&mut self, other: Report) {
        self.counts += other.counts;
        self.failures.extend(other.failures);
    }

    /// Whether nothing failed.
    pub fn ok(&self) -> bool {
        self.counts.failed == 0
    }
}
