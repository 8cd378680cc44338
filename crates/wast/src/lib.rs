//! Runs WebAssembly specification scripts on Tierra.
