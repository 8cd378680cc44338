//! How much code there is: `.text` of object files, the code section of modules.

/// Bytes of `.text` in a 64-bit ELF file, as both our artifacts and others' are.
pub fn text_bytes(file: &[u8]) -> Option<u64> {
    let number = |at: usize, bytes: usize| -> Option<u64> {
        let field = file.get(at..at.checked_add(bytes)?)?;
        Some(
            field
                .iter()
                .rev()
                .fold(0, |n, byte| n << 8 | u64::from(*byte)),
        )
    };
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let headers = usize::try_from(number(40, 8)?).ok()?;
    let (size, count) = (number(58, 2)? as usize, number(60, 2)? as usize);
    let header = |i: usize| headers.checked_add(i.checked_mul(size)?);
    let names = usize::try_from(number(header(number(62, 2)? as usize)? + 24, 8)?).ok()?;
    for i in 0..count {
        let at = header(i)?;
        let name = names.checked_add(number(at, 4)? as usize)?;
        if file.get(name..)?.starts_with(b".text\0") {
            return number(at + 32, 8);
        }
    }
    None
}

/// Bytes of a module's code section.
pub fn code_section_bytes(module: &[u8]) -> Option<u64> {
    const CODE: u8 = 10;
    let mut at = 8;
    loop {
        let id = *module.get(at)?;
        at += 1;
        let (mut size, mut shift) = (0_u64, 0);
        loop {
            let byte = *module.get(at)?;
            at += 1;
            size |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        if id == CODE {
            return Some(size);
        }
        at = at.checked_add(usize::try_from(size).ok()?)?;
    }
}
