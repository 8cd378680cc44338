//! What a process starts with.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::fs::Dir;

use crate::abi::{Fdflags, Filetype};
use crate::args::StringList;
use crate::clock::Clocks;
use crate::descriptor::{Descriptor, Directory, HostFile, Object};
use crate::errno::Errno;
use crate::process::Wasi;
use crate::random::Random;
use crate::rights::Rights;
use crate::stream::{Input, Output, OutputPipe};
use crate::sys;
use crate::table::Table;

/// How a directory may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Nothing below it can be changed.
    ReadOnly,
    /// Everything below it can be changed.
    ReadWrite,
}

/// Where a guest's standard input comes from.
pub enum Stdin {
    /// The embedder's.
    Inherit,
    /// Nowhere: it has ended.
    Null,
    /// Memory.
    Bytes(Vec<u8>),
    /// A reader; it can't be interrupted while it reads.
    Reader(Box<dyn Read + Send>),
}

/// Where a guest's standard output, or error, goes.
pub enum Stdout {
    /// Where the embedder's goes.
    Inherit,
    /// Nowhere.
    Null,
    /// Memory.
    Pipe(OutputPipe),
    /// A writer; it can't be interrupted while it writes.
    Writer(Box<dyn Write + Send>),
}

/// Describes a [`Wasi`] process.
///
/// By default it has no arguments, no environment, no files and no sockets, its standard
/// streams lead nowhere, and it can have 64 threads and 1024 descriptors. Clocks and random
/// numbers, for which WASI knows no capability, are the host's.
pub struct WasiBuilder {
    args: Vec<String>,
    environ: Vec<(String, String)>,
    stdin: Stdin,
    stdout: Stdout,
    stderr: Stdout,
    preopens: Vec<Preopen>,
    clocks: Option<(u64, u64)>,
    seed: Option<u64>,
    max_descriptors: usize,
    max_threads: usize,
}

enum Preopen {
    Directory {
        dir: Dir,
        name: String,
        access: Access,
    },
    Listener(TcpListener),
    Stream(TcpStream),
}

impl Default for WasiBuilder {
    fn default() -> WasiBuilder {
        WasiBuilder::new()
    }
}

impl WasiBuilder {
    /// The description of a process that has nothing.
    pub fn new() -> WasiBuilder {
        WasiBuilder {
            args: Vec::new(),
            environ: Vec::new(),
            stdin: Stdin::Null,
            stdout: Stdout::Null,
            stderr: Stdout::Null,
            preopens: Vec::new(),
            clocks: None,
            seed: None,
            max_descriptors: 1024,
            max_threads: 64,
        }
    }

