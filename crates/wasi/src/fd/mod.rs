//! The functions on open descriptors.

mod filestat;
mod offset;
mod readdir;
mod status;
pub(crate) mod transfer;

pub(crate) use filestat::{NewTimes, fd_filestat_get, fd_filestat_set_size, fd_filestat_set_times};
pub(crate) use offset::{fd_advise, fd_allocate, fd_datasync, fd_seek, fd_sync, fd_tell};
pub(crate) use readdir::fd_readdir;
pub(crate) use status::{
    fd_close, fd_fdstat_get, fd_fdstat_set_flags, fd_fdstat_set_rights, fd_prestat_dir_name,
    fd_prestat_get, fd_renumber,
};
pub(crate) use transfer::{fd_pread, fd_pwrite, fd_read, fd_write};
