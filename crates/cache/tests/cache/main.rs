//! The store from outside.

mod concurrent;
mod damage;
mod foreign;
mod harness;
mod pruning;
mod rounds;
