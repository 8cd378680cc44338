//! Custom sections that scripts make assertions about.

use wasmparser::{BinaryReader, BranchHintSectionReader, Parser, Payload};

/// Checks the branch hints of a module: each must be for an `if` or a `br_if` of its function.
pub(crate) fn check(module: &[u8]) -> Result<(), String> {
    let text = |e: wasmparser::BinaryReaderError| e.to_string();
    let mut hints = None;
    let mut imported = 0;
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(text)? {
            Payload::CustomSection(section) if section.name() == "metadata.code.branch_hint" => {
                hints = Some(section.data());
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let is_func = matches!(import.map_err(text)?.ty, wasmparser::TypeRef::Func(_));
                    imported += u32::from(is_func);
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
            _ => {}
        }
    }
    let Some(hints) = hints else { return Ok(()) };
    for func in BranchHintSectionReader::new(BinaryReader::new(hints, 0)).map_err(text)? {
        let func = func.map_err(text)?;
        let body = func
            .func
            .checked_sub(imported)
            .and_then(|i| bodies.get(i as usize));
        let body = body.ok_or("branch hint for a function that does not exist")?;
        for hint in func.hints {
            let offset = hint.map_err(text)?.func_offset as usize;
            // 0x04 is `if`, 0x0d is `br_if`.
            if !matches!(body.get(offset), Some(0x04 | 0x0d)) {
                return Err("branch hint with an invalid target".into());
            }
        }
    }
    Ok(())
}
