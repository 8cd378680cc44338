//! Every operator on interesting values, in registers, in memory and as constants, with every set
//! of features: the machine must give what the operator's function gives.

use crate::harness::{Builder, feature_sets};
use tierra_codegen::{Features, OptLevel, Options};
use tierra_ir::builder::State;
use tierra_ir::*;

/// An operator of any shape.
#[derive(Clone, Copy, Debug)]
enum AnyOp {
    Unary(UnaryOp),
    Binary(BinaryOp),
    Compare(CompareOp),
    Wide(WideOp),
    Vector(VectorOp),
    Lane(LaneOp, u8),
}

impl AnyOp {
    fn all() -> Vec<AnyOp> {
        let mut all = Vec::new();
        all.extend(UnaryOp::ALL.iter().map(|op| AnyOp::Unary(*op)));
        all.extend(BinaryOp::ALL.iter().map(|op| AnyOp::Binary(*op)));
        all.extend(CompareOp::ALL.iter().map(|op| AnyOp::Compare(*op)));
        all.extend(WideOp::ALL.iter().map(|op| AnyOp::Wide(*op)));
        all.extend(VectorOp::ALL.iter().map(|op| AnyOp::Vector(*op)));
        for op in LaneOp::ALL {
            all.extend((0..op.lanes()).map(|lane| AnyOp::Lane(*op, lane)));
        }
        all
    }

    fn name(self) -> &'static str {
        match self {
            AnyOp::Unary(op) => op.name(),
            AnyOp::Binary(op) => op.name(),
            AnyOp::Compare(op) => op.name(),
            AnyOp::Wide(op) => op.name(),
            AnyOp::Vector(op) => op.name(),
            AnyOp::Lane(op, _) => op.name(),
        }
    }

    fn args(self) -> &'static [Type] {
        match self {
            AnyOp::Unary(op) => op.args(),
            AnyOp::Binary(op) => op.args(),
            AnyOp::Compare(op) => op.args(),
            AnyOp::Wide(op) => op.args(),
            AnyOp::Vector(op) => op.args(),
            AnyOp::Lane(op, _) => op.args(),
        }
    }

    fn eval(self, args: &[u128]) -> Result<Vec<u128>, u8> {
        let one = |v: Result<u128, tierra_core::Trap>| v.map(|v| vec![v]).map_err(|t| t as u8);
        match self {
            AnyOp::Unary(op) => one(op.eval(args[0])),
            AnyOp::Binary(op) => one(op.eval(args[0], args[1])),
            AnyOp::Compare(op) => Ok(vec![op.eval(args[0], args[1])]),
            AnyOp::Wide(op) => Ok(op.eval(args).to_vec()),
            AnyOp::Vector(op) => Ok(vec![op.eval(args)]),
            AnyOp::Lane(op, lane) => Ok(vec![op.eval(args, lane)]),
        }
    }

    fn data(self, func: &mut Function, args: &[Value]) -> InstData {
        match self {
            AnyOp::Unary(op) => InstData::Unary { op, arg: args[0] },
            AnyOp::Binary(op) => InstData::Binary {
                op,
                args: [args[0], args[1]],
            },
            AnyOp::Compare(op) => InstData::Compare {
                op,
                args: [args[0], args[1]],
            },
            AnyOp::Wide(op) => InstData::Wide {
                op,
                args: func.list(args),
            },
            AnyOp::Vector(op) => InstData::Vector {
                op,
                args: func.list(args),
            },
            AnyOp::Lane(op, lane) => InstData::Lane {
                op,
                lane,
                args: func.list(args),
            },
        }
    }
}

/// How an operand gets to its operator.
#[derive(Clone, Copy, PartialEq, Debug)]
enum From {
    Register,
    Memory,
    Constant(u128),
}

const OPERANDS: i32 = 0;
const RESULTS: i32 = 128;

fn constant(b: &mut Builder_<'_>, ty: Type, bits: u128) -> Value {
    match ty {
        Type::V128 => {
            let constant = b.func.constant(bits.to_le_bytes());
            b.value(InstData::V128Const(constant))
        }
        ty => b.value(InstData::Const {
            ty,
            bits: bits as u64,
        }),
    }
}

type Builder_<'a> = tierra_ir::Builder<'a>;

