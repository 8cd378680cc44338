//! Instructions that need nothing but their operands.

use crate::entity::Value;
use crate::function::{Function, ValueList};
use crate::inst::InstData;
use alloc::vec::Vec;
use tierra_core::Trap;

/// The results of an instruction whose operands have the bits that `get` says: the second is 0
/// unless there are two. `None` if it takes more than operands to know; a call, even one without
/// effects, is not known here.
pub fn compute(
    func: &Function,
    data: &InstData,
    get: impl Fn(Value) -> u128,
) -> Option<Result<[u128; 2], Trap>> {
    use InstData::*;
    let list = |list: ValueList| -> Vec<u128> {
        func.values(list).iter().map(|value| get(*value)).collect()
    };
    let one = match *data {
        Const { bits, .. } => bits.into(),
        V128Const(constant) => u128::from_le_bytes(func.constant_bytes(constant)),
        Unary { op, arg } => match op.eval(get(arg)) {
            Ok(result) => result,
            Err(trap) => return Some(Err(trap)),
        },
        Binary { op, args } => match op.eval(get(args[0]), get(args[1])) {
            Ok(result) => result,
            Err(trap) => return Some(Err(trap)),
        },
        Compare { op, args } => op.eval(get(args[0]), get(args[1])),
        Wide { op, args } => return Some(Ok(op.eval(&list(args)))),
        Vector { op, args } => op.eval(&list(args)),
        Lane { op, lane, args } => op.eval(&list(args), lane),
        Shuffle { args, mask } => {
            let bytes = args.map(|arg| get(arg).to_le_bytes());
            let lane = |lane: u8| bytes[usize::from(lane / 16)][usize::from(lane % 16)];
            u128::from_le_bytes(func.constant_bytes(mask).map(lane))
        }
        Select { cond, args } => get(args[usize::from(get(cond) == 0)]),
        RefToBits(arg) | BitsToRef(arg) => get(arg),
        _ => return None,
    };
    Some(Ok([one, 0]))
}
