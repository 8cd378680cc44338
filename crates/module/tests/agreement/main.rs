//! Our validator of bodies says what `wasmparser`'s says: of the specification's modules, with each
//! feature switched off, and of bodies in which something was changed.

#[cfg(feature = "fast-validation")]
mod compare;
#[cfg(feature = "fast-validation")]
mod features;
#[cfg(feature = "fast-validation")]
mod mutations;
#[cfg(feature = "fast-validation")]
mod scripts;
