;; Three loops of 4, 8 and 10^7 rounds: the innermost is left soon.
(module
  (memory (export "memory") 1)
  (func (export "_start") (local $i i32) (local $j i32) (local $k i32) (local $sum i32)
    (loop $outer
      (local.set $j (i32.const 0))
      (loop $middle
        (local.set $k (i32.const 0))
        (loop $inner
          (local.set $sum (i32.add (local.get $sum)
            (i32.xor (local.get $i) (i32.mul (local.get $j) (local.get $k)))))
          (br_if $inner (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1)))
                                  (i32.const 4))))
        (br_if $middle (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1)))
                                 (i32.const 8))))
      (br_if $outer (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                            (i32.const 10000000))))
    (i32.store (i32.const 0) (local.get $sum))))
