//! The tables against the decoder, and the rows against the functions.

use crate::sem::{self, Outcome};
use crate::{Trap, V128};
use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};

/// A row's variant, function and name in the text format.
type Row = (&'static str, &'static str, &'static str);

/// Defines a function that lists a table's rows; a row's rest is in the pattern after `;`.
macro_rules! rows {
    ($($list:ident $table:ident $collect:ident ($($rest:tt)*);)*) => {$(
        rows!(($) $list $table $collect ($($rest)*));
    )*};
    (($d:tt) $list:ident $table:ident $collect:ident ($($rest:tt)*)) => {
        fn $list() -> Vec<Row> {
            macro_rules! $collect {
                ($d($d op:ident $d name:ident $d visit:ident $d text:literal $($rest)*;)*) => {
                    vec![$d((stringify!($d op), stringify!($d name), $d text)),*]
                };
            }
            crate::$table!($collect)
        }
    };
}

rows! {
    unary for_each_unary m (($a:ident) -> $r:ident);
    binary for_each_binary m (($a:ident, $b:ident) -> $r:ident, $order:ident);
    compare for_each_compare m (($a:ident, $b:ident) -> I32,
        swap $s:ident $t:ident, negate $n:ident $o:ident);
    wide for_each_wide m (($($a:ident),*) -> ($low:ident, $high:ident));
    vector for_each_vector m (($($a:ident),*) -> $r:ident);
    lane for_each_lane m (($($a:ident),*) -> $r:ident, lanes $n:literal);
    load for_each_load m ($number:ident as $full:ident -> $r:ident);
    store for_each_store m ($a:ident as $number:ident);
    vector_load for_each_vector_load m ($number:ident, bytes $n:literal);
    vector_store for_each_vector_store m ($number:ident, bytes $n:literal);
    lane_load for_each_vector_lane_load m ($number:ident, bytes $n:literal, lanes $l:literal);
    lane_store for_each_vector_lane_store m ($number:ident, bytes $n:literal, lanes $l:literal);
    atomic_load for_each_atomic_load m ($number:ident as $full:ident -> $r:ident);
    atomic_store for_each_atomic_store m ($a:ident as $number:ident);
    atomic_rmw for_each_atomic_rmw m ($number:ident $method:ident $r:ident);
    atomic_cmpxchg for_each_atomic_cmpxchg m ($number:ident $r:ident);
}

fn all() -> Vec<Row> {
    [
        unary,
        binary,
        compare,
        wide,
        vector,
        lane,
        load,
        store,
        vector_load,
        vector_store,
        lane_load,
        lane_store,
        atomic_load,
        atomic_store,
        atomic_rmw,
        atomic_cmpxchg,
    ]
    .iter()
    .flat_map(|table| table())
    .collect()
}

/// The operators of the proposals below that belong to no table.
const OTHERS: &[&str] = &[
    "Unreachable",
    "Nop",
    "Block",
    "Loop",
    "If",
    "Else",
    "End",
    "Br",
    "BrIf",
    "BrTable",
    "Return",
    "Call",
    "CallIndirect",
    "Drop",
    "Select",
    "LocalGet",
    "LocalSet",
    "LocalTee",
    "GlobalGet",
    "GlobalSet",
    "MemorySize",
    "MemoryGrow",
    "I32Const",
    "I64Const",
    "F32Const",
    "F64Const",
    "V128Const",
    "I8x16Shuffle",
    "MemoryAtomicNotify",
    "MemoryAtomicWait32",
    "MemoryAtomicWait64",
    "AtomicFence",
];

/// The decoder's operators: proposal, variant, and what follows `visit_`.
fn decoder() -> Vec<(&'static str, &'static str, &'static str)> {
    macro_rules! collect {
        ($(@$proposal:ident $op:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
            vec![$((stringify!($proposal), stringify!($op), stringify!($visit))),*]
        };
    }
    wasmparser::for_each_operator!(collect)
}

#[test]
fn the_tables_have_every_operator_of_the_decoder_once() {
    let mut ours: BTreeMap<&str, &str> = BTreeMap::new();
    for (op, name, text) in all() {
        assert!(ours.insert(op, name).is_none(), "{op} twice");
        let spelled: String = text
            .chars()
            .map(|c| if c == '.' { '_' } else { c })
            .collect();
        assert_eq!(spelled, name);
    }
    let mut others = OTHERS.to_vec();
    for (proposal, op, visit) in decoder() {
        if !matches!(
            proposal,
            "mvp"
                | "sign_extension"
                | "saturating_float_to_int"
                | "simd"
                | "relaxed_simd"
                | "wide_arithmetic"
                | "threads"
        ) {
            continue;
        }
        let other = others.iter().position(|other| *other == op);
        match (ours.remove(op), other) {
            (Some(name), None) => assert_eq!(visit.strip_prefix("visit_"), Some(name)),
            (None, Some(i)) => drop(others.swap_remove(i)),
            (ours, _) => panic!("{op}: {ours:?} in the tables"),
        }
    }
    assert!(
        ours.is_empty() && others.is_empty(),
        "not the decoder's: {ours:?} {others:?}"
    );
}

#[test]
fn names_in_the_text_format_separate_type_and_operator() {
    for (_, _, text) in all() {
        let dots = text.matches('.').count();
        let expected = if !text.contains("atomic") {
            1
        } else if text.contains("rmw") {
            3
        } else {
            2
        };
        assert_eq!(dots, expected, "{text}");
    }
}

macro_rules! ty {
    (I32) => {
        u32
    };
    (I64) => {
        u64
    };
    (F32) => {
        f32
    };
    (F64) => {
        f64
    };
    (V128) => {
        V128
    };
}

/// Compiles only if a function has the types of its row.
fn gives<T>(_: impl Outcome<Value = T>) {}

#[test]
fn functions_have_the_types_of_their_rows() {
    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident $(, $order:ident)?;)*) => {
            $(let _ = || gives::<ty!($r)>(sem::$name($(<ty!($a)>::default()),*));)*
        };
    }
    crate::for_each_unary!(check);
    crate::for_each_binary!(check);
    crate::for_each_vector!(check);

    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal ($a:ident, $b:ident) -> I32,
            swap $s:ident $t:ident, negate $n:ident $o:ident;)*) => {
            $(let _: fn(ty!($a), ty!($b)) -> u32 = sem::$name;)*
        };
    }
    crate::for_each_compare!(check);

    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal ($($a:ident),*) -> ($l:ident, $h:ident);)*) => {
            $(let _: fn($(ty!($a)),*) -> (ty!($l), ty!($h)) = sem::$name;)*
        };
    }
    crate::for_each_wide!(check);

    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident, lanes $n:literal;)*) => {
            $(
                let _: fn($(ty!($a),)* u8) -> ty!($r) = sem::$name;
                assert!($text.split_once('.').unwrap().0.ends_with(concat!("x", $n)));
            )*
        };
    }
    crate::for_each_lane!(check);
}

