//! What a code in a body means: tables that are made, not written.
//!
//! The tables of operators ([`tierra_core::op`]) know the types of each operator but not its code;
//! the decoder knows the code. So the decoder is given every code once, and a visitor that answers
//! each call of the decoder with the operator's row. What a feature switches off has no code in the
//! tables of a module ([`Codes::new`]).

use super::shapes::{Known, Operators};
use super::ty::Ty;
use alloc::{boxed::Box, vec::Vec};
use tierra_core::Features;
use wasmparser::{BinaryReader, FrameKind, FrameStack, VisitOperator};

/// What the validator does for an operator. Those behind the rows of the tables are called as the
/// operator is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Kind {
    /// No operator, or one that is switched off.
    Illegal,
    /// Takes one operand, gives one result.
    Unary,
    /// Takes two operands, gives one result.
    Binary,
    /// Reads a number from memory.
    Load,
    /// Writes a number to memory.
    Store,
    /// Takes operands, gives one result.
    Plain,
    /// [`Kind::Plain`] with the number of a lane behind the code.
    #[cfg(feature = "simd")]
    Lane,
    /// Takes operands, gives two results of one type.
    Wide,
    /// Takes an address and a vector, and has the number of a lane behind the place in memory.
    #[cfg(feature = "simd")]
    MemoryLane,
    /// Takes an address and operands; the alignment has to be the natural one.
    Atomic,
    /// Another code follows, of the table that begins at [`Code::table`].
    Prefix,
    Unreachable,
    Nop,
    Block,
    Loop,
    If,
    Else,
    Try,
    Catch,
    CatchAll,
    Delegate,
    Rethrow,
    Throw,
    ThrowRef,
    TryTable,
    End,
    Br,
    BrIf,
    BrTable,
    Return,
    Call,
    CallIndirect,
    CallRef,
    ReturnCall,
    ReturnCallIndirect,
    ReturnCallRef,
    Drop,
    Select,
    TypedSelect,
    LocalGet,
    LocalSet,
    LocalTee,
    GlobalGet,
    GlobalSet,
    TableGet,
    TableSet,
    TableInit,
    ElemDrop,
    TableCopy,
    TableGrow,
    TableSize,
    TableFill,
    MemorySize,
    MemoryGrow,
    MemoryInit,
    DataDrop,
    MemoryCopy,
    MemoryFill,
    AtomicFence,
    I32Const,
    I64Const,
    F32Const,
    F64Const,
    #[cfg(feature = "simd")]
    V128Const,
    #[cfg(feature = "simd")]
    I8x16Shuffle,
    RefNull,
    RefIsNull,
    RefFunc,
    RefEq,
    RefAsNonNull,
    BrOnNull,
    BrOnNonNull,
    StructNew,
    StructNewDefault,
    StructGet,
    StructGetPacked,
    StructSet,
    ArrayNew,
    ArrayNewDefault,
    ArrayNewFixed,
    ArrayNewData,
    ArrayNewElem,
    ArrayGet,
    ArrayGetPacked,
    ArraySet,
    ArrayLen,
    ArrayFill,
    ArrayCopy,
    ArrayInitData,
    ArrayInitElem,
    RefTestNonNull,
    RefTestNullable,
    RefCastNonNull,
    RefCastNullable,
    BrOnCast,
    BrOnCastFail,
    AnyConvertExtern,
    ExternConvertAny,
    RefI31,
    I31Get,
}

/// An operator: what to do, and with which types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Code {
    pub kind: Kind,
    /// How many of `operands` there are, without an address.
    count: u8,
    /// The types of the operands, the first pushed first.
    operands: [u8; 4],
    /// The type of the result; the bottom type if there is none.
    result: u8,
    /// The number of lanes, or the logarithm of the natural alignment.
    limit: u8,
}

impl Code {
    pub const fn of(kind: Kind) -> Self {
        Self::row(kind, &[], Ty::BOTTOM, 0)
    }

    pub const fn row(kind: Kind, operands: &[Ty], result: Ty, limit: u8) -> Self {
        let mut numbers = [0; 4];
        let mut i = 0;
        while i < operands.len() {
            numbers[i] = operands[i].number();
            i += 1;
        }
        Self {
            kind,
            count: operands.len() as u8,
            operands: numbers,
            result: result.number(),
            limit,
        }
    }

    /// An operator without immediates: the kind tells its shape.
    pub const fn plain(operands: &[Ty], result: Ty) -> Self {
        let kind = match operands.len() {
            1 => Kind::Unary,
            2 => Kind::Binary,
            _ => Kind::Plain,
        };
        Self::row(kind, operands, result, 0)
    }

    /// An access to so many bytes of memory.
    pub const fn access(kind: Kind, operands: &[Ty], result: Ty, bytes: usize) -> Self {
        Self::row(kind, operands, result, bytes.trailing_zeros() as u8)
    }

    /// The types of the operands, the first pushed first.
    pub fn operands(&self) -> impl ExactSizeIterator<Item = Ty> + DoubleEndedIterator {
        let operands = self.operands.into_iter().take(self.count as usize);
        operands.map(Ty::small)
    }

    pub fn result(&self) -> Ty {
        Ty::small(self.result)
    }

    /// The logarithm of the natural alignment.
    pub fn align(&self) -> u8 {
        self.limit
    }

