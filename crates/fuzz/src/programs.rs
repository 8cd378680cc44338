//! Programs that compute: what keeps a compiler's registers and passes busy.
//!
//! Modules of `wasm-smith` use everything there is, but most of their functions end soon. These
//! use less, and end late: many values are alive at once, across loops that are run to their
//! bounded ends, calls, exceptions and collections. Functions call only those before them, so
//! all comes to an end. A NaN's payload, which is up to the engine, is never looked at: it is made
//! canonical where its bits could be seen.

use crate::random::Random;
use std::fmt::Write;
use std::sync::OnceLock;

/// The types of values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ty {
    I32,
    I64,
    F32,
    F64,
    V128,
    /// `(ref null $s)`.
    Ref,
}

use Ty::*;

const TYPES: [Ty; 6] = [I32, I64, F32, F64, V128, Ref];

impl Ty {
    fn text(self) -> &'static str {
        ["i32", "i64", "f32", "f64", "v128", "(ref null $s)"][self as usize]
    }
}

/// An operator: its lanes are 0 if it has no immediate.
struct Op {
    name: &'static str,
    args: Vec<Ty>,
    result: Ty,
    lanes: u64,
}

macro_rules! rows {
    ($($op:ident $f:ident $visit:ident $name:literal ($($arg:ident),*) -> $result:ident
        $(, lanes $lanes:literal)? $(, commutes)? $(, ordered)?
        $(, swap $s:ident $sf:ident, negate $n:ident $nf:ident)?;)*) => {
        [$(Op { name: $name, args: vec![$($arg),*], result: $result, lanes: 0 $(+ $lanes)? }),*]
    };
}

/// Whether the result is the same whatever NaNs the engine makes, and it can't trap.
fn is_harmless(op: &Op) -> bool {
    let float_lanes = op.name.starts_with("f32x4.") || op.name.starts_with("f64x2.");
    const BITWISE: [&str; 14] = [
        ".eq", ".ne", ".lt", ".gt", ".le", ".ge", ".abs", ".neg", ".pmin", ".pmax", ".convert",
        ".splat", "lane", ".all",
    ];
    let traps = op.name.contains(".trunc_f");
    let quiets = op.name.ends_with(".nearest");
    !traps
        && (!quiets || !float_lanes)
        && (!float_lanes || BITWISE.iter().any(|part| op.name.contains(part)))
}

/// The operators with a result of a type.
fn ops(result: Ty) -> &'static [Op] {
    static OPS: OnceLock<Vec<Vec<Op>>> = OnceLock::new();
    let all = OPS.get_or_init(|| {
        let mut all: Vec<Vec<Op>> = TYPES.iter().map(|_| Vec::new()).collect();
        let unary = tierra_core::for_each_unary!(rows).into_iter();
        let scalar = unary
            .chain(tierra_core::for_each_binary!(rows))
            .chain(tierra_core::for_each_compare!(rows));
        let vector = tierra_core::for_each_vector!(rows).into_iter();
        let vector = vector.chain(tierra_core::for_each_lane!(rows));
        for op in scalar.chain(vector).filter(is_harmless) {
            all[op.result as usize].push(op);
        }
        all
    });
    &all[result as usize]
}

/// What a function takes and gives.
#[derive(Clone)]
struct Sig {
    params: Vec<Ty>,
    results: Vec<Ty>,
}

struct Gen {
    r: Random,
    out: String,
    sigs: Vec<Sig>,
    locals: Vec<Ty>,
    counters: usize,
    labels: usize,
    /// Labels that a branch may go to, forward.
    open: Vec<usize>,
    loops: usize,
    /// What the function may still grow by.
    budget: usize,
}

/// The module of a seed.
pub fn module(seed: u64) -> Vec<u8> {
    let text = text(seed);
    wat::parse_str(&text).unwrap_or_else(|e| panic!("seed {seed}: {e}"))
}

/// Its text.
pub fn text(seed: u64) -> String {
    let mut g = Gen {
        r: Random::new(seed, 77),
        out: String::from(HEAD),
        sigs: Vec::new(),
        locals: Vec::new(),
        counters: 0,
        labels: 0,
        open: Vec::new(),
        loops: 0,
        budget: 0,
    };
    let count = 1 + g.r.below(5);
    for _ in 0..count {
        g.function();
    }
    for i in 0..count {
        g.export(i);
    }
    g.table();
    g.out.push(')');
    g.out
}

