//! A guest without an engine, and shorter ways to call.

use std::path::PathBuf;
use std::sync::Arc;

use tierra_wasi::*;

/// Where calls put their results; parameters are written from `INPUT` on.
pub const OUT: i32 = 0;
pub const INPUT: i32 = 1024;
pub const INPUT2: i32 = 8192;
pub const BUFFER: i32 = 65536;
pub const SIZE: usize = 4 << 20;

pub const DIR: i32 = 3;

pub const CREAT: i32 = 1;
pub const DIRECTORY: i32 = 2;
pub const EXCL: i32 = 4;
pub const TRUNC: i32 = 8;
pub const FOLLOW: i32 = 1;

pub struct Memory {
    pub bytes: Vec<u8>,
    pub interrupt: Arc<FlagInterrupt>,
}

impl Guest for Memory {
    fn read(&self, address: u32, into: &mut [u8]) -> Result<(), Errno> {
        let start = address as usize;
        let source = self
            .bytes
            .get(start..start + into.len())
            .ok_or(Errno::Fault)?;
        into.copy_from_slice(source);
        Ok(())
    }

    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), Errno> {
        let start = address as usize;
        let target = self
            .bytes
            .get_mut(start..start + bytes.len())
            .ok_or(Errno::Fault)?;
        target.copy_from_slice(bytes);
        Ok(())
    }

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn interrupt(&self) -> &dyn Interrupt {
        &*self.interrupt
    }
}

/// One thread of a guest.
pub struct Thread {
    pub wasi: Arc<Wasi>,
    pub memory: Memory,
    pub abi: Abi,
}

/// Calls a function and returns its error as such.
macro_rules! call {
    ($thread:expr, $name:ident($($argument:expr),* $(,)?)) => {{
        let thread: &mut $crate::world::Thread = &mut $thread;
        let mut call = tierra_wasi::Call::new(&mut thread.memory, thread.abi);
        match thread.wasi.$name(&mut call $(, $argument)*) {
            Ok(tierra_wasi::Errno::Success) => Ok(()),
            Ok(errno) => Err(errno),
            Err(stop) => panic!("stopped: {stop:?}"),
        }
    }};
}
pub(crate) use call;

impl Thread {
    pub fn new(wasi: Arc<Wasi>) -> Thread {
        let interrupt = Arc::new(FlagInterrupt::new().unwrap());
        Thread {
            wasi,
            memory: Memory {
                bytes: vec![0; SIZE],
                interrupt,
            },
            abi: Abi::Preview1,
        }
    }

    pub fn put(&mut self, at: i32, bytes: &[u8]) -> i32 {
        self.memory.write(at as u32, bytes).unwrap();
        bytes.len() as i32
    }

    pub fn get(&self, at: i32, length: usize) -> Vec<u8> {
        self.memory.bytes[at as usize..at as usize + length].to_vec()
    }

    pub fn u16(&self, at: i32) -> u16 {
        u16::from_le_bytes(self.get(at, 2).try_into().unwrap())
    }

    pub fn u32(&self, at: i32) -> u32 {
        u32::from_le_bytes(self.get(at, 4).try_into().unwrap())
    }

    pub fn u64(&self, at: i32) -> u64 {
        u64::from_le_bytes(self.get(at, 8).try_into().unwrap())
    }

    /// Writes a list of `(address, length)` at `INPUT`.
    pub fn iovs(&mut self, parts: &[(u32, u32)]) -> i32 {
        let bytes: Vec<u8> = parts
            .iter()
            .flat_map(|(a, l)| [a.to_le_bytes(), l.to_le_bytes()].concat())
            .collect();
        self.put(INPUT, &bytes);
        parts.len() as i32
    }

    pub fn open(&mut self, path: &str, oflags: i32, rights: Rights) -> Result<i32, Errno> {
        self.open_at(DIR, FOLLOW, path, oflags, rights, 0)
    }

    pub fn open_at(
        &mut self,
        fd: i32,
        lookup: i32,
        path: &str,
        oflags: i32,
        rights: Rights,
        fdflags: i32,
    ) -> Result<i32, Errno> {
        let n = self.put(INPUT, path.as_bytes());
        let bits = rights.bits() as i64;
        call!(
            *self,
            path_open(fd, lookup, INPUT, n, oflags, bits, bits, fdflags, OUT)
        )?;
        Ok(self.u32(OUT) as i32)
    }

    pub fn read(&mut self, fd: i32, length: u32) -> Result<Vec<u8>, Errno> {
        let n = self.iovs(&[(BUFFER as u32, length)]);
        call!(*self, fd_read(fd, INPUT, n, OUT))?;
        Ok(self.get(BUFFER, self.u32(OUT) as usize))
    }

    pub fn write(&mut self, fd: i32, bytes: &[u8]) -> Result<u32, Errno> {
        self.put(BUFFER, bytes);
        let n = self.iovs(&[(BUFFER as u32, bytes.len() as u32)]);
        call!(*self, fd_write(fd, INPUT, n, OUT))?;
        Ok(self.u32(OUT))
    }

