//! Streams that an embedder gives in place of the standard ones.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::errno::Errno;

/// Where a guest's output is collected; clones share their contents.
#[derive(Clone)]
pub struct OutputPipe {
    shared: Arc<Mutex<Vec<u8>>>,
    limit: usize,
}

impl OutputPipe {
    /// One that holds up to 64 MiB.
    pub fn new() -> OutputPipe {
        OutputPipe::with_limit(64 << 20)
    }

    /// One that holds up to `limit` bytes; the guest is told `NOSPC` beyond.
    pub fn with_limit(limit: usize) -> OutputPipe {
        OutputPipe {
            shared: Arc::default(),
            limit,
        }
    }

    /// What was written until now.
    pub fn contents(&self) -> Vec<u8> {
        self.shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What was written until now, which is then forgotten.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, Errno> {
        let mut held = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.limit.saturating_sub(held.len()).min(bytes.len());
        if room == 0 && !bytes.is_empty() {
            return Err(Errno::Nospc);
        }
        held.extend_from_slice(&bytes[..room]);
        Ok(room)
    }
}

impl Default for OutputPipe {
    fn default() -> OutputPipe {
        OutputPipe::new()
    }
}

/// Input from the embedder. A reader is expected to answer soon: no other thread of the
/// guest can use it meanwhile, and it can't be interrupted.
pub(crate) enum Input {
    Bytes(Mutex<io::Cursor<Vec<u8>>>),
    Reader(Mutex<Box<dyn Read + Send>>),
}

impl Input {
    pub fn bytes(bytes: Vec<u8>) -> Input {
        Input::Bytes(Mutex::new(io::Cursor::new(bytes)))
    }

    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::Bytes(bytes) => bytes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .read(buffer),
            Input::Reader(reader) => reader
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .read(buffer),
        }
    }

    /// Bytes known to be there, and whether the end is known to be behind them.
    pub fn remaining(&self) -> (u64, bool) {
        match self {
            Input::Bytes(bytes) => {
                let bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
                let left = (bytes.get_ref().len() as u64).saturating_sub(bytes.position());
                (left, left == 0)
            }
            Input::Reader(_) => (0, false),
        }
    }
}

/// Output to the embedder; of a writer the same is expected as of a reader.
pub(crate) enum Output {
    Null,
    Pipe(OutputPipe),
    Writer(Mutex<Box<dyn Write + Send>>),
}

impl Output {
    pub fn write(&self, bytes: &[u8]) -> Result<usize, Errno> {
        match self {
            Output::Null => Ok(bytes.len()),
            Output::Pipe(pipe) => pipe.write(bytes),
            Output::Writer(writer) => {
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                let written = writer.write(bytes)?;
                writer.flush()?;
                Ok(written.min(bytes.len()))
            }
        }
    }
}