    /// How many lanes a vector has: of an access to memory, by the bytes that it reads or writes.
    #[cfg(feature = "simd")]
    pub fn lanes(&self) -> u8 {
        if self.kind == Kind::MemoryLane {
            16 >> self.limit
        } else {
            self.limit
        }
    }

    /// Where the table of a prefix begins, and how many codes it has.
    pub fn table(&self) -> (usize, usize) {
        PREFIXES[self.limit as usize % PREFIXES.len()].1
    }
}

/// Prefixes, and which part of the codes behind prefixes is theirs: first place and length.
const PREFIXES: [(u8, (usize, usize)); 4] = [
    (0xfb, (0, 32)),
    (0xfc, (32, 32)),
    (0xfd, (64, 288)),
    (0xfe, (352, 96)),
];

/// How many codes there are behind prefixes.
const PREFIXED: usize = 448;

/// The codes of a module, with its features.
pub(super) struct Codes {
    pub single: [Code; 256],
    pub prefixed: [Code; PREFIXED],
}

impl Codes {
    pub fn new(features: Features) -> Box<Self> {
        let mut codes = Box::new(Codes {
            single: [Code::of(Kind::Illegal); 256],
            prefixed: [Code::of(Kind::Illegal); PREFIXED],
        });
        with_all(|all| {
            let (single, prefixed) = all.split_at(256);
            let on = |answer: &Answer| {
                let on = answer.needs.is_none_or(|f| features.contains(f));
                if on {
                    answer.code
                } else {
                    Code::of(Kind::Illegal)
                }
            };
            for (code, answer) in codes.single.iter_mut().zip(single) {
                *code = on(answer);
            }
            for (code, answer) in codes.prefixed.iter_mut().zip(prefixed) {
                *code = on(answer);
            }
        });
        for (i, (prefix, _)) in PREFIXES.iter().enumerate() {
            codes.single[*prefix as usize] = Code::row(Kind::Prefix, &[], Ty::BOTTOM, i as u8);
        }
        codes
    }
}

/// Gives the operators of all codes, whatever the features. They are asked for once.
#[cfg(feature = "std")]
fn with_all(f: impl FnOnce(&[Answer])) {
    static ALL: std::sync::LazyLock<Vec<Answer>> = std::sync::LazyLock::new(ask_all);
    f(&ALL);
}

#[cfg(not(feature = "std"))]
fn with_all(f: impl FnOnce(&[Answer])) {
    f(&ask_all());
}

fn ask_all() -> Vec<Answer> {
    let mut all: Vec<Answer> = (0..=255).map(|code| ask(&[code])).collect();
    for (prefix, (_, length)) in PREFIXES {
        all.extend((0..length).map(|code| {
            if code < 0x80 {
                ask(&[prefix, code as u8])
            } else {
                ask(&[prefix, code as u8 | 0x80, (code >> 7) as u8])
            }
        }));
    }
    all
}

/// The operator of a code. Some are read only in a frame of the right kind.
fn ask(code: &[u8]) -> Answer {
    // Immediates of zeros: enough for the longest, the lanes of a shuffle.
    let mut bytes = [0; 24];
    bytes[..code.len()].copy_from_slice(code);
    for frame in [FrameKind::If, FrameKind::LegacyTry] {
        let mut decoder = Decoder { frame };
        if let Ok(answer) = BinaryReader::new(&bytes, 0).visit_operator(&mut decoder) {
            return answer;
        }
    }
    ILLEGAL
}

/// What the visitor says of an operator.
#[derive(Clone, Copy)]
struct Answer {
    code: Code,
    /// The feature that it belongs to.
    needs: Option<Features>,
}

const ILLEGAL: Answer = Answer {
    code: Code::of(Kind::Illegal),
    needs: None,
};

impl Answer {
    /// The answer for an operator of a proposal, as the decoder calls it.
    fn new(proposal: &str, code: Code) -> Self {
        let needs = Features::ALL.iter().find(|(name, _)| same(name, proposal));
        match needs {
            Some((_, feature)) => Answer {
                code,
                needs: Some(*feature),
            },
            None if proposal == "mvp" => Answer { code, needs: None },
            // A proposal that the engine doesn't implement.
            None => ILLEGAL,
        }
    }
}

/// Whether two names differ in their hyphens only, which are underscores in the decoder's.
fn same(name: &str, proposal: &str) -> bool {
    let hyphens = |byte| if byte == b'_' { b'-' } else { byte };
    name.bytes().eq(proposal.bytes().map(hyphens))
}

struct Decoder {
    frame: FrameKind,
}

impl FrameStack for Decoder {
    fn current_frame(&self) -> Option<FrameKind> {
        Some(self.frame)
    }
}

macro_rules! answer {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(fn $visit(&mut self $($(, $arg: $argty)*)?) -> Answer {
            $($(let _ = $arg;)*)?
            Answer::new(stringify!($proposal), Known::$op)
        })*
    };
}

impl<'a> VisitOperator<'a> for Decoder {
    type Output = Answer;

    #[cfg(feature = "simd")]
    fn simd_visitor(
        &mut self,
    ) -> Option<&mut dyn wasmparser::VisitSimdOperator<'a, Output = Self::Output>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(answer);
}

#[cfg(feature = "simd")]
impl<'a> wasmparser::VisitSimdOperator<'a> for Decoder {
    wasmparser::for_each_visit_simd_operator!(answer);
}
