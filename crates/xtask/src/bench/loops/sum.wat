;; Adds up 4096 numbers, 10^5 times.
(module
  (memory (export "memory") INDEX 1)
  (func $sum (param $array INDEX) (param $count INDEX) (result i32)
    (local $i INDEX) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum)
        (i32.load (INDEX.add (local.get $array)
                             (INDEX.shl (local.get $i) (INDEX.const 2))))))
      (br_if $next (INDEX.lt_u (local.tee $i (INDEX.add (local.get $i) (INDEX.const 1)))
                               (local.get $count))))
    (local.get $sum))
  (func (export "_start") (local $round i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum)
        (call $sum (INDEX.const 1024) (INDEX.const 4096))))
      (br_if $again (i32.ne (local.tee $round (i32.add (local.get $round) (i32.const 1)))
                            (i32.const 100000))))
    (i32.store (INDEX.const 0) (local.get $sum))))
