;; A host function that is called by a tail call knows which instance called it.
(module
  (type $f (func (result i32)))
  (type $g (func (param i32 i64 f32 f64 i32 i64 i32 i64 i32 i64) (result i64 f32 i32)))
  (import "" "f" (func $f (type $f)))
  (import "" "g" (func $g (type $g)))
  (table funcref (elem $f $own $g))
  (func $own (export "own") (result i32) i32.const 7)
  (func (export "direct") (result i32) return_call $f)
  (func (export "indirect") (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.and
    return_call_indirect (type $f))
  (func (export "reference") (result i32)
    i32.const 0
    table.get 0
    ref.cast (ref $f)
    return_call_ref $f)
  (func (export "many") (type $g)
    local.get 8 local.get 1 local.get 2 local.get 3 local.get 4
    local.get 5 local.get 6 local.get 7 local.get 0 local.get 9
    return_call $g))
