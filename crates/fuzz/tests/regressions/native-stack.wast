;; Found by the target `outside` in a build without LTO, and in the dev profile: handlers that did
;; not end in a jump left bytes on the native stack each time, and loops aborted the process.

(module
  (memory 1)
  (func (export "loads") (param i32) (result i32) (local i32)
    (loop
      (local.set 1 (i32.add (local.get 1) (i32.load16_s (local.get 1))))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if 0 (local.get 0)))
    (local.get 1))
  (func (export "vectors") (param i32) (result i32) (local v128)
    (loop
      (local.set 1 (i8x16.avgr_u (local.get 1) (i32x4.splat (local.get 0))))
      (local.set 1 (i16x8.narrow_i32x4_s (local.get 1) (i32x4.splat (local.get 0))))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if 0 (local.get 0)))
    (i32x4.extract_lane 2 (local.get 1))))

(assert_return (invoke "loads" (i32.const 1000000)) (i32.const 0))
(assert_return (invoke "vectors" (i32.const 1000000)) (i32.const 65537))

;; The same, of `throw`: its handler gave the address of its frame to what makes the exception.
(module
  (tag $t (param i32))
  (func (export "throws") (param i32) (result i32) (local i32)
    (loop $again
      (block $caught (result i32)
        (try_table (catch $t $caught) (throw $t (i32.const 2)))
        (unreachable))
      (local.set 1 (i32.add (local.get 1)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (local.get 0)))
    (local.get 1)))

(assert_return (invoke "throws" (i32.const 100000)) (i32.const 200000))
