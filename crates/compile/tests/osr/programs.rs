//! Programs that people wrote. Each is entered at all of its loops, on every arrival.

use crate::{Tally, check};

/// The text between the braces of a module with one memory and the first function's parameters
/// `$n` and `$m`.
fn module(results: &str, body: &str, rest: &str) -> String {
    format!(
        "(module (memory 1 1) (func (param $n i32) (param $m i32) (result {results}) {body}) {rest})"
    )
}

const ARGS: &[&[u32]] = &[&[0, 0], &[1, 3], &[3, 2], &[5, 7]];

#[track_caller]
fn all(results: &str, body: &str, rest: &str) {
    let mut tally = Tally::default();
    check(&module(results, body, rest), ARGS, &mut tally);
    assert!(tally.entries > 20);
    assert_eq!(tally.missed, 0);
}

#[test]
fn nested() {
    all(
        "i32",
        "(local $i i32) (local $j i32) (local $k i32) (local $sum i32)
        (loop $outer
          (local.set $j (i32.const 0))
          (loop $middle
            (local.set $k (i32.const 0))
            (loop $inner
              (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3)) (local.get $k)))
              (i32.store (i32.mul (local.get $k) (i32.const 4)) (local.get $sum))
              (local.set $k (i32.add (local.get $k) (i32.const 1)))
              (br_if $inner (i32.lt_u (local.get $k) (local.get $m)))
              (local.set $j (i32.add (local.get $j) (i32.const 1)))
              (br_if $middle (i32.lt_u (local.get $j) (i32.const 2)))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $outer (i32.lt_u (local.get $i) (local.get $n))))
            (local.set $sum (i32.xor (local.get $sum) (i32.const 85)))
            (local.set $i (i32.add (local.get $i) (i32.const 2)))
            (br_if $middle (i32.lt_u (local.get $i) (i32.const 9))))
          (br_if $outer (i32.lt_u (local.get $i) (i32.const 15))))
        local.get $sum",
        "",
    );
}

#[test]
fn conditions() {
    all(
        "i32",
        "(local $i i32) (local $j i32)
        (loop $outer
          (if (i32.and (local.get $i) (i32.const 1))
            (then
              (local.set $j (i32.add (local.get $n) (i32.const 2)))
              (loop $down
                (local.set $j (i32.sub (local.get $j) (i32.const 1)))
                (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                                        (i32.const 4)))
                (br_if $down (local.get $j))))
            (else
              (loop $up
                (if (i32.lt_u (local.get $j) (local.get $m))
                  (then
                    (loop $more
                      (local.set $j (i32.add (local.get $j) (i32.const 1)))
                      (br_if $more (i32.and (local.get $j) (i32.const 3))))
                    (br $up)))
                (local.set $i (i32.add (local.get $i) (local.get $j))))
              (i32.store (i32.const 8) (local.get $i))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $outer (i32.lt_u (local.get $i) (i32.const 12))))
        (i32.add (local.get $i) (local.get $j))",
        "",
    );
}

#[test]
fn values_on_the_stack() {
    all(
        "i32 i32 i64 i32",
        "(local $i i32)
        local.get $m
        i32.const 100
        local.get $n
        loop $outer (param i32 i32) (result i32 i64)
          local.get $m
          i32.add
          block $block (param i32 i32) (result i32 i32)
            local.get $i
            i32.const 7
            loop $inner (param i32 i32 i32) (result i32 i32)
              i32.add
              i32.add
              i32.const 3
              i32.mul
              local.get $i
              i32.const 1
              i32.add
              local.tee $i
              local.get $i
              i32.const 6
              i32.eq
              br_if $block
              i32.const 5
              local.get $i
              i32.const 3
              i32.and
              br_if $inner
              i32.xor
            end
            i32.add
          end
          local.get $i
          i32.const 20
          i32.lt_u
          br_if $outer
          i64.extend_i32_u
        end
        local.get $i",
        "",
    );
}

#[test]
fn tables() {
    all(
        "i32",
        "(local $i i32) (local $x i32)
        loop $a
          loop $b
            block $c
              loop $d
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (if (i32.lt_u (i32.const 60) (local.get $i)) (then (return (local.get $x))))
                (local.set $x (i32.add (i32.rotl (local.get $x) (i32.const 3)) (local.get $i)))
                (i32.and (i32.xor (local.get $x) (local.get $n)) (i32.const 7))
                br_table $a $b $c $d $d $c $a
              end
            end
            (local.set $x (i32.xor (local.get $x) (local.get $m)))
            (br_if $b (i32.and (local.get $x) (i32.const 4)))
          end
          (br_if $a (i32.and (local.get $x) (i32.const 2)))
        end
        (local.get $x)",
        "",
    );
}

