//! Tierra, a WebAssembly engine: the embedding API.
