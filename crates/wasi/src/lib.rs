//! WASI 0.1 for Tierra: capabilities only.