#[test]
fn memory_rows_agree_with_their_names() {
    /// The digits after the word, or those of the value's type.
    fn bits(name: &str, word: &str) -> usize {
        let (ty, rest) = name.split_once('_').unwrap();
        let (_, rest) = rest.split_once(word).unwrap();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() {
            ty[1..].parse().unwrap()
        } else {
            digits.parse().unwrap()
        }
    }
    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal $number:ident as $full:ident -> $r:ident;)*) => {$(
            assert_eq!(size_of::<$number>() * 8, bits(stringify!($name), "load"));
            assert_eq!(size_of::<$full>(), size_of::<ty!($r)>());
            assert_eq!($number::MIN != 0, $text.ends_with("_s"));
            assert_eq!($full::MIN != 0, $text.ends_with("_s"));
        )*};
    }
    crate::for_each_load!(check);
    crate::for_each_atomic_load!(check);

    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal $a:ident as $number:ident;)*) => {$(
            let _: ty!($a);
            assert_eq!(size_of::<$number>() * 8, bits(stringify!($name), "store"));
        )*};
    }
    crate::for_each_store!(check);
    crate::for_each_atomic_store!(check);

    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal $number:ident $method:ident $r:ident;)*) => {$(
            let _: ty!($r);
            assert_eq!(size_of::<$number>() * 8, bits(stringify!($name), "rmw"));
            let method = stringify!($method).trim_start_matches("fetch_").replace("swap", "xchg");
            assert_eq!($text.split('.').nth(3).unwrap().trim_end_matches("_u"), method);
        )*};
    }
    crate::for_each_atomic_rmw!(check);

    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal $number:ident $r:ident;)*) => {$(
            let _: ty!($r);
            assert_eq!(size_of::<$number>() * 8, bits(stringify!($name), "rmw"));
        )*};
    }
    crate::for_each_atomic_cmpxchg!(check);

    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal $number:ident, bytes $n:literal;)*) => {$(
            let _: [u8; $n] = $number::default().to_le_bytes();
        )*};
    }
    crate::for_each_vector_load!(check);
    crate::for_each_vector_store!(check);

    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal $number:ident, bytes $n:literal, lanes $l:literal;)*) => {$(
            let _: [u8; $n] = $number::default().to_le_bytes();
            assert_eq!($n * $l, 16);
        )*};
    }
    crate::for_each_vector_lane_load!(check);
    crate::for_each_vector_lane_store!(check);

    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal $number:ident, bytes $n:literal $(, lanes $l:literal)?;)*) => {
            $(check!(@$name $number $($l)?);)*
        };
        (@v128_store $number:ident) => { let _: fn(V128) -> $number = sem::v128_store; };
        (@$name:ident $number:ident) => { let _: fn($number) -> V128 = sem::$name; };
        (@$name:ident $number:ident $l:literal) => { let _: fn(V128, $number, u8) -> V128 = sem::$name; };
    }
    crate::for_each_vector_load!(check);
    crate::for_each_vector_store!(check);
    crate::for_each_vector_lane_load!(check);

    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal $number:ident, bytes $n:literal, lanes $l:literal;)*) => {
            $(let _: fn(V128, u8) -> $number = sem::$name;)*
        };
    }
    crate::for_each_vector_lane_store!(check);
}

