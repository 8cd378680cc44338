;; Custom sections and annotations: none of them changes what a module does, whatever they hold
;; and wherever they stand; what a name section says of a module that can be read or not.
(module $named
  (@custom "a" "contents")
  (@custom "a" "more of the same name")
  (@custom "" "no name")
  (@custom "name-less")
  (type $t (func (result i32)))
  (@custom "b" (before first) "b")
  (@custom "c" (after last) "c")
  (@custom "d" (before code) "d")
  (@custom "e" (after type) "\00\01\ff\80")
  (import "spectest" "print" (func $print))
  (@unknown (with (anything) "in" it 1 2.5 $x))
  (func $f (@name "a name of its own") (export "f") (type $t) (@inside) (call $print) (i32.const (@within) 42))
  (func (export "hint") (param i32) (result i32)
    (@metadata.code.branch_hint "\00") (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2))))
  (func (export "hint-br") (param i32) (result i32)
    (block (result i32)
      (i32.const 5) (local.get 0)
      (@metadata.code.branch_hint "\01") (br_if 0)
      (i32.add (i32.const 1))))
  (table (@custom-ish) 1 funcref)
  (memory 1) (global $g i32 (i32.const 7)) (elem (i32.const 0) func $f) (data (i32.const 0) "x"))
(assert_return (invoke "f") (i32.const 42))
(assert_return (invoke "hint" (i32.const 1)) (i32.const 1))
(assert_return (invoke "hint" (i32.const 0)) (i32.const 2))
(assert_return (invoke "hint-br" (i32.const 1)) (i32.const 5))
(assert_return (invoke "hint-br" (i32.const 0)) (i32.const 6))

;; Custom sections in the binary: between all sections, empty ones, names with any text.
(module binary "\00asm" "\01\00\00\00"
  "\00\03\02hi"                       ;; no contents
  "\00\01\00"                         ;; no name
  "\01\05\01\60\00\01\7f"             ;; type: [] -> [i32]
  "\00\08\04name" "\01\02\03"         ;; a name section that cannot be read, too early
  "\03\02\01\00"                      ;; function
  "\00\05\03\e2\98\83\00"             ;; a name of three bytes
  "\07\05\01\01f\00\00"               ;; export
  "\00\0c\04name" "\ff\ff\ff\ff\ff\ff\ff"
  "\0a\06\01\04\00\41\2a\0b"          ;; code
  "\00\0a\04name" "\01\03\ff\ff\03"   ;; function names: too many
  "\00\07\04name" "\09\00")           ;; an unknown subsection
(assert_return (invoke "f") (i32.const 42))
(assert_malformed (module binary "\00asm" "\01\00\00\00" "\00\00") "unexpected end")
(assert_malformed (module binary "\00asm" "\01\00\00\00" "\00\02\02h") "unexpected end")
(assert_malformed (module binary "\00asm" "\01\00\00\00" "\00\05\02h") "unexpected end")
(assert_malformed (module binary "\00asm" "\01\00\00\00" "\00\03\02\c3\28") "malformed UTF-8 encoding")
(assert_malformed (module binary "\00asm" "\01\00\00\00" "\00\ff\ff\ff\ff\0f\01a") "length out of bounds")
(assert_malformed_custom (module quote "(@custom)") "@custom annotation: missing section name")
(assert_malformed_custom (module quote "(@custom \"a\" (after nowhere) \"b\")") "@custom annotation")
(assert_invalid_custom
  (module quote "(func (@metadata.code.branch_hint \"\\00\") (nop))")
  "@metadata.code.branch_hint annotation: invalid target")

;; Names that are the same, empty, or as long as they like.
(module
  (func $a (@name "same") (export "") (result i32) (i32.const 1))
  (func $b (@name "same") (export "\00") (result i32) (i32.const 2))
  (func $c (@name "") (export "\u{feff}") (result i32) (i32.const 3))
  (func (export "a b") (param $x (@name "y") i32) (result i32) (local $z (@name "") i32) (local.get $x)))
(assert_return (invoke "") (i32.const 1))
(assert_return (invoke "\00") (i32.const 2))
(assert_return (invoke "\u{feff}") (i32.const 3))
(assert_return (invoke "a b" (i32.const 4)) (i32.const 4))
