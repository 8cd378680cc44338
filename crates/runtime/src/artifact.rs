//! Modules compiled ahead of time.

use crate::module::Machine;
use crate::{Engine, Error, Module, Result};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use tierra_engine::{Artifact, CodeFile, Compiler};
use tierra_module::Bytes;

/// Whether bytes are a compiled module, of whatever version: what [`Module::serialize`] and
/// [`Engine::precompile`] make. It says nothing of whether they can be loaded.
pub fn is_precompiled(bytes: &[u8]) -> bool {
    tierra_engine::is_artifact(bytes)
}

fn compiler(engine: &Engine) -> Result<&Arc<Compiler>> {
    engine
        .compiler()
        .ok_or_else(|| Error::msg("compiled modules need an engine of a tier that compiles"))
}

fn unfit(why: String) -> Error {
    Error::msg(format!("the compiled module does not fit: {why}"))
}

impl Module {
    /// The module with its machine code, as bytes that [`Module::deserialize`] loads: in an
    /// engine of the same version and a configuration that fits, on a processor that has what the
    /// code uses.
    ///
    /// # Errors
    /// When the engine's tier makes no machine code, or a body that was not [validated
    /// yet](crate::Config::lazy_validation) is not valid.
    pub fn serialize(&self) -> Result<Vec<u8>> {
        // Who loads it relies on that.
        self.module().validate_all()?;
        let compiler = compiler(self.engine())?;
        match self.machine() {
            Some(machine) => Ok(compiler.serialize(self.module(), machine)),
            // What is compiled as a whole is optimized as a whole.
            None => compiler
                .precompile(self.module(), false)
                .map_err(Error::msg),
        }
    }

    /// A module from what [`Module::serialize`] or [`Engine::precompile`] made.
    ///
    /// Damaged bytes, those of another version and those that do not fit this machine or
    /// configuration are refused.
    ///
    /// # Errors
    /// Says which thing does not fit.
    ///
    /// # Safety
    /// The bytes were made by [`Module::serialize`] or [`Engine::precompile`], and nobody who is
    /// not trusted with the process could change them since: a checksum finds accidents, but the
    /// machine code is run as it is.
    pub unsafe fn deserialize(engine: &Engine, bytes: impl Into<Vec<u8>>) -> Result<Self> {
        // SAFETY: the caller's.
        unsafe { Self::deserialize_shared(engine, Arc::new(bytes.into())) }
    }

    /// As [`Module::deserialize`], from a file, which is mapped: nothing of it is copied but what
    /// has to be, unless the system does not let the file be executed.
    ///
    /// # Errors
    /// As for [`Module::deserialize`], and when the file can't be read.
    ///
    /// # Safety
    /// As for [`Module::deserialize`], and nobody changes or shortens the file while the module
    /// exists: as with every program, its code is executed from the file itself. (To replace it,
    /// make another one and rename it.)
    pub unsafe fn deserialize_file(
        engine: &Engine,
        path: impl AsRef<std::path::Path>,
    ) -> Result<Self> {
        let (bytes, file) = tierra_engine::map_file(path.as_ref())?;
        // SAFETY: the caller's.
        unsafe { Self::load(engine, bytes, Some(file)) }
    }

    /// As [`Module::deserialize`], from bytes that are kept as they are.
    ///
    /// # Errors
    /// As for [`Module::deserialize`].
    ///
    /// # Safety
    /// As for [`Module::deserialize`].
    pub unsafe fn deserialize_shared(engine: &Engine, bytes: Bytes) -> Result<Self> {
        // SAFETY: the caller's.
        unsafe { Self::load(engine, bytes, None) }
    }

    /// # Safety
    /// As for [`Module::deserialize`]; the file, if there is one, has these bytes, and nobody
    /// changes it while the module exists.
    unsafe fn load(engine: &Engine, bytes: Bytes, file: Option<CodeFile>) -> Result<Self> {
        let settings = compiler(engine)?.settings();
        let features = engine.config().features;
        let artifact = Artifact::open(bytes, file, settings, features).map_err(unfit)?;
        let (bytes, features) = artifact.module();
        let module = Arc::new(tierra_module::Module::of_valid(bytes, features)?);
        Self::assemble(engine, module, None, |module, code| {
            // SAFETY: the caller's; the module keeps both.
            let loaded = unsafe { artifact.load(module, code, settings) };
            loaded.map(Machine::Whole).map_err(unfit)
        })
    }
}

impl Engine {
    /// Compiles a module, for [`Module::deserialize`], without loading it: the processor that the
    /// [configuration](crate::Config::cpu) names need not be this one.
    ///
    /// # Errors
    /// When the bytes are not a module that the engine accepts, or the engine's tier makes no
    /// machine code.
    pub fn precompile(&self, bytes: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        self.precompile_to(bytes.as_ref(), false)
    }

    /// As [`Engine::precompile`]: the bytes are those of an object file in the ELF format, and
    /// this one has symbols, so that debuggers and disassemblers know its functions.
    ///
    /// # Errors
    /// As for [`Engine::precompile`].
    pub fn precompile_with_symbols(&self, bytes: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        self.precompile_to(bytes.as_ref(), true)
    }

    fn precompile_to(&self, bytes: &[u8], symbols: bool) -> Result<Vec<u8>> {
        let compiler = compiler(self)?;
        let module = crate::module::validated(self, bytes)?;
        compiler.precompile(&module, symbols).map_err(Error::msg)
    }
}