/// A function that takes the address of operands and results.
fn function(op: AnyOp, from: &[From]) -> Function {
    let signature = Signature {
        params: vec![Type::I64],
        results: vec![],
        conv: CallConv::Guest,
    };
    let mut func = Function::new(format!("{} {from:?}", op.name()), signature);
    let mut state = State::default();
    let mut b = Builder_::new(&mut func, &mut state);
    let entry = b.block();
    let pointer = b.func.append_param(entry, Type::I64);
    b.switch_to(entry);
    b.seal(entry);
    let flags = MemFlags::default();
    let body = b.block();
    let mut args = Vec::new();
    let mut passed = Vec::new();
    for (index, (&ty, &from)) in op.args().iter().zip(from).enumerate() {
        if from == From::Register {
            let access = Access::of(ty);
            let offset = OPERANDS + 16 * index as i32;
            passed.push(b.value(InstData::Load {
                access,
                flags,
                address: pointer,
                offset,
            }));
            args.push(Some(b.func.append_param(body, ty)));
        } else {
            args.push(None);
        }
    }
    b.jump(body, &passed);
    b.switch_to(body);
    b.seal(body);
    let args: Vec<Value> = op
        .args()
        .iter()
        .zip(from)
        .enumerate()
        .map(|(index, (&ty, &from))| match from {
            From::Register => args[index].expect("it is a parameter"),
            From::Memory => {
                let access = Access::of(ty);
                let offset = OPERANDS + 16 * index as i32;
                b.value(InstData::Load {
                    access,
                    flags,
                    address: pointer,
                    offset,
                })
            }
            From::Constant(bits) => constant(&mut b, ty, bits),
        })
        .collect();
    let data = op.data(b.func, &args);
    let inst = b.push(data);
    for (index, value) in b.func.results(inst).enumerate() {
        let access = Access::of(b.func.ty(value));
        let offset = RESULTS + 16 * index as i32;
        b.push(InstData::Store {
            access,
            flags,
            address: pointer,
            value,
            offset,
        });
    }
    let none = b.func.list(&[]);
    b.push(InstData::Return(none));
    b.finish();
    func
}

fn interesting(ty: Type) -> Vec<u128> {
    let i32s: &[u32] = &[
        0,
        1,
        2,
        3,
        5,
        7,
        8,
        9,
        31,
        32,
        33,
        0x7f,
        0x80,
        0xff,
        0x100,
        0x7fff,
        0x8000,
        0xffff,
        0x1_0000,
        0x1234_5678,
        0x7fff_ffff,
        0x8000_0000,
        0x8000_0001,
        0xffff_fffe,
        0xffff_ffff,
    ];
    let i64s: &[u64] = &[
        0,
        1,
        2,
        7,
        63,
        64,
        65,
        0xff,
        0xffff,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x1_0000_0000,
        0x1234_5678_9abc_def0,
        0x7fff_ffff_ffff_ffff,
        0x8000_0000_0000_0000,
        0x8000_0000_0000_0001,
        0xffff_ffff_0000_0000,
        0xffff_ffff_7fff_ffff,
        0xffff_ffff_ffff_fffe,
        0xffff_ffff_ffff_ffff,
        0x0020_0000_0000_0001,
        0x8000_0080_0000_0001,
    ];
    let f64s: &[f64] = &[
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        1.5,
        2.5,
        -0.99999,
        -1.5,
        123456.789,
        f64::MIN_POSITIVE,
        5e-324,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        2147483647.0,
        2147483647.5,
        2147483648.0,
        -2147483648.0,
        -2147483648.5,
        -2147483649.0,
        4294967295.0,
        4294967295.9,
        4294967296.0,
        9223372036854774784.0,
        9223372036854775808.0,
        -9223372036854775808.0,
        -9223372036854777856.0,
        18446744073709549568.0,
        18446744073709551616.0,
        4503599627370497.5,
    ];
    let f32s: &[f32] = &[
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        1.5,
        2.5,
        -0.99999,
        -1.5,
        1234.567,
        f32::MIN_POSITIVE,
        1e-45,
        f32::MAX,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        2147483520.0,
        2147483648.0,
        -2147483648.0,
        -2147483904.0,
        4294967040.0,
        4294967296.0,
        9223371487098961920.0,
        9223372036854775808.0,
        -9223372036854775808.0,
        18446742974197923840.0,
        18446744073709551616.0,
        8388609.5,
    ];
    match ty {
        Type::I32 | Type::Ref => i32s.iter().map(|v| u128::from(*v)).collect(),
        Type::I64 => i64s.iter().map(|v| u128::from(*v)).collect(),
        Type::F32 => f32s.iter().map(|v| u128::from(v.to_bits())).collect(),
        Type::F64 => f64s.iter().map(|v| u128::from(v.to_bits())).collect(),
        Type::V128 => {
            let mut all = vec![0, u128::MAX];
            let mut push = |lanes: &[u128], bits: u32| {
                let count = 128 / bits as usize;
                for start in 0..lanes.len() {
                    let lane = |i: usize| lanes[(start + i * 7) % lanes.len()];
                    let mask = u128::MAX >> (128 - bits);
                    all.push((0..count).fold(0, |v, i| v | (lane(i) & mask) << (i as u32 * bits)));
                }
            };
            let floats: Vec<u128> = f32s.iter().map(|v| u128::from(v.to_bits())).collect();
            push(&floats, 32);
            let floats: Vec<u128> = f64s.iter().map(|v| u128::from(v.to_bits())).collect();
            push(&floats, 64);
            let ints: Vec<u128> = i32s.iter().map(|v| u128::from(*v)).collect();
            push(&ints[..12], 8);
            push(&ints[..20], 16);
            push(&ints, 32);
            let ints: Vec<u128> = i64s.iter().map(|v| u128::from(*v)).collect();
            push(&ints, 64);
            all
        }
    }
}

