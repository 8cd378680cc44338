//! Arguments and environment: lists of strings with a NUL behind each.

use crate::errno::Errno;
use crate::guest::{Call, Outcome};
use crate::process::Wasi;

/// Strings as the guest receives them.
pub(crate) struct StringList {
    strings: Vec<Vec<u8>>,
    bytes: u32,
}

impl StringList {
    /// Fails if the guest could not address them all.
    pub fn new(strings: impl IntoIterator<Item = String>) -> Result<StringList, Errno> {
        let mut bytes = 0u32;
        let mut list = Vec::new();
        for string in strings {
            let mut string = string.into_bytes();
            if string.contains(&0) {
                return Err(Errno::Inval);
            }
            string.push(0);
            let length = u32::try_from(string.len()).map_err(|_| Errno::Overflow)?;
            bytes = bytes.checked_add(length).ok_or(Errno::Overflow)?;
            list.push(string);
        }
        if list.len() > (u32::MAX / 4) as usize {
            return Err(Errno::Overflow);
        }
        Ok(StringList {
            strings: list,
            bytes,
        })
    }

    fn sizes(&self, call: &mut Call<'_>, count: u32, size: u32) -> Outcome {
        call.write_u32(count, self.strings.len() as u32)?;
        Ok(call.write_u32(size, self.bytes)?)
    }

    fn get(&self, call: &mut Call<'_>, pointers: u32, strings: u32) -> Outcome {
        call.check(pointers, self.strings.len() as u64 * 4)?;
        call.check(strings, self.bytes.into())?;
        let (mut pointer, mut at) = (pointers, strings);
        for string in &self.strings {
            call.write_u32(pointer, at)?;
            call.write(at, string)?;
            // Only the step behind the last string of a full memory can wrap.
            pointer = pointer.wrapping_add(4);
            at = at.wrapping_add(string.len() as u32);
        }
        Ok(())
    }
}

pub(crate) fn args_get(wasi: &Wasi, call: &mut Call<'_>, argv: u32, argv_buf: u32) -> Outcome {
    wasi.args.get(call, argv, argv_buf)
}

pub(crate) fn args_sizes_get(wasi: &Wasi, call: &mut Call<'_>, count: u32, size: u32) -> Outcome {
    wasi.args.sizes(call, count, size)
}

pub(crate) fn environ_get(wasi: &Wasi, call: &mut Call<'_>, environ: u32, buf: u32) -> Outcome {
    wasi.environ.get(call, environ, buf)
}

pub(crate) fn environ_sizes_get(
    wasi: &Wasi,
    call: &mut Call<'_>,
    count: u32,
    size: u32,
) -> Outcome {
    wasi.environ.sizes(call, count, size)
}
