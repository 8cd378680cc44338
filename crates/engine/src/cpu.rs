//! What this machine can do.

use core::arch::x86_64::{__cpuid_count, _xgetbv};
use std::sync::OnceLock;
use tierra_asm::x64::Features;

/// The features of the processor that code may use.
pub fn features() -> Features {
    static FEATURES: OnceLock<Features> = OnceLock::new();
    *FEATURES.get_or_init(|| {
        let leaf = |leaf, sub| {
            let r = __cpuid_count(leaf, sub);
            [r.eax, r.ebx, r.ecx, r.edx]
        };
        let has_xgetbv = std::is_x86_feature_detected!("xsave");
        // SAFETY: the operating system uses the instruction itself.
        let xcr0 = if has_xgetbv { unsafe { xcr0() } } else { 0 };
        Features::from_cpuid(leaf, xcr0)
    })
}

/// Whether code that uses these features can run here.
///
/// # Errors
/// Names the features that are missing.
pub fn check(used: Features) -> Result<(), String> {
    let here = features();
    if here.contains(used) {
        return Ok(());
    }
    let had: Vec<_> = here.names().collect();
    let missing: Vec<_> = used.names().filter(|name| !had.contains(name)).collect();
    Err(format!(
        "the code is for a processor with {}, which this one lacks",
        missing.join(", ")
    ))
}

/// # Safety
/// The processor has the instruction.
#[target_feature(enable = "xsave")]
unsafe fn xcr0() -> u64 {
    // SAFETY: the caller's.
    unsafe { _xgetbv(0) }
}
