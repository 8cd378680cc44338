//! The functions: one table, and the methods made from it.

use crate::errno::Errno;
use crate::guest::{Call, Failure, Outcome, Stop};
use crate::process::Wasi;
use crate::{args, clock, fd, path, poll, proc, random, sock};

/// Calls a macro with every function of WASI 0.1, as rows
/// `module::name(parameter: i32 | i64, …) -> result;` behind a bracket that holds whatever
/// else the macro was given.
///
/// `result` is `errno` (an `i32`), or `never` for the one function without a result.
///
/// ```
/// macro_rules! count {
///     ([] $($module:ident::$name:ident($($p:ident: $t:ident),*) -> $r:ident;)*) => {
///         [$(stringify!($name)),*].len()
///     };
/// }
/// assert_eq!(tierra_wasi::for_each_wasi_function!(count), 46);
/// ```
#[macro_export]
macro_rules! for_each_wasi_function {
    ($with:ident $($context:tt)*) => {
        $with! {
            [$($context)*]
            args::args_get(argv: i32, argv_buf: i32) -> errno;
            args::args_sizes_get(count: i32, size: i32) -> errno;
            args::environ_get(environ: i32, environ_buf: i32) -> errno;
            args::environ_sizes_get(count: i32, size: i32) -> errno;
            clock::clock_res_get(id: i32, resolution: i32) -> errno;
            clock::clock_time_get(id: i32, precision: i64, time: i32) -> errno;
            fd::fd_advise(fd: i32, offset: i64, length: i64, advice: i32) -> errno;
            fd::fd_allocate(fd: i32, offset: i64, length: i64) -> errno;
            fd::fd_close(fd: i32) -> errno;
            fd::fd_datasync(fd: i32) -> errno;
            fd::fd_fdstat_get(fd: i32, stat: i32) -> errno;
            fd::fd_fdstat_set_flags(fd: i32, flags: i32) -> errno;
            fd::fd_fdstat_set_rights(fd: i32, base: i64, inheriting: i64) -> errno;
            fd::fd_filestat_get(fd: i32, stat: i32) -> errno;
            fd::fd_filestat_set_size(fd: i32, size: i64) -> errno;
            fd::fd_filestat_set_times(fd: i32, atim: i64, mtim: i64, flags: i32) -> errno;
            fd::fd_pread(fd: i32, iovs: i32, iovs_len: i32, offset: i64, nread: i32) -> errno;
            fd::fd_prestat_get(fd: i32, prestat: i32) -> errno;
            fd::fd_prestat_dir_name(fd: i32, path: i32, path_len: i32) -> errno;
            fd::fd_pwrite(fd: i32, iovs: i32, iovs_len: i32, offset: i64, nwritten: i32) -> errno;
            fd::fd_read(fd: i32, iovs: i32, iovs_len: i32, nread: i32) -> errno;
            fd::fd_readdir(fd: i32, buf: i32, buf_len: i32, cookie: i64, used: i32) -> errno;
            fd::fd_renumber(from: i32, to: i32) -> errno;
            fd::fd_seek(fd: i32, delta: i64, whence: i32, offset: i32) -> errno;
            fd::fd_sync(fd: i32) -> errno;
            fd::fd_tell(fd: i32, offset: i32) -> errno;
            fd::fd_write(fd: i32, iovs: i32, iovs_len: i32, nwritten: i32) -> errno;
            path::path_create_directory(fd: i32, path: i32, path_len: i32) -> errno;
            path::path_filestat_get(
                fd: i32, flags: i32, path: i32, path_len: i32, stat: i32
            ) -> errno;
            path::path_filestat_set_times(
                fd: i32, flags: i32, path: i32, path_len: i32, atim: i64, mtim: i64,
                fst_flags: i32
            ) -> errno;
            path::path_link(
                old_fd: i32, old_flags: i32, old_path: i32, old_path_len: i32,
                new_fd: i32, new_path: i32, new_path_len: i32
            ) -> errno;
            path::path_open(
                fd: i32, dirflags: i32, path: i32, path_len: i32, oflags: i32,
                base: i64, inheriting: i64, fdflags: i32, opened: i32
            ) -> errno;
            path::path_readlink(
                fd: i32, path: i32, path_len: i32, buf: i32, buf_len: i32, used: i32
            ) -> errno;
            path::path_remove_directory(fd: i32, path: i32, path_len: i32) -> errno;
            path::path_rename(
                fd: i32, old_path: i32, old_path_len: i32,
                new_fd: i32, new_path: i32, new_path_len: i32
            ) -> errno;
            path::path_symlink(
                old_path: i32, old_path_len: i32, fd: i32, new_path: i32, new_path_len: i32
            ) -> errno;
            path::path_unlink_file(fd: i32, path: i32, path_len: i32) -> errno;
            poll::poll_oneoff(
                subscriptions: i32, events: i32, nsubscriptions: i32, nevents: i32
            ) -> errno;
            proc::proc_exit(code: i32) -> never;
            proc::proc_raise(signal: i32) -> errno;
            proc::sched_yield() -> errno;
            random::random_get(buf: i32, buf_len: i32) -> errno;
            sock::sock_accept(fd: i32, flags: i32, accepted: i32) -> errno;
            sock::sock_recv(
                fd: i32, iovs: i32, iovs_len: i32, ri_flags: i32, nread: i32, ro_flags: i32
            ) -> errno;
            sock::sock_send(
                fd: i32, iovs: i32, iovs_len: i32, si_flags: i32, nwritten: i32
            ) -> errno;
            sock::sock_shutdown(fd: i32, how: i32) -> errno;
        }
    };
}

macro_rules! define_methods {
    ([] $($module:ident::$name:ident($($parameter:ident: $type:ident),*) -> $result:ident;)*) => {
        /// The functions that guests import. The first parameter is the call, the others are
        /// the function's own, as WebAssembly passes them.
        impl Wasi {
            $(
                #[doc = concat!("`", stringify!($name), "` of WASI 0.1.")]
                pub fn $name(
                    &self,
                    call: &mut Call<'_>,
                    $($parameter: $type),*
                ) -> Result<Errno, Stop> {
                    self.go_on()?;
                    settle($module::$name(self, call, $($parameter.cast_unsigned()),*))
                }
            )*
        }

        /// The names of all functions.
        pub const FUNCTION_NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

for_each_wasi_function!(define_methods);

fn settle(outcome: Outcome) -> Result<Errno, Stop> {
    match outcome {
        Ok(()) => Ok(Errno::Success),
        Err(Failure::Errno(errno)) => Ok(errno),
        Err(Failure::Stop(stop)) => Err(stop),
    }
}
