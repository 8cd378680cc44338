//! `Flow` against the definitions, on random graphs, and its cost on graphs made to hurt.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tierra_ir::{Block, Flow, Function, InstData, Signature, Target, Type, ValueList};

/// A function whose blocks go where the rows say.
fn graph(rows: &[Vec<u32>]) -> Function {
    let mut func = Function::new("graph", Signature::default());
    let blocks: Vec<Block> = rows.iter().map(|_| func.new_block()).collect();
    for (block, row) in blocks.iter().zip(rows) {
        func.append_block(*block);
        let targets: Vec<Target> = row
            .iter()
            .map(|to| Target {
                block: Block(*to),
                args: ValueList::EMPTY,
            })
            .collect();
        let data = if targets.is_empty() {
            InstData::Return(ValueList::EMPTY)
        } else {
            let index = InstData::Const {
                ty: Type::I32,
                bits: 0,
            };
            let inst = func.new_inst(index, 0);
            func.append(*block, inst);
            InstData::Switch {
                index: func.result(inst),
                targets: func.target_list(&targets),
            }
        };
        let inst = func.new_inst(data, 0);
        func.append(*block, inst);
    }
    func
}

fn random(seed: &mut u64, below: u32) -> u32 {
    *seed = seed
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407);
    ((*seed >> 33) % u64::from(below)) as u32
}

/// What can be reached from `start` without `avoid`.
fn reach(rows: &[Vec<u32>], start: u32, avoid: Option<u32>) -> BTreeSet<u32> {
    let mut seen = BTreeSet::new();
    let mut work = vec![start];
    while let Some(block) = work.pop() {
        if Some(block) != avoid && seen.insert(block) {
            work.extend(&rows[block as usize]);
        }
    }
    seen
}

fn check(rows: &[Vec<u32>], flow: &Flow) {
    let reachable = reach(rows, 0, None);
    let order: BTreeSet<u32> = flow.rpo().iter().map(|b| b.0).collect();
    assert_eq!(order, reachable);
    assert_eq!(flow.rpo().len(), reachable.len());
    let dominated: Vec<BTreeSet<u32>> = (0..rows.len() as u32)
        .map(|a| match reachable.contains(&a) {
            true => reachable
                .difference(&reach(rows, 0, Some(a)))
                .copied()
                .collect(),
            false => BTreeSet::new(),
        })
        .collect();
    let dominates = |a: u32, b: u32| dominated[a as usize].contains(&b);
    for a in 0..rows.len() as u32 {
        for b in 0..rows.len() as u32 {
            assert_eq!(
                flow.dominates(Block(a), Block(b)),
                dominates(a, b),
                "{a} {b}"
            );
        }
        let idom = reachable
            .iter()
            .filter(|d| **d != a && dominates(**d, a))
            .max_by_key(|d| reachable.iter().filter(|e| dominates(**e, **d)).count());
        assert_eq!(flow.idom(Block(a)), idom.map(|d| Block(*d)));
    }
    // A loop is its header and what reaches an edge back without passing it.
    let mut loops = Vec::new();
    for &header in &reachable {
        let mut back = reachable
            .iter()
            .filter(|from| rows[**from as usize].contains(&header) && dominates(header, **from))
            .peekable();
        if back.peek().is_some() {
            let ends: BTreeSet<u32> = back.copied().collect();
            let mut body: BTreeSet<u32> = reachable
                .iter()
                .filter(|b| **b != header && !reach(rows, **b, Some(header)).is_disjoint(&ends))
                .copied()
                .collect();
            body.insert(header);
            loops.push((header, body));
        }
    }
    assert_eq!(flow.num_loops(), loops.len());
    for l in flow.loops() {
        let (_, body) = loops
            .iter()
            .find(|(header, _)| Block(*header) == flow.header(l))
            .expect("it is a header");
        for block in 0..rows.len() as u32 {
            assert_eq!(flow.in_loop(Block(block), l), body.contains(&block));
        }
        assert!(flow.loop_parent(l).is_none_or(|p| p < l));
    }
    for block in 0..rows.len() as u32 {
        let depth = loops
            .iter()
            .filter(|(_, body)| body.contains(&block))
            .count();
        assert_eq!(flow.depth(Block(block)) as usize, depth);
        let frequency = flow.frequency(Block(block));
        assert!(frequency.is_finite() && frequency >= 0.0);
    }
    // Without the edges into headers from inside, a reducible graph has no cycles.
    let mut left = rows.to_vec();
    for (from, row) in left.iter_mut().enumerate() {
        row.retain(|to| !dominates(*to, from as u32));
    }
    let cyclic = reachable.iter().any(|block| {
        left[*block as usize]
            .iter()
            .any(|next| reach(&left, *next, None).contains(block))
    });
    assert_eq!(!flow.irreducible().is_empty(), cyclic);
}

