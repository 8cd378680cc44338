//! Modules that were compiled ahead of time, as files.
//!
//! **Problem.** A file with machine code must load about as fast as it can be read, on exactly
//! the machines and engines that it fits, and say why when it does not; whatever happened to the
//! file, the host must not crash. **Idea.** The file is an object file in the ELF format, so that
//! every tool of the system can look into it, but it is read by a header of ours behind ELF's
//! own: a version, a checksum of all bytes, and where each table is. Tables are arrays of
//! little-endian words, used where they are; code contains no address and begins with a page, so
//! that a file's is mapped to where it runs. That of bytes in memory is copied there.
//!
//! **Invariants.**
//! - The version comes first and never moves: what a file of another version means is not known.
//! - The checksum covers every byte of the file, and any damage within one word of eight bytes
//!   changes it. It guards against accidents: whoever can write the file can run code.
//! - Nothing is read before the bounds of its section were checked. That functions are where
//!   entries say is checked once; other tables are looked into when they are needed, by ways that
//!   end well whatever they hold.
//! - An artifact has the module's bytes, valid when they were compiled; bodies are not validated
//!   again.
//! - A file that is mapped must stay as it is while its module exists: as for every program that
//!   runs, who changes it changes what is executed, and who shortens it makes it fail. Replacing
//!   it by another of the same name does no harm.
//!
//! **Cost.** One pass over the file for the checksum; the rest goes with the number of functions.

pub mod elf;
pub mod fit;
mod read;
mod write;

pub use fit::Fit;
pub use read::Artifact;
pub use write::{names, write};

/// What makes a file an artifact.
const MAGIC: [u8; 8] = *b"\xffTIERRA\n";
/// To be counted up whenever what sections mean changes.
const FORMAT: &str = concat!(env!("CARGO_PKG_VERSION"), " (format 3)");
/// Bytes of the version.
const VERSION: usize = 32;

/// Offsets of the header's fields.
mod at {
    use super::VERSION;
    use super::elf::HEADER;

    /// Behind ELF's own header.
    pub const MAGIC: usize = HEADER;
    pub const VERSION_: usize = MAGIC + 8;
    pub const LENGTH: usize = VERSION_ + VERSION;
    pub const CHECKSUM: usize = LENGTH + 8;
    pub const SECTIONS: usize = CHECKSUM + 8;
}

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident $text:literal $align:literal;)*) => {
        /// The sections that we read.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        enum Section {
            $($(#[$doc])* $name,)*
        }

        impl Section {
            /// All of them: name and alignment.
            const ALL: &[(&str, usize)] = &[$(($text, $align)),*];
            /// All of them, in the same order.
            const EVERY: &[Section] = &[$(Section::$name),*];
        }
    };
}

sections! {
    /// The machine code.
    Text ".text" 4096;
    /// What it fits.
    Fit ".tierra.fit" 8;
    /// The module.
    Module ".tierra.module" 8;
    /// Where functions are.
    Entries ".tierra.entries" 8;
    /// What is where in the code.
    Functions ".tierra.functions" 8;
    /// Places that trap.
    Traps ".tierra.traps" 8;
    /// Places in the module.
    Locations ".tierra.locations" 8;
    /// Places that were inlined.
    Inlined ".tierra.inlined" 8;
    /// Calls.
    Calls ".tierra.calls" 8;
    /// Slots with references.
    StackMap ".tierra.stackmap" 8;
    /// Handlers.
    Handlers ".tierra.handlers" 8;
}

/// Where the first section may begin.
const HEADER_END: usize = at::SECTIONS + Section::ALL.len() * 16;

/// Whether a file is an artifact, whatever its version.
pub fn is_artifact(bytes: &[u8]) -> bool {
    bytes.get(at::MAGIC..at::VERSION_) == Some(&MAGIC)
}