    /// Adds an argument; the first is the program's name.
    pub fn arg(mut self, arg: impl Into<String>) -> WasiBuilder {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> WasiBuilder {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds or replaces an environment variable.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> WasiBuilder {
        let (name, value) = (name.into(), value.into());
        self.environ.retain(|(known, _)| *known != name);
        self.environ.push((name, value));
        self
    }

    /// Adds the embedder's whole environment, as far as it is Unicode.
    pub fn inherit_env(self) -> WasiBuilder {
        std::env::vars_os().fold(self, |builder, (name, value)| {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => builder.env(name, value),
                _ => builder,
            }
        })
    }

    /// Sets descriptor 0.
    pub fn stdin(mut self, stdin: Stdin) -> WasiBuilder {
        self.stdin = stdin;
        self
    }

    /// Sets descriptor 1.
    pub fn stdout(mut self, stdout: Stdout) -> WasiBuilder {
        self.stdout = stdout;
        self
    }

    /// Sets descriptor 2.
    pub fn stderr(mut self, stderr: Stdout) -> WasiBuilder {
        self.stderr = stderr;
        self
    }

    /// Passes all three standard streams through.
    pub fn inherit_stdio(self) -> WasiBuilder {
        self.stdin(Stdin::Inherit)
            .stdout(Stdout::Inherit)
            .stderr(Stdout::Inherit)
    }

    /// Opens a directory of the host, which the guest finds as `name`.
    pub fn preopen_dir(
        self,
        host: impl AsRef<Path>,
        name: impl Into<String>,
        access: Access,
    ) -> io::Result<WasiBuilder> {
        let dir = Dir::open_ambient_dir(host, cap_std::ambient_authority())?;
        Ok(self.preopen_open_dir(dir, name, access))
    }

    /// Hands over an open directory, which the guest finds as `name`.
    pub fn preopen_open_dir(
        mut self,
        dir: Dir,
        name: impl Into<String>,
        access: Access,
    ) -> WasiBuilder {
        self.preopens.push(Preopen::Directory {
            dir,
            name: name.into(),
            access,
        });
        self
    }

    /// Hands over a listening socket. Directories and sockets are numbered from 3 in the
    /// order in which they are added.
    pub fn preopen_listener(mut self, listener: TcpListener) -> WasiBuilder {
        self.preopens.push(Preopen::Listener(listener));
        self
    }

    /// Hands over a connected socket.
    pub fn preopen_stream(mut self, stream: TcpStream) -> WasiBuilder {
        self.preopens.push(Preopen::Stream(stream));
        self
    }

    /// Replaces the host's clocks by one that starts at `start`, moves by `step` whenever it
    /// is read, and jumps over waiting.
    pub fn fixed_clock(mut self, start: SystemTime, step: Duration) -> WasiBuilder {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let start = start.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.clocks = Some((nanoseconds(start), nanoseconds(step)));
        self
    }

    /// Replaces the host's random numbers by those of a generator with this seed: repeatable,
    /// and no secret.
    pub fn random_seed(mut self, seed: u64) -> WasiBuilder {
        self.seed = Some(seed);
        self
    }

    /// Sets how many descriptors can be open at once.
    pub fn max_descriptors(mut self, limit: usize) -> WasiBuilder {
        self.max_descriptors = limit.min(1 << 20);
        self
    }

    /// Sets how many threads can run besides the first.
    pub fn max_threads(mut self, limit: usize) -> WasiBuilder {
        self.max_threads = limit;
        self
    }

    /// The process. Fails on strings that hold a NUL or are too many, on names of variables
    /// that hold a `=`, and if the host refuses a stream.
    pub fn build(self) -> io::Result<Arc<Wasi>> {
        let invalid = |errno: Errno| io::Error::new(io::ErrorKind::InvalidInput, errno);
        if self
            .environ
            .iter()
            .any(|(name, _)| name.is_empty() || name.contains('='))
        {
            return Err(invalid(Errno::Inval));
        }
        let args = StringList::new(self.args).map_err(invalid)?;
        let environ = self
            .environ
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"));
        let environ = StringList::new(environ).map_err(invalid)?;

        let table = Table::new(self.max_descriptors);
        let open = |descriptor| table.insert(descriptor).map_err(io::Error::other);
        open(stdin(self.stdin)?)?;
        open(stdout(self.stdout, 1)?)?;
        open(stdout(self.stderr, 2)?)?;
        for preopen in self.preopens {
            open(preopen.open()?)?;
        }

        let clocks = match self.clocks {
            Some((start, step)) => Clocks::fixed(start, step),
            None => Clocks::system(),
        };
        let random = self.seed.map_or(Random::System, Random::seeded);
        let wasi = Wasi::from_parts(args, environ, table, clocks, random, self.max_threads);
        Ok(Arc::new(wasi))
    }
}

impl Preopen {
    fn open(self) -> io::Result<Descriptor> {
        let none = Fdflags::default();
        Ok(match self {
            Preopen::Directory { dir, name, access } => {
                let (base, files) = match access {
                    Access::ReadOnly => (Rights::DIRECTORY_READ, Rights::FILE_READ),
                    Access::ReadWrite => (Rights::DIRECTORY, Rights::FILE),
                };
                let object = Object::Directory(Directory::new(dir));
                let mut descriptor = Descriptor::new(object, base, base | files, none);
                descriptor.preopen = Some(name);
                descriptor
            }
            Preopen::Listener(listener) => {
                listener.set_nonblocking(true)?;
                let object = Object::Listener(listener);
                Descriptor::new(object, Rights::LISTENER, Rights::STREAM, none)
            }
            Preopen::Stream(stream) => {
                stream.set_nonblocking(true)?;
                Descriptor::new(Object::Stream(stream), Rights::STREAM, Rights::NONE, none)
            }
        })
    }
}

const STREAM_RIGHTS: Rights = Rights::FD_FDSTAT_SET_FLAGS
    .or(Rights::FD_FILESTAT_GET)
    .or(Rights::POLL_FD_READWRITE);

fn stdin(stdin: Stdin) -> io::Result<Descriptor> {
    let input = match stdin {
        Stdin::Inherit => return inherit(0),
        Stdin::Null => Input::bytes(Vec::new()),
        Stdin::Bytes(bytes) => Input::bytes(bytes),
        Stdin::Reader(reader) => Input::Reader(Mutex::new(reader)),
    };
    let rights = STREAM_RIGHTS | Rights::FD_READ;
    Ok(Descriptor::new(
        Object::Input(input),
        rights,
        Rights::NONE,
        Fdflags::default(),
    ))
}

fn stdout(stdout: Stdout, fd: u32) -> io::Result<Descriptor> {
    let output = match stdout {
        Stdout::Inherit => return inherit(fd),
        Stdout::Null => Output::Null,
        Stdout::Pipe(pipe) => Output::Pipe(pipe),
        Stdout::Writer(writer) => Output::Writer(Mutex::new(writer)),
    };
    let mut rights = STREAM_RIGHTS | Rights::FD_WRITE;
    if matches!(output, Output::Null) {
        rights = rights | NO_TERMINAL;
    }
    Ok(Descriptor::new(
        Object::Output(output),
        rights,
        Rights::NONE,
        Fdflags::default(),
    ))
}

/// Guests take a character device without these rights for a terminal.
const NO_TERMINAL: Rights = Rights::FD_SEEK.or(Rights::FD_TELL);

/// One of the embedder's own streams, with the rights that fit what it is.
fn inherit(fd: u32) -> io::Result<Descriptor> {
    let file = sys::inherit_stdio(fd)?;
    let filetype = sys::filetype(&file)?;
    let (read, write) = sys::access(&file);
    let mut rights = STREAM_RIGHTS;
    if read && fd == 0 {
        rights = rights | Rights::FD_READ;
    }
    if write && fd != 0 {
        rights = rights | Rights::FD_WRITE;
    }
    match filetype {
        Filetype::RegularFile => rights = rights | NO_TERMINAL | Rights::FD_SYNC,
        Filetype::CharacterDevice if !sys::is_terminal(&file) => rights = rights | NO_TERMINAL,
        _ => {}
    }
    let flags = sys::fdflags(&file);
    let object = Object::File(HostFile::new(file, filetype));
    Ok(Descriptor::new(object, rights, Rights::NONE, flags))
}
