//! Values on the command line.

use std::io::Write;
use tierra::{V128, Val, ValType};

/// Reads a value of a type.
pub fn parse(ty: &ValType, text: &str) -> Result<Val, String> {
    let wrong = |examples: &str| format!("`{text}` is no {ty}; write it as {examples}");
    match ty {
        ValType::I32 => {
            let value = integer(text, 32).ok_or_else(|| wrong("`42`, `-1` or `0xff`"))?;
            Ok(Val::I32(value as i32))
        }
        ValType::I64 => {
            let value = integer(text, 64).ok_or_else(|| wrong("`42`, `-1` or `0xff`"))?;
            Ok(Val::I64(value as i64))
        }
        ValType::F32 => {
            let value: f32 = text
                .parse()
                .map_err(|_| wrong("`1.5`, `-1e10`, `nan` or `inf`"))?;
            Ok(Val::from(value))
        }
        ValType::F64 => {
            let value: f64 = text
                .parse()
                .map_err(|_| wrong("`1.5`, `-1e10`, `nan` or `inf`"))?;
            Ok(Val::from(value))
        }
        ValType::V128 => {
            let digits = text
                .strip_prefix("0x")
                .map(|digits| digits.replace('_', ""));
            let bits = digits.and_then(|digits| u128::from_str_radix(&digits, 16).ok());
            let bits = bits.ok_or_else(|| wrong("`0x` and up to 32 hexadecimal digits"))?;
            Ok(Val::V128(V128::from_bits(bits)))
        }
        ValType::Ref(_) => Err(format!("a {ty} cannot be given on the command line")),
    }
}

/// An integer that fits into so many bits, signed or not.
fn integer(text: &str, bits: u32) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    // No second sign behind the first.
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(digits) => i128::from_str_radix(&digits.replace('_', ""), 16).ok()?,
        None => digits.replace('_', "").parse().ok()?,
    };
    let value = if negative { -value } else { value };
    (-(1 << (bits - 1))..1 << bits)
        .contains(&value)
        .then_some(value)
}

/// Prints values, one per line.
pub fn print(values: &[Val]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for value in values {
        writeln!(out, "{}", show(value))?;
    }
    out.flush()
}

fn show(value: &Val) -> String {
    match value {
        Val::I32(v) => v.to_string(),
        Val::I64(v) => v.to_string(),
        Val::F32(bits) => float(f32::from_bits(*bits)),
        Val::F64(bits) => float(f64::from_bits(*bits)),
        Val::V128(v) => format!("0x{:032x}", v.to_bits()),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => {
            "null".into()
        }
        Val::FuncRef(_) => "funcref".into(),
        Val::ExternRef(_) => "externref".into(),
        Val::AnyRef(_) => "anyref".into(),
        Val::ExnRef(_) => "exnref".into(),
    }
}

/// The shortest digits that give the same number again.
fn float(value: impl ToString) -> String {
    value.to_string().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(ty: &ValType, text: &str) -> Result<String, String> {
        parse(ty, text).map(|value| show(&value))
    }

    #[test]
    fn values_of_every_type() {
        for (ty, text, expected) in [
            (ValType::I32, "-1", "-1"),
            (ValType::I32, "4294967295", "-1"),
            (ValType::I32, "0xff", "255"),
            (ValType::I32, "-0x80000000", "-2147483648"),
            (ValType::I64, "18446744073709551615", "-1"),
            (ValType::F32, "1.1", "1.1"),
            (ValType::F32, "-inf", "-inf"),
            (ValType::F64, "nan", "nan"),
            (ValType::F64, "1e300", &1e300_f64.to_string()),
            (ValType::F64, "-0", "-0"),
            (ValType::V128, "0x1", "0x00000000000000000000000000000001"),
        ] {
            assert_eq!(shown(&ty, text).as_deref(), Ok(expected), "{ty} {text}");
        }
    }

    #[test]
    fn what_is_no_value() {
        for (ty, text) in [
            (ValType::I32, "4294967296"),
            (ValType::I32, "--1"),
            (ValType::I32, "-+1"),
            (ValType::I32, "1.5"),
            (ValType::I32, ""),
            (ValType::I64, "0x10000000000000000"),
            (ValType::F32, "one"),
            (ValType::V128, "1"),
            (ValType::FUNCREF, "null"),
        ] {
            assert!(parse(&ty, text).is_err(), "{ty} {text}");
        }
    }
}
