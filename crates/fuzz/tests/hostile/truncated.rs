//! A module cut off at every length, and with every byte changed.

use crate::shape::engine;
use tierra::Module;

fn sample() -> Vec<u8> {
    wat::parse_str(
        r#"(module $sample
          (type $t (func (param i32 i64) (result f32)))
          (rec (type $s (struct (field (mut i32)) (field (ref null $a)))) (type $a (array (mut (ref null $s)))))
          (import "m" "f" (func $f (type $t)))
          (import "m" "g" (global $g (mut i64)))
          (memory $m 1 2) (memory $n i64 0 9)
          (table $x 3 7 funcref) (table $y 1 externref)
          (tag $e (param i32))
          (global $h (mut f64) (f64.const 1.5))
          (global $k (ref $s) (struct.new $s (i32.const 4) (ref.null $a)))
          (export "a" (func 1)) (export "b" (memory $m)) (export "c" (table $x))
          (start $start)
          (elem (i32.const 1) $start $f)
          (elem declare func $start)
          (data (i32.const 8) "hello") (data "passive")
          (func $start (local i32 v128 (ref null $a))
            (block $b (result i32)
              (try_table (catch $e $b) (throw $e (i32.const 3)))
              (i32.const 1))
            (local.set 0)
            (br_table 0 0 0 (local.get 0))
            (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 1))
            (local.set 1 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 1) (local.get 1)))
            (drop (ref.cast (ref null $s) (local.get 2)))))"#,
    )
    .expect("the sample is a module")
}

#[test]
fn every_prefix() {
    let (engine, bytes) = (engine(), sample());
    Module::new(&engine, &bytes).expect("all of it is a module");
    // A cut between sections may leave a module; any other cut leaves none.
    let modules = (0..bytes.len()).filter(|len| Module::new(&engine, &bytes[..*len]).is_ok());
    assert!(modules.count() < 12);
}

#[test]
fn every_byte_changed() {
    let (engine, bytes) = (engine(), sample());
    for at in 0..bytes.len() {
        for change in [0x01, 0x40, 0x80, 0xff, bytes[at]] {
            let mut bytes = bytes.clone();
            bytes[at] ^= change;
            let _ = Module::new(&engine, &bytes);
        }
    }
}

#[test]
fn every_byte_missing_or_doubled() {
    let (engine, bytes) = (engine(), sample());
    for at in 0..bytes.len() {
        let mut less = bytes.clone();
        less.remove(at);
        let _ = Module::new(&engine, &less);
        let mut more = bytes.clone();
        more.insert(at, bytes[at]);
        let _ = Module::new(&engine, &more);
    }
}
