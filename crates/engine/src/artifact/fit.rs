//! What an artifact fits: the machine, the engine, its configuration.

use crate::compiler::Settings;
use crate::link;
use core::mem::offset_of;
use tierra_asm::x64::Features as Cpu;
use tierra_core::Features;
use tierra_module::Module;
use tierra_vm::{ExecContext, FuncRecord, FuncRef, Instance, MemoryDef, TableDef, TableFunc};

/// Where code finds things: equal hashes mean equal layouts.
const LAYOUT: u64 = {
    macro_rules! offsets {
        ($($ty:ident { $($field:ident)* })*) => { [$($(offset_of!($ty, $field),)* size_of::<$ty>()),*] };
    }
    let offsets = offsets! {
        Instance { exec memory0 memories globals tables funcs tags type_ids }
        ExecContext { stack_limit fuel heap_base builtins machine_exit resume }
        FuncRecord { machine_entry host }
        FuncRef { record instance type_id }
        TableFunc { record instance type_id funcref }
        TableDef { base len }
        MemoryDef { base len }
    };
    let mut hash = tierra_vm::builtins::Builtin::Throw as u64;
    let mut i = 0;
    while i < offsets.len() {
        hash = (hash ^ offsets[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
};

/// What the code of a module was compiled for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fit {
    target: u32,
    cpu: u32,
    features: u32,
    modes: u32,
    /// One bit for each of the first 32 memories: more do not fit a word, and whether memories
    /// are guarded follows from their types and the settings.
    guarded: u32,
    /// The machine code of the stubs is part of the contract, too.
    stubs: u32,
    layout: u64,
}

/// In [`Fit::modes`]: it counts fuel.
const FUEL: u32 = 1;
/// In [`Fit::modes`]: its loops do not notice that they are to stop.
const ENDLESS: u32 = 2;

/// This target, as a number: the operating systems have their own ways of faults.
const TARGET: u32 = if cfg!(any(target_os = "linux", target_os = "android")) {
    0x8664_0001
} else {
    0x8664_0002
};

impl Fit {
    /// Bytes in a file.
    pub const BYTES: usize = 32;

    /// Of code that is compiled here.
    pub fn of(module: &Module, settings: &Settings) -> Self {
        let plan = settings.memory_plan();
        let bit = |(i, memory)| u32::from(plan(memory).guarded) << i;
        Self {
            target: TARGET,
            cpu: settings.cpu_features().bits(),
            features: feature_bits(module.features()),
            modes: u32::from(settings.fuel) * FUEL + u32::from(!settings.interruption) * ENDLESS,
            guarded: module.memories.iter().take(32).enumerate().map(bit).sum(),
            stubs: stubs(),
            layout: LAYOUT,
        }
    }

    /// As in a file.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let words = [
            self.target,
            self.cpu,
            self.features,
            self.modes,
            self.guarded,
            self.stubs,
            self.layout as u32,
            (self.layout >> 32) as u32,
        ];
        let mut bytes = [0; Self::BYTES];
        for (to, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *to = word.to_le_bytes();
        }
        bytes
    }

    /// From a file.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let word = |i: usize| u32::from_le_bytes(bytes.as_chunks().0[i]);
        Self {
            target: word(0),
            cpu: word(1),
            features: word(2),
            modes: word(3),
            guarded: word(4),
            stubs: word(5),
            layout: u64::from(word(6)) | u64::from(word(7)) << 32,
        }
    }

    /// The features of WebAssembly that the module was validated with.
    pub fn features(&self) -> Features {
        let on = |i: usize| self.features >> i & 1 != 0;
        let all = Features::ALL.iter().enumerate();
        all.fold(Features::WASM1, |set, (i, (_, f))| set.with(*f, on(i)))
    }

    /// Whether the code can run on this machine, in an engine of these settings that accepts
    /// modules with these features.
    ///
    /// # Errors
    /// Names the first thing that does not fit.
    pub fn check(&self, settings: &Settings, features: Features) -> Result<(), String> {
        if self.target != TARGET {
            return Err("it is for another operating system".into());
        }
        if (self.layout, self.stubs) != (LAYOUT, stubs()) {
            return Err("it was made by another build of Tierra: the layout differs".into());
        }
        // A feature that this build does not know is none that the processor is known to have.
        let here = crate::cpu::features();
        if self.cpu & !here.bits() != 0 {
            let names = Cpu::all().names().filter(|name| {
                let one = Cpu::NONE.modify(name).map_or(0, Cpu::bits);
                let new = Cpu::NONE.modify(name).is_ok_and(|f| !here.contains(f));
                new && self.cpu & one == one
            });
            let names: Vec<_> = names.collect();
            return Err(format!(
                "it is for a processor with {}, which this one lacks",
                names.join(", ")
            ));
        }
        if (self.modes & FUEL != 0) != settings.fuel {
            let (its, ours) = if settings.fuel {
                ("without", "counts it")
            } else {
                ("with", "does not count it")
            };
            return Err(format!("it was compiled {its} fuel, and the engine {ours}"));
        }
        if self.modes & ENDLESS != 0 && settings.interruption {
            return Err("its loops can't be interrupted, and the engine's must be".into());
        }
        let missing = Features::ALL
            .iter()
            .enumerate()
            .find(|(i, (_, feature))| self.features >> i & 1 != 0 && !features.contains(*feature));
        match missing {
            Some((_, (name, _))) => Err(format!(
                "its module may use the feature `{name}`, which the engine has switched off"
            )),
            None => Ok(()),
        }
    }

    /// Whether the module's memories are as the code takes them to be: code that checks bounds by
    /// itself does not mind guard pages.
    ///
    /// # Errors
    /// When they are not.
    pub fn check_memories(&self, module: &Module, settings: &Settings) -> Result<(), String> {
        if self.guarded & !Self::of(module, settings).guarded == 0 {
            return Ok(());
        }
        Err("it relies on guard pages of memories, and the engine's have none".into())
    }
}

fn feature_bits(features: Features) -> u32 {
    let bit = |(i, (_, f)): (usize, &(_, Features))| u32::from(features.contains(*f)) << i;
    Features::ALL.iter().enumerate().map(bit).sum()
}

/// A hash of the stubs.
fn stubs() -> u32 {
    tierra_checksum::checksum(&link::stubs().code, None) as u32
}

const _: () = assert!(Features::ALL.len() <= 32);
