//! Every form is written with many operands and read back by a disassembler.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use iced_x86::{Decoder, DecoderOptions, Instruction, OpKind, Register};

use super::super::arg::{Arg, Mem};
use super::super::assembler::{Assembler, Reloc, RelocKind};
use super::super::encode::encode;
use super::super::features::Features;
use super::super::form::{BY_SIZE, Coding, Form, Kind, NO_ACCESS, NOWHERE, class};
use super::super::reg::{Cc, Gpr, Size, Xmm};
use super::super::select::{classes, fits, select, shortest};
use super::super::table::Op;
use super::cases::{self, Random};

const SIZES: [Size; 4] = [Size::B, Size::W, Size::D, Size::Q];

#[test]
fn every_form_survives_the_round_trip() {
    let mut random = Random::new(0x7e44a);
    let mut cases = 0;
    for features in [Features::all(), without_avx()] {
        let mut asm = Assembler::new(features);
        for &op in Op::ALL {
            for form in op.forms().iter().filter(|f| features.contains(f.needs)) {
                for size in SIZES.into_iter().filter(|s| form.sizes & s.bytes() != 0) {
                    cases::for_each(form, size, features, &mut random, |args| {
                        cases += 1;
                        check(&mut asm, op, form, size, args, random_condition(cases));
                    });
                }
            }
        }
    }
    assert!(cases > 200_000, "{cases} cases only");
}

/// Everything that is not encoded with VEX or EVEX.
fn without_avx() -> Features {
    Features::all().modify("-avx").expect("a known name")
}

fn random_condition(case: usize) -> Cc {
    Cc::ALL[case % 16]
}

/// One case: `args`, which `row` takes, written in the form that the selection prefers.
fn check(asm: &mut Assembler, op: Op, row: &Form, size: Size, args: &[Arg], condition: Cc) {
    let lanes = classes(size, args);
    let features = asm.features();
    assert!(
        fits(row, lanes, size, features),
        "{op:?} {size:?} {args:?} are no case"
    );
    let form = select(op.forms(), lanes, size, features).expect("the row at least");
    asm.clear();
    let start = asm.label();
    asm.bind(start);
    if form.conditional {
        asm.emit_cc(op, condition, size, args);
    } else {
        asm.emit(op, size, args);
    }
    let code = asm.finish().expect("one instruction");
    let context = || format!("{op:?} {size:?} {args:?} = {:02x?}", code.bytes);

    let mut decoder = Decoder::with_ip(64, &code.bytes, 0, DecoderOptions::NONE);
    let found = decoder.decode();
    assert!(!found.is_invalid(), "{}: invalid", context());
    assert_eq!(found.len(), code.bytes.len(), "{}: {found}", context());
    let avx = features.contains(Features::AVX);
    assert_eq!(
        name_of(&found),
        name(op, form, condition, avx),
        "{}",
        context()
    );

    let expected = visible(form, avx, args);
    assert_eq!(
        found.op_count() as usize,
        expected.len(),
        "{}: {found}",
        context()
    );
    for (i, (arg, kind)) in expected.iter().enumerate() {
        let seen = operand(&found, i as u32, &code.relocs);
        let meant = meaning(arg, kind, form, size);
        assert_eq!(seen, meant, "{}: operand {i} of {found}", context());
    }
    check_prefixes(&code.bytes, form, size, args, avx, &context);
    check_displacement(&found, args, form, &context);
    if form.slots.target == NOWHERE {
        for other in op.forms().iter().filter(|f| fits(f, lanes, size, features)) {
            let other = encode(other, 0, size, args, avx);
            assert!(
                other.bytes().len() >= code.bytes.len(),
                "{}: longer",
                context()
            );
        }
    }
}

fn name_of(found: &Instruction) -> String {
    let lock = if found.has_lock_prefix() { "lock " } else { "" };
    format!("{lock}{:?}", found.mnemonic()).to_lowercase()
}

