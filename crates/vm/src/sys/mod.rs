//! The door to the platform: memory regions, and waiting.
//!
//! A port writes one folder with these items:
//! - `Region`: zeroed memory that grows. `new(len, reserve, fixed)`: `len` bytes, with address
//!   space for `reserve` bytes if that is to be had; if `fixed`, it must be and `commit` works up
//!   to `reserve`. `commit(len)`: grows within the reservation. `grow(len)`: grows, and moves if
//!   it must. `spoil(used)`: makes its first bytes recognizable garbage.
//! - `Parker`: `new()`, for the calling thread; `park(Option<nanoseconds>) -> Parked`; `unpark()`.

#[cfg(not(all(unix, feature = "std")))]
mod none;
#[cfg(all(unix, feature = "std"))]
mod unix;

#[cfg(not(all(unix, feature = "std")))]
pub(crate) use none::Region;
#[cfg(all(unix, feature = "std"))]
pub(crate) use unix::Region;

#[cfg(not(feature = "std"))]
pub(crate) use park_none::{Clock, Parker};
#[cfg(feature = "std")]
pub(crate) use park_std::{Clock, Parker};

#[cfg(not(feature = "std"))]
mod park_none;
#[cfg(feature = "std")]
mod park_std;
