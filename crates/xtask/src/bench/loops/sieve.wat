;; Counts the primes below 65536, 500 times.
(module
  (memory (export "memory") INDEX 2)
  (func $sieve (param $flags INDEX) (param $limit INDEX) (result i32)
    (local $i INDEX) (local $k INDEX) (local $count i32)
    (loop $clear
      (i32.store8 (INDEX.add (local.get $flags) (local.get $i)) (i32.const 1))
      (br_if $clear (INDEX.ne (local.tee $i (INDEX.add (local.get $i) (INDEX.const 1)))
                              (local.get $limit))))
    (local.set $i (INDEX.const 2))
    (loop $next
      (if (i32.load8_u (INDEX.add (local.get $flags) (local.get $i)))
        (then
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (local.set $k (INDEX.shl (local.get $i) (INDEX.const 1)))
          (if (INDEX.lt_u (local.get $k) (local.get $limit))
            (then
              (loop $strike
                (i32.store8 (INDEX.add (local.get $flags) (local.get $k)) (i32.const 0))
                (br_if $strike
                  (INDEX.lt_u (local.tee $k (INDEX.add (local.get $k) (local.get $i)))
                              (local.get $limit))))))))
      (br_if $next (INDEX.ne (local.tee $i (INDEX.add (local.get $i) (INDEX.const 1)))
                             (local.get $limit))))
    (local.get $count))
  (func (export "_start") (local $round i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum)
        (call $sieve (INDEX.const 1024) (INDEX.const 65536))))
      (br_if $again (i32.ne (local.tee $round (i32.add (local.get $round) (i32.const 1)))
                            (i32.const 500))))
    (i32.store (INDEX.const 0) (local.get $sum))))
