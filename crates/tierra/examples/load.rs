//! What loading a compiled module costs: `cargo run --release --example load FILE [ROUNDS]`. FILE
//! is a module, or what `tierra compile` made of one.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tierra::{Config, Engine, Module, Tier};

/// The parts of loading, which `Module::deserialize_file` does one after the other.
mod parts {
    use super::{Duration, Instant, Path};
    use tierra_engine::{Artifact, Compiler, Settings, map_file};
    use tierra_interp::{CodeConfig, ModuleCode};

    pub const NAMES: [&str; 5] = [
        "mapping the file",
        "checksum and fit",
        "module",
        "records",
        "code",
    ];

    pub fn compiler() -> std::sync::Arc<Compiler> {
        Compiler::new(Settings::default()).expect("compiled code runs here")
    }

    pub fn load(compiler: &Compiler, path: &Path) -> [Duration; 5] {
        let settings = compiler.settings();
        let mut times = [Duration::ZERO; 5];
        let mut last = Instant::now();
        let mut lap = |part: usize| {
            let now = Instant::now();
            times[part] = now - std::mem::replace(&mut last, now);
        };
        let (bytes, file) = map_file(path).expect("the file is there");
        lap(0);
        let artifact = Artifact::open(bytes, Some(file), settings, Default::default());
        let artifact = artifact.expect("it fits");
        lap(1);
        let (bytes, features) = artifact.module();
        let module = tierra_module::Module::of_valid(bytes, features).expect("it is valid");
        lap(2);
        let module = std::sync::Arc::new(module);
        let code = ModuleCode::new(module.clone(), CodeConfig::default(), None);
        lap(3);
        // SAFETY: of this module; both are dropped here, and nobody runs it.
        let loaded = unsafe { artifact.load(&module, &code, settings) }.expect("it fits");
        lap(4);
        drop((code, loaded));
        times
    }
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
    let (first, median) = (times[0], times[times.len() / 2]);
    println!(
        "{what:<28} minimum {:7.1} µs   median {:7.1} µs",
        microseconds(first),
        microseconds(median)
    );
}

fn main() -> tierra::Result<()> {
    let mut args = std::env::args().skip(1);
    let file = PathBuf::from(args.next().expect("an argument: FILE"));
    let rounds: usize = args
        .next()
        .map_or(50, |n| n.parse().expect("a number of rounds"));
    let engine = Engine::new(Config::new().tier(Tier::Optimizing))?;
    let bytes = std::fs::read(&file)?;
    let (path, made) = if tierra::is_precompiled(&bytes) {
        (file, false)
    } else {
        let path = std::env::temp_dir().join(format!("tierra-load-{}", std::process::id()));
        std::fs::write(&path, engine.precompile(&bytes)?)?;
        (path, true)
    };
    println!("{} bytes", std::fs::metadata(&path)?.len());

    let compiler = parts::compiler();
    let loads: Vec<_> = (0..rounds).map(|_| parts::load(&compiler, &path)).collect();
    for (i, name) in parts::NAMES.iter().enumerate() {
        row(name, loads.iter().map(|parts| parts[i]).collect());
    }
    let (mut loads, mut drops) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let start = Instant::now();
        // SAFETY: the user's: nobody changes the file.
        let module = unsafe { Module::deserialize_file(&engine, &path)? };
        loads.push(start.elapsed());
        let start = Instant::now();
        drop(module);
        drops.push(start.elapsed());
    }
    row("Module::deserialize_file", loads);
    row("dropping the module", drops);
    if made {
        std::fs::remove_file(path)?;
    }
    Ok(())
}
