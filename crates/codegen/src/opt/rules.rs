//! The algebra: read [`rewrite`](super::rewrite) for the language.
//!
//! Operands that may change places have their constant on the right before rules are looked at.
//! Nothing here touches arithmetic of floats, where almost no law holds.

/// All rules.
pub const RULES: &str = "
; neutral and absorbing elements
(T.add x 0) => x
(T.sub x 0) => x
(T.sub x x) => 0
(T.mul x 0) => 0
(T.mul x 1) => x
(T.mul x -1) => (T.sub 0 x)
(T.and x 0) => 0
(T.and x -1) => x
(T.and x x) => x
(T.or x 0) => x
(T.or x -1) => -1
(T.or x x) => x
(T.xor x 0) => x
(T.xor x x) => 0
(T.shl x 0) => x
(T.shr_u x 0) => x
(T.shr_s x 0) => x
(T.rotl x 0) => x
(T.rotr x 0) => x
(T.shl 0 x) => 0
(T.shr_u 0 x) => 0
(T.shr_s 0 x) => 0
(T.shr_s -1 x) => -1
(T.div_u x 1) => x
(T.div_s x 1) => x
(T.rem_u x 1) => 0
(T.rem_s x 1) => 0
(T.rem_s x -1) => 0

; constants go out and to the right
(T.sub x A) => (T.add x (T.sub 0 A))
(T.add (T.add x A) B) => (T.add x (T.add A B))
(T.add (T.sub A x) B) => (T.sub (T.add A B) x)
(T.sub A (T.add x B)) => (T.sub (T.sub A B) x)
(T.sub A (T.sub B x)) => (T.add x (T.sub A B))
(T.sub (T.add x A) y) => (T.add (T.sub x y) A)
(T.sub x (T.add y A)) => (T.add (T.sub x y) (T.sub 0 A))
(T.mul (T.mul x A) B) => (T.mul x (T.mul A B))
(T.and (T.and x A) B) => (T.and x (T.and A B))
(T.or (T.or x A) B) => (T.or x (T.or A B))
(T.xor (T.xor x A) B) => (T.xor x (T.xor A B))
(T.mul (T.add x A) B) => (T.add (T.mul x B) (T.mul A B))
(T.mul (T.shl x A) B) => (T.mul x (T.shl B A))
(T.shl (T.add x A) B) => (T.add (T.shl x B) (T.shl A B))
(T.rotr x A) => (T.rotl x (T.sub W A))

; addresses: a sum's constant comes last, where a load or store takes it in
(i64.add (i64.add x A) y) => (i64.add (i64.add x y) A)
(i64.add x (i64.add y A)) => (i64.add (i64.add x y) A)

; sums and differences that meet their opposite
(T.sub 0 (T.sub x y)) => (T.sub y x)
(T.sub -1 x) => (T.xor x -1)
(T.add x (T.sub 0 y)) => (T.sub x y)
(T.add (T.sub 0 y) x) => (T.sub x y)
(T.sub x (T.sub 0 y)) => (T.add x y)
(T.add (T.sub x y) y) => x
(T.add y (T.sub x y)) => x
(T.sub (T.add x y) x) => y
(T.sub (T.add x y) y) => x
(T.sub x (T.add x y)) => (T.sub 0 y)
(T.sub x (T.add y x)) => (T.sub 0 y)
(T.sub x (T.sub x y)) => y
(T.xor (T.xor x y) y) => x
(T.xor (T.xor x y) x) => y
(T.xor x (T.xor x y)) => y
(T.xor y (T.xor x y)) => x
(T.and (T.or x y) y) => y
(T.and (T.or x y) x) => x
(T.or (T.and x y) y) => y
(T.or (T.and x y) x) => x

; multiplication and division by powers of two
(T.mul x A) => (T.shl x (T.ctz A)) if power-of-two A
(T.div_u x A) => (T.shr_u x (T.ctz A)) if power-of-two A
(T.rem_u x A) => (T.and x (T.sub A 1)) if power-of-two A
(T.div_s x A) => (T.shr_s (T.add x (T.shr_u (T.shr_s x (T.sub W 1)) (T.sub W (T.ctz A)))) (T.ctz A)) if power-of-two A and small A
(T.rem_s x A) => (T.sub x (T.and (T.add x (T.shr_u (T.shr_s x (T.sub W 1)) (T.sub W (T.ctz A)))) (T.sub 0 A))) if power-of-two A and small A

; shifts there and back
(T.shr_u (T.shl x A) A) => (T.and x (T.shr_u -1 A))
(T.shl (T.shr_u x A) A) => (T.and x (T.shl -1 A))
(T.shl (T.shr_s x A) A) => (T.and x (T.shl -1 A))
(i32.shr_s (i32.shl x 24) 24) => (i32.extend8_s x)
(i32.shr_s (i32.shl x 16) 16) => (i32.extend16_s x)
(i64.shr_s (i64.shl x 56) 56) => (i64.extend8_s x)
(i64.shr_s (i64.shl x 48) 48) => (i64.extend16_s x)
(i64.shr_s (i64.shl x 32) 32) => (i64.extend32_s x)

; masks of bits that are known
(T.and x A) => x if covers A x
(T.and x A) => 0 if disjoint A x
(T.extend8_s (T.and x 255)) => (T.extend8_s x)
(T.extend16_s (T.and x 65535)) => (T.extend16_s x)
(i64.extend32_s (i64.and x 4294967295)) => (i64.extend32_s x)
(T.and (T.extend8_s x) 255) => (T.and x 255)
(T.and (T.extend16_s x) 65535) => (T.and x 65535)
(T.extend8_s (T.extend8_s x)) => (T.extend8_s x)
(T.extend16_s (T.extend16_s x)) => (T.extend16_s x)

