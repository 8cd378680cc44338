//! What entries are found by.

use std::fmt;

/// Separates our hashes from those that others make of the same bytes.
const CONTEXT: &str = "tierra-cache 1 key";

/// A hash of everything that an entry depends on. It can't be forged: nobody makes a module whose
/// key is that of another one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 32]);

/// Makes a key of parts that come one by one.
#[derive(Clone)]
pub struct KeyBuilder(blake3::Hasher);

impl Key {
    /// The key of parts: equal if the parts are, one by one.
    ///
    /// ```
    /// use tierra_cache::Key;
    ///
    /// assert_ne!(Key::new(&[b"module", b""]), Key::new(&[b"", b"module"]));
    /// ```
    pub fn new(parts: &[&[u8]]) -> Self {
        let mut builder = KeyBuilder::new();
        for part in parts {
            builder.part(part);
        }
        builder.finish()
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl KeyBuilder {
    /// No part yet.
    pub fn new() -> Self {
        Self(blake3::Hasher::new_derive_key(CONTEXT))
    }

    /// Appends a part.
    pub fn part(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// The key.
    pub fn finish(&self) -> Key {
        Key(*self.0.finalize().as_bytes())
    }
}

impl Default for KeyBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Hexadecimal, as in file names.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let keys = [
            Key::new(&[]),
            Key::new(&[b""]),
            Key::new(&[b"", b""]),
            Key::new(&[b"ab"]),
            Key::new(&[b"a", b"b"]),
            Key::new(&[b"b", b"a"]),
            Key::new(&[b"ab", b""]),
        ];
        let different: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
        let mut builder = KeyBuilder::new();
        assert_eq!(builder.part(b"a").part(b"b").finish(), keys[4]);
    }
}