/// Whether results are equal, NaNs by class. For vectors the name tells what lanes are.
fn same(op: AnyOp, ty: Type, expected: u128, found: u128) -> bool {
    if expected == found {
        return true;
    }
    let f32_nan =
        |a: u128, b: u128| f32::from_bits(a as u32).is_nan() && f32::from_bits(b as u32).is_nan();
    let f64_nan =
        |a: u128, b: u128| f64::from_bits(a as u64).is_nan() && f64::from_bits(b as u64).is_nan();
    match ty {
        Type::F32 => f32_nan(expected, found),
        Type::F64 => f64_nan(expected, found),
        Type::V128 if op.name().starts_with("f32x4") => (0..4).all(|lane| {
            let mask = u128::from(u32::MAX);
            let [a, b] = [expected, found].map(|v| v >> (lane * 32) & mask);
            a == b || f32_nan(a, b)
        }),
        Type::V128 if op.name().starts_with("f64x2") => (0..2).all(|lane| {
            let mask = u128::from(u64::MAX);
            let [a, b] = [expected, found].map(|v| v >> (lane * 64) & mask);
            a == b || f64_nan(a, b)
        }),
        _ => false,
    }
}

/// All choices of one interesting value for each operand, a sample where they are many.
fn choices(args: &[Type]) -> Vec<Vec<u128>> {
    let values: Vec<Vec<u128>> = args.iter().map(|ty| interesting(*ty)).collect();
    let total: usize = values.iter().map(Vec::len).product();
    let step = (total / 1500).max(1) | 1;
    (0..total)
        .step_by(step)
        .map(|mut index| {
            values
                .iter()
                .map(|list| {
                    let value = list[index % list.len()];
                    index /= list.len();
                    value
                })
                .collect()
        })
        .collect()
}

#[repr(align(16))]
struct Memory([u128; 16]);

fn test(options: Options, ops: &[AnyOp]) {
    let mut builder = Builder::new(options);
    let mut jobs = Vec::new();
    for &op in ops {
        let unfused = matches!(op, AnyOp::Vector(_)) && op.name().contains("madd");
        if unfused && !options.features.contains(Features::FMA) {
            continue;
        }
        let count = op.args().len();
        let choices = choices(op.args());
        for from in [From::Register, From::Memory] {
            let symbol = builder.compile(&mut function(op, &vec![from; count]));
            jobs.push((op, symbol, choices.clone()));
        }
        // One memory operand among registers, then constants.
        for place in 0..count {
            let mut from = vec![From::Register; count];
            from[place] = From::Memory;
            if count > 1 {
                let symbol = builder.compile(&mut function(op, &from));
                jobs.push((op, symbol, choices.iter().step_by(7).cloned().collect()));
            }
            let values = interesting(op.args()[place]);
            let step = if op.args()[place] == Type::V128 { 9 } else { 1 };
            for &value in values.iter().step_by(step) {
                from[place] = From::Constant(value);
                let symbol = builder.compile(&mut function(op, &from));
                let mut some: Vec<_> = choices.iter().step_by(13).cloned().collect();
                some.iter_mut().for_each(|c| c[place] = value);
                jobs.push((op, symbol, some));
            }
        }
    }
    let mut code = builder.finish();
    let mut memory = Box::new(Memory([0; 16]));
    let mut failures = 0;
    for (op, symbol, choices) in jobs {
        for args in choices {
            for (slot, value) in memory.0.iter_mut().zip(&args) {
                // What is beyond a value in memory is anything.
                *slot = *value;
            }
            for (slot, ty) in memory.0.iter_mut().zip(op.args()) {
                if ty.bytes() < 16 {
                    *slot |= !0 << (ty.bytes() * 8);
                }
            }
            let pointer = &raw mut memory.0 as u64;
            let outcome = code.run(symbol, [pointer, 0, 0, 0]);
            let expected = op.eval(&args);
            let good = match (&expected, outcome) {
                (Err(expected), Err(trap)) => *expected == trap,
                (Ok(expected), Ok(_)) => expected.iter().enumerate().all(|(index, value)| {
                    let ty = result_type(op);
                    let found = memory.0[8 + index];
                    let mask = u128::MAX >> (128 - ty.bytes() * 8);
                    same(op, ty, *value, found & mask)
                }),
                _ => false,
            };
            if !good {
                failures += 1;
                if failures > 20 {
                    panic!("and more");
                }
                eprintln!(
                    "{op:?} {:x?}: {expected:x?} expected, {outcome:x?} {:x?} found, {:?}",
                    args,
                    &memory.0[8..10],
                    options.features.names().collect::<Vec<_>>()
                );
            }
        }
    }
    assert_eq!(failures, 0);
}

