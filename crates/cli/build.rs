//! Lets debuggers find the interface by which the engine tells them of compiled code, although
//! releases are stripped: its two symbols stay among the dynamic ones.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        for symbol in ["__jit_debug_register_code", "__jit_debug_descriptor"] {
            println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol={symbol}");
        }
    }
}
