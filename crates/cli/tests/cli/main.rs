//! The program from outside: exit codes, standard output, standard error.

mod cache;
mod compile;
mod harness;
mod help;
mod imports;
mod inspect;
mod invoke;
mod limits;
mod modules;
mod profile;
mod scripts;
mod tiering;
mod traps;
mod wasi;
