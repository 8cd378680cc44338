;; Follows a ring of 1024 cells, 10^5 times: each begins with the address of the next.
(module
  (memory (export "memory") INDEX 1)
  (func $chase (param $cell INDEX) (param $count i32) (result INDEX)
    (loop $next
      (local.set $cell (INDEX.load (local.get $cell)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $cell))
  (func (export "_start") (local $i INDEX)
    (loop $next
      (INDEX.store
        (INDEX.add (INDEX.const 1024) (INDEX.shl (local.get $i) (INDEX.const 4)))
        (INDEX.add (INDEX.const 1024)
          (INDEX.shl (INDEX.and (INDEX.add (local.get $i) (INDEX.const 389)) (INDEX.const 1023))
                     (INDEX.const 4))))
      (br_if $next (INDEX.ne (local.tee $i (INDEX.add (local.get $i) (INDEX.const 1)))
                             (INDEX.const 1024))))
    (INDEX.store (INDEX.const 0) (call $chase (INDEX.const 1024) (i32.const 102400000)))))
