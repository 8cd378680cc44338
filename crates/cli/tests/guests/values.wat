;; Functions of every type.
(module $values
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "all") (param i32 i64 f32 f64 v128) (result v128 f64 f32 i64 i32)
    (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "none"))
  (func (export "null") (result externref funcref) (ref.null extern) (ref.null func))
  (func (export "take") (param externref))
  (memory (export "memory") 1))
