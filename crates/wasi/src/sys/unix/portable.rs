//! Other Unixes: a directory is read from a snapshot, and advice is accepted and ignored.

use std::fs::File;

pub(crate) use crate::sys::snapshot::ReadDir;

use crate::errno::Errno;

pub(crate) fn advise(_: &File, _: u64, _: u64, advice: u32) -> Result<(), Errno> {
    if advice < 6 {
        Ok(())
    } else {
        Err(Errno::Inval)
    }
}
