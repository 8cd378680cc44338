;; The normal target of a call that may throw is empty and leads to a loop: the call's result must
;; still have a block from which on it is there.
(module
  (type $f (func (param i32) (result i32)))
  (table funcref (elem $id))
  (global $left (mut i32) (i32.const 5))
  (func $id (type $f) (local.get 0))
  (func (export "run") (param $n i32) (result i32) (local $got i32)
    (block $h
      (try_table (catch_all $h)
        (local.set $got (call_indirect (type $f) (local.get $n) (i32.const 0)))
        (loop $next
          (global.set $left (i32.sub (global.get $left) (i32.const 1)))
          (br_if $next (i32.ge_s (global.get $left) (i32.const 0))))))
    (i32.add (local.get $n) (local.get $got))))
