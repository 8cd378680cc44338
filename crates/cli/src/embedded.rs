//! Programs that contain a compiled module: this program, an artifact, and a trailer that says
//! where the artifact is. A program that finds a trailer at its own end runs what is there.

use crate::failure::Failure;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// What the last bytes of such a program are, behind the length of the artifact.
const MAGIC: [u8; 8] = *b"\xffTIEREXE";
/// The length, and the magic.
const TRAILER: usize = 16;

/// A program that runs an artifact.
pub fn program(artifact: &[u8]) -> Result<Vec<u8>, Failure> {
    let own = std::env::current_exe().and_then(std::fs::read);
    let mut program =
        own.map_err(|error| Failure::host(format!("cannot read this program itself: {error}")))?;
    program.extend(artifact);
    program.extend((artifact.len() as u64).to_le_bytes());
    program.extend(MAGIC);
    Ok(program)
}

/// The artifact at the end of this program, if there is one.
pub fn find() -> Option<Vec<u8>> {
    let mut file = File::open(std::env::current_exe().ok()?).ok()?;
    let size = file.metadata().ok()?.len();
    let end = size.checked_sub(TRAILER as u64)?;
    file.seek(SeekFrom::Start(end)).ok()?;
    let mut trailer = [0; TRAILER];
    file.read_exact(&mut trailer).ok()?;
    let (length, magic) = trailer.split_first_chunk::<8>()?;
    if *magic != MAGIC {
        return None;
    }
    let length = u64::from_le_bytes(*length);
    file.seek(SeekFrom::Start(end.checked_sub(length)?)).ok()?;
    let mut artifact = Vec::new();
    file.take(length).read_to_end(&mut artifact).ok()?;
    Some(artifact)
}
