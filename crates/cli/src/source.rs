//! Files, and the standard input, as modules.

use crate::failure::Failure;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tierra::{Engine, Error, Module, ModuleError};

/// The first bytes of every component.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// A file that was read.
pub struct Source {
    /// What messages call it.
    pub name: String,
    /// All of it, or the beginning of a compiled module that `file` has.
    bytes: Arc<Vec<u8>>,
    file: Option<PathBuf>,
}

/// So many bytes tell whether a file is a compiled module.
const BEGINNING: u64 = 4096;

impl Source {
    /// Reads a file; `-` is the standard input.
    pub fn read(path: &Path) -> Result<Source, Failure> {
        let name = path.display().to_string();
        if name == "-" {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map_err(|error| {
                Failure::host(format!("cannot read the standard input: {error}"))
            })?;
            return Ok(Source {
                name: "<stdin>".into(),
                bytes: Arc::new(bytes),
                file: None,
            });
        }
        match read(path) {
            Ok((bytes, file)) => Ok(Source {
                name,
                bytes: Arc::new(bytes),
                file,
            }),
            Err(error) => Err(unreadable(&name, &error)),
        }
    }

    /// Reads a file and validates the module in it.
    pub fn load(engine: &Engine, path: &Path) -> Result<Module, Failure> {
        Source::read(path)?.module(engine)
    }

    /// The compiled module in this program.
    pub fn embedded(name: String, bytes: Vec<u8>) -> Source {
        Source {
            name,
            bytes: Arc::new(bytes),
            file: None,
        }
    }

    /// Whether it is a compiled module.
    pub fn is_precompiled(&self) -> bool {
        tierra::is_precompiled(&self.bytes)
    }

    /// The module, which may be a compiled one if the user trusts that.
    pub fn trusted(&self, engine: &Engine, allow_precompiled: bool) -> Result<Module, Failure> {
        if !self.is_precompiled() {
            return self.module(engine);
        }
        let name = &self.name;
        if !allow_precompiled {
            return Err(Failure::user(format!("`{name}` is a compiled module"))
                .hint("if you trust whoever made it, run it with `--allow-precompiled`"));
        }
        let start = std::time::Instant::now();
        // SAFETY: the user says that it may be trusted like a program.
        #[expect(unsafe_code, reason = "the user's decision is made here")]
        let module = unsafe {
            match &self.file {
                Some(file) => Module::deserialize_file(engine, file),
                None => Module::deserialize_shared(engine, self.bytes.clone()),
            }
        };
        let module = module.map_err(|error| {
            Failure::user(format!("`{name}`: {error}"))
                .hint("compile the module again, with `tierra compile`")
        })?;
        tracing::info!(file = self.name, time = ?start.elapsed(), "loaded");
        Ok(module)
    }

    /// The module's machine code, as a file.
    pub fn precompile(&self, engine: &Engine, symbols: bool) -> Result<Vec<u8>, Failure> {
        let bytes = if symbols {
            engine.precompile_with_symbols(&*self.bytes)
        } else {
            engine.precompile(&*self.bytes)
        };
        bytes.map_err(|error| self.refused(&error))
    }

    /// The module.
    pub fn module(&self, engine: &Engine) -> Result<Module, Failure> {
        if self.is_precompiled() {
            let name = &self.name;
            return Err(Failure::user(format!("`{name}` is a compiled module"))
                .hint("only `tierra run --allow-precompiled` takes it"));
        }
        let start = std::time::Instant::now();
        let module = Module::new(engine, &*self.bytes).map_err(|error| self.refused(&error))?;
        tracing::info!(file = self.name, bytes = self.bytes.len(), time = ?start.elapsed(), "validated");
        Ok(module)
    }

    /// Says why the bytes are not accepted as a module.
    fn refused(&self, error: &Error) -> Failure {
        let name = &self.name;
        if self.bytes.starts_with(COMPONENT) {
            return Failure::user(format!(
                "`{name}` is a component; this version runs modules only"
            ))
            .hint("build for `wasm32-wasip1` instead of `wasm32-wasip2`");
        }
        let failure = Failure::user(format!(
            "`{name}` is not a module that can be used: {error}"
        ));
        match error
            .downcast_ref::<ModuleError>()
            .and_then(ModuleError::feature)
        {
            Some(feature) => failure.hint(format!("allow it with `--wasm {feature}`")),
            None => failure,
        }
    }
}

/// The bytes of a file; of a compiled module only the beginning, and the file, which is mapped.
fn read(path: &Path) -> std::io::Result<(Vec<u8>, Option<PathBuf>)> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    file.by_ref().take(BEGINNING).read_to_end(&mut bytes)?;
    // What comes out of a pipe can't be read twice.
    if file.metadata()?.is_file() && tierra::is_precompiled(&bytes) {
        return Ok((bytes, Some(path.into())));
    }
    file.read_to_end(&mut bytes)?;
    Ok((bytes, None))
}

fn unreadable(name: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::user(format!("cannot read `{name}`: {error}"));
    if error.kind() == std::io::ErrorKind::NotFound && Path::new(name).extension().is_none() {
        return failure.hint(format!(
            "`{name}` is neither a file nor a command; `tierra help` lists the commands"
        ));
    }
    if PathBuf::from(name).is_dir() {
        return failure.hint("name a `.wasm` or `.wat` file");
    }
    failure
}
