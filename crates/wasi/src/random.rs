//! `random_get`.

use std::sync::{Mutex, PoisonError};

use crate::errno::Errno;
use crate::guest::{Call, Outcome};
use crate::iovec::CHUNK;
use crate::process::Wasi;

/// Where random numbers come from.
pub(crate) enum Random {
    /// The host's generator, fit for secrets.
    System,
    /// SplitMix64: the same seed gives the same bytes. No secrets.
    Seeded(Mutex<u64>),
}

impl Random {
    pub fn seeded(seed: u64) -> Random {
        Random::Seeded(Mutex::new(seed))
    }

    fn fill(&self, buffer: &mut [u8]) -> Result<(), Errno> {
        match self {
            Random::System => getrandom::fill(buffer).map_err(|_| Errno::Io),
            Random::Seeded(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                for part in buffer.chunks_mut(8) {
                    part.copy_from_slice(&split_mix(&mut state).to_le_bytes()[..part.len()]);
                }
                Ok(())
            }
        }
    }
}

/// Steele, Lea and Flood's generator.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

pub(crate) fn random_get(wasi: &Wasi, call: &mut Call<'_>, out: u32, length: u32) -> Outcome {
    call.check(out, length.into())?;
    let mut buffer = vec![0; CHUNK.min(length as usize)];
    let mut done = 0;
    while done < length {
        call.go_on()?;
        let now = buffer.len().min((length - done) as usize);
        wasi.random.fill(&mut buffer[..now])?;
        call.write(out + done, &buffer[..now])?;
        done += now as u32;
    }
    Ok(())
}
