//! Imports that nothing defines.

use super::host::State;
use std::fmt;
use tierra::{Error, ExternType, Linker, Module, Result, Store, Trap};

/// What a module imports and nobody gives, with types.
#[derive(Debug)]
pub struct Unmet(Vec<Import>);

#[derive(Debug)]
struct Import {
    module: String,
    name: String,
    kind: &'static str,
    ty: String,
}

impl Unmet {
    /// The imports of a module that a linker doesn't know.
    pub fn of(linker: &Linker<State>, store: &mut Store<State>, module: &Module) -> Unmet {
        let unmet = module
            .imports()
            .filter(|i| linker.get(&mut *store, i.module, i.name).is_none());
        Unmet(
            unmet
                .map(|import| Import {
                    module: import.module.into(),
                    name: import.name.into(),
                    kind: import.ty.kind(),
                    ty: import.ty.to_string(),
                })
                .collect(),
        )
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the user can do.
    pub fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        let mut modules: Vec<_> = self.0.iter().map(|import| import.module.as_str()).collect();
        modules.sort_unstable();
        modules.dedup();
        for module in modules {
            hints.push(match module {
                "wasi_snapshot_preview1" | "wasi_unstable" => {
                    format!(
                        "`{module}` has no such function; the module was made for another version"
                    )
                }
                module if module.starts_with("wasi:") => {
                    "the module was made for a component; build for `wasm32-wasip1`".into()
                }
                module => format!("name a module that exports it: `--preload {module}=FILE`"),
            });
        }
        if self.0.iter().all(|import| import.kind == "func") {
            hints.push(
                "with `--trap-unknown-imports` the program traps only when it calls it".into(),
            );
        }
        hints
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |f: &mut fmt::Formatter<'_>, import: &Import| {
            write!(
                f,
                "`{}` `{}`, a {} {}",
                import.module, import.name, import.kind, import.ty
            )
        };
        match &self.0[..] {
            [import] => {
                f.write_str("nothing defines the import ")?;
                one(f, import)
            }
            imports => {
                write!(f, "nothing defines {} of the imports:", imports.len())?;
                imports.iter().try_for_each(|import| {
                    f.write_str("\n  ")?;
                    one(f, import)
                })
            }
        }
    }
}

impl std::error::Error for Unmet {}

/// Defines a function for every import that is one and isn't defined: it traps, and says which
/// it was.
pub fn trap_unknown(
    linker: &mut Linker<State>,
    store: &mut Store<State>,
    module: &Module,
) -> Result<()> {
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty else {
            continue;
        };
        if linker
            .get(&mut *store, import.module, import.name)
            .is_some()
        {
            continue;
        }
        let name = format!("`{}` `{}`", import.module, import.name);
        linker.func_new(import.module, import.name, ty, move |_, _, _| {
            Err(Error::from(Trap::UnknownImport)
                .context(format!("nothing defines the import {name}")))
        })?;
    }
    Ok(())
}
