//! Real programs: the modules in the folders that `TIERRA_PROGRAMS` names, separated by colons.

use crate::{Translation, module};

#[test]
fn programs() {
    let Some(folders) = std::env::var_os("TIERRA_PROGRAMS") else {
        return;
    };
    for folder in std::env::split_paths(&folders) {
        for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("it can be read").path();
            if path.extension().is_none_or(|e| e != "wasm") {
                continue;
            }
            let name = path.display().to_string();
            if let Some(module) = module(std::fs::read(&path).expect("it can be read")) {
                let mut translation = Translation::default();
                translation.module(&name, &module);
                translation.report(&name);
            }
        }
    }
}
