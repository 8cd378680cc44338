;; Starts a thread, which ends the process by its start argument: 0 a trap, else an exit code.
;; The first thread waits for ever.
(module $threads
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (export "memory" (memory 0))
  (func $run (export "wasi_thread_start") (param $tid i32) (param $code i32)
    (if (local.get $code) (then (call $exit (local.get $code))) (else (unreachable))))
  (func $wait (param $code i32)
    (if (i32.le_s (call $spawn (local.get $code)) (i32.const 0)) (then (call $exit (i32.const 1))))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
  (func (export "trap") (call $wait (i32.const 0)))
  (func (export "_start") (call $wait (i32.const 42))))