fn result_type(op: AnyOp) -> Type {
    match op {
        AnyOp::Unary(op) => op.result(),
        AnyOp::Binary(op) => op.result(),
        AnyOp::Compare(op) => op.result(),
        AnyOp::Wide(op) => op.result(),
        AnyOp::Vector(op) => op.result(),
        AnyOp::Lane(op, _) => op.result(),
    }
}

fn selected() -> Vec<AnyOp> {
    let all = AnyOp::all();
    match std::env::var("OPERATOR") {
        Ok(name) => all
            .into_iter()
            .filter(|op| op.name().contains(&name))
            .collect(),
        Err(_) => all,
    }
}

#[test]
fn operators_mean_what_they_say() {
    for features in feature_sets() {
        test(
            Options {
                features,
                opt_level: OptLevel::None,
                ..Options::default()
            },
            &selected(),
        );
    }
}

#[test]
fn operators_with_everything_in_memory() {
    for features in feature_sets() {
        test(
            Options {
                features,
                spill_everything: true,
                opt_level: OptLevel::None,
                ..Options::default()
            },
            &selected(),
        );
    }
}

/// Division by many constants, of many numbers and of those around their multiples.
#[test]
fn division_by_constants() {
    let mut rng = tierra_ir::generate::Rng::new(1);
    let mut builder = Builder::new(Options {
        opt_level: OptLevel::None,
        ..Options::default()
    });
    let mut jobs = Vec::new();
    for op in AnyOp::all() {
        let AnyOp::Binary(binary) = op else { continue };
        if !binary.can_trap() {
            continue;
        }
        let ty = binary.result();
        let mask = u128::MAX >> (128 - 8 * ty.bytes());
        for round in 0..150u64 {
            let divisor = match round {
                0..40 => u128::from(round + 1),
                40..80 => u128::from((round - 30).wrapping_neg()),
                _ => u128::from(rng.any() >> rng.below(64)),
            } & mask;
            if divisor == 0 {
                continue;
            }
            let from = [From::Register, From::Constant(divisor)];
            let symbol = builder.compile(&mut function(op, &from));
            jobs.push((op, ty, mask, divisor, symbol));
        }
    }
    let mut code = builder.finish();
    let mut memory = Box::new(Memory([0; 16]));
    for (op, ty, mask, divisor, symbol) in jobs {
        let mut dividends = interesting(ty);
        for _ in 0..50 {
            let any = u128::from(rng.any() >> rng.below(64));
            let multiple = any.wrapping_mul(divisor);
            let around = [multiple.wrapping_sub(1), multiple, multiple + 1, any];
            dividends.extend(around.map(|v| v & mask));
        }
        for dividend in dividends {
            memory.0[0] = dividend;
            let pointer = &raw mut memory.0 as u64;
            let outcome = code.run(symbol, [pointer, 0, 0, 0]);
            match (op.eval(&[dividend, divisor]), outcome) {
                (Ok(expected), Ok(_)) => {
                    let found = memory.0[8] & mask;
                    assert_eq!(expected[0], found, "{op:?} {dividend:x} {divisor:x}");
                }
                (Err(expected), Err(found)) => assert_eq!(expected, found),
                other => panic!("{op:?} {dividend:x} {divisor:x}: {other:?}"),
            }
        }
    }
}