    pub fn mkdir(&mut self, path: &str) -> Result<(), Errno> {
        let n = self.put(INPUT, path.as_bytes());
        call!(*self, path_create_directory(DIR, INPUT, n))
    }

    pub fn rmdir(&mut self, path: &str) -> Result<(), Errno> {
        let n = self.put(INPUT, path.as_bytes());
        call!(*self, path_remove_directory(DIR, INPUT, n))
    }

    pub fn unlink(&mut self, path: &str) -> Result<(), Errno> {
        let n = self.put(INPUT, path.as_bytes());
        call!(*self, path_unlink_file(DIR, INPUT, n))
    }

    pub fn symlink(&mut self, target: &str, path: &str) -> Result<(), Errno> {
        let t = self.put(INPUT2, target.as_bytes());
        let n = self.put(INPUT, path.as_bytes());
        call!(*self, path_symlink(INPUT2, t, DIR, INPUT, n))
    }

    pub fn readlink(&mut self, path: &str) -> Result<String, Errno> {
        let n = self.put(INPUT, path.as_bytes());
        call!(*self, path_readlink(DIR, INPUT, n, BUFFER, 4096, OUT))?;
        Ok(String::from_utf8(self.get(BUFFER, self.u32(OUT) as usize)).unwrap())
    }

    pub fn rename(&mut self, from: (i32, &str), to: (i32, &str)) -> Result<(), Errno> {
        let f = self.put(INPUT, from.1.as_bytes());
        let t = self.put(INPUT2, to.1.as_bytes());
        call!(*self, path_rename(from.0, INPUT, f, to.0, INPUT2, t))
    }

    pub fn link(&mut self, from: (i32, &str), to: (i32, &str)) -> Result<(), Errno> {
        let f = self.put(INPUT, from.1.as_bytes());
        let t = self.put(INPUT2, to.1.as_bytes());
        call!(*self, path_link(from.0, 0, INPUT, f, to.0, INPUT2, t))
    }

    pub fn stat(&mut self, path: &str, lookup: i32) -> Result<(), Errno> {
        let n = self.put(INPUT, path.as_bytes());
        call!(*self, path_filestat_get(DIR, lookup, INPUT, n, OUT))
    }

    pub fn set_times(&mut self, path: &str, lookup: i32) -> Result<(), Errno> {
        let n = self.put(INPUT, path.as_bytes());
        call!(
            *self,
            path_filestat_set_times(DIR, lookup, INPUT, n, 0, 0, 5)
        )
    }

    /// Everything in a directory, read with a buffer of `size`.
    pub fn readdir(&mut self, fd: i32, size: i32) -> Vec<(String, u8, u64)> {
        let mut entries = Vec::new();
        let mut cookie = 0;
        loop {
            call!(*self, fd_readdir(fd, BUFFER, size, cookie, OUT)).unwrap();
            let used = self.u32(OUT) as i32;
            let mut at = BUFFER;
            while at + 24 <= BUFFER + used {
                let length = self.u32(at + 16) as i32;
                if at + 24 + length > BUFFER + used {
                    break;
                }
                let name = String::from_utf8(self.get(at + 24, length as usize)).unwrap();
                cookie = self.u64(at) as i64;
                entries.push((name, self.get(at + 20, 1)[0], self.u64(at + 8)));
                at += 24 + length;
            }
            if used < size {
                return entries;
            }
            assert!(at > BUFFER, "no entry fits into {size} bytes");
        }
    }
}

/// A guest with a directory of its own as `/`, beside which is what it must not reach.
pub struct World {
    pub thread: Thread,
    pub outside: PathBuf,
    pub inside: PathBuf,
    _folder: tempfile::TempDir,
}

impl World {
    pub fn new(access: Access) -> World {
        World::with(access, |builder| builder)
    }

    pub fn with(access: Access, more: impl FnOnce(WasiBuilder) -> WasiBuilder) -> World {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("inside"), folder.path().join("outside"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("secret"), "secret").unwrap();
        let builder = Wasi::builder().preopen_dir(&inside, "/", access).unwrap();
        let thread = Thread::new(more(builder).build().unwrap());
        World {
            thread,
            outside,
            inside,
            _folder: folder,
        }
    }

    /// What is outside is as it was.
    pub fn assert_outside_untouched(&self) {
        let names: Vec<_> = std::fs::read_dir(&self.outside)
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(names, ["secret"]);
        assert_eq!(
            std::fs::read(self.outside.join("secret")).unwrap(),
            b"secret"
        );
    }
}

/// The errors by which a way out is refused.
#[track_caller]
pub fn assert_refused<T: std::fmt::Debug>(result: Result<T, Errno>) {
    match result {
        Err(Errno::Perm | Errno::Notcapable | Errno::Loop | Errno::Notdir) => {}
        other => panic!("not refused: {other:?}"),
    }
}
