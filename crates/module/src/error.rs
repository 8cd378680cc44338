//! Why bytes are not a module.

use alloc::{boxed::Box, string::String};
use core::fmt;

/// Why bytes are not a module that this configuration accepts. One pointer wide.
#[derive(Debug)]
pub struct ModuleError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    message: String,
    offset: Option<u64>,
    feature: Option<&'static str>,
}

impl ModuleError {
    /// An error with a message and, where known, the offset in the binary.
    pub fn malformed(message: String, offset: Option<u64>) -> Self {
        Self(Box::new(Inner {
            message,
            offset,
            feature: None,
        }))
    }

    /// Says that the module would be valid with a feature that is switched off.
    pub(crate) fn needs(mut self, feature: &'static str) -> Self {
        self.0.feature = Some(feature);
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The offset in the binary, in bytes from its start.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// The switched-off feature that the module needs.
    pub fn feature(&self) -> Option<&'static str> {
        self.0.feature
    }
}

impl From<wasmparser::BinaryReaderError> for ModuleError {
    fn from(e: wasmparser::BinaryReaderError) -> Self {
        Self::malformed(e.message().into(), Some(e.offset()))
    }
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(offset) = self.0.offset {
            write!(f, " (at offset 0x{offset:x})")?;
        }
        if let Some(feature) = self.0.feature {
            write!(
                f,
                "; the module needs the feature `{feature}`, which is switched off"
            )?;
        }
        Ok(())
    }
}

impl core::error::Error for ModuleError {}
