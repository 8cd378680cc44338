//! Tier 0: lazily translated register code and its dispatch backends.
#![no_std]
