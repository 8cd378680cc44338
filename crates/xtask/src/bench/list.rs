//! Lists of programs.
//!
//! A list is JSON: objects with `name`, `wasm`, `cwd`, `dirs`, `args`. `stdout_varies` says that
//! the output is another one every time, `NAME_options` what an engine must be told to run it.

use super::options::Options;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A program and how it is started.
#[derive(Clone)]
pub struct Program {
    pub name: String,
    pub wasm: PathBuf,
    pub cwd: PathBuf,
    pub dirs: Vec<String>,
    pub args: Vec<String>,
    pub stdout_varies: bool,
    description: Value,
}

impl Program {
    /// A module that needs nothing.
    pub fn bare(name: &str, wasm: PathBuf) -> Self {
        Program {
            name: name.into(),
            wasm,
            cwd: ".".into(),
            dirs: Vec::new(),
            args: Vec::new(),
            stdout_varies: false,
            description: Value::Null,
        }
    }

    fn of(description: Value, folder: &Path) -> Self {
        let text = |key: &str| description[key].as_str().unwrap_or_default();
        Program {
            name: text("name").into(),
            wasm: folder.join(text("wasm")),
            cwd: folder.join(text("cwd")),
            dirs: texts(&description["dirs"]),
            args: texts(&description["args"]),
            stdout_varies: description["stdout_varies"].as_bool() == Some(true),
            description,
        }
    }

    /// What an engine must be told.
    pub fn options(&self, engine: &str) -> Vec<String> {
        texts(&self.description[format!("{engine}_options")])
    }
}

/// The programs of the list that are wanted; paths are as seen from the list.
pub fn read(options: &Options) -> Result<Vec<Program>, String> {
    let list = options
        .list
        .as_ref()
        .ok_or("name a list of programs: `--list FILE`")?;
    let name = list.display();
    let text = std::fs::read(list).map_err(|error| format!("cannot read `{name}`: {error}"))?;
    let programs: Vec<Value> =
        serde_json::from_slice(&text).map_err(|error| format!("`{name}`: {error}"))?;
    let folder = std::path::absolute(list).map_err(|error| error.to_string())?;
    let folder = folder.parent().unwrap_or(Path::new("."));
    let programs = programs.into_iter().map(|it| Program::of(it, folder));
    Ok(programs.filter(|it| options.wants(&it.name)).collect())
}

fn texts(value: &Value) -> Vec<String> {
    let values = value.as_array().into_iter().flatten();
    values
        .filter_map(|v| Some(v.as_str()?.to_owned()))
        .collect()
}