#[test]
fn random_graphs() {
    let mut seed = 1;
    let mut flow = Flow::new();
    for _ in 0..3000 {
        let count = 1 + random(&mut seed, 14);
        let reach = 1 + random(&mut seed, 3);
        let rows: Vec<Vec<u32>> = (0..count)
            .map(|block| {
                (0..random(&mut seed, 4))
                    .map(|_| match random(&mut seed, 3) {
                        0 => random(&mut seed, count),
                        _ => (block + random(&mut seed, 2 * reach + 1)).saturating_sub(reach),
                    })
                    .map(|to| to.clamp(1.min(count - 1), count - 1))
                    .filter(|to| *to != 0)
                    .collect()
            })
            .collect();
        flow.compute(&graph(&rows));
        check(&rows, &flow);
    }
}

#[test]
fn frequencies() {
    // 1 is a loop's header, 2 its body, 3 comes after; 4 is the header of another, which it
    // leaves by 5 on the way and by 6 from its header.
    let rows = [
        vec![1],
        vec![2, 3],
        vec![1],
        vec![4],
        vec![5, 6, 4],
        vec![6],
        vec![],
    ];
    let mut flow = Flow::new();
    flow.compute(&graph(&rows));
    let frequency = [0, 1, 2, 3, 4, 5, 6].map(|b| flow.frequency(Block(b)));
    assert_eq!(frequency, [1.0, 8.0, 8.0, 1.0, 8.0, 0.5, 1.0]);
}

#[test]
fn time_is_linear() {
    const N: u32 = 100_000;
    let chain: Vec<Vec<u32>> = (0..N)
        .map(|b| vec![(b + 1).min(N), N])
        .chain([vec![]])
        .collect();
    // Headers 0..N, then latches that jump to their header or out of it.
    let nest: Vec<Vec<u32>> = (0..=N)
        .map(|b| vec![b + 1])
        .chain((0..N).map(|l| vec![N - l, N + 2 + l]))
        .chain([vec![]])
        .collect();
    // The innermost loop leaves to everywhere.
    let mut breaks = nest.clone();
    breaks[N as usize] = (N + 1..2 * N).collect();
    let everywhere: Vec<Vec<u32>> = [(1..N).collect()]
        .into_iter()
        .chain((1..N).map(|b| vec![b.max(2) - 1]))
        .collect();
    let ladder: Vec<Vec<u32>> = (0..N)
        .map(|b| vec![(b + 1).min(N - 1), (b + 2).min(N - 1), b.max(3) - 2])
        .collect();
    let mut flow = Flow::new();
    for (name, rows) in [
        ("chain", chain),
        ("nest", nest),
        ("breaks", breaks),
        ("everywhere", everywhere),
        ("ladder", ladder),
    ] {
        let func = graph(&rows);
        let start = Instant::now();
        flow.compute(&func);
        let time = start.elapsed();
        println!("{name}: {time:?}, {} loops", flow.num_loops());
        assert!(time < Duration::from_secs(2), "{name} takes {time:?}");
    }
}