/// Values at which orders, signs and carries differ.
trait Samples: Copy + 'static {
    const SAMPLES: &[Self];
    fn same(self, other: Self) -> bool;
}

macro_rules! samples {
    ($($ty:ident $same:expr, [$($sample:expr),*];)*) => {$(
        impl Samples for $ty {
            const SAMPLES: &[$ty] = &[$($sample),*];
            fn same(self, other: $ty) -> bool {
                let same: fn($ty, $ty) -> bool = $same;
                same(self, other)
            }
        }
    )*};
}

samples! {
    u32 |a, b| a == b, [0, 1, 7, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fff0, u32::MAX];
    u64 |a, b| a == b, [0, 1, 7, 1 << 32, i64::MAX as u64, 1 << 63, 1 << 63 | 1, u64::MAX];
    f32 |a, b| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
        [0.0, -0.0, 1.5, -1.5, f32::MIN_POSITIVE, f32::MAX, f32::INFINITY, -f32::INFINITY, f32::NAN];
    f64 |a, b| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
        [0.0, -0.0, 1.5, -1.5, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, -f64::INFINITY, f64::NAN];
}

fn pairs<T: Samples>() -> impl Iterator<Item = (T, T)> {
    T::SAMPLES
        .iter()
        .flat_map(|&a| T::SAMPLES.iter().map(move |&b| (a, b)))
}

#[test]
fn what_commutes_commutes_and_nothing_else() {
    fn same<T: Samples>(a: Result<T, Trap>, b: Result<T, Trap>) -> bool {
        match (a, b) {
            (Ok(a), Ok(b)) => a.same(b),
            (a, b) => a.err() == b.err(),
        }
    }
    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident, $order:ident;)*) => {$(
            let commutes = pairs::<ty!($a)>()
                .all(|(a, b)| same(sem::$name(a, b).outcome(), sem::$name(b, a).outcome()));
            assert_eq!(commutes, stringify!($order) == "commutes", $text);
            assert!(matches!(stringify!($order), "commutes" | "ordered"));
        )*};
    }
    crate::for_each_binary!(check);
}

#[test]
fn comparisons_swap_and_negate() {
    macro_rules! check {
        ($($op:ident $name:ident $visit:ident $text:literal ($a:ident, $b:ident) -> I32,
            swap $swap_op:ident $swap:ident, negate $negate_op:ident $negate:ident;)*) => {$(
            for (a, b) in pairs::<ty!($a)>() {
                assert_eq!(sem::$name(a, b), sem::$swap(b, a), $text);
                check!(@$negate $name a b);
            }
            let rows = [
                (stringify!($swap_op), stringify!($swap)),
                (stringify!($negate_op), stringify!($negate)),
            ];
            for (op, name) in rows {
                assert!(name == "none" || compare().iter().any(|row| (row.0, row.1) == (op, name)));
            }
        )*};
        (@none $name:ident $a:ident $b:ident) => {};
        (@$negate:ident $name:ident $a:ident $b:ident) => {
            assert_eq!(sem::$name($a, $b), 1 - sem::$negate($a, $b));
        };
    }
    crate::for_each_compare!(check);
}