fn name(op: Op, form: &Form, condition: Cc, avx: bool) -> String {
    let vex = if form.coding == Coding::Twin && avx {
        "v"
    } else {
        ""
    };
    let name = form.name.unwrap_or(op.name());
    let condition = if form.conditional {
        format!("{condition:?}").to_lowercase()
    } else {
        String::new()
    };
    format!("{vex}{name}{condition}")
}

/// The operands that a disassembler shows.
fn visible(form: &Form, avx: bool, args: &[Arg]) -> Vec<(Arg, Kind)> {
    let legacy = form.coding == Coding::Legacy || form.coding == Coding::Twin && !avx;
    let implied = |i: usize| {
        legacy && (i == usize::from(form.slots.vvvv) || form.kinds[i].accept == class::XMM0)
    };
    let all = args.iter().copied().zip(form.kinds).enumerate();
    all.filter(|(i, _)| !implied(*i))
        .map(|(_, pair)| pair)
        .collect()
}

/// What an operand means, by us and by the disassembler.
#[derive(PartialEq, Debug)]
enum Meaning {
    Register(String),
    Memory {
        base: String,
        index: String,
        scale: u32,
        disp: u64,
        bytes: Option<usize>,
    },
    /// An address; a field of it may be relocated.
    Relative {
        address: u64,
        bytes: Option<usize>,
    },
    Relocated {
        addend: i64,
        bytes: Option<usize>,
    },
    Constant(u64),
    Target(u64),
    Symbol(RelocKind),
}

/// A register as the manual calls it.
fn register(number: Gpr, width: u8) -> String {
    const LOW: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
    let n = usize::from(number.0);
    let text = match width {
        1 if n < 4 => format!("{}l", &LOW[n][..1]),
        1 if n < 8 => format!("{}l", LOW[n]),
        2 if n < 8 => LOW[n].to_string(),
        4 if n < 8 => format!("e{}", LOW[n]),
        8 if n < 8 => format!("r{}", LOW[n]),
        1 => format!("r{n}l"),
        2 => format!("r{n}w"),
        4 => format!("r{n}d"),
        _ => format!("r{n}"),
    };
    text
}

fn meaning(arg: &Arg, kind: &Kind, form: &Form, size: Size) -> Meaning {
    let by_size = |width: u8| {
        if width == BY_SIZE {
            size.bytes()
        } else {
            width
        }
    };
    let bytes = (kind.memory != NO_ACCESS).then(|| usize::from(by_size(kind.memory)));
    match *arg {
        Arg::R(number) => Meaning::Register(register(number, by_size(kind.width))),
        Arg::X(Xmm(number)) => Meaning::Register(format!("xmm{number}")),
        Arg::M(mem) => match shortest(mem) {
            Mem::Base { base, disp } => Meaning::Memory {
                base: register(base, 8),
                index: "none".to_string(),
                scale: 1,
                disp: disp as u64,
                bytes,
            },
            Mem::Index {
                base,
                index,
                scale,
                disp,
            } => Meaning::Memory {
                base: register(base, 8),
                index: register(index, 8),
                scale: 1 << scale as u32,
                disp: disp as u64,
                bytes,
            },
            Mem::Scaled { index, scale, disp } => Meaning::Memory {
                base: "none".to_string(),
                index: register(index, 8),
                scale: 1 << scale as u32,
                disp: disp as u64,
                bytes,
            },
            Mem::Label { disp, .. } => Meaning::Relative {
                address: disp as u64,
                bytes,
            },
            Mem::Symbol { addend, .. } => Meaning::Relocated {
                addend: addend.into(),
                bytes,
            },
        },
        // A disassembler shows constants at the width of the operation, if it is one.
        Arg::I(value) => {
            let sized = form.sized || kind.accept & (class::S8 | class::S32) != 0;
            let bits = match kind.accept & (class::S8 | class::S32) {
                0 => 8 * u32::from(kind.width),
                _ if sized => 8 * u32::from(size.bytes()),
                _ => 64,
            };
            Meaning::Constant((value as u64) << (64 - bits) >> (64 - bits))
        }
        Arg::L(_) => Meaning::Target(0),
        Arg::S(_) if kind.accept & class::LABEL != 0 => Meaning::Symbol(RelocKind::Rel32),
        Arg::S(_) => Meaning::Symbol(RelocKind::Abs64),
    }
}