/// Helpers that make NaNs canonical, and that look through null.
const HEAD: &str = r#"(module
(rec (type $s (struct (field (mut i32)) (field (mut i64)) (field (mut (ref null $s))) (field (mut i16)))))
(import "" "h" (func $host (param i32 f64 i64) (result i32 i64)))
(memory (export "m") 1 3)
(tag $e (param i32 i64))
(global $steps (mut i32) (i32.const 0))
(global $g0 (export "g0") (mut i32) (i32.const 1))
(global $g1 (export "g1") (mut i64) (i64.const 2))
(global $g2 (export "g2") (mut f32) (f32.const 3))
(global $g3 (export "g3") (mut f64) (f64.const 4))
(global $g4 (export "g4") (mut v128) (v128.const i64x2 5 6))
(global $g5 (export "g5") (mut (ref null $s)) (ref.null $s))
(func $canon2 (param f32) (result f32)
  (select (local.get 0) (f32.const nan) (f32.eq (local.get 0) (local.get 0))))
(func $canon3 (param f64) (result f64)
  (select (local.get 0) (f64.const nan) (f64.eq (local.get 0) (local.get 0))))
(func $get0 (param (ref null $s)) (result i32)
  (if (result i32) (ref.is_null (local.get 0)) (then (i32.const 9)) (else (struct.get $s 0 (local.get 0)))))
(func $get1 (param (ref null $s)) (result i64)
  (if (result i64) (ref.is_null (local.get 0)) (then (i64.const 9)) (else (struct.get $s 1 (local.get 0)))))
(func $get5 (param (ref null $s)) (result (ref null $s))
  (if (result (ref null $s)) (ref.is_null (local.get 0)) (then (local.get 0)) (else (struct.get $s 2 (local.get 0)))))
"#;

