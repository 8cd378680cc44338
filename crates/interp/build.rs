//! Chooses the dispatch backend: sibling calls need an optimizing build (LLVM turns a call in
//! tail position into a jump only from `opt-level = 2` on) and a calling convention with enough
//! registers. Everything else gets the portable loop.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let optimized = var("OPT_LEVEL").is_ok_and(|level| level == "2" || level == "3");
    let registers =
        var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64" || arch == "aarch64");
    let loop_wanted = var("CARGO_FEATURE_LOOP_DISPATCH").is_ok() || var("CARGO_CFG_MIRI").is_ok();
    // The upper half of the handler's word says where operands are.
    let compact = var("CARGO_FEATURE_COMPACT").is_ok();
    if compact && var("CARGO_CFG_TARGET_POINTER_WIDTH").is_ok_and(|width| width == "32") {
        println!("cargo::rustc-cfg=tierra_compact");
    }
    if optimized && registers && !loop_wanted {
        println!("cargo::rustc-cfg=tierra_sibling_dispatch");
    }
}