fn operand(found: &Instruction, i: u32, relocs: &[Reloc]) -> Meaning {
    let lower = |r: Register| format!("{r:?}").to_lowercase();
    match found.op_kind(i) {
        OpKind::Register => Meaning::Register(lower(found.op_register(i))),
        OpKind::Memory => {
            let bytes = Some(found.memory_size().size()).filter(|bytes| *bytes != 0);
            let address = found.memory_displacement64();
            match (found.memory_base(), relocs) {
                (Register::RIP, [reloc]) => Meaning::Relocated {
                    addend: at_end_of_field(found, reloc),
                    bytes,
                },
                (Register::RIP, _) => Meaning::Relative { address, bytes },
                (base, _) => Meaning::Memory {
                    base: lower(base),
                    index: lower(found.memory_index()),
                    scale: found.memory_index_scale(),
                    disp: address,
                    bytes,
                },
            }
        }
        OpKind::NearBranch64 => match relocs {
            [reloc] => {
                assert_eq!(at_end_of_field(found, reloc), 0);
                Meaning::Symbol(reloc.kind)
            }
            _ => Meaning::Target(found.near_branch64()),
        },
        _ => match relocs {
            [reloc] if reloc.kind == RelocKind::Abs64 => Meaning::Symbol(reloc.kind),
            _ => {
                let value = found.immediate(i);
                let bits = match found.op_kind(i) {
                    OpKind::Immediate8 => 8,
                    OpKind::Immediate16 | OpKind::Immediate8to16 => 16,
                    OpKind::Immediate32 | OpKind::Immediate8to32 => 32,
                    _ => 64,
                };
                Meaning::Constant(value << (64 - bits) >> (64 - bits))
            }
        },
    }
}

/// What a relocation adds to its symbol, seen from the next instruction: P + A is there.
fn at_end_of_field(found: &Instruction, reloc: &Reloc) -> i64 {
    assert_eq!(reloc.symbol, cases::SYMBOL);
    reloc.addend + found.len() as i64 - i64::from(reloc.offset)
}

/// No prefix without a need.
fn check_prefixes(
    bytes: &[u8],
    form: &Form,
    size: Size,
    args: &[Arg],
    avx: bool,
    context: &dyn Fn() -> String,
) {
    let vex = form.coding == Coding::Vex || form.coding == Coding::Twin && avx;
    if form.coding == Coding::Evex {
        return;
    }
    if vex {
        let long = bytes[0] == 0xc4;
        let needed = long && (bytes[1] & 0x7f != 0x61 || bytes[2] & 0x80 != 0);
        assert_eq!(long, needed, "{}: three bytes of VEX", context());
        return;
    }
    let first = bytes
        .iter()
        .find(|b| !matches!(b, 0x66 | 0xf0 | 0xf2 | 0xf3));
    if first == Some(&0x40) {
        let byte = |(i, arg): (usize, &Arg)| {
            matches!(arg, Arg::R(Gpr(4..=7))) && form.byte_operand(i as u8, size)
        };
        assert!(args.iter().enumerate().any(byte), "{}: a REX", context());
    }
}

/// The shortest displacement.
fn check_displacement(
    found: &Instruction,
    args: &[Arg],
    form: &Form,
    context: &dyn Fn() -> String,
) {
    for (arg, kind) in args.iter().zip(form.kinds) {
        let Arg::M(mem) = arg else { continue };
        let (base, disp) = match shortest(*mem) {
            Mem::Base { base, disp } | Mem::Index { base, disp, .. } => (base, disp),
            _ => continue,
        };
        let unit = match form.coding {
            Coding::Evex if kind.memory == BY_SIZE => continue,
            Coding::Evex => i32::from(kind.memory),
            _ => 1,
        };
        let small = disp % unit == 0 && (-128..128).contains(&(disp / unit));
        let expected = match disp {
            0 if base.0 & 7 != 5 => 0,
            _ if small => 1,
            _ => 8,
        };
        assert_eq!(found.memory_displ_size(), expected, "{}", context());
    }
}
