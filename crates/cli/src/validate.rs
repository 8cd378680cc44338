//! `tierra validate`.

use crate::commands::ValidateOptions;
use crate::engine::{engine, features};
use crate::failure::Failure;
use crate::source::Source;
use tierra::Config;

/// Checks every file; what is wrong with one does not hide what is wrong with the next.
pub fn run(options: &ValidateOptions) -> Result<i32, Failure> {
    let mut config = Config::new();
    config.features(features(&options.wasm)?);
    let engine = engine(&config)?;
    let mut code = 0;
    for file in &options.files {
        match Source::load(&engine, file) {
            Ok(_) => println!("{}: valid", file.display()),
            Err(failure) => {
                failure.print();
                code = failure.code();
            }
        }
    }
    Ok(code)
}
