//! The `tierra` program.

fn main() {}
