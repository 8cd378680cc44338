;; Copies 2048 numbers of 64 bits, 10^5 times.
(module
  (memory (export "memory") INDEX 1)
  (func $copy (param $to INDEX) (param $from INDEX) (param $count INDEX)
    (loop $next
      (i64.store (local.get $to) (i64.load (local.get $from)))
      (local.set $to (INDEX.add (local.get $to) (INDEX.const 8)))
      (local.set $from (INDEX.add (local.get $from) (INDEX.const 8)))
      (br_if $next (INDEX.ne (local.tee $count (INDEX.sub (local.get $count) (INDEX.const 1)))
                             (INDEX.const 0)))))
  (func (export "_start") (local $round i32)
    (loop $again
      (call $copy (INDEX.const 32768) (INDEX.const 1024) (INDEX.const 2048))
      (br_if $again (i32.ne (local.tee $round (i32.add (local.get $round) (i32.const 1)))
                            (i32.const 100000))))))
