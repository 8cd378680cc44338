//! `tierra cache`, and the cache of `tierra run`.

use crate::commands::{CacheAction, CacheCommand};
use crate::failure::Failure;
use crate::options::CacheOptions;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use tierra_cache::{Cache, Error, Info};

/// What `--cache` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Choice {
    /// No cache.
    Off,
    /// This folder.
    Folder(PathBuf),
}

impl Choice {
    /// `off`, or a folder.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("write `off` or a folder".into()),
            "off" => Ok(Self::Off),
            folder => Ok(Self::Folder(folder.into())),
        }
    }
}

impl CacheOptions {
    /// The cache that the user wants. What can't be had is a mistake only if the user named it.
    pub fn open(&self) -> Result<Option<Cache>, Failure> {
        match &self.cache {
            Some(Choice::Off) => Ok(None),
            Some(Choice::Folder(folder)) => match Cache::open(folder, self.cache_limit) {
                Ok(cache) => Ok(Some(cache)),
                Err(error) => Err(Failure::user(error).hint("`--cache off` does without")),
            },
            None => Ok(self.users()),
        }
    }

    fn users(&self) -> Option<Cache> {
        let Some(folder) = Cache::default_dir() else {
            tracing::info!("no cache: the user has no folder for one");
            return None;
        };
        let opened = Cache::open(&folder, self.cache_limit);
        let warn = |error: &Error| tracing::warn!("no cache: {error}");
        opened.inspect_err(warn).ok()
    }
}

/// Does what the user wants with the cache.
pub fn run(command: &CacheCommand) -> Result<i32, Failure> {
    let text = match &command.action {
        CacheAction::Info { dir, json } => {
            let (folder, info) = ask(dir.as_deref(), Cache::info)?;
            let (entries, bytes) = counts(info.as_ref());
            if *json {
                let folder = folder.display().to_string();
                format!(
                    "{:#}\n",
                    json!({ "folder": folder, "entries": entries, "bytes": bytes })
                )
            } else {
                let folder = folder.display();
                format!("folder:  {folder}\nentries: {entries}\nbytes:   {bytes}\n")
            }
        }
        CacheAction::Clear { dir } => {
            let (folder, info) = ask(dir.as_deref(), Cache::clear)?;
            let (entries, bytes) = counts(info.as_ref());
            let folder = folder.display();
            format!("{folder}: {entries} entries of {bytes} bytes removed\n")
        }
    };
    // Whoever reads only the first lines may close the pipe.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(0)
}

/// The folder, and what the cache in it says, if there is one. None is made.
fn ask(
    dir: Option<&Path>,
    question: fn(&Cache) -> Result<Info, Error>,
) -> Result<(PathBuf, Option<Info>), Failure> {
    let folder = match dir {
        Some(dir) => dir.to_owned(),
        None => Cache::default_dir().ok_or_else(|| {
            Failure::user("you have no cache folder: neither XDG_CACHE_HOME nor HOME is set")
                .hint("name one with `--dir DIR`")
        })?,
    };
    let missing = std::fs::symlink_metadata(&folder)
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    if missing {
        return Ok((folder, None));
    }
    // Looking and clearing need no limit.
    let info = Cache::open(&folder, u64::MAX).and_then(|cache| question(&cache));
    Ok((folder, Some(info.map_err(Failure::user)?)))
}

fn counts(info: Option<&Info>) -> (u64, u64) {
    info.map_or((0, 0), |info| (info.entries, info.bytes))
}
