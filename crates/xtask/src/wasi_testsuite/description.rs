//! Descriptions of tests: a flat object, for which a list of operations is the longer form.

use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What to run, and what should come of it.
#[derive(Default)]
pub struct Test {
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Directories, and the guest's names of them.
    pub dirs: Vec<(PathBuf, String)>,
    pub expected: Expected,
}

/// What should come of a test.
#[derive(Default)]
pub struct Expected {
    pub exit_code: i64,
    /// Streams and their exact contents. One that isn't mentioned isn't looked at.
    pub streams: Vec<(String, String)>,
}

impl Test {
    /// Reads what is beside a module; or says why such a test can't be run.
    pub fn read(wasm: &Path) -> io::Result<Result<Test, String>> {
        let description = match fs::read(wasm.with_extension("json")) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Value::Null,
            Err(error) => return Err(error),
        };
        Ok(match description["operations"].as_array() {
            Some(operations) => Test::of_operations(wasm, operations),
            None => Ok(Test::of_object(wasm, &description)),
        })
    }

    fn of_operations(wasm: &Path, operations: &[Value]) -> Result<Test, String> {
        let mut test = Test::default();
        for operation in operations {
            match operation["type"].as_str().unwrap_or_default() {
                "run" => {
                    let expected = std::mem::take(&mut test.expected);
                    test = Test {
                        expected,
                        ..Test::launch(wasm, operation)
                    };
                }
                "wait" => test.expected.exit_code = operation["exit_code"].as_i64().unwrap_or(0),
                "read" => test.expected.streams.push((
                    operation["id"].as_str().unwrap_or("stdout").to_owned(),
                    text(&operation["payload"]),
                )),
                other => return Err(format!("the operation `{other}` is not one of WASI 0.1")),
            }
        }
        Ok(test)
    }

    fn of_object(wasm: &Path, description: &Value) -> Test {
        let mut test = Test::launch(wasm, description);
        test.expected.exit_code = description["exit_code"].as_i64().unwrap_or(0);
        for stream in ["stdout", "stderr"] {
            if let Some(payload) = description[stream].as_str() {
                test.expected
                    .streams
                    .push((stream.to_owned(), payload.to_owned()));
            }
        }
        test
    }

    /// `root` names the guest's `/`; the older `dirs` are found by the very names they have.
    fn launch(wasm: &Path, launch: &Value) -> Test {
        let root = launch["root"]
            .as_str()
            .map(|root| (wasm.with_file_name(root), "/".to_owned()));
        let named = list(&launch["dirs"])
            .into_iter()
            .map(|dir| (wasm.with_file_name(&dir), dir));
        let env = launch["env"].as_object().into_iter().flatten();
        Test {
            args: list(&launch["args"]),
            env: env
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            dirs: root.into_iter().chain(named).collect(),
            expected: Expected::default(),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}
