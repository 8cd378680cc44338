;; A cast that can't succeed ends no block: what follows costs fuel.
(module
  (type $array (array i8))
  (func (export "cast") (param eqref) (result i32)
    local.get 0
    ref.cast (ref none)
    drop
    i32.const 1
    i32.const 2
    i32.add)
  (func (export "cast non-null") (result i32)
    i32.const 1
    ref.i31
    ref.cast nullref
    drop
    i32.const 1
    i32.const 2
    i32.add)
  (func (export "branch") (param eqref) (result i32)
    block $l (result (ref none))
      local.get 0
      br_on_cast $l eqref (ref none)
      drop
      i32.const 3
      return
    end
    drop
    i32.const 1
    i32.const 2
    i32.add)
  (func (export "branch on failure") (param eqref) (result i32)
    block $l (result eqref)
      local.get 0
      br_on_cast_fail $l eqref (ref none)
      drop
      i32.const 4
      return
    end
    drop
    i32.const 1
    i32.const 2
    i32.add)
  (func (export "always") (param (ref any)) (result i32)
    block $l (result (ref any))
      local.get 0
      br_on_cast $l (ref any) (ref any)
      drop
      i32.const 4
      return
    end
    ref.test (ref any)))