impl Gen {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.budget = self.budget.saturating_sub(1);
    }

    fn ty(&mut self) -> Ty {
        TYPES[[0, 0, 0, 1, 1, 2, 3, 3, 4, 5][self.r.below(10)]]
    }

    fn types(&mut self, max: usize) -> Vec<Ty> {
        let count = self.r.below(max + 1);
        (0..count).map(|_| self.ty()).collect()
    }

    fn function(&mut self) {
        let sig = Sig {
            params: self.types(12),
            results: self.types(6),
        };
        self.locals.clone_from(&sig.params);
        let more = [3, 8, 30][self.r.below(3)];
        let locals = self.types(more);
        self.locals.extend(&locals);
        self.budget = [100, 300, 1500][self.r.below(3)];
        (self.counters, self.loops) = (0, 0);
        let outer = std::mem::take(&mut self.out);
        self.stop_early(&sig.results);
        while self.budget > 0 {
            self.statement(3);
        }
        for ty in &sig.results {
            self.expr(*ty, 4);
        }
        let body = std::mem::replace(&mut self.out, outer);
        let index = self.sigs.len();
        write!(self.out, "(func $f{index}").expect("a string grows");
        self.signature(&sig);
        for ty in locals {
            self.put(&format!(" (local {})", ty.text()));
        }
        for i in 0..self.counters {
            self.put(&format!(" (local $c{i} i32)"));
        }
        self.out.push_str(&body);
        self.out.push_str(")\n");
        self.sigs.push(sig);
    }

    fn signature(&mut self, sig: &Sig) {
        for ty in &sig.params {
            self.put(&format!(" (param {})", ty.text()));
        }
        for ty in &sig.results {
            self.put(&format!(" (result {})", ty.text()));
        }
    }

    /// Functions may be called so often; then they return at once.
    fn stop_early(&mut self, results: &[Ty]) {
        self.put("(if (i32.le_s (global.get $steps) (i32.const 0)) (then (return");
        for ty in results {
            self.constant(*ty);
        }
        self.put(")))(global.set $steps (i32.sub (global.get $steps) (i32.const 1)))");
    }

    fn export(&mut self, index: usize) {
        let sig = self.sigs[index].clone();
        self.put(&format!("(func (export \"f{index}\")"));
        self.signature(&sig);
        self.put("(global.set $steps (i32.const 60))");
        let tail = if self.r.one_in(2) { "return_" } else { "" };
        self.put(&format!("({tail}call $f{index}"));
        for i in 0..sig.params.len() {
            self.put(&format!(" (local.get {i})"));
        }
        self.put("))\n");
    }

    fn table(&mut self) {
        self.put("(table funcref (elem");
        for i in 0..self.sigs.len() {
            self.put(&format!(" $f{i}"));
        }
        self.put("))\n");
    }

    // Expressions.

    fn constant(&mut self, ty: Ty) {
        let bits = self.r.next() >> self.r.below(64);
        let bits = if self.r.one_in(3) { !bits } else { bits };
        let text = match ty {
            I32 => format!("(i32.const {})", bits as i32),
            I64 => format!("(i64.const {})", bits as i64),
            F32 => format!("(f32.const {})", bits as i32 as f32 / 8.0),
            F64 => format!("(f64.const {})", bits as i64 as f64 / 8.0),
            V128 => format!(
                "(v128.const i64x2 {} {})",
                bits as i64,
                self.r.next() as i64
            ),
            Ref => "(ref.null $s)".into(),
        };
        self.put(&text);
    }

    fn local(&mut self, ty: Ty) -> Option<usize> {
        let start = self.r.below(self.locals.len().max(1));
        let len = self.locals.len();
        (0..len)
            .map(|i| (start + i) % len)
            .find(|i| self.locals[*i] == ty)
    }

    fn leaf(&mut self, ty: Ty) {
        match (self.r.below(8), self.local(ty)) {
            (0, _) | (_, None) if !self.r.one_in(4) => self.constant(ty),
            (1, _) | (_, None) => self.put(&format!("(global.get $g{})", ty as usize)),
            (_, Some(i)) => self.put(&format!("(local.get {i})")),
        }
    }

    fn expr(&mut self, ty: Ty, depth: usize) {
        if depth == 0 || self.budget == 0 {
            return self.leaf(ty);
        }
        let depth = depth - 1;
        match self.r.below(24) {
            0 | 1 => self.leaf(ty),
            2 => {
                let annotation = if ty == Ref {
                    " (result (ref null $s))"
                } else {
                    ""
                };
                self.put(&format!("(select{annotation} "));
                self.expr(ty, depth);
                self.expr(ty, depth);
                self.expr(I32, depth);
                self.put(")");
            }
            3 => {
                self.put(&format!("(if (result {}) ", ty.text()));
                self.expr(I32, depth);
                self.put("(then ");
                self.expr(ty, depth);
                self.put(") (else ");
                self.expr(ty, depth);
                self.put("))");
            }
            4 => {
                self.labels += 1;
                let label = self.labels;
                self.put(&format!(
                    "(block $l{label} (result {}) (drop (br_if $l{label} ",
                    ty.text()
                ));
                self.expr(ty, depth);
                self.expr(I32, depth);
                self.put("))");
                self.expr(ty, depth);
                self.put(")");
            }
            5 if let Some(i) = self.local(ty) => {
                self.put(&format!("(local.tee {i} "));
                self.expr(ty, depth);
                self.put(")");
            }
            6 | 7 if ty != Ref => self.load(ty, depth),
            8 if ty == I32 || ty == I64 => {
                self.put(&format!("(call $get{} ", ty as usize));
                self.expr(Ref, depth);
                self.put(")");
            }
            9 if ty == I32 => {
                self.put("(ref.eq ");
                self.expr(Ref, depth);
                self.expr(Ref, depth);
                self.put(")");
            }
            _ if ty == Ref => self.reference(depth),
            _ => self.op(ty, depth),
        }
    }

    fn reference(&mut self, depth: usize) {
        if self.r.one_in(3) {
            self.put("(call $get5 ");
            self.expr(Ref, depth);
        } else {
            self.put("(struct.new $s ");
            for ty in [I32, I64, Ref, I32] {
                self.expr(ty, depth);
            }
        }
        self.put(")");
    }

    fn load(&mut self, ty: Ty, depth: usize) {
        const LOADS: [&[&str]; 5] = [
            &[
                "i32.load",
                "i32.load8_s",
                "i32.load8_u",
                "i32.load16_s",
                "i32.load16_u",
            ],
            &[
                "i64.load",
                "i64.load8_s",
                "i64.load16_u",
                "i64.load32_s",
                "i64.load32_u",
            ],
            &["f32.load"],
            &["f64.load"],
            &[
                "v128.load",
                "v128.load8x8_s",
                "v128.load16_splat",
                "v128.load32_zero",
            ],
        ];
        let name = LOADS[ty as usize];
        let name = name[self.r.below(name.len())];
        self.put(&format!("({name} "));
        self.address(depth);
        self.put(")");
    }

    /// An offset, and an index that is within bounds but for one of many.
    fn address(&mut self, depth: usize) {
        let offset = [0, 0, 8, 100, 4096][self.r.below(5)];
        self.put(&format!("offset={offset} "));
        if self.r.one_in(500) {
            return self.expr(I32, depth);
        }
        let mask = [0xff, 0x7ff8, 0x3f0][self.r.below(3)];
        self.put("(i32.and ");
        self.expr(I32, depth);
        self.put(&format!("(i32.const {mask}))"));
    }

    fn op(&mut self, ty: Ty, depth: usize) {
        let ops = ops(ty);
        let op = &ops[self.r.below(ops.len())];
        self.put(&format!("({} ", op.name));
        if op.lanes > 0 {
            let lane = self.r.below(op.lanes as usize);
            self.put(&format!("{lane} "));
        }
        let divides = op.name.contains(".div_") || op.name.contains(".rem_");
        let seen = op.name.contains("reinterpret") || op.name.contains("copysign") || ty == V128;
        for (i, arg) in op.args.iter().enumerate() {
            if divides && i == 1 && !self.r.one_in(100) {
                // Neither 0 nor -1.
                let name = arg.text();
                self.put(&format!("({name}.or ({name}.const 1) ({name}.shr_u "));
                self.expr(*arg, depth);
                self.put(&format!("({name}.const 1)))"));
            } else if seen {
                self.exact(*arg, depth);
            } else {
                self.expr(*arg, depth);
            }
        }
        self.put(")");
    }

    /// A value whose bits may be seen.
    fn exact(&mut self, ty: Ty, depth: usize) {
        let float = matches!(ty, F32 | F64);
        if float {
            self.put(&format!("(call $canon{} ", ty as usize));
        }
        self.expr(ty, depth);
        if float {
            self.put(")");
        }
    }

    // Statements.

    fn statements(&mut self, depth: usize) {
        for _ in 0..1 + self.r.below(4) {
            self.statement(depth);
        }
    }

    fn statement(&mut self, depth: usize) {
        let nested = depth > 0 && self.budget > 20;
        match self.r.below(20) {
            0 => {
                let ty = self.ty();
                self.put(&format!("(global.set $g{} ", ty as usize));
                self.expr(ty, 4);
                self.put(")");
            }
            1..=3 => self.store(),
            4 | 5 if nested => {
                self.put("(if ");
                self.expr(I32, 4);
                self.put("(then ");
                self.statements(depth - 1);
                self.put(")");
                if self.r.one_in(2) {
                    self.put("(else ");
                    self.statements(depth - 1);
                    self.put(")");
                }
                self.put(")");
            }
            6 | 7 if nested && self.loops < 3 => self.repeat(depth - 1),
            8 if nested => self.switch(depth - 1),
            9 if nested => self.catch(depth - 1),
            10 if !self.open.is_empty() => {
                let label = self.open[self.r.below(self.open.len())];
                self.put(&format!("(br_if $l{label} "));
                self.expr(I32, 3);
                self.put(")");
            }
            11 | 12 if !self.sigs.is_empty() => self.call(),
            13 if self.r.one_in(3) => self.throw(),
            14 => self.field(),
            15 if self.r.one_in(4) => self.bulk(),
            16 if self.loops == 0 => {
                self.put("(call $host ");
                for ty in [I32, F64, I64] {
                    self.exact(ty, 3);
                }
                self.put(")");
                self.set_all(&[I32, I64]);
            }
            _ => {
                let ty = self.ty();
                self.expr(ty, 5);
                self.set_all(&[ty]);
            }
        }
    }

    /// Takes results from the stack.
    fn set_all(&mut self, types: &[Ty]) {
        for ty in types.iter().rev() {
            match self.local(*ty) {
                Some(i) => self.put(&format!("(local.set {i})")),
                None => self.put(&format!("(global.set $g{})", *ty as usize)),
            }
        }
    }

    fn store(&mut self) {
        const STORES: [&[&str]; 5] = [
            &["i32.store", "i32.store8", "i32.store16"],
            &["i64.store", "i64.store8", "i64.store16", "i64.store32"],
            &["f32.store"],
            &["f64.store"],
            &["v128.store"],
        ];
        let ty = TYPES[self.r.below(5)];
        let name = STORES[ty as usize];
        let name = name[self.r.below(name.len())];
        self.put(&format!("({name} "));
        self.address(3);
        self.exact(ty, 4);
        self.put(")");
    }

    fn repeat(&mut self, depth: usize) {
        let counter = self.counters;
        self.counters += 1;
        self.labels += 1;
        let (label, times) = (self.labels, 1 + self.r.below(7));
        self.put(&format!(
            "(local.set $c{counter} (i32.const {times}))(loop $l{label} "
        ));
        self.loops += 1;
        self.statements(depth);
        self.loops -= 1;
        self.put(&format!(
            "(br_if $l{label} (local.tee $c{counter} (i32.sub (local.get $c{counter}) (i32.const 1)))))"
        ));
    }

    fn switch(&mut self, depth: usize) {
        let count = 2 + self.r.below(4);
        let first = self.labels + 1;
        self.labels += count;
        for i in (first..first + count).rev() {
            self.put(&format!("(block $l{i} "));
            self.open.push(i);
        }
        self.put("(br_table ");
        for _ in 0..=self.r.below(6) {
            let label = first + self.r.below(count);
            self.put(&format!("$l{label} "));
        }
        self.expr(I32, 3);
        self.put(")");
        for i in 0..count {
            self.open.pop();
            self.put(")");
            if i + 1 < count {
                self.statements(depth);
            }
        }
    }

    fn catch(&mut self, depth: usize) {
        self.labels += 2;
        let (out, caught) = (self.labels - 1, self.labels);
        let all = self.r.one_in(3);
        let (result, clause) = if all {
            ("", "catch_all")
        } else {
            (" (result i32 i64)", "catch $e")
        };
        self.put(&format!(
            "(block $l{out} (block $l{caught}{result} (try_table ({clause} $l{caught}) "
        ));
        self.open.push(out);
        self.statements(depth);
        if self.r.one_in(2) {
            self.throw();
        }
        self.open.pop();
        self.put(&format!(") (br $l{out}))"));
        if !all {
            self.set_all(&[I32, I64]);
        }
        self.put(")");
    }

    fn throw(&mut self) {
        self.put("(if (i32.eqz (i32.and (i32.const 3) ");
        self.expr(I32, 3);
        self.put("))(then (throw $e ");
        self.expr(I32, 3);
        self.expr(I64, 3);
        self.put(")))");
    }

    /// A call of a function before this one, directly or through the table.
    fn call(&mut self) {
        let index = self.r.below(self.sigs.len());
        let sig = self.sigs[index].clone();
        if self.r.one_in(3) {
            self.put("(call_indirect");
            self.signature(&sig);
        } else {
            self.put(&format!("(call $f{index} "));
            return self.arguments(&sig, None);
        }
        self.arguments(&sig, Some(index));
    }

    fn arguments(&mut self, sig: &Sig, index: Option<usize>) {
        for ty in &sig.params {
            self.expr(*ty, 2);
        }
        if let Some(index) = index {
            self.put(&format!("(i32.const {index})"));
        }
        self.put(")");
        self.set_all(&sig.results);
    }

    /// Changes an object, if there is one.
    fn field(&mut self) {
        let Some(i) = self.local(Ref) else { return };
        let (field, ty) = [(0, I32), (1, I64), (2, Ref), (3, I32)][self.r.below(4)];
        self.put(&format!(
            "(if (i32.eqz (ref.is_null (local.get {i}))) (then (struct.set $s {field} (local.get {i}) "
        ));
        // The local may change meanwhile; the reference is what it was.
        self.expr(ty, 3);
        self.put(")))");
    }

    fn bulk(&mut self) {
        let text = match self.r.below(4) {
            0 => "(drop (memory.grow (i32.const 1)))",
            1 => "(memory.fill (i32.const 16) (i32.const 7) (i32.const 40))",
            2 => "(memory.copy (i32.const 8) (i32.const 300) (i32.const 500))",
            _ => "(memory.copy (i32.const 300) (i32.const 8) (i32.const 500))",
        };
        self.put(text);
    }
}
