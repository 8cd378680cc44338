//! The functions at their edges.

extern crate std;

mod float;
mod int;
mod simd;

/// Asserts rows `function(arguments) => result;`.
macro_rules! table {
    ($($name:ident($($arg:expr),*) => $result:expr;)*) => {
        $(assert_eq!($name($($arg),*), $result, "{}", stringify!($name($($arg),*)));)*
    };
}
use table;
