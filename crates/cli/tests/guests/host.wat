;; What a program learns of its host: the time in milliseconds, random numbers.
(module $host
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "time") (result i64)
    (drop (call $time (i32.const 0) (i64.const 0) (i32.const 0)))
    (i64.div_u (i64.load (i32.const 0)) (i64.const 1000000)))
  (func (export "random") (result i64)
    (drop (call $random (i32.const 0) (i32.const 8)))
    (i64.load (i32.const 0))))
