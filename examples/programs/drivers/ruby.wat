;; Ruby as a command: runs the script on stdin.
;; `lib` is ruby+stdlib.wasm of the npm package @ruby/3.4-wasm-wasi; --preload has initialized it.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))

  (import "lib" "memory" (memory $m 1)) (export "memory" (memory $m))
  (import "lib" "cabi_realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
  (import "lib" "ruby-init: func(args: list<string>) -> ()" (func $init (param i32 i32)))
  (import "lib" "rb-eval-string-protect: func(str: string) -> tuple<handle<rb-abi-value>, s32>" (func $eval (param i32 i32) (result i32)))

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

  (func $new (param $n i32) (result i32) (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (local.get $n)))
  (func (export "_start") (local $v i32) (local $src i32) (local $n i32)
    (global.set $iov (call $new (i32.const 16)))
    (local.set $src (call $new (i32.const 1048576)))
    (local.set $n (call $slurp (local.get $src) (i32.const 1048576)))
    (local.set $v (call $new (i32.const 128)))
    (i32.store offset=0 (local.get $v) (i32.add (local.get $v) (i32.const 64)))
    (i32.store offset=4 (local.get $v) (i32.const 4))
    (i64.store offset=0 (i32.add (local.get $v) (i32.const 64)) (i64.const 2036495730))
    (i32.store offset=8 (local.get $v) (i32.add (local.get $v) (i32.const 80)))
    (i32.store offset=12 (local.get $v) (i32.const 7))
    (i64.store offset=0 (i32.add (local.get $v) (i32.const 80)) (i64.const 15812378781631789))
    (i32.store offset=16 (local.get $v) (i32.add (local.get $v) (i32.const 96)))
    (i32.store offset=20 (local.get $v) (i32.const 5))
    (i64.store offset=0 (i32.add (local.get $v) (i32.const 96)) (i64.const 207188092205))
    (call $init (local.get $v) (i32.const 3))
    (if (i32.load offset=4 (call $eval (local.get $src) (local.get $n))) (then (call $exit (i32.const 1)))))
)
