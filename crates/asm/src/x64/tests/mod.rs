//! What the table claims, proved against a disassembler.

mod cases;
mod direct;
mod features;
mod labels;
mod round_trip;
