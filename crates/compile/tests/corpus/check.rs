//! What makes a function well formed, as far as a front end can get it wrong.

use tierra_ir::{Flow, Function, InstData, ValueDef};

/// Why a function is not well formed.
pub fn check(func: &Function, flow: &mut Flow) -> Result<(), String> {
    flow.compute(func);
    for &block in func.layout() {
        let last = func.last_inst(block).ok_or(format!("{block} is empty"))?;
        for inst in func.insts(block) {
            let data = func.data(inst);
            if data.is_terminator() != (inst == last) {
                return Err(format!("{block}: {data:?} is in the wrong place"));
            }
            let mut wrong = None;
            func.for_each_operand(inst, |value| {
                if !is_defined(func, flow, value, inst) {
                    wrong = Some(value);
                }
            });
            if let (Some(value), true) = (wrong, flow.is_reachable(block)) {
                return Err(format!("{block}: {value} is not defined at {data:?}"));
            }
            let try_call = matches!(data, InstData::TryCall { .. });
            for (index, target) in func.targets(data.targets()).iter().enumerate() {
                let params = func.params(target.block).iter().map(|v| func.ty(*v));
                let args = func.values(target.args).iter().map(|v| func.ty(*v));
                let handler = try_call && index > 0;
                let fits = if handler {
                    params.len() == 1 && args.len() == 0
                } else {
                    params.eq(args)
                };
                if !fits {
                    return Err(format!("{block}: arguments for {}", target.block));
                }
                if !func.layout().contains(&target.block) && func.layout().len() < 1000 {
                    return Err(format!("{block}: {} is nowhere", target.block));
                }
            }
        }
    }
    Ok(())
}

fn is_defined(
    func: &Function,
    flow: &Flow,
    value: tierra_ir::Value,
    at: tierra_ir::Inst,
) -> bool {
    let block = func.block_of(at).expect("it is in the layout");
    match func.def(value) {
        ValueDef::Alias(_) => false,
        ValueDef::Param(def, _) => flow.dominates(def, block),
        ValueDef::Result(inst, _) => match func.block_of(inst) {
            Some(def) if def == block => func.insts(block).take_while(|i| *i != at).any(|i| i == inst),
            Some(def) => flow.dominates(def, block),
            None => false,
        },
    }
}
