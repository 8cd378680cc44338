//! Fuzz targets of Tierra as library code.
//!
//! A case is a number: from it come a module, the values that its exports are called with, and
//! what its imports return ([`generate`], [`values`]). A target runs a case and says what it
//! found ([`target`]). The driver (`cargo run --release -p tierra-fuzz`) runs cases until the
//! time is over and writes those that fail to files; `cargo test` runs a few hundred.
//!
//! What an engine did with a module is an [`observe::Observation`]: texts, so that two of them
//! can be compared and printed whichever engine they are from.

pub mod generate;
pub mod observe;
pub mod on_tierra;
pub mod on_wasmi;
pub mod programs;
pub mod random;
pub mod reduce;
pub mod target;
pub mod values;