; between widths
(i32.wrap_i64 (i64.extend_i32_u x)) => x
(i32.wrap_i64 (i64.extend_i32_s x)) => x
(i32.wrap_i64 (i64.add (i64.extend_i32_u x) A)) => (i32.add x (i32.wrap_i64 A))
(i32.wrap_i64 (i64.add (i64.extend_i32_s x) A)) => (i32.add x (i32.wrap_i64 A))
(i32.wrap_i64 (i64.and x A)) => (i32.and (i32.wrap_i64 x) (i32.wrap_i64 A))
(i64.extend_i32_s x) => (i64.extend_i32_u x) if positive x
(i64.extend32_s (i64.extend_i32_u x)) => (i64.extend_i32_s x)
(i64.extend32_s (i64.extend_i32_s x)) => (i64.extend_i32_s x)
(i64.extend_i32_u (i32.add x A)) => (i64.add (i64.extend_i32_u x) (i64.extend_i32_u A)) if no-wrap A x
(i32.reinterpret_f32 (f32.reinterpret_i32 x)) => x
(f32.reinterpret_i32 (i32.reinterpret_f32 x)) => x
(i64.reinterpret_f64 (f64.reinterpret_i64 x)) => x
(f64.reinterpret_i64 (i64.reinterpret_f64 x)) => x
(f32.neg (f32.neg x)) => x
(f32.abs (f32.neg x)) => (f32.abs x)
(f32.abs (f32.abs x)) => (f32.abs x)
(f64.neg (f64.neg x)) => x
(f64.abs (f64.neg x)) => (f64.abs x)
(f64.abs (f64.abs x)) => (f64.abs x)

; comparisons
(T.eq x 0) => (T.eqz x)
(i32.eqz (T.eqz x)) => (T.ne x 0)
(T.eqz (T.xor x y)) => (T.eq x y)
(T.ne (T.xor x y) 0) => (T.ne x y)
(T.eq (T.xor x A) B) => (T.eq x (T.xor A B))
(T.ne (T.xor x A) B) => (T.ne x (T.xor A B))
(T.lt_u x 1) => (T.eqz x)
(T.le_u x 0) => (T.eqz x)
(T.ge_u x 1) => (T.ne x 0)
(T.gt_u x 0) => (T.ne x 0)
(i32.ne x 0) => x if bool x
(i32.eq x 1) => x if bool x
(i32.ne x 1) => (i32.eqz x) if bool x
(i32.xor x 1) => (i32.eqz x) if bool x
(i64.eqz (i64.extend_i32_u x)) => (i32.eqz x)
(i64.eqz (i64.extend_i32_s x)) => (i32.eqz x)
(i64.ne (i64.extend_i32_u x) 0) => (i32.ne x 0)
(i64.eq (i64.extend_i32_u x) A) => (i32.eq x (i32.wrap_i64 A)) if fits A
(i64.ne (i64.extend_i32_u x) A) => (i32.ne x (i32.wrap_i64 A)) if fits A
(i64.lt_u (i64.extend_i32_u x) A) => (i32.lt_u x (i32.wrap_i64 A)) if fits A
(i64.gt_u (i64.extend_i32_u x) A) => (i32.gt_u x (i32.wrap_i64 A)) if fits A
(i64.le_u (i64.extend_i32_u x) A) => (i32.le_u x (i32.wrap_i64 A)) if fits A
(i64.ge_u (i64.extend_i32_u x) A) => (i32.ge_u x (i32.wrap_i64 A)) if fits A
(i64.lt_s (i64.extend_i32_u x) A) => (i32.lt_u x (i32.wrap_i64 A)) if fits A
(i64.gt_s (i64.extend_i32_u x) A) => (i32.gt_u x (i32.wrap_i64 A)) if fits A
(i64.eq (i64.extend_i32_u x) (i64.extend_i32_u y)) => (i32.eq x y)
(i64.ne (i64.extend_i32_u x) (i64.extend_i32_u y)) => (i32.ne x y)
(i64.lt_u (i64.extend_i32_u x) (i64.extend_i32_u y)) => (i32.lt_u x y)
(i64.gt_u (i64.extend_i32_u x) (i64.extend_i32_u y)) => (i32.gt_u x y)
(i64.le_u (i64.extend_i32_u x) (i64.extend_i32_u y)) => (i32.le_u x y)
(i64.ge_u (i64.extend_i32_u x) (i64.extend_i32_u y)) => (i32.ge_u x y)
(i64.lt_s (i64.extend_i32_s x) (i64.extend_i32_s y)) => (i32.lt_s x y)
(i64.gt_s (i64.extend_i32_s x) (i64.extend_i32_s y)) => (i32.gt_s x y)
(i64.le_s (i64.extend_i32_s x) (i64.extend_i32_s y)) => (i32.le_s x y)
(i64.ge_s (i64.extend_i32_s x) (i64.extend_i32_s y)) => (i32.ge_s x y)

; choices
(i32.select x 1 0) => (i32.ne x 0)
(i32.select x 0 1) => (i32.eqz x)
(i64.select x 1 0) => (i64.extend_i32_u (i32.ne x 0))
(i64.select x 0 1) => (i64.extend_i32_u (i32.eqz x))
(T.select (i32.eqz x) y z) => (T.select x z y)
";
