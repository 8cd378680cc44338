//! Sizes, times and pairs on the command line.

use std::time::Duration;

const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1000),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("", 1),
];

const TIMES: &[(&str, f64)] = &[
    ("ns", 1e-9),
    ("us", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("", 1.0),
];

/// A number of bytes: `1024`, `64MiB`.
pub fn size(text: &str) -> Result<u64, String> {
    let wanted = || "write a size as `65536`, `64KiB`, `64MiB` or `1GiB`".to_owned();
    let (number, unit) = split(text);
    let (_, factor) = SIZES
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(wanted)?;
    let number: u64 = number.parse().map_err(|_| wanted())?;
    number
        .checked_mul(*factor)
        .ok_or_else(|| "the size is too large".into())
}

/// A time: `500ms`, `1.5s`; without a unit, seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || "write a time as `500ms`, `2s`, `1.5s` or `1m`".to_owned();
    let (number, unit) = split(text);
    let (_, factor) = TIMES
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(wanted)?;
    let number: f64 = number.parse().map_err(|_| wanted())?;
    Duration::try_from_secs_f64(number * factor).map_err(|_| "the time is too long".into())
}

/// `NAME=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.into(), value.into()))
        }
        _ => Err("write it as `NAME=FILE`".into()),
    }
}

fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

/// A range of indices: `3..7`.
pub fn range(text: &str) -> Result<std::ops::Range<u32>, String> {
    let bounds = text.split_once("..");
    let bounds = bounds.and_then(|(a, b)| Some(a.parse().ok()?..b.parse().ok()?));
    bounds.ok_or_else(|| "a range is like `3..7`".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("65536"), Ok(65536));
        assert_eq!(size("64MiB"), Ok(64 << 20));
        assert_eq!(size("1 kB"), Ok(1000));
        for wrong in ["", "MiB", "1.5MiB", "64Mb", "-1", "99999999999TiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times() {
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("10ms"), Ok(Duration::from_millis(10)));
        for wrong in ["", "s", "2 weeks", "-1s", "1.2.3s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
