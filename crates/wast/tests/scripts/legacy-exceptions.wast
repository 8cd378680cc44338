;; The first proposal's exceptions: try, catch, catch_all, rethrow with parameters and results,
;; nested, in loops, left by branches and returns; exceptions of callees and imported functions.
(module $m
  (tag $m0 (export "m0"))
  (tag $mi (export "mi") (param i32))
  (func (export "throw") (param i32)
    (if (i32.eqz (local.get 0)) (then (throw $m0)))
    (throw $mi (local.get 0))))
(register "m")

(module
  (import "m" "m0" (tag $m0))
  (import "m" "mi" (tag $mi (param i32)))
  (import "m" "throw" (func $import (param i32)))
  (tag $a)
  (tag $i (param i32))
  (tag $p (param i32 i64 f32 f64))
  (global $g (mut i32) (i32.const 0))
  (func $note (param i32) (global.set $g (i32.add (i32.mul (global.get $g) (i32.const 10)) (local.get 0))))
  (func $throws (param i32) (result i32)
    (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $a)))
    (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $i (i32.const 22))))
    (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $p (i32.const 3) (i64.const 4) (f32.const 5) (f64.const 6))))
    (if (i32.eq (local.get 0) (i32.const 4)) (then (call $import (i32.const 0))))
    (if (i32.eq (local.get 0) (i32.const 5)) (then (call $import (i32.const 55))))
    (if (i32.eq (local.get 0) (i32.const 6)) (then (unreachable)))
    (i32.add (local.get 0) (i32.const 100)))
  (func (export "which") (param i32) (result i32)
    (try (result i32)
      (do (call $throws (local.get 0)))
      (catch $a (i32.const 1))
      (catch $i)
      (catch $p (drop) (drop) (i32.wrap_i64) (i32.add))
      (catch $m0 (i32.const 5))
      (catch_all (i32.const 6))))
  ;; Values below, parameters, locals that the body has changed.
  (func (export "params") (param i32) (result i32) (local i32)
    (local.set 1 (i32.const 1))
    (i32.const 1000000)
    (local.get 0) (i32.const 7)
    try (param i32 i32) (result i32)
      (local.set 1 (i32.const 20))
      i32.add
      (local.set 1 (i32.const 300))
      drop
      local.get 0
      call $throws
      (local.set 1 (i32.const 4000))
    catch $i
      (i32.mul (i32.const 2))
    catch_all
      i32.const 9
    end
    (i32.add (local.get 1)) (i32.add))
  (func (export "results") (param i32) (result i32 i64 f32 f64)
    try (result i32 i64 f32 f64)
      i32.const 1 i64.const 2 f32.const 3 f64.const 4
      (drop (call $throws (local.get 0)))
    catch $p
    catch $i
      i64.const 12 f32.const 13 f64.const 14
    catch_all
      i32.const 21 i64.const 22 f32.const 23 f64.const 24
    end)
  ;; The first clause that matches counts; a clause does not cover its sisters.
  (func (export "order") (param i32) (result i32)
    try (result i32)
      try (result i32)
        local.get 0
        call $throws
      catch $a
        (throw $i (i32.const 31))
      catch $i
        (i32.const 100) i32.add
      catch_all
        (throw $a)
      end
    catch $a
      (i32.const 201)
    catch $i
      (i32.const 300) i32.add
    end)
  (func (export "empty") (param i32) (result i32)
    (try (do (drop (call $throws (local.get 0))) (return (i32.const 1))) (catch_all))
    (i32.const 2))
  (func (export "no-handler") (param i32) (result i32)
    (try (result i32) (do (call $throws (local.get 0)))))
  (func (export "rethrow") (param i32) (result i32)
    (global.set $g (i32.const 0))
    try
      try
        try
          (drop (call $throws (local.get 0)))
        catch $i
          call $note
          rethrow 0
        catch_all
          (call $note (i32.const 2))
          rethrow 0
        end
      catch_all
        (call $note (i32.const 3))
        rethrow 0
      end
    catch $i
      call $note
    catch_all
      (call $note (i32.const 4))
    end
    global.get $g)
  ;; rethrow from within blocks, loops and another handler: the exception of its own depth.
  (func (export "rethrow-depth") (param i32) (result i32)
    try (result i32)
      try (result i32)
        (throw $i (i32.const 1))
      catch $i
        drop
        try (result i32)
          (throw $i (i32.const 2))
        catch $i
          block (param i32) (result i32)
            loop (param i32) (result i32)
              (i32.eqz (local.get 0))
              if (param i32) (result i32)
                rethrow 3
              else
                (i32.eq (local.get 0) (i32.const 1))
                if (param i32) (result i32)
                  rethrow 5
                end
              end
            end
          end
        end
      end
    catch $i
      (i32.const 10) i32.add
    end)
  ;; rethrow 5 above leaves through the inner clause's try: only the outermost catches it.
  (func (export "rethrow-three") (param i32) (result i32)
    try (result i32)
      (throw $i (i32.const 1))
    catch $i
      try (param i32) (result i32)
        drop
        (throw $i (i32.const 20))
      catch $i
        try (param i32) (result i32)
          drop
          (throw $i (i32.const 300))
        catch $i
          drop
          try (result i32)
            block
              block
                block
                  (br_table 0 1 2 (local.get 0))
                end
                rethrow 3
              end
              rethrow 3
            end
            rethrow 3
          catch $i
          end
        end
      end
    end)
  (func (export "loop") (param i32) (result i32) (local i32)
    (loop $l
      (try
        (do
          (local.set 1 (i32.add (local.get 1) (i32.const 1)))
          (drop (call $throws (i32.rem_u (local.get 0) (i32.const 4)))))
        (catch $i (local.set 1 (i32.add (local.get 1))))
        (catch_all (local.set 1 (i32.add (local.get 1) (i32.const 1000)))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func (export "continue") (param i32) (result i32) (local i32)
    (loop $l (result i32)
      (try $t (result i32)
        (do
          (br_if $t (i32.const 5) (i32.eqz (local.get 0)))
          (throw $i (local.get 0)))
        (catch $i
          (local.set 1 (i32.add (local.get 1)))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (br $l)))
      (i32.add (local.get 1))))
  (func (export "br-body") (param i32) (result i32)
    (block $out (result i32)
      (try $t (result i32)
        (do
          (i32.const 9)
          (br_if $out (i32.const 1) (i32.eq (local.get 0) (i32.const 1)))
          (br_if $t (i32.eq (local.get 0) (i32.const 2)))
          (br_table $t $out $t (i32.sub (local.get 0) (i32.const 3))))
        (catch_all (i32.const 50)))
      (i32.add (i32.const 100))))
  (func (export "br-catch") (param i32) (result i32)
    (block $out (result i32)
      (i32.const 7000)
      (try $t (result i32)
        (do (throw $i (i32.const 9)))
        (catch $i
          (br_if $out (i32.eq (local.get 0) (i32.const 1)))
          (br_if $t (i32.eq (local.get 0) (i32.const 2)))
          (br_table $t $out $t (i32.sub (local.get 0) (i32.const 3)))))
      (i32.add (i32.const 100))
      (i32.add)))
  (func (export "br-catch-all") (param i32) (result i32)
    (block $out
      (try $t
        (do (throw $a))
        (catch_all
          (br_if $out (local.get 0))
          (br_table $t $t (local.get 0))))
      (return (i32.const 2)))
    (i32.const 1))
  (func (export "return-body") (param i32) (result i32)
    (try (result i32) (do (return (i32.add (local.get 0) (i32.const 1)))) (catch_all (i32.const 3))))
  (func (export "return-catch") (param i32) (result i32)
    (i32.const 5)
    (try (do (throw $i (local.get 0))) (catch $i (return (i32.add (i32.const 1)))))
    (unreachable))
  (func (export "return-many") (param i32) (result i32 i64 f32 f64)
    (try (do (drop (call $throws (local.get 0)))) (catch $p (return)))
    (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))
  (func (export "if") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (try (result i32) (do (call $throws (local.get 0))) (catch $i)))
      (else (try (result i32) (do (throw $a)) (catch $a (i32.const 77))))))
  ;; Operands below the call that throws, in the body and around it.
  (func (export "operands") (param i32) (result i32)
    (i32.add
      (i32.mul (local.get 0) (i32.const 1000))
      (try (result i32)
        (do
          (local.get 0) (local.get 0)
          (local.set 0 (i32.const 3))
          (i32.add (call $throws))
          (i32.mul (local.get 0)))
        (catch $i (i32.add (local.get 0)))
        (catch_all (local.get 0)))))
  (func $deep (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (throw $i (i32.const 1))))
    (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "deep") (param i32) (result i32)
    (try (result i32) (do (call $deep (local.get 0))) (catch $i (i32.add (local.get 0)))))
  (func $up (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (throw $i (i32.const 0))))
    (try (result i32)
      (do (call $up (i32.sub (local.get 0) (i32.const 1))))
      (catch $i (throw $i (i32.add (i32.const 1))))))
  (func (export "up") (param i32) (result i32)
    (try (result i32) (do (call $up (local.get 0))) (catch $i)))
  (func (export "many") (param i32) (result i32) (local i32)
    (loop
      (try (do (throw $i (local.get 0))) (catch $i (local.set 1 (i32.add (local.get 1)))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  ;; Nothing of what is dead is a handler, and what lies behind dead code is.
  (func (export "dead") (result i32)
    (try (result i32)
      (do
        (return (i32.const 4))
        (try (do (throw $a)) (catch $a (rethrow 0)) (catch_all (rethrow 0)))
        (throw $a))
      (catch $a (i32.const 1) (br 0) (rethrow 0))
      (catch_all (unreachable))))
  (func (export "dead-end") (param i32) (result i32)
    (try (result i32)
      (do (throw $i (local.get 0)) (try (result i32) (do (i32.const 1)) (delegate 0)))
      (catch $i (br 0) (throw $a))
      (catch_all (i32.const 3) (unreachable)))))
(assert_return (invoke "which" (i32.const 0)) (i32.const 100))
(assert_return (invoke "which" (i32.const 1)) (i32.const 1))
(assert_return (invoke "which" (i32.const 2)) (i32.const 22))
(assert_return (invoke "which" (i32.const 3)) (i32.const 7))
(assert_return (invoke "which" (i32.const 4)) (i32.const 5))
(assert_return (invoke "which" (i32.const 5)) (i32.const 6))
(assert_trap (invoke "which" (i32.const 6)) "unreachable")
(assert_return (invoke "which" (i32.const 7)) (i32.const 107))
(assert_return (invoke "params" (i32.const 0)) (i32.const 1004100))
(assert_return (invoke "params" (i32.const 1)) (i32.const 1000309))
(assert_return (invoke "params" (i32.const 2)) (i32.const 1000344))
(assert_return (invoke "params" (i32.const 5)) (i32.const 1000309))
(assert_return (invoke "results" (i32.const 0)) (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))
(assert_return (invoke "results" (i32.const 3)) (i32.const 3) (i64.const 4) (f32.const 5) (f64.const 6))
(assert_return (invoke "results" (i32.const 2)) (i32.const 22) (i64.const 12) (f32.const 13) (f64.const 14))
(assert_return (invoke "results" (i32.const 1)) (i32.const 21) (i64.const 22) (f32.const 23) (f64.const 24))
(assert_return (invoke "order" (i32.const 0)) (i32.const 100))
(assert_return (invoke "order" (i32.const 1)) (i32.const 331))
(assert_return (invoke "order" (i32.const 2)) (i32.const 122))
(assert_return (invoke "order" (i32.const 5)) (i32.const 201))
(assert_return (invoke "empty" (i32.const 0)) (i32.const 1))
(assert_return (invoke "empty" (i32.const 5)) (i32.const 2))
(assert_trap (invoke "empty" (i32.const 6)) "unreachable")
(assert_return (invoke "no-handler" (i32.const 0)) (i32.const 100))
(assert_exception (invoke "no-handler" (i32.const 2)))
(assert_return (invoke "rethrow" (i32.const 0)) (i32.const 0))
(assert_return (invoke "rethrow" (i32.const 1)) (i32.const 234))
(assert_return (invoke "rethrow" (i32.const 2)) (i32.const 2252))
(assert_return (invoke "rethrow" (i32.const 5)) (i32.const 234))
(assert_return (invoke "rethrow-depth" (i32.const 0)) (i32.const 12))
(assert_return (invoke "rethrow-depth" (i32.const 1)) (i32.const 11))
(assert_return (invoke "rethrow-depth" (i32.const 2)) (i32.const 2))
(assert_return (invoke "rethrow-three" (i32.const 0)) (i32.const 300))
(assert_return (invoke "rethrow-three" (i32.const 1)) (i32.const 20))
(assert_return (invoke "rethrow-three" (i32.const 2)) (i32.const 1))
;; 7 6 5 4 3 2 1: by four 3 2 1 0 3 2 1.
(assert_return (invoke "loop" (i32.const 7)) (i32.const 4051))
(assert_return (invoke "continue" (i32.const 4)) (i32.const 15))
(assert_return (invoke "br-body" (i32.const 1)) (i32.const 1))
(assert_return (invoke "br-body" (i32.const 2)) (i32.const 101))
(assert_return (invoke "br-body" (i32.const 3)) (i32.const 101))
(assert_return (invoke "br-body" (i32.const 4)) (i32.const 1))
(assert_return (invoke "br-body" (i32.const 5)) (i32.const 101))
(assert_return (invoke "br-catch" (i32.const 1)) (i32.const 9))
(assert_return (invoke "br-catch" (i32.const 2)) (i32.const 7109))
(assert_return (invoke "br-catch" (i32.const 3)) (i32.const 7109))
(assert_return (invoke "br-catch" (i32.const 4)) (i32.const 9))
(assert_return (invoke "br-catch" (i32.const 5)) (i32.const 7109))
(assert_return (invoke "br-catch-all" (i32.const 0)) (i32.const 2))
(assert_return (invoke "br-catch-all" (i32.const 1)) (i32.const 1))
(assert_return (invoke "return-body" (i32.const 1)) (i32.const 2))
(assert_return (invoke "return-catch" (i32.const 41)) (i32.const 42))
(assert_return (invoke "return-many" (i32.const 0)) (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))
(assert_return (invoke "return-many" (i32.const 3)) (i32.const 3) (i64.const 4) (f32.const 5) (f64.const 6))
(assert_exception (invoke "return-many" (i32.const 1)))
(assert_return (invoke "if" (i32.const 0)) (i32.const 77))
(assert_return (invoke "if" (i32.const 2)) (i32.const 22))
(assert_return (invoke "if" (i32.const 9)) (i32.const 109))
(assert_exception (invoke "if" (i32.const 1)))
(assert_return (invoke "operands" (i32.const 2)) (i32.const 2025))
(assert_return (invoke "operands" (i32.const 1)) (i32.const 1003))
(assert_return (invoke "operands" (i32.const 0)) (i32.const 300))
(assert_return (invoke "operands" (i32.const 7)) (i32.const 7342))
(assert_return (invoke "deep" (i32.const 0)) (i32.const 1))
(assert_return (invoke "deep" (i32.const 1000)) (i32.const 1001))
(assert_return (invoke "up" (i32.const 0)) (i32.const 0))
(assert_return (invoke "up" (i32.const 500)) (i32.const 500))
(assert_return (invoke "many" (i32.const 10000)) (i32.const 50005000))
(assert_return (invoke "dead") (i32.const 4))
(assert_return (invoke "dead-end" (i32.const 8)) (i32.const 8))