#[test]
fn types() {
    all(
        "i64 f32 f64 v128 i31ref i32",
        "(local $i i32) (local $l i64) (local $f f32) (local $d f64) (local $v v128)
         (local $r i31ref) (local $w v128) (local $never i31ref)
        (local.set $d (f64.const 2.5))
        v128.const i64x2 0x0123456789abcdef 0x1122334455667788
        local.get $d
        (ref.i31 (local.get $m))
        loop $outer (param v128 f64 i31ref) (result v128 i31ref)
          local.set $r
          local.set $d
          (local.set $l (i64.mul (i64.add (local.get $l) (i64.const 11)) (i64.const 0x100000001)))
          local.get $r
          loop $inner (param i31ref)
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (local.set $f (f32.reinterpret_i32 (local.get $i)))
            (local.set $w (i32x4.splat (local.get $i)))
            i31.get_u
            (local.set $r (ref.i31 (i32.add (local.get $i))))
            local.get $r
            (br_if $inner (i32.and (local.get $i) (i32.const 3)))
            drop
          end
          local.get $w
          v128.xor
          local.get $d
          local.get $r
          (br_if $outer (i32.lt_u (local.get $i) (i32.mul (local.get $n) (i32.const 4))))
          local.set $r
          drop
          local.get $r
        end
        local.set $r
        local.set $v
        local.get $l local.get $f local.get $d local.get $v local.get $r
        (ref.is_null (local.get $never))",
        "",
    );
}

#[test]
fn references_that_are_not_null() {
    all(
        "i32",
        "(local $i i32) (local $r (ref i31)) (local $s i31ref)
        (local.set $s (ref.i31 (local.get $n)))
        (ref.as_non_null (local.get $s))
        loop $outer
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (local.set $r (ref.i31 (local.get $i)))
          loop $inner
            (local.set $s (local.get $r))
            (local.set $i (i32.add (local.get $i) (i31.get_u (local.get $r))))
            (br_if $inner (i32.lt_u (local.get $i) (local.get $m)))
            (br_if $outer (i32.lt_u (local.get $i) (i32.const 30)))
          end
        end
        i31.get_u
        (i32.add (i31.get_u (local.get $s)))",
        "",
    );
}

#[test]
fn traps() {
    for rest in [
        "unreachable",
        "(i32.store (i32.const 65533) (local.get $i))",
        "(i32.store (i32.const -1) (local.get $i))",
        "(drop (i32.div_u (local.get $i) (local.get $zero)))",
        "(drop (i31.get_u (ref.null i31)))",
    ] {
        let body = format!(
            "(local $i i32) (local $zero i32)
            loop $outer
              loop $inner
                (i32.store (i32.const 4) (local.get $i))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $inner (i32.and (local.get $i) (i32.const 3)))
              end
              (i32.store (i32.const 8) (local.get $i))
              (br_if $outer (i32.lt_u (local.get $i) (i32.const 9)))
              (if (local.get $n) (then {rest}))
              (i32.store (i32.const 12) (local.get $i))
            end
            local.get $i"
        );
        all("i32", &body, "");
    }
}

const TAGS: &str = "(tag $a (param i32)) (tag $b (param i64 i32)) (tag $c)
    (func $maybe (param $x i32) (result i32)
      (if (i32.eq (local.get $x) (i32.const 4)) (then (throw $a (local.get $x))))
      (if (i32.eq (local.get $x) (i32.const 6))
        (then (throw $b (i64.const 12) (local.get $x))))
      (i32.add (local.get $x) (i32.const 1)))";

#[test]
fn exceptions() {
    all(
        "i32",
        "(local $i i32) (local $sum i32)
        loop $outer
          block $a (result i32)
            block $b (result i64 i32)
              try_table (catch $a $a) (catch $b $b)
                loop $inner
                  (local.set $i (i32.add (local.get $i) (i32.const 1)))
                  block $ref (result i32 exnref)
                    try_table (catch_ref $a $ref) (catch_all $outer)
                      loop $deep
                        (local.set $i (call $maybe (local.get $i)))
                        (if (i32.eq (local.get $i) (local.get $n)) (then (throw $c)))
                        (br_if $deep (i32.lt_u (local.get $i) (local.get $m)))
                      end
                      (if (i32.eq (local.get $i) (i32.const 11))
                        (then (throw $b (i64.const 3) (local.get $i))))
                    end
                    (br_if $inner (i32.lt_u (local.get $i) (i32.const 9)))
                    (br_if $outer (i32.lt_u (local.get $i) (i32.const 14)))
                    (return (local.get $sum))
                  end
                  (local.set $i (i32.add (local.get $i) (i32.const 2)))
                  throw_ref
                end
              end
              (return (local.get $sum))
            end
            (local.set $sum (i32.add (local.get $sum)))
            i32.wrap_i64
          end
          (local.set $sum (i32.add (local.get $sum)))
          (br_if $outer (i32.lt_u (local.get $i) (i32.const 20)))
        end
        (i32.add (local.get $sum) (i32.const 1000))",
        TAGS,
    );
}

