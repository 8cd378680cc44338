;; A bit of everything that a small guest does; the result is the number of primes below 1000.
(module
  (import "host" "print" (func $print (param i32 i32)))
  (memory (export "memory") 1 2)
  (data (i32.const 0) "hello from the guest\n")
  (data $tail " is what it should be\n")
  (type $unary (func (param i64) (result i64)))
  (table funcref (elem $square $negate))

  (func $square (type $unary) (i64.mul (local.get 0) (local.get 0)))
  (func $negate (type $unary) (i64.sub (i64.const 0) (local.get 0)))
  (func $divide (param i64 i64) (result i64 i64)
    (i64.div_s (local.get 0) (local.get 1))
    (i64.rem_s (local.get 0) (local.get 1)))
  (func $fib (param $n i32) (result i64)
    (if (result i64) (i32.lt_u (local.get $n) (i32.const 2))
      (then (i64.extend_i32_u (local.get $n)))
      (else
        (i64.add
          (call $fib (i32.sub (local.get $n) (i32.const 1)))
          (call $fib (i32.sub (local.get $n) (i32.const 2)))))))

  ;; A line: a letter, and that what it stands for is true.
  (func $check (param $letter i32) (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then (unreachable)))
    (i32.store8 (i32.const 100) (local.get $letter))
    (memory.init $tail (i32.const 101) (i32.const 0) (i32.const 22))
    (call $print (i32.const 100) (i32.const 23)))

  (func $sieve (param $limit i32) (result i32)
    (local $i i32) (local $j i32) (local $count i32)
    (memory.fill (i32.const 1024) (i32.const 1) (local.get $limit))
    (local.set $i (i32.const 2))
    (loop $next
      (if (i32.load8_s offset=1024 (local.get $i))
        (then
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (local.set $j (i32.mul (local.get $i) (local.get $i)))
          (block $done
            (loop $strike
              (br_if $done (i32.ge_u (local.get $j) (local.get $limit)))
              (i32.store8 offset=1024 (local.get $j) (i32.const 0))
              (local.set $j (i32.add (local.get $j) (local.get $i)))
              (br $strike)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $limit))))
    (local.get $count))

  (func (export "main") (result i32)
    (call $print (i32.const 0) (i32.const 21))
    ;; Calls through a table, 64-bit arithmetic.
    (call $check (i32.const 97)
      (i64.eq
        (call_indirect (type $unary)
          (call_indirect (type $unary) (i64.const 123456789) (i32.const 0)) (i32.const 1))
        (i64.const -15241578750190521)))
    ;; Several results, sign extension.
    (call $check (i32.const 98)
      (i64.eq
        (i64.add (call $divide (i64.const -1000000000007) (i64.extend8_s (i64.const 0xf6))))
        (i64.const 99999999993)))
    ;; Floats.
    (call $check (i32.const 99)
      (i32.eq
        (i32.trunc_f64_s (f64.mul (f64.sqrt (f64.const 2)) (f64.const 1e6)))
        (i32.const 1414213)))
    (call $check (i32.const 100)
      (f32.eq (f32.nearest (f32.convert_i64_u (i64.const -1))) (f32.const 0x1p+64)))
    ;; Recursion.
    (call $check (i32.const 101) (i64.eq (call $fib (i32.const 20)) (i64.const 6765)))
    ;; Memory that grows, and what was there.
    (call $check (i32.const 102) (i32.eq (memory.grow (i32.const 1)) (i32.const 1)))
    (i64.store (i32.const 131064) (i64.const 0x0123456789abcdef))
    (memory.copy (i32.const 70001) (i32.const 131064) (i32.const 8))
    (call $check (i32.const 103)
      (i64.eq (i64.load align=1 (i32.const 70001)) (i64.const 0x0123456789abcdef)))
    (call $sieve (i32.const 1000)))

  ;; Ends with a trap.
  (func (export "overrun") (drop (i32.load (i32.const -4))))
  (func $deep (export "deep") (call $deep)))
