//! Copies of instructions, and edges that are led elsewhere.

use alloc::vec::Vec;
use tierra_ir::{Block, Edge, Function, InstData, Target, Targets, Value, ValueList};

/// An instruction with other lists: as it is, but for its own lists of values and of targets.
pub(super) fn with_lists(
    mut data: InstData,
    list: impl FnOnce(ValueList) -> ValueList,
    targets: impl FnOnce(Targets) -> Targets,
) -> InstData {
    use InstData::*;
    if let Wide { args, .. }
    | Vector { args, .. }
    | Lane { args, .. }
    | Return(args)
    | Call { args, .. }
    | TailCall { args, .. }
    | TryCall { args, .. } = &mut data
    {
        *args = list(*args);
    }
    if let Jump(old)
    | Branch { targets: old, .. }
    | Switch { targets: old, .. }
    | TryCall { targets: old, .. } = &mut data
    {
        *old = targets(*old);
    }
    data
}

/// The instruction of the function again, with lists of its own.
pub(super) fn duplicate(
    func: &mut Function,
    data: InstData,
    scratch: &mut Vec<Target>,
) -> InstData {
    let mut args = ValueList::EMPTY;
    let data = with_lists(
        data,
        |list| {
            args = func.copy_list(list);
            args
        },
        |targets| targets,
    );
    with_lists(
        data,
        |list| list,
        |targets| {
            scratch.clear();
            scratch.extend_from_slice(func.targets(targets));
            for target in scratch.iter_mut() {
                target.args = func.copy_list(target.args);
            }
            func.target_list(scratch)
        },
    )
}

/// The target of an edge.
pub(super) fn target(func: &Function, edge: Edge) -> Target {
    func.successors(edge.from)[edge.index as usize]
}

/// Makes an edge lead to a target.
pub(super) fn redirect(func: &mut Function, edge: Edge, target: Target) {
    let end = func
        .last_inst(edge.from)
        .expect("an edge starts at a terminator");
    let targets = func.data(end).targets();
    func.targets_mut(targets)[edge.index as usize] = target;
}

/// Gives an edge more arguments.
pub(super) fn append_args(
    func: &mut Function,
    edge: Edge,
    more: &[Value],
    scratch: &mut Vec<Value>,
) {
    let old = target(func, edge);
    scratch.clear();
    scratch.extend_from_slice(func.values(old.args));
    scratch.extend_from_slice(more);
    let args = func.list(scratch);
    let block: Block = old.block;
    redirect(func, edge, Target { block, args });
}