#[test]
fn legacy_exceptions() {
    all(
        "i32",
        "(local $i i32) (local $sum i32)
        i32.const 77
        loop $outer (param i32) (result i32)
          local.get $i
          try (param i32) (result i32)
            loop $body (param i32) (result i32)
              (i32.add (i32.const 1))
              local.tee $i
              (br_if $body (i32.and (local.get $i) (i32.const 1)))
              call $maybe
              local.tee $i
              (br_if $body (i32.lt_u (local.get $i) (i32.const 3)))
            end
            (if (i32.eq (local.get $i) (i32.const 11)) (then (throw $c)))
          catch $a
            local.get $sum
            try (result i32)
              (throw $b (i64.const 5) (local.get $i))
            catch $b
              loop $twice (param i64 i32) (result i32)
                (local.set $sum (i32.add (local.get $sum)))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                i64.const 7
                i64.mul
                local.get $i
                (br_if $twice (i32.lt_u (local.get $i) (i32.const 8)))
                (if (i32.eq (local.get $i) (local.get $m)) (then (rethrow 2)))
                drop
                i32.wrap_i64
              end
            end
            i32.add
            i32.add
          catch_all
            loop $all
              (local.set $i (i32.add (local.get $i) (i32.const 3)))
              (br_if $all (i32.lt_u (local.get $i) (i32.const 20)))
              (br_if $outer (i32.const 5)
                (i32.lt_u (local.get $i) (i32.add (local.get $m) (i32.const 18))))
              drop
            end
            local.get $i
            try (param i32) (result i32)
              (br_if 1 (i32.lt_u (i32.const 40) (local.get $i)))
              (rethrow 1)
            catch $c
              local.get $i
            end
          end
          (local.set $sum (i32.add (local.get $sum)))
          (br_if $outer (i32.lt_u (local.get $i) (i32.const 25)))
        end
        (i32.add (local.get $sum))",
        TAGS,
    );
}

#[test]
fn delegation() {
    all(
        "i32",
        "(local $i i32) (local $sum i32)
        loop $outer
          try $far
            try $near
              loop $first
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                try
                  loop $second
                    (local.set $i (call $maybe (local.get $i)))
                    (br_if $second (i32.lt_u (local.get $i) (local.get $n)))
                    (br_if $first (i32.eq (local.get $i) (local.get $m)))
                    (if (i32.eq (local.get $i) (i32.const 8)) (then (throw $c)))
                  end
                delegate $far
                (br_if $first (i32.lt_u (local.get $i) (i32.const 10)))
              end
            catch_all
              (return (i32.const 999))
            end
          catch $a
            drop
            (local.set $sum (i32.add (local.get $sum) (i32.const 3)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
          catch_all
            (local.set $sum (i32.add (local.get $sum) (i32.const 100)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
          end
          (br_if $outer (i32.lt_u (local.get $i) (i32.const 16)))
        end
        (i32.add (local.get $sum) (local.get $i))",
        TAGS,
    );
}

#[test]
fn loops_that_are_left_by_branches_only() {
    all(
        "i32",
        "(local $i i32)
        block $out (result i32)
          loop $outer
            loop $inner
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (drop (br_if $out (local.get $i) (i32.lt_u (i32.const 20) (local.get $i))))
              (br_if $inner (i32.and (local.get $i) (i32.const 3)))
              (if (i32.eq (local.get $i) (i32.const 8))
                (then
                  (loop $endless
                    (local.set $i (i32.add (local.get $i) (local.get $m)))
                    (br_if $outer (i32.lt_u (i32.const 12) (local.get $i)))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br $endless)))
                (else (br $outer)))
            end
            unreachable
          end
          (loop $dead (br $dead))
          unreachable
        end",
        "",
    );
}

#[test]
fn calls() {
    all(
        "i32",
        "(local $i i32) (local $sum i32)
        loop $outer
          (local.set $sum (i32.add (local.get $sum) (call $sum (local.get $i) (local.get $n))))
          loop $inner
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $inner (i32.and (local.get $i) (i32.const 1)))
          end
          (br_if $outer (i32.lt_u (local.get $i) (i32.const 9)))
        end
        (call $sum (local.get $sum) (local.get $m))",
        "(func $sum (param $x i32) (param $n i32) (result i32)
          (loop $loop
            (local.set $x (i32.add (local.get $x) (local.get $n)))
            (i32.store (i32.const 16) (local.get $x))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $loop (i32.lt_u (local.get $n) (i32.const 10))))
          (local.get $x))",
    );
}

#[test]
fn conditions_with_operands() {
    all(
        "i32",
        "(local $i i32)
        local.get $m
        loop $outer (param i32) (result i32)
          local.get $n
          (i32.lt_u (local.get $i) (i32.const 4))
          if (param i32 i32) (result i32 i32)
            loop $then (param i32)
              (i32.add (local.get $i))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $then (i32.and (local.get $i) (i32.const 1)))
              drop
            end
            i32.const 9
          else
            i32.xor
            local.get $i
            (i32.and (local.get $i) (i32.const 2))
            if (param i32) (result i32)
              loop $else (param i32) (result i32)
                (local.tee $i (i32.add (i32.const 1)))
                local.get $i
                (br_if $else (i32.and (local.get $i) (i32.const 1)))
                drop
              end
            end
            i32.const 1
            i32.add
            local.tee $i
          end
          i32.add
          (br_if $outer (i32.lt_u (local.get $i) (i32.const 20)))
        end",
        "",
    );
}
