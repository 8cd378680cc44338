//! Which bits of a value may be 1, from the instruction that makes it.

use tierra_ir::{Access, BinaryOp, Function, InstData, Type, UnaryOp, Value};

/// All bits of a type; for a vector of no use.
pub(super) const fn all(ty: Type) -> u64 {
    match ty.bytes() {
        4 => u32::MAX as u64,
        _ => u64::MAX,
    }
}

/// All bits up to the highest of a number.
const fn fill(bits: u64) -> u64 {
    match bits {
        0 => 0,
        bits => u64::MAX >> bits.leading_zeros(),
    }
}

const fn of_access(access: Access) -> u64 {
    use Access::*;
    match access {
        U8I32 | U8I64 => 0xff,
        U16I32 | U16I64 => 0xffff,
        I32 | F32 | Ref | U32I64 | S8I32 | S16I32 => u32::MAX as u64,
        I64 | F64 | V128 | S8I64 | S16I64 | S32I64 | V128Low32 | V128Low64 => u64::MAX,
    }
}

/// The bits that the only result of an instruction may have.
pub(super) fn ones(func: &Function, data: &InstData, ty: Type, known: &[u64]) -> u64 {
    let of = |value: Value| known[value.index()];
    let all = all(ty);
    match *data {
        InstData::Const { bits, .. } => bits,
        InstData::Compare { .. } => 1,
        InstData::Unary { op, arg } => unary(op, of(arg), all),
        InstData::Binary { op, args } => {
            let constant = func.as_const(args[1]);
            binary(op, args.map(of), constant, all)
        }
        InstData::Select { args, .. } => of(args[0]) | of(args[1]),
        InstData::Load { access, .. }
        | InstData::AtomicLoad { access, .. }
        | InstData::AtomicRmw { access, .. }
        | InstData::AtomicCmpxchg { access, .. } => of_access(access),
        _ => all,
    }
}

fn unary(op: UnaryOp, ones: u64, all: u64) -> u64 {
    use UnaryOp::*;
    match op {
        I32Eqz | I64Eqz => 1,
        I32Clz | I32Ctz | I32Popcnt => 63,
        I64Clz | I64Ctz | I64Popcnt => 127,
        I64ExtendI32U => ones,
        I64ExtendI32S if ones >> 31 == 0 => ones,
        I32WrapI64 => ones & all,
        _ => all,
    }
}

fn binary(op: BinaryOp, [a, b]: [u64; 2], constant: Option<u64>, all: u64) -> u64 {
    use BinaryOp::*;
    let width = all.count_ones();
    let shift = constant.map(|bits| bits as u32 & (width - 1));
    match op {
        I32And | I64And => a & b,
        I32Or | I64Or | I32Xor | I64Xor => a | b,
        I32Add | I64Add => a.checked_add(b).filter(|s| *s <= all).map_or(all, fill),
        I32Mul | I64Mul => a.checked_mul(b).filter(|p| *p <= all).map_or(all, fill),
        I32Shl | I64Shl => shift.map_or(all, |shift| a << shift & all),
        I32ShrU | I64ShrU => shift.map_or(fill(a), |shift| a >> shift),
        I32ShrS | I64ShrS if a >> (width - 1) == 0 => shift.map_or(fill(a), |shift| a >> shift),
        I32DivU | I64DivU => constant.and_then(|c| a.checked_div(c)).map_or(all, fill),
        I32RemU | I64RemU => match constant {
            Some(divisor) if divisor != 0 => fill(divisor - 1).min(fill(a)),
            _ => fill(a),
        },
        _ => all,
    }
}
