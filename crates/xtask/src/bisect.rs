//! `cargo xtask bisect`: which function a tier miscompiles.
//!
//! A program is run on the interpreter, and then again and again with some of its functions compiled
//! and all others interpreted. The first function is found that makes a difference when all before it
//! are compiled, too.

use crate::{Outcome, cargo};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// How a program is run.
struct Case<'a> {
    tierra: &'a Path,
    tier: String,
    /// Options of `tierra run`, FILE and what belongs to the program.
    args: &'a [String],
}

impl Case<'_> {
    /// What comes of it: the exit code and what was printed.
    fn run(&self, tier: &str, functions: Option<Range<u32>>) -> Result<Output, String> {
        let mut command = Command::new(self.tierra);
        command.args(["run", "--cache", "off", "--tier", tier]);
        if let Some(Range { start, end }) = functions {
            command.arg(format!("--only-functions={start}..{end}"));
        }
        command.args(self.args).stdin(Stdio::null());
        let output = command.output();
        output.map_err(|error| format!("cannot run tierra: {error}"))
    }

    /// Whether compiling these functions makes a difference.
    fn differs(&self, functions: Range<u32>, expected: &Output) -> Result<bool, String> {
        let seen = self.run(&self.tier, Some(functions))?;
        Ok((seen.status, &seen.stdout) != (expected.status, &expected.stdout))
    }
}

/// Finds the function.
pub fn run(args: &[String]) -> Outcome {
    let (tier, args) = match args {
        [flag, tier, rest @ ..] if flag == "--tier" => (tier.clone(), rest),
        rest => ("optimizing".into(), rest),
    };
    if args.is_empty() {
        return Err(
            "name a program: `cargo xtask bisect [--tier TIER] [OPTIONS] FILE ARGS`".into(),
        );
    }
    let tierra = cargo::build_tierra(&[], "release")?;
    let case = Case {
        tierra: &tierra,
        tier,
        args,
    };
    let expected = case.run("interp", None)?;
    let all = 0..u32::MAX;
    if !case.differs(all, &expected)? {
        println!("the tier `{}` does what the interpreter does", case.tier);
        return Ok(());
    }
    let func = first(|end| {
        println!("functions below {end} …");
        case.differs(0..end, &expected)
    })?;
    println!(
        "compiling function {func} makes the difference; look at it with\n  \
         tierra inspect --disassemble={func} FILE\n  tierra compile --dump={func} FILE"
    );
    Err("the tiers differ".into())
}

/// The first function with which there is a difference, by whether there is one when all functions
/// below an index are compiled. No module has 2^20 functions.
fn first(differs: impl Fn(u32) -> Result<bool, String>) -> Result<u32, String> {
    let (mut good, mut bad) = (0, 1 << 20);
    while good + 1 < bad {
        let middle = good + (bad - good) / 2;
        if differs(middle)? {
            bad = middle;
        } else {
            good = middle;
        }
    }
    Ok(bad - 1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_first_function_that_makes_a_difference_is_found() {
        for culprit in [0, 1, 17, 999_999] {
            let found = super::first(|end| Ok(culprit < end));
            assert_eq!(found, Ok(culprit));
        }
    }
}
