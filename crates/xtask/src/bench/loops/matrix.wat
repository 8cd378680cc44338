;; Multiplies matrices of 64 by 64 numbers, 500 times.
(module
  (memory (export "memory") INDEX 2)
  (func $at (param $matrix INDEX) (param $row INDEX) (param $column INDEX) (result INDEX)
    (INDEX.add (local.get $matrix)
      (INDEX.shl (INDEX.add (INDEX.shl (local.get $row) (INDEX.const 6)) (local.get $column))
                 (INDEX.const 3))))
  (func $multiply (param $a INDEX) (param $b INDEX) (param $to INDEX)
    (local $i INDEX) (local $j INDEX) (local $k INDEX) (local $sum f64)
    (loop $row
      (local.set $j (INDEX.const 0))
      (loop $column
        (local.set $k (INDEX.const 0))
        (local.set $sum (f64.const 0))
        (loop $next
          (local.set $sum (f64.add (local.get $sum) (f64.mul
            (f64.load (INDEX.add (local.get $a)
              (INDEX.shl (INDEX.add (INDEX.shl (local.get $i) (INDEX.const 6)) (local.get $k))
                         (INDEX.const 3))))
            (f64.load (INDEX.add (local.get $b)
              (INDEX.shl (INDEX.add (INDEX.shl (local.get $k) (INDEX.const 6)) (local.get $j))
                         (INDEX.const 3)))))))
          (br_if $next (INDEX.lt_u (local.tee $k (INDEX.add (local.get $k) (INDEX.const 1)))
                                   (INDEX.const 64))))
        (f64.store (call $at (local.get $to) (local.get $i) (local.get $j)) (local.get $sum))
        (br_if $column (INDEX.lt_u (local.tee $j (INDEX.add (local.get $j) (INDEX.const 1)))
                                   (INDEX.const 64))))
      (br_if $row (INDEX.lt_u (local.tee $i (INDEX.add (local.get $i) (INDEX.const 1)))
                              (INDEX.const 64)))))
  (func (export "_start") (local $round i32)
    (loop $again
      (call $multiply (INDEX.const 1024) (INDEX.const 34816) (INDEX.const 69632))
      (br_if $again (i32.ne (local.tee $round (i32.add (local.get $round) (i32.const 1)))
                            (i32.const 500))))))
