;; What the runner itself has to get right: naming, registering, threads, either, wait.
(module definition $definition
  (memory (export "memory") 1 1 shared)
  (global $g (export "g") (mut i32) (i32.const 0))
  (func (export "set") (param i32) (global.set $g (local.get 0))))

(module instance $a $definition)
(module instance $b $definition)
(invoke $a "set" (i32.const 1))
(assert_return (get $a "g") (i32.const 1))
(assert_return (get $b "g") (i32.const 0))
(register "a" $a)

(thread $writer (shared (module $a))
  (register "a" $a)
  (module
    (import "a" "memory" (memory 1 1 shared))
    (func (export "write")
      (i32.atomic.store (i32.const 8) (i32.const 42))
      (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))))
  (invoke "write"))

(module
  (import "a" "memory" (memory 1 1 shared))
  (func (export "wait") (result i32)
    (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))
    (i32.atomic.load (i32.const 8))))
(assert_return (invoke "wait") (i32.const 42))
(wait $writer)

(module
  (func (export "nan") (result f32) (f32.const nan))
  (func (export "refs") (param externref) (result externref) (local.get 0)))
(assert_return (invoke "nan") (either (f32.const 1) (f32.const nan:canonical)))
(assert_return (invoke "refs" (ref.extern 7)) (ref.extern 7))
(assert_return (invoke "refs" (ref.null extern)) (ref.null extern))
