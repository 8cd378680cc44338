//! Assembles the guest, and tells the linker where the board's layout is.

use std::{env::var, fs::write, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=guest.wat");
    println!("cargo::rerun-if-changed=link.x");
    let folder = var("CARGO_MANIFEST_DIR").expect("Cargo sets it");
    println!("cargo::rustc-link-search={folder}");
    let wasm = wat::parse_file("guest.wat").unwrap_or_else(|e| panic!("{e}"));
    let out = var("OUT_DIR").expect("Cargo sets it");
    write(Path::new(&out).join("guest.wasm"), wasm).expect("the build folder can be written");
}
