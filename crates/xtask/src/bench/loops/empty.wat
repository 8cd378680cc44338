;; Counts to 10^9.
(module
  (memory (export "memory") 1)
  (func (export "_start") (local $i i32)
    (loop $next
      (br_if $next (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                           (i32.const 1000000000))))
    (i32.store (i32.const 0) (local.get $i))))
