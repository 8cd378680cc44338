//! Stores, linking, instantiation, host functions, limits.
#![no_std]
