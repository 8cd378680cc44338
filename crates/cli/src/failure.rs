//! What went wrong, as the user is told: an exit code, `error:` and `hint:` lines.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// The program's exit code when the host fails.
const HOST: i32 = 1;
/// … when the user made a mistake.
const USER: i32 = 2;
/// … when the guest traps, as a shell reports `abort`.
const TRAP: i32 = 134;

/// Why the program does not end well.
#[derive(Debug)]
pub struct Failure {
    code: i32,
    message: String,
    hints: Vec<String>,
}

impl Failure {
    fn new(code: i32, message: impl Display) -> Failure {
        Failure {
            code,
            message: message.to_string(),
            hints: Vec::new(),
        }
    }

    /// The user made a mistake.
    pub fn user(message: impl Display) -> Failure {
        Failure::new(USER, message)
    }

    /// The guest trapped.
    pub fn trap(message: impl Display) -> Failure {
        Failure::new(TRAP, message)
    }

    /// The host failed.
    pub fn host(message: impl Display) -> Failure {
        Failure::new(HOST, message)
    }

    /// Says what to do.
    pub fn hint(mut self, hint: impl Display) -> Failure {
        self.hints.push(hint.to_string());
        self
    }

    /// The program's exit code.
    pub fn code(&self) -> i32 {
        self.code
    }

    /// Tells the user.
    pub fn print(&self) {
        let mut err = std::io::stderr().lock();
        let (red, cyan, plain) = if err.is_terminal() && std::env::var_os("NO_COLOR").is_none() {
            ("\x1b[1;31m", "\x1b[1;36m", "\x1b[0m")
        } else {
            ("", "", "")
        };
        // Nobody is left to be told that the standard error is closed.
        let _ = writeln!(err, "{red}error:{plain} {}", self.message);
        for hint in &self.hints {
            let _ = writeln!(err, "{cyan}hint:{plain} {hint}");
        }
    }
}
