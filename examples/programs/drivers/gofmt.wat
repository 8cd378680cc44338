;; gofmt as a command: Go on stdin (up to 30,000 bytes), formatted on stdout.
;; `lib` is gofmt.wasm of the npm package @wasm-fmt/gofmt; --preload has initialized it.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))

  (import "lib" "memory" (memory $m 1)) (export "memory" (memory $m))
  (import "lib" "alloc" (func $alloc (param i32) (result i32)))
  (import "lib" "format" (func $format (result i32)))
  (import "lib" "output_ptr" (func $output_ptr (result i32)))
  (import "lib" "output_len" (func $output_len (result i32)))

  (global $iov (mut i32) (i32.const 0))

  (func $slurp (param $p i32) (param $cap i32) (result i32) (local $n i32)
    (loop $more
      (i32.store (global.get $iov) (i32.add (local.get $p) (local.get $n)))
      (i32.store offset=4 (global.get $iov) (i32.sub (local.get $cap) (local.get $n)))
      (if (call $fd_read (i32.const 0) (global.get $iov) (i32.const 1) (i32.add (global.get $iov) (i32.const 8)))
        (then (call $exit (i32.const 74))))
      (if (i32.load offset=8 (global.get $iov))
        (then (local.set $n (i32.add (local.get $n) (i32.load offset=8 (global.get $iov)))) (br $more))))
    (local.get $n))
  (func $emit (param $fd i32) (param $p i32) (param $n i32)
    (loop $more
      (if (local.get $n) (then
        (i32.store (global.get $iov) (local.get $p))
        (i32.store offset=4 (global.get $iov) (local.get $n))
        (if (call $fd_write (local.get $fd) (global.get $iov) (i32.const 1) (i32.add (global.get $iov) (i32.const 8)))
          (then (call $exit (i32.const 74))))
        (local.set $p (i32.add (local.get $p) (i32.load offset=8 (global.get $iov))))
        (local.set $n (i32.sub (local.get $n) (i32.load offset=8 (global.get $iov))))
        (br $more)))))
  (func $strlen (param $p i32) (result i32) (local $n i32)
    (loop $more
      (if (i32.load8_u (i32.add (local.get $p) (local.get $n)))
        (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $more))))
    (local.get $n))

  ;; TinyGo's stack lies at the bottom of memory and grows down: its lowest bytes are idle here
  (func (export "_start") (local $n i32) (local $p i32) (local $r i32)
    (global.set $iov (i32.const 32))
    (local.set $n (call $slurp (i32.const 64) (i32.const 30000)))
    (local.set $p (call $alloc (local.get $n)))
    (memory.copy (local.get $p) (i32.const 64) (local.get $n))
    (local.set $r (call $format))
    (if (i32.eqz (local.get $r)) (then
      (call $emit (i32.const 1) (local.get $p) (local.get $n)) (return)))
    (call $emit (select (i32.const 1) (i32.const 2) (i32.eq (local.get $r) (i32.const 1))) (call $output_ptr) (call $output_len))
    (if (i32.ne (local.get $r) (i32.const 1)) (then (call $exit (i32.const 1)))))
)
