//! `tierra compile`: modules to files of machine code.

mod watch;

use crate::commands::{CompileOptions, Emit};
use crate::embedded;
use crate::engine::{engine, features};
use crate::failure::Failure;
use crate::source::Source;
use std::path::Path;
use tierra::{Config, OptLevel};

/// Compiles a module and writes what `--emit` says.
pub fn run(options: &CompileOptions) -> Result<i32, Failure> {
    let mut config = Config::new();
    config
        .tier(options.tier.into())
        .features(features(&options.wasm)?)
        .consume_fuel(options.count_fuel)
        .compile_threads(options.threads)
        .cpu(options.cpu.clone())
        .opt_level(match options.opt {
            crate::commands::Opt::None => OptLevel::None,
            crate::commands::Opt::Speed => OptLevel::Speed,
            crate::commands::Opt::Size => OptLevel::Size,
        });
    options.code.apply(&mut config);
    let engine = engine(&config)?;
    let source = Source::read(&options.file)?;
    if source.is_precompiled() {
        return Err(Failure::user(format!(
            "`{}` is compiled already",
            source.name
        )));
    }
    if options.dump.is_some() || options.time_passes {
        watch::run(options, &engine, &source)?;
        return Ok(0);
    }
    let output = options.output.as_deref();
    let output = output.expect("it is required unless the compiler is watched");
    let bytes = source.precompile(&engine, options.emit == Emit::Obj)?;
    match options.emit {
        Emit::Artifact | Emit::Obj => write(output, &bytes)?,
        Emit::Exe => {
            if options.count_fuel {
                return Err(Failure::user("`--emit exe` can't count fuel").hint(
                    "nothing grants fuel to a program of its own; leave `--count-fuel` out",
                ));
            }
            write(output, &embedded::program(&bytes)?)?;
            make_executable(output)?;
        }
    }
    Ok(0)
}

/// Writes a file as a whole: what maps the old one keeps it.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let name = path.display();
    let failed = |error| Failure::user(format!("cannot write `{name}`: {error}"));
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    std::fs::write(&beside, bytes).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(|error| {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&beside);
        failed(error)
    })
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let all = std::fs::metadata(path).and_then(|metadata| {
        let mut permissions = metadata.permissions();
        // Whoever may read it may run it.
        let mode = permissions.mode();
        permissions.set_mode(mode | (mode & 0o444) >> 2);
        std::fs::set_permissions(path, permissions)
    });
    let name = path.display();
    all.map_err(|error| Failure::host(format!("cannot make `{name}` executable: {error}")))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<(), Failure> {
    Ok(())
}
