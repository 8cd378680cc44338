;; Spends its time in one function, called by two others.
(module
  (func $work (param $n i32) (result i32) (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $n) (local.get $sum))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func $_RNvC3app4easy (param $n i32)
    (drop (call $work (local.get $n))))
  (func $hard (param $n i32)
    (drop (call $work (i32.mul (local.get $n) (i32.const 3)))))
  (func $main (export "_start")
    (call $_RNvC3app4easy (i32.const 40000000))
    (call $hard (i32.const 40000000)))
  (func (export "trap") (param i32)
    (call $hard (local.get 0))
    (unreachable)))
